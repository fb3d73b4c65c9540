package lab

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/lab/device"
)

func TestLongestIMEIThatFitsSaysWhatADeviceIs(t *testing.T) {
	t.Parallel()
	c := Config{Devices: []Model{
		{IMEI: "35693803", Client: device.Strict}, {IMEI: "", Client: device.Lenient}, {IMEI: "356938031", Client: device.Gecko},
	}}
	for imei, want := range map[string]device.Client{
		"356938030000017": device.Strict, "356938031000017": device.Gecko, "990000000000017": device.Lenient,
	} {
		if got := c.deviceConfig(imei); got.Client != want || got.IMEI != imei {
			t.Errorf("%s is %+v, want %s", imei, got, want)
		}
	}
	if got := (Config{}).deviceConfig("356938030000017"); got.Client != "" || got.NeedsRestart || got.Text != "" {
		t.Errorf("a world without devices has %+v", got)
	}
}

func TestModelsAreChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{imei: 3569x, client: cpclient}`:                             `imei "3569x"`,
		`{imei: "3569380312345678"}`:                                  "at most 15",
		`{imei: "35", client: cpclient}, {imei: "35", client: gecko}`: "is there twice",
		`{imei: "35", client: nokia}`:                                 `client "nokia": want one of`,
		`{imei: "35", pin: 12x4}`:                                     "not all digits",
		`{imei: "35", text: "APN=${address}"}`:                        `field "address"`,
		`{tac: "35693803"}`:                                           "tac",
	} {
		_, err := ParseConfig(append(Sample(1, 1).YAML, "devices: ["+text+"]\n"...))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "12x4") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestZerosInFrontAreKept(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`[{imei: 01193803, pin: 0042}]`, `[{imei: "01193803", pin: '0042'}]`, "\n  - imei: 01193803 # a phone\n    pin: 0042 # its PIN"} {
		c, err := ParseConfig(append(Sample(1, 1).YAML, "devices: "+text+"\n"...))
		if err != nil || len(c.Devices) != 1 || c.Devices[0].IMEI != "01193803" || c.Devices[0].PIN != "0042" {
			t.Errorf("%s: %+v, %v", text, c.Devices, err)
		}
		if shown := fmt.Sprintf("%+v %#v", c.Devices, c.Devices); strings.Contains(shown, "0042") {
			t.Errorf("a PIN is shown: %s", shown)
		}
	}
}

func TestColumnCPSaysNoneWhateverTheModelIs(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) {
		c.Devices = []Model{{Client: device.Lenient}}
		rows := bytes.SplitAfter(c.CardData, []byte("\n"))
		rows[1] = bytes.Replace(rows[1], []byte(",,meter,"), []byte(",none,meter,"), 1)
		c.CardData = bytes.Join(rows, nil)
	})
	for i, want := range []device.Client{device.None, device.Lenient} {
		if got := b.state(b.cards[i]).Client; got != want {
			t.Errorf("card %d is in a device %q, want %q", i, got, want)
		}
	}
}

// pinDocument signs the parts of a document by a user's PIN.
func (b *bench) pinDocument(pin string) [][]byte {
	b.t.Helper()
	push, err := cp.Push(b.internet("pin.example"), cp.USERPIN, []byte(pin))
	if err != nil {
		b.t.Fatal(err)
	}
	b.ref++
	parts, err := cp.Split(push, b.ref)
	if err != nil {
		b.t.Fatal(err)
	}
	return parts
}

func TestUserTypesThePINThatWasTold(t *testing.T) {
	t.Parallel()
	b := run(t)
	c := b.cards[0]
	to := c.subscriptions[0].msisdn
	b.submit("nordvik", to, 0, 0x04, b.pinDocument("0815"))
	b.events.wait(t, "refusal", func(e Event) bool { return e.Kind == EventDelivered && e.Detail == "cp refused" })
	if err := b.TypePIN(t.Context(), c.iccid, "08x5"); !errors.Is(err, ErrInput) || strings.Contains(err.Error(), "08x5") {
		t.Errorf("a PIN with a letter: %v", err)
	}
	if err := b.TypePIN(t.Context(), c.iccid, "0815"); err != nil {
		t.Fatal(err)
	}
	b.submit("nordvik", to, 0, 0x04, b.pinDocument("0815"))
	if e := b.event(EventProvisioned, c); e.APN != "pin.example" {
		t.Errorf("event %+v", e)
	}
}

// moved waits until a card has attached in another device.
func (b *bench) moved(c issue, imei, apn string) {
	b.t.Helper()
	if e := b.event(EventMoved, c); e.IMEI != imei {
		b.t.Fatalf("event %+v, want device %s", e, imei)
	}
	b.fed.wait(b.t, "attach from "+imei, func(e attachEvent) bool {
		return e.IMSI == c.subscriptions[0].imsi && e.IMEI == imei && e.APN == apn
	})
	if s := b.state(c); s.IMEI != imei || s.NetworkIMSI != c.subscriptions[0].imsi {
		b.t.Fatalf("state %+v, want device %s", s, imei)
	}
}

func TestCardMovesIntoANewDeviceAndBack(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) { c.Devices = []Model{{IMEI: "99", Client: device.Samsung}} })
	c := b.cards[1] // the tracking applet of the AES card reports a change
	const imei = "9900000000000185"
	if err := b.Move(t.Context(), c.iccid, imei); err != nil {
		t.Fatal(err)
	}
	b.moved(c, imei, "")
	b.esmes["nordvik"].packets.wait(t, "tracking report", func(p packet) bool {
		return p.from == c.subscriptions[0].msisdn && bytes.Contains(p.payload, efIMSI(c.subscriptions[0].imsi))
	})
	if s := b.state(c); s.Client != device.Samsung || len(s.Settings.APNs) != 0 {
		t.Errorf("state %+v, want a new Samsung", s)
	}
	b.submit("nordvik", c.subscriptions[0].msisdn, 0, 0xF5, b.document(c.subscriptions[0].imsi))
	b.fed.wait(t, "session", func(e attachEvent) bool { return e.IMEI == imei && e.APN == "m2m.aurora.example" })
	if err := b.Move(t.Context(), c.iccid, c.imei); err != nil {
		t.Fatal(err)
	}
	b.moved(c, c.imei, "iot.nordvik.example")
	if err := b.Move(t.Context(), c.iccid, imei[:14]); err != nil { // another writing of the same number
		t.Fatal(err)
	}
	b.moved(c, imei, "m2m.aurora.example")
}

func TestMovingIntoAnothersDeviceExchangesTheCards(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) { c.Devices = []Model{{IMEI: "35693803000001", Client: device.Windows}} })
	one, two := b.cards[0], b.cards[1]
	if err := b.Move(t.Context(), one.iccid, two.imei); err != nil {
		t.Fatal(err)
	}
	b.moved(one, two.imei, "iot.nordvik.example")
	b.moved(two, one.imei, "iot.nordvik.example")
	if s := b.state(two); s.Client != device.Windows {
		t.Errorf("client %q: it went not with the device", s.Client)
	}
	if err := b.Move(t.Context(), two.iccid, two.imei); err != nil {
		t.Fatal(err)
	}
	b.moved(one, one.imei, "iot.nordvik.example")
	b.moved(two, two.imei, "iot.nordvik.example")
}

func TestMovesThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	b := run(t)
	c := b.cards[0]
	for _, imei := range []string{"", "1234", "3569380300000x", c.imei, fmt.Sprint(c.imei[:14], "99")} {
		if err := b.Move(t.Context(), c.iccid, imei); !errors.Is(err, ErrInput) {
			t.Errorf("%q: %v, want a refusal", imei, err)
		}
	}
	if err := b.Move(t.Context(), "1", "990000000000018"); !errors.Is(err, ErrNoCard) {
		t.Errorf("no such card: %v", err)
	}
	if s := b.state(c); s.IMEI != c.imei || s.Session != "accepted" {
		t.Errorf("state %+v after refusals", s)
	}
}

// Two exchanges at once end, and no card is lost.
func TestMovesAtOnceEnd(t *testing.T) {
	t.Parallel()
	b := run(t)
	done := make(chan error, len(b.cards))
	for i, c := range b.cards {
		go func() { done <- b.Move(t.Context(), c.iccid, b.cards[(i+1)%len(b.cards)].imei) }()
	}
	for range b.cards {
		if err := <-done; err != nil && !errors.Is(err, ErrInput) {
			t.Error(err)
		}
	}
	seen := map[string]bool{}
	for _, c := range b.cards {
		seen[b.state(c).IMEI] = true
	}
	if len(seen) != len(b.cards) {
		t.Errorf("cards are in devices %v", seen)
	}
}
