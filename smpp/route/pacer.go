package route

import (
	"time"

	"golang.org/x/time/rate"
)

const (
	paceInterval = 500 * time.Millisecond // results are weighed over at least this long ...
	paceSample   = 10                     // ... and so many of them ...
	paceLongest  = 5 * time.Second        // ... or this long
	paceClean    = 0.02                   // share of refusals that is none
	paceHelped   = 0.7                    // a lower rate helped when it brought the share below this part of what it was
	paceHold     = 20                     // intervals without another try when it did not
	paceRaise    = 1.1                    // per clean interval
	paceFree     = 60                     // clean intervals after which a link without a limit has none again
	paceRest     = time.Minute            // of silence, after which what an SMSC refused before tells nothing
	slowest      = 1                      // messages per second
)

// pacer is the rate of one link: what is allowed, as a token bucket, and less while the SMSC refuses messages as too many.
//
// An SMSC that enforces a limit refuses what is above it: then the rate becomes what it accepted. One that refuses
// whatever comes, because it has trouble of its own, is not helped by less: then the rate stays, and
// only a later interval tries again. Refused messages are not lost; they come again later.
type pacer struct {
	bucket  *rate.Limiter
	allowed rate.Limit // as configured, rate.Inf without a limit

	began             time.Time // of the interval
	last              time.Time // answer
	answered, refused int
	clean             int  // intervals in a row
	hold              int  // intervals until a lower rate is tried again
	settling          bool // the answers of this interval are to what went before the rate was lowered
	lowered           bool
	before            rate.Limit // the rate, and the share refused, that the last lowering began with
	share             float64
}

// newPacer makes a pacer of perSecond messages, 0 for no limit; a tenth of a second's may go at once.
func newPacer(perSecond float64, burst int) *pacer {
	p := &pacer{allowed: rate.Inf}
	if perSecond > 0 {
		p.allowed = rate.Limit(perSecond)
	}
	if burst == 0 {
		burst = burstOf(p.allowed)
	}
	p.bucket = rate.NewLimiter(p.allowed, burst)
	return p
}

func burstOf(l rate.Limit) int {
	if l == rate.Inf {
		return 1 << 30
	}
	return max(1, int(l/10))
}

// reserveOf is how many tokens of a bucket are for what cannot wait.
func reserveOf(burst int) float64 {
	if burst < 2 {
		return 0
	}
	return max(1, float64(burst)/20)
}

// room is how many tokens a class may take now, and when there is one if there is none.
func (p *pacer) room(now time.Time, urgent bool) (n int, next time.Time) {
	if p.bucket.Limit() == rate.Inf {
		return 1 << 30, time.Time{}
	}
	tokens := p.bucket.TokensAt(now)
	if !urgent {
		tokens -= reserveOf(p.bucket.Burst())
	}
	if tokens >= 1 {
		return int(tokens), time.Time{}
	}
	wait := time.Duration((1 - tokens) / float64(p.bucket.Limit()) * float64(time.Second))
	return 0, now.Add(wait + time.Millisecond)
}

// take uses n tokens, which room has promised. Where two operators share the link both may have been promised
// the same: then the bucket is in debt, and nothing goes until it is paid.
func (p *pacer) take(now time.Time, n int) {
	if p.bucket.Limit() != rate.Inf {
		p.bucket.ReserveN(now, min(n, p.bucket.Burst()))
	}
}

// rest forgets that the SMSC refused messages, when none has gone for a while.
func (p *pacer) rest(now time.Time) {
	if p.lower() && now.Sub(p.last) >= paceRest {
		p.set(now, p.allowed)
		p.began, p.answered, p.refused, p.clean, p.lowered, p.settling = time.Time{}, 0, 0, 0, false, false
	}
}

// result weighs one answer of the SMSC.
func (p *pacer) result(now time.Time, throttled bool) {
	p.last = now
	if p.began.IsZero() {
		p.began = now
	}
	p.answered++
	if throttled {
		p.refused++
	}
	if d := now.Sub(p.began); d < paceInterval || p.answered < paceSample && d < paceLongest {
		return
	}
	p.weigh(now)
	p.began, p.answered, p.refused = now, 0, 0
}

// weigh ends an interval.
func (p *pacer) weigh(now time.Time) {
	share := float64(p.refused) / float64(p.answered)
	current := p.bucket.Limit()
	p.hold = max(p.hold-1, 0)
	if p.settling {
		p.settling = false
		return
	}
	if share <= paceClean {
		p.clean++
		p.lowered = false
		p.raise(now, current)
		return
	}
	p.clean = 0
	switch {
	case p.lowered && share > paceHelped*p.share:
		p.set(now, p.before)
		p.lowered, p.hold = false, paceHold
	case p.hold > 0:
	default:
		accepted := float64(p.answered-p.refused) / now.Sub(p.began).Seconds()
		p.before, p.share, p.lowered, p.settling = current, share, true, true
		p.set(now, min(max(slowest, rate.Limit(accepted)), p.allowed))
	}
}

// raise brings the rate back to what is allowed, step by step.
func (p *pacer) raise(now time.Time, current rate.Limit) {
	switch {
	case current >= p.allowed:
	case p.allowed == rate.Inf && p.clean >= paceFree:
		p.set(now, rate.Inf)
	default:
		p.set(now, min(p.allowed, max(current*paceRaise, current+slowest)))
	}
}

func (p *pacer) set(now time.Time, l rate.Limit) {
	p.bucket.SetLimitAt(now, l)
	if p.allowed == rate.Inf {
		p.bucket.SetBurstAt(now, burstOf(l))
	}
}

// rate is the messages per second let through now, 0 without a limit.
func (p *pacer) rate() float64 {
	if p.bucket.Limit() == rate.Inf {
		return 0
	}
	return float64(p.bucket.Limit())
}

// lower reports whether the SMSC has brought the rate below what is allowed.
func (p *pacer) lower() bool { return p.bucket.Limit() < p.allowed }
