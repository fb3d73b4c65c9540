// Package bench measures the server as it really runs: simulated network and
// server as processes of their own, one packet per card with receipt and proof,
// everything durable; and beside it the bare store, which writes the same rows
// in a plain loop.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/sample"
	"github.com/simota/simota/cmd/simota/internal/world"
	"github.com/simota/simota/ota/swap"
)

// Options of one measurement.
type Options struct {
	Cards    int
	Type     string // of every card: see [Types]
	Window   int    // unanswered submit_sm per session
	Binds    int    // sessions
	Keep     string // folder to leave behind; empty for none
	Terminal bool   // of Stderr: show how far it is
	Stderr   io.Writer
}

// Types are the card types that can be measured, by the algorithm of their keys.
var Types = map[string]string{"3des": "sja2-3des", "aes": "sja5-aes"}

const (
	poll      = 500 * time.Millisecond
	leastTime = time.Minute
	perCard   = 10 * time.Millisecond // a server this slow has stalled
)

// Figures are what was measured.
type Figures struct {
	Cards          int     `json:"cards"`
	Parts          int     `json:"parts"`   // with receipt and authenticated proof
	Seconds        float64 `json:"seconds"` // from the start of the campaign to the last proof and receipt settled
	PartsPerSecond float64 `json:"parts_per_s"`
	StorePerSecond float64 `json:"store_parts_per_s"` // the same rows, written by a plain loop
	Ratio          float64 `json:"store_rows_ratio"`
	CPUPerPart     float64 `json:"cpu_us_per_part"` // of the server, user and system
	LabPerPart     float64 `json:"lab_cpu_us_per_part"`
	P50            float64 `json:"p50_ms"` // from the making of a packet to the end of its card's work
	P99            float64 `json:"p99_ms"`
	PeakMemory     float64 `json:"peak_rss_mb"` // of the server, in MiB; 0 where the system does not tell
	Rows           Rows    `json:"rows"`        // that the campaign wrote
}

// Run measures once.
func Run(ctx context.Context, o Options) (f Figures, err error) {
	dir, clean, err := world.Folder(o.Keep, "bench")
	if err != nil {
		return f, err
	}
	defer clean()
	if err := sample.WriteFleet(dir, sample.Fleet{Cards: o.Cards, Type: o.Type, Window: o.Window, Binds: o.Binds}); err != nil {
		return f, err
	}
	b := &bench{Options: o, dir: dir}
	if b.world, err = world.Start(ctx, dir); err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, b.world.Stop()) }()
	client, err := api.New(filepath.Join(dir, "simota.sock"), "")
	if err != nil {
		return f, err
	}
	if err := b.world.Ready(ctx, client); err != nil {
		return f, err
	}
	if err := b.world.Furnish(ctx, client, sample.FleetCampaign); err != nil {
		return f, err
	}
	if b.db, err = sqlite.Open(ctx, filepath.Join(dir, "simota.db"), sqlite.Options{ReadOnly: true}); err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, b.db.Close()) }()
	return b.measure(ctx, client)
}

type bench struct {
	Options
	dir   string
	world *world.World
	db    *sqlite.DB // the server's, for reading
}

// measure runs the campaign, stops the processes, reads what they wrote, and
// lets the bare store write the same.
func (b *bench) measure(ctx context.Context, client *api.Client) (f Figures, err error) {
	server, network := b.world.Usage(world.Server).CPU, b.world.Usage(world.Lab).CPU
	if _, err := client.Start(ctx, sample.FleetCampaign); err != nil {
		return f, err
	}
	campaign, err := b.db.Campaign(ctx, sample.FleetCampaign)
	if err != nil {
		return f, err
	}
	if err := b.watch(ctx, campaign.ID); err != nil {
		return f, err
	}
	f.PeakMemory = float64(b.world.Usage(world.Server).Peak) / (1 << 20)
	if err := b.world.Stop(); err != nil {
		return f, err
	}
	server, network = b.world.Usage(world.Server).CPU-server, b.world.Usage(world.Lab).CPU-network
	r, err := b.read(ctx, b.db, campaign.ID, "reading what it wrote")
	if err != nil {
		return f, err
	}
	if err := r.checkRun(b.Cards); err != nil {
		return f, err
	}
	store, err := b.bare(ctx, campaign, r.rows)
	if err != nil {
		return f, err
	}
	parts, took := r.rows.Parts, r.last.Sub(campaign.StartedAt)
	f.Cards, f.Parts, f.Seconds, f.Rows = b.Cards, parts, took.Seconds(), r.rows
	f.PartsPerSecond, f.StorePerSecond = float64(parts)/took.Seconds(), float64(parts)/store.Seconds()
	f.Ratio = f.PartsPerSecond / f.StorePerSecond
	f.CPUPerPart, f.LabPerPart = perPart(server, parts), perPart(network, parts)
	slices.Sort(r.latencies)
	f.P50, f.P99 = percentile(r.latencies, 50), percentile(r.latencies, 99)
	return f, nil
}

// perPart is in microseconds.
func perPart(cpu time.Duration, parts int) float64 {
	return float64(cpu) / float64(time.Microsecond) / float64(parts)
}

// percentile is in milliseconds.
func percentile(sorted []time.Duration, p int) float64 {
	return float64(sorted[(len(sorted)-1)*p/100]) / float64(time.Millisecond)
}

// watch waits until every target is closed and every PDU settled. It looks into
// the database: requests would count as work of the server.
func (b *bench) watch(ctx context.Context, campaign int64) error {
	limit := leastTime + time.Duration(b.Cards)*perCard
	late := time.NewTimer(limit)
	defer late.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	bar := b.progress("packet, receipt and proof")
	defer bar.end()
	for {
		c, err := b.db.Counts(ctx, campaign)
		if err != nil {
			return err
		}
		closed := c.Total - c.Open
		bar.at(closed)
		if closed == b.Cards {
			if n := c.ByState[string(swap.Written)]; n != b.Cards {
				return fmt.Errorf("bench: %d of %d cards are done%s", n, b.Cards, b.where(c.ByState))
			}
			if done, err := b.settled(ctx); done || err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return fmt.Errorf("bench: %d of %d cards are done after %v%s", closed, b.Cards, limit, b.where(c.ByState))
		case <-b.world.Died():
			return b.world.Failure()
		case <-tick.C:
		}
	}
}

// settled reports whether every PDU that came has been settled.
func (b *bench) settled(ctx context.Context) (bool, error) {
	n, err := b.db.InboxCounts(ctx)
	return n[ledger.InboxSettled] == 2*b.Cards && n[ledger.InboxNew]+n[ledger.InboxWaiting] == 0, err
}

// where says how the cards stand and where to look.
func (b *bench) where(byState map[string]int) string {
	logs := "run it with --keep DIR to have the logs"
	if b.Keep != "" {
		logs = "logs are in " + b.dir
	}
	return fmt.Sprintf(": by state %v; %s", byState, logs)
}
