package cardfile

import (
	"regexp"
	"strings"

	"github.com/simota/simota/catalog/delimited"
)

// Names of the columns that are read, beside the numbered ones.
const (
	colICCID   = "ICCID"
	colCountry = "COUNTRY"
	colType    = "CARD_TYPE"
	colIMEI    = "IMEI"
	colCP      = "CP"
	colTags    = "TAGS"
	colEID     = "EID"
)

var (
	singleColumn       = regexp.MustCompile(`^(ICCID|COUNTRY|CARD_TYPE|IMEI|CP|TAGS|EID)$`)
	subscriptionColumn = regexp.MustCompile(`^(IMSI|MSISDN|OPERATOR|ISDP)([1-9][0-9]?)?$`)
	// keyColumn has whose keys they are (see keyColumns), the kind, and the key version.
	keyColumn = regexp.MustCompile(`^(?:(ISDR|P[1-9][0-9]?)_)?(KIC|KID|KIK|CNTR)([1-9]|1[0-5])$`)
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
	if keyColumn.MatchString(name) {
		return strings.TrimPrefix(name, "P1_") // P1_KIC1 is KIC1
	}
	if singleColumn.MatchString(name) || subscriptionColumn.MatchString(name) {
		return name
	}
	return ""
}

// unknownName is the name to report for a column that is not read, or empty if
// that is no news.
func unknownName(header []byte) string {
	if len(header) == 0 || neverRead.MatchString(normal(header)) {
		return ""
	}
	return delimited.Unknown(header)
}
