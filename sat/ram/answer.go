package ram

import (
	"fmt"

	"github.com/simota/simota/sat"
)

// ParseReceipt reads what INSTALL, LOAD and DELETE answer beside 9000: nothing
// or 00, or a receipt behind its length, which only delegated management has
// (GlobalPlatform Card Specification, 11.5.3.1). It returns the receipt, nil
// for none. A compact script shows the answer of its last command only.
func ParseReceipt(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, nil
	}
	r := reader{what: "receipt", b: data}
	receipt := r.lv("receipt")
	return receipt, r.end()
}

// AppendReceipt appends an answer with a receipt, or 00 if there is none.
func AppendReceipt(b, receipt []byte) ([]byte, error) {
	if len(receipt) > 255 {
		return nil, fmt.Errorf("ram: receipt has %d octets, at most 255 fit", len(receipt))
	}
	return appendLV(b, receipt), nil
}

// explanations are status words that say more in answer to these commands
// than sat knows (GlobalPlatform Card Specification, 11.1.3 and the tables of
// each command; ETSI TS 102 226, 8).
var explanations = map[sat.Status]string{
	0x6283:         "warning: the card is locked",
	StatusMore:     "more entries: ask for the following part",
	0x6581:         "memory failure on the card",
	0x6982:         "security status not satisfied: the domain does not let this key set do it",
	0x6985:         "conditions of use not satisfied: still in use, there already, or not in this order",
	0x69E1:         "policy rule (POL1) forbids it",
	0x6A80:         "wrong data: parameters, TAR or AID taken, or a block that does not fit",
	0x6A81:         "function not supported, or the card is locked",
	0x6A82:         "application not found",
	0x6A84:         "not enough memory on the card",
	0x6A86:         "wrong P1 or P2",
	StatusNotFound: "not there: no such application, load file or key",
	0x9484:         "key algorithm not supported",
	0x9485:         "wrong key check value",
}

// Explain says a status word in answer to a command of this package in plain
// words. Errors of linking and verifying an applet are the maker's own.
func Explain(s sat.Status) string {
	if words, ok := explanations[s]; ok {
		return fmt.Sprintf("%04X %s", uint16(s), words)
	}
	return s.String()
}
