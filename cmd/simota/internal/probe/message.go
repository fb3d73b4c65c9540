package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/smpp"
)

// Message is a text for a phone, in one short message.
type Message struct {
	Source, Destination smpp.Address // the zero Source leaves the choice to the SMSC
	Text                string
}

// validityPeriod of a test message: long enough for no SMSC to refuse it.
const validityPeriod = time.Hour

// ErrTooLong: the text does not fit into one short message.
var ErrTooLong = errors.New("text is too long for one short message")

// Check says whether the text fits: 160 plain characters, or 70 of any kind.
func (m Message) Check() error {
	if m.Text == "" {
		return errors.New("text is empty")
	}
	most := 160
	dcs, ud := coded(m.Text)
	if dcs != 0 {
		most = 140
	}
	if len(ud) > most {
		return fmt.Errorf("%w: 160 characters fit, or 70 if one is none of A-Z, a-z, 0-9, blank and usual punctuation", ErrTooLong)
	}
	return nil
}

// dressed is the message as the link's SMSC wants it.
func (m Message) dressed(f config.Form) smpp.Message {
	dcs, ud := coded(m.Text)
	return smpp.Message{
		ID: 1, Source: m.Source, Destination: f.Number(m.Destination), UserData: ud, DataCoding: dcs,
		RegisteredDelivery: f.RegisteredDelivery, Validity: validityPeriod,
	}
}

// coded writes a text in the SMSC's default alphabet if every alphabet agrees
// on its characters, else in UCS2 (SMPP 3.4, 5.2.19).
func coded(text string) (dcs byte, ud []byte) {
	const ucs2 = 0x08
	if isPlain(text) {
		return 0, []byte(text)
	}
	for _, u := range utf16.Encode([]rune(text)) {
		ud = binary.BigEndian.AppendUint16(ud, u)
	}
	return ucs2, ud
}

// isPlain reports whether ASCII and the GSM alphabet have the same numbers for the text.
func isPlain(text string) bool {
	return strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 !\"#%&'()*+,-./:;<=>?") == ""
}

// submitted says what the SMSC made of the message. The caller holds mu.
func (a *attempt) submitted(r smpp.Result) Step {
	s := Step{Took: r.DoneAt.Sub(r.SentAt)}
	switch {
	case r.Outcome == smpp.Accepted && r.MessageID == "":
		s.OK, s.Words, s.Next = true, "accepted without a message id", "no receipt can be told from others: ask the operator why there is no id"
	case r.Outcome == smpp.Accepted:
		s.OK, s.Words = true, fmt.Sprintf("accepted, message id %q; read as %s it is %s", r.MessageID, a.cfg.MessageID.Response, a.normal(r.MessageID))
		s.Next = notDecimal(r.MessageID, a.cfg.MessageID.Response, "response")
	case r.Status == smpp.StatusOK && r.Outcome == smpp.Refused:
		s.Words, s.Next = "not sent: "+r.Err.Error(), "check submit of the link"
	case r.Status == smpp.StatusOK && wasCut(r.Err):
		s.Words, s.Next = "no answer: "+r.Err.Error(), "the SMSC cut the connection, and may have the message; ask what it does not like: submit of the link, the number, the rate"
	case r.Status == smpp.StatusOK:
		s.Words, s.Next = "no answer: "+r.Err.Error(), "the SMSC may have the message; ask whether it is busy, and raise response_timeout if it is slow by habit"
	default:
		s.Words, s.Next = "refused, "+smpp.StatusName(r.Status), submitAdvice(r.Status)
	}
	return s
}

// wasCut reports whether the connection ended, rather than the time for an answer.
func wasCut(err error) bool {
	var failed net.Error
	return errors.Is(err, io.EOF) || errors.As(err, &failed)
}

// submitAdvice says what to do when a message is refused (SMPP 3.4, 5.1.3).
func submitAdvice(status uint32) string {
	switch status {
	case smpp.StatusInvalidDestination, smpp.StatusInvalidDestTON, smpp.StatusInvalidDestNPI:
		return "check the number, and how the SMSC wants it written: submit.destination of the link"
	case smpp.StatusInvalidSource, smpp.StatusInvalidSourceTON, smpp.StatusInvalidSourceNPI:
		return "give --from a sender that the operator allows this account"
	case smpp.StatusThrottled, smpp.StatusQueueFull, smpp.StatusSystemError:
		return "it is not taken now: try again; if it lasts, ask the operator for the rate of the account"
	case smpp.StatusInvalidValidity:
		return "try submit.validity: absolute, or none"
	case smpp.StatusInvalidServiceType:
		return "ask for the service_type of the account: submit.service_type"
	case smpp.StatusInvalidESMClass:
		return "try submit.message_mode: store, or default"
	case smpp.StatusInvalidPriority:
		return "try submit.priority: 0"
	case smpp.StatusInvalidRegistered:
		return "ask whether the account may have receipts: submit.registered_delivery"
	case smpp.StatusInvalidTLVStream, smpp.StatusTLVNotAllowed, smpp.StatusInvalidTLVLength, smpp.StatusMissingTLV, smpp.StatusInvalidTLVValue:
		return "ask which optional parameters it wants: submit.tlvs, text, user_message_reference"
	}
	return "ask the operator what it means by this status"
}
