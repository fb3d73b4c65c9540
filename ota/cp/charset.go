package cp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// charset is a character set by its number in the registry of IANA (MIBenum).
type charset uint32

// Character sets that a body may have. 0 is WBXML's word for "not said".
const (
	charsetNone    charset = 0
	charsetASCII   charset = 3
	charsetLatin1  charset = 4
	charsetUCS2    charset = 1000
	charsetUTF16BE charset = 1013
	charsetUTF16LE charset = 1014
	charsetUTF16   charset = 1015
)

func (c charset) known() bool {
	switch c {
	case charsetNone, charsetASCII, charsetLatin1, charsetUTF8, charsetUCS2, charsetUTF16BE, charsetUTF16LE, charsetUTF16:
		return true
	}
	return false
}

// end returns the octets of the string that b begins with, and those of its
// end: one zero octet, or two where characters have two. It is -1 without end.
func (c charset) end(b []byte) (octets, zeros int) {
	if c < charsetUCS2 {
		return bytes.IndexByte(b, 0), 1
	}
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return i, 2
		}
	}
	return -1, 2
}

// text turns the octets of a string into UTF-8.
func (c charset) text(b []byte) (string, error) {
	switch c {
	case charsetASCII:
		for _, o := range b {
			if o >= utf8.RuneSelf {
				return "", fmt.Errorf("octet %02X in a string of US-ASCII", o)
			}
		}
	case charsetLatin1:
		runes := make([]rune, len(b))
		for i, o := range b {
			runes[i] = rune(o)
		}
		return string(runes), nil
	case charsetUCS2, charsetUTF16BE, charsetUTF16LE, charsetUTF16:
		return c.wide(b)
	}
	if !utf8.Valid(b) {
		return "", errors.New("string is not UTF-8")
	}
	return string(b), nil
}

// wide reads characters of two octets. Where the order is not part of the
// name, a byte order mark says it; without one it is big-endian.
func (c charset) wide(b []byte) (string, error) {
	var order binary.ByteOrder = binary.BigEndian
	if c == charsetUTF16LE {
		order = binary.LittleEndian
	}
	if c == charsetUCS2 || c == charsetUTF16 {
		switch {
		case bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
			b = b[2:]
		case bytes.HasPrefix(b, []byte{0xFF, 0xFE}):
			b, order = b[2:], binary.LittleEndian
		}
	}
	var text []byte
	for len(b) > 0 {
		r, size := rune(order.Uint16(b)), 2
		if utf16.IsSurrogate(r) {
			r = utf8.RuneError
			if len(b) >= 4 && c != charsetUCS2 {
				r, size = utf16.DecodeRune(rune(order.Uint16(b)), rune(order.Uint16(b[2:]))), 4
			}
			if r == utf8.RuneError {
				return "", errors.New("half a surrogate pair in a string")
			}
		}
		text = utf8.AppendRune(text, r)
		b = b[size:]
	}
	return string(text), nil
}
