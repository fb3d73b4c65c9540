package delivery_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/lab/uicc"
)

// one is a world with one card in one campaign.
func one(t testing.TB, change ...func(*uicc.Config)) (*world, *card, ledger.Lease) {
	t.Helper()
	w := newWorld(t)
	c := w.insert(1, "+491500001", change...)
	return w, c, w.start("first", c)
}

func refuse(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v, want %v", what, err, want)
	}
}

func TestLaw1OneCounterOneOctetString(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 12))
	a := w.attempt(l, 1)
	if a.Counter != 41 || len(a.Parts) < 2 {
		t.Fatalf("counter %d, %d parts", a.Counter, len(a.Parts))
	}
	first := w.outN(len(a.Parts)) // what leaves was stored before
	for i, m := range first {
		if string(m.UserData) != string(a.Parts[i].UserData) {
			t.Fatal("other octets leave than were stored")
		}
	}
	w.accept(first[1:]...)
	w.result(delivery.Ambiguous, first[0])
	w.pass(time.Minute - 1)
	w.drive(l, w.routes(c))
	w.outN(0) // within its grace
	w.pass(1)
	w.drive(l, w.routes(c))
	again := w.outN(1)
	w.sameOctets(first[:1], again)
	if again[0].Submission == first[0].Submission || again[0].Validity != first[0].Validity-time.Minute {
		t.Errorf("validity %v, then %v: want a submission of its own with what is left", first[0].Validity, again[0].Validity)
	}
	again = append(again, first[1:]...)
	w.accept(again[0])
	w.receipts("DELIVRD", again...)
	w.pass(2 * time.Minute)
	w.drive(l, w.routes(c))
	set := w.outN(len(first)) // the whole set, under the same reference and counter
	w.sameOctets(first, set)
	w.accept(set...)
	if n := len(w.dossier(l).Attempts); n != 1 {
		t.Fatalf("%d attempts, want the one", n)
	}
	w.reach(c, again...)
	w.receive("north", w.reach(c, set...)...)
	w.imsiOf(c, newIMSI)
}

func TestLaw1TheCounterOfALoserIsNotUsed(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	stale := w.dossier(l)
	w.send(l, w.read(c, 1))
	w.must(w.desk.Send(w.ctx, l, &stale, w.read(c, 2))) // knows only counter 40: built again
	a, b := w.attempt(l, 1), w.attempt(l, 2)
	if a.Counter != 41 || b.Counter != 42 || a.Reference == b.Reference {
		t.Fatalf("counters %d and %d, references %d and %d", a.Counter, b.Counter, a.Reference, b.Reference)
	}
	for _, m := range w.outN(2) {
		w.receive("north", w.reach(c, m)...)
	}
	w.want(l, 1, ledger.Executed)
	w.want(l, 2, ledger.Executed)
}

func TestLaw2OneOpenWritePerKeyset(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	write := w.attempt(l, 1)
	if len(write.Fence) == 0 || len(write.Expect) == 0 {
		t.Fatal("the write is stored without its fence")
	}
	second := w.write(c, oldIMSI, 0)
	second.Step = 3
	refuse(t, "a second write", w.trySend(l, second), ledger.ErrOpenWrite)
	refuse(t, "a read that is no fence", w.trySend(l, w.read(c, 1)), ledger.ErrOpenWrite)
	wrong := w.read(c, 1)
	wrong.FenceOf = write.ID + 100
	if w.trySend(l, wrong) == nil {
		t.Fatal("the fence of another write goes over the open one")
	}
	fence := w.read(c, 1)
	fence.Step, fence.FenceOf, fence.Script = 2, write.ID, write.Fence
	w.send(l, fence)
	if got := w.attempt(l, 2).Counter; got != 42 {
		t.Fatalf("the fence has counter %d, want the next, 42", got)
	}
	if got := w.attempt(l, 1).Outcome; got != ledger.Open {
		t.Fatalf("sending a fence makes the write %q", got)
	}
	ms := w.outN(2)
	w.accept(ms...)
	w.receive("north", w.reach(c, ms...)...)
	w.want(l, 1, ledger.Executed)
	second.Step = 3
	w.send(l, second) // now the way is free
	w.receive("north", w.reach(c, w.outN(1)...)...)
	w.imsiOf(c, oldIMSI)
}

func TestLaw2AFenceOfAnotherKeysetSettlesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := w.insert(1, "+491500001"), w.insert(2, "+491500002")
	l, m := w.start("first", c), w.start("second", other)
	w.send(l, w.write(c, newIMSI, 0))
	w.accept(w.outN(1)...) // and is lost
	write := w.attempt(l, 1)
	foreign := w.read(other, 1)
	foreign.FenceOf, foreign.Script = write.ID, write.Fence
	if w.trySend(m, foreign) == nil { // refused or not: it may not settle
		_, pors := w.out(), [][]byte(nil)
		a := w.attempt(m, 1)
		for _, p := range a.Parts {
			pors = append(pors, w.reach(other, sent{delivery.Message{Source: server, UserData: p.UserData}, "north"})...)
		}
		if len(pors) == 0 {
			t.Fatal("the other card does not answer")
		}
		w.receive("north", pors...)
	}
	// Its counter is made higher than the write's, so that only the keyset tells.
	for range 3 {
		foreign.Step++
		if w.trySend(m, foreign) == nil {
			w.receive("north", w.reach(other, w.outN(1)...)...)
		}
	}
	w.want(l, 1, ledger.Open)
}

func TestLaw2OnlyItsOwnFenceSettlesAWrite(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.whole(c, l, w.write(c, newIMSI, 0)) // its proof is lost
	other := w.read(c, 2)                 // goes over the write, but reads something else
	other.Step, other.FenceOf = 2, w.attempt(l, 1).ID
	_, pors := w.whole(c, l, other)
	w.receive("north", pors...)
	w.want(l, 2, ledger.Executed)
	w.want(l, 1, ledger.Open)
	w.receive("north", w.clear(c, ota.StatusSecurityError, 0)) // of the newest open attempt
	w.pass(5 * time.Minute)
	w.drive(l, w.routes(c))
	w.receive("north", w.clear(c, ota.StatusSecurityError, 0))
	stored := w.dossier(l).Stored
	if len(stored) != 3 || stored[1].Counter != 41 || stored[2].Counter != 43 {
		t.Errorf("evidence %+v", stored)
	}
	w.receive("north", w.reach(c, w.outN(1)...)...)
	w.want(l, 1, ledger.FencedRan)
}

func TestLaw2AFenceThatCannotTellHoldsTheWrite(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	o := w.write(c, newIMSI, 0)
	o.Fence = expanded("00A40004026FFE", readIMSI) // no such file
	w.whole(c, l, o)
	w.pass(5 * time.Minute)
	w.drive(l, w.routes(c))
	w.receive("north", w.reach(c, w.outN(1)...)...)
	w.want(l, 2, ledger.Executed)
	w.want(l, 1, ledger.Held)
}

func TestLaw3NoNewCounterForAWriteBeforeProofFenceOrUnsent(t *testing.T) {
	t.Parallel()
	next := func(w *world, c *card, l ledger.Lease) error {
		o := w.write(c, newIMSI, 1)
		return w.trySend(l, o)
	}
	t.Run("receipts and clocks prove nothing", func(t *testing.T) {
		t.Parallel()
		for state, is := range map[string]ledger.SubmissionState{
			"DELIVRD": ledger.Arrived, "EXPIRED": ledger.Expired, "UNDELIV": ledger.Undelivered, "REJECTD": ledger.Undelivered, "DELETED": ledger.Undelivered,
			"ENROUTE": ledger.Accepted, "ACCEPTD": ledger.Accepted, "UNKNOWN": ledger.Accepted,
		} {
			w, c, l := one(t)
			w.send(l, w.write(c, newIMSI, 0))
			ms := w.outN(1)
			w.accept(ms...)
			w.receipts(state, ms...)
			if got := w.attempt(l, 1).Parts[0].Submissions[0].State; got != is {
				t.Errorf("%s makes the submission %q, want %q", state, got, is)
			}
			refuse(t, state, next(w, c, l), ledger.ErrOpenWrite)
			w.pass(100 * 24 * time.Hour)
			refuse(t, state+", months later", next(w, c, l), ledger.ErrOpenWrite)
			w.want(l, 1, ledger.Open)
		}
	})
	t.Run("authenticated PoR", func(t *testing.T) {
		t.Parallel()
		w, c, l := one(t)
		_, pors := w.whole(c, l, w.write(c, newIMSI, 0))
		w.receive("north", pors...)
		w.want(l, 1, ledger.Executed)
		second := w.write(c, newIMSI, 1)
		second.Step = 3
		w.send(l, second)
	})
	t.Run("refused by its response", func(t *testing.T) {
		t.Parallel()
		w, c, l := one(t)
		w.send(l, w.write(c, newIMSI, 12))
		ms := w.out()
		w.accept(ms[1:]...)
		w.result(delivery.Refused, ms[0])
		refuse(t, "before the laws looked", next(w, c, l), ledger.ErrOpenWrite)
		w.drive(l, w.routes(c))
		w.want(l, 1, ledger.Unsent)
		w.must(next(w, c, l))
		if got := w.attempt(l, 2).Counter; got != 42 {
			t.Fatalf("counter %d, want 42", got)
		}
	})
	t.Run("ambiguous, then refused", func(t *testing.T) {
		t.Parallel()
		w, c, l := one(t)
		w.send(l, w.write(c, newIMSI, 0))
		w.result(delivery.Ambiguous, w.outN(1)...)
		w.pass(time.Minute)
		w.drive(l, w.routes(c))
		w.result(delivery.Refused, w.outN(1)...)
		w.drive(l, w.routes(c))
		w.want(l, 1, ledger.Open) // the first may have been taken
		refuse(t, "one ambiguous", next(w, c, l), ledger.ErrOpenWrite)
	})
	t.Run("settled fence", func(t *testing.T) {
		t.Parallel()
		w, c, l := one(t)
		w.send(l, w.write(c, newIMSI, 0))
		w.accept(w.outN(1)...)
		w.pass(5 * time.Minute)
		w.drive(l, w.routes(c))
		refuse(t, "the fence is out", next(w, c, l), ledger.ErrOpenWrite)
		w.receive("north", w.reach(c, w.outN(1)...)...)
		w.want(l, 1, ledger.FencedNot)
		w.must(next(w, c, l))
	})
}

func TestLaw4WithoutReplayDetectionNothingIsResent(t *testing.T) {
	t.Parallel()
	weak := func(cfg *uicc.Config) {
		cfg.Applications = slices.Clone(cfg.Applications)
		for i := range cfg.Applications {
			cfg.Applications[i].MSL = 0x06
		}
	}
	for name, happens := range map[string]func(*world, []sent){
		"ambiguous":     func(w *world, ms []sent) { w.result(delivery.Ambiguous, ms...) },
		"lost":          func(w *world, ms []sent) { w.accept(ms...); w.receipts("UNDELIV", ms...) },
		"delivered":     func(w *world, ms []sent) { w.accept(ms...); w.receipts("DELIVRD", ms...) },
		"one delivered": func(w *world, ms []sent) { w.accept(ms...); w.receipts("DELIVRD", ms[0]) },
		"silence":       func(w *world, ms []sent) { w.accept(ms...) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c, l := one(t, weak)
			o := w.write(c, newIMSI, 12)
			o.SPI = ota.SPI{0x06, 0x39}
			if err := w.trySend(l, o); !errors.Is(err, ota.ErrWeak) {
				t.Fatalf("a weak SPI goes without a flag: %v", err)
			}
			o.AllowWeak = true
			w.send(l, o)
			first := w.out()
			happens(w, first)
			fences := 0
			for range 30 {
				w.pass(time.Minute)
				w.drive(l, w.routes(c))
				for _, m := range w.out() {
					if slices.ContainsFunc(first, func(f sent) bool { return string(f.UserData) == string(m.UserData) }) {
						t.Fatal("the octets of a write without replay detection go again")
					}
					fences++
					w.accept(m)
				}
			}
			if fences == 0 {
				t.Error("no fence is asked for")
			}
		})
	}
}

func TestLaw5CampaignsRefuseExactCounters(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	for _, o := range []delivery.Order{w.write(c, newIMSI, 0), w.read(c, 1)} {
		o.SPI[0] = 0x1E
		if err := w.trySend(l, o); err == nil {
			t.Errorf("a %s goes with counters exactly one higher: one lost packet locks the card", o.Kind)
		}
	}
	if n := len(w.dossier(l).Attempts); n != 0 || len(w.out()) != 0 {
		t.Errorf("%d attempts are stored", n)
	}
}

func TestAnOrderThatDoesNotFitTheCardIsRefused(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	o := w.write(c, newIMSI, 12)
	o.MaxParts = 1
	refuse(t, "three parts", w.trySend(l, o), delivery.ErrTooLong)
	o = w.read(c, 1)
	o.Routes = nil
	if w.trySend(l, o) == nil {
		t.Error("an order without a route is stored")
	}
	o = w.read(c, 1)
	o.KeysetID = 99
	if w.trySend(l, o) == nil {
		t.Error("an order with a keyset of nobody is stored")
	}
	w.outN(0)
}
