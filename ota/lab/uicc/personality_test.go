package uicc

import (
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
)

func TestShippedPersonalitiesMakeCards(t *testing.T) {
	t.Parallel()
	check(t, "names", Personalities(), []string{"difficult", "euicc-sgp02", "multi-imsi", "sja2-3des", "sja5-aes", "usim-expanded"})
	for _, name := range Personalities() {
		p, err := Personality(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		check(t, "name", p.Name, name)
		if name == "euicc-sgp02" {
			continue // newEUICC makes one of it
		}
		check(t, name, insert(t, p).IMSI(), oldIMSI)
	}
	if _, err := Personality("nokia"); err == nil || !strings.Contains(err.Error(), "sja5-aes") {
		t.Errorf("unknown personality: %v", err)
	}
}

func TestPersonalityHasDefaults(t *testing.T) {
	t.Parallel()
	p, err := ParsePersonality([]byte("name: plain\napplications:\n- {tar: B00011, format: compact}\n"))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "profile", p, Profile{
		Name: "plain", Applications: []Application{{TAR: tarCompact, Format: script.Compact, MSL: 0x16, Start: sat.ADFUSIM}},
		Refresh: RefreshNone, RefreshQualifier: 0x04, Replay: ReplayCounterLow, BufferParts: 5, BufferSets: 1, ResponseLimit: 512,
		MultiIMSI: MultiIMSI{Select: 0x10, Read: 0x12, Qualifier: 0x04}, EUICC: EUICC{AIDTag: 0x4F},
	})
}

func TestPersonalitySaysEverything(t *testing.T) {
	t.Parallel()
	p, err := ParsePersonality([]byte(`
name: all
algorithm: AES-256
counter: tar
replay: silent
security_failures: silent
redundancy_check: true
por: {way: report, clear_every: 4}
refresh: {mode: card, qualifier: "01", after: 3s}
buffer: {parts: 2, sets: 7}
response_limit: 99
memory: 1000
script: {chaining: true}
put_key: plain
applications:
  - {tar: A1B2C3, kind: multi-imsi, format: auto, msl: "12", counter: keyset, silent: true}
  - {tar: B00010, format: compact, class: a0, start: mf, adf: isim, select_by_aid: true, updatable: [SMSP]}
packages:
  - {aid: A0000001515350, modules: [A000000151535041]}
files:
  - {name: 7FFF/6FFE, size: 4, records: 2, data: "0102"}
  - {name: ACL, absent: true}
multi_imsi: {select: "20", read: "22", refresh: "00", undo: {without_service: 1m, with_service: 2h}}
euicc: {tries: 5, confirmation: 1m, resend: 2s, attach: 3m, fall_back: 4h, first_attach: true, aid_tag: "2F"}
`))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "profile", p, Profile{
		Name: "all", Algorithm: ota.AES256, RC: true, PoR: PoRByReport, ClearPoREvery: 4, Replay: ReplaySilent, SilentOnFailure: true,
		Applications: []Application{
			{TAR: ota.TAR{0xA1, 0xB2, 0xC3}, Kind: KindMultiIMSI, Format: AutoFormat, MSL: 0x12, Silent: true, Start: sat.ADFUSIM},
			{TAR: ota.TAR{0xB0, 0, 0x10}, Format: script.Compact, MSL: 0x16, OwnCounter: true, Start: sat.MF, ISIM: true, SelectByAID: true, Class: 0xA0, Updatable: []string{"SMSP"}},
		},
		Refresh: RefreshByCard, RefreshQualifier: 0x01, RefreshDelay: 3 * time.Second,
		BufferParts: 2, BufferSets: 7, ResponseLimit: 99, Memory: 1000, Chaining: true, PutKey: PutKeyPlain,
		Packages:    []Package{{AID: unhex(t, "A0000001515350"), Modules: []sat.AID{unhex(t, "A000000151535041")}}},
		FileChanges: []File{{Name: "7FFF/6FFE", Size: 4, Records: 2, Data: []byte{1, 2}}, {Name: "ACL", Absent: true}},
		MultiIMSI:   MultiIMSI{0x20, 0x22, 0x00, time.Minute, 2 * time.Hour},
		EUICC:       EUICC{5, time.Minute, 2 * time.Second, 3 * time.Minute, 4 * time.Hour, true, 0x2F},
	})
}

func TestPersonalityErrorsNameLineAndField(t *testing.T) {
	t.Parallel()
	const apps = "applications:\n- tar: B00011\n  format: compact\n"
	for name, c := range map[string]struct{ yaml, want string }{
		"unknown field":  {"name: x\nformat: compact\n", `[2:1] unknown field "format"`},
		"wrong type":     {"name: x\nbuffer: {parts: many}\n", "[2:17]"},
		"no name":        {apps, "line 1: name:"},
		"TAR":            {"name: x\napplications:\n- tar: B00\n  format: compact\n", "line 3: applications[0].tar:"},
		"TAR twice":      {"name: x\n" + apps + "- tar: B00011\n  format: compact\n", "line 5: applications[1].tar:"},
		"no format":      {"name: x\napplications:\n- tar: B00011\n", "applications[0].format:"},
		"MSL":            {"name: x\n" + apps + "  msl: 300\n", "line 5: applications[0].msl:"},
		"class":          {"name: x\n" + apps + "  class: \"80\"\n", "line 5: applications[0].class:"},
		"class of RAM":   {"name: x\n" + apps + "  kind: ram\n  class: A0\n", "line 6: applications[0].class:"},
		"kind":           {"name: x\n" + apps + "  kind: applet\n", "line 5: applications[0].kind:"},
		"start":          {"name: x\n" + apps + "  start: 3F00\n", "line 5: applications[0].start:"},
		"algorithm":      {"name: x\nalgorithm: aes\n", "line 2: algorithm:"},
		"replay":         {"name: x\nreplay: loud\n", "line 2: replay:"},
		"refresh":        {"name: x\nrefresh:\n  mode: never\n", "line 3: refresh.mode:"},
		"qualifier":      {"name: x\nrefresh: {mode: card, qualifier: reset}\n", "line 2: refresh.qualifier:"},
		"parts":          {"name: x\nbuffer:\n  sets: 1\n  parts: 300\n", "line 4: buffer.parts:"},
		"sets":           {"name: x\nbuffer: {sets: -1}\n", "line 2: buffer.sets:"},
		"response limit": {"name: x\nresponse_limit: 3\n", "line 2: response_limit:"},
		"memory":         {"name: x\nmemory: -3\n", "line 2: memory:"},
		"por way":        {"name: x\npor: {way: letter}\n", "line 2: por.way:"},
		"clear every":    {"name: x\npor: {clear_every: -1}\n", "line 2: por.clear_every:"},
		"put key":        {"name: x\nput_key: clear\n", "line 2: put_key:"},
		"AID tag":        {"name: x\neuicc: {aid_tag: AF}\n", "line 2: euicc.aid_tag:"},
		"tries":          {"name: x\neuicc: {tries: -1}\n", "line 2: euicc.tries:"},
		"duration":       {"name: x\neuicc: {fall_back: -1h}\n", "line 2: euicc.fall_back:"},
		"one command":    {"name: x\nmulti_imsi: {select: \"12\"}\n", "multi_imsi.read:"},
		"package":        {"name: x\npackages:\n- aid: A0\n", "line 3: packages[0].aid:"},
		"module":         {"name: x\npackages:\n- aid: A000000001\n  modules: [A0]\n", "line 4: packages[0].modules[0]:"},
		"data":           {"name: x\nfiles:\n- name: ACL\n  data: xx\n", "line 4: files[0].data:"},
	} {
		_, err := ParsePersonality([]byte(c.yaml))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestFilesOfAPersonalityMustFit(t *testing.T) {
	t.Parallel()
	p := CompactTripleDES()
	p.FileChanges = []File{{Name: "NOPE", Absent: true}}
	_, err := New(Config{Profile: p, ICCID: "8988211000000467343", IMSI: oldIMSI})
	if err == nil {
		t.Error("a file that is not there is removed")
	}
}

// shippedCard is a card of a shipped personality with one subscription.
func shippedCard(t *testing.T, name string) *bench {
	t.Helper()
	p, err := Personality(name)
	if err != nil {
		t.Fatal(err)
	}
	return insert(t, p)
}

func TestShippedApplicationsAnswerInTheirFormat(t *testing.T) {
	t.Parallel()
	const imsi, keys = "080910101032547698", "80CA00E000"
	for _, c := range []struct{ personality, tar, script, want string }{
		{"sja2-3des", "B00010", "A0A40000027F20" + "A0A40000026F07" + "A0B0000009", "039000" + imsi},
		{"sja2-3des", "B00011", readIMSI, "029000" + imsi},
		{"sja2-3des", "B00000", keys, "019000" + "e018" + "c00401018010" + "c00402018010" + "c00401028010" + "c00402028010"},
		{"sja5-aes", "B00011", readIMSI, "029000" + imsi},
		{"sja5-aes", "B00012", "00B0870002", "019000" + "0100"},
		{"sja5-aes", "B00141", expandedScript("", "00B0870009"), "ab10" + "800101" + "230b" + imsi + "9000"},
		{"sja5-aes", "000000", expandedScript("", gp("F2", "40", "02", "4F00")), "ab07" + "800101" + "23026a88"},
		{"usim-expanded", "B00120", expandedScript("", "00A4040C07A0000000871002", "00B0870001"), "ab0c" + "800102" + "23029000" + "230308" + "9000"},
		{"usim-expanded", "B00140", expandedScript("", "00B0870001"), "ab08" + "800101" + "230308" + "9000"},
		{"usim-expanded", "B00141", "AE80" + "2205" + "00B0870001" + "0000", "af80" + "230301" + "9000" + "0000"},
		{"usim-expanded", "000000", expandedScript("", gp("F2", "20", "02", "4F00"+"5C014F")), "ab12" + "800101" + "230d" + "e3094f07" + "a0000001515350" + "9000"},
		{"multi-imsi", "A1B2C3", "8012000000", "019000" + "01" + imsi},
		{"difficult", "B00001", readIMSI, "029000" + imsi},
	} {
		t.Run(c.personality+" "+c.tar, func(t *testing.T) {
			t.Parallel()
			tar, err := ota.ParseTAR(c.tar)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "answer", shippedCard(t, c.personality).run(tar, c.script), c.want)
		})
	}
}

func TestTheDifficultCardIsDifficult(t *testing.T) {
	t.Parallel()
	b := shippedCard(t, "difficult")
	usim, sim := ota.TAR{0xB0, 0, 0x01}, ota.TAR{0xB0, 0, 0x10}
	a := b.send("1639", usim, 1, selectIMSI+writeIMSI)
	check(t, "no REFRESH", a.Refresh, nil)
	check(t, "own counter", b.response(b.send("1639", sim, 1, "A0A40000027F20"), "1639").Status, ota.StatusOK)
	check(t, "replay", b.send("1639", usim, 1, readIMSI), Answer{SW: swNothingDone})
	check(t, "level", b.send("1239", usim, 2, readIMSI), Answer{SW: swNothingDone})
	clear, ok := ota.ClearResponse(b.send("1639", usim, 3, readIMSI).Submit[0].UserData[3:])
	check(t, "the third proof is in clear", ok && clear.Status == ota.StatusOK, true)
	check(t, "three parts", b.packet(b.seal("1639", usim, 4, longScript())), Answer{SW: swOK})
	check(t, "too long", b.last().Result, ResultTooLong)
	r := b.response(b.send("1639", sim, 2, "A0A40000027F20"+"A0A40000026F07"+"A0"+writeIMSI[2:]), "1639")
	check(t, "access domain", r.Data, []byte{3, 0x98, 0x04})
	check(t, "no list of equivalent networks", b.response(b.send("1639", usim, 5, "00A4000C026FD9"), "1639").Data, []byte{1, 0x6A, 0x82})
}
