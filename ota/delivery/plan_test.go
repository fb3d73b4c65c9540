package delivery_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/delivery"
)

// t0 is when every attempt of a table was made and sent.
var t0 = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)

func at(minutes float64) time.Time { return t0.Add(time.Duration(minutes * float64(time.Minute))) }

// subs are the submissions of one part. Each is written "state" or
// "state@minute": the end of its grace when it is ambiguous, when its receipt
// came when it has one, else when it was sent.
func subs(t testing.TB, part int, specs ...string) (out []ledger.Submission) {
	t.Helper()
	for i, spec := range specs {
		state, minute, timed := strings.Cut(spec, "@")
		var when float64
		if timed {
			if _, err := fmt.Sscan(minute, &when); err != nil {
				t.Fatal(err)
			}
		}
		s := ledger.Submission{ID: int64(10*part + i + 1), PartSeq: part, Try: i + 1, Operator: "north", Destination: "+491", State: ledger.SubmissionState(state), SentAt: t0}
		switch s.State {
		case ledger.Ambiguous:
			s.NotBefore = at(when)
		case ledger.Arrived, ledger.Undelivered, ledger.Expired:
			s.FinalAt = at(when)
		case ledger.Ready:
			s.SentAt = time.Time{}
		default:
			s.SentAt = at(when)
		}
		out = append(out, s)
	}
	return out
}

// made is an attempt; every part is its submissions, separated by blanks.
func made(t testing.TB, id int64, kind ledger.AttemptKind, parts ...string) ledger.Attempt {
	t.Helper()
	a := ledger.Attempt{
		ID: id, TargetID: 1, CardID: 1, Step: 5, Try: int(id), Kind: kind, KeysetID: 1, Counter: 41 + uint64(id), TAR: []byte{0xB0, 1, 0x41}, SPI: []byte{0x16, 0x39},
		Format: "expanded", Script: []byte{0xAA, 0}, Label: "x", Deadline: at(6 * 60), CreatedAt: t0,
	}
	switch kind {
	case ledger.Write:
		a.Fence, a.Expect = []byte{0xAA, 1}, []byte{9}
	case ledger.CP:
		a.KeysetID, a.Counter, a.TAR, a.SPI = 0, 0, nil, nil
	}
	for i, p := range parts {
		a.Parts = append(a.Parts, ledger.Part{ID: int64(100*int(id) + i), AttemptID: id, Seq: i + 1, UserData: []byte{byte(i)}, Submissions: subs(t, i+1, strings.Fields(p)...)})
	}
	return a
}

func with(a ledger.Attempt, change func(*ledger.Attempt)) ledger.Attempt {
	change(&a)
	return a
}

// proof is an answer seen at a minute.
func proof(attempt int64, minute float64, status byte, authenticated bool) ledger.Evidence {
	return ledger.Evidence{AttemptID: attempt, Kind: ledger.EvProof, SeenAt: at(minute), Body: ledger.Body{Status: status, Authenticated: authenticated}}
}

func words(moves []delivery.Move) (out []string) {
	for _, m := range moves {
		s := fmt.Sprintf("%s %d", m.Do, m.Attempt.ID)
		if m.Do == delivery.Resend {
			s += fmt.Sprintf(" parts %v retire %v", m.Parts, m.Retire)
		}
		if m.Raise > 0 {
			s += fmt.Sprintf(" raise %d", m.Raise)
		}
		if m.Outcome != "" {
			s += fmt.Sprintf(" %s", m.Outcome)
		}
		out = append(out, s)
	}
	return out
}

type planCase struct {
	attempts []ledger.Attempt
	stored   []ledger.Evidence
	now      float64 // minutes after t0
	want     string  // moves, separated by "; "
	due      float64 // minutes after t0; -1 for none, 0 not looked at
}

func runPlans(t *testing.T, cases map[string]planCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			moves, due := delivery.Plan(ledger.Dossier{Attempts: c.attempts, Stored: c.stored}, at(c.now), delivery.Field())
			if got := strings.Join(words(moves), "; "); got != c.want {
				t.Errorf("moves %q, want %q", got, c.want)
			}
			if c.due < 0 && !due.IsZero() || c.due > 0 && !due.Equal(at(c.due)) {
				t.Errorf("due after %v, want %v minutes", due.Sub(t0), c.due)
			}
			for _, m := range moves {
				if m.Reason == "" {
					t.Errorf("%s has no reason", m.Do)
				}
			}
		})
	}
}

func TestPlanOfAWrite(t *testing.T) {
	t.Parallel()
	one := func(parts ...string) []ledger.Attempt { return []ledger.Attempt{made(t, 1, ledger.Write, parts...)} }
	fence := with(made(t, 2, ledger.Read, "accepted@5"), func(r *ledger.Attempt) {
		r.FenceOf, r.Label, r.CreatedAt = 1, delivery.LabelFence, at(5)
	})
	unreadable := with(made(t, 1, ledger.Write, "accepted"), func(a *ledger.Attempt) { a.Fence, a.Expect = nil, nil })
	runPlans(t, map[string]planCase{
		"not sent yet": {one("ready"), nil, 1, "", 0},
		"ready a long time: nothing can have left":          {one("ready"), nil, 300, "", 0},
		"accepted: silence until the first probe":           {one("accepted"), nil, 4.9, "", 5},
		"accepted, no receipt: fence at the first probe":    {one("accepted"), nil, 5, "fence 1", 0},
		"ambiguous within its grace":                        {one("ambiguous@1"), nil, 0.9, "", 1},
		"ambiguous after its grace: the same octets again":  {one("ambiguous@1"), nil, 1, "resend 1 parts [1] retire [11]", 0},
		"only the ambiguous part":                           {one("accepted", "ambiguous@1", "accepted"), nil, 1, "resend 1 parts [2] retire [21]", 0},
		"ambiguous, its copy already on the way":            {one("ambiguous@1 ready"), nil, 1, "resend 1 parts [] retire [11]", 0},
		"ambiguous, its copy refused":                       {one("ambiguous@1 refused"), nil, 1, "resend 1 parts [1] retire [11]", 0},
		"ambiguous copy of a part that arrived":             {one("delivered@0.5 ambiguous@1"), nil, 1, "resend 1 parts [] retire [12]", 0},
		"ambiguous until the first probe calls for a fence": {one("accepted", "ambiguous@6"), nil, 5, "fence 1", 6},
		"ambiguous after the deadline is not sent again":    {append(one("ambiguous@359"), fence), nil, 360, "resend 1 parts [] retire [11]", 0},

		"one of two delivered: wait a proof time":              {one("delivered@1", "accepted"), nil, 2.9, "", 3},
		"one of two delivered: only the other again":           {one("delivered@1", "accepted"), nil, 3, "resend 1 parts [2] retire []", 0},
		"negative receipt: wait":                               {one("undelivered@1"), nil, 1.9, "", 2},
		"negative receipt: again":                              {one("undelivered@1"), nil, 2, "resend 1 parts [1] retire []", 0},
		"EXPIRED proves nothing: again":                        {one("delivered@1", "expired@1"), nil, 2, "resend 1 parts [2] retire []", 0},
		"EXPIRED proves nothing: fence":                        {one("expired@4.5"), nil, 5, "fence 1", 5.5},
		"a part is not sent again without end":                 {append(one("undelivered@1 undelivered@2 undelivered@3 undelivered@4 undelivered@5 undelivered@6"), fence), nil, 9, "", 0},
		"all delivered: proof time":                            {one("delivered@1", "delivered@1.5"), nil, 3.4, "", 3.5},
		"all delivered, no proof: the whole set":               {one("delivered@1", "delivered@1.5"), nil, 3.5, "resend 1 parts [1 2] retire []", 0},
		"the whole set still leaving: no fence with it":        {one("delivered@1 ready", "delivered@1 ready"), nil, 4, "", 5},
		"the whole set only once":                              {one("delivered@1 accepted@3", "delivered@1 accepted@3"), nil, 4.9, "", 5},
		"the whole set twice, no proof: fence":                 {one("delivered@1 delivered@3.2", "delivered@1 delivered@3.1"), nil, 5.2, "fence 1", 0},
		"the whole set is not sent after the deadline":         {append([]ledger.Attempt{with(made(t, 1, ledger.Write, "delivered@1"), func(a *ledger.Attempt) { a.Deadline = at(2) })}, with(fence, func(r *ledger.Attempt) { r.Deadline = at(2) })), nil, 4, "", 0},
		"negative receipt after the deadline":                  {append([]ledger.Attempt{with(made(t, 1, ledger.Write, "undelivered@1"), func(a *ledger.Attempt) { a.Deadline = at(1.5) })}, with(fence, func(r *ledger.Attempt) { r.Deadline = at(2) })), nil, 4, "", 0},
		"a question of the saga is no fence":                   {append(one("accepted"), with(fence, func(r *ledger.Attempt) { r.Label, r.CreatedAt = "moved?", at(6) })), nil, 6, "fence 1", 0},
		"a fence goes once":                                    {append(one("accepted"), fence), nil, 6, "", 0},
		"no read can tell: held, not failed, not written anew": {[]ledger.Attempt{unreadable}, nil, 5, "conclude 1 held", 0},

		"unsecured 0A over an open write is no failure":  {one("accepted"), []ledger.Evidence{proof(1, 1, 0x0A, false)}, 2.9, "", 3},
		"unsecured 0A over an open write: fence":         {one("accepted"), []ledger.Evidence{proof(1, 1, 0x0A, false)}, 3, "fence 1", 0},
		"unsecured 06 over an open write: fence":         {one("delivered@1"), []ledger.Evidence{proof(1, 1, 0x06, false)}, 3, "fence 1", 0},
		"unsecured 00 settles nothing: fence":            {one("accepted"), []ledger.Evidence{proof(1, 1, 0x00, false)}, 3, "fence 1", 0},
		"authenticated 02 may answer a copy: fence":      {one("accepted"), []ledger.Evidence{proof(1, 1, 0x02, true)}, 3, "fence 1", 0},
		"a concluded write is left alone":                {[]ledger.Attempt{with(made(t, 1, ledger.Write, "ambiguous@1"), func(a *ledger.Attempt) { a.Outcome = ledger.Executed })}, nil, 100, "", -1},
		"some part never accepted: unsent":               {one("accepted", "refused"), nil, 1, "conclude 1 unsent", 0},
		"withdrawn before it left: unsent":               {one("withdrawn"), nil, 1, "conclude 1 unsent", 0},
		"refused once, ambiguous once: not unsent":       {one("ambiguous@1 refused"), nil, 0.5, "", 1},
		"refused by one link, going by another":          {one("refused ready"), nil, 1, "", 0},
		"temporary with a successor":                     {one("temporary ready"), nil, 1, "", 0},
		"temporary, then refused: unsent":                {one("temporary refused"), nil, 1, "conclude 1 unsent", 0},
		"negative receipts of every part are not unsent": {one("undelivered@0.5"), nil, 1, "", 1.5},
	})
}

func TestPlanWithoutReplayDetectionSendsNothingAgain(t *testing.T) {
	t.Parallel()
	weak := func(kind ledger.AttemptKind, spi byte, parts ...string) []ledger.Attempt {
		return []ledger.Attempt{with(made(t, 1, kind, parts...), func(a *ledger.Attempt) { a.SPI[0] = spi })}
	}
	runPlans(t, map[string]planCase{
		"no counter, ambiguous":          {weak(ledger.Write, 0x06, "ambiguous@1"), nil, 1, "resend 1 parts [] retire [11]", 0},
		"counter unchecked, ambiguous":   {weak(ledger.Write, 0x0E, "ambiguous@1"), nil, 1, "resend 1 parts [] retire [11]", 0},
		"counter higher, ambiguous":      {weak(ledger.Write, 0x16, "ambiguous@1"), nil, 1, "resend 1 parts [1] retire [11]", 0},
		"negative receipt":               {weak(ledger.Write, 0x0E, "undelivered@1"), nil, 4, "", 5},
		"one part of two delivered":      {weak(ledger.Write, 0x0E, "delivered@1", "accepted"), nil, 4, "", 5},
		"all delivered: fence, no copy":  {weak(ledger.Write, 0x0E, "delivered@1"), nil, 3, "fence 1", 0},
		"a read, ambiguous":              {weak(ledger.Read, 0x06, "ambiguous@1"), nil, 1, "resend 1 parts [] retire [11]", 0},
		"an attempt without SPI is weak": {[]ledger.Attempt{with(made(t, 1, ledger.Write, "ambiguous@1"), func(a *ledger.Attempt) { a.SPI = nil })}, nil, 1, "resend 1 parts [] retire [11]", 0},
	})
}

// row is so many reads of one step, each a minute after the one before, all
// but the last replaced.
func row(t testing.TB, n int, state string) (out []ledger.Attempt) {
	t.Helper()
	for i := range n {
		a := with(made(t, int64(i+1), ledger.Read, state), func(a *ledger.Attempt) { a.CreatedAt = at(float64(i)) })
		if i < n-1 {
			a.Outcome = ledger.Overdue
		}
		out = append(out, a)
	}
	return out
}

func low(n int) (out []ledger.Evidence) {
	for i := range n {
		out = append(out, proof(int64(i+1), float64(i)+0.5, 0x02, true))
	}
	return out
}

func TestPlanOfARead(t *testing.T) {
	t.Parallel()
	executed := with(made(t, 1, ledger.Read, "ambiguous@1"), func(a *ledger.Attempt) { a.Outcome = ledger.Executed })
	unsent := with(made(t, 1, ledger.Read, "refused"), func(a *ledger.Attempt) { a.Outcome = ledger.Unsent })
	broken := append(low(2), proof(4, 3.5, 0x02, true)) // the third was never answered
	answered := append(low(4), proof(3, 2.6, 0x00, true))
	runPlans(t, map[string]planCase{
		"no answer before the first probe":           {row(t, 1, "accepted"), nil, 4.9, "", 5},
		"no answer: under the next counter":          {row(t, 1, "accepted"), nil, 5, "reread 1", 0},
		"the second probe":                           {row(t, 2, "accepted"), nil, 14.9, "", 15},
		"the third probe":                            {row(t, 3, "accepted"), nil, 60, "reread 3", 0},
		"then daily":                                 {row(t, 4, "accepted"), nil, 61, "", 60 + 24*60},
		"delivered, no answer":                       {row(t, 1, "delivered@1"), nil, 3, "reread 1", 0},
		"answered 02: at once":                       {row(t, 1, "accepted"), low(1), 0.5, "reread 1", 0},
		"answered 02 twice: at once":                 {row(t, 2, "accepted"), low(2), 1.5, "reread 2", 0},
		"answered 06 in clear: after a grace":        {row(t, 1, "accepted"), []ledger.Evidence{proof(1, 1, 0x06, false)}, 2, "reread 1", 0},
		"answered 06 in clear: not at once":          {row(t, 1, "accepted"), []ledger.Evidence{proof(1, 1, 0x06, false)}, 1.9, "", 2},
		"answered 02 in clear is no counter":         {row(t, 3, "accepted"), []ledger.Evidence{proof(1, 0, 2, false), proof(2, 1, 2, false), proof(3, 2, 2, false)}, 4, "reread 3", 0},
		"eight in a step, then hourly":               {row(t, 8, "delivered@8"), nil, 30, "", 7 + 60},
		"the ninth after an hour":                    {row(t, 8, "delivered@8"), nil, 67, "reread 8", 0},
		"seven: not yet hourly":                      {row(t, 7, "delivered@8"), nil, 10, "reread 7", 0},
		"never after the deadline":                   {row(t, 1, "delivered@1"), low(1), 360, "", 0},
		"ambiguous: the same octets again":           {row(t, 1, "ambiguous@1"), nil, 1, "resend 1 parts [1] retire [11]", 0},
		"ambiguous, but answered 06: never again":    {row(t, 1, "ambiguous@1"), []ledger.Evidence{proof(1, 0.5, 0x06, false)}, 1, "resend 1 parts [] retire [11]", 1.5},
		"ambiguous, but answered 02: only a new one": {row(t, 1, "ambiguous@1"), low(1), 1, "resend 1 parts [] retire [11]; reread 1", 0},
		"an answered read is left alone":             {[]ledger.Attempt{executed}, nil, 300, "", -1},
		"a replaced read is left alone":              {row(t, 2, "accepted"), nil, 5, "", 15},
		"refused by every SMSC":                      {row(t, 1, "refused"), nil, 1, "conclude 1 unsent", 5},
		"refused by every SMSC: asked again in time": {[]ledger.Attempt{unsent}, nil, 5, "reread 1", 0},
		"three 02 in a row: 2^8 higher":              {row(t, 3, "accepted"), low(3), 2.5, "reread 3 raise 256", 0},
		"four: 2^16":                                 {row(t, 4, "accepted"), low(4), 3.5, "reread 4 raise 65536", 0},
		"five: 2^24":                                 {row(t, 5, "accepted"), low(5), 4.5, "reread 5 raise 16777216", 0},
		"six: held, counter behind":                  {row(t, 6, "accepted"), low(6), 5.5, "conclude 6 held", 0},
		"a read without answer ends the row":         {row(t, 4, "accepted"), broken, 3.5, "reread 4", 0},
		"an answer other than 02 ends the row":       {row(t, 4, "accepted"), answered, 3.5, "reread 4", 0},
	})
}

func TestPlanOfAConfirmation(t *testing.T) {
	t.Parallel()
	one := func(parts ...string) []ledger.Attempt { return []ledger.Attempt{made(t, 1, ledger.Confirm, parts...)} }
	beside := func(kind ledger.AttemptKind, parts ...string) []ledger.Attempt {
		c := made(t, 2, ledger.Confirm, "delivered@1")
		c.Step = 301
		return []ledger.Attempt{made(t, 1, kind, parts...), c}
	}
	runPlans(t, map[string]planCase{
		"on its way":                                {one("accepted"), nil, 5, "", 360},
		"delivered: its answer is waited for":       {one("delivered@1"), nil, 2, "", 3},
		"delivered, no answer: the set again":       {one("delivered@1"), nil, 3, "resend 1 parts [1] retire []", 360},
		"delivered twice, no answer: given up":      {one("delivered@1 delivered@4"), nil, 7, "conclude 1 overdue", 360},
		"lost on the way: again":                    {one("expired@1"), nil, 3, "resend 1 parts [1] retire []", 360},
		"its time is over":                          {one("accepted"), nil, 360, "conclude 1 overdue", 0},
		"no read may overtake it":                   {beside(ledger.Read, "delivered@1"), nil, 2.5, "", 3},
		"nor the fence of a write, whatever is due": {beside(ledger.Write, "delivered@1 delivered@2"), nil, 2.9, "", 3},
	})
}

func TestPlanOfADocument(t *testing.T) {
	t.Parallel()
	one := func(parts ...string) []ledger.Attempt { return []ledger.Attempt{made(t, 1, ledger.CP, parts...)} }
	runPlans(t, map[string]planCase{
		"every part has a receipt":            {one("delivered@1", "delivered@2"), nil, 2, "conclude 1 delivered", 0},
		"a part is silent":                    {one("delivered@1", "accepted"), nil, 4.9, "", 5},
		"a part is silent: it alone again":    {one("delivered@1", "accepted"), nil, 5, "resend 1 parts [2] retire []", 360},
		"silent twice":                        {one("accepted accepted@5"), nil, 19, "", 20},
		"a part is lost: it alone again":      {one("delivered@1", "undelivered@1"), nil, 2, "resend 1 parts [2] retire []", 0},
		"ambiguous: again":                    {one("ambiguous@1"), nil, 1, "resend 1 parts [1] retire [11]", 0},
		"refused":                             {one("delivered@1", "refused"), nil, 1, "conclude 1 undeliverable", 0},
		"not delivered in time":               {one("delivered@1", "accepted"), nil, 360, "conclude 1 undeliverable", 0},
		"lost too often: waits for the end":   {one("undelivered@1 undelivered@1 undelivered@1 undelivered@1 undelivered@1 undelivered@1"), nil, 30, "", 360},
		"delivered in time, seen after it":    {one("delivered@359"), nil, 361, "conclude 1 delivered", 0},
		"a document over an open write":       {append(one("accepted"), made(t, 2, ledger.Write, "accepted")), nil, 4, "", 5},
		"concluded":                           {[]ledger.Attempt{with(one("ambiguous@1")[0], func(a *ledger.Attempt) { a.Outcome = ledger.Undeliver })}, nil, 500, "", -1},
		"a part on its way is not sent again": {one("undelivered@1 ready"), nil, 10, "", 360},
	})
}

func TestPlanIgnoresTheOrderOfEvidence(t *testing.T) {
	t.Parallel()
	evidence := append(low(3), proof(3, 2.7, 0x06, false), proof(2, 1.7, 0x06, false))
	var first []string
	for range len(evidence) {
		evidence = append(evidence[1:], evidence[0])
		for range 2 {
			slices.Reverse(evidence)
			moves, due := delivery.Plan(ledger.Dossier{Attempts: row(t, 3, "accepted"), Stored: evidence}, at(4), delivery.Field())
			got := append(words(moves), due.String())
			if first == nil {
				first = got
			}
			if diff := cmp.Diff(first, got); diff != "" {
				t.Fatal(diff)
			}
		}
	}
}
