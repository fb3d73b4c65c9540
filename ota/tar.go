package ota

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// TAR is a toolkit application reference: the application on the card that a packet is for (ETSI TS 101 220, annex D).
type TAR [3]byte

// String returns six upper-case hexadecimal digits: "B00011".
func (t TAR) String() string { return upperHex(t[:]) }

// ParseTAR reads six hexadecimal digits of either case.
func ParseTAR(s string) (TAR, error) {
	var t TAR
	if err := parseHex(t[:], "TAR", s); err != nil {
		return TAR{}, err
	}
	return t, nil
}

// MarshalText returns the form of String.
func (t TAR) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what ParseTAR reads.
func (t *TAR) UnmarshalText(text []byte) error {
	v, err := ParseTAR(string(text))
	if err == nil {
		*t = v
	}
	return err
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

func parseHex(dst []byte, field, s string) error {
	if len(s) != 2*len(dst) {
		return fmt.Errorf("ota: %s %q: want %d hexadecimal digits", field, s, 2*len(dst))
	}
	if _, err := hex.Decode(dst, []byte(s)); err != nil {
		return fmt.Errorf("ota: %s %q: want %d hexadecimal digits: %w", field, s, 2*len(dst), err)
	}
	return nil
}
