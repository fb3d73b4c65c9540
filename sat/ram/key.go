package ram

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
)

// KeyType is what a key is for (GlobalPlatform Card Specification, 11.1.8).
type KeyType byte

// Key types that PUT KEY can carry here.
const (
	TripleDES KeyType = 0x80 // 16 octets (two keys) or 24 (three)
	AES       KeyType = 0x88 // 16, 24 or 32 octets
)

// String names the type; those that only KeyInformation knows too.
func (t KeyType) String() string {
	if name, ok := keyTypes[t]; ok {
		return name
	}
	return fmt.Sprintf("key type %02X", byte(t))
}

var keyTypes = map[KeyType]string{
	TripleDES: "3DES", 0x82: "3DES CBC", 0x83: "DES ECB", 0x84: "DES CBC", 0x85: "TLS-PSK", AES: "AES",
	0x90: "HMAC-SHA1", 0x91: "HMAC-SHA1-160", 0xA0: "RSA public exponent", 0xA1: "RSA public modulus",
	0xB0: "ECC public", 0xB1: "ECC private", 0xF0: "ECC parameters reference",
}

// Key is a secret key. Every way to print or marshal it shows its type and
// check value and never its octets. Copies share the octets, so Wipe ends them
// all. The zero value is no key.
type Key struct {
	// get leads to the secret. It is a function because fmt follows pointers
	// in unexported fields of other structs, where it cannot call Format.
	get func() *secret
}

type secret struct {
	kind  KeyType
	raw   []byte
	block cipher.Block
}

// NewKey makes a key. It keeps no reference to raw. DES parity is ignored.
func NewKey(t KeyType, raw []byte) (Key, error) {
	if !t.fits(len(raw)) {
		return Key{}, fmt.Errorf("ram: %s key has %d octets, want 16 or 24, or 32 for AES", t, len(raw))
	}
	s := &secret{kind: t, raw: octets(raw)}
	var err error
	if t == AES {
		s.block, err = aes.NewCipher(raw)
	} else {
		full := make([]byte, 24) // K1 K2 K1 or K1 K2 K3
		copy(full[copy(full, raw):], raw)
		s.block, err = des.NewTripleDESCipher(full)
		clear(full)
	}
	if err != nil {
		return Key{}, fmt.Errorf("ram: %s is not available in this build or FIPS mode", t)
	}
	return Key{func() *secret { return s }}, nil
}

// secret is empty for no key.
func (k Key) secret() *secret {
	if k.get == nil {
		return &secret{}
	}
	return k.get()
}

// fits says whether a key of the type may have n octets.
func (t KeyType) fits(n int) bool {
	return t == TripleDES && (n == 16 || n == 24) || t == AES && (n == 16 || n == 24 || n == 32)
}

// Type is the key's type, 0 for no key and after Wipe.
func (k Key) Type() KeyType { return k.secret().kind }

// Reveal returns a copy of the secret octets, for the card that must use them.
// Clear it after use.
func (k Key) Reveal() []byte { return octets(k.secret().raw) }

// Wipe makes the key and all its copies unusable. It must not run while the
// key is in use.
func (k Key) Wipe() {
	s := k.secret()
	clear(s.raw)
	*s = secret{}
}

// Equal says whether both are the same key, or both none.
func (k Key) Equal(o Key) bool {
	return k.Type() == o.Type() && subtle.ConstantTimeCompare(k.Reveal(), o.Reveal()) == 1
}

// checkValueLength is the length of a check value in octets.
const checkValueLength = 3

// CheckValue is three octets that tell keys apart: the beginning of a block of
// 00 (3DES) or 01 (AES) ciphered with the key; nil for no key. Some makers
// cipher 00 with AES too: CheckValue(true).
func (k Key) CheckValue(zero bool) []byte {
	s := k.secret()
	if s.kind == 0 {
		return nil
	}
	b := make([]byte, s.block.BlockSize())
	if s.kind == AES && !zero {
		for i := range b {
			b[i] = 0x01
		}
	}
	s.block.Encrypt(b, b)
	return b[:checkValueLength]
}

// String returns the type and the check value: "AES-128 key, check value
// 504A77".
func (k Key) String() string {
	switch k.Type() {
	case 0:
		return "no key"
	case AES:
		return fmt.Sprintf("AES-%d key, check value %X", 8*len(k.secret().raw), k.CheckValue(false))
	}
	return fmt.Sprintf("3DES key of %d octets, check value %X", len(k.secret().raw), k.CheckValue(false))
}

// GoString is String.
func (k Key) GoString() string { return k.String() }

// Format writes String for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// MarshalText returns String.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// MarshalJSON returns String as a string.
func (k Key) MarshalJSON() ([]byte, error) { return []byte(`"` + k.String() + `"`), nil }

// encipher ciphers whole blocks with a key encryption key: 3DES in ECB mode,
// AES in CBC mode with a zero IV.
func (k Key) encipher(b []byte) {
	s := k.secret()
	if s.kind == AES {
		cipher.NewCBCEncrypter(s.block, make([]byte, aes.BlockSize)).CryptBlocks(b, b)
		return
	}
	for ; len(b) > 0; b = b[des.BlockSize:] {
		s.block.Encrypt(b, b)
	}
}

// decipher undoes encipher.
func (k Key) decipher(b []byte) {
	s := k.secret()
	if s.kind == AES {
		cipher.NewCBCDecrypter(s.block, make([]byte, aes.BlockSize)).CryptBlocks(b, b)
		return
	}
	for ; len(b) > 0; b = b[des.BlockSize:] {
		s.block.Decrypt(b, b)
	}
}

// padded is n rounded up to whole blocks of the key.
func (k Key) padded(n int) int {
	size := k.secret().block.BlockSize()
	return (n + size - 1) / size * size
}

// whole says whether another key fills whole blocks of this one.
func (k Key) whole(other Key) bool {
	n := len(other.secret().raw)
	return k.padded(n) == n
}

// errNoKIK says that keys would go in clear.
var errNoKIK = errors.New("ram: PUT KEY needs the key that enciphers keys (KIK) of the key set that secures the packet")

// describeVersion says what a key version number is for, by the ranges
// that cards keep (GlobalPlatform UICC Configuration, ETSI TS 102 226).
func describeVersion(v byte) string {
	for _, r := range []struct {
		first, last byte
		use         string
	}{
		{0x01, 0x0F, "SCP80"}, {0x11, 0x11, "DAP"}, {0x20, 0x2F, "SCP02"}, {0x30, 0x3F, "SCP03"}, {0x40, 0x4F, "SCP81"},
		{0x70, 0x70, "token"}, {0x71, 0x71, "receipt"}, {0x73, 0x73, "DAP verification"}, {0x74, 0x74, "CASD"}, {0x75, 0x75, "ciphered load file"},
	} {
		if v >= r.first && v <= r.last {
			return fmt.Sprintf("%02X (%s)", v, r.use)
		}
	}
	return fmt.Sprintf("%02X", v)
}
