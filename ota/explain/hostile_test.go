package explain_test

import (
	"bytes"
	"crypto/cipher"
	"crypto/des"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/explain"
)

// tripleDES is the cipher of the examples' keys, K1 K2 K1.
func tripleDES(from byte) cipher.Block {
	k := seq(from, 16)
	return must(des.NewTripleDESCipher(concat(k, k[:8])))
}

// cbcMAC is the checksum of the examples' KID.
func cbcMAC(b []byte) []byte {
	b = append(b, make([]byte, (8-len(b)%8)%8)...)
	out := make([]byte, len(b))
	cipher.NewCBCEncrypter(tripleDES(0x40), make([]byte, 8)).CryptBlocks(out, b)
	return out[len(out)-8:]
}

func cbc(b []byte) []byte {
	out := make([]byte, len(b))
	cipher.NewCBCEncrypter(tripleDES(0x10), make([]byte, 8)).CryptBlocks(out, b)
	return out
}

// size counts the nodes of a tree and how deep it is.
func size(n *explain.Node) (nodes, depth int) {
	nodes = 1
	for _, c := range n.Children {
		m, d := size(c)
		nodes += m
		depth = max(depth, d)
	}
	return nodes, depth + 1
}

func check(t *testing.T, b []byte, o explain.Options) {
	t.Helper()
	r, err := explain.Decode(b, o)
	if len(b) == 0 || len(b) > explain.MaxOctets {
		if !errors.Is(err, explain.ErrLength) {
			t.Fatalf("%d octets: %v", len(b), err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if nodes, depth := size(r.Root); nodes > 5001 || depth > 64 {
		t.Fatalf("%d nodes, %d deep", nodes, depth)
	}
	if err := r.Text(io.Discard, true); err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Fatal(err)
	}
}

func FuzzDecode(f *testing.F) {
	for i, e := range examples(f) {
		f.Add(e.octets, byte(i))
		f.Add(e.octets[:len(e.octets)/2], byte(0))
	}
	keys := explain.Options{Keysets: []ota.Keyset{des3, aes1, {KIc: des3.KIc}, {}}}
	f.Fuzz(func(t *testing.T, b []byte, as byte) {
		check(t, b, keys)
		kinds := explain.Kinds()
		o := keys
		o.As = kinds[int(as)%len(kinds)]
		check(t, b, o)
		o.SPI = &ota.SPI{as, as}
		check(t, b, o)
	})
}

func FuzzOctets(f *testing.F) {
	for _, s := range []string{"", "0", "0x00", "0000  00 01\n0002  02", "00000000: 0001 0203  ....", "a\xff", "0000 \n0000 ", "ffffffff: 00\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if b, err := explain.Octets(s); err == nil && len(b) == 0 {
			t.Fatal("no octets and no error")
		}
	})
}

func TestEveryKindDrawsEveryExampleAndEveryStumpOfIt(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		for n := range e.octets {
			check(t, e.octets[:n], e.o)
		}
		for _, k := range explain.Kinds() {
			o := e.o
			o.As = k
			check(t, e.octets, o)
			check(t, e.octets[:1], o)
			check(t, e.octets[:len(e.octets)-1], o)
		}
	}
}

func TestHostileOctetsCostBoundedWork(t *testing.T) {
	t.Parallel()
	nest := []byte{}
	for range 200 {
		nest = concat([]byte{0xE1, 0x82, byte((len(nest) + 2) >> 8), byte(len(nest) + 2)}, nest, []byte{0x05, 0x00})
	}
	for _, b := range [][]byte{
		bytes.Repeat([]byte{0x00}, explain.MaxOctets), bytes.Repeat([]byte{0xFF}, explain.MaxOctets), bytes.Repeat([]byte{0xE1, 0x00}, explain.MaxOctets/2),
		bytes.Repeat(unhex(t, "00A4000000"), explain.MaxOctets/5), bytes.Repeat(unhex(t, "00000010000000150000000000000001"), explain.MaxOctets/16),
		bytes.Repeat(unhex(t, "0500030102010A"), 9000), nest, bytes.Repeat([]byte("id:1 stat:DELIVRD "), 3000),
		concat(unhex(t, "0000FFFF00000005000000000000000100000000000000000000000000000000"), bytes.Repeat([]byte{4, 0x24, 0, 0}, 16000)),
		bytes.Repeat([]byte{1}, explain.MaxOctets+1), {},
	} {
		check(t, b, explain.Options{Keysets: []ota.Keyset{des3, aes1}})
		for _, k := range explain.Kinds() {
			check(t, b, explain.Options{As: k})
		}
	}
}

func TestUnknownKindIsRefusedWithTheKnownOnes(t *testing.T) {
	t.Parallel()
	_, err := explain.Decode([]byte{1}, explain.Options{As: "letter"})
	if !errors.Is(err, explain.ErrKind) || !strings.Contains(err.Error(), "script-response") {
		t.Error(err)
	}
}

func TestOctetsAreReadAsPeoplePasteThem(t *testing.T) {
	t.Parallel()
	const want = "\x02\x70\x00\x00\x0fabcdefghijklmn"
	for name, text := range map[string]string{
		"plain": "027000000F6162636465666768696a6b6c6d6e", "spaced": "02 70 00 00 0f 61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e\n",
		"colons": "02:70:00:00:0F:61:62:63:64:65:66:67:68:69:6A:6B:6C:6D:6E", "lines": "0270\n0000\r\n0f6162636465666768696a\n6b6c6d6e",
		"C array":    "{0x02, 0x70, 0x00, 0x00, 0x0f, 0x61,0x62,0x63,0x64,0x65,0x66,0x67,0x68,0x69,0x6a,0x6b,0x6c,0x6d,0x6e};",
		"string":     `"\x02\x70\x00\x00\x0f\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e"`,
		"json":       `"027000000f6162636465666768696a6b6c6d6e",`,
		"prefix":     "0x027000000f6162636465666768696a6b6c6d6e",
		"wireshark":  "0000   02 70 00 00 0f 61 62 63 64 65 66 67 68 69 6a 6b   .p...abcdefghijk\n0010   6c 6d 6e                                          lmn\n",
		"gap":        "0000  02 70 00 00 0f 61 62 63  64 65 66 67 68 69 6a 6b   .p...abcdefghijk\n0010  6c 6d 6e   lmn",
		"xxd":        "00000000: 0270 0000 0f61 6263 6465 6667 6869 6a6b  .p...abcdefghijk\n00000010: 6c6d 6e                                  lmn\n",
		"hexdump -C": "00000000  02 70 00 00 0f 61 62 63  64 65 66 67 68 69 6a 6b  |.p...abcdefghijk|\n00000010  6c 6d 6e                                          |lmn|\n00000013\n",
		"offsets":    "0000 02 70 00 00 0f 61 62 63\n0008 64 65 66 67 68 69 6a 6b\n0010 6c 6d 6e\n",
		"one line":   "0000: 02 70 00 00 0f 61 62 63 64 65 66 67 68 69 6a 6b",
	} {
		b, err := explain.Octets(text)
		wanted := want
		if name == "one line" {
			wanted = want[:16]
		}
		if err != nil || string(b) != wanted {
			t.Errorf("%s: %X, %v", name, b, err)
		}
	}
	for text, want := range map[string]string{"": "empty", "123": "3 hex digits", "0x12 zz": `"z" after 2 digits`, "0270 00G0": `'G'`} {
		if _, err := explain.Octets(text); !errors.Is(err, explain.ErrHex) || !strings.Contains(strings.ReplaceAll(err.Error(), "'z'", `"z"`), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
