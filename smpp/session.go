package smpp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	drainTime   = 4 * time.Second // for outstanding responses when the link stops
	unbindTime  = time.Second     // for the unbind_resp after that
	maxWrite    = 32 << 10        // submit_sm octets in one write, so that control frames wait for little
	maxControl  = 1 << 20         // unwritten control octets: a peer that asks and never reads
	maxInbox    = 4096            // deliveries waiting for the handler, per session
	inboxOctets = 8 << 20
	maxDeliver  = 1000 // deliveries in one call of the handler
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
	frame      []byte
	sentAt     time.Time
}

// session is one bound connection. All mutable fields are guarded by link.mu.
type session struct {
	link   *Link
	conn   net.Conn
	frames *FrameReader // of the reading goroutine
	role   role

	slots   []slot
	free    chan int // vacant slots, first in first out
	queue   chan int // queued slots
	control []byte   // frames that go before any submit_sm
	stuck   int
	writes  chan struct{} // wakes write

	inbox    []Delivery
	octets   int
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

func newSession(l *Link, conn net.Conn, frames *FrameReader, r role) *session {
	n := l.cfg.Window + 1
	s := &session{
		link: l, conn: conn, frames: frames, role: r, heard: time.Now(),
		slots: make([]slot, n), free: make(chan int, n), queue: make(chan int, n),
		writes: make(chan struct{}, 1), arrivals: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	s.slots[0].generation = 1 // sequence 1 was the bind
	for i := 1; i < n; i++ {
		s.free <- i
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
	_ = s.conn.Close()
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
func (s *session) put(m *Message) error {
	i := <-s.free
	sl := &s.slots[i]
	sequence := s.next(i)
	frame, err := appendSubmit(sl.frame[:0], sequence, m)
	if err != nil {
		s.free <- i
		return err
	}
	sl.phase, sl.sequence, sl.id, sl.frame, sl.sentAt = queued, sequence, m.ID, frame, time.Time{}
	s.queue <- i
	signal(s.writes)
	return nil
}

// vacate frees slot i.
func (s *session) vacate(i int) {
	s.slots[i].phase = vacant
	s.free <- i
	s.link.wake()
}

// answer takes a submit_sm_resp, or a generic_nack for a submit_sm.
func (s *session) answer(h Header, frame []byte) {
	i := int((h.Sequence - 1) % uint32(len(s.slots)))
	sl := &s.slots[i]
	if i == 0 || sl.sequence != h.Sequence || (sl.phase != sent && sl.phase != stuck) {
		return // of an earlier use of the slot, or never asked for
	}
	r := Result{ID: sl.id, Outcome: OutcomeOf(h.Status), Status: h.Status, SentAt: sl.sentAt}
	switch {
	case h.Command == GenericNack && h.Status == StatusOK:
		r.Outcome, r.Err = Refused, errors.New("smpp: generic_nack with status 0")
	case h.Status == StatusOK:
		r.MessageID, r.Err = messageID(frame[HeaderLen:])
	default:
		r.Err = fmt.Errorf("smpp: link %s: %s", s.link.cfg.Name, StatusName(h.Status))
	}
	if sl.phase == stuck {
		s.stuck--
	}
	s.link.status.Answered++
	s.link.result(r)
	s.vacate(i)
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
	for i := range s.slots {
		sl := &s.slots[i]
		switch sl.phase {
		case queued:
			s.link.result(Result{ID: sl.id, Outcome: Unsent, Err: reason})
		case sent:
			s.link.result(Result{ID: sl.id, Outcome: Ambiguous, Err: reason, SentAt: sl.sentAt})
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
		s.link.result(Result{ID: sl.id, Outcome: Ambiguous, SentAt: sl.sentAt,
			Err: fmt.Errorf("smpp: link %s: no response within %v", s.link.cfg.Name, s.link.cfg.ResponseTimeout)})
	}
}

// drain brings a session that is no longer wanted to its unbind.
func (s *session) drain(now time.Time) {
	if s.drainBy.IsZero() {
		s.drainBy = now.Add(drainTime)
		s.link.wake()
	}
	idle := len(s.free) == s.link.cfg.Window-s.stuck && len(s.inbox) == 0 && !s.storing
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
