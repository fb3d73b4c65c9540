package catalogtest

import (
	"context"
	"errors"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

var readLaws = []law{
	{"a dossier holds the attempts of its target and the references of its card", func(w *world) {
		e, first := w.one()
		_, second := w.running("two", e)
		a, b := packet(first, e, ledger.Read, 40, 2), packet(first, e, ledger.Read, 41, 1)
		other := packet(second[0], e, ledger.CP, 0, 9)
		other.Attempt.Deadline = now.Add(2 * time.Hour)
		w.must(a, b, other)
		d := w.dossier(first.TargetID)
		w.equal("attempts by step and try", []int64{d.Attempts[0].ID, d.Attempts[1].ID}, []int64{b.AttemptID, a.AttemptID})
		w.equal("references", d.References, []ledger.Reference{{Reference: 9, Deadline: now.Add(2 * time.Hour)}, {Reference: 1, Deadline: now.Add(time.Hour)}, {Reference: 2, Deadline: now.Add(time.Hour)}})
		campaign := w.campaign("one")
		campaign.Spec = nil
		w.equal("campaign", d.Campaign, campaign)
		w.equal("card", d.Entry, ok[catalog.Entry](w)(w.CardByID(w.ctx, e.Card.ID)))
		targets := ok[[]ledger.Target](w)(w.TargetsOfCard(w.ctx, e.Card.ID))
		w.equal("targets of the card", []int64{targets[0].ID, targets[1].ID}, []int64{second[0].TargetID, first.TargetID})
	}},
	{"keysets and SPIs in use on a TAR come newest first", func(w *world) {
		e, l := w.one()
		a, b, c := packet(l, e, ledger.Read, 40, 1), packet(l, e, ledger.Read, 41, 2), packet(l, e, ledger.Read, 42, 3)
		b.Attempt.SPI = []byte{0x12, 0x21}
		c.Attempt.TAR = []byte{1, 2, 3}
		again := packet(l, e, ledger.Read, 43, 4)
		w.must(a, b, c, again)
		k := e.Keysets[0]
		k.Counter = again.New
		w.equal("secured by", ok[[]ledger.Secured](w)(w.SecuredBy(w.ctx, e.Subscriptions[0].MSISDN, a.Attempt.TAR)),
			[]ledger.Secured{{ICCID: e.Card.ICCID, Keyset: k, SPI: a.Attempt.SPI}, {ICCID: e.Card.ICCID, Keyset: k, SPI: b.Attempt.SPI}})
		w.equal("of a number nobody has", ok[[]ledger.Secured](w)(w.SecuredBy(w.ctx, "+1", a.Attempt.TAR)), []ledger.Secured(nil))
	}},
	{"a keyset without an open write has none", func(w *world) {
		e, l := w.one()
		w.must(packet(l, e, ledger.Read, 40, 1))
		if _, found, err := w.OpenWrite(w.ctx, e.Keysets[0].ID); found || err != nil {
			w.t.Errorf("OpenWrite = %v, %v", found, err)
		}
	}},
	{"traffic counts what was or may have been sent", func(w *world) {
		e, l := w.one()
		b := packet(l, e, ledger.Read, 40, 1)
		s := w.sent(b)
		again := b.Submissions[0]
		again.PartID = s.PartID
		w.must(accepted(s.ID, "a"), &ledger.Resubmit{Lease: l, Submissions: []ledger.Submission{again, again}})
		w.must(&ledger.Sending{IDs: []int64{w.attempt(b.AttemptID).Parts[0].Submissions[1].ID}, At: now})
		w.must(&ledger.Settle{InboxIDs: []int64{w.received("")}, State: ledger.InboxSettled, Finals: []ledger.Final{{SubmissionID: s.ID, State: ledger.Arrived, At: now}},
			Evidence: []ledger.Evidence{{TargetID: l.TargetID, Kind: ledger.EvProof, SeenAt: now}}})
		campaign := w.dossier(l.TargetID).Campaign.ID
		w.equal("traffic", ok[ledger.Traffic](w)(w.Traffic(w.ctx, campaign)), ledger.Traffic{Submissions: 2, Resent: 1, Receipts: 1, Proofs: 1})
	}},
	{"what was applied before a read began is seen by it", func(w *world) {
		for i := range 50 {
			id := w.received("")
			rows := ok[[]ledger.InboxRow](w)(w.InboxByID(w.ctx, id))
			if len(rows) != 1 {
				w.t.Fatalf("row %d of inbox is not there yet", i)
			}
		}
	}},
	{"nothing is applied for a caller who has gone", func(w *world) {
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		errs := w.Apply(ctx, &ledger.Receive{Row: ledger.InboxRow{Link: "l", IDScope: "scope", ReceivedAt: now, PDU: []byte{5}}})
		if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
			w.t.Errorf("Apply = %v, want context.Canceled", errs)
		}
		w.equal("inbox", len(ok[[]ledger.InboxRow](w)(w.Inbox(w.ctx, ledger.InboxNew, 0, 0))), 0)
	}},
}
