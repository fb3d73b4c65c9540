package ota

import (
	"bytes"
	"testing"
)

func FuzzOpenCommand(f *testing.F) {
	for _, v := range loadVectors(f).Commands[:30] {
		f.Add([]byte(v.Expect.Packet))
	}
	f.Add([]byte{})
	ks := testKeyset(f, AES128)
	f.Add(seal(f, NewCommand(SPI{0x16, 0x39}, usim, ks, 1, []byte("data")), ks))
	f.Fuzz(func(t *testing.T, packet []byte) {
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
		again, err := c.Seal(ks, Options{AllowWeak: true})
		if err != nil || !bytes.Equal(again, packet) {
			t.Fatalf("%x seals again as %x, %v", packet, again, err)
		}
	})
}

func FuzzOpenResponse(f *testing.F) {
	vectors := loadVectors(f)
	for _, v := range append(vectors.Responses, vectors.Invalid...) {
		f.Add([]byte(v.PoR), v.SPI[0], v.SPI[1])
	}
	ks := testKeyset(f, TripleDES2)
	f.Fuzz(func(t *testing.T, packet []byte, spi1, spi2 byte) {
		spi := SPI{spi1, spi2}
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
