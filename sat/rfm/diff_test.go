package rfm_test

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
)

var aurora = rfm.Identity{
	IMSI: "999700000000017", MSISDN: "+5511900000017", SMSC: "+5511900000001", PLMNs: []rfm.PLMN{"99970"},
}

// newCentre is +5511900000001 worked by hand: 13 digits, so type and digits
// take 8 octets of the 12.
const newCentre = "0891" + "551109000000F1" + "FFFFFF"

// full is a card of the old operator, with every file.
func full(t testing.TB) rfm.Snapshot {
	t.Helper()
	snap := rfm.Snapshot{}
	for name, s := range map[string]string{
		"plmnwact":  "62F210C880" + strings.Repeat("FFFFFF0000", 7),
		"oplmnwact": "62F210C880" + strings.Repeat("FFFFFF0000", 7),
		"hplmnwact": "62F210C880",
		"ehplmn":    "62F210" + ff(12),
		"hpplmn":    "0A",
		"lrplmnsi":  "00",
		"spn":       "0173696D6F7461" + ff(10),
		"gid1":      "0102030405060708",
		"ecc":       "11F2FF00",
		"sdn":       "FF 07 91 3316325476F8FFFFFFFF FFFF",
		"mbdn":      "FF 07 91 3316325476F8FFFFFFFF FFFF",
		"msisdn":    "FF 07 91 3316325476F8FFFFFFFF FFFF",
		"acc":       "0020",
		"ad":        "00000003",
		"keys":      "00" + strings.Repeat("5A", 32),
		"keysps":    "01" + strings.Repeat("5B", 32),
		"loci":      "47D1264A62F21037211E00",
		"psloci":    "FFFFFFFFFFFFFF62F2100000FF01",
		"epsloci":   "FFFFFFFFFFFFFFFFFFFFFFFF62F210000001",
		"epsnsc":    "A034 800103 8120" + strings.Repeat("5C", 32) + "820400000000830400000000840100",
		"start-hfn": "000000000000",
		"fplmn":     "99F907" + ff(9),
		"netpar":    "A0" + ff(127),
		"smsp":      ff(10) + "E1" + ff(12) + "07913306091093F0FFFFFFFF" + "0000A7",
		"imsi":      "084906400000000021",
		"iccid":     "988812010000407643F3",
	} {
		snap[name] = octets(t, s)
	}
	return snap
}

// values are what an identity cannot know.
func values(t testing.TB) map[string][]byte {
	t.Helper()
	return map[string][]byte{
		"hpplmn": {0x02}, "lrplmnsi": {0x01}, "spn": octets(t, "00"+"4175726F7261"), "gid1": octets(t, "AA"),
		"ecc": octets(t, "19F1FF01"), "sdn": octets(t, "FF03811A00FB"+ff(9)), "mbdn": octets(t, ff(15)),
	}
}

// written are the files of the USIM that a swap writes.
func written() []string {
	var names []string
	for name := range strings.FieldsSeq("plmnwact oplmnwact hplmnwact ehplmn hpplmn lrplmnsi spn gid1 ecc sdn mbdn msisdn acc ad " +
		"keys keysps loci psloci epsloci epsnsc start-hfn fplmn netpar smsp imsi") {
		names = append(names, name)
	}
	return names
}

// diff are the files that the updates change, as they are after them.
func diff(t testing.TB, files []string, snap rfm.Snapshot, id rfm.Identity) map[string]string {
	t.Helper()
	updates, err := rfm.Diff(files, snap, id)
	if err != nil {
		t.Fatal(err)
	}
	after := maps.Clone(snap)
	got := map[string]string{}
	for _, u := range updates {
		name := u.File.Name
		b := bytes.Clone(after[name])
		if len(u.New) != len(u.Old) || !bytes.Equal(u.Old, b[u.Offset:u.Offset+len(u.Old)]) {
			t.Errorf("%s at %d: old %X, new %X, before %X", name, u.Offset, u.Old, u.New, b)
		}
		copy(b[u.Offset:], u.New)
		after[name], got[name] = b, fmt.Sprintf("%X", b)
	}
	if again := order(t, files, after, id); again != "" {
		t.Errorf("a card as wanted still needs %s", again)
	}
	return got
}

func order(t testing.TB, files []string, snap rfm.Snapshot, id rfm.Identity) string {
	t.Helper()
	updates, err := rfm.Diff(files, snap, id)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, u := range updates {
		names = append(names, u.File.Name)
	}
	return strings.Join(names, " ")
}

func TestDiffOrder(t *testing.T) {
	t.Parallel()
	everything := "plmnwact oplmnwact hplmnwact ehplmn hpplmn lrplmnsi spn gid1 ecc sdn mbdn msisdn acc ad " +
		"keys keysps loci psloci epsloci epsnsc start-hfn fplmn netpar smsp imsi"
	id := aurora
	id.Values = values(t)
	reversed := written()
	for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
		reversed[i], reversed[j] = reversed[j], reversed[i]
	}
	usual := []string{"ehplmn", "ad", "acc", "loci", "psloci", "epsloci", "fplmn", "smsp", "imsi"}
	for name, c := range map[string]struct {
		files  []string
		change func(rfm.Snapshot)
		want   string
	}{
		"everything":                {written(), func(rfm.Snapshot) {}, everything},
		"named in another order":    {reversed, func(rfm.Snapshot) {}, everything},
		"the usual files":           {usual, func(rfm.Snapshot) {}, "ehplmn acc ad loci psloci epsloci fplmn smsp imsi"},
		"named twice":               {[]string{"imsi", "smsp", "imsi"}, func(rfm.Snapshot) {}, "smsp imsi"},
		"files the card lacks":      {usual, func(s rfm.Snapshot) { delete(s, "psloci"); delete(s, "ehplmn") }, "acc ad loci epsloci fplmn smsp imsi"},
		"SMSP is the same":          {usual, func(s rfm.Snapshot) { s["smsp"] = octets(t, ff(10)+"E1"+ff(12)+newCentre+"0000A7") }, "ehplmn acc ad loci psloci epsloci fplmn imsi"},
		"IMSI is the same":          {usual, func(s rfm.Snapshot) { s["imsi"] = octets(t, "089999070000000071") }, "ehplmn acc ad loci psloci epsloci fplmn smsp"},
		"location is reset already": {usual, func(s rfm.Snapshot) { s["loci"] = octets(t, "FFFFFFFF99F9070000FF01") }, "ehplmn acc ad psloci epsloci fplmn smsp imsi"},
		"nothing named":             {nil, func(rfm.Snapshot) {}, ""},
		"nothing read":              {usual, func(s rfm.Snapshot) { clear(s) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			snap := full(t)
			c.change(snap)
			if got := order(t, c.files, snap, id); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestDiffWritesWhatTheNewOperatorNeeds(t *testing.T) {
	t.Parallel()
	id := aurora
	id.Values = values(t)
	got := diff(t, written(), full(t), id)
	want := map[string]string{
		"plmnwact":  strings.Repeat("FFFFFF0000", 8),
		"oplmnwact": "99F907C880" + strings.Repeat("FFFFFF0000", 7),
		"hplmnwact": "99F907C880",
		"ehplmn":    "99F907" + ff(12),
		"hpplmn":    "02",
		"lrplmnsi":  "01",
		"spn":       "004175726F7261" + ff(10),
		"gid1":      "AA" + ff(7),
		"ecc":       "19F1FF01",
		"sdn":       "FF03811A00FB" + ff(9),
		"mbdn":      ff(15),
		"msisdn":    "FF" + "0891" + "551109000010F7" + ff(5),
		"acc":       "0080",
		"ad":        "00000002",
		"keys":      "07" + ff(32),
		"keysps":    "07" + ff(32),
		"loci":      "FFFFFFFF99F9070000FF01",
		"psloci":    "FFFFFFFFFFFFFF99F9070000FF01",
		"epsloci":   "FFFFFFFFFFFFFFFFFFFFFFFF99F907000001",
		"epsnsc":    ff(54),
		"start-hfn": "F00000F00000",
		"fplmn":     ff(12),
		"netpar":    ff(128),
		"smsp":      ff(10) + "E1" + ff(12) + newCentre + "0000A7",
		"imsi":      "089999070000000071",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestLongerFilesAreFilledAndShorterRefused(t *testing.T) {
	t.Parallel()
	got, err := rfm.Want("loci", make([]byte, 13), aurora)
	if err != nil || !bytes.Equal(got, octets(t, "FFFFFFFF99F9070000FF01FFFF")) {
		t.Errorf("%X, %v", got, err)
	}
	for name, size := range map[string]int{"imsi": 8, "loci": 10, "acc": 1, "keys": 32, "start-hfn": 5, "smsp": 27, "msisdn": 13, "ehplmn": 2, "ad": 3, "netpar": 32769, "epsnsc": 256, "fplmn": 0} {
		if got, err := rfm.Want(name, make([]byte, size), aurora); err == nil {
			t.Errorf("%s of %d octets: %X", name, size, got)
		}
	}
}

func TestDiffRefusesWhatWouldStrandACard(t *testing.T) {
	t.Parallel()
	with := func(change func(*rfm.Identity)) rfm.Identity {
		id := aurora
		change(&id)
		return id
	}
	for name, c := range map[string]struct {
		file, want string
		id         rfm.Identity
	}{
		"unknown file":         {"imsj", `unknown file "imsj"`, aurora},
		"ICCID":                {"iccid", "ICCID is never written", aurora},
		"nothing says it":      {"gid1", `Values["gid1"]`, aurora},
		"no home":              {"loci", "no home network", with(func(i *rfm.Identity) { i.PLMNs = nil })},
		"no home for a list":   {"ehplmn", "no home network", with(func(i *rfm.Identity) { i.PLMNs = nil })},
		"no home for OPLMN":    {"oplmnwact", "no home network", with(func(i *rfm.Identity) { i.PLMNs = nil })},
		"no home for AD":       {"ad", "no home network", with(func(i *rfm.Identity) { i.PLMNs = nil })},
		"bad PLMN":             {"imsi", "want 5 or 6 digits", with(func(i *rfm.Identity) { i.PLMNs = []rfm.PLMN{"999-70"} })},
		"IMSI of another":      {"imsi", "does not begin with the home network 724-05", with(func(i *rfm.Identity) { i.PLMNs = []rfm.PLMN{"72405"} })},
		"IMSI missing":         {"imsi", "want 6 to 15 digits", with(func(i *rfm.Identity) { i.IMSI = "" })},
		"MNC length":           {"ad", "MNC length 3", with(func(i *rfm.Identity) { i.MNCLength = 3 })},
		"no SMSC":              {"smsp", `SMSC ""`, with(func(i *rfm.Identity) { i.SMSC = "" })},
		"SMSC without plus":    {"smsp", "international form", with(func(i *rfm.Identity) { i.SMSC = "5511900000001" })},
		"MSISDN without plus":  {"msisdn", "international form", with(func(i *rfm.Identity) { i.MSISDN = "11900000017" })},
		"value of a computed":  {"imsi", "not taken", with(func(i *rfm.Identity) { i.Values = map[string][]byte{"imsi": {8}} })},
		"value of an unknown":  {"imsi", `unknown file "x"`, with(func(i *rfm.Identity) { i.Values = map[string][]byte{"x": {8}} })},
		"value too long":       {"gid1", "GID1 needs 9 octets, the card's file has 8", with(func(i *rfm.Identity) { i.Values = map[string][]byte{"gid1": make([]byte, 9)} })},
		"record of another":    {"sdn", "records of 15 octets", with(func(i *rfm.Identity) { i.Values = map[string][]byte{"sdn": make([]byte, 14)} })},
		"more PLMNs than room": {"hplmnwact", "room for 1", with(func(i *rfm.Identity) { i.PLMNs = []rfm.PLMN{"99970", "99971"} })},
	} {
		if got, err := rfm.Diff([]string{c.file}, full(t), c.id); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestSIMWithMNCLengthButNoHomeGetsItsAD(t *testing.T) {
	t.Parallel()
	got, err := rfm.Want("ad", octets(t, "00000003"), rfm.Identity{MNCLength: 2})
	if err != nil || !bytes.Equal(got, octets(t, "00000002")) {
		t.Errorf("%X, %v", got, err)
	}
}

func hexOf(t testing.TB, cs []sat.Command) string {
	t.Helper()
	var s []string
	for _, c := range cs {
		b, err := c.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		s = append(s, fmt.Sprintf("%X", b))
	}
	return strings.Join(s, " ")
}

func TestCommandsOfAnUpdate(t *testing.T) {
	t.Parallel()
	file := func(name string) rfm.File {
		f, ok := rfm.Lookup(name)
		if !ok {
			t.Fatal(name)
		}
		return f
	}
	imsi := rfm.Update{File: file("imsi"), New: octets(t, "080910101032547698")}
	msisdn := rfm.Update{File: file("msisdn"), Record: 1, New: octets(t, "FF0791 3316325476F8FFFFFFFF FFFF")}
	long := rfm.Update{File: file("netpar"), New: make([]byte, 256)}
	for name, c := range map[string]struct{ got, want string }{
		"IMSI":        {hexOf(t, imsi.Commands()), "00A40004026F07 00D6000009080910101032547698"},
		"IMSI fence":  {hexOf(t, rfm.Fence(imsi)), "00A40004026F07 00B0000009"},
		"record":      {hexOf(t, msisdn.Commands()), "00A40004026F40 00DC01040FFF07913316325476F8FFFFFFFFFFFF"},
		"its fence":   {hexOf(t, rfm.Fence(msisdn)), "00A40004026F40 00B201040F"},
		"256 octets":  {hexOf(t, long.Commands()), "00A40004026FC4 00D60000FF" + strings.Repeat("00", 255) + " 00D600FF0100"},
		"its fence 2": {hexOf(t, rfm.Fence(long)), "00A40004026FC4 00B0000000"},
		"read":        {hexOf(t, rfm.ReadCommands(file("loci"), 11)), "00A40004026F7E 00B000000B"},
		"read all":    {hexOf(t, rfm.ReadCommands(file("fplmn"), 0)), "00A40004026F7B 00B0000000"},
		"read record": {hexOf(t, rfm.ReadCommands(file("smsp"), 0)), "00A40004026F42 00B2010400"},
		"read ICCID":  {hexOf(t, rfm.ReadCommands(file("iccid"), 10)), "00A40804022FE2 00B000000A"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, value, want string }{
		{"imsi", "089999070000000071", "IMSI 999700000000017"},
		{"imsi", ff(9), "IMSI empty"},
		{"imsi", "0899", "IMSI 0899, not readable"},
		{"imsi", "", "IMSI , not readable"},
		{"iccid", "988812010000407643F3", "ICCID 8988211000000467343"},
		{"msisdn", "FF0791 3316325476F8FFFFFFFF FFFF", "MSISDN +33612345678"},
		{"loci", "FFFFFFFF00F1100000FF01", "LOCI 001-01, LAC 0000, not updated"},
		{"loci", "47D1264A62F21037211E00", "LOCI 262-01, LAC 3721, updated"},
		{"psloci", "FFFFFFFFFFFFFFFFFFFF0000FF02", "PSLOCI no network, LAC 0000, status 02"},
		{"epsloci", "FFFFFFFFFFFFFFFFFFFFFFFF00F110000001", "EPSLOCI 001-01, TAC 0000, not updated"},
		{"ehplmn", "00F110130014", "EHPLMN 001-01, 310-410"},
		{"fplmn", ff(12), "FPLMN empty"},
		{"oplmnwact", "00F1104000FFFFFF0000", "OPLMNwAcT 001-01 E-UTRAN"},
		{"plmnwact", "FFFFFF0000", "PLMNwAcT none"},
		{"acc", "0021", "ACC class 0, 5"},
		{"acc", "0000", "ACC class none"},
		{"ad", "00000103", "AD normal, MNC of 3 digits"},
		{"ad", "02000002", "AD mode 02, MNC of 2 digits"},
		{"spn", "0373696D6F7461" + ff(10), `SPN "simota", network shown at home, hidden abroad`},
		{"smsp", "FD" + ff(12) + "07913306091093F0FFFFFFFF" + "FFFFFF", "SMSP SMSC +33609001390"},
		{"smsp", "FD" + ff(12) + ff(12) + "000000", "SMSP no SMSC"},
		{"sdn", "48656C70FFFFFFFFFFFF 03 81 16F1FFFFFFFFFFFFFFFF FF FF", "SDN 611 Help"},
		{"ecc", "81FFFF 53414D55 04", "ECC 18 SAMU, category 04"},
		{"hpplmn", "0A", "HPPLMN every 60 minutes"},
		{"hpplmn", "00", "HPPLMN off"},
		{"hpplmn", "0000", "HPPLMN 0000, not readable"},
		{"gid1", "01FF", "GID1 01FF"},
		{"keys", "07" + ff(32), "Keys no key"},
		{"keys", "02" + strings.Repeat("5A", 32), "Keys key set 2, not shown"},
		{"keys", "", "Keys 0 octets, not shown"},
		{"epsnsc", ff(54), "EPSNSC no key"},
		{"epsnsc", "A034 800107 8120" + ff(32) + "820400000000 830400000000 840100", "EPSNSC no key"},
		{"epsnsc", "A034 800103 8120" + strings.Repeat("5A", 32) + "820400000000 830400000000 840100 FFFF", "EPSNSC key set 3, not shown"},
		{"epsnsc", "A034 8001", "EPSNSC 4 octets, not shown"},
	} {
		f, _ := rfm.Lookup(c.file)
		if got := rfm.Describe(f, octets(t, c.value)); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.file, c.value, got, c.want)
		}
	}
	if got := rfm.Describe(rfm.File{Name: "x", Title: "EF_X"}, []byte{1}); got != "EF_X 01" {
		t.Errorf("unknown file: %q", got)
	}
}

func TestSessionKeysAreNeverPrinted(t *testing.T) {
	t.Parallel()
	id := aurora
	id.Values = values(t)
	snap := full(t)
	updates, err := rfm.Diff(written(), snap, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
		for _, v := range []any{snap, updates, updates[14], &updates[14], struct{ U rfm.Update }{updates[14]}, struct{ S rfm.Snapshot }{snap}} {
			s := strings.ToLower(fmt.Sprintf(verb, v))
			for _, key := range []string{"5a5a", "5b5b", "5c5c", "90, 90", "90 90", "zzzz", "0x5a, 0x5a"} {
				if strings.Contains(s, key) {
					t.Fatalf("%s of %T shows a key", verb, v)
				}
			}
		}
	}
	if got := updates[14].String(); got != "Keys key set 0, not shown -> Keys no key" {
		t.Errorf("String = %q", got)
	}
	if got := fmt.Sprint(rfm.Snapshot{"imsi": make([]byte, 9), "acc": {0, 1}}); got != "acc (2 octets), imsi (9 octets)" {
		t.Errorf("Snapshot = %q", got)
	}
}
