package ota

import (
	"bytes"
	"testing"
)

// fuzzKeyset picks one of the test keysets.
func fuzzKeyset(t testing.TB, n byte) Keyset {
	return testKeyset(t, DES+Algorithm(n)%AES256)
}

func FuzzOpenCommand(f *testing.F) {
	for _, v := range loadVectors(f).Commands[:30] {
		f.Add([]byte(v.Expect.Packet), byte(0))
	}
	for n := range byte(AES256) {
		for _, spi := range []SPI{{0x16, 0x39}, {0x12, 0x29}, {0x14, 0x31}, {0x11, 0x25}} {
			ks := fuzzKeyset(f, n)
			f.Add(sealWeak(f, NewCommand(spi, usim, ks, 1, []byte("data")), ks), n)
		}
	}
	f.Fuzz(func(t *testing.T, packet []byte, n byte) {
		ks := fuzzKeyset(t, n)
		c, err := OpenCommand(packet, ks, Options{AllowWeak: true})
		if err != nil {
			return
		}
		if c.Counter > maxCounter || len(c.Data) > len(packet) {
			t.Fatalf("%x opens as %+v", packet, c)
		}
		if c.SPI.Ciphered() || packet[headSize-1] != 0 || c.SPI.PoR() != PoRNone {
			return // padding may differ, or the answer may be one that Seal refuses to ask for
		}
		ks.CRC = c.header().CRC()
		again, err := c.Seal(ks, Options{AllowWeak: true})
		if err != nil || !bytes.Equal(again, packet) {
			t.Fatalf("%x seals again as %x, %v", packet, again, err)
		}
	})
}

func FuzzOpenResponse(f *testing.F) {
	vectors := loadVectors(f)
	for _, v := range append(vectors.Responses, vectors.Invalid...) {
		f.Add([]byte(v.PoR), v.SPI[0], v.SPI[1], byte(0))
	}
	for n := range byte(AES256) {
		for _, spi := range []SPI{{0x16, 0x39}, {0x12, 0x29}, {0x14, 0x31}, {0x11, 0x25}} {
			packet, err := Response{TAR: usim, Counter: 1, Data: []byte("data")}.Seal(spi, fuzzKeyset(f, n))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(packet, spi[0], spi[1], n)
		}
	}
	f.Fuzz(func(t *testing.T, packet []byte, spi1, spi2, n byte) {
		spi, ks := SPI{spi1, spi2}, fuzzKeyset(t, n)
		r, err := OpenResponse(packet, spi, ks, Options{AllowWeak: true})
		if err != nil {
			return
		}
		if r.Counter > maxCounter || len(r.Data) > len(packet) {
			t.Fatalf("%x opens as %+v", packet, r)
		}
		if asked := spi.PoRCheck() == CC; r.Authenticated != asked && (r.Authenticated || r.Status == StatusOK) {
			t.Fatalf("SPI %s: %x opens as %+v", spi, packet, r)
		}
	})
}

func FuzzParseHeader(f *testing.F) {
	for _, v := range loadVectors(f).Commands[:20] {
		f.Add([]byte(v.Expect.Packet))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		h, err := ParseHeader(packet)
		if err != nil {
			if c, err := OpenCommand(packet, Keyset{}, Options{AllowWeak: true}); err == nil {
				t.Fatalf("%x has no header and opens as %+v", packet, c)
			}
			return
		}
		if again := append([]byte{byte((len(packet) - 2) >> 8), byte(len(packet) - 2), packet[2], h.SPI[0], h.SPI[1], h.KIc, h.KID}, h.TAR[:]...); !bytes.HasPrefix(packet, again) {
			t.Fatalf("%x has header %+v", packet, h)
		}
		if crc := h.CRC(); crc != 0 && (h.SPI.Check() != RC || crc != 2 && crc != 4) {
			t.Fatalf("%x: CRC of %d", packet, crc)
		}
	})
}
