package uicc

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat"
)

const (
	eid      = "89049032123456789012345678901234"
	smsr     = "+4915199999999"
	isdp1    = "A0000005591010FFFFFFFF8900001000"
	isdp2    = "A0000005591010FFFFFFFF8900001100"
	isdp3    = "A0000005591010FFFFFFFF8900001300"
	noISDP   = "A0000005591010FFFFFFFF8900001F00"
	imei     = "354990075195838"
	imsi1    = "999400000000001"
	imsi2    = "999700000000001"
	imsi3    = "999900000000001"
	fallBack = "5301"
)

var tarISDR = ota.TAR{0, 0, 1}

// embedded is an eUICC in a phone: three profiles, the first enabled, the third with the fall-back attribute.
type embedded struct {
	*bench
	isdr ota.Keyset
	now  time.Time
}

func newEUICC(t *testing.T, change ...func(*Config)) *embedded {
	t.Helper()
	p, err := Personality("euicc-sgp02")
	if err != nil {
		t.Fatal(err)
	}
	isdp := func(n int, aid, imsi string) ISDP {
		return ISDP{
			AID: unhex(t, aid), ICCID: fmt.Sprintf("89882110000004673%03d", n), IMSI: imsi,
			MSISDN: fmt.Sprintf("+49170000%d", n), SMSC: fmt.Sprintf("+4917100%d", n), Keysets: []ota.Keyset{keyset(t, byte(n), ota.AES128)},
		}
	}
	e := &embedded{isdr: keyset(t, 1, ota.AES256), now: start}
	e.isdr.KIc, e.isdr.KID = keyset(t, 9, ota.AES128).KIc, keyset(t, 9, ota.AES128).KID
	e.bench = &bench{t: t, ks: keyset(t, 1, ota.AES128)}
	cfg := Config{
		Profile: p, EID: eid, SMSR: smsr, ISDRKeysets: []ota.Keyset{e.isdr},
		ISDPs: []ISDP{isdp(1, isdp1, imsi1), isdp(2, isdp2, imsi2), isdp(3, isdp3, imsi3)},
		Log:   func(entry LogEntry) { e.log = append(e.log, entry) },
	}
	cfg.ISDPs[0].Enabled, cfg.ISDPs[2].FallBack = true, true
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	e.bench.Card = c
	return e
}

// order gives the ISD-R one command and returns its data and status word, and all that came of it.
func (e *embedded) order(cmd string) (string, Answer) {
	e.t.Helper()
	profile := e.ks
	defer func() { e.ks = profile }()
	e.ks = e.isdr
	p := e.seal("1639", tarISDR, e.ISDRCounters()[1]+1, expandedScript("", cmd))
	var a Answer
	for _, ud := range e.parts(p, 7) {
		a = e.Download(server, 0x7F, 0xF6, ud, e.now)
	}
	got, err := script.ParseResponse(script.Expanded, e.response(a, "1639").Data)
	if err != nil || len(got.Results) != 1 {
		e.t.Fatalf("%v, %v", got, err)
	}
	r := got.Results[0]
	return hex.EncodeToString(r.Data) + fmt.Sprintf("%04x", uint16(r.Status)), a
}

func (e *embedded) answers(cmd, want string) {
	e.t.Helper()
	got, _ := e.order(cmd)
	check(e.t, cmd, got, want)
}

func store(group, aid string) string { return gp("E2", "88", "00", group+"12"+tv("4F", aid)) }

func confirmation(sequence int) string {
	return gp("E2", "89", "00", "3A08044E02"+fmt.Sprintf("%04X", sequence)) + "00"
}

// after lets time pass until the card wants to be called, which is d later.
func (e *embedded) after(d time.Duration) Answer {
	e.t.Helper()
	check(e.t, "due", e.Due().Sub(e.now), d)
	check(e.t, "before it is due", e.Tick(e.now.Add(d-1)), Answer{})
	e.now = e.now.Add(d)
	return e.Tick(e.now)
}

// restart is what a phone does for a REFRESH.
func (e *embedded) restart() Answer {
	e.Reset()
	e.now = e.now.Add(8 * time.Second)
	return e.Attached(imei, e.now)
}

// notice checks a message against the layout of a captured notice, and its CC.
func (e *embedded) notice(a Answer, kind, sequence int, aid, smsc string) {
	e.t.Helper()
	if len(a.Submit) != 1 {
		e.t.Fatalf("%d messages, want a notice", len(a.Submit))
	}
	out := a.Submit[0]
	ud := hex.EncodeToString(out.UserData)
	head, cc, body := ud[:38], ud[38:54], ud[54:]
	check(e.t, "head", head, "027000"+"004d"+"15"+"0200"+"10"+"12"+"000001"+"0000000000"+"00")
	want := "e135" + "4c10" + eid + fmt.Sprintf("4d01%02x4e02%04x", kind, sequence) + "4f10" + strings.ToLower(aid) + "1408" + "3a45990057918503"
	check(e.t, "body", body, want)
	cmd, err := ota.OpenCommand(out.UserData[3:], e.isdr, ota.Options{AllowWeak: true})
	if err != nil {
		e.t.Errorf("CC %s: %v", cc, err)
	}
	check(e.t, "data", hex.EncodeToString(cmd.Data), want)
	out.UserData = nil
	check(e.t, "message", out, OutgoingSMS{Destination: smsr, SMSC: smsc, UDHI: true, PID: 0x7F, DCS: 0x04})
}

func TestEnableMovesToTheProfileAndIsConfirmed(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	check(t, "first attach", e.Attached(imei, e.now), Answer{})
	got, a := e.order(store("3A03", isdp2))
	check(t, "answer", got, "9000")
	check(t, "the PoR leaves from the old profile", a.Submit[0].SMSC, "+49171001")
	check(t, "refresh", a.Refresh, &Refresh{Qualifier: 4})
	check(t, "not yet", e.IMSI(), imsi1)
	e.answers(store("3A03", isdp3), "6985") // one change at a time

	a = e.restart()
	check(t, "new identity", []string{e.IMSI(), e.SMSC(), e.MSISDN(), e.ICCID()}, []string{imsi2, "+49171002", "+491700002", "89882110000004673002"})
	e.notice(a, 2, 0, isdp2, "+49171002")
	e.Sent(true, e.now)
	e.answers(store("3A03", isdp3), "6985") // not confirmed yet
	e.answers(confirmation(7), "6a88")
	e.answers(confirmation(0), "9000")
	e.answers(confirmation(0), "9000") // again
	check(t, "nothing is due", e.Due(), time.Time{})
	check(t, "profiles", e.ISDPs(), []ISDPStatus{
		{isdp1, false, false, "89882110000004673001", imsi1}, {isdp2, true, false, "89882110000004673002", imsi2}, {isdp3, false, true, "89882110000004673003", imsi3},
	})
	check(t, "counter", e.ISDRCounters(), map[byte]uint64{1: 6})
	check(t, "log", []string{e.last().EID, e.last().TAR, e.last().ICCID}, []string{eid, "000001", "89882110000004673002"})
	check(t, "its keys", e.last().Domain, "A0000005591010FFFFFFFF8900000100")
	check(t, "life", e.Life(), Life{ISDP: isdp2, Change: 2, Confirmed: 1})
}

func TestAnUnconfirmedEnableIsRolledBack(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	e.Attached(imei, e.now)
	e.order(store("3A03", isdp2))
	first := e.restart()
	e.notice(first, 2, 0, isdp2, "+49171002")
	for range 2 {
		check(t, "the same octets", e.after(10*time.Minute), first)
	}
	check(t, "gives up", e.after(10*time.Minute), Answer{Refresh: &Refresh{Qualifier: 4}})
	check(t, "until the reset", e.IMSI(), imsi2)
	e.answers(confirmation(0), "6a88") // too late
	a := e.restart()
	check(t, "old identity", e.IMSI(), imsi1)
	e.notice(a, 3, 1, isdp1, "+49171001")
	e.answers(confirmation(1), "9000")
	check(t, "nothing is due", e.Due(), time.Time{})
	check(t, "life", e.Life(), Life{ISDP: isdp1, Change: 3, Confirmed: 1})
	e.answers(store("3A03", isdp2), "9000") // may be tried again
}

func TestARollBackNoticeIsGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	e := newEUICC(t, func(c *Config) { c.EUICC.Tries = 1 })
	e.order(store("3A03", isdp2))
	e.restart()
	e.after(10 * time.Minute)
	e.notice(e.restart(), 3, 1, isdp1, "+49171001")
	check(t, "silence", e.after(10*time.Minute), Answer{})
	check(t, "nothing is due", e.Due(), time.Time{})
	check(t, "stays", e.IMSI(), imsi1)
}

func TestANoticeTheNetworkRefusesIsRepeatedSoon(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	e.order(store("3A03", isdp2))
	first := e.restart()
	for range 2 {
		e.Sent(false, e.now)
		check(t, "again", e.after(30*time.Second), first)
	}
	e.Sent(false, e.now)
	check(t, "gives up", e.after(30*time.Second).Refresh, &Refresh{Qualifier: 4})
}

func TestATerminalResponseToSomethingElseIsNotAboutTheNotice(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	e.order(store("3A03", isdp2))
	e.restart()
	e.answers(gp("F2", "40", "02", tv("4F", isdp2)), "e3"+"16"+"4f10"+strings.ToLower(isdp2)+"9f70013f"+"9000")
	e.Sent(false, e.now) // of that PoR
	check(t, "due", e.Due().Sub(e.now), 10*time.Minute)
}

func TestNoServiceAfterAChangeRollsBack(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	e.order(store("3A03", isdp2))
	e.Reset()
	check(t, "gives up", e.after(15*time.Minute), Answer{Refresh: &Refresh{Qualifier: 4}})
	e.notice(e.restart(), 3, 0, isdp1, "+49171001")
}

func TestAModemThatIgnoresRefreshStaysUntilItRestarts(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	e.order(store("3A03", isdp2))
	check(t, "due", e.Due(), time.Time{})
	check(t, "attach without a reset", e.Attached(imei, e.now), Answer{})
	check(t, "identity", e.IMSI(), imsi1)
	e.notice(e.restart(), 2, 0, isdp2, "+49171002")
	e.Reset() // an ordinary restart keeps the profile and the notice
	check(t, "attach", e.Attached(imei, e.now), Answer{})
	check(t, "identity", e.IMSI(), imsi2)
	check(t, "due", e.Due().Sub(e.now), 10*time.Minute)
}

func TestLostServiceBringsTheFallBackProfile(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	e.Attached(imei, e.now)
	e.ServiceLost(e.now)
	e.now = e.now.Add(30 * time.Minute)
	e.Attached(imei, e.now)
	check(t, "service is back", e.Due(), time.Time{})
	e.ServiceLost(e.now)
	check(t, "refresh", e.after(time.Hour), Answer{Refresh: &Refresh{Qualifier: 4}})
	e.notice(e.restart(), 5, 0, isdp3, "+49171003")
	e.answers(confirmation(0), "9000")
	check(t, "identity", e.IMSI(), imsi3)
	e.ServiceLost(e.now)
	check(t, "there is nothing behind the fall-back", e.Due(), time.Time{})
}

func TestDisableEnablesTheFallBackProfile(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	e.answers(store("3A04", isdp2), "6985") // not enabled
	e.answers(store("3A04", isdp1), "9000")
	e.notice(e.restart(), 2, 0, isdp3, "+49171003")
	e.answers(confirmation(0), "9000")
	e.answers(store("3A04", isdp3), "6985") // the fall-back itself
	none := newEUICC(t, func(c *Config) { c.ISDPs[2].FallBack = false })
	none.answers(store("3A04", isdp1), "6985")
}

func TestPOL1IsKept(t *testing.T) {
	t.Parallel()
	e := newEUICC(t, func(c *Config) {
		c.ISDPs[0].POL1, c.ISDPs[1].POL1 = POL1{DisableNotAllowed: true}, POL1{DeleteNotAllowed: true}
	})
	e.answers(store("3A03", isdp2), "69e1")
	e.answers(store("3A04", isdp1), "69e1")
	e.answers(gp("E4", "00", "40", tv("4F", isdp2)), "69e1")
	e.answers(store("3A03", isdp1), "6985") // enabled already
	e.answers(store("3A03", noISDP), "6a88")
	e.answers(store("3A05", noISDP), "6a88")
}

func TestAConfirmationDeletesByPOL1AndListsWhatWent(t *testing.T) {
	t.Parallel()
	e := newEUICC(t, func(c *Config) { c.ISDPs[0].POL1.DeleteOnDisable = true })
	e.order(store("3A03", isdp2))
	e.restart()
	check(t, "kept as a safety net", len(e.ISDPs()), 3)
	list := "8012" + "4f10" + strings.ToLower(isdp1) + "9000"
	e.answers(confirmation(0), list)
	e.answers(confirmation(0), list)
	check(t, "gone", len(e.ISDPs()), 2)
}

func TestProfilesAreCreatedListedAndDeleted(t *testing.T) {
	t.Parallel()
	e := newEUICC(t, func(c *Config) { c.Memory = 5000 })
	create := func(aid, parameters string) string {
		return gp("E6", "0C", "00", lv("A0000005591010FFFFFFFF8900000D00")+lv("A0000005591010FFFFFFFF8900000E00")+lv(aid)+"0380C000"+lv(parameters)+"00") + "00"
	}
	e.answers(create(noISDP, "C90481020370"), "009000")
	check(t, "length as in the sheet", create(noISDP, "C90481020370")[8:10], "3F")
	e.answers(create(noISDP, "C90481020370"), "6a80") // there already
	e.answers(create("A0000005591010FFFFFFFF8900001F01", "C90481020370"), "6a80")
	e.answers(create("A0000005591010FFFFFFFF8900002000", "C90481020370"+"EF0483021388"), "009000")
	e.answers(create("A0000005591010FFFFFFFF8900002100", "C90481020370"+"EF0483020001"), "6a84")
	e.answers(store("3A03", noISDP), "6985") // holds nothing
	e.answers(gp("F2", "40", "02", tv("4F", noISDP)+"5C044F9F7053"), "e319"+"4f10"+strings.ToLower(noISDP)+"9f700107"+"530100"+"9000")
	e.answers(gp("F2", "40", "02", tv("4F", isdp3)+"5C044F9F7053"), "e319"+"4f10"+strings.ToLower(isdp3)+"9f70011f"+"530101"+"9000")
	e.answers(gp("F2", "40", "02", "4F00"+"5C029F70"), "e3049f70013f"+"e3049f70011f"+"e3049f70011f"+"e3049f700107"+"e3049f700107"+"9000")
	e.answers(gp("F2", "40", "02", tv("4F", "A0000005591010FFFFFFFF8900003000")), "6a88")
	e.answers("80CAFF2100", "ff210d"+"810105"+"820400000000"+"83020800"+"9000")
	e.answers(gp("E4", "00", "40", tv("4F", "A0000005591010FFFFFFFF8900002000")), "9000")
	e.answers("80CAFF2100", "ff210d"+"810104"+"820400001388"+"83020800"+"9000")
	e.answers(gp("E4", "00", "40", tv("4F", isdp1)), "6985") // enabled
	e.answers(gp("E4", "00", "40", tv("4F", isdp3)), "6985") // fall-back
	e.answers(gp("E4", "00", "40", tv("4F", isdp2)), "9000")
	e.answers(gp("E4", "00", "40", tv("4F", isdp2)), "6a88")
}

func TestTheFallBackAttributeMoves(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	e.answers(store("3A05", isdp2), "9000")
	e.answers(store("3A05", isdp1)+"00", "9000") // with Le, as one maker sends it
	e.answers(gp("F2", "40", "02", "4F00"+"5C0153"), "e303530101"+"e303530100"+"e303530100"+"9000")
}

func TestTheAddressOfTheSMSRIsUpdated(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	address := func(inner string) string {
		v := tv("A3", tv("81", inner))
		return gp("E2", "88", "00", "3A07"+lv(v))
	}
	e.answers(address("06"+"91"+"331658214376"), "9000")
	check(t, "address", e.SMSR(), "+336185123467")
	e.answers(address("06"+"85"+"3316582143F6"), "9000")
	check(t, "odd number of digits", e.SMSR(), "+33618512346")
	for _, wrong := range []string{"07" + "91" + "331658214376", "06" + "11" + "331658214376", "0691", "03" + "91" + "33F658", "02" + "91" + "AA33"} {
		e.answers(address(wrong), "6a80")
	}
	e.answers(gp("E2", "88", "00", "3A07"+lv(tv("A5", "00"))), "6a80")
	e.order(store("3A03", isdp2))
	check(t, "notice goes there", e.restart().Submit[0].Destination, "+33618512346")
}

func TestTheISDRIsStrictAboutItsCommands(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	for cmd, want := range map[string]string{
		gp("E2", "89", "00", "3A0312"+tv("4F", isdp2)):        "6a86",
		gp("E2", "88", "01", "3A0312"+tv("4F", isdp2)):        "6a86",
		gp("E2", "88", "00", "3A08044E020000"):                "6a86",
		gp("E2", "88", "00", "3A0311"+tv("4F", isdp2)):        "6a80",
		gp("E2", "88", "00", "3A0312"+tv("5F", isdp2)):        "6a80",
		gp("E2", "88", "00", "3A0107"+tv("4F", "0102030405")): "6a80",
		gp("E2", "89", "00", "3A08034E0100") + "00":           "6a80",
		gp("E4", "00", "00", tv("4F", isdp2)):                 "6a86",
		gp("E6", "02", "00", "00"):                            "6a86",
		gp("F2", "80", "02", "4F00"):                          "6a86",
		"80CABF3000":                                          "6a88",
		"00A40004023F00":                                      "6e00",
		"80D8000000":                                          "6d00",
	} {
		e.answers(cmd, want)
	}
}

func TestTheISDRIsSilentWhenSecurityFails(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	profile := e.ks
	e.ks = e.isdr
	bad := e.seal("1639", tarISDR, 1, "AA00")
	bad[len(bad)-1] ^= 1
	weak := e.seal("1239", tarISDR, 1, "AA00")
	for name, p := range map[string][]byte{"check": bad, "level": weak, "replay": e.seal("1639", tarISDR, 0, "AA00")} {
		check(t, name, e.packet(p), Answer{SW: swNothingDone})
	}
	e.ks = profile
	check(t, "a profile's application answers", silent(e.send("1239", ota.TAR{0xB0, 0, 0x01}, 1, "")), false)
	check(t, "its keys", e.last().Domain, isdp1)
	check(t, "keys of the profile do not open the ISD-R", silent(e.send("1639", tarISDR, 1, "AA00")), true)
}

func TestEveryProfileHasItsOwnFilesKeysAndDomain(t *testing.T) {
	t.Parallel()
	e := newEUICC(t)
	tarRFM, tarMNO := ota.TAR{0xB0, 0, 0x01}, ota.TAR{0xB2, 0x01, 0}
	e.run(tarRFM, "00A4000C026F46"+"00D600000155")
	check(t, "MNO-SD", e.run(tarMNO, expandedScript("", "80CA00E000")), "ab15"+"800101"+"2310"+"e00c"+"c00401018810"+"c00402018810"+"9000")
	e.order(store("3A03", isdp2))
	e.restart()
	e.ks = keyset(t, 2, ota.AES128)
	check(t, "files", e.run(tarRFM, "00A4000C026F46"+"00B0000001"), "02"+"9000"+"01")
	check(t, "counters", e.Counters(), map[byte]uint64{2: 1})
}

func TestTheFirstAttachIsNotifiedOnceInLife(t *testing.T) {
	t.Parallel()
	e := newEUICC(t, func(c *Config) { c.EUICC.FirstAttach = true })
	e.notice(e.Attached(imei, e.now), 1, 0, isdp1, "+49171001")
	e.answers(confirmation(0), "9000")
	check(t, "again", e.restart(), Answer{})
	e.order(store("3A03", isdp2))
	e.notice(e.restart(), 2, 1, isdp2, "+49171002")
}

func TestNoticesMayLeaveTheIMEIOutAndTagTheAIDOtherwise(t *testing.T) {
	t.Parallel()
	e := newEUICC(t, func(c *Config) { c.EUICC.FirstAttach, c.EUICC.AIDTag = true, 0x2F })
	u, err := sms.ParseUserData(e.Attached("", e.now).Submit[0].UserData)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "body", hex.EncodeToString(u.Payload[24:]), "e12b"+"4c10"+eid+"4d0101"+"4e020000"+"2f10"+strings.ToLower(isdp1))
}

func TestWrongEUICCsAreRefused(t *testing.T) {
	t.Parallel()
	p, err := Personality("euicc-sgp02")
	if err != nil {
		t.Fatal(err)
	}
	good := func() Config {
		return Config{Profile: p, EID: eid, SMSR: smsr, ISDRKeysets: []ota.Keyset{keyset(t, 1, ota.AES128)},
			ISDPs: []ISDP{{AID: unhex(t, isdp1), Enabled: true, ICCID: "8988211000000467343", IMSI: imsi1}, {AID: unhex(t, isdp2)}}}
	}
	if _, err := New(good()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"EID":           func(c *Config) { c.EID = "89" },
		"no EID":        func(c *Config) { c.EID = "" },
		"SM-SR":         func(c *Config) { c.SMSR = "4930" },
		"no ISD-R":      func(c *Config) { c.Profile = ExpandedAES() },
		"no keys":       func(c *Config) { c.ISDRKeysets = nil },
		"3DES":          func(c *Config) { c.ISDRKeysets = []ota.Keyset{keyset(t, 1, ota.TripleDES2)} },
		"counter":       func(c *Config) { c.ISDRCounters = map[byte]uint64{4: 1} },
		"none enabled":  func(c *Config) { c.ISDPs[0].Enabled = false },
		"empty enabled": func(c *Config) { c.ISDPs[0].Enabled, c.ISDPs[1].Enabled = false, true },
		"two fall-backs": func(c *Config) {
			c.ISDPs = append(c.ISDPs, c.ISDPs[0])
			c.ISDPs[2].AID = unhex(t, isdp3)
			c.ISDPs[2].Enabled = false
			c.ISDPs[0].FallBack, c.ISDPs[2].FallBack = true, true
		},
		"AID":             func(c *Config) { c.ISDPs[0].AID = sat.AID{1, 2, 3, 4, 5} },
		"AID twice":       func(c *Config) { c.ISDPs[1].AID = c.ISDPs[0].AID },
		"identity":        func(c *Config) { c.ISDPs[0].IMSI = "1" },
		"keys of profile": func(c *Config) { c.ISDPs[0].Counters = map[byte]uint64{4: 1} },
		"identity beside": func(c *Config) { c.IMSI = imsi2 },
		"file":            func(c *Config) { c.ISDPs[0].Files = []File{{Name: "NOPE", Absent: true}} },
	} {
		cfg := good()
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	plain := Config{Profile: ExpandedAES(), ICCID: "8988211000000467343", IMSI: oldIMSI, SMSR: smsr}
	if _, err := New(plain); err == nil {
		t.Error("a plain card has an SM-SR")
	}
}
