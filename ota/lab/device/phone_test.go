package device

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/sat/euicc"
)

// embed solders in an eUICC: one profile of each identity, the second enabled, to fall back on the first.
func embed(t *testing.T, cfg Config) *Device {
	t.Helper()
	p, err := uicc.Personality("euicc-sgp02")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ota.NewKey(ota.AES128, bytes.Repeat([]byte{1}, 16))
	if err != nil {
		t.Fatal(err)
	}
	keys := []ota.Keyset{{Version: 1, KIc: key, KID: key}}
	isdp := func(n int, imsi string) uicc.ISDP {
		aid, err := euicc.ISDP(n)
		if err != nil {
			t.Fatal(err)
		}
		return uicc.ISDP{AID: aid, ICCID: "8947010000000000176", IMSI: imsi, SMSC: "+5511900000001", Keysets: keys}
	}
	conf := uicc.Config{
		Profile: p, EID: "89049032123451234512345678901235", SMSR: sender, ISDRKeysets: keys,
		ISDPs: []uicc.ISDP{isdp(0x10, oldIMSI), isdp(0x11, newIMSI)},
	}
	conf.ISDPs[0].FallBack, conf.ISDPs[1].Enabled = true, true
	card, err := uicc.New(conf)
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

func TestCardIsToldOfServiceAndTime(t *testing.T) {
	t.Parallel()
	d := embed(t, Config{})
	if diff := cmp.Diff(Reaction{}, d.Attached(now)); diff != "" || !d.Due().IsZero() {
		t.Fatalf("first attach, due %v:\n%s", d.Due(), diff)
	}
	d.ServiceLost(now)
	due := d.Due()
	if due.Sub(now) != time.Hour {
		t.Fatalf("due %v, want an hour from %v", due, now)
	}
	if diff := cmp.Diff(Reaction{}, d.Tick(due.Add(-1))); diff != "" {
		t.Errorf("before it is due:\n%s", diff)
	}
	r := d.Tick(due)
	if r.Refresh == nil || d.IMSI() != newIMSI {
		t.Fatalf("reaction %+v with identity %s, want a REFRESH and no change yet", r, d.IMSI())
	}
	if !d.Refresh(*r.Refresh) || d.IMSI() != oldIMSI {
		t.Fatalf("identity %s after the REFRESH, want %s", d.IMSI(), oldIMSI)
	}
	r = d.Attached(due)
	if len(r.Submit) != 1 || r.Submit[0].Destination != sender {
		t.Fatalf("reaction %+v, want a notice to %s", r, sender)
	}
	d.Sent(false, due)
	if again := d.Due().Sub(due); again != 30*time.Second {
		t.Errorf("again after %v, want 30 s", again)
	}
	if again := d.Tick(d.Due()); len(again.Submit) != 1 || !bytes.Equal(again.Submit[0].UserData, r.Submit[0].UserData) {
		t.Errorf("reaction %+v, want the same notice", again)
	}
}

func TestModemThatIgnoresRefreshDoesSoWheneverItComes(t *testing.T) {
	t.Parallel()
	d := embed(t, Config{IgnoresRefresh: true})
	d.ServiceLost(now)
	if r := d.Tick(d.Due()); r.Refresh != nil || !r.Ignored || d.IMSI() != newIMSI {
		t.Fatalf("reaction %+v, identity %s", r, d.IMSI())
	}
	d.Restart()
	if d.IMSI() != oldIMSI {
		t.Errorf("identity %s after the restart, want %s", d.IMSI(), oldIMSI)
	}
}
