package smpp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ErrNotBound: no session can submit now; nothing more was taken.
var ErrNotBound = errors.New("smpp: link not bound")

var errStopped = errors.New("smpp: link stopped")

// Result is what became of one submitted message.
type Result struct {
	ID             int64 // of the Message
	Outcome        Outcome
	Status         uint32    // command_status of the response, 0 without one
	MessageID      string    // the SMSC's, as it wrote it; may be empty or repeat itself
	Err            error     // the reason when there is no response, or what is odd about the response
	SentAt, DoneAt time.Time // SentAt is the start of the write, zero when there was none
}

// LinkState tells that a session came up or went down.
type LinkState struct {
	Link           string
	Up             bool  // this session
	Sessions       int   // bound now, of any kind
	Reason         error // why it went down, or could not come up; nil when up
	RefusedForGood bool  // the bind was refused and is not tried again until Run is called anew
	At             time.Time
}

// Handler receives what a link has to say. Results is called from one goroutine, Deliver from one per session, State from any.
type Handler interface {
	// Results hands over outcomes in batches. Every message taken gets exactly one, except that an
	// Ambiguous after a response timeout may be followed by the real one when the response still comes.
	// The slice is valid during the call.
	Results([]Result)
	// Deliver stores deliveries and returns one command_status for each, sent only then. A missing one is answered ESME_RX_T_APPN.
	// The slice is valid during the call, and so are PDU, UserData and NetworkErrorCode of its elements, whose octets are
	// then overwritten: a handler that keeps them, or whose storing may outlive the call, copies them first ([Delivery.Clone]).
	Deliver(ctx context.Context, d []Delivery) []uint32
	// Alert hands over an alert_notification, from the goroutine of Deliver.
	Alert(Alert)
	// State reports sessions that come and go. It must not block for long.
	State(LinkState)
}

// LinkStatus is a snapshot of a link.
type LinkStatus struct {
	Name           string
	SMSC           string    // system_id of the SMSC
	Bound          bool      // messages can be submitted
	Sessions       int       // bound sessions of any kind
	Since          time.Time // when Bound last changed
	WindowUsed     int       // messages taken and not answered, over all sessions, stuck ones included
	WindowSize     int       // over all bound sessions that submit
	Stuck          int       // of WindowUsed, those whose response is overdue
	Sent           uint64    // submit_sm written
	Answered       uint64    // responses to them
	Throttled      uint64    // of Answered, those with ESME_RTHROTTLED or ESME_RMSGQFUL
	Ambiguous      uint64    // written, and no response in time or before the session ended
	Received       uint64    // deliver_sm and data_sm
	Malformed      uint64    // frames for the ring of [Link.Malformed]
	LastError      error
	RefusedForGood bool
}

// Link is one SMSC link. All methods may be called from any goroutine.
type Link struct {
	cfg      Config                             // without the password
	password func() string                      // a closure, so that no printing of a Link can show it
	caller   func(system, password string) bool // whether an outbind comes from our SMSC
	handler  Handler
	template *template
	binding  chan struct{} // one bind at a time, so that a wrong password is tried once
	ready    chan struct{}
	results  chan struct{} // wakes report
	keepers  sync.WaitGroup

	listeners atomic.Pointer[[]*listener]

	mu        sync.Mutex // guards what follows, and the sessions
	running   bool
	wires     int // connections so far
	sessions  []*session
	paths     map[Address]path // destinations in flight, when several sessions submit; else nil
	outbox    []Result
	changed   chan struct{} // closed when slots become free or sessions come and go
	awaited   bool          // somebody waits for changed
	refused   error
	smsc      string
	welcome   bool // a bind was accepted
	malformed []Malformed
	status    LinkStatus // counters, Since, LastError
}

// NewLink checks the configuration; nothing is connected before Run.
func NewLink(cfg Config, h Handler) (*Link, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	password := string(cfg.Password)
	cfg.Password = ""
	l := &Link{
		cfg: cfg, password: func() string { return password }, handler: h, template: newTemplate(cfg.Submit, cfg.Version),
		binding: make(chan struct{}, 1), ready: make(chan struct{}, 1), results: make(chan struct{}, 1),
		changed: make(chan struct{}),
	}
	if cfg.Outbind != nil {
		l.cfg.Outbind, l.caller = &OutbindListener{Listen: cfg.Outbind.Listen}, cfg.Outbind.matches()
	}
	if cfg.Binds > 1 {
		l.paths = map[Address]path{}
	}
	l.status.Since = time.Now()
	return l, nil
}

// Run keeps the link bound until ctx ends; it then waits a few seconds for outstanding responses,
// unbinds and returns nil. It returns the *[BindError] when the SMSC refused the bind for good.
func (l *Link) Run(ctx context.Context) error {
	l.mu.Lock()
	if l.running {
		l.mu.Unlock()
		return fmt.Errorf("smpp: link %s runs already", l.cfg.Name)
	}
	l.running, l.refused = true, nil
	l.mu.Unlock()

	keep, drop := context.WithCancel(context.WithoutCancel(ctx)) // deliveries are still stored while draining
	stop, reported := make(chan struct{}), make(chan struct{})
	go func() { defer close(reported); l.report(stop) }()
	calling, deafen := context.WithCancel(ctx)
	var lanes, callers sync.WaitGroup
	if l.caller != nil {
		callers.Go(func() { l.listen(calling, keep) })
	}
	for range l.cfg.Binds {
		if l.cfg.Bind == Transceiver {
			lanes.Go(func() { l.lane(ctx, keep, transceiver) })
			continue
		}
		lanes.Go(func() { l.lane(ctx, keep, transmitter) })
		lanes.Go(func() { l.lane(ctx, keep, receiver) })
	}
	lanes.Wait()
	deafen() // a bind refused for good ends the lanes before ctx
	callers.Wait()
	drop()
	l.keepers.Wait()
	close(stop)
	<-reported

	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = false
	if ctx.Err() != nil {
		return nil
	}
	return l.refused
}

// lane keeps one session bound, again and again.
func (l *Link) lane(ctx, keep context.Context, r role) {
	delay := l.cfg.ReconnectMin
	for ctx.Err() == nil {
		start := time.Now()
		err := l.once(ctx, keep, r)
		if ctx.Err() != nil || forGood(err) {
			return
		}
		if time.Since(start) > l.cfg.ReconnectMax && !errors.Is(err, ErrFraming) { // what broke the stream will be sent again
			delay = l.cfg.ReconnectMin
		}
		wait := time.NewTimer(delay/2 + rand.N(delay/2+1))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
		}
		delay = min(2*delay, l.cfg.ReconnectMax)
	}
}

// once binds and serves one session to its end.
func (l *Link) once(ctx, keep context.Context, r role) error {
	return l.bindAndServe(ctx, keep, r, func() (*wire, error) { return l.open(ctx, r) })
}

// bindAndServe lets open make a bound connection, when it is its turn, and serves the session on it.
func (l *Link) bindAndServe(ctx, keep context.Context, r role, open func() (*wire, error)) error {
	select {
	case l.binding <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	s, err := l.connect(ctx, r, open)
	<-l.binding
	if err != nil {
		return err
	}
	return s.serve(ctx, keep)
}

func (l *Link) connect(ctx context.Context, r role, open func() (*wire, error)) (*session, error) {
	l.mu.Lock()
	refused := l.refused
	l.mu.Unlock()
	if refused != nil {
		return nil, refused
	}
	w, err := open()
	if err != nil {
		if ctx.Err() == nil {
			l.down(err)
		}
		return nil, err
	}
	s := newSession(l, w, r)
	l.attach(s)
	return s, nil
}

// forGood reports whether err ends every lane of the link until its configuration changes.
func forGood(err error) bool {
	var e *BindError
	return errors.As(err, &e) && e.Permanent
}

func (l *Link) attach(s *session) {
	l.mu.Lock()
	wasBound := l.submitters() > 0
	l.sessions = append(l.sessions, s)
	l.since(wasBound)
	l.wake()
	n := len(l.sessions)
	l.mu.Unlock()
	l.handler.State(LinkState{Link: l.cfg.Name, Up: true, Sessions: n, At: time.Now()})
}

// detach settles what the session leaves behind; its goroutines have ended.
func (l *Link) detach(s *session, reason error) {
	l.mu.Lock()
	wasBound := l.submitters() > 0
	l.sessions = slices.DeleteFunc(l.sessions, func(o *session) bool { return o == s })
	s.settle(reason)
	l.since(wasBound)
	l.wake()
	l.mu.Unlock()
	l.down(reason)
}

func (l *Link) down(reason error) {
	l.mu.Lock()
	l.status.LastError = reason
	n := len(l.sessions)
	if forGood(reason) {
		l.refused = reason
	}
	l.mu.Unlock()
	l.handler.State(LinkState{Link: l.cfg.Name, Sessions: n, Reason: reason, RefusedForGood: forGood(reason), At: time.Now()})
}

func (l *Link) submitters() int {
	n := 0
	for _, s := range l.sessions {
		if s.role.submits() {
			n++
		}
	}
	return n
}

func (l *Link) since(wasBound bool) {
	if wasBound != (l.submitters() > 0) {
		l.status.Since = time.Now()
	}
}

// Status takes a snapshot.
func (l *Link) Status() LinkStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := l.status
	st.Name, st.SMSC, st.Sessions = l.cfg.Name, l.smsc, len(l.sessions)
	st.RefusedForGood = l.refused != nil
	for _, s := range l.sessions {
		if s.role.submits() {
			st.Bound = true
			st.WindowSize += l.cfg.Window
			st.WindowUsed += l.cfg.Window - s.free.n
			st.Stuck += s.stuck
		}
	}
	return st
}

// String names the link; its configuration is not printed.
func (l *Link) String() string { return "smpp link " + l.cfg.Name }
