package device

import (
	"bytes"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/simota/simota/ota/cp"
	server "github.com/simota/simota/ota/cp/content"
)

// judged are the clients of which there are two judgements, written apart: what package content says that they make of
// a document, and what a device does with its octets. Where the two differ one of them is wrong.
var judged = []Client{Strict, Samsung, Sailfish, Gecko, Windows, MediaTek}

// elsewhere are findings about something else than whether the characteristic at their path is taken, and those about
// which nothing is known that would decide between the two judgements.
var elsewhere = map[string]string{
	"cpclient/mms-route":             "about the second way of an application that is taken",
	"windows-mobile/proxy-domain":    "a device that uses one proxy only may well store both",
	"mediatek/proxy-user-length":     "the limit is known, not whether the proxy is lost with its user",
	"mediatek/proxy-password-length": "as with its user",
}

// place is a characteristic and where it is, in the words of package content.
type place struct {
	path string
	cp.Characteristic
	inside *place // nil in the root
}

func places(inside *place, cs []cp.Characteristic) (all []*place) {
	total, seen := map[string]int{}, map[string]int{}
	for _, c := range cs {
		total[c.Type]++
	}
	for _, c := range cs {
		p := &place{path: c.Type, Characteristic: c, inside: inside}
		if seen[c.Type]++; total[c.Type] > 1 {
			p.path += fmt.Sprintf("[%d]", seen[c.Type])
		}
		if inside != nil {
			p.path = inside.path + "/" + p.path
		}
		all = append(append(all, p), places(p, c.Children)...)
	}
	return all
}

// mark is the text by which a characteristic is found again in the settings; no two have the same.
func (p *place) mark() string {
	switch p.Type {
	case "NAPDEF":
		return value(p.Characteristic, "NAP-ADDRESS")
	case "NAPAUTHINFO":
		return value(p.Characteristic, "AUTHNAME")
	case "PXPHYSICAL":
		return value(p.Characteristic, "PXADDR")
	case "APPLICATION":
		if a := value(p.Characteristic, "ADDR"); a != "" {
			return a
		}
		return value(child(p.Characteristic, "APPADDR"), "ADDR")
	}
	return ""
}

// marks are those of all that a device has taken.
func (s Settings) marks() map[string]bool {
	all := map[string]bool{}
	host := func(address string) string {
		if h, _, err := net.SplitHostPort(address); err == nil {
			return h
		}
		return address
	}
	for _, a := range s.APNs {
		all[a.Address], all[a.User], all[a.MMSC], all[host(a.Proxy)] = true, true, true, true
	}
	for _, p := range s.Proxies {
		all[host(p.Address)] = true
	}
	for _, a := range s.Accounts {
		all[a.Address] = true
	}
	return all
}

// verdict is what the findings about a document say of one client.
type verdict struct {
	client   Client
	refused  bool
	unknown  bool            // what it takes
	gone     map[string]bool // paths of what the client does not take
	doubtful map[string]bool // paths of what the standard wants otherwise
}

func judge(client Client, doc cp.Document, all []*place) verdict {
	v := verdict{client: client, gone: map[string]bool{}, doubtful: map[string]bool{}}
	for _, f := range server.Check(doc) {
		at, parm := f.Path, false
		if !slices.ContainsFunc(all, func(p *place) bool { return p.path == at }) {
			at, parm = path.Dir(at), true
		}
		_, other := elsewhere[f.By+"/"+f.Rule]
		switch {
		case f.Rule == "id-twice" && client == Sailfish: // which of the two it takes, and where that leads to, is not known
			v.unknown = true
		case f.By == string(client) && f.Effect == server.Refused:
			v.refused = true
		case f.Rule == "parm-nested" && f.By == string(client): // of a proxy: where it leads to
			root, _, _ := strings.Cut(at, "/")
			v.doubtful[root] = true
			v.unknown = v.unknown || strings.HasPrefix(root, "PXLOGICAL")
		case other:
			root, _, _ := strings.Cut(at, "/")
			v.doubtful[root] = v.doubtful[root] || f.By == string(client)
		case f.By == string(client) && (f.Effect == server.Dropped || f.Effect == server.Ignored && !parm):
			v.gone[at] = true
		case f.By == server.Standard && f.Effect >= server.Dropped:
			v.doubtful[at] = true
		}
	}
	return v
}

// lost says whether a characteristic is in one of the paths, by itself or with what it is in.
func (p *place) lost(paths map[string]bool) bool {
	return p != nil && (paths[p.path] || p.inside.lost(paths))
}

// shown says whether settings must show a characteristic of which no finding says anything.
func (v verdict) shown(p *place, all []*place) bool {
	if p.mark() == "" || v.refused || v.unknown || p.lost(v.gone) || p.lost(v.doubtful) {
		return false
	}
	first := p == all[slices.IndexFunc(all, func(o *place) bool {
		return o.Type == p.Type && o.inside == p.inside && !o.lost(v.gone)
	})]
	switch p.Type {
	case "NAPDEF": // of another type it is no access point, whatever else it is
		return value(p.Characteristic, "NAP-ADDRTYPE") == "APN" && value(p.Characteristic, "BEARER") != "GSM-SMS"
	case "NAPAUTHINFO": // there is room for one; what becomes of MD5 is known of two clients only
		return first && slices.Contains(papOrCHAP, value(p.Characteristic, "AUTHTYPE")) && v.shown(p.inside, all)
	case "PXPHYSICAL": // there is room for one, and beside something that uses it; Sailfish has one where MMS has
		return first && v.client != Sailfish && slices.ContainsFunc(all, func(o *place) bool { return o.Type == "NAPDEF" && v.shown(o, all) })
	case "APPLICATION":
		id := value(p.Characteristic, "APPID")
		if id != "w4" && !(id == "ap0005" && v.client == Sailfish) {
			return id != "w2"
		}
		// The MMSC is shown by the access point, which has room for one.
		to := slices.IndexFunc(all, func(o *place) bool {
			return o.Type == "NAPDEF" && value(o.Characteristic, "NAPID") == value(p.Characteristic, "TO-NAPID")
		})
		return to >= 0 && v.shown(all[to], all) && !slices.ContainsFunc(all, func(o *place) bool {
			return o != p && slices.Contains(mmsAndOther, value(o.Characteristic, "APPID"))
		})
	}
	return false
}

// drawing makes documents with the mistakes that people make.
type drawing struct {
	t     *rapid.T
	marks int
}

func (d *drawing) often(percent int) bool {
	return rapid.IntRange(1, 100).Draw(d.t, "of 100") <= percent
}

func (d *drawing) of(words ...string) string { return rapid.SampledFrom(words).Draw(d.t, "word") }

func (d *drawing) times(most int, make func() cp.Characteristic) (cs nodes) {
	for range rapid.IntRange(0, most).Draw(d.t, "times") {
		cs = append(cs, make())
	}
	return cs
}

// unique fills a mark into a text.
func (d *drawing) unique(form string) string {
	d.marks++
	return fmt.Sprintf(form, d.marks)
}

// identifiers are never empty: nothing is known of what refers to such a one.
var identifiers = []string{"NAPID", "PROXY-ID", "PHYSICAL-PROXY-ID", "TO-NAPID", "TO-PROXY", "APPID"}

// spoilt leaves a parm out, now and then, or its text.
func (d *drawing) spoilt(c cp.Characteristic) cp.Characteristic {
	if d.often(25) && len(c.Parms) > 0 {
		name := rapid.SampledFrom(c.Parms).Draw(d.t, "spoilt").Name
		if c = without(c, name); d.often(25) && !slices.Contains(identifiers, name) {
			c = with(c, name+"=")
		}
	}
	return c
}

func (d *drawing) napdef() cp.Characteristic {
	c := with(web, "NAPID="+d.of("n1", "n2", "n3", "n3", strings.Repeat("n", 17)), d.unique("NAP-ADDRESS=apn%d.example"))
	if d.often(15) {
		c = with(c, "NAP-ADDRTYPE="+d.of("E164", "ALPHA"))
	}
	if d.often(50) {
		c = without(c, "INTERNET")
	}
	if d.often(20) {
		c.Parms = append(node("", "BEARER="+d.of("GSM-USSD", "GSM-CSD", "ANSI-136-GPRS", "GSM-SMS")).Parms, c.Parms...)
	}
	c = d.spoilt(c)
	return in(c, d.times(2, func() cp.Characteristic {
		return d.spoilt(with(login, "AUTHTYPE="+d.of("PAP", "CHAP", "MD5"), d.unique("AUTHNAME=user%d")))
	})...)
}

func (d *drawing) toNAPID() string {
	return "TO-NAPID=" + d.of("n1", "n1", "n2", "n3", "INTERNET", "nowhere")
}

func (d *drawing) proxy() cp.Characteristic {
	c := d.spoilt(with(logical, "PROXY-ID="+d.of("p1", "p2", strings.Repeat("p", 33)), "NAME="+d.of("p", strings.Repeat("p", 32))))
	if d.often(20) {
		c = with(c, "DOMAIN=a.example")
	}
	c = in(c, d.times(2, func() cp.Characteristic {
		m := with(gateway, d.unique("PHYSICAL-PROXY-ID=%d"), d.unique("PXADDR=10.0.0.%d"), "PXADDRTYPE=IPV4", d.toNAPID())
		if d.often(10) {
			m = with(m, d.unique("PXADDR=proxy%d."+strings.Repeat("x", 40)), "PXADDRTYPE=ALPHA")
		}
		return in(d.spoilt(m), d.times(1, func() cp.Characteristic { return port })...)
	})...)
	if d.often(20) {
		c = in(c, node("PXAUTHINFO", "PXAUTH-TYPE=HTTP-BASIC", "PXAUTH-ID="+d.of("me", strings.Repeat("u", 17))))
	}
	return c
}

func (d *drawing) application() cp.Characteristic {
	id := d.of("w2", "w2", "w4", "w4", "w5", "w7", "25", "110", "143", "ap0005", "ap0001", "seventeen-letters")
	c := node("APPLICATION", "APPID="+id, "PROVIDER-ID="+d.of("a", "b"), d.unique("NAME=name%d"), "FROM=me@a.example")
	if d.often(80) {
		c = with(c, d.toNAPID())
	}
	if d.often(30) {
		c = with(c, "TO-PROXY="+d.of("p1", "p2", "nowhere"))
	}
	server := d.unique("ADDR=http://server%d/")
	if d.often(70) && id != "w2" {
		c = with(c, server)
	}
	c = d.spoilt(c)
	if d.often(60) {
		c = in(c, in(node("APPADDR", server), d.times(1, func() cp.Characteristic { return port })...))
	}
	return in(c, d.times(1, func() cp.Characteristic { return d.spoilt(node("RESOURCE", "URI=./a", "AACCEPT=text/x-vcard")) })...)
}

func (d *drawing) document() cp.Document {
	root := slices.Concat(d.times(3, d.napdef), d.times(2, d.proxy), d.times(3, d.application))
	root = append(root, d.times(2, func() cp.Characteristic {
		return d.spoilt(node("BOOTSTRAP", d.of("PROVURL=http://a/", "NETWORK=01"), "COUNTRY=001"))
	})...)
	if d.often(10) {
		root = append(root, d.spoilt(vendor))
	}
	if len(root) == 0 {
		root = nodes{d.napdef()}
	}
	root = rapid.Permutation(root).Draw(d.t, "order")
	return cp.Document{Version: d.of("1.0", "1.0", "1.1", "1.1", "1.1", "1.1", "2.0"), Children: root}
}

// tokens writes a document as [wbxml] does, with its version and the token of VENDORCONFIG.
func tokens(doc cp.Document) []byte {
	b := bytes.ReplaceAll(wbxml(doc.Children...), []byte("\x50\x03VENDORCONFIG\x00"), []byte{0x57})
	return slices.Concat(b[:4], []byte{b[4] | 0x80, 0x45, 0x03}, []byte(doc.Version), []byte{0, 0x01}, b[5:])
}

func TestDevicesTakeWhatTheServerSaysThatTheyTake(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		doc := (&drawing{t: r}).document()
		all := places(nil, doc.Children)
		for _, client := range judged {
			d := insert(t, Config{Client: client, PIN: userPIN})
			outcome := hand(t, d, signedPush(cp.USERPIN, []byte(userPIN), tokens(doc))).Outcome
			v, taken := judge(client, doc, all), d.Settings().marks()
			if v.refused && outcome != CPUnusable || client == Strict && !v.refused && outcome != CPApplied {
				r.Errorf("%s: %q, refused by the findings: %v", client, outcome, v.refused)
			}
			for _, p := range all {
				switch mark := p.mark(); {
				case mark != "" && taken[mark] && p.lost(v.gone) && !v.unknown:
					r.Errorf("%s: %s is gone by the findings, and the device took it", client, p.path)
				case !taken[mark] && v.shown(p, all):
					r.Errorf("%s: %s is good by the findings, and the device did not take it", client, p.path)
				}
			}
			if r.Failed() {
				r.Fatalf("%s", doc.XML())
			}
		}
	})
}
