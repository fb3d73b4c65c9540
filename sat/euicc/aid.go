package euicc

import (
	"bytes"
	"fmt"

	"github.com/simota/simota/sat"
)

// prefix is what the AIDs of an eUICC's own applications have in common: the
// RID of GSMA, the application code, no country and no provider (GSMA SGP.02,
// annex H). Four octets follow: 00, a number of two octets, and 00, so that the
// TAR is 00 and the number.
var prefix = [12]byte{0xA0, 0x00, 0x00, 0x05, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89}

const aidSize = 16

// FirstISDP and LastISDP bound the numbers of ISD-Ps (GSMA SGP.02, annex H).
const (
	FirstISDP = 0x0010
	LastISDP  = 0xFFFF
)

func application(n uint16) sat.AID {
	return append(append(make(sat.AID, 0, aidSize), prefix[:]...), 0x00, byte(n>>8), byte(n), 0x00)
}

// ISDR is the AID of the root security domain: the functions of this package go
// to its TAR, 000001.
func ISDR() sat.AID { return application(0x0001) }

// ECASD is the AID of the controlling authority's security domain, which holds
// the card's certificate.
func ECASD() sat.AID { return application(0x0002) }

// LoadFile is the AID of the executable load file that ISD-Ps are made from.
func LoadFile() sat.AID { return application(0x000D) }

// Module is the AID of the executable module that ISD-Ps are made from.
func Module() sat.AID { return application(0x000E) }

// ISDP is the AID of the ISD-P of this number, FirstISDP to LastISDP: the
// security domain that is one profile. Its TAR is 00 and the number.
func ISDP(n int) (sat.AID, error) {
	if n < FirstISDP || n > LastISDP {
		return nil, fmt.Errorf("euicc: ISD-P number %04X: want %04X to %04X", n, FirstISDP, LastISDP)
	}
	return application(uint16(n)), nil
}

// IsISDP says whether an AID is that of an ISD-P.
func IsISDP(a sat.AID) bool {
	return len(a) == aidSize && bytes.HasPrefix(a, prefix[:]) && a[12] == 0 && a[15] == 0 &&
		int(a[13])<<8|int(a[14]) >= FirstISDP
}

func checkISDP(a sat.AID) error {
	if !IsISDP(a) {
		return fmt.Errorf("%s is not the AID of an ISD-P: want %X00nnnn00 with nnnn from %04X", a, prefix, FirstISDP)
	}
	return nil
}

func checkAID(a sat.AID) error {
	if len(a) < 5 || len(a) > aidSize {
		return fmt.Errorf("AID %s of %d octets: want 5 to %d", a, len(a), aidSize)
	}
	return nil
}
