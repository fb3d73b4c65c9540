// Package demo shows the whole loop in one command: it writes a sample world,
// starts the simulated networks and the server as the processes they really
// are, runs a campaign through the server's API, and checks at the end what
// database, wire and cards say of it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/cmd/simota/internal/laws"
	"github.com/simota/simota/cmd/simota/internal/sample"
	"github.com/simota/simota/cmd/simota/internal/world"
	"github.com/simota/simota/ota/lab"
	"github.com/simota/simota/ota/swap"
)

// Options of one demonstration.
type Options struct {
	Cards    int
	Faults   string // none, real or harsh
	Seed     int64
	Keep     string // folder to leave behind; empty for none
	JSON     bool
	Terminal bool // of Stdout: draw in place
	Width    int
	Stdout   io.Writer
}

const (
	campaignName = "to-aurora"
	newOperator  = "aurora"
	poll         = 250 * time.Millisecond
	speed        = 60
)

// ErrUnexplained says that a card's state is not what its evidence supports,
// or that a law was broken.
var ErrUnexplained = errors.New("demo: not every card is accounted for")

// Run runs the demonstration. It fails with [ErrUnexplained] when some card is
// neither in a final state nor in a waiting one that is explained.
func Run(ctx context.Context, o Options) (err error) {
	dir, clean, err := world.Folder(o.Keep, "demo")
	if err != nil {
		return err
	}
	defer clean()
	if err := prepare(dir, o); err != nil {
		return err
	}
	w, err := world.Start(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Stop()) }()
	client, err := api.New(filepath.Join(dir, "simota.sock"), "")
	if err != nil {
		return err
	}
	if err := w.Ready(ctx, client); err != nil {
		return err
	}
	d := &demo{Options: o, dir: dir, client: client, world: w}
	d.headline()
	if err := w.Furnish(ctx, client, campaignName); err != nil {
		return err
	}
	if _, err := client.Start(ctx, campaignName); err != nil {
		return err
	}
	began := time.Now()
	end, err := d.watch(ctx)
	if err != nil {
		return err
	}
	return d.finish(ctx, end, time.Since(began))
}

type demo struct {
	Options
	dir    string
	client *api.Client
	world  *world.World
}

func prepare(dir string, o Options) error {
	faults, err := FaultLines(o.Faults, o.Cards)
	if err != nil {
		return err
	}
	return sample.Write(dir, sample.Options{Cards: o.Cards, Seed: o.Seed, Faults: faults, LinkRate: "1000/s", Devices: true, AnyPort: true})
}

// FaultLines are the lines of lab.yaml for a preset of faults.
func FaultLines(preset string, cards int) (string, error) {
	faults, err := lab.Preset(preset, cards)
	if err != nil || preset == "none" {
		return "", err
	}
	y, err := yaml.Marshal(map[string]lab.Faults{"faults": faults})
	return string(y), err
}

func (d *demo) say(format string, args ...any) {
	if !d.JSON {
		fmt.Fprintf(d.Stdout, format, args...)
	}
}

func (d *demo) headline() {
	kept := "removed at the end; --keep DIR leaves it"
	if d.Keep != "" {
		kept = "kept in " + d.Keep
	}
	d.say("simota demo   %d cards   nordvik (999 40) -> aurora (999 70)   lab time: %d x   faults: %s, seed %d   world: %s\n\n",
		d.Cards, speed, d.Faults, d.Seed, kept)
}

// watch shows the campaign until every target has ended or waits with a reason.
func (d *demo) watch(ctx context.Context) (api.Campaign, error) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	screen := &show.Screen{W: d.Stdout}
	last := time.Time{}
	for {
		c, err := d.client.Campaign(ctx, campaignName)
		if err != nil {
			return c, err
		}
		ended := c.Selected && c.Released == c.Total && c.Open == c.ByState[string(swap.WaitingForRestart)]
		switch {
		case d.JSON:
		case d.Terminal:
			var picture strings.Builder
			if err = show.RenderProgress(&picture, c, d.Width); err == nil {
				err = screen.Draw(picture.String())
			}
		case ended || time.Since(last) >= 2*time.Second:
			last = time.Now()
			err = show.ProgressLine(d.Stdout, c)
		}
		if err != nil || ended {
			return c, err
		}
		select {
		case <-ctx.Done():
			return c, ctx.Err()
		case <-d.world.Died():
			return c, d.world.Failure()
		case <-tick.C:
		}
	}
}

// finish stops the world, asks the three witnesses, and reports.
func (d *demo) finish(ctx context.Context, c api.Campaign, took time.Duration) error {
	targets, err := d.targets(ctx)
	if err != nil {
		return err
	}
	types, err := d.types(ctx)
	if err != nil {
		return err
	}
	kinds, err := d.byDevice(ctx, targets)
	if err != nil {
		return err
	}
	truth, err := d.world.Cards(ctx)
	if err != nil {
		return err
	}
	if err := d.world.Stop(); err != nil {
		return err
	}
	r, err := laws.Check(ctx, filepath.Join(d.dir, "simota.db"), filepath.Join(d.dir, "logs"))
	if err != nil {
		return err
	}
	wrong := unsupported(targets, truth)
	if d.JSON {
		err = show.JSON(d.Stdout, summary{
			Cards: c.Total, Seconds: took.Seconds(), ByState: c.ByState, ByType: byType(targets, types), ByDevice: kinds, Traffic: c.Traffic, Laws: r.Laws,
			Unsupported: wrong,
		})
	} else {
		err = d.report(c, took, targets, byType(targets, types), kinds, r, wrong)
	}
	if err == nil && (!r.OK() || len(wrong) > 0) {
		err = ErrUnexplained
	}
	return err
}

// types are the card types of all cards, by ICCID.
func (d *demo) types(ctx context.Context) (map[string]catalog.CardType, error) {
	known, err := d.client.CardTypes(ctx)
	if err != nil {
		return nil, err
	}
	types := map[string]catalog.CardType{}
	return types, d.cards(ctx, func(c api.Card) {
		i := slices.IndexFunc(known, func(t catalog.CardType) bool { return t.Name == c.Type })
		if i >= 0 {
			types[c.ICCID] = known[i]
		}
	})
}

// cards gives every card of the server.
func (d *demo) cards(ctx context.Context, give func(api.Card)) error {
	for q := (api.CardQuery{}); ; {
		page, err := d.client.Cards(ctx, q)
		if err != nil {
			return err
		}
		for _, c := range page.Cards {
			give(c)
		}
		if q.After = page.Next; q.After == 0 {
			return nil
		}
	}
}

func (d *demo) targets(ctx context.Context) (out []api.Target, err error) {
	for q := (api.ReportQuery{}); ; {
		page, err := d.client.Report(ctx, campaignName, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Targets...)
		if q.After = page.Next; q.After == 0 {
			return out, nil
		}
	}
}
