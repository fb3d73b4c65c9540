package applet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Values are what the placeholders of a template stand for, by name, as text:
// "slot" and "timer" are decimal numbers without leading zeros, "imsi", "iccid"
// and "mcc" digits. A value that a template names and the caller does not give
// is an error, so no slot is ever 0 by accident.
type Values map[string]string

// identity are the names that say which subscription is meant.
var identity = []string{"slot", "imsi", "iccid"}

// coding is how one placeholder is written. encode gives exactly size octets;
// decode takes exactly size octets and accepts only what encode writes.
type coding struct {
	size   int
	encode func(string) ([]byte, error)
	decode func([]byte) (string, error)
}

var codings = map[string]coding{
	"slot":       number(1),
	"imsi":       {9, encodeIMSI, decodeIMSI},
	"imsi:bcd":   swapped("IMSI", 8, 6, 15),
	"imsi:ascii": ascii("IMSI", 15),
	"iccid":      swapped("ICCID", 10, 18, 20),
	"mcc":        swapped("MCC", 2, 3, 3),
	"mcc:ascii":  ascii("MCC", 3),
	"timer:1":    number(1),
	"timer:2":    number(2),
	"timer:3":    number(3),
	"timer:4":    number(4),
}

// placeholder is one ${name} or ${name:variant} of a template.
type placeholder struct {
	key  string // as between the braces
	name string // of the value
	coding
}

func (p placeholder) String() string { return "${" + p.key + "}" }

func lookUp(key string) (placeholder, error) {
	c, ok := codings[key]
	if !ok {
		return placeholder{}, fmt.Errorf("${%s} is no placeholder: want one of %s", key, strings.Join(slices.Sorted(maps.Keys(codings)), ", "))
	}
	name, _, _ := strings.Cut(key, ":")
	return placeholder{key, name, c}, nil
}

// octets codes the value of this placeholder.
func (p placeholder) octets(v Values) ([]byte, error) {
	text, ok := v[p.name]
	if !ok {
		return nil, fmt.Errorf("no value for %s: give %q", p, p.name)
	}
	b, err := p.encode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p, err)
	}
	return b, nil
}

// number codes a number in so many octets, the highest first.
func number(size int) coding {
	highest := uint64(1)<<(8*size) - 1
	return coding{
		size: size,
		encode: func(s string) ([]byte, error) {
			n, err := strconv.ParseUint(s, 10, 64)
			if err != nil || n > highest || strconv.FormatUint(n, 10) != s {
				return nil, fmt.Errorf("%q: want a number, 0 to %d, without leading zeros", s, highest)
			}
			b := make([]byte, size)
			for i := range b {
				b[i] = byte(n >> (8 * (size - 1 - i)))
			}
			return b, nil
		},
		decode: func(b []byte) (string, error) {
			var n uint64
			for _, o := range b {
				n = n<<8 | uint64(o)
			}
			return strconv.FormatUint(n, 10), nil
		},
	}
}

// ascii codes so many digits as text.
func ascii(what string, size int) coding {
	return coding{
		size: size,
		encode: func(s string) ([]byte, error) {
			return []byte(s), checkDigits(what, s, size, size)
		},
		decode: func(b []byte) (string, error) {
			return string(b), checkDigits(what, string(b), size, size)
		},
	}
}

// swapped codes least to most digits two in an octet, the first in the low
// half, F after them.
func swapped(what string, size, least, most int) coding {
	return coding{
		size: size,
		encode: func(s string) ([]byte, error) {
			if err := checkDigits(what, s, least, most); err != nil {
				return nil, err
			}
			return swap(s, size), nil
		},
		decode: func(b []byte) (string, error) {
			s, err := unswap(b)
			if err != nil {
				return "", err
			}
			return s, checkDigits(what, s, least, most)
		},
	}
}

// swap codes digits in size octets, which must hold them.
func swap(digits string, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = 0xFF
	}
	for i := range len(digits) {
		d := digits[i] - '0'
		if i%2 == 0 {
			b[i/2] = 0xF0 | d
		} else {
			b[i/2] = d<<4 | b[i/2]&0xF
		}
	}
	return b
}

func unswap(b []byte) (string, error) {
	var s []byte
	ended := false
	for _, o := range b {
		for _, d := range [2]byte{o & 0xF, o >> 4} {
			switch {
			case d == 0xF:
				ended = true
			case d > 9 || ended:
				return "", fmt.Errorf("%X: want digits, swapped, and F after them", b)
			default:
				s = append(s, '0'+d)
			}
		}
	}
	return string(s), nil
}

// encodeIMSI codes an IMSI as in EF_IMSI: the number of octets used, then a
// parity nibble and the digits, swapped.
func encodeIMSI(imsi string) ([]byte, error) {
	if err := checkDigits("IMSI", imsi, 6, 15); err != nil {
		return nil, err
	}
	b := append([]byte{byte(len(imsi)/2 + 1)}, swap("0"+imsi, 8)...)
	b[1] |= 0x1 // type IMSI
	if len(imsi)%2 == 1 {
		b[1] |= 0x8
	}
	return b, nil
}

func decodeIMSI(b []byte) (string, error) {
	if parity := b[1] & 0xF; parity != 0x1 && parity != 0x9 {
		return "", fmt.Errorf("%X: parity nibble %X: want 1 or 9", b, parity)
	}
	tail, err := unswap(b[2:])
	if err != nil {
		return "", err
	}
	if b[1]>>4 > 9 {
		return "", fmt.Errorf("%X: first digit %X: want 0 to 9", b, b[1]>>4)
	}
	imsi := string('0'+b[1]>>4) + tail
	if back, err := encodeIMSI(imsi); err != nil {
		return "", err
	} else if string(back) != string(b) {
		return "", errors.New("length or parity does not fit the digits")
	}
	return imsi, nil
}

func checkDigits(what, s string, least, most int) error {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return fmt.Errorf("%s %q: want digits only", what, s)
		}
	}
	if len(s) < least || len(s) > most {
		return fmt.Errorf("%s %q of %d digits: want %s", what, s, len(s), span(least, most))
	}
	return nil
}

func span(least, most int) string {
	if least == most {
		return strconv.Itoa(least)
	}
	return fmt.Sprintf("%d to %d", least, most)
}
