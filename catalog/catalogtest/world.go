package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// now is when everything happens unless a law says otherwise.
var now = time.Date(2026, 11, 22, 2, 0, 0, 123456000, time.UTC)

// world is one store and short ways to fill it.
type world struct {
	Store
	t   *testing.T
	ctx context.Context
}

func newWorld(t *testing.T, s Store) *world {
	return &world{Store: s, t: t, ctx: t.Context()}
}

func (w *world) apply(op ledger.Op) error {
	errs := w.Apply(w.ctx, op)
	if len(errs) != 1 {
		w.t.Fatalf("Apply of one operation answers %d errors", len(errs))
	}
	return errs[0]
}

func (w *world) must(ops ...ledger.Op) {
	w.t.Helper()
	for i, err := range w.Apply(w.ctx, ops...) {
		if err != nil {
			w.t.Fatalf("%T: %v", ops[i], err)
		}
	}
}

func (w *world) refuse(op ledger.Op, want error) {
	w.t.Helper()
	if err := w.apply(op); !errors.Is(err, want) {
		w.t.Fatalf("%T = %v, want %v", op, err, want)
	}
}

func (w *world) equal(what string, got, want any) {
	w.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// ok gives the value of a read that has to work.
func ok[T any](w *world) func(T, error) T {
	return func(v T, err error) T {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
		return v
	}
}

// entry is what a card file says of card n.
func entry(n int) catalog.Entry {
	return catalog.Entry{
		Card: catalog.Card{ICCID: fmt.Sprintf("894900000000%07d", n), Type: "sja5-aes", Country: "BR", Tags: []string{"meter"}, IMEI: fmt.Sprintf("3512345%07d", n)},
		Subscriptions: []catalog.Subscription{
			{Slot: 1, IMSI: fmt.Sprintf("99942%010d", n), MSISDN: fmt.Sprintf("+49150%07d", n), Operator: "nordvik"},
			{Slot: 2, IMSI: fmt.Sprintf("99970%010d", n), MSISDN: fmt.Sprintf("+55119%07d", n), Operator: "aurora"},
		},
		Keysets: []catalog.Keyset{{Version: 1, KIcAlg: "aes-128", KIDAlg: "aes-128", CCLength: 8,
			SealedKIc: []byte{1, byte(n)}, SealedKID: []byte{2, byte(n)}, KEKID: "kek-1", CheckValue: fmt.Sprintf("cv-%d", n), Counter: 40}},
		Line: n + 1,
	}
}

// cards imports n cards.
func (w *world) cards(n int) []catalog.Entry {
	w.t.Helper()
	entries := make([]catalog.Entry, n)
	for i := range entries {
		entries[i] = entry(i + 1)
	}
	ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", entries))
	for i := range entries {
		entries[i] = ok[catalog.Entry](w)(w.Card(w.ctx, entries[i].Card.ICCID))
	}
	return entries
}

// created makes a campaign and gives it targets that are not released.
func (w *world) created(name string, cards ...catalog.Entry) int64 {
	w.t.Helper()
	c := &ledger.CreateCampaign{Actor: "test", Campaign: ledger.Campaign{Name: name, Kind: "swap", Spec: []byte("campaign: " + name), CreatedAt: now}}
	w.must(c)
	add := &ledger.AddTargets{CampaignID: c.ID, Complete: true, At: now}
	for _, e := range cards {
		add.CardIDs = append(add.CardIDs, e.Card.ID)
	}
	w.must(add)
	return c.ID
}

func start(campaign int64) *ledger.SetCampaign {
	return &ledger.SetCampaign{Actor: "test", ID: campaign, From: []ledger.CampaignState{ledger.CampaignCreated, ledger.CampaignPaused}, To: ledger.CampaignRunning, At: now, Quota: -1}
}

func pause(campaign int64) *ledger.SetCampaign {
	return &ledger.SetCampaign{Actor: "test", ID: campaign, From: []ledger.CampaignState{ledger.CampaignRunning}, To: ledger.CampaignPaused, At: now}
}

func cancel(campaign int64, states ...string) *ledger.SetCampaign {
	return &ledger.SetCampaign{Actor: "test", ID: campaign, From: []ledger.CampaignState{ledger.CampaignRunning, ledger.CampaignPaused},
		To: ledger.CampaignCancelled, At: now, Close: states, State: "cancelled"}
}

// running makes a campaign that runs, its targets released and leased by "a".
func (w *world) running(name string, cards ...catalog.Entry) (campaign int64, leases []ledger.Lease) {
	w.t.Helper()
	campaign = w.created(name, cards...)
	release := &ledger.Release{CampaignID: campaign, Limit: len(cards), At: now}
	w.must(start(campaign), release)
	for _, id := range targetsOf(release.Leases) {
		leases = append(leases, w.lease(id))
	}
	return campaign, leases
}

func targetsOf(leases []ledger.Lease) (ids []int64) {
	for _, l := range leases {
		ids = append(ids, l.TargetID)
	}
	return ids
}

func (w *world) lease(target int64) ledger.Lease {
	w.t.Helper()
	op := &ledger.TakeLease{TargetID: target, Node: "a", Now: now, Until: now.Add(time.Minute)}
	w.must(op)
	return ledger.Lease{TargetID: target, Token: op.NewToken}
}

// one is a running campaign of one card, leased and claimed.
func (w *world) one() (catalog.Entry, ledger.Lease) {
	w.t.Helper()
	e := w.cards(1)[0]
	_, leases := w.running("one", e)
	w.must(&ledger.Claim{Lease: leases[0], Facts: []byte("{}"), From: e.Subscriptions[0].ID, To: e.Subscriptions[1].ID, At: now})
	return e, leases[0]
}

// packet is an attempt of one part with one submission on link "l".
func packet(l ledger.Lease, e catalog.Entry, kind ledger.AttemptKind, old uint64, try int) *ledger.Bind {
	b := &ledger.Bind{
		Lease: l, Old: old, New: old + 1, IfRunning: true,
		Attempt: ledger.Attempt{Step: 1, Try: try, Kind: kind, KeysetID: e.Keysets[0].ID, TAR: []byte{0xB0, 0, 0x11}, SPI: []byte{0x16, 0x39}, Format: "compact",
			Script: []byte{0xA0, 0xA4}, Purpose: "read IMSI", Label: "file:imsi", Reference: byte(try), Deadline: now.Add(time.Hour), CreatedAt: now},
		Parts: [][]byte{{0x02, 0x70, 0x00, byte(old + 1)}},
		Submissions: []ledger.Submission{{PartSeq: 1, Operator: "l", SubscriptionID: e.Subscriptions[0].ID, Source: "+4900", Destination: e.Subscriptions[0].MSISDN,
			State: ledger.Ready, ValidUntil: now.Add(time.Hour)}},
	}
	if kind == ledger.CP {
		b.Old, b.New, b.Attempt.KeysetID, b.Attempt.TAR, b.Attempt.SPI = 0, 0, 0, nil, nil
	}
	if kind == ledger.Write {
		b.Attempt.Fence, b.Attempt.Expect = []byte{0xB0}, []byte{0x99}
	}
	return b
}

func (w *world) attempt(id int64) ledger.Attempt {
	w.t.Helper()
	return ok[ledger.Attempt](w)(w.Attempt(w.ctx, id))
}

func (w *world) submission(attempt int64) ledger.Submission {
	w.t.Helper()
	return w.attempt(attempt).Parts[0].Submissions[0]
}

func (w *world) dossier(target int64) ledger.Dossier {
	w.t.Helper()
	return ok[ledger.Dossier](w)(w.Dossier(w.ctx, target))
}

func (w *world) counter(e catalog.Entry) uint64 {
	w.t.Helper()
	return ok[catalog.Entry](w)(w.CardByID(w.ctx, e.Card.ID)).Keysets[0].Counter
}

func (w *world) campaign(name string) ledger.Campaign {
	w.t.Helper()
	return ok[ledger.Campaign](w)(w.Campaign(w.ctx, name))
}

// sent binds a packet and hands its submission over.
func (w *world) sent(b *ledger.Bind) ledger.Submission {
	w.t.Helper()
	w.must(b)
	s := w.submission(b.AttemptID)
	w.must(&ledger.Sending{IDs: []int64{s.ID}, At: now})
	return w.submission(b.AttemptID)
}

func (w *world) received(key string) int64 {
	w.t.Helper()
	op := &ledger.Receive{Row: ledger.InboxRow{Link: "l", IDScope: "scope", ReceivedAt: now, Key: key, PDU: []byte{5}}}
	w.must(op)
	return op.ID
}

func (w *world) wait(id int64, key string) {
	w.t.Helper()
	w.must(&ledger.Settle{InboxIDs: []int64{id}, State: ledger.InboxWaiting, Kind: "receipt", Key: key})
}

// prove concludes an attempt as a settled inbox row does.
func (w *world) prove(attempt int64, o ledger.Outcome) {
	w.t.Helper()
	w.must(&ledger.Settle{InboxIDs: []int64{w.received("")}, State: ledger.InboxSettled, Conclusions: []ledger.Conclusion{{AttemptID: attempt, Outcome: o, At: now}}})
}
