package cp

import (
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Purposes of an APN.
const (
	PurposeInternet = "internet"
	PurposeMMS      = "mms"
)

// APN is one access point of an operator's settings.
type APN struct {
	Purpose string // "internet" or "mms"
	Name    string // shown to the user; empty means the operator's name
	Address string // the APN itself, as "web.kestrel.example"; case is kept
	Auth    string // "", "pap" or "chap"; "either" cannot be said in a document
	User    string
	Secret  Secret
	MMSC    string // http or https URL, for "mms" only
	Proxy   string // host:port, or empty
	// PDP is "", "ipv4", "ipv6" or "ipv4v6". The standard has no parm for it:
	// "ipv6" is written as LOCAL-ADDRTYPE, which some clients read; the others
	// leave the choice to the device, because the word IPV4V6 confuses clients.
	PDP string
}

var errNoOperator = errors.New("cp: operator has no name")

// Code is a short code: a service number and the name a user knows it by.
type Code struct {
	Name   string
	Number string // digits, * and #, perhaps a leading +; 2 to 20 characters
}

// Internet makes the document for an internet APN: BOOTSTRAP, NAPDEF and the
// browser, APPLICATION w2. With PAP or CHAP and usual names it takes two short
// messages. Errors name the setting to correct.
func Internet(operator string, a APN) (Document, error) {
	if a.MMSC != "" {
		return Document{}, errors.New("cp: internet APN with an MMSC: move it to the mms APN")
	}
	return access(operator, a, PurposeInternet, "web", "w2")
}

// MMS makes the document for an MMS APN: BOOTSTRAP, NAPDEF, PXLOGICAL if there
// is a proxy, and APPLICATION w4 whose ADDR is the MMSC. Errors name the
// setting to correct.
func MMS(operator string, a APN) (Document, error) {
	u, err := url.Parse(a.MMSC)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Document{}, fmt.Errorf("cp: MMSC %q: want an http or https URL", a.MMSC)
	}
	return access(operator, a, PurposeMMS, "mms", "w4", set("ADDR", a.MMSC))
}

// access makes what both purposes share. The identifiers come from operator
// and purpose alone: a repeated document replaces itself, and documents of two
// operators do not replace each other.
func access(operator string, a APN, purpose, suffix, appID string, extra ...Parm) (Document, error) {
	if operator == "" {
		return Document{}, errNoOperator
	}
	if a.Purpose != purpose {
		return Document{}, fmt.Errorf("cp: APN %q has purpose %q, want %q", a.Address, a.Purpose, purpose)
	}
	if a.Name == "" {
		a.Name = operator
	}
	id := identifier(operator, suffix)
	nap, err := napdef(id, a)
	if err != nil {
		return Document{}, err
	}
	children := []Characteristic{{Type: "BOOTSTRAP", Parms: []Parm{set("NAME", operator)}}, nap}
	link := set("TO-NAPID", id)
	if a.Proxy != "" {
		px, err := proxy(id, a)
		if err != nil {
			return Document{}, err
		}
		children = append(children, px)
		link = set("TO-PROXY", id)
	}
	app := Characteristic{Type: "APPLICATION", Parms: []Parm{set("APPID", appID), set("NAME", a.Name), link}}
	app.Parms = append(app.Parms, extra...)
	return finished(append(children, app)...)
}

func napdef(id string, a APN) (Characteristic, error) {
	if err := checkAPN(a.Address); err != nil {
		return Characteristic{}, err
	}
	nap := Characteristic{Type: "NAPDEF", Parms: []Parm{
		set("NAPID", id), set("BEARER", "GSM-GPRS"), set("NAME", a.Name),
		set("NAP-ADDRESS", a.Address), set("NAP-ADDRTYPE", "APN"),
	}}
	if a.Purpose == PurposeInternet {
		nap.Parms = append(nap.Parms, Parm{Name: "INTERNET"})
	}
	switch a.PDP {
	case "", "ipv4", "ipv4v6":
	case "ipv6":
		nap.Parms = append(nap.Parms, set("LOCAL-ADDRTYPE", "IPV6"))
	default:
		return nap, fmt.Errorf("cp: APN %q: PDP type %q, want ipv4, ipv6, ipv4v6 or nothing", a.Address, a.PDP)
	}
	switch {
	case a.Auth == "" && a.User == "" && a.Secret == "":
	case (a.Auth == "pap" || a.Auth == "chap") && a.User != "":
		nap.Children = []Characteristic{{Type: "NAPAUTHINFO", Parms: []Parm{
			set("AUTHTYPE", strings.ToUpper(a.Auth)), set("AUTHNAME", a.User), set("AUTHSECRET", string(a.Secret)),
		}}}
	default:
		return nap, fmt.Errorf("cp: APN %q: auth %q: want pap or chap with a user, or none of auth, user and secret", a.Address, a.Auth)
	}
	return nap, nil
}

// checkAPN holds an APN to the form of TS 23.003, 9.1: labels of letters,
// digits and hyphens, at most 100 octets; underscores exist in real networks.
func checkAPN(s string) error {
	ok := len(s) <= 100
	for label := range strings.SplitSeq(s, ".") {
		ok = ok && label != "" && len(label) <= 63 && strings.Trim(label, alphanumeric+"-_") == ""
	}
	if !ok {
		return fmt.Errorf("cp: APN %q: want labels of letters, digits and hyphens, parted by dots, at most 100 octets", s)
	}
	return nil
}

// proxy makes a PXLOGICAL with one PXPHYSICAL, both called like the NAPDEF.
func proxy(id string, a APN) (Characteristic, error) {
	host, port, err := net.SplitHostPort(a.Proxy)
	if err != nil || host == "" {
		return Characteristic{}, fmt.Errorf("cp: proxy %q: want host:port", a.Proxy)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return Characteristic{}, fmt.Errorf("cp: proxy %q: want a port of 1 to 65535", a.Proxy)
	}
	kind := "ALPHA"
	if ip, err := netip.ParseAddr(host); err == nil {
		kind = "IPV6"
		if ip.Is4() {
			kind = "IPV4"
		}
	}
	return Characteristic{
		Type:  "PXLOGICAL",
		Parms: []Parm{set("PROXY-ID", id), set("NAME", a.Name)},
		Children: []Characteristic{{
			Type:     "PXPHYSICAL",
			Parms:    []Parm{set("PHYSICAL-PROXY-ID", id), set("PXADDR", host), set("PXADDRTYPE", kind), set("TO-NAPID", id)},
			Children: []Characteristic{{Type: "PORT", Parms: []Parm{set("PORTNBR", port)}}},
		}},
	}, nil
}

// MessageCentre makes a document for the SMSC address, "+" and 3 to 15 digits:
// a NAPDEF with bearer GSM-SMS and nothing else. Send it last and alone: many
// clients refuse it, none is known to prove it; the SIM's EF_SMSP is what
// counts.
func MessageCentre(operator, smsc string) (Document, error) {
	number, plus := strings.CutPrefix(smsc, "+")
	if !plus || len(number) < 3 || len(number) > 15 || !digits(number) {
		return Document{}, fmt.Errorf("cp: SMSC address %q: want + and 3 to 15 digits", smsc)
	}
	if operator == "" {
		return Document{}, errNoOperator
	}
	return finished(Characteristic{Type: "NAPDEF", Parms: []Parm{
		set("NAPID", identifier(operator, "smsc")), set("BEARER", "GSM-SMS"), set("NAME", operator+" SMS centre"),
		set("NAP-ADDRESS", smsc), set("NAP-ADDRTYPE", "E164"),
	}})
}

// ShortCodes makes a document with short codes as bookmarks of the browser:
// APPLICATION w2 with a RESOURCE per code, whose URI has the scheme sms or tel.
// No application identifier is registered for short codes; send it apart from
// everything that matters.
func ShortCodes(operator string, sms, voice []Code) (Document, error) {
	if operator == "" {
		return Document{}, errNoOperator
	}
	if len(sms)+len(voice) == 0 {
		return Document{}, errors.New("cp: no short codes to send")
	}
	app := Characteristic{Type: "APPLICATION", Parms: []Parm{set("APPID", "w2"), set("NAME", operator)}}
	for _, group := range []struct {
		scheme string
		codes  []Code
	}{{schemeSMS, sms}, {schemeVoice, voice}} {
		for _, c := range group.codes {
			r, err := resource(group.scheme, c)
			if err != nil {
				return Document{}, err
			}
			app.Children = append(app.Children, r)
		}
	}
	return finished(app)
}

// Schemes of the URIs of short codes (RFC 5724, RFC 3966).
const (
	schemeSMS   = "sms:"
	schemeVoice = "tel:"
)

func resource(scheme string, c Code) (Characteristic, error) {
	rest := strings.TrimPrefix(c.Number, "+")
	if len(rest) < 2 || len(c.Number) > 20 || strings.Trim(rest, "0123456789*#") != "" {
		return Characteristic{}, fmt.Errorf("cp: short code %q: want 2 to 20 digits, * or #", c.Number)
	}
	if c.Name == "" {
		return Characteristic{}, fmt.Errorf("cp: short code %q has no name", c.Number)
	}
	// A bare # would begin a fragment of the URI.
	uri := scheme + strings.ReplaceAll(c.Number, "#", "%23")
	return Characteristic{Type: "RESOURCE", Parms: []Parm{set("URI", uri), set("NAME", c.Name)}}, nil
}

// identifier is a NAPID or PROXY-ID of at most 16 characters: the operator's
// name without blanks, or a checksum where the name is too long or not made of
// letters and digits, and the suffix.
func identifier(operator, suffix string) string {
	prefix := strings.ReplaceAll(operator, " ", "")
	if prefix == "" || len(prefix) > maxID-1-len(suffix) || strings.Trim(prefix, alphanumeric) != "" {
		prefix = fmt.Sprintf("%08X", crc32.ChecksumIEEE([]byte(operator)))
	}
	return prefix + "-" + suffix
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func set(name, value string) Parm { return Parm{Name: name, Value: &value} }

// finished makes a checked document, so that what is returned can be sent.
func finished(cs ...Characteristic) (Document, error) {
	d := Document{Version: "1.1", Children: cs}
	if err := d.Check(); err != nil {
		return Document{}, err
	}
	return d, nil
}
