package ota

import (
	"crypto/subtle"
	"encoding/binary"
)

// encrypt ciphers whole blocks in place: CBC with a zero IV, or ECB. It chains by itself, since crypto/cipher would
// allocate for every packet.
func (s *secret) encrypt(b []byte) {
	size := s.alg.BlockSize()
	for i := 0; i < len(b); i += size {
		block := b[i : i+size]
		if i > 0 && s.alg != DESECB {
			xor(block, b[i-size:i])
		}
		s.block.Encrypt(block, block)
	}
}

// decrypt is encrypt backwards, from the last block on, since each needs the ciphered one before it.
func (s *secret) decrypt(b []byte) {
	size := s.alg.BlockSize()
	for i := len(b) - size; i >= 0; i -= size {
		block := b[i : i+size]
		s.block.Decrypt(block, block)
		if i > 0 && s.alg != DESECB {
			xor(block, b[i-size:i])
		}
	}
}

// xor combines src into the beginning of dst, which is not shorter. For AES that must be one store of 16 octets, which
// is what XORBytes does: the block cipher's load would wait for two of 8.
func xor(dst, src []byte) {
	if len(src) != 8 {
		subtle.XORBytes(dst, dst, src)
		return
	}
	d, s := (*[8]byte)(dst), (*[8]byte)(src)
	binary.NativeEndian.PutUint64(d[:], binary.NativeEndian.Uint64(d[:])^binary.NativeEndian.Uint64(s[:]))
}
