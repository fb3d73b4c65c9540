package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/smpp"
)

func TestWhatFitsNothingIsKept(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	stranger := w.insert(9, "+491500009")
	_, pors := w.whole(c, l, w.write(c, newIMSI, 0))
	forged := slices.Clone(pors[0])
	forged[len(forged)-1] ^= 1
	packet, _ := ota.Response{TAR: tarExpanded, Counter: 41}.SealUnsecured() // success in clear
	parts, _ := sms.SplitPacket(sms.ResponsePacket, packet, 1)
	for _, pdu := range [][]byte{
		forged, deliverSM(c.number, server, 0x40, parts[0]), deliverSM(stranger.number, server, 0x40, pors[0][len(pors[0])-60:]), deliverSM(c.number, server, 0, []byte("hello")), {1, 2, 3}, nil,
	} {
		w.receive("north", pdu)
	}
	if got := w.counts(); got[ledger.InboxOrphan] != 6 {
		t.Errorf("inbox %v, want six orphans", got)
	}
	w.want(l, 1, ledger.Open)
	if n := len(w.dossier(l).Stored); n != 0 {
		t.Errorf("%d evidences of nothing", n)
	}
}

func TestWhatWaitsTooLongBecomesAnOrphan(t *testing.T) {
	t.Parallel()
	w, c, _, pors := longAnswer(t)
	w.receive("north", pors[0], deliverSM(c.number, server, 0x04, []byte("id:99 stat:DELIVRD err:000")))
	if w.counts()[ledger.InboxWaiting] != 2 {
		t.Fatalf("inbox %v", w.counts())
	}
	w.pass(25 * time.Hour)
	w.must(w.desk.Sweep(w.ctx))
	if w.counts()[ledger.InboxOrphan] != 2 {
		t.Errorf("inbox %v, want two orphans", w.counts())
	}
}

// Fault table, row 9. Not parallel: it looks at the memory of the whole process.
func TestAFloodOfOrphanReceiptsIsKeptInLittleMemory(t *testing.T) {
	w := newWorld(t)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, stored := heap(), 0
	for range 2 { // seconds of 10,000 long receipts that nobody settles yet
		for range 10 {
			pdus := make([][]byte, 1000)
			for i := range pdus {
				stored++
				pdus[i] = withTLVs(deliverSM("+491500009", server, 0x04, fmt.Appendf(nil, "id:%x stat:DELIVRD", stored)),
					smpp.TLV{Tag: 0x1500, Value: make([]byte, 3500)})
			}
			w.must(w.desk.Receive(w.ctx, "north", pdus)...)
		}
		w.pass(time.Second)
	}
	if grown := heap() - before; grown > 32<<20 {
		t.Errorf("%d octets more in memory after %d receipts", grown, stored)
	}
	w.pass(time.Minute)
	w.must(w.desk.Sweep(w.ctx))
	if got := w.counts(); got[ledger.InboxWaiting] != stored {
		t.Errorf("inbox %v, want %d rows that wait", got, stored)
	}
	w.pass(25 * time.Hour)
	w.must(w.desk.Sweep(w.ctx))
	if got := w.counts(); got[ledger.InboxOrphan] != stored {
		t.Errorf("inbox %v, want %d orphans", got, stored)
	}
}

// A second look at each would hold up what came with them: every one may wait for a commit.
func TestWhatWaitsInABatchIsLookedAtAgainTogether(t *testing.T) {
	t.Parallel()
	w, c, l, ms := pair(t)
	var pdus [][]byte
	for _, m := range ms {
		pdus = append(pdus, deliverSM(c.number, m.Source, 0x04, fmt.Appendf(nil, "id:%d stat:DELIVRD err:000", w.id(m))))
	}
	w.must(w.desk.Receive(w.ctx, "north", pdus)...)
	w.desk.SettleQueued(w.ctx)
	if w.faulty.byID != 1 || w.counts()[ledger.InboxWaiting] != len(ms) {
		t.Errorf("%d looks, inbox %v", w.faulty.byID, w.counts())
	}
	w.accept(ms...)
	w.wantFinals(l, ledger.Arrived, ledger.Arrived)
}

func TestTheInboxIsDurableBeforeItIsAnswered(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	_, pors := w.whole(c, l, w.write(c, newIMSI, 0))
	w.must(w.desk.Receive(w.ctx, "north", pors)...) // the SMSC forgets it now
	w.desk.Forget()
	w.restart()
	w.want(l, 1, ledger.Open)
	w.pass(time.Minute)
	w.must(w.desk.Sweep(w.ctx))
	w.want(l, 1, ledger.Executed)
}

func TestAPDUThatIsNotStoredIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	_, pors := w.whole(c, l, w.write(c, newIMSI, 0))
	full := errors.New("disk full")
	w.fail = func(op ledger.Op) error {
		if _, ok := op.(*ledger.Receive); ok {
			return full
		}
		return nil
	}
	for _, err := range w.desk.Receive(w.ctx, "north", [][]byte{pors[0], pors[0]}) {
		refuse(t, "Receive", err, full)
	}
	w.desk.SettleQueued(w.ctx)
	w.fail = nil
	w.want(l, 1, ledger.Open)
	w.receive("north", pors...) // the SMSC sends it again
	w.want(l, 1, ledger.Executed)
}

func TestWhatIsNotStoredAsSubmittingDoesNotLeave(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	full := errors.New("disk full")
	w.send(l, w.write(c, newIMSI, 0))
	w.fail = func(op ledger.Op) error {
		if _, ok := op.(*ledger.Sending); ok {
			return full
		}
		return nil
	}
	refuse(t, "SendReady", w.desk.SendReady(w.ctx, "north"), full)
	if n := len(w.links["north"].sent); n != 0 {
		t.Fatalf("%d messages left", n)
	}
	w.fail = nil
	w.outN(1)
}

func TestAResponseThatIsNotStoredIsStoredLater(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	ms := w.outN(1)
	w.fail = func(ledger.Op) error { return errors.New("disk full") }
	w.accept(ms...)
	w.wantFinals(l, ledger.Submitting)
	w.must(w.desk.Sweep(w.ctx))
	w.wantFinals(l, ledger.Submitting)
	w.fail = nil
	w.must(w.desk.Sweep(w.ctx))
	w.wantFinals(l, ledger.Accepted)
	w.receipts("DELIVRD", ms...)
	w.wantFinals(l, ledger.Arrived)
}

func TestOneCardWhoseKeysDoNotOpenDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad, good := w.insert(1, "+491500001"), w.insert(2, "+491500002")
	l, m := w.start("first", bad), w.start("second", good)
	_, lost := w.whole(bad, l, w.read(bad, 1))
	_, pors := w.whole(good, m, w.read(good, 1))
	w.execRaw(fmt.Sprintf(`UPDATE keyset SET sealed_kic = x'00' WHERE id = %d`, bad.entry.Keysets[0].ID))
	w.must(w.desk.Receive(w.ctx, "north", [][]byte{lost[0], pors[0]})...)
	w.desk.SettleQueued(w.ctx)
	w.want(m, 1, ledger.Executed)
	_, pors = w.whole(good, m, w.read(good, 2))
	w.must(w.desk.Receive(w.ctx, "north", pors)...)
	w.desk.Forget()
	w.pass(time.Minute)
	if w.desk.Sweep(w.ctx) == nil {
		t.Error("the sweep does not tell of keys that do not open")
	}
	w.want(m, 2, ledger.Executed)
	w.want(l, 1, ledger.Open)
	if w.counts()[ledger.InboxNew] != 1 {
		t.Errorf("inbox %v: the row is to be tried again", w.counts())
	}
}

func TestRecoverAfterACrash(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 12))
	first := w.out() // submitting, and then the power fails
	w.reach(c, first...)
	w.pass(time.Second)
	w.woken = nil
	w.restart()
	if !slices.Contains(w.woken, l.TargetID) {
		t.Error("the target is not woken")
	}
	for _, p := range w.attempt(l, 1).Parts {
		if s := p.Submissions[0]; s.State != ledger.Ambiguous || !s.NotBefore.Equal(w.now.Add(time.Minute)) {
			t.Fatalf("submission is %s, due %v", s.State, s.NotBefore)
		}
	}
	due := w.drive(l, w.routes(c))
	w.outN(0) // within the grace time
	if !due.Equal(w.now.Add(time.Minute)) {
		t.Errorf("due %v, want the end of the grace", due)
	}
	w.pass(time.Minute)
	w.drive(l, w.routes(c))
	again := w.outN(len(first))
	w.sameOctets(first, again)
	w.accept(again...)
	w.receive("north", w.reach(c, again...)...) // 02: no failure
	w.want(l, 1, ledger.Open)
	w.pass(2 * time.Minute)
	w.drive(l, w.routes(c))
	w.receive("north", w.reach(c, w.outN(1)...)...)
	w.want(l, 1, ledger.FencedRan)
	w.imsiOf(c, newIMSI)
}

func TestAMessageTheLinkDidNotTakeIsCertainlyUnsent(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	w.links["north"].down = true
	w.outN(0)
	if s := w.attempt(l, 1).Parts[0].Submissions[0]; s.State != ledger.Ready {
		t.Fatalf("submission is %s", s.State)
	}
	w.links["north"].down = false
	ms := w.outN(1)
	w.result(delivery.Temporary, ms...)
	w.outN(0) // not before its time
	w.drive(l, w.routes(c))
	w.want(l, 1, ledger.Open)
	w.pass(delivery.Field().Temporary)
	w.sameOctets(ms, w.outN(1))
}

func TestMessagesThatHaveToWaitForTheirLinkHoldBackNoOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.insert(1, "+491500001"), w.insert(2, "+491500002")
	ls := w.startAll("both", a, b)
	w.send(ls[0], w.read(a, 1))
	w.send(ls[1], w.read(b, 1))
	w.links["north"].room, w.links["north"].full = 1, a.number // one link has room, that of the first is full
	var out []sent
	for range 3 {
		out = append(out, w.out()...)
		w.pass(time.Second)
	}
	if len(out) != 1 || out[0].Destination != b.number {
		t.Fatalf("%v leave in three rounds, want the message to %s", out, b.number)
	}
	w.links["north"].full = ""
	if out = w.outN(1); out[0].Destination != a.number {
		t.Errorf("%v leaves, want the message that waited", out)
	}
}

func TestAReferenceIsNotUsedAgainWithinItsValidity(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	for i := range 280 {
		o := w.read(c, 1)
		if i%3 == 0 { // a document counts too
			o = delivery.Order{Kind: ledger.CP, Label: "doc", Routes: w.routes(c), Push: []byte{1, 6, 0}}
		}
		o.Step, o.Deadline = i+1, w.now.Add(time.Hour)
		w.send(l, o)
		w.pass(20 * time.Second)
	}
	free, again := map[byte]time.Time{}, 0
	for _, a := range w.dossier(l).Attempts {
		until, ok := free[a.Reference]
		if ok && !a.CreatedAt.After(until) {
			t.Fatalf("reference %d is used again %v before it is free", a.Reference, until.Sub(a.CreatedAt))
		}
		if ok {
			again++
		}
		free[a.Reference] = a.Deadline.Add(5 * time.Minute)
	}
	if again != 24 {
		t.Errorf("%d references are used again, want 24", again)
	}
}

func TestMoreReferencesThanThereAre(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	d := w.dossier(l)
	for i := range 256 {
		d.References = append(d.References, ledger.Reference{Reference: byte(i), Deadline: w.now})
	}
	if w.desk.Send(w.ctx, l, &d, w.read(c, 1)) == nil {
		t.Fatal("a reference is used while a message with it may be under way")
	}
	d.References[77].Deadline = w.now.Add(-5*time.Minute - 1)
	w.must(w.desk.Send(w.ctx, l, &d, w.read(c, 1)))
	if got := w.attempt(l, 1).Reference; got != 77 {
		t.Errorf("reference %d, want the only free one, 77", got)
	}
}

func TestRestoreOfABackup(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	_, before := w.whole(c, l, w.read(c, 1)) // sent before the backup, answered after the restore
	backup := filepath.Join(t.TempDir(), "copy.db")
	w.must(w.Backup(w.ctx, "eve", backup))
	_, forgotten := w.whole(c, l, w.write(c, newIMSI, 0)) // the backup knows nothing of it
	w.must(w.Close())
	b, err := os.ReadFile(backup)
	w.must(err, os.WriteFile(w.path, b, 0o600))
	if db, err := sqlite.Open(w.ctx, w.path, sqlite.Options{}); !errors.Is(err, sqlite.ErrRestored) {
		t.Fatalf("a backup opens: %v, %v", db, err)
	}
	_, err = sqlite.AdoptRestore(w.ctx, w.path, "eve", w.now)
	w.must(err)
	w.open()
	w.apply(&ledger.SetCampaign{Actor: "test", ID: 1, From: []ledger.CampaignState{ledger.CampaignPaused}, To: ledger.CampaignRunning, At: w.now, Quota: -1})
	l = w.lease(l.TargetID)
	write := w.write(c, oldIMSI, 0)
	refuse(t, "a write after a restore", w.trySend(l, write), ledger.ErrSuspect)
	w.receive("north", forgotten...)
	if w.counts()[ledger.InboxOrphan] != 1 {
		t.Errorf("inbox %v: the answer to a forgotten packet is kept", w.counts())
	}
	w.receive("north", before...) // is an answer, but of before
	w.want(l, 1, ledger.Executed)
	refuse(t, "a write after the answer to an old read", w.trySend(l, write), ledger.ErrSuspect)
	fence := w.read(c, 1)
	fence.Step = 7
	w.send(l, fence)
	if got := w.attempt(l, 2).Counter; got != 41+65536+1 {
		t.Fatalf("counter %d, want %d", got, 41+65536+1)
	}
	w.receive("north", w.reach(c, w.outN(1)...)...)
	write.Step = 8
	w.send(l, write)
	w.receive("north", w.reach(c, w.outN(1)...)...)
	w.imsiOf(c, oldIMSI)
}

func TestTheMessageOfATrackingApplet(t *testing.T) {
	t.Parallel()
	const imei = "351234512345678"
	w, c, l := one(t, func(cfg *uicc.Config) {
		cfg.Tracking = &uicc.Tracking{TAR: ota.TAR{0xB0, 0x0F, 0xE0}, Server: server, Template: make([]byte, 19), IMEIAt: 2, IMSIAt: 10}
	})
	report, sends := c.TrackingReport(imei)
	if !sends {
		t.Fatal("the applet says nothing")
	}
	pdu := deliverSM(c.number, server, 0x40, report.UserData)
	w.receive("north", pdu) // its card type knows of no applet
	if w.counts()[ledger.InboxOrphan] != 1 {
		t.Fatalf("inbox %v", w.counts())
	}
	w.types["aes"] = typeWithTracking
	w.receive("south", pdu)
	pairs, err := w.Pairs(w.ctx, c.entry.Card.ID)
	w.must(err)
	if len(pairs) != 1 || pairs[0].IMEI[:14] != imei[:14] || pairs[0].IMSI != oldIMSI {
		t.Fatalf("pairs %+v", pairs)
	}
	stored := w.dossier(l).Stored
	if len(stored) != 1 || stored[0].Kind != ledger.EvPair || !slices.Contains(w.woken, l.TargetID) {
		t.Errorf("evidence %+v", stored)
	}
	w.receive("north", deliverSM("+491599999", server, 0x40, report.UserData)) // from a stranger
	if pairs, _ := w.Pairs(w.ctx, c.entry.Card.ID); len(pairs) != 1 {
		t.Error("a stranger's message makes a pair")
	}
}

// secured is an answer made with the keys of card n.
func (w *world) secured(n int, c *card, status ota.Status, counter uint64) []byte {
	w.t.Helper()
	kic, err := ota.NewKey(ota.AES128, keyBytes(n, 'c'))
	w.must(err)
	kid, err := ota.NewKey(ota.AES128, keyBytes(n, 'd'))
	w.must(err)
	p, err := ota.Response{TAR: tarExpanded, Counter: counter, Status: status}.Seal(usual, ota.Keyset{Version: 1, CCLength: 8, KIc: kic, KID: kid})
	w.must(err)
	parts, err := sms.SplitPacket(sms.ResponsePacket, p, 1)
	w.must(err)
	return deliverSM(c.number, server, 0x40, parts[0])
}

func TestAuthenticatedAnswersByTheirRank(t *testing.T) {
	t.Parallel()
	for status, want := range map[ota.Status]ledger.Outcome{
		ota.StatusOK: ledger.Executed, ota.StatusCheckFailed: ledger.Refused, ota.StatusNoMemory: ledger.Refused, ota.StatusTARUnknown: ledger.Refused,
		ota.StatusInsufficientSecurity: ledger.Refused, ota.StatusCounterLow: ledger.Open, ota.StatusSecurityError: ledger.Open, ota.StatusMoreTime: ledger.Open,
		ota.StatusResponseBySubmit: ledger.Open, ota.StatusResponseByUSSD: ledger.Open,
	} {
		w, c, l := one(t)
		w.send(l, w.write(c, newIMSI, 0))
		ms := w.outN(1)
		w.accept(ms...)
		w.receive("north", w.secured(1, c, status, 41))
		w.want(l, 1, want)
		if e := w.dossier(l).Stored; len(e) != 1 || !e[0].Body.Authenticated || e[0].Body.Status != byte(status) {
			t.Errorf("status %v: evidence %+v", status, e)
		}
		w.receive("north", w.reach(c, ms...)...) // authenticated 00 outranks all
		w.want(l, 1, ledger.Executed)
	}
}

func TestAnAnswerToACounterNobodyUsedIsAnOrphan(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	w.accept(w.outN(1)...)
	w.receive("north", w.secured(1, c, ota.StatusOK, 42), w.secured(2, c, ota.StatusOK, 41)) // and one made with other keys
	w.want(l, 1, ledger.Open)
	if w.counts()[ledger.InboxOrphan] != 2 {
		t.Errorf("inbox %v", w.counts())
	}
}

func TestAFenceGoesToBothNumbers(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	w.accept(w.outN(1)...)
	both := append(w.routes(c), delivery.Route{Operator: "south", SubscriptionID: c.entry.Subscriptions[1].ID, Source: server, Destination: "+5511901"})
	w.pass(5 * time.Minute)
	w.drive(l, both)
	for range 2 {
		ms := w.outN(2)
		if ms[0].Destination == ms[1].Destination || ms[0].link == ms[1].link {
			t.Errorf("the fence goes to %s by %s and %s by %s", ms[0].Destination, ms[0].link, ms[1].Destination, ms[1].link)
		}
		w.sameOctets(ms[:1], ms[1:])
		w.accept(ms...)
		w.pass(11 * time.Minute)
		w.drive(l, both) // asked again under the next counter
	}
	w.receive("south", w.reach(c, w.outN(2)[1])...)
	w.want(l, 1, ledger.FencedNot)
}

func TestARefusalIsToldAsEvidence(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	w.result(delivery.Refused, w.outN(1)...)
	w.drive(l, w.routes(c))
	stored := w.dossier(l).Stored
	if len(stored) != 1 || stored[0].Kind != ledger.EvSilence || stored[0].Body.State != string(ledger.Unsent) || stored[0].Body.Err != "command_status 0xB" {
		t.Errorf("evidence %+v", stored)
	}
}

func TestADocumentGoesPartByPartAndOverAnOpenWrite(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.send(l, w.write(c, newIMSI, 0))
	w.accept(w.outN(1)...)
	o := delivery.Order{Step: 3, Kind: ledger.CP, Label: "doc:internet", Routes: w.routes(c), Push: make([]byte, 200), Deadline: w.now.Add(24 * time.Hour)}
	w.send(l, o)
	ms := w.outN(2)
	if ms[0].Card || ms[0].Validity != 24*time.Hour {
		t.Errorf("a document for the device goes to the card: %+v", ms[0])
	}
	w.accept(ms...)
	w.receipts("DELIVRD", ms[0])
	w.receipts("UNDELIV", ms[1])
	w.pass(time.Minute)
	w.drive(l, w.routes(c))
	again := w.outN(1)
	w.sameOctets(ms[1:], again)
	w.accept(again...)
	w.receipts("DELIVRD", again...)
	w.drive(l, w.routes(c))
	w.want(l, 2, ledger.Delivered)
	w.want(l, 1, ledger.Open)
	if stored := w.dossier(l).Stored; len(stored) != 1 || stored[0].Body.Label != "doc:internet" {
		t.Errorf("evidence %+v", stored)
	}
}

func TestRunSendsAndSettlesByItself(t *testing.T) {
	t.Parallel()
	w, c, l := one(t)
	w.wakes = make(chan int64, 10)
	took := make(chan []delivery.Message)
	w.links["north"].took = took
	ctx, stop := context.WithCancel(w.ctx)
	ended := make(chan error)
	go func() { ended <- w.desk.Run(ctx) }()
	w.send(l, w.write(c, newIMSI, 0))
	m := sent{(<-took)[0], "north"}
	w.desk.Results(w.ctx, "north", []delivery.Result{{Submission: m.Submission, Outcome: delivery.Accepted, MessageID: "7F", At: w.now}})
	w.must(w.desk.Receive(w.ctx, "north", w.reach(c, m))...)
	if id := <-w.wakes; id != l.TargetID {
		t.Errorf("target %d is woken, want %d", id, l.TargetID)
	}
	w.want(l, 1, ledger.Executed)
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v", err)
	}
}

func TestTheCounterIsRaisedWhenTheCardIsAhead(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[uint64]int{42: 3, 200: 4, 40_000: 5, 5_000_000: 6, 1 << 30: 0} {
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			t.Parallel()
			w, c, l := one(t, func(cfg *uicc.Config) { cfg.Counters = map[byte]uint64{1: ahead} })
			w.send(l, w.read(c, 1))
			for range 10 {
				w.drive(l, w.routes(c))
				ms := w.out()
				w.accept(ms...)
				w.receive("north", w.reach(c, ms...)...)
			}
			all := w.dossier(l).Attempts
			last := all[len(all)-1]
			if want == 0 {
				if last.Outcome != ledger.Held || len(all) != 6 {
					t.Fatalf("after %d reads: %q, want held", len(all), last.Outcome)
				}
				return
			}
			if len(all) != want || last.Outcome != ledger.Executed || last.Counter <= ahead {
				t.Errorf("%d reads, the last under %d: %q", len(all), last.Counter, last.Outcome)
			}
		})
	}
}
