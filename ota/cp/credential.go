package cp

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // ProvBoot knows no other
	"errors"
	"fmt"
	"io"
	"strings"
)

// Security is the SEC parameter: what the key of the MAC is made of
// (ProvBoot 1.1).
type Security byte

// Security methods.
const (
	NETWPIN     Security = 0 // the IMSI; the user types nothing
	USERPIN     Security = 1 // a PIN the user types
	USERNETWPIN Security = 2 // the IMSI, then a PIN
	USERPINMAC  Security = 3 // a PIN that holds its own check digits
)

// String gives the name of the standard.
func (s Security) String() string {
	switch s {
	case NETWPIN:
		return "NETWPIN"
	case USERPIN:
		return "USERPIN"
	case USERNETWPIN:
		return "USERNETWPIN"
	case USERPINMAC:
		return "USERPINMAC"
	}
	return fmt.Sprintf("Security(%d)", byte(s))
}

// Credential is the key of a MAC. It goes wherever a []byte key is wanted and
// shows itself in no output.
type Credential []byte

// Format writes a mark in place of the key, for every verb.
func (Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText writes a mark in place of the key.
func (Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Secret is a password of an operator's settings. It shows itself in no
// output but the document it is put into.
type Secret string

// Format writes a mark in place of the password, for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText writes a mark in place of the password.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// NetworkPIN is the NETWPIN key: the IMSI, 6 to 15 digits, coded as in EF_IMSI
// without its length octet (TS 31.102, 4.2.2): identity type 001 and the odd
// bit in the first nibble, a filler F last when the number of digits is even.
// It must be the IMSI that is active when the device reads the message.
func NetworkPIN(imsi string) (Credential, error) {
	if len(imsi) < 6 || len(imsi) > 15 || !digits(imsi) {
		return nil, errors.New("cp: IMSI must be 6 to 15 digits")
	}
	nibbles := "9" + imsi
	if len(imsi)%2 == 0 {
		nibbles = "1" + imsi + "?" // '?' is 3F: its low nibble is the filler F
	}
	key := make(Credential, len(nibbles)/2)
	for i := range key {
		key[i] = nibbles[2*i]&0x0F | nibbles[2*i+1]<<4
	}
	return key, nil
}

// UserPIN is the USERPIN key: the PIN as it is typed, leading zeros kept, 1 to
// 32 digits. Every known client takes those of 4 to 10.
func UserPIN(pin string) (Credential, error) {
	if pin == "" || len(pin) > 32 || !digits(pin) {
		return nil, errors.New("cp: PIN must be 1 to 32 digits, best 4 to 10")
	}
	return Credential(pin), nil
}

// UserNetworkPIN is the USERNETWPIN key: that of [NetworkPIN], then that of
// [UserPIN].
func UserNetworkPIN(imsi, pin string) (Credential, error) {
	network, err := NetworkPIN(imsi)
	if err != nil {
		return nil, err
	}
	user, err := UserPIN(pin)
	if err != nil {
		return nil, err
	}
	return append(network, user...), nil
}

// Lengths of the half of a USERPINMAC PIN, in digits. The usual client wants at
// least 5; one whole PIN has as many again.
const (
	minHalf = 5
	maxHalf = 9
)

// UserPINMAC is the USERPINMAC key: the first half of the PIN, 5 to 9 random
// digits. [CompletePIN] makes the PIN of it.
func UserPINMAC(half string) (Credential, error) {
	if len(half) < minHalf || len(half) > maxHalf || !digits(half) {
		return nil, fmt.Errorf("cp: half of a PIN must be %d to %d digits", minHalf, maxHalf)
	}
	return Credential(half), nil
}

// CompletePIN returns the PIN that the user has to type for a USERPINMAC
// message with this body: the half and as many check digits, each an octet of
// the HMAC modulo 10.
func CompletePIN(half string, body []byte) (string, error) {
	key, err := UserPINMAC(half)
	if err != nil {
		return "", err
	}
	pin := []byte(half)
	for _, o := range sum(key, body)[:len(half)] {
		pin = append(pin, '0'+o%10)
	}
	return string(pin), nil
}

func digits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// mac is the MAC of a body as it stands in the push: upper-case hex. Some
// clients compare it as text and deny lower case.
func mac(key, body []byte) string {
	const upper = "0123456789ABCDEF"
	var text [macDigits]byte
	for i, o := range sum(key, body) {
		text[2*i], text[2*i+1] = upper[o>>4], upper[o&0x0F]
	}
	return string(text[:])
}

func sum(key, body []byte) []byte {
	h := hmac.New(sha1.New, key)
	h.Write(body)
	return h.Sum(make([]byte, 0, sha1.Size))
}
