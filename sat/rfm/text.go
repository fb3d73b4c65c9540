package rfm

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

var errOddUCS2 = errors.New("rfm: name in UCS2 ends inside a character")

// First octets that mark a name as UCS2; any other is GSM 7-bit, one octet a
// character (ETSI TS 102 221, annex A).
const (
	ucs2      = 0x80 // big endian, two octets a character
	ucs2Page  = 0x81 // count, base shifted right by 7, one octet a character
	ucs2Page2 = 0x82 // the same with a base of two octets
)

// gsmBasic is the GSM 7-bit default alphabet in the order of its codes; the
// 28th, escape, stands as itself (3GPP TS 23.038, 6.2.1).
var gsmBasic = []rune("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ" +
	" !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
	"¿abcdefghijklmnopqrstuvwxyzäöñüà")

// gsmExtended is what may follow an escape.
var gsmExtended = map[byte]rune{
	0x0A: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2F: '\\',
	0x3C: '[', 0x3D: '~', 0x3E: ']', 0x40: '|', 0x65: '€',
}

const gsmEscape = 0x1B

// gsmCodes maps a character to one code, or to escape and a code.
var gsmCodes = func() map[rune][]byte {
	codes := make(map[rune][]byte, len(gsmBasic)+len(gsmExtended))
	for i, r := range gsmBasic {
		if i != gsmEscape {
			codes[r] = []byte{byte(i)}
		}
	}
	for o, r := range gsmExtended {
		codes[r] = []byte{gsmEscape, o}
	}
	return codes
}()

// encodeAlpha writes a name into a field, in the shortest coding, and fills
// the rest with FF.
func encodeAlpha(field []byte, name string) error {
	if !utf8.ValidString(name) {
		return fmt.Errorf("rfm: name %q is not valid text", name)
	}
	b, err := alpha([]rune(name))
	if err != nil {
		return fmt.Errorf("rfm: name %q: %w", name, err)
	}
	if len(b) > len(field) {
		return fmt.Errorf("rfm: name %q takes %d octets, the card's field has %d", name, len(b), len(field))
	}
	copy(field, blank(len(field)))
	copy(field, b)
	return nil
}

func alpha(name []rune) ([]byte, error) {
	if b, ok := gsm7(name); ok {
		return b, nil
	}
	wide := []byte{ucs2}
	for _, r := range name {
		if r >= 0xFFFF {
			return nil, fmt.Errorf("%q is outside UCS2", r)
		}
		wide = append(wide, byte(r>>8), byte(r))
	}
	if b, ok := page(name); ok && len(b) < len(wide) {
		return b, nil
	}
	return wide, nil
}

func gsm7(name []rune) ([]byte, bool) {
	var b []byte
	for _, r := range name {
		code, ok := gsmCodes[r]
		if !ok {
			return nil, false
		}
		b = append(b, code...)
	}
	return b, true
}

// page codes characters of the GSM alphabet as themselves and all others as an
// offset into one page of 128; it fails if they lie in several.
func page(name []rune) ([]byte, bool) {
	if len(name) > 255 {
		return nil, false
	}
	b := []byte{ucs2Page, byte(len(name)), 0}
	base := rune(-1)
	for _, r := range name {
		if code := gsmCodes[r]; len(code) == 1 {
			b = append(b, code[0])
			continue
		}
		if base < 0 {
			base = r >> 7
		}
		if r>>7 != base || base > 0xFF {
			return nil, false
		}
		b = append(b, 0x80|byte(r))
	}
	b[2] = byte(base)
	return b, true
}

// decodeAlpha reads a name in any of the four codings. After the name there
// may be nothing but FF.
func decodeAlpha(field []byte) (string, error) {
	if len(field) == 0 {
		return "", nil
	}
	switch field[0] {
	case ucs2:
		return decodeWide(field[1:])
	case ucs2Page:
		if len(field) < 3 {
			return "", errOddUCS2
		}
		return decodePage(field[3:], int(field[1]), rune(field[2])<<7)
	case ucs2Page2:
		if len(field) < 4 {
			return "", errOddUCS2
		}
		return decodePage(field[4:], int(field[1]), rune(field[2])<<8|rune(field[3]))
	}
	return decodeGSM7(field)
}

func decodeWide(b []byte) (string, error) {
	var name []rune
	for len(b) >= 2 && (b[0] != 0xFF || b[1] != 0xFF) {
		name = append(name, rune(b[0])<<8|rune(b[1]))
		b = b[2:]
	}
	if len(b) == 1 && b[0] != 0xFF {
		return "", errOddUCS2
	}
	return checked(name, b)
}

func decodePage(b []byte, count int, base rune) (string, error) {
	if count > len(b) {
		return "", fmt.Errorf("rfm: name says it has %d characters, %d octets are left", count, len(b))
	}
	var name []rune
	for _, o := range b[:count] {
		switch {
		case o&0x80 != 0:
			name = append(name, base+rune(o&0x7F))
		case o == gsmEscape:
			return "", errors.New("rfm: name in UCS2 has an escape")
		default:
			name = append(name, gsmBasic[o])
		}
	}
	return checked(name, b[count:])
}

func decodeGSM7(b []byte) (string, error) {
	var name []rune
	for len(b) > 0 && b[0] != 0xFF {
		o := b[0]
		b = b[1:]
		switch {
		case o&0x80 != 0:
			return "", fmt.Errorf("rfm: name has octet %02X, which is no GSM character", o)
		case o != gsmEscape:
			name = append(name, gsmBasic[o])
		case len(b) == 0 || gsmExtended[b[0]] == 0:
			return "", errors.New("rfm: name has an escape before no known character")
		default:
			name = append(name, gsmExtended[b[0]])
			b = b[1:]
		}
	}
	return checked(name, b)
}

// checked returns the name if its characters are valid and rest is fill.
func checked(name []rune, rest []byte) (string, error) {
	for _, r := range name {
		if !utf8.ValidRune(r) {
			return "", fmt.Errorf("rfm: name has %04X, which is no character", r)
		}
	}
	if !allFF(rest) {
		return "", errors.New("rfm: octets other than FF after the name")
	}
	return string(name), nil
}

// SPN is the service provider name (3GPP TS 31.102, 4.2.12).
type SPN struct {
	Name       string `json:"name"`
	ShowPLMN   bool   `json:"show_plmn,omitempty"`   // the name of the network must be shown too, at home
	HideAbroad bool   `json:"hide_abroad,omitempty"` // the name need not be shown outside the home area
}

// EncodeSPN codes the 17 octets of EF_SPN.
func EncodeSPN(s SPN) ([]byte, error) {
	b := make([]byte, 17)
	if s.ShowPLMN {
		b[0] |= 1
	}
	if s.HideAbroad {
		b[0] |= 2
	}
	if err := encodeAlpha(b[1:], s.Name); err != nil {
		return nil, err
	}
	return b, nil
}

// DecodeSPN reads the 17 octets of EF_SPN. Reserved display bits are ignored.
func DecodeSPN(b []byte) (SPN, error) {
	if len(b) != 17 {
		return SPN{}, fmt.Errorf("rfm: SPN of %d octets: want 17", len(b))
	}
	name, err := decodeAlpha(b[1:])
	if err != nil {
		return SPN{}, err
	}
	return SPN{Name: name, ShowPLMN: b[0]&1 != 0, HideAbroad: b[0]&2 != 0}, nil
}

var spnCoding = coding[SPN]{
	from: DecodeSPN,
	to:   func(s SPN, _ []byte) ([]byte, error) { return EncodeSPN(s) },
	says: SPN.words,
}

func (s SPN) words() string {
	words := fmt.Sprintf("%q", s.Name)
	if s.ShowPLMN {
		words += ", network shown at home"
	}
	if s.HideAbroad {
		words += ", hidden abroad"
	}
	return words
}
