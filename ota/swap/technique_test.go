package swap_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/euicc"
	"github.com/simota/simota/sat/rfm"
)

const (
	enable = "enable"
	choose = "select"
	erase  = "delete"

	oldISDP = "A0000005591010FFFFFFFF8900001000"
	newISDP = "A0000005591010FFFFFFFF8900001100"
)

// byEUICC makes the card an eUICC.
func byEUICC(f *swap.Facts, _ *card) {
	f.Technique, f.TAR, f.Files = swap.ByEUICC, ota.TAR{0, 0, 1}, nil
	f.From.ISDP, f.To.ISDP = oldISDP, newISDP
	isdr := f.Main()
	f.ISDR, f.NextNotice = &isdr, 4
}

// profiles is the answer to an audit: AID and state, * behind the one with the
// fall-back attribute.
func profiles(t testing.TB, states ...string) script.Result {
	t.Helper()
	var out []byte
	for _, s := range states {
		aid, state, _ := strings.Cut(s, " ")
		state, fallBack := strings.CutSuffix(state, "*")
		b, err := hex.DecodeString(aid)
		if err != nil {
			t.Fatal(err)
		}
		p := euicc.Profile{ISDP: b, FallBack: &fallBack, State: euicc.Disabled}
		if state == "enabled" {
			p.State = euicc.Enabled
		}
		if out, err = p.AppendBinary(out); err != nil {
			t.Fatal(err)
		}
	}
	return script.Result{Data: out, Status: sat.StatusOK}
}

// reply stores the card's authenticated 00 with these results.
func (h *history) reply(id int64, number string, results ...script.Result) {
	h.t.Helper()
	f := script.Format(h.attempt(id).Format)
	b, err := script.Response{Executed: len(results), Results: results}.AppendBinary(nil, f)
	if err != nil {
		h.t.Fatal(err)
	}
	h.store(h.proven(id, number, b))
}

var done = script.Result{Status: sat.StatusOK}

// notice stores a notice of the card.
func (h *history) notice(typ euicc.NoticeType, sequence int, isdp, number string) {
	imsi := map[string]string{oldISDP: oldIMSI, newISDP: newIMSI}[isdp]
	h.store(ledger.Evidence{InboxID: h.id(), Kind: ledger.EvNotice, Body: ledger.Body{
		Notice: byte(typ), Sequence: sequence, ISDP: isdp, Number: number, IMSI: imsi, IMEI: "356938035643800", Source: "notice", Authenticated: true,
	}})
}

// confirms takes the confirmation that the saga wants to send first.
func (h *history) confirms(way swap.Way) int64 {
	h.t.Helper()
	r := h.next()
	if r.Confirm == nil || r.Confirm.Kind != ledger.Confirm || r.Confirm.Way != way {
		h.t.Fatalf("%s: confirmation %+v, want one by way %d", r.State, r.Confirm, way)
	}
	return h.send(r.Confirm)
}

// enabled brings an eUICC to the answer to EnableProfile.
func (h *history) enabled(t *testing.T) (id int64) {
	t.Helper()
	id, _ = h.does(swap.Snapshot, read, ledger.Read, swap.Old)
	h.accepted(id)
	h.tick(time.Second)
	h.reply(id, oldNumber, profiles(t, oldISDP+" enabled*", newISDP+" disabled"))
	id, a := h.does(swap.Snapshot, enable, ledger.Write, swap.Old)
	if !a.Begins || !a.Unproven {
		t.Error("EnableProfile is not held back by pause and max_unproven")
	}
	h.accepted(id)
	h.tick(time.Second)
	h.reply(id, oldNumber, done)
	return id
}

func TestAnEUICCHasMovedWhenItsNoticeIsConfirmed(t *testing.T) {
	t.Parallel()
	h := begin(t, byEUICC)
	h.enabled(t)
	ask, _ := h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.accepted(ask)
	h.tick(10 * time.Second)
	h.notice(euicc.ProfileChanged, 4, newISDP, newNumber)
	id := h.confirms(swap.New)
	h.accepted(id)
	h.arrived(id, newNumber)
	if r := h.is(swap.Switched); r.Action != nil {
		t.Errorf("%s goes out while the notice is being confirmed", r.Action.Purpose)
	}
	h.tick(time.Second)
	h.reply(id, newNumber, done)
	h.does(swap.Moved, document, ledger.CP, swap.New)
	r := h.is(swap.Moved)
	if r.Moved == nil || r.Moved.Source != "notice" || r.Moved.IMEI != "356938035643800" {
		t.Errorf("moved by %+v", r.Moved)
	}
}

func TestAnAuditFromTheNewNumberAloneProvesNoMove(t *testing.T) {
	t.Parallel()
	h := begin(t, byEUICC)
	h.enabled(t)
	ask, _ := h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.accepted(ask)
	h.reply(ask, newNumber, profiles(t, newISDP+" enabled"))
	h.attach(newIMSI, newAPN)
	h.is(swap.Switched) // unconfirmed, it would roll back
}

func TestALostAnswerToTheConfirmationIsMadeGoodByAnAudit(t *testing.T) {
	t.Parallel()
	h := begin(t, byEUICC)
	h.enabled(t)
	ask, _ := h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.accepted(ask)
	h.notice(euicc.ProfileChanged, 4, newISDP, newNumber)
	id := h.confirms(swap.New)
	h.accepted(id)
	h.arrived(id, newNumber)
	h.silence(id, ledger.Overdue, "not answered")
	h.tick(31 * time.Minute)
	audit, _ := h.does(swap.Switched, probe, ledger.Read, swap.Both)
	h.reply(audit, newNumber, profiles(t, newISDP+" enabled"))
	h.does(swap.Moved, document, ledger.CP, swap.New)
}

func TestEveryNoticeIsConfirmedRepeatsToo(t *testing.T) {
	t.Parallel()
	h := begin(t, byEUICC)
	h.enabled(t)
	h.notice(euicc.ProfileChanged, 4, newISDP, newNumber)
	first := h.confirms(swap.New)
	h.tick(time.Minute)
	h.notice(euicc.ProfileChanged, 4, newISDP, newNumber)
	r := h.next()
	if r.Confirm == nil || len(r.Confirm.Replaces) != 1 || r.Confirm.Replaces[0] != first {
		t.Fatalf("confirmation of the repeat: %+v", r.Confirm)
	}
	h.reply(h.send(r.Confirm), newNumber, done)
	if r := h.is(swap.Moved); r.Confirm != nil {
		t.Error("a notice is confirmed twice")
	}
}

func TestAnOldNoticeOrAnotherProfilesIsConfirmedAndSettlesNothing(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]struct {
		sequence int
		isdp     string
		want     swap.State
	}{
		"number of an earlier saga": {3, newISDP, swap.Switched},
		"another profile":           {4, "A0000005591010FFFFFFFF8900001200", swap.RolledBack},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := begin(t, byEUICC)
			h.enabled(t)
			h.notice(euicc.ProfileChanged, n.sequence, n.isdp, newNumber)
			h.reply(h.confirms(swap.New), newNumber, done)
			if r := h.next(); r.State != n.want {
				t.Errorf("state %s (%s), want %s", r.State, r.Cause, n.want)
			}
		})
	}
}

func TestARollBackEndsTheSagaAndAFallBackReopensItDaysLater(t *testing.T) {
	t.Parallel()
	h := begin(t, byEUICC)
	h.enabled(t)
	h.notice(euicc.RolledBack, 4, oldISDP, oldNumber)
	h.reply(h.confirms(swap.Old), oldNumber, done)
	if r := h.closed(swap.RolledBack, "rolled back"); !r.Back {
		t.Error("the old subscription does not count as active again")
	}

	h = begin(t, byEUICC, func(f *swap.Facts, _ *card) { f.Goal = swap.GoalMoved })
	h.enabled(t)
	h.notice(euicc.ProfileChanged, 4, newISDP, newNumber)
	h.reply(h.confirms(swap.New), newNumber, done)
	h.closed(swap.Moved)
	h.tick(5 * 24 * time.Hour)
	h.notice(euicc.FellBack, 5, oldISDP, oldNumber)
	if r := h.next(); !r.Closed || r.Confirm == nil {
		t.Fatalf("a closed target: %+v, want the notice confirmed", r)
	}
	h.confirms(swap.Old)
	h.closed(swap.RolledBack, "fell back")
}

func TestAnEUICCIsNotSwitchedWhenItCouldNotComeBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		states []string
		words  string
	}{
		"no fall-back profile":  {[]string{oldISDP + " enabled", newISDP + " disabled"}, "fall-back attribute"},
		"no such profile":       {[]string{oldISDP + " enabled*"}, "no profile " + newISDP},
		"another one is in use": {[]string{oldISDP + " disabled*", newISDP + " disabled"}, "not the enabled one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := begin(t, byEUICC)
			id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
			h.reply(id, oldNumber, profiles(t, c.states...))
			h.closed(swap.Held, c.words)
		})
	}
}

func TestARefusedEnableSaysWhy(t *testing.T) {
	t.Parallel()
	h := begin(t, byEUICC)
	id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
	h.reply(id, oldNumber, profiles(t, oldISDP+" enabled*", newISDP+" disabled"))
	id, _ = h.does(swap.Snapshot, enable, ledger.Write, swap.Old)
	h.reply(id, oldNumber, script.Result{Status: 0x69E1})
	h.closed(swap.Failed, "POL1", "the old identity is still on it")
}

func TestTheFenceOfAnEnableIsAnAudit(t *testing.T) {
	t.Parallel()
	sent := func() (*history, int64) {
		h := begin(t, byEUICC)
		id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
		h.reply(id, oldNumber, profiles(t, oldISDP+" enabled*", newISDP+" disabled"))
		id, _ = h.does(swap.Snapshot, enable, ledger.Write, swap.Old)
		h.accepted(id)
		h.tick(10 * time.Minute)
		return h, h.fence(id, 101)
	}
	h, f := sent()
	h.reply(f, newNumber, profiles(t, newISDP+" enabled"))
	h.is(swap.Switched)

	// The terminal may not have refreshed the card yet: only later does the old
	// profile say that the order never came.
	h, f = sent()
	h.reply(f, oldNumber, profiles(t, newISDP+" disabled"))
	h.is(swap.Switching)
	h.tick(21 * time.Minute)
	again, a := h.does(swap.Switching, probe, ledger.Read, swap.Both)
	if a.FenceOf == 0 {
		t.Error("the probe settles nothing")
	}
	h.reply(again, oldNumber, profiles(t, newISDP+" disabled"))
	h.does(swap.NotSwitched, enable, ledger.Write, swap.Old)
}

func TestAnAcceptedEnableThatHasNoEffectYetIsNotSentAgain(t *testing.T) {
	t.Parallel()
	h := begin(t, byEUICC)
	h.enabled(t)
	ask, _ := h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.accepted(ask)
	h.tick(31 * time.Minute)
	id, _ := h.does(swap.Switched, probe, ledger.Read, swap.Both)
	h.reply(id, oldNumber, profiles(t, newISDP+" disabled"))
	if r := h.is(swap.WaitingForRestart); !strings.Contains(r.Cause, "old profile enabled") {
		t.Errorf("cause %q", r.Cause)
	}
	h.notice(euicc.RolledBack, 4, oldISDP, oldNumber)
	h.confirms(swap.Old)
	h.closed(swap.RolledBack, "rolled back")
}

func TestPOL2DeletesTheOldProfileUnlessTheCardDid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		deleted bool
		want    string
	}{"by the server": {false, erase}, "by the card itself": {true, document}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := begin(t, byEUICC, func(f *swap.Facts, _ *card) { f.DeleteOld = true })
			h.enabled(t)
			h.notice(euicc.ProfileChanged, 4, newISDP, newNumber)
			answer := done
			if c.deleted {
				aid, err := hex.DecodeString(oldISDP)
				if err != nil {
					t.Fatal(err)
				}
				if answer.Data, err = (euicc.Confirmation{Deleted: []sat.AID{aid}}).AppendBinary(nil); err != nil {
					t.Fatal(err)
				}
			}
			h.reply(h.confirms(swap.New), newNumber, answer)
			r := h.is(swap.Moved)
			if r.Action == nil || r.Action.Label != c.want {
				t.Fatalf("next is %+v, want %s", r.Action, c.want)
			}
			if r.Action.Unproven {
				t.Error("a card that has moved counts as unproven")
			}
			if c.deleted {
				return
			}
			h.reply(h.send(r.Action), newNumber, done)
			h.does(swap.Moved, document, ledger.CP, swap.New)
		})
	}
}

// byApplet gives the card an applet that keeps two identities.
func byApplet(f *swap.Facts, _ *card) {
	f.Technique, f.TAR, f.Format, f.Files = swap.ByApplet, ota.TAR{0xA1, 0xB2, 0xC3}, "compact", nil
	f.Applet = &swap.AppletFacts{
		Template: catalog.Template{
			TAR: "a1b2c3", Format: "compact", APDU: []string{"80100000 01 ${slot}"}, Expect: []string{"9000"}, Refresh: "card",
			ReadBack: []string{"80120000 00"}, ReadBackExpect: "${slot} ${imsi}",
		},
		Old: map[string]string{"slot": "1", "imsi": oldIMSI}, New: map[string]string{"slot": "2", "imsi": newIMSI},
	}
}

func inUse(t testing.TB, slot byte, imsi string) script.Result {
	t.Helper()
	c := newCard(t)
	c.files["imsi"] = mustIMSI(t, imsi)
	return script.Result{Data: append([]byte{slot}, c.files["imsi"]...), Status: sat.StatusOK}
}

func TestAnAppletSwitchesAndItsReadBackProvesIt(t *testing.T) {
	t.Parallel()
	h := begin(t, byApplet)
	id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
	h.reply(id, oldNumber, inUse(t, 1, oldIMSI))
	id, a := h.does(swap.Snapshot, choose, ledger.Write, swap.Old)
	if got := hex.EncodeToString(a.Script); got != "801000000102" {
		t.Errorf("script %s", got)
	}
	h.reply(id, oldNumber, done)
	ask, _ := h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.reply(ask, newNumber, inUse(t, 2, newIMSI))
	h.does(swap.Moved, document, ledger.CP, swap.New)
}

func TestAnAnswerThatTheTemplateDoesNotExpectIsARefusal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		expect string
		answer script.Result
		words  string
	}{
		"by its status word": {"9000", script.Result{Status: 0x6A80}, "6A80"},
		"by its data":        {"009000", script.Result{Data: []byte{1}, Status: sat.StatusOK}, "octets of data: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := begin(t, byApplet, func(f *swap.Facts, _ *card) { f.Applet.Template.Expect = []string{c.expect} })
			id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
			h.reply(id, oldNumber, inUse(t, 1, oldIMSI))
			id, _ = h.does(swap.Snapshot, choose, ledger.Write, swap.Old)
			h.reply(id, oldNumber, c.answer)
			h.closed(swap.Failed, c.words, "template expects")
		})
	}
}

func TestACardThatUndidTheSwitchIsAskedAndNamed(t *testing.T) {
	t.Parallel()
	h := begin(t, byApplet, func(f *swap.Facts, _ *card) { f.Goal = swap.GoalMoved })
	id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
	h.reply(id, oldNumber, inUse(t, 1, oldIMSI))
	id, _ = h.does(swap.Snapshot, choose, ledger.Write, swap.Old)
	h.reply(id, oldNumber, done)
	ask, _ := h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.reply(ask, newNumber, inUse(t, 2, newIMSI))
	h.closed(swap.Moved)
	h.tick(24 * time.Hour)
	h.attach(oldIMSI, "")
	again, _ := h.does(swap.Moved, probe, ledger.Read, swap.Both)
	h.tick(time.Second)
	h.reply(again, oldNumber, inUse(t, 1, oldIMSI))
	if r := h.closed(swap.RolledBack, "undid"); !r.Back {
		t.Error("the old subscription does not count as active again")
	}

	// Of the next round only what is seen in it counts.
	h.retried(0)
	h.reply(ask, newNumber, inUse(t, 2, newIMSI)) // a late copy
	id, _ = h.does(swap.Snapshot, read, ledger.Read, swap.Both)
	h.reply(id, oldNumber, inUse(t, 1, oldIMSI))
	id, _ = h.does(swap.Snapshot, choose, ledger.Write, swap.Old)
	h.reply(id, oldNumber, done)
	ask, _ = h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.reply(ask, newNumber, inUse(t, 2, newIMSI))
	h.closed(swap.Moved)
}

func TestARetryOfAnAppletsFailedSettingsFindsTheCardMoved(t *testing.T) {
	t.Parallel()
	h := begin(t, byApplet, func(f *swap.Facts, _ *card) { f.NoCP = true })
	id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
	h.reply(id, oldNumber, inUse(t, 1, oldIMSI))
	id, _ = h.does(swap.Snapshot, choose, ledger.Write, swap.Old)
	h.reply(id, oldNumber, done)
	h.tick(time.Minute)
	h.attach(newIMSI, "other")
	h.closed(swap.SettingsFailed)
	h.f.NoCP = false
	h.retried(0)
	id, _ = h.does(swap.Snapshot, read, ledger.Read, swap.Both)
	h.reply(id, newNumber, inUse(t, 2, newIMSI))
	h.does(swap.Moved, document, ledger.CP, swap.New)
}

func mustIMSI(t testing.TB, imsi string) []byte {
	t.Helper()
	b, err := rfm.EncodeIMSI(imsi)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestADeliveredSwitchOfAnAppletThatIsNotInEffectIsNoReasonToRepeatIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arrived bool
		want    swap.State
	}{"delivered: it was undone": {true, swap.RolledBack}, "perhaps never there: again": {false, swap.NotSwitched}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := begin(t, byApplet)
			id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
			h.reply(id, oldNumber, inUse(t, 1, oldIMSI))
			id, _ = h.does(swap.Snapshot, choose, ledger.Write, swap.Old)
			h.accepted(id)
			if c.arrived {
				h.arrived(id, oldNumber)
			}
			h.tick(time.Hour)
			h.reply(h.fence(id, 101), oldNumber, inUse(t, 1, oldIMSI))
			if r := h.next(); r.State != c.want {
				t.Errorf("%s (%s), want %s", r.State, r.Cause, c.want)
			}
		})
	}
}
