package cp

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// Every octet here was written by hand: type and parity in the first nibble,
// then the digits, the first of a pair in the low half, F behind an even number.
func TestNetworkPINOfEveryLengthOfIMSI(t *testing.T) {
	t.Parallel()
	for imsi, want := range map[string]string{
		"001011":          "011010f1",
		"999709":          "919907f9",
		"0010112":         "09101021",
		"9997091":         "99990719",
		"00101123":        "01101021f3",
		"001011234":       "0910102143",
		"0010112345":      "0110102143f5",
		"00101123456":     "091010214365",
		"001011234567":    "011010214365f7",
		"0010112345678":   "09101021436587",
		"00101123456789":  "01101021436587f9",
		"001011234567890": "0910102143658709",
	} {
		key, err := NetworkPIN(imsi)
		if err != nil || !bytes.Equal(key, unhex(t, want)) {
			t.Errorf("%s: %X, %v, want %s", imsi, []byte(key), err, want)
		}
	}
}

func TestPINKeepsItsLeadingZeros(t *testing.T) {
	t.Parallel()
	a := must[Credential](t)(UserPIN("0007"))
	b := must[Credential](t)(UserPIN("00007"))
	if bytes.Equal(a, b) || !bytes.Equal(a, unhex(t, "30303037")) {
		t.Errorf("%X %X", []byte(a), []byte(b))
	}
	push := must[[]byte](t)(Push([]byte("body"), USERPIN, a))
	if m := must[Message](t)(ParsePush(push)); m.Verify(b) || m.Verify([]byte("7")) || !m.Verify([]byte("0007")) {
		t.Error("another PIN than the one with its zeros verified")
	}
}

// The HMACs of "body" under these halves, by another program:
//
//	12345      94666F5A BC...          148 102 111  90 188            -> 8 2 1 0 8
//	00007      05174652 72...            5  23  70  82 114            -> 5 3 0 2 4
//	123456789  884B279E 0D8B8B5A 32..  136  75  39 158 13 139 139 90 50 -> 6 5 9 8 3 9 9 0 0
func TestUserPINMAC(t *testing.T) {
	t.Parallel()
	for half, pin := range map[string]string{"12345": "1234582108", "00007": "0000753024", "123456789": "123456789659839900"} {
		got, err := CompletePIN(half, []byte("body"))
		if err != nil || got != pin {
			t.Errorf("%s: %s, %v, want %s", half, got, err, pin)
		}
		key := must[Credential](t)(UserPINMAC(half))
		if string(key) != half {
			t.Errorf("key of %s is %s", half, string(key))
		}
		m := must[Message](t)(ParsePush(must[[]byte](t)(Push([]byte("body"), USERPINMAC, key))))
		if m.Security != USERPINMAC || len(m.MAC) != 40 || !m.VerifyPIN(pin) {
			t.Errorf("%s: %+v is not verified", half, m)
		}
	}
	for _, half := range []string{"", "1234", "1234567890", "12a45", "１２３４５"} {
		if _, err := UserPINMAC(half); err == nil {
			t.Errorf("half %q accepted", half)
		}
		if pin, err := CompletePIN(half, []byte("body")); err == nil || pin != "" {
			t.Errorf("PIN of half %q: %s", half, pin)
		}
	}
}

func TestVerifyPINWantsEveryDigit(t *testing.T) {
	t.Parallel()
	const pin = "1234582108"
	with := must[Message](t)(Sign(Provisioning, []byte("body"), USERPINMAC, []byte(pin[:5])))
	without := must[Message](t)(ParsePush(unhex(t, "0106"+"05"+"1f03"+"b69183"+"626f6479")))
	for name, m := range map[string]Message{"with MAC": with, "without MAC": without} {
		if !m.VerifyPIN(pin) {
			t.Errorf("%s: refused", name)
		}
		for i := range pin {
			wrong := []byte(pin)
			wrong[i] = '0' + (wrong[i]-'0'+1)%10
			if m.VerifyPIN(string(wrong)) {
				t.Errorf("%s: %s accepted", name, wrong)
			}
		}
		for _, wrong := range []string{"", "1", pin[:5], pin[:9], pin + "0", pin + pin, "12345", "8210812345"} {
			if m.VerifyPIN(wrong) {
				t.Errorf("%s: %q accepted", name, wrong)
			}
		}
		if m.Verify([]byte(pin[:5])) {
			t.Errorf("%s: half a PIN accepted as a key", name)
		}
	}
	with.MAC = strings.Repeat("0", 40)
	if with.VerifyPIN(pin) {
		t.Error("wrong MAC beside a right PIN accepted")
	}
	other := must[Message](t)(Sign(Provisioning, []byte("body"), USERPIN, []byte(pin)))
	if other.VerifyPIN(pin) {
		t.Error("USERPIN verified as USERPINMAC")
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	if _, err := Sign(Provisioning, []byte("body"), 4, []byte("1")); err == nil {
		t.Error("SEC 4")
	}
	if _, err := Sign(Provisioning, nil, NETWPIN, []byte("1")); !errors.Is(err, ErrMalformed) {
		t.Errorf("no body: %v", err)
	}
}
