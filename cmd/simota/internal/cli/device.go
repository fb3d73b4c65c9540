package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
)

func deviceCommand(a *app) *cobra.Command {
	return group("device", "say which devices there are, look where each card is and was",
		deviceImportCommand(a), deviceListCommand(a), deviceShowCommand(a), deviceMovesCommand(a))
}

// deviceImport stores the rows of a TAC table.
type deviceImport struct {
	*app
	request api.ModelImport
}

func deviceImportCommand(a *app) *cobra.Command {
	r := &deviceImport{app: a}
	cmd := command(r, "import FILE", "store the models of a TAC table", "simota device import tacs.csv\nsimota device import tacs.csv --skip-bad")
	cmd.Long = `Stores the models of a TAC table: CSV with a header with the column TAC, and any of
MANUFACTURER, MODEL, CLIENT, CP, SECURITY, PIN, MAX_PARTS, MAX_ID, TAKES, CHOKES_ON,
RESTART. The lists of GSMA and Osmocom are read as they are. Either every row is
good or nothing is stored, unless --skip-bad leaves the bad ones out. A row takes
the place of the one before with the same TAC. FILE "-" is standard input.`
	cmd.Flags().BoolVar(&r.request.SkipBad, "skip-bad", false, "leave bad rows out and import the others")
	return cmd
}

func (r *deviceImport) Run(ctx context.Context, args []string) (err error) {
	if r.request.File, err = r.readContent(args[0]); err != nil {
		return err
	}
	c, err := r.client()
	if err != nil {
		return err
	}
	t := &table{app: r.app, file: args[0]}
	stop := r.busy("importing " + filepath.Base(args[0]))
	result, err := c.ImportModels(ctx, r.request)
	stop()
	if err != nil {
		return t.refused(err)
	}
	t.remarks(result)
	return r.print(result, func(w io.Writer) error { return show.Imported(w, "model", result) })
}

// deviceList lists models.
type deviceList struct {
	*app
	find string
}

func deviceListCommand(a *app) *cobra.Command {
	r := &deviceList{app: a}
	cmd := a.databaseFlag(command(r, "list", "list models", "simota device list --find teltonika\nsimota device list --find 356938 --json"))
	cmd.Flags().StringVar(&r.find, "find", "", "only models with this text in TAC, manufacturer, name or client")
	return cmd
}

func (r *deviceList) Run(ctx context.Context, _ []string) error {
	models := []api.Model{}
	err := r.read(ctx, func(c *api.Client) error {
		for after := ""; ; {
			page, err := c.Models(ctx, r.find, after, pageSize)
			if err != nil {
				return err
			}
			models = append(models, page.Models...)
			if after = page.Next; after == "" {
				return nil
			}
		}
	})
	if err != nil {
		return err
	}
	return r.print(models, func(w io.Writer) error { return show.Models(w, models) })
}

// deviceShow shows one device, or one model.
type deviceShow struct{ *app }

func deviceShowCommand(a *app) *cobra.Command {
	cmd := a.databaseFlag(command(&deviceShow{a}, "show DEVICE", "show what a device is, what it can do, and every card it was seen with",
		"simota device show 35693803-564380\nsimota device show 'Teltonika RUT240'"))
	cmd.Long = `Shows what a device is, what its provisioning client can do, every card it was seen
with, and the moves of these cards. DEVICE is an IMEI of 14 to 16 digits, with or
without hyphens; or a TAC of 8 digits or the name of a model, to see what such
devices can do.`
	return cmd
}

func (r *deviceShow) Run(ctx context.Context, args []string) error {
	return r.read(ctx, func(c *api.Client) error {
		d, err := c.Device(ctx, args[0])
		if err != nil {
			return err
		}
		return r.print(d, func(w io.Writer) error { return show.Device(w, d, time.Local) })
	})
}

// deviceMoves lists moves.
type deviceMoves struct {
	*app
	since time.Duration
}

func deviceMovesCommand(a *app) *cobra.Command {
	r := &deviceMoves{app: a}
	cmd := a.databaseFlag(command(r, "moves", "list cards seen in other devices than before, and devices seen with other cards",
		"simota device moves --since 24h\nsimota device moves --json"))
	cmd.Flags().DurationVar(&r.since, "since", 0, "only what was seen in this time, as 24h; default all")
	return cmd
}

func (r *deviceMoves) check() error {
	if r.since < 0 {
		return fmt.Errorf("--since: %v is negative: write how long ago, as 24h", r.since)
	}
	return nil
}

func (r *deviceMoves) Run(ctx context.Context, _ []string) error {
	var since time.Time
	if r.since > 0 {
		since = time.Now().Add(-r.since)
	}
	moves := []api.Move{}
	err := r.read(ctx, func(c *api.Client) error {
		for after := int64(0); ; {
			page, err := c.Moves(ctx, since, after, pageSize)
			if err != nil {
				return err
			}
			moves = append(moves, page.Moves...)
			if after = page.Next; after == 0 {
				return nil
			}
		}
	})
	if err != nil {
		return err
	}
	return r.print(moves, func(w io.Writer) error { return show.Moves(w, moves, time.Local) })
}
