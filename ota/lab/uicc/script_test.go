package uicc

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
)

// expandedScript wraps C-APDUs, and adds tail as it is.
func expandedScript(tail string, apdus ...string) string {
	var body strings.Builder
	for _, a := range apdus {
		body.WriteString("22" + length(len(a)/2) + a)
	}
	body.WriteString(tail)
	return "AA" + length(body.Len()/2) + body.String()
}

func length(n int) string {
	switch {
	case n > 255:
		return "82" + hex.EncodeToString([]byte{byte(n >> 8), byte(n)})
	case n > 127:
		return "81" + hex.EncodeToString([]byte{byte(n)})
	}
	return hex.EncodeToString([]byte{byte(n)})
}

func TestCommandsOnFiles(t *testing.T) {
	t.Parallel()
	const (
		imsi = "080910101032547698"
		smsp = "00A40004026F42"
	)
	for name, c := range map[string]struct{ script, want string }{
		"no command":                        {"", ""},
		"select answers its length":         {selectIMSI, "016114"},
		"select with Le gives the FCP":      {selectIMSI + "00", "0190006212820241218302" + "6f078a0105" + "80020009" + "880138"},
		"select without answer":             {"00A4000C026F07", "019000"},
		"get response":                      {smsp + "00C0000000", "029000" + "621282054221002602" + "83026f42" + "8a0105" + "8002004c"},
		"get response of too much":          {selectIMSI + "00C0000015", "026c14"},
		"get response of nothing":           {"00C0000000", "016985"},
		"get response too late":             {selectIMSI + "00B0000009" + "00C0000000", "036985"},
		"get response with parameters":      {selectIMSI + "00C0000100", "026a86"},
		"file not found":                    {"00A40004026FFE", "016a82"},
		"file of another directory":         {"00A40004022FE2", "016a82"},
		"select by name":                    {"00A4040407A0000000871002", "016a86"},
		"select with odd P2":                {"00A40000026F07", "016a86"},
		"select of one octet":               {"00A40004016F", "016700"},
		"select an odd path":                {"00A40804032FE200", "016700"},
		"MF":                                {"00A40004023F00" + "00A40004022FE2" + "00B000000A", "039000" + "988812010000407643f3"},
		"path from the MF":                  {"00A40804022FE2" + "00B0000001", "02900098"},
		"path through the ADF":              {"00A40804067FFF5FC04F01" + "00B0000001", "029000ff"},
		"path that ends":                    {"00A40804067FFF5FC04F77", "016a82"},
		"path from here":                    {"00A40904045F3B4F20" + "00B0000801", "02900007"},
		"child and parent":                  {"00A40104025F3B" + "00A4030400" + readIMSI, "049000" + imsi},
		"child that is a file":              {"00A40104026F07", "016a82"},
		"parent of the MF":                  {"00A40004023F00" + "00A4030400", "026a82"},
		"sibling directory":                 {"00A40004025F3B" + "00A40004025FC0" + "00A40004024F0A" + "00B0000000", "049000f0ffffff"},
		"directory again":                   {"00A40004025F3B" + "00A40004025F3B" + "00A40004024F20" + "00B0000801", "04900007"},
		"ADF from below":                    {"00A40004025F3B" + "00A40004027FFF" + readIMSI, "049000" + imsi},
		"ADF from the MF":                   {"00A40004023F00" + "00A40004027FFF" + readIMSI, "049000" + imsi},
		"a failed select keeps the file":    {selectIMSI + "00A40004026FFE", "026a82"},
		"read all with Le 00":               {selectIMSI + "00B0000000", "029000" + imsi},
		"read from an offset":               {selectIMSI + "00B0000702", "0290007698"},
		"read too much":                     {selectIMSI + "00B000070A", "026c02"},
		"read behind the end":               {selectIMSI + "00B0000901", "026b00"},
		"read by short identifier":          {"00B0870002", "0190000809"},
		"short identifier not found":        {"00B09C0002", "016a82"},
		"short identifier 0":                {"00B0800002", "016a86"},
		"read with no file":                 {"00B0000009", "016986"},
		"read a directory":                  {"00A40004025FC0" + "00B0000009", "026986"},
		"read binary of records":            {smsp + "00B0000009", "026981"},
		"read record of binary":             {selectIMSI + "00B2010409", "026981"},
		"read record":                       {"00A40004026FC9" + "00B2010404", "02900001000000"},
		"read record with Le 00":            {"00A40004026FC9" + "00B2010400", "02900001000000"},
		"read record of wrong length":       {"00A40004026FC9" + "00B2010405", "026c04"},
		"record not found":                  {"00A40004026FC9" + "00B2020404", "026a83"},
		"next record ends":                  {"00A40004026FC9" + "00B2000204" + "00B2000204", "036a83"},
		"previous begins at the last":       {"00A40004026FB7" + "00B2000308", "02" + "9000ffffffffffffffff"},
		"current record":                    {"00A40004026FC9" + "00B2000204" + "00B2000404", "03900001000000"},
		"no current record":                 {"00A40004026FC9" + "00B2000404", "026a83"},
		"absolute keeps the pointer":        {"00A40004026FC9" + "00B2010404" + "00B2000404", "036a83"},
		"odd record mode":                   {"00A40004026FC9" + "00B2010004", "026a86"},
		"record by short identifier":        {"00B2010C08", "01900011f2ffffffffff00"},
		"update record of wrong length":     {"00A40004026FC9" + "00DC010403010203", "026700"},
		"update record":                     {"00A40004026FC9" + "00DC010404010203FF" + "00B2010404", "039000010203ff"},
		"update in part":                    {selectIMSI + "00D6000702ABCD" + "00B0000009", "039000080910101032" + "54abcd"},
		"update too much":                   {selectIMSI + "00D6000702ABCD" + "00D6000802ABCD", "036700"},
		"update behind the end":             {selectIMSI + "00D6000901AB", "026b00"},
		"update with Le":                    {selectIMSI + "00D6000001AB00", "026700"},
		"update of nothing":                 {selectIMSI + "00D6000000", "026700"},
		"ICCID is never updated":            {"00A40804022FE2" + "00D600000100", "026982"},
		"unknown instruction":               {"0020000108FFFFFFFFFFFFFFFF", "016d00"},
		"unknown class":                     {"A0A40000026F07", "016e00"},
		"the rest after a failure is left":  {"00A40004026FFE" + selectIMSI + writeIMSI, "016a82"},
		"a command cut short fails in turn": {selectIMSI + "00D600000908", "026700"},
		"a header cut short fails in turn":  {selectIMSI + "00D6", "026700"},
		"GSM file by path":                  {"00A40804047F206F07" + "00B0000009", "029000" + imsi},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, "answer", compactCard(t).run(tarCompact, c.script), c.want)
		})
	}
}

func TestSelectionEndsWithThePacket(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	b.run(tarCompact, selectIMSI)
	check(t, "answer", b.run(tarCompact, "00B0000009"), "016986")
	b.run(tarCompact, "00A40004023F00")
	check(t, "starts in the ADF again", b.run(tarCompact, readIMSI), "029000080910101032547698")
}

func TestApplicationOfTheMFHasNoADF(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.Applications[0].Start = sat.MF })
	check(t, "7FFF", b.run(tarCompact, "00A40004027FFF"), "016a82")
	check(t, "path", b.run(tarCompact, "00A40804047FFF6F07"), "016a82")
	check(t, "starts in the MF", b.run(tarCompact, "00A40004022FE2"+"00B0000001"), "02900098")
}

func TestAccessDomainLimitsUpdates(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.Applications[0].Updatable = []string{"SMSP", "7FFF/6F7B"} })
	check(t, "IMSI", b.run(tarCompact, selectIMSI+writeIMSI), "026982")
	check(t, "record", b.run(tarCompact, "00A40004026FC9"+"00DC010404010203FF"), "026982")
	check(t, "FPLMN", b.run(tarCompact, "00A40004026F7B"+"00D6000001AA"), "029000")
	check(t, "reading", b.run(tarCompact, readIMSI), "029000080910101032547698")
}

func TestClassA0SpeaksTheStatusWordsOf2G(t *testing.T) {
	t.Parallel()
	const gsm, imsi = "A0A40000027F20", "A0A40000026F07"
	for name, c := range map[string]struct{ script, want string }{
		"select":            {gsm, "019f16"},
		"select a file":     {gsm + imsi + "A0C000000F", "039000" + "00000009" + "6f07" + "04" + "0000000001" + "02" + "0000"},
		"a directory":       {gsm + "A0C0000016", "029000" + "00000000" + "7f20" + "02" + "0000000000" + "09" + "00" + "00" + "18" + "000000000000"},
		"not found":         {imsi, "019404"},
		"no file":           {"A0B0000009", "019400"},
		"behind the end":    {gsm + imsi + "A0B0000901", "039402"},
		"too much":          {gsm + imsi + "A0B000000A", "036709"},
		"wrong structure":   {gsm + imsi + "A0B2010409", "039408"},
		"never":             {"A0A40000022FE2" + "A0D600000100", "029804"},
		"wrong parameters":  {"A0A40800027F20", "016b00"},
		"short identifiers": {gsm + "A0B0870009", "029404"},
		"class 00":          {"00A40004027F20", "016e00"},
		"update":            {gsm + imsi + "A0" + writeIMSI[2:], "039000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := compactCard(t, func(c *Config) { c.Applications[0].Class, c.Applications[0].Start = 0xA0, sat.MF })
			check(t, "answer", b.run(tarCompact, c.script), c.want)
			if name == "update" {
				check(t, "the USIM's file is the same", b.IMSI(), newIMSI)
			}
		})
	}
}

func TestCompactCountsUpTo255Commands(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.BufferParts = 20 })
	check(t, "255", b.run(tarCompact, strings.Repeat("00A4000C026F07", 255)), "ff9000")
	check(t, "256", b.run(tarCompact, strings.Repeat("00A4000C026F07", 256)), "ff6700")
}

func TestExpandedScripts(t *testing.T) {
	t.Parallel()
	const (
		imsi = "080910101032547698"
		read = "00B0000009"
		ok   = "230b" + imsi + "9000"
		sel  = "23026114"
	)
	for name, c := range map[string]struct{ script, want string }{
		"nothing":                  {"", ""},
		"all results":              {expandedScript("", selectIMSI, read, "00A4000C026F7B", "00B0000001"), "ab1d" + "800104" + sel + ok + "23029000" + "2303ff9000"},
		"read before a write":      {expandedScript("", "00B0870009", writeIMSI), "ab14" + "800102" + ok + "23029000"},
		"stops at a failure":       {expandedScript("", "00A40004026FFE", selectIMSI, writeIMSI), "ab07" + "800101" + "23026a82"},
		"indefinite length":        {"AE80" + "2207" + selectIMSI + "2205" + read + "0000", "af80" + sel + ok + "0000"},
		"indefinite without end":   {"AE80" + "2207" + selectIMSI, "af80" + sel + "900102" + "0000"},
		"octets after the end":     {"AE80" + "2207" + selectIMSI + "0000" + "00", "af80" + sel + "900101" + "0000"},
		"length in long form":      {"AA8109" + "2207" + selectIMSI, "ab07" + "800101" + sel},
		"lengths of 82":            {"AA82000B" + "22820007" + selectIMSI, "ab07" + "800101" + sel},
		"no template":              {selectIMSI, "ab06" + "800100" + "900101"},
		"too short template":       {"AA0A" + "2207" + selectIMSI, "ab06" + "800100" + "900102"},
		"octets after it":          {"AA09" + "2207" + selectIMSI + "00", "ab06" + "800100" + "900102"},
		"template without length":  {"AA", "ab06" + "800100" + "900103"},
		"length that ends":         {"AA82", "ab06" + "800100" + "900103"},
		"length form 83":           {"AA83000000", "ab06" + "800100" + "900102"},
		"unknown tag in turn":      {expandedScript("C100", selectIMSI), "ab0a" + "800101" + sel + "900101"},
		"wrong length in turn":     {expandedScript("2207"+"00A4", selectIMSI), "ab0a" + "800101" + sel + "900102"},
		"length missing in turn":   {expandedScript("22", selectIMSI), "ab0a" + "800101" + sel + "900103"},
		"tag with CR bit":          {"AA09" + "A207" + selectIMSI, "ab06" + "800100" + "900101"},
		"command of wrong length":  {expandedScript("", "00A40004036F07"), "ab07" + "800101" + "23026700"},
		"command of three octets":  {expandedScript("", "00A400"), "ab07" + "800101" + "23026700"},
		"read without Le":          {expandedScript("", "00B08700"), "ab07" + "800101" + "23026700"},
		"select with Le":           {expandedScript("", "00A40004027FFF00"), "ab26" + "800101" + "2321" + "621d" + "82027821" + "83027fff" + "8410a0000000871002ffffffff8900000100" + "8a0105" + "9000"},
		"chaining":                 {expandedScript("", "")[:2] + "0C" + "830101" + "2207" + selectIMSI, "ab06" + "800100" + "830102"},
		"chaining in the middle":   {expandedScript("830101", selectIMSI), "ab0a" + "800101" + sel + "900101"},
		"error action":             {"AA0B" + "8200" + "2207" + selectIMSI, "ab07" + "800101" + sel},
		"immediate indicator":      {"AA0C" + "810181" + "2207" + selectIMSI, "ab07" + "800101" + sel},
		"immediate action unknown": {expandedScript("8109" + "8103012500" + "82028182"), "ab06" + "800100" + "810101"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, "answer", expandedCard(t).run(tarExpanded, c.script), c.want)
		})
	}
}

const immediateReset = "8109" + "8103010104" + "82028182"

func TestImmediateRefreshComesAfterTheScript(t *testing.T) {
	t.Parallel()
	b := expandedCard(t)
	a := b.send("1639", tarExpanded, 1, expandedScript(immediateReset, selectIMSI, writeIMSI))
	check(t, "refresh", a.Refresh, &Refresh{Qualifier: 4})
	check(t, "IMSI", b.IMSI(), newIMSI)
	check(t, "answer", hex.EncodeToString(b.response(a, "1639").Data), "ab0b"+"800102"+"23026114"+"23029000")
}

func TestImmediateRefreshNamesFiles(t *testing.T) {
	t.Parallel()
	b := expandedCard(t)
	a := b.send("1639", tarExpanded, 1, expandedScript("8116"+"8103010101"+"82028182"+"920B02"+"3F007FFF6F07"+"3F002FE2", selectIMSI))
	check(t, "refresh", a.Refresh, &Refresh{Qualifier: 1, Files: []string{"3F00/7FFF/6F07", "3F00/2FE2"}})
	for name, list := range map[string]string{"count": "920703" + "3F007FFF6F07", "no MF": "9205017FFF6F07"} {
		value := "8103010101" + "82028182" + list
		a := b.send("1639", tarExpanded, b.Counter(1)+1, expandedScript("81"+length(len(value)/2)+value, selectIMSI))
		if a.Refresh != nil {
			t.Errorf("%s: %v", name, a.Refresh)
		}
	}
}

func TestAFailedScriptDoesNotReachTheImmediateAction(t *testing.T) {
	t.Parallel()
	b := expandedCard(t)
	a := b.send("1639", tarExpanded, 1, expandedScript(immediateReset, selectIMSI, "00A40004026FFE"))
	if a.Refresh != nil {
		t.Errorf("refresh %v", a.Refresh)
	}
}

func TestRefreshFollowsTheMode(t *testing.T) {
	t.Parallel()
	swap, touch := expandedScript("", selectIMSI, writeIMSI), expandedScript("", selectIMSI, "00D6000009080910101032547698")
	asked := expandedScript(immediateReset, selectIMSI)
	own := &Refresh{Qualifier: 1, Files: []string{"3F00/7FFF/6F07"}, After: 7 * time.Second}
	for _, c := range []struct {
		mode   RefreshMode
		script string
		want   *Refresh
	}{
		{RefreshByCard, swap, own}, {RefreshByCard, touch, nil}, {RefreshByCard, asked, &Refresh{Qualifier: 4}},
		{RefreshImmediate, swap, nil}, {RefreshImmediate, asked, &Refresh{Qualifier: 4}},
		{RefreshNone, swap, nil}, {RefreshNone, asked, nil},
	} {
		b := expandedCard(t, func(cfg *Config) {
			cfg.Refresh, cfg.RefreshQualifier, cfg.RefreshDelay = c.mode, 1, 7*time.Second
		})
		check(t, string(c.mode), b.send("1639", tarExpanded, 1, c.script).Refresh, c.want)
	}
}

func TestLongAnswersAreCutWith62F1(t *testing.T) {
	t.Parallel()
	read := func(limit int, apdus ...string) script.Response {
		b := expandedCard(t, func(c *Config) { c.ResponseLimit = limit })
		r := b.response(b.send("1639", tarExpanded, 1, expandedScript("", apdus...)), "1639")
		if len(r.Data) > limit {
			t.Errorf("%d octets of answer, the limit is %d", len(r.Data), limit)
		}
		got, err := script.ParseResponse(script.Expanded, r.Data)
		if err != nil {
			t.Fatal(err)
		}
		check(t, "log", b.last().SW, fmt.Sprintf("%04X", uint16(got.Results[len(got.Results)-1].Status)))
		return got
	}
	got := read(100, "00A4000C026F57", "00B0000000", selectIMSI, writeIMSI)
	check(t, "executed", got.Executed, 2)
	check(t, "data", len(got.Results[1].Data), 100-10-6-6)
	check(t, "status", got.Results[1].Status, sat.StatusTruncated)

	got = read(16, "00A4000C026F57", "00B0000000")
	check(t, "executed", got.Executed, 1)
	check(t, "status", got.Results[0].Status, sat.StatusTruncated)

	got = read(16, "00A40004026FFE", "00B0000000")
	check(t, "a failure stays", got.Results[0].Status, sat.StatusNoFile)

	many := make([]string, 63)
	for i := range many {
		many[i] = "00A4000C026F07"
	}
	got = read(1024, many...)
	check(t, "executed", got.Executed, 62)
	check(t, "status", got.Results[61].Status, sat.StatusTruncated)
	got = read(1024, many[:62]...)
	check(t, "62 fit", got.OK(62), true)
}
