package cp

import (
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/simota/simota/ota/sms"
)

// WAP ports of a provisioning message (WAP-259-WDP).
const (
	Port       = 2948 // destination: connectionless push
	SourcePort = 9200 // connectionless session
)

// Octets of a push (WAP-230-WSP, 8.2 and 8.4).
const (
	pushTID         = 0x01
	pduPush         = 0x06
	wspLengthQuote  = 0x1F // a uintvar length follows
	contentCP       = 0xB6 // application/vnd.wap.connectivity-wbxml
	paramSEC        = 0x91
	paramMAC        = 0x92
	shortInteger    = 0x80
	macDigits       = 40
	maxSecuredHead  = 1 + 2 + 1 + macDigits + 1 // content type, SEC, MAC
	maxHeaders      = 2 + maxSecuredHead        // quoted length and all of it
	maxReadHeaders  = 127
	maxShortLength  = 30
	pushHeaderStart = 3
	plainHead       = 4   // of a push without SEC and MAC
	partAlone       = 133 // octets of push in one short message
	partOfMany      = 128 // and in each of several
)

// ErrContentType is in the chain of the error for a push that carries
// something else than a provisioning document.
var ErrContentType = errors.New("not a provisioning push")

// Push wraps a WBXML body in a WSP push with SEC and MAC, 50 octets more. The
// key comes from [NetworkPIN], [UserPIN] or [UserNetworkPIN]. USERPINMAC is
// ErrUnsupported: hardly a client knows it.
func Push(wbxml []byte, sec Security, key []byte) ([]byte, error) {
	if sec > USERNETWPIN {
		return nil, fmt.Errorf("cp: push with %v: %w: use NETWPIN, USERPIN or USERNETWPIN", sec, ErrUnsupported)
	}
	if len(key) == 0 {
		return nil, fmt.Errorf("cp: push with %v needs a key", sec)
	}
	if err := checkBody(wbxml); err != nil {
		return nil, err
	}
	b := []byte{pushTID, pduPush, maxHeaders, wspLengthQuote, maxSecuredHead, contentCP, paramSEC, shortInteger | byte(sec), paramMAC}
	b = append(b, mac(key, wbxml)...)
	b = append(b, 0)
	return append(b, wbxml...), nil
}

// PushPlain wraps a WBXML body in a WSP push without SEC and MAC. Many devices
// refuse it.
func PushPlain(wbxml []byte) ([]byte, error) {
	if err := checkBody(wbxml); err != nil {
		return nil, err
	}
	return append([]byte{pushTID, pduPush, 1, contentCP}, wbxml...), nil
}

func checkBody(b []byte) error {
	if len(b) == 0 || len(b) > MaxBody {
		return fmt.Errorf("cp: body has %d octets, want 1 to %d: %w", len(b), MaxBody, ErrMalformed)
	}
	return nil
}

// Split cuts a push into the user data of its short messages, user data header
// included, at most 133 octets of push in one and 128 in each of several. The
// reference must differ from that of any other message on its way to the same
// card, and every part needs the same source address. More than about eight
// parts are a risk: send several documents instead.
func Split(push []byte, ref byte) ([][]byte, error) {
	parts, err := sms.SplitPorts(Port, SourcePort, push, ref)
	if err != nil {
		return nil, fmt.Errorf("cp: split push: %w", err)
	}
	return parts, nil
}

// Message is a push as received.
type Message struct {
	Security    Security
	HasSecurity bool   // whether the push has SEC
	MAC         string // 40 hex digits, as sent; empty without MAC
	Body        []byte // WBXML, a view into the push
}

// ParsePush reads a push: any transaction identifier, SEC and MAC in that order
// or neither, SEC alone for USERPINMAC. Headers after the content type are an
// error, since clients check a wrong MAC there. Errors have ErrMalformed or
// ErrContentType in their chain.
func ParsePush(pdu []byte) (Message, error) {
	if len(pdu) <= pushHeaderStart || pdu[1] != pduPush {
		return Message{}, fmt.Errorf("cp: no WSP push PDU: %w", ErrMalformed)
	}
	size := int(pdu[2])
	if size == 0 || size > maxReadHeaders || size > len(pdu)-pushHeaderStart {
		return Message{}, fmt.Errorf("cp: push headers of %d octets in %d: %w", size, len(pdu)-pushHeaderStart, ErrMalformed)
	}
	head, body := pdu[pushHeaderStart:pushHeaderStart+size], pdu[pushHeaderStart+size:]
	if err := checkBody(body); err != nil {
		return Message{}, err
	}
	m := Message{Body: body}
	params, err := contentType(head)
	if err != nil {
		return Message{}, err
	}
	if len(params) > 0 {
		if err := m.readParams(params); err != nil {
			return Message{}, err
		}
	}
	return m, nil
}

// contentType checks the content-type value, all of the headers, and returns
// its parameters.
func contentType(head []byte) ([]byte, error) {
	value := head
	switch first := head[0]; {
	case first == wspLengthQuote:
		if len(head) < 2 || head[1] >= 0x80 {
			return nil, fmt.Errorf("cp: content type of a bad length: %w", ErrMalformed)
		}
		value = head[2:]
		if n := int(head[1]); n == 0 || n != len(value) {
			return nil, lengthError(n, len(value))
		}
	case first <= maxShortLength:
		value = head[1:]
		if n := int(first); n == 0 || n != len(value) {
			return nil, lengthError(n, len(value))
		}
	case len(head) > 1 && first == contentCP:
		return nil, lengthError(1, len(head))
	}
	if value[0] != contentCP {
		return nil, fmt.Errorf("cp: content type %02X, want B6: %w", value[0], ErrContentType)
	}
	return value[1:], nil
}

func lengthError(n, in int) error {
	return fmt.Errorf("cp: content type of %d octets in headers of %d, want nothing after it: %w", n, in, ErrMalformed)
}

// readParams reads SEC, then MAC.
func (m *Message) readParams(p []byte) error {
	if len(p) < 2 || p[0] != paramSEC || p[1] < shortInteger || p[1] > shortInteger|byte(USERPINMAC) {
		return fmt.Errorf("cp: first parameter is not SEC 0 to 3: %w", ErrMalformed)
	}
	m.HasSecurity, m.Security = true, Security(p[1]&^shortInteger)
	if p = p[2:]; len(p) == 0 && m.Security == USERPINMAC {
		return nil
	}
	if len(p) != 1+macDigits+1 || p[0] != paramMAC || p[1+macDigits] != 0 {
		return fmt.Errorf("cp: second parameter is not a MAC of %d digits: %w", macDigits, ErrMalformed)
	}
	text := p[1 : 1+macDigits]
	if _, err := hex.Decode(make([]byte, macDigits/2), text); err != nil {
		return fmt.Errorf("cp: MAC is not hex: %w", ErrMalformed)
	}
	m.MAC = string(text)
	return nil
}

// Verify says whether the MAC is that of the body under the key, in constant
// time. It compares upper-case text, as the strictest client does. A message
// without MAC, or with USERPINMAC, is never verified.
func (m Message) Verify(key []byte) bool {
	if !m.HasSecurity || m.Security > USERNETWPIN || len(key) == 0 {
		return false
	}
	return hmac.Equal([]byte(mac(key, m.Body)), []byte(m.MAC))
}

// Parts is how many short messages a WBXML body takes, with SEC and MAC or
// without, and an 8-bit reference.
func Parts(body int, signed bool) int {
	n := body + plainHead
	if signed {
		n = body + pushHeaderStart + maxHeaders
	}
	if n <= partAlone {
		return 1
	}
	return (n + partOfMany - 1) / partOfMany
}
