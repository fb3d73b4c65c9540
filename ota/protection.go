package ota

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
	"slices"
)

// headSize is where the checksum sits, in both kinds of packet. A command has 16 octets before it; a response has
// 13 and, in the checksum's input, 02 71 00 in front of them. So the input is always these 16 octets, the data and
// the padding, and a packet is built as that input, into which the checksum is then put.
const headSize = 16

// maxCounter is the largest counter, 5 octets.
const maxCounter = 1<<40 - 1

var zeros [aes.BlockSize]byte

// protection is how one packet is secured: nil keys are not used.
type protection struct {
	cipher, check *secret
	ccLen         int
}

// protect finds the keys in the keyset.
func (k Keyset) protect(ciphered bool, check Check) (protection, error) {
	var p protection
	if (ciphered || check == CC) && (k.Version == 0 || k.Version > 15) {
		return p, fmt.Errorf("%w: key version %d, want 1 to 15", ErrKeyset, k.Version)
	}
	if ciphered {
		if k.KIc.Algorithm() == 0 {
			return p, fmt.Errorf("%w: version %d has no KIc key and ciphering is asked", ErrKeyset, k.Version)
		}
		p.cipher = k.KIc.s
	}
	if check == CC {
		if k.KID.Algorithm() == 0 {
			return p, fmt.Errorf("%w: version %d has no KID key and a CC is asked", ErrKeyset, k.Version)
		}
		p.check, p.ccLen = k.KID.s, 8
		switch {
		case k.CCLength == 4 && k.KID.Algorithm() >= AES128:
			p.ccLen = 4
		case k.CCLength != 0 && k.CCLength != 8:
			return p, fmt.Errorf("%w: a CC of %d octets with %s, want 8, or 4 with AES", ErrKeyset, k.CCLength, k.KID.Algorithm())
		}
	}
	return p, nil
}

// weak names the first reason why an SPI with these keys is unsafe.
func (k Keyset) weak(spi SPI) error {
	kic, kid := spi.needs()
	usesAES := kic && k.KIc.Algorithm() >= AES128 || kid && k.KID.Algorithm() >= AES128
	switch {
	case !spi.ReplayDetected() && usesAES:
		return fmt.Errorf("%w: SPI %s uses AES without a counter check", ErrWeak, spi)
	case !spi.ReplayDetected():
		return fmt.Errorf("%w: SPI %s has no replay detection", ErrWeak, spi)
	case kic && k.KIc.s != nil && k.KIc.s.single:
		return fmt.Errorf("%w: the KIc key of version %d is single DES in fact, its parts are equal", ErrWeak, k.Version)
	case kid && k.KID.s != nil && k.KID.s.single:
		return fmt.Errorf("%w: the KID key of version %d is single DES in fact, its parts are equal", ErrWeak, k.Version)
	}
	return nil
}

// padding is how many octets fill n ciphered octets up to whole blocks.
func (p protection) padding(n int) int {
	if p.cipher == nil {
		return 0
	}
	block := p.cipher.alg.BlockSize()
	return (block - n%block) % block
}

// seal turns a checksum input into a packet: the checksum goes in, and what lies from clearEnd on is ciphered.
func (p protection) seal(b []byte, clearEnd int) []byte {
	if p.check != nil {
		cc := p.check.mac(b)
		b = slices.Insert(b, headSize, cc[:p.ccLen]...)
	}
	if p.cipher != nil {
		iv := zeros[:p.cipher.alg.BlockSize()]
		cipher.NewCBCEncrypter(p.cipher.block, iv).CryptBlocks(b[clearEnd:], b[clearEnd:])
	}
	return b
}

// open is seal backwards, in place. The caller has checked that the head and the checksum are there.
func (p protection) open(b []byte, clearEnd int) ([]byte, error) {
	if p.cipher != nil {
		block := p.cipher.alg.BlockSize()
		if n := len(b) - clearEnd; n%block != 0 {
			return nil, fmt.Errorf("%w: %d ciphered octets are not whole blocks of %d", ErrLength, n, block)
		}
		cipher.NewCBCDecrypter(p.cipher.block, zeros[:block]).CryptBlocks(b[clearEnd:], b[clearEnd:])
	}
	if p.check != nil {
		var got [8]byte
		copy(got[:], b[headSize:headSize+p.ccLen])
		b = slices.Delete(b, headSize, headSize+p.ccLen)
		want := p.check.mac(b)
		if subtle.ConstantTimeCompare(got[:p.ccLen], want[:p.ccLen]) != 1 {
			return nil, ErrCheckFailed
		}
	}
	return b, nil
}

// unpad strips as many octets as PCNTR says, whatever their value: cards differ.
func unpad(data []byte, pcntr byte) ([]byte, error) {
	if int(pcntr) > len(data) {
		return nil, fmt.Errorf("%w: PCNTR %d, and only %d octets of data", ErrPadding, pcntr, len(data))
	}
	return data[:len(data)-int(pcntr)], nil
}

func appendCounter(b []byte, c uint64) []byte {
	return append(b, byte(c>>32), byte(c>>24), byte(c>>16), byte(c>>8), byte(c))
}

func counter(b []byte) uint64 {
	return uint64(b[0])<<32 | uint64(b[1])<<24 | uint64(b[2])<<16 | uint64(b[3])<<8 | uint64(b[4])
}
