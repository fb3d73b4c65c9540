package content

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/simota/simota/ota/cp"
)

// ruleCase is a document that a rule is about, where it must point, a word that
// its text must have, and a document that it must be silent about.
type ruleCase struct {
	rule          string // by/id
	fires, silent cp.Document
	path, says    string
}

// whole is a document that no rule says more than a note about.
func whole(more ...cp.Characteristic) cp.Document {
	return doc(append([]cp.Characteristic{nap()}, more...)...)
}

func TestEveryRuleFiresAndIsSilent(t *testing.T) {
	t.Parallel()
	cases := slices.Concat(standardCases(), senderCases(), cpclientCases(), handsetCases())
	tested := map[string]bool{}
	for i, c := range cases {
		tested[c.rule] = true
		t.Run(fmt.Sprintf("%s %d", c.rule, i), func(t *testing.T) {
			t.Parallel()
			f, found := find(Check(c.fires), c.rule)
			switch {
			case !found:
				t.Fatalf("not found, but %v", Check(c.fires))
			case f.Path != c.path:
				t.Errorf("at %q, want %q", f.Path, c.path)
			case !strings.Contains(f.Text, c.says):
				t.Errorf("no %q in %q", c.says, f.Text)
			}
			if f, found := find(Check(c.silent), c.rule); found {
				t.Errorf("also found in the other: %v", f)
			}
		})
	}
	for _, r := range allRules() {
		if !tested[r.by+"/"+r.id] {
			t.Errorf("%s/%s has no case", r.by, r.id)
		}
	}
}

func find(fs []Finding, rule string) (Finding, bool) {
	i := slices.IndexFunc(fs, func(f Finding) bool { return f.By+"/"+f.Rule == rule })
	if i < 0 {
		return Finding{}, false
	}
	return fs[i], true
}

func allRules() []rule { return slices.Concat(standardRules, senderRules(cp.Document{}), clientRules) }

func TestRulesAreUniqueAndOfKnownParties(t *testing.T) {
	t.Parallel()
	parties := []string{Standard, Sender}
	for _, c := range Clients() {
		if c.About == "" || !strings.HasSuffix(c.About, ".") {
			t.Errorf("%s: %q is no sentence", c.Name, c.About)
		}
		parties = append(parties, c.Name)
	}
	seen, last := map[string]bool{}, 0
	for _, r := range allRules() {
		key := r.by + "/" + r.id
		at := slices.Index(parties, r.by)
		if at < last {
			t.Errorf("%s is not where Clients has it", key)
		}
		if last = at; seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
		if strings.HasSuffix(r.what+r.do, ".") || r.what == "" || r.do == "" {
			t.Errorf("%s: %q, %q", key, r.what, r.do)
		}
	}
	for _, p := range parties {
		if !slices.ContainsFunc(allRules(), func(r rule) bool { return r.by == p }) {
			t.Errorf("%s has no rule", p)
		}
	}
}

func standardCases() []ruleCase {
	std := func(id, path, says string, fires, silent cp.Document) ruleCase {
		return ruleCase{Standard + "/" + id, fires, silent, path, says}
	}
	return []ruleCase{
		std("empty", "", "no characteristic", cp.Document{}, whole()),
		std("text", "NAPDEF", "control character", doc(nap("LINGER=1\x00")), whole()),
		std("text", "X\xff", "UTF-8", doc(ch("X\xff")), doc(ch("Größe"))),
		std("text", "", "version", cp.Document{Version: "1\n", Children: whole().Children}, whole()),
		std("parm-missing", "NAPDEF", "NAP-ADDRESS", doc(without(nap(), "NAP-ADDRESS")), whole()),
		std("parm-missing", "NAPDEF[2]", "NAME", doc(nap(), ch("NAPDEF", "NAPID=N2", "NAP-ADDRESS=+1", "NAME=")), whole()),
		std("parm-missing", "PXLOGICAL/PXPHYSICAL", "TO-NAPID", whole(ch("PXLOGICAL", "PROXY-ID=P1", "NAME=P", without(machine(), "TO-NAPID"))), whole(px())),
		std("parm-missing", "ACCESS", "RULE", whole(ch("ACCESS", "TO-NAPID=N1")), whole(ch("ACCESS", "RULE", "TO-NAPID=N1"))),
		std("parm-repeated", "NAPDEF/NAME", "once", doc(nap("NAME=Again")), doc(nap("DNS-ADDR=10.0.0.1", "DNS-ADDR=10.0.0.2"))),
		std("parm-unknown", "NAPDEF/ROAMING", "no such parm", doc(nap("ROAMING=1")), whole(app("w2", "X-TRA=1"))),
		std("parm-without-value", "NAPDEF/LINGER", "no value", doc(nap("LINGER")), doc(nap("LINGER=10", "T-BIT"))),
		std("flag-with-value", "NAPDEF/INTERNET", "flag", doc(without(nap("INTERNET=0"), "NAPID")), whole()),
		std("value", "NAPDEF/BEARER", `"WLAN"`, doc(ch("NAPDEF", "BEARER=WLAN")), whole()),
		std("value", "NAPDEF/NAPAUTHINFO/AUTHTYPE", "want PAP, CHAP, MD5", doc(nap(ch("NAPAUTHINFO", "AUTHTYPE=pap"))), doc(nap(ch("NAPAUTHINFO", "AUTHTYPE=PAP")))),
		std("value", "PXLOGICAL/PORT/PORTNBR", "1 to 65535", whole(px(ch("PORT", "PORTNBR=65536"))), whole(px(ch("PORT", "PORTNBR=65535")))),
		std("value", "NAPDEF/LOCAL-ADDRTYPE", "IPV4V6", doc(nap("LOCAL-ADDRTYPE=IPV4V6")), doc(nap("LOCAL-ADDRTYPE=IPV6"))),
		std("value", "NAPDEF/DNS-ADDR", "IPv6", doc(nap("DNS-ADDR=dns")), doc(nap("DNS-ADDR=2001:db8::1"))),
		std("value", "NAPDEF/LINKSPEED", "bit/s", doc(nap("LINKSPEED=fast")), doc(nap("LINKSPEED=9600", "DNLINKSPEED=AUTOBAUDING"))),
		std("value", "NAPDEF/TRAFFIC-CLASS", "hex", doc(nap("TRAFFIC-CLASS=low")), doc(nap("TRAFFIC-CLASS=0A"))),
		std("characteristic-missing", "PXLOGICAL", "PXPHYSICAL", whole(ch("PXLOGICAL", "PROXY-ID=P1", "NAME=P")), whole(px())),
		std("characteristic-repeated", "CLIENTIDENTITY[2]", "once", whole(ch("CLIENTIDENTITY", "CLIENT-ID=1"), ch("CLIENTIDENTITY", "CLIENT-ID=2")), whole(ch("CLIENTIDENTITY", "CLIENT-ID=1"))),
		std("characteristic-unknown", "NAPAUTHINFO", "belongs in NAPDEF", whole(ch("NAPAUTHINFO", "AUTHTYPE=PAP")), whole(ch("VENDORCONFIG", "NAME=x", ch("ANY")))),
		std("characteristic-unknown", "NAPDEF/WLAN", "no such characteristic", doc(nap(ch("WLAN"))), whole()),
		std("id-twice", "NAPDEF[2]/NAPID", `"N1"`, doc(nap(), nap()), doc(nap(), ch("NAPDEF", "NAPID=N2"))),
		std("id-twice", "PXLOGICAL[2]/PROXY-ID", `"P1"`, whole(px(), px()), whole(px())),
		std("id-twice", "PXLOGICAL/PXPHYSICAL[2]/PHYSICAL-PROXY-ID", `"M1"`, whole(px(machine())), whole(px(), ch("PXLOGICAL", "PROXY-ID=P2", machine()))),
		std("reference", "APPLICATION/TO-NAPID", `"N2"`, whole(app("w2", "TO-NAPID=N2")), whole(app("w2", "TO-NAPID=N1", "TO-NAPID=INTERNET"))),
		std("reference", "APPLICATION/TO-PROXY", `"P2"`, whole(app("w2", "TO-PROXY=P2")), whole(px(), app("w2", "TO-PROXY=P1"))),
		std("reference", "PXLOGICAL/PXPHYSICAL/TO-NAPID", `"N1"`, doc(px()), whole(px())),
		std("reference", "BOOTSTRAP/PROXY-ID", `"P9"`, whole(ch("BOOTSTRAP", "PROXY-ID=P9")), whole(px(), ch("BOOTSTRAP", "PROXY-ID=P1"))),
		std("address", "NAPDEF/NAP-ADDRESS", "E164, because NAP-ADDRTYPE is missing", doc(without(nap(), "NAP-ADDRTYPE")), doc(ch("NAPDEF", "NAP-ADDRESS=+12025550100"))),
		std("address", "NAPDEF/NAP-ADDRESS", "23.003", doc(ch("NAPDEF", "NAP-ADDRESS=a..b", "NAP-ADDRTYPE=APN")), whole()),
		std("address", "PXLOGICAL/PXPHYSICAL/PXADDR", "IPV4, because", whole(ch("PXLOGICAL", ch("PXPHYSICAL", "PXADDR=proxy.example"))), whole(px())),
		std("address", "NAPDEF/LOCAL-ADDR", "IPV6, because", doc(nap("LOCAL-ADDR=10.0.0.1")), doc(nap("LOCAL-ADDR=10.0.0.1", "LOCAL-ADDRTYPE=IPV4"))),
		std("validity", "NAPDEF/VALIDITY", "without COUNTRY", doc(nap(ch("VALIDITY", "NETWORK=01"))), doc(nap(ch("VALIDITY", "NETWORK=01", "COUNTRY=001")))),
		std("validity", "NAPDEF/VALIDITY", "without SOC", doc(nap(ch("VALIDITY", "SID=1"))), doc(nap(ch("VALIDITY", "SID=1", "SOC=2")))),
		std("access-order", "ACCESS", "APPID at place 1", whole(ch("ACCESS", "APPID=w2", "RULE=1", "TO-NAPID=N1")), whole(ch("ACCESS", "RULE=1", "APPID=w2", "RULE=2", "TO-NAPID=N1", "TO-PROXY=P1"))),
		std("access-order", "ACCESS", "RULE at place 3", whole(ch("ACCESS", "RULE=1", "TO-NAPID=N1", "RULE=2")), whole(ch("ACCESS", "RULE"))),
		std("application-address", "APPLICATION", "APPID w4", whole(app("w4")), whole(app("w2"), app("w4", "ADDR=http://m.example"))),
		std("application-provider", "APPLICATION", "PROVIDER-ID", whole(app("w7", "ADDR=x")), whole(app("w7", "ADDR=x", "PROVIDER-ID=y"))),
	}
}

func senderCases() []ruleCase {
	var many []cp.Characteristic
	for i := range 30 {
		many = append(many, ch("NAPDEF", fmt.Sprintf("NAPID=N%d", i), "BEARER=GSM-GPRS", "NAME=Web", "NAP-ADDRESS=web", "NAP-ADDRTYPE=APN"))
	}
	return []ruleCase{
		{Sender + "/encoding", doc(ch("NAPDEF", "NAME=a\x01")), whole(), "", "NAME"},
		{Sender + "/encoding", cp.Document{}, whole(), "", "no characteristic"},
		{Sender + "/size", doc(many...), whole(), "", "short messages"},
	}
}

func cpclientCases() []ruleCase {
	c := func(id, path, says string, fires, silent cp.Document) ruleCase {
		return ruleCase{cpclient + "/" + id, fires, silent, path, says}
	}
	pap, mail := ch("NAPAUTHINFO", "AUTHTYPE=PAP"), ch("APPADDR", "ADDR=mail.example", ch("PORT", "PORTNBR=25"))
	return []ruleCase{
		c("napdef-parms", "NAPDEF", "cpclient drops a NAPDEF without NAPID, NAME or NAP-ADDRESS: NAME missing.", doc(without(nap(), "NAME")), whole()),
		c("napdef-parms", "NAPDEF", "NAPID, NAP-ADDRESS missing", doc(ch("NAPDEF", "NAPID", "NAME=x")), whole()),
		c("napdef-bearer", "NAPDEF/BEARER", `"GSM-SMS"`, doc(ch("NAPDEF", "BEARER=GSM-SMS", "BEARER=GSM-GPRS")), doc(nap("BEARER=GSM-SMS"))),
		c("napdef-bearer", "NAPDEF/BEARER", "there is none", doc(ch("NAPDEF")), doc(ch("NAPDEF", "BEARER=GSM-CSD"))),
		c("napdef-addrtype", "NAPDEF", "telephone", doc(without(nap(), "NAP-ADDRTYPE")), doc(ch("NAPDEF", "NAP-ADDRESS=+12025550100"))),
		c("napid-twice", "NAPDEF[2]/NAPID", `"N1"`, doc(nap(), nap()), doc(without(nap(), "NAME"), nap())),
		c("napauthinfo-twice", "NAPDEF/NAPAUTHINFO[2]/AUTHTYPE", "Send one", doc(nap(pap, pap)), doc(nap(pap, ch("NAPAUTHINFO", "AUTHTYPE=CHAP")))),
		c("napauthinfo-type", "NAPDEF/NAPAUTHINFO/AUTHTYPE", "PAP nor CHAP", doc(nap(ch("NAPAUTHINFO", "AUTHTYPE=MD5"))), doc(nap(pap))),
		c("validity-place", "NAPDEF/VALIDITY", "COUNTRY", doc(nap(ch("VALIDITY", "NETWORK=1"))), doc(nap(ch("VALIDITY", "COUNTRY=1")))),
		c("pxlogical-parms", "PXLOGICAL", "NAME missing", whole(without(px(), "NAME")), whole(px())),
		c("pxlogical-parms", "PXLOGICAL", "no complete PXPHYSICAL", whole(ch("PXLOGICAL", "PROXY-ID=P", "NAME=P", without(machine(), "PXADDR"))), whole(px())),
		c("pxphysical-parms", "PXLOGICAL/PXPHYSICAL", "PXADDR missing", whole(ch("PXLOGICAL", without(machine(), "PXADDR"))), whole(px())),
		c("pxphysical-route", "PXLOGICAL/PXPHYSICAL/TO-NAPID", "leads to", doc(px()), whole(ch("PXLOGICAL", machine("TO-NAPID=N9")))),
		c("pxphysical-second", "PXLOGICAL/PXPHYSICAL[2]", "first", whole(px(machine())), whole(px())),
		c("application-appid", "APPLICATION/APPID", `"ap0002"`, whole(app("ap0002")), whole(app("w2"))),
		c("application-address", "APPLICATION", "APPID 143", whole(app("143")), whole(app("143", mail), app("w2"))),
		c("dm-provider", "APPLICATION", "PROVIDER-ID", whole(app("w7", "PROVIDER-ID=")), whole(app("w7", "PROVIDER-ID=x"))),
		c("mail-port", "APPLICATION", "PORT", whole(app("110", ch("APPADDR", "ADDR=x"))), whole(app("110", mail))),
		c("mail-from", "APPLICATION", "FROM missing", whole(app("25", mail)), whole(app("25", mail, "FROM=a@b.example"))),
		c("sync-resource", "APPLICATION/RESOURCE", "AACCEPT", whole(app("w5", ch("RESOURCE", "URI=./c"))), whole(app("w5", ch("RESOURCE", "AACCEPT=text/x-vcard")))),
		c("sync-resource", "APPLICATION", "none is left", whole(app("w5")), whole(app("w5", ch("RESOURCE", "AACCEPT=text/x-vcard")))),
		c("application-twice", "APPLICATION[2]", "APPID w2", whole(app("w2", "NAME=a"), app("w2", "NAME=a")), whole(app("w2", "NAME=a"), app("w2", "NAME=b"))),
		c("application-twice", "APPLICATION[3]", "APPID w7", whole(app("w7", "PROVIDER-ID=a", "ADDR=x"), app("w5", "PROVIDER-ID=a", "ADDR=x"), app("w7", "PROVIDER-ID=a", "ADDR=y")),
			whole(app("w7", "PROVIDER-ID=a"), app("w7", "PROVIDER-ID=a", "ADDR=y"))),
		c("mms-second", "APPLICATION[3]", "first", whole(app("w4", "ADDR=a"), app("w2"), app("w4", "ADDR=b")), whole(app("w4"), app("w2"), app("w4", "ADDR=b"))),
		c("mms-route", "APPLICATION", "first", whole(app("w4", "TO-PROXY=P1", "TO-NAPID=N1")), whole(app("w4", "TO-NAPID=N1"), app("w2", "TO-NAPID=N1", "TO-NAPID=INTERNET"))),
		c("application-route", "APPLICATION/TO-NAPID", "NAPDEF", whole(app("w2", "TO-NAPID=N2")), whole(app("w2", "TO-NAPID=N1"))),
		c("bootstrap-provurl", "BOOTSTRAP[2]/PROVURL", "keeps one", whole(ch("BOOTSTRAP", "PROVURL=a"), ch("BOOTSTRAP", "PROVURL=b")), whole(ch("BOOTSTRAP", "PROVURL=a"), ch("BOOTSTRAP"))),
		c("access", "ACCESS", "does not follow", whole(ch("ACCESS", "RULE")), whole()),
		c("vendorconfig", "VENDORCONFIG", "nothing", whole(ch("VENDORCONFIG", "NAME=x")), whole()),
		c("own-type", "X-OWN", "skips", whole(ch("X-OWN")), whole(app("w2"))),
		c("version", "", `"2.0"`, cp.Document{Version: "2.0", Children: whole().Children}, cp.Document{Children: whole().Children}),
		c("nothing-left", "", "everything", doc(ch("NAPDEF", "NAPID=S", "BEARER=GSM-SMS", "NAME=S", "NAP-ADDRESS=+12025550100")), whole()),
		c("nothing-left", "", "everything", doc(px(), app("w7", "ADDR=x"), app("25", "ADDR=x"), app("110", "ADDR=x")), whole(px())),
		c("nothing-left", "", "everything", doc(ch("BOOTSTRAP", "NETWORK=1"), app("w5", "ADDR=x")), doc(ch("BOOTSTRAP", "NETWORK=1", "COUNTRY=1"))),
		c("nothing-left", "", "everything", doc(app("ap0002"), app("w4"), ch("X-OWN"), without(px(), "NAME")), doc(app("w2"))),
		c("nothing-left", "", "everything", doc(ch("ACCESS", "RULE"), ch("CLIENTIDENTITY"), ch("VENDORCONFIG")), doc(ch("BOOTSTRAP"))),
	}
}

func handsetCases() []ruleCase {
	long := strings.Repeat("x", 41)
	second := func(more ...any) cp.Characteristic {
		return ch("PXLOGICAL", append([]any{"PROXY-ID=P2", "NAME=P", machine()}, more...)...)
	}
	at := func(rule, path, says string, fires, silent cp.Document) ruleCase {
		return ruleCase{rule, fires, silent, path, says}
	}
	return []ruleCase{
		at("sailfish/napdef-addrtype", "NAPDEF", "APN", doc(ch("NAPDEF", "NAP-ADDRTYPE=E164")), whole()),
		at("sailfish/napdef-purpose", "NAPDEF", "INTERNET", doc(without(nap(), "INTERNET")), doc(without(nap(), "INTERNET"), px(), app("ap0005", "TO-PROXY=P1", "ADDR=m"))),
		at("sailfish/napdef-purpose", "NAPDEF", "INTERNET", doc(without(nap(), "INTERNET"), app("w7", "TO-NAPID=N1")), doc(without(nap(), "INTERNET"), app("w2", "TO-NAPID=N1"))),
		at("sailfish/napdef-purpose", "NAPDEF[2]", "one NAPDEF", doc(nap(), nap("NAPID=N2")), doc(nap(), app("w4", "ADDR=m", "TO-NAPID=INTERNET"))),
		at("sailfish/application-appid", "APPLICATION", `"w7"`, whole(app("w7")), whole(app("ap0005"), app("w2"))),
		at("sailfish/parm-nested", "PXLOGICAL/PXPHYSICAL[2]/DOMAIN", "that of PXLOGICAL.", whole(px("DOMAIN=a", ch("PXPHYSICAL", "DOMAIN=b"))), whole(px("DOMAIN=a", "DOMAIN=b"))),
		at("gecko/vendorconfig", "VENDORCONFIG", "unread", whole(ch("VENDORCONFIG", "NAME=x")), whole(ch("X-OWN"))),
		at("gecko/misspelt", "NAPDEF/DELIVERY-ERR-SDU", "text", doc(nap("DELIVERY-ERR-SDU=01")), doc(nap("LINKSPEED=9600"))),
		at("gecko/misspelt", "NAPDEF/LINKSPEED", "text", doc(nap("LINKSPEED=AUTOBAUDING")), whole()),
		at("samsung/dm-bootstrap", "APPLICATION", "w7", whole(app("w7")), whole(app("w2"))),
		at("windows-mobile/napdef-bearer", "NAPDEF/BEARER", "GSM-GPRS", doc(ch("NAPDEF", "BEARER=GSM-SMS")), doc(ch("NAPDEF", "BEARER=GSM-SMS", "BEARER=GSM-CSD"))),
		at("windows-mobile/napdef-addrtype", "NAPDEF/NAP-ADDRTYPE", `"IPV4"`, doc(ch("NAPDEF", "NAP-ADDRTYPE=IPV4")), doc(nap(), ch("NAPDEF"))),
		at("windows-mobile/napid-length", "NAPDEF/NAPID", "it has 17", doc(ch("NAPDEF", "NAPID=seventeen-letters")), doc(ch("NAPDEF", "NAPID=sixteen--letters"))),
		at("windows-mobile/napauthinfo-type", "NAPDEF/NAPAUTHINFO/AUTHTYPE", "CHAP", doc(nap(ch("NAPAUTHINFO"))), doc(nap(ch("NAPAUTHINFO", "AUTHTYPE=CHAP")))),
		at("windows-mobile/linger", "NAPDEF/LINGER", "not use", doc(nap("LINGER=10")), whole()),
		at("windows-mobile/proxy-domain", "PXLOGICAL[2]", "DOMAIN", whole(px(), second()), whole(px(), second("DOMAIN=a.example"))),
		at("qualcomm-vdf/page-1", "APPLICATION", "Wi-Fi", whole(app("w2")), whole()),
		at("s40/bootstrap-provurl", "BOOTSTRAP/PROVURL", "second document", whole(ch("BOOTSTRAP", "PROVURL=a")), whole(ch("BOOTSTRAP", "NAME=a"))),
		at("mediatek/appid-length", "APPLICATION/APPID", "it has 17", whole(app(long[:17])), whole(app(long[:16]))),
		at("mediatek/napid-length", "NAPDEF/NAPID", "it has 17", doc(ch("NAPDEF", "NAPID="+long[:17])), doc(ch("NAPDEF", "NAPID="+long[:16]))),
		at("mediatek/proxy-id-length", "PXLOGICAL/PROXY-ID", "it has 33", doc(ch("PXLOGICAL", "PROXY-ID="+long[:33])), doc(ch("PXLOGICAL", "PROXY-ID="+long[:32]))),
		at("mediatek/proxy-name-length", "PXLOGICAL/NAME", "it has 32", doc(ch("PXLOGICAL", "NAME="+long[:32])), doc(ch("PXLOGICAL", "NAME="+long[:31]))),
		at("mediatek/pxaddr-length", "PXLOGICAL/PXPHYSICAL/PXADDR", "it has 41", doc(ch("PXLOGICAL", ch("PXPHYSICAL", "PXADDR="+long))), doc(ch("PXLOGICAL", ch("PXPHYSICAL", "PXADDR="+long[:40])))),
		at("mediatek/proxy-user-length", "PXLOGICAL/PXAUTHINFO/PXAUTH-ID", "it has 17", doc(px(ch("PXAUTHINFO", "PXAUTH-ID="+long[:17]))), doc(px(ch("PXAUTHINFO", "PXAUTH-ID="+long[:16])))),
		at("mediatek/proxy-password-length", "PXLOGICAL/PXAUTHINFO/PXAUTH-PW", "it has 17", doc(px(ch("PXAUTHINFO", "PXAUTH-PW="+long[:17]))), doc(px(ch("PXAUTHINFO", "PXAUTH-PW="+long[:16])))),
		at("phones/napauthinfo-second", "NAPDEF/NAPAUTHINFO[2]", "first", doc(nap(ch("NAPAUTHINFO", "AUTHTYPE=PAP"), ch("NAPAUTHINFO", "AUTHTYPE=CHAP"))), doc(nap(ch("NAPAUTHINFO", "AUTHTYPE=PAP")))),
		at("phones/validity", "NAPDEF/VALIDITY", "roaming", doc(nap(ch("VALIDITY", "COUNTRY=001"))), whole()),
		at("phones/smsc", "NAPDEF/BEARER", "EF_SMSP", doc(ch("NAPDEF", "BEARER=GSM-SMS")), whole()),
		at("phones/bootstrap", "BOOTSTRAP", "COUNTRY", whole(ch("BOOTSTRAP", "NAME=a", "COUNTRY=001")), whole(ch("BOOTSTRAP", "NAME=a"))),
		at("phones/id-form", "NAPDEF[2]/NAPID", "seventeen-letters", whole(ch("NAPDEF", "NAPID=seventeen-letters")), whole(ch("NAPDEF", "NAPID=sixteen-letters1"))),
		at("phones/unused", "CLIENTIDENTITY", "Leave them out", whole(ch("CLIENTIDENTITY", "CLIENT-ID=1")), whole()),
		at("phones/vendorconfig", "VENDORCONFIG", "access point", whole(ch("VENDORCONFIG", "NAME=x")), whole()),
	}
}
