package device

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/simota/simota/ota/cp"
)

// Text is the form in which a device without OMA Client Provisioning takes settings from a text message.
type Text struct {
	form   *regexp.Regexp
	fields []string // in their order in the text
}

// placeholder is a field in the form of a text.
var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// textFields are what a text may have, and apn is what it must have. The password of the device itself is its PIN.
var textFields = []string{"apn", "user", "secret", "auth", "pdp", "dns1", "dns2", "smsc", "pin"}

// ParseText reads a form: text that stands as it is, and the fields ${apn}, ${user}, ${secret}, ${auth}, ${pdp}, ${dns1},
// ${dns2}, ${smsc} and ${pin}, each at most once and with something between two of them. All but the APN may be empty in
// a message.
func ParseText(s string) (Text, error) {
	var t Text
	var form strings.Builder
	at, seen := 0, map[string]bool{}
	for i, m := range placeholder.FindAllStringSubmatchIndex(s, -1) {
		name := s[m[2]:m[3]]
		switch {
		case !slices.Contains(textFields, name):
			return t, fmt.Errorf("device: text %q: field %q: want one of %v", s, name, textFields)
		case seen[name]:
			return t, fmt.Errorf("device: text %q: field %q is there twice", s, name)
		case i > 0 && m[0] == at:
			return t, fmt.Errorf("device: text %q: nothing stands between %q and the field before it", s, name)
		}
		seen[name] = true
		form.WriteString(regexp.QuoteMeta(s[at:m[0]]) + `(.*?)`)
		t.fields, at = append(t.fields, name), m[1]
	}
	if !seen["apn"] {
		return t, fmt.Errorf("device: text %q: field ${apn} is missing", s)
	}
	var err error
	t.form, err = regexp.Compile(`(?s)\A` + form.String() + regexp.QuoteMeta(s[at:]) + `\z`)
	return t, err
}

// read takes the settings out of a message; false if it does not have the form, has no APN or another PIN.
func (t Text) read(message, pin string) (Settings, bool) {
	m := t.form.FindStringSubmatch(message)
	if m == nil {
		return Settings{}, false
	}
	var s Settings
	a := APN{Internet: true}
	for i, field := range t.fields {
		switch v := m[i+1]; field {
		case "apn":
			a.Address = v
		case "user":
			a.User = v
		case "secret":
			a.Secret = cp.Secret(v)
		case "auth":
			a.Auth = strings.ToLower(v)
		case "pdp":
			a.PDP = v
		case "dns1", "dns2":
			a.DNS = strings.TrimSpace(a.DNS + " " + v)
		case "smsc":
			s.SMSC = v
		case "pin":
			if v != pin {
				return Settings{}, false
			}
		}
	}
	s.APNs = []APN{a}
	return s, a.Address != ""
}

// read looks for settings in a text message.
func (d *Device) read(dcs byte, text []byte) Reaction {
	stored := Reaction{Outcome: Stored}
	if d.form == nil {
		return stored
	}
	message, err := decode(dcs, text)
	if err != nil {
		return stored
	}
	s, ok := d.form.read(message, string(d.cfg.PIN))
	if !ok {
		return stored
	}
	// There is one place for an access point in such a device.
	session := d.apply(s, func(APN, APN) bool { return true })
	return Reaction{Outcome: TextTaken, Session: session}
}

// Data codings of a text (3GPP TS 23.038, 4).
const (
	dcsGSM7 = 0x00
	dcsUCS2 = 0x08
)

// Characters of the GSM 7-bit default alphabet and of its extension table, by their codes (3GPP TS 23.038, 6.2.1).
var (
	gsm7 = []rune("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
	gsm7Extension = map[byte]rune{
		0x0A: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2F: '\\', 0x3C: '[', 0x3D: '~', 0x3E: ']', 0x40: '|', 0x65: '€',
	}
)

const escape = 0x1B

var errNoText = errors.New("device: no text")

// decode reads a text as it stands in SMPP: one character to the octet in the GSM alphabet, or UCS-2.
func decode(dcs byte, b []byte) (string, error) {
	switch dcs {
	case dcsGSM7:
		return decodeGSM7(b)
	case dcsUCS2:
		if len(b)%2 != 0 {
			return "", errNoText
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
		}
		return string(utf16.Decode(units)), nil
	}
	return "", errNoText
}

func decodeGSM7(b []byte) (string, error) {
	var s strings.Builder
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c > 0x7F:
			return "", errNoText
		case c == escape && i+1 < len(b):
			i++
			r, ok := gsm7Extension[b[i]]
			if !ok { // shown as the character of the main table
				r = gsm7[b[i]&0x7F]
			}
			s.WriteRune(r)
		case c != escape:
			s.WriteRune(gsm7[c])
		}
	}
	return s.String(), nil
}
