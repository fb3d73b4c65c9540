package detect

import (
	"strings"
	"testing"
	"time"
)

func TestValuesComeInTheirNormalForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		parse    func(string) (string, error)
		in, want string
	}{
		{ParseIMSI, "999700000000001", "999700000000001"},
		{ParseIMSI, "imsi-99970000000001", "99970000000001"},
		{ParseIMEI, "35693803564380", "35693803564380"},
		{ParseIMEI, "356938035643809", "356938035643809"},
		{ParseIMEI, "3569380356438012", "3569380356438012"},
		{ParseIMEI, "356938035643809,12", "3569380356438012"},
		{ParseIMEI, "imei-356938035643809", "356938035643809"},
		{ParseIMEI, "imeisv-3569380356438012", "3569380356438012"},
		{ParseIMEI, "0x5396833065340821", "3569380356438012"},
		{ParseIMEI, "0x53968330653408F9", "356938035643809"},
		{ParseIMEI, "000000000000000", ""},
		{ParseICCID, "8947010000000000174", "8947010000000000174"},
		{ParseICCID, "8947010000000000174F", "8947010000000000174"},
		{ParseICCID, "89470100000000001747", "89470100000000001747"},
		{ParseMSISDN, "4759000001", "+4759000001"},
		{ParseMSISDN, "+4759000001", "+4759000001"},
		{ParseMSISDN, "004759000001", "+4759000001"},
		{ParseMSISDN, "msisdn-4759000001", "+4759000001"},
		{ParseAPN, "m2m.aurora.example", "m2m.aurora.example"},
	} {
		if got, err := c.parse(c.in); err != nil || got != c.want {
			t.Errorf("%s: %q %v, want %q", c.in, got, err, c.want)
		}
	}
}

func TestValuesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		parse    func(string) (string, error)
		in, want string
	}{
		{ParseIMSI, "99970", "5 digits"},
		{ParseIMSI, "9997000000000012", "16 digits"},
		{ParseIMSI, "9.9970E+14", "cut its digits"},
		{ParseIMSI, "99970000000000x", "other characters"},
		{ParseIMEI, "3569380356438", "13 digits"},
		{ParseIMEI, "35693803564380912", "17 digits"},
		{ParseIMEI, "35693803564380,12", "before the comma 15"},
		{ParseIMEI, "0x539683306534082", "hex"},
		{ParseIMEI, "0x53968330653408", "7 octets"},
		{ParseIMEI, "0x5396833065F40821", "F after the last one"},
		{ParseICCID, "89470100000000001", "17 digits"},
		{ParseMSISDN, "0759000001", "country code"},
		{ParseMSISDN, "extid-meter17@example.com", "external identifier"},
		{ParseMSISDN, "4711", "4 digits"},
		{ParseAPN, strings.Repeat("a", 101), "101 octets"},
		{ParseAPN, "two words", "no access point"},
	} {
		if got, err := c.parse(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q %v, want an error with %q", c.in, got, err, c.want)
		}
	}
}

func TestNetworkCodes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"99970": "999 70", "310410": "310 410", "999-70": "999 70", "310-410": "310 410", "9997": "", "9997000": "", "9x970": ""} {
		mcc, mnc, err := ParsePLMN(in)
		if got := strings.TrimSpace(mcc + " " + mnc); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q %v, want %q", in, got, err, want)
		}
	}
	for _, c := range []struct {
		in   [3]byte
		want string
	}{{[3]byte{0x99, 0xF9, 0x07}, "99970"}, {[3]byte{0x13, 0x00, 0x14}, "310410"}, {[3]byte{0x9A, 0xF9, 0x07}, ""}} {
		mcc, mnc, err := PLMNOctets(c.in[:])
		if mcc+mnc != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%x: %s %s %v, want %q", c.in, mcc, mnc, err, c.want)
		}
	}
	if _, _, err := PLMNOctets([]byte{0x99, 0xF9}); err == nil {
		t.Error("two octets are taken")
	}
}

func TestTimesOfEveryForm(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	for _, s := range []string{"2026-11-23T02:00:00Z", "2026-11-23T03:00:00+01:00", "2026-11-23T02:00:00.000+0000", "1795399200", "1795399200000"} {
		if got, err := ParseTime(s); err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"2026-11-23T02:00:00", "2026-11-23", "yesterday", "0", "-1", "99999999999999999", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "1e9"} {
		if got, err := ParseTime(s); err == nil {
			t.Errorf("%s is taken as %v", s, got)
		}
	}
}

func TestAnEventNamesEveryFieldThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := Event{IMSI: "1", IMEI: "2", MCC: "1234", Kind: "hello", Source: "a\nb"}.Normal()
	for _, want := range []string{"imsi: ", "imei: ", "mcc: ", "kind: ", "source: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v has no %q", err, want)
		}
	}
}

func TestHalfANetworkCodeIsNone(t *testing.T) {
	t.Parallel()
	e, err := Event{IMSI: "999700000000001", MCC: "999", Kind: Attach}.Normal()
	if err != nil || e.MCC != "" || e.PLMN() != "" {
		t.Errorf("%+v %v", e, err)
	}
	if e, err = (Event{IMSI: "999700000000001", MCC: "99", MNC: "1", Kind: Attach}).Normal(); err != nil || e.PLMN() != "09901" {
		t.Errorf("%+v %v", e, err)
	}
}

func TestOnlyWhatLeavesIsNotPresent(t *testing.T) {
	t.Parallel()
	for k, want := range map[Kind]bool{Attach: true, Session: true, IMEIChange: true, Detach: false} {
		if got := (Event{Kind: k}).Present(); got != want {
			t.Errorf("%s: %v", k, got)
		}
	}
}
