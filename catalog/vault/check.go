package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"fmt"
	"strings"
)

var keyLengths = map[string]int{"3des-2": 16, "3des-3": 24, "aes-128": 16, "aes-192": 24, "aes-256": 32}

// KeyLength is the length in octets of a key of the algorithm: "3des-2",
// "3des-3", "aes-128", "aes-192" or "aes-256".
func KeyLength(alg string) (int, error) {
	n, ok := keyLengths[alg]
	if !ok {
		return 0, fmt.Errorf("vault: unknown algorithm %q; use 3des-2, 3des-3, aes-128, aes-192 or aes-256", alg)
	}
	return n, nil
}

// CheckValue is the key check value: three octets, as six upper-case
// hexadecimal digits, of a block ciphered in ECB mode; a block of 00s for 3DES,
// of 01s for AES (GlobalPlatform Card Specification 2.3.1, B.6). It tells keys
// apart without showing them.
func CheckValue(alg string, key []byte) (string, error) {
	want, err := KeyLength(alg)
	if err != nil {
		return "", err
	}
	if len(key) != want {
		return "", fmt.Errorf("vault: %s key has %d octets, want %d", alg, len(key), want)
	}
	block, data, err := cipherOf(alg, key)
	if err != nil {
		return "", fmt.Errorf("vault: %s: %w", alg, err)
	}
	block.Encrypt(data, data)
	return fmt.Sprintf("%X", data[:3]), nil
}

// cipherOf gives the block cipher and the block that a check value ciphers.
func cipherOf(alg string, key []byte) (cipher.Block, []byte, error) {
	if strings.HasPrefix(alg, "aes") {
		block, err := aes.NewCipher(key)
		return block, bytes.Repeat([]byte{1}, aes.BlockSize), err
	}
	full := make([]byte, 24) // K1 K2 K1 or K1 K2 K3
	defer clear(full)
	copy(full[copy(full, key):], key)
	block, err := des.NewTripleDESCipher(full)
	return block, make([]byte, des.BlockSize), err
}
