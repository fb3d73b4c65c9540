package content

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// value is what a parm may say.
type value struct {
	want string
	ok   func(string) bool
}

func oneOf(words ...string) value {
	want := strings.Join(words, ", ")
	if len(words) > 8 {
		want = "a word of the standard's list, as " + strings.Join(words[:3], ", ")
	}
	return value{want, func(s string) bool { return slices.Contains(words, s) }}
}

func number(least, most uint64) value {
	return value{"a number of " + strconv.FormatUint(least, 10) + " to " + strconv.FormatUint(most, 10), func(s string) bool {
		n, err := strconv.ParseUint(s, 10, 64)
		return err == nil && n >= least && n <= most
	}}
}

// Values of parms wherever they stand (ProvCont 1.1, 5 and 8). Lists that other
// documents extend, as SERVICE, ADDRTYPE and AAUTHTYPE, are not here.
var values = map[string]value{
	"BEARER": oneOf("GSM-GPRS", "GSM-CSD", "GSM-SMS", "GSM-USSD", "ANSI-136-GUTS", "IS-95-CDMA-SMS", "IS-95-CDMA-CSD", "IS-95-CDMA-PACKET",
		"ANSI-136-CSD", "ANSI-136-GPRS", "AMPS-CDPD", "PDC-CSD", "PDC-PACKET", "IDEN-SMS", "IDEN-CSD", "IDEN-PACKET", "FLEX/REFLEX",
		"PHS-SMS", "PHS-CSD", "TETRA-SDS", "TETRA-PACKET", "ANSI-136-GHOST", "MOBITEX-MPAK", "CDMA2000-1X-SIMPLE-IP", "CDMA2000-1X-MOBILE-IP"),
	"NAP-ADDRTYPE":   addressType,
	"PXADDRTYPE":     addressType,
	"LOCAL-ADDRTYPE": oneOf(ipv4, ipv6),
	"CALLTYPE":       oneOf("ANALOG-MODEM", "V.120", "V.110", "X.31", "BIT-TRANSPARENT", "DIRECT-ASYNCHRONOUS-DATA-SERVICE"),
	"LINKSPEED":      speed,
	"DNLINKSPEED":    speed,
	"AUTHTYPE":       oneOf("PAP", "CHAP", "MD5"),
	"AUTH-ENTITY":    oneOf("AAA", "HA"),
	"PXAUTH-TYPE":    oneOf("HTTP-BASIC", "HTTP-DIGEST", "WTLS-SS"),
	"PPGAUTH-TYPE":   oneOf("HTTP-BASIC", "HTTP-DIGEST"),
	"AAUTHLEVEL":     oneOf("APPSRV", "CLIENT", "OBEX"),
	"PORTNBR":        number(1, 65535),
	"CONTEXT-ALLOW":  number(0, 255),
	"PUSHENABLED":    oneOf("0", "1"),
	"PULLENABLED":    oneOf("0", "1"),
	"LINGER":         number(0, 1<<32-1),
	"DNS-ADDR":       {"an IPv4 or IPv6 address", func(s string) bool { return isIPv4(s) || isIPv6(s) }},

	"DELIVERY-ERR-SDU": hexadecimal, "DELIVERY-ORDER": hexadecimal, "TRAFFIC-CLASS": hexadecimal, "MAX-SDU-SIZE": hexadecimal,
	"MAX-BITRATE-UPLINK": hexadecimal, "MAX-BITRATE-DNLINK": hexadecimal, "RESIDUAL-BER": hexadecimal, "SDU-ERROR-RATIO": hexadecimal,
	"TRAFFIC-HANDL-PRIO": hexadecimal, "TRANSFER-DELAY": hexadecimal,
	"GUARANTEED-BITRATE-UPLINK": hexadecimal, "GUARANTEED-BITRATE-DNLINK": hexadecimal,
}

// Types of addresses whose form is known.
const (
	ipv4 = "IPV4"
	ipv6 = "IPV6"
	e164 = "E164"
	apn  = "APN"
)

var (
	addressType = oneOf(ipv4, ipv6, e164, "ALPHA", apn, "SCODE", "TETRA-ITSI", "MAN")
	speed       = value{"AUTOBAUDING or a number of bit/s", func(s string) bool { return s == "AUTOBAUDING" || decimal(s) }}
	hexadecimal = value{"hex digits", func(s string) bool { return s != "" && strings.Trim(s, "0123456789ABCDEFabcdef") == "" }}
)

// addressForms are the forms of addresses by their type.
var addressForms = map[string]value{
	ipv4: {"an IPv4 address", isIPv4},
	ipv6: {"an IPv6 address", isIPv6},
	e164: {"+ and 1 to 15 digits, or digits", isNumber},
	apn:  {"labels of letters, digits and hyphens, parted by dots, at most 100 octets (TS 23.003, 9.1)", isAPN},
}

func isIPv4(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Is4()
}

func isIPv6(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Is6()
}

// isNumber takes numbers as they are dialled, short codes of national use too.
func isNumber(s string) bool {
	digits := strings.TrimPrefix(s, "+")
	return digits != "" && len(digits) <= 15 && strings.Trim(digits, "0123456789*#") == ""
}

// isAPN allows underscores, which exist in real networks.
func isAPN(s string) bool {
	ok := len(s) <= 100
	for label := range strings.SplitSeq(s, ".") {
		ok = ok && label != "" && len(label) <= 63 &&
			strings.Trim(label, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
	}
	return ok
}

func decimal(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
