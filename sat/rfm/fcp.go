package rfm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// FCP are the file control parameters: what SELECT answers and what CREATE FILE
// and RESIZE FILE are given (ETSI TS 102 221, 11.1.1.3, TS 102 222, 6.3).
type FCP struct {
	FID          sat.FID // 0: not given
	AID          sat.AID // of an ADF
	Structure    Structure
	Descriptor   byte // the octet before the data coding octet; 0: the shareable one of Structure
	Size         int  // octets of an elementary file without its overhead, or of a BER-TLV file; 0: not given
	Total        int  // octets of a directory with all below it; 0: not given
	RecordLength int  // 1 to 255 of a file with records
	Records      int  // 1 to 254 of a file with records
	SFI          byte // 1 to 30; 0: not given; NoSFI
	LifeCycle    byte // 05 activated, 04 deactivated, 0C to 0F terminated, 01 creation, 03 initialisation; 0: not given
	// Others are the remaining objects in their order: security attributes (8B,
	// 8C, AB), proprietary information (A5), PIN status (C6).
	Others []tlv.Object
}

// NoSFI says that a file has no short file identifier at all.
const NoSFI = 0xFF

const (
	tagFCP        = 0x62
	tagSize       = 0x80
	tagTotal      = 0x81
	tagDescriptor = 0x82
	tagFID        = 0x83
	tagAID        = 0x84
	tagSFI        = 0x88
	tagLifeCycle  = 0x8A
)

// dataCoding is the second octet of every file descriptor (ETSI TS 102 221,
// 11.1.1.4.3).
const dataCoding = 0x21

// descriptors are the first octets of shareable files, by structure.
var descriptors = []byte{Transparent: 0x41, LinearFixed: 0x42, Cyclic: 0x46, BERTLV: 0x79, Directory: 0x78}

// structureOf reads a file descriptor, whose shareable bit (40) may be either
// way. Internal files (08) are like working files.
func structureOf(d byte) (Structure, bool) {
	switch d &^ 0x40 {
	case 0x01, 0x09:
		return Transparent, true
	case 0x02, 0x0A:
		return LinearFixed, true
	case 0x06, 0x0E:
		return Cyclic, true
	case 0x39:
		return BERTLV, true
	case 0x38:
		return Directory, true
	}
	return 0, false
}

// ParseFCP reads the template 62 alone, as SELECT returns it.
func ParseFCP(b []byte) (FCP, error) {
	o, rest, err := tlv.First(b)
	if err != nil || o.Tag != tagFCP || len(rest) > 0 {
		return FCP{}, errors.New("rfm: file control parameters: want one object 62")
	}
	list, err := tlv.ParseBER(o.Value)
	if err != nil {
		return FCP{}, fmt.Errorf("rfm: file control parameters: %w", err)
	}
	var p FCP
	seen := map[uint32]bool{}
	for _, o := range list {
		known, err := p.take(o)
		if err == nil && known && seen[o.Tag] {
			err = errors.New("it is there twice")
		}
		if err != nil {
			return FCP{}, fmt.Errorf("rfm: file control parameters: object %02X: %w", o.Tag, err)
		}
		seen[o.Tag] = true
		if !known {
			p.Others = append(p.Others, o)
		}
	}
	if !seen[tagDescriptor] {
		return FCP{}, errors.New("rfm: file control parameters without a file descriptor (82)")
	}
	return p, nil
}

var errLength = errors.New("length is not valid")

// take reads one object; it is not known if it belongs to Others.
func (p *FCP) take(o tlv.Object) (known bool, err error) {
	v := o.Value
	switch o.Tag {
	case tagSize, tagTotal:
		n, err := number(v)
		if o.Tag == tagSize {
			p.Size = n
		} else {
			p.Total = n
		}
		return true, err
	case tagDescriptor:
		return true, p.takeDescriptor(v)
	case tagFID:
		if len(v) != 2 {
			return true, errLength
		}
		p.FID = sat.FID(v[0])<<8 | sat.FID(v[1])
	case tagAID:
		if len(v) < 1 || len(v) > 16 {
			return true, errLength
		}
		p.AID = append(sat.AID{}, v...)
	case tagSFI:
		switch {
		case len(v) == 0:
			p.SFI = NoSFI
		case len(v) == 1 && v[0]&0x07 == 0 && v[0]>>3 >= 1 && v[0]>>3 <= 30:
			p.SFI = v[0] >> 3
		default:
			return true, fmt.Errorf("%X is no short file identifier", v)
		}
	case tagLifeCycle:
		if len(v) != 1 || v[0] == 0 {
			return true, errLength
		}
		p.LifeCycle = v[0]
	default:
		return false, nil
	}
	return true, nil
}

func (p *FCP) takeDescriptor(v []byte) error {
	if len(v) != 2 && len(v) != 5 {
		return errLength
	}
	s, ok := structureOf(v[0])
	if !ok || v[1] != dataCoding {
		return fmt.Errorf("%X is no file descriptor that is known", v)
	}
	if s.Records() != (len(v) == 5) {
		return fmt.Errorf("%X: records belong to linear fixed and cyclic files", v)
	}
	p.Structure = s
	if v[0] != descriptors[s] {
		p.Descriptor = v[0]
	}
	if len(v) == 5 {
		p.RecordLength, p.Records = int(v[2])<<8|int(v[3]), int(v[4])
		if p.RecordLength < 1 || p.RecordLength > 255 || p.Records < 1 || p.Records > 254 {
			return fmt.Errorf("%d records of %d octets", p.Records, p.RecordLength)
		}
	}
	return nil
}

func number(v []byte) (int, error) {
	if len(v) < 2 || len(v) > 4 {
		return 0, errLength
	}
	n := 0
	for _, o := range v {
		n = n<<8 | int(o)
	}
	return n, nil
}

// AppendBinary appends the template 62, its objects in the order that CREATE
// FILE wants: descriptor, identifiers, life cycle, other objects, sizes, short
// file identifier (order from memory).
func (p FCP) AppendBinary(b []byte) ([]byte, error) {
	descriptor, err := p.descriptor()
	if err != nil {
		return nil, err
	}
	list := []tlv.Object{{Tag: tagDescriptor, Value: descriptor}}
	add := func(there bool, tag uint32, value ...byte) {
		if there {
			list = append(list, tlv.Object{Tag: tag, Value: value})
		}
	}
	add(p.FID != 0, tagFID, byte(p.FID>>8), byte(p.FID))
	add(len(p.AID) > 0, tagAID, p.AID...)
	add(p.LifeCycle != 0, tagLifeCycle, p.LifeCycle)
	list = append(list, p.Others...)
	add(p.Size != 0, tagSize, sizeOctets(p.Size)...)
	add(p.Total != 0, tagTotal, sizeOctets(p.Total)...)
	if p.SFI == NoSFI {
		add(true, tagSFI)
	} else {
		add(p.SFI != 0, tagSFI, p.SFI<<3)
	}
	var inner []byte
	for _, o := range list {
		if inner, err = tlv.AppendBER(inner, o.Tag, o.Value); err != nil {
			return nil, err
		}
	}
	return tlv.AppendBER(b, tagFCP, inner)
}

func (p FCP) descriptor() ([]byte, error) {
	switch {
	case p.Structure < Transparent || p.Structure > Directory:
		return nil, fmt.Errorf("rfm: structure %d is not known", p.Structure)
	case p.Structure.Records() && (p.RecordLength < 1 || p.RecordLength > 255 || p.Records < 1 || p.Records > 254):
		return nil, fmt.Errorf("rfm: %d records of %d octets: want 1 to 254 of 1 to 255", p.Records, p.RecordLength)
	case !p.Structure.Records() && (p.RecordLength != 0 || p.Records != 0):
		return nil, fmt.Errorf("rfm: a %s file has no records", p.Structure)
	case p.Size < 0 || p.Total < 0 || uint64(p.Size) > 0xFFFFFFFF || uint64(p.Total) > 0xFFFFFFFF:
		return nil, fmt.Errorf("rfm: size %d, total %d: want 0 to FFFFFFFF", p.Size, p.Total)
	case p.SFI != NoSFI && p.SFI > 30:
		return nil, fmt.Errorf("rfm: short file identifier %d: want 1 to 30", p.SFI)
	case len(p.AID) > 16:
		return nil, fmt.Errorf("rfm: AID of %d octets: want at most 16", len(p.AID))
	}
	first := descriptors[p.Structure]
	if p.Descriptor != 0 {
		if s, ok := structureOf(p.Descriptor); !ok || s != p.Structure {
			return nil, fmt.Errorf("rfm: file descriptor %02X is not that of a %s file", p.Descriptor, p.Structure)
		}
		first = p.Descriptor
	}
	if p.Structure.Records() {
		return []byte{first, dataCoding, byte(p.RecordLength >> 8), byte(p.RecordLength), byte(p.Records)}, nil
	}
	return []byte{first, dataCoding}, nil
}

func sizeOctets(n int) []byte {
	if n > 0xFFFF {
		return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	}
	return []byte{byte(n >> 8), byte(n)}
}

// String says in plain words what the parameters tell.
func (p FCP) String() string {
	words := []string{p.Structure.String()}
	add := func(there bool, format string, a ...any) {
		if there {
			words = append(words, fmt.Sprintf(format, a...))
		}
	}
	add(p.FID != 0, "file %s", p.FID)
	add(len(p.AID) > 0, "application %s", p.AID)
	add(p.Size != 0, "%d octets", p.Size)
	add(p.Total != 0, "%d octets in all", p.Total)
	add(p.Records != 0, "%d records of %d octets", p.Records, p.RecordLength)
	add(p.SFI != 0 && p.SFI != NoSFI, "short file %02X", p.SFI)
	if state, ok := lifeCycles[p.LifeCycle]; ok {
		add(true, "%s", state)
	} else {
		add(p.LifeCycle != 0, "life cycle %02X", p.LifeCycle)
	}
	return strings.Join(words, ", ")
}

var lifeCycles = map[byte]string{
	0x01: "being created", 0x03: "being initialised", 0x04: "deactivated", 0x05: "activated",
	0x0C: "terminated", 0x0D: "terminated", 0x0E: "terminated", 0x0F: "terminated",
}
