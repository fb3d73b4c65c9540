package ota

import (
	"crypto/aes"
	"crypto/cipher"
	"hash/crc32"
)

// macSize is the scratch space a checksum takes before it is shortened.
const macSize = aes.BlockSize

// mac puts the checksum of head and tail into sum, macSize octets of zeros: CMAC in all of them, CBC-MAC in the first
// 8. head must be whole blocks. sum is the caller's, because what a cipher.Block sees goes to the heap.
func (s *secret) mac(sum, head, tail []byte) {
	if s.alg.isAES() {
		s.cmac(sum, head, tail)
	} else {
		s.cbcMAC(sum, head, tail)
	}
}

// cmac is RFC 4493, also with longer keys (NIST SP 800-38B).
func (s *secret) cmac(sum, head, tail []byte) {
	if len(tail) == 0 {
		head, tail = nil, head
	}
	s.absorb(sum, head)
	last := max(0, len(tail)-1) / aes.BlockSize * aes.BlockSize
	s.absorb(sum, tail[:last])
	sub := &s.sub1
	if tail = tail[last:]; len(tail) < aes.BlockSize {
		sub = &s.sub2
		sum[len(tail)] ^= 0x80
	}
	xor(sum, tail)
	xor(sum, sub[:])
	s.block.Encrypt(sum, sum)
}

// cbcMAC runs the full (3)DES over every block (not the retail MAC) and fills the last one with zeros.
func (s *secret) cbcMAC(sum, head, tail []byte) {
	sum = sum[:s.alg.BlockSize()]
	s.absorb(sum, head)
	s.absorb(sum, tail)
}

// absorb chains msg into state, one block; what lacks in the last one counts as zeros.
func (s *secret) absorb(state, msg []byte) {
	for len(msg) > len(state) {
		xor(state, msg[:len(state)])
		s.block.Encrypt(state, state)
		msg = msg[len(state):]
	}
	if len(msg) > 0 {
		xor(state, msg)
		s.block.Encrypt(state, state)
	}
}

// subkeys are K1 and K2 of RFC 4493, 2.3: the ciphered zero block, doubled once and twice.
func subkeys(block cipher.Block) (k1, k2 [aes.BlockSize]byte) {
	block.Encrypt(k1[:], k1[:])
	k1 = double(k1)
	return k1, double(k1)
}

// double multiplies by x in GF(2^128).
func double(b [aes.BlockSize]byte) (d [aes.BlockSize]byte) {
	for i := range d {
		d[i] = b[i] << 1
		if i+1 < len(b) {
			d[i] |= b[i+1] >> 7
		}
	}
	d[len(d)-1] ^= 0x87 * (b[0] >> 7)
	return d
}

// crc16 is the CRC of X.25: reflected polynomial 1021, initial value and final xor all ones (ETSI TS 102 225, 5.1.3).
func crc16(head, tail []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, part := range [...][]byte{head, tail} {
		for _, o := range part {
			crc ^= uint16(o)
			for range 8 {
				crc = crc>>1 ^ 0x8408*(crc&1)
			}
		}
	}
	return ^crc
}

// crc32Of is the usual CRC-32, that of ISO 3309 (ETSI TS 102 225, 5.1.3).
func crc32Of(head, tail []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(head), crc32.IEEETable, tail)
}
