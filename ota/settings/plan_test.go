package settings

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/sat/rfm"
)

func kestrel() catalog.Operator {
	return catalog.Operator{
		Name: "Kestrel", SMSC: "+12025550100", SMSCURI: "sip:smsc@kestrel.example",
		APNs: []catalog.APN{
			{Purpose: "mms", Name: "mms", MMSC: "http://mmsc.kestrel.example/mms", Proxy: "10.16.18.4:8080"},
			{Purpose: "internet", Name: "web.kestrel.example", Auth: "pap", User: "guest", Secret: "guest", PDP: "ipv6", DNS: []string{"10.0.0.53", "fd00::53"}},
			{Purpose: "other-tele", Name: "m2m"},
		},
		ShortCodes: catalog.ShortCodes{
			SMS:   []catalog.ShortCode{{Name: "top-up", Number: "7000"}},
			Voice: []catalog.ShortCode{{Name: "voicemail", Number: "*100", Meaning: "voicemail"}, {Name: "help", Number: "611"}, {Name: "SOS", Number: "112", Meaning: "emergency"}},
		},
		DM: &catalog.DMServer{ID: "dm1", Address: "https://dm.kestrel.example/", User: "meter", Secret: "meter", ServerSecret: "server", Nonce: "bm9uY2U="},
	}
}

// lines writes a document as one word per type and parm, to compare at a glance.
func lines(cs []cp.Characteristic, indent string) string {
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

func client(t *testing.T, name string) catalog.Capability {
	t.Helper()
	c, ok := Known(name)
	if !ok {
		t.Fatalf("client %s is not shipped", name)
	}
	return c.Capability
}

func plan(t *testing.T, op catalog.Operator, c catalog.Capability) Plan {
	t.Helper()
	p, err := Make(op, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func names(p Plan) (out []string) {
	for _, m := range p.Messages {
		mark := ""
		if m.Gating {
			mark = "!"
		}
		out = append(out, m.Name+mark)
	}
	return out
}

func TestTheSmallSafeDocumentGoesFirstAndTheDoubtfulOnesLast(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		Unknown:    {"internet!", "mms!", "smsc", "short codes"},
		"cpclient": {"internet!", "mms!", "dm", "short codes"},
		"samsung":  {"internet!", "mms!"},
		"gecko":    {"internet!", "mms!"},
		"mediatek": {"internet!", "mms!"},
		None:       nil,
	} {
		if diff := cmp.Diff(want, names(plan(t, kestrel(), client(t, name)))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestDocumentsOfAnOperator(t *testing.T) {
	t.Parallel()
	everything := client(t, "cpclient")
	everything.Takes = catalog.Takes()
	want := map[string]string{
		"internet": `
BOOTSTRAP NAME="Kestrel"
NAPDEF NAPID="Kestrel-web" BEARER="GSM-GPRS" NAME="Kestrel internet" NAP-ADDRESS="web.kestrel.example" NAP-ADDRTYPE="APN" INTERNET LOCAL-ADDRTYPE="IPV6" DNS-ADDR="10.0.0.53" DNS-ADDR="fd00::53"
 NAPAUTHINFO AUTHTYPE="PAP" AUTHNAME="guest" AUTHSECRET="[redacted]"
APPLICATION APPID="w2" NAME="Kestrel internet" TO-NAPID="Kestrel-web"
`,
		"mms": `
BOOTSTRAP NAME="Kestrel"
NAPDEF NAPID="Kestrel-mms" BEARER="GSM-GPRS" NAME="Kestrel mms" NAP-ADDRESS="mms" NAP-ADDRTYPE="APN"
PXLOGICAL PROXY-ID="Kestrel-mms" NAME="Kestrel mms"
 PXPHYSICAL PHYSICAL-PROXY-ID="Kestrel-mms" PXADDR="10.16.18.4" PXADDRTYPE="IPV4" TO-NAPID="Kestrel-mms"
  PORT PORTNBR="8080"
APPLICATION APPID="w4" NAME="Kestrel mms" TO-PROXY="Kestrel-mms" ADDR="http://mmsc.kestrel.example/mms"
`,
		"other-tele": `
BOOTSTRAP NAME="Kestrel"
NAPDEF NAPID="Kestrel-tele" BEARER="GSM-GPRS" NAME="Kestrel tele" NAP-ADDRESS="m2m" NAP-ADDRTYPE="APN"
`,
		"dm": `
APPLICATION APPID="w7" PROVIDER-ID="dm1" NAME="dm1" TO-NAPID="INTERNET" ADDR="https://dm.kestrel.example/"
 APPAUTH AAUTHLEVEL="APPSRV" AAUTHTYPE="DIGEST" AAUTHNAME="meter" AAUTHSECRET="[redacted]" AAUTHDATA="[redacted]"
 APPAUTH AAUTHLEVEL="CLIENT" AAUTHTYPE="DIGEST" AAUTHNAME="dm1" AAUTHSECRET="[redacted]" AAUTHDATA="[redacted]"
`,
		"smsc": `
NAPDEF NAPID="Kestrel-smsc" BEARER="GSM-SMS" NAME="Kestrel SMS centre" NAP-ADDRESS="+12025550100" NAP-ADDRTYPE="E164"
`,
		"short codes": `
APPLICATION APPID="w2" NAME="Kestrel"
 RESOURCE URI="sms:7000" NAME="top-up"
 RESOURCE URI="tel:*100" NAME="voicemail"
 RESOURCE URI="tel:611" NAME="help"
 RESOURCE URI="tel:112" NAME="SOS"
`,
	}
	got := map[string]string{}
	for _, m := range plan(t, kestrel(), everything).Messages {
		got[m.Name] = "\n" + lines(m.Document.Children, "")
		parts, err := cp.PushPlain(m.WBXML)
		if err != nil || m.Security != "netwpin" || m.PIN != "" || len(m.Why) < 2 {
			t.Errorf("%s: %+v, %v, %d octets", m.Name, m.Why, err, len(parts))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPartsAreThoseOfTheSplitPush(t *testing.T) {
	t.Parallel()
	key := []byte{1}
	for n := 1; n <= 1500; n++ {
		body := make([]byte, n)
		signed, err1 := cp.Push(body, cp.NETWPIN, key)
		bare, err2 := cp.PushPlain(body)
		a, err3 := cp.Split(signed, 1)
		b, err4 := cp.Split(bare, 1)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		if cp.Parts(n, true) != len(a) || cp.Parts(n, false) != len(b) {
			t.Fatalf("%d octets: %d and %d parts, split into %d and %d", n, cp.Parts(n, true), cp.Parts(n, false), len(a), len(b))
		}
	}
}

func TestADocumentIsCutDownToWhatTheClientHasRoomFor(t *testing.T) {
	t.Parallel()
	c := client(t, "cpclient")
	c.Takes = []string{"internet", "dns"}
	c.Security = []string{"none"}
	op := kestrel()
	op.Name, op.APNs[1].User = "Kestrel of the far north", strings.Repeat("u", 38)
	sizes := map[int]string{}
	for parts := 1; parts <= 3; parts++ {
		c.MaxParts = parts
		p := plan(t, op, c)
		for _, m := range p.Messages {
			sizes[parts] = strings.Join(m.Why[:len(m.Why)-1], "; ")
		}
		if len(p.Messages) == 0 {
			sizes[parts] = p.Left[indexOf(p.Left, "internet")].Why
		}
	}
	if !strings.Contains(sizes[1], "the client takes 1") || !strings.Contains(sizes[2], "without its DNS addresses") || strings.Contains(sizes[3], "without") {
		t.Errorf("%v", sizes)
	}
}

func indexOf(left []Left, name string) int {
	for i, l := range left {
		if l.Name == name {
			return i
		}
	}
	return 0
}

func TestWhatAClientChokesOnIsLeftOutWithTheReason(t *testing.T) {
	t.Parallel()
	c := client(t, Unknown)
	c.ChokesOn = []string{"RESOURCE", "TO-PROXY"}
	p := plan(t, kestrel(), c)
	if diff := cmp.Diff([]string{"internet!", "smsc"}, names(p)); diff != "" {
		t.Error(diff)
	}
	var text string
	for _, l := range p.Left {
		text += l.Name + ": " + l.Why + "\n"
	}
	for _, want := range []string{"mms: the client refuses a document with TO-PROXY", "short codes: the client refuses a document with RESOURCE", "other-tele: "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestSecurityIsTheFirstMethodForWhichAllIsKnown(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		methods string
		pin     string
		want    string
	}{
		{"netwpin userpin", "", "netwpin"}, {"userpin netwpin", "", "netwpin"}, {"userpin netwpin", "0042", "userpin"},
		{"usernetwpin none", "", "none"}, {"userpinmac usernetwpin", "1234567890", "usernetwpin"}, {"", "", "netwpin"},
	} {
		c := catalog.Capability{Security: strings.Fields(tc.methods), PIN: tc.pin, Takes: []string{"internet"}}
		m := plan(t, kestrel(), c).Messages[0]
		if m.Security != tc.want || (m.PIN != "") != (strings.HasPrefix(m.Security, "user")) {
			t.Errorf("%s, PIN %q: %s", tc.methods, tc.pin, m.Security)
		}
	}
	for _, c := range []catalog.Capability{{Security: []string{"userpin"}}, {Security: []string{"userpinmac"}, PIN: "123456"}} {
		if _, err := Make(kestrel(), c); !errors.Is(err, ErrNoPIN) {
			t.Errorf("%v: %v", c.Security, err)
		}
	}
}

func TestADeviceWithoutCPIsToldInItsMakersWords(t *testing.T) {
	t.Parallel()
	c := client(t, None)
	c.Texts = []catalog.Text{{Name: "apn", Text: "*SET#APN=${apn};USER=${user};PW=${secret}#"}, {Name: "dns", Text: "DNS ${dns1} ä"}}
	p := plan(t, kestrel(), c)
	var got []string
	for _, m := range p.Messages {
		got = append(got, fmt.Sprintf("%s %v %d %s", m.Name, m.Gating, m.SMS, m.Text))
	}
	if diff := cmp.Diff([]string{"apn true 1 *SET#APN=web.kestrel.example;USER=guest;PW=guest#", "dns true 1 DNS 10.0.0.53 ä"}, got); diff != "" {
		t.Error(diff)
	}
	if p := plan(t, kestrel(), client(t, None)); len(p.Left) != 1 || !strings.Contains(p.Left[0].Why, "by hand") {
		t.Errorf("without texts: %+v", p.Left)
	}
}

func TestVendorTemplatesAreFilledInAndEscaped(t *testing.T) {
	t.Parallel()
	c := client(t, Unknown)
	c.Vendor = []catalog.Text{{Name: "acme", Text: `<wap-provisioningdoc><characteristic type="VENDORCONFIG"><parm name="NAME" value="${user}"/></characteristic></wap-provisioningdoc>`}}
	op := kestrel()
	op.APNs[1].User = `a"<&b`
	p := plan(t, op, c)
	m := p.Messages[len(p.Messages)-1]
	if got := lines(m.Document.Children, ""); m.Name != "acme" || m.Gating || got != "VENDORCONFIG NAME=\"a\\\"<&b\"\n" {
		t.Errorf("%s: %s", m.Name, got)
	}
	c.Vendor[0].Text = "no document"
	if _, err := Make(op, c); err == nil || !strings.Contains(err.Error(), "acme") {
		t.Errorf("broken template: %v", err)
	}
	for _, bad := range []string{"${apm}", "${}"} {
		if err := CheckTemplate(catalog.Text{Name: "t", Text: bad}, false); err == nil {
			t.Errorf("%s passed", bad)
		}
	}
	empty := kestrel()
	empty.APNs = nil
	talker := catalog.Capability{CP: "no", Texts: []catalog.Text{{Name: "t", Text: "${apn}"}}}
	if p := plan(t, empty, talker); len(p.Messages) != 0 || len(p.Left) != 2 || p.Left[0] != (Left{"t", "the operator has nothing for ${apn}"}) {
		t.Errorf("a text without its access point: %+v", p)
	}
	maker := client(t, Unknown)
	maker.Vendor = []catalog.Text{{Name: "mms", Text: `<wap-provisioningdoc><characteristic type="X"><parm name="A" value="${mmsc}"/></characteristic></wap-provisioningdoc>`}}
	op.APNs = op.APNs[1:2]
	if p := plan(t, op, maker); p.Left[len(p.Left)-1] != (Left{"mms", "the operator has nothing for ${mmsc}"}) || names(p)[0] != "internet!" {
		t.Errorf("a document about what the operator does not have: %+v", p.Left)
	}
}

func TestClientsRestOnEachOther(t *testing.T) {
	t.Parallel()
	stored := map[string]catalog.Client{
		"acme":  {Name: "acme", BasedOn: "meter", Capability: catalog.Capability{MaxParts: 3}},
		"meter": {Name: "meter", BasedOn: "cpclient", Capability: catalog.Capability{Security: []string{"userpin"}, PIN: "1111"}},
		"gecko": {Name: "gecko", BasedOn: "gecko", Capability: catalog.Capability{MaxID: 8}},
		"a":     {Name: "a", BasedOn: "b"}, "b": {Name: "b", BasedOn: "a"},
	}
	find := func(name string) (catalog.Client, error) {
		if c, ok := stored[name]; ok {
			return c, nil
		}
		return catalog.Client{}, catalog.ErrNotFound
	}
	c, err := Resolve(catalog.Model{Client: "acme", Capability: catalog.Capability{MaxID: 12}}, find)
	if err != nil || c.MaxID != 12 || c.MaxParts != 3 || c.PIN != "1111" || c.Security[0] != "userpin" || c.CP != "yes" || len(c.ChokesOn) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := Resolve(catalog.Model{Client: "gecko"}, find); err != nil || c.MaxID != 8 || len(c.ChokesOn) != 1 {
		t.Errorf("a stored client that adds to the shipped one: %+v, %v", c, err)
	}
	if c, err := Resolve(catalog.Model{}, find); err != nil || c.Security[0] != "netwpin" {
		t.Errorf("no client: %+v, %v", c, err)
	}
	for _, bad := range []string{"a", "nobody"} {
		if _, err := Resolve(catalog.Model{Client: bad}, find); err == nil {
			t.Errorf("%s passed", bad)
		}
	}
}

func TestOperatorsAreRefusedWithTheFieldNamed(t *testing.T) {
	t.Parallel()
	web := func(f func(*catalog.APN)) func(*catalog.Operator) {
		return func(o *catalog.Operator) { f(&o.APNs[1]) }
	}
	mms := func(f func(*catalog.APN)) func(*catalog.Operator) {
		return func(o *catalog.Operator) { f(&o.APNs[0]) }
	}
	for name, spoil := range map[string]func(*catalog.Operator){
		"apns[1]: no APN":             web(func(a *catalog.APN) { a.Name = "" }),
		"apns[1]: purpose":            web(func(a *catalog.APN) { a.Purpose = "interent" }),
		"apns[1]: MMSC":               web(func(a *catalog.APN) { a.MMSC = "http://x" }),
		"apns[1]: empty label":        web(func(a *catalog.APN) { a.Name = "a..b" }),
		"apns[1]: label of 64":        web(func(a *catalog.APN) { a.Name = strings.Repeat("a", 64) }),
		"apns[1]: 101 octets":         web(func(a *catalog.APN) { a.Name = strings.Repeat("a.", 50) + "a" }),
		"apns[1]: blank":              web(func(a *catalog.APN) { a.Name = "a b" }),
		"apns[1]: both":               web(func(a *catalog.APN) { a.Auth = "pap or chap" }),
		"apns[1]: auth without user":  web(func(a *catalog.APN) { a.User = "" }),
		"apns[1]: user without auth":  web(func(a *catalog.APN) { a.Auth = "" }),
		"apns[1]: PDP":                web(func(a *catalog.APN) { a.PDP = "ppp" }),
		"apns[1]: control character":  func(o *catalog.Operator) { o.Name = "a\tb" },
		"operator: no name":           func(o *catalog.Operator) { o.Name = "" },
		"apns[1]: NUL":                web(func(a *catalog.APN) { a.Secret = "a\x00" }),
		"apns[1]: dns":                web(func(a *catalog.APN) { a.DNS = []string{"ns.example"} }),
		"apns[1]: three dns":          web(func(a *catalog.APN) { a.DNS = []string{"1.1.1.1", "1.1.1.2", "1.1.1.3"} }),
		"apns[0]: no MMSC":            mms(func(a *catalog.APN) { a.MMSC = "" }),
		"apns[0]: no scheme":          mms(func(a *catalog.APN) { a.MMSC = "mmsc.example/mms" }),
		"apns[0]: no host":            mms(func(a *catalog.APN) { a.MMSC = "http:///mms" }),
		"apns[0]: proxy without port": mms(func(a *catalog.APN) { a.Proxy = "10.0.0.1" }),
		"apns[0]: proxy without host": mms(func(a *catalog.APN) { a.Proxy = ":80" }),
		"apns[0]: port 0":             mms(func(a *catalog.APN) { a.Proxy = "10.0.0.1:0" }),
		"apns[0]: port 65536":         mms(func(a *catalog.APN) { a.Proxy = "10.0.0.1:65536" }),
		"smsc: without plus":          func(o *catalog.Operator) { o.SMSC = "12025550100" },
		"smsc: a letter":              func(o *catalog.Operator) { o.SMSC = "+1202555O100" },
		"smsc: 16 digits":             func(o *catalog.Operator) { o.SMSC = "+1234567890123456" },
		"short_codes: without name":   func(o *catalog.Operator) { o.ShortCodes.SMS[0].Name = "" },
		"short_codes: one digit":      func(o *catalog.Operator) { o.ShortCodes.SMS[0].Number = "1" },
		"short_codes: blank":          func(o *catalog.Operator) { o.ShortCodes.SMS[0].Number = "1 2" },
		"short_codes: meaning":        func(o *catalog.Operator) { o.ShortCodes.SMS[0].Meaning = "lottery" },
		"dm: no id":                   func(o *catalog.Operator) { o.DM.ID = "" },
		"dm: no URL":                  func(o *catalog.Operator) { o.DM.Address = "dm.example" },
		"dm: auth":                    func(o *catalog.Operator) { o.DM.Auth = "md5" },
	} {
		op := kestrel()
		spoil(&op)
		field, _, _ := strings.Cut(name, ":")
		for _, who := range []string{Unknown, "gecko"} { // also what this client is never told is checked
			if p, err := Make(op, client(t, who)); err == nil || !strings.Contains(err.Error(), field) {
				t.Errorf("%s, %s: %v %v", name, who, names(p), err)
			}
		}
	}
}

func TestIdentifiersFitAndDiffer(t *testing.T) {
	t.Parallel()
	for _, room := range []int{8, 16} {
		seen := map[string]string{}
		for _, operator := range []string{"Kestrel", "ABCDEFGHIJKLMNOPQ North", "ABCDEFGHIJKLMNOPQ South", "عربي", "移动", "AT&T", "Größe", "Elevenchars"} {
			for _, purpose := range []string{"internet", "mms", "smsc", "other-long"} {
				id := identifier(operator, purpose, room)
				if len(id) > room || strings.Trim(id, alphanumeric+"-") != "" {
					t.Errorf("%s %s: %q", operator, purpose, id)
				}
				if other, taken := seen[id]; taken {
					t.Errorf("%s and %s %s are both %s", other, operator, purpose, id)
				}
				seen[id] = operator + " " + purpose
			}
		}
	}
}

func TestEveryCardFileCanBeCoded(t *testing.T) {
	t.Parallel()
	files, err := CardFiles(kestrel())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		file, _, err := rfm.LookupRecord(f.Name)
		if err != nil {
			t.Fatal(err)
		}

		old := []byte(strings.Repeat("\xff", 64))
		if _, err := file.Encode(f.Content, old); err != nil {
			t.Errorf("%s %s: %v", f.Name, f.Content, err)
		}
		got = append(got, f.Name)
	}
	if diff := cmp.Diff([]string{"smsp", "telecom/psismsc", "sdn", "mbdn", "sdn#2", "ecc", "acl"}, got); diff != "" {
		t.Error(diff)
	}
	list := Expand([]string{"ad", "sdn", "ecc", "acl", "smsp", "imsi"}, files)
	if diff := cmp.Diff([]string{"ad", "sdn", "sdn#2", "ecc", "acl", "smsp", "imsi"}, list); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ad", "smsp", "imsi"}, Expand([]string{"ad", "sdn", "smsp", "imsi"}, nil)); diff != "" {
		t.Error(diff)
	}
}
