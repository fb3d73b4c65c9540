package device

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

const meterForm = "APN=${apn};USER=${user};PASS=${secret}"

func ucs2(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return b
}

func TestTextInTheMakersFormSetsTheAccessPoint(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, form string
		dcs        byte
		text       string
		want       APN // zero for no settings
	}{
		{"GSM alphabet", meterForm, 0, "APN=m2m.example;USER=me;PASS=pw", APN{Address: "m2m.example", User: "me", Secret: "pw", Internet: true}},
		{"UCS-2", meterForm, 8, string(ucs2("APN=m2m.example;USER=ме;PASS=")), APN{Address: "m2m.example", User: "ме", Internet: true}},
		{"characters that GSM codes differently", meterForm, 0, "APN=a\x11b;USER=\x00\x1b\x28;PASS=\x02", APN{Address: "a_b", User: "@{", Secret: "$", Internet: true}},
		{"another order", meterForm, 0, "USER=me;APN=m2m.example;PASS=pw", APN{}},
		{"no APN", meterForm, 0, "APN=;USER=me;PASS=pw", APN{}},
		{"something behind", "APN=${apn}!", 0, "APN=m2m.example!!!", APN{Address: "m2m.example!!", Internet: true}},
		{"signs of a pattern", "(${apn})*", 0, "(m2m.example)*", APN{Address: "m2m.example", Internet: true}},
		{"the password of the device", "begin${pin} ${apn} ${auth}", 0, "begin0042 m2m.example CHAP", APN{Address: "m2m.example", Auth: "chap", Internet: true}},
		{"another password", "begin${pin} ${apn} ${auth}", 0, "begin0043 m2m.example CHAP", APN{}},
		{"8-bit data", meterForm, 4, "APN=m2m.example;USER=me;PASS=pw", APN{}},
		{"half a character", meterForm, 8, "APN=m2m.example;USER=me;PASS=p", APN{}},
		{"no GSM alphabet", meterForm, 0, "APN=m\xFC;USER=me;PASS=pw", APN{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := insert(t, Config{Client: None, Text: tc.form, PIN: userPIN})
			r := d.Receive(Message{Sender: sender, DCS: tc.dcs, UserData: []byte(tc.text)}, now)
			want, settings := Stored, nothing
			if tc.want.Address != "" {
				want, settings = TextTaken, apns(tc.want)
			}
			if r.Outcome != want || r.Session != (want == TextTaken) || d.Data().Address != tc.want.Address {
				t.Errorf("%q, session %v, data %q", r.Outcome, r.Session, d.Data().Address)
			}
			if diff := cmp.Diff(settings, d.Settings()); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLongTextIsJoined(t *testing.T) {
	t.Parallel()
	d := insert(t, Config{Client: None, Text: meterForm, APN: APN{Address: "old.example"}})
	d.Receive(Message{Sender: sender, UserData: []byte("APN=first.example;USER=;PASS=")}, now)
	text := []byte("APN=m2m.example;USER=me;PASS=pw")
	part := func(n byte, b []byte) Message {
		return Message{Sender: sender, UDHI: true, UserData: slices.Concat([]byte{5, 0, 3, 9, 2, n}, b)}
	}
	if r := d.Receive(part(2, text[10:]), now); r.Outcome != Stored {
		t.Fatalf("half a text: %q", r.Outcome)
	}
	if r := d.Receive(part(1, text[:10]), now); r.Outcome != TextTaken {
		t.Fatalf("whole text: %q", r.Outcome)
	}
	want := apns(APN{Address: "m2m.example", User: "me", Secret: "pw", Internet: true})
	if diff := cmp.Diff(want, d.Settings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestTextMayHaveMoreThanTheAccessPoint(t *testing.T) {
	t.Parallel()
	d := insert(t, Config{Client: None, Text: "${apn} ${dns1} ${dns2} ${pdp} ${smsc}"})
	d.Receive(Message{Sender: sender, UserData: []byte("m2m.example 9.9.9.9 9.9.9.10 ipv6 +5511900000001")}, now)
	want := apns(APN{Address: "m2m.example", DNS: "9.9.9.9 9.9.9.10", PDP: "ipv6", Internet: true})
	want.SMSC = "+5511900000001"
	if diff := cmp.Diff(want, d.Settings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestTextIsOfNoUseToADeviceWithoutAForm(t *testing.T) {
	t.Parallel()
	d := insert(t, Config{})
	if r := d.Receive(Message{Sender: sender, UserData: []byte("APN=m2m.example;USER=;PASS=")}, now); r.Outcome != Stored {
		t.Errorf("%q", r.Outcome)
	}
}

func TestFormsThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"USER=${user}", "APN=${apn}${user}", "APN=${apn} ${apn}", "APN=${apn} ${mmsc}", "APN=${}"} {
		if _, err := ParseText(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}

func TestSettingsShowNoPassword(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(apns(APN{Address: "a", User: "me", Secret: "hidden"}))
	if err != nil || bytes.Contains(b, []byte("hidden")) || !bytes.Contains(b, []byte("me")) {
		t.Errorf("%s, %v", b, err)
	}
}

func FuzzText(f *testing.F) {
	form, err := ParseText(meterForm)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(byte(0), []byte("APN=m2m.example;USER=me;PASS=pw"))
	f.Add(byte(8), ucs2("APN=a;USER=;PASS="))
	f.Add(byte(0), []byte{0x1B})
	f.Fuzz(func(t *testing.T, dcs byte, b []byte) {
		s, err := decode(dcs, b)
		if err != nil {
			return
		}
		if got, ok := form.read(s, ""); ok && got.APNs[0].Address == "" {
			t.Fatal("settings without an APN")
		}
	})
}
