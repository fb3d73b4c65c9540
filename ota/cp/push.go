package cp

import (
	"crypto/hmac"
	"fmt"
)

// WAP ports of a provisioning message (WAP-259-WDP).
const (
	Port       = 2948 // destination: connectionless push
	SourcePort = 9200 // connectionless session
)

// ContentType is what a push carries, by its WSP code (WAP-230-WSP, table 40).
type ContentType byte

// Content types that come with SEC and MAC, and that of a [Notification].
const (
	// Provisioning is application/vnd.wap.connectivity-wbxml, B6 on the wire.
	Provisioning ContentType = 0x36
	// DMBootstrap is application/vnd.syncml.dm+wbxml, C2 on the wire: the other
	// content of a bootstrap message (OMA-TS-DM-Bootstrap).
	DMBootstrap ContentType = 0x42
	// dmNotification is application/vnd.syncml.notification.
	dmNotification ContentType = 0x44
)

// Octets of a push (WAP-230-WSP, 8.2 and 8.4).
const (
	pushTID         = 0x01
	pduPush         = 0x06
	wspLengthQuote  = 0x1F // a uintvar length follows
	paramSEC        = 0x91
	paramMAC        = 0x92
	shortInteger    = 0x80
	macDigits       = 40
	maxSecuredHead  = 1 + 2 + 1 + macDigits + 1 // content type, SEC, MAC
	maxHeaders      = 2 + maxSecuredHead        // quoted length and all of it
	maxShortLength  = 30
	pushHeaderStart = 2
	plainHead       = 4   // of a push without SEC and MAC
	partAlone       = 133 // octets of push in one short message
	partOfMany      = 128 // and in each of several
)

// Message is a push of settings.
type Message struct {
	Type        ContentType
	Security    Security
	HasSecurity bool   // whether the push has SEC
	MAC         string // 40 hex digits, as sent; empty without MAC
	Body        []byte // WBXML; as read, a view into the push
}

// Sign makes a message with SEC and MAC. The key comes from [NetworkPIN],
// [UserPIN], [UserNetworkPIN] or, for USERPINMAC, [UserPINMAC]. The body is not
// copied.
//
// A USERPINMAC message has the MAC in it although its PIN would do: without it
// the content type would be so short that the usual client misreads its
// length. Whoever sees the message can search the half that is the key, so the
// half must be random and used once.
func Sign(t ContentType, body []byte, sec Security, key []byte) (Message, error) {
	if sec > USERPINMAC {
		return Message{}, fmt.Errorf("cp: SEC %d: want 0 to 3", byte(sec))
	}
	if len(key) == 0 {
		return Message{}, fmt.Errorf("cp: push with %v needs a key", sec)
	}
	if err := checkBody(body); err != nil {
		return Message{}, err
	}
	return Message{Type: t, Security: sec, HasSecurity: true, MAC: mac(key, body), Body: body}, nil
}

// AppendBinary appends the WSP push to b: 50 octets before a signed body, SEC
// before MAC as the strictest client wants them, and nothing after the content
// type, behind which that client looks for the body. Without SEC there are 4;
// many devices refuse such a push.
func (m Message) AppendBinary(b []byte) ([]byte, error) {
	if m.Type != Provisioning && m.Type != DMBootstrap {
		return b, fmt.Errorf("cp: push of content type %02X, want Provisioning or DMBootstrap: %w", byte(m.Type), ErrContentType)
	}
	if err := checkBody(m.Body); err != nil {
		return b, err
	}
	content := shortInteger | byte(m.Type)
	if !m.HasSecurity {
		b = append(b, pushTID, pduPush, 1, content)
		return append(b, m.Body...), nil
	}
	if m.Security > USERPINMAC || !isMAC(m.MAC) {
		return b, fmt.Errorf("cp: push with %v and a MAC of %d characters, want %d hex digits: %w", m.Security, len(m.MAC), macDigits, ErrMalformed)
	}
	b = append(b, pushTID, pduPush, maxHeaders, wspLengthQuote, maxSecuredHead, content, paramSEC, shortInteger|byte(m.Security), paramMAC)
	b = append(append(b, m.MAC...), 0)
	return append(b, m.Body...), nil
}

// Push wraps the WBXML of a provisioning document in a WSP push with SEC and
// MAC; see [Sign] and [Message.AppendBinary].
func Push(wbxml []byte, sec Security, key []byte) ([]byte, error) {
	m, err := Sign(Provisioning, wbxml, sec, key)
	if err != nil {
		return nil, err
	}
	return m.AppendBinary(make([]byte, 0, pushHeaderStart+1+maxHeaders+len(wbxml)))
}

// PushPlain wraps the WBXML of a provisioning document in a WSP push without
// SEC and MAC. Many devices refuse it.
func PushPlain(wbxml []byte) ([]byte, error) {
	return Message{Type: Provisioning, Body: wbxml}.AppendBinary(nil)
}

func checkBody(b []byte) error {
	if len(b) == 0 || len(b) > MaxBody {
		return fmt.Errorf("cp: body has %d octets, want 1 to %d: %w", len(b), MaxBody, ErrMalformed)
	}
	return nil
}

func isMAC(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < '0' || c > '9' || s[i] < '0') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == macDigits
}

// Verify says whether the MAC is that of the body under the key, in constant
// time. It compares upper-case text, as the strictest client does. A message
// without MAC is never verified, nor is USERPINMAC, whose proof is the PIN
// itself: see [Message.VerifyPIN].
func (m Message) Verify(key []byte) bool {
	return m.HasSecurity && m.Security <= USERNETWPIN && m.verifyMAC(key)
}

func (m Message) verifyMAC(key []byte) bool {
	return len(key) > 0 && hmac.Equal([]byte(mac(key, m.Body)), []byte(m.MAC))
}

// VerifyPIN says whether the PIN that a user typed proves a USERPINMAC message:
// its second half must be the check digits of the body under the first, and if
// the message has a MAC, that must be right too.
func (m Message) VerifyPIN(pin string) bool {
	half := pin[:len(pin)/2]
	whole, err := CompletePIN(half, m.Body)
	return err == nil && m.HasSecurity && m.Security == USERPINMAC &&
		hmac.Equal([]byte(whole), []byte(pin)) && (m.MAC == "" || m.verifyMAC([]byte(half)))
}

// Parts is how many short messages a WBXML body takes, with SEC and MAC or
// without, and an 8-bit reference.
func Parts(body int, signed bool) int {
	n := body + plainHead
	if signed {
		n = body + pushHeaderStart + 1 + maxHeaders
	}
	if n <= partAlone {
		return 1
	}
	return (n + partOfMany - 1) / partOfMany
}
