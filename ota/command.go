package ota

import (
	"crypto/aes"
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
	return Command{SPI: spi, KIc: ks.KIcByte(), KID: ks.kidByte(spi.Check()), TAR: tar, Counter: counter, Data: data}
}

// Seal secures the command as its SPI says and returns the packet from CPL on, ready for sms.SplitPacket. It also
// refuses an SPI whose answer could not be read with this keyset. The same input always gives the same octets.
func (c Command) Seal(ks Keyset, o Options) ([]byte, error) {
	const most = headSize + 8 + aes.BlockSize + macSize // checksum and padding at their longest
	return c.AppendPacket(make([]byte, 0, len(c.Data)+most), ks, o)
}

// AppendPacket is Seal that appends to dst, so that a caller who seals many packets can use one buffer. It uses spare
// capacity of dst as scratch space, also behind the packet. dst must not overlap c.Data.
func (c Command) AppendPacket(dst []byte, ks Keyset, o Options) ([]byte, error) {
	p, err := c.protection(ks, o)
	if err != nil {
		return nil, err
	}
	pad := p.padding(cntrPCNTR + p.checkLen + len(c.Data))
	size := headSize + p.checkLen + len(c.Data) + pad
	if size-2 > 0xFFFF {
		return nil, fmt.Errorf("%w: %d octets of data do not fit one command packet", ErrLength, len(c.Data))
	}
	start := len(dst)
	b := slices.Grow(dst, size+macSize)
	b = binary.BigEndian.AppendUint16(b, uint16(size-2))
	b = append(b, byte(commandCHL+p.checkLen), c.SPI[0], c.SPI[1], c.KIc, c.KID, c.TAR[0], c.TAR[1], c.TAR[2])
	b = appendCounter(b, c.Counter)
	b = append(b, byte(pad))
	b = append(b, zeros[:p.checkLen]...)
	b = append(b, c.Data...)
	b = append(b, zeros[:pad]...)
	p.seal(b[start:], commandClear)
	return b, nil
}

// protection is how the command is going to be secured, if it may go out at all.
func (c Command) protection(ks Keyset, o Options) (protection, error) {
	if c.Counter > maxCounter {
		return protection{}, fmt.Errorf("%w: %d is more than 40 bits", ErrCounter, c.Counter)
	}
	p, err := ks.sealing(c.SPI)
	if err != nil {
		return protection{}, err
	}
	h := c.header()
	needKIc, needKID := c.SPI.needs()
	if err := h.admit(ks, needKIc, needKID); err != nil {
		return protection{}, err
	}
	if p.signer == nil && p.checkLen != h.CRC() {
		return protection{}, fmt.Errorf("%w: KID %02X names a CRC of %d octets, the keyset has %d", ErrKeyset, c.KID, h.CRC(), p.checkLen)
	}
	return p, h.weak(ks, o)
}

// zeros is padding, and the room for a checksum until it is known.
var zeros [aes.BlockSize]byte

// OpenCommand is the card's side of Seal: it deciphers the packet and checks lengths, checksum and padding. Whether
// the counter is fresh and the SPI strong enough for the application is the card's own affair. The length of a
// redundancy check is that of the packet's KID, whatever the keyset says.
func OpenCommand(packet []byte, ks Keyset, o Options) (Command, error) {
	h, err := ParseHeader(packet)
	if err != nil {
		return Command{}, err
	}
	p, err := h.protection(ks, o)
	if err != nil {
		return Command{}, err
	}
	if chl := int(packet[2]); chl != commandCHL+p.checkLen {
		return Command{}, fmt.Errorf("%w: CHL is %d, SPI %s wants %d", ErrLength, chl, h.SPI, commandCHL+p.checkLen)
	}
	b := append(make([]byte, 0, len(packet)+macSize), packet...)
	data, err := p.open(b, commandClear, headSize-1)
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

// protection is how the command is secured, if it may come in.
func (h Header) protection(ks Keyset, o Options) (protection, error) {
	if err := h.SPI.supported(); err != nil {
		return protection{}, err
	}
	if err := h.admit(ks, h.SPI.Ciphered(), h.SPI.Check() == CC); err != nil {
		return protection{}, err
	}
	ks.CRC = h.CRC()
	p, err := ks.protect(h.SPI.Ciphered(), h.SPI.Check())
	if err != nil {
		return protection{}, err
	}
	return p, h.weak(ks, o)
}

// CRC is the length in octets of the redundancy check that KID names, 2 or 4. It is 0 if the command has none, or none
// that is known. A card that is to answer with RC takes it into its keyset.
func (h Header) CRC() int {
	if h.SPI.Check() != RC {
		return 0
	}
	return crcLength(h.KID)
}

func (c Command) header() Header { return Header{SPI: c.SPI, KIc: c.KIc, KID: c.KID, TAR: c.TAR} }

// admit refuses octets that name unsupported algorithms or another keyset. Of a mix of key sets, which is weak, one must
// be that of the keyset.
func (h Header) admit(ks Keyset, needKIc, needKID bool) error {
	kic, kid := ks.Version, ks.Version
	if h.mixed() && (h.KIc>>4 == ks.Version || h.KID>>4 == ks.Version) {
		kic, kid = h.KIc>>4, h.KID>>4
	}
	if needKIc {
		if err := admitOctet("KIc", h.KIc, kic, ks.KIc); err != nil {
			return err
		}
	}
	ks.Version = kid
	return h.admitKID(ks, needKID)
}

// mixed says that KIc and KID name different key sets.
func (h Header) mixed() bool { return h.KIc>>4 != h.KID>>4 }

// weak names the first reason why a command is unsafe, unless that is allowed.
func (h Header) weak(ks Keyset, o Options) error {
	switch {
	case o.AllowWeak:
		return nil
	case h.mixed():
		return fmt.Errorf("%w: KIc %02X and KID %02X name different key sets", ErrWeak, h.KIc, h.KID)
	}
	return ks.weak(h.SPI)
}

// admitKID checks the octet as the command's own check reads it: with RC it names a CRC, even if the answer is signed.
func (h Header) admitKID(ks Keyset, needKID bool) error {
	switch {
	case h.SPI.Check() == RC && h.CRC() == 0:
		return fmt.Errorf("%w: KID %02X names no redundancy check; use CRC-16 (1) or CRC-32 (5)", ErrUnsupported, h.KID)
	case h.SPI.Check() == RC && needKID && h.KID>>4 != ks.Version:
		return fmt.Errorf("%w: KID is %02X, the keyset has version %d", ErrKeyset, h.KID, ks.Version)
	case h.SPI.Check() == RC || !needKID:
		return nil
	case h.KID&0x0F == DESECB.Nibble():
		return fmt.Errorf("%w: KID %02X names a reserved algorithm; use 3DES (5, 9) or AES (2)", ErrUnsupported, h.KID)
	}
	return admitOctet("KID", h.KID, ks.Version, ks.KID)
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
	p, err := ks.sealing(spi)
	if err != nil || parts < 1 || parts > maxParts {
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
	return max(0, room-cntrPCNTR-p.checkLen)
}
