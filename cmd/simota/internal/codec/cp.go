package codec

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/ota/cp"
)

// CP returns the commands about OMA Client Provisioning messages.
func (h Host) CP() []*cobra.Command {
	return []*cobra.Command{h.cpEncode(), h.cpDecode(), h.cpNotify()}
}

// credentials are what a device checks a provisioning message with.
type credentials struct {
	sec  sec
	imsi word
	pin  word
}

func (p *credentials) fields() []field {
	return []field{
		{"sec", &p.sec, false, "what signs it: netwpin (the IMSI), userpin, usernetwpin, userpinmac, or 0 to 3 [not signed]"},
		{"imsi", &p.imsi, false, "IMSI in the SIM when the device reads the message, 6 to 15 digits, or @FILE"},
		{"pin", &p.pin, false, "PIN that the user types, 4 to 10 digits, or @FILE; for userpinmac its random half, 5 to 9 digits, or the whole"},
	}
}

// given is whether there is all that the key of a method is made of.
func (p *credentials) given(s cp.Security) bool {
	return (s == cp.USERPIN || s == cp.USERPINMAC || p.imsi != "") && (s == cp.NETWPIN || p.pin != "")
}

// key makes the key of a method. For USERPINMAC it is the first half of a PIN
// that was given as a whole.
func (p *credentials) key(s cp.Security) (cp.Credential, error) {
	if s != cp.USERPIN && s != cp.USERPINMAC && p.imsi == "" {
		return nil, fmt.Errorf("imsi (--imsi) is missing: %v is signed with it", s)
	}
	if s != cp.NETWPIN && p.pin == "" {
		return nil, fmt.Errorf("pin (--pin) is missing: %v is signed with it", s)
	}
	switch s {
	case cp.NETWPIN:
		return cp.NetworkPIN(string(p.imsi))
	case cp.USERPIN:
		return cp.UserPIN(string(p.pin))
	case cp.USERNETWPIN:
		return cp.UserNetworkPIN(string(p.imsi), string(p.pin))
	}
	if !p.wholePIN() {
		return cp.UserPINMAC(string(p.pin))
	}
	if len(p.pin)%2 != 0 {
		return nil, errors.New("pin: a USERPINMAC PIN has an even number of digits, its half 5 to 9")
	}
	return cp.UserPINMAC(string(p.pin[:len(p.pin)/2]))
}

// wholePIN tells a whole USERPINMAC PIN, 10 digits or more, from its half.
func (p *credentials) wholePIN() bool { return len(p.pin) > 9 }

// cpEncode makes a provisioning message of a document.
type cpEncode struct {
	xml file
	credentials
	ref number
}

func (h Host) cpEncode() *cobra.Command {
	cmd := h.command(&cpEncode{}, "encode", "make a provisioning message of a document in XML",
		`simota cp encode settings.xml --sec netwpin --imsi 001010123456789 --reference 7
simota cp encode settings.xml --sec userpin --pin @pin.txt --json
simota cp encode - < settings.xml
simota cp encode --jsonl < requests.jsonl > messages.jsonl`)
	cmd.Long = `Writes a wap-provisioningdoc as WBXML, signs it, wraps it in a WSP push and splits
that into the user data of short messages (OMA-WAP-TS-ProvCont and ProvBoot 1.1).
Without FILE.xml it reads standard input.

With userpinmac it also says which PIN the user has to type: the half that was given
and its check digits.`
	return cmd
}

func (r *cpEncode) reset() { *r = cpEncode{} }

func (r *cpEncode) fields() []field {
	return append([]field{{"xml", &r.xml, true, "FILE.xml|-"}}, append(r.credentials.fields(),
		field{"reference", &r.ref, false, referenceUsage})...)
}

const referenceUsage = "reference of the parts, another for each message on its way to a device: up to 255 of 8 bits, above of 16 [0]"

func (r *cpEncode) run() (answer, error) {
	doc, err := cp.ParseXML([]byte(r.xml))
	if err != nil {
		return nil, err
	}
	a := &cpEncoded{sec: r.sec}
	if a.WBXML, err = doc.AppendWBXML(nil); err != nil {
		return nil, err
	}
	m := cp.Message{Type: cp.Provisioning, Body: a.WBXML}
	if r.sec.given {
		if m, err = r.sign(a); err != nil {
			return nil, err
		}
	}
	a.MAC = m.MAC
	if a.PDU, err = m.AppendBinary(nil); err != nil {
		return nil, err
	}
	a.UDs, err = splitPush(a.PDU, r.ref)
	return a, err
}

func (r *cpEncode) sign(a *cpEncoded) (cp.Message, error) {
	key, err := r.key(r.sec.Security)
	if err != nil {
		return cp.Message{}, err
	}
	m, err := cp.Sign(cp.Provisioning, a.WBXML, r.sec.Security, key)
	if err != nil || r.sec.Security != cp.USERPINMAC {
		return m, err
	}
	if r.wholePIN() && !m.VerifyPIN(string(r.pin)) {
		return m, errors.New("pin: its second half is not the check digits of this document: give the first half, the answer has the whole")
	}
	a.PIN, err = cp.CompletePIN(string(key), a.WBXML)
	return m, err
}

func splitPush(pdu []byte, ref number) ([]octets, error) {
	var parts [][]byte
	var err error
	switch {
	case ref.n < 0 || ref.n > 0xFFFF:
		return nil, fmt.Errorf("reference: %d: want 0 to 65535", ref.n)
	case ref.n <= 0xFF:
		parts, err = cp.Split(pdu, byte(ref.n))
	default:
		parts, err = cp.Split16(pdu, uint16(ref.n))
	}
	return octetsOf(parts), err
}

type cpEncoded struct {
	tagged
	WBXML octets `json:"wbxml"`
	MAC   string `json:"mac,omitempty"`
	// PIN is what the user types, for USERPINMAC alone: it is made here.
	PIN string   `json:"pin,omitempty"`
	PDU octets   `json:"pdu"`
	UDs []octets `json:"uds"`

	sec sec
}

func (a *cpEncoded) text(w io.Writer) error {
	signed := "not signed: many devices refuse it, or ask the user"
	if a.sec.given {
		signed = fmt.Sprintf("%v  %s", a.sec.Security, a.MAC)
	}
	rows := [][]string{{"signed", signed}}
	if a.PIN != "" {
		rows = append(rows, []string{"PIN", a.PIN + "  for the user to type"})
	}
	rows = append(rows, []string{"WBXML", count(len(a.WBXML), "octet"), a.WBXML.String()})
	return messageText(w, rows, a.PDU, a.UDs)
}

// messageText writes how a message travels, after what it is.
func messageText(w io.Writer, rows [][]string, pdu octets, uds []octets) error {
	rows = append(rows, []string{"push", count(len(pdu), "octet"), pdu.String()})
	for i, ud := range uds {
		rows = append(rows, []string{fmt.Sprintf("SMS %d/%d", i+1, len(uds)), count(len(ud), "octet"), ud.String()})
	}
	return show.Table(w, rows)
}

// cpDecode is cpEncode backwards.
type cpDecode struct {
	wbxml, pdu octets
	uds        list
	credentials
}

func (h Host) cpDecode() *cobra.Command {
	cmd := h.command(&cpDecode{}, "decode", "show the document of a provisioning message in XML, and check its MAC",
		`simota cp decode 0B05040B8423F0000307020101062F1F2D... 0B05040B8423F00003070202...
simota cp decode 01062F1F2DB6918092... --imsi 001010123456789
simota cp decode 030B6A00C54503312E310001...
simota cp decode --jsonl < messages.jsonl > documents.jsonl`)
	cmd.Long = `Reads the user data of short messages in any order, a WSP push, or WBXML: what HEX
is, is found out. With the IMSI or PIN that signed the message, the MAC is checked.
Passwords are shown. Tokens that no table has stand there as [unknown token PAGE:TOKEN].`
	return cmd
}

func (r *cpDecode) reset() { *r = cpDecode{} }

func (r *cpDecode) fields() []field {
	return append([]field{
		{"wbxml", &r.wbxml, false, "WBXML, or @FILE, if HEX is not recognised"},
		{"pdu", &r.pdu, false, "WSP push, or @FILE, if HEX is not recognised"},
		{"uds", &r.uds, false, "HEX"},
	}, r.credentials.fields()...)
}

// arrange finds out what the arguments of the command line are: user data of
// short messages, each with the ports of a push, or one push or WBXML that may
// be in pieces.
func (r *cpDecode) arrange() {
	if len(r.uds) == 0 || hasPorts(r.uds[0]) {
		return
	}
	var whole octets
	for _, piece := range r.uds {
		whole = append(whole, piece...)
	}
	r.uds = nil
	switch {
	case hasPorts(whole):
		r.uds = list{whole}
	case len(whole) > 1 && whole[1] == 0x06: // a push; WBXML of this public identifier is an SL
		r.pdu = whole
	default:
		r.wbxml = whole
	}
}

func hasPorts(ud octets) bool {
	u, err := parseUserData(ud)
	if err != nil {
		return false
	}
	_, _, ok := u.Ports()
	return ok
}

func (r *cpDecode) run() (answer, error) {
	m, err := r.message()
	if err != nil {
		return nil, err
	}
	a := &cpDecoded{}
	if a.MACOK, err = r.check(m); err != nil {
		return nil, err
	}
	doc, err := cp.ParseWBXML(m.Body)
	if err != nil {
		return nil, err
	}
	a.XML, a.unknown = doc.XML(), doc.Unknown()
	return a, nil
}

// message reads the one form that the request has.
func (r *cpDecode) message() (cp.Message, error) {
	forms := 0
	for _, there := range []bool{r.wbxml != nil, r.pdu != nil, r.uds != nil} {
		if there {
			forms++
		}
	}
	if forms != 1 {
		return cp.Message{}, errors.New("want one of wbxml, pdu and uds (HEX)")
	}
	pdu := []byte(r.pdu)
	if r.wbxml != nil {
		return cp.Message{Type: cp.Provisioning, Body: r.wbxml, Security: r.sec.Security, HasSecurity: r.sec.given}, nil
	}
	if r.uds != nil {
		parts := make([][]byte, len(r.uds))
		for i, ud := range r.uds {
			parts[i] = ud
		}
		var err error
		if pdu, err = cp.Join(parts); err != nil {
			return cp.Message{}, err
		}
	}
	m, err := cp.ParsePush(pdu)
	switch {
	case err != nil:
		return m, err
	case m.Type != cp.Provisioning:
		return m, fmt.Errorf("the push is a bootstrap of device management (application/vnd.syncml.dm+wbxml): %w", cp.ErrContentType)
	case r.sec.given && !m.HasSecurity:
		return m, fmt.Errorf("sec: the push is not signed, want %v", r.sec.Security)
	case r.sec.given && r.sec.Security != m.Security:
		return m, fmt.Errorf("sec: the push is signed with %v, not %v", m.Security, r.sec.Security)
	}
	return m, nil
}

// check says whether the MAC is right; nil where there is none, or nothing to
// check it with. The check digits of a whole USERPINMAC PIN are a MAC too.
func (r *cpDecode) check(m cp.Message) (*bool, error) {
	byPIN := m.Security == cp.USERPINMAC && r.wholePIN()
	if !m.HasSecurity || !r.given(m.Security) || m.MAC == "" && !byPIN {
		return nil, nil
	}
	key, err := r.key(m.Security)
	if err != nil {
		return nil, err
	}
	if byPIN {
		ok := m.VerifyPIN(string(r.pin))
		return &ok, nil
	}
	m.Security = cp.USERPIN // half a USERPINMAC PIN is the key of the MAC as it is
	ok := m.Verify(key)
	return &ok, nil
}

type cpDecoded struct {
	tagged
	XML   string `json:"xml"`
	MACOK *bool  `json:"mac_ok,omitempty"`

	unknown []string
}

// text writes what is not the document as comments, so that all of it is XML.
func (a *cpDecoded) text(w io.Writer) error {
	var b strings.Builder
	b.WriteString(a.XML)
	if a.MACOK != nil {
		b.WriteString(map[bool]string{true: "<!-- the MAC is right -->\n", false: "<!-- the MAC is WRONG: another IMSI or PIN, or other octets -->\n"}[*a.MACOK])
	}
	for _, u := range a.unknown {
		fmt.Fprintf(&b, "<!-- %s -->\n", strings.ReplaceAll(u, "--", "- -"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
