package ota

import (
	"encoding/binary"
	"fmt"
	"slices"
)

const (
	commandClear = 10 // CPL, CHL, SPI, KIc, KID and TAR are never ciphered
	commandCHL   = 13 // octets after CHL up to and including PCNTR
	cntrPCNTR    = 6
)

// Command is a command packet in clear: what the server sends and the card receives (ETSI TS 102 225, 5.1).
type Command struct {
	SPI SPI
	// KIc and KID go out as they are here. NewCommand fills them from a keyset.
	KIc, KID byte
	TAR      TAR
	// Counter is the 40-bit CNTR. With a card that checks it, one counter belongs to one octet string for ever.
	Counter uint64
	// Data is the secured data, without padding.
	Data []byte
}

// NewCommand fills in KIc and KID from the keyset. It keeps data without copying it.
func NewCommand(spi SPI, tar TAR, ks Keyset, counter uint64, data []byte) Command {
	return Command{SPI: spi, KIc: ks.KIcByte(), KID: ks.KIDByte(), TAR: tar, Counter: counter, Data: data}
}

// Seal secures the command as its SPI says and returns the packet from CPL on, ready for sms.SplitPacket. It also
// refuses an SPI whose answer could not be read with this keyset. The same input always gives the same octets.
func (c Command) Seal(ks Keyset, o Options) ([]byte, error) {
	if c.Counter > maxCounter {
		return nil, fmt.Errorf("%w: %d is more than 40 bits", ErrCounter, c.Counter)
	}
	if c.SPI.PoR() != PoRNone {
		if err := c.SPI.porSupported(); err != nil {
			return nil, err
		}
	}
	needKIc, needKID := c.SPI.needs()
	if err := c.header().admit(ks, o, needKIc, needKID); err != nil {
		return nil, err
	}
	if _, err := ks.protect(needKIc, checkIf(needKID)); err != nil {
		return nil, err
	}
	p, err := ks.protect(c.SPI.Ciphered(), c.SPI.Check())
	if err != nil {
		return nil, err
	}
	pad := p.padding(cntrPCNTR + p.ccLen + len(c.Data))
	size := headSize + p.ccLen + len(c.Data) + pad
	if size-2 > 0xFFFF {
		return nil, fmt.Errorf("%w: %d octets of data do not fit one command packet", ErrLength, len(c.Data))
	}
	b := make([]byte, 0, size)
	b = binary.BigEndian.AppendUint16(b, uint16(size-2))
	b = append(b, byte(commandCHL+p.ccLen), c.SPI[0], c.SPI[1], c.KIc, c.KID)
	b = append(b, c.TAR[:]...)
	b = appendCounter(b, c.Counter)
	b = append(b, byte(pad))
	b = append(b, c.Data...)
	b = append(b, zeros[:pad]...)
	return p.seal(b, commandClear), nil
}

func checkIf(cc bool) Check {
	if cc {
		return CC
	}
	return NoCheck
}

// OpenCommand is the card's side of Seal: it deciphers the packet and checks lengths, checksum and padding. Whether
// the counter is fresh and the SPI strong enough for the application is the card's own affair.
func OpenCommand(packet []byte, ks Keyset, o Options) (Command, error) {
	h, err := ParseHeader(packet)
	if err != nil {
		return Command{}, err
	}
	if err := h.admit(ks, o, h.SPI.Ciphered(), h.SPI.Check() == CC); err != nil {
		return Command{}, err
	}
	p, err := ks.protect(h.SPI.Ciphered(), h.SPI.Check())
	if err != nil {
		return Command{}, err
	}
	if chl := int(packet[2]); chl != commandCHL+p.ccLen {
		return Command{}, fmt.Errorf("%w: CHL is %d, SPI %s wants %d", ErrLength, chl, h.SPI, commandCHL+p.ccLen)
	}
	b, err := p.open(slices.Clone(packet), commandClear)
	if err != nil {
		return Command{}, err
	}
	data, err := unpad(b[headSize:], b[headSize-1])
	if err != nil {
		return Command{}, err
	}
	return Command{SPI: h.SPI, KIc: h.KIc, KID: h.KID, TAR: h.TAR, Counter: counter(b[commandClear:]), Data: data}, nil
}

// Header is the part of a command packet that is always in clear. It tells which keyset opens the rest.
type Header struct {
	SPI      SPI
	KIc, KID byte
	TAR      TAR
}

// ParseHeader reads the clear part of a command packet and checks CPL and CHL against the octets present.
func ParseHeader(packet []byte) (Header, error) {
	if len(packet) < headSize {
		return Header{}, fmt.Errorf("%w: a command packet of %d octets, want at least %d", ErrLength, len(packet), headSize)
	}
	if cpl := int(binary.BigEndian.Uint16(packet)); cpl != len(packet)-2 {
		return Header{}, fmt.Errorf("%w: CPL is %d, %d octets follow", ErrLength, cpl, len(packet)-2)
	}
	if chl := int(packet[2]); chl < commandCHL || chl > len(packet)-3 {
		return Header{}, fmt.Errorf("%w: CHL is %d, want %d to %d", ErrLength, chl, commandCHL, len(packet)-3)
	}
	return Header{SPI: SPI(packet[3:5]), KIc: packet[5], KID: packet[6], TAR: TAR(packet[7:10])}, nil
}

func (c Command) header() Header { return Header{SPI: c.SPI, KIc: c.KIc, KID: c.KID, TAR: c.TAR} }

// admit refuses what is unsupported, what names another keyset and what is weak.
func (h Header) admit(ks Keyset, o Options, needKIc, needKID bool) error {
	if err := h.SPI.supported(); err != nil {
		return err
	}
	if needKIc {
		if err := admitOctet("KIc", h.KIc, ks.Version, ks.KIc); err != nil {
			return err
		}
	}
	if needKID {
		if err := admitOctet("KID", h.KID, ks.Version, ks.KID); err != nil {
			return err
		}
	}
	if o.AllowWeak {
		return nil
	}
	if h.KIc>>4 != h.KID>>4 {
		return fmt.Errorf("%w: KIc %02X and KID %02X name different key sets", ErrWeak, h.KIc, h.KID)
	}
	return ks.weak(h.SPI)
}

// admitOctet checks that a KIc or KID octet names the key that is going to be used.
func admitOctet(field string, octet, version byte, key Key) error {
	if err := supportedNibble(field, octet); err != nil {
		return err
	}
	if key.Algorithm() != 0 && (octet>>4 != version || octet&0x0F != key.Algorithm().Nibble()) {
		return fmt.Errorf("%w: %s is %02X, the keyset has version %d and %s", ErrKeyset, field, octet, version, key.Algorithm())
	}
	return nil
}

// Room in SMS user data of 140 octets (3GPP TS 31.115): one part has a header of 3 octets, several have 8 in the
// first and 6 in each of the others.
const (
	roomAlone = 137
	roomFirst = 132
	roomNext  = 134
	maxParts  = 255
)

// MaxData is how many octets of data a command can carry in so many SMS (1..255). It is 0 if none fit, or if the
// SPI cannot be sealed with this keyset.
func MaxData(spi SPI, ks Keyset, parts int) int {
	p, err := ks.protect(spi.Ciphered(), spi.Check())
	if err != nil || spi.supported() != nil || parts < 1 || parts > maxParts {
		return 0
	}
	room := roomAlone
	if parts > 1 {
		room = roomFirst + roomNext*(parts-1)
	}
	room -= commandClear
	if p.cipher != nil {
		room -= room % p.cipher.alg.BlockSize()
	}
	return max(0, room-cntrPCNTR-p.ccLen)
}
