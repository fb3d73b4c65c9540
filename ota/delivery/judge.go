package delivery

import (
	"context"
	"slices"
	"strings"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/smpp/receipt"
)

// Kinds of inbox rows: what a row was taken for, and of an orphan also why it
// fits nothing. They are stored; new words may be added.
const (
	KindUnreadable       = "unreadable"              // no deliver_sm or data_sm
	KindUnknown          = "unknown"                 // nothing that is understood
	KindPacket           = "packet"                  // an answer or message of a card that belongs to none of ours
	KindPart             = "part"                    // of an answer, the others did not come
	KindReceipt          = "receipt"                 // as an orphan: nobody was given its id
	KindAmbiguousReceipt = "receipt: ambiguous id"   // several submissions have its id
	KindUnusableReceipt  = "receipt: unusable"       // without id or state
	KindRepeatedReceipt  = "receipt: repeated"       // the submission has its final state already
	KindContraryReceipt  = "receipt: contradicts it" // and that was another one: the first stands
)

// judge says what a row is: an answer of a card, the message of an applet, a
// receipt, or nothing that fits. A receipt may carry the answer of the card,
// when that came in its SMS-DELIVER-REPORT: then it is taken as both.
func (d *Desk) judge(ctx context.Context, r ledger.InboxRow) (verdict, error) {
	in, err := d.cfg.Parse(r.Link, r.PDU)
	if err != nil {
		return orphan(r, KindUnreadable), nil
	}
	rc, is, bad := receipt.Parse(in.receipt(), d.cfg.Links[r.Link].Receipts)
	if ud, octets, packet := in.packet(); packet {
		in.UserData = octets
		v, err := d.judgePacket(ctx, r, in, ud)
		if err != nil || !is || bad != nil {
			return v, err
		}
		report, err := d.judgeReceipt(ctx, r, in, rc)
		return both(v, report), err
	}
	switch {
	case !is:
		return d.trackingText(ctx, r, in)
	case bad != nil:
		return orphan(r, KindUnusableReceipt), nil
	}
	return d.judgeReceipt(ctx, r, in, rc)
}

// packet is the secured packet, or part of one, that a message carries, with
// the octets it was read from: those of the card's report before the text.
func (in Incoming) packet() (ud sms.UserData, octets []byte, is bool) {
	for i, b := range [][]byte{in.Report, in.UserData} {
		header := i == 0 || in.ESMClass&esmUDHI != 0 || len(b) > 2 && b[1] == sms.ResponsePacket
		if ud, err := sms.ParseUserData(b); header && err == nil {
			if _, several := ud.Concat(); several || ud.Has(sms.ResponsePacket) || ud.Has(sms.CommandPacket) {
				return ud, b, true
			}
		}
	}
	return sms.UserData{}, nil, false
}

// both joins what one message says as an answer and as a receipt. An answer
// that proves nothing leaves the receipt; a receipt that nothing fits leaves
// the answer, which says more: it has its own counter, and waits for no id.
func both(answer, report verdict) verdict {
	if answer.op.State != ledger.InboxSettled {
		return report
	}
	answer.op.Finals = report.op.Finals
	answer.wake = slices.Compact(slices.Sorted(slices.Values(append(answer.wake, report.wake...))))
	return answer
}

const esmUDHI = 0x40

func orphan(r ledger.InboxRow, kind string) verdict {
	return verdict{op: &ledger.Settle{InboxIDs: []int64{r.ID}, State: ledger.InboxOrphan, Kind: kind}}
}

// receiptKey is what a receipt waits under for its submit_sm_resp; the store
// looks for it by the same form.
func receiptKey(idNormal string) string { return "receipt:" + idNormal }

// judgeReceipt finds the submission a receipt speaks of. A receipt that comes
// before its submit_sm_resp waits under its id. The first final state stands.
func (d *Desk) judgeReceipt(ctx context.Context, r ledger.InboxRow, in Incoming, rc receipt.Receipt) (verdict, error) {
	op := &ledger.Settle{InboxIDs: []int64{r.ID}, State: ledger.InboxSettled, Kind: KindReceipt}
	if !rc.Final() {
		return verdict{op: op}, nil // enroute, accepted: nothing ends with it
	}
	conn := d.cfg.Links[r.Link]
	ids := receipt.Candidates(rc.MessageID, conn.ReceiptBase)
	refs, spelled, err := d.submissionsOf(ctx, r.IDScope, rc.MessageID, ids)
	if err != nil {
		return verdict{}, err
	}
	if open := conn.ResponseBase == receipt.Auto || conn.ReceiptBase == receipt.Auto; open && !spelled {
		refs = slices.DeleteFunc(refs, func(s ledger.SubmissionRef) bool { return elsewhere(in, s.Submission.Destination) })
	}
	if len(refs) == 0 {
		op.State, op.Key = ledger.InboxWaiting, receiptKey(ids[0])
		return verdict{op: op}, nil
	}
	if conn.References {
		refs = echoed(refs, in)
	}
	ref, sure := meant(refs, in.Source)
	if !sure {
		return orphan(r, KindAmbiguousReceipt), nil
	}
	state := finalState(rc.State)
	if s := ref.Submission; !s.FinalAt.IsZero() {
		op.Kind = KindRepeatedReceipt
		if s.State != state {
			op.Kind = KindContraryReceipt
		}
		return verdict{op: op}, nil
	}
	final := ledger.Final{SubmissionID: ref.Submission.ID, State: state, At: r.ReceivedAt}
	if state != ledger.Arrived {
		final.Err = rc.Describe(conn.Receipts.Causes)
	}
	op.Finals = []ledger.Final{final}
	// The answer to a read follows its receipt at once, and says more.
	waits := state == ledger.Arrived && ref.Kind == ledger.Read
	return verdict{op: op, wake: []int64{ref.TargetID}, waits: waits}, nil
}

func finalState(s receipt.State) ledger.SubmissionState {
	switch s {
	case receipt.Delivered:
		return ledger.Arrived
	case receipt.Expired:
		return ledger.Expired
	}
	return ledger.Undelivered
}

// submissionsOf lists what an id was given to: under the spelling of the
// receipt if the SMSC gave that very one (spelled), else under every normal form.
func (d *Desk) submissionsOf(ctx context.Context, scope, id string, normal []string) (refs []ledger.SubmissionRef, spelled bool, err error) {
	for _, n := range normal {
		found, err := d.cfg.Store.ByReceipt(ctx, scope, n)
		if err != nil {
			return nil, false, err
		}
		refs = append(refs, found...)
	}
	given := slices.DeleteFunc(slices.Clone(refs), func(s ledger.SubmissionRef) bool { return s.Submission.MessageID != id })
	if len(given) > 0 {
		return given, true, nil
	}
	return refs, false, nil
}

// elsewhere reports whether a receipt is plainly from another number than this
// one. Where a base is open, digits read in another base may be the id of any
// message: then the number decides, unless the receipt has none of a phone.
func elsewhere(in Incoming, number string) bool {
	const enough = 8 // digits from the end; what is before them networks write in many ways
	end := func(s string) string { return s[max(len(s)-enough, 0):] }
	source := digits(in.Source)
	if len(source) < enough || strings.Trim(source, "0123456789") != "" {
		return false
	}
	return end(source) != end(number) && end(in.Destination) != end(number) // some SMSCs leave the addresses as they were
}

// echoed keeps the submissions whose user_message_reference a receipt brings
// back (SMPP 3.4, 5.3.2.17): the low half of their number. An SMSC may put one of
// its own there, so a reference that fits none tells nothing.
func echoed(refs []ledger.SubmissionRef, in Incoming) []ledger.SubmissionRef {
	same := slices.DeleteFunc(slices.Clone(refs), func(s ledger.SubmissionRef) bool {
		return !in.HasReference || uint16(s.Submission.ID) != in.Reference
	})
	if len(same) == 0 {
		return refs
	}
	return same
}

// meant chooses among submissions with one id, for ids are not always unique:
// the only one to the number that the receipt comes from (SMPP 3.4, appendix B:
// the addresses are swapped), and of several the only one without a final state.
// When all have one the receipt changes nothing, so any will do. Nothing is
// guessed: sure is false where more than one is left.
func meant(refs []ledger.SubmissionRef, source string) (ref ledger.SubmissionRef, sure bool) {
	if len(refs) == 1 {
		return refs[0], true
	}
	there := slices.DeleteFunc(slices.Clone(refs), func(s ledger.SubmissionRef) bool {
		return digits(s.Submission.Destination) != digits(source)
	})
	open := slices.DeleteFunc(slices.Clone(there), func(s ledger.SubmissionRef) bool { return !s.Submission.FinalAt.IsZero() })
	switch {
	case len(open) == 1:
		return open[0], true
	case len(open) == 0 && len(there) > 0:
		return there[0], true
	}
	return ledger.SubmissionRef{}, false
}

// digits leaves out how a number is marked as international.
func digits(number string) string {
	return strings.TrimPrefix(strings.TrimPrefix(number, "+"), "00")
}
