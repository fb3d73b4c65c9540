package settings

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/cp"
)

// Purposes of an access point that have applications of their own. Others are
// called "other-" and a word, so that a slip of the pen is none, and make a
// NAPDEF that the user may choose.
const (
	Internet = catalog.TakesInternet
	MMS      = catalog.TakesMMS
)

// maxID is the longest NAPID or PROXY-ID that every known client keeps.
const maxID = 16

// options is what of an access point a client can be told.
type options struct {
	dns, pdp, proxy, bootstrap bool
	maxID                      int
}

var purposeForm = regexp.MustCompile(`^(internet|mms|other-[a-z0-9-]{1,10})$`)

// access makes the document of one access point. The identifiers come from
// operator and purpose alone: a repeated document replaces itself, and
// documents of two operators do not replace each other.
func access(operator string, a catalog.APN, o options) (cp.Document, error) {
	switch {
	case operator == "":
		return cp.Document{}, errors.New("operator has no name")
	case !purposeForm.MatchString(a.Purpose):
		return cp.Document{}, fmt.Errorf("purpose %q is not known: internet, mms, or other- and a word of your own (small letters, digits, hyphens, at most 10)", a.Purpose)
	case a.MMSC != "" && a.Purpose != MMS:
		return cp.Document{}, fmt.Errorf("purpose %s with an MMSC: move it to the access point for mms", a.Purpose)
	}
	name, id := operator+" "+strings.TrimPrefix(a.Purpose, "other-"), identifier(operator, a.Purpose, o.maxID)
	nap, err := napdef(id, name, a, o)
	if err != nil {
		return cp.Document{}, err
	}
	var children []cp.Characteristic
	if o.bootstrap {
		children = append(children, cp.Characteristic{Type: "BOOTSTRAP", Parms: []cp.Parm{set("NAME", operator)}})
	}
	children, link := append(children, nap), set("TO-NAPID", id)
	if a.Proxy != "" {
		px, err := proxy(id, name, a.Proxy)
		if err != nil {
			return cp.Document{}, err
		}
		if o.proxy {
			children, link = append(children, px), set("TO-PROXY", id)
		}
	}
	app, err := application(name, a, link)
	if err != nil {
		return cp.Document{}, err
	}
	return document(append(children, app...)...)
}

// application is what uses an access point: the browser or the MMS client.
func application(name string, a catalog.APN, link cp.Parm) ([]cp.Characteristic, error) {
	app := cp.Characteristic{Type: "APPLICATION", Parms: []cp.Parm{set("APPID", "w2"), set("NAME", name), link}}
	switch a.Purpose {
	case Internet:
	case MMS:
		if u, err := url.Parse(a.MMSC); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("MMSC %q: want an http or https URL", a.MMSC)
		}
		*app.Parms[0].Value = "w4"
		app.Parms = append(app.Parms, set("ADDR", a.MMSC))
	default:
		return nil, nil
	}
	return []cp.Characteristic{app}, nil
}

func napdef(id, name string, a catalog.APN, o options) (cp.Characteristic, error) {
	nap := cp.Characteristic{Type: "NAPDEF"}
	if err := checkAPN(a.Name); err != nil {
		return nap, err
	}
	nap.Parms = []cp.Parm{
		set("NAPID", id), set("BEARER", "GSM-GPRS"), set("NAME", name), set("NAP-ADDRESS", a.Name), set("NAP-ADDRTYPE", "APN"),
	}
	if a.Purpose == Internet {
		nap.Parms = append(nap.Parms, cp.Parm{Name: "INTERNET"})
	}
	switch a.PDP {
	case "", "ipv4", "ipv4v6":
		// No parm says so, and the word IPV4V6 confuses clients.
	case "ipv6":
		if o.pdp {
			nap.Parms = append(nap.Parms, set("LOCAL-ADDRTYPE", "IPV6"))
		}
	default:
		return nap, fmt.Errorf("PDP type %q: ipv4, ipv6, ipv4v6 or nothing", a.PDP)
	}
	if len(a.DNS) > 2 {
		return nap, fmt.Errorf("dns: %d addresses, at most 2", len(a.DNS))
	}
	for _, d := range a.DNS {
		if _, err := netip.ParseAddr(d); err != nil {
			return nap, fmt.Errorf("dns %q: want an IP address", d)
		}
		if o.dns {
			nap.Parms = append(nap.Parms, set("DNS-ADDR", d))
		}
	}
	switch {
	case a.Auth == "" && a.User == "" && a.Secret == "":
	case (a.Auth == "pap" || a.Auth == "chap") && a.User != "":
		nap.Children = []cp.Characteristic{{Type: "NAPAUTHINFO", Parms: []cp.Parm{
			set("AUTHTYPE", strings.ToUpper(a.Auth)), set("AUTHNAME", a.User), set("AUTHSECRET", a.Secret),
		}}}
	default:
		return nap, fmt.Errorf("APN %q: auth %q: want pap or chap with a user, or none of auth, user and secret", a.Name, a.Auth)
	}
	return nap, nil
}

// checkAPN holds an APN to the form of 3GPP TS 23.003, 9.1: labels of letters,
// digits and hyphens, at most 100 octets; underscores exist in real networks.
func checkAPN(s string) error {
	ok := len(s) <= 100
	for label := range strings.SplitSeq(s, ".") {
		ok = ok && label != "" && len(label) <= 63 && strings.Trim(label, alphanumeric+"-_") == ""
	}
	if !ok {
		return fmt.Errorf("APN %q: want labels of letters, digits and hyphens, parted by dots, at most 100 octets", s)
	}
	return nil
}

// proxy makes a PXLOGICAL with one PXPHYSICAL, both called like the NAPDEF.
func proxy(id, name, address string) (cp.Characteristic, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return cp.Characteristic{}, fmt.Errorf("proxy %q: want host:port", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return cp.Characteristic{}, fmt.Errorf("proxy %q: want a port of 1 to 65535", address)
	}
	kind := "ALPHA"
	if ip, err := netip.ParseAddr(host); err == nil {
		kind = "IPV6"
		if ip.Is4() {
			kind = "IPV4"
		}
	}
	return cp.Characteristic{
		Type:  "PXLOGICAL",
		Parms: []cp.Parm{set("PROXY-ID", id), set("NAME", name)},
		Children: []cp.Characteristic{{
			Type:     "PXPHYSICAL",
			Parms:    []cp.Parm{set("PHYSICAL-PROXY-ID", id), set("PXADDR", host), set("PXADDRTYPE", kind), set("TO-NAPID", id)},
			Children: []cp.Characteristic{{Type: "PORT", Parms: []cp.Parm{set("PORTNBR", port)}}},
		}},
	}, nil
}

// deviceManagement makes the account of an OMA DM server (OMA DM Bootstrap
// 1.2, 5.4.1): APPSRV is how the device logs in, CLIENT how the server does.
func deviceManagement(s catalog.DMServer) (cp.Document, error) {
	u, err := url.Parse(s.Address)
	switch {
	case s.ID == "":
		return cp.Document{}, errors.New("id is missing: the identifier of the server")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return cp.Document{}, fmt.Errorf("address %q: want an http or https URL", s.Address)
	case s.Auth != "basic" && nonceError(s) != nil:
		return cp.Document{}, nonceError(s)
	case s.Auth != "" && s.Auth != "basic" && s.Auth != "digest":
		return cp.Document{}, fmt.Errorf("auth %q: basic, digest or nothing, which is digest", s.Auth)
	}
	app := cp.Characteristic{Type: "APPLICATION", Parms: []cp.Parm{
		set("APPID", "w7"), set("PROVIDER-ID", s.ID), set("NAME", cmp.Or(s.Name, s.ID)), set("TO-NAPID", "INTERNET"), set("ADDR", s.Address),
	}}
	method := strings.ToUpper(cmp.Or(s.Auth, "digest"))
	auth := func(level, name, secret string) {
		parms := []cp.Parm{set("AAUTHLEVEL", level), set("AAUTHTYPE", method), set("AAUTHNAME", name), set("AAUTHSECRET", secret)}
		if s.Nonce != "" && method == "DIGEST" {
			parms = append(parms, set("AAUTHDATA", s.Nonce))
		}
		app.Children = append(app.Children, cp.Characteristic{Type: "APPAUTH", Parms: parms})
	}
	if s.User != "" {
		auth("APPSRV", s.User, s.Secret)
	}
	if s.ServerSecret != "" {
		auth("CLIENT", s.ID, s.ServerSecret)
	}
	return document(app)
}

func nonceError(s catalog.DMServer) error {
	_, err := nonce(s)
	return err
}

// messageCentre makes a document for the SMSC address: a NAPDEF with bearer
// GSM-SMS and nothing else.
func messageCentre(operator, smsc string, room int) (cp.Document, error) {
	number, plus := strings.CutPrefix(smsc, "+")
	if !plus || len(number) < 3 || len(number) > 15 || !digits(number) {
		return cp.Document{}, fmt.Errorf("%q: want + and 3 to 15 digits", smsc)
	}
	return document(cp.Characteristic{Type: "NAPDEF", Parms: []cp.Parm{
		set("NAPID", identifier(operator, "smsc", room)), set("BEARER", "GSM-SMS"), set("NAME", operator+" SMS centre"),
		set("NAP-ADDRESS", smsc), set("NAP-ADDRTYPE", "E164"),
	}})
}

// Schemes of the URIs of short codes (RFC 5724, RFC 3966).
const (
	schemeSMS   = "sms:"
	schemeVoice = "tel:"
)

// shortCodes makes a document with short codes as bookmarks of the browser:
// APPLICATION w2 with a RESOURCE per code.
func shortCodes(operator string, codes catalog.ShortCodes) (cp.Document, error) {
	app := cp.Characteristic{Type: "APPLICATION", Parms: []cp.Parm{set("APPID", "w2"), set("NAME", operator)}}
	for _, group := range []struct {
		scheme string
		codes  []catalog.ShortCode
	}{{schemeSMS, codes.SMS}, {schemeVoice, codes.Voice}} {
		for _, c := range group.codes {
			if err := checkCode(c); err != nil {
				return cp.Document{}, err
			}
			// A bare # would begin a fragment of the URI.
			uri := group.scheme + strings.ReplaceAll(c.Number, "#", "%23")
			app.Children = append(app.Children, cp.Characteristic{Type: "RESOURCE", Parms: []cp.Parm{set("URI", uri), set("NAME", c.Name)}})
		}
	}
	return document(app)
}

func checkCode(c catalog.ShortCode) error {
	rest := strings.TrimPrefix(c.Number, "+")
	switch {
	case len(rest) < 2 || len(c.Number) > 20 || strings.Trim(rest, "0123456789*#") != "":
		return fmt.Errorf("short code %q: want 2 to 20 digits, * or #", c.Number)
	case c.Name == "":
		return fmt.Errorf("short code %q has no name", c.Number)
	case c.Meaning != "" && c.Meaning != catalog.MeansVoicemail && c.Meaning != catalog.MeansEmergency:
		return fmt.Errorf("short code %q: meaning %q: voicemail, emergency or nothing", c.Number, c.Meaning)
	}
	return nil
}

// identifier is a NAPID or PROXY-ID in so many characters: the operator's name
// without blanks and the purpose, or a checksum of both where that is too long
// or not made of letters and digits.
func identifier(operator, purpose string, room int) string {
	suffix := "-" + strings.TrimPrefix(purpose, "other-")
	if purpose == Internet {
		suffix = "-web"
	}
	prefix := strings.ReplaceAll(operator, " ", "")
	if id := prefix + suffix; prefix != "" && len(id) <= room && strings.Trim(prefix, alphanumeric) == "" {
		return id
	}
	if sum := fmt.Sprintf("%08X", crc32.ChecksumIEEE([]byte(operator))) + suffix; len(sum) <= room {
		return sum
	}
	sum := fmt.Sprintf("%08X", crc32.ChecksumIEEE([]byte(operator+suffix)))
	return sum[:min(len(sum), room)]
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func set(name, value string) cp.Parm { return cp.Parm{Name: name, Value: &value} }

// document is checked, so that what is planned can be sent.
func document(cs ...cp.Characteristic) (cp.Document, error) {
	d := cp.Document{Version: "1.1", Children: cs}
	return d, d.Check()
}
