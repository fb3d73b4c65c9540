package campaign

import (
	"testing"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/swap"
)

func TestACardThatWentBackCountsAsWhereItSaysItIs(t *testing.T) {
	t.Parallel()
	dos := ledger.Dossier{
		Target: ledger.Target{From: 1, To: 2},
		Entry:  catalog.Entry{Subscriptions: []catalog.Subscription{{ID: 1, ISDP: "A1"}, {ID: 2, ISDP: "B2"}, {ID: 3, ISDP: "C3"}}},
	}
	for enabled, want := range map[string]int64{"": 1, "A1": 1, "C3": 3, "D4": 0} {
		if got := backOn(dos, swap.Result{Back: true, Enabled: enabled}); got != want {
			t.Errorf("profile %q: subscription %d, want %d", enabled, got, want)
		}
	}
}

func TestAClosedTargetSaysOnlyWhatIsNewOfItsCard(t *testing.T) {
	t.Parallel()
	at := func(s swap.State, cause string) ledger.Target { return ledger.Target{State: string(s), Cause: cause} }
	for name, tt := range map[string]struct {
		was ledger.Target
		now swap.Result
		ok  bool
	}{
		"moved, and the card is another campaign's now": {at(swap.Moved, ""), swap.Result{State: swap.Moved, Closed: true, Moved: &swap.Move{}}, true},
		"dark, for more hours":                          {at(swap.Dark, "for 6 h"), swap.Result{State: swap.Dark, Closed: true, Cause: "for 7 h"}, true},
		"rolled back, and known":                        {at(swap.RolledBack, "notice 4"), swap.Result{State: swap.RolledBack, Closed: true, Back: true, Cause: "notice 4"}, true},
		"rolled back to another profile":                {at(swap.RolledBack, "notice 4"), swap.Result{State: swap.RolledBack, Closed: true, Back: true, Cause: "notice 5"}, false},
		"moved, and back":                               {at(swap.Moved, ""), swap.Result{State: swap.RolledBack, Closed: true, Back: true}, false},
		"dark, and alive":                               {at(swap.Dark, ""), swap.Result{State: swap.Dark}, false},
		"cancelled, and moved":                          {at(swap.Cancelled, "by a person"), swap.Result{State: swap.Moved, Moved: &swap.Move{}}, true},
		"skipped, and moved":                            {at(swap.Skipped, "no MSISDN"), swap.Result{State: swap.Moved, Moved: &swap.Move{}}, true},
	} {
		r, ok := ended(tt.was, tt.now)
		if ok != tt.ok || r.Moved != nil || r.Back || string(r.State) != tt.was.State || r.Cause != tt.was.Cause || !r.Closed {
			t.Errorf("%s: %+v, %t; want it as it was, %t", name, r, ok, tt.ok)
		}
	}
}

func TestWhereARoundBegins(t *testing.T) {
	t.Parallel()
	const a, b, c = 1, 2, 3
	for name, tt := range map[string]struct {
		active  int64
		earlier ledger.Target
		want    int64
	}{
		"the first":                            {a, ledger.Target{}, a},
		"after one that did not move the card": {a, ledger.Target{From: a, To: b}, a},
		"after one that did":                   {b, ledger.Target{From: a, To: b}, a},
		"after a fall-back to a third profile": {c, ledger.Target{From: a, To: b}, c},
		"of kind rfm, moved since by another":  {b, ledger.Target{From: a}, b},
	} {
		if got := startOf(tt.active, tt.earlier); got != tt.want {
			t.Errorf("%s: subscription %d, want %d", name, got, tt.want)
		}
	}
}

func TestOnlyStepsThatPutTheIdentityAtStakeCountAsUnproven(t *testing.T) {
	t.Parallel()
	switches := order(swap.Facts{}, swap.Switching, &swap.Action{Kind: ledger.Write, Unproven: true}, Spec{MaxUnproven: 5})
	if !switches.Unproven || switches.MaxUnproven != 5 {
		t.Errorf("a switch: unproven %t, at most %d", switches.Unproven, switches.MaxUnproven)
	}
	erases := order(swap.Facts{}, swap.Moved, &swap.Action{Kind: ledger.Write}, Spec{MaxUnproven: 5})
	if erases.Unproven || erases.MaxUnproven != 0 {
		t.Errorf("the delete of an old profile: unproven %t, at most %d", erases.Unproven, erases.MaxUnproven)
	}
}

func TestCardsOfAnotherCampaignDoNotTakeThePlacesOfFreeOnes(t *testing.T) {
	t.Parallel()
	c := ledger.Counts{ByState: map[string]int{"selected": 517, "snapshot": 3, "verified": 80}, Total: 600, Released: 589, Open: 520, Unproven: 4}
	if got := underWay(c); got != 4+3+506 {
		t.Errorf("%d under way before they were looked at, want 513", got)
	}
	if c.Waiting = 500; underWay(c) != 4+3+6 {
		t.Errorf("%d under way, of which another campaign has 500; want 13", underWay(c))
	}
}
