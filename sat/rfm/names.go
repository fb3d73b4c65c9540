package rfm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/simota/simota/sat/tlv"
)

// PNN is one record of EF_PNN: the names of a network; record 1 is the default
// (3GPP TS 31.102, 4.2.58). The flag that asks for the country's initials is
// not read, and written as 0.
type PNN struct {
	Full  string `json:"full"`
	Short string `json:"short,omitempty"`
}

func (p PNN) String() string {
	if p.Short == "" {
		return fmt.Sprintf("%q", p.Full)
	}
	return fmt.Sprintf("%q, short %q", p.Full, p.Short)
}

// Names in PNN (3GPP TS 24.008, 10.5.3.5a): an octet with the coding and the
// number of spare bits, then the name. The code of UCS2 is from memory.
const (
	tagFullName   = 0x43
	tagShortName  = 0x45
	namePacked    = 0x80
	nameUCS2      = 0x90
	nameCodingSet = 0xF0 // all but the country flag and the spare bits
)

var pnnCoding = coding[PNN]{
	from: decodePNN,
	to: func(p PNN, _ []byte) ([]byte, error) {
		if p.Full == "" {
			return nil, errors.New("rfm: PNN without a full name")
		}
		b, err := appendName(nil, tagFullName, p.Full)
		if err != nil || p.Short == "" {
			return b, err
		}
		return appendName(b, tagShortName, p.Short)
	},
	says: PNN.String,
}

func decodePNN(b []byte) (p PNN, err error) {
	list, err := objects(b)
	if err != nil {
		return PNN{}, err
	}
	for _, o := range list {
		field := map[uint32]*string{tagFullName: &p.Full, tagShortName: &p.Short}[o.Tag]
		if field == nil || *field != "" {
			return PNN{}, fmt.Errorf("rfm: tag %02X in PNN: want 43 and 45, once each", o.Tag)
		}
		if *field, err = decodeNetworkName(o.Value); err != nil {
			return PNN{}, err
		}
	}
	return p, nil
}

func appendName(b []byte, tag uint32, name string) ([]byte, error) {
	if septets, ok := gsm7([]rune(name)); ok {
		packed := pack7(septets)
		spare := byte(8*len(packed) - 7*len(septets))
		return tlv.AppendBER(b, tag, append([]byte{namePacked | spare}, packed...))
	}
	value := []byte{nameUCS2}
	for _, r := range name {
		if r >= 0xFFFF || (r >= 0xD800 && r < 0xE000) {
			return nil, fmt.Errorf("rfm: name %q: %q is outside UCS2", name, r)
		}
		value = append(value, byte(r>>8), byte(r))
	}
	return tlv.AppendBER(b, tag, value)
}

func decodeNetworkName(b []byte) (string, error) {
	if len(b) < 2 {
		return "", fmt.Errorf("rfm: network name of %d octets: want its coding and a character", len(b))
	}
	switch b[0] & nameCodingSet {
	case namePacked:
		n := (8*(len(b)-1) - int(b[0]&0x07)) / 7
		return decodeGSM7(unpack7(b[1:], n))
	case nameUCS2:
		return decodeWide(b[1:])
	}
	return "", fmt.Errorf("rfm: network name with coding %02X: want 80 or 90", b[0])
}

// pack7 lays septets end to end, the first in the low bits (3GPP TS 23.038,
// 6.1.2.1).
func pack7(septets []byte) []byte {
	b := make([]byte, (7*len(septets)+7)/8)
	for i, s := range septets {
		at, shift := 7*i/8, 7*i%8
		b[at] |= s << shift
		if shift > 1 {
			b[at+1] |= s >> (8 - shift)
		}
	}
	return b
}

// unpack7 is the reverse for n septets, which b must hold.
func unpack7(b []byte, n int) []byte {
	septets := make([]byte, n)
	for i := range septets {
		at, shift := 7*i/8, 7*i%8
		s := b[at] >> shift
		if shift > 1 {
			s |= b[at+1] << (8 - shift)
		}
		septets[i] = s & 0x7F
	}
	return septets
}

// OPL is one record of EF_OPL or OPL5G: the areas in which the network has the
// name of a record of EF_PNN (3GPP TS 31.102, 4.2.59 and 4.4.11.9).
type OPL struct {
	PLMN string `json:"plmn"` // 5 or 6 digits, D for any digit
	From uint32 `json:"from"` // first LAC or TAC
	To   uint32 `json:"to"`   // last; 0 to FFFE (5G: FFFFFE) are all areas
	PNN  byte   `json:"pnn"`  // record of EF_PNN, 0: take the name from elsewhere
}

// oplCoding has areas of 2 octets, or 3 in 5G.
func oplCoding(area int) codec {
	return coding[OPL]{
		from: func(b []byte) (OPL, error) {
			n := 3 + 2*area + 1
			if len(b) < n || !allFF(b[n:]) {
				return OPL{}, fmt.Errorf("rfm: OPL of %d octets: want %d, and FF after them", len(b), n)
			}
			if allFF(b) {
				return OPL{}, nil
			}
			plmn, err := decodePattern(b[:3])
			o := OPL{PLMN: plmn, PNN: b[n-1]}
			for i := range area {
				o.From, o.To = o.From<<8|uint32(b[3+i]), o.To<<8|uint32(b[3+area+i])
			}
			return o, err
		},
		to: func(o OPL, _ []byte) ([]byte, error) {
			b, err := appendPattern(nil, o.PLMN)
			if err != nil {
				return nil, err
			}
			if o.From > o.To || o.To>>(8*area) != 0 {
				return nil, fmt.Errorf("rfm: areas %X to %X: want rising codes of at most %d octets", o.From, o.To, area)
			}
			for _, a := range []uint32{o.From, o.To} {
				for i := area - 1; i >= 0; i-- {
					b = append(b, byte(a>>(8*i)))
				}
			}
			return append(b, o.PNN), nil
		},
		says: func(o OPL) string {
			return fmt.Sprintf("%s, areas %0*X to %0*X: name %d", PLMN(o.PLMN), 2*area, o.From, 2*area, o.To, o.PNN)
		},
	}
}

// patternDigits are the digits of a network in the order of their nibbles; D
// stands for any digit.
const patternDigits = "0123456789---D"

func appendPattern(b []byte, plmn string) ([]byte, error) {
	if len(plmn) != 5 && len(plmn) != 6 {
		return nil, fmt.Errorf("rfm: PLMN %q: want 5 or 6 digits, D for any", plmn)
	}
	n := [6]byte{5: 0xF}
	for i := range len(plmn) {
		at := strings.IndexByte(patternDigits, plmn[i])
		if at < 0 || plmn[i] == '-' {
			return nil, fmt.Errorf("rfm: PLMN %q: %q is neither a digit nor D", plmn, plmn[i])
		}
		n[i] = byte(at)
	}
	return append(b, n[1]<<4|n[0], n[5]<<4|n[2], n[4]<<4|n[3]), nil
}

func decodePattern(b []byte) (string, error) {
	n := []byte{b[0] & 0xF, b[0] >> 4, b[1] & 0xF, b[2] & 0xF, b[2] >> 4, b[1] >> 4}
	if n[5] == 0xF {
		n = n[:5]
	}
	for i, d := range n {
		if int(d) >= len(patternDigits) || patternDigits[d] == '-' {
			return "", fmt.Errorf("rfm: PLMN %X: digit %d is %X", b, i+1, d)
		}
		n[i] = patternDigits[d]
	}
	return string(n), nil
}

// languagesCoding are ISO 639 codes of two letters, in the order of preference
// (3GPP TS 31.102, 4.2.1, ETSI TS 102 221, 13.3).
var languagesCoding = coding[[]string]{
	from: func(b []byte) ([]string, error) {
		var list []string
		for ; len(b) >= 2; b = b[2:] {
			if allFF(b[:2]) {
				continue
			}
			if !letters(string(b[:2])) {
				return nil, fmt.Errorf("rfm: language %X: want two letters", b[:2])
			}
			list = append(list, string(b[:2]))
		}
		if !allFF(b) {
			return nil, errors.New("rfm: list of languages ends inside a code")
		}
		return list, nil
	},
	to: func(list []string, _ []byte) ([]byte, error) {
		var b []byte
		for _, l := range list {
			if len(l) != 2 || !letters(l) {
				return nil, fmt.Errorf("rfm: language %q: want two lower-case letters", l)
			}
			b = append(b, l...)
		}
		return b, nil
	},
	says: join[string],
}

func letters(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}
