package tactable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
)

func TestTablesInTheirDialects(t *testing.T) {
	t.Parallel()
	whole := catalog.Model{First: "35693803", Last: "35693803", Manufacturer: "Teltonika", Name: "RUT240", Client: "gateway", Capability: catalog.Capability{
		CP: "yes", Security: []string{"userpin", "netwpin"}, PIN: "0123", MaxParts: 3, MaxID: 8, Takes: []string{"internet", "mms"}, ChokesOn: []string{"VENDORCONFIG", "PROVURL"}, Restart: "no"}}
	plain := catalog.Model{First: "01326600", Last: "01326600", Manufacturer: "Apple", Name: "iPhone 5"}
	for name, c := range map[string]struct {
		text    string
		want    catalog.Model
		ignored []string
	}{
		"ours":               {"TAC,MANUFACTURER,MODEL,CLIENT,CP,SECURITY,PIN,MAX_PARTS,MAX_ID,TAKES,CHOKES_ON,RESTART\n35693803,Teltonika,RUT240,gateway,yes,userpin netwpin,0123,3,8,internet mms,VENDORCONFIG PROVURL,no\n", whole, nil},
		"in any order":       {"\xEF\xBB\xBFRESTART;chokes on;TAKES;MAX_ID;MAX_PARTS;PIN;SECURITY;CP;CLIENT;MODEL;MANUFACTURER;TAC\r\nNO;vendorconfig+provurl;INTERNET+MMS;8;3;'0123;USERPIN+NETWPIN;Yes;gateway;RUT240;Teltonika;35693803\r\n", whole, nil},
		"of Osmocom":         {"a TAC database with a title,,,\ntac,name1,name2,contributor,comment,gsmarena,gsmarena,aka\n01326600,Apple,iPhone 5,someone,,,,\n", plain, []string{"contributor", "comment", "gsmarena", "aka"}},
		"of GSMA":            {"TAC|Marketing Name|Manufacturer (or) Applicant|Bands|Brand Name|Model Name\n01326600|iPhone 5|Apple Inc|GSM 900,GSM 1800|Apple|A1429\n", plain, []string{"Bands"}},
		"of GSMA, with gaps": {"TAC|Marketing Name|Manufacturer (or) Applicant|Brand Name|Model Name\n01326600||Apple||iPhone 5\n", plain, nil},
		"of GSMA, before":    {"TAC|Marketing Name|Internal Model Name|Manufacturer|Bands\n01326600|iPhone 5|A1429|Apple|\n", plain, []string{"Bands"}},
		"brand and model":    {"brand\ttac\tmodel\nApple\t01326600\tiPhone 5\n", plain, nil},
	} {
		got, err := Parse(strings.NewReader(c.text))
		if err != nil || len(got.Bad) > 0 || len(got.Models) != 1 {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		got.Models[0].Line = 0
		if diff := cmp.Diff(c.want, got.Models[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.ignored, got.Ignored); diff != "" {
			t.Errorf("%s, ignored (-want +got):\n%s", name, diff)
		}
	}
}

func TestCodesRangesAndPrefixes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"35693803": "35693803", `="01326600"`: "01326600", "35693803-35693899": "35693803-35693899", "35693803 - 35693803": "35693803",
		"356938": "35693800-35693899", "3569380": "35693800-35693809", "3569380*": "35693800-35693809", "1326600*": "13266000-13266009", "132660": "13266000-13266099",
		"35693899-35693803": "ends before it begins", "1326600": "write 01326600 if a spreadsheet has lost the zero", "356938035643809": "an IMEI has 15 digits", "35693803564380": "an IMEI has 14 digits",
		"3569380a": "is no TAC", "35693": "is no TAC", "356938031": "is no TAC", "3569-3570": "is no TAC", "3.57E+07": "is no TAC", strings.Repeat("x", 99): `x..." is no TAC`,
	} {
		got, err := Parse(strings.NewReader("TAC,MODEL\n" + in + ",m\n"))
		said := ""
		switch {
		case err != nil:
			t.Fatal(err)
		case len(got.Models) == 1:
			said = got.Models[0].Range()
		case len(got.Bad) == 1 && got.Bad[0].Line == 2 && got.Bad[0].Field == "TAC":
			said = got.Bad[0].Message
		}
		if said != want && (len(got.Models) == 1 || !strings.Contains(said, want)) {
			t.Errorf("%s: %q, want %q", in, said, want)
		}
	}
}

func TestBadCellsAreNamedAndTheirRowsLeftOut(t *testing.T) {
	t.Parallel()
	const header = "TAC,MODEL,CLIENT,CP,SECURITY,PIN,MAX_PARTS,MAX_ID,TAKES,CHOKES_ON,RESTART\n"
	got, err := Parse(strings.NewReader(header +
		"35693803,good,,,,,,,,,\n" +
		",no code,,,,,,,,,\n" +
		"35693804,,,,,,,,,,\n" +
		"35693805,m,Some One,maybe,netpin,12a4,0,3,wap,a_b,never\n" +
		"35693806,m,,,,,300,17,,,\n" +
		"35693807,\"open\n" +
		"35693808,m,,,,,,,,,,too many\n" +
		"35693809,\xff,,,,,,,,,\n" +
		"35693810,a\x07b,,,,,,,,,\n" +
		"35693811," + strings.Repeat("m", 201) + ",,,,,,,,,\n" +
		"35693803,another,,,,,,,,,\n" +
		"35693803,good,,,,,,,,,\n\n" +
		"35693812,good too,,,,,,,,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	var bad []string
	for _, e := range got.Bad {
		bad = append(bad, e.Error())
	}
	want := []string{
		"line 3, TAC: is missing",
		"line 4: says nothing of 35693804: neither MODEL nor CLIENT nor what it can do",
		`line 5, CLIENT: "Some One" is no name of a client`,
		`line 5, MAX_PARTS: "0" is no number from 1 to 255`,
		`line 5, CP: "maybe" is not known: yes or no`,
		`line 5, RESTART: "never" is not known: yes or no`,
		`line 5, SECURITY: "netpin" is not known`,
		`line 5, TAKES: "wap" is not known`,
		`line 5, CHOKES_ON: "A_B" is no characteristic`,
		"line 5, PIN: has something else than digits",
		"line 5, MAX_ID: 3 is out of range: 4 to 16",
		`line 6, MAX_PARTS: "300" is no number from 1 to 255`,
		`line 6, MAX_ID: "17" is no number from 1 to 16`,
		"line 7: has a quote in cell 2 that is not closed",
		"line 8: has a cell 12, but the header has 11 columns",
		"line 9, MODEL: is not UTF-8",
		"line 10, MODEL: has control characters",
		"line 11, MODEL: has 201 octets: at most 200",
		"line 12, TAC: 35693803 is in line 2 already, and is another device there",
	}
	for i := range max(len(bad), len(want)) {
		if i >= len(bad) || i >= len(want) || !strings.HasPrefix(bad[i], want[i]) {
			t.Fatalf("remarks\n%s\nwant\n%s", strings.Join(bad, "\n"), strings.Join(want, "\n"))
		}
	}
	if len(got.Models) != 2 || got.Models[1].Name != "good too" || got.Models[1].Line != 15 || got.Rows != 13 || got.BadRows() != 10 {
		t.Errorf("%d rows, %d bad, models %+v", got.Rows, got.BadRows(), got.Models)
	}
}

func TestRemarksShowNoPIN(t *testing.T) {
	t.Parallel()
	for _, row := range []string{"35693803,04711x", "35693803,047", "35693803,\"04711", "35693803,m,04711"} {
		got, err := Parse(strings.NewReader("TAC,PIN\n" + row + "\n"))
		if err != nil || len(got.Bad) == 0 || strings.Contains(fmt.Sprint(got.Bad), "047") {
			t.Errorf("%s: %v, %v", row, got.Bad, err)
		}
	}
}

func TestFilesThatAreNoTablesFailAsAWhole(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   io.Reader
		want string
	}{
		"empty":        {strings.NewReader(""), "tactable: no header with a column TAC"},
		"a card file":  {strings.NewReader("ICCID,IMSI\n1,2\n"), "no header with a column TAC"},
		"spreadsheet":  {strings.NewReader("PK\x03\x04TAC\n"), "spreadsheet"},
		"column twice": {strings.NewReader("TAC,MODEL,model\n"), "line 1: column MODEL is there twice"},
		"read error":   {io.MultiReader(strings.NewReader("TAC\n"), failing{}), "line 2: broken pipe"},
	} {
		if _, err := Parse(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken pipe") }

func FuzzParse(f *testing.F) {
	f.Add([]byte("TAC,MODEL,CLIENT,CP,SECURITY,PIN,MAX_PARTS,MAX_ID,TAKES,CHOKES_ON,RESTART\n35693803,m,c,yes,userpin,0123,3,8,internet,PROVURL,no\n356938,m\n35693803-35693899,n\n"))
	f.Add([]byte("\xEF\xBB\xBFsep=;\ntac;name1;name2\n=\"01326600\";\"a\"\"b\";c\n"))
	f.Add([]byte("TAC|Marketing Name|Brand Name\n1326600|x|y\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Parse(strings.NewReader(string(b)))
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, m := range got.Models {
			if !tac.MatchString(m.First) || !tac.MatchString(m.Last) || m.First > m.Last || m.Line < 1 || len(m.Capability.Flaws()) > 0 || seen[m.Range()] {
				t.Fatalf("model %+v", m)
			}
			seen[m.Range()] = true
		}
		if got.BadRows() > got.Rows || len(got.Models) > got.Rows-got.BadRows() {
			t.Fatalf("%d models and %d bad rows of %d", len(got.Models), got.BadRows(), got.Rows)
		}
	})
}

// BenchmarkParse reads a table of 200,000 rows.
func BenchmarkParse(b *testing.B) {
	var text strings.Builder
	text.WriteString("TAC,MANUFACTURER,MODEL,CLIENT\n")
	for i := range 200_000 {
		fmt.Fprintf(&text, "%08d,Maker %d,Model %d,unknown\n", 10_000_000+i, i%100, i)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if got, err := Parse(strings.NewReader(text.String())); err != nil || len(got.Models) != 200_000 {
			b.Fatal(len(got.Models), err)
		}
	}
}

func TestExampleOfTheDevicePageIsRead(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/device-configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```text\nTAC,")
	example, _, _ := strings.Cut(rest, "```")
	got, err := Parse(strings.NewReader("TAC," + example))
	if err != nil || len(got.Bad) > 0 || len(got.Models) != 4 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, f := range fields {
		if !strings.Contains(string(page), "`"+f.name()+"`") {
			t.Errorf("column %s is not on the page", f.name())
		}
	}
}
