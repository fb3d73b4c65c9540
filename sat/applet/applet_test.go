package applet_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/applet"
)

func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// template is a sound one; change makes it what a test needs.
func template(change func(*applet.Template)) applet.Template {
	t := applet.Template{
		TAR: "b00fe1", Format: "expanded", APDU: []string{"80E2 9000 0B 01 ${slot} 08 ${imsi:bcd}"},
		Expect: []string{"9000", "91xx"}, Refresh: "card",
		ReadBack: []string{"80CA 0001 00"}, ReadBackExpect: "02 ${slot} ${imsi}",
	}
	if change != nil {
		change(&t)
	}
	return t
}

func compile(t testing.TB, change func(*applet.Template)) *applet.Applet {
	t.Helper()
	a, err := template(change).Compile()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var (
	home  = applet.Values{"slot": "1", "imsi": "999700000000017", "timer": "300"}
	local = applet.Values{"slot": "2", "imsi": "724680000000042", "timer": "300", "mcc": "724", "iccid": "8955680000000000421"}
)

func text(cs []sat.Command) string {
	var s []string
	for _, c := range cs {
		s = append(s, c.String())
	}
	return strings.Join(s, "|")
}

func TestCommandsOfASwitch(t *testing.T) {
	t.Parallel()
	a := compile(t, nil)
	if a.TAR != [3]byte{0xB0, 0x0F, 0xE1} || a.ReadBackTAR != a.TAR || a.Format != "expanded" || a.ReadBackFormat != "expanded" || a.Refresh != "card" {
		t.Errorf("applet = %+v", a)
	}
	cs, err := a.Switch(local)
	if got, want := text(cs), "80E2 9000 0B 01020827640800000040F2"; err != nil || got != want {
		t.Errorf("switch = %s, %v; want %s", got, err, want)
	}
	cs, err = a.ReadBack(nil)
	if got := text(cs); err != nil || got != "80CA 0001 00" {
		t.Errorf("read-back = %s, %v", got, err)
	}
	if diff := cmp.Diff([]string{"slot", "imsi"}, a.Needs()); diff != "" {
		t.Errorf("Needs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"slot", "imsi"}, a.Reads()); diff != "" {
		t.Errorf("Reads (-want +got):\n%s", diff)
	}
}

func TestEveryPlaceholderHasItsCoding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ apdu, want string }{
		{"8010 ${slot} 00", "8010 0200"},
		{"8010 00 ${slot} 00", "8010 0002 00"},
		{"8010 ${timer:2}", "8010 012C"},
		{"80100000 09 ${imsi}", "8010 0000 09 087942860000000024"},
		{"80100000 08 ${imsi:bcd}", "8010 0000 08 27640800000040F2"},
		{"80100000 0f ${imsi:ascii}", "8010 0000 0F 373234363830303030303030303432"},
		{"80100000 0A ${iccid} 00", "8010 0000 0A 985586000000000024F1 00"},
		{"80100000 02 ${mcc}", "8010 0000 02 27F4"},
		{"80100000 03 ${mcc:ascii}", "8010 0000 03 373234"},
		{"80100000 02 ${timer:2}", "8010 0000 02 012C"},
		{"80100000 04 ${timer:4}", "8010 0000 04 0000012C"},
		{"80100000 05 ${slot}${timer:3}${slot}", "8010 0000 05 0200012C02"},
	} {
		a, err := template(func(t *applet.Template) { t.APDU = []string{c.apdu} }).Compile()
		if err != nil {
			t.Errorf("%s: %v", c.apdu, err)
			continue
		}
		cs, err := a.Switch(local)
		if got := text(cs); err != nil || got != c.want {
			t.Errorf("%s made %s, %v; want %s", c.apdu, got, err, c.want)
		}
	}
}

func TestSeveralCommandsAndAnotherTARForTheReadBack(t *testing.T) {
	t.Parallel()
	a := compile(t, func(t *applet.Template) {
		t.Format, t.APDU = "compact", []string{"80100000 01 ${slot}", "80200000 02 ${timer:2} 00"}
		t.ReadBackTAR, t.ReadBackFormat = "B00011", "expanded"
		t.ReadBack, t.ReadBackExpect = []string{"00A40004026F07", "00B0000009"}, "${imsi}"
	})
	cs, err := a.Switch(local)
	if got, want := text(cs), "8010 0000 01 02|8020 0000 02 012C 00"; err != nil || got != want {
		t.Errorf("switch = %s, %v; want %s", got, err, want)
	}
	cs, err = a.ReadBack(nil)
	if got, want := text(cs), "00A4 0004 02 6F07|00B0 0000 09"; err != nil || got != want {
		t.Errorf("read-back = %s, %v; want %s", got, err, want)
	}
	if a.ReadBackTAR != [3]byte{0xB0, 0x00, 0x11} || a.ReadBackFormat != "expanded" {
		t.Errorf("read-back goes to %X in %s", a.ReadBackTAR, a.ReadBackFormat)
	}
	if got := a.Decide(octets(t, "087942860000000024"), local, home); got != applet.Switched {
		t.Errorf("Decide = %v", got)
	}
}

func TestTemplatesAreCheckedWhenTheyAreLoaded(t *testing.T) {
	t.Parallel()
	apdu := func(s ...string) func(*applet.Template) { return func(t *applet.Template) { t.APDU = s } }
	answer := func(s string) func(*applet.Template) { return func(t *applet.Template) { t.ReadBackExpect = s } }
	expect := func(s ...string) func(*applet.Template) { return func(t *applet.Template) { t.Expect = s } }
	for name, c := range map[string]struct {
		change      func(*applet.Template)
		field, want string
	}{
		"short TAR":              {func(t *applet.Template) { t.TAR = "b00f" }, "tar", `"b00f"`},
		"TAR of words":           {func(t *applet.Template) { t.TAR = "usimfm" }, "tar", `"usimfm"`},
		"format":                 {func(t *applet.Template) { t.Format = "json" }, "format", `"json"`},
		"refresh":                {func(t *applet.Template) { t.Refresh = "" }, "refresh", `""`},
		"refresh and compact":    {func(t *applet.Template) { t.Refresh, t.Format = "immediate", "compact" }, "refresh", "expanded"},
		"no command":             {apdu(), "apdu", "missing"},
		"empty command":          {apdu(""), "apdu", "command 1"},
		"odd hex":                {apdu("80100000 01 0"), "apdu", "no hex"},
		"odd before placeholder": {apdu("80100000 02 0${slot}1"), "apdu", "no hex"},
		"words":                  {apdu("switch now"), "apdu", "no hex"},
		"unknown placeholder":    {apdu("80100000 01 ${slots}"), "apdu", "${slots}"},
		"unknown coding":         {apdu("80100000 01 ${slot:bcd}"), "apdu", "${slot:bcd}"},
		"timer without length":   {apdu("80100000 01 ${timer}"), "apdu", "${timer}"},
		"open brace":             {apdu("80100000 01 ${slot"), "apdu", "closing brace"},
		"no name":                {apdu("80100000 01 ${}"), "apdu", "no name"},
		"lone dollar":            {apdu("80100000 01 $slot"), "apdu", "no hex"},
		"Lc too high":            {apdu("80100000 03 ${slot}"), "apdu", "Lc 3"},
		"Lc too low by two":      {apdu("80100000 08 01 ${imsi}"), "apdu", "Lc 8"},
		"Lc too low by one":      {apdu("80100000 08 ${imsi}"), "apdu", "${imsi} stands after the data, Lc is 8"},
		"class from a value":     {apdu("${slot}100000"), "apdu", "octet 1"},
		"code from a value":      {apdu("80${slot}0000"), "apdu", "octet 2"},
		"Lc from a value":        {apdu("80100000 ${slot} 01"), "apdu", "octet 5"},
		"Lc inside a value":      {apdu("801000 ${timer:4} 0000"), "apdu", "octet 4"},
		"Le from a value":        {apdu("80100000 01 01 ${slot}"), "apdu", "stands after the data"},
		"too long":               {apdu("80100000 FF" + strings.Repeat("00", 300)), "apdu", "261"},
		"second command":         {apdu("80100000 01 ${slot}", "8010"), "apdu", "command 2"},
		"Le in the middle":       {func(t *applet.Template) { t.Format, t.APDU = "compact", []string{"80CA000000", "80100000"} }, "apdu", "only the last"},
		"expects placeholders":   {expect("${slot}9000"), "expect", "no place here"},
		"expects nonsense":       {expect("9000", "90(00"), "expect", "90(00"},
		"expects anything":       {expect(".*"), "expect", "6F00"},
		"expects any status":     {expect("xxxx"), "expect", "6F00"},
		"expects one octet":      {expect("90"), "expect", `"90" fits no answer`},
		"expects half an octet":  {expect("9000", "900"), "expect", `"900" fits no answer`},
		"expects odd answers":    {expect("(..)*.900."), "expect", "fits no answer"},
		"expects no hex":         {expect("9000", "zzzz"), "expect", `"zzzz" fits no answer`},
		"expects blanks":         {expect("90 00"), "expect", "fits no answer"},
		"closes the group":       {expect("9000)|(.*"), "expect", "9000)|(.*"},
		"no read-back":           {func(t *applet.Template) { t.ReadBack = nil }, "read_back", "missing"},
		"bad read-back":          {func(t *applet.Template) { t.ReadBack = []string{"80CA"} }, "read_back", "80CA"},
		"read-back TAR":          {func(t *applet.Template) { t.ReadBackTAR = "B0" }, "read_back_tar", `"B0"`},
		"read-back format":       {func(t *applet.Template) { t.ReadBackFormat = "B0" }, "read_back_format", `"B0"`},
		"no pattern":             {answer(""), "read_back_expect", "none of"},
		"pattern proves nothing": {answer("02.*"), "read_back_expect", "none of"},
		"pattern of a country":   {answer("02${mcc}"), "read_back_expect", "none of"},
		"read twice":             {answer("${imsi}${imsi:bcd}"), "read_back_expect", "read twice"},
		"pattern open":           {answer("${imsi"), "read_back_expect", "closing brace"},
		"pattern unknown":        {answer("${number}"), "read_back_expect", "${number}"},
		"bad expression":         {answer("(${imsi}"), "read_back_expect", "missing closing"},
		"escaped":                {answer(`(\${slot}`), "read_back_expect", "quoted"},
		"quoted":                 {answer(`\Q${slot}\E`), "read_back_expect", "quoted"},
		"name taken":             {answer("(?P<imsi>..)${imsi}"), "read_back_expect", "no names here"},
	} {
		_, err := template(c.change).Compile()
		var f *applet.FieldError
		if !errors.As(err, &f) {
			t.Errorf("%s: %v, want a FieldError", name, err)
			continue
		}
		if f.Field != c.field || !strings.Contains(f.Error(), c.want) || f.Unwrap() == nil {
			t.Errorf("%s: %q in field %s, want %q in %s", name, f, f.Field, c.want, c.field)
		}
	}
	_, err := applet.Template{}.Compile()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 6 {
		t.Errorf("an empty template: %v, want six problems", err)
	}
}

func TestValuesThatAreMissingOrDoNotFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		apdu string
		v    applet.Values
		want string
	}{
		"no slot":          {"80100000 01 ${slot}", applet.Values{"imsi": "1"}, `no value for ${slot}: give "slot"`},
		"slot 256":         {"80100000 01 ${slot}", applet.Values{"slot": "256"}, `"256"`},
		"slot -1":          {"80100000 01 ${slot}", applet.Values{"slot": "-1"}, `"-1"`},
		"slot 02":          {"80100000 01 ${slot}", applet.Values{"slot": "02"}, `"02"`},
		"empty slot":       {"80100000 01 ${slot}", applet.Values{"slot": ""}, `""`},
		"timer too high":   {"80100000 02 ${timer:2}", applet.Values{"timer": "65536"}, `"65536"`},
		"timer far above":  {"80100000 04 ${timer:4}", applet.Values{"timer": "18446744073709551616"}, "18446744073709551616"},
		"IMSI too short":   {"80100000 09 ${imsi}", applet.Values{"imsi": "72468"}, `IMSI "72468" of 5 digits: want 6 to 15`},
		"IMSI too long":    {"80100000 08 ${imsi:bcd}", applet.Values{"imsi": "7246800000000420"}, "16 digits"},
		"IMSI not 15":      {"80100000 0F ${imsi:ascii}", applet.Values{"imsi": "72468000000004"}, "14 digits: want 15"},
		"IMSI of letters":  {"80100000 09 ${imsi}", applet.Values{"imsi": "72468A00000004"}, "digits only"},
		"MCC of two":       {"80100000 02 ${mcc}", applet.Values{"mcc": "72"}, `MCC "72"`},
		"ICCID of fifteen": {"80100000 0A ${iccid}", applet.Values{"iccid": "895568000000000"}, "15 digits: want 18 to 20"},
	} {
		a := compile(t, func(t *applet.Template) { t.APDU = []string{c.apdu} })
		cs, err := a.Switch(c.v)
		var f *applet.FieldError
		if !errors.As(err, &f) || f.Field != "apdu" || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: made %v, %v; want %s", name, cs, err, c.want)
		}
	}
	a := compile(t, func(t *applet.Template) { t.ReadBack = []string{"80CA00 ${slot} 00"} })
	if cs, err := a.ReadBack(nil); err == nil {
		t.Errorf("read-back without slot: %v", cs)
	}
}

func TestAnswersToASwitch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		expect []string
		status sat.Status
		data   string
		ok     bool
	}{
		{[]string{"9000", "91xx"}, 0x9000, "", true},
		{[]string{"9000", "91xx"}, 0x9000, "010203", true},
		{[]string{"9000", "91xx"}, 0x910F, "", true},
		{[]string{"9000", "91xx"}, 0x9F10, "", false},
		{[]string{"9000"}, 0x6A80, "", false},
		{[]string{"9000"}, 0x6A80, "9000", false},
		{[]string{"9000"}, 0x0090, "00", false},
		{[]string{"0a..9000"}, 0x9000, "0AFF", true},
		{[]string{"0a..9000"}, 0x9000, "0BFF", false},
		{[]string{"0A9000|0B9000"}, 0x9000, "0B", true},
		{[]string{"0A9000|0B9000"}, 0x9000, "0C0B", false},
		{nil, 0x9000, "", true},
		{nil, 0x9110, "01", true},
		{nil, 0x6985, "", false},
	} {
		a := compile(t, func(t *applet.Template) { t.Expect = c.expect })
		err := a.Accepted(c.status, octets(t, c.data))
		if (err == nil) != c.ok || err != nil && !errors.Is(err, applet.ErrRefused) {
			t.Errorf("%q, answer %s %v: %v", c.expect, c.data, c.status, err)
		}
	}
	err := compile(t, nil).Accepted(0x6A80, []byte{1})
	want := "applet: refused by the applet: 6A80 wrong parameters in the data field (octets of data: 1); the template expects 9000 or 91xx"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestWhichIdentityIsInUse(t *testing.T) {
	t.Parallel()
	const localIMSI, homeIMSI = "087942860000000024", "089999070000000010 71"
	for _, c := range []struct {
		name, pattern, data string
		want                applet.Outcome
	}{
		{"new", "02${slot}${imsi}", "02 02" + localIMSI, applet.Switched},
		{"old", "02${slot}${imsi}", "02 01 08 99 99 07 00 00 00 00 71", applet.Before},
		{"new slot, old IMSI", "02${slot}${imsi}", "02 02 08 99 99 07 00 00 00 00 71", applet.Unclear},
		{"third", "02${slot}.*", "02 03", applet.Unclear},
		{"slot alone, new", "${slot}..", "02 FF", applet.Switched},
		{"slot alone, old", "${slot}..", "01 FF", applet.Before},
		{"does not fit", "02${slot}", "03 02", applet.Unclear},
		{"too long", "02${slot}", "02 02 00", applet.Unclear},
		{"empty", "02${slot}", "", applet.Unclear},
		{"text", "${imsi:ascii}", hex.EncodeToString([]byte("724680000000042")), applet.Switched},
		{"packed", "(?:..)* 08 ${imsi:bcd}", "FFFF 08 27640800000040F2", applet.Switched},
		{"no IMSI", "${imsi}", "FFFFFFFFFFFFFFFFFF", applet.Unclear},
		{"between octets", ".*0${slot}.", "F0 02 F0", applet.Unclear},
		{"ICCID that old does not name", "${iccid}", "985586000000000024F1", applet.Switched},
		{"branch of the other", "01${slot}|02.*", "02 02", applet.Unclear},
		{"country too", "${mcc}${slot}", "27F4 01", applet.Before},
		{"bad country", "${mcc}${slot}", "AAAA 01", applet.Unclear},
	} {
		a := compile(t, func(t *applet.Template) { t.ReadBackExpect = c.pattern })
		if got := a.Decide(octets(t, c.data), local, home); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	a := compile(t, func(t *applet.Template) { t.ReadBackExpect = "${slot}" })
	if got := a.Decide([]byte{2}, local, local); got != applet.Unclear {
		t.Errorf("old and new are one: %v", got)
	}
	if got := a.Decide([]byte{2}, applet.Values{"imsi": "724680000000042"}, nil); got != applet.Unclear {
		t.Errorf("nothing to compare: %v", got)
	}
}

func TestIdentifyTellsWhatItReads(t *testing.T) {
	t.Parallel()
	a := compile(t, func(t *applet.Template) { t.ReadBackExpect = "02 ${slot} ${imsi} ${timer:2} .*" })
	got, err := a.Identify(octets(t, "02 07 087942860000000024 0E10 FFFF"))
	if diff := cmp.Diff(applet.Values{"slot": "7", "imsi": "724680000000042", "timer": "3600"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, s := range []string{"", "02", "02 07 017942860000000024 0E10", "02 07 087142860000000024 0E10", "02 07 087A42860000000024 0E10", "02 07 08F942860000000024 0E10", "02 07 08794286FF00000024 0E10"} {
		if got, err := a.Identify(octets(t, s)); !errors.Is(err, applet.ErrUnreadable) {
			t.Errorf("%s gave %v, %v", s, got, err)
		}
	}
}

func TestAnswerIsPredictedWhereThePatternLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{"02 ${slot} ${imsi} ff": "0202087942860000000024FF", "${slot}": "02", "02${slot}.*": "", "02|${slot}": "", "0(2)${slot}": ""} {
		a := compile(t, func(t *applet.Template) { t.ReadBackExpect = pattern })
		b, ok := a.Answer(local)
		if ok != (want != "") || ok && strings.ToUpper(hex.EncodeToString(b)) != want {
			t.Errorf("%s: %X, %t; want %s", pattern, b, ok, want)
		}
		if ok && a.Decide(b, local, home) != applet.Switched {
			t.Errorf("%s: the predicted answer %X is not recognised", pattern, b)
		}
	}
	if b, ok := compile(t, nil).Answer(applet.Values{"slot": "1"}); ok {
		t.Errorf("without IMSI: %X", b)
	}
}

func TestOutcomesInWords(t *testing.T) {
	t.Parallel()
	for o, want := range map[applet.Outcome]string{
		applet.Switched: "the new identity is in use", applet.Before: "the old identity is in use: not switched, or undone by the card",
		applet.Unclear: "unclear which identity is in use",
	} {
		if got := o.String(); got != want {
			t.Errorf("%d = %q", o, got)
		}
	}
}

func TestTemplateKeepsItsFieldNames(t *testing.T) {
	t.Parallel()
	want := template(func(t *applet.Template) { t.ReadBackTAR, t.ReadBackFormat = "b00011", "compact" })
	var got applet.Template
	const text = `{"tar": "b00fe1", "format": "expanded", "apdu": ["80E2 9000 0B 01 ${slot} 08 ${imsi:bcd}"], "expect": ["9000", "91xx"], "refresh": "card",
		"read_back": ["80CA 0001 00"], "read_back_tar": "b00011", "read_back_format": "compact", "read_back_expect": "02 ${slot} ${imsi}"}`
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("template (-want +got):\n%s", diff)
	}
}

// What a template writes, the same placeholders read back.
func TestRoundTripOfEveryCoding(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"slot", "imsi", "imsi:bcd", "imsi:ascii", "iccid"} {
		a := compile(t, func(t *applet.Template) { t.ReadBackExpect = "AA ${" + key + "} ${mcc} ${timer:4}" })
		rapid.Check(t, func(t *rapid.T) {
			v := applet.Values{
				"slot": rapid.StringMatching(`[1-9][0-9]?`).Draw(t, "slot"), "mcc": rapid.StringMatching(`[0-9]{3}`).Draw(t, "mcc"),
				"imsi": rapid.StringMatching(`[0-9]{6,15}`).Draw(t, "imsi"), "iccid": rapid.StringMatching(`[0-9]{18,20}`).Draw(t, "iccid"),
				"timer": rapid.StringMatching(`[1-3][0-9]{0,9}`).Draw(t, "timer"),
			}
			if key == "imsi:ascii" {
				v["imsi"] = rapid.StringMatching(`[0-9]{15}`).Draw(t, "imsi")
			}
			b, ok := a.Answer(v)
			if !ok {
				t.Fatalf("no answer for %v", v)
			}
			got, err := a.Identify(b)
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(key, ":")
			want := applet.Values{name: v[name], "mcc": v["mcc"], "timer": v["timer"]}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%X (-want +got):\n%s", b, diff)
			}
		})
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("80E2 9000 0B 01 ${slot} 08 ${imsi:bcd}", "91xx", "02 ${slot} ${imsi}", []byte{2, 2})
	f.Add("8010 ${timer:2}", "0a..9000", "(?:..)* ${imsi:ascii}", []byte("724680000000042"))
	f.Add("80100000 0A ${iccid} 00", "9000", "${iccid} | ${slot} .*", []byte{0x98, 0x55})
	f.Fuzz(func(t *testing.T, apdu, expect, answer string, data []byte) {
		a, err := template(func(t *applet.Template) {
			t.APDU, t.Expect, t.ReadBackExpect = []string{apdu}, []string{expect}, answer
		}).Compile()
		if err != nil {
			if !strings.HasPrefix(err.Error(), "applet: ") {
				t.Fatalf("error without package: %v", err)
			}
			return
		}
		cs, err := a.Switch(local)
		if err != nil {
			t.Fatalf("%q passed the check, but values that are all there do not fit: %v", apdu, err)
		}
		other, err := a.Switch(applet.Values{"slot": "255", "imsi": "000000000000000", "iccid": "00000000000000000000", "mcc": "000", "timer": "0"})
		if err != nil || len(cs[0].Data) != len(other[0].Data) || cs[0].Le != other[0].Le {
			t.Fatalf("%q: values change the form: %v and %v, %v", apdu, cs[0], other, err)
		}
		if err := a.Accepted(0x6F00, nil); !errors.Is(err, applet.ErrRefused) {
			t.Fatalf("%q accepts a failure", expect)
		}
		if v, err := a.Identify(data); err == nil && len(v) > len(a.Reads()) {
			t.Fatalf("%q read %v", answer, v)
		}
		if b, ok := a.Answer(local); ok {
			if got := a.Decide(b, local, nil); got != applet.Switched {
				t.Fatalf("%q: predicted %X, which is %v", answer, b, got)
			}
		}
	})
}
