package uicc

import (
	"encoding/hex"
	"testing"

	"github.com/simota/simota/ota"
)

func chained(t *testing.T, change ...func(*Config)) *bench {
	return expandedCard(t, append(change, func(c *Config) { c.Chaining = true })...)
}

func TestChainedScriptsKeepTheSelection(t *testing.T) {
	t.Parallel()
	const read, imsi = "00B0000009", "080910101032547698"
	first, next, last := expandedScript("", "00A4000C026F07"), "AA0A"+"830102"+"2205"+read, "AA0A"+"830103"+"2205"+read
	first = "AA0C" + "830101" + first[4:]
	ok := "ab14" + "800101" + "230b" + imsi + "9000"
	ok = "ab10" + ok[4:]
	b := chained(t)
	for _, s := range [][2]string{
		{next, "ab06" + "800100" + "830101"}, // no script before
		{first, "ab07" + "800101" + "23029000"},
		{next, ok}, {next, ok}, {last, ok},
		{last, "ab06" + "800100" + "830101"}, // it has ended
		{first, "ab07" + "800101" + "23029000"},
		{expandedScript("", read), "ab07" + "800101" + "23026986"}, // a script without chaining ends it
		{next, "ab06" + "800100" + "830101"},
		{"AA03" + "830104", "ab06" + "800100" + "830103"},
		{"AA04" + "83020101", "ab06" + "800100" + "900102"},
	} {
		check(t, s[0], b.run(tarExpanded, s[0]), s[1])
	}
}

func TestAFailedScriptEndsTheChain(t *testing.T) {
	t.Parallel()
	b := chained(t)
	b.run(tarExpanded, "AA0C"+"830101"+"2207"+selectIMSI)
	check(t, "failed", b.run(tarExpanded, "AA0A"+"830102"+"2205"+"00B0000901"), "ab07"+"800101"+"23026b00")
	check(t, "ended", b.run(tarExpanded, "AA0A"+"830103"+"2205"+"00B0000001"), "ab06"+"800100"+"830101")
}

func TestAResetEndsAChainUnlessItIsToBeKept(t *testing.T) {
	t.Parallel()
	for first, want := range map[string]string{
		"830101": "ab06" + "800100" + "830101",
		"830111": "ab08" + "800101" + "2303" + "08" + "9000",
	} {
		b := chained(t)
		b.run(tarExpanded, "AA0C"+first+"2207"+selectIMSI)
		b.Reset()
		check(t, first, b.run(tarExpanded, "AA0A"+"830103"+"2205"+"00B0000001"), want)
	}
}

func TestErrorActionFollowsAFailure(t *testing.T) {
	t.Parallel()
	const reset = "8209" + "8103010104" + "82028182"
	const text = "820F" + "8103012180" + "82028102" + "8D04" + "04484921"
	for name, c := range map[string]struct {
		script  string
		refresh *Refresh
		actions int
	}{
		"refresh":      {"AA" + "14" + reset + "2207" + "00A40004026FFE", &Refresh{Qualifier: 4}, 0},
		"display text": {"AA" + "1A" + text + "2207" + "00A40004026FFE", nil, 1},
		"no failure":   {"AA" + "14" + reset + "2207" + selectIMSI, nil, 0},
		"after it":     {"AA" + "14" + "2207" + "00A40004026FFE" + reset, nil, 0},
		"cancelled":    {"AA" + "16" + reset + "8200" + "2207" + "00A40004026FFE", nil, 0},
	} {
		b := expandedCard(t)
		a := b.send("1639", tarExpanded, 1, c.script)
		check(t, name, a.Refresh, c.refresh)
		check(t, name, len(a.Actions), c.actions)
		check(t, name, b.last().Executed, 1)
	}
}

func TestImmediateActionsComeInThreeForms(t *testing.T) {
	t.Parallel()
	const text, tone = "810F" + "8103012180" + "82028102" + "8D04" + "04484921", "8109" + "8103012000" + "82028103"
	b := expandedCard(t)
	a := b.send("1639", tarExpanded, 1, expandedScript(text+tone, selectIMSI))
	check(t, "proactive commands", len(a.Actions), 2)
	check(t, "text", hex.EncodeToString(a.Actions[0]), "8103012180"+"82028102"+"8d0404484921")
	for _, indicator := range []string{"810181", "810182"} {
		a := b.send("1639", tarExpanded, b.Counter(1)+1, "AA0C"+indicator+"2207"+selectIMSI)
		check(t, indicator, len(a.Actions), 0)
		check(t, indicator, hex.EncodeToString(b.response(a, "1639").Data), "ab07"+"800101"+"23026114")
	}
	if err := b.WriteFile("RMA", unhex(t, "8103010104"+"82028182")); err != nil {
		t.Fatal(err)
	}
	a = b.send("1639", tarExpanded, b.Counter(1)+1, expandedScript("810101", selectIMSI))
	check(t, "record 1 of EF_RMA", a.Refresh, &Refresh{Qualifier: 4})
	a = b.send("1639", tarExpanded, b.Counter(1)+1, expandedScript("810102", selectIMSI))
	check(t, "empty record", hex.EncodeToString(b.response(a, "1639").Data), "ab0a"+"800101"+"23026114"+"810101")
}

func TestProofsLeaveByTheWayOfTheCard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		way      PoRWay
		spi      string
		bySubmit bool
	}{{PoRBySubmit, "1619", true}, {PoRByReport, "1639", false}, {PoRAsAsked, "1639", true}, {PoRAsAsked, "1619", false}} {
		b := expandedCard(t, func(cfg *Config) { cfg.PoR = c.way })
		a := b.send(c.spi, tarCompact, 1, readIMSI)
		check(t, string(c.way)+c.spi, a.Report == nil, c.bySubmit)
		check(t, "status", b.response(a, c.spi).Status, ota.StatusOK)
	}
}

func TestSomeProofsMayComeInClear(t *testing.T) {
	t.Parallel()
	b := expandedCard(t, func(c *Config) { c.ClearPoREvery = 3 })
	for i := uint64(1); i <= 6; i++ {
		a := b.send("1639", tarCompact, i, readIMSI)
		clear, ok := ota.ClearResponse(a.Submit[0].UserData[3:])
		check(t, "clear", ok, i%3 == 0)
		if ok {
			check(t, "response", hex.EncodeToString(clear.Data), "029000080910101032547698")
			check(t, "counter", clear.Counter, uint64(0))
		}
	}
}

func TestSilenceMayBeThatOfOneApplication(t *testing.T) {
	t.Parallel()
	b := expandedCard(t, func(c *Config) { c.Applications[0].Silent = true })
	check(t, "silent", b.send("1239", tarExpanded, 1, ""), Answer{SW: swNothingDone})
	check(t, "result", b.last().Result, ResultMSL)
	check(t, "the other", silent(b.send("1239", tarCompact, 1, "")), false)
}

func TestTheCounterIsLoggedWhereverItCanBeRead(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	b.send("1239", tarCompact, 77, readIMSI) // in clear, and too weak
	check(t, "in clear", b.last().Counter, uint64(77))
	b.send("1639", tarCompact, 78, readIMSI)
	check(t, "opened", b.last().Counter, uint64(78))
	b.send("1639", ota.TAR{1, 2, 3}, 79, readIMSI)
	check(t, "cannot be read", b.last().Counter, uint64(0))
}

func TestRedundancyChecksAreForCardsThatTakeThem(t *testing.T) {
	t.Parallel()
	for _, takes := range []bool{true, false} {
		b := compactCard(t, func(c *Config) { c.RC, c.Applications[0].MSL = takes, 0x01 })
		a := b.send("0121", tarCompact, 1, readIMSI)
		want := ota.StatusSecurityError
		if takes {
			want = ota.StatusOK
		}
		check(t, "status", b.response(a, "0121").Status, want)
	}
}
