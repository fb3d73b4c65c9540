package smpp

import (
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
	if f.err == nil && len(f.b) < n {
		f.fail(status, "%s needs %d octets, %d are left", name, n, len(f.b))
	}
	if f.err != nil {
		return nil
	}
	v := f.b[:n:n]
	f.b = f.b[n:]
	return v
}

// text takes a C-octet string of at most limit octets with its NUL, and returns it without.
func (f *fields) text(name string, limit int, status uint32) []byte {
	if f.err != nil {
		return nil
	}
	end := 0 // most are short or empty: a loop is faster than bytes.IndexByte
	for end < len(f.b) && end < limit && f.b[end] != 0 {
		end++
	}
	if end == min(len(f.b), limit) {
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
	head := f.octets("a TLV", 4, StatusInvalidTLVStream)
	if f.err != nil {
		return 0, nil
	}
	tag = binary.BigEndian.Uint16(head)
	n := int(binary.BigEndian.Uint16(head[2:]))
	if n > len(f.b) {
		f.fail(StatusInvalidTLVStream, "TLV %04X needs %d octets, %d are left", tag, n, len(f.b))
		return 0, nil
	}
	return tag, f.octets("a TLV", n, StatusInvalidTLVStream)
}

// exactly reports whether the value of a TLV has n octets.
func (f *fields) exactly(name string, v []byte, n int) bool {
	if len(v) != n {
		f.fail(StatusInvalidTLVLength, "%s has %d octets, want %d", name, len(v), n)
	}
	return len(v) == n
}
