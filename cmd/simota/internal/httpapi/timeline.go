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
	"github.com/simota/simota/sat/euicc"
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
	last    api.Entry // line of a state
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
	e := api.Entry{At: a.CreatedAt, Way: waySent, What: whatOf(a.Kind, a.Label), Text: purpose(a), Counter: a.Counter, Rung: rungSubmitted}
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

// purpose says in plain words what an attempt is for, under which counter.
func purpose(a ledger.Attempt) string {
	text := a.Purpose
	if whatOf(a.Kind, a.Label) == "read" {
		text = strings.TrimPrefix(text, "read ") // the line says so
	}
	switch a.Label {
	case "moved?":
		text += ": has it moved?"
	case "probe":
		text += ": which identity answers?"
	}
	if len(a.TAR) > 0 {
		if !strings.HasSuffix(text, "?") {
			text += ";"
		}
		text += fmt.Sprintf(" %X counter %d", a.TAR, a.Counter)
	}
	return text + ", " + count(len(a.Parts), "part")
}

// ways are the links and numbers that an attempt goes by.
func ways(a ledger.Attempt) (links, numbers string) {
	var l, n []string
	for _, p := range a.Parts {
		for _, s := range p.Submissions {
			if !slices.Contains(n, s.Destination) {
				l, n = append(l, cmp.Or(s.Link, s.Operator)), append(n, s.Destination)
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

// whatOf is the one word for an attempt. Reads that ask what became of a card
// say in their text what they ask.
func whatOf(kind ledger.AttemptKind, label string) string {
	switch {
	case kind == ledger.CP:
		return "configure"
	case label == "read":
		return "snapshot"
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

// seen tells of one row of evidence.
func (t *teller) seen(e ledger.Evidence) {
	out := api.Entry{At: e.SeenAt, Way: wayReceived, What: string(e.Kind), Counter: e.Counter, Link: e.Link, Number: e.Body.Number}
	switch e.Kind {
	case ledger.EvProof:
		t.proof(e, &out)
	case ledger.EvSilence:
		if !silence(e, &out) {
			return
		}
	case ledger.EvPair:
		out.Text, out.Rung = t.identity(e, "IMEI "+e.Body.IMEI+" and IMSI "+e.Body.IMSI)
		out.Raw = rawOf(e)
	case ledger.EvAttach:
		t.attach(e, &out)
	case ledger.EvNotice:
		t.notice(e, &out)
	case ledger.EvPerson:
		t.last = api.Entry{} // a new round may come to the same state
		out.Way, out.Text = wayState, e.Body.Decision+" by "+e.Body.Actor
		if strings.HasPrefix(e.Body.Actor, "campaign ") { // a standing one
			out.What, out.Text = "again", "it was seen in another device, or with another IMSI: that is configured too"
		}
	case ledger.EvState:
		if !t.state(e, &out) {
			return
		}
	default:
		out.Text = e.Body.Text
	}
	t.add(out)
}

// silence tells of an attempt that ended without a proof; false where another
// line has told it.
func silence(e ledger.Evidence, out *api.Entry) bool {
	outcome := ledger.Outcome(e.Body.State)
	out.Way, out.What = wayState, whatOf(e.Body.Attempt, e.Body.Label)
	switch outcome {
	case ledger.Delivered: // the receipts say so
		return false
	case ledger.Superseded:
		out.Text = "not needed any more"
	case ledger.Unsent:
		out.Text = "the card cannot have it"
	case ledger.Undeliver:
		out.Text = "given up"
	case ledger.Held:
		out.Way, out.Text = wayUnknown, "held for a person"
	default:
		out.Way, out.Text = wayUnknown, e.Body.State
	}
	if e.Counter > 0 {
		out.Text = fmt.Sprintf("counter %d: %s", e.Counter, out.Text)
	}
	if why := cmp.Or(e.Body.Text, e.Body.Err); why != "" {
		out.Text += ": " + why
	}
	return true
}

// state tells where the saga has come to; false where the line before said the
// same: a state is stored when it is reached and when it closes the target.
func (t *teller) state(e ledger.Evidence, out *api.Entry) bool {
	state := swap.State(e.Body.State)
	out.Way, out.What, out.Text = wayState, string(state), cmp.Or(e.Body.Text, t.describe(state))
	switch state {
	case swap.Moved:
		out.Rung = rungMoved
	case swap.SettingsDelivered:
		out.Rung = rungSettings
	case swap.Verified:
		out.Rung = rungVerified
	}
	if t.last.What == out.What && t.last.Text == out.Text {
		return false
	}
	t.last = *out
	return true
}

// describe says what a state means; a card that is only provisioned has no new
// identity.
func (t *teller) describe(s swap.State) string {
	if t.facts.Kind == swap.KindProvision {
		switch s {
		case swap.Verified:
			return "the network saw the device use an APN of its settings"
		case swap.SettingsFailed:
			return "the device was not configured"
		}
	}
	return s.Describe()
}

// identity says whose identity was seen, and by whom.
func (t *teller) identity(e ledger.Evidence, seen string) (text, rung string) {
	if t.facts.To.IMSI != "" && e.Body.IMSI == t.facts.To.IMSI {
		rung = rungReattached
		if t.facts.Kind != swap.KindProvision {
			seen = strings.Replace(seen, "IMSI", "new IMSI", 1)
		}
	}
	return seen + " (" + cmp.Or(e.Body.Source, "nobody says who saw it") + ")", rung
}

// notice tells what an eUICC said by itself.
func (t *teller) notice(e ledger.Evidence, out *api.Entry) {
	b := e.Body
	out.Text = fmt.Sprintf("number %d: %s", b.Sequence, euicc.NoticeType(b.Notice))
	switch b.ISDP {
	case "":
	case t.facts.To.ISDP:
		out.Text += ", the new profile is enabled"
		out.Rung = rungReattached
	case t.facts.From.ISDP:
		out.Text += ", the old profile is enabled"
	default:
		out.Text += ", profile " + b.ISDP + " is enabled"
	}
	if b.IMEI != "" {
		out.Text += ", IMEI " + b.IMEI
	}
	if b.Repeat {
		out.Text += "; a repeat"
	}
	out.Raw = rawOf(e)
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

// samePair is how far the times of one sight may lie apart: the pair is dated
// by the first sign of the new identity, which may be another one.
const samePair = 5 * time.Second

// unseenPairs are the pairs of a card that no evidence tells of, each sight once.
func unseenPairs(told []ledger.Evidence, pairs []catalog.Pair) (out []api.Entry) {
	var seen []catalog.Pair
	for _, e := range told {
		if e.Kind == ledger.EvPair || e.Kind == ledger.EvAttach {
			seen = append(seen, catalog.Pair{IMEI: e.Body.IMEI, IMSI: e.Body.IMSI, Source: e.Body.Source, SeenAt: e.SeenAt})
		}
	}
	for _, p := range pairs {
		if slices.ContainsFunc(seen, func(s catalog.Pair) bool {
			return s.Source == p.Source && s.IMSI == p.IMSI && catalog.SameIMEI(s.IMEI, p.IMEI) && s.SeenAt.Sub(p.SeenAt).Abs() <= samePair
		}) {
			continue
		}
		seen = append(seen, p)
		out = append(out, api.Entry{
			At: p.SeenAt, Way: wayReceived, What: string(ledger.EvPair), Text: "IMEI " + p.IMEI + " and IMSI " + p.IMSI + ", " + p.Source,
		})
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
