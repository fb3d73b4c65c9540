package device

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // ProvBoot knows no other
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/ota/cp"
)

// signature is how a client checks who sent a message (OMA ProvBoot 1.1).
type signature struct {
	methods   []cp.Security // that it knows
	unsigned  bool          // a message without SEC is taken
	unchecked bool          // the MAC is never looked at
	secFirst  bool          // SEC must come before MAC
	upperCase bool          // the MAC is compared as text; without it, as a number
	maxPIN    int           // digits a user can type; 0 is no limit
	// netwpin makes the key of the IMSI in the SIM.
	netwpin func(imsi string) ([]byte, error)
}

// passes says whether the client believes that a body is meant for this SIM and user. pin is what the user types when
// asked, empty if there is nobody.
func (s signature) passes(p push, body []byte, imsi, pin string) bool {
	method := cp.Security(p.sec)
	switch {
	case p.sec < 0:
		return s.unsigned
	case s.unchecked:
		return true
	case !slices.Contains(s.methods, method), s.secFirst && p.macFirst:
		return false
	case method == cp.NETWPIN:
		pin = ""
	case len(pin) < minPIN, s.maxPIN > 0 && len(pin) > s.maxPIN:
		return false
	case method == cp.USERPINMAC:
		return checkDigits(pin, body)
	}
	var key []byte
	if method != cp.USERPIN {
		network, err := s.netwpin(imsi)
		if err != nil {
			return false
		}
		key = slices.Clip(network)
	}
	mac := p.mac
	if !s.upperCase {
		mac = strings.ToUpper(mac)
	}
	return hmac.Equal([]byte(mac), fmt.Appendf(nil, "%X", hmacSHA1(append(key, pin...), body)))
}

// Fewest digits of a PIN, and of one that ends with its check digits.
const (
	minPIN    = 4
	minPINMAC = 10
)

// checkDigits is USERPINMAC: the first half of the PIN is the key, and each digit of the second half is an octet of the
// MAC modulo ten.
func checkDigits(pin string, body []byte) bool {
	half := len(pin) / 2
	if len(pin) < minPINMAC || len(pin)%2 != 0 || half > sha1.Size {
		return false
	}
	mac := hmacSHA1([]byte(pin[:half]), body)
	for i, digit := range []byte(pin[half:]) {
		if digit != '0'+mac[i]%10 {
			return false
		}
	}
	return true
}

func hmacSHA1(key, body []byte) []byte {
	h := hmac.New(sha1.New, key)
	h.Write(body)
	return h.Sum(nil)
}

func standardKey(imsi string) ([]byte, error) { return cp.NetworkPIN(imsi) }

// geckoKey has two mistakes: the filler F becomes 0, and the key always has eight octets.
func geckoKey(imsi string) ([]byte, error) {
	if _, err := cp.NetworkPIN(imsi); err != nil {
		return nil, err
	}
	kind := "9"
	if len(imsi)%2 == 0 {
		kind = "1"
	}
	nibbles := kind + imsi
	nibbles += strings.Repeat("0", 16-len(nibbles))
	key := make([]byte, 8)
	for i := range key {
		key[i] = nibbles[2*i]&0x0F | nibbles[2*i+1]<<4
	}
	return key, nil
}
