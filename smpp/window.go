package smpp

import (
	"context"
	"fmt"
	"time"
)

// Submit queues messages for writing and returns how many were taken: all of them, unless ctx ends
// or no session is bound ([ErrNotBound]). It blocks while the windows are full. A message
// that cannot be encoded is taken and gets the Result Refused with an error and no status.
func (l *Link) Submit(ctx context.Context, ms []Message) (int, error) {
	for taken := 0; ; {
		if err := ctx.Err(); err != nil {
			return taken, err
		}
		n, changed, err := l.put(ms[taken:])
		if taken += n; err != nil || taken == len(ms) {
			return taken, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// TrySubmit is Submit that never blocks. It returns the messages that the windows have no room for now, perhaps all.
// One that is left holds back those behind it to its destination, and no others.
func (l *Link) TrySubmit(ms []Message) (left []Message, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for i := range ms {
		taken, err := l.place(&ms[i], now)
		if err != nil {
			return append(left, ms[i:]...), err
		}
		if !taken {
			left = append(left, ms[i])
		}
	}
	return left, nil
}

// put queues as many messages as the windows hold. When it is not all of them, changed is closed once it is
// worth trying again.
func (l *Link) put(ms []Message) (n int, changed <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for now := time.Now(); n < len(ms); n++ {
		taken, err := l.place(&ms[n], now)
		if err != nil {
			return n, nil, err
		}
		if !taken {
			l.awaited = true
			break
		}
	}
	return n, l.changed, nil
}

// place queues a message; taken is false when it has to wait. The caller holds mu.
func (l *Link) place(m *Message, now time.Time) (taken bool, err error) {
	s, bound := l.pick(m.Destination)
	switch {
	case !bound:
		return false, fmt.Errorf("link %s: %w", l.cfg.Name, ErrNotBound)
	case s == nil:
		return false, nil
	}
	if err := s.put(m, now); err != nil {
		l.result(Result{ID: m.ID, Outcome: Refused, Err: err, DoneAt: now})
	}
	return true, nil
}

// path is the session that a destination's messages keep to while some are in flight, so that
// parts do not overtake each other.
type path struct {
	session  *session
	inFlight int
}

// pick is the session for a message: that of its destination, or the one with the most free slots; nil
// when it has to wait because that window is full or the handler is too far behind.
func (l *Link) pick(to Address) (best *session, bound bool) {
	kept := l.paths[to].session
	if kept != nil && !kept.takes() {
		kept = nil
	}
	most := 0
	for _, s := range l.sessions {
		if !s.takes() {
			continue
		}
		bound = true
		if n := s.free.n; n > most && (kept == nil || s == kept) && !l.behind() {
			best, most = s, n
		}
	}
	return best, bound
}

// follow counts a message in or out of its destination's path.
func (l *Link) follow(to Address, s *session, change int) {
	if l.paths == nil {
		return
	}
	p := l.paths[to]
	if p.session != s {
		if change < 0 {
			return // the destination took another path meanwhile
		}
		p = path{session: s}
	}
	if p.inFlight += change; p.inFlight == 0 {
		delete(l.paths, to)
		return
	}
	l.paths[to] = p
}

// behind reports that the handler has not yet taken so many results that no more messages should follow.
func (l *Link) behind() bool { return len(l.outbox) >= 4096+4*l.cfg.Window*l.cfg.Binds }

// Free is the number of messages that Submit would take now without waiting for the window; 0 when not bound.
func (l *Link) Free() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, s := range l.sessions {
		if s.takes() && !l.behind() {
			n += s.free.n
		}
	}
	return n
}

// Ready receives a value after slots became free or a session was bound or lost. It is meant for one
// reader, which looks at Free after each value.
func (l *Link) Ready() <-chan struct{} { return l.ready }

// wake tells waiting submitters to look again. The caller holds mu.
func (l *Link) wake() {
	if l.awaited {
		close(l.changed)
		l.changed, l.awaited = make(chan struct{}), false
	}
	signal(l.ready)
}

// result queues a result for the handler; it may be completed until mu, which the caller holds, is released.
func (l *Link) result(r Result) *Result {
	if r.Outcome == Ambiguous {
		l.status.Ambiguous++
	}
	l.outbox = append(l.outbox, r)
	signal(l.results)
	return &l.outbox[len(l.outbox)-1]
}

// report hands results over until stop is closed and none is left. Two slices take turns.
func (l *Link) report(stop <-chan struct{}) {
	var batch []Result
	for stopping := false; !stopping; {
		select {
		case <-l.results:
		case <-stop:
			stopping = true
		}
		clear(batch)
		l.mu.Lock()
		full := l.behind()
		batch, l.outbox = l.outbox, batch[:0]
		if full {
			l.wake()
		}
		l.mu.Unlock()
		if len(batch) > 0 {
			l.handler.Results(batch)
		}
	}
}

// signal puts a token into a channel of capacity one, unless one is there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
