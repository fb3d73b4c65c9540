package ram_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/sat/ram"
)

// All keys of these tests are made up for them; ciphered values and check
// values were made with openssl.
const (
	desKIK = "0123456789ABCDEFFEDCBA9876543210"
	aesKIK = "404142434445464748494A4B4C4D4E4F"
	des3   = desKIK + "FFEEDDCCBBAA9988"
	aes16  = "000102030405060708090A0B0C0D0E0F"
	aes24  = aes16 + "1011121314151617"
	aes32  = aes24 + "18191A1B1C1D1E1F"
)

func key(t testing.TB, kind ram.KeyType, s string) ram.Key {
	t.Helper()
	k, err := ram.NewKey(kind, octets(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestCheckValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind       ram.KeyType
		key        string
		ones, zero string
		words      string
	}{
		{ram.TripleDES, desKIK, "08D7B4", "08D7B4", "3DES key of 16 octets, check value 08D7B4"},
		{ram.TripleDES, des3, "A3DA44", "A3DA44", "3DES key of 24 octets, check value A3DA44"},
		{ram.AES, aes16, "C35280", "C6A13B", "AES-128 key, check value C35280"},
		{ram.AES, aes24, "38FCB6", "", "AES-192 key, check value 38FCB6"},
		{ram.AES, aes32, "75E208", "", "AES-256 key, check value 75E208"},
	} {
		k := key(t, c.kind, c.key)
		if got := fmt.Sprintf("%X", k.CheckValue(false)); got != c.ones {
			t.Errorf("%s: %s", c.words, got)
		}
		if got := fmt.Sprintf("%X", k.CheckValue(true)); c.zero != "" && got != c.zero {
			t.Errorf("%s: over 00 %s, want %s", c.words, got, c.zero)
		}
		if got := k.String(); got != c.words {
			t.Errorf("%q, want %q", got, c.words)
		}
		if !bytes.Equal(k.Reveal(), octets(t, c.key)) {
			t.Errorf("%s reveals something else", c.words)
		}
	}
	for n := range 40 {
		_, err := ram.NewKey(ram.TripleDES, make([]byte, n))
		if ok := n == 16 || n == 24; ok != (err == nil) {
			t.Errorf("3DES of %d octets: %v", n, err)
		}
		_, err = ram.NewKey(ram.AES, make([]byte, n))
		if ok := n == 16 || n == 24 || n == 32; ok != (err == nil) {
			t.Errorf("AES of %d octets: %v", n, err)
		}
	}
	if _, err := ram.NewKey(0x85, make([]byte, 16)); err == nil {
		t.Error("TLS-PSK key is taken")
	}
}

// No way of printing may show a key: neither alone nor inside a command.
func TestKeysNeverPrint(t *testing.T) {
	t.Parallel()
	k := key(t, ram.AES, aes16)
	p := ram.PutKey{Version: 1, FirstID: 1, Keys: []ram.Key{k}, KIK: key(t, ram.AES, aesKIK)}
	hidden := struct{ k ram.Key }{k}
	var printed []string
	for _, v := range []any{k, &k, []ram.Key{k}, p, &p, hidden, map[string]ram.Key{"k": k}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			printed = append(printed, fmt.Sprintf(verb, v))
		}
		j, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		printed = append(printed, string(j))
	}
	text, err := k.MarshalText()
	printed = append(printed, string(text), k.GoString(), cmp.Diff(p, ram.PutKey{}))
	if err != nil {
		t.Error(err)
	}
	for _, s := range printed {
		plain := strings.ToUpper(strings.NewReplacer(" ", "", "0x", "", ",", "", "\n", "", "\t", "").Replace(s))
		for _, secret := range []string{aes16[:16], aesKIK[:16], "01234567", "6465666768"} { // hex and decimal
			if strings.Contains(plain, secret) {
				t.Errorf("printed %q", s)
			}
		}
	}
	if !strings.Contains(printed[0], "C35280") {
		t.Errorf("no check value in %q", printed[0])
	}
}

func TestWipedKeysAreGone(t *testing.T) {
	t.Parallel()
	k := key(t, ram.AES, aes16)
	other := k
	if !k.Equal(other) || k.Equal(ram.Key{}) || k.Equal(key(t, ram.TripleDES, aes16)) || !(ram.Key{}).Equal(ram.Key{}) {
		t.Error("Equal is wrong")
	}
	k.Wipe()
	ram.Key{}.Wipe()
	if other.Type() != 0 || other.Reveal() != nil || other.CheckValue(false) != nil || other.String() != "no key" {
		t.Errorf("copy of a wiped key is %v", other)
	}
	if _, err := (ram.PutKey{Version: 1, FirstID: 1, Keys: []ram.Key{k}, KIK: key(t, ram.AES, aes16)}).Command(); err == nil {
		t.Error("a wiped key is sent")
	}
}

func TestPutKeyBothWays(t *testing.T) {
	t.Parallel()
	des, aes := key(t, ram.TripleDES, desKIK), key(t, ram.AES, aesKIK)
	set := []ram.Key{
		key(t, ram.TripleDES, "00112233445566778899AABBCCDDEEFF"),
		key(t, ram.TripleDES, "102132435465768798A9BACBDCEDFE0F"),
		key(t, ram.TripleDES, "2F3E4D5C6B7A8998A7B6C5D4E3F20112"),
	}
	for name, c := range map[string]struct {
		apdu string
		p    ram.PutKey
	}{
		"3DES set": {
			"80D80181 43 02" +
				"8010 31A7364CAC91CA39C0489F69BEC54FA2 03 FB0975" +
				"8010 FA5AF565CE0B0982A294C29DC707B3EF 03 887EA4" +
				"8010 1F1299593311256BB20768EF459D0092 03 910A9A 00",
			ram.PutKey{Version: 2, Replaces: 1, FirstID: 1, Keys: set, KIK: des},
		},
		"one 3DES key without check value": {
			"80D80003 14 02 8010 1F1299593311256BB20768EF459D0092 00 00",
			ram.PutKey{Version: 2, FirstID: 3, Keys: set[2:], KIK: des, Format: ram.KeyFormat{NoCheckValue: true}},
		},
		"AES": {
			"80D80001 17 30 8810 3D0FA4B855D2A5AA4954B8B5DF582A3A 03 C35280 00",
			ram.PutKey{Version: 0x30, FirstID: 1, Keys: []ram.Key{key(t, ram.AES, aes16)}, KIK: aes},
		},
		"AES with its length": {
			"80D80001 18 30 8811 10 3D0FA4B855D2A5AA4954B8B5DF582A3A 03 C35280 00",
			ram.PutKey{Version: 0x30, FirstID: 1, Keys: []ram.Key{key(t, ram.AES, aes16)}, KIK: aes, Format: ram.KeyFormat{AESLength: true}},
		},
		"AES with a check value over 00": {
			"80D80001 17 30 8810 3D0FA4B855D2A5AA4954B8B5DF582A3A 03 C6A13B 00",
			ram.PutKey{Version: 0x30, FirstID: 1, Keys: []ram.Key{key(t, ram.AES, aes16)}, KIK: aes, Format: ram.KeyFormat{ZeroCheckValue: true}},
		},
		"AES-192 always has its length": {
			"80D80001 28 30 8821 18 3D0FA4B855D2A5AA4954B8B5DF582A3A920713D2EF1C3431D7240D37F30DD6AC 03 38FCB6 00",
			ram.PutKey{Version: 0x30, FirstID: 1, Keys: []ram.Key{key(t, ram.AES, aes24)}, KIK: aes},
		},
		"AES-256": {
			"80D80001 28 30 8821 20 3D0FA4B855D2A5AA4954B8B5DF582A3ABF60B14E76F32A85831A8068392FEA30 03 75E208 00",
			ram.PutKey{Version: 0x30, FirstID: 1, Keys: []ram.Key{key(t, ram.AES, aes32)}, KIK: aes, Format: ram.KeyFormat{AESLength: true}},
		},
	} {
		got, err := c.p.Command()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b, err := got.AppendBinary(nil)
		if want := octets(t, c.apdu); err != nil || !bytes.Equal(b, want) {
			t.Errorf("%s: %X, %v, want %X", name, b, err, want)
		}
		p, err := ram.ParsePutKey(command(t, c.apdu), c.p.KIK)
		if err != nil {
			t.Errorf("%s: parse: %v", name, err)
		} else if diff := cmp.Diff(c.p, p); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPutKeyOutOfRangeIsRefused(t *testing.T) {
	t.Parallel()
	k := key(t, ram.AES, aes16)
	three := []ram.Key{k, k, k}
	for name, p := range map[string]ram.PutKey{
		"no KIK":            {Version: 1, FirstID: 1, Keys: three},
		"no keys":           {Version: 1, FirstID: 1, KIK: k},
		"version 0":         {FirstID: 1, Keys: three, KIK: k},
		"version 128":       {Version: 128, FirstID: 1, Keys: three, KIK: k},
		"replaces 128":      {Version: 1, Replaces: 128, FirstID: 1, Keys: three, KIK: k},
		"identifier 0":      {Version: 1, Keys: three, KIK: k},
		"identifier 128":    {Version: 1, FirstID: 126, Keys: three, KIK: k},
		"a key that is not": {Version: 1, FirstID: 1, Keys: []ram.Key{k, {}}, KIK: k},
		"too many":          {Version: 1, FirstID: 1, Keys: make13(k), KIK: k},
	} {
		if c, err := p.Command(); err == nil {
			t.Errorf("%s gave %v", name, c)
		}
	}
}

func make13(k ram.Key) []ram.Key {
	keys := make([]ram.Key, 13)
	for i := range keys {
		keys[i] = k
	}
	return keys
}

func TestReceivedKeysThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	kik := key(t, ram.AES, aesKIK)
	const good = "8810 3D0FA4B855D2A5AA4954B8B5DF582A3A 03 C35280"
	for name, s := range map[string]string{
		"P2 says several":   "80D80081 17 30" + good,
		"P2 says one":       "80D80001 2D 30" + good + good,
		"no key":            "80D80001 01 30",
		"version 0":         "80D80001 17 00" + good,
		"identifier 0":      "80D80000 17 30" + good,
		"replaces FF":       "80D8FF01 17 30" + good,
		"type PSK":          "80D80001 17 30 8510 3D0FA4B855D2A5AA4954B8B5DF582A3A 03 C35280",
		"15 octets":         "80D80001 16 30 880F 3D0FA4B855D2A5AA4954B8B5DF582A 03 C35280",
		"length of 17":      "80D80001 18 30 8811 11 3D0FA4B855D2A5AA4954B8B5DF582A3A 03 C35280",
		"key cut":           "80D80001 12 30 8811 3D0FA4B855D2A5AA4954B8B5DF582A",
		"check value of 2":  "80D80001 16 30 8810 3D0FA4B855D2A5AA4954B8B5DF582A3A 02 C352",
		"one check value":   "80D80081 2A 30" + good + "8810 3D0FA4B855D2A5AA4954B8B5DF582A3A 00",
		"other check value": "80D80001 17 30 8810 3D0FA4B855D2A5AA4954B8B5DF582A3A 03 000000",
	} {
		p, err := ram.ParsePutKey(command(t, s), kik)
		if err == nil {
			t.Errorf("%s gave %+v", name, p)
		}
		if errors.Is(err, ram.ErrCheckValue) != (name == "other check value") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The wrong KIK is found by the check value.
	if _, err := ram.ParsePutKey(command(t, "80D80001 17 30"+good), key(t, ram.AES, aes16)); !errors.Is(err, ram.ErrCheckValue) {
		t.Errorf("wrong KIK: %v", err)
	}
}

func TestAnswerToPutKeyIsChecked(t *testing.T) {
	t.Parallel()
	p := ram.PutKey{Version: 0x30, FirstID: 1, KIK: key(t, ram.AES, aesKIK), Keys: []ram.Key{key(t, ram.AES, aes16), key(t, ram.AES, aes24)}}
	good := octets(t, "30 C35280 38FCB6")
	if b, err := p.Answer().AppendBinary(nil); err != nil || !bytes.Equal(b, good) {
		t.Errorf("%X, %v", b, err)
	}
	if a, err := ram.ParsePutKeyAnswer(good); err != nil || !cmp.Equal(a, p.Answer()) {
		t.Errorf("%+v, %v", a, err)
	}
	if err := p.CheckAnswer(good); err != nil {
		t.Error(err)
	}
	for s, mismatch := range map[string]bool{
		"": false, "30": false, "30C35280": false, "31C3528038FCB6": false, "30C3528038FC": false, "30C3528038FCB7": true,
	} {
		if err := p.CheckAnswer(octets(t, s)); err == nil || errors.Is(err, ram.ErrCheckValue) != mismatch {
			t.Errorf("%s: %v", s, err)
		}
	}
	if b, err := (ram.PutKeyAnswer{Version: 1, CheckValues: [][]byte{{1, 2}}}).AppendBinary(nil); err == nil {
		t.Errorf("check value of 2 octets gave %X", b)
	}
}
