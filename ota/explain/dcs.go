package explain

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// alphabet of a TP-DCS.
type alphabet byte

const (
	gsm7 alphabet = iota
	binary8
	ucs2
	reservedAlphabet
)

var alphabetWords = [...]string{"GSM 7 bit", "8 bit", "UCS2", "reserved alphabet"}

// dcs reads a TP-DCS (3GPP TS 23.038, 4). class is 0 to 3, or -1 for none.
func dcs(v byte) (a alphabet, class int, compressed bool) {
	class = -1
	switch {
	case v < 0x80: // general, and marked for automatic deletion
		a, compressed = alphabet(v>>2&0x03), v&0x20 != 0
		if v&0x10 != 0 {
			class = int(v & 0x03)
		}
	case v >= 0xF0:
		a, class = alphabet(v>>2&0x01), int(v&0x03)
	case v >= 0xE0:
		a = ucs2
	case v >= 0xC0:
		a = gsm7
	default:
		a = reservedAlphabet
	}
	return a, class, compressed
}

func dcsWords(v byte) string {
	a, class, compressed := dcs(v)
	words := alphabetWords[a]
	if compressed {
		words += ", compressed"
	}
	switch class {
	case -1:
		words += ", no class"
	case 0:
		words += ", class 0: shown at once"
	case 1:
		words += ", class 1: kept in the phone"
	case 2:
		words += ", class 2: for the SIM"
	case 3:
		words += ", class 3: for a terminal behind the phone"
	}
	switch {
	case v >= 0xC0 && v < 0xF0:
		words += ", message waiting"
	case v >= 0x40 && v < 0x80:
		words += ", delete after reading"
	}
	return words
}

// toSIM says whether a phone hands a message with this DCS to the card: 8 bit
// and class 2 (3GPP TS 23.040, 9.2.3.9).
func toSIM(v byte) bool {
	a, class, _ := dcs(v)
	return a == binary8 && class == 2
}

const pidSIM = 0x7F

func pidWords(v byte) string {
	switch {
	case v == 0x00:
		return "short message"
	case v == pidSIM:
		return "(U)SIM data download"
	case v == 0x7E:
		return "phone download"
	case v == 0x7D:
		return "phone de-personalisation"
	case v == 0x40:
		return "short message of type 0: the phone drops it and acknowledges"
	case v >= 0x41 && v <= 0x47:
		return fmt.Sprintf("replaces message of type %d", v-0x40)
	case v == 0x5F:
		return "return call message"
	case v&0xE0 == 0x20:
		return "interworking with another service"
	}
	return "other protocol"
}

// transport are the fields around a message that decide where it goes.
type transport struct {
	pid, dcs *Node
	smpp     bool
	toCard   bool // network to phone: what the phone does with it is decided here
}

// check marks fields that keep a message from where its content wants to go.
func (t transport) check(c carried) {
	if !t.toCard || !c.command && !c.push {
		return
	}
	pid, dcs := valueOf(t.pid), valueOf(t.dcs)
	switch {
	case c.command && t.pid != nil && pid != pidSIM:
		t.pid.say(Wrong, "PID is not 7F: the phone does not hand this to the card")
	case c.push && t.pid != nil && pid == pidSIM:
		t.pid.say(Wrong, "PID 7F: the phone hands this to the card, not to its settings client")
	}
	switch {
	case t.dcs == nil:
	case c.command && t.smpp && (dcs == 0x02 || dcs == 0x04):
		t.dcs.say(Suspicious, "no class 2: unless the SMSC is known to add it, the phone shows or drops this and the card never gets it; use F6")
	case c.command && !toSIM(dcs):
		t.dcs.say(Wrong, "not 8 bit and class 2 (F6, 16): the phone shows or drops this and the card never gets it")
	case c.push && toSIM(dcs):
		t.dcs.say(Wrong, "class 2 goes to the card, not to the settings client; use 04 or F5")
	}
}

func valueOf(n *Node) byte {
	if n == nil || len(n.Raw) != 1 {
		return 0
	}
	return n.Raw[0]
}

// textOf reads a message without header as its data_coding says.
func textOf(b []byte, coding byte) (string, bool) {
	switch coding {
	case 0x00, 0x01, 0x03:
		return printable(latin1(b)), true
	case 0x08:
		return printable(fromUCS2(b)), len(b)%2 == 0
	}
	if a, _, _ := dcs(coding); coding >= 0x10 && a == ucs2 {
		return printable(fromUCS2(b)), len(b)%2 == 0
	}
	return "", false
}

func latin1(b []byte) string {
	var s strings.Builder
	for _, o := range b {
		s.WriteRune(rune(o))
	}
	return s.String()
}

func fromUCS2(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
	}
	return string(utf16.Decode(units))
}

// gsmBasic is the default alphabet by code (3GPP TS 23.038, 6.2.1).
var gsmBasic = []rune("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")

// gsmExtended is what may follow an escape.
var gsmExtended = map[byte]rune{
	0x0A: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2F: '\\', 0x3C: '[', 0x3D: '~', 0x3E: ']', 0x40: '|', 0x65: '€',
}

// septets unpacks n characters of 7 bits, from bit skip on.
func septets(b []byte, skip, n int) string {
	var s strings.Builder
	escaped := false
	for i := range n {
		at := skip + 7*i
		if (at+6)/8 >= len(b) {
			break
		}
		v := uint16(b[at/8]) >> (at % 8)
		if at/8+1 < len(b) {
			v |= uint16(b[at/8+1]) << (8 - at%8)
		}
		c := byte(v & 0x7F)
		switch {
		case escaped:
			escaped = false
			if r, ok := gsmExtended[c]; ok {
				s.WriteRune(r)
				continue
			}
			s.WriteRune(gsmBasic[c])
		case c == 0x1B:
			escaped = true
		default:
			s.WriteRune(gsmBasic[c])
		}
	}
	return s.String()
}
