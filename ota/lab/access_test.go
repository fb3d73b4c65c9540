package lab

import (
	"bytes"
	"strings"
	"testing"

	"github.com/simota/simota/ota/lab/device"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// knownAPNs gives aurora a list of access points, one of which wants a login.
func knownAPNs(password smpp.Secret) func(*Config) {
	return func(c *Config) {
		c.Operators[1].APNs = []string{"M2M.aurora.example", "mms.aurora.example"}
		c.Operators[1].Logins = map[string]Login{"m2m.aurora.example": {User: "meter", Password: password}}
	}
}

// rejected waits until the device of a card has attached at aurora without a data connection.
func (b *bench) rejected(c issue) {
	b.t.Helper()
	if e := b.event(EventRejected, c); e.Operator != "aurora" || e.APN != "iot.nordvik.example" || e.Detail != "unknown APN" {
		b.t.Fatalf("event %+v", e)
	}
	b.fed.wait(b.t, "attach without APN", func(e attachEvent) bool { return e.IMSI == c.subscriptions[1].imsi && e.APN == "" && e.IMEI == c.imei })
}

func TestNetworkRejectsADataConnectionItDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := run(t, knownAPNs("meter"))
	c := b.cards[0]
	to := c.subscriptions[1]
	b.command("nordvik", c.subscriptions[0].msisdn, b.seal(c, 1, true, switching(c)...))
	b.rejected(c)
	if s := b.state(c); s.Session != "rejected: unknown APN" || s.APN != "iot.nordvik.example" {
		t.Errorf("session %q with %q", s.Session, s.APN)
	}
	b.command("aurora", to.msisdn, b.seal(c, 2, false, readIMSI...))
	if got := b.answer(c, b.proof("aurora", to.msisdn, c)); !bytes.Equal(got.Data, efIMSI(to.imsi)) {
		t.Errorf("EF_IMSI reads %X", got.Data)
	}
	b.submit("aurora", to.msisdn, 0, 0xF5, b.document(to.imsi))
	if e := b.event(EventSession, c); e.APN != "m2m.aurora.example" {
		t.Errorf("session with %q", e.APN)
	}
	b.fed.wait(t, "session", func(e attachEvent) bool { return e.IMSI == to.imsi && e.APN == "m2m.aurora.example" })
	if s := b.state(c); s.Session != "accepted" {
		t.Errorf("session %q", s.Session)
	}
}

func TestNetworkRejectsAWrongPassword(t *testing.T) {
	t.Parallel()
	b := run(t, knownAPNs("another"))
	c := b.cards[0]
	b.command("nordvik", c.subscriptions[0].msisdn, b.seal(c, 1, true, switching(c)...))
	b.rejected(c)
	b.submit("aurora", c.subscriptions[1].msisdn, 0, 0xF5, b.document(c.subscriptions[1].imsi))
	b.event(EventProvisioned, c)
	if e := b.event(EventRejected, c); e.APN != "m2m.aurora.example" || e.Detail != "wrong user or password" {
		t.Errorf("event %+v", e)
	}
	b.fed.none(t, "a session that was rejected", func(e attachEvent) bool { return e.APN == "m2m.aurora.example" })
}

func TestAccessOfANetwork(t *testing.T) {
	t.Parallel()
	list := Operator{APN: "first", APNs: []string{"second"}, Logins: map[string]Login{"Second": {User: "u", Password: "p"}}}
	for _, tc := range []struct {
		name string
		o    Operator
		a    device.APN
		want string
	}{
		{"no list", Operator{APN: "first"}, device.APN{Address: "any"}, ""},
		{"no list and no APN", Operator{}, device.APN{}, ""},
		{"the first", list, device.APN{Address: "FIRST"}, ""},
		{"one of the list", list, device.APN{Address: "second", User: "u", Secret: "p"}, ""},
		{"wrong user", list, device.APN{Address: "second", User: "v", Secret: "p"}, "wrong user or password"},
		{"unknown", list, device.APN{Address: "third"}, "unknown APN"},
		{"none", list, device.APN{}, "the device has no APN"},
	} {
		if got := tc.o.refuses(tc.a); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	if a := (Operator{APN: "a", Logins: map[string]Login{"A": {User: "u", Password: "p"}}}).preset(); a.User != "u" || a.Secret != "p" {
		t.Error("a device that starts here does not have its login")
	}
}

func TestAccessPointsAreChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`apn: "", apns: [""]`: "1 to 100 characters",
		`apn: "", apns: [a], logins: {b: {user: u, password: hidden}}`: `"b" is not among apns`,
		`apn: "", apns: [a], logins: {a: {password: hidden}}`:          `"a" has no user`,
	} {
		_, err := ParseConfig(bytes.Replace(Sample(1, 1).YAML, []byte(`apn: ""`), []byte(text), 1))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// text is a message in the GSM alphabet.
func text(m *smpp.Message) { m.UDHI = false }

func TestTextMessageSetsTheAccessPointOfADeviceWithoutProvisioning(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) {
		c.Devices = []Model{{IMEI: "35693803", Client: device.None, Text: "APN=${apn};USER=${user};PASS=${secret}"}}
	})
	c := b.cards[0]
	to := c.subscriptions[0].msisdn
	b.submit("nordvik", to, 0, 0xF5, b.document(c.subscriptions[0].imsi))
	b.events.wait(t, "document ignored", func(e Event) bool { return e.Kind == EventDelivered && e.Detail == "cp ignored" })
	b.submit("nordvik", to, 0, 0, [][]byte{[]byte("APN=iot.example;USER=me;PASS=pw")}, text)
	if e := b.event(EventSession, c); e.APN != "iot.example" {
		t.Errorf("session with %q", e.APN)
	}
	b.receipts("nordvik", receipt.Delivered, 3)
	long := []byte("APN=long.example;USER=me;PASS=pw")
	b.submit("nordvik", to, 0, 0, [][]byte{append([]byte{5, 0, 3, 1, 2, 1}, long[:9]...), append([]byte{5, 0, 3, 1, 2, 2}, long[9:]...)})
	if e := b.event(EventSession, c); e.APN != "long.example" {
		t.Errorf("session with %q", e.APN)
	}
}

func TestDeviceThatNeedsARestartUsesItsSettingsAfterIt(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) { c.Devices = []Model{{Client: device.Strict, NeedsRestart: true}} })
	c := b.cards[0]
	b.submit("nordvik", c.subscriptions[0].msisdn, 0, 0xF5, b.document(c.subscriptions[0].imsi))
	if e := b.event(EventProvisioned, c); e.APN != "iot.nordvik.example" {
		t.Errorf("data connection with %q at once", e.APN)
	}
	if s := b.state(c); !s.NeedsRestart || s.Client != device.Strict {
		t.Errorf("state %+v", s)
	}
	if err := b.Restart(t.Context(), c.iccid); err != nil {
		t.Fatal(err)
	}
	b.fed.wait(t, "session", func(e attachEvent) bool { return e.IMEI == c.imei && e.APN == "m2m.aurora.example" })
	if s := b.state(c); s.NeedsRestart {
		t.Error("it still needs a restart")
	}
}
