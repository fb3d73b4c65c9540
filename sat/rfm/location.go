package rfm

import "fmt"

// Location is what the location files say of where the card was last.
// Temporary identities are left out, and written as none.
type Location struct {
	PLMN   PLMN   `json:"plmn,omitempty"` // "" if the file has none
	Area   uint32 `json:"area"`           // LAC or TAC, 2 octets; TAC of 5G, 3 octets
	Status byte   `json:"status"`         // 0 updated, 1 not updated, others refused
}

// deletedArea is the LAC or TAC of a reset: none (3GPP TS 31.102, annex E).
const deletedArea = 0x0000

// A location file is temporary identities, PLMN and area, octets that say
// nothing here, status. These are the numbers of octets before and after.
type locationShape struct {
	title  string
	code   string // what the area is called
	before int
	area   int // octets of LAC or TAC
	after  int
}

var (
	shapeLOCI    = locationShape{"LOCI", "LAC", 4, 2, 1}      // TMSI; RFU
	shapePSLOCI  = locationShape{"PSLOCI", "LAC", 7, 2, 1}    // P-TMSI, signature; RAC
	shapeEPSLOCI = locationShape{"EPSLOCI", "TAC", 12, 2, 0}  // GUTI
	shape5GSLOCI = locationShape{"5GS LOCI", "TAC", 13, 3, 0} // 5G-GUTI
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

// Encode5GSLOCI is the same for 5GS3GPPLOCI and 5GSN3GPPLOCI (3GPP TS 31.102,
// 4.4.11.2 and 4.4.11.3).
func Encode5GSLOCI(home PLMN) ([]byte, error) { return shape5GSLOCI.reset(home) }

// Decode5GSLOCI reads 20 octets.
func Decode5GSLOCI(b []byte) (Location, error) { return shape5GSLOCI.decode(b) }

func (s locationShape) size() int { return s.before + 3 + s.area + s.after + 1 }

func (s locationShape) reset(home PLMN) ([]byte, error) {
	if err := home.Check(); err != nil {
		return nil, err
	}
	return s.encode(Location{PLMN: home, Area: deletedArea, Status: 0x01})
}

func (s locationShape) encode(l Location) ([]byte, error) {
	if l.Area>>(8*s.area) != 0 {
		return nil, fmt.Errorf("rfm: %s %X of %s: at most %d octets fit", s.code, l.Area, s.title, s.area)
	}
	b := blank(s.before)
	if l.PLMN == "" {
		b = append(b, 0xFF, 0xFF, 0xFF)
	} else {
		var err error
		if b, err = l.PLMN.AppendBinary(b); err != nil {
			return nil, err
		}
	}
	for i := s.area - 1; i >= 0; i-- {
		b = append(b, byte(l.Area>>(8*i)))
	}
	b = append(b, blank(s.after)...)
	return append(b, l.Status), nil
}

func (s locationShape) decode(b []byte) (Location, error) {
	n := s.size()
	if len(b) < n || !allFF(b[n:]) {
		return Location{}, fmt.Errorf("rfm: %s of %d octets: want %d, and FF after them", s.title, len(b), n)
	}
	l := Location{Status: b[n-1]}
	b = b[s.before:]
	for _, o := range b[3 : 3+s.area] {
		l.Area = l.Area<<8 | uint32(o)
	}
	if allFF(b[:3]) {
		return l, nil
	}
	var err error
	l.PLMN, err = ParsePLMN(b[:3])
	return l, err
}

func (s locationShape) words(l Location) string {
	plmn := l.PLMN.String()
	if plmn == "" {
		plmn = "no network"
	}
	status := fmt.Sprintf("status %02X", l.Status)
	switch l.Status {
	case 0:
		status = "updated"
	case 1:
		status = "not updated"
	}
	return fmt.Sprintf("%s, %s %0*X, %s", plmn, s.code, 2*s.area, l.Area, status)
}

func (s locationShape) coding() codec {
	return coding[Location]{
		from: s.decode,
		to:   func(l Location, _ []byte) ([]byte, error) { return s.encode(l) },
		says: s.words,
	}
}
