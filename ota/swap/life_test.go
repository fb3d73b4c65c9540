package swap_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
)

// Labels of attempts as the ledger has them.
const (
	read     = "read"
	write    = "write"
	moved    = "moved?"
	probe    = "probe"
	life     = "life"
	fence    = "fence"
	document = "document"
)

const (
	oldIMSI   = "999400000000017"
	newIMSI   = "999700000000017"
	oldNumber = "+47580000017"
	newNumber = "+5511900000017"
	newAPN    = "m2m.aurora.example"
)

var start = time.Date(2026, 11, 2, 5, 0, 0, 0, time.UTC)

// facts are those of saga.md's sample campaign.
func facts() swap.Facts {
	return swap.Facts{
		Kind: swap.KindSwap, Began: start, ICCID: "8947010000000000174", CardType: "sja5-aes", KeysetID: 1,
		SPI: ota.SPI{0x16, 0x39}, TAR: ota.TAR{0xB0, 0x01, 0x41}, Format: "expanded", Room: 600, MaxParts: 5, Refresh: "card",
		Files:    []string{"plmnwact", "loci", "fplmn", "smsp", "imsi"},
		Identity: rfm.Identity{IMSI: newIMSI, MSISDN: newNumber, SMSC: "+5511900000001", PLMNs: []rfm.PLMN{"99970"}},
		From:     swap.Side{Subscription: 1, Operator: "nordvik", IMSI: oldIMSI, MSISDN: oldNumber, Links: []string{"nordvik-1"}},
		To:       swap.Side{Subscription: 2, Operator: "aurora", IMSI: newIMSI, MSISDN: newNumber, Links: []string{"aurora-1"}},
		IMEI:     "356938035643809", Planned: "356938035643809", APNs: []string{newAPN, "mms.aurora.example"},
		Documents: []swap.Document{
			{Name: "internet", Gating: true, WBXML: bytes.Repeat([]byte{3}, 150)},
			{Name: "mms", Gating: true, WBXML: []byte{3, 1}},
			{Name: "smsc", WBXML: []byte{3, 2}},
		},
		Goal: swap.GoalSettings, Retries: 2, Deadlines: swap.DefaultDeadlines(), Pace: swap.DefaultPace(),
	}
}

// checker is a test, or one case of a property.
type checker interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// card answers scripts as a real one does.
type card struct {
	files    map[string][]byte
	counter  uint64
	fail     map[string]sat.Status // status word of an update of that file
	noAction bool                  // refuses the immediate action
}

func newCard(t checker) *card {
	imsi, err := rfm.EncodeIMSI(oldIMSI)
	if err != nil {
		t.Fatal(err)
	}
	smsp, err := rfm.EncodeSMSP("+4758000001", bytes.Repeat([]byte{0xFF}, 40))
	if err != nil {
		t.Fatal(err)
	}
	fill := func(n int, b byte) []byte { return bytes.Repeat([]byte{b}, n) }
	return &card{fail: map[string]sat.Status{}, files: map[string][]byte{
		"imsi": imsi, "smsp": smsp, "loci": fill(11, 0x22), "fplmn": fill(12, 0x33), "plmnwact": fill(40, 0x44), "spn": fill(17, 0x55),
	}}
}

func (c *card) imsi() string {
	s, _ := rfm.DecodeIMSI(c.files["imsi"])
	return s
}

func (c *card) run(t checker, format string, octets []byte) []byte {
	s, err := script.Parse(script.Format(format), octets)
	if err != nil {
		t.Fatalf("script %X: %v", octets, err)
	}
	var r script.Response
	current := ""
	for _, cmd := range s.Commands {
		res := c.apply(cmd, &current)
		r.Executed++
		r.Results = append(r.Results, res)
		if !res.Status.OK() {
			break
		}
	}
	if s.Immediate != nil && c.noAction {
		r.ActionError = 1
	}
	if script.Format(format) == script.Compact {
		r.Results = r.Results[len(r.Results)-1:]
	}
	b, err := r.AppendBinary(nil, script.Format(format))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (c *card) apply(cmd sat.Command, current *string) script.Result {
	name := *current
	switch cmd.INS {
	case 0xA4:
		*current = ""
		if cmd.P1 == 0x08 {
			return script.Result{Status: 0x9000}
		}
		f, _ := rfm.LookupFID(sat.FID(cmd.Data[0])<<8 | sat.FID(cmd.Data[1]))
		if _, ok := c.files[f.Name]; !ok {
			return script.Result{Status: 0x6A82}
		}
		*current = f.Name
	case 0xB0, 0xB2:
		d := c.files[name]
		return script.Result{Data: slices.Clone(d[:min(cmd.Le, len(d))]), Status: 0x9000}
	case 0xD6, 0xDC:
		if sw := c.fail[name]; sw != 0 {
			return script.Result{Status: sw}
		}
		at := 0
		if cmd.INS == 0xD6 {
			at = int(cmd.P1)<<8 | int(cmd.P2)
		}
		copy(c.files[name][at:], cmd.Data)
	}
	return script.Result{Status: 0x9000}
}

// history is the record of one target, kept as the ledger and package delivery
// keep it.
type history struct {
	t       checker
	f       swap.Facts
	now     time.Time
	dos     ledger.Dossier
	card    *card
	counter uint64
	ids     int64
}

func begin(t checker, change ...func(*swap.Facts, *card)) *history {
	h := &history{t: t, f: facts(), now: start, card: newCard(t), counter: 40}
	for _, c := range change {
		c(&h.f, h.card)
	}
	return h
}

func (h *history) id() int64 { h.ids++; return h.ids }

func (h *history) tick(d time.Duration) { h.now = h.now.Add(d) }

// next asks the saga, and checks what must hold whatever was seen.
func (h *history) next() swap.Result {
	h.t.Helper()
	all := h.dos.Evidence()
	r := swap.Next(h.f, all, h.now)
	if r.Closed && (r.Action != nil || !r.Due.IsZero()) {
		h.t.Fatalf("closed as %s with an action or a due time: %+v", r.State, r)
	}
	if !slices.Contains(swap.States(), r.State) {
		h.t.Fatalf("state %q is not one of States()", r.State)
	}
	if strings.HasPrefix(r.Cause, "swap: ") || strings.HasPrefix(r.Cause, "applet: ") {
		h.t.Fatalf("cause %q is not for people", r.Cause)
	}
	if !agrees(r) {
		h.t.Fatalf("%s, closed %t: docs/saga.md says otherwise", r.State, r.Closed)
	}
	if !r.Due.IsZero() && !r.Due.After(h.now) {
		h.t.Fatalf("%s is due at %v, which is not after now %v", r.State, r.Due, h.now)
	}
	if r.Plan && (r.Closed || r.Action != nil || r.IMEI == "") {
		h.t.Fatalf("%s plans and does something else too: %+v", r.State, r)
	}
	if !r.Closed && r.Action == nil && !r.Clear && !r.Plan && r.Due.IsZero() {
		h.t.Fatalf("%s is open, has no action and is never due", r.State)
	}
	rand.New(rand.NewPCG(1, uint64(len(all)))).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if d := gocmp.Diff(r, swap.Next(h.f, all, h.now)); d != "" {
		h.t.Fatalf("the order of the evidence changes the result:\n%s", d)
	}
	return r
}

// send binds an action as package delivery does, and returns the attempt's id.
func (h *history) send(a *swap.Action) int64 {
	routes := map[swap.Way][]swap.Side{swap.Old: {h.f.From}, swap.New: {h.f.To}, swap.Both: {h.f.From, h.f.To}}[a.Way]
	at := ledger.Attempt{
		ID: h.id(), Step: a.Step, Try: 1, Kind: a.Kind, Label: a.Label, Purpose: a.Purpose, Format: cmp.Or(a.Via.Format, h.f.Format), Script: a.Script,
		Fence: a.Fence, Expect: a.Expect, FenceOf: a.FenceOf, Deadline: a.Deadline, CreatedAt: h.now,
	}
	for _, o := range h.dos.Attempts {
		if o.Step == at.Step && o.Try >= at.Try {
			at.Try = o.Try + 1
		}
	}
	if a.Kind != ledger.CP {
		h.counter++
		at.Counter = h.counter
	}
	for seq := 1; seq <= 1+max(len(a.Script), len(a.Push))/100; seq++ {
		p := ledger.Part{ID: h.id(), Seq: seq}
		for _, s := range routes {
			p.Submissions = append(p.Submissions, ledger.Submission{
				ID: h.id(), PartID: p.ID, Try: 1, Link: cmp.Or(s.Links...), Destination: s.MSISDN, State: ledger.Ready,
			})
		}
		at.Parts = append(at.Parts, p)
	}
	h.dos.Attempts = append(h.dos.Attempts, at)
	return at.ID
}

func (h *history) attempt(id int64) *ledger.Attempt {
	i := slices.IndexFunc(h.dos.Attempts, func(a ledger.Attempt) bool { return a.ID == id })
	return &h.dos.Attempts[i]
}

// submissions puts those of an attempt (to one number, or to all for "") into a state.
func (h *history) submissions(id int64, number string, to ledger.SubmissionState, parts ...int) {
	for i := range h.attempt(id).Parts {
		p := &h.attempt(id).Parts[i]
		if len(parts) > 0 && !slices.Contains(parts, p.Seq) {
			continue
		}
		for j := range p.Submissions {
			s := &p.Submissions[j]
			if number != "" && s.Destination != number {
				continue
			}
			s.State = to
			if to != ledger.Arrived {
				s.SentAt = h.now
				continue
			}
			s.FinalAt = h.now
			if s.SentAt.IsZero() {
				s.SentAt = h.now
			}
		}
	}
}

func (h *history) accepted(id int64, parts ...int) { h.submissions(id, "", ledger.Accepted, parts...) }

func (h *history) arrived(id int64, number string, parts ...int) {
	h.submissions(id, number, ledger.Arrived, parts...)
}

func (h *history) store(e ledger.Evidence) {
	e.ID, e.SeenAt = h.id(), h.now
	h.dos.Stored = append(h.dos.Stored, e)
}

func (h *history) proofOf(id int64, number string, st ota.Status, authenticated bool) ledger.Evidence {
	a := h.attempt(id)
	link := h.f.From.Links[0]
	if number == h.f.To.MSISDN {
		link = h.f.To.Links[0]
	}
	return ledger.Evidence{
		AttemptID: a.ID, Kind: ledger.EvProof, Counter: a.Counter, Link: link,
		Body: ledger.Body{
			Attempt: a.Kind, Step: a.Step, Try: a.Try, Label: a.Label, Parts: len(a.Parts), Number: number,
			Status: byte(st), Authenticated: authenticated,
		},
	}
}

// status stores a proof that carries no data.
func (h *history) status(id int64, number string, st ota.Status, authenticated bool) {
	h.store(h.proofOf(id, number, st, authenticated))
}

// answer lets the card run the packet and stores its authenticated 00.
func (h *history) answer(id int64, number string) {
	h.store(h.answerOf(id, number))
}

func (h *history) answerOf(id int64, number string) ledger.Evidence {
	a := h.attempt(id)
	return h.proven(id, number, h.card.run(h.t, a.Format, a.Script))
}

// proven is the evidence that package delivery makes of a response.
func (h *history) proven(id int64, number string, response []byte) ledger.Evidence {
	a, e := h.attempt(id), h.proofOf(id, number, ota.StatusOK, true)
	b := &e.Body
	res, err := script.ParseResponse(script.Format(a.Format), response)
	if err != nil {
		b.Data, b.Text = response, "the answer of the script is not readable"
		return e
	}
	sent, err := script.Parse(script.Format(a.Format), a.Script)
	if err != nil {
		h.t.Fatal(err)
	}
	b.Executed, b.Complete = res.Executed, res.OK(len(sent.Commands))
	n := len(res.Results)
	for i, one := range res.Results {
		sw := fmt.Sprintf("%04X", uint16(one.Status))
		b.SW, b.Data = sw, one.Data
		if len(one.Data) > 0 {
			b.Files = append(b.Files, ledger.FileData{Command: res.Executed - n + i, Data: one.Data, SW: sw})
		}
	}
	if a.FenceOf != 0 {
		if w := h.attempt(a.FenceOf); w.Counter < a.Counter && bytes.Equal(w.Fence, a.Script) {
			if v := swap.Ran(*w, b.Data, h.now); v != ledger.ToldNotYet {
				b.Settles, b.Ran, b.Complete = w.ID, b.Complete && v == ledger.ToldRan, b.Complete && v != ledger.ToldNothing
			}
		}
	}
	return e
}

// fence sends the read that delivery's laws send over an open write.
func (h *history) fence(id int64, step int) int64 {
	w := *h.attempt(id)
	way := swap.Both
	if h.f.Kind == swap.KindRFM {
		way = swap.Old
	}
	return h.send(&swap.Action{
		Step: step, Kind: ledger.Read, Label: fence, Purpose: "did it run?", Way: way, Script: w.Fence, FenceOf: id, Deadline: w.Deadline,
	})
}

// again is delivery's new read in place of an old one.
func (h *history) again(id int64, way swap.Way) int64 {
	a := *h.attempt(id)
	return h.send(&swap.Action{Step: a.Step, Kind: a.Kind, Label: a.Label, Way: way, Script: a.Script, FenceOf: a.FenceOf, Deadline: a.Deadline})
}

func (h *history) silence(id int64, outcome ledger.Outcome, why string) {
	a := h.attempt(id)
	h.store(ledger.Evidence{AttemptID: id, Kind: ledger.EvSilence, Counter: a.Counter, Body: ledger.Body{
		Attempt: a.Kind, Step: a.Step, Try: a.Try, Label: a.Label, Parts: len(a.Parts), State: string(outcome), Text: why,
	}})
}

func (h *history) attach(imsi, apn string) {
	h.store(ledger.Evidence{Kind: ledger.EvAttach, HappenedAt: h.now, Body: ledger.Body{IMSI: imsi, APN: apn, PLMN: "99970", Source: "feed"}})
}

func (h *history) pair(imsi, imei string) {
	h.store(ledger.Evidence{Kind: ledger.EvPair, Body: ledger.Body{IMSI: imsi, IMEI: imei, Source: "tracking applet"}})
}

func (h *history) person(decision string) {
	h.store(ledger.Evidence{Kind: ledger.EvPerson, Body: ledger.Body{Actor: "ada", Decision: decision}})
}

// is asserts the state of an open target.
func (h *history) is(s swap.State) swap.Result {
	h.t.Helper()
	r := h.next()
	if r.State != s || r.Closed {
		h.t.Fatalf("state %s (closed %t, %q): want %s, open", r.State, r.Closed, r.Cause, s)
	}
	return r
}

// closed asserts that the target ended, and words of its cause.
func (h *history) closed(s swap.State, words ...string) swap.Result {
	h.t.Helper()
	r := h.next()
	if r.State != s || !r.Closed {
		h.t.Fatalf("state %s (closed %t, %q): want %s, closed", r.State, r.Closed, r.Cause, s)
	}
	for _, w := range words {
		if !strings.Contains(r.Cause, w) {
			h.t.Errorf("cause %q says nothing of %q", r.Cause, w)
		}
	}
	return r
}

// rests asserts a state in which nothing is sent, and when it is due.
func (h *history) rests(s swap.State, due time.Time) swap.Result {
	h.t.Helper()
	r := h.is(s)
	if r.Action != nil {
		h.t.Fatalf("%s sends %q (%s): want nothing", s, r.Action.Label, r.Action.Purpose)
	}
	if !r.Due.Equal(due) {
		h.t.Fatalf("%s is due at %v: want %v", s, r.Due, due)
	}
	return r
}

// does asserts state and action, and sends it.
func (h *history) does(s swap.State, label string, kind ledger.AttemptKind, way swap.Way) (int64, *swap.Action) {
	h.t.Helper()
	r := h.is(s)
	a := r.Action
	if a == nil {
		h.t.Fatalf("%s sends nothing: want %s", s, label)
	}
	if a.Label != label || a.Kind != kind || a.Way != way || a.Purpose == "" || a.Deadline.IsZero() {
		b, _ := json.Marshal(a)
		h.t.Fatalf("%s sends %s: want %s, kind %s, way %d", s, b, label, kind, way)
	}
	if (kind == ledger.CP) != (len(a.Push) > 0) || (kind == ledger.CP) == (len(a.Script) > 0) || (kind == ledger.Write) != (len(a.Fence) > 0) {
		h.t.Fatalf("%s %s carries the wrong octets: script %X fence %X push %X", s, label, a.Script, a.Fence, a.Push)
	}
	return h.send(a), a
}

// snapshot answers every read until the first write is asked for.
func (h *history) snapshot() {
	h.t.Helper()
	way := swap.Old
	if r := h.next(); r.Action != nil {
		way = r.Action.Way
	}
	for range 30 {
		r := h.next()
		if r.Action == nil || r.Action.Label != read {
			return
		}
		id, _ := h.does(swap.Snapshot, read, ledger.Read, way)
		h.accepted(id)
		h.tick(time.Second)
		h.answer(id, oldNumber)
	}
	h.t.Fatal("the snapshot never ends")
}

// switching brings the target to its last writing packet, accepted.
func (h *history) switching() (last int64, a *swap.Action) {
	h.t.Helper()
	h.snapshot()
	for range 30 {
		r := h.next()
		if r.Action == nil || r.Action.Kind != ledger.Write {
			h.t.Fatalf("%s: want a write, not %+v", r.State, r.Action)
		}
		last, a = h.send(r.Action), r.Action
		h.accepted(last)
		h.tick(time.Second)
		if strings.Contains(a.Purpose, "IMSI") {
			return last, a
		}
		h.answer(last, oldNumber)
	}
	h.t.Fatal("IMSI is never written")
	return 0, nil
}

// movedOn brings the target to moved by the read at the new number.
func (h *history) movedOn() {
	h.t.Helper()
	w, _ := h.switching()
	h.answer(w, oldNumber)
	q, _ := h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.accepted(q)
	h.tick(20 * time.Second)
	h.answer(q, newNumber)
}

// deliver sends the document that is asked for, and lets every part arrive.
func (h *history) deliver(s swap.State, name string) int64 {
	h.t.Helper()
	id, a := h.does(s, document, ledger.CP, swap.New)
	if !strings.Contains(a.Purpose, name) {
		h.t.Fatalf("document %q: want %s", a.Purpose, name)
	}
	h.accepted(id)
	h.tick(time.Second)
	h.arrived(id, newNumber)
	return id
}
