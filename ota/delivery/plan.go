package delivery

import (
	"slices"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
)

const (
	freeReads   = 8 // of one step, before they go hourly only
	mostResends = 5 // of one part after negative receipts, or of a CP part that stays silent
)

// Do is what a Move does.
type Do string

// What Plan can ask for.
const (
	Resend   Do = "resend"   // the same octets of some parts again
	Fence    Do = "fence"    // the read that settles an open write, to every number of the card
	Reread   Do = "reread"   // a new read under the next counter in place of an old one
	Conclude Do = "conclude" // give the attempt its outcome
)

// Move is one thing the laws ask for now.
type Move struct {
	Do      Do
	Attempt ledger.Attempt
	Parts   []int          // Resend: sequence numbers
	Retire  []int64        // Resend: ambiguous submissions whose grace is over; Parts may be empty
	Raise   uint64         // Reread: skip so many counters, the card is ahead of us
	Outcome ledger.Outcome // Conclude
	Reason  string         // plain words
}

// Plan is what the laws ask for now, and when to ask again (zero: not until
// new evidence comes). It is pure: it reads only what is stored.
func Plan(d ledger.Dossier, now time.Time, t Timing) (moves []Move, due time.Time) {
	p := planner{d: d, now: now, t: t, proofs: map[int64][]ledger.Evidence{}}
	for _, e := range d.Stored {
		if e.Kind == ledger.EvProof {
			p.proofs[e.AttemptID] = append(p.proofs[e.AttemptID], e)
		}
	}
	for _, a := range d.Attempts {
		if a.Outcome == ledger.Open {
			p.transport(a)
		}
		switch {
		case a.Kind == ledger.Read && p.lastRead(a) && (a.Outcome == ledger.Open || a.Outcome == ledger.Unsent):
			p.read(a)
		case a.Outcome != ledger.Open || a.NeverAccepted():
		case a.Kind == ledger.Write:
			p.write(a)
		case a.Kind == ledger.Confirm:
			p.confirm(a)
		case a.Kind == ledger.CP:
			p.document(a)
		}
	}
	if confirming(d) {
		// A read under a higher counter could reach the card first, and the
		// confirmation would come too late for ever.
		p.moves = slices.DeleteFunc(p.moves, func(m Move) bool { return m.Do == Fence || m.Do == Reread })
	}
	return p.moves, p.due
}

// confirming reports whether the confirmation of a notice is on its way.
func confirming(d ledger.Dossier) bool {
	return slices.ContainsFunc(d.Attempts, func(a ledger.Attempt) bool {
		return a.Kind == ledger.Confirm && a.Outcome == ledger.Open
	})
}

type planner struct {
	d      ledger.Dossier
	now    time.Time
	t      Timing
	proofs map[int64][]ledger.Evidence
	moves  []Move
	due    time.Time
}

// at reports whether the time has come; if not it remembers it.
func (p *planner) at(when time.Time) bool {
	if !p.now.Before(when) {
		return true
	}
	if p.due.IsZero() || when.Before(p.due) {
		p.due = when
	}
	return false
}

func (p *planner) move(m Move) { p.moves = append(p.moves, m) }

// transport sends ambiguous submissions again after their grace, and ends an
// attempt of which some part reached nobody. A part that arrived goes only with
// the whole set, and a read that was answered not under its old counter.
func (p *planner) transport(a ledger.Attempt) {
	if a.NeverAccepted() {
		outcome := ledger.Unsent
		if a.Kind == ledger.CP {
			outcome = ledger.Undeliver
		}
		p.move(Move{Do: Conclude, Attempt: a, Outcome: outcome, Reason: "no SMSC accepted part of it"})
		return
	}
	again := resendable(a) && p.now.Before(a.Deadline) && (a.Kind != ledger.Read || len(p.proofs[a.ID]) == 0)
	var parts []int
	var retire []int64
	for _, part := range a.Parts {
		_, arrived := part.Arrived()
		for _, s := range part.Submissions {
			if s.State != ledger.Ambiguous || s.NotBefore.IsZero() || !p.at(p.graceOver(part, s)) {
				continue
			}
			retire = append(retire, s.ID)
			if again && !arrived && !superseded(part, s) {
				parts = append(parts, part.Seq)
			}
		}
	}
	if len(retire) > 0 {
		p.move(Move{Do: Resend, Attempt: a, Parts: slices.Compact(parts), Retire: retire, Reason: "no response: ambiguous"})
	}
}

// graceOver is when an ambiguous submission may go again: after its grace, and
// hourly only when an SMSC goes on not answering.
func (p *planner) graceOver(part ledger.Part, s ledger.Submission) time.Time {
	if len(part.Submissions) >= freeReads {
		return latest(s.NotBefore, s.SentAt.Add(p.t.Hourly))
	}
	return s.NotBefore
}

// resendable is law 4: without replay detection the same octets could run twice.
func resendable(a ledger.Attempt) bool {
	if a.Kind == ledger.CP {
		return true
	}
	return len(a.SPI) == 2 && ota.SPI{a.SPI[0], a.SPI[1]}.ReplayDetected()
}

// superseded reports whether a later submission of the part to the same number exists.
func superseded(part ledger.Part, s ledger.Submission) bool {
	return slices.ContainsFunc(part.Submissions, func(o ledger.Submission) bool {
		return o.Try > s.Try && o.Destination == s.Destination && o.State != ledger.Rejected && o.State != ledger.Withdrawn
	})
}

// write moves an open write towards its end.
func (p *planner) write(a ledger.Attempt) {
	fenceAt := time.Time{}
	sooner := func(t time.Time) {
		if fenceAt.IsZero() || t.Before(fenceAt) {
			fenceAt = t
		}
	}
	for _, e := range p.proofs[a.ID] { // none decisive, or it were not open
		sooner(e.SeenAt.Add(p.t.Proof))
	}
	if arrived, all := a.Arrived(); all {
		base := latest(arrived, lastSent(a))
		switch {
		case slices.ContainsFunc(a.Parts, ledger.Part.Waiting): // the set is still leaving
		case fullRounds(a) > 1 || !resendable(a):
			sooner(base.Add(p.t.Proof))
		case p.now.Before(a.Deadline) && fenceAt.IsZero() && p.at(base.Add(p.t.Proof)):
			p.move(Move{Do: Resend, Attempt: a, Parts: allParts(a), Reason: "delivered, no answer: the whole set again"})
			return
		}
	} else {
		p.missing(a)
	}
	if mayBeThere(a) {
		sooner(p.t.probe(a.CreatedAt, 0))
	}
	if fenceAt.IsZero() || p.fenced(a) {
		return
	}
	if p.at(fenceAt) {
		if len(a.Fence) == 0 {
			p.move(Move{Do: Conclude, Attempt: a, Outcome: ledger.Held, Reason: "no read can tell whether it ran"})
			return
		}
		p.move(Move{Do: Fence, Attempt: a, Reason: "no decisive answer"})
	}
}

// confirm moves the confirmation of a notice: its octets go again, for it is
// idempotent, and in the end it is given up. Then a read tells what became of
// the card, or the card repeats its notice.
func (p *planner) confirm(a ledger.Attempt) {
	giveUp := func(why string) { p.move(Move{Do: Conclude, Attempt: a, Outcome: ledger.Overdue, Reason: why}) }
	if p.at(a.Deadline) {
		giveUp("the confirmation was not answered in time")
		return
	}
	arrived, all := a.Arrived()
	if !all {
		p.missing(a)
		return
	}
	if slices.ContainsFunc(a.Parts, ledger.Part.Waiting) || !p.at(latest(arrived, lastSent(a)).Add(p.t.Proof)) {
		return
	}
	if fullRounds(a) > 1 || !resendable(a) {
		giveUp("the confirmation was delivered and not answered")
		return
	}
	p.move(Move{Do: Resend, Attempt: a, Parts: allParts(a), Reason: "delivered, no answer: the whole set again"})
}

// fenced reports whether a fence to every number went out already.
func (p *planner) fenced(w ledger.Attempt) bool {
	return slices.ContainsFunc(p.d.Attempts, func(r ledger.Attempt) bool {
		return r.FenceOf == w.ID && r.Label == LabelFence
	})
}

// missing sends parts again that are without a positive receipt while others
// have one, or whose receipt says that they did not arrive.
func (p *planner) missing(a ledger.Attempt) {
	if !resendable(a) || !p.now.Before(a.Deadline) {
		return
	}
	some := time.Time{}
	for _, part := range a.Parts {
		if t, ok := part.Arrived(); ok {
			some = latest(some, t)
		}
	}
	var parts []int
	for _, part := range a.Parts {
		last, ok := lacking(part)
		if !ok {
			continue
		}
		switch {
		case last.State == ledger.Undelivered || last.State == ledger.Expired:
			if p.at(last.FinalAt.Add(p.t.Lost)) {
				parts = append(parts, part.Seq)
			}
		case last.State == ledger.Accepted && !some.IsZero():
			if p.at(latest(some, last.SentAt).Add(p.t.Proof)) {
				parts = append(parts, part.Seq)
			}
		}
	}
	if len(parts) > 0 {
		p.move(Move{Do: Resend, Attempt: a, Parts: parts, Reason: "no positive receipt"})
	}
}

// lacking is the last submission of a part that has no positive receipt, is not
// on its way, and may go once more.
func lacking(part ledger.Part) (last ledger.Submission, ok bool) {
	n := len(part.Submissions)
	if _, arrived := part.Arrived(); arrived || part.Waiting() || n == 0 || n > mostResends {
		return last, false
	}
	return part.Submissions[n-1], true
}

// lastRead reports whether no later read of the step took this one's place.
func (p *planner) lastRead(a ledger.Attempt) bool {
	return !slices.ContainsFunc(p.d.Attempts, func(o ledger.Attempt) bool {
		return o.Kind == ledger.Read && o.Step == a.Step && o.Try > a.Try
	})
}

// read asks for a new read when this one got no use, or no answer in its time.
func (p *planner) read(a ledger.Attempt) {
	if a.Label == LabelFence && p.settled(a.FenceOf) {
		if a.Outcome != ledger.Open {
			return
		}
		p.move(Move{Do: Conclude, Attempt: a, Outcome: ledger.Superseded, Reason: "what it was sent to settle is settled"})
		return
	}
	if !p.now.Before(a.Deadline) {
		return
	}
	reads, began := 0, a.CreatedAt
	for _, o := range p.d.Attempts {
		if o.Kind == ledger.Read && o.Step == a.Step {
			reads++
			if o.CreatedAt.Before(began) {
				began = o.CreatedAt
			}
		}
	}
	when, reason := p.t.probe(began, reads-1), "no answer"
	sooner := func(t time.Time, why string) {
		if t.Before(when) {
			when, reason = t, why
		}
	}
	if arrived, all := a.Arrived(); all {
		sooner(latest(arrived, lastSent(a)).Add(p.t.Proof), "delivered, no answer")
	}
	low := false
	for _, e := range p.proofs[a.ID] {
		if e.Body.Authenticated && ota.Status(e.Body.Status) == ota.StatusCounterLow {
			low = true
			sooner(e.SeenAt, "answered 02")
		} else {
			sooner(e.SeenAt.Add(p.t.Grace), "answered without authentication")
		}
	}
	if reads >= freeReads {
		when = latest(when, a.CreatedAt.Add(p.t.Hourly))
	}
	if !p.at(when) {
		return
	}
	m := Move{Do: Reread, Attempt: a, Reason: reason}
	if low {
		switch p.behind() {
		case 0, 1, 2:
		case 3:
			m.Raise = 1 << 8
		case 4:
			m.Raise = 1 << 16
		case 5:
			m.Raise = 1 << 24
		default:
			m = Move{Do: Conclude, Attempt: a, Outcome: ledger.Held, Reason: "counter behind: the card refused reads up to 2^24 ahead"}
		}
	}
	p.move(m)
}

// settled reports whether a write of this target has ended.
func (p *planner) settled(writeID int64) bool {
	return slices.ContainsFunc(p.d.Attempts, func(w ledger.Attempt) bool {
		return w.ID == writeID && w.Outcome != ledger.Open && w.Outcome != ledger.Held
	})
}

// behind counts the newest reads, one after another, that were answered 02:
// reads answered otherwise or not at all end the row.
func (p *planner) behind() (n int) {
	var reads []ledger.Attempt
	for _, a := range p.d.Attempts {
		if a.Kind == ledger.Read {
			reads = append(reads, a)
		}
	}
	slices.SortFunc(reads, func(a, b ledger.Attempt) int { return int(int64(b.Counter) - int64(a.Counter)) })
	for _, a := range reads {
		low := false
		for _, e := range p.proofs[a.ID] {
			if e.Body.Authenticated {
				low = ota.Status(e.Body.Status) == ota.StatusCounterLow
				if !low {
					return n
				}
			}
		}
		if !low {
			return n
		}
		n++
	}
	return n
}

// document moves a CP document: its parts alone are sent again, for a phone
// that has one already loses nothing by a second.
func (p *planner) document(a ledger.Attempt) {
	if _, all := a.Arrived(); all {
		p.move(Move{Do: Conclude, Attempt: a, Outcome: ledger.Delivered, Reason: "every part has a positive receipt"})
		return
	}
	if p.at(a.Deadline) {
		p.move(Move{Do: Conclude, Attempt: a, Outcome: ledger.Undeliver, Reason: "not every part was delivered in time"})
		return
	}
	var parts []int
	for _, part := range a.Parts {
		last, ok := lacking(part)
		if !ok {
			continue
		}
		switch last.State {
		case ledger.Undelivered, ledger.Expired:
			if p.at(last.FinalAt.Add(p.t.Lost)) {
				parts = append(parts, part.Seq)
			}
		case ledger.Accepted:
			if p.at(p.t.probe(last.SentAt, len(part.Submissions)-1)) {
				parts = append(parts, part.Seq)
			}
		}
	}
	if len(parts) > 0 {
		p.move(Move{Do: Resend, Attempt: a, Parts: parts, Reason: "no positive receipt"})
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func lastSent(a ledger.Attempt) (t time.Time) {
	for _, p := range a.Parts {
		for _, s := range p.Submissions {
			t = latest(t, s.SentAt)
		}
	}
	return t
}

// mayBeThere reports whether some SMSC has, or may have, every part: an
// ambiguous one counts while no copy of it is on its way.
func mayBeThere(a ledger.Attempt) bool {
	return !slices.ContainsFunc(a.Parts, func(p ledger.Part) bool {
		return !p.Accepted() && (p.Waiting() || len(p.Submissions) == 0)
	})
}

func allParts(a ledger.Attempt) (seqs []int) {
	for _, p := range a.Parts {
		seqs = append(seqs, p.Seq)
	}
	return seqs
}

// fullRounds counts how often every part went out and was taken.
func fullRounds(a ledger.Attempt) int {
	least := -1
	for _, p := range a.Parts {
		n := 0
		for _, s := range p.Submissions {
			switch s.State {
			case ledger.Rejected, ledger.Temporary, ledger.Withdrawn:
			default:
				n++
			}
		}
		if least < 0 || n < least {
			least = n
		}
	}
	return least
}
