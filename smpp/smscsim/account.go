package smscsim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/simota/simota/smpp"
)

// ErrQueueFull: too many deliveries wait for the account.
var ErrQueueFull = errors.New("smscsim: delivery queue of the account is full")

// account is what its sessions share: deliveries in order, and the rate.
type account struct {
	srv  *Server
	name string

	mu        sync.Mutex // guards what follows and the outstanding deliveries of its sessions; session.mu may be taken under it
	limiter   *rate.Limiter
	ready     fifo
	waiting   int        // deliveries under way: ready, outstanding or to be repeated
	receivers []*session // in the order of their binds
	turn      int        // the receiver used last
	sweeping  bool       // a look at the deadlines is on the agenda
}

// parcel is a message on its way to the ESME.
type parcel struct {
	mo       MO
	damage   int // kind of damage, 0 is none
	done     func(status uint32, err error)
	status   uint32        // of the last response
	delay    time.Duration // before the latest repetition
	counted  bool          // in account.waiting
	off      bool          // over, or given up by its sender
	sequence uint32        // as it was sent last
	deadline time.Time
}

// fifo is a queue of parcels.
type fifo struct {
	parcels []*parcel
	head    int
}

func (f *fifo) push(p *parcel) { f.parcels = append(f.parcels, p) }

// first is the oldest parcel, nil if there is none.
func (f *fifo) first() *parcel {
	if f.head == len(f.parcels) {
		return nil
	}
	return f.parcels[f.head]
}

func (f *fifo) pop() {
	f.parcels[f.head] = nil
	if f.head++; f.head == len(f.parcels) {
		f.parcels, f.head = f.parcels[:0], 0
	} else if f.head >= 1024 && 2*f.head >= len(f.parcels) { // half of it is gone
		f.parcels = slices.Delete(f.parcels, 0, f.head)
		f.head = 0
	}
}

// allow takes a token of the rate, in submit_sm a second; 0 is no limit. The bucket holds a tenth of a second.
func (a *account) allow(perSecond float64, now time.Time) bool {
	if perSecond == 0 {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.limiter == nil || a.limiter.Limit() != rate.Limit(perSecond) {
		a.limiter = rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/10)))
	}
	return a.limiter.AllowN(now, 1)
}

// post queues a parcel.
func (a *account) post(p *parcel) error {
	a.mu.Lock()
	if a.waiting >= a.srv.cfg.Queue {
		a.mu.Unlock()
		return ErrQueueFull
	}
	if !p.off { // its sender may have given up before its time came
		a.waiting++
		p.counted = true
		a.ready.push(p)
	}
	a.mu.Unlock()
	a.pump(nil)
	return nil
}

// over ends a parcel, once. The caller holds mu, and calls done without it.
func (a *account) over(p *parcel) bool {
	if p.off {
		return false
	}
	p.off = true
	if p.counted {
		a.waiting--
	}
	return true
}

// giveUp forgets a parcel whose sender does not wait any longer, and returns the status of its last response.
func (a *account) giveUp(p *parcel) uint32 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over(p)
	return p.status
}

func (a *account) join(c *session) {
	a.mu.Lock()
	a.receivers = append(a.receivers, c)
	a.mu.Unlock()
	a.pump(nil)
}

// leave takes back what a session has not got answered.
func (a *account) leave(c *session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.receivers = slices.DeleteFunc(a.receivers, func(o *session) bool { return o == c })
	for p := c.sent.first(); p != nil; p = c.sent.first() {
		c.sent.pop()
		if c.outstanding[p.sequence] == p {
			delete(c.outstanding, p.sequence)
			a.again(p)
		}
	}
}

// again has a parcel sent once more, after a delay that doubles. The caller holds mu.
func (a *account) again(p *parcel) {
	if p.off {
		return
	}
	p.delay = min(max(2*p.delay, a.srv.cfg.RetryMin), a.srv.cfg.RetryMax)
	a.srv.agenda.after(p.delay, func() {
		a.mu.Lock()
		a.ready.push(p)
		a.mu.Unlock()
		a.pump(nil)
	})
}

// pump sends what is ready to the receivers in turn, as far as their windows go. Of by, which flushes
// by itself, nothing is flushed.
func (a *account) pump(by *session) {
	var misfits []*parcel
	a.mu.Lock()
	var used []*session
	for p := a.ready.first(); p != nil; p = a.ready.first() {
		if p.off {
			a.ready.pop()
			continue
		}
		c := a.next()
		if c == nil {
			break
		}
		a.ready.pop()
		if !a.dispatch(c, p) {
			if a.over(p) {
				misfits = append(misfits, p)
			}
			continue
		}
		if c != by && !slices.Contains(used, c) {
			used = append(used, c)
		}
	}
	a.mu.Unlock()
	for _, c := range used {
		c.flush()
	}
	for _, p := range misfits {
		p.done(0, fmt.Errorf("smscsim: message of %d octets has no place in a session of version 3.3", len(p.mo.UserData)))
	}
}

// next is the next receiver with room. The caller holds mu.
func (a *account) next() *session {
	for range a.receivers {
		a.turn++
		c := a.receivers[a.turn%len(a.receivers)]
		if len(c.outstanding) < a.srv.cfg.Window && !c.full() {
			return c
		}
	}
	return nil
}

// dispatch gives a parcel to a session, and reports whether it fits. The caller holds mu.
func (a *account) dispatch(c *session, p *parcel) bool {
	p.sequence = c.number()
	command, body, err := p.mo.encode(c.version >= version34)
	if err != nil {
		return false
	}
	if p.damage != 0 {
		command, body = damaged(p.damage, command, body)
	}
	c.outstanding[p.sequence] = p
	p.deadline = time.Now().Add(a.srv.cfg.RespTimeout)
	c.sent.push(p)
	c.send(command, 0, p.sequence, body, "")
	if !a.sweeping {
		a.sweeping = true
		a.srv.agenda.after(a.srv.cfg.RespTimeout, a.sweep)
	}
	return true
}

// answered settles what a session's ESME has answered.
func (a *account) answered(c *session, h smpp.Header) {
	a.mu.Lock()
	p := c.outstanding[h.Sequence]
	if p == nil {
		a.mu.Unlock()
		return
	}
	delete(c.outstanding, h.Sequence)
	c.trim()
	p.status = h.Status
	final := smpp.OutcomeOf(h.Status) != smpp.Temporary
	if final {
		final = a.over(p)
	} else {
		a.again(p)
	}
	more := a.ready.first() != nil
	a.mu.Unlock()
	if final {
		p.done(h.Status, nil)
	}
	if more {
		a.pump(c)
	}
}

// trim forgets answered deliveries at the head of sent. The caller holds account.mu.
func (c *session) trim() {
	for p := c.sent.first(); p != nil && c.outstanding[p.sequence] != p; p = c.sent.first() {
		c.sent.pop()
	}
}

// sweep repeats what was not answered in time.
func (a *account) sweep() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now, next := time.Now(), time.Time{}
	for _, c := range a.receivers {
		c.trim()
		for p := c.sent.first(); p != nil; p = c.sent.first() {
			if p.deadline.After(now) {
				if next.IsZero() || p.deadline.Before(next) {
					next = p.deadline
				}
				break
			}
			delete(c.outstanding, p.sequence)
			c.trim()
			a.again(p)
		}
	}
	if a.sweeping = !next.IsZero(); a.sweeping {
		a.srv.agenda.after(next.Sub(now), a.sweep)
	}
}

// await starts a parcel and waits for its end, or that of ctx.
func (a *account) await(ctx context.Context, p *parcel, start func() error) (uint32, error) {
	type end struct {
		status uint32
		err    error
	}
	ended := make(chan end, 1)
	p.done = func(status uint32, err error) { ended <- end{status, err} }
	if err := start(); err != nil {
		return 0, err
	}
	select {
	case e := <-ended:
		return e.status, e.err
	case <-ctx.Done():
		return a.giveUp(p), fmt.Errorf("smscsim: delivery to %s given up: %w", a.name, context.Cause(ctx))
	case <-a.srv.ctx.Done():
		return a.giveUp(p), fmt.Errorf("smscsim: delivery to %s given up: %w", a.name, ErrClosed)
	}
}
