package content

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/simota/simota/ota/cp"
)

// noWorseThan fails for findings above a grade.
func noWorseThan(t *testing.T, most Effect, d cp.Document) {
	t.Helper()
	for _, f := range Check(d) {
		if f.Effect > most {
			t.Errorf("%s/%s at %q: %v: %s", f.By, f.Rule, f.Path, f.Effect, f.Text)
		}
	}
}

func TestCleanVectorsAreSafe(t *testing.T) {
	t.Parallel()
	docs := vectors(t)
	noWorseThan(t, Note, docs["02-internet-pap"])
	noWorseThan(t, Note, docs["04-internet-mms-dual-napdef"])
	noWorseThan(t, Ignored, docs["12-utf8-names"])
	for id, d := range docs {
		for _, f := range Check(d) {
			if f.By == Standard {
				t.Errorf("%s: %v", id, f)
			}
		}
	}
}

// The one document of which it was seen that a client refuses it.
func TestMessageCentreAloneIsRefusedByTheStrictestClient(t *testing.T) {
	t.Parallel()
	found := Check(vectors(t)["07-smsc-napdef"])
	if f, ok := find(found, "cpclient/nothing-left"); !ok || f.Effect != Refused {
		t.Errorf("%v", found)
	}
}

func TestFindingsHoldNoPassword(t *testing.T) {
	t.Parallel()
	found := Check(everySecret("hidden"))
	if len(found) < 20 {
		t.Fatalf("only %d findings", len(found))
	}
	if shown := fmt.Sprintf("%+v", found); strings.Contains(shown, "hidden") {
		t.Error(shown)
	}
}

// everySecret has a password wherever the standard has one, and where somebody
// may put one.
func everySecret(s string) cp.Document {
	return doc(
		nap("LOCAL-ADDR="+s, ch("NAPAUTHINFO", "AUTHTYPE="+s, "AUTHNAME=u", "AUTHSECRET="+s, "AUTHSECRET="+s), ch("NAPAUTHINFO", "AUTHTYPE="+s)),
		px("PROXY-PW="+s, "BASAUTH-PW="+s, "PPGAUTH-TYPE="+s, ch("PXAUTHINFO", "PXAUTH-TYPE="+s, "PXAUTH-ID=u", "PXAUTH-PW="+s)),
		ch("PXLOGICAL", "PROXY-ID=P2", "NAME=P2", ch("PXPHYSICAL", "PHYSICAL-PROXY-ID=M2", "PXADDR=http://u:"+s+"@h", "TO-NAPID=N1")),
		app("w7", "PROVIDER-ID=x", "X-PW="+s, ch("APPADDR", "ADDR=http://u:"+s+"@h"), ch("APPAUTH", "AAUTHLEVEL="+s, "AAUTHTYPE="+s, "AAUTHSECRET="+s, "AAUTHDATA="+s)),
		app("w5", ch("RESOURCE", "URI=./"+s, "AAUTHSECRET="+s, "AAUTHDATA="+s)),
		ch("VENDORCONFIG", "NAME=Maker", "PASSWORD="+s), ch("BOOTSTRAP", "PROVURL=http://u:"+s+"@h"),
	)
}

func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	c := nap()
	for range 50_000 {
		c.Parms = append(c.Parms, cp.Parm{Name: "X-MANY"})
	}
	deep := ch("X-DEEP")
	for range 10_000 {
		deep = ch("X-DEEP", deep)
	}
	found := Check(doc(c, deep))
	if last := found[len(found)-1]; len(found) != maxFindings+1 || last.Rule != "more" {
		t.Errorf("%d findings, the last is %v", len(found), last)
	}
}

func TestLongValuesAreCutInFindings(t *testing.T) {
	t.Parallel()
	f, _ := find(Check(doc(nap("LOCAL-ADDRTYPE="+strings.Repeat("ü", 3000)))), "standard/value")
	if len(f.Text) > 300 || !strings.Contains(f.Text, `..."`) {
		t.Errorf("%d octets: %.400s", len(f.Text), f.Text)
	}
}

func TestSizeIsThatOfTheMessagesWithMAC(t *testing.T) {
	t.Parallel()
	for id, want := range map[string][2]int{"07-smsc-napdef": {80, 1}, "02-internet-pap": {179, 2}, "12-utf8-names": {300, 3}, "04-internet-mms-dual-napdef": {382, 4}} {
		octets, messages, err := Size(vectors(t)[id])
		if err != nil || octets != want[0] || messages != want[1] {
			t.Errorf("%s: %d octets, %d messages, %v", id, octets, messages, err)
		}
	}
}

func TestAnyTreeIsChecked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawTree(t)
		for _, f := range Check(d) {
			if f.By == "" || f.Rule == "" || f.Text == "" {
				t.Fatalf("%+v", f)
			}
		}
	})
}

// FuzzParseAndCheck holds both to what they promise for any document that can
// be read.
func FuzzParseAndCheck(f *testing.F) {
	for _, d := range vectors(f) {
		f.Add([]byte(d.XML()))
	}
	for _, c := range append(standardCases(), cpclientCases()...) {
		f.Add([]byte(c.fires.XML()))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := cp.ParseXML(text)
		if err != nil {
			return
		}
		same(t, d)
		if found := Check(d); len(found) > maxFindings+1 {
			t.Errorf("%d findings", len(found))
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	d := vectors(b)["04-internet-mms-dual-napdef"]
	b.ReportAllocs()
	for b.Loop() {
		if len(Check(d)) == 0 {
			b.Fatal("no finding")
		}
	}
}
