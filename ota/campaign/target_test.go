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
