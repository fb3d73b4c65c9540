package catalogtest

import (
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

var targetLaws = []law{
	{"a card has one saga at a time", func(w *world) {
		e := w.cards(1)[0]
		_, first := w.running("one", e)
		_, second := w.running("two", e)
		claim := &ledger.Claim{Lease: first[0], Facts: []byte(`{"a":1}`), From: e.Subscriptions[0].ID, To: e.Subscriptions[1].ID, At: now}
		w.must(claim)
		got := w.dossier(first[0].TargetID).Target
		w.equal("pinned", []any{string(got.Facts), got.From, got.To, got.ClaimedAt}, []any{`{"a":1}`, claim.From, claim.To, now})
		busy := &ledger.Claim{Lease: second[0], At: now}
		w.refuse(busy, ledger.ErrCardBusy)
		w.equal("busy in", busy.BusyIn, "one")
		w.refuse(claim, ledger.ErrStale)
		w.must(&ledger.Advance{Lease: first[0], State: "verified", Closed: true, At: now})
		w.must(busy)
		w.equal("busy in no more", busy.BusyIn, "")
		w.refuse(&ledger.Reopen{Lease: first[0], At: now}, ledger.ErrCardBusy)
	}},
	{"a claim needs a running campaign", func(w *world) {
		c, l := w.running("one", w.cards(1)...)
		w.must(pause(c))
		w.refuse(&ledger.Claim{Lease: l[0], At: now}, ledger.ErrNotRunning)
	}},
	{"advance stores what the saga says, and never reopens", func(w *world) {
		e, l := w.one()
		b := packet(l, e, ledger.Write, 40, 1)
		w.must(b)
		w.must(&ledger.Advance{Lease: l, State: "moved", Cause: "seen", Step: 3, Unproven: true, DueAt: now.Add(time.Hour), At: now, Active: e.Subscriptions[1].ID,
			Evidence: []ledger.Evidence{{Kind: ledger.EvState, SeenAt: now, Body: ledger.Body{State: "moved"}}}, Conclusions: []ledger.Conclusion{{AttemptID: b.AttemptID, Outcome: ledger.Held, At: now}}})
		d := w.dossier(l.TargetID)
		w.equal("target", []any{d.Target.State, d.Target.Cause, d.Target.Step, d.Target.Unproven, d.Target.DueAt}, []any{"moved", "seen", 3, true, now.Add(time.Hour)})
		w.equal("active", d.Entry.Card.Active, e.Subscriptions[1].ID)
		w.equal("outcome", d.Attempts[0].Outcome, ledger.Held)
		w.equal("evidence", []any{d.Stored[0].TargetID, d.Stored[0].CardID, d.Stored[0].Body.State}, []any{l.TargetID, e.Card.ID, "moved"})
		w.must(&ledger.Advance{Lease: l, State: "dark", Closed: true, At: now.Add(time.Second)}, &ledger.Advance{Lease: l, State: "moved", At: now.Add(time.Minute)})
		d = w.dossier(l.TargetID)
		w.equal("closed", []any{d.Target.State, d.Target.ClosedAt, d.Target.DueAt}, []any{"moved", now.Add(time.Second), time.Time{}})
	}},
	{"an identity of another card is not made active", func(w *world) {
		e := w.cards(2)
		_, l := w.running("one", e...)
		w.refuse(&ledger.Advance{Lease: l[0], State: "moved", At: now, Active: e[1].Subscriptions[0].ID}, catalog.ErrNotFound)
		w.equal("state", w.dossier(l[0].TargetID).Target.State, "selected")
	}},
	{"due targets come earliest first, and the time of the next", func(w *world) {
		_, l := w.running("one", w.cards(4)...)
		for i, due := range []time.Duration{3, 1, 2, 0} {
			op := &ledger.Advance{Lease: l[i], State: "switching", DueAt: now.Add(due * time.Minute), At: now, Closed: i == 1}
			if due == 0 {
				op.DueAt = time.Time{}
			}
			w.must(op)
		}
		for _, c := range []struct {
			at    time.Duration
			limit int
			want  []int64
			next  time.Time
		}{
			{0, 10, nil, now.Add(time.Minute)},
			{1, 10, []int64{l[1].TargetID}, now.Add(2 * time.Minute)},
			{9, 2, []int64{l[1].TargetID, l[2].TargetID}, now.Add(3 * time.Minute)},
			{9, 10, []int64{l[1].TargetID, l[2].TargetID, l[0].TargetID}, time.Time{}},
		} {
			ids, next, err := w.Due(w.ctx, now.Add(c.at*time.Minute), c.limit)
			if err != nil {
				w.t.Fatal(err)
			}
			w.equal("due", ids, c.want)
			w.equal("next", next, c.next)
		}
	}},
	{"retry begins a new round of a closed target", func(w *world) {
		e, l := w.one()
		b := packet(l, e, ledger.Read, 40, 1)
		w.must(b)
		again := &ledger.Retry{Actor: "eve", TargetID: l.TargetID, Decision: "try again", At: now.Add(time.Hour), State: "selected"}
		w.refuse(again, ledger.ErrStale)
		w.must(&ledger.Advance{Lease: l, State: "dark", Cause: "silence", Closed: true, At: now})
		audit := len(ok[[]ledger.AuditRow](w)(w.Audit(w.ctx, 0, 0)))
		w.must(again)
		d := w.dossier(l.TargetID)
		w.equal("target", []any{d.Target.State, d.Target.Cause, d.Target.ClaimedAt, d.Target.ClosedAt, d.Target.DueAt},
			[]any{"selected", "", time.Time{}, time.Time{}, now.Add(time.Hour)})
		w.equal("attempts stay", len(d.Attempts), 1)
		w.equal("evidence", []any{d.Stored[0].Kind, d.Stored[0].Body.Actor, d.Stored[0].Body.Decision}, []any{ledger.EvPerson, "eve", "try again"})
		w.equal("audit rows", len(ok[[]ledger.AuditRow](w)(w.Audit(w.ctx, 0, 0))), audit+1)
		w.refuse(&ledger.Advance{Lease: l, State: "dark", At: now}, ledger.ErrLeaseLost)
		w.must(&ledger.Claim{Lease: w.lease(l.TargetID), At: now})
	}},
	{"reopen claims a closed target again", func(w *world) {
		_, l := w.one()
		w.refuse(&ledger.Reopen{Lease: l, At: now}, ledger.ErrStale)
		w.must(&ledger.Advance{Lease: l, State: "dark", Closed: true, At: now}, &ledger.Reopen{Lease: l, At: now.Add(time.Hour)})
		got := w.dossier(l.TargetID).Target
		w.equal("target", []any{got.ClaimedAt, got.ClosedAt}, []any{now, time.Time{}})
	}},
}
