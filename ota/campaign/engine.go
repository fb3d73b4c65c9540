package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/swap"
)

// Store is what the engine needs of the records.
type Store interface {
	catalog.Store
	ledger.Store
}

// Config is what an Engine works with.
type Config struct {
	Store   Store
	Desk    *delivery.Desk
	Links   []string // names of the links that this server has
	Node    string   // name of this server, for leases
	Speed   float64  // 1 in the field; a laboratory divides every deadline by it
	Workers int      // targets worked on at once; 0 means 512: most of the time they wait for the same commit, and the more wait the fewer commits there are
	Now     func() time.Time
	Log     zerolog.Logger
}

const (
	leaseFor   = 10 * time.Minute
	dueChunk   = 512
	shards     = 64
	mostRounds = 32 // actions for one target in one go, a guard against a saga that never rests
)

// Engine runs campaigns. Its methods may be called from any goroutine.
type Engine struct {
	cfg    Config
	queue  wakeQueue
	leases leaseBook
	specs  specBook
	facts  factsBook
	naps   napBook
	nudge  chan struct{} // the pacer should look again
	alarm  alarm         // when the clock looks again
}

// New makes an engine. Its Wake is what the desk calls, so both are made
// before either runs; SetDesk joins them.
func New(cfg Config) *Engine {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Workers == 0 {
		cfg.Workers = 512
	}
	if cfg.Speed == 0 {
		cfg.Speed = 1
	}
	return &Engine{cfg: cfg, queue: newWakeQueue(), nudge: make(chan struct{}, 1), alarm: alarm{ring: make(chan struct{}, 1)}}
}

// SetDesk gives the engine the desk that it sends by.
func (e *Engine) SetDesk(d *delivery.Desk) { e.cfg.Desk = d }

// Wake says that a target has new evidence. It never blocks.
func (e *Engine) Wake(targetID int64) { e.queue.put(targetID) }

// WakeFirst is Wake for what cannot wait its turn.
func (e *Engine) WakeFirst(targetID int64) { e.queue.first(targetID) }

// WakeWithin wakes a target after d, unless something else does before.
func (e *Engine) WakeWithin(targetID int64, d time.Duration) { e.naps.begin(targetID, d, e.Wake) }

// Run works until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range e.cfg.Workers {
		wg.Go(func() { e.work(ctx) })
	}
	wg.Go(func() { e.recall(ctx) })
	wg.Go(func() { e.clock(ctx) })
	wg.Go(func() { e.pace(ctx) })
	<-ctx.Done()
	e.queue.close()
	e.naps.stop()
	wg.Wait()
	return ctx.Err()
}

func (e *Engine) work(ctx context.Context) {
	for {
		id, ok := e.queue.take()
		if !ok {
			return
		}
		e.naps.end(id)
		if err := e.process(ctx, id); err != nil && ctx.Err() == nil {
			e.cfg.Log.Error().Err(err).Int64("target", id).Msg("target not worked on: it is tried again")
			e.later(ctx, id)
		}
		e.queue.done(id)
	}
}

// recall looks at every target that evidence may have reached without anybody
// being told: the last server may have died between the two.
func (e *Engine) recall(ctx context.Context) {
	all, err := e.cfg.Store.Campaigns(ctx)
	for _, c := range all {
		if err == nil && c.State != ledger.CampaignCreated {
			err = e.each(ctx, c.ID, func(t ledger.TargetRow) error {
				if !t.ReleasedAt.IsZero() && (t.ClosedAt.IsZero() || swap.State(t.State).Raisable()) {
					e.Wake(t.ID)
				}
				return nil
			})
		}
	}
	if err != nil && ctx.Err() == nil {
		e.cfg.Log.Error().Err(err).Msg("open targets not recalled: each is worked on when it is due")
	}
}

// later wakes a target again after a moment that does not spin.
func (e *Engine) later(ctx context.Context, id int64) {
	time.AfterFunc(time.Second, func() {
		if ctx.Err() == nil {
			e.Wake(id)
		}
	})
}

// clock wakes targets whose time has come.
func (e *Engine) clock(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		ids, next, err := e.cfg.Store.Due(ctx, e.cfg.Now(), dueChunk)
		if err != nil && ctx.Err() == nil {
			e.cfg.Log.Error().Err(err).Msg("due targets not read")
		}
		fresh := 0
		for _, id := range ids {
			if e.queue.put(id) {
				fresh++
			}
		}
		wait := time.Second
		switch {
		case fresh > 0 && len(ids) == dueChunk:
			wait = 5 * time.Millisecond
		case len(ids) > 0:
			wait = 50 * time.Millisecond
		case !next.IsZero():
			wait = min(wait, max(next.Sub(e.cfg.Now()), time.Millisecond))
		}
		timer.Reset(wait)
		e.alarm.set(e.cfg.Now().Add(wait))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-e.alarm.ring:
		}
	}
}

// alarm is when the clock looks for due targets, unless something is due sooner.
type alarm struct {
	mu   sync.Mutex
	at   time.Time
	ring chan struct{}
}

func (a *alarm) set(at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = at
}

// sooner lets the clock look again when t is before its time.
func (a *alarm) sooner(t time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !t.IsZero() && t.Before(a.at) {
		poke(a.ring)
	}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// scale shortens a duration of the field to the laboratory's clock.
func (e *Engine) scale(d time.Duration) time.Duration {
	return time.Duration(float64(d) / e.cfg.Speed)
}

// lease takes or renews the lease on a target.
func (e *Engine) lease(ctx context.Context, id int64, now time.Time) (ledger.Lease, error) {
	if l, ok := e.leases.get(id, now); ok {
		return l, nil
	}
	op := &ledger.TakeLease{TargetID: id, Node: e.cfg.Node, Now: now, Until: now.Add(leaseFor)}
	if err := e.cfg.Store.Apply(ctx, op)[0]; err != nil {
		return ledger.Lease{}, err
	}
	l := ledger.Lease{TargetID: id, Token: op.NewToken}
	e.leases.put(l, now.Add(leaseFor/2))
	return l, nil
}

// leaseBook remembers the leases this server holds.
type leaseBook struct {
	mu   sync.Mutex
	held map[int64]heldLease
}

type heldLease struct {
	lease ledger.Lease
	until time.Time
}

func (b *leaseBook) get(id int64, now time.Time) (ledger.Lease, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h, ok := b.held[id]
	return h.lease, ok && now.Before(h.until)
}

func (b *leaseBook) put(l ledger.Lease, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held == nil {
		b.held = map[int64]heldLease{}
	}
	b.held[l.TargetID] = heldLease{l, until}
}

func (b *leaseBook) drop(id int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.held, id)
}

// napBook holds targets that are woken later.
type napBook struct {
	mu     sync.Mutex
	timers map[int64]*time.Timer
}

// begin sets the alarm, when there is none.
func (b *napBook) begin(id int64, d time.Duration, wake func(int64)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timers == nil {
		b.timers = map[int64]*time.Timer{}
	}
	if b.timers[id] == nil {
		b.timers[id] = time.AfterFunc(d, func() { b.end(id); wake(id) })
	}
}

// end forgets the alarm: the target is awake.
func (b *napBook) end(id int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.timers[id]; t != nil {
		t.Stop()
		delete(b.timers, id)
	}
}

// stop forgets every alarm.
func (b *napBook) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.timers {
		t.Stop()
	}
	b.timers = nil
}

// spec is the file of a target's campaign.
func (e *Engine) spec(ctx context.Context, c ledger.Campaign) (Spec, error) {
	if s, ok := e.specs.known(c.ID); ok {
		return s, nil
	}
	c, err := e.cfg.Store.Campaign(ctx, c.Name)
	if err != nil {
		return Spec{}, err
	}
	return e.specs.get(c)
}

// specBook keeps parsed campaign files: a stored campaign never changes.
type specBook struct {
	mu    sync.Mutex
	specs map[int64]Spec
}

func (b *specBook) known(id int64) (Spec, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.specs[id]
	return s, ok
}

func (b *specBook) get(c ledger.Campaign) (Spec, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, ok := b.specs[c.ID]; ok {
		return s, nil
	}
	s, err := ParseSpec(c.Spec)
	if err != nil {
		return s, fmt.Errorf("campaign %s: stored file: %w", c.Name, err)
	}
	if b.specs == nil {
		b.specs = map[int64]Spec{}
	}
	b.specs[c.ID] = s
	return s, nil
}

func marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("campaign: %w", err)
	}
	return b, nil
}

// wakeQueue holds targets to work on, each once. A target that is woken while
// a worker has it comes back when the worker is done.
type wakeQueue struct {
	mu     *sync.Mutex
	cond   *sync.Cond
	order  []int64
	state  map[int64]wakeState
	closed bool
}

type wakeState byte

const (
	queued wakeState = iota + 1
	working
	workingAndWoken
)

func newWakeQueue() wakeQueue {
	mu := &sync.Mutex{}
	return wakeQueue{mu: mu, cond: sync.NewCond(mu), state: map[int64]wakeState{}}
}

// put adds a target and reports whether that is news.
func (q *wakeQueue) put(id int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch q.state[id] {
	case queued, workingAndWoken:
		return false
	case working:
		q.state[id] = workingAndWoken
		return true
	}
	q.state[id] = queued
	q.order = append(q.order, id)
	q.cond.Signal()
	return true
}

// first adds a target before all others.
func (q *wakeQueue) first(id int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch q.state[id] {
	case working, workingAndWoken:
		q.state[id] = workingAndWoken
		return
	case queued:
		q.order = slices.DeleteFunc(q.order, func(o int64) bool { return o == id })
	}
	q.state[id] = queued
	q.order = slices.Insert(q.order, 0, id)
	q.cond.Signal()
}

func (q *wakeQueue) take() (int64, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.order) == 0 && !q.closed {
		q.cond.Wait()
	}
	if q.closed {
		return 0, false
	}
	id := q.order[0]
	q.order = q.order[1:]
	q.state[id] = working
	return id, true
}

// depth is how many targets wait for a worker.
func (q *wakeQueue) depth() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.order)
}

func (q *wakeQueue) done(id int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.state[id] == workingAndWoken {
		q.state[id] = queued
		q.order = append(q.order, id)
		q.cond.Signal()
		return
	}
	delete(q.state, id)
}

func (q *wakeQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.cond.Broadcast()
}
