package uicc

import "strings"

// The card codes its files by itself, so that a mistake of the server's codings shows.

// bcd codes digits with swapped nibbles, filled up with F to size octets.
func bcd(s string, size int) []byte {
	b := filled(size)
	for i := range min(len(s), 2*size) {
		d := s[i] - '0'
		if i%2 == 0 {
			b[i/2] = b[i/2]&0xF0 | d
		} else {
			b[i/2] = b[i/2]&0x0F | d<<4
		}
	}
	return b
}

// unBCD reads digits up to the first nibble that is none.
func unBCD(b []byte) string {
	var s strings.Builder
	for _, o := range b {
		for _, d := range [2]byte{o & 0x0F, o >> 4} {
			if d > 9 {
				return s.String()
			}
			s.WriteByte('0' + d)
		}
	}
	return s.String()
}

// filled is n octets FF, the state of erased memory.
func filled(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 0xFF
	}
	return b
}

func padded(n int, parts ...[]byte) []byte {
	b := filled(n)
	at := 0
	for _, p := range parts {
		at += copy(b[at:], p)
	}
	return b
}

// encodeIMSI is the content of EF_IMSI (3GPP TS 31.102, 4.2.2): octets used, then the type and parity nibble and
// the digits as of TS 24.008.
func encodeIMSI(imsi string) []byte {
	first := byte(0x01)
	if len(imsi)%2 == 1 {
		first = 0x09
	}
	b := padded(9, []byte{byte(len(imsi)/2 + 1), (imsi[0]-'0')<<4 | first})
	copy(b[2:], bcd(imsi[1:], 7))
	return b
}

// decodeIMSI is empty if the octets are no IMSI: that is how a phone sees a broken file.
func decodeIMSI(b []byte) string {
	if len(b) < 9 || b[0] < 1 || b[0] > 8 {
		return ""
	}
	first := b[1] >> 4
	want := 2 * (int(b[0]) - 1)
	if b[1]&0x0F == 0x09 {
		want++
	} else if b[1]&0x0F != 0x01 {
		return ""
	}
	s := string('0'+rune(first)) + unBCD(b[2:1+int(b[0])])
	if first > 9 || len(s) != want {
		return ""
	}
	return s
}

// encodeIMEI is the mobile identity that the terminal gives for PROVIDE LOCAL INFORMATION (3GPP TS 24.008,
// 10.5.1.4): the check digit is sent as zero.
func encodeIMEI(imei string) []byte {
	return append([]byte{(imei[0]-'0')<<4 | 0x0A}, bcd(imei[1:14]+"0", 7)...)
}

// address codes a number as TON/NPI and BCD digits.
func address(number string) []byte {
	ton := byte(0x81)
	if rest, ok := strings.CutPrefix(number, "+"); ok {
		ton, number = 0x91, rest
	}
	return append([]byte{ton}, bcd(number, (len(number)+1)/2)...)
}

func decodeAddress(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	number := unBCD(b[1:])
	if b[0] == 0x91 && number != "" {
		number = "+" + number
	}
	return number
}

// dialling is a record of EF_MSISDN and its like (3GPP TS 31.102, 4.2.26): alpha identifier, length, number.
func dialling(number string, size int) []byte {
	b := filled(size)
	if number == "" {
		return b
	}
	a := address(number)
	b[size-14] = byte(len(a))
	copy(b[size-13:], a)
	return b
}

// dialled reads the number from a record of EF_MSISDN and its like; it is empty if the record has none.
func dialled(rec []byte) string {
	if len(rec) < 14 {
		return ""
	}
	p := rec[len(rec)-14:]
	if n := int(p[0]); n >= 2 && n <= 11 {
		return decodeAddress(p[1 : 1+n])
	}
	return ""
}

// smsParameters is a record of EF_SMSP (3GPP TS 31.102, 4.2.27) with the service centre alone.
func smsParameters(smsc string, size int) []byte {
	b := filled(size)
	if smsc == "" {
		return b
	}
	at := size - 28
	a := address(smsc)
	b[at], b[at+13] = 0xFD, byte(len(a))
	copy(b[at+14:], a)
	return b
}

// serviceCentre reads the address from a record of EF_SMSP; it is empty if the record has none.
func serviceCentre(rec []byte) string {
	if len(rec) < 28 {
		return ""
	}
	p := rec[len(rec)-28:]
	n := int(p[13])
	if p[0]&0x02 != 0 || n < 2 || n > 11 {
		return ""
	}
	return decodeAddress(p[14 : 14+n])
}

// plmn codes the network code at the head of an IMSI (3GPP TS 24.008, 10.5.1.3).
func plmn(imsi string, mncLength int) []byte {
	d := func(i int) byte { return imsi[i] - '0' }
	third := byte(0x0F)
	if mncLength == 3 {
		third = d(5)
	}
	return []byte{d(1)<<4 | d(0), third<<4 | d(2), d(4)<<4 | d(3)}
}
