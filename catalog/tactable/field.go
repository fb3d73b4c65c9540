package tactable

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/simota/simota/catalog"
)

const colTAC = "TAC"

// longest is how many octets of a name are taken.
const longest = 200

// field is one thing that a row says, and what columns it may stand in.
type field struct {
	names []string // of columns, the best first; the first is ours
	rank  int      // which of them
	set   func(m *catalog.Model, value string) error
}

func (f field) name() string { return f.names[0] }

// fields are those that are read. GSMA's list has Marketing Name, Brand Name,
// Model Name and Manufacturer (or) Applicant; Osmocom's has name1 and name2.
var fields = []field{
	{names: []string{colTAC}, set: setTAC},
	{names: []string{"MANUFACTURER", "BRAND_NAME", "BRAND", "NAME1", "MANUFACTURER_(OR)_APPLICANT"}, set: text(func(m *catalog.Model) *string { return &m.Manufacturer })},
	{names: []string{"MODEL", "MARKETING_NAME", "MODEL_NAME", "NAME2", "INTERNAL_MODEL_NAME"}, set: text(func(m *catalog.Model) *string { return &m.Name })},
	{names: []string{"CLIENT"}, set: setClient},
	{names: []string{"CP"}, set: word(func(m *catalog.Model) *string { return &m.Capability.CP })},
	{names: []string{"SECURITY"}, set: words(strings.ToLower, func(m *catalog.Model) *[]string { return &m.Capability.Security })},
	{names: []string{"PIN"}, set: func(m *catalog.Model, value string) error { m.Capability.PIN = value; return nil }},
	{names: []string{"MAX_PARTS"}, set: number(255, func(m *catalog.Model) *int { return &m.Capability.MaxParts })},
	{names: []string{"MAX_ID"}, set: number(16, func(m *catalog.Model) *int { return &m.Capability.MaxID })},
	{names: []string{"TAKES"}, set: words(strings.ToLower, func(m *catalog.Model) *[]string { return &m.Capability.Takes })},
	{names: []string{"CHOKES_ON"}, set: words(strings.ToUpper, func(m *catalog.Model) *[]string { return &m.Capability.ChokesOn })},
	{names: []string{"RESTART"}, set: word(func(m *catalog.Model) *string { return &m.Capability.Restart })},
}

// normal is a header cell in upper case with underscores for blanks.
func normal(header []byte) string {
	return strings.Join(strings.Fields(strings.ToUpper(string(header))), "_")
}

// columnOf is the column of a field of catalog.Capability: of "security[0]".
func columnOf(field string) string {
	name, _, _ := strings.Cut(field, "[")
	return strings.ToUpper(name)
}

var (
	tac    = regexp.MustCompile(`^[0-9]{8}$`)
	span   = regexp.MustCompile(`^([0-9]{8}) *- *([0-9]{8})$`)
	prefix = regexp.MustCompile(`^([0-9]{6,7})\*?$`)
	digits = regexp.MustCompile(`^[0-9]+$`)
)

// setTAC reads a code, a range or a prefix. Seven digits that begin with 1 are
// refused: spreadsheets make them of 01234567, which is another device.
func setTAC(m *catalog.Model, value string) error {
	s, p := span.FindStringSubmatch(value), prefix.FindStringSubmatch(value)
	switch {
	case tac.MatchString(value):
		m.First, m.Last = value, value
	case s != nil && s[1] > s[2]:
		return fmt.Errorf("range %s ends before it begins", value)
	case s != nil:
		m.First, m.Last = s[1], s[2]
	case p != nil && len(value) == 7 && value[0] == '1':
		return fmt.Errorf("%s has 7 digits: write 0%s if a spreadsheet has lost the zero, %s* for all codes that begin so", value, value, value)
	case p != nil:
		m.First, m.Last = (p[1] + "00")[:8], (p[1] + "99")[:8]
	case digits.MatchString(value) && len(value) >= 14 && len(value) <= 16:
		return fmt.Errorf("an IMEI has %d digits, a TAC the first 8 of them", len(value))
	default:
		return fmt.Errorf("%q is no TAC: 8 digits, a range as 35693803-35693899, or the first 6 or 7 digits", short(value))
	}
	return nil
}

// short is a value as messages show it.
func short(value string) string {
	const most = 40
	if r := []rune(value); len(r) > most {
		return string(r[:most]) + "..."
	}
	return value
}

// text takes a name for people, from the first column that has one.
func text(of func(*catalog.Model) *string) func(*catalog.Model, string) error {
	return func(m *catalog.Model, value string) error {
		switch to := of(m); {
		case !utf8.ValidString(value):
			return errors.New("is not UTF-8: save the file as CSV in UTF-8")
		case len(value) > longest:
			return fmt.Errorf("has %d octets: at most %d", len(value), longest)
		case strings.ContainsFunc(value, unicode.IsControl):
			return errors.New("has control characters")
		case *to == "":
			*to = value
		}
		return nil
	}
}

var clientName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

func setClient(m *catalog.Model, value string) error {
	if !clientName.MatchString(value) {
		return fmt.Errorf("%q is no name of a client: lower-case letters, digits, dot, dash, as in clients/NAME.yaml", short(value))
	}
	m.Client = value
	return nil
}

func word(of func(*catalog.Model) *string) func(*catalog.Model, string) error {
	return func(m *catalog.Model, value string) error {
		*of(m) = strings.ToLower(value)
		return nil
	}
}

// words takes a list, separated by blanks or plus signs.
func words(as func(string) string, of func(*catalog.Model) *[]string) func(*catalog.Model, string) error {
	return func(m *catalog.Model, value string) error {
		*of(m) = strings.FieldsFunc(as(value), func(r rune) bool { return r == '+' || unicode.IsSpace(r) })
		return nil
	}
}

// number takes a number from 1; that a low one is too low is said elsewhere.
func number(most int, of func(*catalog.Model) *int) func(*catalog.Model, string) error {
	return func(m *catalog.Model, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > most {
			return fmt.Errorf("%q is no number from 1 to %d", short(value), most)
		}
		*of(m) = n
		return nil
	}
}
