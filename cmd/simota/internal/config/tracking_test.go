package config

import (
	"strings"
	"testing"
)

func TestTrackingThatIsWrongNamesItsField(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{pattern: '^(?P<imei>\d{14,16})$', destination: "+5511900009999"}`: "",
		`{pattern: '(?P<imei>\d+'}`:                                         "tracking.pattern: is no regular expression",
		`{pattern: '(\d+)'}`:                                                "tracking.pattern: has no group imei",
		`{pattern: '(?P<imei>\d+)(?P<serial>.)'}`:                           `tracking.pattern: group "serial" is not known`,
		`{pattern: '(?P<imei>\d+)` + strings.Repeat("x", 500) + `'}`:        "octets, at most 500 are read",
		`{pattern: '(?P<imei>\d+)', destination: abc}`:                      "tracking.destination: ",
		`{tar: b00fe0, destination: "1", imei: {length: 15, coding: ascii}, imsi: {offset: 15, length: 15, coding: ascii}}`:       "tracking.destination: is for a pattern",
		`{pattern: '(?P<imei>\d+)', tar: b00f, imei: {length: 15, coding: ascii}, imsi: {offset: 15, length: 15, coding: ascii}}`: "tracking.tar: ",
		`{tar: b00fe0, imei: {length: 15, coding: ascii}, imsi: {offset: 15, length: 15, coding: utf8}}`:                          "tracking.imsi.coding: ",
		`{}`: "tracking.tar: ",
	} {
		_, err := DecodeCardType("t.yaml", []byte(untracked()+"tracking: "+text+"\n"))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// untracked is a card type without an applet that tracks its device.
func untracked() string {
	text, _, _ := strings.Cut(goodCardType, "tracking:")
	return text
}
