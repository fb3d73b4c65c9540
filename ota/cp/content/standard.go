package content

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What the standard demands, ProvCont 1.1: 4 for the document type, 5 for
// parms, characteristics and how they refer to each other.
var standardRules = []rule{
	{
		Standard, "empty", Refused, "the document has no characteristic",
		"Put settings into it", emptyDocument,
	},
	{
		Standard, "text", Refused, "a type, name or value is not UTF-8 or has a control character",
		"Remove it: it would end the text on the way", brokenText,
	},
	{
		Standard, "parm-missing", Dropped, "a parm that must be there is missing or empty",
		"Add it, the characteristic is of no use without", placed(missingParms),
	},
	{
		Standard, "parm-repeated", Ignored, "a parm that may be there once is there again",
		"Remove all but one, clients differ in which one they take", placed(repeatedParms),
	},
	{
		Standard, "parm-unknown", Ignored, "the standard has no such parm here",
		"Look for a slip of the pen, or put it into a VENDORCONFIG of a document of its own", placed(unknownParms),
	},
	{
		Standard, "parm-without-value", Ignored, "a parm that is no flag has no value",
		"Give it one, or remove it", placed(parmsWithoutValue),
	},
	{
		Standard, "flag-with-value", Ignored, "a flag has a value; that it is there is what counts, not what it says",
		"Remove the value, or the flag if it was meant to be off", placed(flagsWithValue),
	},
	{
		Standard, "value", Dropped, "the value is none of those that are allowed",
		"Correct it, the parm and what needs it are of no use", placed(wrongValues),
	},
	{
		Standard, "characteristic-missing", Dropped, "a characteristic that must be in this one is missing",
		"Add it", placed(missingKids),
	},
	{
		Standard, "characteristic-repeated", Ignored, "a characteristic that may be there once is there again",
		"Remove all but one", placed(repeatedKids),
	},
	{
		Standard, "characteristic-unknown", Ignored, "the standard has no such characteristic here",
		"Move it or remove it, with all that is in it", placed(unknownKids),
	},
	{
		Standard, "id-twice", Dropped, "the identifier is taken by an earlier characteristic",
		"Give each its own: clients keep the first, or mix the two", identifiersTwice,
	},
	{
		Standard, "reference", Dropped, "the reference leads nowhere in this document",
		"Correct it, or add what it refers to; it works only on a device that has that already", danglingReferences,
	},
	{
		Standard, "address", Dropped, "the address does not have the form of its type",
		"Correct the address or its type", wrongAddresses,
	},
	{
		Standard, "validity", Dropped, "the place is incomplete",
		"Add what is missing", incompletePlaces,
	},
	{
		Standard, "access-order", Dropped, "the parms are in an order without meaning",
		"Begin with RULE and end with all of TO-PROXY and TO-NAPID", disorderedAccess,
	},
	{
		Standard, "application-address", Dropped, "the application has no server: neither ADDR nor APPADDR",
		"Add the address, of w4 it is the MMSC", func(root *element) []hit {
			return each(root.applications(AppMMS, AppDataSync, AppDM, AppSMTP, AppPOP3, AppIMAP4), "", withoutAddress)
		},
	},
	{
		Standard, "application-provider", Dropped, "device management (w7) has no PROVIDER-ID, the name of the server",
		"Add it", func(root *element) []hit {
			return each(root.applications(AppDM), "", func(a *element) (string, bool) { return "", a.value("PROVIDER-ID") == "" })
		},
	},
}

func withoutAddress(a *element) (detail string, missing bool) {
	return "APPID " + a.value("APPID"), a.value("ADDR") == "" && len(a.all("APPADDR")) == 0
}

func emptyDocument(root *element) []hit {
	if len(root.kids) == 0 {
		return []hit{{}}
	}
	return nil
}

func brokenText(root *element) (hits []hit) {
	if broken(root.version) {
		hits = append(hits, hit{"", "version"})
	}
	for _, k := range root.kids {
		k.walk(func(e *element) {
			bad := broken(e.kind)
			for _, p := range e.parms {
				bad = bad || broken(p.Name) || p.Value != nil && broken(*p.Value)
			}
			if bad {
				hits = append(hits, hit{e.path, ""})
			}
		})
	}
	return hits
}

func broken(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\uFFFE' || r == '\uFFFF' })
}

// identifiersTwice looks where each kind of identifier must be unique.
func identifiersTwice(root *element) []hit {
	hits := append(twice(root.all("NAPDEF"), "NAPID"), twice(root.all("PXLOGICAL"), "PROXY-ID")...)
	for _, px := range root.all("PXLOGICAL") {
		hits = append(hits, twice(px.all("PXPHYSICAL"), "PHYSICAL-PROXY-ID")...)
	}
	return hits
}

// twice finds elements with the value of an earlier one.
func twice(es []*element, name string) (hits []hit) {
	seen := map[string]bool{}
	for _, e := range es {
		v := e.value(name)
		if v != "" && seen[v] {
			hits = append(hits, hit{e.at(name), shownID(name, v)})
		}
		seen[v] = true
	}
	return hits
}

// shownID quotes an identifier, but no word of authentication.
func shownID(name, v string) string {
	if strings.Contains(name, "AUTH") {
		return ""
	}
	return quoted(v)
}

// anyAccess is a TO-NAPID that means every access point with the flag INTERNET.
const anyAccess = "INTERNET"

func danglingReferences(root *element) (hits []hit) {
	naps, proxies := ids(root.all("NAPDEF"), "NAPID"), ids(root.all("PXLOGICAL"), "PROXY-ID")
	naps[anyAccess] = true
	look := func(es []*element, name string, known map[string]bool) {
		for _, e := range es {
			for _, v := range e.values(name) {
				if v != "" && !known[v] {
					hits = append(hits, hit{e.at(name), quoted(v)})
				}
			}
		}
	}
	look(root.all("BOOTSTRAP"), "PROXY-ID", proxies)
	look(root.below("PXLOGICAL", "PXPHYSICAL"), "TO-NAPID", naps)
	for _, kind := range []string{"APPLICATION", "ACCESS"} {
		look(root.all(kind), "TO-PROXY", proxies)
		look(root.all(kind), "TO-NAPID", naps)
	}
	return hits
}

// ids is the set of the values of a parm.
func ids(es []*element, name string) map[string]bool {
	set := map[string]bool{}
	for _, e := range es {
		if v := e.value(name); v != "" {
			set[v] = true
		}
	}
	return set
}

func wrongAddresses(root *element) []hit {
	hits := addressesOf(root.all("NAPDEF"), "NAP-ADDRESS", "NAP-ADDRTYPE", e164)
	hits = append(hits, addressesOf(root.all("NAPDEF"), "LOCAL-ADDR", "LOCAL-ADDRTYPE", ipv6)...)
	return append(hits, addressesOf(root.below("PXLOGICAL", "PXPHYSICAL"), "PXADDR", "PXADDRTYPE", ipv4)...)
}

// addressesOf does not show addresses: one may be a URL with a password.
func addressesOf(es []*element, name, typeName, standard string) []hit {
	return each(es, name, func(e *element) (string, bool) {
		kind, because := e.value(typeName), ""
		if kind == "" {
			kind, because = standard, ", because "+typeName+" is missing"
		}
		form, known := addressForms[kind]
		address := e.value(name)
		return "by its type, " + kind + because + ", it must be " + form.want, known && address != "" && !form.ok(address)
	})
}

func incompletePlaces(root *element) []hit {
	return each(append(root.below("NAPDEF", "VALIDITY"), root.all("BOOTSTRAP")...), "", func(e *element) (string, bool) {
		switch {
		case e.has("NETWORK") && e.value("COUNTRY") == "":
			return "NETWORK without COUNTRY", true
		case e.has("SID") && e.value("SOC") == "":
			return "SID without SOC", true
		}
		return "", false
	})
}

func disorderedAccess(root *element) []hit {
	return each(root.all("ACCESS"), "", func(e *element) (string, bool) {
		routes := false
		for i, p := range e.parms {
			route := p.Name == "TO-PROXY" || p.Name == "TO-NAPID"
			if i == 0 && p.Name != "RULE" || routes && !route {
				return fmt.Sprintf("%s at place %d", p.Name, i+1), true
			}
			routes = route
		}
		return "", false
	})
}
