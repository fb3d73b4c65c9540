package lab

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/simota/simota/ota/lab/device"
	"github.com/simota/simota/ota/lab/uicc"
)

// subscription is a number and an identity in one network. What waits for the number is in stored.
type subscription struct {
	contract
	network *network
	owner   *subscriber
	first   bool         // the one the card came with
	stored  []*stored    // of owner's goroutine
	waiting atomic.Int64 // how many messages are stored or about to be
}

// subscriber is a device with its card and all its subscriptions. One goroutine, run, owns it; whatever else has
// to do with it posts.
type subscriber struct {
	*mailbox
	world         *World
	iccid         string
	judge         *judge
	role          role
	subscriptions []*subscription
	device        *device.Device
	timers        map[*timer]bool

	serving *subscription // attached with; nil while off the air
	refusal string        // why the network did not open the data connection last, empty if it did
	life    uicc.Life     // of the card, as it was seen last
	alarm   *timer        // when the card wants to be called; nil for never
	away    bool          // out of coverage
	down    bool          // between a REFRESH or restart and the next attach
	gone    bool          // for good
	epoch   int           // counts starts: a later one cancels an earlier one's attach

	busy       bool // a message is on its way to the device
	deliveries int
	submits    int
	notices    int
	hops       int
	absence    int           // at this delivery the device leaves coverage; -1 for never
	absentFor  time.Duration // for so long
	absentFrom *string       // the operator whose scenario has taken it out of coverage
	held       []func()      // proofs on a slow way, see LateProof
	repeats    map[int]*repeat

	outbox   []func()  // messages of the card on their way to an ESME, one behind the other
	outUntil time.Time // when the last of them is there

	sessions lane // for the feed
	accounts lane // for the AAA
}

// repeat is a message that the network will deliver again as a whole.
type repeat struct {
	parts map[byte]*stored // delivered so far
	begun bool
}

// timer is a posted function in the future.
type timer struct {
	*time.Timer
	off bool
}

// run does what is posted until ctx ends.
func (s *subscriber) run(ctx context.Context) {
	for {
		select {
		case <-s.wake:
			for _, f := range s.take() {
				f()
			}
		case <-ctx.Done():
			for t := range s.timers {
				t.Stop()
			}
			return
		}
	}
}

// after posts f in so much real time.
func (s *subscriber) after(d time.Duration, f func()) *timer {
	t := &timer{}
	if d <= 0 {
		s.post(func() {
			if !t.off {
				f()
			}
		})
		return t
	}
	s.timers[t] = true
	t.Timer = time.AfterFunc(d, func() {
		s.post(func() {
			delete(s.timers, t)
			if !t.off {
				f()
			}
		})
	})
	return t
}

// out brings a message of the card to its ESME after so much real time, none before the one sent before it.
func (s *subscriber) out(d time.Duration, send func()) {
	if d <= 0 && len(s.outbox) == 0 {
		send()
		return
	}
	now := time.Now()
	if s.outUntil.Before(now) {
		s.outUntil = now
	}
	s.outUntil = s.outUntil.Add(d)
	s.outbox = append(s.outbox, send)
	s.after(s.outUntil.Sub(now), func() {
		first := s.outbox[0]
		s.outbox = s.outbox[1:]
		first()
	})
}

// cancel also holds for a timer that has posted already.
func (s *subscriber) cancel(t *timer) {
	if t != nil {
		t.off = true
		if t.Timer != nil {
			t.Stop()
		}
		delete(s.timers, t)
	}
}

// jitter is d of the world in real time, give or take a third.
func (s *subscriber) jitter(d time.Duration) time.Duration {
	if d == 0 {
		return 0
	}
	s.hops++
	return s.world.real(time.Duration(float64(d) * (2 + 2*chance(s.judge.seed, s.iccid, "hop", s.hops)) / 3))
}

func (s *subscriber) hop() time.Duration { return s.jitter(s.world.cfg.Timing.Hop) }

func (s *subscriber) event(e Event) {
	e.ICCID = s.iccid
	s.world.event(e)
}

// about names the subscription an event is about, if there is one.
func (e Event) about(sub *subscription) Event {
	if sub != nil {
		e.Operator, e.MSISDN, e.IMSI = sub.network.Name, sub.msisdn, sub.imsi
	}
	return e
}

// begin attaches the device as it is when the world begins, which is in the middle of its life: nothing is reported
// that was before.
func (s *subscriber) begin() {
	if s.serving = s.byIMSI(s.device.IMSI()); s.serving != nil {
		s.refusal = s.serving.network.refuses(s.device.Data())
	}
	s.device.TrackingReport()
	s.life = s.device.Card().Life()
	s.obey(s.device.Attached(s.world.now()))
}

func (s *subscriber) byIMSI(imsi string) *subscription {
	for _, sub := range s.subscriptions {
		if sub.imsi == imsi {
			return sub
		}
	}
	return nil
}

// detach takes the device off the air.
func (s *subscriber) detach(why string) {
	if s.serving != nil {
		s.event(Event{Kind: EventDetach, Detail: why}.about(s.serving))
	}
	s.serving = nil
}

// attach registers with the identity the device has read, if it is on and in coverage.
func (s *subscriber) attach() {
	if s.serving != nil || s.down || s.gone {
		return
	}
	if s.away || !s.register() {
		if !s.gone {
			s.device.ServiceLost(s.world.now()) // it is on and searches
		}
		s.arm()
		return
	}
	s.session(true)
	if out, ok := s.device.TrackingReport(); ok {
		s.submit(out)
	}
	s.obey(s.device.Attached(s.world.now()))
	s.back()
}

// register asks the network.
func (s *subscriber) register() bool {
	sub := s.byIMSI(s.device.IMSI())
	switch {
	case sub == nil:
		s.event(Event{Kind: EventRefused, IMSI: s.device.IMSI(), Detail: "no network knows this IMSI for this card"})
		return false
	case s.role == vanishes && !sub.first:
		s.gone = true
		s.event(Event{Kind: EventVanished}.about(sub))
		return false
	case s.role == unknownIMSI && !sub.first:
		s.event(Event{Kind: EventRefused, Detail: "IMSI unknown in HLR"}.about(sub))
		return false
	}
	s.serving = sub
	s.event(Event{Kind: EventAttach, IMEI: s.device.IMEI()}.about(sub))
	return true
}

// leaveCoverage and enterCoverage keep the identity: the card is not read again.
func (s *subscriber) leaveCoverage() {
	if s.away {
		return
	}
	s.away = true
	s.detach("out of coverage")
	if !s.down && !s.gone {
		s.device.ServiceLost(s.world.now())
		s.arm()
	}
}

func (s *subscriber) enterCoverage() {
	s.away = false
	s.attach()
}

// refresh obeys the card's REFRESH.
func (s *subscriber) refresh(r uicc.Refresh) {
	if s.gone {
		return
	}
	again := s.device.Refresh(r)
	s.event(Event{Kind: EventRefresh, IMSI: s.device.IMSI(), Detail: fmt.Sprintf("qualifier %02X", r.Qualifier)})
	s.watch()
	if again {
		s.start("refresh")
	}
}

func (s *subscriber) restart() {
	if s.gone {
		return
	}
	s.device.Restart()
	s.event(Event{Kind: EventRestart, IMSI: s.device.IMSI()})
	s.watch()
	s.start("restart")
}

// start takes the device off the air for some seconds.
func (s *subscriber) start(why string) {
	s.detach(why)
	s.down = true
	s.arm()
	s.epoch++
	epoch := s.epoch
	s.after(s.jitter(s.world.cfg.Timing.Offline), func() {
		if s.epoch == epoch {
			s.down = false
			s.attach()
		}
	})
}
