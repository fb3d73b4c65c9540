package smpp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	drainTime  = 3 * time.Second // for outstanding responses when the link stops
	unbindTime = time.Second     // for the unbind_resp after that
	maxWrite   = 64 << 10        // submit_sm octets in one write, so that control frames wait for little
	maxControl = 1 << 20         // unwritten control octets: a peer that asks and never reads
)

var (
	errUnbound = errors.New("the SMSC unbound the session")
	errStuck   = errors.New("a quarter of the window has no response")
)

// phase is where the message in a slot is.
type phase byte

const (
	vacant phase = iota
	queued       // not one octet written
	sent         // in a write that has begun
	stuck        // reported Ambiguous after the response timeout, waiting for a late response
)

// slot is one place in the window. Its sequence numbers are generation x (window+1) + index + 1, so
// they differ from use to use and a late response never meets another message. Index 0 is for our own requests.
type slot struct {
	phase      phase
	generation uint32
	sequence   uint32
	id         int64
	to         Address
	frame      []byte
	sentAt     time.Time
}

// ring is a first-in first-out of slot numbers with room for every slot.
type ring struct {
	at      []int32
	head, n int
}

func (r *ring) push(i int) {
	end := r.head + r.n
	if end >= len(r.at) {
		end -= len(r.at)
	}
	r.at[end] = int32(i)
	r.n++
}

func (r *ring) pop() int {
	i := r.at[r.head]
	if r.head++; r.head == len(r.at) {
		r.head = 0
	}
	r.n--
	return int(i)
}

// session is one bound connection. All mutable fields are guarded by link.mu.
type session struct {
	link   *Link
	wire   *wire // its frames are read by the reading goroutine only
	role   role
	number int

	slots    []slot
	free     ring   // vacant slots
	queue    ring   // queued slots
	control  []byte // frames that go before any submit_sm
	stuck    int
	writes   chan struct{}          // wakes write
	requests map[uint32]chan []byte // by sequence; who asked waits for the response

	inbox    inbox // for the handler
	alerts   []Alert
	storing  bool // the handler is storing deliveries
	arrivals chan struct{}

	heard     time.Time // last whole frame
	enquired  time.Time // outstanding enquire_link, zero when none
	drainBy   time.Time // zero while the link is wanted
	unbindBy  time.Time // zero until our unbind is queued
	hangUp    bool      // end the session when control is written
	ended     chan struct{}
	endReason error
}

func newSession(l *Link, w *wire, r role) *session {
	n := l.cfg.Window + 1
	s := &session{
		link: l, wire: w, role: r, number: w.number, heard: time.Now(),
		slots: make([]slot, n), free: ring{at: make([]int32, n)}, queue: ring{at: make([]int32, n)},
		writes: make(chan struct{}, 1), requests: map[uint32]chan []byte{},
		arrivals: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	s.slots[0].generation = 1 // sequence 1 was the bind
	for i := 1; i < n; i++ {
		s.free.push(i)
	}
	return s
}

// serve runs the session to its end and returns the reason.
func (s *session) serve(ctx, keep context.Context) error {
	var hands sync.WaitGroup
	hands.Go(s.read)
	hands.Go(s.write)
	hands.Go(func() { s.watch(ctx) })
	s.link.keepers.Go(func() { s.keep(keep) })
	<-s.ended
	_ = s.wire.Close()
	hands.Wait()
	reason := fmt.Errorf("smpp: link %s: session ended: %w", s.link.cfg.Name, s.endReason)
	s.link.detach(s, reason)
	return reason
}

// end gives the session its reason to end; the first one counts.
func (s *session) end(reason error) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	s.endLocked(reason)
}

func (s *session) endLocked(reason error) {
	if s.endReason == nil {
		s.endReason = reason
		close(s.ended)
	}
}

// takes reports whether messages may be put here.
func (s *session) takes() bool {
	return s.role.submits() && s.endReason == nil && s.drainBy.IsZero() && !s.hangUp
}

func (s *session) next(i int) uint32 {
	sl, n := &s.slots[i], uint32(len(s.slots))
	if sl.generation > (maxSequence-n)/n {
		sl.generation = 0
	}
	sequence := sl.generation*n + uint32(i) + 1
	sl.generation++
	return sequence
}

// put encodes m into a free slot, of which there is one.
func (s *session) put(m *Message, now time.Time) error {
	i := s.free.pop()
	sl := &s.slots[i]
	sequence := s.next(i)
	frame, err := s.link.template.append(sl.frame[:0], sequence, m, now)
	if err != nil {
		s.free.push(i)
		return err
	}
	sl.phase, sl.sequence, sl.id, sl.to, sl.frame, sl.sentAt = queued, sequence, m.ID, m.Destination, frame, time.Time{}
	s.queue.push(i)
	s.link.follow(sl.to, s, 1)
	signal(s.writes)
	return nil
}

// vacate frees slot i; the caller wakes who waits for it.
func (s *session) vacate(i int) {
	s.slots[i].phase = vacant
	s.free.push(i)
	s.link.follow(s.slots[i].to, s, -1)
}

// answer takes a submit_sm_resp, or a generic_nack for any request.
func (s *session) answer(h Header, frame []byte) {
	i := int((h.Sequence - 1) % uint32(len(s.slots)))
	sl := &s.slots[i]
	if i == 0 && h.Command == GenericNack {
		s.reply(h, frame)
		return
	}
	if i == 0 || sl.sequence != h.Sequence || (sl.phase != sent && sl.phase != stuck) {
		return // of an earlier use of the slot, or never asked for
	}
	r := s.link.result(Result{ID: sl.id, Outcome: OutcomeOf(h.Status), Status: h.Status, SentAt: sl.sentAt, DoneAt: s.heard})
	s.judge(r, h, frame)
	if sl.phase == stuck {
		s.stuck--
	}
	s.link.status.Answered++
	s.vacate(i)
}

// judge completes a result with what the response says beside its status.
func (s *session) judge(r *Result, h Header, frame []byte) {
	switch {
	case h.Command == GenericNack && h.Status == StatusOK:
		r.Outcome, r.Err = Refused, errors.New("smpp: generic_nack with status 0")
		s.malform(frame, "generic_nack with status 0")
	case h.Status == StatusOK:
		if r.MessageID, r.Err = messageID(frame[HeaderLen:]); r.Err != nil {
			s.malform(frame, r.Err.Error())
		}
	default:
		r.Err = fmt.Errorf("smpp: link %s: %s", s.link.cfg.Name, StatusName(h.Status))
		if h.Status == StatusThrottled || h.Status == StatusQueueFull {
			s.link.status.Throttled++
		}
	}
}

// messageID reads the body of a submit_sm_resp with status 0, which may be missing altogether.
func messageID(body []byte) (string, error) {
	if end := bytes.IndexByte(body, 0); end >= 0 {
		body = body[:end]
	}
	if len(body) >= maxField {
		return "", fmt.Errorf("smpp: message_id of %d octets, at most 64 are possible", len(body))
	}
	return string(body), nil
}

// settle reports every message without an answer. The caller holds mu and all goroutines have ended.
func (s *session) settle(reason error) {
	now := time.Now()
	for i := range s.slots {
		sl := &s.slots[i]
		switch sl.phase {
		case queued:
			s.link.result(Result{ID: sl.id, Outcome: Unsent, Err: reason, DoneAt: now})
		case sent:
			s.link.result(Result{ID: sl.id, Outcome: Ambiguous, Err: reason, SentAt: sl.sentAt, DoneAt: now})
		}
		if sl.phase != vacant {
			s.link.follow(sl.to, s, -1)
		}
		sl.phase = vacant
	}
}

// watch is the session's clock.
func (s *session) watch(ctx context.Context) {
	cfg := &s.link.cfg
	tick := min(max(min(cfg.ResponseTimeout, cfg.EnquireInterval)/10, 5*time.Millisecond), time.Second)
	clock := time.NewTicker(tick)
	defer clock.Stop()
	stop := ctx.Done()
	for {
		select {
		case <-s.ended:
			return
		case <-stop:
			stop = nil
			clock.Reset(5 * time.Millisecond)
		case <-clock.C:
		}
		s.tick(time.Now(), stop == nil)
	}
}

func (s *session) tick(now time.Time, stopping bool) {
	l := s.link
	l.mu.Lock()
	defer l.mu.Unlock()
	s.expire(now)
	quiet := now.Sub(s.heard)
	switch {
	case s.stuck > 0 && s.stuck >= l.cfg.Window/4:
		s.endLocked(errStuck)
	case !s.enquired.IsZero() && now.Sub(s.enquired) >= l.cfg.ResponseTimeout:
		s.endLocked(fmt.Errorf("nothing heard for %v, enquire_link not answered", quiet.Round(time.Millisecond)))
	case s.enquired.IsZero() && quiet >= l.cfg.EnquireInterval:
		s.enquired = now
		s.command(EnquireLink, StatusOK, s.next(0), nil)
	}
	if stopping {
		s.drain(now)
	}
}

// expire reports messages whose response is overdue; their slots stay taken.
func (s *session) expire(now time.Time) {
	for i := range s.slots {
		sl := &s.slots[i]
		if sl.phase != sent || now.Sub(sl.sentAt) < s.link.cfg.ResponseTimeout {
			continue
		}
		sl.phase = stuck
		s.stuck++
		s.link.result(Result{ID: sl.id, Outcome: Ambiguous, SentAt: sl.sentAt, DoneAt: now,
			Err: fmt.Errorf("smpp: link %s: no response within %v", s.link.cfg.Name, s.link.cfg.ResponseTimeout)})
	}
}

// drain brings a session that is no longer wanted to its unbind.
func (s *session) drain(now time.Time) {
	if s.drainBy.IsZero() {
		s.drainBy = now.Add(drainTime)
		s.link.wake()
	}
	idle := s.free.n == s.link.cfg.Window-s.stuck && s.inbox.n == 0 && !s.storing
	switch {
	case !s.unbindBy.IsZero():
		if now.After(s.unbindBy) {
			s.endLocked(errStopped)
		}
	case idle || now.After(s.drainBy):
		s.unbindBy = now.Add(unbindTime)
		s.command(Unbind, StatusOK, s.next(0), nil)
	}
}
