package sat_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/sat"
)

func TestCommandsOfFilesBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hex, words string
		command    sat.Command
	}{
		{"00A40904045FC04F07", "SELECT current DF/5FC0/4F07", sat.SelectBelow(0x5FC0, 0x4F07)},
		{"00A40304", "SELECT parent directory", sat.SelectParent()},
		{"00A4040407A0000000871002", "SELECT application A0000000871002", sat.SelectApplication(sat.AID{0xA0, 0, 0, 0, 0x87, 0x10, 0x02})},
		{"00B0870009", "READ BINARY short file 07 offset 0, 9 octets", sat.ReadBinary(0, 9).Short(7)},
		{"00D69E0201FF", "UPDATE BINARY short file 1E offset 2, 1 octet", sat.UpdateBinary(2, []byte{0xFF}).Short(30)},
		{"00B2010C08", "READ RECORD short file 01 record 1, 8 octets", sat.ReadRecord(1, 8).Short(1)},
		{"00DC02C401FF", "UPDATE RECORD short file 18 record 2, 1 octet", sat.UpdateRecord(2, []byte{0xFF}).Short(0x18)},
		{"00DC000302AABB", "UPDATE RECORD previous record, 2 octets", sat.UpdateNext([]byte{0xAA, 0xBB})},
		{"00A20104020791", "SEARCH RECORD from record 1 on, 2 octets", sat.SearchRecord(1, []byte{0x07, 0x91})},
		{"00A2010C0207" + "91", "SEARCH RECORD from record 1 on, 2 octets", sat.SearchRecord(1, []byte{0x07, 0x91}).Short(1)},
		{"00A20005020791", "SEARCH RECORD from the current record back, 2 octets",
			sat.Command{INS: 0xA2, P2: 5, Data: []byte{0x07, 0x91}, Le: sat.NoLe}},
		{"8032000003010000", "INCREASE by 65536", sat.Increase(65536)},
		{"00440000", "ACTIVATE FILE", sat.Activate()},
		{"00040000", "DEACTIVATE FILE", sat.Deactivate()},
		{"00040000026F57", "DEACTIVATE FILE 6F57", sat.Command{INS: 0x04, Data: []byte{0x6F, 0x57}, Le: sat.NoLe}},
		{"00C0000019", "GET RESPONSE, 25 octets", sat.GetResponse(25)},
		{"80CB00800180", "RETRIEVE DATA tag 80, 1 octet", sat.RetrieveData(0x80)},
		{"80CB0080029F70", "RETRIEVE DATA tag 9F70, 2 octets", sat.RetrieveData(0x9F70)},
		{"80CB008003BF3001", "RETRIEVE DATA tag BF3001, 3 octets", sat.RetrieveData(0xBF3001)},
		{"80CB000000", "RETRIEVE DATA, next block, all octets up to 256", sat.RetrieveNext(256)},
		{"80DB008003800100", "SET DATA, first block, 3 octets", sat.SetData([]byte{0x80, 0x01, 0x00})[0]},
		{"00E00000046202" + "8200", "CREATE FILE, 4 octets", sat.CreateFile([]byte{0x62, 0x02, 0x82, 0x00})},
		{"00E40000026F57", "DELETE FILE 6F57", sat.DeleteFile(0x6F57)},
		{"80D40000046202" + "8200", "RESIZE FILE, 4 octets", sat.ResizeFile([]byte{0x62, 0x02, 0x82, 0x00})},
		{"80E40000024F00", "DELETE, 2 octets", sat.Command{CLA: 0x80, INS: 0xE4, Data: []byte{0x4F, 0}, Le: sat.NoLe}},
	} {
		b, err := c.command.AppendBinary(nil)
		if err != nil || !bytes.Equal(b, octets(t, c.hex)) {
			t.Errorf("%s: %X, %v; want %s", c.words, b, err, c.hex)
		}
		back, err := sat.ParseCommand(octets(t, c.hex))
		if diff := cmp.Diff(c.command, back); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", c.hex, err, diff)
		}
		if got := back.Describe(); got != c.words {
			t.Errorf("%s: %q, want %q", c.hex, got, c.words)
		}
	}
}

func TestDataObjectsGoInBlocks(t *testing.T) {
	t.Parallel()
	commands := sat.SetData(make([]byte, 300))
	if len(commands) != 2 || commands[0].P2 != 0x80 || commands[1].P2 != 0 || len(commands[0].Data) != 255 || len(commands[1].Data) != 45 {
		t.Errorf("%v", commands)
	}
	if got := commands[1].Describe(); got != "SET DATA, next block, 45 octets" {
		t.Error(got)
	}
	cs, err := sat.ParseCommands(octets(t, "80CB00800180"+"80CB000000"+"00A40004026F07"))
	if err != nil || len(cs) != 3 || cs[1].Le != 256 {
		t.Errorf("%v, %v", cs, err)
	}
}

func TestArgumentsOfFileCommandsOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]sat.Command{
		"no path":             sat.SelectBelow(),
		"AID of 4":            sat.SelectApplication(make(sat.AID, 4)),
		"AID of 17":           sat.SelectApplication(make(sat.AID, 17)),
		"short file 0":        sat.ReadBinary(0, 1).Short(0),
		"short file 31":       sat.ReadBinary(0, 1).Short(31),
		"short file far":      sat.ReadBinary(256, 1).Short(1),
		"short file twice":    sat.ReadRecord(1, 1).Short(1).Short(1),
		"short file SELECT":   sat.Select(1).Short(1),
		"short file misfit":   sat.ReadBinary(0, 0).Short(1),
		"no next":             sat.UpdateNext(nil),
		"search from 0":       sat.SearchRecord(0, []byte{1}),
		"search nothing":      sat.SearchRecord(1, nil),
		"increase below":      sat.Increase(-1),
		"increase above":      sat.Increase(1 << 24),
		"response of 0":       sat.GetResponse(0),
		"response of 257":     sat.GetResponse(257),
		"no tag":              sat.RetrieveData(0),
		"tag of four":         sat.RetrieveData(1 << 24),
		"next of 0":           sat.RetrieveNext(0),
		"no object":           sat.SetData(nil)[0],
		"create nothing":      sat.CreateFile(nil),
		"resize nothing":      sat.ResizeFile(nil),
		"create what is long": sat.CreateFile(make([]byte, 256)),
	} {
		if b, err := c.AppendBinary(nil); err == nil {
			t.Errorf("%s: made %X, want an error", name, b)
		}
	}
}

func TestClassOfGSM(t *testing.T) {
	t.Parallel()
	got, err := sat.ToGSM([]sat.Command{
		sat.SelectPath(sat.GSM, 0x6F07), sat.UpdateBinary(0, []byte{8}), sat.Select(0x6F78), sat.SelectBelow(0x5F30, 0x4F40),
		sat.ReadRecord(1, 28), sat.GetResponse(15), sat.Activate(), sat.SelectPath(),
	})
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, c := range got {
		s = append(s, c.String())
	}
	want := "A0A4 0000 02 3F00|A0A4 0000 02 7F20|A0A4 0000 02 6F07|A0D6 0000 01 08|A0A4 0000 02 6F78|A0A4 0000 02 5F30|" +
		"A0A4 0000 02 4F40|A0B2 0104 1C|A0C0 0000 0F|A044 0000|A0A4 0000 02 3F00"
	if got := strings.Join(s, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, c := range []sat.Command{
		sat.SelectPath(sat.ADFUSIM, 0x6F07), sat.SelectParent(), sat.SelectApplication(make(sat.AID, 7)), sat.RetrieveData(0x80),
		sat.ReadBinary(0, 9).Short(7), sat.ReadRecord(1, 9).Short(7), {INS: 0xA4, P1: 0x08, Data: []byte{1}}, sat.SearchRecord(1, []byte{1}),
	} {
		if got, err := sat.ToGSM([]sat.Command{c}); !errors.Is(err, sat.ErrNotGSM) {
			t.Errorf("%v gave %v, %v", c, got, err)
		}
	}
}
