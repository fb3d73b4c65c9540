package swap_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/swap"
)

const (
	herIMSI = "999700000000017"
	meter   = "35693803564380"
	router  = "35000001123456"
)

// provisioning are facts of a device that is to be told two documents.
func provisioning(now time.Time) swap.Facts {
	return swap.Facts{
		Kind: swap.KindProvision, Began: now, To: swap.Side{Subscription: 2, IMSI: herIMSI, MSISDN: "+5511900000017", Links: []string{"aurora-1"}},
		IMEI: meter, Planned: meter, APNs: []string{"m2m.aurora.example"}, Deadlines: swap.DefaultDeadlines(), Pace: swap.DefaultPace(), Goal: swap.GoalSettings,
		Documents: []swap.Document{{Name: "internet", Gating: true, WBXML: []byte{1}}, {Name: "set", Text: "APN=m2m"}},
	}
}

// told is the evidence that a document of two parts went out and arrived.
func told(id int64, step int, at time.Time, arrived bool) (out []ledger.Evidence) {
	about := func(kind ledger.EvidenceKind, part int, state ledger.SubmissionState) ledger.Evidence {
		return ledger.Evidence{AttemptID: id, Kind: kind, SeenAt: at, Body: ledger.Body{
			Attempt: ledger.CP, Step: step, Try: 1, Label: "document", Part: part, Parts: 2, Number: "+5511900000017", State: string(state),
		}}
	}
	out = append(out, about(ledger.EvSubmitted, 0, ""), about(ledger.EvAccepted, 1, ledger.Accepted))
	if arrived {
		out = append(out, about(ledger.EvReceipt, 1, ledger.Arrived), about(ledger.EvReceipt, 2, ledger.Arrived))
	}
	return out
}

func attach(imei, apn string, at time.Time) ledger.Evidence {
	return ledger.Evidence{Kind: ledger.EvAttach, SeenAt: at, Body: ledger.Body{IMSI: herIMSI, IMEI: imei, APN: apn, Source: "attach feed"}}
}

func TestProvisioningTellsTheDeviceOneDocumentAfterTheOther(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)
	f := provisioning(now)
	r := swap.Next(f, nil, now)
	key, err := cp.NetworkPIN(herIMSI)
	if err != nil {
		t.Fatal(err)
	}
	push, err := cp.Push([]byte{1}, cp.NETWPIN, key)
	if err != nil || r.State != swap.Configuring || r.Action == nil || string(r.Action.Push) != string(push) || r.Action.Way != swap.New || r.Action.Kind != ledger.CP {
		t.Fatalf("%+v, %v", r, err)
	}
	seen := told(1, 501, now, false)
	if r = swap.Next(f, seen, now.Add(time.Second)); r.Action != nil || r.State != swap.Configuring {
		t.Errorf("on its way: %+v", r)
	}
	seen = told(1, 501, now, true)
	if r = swap.Next(f, seen, now.Add(time.Second)); r.State != swap.SettingsDelivered || r.Action == nil || r.Action.Text != "APN=m2m" || r.Action.Push != nil || r.Closed {
		t.Errorf("arrived: %+v", r)
	}
	seen = append(seen, told(2, 502, now, true)...)
	if r = swap.Next(f, seen, now.Add(time.Second)); r.State != swap.SettingsDelivered || !r.Closed {
		t.Errorf("all arrived: %+v", r)
	}
	f.Goal = swap.GoalVerified
	if r = swap.Next(f, seen, now.Add(time.Second)); r.Closed {
		t.Errorf("not seen to use it: %+v", r)
	}
	if r = swap.Next(f, append(seen, attach(meter, "M2M.aurora.example.mnc070.mcc999.gprs", now.Add(time.Minute))), now.Add(time.Hour)); r.State != swap.Verified || !r.Closed {
		t.Errorf("seen to use it: %+v", r)
	}
	if r = swap.Next(f, seen, now.Add(49*time.Hour)); r.State != swap.SettingsFailed || strings.Contains(r.Cause, "moved") {
		t.Errorf("never used: %+v", r)
	}
}

func TestAnotherDeviceThanThatOfTheDocumentsIsPlannedFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)
	f := provisioning(now)
	elsewhere := attach(router, "", now.Add(time.Second))
	if r := swap.Next(f, []ledger.Evidence{elsewhere}, now.Add(time.Minute)); !r.Plan || r.IMEI != router || r.Action != nil {
		t.Errorf("before anything went out: %+v", r)
	}
	same := attach(meter[:8]+"999999", "", now.Add(time.Second))
	if r := swap.Next(f, []ledger.Evidence{same}, now.Add(time.Minute)); r.Plan || r.Action == nil {
		t.Errorf("a device of the same kind: %+v", r)
	}
	began := append(told(1, 501, now, false), elsewhere)
	if r := swap.Next(f, began, now.Add(time.Minute)); !r.Closed || r.State != swap.SettingsFailed || !strings.Contains(r.Cause, router) {
		t.Errorf("settings went to the other device: %+v", r)
	}
	arrived := append(told(1, 501, now, true), told(2, 502, now, true)...)
	moved := now.Add(48 * time.Hour)
	if r := swap.Next(f, append(arrived, attach(router, "", moved)), moved); r.State != swap.SettingsDelivered || !r.Closed || r.Plan {
		t.Errorf("a card that is moved days after its device was configured: %+v", r)
	}
	late := attach(router, "", now)
	late.HappenedAt = now.Add(-time.Hour)
	if r := swap.Next(f, []ledger.Evidence{late}, now.Add(time.Minute)); r.Plan || r.Action == nil {
		t.Errorf("where the card was before: %+v", r)
	}
}

func TestDocumentsAreSignedAsTheirDeviceWantsThem(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)
	for method, want := range map[string]cp.Security{"userpin": cp.USERPIN, "usernetwpin": cp.USERNETWPIN, "netwpin": cp.NETWPIN} {
		f := provisioning(now)
		f.Documents[0].Security = method
		if strings.HasPrefix(method, "user") {
			f.Documents[0].PIN = "0042"
		}
		r := swap.Next(f, nil, now)
		if r.Action == nil {
			t.Fatalf("%s: %+v", method, r)
		}
		m, err := cp.ParsePush(r.Action.Push)
		if err != nil || m.Security != want || strings.Contains(r.Action.Purpose, "0042") {
			t.Errorf("%s: %+v, %v, %s", method, m, err, r.Action.Purpose)
		}
	}
	f := provisioning(now)
	f.Documents[0].Security = "none"
	if m, err := cp.ParsePush(swap.Next(f, nil, now).Action.Push); err != nil || m.HasSecurity {
		t.Errorf("none: %+v, %v", m, err)
	}
	for _, bad := range []string{"userpin", "userpinmac"} { // no PIN; not by a campaign
		f.Documents[0].Security = bad
		if r := swap.Next(f, nil, now); !r.Closed || r.State != swap.SettingsFailed || r.Cause == "" {
			t.Errorf("%s: %+v", bad, r)
		}
	}
}

func TestACardThatGoesToAnotherDeviceIsToldNoMore(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)
	f := provisioning(now)
	gate := told(1, 501, now.Add(time.Minute), true)
	both := append(slices.Clone(gate), told(2, 502, now.Add(time.Minute), true)...)
	at := func(d time.Duration) ledger.Evidence { return attach(router, "", now.Add(d)) }
	used := attach(router, "m2m.aurora.example", now.Add(time.Hour))
	for name, c := range map[string]struct {
		goal swap.Goal
		seen []ledger.Evidence
		want swap.State
	}{
		"months after all was delivered":   {swap.GoalSettings, append(slices.Clone(both), at(2000*time.Hour)), swap.SettingsDelivered},
		"with a document that never gates": {swap.GoalSettings, append(slices.Clone(gate), at(time.Hour)), swap.SettingsDelivered},
		"before the first had arrived":     {swap.GoalSettings, append(slices.Clone(both), at(time.Second), at(time.Hour)), swap.SettingsFailed},
		"and back":                         {swap.GoalSettings, append(slices.Clone(both), at(time.Second), attach(meter, "", now.Add(2*time.Second))), swap.SettingsDelivered},
		"and never used it":                {swap.GoalVerified, append(slices.Clone(both), at(time.Hour)), swap.SettingsFailed},
		"and uses the network there":       {swap.GoalVerified, append(slices.Clone(gate), used), swap.Verified},
	} {
		f.Goal = c.goal
		if r := swap.Next(f, c.seen, now.Add(3000*time.Hour)); r.State != c.want || !r.Closed || r.Action != nil || r.Plan {
			t.Errorf("%s: %+v", name, r)
		}
		if r := swap.Next(f, c.seen, now.Add(2*time.Hour)); name != "months after all was delivered" && (r.State != c.want || !r.Closed) {
			t.Errorf("%s, at once: %+v", name, r)
		}
	}
}

func TestADeviceOfTheKindThatWasAssumedIsTheOneThatWasTold(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)
	f := provisioning(now)
	like := func(d time.Duration, n string) ledger.Evidence { return attach(meter[:8]+n, "", now.Add(d)) }
	seen := append(told(1, 501, now.Add(time.Minute), true), like(time.Hour, "000001"))
	if r := swap.Next(f, seen, now.Add(time.Hour)); r.State != swap.SettingsDelivered || r.Action == nil {
		t.Errorf("the card file named another: %+v", r)
	}
	seen = append(told(1, 501, now.Add(time.Minute), false), like(0, "000001"), like(time.Hour, "000002"))
	if r := swap.Next(f, seen, now.Add(time.Hour)); r.State != swap.SettingsFailed || !strings.Contains(r.Cause, meter[:8]+"000002") {
		t.Errorf("it was in one of them, and is in another: %+v", r)
	}
	f.IMEI, f.Planned = "", ""
	if r := swap.Next(f, []ledger.Evidence{like(0, "000001")}, now.Add(time.Minute)); !r.Plan || r.IMEI != meter[:8]+"000001" {
		t.Errorf("a device that nobody knew: %+v", r)
	}
	if r := swap.Next(f, append(told(1, 501, now, true), like(time.Hour, "000001")), now.Add(time.Hour)); r.State != swap.SettingsDelivered || r.Action == nil {
		t.Errorf("it was told what any device is: %+v", r)
	}
}

func TestACancelledTargetPlansNothing(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)
	stop := ledger.Evidence{Kind: ledger.EvPerson, SeenAt: now, Body: ledger.Body{Decision: swap.DecisionCancelHard}}
	r := swap.Next(provisioning(now), []ledger.Evidence{stop, attach(router, "", now)}, now.Add(time.Minute))
	if r.State != swap.Cancelled || !r.Closed || r.Plan || r.IMEI != "" || strings.Contains(r.Cause, "write") {
		t.Errorf("%+v", r)
	}
}

func TestADocumentThatCannotBeMadeIsNotSentEmpty(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)
	f := provisioning(now)
	f.Documents[1] = swap.Document{Name: "vendor", WBXML: []byte{1}, Security: "userpin"}
	if r := swap.Next(f, told(1, 501, now, true), now.Add(time.Minute)); r.State != swap.SettingsFailed || !r.Closed || r.Cause == "" {
		t.Errorf("%+v", r)
	}
}
