package catalog

import (
	"slices"
)

// Settings that a provisioning client may take, as Capability.Takes lists them.
const (
	TakesInternet   = "internet"    // NAPDEF with INTERNET, and the browser (APPLICATION w2)
	TakesMMS        = "mms"         // APPLICATION w4
	TakesProxy      = "proxy"       // PXLOGICAL
	TakesDNS        = "dns"         // DNS-ADDR of a NAPDEF
	TakesPDP        = "pdp"         // LOCAL-ADDRTYPE of a NAPDEF
	TakesOther      = "other"       // NAPDEFs of other purposes
	TakesSMSC       = "smsc"        // NAPDEF with bearer GSM-SMS
	TakesShortCodes = "short-codes" // RESOURCEs of the browser
	TakesDM         = "dm"          // APPLICATION w7, and notifications of the OMA DM server
)

// Takes lists every setting that a client may take.
func Takes() []string {
	return []string{TakesInternet, TakesMMS, TakesProxy, TakesDNS, TakesPDP, TakesOther, TakesSMSC, TakesShortCodes, TakesDM}
}

// Capability is what the provisioning client of a device does with settings:
// which it takes, how they must be signed, and what it refuses. In a [Client]
// that is based on another and in a [Model] a zero field means "as that says".
type Capability struct {
	CP string `yaml:"cp" json:"cp,omitempty"` // "yes" or "no": whether it takes OMA Client Provisioning at all
	// Security lists the methods it accepts, best first: "netwpin", "userpin",
	// "usernetwpin", "userpinmac", "none" (OMA ProvBoot 1.1).
	Security []string `yaml:"security" json:"security,omitempty"`
	// PIN is built into the device, or typed by whoever stands before it, 4 to
	// 10 digits; "userpin" and "usernetwpin" need it.
	PIN      string   `yaml:"pin" json:"pin,omitempty"`
	MaxParts int      `yaml:"max_parts" json:"max_parts,omitempty"` // short messages of one document, 1 to 255
	MaxID    int      `yaml:"max_id" json:"max_id,omitempty"`       // characters of a NAPID or PROXY-ID, 4 to 16
	Takes    []string `yaml:"takes" json:"takes,omitempty"`         // settings it applies, see [Takes]
	// ChokesOn lists characteristics and parms because of which it refuses a
	// whole document, as "VENDORCONFIG".
	ChokesOn []string `yaml:"chokes_on" json:"chokes_on,omitempty"`
	// Vendor are documents in the terms of its maker, sent after all others:
	// XML with placeholders, as ${apn}.
	Vendor []Text `yaml:"vendor" json:"vendor,omitempty"`
	// Texts are short messages in place of documents, for a device without
	// CP: "APN=${apn};USER=${user}".
	Texts   []Text `yaml:"texts" json:"texts,omitempty"`
	Restart string `yaml:"restart" json:"restart,omitempty"` // "yes": settings are used after a restart only
}

// Text is a template with placeholders: a document in XML, or a short message.
type Text struct {
	Name string `yaml:"name" json:"name"` // for people
	Text string `yaml:"text" json:"text"`
}

// Over is the capability with what another lacks taken from base.
func (c Capability) Over(base Capability) Capability {
	str := func(s *string, b string) {
		if *s == "" {
			*s = b
		}
	}
	num := func(n *int, b int) {
		if *n == 0 {
			*n = b
		}
	}
	str(&c.CP, base.CP)
	str(&c.PIN, base.PIN)
	str(&c.Restart, base.Restart)
	num(&c.MaxParts, base.MaxParts)
	num(&c.MaxID, base.MaxID)
	for _, l := range []struct{ to, from *[]string }{{&c.Security, &base.Security}, {&c.Takes, &base.Takes}, {&c.ChokesOn, &base.ChokesOn}} {
		if len(*l.to) == 0 {
			*l.to = slices.Clone(*l.from)
		}
	}
	for _, l := range []struct{ to, from *[]Text }{{&c.Vendor, &base.Vendor}, {&c.Texts, &base.Texts}} {
		if len(*l.to) == 0 {
			*l.to = slices.Clone(*l.from)
		}
	}
	return c
}

// Client is a kind of provisioning client: the file clients/NAME.yaml, or one
// of those that package ota/settings ships.
type Client struct {
	Name       string `yaml:"client" json:"client"`
	BasedOn    string `yaml:"based_on" json:"based_on,omitempty"` // another client; empty means "unknown", the most careful
	About      string `yaml:"about" json:"about,omitempty"`       // for people: where it is found
	Capability `yaml:",inline"`
}

// Model is one row of a TAC table: a kind of device and its client.
type Model struct {
	First, Last  string     // type allocation codes, 8 digits, both inclusive (3GPP TS 23.003, 6.2.1)
	Manufacturer string     // for people
	Name         string     // as it is sold; names are not unique
	Client       string     // name of a Client; empty means "unknown"
	Capability   Capability // where this model differs from its client
	Line         int        // of the table, for messages
}

// Range is First for a single code, else "FIRST-LAST".
func (m Model) Range() string {
	if m.First == m.Last {
		return m.First
	}
	return m.First + "-" + m.Last
}

// TAC is the type allocation code of an IMEI or IMEISV: its first 8 digits;
// empty for what is too short.
func TAC(imei string) string {
	if len(imei) < 8 {
		return ""
	}
	return imei[:8]
}
