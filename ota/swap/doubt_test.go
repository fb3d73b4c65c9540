package swap_test

import (
	"slices"
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/swap"
)

func TestADoubtAsksTheOldNumberWhileAReadToTheNewOneIsOpen(t *testing.T) {
	t.Parallel()
	h := begin(t, byApplet, goal(swap.GoalMoved))
	id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
	h.reply(id, oldNumber, inUse(t, 1, oldIMSI))
	id, _ = h.does(swap.Snapshot, choose, ledger.Write, swap.Old)
	h.reply(id, oldNumber, done)
	ask, _ := h.does(swap.Switched, moved, ledger.Read, swap.New) // nobody knows whether it left
	h.tick(time.Minute)
	h.attach(newIMSI, "")
	h.closed(swap.Moved)
	h.tick(time.Hour)
	h.attach(oldIMSI, "")
	deadline := h.now.Add(h.f.Deadlines.Probing)
	h.tick(time.Second)
	reread := h.again(ask, swap.New) // what is open is asked again before the saga speaks
	doubt, a := h.does(swap.Moved, probe, ledger.Read, swap.Both)
	if !slices.Contains(a.Replaces, reread) {
		t.Errorf("the question replaces %v, not %d: a later read at the new number could overtake it", a.Replaces, reread)
	}
	h.rests(swap.Moved, deadline)
	h.reply(doubt, oldNumber, inUse(t, 1, oldIMSI))
	h.closed(swap.RolledBack, "undid")
}

func TestAFeedThatIsLateRaisesTheDoubtToo(t *testing.T) {
	t.Parallel()
	h := begin(t, byApplet, goal(swap.GoalMoved))
	id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
	h.reply(id, oldNumber, inUse(t, 1, oldIMSI))
	id, _ = h.does(swap.Snapshot, choose, ledger.Write, swap.Old)
	h.reply(id, oldNumber, done)
	h.does(swap.Switched, moved, ledger.Read, swap.New)
	switched := h.now
	h.tick(10 * time.Minute)
	for i, imsi := range []string{newIMSI, oldIMSI} {
		h.store(ledger.Evidence{
			Kind: ledger.EvAttach, HappenedAt: switched.Add(time.Duration(1+i) * time.Minute), Body: ledger.Body{IMSI: imsi, Source: "feed"},
		})
	}
	h.does(swap.Moved, probe, ledger.Read, swap.Both)
}
