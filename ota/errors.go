package ota

import "errors"

// What can be wrong with a packet or with the way it is asked for. Returned errors wrap one of these and name the
// field and the value.
var (
	// ErrUnsupported means that an SPI, KIc or KID asks for something this package does not do or the standard
	// reserves: digital signatures, implicit, proprietary or reserved algorithms, reserved bits.
	ErrUnsupported = errors.New("ota: unsupported")
	// ErrWeak means that the request can be built but is unsafe, for one of the reasons in the package's table;
	// Options.AllowWeak lets it pass.
	ErrWeak = errors.New("ota: too weak, refused unless weak security is allowed")
	// ErrKeyset means that the keyset lacks a key, or is not the one that KIc and KID name.
	ErrKeyset = errors.New("ota: wrong keyset")
	// ErrCounter means that a counter does not fit 40 bits.
	ErrCounter = errors.New("ota: counter out of range")
	// ErrLength means that a length field (CPL, CHL, RPL, RHL) contradicts the octets present, the SPI or the
	// cipher's block.
	ErrLength = errors.New("ota: wrong length")
	// ErrPadding means that the padding counter (PCNTR) exceeds the data, or is not zero in a response that is neither
	// ciphered nor signed.
	ErrPadding = errors.New("ota: wrong padding counter")
	// ErrCheckFailed means that RC or CC does not match: wrong key, or altered octets.
	ErrCheckFailed = errors.New("ota: checksum does not match")
	// ErrUnsecured means that a response says "ok" in clear where a secured one was asked. Anybody can send that.
	ErrUnsecured = errors.New("ota: success reported without the security that was asked")
	// ErrStatus means that a response which nothing authenticates has a reserved status: garbage or a wrong key.
	ErrStatus = errors.New("ota: reserved response status")
)

// Options change what Seal, OpenCommand and OpenResponse let pass. The zero value is the safe one.
type Options struct {
	// AllowWeak admits what ErrWeak refuses. Cards need it (their level is their own affair), and so does who opens
	// what a card sends as a command: an SGP.02 notification (SPI 0200) is signed and has no counter.
	AllowWeak bool
}
