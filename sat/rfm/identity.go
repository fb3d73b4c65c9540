package rfm

import (
	"errors"
	"fmt"
)

// EncodeIMSI codes 6 to 15 digits in the 9 octets of EF_IMSI: the number of
// octets used, then a parity nibble and the digits, swapped, FF after them
// (3GPP TS 31.102, 4.2.2).
func EncodeIMSI(imsi string) ([]byte, error) {
	if err := checkIMSI(imsi); err != nil {
		return nil, err
	}
	b := blank(9)
	used := (1 + len(imsi) + 1) / 2
	b[0] = byte(used)
	parity := byte(0x1) // type IMSI, even number of digits
	if len(imsi)%2 == 1 {
		parity = 0x9
	}
	b[1] = (imsi[0]-'0')<<4 | parity
	copy(b[2:], swapped(imsi[1:]))
	return b, nil
}

// DecodeIMSI reads the 9 octets of EF_IMSI and accepts only what EncodeIMSI
// writes: parity, fill and length must agree.
func DecodeIMSI(b []byte) (string, error) {
	if len(b) != 9 {
		return "", fmt.Errorf("rfm: IMSI file of %d octets: want 9", len(b))
	}
	used := int(b[0])
	if used < 4 || used > 8 {
		return "", fmt.Errorf("rfm: IMSI file says %d octets are used: want 4 to 8", used)
	}
	parity := b[1] & 0xF
	if parity != 0x1 && parity != 0x9 {
		return "", fmt.Errorf("rfm: IMSI file has parity nibble %X: want 1 or 9", parity)
	}
	tail, err := unswap(b[2 : 1+used])
	if err != nil {
		return "", fmt.Errorf("rfm: IMSI: %w", err)
	}
	if b[1]>>4 > 9 {
		return "", fmt.Errorf("rfm: IMSI begins with %X, which is no digit", b[1]>>4)
	}
	imsi := string('0'+b[1]>>4) + tail
	if (len(imsi)%2 == 1) != (parity == 0x9) {
		return "", fmt.Errorf("rfm: IMSI file has parity nibble %X but %d digits", parity, len(imsi))
	}
	if !allFF(b[1+used:]) {
		return "", errors.New("rfm: IMSI file has octets other than FF after the digits")
	}
	return imsi, checkIMSI(imsi)
}

func checkIMSI(imsi string) error {
	if len(imsi) < 6 || len(imsi) > 15 || !digits(imsi) {
		return fmt.Errorf("rfm: IMSI %q: want 6 to 15 digits", imsi)
	}
	return nil
}

// EncodeICCID codes 18 to 20 digits in the 10 octets of EF_ICCID, swapped, F
// at the end (ETSI TS 102 221, 13.2).
func EncodeICCID(iccid string) ([]byte, error) {
	if err := checkICCID(iccid); err != nil {
		return nil, err
	}
	b := blank(10)
	copy(b, swapped(iccid))
	return b, nil
}

// DecodeICCID reads the 10 octets of EF_ICCID.
func DecodeICCID(b []byte) (string, error) {
	if len(b) != 10 {
		return "", fmt.Errorf("rfm: ICCID file of %d octets: want 10", len(b))
	}
	used := 10
	if b[9] == 0xFF {
		used = 9
	}
	iccid, err := unswap(b[:used])
	if err != nil {
		return "", fmt.Errorf("rfm: ICCID: %w", err)
	}
	return iccid, checkICCID(iccid)
}

func checkICCID(iccid string) error {
	if len(iccid) < 18 || len(iccid) > 20 || !digits(iccid) {
		return fmt.Errorf("rfm: ICCID %q: want 18 to 20 digits", iccid)
	}
	return nil
}

// EncodeACC is the access control class that goes with an IMSI by custom: the
// class of its last digit, one bit of 2 octets (3GPP TS 31.102, 4.2.15).
func EncodeACC(imsi string) ([]byte, error) {
	if err := checkIMSI(imsi); err != nil {
		return nil, err
	}
	bit := uint16(1) << (imsi[len(imsi)-1] - '0')
	return []byte{byte(bit >> 8), byte(bit)}, nil
}

// DecodeACC returns the access control classes, 0 to 15, in order. Bit 10 is
// no class and must be 0.
func DecodeACC(b []byte) ([]int, error) {
	if len(b) != 2 {
		return nil, fmt.Errorf("rfm: ACC of %d octets: want 2", len(b))
	}
	bits := uint16(b[0])<<8 | uint16(b[1])
	if bits&(1<<10) != 0 {
		return nil, fmt.Errorf("rfm: ACC %X has bit 10, which is no class", b)
	}
	var classes []int
	for c := range 16 {
		if bits&(1<<c) != 0 {
			classes = append(classes, c)
		}
	}
	return classes, nil
}

// EncodeAD returns a copy of EF_AD with the length of the MNC, 2 or 3, in
// octet 4; everything else stays (3GPP TS 31.102, 4.2.18).
func EncodeAD(old []byte, mncLength int) ([]byte, error) {
	if len(old) < 4 {
		return nil, fmt.Errorf("rfm: AD of %d octets: want at least 4, the fourth is the MNC length", len(old))
	}
	if mncLength != 2 && mncLength != 3 {
		return nil, fmt.Errorf("rfm: MNC length %d: want 2 or 3", mncLength)
	}
	b := append([]byte(nil), old...)
	b[3] = b[3]&0xF0 | byte(mncLength)
	return b, nil
}

// AD is what EF_AD says (3GPP TS 31.102, 4.2.18).
type AD struct {
	Mode      byte `json:"mode"`      // 00 normal, 80 type approval, 01 and 81 with specific facilities, 02 off line, 04 cell test
	Ciphering bool `json:"ciphering"` // the terminal may show whether ciphering is on
	CSG       bool `json:"csg"`
	ProSe     bool `json:"prose"`
	EDRX      bool `json:"edrx"`
	MNCLength int  `json:"mnc_length,omitempty"` // 2 or 3; 0 in an ISIM or an old SIM, which have no fourth octet
}

// DecodeAD reads EF_AD, 4 octets or more.
func DecodeAD(b []byte) (AD, error) {
	if len(b) < 4 {
		return AD{}, fmt.Errorf("rfm: AD of %d octets: want at least 4", len(b))
	}
	a := AD{
		Mode: b[0], Ciphering: b[2]&1 != 0, CSG: b[2]&2 != 0, ProSe: b[2]&4 != 0, EDRX: b[2]&8 != 0, MNCLength: int(b[3] & 0x0F),
	}
	if a.MNCLength != 2 && a.MNCLength != 3 {
		return AD{}, fmt.Errorf("rfm: AD has MNC length %d: want 2 or 3", a.MNCLength)
	}
	return a, nil
}

// decodeShortAD reads EF_AD where its fourth octet may be missing.
func decodeShortAD(b []byte) (AD, error) {
	if len(b) < 3 || !allFF(b[3:]) {
		return DecodeAD(b)
	}
	a, err := DecodeAD(append(b[:3:3], 2))
	a.MNCLength = 0
	return a, err
}

// coded writes the fields over old; bits and octets without a field stay.
func (a AD) coded(old []byte) ([]byte, error) {
	n := 4
	if a.MNCLength == 0 {
		n = 3
	} else if a.MNCLength != 2 && a.MNCLength != 3 {
		return nil, fmt.Errorf("rfm: MNC length %d: want 2 or 3", a.MNCLength)
	}
	b := make([]byte, n)
	if !allFF(old) {
		b = append([]byte(nil), old...)
		b = append(b, make([]byte, max(0, n-len(b)))...)
	}
	b[0], b[2] = a.Mode, b[2]&0xF0
	for i, on := range []bool{a.Ciphering, a.CSG, a.ProSe, a.EDRX} {
		if on {
			b[2] |= 1 << i
		}
	}
	if n > 3 {
		b[3] = b[3]&0xF0 | byte(a.MNCLength)
	}
	return b, nil
}

func (a AD) words() string {
	mode := "normal"
	if a.Mode != 0 {
		mode = fmt.Sprintf("mode %02X", a.Mode)
	}
	if a.MNCLength == 0 {
		return mode
	}
	return fmt.Sprintf("%s, MNC of %d digits", mode, a.MNCLength)
}

var (
	adCoding      = coding[AD]{from: DecodeAD, to: longAD, says: AD.words, amends: true}
	shortADCoding = coding[AD]{from: decodeShortAD, to: AD.coded, says: AD.words, amends: true}
)

// longAD refuses an AD without the length of the MNC: a phone would guess it.
func longAD(a AD, old []byte) ([]byte, error) {
	if a.MNCLength == 0 {
		return nil, errors.New("rfm: AD without mnc_length: want 2 or 3")
	}
	return a.coded(old)
}

var imsiCoding = coding[string]{
	from: DecodeIMSI, says: text,
	to: func(imsi string, _ []byte) ([]byte, error) { return EncodeIMSI(imsi) },
}

var iccidCoding = coding[string]{
	from: DecodeICCID, says: text,
	to: func(iccid string, _ []byte) ([]byte, error) { return EncodeICCID(iccid) },
}

var accCoding = coding[[]int]{
	from: DecodeACC,
	to: func(classes []int, _ []byte) ([]byte, error) {
		bits := uint16(0)
		for _, c := range classes {
			if c < 0 || c > 15 || c == 10 {
				return nil, fmt.Errorf("rfm: access class %d: want 0 to 9 or 11 to 15", c)
			}
			bits |= 1 << c
		}
		return []byte{byte(bits >> 8), byte(bits)}, nil
	},
	says: func(classes []int) string { return "class " + join(classes) },
	full: true,
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func allFF(b []byte) bool {
	for _, o := range b {
		if o != 0xFF {
			return false
		}
	}
	return true
}

// blank returns n octets FF.
func blank(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 0xFF
	}
	return b
}

// swapped codes digits two in an octet, the first in the low half, F at the
// end of an odd number.
func swapped(digits string) []byte {
	b := make([]byte, 0, (len(digits)+1)/2)
	for i := 0; i < len(digits); i += 2 {
		high := byte(0xF)
		if i+1 < len(digits) {
			high = digits[i+1] - '0'
		}
		b = append(b, high<<4|(digits[i]-'0'))
	}
	return b
}

// unswap reads digits two in an octet; F is allowed as the very last half.
func unswap(b []byte) (string, error) {
	s := make([]byte, 0, 2*len(b))
	for i, o := range b {
		low, high := o&0xF, o>>4
		switch {
		case low <= 9 && high <= 9:
			s = append(s, '0'+low, '0'+high)
		case low <= 9 && high == 0xF && i == len(b)-1:
			s = append(s, '0'+low)
		default:
			return "", fmt.Errorf("octet %d is %02X, which are no digits", i+1, o)
		}
	}
	return string(s), nil
}
