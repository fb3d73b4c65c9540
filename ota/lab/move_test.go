package lab

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/euicc"
)

// Cards of the sample by type.
const (
	euiccCard     = 3
	multiIMSICard = 4
)

func isdrOf(c issue) target {
	return target{tar: ota.TAR{0x00, 0x00, 0x01}, format: script.Expanded, alg: ota.AES128, keys: c.isdr}
}

func (b *bench) function(f euicc.Function) sat.Command {
	b.t.Helper()
	cmd, err := f.Command()
	if err != nil {
		b.t.Fatal(err)
	}
	return cmd
}

// call calls a function of the ISD-R over a network and reads its answer from a number by another.
func (b *bench) call(c issue, operator, to string, counter uint64, f euicc.Function) script.Result {
	b.t.Helper()
	b.command(operator, to, b.sealFor(isdrOf(c), counter, false, b.function(f)))
	return b.answerOf(isdrOf(c), b.proofOf(operator, to, isdrOf(c)))
}

// enable orders the change to the second profile.
func (b *bench) enable(c issue) {
	b.t.Helper()
	got := b.call(c, "nordvik", c.subscriptions[0].msisdn, 1, euicc.EnableProfile{ISDP: c.profiles[1].isdp})
	if got.Status != 0x9000 {
		b.t.Fatalf("EnableProfile is answered %v", got.Status)
	}
}

// notice waits for a notice and opens it.
func (b *bench) notice(c issue, operator, from string) euicc.Notice {
	b.t.Helper()
	p := b.esmes[operator].packets.wait(b.t, "notice from "+from+" by "+operator, func(p packet) bool {
		return p.from == from && p.element == sms.CommandPacket
	})
	cmd, err := ota.OpenCommand(p.payload, b.keyset(isdrOf(c)), ota.Options{AllowWeak: true})
	if err != nil {
		b.t.Fatal(err)
	}
	n, err := euicc.ParseNotice(cmd.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	if n.EID != c.eid || n.IMEI14() != c.imei[:14] {
		b.t.Fatalf("the notice is %+v, want EID %s and IMEI %s", n, c.eid, c.imei)
	}
	return n
}

func (b *bench) confirm(c issue, operator, to string, counter uint64, n euicc.Notice) {
	b.t.Helper()
	if got := b.call(c, operator, to, counter, euicc.HandleNotificationConfirmation{Sequence: n.Sequence}); got.Status != 0x9000 {
		b.t.Fatalf("the confirmation is answered %v", got.Status)
	}
	b.event(EventNoticeConfirmed, c)
}

func TestEnabledProfileMovesTheDeviceAndItsNoticeIsConfirmed(t *testing.T) {
	t.Parallel()
	b := run(t, slowly(200))
	c := b.cards[euiccCard]
	to := c.subscriptions[1]
	b.enable(c)
	b.event(EventRefresh, c)
	if e := b.event(EventProfileChanged, c); e.IMSI != to.imsi || e.Detail != "ISD-P A0000005591010FFFFFFFF8900001100" {
		t.Errorf("event %+v", e)
	}
	if e := b.event(EventAttach, c); e.Operator != "aurora" || e.IMSI != to.imsi || e.MSISDN != to.msisdn {
		t.Fatalf("attached as %+v, want %s at aurora", e, to.imsi)
	}
	n := b.notice(c, "aurora", to.msisdn)
	if n.Type != euicc.ProfileChanged || n.Sequence != 0 || !bytes.Equal(n.ISDP, c.profiles[1].isdp) {
		t.Errorf("notice %s", n)
	}
	if e := b.event(EventNotice, c); e.MSISDN != to.msisdn || e.Detail != "02 "+n.Type.String()+", sequence 0" {
		t.Errorf("event %+v", e)
	}
	b.confirm(c, "aurora", to.msisdn, 2, n)
	s := b.state(c)
	if s.NetworkIMSI != to.imsi || s.EID != c.eid || !strings.HasSuffix(s.ISDP, "001100") || s.CardSMSC != "+5511900000001" || s.ISDRCounters[1] != c.isdr.rows[0].counter+2 {
		t.Errorf("state %+v", s)
	}
	if s.Counters[1] != c.profiles[1].keys.rows[0].counter { // the profile's own keys open its own applications
		t.Errorf("counter of the profile is %d, want %d", s.Counters[1], c.profiles[1].keys.rows[0].counter)
	}
	own := targets[c.cardType]
	own.keys = c.profiles[1].keys
	b.command("aurora", to.msisdn, b.sealFor(own, 1, false, readIMSI...))
	if got := b.answerOf(own, b.proofOf("aurora", to.msisdn, own)); !bytes.Equal(got.Data, efIMSI(to.imsi)) {
		t.Errorf("EF_IMSI reads %X", got.Data)
	}
}

func TestUnconfirmedProfileIsRolledBackAndSaysSoFromTheOldNumber(t *testing.T) {
	t.Parallel()
	b := run(t, slowly(1000))
	c := b.cards[euiccCard]
	from, to := c.subscriptions[0], c.subscriptions[1]
	b.enable(c)
	for range 3 {
		if n := b.notice(c, "aurora", to.msisdn); n.Type != euicc.ProfileChanged || n.Sequence != 0 {
			t.Errorf("notice %s", n)
		}
	}
	if e := b.event(EventRolledBack, c); e.IMSI != from.imsi {
		t.Errorf("event %+v", e)
	}
	n := b.notice(c, "nordvik", from.msisdn)
	if n.Type != euicc.RolledBack || n.Sequence != 1 || !bytes.Equal(n.ISDP, c.profiles[0].isdp) {
		t.Errorf("notice %s", n)
	}
	b.confirm(c, "nordvik", from.msisdn, 2, n)
	if s := b.state(c); s.NetworkIMSI != from.imsi {
		t.Errorf("state %+v", s)
	}
}

func TestLostNoticeIsRepeated(t *testing.T) {
	t.Parallel()
	b := run(t, slowly(400), scriptedFor(t, euiccCard, ScriptedFault{Event: "notice", N: 1, What: "lost"}))
	c := b.cards[euiccCard]
	to := c.subscriptions[1].msisdn
	b.enable(c)
	b.event(EventNotice, c)
	b.event(EventSubmitLost, c)
	b.confirm(c, "aurora", to, 2, b.notice(c, "aurora", to))
}

func TestAllNoticesLostRollsBack(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) { c.Faults.LostNotices = 1 })
	c := b.cards[euiccCard]
	b.enable(c)
	b.event(EventRolledBack, c)
	for _, e := range b.esmes {
		e.packets.none(t, "lost notice", func(packet) bool { return true })
	}
}

func TestNoticeThatThePhoneCannotSendIsTriedAgainSoon(t *testing.T) {
	t.Parallel()
	b := run(t, slowly(400))
	c := b.cards[euiccCard]
	b.enable(c)
	b.notice(c, "aurora", c.subscriptions[1].msisdn)
	if err := b.Coverage(t.Context(), c.iccid, false); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if e := b.event(EventSubmitLost, c); !strings.Contains(e.Detail, "not attached") {
			t.Errorf("event %+v", e)
		}
	}
	b.event(EventRolledBack, c)
	if err := b.Coverage(t.Context(), c.iccid, true); err != nil {
		t.Fatal(err)
	}
	if n := b.notice(c, "nordvik", c.subscriptions[0].msisdn); n.Type != euicc.RolledBack {
		t.Errorf("notice %s", n)
	}
}

func TestProfileThatTheNetworkRefusesIsRolledBack(t *testing.T) {
	t.Parallel()
	b := run(t, scriptedFor(t, euiccCard, ScriptedFault{Event: "device", What: "unknown-imsi"}))
	c := b.cards[euiccCard]
	b.enable(c)
	b.event(EventRefused, c)
	b.event(EventRolledBack, c)
	if n := b.notice(c, "nordvik", c.subscriptions[0].msisdn); n.Type != euicc.RolledBack || n.Sequence != 0 {
		t.Errorf("notice %s", n)
	}
}

// impatient is an eUICC that falls back after a minute without service.
const impatient = `
name: impatient
algorithm: aes-128
refresh: {mode: immediate}
applications: [{tar: "000001", kind: isd-r, format: expanded, silent: true}]
euicc: {fall_back: 1m}
`

func TestLostServiceBringsTheFallBackProfile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "impatient.yaml"), []byte(impatient), 0o600); err != nil {
		t.Fatal(err)
	}
	b := run(t, slowly(200), func(c *Config) {
		c.CardTypes["euicc-sgp02"] = Personality{File: "impatient.yaml", SMSR: SampleSourceAurora}
		c.Resolve(dir)
	})
	c := b.cards[euiccCard]
	b.enable(c)
	b.confirm(c, "aurora", c.subscriptions[1].msisdn, 2, b.notice(c, "aurora", c.subscriptions[1].msisdn))
	if err := b.Coverage(t.Context(), c.iccid, false); err != nil {
		t.Fatal(err)
	}
	b.event(EventFellBack, c)
	if err := b.Coverage(t.Context(), c.iccid, true); err != nil {
		t.Fatal(err)
	}
	if n := b.notice(c, "nordvik", c.subscriptions[0].msisdn); n.Type != euicc.FellBack || n.Sequence != 1 {
		t.Errorf("notice %s", n)
	}
}

// slot are commands of the multi-IMSI applet of the sample.
func slot(n byte) sat.Command {
	return sat.Command{CLA: 0x80, INS: 0x10, Data: []byte{n}, Le: sat.NoLe}
}

var readSlot = sat.Command{CLA: 0x80, INS: 0x12, Le: 10}

func TestAppletMovesTheDeviceAndReadsBack(t *testing.T) {
	t.Parallel()
	b := run(t, slowly(200))
	c := b.cards[multiIMSICard]
	from, to := c.subscriptions[0], c.subscriptions[1]
	b.command("nordvik", from.msisdn, b.seal(c, 1, false, slot(2)))
	if got := b.answer(c, b.proof("aurora", from.msisdn, c)); got.Status != 0x9000 {
		t.Fatalf("the switch ended with %v", got.Status)
	}
	if e := b.event(EventProfileChanged, c); e.IMSI != to.imsi || e.Detail != "slot 2" {
		t.Errorf("event %+v", e)
	}
	if e := b.event(EventAttach, c); e.Operator != "aurora" || e.IMSI != to.imsi {
		t.Fatalf("attached as %+v, want %s at aurora", e, to.imsi)
	}
	b.command("aurora", to.msisdn, b.seal(c, 2, false, readSlot))
	if got := b.answer(c, b.proof("aurora", to.msisdn, c)); !bytes.Equal(got.Data, append([]byte{2}, efIMSI(to.imsi)...)) {
		t.Errorf("the applet reads %X", got.Data)
	}
	if s := b.state(c); s.Slot != 2 || s.NetworkIMSI != to.imsi {
		t.Errorf("state %+v", s)
	}
}

func TestAppletGoesBackByItself(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) { c.Faults.Undo = 1 })
	c := b.cards[multiIMSICard] // the only one that can
	from, to := c.subscriptions[0], c.subscriptions[1]
	b.command("nordvik", from.msisdn, b.seal(c, 1, false, slot(2)))
	if e := b.event(EventAttach, c); e.IMSI != to.imsi {
		t.Fatalf("attached as %+v", e)
	}
	if e := b.event(EventAppletUndo, c); e.IMSI != from.imsi || e.Detail != "slot 1" {
		t.Errorf("event %+v", e)
	}
	if e := b.event(EventAttach, c); e.IMSI != from.imsi || e.Operator != "nordvik" {
		t.Errorf("attached as %+v, want %s", e, from.imsi)
	}
	if s := b.state(c); s.Fault != "undo" || s.Slot != 1 {
		t.Errorf("state %+v", s)
	}
}

func TestLogOfTheCardsNamesCardAndSecurityDomainInRealTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Run("world", func(t *testing.T) {
		b := run(t, func(c *Config) { c.Logs = dir })
		b.enable(b.cards[euiccCard])
	})
	f, err := os.Open(filepath.Join(dir, "card.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewScanner(f)
	if !in.Scan() {
		t.Fatal("the log is empty")
	}
	var e uicc.LogEntry
	if err := json.Unmarshal(in.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	cards, err := parseCards(Sample(sampleCards, 7).Cards)
	if err != nil {
		t.Fatal(err)
	}
	if c := cards[euiccCard]; e.ICCID != c.iccid || e.EID != c.eid || e.Domain != "A0000005591010FFFFFFFF8900000100" || e.At.After(time.Now()) {
		t.Errorf("entry %+v", e)
	}
}
