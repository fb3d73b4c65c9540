package catalogtest

import (
	"slices"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

func accepted(id int64, messageID string) *ledger.Respond {
	return &ledger.Respond{SubmissionID: id, State: ledger.Accepted, MessageID: messageID, IDNormal: messageID, IDScope: "scope", At: now}
}

func (w *world) outbox(link string, at time.Time, n int) (ids []int64, next time.Time) {
	w.t.Helper()
	out, next, err := w.Outbox(w.ctx, link, at, n)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, o := range out {
		ids = append(ids, o.ID)
	}
	return ids, next
}

var sendLaws = []law{
	{"a submission is taken once", func(w *world) {
		e, l := w.one()
		b := packet(l, e, ledger.Read, 40, 1)
		w.must(b)
		id := w.submission(b.AttemptID).ID
		first, second := &ledger.Sending{IDs: []int64{id, 9999}, At: now}, &ledger.Sending{IDs: []int64{id}, At: now}
		w.must(first, second)
		w.equal("first", first.Taken, []int64{id})
		w.equal("second", len(second.Taken), 0)
		s := w.submission(b.AttemptID)
		w.equal("state", s.State, ledger.Submitting)
		w.equal("sent at", s.SentAt, now)
	}},
	{"the outbox gives confirmations first, then the oldest, and says when to come again", func(w *world) {
		e, l := w.one()
		later := packet(l, e, ledger.Read, 40, 1)
		later.Submissions[0].NotBefore = now.Add(time.Minute)
		second, third, urgent := packet(l, e, ledger.Read, 41, 2), packet(l, e, ledger.Read, 42, 3), packet(l, e, ledger.Confirm, 43, 4)
		urgent.Submissions[0].Class = ledger.ClassConfirm
		w.must(later, second, third, urgent)
		id := func(b *ledger.Bind) int64 { return w.submission(b.AttemptID).ID }
		got, next := w.outbox("l", now, 10)
		w.equal("now", got, []int64{id(urgent), id(second), id(third)})
		w.equal("next", next, now.Add(time.Minute))
		got, next = w.outbox("l", now, 2)
		w.equal("a page", got, []int64{id(urgent), id(second)})
		w.equal("more at once", next, now)
		got, next = w.outbox("l", now.Add(time.Minute), 10)
		w.equal("later", got, []int64{id(urgent), id(later), id(second), id(third)})
		w.equal("nothing more", next, time.Time{})
		got, _ = w.outbox("m", now.Add(time.Hour), 10)
		w.equal("another operator", len(got), 0)
		awaited, err := w.Awaited(w.ctx)
		w.equal("awaited", awaited, []string{"l"})
		w.equal("awaited: error", err, nil)
		out, _, err := w.Outbox(w.ctx, "l", now, 1)
		if err != nil {
			w.t.Fatal(err)
		}
		w.equal("what goes", out[0], ledger.Outgoing{Submission: w.submission(urgent.AttemptID), Kind: ledger.Confirm, Format: urgent.Attempt.Format, UserData: urgent.Parts[0], TargetID: l.TargetID})
	}},
	{"campaigns take turns in the outbox, whoever came first", func(w *world) {
		cards := w.cards(14)
		_, large := w.running("large", cards[:10]...)
		_, small := w.running("small", cards[10:]...)
		of := map[int64]string{}
		bind := func(leases []ledger.Lease, cards []catalog.Entry, name string, class ledger.Class) {
			for i, l := range leases {
				b := packet(l, cards[i], ledger.Read, 40, 1)
				b.Submissions[0].Class = class
				w.must(b)
				of[w.submission(b.AttemptID).ID] = name
			}
		}
		count := func(ids []int64) map[string]int {
			n := map[string]int{}
			for _, id := range ids {
				n[of[id]]++
			}
			return n
		}
		bind(large, cards[:10], "large", ledger.ClassCampaign)
		bind(small, cards[10:], "small", ledger.ClassCampaign)
		got, _ := w.outbox("l", now, 6)
		w.equal("six places", count(got), map[string]int{"large": 3, "small": 3})
		got, _ = w.outbox("l", now, 12)
		w.equal("more than one campaign needs", count(got), map[string]int{"large": 8, "small": 4})
		got, _ = w.outbox("l", now, 100)
		w.equal("all", count(got), map[string]int{"large": 10, "small": 4})
		first := map[string]int{}
		for range 10 {
			got, _ = w.outbox("l", now, 1)
			first[of[got[0]]]++
		}
		w.equal("one place at a time", first, map[string]int{"large": 5, "small": 5})

		urgent := w.cards(15)[14:]
		_, person := w.running("person", urgent...)
		bind(person, urgent, "person", ledger.ClassInteractive)
		got, _ = w.outbox("l", now, 3)
		w.equal("what a person waits for goes first", of[got[0]], "person")
	}},
	{"an acceptance is found by its message id", func(w *world) {
		e, l := w.one()
		s := w.sent(packet(l, e, ledger.Read, 40, 1))
		r := &ledger.Respond{SubmissionID: s.ID, Link: "l-2", State: ledger.Accepted, MessageID: "0A", IDNormal: "a", IDScope: "scope", At: now}
		w.must(r)
		w.equal("target", r.TargetID, l.TargetID)
		refs := ok[[]ledger.SubmissionRef](w)(w.ByReceipt(w.ctx, "scope", "a"))
		if len(refs) != 1 {
			w.t.Fatalf("%d submissions of the id, want 1", len(refs))
		}
		w.equal("submission", refs[0].Submission.ID, s.ID)
		w.equal("raw id", refs[0].Submission.MessageID, "0A")
		w.equal("link", refs[0].Submission.Link, "l-2")
		w.equal("target of it", refs[0].TargetID, l.TargetID)
		w.equal("card of it", refs[0].CardID, e.Card.ID)
		w.equal("part of it", refs[0].PartSeq, 1)
		w.equal("another scope", len(ok[[]ledger.SubmissionRef](w)(w.ByReceipt(w.ctx, "other", "a"))), 0)
	}},
	{"one message id may be given twice: newest first", func(w *world) {
		e, l := w.one()
		first, second := w.sent(packet(l, e, ledger.Read, 40, 1)), w.sent(packet(l, e, ledger.Read, 41, 2))
		w.must(accepted(first.ID, "a"), accepted(second.ID, "a"))
		refs := ok[[]ledger.SubmissionRef](w)(w.ByReceipt(w.ctx, "scope", "a"))
		if len(refs) != 2 || refs[0].Submission.ID != second.ID || refs[1].Submission.ID != first.ID {
			w.t.Errorf("ByReceipt = %+v", refs)
		}
	}},
	{"a receipt that came before its response is found by it", func(w *world) {
		e, l := w.one()
		s := w.sent(packet(l, e, ledger.Read, 40, 1))
		early, keyed, other := w.received(""), w.received("receipt:a"), w.received("")
		w.wait(early, "receipt:a")
		w.wait(other, "receipt:b")
		r := accepted(s.ID, "a")
		w.must(r)
		w.equal("waiting", r.Waiting, []int64{early, keyed})
		w.must(&ledger.Settle{InboxIDs: r.Waiting, State: ledger.InboxSettled})
		again := accepted(s.ID, "a")
		w.must(again)
		w.equal("waiting after it is settled", len(again.Waiting), 0)
	}},
	{"a temporary refusal has a successor, not before its time", func(w *world) {
		e, l := w.one()
		s := w.sent(packet(l, e, ledger.Read, 40, 1))
		w.must(&ledger.Respond{SubmissionID: s.ID, State: ledger.Temporary, Status: 0x58, At: now, NotBefore: now.Add(time.Second)})
		all := w.dossier(l.TargetID).Attempts[0].Parts[0].Submissions
		if len(all) != 2 {
			w.t.Fatalf("%d submissions, want 2", len(all))
		}
		w.equal("first", []any{all[0].State, all[0].Status}, []any{ledger.Temporary, uint32(0x58)})
		want := s
		want.ID, want.Try, want.State, want.NotBefore, want.SentAt = all[1].ID, 2, ledger.Ready, now.Add(time.Second), time.Time{}
		w.equal("successor", all[1], want)
	}},
	{"what certainly was not sent is ready again", func(w *world) {
		e, l := w.one()
		s := w.sent(packet(l, e, ledger.Read, 40, 1))
		w.must(&ledger.Respond{SubmissionID: s.ID, State: ledger.Ready, At: now, NotBefore: now.Add(time.Second)})
		ids, _ := w.outbox("l", now.Add(time.Second), 10)
		w.equal("outbox", ids, []int64{s.ID})
	}},
	{"an ambiguous submission takes a late answer", func(w *world) {
		e, l := w.one()
		for i, late := range []ledger.SubmissionState{ledger.Accepted, ledger.Rejected} {
			s := w.sent(packet(l, e, ledger.Read, uint64(40+i), i+1))
			w.must(&ledger.Respond{SubmissionID: s.ID, State: ledger.Ambiguous, Err: "link lost", At: now, NotBefore: now.Add(time.Minute)})
			got := w.dossier(l.TargetID).Attempts[i].Parts[0].Submissions[0]
			w.equal("ambiguous", []any{got.State, got.NotBefore, got.Err}, []any{ledger.Ambiguous, now.Add(time.Minute), "link lost"})
			w.must(&ledger.Respond{SubmissionID: s.ID, State: ledger.Ready, At: now}) // it was written: never again
			w.equal("still", w.dossier(l.TargetID).Attempts[i].Parts[0].Submissions[0].State, ledger.Ambiguous)
			w.must(&ledger.Respond{SubmissionID: s.ID, State: late, At: now})
			w.equal("late", w.dossier(l.TargetID).Attempts[i].Parts[0].Submissions[0].State, late)
		}
	}},
	{"a final submission keeps its state and learns its message id", func(w *world) {
		e, l := w.one()
		b := packet(l, e, ledger.Read, 40, 1)
		s := w.sent(b)
		w.must(&ledger.Settle{InboxIDs: []int64{w.received("")}, State: ledger.InboxSettled, Finals: []ledger.Final{{SubmissionID: s.ID, State: ledger.Arrived, At: now}}})
		for _, state := range []ledger.SubmissionState{ledger.Accepted, ledger.Temporary, ledger.Rejected, ledger.Ambiguous, ledger.Ready} {
			r := accepted(s.ID, "a")
			r.State = state
			w.must(r)
			w.equal("state", w.submission(b.AttemptID).State, ledger.Arrived)
		}
		w.equal("submissions", len(w.attempt(b.AttemptID).Parts[0].Submissions), 1)
		w.equal("by receipt", len(ok[[]ledger.SubmissionRef](w)(w.ByReceipt(w.ctx, "scope", "a"))), 1)
	}},
	{"an interrupt makes what was under way ambiguous", func(w *world) {
		e, l := w.one()
		on, off, ready := packet(l, e, ledger.Read, 40, 1), packet(l, e, ledger.Read, 41, 2), packet(l, e, ledger.Read, 42, 3)
		off.Submissions[0].Operator = "foreign"
		w.sent(on)
		w.sent(off)
		w.must(ready)
		i := &ledger.Interrupt{Operators: []string{"l", "m"}, NotBefore: now.Add(time.Minute)}
		w.must(i)
		w.equal("count", i.Count, 1)
		w.equal("targets", i.TargetIDs, []int64{l.TargetID})
		w.equal("ours", w.submission(on.AttemptID).State, ledger.Ambiguous)
		w.equal("grace", w.submission(on.AttemptID).NotBefore, now.Add(time.Minute))
		w.equal("foreign", w.submission(off.AttemptID).State, ledger.Submitting)
		w.equal("ready", w.submission(ready.AttemptID).State, ledger.Ready)
		all := &ledger.Interrupt{NotBefore: now.Add(time.Minute)}
		w.must(all)
		w.equal("of all links", all.Count, 1)
		w.equal("foreign now", w.submission(off.AttemptID).State, ledger.Ambiguous)
	}},
	{"withdraw takes back only what has not left", func(w *world) {
		e, l := w.one()
		b := packet(l, e, ledger.Read, 40, 1)
		b.Submissions = append(b.Submissions, b.Submissions[0])
		s := w.sent(b)
		w.must(&ledger.Withdraw{Lease: l, AttemptID: b.AttemptID})
		all := w.attempt(b.AttemptID).Parts[0].Submissions
		w.equal("sent", []any{all[0].ID, all[0].State}, []any{s.ID, ledger.Submitting})
		w.equal("not sent", all[1].State, ledger.Withdrawn)
		ids, _ := w.outbox("l", now, 10)
		w.equal("outbox", len(ids), 0)
	}},
	{"a resend is a further try of the same part", func(w *world) {
		e, l := w.one()
		b := packet(l, e, ledger.Write, 40, 1)
		s := w.sent(b)
		w.must(&ledger.Respond{SubmissionID: s.ID, State: ledger.Ambiguous, At: now, NotBefore: now.Add(time.Minute)})
		again := b.Submissions[0]
		again.PartID, again.Operator = s.PartID, "m"
		w.must(&ledger.Resubmit{Lease: l, Submissions: []ledger.Submission{again, again}, Retire: []int64{s.ID}})
		all := w.attempt(b.AttemptID).Parts[0].Submissions
		var tries []int
		for _, s := range all {
			tries = append(tries, s.Try)
		}
		w.equal("tries", tries, []int{1, 2, 3})
		w.equal("retired", []any{all[0].State, all[0].NotBefore}, []any{ledger.Ambiguous, time.Time{}})
		out, _, err := w.Outbox(w.ctx, "m", now, 10)
		if err != nil || len(out) != 2 || !slices.Equal(out[0].UserData, b.Parts[0]) {
			w.t.Errorf("outbox %v, %v", out, err)
		}
	}},
	{"nothing of a concluded attempt goes out any more", func(w *world) {
		e, l := w.one()
		b := packet(l, e, ledger.Write, 40, 1)
		b.Submissions = append(b.Submissions, b.Submissions[0])
		s := w.sent(b)
		w.prove(b.AttemptID, ledger.Unsent)
		w.equal("what had not left", w.attempt(b.AttemptID).Parts[0].Submissions[1].State, ledger.Withdrawn)
		again := b.Submissions[0]
		again.PartID = s.PartID
		w.refuse(&ledger.Resubmit{Lease: l, Submissions: []ledger.Submission{again}}, ledger.ErrStale)
		for i, late := range []ledger.SubmissionState{ledger.Temporary, ledger.Ready} {
			read := packet(l, e, ledger.Read, uint64(41+i), 2+i)
			s := w.sent(read)
			w.prove(read.AttemptID, ledger.Executed)
			w.must(&ledger.Respond{SubmissionID: s.ID, State: late, At: now})
		}
		ids, _ := w.outbox("l", now.Add(time.Hour), 10)
		w.equal("outbox", len(ids), 0)
	}},
	{"a part of another target is not resent", func(w *world) {
		e := w.cards(2)
		_, l := w.running("one", e...)
		s := w.sent(packet(l[0], e[0], ledger.Read, 40, 1))
		w.refuse(&ledger.Resubmit{Lease: l[1], Submissions: []ledger.Submission{{PartID: s.PartID, Operator: "l"}}}, catalog.ErrNotFound)
	}},
}
