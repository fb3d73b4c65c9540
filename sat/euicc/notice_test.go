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

const eid = "89044045116727494800000000000051"

// sample is the data of a packet that a real card sent, its EID replaced.
const sample = "E135 4C10" + eid + "4D0102 4E020000 4F10" + isdp13 + "14083A45990057918503"

func sampleNotice(t testing.TB) euicc.Notice {
	return euicc.Notice{EID: eid, Type: euicc.ProfileChanged, ISDP: isdp(t, 0x13), IMEI: "354990075195830"}
}

func TestNoticeOfARealCard(t *testing.T) {
	t.Parallel()
	n, err := euicc.ParseNotice(octets(t, sample))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sampleNotice(t), n); diff != "" {
		t.Errorf("notice (-want +got):\n%s", diff)
	}
	if got := n.IMEI14(); got != "35499007519583" {
		t.Errorf("IMEI14 = %q", got)
	}
	want := "EID " + eid + ", notice 0: profile changed, profile " + isdp13 + ", IMEI 354990075195830"
	if got := n.String(); got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	b, err := n.AppendBinary([]byte{0xEE})
	if diff := cmp.Diff(octets(t, "EE"+sample), b); diff != "" || err != nil {
		t.Errorf("%v, octets (-want +got):\n%s", err, diff)
	}
}

func TestNoticeInAllItsForms(t *testing.T) {
	t.Parallel()
	full := euicc.Notice{EID: eid, Type: euicc.FellBack, Sequence: 0x0102, ISDP: isdp(t, 0x13), IMEI: "354990075195830", MEID: "0A00000000000001"}
	for name, s := range map[string]string{
		"2F, 14, 6D":    "E13F 4C10" + eid + "4D0105 4E020102 2F10" + isdp13 + "14083A45990057918503 6D080A00000000000001",
		"AF, 94, ED":    "E13F 4C10" + eid + "4D0105 4E020102 AF10" + isdp13 + "94083A45990057918503 ED080A00000000000001",
		"reverse order": "E13F ED080A00000000000001 94083A45990057918503 4F10" + isdp13 + "4E020102 4D0105 4C10" + eid,
		"long length":   "E1813F 4C10" + eid + "4D0105 4E020102 4F10" + isdp13 + "14083A45990057918503 6D080A00000000000001",
	} {
		n, err := euicc.ParseNotice(octets(t, s))
		if diff := cmp.Diff(full, n); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	bare := "E119 4C10" + eid + "4D0101 4E020000"
	n, err := euicc.ParseNotice(octets(t, bare))
	if diff := cmp.Diff(euicc.Notice{EID: eid, Type: euicc.FirstAttachment}, n); diff != "" || err != nil {
		t.Errorf("bare: %v (-want +got):\n%s", err, diff)
	}
	if got := n.IMEI14(); got != "" {
		t.Errorf("IMEI14 of nothing = %q", got)
	}
	if got, want := full.String(), "notice 258: the card fell back on another profile, profile "+isdp13+", IMEI 354990075195830, MEID 0A00000000000001"; !strings.HasSuffix(got, want) {
		t.Errorf("String = %q, want it to end in %q", got, want)
	}
}

func TestAnIMEISVHasNineOctets(t *testing.T) {
	t.Parallel()
	n := euicc.Notice{EID: eid, Type: euicc.ProfileChanged, IMEI: "3549900751958312"}
	b, err := n.AppendBinary(nil)
	if diff := cmp.Diff(octets(t, "E124 4C10"+eid+"4D0102 4E020000 14093345990057918513F2"), b); diff != "" || err != nil {
		t.Fatalf("%v, octets (-want +got):\n%s", err, diff)
	}
	back, err := euicc.ParseNotice(b)
	if diff := cmp.Diff(n, back); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// A damaged IMEI is no reason to leave a notice unconfirmed.
func TestADamagedDeviceIdentityIsKeptAside(t *testing.T) {
	t.Parallel()
	for name, object := range map[string]string{
		"IMEI too short": "1402 3A45", "IMEI of an IMSI": "1408 3945990057918503", "IMEI with letters": "1408 3A459900579185B3", "IMEI with fill": "1408 3A459900579185F3",
		"IMEI of no digit": "1408 FA45990057918503", "MEID too short": "6D01 0A", "empty MEID": "ED00", "new object": "5F2001 07",
	} {
		value := octets(t, "4C10"+eid+"4D0102 4E020007"+object)
		b, err := tlv.AppendBER(nil, 0xE1, value)
		if err != nil {
			t.Fatal(err)
		}
		n, err := euicc.ParseNotice(b)
		if err != nil || n.Sequence != 7 || n.IMEI != "" || n.MEID != "" || len(n.Unknown) != 1 {
			t.Errorf("%s: %v, %v, kept %v", name, n, err, n.Unknown)
			continue
		}
		back, err := n.AppendBinary(nil)
		if diff := cmp.Diff(b, back); diff != "" || err != nil {
			t.Errorf("%s: %v, octets (-want +got):\n%s", name, err, diff)
		}
	}
	twice := octets(t, "E12D 4C10"+eid+"4D0102 4E020007 14083A45990057918503 94083A45990057918513")
	if n, err := euicc.ParseNotice(twice); err != nil || n.IMEI != "354990075195830" || len(n.Unknown) != 1 {
		t.Errorf("two IMEIs: %v, %v", n, err)
	}
}

func TestParseNoticeRefusesDamage(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]string{
		"empty":             "",
		"other template":    "E200",
		"nothing inside":    "E100",
		"no EID":            "E107 4D0102 4E020000",
		"no type":           "E116 4C10" + eid + "4E020000",
		"no sequence":       "E115 4C10" + eid + "4D0102",
		"short EID":         "E118 4C0F" + eid[2:] + "4D0102 4E020000",
		"EID twice":         "E12B 4C10" + eid + "4C10" + eid + "4D0102 4E020000",
		"type of two":       "E11A 4C10" + eid + "4D020202 4E020000",
		"type twice":        "E11C 4C10" + eid + "4D0102 4D0102 4E020000",
		"sequence of one":   "E118 4C10" + eid + "4D0102 4E0100",
		"sequence of three": "E11A 4C10" + eid + "4D0102 4E03000000",
		"short AID":         "E12A 4C10" + eid + "4D0102 4E020000 4F0F" + isdp13[2:],
		"two AIDs":          "E13D 4C10" + eid + "4D0102 4E020000 4F10" + isdp13 + "2F10" + isdp13,
		"cut short":         sample[:len(sample)-2],
		"octet after":       sample + "00",
	} {
		if n, err := euicc.ParseNotice(octets(t, s)); err == nil {
			t.Errorf("%s: gave %v", name, n)
		}
	}
}

func TestNoticesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*euicc.Notice){
		"no EID":           func(n *euicc.Notice) { n.EID = "" },
		"short EID":        func(n *euicc.Notice) { n.EID = eid[:30] },
		"EID of words":     func(n *euicc.Notice) { n.EID = "the card of my neighbour, 32 long" },
		"short AID":        func(n *euicc.Notice) { n.ISDP = n.ISDP[:5] },
		"IMEI of 14":       func(n *euicc.Notice) { n.IMEI = n.IMEI[:14] },
		"IMEI of letters":  func(n *euicc.Notice) { n.IMEI = "35499007519583A" },
		"MEID of 14":       func(n *euicc.Notice) { n.MEID = "A0000000000001" },
		"unknown sequence": func(n *euicc.Notice) { n.Unknown = []tlv.Object{{Tag: 0x4E, Value: []byte{0, 1}}} },
		"unknown AID":      func(n *euicc.Notice) { n.Unknown = []tlv.Object{{Tag: 0x2F, Value: []byte{0, 1}}} },
		"no tag":           func(n *euicc.Notice) { n.Unknown = []tlv.Object{{}} },
	} {
		n := sampleNotice(t)
		change(&n)
		if b, err := n.AppendBinary(nil); err == nil {
			t.Errorf("%s: made %X", name, b)
		}
	}
}

func TestTypesOfNoticeInWords(t *testing.T) {
	t.Parallel()
	for typ, want := range map[euicc.NoticeType]string{
		1: "first attachment to a network", 2: "profile changed", 3: "profile change failed, the card rolled back", 4: "void",
		5: "the card fell back on another profile", 6: "unknown notice type 06: the state changed, audit the card",
	} {
		if got := typ.String(); got != want {
			t.Errorf("type %d = %q, want %q", byte(typ), got, want)
		}
	}
}

func TestARepeatedSequenceIsNotNewer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		last     int
		sequence uint16
		want     bool
	}{
		{euicc.NoSequence, 0, true}, {euicc.NoSequence, 9, true}, {0, 0, false}, {0, 1, true}, {7, 6, false}, {7, 7, false}, {7, 9, true},
		{65534, 65535, true}, {65535, 65535, false}, {65535, 0, false},
	} {
		if got := euicc.Newer(c.last, c.sequence); got != c.want {
			t.Errorf("Newer(%d, %d) = %t", c.last, c.sequence, got)
		}
	}
}

func TestNoticeRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := euicc.Notice{
			EID: rapid.StringMatching(`[0-9A-F]{32}`).Draw(t, "eid"), Type: euicc.NoticeType(rapid.Byte().Draw(t, "type")),
			Sequence: rapid.Uint16().Draw(t, "sequence"),
			IMEI:     rapid.StringMatching(`([0-9]{15,16})?`).Draw(t, "imei"), MEID: rapid.StringMatching(`([0-9A-F]{16})?`).Draw(t, "meid"),
		}
		if rapid.Bool().Draw(t, "profile") {
			n.ISDP = rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "isdp")
		}
		b, err := n.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		back, err := euicc.ParseNotice(b)
		if diff := cmp.Diff(n, back); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		if damaged, err := euicc.ParseNotice(b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")]); err == nil {
			t.Fatalf("a part of %X gave %v", b, damaged)
		}
	})
}

func FuzzParseNotice(f *testing.F) {
	f.Add(octets(f, sample))
	f.Add(octets(f, "E119 4C10"+eid+"4D0106 4E02FFFF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := euicc.ParseNotice(b)
		if err != nil {
			return
		}
		if n.String() == "" || n.IMEI14() != "" && len(n.IMEI) < 15 {
			t.Fatalf("%X: %v", b, n)
		}
		again, err := n.AppendBinary(nil)
		if err != nil {
			t.Fatalf("%X: %v", b, err)
		}
		back, err := euicc.ParseNotice(again)
		if diff := cmp.Diff(n, back); diff != "" || err != nil {
			t.Fatalf("%X, then %s: %v (-first +second):\n%s", b, hex.EncodeToString(again), err, diff)
		}
	})
}

func profile(t testing.TB, n int, s euicc.State, fallBack bool) euicc.Profile {
	return euicc.Profile{ISDP: isdp(t, n), State: s, FallBack: &fallBack}
}

func TestWhatThePoliciesAllow(t *testing.T) {
	t.Parallel()
	var none euicc.Rules
	noDisable1, noDisable2 := euicc.Rules{POL1: euicc.Policy{DisableNotAllowed: true}}, euicc.Rules{POL2: euicc.Policy{DisableNotAllowed: true}}
	noDelete1, noDelete2 := euicc.Rules{POL1: euicc.Policy{DeleteNotAllowed: true}}, euicc.Rules{POL2: euicc.Policy{DeleteNotAllowed: true}}
	on, off := profile(t, 0x10, euicc.Enabled, false), profile(t, 0x11, euicc.Disabled, false)
	home, spare := profile(t, 0x12, euicc.Enabled, true), profile(t, 0x13, euicc.Disabled, true)
	unsaid := euicc.Profile{ISDP: isdp(t, 0x14), State: euicc.Disabled}
	for name, c := range map[string]struct {
		got, want error
	}{
		"enable":                            {euicc.MayEnable(off, none, &on, none), nil},
		"enable, nothing is enabled":        {euicc.MayEnable(off, none, nil, none), nil},
		"enable, fall-back is enabled":      {euicc.MayEnable(off, none, &home, none), nil},
		"enable the enabled":                {euicc.MayEnable(on, none, &on, none), euicc.ErrState},
		"enable what is not loaded":         {euicc.MayEnable(profile(t, 0x15, euicc.Personalised, false), none, &on, none), euicc.ErrState},
		"enable, its POL2":                  {euicc.MayEnable(off, euicc.Rules{POL2: euicc.Policy{EnableNotAllowed: true}}, &on, none), euicc.ErrPOL2},
		"enable, its own disable rule":      {euicc.MayEnable(off, noDisable1, &on, none), nil},
		"enable, the other may not go":      {euicc.MayEnable(off, none, &on, noDisable1), euicc.ErrPOL1},
		"enable, the other may not go here": {euicc.MayEnable(off, none, &on, noDisable2), euicc.ErrPOL2},
		"enable, the other is not enabled":  {euicc.MayEnable(off, none, &spare, none), euicc.ErrState},
		"disable":                           {euicc.MayDisable(on, none), nil},
		"disable the disabled":              {euicc.MayDisable(off, none), euicc.ErrState},
		"disable the fall-back":             {euicc.MayDisable(home, none), euicc.ErrFallBack},
		"disable, POL1":                     {euicc.MayDisable(on, noDisable1), euicc.ErrPOL1},
		"disable, POL2":                     {euicc.MayDisable(on, noDisable2), euicc.ErrPOL2},
		"disable what may not be deleted":   {euicc.MayDisable(on, noDelete1), nil},
		"delete":                            {euicc.MayDelete(off, none), nil},
		"delete, attribute not reported":    {euicc.MayDelete(unsaid, none), nil},
		"delete the enabled":                {euicc.MayDelete(on, none), euicc.ErrState},
		"delete the fall-back":              {euicc.MayDelete(spare, none), euicc.ErrFallBack},
		"delete, POL1":                      {euicc.MayDelete(off, noDelete1), euicc.ErrPOL1},
		"delete, POL2":                      {euicc.MayDelete(off, noDelete2), euicc.ErrPOL2},
		"delete what may not be disabled":   {euicc.MayDelete(off, noDisable1), nil},
	} {
		if !errors.Is(c.got, c.want) || (c.got == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	const want = "euicc: may not disable profile A0000005591010FFFFFFFF8900001200, which is enabled: the card falls back on it"
	if got := euicc.MayDisable(home, none).Error(); got != want {
		t.Errorf("reason = %q, want %q", got, want)
	}
}

func TestWhatPOL2AsksAfterASwitch(t *testing.T) {
	t.Parallel()
	asks := euicc.Rules{POL2: euicc.Policy{DeleteOnDisable: true}}
	kept := euicc.Rules{POL1: euicc.Policy{DeleteNotAllowed: true}, POL2: euicc.Policy{DeleteOnDisable: true}}
	old := profile(t, 0x10, euicc.Enabled, false) // as the last audit saw it
	for name, c := range map[string]struct {
		old     euicc.Profile
		rules   euicc.Rules
		deleted []sat.AID
		due     bool
	}{
		"asked":                     {old, asks, nil, true},
		"another was deleted":       {old, asks, []sat.AID{isdp(t, 0x11)}, true},
		"the card did it":           {old, asks, []sat.AID{isdp(t, 0x11), isdp(t, 0x10)}, false},
		"no rule":                   {old, euicc.Rules{}, nil, false},
		"the card's rule alone":     {old, euicc.Rules{POL1: euicc.Policy{DeleteOnDisable: true}}, nil, false},
		"POL1 forbids":              {old, kept, nil, false},
		"the card falls back on it": {profile(t, 0x10, euicc.Enabled, true), asks, nil, false},
	} {
		f, due := euicc.DueDelete(c.old, c.rules, c.deleted)
		if due != c.due || due != (f.ISDP.String() == old.ISDP.String()) {
			t.Errorf("%s: %v, %t", name, f, due)
		}
	}
}
