package rfm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
)

var isim = sat.AID{0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x04, 0xFF, 0x49}

// place is the whole address of a file as text.
func place(f rfm.File) string { return f.App.String() + ":" + rfm.FormatPath(f.Path) }

func TestTable(t *testing.T) {
	t.Parallel()
	files := rfm.Files()
	names, places := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		if strings.ToLower(f.Title) != f.Name || f.Clause == "" || len(f.Path) == 0 || f.Path[len(f.Path)-1] != f.FID || f.SFI > 30 {
			t.Errorf("row %+v", f)
		}
		if f.Reset && f.Swap != rfm.Cleared && f.Swap != rfm.Optional || f.Size > 0 && f.Least != f.Size || f.Unit > 0 && f.Least%f.Unit != 0 {
			t.Errorf("row %+v", f)
		}
		if names[f.Name] || places[place(f)] {
			t.Errorf("%s twice", f.Name)
		}
		names[f.Name], places[place(f)] = true, true
		byName, ok := rfm.Lookup(f.Name)
		if !ok || !cmp.Equal(byName, f) {
			t.Errorf("Lookup(%q) = %+v", f.Name, byName)
		}
		byPath, ok := rfm.LookupPath(f.App, append([]sat.FID{sat.MF}, f.Path...)...)
		if !ok || !cmp.Equal(byPath, f) {
			t.Errorf("LookupPath(%v, %v) = %+v", f.App, f.Path, byPath)
		}
		if _, ok := rfm.LookupFID(f.FID); !ok {
			t.Errorf("LookupFID(%v)", f.FID)
		}
	}
	for _, f := range files {
		if f.Twin != "" && (!names[f.Twin] || strings.Contains(f.Twin, "/")) {
			t.Errorf("twin of %s is %q", f.Name, f.Twin)
		}
	}
	if last := files[len(files)-1]; last.Name != "iccid" {
		t.Errorf("last is %s", last.Name)
	}
	i := slices.IndexFunc(files, func(f rfm.File) bool { return f.Name == "imsi" })
	if files[i-1].Name != "smsp" {
		t.Errorf("before IMSI is %s", files[i-1].Name)
	}
	for _, f := range files[i+1:] {
		if _, err := rfm.Want(f.Name, make([]byte, max(1, f.Least)), aurora); err == nil {
			t.Errorf("%s is written behind IMSI", f.Name)
		}
	}
	files[0].Path[0] = 0
	if again := rfm.Files(); again[0].Path[0] != sat.ADFUSIM {
		t.Error("a caller can write into the table")
	}
}

func TestEveryFileOfTheSheetHasItsPlace(t *testing.T) {
	t.Parallel()
	n := 0
	for names, c := range map[string]struct{ app, dir, fids string }{
		"imsi keys keysps loci psloci epsloci epsnsc start-hfn threshold netpar fplmn plmnwact oplmnwact hplmnwact": {"", "7FFF/",
			"6F07 6F08 6F09 6F7E 6F73 6FE3 6FE4 6F5B 6F5C 6FC4 6F7B 6F60 6F61 6F62"},
		"ehplmn ehplmnpi lrplmnsi hpplmn spn spdi pnn opl acc ad li ust est acl ecc": {"", "7FFF/",
			"6FD9 6FDB 6FDC 6F31 6F46 6FCD 6FC5 6FC6 6F78 6FAD 6F05 6F38 6F56 6F57 6FB7"},
		"sms smsp smss smsr msisdn fdn sdn bdn mbdn mbi gid1 gid2 uicciari epdgid epdgselection ips arr": {"", "7FFF/",
			"6F3C 6F42 6F43 6F47 6F40 6F3B 6F49 6F4D 6FC7 6FC9 6F3E 6F3F 6FE7 6FF3 6FF4 6FF1 6F06"},
		"5gs3gpploci 5gsn3gpploci 5gs3gppnsc 5gsn3gppnsc 5gauthkeys uac_aic suci_calc_info opl5g supi_nai routing_indicator ursp": {"", "7FFF/5FC0/",
			"4F01 4F02 4F03 4F04 4F05 4F06 4F07 4F08 4F09 4F0A 4F0B"},
		"kc kcgprs": {"", "7FFF/5F3B/", "4F20 4F52"},
		"isim/impi isim/domain isim/impu isim/ad isim/ist isim/p-cscf": {"A0000000871004", "7FFF/", "6F02 6F03 6F04 6FAD 6F07 6F09"},
		"gsm/imsi gsm/kc gsm/kcgprs gsm/loci gsm/locigprs gsm/plmnsel gsm/fplmn gsm/bcch gsm/sst gsm/ecc": {"", "7F20/",
			"6F07 6F20 6F52 6F7E 6F53 6F30 6F7B 6F74 6F38 6FB7"},
		"gsm/spn gsm/acc gsm/ad gsm/gid1 gsm/gid2 gsm/hpplmn gsm/plmnwact gsm/oplmnwact gsm/hplmnwact gsm/pnn gsm/opl gsm/mbdn gsm/mbi gsm/spdi": {"", "7F20/",
			"6F46 6F78 6FAD 6F3E 6F3F 6F31 6F60 6F61 6F62 6FC5 6FC6 6FC7 6FC9 6FCD"},
		"telecom/sms telecom/msisdn telecom/smsp telecom/smss telecom/smsr telecom/fdn telecom/sdn telecom/bdn telecom/adn telecom/psismsc": {"", "7F10/",
			"6F3C 6F40 6F42 6F43 6F47 6F3B 6F49 6F4D 6F3A 6FE5"},
		"iccid mf/dir mf/pl mf/arr": {"", "", "2FE2 2F00 2F05 2F06"},
	} {
		fids := strings.Fields(c.fids)
		n += len(fids)
		for i, name := range strings.Fields(names) {
			f, ok := rfm.Lookup(name)
			if got, want := place(f), c.app+":"+c.dir+fids[i]; !ok || got != want {
				t.Errorf("%s is at %s, want %s", name, got, want)
			}
		}
	}
	if len(rfm.Files()) != n {
		t.Errorf("%d files, %d are checked", len(rfm.Files()), n)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for fid, want := range map[sat.FID]string{
		0x6F07: "imsi", 0x6F7E: "loci", 0x6F42: "smsp", 0x6FAD: "ad", 0x4F20: "kc", 0x4F01: "5gs3gpploci",
		0x6F20: "gsm/kc", 0x6F02: "isim/impi", 0x2FE2: "iccid", 0x6F3A: "telecom/adn", 0x6F09: "keysps",
	} {
		if f, ok := rfm.LookupFID(fid); !ok || f.Name != want {
			t.Errorf("%v is %q, want %q", fid, f.Name, want)
		}
	}
	if f, ok := rfm.LookupPath(isim, sat.ADFUSIM, 0x6F07); !ok || f.Name != "isim/ist" {
		t.Errorf("6F07 of the ISIM is %q", f.Name)
	}
	if f, ok := rfm.LookupPath(sat.AID{0xA0, 0, 0, 0, 0x87, 0x10, 0x02, 0xFF}, sat.ADFUSIM, 0x6F07); !ok || f.Name != "imsi" {
		t.Errorf("6F07 of the USIM is %q", f.Name)
	}
	if f, ok := rfm.LookupPath(isim, 0x7F20, 0x6F07); !ok || f.Name != "gsm/imsi" {
		t.Errorf("7F20/6F07 is %q", f.Name)
	}
	for _, path := range [][]sat.FID{nil, {sat.MF}, {sat.ADFUSIM}, {0x6F07}, {sat.ADFUSIM, 0x5FC0, 0x6F07}} {
		if f, ok := rfm.LookupPath(nil, path...); ok {
			t.Errorf("%v is %s", path, f.Name)
		}
	}
	if f, ok := rfm.LookupPath(sat.AID{0xA0, 0, 0, 0, 0x87}, sat.ADFUSIM, 0x6F07); ok {
		t.Errorf("an AID of no application gave %s", f.Name)
	}
	if _, ok := rfm.Lookup("IMSI"); ok {
		t.Error("names are lower case")
	}
	if _, ok := rfm.LookupFID(sat.MF); ok {
		t.Error("MF is no elementary file")
	}
	for name, want := range map[string]struct {
		file   string
		record int
	}{"imsi": {"imsi", 0}, "sdn": {"sdn", 1}, "sdn#2": {"sdn", 2}, "telecom/sms#254": {"telecom/sms", 254}, "ips": {"ips", 1}} {
		if f, rec, err := rfm.LookupRecord(name); err != nil || f.Name != want.file || rec != want.record {
			t.Errorf("%s: %s %d, %v", name, f.Name, rec, err)
		}
	}
	for _, name := range []string{"", "imsj", "imsi#1", "sdn#", "sdn#1", "sdn#0", "sdn#-2", "sdn#02", "sdn#255", "sdn#two", "#2"} {
		if f, rec, err := rfm.LookupRecord(name); err == nil {
			t.Errorf("%q is %s %d", name, f.Name, rec)
		}
	}
	for s, want := range map[rfm.Structure]string{
		rfm.Transparent: "transparent", rfm.LinearFixed: "linear fixed", rfm.Cyclic: "cyclic", rfm.BERTLV: "BER-TLV", rfm.Directory: "directory", 9: "9",
	} {
		if s.String() != want {
			t.Errorf("%d is %q", int(s), s)
		}
	}
}

func TestPathsBothWays(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]sat.FID{"7FFF/6F07": {sat.ADFUSIM, 0x6F07}, "3F00/2FE2": {0x2FE2}, "7f10/5f3a/4f30": {0x7F10, 0x5F3A, 0x4F30}} {
		path, err := rfm.ParsePath(s)
		if err != nil || !slices.Equal(path, want) {
			t.Errorf("%s: %v, %v", s, path, err)
		}
		if back, err := rfm.ParsePath(rfm.FormatPath(path)); err != nil || !slices.Equal(back, want) {
			t.Errorf("%s came back as %v, %v", s, back, err)
		}
	}
	for _, s := range []string{"", "3F00", "7FFF/", "7FFF6F07", "7FFF/6F0", "7FFF/6F0G", "7FFF/+F07"} {
		if path, err := rfm.ParsePath(s); err == nil {
			t.Errorf("%q is %v", s, path)
		}
	}
}
