package rfm

import (
	"errors"
	"fmt"

	"github.com/simota/simota/sat/tlv"
)

// noKey is the key set identifier that says there is none (3GPP TS 24.008,
// 10.5.1.2).
const noKey = 0x07

// errKeys refuses to write key material: keys come from the network alone.
var errKeys = errors.New("rfm: keys are made by card and network, never written: want no key, ksi 7")

// KeySet is the key set identifier (ksi, cksn) of Keys, KeysPS, Kc and KcGPRS.
// The keys beside it are never part of a value.
type KeySet struct {
	KSI int `json:"ksi"` // 0 to 6, 7 no key
}

func (k KeySet) String() string {
	if k.KSI == noKey {
		return "no key"
	}
	return fmt.Sprintf("key set %d, not shown", k.KSI)
}

// keysCoding is a file of n octets of keys with the identifier before them
// (Keys) or behind (Kc).
func keysCoding(n int, first bool) codec {
	at := n
	if first {
		at = 0
	}
	return secretCoding{coding[KeySet]{
		from: func(b []byte) (KeySet, error) {
			if len(b) < n+1 {
				return KeySet{}, fmt.Errorf("rfm: file of %d octets: want %d", len(b), n+1)
			}
			return KeySet{KSI: int(b[at] & 0x07)}, nil
		},
		to: func(k KeySet, _ []byte) ([]byte, error) {
			if k.KSI != noKey {
				return nil, errKeys
			}
			b := blank(n + 1)
			b[at] = noKey
			return b, nil
		},
		says: KeySet.String,
	}}
}

// NASContext is a security context of EPSNSC or the 5GS NSC files, without its
// key (3GPP TS 31.102, 4.2.92 and 4.4.11.4).
type NASContext struct {
	Empty         bool   `json:"empty,omitempty"` // the whole record is FF
	KSI           int    `json:"ksi"`             // 7: no key
	Uplink        uint32 `json:"uplink"`          // NAS count
	Downlink      uint32 `json:"downlink"`
	Algorithms    byte   `json:"algorithms"`     // of NAS
	EPSAlgorithms byte   `json:"eps_algorithms"` // of 5GS contexts only
}

func (c NASContext) String() string {
	if c.Empty {
		return "no key"
	}
	return KeySet{c.KSI}.String()
}

// contextCoding is A0 {80 KSI, 81 key 32, 82 and 83 counts, 84 algorithms} and,
// of a 5GS context, 85 EPS algorithms. Further objects are ignored.
func contextCoding(objects int) codec {
	return secretCoding{coding[NASContext]{
		from: func(b []byte) (NASContext, error) { return decodeContext(b, objects) },
		to: func(c NASContext, old []byte) ([]byte, error) {
			if c.Empty {
				return blank(size(old, objectsLength(objects))), nil
			}
			return encodeContext(c, objects)
		},
		says: NASContext.String,
	}}
}

// contextLengths are the lengths of the objects 80 to 85.
var contextLengths = []int{1, 32, 4, 4, 1, 1}

func objectsLength(objects int) int {
	n := 2
	for _, l := range contextLengths[:objects] {
		n += 2 + l
	}
	return n
}

func decodeContext(b []byte, objects int) (NASContext, error) {
	if len(b) > 0 && allFF(b) {
		return NASContext{Empty: true}, nil
	}
	inner, err := template(b, 0xA0)
	if err != nil {
		return NASContext{}, err
	}
	list, err := tlv.ParseBER(inner)
	if err != nil || len(list) < objects {
		return NASContext{}, fmt.Errorf("rfm: security context has not its %d objects", objects)
	}
	var values [6]uint32
	for i, n := range contextLengths[:objects] {
		o := list[i]
		if o.Tag != 0x80+uint32(i) || len(o.Value) != n {
			return NASContext{}, fmt.Errorf("rfm: object %d of the security context has tag %02X and %d octets: want %02X and %d", i+1, o.Tag, len(o.Value), 0x80+i, n)
		}
		if i != 1 { // the key
			for _, octet := range o.Value {
				values[i] = values[i]<<8 | uint32(octet)
			}
		}
	}
	return NASContext{
		KSI: int(values[0] & 0x07), Uplink: values[2], Downlink: values[3], Algorithms: byte(values[4]), EPSAlgorithms: byte(values[5]),
	}, nil
}

func encodeContext(c NASContext, objects int) ([]byte, error) {
	if c.KSI != noKey {
		return nil, errKeys
	}
	if objects < 6 && c.EPSAlgorithms != 0 {
		return nil, errors.New("rfm: eps_algorithms belong to 5GS contexts")
	}
	b := []byte{0xA0, byte(objectsLength(objects) - 2), 0x80, 1, noKey, 0x81, 32}
	b = append(b, blank(32)...)
	b = append(b, 0x82, 4, byte(c.Uplink>>24), byte(c.Uplink>>16), byte(c.Uplink>>8), byte(c.Uplink))
	b = append(b, 0x83, 4, byte(c.Downlink>>24), byte(c.Downlink>>16), byte(c.Downlink>>8), byte(c.Downlink), 0x84, 1, c.Algorithms)
	if objects == 6 {
		b = append(b, 0x85, 1, c.EPSAlgorithms)
	}
	return b, nil
}

// AuthKeys says whether 5GAUTHKEYS holds KAUSF and KSEAF, which are never part
// of a value (3GPP TS 31.102, 4.4.11.6; FF as the reset is from memory).
type AuthKeys struct {
	Empty bool `json:"empty"`
}

var authKeysCoding = secretCoding{coding[AuthKeys]{
	from: func(b []byte) (AuthKeys, error) {
		list, err := objects(b)
		for _, o := range list {
			if o.Tag != 0x80 && o.Tag != 0x81 {
				return AuthKeys{}, fmt.Errorf("rfm: tag %02X: want 80 or 81", o.Tag)
			}
		}
		return AuthKeys{Empty: len(list) == 0}, err
	},
	to: func(k AuthKeys, old []byte) ([]byte, error) {
		if !k.Empty {
			return nil, errKeys
		}
		return blank(size(old, 68)), nil
	},
	says: func(k AuthKeys) string {
		if k.Empty {
			return "no key"
		}
		return "keys, not shown"
	},
}}

// StartHFN are the START values of both domains, 0 to FFFFFF (3GPP TS 31.102,
// 4.2.51).
type StartHFN struct {
	CS uint32 `json:"cs"`
	PS uint32 `json:"ps"`
}

var startHFNCoding = coding[StartHFN]{
	from: func(b []byte) (StartHFN, error) {
		if len(b) < 6 || !allFF(b[6:]) {
			return StartHFN{}, fmt.Errorf("rfm: START-HFN of %d octets: want 6", len(b))
		}
		return StartHFN{CS: be24(b), PS: be24(b[3:])}, nil
	},
	to: func(s StartHFN, _ []byte) ([]byte, error) {
		b, err := append24(nil, s.CS)
		if err != nil {
			return nil, err
		}
		return append24(b, s.PS)
	},
	says: func(s StartHFN) string { return fmt.Sprintf("CS %06X, PS %06X", s.CS, s.PS) },
}

// thresholdCoding is the largest START after which keys are made anew.
var thresholdCoding = coding[uint32]{
	from: func(b []byte) (uint32, error) {
		if len(b) != 3 {
			return 0, fmt.Errorf("rfm: THRESHOLD of %d octets: want 3", len(b))
		}
		return be24(b), nil
	},
	to:   func(n uint32, _ []byte) ([]byte, error) { return append24(nil, n) },
	says: func(n uint32) string { return fmt.Sprintf("%06X", n) },
	full: true,
}

func be24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

func append24(b []byte, n uint32) ([]byte, error) {
	if n > 0xFFFFFF {
		return nil, fmt.Errorf("rfm: value %X: at most FFFFFF fits", n)
	}
	return append(b, byte(n>>16), byte(n>>8), byte(n)), nil
}
