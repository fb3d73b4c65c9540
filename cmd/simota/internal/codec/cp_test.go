package codec_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/ota/cp"
)

// settings are the documents of testdata/cp/oma-cp.json, each with the WBXML
// and the MAC of two other programs.
type settings struct {
	ID    string            `json:"id"`
	XML   string            `json:"xml"`
	WBXML map[string]string `json:"wbxml_by"`
	MAC   map[string]string `json:"mac_hex"`
	Sec   int               `json:"sec"`
	IMSI  string            `json:"imsi"`
	PIN   string            `json:"pin"`
}

func settingsVectors(t *testing.T) []settings {
	t.Helper()
	raw, err := os.ReadFile("testdata/cp/oma-cp.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Documents []settings }
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Documents) != 5 {
		t.Fatalf("%d documents, %v", len(file.Documents), err)
	}
	return file.Documents
}

func (v settings) request(id any) record {
	r := record{"id": id, "sec": v.Sec}
	if v.IMSI != "" {
		r["imsi"] = v.IMSI
	}
	if v.PIN != "" {
		r["pin"] = v.PIN
	}
	return r
}

// tree is a document without its layout.
func tree(t *testing.T, xml any) cp.Document {
	t.Helper()
	text, _ := xml.(string)
	d, err := cp.ParseXML([]byte(text))
	if err != nil {
		t.Fatalf("%v in %v", err, xml)
	}
	return d
}

func TestEveryDocumentVectorIsEncodedAndDecodedAgain(t *testing.T) {
	t.Parallel()
	docs := settingsVectors(t)
	var requests []record
	for i, v := range docs {
		requests = append(requests, v.request(v.ID).with("xml", v.XML).with("reference", 250+3*i))
	}
	made, stderr, exit := lines(t, "cp encode", requests)
	if exit != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", exit, stderr)
	}
	var back []record
	for i, v := range docs {
		a := made[i]
		if names := sortedNames(a); !slices.Equal(names, []string{"id", "mac", "pdu", "uds", "wbxml"}) {
			t.Errorf("%s: answer has %v", v.ID, names)
		}
		kannel := "kannel-1.4.5"
		if v.ID != "14-dm-w7" && (a["wbxml"] != v.WBXML[kannel] || a["mac"] != v.MAC[kannel]) {
			t.Errorf("%s: %v and MAC %v, want %s and %s", v.ID, a["wbxml"], a["mac"], v.WBXML[kannel], v.MAC[kannel])
		}
		if want := fmt.Sprintf("01062f1f2db6918%d92%x00%s", v.Sec, a["mac"], a["wbxml"]); a["pdu"] != want {
			t.Errorf("%s: push %v, want %s", v.ID, a["pdu"], want)
		}
		uds := slices.Clone(a["uds"].([]any))
		slices.Reverse(uds)
		back = append(back, v.request(1).with("uds", append(uds, uds[0])), v.request(2).with("pdu", a["pdu"]), record{"id": 3, "wbxml": a["wbxml"]})
	}
	read, stderr, exit := lines(t, "cp decode", back)
	if exit != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", exit, stderr)
	}
	for i, a := range read {
		v := docs[i/3]
		if diff := cmp.Diff(tree(t, v.XML), tree(t, a["xml"])); diff != "" {
			t.Errorf("%s (-want +got)\n%s", v.ID, diff)
		}
		if ok, there := a["mac_ok"]; there != (i%3 != 2) || there && ok != true {
			t.Errorf("%s: mac_ok %v, %v", v.ID, ok, there)
		}
	}
}

func TestEveryDocumentOfAnotherEncoderIsDecoded(t *testing.T) {
	t.Parallel()
	for _, v := range settingsVectors(t) {
		for by, wbxml := range v.WBXML {
			pdu := fmt.Sprintf("01062f1f2db6918%d92%x00%s", v.Sec, v.MAC[by], wbxml)
			got, _, exit := lines(t, "cp decode", []record{v.request(1).with("pdu", pdu), v.request(2).with("pdu", pdu[:len(pdu)-4]+"0000")})
			if exit != 1 || got[0]["mac_ok"] != true || got[1]["error"] == nil {
				t.Errorf("%s of %s: %v", v.ID, by, got)
				continue
			}
			if diff := cmp.Diff(tree(t, v.XML), tree(t, got[0]["xml"])); diff != "" {
				t.Errorf("%s of %s (-want +got)\n%s", v.ID, by, diff)
			}
		}
	}
}

func sortedNames(r record) []string {
	var names []string
	for n := range r {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

const tinyXML = `<wap-provisioningdoc><characteristic type="NAPDEF"><parm name="NAME" value="A"/></characteristic></wap-provisioningdoc>`

const tinyWBXML = "030b6a0045c6550187070603410001" + "0101"

func TestEncodeWithoutSecIsNotSigned(t *testing.T) {
	t.Parallel()
	answered(t, "cp encode", []record{{"id": 1, "xml": tinyXML}, {"xml": tinyXML, "sec": nil, "imsi": "", "pin": ""}}, []record{
		{"id": 1.0, "wbxml": tinyWBXML, "pdu": "010601b6" + tinyWBXML, "uds": []any{"0605040b8423f0" + "010601b6" + tinyWBXML}},
		{"id": nil, "wbxml": tinyWBXML, "pdu": "010601b6" + tinyWBXML, "uds": []any{"0605040b8423f0" + "010601b6" + tinyWBXML}},
	})
}

func TestSecHasNumbersAndNames(t *testing.T) {
	t.Parallel()
	var requests []record
	for _, sec := range []any{1, "1", "userpin", "USERPIN"} {
		requests = append(requests, record{"xml": tinyXML, "sec": sec, "pin": "0007"})
	}
	got, _, _ := lines(t, "cp encode", requests)
	for i, a := range got {
		if mac, _ := a["mac"].(string); len(mac) != 40 || mac != strings.ToUpper(mac) || mac != got[0]["mac"] {
			t.Errorf("%v: %v", requests[i]["sec"], a)
		}
	}
}

func TestReferenceAbove255Has16Bits(t *testing.T) {
	t.Parallel()
	long := strings.Replace(tinyXML, `"A"`, `"`+strings.Repeat("A", 200)+`"`, 1)
	for ref, want := range map[int]string{0: "0b05040b8423f0000300", 255: "0b05040b8423f00003ff", 256: "0c05040b8423f008040100", 65535: "0c05040b8423f00804ffff"} {
		got, _, _ := lines(t, "cp encode", []record{{"xml": long, "reference": ref}})
		uds, _ := got[0]["uds"].([]any)
		if len(uds) != 2 || !strings.HasPrefix(uds[1].(string), want+"0202") {
			t.Errorf("%d: %v", ref, got[0])
		}
	}
}

func TestUserPINMACSaysThePINAndTakesHalfOrWhole(t *testing.T) {
	t.Parallel()
	got, _, exit := lines(t, "cp encode", []record{{"xml": tinyXML, "sec": 3, "pin": "00012"}})
	pin, _ := got[0]["pin"].(string)
	mac, err := hex.DecodeString(got[0]["mac"].(string))
	if exit != 0 || err != nil {
		t.Fatal(got)
	}
	want := "00012"
	for _, o := range mac[:5] {
		want += fmt.Sprint(o % 10)
	}
	if pin != want {
		t.Errorf("PIN %s, want %s", pin, want)
	}
	wrong := pin[:9] + fmt.Sprint((pin[9]-'0'+1)%10)
	again, _, _ := lines(t, "cp encode", []record{{"xml": tinyXML, "sec": 3, "pin": pin}, {"xml": tinyXML, "sec": 3, "pin": wrong}})
	if again[0]["pdu"] != got[0]["pdu"] || again[1]["error"] == nil {
		t.Errorf("%v", again)
	}
	alone := "0106051f03b69183" + tinyWBXML
	for _, c := range []struct {
		r    record
		want any
	}{
		{record{"pdu": got[0]["pdu"], "pin": pin}, true},
		{record{"pdu": got[0]["pdu"], "pin": "00012"}, true},
		{record{"pdu": got[0]["pdu"], "pin": wrong}, false},
		{record{"pdu": got[0]["pdu"], "pin": "00013"}, false},
		{record{"pdu": got[0]["pdu"], "imsi": "001010123456789"}, nil},
		{record{"pdu": alone, "pin": pin}, true},
		{record{"pdu": alone, "pin": wrong}, false},
		{record{"pdu": alone, "pin": "00012"}, nil}, // nothing to check half a PIN with
		{record{"wbxml": tinyWBXML, "sec": 3, "pin": pin}, true},
		{record{"wbxml": tinyWBXML, "sec": 3, "pin": wrong}, false},
	} {
		read, _, _ := lines(t, "cp decode", []record{c.r})
		if read[0]["xml"] == nil || read[0]["mac_ok"] != c.want {
			t.Errorf("%v: %v, want %v", c.r, read[0], c.want)
		}
	}
}

func TestMACIsCheckedOnlyWithWhatMadeIt(t *testing.T) {
	t.Parallel()
	made, _, _ := lines(t, "cp encode", []record{
		{"xml": tinyXML, "sec": 0, "imsi": "001010123456789"}, {"xml": tinyXML, "sec": 2, "imsi": "001010123456789", "pin": "0000"}, {"xml": tinyXML},
	})
	for _, c := range []struct {
		of   int
		more record
		want any
	}{
		{0, record{}, nil},
		{0, record{"imsi": "001010123456789"}, true},
		{0, record{"imsi": "001010123456788"}, false},
		{0, record{"imsi": "001010123456789", "pin": "0000"}, true},
		{0, record{"pin": "0000"}, nil},
		{1, record{"imsi": "001010123456789"}, nil},
		{1, record{"imsi": "001010123456789", "pin": "0000"}, true},
		{1, record{"imsi": "001010123456789", "pin": "00000"}, false},
		{2, record{"imsi": "001010123456789", "pin": "0000"}, nil},
	} {
		read, _, exit := lines(t, "cp decode", []record{c.more.with("pdu", made[c.of]["pdu"])})
		if exit != 0 || read[0]["mac_ok"] != c.want {
			t.Errorf("%d %v: %v, want %v", c.of, c.more, read[0], c.want)
		}
	}
}

func TestDecodeKeepsPasswords(t *testing.T) {
	t.Parallel()
	secret := strings.NewReplacer("NAME", "AUTHSECRET", `"A"`, `"hunter2"`).Replace(tinyXML)
	made, _, _ := lines(t, "cp encode", []record{{"xml": secret}})
	read, _, _ := lines(t, "cp decode", []record{{"wbxml": made[0]["wbxml"]}})
	if text, _ := read[0]["xml"].(string); !strings.Contains(text, `value="hunter2"`) {
		t.Errorf("%v", read)
	}
}

func TestSettingsRequestIsStrict(t *testing.T) {
	t.Parallel()
	push := "0106" + "01b6" + tinyWBXML
	for _, c := range []struct{ command, request, want string }{
		{"encode", `{}`, "xml is missing"},
		{"encode", `{"xml":"<x/>"}`, "unexpected place"},
		{"encode", `{"xml":5}`, "xml: want a string"},
		{"encode", `{"xml":"","XML":""}`, "unknown field"},
		{"encode", `{"xml":"` + quoted(tinyXML) + `","sec":4}`, "sec: want 0 to 3"},
		{"encode", `{"xml":"` + quoted(tinyXML) + `","sec":1.5}`, "sec: want 0 to 3"},
		{"encode", `{"xml":"` + quoted(tinyXML) + `","sec":0}`, "imsi (--imsi) is missing"},
		{"encode", `{"xml":"` + quoted(tinyXML) + `","sec":2,"imsi":"001010123456789"}`, "pin (--pin) is missing"},
		{"encode", `{"xml":"` + quoted(tinyXML) + `","sec":0,"imsi":"00101"}`, "6 to 15 digits"},
		{"encode", `{"xml":"` + quoted(tinyXML) + `","sec":1,"pin":1234}`, "pin: want a string"},
		{"encode", `{"xml":"` + quoted(tinyXML) + `","sec":3,"pin":"1234"}`, "5 to 9 digits"},
		{"encode", `{"xml":"` + quoted(tinyXML) + `","sec":3,"pin":"12345678901"}`, "even number"},
		{"encode", `{"xml":"` + quoted(tinyXML) + `","reference":65536}`, "want 0 to 65535"},
		{"encode", `{"xml":"` + quoted(tinyXML) + `","reference":-1}`, "want 0 to 65535"},
		{"encode", `{"xml":"` + quoted(tinyXML) + `","reference":"7"}`, "whole number"},
		{"encode", `{"xml":"` + quoted(strings.Replace(tinyXML, `"A"`, `"[unknown token 0:BD]"`, 1)) + `"}`, "[unknown token 0:BD]"},
		{"encode", `{"xml":"` + quoted(strings.Replace(tinyXML, `"A"`, `"`+strings.Repeat("A", 9000)+`"`, 1)) + `"}`, "at most 8192"},
		{"decode", `{}`, "want one of wbxml, pdu and uds"},
		{"decode", `{"wbxml":"00","pdu":"00"}`, "want one of wbxml, pdu and uds"},
		{"decode", `{"uds":[]}`, "parts are missing"},
		{"decode", `{"uds":["` + push + `"]}`, "cp: part 1 of 1"},
		{"decode", `{"uds":["0b05040b8423f00003070201aa"]}`, "parts are missing"},
		{"decode", `{"pdu":""}`, "no WSP push"},
		{"decode", `{"wbxml":""}`, "ends too early"},
		{"decode", `{"pdu":"` + push + `","sec":0}`, "not signed, want NETWPIN"},
		{"decode", `{"pdu":"01062f1f2db6918092` + strings.Repeat("41", 40) + `00` + tinyWBXML + `","sec":1}`, "signed with NETWPIN, not USERPIN"},
		{"decode", `{"pdu":"01062f1f2db6918092` + strings.Repeat("41", 40) + `00` + tinyWBXML + `","imsi":"1"}`, "6 to 15 digits"},
		{"decode", `{"pdu":"010601c2` + tinyWBXML + `"}`, "device management"},
		{"decode", `{"pdu":"010603b6af84` + tinyWBXML + `"}`, "after the content type"},
		{"notify", `{"server_id":"s","password":"p","session":65536}`, "want 0 to 65535"},
		{"notify", `{"server_id":"","password":"p","session":1}`, "1 to 255"},
		{"notify", `{"server_id":"s","password":"p","session":1,"ui":"loud"}`, "ui: want"},
		{"notify", `{"server_id":"s","password":"p"}`, "session is missing"},
	} {
		out, _, exit := simota(c.request+"\n", "cp", c.command, "--jsonl")
		if exit != 1 || !strings.HasPrefix(out, `{"id":null,"error":`) || !strings.Contains(out, c.want) {
			t.Errorf("cp %s %.100s: exit status %d, %s, want %q", c.command, c.request, exit, out, c.want)
		}
	}
}

func quoted(s string) string { return strings.ReplaceAll(s, `"`, `\"`) }

func TestNotificationLine(t *testing.T) {
	t.Parallel()
	const body = "b4f92d776d200ff0208c2ef21a1c08c9" + "0318000000" + "0001" + "06" + "73696d6f7461"
	answered(t, "cp notify", []record{{"id": 1, "server_id": "simota", "password": "secret", "nonce": "6e6f6e6365", "session": 1}}, []record{
		{"id": 1.0, "body": body, "pdu": "010603c4af87" + body, "uds": []any{"0605040b8423f0" + "010603c4af87" + body}},
	})
	got, _, _ := lines(t, "cp notify", []record{{"server_id": "s", "password": "p q", "session": 65535, "ui": "user-interaction", "user_initiated": true}})
	if text, _ := got[0]["body"].(string); len(text) != 50 || text[32:] != "0330000000"+"ffff"+"01"+"73" {
		t.Errorf("%v", got)
	}
}

func TestBlanksInAPasswordCount(t *testing.T) {
	t.Parallel()
	args := []string{"cp", "notify", "--server-id", "s", "--session", "1", "--json", "--password"}
	one, _, _ := simota("", append(args, "p q")...)
	other, _, _ := simota("", append(args, "pq")...)
	fromFile, _, _ := simota("p q\n", append(args, "@-")...)
	if one == other || one != fromFile {
		t.Errorf("%s %s %s", one, other, fromFile)
	}
}

func TestDecodeFindsOutWhatItsArgumentsAre(t *testing.T) {
	t.Parallel()
	long := strings.Replace(tinyXML, `"A"`, `"`+strings.Repeat("A", 150)+`"`, 1)
	made, _, _ := lines(t, "cp encode", []record{{"xml": long, "sec": 1, "pin": "0007", "reference": 9}})
	wbxml, pdu := made[0]["wbxml"].(string), made[0]["pdu"].(string)
	first, second := made[0]["uds"].([]any)[0].(string), made[0]["uds"].([]any)[1].(string)
	spaced := strings.Split(strings.TrimSuffix(strings.ReplaceAll(pdu, "01", "01 "), " "), " ")
	for name, args := range map[string][]string{
		"parts": {second, first}, "push": {pdu}, "upper case": {strings.ToUpper(pdu)}, "push in one argument": {pdu[:2] + " " + pdu[2:]},
		"push in pieces": spaced, "flag": {"--pdu", pdu},
	} {
		out, stderr, exit := simota("", append([]string{"cp", "decode", "--pin", "0007"}, args...)...)
		if exit != 0 || !strings.Contains(out, strings.Repeat("A", 150)) || !strings.HasSuffix(out, "<!-- the MAC is right -->\n") {
			t.Errorf("%s: exit status %d, %s%s", name, exit, out, stderr)
		}
	}
	for name, args := range map[string][]string{"WBXML": {wbxml}, "WBXML flag": {"--wbxml", wbxml}} {
		if out, stderr, exit := simota("", append([]string{"cp", "decode"}, args...)...); exit != 0 || strings.Contains(out, "MAC") || cmp.Diff(tree(t, long), tree(t, out)) != "" {
			t.Errorf("%s: exit status %d, %s%s", name, exit, out, stderr)
		}
	}
	out, _, exit := simota("", "cp", "decode", pdu, "--pin", "0008")
	if exit != 0 || !strings.Contains(out, "<!-- the MAC is WRONG") || cmp.Diff(tree(t, long), tree(t, out)) != "" {
		t.Errorf("wrong PIN: exit status %d, %s", exit, out)
	}
	out, _, _ = simota("", "cp", "decode", "030b6a0045c65501"+"8705032d2d00bd01"+"0101")
	if !strings.Contains(out, "<!-- [unknown token 0:BD] in NAPDEF/- -") || len(tree(t, out).Children) != 1 {
		t.Errorf("%s", out)
	}
	for _, args := range [][]string{{"cp", "decode"}, {"cp", "decode", wbxml, "--pdu", pdu}} {
		if _, stderr, exit := simota("", args...); exit != 1 || !strings.Contains(stderr, "want one of") {
			t.Errorf("%v: exit status %d, %s", args[:2], exit, stderr)
		}
	}
}

func TestEncodeTakesAFileOrStandardInput(t *testing.T) {
	t.Parallel()
	name := t.TempDir() + "/settings.xml"
	if err := os.WriteFile(name, []byte(tinyXML), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{name}, {"-"}, {}} {
		out, stderr, exit := simota(tinyXML, append([]string{"cp", "encode", "--json"}, args...)...)
		if exit != 0 || !strings.Contains(out, tinyWBXML) {
			t.Errorf("%v: exit status %d, %s%s", args, exit, out, stderr)
		}
	}
	for _, c := range []struct{ line, want string }{
		{"cp encode none.xml", "none.xml"},
		{"cp encode a.xml b.xml", `"b.xml" is one argument too many`},
		{"cp encode a.xml --jsonl", `"a.xml" is one argument too many`},
		{"cp encode --sec five", "--sec: want 0 to 3"},
		{"cp encode --jsonl --sec 1", "--sec and --jsonl exclude each other"},
		{"cp notify", "--server-id is missing"},
		{"cp enkode", "did you mean encode?"},
	} {
		if _, stderr, exit := simota(tinyXML, strings.Fields(c.line)...); exit == 0 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit status %d, %s", c.line, exit, stderr)
		}
	}
	out, _, _ := simota(tinyXML, "cp", "encode", "--sec", "userpinmac", "--pin", "12345")
	if !strings.Contains(out, "for the user to type") || !strings.Contains(out, "SMS 1/1") {
		t.Errorf("%s", out)
	}
	out, _, _ = simota(tinyXML, "cp", "encode")
	if !strings.Contains(out, "not signed: many devices refuse it") {
		t.Errorf("%s", out)
	}
}
