package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/cmd/simota/internal/laws"
	"github.com/simota/simota/ota/lab"
	"github.com/simota/simota/ota/swap"
)

// summary is what --json prints: final states as counts.
type summary struct {
	Cards       int            `json:"cards"`
	Seconds     float64        `json:"seconds"`
	ByState     map[string]int `json:"by_state"`
	ByType      []fleet        `json:"by_type"`
	ByDevice    []kind         `json:"by_device"`
	Traffic     api.Traffic    `json:"traffic"`
	Laws        []laws.Law     `json:"laws"`
	Unsupported []string       `json:"unsupported"` // cards whose state the world contradicts
}

// fleet is what became of the cards of one type.
type fleet struct {
	Type      string `json:"type"`
	Technique string `json:"technique"`
	Cards     int    `json:"cards"`
	Verified  int    `json:"verified"`
}

// byType counts targets by card type, in the order of the sample world.
func byType(targets []api.Target, types map[string]catalog.CardType) (out []fleet) {
	for _, name := range lab.SampleCardTypes() {
		f := fleet{Type: name}
		for _, t := range targets {
			if typ := types[t.ICCID]; typ.Name == name {
				f.Technique = typ.Technique
				f.Cards++
				if swap.State(t.State) == swap.Verified {
					f.Verified++
				}
			}
		}
		if f.Cards > 0 {
			out = append(out, f)
		}
	}
	return out
}

const mostRows = 20

func (d *demo) report(c api.Campaign, took time.Duration, targets []api.Target, types []fleet, kinds []kind, r laws.Report, wrong []string) error {
	d.say("\n%d cards in %.1f s: %s\n", c.Total, took.Seconds(), states(c.ByState))
	for _, f := range types {
		d.say("  %-14s by %-7s %d of %d verified\n", f.Type, f.Technique, f.Verified, f.Cards)
	}
	for _, k := range kinds {
		d.say("  %-20s client %-9s %d of %d verified   %s\n", k.Model, k.Client, k.Verified, k.Devices, k.How)
	}
	d.say("%d SMS sent (%d of them again), %d receipts, %d proofs; %d counters bound twice, %d non-idempotent steps run twice\n",
		c.Traffic.Sent, c.Traffic.Resent, c.Traffic.Receipts, c.Traffic.Proofs, r.Broken(laws.OneOctetString), r.Broken(laws.OneExecution))
	looked := 0
	for _, l := range r.Laws {
		looked += l.Looked
		if l.Broken > 0 {
			d.say("LAW BROKEN %d times: %s: %s\n", l.Broken, l.Name, l.First)
		}
	}
	if r.OK() {
		d.say("%d laws held over database, wire and card logs (%d observations)\n", len(r.Laws), looked)
	}
	for _, w := range wrong {
		d.say("NOT SUPPORTED: %s\n", w)
	}
	look := slices.DeleteFunc(slices.Clone(targets), func(t api.Target) bool { return swap.State(t.State) == swap.Verified })
	if len(look) > 0 {
		d.say("\n")
		if err := show.Report(d.Stdout, look[:min(len(look), mostRows)]); err != nil {
			return err
		}
		if len(look) > mostRows {
			d.say("... and %d more\n", len(look)-mostRows)
		}
	}
	if d.Keep != "" && len(targets) > 0 {
		t := targets[0]
		if len(look) > 0 {
			t = look[0]
		}
		d.say("\nLook at one: simota card show %s --db %s/simota.db\n", t.ICCID, d.Keep)
	}
	return nil
}

func states(byState map[string]int) string {
	var out []string
	for _, s := range swap.States() {
		if n := byState[string(s)]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, s))
		}
	}
	slices.SortStableFunc(out, func(a, b string) int {
		var x, y int
		fmt.Sscan(a, &x)
		fmt.Sscan(b, &y)
		return y - x
	})
	return strings.Join(out, ", ")
}

// unsupported compares what the server believes with how the simulated world
// is: the server never sees the second.
func unsupported(targets []api.Target, truth map[string]lab.CardState) (out []string) {
	const oldPLMN, newPLMN = "99940", "99970"
	for _, t := range targets {
		c, ok := truth[t.ICCID]
		if !ok {
			out = append(out, t.ICCID+": the world has no such card")
			continue
		}
		wrong := ""
		onCard := c.CardIMSI[:len(newPLMN)]
		switch swap.State(t.State) {
		case swap.Verified, swap.SettingsDelivered, swap.Configuring, swap.Moved, swap.SettingsFailed, swap.Switched:
			if onCard != newPLMN {
				wrong = "the card has the old identity"
			}
		case swap.WaitingForRestart:
			if onCard != newPLMN || c.NetworkIMSI != "" && c.NetworkIMSI[:len(oldPLMN)] != oldPLMN {
				wrong = "the device does not wait for a restart"
			}
		case swap.Failed, swap.NotSwitched, swap.RolledBack, swap.Skipped, swap.Cancelled:
			if onCard != oldPLMN {
				wrong = "the card has the new identity"
			}
		case swap.Selected, swap.Snapshot, swap.Switching:
			wrong = "the campaign ended before the card did"
		}
		if swap.State(t.State) == swap.Verified && c.APN == "" {
			wrong = "the device has no APN"
		}
		if wrong != "" {
			out = append(out, fmt.Sprintf("%s is %s: %s (card %s, network %s)", t.ICCID, t.State, wrong, c.CardIMSI, c.NetworkIMSI))
		}
	}
	return out
}
