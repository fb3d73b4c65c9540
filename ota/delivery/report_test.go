package delivery_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/smpp"
)

// withTLVs adds optional parameters to a deliver_sm.
func withTLVs(frame []byte, tlvs ...smpp.TLV) []byte {
	for _, t := range tlvs {
		frame = binary.BigEndian.AppendUint16(frame, t.Tag)
		frame = append(binary.BigEndian.AppendUint16(frame, uint16(len(t.Value))), t.Value...)
	}
	binary.BigEndian.PutUint32(frame, uint32(len(frame)))
	return frame
}

// reported sends a write to a card that answers in its SMS-DELIVER-REPORT, and
// gives the one message and the user data of that report.
func reported(t *testing.T) (*world, *card, ledger.Lease, sent, []byte) {
	t.Helper()
	w, c, l := one(t, func(u *uicc.Config) { u.PoR = uicc.PoRByReport })
	w.send(l, w.write(c, newIMSI, 0))
	m := w.outN(1)[0]
	report := c.Download(m.Source, 0x7F, 0xF6, m.UserData, w.now).Report
	if len(report) == 0 {
		t.Fatal("the card makes no report")
	}
	return w, c, l, m, report
}

func TestTheAnswerInADeliveryReportComesInManyShapes(t *testing.T) {
	t.Parallel()
	const plain, receipt, acknowledgement, udhi = 0, 0x04, 0x08, 0x40
	for _, shape := range []struct {
		name  string
		class byte
		text  func(id int) string // nil: the report itself
		tlvs  func(id int, report []byte) []smpp.TLV
		final ledger.SubmissionState
	}{
		{name: "a message of its own", class: udhi, final: ledger.Accepted},
		{name: "a receipt with binary content", class: receipt | udhi, final: ledger.Arrived, tlvs: idAndState},
		{name: "an acknowledgement with binary content", class: acknowledgement | udhi, final: ledger.Arrived, tlvs: idAndState},
		{name: "a receipt in text with a parameter of the SMSC", class: receipt, final: ledger.Arrived,
			text: func(id int) string { return fmt.Sprintf("id:%d stat:DELIVRD err:000 text:", id) },
			tlvs: func(_ int, report []byte) []smpp.TLV { return []smpp.TLV{{Tag: tagReport, Value: report}} }},
		{name: "a receipt in parameters alone", class: plain, final: ledger.Arrived,
			text: func(int) string { return "" },
			tlvs: func(id int, report []byte) []smpp.TLV {
				return append(idAndState(id, nil), smpp.TLV{Tag: tagReport, Value: report})
			}},
		{name: "a receipt that names no message", class: receipt | udhi, final: ledger.Accepted},
		{name: "a receipt for another message", class: receipt | udhi, final: ledger.Accepted,
			tlvs: func(int, []byte) []smpp.TLV { return idAndState(4711, nil) }},
	} {
		t.Run(shape.name, func(t *testing.T) {
			t.Parallel()
			w, c, l, m, report := reported(t)
			w.accept(m)
			text := report
			if shape.text != nil {
				text = []byte(shape.text(w.id(m)))
			}
			pdu := deliverSM(c.number, m.Source, shape.class, text)
			if shape.tlvs != nil {
				pdu = withTLVs(pdu, shape.tlvs(w.id(m), report)...)
			}
			w.receive(m.link, pdu)
			w.want(l, 1, ledger.Executed)
			w.wantFinals(l, shape.final)
			w.wantKinds(ledger.InboxSettled, "proof")
		})
	}
}

func idAndState(id int, _ []byte) []smpp.TLV {
	return []smpp.TLV{
		{Tag: smpp.TagReceiptedMessageID, Value: fmt.Appendf(nil, "%d\x00", id)},
		{Tag: smpp.TagMessageState, Value: []byte{2}},
	}
}

func TestAReceiptWhoseReportProvesNothingIsStillAReceipt(t *testing.T) {
	t.Parallel()
	w, c, l, m, report := reported(t)
	w.accept(m)
	report[len(report)-1] ^= 1
	text := fmt.Appendf(nil, "id:%d stat:DELIVRD err:000 text:", w.id(m))
	w.receive(m.link, withTLVs(deliverSM(c.number, m.Source, 0x04, text), smpp.TLV{Tag: tagReport, Value: report}))
	w.want(l, 1, ledger.Open)
	w.wantFinals(l, ledger.Arrived)
	w.wantKinds(ledger.InboxSettled, delivery.KindReceipt)
}

func TestAReportBeforeItsResponseProvesAllTheSame(t *testing.T) {
	t.Parallel()
	w, c, l, m, report := reported(t)
	w.receive(m.link, withTLVs(deliverSM(c.number, m.Source, 0x44, report), idAndState(w.id(m), nil)...))
	w.want(l, 1, ledger.Executed)
	w.accept(m)
	w.want(l, 1, ledger.Executed)
	if got := w.counts(); got[ledger.InboxWaiting] != 0 {
		t.Errorf("inbox %v, want nothing that waits", got)
	}
}
