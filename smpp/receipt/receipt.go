// Package receipt reads delivery receipts, in their text and TLV forms, says why a message was not
// delivered, and brings message ids to a normal form, so that a receipt finds the submission it belongs to.
//
// A receipt is a deliver_sm or data_sm whose esm_class says so, or that carries the optional
// parameters receipted_message_id or message_state (SMPP 3.4, 5.2.12, 5.3.2.12 and 5.3.2.35). The text
// form of appendix B is a custom, not a standard, so it is read tolerantly:
//
//	id:7f3a09 sub:001 dlvrd:001 submit date:2611220200 done date:2611220201 stat:DELIVRD err:000 text:...
package receipt

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Receipt is what a receipt says about one message.
type Receipt struct {
	MessageID    string // as the SMSC wrote it here; compare by [Normalize]
	State        State
	Intermediate bool      // an intermediate notification: it tells of one try, never of the end
	Err          string    // network_error_code as "type:code", or the err field in lower case without leading zeros; "" when there was no error
	ErrText      string    // the err field of the text as written; "" when absent
	DoneAt       time.Time // in UTC as written, for lack of a zone; zero when absent
	SubmittedAt  time.Time // likewise
}

// Final reports whether no further receipt for the message can change its state. An intermediate
// notification never is, whatever state it carries: it gives the outcome of one try, and the receipt
// proper follows (SMPP 3.4, 2.11 and 5.2.12).
func (r Receipt) Final() bool { return r.State.Final() && !r.Intermediate }

// Errors of [Parse] for a receipt that cannot be used.
var (
	ErrNoMessageID = errors.New("receipt: no message id in TLV or text")
	ErrNoState     = errors.New("receipt: no message state in TLV or text")
)

// Bits of esm_class in a deliver_sm (SMPP 3.4, 5.2.12).
const (
	classMask         = 0x3C
	classReceipt      = 0x04
	classDelivered    = 0x08 // SME delivery acknowledgement
	classManual       = 0x10 // SME manual acknowledgement
	classIntermediate = 0x20
	classUDHI         = 0x40
)

// Fields are what a receipt is read from: fields of a deliver_sm or data_sm and its TLVs.
type Fields struct {
	ESMClass     byte
	DataCoding   byte
	Text         []byte // short_message or message_payload
	ReceiptedID  string // TLV 001E; "" when absent
	MessageState byte   // TLV 0427
	HasState     bool   // TLV 0427 is there: tells state 0 of SMPP 5.0, scheduled, from an absent one
	NetworkError []byte // TLV 0423, 3 octets; nil when absent
}

// Format says which form of a receipt is believed where both are there and differ.
type Format string

// The formats of a link's configuration.
const (
	FormatAuto Format = "auto" // TLVs; the text fills in what they leave out
	FormatTLV  Format = "tlv"  // TLVs alone: the text is not looked at
	FormatText Format = "text" // the text; TLVs fill in what it leaves out
)

// Options are how the SMSCs of a link write receipts. The zero value is auto for all.
type Options struct {
	Format  Format
	Charset Charset
	Causes  Table // what this operator's error codes mean
}

// Parse reads a receipt. Text behind a user data header is not looked at. is reports whether it is a
// receipt at all; it can be one that cannot be used, with an error: [ErrNoMessageID], [ErrNoState], or
// an id longer than a response can hold.
func Parse(f Fields, o Options) (r Receipt, is bool, err error) {
	class := f.ESMClass & classMask
	id := strings.Trim(f.ReceiptedID, blanks)
	hasState := f.HasState || f.MessageState != 0
	acknowledgement := class == classDelivered || class == classManual
	is = id != "" || hasState || class == classReceipt || class == classIntermediate
	if !is && !acknowledgement {
		return Receipt{}, false, nil
	}
	var t fields
	if f.ESMClass&classUDHI == 0 && o.Format != FormatTLV {
		t = parseText(decode(f.Text, f.DataCoding, o.Charset))
	}
	if !is && t.id == "" { // an acknowledgement of an SME that is not written like a receipt is a message
		return Receipt{}, false, nil
	}
	tlv := claim{id: id, err: networkError(f.NetworkError)}
	if hasState {
		tlv.state = OnWire(f.MessageState)
	}
	text := claim{id: t.id, state: stateOf(t.stat), err: normalErr(t.err)}
	said := tlv.or(text)
	if o.Format == FormatText {
		said = text.or(tlv)
	}
	if said.state == 0 && acknowledgement {
		said.state = Delivered
	}
	r = Receipt{
		MessageID: said.id, State: said.state, Intermediate: class == classIntermediate, Err: said.err, ErrText: t.err,
		DoneAt: parseDate(t.done), SubmittedAt: parseDate(t.submitted),
	}
	switch {
	case r.MessageID == "":
		return r, true, ErrNoMessageID
	case len(r.MessageID) > maxID:
		return r, true, fmt.Errorf("receipt: message id of %d octets, at most %d are possible", len(r.MessageID), maxID)
	case r.State == 0:
		return r, true, ErrNoState
	}
	return r, true, nil
}

// claim is what one form of a receipt says.
type claim struct {
	id    string
	state State
	err   string
}

// or fills in what c leaves out.
func (c claim) or(other claim) claim {
	if c.id == "" {
		c.id = other.id
	}
	if c.state == 0 {
		c.state = other.state
	}
	if c.err == "" {
		c.err = other.err
	}
	return c
}

// networkError is a network_error_code as "type:code"; code 0 is no error (SMPP 3.4, 5.3.2.31).
func networkError(v []byte) string {
	if len(v) != 3 || v[1] == 0 && v[2] == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%d", v[0], int(v[1])<<8|int(v[2]))
}

// normalErr brings the spellings of one code together: 0x0B1, 00B1 and b1.
func normalErr(s string) string {
	return strings.TrimLeft(strings.TrimPrefix(strings.ToLower(s), "0x"), "0")
}
