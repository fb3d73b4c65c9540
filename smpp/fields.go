package smpp

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// fields takes one field after the other from b; after the first error it yields zero values.
type fields struct {
	b      []byte
	err    error
	status uint32 // that says err to the other side
}

func (f *fields) fail(status uint32, format string, a ...any) {
	if f.err == nil {
		f.status, f.err = status, fmt.Errorf(format, a...)
	}
}

func (f *fields) octets(name string, n int, status uint32) []byte {
	if len(f.b) < n || f.err != nil {
		f.fail(status, "%s needs %d octets, %d are left", name, n, len(f.b))
		return nil
	}
	v := f.b[:n:n]
	f.b = f.b[n:]
	return v
}

// text takes a C-octet string of at most limit octets with its NUL, and returns it without.
func (f *fields) text(name string, limit int, status uint32) []byte {
	if len(f.b) > 0 && f.b[0] == 0 && f.err == nil { // most are empty
		f.b = f.b[1:]
		return nil
	}
	return f.filled(name, limit, status)
}

// filled takes a C-octet string with something in it.
func (f *fields) filled(name string, limit int, status uint32) []byte {
	if f.err != nil {
		return nil
	}
	end := bytes.IndexByte(f.b[:min(limit, len(f.b))], 0)
	if end < 0 {
		if len(f.b) < limit { // the frame is over, the field is not to blame
			status = StatusInvalidLength
		}
		f.fail(status, "%s has no NUL within %d octets", name, min(len(f.b), limit))
		return nil
	}
	v := f.b[:end]
	f.b = f.b[end+1:]
	return v
}

func (f *fields) address(name string, status uint32) (ton, npi byte, number []byte) {
	if v := f.octets(name, 2, StatusInvalidLength); v != nil {
		ton, npi = v[0], v[1]
	}
	return ton, npi, f.text(name, maxField, status)
}

func (f *fields) tlv() (tag uint16, value []byte) {
	if len(f.b) < 4 || f.err != nil {
		f.fail(StatusInvalidTLVStream, "a TLV needs %d octets, %d are left", 4, len(f.b))
		return 0, nil
	}
	tag = binary.BigEndian.Uint16(f.b)
	n := int(binary.BigEndian.Uint16(f.b[2:]))
	rest := f.b[4:]
	if n > len(rest) {
		f.fail(StatusInvalidTLVStream, "TLV %04X needs %d octets, %d are left", tag, n, len(rest))
		return 0, nil
	}
	f.b = rest[n:]
	return tag, rest[:n:n]
}

// exactly reports whether the value of a TLV has n octets.
func (f *fields) exactly(name string, v []byte, n int) bool {
	if len(v) != n {
		f.fail(StatusInvalidTLVLength, "%s has %d octets, want %d", name, len(v), n)
	}
	return len(v) == n
}
