package vault

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const kekHex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func testKEK(t *testing.T, first byte) KEK {
	t.Helper()
	raw := unhex(t, kekHex)
	raw[0] = first
	k, err := newKEK(raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keyFile(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kek")
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return path
}

func TestKEKLoadsFromHexAndRawAlike(t *testing.T) {
	t.Parallel()
	want := testKEK(t, 0).ID()
	if len(want) != 8 {
		t.Fatalf("ID %q, want 8 hex digits", want)
	}
	for name, content := range map[string]string{
		"raw": string(unhex(t, kekHex)), "hex": kekHex, "upper case, CRLF": strings.ToUpper(kekHex) + "\r\n",
	} {
		k, err := LoadKEK(keyFile(t, content, 0o400))
		if err != nil || k.ID() != want {
			t.Errorf("%s: ID %q, %v; want %q", name, k.ID(), err, want)
		}
	}
	if other := testKEK(t, 1).ID(); other == want {
		t.Error("another key has the same ID")
	}
}

func TestBadKeyFilesAreRefusedWithoutShowingThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
	}{
		"group can read":   {kekHex, 0o440},
		"others can read":  {kekHex, 0o404},
		"empty":            {"", 0o400},
		"short":            {kekHex[:62], 0o400},
		"long":             {kekHex + "00", 0o400},
		"far too long":     {strings.Repeat(kekHex, 9), 0o400},
		"not hex":          {"zz" + kekHex[2:], 0o400},
		"zeros from a dd":  {string(make([]byte, 32)), 0o400},
		"zeros in hex":     {strings.Repeat("00", 32), 0o400},
		"hex of the label": {strings.Repeat("41", 32), 0o400},
	} {
		_, err := LoadKEK(keyFile(t, c.content, c.mode))
		if err == nil {
			t.Errorf("%s: loaded", name)
		} else if strings.Contains(err.Error(), kekHex[4:12]) || strings.Contains(err.Error(), "'z'") {
			t.Errorf("%s: the error shows the content", name)
		}
	}
	if _, err := LoadKEK(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := LoadKEK(t.TempDir()); err == nil {
		t.Error("a directory loaded")
	}
}

func TestCreatedKEKIsPrivateLoadableAndNeverOverwritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kek")
	made, err := CreateKEK(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o400 {
		t.Errorf("mode %v, %v; want 0400", info.Mode(), err)
	}
	loaded, err := LoadKEK(path)
	if err != nil || loaded.ID() != made.ID() {
		t.Errorf("loaded %q, %v; want %q", loaded.ID(), err, made.ID())
	}
	if _, err := CreateKEK(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second create: %v, want it to exist", err)
	}
	if again, _ := LoadKEK(path); again.ID() != made.ID() {
		t.Error("the second create changed the file")
	}
	other, err := CreateKEK(path + "2")
	if err != nil || other.ID() == made.ID() {
		t.Errorf("two keys with ID %q, %v", other.ID(), err)
	}
}

func TestSealedKeyOpensOnlyWhereItWasSealed(t *testing.T) {
	t.Parallel()
	old, current := testKEK(t, 7), testKEK(t, 8)
	aad := AAD("8988211000000000012", nil, 1, "kic")
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "key")
		v := New(current, old)
		sealed, id, err := v.Seal(aad, key)
		if err != nil || id != current.ID() {
			t.Fatalf("sealed by %q, %v; want the first, %q", id, err, current.ID())
		}
		opened := false
		if err := New(old, current).Use(id, sealed, aad, func(k []byte) error {
			opened = bytes.Equal(k, key)
			return nil
		}); err != nil || !opened {
			t.Fatalf("opened %v, %v", opened, err)
		}
		never := func([]byte) error { t.Fatal("a wrong key was handed out"); return nil }
		if err := v.Use(id, sealed, AAD("8988211000000000012", nil, 1, "kid"), never); !errors.Is(err, ErrNotAuthentic) {
			t.Fatalf("moved: %v", err)
		}
		changed := bytes.Clone(sealed)
		changed[rapid.IntRange(0, len(sealed)-1).Draw(t, "octet")] ^= 1
		if err := v.Use(id, changed, aad, never); !errors.Is(err, ErrNotAuthentic) {
			t.Fatalf("changed: %v", err)
		}
		if err := v.Use(id, sealed[:rapid.IntRange(0, len(sealed)-1).Draw(t, "cut")], aad, never); !errors.Is(err, ErrNotAuthentic) {
			t.Fatalf("cut: %v", err)
		}
		if err := New(old).Use(id, sealed, aad, never); !errors.Is(err, ErrNoKEK) {
			t.Fatalf("unknown key-encryption key: %v", err)
		}
		if err := v.Use(old.ID(), sealed, aad, never); !errors.Is(err, ErrNotAuthentic) {
			t.Fatalf("other key-encryption key: %v", err)
		}
	})
}

func TestSameKeyNeverSealsAlike(t *testing.T) {
	t.Parallel()
	v := New(testKEK(t, 1))
	a, _, _ := v.Seal("x", []byte("0123456789abcdef"))
	b, _, _ := v.Seal("x", []byte("0123456789abcdef"))
	if bytes.Equal(a, b) {
		t.Error("two seals of one key are equal: the nonce repeats")
	}
}

func TestSealNeedsAKeyAndAKeyEncryptionKey(t *testing.T) {
	t.Parallel()
	if _, _, err := New(KEK{}).Seal("x", []byte{1}); !errors.Is(err, ErrNoKEK) {
		t.Errorf("zero KEK: %v", err)
	}
	if _, _, err := New(testKEK(t, 1)).Seal("x", nil); err == nil {
		t.Error("no key was sealed")
	}
	if err := New().Use("", nil, "", nil); !errors.Is(err, ErrNoKEK) {
		t.Errorf("empty vault: %v", err)
	}
}

func TestKeyIsClearedAfterUse(t *testing.T) {
	t.Parallel()
	v := New(testKEK(t, 1))
	sealed, id, _ := v.Seal("x", []byte("0123456789abcdef"))
	stop := errors.New("stop")
	for name, end := range map[string]func() error{
		"return": func() error { return nil }, "error": func() error { return stop }, "panic": func() error { panic(stop) },
	} {
		var kept []byte
		err := func() (err error) {
			defer func() {
				if r := recover(); r != nil {
					err = stop
				}
			}()
			return v.Use(id, sealed, "x", func(k []byte) error { kept = k; return end() })
		}()
		if (name == "return") != (err == nil) || (err != nil && !errors.Is(err, stop)) {
			t.Errorf("%s: %v", name, err)
		}
		if len(kept) != 16 || !bytes.Equal(kept, make([]byte, 16)) {
			t.Errorf("%s: the key is still there", name)
		}
	}
}

func TestAADIsUnambiguous(t *testing.T) {
	t.Parallel()
	type input struct {
		iccid, domain, kind string
		kvn                 byte
	}
	text := rapid.StringOfN(rapid.RuneFrom([]rune(`1|"\x`)), 0, 4, -1)
	draw := rapid.Custom(func(t *rapid.T) input {
		return input{text.Draw(t, "iccid"), text.Draw(t, "domain"), text.Draw(t, "kind"), byte(rapid.IntRange(1, 15).Draw(t, "kvn"))}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		if (a == b) != (AAD(a.iccid, []byte(a.domain), a.kvn, a.kind) == AAD(b.iccid, []byte(b.domain), b.kvn, b.kind)) {
			t.Fatalf("%q and %q are bound alike", a, b)
		}
	})
	// What is stored is bound to this form for ever.
	if got, want := AAD("8988211", []byte{0xA0, 0x01}, 3, "kic"), `keyset|"8988211"|a001|3|"kic"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCheckValuesMatchKnownOnes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ alg, key, want string }{
		// GlobalPlatform's default test key, and its well-known check value.
		{"3des-2", "404142434445464748494A4B4C4D4E4F", "8BAF47"},
		{"3des-3", "404142434445464748494A4B4C4D4E4F4041424344454647", "8BAF47"},
		{"aes-128", "404142434445464748494A4B4C4D4E4F", "504A77"},
	} {
		got, err := CheckValue(c.alg, unhex(t, c.key))
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.alg, got, err, c.want)
		}
	}
	for alg := range keyLengths {
		n, err := KeyLength(alg)
		if err != nil {
			t.Fatal(err)
		}
		a, err := CheckValue(alg, bytes.Repeat([]byte{0x11}, n))
		if err != nil || len(a) != 6 {
			t.Errorf("%s: %q, %v", alg, a, err)
		}
		if _, err := CheckValue(alg, make([]byte, n-1)); err == nil {
			t.Errorf("%s: a key of %d octets passed", alg, n-1)
		}
	}
	if _, err := CheckValue("des", make([]byte, 8)); err == nil {
		t.Error("single DES passed")
	}
}

func TestNothingPrintsAKey(t *testing.T) {
	t.Parallel()
	k := testKEK(t, 0)
	v := New(k)
	type outer struct {
		Kek   KEK
		inner KEK
		Vault *Vault
		plain Vault
	}
	o := outer{k, k, v, *v}
	for _, x := range []any{k, &k, v, *v, []KEK{k}, map[string]KEK{"k": k}, o, &o} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
			assertNoKey(t, verb, fmt.Sprintf(verb, x))
		}
		j, err := json.Marshal(x)
		if err != nil {
			t.Errorf("%T: %v", x, err)
		}
		assertNoKey(t, "json", string(j))
	}
	for _, s := range []string{k.String(), k.GoString(), v.String(), v.GoString(), fmt.Sprint(k), fmt.Sprintf("%#v", v)} {
		if s != redacted {
			t.Errorf("printed %q", s)
		}
	}
}

// assertNoKey looks for some octets of the key as hex, decimal and Go syntax.
func assertNoKey(t *testing.T, verb, s string) {
	t.Helper()
	for _, leak := range []string{"0b0c0d", "0B0C0D", "11 12 13", "0xb, 0xc", "11,12,13", "\x0b\x0c\x0d", `\v\f\r`, "CwwN"} {
		if strings.Contains(s, leak) {
			t.Errorf("%s shows key material", verb)
		}
	}
}
