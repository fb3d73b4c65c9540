// Package tlv reads and writes the two tag-length-value codings of cards:
// BER-TLV (ISO/IEC 8825-1 as narrowed by ETSI TS 101 220, 7.1.2) and
// COMPREHENSION-TLV (ETSI TS 101 220, 7.1.1).
//
// Both parsers read one level. A caller that goes deeper parses the value of a
// constructed object, so nesting is bounded by the caller's own code and never
// by what the octets say. Values alias the input.
package tlv

import (
	"errors"
	"fmt"
)

// MaxObjects is the largest number of objects one level may hold.
const MaxObjects = 64

// MaxLength is the longest value, in octets.
const MaxLength = 65535

// Errors that tell kinds of damage apart; they come wrapped.
var (
	ErrTruncated = errors.New("object is cut short")
	ErrTag       = errors.New("tag is not valid")
	ErrLength    = errors.New("length is not valid")
	ErrTooMany   = errors.New("more than 64 objects in one level")
)

// appendLength appends a length in its shortest form: one octet up to 127,
// then 81 and one, then 82 and two.
func appendLength(b []byte, n int) ([]byte, error) {
	switch {
	case n < 0x80:
		return append(b, byte(n)), nil
	case n <= 0xFF:
		return append(b, 0x81, byte(n)), nil
	case n <= MaxLength:
		return append(b, 0x82, byte(n>>8), byte(n)), nil
	}
	return nil, fmt.Errorf("%w: value of %d octets, at most %d fit", ErrLength, n, MaxLength)
}

// cutLength reads a definite length, in any of the three forms, and returns
// the value and what follows it.
func cutLength(b []byte) (value, rest []byte, err error) {
	if len(b) == 0 {
		return nil, nil, fmt.Errorf("%w: no length", ErrTruncated)
	}
	n, more := int(b[0]), 0
	switch {
	case n < 0x80:
	case n == 0x81:
		more = 1
	case n == 0x82:
		more = 2
	default:
		return nil, nil, fmt.Errorf("%w: first octet %02X", ErrLength, b[0])
	}
	b = b[1:]
	if len(b) < more {
		return nil, nil, fmt.Errorf("%w: length needs %d octets, %d are left", ErrTruncated, more, len(b))
	}
	if more > 0 {
		n = 0
		for _, o := range b[:more] {
			n = n<<8 | int(o)
		}
		b = b[more:]
	}
	if len(b) < n {
		return nil, nil, fmt.Errorf("%w: value has %d octets, %d are left", ErrTruncated, n, len(b))
	}
	return b[:n:n], b[n:], nil
}
