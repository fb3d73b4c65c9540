package ota

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var usim = TAR{0xB0, 0x00, 0x11}

func seal(t testing.TB, c Command, ks Keyset) []byte {
	t.Helper()
	b, err := c.Seal(ks, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	aes, des3 := testKeyset(t, AES128), testKeyset(t, TripleDES2)
	k1k1 := mustKey(t, TripleDES2, append([]byte("\x00abcdefg"), "\x01abcdefg"...)) // parity apart
	k1k2k2 := mustKey(t, TripleDES3, []byte("abcdefghijklmnopijklmnop"))
	tests := []struct {
		name   string
		edit   func(c *Command, ks *Keyset)
		ks     Keyset
		want   error
		reason string
	}{
		{"counter of 41 bits", func(c *Command, _ *Keyset) { c.Counter = 1 << 40 }, aes, ErrCounter, "40 bits"},
		{"RC", func(c *Command, _ *Keyset) { c.SPI[0] = 0x15 }, aes, ErrUnsupported, "SPI 1539"},
		{"DS", func(c *Command, _ *Keyset) { c.SPI[0] = 0x17 }, aes, ErrUnsupported, "SPI 1739"},
		{"RC in the answer", func(c *Command, _ *Keyset) { c.SPI[1] = 0x35 }, aes, ErrUnsupported, "SPI 1635"},
		{"reserved SPI1 bit", func(c *Command, _ *Keyset) { c.SPI[0] |= 0x20 }, aes, ErrUnsupported, "SPI 3639"},
		{"reserved SPI2 bit", func(c *Command, _ *Keyset) { c.SPI[1] |= 0x40 }, aes, ErrUnsupported, "SPI 1679"},
		{"reserved PoR mode", func(c *Command, _ *Keyset) { c.SPI[1] |= 0x03 }, aes, ErrUnsupported, "SPI 163B"},
		{"single DES", func(c *Command, _ *Keyset) { c.KIc = 0x11 }, des3, ErrUnsupported, "KIc 11"},
		{"ECB", func(c *Command, _ *Keyset) { c.KIc = 0x1D }, des3, ErrUnsupported, "KIc 1D"},
		{"implicit CC algorithm", func(c *Command, _ *Keyset) { c.KID = 0x10 }, des3, ErrUnsupported, "KID 10"},
		{"KIc of another algorithm", func(c *Command, _ *Keyset) { c.KIc = 0x15 }, aes, ErrKeyset, "KIc is 15"},
		{"KID of another version", func(c *Command, _ *Keyset) { c.KID = 0x22 }, aes, ErrKeyset, "KID is 22"},
		{"no KIc key", func(_ *Command, ks *Keyset) { ks.KIc = Key{} }, aes, ErrKeyset, "no KIc"},
		{"no KID key", func(_ *Command, ks *Keyset) { ks.KID = Key{} }, aes, ErrKeyset, "no KID"},
		{"no KIc key for the answer", func(c *Command, ks *Keyset) { c.SPI[0], ks.KIc = 0x12, Key{} }, aes, ErrKeyset, "no KIc"},
		{"version 0", func(c *Command, ks *Keyset) { c.KIc, c.KID, ks.Version = 0x02, 0x02, 0 }, aes, ErrKeyset, "version 0"},
		{"version 16", func(c *Command, ks *Keyset) { c.KIc, c.KID, ks.Version = 0x02, 0x02, 16 }, aes, ErrKeyset, "version 16"},
		{"CC of 4 with 3DES", func(_ *Command, ks *Keyset) { ks.CCLength = 4 }, des3, ErrKeyset, "4 octets"},
		{"CC of 5", func(_ *Command, ks *Keyset) { ks.CCLength = 5 }, aes, ErrKeyset, "5 octets"},
		{"AES with counter mode 00", func(c *Command, _ *Keyset) { c.SPI[0] = 0x06 }, aes, ErrWeak, "AES"},
		{"AES with counter mode 01", func(c *Command, _ *Keyset) { c.SPI[0] = 0x0E }, aes, ErrWeak, "AES"},
		{"3DES with counter mode 01", func(c *Command, _ *Keyset) { c.SPI[0] = 0x0E }, des3, ErrWeak, "replay"},
		{"two key sets", func(c *Command, _ *Keyset) { c.SPI, c.KIc = SPI{0x12, 0x09}, 0x22 }, aes, ErrWeak, "different key sets"},
		{"K1 = K2 ciphers", func(_ *Command, ks *Keyset) { ks.KIc = k1k1 }, des3, ErrWeak, "KIc"},
		{"K1 = K2 signs", func(_ *Command, ks *Keyset) { ks.KID = k1k1 }, des3, ErrWeak, "KID"},
		{"K2 = K3", func(_ *Command, ks *Keyset) { ks.KIc = k1k2k2 }, testKeyset(t, TripleDES3), ErrWeak, "KIc"},
		{"more data than CPL counts", func(c *Command, _ *Keyset) { c.Data = make([]byte, 0xFFFF-21) }, aes, ErrLength, "65514"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, ks := NewCommand(SPI{0x16, 0x39}, usim, tt.ks, 1, []byte("data")), tt.ks
			tt.edit(&c, &ks)
			b, err := c.Seal(ks, Options{})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.reason) || b != nil {
				t.Errorf("%x, %v; want %v naming %q", b, err, tt.want, tt.reason)
			}
			_, err = c.Seal(ks, Options{AllowWeak: true})
			if allowed := err == nil; allowed != (tt.want == ErrWeak) {
				t.Errorf("with AllowWeak: %v", err)
			}
		})
	}
}

func TestSealNeedsNoKeysForNoSecurity(t *testing.T) {
	t.Parallel()
	c := Command{SPI: SPI{0x10, 0x00}, TAR: usim, Counter: maxCounter, Data: []byte{0x92}}
	want := "000f0d10000000b00011ffffffffff0092"
	if got := seal(t, c, Keyset{}); !bytes.Equal(got, unhex(t, want)) {
		t.Errorf("%x, want %s", got, want)
	}
}

func TestCommandLongestPacketRoundTrips(t *testing.T) {
	t.Parallel()
	ks := testKeyset(t, AES128)
	c := NewCommand(SPI{0x12, 0x09}, usim, ks, 1, make([]byte, 0xFFFF-22))
	packet := seal(t, c, ks)
	if len(packet) != 2+0xFFFF {
		t.Fatalf("%d octets", len(packet))
	}
	if got, err := OpenCommand(packet, ks, Options{}); err != nil || len(got.Data) != len(c.Data) {
		t.Errorf("%d octets of data, %v", len(got.Data), err)
	}
}

func TestOpenCommandRefuses(t *testing.T) {
	t.Parallel()
	ks := testKeyset(t, AES128)
	ciphered := seal(t, NewCommand(SPI{0x16, 0x39}, usim, ks, 1, []byte("data")), ks)
	signed := seal(t, NewCommand(SPI{0x12, 0x09}, usim, ks, 1, []byte("data")), ks)
	plain := seal(t, NewCommand(SPI{0x10, 0x01}, usim, ks, 1, []byte("data")), ks)
	edit := func(packet []byte, at int, v byte) []byte {
		b := slices.Clone(packet)
		b[at] = v
		return b
	}
	short := slices.Concat(ciphered[:2], ciphered[2:len(ciphered)-1])
	short[1]--
	tests := []struct {
		name   string
		packet []byte
		want   error
	}{
		{"nothing", nil, ErrLength},
		{"15 octets", plain[:15], ErrLength},
		{"CPL too small", edit(signed, 1, signed[1]-1), ErrLength},
		{"CPL too large", edit(signed, 0, 1), ErrLength},
		{"trailing octet", append(slices.Clone(signed), 0), ErrLength},
		{"CHL below the minimum", edit(signed, 2, 12), ErrLength},
		{"CHL beyond the packet", edit(signed, 2, 200), ErrLength},
		{"CHL without the CC", edit(signed, 2, 13), ErrLength},
		{"CHL of a short CC", edit(signed, 2, 17), ErrLength},
		{"broken block", short, ErrLength},
		{"changed TAR", edit(signed, 9, 0x12), ErrCheckFailed},
		{"changed counter", edit(signed, 14, 2), ErrCheckFailed},
		{"changed PCNTR", edit(signed, 15, 1), ErrCheckFailed},
		{"changed CC", edit(signed, 16, signed[16]^1), ErrCheckFailed},
		{"changed data", edit(signed, len(signed)-1, 0), ErrCheckFailed},
		{"changed cipher text", edit(ciphered, 12, ciphered[12]^1), ErrCheckFailed},
		{"padding beyond the data", edit(plain, 15, 5), ErrPadding},
		{"reserved SPI bits", edit(signed, 3, 0x92), ErrUnsupported},
		{"another key version", edit(signed, 6, 0x22), ErrKeyset},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := slices.Clone(tt.packet)
			c, err := OpenCommand(tt.packet, ks, Options{})
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if diff := cmp.Diff(Command{}, c); diff != "" {
				t.Errorf("a refused command leaks:\n%s", diff)
			}
			if !bytes.Equal(before, tt.packet) {
				t.Error("the packet was changed")
			}
		})
	}
}

func TestParseHeaderNeedsNoKey(t *testing.T) {
	t.Parallel()
	ks := testKeyset(t, TripleDES3)
	h, err := ParseHeader(seal(t, NewCommand(SPI{0x16, 0x39}, usim, ks, 7, nil), ks))
	if want := (Header{SPI{0x16, 0x39}, 0x19, 0x19, usim}); err != nil || h != want {
		t.Errorf("%+v, %v; want %+v", h, err, want)
	}
}

func TestMaxDataIsTheEdge(t *testing.T) {
	t.Parallel()
	des3, aes := testKeyset(t, TripleDES2), testKeyset(t, AES256)
	short := aes
	short.CCLength = 4
	tests := []struct {
		name string
		spi  SPI
		ks   Keyset
		want map[int]int
	}{
		{"nothing", SPI{0x10, 0}, des3, map[int]int{1: 121}},
		{"CC", SPI{0x12, 0x09}, aes, map[int]int{1: 113, 2: 242, 3: 376}},
		{"CC of 4", SPI{0x12, 0x09}, short, map[int]int{1: 117}},
		{"CC and 3DES", SPI{0x16, 0x39}, des3, map[int]int{1: 106, 2: 242, 3: 370, 4: 506, 5: 642}},
		{"CC and AES", SPI{0x16, 0x39}, aes, map[int]int{1: 98, 2: 242, 3: 370, 4: 498, 5: 642, 0: 0, -1: 0, 256: 0}},
		{"RC", SPI{0x11, 0}, des3, map[int]int{1: 0}},
		{"no keys", SPI{0x16, 0}, Keyset{}, map[int]int{1: 0}},
	}
	for _, tt := range tests {
		for parts, want := range tt.want {
			got := MaxData(tt.spi, tt.ks, parts)
			if got != want {
				t.Errorf("%s, %d parts: %d octets, want %d", tt.name, parts, got, want)
			}
			if got == 0 {
				continue
			}
			room := 137
			if parts > 1 {
				room = 132 + 134*(parts-1)
			}
			fits := seal(t, NewCommand(tt.spi, usim, tt.ks, 1, make([]byte, got)), tt.ks)
			over := seal(t, NewCommand(tt.spi, usim, tt.ks, 1, make([]byte, got+1)), tt.ks)
			if len(fits) > room || len(over) <= room {
				t.Errorf("%s, %d parts: %d octets of data make %d, one more makes %d; room is %d", tt.name, parts, got, len(fits), len(over), room)
			}
		}
	}
}

func drawKeyset(t *rapid.T) Keyset {
	draw := func(label string) Key {
		alg := Algorithm(rapid.IntRange(int(TripleDES2), int(AES256)).Draw(t, label))
		raw := rapid.SliceOfN(rapid.Byte(), alg.KeyLength(), alg.KeyLength()).Draw(t, label+" key")
		k, err := NewKey(alg, raw)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	ks := Keyset{Version: rapid.ByteRange(1, 15).Draw(t, "version"), KIc: draw("KIc"), KID: draw("KID")}
	if ks.KID.Algorithm() >= AES128 && rapid.Bool().Draw(t, "short CC") {
		ks.CCLength = 4
	}
	return ks
}

func drawSPI(t *rapid.T) SPI {
	check := func(label string) byte { return byte(rapid.SampledFrom([]Check{NoCheck, CC}).Draw(t, label)) }
	bits := rapid.Byte().Draw(t, "SPI")
	return SPI{bits&0x1C | check("check"), bits>>2&0x30 | check("PoR check")<<2 | byte(rapid.IntRange(0, 2).Draw(t, "PoR"))}
}

func TestCommandRoundTripsAndAuthenticates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ks, spi := drawKeyset(t), drawSPI(t)
		c := NewCommand(spi, TAR(rapid.SliceOfN(rapid.Byte(), 3, 3).Draw(t, "TAR")), ks,
			rapid.Uint64Range(0, maxCounter).Draw(t, "counter"), rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data"))
		before := slices.Clone(c.Data)
		packet, err := c.Seal(ks, Options{AllowWeak: true})
		if err != nil {
			t.Fatal(err)
		}
		if int(binary.BigEndian.Uint16(packet)) != len(packet)-2 || !bytes.Equal(before, c.Data) {
			t.Fatalf("packet %x, data %x", packet, c.Data)
		}
		got, err := OpenCommand(packet, ks, Options{AllowWeak: true})
		if diff := cmp.Diff(c, got); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
		if spi.Check() == CC {
			packet[rapid.IntRange(0, len(packet)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			if got, err := OpenCommand(packet, ks, Options{AllowWeak: true}); err == nil && got.SPI.Check() == CC {
				t.Fatalf("a changed packet opens as %+v", got)
			}
		}
	})
}
