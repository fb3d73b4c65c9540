package detect

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseIMSI reads an IMSI as feeds write it: 6 to 15 digits, or a SUPI
// "imsi-999700000000001" (3GPP TS 29.571, 5.3.2).
func ParseIMSI(s string) (string, error) {
	return number(strings.TrimPrefix(s, "imsi-"), 6, 15)
}

// ParseIMEI reads an IMEI or IMEISV (3GPP TS 23.003, 6.2): 14 digits, 15 with
// the check digit, 16 with the software version, "15,2" as some GGSNs write
// both, a PEI "imei-..." or "imeisv-..." (TS 29.571, 5.3.2), or "0x" and the
// octets of [IMEIOctets]. Zeros stand for a device that the network does not
// know, and come back as "".
func ParseIMEI(s string) (string, error) {
	if h, ok := strings.CutPrefix(s, "0x"); ok {
		b, err := hex.DecodeString(h)
		if err != nil {
			return "", fmt.Errorf("%q is no IMEI: after 0x come hex digits", shown(s))
		}
		return IMEIOctets(b)
	}
	s = strings.TrimPrefix(strings.TrimPrefix(s, "imei-"), "imeisv-")
	if imei, version, ok := strings.Cut(s, ","); ok {
		if len(imei) != 15 || len(version) != 2 {
			return "", fmt.Errorf("%q is no IMEI: before the comma 15 digits, after it 2", shown(s))
		}
		s = imei[:14] + version // the check digit is no part of an IMEISV
	}
	if s != "" && strings.Trim(s, "0") == "" {
		return "", nil
	}
	return number(s, 14, 16)
}

// IMEIOctets reads an IMEI or IMEISV of 8 octets, two digits in each with the
// first in the low half, F where no digit is (3GPP TS 29.061, 16.4.7.2).
func IMEIOctets(b []byte) (string, error) {
	if len(b) != 8 {
		return "", fmt.Errorf("%x is no IMEI: %d octets, want 8", b[:min(len(b), 16)], len(b))
	}
	digits, err := bcd(b)
	if err != nil {
		return "", err
	}
	return ParseIMEI(digits)
}

// ParseICCID reads the number of a card as it is printed, 18 to 20 digits, the
// last one the check digit (ITU-T E.118), without the F that pads it on the card.
func ParseICCID(s string) (string, error) {
	return number(strings.TrimRight(s, "fF"), 18, 20)
}

// ParseMSISDN reads a number in international form, with plus, "00" or nothing
// before it, or a GPSI "msisdn-..." (3GPP TS 29.571, 5.3.2): 5 to 15 digits. It
// comes back with a plus.
func ParseMSISDN(s string) (string, error) {
	if strings.HasPrefix(s, "extid-") {
		return "", fmt.Errorf("%q is an external identifier: cards are found by number only", shown(s))
	}
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "msisdn-"), "+")
	digits, err := number(strings.TrimPrefix(digits, "00"), 5, 15)
	if err == nil && digits[0] == '0' {
		err = fmt.Errorf("%q is no international number: it begins with a country code, not 0", s)
	}
	if err != nil {
		return "", err
	}
	return "+" + digits, nil
}

// ParsePLMN reads a network's code, MCC and MNC in one: "99970", "310410", or
// with a dash between them.
func ParsePLMN(s string) (mcc, mnc string, err error) {
	digits, err := number(strings.Replace(s, "-", "", 1), 5, 6)
	if err != nil {
		return "", "", err
	}
	return digits[:3], digits[3:], nil
}

// PLMNOctets reads a network's code from its three octets (3GPP TS 24.008,
// 10.5.1.13): MCC digits 1 and 2, MCC digit 3 with MNC digit 3 above it or F,
// MNC digits 1 and 2.
func PLMNOctets(b []byte) (mcc, mnc string, err error) {
	if len(b) != 3 {
		return "", "", fmt.Errorf("%d octets are no network code, want 3", len(b))
	}
	digits, err := bcd([]byte{b[0], b[1]&0x0F | b[2]<<4, b[2]>>4 | b[1]&0xF0})
	if err != nil {
		return "", "", err
	}
	return ParsePLMN(digits)
}

// ParseTime reads an instant: RFC 3339 (the offset also without colon), or
// seconds or milliseconds since 1970. It is of this century, else it is an error.
func ParseTime(s string) (time.Time, error) {
	t, err := instant(s)
	if err != nil {
		return time.Time{}, err
	}
	if y := t.UTC().Year(); y < 2000 || y > 2099 {
		return time.Time{}, fmt.Errorf("%q is in the year %d", shown(s), y)
	}
	return t.UTC(), nil
}

func instant(s string) (time.Time, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		const milliseconds = 1e11 // in seconds that would be the year 5138
		if n >= milliseconds {
			return time.UnixMilli(n), nil
		}
		return time.Unix(n, 0), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write it with its zone, as 2026-11-23T02:00:00Z, or as seconds since 1970", shown(s))
}

// ParseAPN reads the name of an access point (3GPP TS 23.003, 9.1), at most 100
// octets of printable ASCII.
func ParseAPN(s string) (string, error) {
	if len(s) > 100 {
		return "", fmt.Errorf("%q has %d octets, an access point's name at most 100", shown(s), len(s))
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%q is no access point's name: letters, digits, dots and dashes", shown(s))
	}
	return s, nil
}

// bcd reads digits with the first in the low half of an octet; F ends them.
func bcd(b []byte) (string, error) {
	out, ended := make([]byte, 0, 2*len(b)), false
	for _, o := range b {
		for _, n := range [2]byte{o & 0x0F, o >> 4} {
			switch {
			case n == 0x0F:
				ended = true
			case n > 9 || ended:
				return "", fmt.Errorf("%x is no number: %X stands where a digit, or F after the last one, must be", b, n)
			default:
				out = append(out, '0'+n)
			}
		}
	}
	return string(out), nil
}

// number checks the digits of a number.
func number(s string, least, most int) (string, error) {
	if strings.Trim(s, "0123456789") != "" {
		if strings.ContainsAny(s, "eE") && strings.ContainsAny(s, ".+") {
			return "", fmt.Errorf("%q: a spreadsheet or a float has cut its digits: send it as text", shown(s))
		}
		return "", fmt.Errorf("%q has other characters than digits", shown(s))
	}
	if len(s) < least || len(s) > most {
		return "", fmt.Errorf("%q has %d digits, want %d to %d", shown(s), len(s), least, most)
	}
	return s, nil
}

// shown is a value for a message, cut.
func shown(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// Normal is the event with every value in its normal form. Its error names the
// field: several are joined. Of IMSI, ICCID and MSISDN at least one must be there.
func (e Event) Normal() (Event, error) {
	var errs []error
	put := func(field string, s *string, parse func(string) (string, error)) {
		if *s = strings.TrimSpace(*s); *s == "" {
			return
		}
		v, err := parse(*s)
		if err != nil {
			errs = append(errs, FieldError{field, err.Error()})
		}
		*s = v
	}
	put("imsi", &e.IMSI, ParseIMSI)
	put("imei", &e.IMEI, ParseIMEI)
	put("iccid", &e.ICCID, ParseICCID)
	put("msisdn", &e.MSISDN, ParseMSISDN)
	put("apn", &e.APN, ParseAPN)
	put("mcc", &e.MCC, func(s string) (string, error) { return padded(s, 3, 3) })
	put("mnc", &e.MNC, func(s string) (string, error) { return padded(s, 2, 3) })
	put("source", &e.Source, func(s string) (string, error) { return text(s, 64) })
	if e.MCC == "" || e.MNC == "" {
		e.MCC, e.MNC = "", "" // half a network's code names none
	}
	if !e.Kind.known() {
		errs = append(errs, FieldError{"kind", fmt.Sprintf("%q is not known: %s", shown(string(e.Kind)), kindNames)})
	}
	if len(errs) == 0 && e.IMSI == "" && e.ICCID == "" && e.MSISDN == "" {
		errs = append(errs, ErrNobody)
	}
	return e, errors.Join(errs...)
}

// ErrNobody says that an event names no subscription.
var ErrNobody = errors.New("names no subscription: one of IMSI, ICCID and MSISDN must be there")

// padded puts zeros before a code that came as a JSON number.
func padded(s string, least, most int) (string, error) {
	if n := least - len(s); n > 0 {
		s = strings.Repeat("0", n) + s
	}
	return number(s, least, most)
}

func text(s string, most int) (string, error) {
	if len(s) > most || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", fmt.Errorf("%q: at most %d printable ASCII characters", shown(s), most)
	}
	return s, nil
}

const kindNames = "attach, session, imei change or detach"

func (k Kind) known() bool {
	switch k {
	case Attach, Session, IMEIChange, Detach:
		return true
	}
	return false
}

// FieldError says which field of an event, or of a mapping, is wrong, and why.
type FieldError struct{ Field, Message string }

// Error is the field and the message.
func (e FieldError) Error() string { return e.Field + ": " + e.Message }
