package cp

import (
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// What other encoders may write, and this one does not.

func TestDecoderReadsEveryCharacterSet(t *testing.T) {
	t.Parallel()
	const euro, latin, astral = "Zürich €5", "Zürich", "a🛰b"
	wide := func(s string, low bool) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			if low {
				b = append(b, byte(u), byte(u>>8))
			} else {
				b = append(b, byte(u>>8), byte(u))
			}
		}
		return hex.EncodeToString(b) + "0000"
	}
	for _, tc := range []struct {
		name, charset, text, want string
	}{
		{"not said", "00", hex.EncodeToString([]byte(euro)) + "00", euro},
		{"US-ASCII", "03", "4100", "A"},
		{"ISO-8859-1", "04", "5afc7269636800", latin},
		{"UTF-8", "6a", hex.EncodeToString([]byte(astral)) + "00", astral},
		{"UCS-2", "8768", wide(euro, false), euro},
		{"UCS-2 with a mark", "8768", "fffe" + wide(euro, true), euro},
		{"UTF-16BE", "8775", wide(astral, false), astral},
		{"UTF-16LE", "8776", wide(astral, true), astral},
		{"UTF-16", "8777", wide(astral, false), astral},
		{"UTF-16 with a big mark", "8777", "feff" + wide(astral, false), astral},
		{"UTF-16 with a little mark", "8777", "fffe" + wide(astral, true), astral},
		{"zero octets inside a character", "8776", "00010000", "\u0100"},
		{"zero octets across two characters", "8775", "010000410000", "\u0100A"},
		{"empty", "8775", "0000", ""},
		{"US-ASCII of 8 bits", "03", "8000", ""},
		{"not UTF-8", "6a", "ff00", ""},
		{"half a pair", "8775", "d83d00410000", ""},
		{"half a pair at the end", "8777", "d83d0000", ""},
		{"a pair in UCS-2", "8768", wide(astral, false), ""},
		{"odd octets", "8775", "004100", ""},
		{"end of one octet", "8775", "0041004200", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			inline := "030b" + tc.charset + "0045c655018707" + "0603" + tc.text + "01" + "0101"
			table := "030b" + tc.charset + fmt.Sprintf("%02x", len(tc.text)/2) + tc.text + "45c655018707" + "068300" + "01" + "0101"
			for how, text := range map[string]string{"inline": inline, "table": table} {
				d, err := ParseWBXML(unhex(t, text))
				if tc.want == "" && tc.name != "empty" {
					if !errors.Is(err, ErrMalformed) {
						t.Errorf("%s: %v, %v", how, d, err)
					}
					continue
				}
				if err != nil || *d.Children[0].Parms[0].Value != tc.want {
					t.Errorf("%s: %v, %v, want %q", how, d, err, tc.want)
				}
			}
		})
	}
}

func TestUnreadableCharacterSetIsNamedByItsNumber(t *testing.T) {
	t.Parallel()
	if _, err := ParseWBXML(unhex(t, "030b8f510045c65501"+"0101")); err == nil || !strings.Contains(err.Error(), "MIB number 2001") {
		t.Errorf("%v", err)
	}
}

func TestDecoderReadsEveryVersion(t *testing.T) {
	t.Parallel()
	const rest = "45c65501" + "8707" + "0603" + "4100" + "01" + "0101"
	for name, head := range map[string]string{
		"1.0, no character set": "000b00", "1.0, string table": "000b0278" + "00", "1.0 of libwbxml": "000b6a00",
		"1.1": "010b6a00", "1.2": "020b6a00", "1.3": "030b6a00", "padded numbers": "03800b80806a8000",
	} {
		d, err := ParseWBXML(unhex(t, head+rest))
		if err != nil || *d.Children[0].Parms[0].Value != "A" {
			t.Errorf("%s: %v %v", name, d, err)
		}
	}
}

func TestDecoderReadsWhatTheStandardAllowsAroundElements(t *testing.T) {
	t.Parallel()
	const head, table = "030b6a00", "030b6a"
	literals := hex.EncodeToString([]byte("characteristic\x00parm\x00type\x00name\x00value\x00wap-provisioningdoc\x00NAPDEF\x00"))
	want := doc(Characteristic{Type: "NAPDEF", Parms: []Parm{set("NAME", "A")}})
	want.Version = ""
	for name, text := range map[string]string{
		"plain":                  head + "45c6550187070603410001" + "0101",
		"blanks":                 head + "45" + "030a2000" + "c655010309" + "0087070603410001" + "0209" + "0103" + "0d0a0001",
		"blanks of the table":    table + "022000" + "45" + "8300" + "c6550187070603410001" + "0101",
		"blanks in a parm":       head + "45c65501" + "c7070603410001" + "03200001" + "0101",
		"instruction before":     head + "4305034100" + "01" + "45c6550187070603410001" + "0101",
		"instruction inside":     head + "45" + "4305034100" + "01" + "c6550187070603410001" + "0101",
		"instruction after":      head + "45c6550187070603410001" + "0101" + "4305034100" + "01",
		"value before name":      head + "45c6550187060341000701" + "0101",
		"value in pieces":        head + "45c655018705034e410003" + "4d4500" + "0603" + "000341000300" + "01" + "0101",
		"characters as entities": head + "45c655018705024e0241024d02450602" + "41" + "01" + "0101",
		"page 1 of tags":         head + "45" + "0001" + "c6550187070603410001" + "0101",
		"page 5 of tags unused":  head + "45" + "0005" + "0001" + "c6550187070603410001" + "0101",
		"names as literals": table + fmt.Sprintf("%02x", len(literals)/2) + literals +
			"4424" + "c400" + "0414" + "8338" + "01" + "840f" + "0419" + "034e414d4500" + "041e" + "034100" + "01" + "01" + "01",
	} {
		d, err := ParseWBXML(unhex(t, text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, d); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

func TestUnknownTokensAreKeptAndNamed(t *testing.T) {
	t.Parallel()
	const head = "030b6a0045"
	one := "NAPDEF"
	for _, tc := range []struct {
		name, body string
		want       Characteristic
		unknown    string
	}{
		{
			"name", "c65501" + "870001" + "7f" + "000006034100" + "01" + "01",
			Characteristic{Type: one, Parms: []Parm{set("[unknown token 1:7F]", "A")}},
			"[unknown token 1:7F] in NAPDEF/[unknown token 1:7F]",
		},
		{
			"flag", "c65501" + "874d" + "01" + "01",
			Characteristic{Type: one, Parms: []Parm{{Name: "[unknown token 0:4D]"}}},
			"[unknown token 0:4D] in NAPDEF/[unknown token 0:4D]",
		},
		{
			"value", "c65501" + "8710" + "06" + "bd" + "01" + "01",
			Characteristic{Type: one, Parms: []Parm{set("BEARER", "[unknown token 0:BD]")}},
			"[unknown token 0:BD] in NAPDEF/BEARER",
		},
		{
			"value in text", "c65501" + "8710" + "0603" + "4100" + "bd" + "034200" + "01" + "01",
			Characteristic{Type: one, Parms: []Parm{set("BEARER", "A[unknown token 0:BD]B")}},
			"[unknown token 0:BD] in NAPDEF/BEARER",
		},
		{
			"start of a value", "c65501" + "8710" + "70" + "034200" + "01" + "01",
			Characteristic{Type: one, Parms: []Parm{set("BEARER", "[unknown token 0:70]B")}},
			"[unknown token 0:70] in NAPDEF/BEARER",
		},
		{
			"type", "c670" + "01" + "01",
			Characteristic{Type: "[unknown token 0:70]"},
			"[unknown token 0:70] in [unknown token 0:70]",
		},
		{
			"page", "c6000770" + "01" + "01",
			Characteristic{Type: "[unknown token 7:70]"},
			"[unknown token 7:70] in [unknown token 7:70]",
		},
		{
			"tag", "c8" + "0503410071" + "034200" + "55" + "01" + "87070603430001" + "01",
			Characteristic{Type: "[unknown tag 0:08]", Parms: []Parm{
				set("name", "A"), set("[unknown token 0:71]", "B"), set("type", "NAPDEF"), set("NAME", "C"),
			}},
			"[unknown tag 0:08] in [unknown tag 0:08]",
		},
		{
			"tag of another page", "c65501" + "0009" + "06" + "01",
			Characteristic{Type: one, Children: []Characteristic{{Type: "[unknown tag 9:06]"}}},
			"[unknown tag 9:06] in NAPDEF/[unknown tag 9:06]",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d, err := ParseWBXML(unhex(t, head+tc.body+"01"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Document{Children: []Characteristic{tc.want}}, d); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got := d.Unknown(); len(got) == 0 || got[0] != tc.unknown {
				t.Errorf("unknown: %q, want %q", got, tc.unknown)
			}
			if b, err := d.AppendWBXML([]byte("x")); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "[unknown t") || string(b) != "x" {
				t.Errorf("written: %X, %v", b, err)
			}
			if again, err := ParseXML([]byte(d.XML())); err != nil || cmp.Diff(d, again) != "" {
				t.Errorf("XML: %v %v", again, err)
			}
		})
	}
}

func TestWhatUnknownTokensHoldIsTakenForSecret(t *testing.T) {
	t.Parallel()
	d, err := ParseWBXML(unhex(t, "030b6a0045"+"c8"+"0e06036831000071036832000"+"1"+"87"+"7f0603683300"+"01"+"01"+"01"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"h1", "h2", "h3"} {
		if strings.Contains(d.Redacted().XML(), secret) || strings.Contains(fmt.Sprint(d), secret) {
			t.Errorf("%s is shown: %v", secret, d)
		}
		if !strings.Contains(d.XML(), secret) {
			t.Errorf("%s is not kept: %s", secret, d.XML())
		}
	}
}

func TestUnknownVersionIsKept(t *testing.T) {
	t.Parallel()
	d, err := ParseWBXML(unhex(t, "030b6a00c57001c65501"+"0101"))
	if err != nil || cmp.Diff([]string{"[unknown token 0:70] in wap-provisioningdoc"}, d.Unknown()) != "" {
		t.Errorf("%v %v", d, err)
	}
	if _, err := d.AppendWBXML(nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("written: %v", err)
	}
}

func TestKnownDocumentHasNothingUnknown(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		if got := must[Document](t)(ParseXML([]byte(v.XML))).Unknown(); got != nil {
			t.Errorf("%s: %q", v.ID, got)
		}
	}
	d := napWith(set("AUTHSECRET", "[unknown token]"), set("NAME", "[unknown tag 0:8]"))
	if got := d.Unknown(); got != nil {
		t.Errorf("%q", got)
	}
	sameTree(t, d)
}

func TestWordsThatOnlyKannelKnowsAreReadAndWrittenAsStrings(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]Characteristic{
		"c65501" + "871006bb01" + "01":           {Type: "NAPDEF", Parms: []Parm{set("BEARER", "3G-GSM")}},
		"c65501" + "871006bc01" + "01":           {Type: "NAPDEF", Parms: []Parm{set("BEARER", "WLAN")}},
		"865c01":                                 {Type: "BEARERINFO"},
		"865d01":                                 {Type: "DNS-ADDRINFO"},
		"8600015a01":                             {Type: "WLAN"},
		"8600015b01":                             {Type: "SEC-SSID"},
		"8600015e01":                             {Type: "WEPKEY"},
		"c65501" + "8700013c01" + "01":           {Type: "NAPDEF", Parms: []Parm{{Name: "APPREF"}}},
		"c65501" + "87" + "00013d0101":           {Type: "NAPDEF", Parms: []Parm{{Name: "TO-APPREF"}}},
		"c60001" + "5c01" + "8714" + "01" + "01": {Type: "EAP", Parms: []Parm{{Name: "INTERNET"}}},
	} {
		d, err := ParseWBXML(unhex(t, "030b6a0045"+token+"01"))
		if err != nil {
			t.Errorf("%s: %v", token, err)
			continue
		}
		if diff := cmp.Diff(Document{Children: []Characteristic{want}}, d); diff != "" {
			t.Errorf("%s (-want +got)\n%s", token, diff)
		}
		word := want.Type
		if word == "NAPDEF" {
			word = want.Parms[0].Name
			if v := want.Parms[0].Value; v != nil {
				word = *v
			}
		}
		if body := sameTree(t, d); !strings.Contains(string(body), word) {
			t.Errorf("%s is not a string in %X", word, body)
		}
	}
}

func TestStringTableMayBeReferredToManyTimesAndInTheMiddle(t *testing.T) {
	t.Parallel()
	table := hex.EncodeToString([]byte("Kestrel Internet\x00"))
	d, err := ParseWBXML(unhex(t, "030b6a11"+table+"45c65501"+"870706830001"+"870d06830801"+"870e0603"+"4100"+"83080385"+"00"+"8300"+"01"+"0101"))
	if err == nil {
		t.Errorf("octet 85 as UTF-8: %v", d)
	}
	d, err = ParseWBXML(unhex(t, "030b6a11"+table+"45c65501"+"870706830001"+"870d06830801"+"870e060341008308"+"85"+"830001"+"0101"))
	want := []Parm{set("NAME", "Kestrel Internet"), set("AUTHNAME", "Internet"), set("AUTHSECRET", "AInternetIPV4Kestrel Internet")}
	if err != nil || cmp.Diff(want, d.Children[0].Parms) != "" {
		t.Errorf("%v", err)
	}
}

// A body has a bounded number of octets, and so must what is made of it.
func TestBodyCannotInflate(t *testing.T) {
	fill := func(head, unit, end string) []byte {
		b, u, e := unhex(t, head), unhex(t, unit), unhex(t, end)
		for len(b)+len(u)+len(e) <= MaxBody {
			b = append(b, u...)
		}
		return append(b, e...)
	}
	const head, open = "030b6a0045", "c65501"
	table := "030b6aa010" + strings.Repeat("41", 4111) + "00" + "45"
	for name, body := range map[string][]byte{
		"flags":               fill(head+open, "871401", "0101"),
		"characteristics":     fill(head+open, "865101", "0101"),
		"unknown parms":       fill(head+open, "877f01", "0101"),
		"unknown tags":        fill(head+open, "08", "0101"),
		"unknown values":      fill(head+open+"870706", "fe", "010101"),
		"longest words":       fill(head+open+"870706", "95", "010101"),
		"instructions":        fill(head+open, "433f01", "0101"),
		"page switches":       fill(head+open, "0001", "0101"),
		"attributes on a tag": fill(head+open+"88", "7f", "010101"),
		"entities":            fill(head+open+"870706", "0241", "010101"),
		"references":          fill(table+open+"870706", "8300", "010101"),
		"literal attributes":  fill(table+"43", "0400", "01"+"01"),
		"literal elements":    fill(table, "0400", "01"),
	} {
		var d Document
		var err error
		if d, err = ParseWBXML(body); err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
		nodes, text := size(d.Children)
		if nodes > MaxBody/2 || text > maxText+maxWord*len(body) {
			t.Errorf("%s: %d nodes with %d octets of text", name, nodes, text)
		}
		if allocated := allocatedBy(func() { _, _ = ParseWBXML(body) }); allocated > 1<<20 {
			t.Errorf("%s: %d octets allocated for a body of %d", name, allocated, len(body))
		}
	}
}

// maxWord is longer than any name or type that one octet stands for; only the
// rest of the text is counted.
const maxWord = 32

// allocatedBy must not run beside parallel tests.
func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func size(cs []Characteristic) (nodes, text int) {
	for _, c := range cs {
		nodes, text = nodes+1+len(c.Parms), text+len(c.Type)
		for _, p := range c.Parms {
			text += len(p.Name)
			if p.Value != nil {
				text += len(*p.Value)
			}
		}
		n, s := size(c.Children)
		nodes, text = nodes+n, text+s
	}
	return nodes, text
}
