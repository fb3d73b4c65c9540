package swap

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/euicc"
)

// Steps and labels of what only an eUICC has.
const (
	stepDelete  = 401
	stepConfirm = 402 // every notice is a try

	labelEnable = "enable"
	labelSelect = "select" // of an applet
	labelDelete = "delete"
)

// labelConfirm names the notice that is confirmed, by the inbox row that brought it.
func labelConfirm(e ledger.Evidence) string { return fmt.Sprintf("confirm:%d", e.InboxID) }

// notices takes the authenticated notices, oldest first: by sequence number,
// copies by the time at which they came.
func (v *view) readNotices(evidence []ledger.Evidence) {
	for _, e := range evidence {
		if e.Kind == ledger.EvNotice && e.Body.Authenticated {
			v.notices = append(v.notices, e)
			v.sequences[labelConfirm(e)] = e.Body.Sequence
			v.signs = append(v.signs, sign{at: e.SeenAt, new: v.fromNew(e)})
			if e.Body.IMEI != "" && e.Body.IMSI == v.f.To.IMSI && e.Body.Sequence >= v.f.NextNotice {
				v.pairs = append(v.pairs, e)
			}
		}
	}
	slices.SortFunc(v.notices, func(a, b ledger.Evidence) int {
		return cmp.Or(cmp.Compare(a.Body.Sequence, b.Body.Sequence), a.SeenAt.Compare(b.SeenAt), cmp.Compare(a.InboxID, b.InboxID))
	})
}

// confirm answers the oldest notice that was not answered yet, so that the
// newest has the highest counter. Every one that comes gets an answer, repeats
// too: unconfirmed, the card rolls back.
func (s *saga) confirm() *Action {
	if s.f.ISDR == nil {
		return nil
	}
	for _, e := range s.notices {
		label := labelConfirm(e)
		if s.newest(func(a *attempt) bool { return a.label == label }) == nil {
			return s.confirmation(e)
		}
	}
	return nil
}

// confirmation takes the place of those under way, unless they confirm a newer
// notice.
func (s *saga) confirmation(e ledger.Evidence) *Action {
	c, err := euicc.HandleNotificationConfirmation{Sequence: uint16(e.Body.Sequence)}.Command()
	if err != nil {
		return nil
	}
	b, err := s.f.scriptVia(*s.f.ISDR, []sat.Command{c}, nil)
	if err != nil {
		return nil
	}
	a := &Action{
		Step: s.step(stepConfirm), Kind: ledger.Confirm, Label: labelConfirm(e), Way: Old, Via: *s.f.ISDR, Script: b,
		Purpose:  fmt.Sprintf("confirm notice %d: %s", e.Body.Sequence, euicc.NoticeType(e.Body.Notice)),
		Deadline: s.now.Add(s.f.Deadlines.Switched), Number: e.Body.Number, ISDP: e.Body.ISDP,
	}
	switch {
	case s.fromNew(e):
		a.Way = New
	case e.Body.Number != s.f.From.MSISDN:
		a.Way = Both
	}
	for _, o := range s.attempts {
		if s.unanswered(o) && s.sequences[o.label] <= e.Body.Sequence {
			a.Replaces = append(a.Replaces, o.id)
		}
	}
	slices.Sort(a.Replaces)
	return a
}

// confirming is a confirmation that is on its way.
func (v *view) confirming() *attempt { return v.newest(v.unanswered) }

// unanswered reports whether a confirmation is waited for: the card did not
// answer it, nobody gave it up, and no later one of the same or of a newer
// notice took its place.
func (v *view) unanswered(a *attempt) bool {
	if a.kind != ledger.Confirm || a.proof != nil || a.ended != "" {
		return false
	}
	return v.newest(func(o *attempt) bool {
		return o.kind == ledger.Confirm && o.counter > a.counter && v.sequences[o.label] >= v.sequences[a.label]
	}) == nil
}

// told are the notices of this saga: newer than it, and sent after its first write.
func (s *saga) told() []ledger.Evidence {
	began := s.switchBegan()
	return slices.DeleteFunc(slices.Clone(s.notices), func(e ledger.Evidence) bool {
		return e.Body.Sequence < s.f.NextNotice || began.IsZero() || e.SeenAt.Before(began)
	})
}

// confirmed is the proof of the move of an eUICC: a notice that the ordered
// profile is enabled, whose confirmation the card has taken; or, when the answer
// to that is lost, an audit from the new number under a higher counter.
//
// A card that had the new profile before this round began sends no notice in
// it: its own word from the new number is enough.
func (s *saga) confirmed(snap snapshot) *Move {
	var m *Move
	earliest := func(t time.Time) {
		if m == nil || t.Before(m.At) {
			m = &Move{At: t}
		}
	}
	audited := func(least uint64) {
		for _, r := range s.reads {
			if r.new && r.imsi == s.f.To.IMSI && r.counter >= least {
				earliest(r.at)
			}
		}
	}
	if snap.already {
		audited(snap.counter)
	}
	for _, e := range s.told() {
		if e.Body.ISDP != s.f.To.ISDP || euicc.NoticeType(e.Body.Notice) == euicc.RolledBack {
			continue
		}
		for _, a := range s.attempts {
			if a.label != labelConfirm(e) {
				continue
			}
			if a.executed() && a.proof.Body.Complete {
				earliest(a.proof.SeenAt)
			}
			if len(a.arrived) > 0 {
				audited(a.counter + 1)
			}
		}
	}
	return m
}

// back reports whether the card left the new identity again: by its notice, or
// by an answer under a higher counter than the one that proved the move.
func (s *saga) back(m *Move) (Result, bool) {
	if !s.f.decidesItself() {
		return Result{}, false
	}
	r := Result{State: RolledBack, Step: stepMoved, Closed: true, Back: true}
	if e := s.left(); e != nil {
		r.Cause, r.Enabled = fmt.Sprintf("notice %d: %s", e.Body.Sequence, euicc.NoticeType(e.Body.Notice)), e.Body.ISDP
		if e.Body.ISDP != "" && e.Body.ISDP != s.f.From.ISDP {
			r.Cause += fmt.Sprintf("; profile %s is enabled now", e.Body.ISDP)
		}
		return r, true
	}
	if m == nil || len(s.reads) == 0 || s.reads[0].imsi != s.f.From.IMSI || s.confirming() != nil {
		return Result{}, false
	}
	if s.reads[0].counter > s.provenUnder() && s.reads[0].at.After(m.At) {
		r.Cause = "the card has its old identity again: it undid the switch by itself"
		return r, true
	}
	return Result{}, false
}

// left is the notice that says that the card has not, or no more, the new
// profile; nil for none. That the old one attached (01, 02) tells that only
// after the new one did: before, it is a notice from before the switch.
func (s *saga) left() (e *ledger.Evidence) {
	arrived := false
	for _, n := range s.told() {
		t, isdp := euicc.NoticeType(n.Body.Notice), n.Body.ISDP
		switch {
		case t == euicc.RolledBack:
			e = &n
		case isdp == s.f.To.ISDP:
			e, arrived = nil, true
		case t == euicc.FellBack, isdp != "" && (arrived || isdp != s.f.From.ISDP):
			e = &n
		}
	}
	return e
}

// provenUnder is the highest counter under which the card told the new identity.
func (s *saga) provenUnder() (counter uint64) {
	for _, r := range s.reads {
		if r.imsi == s.f.To.IMSI {
			counter = max(counter, r.counter)
		}
	}
	for _, a := range s.attempts {
		if a.kind == ledger.Confirm && a.executed() {
			counter = max(counter, a.counter)
		}
	}
	return counter
}

// doubt asks a card again whose old identity was seen on a network after it had
// moved: such cards decide by themselves too. A read that is open at the new
// number, which is asked again by the laws, does not find a card that went back.
func (s *saga) doubt(r Result, m Move) Result {
	if !s.f.decidesItself() || s.seenOld == nil {
		return r
	}
	proven, seen := m.At, when(*s.seenOld)
	if s.attached != nil {
		proven = first(proven, when(*s.attached)) // a feed may bring its events late and together
	}
	if !seen.After(proven) || s.seenNew != nil && when(*s.seenNew).After(seen) {
		return r
	}
	asked := s.newest(func(a *attempt) bool { return a.label == labelProbe && a.made.After(seen) })
	deadline := s.seenOld.SeenAt.Add(s.f.Deadlines.Probing)
	switch {
	case asked != nil && (asked.proof != nil || asked.ended != ""), s.at(deadline):
		return r
	case asked == nil:
		r.Action = s.probe(s.freeProbe(), deadline)
	}
	r.Cause, r.Closed = "the old identity was seen on a network: the card is asked", false
	return r
}

// cleanUp deletes the old profile where its operator's rules say so (POL2),
// unless the card did it by its own (POL1).
func (s *saga) cleanUp(r Result, m Move) Result {
	if s.f.Technique != ByEUICC || !s.f.DeleteOld || s.deletedByCard() {
		return r
	}
	tries := writesOf(s.of(stepDelete))
	if len(tries) == 0 {
		return s.beginCleanUp(r, m)
	}
	w := tries[len(tries)-1]
	switch o := s.outcome(w); {
	case o == ledger.Open && !s.at(w.made.Add(s.f.Deadlines.Switching)):
		r.Closed = false
	case o == ledger.Executed && w.proof.Body.Complete, o == ledger.FencedRan:
	case r.Cause == "":
		r.Cause = notDeleted
	}
	return r
}

const notDeleted = "moved; the old profile was not deleted"

// beginCleanUp sends the order to delete, when the way is free: no notice is
// being confirmed, and no earlier write is open. The notice has proven the move,
// but only a read settles an Enable whose own answer was lost.
func (s *saga) beginCleanUp(r Result, m Move) Result {
	w, confirming := s.anyOpenWrite(), s.confirming() != nil
	if w == nil && !confirming {
		if a := s.deleteOld(); a != nil {
			r.Action, r.Closed = a, false
		}
		return r
	}
	deadline := latter(m.At, s.f.Began).Add(s.f.Deadlines.Switching)
	if s.at(deadline) {
		r.Cause = cmp.Or(r.Cause, notDeleted)
		return r
	}
	r.Closed = false
	if w != nil && !confirming && s.openRead() == nil {
		r.Action = cmp.Or(s.ask(s.freeProbe(), labelMoved, "before the old profile is deleted", New, w, deadline), r.Action)
	}
	return r
}

func (s *saga) deletedByCard() bool {
	for _, a := range s.attempts {
		if a.kind != ledger.Confirm || !a.executed() {
			continue
		}
		c, err := euicc.ParseConfirmation(a.proof.Body.Data)
		if err == nil && slices.ContainsFunc(c.Deleted, func(aid sat.AID) bool { return fmt.Sprintf("%X", []byte(aid)) == s.f.From.ISDP }) {
			return true
		}
	}
	return false
}

func (s *saga) deleteOld() *Action {
	aid, err := parseAID(s.f.From.ISDP)
	if err != nil {
		return nil
	}
	c, err := euicc.DeleteProfile{ISDP: aid}.Command()
	if err != nil {
		return nil
	}
	fence, err := s.f.audit("")
	if err != nil {
		return nil
	}
	body, err1 := s.f.scriptVia(s.f.Main(), []sat.Command{c}, nil)
	check, err2 := s.f.scriptVia(fence.via, fence.commands, nil)
	if err1 != nil || err2 != nil {
		return nil
	}
	return &Action{
		Step: s.step(stepDelete), Kind: ledger.Write, Label: labelDelete, Purpose: "delete profile " + s.f.From.Operator + " (POL2)",
		Way: New, Via: s.f.Main(), Script: body, Fence: check, FenceVia: fence.via, Expect: bytes.Clone(aid),
		Deadline: s.now.Add(s.f.Deadlines.Switching),
	}
}
