package ram_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/ram"
)

func aid(t testing.TB, s string) sat.AID { return octets(t, s) }

func privileges(p ram.Privileges) *ram.Privileges { return &p }

// command reads an APDU in hex.
func command(t testing.TB, s string) sat.Command {
	t.Helper()
	c, err := sat.ParseCommand(octets(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCommandsBothWays(t *testing.T) {
	t.Parallel()
	app, file, domain := aid(t, "D07002CA44900101"), aid(t, "D07002CA44"), aid(t, "A000000151535041")
	hash := bytes.Repeat([]byte{0xAB}, 20)
	for name, c := range map[string]struct {
		apdu    string
		request ram.Request
	}{
		"for load": {"80E6 0200 0A 05D07002CA44 00 00 00 00", ram.InstallForLoad{LoadFile: file}},
		"for load with everything": {
			"80E6 0200 30 05D07002CA44 08A000000151535041 14" + strings.Repeat("AB", 20) + " 06EF04C6020239 04 01020304",
			ram.InstallForLoad{LoadFile: file, Domain: domain, Hash: hash, Parameters: octets(t, "EF04C6020239"), Token: []byte{1, 2, 3, 4}},
		},
		"load":      {"80E8 0000 05 C482023901", ram.Load{Block: octets(t, "C482023901")}},
		"load last": {"80E8 80FF 01 7A", ram.Load{Number: 0xFF, Last: true, Block: []byte{0x7A}}},
		"for install": {
			"80E6 0400 1E 05D07002CA44 08D07002CA44900101 08D07002CA44900101 01 00 02 C900 00",
			ram.Install{LoadFile: file, Module: app, Instance: app, Parameters: octets(t, "C900")},
		},
		"for install and make selectable": {
			"80E6 0C00 20 05D07002CA44 08D07002CA44900101 08D07002CA44900101 03 80C000 02 C900 00",
			ram.Install{LoadFile: file, Module: app, Instance: app, Privileges: ram.SecurityDomain | ram.TrustedPath | ram.AuthorizedManagement,
				Parameters: octets(t, "C900"), Selectable: true},
		},
		"make selectable": {"80E6 0800 0F 00 00 08D07002CA44900101 01 00 00 00", ram.MakeSelectable{Instance: app}},
		"extradition":     {"80E6 1000 16 08A000000151535041 00 08D07002CA44900101 00 00 00", ram.Extradite{Domain: domain, Application: app}},
		"personalization": {"80E6 2000 0E 00 00 08D07002CA44900101 00 00 00", ram.Personalize{Application: app}},
		"registry update": {"80E6 4000 0F 00 00 08D07002CA44900101 01 04 00 00", ram.UpdateRegistry{Application: app, Privileges: privileges(ram.DefaultSelected)}},
		"registry update of the domain only": {
			"80E6 4000 18 08A000000151535041 00 08D07002CA44900101 00 02CF00 00",
			ram.UpdateRegistry{Domain: domain, Application: app, Parameters: octets(t, "CF00")},
		},
		"store data":            {"80E2 0800 03 010203", ram.StoreData{Coding: ram.DGI, Data: []byte{1, 2, 3}}},
		"store data last":       {"80E2 9001 03 010203", ram.StoreData{Number: 1, Last: true, Coding: ram.BERTLV, Data: []byte{1, 2, 3}}},
		"delete":                {"80E4 0000 07 4F05D07002CA44", ram.Delete{AID: file}},
		"delete with instances": {"80E4 0080 07 4F05D07002CA44", ram.Delete{AID: file, Related: true}},
		"delete one key":        {"80E4 0000 06 D00102 D20103", ram.DeleteKey{ID: 2, Version: 3}},
		"delete a set":          {"80E4 0000 03 D20103", ram.DeleteKey{Version: 3}},
		"delete an identifier":  {"80E4 0000 03 D00102", ram.DeleteKey{ID: 2}},
		"get status":            {"80F2 4002 02 4F00 00", ram.GetStatus{Scope: ram.Applications}},
		"get status next":       {"80F2 1003 02 4F00 00", ram.GetStatus{Scope: ram.Modules, Next: true}},
		"get status filtered": {
			"80F2 2002 0E 4F05D07002CA44 5C05 4F9F70C5CC 00",
			ram.GetStatus{Scope: ram.LoadFiles, AID: file, Tags: []uint32{ram.TagAID, ram.TagState, ram.TagPrivileges, ram.TagDomain}},
		},
		"lock":             {"80F0 4080 08 D07002CA44900101", ram.SetStatus{Scope: ram.Applications, State: ram.Lock, AID: app}},
		"unlock":           {"80F0 4000 08 D07002CA44900101", ram.SetStatus{Scope: ram.Applications, State: ram.Unlock, AID: app}},
		"lock the card":    {"80F0 807F 08 A000000151535041", ram.SetStatus{Scope: ram.IssuerDomain, State: ram.CardLocked, AID: domain}},
		"key information":  {"80CA 00E0 00", ram.GetData{Tag: ram.DataKeys}},
		"card resources":   {"80CA FF21 00", ram.GetData{Tag: ram.DataMemory}},
		"card recognition": {"80CA 0066 00", ram.GetData{Tag: ram.DataCard}},
	} {
		got, err := c.request.Command()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b, err := got.AppendBinary(nil)
		if want := octets(t, c.apdu); err != nil || !bytes.Equal(b, want) {
			t.Errorf("%s: %X, %v, want %X", name, b, err, want)
		}
		parsed, err := ram.Parse(command(t, c.apdu), ram.Key{})
		if err != nil {
			t.Errorf("%s: parse: %v", name, err)
		} else if diff := cmp.Diff(c.request, parsed); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestInstallWithoutParametersSendsAnEmptyC9(t *testing.T) {
	t.Parallel()
	a := aid(t, "D07002CA44")
	c, err := ram.Install{LoadFile: a, Module: a, Instance: a}.Command()
	if err != nil || !bytes.HasSuffix(c.Data, octets(t, "0100 02C900 00")) {
		t.Errorf("%v, %v", c, err)
	}
}

func TestCommandsThatFitNoCardAreRefused(t *testing.T) {
	t.Parallel()
	a := aid(t, "D07002CA44")
	short, long := sat.AID{1, 2, 3, 4}, make(sat.AID, 17)
	for name, r := range map[string]ram.Request{
		"short load file":         ram.InstallForLoad{LoadFile: short},
		"long domain":             ram.InstallForLoad{LoadFile: a, Domain: long},
		"hash of 19":              ram.InstallForLoad{LoadFile: a, Hash: make([]byte, 19)},
		"token without hash":      ram.InstallForLoad{LoadFile: a, Token: []byte{1}},
		"more than one APDU":      ram.Install{LoadFile: a, Module: a, Instance: a, Parameters: make([]byte, 240)},
		"no module":               ram.Install{LoadFile: a, Instance: a},
		"privileges of 4":         ram.Install{LoadFile: a, Module: a, Instance: a, Privileges: 1 << 24},
		"selectable without AID":  ram.MakeSelectable{},
		"selectable, privileges":  ram.MakeSelectable{Instance: a, Privileges: 1 << 24},
		"extradite nothing":       ram.Extradite{Domain: a},
		"extradite to nobody":     ram.Extradite{Application: a},
		"personalize nothing":     ram.Personalize{},
		"registry of nothing":     ram.UpdateRegistry{},
		"registry, short domain":  ram.UpdateRegistry{Domain: short, Application: a},
		"registry, privileges":    ram.UpdateRegistry{Application: a, Privileges: privileges(1 << 24)},
		"empty block":             ram.Load{},
		"block of 256":            ram.Load{Block: make([]byte, 256)},
		"empty data":              ram.StoreData{},
		"coding with last":        ram.StoreData{Coding: 0x80, Data: []byte{1}},
		"delete nothing":          ram.Delete{},
		"delete all keys":         ram.DeleteKey{},
		"delete key 128":          ram.DeleteKey{ID: 128, Version: 1},
		"status of nothing":       ram.GetStatus{},
		"status of two scopes":    ram.GetStatus{Scope: 0xC0},
		"status of a long AID":    ram.GetStatus{Scope: ram.LoadFiles, AID: long},
		"status of half a tag":    ram.GetStatus{Scope: ram.LoadFiles, Tags: []uint32{0x9F}},
		"status of a long tag":    ram.GetStatus{Scope: ram.LoadFiles, Tags: []uint32{0x9F8101}},
		"set status of modules":   ram.SetStatus{Scope: ram.Modules, AID: a},
		"set status of nothing":   ram.SetStatus{Scope: ram.Applications},
		"terminate the card":      ram.SetStatus{Scope: ram.IssuerDomain, State: ram.Terminated, AID: a},
		"get data of nothing":     ram.GetData{},
		"put key without a KIK":   ram.PutKey{Version: 1, FirstID: 1},
		"put key without version": ram.PutKey{FirstID: 1},
	} {
		if c, err := r.Command(); err == nil {
			t.Errorf("%s gave %v", name, c)
		}
	}
}

func TestReceivedCommandsThatAreWrongAreRefused(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]string{
		"other class":                "00E60200 0A 05D07002CA44 00 00 00 00",
		"unknown instruction":        "80A40400 05 D07002CA44",
		"make selectable by 10":      "80E61000 0F 00 00 08D07002CA44900101 01 00 00 00",
		"INSTALL P1 FF":              "80E6FF00 01 00",
		"INSTALL P2":                 "80E60201 0A 05D07002CA44 00 00 00 00",
		"for load cut":               "80E60200 09 05D07002CA44 00 00 00",
		"for load with more":         "80E60200 0B 05D07002CA44 00 00 00 00 00",
		"for load, AID of 4":         "80E60200 09 04D07002CA 00 00 00 00",
		"for load, hash of 1":        "80E60200 0B 05D07002CA44 00 01AA 00 00",
		"for install, no privileges": "80E60400 17 05D07002CA44 05D07002CA44 05D07002CA44 00 02C900 00 00",
		"selectable with parameters": "80E60800 11 00 00 08D07002CA44900101 01 00 02C900 00",
		"long length":                "80E60200 0A 82D07002CA44 00 00 00 00",
		"LOAD P1 01":                 "80E80100 01 AA",
		"LOAD without data":          "80E80000",
		"DELETE P1":                  "80E40100 07 4F05D07002CA44",
		"DELETE P2":                  "80E40040 07 4F05D07002CA44",
		"DELETE of two":              "80E40000 0E 4F05D07002CA44 4F05D07002CA44",
		"DELETE with token":          "80E40000 0A 4F05D07002CA44 9E0101",
		"DELETE of a short AID":      "80E40000 06 4F04D07002CA",
		"DELETE key 0":               "80E40000 03 D20100",
		"DELETE key of two octets":   "80E40000 04 D2020101",
		"GET STATUS legacy":          "80F24000 02 4F00",
		"GET STATUS P2 40":           "80F24040 02 4F00",
		"GET STATUS scope":           "80F2C002 02 4F00",
		"GET STATUS no AID":          "80F24002 03 5C014F",
		"GET STATUS tag list cut":    "80F24002 05 4F00 5C019F",
		"GET STATUS tag 00":          "80F24002 05 4F00 5C0100",
		"GET STATUS other":           "80F24002 04 4F00 5000",
		"SET STATUS scope":           "80F02080 05 D07002CA44",
		"SET STATUS no AID":          "80F04080",
		"SET STATUS terminate":       "80F080FF 05 D07002CA44",
		"STORE DATA without data":    "80E28000",
		"GET DATA tag 0":             "80CA0000 00",
		"GET DATA with list":         "80CA2F00 02 5C00 00",
		"PUT KEY without KIK":        "80D80081 01 01",
	} {
		if r, err := ram.Parse(command(t, s), ram.Key{}); err == nil {
			t.Errorf("%s gave %+v", name, r)
		}
	}
}

func TestLoadFileIsCutIntoBlocks(t *testing.T) {
	t.Parallel()
	file := mustParseCAP(t, read(t, helloCAP)).LoadFile()
	commands, err := ram.Blocks(file, 93)
	if err != nil || len(commands) != 4 {
		t.Fatalf("%d blocks, %v", len(commands), err)
	}
	var joined []byte
	for i, c := range commands {
		l, err := ram.ParseLoad(c)
		if err != nil || int(l.Number) != i || l.Last != (i == 3) || len(l.Block) > 93 {
			t.Errorf("block %d: %+v, %v", i, l, err)
		}
		joined = append(joined, l.Block...)
	}
	if !bytes.HasPrefix(joined, octets(t, "C4820148 01")) {
		t.Errorf("joined blocks begin with %X", joined[:5])
	}
	got, signatures, err := ram.ParseLoadFile(joined)
	if err != nil || !bytes.Equal(got, file) || signatures != nil {
		t.Errorf("%d octets, %v, %v", len(got), signatures, err)
	}
}

// A load file of 569 octets has 573 with its header.
func TestLoadFileHeaderHasTheShortestLength(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "C401", 127: "C47F", 128: "C48180", 569: "C4820239", 65535: "C482FFFF"} {
		b, err := ram.WrapLoadFile(nil, make([]byte, n))
		if err != nil || !bytes.HasPrefix(b, octets(t, want)) || len(b) != n+len(want)/2 {
			t.Errorf("%d octets: %X.., %v", n, b[:min(4, len(b))], err)
		}
	}
	for _, n := range []int{0, 65536} {
		if _, err := ram.WrapLoadFile(nil, make([]byte, n)); err == nil {
			t.Errorf("%d octets are wrapped", n)
		}
	}
}

func TestBlockNumbersWrapAndTheLastIsExact(t *testing.T) {
	t.Parallel()
	for _, n := range []int{255, 256, 257, 600} { // octets with header
		commands, err := ram.Blocks(make([]byte, n-headerOf(n)), 1)
		if err != nil || len(commands) != n {
			t.Fatalf("%d blocks, %v", len(commands), err)
		}
		for i, c := range commands {
			if c.P2 != byte(i) || (c.P1 == 0x80) != (i == n-1) {
				t.Errorf("block %d of %d: P1 P2 %02X%02X", i, n, c.P1, c.P2)
			}
		}
	}
	commands, err := ram.Blocks(make([]byte, 197), 100) // exactly 200 with header
	if err != nil || len(commands) != 2 || commands[1].P1 != 0x80 {
		t.Errorf("%v, %v", commands, err)
	}
	for _, size := range []int{0, -1, 256} {
		if _, err := ram.Blocks([]byte{1}, size); err == nil {
			t.Errorf("blocks of %d", size)
		}
	}
}

// headerOf is the length of C4 and BER length in n octets.
func headerOf(n int) int {
	if n > 258 {
		return 4
	}
	return 3
}

func TestLoadFileCarriesSignatures(t *testing.T) {
	t.Parallel()
	d := ram.DAP{Domain: aid(t, "A000000151535041"), Signature: []byte{1, 2, 3, 4, 5, 6, 7, 8}}
	b, err := ram.WrapLoadFile(nil, []byte{0xAA}, d)
	if want := octets(t, "E214 4F08A000000151535041 C3080102030405060708 C401AA"); err != nil || !bytes.Equal(b, want) {
		t.Fatalf("%X, %v, want %X", b, err, want)
	}
	file, got, err := ram.ParseLoadFile(b)
	if err != nil || !bytes.Equal(file, []byte{0xAA}) || !cmp.Equal(got, []ram.DAP{d}) {
		t.Errorf("%X, %+v, %v", file, got, err)
	}
	for name, d := range map[string]ram.DAP{"no signature": {Domain: d.Domain}, "no domain": {Signature: d.Signature}} {
		if _, err := ram.WrapLoadFile(nil, []byte{0xAA}, d); err == nil {
			t.Errorf("%s is wrapped", name)
		}
	}
	for name, s := range map[string]string{
		"nothing": "", "no load file": "E20A 4F05D07002CA44C30101", "empty load file": "C400", "two load files": "C401AA C401BB",
		"octets after it": "C401AA00", "ciphered": "D401AA", "DAP without signature": "E207 4F05D07002CA44 C401AA",
		"DAP with a short AID": "E209 4F04D07002CAC30101 C401AA", "DAP broken": "E2014F C401AA",
	} {
		if f, _, err := ram.ParseLoadFile(octets(t, s)); err == nil {
			t.Errorf("%s gave %X", name, f)
		}
	}
}

func TestBlockSizeFillsThePacket(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		room     int
		expanded bool
		want     int
	}{
		{98, false, 93}, {106, false, 101}, {242, false, 237}, {370, false, 255}, {260, false, 255},
		{98, true, 89},   // AA L 22 L
		{242, true, 231}, // AA 81 L 22 81 L
		{370, true, 255},
		{0, false, 0}, {5, false, 0}, {6, false, 1}, {9, true, 0}, {10, true, 1}, {-1, true, 0},
		{130, true, 120}, {131, true, 121}, {132, true, 122}, {133, true, 122}, {134, true, 123}, // AA grows to 81 before 22 does
	} {
		if got := ram.BlockSize(c.room, c.expanded); got != c.want {
			t.Errorf("room %d, expanded %t: %d, want %d", c.room, c.expanded, got, c.want)
		}
	}
}

func TestPrivilegesBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p     ram.Privileges
		coded string
		words string
	}{
		{0, "00", "none"},
		{ram.DefaultSelected, "04", "default selected"},
		{ram.DAPVerification, "C0", "security domain, DAP verification"},
		{ram.MandatedDAP, "C1", "security domain, DAP verification, mandated DAP verification"},
		{ram.DelegatedManagement | ram.GlobalDelete, "A01000", "security domain, delegated management, global delete"},
		{ram.CipheredLoadFile, "000040", "ciphered load file"},
		{0x400001, "400001", "unknown 400001"},
	} {
		b, err := c.p.AppendBinary(nil)
		if err != nil || !bytes.Equal(b, octets(t, c.coded)) {
			t.Errorf("%s: %X, %v, want %s", c.words, b, err, c.coded)
		}
		if p, err := ram.ParsePrivileges(octets(t, c.coded)); err != nil || p != c.p || p.String() != c.words {
			t.Errorf("%s: %06X %q, %v", c.coded, uint32(p), p, err)
		}
	}
	for _, s := range []string{"", "0000", "00000000"} {
		if p, err := ram.ParsePrivileges(octets(t, s)); err == nil {
			t.Errorf("%q gave %s", s, p)
		}
	}
}

func TestReceiptsBothWays(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"": "", "00": "", "03 010203": "010203", "8180" + strings.Repeat("AA", 128): strings.Repeat("AA", 128)} {
		got, err := ram.ParseReceipt(octets(t, s))
		if err != nil || !bytes.Equal(got, octets(t, want)) {
			t.Errorf("%s: %X, %v", s, got, err)
		}
		if b, err := ram.AppendReceipt(nil, octets(t, want)); s != "" && (err != nil || !bytes.Equal(b, octets(t, s))) {
			t.Errorf("%s: %X, %v", want, b, err)
		}
	}
	for _, s := range []string{"01", "0000", "0201", "83000001AA"} {
		if got, err := ram.ParseReceipt(octets(t, s)); err == nil {
			t.Errorf("%s gave %X", s, got)
		}
	}
	// The length 128 may also be one octet.
	if got, err := ram.ParseReceipt(append([]byte{0x80}, make([]byte, 128)...)); err != nil || len(got) != 128 {
		t.Errorf("length 80: %d octets, %v", len(got), err)
	}
	if _, err := ram.AppendReceipt(nil, make([]byte, 256)); err == nil {
		t.Error("receipt of 256 octets")
	}
}

func TestStatusWordsAreExplained(t *testing.T) {
	t.Parallel()
	for sw, want := range map[sat.Status]string{
		0x6A80:             "6A80 wrong data: parameters, TAR or AID taken, or a block that does not fit",
		ram.StatusNotFound: "6A88 not there: no such application, load file or key",
		0x9485:             "9485 wrong key check value",
		sat.StatusOK:       "9000 done",
		0x6D00:             "6D00 instruction is not supported or not valid",
	} {
		if got := ram.Explain(sw); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCommandsAreDescribed(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"80E602000A05D07002CA4400000000":             "INSTALL for load of D07002CA44",
		"80E602001005D07002CA4406D07002CA4499000000": "INSTALL for load of D07002CA44 into domain D07002CA4499",
		"80E8800301AA": "LOAD block 3 of 1 octets, the last",
		"80E60400 18 05D07002CA44 05D07002CA44 05D07002CA44 0104 02C900 00": "INSTALL D07002CA44, module D07002CA44 of load file D07002CA44, privileges default selected",
		"80E60C00 18 05D07002CA44 05D07002CA44 05D07002CA44 0100 02C900 00": "INSTALL and make selectable D07002CA44, module D07002CA44 of load file D07002CA44",
		"80E60800 0C 00 00 05D07002CA44 0100 00 00":                         "make selectable D07002CA44",
		"80E61000 10 05D07002CA55 00 05D07002CA44 00 00 00":                 "extradite D07002CA44 to domain D07002CA55",
		"80E62000 0B 00 00 05D07002CA44 00 00 00":                           "personalise D07002CA44",
		"80E64000 0B 00 00 05D07002CA44 00 00 00":                           "update registry entry D07002CA44",
		"80E2800001AA":               "STORE DATA block 0 of 1 octets",
		"80E40000074F05D07002CA44":   "DELETE D07002CA44",
		"80E40080074F05D07002CA44":   "DELETE D07002CA44 with everything made of it",
		"80E4000003D20101":           "DELETE all keys of version 01 (SCP80)",
		"80E4000003D00101":           "DELETE key 1 of all versions",
		"80E4000006D00101D20130":     "DELETE key 1 of version 30 (SCP03)",
		"80F24002024F0000":           "GET STATUS of applications",
		"80F21003074F05D07002CA4400": "GET STATUS of load files and modules beginning with D07002CA44, following part",
		"80F0408005D07002CA44":       "SET STATUS: lock D07002CA44",
		"80F0400005D07002CA44":       "SET STATUS: unlock D07002CA44",
		"80F0807F05D07002CA44":       "SET STATUS: D07002CA44 becomes card locked",
		"80CA00E000":                 "GET DATA: which keys there are",
		"80CAFF2100":                 "GET DATA: how much memory is free",
		"80CA006600":                 "GET DATA: what kind of card it is",
		"80CA9F7F00":                 "GET DATA 9F7F",
		"80D800810101":               "PUT KEY adds keys of version 01 (SCP80)",
		"80D802810150":               "PUT KEY replaces keys of version 02 (SCP80) by version 50",
		"00A40004023F00":             "SELECT 3F00",
	} {
		if got := ram.Describe(command(t, s)); got != want {
			t.Errorf("%s: %q, want %q", s, got, want)
		}
	}
}

func TestUnknownInstructionIsUnsupported(t *testing.T) {
	t.Parallel()
	if _, err := ram.Parse(sat.Command{CLA: 0x80, INS: 0x50}, ram.Key{}); !errors.Is(err, ram.ErrUnsupported) {
		t.Error(err)
	}
}
