package script_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
)

// commandsOf reads commands in hex, one a word.
func commandsOf(t testing.TB, s string) []sat.Command {
	t.Helper()
	var cs []sat.Command
	for _, word := range strings.Fields(s) {
		c, err := sat.ParseCommand(octets(t, word))
		if err != nil {
			t.Fatal(err)
		}
		cs = append(cs, c)
	}
	return cs
}

// shown writes parts as "SELECTs again + commands | ...".
func shown(parts []script.Part) string {
	var out []string
	for _, p := range parts {
		var words []string
		for i, c := range p.Commands {
			word := strings.ReplaceAll(c.String(), " ", "")
			if i < p.Repeated {
				word = "(" + word + ")"
			}
			words = append(words, word)
		}
		out = append(out, strings.Join(words, " "))
	}
	return strings.Join(out, " | ")
}

const (
	sel07, sel7E, sel7FFF, selMF = "00A40004026F07", "00A40004026F7E", "00A40004027FFF", "00A40004023F00"
	selPath                      = "00A40804047FFF6F07"
	up1, up2, up3                = "00D6000003010101", "00D6000303020202", "00D6000603030303"
	read9, next, current         = "00B0000009", "00B2000204", "00B2000404"
	search, short                = "00A201040131", "00B0870009"
)

func TestSplitRepeatsTheSelectsInForce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		room int
		want string
	}{
		"fits":                   {sel07 + " " + up1 + " " + up2, 23, sel07 + " " + up1 + " " + up2},
		"file again":             {sel07 + " " + up1 + " " + up2, 22, sel07 + " " + up1 + " | (" + sel07 + ") " + up2},
		"directory and file":     {sel7FFF + " " + sel07 + " " + up1 + " " + up2, 22, sel7FFF + " " + sel07 + " " + up1 + " | (" + sel7FFF + ") (" + sel07 + ") " + up2},
		"directory alone":        {sel7FFF + " " + sel07 + " " + up1 + " " + sel7E + " " + up2, 22, sel7FFF + " " + sel07 + " " + up1 + " | (" + sel7FFF + ") " + sel7E + " " + up2},
		"left files are not":     {sel07 + " " + sel7E + " " + up1 + " " + up2, 22, sel07 + " " + sel7E + " " + up1 + " | (" + sel7E + ") " + up2},
		"absolute starts over":   {sel7FFF + " " + sel07 + " " + up1 + " " + selMF + " 00A40004022F05 " + up2, 22, sel7FFF + " " + sel07 + " " + up1 + " | " + selMF + " 00A40004022F05 " + up2},
		"path":                   {selPath + " " + up1 + " " + up2, 17, selPath + " " + up1 + " | (" + selPath + ") " + up2},
		"path after path":        {selPath + " " + up1 + " 00A40804047FFF6F7E " + up2 + " " + up3, 17, selPath + " " + up1 + " | 00A40804047FFF6F7E " + up2 + " | (00A40804047FFF6F7E) " + up3},
		"no file after a DF":     {sel7FFF + " " + sel07 + " " + up1 + " 00A40004025FC0 00440000 00440000", 22, sel7FFF + " " + sel07 + " " + up1 + " | (" + sel7FFF + ") 00A40004025FC0 00440000 | (" + sel7FFF + ") (00A40004025FC0) 00440000"},
		"unknown may be a DF":    {"00A4000402A001 " + sel07 + " " + up1 + " " + up2, 22, "00A4000402A001 " + sel07 + " " + up1 + " | (00A4000402A001) (" + sel07 + ") " + up2},
		"DF under DF":            {"00A40004027F10 00A40004025F3A 00A40004024F30 " + up1 + " " + up2, 29, "00A40004027F10 00A40004025F3A 00A40004024F30 " + up1 + " | (00A40004027F10) (00A40004025F3A) (00A40004024F30) " + up2},
		"application by name":    {"00A4040005A000000087 " + sel7FFF + " " + sel07 + " " + up1 + " " + up2, 32, "00A4040005A000000087 " + sel7FFF + " " + sel07 + " " + up1 + " | (00A4040005A000000087) (" + sel7FFF + ") (" + sel07 + ") " + up2},
		"no useless last SELECT": {sel07 + " " + up1 + " " + sel7E + " " + up2, 22, sel07 + " " + up1 + " | " + sel7E + " " + up2},
		"fresh pointer":          {"00A40004026F40 " + up1 + " 00DC000203010101", 22, "00A40004026F40 " + up1 + " | (00A40004026F40) 00DC000203010101"},
		"absolute record later":  {"00A40004026F40 00DC000203010101 00DC010403010101", 22, "00A40004026F40 00DC000203010101 | (00A40004026F40) 00DC010403010101"},
		"search after select":    {"00A40004026F40 " + up1 + " " + search, 20, "00A40004026F40 " + up1 + " | (00A40004026F40) " + search},
		"SFI needs no file":      {sel7FFF + " " + sel07 + " " + up1 + " 00D6870003010101", 22, sel7FFF + " " + sel07 + " " + up1 + " | (" + sel7FFF + ") 00D6870003010101"},
		"2G":                     {"A0A40000023F00 A0A40000027F20 A0A40000026F07 A0D6000003010101 A0D6000303010101", 29, "A0A40000023F00 A0A40000027F20 A0A40000026F07 A0D6000003010101 | (A0A40000023F00) (A0A40000027F20) (A0A40000026F07) A0D6000303010101"},
		"applets have no files":  {"80E60C0003010101 80E2000003010101 80E2000103010101", 17, "80E60C0003010101 80E2000003010101 | 80E2000103010101"},
		"nothing selected":       {up1 + " " + up2 + " " + up3, 17, up1 + " " + up2 + " | " + up3},
	} {
		parts, err := script.Split(script.Script{Format: script.Compact, Commands: commandsOf(t, c.in)}, script.Limits{Octets: c.room})
		if got := shown(parts); err != nil || got != c.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", name, err, got, c.want)
		}
	}
}

func TestSplitKeepsTogetherWhatNoSelectBringsBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want, kept string }{
		"next record":       {"00A40004026F40 00DC000203010101 " + up1 + " 00DC000203010101", "commands 2 to 4 of 4", "UPDATE RECORD next record"},
		"current by search": {"00A40004026F40 " + search + " " + up1 + " 00DC000403010101", "commands 2 to 4 of 4", "SEARCH RECORD"},
		"increase":          {"00A40004026F39 8032000003000001 " + up1 + " 00DC000303010101", "commands 2 to 4 of 4", "INCREASE"},
		"tag pointer":       {"00A40004026F50 80DB0080035C0100 " + up1 + " 80DB000003010101", "commands 2 to 4 of 4", "SET DATA"},
		"short identifier":  {"00D6870003010101 " + up1 + " " + up2 + " " + sel7E, "commands 1 to 3 of 4", "short file 07"},
		"seek from pointer": {"A0A40000026F40 A0A200000131 A0D6000003010101 A0A200020131", "commands 2 to 4 of 4", "together because no SELECT"},
		"PIN":               {sel07 + " 002000010431313131 " + sel7E + " " + up2, "commands 2 to 4 of 4", "VERIFY PIN"},
		"created":           {"00E0000003620180 " + up1 + " " + up2 + " " + sel7FFF, "commands 1 to 3 of 4", "command 1 of 4"},
		"next occurrence":   {"00A4040205A000000087 " + up1 + " " + up2, "commands 1 to 3 of 3", "SELECT application"},
	} {
		cs := commandsOf(t, c.in)
		_, err := script.Split(script.Script{Format: script.Compact, Commands: cs}, script.Limits{Octets: 22})
		if !errors.Is(err, script.ErrTooLarge) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.kept) {
			t.Errorf("%s: %v; want %q and %q", name, err, c.want, c.kept)
		}
		parts, err := script.Split(script.Script{Format: script.Compact, Commands: cs}, script.Limits{Octets: 34})
		if err != nil {
			t.Errorf("%s with more room: %s, %v", name, shown(parts), err)
		}
		if name == "PIN" {
			continue
		}
		s := script.Script{Format: script.Expanded, Commands: cs}
		if parts, err := script.Split(s, script.Limits{Octets: 22, Chain: script.ChainFirst}); err != nil || len(parts) < 2 {
			t.Errorf("%s in a chain: %s, %v", name, shown(parts), err)
		}
	}
}

func TestGetResponseStaysWithItsCommand(t *testing.T) {
	t.Parallel()
	for _, chain := range []script.Chaining{script.Unchained, script.ChainFirst} {
		s := script.Script{Format: script.Expanded, Commands: commandsOf(t, sel07+" "+up1+" "+sel7E+" 00C0000010")}
		parts, err := script.Split(s, script.Limits{Octets: 28, Chain: chain})
		want := sel07 + " " + up1 + " | " + sel7E + " 00C0000010"
		if got := shown(parts); err != nil || got != want {
			t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
		}
	}
	_, err := script.Split(script.Script{Format: script.Compact, Commands: commandsOf(t, "00A20104013100 00C0000010")}, script.Limits{Octets: 100, EachAnswer: true})
	if err == nil || !strings.Contains(err.Error(), "must end its packet") {
		t.Errorf("two answers that depend on each other: %v", err)
	}
}

func TestCompactPacketsEndAfterEachAnswer(t *testing.T) {
	t.Parallel()
	s := script.Script{Format: script.Compact, Commands: commandsOf(t, sel07+" "+read9+" "+up1+" "+sel7E+" "+read9)}
	parts, err := script.Split(s, script.Limits{Octets: 100, EachAnswer: true})
	want := sel07 + " " + read9 + " | (" + sel07 + ") " + up1 + " " + sel7E + " " + read9
	if got := shown(parts); err != nil || got != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
	}
	if _, err := script.Split(s, script.Limits{Octets: 100}); err == nil || !strings.Contains(err.Error(), "EachAnswer") {
		t.Errorf("without EachAnswer: %v", err)
	}
	s.Format = script.Expanded
	if parts, err := script.Split(s, script.Limits{Octets: 100, EachAnswer: true}); err != nil || len(parts) != 1 {
		t.Errorf("expanded: %s, %v", shown(parts), err)
	}
}

func TestChainedPartsRepeatNothing(t *testing.T) {
	t.Parallel()
	s := script.Script{
		Format: script.Expanded, Commands: commandsOf(t, sel07+" "+up1+" "+up2+" "+up3),
		Immediate: script.Refresh(4), ErrorAction: []byte{1}, WaitSession: true, AnswerFirst: true,
	}
	parts, err := script.Split(s, script.Limits{Octets: 39, Chain: script.ChainFirstLasting})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"AA1C 830111 810181 820101 2207" + sel07 + "2208" + up1,
		"AA13 830102 810181 820101 2208" + up2,
		"AA21 830103 810181 820101 2208" + up3 + "810182 8109 8103010104 82028182",
	}
	for i, p := range parts {
		b, err := p.AppendBinary(nil)
		if i >= len(want) || err != nil || !cmp.Equal(b, octets(t, want[i])) {
			t.Errorf("part %d: %X, %v", i+1, b, err)
		}
	}
	if len(parts) != len(want) {
		t.Errorf("%d parts: %s", len(parts), shown(parts))
	}
	one, err := script.Split(s, script.Limits{Octets: 100, Chain: script.ChainFirst})
	if diff := cmp.Diff([]script.Part{{Script: s}}, one); err != nil || diff != "" {
		t.Errorf("one packet needs no chain: %v %s", err, diff)
	}
}

func TestActionsGoWhereTheyBelong(t *testing.T) {
	t.Parallel()
	s := script.Script{
		Format: script.Indefinite, Commands: commandsOf(t, sel07+" "+up1+" "+up2), Immediate: script.Refresh(4), ErrorAction: []byte{},
	}
	parts, err := script.Split(s, script.Limits{Octets: 36})
	if err != nil || len(parts) != 2 {
		t.Fatalf("%s, %v", shown(parts), err)
	}
	if parts[0].Immediate != nil || !cmp.Equal(parts[1].Immediate, s.Immediate) || parts[0].ErrorAction == nil || parts[1].ErrorAction == nil {
		t.Errorf("%+v", parts)
	}
	if parts[1].First != 2 || parts[1].Repeated != 1 || parts[0].First != 0 {
		t.Errorf("places: %+v", parts)
	}
}

func TestSplitHeedsTheAnswer(t *testing.T) {
	t.Parallel()
	s := script.Script{Format: script.Expanded, Commands: commandsOf(t, sel07+" "+read9+" "+sel7E+" "+read9)}
	parts, err := script.Split(s, script.Limits{Octets: 100, Response: 2 + 3 + 4 + 13 + 3})
	want := sel07 + " " + read9 + " | " + sel7E + " " + read9
	if got := shown(parts); err != nil || got != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
	}
	_, err = script.Split(s, script.Limits{Octets: 100, Response: 2 + 3 + 4 + 13 + 2})
	if !errors.Is(err, script.ErrTooLarge) || !strings.Contains(err.Error(), "command 2 of 4, READ BINARY offset 0, 9 octets, with 1 SELECTs again, does not fit a packet: up to 25 octets of answer, there is room for 24") {
		t.Errorf("%v", err)
	}
}

func TestSplitRefuses(t *testing.T) {
	t.Parallel()
	big := script.Script{Format: script.Compact, Commands: []sat.Command{sat.Select(0x6F07), sat.UpdateBinary(0, make([]byte, 200))}}
	ok := script.Script{Format: script.Expanded, Commands: commandsOf(t, sel07+" "+up1)}
	with := func(change func(*script.Script)) script.Script {
		s := ok
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		s    script.Script
		l    script.Limits
		want string
	}{
		"command too long": {big, script.Limits{Octets: 98},
			"command 2 of 2, UPDATE BINARY offset 0, 200 octets, with 1 SELECTs again, does not fit a packet: 212 octets, there is room for 98"},
		"action too long":  {with(func(s *script.Script) { s.Immediate = script.Refresh(4) }), script.Limits{Octets: 25}, "command 2 of 2"},
		"no room":          {ok, script.Limits{}, "room for 0"},
		"negative answer":  {ok, script.Limits{Octets: 9, Response: -1}, "room for 9 octets and -1"},
		"chain by next":    {ok, script.Limits{Octets: 9, Chain: script.ChainNext}, "chaining 02 does not begin"},
		"part of a chain":  {with(func(s *script.Script) { s.Chaining = script.ChainLast }), script.Limits{Octets: 99}, "part 03"},
		"nothing":          {script.Script{Format: script.Compact}, script.Limits{Octets: 99}, "no commands"},
		"unknown format":   {with(func(s *script.Script) { s.Format = "x" }), script.Limits{Octets: 99}, "unknown format"},
		"bad command":      {with(func(s *script.Script) { s.Commands = []sat.Command{sat.Select(1), {Le: 300}} }), script.Limits{Octets: 99}, "command 2 of 2: sat: "},
		"ambiguous P3":     {script.Script{Format: script.Compact, Commands: []sat.Command{{INS: 0xB0, Le: sat.NoLe}}}, script.Limits{Octets: 99}, "cannot be told"},
		"bad error action": {with(func(s *script.Script) { s.ErrorAction = []byte{0} }), script.Limits{Octets: 99}, "error action"},
	} {
		if parts, err := script.Split(c.s, c.l); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "script: ") {
			t.Errorf("%s: %s, %v; want %q", name, shown(parts), err, c.want)
		}
	}
}

func TestSplitByCount(t *testing.T) {
	t.Parallel()
	for format, want := range map[script.Format]int{script.Compact: 2, script.Expanded: 5} {
		s := script.Script{Format: format}
		for range 300 {
			s.Commands = append(s.Commands, sat.UpdateBinary(0, []byte{1}))
		}
		parts, err := script.Split(s, script.Limits{Octets: 10000})
		if err != nil || len(parts) != want {
			t.Errorf("%s: %d parts, %v; want %d", format, len(parts), err, want)
		}
	}
}

func TestTooManyCommandsThatStayTogether(t *testing.T) {
	t.Parallel()
	s := script.Script{Format: script.Expanded}
	for range 70 {
		s.Commands = append(s.Commands, commandsOf(t, "00DC000203010101")...)
	}
	_, err := script.Split(s, script.Limits{Octets: 10000})
	if !errors.Is(err, script.ErrTooLarge) || !strings.Contains(err.Error(), "70 commands, expanded format holds 62") {
		t.Error(err)
	}
}

// card is where a card stands, as a model independent of the one that splits.
type card struct {
	app, dir, ef string
	record       int
	pin          bool
	waits        string // for GET RESPONSE
}

// tree lists the files of each directory; the ADFs are of two applications.
var tree = map[string][]string{
	"3F00":           {"2FE2", "7F10"},
	"3F00/7F10":      {"6F40", "5F3A"},
	"3F00/7F10/5F3A": {"4F30"},
	"USIM":           {"6F07", "6F40", "5FC0", "A001", "B002"},
	"USIM/5FC0":      {"4F01", "6F07"},
	"USIM/A001":      {"6F07", "4F01"},
	"ISIM":           {"6F02", "6F07", "5FC0"},
	"ISIM/5FC0":      {"4F01"},
}

const records = 7

// run gives what a command works on, "" if it fails.
func (c *card) run(cmd sat.Command) string {
	waits := c.waits
	c.waits = ""
	sfi := ""
	switch cmd.INS {
	case 0xA4:
		if !c.enter(cmd) {
			return ""
		}
		c.record = 0
		c.waits = "FCP of " + c.dir + c.ef
		return c.waits
	case 0xC0:
		return waits
	case 0x20:
		c.pin = true
		return "PIN"
	case 0xB0, 0xD6:
		if cmd.P1&0x80 != 0 {
			sfi = fmt.Sprintf("/6F%02X", cmd.P1&0x1F)
		}
	case 0xB2, 0xDC, 0xA2:
		if cmd.P2>>3 != 0 {
			sfi = "/6F40"
		}
	}
	if sfi != "" {
		if !slices.Contains(tree[c.dir], sfi[1:]) {
			return ""
		}
		c.ef, c.record = sfi, 0
	}
	if c.ef == "" {
		return ""
	}
	return fmt.Sprintf("%s%s %d %t", c.dir, c.ef, c.point(cmd), c.pin)
}

// point moves the record pointer and gives the record a command works on.
func (c *card) point(cmd sat.Command) int {
	switch cmd.INS {
	case 0xA2:
		from := int(cmd.P1)
		if from == 0 {
			from = c.record
		}
		c.record = (from+2)%records + 1
	case 0x32:
		c.record = 1
	case 0xB2, 0xDC:
		switch cmd.P2 & 7 {
		case 2:
			c.record = c.record%records + 1
		case 3:
			c.record = (c.record+records-2)%records + 1
		default:
			if cmd.P1 > 0 {
				return int(cmd.P1)
			}
		}
	default:
		return 0
	}
	return c.record
}

func (c *card) enter(cmd sat.Command) bool {
	switch cmd.P1 {
	case 0x04:
		c.app = map[byte]string{1: "USIM", 2: "ISIM"}[cmd.Data[4]]
		c.dir, c.ef = c.app, ""
		return true
	case 0x03:
		at := strings.LastIndex(c.dir, "/")
		if at < 0 {
			return false
		}
		c.dir, c.ef = c.dir[:at], ""
		return true
	}
	was := *c
	if cmd.P1 == 0x08 {
		c.dir, c.ef = "3F00", ""
	}
	for i := 0; i < len(cmd.Data); i += 2 {
		if !c.step(fmt.Sprintf("%X", cmd.Data[i:i+2])) {
			*c = was
			return false
		}
	}
	return true
}

func (c *card) step(fid string) bool {
	switch fid {
	case "3F00":
		c.dir, c.ef = fid, ""
		return true
	case "7FFF":
		c.dir, c.ef = c.app, ""
		return true
	}
	if !slices.Contains(tree[c.dir], fid) {
		return false
	}
	if _, ok := tree[c.dir+"/"+fid]; ok {
		c.dir, c.ef = c.dir+"/"+fid, ""
	} else {
		c.ef = "/" + fid
	}
	return true
}

var fids = []sat.FID{0x3F00, 0x7FFF, 0x2FE2, 0x7F10, 0x6F40, 0x5F3A, 0x4F30, 0x6F07, 0x5FC0, 0x4F01, 0xA001, 0xB002, 0x6F02}

func draw(t *rapid.T, plain bool) sat.Command {
	kinds := 6
	if !plain {
		kinds = 12
	}
	data := rapid.SliceOfN(rapid.Byte(), 1, 12).Draw(t, "data")
	fid := rapid.SampledFrom(fids)
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0, 1:
		return sat.Select(fid.Draw(t, "fid"))
	case 2:
		return sat.UpdateBinary(0, data)
	case 3:
		return sat.UpdateRecord(rapid.IntRange(1, records).Draw(t, "record"), data)
	case 4:
		return sat.SelectPath(fid.Draw(t, "df"), fid.Draw(t, "ef"))
	case 5:
		return rapid.SampledFrom([]sat.Command{
			{INS: 0xA4, P1: 0x04, Data: []byte{0xA0, 0, 0, 0, 1}, Le: sat.NoLe}, {INS: 0xA4, P1: 0x04, Data: []byte{0xA0, 0, 0, 0, 2}, Le: sat.NoLe},
			{INS: 0xA4, P1: 0x03, P2: 0x04, Le: sat.NoLe},
		}).Draw(t, "name")
	case 6:
		return sat.Command{INS: 0xDC, P2: byte(rapid.IntRange(2, 4).Draw(t, "mode")), Data: data, Le: sat.NoLe}
	case 7:
		return sat.Command{INS: 0xA2, P1: byte(rapid.IntRange(0, 3).Draw(t, "from")), P2: 0x04, Data: data, Le: sat.NoLe}
	case 8:
		return sat.Command{INS: 0xD6, P1: 0x87, Data: data, Le: sat.NoLe}
	case 9:
		return sat.Command{CLA: 0x80, INS: 0x32, Data: []byte{0, 0, 1}, Le: sat.NoLe}
	case 10:
		return sat.ReadBinary(0, rapid.IntRange(1, 20).Draw(t, "le"))
	}
	return rapid.SampledFrom([]sat.Command{
		{INS: 0xDC, P2: 0x42, Data: data, Le: sat.NoLe}, {INS: 0xC0, Le: 9}, {INS: 0xA2, P1: 1, P2: 0x44, Data: data, Le: sat.NoLe},
		{INS: 0x20, P2: 1, Data: []byte("1234"), Le: sat.NoLe}, sat.ReadRecord(1, 10), {INS: 0xB2, P2: 0x04, Le: 10},
	}).Draw(t, "other")
}

// Every command of a split script works on the same file and record as in the
// whole, and no part is larger than what was asked for.
func TestSplitMeansTheSame(t *testing.T) {
	t.Parallel()
	split := 0
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.Bool().Draw(t, "plain")
		start := card{app: "USIM", dir: rapid.SampledFrom([]string{"USIM", "3F00"}).Draw(t, "start")}
		s := script.Script{Format: rapid.SampledFrom([]script.Format{script.Compact, script.Expanded, script.Indefinite}).Draw(t, "format")}
		whole := start
		var want []string
		for range rapid.IntRange(1, 60).Draw(t, "n") {
			was, c := whole, draw(t, plain)
			if got := whole.run(c); got != "" {
				s.Commands, want = append(s.Commands, c), append(want, got)
			} else {
				whole = was
			}
		}
		if len(s.Commands) == 0 {
			return
		}
		limits := script.Limits{Octets: rapid.IntRange(20, 130).Draw(t, "octets"), EachAnswer: true}
		if rapid.Bool().Draw(t, "limited") {
			limits.Response = rapid.IntRange(20, 130).Draw(t, "response")
		}
		if s.Format != script.Compact {
			limits.Chain = rapid.SampledFrom([]script.Chaining{script.Unchained, script.ChainFirst}).Draw(t, "chain")
			s.ErrorAction, s.WaitSession = []byte{}, rapid.Bool().Draw(t, "wait")
			if rapid.Bool().Draw(t, "refresh") {
				s.Immediate = script.Refresh(4)
			}
		}
		parts, err := script.Split(s, limits)
		if err != nil {
			if plain && limits.Octets >= 90 && limits.Response == 0 {
				t.Fatal(err)
			}
			return
		}
		if len(parts) > 1 {
			split++
		}
		at, on := 0, start
		for i, p := range parts {
			b, err := p.AppendBinary(nil)
			if err != nil || len(b) > limits.Octets {
				t.Fatalf("part %d: %d octets of %d, %v", i+1, len(b), limits.Octets, err)
			}
			if (p.Immediate != nil) != (s.Immediate != nil && i == len(parts)-1) || p.First != at {
				t.Fatalf("part %d: %+v", i+1, p)
			}
			if limits.Chain == script.Unchained {
				on = start
			} else if len(parts) > 1 && p.Repeated > 0 {
				t.Fatalf("a chained part repeats: %+v", p)
			}
			checkAnswer(t, p, limits.Response)
			for j, c := range p.Commands {
				got := on.run(c)
				if j < p.Repeated {
					if c.INS != 0xA4 || got == "" {
						t.Fatalf("part %d repeats %s: %q", i+1, c, got)
					}
					continue
				}
				if diff := cmp.Diff(s.Commands[at], c); diff != "" || got != want[at] {
					t.Fatalf("command %d, %s: on %q, want %q %s\n%s", at+1, c, got, want[at], diff, shown(parts))
				}
				at++
			}
		}
		if at != len(s.Commands) {
			t.Fatalf("%d commands of %d", at, len(s.Commands))
		}
	})
	if split < 10 {
		t.Errorf("only %d scripts needed a split: the test shows nothing", split)
	}
}

// checkAnswer makes the longest answer a card can give to p.
func checkAnswer(t *rapid.T, p script.Part, room int) {
	r := script.Response{Executed: len(p.Commands)}
	for i, c := range p.Commands {
		if p.Format != script.Compact || i == len(p.Commands)-1 {
			r.Results = append(r.Results, script.Result{Data: make([]byte, max(c.Le, 0)), Status: 0x9000})
		}
	}
	if p.Format != script.Compact {
		r.ActionError = 1
	}
	b, err := r.AppendBinary(nil, p.Format)
	if err != nil || room > 0 && len(b) > room {
		t.Fatalf("%d octets of answer, room for %d, %v", len(b), room, err)
	}
}
