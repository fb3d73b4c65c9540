package cardfile

import (
	"regexp"
	"strings"
)

// Names of the columns that are read, beside the numbered ones.
const (
	colICCID   = "ICCID"
	colCountry = "COUNTRY"
	colType    = "CARD_TYPE"
	colIMEI    = "IMEI"
	colCP      = "CP"
	colTags    = "TAGS"
)

var (
	singleColumn       = regexp.MustCompile(`^(ICCID|COUNTRY|CARD_TYPE|IMEI|CP|TAGS)$`)
	subscriptionColumn = regexp.MustCompile(`^(IMSI|MSISDN|OPERATOR)([1-9][0-9]?)?$`)
	keyColumn          = regexp.MustCompile(`^(KIC|KID|KIK|CNTR)([1-9]|1[0-5])$`) // the number is the key version
	// neverRead are columns of every vendor that simota has no use for: secrets
	// of the card, and its access class.
	neverRead = regexp.MustCompile(`^(ACC|D?PIN[0-9]*|D?PUK[0-9]*|KI|OPC?|ADM[0-9]*)$`)
)

// normal is a header cell in upper case with underscores for blanks.
func normal(header []byte) string {
	return strings.ReplaceAll(strings.ToUpper(string(header)), " ", "_")
}

// canonical is the name of a column, or empty if it is not read.
func canonical(header []byte) string {
	name := normal(header)
	if m := subscriptionColumn.FindStringSubmatch(name); m != nil && m[2] == "1" {
		return m[1] // IMSI1 is IMSI
	}
	if singleColumn.MatchString(name) || subscriptionColumn.MatchString(name) || keyColumn.MatchString(name) {
		return name
	}
	return ""
}

// unknownName is the name to report for a column that is not read, or empty if
// that is no news.
func unknownName(header []byte) string {
	const longest = 40
	if len(header) == 0 || neverRead.MatchString(normal(header)) {
		return ""
	}
	name := strings.ToValidUTF8(string(header), "?")
	if r := []rune(name); len(r) > longest {
		name = string(r[:longest]) + "..."
	}
	return name
}
