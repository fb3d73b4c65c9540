package cp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// example has the octets of testdata, computed by hand.
func example() Notification {
	n := Notification{Version: NotificationVersion, UI: UIBackground, Server: true, Session: 1, ServerID: "simota"}
	n.Sign("secret", []byte("nonce"))
	return n
}

func TestNotificationOctets(t *testing.T) {
	t.Parallel()
	const body = "b4f92d776d200ff0208c2ef21a1c08c9" + "0318000000" + "0001" + "06" + "73696d6f7461"
	n := example()
	got := must[[]byte](t)(n.AppendBinary([]byte("before")))
	if want := append([]byte("before"), unhex(t, body)...); !bytes.Equal(got, want) {
		t.Errorf("body %X, want %X", got, want)
	}
	push := must[[]byte](t)(n.AppendPush(nil))
	if want := unhex(t, "010603c4af87"+body); !bytes.Equal(push, want) {
		t.Errorf("push %X, want %X", push, want)
	}
	back := must[Notification](t)(ParseNotificationPush(push))
	if back != n || !back.Verify("secret", []byte("nonce")) {
		t.Errorf("%+v, want %+v", back, n)
	}
}

func TestNotificationDigestCoversEverything(t *testing.T) {
	t.Parallel()
	n := example()
	if n.Verify("secret", nil) || n.Verify("", []byte("nonce")) || n.Verify("Secret", []byte("nonce")) {
		t.Error("wrong password or nonce verified")
	}
	for i, change := range []func(*Notification){
		func(n *Notification) { n.Digest[15] ^= 1 }, func(n *Notification) { n.Version = 11 }, func(n *Notification) { n.UI = UIInformative },
		func(n *Notification) { n.Server = false }, func(n *Notification) { n.Session++ }, func(n *Notification) { n.ServerID += "2" },
	} {
		other := n
		change(&other)
		if other.Verify("secret", []byte("nonce")) {
			t.Errorf("change %d verified: %+v", i, other)
		}
	}
}

func TestNotificationFieldsHaveTheirBits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Notification{
		"0318": {Version: 12, UI: UIBackground, Server: true},
		"0300": {Version: 12},
		"02f0": {Version: 11, UI: UIInteractive},
		"ffe0": {Version: 1023, UI: UIInformative},
		"0008": {Server: true},
	} {
		want.ServerID, want.Session = "s", 0xABCD
		body := unhex(t, strings.Repeat("00", 16)+text+"000000"+"abcd"+"01"+"73")
		if got, err := ParseNotification(body); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if got, err := want.AppendBinary(nil); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s: %X, %v", text, got, err)
		}
	}
}

func TestNotificationRefuses(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("00", 16)
	for name, text := range map[string]string{
		"nothing":             "",
		"no identifier":       zeros + "0318000000" + "0001" + "00",
		"identifier cut":      zeros + "0318000000" + "0001" + "02" + "73",
		"octets after it":     zeros + "0318000000" + "0001" + "01" + "7300",
		"reserved bit 1":      zeros + "0319000000" + "0001" + "01" + "73",
		"reserved bit 27":     zeros + "0318000001" + "0001" + "01" + "73",
		"reserved octet 3":    zeros + "0318008000" + "0001" + "01" + "73",
		"not UTF-8":           zeros + "0318000000" + "0001" + "01" + "ff",
		"control character":   zeros + "0318000000" + "0001" + "01" + "0a",
		"header not complete": zeros + "03180000000001",
	} {
		if n, err := ParseNotification(unhex(t, text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v %v", name, n, err)
		}
	}
	for name, n := range map[string]Notification{
		"version": {Version: 1024, ServerID: "s"}, "mode": {UI: 4, ServerID: "s"}, "no server": {}, "server": {ServerID: strings.Repeat("s", 256)},
	} {
		if b, err := n.AppendPush([]byte("x")); !errors.Is(err, ErrMalformed) || string(b) != "x" {
			t.Errorf("%s: %X %v", name, b, err)
		}
	}
	for _, text := range []string{"010603b6af87" + zeros, "010601b641"} {
		if n, err := ParseNotificationPush(unhex(t, text)); !errors.Is(err, ErrContentType) {
			t.Errorf("%s: %+v %v", text, n, err)
		}
	}
}

func TestUIModeNames(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprint(UINotSpecified, UIBackground, UIInformative, UIInteractive, UIMode(9)); got != "not-specified background informative user-interaction UIMode(9)" {
		t.Error(got)
	}
}
