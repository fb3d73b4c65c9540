package catalogtest

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

var leaseLaws = []law{
	{"a renewal keeps the token, every other success raises it", func(w *world) {
		_, leases := w.running("one", w.cards(1)...)
		l := leases[0]
		renew := &ledger.TakeLease{TargetID: l.TargetID, Node: "a", Token: l.Token, Now: now, Until: now.Add(time.Minute)}
		w.must(renew)
		w.equal("renewed", renew.NewToken, l.Token)
		again := &ledger.TakeLease{TargetID: l.TargetID, Node: "a", Now: now, Until: now.Add(time.Minute)}
		w.must(again)
		if again.NewToken <= l.Token {
			w.t.Errorf("token %d of a restarted node is not above %d", again.NewToken, l.Token)
		}
	}},
	{"another node waits for the end of a lease and then fences the first off", func(w *world) {
		e, l := w.one()
		w.refuse(&ledger.TakeLease{TargetID: l.TargetID, Node: "b", Now: now.Add(59 * time.Second), Until: now.Add(time.Hour)}, ledger.ErrLeaseLost)
		taken := &ledger.TakeLease{TargetID: l.TargetID, Node: "b", Now: now.Add(time.Minute), Until: now.Add(time.Hour)}
		w.must(taken)
		before := w.dossier(l.TargetID)
		for _, op := range []ledger.Op{
			packet(l, e, ledger.Read, 40, 1),
			&ledger.Resubmit{Lease: l},
			&ledger.Withdraw{Lease: l},
			&ledger.Advance{Lease: l, State: "dark", At: now},
			&ledger.Claim{Lease: l, At: now},
			&ledger.Reopen{Lease: l, At: now},
			&ledger.TakeLease{TargetID: l.TargetID, Node: "a", Token: l.Token, Now: now.Add(time.Minute), Until: now.Add(time.Hour)},
		} {
			w.refuse(op, ledger.ErrLeaseLost)
		}
		w.equal("nothing has changed", w.dossier(l.TargetID), before)
		w.must(packet(ledger.Lease{TargetID: l.TargetID, Token: taken.NewToken}, e, ledger.Read, 40, 1))
	}},
	{"token zero is nobody's", func(w *world) {
		e := w.cards(1)[0]
		w.created("one", e)
		id := ok[[]ledger.Target](w)(w.TargetsOfCard(w.ctx, e.Card.ID))[0].ID
		w.refuse(&ledger.Advance{Lease: ledger.Lease{TargetID: id}, State: "x", At: now}, ledger.ErrLeaseLost)
	}},
}

var bindLaws = []law{
	{"an attempt is given back as it was bound", func(w *world) {
		e, l := w.one()
		b := packet(l, e, ledger.Write, 40, 1)
		b.New = 45
		b.Parts = append(b.Parts, []byte{0x05, 0x00})
		b.Submissions = append(b.Submissions, ledger.Submission{PartSeq: 2, Operator: "m", SubscriptionID: e.Subscriptions[1].ID, Source: "1", Destination: "2",
			NotBefore: now.Add(time.Second), ValidUntil: now.Add(time.Hour)})
		w.must(b)
		want := b.Attempt
		want.ID, want.TargetID, want.CardID, want.Counter = b.AttemptID, l.TargetID, e.Card.ID, 45
		want.Parts = []ledger.Part{{AttemptID: b.AttemptID, Seq: 1, UserData: b.Parts[0], Submissions: b.Submissions[:1:1]}, {AttemptID: b.AttemptID, Seq: 2, UserData: b.Parts[1], Submissions: b.Submissions[1:]}}
		for i := range want.Parts {
			want.Parts[i].Submissions[0].State, want.Parts[i].Submissions[0].Try = ledger.Ready, 1
		}
		given := cmp.Options{cmpopts.IgnoreFields(ledger.Part{}, "ID"), cmpopts.IgnoreFields(ledger.Submission{}, "ID", "PartID")}
		for name, got := range map[string]ledger.Attempt{
			"by id": w.attempt(b.AttemptID), "by counter": ok[ledger.Attempt](w)(w.AttemptByCounter(w.ctx, e.Keysets[0].ID, 45)), "in the dossier": w.dossier(l.TargetID).Attempts[0],
		} {
			opts := given
			if name == "by counter" {
				opts = append(opts, cmpopts.IgnoreFields(ledger.Part{}, "Submissions"))
			}
			if diff := cmp.Diff(want, got, opts); diff != "" {
				w.t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		w.equal("counter", w.counter(e), uint64(45))
		open, found, err := w.OpenWrite(w.ctx, e.Keysets[0].ID)
		if err != nil || !found || open.ID != b.AttemptID {
			w.t.Errorf("OpenWrite = %d, %v, %v", open.ID, found, err)
		}
	}},
	{"the loser of a counter leaves no rows and does not harm its batch", func(w *world) {
		e := w.cards(2)
		_, l := w.running("one", e...)
		first, loser, other := packet(l[0], e[0], ledger.Read, 40, 1), packet(l[0], e[0], ledger.Read, 40, 2), packet(l[1], e[1], ledger.Read, 40, 1)
		errs := w.Apply(w.ctx, first, loser, other)
		if errs[0] != nil || !errors.Is(errs[1], ledger.ErrCounterMoved) || errs[2] != nil {
			w.t.Fatalf("Apply = %v", errs)
		}
		w.equal("counter", w.counter(e[0]), uint64(41))
		w.equal("counter of the other", w.counter(e[1]), uint64(41))
		w.equal("attempts", len(w.dossier(l[0].TargetID).Attempts), 1)
		w.equal("attempts of the other", len(w.dossier(l[1].TargetID).Attempts), 1)
		out, _, err := w.Outbox(w.ctx, "l", now, 10)
		if err != nil || len(out) != 2 {
			w.t.Errorf("outbox has %d (%v), want 2", len(out), err)
		}
	}},
	{"an operation that fails late leaves no rows and does not harm its batch", func(w *world) {
		e := w.cards(2)
		_, l := w.running("one", e...)
		cp := packet(l[0], e[0], ledger.CP, 0, 1)
		w.must(cp)
		late := packet(l[0], e[0], ledger.Read, 40, 1) // the step and try of the other, after it has replaced it
		late.Replaces = []int64{cp.AttemptID}
		before, after := packet(l[1], e[1], ledger.Read, 40, 1), packet(l[1], e[1], ledger.Read, 41, 2)
		errs := w.Apply(w.ctx, before, late, after)
		if errs[0] != nil || !errors.Is(errs[1], ledger.ErrStale) || errs[2] != nil {
			w.t.Fatalf("Apply = %v", errs)
		}
		w.equal("replaced", w.attempt(cp.AttemptID).Outcome, ledger.Open)
		w.equal("its submission", w.submission(cp.AttemptID).State, ledger.Ready)
		w.equal("counter", w.counter(e[0]), uint64(40))
		w.equal("attempts of the other", len(w.dossier(l[1].TargetID).Attempts), 2)
	}},
	{"a counter is bound once for ever", func(w *world) {
		e, l := w.one()
		b := packet(l, e, ledger.Read, 40, 1)
		w.must(b)
		w.prove(b.AttemptID, ledger.Executed)
		w.refuse(packet(l, e, ledger.Read, 40, 2), ledger.ErrCounterMoved)
		for _, bad := range []uint64{41, 40, 7, 0} {
			again := packet(l, e, ledger.Read, 41, 2)
			again.New = bad
			if w.apply(again) == nil {
				w.t.Errorf("counter 41 can become %d", bad)
			}
		}
		w.equal("counter", w.counter(e), uint64(41))
	}},
	{"over an open write only its own fence may go", func(w *world) {
		e, l := w.one()
		write := packet(l, e, ledger.Write, 40, 1)
		w.must(write)
		w.refuse(packet(l, e, ledger.Write, 41, 2), ledger.ErrOpenWrite)
		w.refuse(packet(l, e, ledger.Read, 41, 2), ledger.ErrOpenWrite)
		wrong := packet(l, e, ledger.Read, 41, 2)
		wrong.Attempt.FenceOf = write.AttemptID + 1000
		w.refuse(wrong, ledger.ErrOpenWrite)
		disguised := packet(l, e, ledger.Write, 41, 2)
		disguised.Attempt.FenceOf = write.AttemptID
		w.refuse(disguised, ledger.ErrOpenWrite)
		fence := packet(l, e, ledger.Read, 41, 2)
		fence.Attempt.FenceOf = write.AttemptID
		w.must(fence)
		w.equal("fence", w.attempt(fence.AttemptID).FenceOf, write.AttemptID)
		w.must(packet(l, e, ledger.CP, 0, 3)) // has no counter
		w.prove(write.AttemptID, ledger.FencedRan)
		w.must(packet(l, e, ledger.Write, 42, 4))
	}},
	{"a write is not replaced", func(w *world) {
		e, l := w.one()
		write, read := packet(l, e, ledger.Write, 40, 1), packet(l, e, ledger.Read, 41, 2)
		w.must(write)
		read.Attempt.FenceOf, read.Replaces = write.AttemptID, []int64{write.AttemptID}
		w.must(read)
		w.equal("write", w.attempt(write.AttemptID).Outcome, ledger.Open)
	}},
	{"a new read replaces older ones", func(w *world) {
		e, l := w.one()
		old, next := packet(l, e, ledger.Read, 40, 1), packet(l, e, ledger.Read, 41, 2)
		w.must(old)
		next.Replaces = []int64{old.AttemptID}
		w.must(next)
		w.equal("old", w.attempt(old.AttemptID).Outcome, ledger.Overdue)
		w.equal("what had not left", w.submission(old.AttemptID).State, ledger.Withdrawn)
		w.equal("new", w.attempt(next.AttemptID).Outcome, ledger.Open)
	}},
	{"a step has one open CP document", func(w *world) {
		e, l := w.one()
		first := packet(l, e, ledger.CP, 0, 1)
		w.must(first)
		w.refuse(packet(l, e, ledger.CP, 0, 2), ledger.ErrStale)
		w.prove(first.AttemptID, ledger.Delivered)
		w.must(packet(l, e, ledger.CP, 0, 2))
	}},
	{"a step and try are bound once", func(w *world) {
		e, l := w.one()
		w.must(packet(l, e, ledger.Read, 40, 1))
		w.refuse(packet(l, e, ledger.Read, 41, 1), ledger.ErrStale)
		w.equal("counter", w.counter(e), uint64(41))
	}},
	{"a keyset of another card is refused", func(w *world) {
		e := w.cards(2)
		_, l := w.running("one", e...)
		if w.apply(packet(l[0], e[1], ledger.Read, 40, 1)) == nil {
			w.t.Error("a packet with another card's keys was bound")
		}
	}},
	{"pause and cancel stop what heeds them, in the same commit", func(w *world) {
		e := w.cards(2)
		c, l := w.running("one", e...)
		heeds, ignores := packet(l[0], e[0], ledger.Read, 40, 1), packet(l[0], e[0], ledger.Read, 40, 2)
		ignores.IfRunning = false
		errs := w.Apply(w.ctx, pause(c), heeds, ignores)
		if errs[0] != nil || !errors.Is(errs[1], ledger.ErrNotRunning) || errs[2] != nil {
			w.t.Fatalf("Apply = %v", errs)
		}
		w.must(cancel(c))
		w.refuse(packet(l[1], e[1], ledger.Read, 40, 1), ledger.ErrNotRunning)
	}},
	{"max_unproven is held in the same commit", func(w *world) {
		e := w.cards(4)
		c, l := w.running("one", e...)
		var ops []ledger.Op
		for i := range 3 {
			b := packet(l[i], e[i], ledger.Write, 40, 1)
			b.MaxUnproven, b.Unproven = 2, true
			ops = append(ops, b)
		}
		errs := w.Apply(w.ctx, ops...)
		if errs[0] != nil || errs[1] != nil || !errors.Is(errs[2], ledger.ErrUnproven) {
			w.t.Fatalf("Apply = %v", errs)
		}
		more := packet(l[0], e[0], ledger.Read, 41, 2)
		more.MaxUnproven, more.Unproven, more.Attempt.FenceOf = 2, true, ops[0].(*ledger.Bind).AttemptID
		w.must(more) // counts already
		w.equal("unproven", ok[ledger.Counts](w)(w.Counts(w.ctx, c)).Unproven, 2)
		w.must(&ledger.Advance{Lease: l[0], State: "moved", At: now})
		free := packet(l[3], e[3], ledger.Write, 40, 1)
		free.MaxUnproven, free.Unproven = 2, true
		w.must(free)
	}},
	{"what the saga says is stored with the attempt, or not at all", func(w *world) {
		e := w.cards(2)
		_, l := w.running("one", e...)
		begin := func(i, try int) *ledger.Bind {
			b := packet(l[i], e[i], ledger.Write, 40, try)
			b.MaxUnproven, b.Unproven = 1, true
			b.State = &ledger.Advance{State: "switching", Step: 7, DueAt: now.Add(time.Minute), At: now,
				Evidence: []ledger.Evidence{{Kind: ledger.EvState, SeenAt: now, Body: ledger.Body{State: "switching"}}}}
			return b
		}
		before := w.dossier(l[1].TargetID)
		errs := w.Apply(w.ctx, begin(0, 1), begin(1, 1))
		if errs[0] != nil || !errors.Is(errs[1], ledger.ErrUnproven) {
			w.t.Fatalf("Apply = %v", errs)
		}
		w.equal("the refused one", w.dossier(l[1].TargetID), before)
		d := w.dossier(l[0].TargetID)
		if t := d.Target; t.State != "switching" || t.Step != 7 || !t.Unproven || !t.DueAt.Equal(now.Add(time.Minute)) {
			w.t.Errorf("target %+v", t)
		}
		if len(d.Stored) != 1 || d.Stored[0].TargetID != l[0].TargetID || d.Stored[0].CardID != e[0].Card.ID {
			w.t.Errorf("evidence %+v", d.Stored)
		}
		fence := packet(l[0], e[0], ledger.Read, 41, 2)
		fence.Unproven, fence.Attempt.FenceOf = true, d.Attempts[0].ID
		fence.State = &ledger.Advance{State: "switched", At: now}
		w.must(fence)
		w.equal("still unproven", w.dossier(l[0].TargetID).Target.Unproven, true)
	}},
	{"a suspect keyset takes reads, and writes only when cleared", func(w *world) {
		given := entry(1)
		given.Keysets[0].Suspect = true
		ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", []catalog.Entry{given}))
		e := ok[catalog.Entry](w)(w.Card(w.ctx, given.Card.ICCID))
		_, l := w.running("one", e)
		w.refuse(packet(l[0], e, ledger.Write, 40, 1), ledger.ErrSuspect)
		w.must(packet(l[0], e, ledger.Read, 40, 1))
		w.must(&ledger.Settle{InboxIDs: []int64{w.received("")}, State: ledger.InboxSettled, ClearSuspect: e.Keysets[0].ID})
		w.must(packet(l[0], e, ledger.Write, 41, 2))
	}},
	{"many at once bind one counter once", func(w *world) {
		e, l := w.one()
		const n = 16
		errs := make(chan error, n)
		for i := range n {
			go func() { errs <- w.Apply(w.ctx, packet(l, e, ledger.Read, 40, i+1))[0] }()
		}
		won := 0
		for range n {
			switch err := <-errs; {
			case err == nil:
				won++
			case !errors.Is(err, ledger.ErrCounterMoved):
				w.t.Errorf("loser gets %v", err)
			}
		}
		w.equal("winners", won, 1)
		w.equal("counter", w.counter(e), uint64(41))
	}},
}
