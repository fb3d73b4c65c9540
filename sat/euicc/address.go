package euicc

import (
	"errors"
	"fmt"
	"strings"

	"github.com/simota/simota/sat"
)

// UpdateSMSRAddressingParameters tells the card where its notices go (GSMA
// SGP.02, 4.1.1.10). A wrong number here makes every later switch roll back: no
// notice of it would arrive.
//
// Either Number is given, for the SMS address, or Raw, for everything else. The
// coding of an SMS address follows one card maker's server, not a text of the
// standard: try it on a card of the type first, and use Raw where it differs.
type UpdateSMSRAddressingParameters struct {
	// Number has 1 to 20 digits; "+" in front makes it international.
	Number string
	// TypeOfNumber is the octet of type and plan, 80 to FF (3GPP TS 23.040,
	// 9.1.2.5). 0 is 91 for a number with "+" and 81 for one without; some
	// cards were seen to want 85.
	TypeOfNumber byte
	// Raw is the whole value of 3A07, 1 to 252 octets.
	Raw []byte
}

const (
	tagSMS        = 0xA3
	tagSMSAddress = 0x81

	international = 0x91
	unknownType   = 0x81

	mostDigits   = 20
	mostGrouping = 252 // octets of a grouping's value in one APDU
)

// Command is STORE DATA 3A07.
func (f UpdateSMSRAddressingParameters) Command() (sat.Command, error) {
	value := f.Raw
	if f.Number != "" || len(f.Raw) == 0 {
		if len(f.Raw) > 0 {
			return sat.Command{}, fmt.Errorf("euicc: %s: both a number, %q, and raw octets: give one", f.Name(), f.Number)
		}
		address, err := f.address()
		if err != nil {
			return sat.Command{}, fmt.Errorf("euicc: %s: %w", f.Name(), err)
		}
		object := append([]byte{tagSMSAddress, byte(len(address))}, address...)
		value = append([]byte{tagSMS, byte(len(object))}, object...)
	}
	if len(value) > mostGrouping {
		return sat.Command{}, fmt.Errorf("euicc: %s: %d raw octets: at most %d fit one APDU", f.Name(), len(value), mostGrouping)
	}
	return storeData(lastBlock, dgiAddresses, value, sat.NoLe), nil
}

// address is a count of the octets that hold digits, type and plan, and the
// digits, swapped.
func (f UpdateSMSRAddressingParameters) address() ([]byte, error) {
	rest, plus := strings.CutPrefix(f.Number, "+")
	ton := f.TypeOfNumber
	switch {
	case len(rest) < 1 || len(rest) > mostDigits || !digits(rest):
		return nil, fmt.Errorf("number %q: want 1 to %d digits, + in front if it is international", f.Number, mostDigits)
	case plus && ton != 0 && ton != international:
		return nil, fmt.Errorf("number %q with type %02X: + means %02X; leave it out for another type", f.Number, ton, international)
	case ton != 0 && ton < 0x80:
		return nil, fmt.Errorf("type of number %02X: want 80 to FF", ton)
	case plus:
		ton = international
	case ton == 0:
		ton = unknownType
	}
	number := swap(rest)
	return append([]byte{byte(len(number)), ton}, number...), nil
}

// parseAddresses reads an SMS address, and keeps as raw octets whatever a
// number would not be coded as.
func parseAddresses(b []byte) (Function, error) {
	if len(b) == 0 {
		return nil, errors.New("no addressing parameters: want at least one")
	}
	if f, ok := parseSMSAddress(b); ok {
		return f, nil
	}
	return UpdateSMSRAddressingParameters{Raw: clone(b)}, nil
}

func parseSMSAddress(b []byte) (f UpdateSMSRAddressingParameters, ok bool) {
	sms, err := only(b, tagSMS)
	if err != nil {
		return f, false
	}
	address, err := only(sms, tagSMSAddress)
	if err != nil || len(address) < 3 {
		return f, false
	}
	if f.Number, ok = unswap(address[2:]); !ok {
		return f, false
	}
	switch ton := address[1]; ton {
	case international:
		f.Number = "+" + f.Number
	case unknownType:
	default:
		f.TypeOfNumber = ton
	}
	back, err := f.Command()
	return f, err == nil && string(back.Data[3:]) == string(b)
}

// swap codes digits two in an octet, the first in the low half, F at the end of
// an odd number.
func swap(digits string) []byte {
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

// unswap reads digits two in an octet; F may be the very last half.
func unswap(b []byte) (string, bool) {
	s := make([]byte, 0, 2*len(b))
	for i, o := range b {
		low, high := o&0xF, o>>4
		switch {
		case low <= 9 && high <= 9:
			s = append(s, '0'+low, '0'+high)
		case low <= 9 && high == 0xF && i == len(b)-1:
			s = append(s, '0'+low)
		default:
			return "", false
		}
	}
	return string(s), true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
