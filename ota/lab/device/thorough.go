package device

import (
	"slices"
	"strings"

	"github.com/simota/simota/ota/cp"
)

// What Intel's cpclient demands of a document more than others do. It looks at every characteristic alone first, and
// then compares what is left.

// version says whether the client reads documents of a version; none is the first.
func (r *content) version(v string) bool {
	major, _, _ := strings.Cut(v, ".")
	return !r.thorough || v == "" || major == "1"
}

// whole says whether all these parms are there. A thorough client takes an empty text for one.
func (r *content) whole(k cp.Characteristic, parms []string) bool {
	return !slices.ContainsFunc(parms, func(name string) bool {
		return len(values(k, name)) == 0 || !r.thorough && value(k, name) == ""
	})
}

// leads says whether a proxy has a way to an access point of the same document.
func (c *reading) leads(px cp.Characteristic) bool {
	return !c.thorough || slices.ContainsFunc(values(px, "TO-NAPID"), func(id string) bool {
		_, known := c.naps[id]
		return known || id == "INTERNET"
	})
}

// bootstrap counts a BOOTSTRAP; its settings are for people.
func (c *reading) bootstrap(k cp.Characteristic) {
	if !c.thorough || has(k, "PROVURL") || !has(k, "NETWORK") || value(k, "COUNTRY") != "" {
		c.rest++
	}
}

// other counts what no device acts on.
func (c *reading) other(k cp.Characteristic) {
	needs := map[string][]string{"VENDORCONFIG": {"NAME"}, "CLIENTIDENTITY": {"CLIENT-ID"}}[k.Type]
	if c.whole(k, needs) && (k.Type != "ACCESS" || has(k, "RULE") && (has(k, "TO-NAPID") || has(k, "TO-PROXY"))) {
		c.rest++
	}
}

// serves says whether an application has all that its kind needs.
func (c *reading) serves(k cp.Characteristic) bool {
	if !c.thorough {
		return true
	}
	id, server := value(k, "APPID"), child(k, "APPADDR")
	port := child(server, "PORT").Type != ""
	switch {
	case id != "w2" && len(values(k, "ADDR")) == 0 && server.Type == "":
		return false
	case id == "w7":
		return value(k, "PROVIDER-ID") != ""
	case id == "25":
		return port && len(values(k, "FROM")) > 0
	case id == "110" || id == "143":
		return port
	case id == "w5":
		return slices.ContainsFunc(k.Children, func(r cp.Characteristic) bool {
			return r.Type == "RESOURCE" && len(values(r, "AACCEPT")) > 0
		})
	}
	return true
}

// again says whether an earlier application counts for the same one: of MMS any, of the browser one of the same name,
// of others one of the same provider.
func (c *reading) again(k cp.Characteristic) bool {
	if !c.thorough {
		return false
	}
	this := [2]string{value(k, "APPID")}
	switch this[0] {
	case "w2":
		this[1] = value(k, "NAME")
	case "w4":
	default:
		this[1] = value(k, "PROVIDER-ID")
	}
	earlier := c.apps[this]
	c.apps[this] = true
	return earlier
}
