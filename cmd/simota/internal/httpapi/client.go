package httpapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/ota/settings"
)

// Origins of a client.
const (
	fromFile = "file"
	shipped  = "simota"
)

func (s *server) putClient(ctx context.Context, in *putInput) (api.Applied, error) {
	c, err := config.DecodeClient(fileName(in.File, in.Name+".yaml"), in.RawBody)
	if err != nil {
		return api.Applied{}, refuse(err.Error())
	}
	if c.Name != in.Name {
		return api.Applied{}, refuse(fmt.Sprintf("the file is of client %q, not %q", c.Name, in.Name))
	}
	if err := s.Store.PutClient(ctx, actor(ctx, in.Actor), c); err != nil {
		return api.Applied{}, s.fail(err)
	}
	out := api.Applied{Name: c.Name}
	if _, err := s.resolve(ctx, catalog.Model{Client: c.Name}); err != nil {
		out.Warnings = append(out.Warnings, err.Error())
	}
	return out, nil
}

func (s *server) clients(ctx context.Context, _ *none) ([]api.DeviceClient, error) {
	stored, err := s.Store.Clients(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	out := []api.DeviceClient{}
	for _, c := range stored {
		out = append(out, s.clientOf(ctx, c, fromFile))
	}
	for _, c := range settings.Clients() {
		if !slices.ContainsFunc(stored, func(o catalog.Client) bool { return o.Name == c.Name }) {
			out = append(out, s.clientOf(ctx, c, shipped))
		}
	}
	slices.SortFunc(out, func(a, b api.DeviceClient) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

type clientInput struct {
	Name string `path:"name"`
}

func (s *server) client(ctx context.Context, in *clientInput) (api.DeviceClient, error) {
	c, err := s.Store.Client(ctx, in.Name)
	if err == nil {
		return s.clientOf(ctx, c, fromFile), nil
	}
	if known, ok := settings.Known(in.Name); ok && errors.Is(err, catalog.ErrNotFound) {
		return s.clientOf(ctx, known, shipped), nil
	}
	return api.DeviceClient{}, s.missing(err, "client "+in.Name)
}

func (s *server) clientOf(ctx context.Context, c catalog.Client, origin string) api.DeviceClient {
	out := api.DeviceClient{Name: c.Name, BasedOn: c.BasedOn, About: c.About, Origin: origin, Says: withoutPIN(c.Capability)}
	can, err := s.resolve(ctx, catalog.Model{Client: c.Name})
	if err != nil {
		out.Note = err.Error()
		return out
	}
	out.Can = withoutPIN(can)
	return out
}
