package content

import (
	"fmt"
	"slices"
	"strings"
)

// appMMSSailfish is an APPID that one client takes for MMS too.
const appMMSSailfish = "ap0005"

// handsetRules are of clients about which a handful of facts is known.
var handsetRules = []rule{
	{
		sailfish, "napdef-addrtype", Dropped, "drops a NAPDEF whose NAP-ADDRTYPE is not APN",
		"Write NAP-ADDRTYPE APN", func(root *element) []hit {
			return each(root.all("NAPDEF"), "", func(n *element) (string, bool) { return "", n.value("NAP-ADDRTYPE") != apn })
		},
	},
	{
		sailfish, "napdef-purpose", Ignored, "takes one NAPDEF for internet, with the flag INTERNET or else of w2, one for MMS, of w4 or ap0005, and no other",
		"Add INTERNET, or an APPLICATION that refers to it; send further access points elsewhere", purposeless,
	},
	{
		sailfish, "application-appid", Ignored, "takes no APPLICATION but w2, w4 and ap0005",
		"Do not expect an effect", func(root *element) []hit {
			return each(root.all("APPLICATION"), "", func(a *element) (string, bool) {
				return quoted(a.value("APPID")), !slices.Contains([]string{AppBrowser, AppMMS, appMMSSailfish}, a.value("APPID"))
			})
		},
	},
	{
		sailfish, "parm-nested", Ignored, "keeps the parms of a characteristic and of all in it in one table, where the later of one name overwrites the earlier",
		"Send what matters once", nestedTwice,
	},
	{
		gecko, "vendorconfig", Refused, "fails on a document with VENDORCONFIG, whose token it does not have, and hands it over unread",
		"Send VENDORCONFIG in a document of its own. simota writes the word as text, which may help; that was not tried",
		func(root *element) []hit { return from(0, root.all("VENDORCONFIG")) },
	},
	{
		gecko, "misspelt", Note, "misspells DELIVERY-ERR-SDU, IS-95-CDMA-PACKET and AUTOBAUDING when it reads their tokens",
		"Let simota encode the document: it writes these words as text", misspelt,
	},
	{
		samsung, "dm-bootstrap", Ignored, "takes no device management account (w7) from such a document",
		"Do not expect an effect", func(root *element) []hit { return from(0, root.applications(AppDM)) },
	},
	{
		windowsMobile, "napdef-bearer", Dropped, "drops a NAPDEF without BEARER GSM-GPRS or GSM-CSD",
		"Write BEARER GSM-GPRS", func(root *element) []hit {
			return each(root.all("NAPDEF"), "BEARER", func(n *element) (string, bool) {
				return "", !slices.ContainsFunc(n.values("BEARER"), func(b string) bool { return slices.Contains(bearersOfPhones, b) })
			})
		},
	},
	{
		windowsMobile, "napdef-addrtype", Dropped, "supports no NAP-ADDRTYPE but APN and E164",
		"Write NAP-ADDRTYPE APN", func(root *element) []hit {
			return each(root.all("NAPDEF"), "NAP-ADDRTYPE", func(n *element) (string, bool) {
				kind := n.value("NAP-ADDRTYPE")
				return quoted(kind), kind != "" && kind != apn && kind != e164
			})
		},
	},
	{
		windowsMobile, "napid-length", Dropped, "allows a NAPID at most 16 characters",
		"Make it shorter", func(root *element) []hit { return longer(root.all("NAPDEF"), "NAPID", 16) },
	},
	{
		windowsMobile, "napauthinfo-type", Dropped, "takes no credentials whose AUTHTYPE is neither PAP nor CHAP",
		"Write one of the two, in capitals", otherAuthType,
	},
	{
		windowsMobile, "linger", Ignored, "does not use LINGER",
		"Do not expect an effect", func(root *element) []hit {
			return each(root.all("NAPDEF"), "LINGER", func(n *element) (string, bool) { return "", n.has("LINGER") })
		},
	},
	{
		windowsMobile, "proxy-domain", Ignored, "supports one proxy without DOMAIN, the one for everything, and no second",
		"Give all but one a DOMAIN", func(root *element) []hit { return from(1, withoutDomain(root)) },
	},
	{
		vodafone, "page-1", Note, "reads one operator's Wi-Fi calling settings and no APPLICATION, ACCESS or RESOURCE",
		"Do not expect an effect", func(root *element) []hit {
			return each(root.kids, "", func(k *element) (string, bool) { return "", k.kind == "APPLICATION" || k.kind == "ACCESS" })
		},
	},
	{
		s40, "bootstrap-provurl", Refused, "refuses a second document with the same PROVURL, so that nothing can be sent again",
		"Leave PROVURL out", func(root *element) []hit {
			return each(root.all("BOOTSTRAP"), "PROVURL", func(b *element) (string, bool) { return "", b.has("PROVURL") })
		},
	},
}

// purposeless are access points that are chosen neither for the internet nor
// for MMS.
func purposeless(root *element) []hit {
	naps := slices.DeleteFunc(root.all("NAPDEF"), func(n *element) bool {
		return n.value("NAP-ADDRTYPE") != apn || n.value("NAPID") == "" || n.value("NAP-ADDRESS") == ""
	})
	used := func(by []*element) int {
		to := ways(root, by)
		return slices.IndexFunc(naps, func(n *element) bool { return to[n.value("NAPID")] || to[anyAccess] && n.has("INTERNET") })
	}
	internet := slices.IndexFunc(naps, func(n *element) bool { return n.has("INTERNET") })
	if internet < 0 {
		internet = used(root.applications(AppBrowser))
	}
	mms := used(slices.DeleteFunc(root.applications(AppMMS, appMMSSailfish), func(a *element) bool {
		_, missing := withoutAddress(a)
		return missing
	}))
	var hits []hit
	for i, n := range naps {
		if i != internet && i != mms {
			hits = append(hits, hit{n.path, ""})
		}
	}
	return hits
}

// ways are the NAPIDs that applications lead to, over proxies too.
func ways(root *element, apps []*element) map[string]bool {
	to := map[string]bool{}
	lead := func(es []*element) {
		for _, e := range es {
			for _, id := range e.values("TO-NAPID") {
				to[id] = true
			}
		}
	}
	lead(apps)
	for _, a := range apps {
		for _, px := range root.all("PXLOGICAL") {
			if slices.Contains(a.values("TO-PROXY"), px.value("PROXY-ID")) {
				lead(px.all("PXPHYSICAL"))
			}
		}
	}
	return to
}

// nestedTwice finds names that are in two characteristics of one of the root.
func nestedTwice(root *element) (hits []hit) {
	for _, k := range root.kids {
		home := map[string]*element{}
		k.walk(func(e *element) {
			for _, p := range e.parms {
				switch earlier := home[p.Name]; {
				case earlier == nil:
					home[p.Name] = e
				case earlier != e:
					hits = append(hits, hit{e.at(p.Name), "it overwrites that of " + earlier.path})
					home[p.Name] = e
				}
			}
		})
	}
	return hits
}

func misspelt(root *element) (hits []hit) {
	words := []string{"IS-95-CDMA-PACKET", "AUTOBAUDING"}
	for _, n := range root.all("NAPDEF") {
		for _, p := range n.parms {
			if p.Name == "DELIVERY-ERR-SDU" || p.Value != nil && slices.Contains(words, *p.Value) {
				hits = append(hits, hit{n.at(p.Name), ""})
			}
		}
	}
	return hits
}

func withoutDomain(root *element) []*element {
	return slices.DeleteFunc(root.all("PXLOGICAL"), func(px *element) bool { return strings.Join(px.values("DOMAIN"), "") != "" })
}

// longer finds values of more octets than a client keeps.
func longer(es []*element, name string, most int) (hits []hit) {
	for _, e := range es {
		for _, v := range e.values(name) {
			if len(v) > most {
				hits = append(hits, hit{e.at(name), fmt.Sprintf("it has %d", len(v))})
			}
		}
	}
	return hits
}
