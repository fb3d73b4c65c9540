package euicc

import "fmt"

// Lengths of the device identities in a notice (ETSI TS 102 223, 8.20, 8.74 and
// 8.81).
const (
	imeiSize   = 8
	imeisvSize = 9
	meidSize   = 8
)

// Low half of the first octet of a mobile identity: the type, and whether the
// number of digits is odd (3GPP TS 24.008, 10.5.1.4).
const (
	oddIMEI    = 0x8 | 0x2
	evenIMEISV = 0x3
)

// encodeIMEI codes 15 digits of an IMEI or 16 of an IMEISV as a mobile identity.
func encodeIMEI(imei string) ([]byte, error) {
	kind := byte(oddIMEI)
	switch {
	case !digits(imei) || len(imei) != 15 && len(imei) != 16:
		return nil, fmt.Errorf("IMEI %q: want 15 digits, or 16 of an IMEISV", imei)
	case len(imei) == 16:
		kind = evenIMEISV
	}
	return append([]byte{(imei[0]-'0')<<4 | kind}, swap(imei[1:])...), nil
}

// decodeIMEI reads what encodeIMEI writes and nothing else.
func decodeIMEI(b []byte) (string, bool) {
	var kind byte
	switch len(b) {
	case imeiSize:
		kind = oddIMEI
	case imeisvSize:
		kind = evenIMEISV
	default:
		return "", false
	}
	tail, ok := unswap(b[1:])
	if !ok || b[0]&0xF != kind || b[0]>>4 > 9 || len(tail) != 14 && len(tail) != 15 {
		return "", false
	}
	return string('0'+b[0]>>4) + tail, true
}
