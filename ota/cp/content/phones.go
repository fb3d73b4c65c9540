package content

import "strings"

// phonesRules are habits of most phones, whatever the make.
var phonesRules = []rule{
	{
		phones, "napauthinfo-second", Note, "mostly take the first NAPAUTHINFO only: PAP or CHAP cannot be left to the phone",
		"Choose one", func(root *element) (hits []hit) {
			for _, n := range root.all("NAPDEF") {
				hits = append(hits, from(1, n.all("NAPAUTHINFO"))...)
			}
			return hits
		},
	},
	{
		phones, "validity", Note, "hardly look at VALIDITY",
		"Do not expect an access point to be switched when roaming", func(root *element) []hit { return from(0, root.below("NAPDEF", "VALIDITY")) },
	},
	{
		phones, "smsc", Note, "do not set their message centre from a NAPDEF with BEARER GSM-SMS; no client is known that does",
		"Write it to the SIM, EF_SMSP; keep such a NAPDEF alone in a last document", func(root *element) []hit {
			return each(root.all("NAPDEF"), "BEARER", func(n *element) (string, bool) { return "", n.value("BEARER") == "GSM-SMS" })
		},
	},
	{
		phones, "bootstrap", Note, "use nothing of BOOTSTRAP but NAME",
		"Leave the rest out", func(root *element) []hit {
			return each(root.all("BOOTSTRAP"), "", func(b *element) (string, bool) {
				for _, p := range b.parms {
					if p.Name != "NAME" {
						return p.Name, true
					}
				}
				return "", false
			})
		},
	},
	{
		phones, "id-form", Note, "keep identifiers of at most 16 characters of printable ASCII for certain, others are cut or dropped by some",
		"Make it shorter, of letters and digits", func(root *element) (hits []hit) {
			root.walk(func(e *element) {
				for _, name := range []string{"NAPID", "PROXY-ID", "PHYSICAL-PROXY-ID"} {
					for _, id := range e.values(name) {
						if len(id) > 16 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
							hits = append(hits, hit{e.at(name), quoted(id)})
						}
					}
				}
			})
			return hits
		},
	},
	{
		phones, "unused", Note, "hardly ever use CLIENTIDENTITY and ACCESS",
		"Leave them out", func(root *element) []hit {
			return append(from(0, root.all("CLIENTIDENTITY")), from(0, root.all("ACCESS"))...)
		},
	},
	{
		phones, "vendorconfig", Note, "ignore a VENDORCONFIG that is not of their maker",
		"Never put it into the document with the access point", func(root *element) []hit { return from(0, root.all("VENDORCONFIG")) },
	},
}
