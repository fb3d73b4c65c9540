package httpapi

import (
	"fmt"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/swap"
)

// note says why nothing new goes on; "" when it does, or is over.
func note(c ledger.Campaign, spec campaign.Spec, n ledger.Counts) string {
	switch {
	case c.State == ledger.CampaignCreated:
		return "not started: simota campaign start " + c.Name
	case c.State == ledger.CampaignPaused:
		return "paused: simota campaign resume " + c.Name
	case c.State == ledger.CampaignCancelled && n.Open > 0:
		return fmt.Sprintf("cancelled: %s that something was written to %s to the end", count(n.Open, "card"), runs(n.Open))
	case c.State != ledger.CampaignRunning:
		return ""
	}
	waiting := n.Total - n.Released
	began := n.ByState[string(swap.Selected)] + n.ByState[string(swap.Snapshot)] // those that wait among them
	switch {
	case spec.On != "" && n.Open == 0:
		return "stands by for devices that show up; it ends when it is cancelled"
	case spec.MaxUnproven > 0 && n.Unproven >= spec.MaxUnproven && (began > 0 || !c.Selected):
		return fmt.Sprintf("max_unproven reached: %d unproven of at most %d; the rest waits until some are seen again", n.Unproven, spec.MaxUnproven)
	case c.Selected && waiting == 0:
		return ""
	case spec.Canary > 0 && !c.CanaryPassed && tried(n) >= spec.Canary:
		return canary(c.Name, spec, n)
	case c.Quota == 0 && !c.NextRun.IsZero():
		return "next slot at " + slotTime(c.NextRun, spec.Schedule.Zone)
	case c.Quota == 0:
		return "no slot is left, the last one was missed: simota campaign cancel " + c.Name + ", and create another"
	}
	return ""
}

func runs(n int) string {
	if n == 1 {
		return "runs"
	}
	return "run"
}

// tried counts the cards that a canary has let go and that were touched.
func tried(n ledger.Counts) int {
	return n.Released - n.ByState[string(swap.Skipped)] - n.ByState[string(swap.Cancelled)]
}

// canary says how far the first cards are, and what a person can do when none
// of them will get any further by itself.
func canary(name string, spec campaign.Spec, n ledger.Counts) string {
	proven, word := 0, "moved"
	for _, s := range campaign.Proving(spec.Kind) {
		proven += n.ByState[string(s)]
	}
	switch spec.Kind {
	case swap.KindRFM:
		word = "written"
	case swap.KindProvision:
		word = "configured"
	}
	text := fmt.Sprintf("canary: %d of %d %s; the rest waits", proven, spec.Canary, word)
	if n.Open <= n.Total-n.Released && proven < spec.Canary {
		text += fmt.Sprintf(", and none is under way; to go on all the same: simota campaign pause %[1]s, then simota campaign resume %[1]s", name)
	}
	return text
}

// slotTime is a time as the clock of the campaign's zone shows it.
func slotTime(t time.Time, zone string) string {
	place, err := time.LoadLocation(zone) // "" is UTC
	if err != nil {
		place = time.UTC
	}
	return t.In(place).Format("2006-01-02 15:04 ") + place.String()
}
