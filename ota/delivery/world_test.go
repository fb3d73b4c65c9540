package delivery_test

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/catalog/vault"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

const (
	server  = "+493000001" // where cards answer to
	oldIMSI = "999420000000001"
	newIMSI = "999700000000001"
)

var (
	tarExpanded = ota.TAR{0xB0, 0x01, 0x41}
	usual       = ota.SPI{0x16, 0x39}
)

// fakeLink is the only link of an operator of its name; what becomes of its messages the test decides.
type fakeLink struct {
	down bool
	room int    // 0 is plenty
	full string // destination whose messages have to wait
	sent []delivery.Message
	took chan []delivery.Message // instead of sent, where a goroutine hands over
}

func (l *fakeLink) Submit(m []delivery.Message) (left []delivery.Message) {
	if l.down {
		return m
	}
	if l.took != nil {
		l.took <- m
		return nil
	}
	for _, one := range m {
		if one.Destination == l.full || l.room > 0 && len(l.sent) == l.room {
			left = append(left, one)
			continue
		}
		l.sent = append(l.sent, one)
	}
	return left
}

func (l *fakeLink) Room() (confirm, other int) {
	n := cmp.Or(l.room, 100)
	return n, n
}
func (l *fakeLink) Ready() <-chan struct{} { return nil }

// faulty is a store that can fail.
type faulty struct {
	*sqlite.DB
	fail func(ledger.Op) error
	byID int // questions for inbox rows
}

func (f *faulty) InboxByID(ctx context.Context, ids ...int64) ([]ledger.InboxRow, error) {
	f.byID++
	return f.DB.InboxByID(ctx, ids...)
}

func (f *faulty) Apply(ctx context.Context, ops ...ledger.Op) []error {
	errs := make([]error, len(ops))
	for i, op := range ops {
		if f.fail != nil {
			errs[i] = f.fail(op)
		}
	}
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		return errs // the commit failed as a whole
	}
	return f.DB.Apply(ctx, ops...)
}

// card is one card, and what the inventory knows of it.
type card struct {
	*uicc.Card
	entry  catalog.Entry
	number string
}

// world is a desk over a real store, with cards at the other end and a clock
// of its own.
type world struct {
	*faulty
	t      testing.TB
	ctx    context.Context
	now    time.Time
	path   string
	keys   *vault.Vault
	types  map[string]catalog.CardType
	desk   *delivery.Desk
	links  map[string]*fakeLink
	log    []uicc.LogEntry
	ids    map[int64]int // message id of a submission
	woken  []int64
	urgent []int64
	wakes  chan int64                                          // instead of woken, where goroutines wake
	ran    func(ledger.Attempt, []byte, time.Time) ledger.Told // of the next start
}

func newWorld(t testing.TB) *world {
	t.Helper()
	kek, err := vault.CreateKEK(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		faulty: &faulty{}, t: t, ctx: context.Background(), now: t0, path: filepath.Join(t.TempDir(), "simota.db"), keys: vault.New(kek),
		types: map[string]catalog.CardType{}, ids: map[int64]int{},
	}
	w.open()
	t.Cleanup(func() {
		if !t.Failed() {
			w.laws()
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// open opens the database and makes a desk: a start of the server.
func (w *world) open() {
	w.t.Helper()
	db, err := sqlite.Open(w.ctx, w.path, sqlite.Options{Node: "a", Now: func() time.Time { return w.now }})
	if err != nil {
		w.t.Fatal(err)
	}
	w.DB = db
	w.links = map[string]*fakeLink{"north": {}, "north-2": {}, "south": {}, "west": {}}
	w.desk = delivery.New(delivery.Config{
		Store: w.faulty, Keys: w.keys, Timing: delivery.Field(), Parse: parse, KeyAAD: vault.AAD,
		Ways: func(operator string) delivery.Way { return w.links[operator] },
		Links: map[string]delivery.Connection{
			"north":   {IDScope: "n", ResponseBase: receipt.Hex, ReceiptBase: receipt.Decimal},
			"north-2": {IDScope: "n", ResponseBase: receipt.Hex, ReceiptBase: receipt.Decimal, References: true},
			"south":   {IDScope: "s", ResponseBase: receipt.Hex, ReceiptBase: receipt.Auto},
			"west":    {IDScope: "w", ResponseBase: receipt.Auto, ReceiptBase: receipt.Auto},
		},
		Wake: func(id int64) {
			if w.wakes != nil {
				w.wakes <- id
				return
			}
			w.woken = append(w.woken, id)
		},
		Types: func(_ context.Context, name string) (catalog.CardType, error) {
			if typ, ok := w.types[name]; ok {
				return typ, nil
			}
			return catalog.CardType{}, catalog.ErrNotFound
		},
		Urgent: func(id int64) { w.urgent = append(w.urgent, id) }, Notices: notices(), Ran: w.ran,
		Now: func() time.Time { return w.now },
	})
	w.must(w.desk.Recover(w.ctx))
}

// restart is a crash and a new start: only what is durable remains.
func (w *world) restart() {
	w.t.Helper()
	w.must(w.Close())
	w.open()
}

func (w *world) must(errs ...error) {
	w.t.Helper()
	for _, err := range errs {
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) apply(ops ...ledger.Op) {
	w.t.Helper()
	w.must(w.Apply(w.ctx, ops...)...)
}

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

func keyBytes(n int, kind byte) []byte {
	b := make([]byte, 16)
	for i := range b {
		b[i] = byte(i*7) ^ byte(n)*13 ^ kind
	}
	return b
}

// insert makes card n, in the field and in the inventory.
func (w *world) insert(n int, number string, change ...func(*uicc.Config)) *card {
	w.t.Helper()
	iccid := fmt.Sprintf("894900000000%07d", n)
	cfg := uicc.Config{
		Profile: uicc.ExpandedAES(), ICCID: iccid, IMSI: oldIMSI, MSISDN: number, SMSC: "+493000009", Counters: map[byte]uint64{1: 40},
		Log: func(e uicc.LogEntry) { w.log = append(w.log, e) },
	}
	ks, rec := ota.Keyset{Version: 1, CCLength: 8}, catalog.Keyset{Version: 1, KIcAlg: "aes-128", KIDAlg: "aes-128", CCLength: 8, Counter: 40}
	var err error
	for _, k := range []struct {
		kind   string
		key    *ota.Key
		sealed *[]byte
	}{{"kic", &ks.KIc, &rec.SealedKIc}, {"kid", &ks.KID, &rec.SealedKID}} {
		raw := keyBytes(n, k.kind[2])
		*k.key, err = ota.NewKey(ota.AES128, raw)
		w.must(err)
		*k.sealed, rec.KEKID, err = w.keys.Seal(vault.AAD(iccid, nil, 1, k.kind), raw)
		w.must(err)
	}
	cfg.Keysets = []ota.Keyset{ks}
	for _, f := range change {
		f(&cfg)
	}
	c := &card{number: number}
	c.Card, err = uicc.New(cfg)
	w.must(err)
	imsi := func(first string) string { // of card 1; an IMSI is one card's
		return first[:len(first)-1] + strconv.Itoa((int(first[len(first)-1]-'0')+n-1)%10)
	}
	_, err = w.Import(w.ctx, "test", []catalog.Entry{{
		Card: catalog.Card{ICCID: iccid, Type: "aes"},
		Subscriptions: []catalog.Subscription{
			{Slot: 1, IMSI: imsi(oldIMSI), MSISDN: number, Operator: "nordvik"}, {Slot: 2, IMSI: imsi(newIMSI), MSISDN: fmt.Sprintf("+551190%d", n), Operator: "aurora"},
		},
		Keysets: []catalog.Keyset{rec},
	}})
	w.must(err)
	c.entry, err = w.Card(w.ctx, iccid)
	w.must(err)
	return c
}

// start makes a campaign of one card that runs, and claims the card.
func (w *world) start(name string, c *card) ledger.Lease { return w.startAll(name, c)[0] }

// startAll is start for several cards.
func (w *world) startAll(name string, cards ...*card) (leases []ledger.Lease) {
	w.t.Helper()
	var ids []int64
	for _, c := range cards {
		ids = append(ids, c.entry.Card.ID)
	}
	made := &ledger.CreateCampaign{Actor: "test", Campaign: ledger.Campaign{Name: name, Kind: "swap", CreatedAt: w.now}}
	w.apply(made)
	release := &ledger.Release{CampaignID: made.ID, Limit: len(cards), At: w.now}
	w.apply(&ledger.AddTargets{CampaignID: made.ID, CardIDs: ids, Complete: true, At: w.now},
		&ledger.SetCampaign{Actor: "test", ID: made.ID, From: []ledger.CampaignState{ledger.CampaignCreated}, To: ledger.CampaignRunning, At: w.now, Quota: -1}, release)
	for i, c := range cards {
		l := w.lease(release.Leases[i].TargetID)
		w.apply(&ledger.Claim{Lease: l, Facts: []byte("{}"), From: c.entry.Subscriptions[0].ID, To: c.entry.Subscriptions[1].ID, At: w.now})
		leases = append(leases, l)
	}
	return leases
}

func (w *world) lease(target int64) ledger.Lease {
	w.t.Helper()
	op := &ledger.TakeLease{TargetID: target, Node: "a", Now: w.now, Until: w.now.Add(10000 * time.Hour)}
	w.apply(op)
	return ledger.Lease{TargetID: target, Token: op.NewToken}
}

// close gives a target up, as the saga does with a dark card.
func (w *world) close(l ledger.Lease) {
	w.t.Helper()
	w.apply(&ledger.Advance{Lease: l, State: "dark", Closed: true, At: w.now})
}

// file is a dossier that its owner may add to.
func (w *world) file(l ledger.Lease) *ledger.Dossier {
	d := w.dossier(l)
	return &d
}

func (w *world) dossier(l ledger.Lease) ledger.Dossier {
	w.t.Helper()
	d, err := w.Dossier(w.ctx, l.TargetID)
	w.must(err)
	return d
}

// attempt is the n-th of a target, from 1.
func (w *world) attempt(l ledger.Lease, n int) ledger.Attempt {
	w.t.Helper()
	all := w.dossier(l).Attempts
	slices.SortFunc(all, func(a, b ledger.Attempt) int { return int(a.ID - b.ID) })
	if n > len(all) {
		w.t.Fatalf("target %d has %d attempts, want %d", l.TargetID, len(all), n)
	}
	return all[n-1]
}

func (w *world) want(l ledger.Lease, n int, outcome ledger.Outcome) {
	w.t.Helper()
	if a := w.attempt(l, n); a.Outcome != outcome {
		w.t.Fatalf("%s %d is %q, want %q", a.Kind, n, a.Outcome, outcome)
	}
}

// expanded is a script of C-APDUs.
func expanded(apdus ...string) []byte {
	var body []byte
	for _, a := range apdus {
		b, _ := hex.DecodeString(a)
		body = append(append(body, 0x22, byte(len(b))), b...)
	}
	n := len(body)
	head := []byte{0xAA, byte(n)}
	switch {
	case n > 255:
		head = []byte{0xAA, 0x82, byte(n >> 8), byte(n)}
	case n > 127:
		head = []byte{0xAA, 0x81, byte(n)}
	}
	return append(head, body...)
}

const (
	selectIMSI = "00A40004026F07"
	readIMSI   = "00B0000009"
)

// efIMSI is the content of EF_IMSI for 15 digits (3GPP TS 31.102, 4.2.2).
func efIMSI(imsi string) string {
	s := "08" + imsi[:1] + "9"
	for i := 1; i < len(imsi); i += 2 {
		s += imsi[i+1:i+2] + imsi[i:i+1]
	}
	return s
}

func (w *world) routes(c *card) []delivery.Route {
	return []delivery.Route{{Operator: "north", SubscriptionID: c.entry.Subscriptions[0].ID, Source: server, Destination: c.number}}
}

func (w *world) order(c *card, step int, kind ledger.AttemptKind, script []byte) delivery.Order {
	return delivery.Order{
		Step: step, Kind: kind, Label: "test", Purpose: "test", Routes: w.routes(c), KeysetID: c.entry.Keysets[0].ID, TAR: tarExpanded, SPI: usual,
		Format: "expanded", Script: script, Deadline: w.now.Add(6 * time.Hour),
	}
}

// write sets EF_IMSI; so many more commands make it longer.
func (w *world) write(c *card, imsi string, more int) delivery.Order {
	apdus := []string{selectIMSI}
	for range more {
		apdus = append(apdus, "00D6000009"+efIMSI(oldIMSI))
	}
	o := w.order(c, 2, ledger.Write, expanded(append(apdus, "00D6000009"+efIMSI(imsi))...))
	o.Fence = expanded(selectIMSI, readIMSI)
	o.Expect, _ = hex.DecodeString(efIMSI(imsi))
	return o
}

// read reads EF_IMSI, several times to make the answer longer.
func (w *world) read(c *card, times int) delivery.Order {
	return w.order(c, 1, ledger.Read, expanded(append([]string{selectIMSI}, slices.Repeat([]string{readIMSI}, times)...)...))
}

func (w *world) trySend(l ledger.Lease, o delivery.Order) error {
	return w.desk.Send(w.ctx, l, w.file(l), o)
}

func (w *world) send(l ledger.Lease, o delivery.Order) {
	w.t.Helper()
	w.must(w.trySend(l, o))
}

// clearWay settles what the next write has to begin with.
func (w *world) clearWay(l ledger.Lease, c *card) (due time.Time) {
	w.t.Helper()
	due, err := w.desk.Clear(w.ctx, l, w.file(l), c.entry.Keysets[0].ID, 1, w.now.Add(time.Hour), w.routes(c))
	w.must(err)
	return due
}

// drive lets the laws do all they ask for now.
func (w *world) drive(l ledger.Lease, routes []delivery.Route) (due time.Time) {
	w.t.Helper()
	for range 20 {
		changed, due, err := w.desk.Drive(w.ctx, l, w.file(l), routes)
		w.must(err)
		if !changed {
			return due
		}
	}
	w.t.Fatal("the laws never come to rest")
	return due
}

// sent is a message and the link it went by.
type sent struct {
	delivery.Message
	link string
}

// out lets the links take what is ready.
func (w *world) out() (all []sent) {
	w.t.Helper()
	for _, name := range []string{"north", "south"} {
		w.must(w.desk.SendReady(w.ctx, name))
		for _, m := range w.links[name].sent {
			all = append(all, sent{m, name})
		}
		w.links[name].sent = nil
	}
	w.desk.SettleQueued(w.ctx)
	return all
}

// outN is out, with so many messages expected.
func (w *world) outN(n int) []sent {
	w.t.Helper()
	all := w.out()
	if len(all) != n {
		w.t.Fatalf("%d messages go out, want %d", len(all), n)
	}
	return all
}

func (w *world) result(o delivery.Outcome, ms ...sent) {
	for _, m := range ms {
		r := delivery.Result{Submission: m.Submission, Outcome: o, At: w.now}
		if o == delivery.Accepted {
			r.MessageID = fmt.Sprintf("%X", w.id(m))
		}
		if o == delivery.Refused || o == delivery.Temporary {
			r.Status = 0x0B
		}
		w.desk.Results(w.ctx, m.link, []delivery.Result{r})
	}
	w.desk.SettleQueued(w.ctx)
}

func (w *world) accept(ms ...sent) { w.result(delivery.Accepted, ms...) }

func (w *world) id(m sent) int {
	if _, ok := w.ids[m.Submission]; !ok {
		w.ids[m.Submission] = 0x7F3A00 + len(w.ids)
	}
	return w.ids[m.Submission]
}

// receipts brings the receipts of messages.
func (w *world) receipts(state string, ms ...sent) {
	w.t.Helper()
	for _, m := range ms {
		text := fmt.Sprintf("id:%d sub:001 dlvrd:001 stat:%s err:000 text:", w.id(m), state)
		w.receive(m.link, deliverSM(m.Destination, m.Source, 0x04, []byte(text)))
	}
}

// receive brings PDUs, each by itself, and settles them.
func (w *world) receive(link string, pdus ...[]byte) {
	w.t.Helper()
	for _, pdu := range pdus {
		w.must(w.desk.Receive(w.ctx, link, [][]byte{pdu})...)
		w.desk.SettleQueued(w.ctx)
	}
}

// reach brings messages to a card and gives what it answers.
func (w *world) reach(c *card, ms ...sent) (pors [][]byte) {
	w.t.Helper()
	for _, m := range ms {
		for _, out := range c.Download(m.Source, 0x7F, 0xF6, m.UserData, w.now).Submit {
			pors = append(pors, deliverSM(c.number, out.Destination, 0x40, out.UserData))
		}
	}
	return pors
}

// whole sends an order all the way and gives the card's answer, which is not
// received yet.
func (w *world) whole(c *card, l ledger.Lease, o delivery.Order) (ms []sent, pors [][]byte) {
	w.t.Helper()
	w.send(l, o)
	ms = w.out()
	w.accept(ms...)
	return ms, w.reach(c, ms...)
}

// deliverSM is a deliver_sm frame between two international numbers.
func deliverSM(from, to string, esmClass byte, ud []byte) []byte {
	b := []byte{0}
	for _, number := range []string{from, to} {
		b = append(append(append(b, 1, 1), number[1:]...), 0)
	}
	b = append(b, esmClass, 0, 0, 0, 0, 0, 0, 0xF6, 0, byte(len(ud)))
	return smpp.AppendFrame(nil, smpp.DeliverSM, 0, 1, append(b, ud...))
}

// tagReport is where receipts of the tests have the card's SMS-DELIVER-REPORT.
const tagReport = 0x1401

func parse(_ string, pdu []byte) (delivery.Incoming, error) {
	d, err := smpp.ParseDelivery(pdu)
	if err != nil {
		return delivery.Incoming{}, err
	}
	number := func(a smpp.Address) string {
		if a.TON == 1 {
			return "+" + a.Number
		}
		return a.Number
	}
	_, hasState := d.TLV(smpp.TagMessageState)
	report, _ := d.TLV(tagReport)
	return delivery.Incoming{
		Source: number(d.Source), Destination: number(d.Destination), ESMClass: d.ESMClass, DataCoding: d.DataCoding, UserData: d.UserData,
		ReceiptedID: d.ReceiptedMessageID, MessageState: d.MessageState, HasState: hasState, NetworkError: d.NetworkErrorCode,
		Reference: d.UserMessageReference, HasReference: d.HasReference, Report: report,
	}, nil
}

func (w *world) counts() map[ledger.InboxState]int {
	w.t.Helper()
	counts, err := w.InboxCounts(w.ctx)
	w.must(err)
	return counts
}

func (w *world) imsiOf(c *card, want string) {
	w.t.Helper()
	if got := c.IMSI(); got != want {
		w.t.Fatalf("the card has IMSI %s, want %s", got, want)
	}
}

// sameOctets checks law 1 between two rounds of messages.
func (w *world) sameOctets(first, again []sent) {
	w.t.Helper()
	if len(first) != len(again) {
		w.t.Fatalf("%d messages and %d", len(first), len(again))
	}
	for i := range first {
		if !bytes.Equal(first[i].UserData, again[i].UserData) {
			w.t.Fatalf("part %d goes again with other octets", i+1)
		}
	}
}

// laws asks what must be true at the end of every scenario: of the database,
// and of what the cards saw.
func (w *world) laws() {
	r, err := w.Check(w.ctx)
	if err != nil || !r.OK() {
		w.t.Errorf("check: %+v, %v", r, err)
	}
	type seen struct {
		iccid   string
		counter uint64
	}
	type step struct {
		target int64
		step   int
	}
	hashes, ran := map[seen]string{}, map[step]uint64{}
	for _, e := range w.log {
		if e.Hash == "" {
			continue
		}
		k := seen{e.ICCID, e.Counter}
		if h, ok := hashes[k]; ok && h != e.Hash {
			w.t.Errorf("card %s saw counter %d with two packets", e.ICCID, e.Counter)
		}
		hashes[k] = e.Hash
		if e.Result != uicc.ResultExecuted || e.Writes == 0 {
			continue
		}
		c, err := w.Card(w.ctx, e.ICCID)
		w.must(err)
		a, err := w.AttemptByCounter(w.ctx, c.Keysets[0].ID, e.Counter)
		if errors.Is(err, catalog.ErrNotFound) {
			continue // sent before a restore that forgot it
		}
		w.must(err)
		s := step{a.TargetID, a.Step}
		if before, ok := ran[s]; ok {
			w.t.Errorf("the write of step %d ran under counters %d and %d", a.Step, before, e.Counter)
		}
		ran[s] = e.Counter
	}
}

// tracking is the message of the applet of these cards.
var (
	tracking = &catalog.Tracking{TAR: "b00fe0", IMEI: catalog.Field{Offset: 2, Length: 8, Coding: "bcd"}, IMSI: catalog.Field{Offset: 10, Length: 9, Coding: "ef-imsi"}}

	typeWithTracking = catalog.CardType{Name: "aes", Tracking: tracking}
)

// execRaw damages the database behind the store's back.
func (w *world) execRaw(statement string) {
	w.t.Helper()
	w.must(w.Close())
	db, err := sql.Open("sqlite3", w.path)
	w.must(err)
	_, err = db.Exec(statement)
	w.must(err, db.Close())
	w.open()
}
