package content

import "fmt"

// mediatekRules are the lengths of fields, in octets: what is longer is cut or
// dropped.
var mediatekRules = []rule{
	limit("appid-length", "APPID", 16, func(root *element) []*element { return root.all("APPLICATION") }),
	limit("napid-length", "NAPID", 16, func(root *element) []*element { return root.all("NAPDEF") }),
	limit("proxy-id-length", "PROXY-ID", 32, func(root *element) []*element { return root.all("PXLOGICAL") }),
	limit("proxy-name-length", "NAME", 31, func(root *element) []*element { return root.all("PXLOGICAL") }),
	limit("pxaddr-length", "PXADDR", 40, func(root *element) []*element { return root.below("PXLOGICAL", "PXPHYSICAL") }),
	limit("proxy-user-length", "PXAUTH-ID", 16, func(root *element) []*element { return root.below("PXLOGICAL", "PXAUTHINFO") }),
	limit("proxy-password-length", "PXAUTH-PW", 16, func(root *element) []*element { return root.below("PXLOGICAL", "PXAUTHINFO") }),
}

func limit(id, name string, most int, where func(root *element) []*element) rule {
	return rule{
		mediatek, id, Dropped, fmt.Sprintf("has room for %d octets of %s", most, name),
		"Make it shorter, or it is cut or dropped", func(root *element) []hit { return longer(where(root), name, most) },
	}
}
