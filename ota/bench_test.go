package ota

import "testing"

func benchKeysets(b *testing.B, run func(b *testing.B, ks Keyset)) {
	for _, alg := range []Algorithm{TripleDES2, AES128, AES256} {
		b.Run(alg.String(), func(b *testing.B) {
			b.ReportAllocs()
			run(b, testKeyset(b, alg))
		})
	}
}

func BenchmarkSeal(b *testing.B) {
	benchKeysets(b, func(b *testing.B, ks Keyset) {
		c := NewCommand(SPI{0x16, 0x39}, usim, ks, 1, make([]byte, 98))
		for b.Loop() {
			if _, err := c.Seal(ks, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkOpenResponse(b *testing.B) {
	benchKeysets(b, func(b *testing.B, ks Keyset) {
		spi := SPI{0x16, 0x39}
		packet, err := Response{TAR: usim, Counter: 1, Data: []byte{1, 0x90, 0}}.Seal(spi, ks)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := OpenResponse(packet, spi, ks, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
