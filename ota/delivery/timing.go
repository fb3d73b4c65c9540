package delivery

import "time"

// Timing holds the durations of delivery. Every one scales alike: a laboratory
// runs the same rules faster.
type Timing struct {
	Grace     time.Duration   // after an ambiguous submit_sm, before its octets go again
	Proof     time.Duration   // after the last positive receipt, before the set goes again, then before the fence
	Probes    []time.Duration // after the first attempt of a step: when silence calls for a fence or a new read
	Daily     time.Duration   // between probes after the last of Probes
	Hourly    time.Duration   // between reads of a step after the eighth
	Margin    time.Duration   // after the end of validity, before a concatenation reference is used again
	Temporary time.Duration   // after a temporary refusal, before the submission goes again
	Lost      time.Duration   // before a part with a negative receipt goes again
}

// Field is the timing of the real world.
func Field() Timing {
	return Timing{
		Grace: time.Minute, Proof: 2 * time.Minute,
		Probes: []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour},
		Daily:  24 * time.Hour, Hourly: time.Hour, Margin: 5 * time.Minute,
		Temporary: 5 * time.Second, Lost: time.Minute,
	}
}

// Faster divides every duration by the factor.
func (t Timing) Faster(factor float64) Timing {
	by := func(d time.Duration) time.Duration { return max(time.Duration(float64(d)/factor), time.Millisecond) }
	out := Timing{
		Grace: by(t.Grace), Proof: by(t.Proof), Daily: by(t.Daily), Hourly: by(t.Hourly),
		Margin: by(t.Margin), Temporary: by(t.Temporary), Lost: by(t.Lost),
	}
	for _, p := range t.Probes {
		out.Probes = append(out.Probes, by(p))
	}
	return out
}

// FirstProbe is when a step that began at the given time is looked at again.
func (t Timing) FirstProbe(began time.Time) time.Time { return t.probe(began, 0) }

// probe is when the n-th probe (from 0) of a step that began at the given time is due.
func (t Timing) probe(began time.Time, n int) time.Time {
	if n < len(t.Probes) {
		return began.Add(t.Probes[n])
	}
	last := time.Duration(0)
	if len(t.Probes) > 0 {
		last = t.Probes[len(t.Probes)-1]
	}
	return began.Add(last + time.Duration(n-len(t.Probes)+1)*t.Daily)
}
