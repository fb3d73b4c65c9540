package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/trace"
)

func (s *server) links(context.Context, *none) ([]api.Link, error) {
	return append([]api.Link{}, s.Links()...), nil
}

type linkInput struct {
	Name string `path:"name"`
}

func (s *server) link(ctx context.Context, in *linkInput) (api.LinkDetail, error) {
	l, ok := s.Link(in.Name)
	if !ok {
		return api.LinkDetail{}, s.noLink(in.Name)
	}
	list, err := s.Store.Operators(ctx)
	if err != nil {
		return api.LinkDetail{}, s.fail(err)
	}
	l.Operators = []string{}
	for _, o := range list {
		if slices.Contains(o.Links, in.Name) {
			l.Operators = append(l.Operators, o.Name)
		}
	}
	return l, nil
}

func (s *server) noLink(name string) error {
	var names []string
	for _, l := range s.Links() {
		names = append(names, l.Name)
	}
	return problem(http.StatusNotFound, "link "+name+" is not in this server's configuration, which has: "+strings.Join(names, ", "))
}

type traceInput struct {
	Link   string `query:"link" doc:"only this link"`
	To     string `query:"to" doc:"only PDUs to this number, and the responses to them"`
	From   string `query:"from" doc:"only PDUs from this number; with to, PDUs that have one of them"`
	Octets bool   `query:"octets" doc:"with what the octets mean"`
}

// watch streams PDUs as JSON lines until the caller goes or the server stops.
func (s *server) watch(_ context.Context, in *traceInput) (*huma.StreamResponse, error) {
	tap, err := s.Trace(trace.Query{Link: in.Link, To: in.To, From: in.From, Octets: in.Octets})
	switch {
	case errors.Is(err, trace.ErrNoLink):
		return nil, s.noLink(in.Link)
	case err != nil:
		return nil, problem(http.StatusServiceUnavailable, err.Error())
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer tap.Close()
		r, w := humago.Unwrap(c)
		w.Header().Set("Content-Type", "application/jsonl")
		_ = stream(r.Context(), w, tap) // the caller went, or reads no more: nobody is left to tell
	}}, nil
}

// stream writes one JSON object per line.
func stream(ctx context.Context, w http.ResponseWriter, tap *trace.Tap) error {
	ctl := http.NewResponseController(w)
	// What limits requests must not end a stream; the end of the server must.
	if err := errors.Join(ctl.SetReadDeadline(time.Time{}), ctl.Flush()); err != nil {
		return err
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-ended:
		case <-tap.Over():
			_ = ctl.SetWriteDeadline(time.Now()) // for a caller that does not read
		}
	}()
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	for {
		pdus, err := tap.Next(ctx)
		if err != nil {
			return err
		}
		for _, p := range pdus {
			if err := lines.Encode(p); err != nil {
				return err
			}
		}
		if err := errors.Join(out.Flush(), ctl.Flush()); err != nil {
			return err
		}
	}
}
