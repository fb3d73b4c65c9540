package rfm

import (
	"fmt"
	"strings"
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

// String names the technologies.
func (a AcT) String() string {
	var names []string
	if a&UTRAN != 0 {
		names = append(names, "UTRAN")
	}
	if a&EUTRAN != 0 {
		switch a & (refineWBS1 | refineNBS1) {
		case refineWBS1:
			names = append(names, "E-UTRAN WB-S1")
		case refineNBS1:
			names = append(names, "E-UTRAN NB-S1")
		default:
			names = append(names, "E-UTRAN")
		}
	}
	if a&NGRAN != 0 {
		names = append(names, "NG-RAN")
	}
	if a&GSM != 0 {
		names = append(names, "GSM")
	}
	if rest := a &^ (UTRAN | WBS1 | NBS1 | NGRAN | GSM); rest != 0 || len(names) == 0 {
		names = append(names, fmt.Sprintf("%04X", uint16(rest)))
	}
	return strings.Join(names, "+")
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
		return nil, fmt.Errorf("rfm: %s of %d octets: want a multiple of %d; if the file is longer than one READ, leave it out", title, size, len(hole))
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

// Access is one entry of PLMNwAcT and its kin.
type Access struct {
	PLMN PLMN
	AcT  AcT
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

// Location is what LOCI, PSLOCI and EPSLOCI say of where the card was last;
// temporary identities are left out.
type Location struct {
	PLMN   PLMN   // "" if the file has none
	Area   uint16 // LAC or TAC
	Status byte   // 0 updated, 1 not updated, others refused
}

// deletedArea is the LAC or TAC of a reset: none (3GPP TS 31.102, annex E).
const deletedArea = 0x0000

// A location file is temporary identities, PLMN and area, octets that say
// nothing here, status. These are the numbers of octets before and after.
type locationShape struct {
	title         string
	before, after int
}

var (
	shapeLOCI    = locationShape{"LOCI", 4, 1}     // TMSI; RFU
	shapePSLOCI  = locationShape{"PSLOCI", 7, 1}   // P-TMSI, signature; RAC
	shapeEPSLOCI = locationShape{"EPSLOCI", 12, 0} // GUTI
)

// EncodeLOCI is the LOCI of a card that was never registered, in its home
// network: status not updated (3GPP TS 31.102, 4.2.17).
func EncodeLOCI(home PLMN) ([]byte, error) { return shapeLOCI.reset(home) }

// EncodePSLOCI is the same for PSLOCI (3GPP TS 31.102, 4.2.23).
func EncodePSLOCI(home PLMN) ([]byte, error) { return shapePSLOCI.reset(home) }

// EncodeEPSLOCI is the same for EPSLOCI (3GPP TS 31.102, 4.2.91).
func EncodeEPSLOCI(home PLMN) ([]byte, error) { return shapeEPSLOCI.reset(home) }

// DecodeLOCI reads 11 octets.
func DecodeLOCI(b []byte) (Location, error) { return shapeLOCI.decode(b) }

// DecodePSLOCI reads 14 octets.
func DecodePSLOCI(b []byte) (Location, error) { return shapePSLOCI.decode(b) }

// DecodeEPSLOCI reads 18 octets.
func DecodeEPSLOCI(b []byte) (Location, error) { return shapeEPSLOCI.decode(b) }

func (s locationShape) size() int { return s.before + 5 + s.after + 1 }

func (s locationShape) reset(home PLMN) ([]byte, error) {
	b, err := home.AppendBinary(blank(s.before))
	if err != nil {
		return nil, err
	}
	b = append(b, deletedArea>>8, deletedArea&0xFF)
	b = append(b, blank(s.after)...)
	return append(b, 0x01), nil
}

func (s locationShape) decode(b []byte) (Location, error) {
	if len(b) != s.size() {
		return Location{}, fmt.Errorf("rfm: %s of %d octets: want %d", s.title, len(b), s.size())
	}
	l := Location{Status: b[len(b)-1]}
	b = b[s.before:]
	l.Area = uint16(b[3])<<8 | uint16(b[4])
	if allFF(b[:3]) {
		return l, nil
	}
	var err error
	l.PLMN, err = ParsePLMN(b[:3])
	return l, err
}
