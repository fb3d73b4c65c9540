package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const kekOctets = 32

// KEK is a key-encryption key for AES-256-GCM. It never shows its material:
// every way to print or marshal it says "[redacted]". The zero value is none.
type KEK struct{ s *secret } // behind a pointer: fmt does not follow one inside of another struct

type secret struct {
	id   string
	aead cipher.AEAD
}

// LoadKEK reads a key-encryption key from a file of 32 octets, or of 64
// hexadecimal digits with white space around them. The file must be out of
// reach for group and others.
func LoadKEK(path string) (KEK, error) {
	f, err := os.Open(path)
	if err != nil {
		return KEK{}, fmt.Errorf("vault: key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return KEK{}, fmt.Errorf("vault: key file: %w", err)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return KEK{}, fmt.Errorf("vault: key file %s has mode %04o: group or others can reach it; chmod 0400 it", path, perm)
	}
	raw, err := io.ReadAll(io.LimitReader(f, 256))
	defer clear(raw)
	if err != nil {
		return KEK{}, fmt.Errorf("vault: key file: %w", err)
	}
	k, err := parseKEK(raw)
	if err != nil {
		return KEK{}, fmt.Errorf("vault: key file %s: %w", path, err)
	}
	return k, nil
}

// CreateKEK makes a random key-encryption key and stores it, durably, in a new
// file of mode 0400 that [LoadKEK] reads. A file that exists is an error that
// wraps [fs.ErrExist].
func CreateKEK(path string) (KEK, error) {
	key := make([]byte, kekOctets)
	defer clear(key)
	_, _ = rand.Read(key) // never fails
	k, err := newKEK(key)
	if err != nil {
		return KEK{}, fmt.Errorf("vault: %w", err)
	}
	line := append(hex.AppendEncode(nil, key), '\n')
	defer clear(line)
	if err := createFile(path, line); err != nil {
		return KEK{}, fmt.Errorf("vault: key file: %w", err)
	}
	return k, nil
}

// createFile writes a new file and its directory entry through to the disk: a
// key that sealed something may not vanish with the power.
func createFile(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// parseKEK reads the content of a key file. Errors do not show it.
func parseKEK(raw []byte) (KEK, error) {
	if len(raw) == kekOctets {
		return newKEK(raw)
	}
	digits := bytes.TrimSpace(raw)
	if len(digits) != 2*kekOctets {
		return KEK{}, fmt.Errorf("%d octets, want %d raw or %d hex digits", len(raw), kekOctets, 2*kekOctets)
	}
	key := make([]byte, kekOctets)
	defer clear(key)
	if _, err := hex.Decode(key, digits); err != nil {
		return KEK{}, fmt.Errorf("not %d hex digits", 2*kekOctets) // hex's own error shows a character of the key
	}
	return newKEK(key)
}

func newKEK(key []byte) (KEK, error) {
	if bytes.Count(key, key[:1]) == len(key) {
		return KEK{}, errors.New("all octets are equal: this is no key")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return KEK{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return KEK{}, err
	}
	h := sha256.New()
	io.WriteString(h, "simota key-encryption key ID\x00")
	h.Write(key)
	return KEK{&secret{hex.EncodeToString(h.Sum(nil)[:4]), aead}}, nil
}

// ID names the key-encryption key: 8 hexadecimal digits of a hash, from which
// nobody finds the key. It is empty for the zero value.
func (k KEK) ID() string {
	if k.s == nil {
		return ""
	}
	return k.s.id
}

// String returns "[redacted]".
func (KEK) String() string { return redacted }

// GoString returns "[redacted]".
func (KEK) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (KEK) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns "[redacted]".
func (KEK) MarshalText() ([]byte, error) { return []byte(redacted), nil }
