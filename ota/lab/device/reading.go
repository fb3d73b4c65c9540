package device

import (
	"net"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/simota/simota/ota/cp"
)

// reading is a document on its way into settings.
type reading struct {
	*content
	got      Settings
	naps     map[string]int // NAPID to index of got.APNs, -1 for those that are no access point
	internet []int          // indices of those with the INTERNET parm
	proxies  map[string]way // by PROXY-ID
	apps     map[[2]string]bool
	rest     int // characteristics that were not dropped
}

// way is where a proxy is and which NAPDEFs lead to it.
type way struct {
	address string
	napids  []string
}

// read gives what a client takes from a document; false if it refuses all of it.
func (r *content) read(doc cp.Document) (Settings, bool) {
	c := reading{content: r, naps: map[string]int{}, proxies: map[string]way{}, apps: map[[2]string]bool{}}
	root := doc.Children
	if r.flat {
		root = flatten(root)
	}
	for _, step := range []struct { // what refers to others comes after them, in whatever order they stand
		typ  string
		take func(cp.Characteristic)
	}{
		{"NAPDEF", c.napdef}, {"PXLOGICAL", c.proxy}, {"APPLICATION", c.application}, {"BOOTSTRAP", c.bootstrap},
		{"VENDORCONFIG", c.other}, {"CLIENTIDENTITY", c.other}, {"ACCESS", c.other},
	} {
		for _, k := range root {
			if k.Type == step.typ && r.fits(k) {
				step.take(k)
			}
		}
	}
	if r.flat {
		c.got = Settings{APNs: c.contexts()}
	}
	return c.got, r.version(doc.Version) && (c.got.usable() || r.keepsAnyRest && c.rest > 0)
}

// fits says whether no parm is longer than the client has room for. Each PXPHYSICAL of a proxy is asked by itself.
func (r *content) fits(c cp.Characteristic) bool {
	for _, p := range c.Parms {
		if most, ok := r.limits[c.Type+"."+p.Name]; ok && p.Value != nil && utf8.RuneCountInString(*p.Value) > most {
			return false
		}
	}
	return !slices.ContainsFunc(c.Children, func(k cp.Characteristic) bool { return k.Type != "PXPHYSICAL" && !r.fits(k) })
}

func (c *reading) napdef(k cp.Characteristic) {
	id := value(k, "NAPID")
	bearer, known := c.bearer(k)
	if _, twice := c.naps[id]; twice && id != "" || !known || !c.whole(k, c.napdefNeeds) {
		return
	}
	c.rest++
	kind := value(k, "NAP-ADDRTYPE")
	if kind == "" {
		kind = c.untyped
	}
	c.naps[id] = -1
	switch {
	case bearer == "GSM-SMS":
		if c.smsc && (kind == "E164" || !has(k, "NAP-ADDRTYPE")) {
			c.got.SMSC = value(k, "NAP-ADDRESS")
		}
	case kind == "APN" && value(k, "NAP-ADDRESS") != "":
		a := APN{
			Name: value(k, "NAME"), Address: value(k, "NAP-ADDRESS"), DNS: strings.Join(values(k, "DNS-ADDR"), " "), PDP: value(k, "LOCAL-ADDRTYPE"),
			Internet: has(k, "INTERNET"),
		}
		c.credentials(&a, k)
		if c.naps[id] = len(c.got.APNs); a.Internet {
			c.internet = append(c.internet, c.naps[id])
		}
		c.got.APNs = append(c.got.APNs, a)
	}
}

// bearer is the one of a NAPDEF that the client uses; false if it knows none of them.
func (c *reading) bearer(nap cp.Characteristic) (string, bool) {
	all := values(nap, "BEARER")
	if c.bearers == nil && len(all) == 0 {
		return "", true
	}
	if c.firstBearer || c.bearers == nil {
		all = all[:min(1, len(all))]
	}
	i := slices.IndexFunc(all, func(b string) bool { return c.bearers == nil || slices.Contains(c.bearers, b) })
	if i < 0 {
		return "", false
	}
	return all[i], true
}

// credentials are the first of a kind that the client knows.
func (c *reading) credentials(a *APN, nap cp.Characteristic) {
	infos := nap.Children
	if c.flat {
		infos = []cp.Characteristic{{Type: "NAPAUTHINFO", Parms: nap.Parms}}
	}
	for _, k := range infos {
		kind := value(k, "AUTHTYPE")
		if k.Type == "NAPAUTHINFO" && kind != "" && (c.authTypes == nil || slices.Contains(c.authTypes, kind)) {
			a.Auth, a.User, a.Secret = strings.ToLower(kind), value(k, "AUTHNAME"), cp.Secret(value(k, "AUTHSECRET"))
			return
		}
	}
}

func (c *reading) proxy(k cp.Characteristic) {
	candidates := k.Children
	if c.flat {
		candidates = []cp.Characteristic{{Type: "PXPHYSICAL", Parms: k.Parms}}
	}
	i := slices.IndexFunc(candidates, func(px cp.Characteristic) bool {
		return px.Type == "PXPHYSICAL" && c.fits(px) && c.whole(px, c.proxyNeeds) && c.leads(px)
	})
	id := value(k, "PROXY-ID")
	if _, twice := c.proxies[id]; twice || id == "" || i < 0 || !c.whole(k, c.logicalNeeds) {
		return
	}
	c.rest++
	px := candidates[i]
	address := value(px, "PXADDR")
	// A port of the logical proxy holds for all physical ones. A flat table has it among its own parms.
	for _, in := range []cp.Characteristic{child(px, "PORT"), child(k, "PORT"), k} {
		if port := value(in, "PORTNBR"); port != "" && address != "" {
			address = net.JoinHostPort(address, port)
			break
		}
	}
	c.proxies[id] = way{address, values(px, "TO-NAPID")}
	c.got.Proxies = append(c.got.Proxies, Proxy{id, address})
}

func (c *reading) application(k cp.Characteristic) {
	id := value(k, "APPID")
	if id == "" || c.appIDs != nil && !slices.Contains(c.appIDs, id) || slices.Contains(c.noApps, id) || !c.serves(k) || c.again(k) {
		return
	}
	c.rest++
	address := value(k, "ADDR")
	if address == "" {
		address = value(child(k, "APPADDR"), "ADDR")
	}
	mark := func(a *APN) { a.Internet = true }
	switch {
	case id == "w2":
		if c.codes {
			c.bookmarks(k)
		}
	case slices.Contains(c.mms, id):
		if address == "" {
			return
		}
		mark = func(a *APN) { a.MMS, a.MMSC = true, address }
	default:
		c.got.Accounts = append(c.got.Accounts, Account{id, value(k, "PROVIDER-ID"), value(k, "NAME"), address})
		return
	}
	for _, napid := range values(k, "TO-NAPID") {
		c.use(napid, "", mark)
	}
	for _, id := range values(k, "TO-PROXY") {
		for _, napid := range c.proxies[id].napids {
			c.use(napid, c.proxies[id].address, mark)
		}
	}
}

// use marks the access point of a NAPID; the word INTERNET means every one that was defined with that parm.
func (c *reading) use(napid, proxy string, mark func(*APN)) {
	at, known := c.naps[napid]
	for i := range c.got.APNs {
		a := &c.got.APNs[i]
		if known && at == i || !known && napid == "INTERNET" && slices.Contains(c.internet, i) {
			mark(a)
			if proxy != "" {
				a.Proxy = proxy
			}
		}
	}
}

func (c *reading) bookmarks(k cp.Characteristic) {
	for _, r := range k.Children {
		uri := strings.ReplaceAll(value(r, "URI"), "%23", "#")
		if r.Type != "RESOURCE" {
			continue
		}
		if n, ok := strings.CutPrefix(uri, "sms:"); ok {
			c.got.SMSCodes = append(c.got.SMSCodes, Code{Name: value(r, "NAME"), Number: n})
		}
		if n, ok := strings.CutPrefix(uri, "tel:"); ok {
			c.got.VoiceCodes = append(c.got.VoiceCodes, Code{Name: value(r, "NAME"), Number: n})
		}
	}
}

// contexts are what a client keeps that has one for the internet, by the INTERNET parm or else by the browser, and one
// for MMS.
func (c *reading) contexts() (kept []APN) {
	all := c.got.APNs
	if c.internet == nil {
		c.internet = []int{slices.IndexFunc(all, func(a APN) bool { return a.Internet })}
	}
	if i := c.internet[0]; i >= 0 {
		a := all[i]
		a.MMS, a.MMSC = false, ""
		kept = append(kept, a)
	}
	if i := slices.IndexFunc(all, func(a APN) bool { return a.MMS }); i >= 0 {
		a := all[i]
		a.Internet = false
		kept = append(kept, a)
	}
	return kept
}

// flatten makes one table of each characteristic and all inside it: of several parms of one name the last stays.
func flatten(root []cp.Characteristic) []cp.Characteristic {
	var flat []cp.Characteristic
	for _, k := range root {
		table := cp.Characteristic{Type: k.Type}
		var add func(c cp.Characteristic)
		add = func(c cp.Characteristic) {
			for _, p := range c.Parms {
				table.Parms = slices.DeleteFunc(table.Parms, func(old cp.Parm) bool { return old.Name == p.Name })
				table.Parms = append(table.Parms, p)
			}
			for _, inner := range c.Children {
				add(inner)
			}
		}
		add(k)
		flat = append(flat, table)
	}
	return flat
}

// value is the first of a parm, "" when it is missing or a flag.
func value(c cp.Characteristic, name string) string {
	if all := values(c, name); len(all) > 0 {
		return all[0]
	}
	return ""
}

func values(c cp.Characteristic, name string) []string {
	var all []string
	for _, p := range c.Parms {
		if p.Name == name && p.Value != nil {
			all = append(all, *p.Value)
		}
	}
	return all
}

func has(c cp.Characteristic, name string) bool {
	return slices.ContainsFunc(c.Parms, func(p cp.Parm) bool { return p.Name == name })
}

// child is the first of a type, an empty one when there is none.
func child(c cp.Characteristic, typ string) cp.Characteristic {
	for _, k := range c.Children {
		if k.Type == typ {
			return k
		}
	}
	return cp.Characteristic{}
}
