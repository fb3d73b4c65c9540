package delivery_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/delivery"
)

var (
	kinds    = []ledger.AttemptKind{ledger.Write, ledger.Read, ledger.Read, ledger.Confirm, ledger.CP}
	outcomes = []ledger.Outcome{ledger.Open, ledger.Open, ledger.Open, ledger.Executed, ledger.Refused, ledger.Unsent, ledger.FencedNot, ledger.Overdue, ledger.Held}
	states   = []ledger.SubmissionState{ledger.Ready, ledger.Submitting, ledger.Accepted, ledger.Temporary, ledger.Rejected, ledger.Ambiguous, ledger.Arrived,
		ledger.Undelivered, ledger.Expired, ledger.Withdrawn}
	spis = [][]byte{{0x16, 0x39}, {0x16, 0x39}, {0x06, 0x39}, {0x0E, 0x21}, nil, {0x16}}
)

// moments are those at which rules turn, and those beside them.
func moment(t *rapid.T, name string) time.Time {
	if rapid.Bool().Draw(t, name+" unset") && rapid.Bool().Draw(t, name+" really") {
		return time.Time{}
	}
	return t0.Add(time.Duration(rapid.IntRange(-2, 800).Draw(t, name)) * 30 * time.Second)
}

func drawAttempt(t *rapid.T, id int64) ledger.Attempt {
	a := ledger.Attempt{
		ID: id, TargetID: 1, Step: rapid.IntRange(1, 2).Draw(t, "step"), Try: rapid.IntRange(1, 4).Draw(t, "try"), Kind: rapid.SampledFrom(kinds).Draw(t, "kind"),
		KeysetID: 1, Counter: uint64(id), TAR: []byte{1, 2, 3}, SPI: rapid.SampledFrom(spis).Draw(t, "spi"), Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"),
		CreatedAt: moment(t, "created"), Deadline: moment(t, "deadline"),
	}
	if rapid.Bool().Draw(t, "fence") {
		a.Fence = []byte{1}
	}
	if a.Kind == ledger.Read && rapid.Bool().Draw(t, "is a fence") {
		a.FenceOf, a.Label = int64(rapid.IntRange(1, 5).Draw(t, "fence of")), delivery.LabelFence
	}
	for seq := range rapid.IntRange(0, 3).Draw(t, "parts") {
		p := ledger.Part{ID: 10*id + int64(seq), Seq: seq + 1}
		for try := range rapid.IntRange(0, 7).Draw(t, "submissions") {
			p.Submissions = append(p.Submissions, ledger.Submission{
				ID: 100*id + 10*int64(seq) + int64(try), Try: try + 1, State: rapid.SampledFrom(states).Draw(t, "state"), Destination: rapid.SampledFrom([]string{"+1", "+2"}).Draw(t, "to"),
				NotBefore: moment(t, "not before"), SentAt: moment(t, "sent"), FinalAt: moment(t, "final"),
			})
		}
		a.Parts = append(a.Parts, p)
	}
	return a
}

func drawDossier(t *rapid.T) ledger.Dossier {
	var d ledger.Dossier
	for i := range rapid.IntRange(0, 5).Draw(t, "attempts") {
		d.Attempts = append(d.Attempts, drawAttempt(t, int64(i+1)))
	}
	for range rapid.IntRange(0, 6).Draw(t, "proofs") {
		d.Stored = append(d.Stored, ledger.Evidence{
			AttemptID: int64(rapid.IntRange(0, 6).Draw(t, "of")), Kind: rapid.SampledFrom([]ledger.EvidenceKind{ledger.EvProof, ledger.EvProof, ledger.EvPair}).Draw(t, "evidence"),
			SeenAt: moment(t, "seen"), Body: ledger.Body{Status: rapid.SampledFrom([]byte{0, 2, 6, 9, 10}).Draw(t, "status"), Authenticated: rapid.Bool().Draw(t, "authenticated")},
		})
	}
	return d
}

func TestPlanObeysTheLawsWhateverIsStored(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, now, timing := drawDossier(t), moment(t, "now"), delivery.Field()
		before, _ := json.Marshal(d)
		moves, due := delivery.Plan(d, now, timing)
		if after, _ := json.Marshal(d); !bytes.Equal(before, after) {
			t.Fatal("Plan changed the dossier")
		}
		again, dueAgain := delivery.Plan(d, now, timing)
		if diff := cmp.Diff(moves, again); diff != "" || !due.Equal(dueAgain) {
			t.Fatalf("Plan is not a function of its arguments: %s", diff)
		}
		if !due.IsZero() && !due.After(now) {
			t.Fatalf("due %v is not after now %v", due, now)
		}
		for _, m := range moves {
			lawful(t, d, m, now)
		}
		if len(moves) == 0 && !due.IsZero() {
			if early, _ := delivery.Plan(d, due.Add(-1), timing); len(early) > 0 {
				t.Fatalf("%v was due before %v", words(early), due)
			}
		}
	})
}

// lawful checks one move against DESIGN.md, section 3.
func lawful(t *rapid.T, d ledger.Dossier, m delivery.Move, now time.Time) {
	a := m.Attempt
	open := a.Outcome == ledger.Open
	switch m.Do {
	case delivery.Resend:
		if !open {
			t.Fatalf("the octets of an attempt with outcome %q go again", a.Outcome)
		}
		if len(m.Parts) > 0 && !now.Before(a.Deadline) {
			t.Fatal("octets go again after the deadline")
		}
		if replay := len(a.SPI) == 2 && ota.SPI(a.SPI).ReplayDetected(); len(m.Parts) > 0 && a.Kind != ledger.CP && !replay {
			t.Fatalf("octets go again with SPI %X, which detects no replay", a.SPI)
		}
		if len(slices.Compact(slices.Clone(m.Parts))) != len(m.Parts) {
			t.Fatalf("parts %v: one goes twice", m.Parts)
		}
		answered := slices.ContainsFunc(d.Stored, func(e ledger.Evidence) bool { return e.Kind == ledger.EvProof && e.AttemptID == a.ID })
		if a.Kind == ledger.Read && answered && len(m.Parts) > 0 {
			t.Fatal("an answered read goes again under its old counter")
		}
		return
	}
	if m.Do != delivery.Conclude && slices.ContainsFunc(d.Attempts, func(c ledger.Attempt) bool { return c.Kind == ledger.Confirm && c.Outcome == ledger.Open }) {
		t.Fatalf("%s while a notice is being confirmed", m.Do)
	}
	switch m.Do {
	case delivery.Reread:
		if a.Kind != ledger.Read || !open && a.Outcome != ledger.Unsent {
			t.Fatalf("a %s with outcome %q is asked again", a.Kind, a.Outcome)
		}
		if !now.Before(a.Deadline) {
			t.Fatal("a read is asked again after its deadline")
		}
	case delivery.Fence:
		if a.Kind != ledger.Write || !open || len(a.Fence) == 0 {
			t.Fatalf("a fence of a %s with outcome %q", a.Kind, a.Outcome)
		}
	case delivery.Conclude:
		concluded(t, m)
	default:
		t.Fatalf("move %q", m.Do)
	}
}

func concluded(t *rapid.T, m delivery.Move) {
	a := m.Attempt
	if a.Outcome != ledger.Open {
		t.Fatalf("%q becomes %q by silence", a.Outcome, m.Outcome)
	}
	switch m.Outcome {
	case ledger.Unsent:
		if !a.NeverAccepted() {
			t.Fatal("unsent, but every part may be with the card")
		}
	case ledger.Held:
		if a.Kind == ledger.Write && len(a.Fence) > 0 {
			t.Fatal("a write is held although a read could tell")
		}
	case ledger.Superseded:
		if a.Kind != ledger.Read || a.FenceOf == 0 {
			t.Fatalf("a %s that settles nothing is superseded", a.Kind)
		}
	case ledger.Overdue:
		if a.Kind != ledger.Confirm {
			t.Fatalf("silence makes a %s overdue", a.Kind)
		}
	case ledger.Delivered, ledger.Undeliver:
		if a.Kind != ledger.CP {
			t.Fatalf("a %s becomes %q", a.Kind, m.Outcome)
		}
	default:
		t.Fatalf("silence makes a %s %q", a.Kind, m.Outcome)
	}
}
