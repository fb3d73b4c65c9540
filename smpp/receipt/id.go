package receipt

import (
	"math/big"
	"strings"
)

const maxID = 64 // message_id without its NUL (SMPP 3.4, 5.2.23)

// Base says how an SMSC writes its message ids. The response and the receipt may differ: each has its own.
type Base string

// The bases of a link's configuration.
const (
	Hex     Base = "hex"
	Decimal Base = "decimal"
	Opaque  Base = "opaque" // compared as written
	Auto    Base = "auto"   // hexadecimal if it has a letter a to f, else decimal; see [Candidates]
)

// Normalize gives the form in which two spellings of one id are equal: without blanks around it and
// leading zeros, in lower case, numbers as hexadecimal. So Normalize("7F3A09", Hex) and
// Normalize("8337929", Decimal) are the same. An id that is no number in its base keeps its spelling
// apart from that; opaque ids only lose the blanks.
func Normalize(id string, base Base) string {
	id = strings.Trim(id, blanks)
	if base == Opaque || id == "" {
		return id
	}
	id = strings.ToLower(id)
	if digits, marked := strings.CutPrefix(id, "0x"); marked && base != Decimal {
		id, base = digits, Hex
	}
	id = strings.TrimLeft(id, "0")
	if id == "" {
		return "0"
	}
	if base == Hex || len(id) > maxID || strings.Trim(id, "0123456789") != "" {
		return id
	}
	n, ok := new(big.Int).SetString(id, 10)
	if !ok {
		return id
	}
	return n.Text(16)
}

// Candidates gives every normal form under which an id may be known, the likeliest first: two when the
// base is Auto and the id has digits only, so that it may be either number; else the one of [Normalize].
func Candidates(id string, base Base) []string {
	first := Normalize(id, base)
	if base == Auto {
		if second := Normalize(id, Hex); second != first {
			return []string{first, second}
		}
	}
	return []string{first}
}
