package ram_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/ram"
	"github.com/simota/simota/sat/tlv"
)

func TestInstallParametersBothWays(t *testing.T) {
	t.Parallel()
	shared := ram.FileAccess{Access: ram.FullAccess}
	usim := ram.FileAccess{ADF: aid(t, "A0000000871002"), Access: ram.FullAccess}
	for name, c := range map[string]struct {
		coded string
		p     ram.InstallParameters
	}{
		"nothing":          {"C900", ram.InstallParameters{}},
		"applet's own":     {"C903 010203", ram.InstallParameters{Application: []byte{1, 2, 3}}},
		"memory":           {"C900 EF08 C7020100 C8020200", ram.InstallParameters{Volatile: 0x100, NonVolatile: 0x200}},
		"much memory":      {"C900 EF06 C80400010000", ram.InstallParameters{NonVolatile: 0x10000}},
		"SIM, no access":   {"C900 EF0A CA08 00 00 00 00 00 00 00 00", ram.InstallParameters{SIM: &ram.SIMToolkit{}}},
		"SIM, full access": {"C900 EF0B CA09 01 00 00 00 00 00 00 00 00", ram.InstallParameters{SIM: &ram.SIMToolkit{Access: ram.FullAccess}}},
		"one channel, MSL 12, TAR AF4D01": {
			"C900 EA0F 800D 00 00 00 00 01 02 0112 03 AF4D01 00",
			ram.InstallParameters{UICC: &ram.UICCToolkit{Toolkit: ram.Toolkit{Channels: 1, MinimumSPI1: 0x12, TARs: [][3]byte{{0xAF, 0x4D, 0x01}}}}},
		},
		"shared files":          {"C900 EA06 8104 00 01 00 00", ram.InstallParameters{Files: []ram.FileAccess{shared}}},
		"shared and USIM files": {"C900 EA11 810F 00010000 07A0000000871002 0100 00", ram.InstallParameters{Files: []ram.FileAccess{shared, usim}}},
		"files to administer":   {"C900 EA06 8204 00 01 FF 00", ram.InstallParameters{AdminFiles: []ram.FileAccess{{Access: ram.NoAccess}}}},
		"menu, position first": {
			"C900 EA0E 800C 01 02 0F 02 0101 0205 00 00 00 03",
			ram.InstallParameters{UICC: &ram.UICCToolkit{Services: 3, Toolkit: ram.Toolkit{
				Priority: 1, Timers: 2, MenuText: 15, Menu: []ram.MenuEntry{{Position: 1, ID: 1}, {Position: 2, ID: 5}},
			}}},
		},
		"everything else is kept": {
			"C900 EF08 C7020001 CF020102 B603 420101",
			ram.InstallParameters{Volatile: 1, System: []tlv.Object{{Tag: 0xCF, Value: []byte{1, 2}}}, Other: []tlv.Object{{Tag: 0xB6, Value: []byte{0x42, 1, 1}}}},
		},
	} {
		coded := octets(t, c.coded)
		b, err := c.p.AppendBinary(nil)
		if err != nil || !bytes.Equal(b, coded) {
			t.Errorf("%s: %X, %v, want %X", name, b, err, coded)
		}
		got, err := ram.ParseInstallParameters(coded)
		if err != nil {
			t.Errorf("%s: parse: %v", name, err)
		} else if diff := cmp.Diff(c.p, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Parameters that a card took with the length of the TARs left out, and with
// C8 before C7.
func TestParametersWithoutTARLengthAreRead(t *testing.T) {
	t.Parallel()
	const end = "CA12 0100 01 00 15 05 00000000000000000000 00 00"
	got, err := ram.ParseInstallParameters(octets(t, "C900 EF1C C80200FF C70200FF "+end))
	want := ram.InstallParameters{Volatile: 255, NonVolatile: 255, SIM: &ram.SIMToolkit{
		Access: ram.FullAccess, Toolkit: ram.Toolkit{Priority: 1, MenuText: 0x15, Menu: make([]ram.MenuEntry, 5)},
	}}
	if err != nil || !cmp.Equal(want, got) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
	b, err := got.AppendBinary(nil)
	if again := octets(t, "C900 EF1D C70200FF C80200FF "+strings.Replace(end, "CA12", "CA13", 1)+" 00"); err != nil || !bytes.Equal(b, again) {
		t.Errorf("%X, %v, want %X", b, err, again)
	}
}

func TestParametersThatCardsRefuseOrIgnoreAreRefused(t *testing.T) {
	t.Parallel()
	toolkit := ram.UICCToolkit{}
	tooMany := make([]ram.MenuEntry, 128)
	for name, p := range map[string]ram.InstallParameters{
		"CA and EA":          {SIM: &ram.SIMToolkit{}, UICC: &toolkit},
		"CA and files":       {SIM: &ram.SIMToolkit{}, Files: []ram.FileAccess{{}}},
		"CA and admin files": {SIM: &ram.SIMToolkit{}, AdminFiles: []ram.FileAccess{{}}},
		"second EF":          {Other: []tlv.Object{{Tag: 0xEF}}},
		"second C7":          {System: []tlv.Object{{Tag: 0xC7}}},
		"same object twice":  {Other: []tlv.Object{{Tag: 0xB6}, {Tag: 0xB6}}},
		"tag that is none":   {Other: []tlv.Object{{Tag: 0x1F}}},
		"menu identifier 80": {UICC: &ram.UICCToolkit{Toolkit: ram.Toolkit{Menu: []ram.MenuEntry{{ID: 0x80}}}}},
		"identifier twice":   {UICC: &ram.UICCToolkit{Toolkit: ram.Toolkit{Menu: []ram.MenuEntry{{ID: 1}, {ID: 1}}}}},
		"menu too long":      {UICC: &ram.UICCToolkit{Toolkit: ram.Toolkit{Menu: tooMany}}},
		"nine timers":        {SIM: &ram.SIMToolkit{Toolkit: ram.Toolkit{Timers: 9}}},
		"eight channels":     {UICC: &ram.UICCToolkit{Toolkit: ram.Toolkit{Channels: 8}}},
		"nine services":      {UICC: &ram.UICCToolkit{Services: 9}},
		"TAR of the ISD":     {UICC: &ram.UICCToolkit{Toolkit: ram.Toolkit{TARs: [][3]byte{{}}}}},
		"TAR of RFM":         {UICC: &ram.UICCToolkit{Toolkit: ram.Toolkit{TARs: [][3]byte{{0xB0, 0, 1}}}}},
		"TAR twice":          {UICC: &ram.UICCToolkit{Toolkit: ram.Toolkit{TARs: [][3]byte{{1}, {1}}}}},
		"short ADF":          {Files: []ram.FileAccess{{ADF: sat.AID{1}}}},
		"long domain":        {Files: []ram.FileAccess{{Access: make([]byte, 128)}}},
		"long SIM domain":    {SIM: &ram.SIMToolkit{Access: make([]byte, 128)}},
		"long signature":     {Files: []ram.FileAccess{{DAP: make([]byte, 256)}}},
	} {
		if b, err := p.AppendBinary(nil); err == nil {
			t.Errorf("%s gave %X", name, b)
		}
	}
	for name, s := range map[string]string{
		"no C9":              "EF04 C7020001",
		"nothing":            "",
		"C9 twice":           "C900 C900",
		"EF twice":           "C900 EF04 C7020001 EF04 C8020001",
		"C7 twice":           "C900 EF08 C7020001 C7020001",
		"CA and EA":          "C900 EF0A CA080000000000000000 EA06 810400010000",
		"quota of 1":         "C900 EF03 C70101",
		"quota of 3":         "C900 EF05 C703010203",
		"cut":                "C900 EF04 C70200",
		"EA with other":      "C900 EA02 8300",
		"toolkit cut":        "C900 EA06 8004 00000000",
		"toolkit too long":   "C900 EA0B 8009 000000000000000000",
		"menu cut":           "C900 EA08 8006 000000020101",
		"MSL kind 02":        "C900 EA0C 800A 00000000 00 020212 00 00 00",
		"TARs of 2":          "C900 EA0C 800A 00000000 00 00 02AF4D 00 00",
		"TAR cut":            "C900 EA0A 8008 00000000 00 00 02AF",
		"TAR of RFM":         "C900 EA0D 800B 00000000 00 00 03B00001 00",
		"menu identifier 81": "C900 EA0C 800A 00000001 0181 00 00 00 00",
		"nine services":      "C900 EA0A 8008 00000000 00 00 00 09",
		"no file access":     "C900 EA02 8100",
		"file access cut":    "C900 EA05 8103 000100",
		"ADF of 4":           "C900 EA0A 8108 04A0000000 0100 00",
	} {
		if p, err := ram.ParseInstallParameters(octets(t, s)); err == nil {
			t.Errorf("%s gave %+v", name, p)
		}
	}
}

func TestLoadParametersBothWays(t *testing.T) {
	t.Parallel()
	for coded, p := range map[string]ram.LoadParameters{
		"":                                    {},
		"EF04 C6020239":                       {Code: 569},
		"EF04 C7020001":                       {Volatile: 1},
		"EF0E C60400020000 C7020100 C8020200": {Code: 0x20000, Volatile: 0x100, NonVolatile: 0x200},
	} {
		b, err := p.AppendBinary(nil)
		if err != nil || !bytes.Equal(b, octets(t, coded)) {
			t.Errorf("%+v: %X, %v, want %s", p, b, err, coded)
		}
		if got, err := ram.ParseLoadParameters(octets(t, coded)); err != nil || got != p {
			t.Errorf("%s: %+v, %v", coded, got, err)
		}
	}
	for _, s := range []string{"C900", "EF00 EF00", "EF02 CF00", "EF03 C60101", "EF", "EF02 C602", "EF08 C6020001 C6020001"} {
		if p, err := ram.ParseLoadParameters(octets(t, s)); err == nil {
			t.Errorf("%s gave %+v", s, p)
		}
	}
}

func TestTARComesFromParametersOrElseFromTheAID(t *testing.T) {
	t.Parallel()
	whole := aid(t, "A0000005591010FFFFFFFF8900001000")
	short := whole[:9]
	given := [][3]byte{{0xAF, 0x4D, 0x01}}
	for name, c := range map[string]struct {
		p    ram.InstallParameters
		aid  sat.AID
		want [][3]byte
	}{
		"AID":            {ram.InstallParameters{}, whole, [][3]byte{{0x00, 0x00, 0x10}}},
		"short AID":      {ram.InstallParameters{}, short, nil},
		"UICC":           {ram.InstallParameters{UICC: &ram.UICCToolkit{Toolkit: ram.Toolkit{TARs: given}}}, whole, given},
		"UICC, no TAR":   {ram.InstallParameters{UICC: &ram.UICCToolkit{}}, whole, [][3]byte{{0x00, 0x00, 0x10}}},
		"SIM, short AID": {ram.InstallParameters{SIM: &ram.SIMToolkit{Toolkit: ram.Toolkit{TARs: given}}}, short, given},
	} {
		if got := c.p.TARs(c.aid); !cmp.Equal(c.want, got) {
			t.Errorf("%s: %X, want %X", name, got, c.want)
		}
	}
}

func TestAccessDomainsInWords(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"": "no access domain", "00": "full access", "FF": "no access", "01FF": "APDU access mechanism FF",
		"02FFFDFF": "UICC access mechanism FFFDFF", "0300": "access domain 0300",
	} {
		if got := ram.AccessDomain(octets(t, s)).String(); got != want {
			t.Errorf("%s: %q, want %q", s, got, want)
		}
	}
}
