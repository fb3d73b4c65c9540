package codec_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/cp/content"
)

const (
	goodNAP    = `<characteristic type="NAPDEF"><parm name="NAPID" value="N1"/><parm name="BEARER" value="GSM-GPRS"/><parm name="NAME" value="Web"/><parm name="NAP-ADDRESS" value="web"/><parm name="NAP-ADDRTYPE" value="APN"/><parm name="INTERNET"/></characteristic>`
	vendor     = `<characteristic type="VENDORCONFIG"><parm name="NAME" value="Maker"/><parm name="PASSWORD" value="hidden"/></characteristic>`
	noName     = `<characteristic type="NAPDEF"><parm name="NAPID" value="N1"/><parm name="BEARER" value="GSM-GPRS"/><parm name="NAP-ADDRESS" value="web"/><parm name="NAP-ADDRTYPE" value="APN"/><parm name="INTERNET"/></characteristic>`
	badAuth    = `<characteristic type="NAPDEF"><parm name="NAPID" value="N1"/><parm name="NAME" value="x"/><parm name="NAP-ADDRESS" value="web"/><characteristic type="NAPAUTHINFO"><parm name="AUTHTYPE" value="hidden"/><parm name="AUTHSECRET" value="hidden"/></characteristic></characteristic>`
	shortCodes = `<characteristic type="APPLICATION"><parm name="APPID" value="ap0002"/></characteristic>`
)

func provisioning(characteristics ...string) string {
	return `<?xml version="1.0"?><wap-provisioningdoc version="1.1">` + strings.Join(characteristics, "") + `</wap-provisioningdoc>`
}

func body(t *testing.T, xml string) []byte {
	t.Helper()
	d, err := cp.ParseXML([]byte(xml))
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.AppendWBXML(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDocumentIsCheckedInEveryForm(t *testing.T) {
	t.Parallel()
	xml := provisioning(goodNAP)
	wbxml := body(t, xml)
	push, err := cp.Push(wbxml, cp.NETWPIN, []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	want := "document: 56 octets of WBXML, 1 short message with a MAC\n\nthe standard and sending: nothing found\n\nknown clients: nothing found\n"
	for name, in := range map[string]string{
		"XML": xml, "XML with a mark": "\ufeff\n" + xml, "WBXML": string(wbxml), "push": string(push), "hex": hex.EncodeToString(wbxml) + "\n",
		"push in hex": "01 06 " + hex.EncodeToString(push[2:]),
	} {
		out, stderr, exit := simota(in, "cp", "check", "-")
		if exit != 0 || out != want {
			t.Errorf("%s: exit status %d, %s%s", name, exit, out, stderr)
		}
	}
	file := filepath.Join(t.TempDir(), "settings.xml")
	if err := os.WriteFile(file, []byte(xml), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, arg := range []string{file, hex.EncodeToString(wbxml)} {
		if out, stderr, exit := simota("", "cp", "check", arg); exit != 0 || out != want {
			t.Errorf("%s: exit status %d, %s%s", arg, exit, out, stderr)
		}
	}
}

func TestExitStatusIsAboutTheStandardAndRefusal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		xml     string
		clients string
		exit    int
		stderr  string
	}{
		{provisioning(goodNAP), "", 0, ""},
		{provisioning(goodNAP, shortCodes), "", 0, ""}, // dropped by a client only
		{provisioning(noName), "", 1, "simota: the document is broken in 1 place; refused as a whole by cpclient\n"},
		{provisioning(noName), "gecko", 1, "simota: the document is broken in 1 place\n"},
		{provisioning(goodNAP, vendor), "", 1, "simota: refused as a whole by gecko\n"},
		{provisioning(goodNAP, vendor), "gecko s40", 1, "simota: refused as a whole by gecko\n"},
		{provisioning(goodNAP, vendor), "s40", 0, ""},
		{provisioning(goodNAP, `<characteristic type="OWN"/>`), "s40", 0, ""}, // ignored by the standard
	} {
		for _, form := range [][]string{nil, {"--json"}} {
			args := append([]string{"cp", "check", "-"}, form...)
			for _, name := range strings.Fields(c.clients) {
				args = append(args, "--client", name)
			}
			if _, stderr, exit := simota(c.xml, args...); exit != c.exit || stderr != c.stderr {
				t.Errorf("%v: exit status %d, %q, want %d, %q", args, exit, stderr, c.exit, c.stderr)
			}
		}
	}
}

func TestFindingsStandBesideTheirPathTheWorstFirst(t *testing.T) {
	t.Parallel()
	out, _, _ := simota(provisioning(goodNAP, vendor, shortCodes), "cp", "check", "-")
	_, clients, _ := strings.Cut(out, "known clients:\n")
	var first []string
	for line := range strings.Lines(clients) {
		first = append(first, strings.Join(strings.Fields(line)[:3], " "))
	}
	want := []string{
		"refused VENDORCONFIG gecko/vendorconfig", "dropped APPLICATION/APPID cpclient/application-appid", "ignored VENDORCONFIG cpclient/vendorconfig",
		"ignored APPLICATION sailfish/application-appid", "note APPLICATION qualcomm-vdf/page-1", "note VENDORCONFIG phones/vendorconfig",
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCheckOfLines(t *testing.T) {
	t.Parallel()
	wbxml := hex.EncodeToString(body(t, provisioning(goodNAP)))
	requests := []record{
		{"id": 1, "xml": provisioning(goodNAP, vendor)}, {"id": 2, "wbxml": wbxml}, {"id": 3}, {"id": 4, "xml": provisioning(goodNAP), "wbxml": wbxml},
		{"id": 5, "xml": "<a/>"}, {"id": 6, "wbxml": "03"}, {"id": 7, "client": "gecko"},
	}
	got, stderr, exit := lines(t, "cp check --client gecko", requests)
	if exit != 1 || !strings.Contains(stderr, "5 of 7 lines failed") {
		t.Errorf("exit status %d, %s", exit, stderr)
	}
	finding := got[0]["findings"].([]any)[0].(map[string]any)
	for name, want := range map[string]any{"by": "gecko", "rule": "vendorconfig", "path": "VENDORCONFIG", "effect": "refused"} {
		if finding[name] != want {
			t.Errorf("%s is %v, want %v", name, finding[name], want)
		}
	}
	if diff := cmp.Diff(record{"id": 2.0, "octets": 56.0, "messages": 1.0, "findings": []any{}}, got[1]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for i, want := range []string{"both missing", "both there", "unexpected place", "ends too early", `unknown field "client"`} {
		if failure, _ := got[i+2]["error"].(string); !strings.Contains(failure, want) {
			t.Errorf("line %d: %v, want %q", i+3, got[i+2], want)
		}
	}
}

func TestCheckShowsNoPassword(t *testing.T) {
	t.Parallel()
	xml := provisioning(badAuth, vendor)
	request, err := json.Marshal(record{"xml": xml})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		stdin string
		args  []string
	}{
		{xml, []string{"-"}}, {xml, []string{"-", "--json"}}, {string(request), []string{"--jsonl"}}, {xml[:len(xml)-5], []string{"-"}},
		{strings.Replace(xml, "hidden", "hidden&#1;", 1), []string{"-"}},
	} {
		out, stderr, _ := simota(c.stdin, append([]string{"cp", "check"}, c.args...)...)
		if out+stderr == "" || strings.Contains(out+stderr, "hidden") {
			t.Errorf("%v: %s%s", c.args, out, stderr)
		}
	}
}

func TestCheckRefusesWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stdin string
		args  string
		exit  int
		want  string
	}{
		{"", "", 2, "FILE, HEX or - is missing"}, {"", "a b", 2, `"b" is one argument too many`}, {"", "--jsonl -", 2, "--jsonl reads standard input"},
		{"", "- --client nokia", 2, "want one of cpclient"}, {"", "none.xml", 1, "no such file, and the argument is no document in hex"},
		{"", "-", 1, "neither XML nor octets"}, {"hello", "-", 1, "neither XML nor octets"}, {"<a>", "-", 1, "XML"}, {"", "0106", 1, "cp: "},
		{"", "030B6A0045", 1, "WBXML octet"},
	} {
		_, stderr, exit := simota(c.stdin, append([]string{"cp", "check"}, strings.Fields(c.args)...)...)
		if exit != c.exit || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit status %d, %s", c.args, exit, stderr)
		}
	}
}

// section is the part of the page about settings that is about checking them.
const (
	settingsPage = "docs/device-configuration.md"
	section      = "## What a document says, and what clients make of it\n"
)

func TestEveryExampleAboutCheckingPrintsWhatThePageSays(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(settingsPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), section)
	mine, after, more := strings.Cut(rest, "\n## ")
	if !found {
		t.Fatalf("%s has no %q", settingsPage, section)
	}
	list, between := examples(t, mine)
	if len(list) < 3 {
		t.Fatalf("%d examples found", len(list))
	}
	var b strings.Builder
	for i, e := range list {
		got := e.run(t)
		b.WriteString(between[i] + strings.Join(e.typed, "\n") + "\n" + got)
		if diff := cmp.Diff(e.prints, got); diff != "" && !*update {
			t.Errorf("%s (-page +program)\n%s", e.typed[0], diff)
		}
	}
	if *update {
		if more {
			after = "\n## " + after
		}
		if err := os.WriteFile(settingsPage, []byte(before+section+b.String()+between[len(list)]+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range content.Clients() {
		if !strings.Contains(mine, "| `"+c.Name+"` |") {
			t.Errorf("the page does not have %s", c.Name)
		}
	}
}
