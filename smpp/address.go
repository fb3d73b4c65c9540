package smpp

import (
	"fmt"
	"strings"
)

const maxNumber = 20 // source_addr and destination_addr of submit_sm without their NUL (SMPP 3.4, 5.2.8)

// Address is an SME address: type of number, numbering plan and digits (SMPP 3.4, 5.2.5 to 5.2.9).
// The zero Address as a source leaves the choice to the SMSC.
type Address struct {
	TON    byte   // 0 unknown, 1 international, 2 national, 5 alphanumeric
	NPI    byte   // 0 unknown, 1 ISDN (E.164)
	Number string // digits without "+", or text when alphanumeric; at most 20 octets
}

// ParseAddress reads an address as people write it: "+5511900000017" is international (1, 1), digits with
// * or # only are of unknown type in the ISDN plan (0, 1), anything else is alphanumeric (5, 0), at most 11 characters.
func ParseAddress(s string) (Address, error) {
	number, international := strings.CutPrefix(s, "+")
	switch {
	case number == "":
		return Address{}, fmt.Errorf("smpp: address %q is empty", s)
	case len(number) > maxNumber:
		return Address{}, fmt.Errorf("smpp: address %q has %d characters, at most %d fit", s, len(number), maxNumber)
	case international && strings.Trim(number, "0123456789") == "":
		return Address{TON: 1, NPI: 1, Number: number}, nil
	case international:
		return Address{}, fmt.Errorf("smpp: address %q: only digits may follow +", s)
	case strings.Trim(number, "0123456789*#") == "":
		return Address{NPI: 1, Number: number}, nil
	case len(number) > 11:
		return Address{}, fmt.Errorf("smpp: alphanumeric address %q has %d characters, at most 11 fit", s, len(number))
	}
	for _, c := range []byte(number) {
		if c < ' ' || c > '~' {
			return Address{}, fmt.Errorf("smpp: alphanumeric address %q: only printable ASCII is possible", s)
		}
	}
	return Address{TON: 5, Number: number}, nil
}

// String writes the address so that ParseAddress reads it back, given the types ParseAddress makes.
func (a Address) String() string {
	if a.TON == 1 {
		return "+" + a.Number
	}
	return a.Number
}

func (a Address) check(field string) error {
	if len(a.Number) > maxNumber {
		return fmt.Errorf("smpp: %s %q has %d octets, at most %d fit", field, a.Number, len(a.Number), maxNumber)
	}
	if strings.IndexByte(a.Number, 0) >= 0 {
		return fmt.Errorf("smpp: %s %q contains a NUL", field, a.Number)
	}
	return nil
}

func (a Address) appendTo(b []byte) []byte {
	b = append(b, a.TON, a.NPI)
	b = append(b, a.Number...)
	return append(b, 0)
}
