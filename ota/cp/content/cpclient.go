package content

import (
	"slices"
	"strings"
)

// bearersOfPhones are the bearers that clients for GSM know.
var bearersOfPhones = []string{"GSM-GPRS", "GSM-CSD"}

// cpclientAccess is what cpclient makes of access points and proxies.
var cpclientAccess = []rule{
	{
		cpclient, "napdef-parms", Dropped, "drops a NAPDEF without NAPID, NAME or NAP-ADDRESS",
		"Add what is missing", func(root *element) []hit { return each(root.all("NAPDEF"), "", lacks("NAPID", "NAME", "NAP-ADDRESS")) },
	},
	{
		cpclient, "napdef-bearer", Dropped, "drops a NAPDEF whose first BEARER is not GSM-GPRS or GSM-CSD, or that has none",
		"Write BEARER GSM-GPRS, before any other", func(root *element) []hit { return each(root.all("NAPDEF"), "BEARER", strangeBearer) },
	},
	{
		cpclient, "napdef-addrtype", Dropped, "takes NAP-ADDRESS for a telephone number where NAP-ADDRTYPE is missing",
		"Add NAP-ADDRTYPE APN", func(root *element) []hit {
			return each(root.all("NAPDEF"), "", func(n *element) (string, bool) {
				return "", n.value("NAP-ADDRTYPE") == "" && n.value("NAP-ADDRESS") != "" && !isNumber(n.value("NAP-ADDRESS"))
			})
		},
	},
	{
		cpclient, "napid-twice", Dropped, "keeps one NAPDEF of those with the same NAPID",
		"Give each its own", func(root *element) []hit { return twice(kept(root, "NAPDEF"), "NAPID") },
	},
	{
		cpclient, "napauthinfo-twice", Dropped, "keeps one NAPAUTHINFO of those with the same AUTHTYPE",
		"Send one", func(root *element) (hits []hit) {
			for _, n := range root.all("NAPDEF") {
				hits = append(hits, twice(n.all("NAPAUTHINFO"), "AUTHTYPE")...)
			}
			return hits
		},
	},
	{
		cpclient, "napauthinfo-type", Dropped, "drops credentials whose AUTHTYPE is neither PAP nor CHAP",
		"Write one of the two, in capitals", otherAuthType,
	},
	{
		cpclient, "validity-place", Dropped, "drops a VALIDITY with NETWORK but no COUNTRY, or SID but no SOC",
		"Add what is missing, or leave VALIDITY out", func(root *element) []hit {
			return each(root.below("NAPDEF", "VALIDITY"), "", func(v *element) (string, bool) {
				return "", v.has("NETWORK") && v.value("COUNTRY") == "" || v.has("SID") && v.value("SOC") == ""
			})
		},
	},
	{
		cpclient, "pxlogical-parms", Dropped, "drops a PXLOGICAL without PROXY-ID, NAME or a complete PXPHYSICAL",
		"Add what is missing", func(root *element) []hit { return each(root.all("PXLOGICAL"), "", incompleteProxy) },
	},
	{
		cpclient, "pxphysical-parms", Dropped, "drops a PXPHYSICAL without PHYSICAL-PROXY-ID, PXADDR or TO-NAPID",
		"Add what is missing", func(root *element) []hit { return each(root.below("PXLOGICAL", "PXPHYSICAL"), "", incompleteMachine) },
	},
	{
		cpclient, "pxphysical-route", Dropped, "drops a PXPHYSICAL none of whose TO-NAPID leads to a NAPDEF of the same document",
		"Send the NAPDEF along", lostMachines,
	},
	{
		cpclient, "pxphysical-second", Ignored, "uses only the first PXPHYSICAL of a PXLOGICAL",
		"Put the one that matters first", func(root *element) (hits []hit) {
			for _, px := range root.all("PXLOGICAL") {
				hits = append(hits, from(1, machines(root, px))...)
			}
			return hits
		},
	},
}

// lacks says which of the parms an element does not have.
func lacks(names ...string) func(*element) (string, bool) {
	return func(e *element) (string, bool) {
		var missing []string
		for _, name := range names {
			if len(e.values(name)) == 0 {
				missing = append(missing, name)
			}
		}
		return strings.Join(missing, ", ") + " missing", len(missing) > 0
	}
}

// from makes hits of the elements beginning with one.
func from(first int, es []*element) (hits []hit) {
	for i := first; i < len(es); i++ {
		hits = append(hits, hit{es[i].path, ""})
	}
	return hits
}

func strangeBearer(n *element) (string, bool) {
	bearer := n.value("BEARER")
	if bearer == "" {
		return "there is none", true
	}
	return quoted(bearer), !slices.Contains(bearersOfPhones, bearer)
}

// otherAuthType does not show the value: a password may have slipped there.
func otherAuthType(root *element) []hit {
	return each(root.below("NAPDEF", "NAPAUTHINFO"), "AUTHTYPE", func(a *element) (string, bool) {
		kind := a.value("AUTHTYPE")
		return "", kind != "PAP" && kind != "CHAP"
	})
}

var incompleteMachine = lacks("PHYSICAL-PROXY-ID", "PXADDR", "TO-NAPID")

func incompleteProxy(px *element) (string, bool) {
	if detail, missing := lacks("PROXY-ID", "NAME")(px); missing {
		return detail, true
	}
	for _, m := range px.all("PXPHYSICAL") {
		if _, missing := incompleteMachine(m); !missing {
			return "", false
		}
	}
	return "no complete PXPHYSICAL", true
}

func lostMachines(root *element) []hit {
	naps := ids(kept(root, "NAPDEF"), "NAPID")
	naps[anyAccess] = true
	return each(root.below("PXLOGICAL", "PXPHYSICAL"), "TO-NAPID", func(m *element) (string, bool) {
		to := m.values("TO-NAPID")
		return "", len(to) > 0 && !slices.ContainsFunc(to, func(id string) bool { return naps[id] })
	})
}
