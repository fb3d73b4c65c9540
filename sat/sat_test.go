package sat_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simota/simota/sat"
)

func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var commands = []struct {
	name, hex, text, words string
	command                sat.Command
}{
	{"select", "00A40004026F07", "00A4 0004 02 6F07", "SELECT 6F07", sat.Select(0x6F07)},
	{"select by path", "00A40804047FFF6F07", "00A4 0804 04 7FFF6F07", "SELECT 3F00/7FFF/6F07", sat.SelectPath(sat.ADFUSIM, 0x6F07)},
	{"path that names the MF", "00A40804022FE2", "00A4 0804 02 2FE2", "SELECT 3F00/2FE2", sat.SelectPath(sat.MF, 0x2FE2)},
	{"empty path", "00A40004023F00", "00A4 0004 02 3F00", "SELECT 3F00", sat.SelectPath()},
	{"read", "00B0000009", "00B0 0000 09", "READ BINARY offset 0, 9 octets", sat.ReadBinary(0, 9)},
	{"read all", "00B0010200", "00B0 0102 00", "READ BINARY offset 258, all octets up to 256", sat.ReadBinary(258, 256)},
	{"update", "00D6000009080910101032547698", "00D6 0000 09 080910101032547698", "UPDATE BINARY offset 0, 9 octets",
		sat.UpdateBinary(0, []byte{0x08, 0x09, 0x10, 0x10, 0x10, 0x32, 0x54, 0x76, 0x98})},
	{"read record", "00B201041C", "00B2 0104 1C", "READ RECORD record 1, 28 octets", sat.ReadRecord(1, 28)},
	{"update record", "00DC020401FF", "00DC 0204 01 FF", "UPDATE RECORD record 2, 1 octet", sat.UpdateRecord(2, []byte{0xFF})},
	{"header alone", "00440000", "0044 0000", "ACTIVATE FILE", sat.Command{INS: 0x44, Le: sat.NoLe}},
	{"data both ways", "80CABF3004 5C027F21 00", "80CA BF30 04 5C027F21 00", "GET DATA, 4 octets",
		sat.Command{CLA: 0x80, INS: 0xCA, P1: 0xBF, P2: 0x30, Data: []byte{0x5C, 0x02, 0x7F, 0x21}, Le: 256}},
	{"get status", "80F24002024F0000", "80F2 4002 02 4F00 00", "GET STATUS, 2 octets",
		sat.Command{CLA: 0x80, INS: 0xF2, P1: 0x40, P2: 0x02, Data: []byte{0x4F, 0x00}, Le: 256}},
	{"status", "80F2000C00", "80F2 000C 00", "STATUS, all octets up to 256", sat.Command{CLA: 0x80, INS: 0xF2, P2: 0x0C, Le: 256}},
	{"short file", "00B0870009", "00B0 8700 09", "READ BINARY short file 07 offset 0, 9 octets", sat.Command{INS: 0xB0, P1: 0x87, Le: 9}},
	{"application", "00A4040C05A000000087", "00A4 040C 05 A000000087", "SELECT application A000000087",
		sat.Command{INS: 0xA4, P1: 0x04, P2: 0x0C, Data: []byte{0xA0, 0, 0, 0, 0x87}, Le: sat.NoLe}},
	{"unknown", "A0EE0000", "A0EE 0000", "command A0EE", sat.Command{CLA: 0xA0, INS: 0xEE, Le: sat.NoLe}},
}

func TestCommandBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range commands {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := c.command.AppendBinary([]byte{0xEE})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]byte{0xEE}, octets(t, c.hex)...), got); diff != "" {
				t.Errorf("octets (-want +got):\n%s", diff)
			}
			back, err := sat.ParseCommand(octets(t, c.hex))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.command, back); diff != "" {
				t.Errorf("command (-want +got):\n%s", diff)
			}
			if got := back.String(); got != c.text {
				t.Errorf("String = %q, want %q", got, c.text)
			}
			if got := back.Describe(); got != c.words {
				t.Errorf("Describe = %q, want %q", got, c.words)
			}
		})
	}
}

func TestArgumentsOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]sat.Command{
		"offset below":       sat.ReadBinary(-1, 1),
		"offset above":       sat.ReadBinary(0x8000, 1),
		"nothing to read":    sat.ReadBinary(0, 0),
		"too much to read":   sat.ReadBinary(0, 257),
		"update offset":      sat.UpdateBinary(0x8000, []byte{1}),
		"update nothing":     sat.UpdateBinary(0, nil),
		"update 256":         sat.UpdateBinary(0, make([]byte, 256)),
		"record 0":           sat.ReadRecord(0, 1),
		"record 255":         sat.ReadRecord(255, 1),
		"record length":      sat.ReadRecord(1, 300),
		"update record 0":    sat.UpdateRecord(0, []byte{1}),
		"update record none": sat.UpdateRecord(1, nil),
		"zero Le":            {},
		"Le 257":             {Le: 257},
	} {
		if b, err := c.AppendBinary(nil); err == nil {
			t.Errorf("%s: made %X, want an error", name, b)
		}
	}
}

func TestParseCommandRefusesDamage(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "00A400", "00A40004026F", "00A40004026F070000", "00A400040002", "00D6000000000108"} {
		if c, err := sat.ParseCommand(octets(t, s)); err == nil {
			t.Errorf("%q gave %v, want an error", s, c)
		}
	}
	if _, err := sat.ParseCommand(octets(t, "00A40004026F")); !errors.Is(err, sat.ErrTruncated) {
		t.Errorf("short data: %v, want ErrTruncated", err)
	}
}

func TestParseCommandsFindsTheBorders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"read last":             {"00A40004026F0700B0000009", "00A4 0004 02 6F07|00B0 0000 09"},
		"read first":            {"00B000000000A40004026F07", "00B0 0000 00|00A4 0004 02 6F07"},
		"Le after the last":     {"80E288000101" + "80E288000102" + "00", "80E2 8800 01 01|80E2 8800 01 02 00"},
		"no data":               {"0044000000" + "00A40004026F07", "0044 0000|00A4 0004 02 6F07"},
		"2G":                    {"A0A40000023F00A0A40000027F20A0C000000F", "A0A4 0000 02 3F00|A0A4 0000 02 7F20|A0C0 0000 0F"},
		"GET STATUS sends data": {"80F24002024F0000", "80F2 4002 02 4F00 00"},
		"STATUS returns data":   {"80F200000A80F200010A", "80F2 0000 0A|80F2 0001 0A"},
		"GET DATA with a list":  {"80CABF30045C027F2180CAFF2100", "80CA BF30 04 5C027F21|80CA FF21 00"},
		"a whole swap": {"00a40004023f0000a40004027fff00a40004026f0700d600000908490640000000002100a40004026f7800d600000200" + "02",
			"00A4 0004 02 3F00|00A4 0004 02 7FFF|00A4 0004 02 6F07|00D6 0000 09 084906400000000021|00A4 0004 02 6F78|00D6 0000 02 0002"},
	} {
		cs, err := sat.ParseCommands(octets(t, c.in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, c := range cs {
			got = append(got, c.String())
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%s: %s, want %s", name, s, c.want)
		}
	}
	for _, s := range []string{"00A4", "00A4000402", "00A40004026F0700B00000", "004400000000"} {
		if cs, err := sat.ParseCommands(octets(t, s)); !errors.Is(err, sat.ErrTruncated) {
			t.Errorf("%q gave %v, %v; want ErrTruncated", s, cs, err)
		}
	}
}

func TestStatusWords(t *testing.T) {
	t.Parallel()
	for s, want := range map[sat.Status]struct {
		ok   bool
		text string
	}{
		0x9000: {true, "9000 done"},
		0x910F: {true, "910F done, a toolkit command of 15 octets waits"},
		0x6119: {true, "6119 done, 25 octets of response wait"},
		0x9F00: {true, "9F00 done, 256 octets of response wait"},
		0x62F1: {false, "62F1 response was cut short and the rest of the script did not run"},
		0x6A82: {false, "6A82 file not found"},
		0x6982: {false, "6982 security status not satisfied: this file may not be accessed"},
		0x6C09: {false, "6C09 wrong length: 9 octets are available"},
		0x63C2: {false, "63C2 verification failed or update retried, counter 2"},
		0x69E1: {false, "69E1 policy rule (POL1) forbids it"},
		0x9001: {false, "9001 unknown status word"},
		0x0000: {false, "0000 unknown status word"},
	} {
		if got := s.OK(); got != want.ok {
			t.Errorf("%v: OK = %t", s, got)
		}
		if got := s.String(); got != want.text {
			t.Errorf("String = %q, want %q", got, want.text)
		}
	}
}

func TestEveryStatusWordOfTheStandardHasWords(t *testing.T) {
	t.Parallel()
	for _, sw1 := range []sat.Status{0x61, 0x62, 0x63, 0x64, 0x65, 0x67, 0x68, 0x69, 0x6A, 0x6C, 0x6F, 0x91, 0x92, 0x9E, 0x9F} {
		for sw2 := range sat.Status(256) {
			if s := sw1<<8 | sw2; strings.Contains(s.String(), "unknown") {
				t.Errorf("%v", s)
			}
		}
	}
}

func TestTARIsInsideAnAIDOfSixteenOctets(t *testing.T) {
	t.Parallel()
	aid := sat.AID(octets(t, "A0000005591010FFFFFFFF8900001300"))
	if got := aid.TAR(); got != [3]byte{0x00, 0x00, 0x13} {
		t.Errorf("TAR = %X", got)
	}
	if got := aid.String(); got != "A0000005591010FFFFFFFF8900001300" {
		t.Errorf("String = %s", got)
	}
	if got := aid[:15].TAR(); got != [3]byte{} {
		t.Errorf("TAR of 15 octets = %X", got)
	}
	if got := sat.FID(0x6F07).String(); got != "6F07" {
		t.Errorf("FID = %s", got)
	}
}

func TestCommandRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := sat.Command{
			CLA: rapid.Byte().Draw(t, "cla"), INS: rapid.Byte().Draw(t, "ins"),
			P1: rapid.Byte().Draw(t, "p1"), P2: rapid.Byte().Draw(t, "p2"), Le: sat.NoLe,
		}
		if n := rapid.IntRange(0, 255).Draw(t, "lc"); n > 0 {
			c.Data = rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "data")
		}
		if rapid.Bool().Draw(t, "expects") {
			c.Le = rapid.IntRange(1, 256).Draw(t, "le")
		}
		b, err := c.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		back, err := sat.ParseCommand(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, back); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParseCommand(f *testing.F) {
	for _, c := range commands {
		f.Add(octets(f, c.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := sat.ParseCommand(b)
		if err != nil {
			return
		}
		back, err := c.AppendBinary(nil)
		if err != nil || string(back) != string(b) {
			t.Fatalf("%X came back as %X, %v", b, back, err)
		}
		if c.Describe() == "" || c.String() == "" {
			t.Fatalf("%X has no words", b)
		}
	})
}

func FuzzParseCommands(f *testing.F) {
	f.Add(octets(f, "00A40004026F0700B0000009"))
	f.Add(octets(f, "80E288000101804400000000"))
	f.Fuzz(func(t *testing.T, b []byte) {
		cs, err := sat.ParseCommands(b)
		if err != nil {
			return
		}
		var back []byte
		for _, c := range cs {
			start := len(back)
			if back, err = c.AppendBinary(back); err != nil {
				t.Fatal(err)
			}
			if len(back)-start == 4 {
				back = append(back, 0)
			}
		}
		if string(back) != string(b) {
			t.Fatalf("%X came back as %X", b, back)
		}
	})
}
