package smscsim

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSamplesAreScenariosThatSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	want := []string{"absent-and-back", "half-open", "osmo-like-ids", "poison", "receipts-from-hell", "silent-smsc", "throttling-storm"}
	if diff := cmp.Diff(want, SampleNames()); diff != "" {
		t.Fatal(diff)
	}
	for _, name := range want {
		text, err := Sample(name)
		if err != nil || !strings.HasPrefix(string(text), "# ") {
			t.Errorf("%s: %v, %q", name, err, text)
		}
		if _, err := ParseScenario(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Sample("weather"); err == nil || !strings.Contains(err.Error(), "poison") {
		t.Errorf("unknown sample: %v, want an error with the names", err)
	}
}

func TestEveryKeyOfATemperIsRead(t *testing.T) {
	t.Parallel()
	got, err := ParseTemper([]byte(`
latency: {min: 10ms, max: 50ms}
rate: 100.5
silent: 0.1
duplicate: 0.1
throttle: 0.1
queue_full: 0.1
early_receipt: 0.1
disconnect: 0.1
stall: 0.1
cut_after: 7
down: true
mute_bind: true
zero_window: true
half_open: true
drip: true
version: 0x33
ids: opaque
long_ids: true
error_body: true
response_tlvs: ["1401:c0ffee"]
congestion: 80
receipts: {ids: decimal, form: tlv, lost: 0.2, duplicated: 0.3, copies: 3, reordered: 0.4, late: 0.5, late_by: 1m, ucs2: true, payload: true, short: true, long_dates: true, no_reference: true}
mt: {source: "7000", udh: drop, pid: 0, dcs: 4}
mo: {national: "55", prefix: "00", ton: 5, npi: 8, udh: unmark}
poison: 0.6
`))
	if err != nil {
		t.Fatal(err)
	}
	octet := func(b byte) *byte { return &b }
	want := Temper{
		Latency: Latency{10e6, 50e6}, Rate: 100.5, After: 7, Down: true, MuteBind: true, Deaf: true, HalfOpen: true, Drip: true,
		Faults:  Faults{0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1},
		Version: octet(0x33), IDs: OpaqueID, LongIDs: true, ErrorBody: true, TLVs: []TLV{{0x1401, []byte{0xC0, 0xFF, 0xEE}}}, Congestion: 80, Poison: 0.6,
		Receipts: Receipts{IDs: DecimalID, Form: TLVOnly, Lost: 0.2, Duplicated: 0.3, Copies: 3, Reordered: 0.4, Late: 0.5, LateBy: 60e9,
			UCS2: true, Payload: true, Short: true, LongDates: true, NoReference: true},
		MT: Mangling{Source: "7000", UDH: DropUDH, PID: octet(0), DCS: octet(4)},
		MO: Mangling{National: "55", Prefix: "00", TON: octet(5), NPI: octet(8), UDH: UnmarkUDH},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrongScenariosAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"- {after: 1s}\n- {afetr: 1s}":               "[2:4]",
		"- after: 1s\n  temper: {throtle: 1}":        "[2:12]",
		"- after: 1s\n  temper:\n    ids: octal\n":   "octal",
		"- temper: {udh: drop}":                      "udh",
		"- temper: {mo: {udh: eat}}":                 "eat",
		"- temper: {response_tlvs: [\"14:c0ffe\"]}":  "14:c0ffe",
		"- temper: {throttle: 0.6, queue_full: 0.6}": "step 1: smscsim: temper: silent",
		"- temper: {rate: -1}":                       "rate",
		"- temper: {latency: {min: 2s, max: 1s}}":    "latency",
		"- temper: {congestion: 100}":                "congestion",
		"- temper: {mo: {prefix: \"0055\"}}":         "prefix",
		"- {after: -1s}":                             "negative",
		"- {absent: 2}":                              "absent 2",
		"[]":                                         "no steps",
		"":                                           "no steps",
		"temper: {}":                                 "sequence",
	} {
		if _, err := ParseScenario([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}
