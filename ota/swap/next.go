package swap

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/simota/simota/catalog/ledger"
)

// Result is what the evidence comes to.
type Result struct {
	State  State
	Cause  string    // plain words, for people
	Step   int       // where the target is
	Action *Action   // what is to be sent now; nil for nothing
	Clear  bool      // settle the open write of the keyset now, by its fence
	Due    time.Time // when to ask again if nothing comes; zero: never
	Closed bool
	Moved  *Move // how the move was proven; nil before
	Back   bool  // the card left the new identity again
	// Enabled is the profile that it has instead, AID in hex, as its notice says;
	// empty means the old one.
	Enabled string
	// Confirm answers a notice of an eUICC. It goes first, whatever the state,
	// and also when the target is closed.
	Confirm *Action
	// Plan asks for documents for the device of Moved, or, of kind provision, of
	// IMEI: the facts have those for another.
	Plan bool
	IMEI string
}

// Move is the proof that the new identity is alive, and the device it is in.
type Move struct {
	At     time.Time
	IMEI   string
	Source string // "tracking applet", "attach feed", "assumed"
}

// Way says over which of the two subscriptions something is sent.
type Way byte

// Ways to a card.
const (
	Old Way = iota
	New
	Both
)

// Action is one thing to send.
type Action struct {
	Step     int
	Kind     ledger.AttemptKind
	Label    string
	Purpose  string
	Way      Way
	Via      Channel // of a secured packet
	Script   []byte
	Fence    []byte
	FenceVia Channel
	Expect   []byte
	FenceOf  int64
	Push     []byte
	Text     string // in place of Push
	Deadline time.Time
	Replaces []int64
	Begins   bool // the first write: a paused campaign holds it back
	Unproven bool // it puts the identity or files at stake: max_unproven counts it

	// Of a confirmation: where its notice came from, and the profile that it
	// names, hex; both may be empty. Way is Both where neither side has the number.
	Number string
	ISDP   string
}

// saga is one call of Next.
type saga struct {
	*view
	now time.Time
	due time.Time
}

// Next says where a target stands, what to send and when to ask again. It is
// pure: the same facts, evidence and time give the same result, whatever the
// order of the evidence.
func Next(f Facts, evidence []ledger.Evidence, now time.Time) Result {
	s := &saga{view: fold(f, evidence), now: now}
	r := s.state()
	r.Step = s.round*round + r.Step
	r.Confirm = s.confirm()
	if s.hard && !r.Closed {
		r.Action, r.Plan, r.IMEI = nil, false, ""
		if s.anyOpenWrite() == nil {
			r.State, r.Cause, r.Closed = Cancelled, "cancelled by a person", true
			if s.anyWrite() != nil {
				r.Cause += "; the open write is settled"
			}
		} else {
			r.Clear = true
		}
	}
	if r.Closed {
		r.Action, r.Plan, r.IMEI, r.Due = nil, false, "", time.Time{}
		return r
	}
	if r.Due.IsZero() || !s.due.IsZero() && s.due.Before(r.Due) {
		r.Due = s.due
	}
	return r
}

// at reports whether the time has come; if not, it asks to be called then.
func (s *saga) at(t time.Time) bool {
	if !s.now.Before(t) {
		return true
	}
	if s.due.IsZero() || t.Before(s.due) {
		s.due = t
	}
	return false
}

func (s *saga) state() Result {
	if s.f.Kind == KindProvision {
		return s.provision()
	}
	snap := s.readSnapshot()
	s.sortReads()
	m := s.moved(snap)
	if r, back := s.back(m); back {
		return r
	}
	if m != nil {
		r := s.doubt(s.cleanUp(s.settings(*m), *m), *m)
		r.Moved = m
		return r
	}
	if a := s.newest(func(a *attempt) bool { return a.step >= s.step(0) && s.outcome(a) == ledger.Held }); a != nil {
		return Result{State: Held, Cause: cmp.Or(a.why, "no read can tell whether the write ran"), Closed: true}
	}
	if snap.pending != nil || snap.failed != "" {
		return s.snapshot(snap)
	}
	return s.writes(snap)
}

// moved is the proof of the move: a read of the new IMSI answered from the new
// number, or the network's word that the new IMSI attached after the switch.
func (s *saga) moved(snap snapshot) *Move {
	if s.f.Kind != KindSwap {
		return nil
	}
	if s.f.Technique == ByEUICC {
		return s.device(s.confirmed(snap))
	}
	var m *Move
	for _, r := range s.reads {
		if r.new && r.imsi == s.f.To.IMSI && !s.outdated(r.of.made) && (m == nil || r.at.Before(m.At)) {
			m = &Move{At: r.at}
		}
	}
	if s.attached != nil && (m == nil || s.attached.SeenAt.Before(m.At)) {
		m = &Move{At: s.attached.SeenAt}
	}
	return s.device(m)
}

// device adds in which device the card was seen.
func (s *saga) device(m *Move) *Move {
	if m == nil {
		return nil
	}
	m.IMEI, m.Source = s.f.IMEI, "assumed"
	if s.attached != nil && s.attached.Body.IMEI != "" {
		m.IMEI, m.Source = s.attached.Body.IMEI, "attach feed"
	}
	if len(s.pairs) > 0 {
		m.IMEI, m.Source = s.pairs[0].Body.IMEI, s.pairs[0].Body.Source
	}
	return m
}

// writes goes through the writing packets in order.
func (s *saga) writes(snap snapshot) Result {
	packets, err := s.f.packets(snap)
	if err != nil {
		return Result{State: Failed, Cause: cause(err), Closed: true}
	}
	if s.f.Kind == KindRFM && len(snap.absent) > 0 {
		why := fmt.Sprintf("the card has no readable %s: nothing was written", titles(snap.absent))
		return Result{State: Failed, Cause: why, Closed: true}
	}
	for k, p := range packets {
		last := k == len(packets)-1
		attempts := writesOf(s.of(stepWrite + k))
		if len(attempts) == 0 {
			r := Result{State: s.writing(), Step: stepWrite + k}
			if k == 0 {
				r.State = Snapshot
			}
			a, err := s.write(p, k)
			if err != nil {
				return Result{State: Failed, Cause: cause(err), Closed: true}
			}
			r.Action = a
			return r
		}
		w := attempts[len(attempts)-1]
		if r, on := s.written(p, k, last, w, len(attempts)); !on {
			return r
		}
	}
	if s.f.Kind == KindRFM {
		why := ""
		if len(packets) == 0 {
			why = "every file had the wanted content already"
		}
		return Result{State: Written, Cause: why, Closed: true, Step: stepWrite}
	}
	since, w := snap.at, (*attempt)(nil)
	if len(packets) > 0 {
		attempts := writesOf(s.of(stepWrite + len(packets) - 1))
		w = attempts[len(attempts)-1]
		since = s.settledAt(w)
	}
	return s.switched(w, since)
}

func (s *saga) writing() State {
	if s.f.Kind == KindRFM {
		return Writing
	}
	return Switching
}

// written judges one packet that went out. on is true when the saga can go on
// to the next.
func (s *saga) written(p packet, k int, last bool, w *attempt, tries int) (r Result, on bool) {
	r = Result{State: s.writing(), Step: stepWrite + k}
	deadline := w.made.Add(s.f.Deadlines.Switching)
	failed := func(why string) (Result, bool) {
		return Result{State: Failed, Cause: why, Step: r.Step, Closed: true}, false
	}
	switch s.outcome(w) {
	case ledger.Executed, ledger.FencedRan:
		identity := last && s.f.Kind == KindSwap
		if w.executed() && !s.complete(p, w) && !(identity && s.ran(p, w)) {
			return failed(s.partial(p, w))
		}
		if identity && s.says(w.counter, s.f.From.IMSI) {
			switch s.f.Technique {
			case ByEUICC: // its terminal has not refreshed it yet
			case ByApplet:
				return s.undone(r, "the applet took the order, and has its old identity again")
			default:
				return s.again(p, k, w, tries)
			}
		}
		return r, true
	case ledger.FencedNot:
		if s.f.Technique == ByApplet && w.allArrived() {
			return s.undone(r, "the order was delivered, and the applet has its old identity: it did not take it, or undid it")
		}
		return s.again(p, k, w, tries)
	case ledger.Refused:
		return failed(w.refusal())
	case ledger.Unsent:
		return failed("no SMSC accepted it: " + w.why)
	}
	if last && s.f.Kind == KindSwap {
		deadline = s.alive(deadline)
	}
	if s.at(deadline) {
		r.State, r.Cause, r.Closed = Dark, s.silent(w.made), true
		return r, false
	}
	if last && s.f.Kind == KindSwap {
		if w.allArrived() {
			r.Action = s.askNew(w, deadline)
		}
		if r.Action == nil {
			r.Action = s.life(w, deadline)
		}
		if r.Action == nil && s.f.Technique == ByEUICC && s.says(w.counter, s.f.From.IMSI) &&
			s.at(latter(w.made.Add(pending(s.f.Deadlines.Switching)), s.reads[0].at.Add(s.f.Pace.Life))) && s.openRead() == nil {
			r.Action = s.probe(s.freeProbe(), deadline)
		}
	}
	return r, false
}

// undone ends the saga of a card that decides by itself.
func (s *saga) undone(r Result, why string) (Result, bool) {
	r.State, r.Cause, r.Closed, r.Back = RolledBack, why, true, true
	return r, false
}

// says reports whether the newest read after the given counter tells this IMSI.
func (s *saga) says(counter uint64, imsi string) bool {
	return len(s.reads) > 0 && s.reads[0].counter > counter && s.reads[0].imsi == imsi
}

// again tries a write that certainly did not run once more, or gives up.
func (s *saga) again(p packet, k int, w *attempt, tries int) (Result, bool) {
	r := Result{State: NotSwitched, Step: stepWrite + k, Cause: "the card kept its old files"}
	if s.f.Kind == KindSwap {
		r.Cause = "the old number answers, and the card has the old IMSI"
	} else {
		r.State = Writing
	}
	if tries > s.f.Retries {
		r.State, r.Closed = Failed, true
		r.Cause += fmt.Sprintf(" after %d tries", tries)
		return r, false
	}
	a, err := s.write(p, k)
	if err != nil {
		return Result{State: Failed, Cause: cause(err), Closed: true}, false
	}
	r.Action = a
	return r, false
}

// switched: the card has the new identity; the device was not seen with it.
func (s *saga) switched(w *attempt, since time.Time) Result {
	counter := uint64(0)
	if w != nil {
		counter = w.counter
	}
	d := s.f.Deadlines
	pending := s.f.Technique == ByEUICC && s.says(counter, s.f.From.IMSI)
	if pending || s.says(counter, s.f.To.IMSI) && !s.reads[0].new {
		return s.waiting(w, counter, pending)
	}
	r := Result{State: Switched, Step: stepMoved}
	probe := since.Add(d.Switched)
	dark := s.alive(probe.Add(d.Probing))
	if s.at(dark) {
		r.State, r.Cause, r.Closed = Dark, s.silent(since), true
		return r
	}
	if r.Action = s.askNew(w, dark); r.Action != nil {
		return r
	}
	if s.at(probe) && !s.askedSince(labelProbe, w) {
		r.Action = s.probe(s.freeProbe(), dark)
		return r
	}
	r.Action = s.life(w, dark)
	return r
}

// waiting: the old number answers and the card has the new IMSI: the modem
// ignored REFRESH. Gentle probes to both numbers until it restarts.
func (s *saga) waiting(w *attempt, counter uint64, pending bool) Result {
	since := s.reads[0].at
	for _, r := range s.reads {
		if r.counter > counter && (pending || r.imsi == s.f.To.IMSI) && r.at.Before(since) {
			since = r.at
		}
	}
	if since.Before(s.f.Began) {
		since = s.f.Began // known since an earlier round
	}
	r := Result{
		State: WaitingForRestart, Step: stepProbe,
		Cause: "the new IMSI is on the card, the old number answers: the modem ignored REFRESH",
	}
	if pending {
		r.Cause = "the card accepted the order and still has its old profile enabled: the modem ignored REFRESH, or it will roll back"
	}
	dark := s.alive(since.Add(s.f.Deadlines.Waiting))
	if s.at(dark) {
		r.State, r.Closed = Dark, true
		r.Cause = s.silent(since) + "; it was waiting for a restart"
		return r
	}
	if r.Action = s.life(w, dark); r.Action != nil {
		return r
	}
	if s.openRead() != nil {
		return r
	}
	n := 0
	for _, a := range s.attempts {
		if a.label == labelProbe && a.try == 1 && a.made.After(since) {
			n++
		}
	}
	p := s.f.Pace
	at := since.Add(time.Duration(n-len(p.Gentle)+1) * p.Daily)
	if n < len(p.Gentle) {
		at = since.Add(p.Gentle[n])
	}
	if s.at(at) {
		r.Action = s.probe(s.freeProbe(), dark)
	}
	return r
}

// cause is an error as people read it: they know no packages.
func cause(err error) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "swap: "), "applet: ")
}

// latter is the later of two times.
func latter(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// silent says who did not answer, and for how long.
func (s *saga) silent(since time.Time) string {
	if s.f.Kind == KindRFM {
		return fmt.Sprintf("no sign on %s for %s", s.f.From.MSISDN, s.f.rough(s.now.Sub(since)))
	}
	return fmt.Sprintf("no sign on %s nor %s for %s", s.f.From.MSISDN, s.f.To.MSISDN, s.f.rough(s.now.Sub(since)))
}

// rough is a duration as people say it, in the time of the world that is served.
func (f Facts) rough(d time.Duration) string {
	if f.Speed > 0 {
		d = time.Duration(float64(d) * f.Speed)
	}
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
