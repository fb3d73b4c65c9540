package tlv

import "fmt"

// Comprehension is a COMPREHENSION-TLV data object (ETSI TS 101 220, 7.1.1).
type Comprehension struct {
	Tag      uint16 // 01 to 7E, or 7F to 7FFF in the three-octet form; without the CR bit
	Required bool   // CR: the receiver must understand this object
	Value    []byte
}

// wideTag is the first octet of a three-octet tag, less its CR bit.
const wideTag = 0x7F

// ParseComprehension reads all objects of one level, at most MaxObjects.
func ParseComprehension(b []byte) ([]Comprehension, error) {
	var objects []Comprehension
	for len(b) > 0 {
		if len(objects) == MaxObjects {
			return nil, fmt.Errorf("tlv: %w", ErrTooMany)
		}
		o, rest, err := cutComprehensionTag(b)
		if err != nil {
			return nil, fmt.Errorf("tlv: %w", err)
		}
		if o.Value, b, err = cutLength(rest); err != nil {
			return nil, fmt.Errorf("tlv: tag %02X: %w", o.Tag, err)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

func cutComprehensionTag(b []byte) (o Comprehension, rest []byte, err error) {
	switch {
	case b[0]&0x7F == 0 || b[0] == 0xFF:
		return o, nil, fmt.Errorf("%w: %02X", ErrTag, b[0])
	case b[0] != wideTag:
		return Comprehension{Tag: uint16(b[0] & 0x7F), Required: b[0]&0x80 != 0}, b[1:], nil
	case len(b) < 3:
		return o, nil, fmt.Errorf("%w: tag %X goes on", ErrTruncated, b)
	}
	o = Comprehension{Tag: uint16(b[1]&0x7F)<<8 | uint16(b[2]), Required: b[1]&0x80 != 0}
	if o.Tag < wideTag {
		return o, nil, fmt.Errorf("%w: %X has a form of one octet", ErrTag, b[:3])
	}
	return o, b[3:], nil
}

// AppendComprehension appends one object. Tags from 7F on take three octets.
func AppendComprehension(b []byte, tag uint16, required bool, value []byte) ([]byte, error) {
	var cr byte
	if required {
		cr = 0x80
	}
	switch {
	case tag == 0 || tag > 0x7FFF:
		return nil, fmt.Errorf("tlv: %w: %04X", ErrTag, tag)
	case tag < wideTag:
		b = append(b, byte(tag)|cr)
	default:
		b = append(b, wideTag, byte(tag>>8)|cr, byte(tag))
	}
	b, err := appendLength(b, len(value))
	if err != nil {
		return nil, fmt.Errorf("tlv: tag %02X: %w", tag, err)
	}
	return append(b, value...), nil
}
