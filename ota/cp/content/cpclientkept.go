package content

import "slices"

// kept are the characteristics of a type that cpclient keeps when it looks at
// each alone. Only then it compares them: what is incomplete takes no name away
// and nothing can refer to it.
func kept(root *element, kind string) []*element {
	return slices.DeleteFunc(root.all(kind), func(e *element) bool { return !complete(e) })
}

// complete says whether cpclient keeps a characteristic of the root when it
// looks at it alone.
func complete(e *element) bool {
	fine := func(finds ...func(*element) (string, bool)) bool {
		return !slices.ContainsFunc(finds, func(find func(*element) (string, bool)) bool { _, bad := find(e); return bad })
	}
	switch e.kind {
	case "NAPDEF":
		return fine(lacks("NAPID", "NAME", "NAP-ADDRESS"), strangeBearer)
	case "PXLOGICAL":
		return fine(incompleteProxy)
	case "APPLICATION":
		return fine(strangeApplication, noServer, noProvider, noMailPort, noSender, noResource)
	case "BOOTSTRAP":
		return e.has("PROVURL") || !e.has("NETWORK") || e.value("COUNTRY") != ""
	case "CLIENTIDENTITY":
		return fine(lacks("CLIENT-ID"))
	case "VENDORCONFIG":
		return fine(lacks("NAME"))
	case "ACCESS":
		return e.has("RULE") && (e.has("TO-NAPID") || e.has("TO-PROXY"))
	}
	return false
}

// machines are the PXPHYSICALs of a PXLOGICAL that cpclient keeps: complete,
// and with a way to one of the access points.
func machines(root, px *element) []*element {
	naps := ids(kept(root, "NAPDEF"), "NAPID")
	naps[anyAccess] = true
	return slices.DeleteFunc(px.all("PXPHYSICAL"), func(m *element) bool {
		_, incomplete := incompleteMachine(m)
		return incomplete || !slices.ContainsFunc(m.values("TO-NAPID"), func(id string) bool { return naps[id] })
	})
}

// nothingLeft says that cpclient keeps no characteristic of the root.
func nothingLeft(root *element) bool {
	return !slices.ContainsFunc(root.kids, func(k *element) bool {
		return complete(k) && (k.kind != "PXLOGICAL" || len(machines(root, k)) > 0)
	})
}

// repeatedApplications are those that cpclient takes for an earlier one: of w2
// by the name, of the others by the provider. Of w4 there is one anyway.
func repeatedApplications(root *element) (hits []hit) {
	seen := map[[2]string]bool{}
	for _, a := range kept(root, "APPLICATION") {
		id, key := a.value("APPID"), "PROVIDER-ID"
		switch id {
		case AppMMS:
			continue
		case AppBrowser:
			key = "NAME"
		}
		if this := [2]string{id, a.value(key)}; seen[this] {
			hits = append(hits, hit{a.path, "APPID " + id})
		} else {
			seen[this] = true
		}
	}
	return hits
}

func strangeApplication(a *element) (string, bool) {
	return quoted(a.value("APPID")), !slices.Contains(knownApps, a.value("APPID"))
}

func noServer(a *element) (string, bool) {
	return "APPID " + a.value("APPID"), a.value("APPID") != AppBrowser && len(a.values("ADDR")) == 0 && len(a.all("APPADDR")) == 0
}

func noProvider(a *element) (string, bool) {
	return "", a.value("APPID") == AppDM && a.value("PROVIDER-ID") == ""
}

func noMailPort(a *element) (string, bool) {
	servers := a.all("APPADDR")
	return "", slices.Contains([]string{AppSMTP, AppPOP3, AppIMAP4}, a.value("APPID")) && (len(servers) == 0 || len(servers[0].all("PORT")) == 0)
}

func noSender(a *element) (string, bool) {
	detail, missing := lacks("FROM")(a)
	return detail, missing && a.value("APPID") == AppSMTP
}

func noResource(a *element) (string, bool) {
	return "none is left", a.value("APPID") == AppDataSync && !slices.ContainsFunc(a.all("RESOURCE"), func(r *element) bool { return len(r.values("AACCEPT")) > 0 })
}
