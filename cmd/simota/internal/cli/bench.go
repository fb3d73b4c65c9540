package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/bench"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
)

// benchRun measures this machine with the server on it.
type benchRun struct {
	*app
	cards  int
	keys   string
	window int
	binds  int
	keep   string
}

func benchCommand(a *app) *cobra.Command {
	r := &benchRun{app: a}
	cmd := command(r, "bench", "measure the server on this machine: parts per second, latency, CPU and memory",
		"simota bench\nsimota bench --cards 50000 --keys aes --json\nsimota bench --keep /var/lib/simota/bench   # measures that disk")
	cmd.Long = `bench sends one packet of one part to every card of a simulated network, waits
for its receipt and its proof, and shows what that took. Network and server are
processes of their own, the database is as durable as in the field, nothing goes
wrong and nothing waits. Then the bare store writes the same rows in a plain
loop: the ratio says what the rest of the server costs.

Parts per second count from the start of the campaign until the last card's
receipt and proof are settled. Latency is from the making of a card's packet
to the end of its work: with all cards let go at once it is mostly the queue.
The folder lies where temporary files do, unless --keep names another: a disk
in memory makes durability free, and the figures too good.`
	f := cmd.Flags()
	f.IntVar(&r.cards, "cards", 10_000, "how many cards")
	f.StringVar(&r.keys, "keys", "3des", "of the cards: "+strings.Join(slices.Sorted(maps.Keys(bench.Types)), " or "))
	f.IntVar(&r.window, "window", 1000, "unanswered short messages per session")
	f.IntVar(&r.binds, "binds", 1, "SMPP sessions")
	f.StringVar(&r.keep, "keep", "", "folder to leave behind, with databases, configuration and logs")
	return cmd
}

func (r *benchRun) check() error {
	const mostCards, mostWindow, mostBinds = 1_000_000, 100_000, 100
	for _, n := range []struct {
		flag      string
		got, most int
	}{{"cards", r.cards, mostCards}, {"window", r.window, mostWindow}, {"binds", r.binds, mostBinds}} {
		if n.got < 1 || n.got > n.most {
			return fmt.Errorf("--%s %d: 1 to %d are possible", n.flag, n.got, n.most)
		}
	}
	if bench.Types[r.keys] == "" {
		return fmt.Errorf("--keys %q is not known: 3des or aes", r.keys)
	}
	return nil
}

func (r *benchRun) Run(ctx context.Context, _ []string) error {
	f, err := bench.Run(ctx, bench.Options{
		Cards: r.cards, Type: bench.Types[r.keys], Window: r.window, Binds: r.binds, Keep: r.keep,
		Terminal: r.terminal(r.Stderr), Stderr: r.Stderr,
	})
	if err != nil {
		return err
	}
	return r.print(f, func(w io.Writer) error { return show.Table(w, benchRows(f)) })
}

func benchRows(f bench.Figures) [][]string {
	return [][]string{
		{"cards", fmt.Sprint(f.Cards), fmt.Sprintf("%d parts with receipt and proof in %.1f s", f.Parts, f.Seconds)},
		{"parts/s", fmt.Sprintf("%.0f", f.PartsPerSecond), "end to end, durable"},
		{"store", fmt.Sprintf("%.0f", f.StorePerSecond), "parts/s: the same rows, written by a plain loop"},
		{"ratio", fmt.Sprintf("%.2f", f.Ratio), ""},
		{"CPU", fmt.Sprintf("%.0f us", f.CPUPerPart), fmt.Sprintf("per part, of the server; of the network %.0f us", f.LabPerPart)},
		{"latency", fmt.Sprintf("%.0f ms", f.P50), fmt.Sprintf("of half the cards at most; of 99 %% %.0f ms", f.P99)},
		{"memory", fmt.Sprintf("%.0f MiB", f.PeakMemory), "of the server, at its peak"},
	}
}
