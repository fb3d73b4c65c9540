package delivery_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// kinds are the kinds of all inbox rows in a state, oldest first.
func (w *world) kinds(state ledger.InboxState) (kinds []string) {
	w.t.Helper()
	rows, err := w.Inbox(w.ctx, state, 0, 0)
	w.must(err)
	for _, r := range rows {
		kinds = append(kinds, r.Kind)
	}
	return kinds
}

func (w *world) wantKinds(state ledger.InboxState, want ...string) {
	w.t.Helper()
	if got := w.kinds(state); fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("%s rows are %q, want %q", state, got, want)
	}
}

// pair sends two reads to one card and gives their submissions, not answered yet.
func pair(t *testing.T) (*world, *card, ledger.Lease, []sent) {
	t.Helper()
	w, c, l := one(t)
	w.send(l, w.read(c, 1))
	o := w.read(c, 1)
	o.Step = 9
	w.send(l, o)
	return w, c, l, w.outN(2)
}

// answer is a submit_sm_resp with this id.
func (w *world) answer(m sent, id string) {
	w.desk.Results(w.ctx, m.link, []delivery.Result{{Submission: m.Submission, Outcome: delivery.Accepted, MessageID: id, At: w.now}})
	w.desk.SettleQueued(w.ctx)
}

// said brings the text of a receipt from a number.
func (w *world) said(link, from, format string, args ...any) {
	w.t.Helper()
	w.receive(link, deliverSM(from, server, 0x04, fmt.Appendf(nil, format, args...)))
}

func (w *world) finals(l ledger.Lease) (states []ledger.SubmissionState) {
	for _, a := range w.dossier(l).Attempts {
		for _, p := range a.Parts {
			for _, s := range p.Submissions {
				states = append(states, s.State)
			}
		}
	}
	return states
}

func (w *world) wantFinals(l ledger.Lease, want ...ledger.SubmissionState) {
	w.t.Helper()
	if got := w.finals(l); fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("submissions are %v, want %v", got, want)
	}
}

func TestTheFirstFinalReceiptStands(t *testing.T) {
	t.Parallel()
	states := map[string]ledger.SubmissionState{"DELIVRD": ledger.Arrived, "EXPIRED": ledger.Expired, "UNDELIV": ledger.Undelivered}
	for first, want := range states {
		for second, other := range states {
			t.Run(first+" then "+second, func(t *testing.T) {
				t.Parallel()
				w, c, l := one(t)
				w.send(l, w.write(c, newIMSI, 0))
				ms := w.outN(1)
				w.accept(ms...)
				w.receipts(first, ms...)
				before := w.attempt(l, 1).Parts[0].Submissions[0]
				w.pass(time.Second)
				w.receipts(second, ms...)
				after := w.attempt(l, 1).Parts[0].Submissions[0]
				if after != before || after.State != want {
					t.Errorf("%+v becomes %+v", before, after)
				}
				kind := delivery.KindRepeatedReceipt
				if other != want {
					kind = delivery.KindContraryReceipt
				}
				w.wantKinds(ledger.InboxSettled, delivery.KindReceipt, kind)
				w.want(l, 1, ledger.Open) // a receipt ends nothing by itself
			})
		}
	}
}

func TestAnIntermediateNotificationEndsNothing(t *testing.T) {
	t.Parallel()
	w, c, l, ms := pair(t)
	w.accept(ms...)
	w.receive("north", deliverSM(c.number, server, 0x20, fmt.Appendf(nil, "id:%d stat:UNDELIV err:027", w.id(ms[0]))))
	w.wantFinals(l, ledger.Accepted, ledger.Accepted)
	w.receipts("DELIVRD", ms[0])
	w.wantFinals(l, ledger.Arrived, ledger.Accepted)
}

func TestOneIDForAllIsTheSubmissionToTheNumberOfTheReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.insert(1, "+491500001"), w.insert(2, "+491500002")
	l, m := w.start("first", a), w.start("second", b)
	w.send(l, w.read(a, 1))
	w.send(m, w.read(b, 1))
	for _, s := range w.outN(2) {
		w.answer(s, "msg_id_not_implemented")
	}
	w.said("north", a.number, "id:msg_id_not_implemented stat:UNDELIV err:001")
	w.wantFinals(l, ledger.Undelivered)
	w.wantFinals(m, ledger.Accepted)
	w.said("north", "+491599999", "id:msg_id_not_implemented stat:DELIVRD") // to nobody of ours
	w.wantFinals(m, ledger.Accepted)
	w.said("north", a.number, "id:msg_id_not_implemented stat:UNDELIV err:001")
	w.said("north", b.number, "id:msg_id_not_implemented stat:DELIVRD")
	w.wantFinals(m, ledger.Arrived)
	w.wantKinds(ledger.InboxOrphan, delivery.KindAmbiguousReceipt)
	w.wantKinds(ledger.InboxSettled, delivery.KindReceipt, delivery.KindRepeatedReceipt, delivery.KindReceipt)
}

func TestAReceiptOfAnotherLinkCountsWhereIDsAreOneSpace(t *testing.T) {
	t.Parallel()
	w, c, l, ms := pair(t)
	w.accept(ms...)
	w.restart()
	w.said("south", c.number, "id:%d stat:UNDELIV", w.id(ms[0]))
	w.wantFinals(l, ledger.Accepted, ledger.Accepted)
	w.wantKinds(ledger.InboxWaiting, delivery.KindReceipt)
	w.said("north-2", c.number, "id:%d stat:DELIVRD", w.id(ms[0]))
	w.wantFinals(l, ledger.Arrived, ledger.Accepted)
}

func TestAReceiptThatFitsTwoSubmissionsIsNotGuessed(t *testing.T) {
	t.Parallel()
	w, c, l, ms := pair(t)
	for _, m := range ms {
		w.answer(m, "7")
	}
	w.said("north", c.number, "id:7 stat:DELIVRD")
	w.wantFinals(l, ledger.Accepted, ledger.Accepted)
	w.wantKinds(ledger.InboxOrphan, delivery.KindAmbiguousReceipt)
}

func TestAReferenceTellsSubmissionsWithOneIDApart(t *testing.T) {
	t.Parallel()
	w, c, l, ms := pair(t)
	for _, m := range ms {
		w.answer(m, "7")
	}
	said := func(link string, reference int64) {
		pdu := deliverSM(c.number, server, 0x04, []byte("id:7 stat:DELIVRD"))
		w.receive(link, withTLVs(pdu, smpp.TLV{Tag: smpp.TagUserMessageReference, Value: []byte{byte(reference >> 8), byte(reference)}}))
	}
	said("north", ms[1].Submission) // a link that sends none: whatever comes is the SMSC's own
	said("north-2", 0xFFFF)         // fits none
	w.wantFinals(l, ledger.Accepted, ledger.Accepted)
	w.wantKinds(ledger.InboxOrphan, delivery.KindAmbiguousReceipt, delivery.KindAmbiguousReceipt)
	said("north-2", ms[1].Submission)
	w.wantFinals(l, ledger.Accepted, ledger.Arrived)
}

func TestAnIDIsMatchedAsGivenBeforeAnyOtherReading(t *testing.T) {
	t.Parallel()
	w, c, l, _ := pair(t)
	for i, a := range w.dossier(l).Attempts {
		s := a.Parts[0].Submissions[0]
		id := []string{"4660", "1234"}[i] // 4660 is 1234 hex
		w.apply(&ledger.Respond{SubmissionID: s.ID, State: ledger.Accepted, MessageID: id, IDNormal: receipt.Normalize(id, receipt.Hex), IDScope: "s", At: w.now})
	}
	w.said("south", c.number, "id:4660 stat:DELIVRD") // the base of receipts is open: 4660, or 4660 hex
	w.wantFinals(l, ledger.Arrived, ledger.Accepted)
}

func TestAReceiptInHexWaitsForItsResponseInDecimal(t *testing.T) {
	t.Parallel()
	w, c, l, ms := pair(t)
	w.said("west", c.number, "id:1234 stat:DELIVRD") // read as decimal it waits under another number
	ms[0].link = "west"
	w.answer(ms[0], "4660") // 1234 hex
	w.wantFinals(l, ledger.Arrived, ledger.Submitting)
}

func TestAReadingThatFitsAMessageToAnotherNumberIsNoMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.insert(1, "+491500001"), w.insert(2, "+491500002")
	l, m := w.start("first", a), w.start("second", b)
	w.send(l, w.read(a, 1))
	w.send(m, w.read(b, 1))
	ms := w.outN(2)
	slices.SortFunc(ms, func(x, y sent) int { return strings.Compare(x.Destination, y.Destination) })
	ms[0].link, ms[1].link = "west", "west"
	w.answer(ms[0], "3e8")                                // 1000, if that is decimal
	w.said("west", b.number, "id:1000 stat:UNDELIV")      // before its response
	w.said("west", "0491500001", "id:01000 stat:DELIVRD") // of the first, spelled and numbered in another way
	w.wantFinals(l, ledger.Arrived)
	w.answer(ms[1], "1000")
	w.wantFinals(m, ledger.Undelivered)
}

func TestTheStateOfAReceiptTellsItsCause(t *testing.T) {
	t.Parallel()
	w, _, l, ms := pair(t)
	w.accept(ms...)
	id := fmt.Sprintf("%d", w.id(ms[0]))
	tlvs := append(append([]byte{0x00, 0x1E, 0, byte(len(id) + 1)}, id...), 0) // receipted_message_id
	tlvs = append(tlvs, 0x04, 0x27, 0, 1, 5, 0x04, 0x23, 0, 3, 3, 0, 27)       // message_state, network_error_code
	frame := deliverSM(ms[0].Destination, server, 0x04, nil)
	w.receive("north", smpp.AppendFrame(nil, smpp.DeliverSM, 0, 1, append(frame[smpp.HeaderLen:], tlvs...)))
	w.said("north", ms[1].Destination, "id:%d stat:EXPIRED err:00a", w.id(ms[1]))
	want := []string{"undeliverable, err 27 (GSM): absent subscriber", "expired, err 00a: validity ended first"}
	for i, a := range w.dossier(l).Attempts {
		if got := a.Parts[0].Submissions[0].Err; got != want[i] {
			t.Errorf("%q, want %q", got, want[i])
		}
	}
}

func TestAReceiptWithoutIDIsKeptAsUnusable(t *testing.T) {
	t.Parallel()
	w, c, _ := one(t)
	w.said("north", c.number, "stat:DELIVRD err:000")
	w.receive("north", deliverSM(c.number, server, 0, []byte("hello")), []byte{1, 2, 3})
	w.wantKinds(ledger.InboxOrphan, delivery.KindUnusableReceipt, delivery.KindUnknown, delivery.KindUnreadable)
}
