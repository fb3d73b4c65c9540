package cp

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func webAPN() APN {
	return APN{Purpose: PurposeInternet, Name: "Kestrel Internet", Address: "web.kestrel.example", Auth: "pap", User: "guest", Secret: "guest"}
}

func mmsAPN() APN {
	return APN{Purpose: PurposeMMS, Name: "Kestrel MMS", Address: "mms", MMSC: "http://mmsc.kestrel.example/mms", Proxy: "10.16.18.4:8080"}
}

// lines writes a document as one word per type and parm, to compare at a glance.
func lines(cs []Characteristic, indent string) string {
	var b strings.Builder
	for _, c := range cs {
		b.WriteString(indent + c.Type)
		for _, p := range c.Parms {
			b.WriteString(" " + p.String())
		}
		b.WriteString("\n" + lines(c.Children, indent+" "))
	}
	return b.String()
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	six := webAPN()
	six.Auth, six.User, six.Secret, six.Name, six.PDP, six.Address = "", "", "", "", "ipv6", "apn"
	direct := mmsAPN()
	direct.Proxy = ""
	named := mmsAPN()
	named.Proxy = "proxy.example:80"
	code := []Code{{"Balance", "*100#"}}
	for _, tc := range []struct {
		name string
		make func() (Document, error)
		want string
	}{
		{"internet with PAP", func() (Document, error) { return Internet("Kestrel", webAPN()) }, `
BOOTSTRAP NAME="Kestrel"
NAPDEF NAPID="Kestrel-web" BEARER="GSM-GPRS" NAME="Kestrel Internet" NAP-ADDRESS="web.kestrel.example" NAP-ADDRTYPE="APN" INTERNET
 NAPAUTHINFO AUTHTYPE="PAP" AUTHNAME="guest" AUTHSECRET="[redacted]"
APPLICATION APPID="w2" NAME="Kestrel Internet" TO-NAPID="Kestrel-web"
`},
		{"IPv6, no credentials, APN called apn", func() (Document, error) { return Internet("Kestrel", six) }, `
BOOTSTRAP NAME="Kestrel"
NAPDEF NAPID="Kestrel-web" BEARER="GSM-GPRS" NAME="Kestrel" NAP-ADDRESS="apn" NAP-ADDRTYPE="APN" INTERNET LOCAL-ADDRTYPE="IPV6"
APPLICATION APPID="w2" NAME="Kestrel" TO-NAPID="Kestrel-web"
`},
		{"MMS with proxy", func() (Document, error) { return MMS("Kestrel", mmsAPN()) }, `
BOOTSTRAP NAME="Kestrel"
NAPDEF NAPID="Kestrel-mms" BEARER="GSM-GPRS" NAME="Kestrel MMS" NAP-ADDRESS="mms" NAP-ADDRTYPE="APN"
PXLOGICAL PROXY-ID="Kestrel-mms" NAME="Kestrel MMS"
 PXPHYSICAL PHYSICAL-PROXY-ID="Kestrel-mms" PXADDR="10.16.18.4" PXADDRTYPE="IPV4" TO-NAPID="Kestrel-mms"
  PORT PORTNBR="8080"
APPLICATION APPID="w4" NAME="Kestrel MMS" TO-PROXY="Kestrel-mms" ADDR="http://mmsc.kestrel.example/mms"
`},
		{"MMS with a proxy by name", func() (Document, error) { return MMS("Kestrel", named) }, `
BOOTSTRAP NAME="Kestrel"
NAPDEF NAPID="Kestrel-mms" BEARER="GSM-GPRS" NAME="Kestrel MMS" NAP-ADDRESS="mms" NAP-ADDRTYPE="APN"
PXLOGICAL PROXY-ID="Kestrel-mms" NAME="Kestrel MMS"
 PXPHYSICAL PHYSICAL-PROXY-ID="Kestrel-mms" PXADDR="proxy.example" PXADDRTYPE="ALPHA" TO-NAPID="Kestrel-mms"
  PORT PORTNBR="80"
APPLICATION APPID="w4" NAME="Kestrel MMS" TO-PROXY="Kestrel-mms" ADDR="http://mmsc.kestrel.example/mms"
`},
		{"MMS without proxy", func() (Document, error) { return MMS("Kestrel", direct) }, `
BOOTSTRAP NAME="Kestrel"
NAPDEF NAPID="Kestrel-mms" BEARER="GSM-GPRS" NAME="Kestrel MMS" NAP-ADDRESS="mms" NAP-ADDRTYPE="APN"
APPLICATION APPID="w4" NAME="Kestrel MMS" TO-NAPID="Kestrel-mms" ADDR="http://mmsc.kestrel.example/mms"
`},
		{"message centre", func() (Document, error) { return MessageCentre("Kestrel", "+12025550100") }, `
NAPDEF NAPID="Kestrel-smsc" BEARER="GSM-SMS" NAME="Kestrel SMS centre" NAP-ADDRESS="+12025550100" NAP-ADDRTYPE="E164"
`},
		{"short codes", func() (Document, error) { return ShortCodes("Kestrel", []Code{{"Help", "123"}}, code) }, `
APPLICATION APPID="w2" NAME="Kestrel"
 RESOURCE URI="sms:123" NAME="Help"
 RESOURCE URI="tel:*100%23" NAME="Balance"
`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := must[Document](t)(tc.make())
			if diff := cmp.Diff(tc.want, "\n"+lines(d.Children, "")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			sameTree(t, d)
		})
	}
}

func TestUsualDocumentsStaySmall(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		doc   Document
		parts int
	}{
		"internet":       {must[Document](t)(Internet("Kestrel", webAPN())), 2},
		"MMS":            {must[Document](t)(MMS("Kestrel", mmsAPN())), 3},
		"message centre": {must[Document](t)(MessageCentre("Kestrel", "+12025550100")), 2},
	} {
		body := must[[]byte](t)(tc.doc.AppendWBXML(nil))
		push := must[[]byte](t)(Push(body, USERPIN, []byte("1234")))
		if parts := must[[][]byte](t)(Split(push, 1)); len(parts) > tc.parts {
			t.Errorf("%s: %d octets in %d parts, want at most %d", name, len(body), len(parts), tc.parts)
		}
	}
}

func TestIdentifiersFitAndDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, operator := range []string{"Kestrel", "ABCDEFGHIJKLMNOPQ North", "ABCDEFGHIJKLMNOPQ South", "عربي", "移动", "AT&T", "Größe", "Elevenchars"} {
		for _, suffix := range []string{"web", "mms", "smsc"} {
			id := identifier(operator, suffix)
			if err := checkID("NAPID", id); err != nil {
				t.Error(err)
			}
			if other, taken := seen[id]; taken {
				t.Errorf("%s and %s are both %s", operator, other, id)
			}
			seen[id] = operator
		}
	}
}

func TestSettingsRefuse(t *testing.T) {
	t.Parallel()
	web := func(change func(*APN)) func() (Document, error) {
		return func() (Document, error) { a := webAPN(); change(&a); return Internet("Kestrel", a) }
	}
	mms := func(change func(*APN)) func() (Document, error) {
		return func() (Document, error) { a := mmsAPN(); change(&a); return MMS("Kestrel", a) }
	}
	for name, make := range map[string]func() (Document, error){
		"no operator":               func() (Document, error) { return Internet("", webAPN()) },
		"wrong purpose":             web(func(a *APN) { a.Purpose = PurposeMMS }),
		"MMSC on internet":          web(func(a *APN) { a.MMSC = "http://x" }),
		"no APN":                    web(func(a *APN) { a.Address = "" }),
		"empty label":               web(func(a *APN) { a.Address = "a..b" }),
		"label of 64":               web(func(a *APN) { a.Address = strings.Repeat("a", 64) }),
		"APN of 101":                web(func(a *APN) { a.Address = strings.Repeat("a.", 50) + "a" }),
		"blank in APN":              web(func(a *APN) { a.Address = "a b" }),
		"auth of both":              web(func(a *APN) { a.Auth = "pap or chap" }),
		"auth without user":         web(func(a *APN) { a.User = "" }),
		"user without auth":         web(func(a *APN) { a.Auth = "" }),
		"PDP type":                  web(func(a *APN) { a.PDP = "ppp" }),
		"control character in name": web(func(a *APN) { a.Name = "a\tb" }),
		"NUL in secret":             web(func(a *APN) { a.Secret = "a\x00" }),
		"no MMSC":                   mms(func(a *APN) { a.MMSC = "" }),
		"MMSC without scheme":       mms(func(a *APN) { a.MMSC = "mmsc.example/mms" }),
		"MMSC without host":         mms(func(a *APN) { a.MMSC = "http:///mms" }),
		"proxy without port":        mms(func(a *APN) { a.Proxy = "10.0.0.1" }),
		"proxy without host":        mms(func(a *APN) { a.Proxy = ":80" }),
		"proxy port 0":              mms(func(a *APN) { a.Proxy = "10.0.0.1:0" }),
		"proxy port 65536":          mms(func(a *APN) { a.Proxy = "10.0.0.1:65536" }),
		"SMSC without +":            func() (Document, error) { return MessageCentre("Kestrel", "12025550100") },
		"SMSC of 16 digits":         func() (Document, error) { return MessageCentre("Kestrel", "+1234567890123456") },
		"SMSC with a letter":        func() (Document, error) { return MessageCentre("Kestrel", "+1202555O100") },
		"SMSC without operator":     func() (Document, error) { return MessageCentre("", "+12025550100") },
		"no codes":                  func() (Document, error) { return ShortCodes("Kestrel", nil, nil) },
		"codes without operator":    func() (Document, error) { return ShortCodes("", []Code{{"Help", "123"}}, nil) },
		"code without name":         func() (Document, error) { return ShortCodes("Kestrel", []Code{{"", "123"}}, nil) },
		"code of one digit":         func() (Document, error) { return ShortCodes("Kestrel", nil, []Code{{"Help", "1"}}) },
		"code with a blank":         func() (Document, error) { return ShortCodes("Kestrel", nil, []Code{{"Help", "1 2"}}) },
	} {
		if d, err := make(); err == nil || len(d.Children) > 0 {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestClientReadsWhatIsSent(t *testing.T) {
	t.Parallel()
	web := AppliedAPN{Name: "Kestrel Internet", Address: "web.kestrel.example", Auth: "pap", User: "guest", Secret: "guest", Internet: true}
	mms := AppliedAPN{Name: "Kestrel MMS", Address: "mms", MMS: true, MMSC: "http://mmsc.kestrel.example/mms", Proxy: "10.16.18.4:8080"}
	codes := []Code{{"Balance", "*100#"}}
	for name, tc := range map[string]struct {
		doc  Document
		want Settings
	}{
		"internet":       {must[Document](t)(Internet("Kestrel", webAPN())), Settings{APNs: []AppliedAPN{web}}},
		"MMS":            {must[Document](t)(MMS("Kestrel", mmsAPN())), Settings{APNs: []AppliedAPN{mms}}},
		"message centre": {must[Document](t)(MessageCentre("Kestrel", "+12025550100")), Settings{SMSC: "+12025550100"}},
		"short codes":    {must[Document](t)(ShortCodes("Kestrel", codes, codes)), Settings{SMSCodes: codes, VoiceCodes: codes}},
	} {
		got, err := Read(tc.doc)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
		if string(first(got.APNs).Secret) != string(first(tc.want.APNs).Secret) {
			t.Errorf("%s: secret differs", name)
		}
	}
}

func first(as []AppliedAPN) AppliedAPN {
	if len(as) == 0 {
		return AppliedAPN{}
	}
	return as[0]
}

func TestClientReadsTheEverydayVector(t *testing.T) {
	t.Parallel()
	got := must[Settings](t)(Read(must[Document](t)(ParseXML([]byte(vectors(t)[1].XML)))))
	want := Settings{APNs: []AppliedAPN{
		{Name: "Kestrel Web", Address: "web", Auth: "pap", User: "web", Secret: "web", Internet: true},
		{Name: "Kestrel MMS", Address: "mms", Auth: "pap", User: "mms", Secret: "mms", MMS: true, MMSC: "http://mmsc.kestrel.example/mms", Proxy: "10.16.18.4:8080"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestClientDropsWhatIsIncomplete(t *testing.T) {
	t.Parallel()
	full := func() []Parm {
		return []Parm{set("NAPID", "N"), set("NAME", "n"), set("BEARER", "GSM-GPRS"), set("NAP-ADDRESS", "a"), set("NAP-ADDRTYPE", "APN")}
	}
	without := func(name string) Document {
		var ps []Parm
		for _, p := range full() {
			if p.Name != name {
				ps = append(ps, p)
			}
		}
		return napWith(ps...)
	}
	for _, name := range []string{"NAPID", "NAME", "BEARER", "NAP-ADDRESS", "NAP-ADDRTYPE"} {
		if s, err := Read(without(name)); !errors.Is(err, ErrNothingUsable) {
			t.Errorf("without %s: %+v %v", name, s, err)
		}
	}
	wrongFirst := append([]Parm{set("BEARER", "ANSI-136-GPRS")}, full()...)
	if _, err := Read(napWith(wrongFirst...)); !errors.Is(err, ErrNothingUsable) {
		t.Errorf("first BEARER unknown: %v", err)
	}
	auth := func(kind string) Characteristic {
		return Characteristic{Type: "NAPAUTHINFO", Parms: []Parm{set("AUTHTYPE", kind), set("AUTHNAME", kind)}}
	}
	d := doc(
		Characteristic{Type: "NAPDEF", Parms: full(), Children: []Characteristic{auth("MD5"), auth("CHAP"), auth("PAP")}},
		Characteristic{Type: "NAPDEF", Parms: append(full(), Parm{Name: "INTERNET"})},
		Characteristic{Type: "PXLOGICAL", Parms: []Parm{set("PROXY-ID", "P"), set("NAME", "p")}},
		Characteristic{Type: "APPLICATION", Parms: []Parm{set("APPID", "w4"), set("TO-PROXY", "P"), set("ADDR", "http://m")}},
		Characteristic{Type: "APPLICATION", Parms: []Parm{set("APPID", "w7"), set("TO-NAPID", "N")}},
	)
	got := must[Settings](t)(Read(d))
	if diff := cmp.Diff(Settings{APNs: []AppliedAPN{{Name: "n", Address: "a", Auth: "chap", User: "CHAP"}}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestClientFollowsTheWordInternet(t *testing.T) {
	t.Parallel()
	nap := Characteristic{Type: "NAPDEF", Parms: []Parm{
		set("NAPID", "N"), set("NAME", "n"), set("BEARER", "GSM-GPRS"), set("NAP-ADDRESS", "a"), set("NAP-ADDRTYPE", "APN"), {Name: "INTERNET"},
	}}
	app := Characteristic{
		Type:     "APPLICATION",
		Parms:    []Parm{set("APPID", "ap0005"), set("TO-NAPID", "INTERNET")},
		Children: []Characteristic{{Type: "APPADDR", Parms: []Parm{set("ADDR", "http://m")}}},
	}
	got := must[Settings](t)(Read(doc(app, nap))) // a user may stand before what it uses
	want := AppliedAPN{Name: "n", Address: "a", Internet: true, MMS: true, MMSC: "http://m"}
	if diff := cmp.Diff([]AppliedAPN{want}, got.APNs); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
