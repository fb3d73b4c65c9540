package cp

import (
	"errors"
	"net"
	"strings"
)

// ErrNothingUsable is returned by [Read] for a document a client would refuse
// as a whole, because nothing in it is complete.
var ErrNothingUsable = errors.New("cp: document has nothing a client can use")

// Settings is what a client takes from a document.
type Settings struct {
	APNs       []AppliedAPN
	SMSC       string // as "+12025550100"; most clients ignore it
	SMSCodes   []Code
	VoiceCodes []Code
}

// AppliedAPN is an access point as a client stores it.
type AppliedAPN struct {
	Name     string
	Address  string
	Auth     string // "", "pap" or "chap"
	User     string
	Secret   Secret
	Internet bool // by the INTERNET parm, or used by the browser
	MMS      bool // used by the MMS client
	MMSC     string
	Proxy    string // host:port of the proxy that its application uses
}

// Read gives what a careful client takes from a document, by the rules that
// known clients apply: a NAPDEF needs NAPID, NAME, NAP-ADDRESS and a first
// BEARER it knows, and counts as E164 without NAP-ADDRTYPE; the first of two
// with one NAPID stays; credentials of another type than PAP or CHAP are
// dropped; a proxy needs its identifiers, name, address and NAPDEF. What is
// incomplete is dropped; if nothing is left, Read returns ErrNothingUsable.
func Read(d Document) (Settings, error) {
	c := client{naps: map[string]int{}, proxies: map[string]route{}}
	for _, k := range d.Children {
		switch k.Type {
		case "NAPDEF":
			c.napdef(k)
		case "PXLOGICAL":
			c.proxy(k)
		}
	}
	// Applications refer to the others, in whatever order they come.
	for _, k := range d.Children {
		if k.Type == "APPLICATION" {
			c.application(k)
		}
	}
	s := c.got
	if len(s.APNs) == 0 && s.SMSC == "" && len(s.SMSCodes)+len(s.VoiceCodes) == 0 {
		return Settings{}, ErrNothingUsable
	}
	return s, nil
}

type client struct {
	got     Settings
	naps    map[string]int // NAPID to index of got.APNs
	proxies map[string]route
}

// route is where a proxy is and which NAPDEFs lead to it.
type route struct {
	address string
	napids  []string
}

func (c *client) napdef(k Characteristic) {
	id, address := k.value("NAPID"), k.value("NAP-ADDRESS")
	if id == "" || address == "" || k.value("NAME") == "" {
		return
	}
	if _, twice := c.naps[id]; twice {
		return
	}
	switch bearer, kind := k.value("BEARER"), k.value("NAP-ADDRTYPE"); {
	case bearer == "GSM-SMS" && (kind == "E164" || kind == ""):
		c.got.SMSC = address
	case bearer == "GSM-GPRS" && kind == "APN":
		a := AppliedAPN{Name: k.value("NAME"), Address: address, Internet: k.has("INTERNET")}
		a.credentials(k)
		c.naps[id] = len(c.got.APNs)
		c.got.APNs = append(c.got.APNs, a)
	}
}

func (a *AppliedAPN) credentials(nap Characteristic) {
	for _, k := range nap.Children {
		kind := k.value("AUTHTYPE")
		if k.Type == "NAPAUTHINFO" && (kind == "PAP" || kind == "CHAP") {
			a.Auth = strings.ToLower(kind)
			a.User, a.Secret = k.value("AUTHNAME"), Secret(k.value("AUTHSECRET"))
			return
		}
	}
}

func (c *client) proxy(k Characteristic) {
	px := k.child("PXPHYSICAL")
	if k.value("NAME") == "" || px.value("PHYSICAL-PROXY-ID") == "" || px.value("PXADDR") == "" {
		return
	}
	id, napids := k.value("PROXY-ID"), px.values("TO-NAPID")
	if _, twice := c.proxies[id]; twice || id == "" || len(napids) == 0 {
		return
	}
	port := px.child("PORT").value("PORTNBR")
	if port == "" { // a port of the logical proxy holds for all physical ones
		port = k.child("PORT").value("PORTNBR")
	}
	address := px.value("PXADDR")
	if port != "" {
		address = net.JoinHostPort(address, port)
	}
	c.proxies[id] = route{address, napids}
}

func (c Characteristic) values(name string) []string {
	var all []string
	for _, p := range c.Parms {
		if p.Name == name && p.Value != nil {
			all = append(all, *p.Value)
		}
	}
	return all
}

func (c *client) application(k Characteristic) {
	id := k.value("APPID")
	mmsc := k.value("ADDR")
	if mmsc == "" {
		mmsc = k.child("APPADDR").value("ADDR")
	}
	mark := func(a *AppliedAPN) { a.Internet = true }
	switch {
	case id == "w2":
		c.bookmarks(k)
	case (id == "w4" || id == "ap0005") && mmsc != "":
		mark = func(a *AppliedAPN) { a.MMS, a.MMSC = true, mmsc }
	default:
		return
	}
	for _, napid := range k.values("TO-NAPID") {
		c.use(napid, "", mark)
	}
	for _, id := range k.values("TO-PROXY") {
		for _, napid := range c.proxies[id].napids {
			c.use(napid, c.proxies[id].address, mark)
		}
	}
}

// use marks the APN of a NAPID; the word INTERNET means every one that was
// defined with that parm.
func (c *client) use(napid, proxy string, mark func(*AppliedAPN)) {
	for i := range c.got.APNs {
		a := &c.got.APNs[i]
		if at, ok := c.naps[napid]; ok && at == i || !ok && napid == "INTERNET" && a.Internet {
			mark(a)
			if proxy != "" {
				a.Proxy = proxy
			}
		}
	}
}

func (c *client) bookmarks(k Characteristic) {
	for _, r := range k.Children {
		uri := strings.ReplaceAll(r.value("URI"), "%23", "#")
		if r.Type != "RESOURCE" {
			continue
		}
		if n, ok := strings.CutPrefix(uri, schemeSMS); ok {
			c.got.SMSCodes = append(c.got.SMSCodes, Code{r.value("NAME"), n})
		}
		if n, ok := strings.CutPrefix(uri, schemeVoice); ok {
			c.got.VoiceCodes = append(c.got.VoiceCodes, Code{r.value("NAME"), n})
		}
	}
}
