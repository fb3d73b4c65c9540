package swap

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/sat/rfm"
)

// Labels of attempts, by which their evidence is read.
const (
	labelRead  = "read"  // of the snapshot
	labelWrite = "write" // a packet that changes files
	labelMoved = "moved?"
	labelProbe = "probe"
	labelLife  = "life"
	labelDoc   = "document"
)

// Steps of one round. A retry begins the next round.
const (
	round     = 1000
	stepRead  = 1
	stepWrite = 101
	stepMoved = 201
	stepProbe = 202 // and up: probes and reads after signs of life
	stepDoc   = 501
)

// Decisions of a person that Next reads.
const (
	DecisionRetry      = "retry"
	DecisionCancelHard = "cancel hard"
)

// attempt is what is known of one attempt.
type attempt struct {
	id        int64
	kind      ledger.AttemptKind
	step, try int
	label     string
	counter   uint64
	parts     int
	number    string // first destination
	made      time.Time
	arrived   map[int]time.Time // part -> first positive receipt
	accepted  time.Time
	proof     *ledger.Evidence // best authenticated one
	clear     *ledger.Evidence // last unauthenticated one
	ended     string           // outcome without a proof
	why       string
}

// view is the evidence, folded: the same set gives the same view in any order.
type view struct {
	f        Facts
	round    int
	attempts map[int64]*attempt
	rounds   []time.Time // when people asked for retries
	hard     bool
	attached *ledger.Evidence // first attach event with the new IMSI after the switch began
	verified *ledger.Evidence // first such event with a new APN
	pairs    []ledger.Evidence
	reads    []identityRead // that told the IMSI, highest counter first
	signs    []time.Time    // of life from the new number
	fences   []fenced
}

// identityRead is an authenticated answer that told the card's IMSI.
type identityRead struct {
	counter uint64
	imsi    string
	new     bool // it came from the new number
	at      time.Time
}

// fenced says that a read settled a write.
type fenced struct {
	write   int64
	counter uint64
	ran     bool
}

func fold(f Facts, evidence []ledger.Evidence) *view {
	v := &view{f: f, attempts: map[int64]*attempt{}}
	// Retries first: they say which round an attempt belongs to.
	for _, e := range evidence {
		if e.Kind == ledger.EvPerson && e.Body.Decision == DecisionRetry {
			v.round++
		}
		if e.Kind == ledger.EvPerson && e.Body.Decision == DecisionCancelHard {
			v.hard = true
		}
	}
	for _, e := range evidence {
		v.add(e)
	}
	v.events(evidence)
	slices.SortFunc(v.reads, func(a, b identityRead) int {
		if c := cmp.Compare(b.counter, a.counter); c != 0 {
			return c
		}
		return boolCompare(b.new, a.new)
	})
	return v
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (v *view) attempt(e ledger.Evidence) *attempt {
	a := v.attempts[e.AttemptID]
	if a == nil {
		a = &attempt{
			id: e.AttemptID, kind: e.Body.Attempt, step: e.Body.Step, try: e.Body.Try, label: e.Body.Label,
			counter: e.Counter, parts: e.Body.Parts, arrived: map[int]time.Time{},
		}
		v.attempts[e.AttemptID] = a
	}
	return a
}

func (v *view) add(e ledger.Evidence) {
	if e.AttemptID == 0 {
		return
	}
	a := v.attempt(e)
	switch e.Kind {
	case ledger.EvSubmitted:
		a.made, a.number = e.SeenAt, e.Body.Number
	case ledger.EvAccepted:
		a.accepted = first(a.accepted, e.SeenAt)
	case ledger.EvReceipt:
		if ledger.SubmissionState(e.Body.State) == ledger.Arrived {
			a.arrived[e.Body.Part] = first(a.arrived[e.Body.Part], e.SeenAt)
		}
	case ledger.EvSilence:
		a.ended, a.why = e.Body.State, cmp.Or(e.Body.Err, e.Body.Text)
	case ledger.EvProof:
		v.proof(a, e)
	}
}

// proof keeps the best proof of an attempt, and what reads told.
func (v *view) proof(a *attempt, e ledger.Evidence) {
	if v.fromNew(e) && ota.Status(e.Body.Status) != ota.StatusOK {
		v.signs = append(v.signs, e.SeenAt)
	}
	if !e.Body.Authenticated {
		if a.clear == nil || later(e, *a.clear) {
			a.clear = &e
		}
		return
	}
	if a.proof == nil || rank(e) > rank(*a.proof) || rank(e) == rank(*a.proof) && later(*a.proof, e) {
		a.proof = &e
	}
	if ota.Status(e.Body.Status) != ota.StatusOK || a.kind != ledger.Read {
		return
	}
	if e.Body.Settles != 0 {
		v.fences = append(v.fences, fenced{write: e.Body.Settles, counter: e.Counter, ran: e.Body.Ran})
	}
	if a.label != labelRead && e.Body.Complete {
		if imsi, err := rfm.DecodeIMSI(e.Body.Data); err == nil {
			v.reads = append(v.reads, identityRead{counter: e.Counter, imsi: imsi, new: v.fromNew(e), at: e.SeenAt})
		}
	}
}

// rank orders authenticated proofs of one attempt: 00 above everything, 02 below.
func rank(e ledger.Evidence) int {
	switch ota.Status(e.Body.Status) {
	case ota.StatusOK:
		return 3
	case ota.StatusCounterLow, ota.StatusSecurityError, ota.StatusMoreTime, ota.StatusResponseBySubmit, ota.StatusResponseByUSSD:
		return 1
	}
	return 2
}

// later is a total order on evidence that does not depend on where it stands.
func later(a, b ledger.Evidence) bool {
	if c := a.SeenAt.Compare(b.SeenAt); c != 0 {
		return c > 0
	}
	return a.ID > b.ID
}

// fromNew reports whether the evidence came from the new number.
func (v *view) fromNew(e ledger.Evidence) bool {
	to := v.f.To
	if to.MSISDN == "" || e.Body.Number != to.MSISDN {
		return false
	}
	return v.f.From.MSISDN != to.MSISDN || slices.Contains(to.Links, e.Link)
}

// events reads what feeds and applets say: only what happened after the first
// switching packet went out can speak of it.
func (v *view) events(evidence []ledger.Evidence) {
	began := v.switchBegan()
	if v.f.To.IMSI == "" || began.IsZero() {
		return
	}
	for _, e := range evidence {
		if e.Body.IMSI != v.f.To.IMSI || when(e).Before(began) {
			continue
		}
		switch e.Kind {
		case ledger.EvAttach:
			if v.attached == nil || when(e).Before(when(*v.attached)) {
				v.attached = &e
			}
			if slices.Contains(v.f.APNs, e.Body.APN) && (v.verified == nil || when(e).Before(when(*v.verified))) {
				v.verified = &e
			}
			v.signs = append(v.signs, e.SeenAt)
		case ledger.EvPair:
			v.pairs = append(v.pairs, e)
			v.signs = append(v.signs, e.SeenAt)
		}
	}
	slices.SortFunc(v.pairs, func(a, b ledger.Evidence) int { return when(a).Compare(when(b)) })
}

func when(e ledger.Evidence) time.Time {
	if e.HappenedAt.IsZero() {
		return e.SeenAt
	}
	return e.HappenedAt
}

// switchBegan is when the first writing packet of any round was made.
func (v *view) switchBegan() (t time.Time) {
	for _, a := range v.attempts {
		if a.kind == ledger.Write {
			t = first(t, a.made)
		}
	}
	return t
}

// of lists the attempts of a step of this round, by try.
func (v *view) of(step int) []*attempt {
	var out []*attempt
	for _, a := range v.attempts {
		if a.step == v.step(step) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *attempt) int { return cmp.Compare(a.try, b.try) })
	return out
}

func (v *view) step(n int) int { return v.round*round + n }

// executed is the best authenticated 00 among the attempts of a kind in a step.
func executed(attempts []*attempt, kind ledger.AttemptKind) *attempt {
	for _, a := range slices.Backward(attempts) {
		if a.kind == kind && a.proof != nil && ota.Status(a.proof.Body.Status) == ota.StatusOK {
			return a
		}
	}
	return nil
}

// outcome is how a write ended, by rank: its own 00, then a fence, then a refusal.
func (v *view) outcome(a *attempt) ledger.Outcome {
	if a.proof != nil && ota.Status(a.proof.Body.Status) == ota.StatusOK {
		return ledger.Executed
	}
	best := fenced{}
	for _, f := range v.fences {
		if f.write == a.id && f.counter > best.counter {
			best = f
		}
	}
	switch {
	case best.write != 0 && best.ran:
		return ledger.FencedRan
	case best.write != 0:
		return ledger.FencedNot
	case a.proof != nil && rank(*a.proof) == 2:
		return ledger.Refused
	case a.ended != "":
		return ledger.Outcome(a.ended)
	}
	return ledger.Open
}

// allArrived reports whether every part of the attempt has a positive receipt.
func (a *attempt) allArrived() bool { return a.parts > 0 && len(a.arrived) >= a.parts }

// arrivedAt is when the last part arrived.
func (a *attempt) arrivedAt() (t time.Time) {
	for _, at := range a.arrived {
		if at.After(t) {
			t = at
		}
	}
	return t
}

// refusal says in plain words why the card refused an attempt; "" when it did not.
func (a *attempt) refusal() string {
	if a.proof == nil || rank(*a.proof) != 2 {
		return ""
	}
	return fmt.Sprintf("proof %02X: %s", a.proof.Body.Status, ota.Status(a.proof.Body.Status))
}

// newest is the attempt with the highest counter that the filter takes.
func (v *view) newest(take func(*attempt) bool) *attempt {
	var best *attempt
	for _, id := range slices.Sorted(maps.Keys(v.attempts)) {
		if a := v.attempts[id]; take(a) && (best == nil || a.counter > best.counter) {
			best = a
		}
	}
	return best
}

func first(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
