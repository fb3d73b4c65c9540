package swap

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
)

// Labels of attempts, by which their evidence is read.
const (
	labelRead  = "read"   // of the snapshot
	labelWrite = "write"  // a packet that changes files
	labelMoved = "moved?" // to the new number
	labelProbe = "probe"  // to both numbers
	labelLife  = "life"
	labelDoc   = "document"
	labelFence = "fence" // of package delivery: the read that settles an open write
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
	clear     *ledger.Evidence // unauthenticated one: the last that refuses, else the last
	silent    *ledger.Evidence // last word of package delivery
	ended     string           // outcome without a proof
	why       string
}

// view is the evidence, folded: the same set gives the same view in any order.
type view struct {
	f         Facts
	round     int
	attempts  map[int64]*attempt
	hard      bool
	attached  *ledger.Evidence // first attach event with the new IMSI after the switch began
	verified  *ledger.Evidence // first such event with a new APN
	pairs     []ledger.Evidence
	reads     []identityRead // that told the IMSI, highest counter first
	signs     []sign         // by time
	fences    []fenced
	notices   []ledger.Evidence // of an eUICC, authenticated, oldest first
	sequences map[string]int    // of the notices, by the label of their confirmation
	seenOld   *ledger.Evidence  // latest event with the old IMSI after the switch began
	seenNew   *ledger.Evidence  // and with the new one
	sights    []ledger.Evidence // events with the new IMSI that name the device, by time
}

// sign is a sign of life that settles nothing by itself. What answers a life
// read is none: a target that never tells more shall go dark one day.
type sign struct {
	at    time.Time
	new   bool // from the new number, or of the new IMSI
	calls bool // for a read at once; the others do when nothing is asked any more
}

// identityRead is an authenticated answer that told the card's IMSI.
type identityRead struct {
	counter uint64
	imsi    string
	new     bool // it came from the new number
	at      time.Time
	of      *attempt
}

// fenced says that a read settled a write.
type fenced struct {
	write   int64
	counter uint64
	ran     bool
	told    bool // the read came through; else nobody can tell
	at      time.Time
}

func fold(f Facts, evidence []ledger.Evidence) *view {
	v := &view{f: f, attempts: map[int64]*attempt{}, sequences: map[string]int{}}
	// Retries first: they say which round an attempt belongs to.
	var retry, cancel ledger.Evidence
	for _, e := range evidence {
		switch {
		case e.Kind != ledger.EvPerson:
		case e.Body.Decision == DecisionRetry:
			v.round++
			retry = latest(retry, e)
		case e.Body.Decision == DecisionCancelHard:
			cancel = latest(cancel, e)
		}
	}
	v.hard = cancel.Kind != "" && later(cancel, retry)
	for _, e := range evidence {
		v.add(e)
	}
	v.events(evidence)
	v.readNotices(evidence)
	slices.SortFunc(v.pairs, byTime)
	slices.SortFunc(v.sights, byTime)
	v.sortReads()
	slices.SortFunc(v.signs, func(a, b sign) int {
		return cmp.Or(a.at.Compare(b.at), boolCompare(a.new, b.new), boolCompare(a.calls, b.calls))
	})
	return v
}

// sortReads puts the highest counter first: reads rank by it. Copies of one
// answer stand together, the one that came first before the others.
func (v *view) sortReads() {
	slices.SortFunc(v.reads, func(a, b identityRead) int {
		return cmp.Or(cmp.Compare(b.counter, a.counter), boolCompare(b.new, a.new), a.at.Compare(b.at), cmp.Compare(a.imsi, b.imsi))
	})
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
			if a.label != labelLife {
				v.signs = append(v.signs, sign{at: e.SeenAt, new: v.fromNew(e)})
			}
		}
	case ledger.EvSilence:
		if a.silent == nil || later(e, *a.silent) {
			a.silent = &e
			a.ended, a.why = e.Body.State, cmp.Or(e.Body.Err, e.Body.Text)
		}
	case ledger.EvProof:
		v.proof(a, e)
	}
}

// proof keeps the best proof of an attempt, and what reads told.
func (v *view) proof(a *attempt, e ledger.Evidence) {
	ok := e.Body.Authenticated && ota.Status(e.Body.Status) == ota.StatusOK
	if !ok && a.label != labelLife {
		v.signs = append(v.signs, sign{at: e.SeenAt, new: v.fromNew(e), calls: v.fromNew(e)})
	}
	if !e.Body.Authenticated {
		if c := a.clear; c == nil || refuses(e) && !refuses(*c) || refuses(e) == refuses(*c) && later(e, *c) {
			a.clear = &e
		}
		return
	}
	if a.proof == nil || rank(e) > rank(*a.proof) || rank(e) == rank(*a.proof) && later(*a.proof, e) {
		a.proof = &e
	}
	if !ok || a.kind != ledger.Read {
		return
	}
	if e.Body.Settles != 0 {
		v.fences = append(v.fences, fenced{write: e.Body.Settles, counter: e.Counter, ran: e.Body.Ran, told: e.Body.Complete, at: e.SeenAt})
	}
	if a.label == labelRead || !e.Body.Complete {
		return
	}
	imsi, ok := v.f.Tells(e.Body.Data)
	if !ok || a.label == labelFence && imsi != v.f.From.IMSI && imsi != v.f.To.IMSI {
		return // the fence of a packet without IMSI reads another file
	}
	v.tells(e, imsi)
}

// tells notes what an authenticated answer said of the card's IMSI.
func (v *view) tells(e ledger.Evidence, imsi string) {
	v.reads = append(v.reads, identityRead{counter: e.Counter, imsi: imsi, new: v.fromNew(e), at: e.SeenAt, of: v.attempt(e)})
}

// refuses reports whether an answer in clear says that no packet can succeed.
func refuses(e ledger.Evidence) bool {
	st := ota.Status(e.Body.Status)
	return st == ota.StatusTARUnknown || st == ota.StatusInsufficientSecurity
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

// latest is the later of two pieces of evidence.
func latest(a, b ledger.Evidence) ledger.Evidence {
	if later(b, a) {
		return b
	}
	return a
}

// fromNew reports whether the evidence came from the new number. Where both
// operators gave the card one number the link tells, if it serves one of them.
func (v *view) fromNew(e ledger.Evidence) bool {
	from, to := v.f.From, v.f.To
	if to.MSISDN == "" || e.Body.Number != to.MSISDN {
		return false
	}
	return from.MSISDN != to.MSISDN || slices.Contains(to.Links, e.Link) && !slices.Contains(from.Links, e.Link)
}

// events reads what feeds and applets say: only what happened after the first
// switching packet went out can speak of it.
func (v *view) events(evidence []ledger.Evidence) {
	began := v.switchBegan()
	if v.f.Kind == KindProvision {
		began = v.f.Began
	}
	if v.f.To.IMSI == "" || began.IsZero() {
		return
	}
	for _, e := range evidence {
		event := e.Kind == ledger.EvAttach || e.Kind == ledger.EvPair
		if !event || e.Body.IMSI == "" || when(e).Before(began) || e.Body.IMSI != v.f.To.IMSI && e.Body.IMSI != v.f.From.IMSI {
			continue
		}
		is := e.Body.IMSI == v.f.To.IMSI
		v.signs = append(v.signs, sign{at: e.SeenAt, new: is, calls: is})
		seen := &v.seenOld
		if is {
			seen = &v.seenNew
		}
		if *seen == nil || byTime(e, **seen) > 0 {
			*seen = &e
		}
		if is && e.Body.IMEI != "" {
			v.sights = append(v.sights, e)
		}
		switch {
		case !is:
		case e.Kind == ledger.EvPair:
			v.pairs = append(v.pairs, e)
		case !v.outdated(when(e)):
			if v.attached == nil || byTime(e, *v.attached) < 0 {
				v.attached = &e
			}
			if v.f.ours(e.Body.APN) && (v.verified == nil || byTime(e, *v.verified) < 0) {
				v.verified = &e
			}
		}
	}
}

// deviceAt is the IMEI of the device that the card was last seen in by then;
// empty if in none.
func (v *view) deviceAt(t time.Time) (imei string) {
	for _, e := range v.sights {
		if when(e).After(t) {
			break
		}
		imei = e.Body.IMEI
	}
	return imei
}

// outdated reports whether something is of an earlier round, and tells nothing
// of this one: the card may have gone back by itself since.
func (v *view) outdated(t time.Time) bool {
	return v.round > 0 && v.f.decidesItself() && t.Before(v.f.Began)
}

// byTime orders events by the time they happened.
func byTime(a, b ledger.Evidence) int {
	return cmp.Or(when(a).Compare(when(b)), cmp.Compare(a.ID, b.ID))
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
	slices.SortFunc(out, func(a, b *attempt) int { return cmp.Or(cmp.Compare(a.try, b.try), cmp.Compare(a.id, b.id)) })
	return out
}

func (v *view) step(n int) int { return v.round*round + n }

// executed reports whether the card's authenticated 00 is here.
func (a *attempt) executed() bool {
	return a.proof != nil && ota.Status(a.proof.Body.Status) == ota.StatusOK
}

// outcome is how an attempt ended, by rank: its own 00, then a fence, then a
// refusal. A fence that told counts before one whose read failed.
func (v *view) outcome(a *attempt) ledger.Outcome {
	if a.executed() {
		return ledger.Executed
	}
	best := fenced{}
	for _, f := range v.fences {
		if f.write == a.id && f.counter > a.counter && (boolCompare(f.told, best.told) > 0 || f.told == best.told && f.counter > best.counter) {
			best = f
		}
	}
	switch {
	case best.told && best.ran:
		return ledger.FencedRan
	case best.told:
		return ledger.FencedNot
	case best.write != 0:
		return ledger.Held
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
