package route

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simota/simota/smpp"
)

// fakeLink is a link with a window and nothing behind it.
type fakeLink struct {
	bound  bool
	window int
	taken  []smpp.Message // not answered
	ready  chan struct{}
}

func newFake(window int) *fakeLink {
	return &fakeLink{bound: true, window: window, ready: make(chan struct{}, 1)}
}

func (f *fakeLink) Free() int {
	if !f.bound {
		return 0
	}
	return f.window - len(f.taken)
}

func (f *fakeLink) TrySubmit(ms []smpp.Message) ([]smpp.Message, error) {
	if !f.bound {
		return ms, smpp.ErrNotBound
	}
	n := min(len(ms), f.Free())
	f.taken = append(f.taken, ms[:n]...)
	return ms[n:], nil
}

func (f *fakeLink) Ready() <-chan struct{} { return f.ready }

func (f *fakeLink) Status() smpp.LinkStatus {
	return smpp.LinkStatus{Bound: f.bound, WindowSize: f.window, WindowUsed: len(f.taken)}
}

// answer answers everything that was taken.
func (f *fakeLink) answer(outcome smpp.Outcome, status uint32) (rs []smpp.Result) {
	for _, m := range f.taken {
		rs = append(rs, smpp.Result{ID: m.ID, Outcome: outcome, Status: status})
	}
	f.taken = nil
	return rs
}

// message is one to destination +<number>.
func message(id int64, number string, c Class) Message {
	return Message{Class: c, Message: smpp.Message{ID: id, Destination: smpp.Address{Number: number}}}
}

// batch is n messages to as many destinations, from id first on.
func batch(first, n int) (ms []Message) {
	for i := range n {
		ms = append(ms, message(int64(first+i), fmt.Sprint(1000+first+i), Campaign))
	}
	return ms
}

func ids(ms []smpp.Message) (out []int64) {
	for _, m := range ms {
		out = append(out, m.ID)
	}
	return out
}

func table(lanes ...*Lane) *Table {
	return New(lanes, func(string) (names []string) {
		for _, l := range lanes {
			names = append(names, l.cfg.Name)
		}
		return names
	})
}

func TestWeightsShareTheMessages(t *testing.T) {
	a, b, spare := newFake(1000), newFake(1000), newFake(1000)
	way := table(
		NewLane(a, LaneConfig{Name: "a", Weight: 3}), NewLane(b, LaneConfig{Name: "b", Weight: 1}), NewLane(spare, LaneConfig{Name: "spare"}),
	).Way("op")
	if left := way.Submit(batch(1, 400)); len(left) != 0 {
		t.Fatalf("%d messages left", len(left))
	}
	if len(a.taken) != 300 || len(b.taken) != 100 || len(spare.taken) != 0 {
		t.Errorf("a took %d, b %d, the one that stands by %d; want 300, 100, 0", len(a.taken), len(b.taken), len(spare.taken))
	}
}

func TestTheStandbyServesWhenNothingElseCan(t *testing.T) {
	a, spare := newFake(10), newFake(10)
	tab := table(NewLane(a, LaneConfig{Name: "a", Weight: 1}), NewLane(spare, LaneConfig{Name: "spare"}))
	way := tab.Way("op")
	a.bound = false
	way.Submit(batch(1, 3))
	if len(spare.taken) != 3 {
		t.Fatalf("the standby took %d of 3 while the link was down", len(spare.taken))
	}
	a.bound = true
	tab.Results("spare", spare.answer(smpp.Accepted, 0))
	way.Submit(batch(10, 3))
	if len(a.taken) != 3 || len(spare.taken) != 0 {
		t.Errorf("with the link back it took %d, the standby %d; want 3, 0", len(a.taken), len(spare.taken))
	}
	a.bound, spare.bound = false, false
	if left := way.Submit(batch(20, 2)); len(left) != 2 {
		t.Errorf("%d left with nothing bound, want 2", len(left))
	}
	if c, o := way.Room(); c != 0 || o != 0 {
		t.Errorf("room %d, %d with nothing bound", c, o)
	}
}

func TestMessagesToOneDestinationKeepToOneLink(t *testing.T) {
	a, b := newFake(100), newFake(100)
	tab := table(NewLane(a, LaneConfig{Name: "a", Weight: 1}), NewLane(b, LaneConfig{Name: "b", Weight: 1}))
	way := tab.Way("op")
	var ms []Message
	for i := range 20 {
		ms = append(ms, message(int64(i+1), fmt.Sprint(700+i%4), Campaign))
	}
	way.Submit(ms[:10])
	way.Submit(ms[10:])
	at := map[string]*fakeLink{}
	for _, f := range []*fakeLink{a, b} {
		for _, m := range f.taken {
			if was := at[m.Destination.Number]; was != nil && was != f {
				t.Fatalf("messages to %s are under way on both links", m.Destination.Number)
			}
			at[m.Destination.Number] = f
		}
		if !slices.IsSorted(ids(f.taken)) {
			t.Errorf("a link took %v: out of order", ids(f.taken))
		}
	}
	if len(at) != 4 || len(a.taken) == 0 || len(b.taken) == 0 {
		t.Errorf("a took %d, b %d of %d destinations", len(a.taken), len(b.taken), len(at))
	}
	tab.Results("a", a.answer(smpp.Accepted, 0))
	tab.Results("b", b.answer(smpp.Accepted, 0))
	if len(tab.flights)+len(tab.numbers) != 0 {
		t.Errorf("%d destinations and %d messages are still under way", len(tab.flights), len(tab.numbers))
	}
}

func TestAMessageThatIsLeftHoldsBackWhatFollowsIt(t *testing.T) {
	a, b := newFake(3), newFake(3)
	way := table(NewLane(a, LaneConfig{Name: "a", Weight: 1, Reserve: 1}), NewLane(b, LaneConfig{Name: "b", Weight: 1, Reserve: 1})).Way("op")
	var ms []Message
	for i := range 5 {
		ms = append(ms, message(int64(i+1), "700", Campaign))
	}
	left := way.Submit(ms)
	if len(left) != 3 || left[0].ID != 3 || left[1].ID != 4 || left[2].ID != 5 {
		t.Fatalf("left %v, want 3, 4, 5: one link has room for two, and the other must not overtake it", left)
	}
}

func TestSlotsAndTokensAreKeptForConfirmations(t *testing.T) {
	a := newFake(40)
	way := table(NewLane(a, LaneConfig{Name: "a", Weight: 1})).Way("op")
	confirm, other := way.Room()
	if confirm != 40 || other != 38 {
		t.Fatalf("room %d for confirmations, %d for others; want 40, 38", confirm, other)
	}
	if left := way.Submit(batch(1, 60)); len(left) != 22 {
		t.Fatalf("%d left, want 22", len(left))
	}
	urgent := []Message{message(101, "1", Confirm), message(102, "2", Confirm), message(103, "3", Confirm)}
	if left := way.Submit(urgent); len(left) != 1 {
		t.Errorf("%d of 3 confirmations left, want 1", len(left))
	}

	synctest.Test(t, func(t *testing.T) {
		b := newFake(1000)
		way := table(NewLane(b, LaneConfig{Name: "b", Weight: 1, Rate: 400, Burst: 40})).Way("op")
		if left := way.Submit(batch(1, 60)); len(left) != 22 {
			t.Fatalf("%d left by the rate, want 22", len(left))
		}
		if left := way.Submit(urgent); len(left) != 1 {
			t.Errorf("%d of 3 confirmations left by the rate, want 1", len(left))
		}
	})
}

func TestTheRateIsKeptAndTheWayWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1 << 20)
		tab := table(NewLane(f, LaneConfig{Name: "a", Weight: 1, Rate: 100}))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go tab.Run(ctx)
		way, start, sent := tab.Way("op"), time.Now(), 0
		for time.Since(start) < 10*time.Second {
			_, room := way.Room()
			way.Submit(batch(sent+1, room))
			sent += room
			if room == 0 {
				<-way.Ready()
			}
		}
		if sent < 990 || sent > 1011 {
			t.Errorf("%d messages in 10 s at 100/s", sent)
		}
		stop()
		synctest.Wait()
	})
}

func TestALinkThatDoesNotAnswerIsPassedOverUntilTrialsSucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newFake(100), newFake(100)
		bad := NewLane(a, LaneConfig{Name: "a", Weight: 1})
		tab := table(bad, NewLane(b, LaneConfig{Name: "b", Weight: 1}))
		defer bad.stop()
		way := tab.Way("op")
		next := 1
		send := func(n int) (toA, toB int) {
			way.Submit(batch(next, n))
			next += n
			return len(a.taken), len(b.taken)
		}
		send(4) // two each: not enough to judge
		tab.Results("a", a.answer(smpp.Ambiguous, 0))
		tab.Results("b", b.answer(smpp.Accepted, 0))
		if toA, _ := send(10); toA != 5 {
			t.Fatalf("%d of 10 to a link with two bad answers, want 5", toA)
		}
		tab.Results("a", a.answer(smpp.Ambiguous, 0))
		tab.Results("b", b.answer(smpp.Accepted, 0))
		if toA, toB := send(10); toA != 0 || toB != 10 {
			t.Fatalf("a took %d, b %d; the sick one should take none", toA, toB)
		}
		tab.Results("b", b.answer(smpp.Accepted, 0))
		time.Sleep(sickFor)
		if toA, _ := send(10); toA != 1 {
			t.Fatalf("%d trial messages, want 1", toA)
		}
		tab.Results("a", a.answer(smpp.Ambiguous, 0)) // the trial fails: twice the pause
		tab.Results("b", b.answer(smpp.Accepted, 0))
		time.Sleep(sickFor)
		if toA, _ := send(10); toA != 0 {
			t.Fatalf("%d messages after a failed trial", toA)
		}
		tab.Results("b", b.answer(smpp.Accepted, 0))
		time.Sleep(sickFor)
		for i := range wellAfter {
			if toA, _ := send(10); toA != 1 {
				t.Fatalf("%d messages in trial %d, want 1", toA, i+1)
			}
			tab.Results("a", a.answer(smpp.Accepted, 0))
			tab.Results("b", b.answer(smpp.Accepted, 0))
		}
		if toA, _ := send(10); toA != 5 {
			t.Errorf("%d of 10 after %d good trials, want 5", toA, wellAfter)
		}
	})
}

func TestALinkOfLittleWeightIsTriedAsSoonAsAnyOther(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { return now }
	a, b := newFake(100), newFake(100)
	small := NewLane(b, LaneConfig{Name: "b", Weight: 1, Now: clock})
	tab := table(NewLane(a, LaneConfig{Name: "a", Weight: 100, Now: clock}), small)
	defer small.stop()
	for range sickAfter {
		small.result(smpp.Result{Outcome: smpp.Ambiguous})
	}
	for i := range 15 { // one message a second
		now = now.Add(time.Second)
		tab.Way("op").Submit(batch(i, 1))
		tab.Results("a", a.answer(smpp.Accepted, 0))
		tab.Results("b", b.answer(smpp.Accepted, 0))
	}
	if small.health.sick() {
		t.Error("still sick after 15 s, though it would have accepted every trial since 10 s")
	}
}

func TestASickLinkServesWhenThereIsNoOther(t *testing.T) {
	a := newFake(100)
	l := NewLane(a, LaneConfig{Name: "a", Weight: 1})
	defer l.stop()
	tab := table(l)
	way := tab.Way("op")
	way.Submit(batch(1, 10))
	tab.Results("a", a.answer(smpp.Ambiguous, 0))
	if way.Submit(batch(20, 10)); len(a.taken) != 10 {
		t.Errorf("the only link took %d of 10", len(a.taken))
	}
}

func TestRefusalsOfOneMessageAndThrottlingMakeNoLinkSick(t *testing.T) {
	a := newFake(100)
	l := NewLane(a, LaneConfig{Name: "a", Weight: 1})
	tab := table(l)
	way := tab.Way("op")
	for i, r := range []struct {
		outcome smpp.Outcome
		status  uint32
	}{
		{smpp.Refused, smpp.StatusInvalidDestination}, {smpp.Temporary, smpp.StatusThrottled}, {smpp.Temporary, smpp.StatusQueueFull},
		{smpp.Unsent, 0}, {smpp.Refused, 0},
	} {
		way.Submit(batch(1+10*i, 10))
		tab.Results("a", a.answer(r.outcome, r.status))
		if !l.Status().SickSince.IsZero() {
			t.Errorf("sick after %v, status %d", r.outcome, r.status)
		}
	}
	way.Submit(batch(100, 10))
	tab.Results("a", a.answer(smpp.Temporary, smpp.StatusSystemError))
	if l.Status().SickSince.IsZero() {
		t.Error("well after ten system errors")
	}
}

func TestLinksOfAnOperatorMayChange(t *testing.T) {
	a, b := newFake(10), newFake(10)
	names := []string{"a", "nowhere"}
	tab := New([]*Lane{NewLane(a, LaneConfig{Name: "a", Weight: 1}), NewLane(b, LaneConfig{Name: "b", Weight: 1})}, func(string) []string { return names })
	way := tab.Way("op")
	way.Submit(batch(1, 2))
	names = []string{"b"}
	way.Submit(batch(10, 2))
	if len(a.taken) != 2 || len(b.taken) != 2 {
		t.Errorf("a took %d, b %d; want 2 each", len(a.taken), len(b.taken))
	}
	tab.lanes["a"].wake()
	select {
	case <-way.Ready():
		t.Error("a link that is not the operator's any more wakes its way")
	default:
	}
	tab.lanes["b"].wake()
	select {
	case <-way.Ready():
	default:
		t.Error("the operator's new link does not wake its way")
	}
}

// storm plays an SMSC for a while: it lets so many messages through a second, 0 for any number, and refuses a
// share of the rest at random. It returns how many were sent and accepted a second.
func storm(p *pacer, now *time.Time, d time.Duration, enforced float64, share float64, dice *rand.Rand) (sent, accepted float64) {
	const step = 10 * time.Millisecond
	tokens := 0.0
	for end := now.Add(d); now.Before(end); *now = now.Add(step) {
		tokens = min(tokens+enforced*step.Seconds(), max(enforced/10, 1))
		n, _ := p.room(*now, false)
		n = min(n, 1000)
		p.take(*now, n)
		for range n {
			refused := dice.Float64() < share
			if enforced > 0 && !refused {
				if refused = tokens < 1; !refused {
					tokens--
				}
			}
			sent++
			if !refused {
				accepted++
			}
			p.result(*now, refused)
		}
	}
	return sent / d.Seconds(), accepted / d.Seconds()
}

func TestTheRateFollowsWhatTheSMSCEnforcesAndComesBack(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	now := time.Unix(1_800_000_000, 0)
	p := newPacer(1000, 0)
	storm(p, &now, 10*time.Second, 200, 0, dice)
	sent, accepted := storm(p, &now, 60*time.Second, 200, 0, dice)
	if accepted < 0.9*200 || sent > 1.15*200 {
		t.Errorf("with 200/s enforced %.0f/s were sent and %.0f/s accepted; want at least 180 accepted, at most 230 sent", sent, accepted)
	}
	if !p.lower() {
		t.Error("the pacer does not say that it is below what is allowed")
	}
	storm(p, &now, 30*time.Second, 0, 0, dice)
	if _, accepted = storm(p, &now, 30*time.Second, 0, 0, dice); accepted < 990 {
		t.Errorf("%.0f/s after the storm, want the allowed 1000", accepted)
	}
}

func TestAStormOfRandomRefusalsCostsATenthAtMost(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 4))
	now := time.Unix(1_800_000_000, 0)
	p := newPacer(500, 0)
	if sent, _ := storm(p, &now, 2*time.Minute, 0, 0.3, dice); sent < 0.9*500 {
		t.Errorf("%.0f/s sent of the allowed 500 while three in ten are refused at random", sent)
	}
}

func TestALinkWithoutALimitIsPacedOnlyWhileItIsThrottled(t *testing.T) {
	dice := rand.New(rand.NewPCG(5, 6))
	now := time.Unix(1_800_000_000, 0)
	p := newPacer(0, 0)
	storm(p, &now, 20*time.Second, 300, 0, dice)
	if _, accepted := storm(p, &now, 30*time.Second, 300, 0, dice); accepted < 0.9*300 || p.rate() == 0 {
		t.Errorf("%.0f/s accepted of 300 at a rate of %.0f", accepted, p.rate())
	}
	storm(p, &now, 2*time.Minute, 0, 0, dice)
	if p.rate() != 0 {
		t.Errorf("still paced at %.0f/s two minutes after the last refusal", p.rate())
	}
}

func TestWhatAnSMSCRefusedIsForgottenInAMinuteOfSilence(t *testing.T) {
	dice := rand.New(rand.NewPCG(7, 8))
	for _, allowed := range []float64{0, 1000} {
		now := time.Unix(1_800_000_000, 0)
		p := newPacer(allowed, 0)
		storm(p, &now, 20*time.Second, 100, 0, dice)
		now = now.Add(paceRest - time.Second)
		if p.rest(now); !p.lower() {
			t.Fatalf("%v/s allowed: forgotten after %v", allowed, paceRest-time.Second)
		}
		now = now.Add(time.Second)
		if p.rest(now); p.lower() || p.rate() != allowed {
			t.Errorf("%v/s allowed: still %v/s after a minute without a message", allowed, p.rate())
		}
		storm(p, &now, 20*time.Second, 100, 0, dice)
		if _, accepted := storm(p, &now, 30*time.Second, 100, 0, dice); accepted < 90 || !p.lower() {
			t.Errorf("%v/s allowed: %.0f/s accepted of 100 when the SMSC refuses again", allowed, accepted)
		}
	}
}

func TestThrottlingNeverRaisesARateBelowOneASecond(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	p := newPacer(0.5, 0)
	for range 5 {
		p.result(now, true)
		now = now.Add(2 * time.Second)
	}
	if p.rate() > 0.5 {
		t.Errorf("the rate is %v/s after the SMSC refused everything, 0.5/s is allowed", p.rate())
	}
}

// racing hands a link to a second operator while the first is handing messages over.
type racing struct {
	*fakeLink
	other func()
}

func (r *racing) TrySubmit(ms []smpp.Message) ([]smpp.Message, error) {
	if other := r.other; other != nil {
		r.other = nil
		other()
	}
	return r.fakeLink.TrySubmit(ms)
}

func TestOperatorsThatShareALinkAtOnceShareItsRate(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	link := &racing{fakeLink: newFake(1000)}
	tab := table(NewLane(link, LaneConfig{Name: "hub", Weight: 1, Rate: 100, Burst: 40, Now: func() time.Time { return now }}))
	link.other = func() { tab.Way("second").Submit(batch(1000, 38)) }
	tab.Way("first").Submit(batch(1, 38))
	if len(link.taken) != 76 {
		t.Fatalf("%d messages taken, want those of both operators", len(link.taken))
	}
	now = now.Add(300 * time.Millisecond) // 30 tokens, of 36 that were taken twice
	if left := tab.Way("first").Submit(batch(2000, 38)); len(left) != 38 {
		t.Errorf("%d more messages go while the link is over its rate", 38-len(left))
	}
	now = now.Add(700 * time.Millisecond)
	if left := tab.Way("first").Submit(batch(2000, 38)); len(left) == 38 {
		t.Error("nothing goes once the rate allows it again")
	}
}
