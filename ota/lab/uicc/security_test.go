package uicc

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat"
)

const readIMSI = selectIMSI + "00B0000009"

// refused sends a packet and checks status, security of the response and the log. Nothing may have run.
func refused(t *testing.T, b *bench, a Answer, s, result string, status ota.Status, secured bool, counter uint64) {
	t.Helper()
	r := b.response(a, s)
	check(t, "status", r.Status, status)
	check(t, "secured", r.Authenticated, secured)
	check(t, "counter", r.Counter, counter)
	e := b.last()
	check(t, "result", e.Result, result)
	check(t, "logged status", e.Status, byte(status))
	check(t, "executed", e.Executed, 0)
	check(t, "IMSI", b.IMSI(), oldIMSI)
}

func TestAnotherProtocolOrCodingIsNoDownload(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	ud := b.parts(b.seal("1639", tarCompact, 1, selectIMSI+writeIMSI), 1)[0]
	for _, c := range [][2]byte{{0x00, 0xF6}, {0x7F, 0x04}, {0x7F, 0x00}, {0x7F, 0xF5}, {0x7F, 0x02}} {
		check(t, "answer", b.Download(server, c[0], c[1], ud, start), Answer{})
	}
	check(t, "log", len(b.log), 0)
	if a := b.Download(server, 0x7F, 0x16, ud, start); a.SW != swOK || b.IMSI() != newIMSI {
		t.Errorf("DCS 16: SW %s, IMSI %s", a.SW, b.IMSI())
	}
}

func TestUserDataOfOthersIsIgnored(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	packet := b.seal("1639", tarCompact, 1, selectIMSI+writeIMSI)
	for _, header := range []string{"027100", "00", "0605040B8423F0"} {
		check(t, header, b.download(append(unhex(t, header), packet...)), Answer{SW: swOK})
	}
	check(t, "broken header", b.download([]byte{0x09, 0x70}), Answer{SW: swOK})
	check(t, "log", len(b.log), 0)
}

func TestLengthsMustBeExact(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	good := b.seal("1639", tarCompact, 1, selectIMSI+writeIMSI)
	for name, change := range map[string]func([]byte) []byte{
		"one octet more":  func(p []byte) []byte { return append(p, 0) },
		"one octet fewer": func(p []byte) []byte { return p[:len(p)-1] },
		"CPL":             func(p []byte) []byte { p[1]++; return p },
		"CHL too small":   func(p []byte) []byte { p[2] = 12; return p },
		"header only":     func(p []byte) []byte { return p[:10] },
	} {
		a := b.packet(change(slices.Clone(good)))
		check(t, name, a, Answer{SW: swNothingDone})
		check(t, name, b.last().Result, ResultMalformed)
	}
	wrong := slices.Clone(good)
	wrong[2] = 13
	refused(t, b, b.packet(wrong), "1639", ResultSecurity, ota.StatusSecurityError, false, 0)
}

func TestUnknownTARIsAnsweredInClear(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	a := b.send("1639", ota.TAR{0xB0, 0, 0x99}, 1, selectIMSI+writeIMSI)
	refused(t, b, a, "1639", ResultUnknownTAR, ota.StatusTARUnknown, false, 0)
	check(t, "SW", a.SW, swNothingDone)
}

func TestKeysMustBeThoseOfOneSetOnTheCard(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p []byte){
		"unknown set":   func(p []byte) { p[5], p[6] = 0x35, 0x35 },
		"two sets":      func(p []byte) { p[6] = 0x25 },
		"set 0":         func(p []byte) { p[5], p[6] = 0x05, 0x05 },
		"KIc algorithm": func(p []byte) { p[5] = 0x12 },
		"KID algorithm": func(p []byte) { p[6] = 0x11 },
		"three keys":    func(p []byte) { p[5], p[6] = 0x19, 0x19 },
	} {
		t.Run(name, func(t *testing.T) {
			b := compactCard(t)
			p := b.seal("1639", tarCompact, 1, selectIMSI+writeIMSI)
			change(p)
			refused(t, b, b.packet(p), "1639", ResultKeyset, ota.StatusSecurityError, false, 0)
			check(t, "counter stays", b.Counter(1), uint64(0))
		})
	}
}

func TestMinimumSecurityLevelIsKept(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"0021", "0221", "0621", "0E21", "1221", "1421", "0439", "1039"} {
		b := compactCard(t)
		a := b.send(s, tarCompact, 1, selectIMSI+writeIMSI)
		r := b.response(a, s)
		check(t, s, r.Status, ota.StatusInsufficientSecurity)
		check(t, s, b.last().Result, ResultMSL)
		check(t, s, b.IMSI(), oldIMSI)
		check(t, s, b.Counter(1), uint64(0))
	}
	b := compactCard(t)
	if a := b.send("1E39", tarCompact, 1, selectIMSI+writeIMSI); b.response(a, "1E39").Status != ota.StatusOK {
		t.Error("a stronger SPI is refused")
	}
}

func TestLowLevelsAllowWhatTheySay(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.Applications[0].MSL = 0 })
	for i, s := range []string{"0021", "0221", "0621", "1221", "1421", "0039"} {
		r := b.response(b.send(s, tarCompact, uint64(i+1), readIMSI), s)
		check(t, s, r.Status, ota.StatusOK)
		check(t, s, hex.EncodeToString(r.Data), "029000080910101032547698")
	}
	check(t, "only 1221 and 1421 count", b.Counter(1), uint64(5))
}

func TestUnsupportedSecurityIsRefusedBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p []byte){
		"DS":            func(p []byte) { p[3] |= 0x03 },
		"reserved SPI1": func(p []byte) { p[3] |= 0x20 },
	} {
		b := compactCard(t)
		p := b.seal("1639", tarCompact, 1, selectIMSI+writeIMSI)
		change(p)
		a := b.packet(p)
		check(t, name, ota.Status(b.last().Status), ota.StatusSecurityError)
		check(t, name, b.IMSI(), oldIMSI)
		check(t, name, silent(a), false)
	}
	b := compactCard(t)
	p := b.seal("1639", tarCompact, 1, selectIMSI+writeIMSI)
	p[4] = 0x25 // response with RC
	a := b.packet(p)
	check(t, "IMSI", b.IMSI(), oldIMSI)
	check(t, "messages", len(a.Submit), 1)
	check(t, "clear 06", hex.EncodeToString(a.Submit[0].UserData), "027100000b0ab0001100000000000006")
}

func TestFailedChecksumIsAnsweredInClear(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	p := b.seal("1639", tarCompact, 9, selectIMSI+writeIMSI)
	p[len(p)-1] ^= 1
	refused(t, b, b.packet(p), "1639", ResultCheck, ota.StatusCheckFailed, false, 0)
	check(t, "counter stays", b.Counter(1), uint64(0))
	check(t, "hash", b.last().Hash, "")
}

func TestCiphertextMustBeWholeBlocks(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	p := append(b.seal("1639", tarCompact, 1, selectIMSI+writeIMSI), 0)
	p[1]++
	refused(t, b, b.packet(p), "1639", ResultCiphering, ota.StatusCipheringError, false, 0)
}

func TestPaddingBeyondTheDataIsRefused(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.Applications[0].MSL = 0 })
	p := b.seal("0021", tarCompact, 1, readIMSI)
	p[15] = byte(len(readIMSI)/2 + 1)
	refused(t, b, b.packet(p), "0021", ResultCiphering, ota.StatusCipheringError, false, 1)
	p[15] = byte(len("00B0000009") / 2) // the command is padding: it does not run
	r := b.response(b.packet(p), "0021")
	check(t, "answer", hex.EncodeToString(r.Data), "016114")
}

func TestReplayIsAnsweredByHabit(t *testing.T) {
	t.Parallel()
	t.Run("06 in clear", func(t *testing.T) {
		b := compactCard(t)
		b.run(tarCompact, readIMSI)
		a := b.send("1639", tarCompact, 1, selectIMSI+writeIMSI)
		refused(t, b, a, "1639", ResultReplayed, ota.StatusSecurityError, false, 0)
	})
	t.Run("02 secured", func(t *testing.T) {
		b := expandedCard(t, func(c *Config) { c.Counters = map[byte]uint64{1: 77} })
		a := b.send("1639", tarCompact, 77, selectIMSI+writeIMSI)
		refused(t, b, a, "1639", ResultReplayed, ota.StatusCounterLow, true, 77)
	})
	t.Run("silence", func(t *testing.T) {
		b := compactCard(t, func(c *Config) { c.Replay = ReplaySilent })
		a := b.send("1639", tarCompact, 0, selectIMSI+writeIMSI)
		check(t, "answer", a, Answer{SW: swNothingDone})
		check(t, "result", b.last().Result, ResultReplayed)
		check(t, "IMSI", b.IMSI(), oldIMSI)
	})
}

func TestReplayedPacketHasTheSameHash(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	p := b.seal("1639", tarCompact, 1, readIMSI)
	b.packet(p)
	b.packet(p)
	b.send("1639", tarCompact, 1, selectIMSI)
	check(t, "same octets", b.log[0].Hash, b.log[1].Hash)
	if b.log[1].Hash == b.log[2].Hash {
		t.Error("other octets have the same hash")
	}
}

func TestFailuresMayBeSilent(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.SilentOnFailure = true })
	b.run(tarCompact, readIMSI)
	bad := b.seal("1639", tarCompact, 2, readIMSI)
	bad[len(bad)-1] ^= 1
	for name, p := range map[string][]byte{
		"replay": b.seal("1639", tarCompact, 1, readIMSI),
		"level":  b.seal("1239", tarCompact, 2, readIMSI),
		"TAR":    b.seal("1639", tarExpanded, 2, readIMSI),
		"check":  bad,
	} {
		check(t, name, b.packet(p), Answer{SW: swNothingDone})
	}
}

func TestCounterMustBeHigher(t *testing.T) {
	t.Parallel()
	b := expandedCard(t)
	for _, c := range []struct {
		counter uint64
		status  ota.Status
	}{{0, ota.StatusCounterLow}, {5, ota.StatusOK}, {5, ota.StatusCounterLow}, {4, ota.StatusCounterLow}, {100, ota.StatusOK}} {
		r := b.response(b.send("1639", tarCompact, c.counter, readIMSI), "1639")
		check(t, "status", r.Status, c.status)
		check(t, "counter is copied", r.Counter, c.counter)
	}
}

func TestCounterMustBeExactlyOneHigher(t *testing.T) {
	t.Parallel()
	b := expandedCard(t)
	for _, c := range []struct {
		counter uint64
		status  ota.Status
	}{{1, ota.StatusOK}, {3, ota.StatusCounterHigh}, {2, ota.StatusOK}, {2, ota.StatusCounterLow}} {
		r := b.response(b.send("1E39", tarCompact, c.counter, readIMSI), "1E39")
		check(t, "status", r.Status, c.status)
	}
	check(t, "counter", b.Counter(1), uint64(2))
}

func TestCounterIsBlockedAtItsEnd(t *testing.T) {
	t.Parallel()
	b := expandedCard(t, func(c *Config) { c.Counters = map[byte]uint64{1: maxCounter - 1} })
	check(t, "last counter", b.run(tarCompact, readIMSI), "029000080910101032547698")
	a := b.send("1639", tarCompact, maxCounter, selectIMSI+writeIMSI)
	refused(t, b, a, "1639", ResultBlocked, ota.StatusCounterBlocked, true, maxCounter)
}

func TestCounterIsSpentEvenIfTheScriptFails(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	check(t, "answer", b.run(tarCompact, "00A40004026FFF"), "016a82")
	check(t, "counter", b.Counter(1), uint64(1))
}

func TestEveryKeyVersionHasItsCounter(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	b.run(tarCompact, readIMSI)
	b.ks = keyset(t, 2, ota.TripleDES2)
	check(t, "same counter, other keys", b.run(tarCompact, readIMSI), "029000080910101032547698")
	check(t, "KVN", b.last().KVN, byte(2))
	check(t, "counters", b.Counters(), map[byte]uint64{1: 1, 2: 1})
}

func TestApplicationsShareACounterUnlessTheyHaveTheirOwn(t *testing.T) {
	t.Parallel()
	b := expandedCard(t)
	b.run(tarExpanded, "AA09"+"2207"+selectIMSI)
	r := b.response(b.send("1639", tarCompact, 1, readIMSI), "1639")
	check(t, "shared", r.Status, ota.StatusCounterLow)

	b = expandedCard(t, func(c *Config) {
		c.Applications[1].OwnCounter = true
		c.Counters = map[byte]uint64{1: 3}
	})
	r = b.response(b.send("1639", tarCompact, 3, readIMSI), "1639")
	check(t, "own, initial value", r.Status, ota.StatusCounterLow)
	b.run(tarExpanded, "AA09"+"2207"+selectIMSI)
	r = b.response(b.send("1639", tarCompact, 4, readIMSI), "1639")
	check(t, "own", r.Status, ota.StatusOK)
	check(t, "shared counter", b.Counters(), map[byte]uint64{1: 4})
}

func TestResponseComesAsTheSPIAsks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spi           string
		onOK, onError bool
		bySubmit      bool
	}{
		{"1600", false, false, false}, {"1638", false, false, false},
		{"1601", true, true, false}, {"1619", true, true, false}, {"1609", true, true, false}, {"1611", true, true, false},
		{"161A", false, true, false}, {"163A", false, true, true},
		{"1621", true, true, true}, {"1639", true, true, true}, {"1629", true, true, true}, {"1631", true, true, true},
	} {
		b := expandedCard(t)
		for i, want := range []bool{c.onOK, c.onError} { // the second is a replay
			a := b.send(c.spi, tarCompact, 1, readIMSI)
			check(t, c.spi+" answered", !silent(a), want)
			if !want {
				continue
			}
			check(t, c.spi+" by submit", a.Report == nil, c.bySubmit)
			r := b.response(a, c.spi)
			check(t, c.spi+" status", r.Status, []ota.Status{ota.StatusOK, ota.StatusCounterLow}[i])
			check(t, c.spi+" CC", r.Authenticated, spi(c.spi).PoRCheck() == ota.CC)
			wantSW := []sat.Status{swOK, swWithReport}[i]
			if c.bySubmit && i == 1 {
				wantSW = swNothingDone
			}
			check(t, c.spi+" SW", a.SW, wantSW)
		}
	}
}

func TestLongResponseIsSplit(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.Files = []File{{Name: "ACL", Size: 250}} })
	const readACL = "00A40004026F57" + "00B0000000"
	a := b.send("1639", tarCompact, 1, readACL)
	check(t, "messages", len(a.Submit), 3)
	check(t, "data", len(b.response(a, "1639").Data), 253)
	first := a.Submit[0].UserData[3]
	a = b.send("1639", tarCompact, 2, readACL)
	if a.Submit[0].UserData[3] == first {
		t.Error("the reference is used again")
	}
	// The delivery report has no room for it: it announces the messages.
	a = b.send("1619", tarCompact, 3, readACL)
	if len(a.Submit) != 3 || a.Report == nil {
		t.Fatalf("%d messages, report %x", len(a.Submit), a.Report)
	}
	check(t, "report", b.response(Answer{Report: a.Report}, "1619").Status, ota.StatusResponseBySubmit)
	check(t, "data", len(b.response(Answer{Submit: a.Submit}, "1619").Data), 253)
}

// longScript needs three SMS.
func longScript() string {
	s := ""
	for range 17 {
		s += selectIMSI + writeIMSI
	}
	return s
}

func TestPartsJoinInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 0, 2, 2, 1}, {2, 2, 0, 0, 1}} {
		b := compactCard(t)
		parts := b.parts(b.seal("1639", tarCompact, 1, longScript()), 9)
		check(t, "parts", len(parts), 3)
		var a Answer
		for i, n := range order {
			if i > 0 {
				check(t, "before the last part", a, Answer{SW: swOK})
			}
			a = b.download(parts[n])
		}
		check(t, "status", b.response(a, "1639").Status, ota.StatusOK)
		check(t, "executed", b.last().Executed, 34)
	}
}

func TestAWholeSetSentAgainIsAReplay(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	p := b.seal("1639", tarCompact, 1, longScript())
	b.packet(p)
	b.packet(p)
	check(t, "packets", len(b.log), 2)
	check(t, "second", b.last().Result, ResultReplayed)
}

func TestAResetDropsAnUnfinishedPacket(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	parts := b.parts(b.seal("1639", tarCompact, 1, longScript()), 9)
	b.download(parts[0])
	b.download(parts[1])
	b.Reset()
	check(t, "third part alone", b.download(parts[2]), Answer{SW: swOK})
	check(t, "log", len(b.log), 0)
	b.download(parts[0])
	b.download(parts[1])
	check(t, "log", len(b.log), 1)
}

func TestPartsOfAnotherSenderDoNotJoin(t *testing.T) {
	t.Parallel()
	b := expandedCard(t)
	parts := b.parts(b.seal("1639", tarCompact, 1, longScript()), 9)
	b.download(parts[0])
	b.download(parts[1])
	check(t, "answer", b.Download("+1", 0x7F, 0xF6, parts[2], start), Answer{SW: swOK})
	check(t, "log", len(b.log), 0)
}

func TestOneBufferHoldsOnePacket(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	one := b.parts(b.seal("1639", tarCompact, 1, longScript()), 1)
	two := b.parts(b.seal("1639", tarCompact, 2, longScript()), 2)
	for _, ud := range [][]byte{one[0], one[1], two[0], one[2], two[1], two[2]} {
		b.download(ud)
	}
	check(t, "packets", len(b.log), 0)
}

func TestMorePartsThanTheBufferHoldsAreRefused(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.BufferParts = 2 })
	parts := b.parts(b.seal("1639", tarCompact, 1, longScript()), 9)
	refused(t, b, b.download(parts[0]), "1639", ResultTooLong, ota.StatusNoMemory, false, 0)
	check(t, "others", b.download(parts[1]), Answer{SW: swOK})
	check(t, "others", b.download(parts[2]), Answer{SW: swOK})
	check(t, "packets", len(b.log), 1)
}

func TestAResponseThatDoesNotFitTheKeysRunsNothing(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.Applications[0].MSL = 0 })
	p := b.seal("0021", tarCompact, 1, selectIMSI+writeIMSI)
	p[4], p[5], p[6] = 0x39, 0x10, 0x10 // asks for a secured response and names no algorithm
	a := b.packet(p)
	refused(t, b, a, "0021", ResultKeyset, ota.StatusSecurityError, false, 1)
}

type vectorFile struct {
	Commands []struct {
		ID      string  `json:"id"`
		SPI     ota.SPI `json:"spi"`
		KIc     string  `json:"kic"`
		KID     string  `json:"kid"`
		TAR     ota.TAR `json:"tar"`
		KIcKey  string  `json:"kic_key"`
		KIDKey  string  `json:"kid_key"`
		Counter string  `json:"cntr"`
		CCLen   int     `json:"cc_len"`
		Data    string  `json:"data"`
		Expect  struct {
			UserData []string `json:"sms_user_data"`
		} `json:"expect"`
	} `json:"commands"`
}

func TestVectorsOfOtherImplementationsAreAccepted(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../testdata/ota/secured-packet.json")
	if err != nil {
		t.Fatal(err)
	}
	var f vectorFile
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	key := func(octet, k string) ota.Key {
		if k == "" {
			return ota.Key{}
		}
		alg, err := ota.AlgorithmOf(unhex(t, octet)[0], len(k)/2)
		if err != nil {
			t.Fatal(err)
		}
		made, err := ota.NewKey(alg, unhex(t, k))
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	accepted := map[string]LogEntry{}
	for _, v := range f.Commands {
		app := Application{TAR: v.TAR, MSL: v.SPI[0], Format: script.Compact, Start: sat.ADFUSIM}
		if v.ID == "cmd-script-exp-definite-2-aes128" {
			app.Format = script.Expanded
		}
		if v.ID == "cmd-script-rfm-2g-cla-a0-3des2" {
			app.Start, app.Class = sat.MF, 0xA0
		}
		p := ExpandedAES()
		p.Algorithm, p.Applications, p.RC = 0, []Application{app}, true
		ks := ota.Keyset{Version: unhex(t, v.KIc)[0] >> 4, KIc: key(v.KIc, v.KIcKey), KID: key(v.KID, v.KIDKey)}
		if v.CCLen == 4 {
			ks.CCLength = 4
		}
		b := insert(t, p, func(c *Config) {
			c.Keysets = nil
			if ks.Version != 0 {
				c.Keysets = []ota.Keyset{ks}
			}
		})
		for _, ud := range v.Expect.UserData {
			b.download(unhex(t, ud))
		}
		want := ResultExecuted
		if v.ID == "cmd-cntr-mode2-0000000000" { // not higher than that of a new card
			want = ResultReplayed
		}
		if e := b.last(); e.Result != want {
			t.Errorf("%s: %s, status %02X", v.ID, e.Result, e.Status)
		}
		accepted[v.ID] = b.last()
	}
	check(t, "accepted", len(accepted), 56)
	for id, want := range map[string][3]any{
		"cmd-spi2-39":                        {"9000", 2, 1},
		"cmd-script-exp-definite-2-aes128":   {"9000", 2, 1},
		"cmd-script-rfm-imsi-acc-loci-3des2": {"9000", 10, 4},
		"cmd-script-rfm-2g-cla-a0-3des2":     {"9000", 4, 1},
	} {
		e := accepted[id]
		check(t, id, [3]any{e.SW, e.Executed, e.Writes}, want)
	}
}

func FuzzDownload(f *testing.F) {
	b := expandedCard(f, func(c *Config) {
		c.Applications = append(c.Applications, Application{TAR: ota.TAR{0, 0, 1}, Format: script.Compact, Start: sat.MF})
	})
	for _, p := range [][]byte{
		b.seal("1639", tarCompact, 1, readIMSI), b.seal("0021", ota.TAR{0, 0, 1}, 1, "00A40804047F206F07"+"00B0000000"),
	} {
		f.Add(b.parts(p, 1)[0])
	}
	for _, ud := range b.parts(b.seal("1639", tarCompact, 1, longScript()), 1) {
		f.Add(ud)
	}
	f.Fuzz(func(t *testing.T, ud []byte) {
		a := b.download(ud)
		for _, out := range a.Submit {
			if _, err := sms.ParseUserData(out.UserData); err != nil {
				t.Error(err)
			}
		}
		if len(a.Report) > maxReport {
			t.Errorf("a report of %d octets", len(a.Report))
		}
	})
}
