package route

import "time"

const (
	sickAfter  = 5                // messages in a row without a proper answer
	wellAfter  = 3                // trial messages in a row that were accepted
	sickFor    = 10 * time.Second // before the first trial, twice as long after each that failed
	sickAtMost = 2 * time.Minute
)

// health says whether a bound link does what it should. It changes slowly both ways: one error makes no link
// sick, one success no link well.
type health struct {
	bad   int       // in a row, while well
	good  int       // in a row, while sick
	since time.Time // sick since; zero is well
	pause time.Duration
	trial time.Time // when the next trial may go
	tried bool      // a trial is under way
}

// result takes what became of a message: whether the SMSC dealt with it. Refusals of this one message, and throttling, are dealing with it.
func (h *health) result(now time.Time, ok bool) {
	switch {
	case h.since.IsZero() && ok:
		h.bad = 0
	case h.since.IsZero():
		if h.bad++; h.bad >= sickAfter {
			*h = health{since: now, pause: sickFor, trial: now.Add(sickFor)}
		}
	case !h.tried: // sent before the link was found sick
	case ok:
		h.tried = false
		if h.good++; h.good >= wellAfter {
			*h = health{}
			return
		}
		h.trial = now
	default:
		h.tried, h.good = false, 0
		h.pause = min(2*h.pause, sickAtMost)
		h.trial = now.Add(h.pause)
	}
}

func (h *health) sick() bool { return !h.since.IsZero() }

// tries reports whether a trial message may go now; take uses up the turn.
func (h *health) tries(now time.Time, take bool) bool {
	if now.Before(h.trial) {
		return false
	}
	if take {
		h.trial, h.tried = now.Add(h.pause), true
	}
	return true
}
