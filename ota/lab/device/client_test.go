package device

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/ota/cp"
)

// node makes a characteristic of "NAME=value" and "NAME" for flags.
func node(typ string, parms ...string) cp.Characteristic {
	c := cp.Characteristic{Type: typ}
	for _, p := range parms {
		name, v, valued := strings.Cut(p, "=")
		parm := cp.Parm{Name: name}
		if valued {
			parm.Value = &v
		}
		c.Parms = append(c.Parms, parm)
	}
	return c
}

// in puts characteristics into another.
func in(c cp.Characteristic, inner ...cp.Characteristic) cp.Characteristic {
	c.Children = slices.Concat(c.Children, inner)
	return c
}

// without takes parms away.
func without(c cp.Characteristic, names ...string) cp.Characteristic {
	c.Parms = slices.DeleteFunc(slices.Clone(c.Parms), func(p cp.Parm) bool { return slices.Contains(names, p.Name) })
	return c
}

// with sets parms, at the end.
func with(c cp.Characteristic, parms ...string) cp.Characteristic {
	more := node("", parms...).Parms
	for _, p := range more {
		c = without(c, p.Name)
	}
	c.Parms = slices.Concat(c.Parms, more)
	return c
}

// wbxml writes a document with strings for all words, so that nothing of it is refused by a writer.
func wbxml(root ...cp.Characteristic) []byte {
	b := []byte{0x03, 0x0B, 0x6A, 0x00, 0x45}
	text := func(start byte, s string) { b = append(append(append(b, start, 0x03), s...), 0) }
	var write func(c cp.Characteristic)
	write = func(c cp.Characteristic) {
		b = append(b, 0xC6)
		text(0x50, c.Type)
		b = append(b, 0x01)
		for _, p := range c.Parms {
			b = append(b, 0x87)
			text(0x05, p.Name)
			if p.Value != nil {
				text(0x06, *p.Value)
			}
			b = append(b, 0x01)
		}
		for _, inner := range c.Children {
			write(inner)
		}
		b = append(b, 0x01)
	}
	for _, c := range root {
		write(c)
	}
	return append(b, 0x01)
}

var (
	web     = node("NAPDEF", "NAPID=web", "NAME=web", "BEARER=GSM-GPRS", "NAP-ADDRESS=web.example", "NAP-ADDRTYPE=APN", "INTERNET")
	media   = without(with(web, "NAPID=mms", "NAP-ADDRESS=mms.example"), "INTERNET")
	login   = node("NAPAUTHINFO", "AUTHTYPE=PAP", "AUTHNAME=me", "AUTHSECRET=pw")
	centre  = with(web, "NAPID=smsc", "BEARER=GSM-SMS", "NAP-ADDRESS=+5511900000001", "NAP-ADDRTYPE=E164")
	logical = node("PXLOGICAL", "PROXY-ID=px", "NAME=px")
	gateway = node("PXPHYSICAL", "PHYSICAL-PROXY-ID=1", "PXADDR=10.0.0.1", "TO-NAPID=mms")
	port    = node("PORT", "PORTNBR=8080")
	browser = node("APPLICATION", "APPID=w2", "TO-NAPID=web")
	mmsc    = node("APPLICATION", "APPID=w4", "TO-NAPID=mms", "ADDR=http://mmsc/")
	dm      = node("APPLICATION", "APPID=w7", "PROVIDER-ID=simota", "NAME=DM", "ADDR=https://dm/")
	vendor  = node("VENDORCONFIG", "NAME=x")

	webAPN  = APN{Name: "web", Address: "web.example", Internet: true}
	mmsAPN  = APN{Name: "web", Address: "mms.example", MMS: true, MMSC: "http://mmsc/"}
	nothing = Settings{}
)

func apns(a ...APN) Settings { return Settings{APNs: a} }

type nodes = []cp.Characteristic

// documents are what is known of clients, one rule a row. Every client also has the row of the document that is good
// for all.
var documents = []struct {
	client Client
	rule   string
	doc    nodes
	want   Outcome
	got    Settings
}{
	{Strict, "NAPDEF without NAPID", nodes{without(web, "NAPID")}, CPUnusable, nothing},
	{Strict, "NAPDEF without NAME", nodes{without(web, "NAME")}, CPUnusable, nothing},
	{Strict, "NAPDEF without NAP-ADDRESS", nodes{without(web, "NAP-ADDRESS")}, CPUnusable, nothing},
	{Strict, "NAPDEF without BEARER", nodes{without(web, "BEARER")}, CPUnusable, nothing},
	{Strict, "first BEARER of no use", nodes{with(web, "BEARER=GSM-USSD")}, CPUnusable, nothing},
	{Strict, "second BEARER does not count", nodes{{Type: "NAPDEF", Parms: slices.Concat(node("", "BEARER=GSM-USSD").Parms, web.Parms)}}, CPUnusable, nothing},
	{Strict, "CSD is a bearer", nodes{with(web, "BEARER=GSM-CSD")}, CPApplied, apns(webAPN)},
	{Strict, "no NAP-ADDRTYPE is E164", nodes{without(web, "NAP-ADDRTYPE")}, CPApplied, nothing},
	{Strict, "message centre alone", nodes{centre}, CPUnusable, nothing},
	{Strict, "one NAPID twice", nodes{web, with(web, "NAP-ADDRESS=other.example")}, CPApplied, apns(webAPN)},
	{Strict, "credentials", nodes{in(web, login)}, CPApplied, apns(APN{Name: "web", Address: "web.example", Internet: true, Auth: "pap", User: "me", Secret: "pw"})},
	{Strict, "credentials of another type", nodes{in(web, with(login, "AUTHTYPE=MD5"))}, CPApplied, apns(webAPN)},
	{Strict, "credentials of one type twice", nodes{in(web, login, with(login, "AUTHNAME=you"))}, CPApplied, apns(APN{Name: "web", Address: "web.example", Internet: true, Auth: "pap", User: "me", Secret: "pw"})},
	{Strict, "VENDORCONFIG", nodes{vendor, web}, CPApplied, apns(webAPN)},
	{Strict, "application it does not know", nodes{node("APPLICATION", "APPID=ap0005", "TO-NAPID=mms", "ADDR=http://mmsc/")}, CPUnusable, nothing},
	{Strict, "device management", nodes{dm}, CPApplied, Settings{Accounts: []Account{{"w7", "simota", "DM", "https://dm/"}}}},
	{Strict, "two BOOTSTRAPs with PROVURL", nodes{node("BOOTSTRAP", "PROVURL=http://a/"), node("BOOTSTRAP", "PROVURL=http://b/")}, CPApplied, nothing},
	{Strict, "a BOOTSTRAP with PROVURL", nodes{node("BOOTSTRAP", "PROVURL=http://a/"), node("BOOTSTRAP", "NAME=b")}, CPApplied, nothing},
	{Strict, "a BOOTSTRAP without COUNTRY", nodes{node("BOOTSTRAP", "NETWORK=01")}, CPUnusable, nothing},
	{Strict, "VENDORCONFIG alone", nodes{vendor}, CPApplied, nothing},
	{Strict, "VENDORCONFIG without NAME", nodes{without(vendor, "NAME")}, CPUnusable, nothing},
	{Strict, "a name without text is a name", nodes{with(web, "NAME=")}, CPApplied, apns(APN{Address: "web.example", Internet: true})},
	{Strict, "one PROVIDER-ID twice", nodes{dm, with(dm, "NAME=other")}, CPApplied, Settings{Accounts: []Account{{"w7", "simota", "DM", "https://dm/"}}}},
	{Strict, "MMS twice", nodes{media, mmsc, with(mmsc, "ADDR=http://other/")}, CPApplied, apns(mmsAPN)},
	{Strict, "device management without PROVIDER-ID", nodes{without(dm, "PROVIDER-ID")}, CPUnusable, nothing},
	{Strict, "device management without ADDR", nodes{without(dm, "ADDR")}, CPUnusable, nothing},
	{Strict, "mail without a PORT", nodes{with(dm, "APPID=110")}, CPUnusable, nothing},
	{Strict, "SMTP without FROM", nodes{in(with(dm, "APPID=25"), in(node("APPADDR"), port))}, CPUnusable, nothing},
	{Strict, "data synchronisation without AACCEPT", nodes{in(with(dm, "APPID=w5"), node("RESOURCE", "URI=./c"))}, CPUnusable, nothing},
	{Strict, "a proxy that leads nowhere", nodes{in(logical, gateway)}, CPUnusable, nothing},
	{Strict, "PXLOGICAL without NAME", nodes{in(without(logical, "NAME"), gateway)}, CPUnusable, nothing},
	{Strict, "PXLOGICAL without PROXY-ID", nodes{in(without(logical, "PROXY-ID"), gateway)}, CPUnusable, nothing},
	{Strict, "PXPHYSICAL without PXADDR", nodes{in(logical, without(gateway, "PXADDR"))}, CPUnusable, nothing},
	{Strict, "PXPHYSICAL without PHYSICAL-PROXY-ID", nodes{in(logical, without(gateway, "PHYSICAL-PROXY-ID"))}, CPUnusable, nothing},
	{Strict, "PXPHYSICAL without TO-NAPID", nodes{in(logical, without(gateway, "TO-NAPID"))}, CPUnusable, nothing},
	{
		Strict, "MMS by a proxy", nodes{media, in(logical, in(gateway, port)), with(without(mmsc, "TO-NAPID"), "TO-PROXY=px")}, CPApplied,
		Settings{APNs: []APN{{Name: "web", Address: "mms.example", MMS: true, MMSC: "http://mmsc/", Proxy: "10.0.0.1:8080"}}, Proxies: []Proxy{{"px", "10.0.0.1:8080"}}},
	},
	{
		Strict, "bookmarks", nodes{in(browser, node("RESOURCE", "URI=sms:7000", "NAME=top-up"), node("RESOURCE", "URI=tel:*100%23", "NAME=balance"))}, CPApplied,
		Settings{SMSCodes: []Code{{Name: "top-up", Number: "7000"}}, VoiceCodes: []Code{{Name: "balance", Number: "*100#"}}},
	},

	{Sailfish, "internet by the browser", nodes{without(web, "INTERNET"), browser}, CPApplied, apns(webAPN)},
	{Sailfish, "internet by the parm before the browser", nodes{with(web, "NAPID=other", "NAP-ADDRESS=other.example"), web, browser}, CPApplied, apns(APN{Name: "web", Address: "other.example", Internet: true})},
	{Sailfish, "neither parm nor browser", nodes{without(web, "INTERNET")}, CPUnusable, nothing},
	{Sailfish, "MMS by w4", nodes{media, mmsc}, CPApplied, apns(mmsAPN)},
	{Sailfish, "MMS by ap0005", nodes{media, with(mmsc, "APPID=ap0005")}, CPApplied, apns(mmsAPN)},
	{Sailfish, "one access point for both", nodes{web, with(mmsc, "TO-NAPID=web")}, CPApplied, apns(webAPN, APN{Name: "web", Address: "web.example", MMS: true, MMSC: "http://mmsc/"})},
	{Sailfish, "no NAP-ADDRTYPE", nodes{without(web, "NAP-ADDRTYPE")}, CPUnusable, nothing},
	{Sailfish, "nested parm of the same name", nodes{in(web, node("VALIDITY", "NAME=inner"))}, CPApplied, apns(APN{Name: "inner", Address: "web.example", Internet: true})},
	{Sailfish, "second credentials", nodes{in(web, login, with(login, "AUTHTYPE=CHAP", "AUTHNAME=you"))}, CPApplied, apns(APN{Name: "web", Address: "web.example", Internet: true, Auth: "chap", User: "you", Secret: "pw"})},
	{Sailfish, "second proxy address", nodes{media, in(logical, gateway, with(gateway, "PXADDR=10.0.0.2")), with(without(mmsc, "TO-NAPID"), "TO-PROXY=px")}, CPApplied, apns(APN{Name: "web", Address: "mms.example", MMS: true, MMSC: "http://mmsc/", Proxy: "10.0.0.2"})},

	{Gecko, "VENDORCONFIG as a word", nodes{vendor, web}, CPApplied, apns(webAPN)},

	{Windows, "another bearer", nodes{with(web, "BEARER=GSM-USSD")}, CPUnusable, nothing},
	{Windows, "message centre", nodes{centre, web}, CPApplied, apns(webAPN)},
	{Windows, "NAPID of 16", nodes{with(web, "NAPID=1234567890123456")}, CPApplied, apns(webAPN)},
	{Windows, "NAPID of 17", nodes{with(web, "NAPID=12345678901234567")}, CPUnusable, nothing},

	{MediaTek, "NAPID of 17", nodes{with(web, "NAPID=12345678901234567")}, CPUnusable, nothing},
	{MediaTek, "APPID of 17", nodes{with(dm, "APPID=12345678901234567")}, CPUnusable, nothing},
	{MediaTek, "APPID of 16", nodes{with(dm, "APPID=1234567890123456")}, CPApplied, Settings{Accounts: []Account{{"1234567890123456", "simota", "DM", "https://dm/"}}}},
	{MediaTek, "PROXY-ID of 32", nodes{web, in(with(logical, "PROXY-ID="+strings.Repeat("p", 32)), gateway)}, CPApplied, Settings{APNs: []APN{webAPN}, Proxies: []Proxy{{strings.Repeat("p", 32), "10.0.0.1"}}}},
	{MediaTek, "PROXY-ID of 33", nodes{web, in(with(logical, "PROXY-ID="+strings.Repeat("p", 33)), gateway)}, CPApplied, apns(webAPN)},
	{MediaTek, "proxy name of 32", nodes{web, in(with(logical, "NAME="+strings.Repeat("n", 32)), gateway)}, CPApplied, apns(webAPN)},
	{MediaTek, "PXADDR of 41", nodes{web, in(logical, with(gateway, "PXADDR="+strings.Repeat("a", 41)))}, CPApplied, apns(webAPN)},
	{MediaTek, "proxy user of 17", nodes{web, in(logical, gateway, node("PXAUTHINFO", "PXAUTH-ID="+strings.Repeat("u", 17)))}, CPApplied, apns(webAPN)},
	{MediaTek, "proxy password of 17", nodes{web, in(logical, gateway, node("PXAUTHINFO", "PXAUTH-PW="+strings.Repeat("w", 17)))}, CPApplied, apns(webAPN)},

	{Samsung, "several access points", nodes{web, with(web, "NAPID=2", "NAME=2")}, CPApplied, apns(webAPN, APN{Name: "2", Address: "web.example", Internet: true})},
	{Samsung, "device management", nodes{web, dm}, CPApplied, apns(webAPN)},
	{Samsung, "MMS by ap0005", nodes{media, with(mmsc, "APPID=ap0005")}, CPApplied, Settings{APNs: []APN{{Name: "web", Address: "mms.example"}}, Accounts: []Account{{AppID: "ap0005", Address: "http://mmsc/"}}}},

	{Lenient, "NAPDEF of an address alone", nodes{node("NAPDEF", "NAP-ADDRESS=web.example", "INTERNET")}, CPApplied, apns(APN{Address: "web.example", Internet: true})},
	{Lenient, "credentials of another type", nodes{in(web, with(login, "AUTHTYPE=MD5"))}, CPApplied, apns(APN{Name: "web", Address: "web.example", Internet: true, Auth: "md5", User: "me", Secret: "pw"})},
	{Lenient, "message centre", nodes{centre}, CPApplied, Settings{SMSC: "+5511900000001"}},

	{Careful, "message centre", nodes{centre}, CPApplied, Settings{SMSC: "+5511900000001"}},
	{Careful, "no NAP-ADDRTYPE", nodes{without(web, "NAP-ADDRTYPE")}, CPUnusable, nothing},
	{Careful, "DNS and address family", nodes{{Type: "NAPDEF", Parms: slices.Concat(web.Parms, node("", "DNS-ADDR=9.9.9.9", "DNS-ADDR=9.9.9.10", "LOCAL-ADDRTYPE=IPV6").Parms)}}, CPApplied, apns(APN{Name: "web", Address: "web.example", Internet: true, DNS: "9.9.9.9 9.9.9.10", PDP: "IPV6"})},
	{Careful, "the word INTERNET is not for what the browser uses", nodes{without(web, "INTERNET"), browser, with(mmsc, "TO-NAPID=INTERNET")}, CPApplied, apns(webAPN)},
	{Gecko, "one PROVIDER-ID twice", nodes{dm, with(dm, "NAME=other")}, CPApplied, Settings{Accounts: []Account{{"w7", "simota", "DM", "https://dm/"}, {"w7", "simota", "other", "https://dm/"}}}},
	{Careful, "the word INTERNET", nodes{media, web, with(mmsc, "TO-NAPID=INTERNET")}, CPApplied, apns(APN{Name: "web", Address: "mms.example"}, APN{Name: "web", Address: "web.example", Internet: true, MMS: true, MMSC: "http://mmsc/"})},
	{None, "anything", nodes{web}, CPIgnored, nothing},
}

func TestClientsTakeRefuseAndDropWhatRealOnesDo(t *testing.T) {
	t.Parallel()
	for _, tc := range documents {
		t.Run(string(tc.client)+"/"+tc.rule, func(t *testing.T) {
			t.Parallel()
			d := insert(t, Config{Client: tc.client, PIN: userPIN})
			body := wbxml(tc.doc...)
			r := hand(t, d, signedPush(cp.USERPIN, []byte(userPIN), body))
			if r.Outcome != tc.want {
				t.Errorf("%q, want %q", r.Outcome, tc.want)
			}
			if diff := cmp.Diff(tc.got, d.Settings()); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

// The document that the facts call safe is good for every client but none.
func TestEveryClientTakesTheSafeDocument(t *testing.T) {
	t.Parallel()
	doc := wbxml(node("BOOTSTRAP", "NAME=aurora"), in(web, login), media, browser, mmsc)
	for _, c := range Clients() {
		d := insert(t, Config{Client: c})
		r := hand(t, d, signedPush(cp.NETWPIN, key(t, cp.NETWPIN, oldIMSI), doc))
		want := []APN{{Name: "web", Address: "web.example", Internet: true, Auth: "pap", User: "me", Secret: "pw"}, mmsAPN}
		if c == None {
			want = nil
		}
		if diff := cmp.Diff(want, d.Settings().APNs); diff != "" || r.Session != (c != None) {
			t.Errorf("%s: %q, session %v (-want +got):\n%s", c, r.Outcome, r.Session, diff)
		}
	}
}

func TestRepeatedSettingsReplaceOldOnesInEachClientsWay(t *testing.T) {
	t.Parallel()
	other := with(web, "NAME=other")
	for _, tc := range []struct {
		client Client
		docs   []nodes
		want   []string // names
	}{
		{Careful, []nodes{{web}, {other}}, []string{"other"}},
		{Samsung, []nodes{{web}, {other}, {web}}, []string{"other", "web"}},
		{Sailfish, []nodes{{web}, {media, mmsc}, {with(other, "NAP-ADDRESS=other.example")}}, []string{"web", "other"}},
	} {
		d := insert(t, Config{Client: tc.client})
		for _, doc := range tc.docs {
			if r := hand(t, d, signedPush(cp.NETWPIN, key(t, cp.NETWPIN, oldIMSI), wbxml(doc...))); r.Outcome != CPApplied {
				t.Fatalf("%s: %q", tc.client, r.Outcome)
			}
		}
		var names []string
		for _, a := range d.Settings().APNs {
			names = append(names, a.Name)
		}
		if diff := cmp.Diff(tc.want, names); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.client, diff)
		}
	}
}

func TestSettingsThatNeedARestartAreUsedAfterIt(t *testing.T) {
	t.Parallel()
	d := insert(t, Config{APN: APN{Address: "old.example"}, NeedsRestart: true})
	r := hand(t, d, signedPush(cp.NETWPIN, key(t, cp.NETWPIN, oldIMSI), wbxml(web)))
	if r.Outcome != CPApplied || r.Session || d.Data().Address != "old.example" || !d.Pending() || len(d.Settings().APNs) != 1 {
		t.Fatalf("%q, session %v, data %q, pending %v", r.Outcome, r.Session, d.Data().Address, d.Pending())
	}
	d.Restart()
	if d.Data().Address != "web.example" || d.Pending() {
		t.Errorf("data %q, pending %v after the restart", d.Data().Address, d.Pending())
	}
}

func TestABodyKeepsItsSettingsAndTakesAnotherCard(t *testing.T) {
	t.Parallel()
	one, two := insert(t, Config{Client: Samsung}), insert(t, Config{})
	move(t, two)
	hand(t, one, signedPush(cp.NETWPIN, key(t, cp.NETWPIN, oldIMSI), wbxml(web)))
	again := one.Copy().Insert(two.Card())
	if again.IMSI() != newIMSI || again.Client() != Samsung || again.Data().Address != "web.example" || len(again.Settings().APNs) != 1 {
		t.Errorf("IMSI %s, client %s, data %q, settings %+v", again.IMSI(), again.Client(), again.Data().Address, again.Settings())
	}
	hand(t, again, signedPush(cp.NETWPIN, key(t, cp.NETWPIN, newIMSI), wbxml(with(web, "NAME=2"))))
	if len(one.Settings().APNs) != 1 {
		t.Errorf("settings %+v of the first were changed by its copy", one.Settings())
	}
}

func TestDevicesThatDoNotExistAreRefused(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"client": {Client: "nokia"}, "PIN": {PIN: "12a4"}, "text": {Text: "APN=${address}"},
	} {
		if _, err := NewBody(cfg); err == nil || strings.Contains(err.Error(), "12a4") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
