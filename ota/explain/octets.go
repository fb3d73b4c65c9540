package explain

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ErrHex says that a text holds no octets.
var ErrHex = errors.New("explain: no hexadecimal octets")

// Octets reads octets as people paste them: hex digits of either case, with
// spaces, colons, commas, line breaks, quotes, brackets, 0x or \x between them,
// or a hex dump with offsets in front and characters behind, as Wireshark and
// xxd write it.
func Octets(text string) ([]byte, error) {
	digits := ""
	if lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }); len(lines) > 0 {
		var dump bool
		if digits, dump = undump(lines); !dump {
			digits = noise.Replace(text)
		}
	}
	if i := strings.IndexFunc(digits, func(r rune) bool { return !strings.ContainsRune(hexDigits, r) }); i >= 0 {
		return nil, fmt.Errorf("%w: %q after %d digits is no hex digit", ErrHex, []rune(digits[i:])[0], i)
	}
	if len(digits) == 0 {
		return nil, fmt.Errorf("%w: the text is empty", ErrHex)
	}
	if len(digits)%2 != 0 {
		return nil, fmt.Errorf("%w: %d hex digits are no whole octets", ErrHex, len(digits))
	}
	return hex.DecodeString(digits)
}

const hexDigits = "0123456789abcdefABCDEF"

// noise is what may stand between octets.
var noise = strings.NewReplacer("0x", "", "0X", "", `\x`, "", " ", "", "\t", "", "\r", "", "\n", "", "\u00a0", "", ":", "", ",", "", ";", "", "-", "",
	".", "", "_", "", "|", "", `"`, "", "'", "", "`", "", "[", "", "]", "", "{", "", "}", "", "(", "", ")", "", "<", "", ">", "")

// dumpWidth is how many octets the usual tools write on a line.
const dumpWidth = 16

// offset is what a line of a hex dump begins with.
var offset = regexp.MustCompile(`^\s*([0-9A-Fa-f]{4,8})(:[ \t]*|[ \t]+|$)`)

// undump cuts offsets and characters off the lines of a hex dump. Offsets must
// begin with 0, and each line must hold what leads to the next. One line alone
// is a dump only if a colon or a gap behind its offset says so.
func undump(lines []string) (digits string, ok bool) {
	if m := offset.FindStringSubmatch(lines[0]); len(lines) == 1 && (m == nil || len(m[2]) < 2) {
		return "", false
	}
	var all strings.Builder
	at, width := 0, dumpWidth
	for i, line := range lines {
		m := offset.FindStringSubmatch(line)
		if m == nil || offsetOf(m[1]) != at {
			return "", false
		}
		if i+1 < len(lines) {
			next := offset.FindStringSubmatch(lines[i+1])
			if next == nil {
				return "", false
			}
			width = offsetOf(next[1]) - at
		}
		row := pairs(line[len(m[0]):], width)
		if i+1 < len(lines) && len(row) != 2*width {
			return "", false
		}
		all.WriteString(row)
		at += len(row) / 2
	}
	return all.String(), true
}

func offsetOf(digits string) int {
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		return -1
	}
	return int(n)
}

// pairs takes up to n octets from the front of a line. A gap of three blanks
// ends them: characters follow.
func pairs(s string, n int) string {
	var digits strings.Builder
	for gap := 0; len(s) > 1 && digits.Len() < 2*n && gap < 3; {
		switch {
		case strings.ContainsRune(" \t-", rune(s[0])):
			s, gap = s[1:], gap+1
		case strings.Trim(s[:2], hexDigits) == "":
			digits.WriteString(s[:2])
			s, gap = s[2:], 0
		default:
			return digits.String()
		}
	}
	return digits.String()
}
