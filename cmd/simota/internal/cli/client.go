package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/cmd/simota/internal/config"
)

func clientCommand(a *app) *cobra.Command {
	put := &apply[catalog.Client]{a, "client", config.DecodeClient, func(ctx context.Context, c *api.Client, r catalog.Client, file string, text []byte) (api.Applied, error) {
		return c.PutDeviceClient(ctx, r.Name, file, text)
	}}
	list := &listing[api.DeviceClient]{a, (*api.Client).DeviceClients, show.Clients}
	return group("client", "say what the provisioning clients of devices can do",
		command(put, "apply FILE...", "store clients from their files, new or changed", "simota client apply clients/*.yaml"),
		a.databaseFlag(command(list, "list", "list clients, stored ones and those that simota knows by itself", "simota client list")),
		a.databaseFlag(command(&clientShow{a}, "show NAME", "show a client, with what it is based on", "simota client show samsung")))
}

// clientShow shows one client.
type clientShow struct{ *app }

func (r *clientShow) Run(ctx context.Context, args []string) error {
	return r.read(ctx, func(c *api.Client) error {
		client, err := c.DeviceClient(ctx, args[0])
		if err != nil {
			return err
		}
		return r.print(client, func(w io.Writer) error { return show.Client(w, client) })
	})
}
