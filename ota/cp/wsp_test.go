package cp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestDMBootstrapPush(t *testing.T) {
	t.Parallel()
	key := must[Credential](t)(NetworkPIN("001010123456789"))
	m := must[Message](t)(Sign(DMBootstrap, []byte("body"), NETWPIN, key))
	push := must[[]byte](t)(m.AppendBinary([]byte("x")))
	if want := append([]byte("x"), unhex(t, "01062f1f2dc2918092")...); !bytes.HasPrefix(push, want) {
		t.Errorf("%X, want %X", push, want)
	}
	got := must[Message](t)(ParsePush(push[1:]))
	if got.Type != DMBootstrap || got.MAC != m.MAC || !got.Verify(key) {
		t.Errorf("%+v", got)
	}
	plain := must[[]byte](t)(Message{Type: DMBootstrap, Body: []byte("body")}.AppendBinary(nil))
	if want := append(unhex(t, "010601c2"), "body"...); !bytes.Equal(plain, want) {
		t.Errorf("%X, want %X", plain, want)
	}
}

func TestPushWritesOnlyWhatItReads(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("A0", 20)
	for name, m := range map[string]Message{
		"no type":            {Body: []byte("body")},
		"notification":       {Type: dmNotification, Body: []byte("body")},
		"no body":            {Type: Provisioning},
		"SEC 4":              {Type: Provisioning, Body: []byte("body"), HasSecurity: true, Security: 4, MAC: good},
		"no MAC":             {Type: Provisioning, Body: []byte("body"), HasSecurity: true},
		"MAC of 38 digits":   {Type: Provisioning, Body: []byte("body"), HasSecurity: true, MAC: good[2:]},
		"MAC not hex":        {Type: Provisioning, Body: []byte("body"), HasSecurity: true, MAC: good[1:] + "G"},
		"MAC with controls":  {Type: Provisioning, Body: []byte("body"), HasSecurity: true, MAC: good[1:] + "\x10"},
		"MAC of other signs": {Type: Provisioning, Body: []byte("body"), HasSecurity: true, MAC: good[1:] + "@"},
	} {
		if b, err := m.AppendBinary([]byte("x")); err == nil || string(b) != "x" {
			t.Errorf("%s: %X %v", name, b, err)
		}
	}
}

func TestParsePushReadsEveryCodingOfTheContentType(t *testing.T) {
	t.Parallel()
	name := hex.EncodeToString([]byte("Application/vnd.wap.connectivity-wbxml")) + "00"
	params := "918192" + strings.Repeat("41", 40) + "00"
	for what, text := range map[string]string{
		"another transaction": "a706" + "2f" + "1f2d" + "b6" + params + "41",
		"code with a length":  "0106" + "30" + "1f2e" + "0136" + params + "41",
		"name":                "0106" + "55" + "1f53" + name + params + "41",
		"lower-case MAC":      "0106" + "2f" + "1f2d" + "b6" + "918192" + strings.Repeat("61", 40) + "00" + "41",
	} {
		m, err := ParsePush(unhex(t, text))
		if err != nil || m.Type != Provisioning || m.Security != USERPIN || len(m.MAC) != 40 || string(m.Body) != "A" {
			t.Errorf("%s: %+v %v", what, m, err)
		}
	}
	for what, text := range map[string]string{
		"code alone":           "010601b641",
		"short length":         "01060201b641",
		"short length of code": "010603020136" + "41",
		"quoted short length":  "0106031f01b641",
		"name alone":           "010627" + name + "41",
		"name with a length":   "0106291f27" + name + "41",
	} {
		m, err := ParsePush(unhex(t, text))
		if err != nil || m.Type != Provisioning || m.HasSecurity || string(m.Body) != "A" {
			t.Errorf("%s: %+v %v", what, m, err)
		}
	}
}

func TestParsePushRefusesOtherLengths(t *testing.T) {
	t.Parallel()
	name := hex.EncodeToString([]byte("application/vnd.wap.connectivity-wbxml"))
	long := strings.Repeat("af84", 70)
	for what, tc := range map[string]struct {
		pdu  string
		want error
	}{
		"headers of 141 octets":            {"0106810d" + "b6" + long + "41", ErrMalformed},
		"other headers of 141 octets":      {"0106810d" + "ae" + long + "41", ErrContentType},
		"padded length":                    {"01068001" + "b641", ErrMalformed},
		"length without its second octet":  {"010681", ErrMalformed},
		"name without its end":             {"010626" + name + "41", ErrMalformed},
		"name cut by its length":           {"0106281f26" + name + "41", ErrContentType},
		"quoted length beyond the headers": {"0106031f03b641", ErrMalformed},
		"code of two octets":               {"0106040302b6b641", ErrContentType},
	} {
		if m, err := ParsePush(unhex(t, tc.pdu)); !errors.Is(err, tc.want) {
			t.Errorf("%s: %+v, %v, want %v", what, m, err, tc.want)
		}
	}
}
