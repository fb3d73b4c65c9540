package receipt

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Charset says how the text of a receipt is coded.
type Charset string

// The character sets of a link's configuration.
const (
	CharsetAuto   Charset = "auto"   // by data_coding
	CharsetASCII  Charset = "ascii"  // an octet above 7F is no character
	CharsetLatin1 Charset = "latin1" // ISO 8859-1
	CharsetUCS2   Charset = "ucs2"   // big-endian unless a byte order mark or the text shows otherwise
)

// decode gives the text as UTF-8. With auto, data_coding alone does not make it UCS-2: SMSCs copy the
// data_coding of the message into a receipt in ASCII, so the first character has to look the part.
func decode(b []byte, dataCoding byte, c Charset) string {
	switch c {
	case CharsetUCS2:
		return ucs2(b)
	case CharsetASCII:
		return octets(b, utf8.RuneSelf)
	case CharsetLatin1:
		return octets(b, 0x100)
	}
	if isUCS2(dataCoding) && len(b) >= 2 && (marked(b) || (b[0] == 0) != (b[1] == 0)) {
		return ucs2(b)
	}
	return octets(b, 0x100)
}

// isUCS2 reports whether a data_coding names UCS-2 (SMPP 3.4, 5.2.19; 3GPP TS 23.038, 4).
func isUCS2(dataCoding byte) bool { return dataCoding&0xCC == 0x08 }

func marked(b []byte) bool {
	return len(b) >= 2 && (b[0] == 0xFE && b[1] == 0xFF || b[0] == 0xFF && b[1] == 0xFE)
}

// octets reads one character per octet; those from limit on are none.
func octets(b []byte, limit int) string {
	if !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf }) {
		return string(b)
	}
	var s strings.Builder
	s.Grow(len(b))
	for _, c := range b {
		if int(c) >= limit {
			s.WriteRune('\uFFFD')
			continue
		}
		s.WriteRune(rune(c))
	}
	return s.String()
}

// ucs2 reads two octets per character; an odd octet at the end is dropped.
func ucs2(b []byte) string {
	var order binary.ByteOrder = binary.BigEndian
	if len(b) >= 2 && (b[0] == 0xFF && b[1] == 0xFE || b[0] != 0 && b[1] == 0) {
		order = binary.LittleEndian
	}
	if marked(b) {
		b = b[2:]
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
