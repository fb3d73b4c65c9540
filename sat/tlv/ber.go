package tlv

import "fmt"

// Object is a BER-TLV data object. Tag is its octets read as one number: 0x22,
// 0x9F70, 0xBF3001.
type Object struct {
	Tag   uint32
	Value []byte
}

// Templates of indefinite length: the command script (AE) and its response
// (AF), ETSI TS 102 226, 5.2. Their tags are the only ones First reads with
// length 80.
const (
	tagScript   = 0xAE
	tagResponse = 0xAF
)

// First reads the first object of b and returns what follows it. The templates
// AE and AF may have indefinite length; their value is then everything before
// the end mark 00 00, and the objects inside must have definite lengths.
func First(b []byte) (o Object, rest []byte, err error) {
	tag, b, err := cutTag(b)
	if err != nil {
		return Object{}, nil, fmt.Errorf("tlv: %w", err)
	}
	if (tag == tagScript || tag == tagResponse) && len(b) > 0 && b[0] == 0x80 {
		value, rest, err := cutIndefinite(b[1:])
		if err != nil {
			return Object{}, nil, fmt.Errorf("tlv: template %X: %w", tag, err)
		}
		return Object{Tag: tag, Value: value}, rest, nil
	}
	value, rest, err := cutLength(b)
	if err != nil {
		return Object{}, nil, fmt.Errorf("tlv: tag %X: %w", tag, err)
	}
	return Object{Tag: tag, Value: value}, rest, nil
}

// ParseBER reads all objects of one level, at most MaxObjects of them.
func ParseBER(b []byte) ([]Object, error) {
	var objects []Object
	for len(b) > 0 {
		if len(objects) == MaxObjects {
			return nil, fmt.Errorf("tlv: %w", ErrTooMany)
		}
		o, rest, err := First(b)
		if err != nil {
			return nil, err
		}
		objects, b = append(objects, o), rest
	}
	return objects, nil
}

// AppendBER appends one object with definite length.
func AppendBER(b []byte, tag uint32, value []byte) ([]byte, error) {
	var t []byte
	for shift := 24; shift >= 0; shift -= 8 {
		if o := byte(tag >> shift); o != 0 || len(t) > 0 {
			t = append(t, o)
		}
	}
	if _, rest, err := cutTag(t); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("tlv: %w: %X", ErrTag, tag)
	}
	b, err := appendLength(append(b, t...), len(value))
	if err != nil {
		return nil, fmt.Errorf("tlv: tag %X: %w", tag, err)
	}
	return append(b, value...), nil
}

// cutTag reads a tag of one to three octets.
func cutTag(b []byte) (tag uint32, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, fmt.Errorf("%w: no tag", ErrTruncated)
	}
	tag = uint32(b[0])
	if tag == 0 {
		return 0, nil, fmt.Errorf("%w: 00", ErrTag)
	}
	if tag&0x1F != 0x1F {
		return tag, b[1:], nil
	}
	for i := 1; i < 3; i++ {
		if i == len(b) {
			return 0, nil, fmt.Errorf("%w: tag %X goes on", ErrTruncated, b)
		}
		if i == 1 && b[1]&0x7F == 0 {
			return 0, nil, fmt.Errorf("%w: %X", ErrTag, b[:2])
		}
		tag = tag<<8 | uint32(b[i])
		if b[i]&0x80 == 0 {
			return tag, b[i+1:], nil
		}
	}
	return 0, nil, fmt.Errorf("%w: %X and longer", ErrTag, tag)
}

// cutIndefinite finds the end mark by walking over the objects before it.
func cutIndefinite(b []byte) (value, rest []byte, err error) {
	at := b
	for n := 0; ; n++ {
		if len(at) >= 2 && at[0] == 0 && at[1] == 0 {
			end := len(b) - len(at)
			return b[:end:end], at[2:], nil
		}
		if n == MaxObjects {
			return nil, nil, ErrTooMany
		}
		_, tail, err := cutTag(at)
		if err != nil {
			return nil, nil, err
		}
		if _, at, err = cutLength(tail); err != nil {
			return nil, nil, err
		}
	}
}
