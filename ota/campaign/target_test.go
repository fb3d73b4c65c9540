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
