package euicc

import (
	"fmt"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// GetStatus reads the state of one profile or of all (GSMA SGP.02, 4.1.1.5).
// The answer is read by [ParseProfiles].
type GetStatus struct {
	ISDP sat.AID  // nil for all profiles
	Tags []uint32 // the objects to return; none leaves the choice to the card
	Next bool     // the rest of an answer that ended in 6310
}

// Audit reads all that this package understands of one profile, or of all
// profiles if isdp is nil.
func Audit(isdp sat.AID) GetStatus {
	return GetStatus{ISDP: isdp, Tags: []uint32{tagAID, tagState, tagFallBack}}
}

const (
	statusP1    = 0x40 // security domains and applications
	statusFirst = 0x02 // P2: answer in objects
	statusNext  = 0x03

	tagList     = 0x5C
	tagProfile  = 0xE3
	tagState    = 0x9F70
	tagFallBack = 0x53
	tagVersion  = 0x8F
)

// Command is GET STATUS of the ISD-Ps.
func (f GetStatus) Command() (sat.Command, error) {
	data := []byte{tagAID, 0}
	if f.ISDP != nil {
		var err error
		if data, err = profileObject(f.Name(), f.ISDP); err != nil {
			return sat.Command{}, err
		}
	}
	if len(f.Tags) > 0 {
		var list []byte
		for _, tag := range f.Tags {
			var err error
			if list, err = appendTag(list, tag); err != nil {
				return sat.Command{}, fmt.Errorf("euicc: %s: %w", f.Name(), err)
			}
		}
		var err error
		if data, err = tlv.AppendBER(data, tagList, list); err != nil {
			return sat.Command{}, fmt.Errorf("euicc: %s: %w", f.Name(), err)
		}
	}
	c := sat.Command{CLA: class, INS: insGetStatus, P1: statusP1, P2: statusFirst, Data: data, Le: 256}
	if f.Next {
		c.P2 = statusNext
	}
	if len(data) > 255 {
		return sat.Command{}, fmt.Errorf("euicc: %s: a list of %d tags does not fit one APDU", f.Name(), len(f.Tags))
	}
	return c, nil
}

// appendTag appends the octets of a tag: an object of no length, less its
// length.
func appendTag(b []byte, tag uint32) ([]byte, error) {
	b, err := tlv.AppendBER(b, tag, nil)
	if err != nil {
		return nil, err
	}
	return b[:len(b)-1], nil
}

func parseGetStatus(next bool, b []byte) (Function, error) {
	f := GetStatus{Next: next}
	o, rest, err := tlv.First(b)
	if err != nil {
		return nil, err
	}
	if o.Tag != tagAID {
		return nil, fmt.Errorf("object %X: want %X, the profile", o.Tag, tagAID)
	}
	if len(o.Value) > 0 {
		if err := checkISDP(o.Value); err != nil {
			return nil, err
		}
		f.ISDP = clone(o.Value)
	}
	if len(rest) == 0 {
		return f, nil
	}
	list, err := only(rest, tagList)
	if err != nil {
		return nil, err
	}
	f.Tags, err = parseTags(list)
	return f, err
}

// parseTags reads tags that lie back to back.
func parseTags(b []byte) ([]uint32, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("empty list of tags: leave it out")
	}
	var tags []uint32
	for len(b) > 0 {
		n := 1
		if b[0]&0x1F == 0x1F {
			for n++; n < 4 && n <= len(b) && b[n-1]&0x80 != 0; n++ {
			}
		}
		n = min(n, len(b))
		o, rest, err := tlv.First(append(clone(b[:n]), 0))
		if err != nil || len(rest) > 0 {
			return nil, fmt.Errorf("list of tags: %X is no tag", b[:n])
		}
		tags, b = append(tags, o.Tag), b[n:]
	}
	return tags, nil
}

// State is the life cycle state of an ISD-P (GSMA SGP.02, 2.2.1.3).
type State byte

// States of an ISD-P. The first two are a profile that is not loaded yet.
const (
	Selectable   State = 0x07
	Personalised State = 0x0F
	Disabled     State = 0x1F
	Enabled      State = 0x3F
)

// String returns the state in words.
func (s State) String() string {
	switch s {
	case Selectable:
		return "created"
	case Personalised:
		return "created, with keys"
	case Disabled:
		return "disabled"
	case Enabled:
		return "enabled"
	}
	return fmt.Sprintf("unknown state %02X", byte(s))
}

// Profile is what a card says of one profile (GSMA SGP.02, 4.1.1.5).
type Profile struct {
	ISDP     sat.AID // 5 to 16 octets: a card may list other security domains too, see [IsISDP]
	State    State
	FallBack *bool        // whether the card falls back on it; nil if the card does not say
	Version  []byte       // version of the profile package, as the card codes it; nil if the card does not say
	Unknown  []tlv.Object // objects this package does not know, in their order
}

// String says what is known of the profile, in one line.
func (p Profile) String() string {
	s := fmt.Sprintf("profile %s %s", p.ISDP, p.State)
	if p.isFallBack() {
		s += ", the card falls back on it"
	}
	return s
}

func (p Profile) isFallBack() bool { return p.FallBack != nil && *p.FallBack }

// AppendBinary appends the profile as one object E3.
func (p Profile) AppendBinary(b []byte) ([]byte, error) {
	if err := checkAID(p.ISDP); err != nil {
		return nil, fmt.Errorf("euicc: profile: %w", err)
	}
	objects := []tlv.Object{{Tag: tagAID, Value: p.ISDP}, {Tag: tagState, Value: []byte{byte(p.State)}}}
	if p.FallBack != nil {
		value := []byte{0}
		if *p.FallBack {
			value[0] = 1
		}
		objects = append(objects, tlv.Object{Tag: tagFallBack, Value: value})
	}
	if p.Version != nil {
		objects = append(objects, tlv.Object{Tag: tagVersion, Value: p.Version})
	}
	for _, o := range p.Unknown {
		switch o.Tag {
		case tagAID, tagState, tagFallBack, tagVersion:
			return nil, fmt.Errorf("euicc: profile: object %X among the unknown ones has a field of its own", o.Tag)
		}
		objects = append(objects, o)
	}
	return appendTemplate(b, tagProfile, objects)
}

// appendTemplate appends objects as the value of one.
func appendTemplate(b []byte, tag uint32, objects []tlv.Object) ([]byte, error) {
	var value []byte
	var err error
	for _, o := range objects {
		if value, err = tlv.AppendBER(value, o.Tag, o.Value); err != nil {
			return nil, fmt.Errorf("euicc: object %X: %w", tag, err)
		}
	}
	if b, err = tlv.AppendBER(b, tag, value); err != nil {
		return nil, fmt.Errorf("euicc: object %X: %w", tag, err)
	}
	return b, nil
}

// ParseProfiles reads the answer to [GetStatus], without its status word.
func ParseProfiles(b []byte) ([]Profile, error) {
	objects, err := tlv.ParseBER(b)
	if err != nil {
		return nil, fmt.Errorf("euicc: profiles: %w", err)
	}
	var profiles []Profile
	for i, o := range objects {
		if o.Tag != tagProfile {
			return nil, fmt.Errorf("euicc: profile %d: object %X: want %X", i+1, o.Tag, tagProfile)
		}
		p, err := parseProfileStatus(o.Value)
		if err != nil {
			return nil, fmt.Errorf("euicc: profile %d: %w", i+1, err)
		}
		profiles = append(profiles, p)
	}
	return profiles, nil
}

func parseProfileStatus(b []byte) (Profile, error) {
	objects, err := tlv.ParseBER(b)
	if err != nil {
		return Profile{}, err
	}
	var p Profile
	seen := map[uint32]bool{}
	for _, o := range objects {
		if err := p.take(o, seen[o.Tag]); err != nil {
			return Profile{}, err
		}
		seen[o.Tag] = true
	}
	if !seen[tagAID] || !seen[tagState] {
		return Profile{}, fmt.Errorf("no AID (%X) or no state (%X)", tagAID, tagState)
	}
	return p, nil
}

func (p *Profile) take(o tlv.Object, again bool) error {
	switch o.Tag {
	case tagAID, tagState, tagFallBack, tagVersion:
		if again {
			return fmt.Errorf("object %X comes twice", o.Tag)
		}
	}
	switch o.Tag {
	case tagAID:
		p.ISDP = clone(o.Value)
		return checkAID(p.ISDP)
	case tagState:
		if len(o.Value) != 1 {
			return fmt.Errorf("state of %d octets: want 1", len(o.Value))
		}
		p.State = State(o.Value[0])
	case tagFallBack:
		if len(o.Value) != 1 || o.Value[0] > 1 {
			return fmt.Errorf("fall-back attribute %X: want 00 or 01", o.Value)
		}
		p.FallBack = new(o.Value[0] == 1)
	case tagVersion:
		p.Version = append([]byte{}, o.Value...)
	default:
		p.Unknown = append(p.Unknown, tlv.Object{Tag: o.Tag, Value: clone(o.Value)})
	}
	return nil
}
