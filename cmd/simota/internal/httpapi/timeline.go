package httpapi

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/smpp"
)

// Rungs of the ladder that a card climbs.
const (
	rungSubmitted  = "submitted"
	rungDelivered  = "delivered"
	rungExecuted   = "executed"
	rungReattached = "re-attached"
	rungMoved      = "moved"
	rungSettings   = "settings delivered"
	rungVerified   = "verified"
)

// Ways of an entry.
const (
	waySent     = ">"
	wayReceived = "<"
	wayUnknown  = "?"
	wayState    = "="
)

// teller tells the story of one target.
type teller struct {
	d       ledger.Dossier
	facts   swap.Facts
	entries []api.Entry
}

// entriesOf are the lines of one target, in no order.
func entriesOf(d ledger.Dossier) []api.Entry {
	t := &teller{d: d, facts: factsOf(d.Target)}
	if at := d.Target.ReleasedAt; !at.IsZero() {
		t.add(api.Entry{At: at, Way: wayState, What: string(swap.Selected), Text: "campaign " + d.Campaign.Name})
	}
	for _, a := range d.Attempts {
		t.attempt(a)
	}
	for _, e := range d.Stored {
		t.seen(e)
	}
	return t.entries
}

// inOrder sorts a card's lines by time; what was seen together stays as told.
func inOrder(entries []api.Entry) []api.Entry {
	slices.SortStableFunc(entries, func(a, b api.Entry) int { return a.At.Compare(b.At) })
	return entries
}

func (t *teller) add(e api.Entry) {
	e.Campaign = t.d.Campaign.Name
	t.entries = append(t.entries, e)
}

// attempt tells of one packet or document and what became of its parts.
func (t *teller) attempt(a ledger.Attempt) {
	e := api.Entry{At: a.CreatedAt, Way: waySent, What: whatOf(a.Kind, a.Label), Text: a.Purpose, Counter: a.Counter, Rung: rungSubmitted}
	if len(a.TAR) > 0 {
		e.Text += fmt.Sprintf("; %X counter %d", a.TAR, a.Counter)
	}
	e.Text += ", " + count(len(a.Parts), "part")
	e.Link, e.Number = ways(a)
	if !sent(a) {
		e.Rung = ""
	}
	if a.Kind != ledger.CP { // a document holds the APN's password in clear
		for _, p := range a.Parts {
			e.Raw = append(e.Raw, hex.EncodeToString(p.UserData))
		}
	}
	t.add(e)
	t.receipts(a, e)
	for _, p := range a.Parts {
		t.part(a, p)
	}
	t.again(a, e.What)
}

// ways are the links and numbers that an attempt goes by.
func ways(a ledger.Attempt) (links, numbers string) {
	var l, n []string
	for _, p := range a.Parts {
		for _, s := range p.Submissions {
			if !slices.Contains(n, s.Destination) {
				l, n = append(l, s.Link), append(n, s.Destination)
			}
		}
	}
	return strings.Join(slices.Compact(l), " and "), strings.Join(n, " and ")
}

// sent reports whether some part has left.
func sent(a ledger.Attempt) bool {
	return slices.ContainsFunc(a.Parts, func(p ledger.Part) bool {
		return slices.ContainsFunc(p.Submissions, func(s ledger.Submission) bool { return !s.SentAt.IsZero() })
	})
}

// whatOf is the one word for an attempt.
func whatOf(kind ledger.AttemptKind, label string) string {
	switch {
	case kind == ledger.CP:
		return "configure"
	case label == "read":
		return "snapshot"
	case kind == ledger.Read && label != "":
		return strings.TrimSuffix(label, "?") // moved, probe, life, fence
	}
	return string(kind)
}

// receipts folds the positive receipts of an attempt into one line.
func (t *teller) receipts(a ledger.Attempt, order api.Entry) {
	var last time.Time
	var ids []string
	arrived := 0
	for _, p := range a.Parts {
		at, ok := p.Arrived()
		if !ok {
			continue
		}
		arrived++
		if at.After(last) {
			last = at
		}
		for _, s := range p.Submissions {
			if s.State == ledger.Arrived && s.MessageID != "" {
				ids = append(ids, s.MessageID)
			}
		}
	}
	if arrived == 0 {
		return
	}
	e := api.Entry{
		At: last, Way: wayReceived, What: "receipt", Counter: a.Counter, Link: order.Link, Number: order.Number,
		Text: fmt.Sprintf("%d of %d delivered", arrived, len(a.Parts)),
	}
	if len(ids) > 0 {
		e.Text += "; ids " + strings.Join(ids, ", ")
	}
	if arrived == len(a.Parts) {
		e.Rung = rungDelivered
	}
	t.add(e)
}

// part tells what went wrong with one part on its way.
func (t *teller) part(a ledger.Attempt, p ledger.Part) {
	for i, s := range p.Submissions {
		e := api.Entry{At: s.SentAt, Way: wayReceived, What: fmt.Sprintf("part %d", p.Seq), Counter: a.Counter, Link: s.Link, Number: s.Destination}
		switch s.State {
		case ledger.Ambiguous:
			e.Way, e.Text = wayUnknown, "no response: ambiguous"
			if at := nextTry(p.Submissions[i+1:], s.Destination); !at.IsZero() {
				e.Text += "; sent again at " + at.Format(time.TimeOnly) + ", same octets"
			}
		case ledger.Temporary:
			e.Text = "not taken now: " + smpp.StatusName(s.Status) + "; it goes again later"
		case ledger.Rejected:
			e.Text = "refused by the SMSC: " + smpp.StatusName(s.Status)
		case ledger.Undelivered, ledger.Expired:
			e.At, e.Text = s.FinalAt, "receipt: "+cmp.Or(s.Err, string(s.State))
		case ledger.Withdrawn:
			e.At, e.Way, e.Text = a.CreatedAt, wayState, "taken back before it was sent"
		default:
			continue
		}
		t.add(e)
	}
}

// nextTry is when a part was next sent to the same number.
func nextTry(later []ledger.Submission, number string) time.Time {
	for _, s := range later {
		if s.Destination == number && !s.SentAt.IsZero() {
			return s.SentAt
		}
	}
	return time.Time{}
}

// again tells, one line per second, of parts that were sent to the same number
// once more; after an ambiguous one its own line says so.
func (t *teller) again(a ledger.Attempt, what string) {
	var lines []api.Entry
	for _, p := range a.Parts {
		tried := map[string]ledger.SubmissionState{}
		for _, s := range p.Submissions {
			before, known := tried[s.Destination]
			tried[s.Destination] = s.State
			if !known || before == ledger.Ambiguous || s.SentAt.IsZero() {
				continue
			}
			at := s.SentAt.Truncate(time.Second)
			i := slices.IndexFunc(lines, func(e api.Entry) bool { return e.At.Truncate(time.Second).Equal(at) && e.Number == s.Destination })
			if i >= 0 {
				lines[i].Text += fmt.Sprintf(", %d", p.Seq)
				continue
			}
			lines = append(lines, api.Entry{
				At: s.SentAt, Way: waySent, What: what, Text: fmt.Sprintf("same octets again: part %d", p.Seq), Counter: a.Counter,
				Link: s.Link, Number: s.Destination, Rung: rungSubmitted,
			})
		}
	}
	for _, e := range lines {
		t.add(e)
	}
}

// seen tells of one row of evidence.
func (t *teller) seen(e ledger.Evidence) {
	out := api.Entry{At: e.SeenAt, Way: wayReceived, What: string(e.Kind), Counter: e.Counter, Link: e.Link, Number: e.Body.Number}
	switch e.Kind {
	case ledger.EvProof:
		t.proof(e, &out)
	case ledger.EvSilence:
		if e.Body.State == string(ledger.Delivered) {
			return // the receipts say so
		}
		out.Way, out.Text = wayUnknown, e.Body.State
		if why := cmp.Or(e.Body.Text, e.Body.Err); why != "" {
			out.Text += ": " + why
		}
	case ledger.EvPair:
		out.Text, out.Rung = t.identity(e, "IMEI "+e.Body.IMEI+" and IMSI "+e.Body.IMSI)
		out.Raw = rawOf(e)
	case ledger.EvAttach:
		t.attach(e, &out)
	case ledger.EvPerson:
		out.Way, out.Text = wayState, e.Body.Decision+" by "+e.Body.Actor
	case ledger.EvState:
		t.state(e, &out)
	default:
		out.Text = e.Body.Text
	}
	t.add(out)
}

func (t *teller) state(e ledger.Evidence, out *api.Entry) {
	state := swap.State(e.Body.State)
	out.Way, out.What, out.Text = wayState, string(state), cmp.Or(e.Body.Text, state.Describe())
	switch state {
	case swap.Moved:
		out.Rung = rungMoved
	case swap.SettingsDelivered:
		out.Rung = rungSettings
	case swap.Verified:
		out.Rung = rungVerified
	}
}

// identity says whose identity was seen, and by whom.
func (t *teller) identity(e ledger.Evidence, seen string) (text, rung string) {
	if t.facts.To.IMSI != "" && e.Body.IMSI == t.facts.To.IMSI {
		seen, rung = strings.Replace(seen, "IMSI", "new IMSI", 1), rungReattached
	}
	return seen + ", from the " + e.Body.Source, rung
}

func (t *teller) attach(e ledger.Evidence, out *api.Entry) {
	seen := "IMSI " + e.Body.IMSI + " attached"
	if e.Body.PLMN != "" {
		seen += " to " + e.Body.PLMN
	}
	if e.Body.APN != "" {
		seen += ", APN " + e.Body.APN
	}
	if e.Body.IMEI != "" {
		seen += ", IMEI " + e.Body.IMEI
	}
	out.Text, out.Rung = t.identity(e, seen)
	if out.Rung != "" && slices.Contains(t.facts.APNs, e.Body.APN) {
		out.Rung = rungVerified
	}
}

// rawOf are the octets behind a row of evidence.
func rawOf(e ledger.Evidence) []string {
	if len(e.Raw) == 0 {
		return nil
	}
	return []string{hex.EncodeToString(e.Raw)}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// unseenPairs are the pairs of a card that no line speaks of.
func unseenPairs(entries []api.Entry, pairs []catalog.Pair) (out []api.Entry) {
	for _, p := range pairs {
		told := slices.ContainsFunc(entries, func(e api.Entry) bool {
			return (e.What == string(ledger.EvPair) || e.What == string(ledger.EvAttach)) && e.At.Equal(p.SeenAt)
		})
		if !told {
			out = append(out, api.Entry{
				At: p.SeenAt, Way: wayReceived, What: string(ledger.EvPair), Text: "IMEI " + p.IMEI + " and IMSI " + p.IMSI + ", " + p.Source,
			})
		}
	}
	return out
}

// raw shows what a proof came as, unless it came in clear and may hold the
// session keys that a snapshot read.
func (t *teller) raw(e ledger.Evidence) []string {
	for _, a := range t.d.Attempts {
		if a.ID == e.AttemptID && len(a.SPI) == 2 && !ota.SPI(a.SPI).PoRCiphered() && a.Label == "read" {
			return nil
		}
	}
	return rawOf(e)
}
