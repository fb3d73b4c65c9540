package cp

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func doc(cs ...Characteristic) Document { return Document{Version: "1.1", Children: cs} }

func set(name, value string) Parm { return Parm{Name: name, Value: &value} }

func napWith(ps ...Parm) Document { return doc(Characteristic{Type: "NAPDEF", Parms: ps}) }

// bodyOf wraps octets in the header and a NAPDEF.
func bodyOf(t testing.TB, parms string) []byte {
	t.Helper()
	return unhex(t, "030b6a00c54503312e310001c65501"+parms+"0101")
}

func TestEncodingOfValues(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		parm Parm
		want string
	}{
		{"flag has no value attribute", Parm{Name: "INTERNET"}, "871401"},
		{"empty value is an empty string", set("AUTHSECRET", ""), "870e06030001"},
		{"whole word is a token", set("NAP-ADDRTYPE", "APN"), "8709068901"},
		{"word in another case stays text", set("NAP-ADDRESS", "apn"), "8708060361706e0001"},
		{"word inside text stays text", set("LOCAL-ADDRTYPE", "IPV4V6"), "87280603495056345636" + "0001"},
		{"comma stays text", set("AAUTHTYPE", ","), "87000133000006032c0001"},
		{"AAUTHTYPE is always text", set("AAUTHTYPE", "MD5"), "87000133000006034d44350001"},
		{"contested value is text", set("X", "HA"), "8705035800" + "060348410001"},
		{"contested name is text", Parm{Name: "DELIVERY-ERR-SDU"}, "87050344454c49564552592d4552522d5344550001"},
		{"page 1 word is text", set("ADDRTYPE", "OBEX"), "87000135000006034f4245580001"},
		{"unknown name is text", Parm{Name: "INIT"}, "87050349" + "4e495400" + "01"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := napWith(tc.parm)
			if got, want := sameTree(t, d), bodyOf(t, tc.want); !bytes.Equal(got, want) {
				t.Errorf("got  %X\nwant %X", got, want)
			}
		})
	}
}

func TestAttributePageStaysAcrossElements(t *testing.T) {
	t.Parallel()
	// A flag on page 1 leaves the page there; the next name goes back itself.
	body := sameTree(t, napWith(Parm{Name: "AACCEPT"}, Parm{Name: "NAME"}))
	if want := bodyOf(t, "8700012e01"+"8700000701"); !bytes.Equal(body, want) {
		t.Errorf("got  %X\nwant %X", body, want)
	}
}

func TestDecoderReadsBothPageHabits(t *testing.T) {
	t.Parallel()
	want := doc(Characteristic{Type: "APPLICATION", Parms: []Parm{set("APPID", "w2"), set("TO-NAPID", "N1"), {Name: "INTERNET"}}})
	for name, text := range map[string]string{
		"back to page 0": "030b6a00c54503312e310001c60001550187360000060377320001872206034e310001871401" + "0101",
		"stay on page 1": "030b6a00c54503312e310001c6000155018736060377320001872206034e310001871401" + "0101",
	} {
		got, err := ParseWBXML(unhex(t, text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.XML() != want.XML() {
			t.Errorf("%s: got %s", name, got.XML())
		}
	}
}

func TestDecoderJoinsPiecesOfAValue(t *testing.T) {
	t.Parallel()
	for name, parms := range map[string]string{
		"token and string":  "8728" + "06" + "85" + "03563600" + "01",
		"entity in between": "8728" + "06" + "0349505600" + "0234" + "03563600" + "01",
	} {
		d, err := ParseWBXML(bodyOf(t, parms))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := *d.Children[0].Parms[0].Value; got != "IPV4V6" {
			t.Errorf("%s: %q", name, got)
		}
	}
	d, err := ParseWBXML(bodyOf(t, "87000133060001"+"919200"+"00"+"01"))
	if err != nil || *d.Children[0].Parms[0].Value != "HTTP-BASIC" {
		t.Errorf("page 1 tokens: %v %v", d.Children, err)
	}
}

func TestDecoderReadsPublicIdentifierFromStringTable(t *testing.T) {
	t.Parallel()
	table := publicIDText + "\x00"
	body := append([]byte{3, 0, 0, 0x6A, byte(len(table))}, table...)
	body = append(body, unhex(t, "45c65501"+"0101")...)
	d, err := ParseWBXML(body)
	if err != nil || d.Version != "" || d.Children[0].Type != "NAPDEF" {
		t.Fatalf("%v %v", d, err)
	}
}

func TestDecoderRefuses(t *testing.T) {
	t.Parallel()
	const head = "030b6a00"
	for name, text := range map[string]string{
		"nothing":                     "",
		"header alone":                head,
		"version 0":                   "000b6a00c5460186c6550101",
		"SyncML":                      "03016a00c54601c6550101" + "01",
		"Shift JIS":                   "030b1100c54601c6550101" + "01",
		"version 1.4":                 "040b6a0045c6550101" + "01",
		"string table beyond the end": "030b6a7f",
		"number of 33 bits":           "030b6a9080808000",
		"number of six octets":        "030b6a808080808000",
		"text before the root":        head + "0320" + "0045c655010101",
		"words between elements":      head + "45032041" + "00c655010101",
		"unknown root":                head + "48c655010101",
		"unknown tag in a parm":       head + "45c65501c7140108010101" + "01",
		"unknown tag not closed":      head + "4548",
		"literal of another name":     head[:6] + "027800" + "4504000101",
		"literal attribute":           head[:6] + "027800" + "45c604000301" + "010101",
		"literal beyond the table":    head + "4504000101",
		"LITERAL_A in attributes":     head[:6] + "027800" + "45c65584000101" + "01",
		"too many unknown attributes": head + "45c655018707063f3e0101" + "01",
		"unknown attribute of a type": head + "45c6555e010101",
		"EXT_I_0 in content":          head + "4540410001",
		"EXT_T_0 in content":          head + "45800001",
		"EXT_2 in content":            head + "45c2c655010101",
		"opaque in content":           head + "45c30141c655010101",
		"EXT_I_1 in attributes":       head + "45c65541410001" + "0101",
		"octet after the document":    head + "45c655010101" + "45",
		"PI not closed":               head + "45c655010101" + "43",
		"no characteristic":           head + "c5460101",
		"root without content":        head + "854601",
		"root twice":                  head + "45c6550145" + "010101",
		"octets after the document":   head + "45c65501010100",
		"END first":                   head + "01",
		"no end":                      head + "45c65501",
		"parm in the root":            head + "45871401" + "01",
		"parm with an element":        head + "45c65501c71401c6550101010101",
		"root on page 1":              head + "000145c655010101",
		"characteristic without type": head + "454601",
		"parm without name":           head + "45c6550187060301" + "000101" + "01",
		"type on parm":                head + "45c6550187550101" + "01",
		"name twice":                  head + "45c655018707070101" + "01",
		"three attributes":            head + "45c65501870706070101" + "01",
		"value before attribute":      head + "45c655018785070101" + "01",
		"string without end":          head + "45c6550187070603414141",
		"no such offset":              head + "45c6550187070683050101" + "01",
		"candidate of 2002":           head + "45c655018700013306800101" + "01",
		"opaque data":                 head + "45c65501870706c301410101" + "01",
		"control character":           head + "45c6550187070603410a00010101",
		"not UTF-8":                   head + "45c6550187070603ff00010101",
		"surrogate as entity":         head + "45c65501870706028" + "3b000" + "010101",
		"empty name":                  head + "45c6550187050300" + "010101",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d, err := ParseWBXML(unhex(t, text)); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %v, %v", d, err)
			}
		})
	}
}

func TestRefusedExtensionsAreNamed(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{"40": "EXT_I_0", "42": "EXT_I_2", "81": "EXT_T_1", "c1": "EXT_1", "c3": "OPAQUE"} {
		if _, err := ParseWBXML(unhex(t, "030b6a0045"+token)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", token, err, want)
		}
	}
}

func TestDecoderRefusesEveryTruncation(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		for _, text := range v.WBXML {
			body := unhex(t, text)
			for n := range body {
				if _, err := ParseWBXML(body[:n]); !errors.Is(err, ErrMalformed) {
					t.Fatalf("%s cut to %d octets: %v", v.ID, n, err)
				}
			}
		}
	}
}

func TestStringTableCannotInflate(t *testing.T) {
	t.Parallel()
	table := strings.Repeat("A", 2000) + "\x00"
	body := append([]byte{3, 0x0B, 0x6A, byte(0x80 | len(table)>>7), byte(len(table) & 0x7F)}, table...)
	body = append(body, unhex(t, "45c65501")...)
	for range 100 {
		body = append(body, unhex(t, "870706830001")...)
	}
	body = append(body, 1, 1)
	if _, err := ParseWBXML(body); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "octets of text") {
		t.Errorf("got %v", err)
	}
}

func nested(depth int) Document {
	c := Characteristic{Type: "A"}
	for range depth - 1 {
		c = Characteristic{Type: "A", Children: []Characteristic{c}}
	}
	return doc(c)
}

func TestDepthLimitHoldsOnEveryWay(t *testing.T) {
	t.Parallel()
	sameTree(t, nested(MaxDepth))
	deep := nested(MaxDepth + 1)
	if b, err := deep.AppendWBXML([]byte("x")); !errors.Is(err, ErrMalformed) || string(b) != "x" {
		t.Errorf("write: %q %v", b, err)
	}
	if _, err := ParseXML([]byte(deep.XML())); !errors.Is(err, ErrMalformed) {
		t.Errorf("XML: %v", err)
	}
	body := append(unhex(t, "030b6a0045"), bytes.Repeat(unhex(t, "c65501"), MaxDepth+1)...)
	body = append(body, bytes.Repeat([]byte{1}, MaxDepth+2)...)
	if _, err := ParseWBXML(body); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "deeper") {
		t.Errorf("WBXML: %v", err)
	}
}

func TestSizeLimit(t *testing.T) {
	t.Parallel()
	overhead := len(sameTree(t, napWith(set("NAME", ""))))
	sameTree(t, napWith(set("NAME", strings.Repeat("x", MaxBody-overhead))))
	if _, err := napWith(set("NAME", strings.Repeat("x", MaxBody-overhead+1))).AppendWBXML(nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("write: %v", err)
	}
	if _, err := ParseWBXML(make([]byte, MaxBody+1)); !errors.Is(err, ErrMalformed) {
		t.Errorf("read: %v", err)
	}
	if _, err := ParseXML(make([]byte, maxXML+1)); !errors.Is(err, ErrMalformed) {
		t.Errorf("XML: %v", err)
	}
}

func TestEncoderRefuses(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]Document{
		"nothing":                {},
		"NUL":                    napWith(set("NAME", "a\x00b")),
		"newline":                napWith(set("NAME", "a\nb")),
		"not UTF-8":              napWith(set("NAME", "\xff")),
		"no XML character":       napWith(set("NAME", "\uFFFE")),
		"control in a name":      napWith(set("NA\x01ME", "")),
		"control in a type":      doc(Characteristic{Type: "\t"}),
		"control in the version": {Version: "\x7f", Children: []Characteristic{{Type: "NAPDEF"}}},
		"no name":                napWith(Parm{}),
		"no type":                doc(Characteristic{}),
	} {
		if _, err := d.AppendWBXML(nil); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What some clients refuse is written all the same: package content tells of it.
	sameTree(t, napWith(set("NAPID", strings.Repeat("N", 17)), set("PROXY-ID", ""), set("TO-NAPID", "é"), set("PHYSICAL-PROXY-ID", "a b")))
}

func TestErrorsDoNotQuotePasswords(t *testing.T) {
	t.Parallel()
	_, err := napWith(set("AUTHSECRET", "hunter2\n")).AppendWBXML(nil)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestParseXML(t *testing.T) {
	t.Parallel()
	const open, end = `<wap-provisioningdoc>`, `</wap-provisioningdoc>`
	d, err := ParseXML([]byte(open + `<!-- c --><characteristic type="A&amp;amp;B"><parm name="N" value=""/></characteristic>` + end))
	if err != nil || d.Children[0].Type != "A&amp;B" || *d.Children[0].Parms[0].Value != "" {
		t.Fatalf("%v %v", d, err)
	}
	for _, text := range []string{
		"\uFEFF" + open + `<characteristic type="Größe"/>` + end,
		`<?xml version="1.0" encoding="ISO-8859-1"?>` + open + "<characteristic type=\"Gr\xf6\xdfe\"/>" + end,
	} {
		if d, err := ParseXML([]byte(text)); err != nil || d.Children[0].Type != "Größe" {
			t.Errorf("%v %v", d, err)
		}
	}
	for name, text := range map[string]string{
		"nothing":           "",
		"no characteristic": open + end,
		"not closed":        open + `<characteristic type="A">`,
		"text":              open + "x" + end,
		"unknown element":   open + "<x/>" + end,
		"unknown attribute": open + `<characteristic type="A" x="y"/>` + end,
		"attribute twice":   open + `<characteristic type="A" type="B"/>` + end,
		"namespace":         open + `<characteristic xmlns:q="q" type="A" q:x="y"/>` + end,
		"two roots":         open + `<characteristic type="A"/>` + end + open + end,
		"newline in value":  open + `<characteristic type="&#10;"/>` + end,
		"unknown entity":    open + `<characteristic type="&x;"/>` + end,
		"UTF-16":            `<?xml version="1.0" encoding="UTF-16"?>` + open + `<characteristic type="A"/>` + end,
	} {
		if d, err := ParseXML([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v %v", name, d, err)
		}
	}
}

// everyWord holds the words of the tables, sorted so that a failure repeats.
func everyWord() (names, types, values []string) {
	for page := range 2 {
		for _, s := range nameTokens[page] {
			if s != "" {
				names = append(names, s)
			}
		}
		for _, s := range typeTokens[page] {
			if s != "" {
				types = append(types, s)
			}
		}
		for _, s := range valueTokens[page] {
			if s != "" {
				values = append(values, s)
			}
		}
	}
	slices.Sort(names)
	slices.Sort(types)
	slices.Sort(values)
	return names, types, values
}

func TestEveryTokenReadsAsItsWord(t *testing.T) {
	t.Parallel()
	for page := range byte(2) {
		for token, want := range nameTokens[page] {
			if want == "" {
				continue
			}
			d, err := ParseWBXML(bodyOf(t, fmt.Sprintf("8700%02x%02x01", page, token)))
			if err != nil || d.Children[0].Parms[0].Name != want {
				t.Errorf("page %d name %02X: %v %v", page, token, d.Children, err)
			}
		}
		for token, want := range typeTokens[page] {
			if want == "" {
				continue
			}
			d, err := ParseWBXML(unhex(t, fmt.Sprintf("030b6a00458600%02x%02x0101", page, token)))
			if err != nil || d.Children[0].Type != want {
				t.Errorf("page %d type %02X: %v %v", page, token, d.Children, err)
			}
		}
		for token, want := range valueTokens[page] {
			if want == "" {
				continue
			}
			d, err := ParseWBXML(bodyOf(t, fmt.Sprintf("87070600%02x%02x01", page, token)))
			if err != nil || *d.Children[0].Parms[0].Value != want {
				t.Errorf("page %d value %02X: %v %v", page, token, d.Children, err)
			}
		}
	}
}

func TestAnyDocumentSurvives(t *testing.T) {
	t.Parallel()
	names, types, values := everyWord()
	text := rapid.StringOfN(rapid.RuneFrom([]rune("aZ0 <>&\"',é移🛰+/.-")), 1, 16, 16)
	ident := rapid.StringMatching(`[!-~]{1,16}`)
	parm := rapid.Custom(func(t *rapid.T) Parm {
		p := Parm{Name: rapid.OneOf(rapid.SampledFrom(names), text).Draw(t, "name")}
		switch p.Name {
		case "NAPID", "PROXY-ID", "PHYSICAL-PROXY-ID", "TO-NAPID", "TO-PROXY":
			return set(p.Name, ident.Draw(t, "id"))
		}
		if rapid.Bool().Draw(t, "flag") {
			return p
		}
		return set(p.Name, rapid.OneOf(rapid.SampledFrom(values), text, rapid.Just("")).Draw(t, "value"))
	})
	var char func(depth int) *rapid.Generator[Characteristic]
	char = func(depth int) *rapid.Generator[Characteristic] {
		return rapid.Custom(func(t *rapid.T) Characteristic {
			c := Characteristic{Type: rapid.OneOf(rapid.SampledFrom(types), text).Draw(t, "type")}
			for range rapid.IntRange(0, 4).Draw(t, "parms") {
				c.Parms = append(c.Parms, parm.Draw(t, "parm"))
			}
			if depth < 4 {
				for range rapid.IntRange(0, 2).Draw(t, "children") {
					c.Children = append(c.Children, char(depth+1).Draw(t, "child"))
				}
			}
			return c
		})
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := Document{Version: rapid.SampledFrom([]string{"", "1.0", "1.1"}).Draw(rt, "version")}
		d.Children = rapid.SliceOfN(char(1), 1, 3).Draw(rt, "root")
		body, err := d.AppendWBXML(nil)
		if err != nil {
			rt.Fatal(err)
		}
		for name, parse := range map[string]func() (Document, error){
			"WBXML": func() (Document, error) { return ParseWBXML(body) },
			"XML":   func() (Document, error) { return ParseXML([]byte(d.XML())) },
		} {
			got, err := parse()
			if err != nil || got.XML() != d.XML() {
				rt.Fatalf("%s: %v\n%s\n%s", name, err, d.XML(), got.XML())
			}
		}
	})
}
