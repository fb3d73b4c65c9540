package rfm

import (
	"fmt"
	"slices"
)

// servicesCoding is a table of services, one bit each, the numbers of those
// that are available (3GPP TS 31.102, 4.2.8, TS 31.103, 4.2.7). A file that is
// too short for a service has to be made longer first.
var servicesCoding = coding[[]int]{
	from: func(b []byte) ([]int, error) { return bits(b, 1, 0), nil },
	to: func(services []int, old []byte) ([]byte, error) {
		n := 1
		for _, s := range services {
			if s < 1 || s > 8*255 {
				return nil, fmt.Errorf("rfm: service %d: want 1 to %d", s, 8*255)
			}
			n = max(n, (s+7)/8)
		}
		b := make([]byte, max(n, len(old)))
		for _, s := range services {
			b[(s-1)/8] |= 1 << ((s - 1) % 8)
		}
		return b, nil
	},
	says: func(services []int) string { return "services " + join(services) },
	full: true,
}

// Services2G are the services of EF_SST, two bits each (3GPP TS 51.011,
// 10.3.7).
type Services2G struct {
	Allocated []int `json:"allocated"`
	Activated []int `json:"activated"`
}

var sstCoding = coding[Services2G]{
	from: func(b []byte) (Services2G, error) {
		return Services2G{Allocated: bits(b, 2, 0), Activated: bits(b, 2, 1)}, nil
	},
	to: func(s Services2G, old []byte) ([]byte, error) {
		n := 2
		for _, service := range append(slices.Clone(s.Allocated), s.Activated...) {
			if service < 1 || service > 4*255 {
				return nil, fmt.Errorf("rfm: service %d: want 1 to %d", service, 4*255)
			}
			n = max(n, (service+3)/4)
		}
		b := make([]byte, max(n, len(old)))
		for bit, list := range [][]int{s.Allocated, s.Activated} {
			for _, service := range list {
				b[(service-1)/4] |= 1 << (2*((service-1)%4) + bit)
			}
		}
		return b, nil
	},
	says: func(s Services2G) string {
		return "allocated " + join(s.Allocated) + "; activated " + join(s.Activated)
	},
	full: true,
}

// bits are the numbers, from 1, of groups of width bits whose bit at is set.
func bits(b []byte, width, at int) []int {
	var set []int
	for i := range 8 * len(b) / width {
		bit := width*i + at
		if b[bit/8]&(1<<(bit%8)) != 0 {
			set = append(set, i+1)
		}
	}
	return set
}

// EST are the services that the user has enabled (3GPP TS 31.102, 4.2.47).
type EST struct {
	FDN bool `json:"fdn"` // only fixed numbers
	BDN bool `json:"bdn"` // barred numbers
	ACL bool `json:"acl"` // only the APNs of EF_ACL
}

var estCoding = coding[EST]{
	from: func(b []byte) (EST, error) {
		if len(b) < 1 {
			return EST{}, fmt.Errorf("rfm: EST without octets: want 1")
		}
		return EST{b[0]&1 != 0, b[0]&2 != 0, b[0]&4 != 0}, nil
	},
	to: func(e EST, old []byte) ([]byte, error) {
		b := []byte{0}
		if len(old) > 0 && !allFF(old) {
			b = slices.Clone(old)
		}
		b[0] = b[0]&^7 | bitmap(e.FDN, e.BDN, e.ACL)
		return b, nil
	},
	says:   func(e EST) string { return flags([]string{"FDN", "BDN", "ACL"}, e.FDN, e.BDN, e.ACL) },
	amends: true,
}

// bitmap has bit 1 for the first flag, and so on.
func bitmap(set ...bool) byte {
	var b byte
	for i, on := range set {
		if on {
			b |= 1 << i
		}
	}
	return b
}

// UAC are the access identities of 5G (3GPP TS 31.102, 4.4.11.7).
type UAC struct {
	MPS bool `json:"mps"` // multimedia priority service
	MCS bool `json:"mcs"` // mission critical service
}

var uacCoding = coding[UAC]{
	from: func(b []byte) (UAC, error) {
		if len(b) < 4 || !allFF(b[4:]) {
			return UAC{}, fmt.Errorf("rfm: UAC_AIC of %d octets: want 4", len(b))
		}
		return UAC{b[0]&1 != 0, b[0]&2 != 0}, nil
	},
	to:   func(u UAC, _ []byte) ([]byte, error) { return []byte{bitmap(u.MPS, u.MCS), 0, 0, 0}, nil },
	says: func(u UAC) string { return flags([]string{"MPS", "MCS"}, u.MPS, u.MCS) },
}

// periodCoding is the search period of EF_HPPLMN in minutes, in steps of 6; 0
// is off (3GPP TS 31.102, 4.2.6; that 00 is off is from memory).
var periodCoding = coding[int]{
	from: func(b []byte) (int, error) {
		if len(b) != 1 {
			return 0, fmt.Errorf("rfm: HPPLMN of %d octets: want 1", len(b))
		}
		return 6 * int(b[0]), nil
	},
	to: func(minutes int, _ []byte) ([]byte, error) {
		if minutes < 0 || minutes > 6*255 || minutes%6 != 0 {
			return nil, fmt.Errorf("rfm: period of %d minutes: want a multiple of 6, 0 (off) to 1530", minutes)
		}
		return []byte{byte(minutes / 6)}, nil
	},
	says: func(minutes int) string {
		if minutes == 0 {
			return "off"
		}
		return fmt.Sprintf("every %d minutes", minutes)
	},
	full: true,
}

// Pairing is the result of the check that a card is in its device (EF_IPS, 3GPP
// TS 31.102; that the octet after the record is spare is from memory).
type Pairing struct {
	Result string `json:"result"` // OK or KO
	Record byte   `json:"record"` // of the file of paired devices
}

var pairingCoding = coding[Pairing]{
	from: func(b []byte) (Pairing, error) {
		if len(b) != 4 {
			return Pairing{}, fmt.Errorf("rfm: IPS record of %d octets: want 4", len(b))
		}
		if s := string(b[:2]); s != "OK" && s != "KO" {
			return Pairing{}, fmt.Errorf("rfm: IPS record %X: want OK or KO", b)
		}
		return Pairing{string(b[:2]), b[2]}, nil
	},
	to: func(p Pairing, _ []byte) ([]byte, error) {
		if p.Result != "OK" && p.Result != "KO" {
			return nil, fmt.Errorf("rfm: IPS result %q: want OK or KO", p.Result)
		}
		return append([]byte(p.Result), p.Record, 0xFF), nil
	},
	says: func(p Pairing) string { return fmt.Sprintf("%s, record %d", p.Result, p.Record) },
}
