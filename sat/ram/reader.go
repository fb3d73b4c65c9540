package ram

import (
	"fmt"

	"github.com/simota/simota/sat"
)

// reader takes fields off octets. After the first failure it returns zero
// values and keeps the error, so a sequence of fields is checked once, at its
// end.
type reader struct {
	what string // what the octets are, for errors
	b    []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("ram: %s: %w", r.what, fmt.Errorf(format, args...))
	}
}

// take returns a copy of the next n octets, nil for none.
func (r *reader) take(name string, n int) []byte {
	if r.err == nil && n > len(r.b) {
		r.fail("%s needs %d octets, %d are left", name, n, len(r.b))
	}
	if r.err != nil {
		return nil
	}
	v := append([]byte(nil), r.b[:n]...)
	r.b = r.b[n:]
	return v
}

// number reads an unsigned number of n octets, at most 4.
func (r *reader) number(name string, n int) uint32 {
	var v uint32
	for _, o := range r.take(name, n) {
		v = v<<8 | uint32(o)
	}
	return v
}

func (r *reader) octet(name string) byte { return byte(r.number(name, 1)) }

// lv reads a length and that many octets. Lengths are BER, and 80 is also 128
// (GlobalPlatform Card Specification, 11.1.5).
func (r *reader) lv(name string) []byte {
	n := int(r.octet("length of " + name))
	switch {
	case n <= 0x80:
	case n == 0x81:
		n = int(r.octet("length of " + name))
	default:
		r.fail("length of %s begins with %02X", name, n)
	}
	return r.take(name, n)
}

// aid reads a length and an AID.
func (r *reader) aid(name string) sat.AID { return r.checked(name, r.lv(name+" AID"), checkAID) }

// optionalAID reads a length and an AID that may be empty.
func (r *reader) optionalAID(name string) sat.AID {
	return r.checked(name, r.lv(name+" AID"), checkOptionalAID)
}

func (r *reader) checked(name string, aid sat.AID, check func(string, sat.AID) error) sat.AID {
	if r.err == nil {
		r.err = check(name, aid)
	}
	return aid
}

// end returns the first failure, or an error if octets are left.
func (r *reader) end() error {
	if len(r.b) > 0 {
		r.fail("%d octets are left over", len(r.b))
	}
	return r.err
}

// appendLV appends a length and value; nil gives 00. A value longer than 255
// octets fits no command: it gets a length all the same, and command refuses
// the whole.
func appendLV(b, value []byte) []byte {
	if len(value) >= 0x80 {
		b = append(b, 0x81)
	}
	return append(append(b, byte(len(value))), value...)
}
