package cardfile

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/simota/simota/catalog"
)

// An AID of an eUICC's own security domains is aidPrefix, a number of four hex
// digits, and 00 (GSMA SGP.02, annex H).
const (
	aidPrefix  = "A0000005591010FFFFFFFF8900"
	aidISDR    = aidPrefix + "000100"
	firstISDP  = 0x0010
	noEUICC    = "but cards of this type are no eUICCs: its technique is not euicc"
	howISDP    = "write its AID, " + aidPrefix + "nnnn00, or only nnnn: four hex digits, from 0010 (value not shown)"
	digitsISDP = len(aidISDR)
)

// parseISDP gives the AID of an ISD-P, which may be written as the four hex
// digits of its number.
func parseISDP(s string) (aid, problem string) {
	aid = strings.ToUpper(s)
	if len(aid) == 4 {
		aid = aidPrefix + aid + "00"
	}
	if len(aid) != digitsISDP || !strings.HasPrefix(aid, aidPrefix) || !strings.HasSuffix(aid, "00") {
		return "", "is no ISD-P; " + howISDP
	}
	number := aid[len(aidPrefix) : len(aidPrefix)+4]
	if n, err := strconv.ParseUint(number, 16, 16); err != nil || n < firstISDP {
		return "", "is no ISD-P; " + howISDP
	}
	return aid, ""
}

// checkedEID checks the last two digits (GSMA SGP.29; ISO 7064, MOD 97-10):
// all digits, as one number, leave 1.
func checkedEID(digits string) bool {
	rest := 0
	for _, d := range digits {
		rest = (rest*10 + int(d-'0')) % 97
	}
	return rest == 1
}

// isISDP tells whether a column has an ISD-P.
func isISDP(column string) bool { return strings.HasPrefix(column, "ISDP") }

// isdp reads the ISD-P of a subscription, empty if there is none.
func (b *builder) isdp(slot int) string {
	field := catalog.Column("ISDP", slot)
	s := b.text(field)
	if s == "" {
		return ""
	}
	aid, problem := parseISDP(s)
	if problem != "" {
		b.fail(field, "%s", problem)
	}
	return aid
}

// domain is the AID of the security domain whose keys an owner has: nil is the
// issuer's, which has those of a card that is no eUICC.
func domain(owner int, subs []catalog.Subscription) []byte {
	aid := ""
	if owner == ofISDR {
		aid = aidISDR
	}
	for _, s := range subs {
		if s.Slot == owner {
			aid = s.ISDP
		}
	}
	if aid == "" {
		return nil
	}
	b, _ := hex.DecodeString(aid) // parseISDP has checked it
	return b
}

// checkEUICC checks that an eUICC has what it is found, switched and proven by,
// and that no other card has.
func (b *builder) checkEUICC(t *cardType, subs []catalog.Subscription, keys []keyset) {
	if t == nil {
		return
	}
	columns := map[string]string{} // of each ISD-P
	for _, s := range subs {
		field := catalog.Column("ISDP", s.Slot)
		switch given := b.text(field); {
		case given != "" && t.isdr == nil:
			b.fail(field, "is there, "+noEUICC)
		case given == "" && t.isdr != nil:
			b.fail(field, "is missing: cards of this type are eUICCs, and without it this profile cannot be enabled")
		case s.ISDP != "" && columns[s.ISDP] != "":
			b.fail(field, "is the same as %s: one profile is one subscription", columns[s.ISDP])
		}
		columns[s.ISDP] = field
	}
	if t.isdr == nil {
		return
	}
	if b.text(colEID) == "" {
		b.fail(colEID, "is missing: cards of this type are eUICCs, and their notices name nothing else")
	}
	needed := keyColumns{ofISDR, int(t.isdr.KVN())}
	for _, k := range keys {
		if string(k.Domain) == string(domain(ofISDR, nil)) && int(k.Version) == needed.version {
			return
		}
	}
	b.fail(needed.name("KIC"), "is missing: cards of this type are eUICCs, switched with keys of version %d of their ISD-R", needed.version)
}
