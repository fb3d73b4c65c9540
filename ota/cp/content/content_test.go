package content

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simota/simota/ota/cp"
)

// canonical brings what has no order into one. TO-PROXY and TO-NAPID of one
// APPLICATION, equal names and all of ACCESS keep theirs.
func canonical(cs []cp.Characteristic) []cp.Characteristic {
	cs = slices.Clone(cs)
	for i := range cs {
		cs[i].Children = canonical(cs[i].Children)
		if cs[i].Type == "ACCESS" {
			continue
		}
		ps := slices.Clone(cs[i].Parms)
		slices.SortStableFunc(ps, func(a, b cp.Parm) int { return strings.Compare(order(cs[i].Type, a), order(cs[i].Type, b)) })
		cs[i].Parms = ps
	}
	slices.SortStableFunc(cs, func(a, b cp.Characteristic) int { return strings.Compare(a.Type, b.Type) })
	return cs
}

func order(in string, p cp.Parm) string {
	if in == "APPLICATION" && p.Name == "TO-PROXY" {
		return "TO-NAPID"
	}
	return p.Name
}

func same(t testing.TB, want cp.Document) Content {
	t.Helper()
	c, err := Parse(want)
	if err != nil {
		t.Fatal(err)
	}
	got := c.Document()
	if got.Version != want.Version {
		t.Errorf("version %q, want %q", got.Version, want.Version)
	}
	if diff := cmp.Diff(canonical(want.Children), canonical(got.Children)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	return c
}

func TestEveryVectorSurvivesTheModel(t *testing.T) {
	t.Parallel()
	for id, d := range vectors(t) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			if c := same(t, d); len(c.Own) > 0 || strings.Contains(fmt.Sprintf("%+v", c), "Other:[{") {
				t.Errorf("the model does not know all of %+v", c)
			}
		})
	}
}

func TestModelHoldsWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	docs := vectors(t)
	c, err := Parse(docs["04-internet-mms-dual-napdef"])
	if err != nil {
		t.Fatal(err)
	}
	want := Content{
		Version: "1.1",
		NAPDefs: []NAPDef{
			{
				NAPID: "NI", Bearers: []string{"GSM-GPRS"}, Name: "Kestrel Web", Address: "web", AddrType: "APN", Internet: true,
				Auth: []NAPAuthInfo{{Type: "PAP", Name: "web", Secret: "web"}},
			},
			{
				NAPID: "NM", Bearers: []string{"GSM-GPRS"}, Name: "Kestrel MMS", Address: "mms", AddrType: "APN",
				Auth: []NAPAuthInfo{{Type: "PAP", Name: "mms", Secret: "mms"}},
			},
		},
		Proxies: []PXLogical{{ProxyID: "PXM", Name: "Kestrel MMS", Physical: []PXPhysical{{
			ProxyID: "P-PXM", Address: "10.16.18.4", AddrType: "IPV4", NAPIDs: []string{"NM"}, Ports: []Port{{Number: 8080}},
		}}}},
		Applications: []Application{
			{AppID: AppBrowser, Name: "Kestrel Web", To: []Route{{ID: "NI"}}},
			{AppID: AppMMS, Name: "Kestrel MMS", To: []Route{{Proxy: true, ID: "PXM"}}, Addrs: []string{"http://mmsc.kestrel.example/mms"}},
		},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c, err = Parse(docs["14-dm-w7"])
	if err != nil {
		t.Fatal(err)
	}
	dm := c.Applications[0]
	if !dm.Init || dm.Addresses[0].Ports[0].Number != 443 || dm.Auth[1].Level != "CLIENT" || dm.Auth[1].Secret != "clipw" || dm.Auth[0].Data != "c2VydmVybm9uY2U=" {
		t.Errorf("%+v", dm)
	}
}

func TestAccessPointsAreWrittenBeforeTheirUsers(t *testing.T) {
	t.Parallel()
	c, err := Parse(doc(app("w2", "TO-NAPID=N1"), px(), nap(), ch("X-OWN", "A=1"), ch("BOOTSTRAP", "NAME=Kestrel")))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range c.Document().Children {
		got = append(got, k.Type)
	}
	if diff := cmp.Diff([]string{"BOOTSTRAP", "NAPDEF", "PXLOGICAL", "APPLICATION", "X-OWN"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhatNoFieldCanHoldIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]cp.Characteristic{
		"unknown parm":           nap("X-MTU=1400"),
		"second name":            nap("NAME=Second"),
		"empty, then not":        ch("NAPDEF", "NAME=", "NAME=Web"),
		"flag with a value":      ch("NAPDEF", "INTERNET=1", "INTERNET"),
		"flag twice":             nap("INTERNET"),
		"value missing":          ch("NAPDEF", "NAME", "NAME=Web", "BEARER", "BEARER=GSM-GPRS"),
		"port that is no number": px(ch("PORT", "PORTNBR=http")),
		"port with zeros":        px(ch("PORT", "PORTNBR=080", "PORTNBR=80")),
		"port 0":                 px(ch("PORT", "PORTNBR=0")),
		"port too large":         px(ch("PORT", "PORTNBR=65536")),
		"routes in their order":  app("w2", "TO-PROXY=P1", "TO-NAPID=N1", "TO-PROXY=P2", "TO-NAPID", "TO-NAPID=N2"),
		"own characteristic":     nap(ch("BEARERINFO", "A=1", ch("DEEP", "B=2"))),
		"misplaced":              ch("NAPAUTHINFO", "AUTHTYPE=PAP", "AUTHSECRET=hidden"),
		"access":                 ch("ACCESS", "RULE=1", "APPID=w2", "RULE", "PORTNBR=80", "TO-PROXY=P1", "TO-NAPID=N1"),
		"vendor":                 ch("VENDORCONFIG", "NAME=Maker", "A=1", ch("B", "C=2")),
		"mobile ip and qos":      nap("T-BIT", "SPI=1", "MAX-NUM-RETRY=3", "TRAFFIC-CLASS=02"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same(t, doc(c))
		})
	}
}

func TestDocumentWithoutCharacteristicIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := Parse(cp.Document{}); !errors.Is(err, cp.ErrMalformed) {
		t.Errorf("%v", err)
	}
}

func TestModelShowsNoPassword(t *testing.T) {
	t.Parallel()
	c := same(t, doc(
		nap(ch("NAPAUTHINFO", "AUTHTYPE=PAP", "AUTHSECRET=hidden", "AUTHSECRET=hidden")), ch("NAPAUTHINFO", "AUTHSECRET=hidden"),
		px("PROXY-PW=hidden", "BASAUTH-PW=hidden", ch("PXAUTHINFO", "PXAUTH-PW=hidden")),
		app("w7", ch("APPAUTH", "AAUTHSECRET=hidden", "AAUTHDATA=hidden"), ch("RESOURCE", "AAUTHSECRET=hidden", "AAUTHDATA=hidden")),
	))
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprintf("%v", c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), string(asJSON)} {
		if strings.Contains(shown, "hidden") {
			t.Error(shown)
		}
	}
}

// drawTree draws characteristics of known and unknown names, at right and wrong
// places, with every kind of value.
func drawTree(t *rapid.T) cp.Document {
	kinds := append(sorted(grammar), "X-OWN")
	names := []string{"X-PARM"}
	for _, s := range grammar {
		names = append(append(names, sorted(s.parms)...), sorted(s.flags)...)
	}
	slices.Sort(names)
	parmOf := rapid.Custom(func(t *rapid.T) cp.Parm {
		p := cp.Parm{Name: rapid.SampledFrom(names).Draw(t, "name")}
		if rapid.Bool().Draw(t, "valued") {
			v := rapid.OneOf(rapid.SampledFrom([]string{"", "0", "80", "080", "N1", "APN", "GSM-GPRS", "w7", "INTERNET"}), rapid.String()).Draw(t, "value")
			p.Value = &v
		}
		return p
	})
	var char func(depth int) *rapid.Generator[cp.Characteristic]
	char = func(depth int) *rapid.Generator[cp.Characteristic] {
		return rapid.Custom(func(t *rapid.T) cp.Characteristic {
			c := cp.Characteristic{Type: rapid.SampledFrom(kinds).Draw(t, "type")}
			c.Parms = rapid.SliceOfN(parmOf, 1, 8).Draw(t, "parms")
			if depth > 0 && rapid.Bool().Draw(t, "nested") {
				c.Children = rapid.SliceOfN(char(depth-1), 1, 3).Draw(t, "children")
			}
			return c
		})
	}
	return doc(rapid.SliceOfN(char(3), 1, 5).Draw(t, "root")...)
}

func TestAnyTreeSurvivesTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawTree(t)
		c, err := Parse(d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(canonical(d.Children), canonical(c.Document().Children)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

func TestModelAndGrammarKnowTheSameNames(t *testing.T) {
	t.Parallel()
	elsewhere := []string{"CM", "MS", "Ma", "PC-ADDR", "RM"} // of registrations of APPIDs
	for kind, v := range map[string]typed{
		"BOOTSTRAP": &Bootstrap{}, "CLIENTIDENTITY": &ClientIdentity{}, "VENDORCONFIG": &VendorConfig{}, "NAPDEF": &NAPDef{},
		"NAPAUTHINFO": &NAPAuthInfo{}, "VALIDITY": &Validity{}, "PXLOGICAL": &PXLogical{}, "PXAUTHINFO": &PXAuthInfo{}, "PORT": &Port{},
		"PXPHYSICAL": &PXPhysical{}, "APPLICATION": &Application{}, "APPADDR": &AppAddr{}, "APPAUTH": &AppAuth{}, "RESOURCE": &Resource{},
	} {
		var got, kids []string
		for _, b := range v.parms() {
			for _, name := range []string{b.name, b.or} {
				if name != "" && !slices.Contains(elsewhere, name) {
					got = append(got, name)
				}
			}
		}
		for _, c := range v.children() {
			kids = append(kids, c.kind)
		}
		slices.Sort(got)
		slices.Sort(kids)
		want := append(sorted(grammar[kind].parms), sorted(grammar[kind].flags)...)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-grammar +model)\n%s", kind, diff)
		}
		if !slices.Equal(sorted(grammar[kind].kids), kids) {
			t.Errorf("%s holds %v, grammar has %v", kind, kids, sorted(grammar[kind].kids))
		}
	}
}
