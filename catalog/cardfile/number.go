package cardfile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// digitsProblem says what is wrong with a number, without showing it.
func digitsProblem(s string, shortest, longest int) string {
	for i, r := range s {
		if r >= '0' && r <= '9' {
			continue
		}
		if strings.ContainsAny(s, "eE") && strings.ContainsAny(s, "+.,") {
			return "is in scientific notation: a spreadsheet has cut its digits; export the column as text"
		}
		return fmt.Sprintf("character %d is no digit (value not shown)", utf8.RuneCountInString(s[:i])+1)
	}
	if len(s) < shortest || len(s) > longest {
		if shortest == longest {
			return fmt.Sprintf("%d digits, needs %d", len(s), shortest)
		}
		return fmt.Sprintf("%d digits, needs %d to %d", len(s), shortest, longest)
	}
	return ""
}

// parseICCID gives the ICCID as printed. It repairs the pad and the swapped
// nibbles of the card's own form (ETSI TS 102 221, 13.2) and says so in note;
// what it cannot read is a problem.
func parseICCID(s string) (iccid, note, problem string) {
	if s == "" {
		return "", "", "is missing"
	}
	iccid = s
	swapped := strings.HasPrefix(s, "98") && len(s)%2 == 0 // all ICCIDs begin with 89 (ITU-T E.118)
	if swapped {
		iccid, note = swapNibbles(s), "has its nibbles swapped"
	}
	if n := len(strings.TrimRight(iccid, "Ff")); n < len(iccid) && n >= 18 {
		iccid = iccid[:n]
		if note != "" {
			note += " and "
		}
		note += "is padded with F"
	}
	if problem = digitsProblem(iccid, 18, 20); problem != "" {
		return "", "", problem
	}
	if swapped && len(iccid) > 18 && !luhn(iccid) {
		return "", "", note + ", and in right order its check digit is wrong (Luhn); write it as printed on the card"
	}
	if note != "" {
		note += "; taken as " + iccid
	}
	return iccid, note, ""
}

func swapNibbles(s string) string {
	b := []byte(s)
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

// luhn checks the last digit (ISO/IEC 7812-1, annex B).
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// isCountry tells whether s looks like an ISO 3166 alpha-2 code.
func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// isName tells whether s is text that can be shown and stored.
func isName(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// shown is a name in quotes for a message, unless it might be a key or a PIN
// in the wrong column.
func shown(name string) string {
	if len(name) > 32 || strings.Trim(name, "0123456789abcdefABCDEF") == "" {
		return "(value not shown)"
	}
	return fmt.Sprintf("%q", name)
}
