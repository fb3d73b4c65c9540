package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// match is a receipt of the message.
type match struct {
	receipt receipt.Receipt
	at      time.Time
	other   string // bases by which it matches, where those of the configuration do not
}

// ours reports whether a delivery is a receipt of the message; it keeps the one
// that tells the end. The caller holds mu.
func (a *attempt) ours(d smpp.Delivery) bool {
	if a.result == nil || a.result.Outcome != smpp.Accepted {
		return false
	}
	_, hasState := d.TLV(smpp.TagMessageState)
	r, is, err := receipt.Parse(receipt.Fields{
		ESMClass: d.ESMClass, DataCoding: d.DataCoding, Text: d.UserData, ReceiptedID: d.ReceiptedMessageID,
		MessageState: d.MessageState, HasState: hasState, NetworkError: d.NetworkErrorCode,
	}, a.receipts)
	if !is {
		return false
	}
	from := sameNumber(d.Source.Number, a.o.Message.Destination.Number)
	fits := slices.Contains(receipt.Candidates(r.MessageID, receipt.Base(a.cfg.MessageID.Receipt)), a.normal(a.result.MessageID))
	m := match{receipt: r, at: d.ReceivedAt}
	if from && !fits {
		m.other = bases(a.result.MessageID, r.MessageID)
	}
	switch {
	case err != nil && from:
		a.strange = append(a.strange, strings.TrimPrefix(err.Error(), "receipt: "))
		return false
	case err != nil || !from && !fits:
		return false
	case !from: // perhaps of a message of the server
		a.strange = append(a.strange, fmt.Sprintf("one with id %q came from %s", r.MessageID, d.Source))
		return false
	case !fits && m.other == "":
		a.strange = append(a.strange, fmt.Sprintf("one from the number has id %q", r.MessageID))
		return false
	case r.Final() && a.final == nil:
		a.final = &m
	}
	return true
}

// normal is the form in which the server keeps an id of a response.
func (a *attempt) normal(id string) string {
	return receipt.Normalize(id, receipt.Base(a.cfg.MessageID.Response))
}

// bases finds how to read two ids so that they are one, "" for no way.
func bases(response, inReceipt string) string {
	all := []receipt.Base{receipt.Hex, receipt.Decimal}
	for _, r := range all {
		for _, c := range all {
			if receipt.Normalize(response, r) == receipt.Normalize(inReceipt, c) {
				return fmt.Sprintf("{response: %s, receipt: %s}", r, c)
			}
		}
	}
	return ""
}

// sameNumber compares numbers as networks write them: what stands before the
// number in its country differs.
func sameNumber(a, b string) bool {
	const enough = 7 // digits
	if a == b {
		return true
	}
	a, b = strings.TrimLeft(a, "+0"), strings.TrimLeft(b, "+0")
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(a) >= enough && strings.HasSuffix(b, a)
}

// received says what became of the message, and how its receipt was told from
// others. The caller holds mu.
func (a *attempt) received(m match) Step {
	s := Step{OK: m.other == "", Took: m.at.Sub(a.result.DoneAt)}
	what := m.receipt.State.String()
	if m.receipt.State != receipt.Delivered {
		cause := m.receipt.Cause(a.receipts.Causes)
		s.OK, what, s.Next = false, m.receipt.Describe(a.receipts.Causes), cause.Advice()
	}
	if m.other != "" {
		s.Words = fmt.Sprintf("%s, but its id %q is not %q as message_id of the link reads them: the server would not find it", what, m.receipt.MessageID, a.result.MessageID)
		s.Next = "set message_id: " + m.other
		return s
	}
	s.Words = fmt.Sprintf("%s; its id %q, read as %s, is that of the response", what, m.receipt.MessageID, a.cfg.MessageID.Receipt)
	if s.OK {
		s.Next = notDecimal(m.receipt.MessageID, a.cfg.MessageID.Receipt, "receipt")
	}
	return s
}

// notDecimal says that an id is no number of the base that the link is said to
// use, "" where it is: another id of the SMSC may be digits and be read wrongly.
func notDecimal(id, base, where string) string {
	if base != string(receipt.Decimal) || strings.Trim(id, "0123456789") == "" {
		return ""
	}
	return fmt.Sprintf("%q is no decimal number, so set message_id.%s to hex: an id that happens to be digits would be read wrongly", id, where)
}

// missed says that there is no receipt, and what came instead. The caller holds mu.
func (a *attempt) missed(err error) Step {
	switch {
	case errors.Is(err, context.Canceled):
		return Step{Words: "interrupted"}
	case !errors.Is(err, context.DeadlineExceeded):
		return a.broken(err)
	}
	s := Step{
		Words: fmt.Sprintf("none within %v", a.o.Wait),
		Next:  "the phone may be off: wait longer with --wait. If a server runs, the SMSC may have given the receipt to its session: simota inbox list",
	}
	if n := len(a.strange); n > 0 {
		s.Words += fmt.Sprintf("; what came was not it: %s", a.strange[n-1])
		s.Next = "see message_id and receipts of the link, and simota link trace for what the SMSC sends"
	}
	return s
}
