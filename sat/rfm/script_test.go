package rfm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
)

func file(t testing.TB, name string) rfm.File {
	t.Helper()
	f, ok := rfm.Lookup(name)
	if !ok {
		t.Fatal(name)
	}
	return f
}

func changes(t testing.TB, files []string, snap rfm.Snapshot, id rfm.Identity) (list []string) {
	t.Helper()
	updates, err := rfm.Diff(files, snap, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range updates {
		list = append(list, fmt.Sprintf("%s %d %d %X", u.File.Name, u.Record, u.Offset, u.New))
	}
	return list
}

func TestOnlyWhatDiffersIsWritten(t *testing.T) {
	t.Parallel()
	long := func(at ...int) []byte {
		b := make([]byte, 600)
		for _, i := range at {
			b[i] = 1
		}
		return b
	}
	run := func(n int) string { return strings.Repeat("01", n) }
	for name, c := range map[string]struct {
		file     string
		old, new []byte
		want     []string
	}{
		"nothing":            {"gid1", long(1), long(1), nil},
		"one octet":          {"gid1", long(), long(299), []string{"gid1 0 299 01"}},
		"a gap of 7":         {"gid1", long(), long(10, 18), []string{"gid1 0 10 010000000000000001"}},
		"a gap of 8":         {"gid1", long(), long(10, 19), []string{"gid1 0 10 01", "gid1 0 19 01"}},
		"first and last":     {"gid1", long(), long(0, 599), []string{"gid1 0 0 01", "gid1 0 599 01"}},
		"more than one":      {"gid1", make([]byte, 300), bytes.Repeat([]byte{1}, 300), []string{"gid1 0 0 " + run(255), "gid1 0 255 " + run(45)}},
		"from the phone":     {"netpar", octets(t, "00FFFFFFFFFFFFFFFFFFFF00"), nil, []string{"netpar 0 0 " + ff(12)}},
		"from the phone, 2":  {"netpar", slices.Concat(bytes.Repeat([]byte{0xFF}, 256), []byte{0}, bytes.Repeat([]byte{0xFF}, 9)), nil, []string{"netpar 0 256 FF"}},
		"MNC length":         {"ad", octets(t, "00000003"), nil, []string{"ad 0 3 02"}},
		"class":              {"acc", octets(t, "0020"), nil, []string{"acc 0 1 80"}},
		"one network of two": {"spdi", octets(t, "A308 8006 99F907 62F220"), octets(t, "A308 8006 99F907 62F210"), []string{"spdi 0 9 10"}},
	} {
		id := aurora
		if c.new != nil {
			id.Values = map[string][]byte{c.file: c.new}
		}
		if got := changes(t, []string{c.file}, rfm.Snapshot{c.file: c.old}, id); !slices.Equal(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestRecordsOfOneFile(t *testing.T) {
	t.Parallel()
	id := aurora
	id.Values = map[string][]byte{"sdn#2": octets(t, "FF03811A00FB"+ff(9))}
	id.Content = map[string]json.RawMessage{
		"sdn": json.RawMessage(`{"name":"A","number":"611"}`), "sdn#3": json.RawMessage(`"+4758000001"`),
		"smsp#2": json.RawMessage(`{"smsc":"+1"}`), "isim/impu#2": json.RawMessage(`"tel:+5511900000017"`),
	}
	snap := rfm.Snapshot{
		"sdn": octets(t, ff(15)), "sdn#2": octets(t, ff(15)), "sdn#3": octets(t, ff(15)), "epsnsc#2": make([]byte, 54),
		"smsp": octets(t, ff(28)), "smsp#2": octets(t, ff(28)), "imsi": octets(t, "084906400000000021"), "isim/impu": make([]byte, 60), "isim/impu#2": make([]byte, 24),
	}
	got := changes(t, []string{"imsi", "smsp", "smsp#2", "sdn", "sdn#3", "sdn#2", "epsnsc#2", "isim/impu", "isim/impu#2", "sdn#4"}, snap, id)
	want := []string{
		"sdn 3 0 FF0691" + "7485000010" + ff(7),
		"sdn 2 0 FF03811A00FB" + ff(9),
		"sdn 1 0 41038116F1" + ff(10),
		fmt.Sprintf("isim/impu 2 0 8012%XFFFFFFFF", "tel:+5511900000017"),
		fmt.Sprintf("isim/impu 1 0 8035%X", "sip:999700000000017@ims.mnc070.mcc999.3gppnetwork.org") + ff(5),
		"epsnsc 2 0 " + ff(54),
		"smsp 2 0 FD" + ff(12) + "0291F1" + ff(12),
		"smsp 1 0 FD" + ff(12) + newCentre + ff(3),
		"imsi 0 0 089999070000000071",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestIdentityOfTheOtherDirectories(t *testing.T) {
	t.Parallel()
	id := aurora
	id.PLMNs = []rfm.PLMN{"310410", "99970"}
	id.IMSI = "310410000000017"
	for name, c := range map[string]struct{ old, want string }{
		"isim/domain":  {"", fmt.Sprintf("8021%X", "ims.mnc410.mcc310.3gppnetwork.org")},
		"isim/impi":    {"", fmt.Sprintf("8031%X", "310410000000017@ims.mnc410.mcc310.3gppnetwork.org")},
		"spdi":         {"", "A3088006" + "130014" + "99F907"},
		"uac_aic":      {"01020304", "00000000"},
		"kc":           {"", ff(8) + "07"},
		"gsm/kcgprs":   {"", ff(8) + "07"},
		"gsm/imsi":     {"", "083901140000000071"},
		"gsm/locigprs": {"", ff(7) + "130014" + "0000FF01"},
		"gsm/ad":       {"000000", "000000"},
		"gsm/plmnsel":  {"", ff(30)},
		"5gs3gpploci":  {"", ff(13) + "130014" + "00000001"},
		"5gauthkeys":   {"", ff(110)},
	} {
		old := octets(t, c.old)
		if c.old == "" {
			old = make([]byte, len(octets(t, c.want)))
		}
		if got, err := rfm.Want(name, old, id); err != nil || !bytes.Equal(got, octets(t, c.want)) {
			t.Errorf("%s: %X, %v; want %s", name, got, err, c.want)
		}
	}
	for name, change := range map[string]func(*rfm.Identity){
		"isim/impi": func(i *rfm.Identity) { i.IMSI = "" }, "isim/domain": func(i *rfm.Identity) { i.PLMNs = nil },
		"spdi": func(i *rfm.Identity) { i.PLMNs = nil }, "isim/ad": func(*rfm.Identity) {}, "ursp": func(*rfm.Identity) {},
		"routing_indicator": func(*rfm.Identity) {}, "sdn#2": func(*rfm.Identity) {}, "sdn#1": func(*rfm.Identity) {}, "threshold": func(*rfm.Identity) {},
		"spn": func(i *rfm.Identity) { i.Content = map[string]json.RawMessage{"spn": json.RawMessage(`{"name":5}`)} },
		"gid1": func(i *rfm.Identity) {
			i.Values, i.Content = map[string][]byte{"gid1": {1}}, map[string]json.RawMessage{"gid1": json.RawMessage(`"01"`)}
		},
		"imsi": func(i *rfm.Identity) { i.Content = map[string]json.RawMessage{"imsi": json.RawMessage(`"1"`)} },
		"keys": func(i *rfm.Identity) {
			i.Content = map[string]json.RawMessage{"epsnsc#2": json.RawMessage(`{"ksi":7}`)}
		},
	} {
		id := aurora
		change(&id)
		if got, err := rfm.Want(name, make([]byte, 60), id); err == nil {
			t.Errorf("%s: %X", name, got)
		}
	}
}

func TestTwinsWaitForTheirFile(t *testing.T) {
	t.Parallel()
	snap := rfm.Snapshot{"imsi": octets(t, "084906400000000021"), "gsm/imsi": octets(t, "084906400000000021"), "gsm/acc": {0, 1}}
	files := []string{"gsm/imsi", "imsi", "acc", "gsm/acc"}
	if got := order(t, files, snap, aurora); got != "gsm/acc imsi" {
		t.Errorf("first %s", got)
	}
	if got, err := rfm.Later(files, snap, aurora); err != nil || !slices.Equal(got, []string{"gsm/imsi"}) {
		t.Errorf("later %s, %v", got, err)
	}
	snap["imsi"] = octets(t, "089999070000000071")
	if got := order(t, files, snap, aurora); got != "gsm/acc gsm/imsi" {
		t.Errorf("then %s", got)
	}
	snap["gsm/imsi"] = snap["imsi"]
	if got, err := rfm.Later(files, snap, aurora); err != nil || len(got) > 0 {
		t.Errorf("at last %s, %v", got, err)
	}
	if got, err := rfm.Later([]string{"x"}, snap, aurora); err == nil {
		t.Error(got)
	}
}

func TestSelectsAreShared(t *testing.T) {
	t.Parallel()
	u := func(name string, record, offset int) rfm.Update {
		return rfm.Update{File: file(t, name), Record: record, Offset: offset, New: []byte{1}}
	}
	write := func(offset int) string { return fmt.Sprintf(" 00D6%04X0101", offset) }
	record := func(n int) string { return fmt.Sprintf(" 00DC%02X040101", n) }
	for name, c := range map[string]struct {
		updates []rfm.Update
		want    string
	}{
		"nothing": {nil, ""},
		"pieces":  {[]rfm.Update{u("gid1", 0, 0), u("gid1", 0, 300)}, "00A40004026F3E" + write(0) + write(300)},
		"records": {[]rfm.Update{u("sdn", 2, 0), u("sdn", 1, 0), u("ecc", 1, 0)}, "00A40004026F49" + record(2) + record(1) + " 00A40004026FB7" + record(1)},
		"below and back": {[]rfm.Update{u("acc", 0, 0), u("routing_indicator", 0, 0), u("suci_calc_info", 0, 2), u("kc", 0, 0), u("imsi", 0, 0)},
			"00A40004026F78" + write(0) + " 00A40904045FC04F0A" + write(0) + " 00A40004024F07" + write(2) +
				" 00A40804067FFF5F3B4F20" + write(0) + " 00A40804047FFF6F07" + write(0)},
		"2G view": {[]rfm.Update{u("gsm/kc", 0, 0), u("gsm/loci", 0, 0), u("telecom/smsp", 1, 0), u("smsp", 1, 0), u("imsi", 0, 0)},
			"00A40804047F206F20" + write(0) + " 00A40004026F7E" + write(0) + " 00A40804047F106F42" + record(1) +
				" 00A40804047FFF6F42" + record(1) + " 00A40004026F07" + write(0)},
		"ISIM": {[]rfm.Update{u("isim/impi", 0, 0), u("isim/ist", 0, 0), u("gsm/kc", 0, 0), u("isim/ad", 0, 0), u("imsi", 0, 0)},
			"00A4040407A0000000871004 00A40004026F02" + write(0) + " 00A40004026F07" + write(0) + " 00A40804047F206F20" + write(0) +
				" 00A40804047FFF6FAD" + write(0) + " 00A4040407A0000000871002 00A40004026F07" + write(0)},
		"under the MF": {[]rfm.Update{u("mf/pl", 0, 0), u("iccid", 0, 0)}, "00A40804022F05" + write(0) + " 00A40004022FE2" + write(0)},
	} {
		if got := hexOf(t, rfm.Commands(c.updates)); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
	if got := hexOf(t, rfm.CommandsIn(isim, []rfm.Update{u("isim/impi", 0, 0), u("imsi", 0, 0)})); got !=
		"00A40004026F02"+write(0)+" 00A4040407A0000000871002 00A40004026F07"+write(0) {
		t.Error(got)
	}
	for name, want := range map[string]string{
		"routing_indicator": "00A40904045FC04F0A" + write(0) + " 00A40804027FFF",
		"isim/impi":         "00A4040407A0000000871004 00A40004026F02" + write(0) + " 00A4040407A0000000871002",
		"gsm/kc":            "00A40804047F206F20" + write(0) + " 00A40804027FFF",
		"gid1":              "00A40004026F3E" + write(0),
	} {
		one := u(name, 0, 0)
		if got := hexOf(t, one.Commands()); got != want {
			t.Errorf("%s alone: %s, want %s", name, got, want)
		}
		read := hexOf(t, rfm.Fence(one))
		if !strings.HasSuffix(read, " 00B0000001") || !strings.HasPrefix(want, strings.TrimSuffix(read, " 00B0000001")) {
			t.Errorf("fence of %s: %s", name, read)
		}
	}
	if got := hexOf(t, rfm.Fence(u("sdn", 2, 0))); got != "00A40004026F49 00B2020401" {
		t.Errorf("fence of a record: %s", got)
	}
	if got := hexOf(t, rfm.Fence(u("gid1", 0, 300))); got != "00A40004026F3E 00B0012C01" {
		t.Errorf("fence of a piece: %s", got)
	}
}

func TestReadsOfLongFilesAndManyPlaces(t *testing.T) {
	t.Parallel()
	item := rfm.Item{Path: []sat.FID{0x7F50, 0x4F01}, Offset: 300, Data: make([]byte, 300)}
	r, err := rfm.Read([]string{"imsi", "sdn", "sdn#2", "gid1", "suci_calc_info", "ursp", "isim/impi", "ips"}, []rfm.Item{item}, map[string]int{"gid1": 600, "sdn#2": 15})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields("00A40004026F07 00B0000000 00A40004026F49 00B2010400 00B202040F 00A40004026F3E 00B0000000 00B0010000 00B0020058 " +
		"00A40904045FC04F07 00B0000000 00A40004024F0B 80CB00800180 00C0000000 00A4040407A0000000871004 00A40004026F02 00B0000000 " +
		"00A4040407A0000000871002 00A40004026FF1 00B2010400 00A40804047F504F01 00B0012C00 00B0022C2C")
	if got := strings.Fields(hexOf(t, r.Commands)); !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	of := strings.Split("|imsi||sdn|sdn#2||gid1|gid1|gid1||suci_calc_info|||ursp|||isim/impi|||ips||7F50/4F01@300|7F50/4F01@300", "|")
	if d := cmp.Diff(of, r.Of); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	snap := rfm.Snapshot{}
	for i := range r.Commands {
		r.Learn(i, []byte{byte(i)}, snap)
	}
	r.Learn(-1, []byte{1}, snap)
	r.Learn(99, []byte{1}, snap)
	if d := cmp.Diff(rfm.Snapshot{"imsi": {1}, "sdn": {3}, "sdn#2": {4}, "gid1": {6, 7, 8}, "suci_calc_info": {10}, "ursp": {13},
		"isim/impi": {16}, "ips": {19}, "7F50/4F01@300": {21, 22}}, snap, cmp.Transformer("plain", func(s rfm.Snapshot) map[string][]byte { return s })); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if r, err := rfm.Read([]string{"x"}, nil, nil); err == nil {
		t.Error(r)
	}
	if r, err := rfm.Read(nil, []rfm.Item{{}}, nil); err == nil {
		t.Error(r)
	}
	for name, want := range map[string]string{
		"gid1": "00A40004026F3E 00B0000000 00B0010002", "5gs3gpploci": "00A40804067FFF5FC04F01 00B0000000 00B0010002", "iccid": "00A40804022FE2 00B0000000 00B0010002",
	} {
		if got := hexOf(t, rfm.ReadCommands(file(t, name), 258)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	// SELECT 6F07 in the wrong application would be another file: no octets.
	if b, err := rfm.ReadCommands(file(t, "isim/ist"), 0)[0].AppendBinary(nil); err == nil {
		t.Errorf("one SELECT led into the ISIM: %X", b)
	}
}

func TestWordsOfPartialUpdates(t *testing.T) {
	t.Parallel()
	id := aurora
	id.Content = map[string]json.RawMessage{"sdn#2": json.RawMessage(`"611"`)}
	updates, err := rfm.Diff([]string{"ad", "sdn#2", "acc"}, rfm.Snapshot{"ad": octets(t, "00000003"), "sdn#2": octets(t, ff(14)), "acc": {2, 0}}, id)
	if err != nil {
		t.Fatal(err)
	}
	want := "[record 2: SDN empty -> SDN 611 ACC class 9 -> ACC class 7 AD normal, MNC of 3 digits -> AD normal, MNC of 2 digits (octets 4 to 4)]"
	if got := fmt.Sprint(updates); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestItems(t *testing.T) {
	t.Parallel()
	id := aurora
	secret := bytes.Repeat([]byte{0x5A}, 20)
	id.Items = []rfm.Item{
		{Path: []sat.FID{sat.ADFUSIM, 0x6FFE}, Offset: 16, Data: secret}, {Path: []sat.FID{0x7F50, 0x4F01}, Record: 2, Data: []byte{1, 2}},
		{Path: []sat.FID{0x2FFE}, Data: make([]byte, 300)}, {Path: []sat.FID{0x2FFF}, Data: []byte{1}},
	}
	snap := rfm.Snapshot{
		"7FFF/6FFE@16": make([]byte, 20), "7F50/4F01#2": {1, 3}, "2FFE": bytes.Repeat([]byte{1}, 300),
		"smsp": octets(t, ff(28)), "imsi": octets(t, "084906400000000021"), "keys": make([]byte, 33),
	}
	got := changes(t, []string{"imsi", "smsp", "keys"}, snap, id)
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], " 0")
	}
	want := []string{"keys 0", "7FFF/6FFE", "7F50/4F01 2", "2FFE", "2FFE", "smsp 1", "imsi"}
	for i := range want {
		if !strings.HasPrefix(got[i], strings.TrimSuffix(want[i], " 0")) {
			t.Errorf("%d is %s, want %s", i, got[i], want[i])
		}
	}
	updates, _ := rfm.Diff(nil, snap, id)
	for _, v := range []any{updates, id, id.Items, snap, &id.Items[0]} {
		if s := strings.ToUpper(fmt.Sprintf("%v %+v", v, v)); strings.Contains(s, "5A5A") || strings.Contains(s, "90 90") {
			t.Errorf("shown: %s", s)
		}
	}
	if got := updates[0].String(); got != "7FFF/6FFE 20 octets, not shown -> 7FFF/6FFE 20 octets, not shown" {
		t.Error(got)
	}
	if got := hexOf(t, rfm.Commands(updates)); got != "00A40004026FFE 00D6001014"+strings.Repeat("5A", 20)+
		" 00A40804047F504F01 00DC0204020102 00A40804022FFE 00D60000FF"+strings.Repeat("00", 255)+" 00D600FF2D"+strings.Repeat("00", 45) {
		t.Error(got)
	}
	snap["2FFF"] = []byte{1, 2}
	if got, err := rfm.Diff(nil, snap, id); err == nil {
		t.Errorf("item of another length: %v", got)
	}
}

func TestItemsBothWays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]rfm.Item{
		`{"path":"7FFF/6FFE","offset":16,"data":"5A5A"}`: {Path: []sat.FID{sat.ADFUSIM, 0x6FFE}, Offset: 16, Data: []byte{0x5A, 0x5A}},
		`{"path":"2FFE","record":2,"data":"00"}`:         {Path: []sat.FID{0x2FFE}, Record: 2, Data: []byte{0}},
	} {
		var got rfm.Item
		if err := json.Unmarshal([]byte(text), &got); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		if b, err := json.Marshal(want); err != nil || string(b) != text {
			t.Errorf("%s, %v; want %s", b, err, text)
		}
	}
	for _, text := range []string{`{"path":"","data":"00"}`, `{"path":"2FFE","data":"5A5"}`, `{"path":"2FFE","data":"00","x":1}`, `5`} {
		var got rfm.Item
		if err := json.Unmarshal([]byte(text), &got); err == nil || strings.Contains(err.Error(), "5A5") {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for name, i := range map[string]rfm.Item{
		"no path": {Data: []byte{1}}, "no application": {Path: []sat.FID{0x6F07}, Data: make([]byte, 9)}, "MF": {Path: []sat.FID{sat.MF, 0x2FFE}, Data: []byte{1}}, "ADF": {Path: []sat.FID{sat.ADFUSIM}, Data: []byte{1}},
		"ADF inside": {Path: []sat.FID{0x7F20, sat.ADFUSIM}, Data: []byte{1}}, "a name": {Path: []sat.FID{sat.ADFUSIM, 0x6F07}, Data: make([]byte, 9)},
		"no octets": {Path: []sat.FID{0x2FFE}}, "record 255": {Path: []sat.FID{0x2FFE}, Record: 255, Data: []byte{1}},
		"record -1": {Path: []sat.FID{0x2FFE}, Record: -1, Data: []byte{1}}, "offset": {Path: []sat.FID{0x2FFE}, Offset: 0x8000, Data: []byte{1}},
		"offset -1": {Path: []sat.FID{0x2FFE}, Offset: -1, Data: []byte{1}}, "part of a record": {Path: []sat.FID{0x2FFE}, Record: 1, Offset: 1, Data: []byte{1}},
		"long record": {Path: []sat.FID{0x2FFE}, Record: 1, Data: make([]byte, 256)},
	} {
		if err := i.Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
		id := aurora
		id.Items = []rfm.Item{i}
		if got, err := rfm.Diff(nil, nil, id); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
