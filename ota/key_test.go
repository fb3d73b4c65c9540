package ota

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestAlgorithmNamesAndSizes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		alg           Algorithm
		nibble        byte
		block, length int
	}{
		{"3des-2", TripleDES2, 5, 8, 16},
		{"3des-3", TripleDES3, 9, 8, 24},
		{"aes-128", AES128, 2, 16, 16},
		{"aes-192", AES192, 2, 16, 24},
		{"aes-256", AES256, 2, 16, 32},
	}
	for _, tt := range tests {
		a, err := ParseAlgorithm(strings.ToUpper(tt.name))
		if err != nil || a != tt.alg || a.String() != tt.name {
			t.Errorf("%s: parsed %v, %v", tt.name, a, err)
		}
		if a.Nibble() != tt.nibble || a.BlockSize() != tt.block || a.KeyLength() != tt.length {
			t.Errorf("%s: nibble %d, block %d, key %d", a, a.Nibble(), a.BlockSize(), a.KeyLength())
		}
		if of, err := AlgorithmOf(0xF0|tt.nibble, tt.length); err != nil || of != tt.alg {
			t.Errorf("AlgorithmOf(F%X, %d) = %v, %v", tt.nibble, tt.length, of, err)
		}
	}
	for _, name := range []string{"", "none", "des", "des-ecb", "3des", "aes"} {
		if _, err := ParseAlgorithm(name); !errors.Is(err, ErrUnsupported) {
			t.Errorf("ParseAlgorithm(%q): %v, want ErrUnsupported", name, err)
		}
	}
	for nibble, want := range map[byte]Algorithm{0x1: DES, 0xD: DESECB} {
		a, err := AlgorithmOf(0xF0|nibble, 8)
		if err != nil || a != want || a.Nibble() != nibble || a.BlockSize() != 8 || a.KeyLength() != 8 {
			t.Errorf("F%X and 8 octets: %v, %v", nibble, a, err)
		}
	}
	if a := Algorithm(200); a.String() != "none" || a.KeyLength() != 0 {
		t.Errorf("an unknown algorithm is %q with keys of %d", a, a.KeyLength())
	}
}

func TestAlgorithmOfRefusesWhatIsNotBuilt(t *testing.T) {
	t.Parallel()
	for octet, word := range map[byte]string{
		0x10: "implicit", 0x13: "proprietary", 0x1F: "reserved",
	} {
		_, err := AlgorithmOf(octet, 16)
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(fmt.Sprint(err), word) {
			t.Errorf("%02X: %v, want ErrUnsupported naming %q", octet, err, word)
		}
	}
	for octet, length := range map[byte]int{0x15: 24, 0x11: 16, 0x1D: 16, 0x12: 8} {
		if _, err := AlgorithmOf(octet, length); !errors.Is(err, ErrKeyset) {
			t.Errorf("%02X and %d octets: %v, want ErrKeyset", octet, length, err)
		}
	}
}

func TestNewKeyWantsExactLength(t *testing.T) {
	t.Parallel()
	for a := DES; a <= AES256; a++ {
		for _, n := range []int{0, 5, a.KeyLength() - 1, a.KeyLength() + 1} {
			if _, err := NewKey(a, make([]byte, n)); !errors.Is(err, ErrKeyset) {
				t.Errorf("%s with %d octets: %v, want ErrKeyset", a, n, err)
			}
		}
	}
	if _, err := NewKey(0, nil); !errors.Is(err, ErrUnsupported) {
		t.Errorf("no algorithm: %v, want ErrUnsupported", err)
	}
}

func TestCheckValueIsThatOfKnownKeys(t *testing.T) {
	t.Parallel()
	tests := []struct {
		alg       Algorithm
		key, want string
	}{
		// Keys of zeros: 3DES is single DES then, whose first block is 8CA64DE9C1B123A7.
		{DES, strings.Repeat("00", 8), "8CA64D"},
		{DESECB, strings.Repeat("00", 8), "8CA64D"},
		{TripleDES2, strings.Repeat("00", 16), "8CA64D"},
		{TripleDES3, strings.Repeat("00", 24), "8CA64D"},
		// GlobalPlatform's well-known test key.
		{TripleDES2, "404142434445464748494a4b4c4d4e4f", "8BAF47"},
		{AES128, "404142434445464748494a4b4c4d4e4f", "504A77"},
	}
	for _, tt := range tests {
		if got := mustKey(t, tt.alg, unhex(t, tt.key)).CheckValue(); got != tt.want {
			t.Errorf("%s key: check value %s, want %s", tt.alg, got, tt.want)
		}
	}
	if got := (Key{}).CheckValue(); got != "" {
		t.Errorf("no key has check value %q", got)
	}
}

func TestKeyKeepsNoReferenceToItsInput(t *testing.T) {
	t.Parallel()
	raw := unhex(t, "aa858a05b67bcc15d06c972c7c1bf663")
	key := mustKey(t, AES128, raw)
	before := mac(key, nil, []byte("x"))
	clear(raw)
	if after := mac(key, nil, []byte("x")); !bytes.Equal(after, before) {
		t.Error("clearing the input changes the key")
	}
}

func TestKeyNeverShowsItsMaterial(t *testing.T) {
	t.Parallel()
	raw := []byte("SECRETSECRET1234")
	key := mustKey(t, AES128, raw)
	type hidden struct{ ks Keyset }
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("m", "key", key)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "keyset", Keyset{KIc: key})
	outputs := []string{logged.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		outputs = append(outputs, fmt.Sprintf(verb, key), fmt.Sprintf(verb, &key), fmt.Sprintf(verb, Keyset{KIc: key, KID: key}))
		if got := fmt.Sprintf(verb, key); got != redacted {
			t.Errorf("%s prints %q", verb, got)
		}
		// fmt cannot call Format in unexported fields: it must find nothing there. The
		// check value stands beside the schedule, so it would show where that does.
		inside := fmt.Sprintf(verb, hidden{Keyset{KIc: key}})
		if kcv := key.CheckValue(); strings.Contains(inside, kcv) || strings.Contains(strings.ToLower(inside), fmt.Sprintf("%x", kcv)) {
			t.Errorf("%s of a struct that hides a key shows what is behind it: %q", verb, inside)
		}
		outputs = append(outputs, inside)
	}
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, xml.Marshal} {
		b, err := marshal(Keyset{Version: 1, KIc: key, KID: key})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), redacted) {
			t.Errorf("marshals to %s", b)
		}
		outputs = append(outputs, string(b))
	}
	_, err := NewKey(AES256, raw)
	outputs = append(outputs, fmt.Sprint(err), key.String(), key.GoString())
	for _, out := range outputs {
		low := strings.ToLower(out)
		for _, leak := range []string{"secret1234", "534543524554", "83 69 67 82", "0x53, 0x45"} {
			if strings.Contains(low, leak) {
				t.Errorf("key material in %q", out)
			}
		}
	}
}

func TestWipeEndsAllCopies(t *testing.T) {
	t.Parallel()
	ks := testKeyset(t, AES128)
	packet, err := NewCommand(SPI{0x16, 0x39}, TAR{}, ks, 1, nil).Seal(ks, Options{})
	if err != nil {
		t.Fatal(err)
	}
	other := ks
	ks.KIc.Wipe()
	Key{}.Wipe()
	if _, err := OpenCommand(packet, other, Options{}); !errors.Is(err, ErrKeyset) {
		t.Errorf("after Wipe: %v, want ErrKeyset", err)
	}
	if ks.KIc.CheckValue() != "" || ks.KIc.Algorithm() != 0 {
		t.Error("a wiped key still has an algorithm or a check value")
	}
}

func TestKeysetOctets(t *testing.T) {
	t.Parallel()
	ks := testKeyset(t, TripleDES3)
	ks.Version, ks.KID = 14, Key{}
	if ks.KIcByte() != 0xE9 || ks.KIDByte() != 0xE0 {
		t.Errorf("KIc %02X, KID %02X, want E9, E0", ks.KIcByte(), ks.KIDByte())
	}
	for crc, want := range map[int]byte{0: 0xE5, 2: 0xE1, 4: 0xE5} {
		ks.CRC = crc
		if c := NewCommand(SPI{0x15, 0}, usim, ks, 1, nil); c.KIc != 0xE9 || c.KID != want || c.header().CRC() != cmp.Or(crc, 4) {
			t.Errorf("CRC of %d: KIc %02X, KID %02X, want E9, %02X", crc, c.KIc, c.KID, want)
		}
		if c := NewCommand(SPI{0x16, 0}, usim, ks, 1, nil); c.KID != 0xE0 || c.header().CRC() != 0 {
			t.Errorf("CC: KID %02X, want E0", c.KID)
		}
	}
}

// testKeyset is version 1 with two different made-up keys. ECB does not sign: DES does it then.
func testKeyset(t testing.TB, alg Algorithm) Keyset {
	t.Helper()
	kic, kid := make([]byte, alg.KeyLength()), make([]byte, alg.KeyLength())
	for i := range kic {
		kic[i], kid[i] = byte(0x11*i+3), byte(0x35*i+7)
	}
	signer := alg
	if alg == DESECB {
		signer = DES
	}
	return Keyset{Version: 1, KIc: mustKey(t, alg, kic), KID: mustKey(t, signer, kid)}
}
