package delivery_test

import (
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
)

func TestAFenceThatTellsNothingYetIsAskedForLessAndLess(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.ran = func(ledger.Attempt, []byte, time.Time) ledger.Told { return ledger.ToldNotYet }
	w.restart()
	w.send(l, w.write(c, newIMSI, 0))
	w.outN(1) // lost
	w.close(l)
	m := w.start("second", c)
	for _, wait := range []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 25 * time.Hour} {
		if due := w.clearWay(m, c); !due.IsZero() {
			t.Fatalf("the fence waits until %v, now is %v", due, w.now)
		}
		asked := w.now
		w.receive("north", w.reach(c, w.outN(1)...)...)
		w.want(l, 1, ledger.Open)
		w.pass(time.Minute)
		if due := w.clearWay(m, c); !due.Equal(asked.Add(wait)) {
			t.Errorf("answered, the next is due %v after the last, want %v", due.Sub(asked), wait)
		}
		w.outN(0)
		w.now = asked.Add(wait)
	}
}

func TestAFenceThatNobodyAnsweredInItsTimeIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	w.outN(1)
	w.close(l)
	m := w.start("second", c)
	w.clearWay(m, c)
	w.outN(1)
	w.pass(59 * time.Minute)
	w.clearWay(m, c)
	w.outN(0) // it is on its way
	w.pass(time.Minute)
	w.clearWay(m, c)
	w.outN(1)
}
