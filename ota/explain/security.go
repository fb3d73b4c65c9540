package explain

import (
	"fmt"

	"github.com/simota/simota/ota"
)

// isRemote says whether a TAR is one of file or applet management, whose data
// are scripts (ETSI TS 101 220, annex D).
func isRemote(t ota.TAR) bool {
	switch {
	case t == ota.TAR{}, t == ota.TAR{0xB2, 0x01, 0x00}, t == ota.TAR{0x00, 0x00, 0x01}:
		return true
	case t[0] == 0xB0 && t[1] == 0x00, t[0] == 0xB0 && t[1] == 0x01:
		return true
	}
	return t[0] == 0 && (t[1] > 0 || t[2] >= 0x10) // ISD-Ps
}

func knownTAR(t [3]byte) bool {
	return t[0] == 0xB0 || t == [3]byte{} || t[0] == 0xB2 || t[0] == 0 && t[1] == 0
}

// tarWords says which application a TAR usually is; cards differ.
func tarWords(t ota.TAR) string {
	n := int(t[1])<<8 | int(t[2])
	switch {
	case t == ota.TAR{}:
		return "issuer security domain: applets and keys (RAM)"
	case t == ota.TAR{0x00, 0x00, 0x01}:
		return "ISD-R of an eUICC"
	case t == ota.TAR{0x00, 0x00, 0x02}:
		return "ECASD of an eUICC"
	case t[0] == 0 && n >= 0x10:
		return "ISD-P of an eUICC, or an applet"
	case t == ota.TAR{0xB2, 0x01, 0x00}:
		return "remote management, or the operator's domain of an eUICC"
	case t[0] != 0xB0:
		return "an applet, or an application of the card's maker"
	case n == 0 || n >= 0x02 && n <= 0x0F:
		return "shared file system (on some cards applet management)"
	case n == 0x01:
		return "files of an application (ADF)"
	case n == 0x11:
		return "file system of the SIM; on many cards the files of ADF.USIM"
	case n >= 0x10 && n <= 0x1F:
		return "file system of the SIM"
	case n >= 0x20 && n <= 0x11F:
		return "files of an application (ADF)"
	case n >= 0x120 && n <= 0x12F:
		return "shared file system, expanded format"
	case n >= 0x130 && n <= 0x13F:
		return "file system of the SIM, expanded format"
	case n >= 0x140 && n <= 0x1FF:
		return "files of an application (ADF), expanded format"
	}
	return "unknown application"
}

var cipherNames = map[byte]string{
	0x0: "implicit algorithm", 0x1: "DES, CBC", 0x2: "AES, CBC", 0x3: "proprietary algorithm", 0x5: "3DES with two keys, CBC",
	0x9: "3DES with three keys, CBC", 0xD: "DES, ECB",
}

var signNames = map[byte]string{
	0x0: "implicit algorithm", 0x1: "DES, CBC-MAC", 0x2: "AES, CMAC", 0x3: "proprietary algorithm", 0x5: "3DES with two keys, CBC-MAC",
	0x9: "3DES with three keys, CBC-MAC",
}

var crcNames = map[byte]string{0x1: "CRC-16", 0x5: "CRC-32"}

// keyOctet says what a KIc or KID octet names, and marks what is weak.
func keyOctet(n *Node, names map[byte]string, used bool) {
	if n.Length == 0 {
		return
	}
	o := n.Raw[0]
	name, ok := names[o&0x0F]
	if !ok {
		name = "reserved algorithm"
	}
	n.set("key set %d, %s", o>>4, name)
	if !used {
		n.Value += "; not used for the command"
		return
	}
	switch code := o & 0x0F; {
	case !ok:
		n.say(Wrong, "algorithm %X is reserved", code)
	case names[code] == "CRC-16" || names[code] == "CRC-32":
	case code == 0x1 || code == 0xD:
		n.say(Suspicious, "single DES: its key is found by search")
	case code == 0x0 || code == 0x3:
		n.say(Suspicious, "only who made the card knows this algorithm; it is not opened here")
	case o>>4 == 0:
		n.say(Suspicious, "key set 0 is implicit: no card stores keys under it")
	}
}

// spiNodes draws the two octets of the SPI.
func (l *layer) spiNodes(h ota.Header) {
	s := h.SPI
	one := l.field("SPI 1", 1)
	one.set("%s, %s, %s", s.Check(), cipheredWords(s.Ciphered()), s.CounterMode())
	two := l.field("SPI 2", 1)
	two.Value = s.PoR().String()
	if s.PoR() != ota.PoRNone {
		way := "in the SMS-DELIVER-REPORT"
		if s.PoRBySubmit() {
			way = "by SMS-SUBMIT"
		}
		two.Value += fmt.Sprintf(", %s, %s, %s", s.PoRCheck(), cipheredWords(s.PoRCiphered()), way)
	}
	s1, s2 := s[0], s[1]
	switch {
	case s1&0xE0 != 0:
		one.say(Wrong, "reserved bits are set: %02X", s1&0xE0)
	case s.Check() == ota.DS:
		one.say(Suspicious, "digital signatures are hardly supported by any card")
	}
	markStrength(one, h)
	switch {
	case s2&0xC0 != 0:
		two.say(Wrong, "reserved bits are set: %02X", s2&0xC0)
	case s2&0x03 == 0x03:
		two.say(Wrong, "the mode of the proof of receipt is reserved")
	case s.PoR() == ota.PoRNone:
		two.say(Info, "the card will say nothing, whatever happens")
	case !s.PoRBySubmit():
		two.say(Suspicious, "few SMSCs hand on the data of a delivery report: SPI %02X%02X asks for an SMS instead", s1, s2|0x20)
	}
	if s.PoR() == ota.PoRAlways && s.PoRCheck() < ota.CC && s.Check() == ota.CC {
		two.say(Suspicious, "the answer has no cryptographic checksum: anybody can forge it")
	}
}

func cipheredWords(yes bool) string {
	if yes {
		return "ciphered"
	}
	return "not ciphered"
}

// markStrength marks what is weak in the first octet.
func markStrength(n *Node, h ota.Header) {
	s := h.SPI
	aes := s.Ciphered() && h.KIc&0x0F == ota.AES128.Nibble() || s.Check() == ota.CC && h.KID&0x0F == ota.AES128.Nibble()
	if s.Check() < ota.CC {
		n.say(Suspicious, "%s: anybody could write this packet", s.Check())
	}
	if s.ReplayDetected() {
		return
	}
	if (h.TAR == ota.TAR{0x00, 0x00, 0x01} && s.PoR() == ota.PoRNone) {
		n.say(Info, "no replay detection, as notices of an eUICC have it: their sequence number guards them")
		return
	}
	n.say(Suspicious, "no replay detection: a copy of this packet runs again")
	if aes {
		n.say(Suspicious, "AES without a counter check: TS 102 225 does not permit it, some cards refuse it")
	}
}

// checkLength is how many octets of RC or CC a command has; ok is false if the
// SPI does not tell.
func checkLength(h ota.Header) (n int, ok bool) {
	switch h.SPI.Check() {
	case ota.NoCheck:
		return 0, true
	case ota.RC:
		n = h.CRC()
		return n, n > 0
	case ota.CC:
		return 8, true
	}
	return 0, false
}

// checkName is RC, CC or DS.
func checkName(c ota.Check) string {
	return map[ota.Check]string{ota.RC: "RC", ota.CC: "CC", ota.DS: "DS"}[c]
}
