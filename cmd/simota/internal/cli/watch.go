package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
)

// watchEvery is how often a campaign is looked at.
const watchEvery = time.Second

// campaignShow shows a campaign's progress.
type campaignShow struct {
	*app
	watch bool
}

func campaignShowCommand(a *app) *cobra.Command {
	r := &campaignShow{app: a}
	cmd := a.databaseFlag(command(r, "show NAME", "show how far a campaign is", "simota campaign show br-2026-11 --watch"))
	cmd.Long = `Shows how far a campaign is. --watch goes on until every card has ended: a picture
that is drawn again on a terminal, a line per change in a pipe.`
	cmd.Flags().BoolVarP(&r.watch, "watch", "w", false, "go on until every card has ended")
	return a.completeCampaigns(cmd)
}

func (r *campaignShow) Run(ctx context.Context, args []string) error {
	return r.read(ctx, func(c *api.Client) error {
		get := func(ctx context.Context) (api.Campaign, error) { return c.Campaign(ctx, args[0]) }
		draw := r.draw
		if r.watch {
			draw = r.drawChanges()
		}
		return follow(ctx, get, draw, r.watch)
	})
}

// follow draws a campaign, and in watch mode again until it has ended or ctx has.
func follow(ctx context.Context, get func(context.Context) (api.Campaign, error), draw func(api.Campaign) error, watch bool) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		c, err := get(ctx)
		if err == nil {
			err = draw(c)
		}
		switch {
		case watch && ctx.Err() != nil:
			return nil // whoever watched has gone
		case err != nil:
			return err
		case !watch || ended(c):
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// ended says that no card of a campaign will change by itself any more.
func ended(c api.Campaign) bool {
	return c.State == "done" || c.State == "cancelled" && c.Open == 0
}

// draw writes the picture once.
func (r *campaignShow) draw(c api.Campaign) error {
	return r.print(c, func(w io.Writer) error { return show.RenderProgress(w, c, r.width()) })
}

// drawChanges makes a function that draws in place on a terminal, and writes
// a line where something has changed elsewhere.
func (r *campaignShow) drawChanges() func(api.Campaign) error {
	screen := &show.Screen{W: r.Stdout}
	last := ""
	return func(c api.Campaign) error {
		var b bytes.Buffer
		picture := r.terminal(r.Stdout) && !r.json
		var err error
		switch {
		case picture:
			err = show.RenderProgress(&b, c, r.width())
		case r.json:
			err = show.JSONLine(&b, c)
		default:
			err = show.ProgressLine(&b, c)
		}
		if err != nil || b.String() == last {
			return err
		}
		last = b.String()
		if picture {
			return screen.Draw(last)
		}
		_, err = fmt.Fprint(r.Stdout, last)
		return err
	}
}

// width is that of the terminal, as far as the shell tells.
func (a *app) width() int {
	if n, err := strconv.Atoi(a.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return 80
}
