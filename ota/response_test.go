package ota

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func sealUnsecured(t testing.TB, r Response) []byte {
	t.Helper()
	b, err := r.SealUnsecured()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestClearErrorIsReadButNotAuthenticated(t *testing.T) {
	t.Parallel()
	ks := testKeyset(t, AES128)
	for _, spi := range []SPI{{0x16, 0x39}, {0x16, 0x31}, {0x16, 0x29}} { // ciphered CC, ciphered, CC
		for _, status := range []Status{StatusCounterLow, StatusSecurityError, StatusInsufficientSecurity, StatusResponseBySubmit, 0xC1} {
			want := Response{TAR: usim, Status: status, Data: []byte{}}
			got, err := OpenResponse(sealUnsecured(t, want), spi, ks, Options{})
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("SPI %s, status %02X: %v\n%s", spi, byte(status), err, diff)
			}
		}
	}
}

func TestClearSuccessIsRefusedWhereSecurityWasAsked(t *testing.T) {
	t.Parallel()
	ks := testKeyset(t, TripleDES2)
	ok := sealUnsecured(t, Response{TAR: usim, Counter: 1, Data: []byte{0x01, 0x90, 0x00}})
	for _, spi := range []SPI{{0x16, 0x39}, {0x16, 0x31}, {0x16, 0x29}} {
		if got, err := OpenResponse(ok, spi, ks, Options{}); !errors.Is(err, ErrUnsecured) {
			t.Errorf("SPI %s: %+v, %v; want ErrUnsecured", spi, got, err)
		}
	}
	if got, err := OpenResponse(ok, SPI{0x16, 0x21}, ks, Options{}); err != nil || got.Authenticated || got.Status != StatusOK {
		t.Errorf("SPI 1621 asks for nothing: %+v, %v", got, err)
	}
}

func TestCipheringAloneDoesNotAuthenticate(t *testing.T) {
	t.Parallel()
	ks, spi := testKeyset(t, AES128), SPI{0x16, 0x31}
	want := Response{TAR: usim, Counter: 5, Data: []byte{0x01, 0x90, 0x00}}
	packet, err := want.Seal(spi, ks)
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenResponse(packet, spi, ks, Options{})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestClearResponseTakesOnlyClearOnes(t *testing.T) {
	t.Parallel()
	want := Response{TAR: usim, Counter: 9, Status: StatusTARUnknown, Data: []byte{1}}
	packet := sealUnsecured(t, want)
	got, ok := ClearResponse(packet)
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("%v\n%s", ok, diff)
	}
	for name, at := range map[string]struct {
		i int
		v byte
	}{"RPL": {1, 1}, "RHL": {2, 0x0B}, "PCNTR": {11, 1}, "reserved status": {12, 0x0D}} {
		b := slices.Clone(packet)
		b[at.i] = at.v
		if got, ok := ClearResponse(b); ok {
			t.Errorf("%s changed: %+v", name, got)
		}
	}
	ks := testKeyset(t, AES128)
	secured, err := want.Seal(SPI{0x16, 0x39}, ks)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := ClearResponse(secured); ok {
		t.Errorf("a secured response reads as %+v", got)
	}
}

func TestOpenResponseRefuses(t *testing.T) {
	t.Parallel()
	ks, spi := testKeyset(t, AES128), SPI{0x16, 0x29}
	signed, err := Response{TAR: usim, Counter: 1, Data: []byte{1, 0x90, 0}}.Seal(spi, ks)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(at int, v byte) []byte {
		b := slices.Clone(signed)
		b[at] = v
		return b
	}
	weak := ks
	weak.CCLength = 4
	tests := []struct {
		name   string
		packet []byte
		spi    SPI
		ks     Keyset
		want   error
	}{
		{"nothing", nil, spi, ks, ErrLength},
		{"12 octets", signed[:12], spi, ks, ErrLength},
		{"trailing octet", append(slices.Clone(signed), 0), spi, ks, ErrLength},
		{"RHL too small", edit(2, 0x0B), spi, ks, ErrLength},
		{"CC of the other length", signed, spi, weak, ErrLength},
		{"PCNTR beyond the data", edit(11, 0xFF), spi, ks, ErrCheckFailed},
		{"changed status", edit(12, 1), spi, ks, ErrCheckFailed},
		{"SPI without CC", signed, SPI{0x16, 0x21}, ks, ErrLength},
		{"RC where a CC came", signed, SPI{0x16, 0x25}, ks, ErrLength},
		{"DS", signed, SPI{0x16, 0x2D}, ks, ErrUnsupported},
		{"reserved SPI bits", signed, SPI{0x16, 0xA9}, ks, ErrUnsupported},
		{"no key", signed, spi, Keyset{Version: 1}, ErrKeyset},
		{"no replay detection", signed, SPI{0x06, 0x29}, ks, ErrWeak},
		{"clear success in whole blocks", append([]byte{0, 0x14, 0x0A, 0xB0, 0, 0x11}, make([]byte, 16)...), SPI{0x16, 0x31}, ks, ErrUnsecured},
	}
	for _, tt := range tests {
		got, err := OpenResponse(tt.packet, tt.spi, tt.ks, Options{})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
		if diff := cmp.Diff(Response{}, got); diff != "" {
			t.Errorf("%s: a refused response leaks:\n%s", tt.name, diff)
		}
	}
}

func TestPaddingCounterIsCheckedBehindTheChecksum(t *testing.T) {
	t.Parallel()
	// An authentic response whose PCNTR exceeds its data: no data must come of it, and no success.
	ks, spi := testKeyset(t, TripleDES2), SPI{0x16, 0x29}
	p, err := ks.protect(false, CC)
	if err != nil {
		t.Fatal(err)
	}
	b := append(make([]byte, 0, 64), 0x02, 0x71, 0x00, 0x00, 0x14, 0x12, 0xB0, 0x00, 0x11, 0, 0, 0, 0, 1, 2, 0)
	b = append(append(b, make([]byte, 8)...), 0xAA)
	p.seal(b, responseClear)
	packet := b[responsePrefix:]
	if got, err := OpenResponse(packet, spi, ks, Options{}); !errors.Is(err, ErrPadding) {
		t.Errorf("%+v, %v; want ErrPadding", got, err)
	}
}

// The checks are those of zlib and of a CRC-16 in another language, over 02 71 00 and all but themselves.
func TestResponseWithRedundancyCheckBothWays(t *testing.T) {
	t.Parallel()
	want := Response{TAR: usim, Counter: 1, Data: []byte{0x01, 0x90, 0x00}}
	for crc, packet := range map[int]string{2: "00100cb00011000000000100008a4b019000", 4: "00120eb0001100000000010000dc4d76d2019000"} {
		ks := Keyset{CRC: crc}
		sealed, err := want.Seal(SPI{0x11, 0x25}, ks)
		if got := hex.EncodeToString(sealed); err != nil || got != packet {
			t.Errorf("CRC of %d: %s, %v; want %s", crc, got, err, packet)
		}
		got, err := OpenResponse(unhex(t, packet), SPI{0x11, 0x25}, ks, Options{AllowWeak: true})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("CRC of %d: %v\n%s", crc, err, diff)
		}
		if _, err := OpenResponse(unhex(t, packet), SPI{0x11, 0x25}, Keyset{CRC: 6 - crc}, Options{AllowWeak: true}); !errors.Is(err, ErrLength) {
			t.Errorf("CRC of %d read as the other: %v, want ErrLength", crc, err)
		}
		sealed[len(sealed)-1] ^= 1
		if _, err := OpenResponse(sealed, SPI{0x11, 0x25}, ks, Options{AllowWeak: true}); !errors.Is(err, ErrCheckFailed) {
			t.Errorf("CRC of %d, changed: %v, want ErrCheckFailed", crc, err)
		}
	}
}

// An uncounted PCNTR may pass only under a CC.
func TestPaddingWithoutCipheringNeedsAProof(t *testing.T) {
	t.Parallel()
	ks := testKeyset(t, AES128)
	for spi2, want := range map[byte]error{0x21: ErrPadding, 0x25: ErrPadding, 0x29: nil} {
		spi := SPI{0x16, spi2}
		p, err := ks.answer(spi)
		if err != nil {
			t.Fatal(err)
		}
		b := append(make([]byte, 0, 64), 0x02, 0x71, 0x00, 0x00, byte(0x0E+p.checkLen), byte(responseRHL+p.checkLen), 0xB0, 0x00, 0x11, 0, 0, 0, 0, 1, 2, 0)
		b = append(append(b, make([]byte, p.checkLen)...), 0xAA, 0x00, 0x00)
		p.seal(b, responseClear)
		got, err := OpenResponse(b[responsePrefix:], spi, ks, Options{})
		if !errors.Is(err, want) || err == nil && !bytes.Equal(got.Data, []byte{0xAA}) {
			t.Errorf("SPI %s: %+v, %v; want %v", spi, got, err, want)
		}
	}
}

func TestResponseSealRefuses(t *testing.T) {
	t.Parallel()
	ks := testKeyset(t, AES128)
	tests := []struct {
		name string
		r    Response
		spi  SPI
		ks   Keyset
		want error
	}{
		{"counter of 41 bits", Response{Counter: 1 << 40}, SPI{0x16, 0x39}, ks, ErrCounter},
		{"DS", Response{}, SPI{0x16, 0x3D}, ks, ErrUnsupported},
		{"no keys", Response{}, SPI{0x16, 0x39}, Keyset{Version: 1}, ErrKeyset},
		{"more data than RPL counts", Response{Data: make([]byte, 0xFFFF)}, SPI{0x16, 0x39}, ks, ErrLength},
	}
	for _, tt := range tests {
		if b, err := tt.r.Seal(tt.spi, tt.ks); !errors.Is(err, tt.want) || b != nil {
			t.Errorf("%s: %x, %v; want %v", tt.name, b, err, tt.want)
		}
	}
}

func TestResponseRoundTripsAndAuthenticates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ks, spi := drawKeyset(t), drawSPI(t)
		want := Response{
			TAR:           TAR(rapid.SliceOfN(rapid.Byte(), 3, 3).Draw(t, "TAR")),
			Counter:       rapid.Uint64Range(0, maxCounter).Draw(t, "counter"),
			Status:        Status(rapid.ByteRange(0, 0x0C).Draw(t, "status")),
			Data:          rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data"),
			Authenticated: spi.PoRCheck() == CC,
		}
		packet, err := want.Seal(spi, ks)
		if err != nil {
			t.Fatal(err)
		}
		got, err := OpenResponse(packet, spi, ks, Options{AllowWeak: true})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
		packet[rapid.IntRange(0, len(packet)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if got, err := OpenResponse(packet, spi, ks, Options{AllowWeak: true}); err == nil && got.Authenticated {
			t.Fatalf("a changed response is authenticated: %+v", got)
		}
	})
}
