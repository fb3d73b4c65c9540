package rfm

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// uriCoding is one text in an object 80: IMPI, IMPU, DOMAIN, PSISMSC (3GPP TS
// 31.103, 4.2.2 to 4.2.4, TS 31.102). A record without a text is FF.
var uriCoding = coding[string]{
	from: func(b []byte) (string, error) {
		if allFF(b) {
			return "", nil
		}
		value, err := template(b, 0x80)
		if err == nil && !printable(string(value)) {
			err = fmt.Errorf("rfm: %X is no text", value)
		}
		return string(value), err
	},
	to: func(s string, old []byte) ([]byte, error) {
		if !printable(s) {
			return nil, fmt.Errorf("rfm: %q is no text of one line", s)
		}
		if s == "" {
			return blank(size(old, 2)), nil
		}
		return tlv.AppendBER(nil, 0x80, []byte(s))
	},
	says: text,
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7F })
}

// aclCoding is the list of APNs that the terminal may use; "" stands for the
// APN that the network provides (3GPP TS 31.102, 4.2.48).
var aclCoding = coding[[]string]{
	from: func(b []byte) ([]string, error) {
		if len(b) == 0 {
			return nil, errors.New("rfm: ACL without octets")
		}
		var apns []string
		n, rest := int(b[0]), b[1:]
		for range n {
			o, after, err := tlv.First(rest)
			if err != nil || o.Tag != tagAPN {
				return nil, fmt.Errorf("rfm: ACL says it has %d APNs: entry %d is none", n, len(apns)+1)
			}
			apn, err := decodeAPN(o.Value)
			if err != nil {
				return nil, err
			}
			apns, rest = append(apns, apn), after
		}
		if !allFF(rest) {
			return nil, errAfter
		}
		return apns, nil
	},
	to: func(apns []string, _ []byte) ([]byte, error) {
		if len(apns) > 255 {
			return nil, fmt.Errorf("rfm: ACL of %d APNs: at most 255 fit", len(apns))
		}
		b := []byte{byte(len(apns))}
		for _, a := range apns {
			value, err := encodeAPN(a)
			if err != nil {
				return nil, err
			}
			if b, err = tlv.AppendBER(b, tagAPN, value); err != nil {
				return nil, err
			}
		}
		return b, nil
	},
	says: func(apns []string) string {
		words := make([]string, len(apns))
		for i, a := range apns {
			if words[i] = a; a == "" {
				words[i] = "the network's APN"
			}
		}
		return join(words)
	},
}

const tagAPN = 0xDD

// encodeAPN writes labels, each after its length (3GPP TS 23.003, 9.1).
func encodeAPN(apn string) ([]byte, error) {
	if apn == "" {
		return nil, nil
	}
	var b []byte
	for label := range strings.SplitSeq(apn, ".") {
		if len(label) < 1 || len(label) > 63 || !isLabel(label) {
			return nil, fmt.Errorf("rfm: APN %q: want labels of 1 to 63 letters, digits and hyphens", apn)
		}
		b = append(append(b, byte(len(label))), label...)
	}
	if len(b) > 100 {
		return nil, fmt.Errorf("rfm: APN %q takes %d octets: at most 100 are allowed", apn, len(b))
	}
	return b, nil
}

func decodeAPN(b []byte) (string, error) {
	var labels []string
	for len(b) > 0 {
		n := int(b[0])
		if n == 0 || n > len(b)-1 || !isLabel(string(b[1:1+n])) {
			return "", fmt.Errorf("rfm: APN has %X where a label should be", b)
		}
		labels, b = append(labels, string(b[1:1+n])), b[1+n:]
	}
	return strings.Join(labels, "."), nil
}

func isLabel(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '-' {
			return false
		}
	}
	return true
}

// Types of address before a P-CSCF or an ePDG (3GPP TS 31.103, 4.2.8).
const (
	addressName = 0x00
	addressIPv4 = 0x01
	addressIPv6 = 0x02
)

// hostCoding is one name or IP address in an object 80 {type, address}: P-CSCF
// and ePDGId.
var hostCoding = coding[string]{
	from: func(b []byte) (string, error) {
		if allFF(b) {
			return "", nil
		}
		value, err := template(b, 0x80)
		if err != nil {
			return "", err
		}
		return decodeHost(value)
	},
	to: func(host string, old []byte) ([]byte, error) {
		if host == "" {
			return blank(size(old, 2)), nil
		}
		value := append([]byte{addressName}, host...)
		if ip, err := netip.ParseAddr(host); err == nil && ip.Zone() == "" {
			value = append([]byte{addressIPv4}, ip.AsSlice()...)
			if ip.Is6() {
				value[0] = addressIPv6
			}
		} else if !isHost(host) {
			return nil, fmt.Errorf("rfm: %q is neither a host name nor an IP address", host)
		}
		return tlv.AppendBER(nil, 0x80, value)
	},
	says: text,
}

func decodeHost(b []byte) (string, error) {
	switch {
	case len(b) > 1 && b[0] == addressName && isHost(string(b[1:])):
		return string(b[1:]), nil
	case len(b) == 5 && b[0] == addressIPv4, len(b) == 17 && b[0] == addressIPv6:
		ip, _ := netip.AddrFromSlice(b[1:])
		return ip.String(), nil
	}
	return "", fmt.Errorf("rfm: address %X: want 00 and a host name, 01 and 4 octets or 02 and 16", b)
}

// isHost says whether s is a host name: labels that do not make up an IP
// address.
func isHost(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || !isLabel(label) {
			return false
		}
	}
	_, err := netip.ParseAddr(s)
	return err != nil
}

// Gateway is one entry of EF_ePDGSelection (3GPP TS 31.102).
type Gateway struct {
	PLMN     string `json:"plmn"` // 5 or 6 digits, D for any
	Priority uint16 `json:"priority"`
	Location bool   `json:"location,omitempty"` // the name has the location in it, not only the operator
}

func (g Gateway) String() string {
	format := "operator"
	if g.Location {
		format = "location"
	}
	return fmt.Sprintf("%s priority %d by %s", g.PLMN, g.Priority, format)
}

var gatewaysCoding = coding[[]Gateway]{
	from: func(b []byte) ([]Gateway, error) {
		value, err := template(b, 0x80)
		if err != nil || len(value)%6 != 0 {
			return nil, errors.Join(fmt.Errorf("rfm: ePDG selection of %d octets: want entries of 6", len(value)), err)
		}
		var list []Gateway
		for ; len(value) > 0; value = value[6:] {
			plmn, err := decodePattern(value[:3])
			if err != nil || value[5] > 1 {
				return nil, fmt.Errorf("rfm: ePDG selection has entry %X: want network, priority, 00 or 01", value[:6])
			}
			list = append(list, Gateway{plmn, uint16(value[3])<<8 | uint16(value[4]), value[5] == 1})
		}
		return list, nil
	},
	to: func(list []Gateway, _ []byte) ([]byte, error) {
		var value []byte
		for _, g := range list {
			var err error
			if value, err = appendPattern(value, g.PLMN); err != nil {
				return nil, err
			}
			value = append(value, byte(g.Priority>>8), byte(g.Priority), bitmap(g.Location))
		}
		return tlv.AppendBER(nil, 0x80, value)
	},
	says: join[Gateway],
}

// Application is a record of EF_DIR (ETSI TS 102 221, 13.1): what the card has
// and its whole AID. Objects other than AID and label are not read.
type Application struct {
	AID   Hex    `json:"aid"`
	Label string `json:"label,omitempty"`
}

var dirCoding = coding[Application]{
	from: func(b []byte) (a Application, err error) {
		if allFF(b) {
			return a, nil
		}
		inner, err := template(b, 0x61)
		if err != nil {
			return a, err
		}
		list, err := tlv.ParseBER(inner)
		for _, o := range list {
			switch o.Tag {
			case 0x4F:
				a.AID = append(Hex{}, o.Value...)
			case 0x50:
				a.Label = strings.ToValidUTF8(string(o.Value), "?")
			}
		}
		return a, err
	},
	to: func(a Application, _ []byte) ([]byte, error) {
		if len(a.AID) < 5 || len(a.AID) > 16 {
			return nil, fmt.Errorf("rfm: AID of %d octets: want 5 to 16", len(a.AID))
		}
		inner, err := tlv.AppendBER(nil, 0x4F, a.AID)
		if err == nil && a.Label != "" {
			inner, err = tlv.AppendBER(inner, 0x50, []byte(a.Label))
		}
		if err != nil {
			return nil, err
		}
		return tlv.AppendBER(nil, 0x61, inner)
	},
	says: func(a Application) string { return strings.TrimSpace(sat.AID(a.AID).String() + " " + a.Label) },
}
