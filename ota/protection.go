package ota

import (
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// headSize is where the checksum sits, in both kinds of packet. A command has 16 octets before it; a response has
// 13 and, in the checksum's input, 02 71 00 in front of them. So the input is always these 16 octets, the data and
// the padding, and a packet is built and opened in one buffer that starts with them.
const headSize = 16

// maxCounter is the largest counter, 5 octets.
const maxCounter = 1<<40 - 1

// protection is how one packet is secured.
type protection struct {
	cipher   *secret // nil if it is not ciphered
	signer   *secret // of the CC; nil without one
	checkLen int     // octets of RC or CC, 0 without
}

// padding is how many octets fill n ciphered octets up to whole blocks.
func (p protection) padding(n int) int {
	if p.cipher == nil {
		return 0
	}
	block := p.cipher.alg.BlockSize()
	return (block - n%block) % block
}

// checksum computes RC or CC of a packet that has room for it behind the head, in macSize octets of spare capacity
// behind the packet.
func (p protection) checksum(b []byte) []byte {
	head, tail := b[:headSize], b[headSize+p.checkLen:]
	sum := b[len(b) : len(b)+macSize]
	clear(sum)
	switch {
	case p.signer != nil:
		p.signer.mac(sum, head, tail)
	case p.checkLen == 2:
		binary.BigEndian.PutUint16(sum, crc16(head, tail))
	case p.checkLen == 4:
		binary.BigEndian.PutUint32(sum, crc32Of(head, tail))
	}
	return sum
}

// seal puts the checksum in and ciphers what lies from clearEnd on, in place. b needs macSize octets of spare capacity.
func (p protection) seal(b []byte, clearEnd int) {
	if p.checkLen > 0 {
		sum := p.checksum(b)
		copy(b[headSize:headSize+p.checkLen], sum)
		clear(sum) // the octets that are cut off are nobody's business
	}
	if p.cipher != nil {
		p.cipher.encrypt(b[clearEnd:])
	}
}

// open is seal backwards; it returns what lies behind the checksum, without padding. The caller has checked that the
// head and the checksum are there.
func (p protection) open(b []byte, clearEnd, pcntrAt int) (data []byte, err error) {
	if p.cipher != nil {
		block := p.cipher.alg.BlockSize()
		if n := len(b) - clearEnd; n%block != 0 {
			return nil, fmt.Errorf("%w: %d ciphered octets are not whole blocks of %d", ErrLength, n, block)
		}
		p.cipher.decrypt(b[clearEnd:])
	}
	if p.checkLen > 0 {
		if sum := p.checksum(b); subtle.ConstantTimeCompare(b[headSize:headSize+p.checkLen], sum[:p.checkLen]) != 1 {
			return nil, ErrCheckFailed
		}
	}
	return unpad(b[headSize+p.checkLen:], b[pcntrAt])
}

// unpad strips as many octets as PCNTR says, whatever their value: cards differ.
func unpad(data []byte, pcntr byte) ([]byte, error) {
	n := len(data) - int(pcntr)
	if n < 0 {
		return nil, fmt.Errorf("%w: PCNTR %d, and only %d octets of data", ErrPadding, pcntr, len(data))
	}
	return data[:n:n], nil
}

func appendCounter(b []byte, c uint64) []byte {
	return append(b, byte(c>>32), byte(c>>24), byte(c>>16), byte(c>>8), byte(c))
}

func counter(b []byte) uint64 {
	return uint64(b[0])<<32 | uint64(b[1])<<24 | uint64(b[2])<<16 | uint64(b[3])<<8 | uint64(b[4])
}
