package rfm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/simota/simota/sat/tlv"
)

// SUCI says how a terminal conceals the IMSI in 5G (EF_SUCI_Calc_Info, 3GPP TS
// 31.102, 4.4.11.8). The keys are public keys of the home network.
type SUCI struct {
	Schemes []ProtectionScheme `json:"schemes"` // the first has the highest priority
	Keys    []HomeNetworkKey   `json:"keys,omitempty"`
}

// ProtectionScheme is a scheme and the key it uses.
type ProtectionScheme struct {
	Scheme Scheme `json:"scheme"`
	Key    byte   `json:"key"` // position in Keys from 1; 0 for the null scheme
}

// HomeNetworkKey is a public key and the number by which the network knows it.
type HomeNetworkKey struct {
	ID  byte `json:"id"`
	Key Hex  `json:"key"` // X25519 32 octets, P-256 compressed 33 (lengths from memory)
}

// Scheme is a protection scheme of 3GPP TS 33.501, annex C. In JSON it is
// "null", "profile-a", "profile-b" or a number.
type Scheme byte

// The schemes that have names.
const (
	NullScheme Scheme = 0
	ProfileA   Scheme = 1 // X25519
	ProfileB   Scheme = 2 // P-256
)

var schemeNames = []string{"null", "profile-a", "profile-b"}

// String returns the name of the scheme.
func (s Scheme) String() string {
	if int(s) < len(schemeNames) {
		return schemeNames[s]
	}
	return strconv.Itoa(int(s))
}

// MarshalText returns the name of the scheme.
func (s Scheme) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name or a number, 0 to 15.
func (s *Scheme) UnmarshalText(b []byte) error {
	for i, n := range schemeNames {
		if n == string(b) {
			*s = Scheme(i)
			return nil
		}
	}
	n, err := strconv.ParseUint(string(b), 10, 4)
	if err != nil {
		return fmt.Errorf("rfm: protection scheme %q: want null, profile-a, profile-b or a number up to 15", b)
	}
	*s = Scheme(n)
	return nil
}

// Check says whether every scheme has a key that it can use.
func (s SUCI) Check() error {
	if len(s.Schemes) == 0 {
		return errors.New("rfm: SUCI without a scheme: the null scheme is one")
	}
	for _, p := range s.Schemes {
		switch {
		case p.Scheme > 15:
			return fmt.Errorf("rfm: protection scheme %d: want 0 to 15", p.Scheme)
		case (p.Scheme == NullScheme) != (p.Key == 0) || int(p.Key) > len(s.Keys):
			return fmt.Errorf("rfm: scheme %s with key %d: want 1 to %d, and 0 for null alone", p.Scheme, p.Key, len(s.Keys))
		case p.Scheme == ProfileA && len(s.Keys[p.Key-1].Key) != 32:
			return fmt.Errorf("rfm: key %d of profile-a has %d octets: want 32", p.Key, len(s.Keys[p.Key-1].Key))
		case p.Scheme == ProfileB && len(s.Keys[p.Key-1].Key) != 33:
			return fmt.Errorf("rfm: key %d of profile-b has %d octets: want 33", p.Key, len(s.Keys[p.Key-1].Key))
		}
	}
	return nil
}

func (s SUCI) String() string {
	words := make([]string, len(s.Schemes))
	for i, p := range s.Schemes {
		words[i] = p.Scheme.String()
		if k := int(p.Key); k > 0 && k <= len(s.Keys) {
			words[i] += fmt.Sprintf(" with key %d", s.Keys[k-1].ID)
		}
	}
	return strings.Join(words, ", ")
}

// Objects of EF_SUCI_Calc_Info.
const (
	tagSchemes = 0xA0
	tagKeys    = 0xA1
	tagKeyID   = 0x80
	tagKey     = 0x81
)

var suciCoding = coding[SUCI]{
	from: decodeSUCI,
	to:   func(s SUCI, _ []byte) ([]byte, error) { return s.coded() },
	says: SUCI.String,
}

func (s SUCI) coded() ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	var schemes, keys []byte
	for _, p := range s.Schemes {
		schemes = append(schemes, byte(p.Scheme), p.Key)
	}
	for _, k := range s.Keys {
		keys = append(keys, tagKeyID, 1, k.ID)
		var err error
		if keys, err = tlv.AppendBER(keys, tagKey, k.Key); err != nil {
			return nil, err
		}
	}
	b, err := tlv.AppendBER(nil, tagSchemes, schemes)
	if err != nil {
		return nil, err
	}
	return tlv.AppendBER(b, tagKeys, keys)
}

func decodeSUCI(b []byte) (s SUCI, err error) {
	list, err := objects(b)
	if err != nil {
		return SUCI{}, err
	}
	if len(list) == 0 || len(list) > 2 || list[0].Tag != tagSchemes || len(list[0].Value)%2 != 0 {
		return SUCI{}, errors.New("rfm: SUCI_Calc_Info: want A0 with pairs of scheme and key, and A1 with keys")
	}
	for v := list[0].Value; len(v) > 0; v = v[2:] {
		s.Schemes = append(s.Schemes, ProtectionScheme{Scheme(v[0]), v[1]})
	}
	if len(list) == 1 {
		return s, s.Check()
	}
	keys, err := tlv.ParseBER(list[1].Value)
	if err != nil || list[1].Tag != tagKeys || len(keys)%2 != 0 {
		return SUCI{}, errors.New("rfm: SUCI_Calc_Info: want A1 with pairs of 80 and 81")
	}
	for i := 0; i < len(keys); i += 2 {
		id, key := keys[i], keys[i+1]
		if id.Tag != tagKeyID || len(id.Value) != 1 || key.Tag != tagKey {
			return SUCI{}, fmt.Errorf("rfm: SUCI_Calc_Info: key %d: want 80 with its number, then 81", i/2+1)
		}
		s.Keys = append(s.Keys, HomeNetworkKey{id.Value[0], append(Hex{}, key.Value...)})
	}
	return s, s.Check()
}

// routingCoding is the routing indicator, 1 to 4 digits, "0" by default (3GPP
// TS 31.102, 4.4.11.11). The two octets after it stay as they are.
var routingCoding = coding[string]{
	from: func(b []byte) (string, error) {
		if len(b) < 4 {
			return "", fmt.Errorf("rfm: Routing_Indicator of %d octets: want 4", len(b))
		}
		used := 2
		if b[1] == 0xFF {
			used = 1
		}
		return unswap(b[:used])
	},
	to: func(s string, old []byte) ([]byte, error) {
		if len(s) < 1 || len(s) > 4 || !digits(s) {
			return nil, fmt.Errorf("rfm: routing indicator %q: want 1 to 4 digits", s)
		}
		b := blank(4)
		if len(old) >= 4 {
			copy(b[2:], old[2:4])
		}
		copy(b, swapped(s))
		return b, nil
	},
	says: text,
}

// NAI is a SUPI that is a name and no IMSI (EF_SUPI_NAI, 3GPP TS 31.102,
// 4.4.11.10).
type NAI struct {
	NSI string `json:"nsi,omitempty"` // network specific identifier
	GLI string `json:"gli,omitempty"` // global line identifier
	GCI string `json:"gci,omitempty"` // global cable identifier
}

var naiCoding = coding[NAI]{
	from: func(b []byte) (n NAI, err error) {
		list, err := objects(b)
		for _, o := range list {
			field := map[uint32]*string{0x80: &n.NSI, 0x81: &n.GLI, 0x82: &n.GCI}[o.Tag]
			if field == nil || *field != "" || !printable(string(o.Value)) {
				return NAI{}, fmt.Errorf("rfm: SUPI_NAI has object %02X: want 80, 81 or 82 with text, once each", o.Tag)
			}
			*field = string(o.Value)
		}
		return n, err
	},
	to: func(n NAI, old []byte) ([]byte, error) {
		var b []byte
		for i, s := range []string{n.NSI, n.GLI, n.GCI} {
			if !printable(s) {
				return nil, fmt.Errorf("rfm: %q is no text of one line", s)
			}
			if s == "" {
				continue
			}
			var err error
			if b, err = tlv.AppendBER(b, 0x80+uint32(i), []byte(s)); err != nil {
				return nil, err
			}
		}
		if len(b) == 0 {
			b = blank(size(old, 2))
		}
		return b, nil
	},
	says: func(n NAI) string { return strings.TrimSpace(n.NSI + " " + n.GLI + " " + n.GCI) },
}
