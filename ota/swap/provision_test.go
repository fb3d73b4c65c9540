package swap_test

import (
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
	if r := swap.Next(f, append(arrived, attach(router, "", now.Add(time.Hour))), now.Add(time.Hour)); r.State != swap.SettingsFailed {
		t.Errorf("it may have been there when they came: %+v", r)
	}
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
