package ota

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"fmt"
	"io"
	"strings"
)

// Algorithm is what a key is for. The zero value is none.
type Algorithm byte

// Algorithms. Ciphering is CBC with a zero IV, except DESECB; the checksum is a full CBC-MAC (DES, 3DES) or CMAC (AES).
const (
	DES        Algorithm = iota + 1 // single DES, weak: ErrWeak
	DESECB                          // single DES without chaining, weak; it ciphers (KIc) and does not sign
	TripleDES2                      // two keys, K1 K2
	TripleDES3                      // three keys
	AES128
	AES192
	AES256
)

var algorithms = [...]struct {
	name                string
	nibble              byte
	blockSize, keyBytes int
}{
	{name: "none"},
	DES:        {"des", 0x1, des.BlockSize, 8},
	DESECB:     {"des-ecb", 0xD, des.BlockSize, 8},
	TripleDES2: {"3des-2", 0x5, des.BlockSize, 16},
	TripleDES3: {"3des-3", 0x9, des.BlockSize, 24},
	AES128:     {"aes-128", 0x2, aes.BlockSize, 16},
	AES192:     {"aes-192", 0x2, aes.BlockSize, 24},
	AES256:     {"aes-256", 0x2, aes.BlockSize, 32},
}

// ParseAlgorithm reads "3des-2", "3des-3", "aes-128", "aes-192" or "aes-256", in either case. Single DES has no name
// here, so that no configuration asks for it: who really wants it has its KIc or KID octet, and AlgorithmOf.
func ParseAlgorithm(s string) (Algorithm, error) {
	for a := TripleDES2; a <= AES256; a++ {
		if strings.EqualFold(s, a.String()) {
			return a, nil
		}
	}
	return 0, fmt.Errorf("%w: algorithm %q; use 3des-2, 3des-3, aes-128, aes-192 or aes-256", ErrUnsupported, s)
}

// AlgorithmOf finds the algorithm that a KIc or KID octet names for a key of keyLength octets. AES has one code for
// all its key lengths (ETSI TS 102 225, 5.1.2 and 5.1.3.1).
func AlgorithmOf(octet byte, keyLength int) (Algorithm, error) {
	if err := supportedNibble("KIc or KID", octet); err != nil {
		return 0, err
	}
	for a := DES; a <= AES256; a++ {
		if a.Nibble() == octet&0x0F && a.KeyLength() == keyLength {
			return a, nil
		}
	}
	return 0, fmt.Errorf("%w: KIc or KID %02X with a key of %d octets", ErrKeyset, octet, keyLength)
}

// String returns the form that ParseAlgorithm reads, also "des", "des-ecb", and "none" for the zero value.
func (a Algorithm) String() string { return algorithms[a.index()].name }

// BlockSize is the cipher block in octets: 8 or 16, 0 for none.
func (a Algorithm) BlockSize() int { return algorithms[a.index()].blockSize }

// KeyLength is the length of a key in octets, 0 for none.
func (a Algorithm) KeyLength() int { return algorithms[a.index()].keyBytes }

// Nibble is the low half of the KIc and KID octets: 1, D, 5, 9 or 2; 0 for none.
func (a Algorithm) Nibble() byte { return algorithms[a.index()].nibble }

func (a Algorithm) index() Algorithm {
	if a > AES256 {
		return 0
	}
	return a
}

func (a Algorithm) isAES() bool { return a >= AES128 }

// supportedNibble names what a KIc or KID octet asks for when it is not DES, 3DES or AES.
func supportedNibble(field string, octet byte) error {
	var what string
	switch octet & 0x0F {
	case 0x1, 0x2, 0x5, 0x9, 0xD:
		return nil
	case 0x0:
		what = "an implicit algorithm"
	case 0x3:
		what = "a proprietary algorithm"
	default:
		what = "a reserved algorithm"
	}
	return fmt.Errorf("%w: %s %02X names %s; use 3DES (5, 9) or AES (2)", ErrUnsupported, field, octet, what)
}

// Key is a secret key ready for use. It never shows its material: every way to print or marshal it says "[redacted]".
// Copies share the material, so Wipe ends them all. The zero value is no key. A Key is safe for concurrent use,
// except against Wipe.
type Key struct {
	// get leads to the secret. It is a function because fmt follows pointers in
	// unexported fields of other structs, where it cannot call Format.
	get func() *secret
}

// s is the secret, nil for no key.
func (k Key) s() *secret {
	if k.get == nil {
		return nil
	}
	return k.get()
}

type secret struct {
	alg        Algorithm
	block      cipher.Block
	sub1, sub2 [aes.BlockSize]byte // CMAC subkeys, AES only
	kcv        string
	weak       string // why the key is, if it is
}

const redacted = "[redacted]"

// NewKey makes a key of exactly alg.KeyLength octets. It keeps no reference to raw. DES parity bits are ignored.
func NewKey(alg Algorithm, raw []byte) (Key, error) {
	if alg.KeyLength() == 0 {
		return Key{}, fmt.Errorf("%w: algorithm %d", ErrUnsupported, byte(alg))
	}
	if len(raw) != alg.KeyLength() {
		return Key{}, fmt.Errorf("%w: %s key has %d octets, want %d", ErrKeyset, alg, len(raw), alg.KeyLength())
	}
	s := &secret{alg: alg}
	var err error
	switch {
	case alg.isAES():
		s.block, err = aes.NewCipher(raw)
	case alg <= DESECB:
		s.weak = "is single DES"
		s.block, err = des.NewCipher(raw)
	default:
		if sameDES(raw[:8], raw[8:16]) || alg == TripleDES3 && sameDES(raw[8:16], raw[16:]) {
			s.weak = "is single DES in fact, its parts are equal"
		}
		full := make([]byte, 24) // K1 K2 K1 or K1 K2 K3
		copy(full[copy(full, raw):], raw)
		s.block, err = des.NewTripleDESCipher(full)
		clear(full)
	}
	if err != nil {
		return Key{}, fmt.Errorf("%w: %s is not available in this build or FIPS mode", ErrUnsupported, alg)
	}
	if alg.isAES() {
		s.sub1, s.sub2 = subkeys(s.block)
	}
	s.kcv = checkValue(alg, s.block)
	return Key{func() *secret { return s }}, nil
}

// sameDES compares two DES keys without their parity bits.
func sameDES(a, b []byte) bool {
	for i := range a {
		if (a[i]^b[i])&0xFE != 0 {
			return false
		}
	}
	return true
}

func checkValue(alg Algorithm, block cipher.Block) string {
	b := make([]byte, alg.BlockSize())
	if alg.isAES() {
		for i := range b {
			b[i] = 0x01
		}
	}
	block.Encrypt(b, b)
	return upperHex(b[:3])
}

// Algorithm is the key's algorithm, zero for no key and after Wipe.
func (k Key) Algorithm() Algorithm {
	if s := k.s(); s != nil {
		return s.alg
	}
	return 0
}

// CheckValue is the key check value: three octets in upper-case hexadecimal of a block ciphered in ECB mode, of 00s
// for DES and 3DES and of 01s for AES. It tells keys apart without showing them; empty for no key.
func (k Key) CheckValue() string {
	if s := k.s(); s != nil {
		return s.kcv
	}
	return ""
}

// Wipe makes the key and all its copies unusable and drops the key schedule for the garbage collector, which is as
// far as the standard library's ciphers allow. It must not run while the key is in use.
func (k Key) Wipe() {
	if s := k.s(); s != nil {
		*s = secret{}
	}
}

// String returns "[redacted]".
func (Key) String() string { return redacted }

// GoString returns "[redacted]".
func (Key) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns "[redacted]".
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns "[redacted]" as a string.
func (Key) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
