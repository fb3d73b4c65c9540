package ota

import "fmt"

// Keyset is one key set of a security domain: what the high halves of KIc and KID name.
type Keyset struct {
	// Version is the key version number, 1..15. It may be 0 only if no key is used.
	Version byte
	// KIc ciphers, KID signs. Either may be the zero Key if the SPI does not need it.
	KIc, KID Key
	// CCLength is the length of the checksum in octets: 8, or 4 if an AES card is set up so; nothing in a packet
	// tells it. 0 means 8.
	CCLength int
	// CRC is the length of the redundancy check (RC) in octets: 2 for CRC-16, 4 for CRC-32. 0 means 4. A command
	// names it in its KID (Header.CRC), a response does not.
	CRC int
}

// KIcByte is the KIc octet: version and algorithm of the ciphering key (ETSI TS 102 225, 5.1.2).
func (k Keyset) KIcByte() byte { return k.Version<<4 | k.KIc.Algorithm().Nibble() }

// KIDByte is the KID octet: version and algorithm of the checksum key (ETSI TS 102 225, 5.1.3). With a redundancy
// check KID names that instead; NewCommand sees to it.
func (k Keyset) KIDByte() byte { return k.Version<<4 | k.KID.Algorithm().Nibble() }

// Low halves of KID with a redundancy check (ETSI TS 102 225, 5.1.3).
const (
	nibbleCRC16 = 0x1
	nibbleCRC32 = 0x5
)

// kidByte is the KID octet of a command with this check.
func (k Keyset) kidByte(c Check) byte {
	switch {
	case c != RC:
		return k.KIDByte()
	case k.CRC == 2:
		return k.Version<<4 | nibbleCRC16
	}
	return k.Version<<4 | nibbleCRC32
}

// crcLength is what a KID octet names where the check is RC, 0 for an algorithm that is not a CRC.
func crcLength(kid byte) int {
	switch kid & 0x0F {
	case nibbleCRC16:
		return 2
	case nibbleCRC32:
		return 4
	}
	return 0
}

// sealing finds what secures a command, and makes sure that the answer it asks for can be opened.
func (k Keyset) sealing(spi SPI) (protection, error) {
	if err := spi.supported(); err != nil {
		return protection{}, err
	}
	if spi.PoR() != PoRNone {
		if _, err := k.answer(spi); err != nil {
			return protection{}, err
		}
	}
	return k.protect(spi.Ciphered(), spi.Check())
}

// answer finds what secures a response.
func (k Keyset) answer(spi SPI) (protection, error) {
	if err := spi.porSupported(); err != nil {
		return protection{}, err
	}
	return k.protect(spi.PoRCiphered(), spi.PoRCheck())
}

// protect finds the keys for one packet. DS is the caller's to refuse.
func (k Keyset) protect(ciphered bool, check Check) (p protection, err error) {
	if keys := ciphered || check == CC; keys && k.Version == 0 || k.Version > 15 {
		return p, fmt.Errorf("%w: key version %d, want 1 to 15", ErrKeyset, k.Version)
	}
	if ciphered {
		if k.KIc.Algorithm() == 0 {
			return p, fmt.Errorf("%w: version %d has no KIc key and ciphering is asked", ErrKeyset, k.Version)
		}
		p.cipher = k.KIc.s()
	}
	switch check {
	case CC:
		p.signer = k.KID.s()
		p.checkLen, err = k.ccLength()
	case RC:
		p.checkLen, err = k.crcLength()
	}
	if err != nil {
		return protection{}, err
	}
	return p, nil
}

func (k Keyset) ccLength() (int, error) {
	alg := k.KID.Algorithm()
	switch {
	case alg == 0:
		return 0, fmt.Errorf("%w: version %d has no KID key and a CC is asked", ErrKeyset, k.Version)
	case alg == DESECB:
		return 0, fmt.Errorf("%w: the KID key of version %d is for %s, which cannot sign; use des", ErrKeyset, k.Version, alg)
	case k.CCLength == 4 && alg.isAES():
		return 4, nil
	case k.CCLength == 0 || k.CCLength == 8:
		return 8, nil
	}
	return 0, fmt.Errorf("%w: a CC of %d octets with %s, want 8, or 4 with AES", ErrKeyset, k.CCLength, alg)
}

func (k Keyset) crcLength() (int, error) {
	switch k.CRC {
	case 0, 4:
		return 4, nil
	case 2:
		return 2, nil
	}
	return 0, fmt.Errorf("%w: a redundancy check of %d octets, want 2 (CRC-16) or 4 (CRC-32)", ErrKeyset, k.CRC)
}

// weak names the first reason why a command with this SPI and its answer are unsafe with these keys.
func (k Keyset) weak(spi SPI) error {
	kic, kid := spi.needs()
	usesAES := kic && k.KIc.Algorithm().isAES() || kid && k.KID.Algorithm().isAES()
	switch {
	case !spi.ReplayDetected() && usesAES:
		return fmt.Errorf("%w: SPI %s uses AES without a counter check, which ETSI TS 102 225 forbids", ErrWeak, spi)
	case spi.Check() < CC:
		return fmt.Errorf("%w: SPI %s has %s in the command: anybody could write one; use CC", ErrWeak, spi, spi.Check())
	case !spi.ReplayDetected():
		return fmt.Errorf("%w: SPI %s has no replay detection", ErrWeak, spi)
	case kic && k.KIc.weakness() != "":
		return fmt.Errorf("%w: the KIc key of version %d %s", ErrWeak, k.Version, k.KIc.weakness())
	case kid && k.KID.weakness() != "":
		return fmt.Errorf("%w: the KID key of version %d %s", ErrWeak, k.Version, k.KID.weakness())
	}
	return nil
}

func (k Key) weakness() string {
	if s := k.s(); s != nil {
		return s.weak
	}
	return ""
}
