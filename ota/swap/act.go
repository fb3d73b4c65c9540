package swap

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
)

// snapshot is what the reads have told so far.
type snapshot struct {
	files   rfm.Snapshot
	absent  []string
	at      time.Time // of the last answer
	counter uint64    // of the answer, where one tells all
	pending *question // what the next packet asks
	step    int
	failed  string
	already bool // the card has the new identity; technique rfm has the files to tell
}

// readSnapshot goes through the reads in order. A file that the card does not
// have stops a script, so the packet after it asks for the rest.
func (s *saga) readSnapshot() snapshot {
	if s.f.decidesItself() {
		return s.readState()
	}
	out := snapshot{files: rfm.Snapshot{}}
	rest := s.f.places()
	for k := stepRead; len(rest) > 0; k++ {
		chunk := s.f.chunk(rest)
		done := s.answered(k)
		if done == nil {
			out.pending, out.step = &question{s.f.reads(chunk), s.f.Main(), "read " + titles(chunk)}, k
			return out
		}
		b := done.proof.Body
		out.at = done.proof.SeenAt
		n := s.f.learn(chunk, b, out.files)
		if slices.Contains(chunk[:n], "imsi") {
			if imsi, err := rfm.DecodeIMSI(out.files["imsi"]); err == nil {
				s.tells(*done.proof, imsi)
			}
		}
		if n < len(chunk) {
			if b.Executed == 0 || b.SW == "" {
				out.failed = "the card's answer to a read makes no sense: " + cmp.Or(b.Text, "no command was run")
				return out
			}
			out.absent = append(out.absent, chunk[n])
			n++
		}
		rest = rest[n:]
	}
	if s.f.Kind == KindSwap {
		out.failed = s.identity(out)
	}
	return out
}

// answered is the read of a step that was answered, by counter. Once a write
// was made of it, an answer that comes later changes the snapshot no more: what
// the card holds by then is no measure of what that write was to change.
func (s *saga) answered(step int) *attempt {
	made := time.Time{}
	for _, a := range s.attempts {
		if a.kind == ledger.Write && a.step >= s.step(0) {
			made = first(made, a.made)
		}
	}
	var late *attempt
	for _, a := range slices.Backward(s.asked(step)) {
		switch {
		case !a.executed():
		case made.IsZero() || !a.proof.SeenAt.After(made):
			return a
		default:
			late = cmp.Or(late, a)
		}
	}
	return late
}

// identity checks that the card is the one the catalog means.
func (s *saga) identity(snap snapshot) string {
	imsi, err := rfm.DecodeIMSI(snap.files["imsi"])
	switch {
	case err != nil:
		return "EF_IMSI cannot be read on this card"
	case imsi != s.f.From.IMSI && imsi != s.f.To.IMSI:
		return fmt.Sprintf("the card's IMSI is %s: the catalog says %s", imsi, s.f.From.IMSI)
	case slices.Contains(s.f.Files, "smsp") && snap.files["smsp"] == nil:
		return "EF_SMSP cannot be read on this card: at the new operator it would answer through the old service centre"
	}
	return ""
}

// chunk is how many of the files one packet asks for: all that fit in expanded
// format; one in compact, which returns the last command's data only.
func (f Facts) chunk(files []string) []string {
	if script.Format(f.Format) == script.Compact {
		return files[:1]
	}
	for n := len(files); n > 1; n-- {
		if b, err := f.script(f.reads(files[:n]), nil); err == nil && len(b) <= f.Room {
			return files[:n]
		}
	}
	return files[:1]
}

// reads are the commands that read files and items, wherever they lie.
func (f Facts) reads(files []string) []sat.Command {
	r, err := f.reading(files)
	if err != nil {
		return nil // preflight has looked at every name
	}
	return r.Commands
}

// reading is how names, of items too, are read. Items come behind files.
func (f Facts) reading(files []string) (rfm.Reading, error) {
	var names []string
	var items []rfm.Item
	for _, name := range files {
		i := slices.IndexFunc(f.Identity.Items, func(i rfm.Item) bool { return i.Name() == name })
		if i < 0 {
			names = append(names, name)
		} else {
			items = append(items, f.Identity.Items[i])
		}
	}
	return rfm.Read(names, items, nil)
}

// places are all that a snapshot reads: files, then items.
func (f Facts) places() []string {
	out := slices.Clone(f.Files)
	for _, i := range f.Identity.Items {
		out = append(out, i.Name())
	}
	return out
}

// prefix are the commands that lead a script into ADF.USIM.
func (f Facts) prefix() []sat.Command {
	if f.Start == "mf" {
		return []sat.Command{sat.SelectPath(sat.ADFUSIM)}
	}
	return nil
}

func (f Facts) script(commands []sat.Command, immediate []byte) ([]byte, error) {
	return f.scriptVia(f.Main(), commands, immediate)
}

// learn takes the files out of an answer and returns how many of the chunk it told.
func (f Facts) learn(chunk []string, b ledger.Body, into rfm.Snapshot) int {
	r, err := f.reading(chunk)
	if err != nil {
		return 0
	}
	skip := len(f.prefix())
	told := rfm.Snapshot{}
	for command, name := range r.Of {
		if name == "" {
			continue
		}
		j := slices.IndexFunc(b.Files, func(d ledger.FileData) bool { return d.Command == skip+command })
		if j < 0 || !strings.HasPrefix(b.Files[j].SW, "9") {
			delete(told, name)
			break
		}
		r.Learn(command, b.Files[j].Data, told)
	}
	for i, name := range chunk {
		if told[name] == nil {
			return i
		}
		into[name] = told[name]
	}
	return len(chunk)
}

// snapshot is the state while reads are under way.
func (s *saga) snapshot(snap snapshot) Result {
	r := Result{State: Snapshot, Step: snap.step}
	if snap.failed != "" {
		r.State, r.Cause, r.Closed = Held, snap.failed, true
		return r
	}
	attempts := s.asked(snap.step)
	lastClear := ""
	for _, a := range attempts {
		if why := a.refusal(); why != "" {
			r.State, r.Cause, r.Closed = Failed, why, true
			return r
		}
		if a.clear != nil {
			st := ota.Status(a.clear.Body.Status)
			lastClear = fmt.Sprintf("; it answered %02X in clear: %s", byte(st), st)
			if s.switchBegan().IsZero() && refuses(*a.clear) {
				r.State, r.Closed = Failed, true
				r.Cause = fmt.Sprintf("PoR %02X: %s for TAR %s (unauthenticated)", byte(st), st, s.f.TAR)
				return r
			}
		}
	}
	deadline := s.f.Began.Add(s.f.Deadlines.Snapshot)
	if s.at(deadline) {
		r.State, r.Closed = Held, true
		r.Cause = "no snapshot: " + s.silentOld(s.f.Began) + lastClear
		if !snap.at.IsZero() {
			r.Cause = fmt.Sprintf("no whole snapshot in %s: %s, asked to %s%s", s.f.rough(s.now.Sub(s.f.Began)), s.silentOld(snap.at), snap.pending.what, lastClear)
		}
		return r
	}
	if len(attempts) > 0 {
		return r
	}
	b, err := s.f.scriptVia(snap.pending.via, snap.pending.commands, nil)
	if err != nil {
		return Result{State: Failed, Cause: cause(err), Closed: true}
	}
	way := Old
	if s.round > 0 && s.f.Kind == KindSwap {
		way = Both // what became of the card in the last round may be unknown
	}
	r.Action = &Action{
		Step: s.step(snap.step), Kind: ledger.Read, Label: labelRead, Purpose: snap.pending.what, Way: way,
		Via: snap.pending.via, Script: b, Deadline: deadline,
	}
	return r
}

func (s *saga) silentOld(since time.Time) string {
	return fmt.Sprintf("no answer from %s for %s", s.f.From.MSISDN, s.f.rough(s.now.Sub(since)))
}

func titles(files []string) string {
	var out []string
	for _, n := range files {
		if f, record, err := rfm.LookupRecord(n); err != nil {
			out = append(out, n)
		} else if record > 1 {
			out = append(out, fmt.Sprintf("%s record %d", f.Title, record))
		} else {
			out = append(out, f.Title)
		}
	}
	return strings.Join(out, ", ")
}

// askNew is the read of EF_IMSI that waits at the new number until the device
// attaches there; nil when it went out already.
func (s *saga) askNew(w *attempt, deadline time.Time) *Action {
	if s.askedSince(labelMoved, w) {
		return nil
	}
	return s.ask(stepMoved, labelMoved, "to the new number", New, w, deadline)
}

// probe asks both numbers.
func (s *saga) probe(step int, deadline time.Time) *Action {
	return s.ask(step, labelProbe, "to both numbers", Both, s.anyOpenWrite(), deadline)
}

// askedSince reports whether this round's read of that label went out after the write.
func (s *saga) askedSince(label string, w *attempt) bool {
	return s.newest(func(a *attempt) bool {
		return a.label == label && a.step >= s.step(0) && (w == nil || a.counter > w.counter)
	}) != nil
}

// alive puts the deadline off for a target that is heard of shortly before it
// or at any time later: dark is one of which nothing is heard. Whatever was
// heard calls for a read then, for those before it are not valid much longer.
func (s *saga) alive(deadline time.Time) time.Time {
	d := s.f.Deadlines
	for i := range s.signs {
		g := &s.signs[i]
		if !g.at.Add(d.Switched).After(deadline) {
			continue
		}
		g.calls = true
		if t := g.at.Add(d.Probing); t.After(deadline) {
			deadline = t
		}
	}
	return deadline
}

// life is the read that a sign of life calls for.
func (s *saga) life(w *attempt, deadline time.Time) *Action {
	var sign, asked time.Time
	way, text := New, "the new number gave a sign of life"
	for _, g := range s.signs {
		if g.calls && !g.at.Before(sign) {
			sign, way, text = g.at, New, "the new number gave a sign of life"
			if !g.new {
				way, text = Both, "a sign of life"
			}
		}
	}
	for _, a := range s.attempts {
		if a.kind == ledger.Read && a.label != labelRead && a.made.After(asked) {
			asked = a.made
		}
	}
	if sign.IsZero() || !asked.Before(sign) {
		return nil
	}
	// A read that waits at the new number is answered about now: give it a moment.
	if !s.at(sign.Add(s.f.Pace.Life/4)) || !s.at(asked.Add(s.f.Pace.Life)) {
		return nil
	}
	return s.ask(s.freeProbe(), labelLife, text, way, w, deadline)
}

// ask asks the card which identity it has. Nothing is asked while a notice is
// being confirmed: a later counter could overtake the confirmation.
func (s *saga) ask(step int, label, why string, way Way, w *attempt, deadline time.Time) *Action {
	if s.confirming() != nil {
		return nil
	}
	q, err := s.f.question()
	if err != nil {
		return nil
	}
	b, err := s.f.scriptVia(q.via, q.commands, nil)
	if err != nil {
		return nil
	}
	a := &Action{
		Step: s.step(step), Kind: ledger.Read, Label: label, Purpose: q.what + ", " + why, Way: way, Via: q.via, Script: b, Deadline: deadline,
	}
	if w != nil && s.outcome(w) == ledger.Open {
		a.FenceOf = w.id
	}
	for _, o := range s.attempts {
		if way == New && (o.label == labelProbe || o.label == labelFence) {
			continue // they ask the old number too: a sign of life must not end that
		}
		if o.kind == ledger.Read && o.step >= s.step(stepWrite) && o.proof == nil && o.ended == "" {
			a.Replaces = append(a.Replaces, o.id)
		}
	}
	slices.Sort(a.Replaces)
	return a
}

// freeProbe is the next step number for a read of its own.
func (s *saga) freeProbe() int {
	n := stepProbe
	for len(s.of(n)) > 0 {
		n++
	}
	return n
}

// openRead is a read of this round that waits for its answer.
func (s *saga) openRead() *attempt {
	return s.newest(func(a *attempt) bool {
		return a.kind == ledger.Read && a.step >= s.step(stepMoved) && a.proof == nil && a.ended == "" && !s.overtaken(a)
	})
}

// overtaken reports whether a later read was answered: then nothing is waited for.
func (s *saga) overtaken(a *attempt) bool {
	return len(s.reads) > 0 && s.reads[0].counter > a.counter
}

func (s *saga) anyWrite() *attempt {
	return s.newest(func(a *attempt) bool { return a.kind == ledger.Write && a.step >= s.step(0) })
}

func (s *saga) anyOpenWrite() *attempt {
	return s.newest(func(a *attempt) bool { return a.kind == ledger.Write && s.outcome(a) == ledger.Open })
}

// asked lists the snapshot reads of a step: a fence may stand beside them.
func (s *saga) asked(step int) []*attempt {
	return slices.DeleteFunc(s.of(step), func(a *attempt) bool { return a.kind != ledger.Read || a.label != labelRead })
}

func writesOf(attempts []*attempt) (out []*attempt) {
	for _, a := range attempts {
		if a.kind == ledger.Write {
			out = append(out, a)
		}
	}
	return out
}

// settledAt is when it became known that a write ran.
func (s *saga) settledAt(w *attempt) time.Time {
	if w.executed() {
		return w.proof.SeenAt
	}
	t := time.Time{}
	for _, f := range s.fences {
		if f.write == w.id && f.ran {
			t = first(t, f.at)
		}
	}
	return t
}

// push signs a document with the identity that the device has now: a message
// signed with another IMSI is thrown away silently.
func (s *saga) push(d Document) ([]byte, error) {
	imsi := s.f.To.IMSI
	switch d.Security {
	case "", "netwpin":
		key, err := cp.NetworkPIN(imsi)
		return signed(d, cp.NETWPIN, key, err)
	case "userpin":
		key, err := cp.UserPIN(d.PIN)
		return signed(d, cp.USERPIN, key, err)
	case "usernetwpin":
		key, err := cp.UserNetworkPIN(imsi, d.PIN)
		return signed(d, cp.USERNETWPIN, key, err)
	case "none":
		return cp.PushPlain(d.WBXML)
	}
	return nil, fmt.Errorf("swap: %s document: security %q is not known", d.Name, d.Security)
}

func signed(d Document, sec cp.Security, key cp.Credential, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return cp.Push(d.WBXML, sec, key)
}
