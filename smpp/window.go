package smpp

import (
	"context"
	"fmt"
	"time"
)

// Submit queues messages for writing and returns how many were taken: all of them, unless ctx ends
// or no session is bound ([ErrNotBound]). It blocks while the window or the rate is full. A message
// that cannot be encoded is taken and gets the Result Refused with an error and no status.
func (l *Link) Submit(ctx context.Context, ms []Message) (int, error) {
	taken := 0
	for taken < len(ms) {
		n, err := l.permit(ctx, len(ms)-taken)
		if err != nil {
			return taken, err
		}
		for permitted := taken + n; taken < permitted; {
			n, changed, err := l.put(ms[taken:permitted])
			if taken += n; err != nil {
				return taken, err
			}
			if taken == permitted {
				break
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return taken, ctx.Err()
			}
		}
	}
	return taken, nil
}

// TrySubmit queues as many messages as the windows hold now and returns how many; it never waits.
// When no session is bound it takes none and returns [ErrNotBound].
func (l *Link) TrySubmit(ms []Message) (int, error) {
	n, _, err := l.put(ms)
	return n, err
}

// permit waits until the rate allows some of n messages, and says how many.
func (l *Link) permit(ctx context.Context, n int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if l.limiter == nil {
		return n, nil
	}
	l.mu.Lock()
	bound := l.submitters() > 0
	l.mu.Unlock()
	if !bound {
		return 0, fmt.Errorf("link %s: %w", l.cfg.Name, ErrNotBound)
	}
	n = min(n, l.burst)
	permit := l.limiter.ReserveN(time.Now(), n)
	delay := permit.Delay()
	if delay == 0 {
		return n, nil
	}
	wait := time.NewTimer(delay)
	defer wait.Stop()
	select {
	case <-wait.C:
		return n, nil
	case <-ctx.Done():
		permit.Cancel()
		return 0, ctx.Err()
	}
}

// put queues as many messages as the windows hold. When it is not all of them, changed is closed once it is worth trying again.
func (l *Link) put(ms []Message) (n int, changed <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n < len(ms) {
		s, bound := l.roomiest()
		if !bound {
			return n, nil, fmt.Errorf("link %s: %w", l.cfg.Name, ErrNotBound)
		}
		if s == nil {
			break
		}
		if err := s.put(&ms[n]); err != nil {
			l.result(Result{ID: ms[n].ID, Outcome: Refused, Err: err})
		}
		n++
	}
	if n < len(ms) {
		l.awaited = true
	}
	return n, l.changed, nil
}

// roomiest is the session with the most free slots, nil when every window is full or the handler is too far behind.
func (l *Link) roomiest() (best *session, bound bool) {
	most := 0
	for _, s := range l.sessions {
		if !s.takes() {
			continue
		}
		bound = true
		if n := len(s.free); n > most && !l.behind() {
			best, most = s, n
		}
	}
	return best, bound
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
			n += len(s.free)
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

// result queues a result for the handler. The caller holds mu.
func (l *Link) result(r Result) {
	r.DoneAt = time.Now()
	l.outbox = append(l.outbox, r)
	signal(l.results)
}

// report hands results over until stop is closed and none is left.
func (l *Link) report(stop <-chan struct{}) {
	for stopping := false; !stopping; {
		select {
		case <-l.results:
		case <-stop:
			stopping = true
		}
		l.mu.Lock()
		batch := l.outbox
		l.outbox = nil
		if len(batch) > 0 {
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
