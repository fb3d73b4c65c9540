package detect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTableOfEitherDialect(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"commas":     "TIME,IMSI,IMEI,ICCID,MSISDN,APN,MCC,MNC,KIND,SOURCE\n2026-11-23T02:00:00Z,999710000000001,356938035643809,8999970000000000506,+5511900000001,m2m,999,71,session,hlr\n",
		"semicolons": "\xEF\xBB\xBFimsi;Imei;kind;time;source;iccid;msisdn;mcc;mnc;apn\r\n'999710000000001;\"356938035643809\";Session;1795399200;hlr;8999970000000000506;5511900000001;999;71;m2m\r\n;;;;;;;;;\r\n",
	} {
		got, err := ParseTable(strings.NewReader(text), "import")
		want := []Row{{2, Event{
			Time: night, IMSI: "999710000000001", IMEI: "356938035643809", ICCID: "8999970000000000506", MSISDN: "+5511900000001", APN: "m2m",
			MCC: "999", MNC: "71", Kind: Session, Source: "hlr",
		}}}
		if d := cmp.Diff(want, got.Rows); err != nil || d != "" || len(got.Bad) > 0 {
			t.Errorf("%s: %v %v %s", name, err, got.Bad, d)
		}
	}
}

func TestTableWithoutKindAndSourceHasThoseOfTheImport(t *testing.T) {
	t.Parallel()
	got, err := ParseTable(strings.NewReader("IMSI,COLOUR\n999710000000001,red\n"), "import")
	if err != nil || len(got.Rows) != 1 || got.Rows[0].Event.Kind != Attach || got.Rows[0].Event.Source != "import" || strings.Join(got.Unknown, " ") != "COLOUR" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestBadRowsNameLineAndColumn(t *testing.T) {
	t.Parallel()
	got, err := ParseTable(strings.NewReader("IMSI,IMEI,TIME,KIND\n999710000000001,1,noon,attach\n,,,attach\n999710000000002,,,\n1,2,3,4,5\n\"x\"y,,,\n9.9971E+14,,,jump\n"), "import")
	if err != nil || len(got.Rows) != 1 || got.Rows[0].Number != 4 || got.BadRows != 5 {
		t.Fatalf("%+v %v", got, err)
	}
	for _, want := range []string{
		`line 2, IMEI: "1" has 1 digits`, `line 2, TIME: "noon" is no time`, "line 3: names no subscription", "line 5: has 5 cells, the header has 4 columns",
		"line 6: ", "line 7, IMSI: ", `line 7, KIND: "jump" is not known`,
	} {
		if !strings.Contains(strings.Join(got.Bad, "\n"), want) {
			t.Errorf("no %q in:\n%s", want, strings.Join(got.Bad, "\n"))
		}
	}
}

func TestWhatIsNoTableIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"empty": "", "no header": "999710000000001,35\n", "UTF-16": "I\x00M\x00", "column twice": "IMSI,imsi\n"} {
		if got, err := ParseTable(strings.NewReader(text), "import"); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestACardFileIsNoTableOfEvents(t *testing.T) {
	t.Parallel()
	for _, column := range []string{"KIC1", "kid2", "ISDR_KIK1", "P2_KIC1"} {
		_, err := ParseTable(strings.NewReader("IMSI,IMEI,"+column+"\n999710000000001,356938035643809,00\n"), "table")
		if err == nil || !strings.Contains(err.Error(), "simota card import") {
			t.Errorf("%s: %v", column, err)
		}
	}
}
