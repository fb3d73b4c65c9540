package ram_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/ram"
	"github.com/simota/simota/sat/tlv"
)

func TestRegistryEntriesBothWays(t *testing.T) {
	t.Parallel()
	file, app, domain := aid(t, "D07002CA44"), aid(t, "D07002CA44900101"), aid(t, "A000000151535041")
	for name, c := range map[string]struct {
		coded   string
		entries []ram.Entry
	}{
		"nothing": {"", nil},
		"application": {
			"E322 4F08D07002CA44900101 9F700107 C50104 C405D07002CA44 CC08A000000151535041",
			[]ram.Entry{{AID: app, State: ram.Selectable, Privileges: privileges(ram.DefaultSelected), LoadFile: file, Domain: domain}},
		},
		"load file with modules": {
			"E319 4F05D07002CA44 9F700101 CE020100 8408D07002CA44900101",
			[]ram.Entry{{AID: file, State: ram.Loaded, Version: []byte{1, 0}, Modules: []sat.AID{app}}},
		},
		"two, AID only, with another object": {
			"E307 4F05D07002CA44 E30D 4F08D07002CA44900101 CF0180",
			[]ram.Entry{{AID: file}, {AID: app, Other: []tlv.Object{{Tag: 0xCF, Value: []byte{0x80}}}}},
		},
		"privileges of three": {
			"E310 4F05D07002CA44 9F70010F C503C04000",
			[]ram.Entry{{AID: file, State: ram.Personalized, Privileges: privileges(ram.DAPVerification | ram.AuthorizedManagement)}},
		},
	} {
		b, err := ram.AppendEntries(nil, c.entries...)
		if err != nil || !bytes.Equal(b, octets(t, c.coded)) {
			t.Errorf("%s: %X, %v, want %s", name, b, err, c.coded)
		}
		got, err := ram.ParseEntries(octets(t, c.coded))
		if err != nil {
			t.Errorf("%s: parse: %v", name, err)
		} else if diff := cmp.Diff(c.entries, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, s := range map[string]string{
		"legacy form": "10A0000000090005FFFFFFFF8911000000 01 00", "other object": "E407 4F05D07002CA44",
		"cut": "E308 4F05D07002CA44", "no AID": "E304 9F700107", "AID of 4": "E306 4F04D07002CA",
		"AID twice": "E30E 4F05D07002CA44 4F05D07002CA44", "state of 3": "E30D 4F05D07002CA44 9F7003010203",
		"privileges of 2": "E30B 4F05D07002CA44 C5020000", "module of 4": "E30D 4F05D07002CA44 8404D07002CA",
		"no octets of state":     "E30A 4F05D07002CA44 9F7000",
		"privileges twice":       "E30D 4F05D07002CA44 C50100 C50100",
		"load file of one octet": "E30A 4F05D07002CA44 C401D0",
	} {
		if e, err := ram.ParseEntries(octets(t, s)); err == nil {
			t.Errorf("%s gave %+v", name, e)
		}
	}
	for name, e := range map[string]ram.Entry{
		"no AID": {}, "short domain": {AID: file, Domain: file[:4]}, "short module": {AID: file, Modules: []sat.AID{nil}},
		"privileges": {AID: file, Privileges: privileges(1 << 24)}, "no tag": {AID: file, Other: []tlv.Object{{}}},
	} {
		if b, err := ram.AppendEntries(nil, e); err == nil {
			t.Errorf("%s gave %X", name, b)
		}
	}
}

func TestStatesInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state ram.State
		scope ram.Scope
		want  string
	}{
		{0x03, ram.Applications, "installed"}, {0x07, ram.Applications, "selectable"}, {0x0F, ram.Applications, "personalised"},
		{0x83, ram.Applications, "locked"}, {0x87, ram.Applications, "locked"}, {0x17, ram.Applications, "selectable, its own state 17"},
		{0x01, ram.Applications, "state 01"}, {0x01, ram.LoadFiles, "loaded"}, {0x00, ram.Modules, "state 00"},
		{0x01, ram.IssuerDomain, "ready"}, {0x07, ram.IssuerDomain, "initialised"}, {0x0F, ram.IssuerDomain, "secured"},
		{0x7F, ram.IssuerDomain, "card locked"}, {0xFF, ram.IssuerDomain, "terminated"}, {0x02, ram.IssuerDomain, "state 02"},
	} {
		if got := c.state.In(c.scope); got != c.want {
			t.Errorf("%02X in %02X: %q, want %q", byte(c.state), byte(c.scope), got, c.want)
		}
	}
}

func TestEntriesAreDescribed(t *testing.T) {
	t.Parallel()
	file, app := aid(t, "D07002CA44"), aid(t, "D07002CA44900101")
	for want, e := range map[string]ram.Entry{
		"A0000000620101 (javacard.framework), loaded, version 1.3": {AID: framework, State: ram.Loaded, Version: []byte{1, 3}},
		"D07002CA44, loaded, module D07002CA44900101":              {AID: file, State: ram.Loaded, Modules: []sat.AID{app}},
	} {
		if got := e.Describe(ram.Modules); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	e := ram.Entry{AID: app, State: 0x87, Privileges: privileges(ram.CardLock), LoadFile: file, Domain: file}
	if got, want := e.Describe(ram.Applications), "D07002CA44900101, locked, card lock, of load file D07002CA44, in domain D07002CA44"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestKeyInformationBothWays(t *testing.T) {
	t.Parallel()
	des := []ram.KeyPart{{Type: ram.TripleDES, Length: 16}}
	for name, c := range map[string]struct {
		coded string
		keys  []ram.KeyInfo
		words string
	}{
		"none": {"E000", nil, ""},
		"SCP80 set": {
			"E012 C00401018010 C00402018010 C00403018010",
			[]ram.KeyInfo{{ID: 1, Version: 1, Parts: des}, {ID: 2, Version: 1, Parts: des}, {ID: 3, Version: 1, Parts: des}},
			"version 01 (SCP80), key 1: 3DES of 16 octets",
		},
		"AES":          {"E006 C00401308820", []ram.KeyInfo{{ID: 1, Version: 0x30, Parts: []ram.KeyPart{{Type: ram.AES, Length: 32}}}}, "version 30 (SCP03), key 1: AES of 32 octets"},
		"RSA in parts": {"E008 C0060173A180A003", []ram.KeyInfo{{ID: 1, Version: 0x73, Parts: []ram.KeyPart{{Type: 0xA1, Length: 128}, {Type: 0xA0, Length: 3}}}}, "version 73 (DAP verification), key 1: RSA public modulus of 128 octets, RSA public exponent of 3 octets"},
		"extended": {
			"E00C C00A0150 FF880010 0118 0100",
			[]ram.KeyInfo{{ID: 1, Version: 0x50, Extended: true, Parts: []ram.KeyPart{{Type: ram.AES, Length: 16}}, Usage: []byte{0x18}, Access: []byte{0}}},
			"version 50, key 1: AES of 16 octets",
		},
	} {
		b, err := ram.AppendKeyInformation(nil, c.keys...)
		if err != nil || !bytes.Equal(b, octets(t, c.coded)) {
			t.Errorf("%s: %X, %v, want %s", name, b, err, c.coded)
		}
		got, err := ram.ParseKeyInformation(octets(t, c.coded))
		if err != nil || !cmp.Equal(c.keys, got) {
			t.Errorf("%s: %v\n%s", name, err, cmp.Diff(c.keys, got))
		}
		if len(got) > 0 && got[0].String() != c.words {
			t.Errorf("%s: %q, want %q", name, got[0], c.words)
		}
	}
	if got, err := ram.ParseKeyInformation(octets(t, "E002 C000")); err != nil || got != nil {
		t.Errorf("new domain: %v, %v", got, err)
	}
	for name, s := range map[string]string{
		"nothing": "", "other template": "E100", "more behind": "E000 00", "other object": "E002 C100", "identifier only": "E003 C00101",
		"no part": "E004 C0020101", "part cut": "E005 C003010180", "FF later": "E008 C006010180 10 FF10", "extended, no usage": "E008 C0060101FF880010",
	} {
		if k, err := ram.ParseKeyInformation(octets(t, s)); err == nil {
			t.Errorf("%s gave %+v", name, k)
		}
	}
	for name, k := range map[string]ram.KeyInfo{
		"no part": {ID: 1}, "length": {Parts: []ram.KeyPart{{Type: ram.AES, Length: 256}}}, "usage": {Parts: des, Usage: []byte{1}},
		"type FF": {Parts: []ram.KeyPart{{Type: 0xFF, Length: 1}}},
	} {
		if b, err := ram.AppendKeyInformation(nil, k); err == nil {
			t.Errorf("%s gave %X", name, b)
		}
	}
}

func TestMemoryBothWays(t *testing.T) {
	t.Parallel()
	for s, m := range map[string]ram.Memory{
		"FF210A 810105 82020C00 83010A":     {Applications: 5, NonVolatile: 3072, Volatile: 10},
		"FF210C 810100 82030186A0 83020100": {NonVolatile: 100000, Volatile: 256},
	} {
		if b, err := m.AppendBinary(nil); err != nil || !bytes.Equal(b, octets(t, s)) {
			t.Errorf("%+v: %X, %v, want %s", m, b, err, s)
		}
		if got, err := ram.ParseMemory(octets(t, s)); err != nil || got != m {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
	// Cards use fixed lengths too.
	got, err := ram.ParseMemory(octets(t, "FF2110 81020005 820400000C00 83040000000A"))
	if want := (ram.Memory{Applications: 5, NonVolatile: 3072, Volatile: 10}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for name, s := range map[string]string{
		"nothing": "", "no RAM": "FF2107 810105 82020C00", "twice": "FF210A 810105 82020C00 810105", "empty number": "FF2109 8100 82020C00 83010A",
		"number of 5": "FF210D 810105 82050000000C00 83010A", "other": "FF210D 810105 82020C00 83010A 840101", "behind": "FF210A 810105 82020C00 83010A 00",
	} {
		if m, err := ram.ParseMemory(octets(t, s)); err == nil {
			t.Errorf("%s gave %+v", name, m)
		}
	}
}

func TestCardDataBothWays(t *testing.T) {
	t.Parallel()
	// GlobalPlatform 2.2.1, identified by its scheme 3, channels 02 i=15 and 80 i=00.
	coded := octets(t, "663E 733C 0607 2A864886FC6B01 600C 060A 2A864886FC6B02020201 6309 0607 2A864886FC6B03"+
		"640B 0609 2A864886FC6B040215 640B 0609 2A864886FC6B045000")
	want := ram.CardData{Version: "2.2.1", Channels: []ram.Channel{{Protocol: 2, Option: 0x15}, {Protocol: 80, Option: 0}}}
	if b, err := want.AppendBinary(nil); err != nil || !bytes.Equal(b, coded) {
		t.Errorf("%X, %v, want %X", b, err, coded)
	}
	if got, err := ram.ParseCardData(coded); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
	// An option above 7F takes two octets.
	option := ram.CardData{Channels: []ram.Channel{{Protocol: 3, Option: 0xF0}}, Other: []tlv.Object{{Tag: 0x65, Value: []byte{1}}}}
	b, err := option.AppendBinary(nil)
	if err != nil || !bytes.Contains(b, octets(t, "640C 060A 2A864886FC6B04038170")) {
		t.Errorf("%X, %v", b, err)
	}
	if got, err := ram.ParseCardData(b); err != nil || !cmp.Equal(option, got) {
		t.Errorf("%v\n%s", err, cmp.Diff(option, got))
	}
	for name, s := range map[string]string{
		"nothing": "", "empty": "6600", "other": "6602 7400", "other maker": "6609 7307 0605 2A86488601",
		"version elsewhere": "660F 730D 600B 0609 2A864886FC6B030201", "channel of one": "660E 730C 640A 0608 2A864886FC6B0402",
		"arc cut": "660B 7309 6307 0605 2A864886FC", "no identifier": "6604 7302 6000", "arc too long": "660D 730B 6309 0607 2A86FFFFFF7F03",
		"begins with 0": "6606 7304 0602 0001", "arc with 80": "6607 7305 0603 2A8001",
	} {
		if d, err := ram.ParseCardData(octets(t, s)); err == nil {
			t.Errorf("%s gave %+v", name, d)
		}
	}
	for _, d := range []ram.CardData{{Version: "2.x"}, {Version: "."}, {Channels: []ram.Channel{{Protocol: 256}}}, {Channels: []ram.Channel{{Option: -1}}}} {
		if b, err := d.AppendBinary(nil); err == nil {
			t.Errorf("%+v gave %X", d, b)
		}
	}
}

func TestKnownPackages(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"A0000000620101": "javacard.framework", "A0000000090005FFFFFFFF8912000000": "uicc.toolkit",
		"A0000000871005FFFFFFFF8913200000": "uicc.usim.toolkit", "A0000000090003FFFFFFFF8910710002": "sim.toolkit", "D07002CA44": "",
	} {
		if got := ram.KnownPackage(aid(t, s)); got != want {
			t.Errorf("%s: %q, want %q", s, got, want)
		}
	}
}
