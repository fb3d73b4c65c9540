package swap_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/sat/rfm"
)

// world is a target, its card and a network that loses, copies, delays and
// reorders, and in which anybody can forge an answer in clear.
type world struct {
	*history
	rt      *rapid.T
	modem   string // the IMSI that the modem uses
	mail    []mail // on its way to the card
	answers []ledger.Evidence
	forged  map[int64]bool // evidence by id
	ran     map[int64]bool // attempts that the card executed
	devices []string       // in which events may show the card
}

type mail struct {
	attempt int64
	to      string
}

func newWorld(rt *rapid.T) *world {
	h := begin(rt, func(f *swap.Facts, c *card) {
		if rapid.Bool().Draw(rt, "compact") {
			compact(f, c)
		}
		if f.Format == "expanded" && rapid.Bool().Draw(rt, "immediate") {
			f.Refresh = "immediate"
		}
		if rapid.Bool().Draw(rt, "small") {
			f.Room = 120
		}
		if rapid.Bool().Draw(rt, "absent") {
			delete(c.files, "loci")
		}
		switch rapid.IntRange(0, 9).Draw(rt, "kind") {
		case 0, 1:
			rfmCampaign(f, c)
			c.files["loci"] = make([]byte, 11)
		case 2:
			c.fail["fplmn"] = 0x6982
		case 3, 4:
			f.Kind, f.From = swap.KindProvision, swap.Side{}
		}
		if f.Kind != swap.KindRFM {
			f.Goal = rapid.SampledFrom([]swap.Goal{swap.GoalMoved, swap.GoalSettings, swap.GoalVerified}).Draw(rt, "goal")
		}
		if f.Kind == swap.KindProvision && f.Goal == swap.GoalMoved {
			f.Goal = swap.GoalSettings
		}
		f.NoCP = rapid.IntRange(0, 9).Draw(rt, "no cp") == 0
		f.Retries = rapid.IntRange(0, 2).Draw(rt, "retries")
	})
	w := &world{history: h, rt: rt, modem: oldIMSI, forged: map[int64]bool{}, ran: map[int64]bool{}, devices: []string{h.f.IMEI}}
	if h.f.Kind == swap.KindProvision {
		w.modem = newIMSI
	}
	if rapid.Bool().Draw(rt, "device moves") {
		w.devices = append(w.devices, "356938030000017", "3500000112345678", "")
	}
	return w
}

// ahead brings most targets past the steps that the others go through.
func (w *world) ahead() {
	switch n := rapid.IntRange(0, 9).Draw(w.rt, "ahead"); {
	case n > 7 && w.f.Kind == swap.KindSwap && len(w.card.fail) == 0:
		w.movedOn()
		w.modem = newIMSI
	case n > 2 && w.f.Kind != swap.KindProvision:
		w.snapshot()
	}
	w.card.counter = w.counter
	for _, a := range w.dos.Attempts {
		w.ran[a.ID] = true
	}
}

func (w *world) number() string {
	if w.modem == newIMSI {
		return newNumber
	}
	return oldNumber
}

// step lets one thing happen.
func (w *world) step() {
	w.tick(time.Duration(rapid.IntRange(1, 90).Draw(w.rt, "s")) * time.Second)
	switch n := rapid.IntRange(0, 29).Draw(w.rt, "what"); {
	case n < 9:
		w.work()
	case n < 17:
		w.delivery()
	case n < 22:
		if n := len(w.answers); n > 0 {
			i := rapid.IntRange(0, n-1).Draw(w.rt, "answer")
			w.store(w.answers[i])
			if rapid.IntRange(0, 4).Draw(w.rt, "copied") > 0 {
				w.answers = slices.Delete(w.answers, i, i+1)
			}
		}
	case n < 23:
		if n := len(w.mail); n > 0 && rapid.Bool().Draw(w.rt, "lost") {
			w.mail = slices.Delete(w.mail, n-1, n)
		}
	case n < 25:
		if w.f.Kind == swap.KindSwap {
			w.modem = w.card.imsi()
		}
	case n < 26:
		w.laws()
	case n < 27:
		if rapid.Bool().Draw(w.rt, "forge") {
			w.forge()
		}
	case n < 28:
		w.event()
	case n < 29:
		if rapid.IntRange(0, 2).Draw(w.rt, "long") == 0 && len(w.dos.Attempts) > 1 {
			w.tick(time.Duration(rapid.IntRange(1, 30).Draw(w.rt, "h")) * time.Hour)
		}
	default:
		if w.next().Closed && rapid.Bool().Draw(w.rt, "retry") {
			w.person(swap.DecisionRetry)
			w.f.Began = w.now
		}
	}
}

// openWrite is a write that nothing has settled.
func (w *world) openWrite() *ledger.Attempt {
	for i, a := range w.dos.Attempts {
		if a.Kind == ledger.Write && !slices.ContainsFunc(w.dos.Stored, func(e ledger.Evidence) bool {
			return e.Body.Authenticated && e.Body.Status == 0 && (e.AttemptID == a.ID || e.Body.Settles == a.ID)
		}) {
			return &w.dos.Attempts[i]
		}
	}
	return nil
}

// work does what the saga asks for. A new write while an earlier one could
// still run would be the one thing that must never happen.
func (w *world) work() {
	r := w.next()
	if r.Plan {
		w.f.IMEI, w.f.Planned = r.IMEI, r.IMEI
	}
	if r.Action == nil {
		return
	}
	if o := w.openWrite(); o != nil && r.Action.Step >= 1000 && r.Action.Kind != ledger.CP && r.Action.FenceOf == 0 {
		w.post(w.fence(o.ID, r.Step)) // the ledger lets nothing else pass
		return
	}
	if r.Action.Kind == ledger.Write {
		for _, a := range w.dos.Attempts {
			if a.Kind == ledger.Write && !w.ran[a.ID] && w.card.counter < a.Counter {
				w.rt.Fatalf("%s: write %d asked for while write %d may still run", r.State, len(w.dos.Attempts), a.ID)
			}
		}
	}
	id := w.send(r.Action)
	w.accepted(id)
	w.post(id)
}

func (w *world) post(id int64) {
	seen := map[string]bool{}
	for _, s := range w.attempt(id).Parts[0].Submissions {
		if !seen[s.Destination] {
			seen[s.Destination] = true
			w.mail = append(w.mail, mail{id, s.Destination})
		}
	}
}

// delivery brings one message to the card, if its number is on the air.
func (w *world) delivery() {
	if len(w.mail) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.mail)-1).Draw(w.rt, "mail")
	if m := w.mail[i]; m.to != w.number() {
		if i = slices.IndexFunc(w.mail, func(m mail) bool { return m.to == w.number() }); i < 0 {
			return
		}
	}
	m := w.mail[i]
	if rapid.IntRange(0, 4).Draw(w.rt, "copied") > 0 {
		w.mail = slices.Delete(w.mail, i, i+1)
	}
	a := w.attempt(m.attempt)
	if rapid.IntRange(0, 4).Draw(w.rt, "receipt") > 0 {
		parts := []int{rapid.IntRange(1, len(a.Parts)).Draw(w.rt, "part")}
		if rapid.Bool().Draw(w.rt, "every part") {
			parts = nil
		}
		w.arrived(m.attempt, m.to, parts...)
	}
	switch {
	case a.Kind == ledger.CP:
	case a.Counter > w.card.counter:
		w.card.counter, w.ran[a.ID] = a.Counter, true
		w.answers = append(w.answers, w.answerOf(m.attempt, m.to))
		if w.f.Refresh == "immediate" && rapid.Bool().Draw(w.rt, "refresh") {
			w.modem = w.card.imsi()
		}
	default:
		w.answers = append(w.answers, w.proofOf(m.attempt, m.to, ota.StatusCounterLow, rapid.Bool().Draw(w.rt, "checked")))
	}
}

// laws is what package delivery does by itself: a fence over an open write,
// another read in place of one without an answer, the end of a document.
func (w *world) laws() {
	for _, a := range w.dos.Attempts {
		open := !slices.ContainsFunc(w.dos.Stored, func(e ledger.Evidence) bool {
			return e.Kind == ledger.EvProof && e.Body.Authenticated && e.Body.Status == 0 && (e.AttemptID == a.ID || e.Body.Settles == a.ID)
		})
		if !open || rapid.IntRange(0, 2).Draw(w.rt, "law") > 0 {
			continue
		}
		switch a.Kind {
		case ledger.Write:
			w.post(w.fence(a.ID, a.Step))
		case ledger.Read:
			way := swap.Old
			if n := a.Parts[0].Submissions; len(n) > 1 {
				way = swap.Both
			} else if n[0].Destination == newNumber {
				way = swap.New
			}
			w.post(w.again(a.ID, way))
		case ledger.CP:
			if _, all := a.Arrived(); !all && rapid.Bool().Draw(w.rt, "gives up") {
				w.silence(a.ID, ledger.Undeliver, "not delivered in time")
			}
		}
		return
	}
}

// forge stores an answer in clear that no card sent.
func (w *world) forge() {
	if len(w.dos.Attempts) == 0 {
		return
	}
	a := rapid.SampledFrom(w.dos.Attempts).Draw(w.rt, "forged")
	if a.Kind == ledger.CP {
		return
	}
	st := ota.Status(rapid.IntRange(0, 12).Draw(w.rt, "status"))
	e := w.proofOf(a.ID, rapid.SampledFrom([]string{oldNumber, newNumber}).Draw(w.rt, "number"), st, false)
	imsi, _ := rfm.EncodeIMSI(newIMSI)
	e.Body.Executed, e.Body.Complete, e.Body.SW, e.Body.Data, e.Body.Settles, e.Body.Ran = 2, true, "9000", imsi, a.FenceOf, true
	w.store(e)
	w.forged[w.ids] = true
}

func (w *world) event() {
	if w.f.Kind == swap.KindRFM {
		return
	}
	switch rapid.IntRange(0, 2).Draw(w.rt, "event") {
	case 0:
		w.attach(w.modem, rapid.SampledFrom([]string{newAPN, "other"}).Draw(w.rt, "apn"))
	case 1:
		w.pair(w.modem, rapid.SampledFrom(w.devices).Draw(w.rt, "device"))
	}
}

// live runs a random life.
func live(rt *rapid.T, steps int) *world {
	w := newWorld(rt)
	w.ahead()
	for range steps {
		w.step()
	}
	return w
}

func shuffled(rt *rapid.T, in []ledger.Evidence) []ledger.Evidence {
	out := slices.Clone(in)
	rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "order"), 1)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestOrderOfArrivalPlaysNoPart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := live(rt, 60)
		all := w.dos.Evidence()
		want := swap.Next(w.f, all, w.now)
		// The list in any order; and fed one by one, in any order, to a server
		// that asks after each.
		order := shuffled(rt, all)
		if d := gocmp.Diff(want, swap.Next(w.f, order, w.now)); d != "" {
			rt.Fatalf("another order:\n%s", d)
		}
		var got swap.Result
		for i := range order {
			if got = swap.Next(w.f, order[:i+1], w.now); got.Closed && got.Action != nil {
				rt.Fatalf("closed as %s with an action", got.State)
			}
		}
		if d := gocmp.Diff(want, got); len(all) > 0 && d != "" {
			rt.Fatalf("piece by piece:\n%s", d)
		}
	})
}

func TestTimeOfArrivalPlaysNoPart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt)
		d := &w.f.Deadlines // nothing ends by the clock: that is another property
		for _, p := range []*time.Duration{
			&d.Snapshot, &d.Switching, &d.Switched, &d.Probing, &d.Waiting, &d.Configuring, &d.SettingsDelivered,
		} {
			*p = 10000 * time.Hour
		}
		w.devices = w.devices[:1] // where it was when is what counts there
		w.ahead()
		for range 60 {
			w.step()
		}
		all := w.dos.Evidence()
		want := swap.Next(w.f, all, w.now)
		// Answers and notices change places in time. What was sent when does not,
		// nor which answer to a snapshot read was there when the writes were made.
		var moving []int
		for i, e := range all {
			if e.Kind == ledger.EvProof && e.Body.Label != read || e.Kind == ledger.EvReceipt || e.Kind == ledger.EvAttach {
				moving = append(moving, i)
			}
		}
		order, late := shuffled(rt, all), slices.Clone(all)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "times"), 2)).Shuffle(len(moving), func(i, j int) {
			a, b := &late[moving[i]], &late[moving[j]]
			a.SeenAt, b.SeenAt = b.SeenAt, a.SeenAt
		})
		for name, list := range map[string][]ledger.Evidence{"order": order, "times": late} {
			if got := swap.Next(w.f, list, w.now); got.State != want.State || got.Closed != want.Closed {
				rt.Fatalf("other %s: %s (closed %t), want %s (closed %t)", name, got.State, got.Closed, want.State, want.Closed)
			}
		}
	})
}

// proof helpers: what the evidence itself shows, read without the saga.

func tellsIMSI(w *world, e ledger.Evidence, imsi string) bool {
	want, _ := rfm.EncodeIMSI(imsi)
	if e.Kind != ledger.EvProof || !e.Body.Authenticated || e.Body.Status != 0 || e.Body.Attempt != ledger.Read {
		return false
	}
	return slices.ContainsFunc(e.Body.Files, func(d ledger.FileData) bool { return slices.Equal(d.Data, want) })
}

func (w *world) hasRank(r swap.Result) error {
	any := func(take func(ledger.Evidence) bool) bool { return slices.ContainsFunc(w.dos.Stored, take) }
	attached := func(apns ...string) bool {
		return any(func(e ledger.Evidence) bool {
			return e.Kind == ledger.EvAttach && e.Body.IMSI == newIMSI && (len(apns) == 0 || slices.Contains(apns, e.Body.APN))
		})
	}
	settled := func(a ledger.Attempt) bool {
		return any(func(e ledger.Evidence) bool {
			ok := e.Kind == ledger.EvProof && e.Body.Authenticated && e.Body.Status == 0
			return ok && (e.AttemptID == a.ID || e.Body.Settles == a.ID && e.Body.Ran)
		})
	}
	hasMoved := w.f.Kind == swap.KindProvision || attached() || any(func(e ledger.Evidence) bool { return e.Body.Number == newNumber && tellsIMSI(w, e, newIMSI) })
	switch r.State {
	case swap.Moved, swap.Configuring, swap.SettingsFailed:
		if !hasMoved {
			return fmt.Errorf("%s, and nothing shows the move", r.State)
		}
	case swap.Verified:
		if !attached(w.f.APNs...) {
			return fmt.Errorf("verified by nobody")
		}
	case swap.SettingsDelivered:
		for i, d := range w.f.Documents {
			got := slices.ContainsFunc(w.dos.Attempts, func(a ledger.Attempt) bool {
				_, all := a.Arrived()
				return a.Step%1000 == 501+i && all
			})
			if d.Gating && !got {
				return fmt.Errorf("the %s document did not arrive", d.Name)
			}
		}
		if !hasMoved {
			return fmt.Errorf("settings delivered to whom?")
		}
	case swap.WaitingForRestart:
		if !any(func(e ledger.Evidence) bool { return e.Body.Number == oldNumber && tellsIMSI(w, e, newIMSI) }) || w.card.imsi() != newIMSI {
			return fmt.Errorf("nothing told the new IMSI by the old number")
		}
	case swap.NotSwitched:
		if !any(func(e ledger.Evidence) bool { return e.Body.Label != read && tellsIMSI(w, e, oldIMSI) }) && !any(func(e ledger.Evidence) bool { return e.Body.Settles != 0 && e.Body.Authenticated && !e.Body.Ran }) {
			return fmt.Errorf("nothing told the old IMSI")
		}
	case swap.Switched, swap.Written:
		for _, a := range w.dos.Attempts {
			if a.Kind != ledger.Write || a.Step/1000 != r.Step/1000 || settled(a) {
				continue
			}
			again := slices.ContainsFunc(w.dos.Attempts, func(b ledger.Attempt) bool { return b.Kind == ledger.Write && b.Step == a.Step && settled(b) })
			if !again {
				return fmt.Errorf("%s with write %d open", r.State, a.ID)
			}
		}
		if r.State == swap.Switched && w.card.imsi() != newIMSI {
			return fmt.Errorf("switched, and the card has %s", w.card.imsi())
		}
	}
	return nil
}

func TestNoRungWithoutItsEvidence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt)
		w.ahead()
		for range 60 {
			w.step()
			if err := w.hasRank(w.next()); err != nil {
				rt.Fatal(err)
			}
			// A torn run leaves a working identity.
			smsp, err := rfm.DecodeSMSP(w.card.files["smsp"])
			if err != nil || w.card.imsi() == newIMSI && smsp.SMSC != w.f.Identity.SMSC {
				rt.Fatalf("IMSI %s with service centre %+v, %v", w.card.imsi(), smsp, err)
			}
		}
	})
}

func TestForgedAnswersSettleNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := live(rt, 40)
		for range 4 {
			w.tick(time.Second)
			w.forge()
		}
		if rapid.Bool().Draw(rt, "long after") {
			w.tick(3 * day)
			w.forge()
		}
		all := w.dos.Evidence()
		wrote, refused := false, false
		for _, a := range w.dos.Attempts {
			wrote = wrote || a.Kind == ledger.Write
		}
		honest := slices.DeleteFunc(slices.Clone(all), func(e ledger.Evidence) bool {
			if !w.forged[e.ID] {
				return false
			}
			refused = refused || e.Body.Status == byte(ota.StatusTARUnknown) || e.Body.Status == byte(ota.StatusInsufficientSecurity)
			return true
		})
		want, got := swap.Next(w.f, honest, w.now), swap.Next(w.f, all, w.now)
		lifted := want.State == swap.Dark && !got.Closed &&
			slices.Contains([]swap.State{swap.Switching, swap.Switched, swap.WaitingForRestart}, got.State)
		if a := got.Action; a != nil && (want.Action == nil || a.Label != want.Action.Label) {
			if a.Label != life && !(lifted && a.Kind == ledger.Read) {
				rt.Fatalf("forged answers send %s", a.Label)
			}
		}
		if d := gocmp.Diff(want.Moved, got.Moved); d != "" {
			rt.Fatalf("forged move:\n%s", d)
		}
		if got.State == want.State && got.Closed == want.Closed {
			return
		}
		if !lifted && !(refused && !wrote && got.State == swap.Failed) {
			rt.Fatalf("forged answers make %s (closed %t) of %s (closed %t)", got.State, got.Closed, want.State, want.Closed)
		}
	})
}

// garbage is evidence of any content.
func garbage(rt *rapid.T, n int) []ledger.Evidence {
	kinds := []ledger.EvidenceKind{
		ledger.EvSubmitted, ledger.EvAccepted, ledger.EvRefused, ledger.EvReceipt, ledger.EvAmbiguous, ledger.EvProof,
		ledger.EvProof, ledger.EvProof, ledger.EvSilence, ledger.EvPair, ledger.EvAttach, ledger.EvPerson, ledger.EvState, "?",
	}
	imsi, _ := rfm.EncodeIMSI(newIMSI)
	was, _ := rfm.EncodeIMSI(oldIMSI)
	octets := rapid.OneOf(rapid.Just(imsi), rapid.Just(was), rapid.SliceOfN(rapid.Byte(), 0, 300))
	number := rapid.SampledFrom([]string{"", oldNumber, newNumber})
	pick := func(label string, s ...string) string { return rapid.SampledFrom(s).Draw(rt, label) }
	var out []ledger.Evidence
	for range n {
		e := ledger.Evidence{
			ID: rapid.Int64Range(-1, 50).Draw(rt, "id"), Kind: rapid.SampledFrom(kinds).Draw(rt, "kind"),
			AttemptID: rapid.Int64Range(0, 12).Draw(rt, "attempt"), Counter: rapid.Uint64Range(0, 50).Draw(rt, "counter"),
			SeenAt: start.Add(time.Duration(rapid.Int64Range(-1e15, 1e15).Draw(rt, "at"))), Link: pick("link", "", "aurora-1", "nordvik-1"),
			Body: ledger.Body{
				Attempt: ledger.AttemptKind(pick("of", "", "read", "write", "cp", "confirm", "?")),
				Step:    rapid.SampledFrom([]int{-1, 0, 1, 2, 3, 5, 101, 102, 201, 202, 203, 501, 502, 503, 1001, 1101, 1 << 40}).Draw(rt, "step"),
				Try:     rapid.IntRange(-1, 3).Draw(rt, "try"), Label: pick("label", "", read, write, moved, probe, life, fence, document),
				Part: rapid.IntRange(-1, 3).Draw(rt, "part"), Parts: rapid.IntRange(-1, 3).Draw(rt, "parts"), Number: number.Draw(rt, "number"),
				State:  pick("state", "", "delivered", "expired", "held", "unsent", "undeliverable", "?"),
				Status: rapid.SampledFrom([]byte{0, 0, 0, 1, 2, 6, 9, 10, 11, 0xC1, 0xFF}).Draw(rt, "status"), Authenticated: rapid.Bool().Draw(rt, "auth"),
				Executed: rapid.IntRange(-1, 12).Draw(rt, "executed"), Complete: rapid.Bool().Draw(rt, "complete"),
				SW: pick("sw", "", "9000", "6A82", "zz", "91"), Data: octets.Draw(rt, "data"),
				Settles: rapid.Int64Range(0, 12).Draw(rt, "settles"), Ran: rapid.Bool().Draw(rt, "ran"),
				IMSI: pick("imsi", "", oldIMSI, newIMSI, "x"), IMEI: pick("imei", "", "1", "356938035643809"), APN: pick("apn", "", newAPN),
				Decision: pick("decision", "", "", "", swap.DecisionRetry, swap.DecisionCancelHard),
			},
		}
		for range rapid.IntRange(0, 6).Draw(rt, "files") {
			e.Body.Files = append(e.Body.Files, ledger.FileData{
				Command: rapid.IntRange(-1, 11).Draw(rt, "command"), Data: octets.Draw(rt, "file"), SW: pick("file sw", "9000", "", "6A82"),
			})
		}
		out = append(out, e)
	}
	return out
}

func TestAnyEvidenceIsBorne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(rt)
		for range rapid.IntRange(0, 12).Draw(rt, "true steps") {
			w.step()
		}
		f, now := w.f, w.now.Add(time.Duration(rapid.Int64Range(-1e15, 1e15).Draw(rt, "now")))
		all := append(w.dos.Evidence(), garbage(rt, rapid.IntRange(0, 30).Draw(rt, "n"))...)
		r := swap.Next(f, all, now)
		if r.Closed && (r.Action != nil || !r.Due.IsZero()) {
			rt.Fatalf("closed as %s with an action or a due time", r.State)
		}
		if !slices.Contains(swap.States(), r.State) {
			rt.Fatalf("state %q", r.State)
		}
		if !r.Due.IsZero() && !r.Due.After(now) {
			rt.Fatalf("due %v, now %v: it would spin", r.Due, now)
		}
		for range 4 { // Go orders maps at random
			if d := gocmp.Diff(r, swap.Next(f, all, now)); d != "" {
				rt.Fatalf("not the same twice:\n%s", d)
			}
		}
	})
}

func TestAnyFactsAreBorne(t *testing.T) {
	t.Parallel()
	for _, f := range []swap.Facts{
		{}, {Kind: swap.KindSwap}, {Kind: swap.KindRFM, Files: []string{"?"}}, {Kind: swap.KindSwap, Files: []string{"imsi"}, Format: "compact"},
		{Kind: swap.KindSwap, Files: []string{"imsi"}, Format: "expanded", To: swap.Side{IMSI: "x", MSISDN: "y"}},
	} {
		h := begin(t)
		h.movedOn()
		if r := swap.Next(f, h.dos.Evidence(), h.now); r.Closed && r.Action != nil {
			t.Errorf("%+v: %+v", f, r)
		}
	}
}
