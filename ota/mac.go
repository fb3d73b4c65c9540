package ota

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
)

// mac is the checksum of msg before it is shortened: CMAC in all 16 octets, CBC-MAC in the first 8.
func (s *secret) mac(msg []byte) [aes.BlockSize]byte {
	if s.alg >= AES128 {
		return s.cmac(msg)
	}
	return s.cbcMAC(msg)
}

// cmac is RFC 4493, also with longer keys (NIST SP 800-38B).
func (s *secret) cmac(msg []byte) (tag [aes.BlockSize]byte) {
	for len(msg) > aes.BlockSize {
		subtle.XORBytes(tag[:], tag[:], msg[:aes.BlockSize])
		s.block.Encrypt(tag[:], tag[:])
		msg = msg[aes.BlockSize:]
	}
	subtle.XORBytes(tag[:], tag[:], msg)
	if len(msg) == aes.BlockSize {
		subtle.XORBytes(tag[:], tag[:], s.sub1[:])
	} else {
		tag[len(msg)] ^= 0x80
		subtle.XORBytes(tag[:], tag[:], s.sub2[:])
	}
	s.block.Encrypt(tag[:], tag[:])
	return tag
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

// cbcMAC runs the full 3DES over every block (not the retail MAC) and fills the last one with zeros.
func (s *secret) cbcMAC(msg []byte) (tag [aes.BlockSize]byte) {
	t := tag[:des.BlockSize]
	for len(msg) > 0 {
		n := subtle.XORBytes(t, t, msg)
		s.block.Encrypt(t, t)
		msg = msg[n:]
	}
	return tag
}
