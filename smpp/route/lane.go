package route

import (
	"slices"
	"sync"
	"time"

	"github.com/simota/simota/smpp"
)

// Link is what a lane needs of an SMPP link; [smpp.Link] is one.
type Link interface {
	// TrySubmit queues what the windows hold now and returns the other messages.
	TrySubmit([]smpp.Message) (left []smpp.Message, err error)
	// Free is how many messages TrySubmit would take now, 0 while not bound.
	Free() int
	// Ready has a value when Free may have grown. It has one reader: the lane.
	Ready() <-chan struct{}
	Status() smpp.LinkStatus
}

// LaneConfig says how a link is used. The zero value of every other field than Name means its default.
type LaneConfig struct {
	Name    string
	Weight  int     // share of the messages among the links of an operator; 0 stands by
	Rate    float64 // submit_sm per second over all its sessions; 0 is unlimited
	Burst   int     // how many may go at once; default a tenth of Rate
	Reserve int     // window slots for what cannot wait; default a twentieth of the window, at least 1 of 2
	Now     func() time.Time
}

// Lane is one link, paced and watched. All its methods may be called from any goroutine.
type Lane struct {
	cfg  LaneConfig
	link Link

	mu      sync.Mutex
	pacer   *pacer
	health  health
	timer   *time.Timer // rings when there are tokens, or a trial may go
	rings   time.Time
	waiting []chan<- struct{} // of the ways that use the lane
}

// NewLane makes the lane of a link.
func NewLane(l Link, c LaneConfig) *Lane {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Lane{cfg: c, link: l, pacer: newPacer(c.Rate, c.Burst)}
}

// LaneStatus is a snapshot of a lane.
type LaneStatus struct {
	Rate      float64   // let through now, per second; 0 is no limit
	Throttled bool      // below what the configuration allows, since the SMSC refuses more
	SickSince time.Time // passed over, since the SMSC does not answer as it should; zero when well
}

// Status takes a snapshot.
func (l *Lane) Status() LaneStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pacer.rest(l.cfg.Now())
	return LaneStatus{Rate: l.pacer.rate(), Throttled: l.pacer.lower(), SickSince: l.health.since}
}

// result weighs what became of a message.
func (l *Lane) result(r smpp.Result) {
	throttled := r.Status == smpp.StatusThrottled || r.Status == smpp.StatusQueueFull
	bad := r.Outcome == smpp.Ambiguous || r.Outcome == smpp.Temporary && !throttled
	if r.Outcome == smpp.Unsent || r.Outcome == smpp.Refused && r.Status == smpp.StatusOK {
		return // the SMSC was not asked
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	l.health.result(now, !bad)
	if r.Outcome != smpp.Ambiguous {
		l.pacer.result(now, throttled)
	}
}

// room is how many messages the lane can take now: of class [Confirm], and of any other.
func (l *Lane) room() (confirm, other int) {
	free := l.link.Free()
	if free == 0 {
		return 0, 0
	}
	reserve := l.reserve()
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	l.pacer.rest(now)
	urgent, _ := l.pacer.room(now, true)
	tokens, next := l.pacer.room(now, false)
	if tokens == 0 {
		l.ring(next)
	}
	return min(free, urgent), min(max(free-reserve, 0), tokens)
}

func (l *Lane) reserve() int {
	if l.cfg.Reserve > 0 {
		return l.cfg.Reserve
	}
	if w := l.link.Status().WindowSize; w > 1 {
		return max(1, w/20)
	}
	return 0
}

// standing is what health says of a lane.
type standing byte

const (
	well  standing = iota
	trial          // sick, and a trial message may go
	sick
)

// standing says whether messages should go here; take uses up the turn of a trial.
func (l *Lane) standing(take bool) standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	switch {
	case !l.health.sick():
		return well
	case l.health.tries(now, take):
		return trial
	}
	l.ring(l.health.trial)
	return sick
}

// submit hands messages over and returns those that were not taken.
func (l *Lane) submit(ms []smpp.Message) (left []smpp.Message) {
	left, _ = l.link.TrySubmit(ms) // an error says that the link is down: its state tells that too
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pacer.take(l.cfg.Now(), len(ms)-len(left))
	return left
}

// ring wakes the ways at a time, unless something does before. The caller holds mu.
func (l *Lane) ring(at time.Time) {
	if !l.rings.IsZero() && !at.Before(l.rings) {
		return
	}
	if l.timer != nil {
		l.timer.Stop()
	}
	l.rings = at
	l.timer = time.AfterFunc(max(at.Sub(l.cfg.Now()), 0), func() {
		l.mu.Lock()
		l.rings = time.Time{}
		l.mu.Unlock()
		l.wake()
	})
}

// stop ends the lane's timer.
func (l *Lane) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
}

// join makes a way hear of the lane.
func (l *Lane) join(c chan<- struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.waiting, c) {
		l.waiting = append(l.waiting, c)
	}
}

// leave ends that.
func (l *Lane) leave(c chan<- struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = slices.DeleteFunc(l.waiting, func(o chan<- struct{}) bool { return o == c })
}

// wake tells every way that the lane may take messages.
func (l *Lane) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.waiting {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
