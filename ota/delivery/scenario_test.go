package delivery_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/ota/sms"
)

func TestProofLostAndTheFenceTells(t *testing.T) {
	t.Parallel()
	for _, ran := range []bool{true, false} {
		t.Run(fmt.Sprintf("ran %v", ran), func(t *testing.T) {
			t.Parallel()
			w, c, l := one(t)
			w.send(l, w.write(c, newIMSI, 0))
			first := w.outN(1)
			w.accept(first...)
			if ran {
				w.reach(c, first...) // its answer is lost
				w.receipts("DELIVRD", first...)
			}
			var fence []sent
			for range 10 {
				w.pass(time.Minute)
				w.drive(l, w.routes(c))
				w.want(l, 1, ledger.Open)
				ms := w.out()
				w.accept(ms...)
				if len(w.dossier(l).Attempts) > 1 {
					fence = ms
					break
				}
				w.receipts("DELIVRD", ms...) // the whole set again: its 02 is lost too
			}
			if len(fence) != 1 || w.attempt(l, 2).FenceOf != w.attempt(l, 1).ID || w.attempt(l, 2).Counter != 42 {
				t.Fatal("no fence under the next counter")
			}
			w.receive("north", w.reach(c, fence...)...)
			want := ledger.FencedNot
			if ran {
				want = ledger.FencedRan
			}
			w.want(l, 1, want)
			w.want(l, 2, ledger.Executed)
			w.reach(c, first...) // a copy that the network kept can no longer run
			if (c.IMSI() == newIMSI) != ran {
				t.Fatalf("the card has IMSI %s", c.IMSI())
			}
			w.drive(l, w.routes(c))
			w.outN(0)
		})
	}
}

func TestAPartStaysAmbiguousUntilItsValidityEnds(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 12))
	first := w.out()
	w.accept(first[1:]...)
	w.receipts("DELIVRD", first[1:]...)
	w.result(delivery.Ambiguous, first[0])
	deadline := w.attempt(l, 1).Deadline
	fenced := false
	for w.now.Before(deadline) {
		w.pass(6 * time.Minute)
		w.drive(l, w.routes(c))
		for _, m := range w.out() {
			if string(m.UserData) != string(first[0].UserData) {
				fenced = true
			}
			w.result(delivery.Ambiguous, m)
		}
	}
	if !fenced {
		t.Error("hours of silence do not call for a fence")
	}
	w.pass(time.Hour)
	w.drive(l, w.routes(c))
	for _, m := range w.out() {
		t.Errorf("after the deadline %d octets go out", len(m.UserData))
	}
	w.want(l, 1, ledger.Open)
	refuse(t, "the next write", w.trySend(l, w.write(c, newIMSI, 0)), ledger.ErrOpenWrite)
}

func TestAWriteThatWaitedPastItsDeadlineDoesNotLeave(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.links["north"].down = true
	w.send(l, w.write(c, newIMSI, 12))
	w.outN(0)
	w.pass(7 * time.Hour)
	w.links["north"].down = false
	w.outN(0)
	w.drive(l, w.routes(c))
	w.want(l, 1, ledger.Unsent)
	w.imsiOf(c, oldIMSI)
}

func TestAFenceThatIsLostIsAskedAgain(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	lost, _ := w.whole(c, l, w.write(c, newIMSI, 0))
	w.reach(c, lost...)
	w.pass(5 * time.Minute)
	w.drive(l, w.routes(c))
	w.accept(w.outN(1)...) // the first fence, lost
	for range 11 {
		w.pass(time.Minute)
		w.drive(l, w.routes(c))
	}
	again := w.outN(1)
	a, b := w.attempt(l, 2), w.attempt(l, 3)
	if b.Counter != a.Counter+1 || a.Outcome != ledger.Overdue || b.FenceOf != a.FenceOf || string(a.Parts[0].UserData) == string(b.Parts[0].UserData) {
		t.Fatalf("counters %d and %d, the first %q", a.Counter, b.Counter, a.Outcome)
	}
	w.accept(again...)
	w.receive("north", w.reach(c, again...)...)
	w.want(l, 1, ledger.FencedRan)
	w.want(l, 3, ledger.Executed)
}

func TestTheLateAnswerOfAReplacedFenceSettlesTheWriteToo(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.whole(c, l, w.write(c, newIMSI, 0))
	w.pass(5 * time.Minute)
	w.drive(l, w.routes(c))
	first := w.outN(1)
	w.accept(first...)
	late := w.reach(c, first...)
	w.pass(11 * time.Minute)
	w.drive(l, w.routes(c))
	w.want(l, 2, ledger.Overdue)
	w.receive("north", late...)
	w.want(l, 1, ledger.FencedRan)
	w.want(l, 2, ledger.Executed)
}

func TestStatus02BeforeTheProofIsNoFailure(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	ms := w.outN(1)
	w.accept(ms...)
	ok, low := w.reach(c, ms...), w.reach(c, ms...) // the network made a copy
	if len(ok) != 1 || len(low) != 1 {
		t.Fatalf("%d and %d answers", len(ok), len(low))
	}
	w.receive("north", low...)
	w.want(l, 1, ledger.Open)
	w.drive(l, w.routes(c))
	w.outN(0)
	w.receive("north", ok...)
	w.want(l, 1, ledger.Executed)
	w.receive("north", low...) // and after it
	w.want(l, 1, ledger.Executed)
}

func TestUnsecuredAnswersOverAnOpenWriteCallForAFence(t *testing.T) {
	t.Parallel()
	for _, status := range []ota.Status{ota.StatusSecurityError, ota.StatusInsufficientSecurity, ota.StatusTARUnknown, ota.StatusCounterLow} {
		for _, counter := range []uint64{0, 41} {
			w, c, l := one(t)
			w.send(l, w.write(c, newIMSI, 0))
			ms := w.outN(1)
			w.accept(ms...)
			w.reach(c, ms...)
			w.receive("north", w.clear(c, status, counter))
			w.want(l, 1, ledger.Open)
			if n := w.counts()[ledger.InboxSettled]; n != 1 {
				t.Fatalf("status %v with counter %d finds no attempt", status, counter)
			}
			w.pass(2 * time.Minute)
			w.drive(l, w.routes(c))
			fence := w.outN(1)
			w.accept(fence...)
			w.receive("north", w.reach(c, fence...)...)
			w.want(l, 1, ledger.FencedRan)
		}
	}
}

// clear is an answer that anybody can send.
func (w *world) clear(c *card, status ota.Status, counter uint64) []byte {
	w.t.Helper()
	p, err := ota.Response{TAR: tarExpanded, Counter: counter, Status: status}.SealUnsecured()
	w.must(err)
	parts, err := sms.SplitPacket(sms.ResponsePacket, p, 1)
	w.must(err)
	return deliverSM(c.number, server, 0x40, parts[0])
}

func TestACardThatAnswersCopiesInClear(t *testing.T) {
	t.Parallel()
	w, c, l := one(t, func(cfg *uicc.Config) { cfg.Replay = uicc.ReplayUnsecured })
	w.send(l, w.write(c, newIMSI, 0))
	ms := w.outN(1)
	w.accept(ms...)
	ok := w.reach(c, ms...)
	w.receive("north", w.reach(c, ms...)...) // 06, counter 0
	w.want(l, 1, ledger.Open)
	w.receive("north", ok...)
	w.want(l, 1, ledger.Executed)
}

func TestAnUnsecuredAnswerFindsTheOpenAttemptOfAnOlderTarget(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	w.accept(w.outN(1)...)
	w.close(l)
	w.start("second", c)
	w.receive("north", w.clear(c, ota.StatusSecurityError, 0))
	if w.counts()[ledger.InboxSettled] != 1 || len(w.dossier(l).Stored) == 0 {
		t.Error("it is not found")
	}
	w.want(l, 1, ledger.Open)
}

func TestTwoCampaignsOnOneKeyset(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	ms := w.outN(1)
	w.accept(ms...)
	w.reach(c, ms...) // ran, its proof lost
	w.close(l)
	m := w.start("second", c)
	write := w.write(c, oldIMSI, 0)
	refuse(t, "the second's write", w.trySend(m, write), ledger.ErrOpenWrite)
	refuse(t, "the second's read", w.trySend(m, w.read(c, 1)), ledger.ErrOpenWrite)
	for range 2 { // once is enough, twice does no harm
		w.clearWay(m, c)
	}
	fence := w.outN(1)
	w.accept(fence...)
	w.woken = nil
	w.receive("north", w.reach(c, fence...)...)
	w.want(l, 1, ledger.FencedRan)
	w.want(m, 1, ledger.Executed)
	if !slices.Contains(w.woken, l.TargetID) || !slices.Contains(w.woken, m.TargetID) {
		t.Errorf("woken %v, want both targets", w.woken)
	}
	w.send(m, write)
	w.receive("north", w.reach(c, w.outN(1)...)...)
	w.imsiOf(c, oldIMSI)
}

func TestClearAsksNothingWithoutAnOpenWrite(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.clearWay(l, c)
	w.outN(0)
}

func TestAResponseComesAfterItWasGivenUp(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	ms := w.outN(1)
	w.result(delivery.Ambiguous, ms...)
	w.accept(ms...)
	w.pass(4 * time.Minute)
	w.drive(l, w.routes(c))
	w.outN(0) // it was accepted after all
	w.receipts("DELIVRD", ms...)
	if _, all := w.attempt(l, 1).Arrived(); !all {
		t.Error("its receipt is not counted")
	}
	w.receive("north", w.reach(c, ms...)...)
	w.want(l, 1, ledger.Executed)
}

func TestAReceiptComesBeforeItsResponse(t *testing.T) {
	t.Parallel()
	for _, link := range []string{"north", "south"} { // ids hex in responses; in receipts decimal, or unknown
		for _, crash := range []bool{false, true} {
			w, c, l := one(t)
			o := w.write(c, newIMSI, 0)
			o.Routes[0].Operator = link
			w.send(l, o)
			ms := w.outN(1)
			w.ids[ms[0].Submission] = 0x1234 // has digits only
			if link == "south" {
				text := "id:1234 stat:DELIVRD err:000"
				w.receive(link, deliverSM(c.number, server, 0x04, []byte(text)))
			} else {
				w.receipts("DELIVRD", ms...)
			}
			if w.counts()[ledger.InboxWaiting] != 1 {
				t.Fatal("the receipt does not wait")
			}
			if crash { // the response is durable, what it sets free is not settled
				w.desk.Results(w.ctx, link, []delivery.Result{{Submission: ms[0].Submission, Outcome: delivery.Accepted, MessageID: "1234", At: w.now}})
				w.desk.Forget()
				w.restart()
				w.pass(time.Minute)
				w.must(w.desk.Sweep(w.ctx))
			} else {
				w.accept(ms...)
				w.pass(time.Minute)
				w.must(w.desk.Sweep(w.ctx))
			}
			if _, all := w.attempt(l, 1).Arrived(); !all || w.counts()[ledger.InboxSettled] != 1 {
				t.Errorf("link %s, crash %v: the receipt is not counted: %v", link, crash, w.counts())
			}
		}
	}
}

func TestAReceiptComesTwice(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	ms := w.outN(1)
	w.accept(ms...)
	w.receipts("ENROUTE", ms...)
	w.receipts("DELIVRD", ms...)
	at, _ := w.attempt(l, 1).Arrived()
	w.pass(time.Second)
	w.receipts("DELIVRD", ms...)
	w.receipts("EXPIRED", ms...)
	again, all := w.attempt(l, 1).Arrived()
	if !all || !again.Equal(at) {
		t.Errorf("arrived %v at %v, first at %v", all, again, at)
	}
	if w.counts()[ledger.InboxSettled] != 4 {
		t.Errorf("inbox %v", w.counts())
	}
}

// longAnswer makes a read whose answer comes in three parts.
func longAnswer(t *testing.T) (*world, *card, ledger.Lease, [][]byte) {
	t.Helper()
	w, c, l := one(t)
	_, pors := w.whole(c, l, w.read(c, 20))
	if len(pors) != 3 {
		t.Fatalf("the answer has %d parts, want 3", len(pors))
	}
	return w, c, l, pors
}

func TestAProofInSeveralPartsInAnyOrderAndOneTwice(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 0, 2, 1}, {2, 1, 2, 0}, {1, 1, 1, 0, 2}} {
		w, _, l, pors := longAnswer(t)
		for _, i := range order {
			w.want(l, 1, ledger.Open)
			w.receive("north", pors[i])
		}
		w.want(l, 1, ledger.Executed)
		if n := len(w.dossier(l).Stored); n != 1 {
			t.Errorf("order %v: %d evidences, want 1", order, n)
		}
		if w.counts()[ledger.InboxSettled] != len(order) {
			t.Errorf("order %v: inbox %v", order, w.counts())
		}
	}
	t.Run("in one batch", func(t *testing.T) {
		t.Parallel()
		w, _, l, pors := longAnswer(t)
		w.must(w.desk.Receive(w.ctx, "north", [][]byte{pors[2], pors[0], pors[1], pors[0]})...)
		w.desk.SettleQueued(w.ctx)
		w.want(l, 1, ledger.Executed)
		if files := w.dossier(l).Stored[0].Body.Files; len(files) != 20 {
			t.Errorf("%d files, want 20", len(files))
		}
	})
}

func TestALostPartOfAnAnswerDoesNotSpoilTheNextUnderItsReference(t *testing.T) {
	t.Parallel()
	same := func(pors [][]byte) { // a card that always uses one reference
		for _, p := range pors {
			ud := p[len(p)-int(p[smLengthAt(p)]):]
			ud[3] = 7
		}
	}
	for _, lost := range []int{0, 1, 2} {
		for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}} {
			w, c, l, old := longAnswer(t)
			same(old)
			for i, p := range old {
				if i != lost {
					w.receive("north", p)
				}
			}
			w.pass(5 * time.Minute)
			w.drive(l, w.routes(c))
			ms := w.out()
			w.accept(ms...)
			fresh := w.reach(c, ms...)
			same(fresh)
			for _, i := range order {
				w.receive("north", fresh[i])
			}
			if got := w.attempt(l, 2).Outcome; got != ledger.Executed {
				t.Errorf("part %d of the old answer lost, the new one in order %v: %q", lost+1, order, got)
			}
			if got := w.counts(); got[ledger.InboxSettled] != 3 || got[ledger.InboxWaiting] != 2 {
				t.Errorf("inbox %v: only the parts of the new answer are settled", got)
			}
		}
	}
}

// smLengthAt is where sm_length stands in a frame of deliverSM.
func smLengthAt(pdu []byte) int {
	for i := smppHeader + 1; ; i++ { // two numbers, then nine octets
		if pdu[i] == 0 {
			for i++; pdu[i] != 0; i++ {
			}
			return i + 10
		}
	}
}

const smppHeader = 16

func TestAProofOnAnotherLink(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	_, pors := w.whole(c, l, w.write(c, newIMSI, 0))
	w.receive("south", pors...)
	w.want(l, 1, ledger.Executed)
	if e := w.dossier(l).Stored[0]; e.Link != "south" || e.Counter != 41 || e.Body.Number != c.number {
		t.Errorf("evidence by %q, counter %d, from %s", e.Link, e.Counter, e.Body.Number)
	}
}

func TestTwoCardsShareANumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const number = "+491500001"
	c, other := w.insert(1, number), w.insert(2, number)
	l, m := w.start("first", c), w.start("second", other)
	_, pors := w.whole(c, l, w.write(c, newIMSI, 0))
	_, others := w.whole(other, m, w.read(other, 1))
	w.receive("north", pors...) // counter 41 of both, ciphered
	w.want(l, 1, ledger.Executed)
	w.want(m, 1, ledger.Open)
	w.receive("north", others...)
	w.want(m, 1, ledger.Executed)
}
