package cardfile

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/vault"
)

const (
	eid1 = "89049032000000000000000000000163"
	aid1 = "A0000005591010FFFFFFFF8900001000"
	aid2 = "A0000005591010FFFFFFFF8900001100"
)

// euiccRow is a good row of an eUICC with two profiles.
func euiccRow() map[string]string {
	return map[string]string{
		"ICCID": iccid1, "EID": eid1, "CARD_TYPE": "euicc-m2m",
		"IMSI": "999700000000101", "OPERATOR": "nordvik", "ISDP": aid1,
		"IMSI2": "999710000000101", "OPERATOR2": "aurora", "ISDP2": "0011",
		"ISDR_KIC1": keyA, "ISDR_KID1": keyB, "KIC1": keyB, "KID1": keyA, "P2_KIC1": keyA, "P2_KID1": keyA,
	}
}

var euiccColumns = []string{"ICCID", "EID", "CARD_TYPE", "IMSI", "OPERATOR", "ISDP", "IMSI2", "OPERATOR2", "ISDP2", "IMSI3", "OPERATOR3", "ISDP3",
	"ISDR_KIC1", "ISDR_KID1", "ISDR_KIK1", "ISDR_CNTR1", "ISDR_KIC2", "ISDR_KID2", "KIC1", "KID1", "CNTR1",
	"P2_KIC1", "P2_KID1", "P2_KIK1", "P2_CNTR1", "P3_KIC1", "P3_KID1"}

// lines writes rows below the header of euiccColumns.
func lines(rows ...map[string]string) string {
	var b strings.Builder
	b.WriteString(strings.Join(euiccColumns, ";"))
	for _, row := range rows {
		b.WriteByte('\n')
		for _, c := range euiccColumns {
			b.WriteString(row[c] + ";")
		}
	}
	return b.String()
}

func remarks(list []RowError) string {
	var out []string
	for _, e := range list {
		out = append(out, e.Error())
	}
	return strings.Join(out, "\n")
}

func TestEUICCSampleGivesIdentitiesAndTheKeysOfEachDomain(t *testing.T) {
	t.Parallel()
	f, err := Parse(bytes.NewReader(sample(t, "euicc.csv")), testOptions())
	if err != nil || len(f.Entries) != 2 || len(f.Bad)+len(f.Warnings)+len(f.Unknown) > 0 {
		t.Fatalf("%d entries, bad %v, warnings %v, unknown %v, %v", len(f.Entries), f.Bad, f.Warnings, f.Unknown, err)
	}
	type keys struct {
		Domain, KIc string
		CC          int
		Counter     uint64
	}
	for i, want := range []struct {
		eid  string
		keys []keys
	}{
		{eid1, []keys{{aidISDR, "aes-128", 8, 71}, {aid1, "aes-128", 4, 5}, {aid2, "aes-128", 4, 9}}},
		{"89049032000000000000000000000260", []keys{{aidISDR, "aes-128", 8, 72}, {aid1, "aes-128", 4, 9}, {aid2, "aes-128", 4, 9}}},
	} {
		e := f.Entries[i]
		var got []keys
		for _, k := range e.Keysets {
			got = append(got, keys{fmt.Sprintf("%X", k.Domain), k.KIcAlg, k.CCLength, k.Counter})
			if !bytes.HasPrefix(k.SealedKIc, []byte(vault.AAD(e.Card.ICCID, k.Domain, 1, "kic")+"=")) {
				t.Errorf("KIc of %X is not bound to its domain: %s", k.Domain, k.SealedKIc)
			}
		}
		if diff := cmp.Diff(want.keys, got); diff != "" || e.Card.EID != want.eid {
			t.Errorf("EID %s, want %s; keysets (-want +got):\n%s", e.Card.EID, want.eid, diff)
		}
		if e.Subscriptions[0].ISDP != aid1 || e.Subscriptions[1].ISDP != aid2 {
			t.Errorf("ISD-Ps %s and %s", e.Subscriptions[0].ISDP, e.Subscriptions[1].ISDP)
		}
	}
}

func TestBadCellsOfEUICCsAreNamedWithoutTheirContent(t *testing.T) {
	t.Parallel()
	const notISDP = "is no ISD-P; write its AID, A0000005591010FFFFFFFF8900nnnn00, or only nnnn: four hex digits, from 0010 (value not shown)"
	const notEUICC = "is there, but cards of this type are no eUICCs: its technique is not euicc"
	set := func(kv ...string) func(map[string]string) {
		return func(row map[string]string) {
			for i := 0; i < len(kv); i += 2 {
				row[kv[i]] = kv[i+1]
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(map[string]string)
		want   string
	}{
		{"good", set(), ""},
		{"lower case", set("ISDP", strings.ToLower(aid1)), ""},
		{"last ISD-P", set("ISDP2", "fFfF"), ""},
		{"third without keys", set("IMSI3", "999720000000101", "OPERATOR3", "sur", "ISDP3", "1000"), ""},
		{"no EID", set("EID", ""), "line 2, EID: is missing: cards of this type are eUICCs, and their notices name nothing else"},
		{"short EID", set("EID", eid1[1:]), "line 2, EID: 31 digits, needs 32"},
		{"hex EID", set("EID", keyA), "line 2, EID: character 22 is no digit (value not shown)"},
		{"spoiled EID", set("EID", "8.9E+31"), "line 2, EID: is in scientific notation: a spreadsheet has cut its digits; export the column as text"},
		{"no ISD-P", set("ISDP2", ""), "line 2, ISDP2: is missing: cards of this type are eUICCs, and without it this profile cannot be enabled"},
		{"ISD-P of five digits", set("ISDP", "00100"), "line 2, ISDP: " + notISDP},
		{"ISD-R as ISD-P", set("ISDP", aidISDR), "line 2, ISDP: " + notISDP},
		{"number of the ISD-R", set("ISDP", "0001"), "line 2, ISDP: " + notISDP},
		{"last number below", set("ISDP", "000F"), "line 2, ISDP: " + notISDP},
		{"no hex", set("ISDP", "00g0"), "line 2, ISDP: " + notISDP},
		{"signed", set("ISDP", "+010"), "line 2, ISDP: " + notISDP},
		{"other AID", set("ISDP", "A0000005591010FFFFFFFF8900001001"), "line 2, ISDP: " + notISDP},
		{"key as ISD-P", set("ISDP", keyA), "line 2, ISDP: " + notISDP},
		{"one ISD-P twice", set("ISDP2", "0010"), "line 2, ISDP2: is the same as ISDP: one profile is one subscription"},
		{"no keys of the ISD-R", set("ISDR_KIC1", "", "ISDR_KID1", ""), "line 2, ISDR_KIC1: is missing: cards of this type are eUICCs, switched with keys of version 1 of their ISD-R"},
		{"keys of another version", set("ISDR_KIC1", "", "ISDR_KID1", "", "ISDR_KIC2", keyA, "ISDR_KID2", keyA),
			"line 2, ISDR_KIC1: is missing: cards of this type are eUICCs, switched with keys of version 1 of their ISD-R"},
		{"half of the keys", set("ISDR_KID1", ""), "line 2, ISDR_KID1: is missing, but the row has keys of version 1"},
		{"short key", set("ISDR_KIC1", keyA[2:]), "line 2, ISDR_KIC1: 30 hex digits, an AES key needs 32, 48 or 64 (value not shown)"},
		{"key of the profiles' algorithm", set("CARD_TYPE", "euicc-256"), "line 2, ISDR_KIC1: 32 hex digits, but the card type says aes-256, which needs 64 (value not shown)"},
		{"bad counter", set("ISDR_CNTR1", "x5"), "line 2, ISDR_CNTR1: is no decimal number from 0 to 1099511627775"},
		{"bad key of a profile", set("P2_KID1", "GG"+keyA[2:]), "line 2, P2_KID1: has characters that are no hex digits (value not shown)"},
		{"counter without keys", set("P2_KIC1", "", "P2_KID1", "", "P2_CNTR1", "5"), "line 2, P2_CNTR1: is there without P2_KIC1 and P2_KID1"},
		{"keys of no subscription", set("P3_KID1", keyA, "P3_KIC1", keyA), "line 2, IMSI3: is missing, but the row has P3_KIC1"},
		{"ISD-P of no subscription", set("ISDP3", "1000"), "line 2, IMSI3: is missing, but the row has ISDP3"},
		{"another card type", set("CARD_TYPE", "sja5-aes"), "line 2, ISDR_KIC1: " + notEUICC + "\nline 2, P2_KIC1: " + notEUICC + "\nline 2, ISDP: " + notEUICC + "\nline 2, ISDP2: " + notEUICC},
		{"card type without ISD-R", set("CARD_TYPE", "headless"), `line 2, CARD_TYPE: card type "headless": technique euicc, but nothing on its ISD-R`},
		{"card type of a broken ISD-R", set("CARD_TYPE", "broken-isdr"), `line 2, CARD_TYPE: card type "broken-isdr": unknown key algorithm "des"`},
	} {
		row := euiccRow()
		c.change(row)
		f := parseText(t, lines(row))
		if got := remarks(f.Bad); got != c.want || (len(f.Entries) == 1) != (c.want == "") {
			t.Errorf("%s: %d entries,\n got %s\nwant %s", c.name, len(f.Entries), got, c.want)
		}
	}
}

func TestCheckDigitsOfAnEIDAreNoted(t *testing.T) {
	t.Parallel()
	for eid, want := range map[string]string{
		"89049032123451234512345678901235": "",
		"89049032123451234512345678901253": "line 2, EID: the check digits of 89049032123451234512345678901253 are wrong (ISO 7064); is it as printed on the eUICC?",
	} {
		row := euiccRow()
		row["EID"] = eid
		f := parseText(t, lines(row))
		if got := remarks(f.Warnings); got != want || len(f.Entries) != 1 {
			t.Errorf("EID %s: %d entries, notes %q, want %q", eid, len(f.Entries), got, want)
		}
	}
}

func TestOneEIDIsOneRow(t *testing.T) {
	t.Parallel()
	a, b := euiccRow(), euiccRow()
	b["ICCID"], b["IMSI"], b["IMSI2"] = iccid2, "999700000000102", "999710000000102"
	if got, want := remarks(parseText(t, lines(a, b)).Bad), "line 3, EID: is already in line 2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEUICCAndOtherCardsStandInOneFile(t *testing.T) {
	t.Parallel()
	a := euiccRow()
	b := map[string]string{"ICCID": iccid2, "IMSI": "999700000000102", "KIC1": keyA, "KID1": keyB, "EID": "89049032000000000000000000000260"}
	f := parseText(t, lines(a, b))
	if len(f.Entries) != 2 || len(f.Bad) > 0 {
		t.Fatalf("%d entries, bad %v", len(f.Entries), f.Bad)
	}
	if k := f.Entries[1].Keysets; len(k) != 1 || k[0].Domain != nil || f.Entries[1].Subscriptions[0].ISDP != "" || f.Entries[1].Card.EID == "" {
		t.Errorf("the other card: %+v", f.Entries[1])
	}
}

func TestKeysOfTheFirstProfileMayBearItsNumber(t *testing.T) {
	t.Parallel()
	f := parseText(t, "ICCID;IMSI;P1 KIC1;p1_kid1;P1_CNTR1\n"+iccid1+";999700000000101;"+keyA+";"+keyB+";7\n")
	if len(f.Entries) != 1 || len(f.Entries[0].Keysets) != 1 || f.Entries[0].Keysets[0].Counter != 7 || len(f.Unknown) > 0 {
		t.Errorf("%+v", f)
	}
	if _, err := Parse(strings.NewReader("ICCID;KIC1;P1_KIC1\n"), testOptions()); err == nil || !strings.Contains(err.Error(), "column KIC1 is there twice") {
		t.Errorf("KIC1 and P1_KIC1: %v", err)
	}
}

func TestMergeOfEUICCs(t *testing.T) {
	t.Parallel()
	first := euiccRow()
	first["EID"], first["ISDP"], first["ISDR_CNTR1"], first["P2_CNTR1"] = "", "", "50", "60"
	head := "ICCID,EID,ISDP,ISDP2,ISDR_CNTR1,P2_CNTR1\n" + iccid1 + "," + eid1 + ","
	for _, c := range []struct {
		second, bad    string
		isdr, profile2 uint64
	}{
		{"0010,,,", "", 50, 60},
		{"0010," + strings.ToLower(aid2) + ",49,61", "", 50, 61},
		{"0010,0011,51,59", "", 51, 60},
		{"0010,0012,,", "line 2 of the second file, ISDP2: differs from line 2 of the first file", 0, 0},
		{"0010,x,,", "line 2 of the second file, ISDP2: differs from line 2 of the first file\n" +
			"line 2 of the second file, ISDP2: is no ISD-P; " + howISDP, 0, 0},
	} {
		f, err := Merge(strings.NewReader(lines(first)), strings.NewReader(head+c.second+"\n"), testOptions())
		if err != nil {
			t.Fatal(err)
		}
		if got := remarks(f.Bad); got != c.bad || (len(f.Entries) == 1) != (c.bad == "") {
			t.Errorf("%s: %d entries,\n got %s\nwant %s", c.second, len(f.Entries), got, c.bad)
			continue
		}
		if c.bad != "" {
			continue
		}
		e := f.Entries[0]
		if e.Card.EID != eid1 || e.Subscriptions[0].ISDP != aid1 || e.Subscriptions[1].ISDP != aid2 || e.Keysets[0].Counter != c.isdr || e.Keysets[2].Counter != c.profile2 {
			t.Errorf("%s: %+v", c.second, e)
		}
	}
}

// euiccTypes are added to those of testOptions.
func euiccTypes(types map[string]catalog.CardType) {
	profile := catalog.KeyAlgorithms{KIc: "aes-128", KID: "aes-128", CCLength: 4}
	types["euicc-m2m"] = catalog.CardType{Technique: "euicc", Keys: profile, InitialCounter: 9, ISDR: &catalog.ISDR{Keys: catalog.KeyAlgorithms{KIc: "AES-128", KID: "aes-128"}}}
	types["euicc-256"] = catalog.CardType{Technique: "euicc", Keys: profile, ISDR: &catalog.ISDR{Keys: catalog.KeyAlgorithms{KIc: "aes-256", KID: "aes-128"}}}
	types["headless"] = catalog.CardType{Technique: "euicc", Keys: profile}
	types["broken-isdr"] = catalog.CardType{Technique: "euicc", Keys: profile, ISDR: &catalog.ISDR{Keys: catalog.KeyAlgorithms{KIc: "aes-128", KID: "des"}}}
}
