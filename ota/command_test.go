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

func sealWeak(t testing.TB, c Command, ks Keyset) []byte {
	t.Helper()
	b, err := c.Seal(ks, Options{AllowWeak: true})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	aes, des3, des, ecb := testKeyset(t, AES128), testKeyset(t, TripleDES2), testKeyset(t, DES), testKeyset(t, DESECB)
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
		{"RC with a KID that names none", func(c *Command, _ *Keyset) { c.SPI[0] = 0x15 }, aes, ErrUnsupported, "KID 12"},
		{"CRC-16 with a keyset of CRC-32", func(c *Command, _ *Keyset) { c.SPI, c.KID = SPI{0x15, 0}, 0x11 }, aes, ErrKeyset, "KID 11"},
		{"RC of another version, signed answer", func(c *Command, _ *Keyset) { c.SPI[0], c.KID = 0x15, 0x25 }, aes, ErrWeak, "different key sets"},
		{"CRC of 3", func(c *Command, ks *Keyset) { c.SPI, c.KID, ks.CRC = SPI{0x11, 0}, 0x15, 3 }, aes, ErrKeyset, "3 octets"},
		{"DS", func(c *Command, _ *Keyset) { c.SPI[0] = 0x17 }, aes, ErrUnsupported, "SPI 1739"},
		{"DS in the answer", func(c *Command, _ *Keyset) { c.SPI[1] = 0x3D }, aes, ErrUnsupported, "SPI 163D"},
		{"reserved SPI1 bit", func(c *Command, _ *Keyset) { c.SPI[0] |= 0x20 }, aes, ErrUnsupported, "SPI 3639"},
		{"reserved SPI2 bit", func(c *Command, _ *Keyset) { c.SPI[1] |= 0x40 }, aes, ErrUnsupported, "SPI 1679"},
		{"reserved PoR mode", func(c *Command, _ *Keyset) { c.SPI[1] |= 0x03 }, aes, ErrUnsupported, "SPI 163B"},
		{"DES octet for a 3DES key", func(c *Command, _ *Keyset) { c.KIc = 0x11 }, des3, ErrKeyset, "KIc is 11"},
		{"ECB octet for a DES key", func(c *Command, _ *Keyset) { c.KIc = 0x1D }, des, ErrKeyset, "KIc is 1D"},
		{"KID of ECB", func(c *Command, _ *Keyset) { c.KID = 0x1D }, des, ErrUnsupported, "KID 1D"},
		{"ECB signs the answer", func(c *Command, ks *Keyset) { c.SPI, c.KID, ks.KID = SPI{0x15, 0x39}, 0x15, ecb.KIc }, des, ErrKeyset, "des-ecb"},
		{"proprietary algorithm", func(c *Command, _ *Keyset) { c.KIc = 0x13 }, des3, ErrUnsupported, "KIc 13"},
		{"implicit CC algorithm", func(c *Command, _ *Keyset) { c.KID = 0x10 }, des3, ErrUnsupported, "KID 10"},
		{"KIc of another algorithm", func(c *Command, _ *Keyset) { c.KIc = 0x15 }, aes, ErrKeyset, "KIc is 15"},
		{"KID of another version", func(c *Command, _ *Keyset) { c.KID = 0x22 }, aes, ErrWeak, "different key sets"},
		{"both of another version", func(c *Command, _ *Keyset) { c.KIc, c.KID = 0x22, 0x22 }, aes, ErrKeyset, "KIc is 22"},
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
		{"no check", func(c *Command, _ *Keyset) { c.SPI[0] = 0x14 }, des3, ErrWeak, "no integrity check"},
		{"only RC", func(c *Command, _ *Keyset) { c.SPI, c.KID = SPI{0x15, 0}, 0x15 }, des3, ErrWeak, "redundancy check"},
		{"single DES", func(*Command, *Keyset) {}, des, ErrWeak, "KIc key of version 1 is single DES"},
		{"ECB", func(*Command, *Keyset) {}, ecb, ErrWeak, "KIc key of version 1 is single DES"},
		{"single DES signs", func(c *Command, _ *Keyset) { c.SPI = SPI{0x12, 0x09} }, des, ErrWeak, "KID key of version 1 is single DES"},
		{"single DES for the answer", func(c *Command, ks *Keyset) { c.SPI[0], ks.KID, c.KID = 0x12, des3.KID, 0x15 }, des, ErrWeak, "KIc key"},
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
	if got, err := c.Seal(Keyset{}, Options{AllowWeak: true}); err != nil || !bytes.Equal(got, unhex(t, want)) {
		t.Errorf("%x, %v; want %s", got, err, want)
	}
}

func TestAppendPacketKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	for alg := DES; alg <= AES256; alg++ {
		ks := testKeyset(t, alg)
		c := NewCommand(SPI{0x16, 0x39}, usim, ks, 1, []byte("data"))
		want := append([]byte("before"), sealWeak(t, c, ks)...)
		for _, room := range []int{0, 10, 200} {
			dst := append(make([]byte, 0, 6+room), "before"...)
			got, err := c.AppendPacket(dst, ks, Options{AllowWeak: true})
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, room for %d: %x, %v; want %x", alg, room, got, err, want)
			}
			if spare := got[len(got):cap(got)]; bytes.ContainsFunc(spare, func(r rune) bool { return r != 0 }) {
				t.Errorf("%s: the checksum is left behind the packet: %x", alg, spare)
			}
		}
	}
}

// TestAllocations holds the budget of the hot path: the packet and nothing else.
func TestAllocations(t *testing.T) {
	for alg := DES; alg <= AES256; alg++ {
		ks, buf := testKeyset(t, alg), make([]byte, 0, 256)
		c := NewCommand(SPI{0x16, 0x39}, usim, ks, 1, make([]byte, 100))
		packet := sealWeak(t, c, ks)
		por, err := Response{TAR: usim, Data: make([]byte, 100)}.Seal(c.SPI, ks)
		if err != nil {
			t.Fatal(err)
		}
		for name, run := range map[string]struct {
			most float64
			do   func() error
		}{
			"AppendPacket": {0, func() error { return second(c.AppendPacket(buf, ks, Options{AllowWeak: true})) }},
			"Seal":         {1, func() error { return second(c.Seal(ks, Options{AllowWeak: true})) }},
			"OpenCommand":  {1, func() error { return second(OpenCommand(packet, ks, Options{AllowWeak: true})) }},
			"OpenResponse": {1, func() error { return second(OpenResponse(por, c.SPI, ks, Options{AllowWeak: true})) }},
		} {
			got := testing.AllocsPerRun(20, func() {
				if err := run.do(); err != nil {
					t.Error(err)
				}
			})
			if got > run.most {
				t.Errorf("%s, %s: %.0f allocations, at most %.0f", alg, name, got, run.most)
			}
		}
	}
}

func second[A any](_ A, err error) error { return err }

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
	plain := sealWeak(t, NewCommand(SPI{0x10, 0x01}, usim, ks, 1, []byte("data")), ks)
	crc := sealWeak(t, NewCommand(SPI{0x11, 0x01}, usim, ks, 1, []byte("data")), ks)
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
		{"RC changed data", edit(crc, len(crc)-1, 0), ErrCheckFailed},
		{"RC of the other length", edit(crc, 6, 0x11), ErrLength},
		{"RC of no known CRC", edit(crc, 6, 0x12), ErrUnsupported},
		{"DS", edit(signed, 3, 0x13), ErrUnsupported},
		{"reserved SPI bits", edit(signed, 3, 0x92), ErrUnsupported},
		{"another KID version", edit(signed, 6, 0x22), ErrCheckFailed},
		{"another key version", edit(edit(signed, 6, 0x22), 5, 0x22), ErrKeyset},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := slices.Clone(tt.packet)
			c, err := OpenCommand(tt.packet, ks, Options{AllowWeak: true})
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

func TestMaxDataOfUsualPackets(t *testing.T) {
	t.Parallel()
	des3, aes := testKeyset(t, TripleDES2), testKeyset(t, AES256)
	short, crc16 := aes, des3
	short.CCLength, crc16.CRC = 4, 2
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
		{"CRC-32", SPI{0x11, 0}, des3, map[int]int{1: 117}},
		{"CRC-16", SPI{0x11, 0}, crc16, map[int]int{1: 119}},
		{"CRC-16 and 3DES", SPI{0x15, 0}, crc16, map[int]int{1: 112}},
		{"DS", SPI{0x13, 0}, des3, map[int]int{1: 0}},
		{"DS in the answer", SPI{0x12, 0x0D}, des3, map[int]int{1: 0}},
		{"no keys", SPI{0x16, 0}, Keyset{}, map[int]int{1: 0}},
		{"no keys for the answer", SPI{0x10, 0x39}, Keyset{Version: 1}, map[int]int{1: 0}},
	}
	for _, tt := range tests {
		for parts, want := range tt.want {
			if got := MaxData(tt.spi, tt.ks, parts); got != want {
				t.Errorf("%s, %d parts: %d octets, want %d", tt.name, parts, got, want)
			}
		}
	}
}

// everySPI is all that is supported: 3 checks, ciphered or not, 4 counter modes, and as much for the answer.
func everySPI() (all []SPI) {
	for i := range 1 << 11 {
		spi := SPI{byte(i & 0x1F), byte(i >> 5)}
		if spi.Check() != DS && spi.PoRCheck() != DS && spi.PoR() <= PoROnError {
			all = append(all, spi)
		}
	}
	return all
}

// everyKeyset has each algorithm, each length of CC and CRC.
func everyKeyset(t testing.TB) (all []Keyset) {
	for alg := DES; alg <= AES256; alg++ {
		ks := testKeyset(t, alg)
		all = append(all, ks)
		ks.CRC = 2
		if alg.isAES() {
			ks.CCLength = 4
		}
		all = append(all, ks)
	}
	return all
}

func TestEveryCombinationOpensAgain(t *testing.T) {
	t.Parallel()
	spis := everySPI()
	if len(spis) != 864 {
		t.Fatalf("%d SPIs, want 864", len(spis))
	}
	allow := Options{AllowWeak: true}
	for i, ks := range everyKeyset(t) {
		for _, spi := range spis {
			c := NewCommand(spi, usim, ks, 1<<39+7, []byte("some secured data")[:i])
			packet := sealWeak(t, c, ks)
			got, err := OpenCommand(packet, ks, allow)
			if diff := cmp.Diff(c, got); err != nil || diff != "" {
				t.Fatalf("SPI %s, %s, command: %v\n%s", spi, ks.KIc.Algorithm(), err, diff)
			}
			_, err = c.Seal(ks, Options{})
			if weak := spi.Check() != CC || !spi.ReplayDetected() || usesDES(spi, ks); errors.Is(err, ErrWeak) != weak {
				t.Fatalf("SPI %s, %s: %v, weak %v", spi, ks.KIc.Algorithm(), err, weak)
			}
			r := Response{TAR: usim, Counter: c.Counter, Status: StatusMoreTime, Data: c.Data, Authenticated: spi.PoRCheck() == CC}
			if packet, err = r.Seal(spi, ks); err != nil {
				t.Fatal(err)
			}
			answer, err := OpenResponse(packet, spi, ks, allow)
			if diff := cmp.Diff(r, answer); err != nil || diff != "" {
				t.Fatalf("SPI %s, %s, response: %v\n%s", spi, ks.KIc.Algorithm(), err, diff)
			}
		}
	}
}

func usesDES(spi SPI, ks Keyset) bool {
	asked := spi.PoR() != PoRNone
	return ks.KIc.Algorithm() <= DESECB && (spi.Ciphered() || spi.Check() == CC || asked && (spi.PoRCiphered() || spi.PoRCheck() == CC))
}

func TestMaxDataIsTheEdgeForEveryCombination(t *testing.T) {
	t.Parallel()
	for _, ks := range everyKeyset(t) {
		for _, spi := range everySPI() {
			if spi.CounterMode() != CounterHigher || spi.PoR() != PoRNone || spi[1] != 0 {
				continue // they change no length
			}
			for parts, room := range map[int]int{1: 137, 2: 266, 3: 400, 4: 534} {
				n := MaxData(spi, ks, parts)
				fits := sealWeak(t, NewCommand(spi, usim, ks, 1, make([]byte, n)), ks)
				over := sealWeak(t, NewCommand(spi, usim, ks, 1, make([]byte, n+1)), ks)
				if len(fits) > room || len(over) <= room {
					t.Errorf("SPI %s, %s, %d parts: %d octets of data make %d, one more makes %d; room is %d", spi, ks.KIc.Algorithm(), parts, n, len(fits), len(over), room)
				}
			}
		}
	}
}

func drawKeyset(t *rapid.T) Keyset {
	draw := func(label string, algorithms ...Algorithm) Key {
		alg := rapid.SampledFrom(algorithms).Draw(t, label)
		raw := rapid.SliceOfN(rapid.Byte(), alg.KeyLength(), alg.KeyLength()).Draw(t, label+" key")
		k, err := NewKey(alg, raw)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	ks := Keyset{
		Version: rapid.ByteRange(1, 15).Draw(t, "version"),
		KIc:     draw("KIc", DES, DESECB, TripleDES2, TripleDES3, AES128, AES192, AES256),
		KID:     draw("KID", DES, TripleDES2, TripleDES3, AES128, AES192, AES256),
		CRC:     rapid.SampledFrom([]int{0, 2, 4}).Draw(t, "CRC"),
	}
	if ks.KID.Algorithm() >= AES128 && rapid.Bool().Draw(t, "short CC") {
		ks.CCLength = 4
	}
	return ks
}

func drawSPI(t *rapid.T) SPI {
	check := func(label string) byte { return byte(rapid.SampledFrom([]Check{NoCheck, RC, CC}).Draw(t, label)) }
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
