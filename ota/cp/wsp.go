package cp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// ErrContentType is in the chain of the error for a push that carries
// something else than settings.
var ErrContentType = errors.New("not a provisioning push")

// mediaTypes are the names that some gateways write in place of a code.
var mediaTypes = map[string]ContentType{
	"application/vnd.wap.connectivity-wbxml": Provisioning,
	"application/vnd.syncml.dm+wbxml":        DMBootstrap,
}

// ParsePush reads a push of settings: any transaction identifier, lengths and
// content type in any of their codings, SEC and MAC in that order or neither,
// SEC alone for USERPINMAC. Headers after the content type are an error, since
// clients check a wrong MAC there. Errors have ErrMalformed or ErrContentType
// in their chain.
func ParsePush(pdu []byte) (Message, error) {
	head, body, err := pushHeaders(pdu)
	if err != nil {
		return Message{}, err
	}
	if err := checkBody(body); err != nil {
		return Message{}, err
	}
	value, after, err := contentTypeValue(head)
	if err != nil {
		return Message{}, err
	}
	t, params, err := mediaType(value)
	if err != nil {
		return Message{}, err
	}
	if t != Provisioning && t != DMBootstrap {
		return Message{}, fmt.Errorf("cp: content type %02X, want B6 or C2: %w", shortInteger|byte(t), ErrContentType)
	}
	if after > 0 {
		return Message{}, fmt.Errorf("cp: %d octets of headers after the content type, want none: %w", after, ErrMalformed)
	}
	m := Message{Type: t, Body: body}
	if len(params) > 0 {
		if err := m.readParams(params); err != nil {
			return Message{}, err
		}
	}
	return m, nil
}

// pushHeaders parts a push into its headers, at least one octet of them, and
// its body (WAP-230-WSP, 8.2.4.1).
func pushHeaders(pdu []byte) (head, body []byte, err error) {
	if len(pdu) <= pushHeaderStart || pdu[1] != pduPush {
		return nil, nil, fmt.Errorf("cp: no WSP push PDU: %w", ErrMalformed)
	}
	size, rest, ok := uintvar(pdu[pushHeaderStart:])
	if !ok || size == 0 || size > len(rest) {
		return nil, nil, fmt.Errorf("cp: push headers of %d octets in %d: %w", size, len(rest), ErrMalformed)
	}
	return rest[:size], rest[size:], nil
}

// uintvar reads a length, seven bits to the octet (WAP-230-WSP, 8.1.2). Two
// octets are enough for all that can be in a push; padding is not read.
func uintvar(b []byte) (n int, rest []byte, ok bool) {
	switch {
	case len(b) > 0 && b[0] < 0x80:
		return int(b[0]), b[1:], true
	case len(b) > 1 && b[0] > 0x80 && b[1] < 0x80:
		return int(b[0]&0x7F)<<7 | int(b[1]), b[2:], true
	}
	return 0, b, false
}

// contentTypeValue returns the content type without its length, and how many
// octets of headers come after it.
func contentTypeValue(head []byte) (value []byte, after int, err error) {
	n, rest, ok := len(head), head, true
	switch first := head[0]; {
	case first == wspLengthQuote:
		n, rest, ok = uintvar(head[1:])
	case first <= maxShortLength:
		n, rest = int(first), head[1:]
	case first&shortInteger != 0: // a code alone
		n = 1
	default: // a name alone
		n = bytes.IndexByte(head, 0) + 1
	}
	if !ok || n == 0 || n > len(rest) {
		return nil, 0, fmt.Errorf("cp: content type of %d octets in headers of %d: %w", n, len(head), ErrMalformed)
	}
	return rest[:n], len(rest) - n, nil
}

// mediaType reads a code in one octet (B6) or with a length (01 36), or a name.
func mediaType(value []byte) (t ContentType, params []byte, err error) {
	switch first := value[0]; {
	case first&shortInteger != 0:
		return ContentType(first &^ shortInteger), value[1:], nil
	case first == 1 && len(value) > 1 && value[1] < shortInteger:
		return ContentType(value[1]), value[2:], nil
	}
	name, params, ended := bytes.Cut(value, []byte{0})
	t, known := mediaTypes[strings.ToLower(string(name))]
	if !ended || !known {
		return 0, nil, fmt.Errorf("cp: content type %q: %w", name, ErrContentType)
	}
	return t, params, nil
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
	if m.MAC = string(p[1 : 1+macDigits]); !isMAC(m.MAC) {
		return fmt.Errorf("cp: MAC is not hex: %w", ErrMalformed)
	}
	return nil
}
