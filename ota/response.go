package ota

import (
	"encoding/binary"
	"fmt"
)

const (
	responsePrefix = 3                         // 02 71 00, in the checksum's input only
	responseClear  = responsePrefix + 6        // RPL, RHL and TAR are never ciphered
	responseHead   = headSize - responsePrefix // octets up to and including the status
	responseRHL    = 10                        // octets after RHL up to and including the status
	statusAt       = headSize - 1              // in a checksum input
	pcntrAt        = statusAt - 1              // in a checksum input
	cntrStatus     = cntrPCNTR + 1
)

// Response is a response packet in clear: what the card answers (ETSI TS 102 225, 5.2).
type Response struct {
	TAR TAR
	// Counter is a copy of the command's counter; cards without one send zero.
	Counter uint64
	Status  Status
	// Data is the additional response data, without padding.
	Data []byte
	// Authenticated is true if a cryptographic checksum proved that the holder of the key sent this. Never take an
	// unauthenticated response as success: anybody can forge it. Sealing ignores it.
	Authenticated bool
}

// Seal is the card's side: it secures the response as the second SPI octet of the command asks and returns the
// packet from RPL on.
func (r Response) Seal(spi SPI, ks Keyset) ([]byte, error) {
	p, err := ks.answer(spi)
	if err != nil {
		return nil, err
	}
	return r.seal(p)
}

// SealUnsecured returns the response in clear, as a card sends it that cannot or must not secure it: status 06
// always, others such as 09 and 0A often.
func (r Response) SealUnsecured() ([]byte, error) { return r.seal(protection{}) }

func (r Response) seal(p protection) ([]byte, error) {
	if r.Counter > maxCounter {
		return nil, fmt.Errorf("%w: %d is more than 40 bits", ErrCounter, r.Counter)
	}
	pad := p.padding(cntrStatus + p.checkLen + len(r.Data))
	size := headSize + p.checkLen + len(r.Data) + pad
	rpl := size - responsePrefix - 2
	if rpl > 0xFFFF {
		return nil, fmt.Errorf("%w: %d octets of data do not fit one response packet", ErrLength, len(r.Data))
	}
	b := appendResponsePrefix(make([]byte, 0, size+macSize))
	b = binary.BigEndian.AppendUint16(b, uint16(rpl))
	b = append(b, byte(responseRHL+p.checkLen))
	b = append(b, r.TAR[:]...)
	b = appendCounter(b, r.Counter)
	b = append(b, byte(pad), byte(r.Status))
	b = append(b, zeros[:p.checkLen]...)
	b = append(b, r.Data...)
	b = append(b, zeros[:pad]...)
	p.seal(b, responseClear)
	return b[responsePrefix:], nil
}

// appendResponsePrefix starts the checksum's input. These octets are literal, whatever the user data header of the
// SMS that carries the response looks like.
func appendResponsePrefix(b []byte) []byte { return append(b, 0x02, 0x71, 0x00) }

// OpenResponse is the server's side: it opens the answer to a command that went out with this SPI and keyset. If the
// answer has a redundancy check, Keyset.CRC must be what it was then.
//
// Cards report many errors in clear although the SPI asks for more. Such a response comes back with Authenticated
// false and no error, unless it claims success: that is ErrUnsecured.
func OpenResponse(packet []byte, spi SPI, ks Keyset, o Options) (Response, error) {
	if spi.reserved() {
		return Response{}, fmt.Errorf("%w: SPI %s sets reserved bits", ErrUnsupported, spi)
	}
	p, err := ks.answer(spi)
	if err != nil {
		return Response{}, err
	}
	if !o.AllowWeak {
		if err := ks.weak(spi); err != nil {
			return Response{}, err
		}
	}
	r, err := openResponse(packet, p)
	if err == nil || p == (protection{}) {
		return r, err
	}
	plain, ok := ClearResponse(packet)
	switch {
	case !ok:
		return Response{}, err
	case plain.Status == StatusOK:
		return Response{}, fmt.Errorf("%w: SPI %s, TAR %s", ErrUnsecured, spi, plain.TAR)
	}
	return plain, nil
}

// ClearResponse reads a response that is neither ciphered nor checked (RHL 0A), without keys. It is false for
// anything else, as far as that can be told: padding and reserved status codes do not occur in clear.
func ClearResponse(packet []byte) (Response, bool) {
	r, err := openResponse(packet, protection{})
	return r, err == nil
}

func openResponse(packet []byte, p protection) (Response, error) {
	if err := p.checkResponseLengths(packet); err != nil {
		return Response{}, err
	}
	b := appendResponsePrefix(make([]byte, 0, responsePrefix+len(packet)+macSize))
	b = append(b, packet...)
	data, err := p.open(b, responseClear, pcntrAt)
	if err != nil {
		return Response{}, err
	}
	if p.cipher == nil && p.signer == nil && b[pcntrAt] != 0 { // only a CC proves that a card means that
		return Response{}, fmt.Errorf("%w: PCNTR %d in a response that is not ciphered", ErrPadding, b[pcntrAt])
	}
	r := Response{
		TAR:           TAR(b[responseClear-3 : responseClear]),
		Counter:       counter(b[responseClear:]),
		Status:        Status(b[statusAt]),
		Data:          data,
		Authenticated: p.signer != nil,
	}
	if !r.Authenticated && r.Status.Reserved() {
		return Response{}, fmt.Errorf("%w: %02X, and no CC to prove it", ErrStatus, byte(r.Status))
	}
	return r, nil
}

// checkResponseLengths compares RPL and RHL with the octets present and with what the SPI asked for.
func (p protection) checkResponseLengths(packet []byte) error {
	if len(packet) < responseHead {
		return fmt.Errorf("%w: a response packet of %d octets, want at least %d", ErrLength, len(packet), responseHead)
	}
	if rpl := int(binary.BigEndian.Uint16(packet)); rpl != len(packet)-2 {
		return fmt.Errorf("%w: RPL is %d, %d octets follow", ErrLength, rpl, len(packet)-2)
	}
	rhl := int(packet[2])
	if rhl > len(packet)-3 {
		return fmt.Errorf("%w: RHL is %d, %d octets follow", ErrLength, rhl, len(packet)-3)
	}
	if want := responseRHL + p.checkLen; rhl != want {
		return fmt.Errorf("%w: RHL is %d, the SPI wants %d", ErrLength, rhl, want)
	}
	return nil
}
