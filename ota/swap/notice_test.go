package swap_test

import (
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/sat/euicc"
)

func TestAConfirmationThatAnotherReplacedIsWaitedForNoMore(t *testing.T) {
	t.Parallel()
	repeated := func(change ...func(*swap.Facts, *card)) (h *history, id int64) {
		h = begin(t, append(change, byEUICC, goal(swap.GoalMoved))...)
		h.enabled(t)
		h.notice(euicc.ProfileChanged, 4, newISDP, newNumber)
		h.accepted(h.confirms(swap.New))
		h.tick(time.Minute)
		h.notice(euicc.ProfileChanged, 4, newISDP, newNumber)
		id = h.confirms(swap.New)
		h.accepted(id)
		return h, id
	}
	t.Run("the old profile is deleted", func(t *testing.T) {
		t.Parallel()
		h, id := repeated(func(f *swap.Facts, _ *card) { f.DeleteOld = true })
		h.reply(id, newNumber, done)
		id, _ = h.does(swap.Moved, erase, ledger.Write, swap.New)
		h.reply(id, newNumber, done)
		h.closed(swap.Moved)
	})
	t.Run("both are lost, and an audit goes out", func(t *testing.T) {
		t.Parallel()
		h, id := repeated()
		h.arrived(id, newNumber)
		if r := h.is(swap.Switched); r.Action != nil {
			t.Errorf("%s goes out while the notice is being confirmed", r.Action.Purpose)
		}
		h.tick(5 * time.Minute)
		h.silence(id, ledger.Overdue, "delivered and not answered")
		ask, _ := h.does(swap.Switched, moved, ledger.Read, swap.New)
		h.reply(ask, newNumber, profiles(t, newISDP+" enabled"))
		h.closed(swap.Moved)
	})
}

func TestABacklogOfNoticesIsConfirmedOldestFirst(t *testing.T) {
	t.Parallel()
	h := begin(t, byEUICC)
	h.enabled(t)
	h.notice(euicc.RolledBack, 5, oldISDP, oldNumber)
	h.notice(euicc.ProfileChanged, 4, newISDP, newNumber)
	older := h.confirms(swap.New)
	r := h.next()
	if r.Confirm == nil || len(r.Confirm.Replaces) != 1 || r.Confirm.Replaces[0] != older {
		t.Fatalf("second confirmation %+v, want one that replaces that of the older notice", r.Confirm)
	}
	newer := h.send(r.Confirm)
	h.notice(euicc.ProfileChanged, 4, newISDP, newNumber) // a late copy
	if r = h.next(); r.Confirm == nil || len(r.Confirm.Replaces) != 0 {
		t.Fatalf("confirmation of a late copy %+v, want one that replaces nothing", r.Confirm)
	}
	h.reply(h.send(r.Confirm), newNumber, done)
	h.notice(euicc.RolledBack, 5, oldISDP, oldNumber)
	if r = h.next(); len(r.Confirm.Replaces) != 1 || r.Confirm.Replaces[0] != newer {
		t.Errorf("the repeat of the newer notice replaces %v, want its first confirmation", r.Confirm.Replaces)
	}
}
