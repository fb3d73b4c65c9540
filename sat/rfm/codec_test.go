package rfm_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/simota/simota/sat/rfm"
)

func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same checks one coding in both directions.
func same[T any](t *testing.T, name, coded string, value T, encode func(T) ([]byte, error), decode func([]byte) (T, error)) {
	t.Helper()
	b, err := encode(value)
	if err != nil {
		t.Errorf("%s: encode: %v", name, err)
	} else if !bytes.Equal(b, octets(t, coded)) {
		t.Errorf("%s: encoded %X, want %s", name, b, coded)
	}
	got, err := decode(octets(t, coded))
	if err != nil {
		t.Errorf("%s: decode: %v", name, err)
	} else if diff := cmp.Diff(value, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func ff(n int) string { return strings.Repeat("FF", n) }

func TestPLMNBothWays(t *testing.T) {
	t.Parallel()
	for p, coded := range map[rfm.PLMN]string{
		"00101": "00F110", "26201": "62F210", "72405": "27F450", "310410": "130014",
		"001001": "001100", "24681": "42F618", "99970": "99F907",
	} {
		same(t, string(p), coded, p, func(p rfm.PLMN) ([]byte, error) { return p.AppendBinary(nil) }, rfm.ParsePLMN)
	}
	if got := rfm.PLMN("310410").String(); got != "310-410" {
		t.Errorf("String = %q", got)
	}
	for _, p := range []rfm.PLMN{"", "0010", "0010101", "0010a", "٠٠١٠١"} {
		if b, err := p.AppendBinary(nil); err == nil {
			t.Errorf("%q gave %X", p, b)
		}
	}
	for _, s := range []string{"", "00F1", "00F11000", "FFFFFF", "0AF110", "00F1A0", "00A110"} {
		if p, err := rfm.ParsePLMN(octets(t, s)); err == nil {
			t.Errorf("%s gave %q", s, p)
		}
	}
}

func TestIMSIBothWays(t *testing.T) {
	t.Parallel()
	for imsi, coded := range map[string]string{
		"001010123456789": "080910101032547698",
		"00101012345678":  "0801101010325476F8",
		"460040000000012": "084906400000000021",
		"999700000000017": "089999070000000071",
	} {
		same(t, imsi, coded, imsi, rfm.EncodeIMSI, rfm.DecodeIMSI)
	}
	same(t, "13 digits", "0709101032547698FF", "0010123456789", rfm.EncodeIMSI, rfm.DecodeIMSI)
	same(t, "6 digits", "04011010F2FFFFFFFF", "001012", rfm.EncodeIMSI, rfm.DecodeIMSI)
	for _, s := range []string{"", "00101", "0010101234567890", "00101012345678a", "+01010123456789"} {
		if b, err := rfm.EncodeIMSI(s); err == nil {
			t.Errorf("%q gave %X", s, b)
		}
	}
	for name, s := range map[string]string{
		"empty file":         ff(9),
		"8 octets":           "0809101010325476",
		"10 octets":          "080910101032547698FF",
		"used 9":             "090910101032547698",
		"used 3":             "03091010FFFFFFFFFF",
		"parity of another":  "080110101032547698",
		"no parity":          "080810101032547698",
		"letter":             "0809101010325476A8",
		"fill in the middle": "0809F0101032547698",
		"first is a letter":  "08A910101032547698",
		"octets after":       "070910103254769800",
	} {
		if got, err := rfm.DecodeIMSI(octets(t, s)); err == nil {
			t.Errorf("%s: %q, want an error", name, got)
		}
	}
}

func TestICCIDBothWays(t *testing.T) {
	t.Parallel()
	for iccid, coded := range map[string]string{
		"8988211000000467343":  "988812010000407643F3",
		"89882110000004673437": "98881201000040764373",
		"898821100000046734":   "988812010000407643FF",
	} {
		same(t, iccid, coded, iccid, rfm.EncodeICCID, rfm.DecodeICCID)
	}
	for _, s := range []string{"", "89882110000004673", "898821100000046734371", "898821100000046734x"} {
		if b, err := rfm.EncodeICCID(s); err == nil {
			t.Errorf("%q gave %X", s, b)
		}
	}
	for _, s := range []string{ff(10), "98881201000040764", "988812010000407643F3FF", "9888120100004076F3F3", "98881201000040764FF3"} {
		if len(s)%2 == 1 {
			s += "0"
		}
		if got, err := rfm.DecodeICCID(octets(t, s)); err == nil {
			t.Errorf("%s gave %q", s, got)
		}
	}
}

func TestLocationResetsBothWays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		coded  string
		encode func(rfm.PLMN) ([]byte, error)
		decode func([]byte) (rfm.Location, error)
	}{
		"LOCI":    {"FFFFFFFF00F1100000FF01", rfm.EncodeLOCI, rfm.DecodeLOCI},
		"PSLOCI":  {"FFFFFFFFFFFFFF00F1100000FF01", rfm.EncodePSLOCI, rfm.DecodePSLOCI},
		"EPSLOCI": {"FFFFFFFFFFFFFFFFFFFFFFFF00F110000001", rfm.EncodeEPSLOCI, rfm.DecodeEPSLOCI},
		"5GSLOCI": {"FFFFFFFFFFFFFFFFFFFFFFFFFF00F11000000001", rfm.Encode5GSLOCI, rfm.Decode5GSLOCI},
	} {
		same(t, name, c.coded, rfm.Location{PLMN: "00101", Status: 1},
			func(l rfm.Location) ([]byte, error) { return c.encode(l.PLMN) }, c.decode)
		if _, err := c.encode("123"); err == nil {
			t.Errorf("%s: bad PLMN taken", name)
		}
		if _, err := c.decode(octets(t, c.coded+"00")); err == nil {
			t.Errorf("%s: an octet too many taken", name)
		}
	}
	got, err := rfm.DecodeLOCI(octets(t, "47D1264A62F21037211E00"))
	if diff := cmp.Diff(rfm.Location{PLMN: "26201", Area: 0x3721}, got); diff != "" || err != nil {
		t.Errorf("registered card: %v\n%s", err, diff)
	}
	if got, err := rfm.DecodeLOCI(octets(t, "FFFFFFFFFFFFFFFFFEFF01")); err != nil || got.PLMN != "" || got.Area != 0xFFFE {
		t.Errorf("no network: %+v, %v", got, err)
	}
}

func TestListsBothWays(t *testing.T) {
	t.Parallel()
	same(t, "EHPLMN", "00F110130014"+ff(6), []rfm.PLMN{"00101", "310410"},
		func(p []rfm.PLMN) ([]byte, error) { return rfm.EncodeEHPLMN(p, 12) }, rfm.DecodePLMNs)
	same(t, "FPLMN", "00F110"+ff(9), []rfm.PLMN{"00101"},
		func(p []rfm.PLMN) ([]byte, error) { return rfm.EncodeEHPLMN(p, 12) }, rfm.DecodePLMNs)
	same(t, "empty FPLMN", ff(12), nil,
		func([]rfm.PLMN) ([]byte, error) { return rfm.EncodeFPLMN(12) }, rfm.DecodePLMNs)
	for _, c := range []struct {
		coded string
		plmn  rfm.PLMN
		act   rfm.AcT
		words string
	}{
		{"00F1104000", "00101", rfm.EUTRAN, "E-UTRAN"},
		{"00F110C880", "00101", rfm.AllAccess, "UTRAN+E-UTRAN+NG-RAN+GSM"},
		{"1300146800", "310410", rfm.WBS1 | rfm.NGRAN, "E-UTRAN WB-S1+NG-RAN"},
		{"00F1105000", "00101", rfm.NBS1, "E-UTRAN NB-S1"},
		{"00F1100000", "00101", 0, "0000"},
		{"00F1100480", "00101", rfm.GSM | 0x0400, "GSM+0400"},
	} {
		same(t, c.coded, c.coded+"FFFFFF0000", []rfm.Access{{PLMN: c.plmn, AcT: c.act}},
			func(l []rfm.Access) ([]byte, error) { return rfm.EncodePLMNwAcT([]rfm.PLMN{l[0].PLMN}, l[0].AcT, 10) }, rfm.DecodePLMNwAcT)
		if got := c.act.String(); got != c.words {
			t.Errorf("AcT %04X = %q, want %q", uint16(c.act), got, c.words)
		}
	}
	if got, err := rfm.DecodePLMNs(octets(t, "FFFFFF42F618FFFFFF62F210")); err != nil || !cmp.Equal(got, []rfm.PLMN{"24681", "26201"}) {
		t.Errorf("holes: %v, %v", got, err)
	}
}

func TestListsThatDoNotFit(t *testing.T) {
	t.Parallel()
	two := []rfm.PLMN{"00101", "00102"}
	for name, f := range map[string]func() ([]byte, error){
		"no room":         func() ([]byte, error) { return rfm.EncodeEHPLMN(two, 3) },
		"odd size":        func() ([]byte, error) { return rfm.EncodeEHPLMN(two, 8) },
		"no size":         func() ([]byte, error) { return rfm.EncodeFPLMN(0) },
		"negative":        func() ([]byte, error) { return rfm.EncodeFPLMN(-3) },
		"AcT no room":     func() ([]byte, error) { return rfm.EncodePLMNwAcT(two, rfm.GSM, 5) },
		"AcT of one READ": func() ([]byte, error) { return rfm.EncodePLMNwAcT(two, rfm.GSM, 256) },
		"bad PLMN":        func() ([]byte, error) { return rfm.EncodeEHPLMN([]rfm.PLMN{"1"}, 3) },
	} {
		if b, err := f(); err == nil {
			t.Errorf("%s: %X, want an error", name, b)
		}
	}
	for _, s := range []string{"00F1", "0AF110"} {
		if l, err := rfm.DecodePLMNs(octets(t, s)); err == nil {
			t.Errorf("%s: %v", s, l)
		}
	}
	for _, s := range []string{"00F110C8", "0AF110C880"} {
		if l, err := rfm.DecodePLMNwAcT(octets(t, s)); err == nil {
			t.Errorf("%s: %v", s, l)
		}
	}
}

func TestACCFollowsTheLastDigit(t *testing.T) {
	t.Parallel()
	for digit, coded := range map[string]string{"5": "0020", "0": "0001", "9": "0200", "2": "0004"} {
		b, err := rfm.EncodeACC("00101012345678" + digit)
		if err != nil || !bytes.Equal(b, octets(t, coded)) {
			t.Errorf("digit %s: %X, %v", digit, b, err)
		}
	}
	for coded, want := range map[string][]int{"0020": {5}, "0001": {0}, "8000": {15}, "8003": {0, 1, 15}, "0000": nil} {
		if got, err := rfm.DecodeACC(octets(t, coded)); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v, %v", coded, got, err)
		}
	}
	for _, s := range []string{"", "00", "0400", "FFFF", "002000"} {
		if got, err := rfm.DecodeACC(octets(t, s)); err == nil {
			t.Errorf("%s: %v", s, got)
		}
	}
}

func TestADKeepsEverythingButTheMNCLength(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		old  string
		mnc  int
		want string
	}{
		{"00000002", 2, "00000002"}, {"00000102", 3, "00000103"}, {"810001F3AABB", 2, "810001F2AABB"},
	} {
		old := octets(t, c.old)
		got, err := rfm.EncodeAD(old, c.mnc)
		if err != nil || !bytes.Equal(got, octets(t, c.want)) {
			t.Errorf("%s: %X, %v", c.old, got, err)
		}
		if !bytes.Equal(old, octets(t, c.old)) {
			t.Error("the old value was changed")
		}
	}
	for coded, want := range map[string]rfm.AD{
		"00000002": {MNCLength: 2}, "00000103": {Ciphering: true, MNCLength: 3}, "80000002": {Mode: 0x80, MNCLength: 2},
	} {
		if got, err := rfm.DecodeAD(octets(t, coded)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", coded, got, err)
		}
	}
	for name, f := range map[string]func() (any, error){
		"old of 3":    func() (any, error) { return rfm.EncodeAD(make([]byte, 3), 2) },
		"MNC of 1":    func() (any, error) { return rfm.EncodeAD(make([]byte, 4), 1) },
		"decode of 3": func() (any, error) { return rfm.DecodeAD(make([]byte, 3)) },
		"decode MNC":  func() (any, error) { return rfm.DecodeAD(make([]byte, 4)) },
	} {
		if got, err := f(); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSPNBothWays(t *testing.T) {
	t.Parallel()
	for coded, s := range map[string]rfm.SPN{
		"0173696D6F7461" + ff(10):                      {Name: "simota", ShowPLMN: true},
		"0247727C1E65" + ff(11):                        {Name: "Größe", HideAbroad: true},
		"018104089AB8D7B2" + ff(9):                     {Name: "Київ", ShowPLMN: true},
		"00" + "8067714EAC" + ff(11):                   {Name: "東京"},
		"03" + ff(16):                                  {ShowPLMN: true, HideAbroad: true},
		"00" + "1B651B3C1B3E" + ff(10):                 {Name: "€[]"},
		"00" + "004142432331323334353637383930" + "FF": {Name: "@ABC#1234567890"},
	} {
		same(t, s.Name, coded, s, rfm.EncodeSPN, rfm.DecodeSPN)
	}
	// A page with a base of two octets is read, never written.
	if got, err := rfm.DecodeSPN(octets(t, "00"+"8203041A"+"809E41"+ff(9))); err != nil || got.Name != "КиA" {
		t.Errorf("page of two octets: %+v, %v", got, err)
	}
	for name, s := range map[string]string{
		"17 ASCII":    "abcdefghijklmnopq",
		"8 wide":      "東京東京東京東京",
		"outside BMP": "😀",
		"not UTF-8":   "a\xff",
	} {
		if b, err := rfm.EncodeSPN(rfm.SPN{Name: s}); err == nil {
			t.Errorf("%s: %X", name, b)
		}
	}
	for name, s := range map[string]string{
		"16 octets":         "01" + ff(15),
		"octet after FF":    "0141FF42" + ff(13),
		"no GSM octet":      "0183" + ff(15),
		"escape at the end": "011BFF" + ff(14),
		"unknown escape":    "011B41" + ff(14),
		"page too long":     "0181FF00" + ff(13),
		"surrogate":         "0180D800" + ff(13),
		"escape in a page":  "018101081B" + ff(12),
	} {
		if got, err := rfm.DecodeSPN(octets(t, s)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestADNBothWays(t *testing.T) {
	t.Parallel()
	type adn struct{ name, number string }
	for coded, a := range map[string]adn{
		"566F6963656D61696CFF 07 91 332143658709FFFFFFFF FF FF": {"Voicemail", "+331234567890"},
		"48656C70FFFFFFFFFFFF 03 81 16F1FFFFFFFFFFFFFFFF FF FF": {"Help", "611"},
		"FFFFFFFFFFFFFFFFFFFF 04 81 1A00FBFFFFFFFFFFFFFF FF FF": {"", "*100#"},
		"FFFFFFFFFFFFFFFFFFFF 03 81 C1F2FFFFFFFFFFFFFFFF FF FF": {"", "1p2"},
	} {
		b, err := rfm.EncodeADN(a.name, a.number, 24)
		if err != nil || !bytes.Equal(b, octets(t, coded)) {
			t.Errorf("%v: %X, %v", a, b, err)
		}
		name, number, err := rfm.DecodeADN(octets(t, coded))
		if err != nil || name != a.name || number != a.number {
			t.Errorf("%s: %q %q, %v", coded, name, number, err)
		}
	}
	same(t, "MSISDN", "FF 07 91 3316325476F8FFFFFFFF FFFF", "+33612345678",
		func(n string) ([]byte, error) { return rfm.EncodeMSISDN(n, 15) }, rfm.DecodeMSISDN)
	if n, err := rfm.DecodeMSISDN(octets(t, ff(15))); err != nil || n != "" {
		t.Errorf("empty record: %q, %v", n, err)
	}
	if n, err := rfm.DecodeMSISDN(octets(t, "04A1214365"+ff(9))); err != nil || n != "123456" {
		t.Errorf("national: %q, %v", n, err)
	}
	for name, f := range map[string]func() ([]byte, error){
		"no number":       func() ([]byte, error) { return rfm.EncodeADN("", "", 14) },
		"plus alone":      func() ([]byte, error) { return rfm.EncodeADN("", "+", 14) },
		"21 digits":       func() ([]byte, error) { return rfm.EncodeADN("", "123456789012345678901", 14) },
		"star after plus": func() ([]byte, error) { return rfm.EncodeADN("", "+1*", 14) },
		"letter":          func() ([]byte, error) { return rfm.EncodeADN("", "12x", 14) },
		"name too long":   func() ([]byte, error) { return rfm.EncodeADN("abc", "1", 16) },
		"record of 13":    func() ([]byte, error) { return rfm.EncodeADN("", "1", 13) },
		"record of 256":   func() ([]byte, error) { return rfm.EncodeADN("", "1", 256) },
	} {
		if b, err := f(); err == nil {
			t.Errorf("%s: %X", name, b)
		}
	}
	for name, s := range map[string]string{
		"13 octets":        ff(13),
		"length 12":        "0C91" + ff(12),
		"type alone":       "0191" + ff(12),
		"unknown type":     "0385" + "16F1" + ff(10),
		"digit E":          "0381" + "1EF1" + ff(10),
		"fill inside":      "0381" + "F1F1" + ff(10),
		"octets after end": "0381" + "16F100" + ff(9),
	} {
		if name2, number, err := rfm.DecodeADN(octets(t, s)); err == nil {
			t.Errorf("%s: %q %q", name, name2, number)
		}
	}
}

func TestSMSPKeepsEverythingButTheServiceCentre(t *testing.T) {
	t.Parallel()
	const number = "07913306091093F0FFFFFFFF"
	for name, c := range map[string]struct {
		old, want string
		read      rfm.SMSP
	}{
		"empty record of 28": {ff(28), "FD" + ff(12) + number + "FFFFFF", rfm.SMSP{SMSC: "+33609001390", PID: -1, DCS: -1, Validity: -1}},
		"record of 38": {
			"534D5343FFFFFFFFFFFF E3" + ff(12) + ff(12) + "0000A7",
			"534D5343FFFFFFFFFFFF E1" + ff(12) + number + "0000A7",
			rfm.SMSP{Alpha: "SMSC", SMSC: "+33609001390", Validity: 0xA7},
		},
		"another centre, longer": {
			"E0" + "0B911111111111F1FFFFFFFF" + "0B9199999999999999999999" + "000008",
			"E0" + "0B911111111111F1FFFFFFFF" + number + "000008",
			rfm.SMSP{Destination: "+11111111111", SMSC: "+33609001390", Validity: 8},
		},
	} {
		old := octets(t, c.old)
		got, err := rfm.EncodeSMSP("+33609001390", old)
		if err != nil || !bytes.Equal(got, octets(t, c.want)) {
			t.Errorf("%s: %X, %v", name, got, err)
		}
		if !bytes.Equal(old, octets(t, c.old)) {
			t.Errorf("%s: the old record was changed", name)
		}
		read, err := rfm.DecodeSMSP(octets(t, c.want))
		if diff := cmp.Diff(c.read, read); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if _, err := rfm.EncodeSMSP("+1", make([]byte, 27)); err == nil {
		t.Error("record of 27 octets taken")
	}
	if _, err := rfm.EncodeSMSP("", make([]byte, 28)); err == nil {
		t.Error("empty number taken")
	}
	for name, s := range map[string]string{
		"27 octets":         ff(27),
		"centre of 12":      "FD" + ff(12) + "0C" + ff(11) + "FFFFFF",
		"destination of 21": "FE" + "1591" + ff(10) + ff(12) + "FFFFFF",
		"name":              "83" + ff(28),
	} {
		if got, err := rfm.DecodeSMSP(octets(t, s)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestECCBothWays(t *testing.T) {
	t.Parallel()
	for coded, e := range map[string]rfm.ECC{
		"11F2FF00":           {Number: "112"},
		"19F1FF01":           {Number: "911", Category: 1},
		"81FFFF 53414D55 04": {Number: "18", Alpha: "SAMU", Category: 4},
		"214365 FFFFFFFF 7F": {Number: "123456", Category: 0x7F},
	} {
		same(t, e.Number, coded, e, func(e rfm.ECC) ([]byte, error) { return rfm.EncodeECC(e, len(octets(t, coded))) }, rfm.DecodeECC)
	}
	if e, err := rfm.DecodeECC(octets(t, ff(8))); err != nil || e != (rfm.ECC{}) {
		t.Errorf("empty: %+v, %v", e, err)
	}
	for _, e := range []rfm.ECC{{}, {Number: "1234567"}, {Number: "1a"}, {Number: "112", Alpha: "a"}} {
		if b, err := rfm.EncodeECC(e, 4); err == nil {
			t.Errorf("%+v gave %X", e, b)
		}
	}
	for _, s := range []string{"11F2FF", "FF1121 00", "1AF2FF00", "11F2FF 8300"} {
		if e, err := rfm.DecodeECC(octets(t, s)); err == nil {
			t.Errorf("%s gave %+v", s, e)
		}
	}
}

func TestNumbersRoundTrip(t *testing.T) {
	t.Parallel()
	number := rapid.StringMatching(`\+[0-9]{1,20}|[0-9*#p]{1,20}`)
	rapid.Check(t, func(t *rapid.T) {
		imsi := rapid.StringMatching(`[0-9]{6,15}`).Draw(t, "imsi")
		if b, err := rfm.EncodeIMSI(imsi); err != nil {
			t.Fatal(err)
		} else if got, err := rfm.DecodeIMSI(b); err != nil || got != imsi {
			t.Fatalf("IMSI %X: %q, %v", b, got, err)
		}
		iccid := rapid.StringMatching(`[0-9]{18,20}`).Draw(t, "iccid")
		if b, err := rfm.EncodeICCID(iccid); err != nil {
			t.Fatal(err)
		} else if got, err := rfm.DecodeICCID(b); err != nil || got != iccid {
			t.Fatalf("ICCID %X: %q, %v", b, got, err)
		}
		n, size := number.Draw(t, "number"), rapid.IntRange(14, 255).Draw(t, "size")
		if b, err := rfm.EncodeMSISDN(n, size); err != nil || len(b) != size {
			t.Fatal(len(b), err)
		} else if got, err := rfm.DecodeMSISDN(b); err != nil || got != n {
			t.Fatalf("MSISDN %X: %q, %v", b, got, err)
		}
		if b, err := rfm.EncodeSMSP(n, bytes.Repeat([]byte{0xFF}, 40)); err != nil {
			t.Fatal(err)
		} else if got, err := rfm.DecodeSMSP(b); err != nil || got.SMSC != n {
			t.Fatalf("SMSP %X: %+v, %v", b, got, err)
		}
	})
}

func TestNamesRoundTrip(t *testing.T) {
	t.Parallel()
	text := rapid.StringOfN(rapid.OneOf(
		rapid.RuneFrom([]rune("abz09 @£äößñ€[]{}~|^\\Δ")), rapid.RuneFrom([]rune("Київщґ")), rapid.RuneFrom([]rune("東京山")),
	), 0, 20, -1)
	rapid.Check(t, func(t *rapid.T) {
		name := text.Draw(t, "name")
		b, err := rfm.EncodeADN(name, "1", 100)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := rfm.DecodeADN(b); err != nil || got != name {
			t.Fatalf("%X: %q, want %q, %v", b, got, name, err)
		}
	})
}

// FuzzDecode reads octets as each file: the words never fail, and what is read
// and can be written is read again.
func FuzzDecode(f *testing.F) {
	files := rfm.Files()
	for _, c := range worked {
		i := slices.IndexFunc(files, func(f rfm.File) bool { return f.Name == c.file })
		f.Add(byte(i), octets(f, c.octets))
	}
	f.Fuzz(func(t *testing.T, i byte, b []byte) {
		file := files[int(i)%len(files)]
		if words := rfm.Describe(file, b); !strings.HasPrefix(words, file.Title+" ") {
			t.Errorf("%s: %q", file.Name, words)
		}
		v, err := file.Decode(b)
		if err != nil || len(b) == 0 {
			return
		}
		if s, ok := v.(rfm.SMSP); ok && strings.HasPrefix(s.SMSC, "+") {
			// Writing the centre it has changes nothing else.
			back, err := rfm.EncodeSMSP(s.SMSC, b)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := rfm.DecodeSMSP(back); err != nil || again != s {
				t.Errorf("SMSP %X: %+v came back as %+v, %v", b, s, again, err)
			}
		}
		back, err := file.Encode(v, blank(len(b)))
		if (file.Name == "imsi" || file.Name == "iccid") && !bytes.Equal(back, b) {
			t.Errorf("%s %X came back as %X, %v", file.Name, b, back, err)
		}
		if err != nil {
			return // what cards hold and nobody writes, as key sets
		}
		again, err := file.Decode(back)
		if d := cmp.Diff(v, again, cmpopts.EquateEmpty()); err != nil || d != "" {
			t.Errorf("%s %X came back as %X: %v\n%s", file.Name, b, back, err, d)
		}
	})
}

// FuzzEncode gives files values from outside: nothing but a file's own octets
// may come of them.
func FuzzEncode(f *testing.F) {
	for _, c := range worked {
		f.Add(c.file, []byte(c.value), octets(f, c.octets))
	}
	f.Fuzz(func(t *testing.T, name string, text, old []byte) {
		file, _, err := rfm.LookupRecord(name)
		if err != nil {
			return
		}
		b, err := file.Encode(json.RawMessage(text), old)
		if err != nil {
			return
		}
		if len(old) > 0 && len(b) != len(old) {
			t.Fatalf("%s: %d octets for a file of %d", name, len(b), len(old))
		}
		if v, err := file.Decode(b); err != nil && len(b) > 0 {
			t.Fatalf("%s %s: %X reads as %v, %v", name, text, b, v, err)
		}
	})
}

func blank(n int) []byte { return bytes.Repeat([]byte{0xFF}, n) }
