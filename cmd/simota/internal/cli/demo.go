package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/demo"
	"github.com/simota/simota/cmd/simota/internal/sample"
	"github.com/simota/simota/ota/lab"
)

// demoRun shows the whole loop on this machine.
type demoRun struct {
	*app
	cards  int
	faults string
	seed   int64
	keep   string
}

func demoCommand(a *app) *cobra.Command {
	r := &demoRun{app: a}
	cmd := command(r, "demo", "show the whole loop: simulated networks, cards and devices, and a campaign over them",
		"simota demo\nsimota demo --faults real --cards 500 --seed 7\nsimota demo --keep world && simota campaign report to-aurora --db world/simota.db")
	cmd.Long = `demo starts simulated networks with cards and devices, starts the server as it
really runs, moves every card from nordvik to aurora, configures the devices and
shows how. Nothing else is needed, and nothing is left behind without --keep.

It ends with status 0 only if every card is in a final state, or in a waiting
one that is explained, that the simulated world supports, and if no law of
delivery was broken in what database, wire and cards wrote.`
	f := cmd.Flags()
	f.IntVar(&r.cards, "cards", 200, "how many cards")
	f.StringVar(&r.faults, "faults", "none", "what goes wrong: none, real or harsh")
	f.Int64Var(&r.seed, "seed", 1, "of keys and faults: the same seed gives the same world")
	f.StringVar(&r.keep, "keep", "", "folder to leave behind, with database, configuration and logs")
	return cmd
}

func (r *demoRun) check() error { return checkWorld(r.cards, r.faults) }

// checkWorld says whether there can be a world of so many cards, with these
// faults.
func checkWorld(cards int, faults string) error {
	const most = 100_000
	if cards < 1 || cards > most {
		return fmt.Errorf("--cards %d: 1 to %d are possible", cards, most)
	}
	_, err := lab.Preset(faults, cards)
	return err
}

func (r *demoRun) Run(ctx context.Context, _ []string) error {
	return demo.Run(ctx, demo.Options{
		Cards: r.cards, Faults: r.faults, Seed: r.seed, Keep: r.keep, JSON: r.json, Terminal: r.terminal(r.Stdout),
		Width: r.width(), Stdout: r.Stdout,
	})
}

// labInit writes a world to begin with.
type labInit struct {
	*app
	cards  int
	seed   int64
	faults string
}

func labInitCommand(a *app) *cobra.Command {
	r := &labInit{app: a}
	cmd := command(r, "init DIR", "write a sample world, and a server for it, into a new folder", "simota lab init world --cards 20")
	f := cmd.Flags()
	f.IntVar(&r.cards, "cards", 20, "how many cards")
	f.Int64Var(&r.seed, "seed", 1, "of keys and faults")
	f.StringVar(&r.faults, "faults", "none", "what goes wrong: none, real or harsh")
	return cmd
}

func (r *labInit) check() error { return checkWorld(r.cards, r.faults) }

func (r *labInit) Run(_ context.Context, args []string) error {
	faults, err := demo.FaultLines(r.faults, r.cards)
	if err != nil {
		return err
	}
	if err := sample.Write(args[0], sample.Options{Cards: r.cards, Seed: r.seed, Faults: faults, LinkRate: "100/s", Devices: true}); err != nil {
		return err
	}
	return r.say(`%[1]s holds a world of %[2]d cards and a server for it. In two terminals:
    cd %[1]s && simota lab -c lab.yaml
    cd %[1]s && simota serve -c simota.yaml
and then, in a third:
    cd %[1]s
    simota operator apply operators/*.yaml && simota card-type apply card-types/*.yaml
    simota client apply clients/*.yaml && simota device import devices.csv
    simota card import cards.csv
    simota campaign create campaigns/to-aurora.yaml --start
    simota campaign show to-aurora --watch`, args[0], r.cards)
}
