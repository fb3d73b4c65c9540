package device

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/lab/uicc"
)

const (
	oldIMSI = "999400000000017"
	newIMSI = "999700000000017"
	sender  = "+5511900009999"
)

var now = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)

func insert(t *testing.T, cfg Config) *Device {
	t.Helper()
	card, err := uicc.New(uicc.Config{Profile: uicc.CompactTripleDES(), ICCID: "8947010000000000176", IMSI: oldIMSI})
	if err != nil {
		t.Fatal(err)
	}
	cfg.IMEI = "356938035643809"
	d, err := New(card, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// move gives the card in the slot another identity.
func move(t *testing.T, d *Device) {
	t.Helper()
	if err := d.Card().WriteFile("IMSI", []byte{0x08, 0x99, 0x99, 0x07, 0, 0, 0, 0, 0x71}); err != nil {
		t.Fatal(err)
	}
	if got := d.Card().IMSI(); got != newIMSI {
		t.Fatalf("the card has IMSI %s", got)
	}
}

// Documents as an operator sends them.
var (
	internet = document(in(with(web, "NAP-ADDRESS=m2m.aurora.example"), with(login, "AUTHTYPE=CHAP")), browser)
	mms      = document(with(media, "NAP-ADDRESS=mms.aurora.example"), mmsc)
)

func document(root ...cp.Characteristic) cp.Document {
	return cp.Document{Version: "1.1", Children: root}
}

func parts(t *testing.T, d cp.Document, sec cp.Security, key []byte, ref byte) []Message {
	t.Helper()
	body, err := d.AppendWBXML(nil)
	if err != nil {
		t.Fatal(err)
	}
	push, err := cp.Push(body, sec, key)
	if err != nil {
		t.Fatal(err)
	}
	uds, err := cp.Split(push, ref)
	if err != nil {
		t.Fatal(err)
	}
	var ms []Message
	for _, ud := range uds {
		ms = append(ms, Message{Sender: sender, DCS: 0x04, UDHI: true, UserData: ud})
	}
	return ms
}

func signed(t *testing.T, d cp.Document, imsi string, ref byte) []Message {
	t.Helper()
	key, err := cp.NetworkPIN(imsi)
	if err != nil {
		t.Fatal(err)
	}
	return parts(t, d, cp.NETWPIN, key, ref)
}

func receive(d *Device, ms []Message) (last Reaction) {
	for _, m := range ms {
		last = d.Receive(m, now)
	}
	return last
}

func TestIdentityIsReadWhenTheCardIsStartedAgain(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		refresh uicc.Refresh
		want    bool
	}{
		{"initialisation and full file change", uicc.Refresh{Qualifier: 0x00}, true},
		{"file change of another file", uicc.Refresh{Qualifier: 0x01, Files: []string{"3F00/7FFF/6F7B"}}, false},
		{"file change of EF_IMSI", uicc.Refresh{Qualifier: 0x01, Files: []string{"3F00/7FFF/6F07"}}, true},
		{"initialisation and file change", uicc.Refresh{Qualifier: 0x02}, true},
		{"initialisation", uicc.Refresh{Qualifier: 0x03}, true},
		{"UICC reset", uicc.Refresh{Qualifier: 0x04}, true},
		{"application reset", uicc.Refresh{Qualifier: 0x05}, true},
		{"steering of roaming", uicc.Refresh{Qualifier: 0x07}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := insert(t, Config{})
			move(t, d)
			if d.IMSI() != oldIMSI {
				t.Fatalf("identity %s before the REFRESH, want %s", d.IMSI(), oldIMSI)
			}
			if got := d.Refresh(tc.refresh); got != tc.want {
				t.Errorf("read again: %v, want %v", got, tc.want)
			}
			if moved := d.IMSI() == newIMSI; moved != tc.want {
				t.Errorf("identity %s", d.IMSI())
			}
		})
	}
}

func TestRestartReadsTheIdentity(t *testing.T) {
	t.Parallel()
	d := insert(t, Config{IgnoresRefresh: true})
	move(t, d)
	d.Restart()
	if d.IMSI() != newIMSI {
		t.Errorf("identity %s, want %s", d.IMSI(), newIMSI)
	}
}

func TestSettingsAreCheckedAgainstTheIMSIInTheSIMNow(t *testing.T) {
	t.Parallel()
	d := insert(t, Config{APN: APN{Address: "iot.nordvik.example"}})
	move(t, d) // not read by the modem yet
	if r := receive(d, signed(t, internet, oldIMSI, 1)); r.Outcome != CPRefused || d.Data().Address != "iot.nordvik.example" {
		t.Fatalf("old IMSI: %q, APN %q", r.Outcome, d.Data().Address)
	}
	r := receive(d, signed(t, internet, newIMSI, 2))
	if r.Outcome != CPApplied || !r.Session || d.Data().Address != "m2m.aurora.example" {
		t.Errorf("new IMSI: %q, session %v, APN %q", r.Outcome, r.Session, d.Data().Address)
	}
}

func TestSettingsThatCannotBeTrustedOrReadAreDropped(t *testing.T) {
	t.Parallel()
	pin, err := cp.UserPIN("1234")
	if err != nil {
		t.Fatal(err)
	}
	plain := func(push []byte) []Message {
		uds, err := cp.Split(push, 9)
		if err != nil {
			t.Fatal(err)
		}
		var ms []Message
		for _, ud := range uds {
			ms = append(ms, Message{Sender: sender, DCS: 0x04, UDHI: true, UserData: ud})
		}
		return ms
	}
	body, err := internet.AppendWBXML(nil)
	if err != nil {
		t.Fatal(err)
	}
	open, err := cp.PushPlain(body)
	if err != nil {
		t.Fatal(err)
	}
	key, err := cp.NetworkPIN(oldIMSI)
	if err != nil {
		t.Fatal(err)
	}
	noise, err := cp.Push([]byte{0x03, 0x0B, 0x6A, 0x00, 0xFF}, cp.NETWPIN, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		ms   []Message
		want Outcome
	}{
		{"user PIN", parts(t, internet, cp.USERPIN, pin, 1), CPRefused},
		{"no MAC", plain(open), CPRefused},
		{"no push", plain([]byte{1, 2, 3}), CPUnusable},
		{"no WBXML", plain(noise), CPUnusable},
		{"another port", []Message{{Sender: sender, DCS: 0x04, UDHI: true, UserData: []byte{6, 5, 4, 0x10, 0, 0x10, 0, 1}}}, Stored},
		{"broken header", []Message{{Sender: sender, DCS: 0x04, UDHI: true, UserData: []byte{9, 5, 4}}}, NoMessage},
		{"text", []Message{{Sender: sender, UserData: []byte("hello")}}, Stored},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := insert(t, Config{})
			if r := receive(d, tc.ms); r.Outcome != tc.want || r.Session {
				t.Errorf("%q, session %v, want %q", r.Outcome, r.Session, tc.want)
			}
			if diff := cmp.Diff(Settings{}, d.Settings()); diff != "" {
				t.Errorf("settings:\n%s", diff)
			}
		})
	}
}

func TestDeviceThatIgnoresProvisioningTakesTheMessageAndNothingElse(t *testing.T) {
	t.Parallel()
	d := insert(t, Config{Client: None})
	if r := receive(d, signed(t, internet, oldIMSI, 1)); r.Outcome != CPIgnored || len(d.Settings().APNs) != 0 {
		t.Errorf("%q, settings %+v", r.Outcome, d.Settings())
	}
}

func TestDocumentsAddUpAndARepeatedOneReplacesItself(t *testing.T) {
	t.Parallel()
	d := insert(t, Config{})
	codes := document(in(browser, node("RESOURCE", "URI=sms:7000", "NAME=top-up")))
	for i, doc := range []cp.Document{internet, mms, document(centre), codes, internet} {
		if r := receive(d, signed(t, doc, oldIMSI, byte(i))); r.Outcome != CPApplied {
			t.Fatalf("document %d: %q", i, r.Outcome)
		}
	}
	s := d.Settings()
	if len(s.APNs) != 2 || s.SMSC != "+5511900000001" || len(s.SMSCodes) != 1 {
		t.Errorf("settings %+v, want two APNs, an SMSC and a code", s)
	}
	if d.Data().Address != "m2m.aurora.example" {
		t.Errorf("APN %q: the MMS document must not change the data connection", d.Data().Address)
	}
}

func TestDataDownloadGoesToTheCard(t *testing.T) {
	t.Parallel()
	d := insert(t, Config{})
	// A packet for a TAR the card does not have, with a proof by SMS-SUBMIT.
	ud := []byte{2, 0x70, 0, 0, 0x0E, 0x0D, 0, 0x21, 0, 0, 0xB2, 0, 0, 0, 0, 0, 0, 0, 0}
	r := d.Receive(Message{Sender: sender, PID: 0x7F, DCS: 0xF6, UDHI: true, UserData: ud}, now)
	if r.Outcome != Downloaded || r.SW == 0 || len(r.Submit) != 1 || r.Submit[0].Destination != sender {
		t.Errorf("reaction %+v, want a proof to the sender", r)
	}
}

func TestDeviceNeedsACard(t *testing.T) {
	t.Parallel()
	if _, err := New(nil, Config{}); err == nil {
		t.Error("a device without a card starts")
	}
}
