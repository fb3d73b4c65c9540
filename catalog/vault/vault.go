// Package vault seals the keys of cards, so that the database alone tells no
// key: AES-256-GCM under a key-encryption key that lives in a file of its own.
package vault

import (
	"errors"
	"fmt"
	"io"
)

// Sentinels for decisions of the callers of [Vault.Use].
var (
	// ErrNoKEK says that the key-encryption key that sealed a key, or any to
	// seal with, is not loaded.
	ErrNoKEK = errors.New("vault: key-encryption key is not loaded")
	// ErrNotAuthentic says that a sealed key does not open: it was changed, cut
	// or moved to another keyset.
	ErrNotAuthentic = errors.New("vault: sealed key is not authentic")
)

const redacted = "[redacted]"

// Vault seals and opens keys with the key-encryption keys it holds. It shows
// nothing of them in any output and is safe for concurrent use.
type Vault struct{ keks []KEK }

// New makes a vault. The first key-encryption key seals, all of them open.
func New(keks ...KEK) *Vault {
	v := &Vault{}
	for _, k := range keks {
		if k.s != nil {
			v.keks = append(v.keks, k)
		}
	}
	return v
}

// Seal encrypts a key under a random nonce and binds it to aad, which [AAD]
// makes. kekID names the key-encryption key that [Vault.Use] will need.
func (v *Vault) Seal(aad string, key []byte) (sealed []byte, kekID string, err error) {
	if len(v.keks) == 0 {
		return nil, "", ErrNoKEK
	}
	if len(key) == 0 {
		return nil, "", errors.New("vault: no key to seal")
	}
	k := v.keks[0]
	return k.s.aead.Seal(nil, nil, key, []byte(aad)), k.ID(), nil
}

// Use opens a sealed key, hands it to fn and clears it when fn returns or
// panics. fn must not keep the slice. The error is that of fn, or wraps
// [ErrNoKEK] or [ErrNotAuthentic].
func (v *Vault) Use(kekID string, sealed []byte, aad string, fn func(key []byte) error) error {
	err := fmt.Errorf("%w: %q; add its file", ErrNoKEK, kekID)
	for _, k := range v.keks {
		if k.ID() != kekID {
			continue
		}
		key, openErr := k.s.aead.Open(nil, nil, sealed, []byte(aad))
		if openErr != nil {
			err = fmt.Errorf("%w: it does not open as %s", ErrNotAuthentic, aad)
			continue // two keys may share an ID of 32 bits
		}
		defer clear(key)
		return fn(key)
	}
	return err
}

// AAD is what a sealed key is bound to: keyset (ICCID and AID of the security
// domain, empty for the issuer's), key version and kind ("kic", "kid", "kik").
// No two different inputs give the same string.
func AAD(iccid string, domain []byte, kvn byte, kind string) string {
	return fmt.Sprintf("keyset|%q|%x|%d|%q", iccid, domain, kvn, kind)
}

// String returns "[redacted]".
func (Vault) String() string { return redacted }

// GoString returns "[redacted]".
func (Vault) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (Vault) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns "[redacted]".
func (Vault) MarshalText() ([]byte, error) { return []byte(redacted), nil }
