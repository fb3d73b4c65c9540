// Package receipt reads delivery receipts, in their text and TLV forms, and brings message ids to a
// normal form, so that a receipt finds the submission it belongs to.
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

// State is a message_state (SMPP 3.4, 5.2.28); the numbers are those on the wire, 0 is none.
type State byte

// The states of SMPP 3.4, table 5-6.
const (
	Enroute       State = 1
	Delivered     State = 2
	Expired       State = 3
	Deleted       State = 4
	Undeliverable State = 5
	Accepted      State = 6
	Unknown       State = 7
	Rejected      State = 8
)

var stateNames = [...]string{"none", "enroute", "delivered", "expired", "deleted", "undeliverable", "accepted", "unknown", "rejected"}

// String gives the state as a lower-case word.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", byte(s))
}

// Final reports whether the SMSC has finished with the message: nothing after this state is a change.
func (s State) Final() bool {
	switch s {
	case Delivered, Expired, Deleted, Undeliverable, Rejected:
		return true
	}
	return false
}

// stateStems are what the stat words in the field start with.
var stateStems = []struct {
	stem  string
	state State
}{
	{"deliv", Delivered}, {"undel", Undeliverable}, {"expir", Expired}, {"delet", Deleted}, {"accep", Accepted},
	{"acked", Accepted}, {"reject", Rejected}, {"enrou", Enroute}, {"unkno", Unknown}, {"fail", Undeliverable},
	{"buffer", Enroute},
}

func stateOf(word string) State {
	word = strings.ToLower(word)
	for _, s := range stateStems {
		if strings.HasPrefix(word, s.stem) {
			return s.state
		}
	}
	return 0
}

// Receipt is what a receipt says about one message.
type Receipt struct {
	MessageID   string // as the SMSC wrote it here; compare by [Normalize]
	State       State
	Err         string    // network_error_code as "type:code", or the err field; "" when there was no error
	DoneAt      time.Time // in UTC as written, for lack of a zone; zero when absent
	SubmittedAt time.Time // likewise
}

// Final reports whether no further receipt for the message can change its state.
func (r Receipt) Final() bool { return r.State.Final() }

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

// Parse reads a receipt. The arguments are fields of a deliver_sm: esm_class, its text, and the TLVs
// 001E, 0427 and 0423, zero when absent. TLVs count before text, and text behind a user data header is
// not looked at. is reports whether it is a receipt at all; it can be one that cannot be used, with an error.
func Parse(esmClass byte, text []byte, receiptedID string, messageState byte, networkErr []byte) (r Receipt, is bool, err error) {
	class := esmClass & classMask
	r.MessageID = strings.TrimSpace(receiptedID)
	acknowledgement := class == classDelivered || class == classManual
	is = r.MessageID != "" || messageState != 0 || class == classReceipt || class == classIntermediate
	if !is && !acknowledgement {
		return Receipt{}, false, nil
	}
	var t fields
	if esmClass&classUDHI == 0 {
		t = parseText(string(text))
	}
	if !is && t.id == "" { // an acknowledgement of an SME that is not written like a receipt is a message
		return Receipt{}, false, nil
	}
	if r.MessageID == "" {
		r.MessageID = t.id
	}
	r.State = fromTLV(messageState)
	if r.State == 0 {
		r.State = stateOf(t.stat)
	}
	if r.State == 0 && acknowledgement {
		r.State = Delivered
	}
	r.Err = errorOf(networkErr, t.err)
	r.DoneAt, r.SubmittedAt = parseDate(t.done), parseDate(t.submitted)
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

func fromTLV(state byte) State {
	switch {
	case state == 0:
		return 0
	case state <= byte(Rejected):
		return State(state)
	}
	return Unknown // SMPP 5.0's skipped, or a vendor's own
}

func errorOf(network []byte, text string) string {
	if len(network) == 3 && (network[1] != 0 || network[2] != 0) {
		return fmt.Sprintf("%d:%d", network[0], int(network[1])<<8|int(network[2]))
	}
	return strings.TrimLeft(text, "0")
}
