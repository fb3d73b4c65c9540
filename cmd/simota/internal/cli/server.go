package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/simota/simota/catalog/vault"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/cmd/simota/internal/server"
)

// serve runs the server until a signal ends it.
type serve struct {
	*app
	config string
}

func serveCommand(a *app) *cobra.Command {
	r := &serve{app: a}
	cmd := command(r, "serve", "run the server", "simota serve -c /etc/simota/simota.yaml")
	configFlag(cmd, &r.config)
	return cmd
}

func configFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVarP(to, "config", "c", defaultConfig, "configuration file")
}

func (r *serve) Run(ctx context.Context, _ []string) error {
	c, err := config.Load(r.config)
	if err != nil {
		return err
	}
	level, err := zerolog.ParseLevel(c.LogLevel)
	if err != nil {
		return err
	}
	out := r.Stderr
	if r.terminal(out) {
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: "15:04:05.000"}
	}
	roomForGarbage()
	return server.Run(ctx, c, zerolog.New(out).Level(level).With().Timestamp().Logger())
}

// roomForGarbage lets the heap grow further between collections: what lives is a
// few megabytes, and collecting them every other moment costs a tenth of all work.
// Near the limit it collects more: with the caches of SQLite the server stays
// within 256 MB, however many cards it has.
func roomForGarbage() {
	const percent, limit = 400, 128 << 20
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}

func configCommand(a *app) *cobra.Command {
	r := &configCheck{app: a}
	check := command(r, "check", "list everything that is wrong with a configuration", "simota config check -c simota.yaml")
	configFlag(check, &r.config)
	return group("config", "check the configuration", check)
}

// configCheck checks a configuration and starts nothing.
type configCheck struct {
	*app
	config string
}

func (r *configCheck) Run(context.Context, []string) error {
	c, err := config.Load(r.config)
	if err != nil {
		return err
	}
	record := struct {
		OK       bool   `json:"ok"`
		Config   string `json:"config"`
		Database string `json:"database"`
		Socket   string `json:"socket"`
		Timing   string `json:"timing"`
		Links    int    `json:"links"`
	}{true, r.config, c.Database, c.Socket, c.Timing, len(c.Links)}
	return r.print(record, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s is good: database %s, socket %s, timing %s, %d SMPP links\n", r.config, c.Database, c.Socket, c.Timing, len(c.Links))
		return err
	})
}

func keyCommand(a *app) *cobra.Command {
	return group("key", "make the key that seals the cards' keys",
		command(&keyCreate{a}, "create FILE", "make a key-encryption key in a new file of mode 0400", "simota key create simota.key"))
}

// keyCreate makes a key-encryption key.
type keyCreate struct{ *app }

func (r *keyCreate) Run(_ context.Context, args []string) error {
	k, err := vault.CreateKEK(args[0])
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already: a key file is never overwritten, for what it sealed would be lost", args[0])
	}
	if err != nil {
		return err
	}
	record := struct {
		File string `json:"file"`
		ID   string `json:"id"`
	}{args[0], k.ID()}
	return r.print(record, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "key %s is in %s\nkeep a copy of it, and not where the database's backups are: without it nobody opens the cards' keys\n", k.ID(), args[0])
		return err
	})
}

// versionShow says which simota this is.
type versionShow struct{ *app }

func versionCommand(a *app) *cobra.Command {
	return command(&versionShow{a}, "version", "say which version this is", "simota version --json")
}

func (r *versionShow) Run(context.Context, []string) error {
	v := struct {
		Version  string `json:"version"`
		Revision string `json:"revision,omitempty"`
		Go       string `json:"go"`
	}{Version: server.Version}
	if b, ok := debug.ReadBuildInfo(); ok {
		v.Go = b.GoVersion
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	if r.json {
		return show.JSON(r.Stdout, v)
	}
	return r.say("simota %s", v.Version)
}
