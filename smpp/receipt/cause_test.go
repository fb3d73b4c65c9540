package receipt

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCausesOfTheStandards(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state State
		err   string
		want  Cause
	}{
		{Undeliverable, "3:1", CauseUnknownSubscriber}, {Undeliverable, "3:6", CauseAbsent}, {Expired, "3:27", CauseAbsent},
		{Undeliverable, "3:9", CauseIllegalSubscriber}, {Undeliverable, "3:11", CauseNoTeleservice}, {Undeliverable, "3:13", CauseCallBarred},
		{Undeliverable, "3:21", CauseNoFacility}, {Undeliverable, "3:22", CauseMemoryFull}, {Undeliverable, "3:31", CauseBusy},
		{Undeliverable, "3:32", CauseEquipment}, {Undeliverable, "3:34", CauseNetwork}, {Undeliverable, "3:51", CauseCongestion},
		{Undeliverable, "3:208", CauseMemoryFull}, {Undeliverable, "3:211", CauseMemoryFull}, {Undeliverable, "3:213", CauseEquipment},
		{Undeliverable, "3:9999", CauseUnknown}, {Undeliverable, "1:1", CauseUnknown}, {Undeliverable, "1", CauseUnknown}, {Undeliverable, "", CauseUnknown},
		{Expired, "", CauseExpired}, {Expired, "12", CauseExpired}, {Deleted, "", CauseDeleted}, {Rejected, "", CauseRejected}, {Skipped, "", CauseNetwork},
	} {
		if got := (Receipt{State: c.state, Err: c.err}).Cause(nil); got != c.want {
			t.Errorf("%v, err %q: %v, want %v", c.state, c.err, got, c.want)
		}
	}
}

func TestATableOfTheOperatorCountsFirst(t *testing.T) {
	t.Parallel()
	table, err := ParseTable(map[string]string{"001": "unknown-subscriber", "SPAM": "blocked", "3:27": "memory-full", "000": "congestion"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fields Fields
		want   string
	}{
		{Fields{Text: []byte("id:1 stat:UNDELIV err:001")}, "undeliverable, err 001: unknown subscriber"},
		{Fields{Text: []byte("id:1 stat:UNDELIV err:1")}, "undeliverable, err 1: cause not told"},
		{Fields{Text: []byte("id:1 stat:REJECTD err:spam")}, "rejected, err spam: blocked by the operator's firewall"},
		{Fields{Text: []byte("id:1 stat:UNDELIV err:000")}, "undeliverable: congestion"},
		{Fields{Text: []byte("id:1 stat:UNDELIV err:001"), NetworkError: []byte{3, 0, 27}}, "undeliverable, err 27 (GSM): memory of the phone is full"},
		{Fields{Text: []byte("id:1 stat:UNDELIV err:001"), NetworkError: []byte{3, 0, 13}}, "undeliverable, err 13 (GSM): unknown subscriber"},
		{Fields{Text: []byte("id:1 stat:UNDELIV"), NetworkError: []byte{9, 0, 1}}, "undeliverable, err 9:1: cause not told"},
		{Fields{Text: []byte("id:1 stat:EXPIRED"), NetworkError: []byte{2, 0, 1}}, "expired, err 1 (IS-95): validity ended first"},
	} {
		c.fields.ESMClass = classReceipt
		r, _, err := Parse(c.fields, Options{})
		if got := r.Describe(table); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.fields.Text, got, err, c.want)
		}
	}
}

func TestWhatAnSMSCWroteIsShownShortAndInOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\x1bc":                  `expired, err "a\x1bc": validity ended first`,
		`"a` + "\n" + `b"`:        `expired, err "a\nb": validity ended first`,
		strings.Repeat("9", 9000): `expired, err "` + strings.Repeat("9", 64) + `": validity ended first`,
	} {
		r, _, err := Parse(Fields{ESMClass: 4, Text: []byte("id:1 stat:EXPIRED err:" + text)}, Options{})
		if got := r.Describe(nil); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}

func TestATableNamesTheKeyThatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ key, name, want string }{
		{"001", "gone", `receipt: error code "001": "gone" is no cause: unknown, absent-subscriber`},
		{"", "blocked", `receipt: error code ""`},
		{"0 1", "blocked", `receipt: error code "0 1": want one word`},
		{strings.Repeat("9", 65), "blocked", "want one word"},
		{"3:027", "blocked", `receipt: error code "3:027": want type and code in decimal`},
		{"256:1", "blocked", "want type and code"}, {"3:65536", "blocked", "want type and code"}, {"3:0", "blocked", "want type and code"}, {"gsm:1", "blocked", "want type and code"},
	} {
		if _, err := ParseTable(map[string]string{c.key: c.name}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.key, err, c.want)
		}
	}
	if _, err := ParseTable(map[string]string{"ab": "blocked", "AB": "expired"}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("one key in two cases: %v", err)
	}
}

func TestEveryCauseIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i, name := range CauseNames() {
		c := Cause(i)
		if name == "" || c.String() == "" || c.Advice() == "" || seen[c.String()] || strings.Contains(c.String(), ": ") {
			t.Errorf("%q: %q, %q", name, c, c.Advice())
		}
		seen[c.String()] = true
		if got, ok := CauseIn("undeliverable, err 1: " + c.String()); !ok || got != c {
			t.Errorf("%v is read back as %v, %v", c, got, ok)
		}
	}
	for _, text := range []string{"", "undeliverable err 12", "absent subscriber", "expired: who knows"} {
		if c, ok := CauseIn(text); ok {
			t.Errorf("%q tells %v", text, c)
		}
	}
	got := []string{RetryLater.String(), RetryNow.String(), RetryOnReturn.String(), RetryNever.String()}
	if diff := cmp.Diff([]string{"after a while", "now", "when it is back", "never without a change"}, got); diff != "" {
		t.Error(diff)
	}
}
