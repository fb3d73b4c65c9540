package ota

import (
	"crypto/cipher"
	"crypto/subtle"
	"slices"
	"testing"
	"time"
)

// Every benchmark handles 100 octets of secured data and reports, as of_bare, how long that takes in proportion
// to what the ciphers of the standard library take for the same octets, with blocks, modes and buffers made beforehand.
const benchData = 100

var benchSPI = SPI{0x16, 0x39}

func benchmark(b *testing.B, run func(ks Keyset) (op, bare func() error)) {
	for _, alg := range []Algorithm{DES, TripleDES2, TripleDES3, AES128, AES256} {
		b.Run(alg.String(), func(b *testing.B) {
			op, bare := run(testKeyset(b, alg))
			b.ReportAllocs()
			for b.Loop() {
				if err := op(); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(ofBare(b, op, bare), "of_bare")
		})
	}
}

// ofBare takes both by turns and returns the median of the proportions, so that a busy machine hits both or neither.
func ofBare(b *testing.B, op, bare func() error) float64 {
	b.Helper()
	round := func(run func() error) float64 {
		start := time.Now()
		for range 200 {
			if err := run(); err != nil {
				b.Fatal(err)
			}
		}
		return float64(time.Since(start))
	}
	proportions := make([]float64, 201)
	for i := range proportions {
		proportions[i] = round(op) / round(bare)
	}
	slices.Sort(proportions)
	return proportions[len(proportions)/2]
}

func BenchmarkSeal(b *testing.B) {
	benchmark(b, func(ks Keyset) (op, bare func() error) {
		c := NewCommand(benchSPI, usim, ks, 1, make([]byte, benchData))
		return func() error { return second(c.Seal(ks, Options{AllowWeak: true})) }, bareSeal(b, ks)
	})
}

func BenchmarkAppendPacket(b *testing.B) {
	benchmark(b, func(ks Keyset) (op, bare func() error) {
		c, buf := NewCommand(benchSPI, usim, ks, 1, make([]byte, benchData)), make([]byte, 0, 200)
		return func() error { return second(c.AppendPacket(buf, ks, Options{AllowWeak: true})) }, bareSeal(b, ks)
	})
}

func BenchmarkOpenCommand(b *testing.B) {
	benchmark(b, func(ks Keyset) (op, bare func() error) {
		packet := sealWeak(b, NewCommand(benchSPI, usim, ks, 1, make([]byte, benchData)), ks)
		return func() error { return second(OpenCommand(packet, ks, Options{AllowWeak: true})) }, bareOpen(b, ks)
	})
}

func BenchmarkOpenResponse(b *testing.B) {
	benchmark(b, func(ks Keyset) (op, bare func() error) {
		// One octet less than a command: the status takes its place.
		packet, err := Response{TAR: usim, Counter: 1, Data: make([]byte, benchData-1)}.Seal(benchSPI, ks)
		if err != nil {
			b.Fatal(err)
		}
		return func() error { return second(OpenResponse(packet, benchSPI, ks, Options{AllowWeak: true})) }, bareOpen(b, ks)
	})
}

// bareSeal is the cipher and the MAC and nothing else.
func bareSeal(b *testing.B, ks Keyset) func() error {
	mode := cipher.NewCBCEncrypter(ks.KIc.s().block, make([]byte, ks.KIc.s().block.BlockSize()))
	mac, ciphered := bareMAC(b, ks), bareCiphered(ks)
	return func() error { mac(); mode.CryptBlocks(ciphered, ciphered); return nil }
}

func bareOpen(b *testing.B, ks Keyset) func() error {
	mode := cipher.NewCBCDecrypter(ks.KIc.s().block, make([]byte, ks.KIc.s().block.BlockSize()))
	mac, ciphered := bareMAC(b, ks), bareCiphered(ks)
	return func() error { mode.CryptBlocks(ciphered, ciphered); mac(); return nil }
}

// bareCiphered is as long as CNTR, PCNTR, CC, data and padding.
func bareCiphered(ks Keyset) []byte {
	size := ks.KIc.s().block.BlockSize()
	return make([]byte, (cntrPCNTR+8+benchData+size-1)/size*size)
}

// bareMAC is the last block of a CBC: that is the CBC-MAC, and CMAC but for a subkey.
func bareMAC(b *testing.B, ks Keyset) func() {
	b.Helper()
	block := ks.KID.s().block
	size := block.BlockSize()
	input := make([]byte, (headSize+len(bareCiphered(ks))-cntrPCNTR-8+size-1)/size*size)
	if !ks.KID.Algorithm().isAES() {
		mode, out := cipher.NewCBCEncrypter(block, make([]byte, size)), make([]byte, len(input))
		return func() { mode.CryptBlocks(out, input) }
	}
	sum := make([]byte, size)
	return func() {
		clear(sum)
		for i := 0; i < len(input); i += size {
			subtle.XORBytes(sum, sum, input[i:i+size])
			block.Encrypt(sum, sum)
		}
	}
}
