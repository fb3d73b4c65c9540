package detect

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var night = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// bodies are what the senders of the shipped shapes post, and what it says.
var bodies = []struct {
	name, shape, body string
	want              []Event
}{
	{"t8", "t8", `{"subscription": "https://scef.example/3gpp-monitoring-event/v1/simota/subscriptions/17", "monitoringEventReports": [
		{"monitoringType": "CHANGE_OF_IMSI_IMEI_ASSOCIATION", "imeiChange": "IMEI_CHANGE", "msisdn": "5511900000001", "eventTime": "2026-11-23T02:00:00Z",
		 "plmnId": {"mcc": "999", "mnc": "71"}},
		{"monitoringType": "ROAMING_STATUS", "msisdn": "5511900000002", "roamingStatus": true},
		{"monitoringType": "LOSS_OF_CONNECTIVITY", "msisdn": "5511900000003"}], "cancelInd": false}`,
		[]Event{
			{Time: night, MSISDN: "+5511900000001", MCC: "999", MNC: "71", Kind: IMEIChange, Source: "t8"},
			{MSISDN: "+5511900000002", Kind: Attach, Source: "t8"},
		}},
	{"t8 test notification", "t8", `{"subscription": "https://scef.example/17"}`, nil},
	{"nudm-ee", "nudm-ee", `[{"referenceId": 7, "eventType": "CHANGE_OF_SUPI_PEI_ASSOCIATION", "report": {"newPei": "imeisv-3569380356438012"},
		"gpsi": "msisdn-5511900000001", "timeStamp": "2026-11-23T02:00:00Z"}]`,
		[]Event{{Time: night, MSISDN: "+5511900000001", IMEI: "3569380356438012", Kind: IMEIChange, Source: "nudm-ee"}}},
	{"emnify attach", "emnify", emnify(1, "Update location", 0, `{"id": 3, "name": "Example", "country": {"mcc": "999"}, "mnc": [{"id": 3, "mnc": "71"}]}`),
		[]Event{{Time: night, IMSI: "999710000000001", ICCID: "8999970000000000506", IMEI: "356938035643809", Kind: Attach, Source: "emnify"}}},
	{"emnify session", "emnify", "[" + emnify(3, "Create PDP Context", 0, session) + "]",
		[]Event{{Time: night, IMSI: "999710000000001", ICCID: "8999970000000000506", IMEI: "3569380356438012", APN: "em", MCC: "999", MNC: "71", Kind: Session, Source: "emnify"}}},
	{"emnify session rejected", "emnify", emnify(3, "Create PDP Context", 1, "null"), nil},
	{"emnify quota", "emnify", emnify(12, "Quota used up", 0, "null"), nil},
	{"1nce", "1nce", "[" + emnify(5, "Delete PDP Context", 0, session) + "," + emnify(2, "Update GPRS location", 0, "null") + "]",
		[]Event{
			{Time: night, IMSI: "999710000000001", ICCID: "8999970000000000506", IMEI: "3569380356438012", APN: "em", MCC: "999", MNC: "71", Kind: Detach, Source: "1nce"},
			{Time: night, IMSI: "999710000000001", ICCID: "8999970000000000506", IMEI: "356938035643809", Kind: Attach, Source: "1nce"},
		}},
	{"thingspace", "thingspace", `{"devices": [{"accountName": "0000123456-00001", "mdn": "5550100587", "activationDate": "2021-01-21T10:55:27-08:00",
		"iccid": "89999700000000005067", "preImei": "990003420535573", "postImei": "356938035643809", "simOtaDate": "2026-11-22T18:00:00-08:00"}]}`,
		[]Event{{Time: night, ICCID: "89999700000000005067", IMEI: "356938035643809", Kind: IMEIChange, Source: "thingspace"}}},
	{"radius plain", "radius", `{"Acct-Status-Type": "Start", "3GPP-IMSI": "999710000000001", "3GPP-IMEISV": "356938035643809,12", "Called-Station-Id": "m2m.aurora.example",
		"Calling-Station-Id": "5511900000001", "3GPP-SGSN-MCC-MNC": "99971", "Event-Timestamp": 1795399200}`,
		[]Event{{Time: night, IMSI: "999710000000001", IMEI: "3569380356438012", MSISDN: "+5511900000001", APN: "m2m.aurora.example", MCC: "999", MNC: "71", Kind: Session, Source: "radius"}}},
	{"radius of rlm_rest", "radius", `{"Acct-Status-Type": {"type": "integer", "value": ["Start"]}, "3GPP-IMSI": {"type": "string", "value": ["999710000000001"]},
		"3GPP-IMEISV": {"type": "octets", "value": ["0x5396833065340821"]}, "Called-Station-Id": {"type": "string", "value": ["m2m.aurora.example"]}}`,
		[]Event{{IMSI: "999710000000001", IMEI: "3569380356438012", APN: "m2m.aurora.example", Kind: Session, Source: "radius"}}},
	{"radius in arrays", "radius", `[{"Acct-Status-Type": ["Stop"], "3GPP-IMSI": ["999710000000001"]}, {"Acct-Status-Type": ["Accounting-On"]}]`,
		[]Event{{IMSI: "999710000000001", Kind: Detach, Source: "radius"}}},
}

const session = `{"name": "Example", "id": 3, "pdp_context": {"imsi": "999710000000001", "imeisv": "3569380356438012", "mcc": "999", "mnc": "71", "apn": "em", "rat_type": 2,
	"tunnel_created": "2026-11-23T02:00:00", "tx_teid_data_plane": 299083083}}`

// emnify is a record of the data streamer.
func emnify(kind int, description string, source int, detail string) string {
	return fmt.Sprintf(`{"timestamp": "2026-11-23T02:00:00.000+0000", "alert": false, "description": "...", "id": 137112624332866,
		"event_type": {"id": %d, "description": %q}, "event_source": {"id": %d, "description": "Network"}, "event_severity": {"id": 0, "description": "Info"},
		"organisation": {"id": 1, "name": "Meters"}, "endpoint": {"id": 11, "imei": "356938035643809", "ip_address": "10.1.2.3", "name": "meter 17", "tags": null},
		"sim": {"iccid": "8999970000000000506", "id": 3, "production_date": "2020-12-23T13:02:11.000Z"},
		"imsi": {"id": 1, "import_date": "2020-12-23T13:02:11.000Z", "imsi": "999710000000001"}, "detail": %s}`, kind, description, source, detail)
}

func TestShippedShapesReadWhatTheirSendersPost(t *testing.T) {
	t.Parallel()
	shapes := Shipped()
	used := map[string]bool{}
	for _, c := range bodies {
		used[c.shape] = true
		rows, err := shapes[c.shape].Events([]byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		got := plain(rows)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	for name := range shapes {
		if !used[name] {
			t.Errorf("shape %s has no body here", name)
		}
	}
}

func plain(rows []Row) (out []Event) {
	for _, r := range rows {
		out = append(out, r.Event)
	}
	return out
}

func TestMappingThatIsWrongNamesItsFields(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		m    Mapping
		want string
	}{
		{"nobody", Mapping{APN: "$.apn"}, "imsi: is missing"},
		{"no path", Mapping{IMSI: "$.imsi["}, `imsi: "$.imsi[" is no path`},
		{"several values", Mapping{IMSI: "$.imsi", IMEI: "$.devices[*].imei"}, `imei: "$.devices[*].imei" may name several values`},
		{"second alternative", Mapping{IMSI: "$.imsi | $.x["}, `imsi: "$.x[" is no path`},
		{"search", Mapping{Each: "$..events", IMSI: "$.imsi"}, `each: "$..events" searches`},
		{"each is no path", Mapping{Each: "events", IMSI: "$.imsi"}, `each: "events" is no path`},
		{"kind", Mapping{IMSI: "$.imsi", Kind: "hello"}, `kind: "hello" is not known: attach, session`},
		{"kinds", Mapping{IMSI: "$.imsi", Kind: "$.t", Kinds: map[string]Kind{"1": "hello"}}, `kinds: 1: "hello" is not known`},
		{"only", Mapping{IMSI: "$.imsi", Only: map[string]string{"$.a[": "1"}}, `only: "$.a[" is no path`},
		{"answer", Mapping{IMSI: "$.imsi", Answer: 500}, "answer: 500 is not known"},
		{"source", Mapping{IMSI: "$.imsi", Source: "a\nb"}, "source: "},
	} {
		_, err := c.m.Compile("x")
		var field FieldError
		if err == nil || !errors.As(err, &field) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func compile(t testing.TB, m Mapping) *Shape {
	t.Helper()
	s, err := m.Compile("own")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOwnShapeHasConstantsAlternativesAndADefaultKind(t *testing.T) {
	t.Parallel()
	s := compile(t, Mapping{
		Source: "wavely", Each: "$.batch[?@.imei != '']", ICCID: "$.icc | $.iccid", IMEI: "$.imei", APN: "m2m.aurora.example", PLMN: "99971",
		Kind: "$.what", Kinds: map[string]Kind{"new": IMEIChange, "*": Attach},
	})
	rows, err := s.Events([]byte(`{"batch": [{"icc": "8999970000000000506", "imei": "35693803564380", "what": "new"},
		{"iccid": "8999970000000000514", "imei": 3569380356438012, "what": "seen"}, {"icc": "1", "imei": ""}]}`))
	want := []Event{
		{ICCID: "8999970000000000506", IMEI: "35693803564380", APN: "m2m.aurora.example", MCC: "999", MNC: "71", Kind: IMEIChange, Source: "wavely"},
		{ICCID: "8999970000000000514", IMEI: "3569380356438012", APN: "m2m.aurora.example", MCC: "999", MNC: "71", Kind: Attach, Source: "wavely"},
	}
	if d := cmp.Diff(want, plain(rows)); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
}

func TestAnElementThatCannotBeReadDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	s := compile(t, Mapping{IMSI: "$.imsi", IMEI: "$.imei", Time: "$.at", PLMN: "$.plmn", Kind: "$.kind"})
	got, err := s.Events([]byte(`[{"imsi": "1", "imei": "2", "at": "noon", "plmn": "9", "kind": "attach"}, {"imsi": "999710000000001", "kind": "attach"}, 7,
		{"colour": "red", "serial": 4, "kind": "attach"}, {"imsi": "999710000000002", "kind": "hello"}]`))
	if len(got) != 1 || got[0].Event.IMSI != "999710000000001" || got[0].Number != 2 {
		t.Errorf("events %+v", got)
	}
	for _, want := range []string{
		"event 1: plmn: ", "time: ", `imsi: "1" has 1 digits`, `imei: "2" has 1 digits`, "event 3: is no JSON object",
		`event 4: names no subscription: one of IMSI, ICCID and MSISDN must be there; found are "colour", "kind", "serial"`, `event 5: kind: "hello" is not known`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
	if errors.Is(err, ErrBody) {
		t.Error("the whole body is blamed")
	}
}

func TestBodyThatIsNoneIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	s := compile(t, Mapping{IMSI: "$.imsi"})
	one := `{"imsi": "999710000000001"},`
	for name, body := range map[string]string{
		"empty": "", "no JSON": "imsi=1", "cut": `[{"imsi": "999710000000001"}`, "two": `{}{}`, "unclosed": `{"imsi": `,
		"too long": `"` + strings.Repeat("9", MaxBody) + `"`, "too many": "[" + strings.Repeat(one, MaxEvents) + `{"imsi": "1"}]`,
		"too deep": strings.Repeat("[", 20000),
	} {
		if got, err := s.Events([]byte(body)); !errors.Is(err, ErrBody) || got != nil {
			t.Errorf("%s: %d events, %v", name, len(got), err)
		}
	}
}
