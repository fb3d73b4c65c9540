package rfm

import (
	"fmt"
	"strings"
)

// Type of number and numbering plan, of a written number (3GPP TS 24.008,
// 10.5.4.7).
const (
	tonInternational = 0x91
	tonNational      = 0xA1
	tonUnknown       = 0x81
)

// dialled has the digits and signs of a number in the order of their nibbles:
// star is A, hash is B, p is C, a pause.
const dialled = "0123456789*#p"

// encodeNumber codes a number as type and swapped digits: "+" makes it
// international, everything else is of unknown type.
func encodeNumber(number string, most int) ([]byte, error) {
	ton := byte(tonUnknown)
	rest, plus := strings.CutPrefix(number, "+")
	if plus {
		ton = tonInternational
		if !digits(rest) {
			return nil, fmt.Errorf("rfm: number %q: only digits may follow +", number)
		}
	}
	if len(rest) == 0 || len(rest) > most {
		return nil, fmt.Errorf("rfm: number %q: want 1 to %d digits", number, most)
	}
	b := []byte{ton}
	for i := 0; i < len(rest); i++ {
		n := strings.IndexByte(dialled, rest[i])
		switch {
		case n < 0:
			return nil, fmt.Errorf("rfm: number %q: %q cannot be dialled; want digits, *, # or p for a pause", number, rest[i])
		case i%2 == 0:
			b = append(b, 0xF0|byte(n))
		default:
			b[len(b)-1] = byte(n)<<4 | b[len(b)-1]&0x0F
		}
	}
	return b, nil
}

// decodeNumber reads what encodeNumber writes, and national numbers, which
// come back without a mark.
func decodeNumber(b []byte) (string, error) {
	if len(b) < 2 {
		return "", fmt.Errorf("rfm: number of %d octets: want type and digits", len(b))
	}
	var s strings.Builder
	switch b[0] {
	case tonInternational:
		s.WriteByte('+')
	case tonNational, tonUnknown:
	default:
		return "", fmt.Errorf("rfm: type of number %02X: want 91, 81 or A1", b[0])
	}
	for i, o := range b[1:] {
		for half, n := range []byte{o & 0xF, o >> 4} {
			switch {
			case int(n) < len(dialled):
				s.WriteByte(dialled[n])
			case n == 0xF && half == 1 && i == len(b)-2:
			default:
				return "", fmt.Errorf("rfm: number %X: half octet %X is no digit", b, n)
			}
		}
	}
	return s.String(), nil
}

// adnFixed is the length of an ADN record without its alpha identifier.
const adnFixed = 14

// EncodeADN codes a name and a number in a record of recordLength octets, as
// in ADN, SDN, MBDN and MSISDN (3GPP TS 31.102, 4.4.2.3): alpha identifier,
// length, type, 10 octets of digits, no configuration, no extension. A number
// has at most 20 digits; "+" in front makes it international.
func EncodeADN(name, number string, recordLength int) ([]byte, error) {
	if recordLength < adnFixed || recordLength > 255 {
		return nil, fmt.Errorf("rfm: record of %d octets: want %d to 255", recordLength, adnFixed)
	}
	b := blank(recordLength)
	x := recordLength - adnFixed
	if err := encodeAlpha(b[:x], name); err != nil {
		return nil, err
	}
	n, err := encodeNumber(number, 20)
	if err != nil {
		return nil, err
	}
	b[x] = byte(len(n))
	copy(b[x+1:], n)
	return b, nil
}

// DecodeADN reads a record of 14 octets or more. An empty record gives an
// empty name and number.
func DecodeADN(record []byte) (name, number string, err error) {
	if len(record) < adnFixed {
		return "", "", fmt.Errorf("rfm: record of %d octets: want at least %d", len(record), adnFixed)
	}
	x := len(record) - adnFixed
	if name, err = decodeAlpha(record[:x]); err != nil {
		return "", "", err
	}
	number, err = decodeAddress(record[x : x+12])
	return name, number, err
}

// decodeAddress reads a length octet, type and digits, FF after them; the
// length counts the octets of type and digits. FF and 00 mean none.
func decodeAddress(b []byte) (string, error) {
	n := int(b[0])
	if n == 0xFF || n == 0 {
		return "", nil
	}
	if n > len(b)-1 {
		return "", fmt.Errorf("rfm: number says it has %d octets: at most %d fit", n, len(b)-1)
	}
	if !allFF(b[1+n:]) {
		return "", fmt.Errorf("rfm: number %X has octets other than FF after its end", b)
	}
	return decodeNumber(b[1 : 1+n])
}

// EncodeMSISDN codes the card's own number, without a name (3GPP TS 31.102,
// 4.2.26).
func EncodeMSISDN(number string, recordLength int) ([]byte, error) {
	return EncodeADN("", number, recordLength)
}

// DecodeMSISDN reads the number of a record of EF_MSISDN, "" if it is empty.
func DecodeMSISDN(record []byte) (string, error) {
	_, number, err := DecodeADN(record)
	return number, err
}

// SMSP is record 1 of EF_SMSP: the parameters of short messages that the
// terminal takes by default (3GPP TS 31.102, 4.2.27). Parts that the record
// marks as absent are "" or -1.
type SMSP struct {
	Alpha       string `json:"alpha,omitempty"`
	Destination string `json:"destination,omitempty"`
	SMSC        string `json:"smsc,omitempty"`
	PID         int    `json:"pid"`      // 0 to 255
	DCS         int    `json:"dcs"`      // 0 to 255
	Validity    int    `json:"validity"` // TP-VP, relative form: 167 is a day, 173 a week
}

// A record of EF_SMSP, after the alpha identifier: indicators, destination 12,
// service centre 12, PID, DCS, validity. An indicator bit of 0 is "present".
const (
	smspFixed       = 28
	smspDestination = 1 << 0
	smspSMSC        = 1 << 1
	smspPID         = 1 << 2
	smspDCS         = 1 << 3
	smspValidity    = 1 << 4
)

// EncodeSMSP returns a copy of a record of EF_SMSP with this service centre
// and its indicator; alpha identifier, destination, PID, DCS and validity stay
// as they are.
func EncodeSMSP(smsc string, record []byte) ([]byte, error) {
	if len(record) < smspFixed {
		return nil, fmt.Errorf("rfm: SMSP record of %d octets: want at least %d", len(record), smspFixed)
	}
	n, err := encodeNumber(smsc, 20)
	if err != nil {
		return nil, err
	}
	b := append([]byte(nil), record...)
	fixed := b[len(b)-smspFixed:]
	fixed[0] &^= smspSMSC
	address := fixed[13:25]
	copy(address, blank(12))
	address[0] = byte(len(n))
	copy(address[1:], n)
	return b, nil
}

// DecodeSMSP reads a record of EF_SMSP.
func DecodeSMSP(record []byte) (SMSP, error) {
	if len(record) < smspFixed {
		return SMSP{}, fmt.Errorf("rfm: SMSP record of %d octets: want at least %d", len(record), smspFixed)
	}
	fixed := record[len(record)-smspFixed:]
	s := SMSP{PID: -1, DCS: -1, Validity: -1}
	var err error
	if s.Alpha, err = decodeAlpha(record[:len(record)-smspFixed]); err != nil {
		return SMSP{}, err
	}
	present := ^fixed[0]
	if present&smspDestination != 0 {
		if s.Destination, err = decodeDestination(fixed[1:13]); err != nil {
			return SMSP{}, err
		}
	}
	if present&smspSMSC != 0 {
		if s.SMSC, err = decodeAddress(fixed[13:25]); err != nil {
			return SMSP{}, err
		}
	}
	for i, field := range []*int{&s.PID, &s.DCS, &s.Validity} {
		if present&(smspPID<<i) != 0 {
			*field = int(fixed[25+i])
		}
	}
	return s, nil
}

// decodeDestination reads a TP address: its length counts digits, not octets
// (3GPP TS 23.040, 9.1.2.5).
func decodeDestination(b []byte) (string, error) {
	n := int(b[0])
	if n == 0xFF || n == 0 {
		return "", nil
	}
	if n > 20 {
		return "", fmt.Errorf("rfm: destination says it has %d digits: at most 20 fit", n)
	}
	return decodeNumber(b[1 : 2+(n+1)/2])
}

// ECC is one record of EF_ECC: an emergency code (3GPP TS 31.102, 4.2.21).
type ECC struct {
	Number string `json:"number"` // 1 to 6 digits
	Alpha  string `json:"alpha,omitempty"`
	// Category bits: 1 police, 2 ambulance, 4 fire, 8 marine, 10 mountain, 20 manual eCall, 40
	// automatic eCall; 0 none given.
	Category byte `json:"category"`
}

// eccFixed is the length of an ECC record without its alpha identifier.
const eccFixed = 4

// EncodeECC codes an emergency code in a record of recordLength octets.
func EncodeECC(e ECC, recordLength int) ([]byte, error) {
	if recordLength < eccFixed || recordLength > 255 {
		return nil, fmt.Errorf("rfm: ECC record of %d octets: want %d to 255", recordLength, eccFixed)
	}
	if len(e.Number) < 1 || len(e.Number) > 6 || !digits(e.Number) {
		return nil, fmt.Errorf("rfm: emergency code %q: want 1 to 6 digits", e.Number)
	}
	b := blank(recordLength)
	copy(b, swapped(e.Number))
	if err := encodeAlpha(b[3:recordLength-1], e.Alpha); err != nil {
		return nil, err
	}
	b[recordLength-1] = e.Category
	return b, nil
}

// DecodeECC reads a record; an empty one gives an empty Number.
func DecodeECC(record []byte) (ECC, error) {
	if len(record) < eccFixed {
		return ECC{}, fmt.Errorf("rfm: ECC record of %d octets: want at least %d", len(record), eccFixed)
	}
	if allFF(record[:3]) {
		return ECC{}, nil
	}
	used := 3
	for used > 1 && record[used-1] == 0xFF {
		used--
	}
	var e ECC
	var err error
	if e.Number, err = unswap(record[:used]); err != nil {
		return ECC{}, fmt.Errorf("rfm: emergency code: %w", err)
	}
	if e.Alpha, err = decodeAlpha(record[3 : len(record)-1]); err != nil {
		return ECC{}, err
	}
	e.Category = record[len(record)-1]
	return e, nil
}
