package catalogtest

import (
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

var settleLaws = []law{
	{"the inbox keeps every PDU, equal ones too", func(w *world) {
		row := ledger.InboxRow{Link: "l", IDScope: "scope", ReceivedAt: now, Kind: "proof", PDU: []byte{0, 1, 2}}
		first, second := &ledger.Receive{Row: row}, &ledger.Receive{Row: row}
		w.must(first, second)
		rows := ok[[]ledger.InboxRow](w)(w.Inbox(w.ctx, ledger.InboxNew, 0, 10))
		a, b := row, row
		a.ID, a.State, b.ID, b.State = first.ID, ledger.InboxNew, second.ID, ledger.InboxNew
		w.equal("rows", rows, []ledger.InboxRow{a, b})
		w.equal("a page", ok[[]ledger.InboxRow](w)(w.Inbox(w.ctx, ledger.InboxNew, first.ID, 10)), []ledger.InboxRow{b})
		w.equal("by id", ok[[]ledger.InboxRow](w)(w.InboxByID(w.ctx, second.ID, first.ID)), []ledger.InboxRow{a, b})
	}},
	{"a filter takes rows by state, link and time, page by page", func(w *world) {
		var ids []int64
		for i, link := range []string{"a", "b", "a", "a"} {
			op := &ledger.Receive{Row: ledger.InboxRow{Link: link, IDScope: "scope", ReceivedAt: now.Add(time.Duration(i) * time.Hour), PDU: []byte{5}}}
			w.must(op)
			ids = append(ids, op.ID)
		}
		w.must(&ledger.Settle{InboxIDs: ids[2:3], State: ledger.InboxOrphan, Kind: "unknown"})
		for _, c := range []struct {
			filter ledger.InboxFilter
			after  int64
			limit  int
			want   []int64
		}{
			{ledger.InboxFilter{}, 0, 0, ids},
			{ledger.InboxFilter{}, ids[0], 2, ids[1:3]},
			{ledger.InboxFilter{State: ledger.InboxOrphan}, 0, 10, ids[2:3]},
			{ledger.InboxFilter{Link: "a"}, 0, 10, []int64{ids[0], ids[2], ids[3]}},
			{ledger.InboxFilter{Since: now.Add(time.Hour)}, 0, 10, ids[1:]},
			{ledger.InboxFilter{State: ledger.InboxNew, Link: "a", Since: now.Add(time.Minute)}, 0, 10, ids[3:]},
			{ledger.InboxFilter{State: ledger.InboxWaiting}, 0, 10, nil},
		} {
			var got []int64
			for _, r := range ok[[]ledger.InboxRow](w)(w.InboxRows(w.ctx, c.filter, c.after, c.limit)) {
				got = append(got, r.ID)
			}
			w.equal("rows", got, c.want)
		}
	}},
	{"settling twice is stale and leaves no trace", func(w *world) {
		_, l := w.one()
		id := w.received("")
		s := &ledger.Settle{InboxIDs: []int64{id}, State: ledger.InboxSettled, Kind: "receipt", Evidence: []ledger.Evidence{{TargetID: l.TargetID, Kind: ledger.EvSilence, SeenAt: now}}}
		w.must(s)
		w.refuse(s, ledger.ErrStale)
		w.equal("evidence", len(w.dossier(l.TargetID).Stored), 1)
		w.equal("counts", ok[map[ledger.InboxState]int](w)(w.InboxCounts(w.ctx)), map[ledger.InboxState]int{ledger.InboxSettled: 1})
		w.refuse(&ledger.Settle{InboxIDs: []int64{id}, State: ledger.InboxOrphan}, ledger.ErrStale)
	}},
	{"parts of one message settle together when the last has come", func(w *world) {
		first, second := w.received(""), w.received("")
		w.must(&ledger.Settle{InboxIDs: []int64{first}, State: ledger.InboxWaiting, Kind: "proof", Key: "parts:7"})
		rows := ok[[]ledger.InboxRow](w)(w.InboxByKey(w.ctx, "scope", "parts:7"))
		if len(rows) != 1 || rows[0].ID != first || rows[0].State != ledger.InboxWaiting || rows[0].Kind != "proof" {
			w.t.Fatalf("InboxByKey = %+v", rows)
		}
		w.must(&ledger.Settle{InboxIDs: []int64{first, second}, State: ledger.InboxSettled})
		w.equal("waiting", len(ok[[]ledger.InboxRow](w)(w.InboxByKey(w.ctx, "scope", "parts:7"))), 0)
	}},
	{"evidence is given back as it was stored", func(w *world) {
		e, l := w.one()
		b := packet(l, e, ledger.Read, 40, 1)
		s := w.sent(b)
		id := w.received("")
		ev := ledger.Evidence{TargetID: l.TargetID, CardID: e.Card.ID, AttemptID: b.AttemptID, SubmissionID: s.ID, InboxID: id, Kind: ledger.EvProof, Counter: 41, Link: "l",
			SeenAt: now, HappenedAt: now.Add(-time.Second), Raw: []byte{1, 2}, Body: ledger.Body{Attempt: ledger.Read, Label: "file:imsi", Status: 0, Authenticated: true,
				Executed: 2, Complete: true, SW: "9000", Data: []byte{8}, Files: []ledger.FileData{{Command: 1, Data: []byte{8, 9}, SW: "9000"}}, Settles: 3, Ran: true}}
		plain := ledger.Evidence{TargetID: l.TargetID, Kind: ledger.EvSilence, SeenAt: now}
		w.must(&ledger.Settle{InboxIDs: []int64{id}, State: ledger.InboxSettled, Evidence: []ledger.Evidence{ev, plain}})
		if diff := cmp.Diff([]ledger.Evidence{ev, plain}, w.dossier(l.TargetID).Stored, cmpopts.IgnoreFields(ledger.Evidence{}, "ID")); diff != "" {
			w.t.Errorf("evidence (-want +got):\n%s", diff)
		}
	}},
	{"the first final receipt stands, whatever comes later", func(w *world) {
		e, l := w.one()
		all := []ledger.SubmissionState{ledger.Arrived, ledger.Undelivered, ledger.Expired}
		for i, first := range all {
			b := packet(l, e, ledger.Read, uint64(40+i), i+1)
			s := w.sent(b)
			for j, comes := range append([]ledger.SubmissionState{first}, all...) {
				w.must(&ledger.Settle{InboxIDs: []int64{w.received("")}, State: ledger.InboxSettled,
					Finals: []ledger.Final{{SubmissionID: s.ID, State: comes, Err: string(comes), At: now.Add(time.Duration(j) * time.Second)}}})
				got := w.submission(b.AttemptID)
				w.equal("state", []any{got.State, got.Err, got.FinalAt}, []any{first, string(first), now})
			}
		}
	}},
	{"conclusions obey their rank in whatever order they come", func(w *world) {
		e, l := w.one()
		all := []ledger.Outcome{ledger.Refused, ledger.Unsent, ledger.FencedRan, ledger.FencedNot, ledger.Executed, ledger.Held, ledger.Overdue}
		rank := map[ledger.Outcome]int{ledger.Executed: 2, ledger.FencedRan: 1, ledger.FencedNot: 1}
		old, try := uint64(40), 1
		for _, first := range all {
			for _, second := range all {
				b := packet(l, e, ledger.Write, old, try)
				w.must(b)
				w.prove(b.AttemptID, first)
				w.prove(b.AttemptID, second)
				want := first
				if rank[second] > rank[first] {
					want = second
				}
				if got := w.attempt(b.AttemptID).Outcome; got != want {
					w.t.Errorf("%q then %q gives %q, want %q", first, second, got, want)
				}
				if want == ledger.Held { // counts as open: the next write has to wait for its fence
					w.prove(b.AttemptID, ledger.FencedNot)
				}
				old, try = old+1, try+1
			}
		}
	}},
	{"a settlement that fails late leaves no trace", func(w *world) {
		_, l := w.one()
		id := w.received("")
		w.refuse(&ledger.Settle{InboxIDs: []int64{id}, State: ledger.InboxSettled, Evidence: []ledger.Evidence{{TargetID: l.TargetID, Kind: ledger.EvProof, SeenAt: now}},
			Conclusions: []ledger.Conclusion{{AttemptID: 9999, Outcome: ledger.Executed, At: now}}}, catalog.ErrNotFound)
		w.equal("evidence", len(w.dossier(l.TargetID).Stored), 0)
		w.equal("row", ok[[]ledger.InboxRow](w)(w.InboxByID(w.ctx, id))[0].State, ledger.InboxNew)
	}},
	{"a witness speaks to the target that works on the card, else to the last that did", func(w *world) {
		e := w.cards(2)
		see := func(card int64) int64 {
			op := &ledger.Witness{Evidence: ledger.Evidence{CardID: card, Kind: ledger.EvAttach, SeenAt: now}}
			w.must(op)
			return op.TargetID
		}
		w.equal("none", see(e[0].Card.ID), int64(0))
		_, first := w.running("one", e[0])
		_, second := w.running("two", e[0])
		w.equal("the last", see(e[0].Card.ID), second[0].TargetID)
		w.must(&ledger.Claim{Lease: first[0], Facts: []byte("{}"), At: now})
		w.equal("the one that works", see(e[0].Card.ID), first[0].TargetID)
		w.must(&ledger.Advance{Lease: first[0], State: "dark", Closed: true, At: now})
		w.equal("the last that did, not one that waits", see(e[0].Card.ID), first[0].TargetID)
		w.must(&ledger.Advance{Lease: second[0], State: "skipped", Closed: true, At: now})
		w.equal("nor one that was skipped", see(e[0].Card.ID), first[0].TargetID)
		w.equal("stored", len(w.dossier(first[0].TargetID).Stored), 3)
		w.equal("another card", see(e[1].Card.ID), int64(0))
	}},
	{"an event of a closed card is for the last campaign that was about its identity", func(w *world) {
		e := w.cards(1)[0]
		old, new := e.Subscriptions[0], e.Subscriptions[1]
		see := func(imsi string) int64 {
			op := &ledger.Witness{Evidence: ledger.Evidence{CardID: e.Card.ID, Kind: ledger.EvAttach, SeenAt: now, Body: ledger.Body{IMSI: imsi}}}
			w.must(op)
			return op.TargetID
		}
		_, swap := w.running("swap", e)
		w.must(&ledger.Claim{Lease: swap[0], Facts: []byte("{}"), From: old.ID, To: new.ID, At: now}, &ledger.Advance{Lease: swap[0], State: "verified", Closed: true, At: now})
		_, provision := w.running("provision", e)
		w.must(&ledger.Claim{Lease: provision[0], Facts: []byte("{}"), To: new.ID, At: now}, &ledger.Advance{Lease: provision[0], State: "verified", Closed: true, At: now})
		_, files := w.running("files", e)
		w.must(&ledger.Claim{Lease: files[0], Facts: []byte("{}"), From: new.ID, At: now}, &ledger.Advance{Lease: files[0], State: "written", Closed: true, At: now})
		w.equal("the new identity", see(new.IMSI), provision[0].TargetID)
		w.equal("the old one", see(old.IMSI), swap[0].TargetID)
		w.equal("none of the card", see("999990000000000"), files[0].TargetID)
	}},
}
