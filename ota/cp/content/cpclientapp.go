package content

import (
	"slices"
	"strings"
)

// knownApps are the applications that cpclient has settings for.
var knownApps = []string{AppBrowser, AppMMS, AppDataSync, AppDM, AppSMTP, AppPOP3, AppIMAP4}

// cpclientApplications is what cpclient makes of applications.
var cpclientApplications = []rule{
	{
		cpclient, "application-appid", Dropped, "drops an APPLICATION whose APPID is none of " + strings.Join(knownApps, ", "),
		"Do not expect an effect", func(root *element) []hit { return each(root.all("APPLICATION"), "APPID", strangeApplication) },
	},
	{
		cpclient, "application-address", Dropped, "drops an APPLICATION with neither ADDR nor APPADDR, but for w2",
		"Add the address", func(root *element) []hit { return each(root.applications(knownApps...), "", noServer) },
	},
	{
		cpclient, "application-twice", Dropped, "keeps one APPLICATION of those with the same APPID and PROVIDER-ID, of w2 with the same NAME",
		"Give each its own", repeatedApplications,
	},
	{
		cpclient, "dm-provider", Dropped, "drops a device management account (w7) without PROVIDER-ID",
		"Add it", func(root *element) []hit { return each(root.all("APPLICATION"), "", noProvider) },
	},
	{
		cpclient, "mail-port", Dropped, "drops a mail account (25, 110, 143) without a PORT in its first APPADDR",
		"Add it", func(root *element) []hit { return each(root.all("APPLICATION"), "", noMailPort) },
	},
	{
		cpclient, "mail-from", Dropped, "drops an SMTP account (25) without FROM, the user's address",
		"Add it, or send POP3 or IMAP4 alone", func(root *element) []hit { return each(root.all("APPLICATION"), "", noSender) },
	},
	{
		cpclient, "sync-resource", Dropped, "drops a RESOURCE of data synchronisation (w5) without AACCEPT, and the account if none is left",
		"Add the media type", func(root *element) (hits []hit) {
			for _, a := range root.applications(AppDataSync) {
				hits = append(hits, each(a.all("RESOURCE"), "", lacks("AACCEPT"))...)
			}
			return append(hits, each(root.all("APPLICATION"), "", noResource)...)
		},
	},
	{
		cpclient, "mms-second", Ignored, "uses only the first MMS application (w4)",
		"Send one", func(root *element) []hit {
			return from(1, slices.DeleteFunc(kept(root, "APPLICATION"), func(a *element) bool { return a.value("APPID") != AppMMS }))
		},
	},
	{
		cpclient, "mms-route", Ignored, "uses only the first TO-PROXY or TO-NAPID of the MMS application (w4)",
		"Put the one that matters first", func(root *element) []hit {
			return each(root.applications(AppMMS), "", func(a *element) (string, bool) {
				return "", len(a.values("TO-PROXY"))+len(a.values("TO-NAPID")) > 1
			})
		},
	},
	{
		cpclient, "application-route", Ignored, "removes a TO-NAPID of an APPLICATION that leads to no NAPDEF of the same document",
		"Send the NAPDEF along", func(root *element) []hit {
			naps := ids(kept(root, "NAPDEF"), "NAPID")
			naps[anyAccess] = true
			return each(root.all("APPLICATION"), "TO-NAPID", func(a *element) (string, bool) {
				return "", slices.ContainsFunc(a.values("TO-NAPID"), func(id string) bool { return !naps[id] })
			})
		},
	},
}

// cpclientDocument is what cpclient makes of all else.
var cpclientDocument = []rule{
	{
		cpclient, "bootstrap-provurl", Dropped, "keeps one BOOTSTRAP of those with PROVURL",
		"Leave PROVURL out", func(root *element) []hit {
			hits := each(root.all("BOOTSTRAP"), "PROVURL", func(b *element) (string, bool) { return "", b.has("PROVURL") })
			return hits[min(1, len(hits)):]
		},
	},
	{
		cpclient, "access", Ignored, "does not follow ACCESS",
		"Say the way in the APPLICATION, with TO-PROXY or TO-NAPID", func(root *element) []hit { return from(0, root.all("ACCESS")) },
	},
	{
		cpclient, "vendorconfig", Ignored, "does nothing with VENDORCONFIG",
		"Do not expect an effect", func(root *element) []hit { return from(0, root.all("VENDORCONFIG")) },
	},
	{
		cpclient, "own-type", Ignored, "skips characteristics that the standard does not have",
		"Do not expect an effect", func(root *element) []hit {
			return each(root.kids, "", func(k *element) (string, bool) {
				_, known := rootShape.kids[k.kind]
				return "", !known
			})
		},
	},
	{
		cpclient, "version", Refused, "refuses a document whose version does not begin with 1",
		"Write version 1.1, or none", func(root *element) []hit {
			major, _, _ := strings.Cut(root.version, ".")
			if major == "1" || root.version == "" {
				return nil
			}
			return []hit{{"", quoted(root.version)}}
		},
	},
	{
		cpclient, "nothing-left", Refused, "refuses a document of which it has dropped everything",
		"Correct the findings about what it drops, or do not send this document to it", func(root *element) []hit {
			if nothingLeft(root) {
				return []hit{{}}
			}
			return nil
		},
	},
}
