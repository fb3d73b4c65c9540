package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota"
)

func checkTracking(t *catalog.Tracking) (out []error) {
	if t == nil {
		return nil
	}
	if t.Pattern != "" {
		out = checkPattern(t.Pattern)
	}
	if digits := strings.TrimPrefix(t.Destination, "+"); strings.Trim(digits, "0123456789") != "" || len(digits) > 20 {
		out = append(out, bad("tracking.destination", "%q is no number: digits, with + if international", t.Destination))
	}
	if t.Destination != "" && t.Pattern == "" {
		out = append(out, bad("tracking.destination", "is for a pattern, and there is none"))
	}
	if t.Pattern != "" && t.TAR == "" && t.IMEI == (catalog.Field{}) && t.IMSI == (catalog.Field{}) {
		return out
	}
	if _, err := ota.ParseTAR(t.TAR); err != nil {
		out = append(out, bad("tracking.tar", "%q is no TAR: six hex digits", t.TAR))
	}
	return append(append(out, checkTrackingField("tracking.imei", t.IMEI)...), checkTrackingField("tracking.imsi", t.IMSI)...)
}

func checkTrackingField(field string, f catalog.Field) (out []error) {
	if f.Offset < 0 || f.Offset > 255 {
		out = append(out, bad(field+".offset", "%d is out of range: 0 to 255 octets", f.Offset))
	}
	if f.Length < 1 || f.Length > 32 {
		out = append(out, bad(field+".length", "%d is out of range: 1 to 32 octets", f.Length))
	}
	if f.Coding != "bcd" && f.Coding != "ef-imsi" && f.Coding != "ascii" {
		out = append(out, bad(field+".coding", "%q is not known: bcd, ef-imsi or ascii", f.Coding))
	}
	return out
}

// checkPattern wants the groups that are understood, and no others.
func checkPattern(s string) (out []error) {
	const longest = 500
	p, err := regexp.Compile(s)
	switch {
	case err != nil:
		return []error{bad("tracking.pattern", "is no regular expression (RE2): %v", err)}
	case len(s) > longest:
		return []error{bad("tracking.pattern", "has %d octets, at most %d are read", len(s), longest)}
	case p.SubexpIndex("imei") < 0:
		return []error{bad("tracking.pattern", "has no group imei: write (?P<imei>\\d{14,16}) where it stands")}
	}
	for _, name := range p.SubexpNames() {
		if name != "" && !slices.Contains([]string{"imei", "imsi", "iccid"}, name) {
			out = append(out, bad("tracking.pattern", "group %q is not known: imei, imsi and iccid are", name))
		}
	}
	return out
}
