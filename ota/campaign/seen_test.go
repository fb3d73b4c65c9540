package campaign_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/detect"
	"github.com/simota/simota/ota/swap"
)

// inOnly imports a card of the home network that differs from the others.
func (w *world) inOnly(c catalog.Card, n string) catalog.Entry {
	w.t.Helper()
	c.ICCID = "89470100000009999" + n
	_, err := w.db.Import(w.t.Context(), "test", []catalog.Entry{{
		Card: c, Subscriptions: []catalog.Subscription{{Slot: 1, IMSI: "99940009999990" + n, MSISDN: "+4758099999" + n, Operator: "nordvik"}},
	}})
	w.ok(err)
	e, err := w.db.Card(w.t.Context(), c.ICCID)
	w.ok(err)
	return e
}

func TestAStandingCampaignTakesOnlyCardsThatItSelects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 6000)
	w.homeAPNs()
	name := w.start("campaign: auto\nkind: provision\non: new-pair\nselect: {card_type: sja2, country: BR, tags: [meter]}\n")
	for n, c := range map[string]catalog.Card{
		"11": {Type: "sja5", Country: "BR", Tags: []string{"meter"}},
		"12": {Type: "sja2", Country: "NO", Tags: []string{"meter"}},
		"13": {Type: "sja2", Country: "BR", Tags: []string{"car"}},
	} {
		w.seen(w.inOnly(c, n), "356938035643"+n, time.Now())
	}
	e, _ := w.card(0)
	w.seen(e, "35693803564380", time.Now())
	if c := w.until(name, closed(swap.SettingsDelivered, 1)); c.Total != 1 {
		t.Errorf("%d cards taken, want 1", c.Total)
	}
}

func TestADeviceThatASwapConfiguredIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 6000)
	w.homeAPNs()
	e, p := w.card(0)
	name := w.start("campaign: auto\nkind: provision\non: new-pair\nselect: {all: true}\n")
	moves := w.start("campaign: s1\nkind: swap\nselect: {iccids: [\"" + e.Card.ICCID + "\"]}\nto: aurora\nattested: test\nmax_unproven: 1\n")
	w.until(moves, closed(swap.SettingsDelivered, 1)) // its move is a new pair
	other, _ := w.card(1)
	w.seen(other, "35693803564380", time.Now())
	if c := w.until(name, closed(swap.SettingsDelivered, 1)); c.Total != 1 {
		t.Errorf("%d cards taken, want the other one only", c.Total)
	}
	if apns, _ := p.applications(); len(apns) != 2 {
		t.Errorf("applied %v", apns)
	}
}

func TestEventsAreOfTheirTimeUnlessTheirClockIsFast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 1)
	e, _ := w.card(0)
	before := time.Now().Truncate(time.Microsecond)
	w.seen(e, "35693803564381", before.Add(-time.Hour))
	w.seen(e, "35693803564382", before.Add(time.Hour))
	w.seen(e, "35693803564383", before.Add(-2*time.Hour))
	pairs, err := w.db.Pairs(t.Context(), e.Card.ID)
	w.ok(err)
	var imeis []string
	for _, p := range pairs {
		imeis = append(imeis, p.IMEI)
	}
	if !slices.Equal(imeis, []string{"35693803564383", "35693803564381", "35693803564382"}) || !pairs[1].SeenAt.Equal(before.Add(-time.Hour)) || pairs[2].SeenAt.After(time.Now()) {
		t.Errorf("pairs %+v", pairs)
	}
}

func TestProvisioningSpeaksToTheIdentityThatWasSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 6000)
	e, _ := w.card(0)
	w.ok(w.engine.Attach(t.Context(), detect.Event{IMSI: e.Subscriptions[1].IMSI, IMEI: "35693803564380", Kind: detect.Attach, Source: "attach feed"}))
	name := w.start("campaign: p1\nkind: provision\nselect: {all: true}\n")
	w.until(name, func(c ledger.Counts) bool { return c.ByState[string(swap.Configuring)] == 1 })
	c, err := w.db.Campaign(t.Context(), name)
	w.ok(err)
	rows, err := w.db.Targets(t.Context(), c.ID, nil, 0, 1)
	w.ok(err)
	if rows[0].To != e.Subscriptions[1].ID {
		t.Errorf("told subscription %d, the card was seen with %d", rows[0].To, e.Subscriptions[1].ID)
	}
	// What went out cannot be planned anew.
	lease := &ledger.TakeLease{TargetID: rows[0].ID, Node: "test", Now: time.Now(), Until: time.Now().Add(time.Minute)}
	w.until(name, func(ledger.Counts) bool {
		d, err := w.db.Dossier(t.Context(), rows[0].ID)
		return err == nil && len(d.Attempts) > 0
	})
	w.ok(w.db.Apply(t.Context(), lease)[0])
	err = w.db.Apply(t.Context(), &ledger.Pin{Lease: ledger.Lease{TargetID: rows[0].ID, Token: lease.NewToken}, Facts: rows[0].Facts, At: time.Now()})[0]
	if !errors.Is(err, ledger.ErrStale) {
		t.Errorf("pinned anew: %v", err)
	}
}

func TestACardThatTakesNoProvisioningSaysSoOfItsOwnDeviceOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 6000)
	w.homeAPNs()
	e := w.inOnly(catalog.Card{Type: "sja2", Country: "BR", NoCP: true, IMEI: "35693803564380"}, "11")
	whatever := w.inOnly(catalog.Card{Type: "sja2", Country: "BR", NoCP: true}, "13")
	messages := func(c catalog.Entry) int {
		p, err := w.engine.Plan(t.Context(), campaign.PlanQuery{ICCID: c.Card.ICCID})
		w.ok(err)
		return len(p.Plan.Messages)
	}
	if n := messages(e); n != 0 {
		t.Errorf("%d messages for the device of the card file", n)
	}
	w.seen(e, "35693803564399", time.Now())
	w.seen(whatever, "35693803564398", time.Now())
	if messages(e) == 0 || messages(whatever) != 0 {
		t.Errorf("%d messages for another device, %d where the file names none", messages(e), messages(whatever))
	}
	other := w.inOnly(catalog.Card{Type: "sja2", Country: "BR", NoCP: true, IMEI: "35693803564381"}, "12")
	name := w.start("campaign: p1\nkind: provision\nselect: {iccids: [\"" + other.Card.ICCID + "\"]}\n")
	w.until(name, closed(swap.SettingsFailed, 1))
	targets, err := w.db.TargetsOfCard(t.Context(), other.Card.ID)
	w.ok(err)
	if !strings.Contains(targets[0].Cause, "takes no provisioning") {
		t.Errorf("cause %q", targets[0].Cause)
	}
}

func TestADeviceThatWasNotConfiguredProvesNoCanary(t *testing.T) {
	t.Parallel()
	if s := campaign.Proving(swap.KindProvision); slices.Contains(s, swap.SettingsFailed) || slices.Contains(s, swap.Configuring) {
		t.Errorf("a canary passes by %v", s)
	}
}
