package httpapi

import (
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/swap"
)

func TestNoteSaysWhyNothingGoesOn(t *testing.T) {
	t.Parallel()
	slot := time.Date(2026, 11, 3, 5, 0, 0, 0, time.UTC)
	running := ledger.Campaign{Name: "c", State: ledger.CampaignRunning, Selected: true, Quota: -1}
	with := func(change func(*ledger.Campaign)) ledger.Campaign {
		c := running
		change(&c)
		return c
	}
	counts := func(released, open, unproven int, states map[string]int) ledger.Counts {
		return ledger.Counts{Total: 100, Released: released, Open: open, Unproven: unproven, ByState: states}
	}
	swapSpec := campaign.Spec{Kind: swap.KindSwap, MaxUnproven: 50, Canary: 20}
	nightly := campaign.Spec{Kind: swap.KindSwap, MaxUnproven: 50, Schedule: campaign.ScheduleSpec{Cron: "0 2 * * *", Zone: "America/Sao_Paulo"}}
	for name, c := range map[string]struct {
		c    ledger.Campaign
		spec campaign.Spec
		n    ledger.Counts
		want string
	}{
		"created":        {with(func(c *ledger.Campaign) { c.State = ledger.CampaignCreated }), swapSpec, counts(0, 0, 0, nil), "not started: simota campaign start c"},
		"paused":         {with(func(c *ledger.Campaign) { c.State = ledger.CampaignPaused }), swapSpec, counts(50, 60, 3, nil), "paused: simota campaign resume c"},
		"cancelled":      {with(func(c *ledger.Campaign) { c.State = ledger.CampaignCancelled }), swapSpec, counts(50, 1, 3, nil), "cancelled: 1 card that something was written to runs to the end"},
		"cancelled, two": {with(func(c *ledger.Campaign) { c.State = ledger.CampaignCancelled }), swapSpec, counts(50, 2, 3, nil), "cancelled: 2 cards that something was written to run to the end"},
		"ended":          {with(func(c *ledger.Campaign) { c.State = ledger.CampaignDone }), swapSpec, counts(100, 0, 60, nil), ""},
		"goes on":        {with(func(c *ledger.Campaign) { c.CanaryPassed = true }), swapSpec, counts(60, 50, 20, map[string]int{"selected": 40}), ""},
		"max_unproven": {
			with(func(c *ledger.Campaign) { c.CanaryPassed = true }), swapSpec, counts(80, 70, 50, map[string]int{"selected": 20, "dark": 50}),
			"max_unproven reached: 50 unproven of at most 50; the rest waits until some are seen again",
		},
		"max_unproven, all are past it": {running, swapSpec, counts(100, 70, 50, map[string]int{"dark": 50, "verified": 50}), ""},
		"canary under way": {
			running, swapSpec, counts(22, 82, 2, map[string]int{"selected": 78, "verified": 15, "moved": 3, "switching": 2, "skipped": 2}),
			"canary: 18 of 20 moved; the rest waits",
		},
		"canary not released yet": {running, swapSpec, counts(10, 100, 2, map[string]int{"selected": 95}), ""},
		"canary stuck": {
			running, swapSpec, counts(20, 80, 2, map[string]int{"selected": 80, "verified": 18, "failed": 2}),
			"canary: 18 of 20 moved; the rest waits, and none is under way; to go on all the same: simota campaign pause c, then simota campaign resume c",
		},
		"canary of a write": {
			running, campaign.Spec{Kind: swap.KindRFM, Canary: 3}, counts(3, 98, 0, map[string]int{"selected": 97, "written": 2, "writing": 1}),
			"canary: 2 of 3 written; the rest waits",
		},
		"next slot": {
			with(func(c *ledger.Campaign) { c.Quota, c.NextRun = 0, slot }), nightly, counts(10, 90, 0, map[string]int{"selected": 90}),
			"next slot at 2026-11-03 02:00 America/Sao_Paulo",
		},
		"starts at an instant": {
			with(func(c *ledger.Campaign) { c.Quota, c.NextRun, c.Selected = 0, slot.In(time.FixedZone("", 3600)), false }), swapSpec, ledger.Counts{},
			"next slot at 2026-11-03 05:00 UTC",
		},
		"slot under way": {with(func(c *ledger.Campaign) { c.Quota, c.NextRun = 5, slot }), nightly, counts(10, 90, 0, nil), ""},
		"no slot left": {
			with(func(c *ledger.Campaign) { c.Quota = 0 }), nightly, counts(0, 100, 0, map[string]int{"selected": 100}),
			"no slot is left, the last one was missed: simota campaign cancel c, and create another",
		},
		"every card let go": {with(func(c *ledger.Campaign) { c.Quota = 0 }), nightly, counts(100, 3, 0, nil), ""},
	} {
		if got := note(c.c, c.spec, c.n); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}
