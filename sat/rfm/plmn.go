package rfm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/simota/simota/sat/tlv"
)

// PLMN is a network code, MCC and MNC without a mark between: "99970",
// "310410".
type PLMN string

// Check says whether p has 5 or 6 digits.
func (p PLMN) Check() error {
	if (len(p) != 5 && len(p) != 6) || !digits(string(p)) {
		return fmt.Errorf("rfm: PLMN %q: want 5 or 6 digits, MCC and MNC", string(p))
	}
	return nil
}

// MNCLength is the number of digits of the MNC, 2 or 3.
func (p PLMN) MNCLength() int { return len(p) - 3 }

// String returns the code with a hyphen, "310-410", for reading.
func (p PLMN) String() string {
	if p.Check() != nil {
		return string(p)
	}
	return string(p[:3] + "-" + p[3:])
}

// AppendBinary appends the code in 3 octets (3GPP TS 24.008, 10.5.1.13): digits
// swapped, the third MNC digit or F in the high half of the second octet.
func (p PLMN) AppendBinary(b []byte) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	third := byte(0xF)
	if len(p) == 6 {
		third = p[5] - '0'
	}
	return append(b, (p[1]-'0')<<4|(p[0]-'0'), third<<4|(p[2]-'0'), (p[4]-'0')<<4|(p[3]-'0')), nil
}

// ParsePLMN reads exactly 3 octets. FFFFFF is no PLMN and an error.
func ParsePLMN(b []byte) (PLMN, error) {
	if len(b) != 3 {
		return "", fmt.Errorf("rfm: PLMN of %d octets: want 3", len(b))
	}
	nibbles := []byte{b[0] & 0xF, b[0] >> 4, b[1] & 0xF, b[2] & 0xF, b[2] >> 4}
	if third := b[1] >> 4; third != 0xF {
		nibbles = append(nibbles, third)
	}
	for i, n := range nibbles {
		if n > 9 {
			return "", fmt.Errorf("rfm: PLMN %X: digit %d is %X", b, i+1, n)
		}
		nibbles[i] = n + '0'
	}
	return PLMN(nibbles), nil
}

// AcT is a set of access technologies (3GPP TS 31.102, 4.2.5).
type AcT uint16

// Access technologies; a set is their sum. EUTRAN alone means both WB-S1 and
// NB-S1.
const (
	UTRAN      AcT = 0x8000
	EUTRAN     AcT = 0x4000
	WBS1       AcT = 0x6000
	NBS1       AcT = 0x5000
	NGRAN      AcT = 0x0800
	GSM        AcT = 0x0080
	AllAccess      = UTRAN | EUTRAN | NGRAN | GSM
	refineWBS1 AcT = 0x2000
	refineNBS1 AcT = 0x1000
)

// String names the technologies, joined by +, with 4 hex digits for bits that
// have no name.
func (a AcT) String() string {
	var names []string
	if a&UTRAN != 0 {
		names = append(names, "UTRAN")
	}
	refined := a & (refineWBS1 | refineNBS1)
	if a&EUTRAN != 0 {
		if refined == 0 {
			names = append(names, "E-UTRAN")
		}
		if refined&refineWBS1 != 0 {
			names = append(names, "E-UTRAN WB-S1")
		}
		if refined&refineNBS1 != 0 {
			names = append(names, "E-UTRAN NB-S1")
		}
		a &^= refined
	}
	if a&NGRAN != 0 {
		names = append(names, "NG-RAN")
	}
	if a&GSM != 0 {
		names = append(names, "GSM")
	}
	if rest := a &^ (UTRAN | EUTRAN | NGRAN | GSM); rest != 0 || len(names) == 0 {
		names = append(names, fmt.Sprintf("%04X", uint16(rest)))
	}
	return strings.Join(names, "+")
}

// ParseAcT reads what String writes, in any case of letters.
func ParseAcT(s string) (AcT, error) {
	var act AcT
	for name := range strings.SplitSeq(s, "+") {
		if a, ok := accessNames[strings.ToUpper(name)]; ok {
			act |= a
			continue
		}
		n, err := strconv.ParseUint(name, 16, 16)
		if err != nil || len(name) != 4 {
			return 0, fmt.Errorf("rfm: access technology %q: want UTRAN, E-UTRAN, E-UTRAN WB-S1, E-UTRAN NB-S1, NG-RAN, GSM or 4 hex digits", name)
		}
		act |= AcT(n)
	}
	return act, nil
}

var accessNames = map[string]AcT{
	"UTRAN": UTRAN, "E-UTRAN": EUTRAN, "E-UTRAN WB-S1": WBS1, "E-UTRAN NB-S1": NBS1, "NG-RAN": NGRAN, "GSM": GSM,
}

// EncodeEHPLMN codes the networks equal to home, the first with the highest
// priority, in a file of size octets; the rest is FF (3GPP TS 31.102, 4.2.84).
func EncodeEHPLMN(plmns []PLMN, size int) ([]byte, error) {
	return encodeList("EHPLMN", plmns, nil, []byte{0xFF, 0xFF, 0xFF}, size)
}

// EncodeFPLMN is an empty list of forbidden networks, all FF; size is a
// multiple of 3 (3GPP TS 31.102, 4.2.16).
func EncodeFPLMN(size int) ([]byte, error) {
	return encodeList("FPLMN", nil, nil, []byte{0xFF, 0xFF, 0xFF}, size)
}

// EncodePLMNwAcT codes a list of networks, each with the same access
// technologies, for PLMNwAcT, OPLMNwAcT and HPLMNwAcT; unused entries are
// FFFFFF0000 (3GPP TS 31.102, 4.2.5).
func EncodePLMNwAcT(plmns []PLMN, act AcT, size int) ([]byte, error) {
	return encodeList("PLMNwAcT", plmns, []byte{byte(act >> 8), byte(act)}, []byte{0xFF, 0xFF, 0xFF, 0, 0}, size)
}

// encodeList writes one entry for each network, PLMN and suffix, and fills the
// file with holes.
func encodeList(title string, plmns []PLMN, suffix, hole []byte, size int) ([]byte, error) {
	if size <= 0 || size%len(hole) != 0 {
		return nil, fmt.Errorf("rfm: %s of %d octets: want a multiple of %d; was it read to its end?", title, size, len(hole))
	}
	if room := size / len(hole); len(plmns) > room {
		return nil, fmt.Errorf("rfm: %s: %d networks, the card's file has room for %d", title, len(plmns), room)
	}
	b := make([]byte, 0, size)
	for _, p := range plmns {
		var err error
		if b, err = p.AppendBinary(b); err != nil {
			return nil, err
		}
		b = append(b, suffix...)
	}
	for len(b) < size {
		b = append(b, hole...)
	}
	return b, nil
}

// DecodePLMNs reads EHPLMN or FPLMN: entries of 3 octets. FFFFFF is a hole,
// which may be anywhere.
func DecodePLMNs(b []byte) ([]PLMN, error) {
	if len(b)%3 != 0 {
		return nil, fmt.Errorf("rfm: list of %d octets: want a multiple of 3", len(b))
	}
	var plmns []PLMN
	for ; len(b) > 0; b = b[3:] {
		if allFF(b[:3]) {
			continue
		}
		p, err := ParsePLMN(b[:3])
		if err != nil {
			return nil, err
		}
		plmns = append(plmns, p)
	}
	return plmns, nil
}

// Access is one entry of PLMNwAcT and its kin. Its JSON form names the
// technologies: {"plmn": "00101", "act": "E-UTRAN+GSM"}.
type Access struct {
	PLMN PLMN
	AcT  AcT
}

type accessText struct {
	PLMN PLMN   `json:"plmn"`
	AcT  string `json:"act"`
}

// MarshalJSON returns the network and the names of its technologies.
func (a Access) MarshalJSON() ([]byte, error) {
	return json.Marshal(accessText{a.PLMN, a.AcT.String()})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (a *Access) UnmarshalJSON(b []byte) error {
	var t accessText
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return err
	}
	act, err := ParseAcT(t.AcT)
	*a = Access{t.PLMN, act}
	return err
}

// DecodePLMNwAcT reads entries of 5 octets and leaves out holes.
func DecodePLMNwAcT(b []byte) ([]Access, error) {
	if len(b)%5 != 0 {
		return nil, fmt.Errorf("rfm: list of %d octets: want a multiple of 5", len(b))
	}
	var list []Access
	for ; len(b) > 0; b = b[5:] {
		if allFF(b[:3]) {
			continue
		}
		p, err := ParsePLMN(b[:3])
		if err != nil {
			return nil, err
		}
		list = append(list, Access{PLMN: p, AcT: AcT(b[3])<<8 | AcT(b[4])})
	}
	return list, nil
}

// plmnsCoding is a list of networks in entries of 3 octets.
func plmnsCoding(title string) codec {
	return coding[[]PLMN]{
		from: DecodePLMNs,
		to: func(p []PLMN, old []byte) ([]byte, error) {
			return encodeList(title, p, nil, []byte{0xFF, 0xFF, 0xFF}, size(old, 3*max(1, len(p))))
		},
		says: join[PLMN],
	}
}

// accessCoding is a list of networks with their access technologies.
var accessCoding = coding[[]Access]{
	from: DecodePLMNwAcT,
	to: func(list []Access, old []byte) ([]byte, error) {
		plmns := make([]PLMN, len(list))
		for i, a := range list {
			plmns[i] = a.PLMN
		}
		b, err := encodeList("PLMNwAcT", plmns, []byte{0, 0}, []byte{0xFF, 0xFF, 0xFF, 0, 0}, size(old, 5*max(1, len(list))))
		for i, a := range list {
			if err == nil {
				b[5*i+3], b[5*i+4] = byte(a.AcT>>8), byte(a.AcT)
			}
		}
		return b, err
	},
	says: join[Access],
}

// size is the size of the card's file, or natural if that is not known.
func size(old []byte, natural int) int {
	if len(old) > 0 {
		return len(old)
	}
	return natural
}

// spdiCoding is the list of networks that show the service provider's name
// (3GPP TS 31.102, 4.2.66): A3 {80 entries of 3 octets}.
var spdiCoding = coding[[]PLMN]{
	from: func(b []byte) ([]PLMN, error) {
		inner, err := template(b, 0xA3)
		if err != nil {
			return nil, err
		}
		list, err := template(inner, 0x80)
		if err != nil {
			return nil, err
		}
		return DecodePLMNs(list)
	},
	to: func(p []PLMN, _ []byte) ([]byte, error) {
		var list []byte
		for _, n := range p {
			var err error
			if list, err = n.AppendBinary(list); err != nil {
				return nil, err
			}
		}
		b, err := tlv.AppendBER(nil, 0x80, list)
		if err != nil {
			return nil, err
		}
		return tlv.AppendBER(nil, 0xA3, b)
	},
	says: join[PLMN],
}

// template returns the value of the one object in b, after which there may be
// FF only.
func template(b []byte, tag uint32) ([]byte, error) {
	o, rest, err := tlv.First(b)
	switch {
	case err != nil:
		return nil, fmt.Errorf("rfm: %w", err)
	case o.Tag != tag:
		return nil, fmt.Errorf("rfm: tag %02X: want %02X", o.Tag, tag)
	case !allFF(rest):
		return nil, errAfter
	}
	return o.Value, nil
}

// objects are the objects in b, after which there may be FF only.
func objects(b []byte) ([]tlv.Object, error) {
	var list []tlv.Object
	for len(b) > 0 && b[0] != 0xFF && len(list) < tlv.MaxObjects {
		o, rest, err := tlv.First(b)
		if err != nil {
			return nil, fmt.Errorf("rfm: %w", err)
		}
		list, b = append(list, o), rest
	}
	if !allFF(b) {
		return nil, errAfter
	}
	return list, nil
}

var errAfter = errors.New("rfm: octets other than FF after the last object")
