package ledger

import (
	"cmp"
	"slices"
	"time"
)

// Evidence is all that was seen of the target: the stored rows, and what its
// attempts and submissions say, in the order in which it was seen.
func (d Dossier) Evidence() []Evidence {
	out := slices.Clone(d.Stored)
	for _, a := range d.Attempts {
		out = append(out, a.evidence()...)
	}
	slices.SortStableFunc(out, func(a, b Evidence) int {
		return cmp.Or(a.SeenAt.Compare(b.SeenAt), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (a Attempt) evidence() []Evidence {
	about := func(kind EvidenceKind, s Submission, seq int, at time.Time) Evidence {
		return Evidence{
			TargetID: a.TargetID, CardID: a.CardID, AttemptID: a.ID, SubmissionID: s.ID,
			Kind: kind, Counter: a.Counter, Link: s.Link, SeenAt: at,
			Body: Body{
				Attempt: a.Kind, Step: a.Step, Try: a.Try, Label: a.Label, Part: seq, Parts: len(a.Parts),
				Number: s.Destination, State: string(s.State), Err: s.Err,
			},
		}
	}
	first := Submission{}
	if len(a.Parts) > 0 && len(a.Parts[0].Submissions) > 0 {
		first = a.Parts[0].Submissions[0]
	}
	submitted := about(EvSubmitted, first, 0, a.CreatedAt)
	submitted.SubmissionID, submitted.Body.State, submitted.Body.Err = 0, "", ""
	submitted.Body.Text = a.Purpose
	out := []Evidence{submitted}
	for _, p := range a.Parts {
		for _, s := range p.Submissions {
			switch s.State {
			case Accepted:
				out = append(out, about(EvAccepted, s, p.Seq, s.SentAt))
			case Rejected, Temporary:
				out = append(out, about(EvRefused, s, p.Seq, s.SentAt))
			case Ambiguous:
				out = append(out, about(EvAmbiguous, s, p.Seq, s.SentAt))
			case Arrived, Undelivered, Expired:
				out = append(out, about(EvAccepted, s, p.Seq, s.SentAt), about(EvReceipt, s, p.Seq, s.FinalAt))
			}
		}
	}
	return out
}

// Accepted reports whether some SMSC took the part: for this, or for a copy of it.
func (p Part) Accepted() bool {
	return p.any(Accepted, Arrived, Undelivered, Expired)
}

// Arrived reports whether a receipt says that a phone has the part, and when
// the last such receipt came.
func (p Part) Arrived() (at time.Time, ok bool) {
	for _, s := range p.Submissions {
		if s.State == Arrived {
			ok = true
			if s.FinalAt.After(at) {
				at = s.FinalAt
			}
		}
	}
	return at, ok
}

// NeverAccepted reports whether the part certainly reached no SMSC and no
// submission of it can any more: every one was refused or withdrawn.
func (p Part) NeverAccepted() bool {
	return len(p.Submissions) > 0 && !p.any(Ready, Submitting, Accepted, Ambiguous, Arrived, Undelivered, Expired)
}

// Waiting reports whether a submission of the part is still on its way to an SMSC.
func (p Part) Waiting() bool { return p.any(Ready, Submitting) }

func (p Part) any(states ...SubmissionState) bool {
	return slices.ContainsFunc(p.Submissions, func(s Submission) bool { return slices.Contains(states, s.State) })
}

// Arrived reports whether every part of the attempt has a positive receipt,
// and when the last one came.
func (a Attempt) Arrived() (at time.Time, ok bool) {
	for _, p := range a.Parts {
		t, has := p.Arrived()
		if !has {
			return time.Time{}, false
		}
		if t.After(at) {
			at = t
		}
	}
	return at, len(a.Parts) > 0
}

// NeverAccepted reports whether some part of the attempt certainly reached no
// SMSC: then no card can have it whole.
func (a Attempt) NeverAccepted() bool {
	return slices.ContainsFunc(a.Parts, Part.NeverAccepted)
}
