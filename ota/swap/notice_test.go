package swap_test

import (
	"strings"
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

// retried begins a new round, as a claim does; seen is the number of the last notice.
func (h *history) retried(seen int) {
	h.tick(time.Hour)
	h.person(swap.DecisionRetry)
	h.f.Began, h.f.NextNotice = h.now, seen+1
}

func TestAnEUICCThatHasTheNewProfileAlreadyMovesByItsOwnWord(t *testing.T) {
	t.Parallel()
	already := profiles(t, oldISDP+" disabled*", newISDP+" enabled")
	t.Run("from the beginning", func(t *testing.T) {
		t.Parallel()
		h := begin(t, byEUICC, goal(swap.GoalMoved))
		id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
		h.reply(id, newNumber, already)
		h.closed(swap.Moved)
	})
	t.Run("told by the old number, and then by the new one", func(t *testing.T) {
		t.Parallel()
		h := begin(t, byEUICC, goal(swap.GoalMoved))
		id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
		h.reply(id, oldNumber, already)
		h.tick(5 * time.Minute)
		id, _ = h.does(swap.WaitingForRestart, probe, ledger.Read, swap.Both)
		h.reply(id, newNumber, profiles(t, newISDP+" enabled"))
		h.closed(swap.Moved)
	})
	t.Run("since the round before", func(t *testing.T) {
		t.Parallel()
		h := begin(t, byEUICC, func(f *swap.Facts, _ *card) { f.NoCP = true })
		h.enabled(t)
		h.notice(euicc.ProfileChanged, 4, newISDP, newNumber)
		h.reply(h.confirms(swap.New), newNumber, done)
		h.closed(swap.SettingsFailed)
		h.f.NoCP = false
		h.retried(4)
		id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Both)
		h.reply(id, newNumber, already)
		h.does(swap.Moved, document, ledger.CP, swap.New)
	})
	t.Run("a round in which it is enabled again needs a notice", func(t *testing.T) {
		t.Parallel()
		h := begin(t, byEUICC, goal(swap.GoalMoved))
		h.enabled(t)
		h.notice(euicc.RolledBack, 4, oldISDP, oldNumber)
		h.reply(h.confirms(swap.Old), oldNumber, done)
		h.closed(swap.RolledBack)
		h.retried(4)
		id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Both)
		h.reply(id, oldNumber, profiles(t, oldISDP+" enabled*", newISDP+" disabled"))
		id, _ = h.does(swap.Snapshot, enable, ledger.Write, swap.Old)
		h.reply(id, oldNumber, done)
		id, _ = h.does(swap.Switched, moved, ledger.Read, swap.New)
		h.reply(id, newNumber, profiles(t, newISDP+" enabled"))
		h.is(swap.Switched)
	})
}

func TestAnOpenEnableIsSettledBeforeTheOldProfileIsDeleted(t *testing.T) {
	t.Parallel()
	// The answer to the Enable is lost, and its fence came before the refresh.
	confirmed := func() *history {
		h := begin(t, byEUICC, goal(swap.GoalMoved), func(f *swap.Facts, _ *card) { f.DeleteOld = true })
		id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
		h.reply(id, oldNumber, profiles(t, oldISDP+" enabled*", newISDP+" disabled"))
		id, _ = h.does(swap.Snapshot, enable, ledger.Write, swap.Old)
		h.accepted(id)
		h.tick(10 * time.Minute)
		h.reply(h.fence(id, 101), oldNumber, profiles(t, newISDP+" disabled"))
		h.is(swap.Switching)
		h.tick(2 * time.Minute)
		h.notice(euicc.ProfileChanged, 4, newISDP, newNumber)
		h.reply(h.confirms(swap.New), newNumber, done)
		return h
	}
	h := confirmed()
	ask, a := h.does(swap.Moved, moved, ledger.Read, swap.New)
	if a.FenceOf == 0 {
		t.Error("the read settles nothing")
	}
	h.rests(swap.Moved, h.now.Add(6*time.Hour))
	h.reply(ask, newNumber, profiles(t, newISDP+" enabled"))
	id, _ := h.does(swap.Moved, erase, ledger.Write, swap.New)
	h.reply(id, newNumber, done)
	if r := h.closed(swap.Moved); r.Cause != "" {
		t.Errorf("cause %q of a card of which nothing is left to do", r.Cause)
	}

	h = confirmed()
	h.does(swap.Moved, moved, ledger.Read, swap.New)
	h.tick(6 * time.Hour)
	h.closed(swap.Moved, "the old profile was not deleted")
}

func TestWhichNoticesSayThatTheNewProfileWasLeft(t *testing.T) {
	t.Parallel()
	const third = "A0000005591010FFFFFFFF8900001200"
	type seen struct {
		typ  euicc.NoticeType
		isdp string
	}
	changed := seen{euicc.ProfileChanged, newISDP}
	for name, c := range map[string]struct {
		notices []seen
		back    bool
		enabled string
	}{
		"the old one attached, before the switch":    {[]seen{{euicc.FirstAttachment, oldISDP}}, false, ""},
		"the old one was enabled, before the switch": {[]seen{{euicc.ProfileChanged, oldISDP}}, false, ""},
		"then the new one was":                       {[]seen{{euicc.ProfileChanged, oldISDP}, changed}, false, ""},
		"the old one after the new one":              {[]seen{changed, {euicc.ProfileChanged, oldISDP}}, true, oldISDP},
		"rolled back":                                {[]seen{{euicc.RolledBack, oldISDP}}, true, oldISDP},
		"rolled back, and attached there":            {[]seen{{euicc.RolledBack, oldISDP}, {euicc.ProfileChanged, oldISDP}}, true, oldISDP},
		"rolled back, and enabled again":             {[]seen{{euicc.RolledBack, oldISDP}, changed}, false, ""},
		"rolled back, without a profile":             {[]seen{{euicc.RolledBack, ""}}, true, ""},
		"fell back on a third":                       {[]seen{changed, {euicc.FellBack, third}}, true, third},
		"fell back on the new one":                   {[]seen{{euicc.FellBack, newISDP}}, false, ""},
		"a third one was enabled":                    {[]seen{{euicc.ProfileChanged, third}}, true, third},
		"attached, without a profile":                {[]seen{changed, {euicc.ProfileChanged, ""}}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := begin(t, byEUICC)
			h.enabled(t)
			for i, n := range c.notices {
				h.tick(time.Second)
				h.notice(n.typ, 4+i, n.isdp, newNumber)
			}
			if r := h.next(); r.Back != c.back || r.Enabled != c.enabled {
				t.Errorf("%s (%s): back %t to %q, want %t to %q", r.State, r.Cause, r.Back, r.Enabled, c.back, c.enabled)
			} else if c.enabled == third && !strings.Contains(r.Cause, third) {
				t.Errorf("cause %q does not name the profile", r.Cause)
			}
		})
	}
}
