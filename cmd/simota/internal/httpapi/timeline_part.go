package httpapi

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// part tells what went wrong with one part on its way to each number.
func (t *teller) part(a ledger.Attempt, p ledger.Part) {
	for _, tries := range byNumber(p) {
		for len(tries) > 0 {
			n := refusals(tries)
			e := api.Entry{
				At: tries[0].SentAt, Way: wayReceived, What: fmt.Sprintf("part %d", p.Seq), Counter: a.Counter,
				Link: cmp.Or(tries[0].Link, tries[0].Operator), Number: tries[0].Destination,
			}
			if n > 0 {
				refused(&e, tries[:n], tries[n:])
				if n < len(tries) && tries[n].State == ledger.Withdrawn {
					n++ // said with the refusal
				}
			} else {
				n = 1
				failed(&e, a, tries)
			}
			if e.Text != "" {
				t.add(e)
			}
			tries = tries[n:]
		}
	}
}

// byNumber are the submissions of a part, oldest first, for each number that
// it went to.
func byNumber(p ledger.Part) (out [][]ledger.Submission) {
	for _, s := range p.Submissions {
		i := slices.IndexFunc(out, func(o []ledger.Submission) bool { return o[0].Destination == s.Destination })
		if i < 0 {
			i, out = len(out), append(out, nil)
		}
		out[i] = append(out[i], s)
	}
	return out
}

// refusals counts how many of the next tries were not taken for now.
func refusals(tries []ledger.Submission) int {
	n := slices.IndexFunc(tries, func(s ledger.Submission) bool { return s.State != ledger.Temporary })
	if n < 0 {
		return len(tries)
	}
	return n
}

// refused tells of refusals one after the other, and what became of the part then.
func refused(e *api.Entry, refusals, later []ledger.Submission) {
	var names []string
	times := map[string]int{}
	for _, s := range refusals {
		name := smpp.StatusName(s.Status)
		if times[name]++; times[name] == 1 {
			names = append(names, name)
		}
	}
	for i, name := range names {
		if n := times[name]; n > 1 {
			names[i] += fmt.Sprintf(", %d times", n)
		}
	}
	e.Text = "not taken now: " + strings.Join(names, ", ")
	if len(later) == 0 {
		return
	}
	switch next := later[0]; next.State {
	case ledger.Ready:
		e.Text += "; it goes again later"
	case ledger.Withdrawn:
		e.Text += "; taken back before it went again"
	case ledger.Accepted, ledger.Arrived, ledger.Undelivered, ledger.Expired:
		e.Text, e.Then = e.Text+"; taken", next.SentAt
	default:
		e.Text, e.Then = e.Text+"; sent again", next.SentAt
	}
}

// failed tells of the first of the tries, if it went wrong.
func failed(e *api.Entry, a ledger.Attempt, tries []ledger.Submission) {
	switch s := tries[0]; s.State {
	case ledger.Ambiguous:
		e.Way, e.Text = wayUnknown, "no response: ambiguous"
		if i := slices.IndexFunc(tries[1:], func(s ledger.Submission) bool { return !s.SentAt.IsZero() }); i >= 0 {
			e.Text, e.Then = e.Text+"; same octets sent again", tries[1+i].SentAt
		}
	case ledger.Rejected:
		e.Text = "refused by the SMSC: " + smpp.StatusName(s.Status)
	case ledger.Undelivered, ledger.Expired:
		e.At, e.Text = s.FinalAt, "receipt: "+cmp.Or(s.Err, string(s.State))
		if c, told := receipt.CauseIn(s.Err); told {
			e.Text += fmt.Sprintf("; retry %s: %s", c.Retry(), c.Advice())
		}
	case ledger.Withdrawn:
		e.At, e.Way, e.Text = a.CreatedAt, wayState, "taken back before it was sent"
	}
}

// again tells, one line per round and number, of parts that were sent once more
// after an SMSC had taken them. After a refusal or an ambiguous submission the
// line of that says so.
func (t *teller) again(a ledger.Attempt, what string) {
	const together = time.Second
	type line struct {
		first ledger.Submission
		parts []int
	}
	var lines []line
	for _, p := range a.Parts {
		for _, tries := range byNumber(p) {
			for i, s := range tries {
				if i == 0 || s.SentAt.IsZero() || tries[i-1].State == ledger.Temporary || tries[i-1].State == ledger.Ambiguous {
					continue
				}
				k := slices.IndexFunc(lines, func(l line) bool {
					return l.first.Destination == s.Destination && l.first.SentAt.Sub(s.SentAt).Abs() < together && !slices.Contains(l.parts, p.Seq)
				})
				if k < 0 {
					k, lines = len(lines), append(lines, line{first: s})
				}
				lines[k].parts = append(lines[k].parts, p.Seq)
			}
		}
	}
	for _, l := range lines {
		t.add(api.Entry{
			At: l.first.SentAt, Way: waySent, What: what, Text: "same octets again: " + numbered("part", l.parts), Counter: a.Counter,
			Link: cmp.Or(l.first.Link, l.first.Operator), Number: l.first.Destination, Rung: rungSubmitted,
		})
	}
}

// numbered is "part 2" or "parts 1, 2".
func numbered(what string, numbers []int) string {
	if len(numbers) > 1 {
		what += "s"
	}
	text := make([]string, len(numbers))
	for i, n := range numbers {
		text[i] = strconv.Itoa(n)
	}
	return what + " " + strings.Join(text, ", ")
}
