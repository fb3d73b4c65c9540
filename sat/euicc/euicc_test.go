package euicc_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/euicc"
	"github.com/simota/simota/sat/tlv"
)

const isdp13 = "A0000005591010FFFFFFFF8900001300"

func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func isdp(t testing.TB, n int) sat.AID {
	t.Helper()
	a, err := euicc.ISDP(n)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAIDsAndTheirTARs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		aid       sat.AID
		text, tar string
		isISDP    bool
	}{
		{euicc.ISDR(), "A0000005591010FFFFFFFF8900000100", "000001", false},
		{euicc.ECASD(), "A0000005591010FFFFFFFF8900000200", "000002", false},
		{euicc.LoadFile(), "A0000005591010FFFFFFFF8900000D00", "00000D", false},
		{euicc.Module(), "A0000005591010FFFFFFFF8900000E00", "00000E", false},
		{isdp(t, 0x10), "A0000005591010FFFFFFFF8900001000", "000010", true},
		{isdp(t, 0x13), isdp13, "000013", true},
		{isdp(t, 0xFFFF), "A0000005591010FFFFFFFF8900FFFF00", "00FFFF", true},
		{octets(t, "A0000005591010FFFFFFFF8901001300"), "A0000005591010FFFFFFFF8901001300", "010013", false},
		{octets(t, "A0000005591010FFFFFFFF8900001301"), "A0000005591010FFFFFFFF8900001301", "000013", false},
		{octets(t, "A0000000871010FFFFFFFF8900001300"), "A0000000871010FFFFFFFF8900001300", "000013", false},
	} {
		if got := c.aid.String(); got != c.text {
			t.Errorf("AID = %s, want %s", got, c.text)
		}
		tar := c.aid.TAR()
		if got := strings.ToUpper(hex.EncodeToString(tar[:])); got != c.tar {
			t.Errorf("TAR of %s = %s, want %s", c.text, got, c.tar)
		}
		if got := euicc.IsISDP(c.aid); got != c.isISDP {
			t.Errorf("IsISDP(%s) = %t", c.text, got)
		}
	}
	for _, n := range []int{-1, 0, 1, 0x0F, 0x10000} {
		if a, err := euicc.ISDP(n); err == nil {
			t.Errorf("ISD-P %d gave %s", n, a)
		}
	}
	one := euicc.ISDR()
	one[0] = 0
	if got := euicc.ISDR()[0]; got != 0xA0 {
		t.Error("a caller can change the AID of everybody")
	}
}

// functions are the octets that a server sends, as they stand in the script.
func functions(t testing.TB) []struct {
	name, hex string
	f         euicc.Function
} {
	p := isdp(t, 0x13)
	return []struct {
		name, hex string
		f         euicc.Function
	}{
		{"EnableProfile", "80E28800 15 3A0312 4F10" + isdp13, euicc.EnableProfile{ISDP: p}},
		{"DisableProfile", "80E28800 15 3A0412 4F10" + isdp13, euicc.DisableProfile{ISDP: p}},
		{"SetFallBackAttribute", "80E28800 15 3A0512 4F10" + isdp13, euicc.SetFallBackAttribute{ISDP: p}},
		{"DeleteProfile", "80E40040 12 4F10" + isdp13, euicc.DeleteProfile{ISDP: p}},
		{"HandleNotificationConfirmation", "80E28900 07 3A0804 4E0200FF 00", euicc.HandleNotificationConfirmation{Sequence: 255}},
		{"CreateISDP", "80E60C00 3F 10A0000005591010FFFFFFFF8900000D00 10A0000005591010FFFFFFFF8900000E00 10" + isdp13 +
			"0380C000 06C90481020370 00 00", euicc.CreateISDP{ISDP: p}},
		{"CreateISDP", "80E60C00 45 10A0000005591010FFFFFFFF8900000D00 10A0000005591010FFFFFFFF8900000E00 10" + isdp13 +
			"0380C000 0CC90481020370EF0483027FFF 00 00", euicc.CreateISDP{ISDP: p, Memory: 0x7FFF}},
		{"CreateISDP", "80E60C00 47 10A0000005591010FFFFFFFF8900000D00 10A0000005591010FFFFFFFF8900000E00 10" + isdp13 +
			"0380C000 0EC90481020370EF06830400008000 00 00", euicc.CreateISDP{ISDP: p, Memory: 0x8000}},
		{"GetStatus", "80F24002 17 4F10" + isdp13 + "5C034F9F70 00", euicc.GetStatus{ISDP: p, Tags: []uint32{0x4F, 0x9F70}}},
		{"GetStatus", "80F24002 18 4F10" + isdp13 + "5C044F9F7053 00", euicc.Audit(p)},
		{"GetStatus", "80F24002 08 4F00 5C044F9F7053 00", euicc.Audit(nil)},
		{"GetStatus", "80F24003 02 4F00 00", euicc.GetStatus{Next: true}},
		{"GetMemory", "80CAFF21 00", euicc.GetMemory{}},
		{"UpdateSMSRAddressingParameters", "80E28800 0F 3A070C A30A 8108 06 91 551109000090",
			euicc.UpdateSMSRAddressingParameters{Number: "+551190000009"}},
		{"UpdateSMSRAddressingParameters", "80E28800 0C 3A0709 A307 8105 03 81 2143F5",
			euicc.UpdateSMSRAddressingParameters{Number: "12345"}},
		{"UpdateSMSRAddressingParameters", "80E28800 0C 3A0709 A307 8105 03 85 2143F5",
			euicc.UpdateSMSRAddressingParameters{Number: "12345", TypeOfNumber: 0x85}},
		{"UpdateSMSRAddressingParameters", "80E28800 0C 3A0709 A307 8105 05 81 2143F5", // counts digits
			euicc.UpdateSMSRAddressingParameters{Raw: octets(t, "A307 8105 05 81 2143F5")}},
		{"UpdateSMSRAddressingParameters", "80E28800 05 3A0702 A500", euicc.UpdateSMSRAddressingParameters{Raw: octets(t, "A500")}},
	}
}

func TestFunctionsBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range functions(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			command, err := c.f.Command()
			if err != nil {
				t.Fatal(err)
			}
			got, err := command.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(octets(t, c.hex), got); diff != "" {
				t.Errorf("octets (-want +got):\n%s", diff)
			}
			parsed, err := sat.ParseCommand(octets(t, c.hex))
			if err != nil {
				t.Fatal(err)
			}
			back, err := euicc.Parse(parsed)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.f, back); diff != "" {
				t.Errorf("function (-want +got):\n%s", diff)
			}
			if got := back.Name(); got != c.name {
				t.Errorf("Name = %q, want %q", got, c.name)
			}
		})
	}
}

func TestACommandOfAnotherMakerMayHaveLe(t *testing.T) {
	t.Parallel()
	c, err := sat.ParseCommand(octets(t, "80E28800153A05124F10"+isdp13+"00"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := euicc.Parse(c)
	if diff := cmp.Diff(euicc.Function(euicc.SetFallBackAttribute{ISDP: isdp(t, 0x13)}), f); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestFunctionsWithBadArgumentsMakeNoCommand(t *testing.T) {
	t.Parallel()
	long := make([]uint32, 130)
	for i := range long {
		long[i] = 0x9F70
	}
	for name, f := range map[string]euicc.Function{
		"enable the ISD-R":        euicc.EnableProfile{ISDP: euicc.ISDR()},
		"enable nothing":          euicc.EnableProfile{},
		"disable a short AID":     euicc.DisableProfile{ISDP: isdp(t, 0x13)[:15]},
		"fall back on the ECASD":  euicc.SetFallBackAttribute{ISDP: euicc.ECASD()},
		"delete the module":       euicc.DeleteProfile{ISDP: euicc.Module()},
		"create nothing":          euicc.CreateISDP{Memory: 1},
		"status of the ISD-R":     euicc.GetStatus{ISDP: euicc.ISDR()},
		"status of an empty AID":  euicc.GetStatus{ISDP: sat.AID{}},
		"tag 0":                   euicc.GetStatus{Tags: []uint32{0}},
		"half a tag":              euicc.GetStatus{Tags: []uint32{0x9F}},
		"too many tags":           euicc.GetStatus{Tags: long},
		"no address":              euicc.UpdateSMSRAddressingParameters{},
		"empty number":            euicc.UpdateSMSRAddressingParameters{Number: "+"},
		"letters":                 euicc.UpdateSMSRAddressingParameters{Number: "+55119A"},
		"21 digits":               euicc.UpdateSMSRAddressingParameters{Number: strings.Repeat("1", 21)},
		"two types":               euicc.UpdateSMSRAddressingParameters{Number: "+551", TypeOfNumber: 0x85},
		"type without its bit":    euicc.UpdateSMSRAddressingParameters{Number: "551", TypeOfNumber: 0x11},
		"number and raw":          euicc.UpdateSMSRAddressingParameters{Number: "+551", Raw: []byte{0xA5, 0}},
		"raw longer than an APDU": euicc.UpdateSMSRAddressingParameters{Raw: make([]byte, 253)},
	} {
		if c, err := f.Command(); err == nil {
			t.Errorf("%s: made %s", name, c)
		} else if !strings.Contains(err.Error(), f.Name()) {
			t.Errorf("%s: %q does not name the function", name, err)
		}
	}
}

func TestParseRefusesDamage(t *testing.T) {
	t.Parallel()
	install := "80E60C003F10A0000005591010FFFFFFFF8900000D0010A0000005591010FFFFFFFF8900000E0010" + isdp13 + "0380C00006C904810203700000"
	for name, c := range map[string]struct {
		hex     string
		foreign bool // not a function at all
	}{
		"other class":              {"00A40004026F07", true},
		"other instruction":        {"80D8018100", true},
		"other P1 of STORE DATA":   {"80E20000153A03124F10" + isdp13, true},
		"other grouping":           {"80E28800153A09124F10" + isdp13, true},
		"enable that returns data": {"80E28900153A03124F10" + isdp13, true},
		"confirm without data":     {"80E28800073A08044E0200FF", true},
		"plain DELETE":             {"80E40000124F10" + isdp13, true},
		"no grouping":              {"80E28800023A03", false},
		"grouping too long":        {"80E28800153A03114F10" + isdp13, false},
		"grouping too short":       {"80E28800153A03134F10" + isdp13, false},
		"two profiles":             {"80E28800273A03244F10" + isdp13 + "4F10" + isdp13, false},
		"no AID":                   {"80E28800053A03024F00", false},
		"another tag":              {"80E28800153A03124E10" + isdp13, false},
		"the ISD-R":                {"80E28800153A03124F10A0000005591010FFFFFFFF8900000100", false},
		"sequence of one octet":    {"80E28900063A08034E0100", false},
		"sequence and more":        {"80E28900093A08064E0200FF4E00", false},
		"empty addresses":          {"80E28800033A0700", false},
		"status without AID":       {"80F24002065C044F9F7053", false},
		"status with empty list":   {"80F24002044F005C00", false},
		"status with half a tag":   {"80F24002054F005C019F", false},
		"status with more":         {"80F24002074F005C014F5300", false},
		"memory with data":         {"80CAFF21015C", false},
		"install without token":    {strings.Replace(install, "003F10", "003E10", 1)[:len(install)-2], false},
		"install and more":         {strings.Replace(install, "003F10", "004010", 1) + "00", false},
		"install with a token":     {strings.Replace(install, "003F10", "004010", 1)[:len(install)-4] + "01AA00", false},
		"other load file":          {strings.Replace(install, "0D0010A0", "0F0010A0", 1), false},
		"other module":             {strings.Replace(install, "0E0010A0", "0F0010A0", 1), false},
		"other privileges":         {strings.Replace(install, "80C000", "80C001", 1), false},
		"other channel":            {strings.Replace(install, "81020370", "81020215", 1), false},
		"a profile of no number":   {strings.Replace(install, "8900001300", "8900000100", 1), false},
		"memory of one octet":      {strings.Replace(strings.Replace(install, "003F10", "004410", 1), "06C90481020370", "0BC90481020370EF03830101", 1), false},
		"memory 0":                 {strings.Replace(strings.Replace(install, "003F10", "004510", 1), "06C90481020370", "0CC90481020370EF0483020000", 1), false},
	} {
		command, err := sat.ParseCommand(octets(t, c.hex))
		if err != nil {
			t.Errorf("%s: the test's own APDU: %v", name, err)
			continue
		}
		f, err := euicc.Parse(command)
		if err == nil {
			t.Errorf("%s: gave %#v", name, f)
		} else if errors.Is(err, euicc.ErrNotFunction) != c.foreign {
			t.Errorf("%s: %v; not a function: want %t", name, err, c.foreign)
		}
	}
}

func TestConfirmationBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hex     string
		deleted []sat.AID
	}{
		{"", nil},
		{"80 12 4F10" + isdp13, []sat.AID{isdp(t, 0x13)}},
		{"80 24 4F10" + isdp13 + "4F10 A0000005591010FFFFFFFF8900001400", []sat.AID{isdp(t, 0x13), isdp(t, 0x14)}},
	} {
		want := euicc.Confirmation{Deleted: c.deleted}
		b, err := want.AppendBinary([]byte{0xEE})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(append([]byte{0xEE}, octets(t, c.hex)...), b); diff != "" {
			t.Errorf("octets (-want +got):\n%s", diff)
		}
		got, err := euicc.ParseConfirmation(octets(t, c.hex))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", c.hex, err, diff)
		}
	}
	if got, err := euicc.ParseConfirmation([]byte{0x80, 0x00}); err != nil || got.Deleted != nil {
		t.Errorf("empty list: %v, %v", got, err)
	}
	for _, s := range []string{"80", "8001", "81124F10" + isdp13, "80124E10" + isdp13, "80034F0100", "80008000", "80124F10A0000005591010FFFFFFFF8900000100"} {
		if got, err := euicc.ParseConfirmation(octets(t, s)); err == nil {
			t.Errorf("%s gave %v", s, got)
		}
	}
	if _, err := (euicc.Confirmation{Deleted: []sat.AID{euicc.ISDR()}}).AppendBinary(nil); err == nil {
		t.Error("a card says that it deleted its ISD-R")
	}
}

func TestProfilesBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, hex, words string
		profiles         []euicc.Profile
	}{
		{"enabled", "E316 4F10" + isdp13 + "9F70013F", "profile " + isdp13 + " enabled", []euicc.Profile{{ISDP: isdp(t, 0x13), State: euicc.Enabled}}},
		{"fall-back", "E319 4F10" + isdp13 + "9F70011F 530101", "profile " + isdp13 + " disabled, the card falls back on it",
			[]euicc.Profile{{ISDP: isdp(t, 0x13), State: euicc.Disabled, FallBack: new(true)}}},
		{"versions", "E31F 4F10" + isdp13 + "9F700107 530100 8F0102 910103",
			"profile " + isdp13 + " created", []euicc.Profile{{ISDP: isdp(t, 0x13), State: euicc.Selectable, FallBack: new(false), Version: []byte{2},
				Unknown: []tlv.Object{{Tag: 0x91, Value: []byte{3}}}}}},
		{"two", "E316 4F10" + isdp13 + "9F70010F E30B 4F05A000000001 9F700155", "profile " + isdp13 + " created, with keys",
			[]euicc.Profile{{ISDP: isdp(t, 0x13), State: euicc.Personalised}, {ISDP: octets(t, "A000000001"), State: 0x55}}},
		{"none", "", "", nil},
	} {
		var got []byte
		for _, p := range c.profiles {
			var err error
			if got, err = p.AppendBinary(got); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(octets(t, c.hex), append([]byte{}, got...)); diff != "" {
			t.Errorf("%s: octets (-want +got):\n%s", c.name, diff)
		}
		back, err := euicc.ParseProfiles(octets(t, c.hex))
		if diff := cmp.Diff(c.profiles, back); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, diff)
		}
		if len(back) > 0 && back[0].String() != c.words {
			t.Errorf("%s: String = %q, want %q", c.name, back[0], c.words)
		}
	}
	for name, s := range map[string]string{
		"other template": "E2164F10" + isdp13 + "9F70013F", "no AID": "E3049F70013F", "no state": "E3124F10" + isdp13, "short AID": "E30A4F04A00000009F70013F",
		"AID twice": "E3284F10" + isdp13 + "4F10" + isdp13 + "9F70013F", "state of two": "E3174F10" + isdp13 + "9F70023F00",
		"attribute 2": "E3194F10" + isdp13 + "9F70013F530102", "cut short": "E3164F10" + isdp13 + "9F7001", "octet after": "E3164F10" + isdp13 + "9F70013F00",
	} {
		if got, err := euicc.ParseProfiles(octets(t, s)); err == nil {
			t.Errorf("%s: gave %v", name, got)
		}
	}
	for _, p := range []euicc.Profile{{}, {ISDP: isdp(t, 0x13), Unknown: []tlv.Object{{Tag: 0x53, Value: []byte{1}}}}, {ISDP: isdp(t, 0x13), Unknown: []tlv.Object{{}}}} {
		if b, err := p.AppendBinary(nil); err == nil {
			t.Errorf("%v gave %X", p, b)
		}
	}
	if got := euicc.State(0x55).String(); got != "unknown state 55" {
		t.Errorf("State = %q", got)
	}
}

func TestMemoryBothWays(t *testing.T) {
	t.Parallel()
	want := euicc.Memory{Applications: 3, FreeStorage: 0x012345, FreeRAM: 0x0800}
	b, err := want.AppendBinary(nil)
	if diff := cmp.Diff(octets(t, "FF210C 810103 8203012345 83020800"), b); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, s := range []string{"FF210C81010382030123458302 0800", "810103820400012345 83020800"} {
		got, err := euicc.ParseMemory(octets(t, s))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", s, err, diff)
		}
	}
	for _, s := range []string{"", "FF2100", "810103", "FF210C81010382030123458302080000", "820103810103830103", "810082010083010 0", "81050000000001820100830100", "8101008201008301008401 00"} {
		if got, err := euicc.ParseMemory(octets(t, s)); err == nil {
			t.Errorf("%q gave %v", s, got)
		}
	}
}

func TestStatusWordsSayWhatTheyMeanHere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f    euicc.Function
		s    sat.Status
		want string
	}{
		{euicc.EnableProfile{}, 0x9000, "EnableProfile: 9000 done"},
		{euicc.EnableProfile{}, 0x6985, "EnableProfile: 6985 the profile is not disabled: it may be enabled already, or not be loaded; audit the card"},
		{euicc.EnableProfile{}, 0x69E1, "EnableProfile: 69E1 the policy (POL1) of the profile that is enabled forbids to disable it"},
		{euicc.EnableProfile{}, 0x6A82, "EnableProfile: 6A82 the card has no such profile: audit it"},
		{euicc.DisableProfile{}, 0x6985, "DisableProfile: 6985 the profile is not enabled, or it is the one that the card falls back on"},
		{euicc.DisableProfile{}, 0x6A88, "DisableProfile: 6A88 the card has no such profile: audit it"},
		{euicc.DeleteProfile{}, 0x69E1, "DeleteProfile: 69E1 the policy (POL1) of the profile forbids to delete it"},
		{euicc.SetFallBackAttribute{}, 0x6A88, "SetFallBackAttribute: 6A88 the card has no such profile: audit it"},
		{euicc.CreateISDP{}, 0x6A84, "CreateISDP: 6A84 the card has not enough memory for the profile"},
		{euicc.GetStatus{}, 0x6310, "GetStatus: 6310 more profiles follow: read on with Next"},
		{euicc.GetMemory{}, 0x6A88, "GetMemory: 6A88 referenced data not found"},
		{euicc.UpdateSMSRAddressingParameters{}, 0x6A80, "UpdateSMSRAddressingParameters: 6A80 the card does not take this form of address: try another type of number, or raw octets"},
		{euicc.HandleNotificationConfirmation{}, 0x6F00, "HandleNotificationConfirmation: 6F00 technical problem without diagnosis"},
	} {
		if got := euicc.Explain(c.f, c.s); got != c.want {
			t.Errorf("Explain = %q, want %q", got, c.want)
		}
	}
}

func TestFunctionRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(euicc.FirstISDP, euicc.LastISDP).Draw(t, "profile")
		p, err := euicc.ISDP(n)
		if err != nil {
			t.Fatal(err)
		}
		address := euicc.UpdateSMSRAddressingParameters{Number: rapid.StringMatching(`\+?[0-9]{1,20}`).Draw(t, "number")}
		f := rapid.SampledFrom([]euicc.Function{
			euicc.EnableProfile{ISDP: p}, euicc.DisableProfile{ISDP: p}, euicc.SetFallBackAttribute{ISDP: p}, euicc.DeleteProfile{ISDP: p},
			euicc.HandleNotificationConfirmation{Sequence: uint16(n)}, euicc.CreateISDP{ISDP: p, Memory: rapid.Uint32().Draw(t, "memory")},
			euicc.Audit(p), address,
		}).Draw(t, "function")
		c, err := f.Command()
		if err != nil {
			t.Fatal(err)
		}
		back, err := euicc.Parse(c)
		if diff := cmp.Diff(f, back); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, c := range functions(f) {
		f.Add(octets(f, c.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := sat.ParseCommand(b)
		if err != nil {
			return
		}
		got, err := euicc.Parse(c)
		if err != nil {
			return
		}
		c, err = got.Command()
		if err != nil {
			t.Fatalf("%X: %#v makes no command: %v", b, got, err)
		}
		back, err := euicc.Parse(c)
		if diff := cmp.Diff(got, back); diff != "" || err != nil {
			t.Fatalf("%X: %v (-first +second):\n%s", b, err, diff)
		}
	})
}

func FuzzParseAnswers(f *testing.F) {
	f.Add(octets(f, "E3164F10"+isdp13+"9F70013F"))
	f.Add(octets(f, "E31F4F10"+isdp13+"9F7001075301008F0102910103"))
	f.Add(octets(f, "FF210C810103820301234583020800"))
	f.Add(octets(f, "80124F10"+isdp13))
	f.Fuzz(func(t *testing.T, b []byte) {
		if profiles, err := euicc.ParseProfiles(b); err == nil {
			var again []byte
			for _, p := range profiles {
				if again, err = p.AppendBinary(again); err != nil {
					t.Fatalf("%X: %v", b, err)
				}
			}
			back, err := euicc.ParseProfiles(again)
			if diff := cmp.Diff(profiles, back); diff != "" || err != nil {
				t.Fatalf("%X: %v (-first +second):\n%s", b, err, diff)
			}
		}
		if m, err := euicc.ParseMemory(b); err == nil {
			again, err := m.AppendBinary(nil)
			back, err2 := euicc.ParseMemory(again)
			if back != m || err != nil || err2 != nil {
				t.Fatalf("%X: %v, then %v, %v %v", b, m, back, err, err2)
			}
		}
		if c, err := euicc.ParseConfirmation(b); err == nil {
			again, err := c.AppendBinary(nil)
			back, err2 := euicc.ParseConfirmation(again)
			if diff := cmp.Diff(c, back); diff != "" || err != nil || err2 != nil {
				t.Fatalf("%X: %v %v (-first +second):\n%s", b, err, err2, diff)
			}
		}
	})
}
