package ota

import "errors"

// What can be wrong with a packet or with the way it is asked for. Returned errors wrap one of these and name the
// field and the value.
var (
	// ErrUnsupported means that an SPI, KIc or KID asks for something this package does not do or the standard
	// reserves: RC, DS, DES, ECB, implicit or proprietary algorithms.
	ErrUnsupported = errors.New("ota: unsupported")
	// ErrWeak means that the request is legal on the wire but unsafe; Options.AllowWeak lets it pass.
	ErrWeak = errors.New("ota: too weak, refused unless weak security is allowed")
	// ErrKeyset means that the keyset lacks a key, or is not the one that KIc and KID name.
	ErrKeyset = errors.New("ota: wrong keyset")
	// ErrCounter means that a counter does not fit 40 bits.
	ErrCounter = errors.New("ota: counter out of range")
	// ErrLength means that a length field (CPL, CHL, RPL, RHL) contradicts the octets present, the SPI or the
	// cipher's block.
	ErrLength = errors.New("ota: wrong length")
	// ErrPadding means that the padding counter (PCNTR) exceeds the data, or is not zero in a clear response.
	ErrPadding = errors.New("ota: wrong padding counter")
	// ErrCheckFailed means that the cryptographic checksum does not match: wrong key, or altered octets.
	ErrCheckFailed = errors.New("ota: cryptographic checksum does not match")
	// ErrUnsecured means that a response says "ok" in clear where a secured one was asked. Anybody can send that.
	ErrUnsecured = errors.New("ota: success reported without the security that was asked")
	// ErrStatus means that a response which nothing authenticates has a reserved status: garbage or a wrong key.
	ErrStatus = errors.New("ota: reserved response status")
)

// Options change what Seal, OpenCommand and OpenResponse let pass. The zero value is the safe one.
type Options struct {
	// AllowWeak admits what ErrWeak refuses: an SPI without replay detection (which AES does not permit at all,
	// ETSI TS 102 225, 5.1.2 and 5.1.3.1), KIc and KID of different key sets, 3DES keys that are single DES in fact.
	AllowWeak bool
}
