package cardfile

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/delimited"
	"github.com/simota/simota/catalog/vault"
)

// openSealer seals nothing: what it returns tells what it was given.
type openSealer struct{ err error }

func (s openSealer) Seal(aad string, key []byte) ([]byte, string, error) {
	return fmt.Appendf(nil, "%s=%X", aad, key), "cafe0001", s.err
}

func testOptions() Options {
	types := map[string]catalog.CardType{
		"sja5-aes": {Keys: catalog.KeyAlgorithms{KIc: "aes-128", KID: "aes-128", CCLength: 4}, InitialCounter: 1},
		"sja2":     {Keys: catalog.KeyAlgorithms{KIc: "3des-2", KID: "3des-2"}, InitialCounter: 7},
		"triple":   {Keys: catalog.KeyAlgorithms{KIc: "3des-3", KID: "AES-256"}},
		"broken":   {Keys: catalog.KeyAlgorithms{KIc: "des", KID: "aes-128"}},
	}
	euiccTypes(types)
	return Options{
		CardType:        func(name string) (catalog.CardType, bool) { t, ok := types[name]; return t, ok },
		Sealer:          openSealer{},
		DefaultType:     "sja5-aes",
		DefaultOperator: "nordvik",
	}
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "cards", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parseText(t *testing.T, text string) File {
	t.Helper()
	f, err := Parse(strings.NewReader(text), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const (
	iccid1 = "8999970000000000019"
	iccid2 = "8999970000000000027"
	keyA   = "404142434445464748494A4B4C4D4E4F"
	keyB   = "505152535455565758595A5B5C5D5E5F"
)

func TestDialectsOfOneFileReadAlike(t *testing.T) {
	t.Parallel()
	var want []catalog.Entry
	for _, name := range []string{"sysmocom.csv", "sysmocom-semicolon.csv", "sysmocom-numbers.csv"} {
		f, err := Parse(bytes.NewReader(sample(t, name)), testOptions())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(f.Bad) > 0 || len(f.Warnings) > 0 || len(f.Unknown) > 0 || f.Rows != 3 {
			t.Errorf("%s: %d rows, bad %v, warnings %v, unknown %v", name, f.Rows, f.Bad, f.Warnings, f.Unknown)
		}
		for i := range f.Entries {
			f.Entries[i].Line = 0 // title lines move them
		}
		if want == nil {
			want = f.Entries
		}
		if diff := cmp.Diff(want, f.Entries); diff != "" {
			t.Errorf("%s differs from sysmocom.csv:\n%s", name, diff)
		}
	}
	if len(want) != 3 || len(want[0].Keysets) != 3 {
		t.Errorf("got %d cards, want 3 with 3 keysets each", len(want))
	}
}

func TestFullRowGivesCardSubscriptionsAndKeys(t *testing.T) {
	t.Parallel()
	f := parseText(t, "Note,iccid,IMSI1,msisdn,Operator,IMSI2,MSISDN2,OPERATOR2,country,Card Type,IMEI,cp,TAGS,KIC2,KID2,KIK2,CNTR2,PIN1\n"+
		"x,"+iccid1+",999700000000001,4759000001,,999710000000001,+5511900000001,aurora,br,sja2,35693803564001,NONE,north; meter|north,"+
		keyA+","+keyB+","+strings.ToLower(keyA)+",1099511627775,1234\n")
	aad := func(kind, key string) []byte {
		return []byte(vault.AAD(iccid1, nil, 2, kind) + "=" + key)
	}
	kcvB, err := vault.CheckValue("3des-2", mustHex(t, keyB))
	if err != nil {
		t.Fatal(err)
	}
	want := File{Rows: 1, Unknown: []string{"Note"}, Entries: []catalog.Entry{{
		Line: 2,
		Card: catalog.Card{ICCID: iccid1, Type: "sja2", Country: "BR", Tags: []string{"meter", "north"}, IMEI: "35693803564001", NoCP: true},
		Subscriptions: []catalog.Subscription{
			{Slot: 1, IMSI: "999700000000001", MSISDN: "+4759000001", Operator: "nordvik"},
			{Slot: 2, IMSI: "999710000000001", MSISDN: "+5511900000001", Operator: "aurora"},
		},
		Keysets: []catalog.Keyset{{
			Version: 2, KIcAlg: "3des-2", KIDAlg: "3des-2", CCLength: 8, Counter: 1<<40 - 1, KEKID: "cafe0001",
			SealedKIc: aad("kic", keyA), SealedKID: aad("kid", keyB), SealedKIK: aad("kik", keyA),
			CheckValue: "8BAF47/" + kcvB,
		}},
	}}}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Error(diff)
	}
}

func mustHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSealedKeysOpenWithTheVault(t *testing.T) {
	t.Parallel()
	kek, err := vault.CreateKEK(filepath.Join(t.TempDir(), "kek"))
	if err != nil {
		t.Fatal(err)
	}
	opt, v := testOptions(), vault.New(kek)
	opt.Sealer = v
	f, err := Parse(strings.NewReader("ICCID,IMSI,KIC1,KID1\n"+iccid1+",999700000000001,"+keyA+","+keyB+"\n"), opt)
	if err != nil || len(f.Entries) != 1 {
		t.Fatalf("%v, %v", f.Bad, err)
	}
	k := f.Entries[0].Keysets[0]
	if k.SealedKIK != nil || k.Counter != 1 || k.CCLength != 4 {
		t.Errorf("KIK %d octets, counter %d, checksum %d; want none, the type's 1 and 4", len(k.SealedKIK), k.Counter, k.CCLength)
	}
	same := false
	err = v.Use(k.KEKID, k.SealedKID, vault.AAD(iccid1, nil, 1, "kid"), func(key []byte) error {
		same = bytes.Equal(key, mustHex(t, keyB))
		return nil
	})
	if err != nil || !same {
		t.Errorf("KID opened %v, %v", same, err)
	}
}

func TestBadCellsAreNamedWithoutTheirContent(t *testing.T) {
	t.Parallel()
	good := map[string]string{"ICCID": iccid1, "IMSI": "999700000000001", "KIC1": keyA, "KID1": keyB}
	for _, c := range []struct{ field, value, want string }{
		{"KIC1", keyA[:30], "line 2, KIC1: 30 hex digits, an AES key needs 32, 48 or 64 (value not shown)"},
		{"KIC1", keyA + keyA, "line 2, KIC1: 64 hex digits, but the card type says aes-128, which needs 32 (value not shown)"},
		{"KID1", "GG" + keyA[2:], "line 2, KID1: has characters that are no hex digits (value not shown)"},
		{"KID1", "5.05E+31", "line 2, KID1: has characters that are no hex digits (value not shown)"},
		{"KIK1", "0", "line 2, KIK1: 1 hex digits, an AES key needs 32, 48 or 64 (value not shown)"},
		{"KID1", "", "line 2, KID1: is missing, but the row has keys of version 1"},
		{"KIC1", "", "line 2, KIC1: is missing, but the row has keys of version 1"},
		{"KIK2", keyA, "line 2, KIC2: is missing, but the row has keys of version 2\nline 2, KID2: is missing, but the row has keys of version 2"},
		{"CNTR2", "5", "line 2, CNTR2: is there without KIC2 and KID2"},
		{"CNTR1", "1099511627776", "line 2, CNTR1: is no decimal number from 0 to 1099511627775"},
		{"CNTR1", "-1", "line 2, CNTR1: is no decimal number from 0 to 1099511627775"},
		{"CNTR1", "+1", "line 2, CNTR1: is no decimal number from 0 to 1099511627775"},
		{"CNTR1", "0000000041", "line 2, CNTR1: begins with 0, as hexadecimal counters do; write it in decimal without leading zeros"},
		{"ICCID", "", "line 2, ICCID: is missing"},
		{"ICCID", iccid1[:17], "line 2, ICCID: 17 digits, needs 18 to 20"},
		{"ICCID", "8.99997E+18", "line 2, ICCID: is in scientific notation: a spreadsheet has cut its digits; export the column as text"},
		{"ICCID", swapNibbles("8999970000000000018F"), "line 2, ICCID: has its nibbles swapped and is padded with F, and in right order its check digit is wrong (Luhn); write it as printed on the card"},
		{"IMSI", "", "line 2, IMSI: is missing"},
		{"IMSI", "9997", "line 2, IMSI: 4 digits, needs 6 to 15"},
		{"IMSI", keyA, "line 2, IMSI: character 22 is no digit (value not shown)"},
		{"MSISDN", "+123", "line 2, MSISDN: 3 digits, needs 5 to 15"},
		{"MSISDN", "+", "line 2, MSISDN: 0 digits, needs 5 to 15"},
		{"MSISDN", "004759000001", "line 2, MSISDN: begins with 0; write it in international form, +5511900000001"},
		{"MSISDN2", "4759000001", "line 2, IMSI2: is missing, but the row has MSISDN2"},
		{"IMSI2", "999710000000001", "line 2, OPERATOR2: is missing, and there is no default for it"},
		{"IMEI", "3569380356400", "line 2, IMEI: 13 digits, needs 14 to 16"},
		{"COUNTRY", "BRA", "line 2, COUNTRY: is no code of two letters (ISO 3166); write BR"},
		{"CP", "no", "line 2, CP: must be empty, or none for a device that takes no client provisioning"},
		{"CARD_TYPE", "sja9", `line 2, CARD_TYPE: there is no card type "sja9"`},
		{"CARD_TYPE", keyA, "line 2, CARD_TYPE: there is no card type (value not shown)"},
		{"CARD_TYPE", "broken", `line 2, CARD_TYPE: card type "broken": unknown key algorithm "des"`},
		{"OPERATOR", "nord\xffvik", "line 2, OPERATOR: is no text that can be shown (control characters, or not UTF-8)"},
		{"TAGS", "a\x1b[2J", "line 2, TAGS: is no text that can be shown (control characters, or not UTF-8)"},
	} {
		row := map[string]string{}
		for k, v := range good {
			row[k] = v
		}
		row[c.field] = c.value
		columns := []string{"ICCID", "IMSI", "MSISDN", "OPERATOR", "IMSI2", "MSISDN2", "OPERATOR2", "COUNTRY", "CARD_TYPE",
			"IMEI", "CP", "TAGS", "KIC1", "KID1", "KIK1", "CNTR1", "KIC2", "KID2", "KIK2", "CNTR2"}
		text := strings.Join(columns, ";") + "\n"
		for _, name := range columns {
			text += row[name] + ";"
		}
		f := parseText(t, text)
		var got []string
		for _, e := range f.Bad {
			got = append(got, e.Error())
		}
		if strings.Join(got, "\n") != c.want || len(f.Entries) != 0 || f.BadRows() != 1 {
			t.Errorf("%s %q: %d entries,\n got %s\nwant %s", c.field, c.value, len(f.Entries), strings.Join(got, "\n"), c.want)
		}
	}
}

func TestWeakOrMismatchedTripleDESKeysAreRefused(t *testing.T) {
	t.Parallel()
	k1, k2 := "4041424344454647", "505152535455565B"
	odd := "4140434245444746" // k1 with other parity bits
	aes := strings.Repeat(keyA, 2)
	for _, c := range []struct{ cardType, kic, kid, want string }{
		{"sja2", k1 + k2, k2 + k1, ""},
		{"sja2", k1 + odd, k2 + k1, "single DES"},
		{"sja2", k1 + k2, k1 + k1, "single DES"},
		{"sja2", (k1 + k2)[:30], k1 + k2, "30 hex digits, a 3DES key needs 32 or 48 (value not shown)"},
		{"sja2", k1 + k2 + k1, k1 + k2, "48 hex digits, but the card type says 3des-2, which needs 32 (value not shown)"},
		{"triple", k1 + k2 + k1, aes, ""},
		{"triple", k1 + k2 + k2, aes, "single DES"},
		{"triple", k1 + odd + k2, aes, "single DES"},
		{"triple", k1 + k2 + k1, keyA, "32 hex digits, but the card type says aes-256, which needs 64 (value not shown)"},
	} {
		f := parseText(t, "ICCID,IMSI,CARD_TYPE,KIC1,KID1\n"+iccid1+",999700000000001,"+c.cardType+","+c.kic+","+c.kid+"\n")
		switch {
		case c.want == "" && len(f.Bad) == 0 && len(f.Entries) == 1:
		case c.want != "" && len(f.Bad) == 1 && len(f.Entries) == 0 && strings.Contains(f.Bad[0].Message, c.want):
		default:
			t.Errorf("%s with keys of %d and %d digits: %v, want %q", c.cardType, len(c.kic), len(c.kid), f.Bad, c.want)
		}
	}
}

func TestOddICCIDsAreTakenWithAWarning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cell, iccid, warning string }{
		{iccid1, iccid1, ""},
		{iccid1[:18], iccid1[:18], ""},
		{iccid1 + "F", iccid1, "is padded with F; taken as " + iccid1},
		{swapNibbles(iccid1 + "f"), iccid1, "has its nibbles swapped and is padded with F; taken as " + iccid1},
		{swapNibbles(iccid1[:18]), iccid1[:18], "has its nibbles swapped; taken as " + iccid1[:18]},
		{iccid1[:18] + "8", iccid1[:18] + "8", "the check digit of " + iccid1[:18] + "8 is wrong (Luhn); is it as printed on the card?"},
		{`"=""` + iccid1 + `"""`, iccid1, ""},
		{`="` + iccid1 + `"`, iccid1, ""},
		{"'" + iccid1, iccid1, ""},
	} {
		f := parseText(t, "ICCID,IMSI,KIC1,KID1\n"+c.cell+",999700000000001,"+keyA+","+keyB+"\n")
		if len(f.Entries) != 1 || f.Entries[0].Card.ICCID != c.iccid {
			t.Errorf("%s: %v, bad %v; want %s", c.cell, f.Entries, f.Bad, c.iccid)
			continue
		}
		got := ""
		if len(f.Warnings) == 1 {
			got = f.Warnings[0].Message
		}
		if got != c.warning || len(f.Warnings) > 1 {
			t.Errorf("%s: warnings %v, want %q", c.cell, f.Warnings, c.warning)
		}
	}
}

func TestCardWithoutKeysIsTakenWithAWarning(t *testing.T) {
	t.Parallel()
	f := parseText(t, "ICCID,IMSI\n"+iccid1+",999700000000001\n")
	if len(f.Entries) != 1 || len(f.Entries[0].Keysets) != 0 || len(f.Warnings) != 1 || f.Warnings[0].Field != "KIC1" {
		t.Errorf("%+v", f)
	}
}

func TestEmptyCellsTakeTheDefaults(t *testing.T) {
	t.Parallel()
	const text = "ICCID,IMSI\n" + iccid1 + ",999700000000001\n"
	opt := testOptions()
	opt.DefaultCountry = "br"
	f, err := Parse(strings.NewReader(text), opt)
	if err != nil || len(f.Entries) != 1 {
		t.Fatalf("%v, %v", f.Bad, err)
	}
	if e := f.Entries[0]; e.Card.Country != "BR" || e.Card.Type != "sja5-aes" || e.Subscriptions[0].Operator != "nordvik" {
		t.Errorf("%+v", e)
	}
	opt.DefaultType, opt.DefaultOperator = "", ""
	if f, err = Parse(strings.NewReader(text), opt); err != nil {
		t.Fatal(err)
	}
	want := []RowError{
		{Line: 2, Field: "CARD_TYPE", Message: "is missing, and there is no default for it"},
		{Line: 2, Field: "OPERATOR", Message: "is missing, and there is no default for it"},
	}
	if diff := cmp.Diff(want, f.Bad); diff != "" {
		t.Error(diff)
	}
}

func TestDuplicatesNameTheEarlierLine(t *testing.T) {
	t.Parallel()
	f := parseText(t, "ICCID,IMSI,IMSI2,OPERATOR2\n\n"+
		iccid1+",999700000000001,,\n"+
		iccid1+"F,999700000000002,,\n"+
		iccid2+",999700000000003,999700000000001,aurora\n")
	want := []RowError{
		{Line: 4, Field: "ICCID", Message: "is already in line 3"},
		{Line: 5, Field: "IMSI2", Message: "is already in line 3"},
	}
	if diff := cmp.Diff(want, f.Bad); diff != "" || len(f.Entries) != 1 || f.Rows != 3 {
		t.Errorf("%d entries of %d rows\n%s", len(f.Entries), f.Rows, diff)
	}
}

func TestOneBadRowSpoilsNoOther(t *testing.T) {
	t.Parallel()
	f, err := Parse(bytes.NewReader(sample(t, "bad.csv")), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range f.Bad {
		got = append(got, fmt.Sprintf("%d %s", e.Line, e.Field))
	}
	want := []string{"5 KIC1", "6 IMSI", "7 ICCID", "8 KID1", "9 CARD_TYPE"}
	if diff := cmp.Diff(want, got); diff != "" || len(f.Entries) != 3 || f.Rows != 8 || f.BadRows() != 5 {
		t.Errorf("%d entries, %d bad rows of %d\n%s", len(f.Entries), f.BadRows(), f.Rows, diff)
	}
}

func TestSpoiledQuotesAndCellsAreErrorsOfTheirRow(t *testing.T) {
	t.Parallel()
	f := parseText(t, "ICCID,IMSI,TAGS\n"+
		iccid1+`,999700000000001,"open`+"\n"+
		iccid1+`,999700000000001,"a"b`+"\n"+
		iccid1+`,999700000000001,a,b`+"\n"+
		`"`+iccid2+`" , "999700000000002","say ""x"", y",`+"\n"+
		"123,1\n")
	var got []string
	for _, e := range f.Bad {
		got = append(got, e.Error())
	}
	want := []string{
		"line 2: has a quote in cell 3 that is not closed",
		"line 3: has text behind the quotes of cell 3",
		"line 4: has a cell 4, but the header has 3 columns: is there a separator inside of a value?",
		"line 6, ICCID: 3 digits, needs 18 to 20",
		"line 6, IMSI: 1 digits, needs 6 to 15",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(f.Entries) != 1 || !slices.Equal(f.Entries[0].Card.Tags, []string{`"x"`, "say", "y"}) {
		t.Errorf("entries %+v", f.Entries)
	}
}

func TestFilesThatAreNoneFailAsAWhole(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	for name, c := range map[string]struct {
		in   io.Reader
		want string
	}{
		"empty":        {strings.NewReader(""), "no header"},
		"no header":    {strings.NewReader(iccid1 + ",999700000000001\n"), "no header"},
		"late header":  {strings.NewReader(strings.Repeat("\n", delimited.TitleRows) + "ICCID\n"), "no header"},
		"spreadsheet":  {strings.NewReader("PK\x03\x04ICCID\n"), "spreadsheet"},
		"UTF-16":       {strings.NewReader("\xff\xfeI\x00C\x00\n"), "UTF-16"},
		"column twice": {strings.NewReader("ICCID,IMSI,imsi1\n"), "line 1: column IMSI is there twice"},
		"endless line": {strings.NewReader("ICCID\n\n" + strings.Repeat("1", delimited.MaxLine+1)), "line 3 has more than"},
		"read error":   {io.MultiReader(strings.NewReader("ICCID\n"), failing{broken}), "line 2: broken pipe"},
	} {
		if _, err := Parse(c.in, testOptions()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := Parse(strings.NewReader("ICCID\n"), Options{}); err == nil {
		t.Error("empty options passed")
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestSealerFailureEndsTheImport(t *testing.T) {
	t.Parallel()
	opt := testOptions()
	opt.Sealer = openSealer{vault.ErrNoKEK}
	_, err := Parse(bytes.NewReader(sample(t, "sysmocom.csv")), opt)
	if !errors.Is(err, vault.ErrNoKEK) {
		t.Errorf("got %v", err)
	}
}

func TestMergeOfTwoFilesEqualsOneFullFile(t *testing.T) {
	t.Parallel()
	full, err := Parse(bytes.NewReader(sample(t, "full.csv")), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	merged, err := Merge(bytes.NewReader(sample(t, "sysmocom.csv")), bytes.NewReader(sample(t, "details.csv")), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	for i := range merged.Entries {
		merged.Entries[i].Keysets = merged.Entries[i].Keysets[:1] // full.csv has version 1 only
	}
	if diff := cmp.Diff(full.Entries, merged.Entries); diff != "" || len(full.Entries) != 3 {
		t.Errorf("%d entries, bad %v\n%s", len(full.Entries), merged.Bad, diff)
	}
	if len(merged.Bad)+len(merged.Warnings) > 0 {
		t.Errorf("bad %v, warnings %v", merged.Bad, merged.Warnings)
	}
}

func TestMergeNeverLowersACounterAndRefusesContradictions(t *testing.T) {
	t.Parallel()
	head := "ICCID,IMSI,MSISDN,TAGS,KIC1,KID1,CNTR1\n"
	keys := keyA + "," + keyB
	first := head +
		iccid1 + ",999700000000001,+4759000001,b," + keys + ",50\n" +
		iccid2 + ",999700000000002,+4759000002,,," + ",\n"
	for _, c := range []struct {
		name, second, bad string
		counter           uint64
	}{
		{"lower counter", iccid1 + ",,,,,,40", "", 50},
		{"higher counter", iccid1 + ",,,,,,60", "", 60},
		{"bad counter", iccid1 + ",,,,,,x", "line 2 of the second file, CNTR1: is no decimal number from 0 to 1099511627775", 0},
		{"same in other form", iccid1 + "F,,4759000001,a," + strings.ToLower(keys) + ",", "", 50},
		{"other number", iccid1 + ",,+4759000009,,,,", "line 2 of the second file, MSISDN: differs from line 2 of the first file", 0},
		{"other key", iccid1 + ",,,," + keyB + ",,", "line 2 of the second file, KIC1: differs from line 2 of the first file", 0},
		{"unknown card", "8999970000000000035,,,,,,", "line 2 of the second file, ICCID: no card of the first file has it", 50},
		{"same card twice", iccid1 + ",,,,,,\n" + iccid1 + ",,,,,,60", "line 3 of the second file, ICCID: is already in line 2", 50},
		{"bad ICCID", "1,,,,,,", "line 2 of the second file, ICCID: 1 digits, needs 18 to 20", 50},
	} {
		f, err := Merge(strings.NewReader(first), strings.NewReader(head+c.second+"\n"), testOptions())
		if err != nil {
			t.Fatal(err)
		}
		var bad []string
		for _, e := range f.Bad {
			bad = append(bad, e.Error())
		}
		if got := strings.Join(bad, "\n"); got != c.bad {
			t.Errorf("%s: bad %q, want %q", c.name, got, c.bad)
		}
		var counter uint64
		if f.Entries[0].Card.ICCID == iccid1 {
			counter = f.Entries[0].Keysets[0].Counter
		}
		if counter != c.counter {
			t.Errorf("%s: counter %d, want %d", c.name, counter, c.counter)
		}
		if c.name == "same in other form" && !slices.Equal(f.Entries[0].Card.Tags, []string{"a", "b"}) {
			t.Errorf("tags %q, want those of both files", f.Entries[0].Card.Tags)
		}
	}
	if _, err := Merge(strings.NewReader(first), strings.NewReader("MSISDN\n"), testOptions()); err == nil || !strings.HasPrefix(err.Error(), "second file: ") {
		t.Errorf("second file without header: %v", err)
	}
}

// rowsOf writes a card file of n rows.
func rowsOf(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		fmt.Fprintln(w, "ICCID,IMSI,KIC1,KID1")
		for i := range n {
			if _, err := fmt.Fprintf(w, "899997%012d,99970%010d,%s,%s\n", i, i, keyA, keyB); err != nil {
				return
			}
		}
		w.Close()
	}()
	return r
}

func TestHundredThousandRowsAreRead(t *testing.T) {
	t.Parallel()
	f, err := Parse(rowsOf(100_000), testOptions())
	if err != nil || len(f.Entries) != 100_000 || len(f.Bad) != 0 {
		t.Errorf("%d entries, %d bad, %v", len(f.Entries), len(f.Bad), err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"sysmocom-semicolon.csv", "full.csv", "details.csv", "bad.csv", "euicc.csv"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "cards", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, b)
	}
	f.Add([]byte("sep=\t\nICCID\tIMSI\n\"9\""), []byte("\"ICCID\"|CNTR1\n="))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		file, err := Merge(bytes.NewReader(first), bytes.NewReader(second), testOptions())
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, e := range file.Entries {
			if n := len(e.Card.ICCID); n < 18 || n > 20 || seen[e.Card.ICCID] || len(e.Subscriptions) == 0 {
				t.Errorf("bad entry %+v", e)
			}
			seen[e.Card.ICCID] = true
			for _, k := range e.Keysets {
				if k.KEKID == "" || k.CheckValue == "" || k.Version < 1 || k.Version > 15 || k.Counter > maxCounter {
					t.Errorf("bad keyset of %s", e.Card.ICCID)
				}
			}
		}
		if len(file.Entries) > file.Rows {
			t.Errorf("%d entries of %d rows", len(file.Entries), file.Rows)
		}
		for _, e := range slices.Concat(file.Bad, file.Warnings) {
			assertNoSecret(t, e, first, second)
		}
	})
}

// assertNoSecret looks for long runs of hex digits that are in a message and
// in the files. An ICCID in a warning is none.
func assertNoSecret(t *testing.T, e RowError, files ...[]byte) {
	for _, word := range strings.FieldsFunc(e.Message, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) }) {
		if len(word) >= 8 && e.Field != colICCID && word != "1099511627775" && word != "5511900000001" && word != aidPrefix {
			for _, f := range files {
				if bytes.Contains(f, []byte(word)) {
					t.Errorf("message shows %q: %v", word, e)
				}
			}
		}
	}
}

func TestShiftedRowShowsNoSecret(t *testing.T) {
	t.Parallel()
	columns := []string{"ICCID", "IMSI", "MSISDN", "OPERATOR", "COUNTRY", "CARD_TYPE", "IMEI", "CP", "TAGS", "KIC1", "KID1", "CNTR1",
		"EID", "ISDP", "ISDP2", "ISDR_KIC1", "ISDR_KID1", "ISDR_CNTR1", "P2_KIC1", "P2_CNTR1"}
	secrets := []string{keyA, keyB, "12345678", "0000"}
	for shift := range columns {
		for _, secret := range secrets {
			cells := make([]string, len(columns))
			for i := range cells {
				cells[i] = secrets[(i+shift)%len(secrets)]
			}
			f := parseText(t, strings.Join(columns, ",")+"\n"+strings.Join(cells, ",")+"\n")
			if len(f.Bad) == 0 {
				t.Fatal("the row passed")
			}
			for _, e := range f.Bad {
				if strings.Contains(e.Message, secret) && !strings.Contains("1099511627775 5511900000001", secret) {
					t.Errorf("%s shows %s", e, secret)
				}
			}
		}
	}
}
