package sqlite

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// BenchmarkApplyBind is the life of one part, each step waiting for its own
// durable commit: bind, sending, respond, receive, settle. 64 goroutines work
// on a card each.
func BenchmarkApplyBind(b *testing.B) {
	const callers = 64
	d := open(b, file(b))
	lives := fleetOf(b, d, callers)
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for n := i; n < b.N; n += callers {
				lives[i].part(b, d)
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "parts/s")
	b.ReportMetric(5*float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

// BenchmarkApplyReceive is one PDU stored per operation.
func BenchmarkApplyReceive(b *testing.B) {
	const callers = 64
	d := open(b, file(b))
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for n := i; n < b.N; n += callers {
				commit(b, d, receive())
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

func commit(b *testing.B, d *DB, ops ...ledger.Op) {
	for _, err := range d.Apply(context.Background(), ops...) {
		if err != nil {
			b.Error(err)
		}
	}
}

// life is one card on its way.
type life struct {
	lease   ledger.Lease
	entry   catalog.Entry
	counter uint64
}

func fleetOf(b *testing.B, d *DB, n int) []*life {
	entries := make([]catalog.Entry, n)
	for i := range entries {
		entries[i] = catalog.Entry{Card: catalog.Card{ICCID: fmt.Sprintf("8949000000000%06d", i)},
			Subscriptions: []catalog.Subscription{{Slot: 1, IMSI: fmt.Sprintf("99942%010d", i)}}, Keysets: []catalog.Keyset{{Version: 1}}}
	}
	if _, err := d.Import(context.Background(), "test", entries); err != nil {
		b.Fatal(err)
	}
	c := &ledger.CreateCampaign{Actor: "test", Campaign: ledger.Campaign{Name: "one", Kind: "swap", CreatedAt: now}}
	commit(b, d, c)
	lives := make([]*life, n)
	for i := range lives {
		e, err := d.Card(context.Background(), entries[i].Card.ICCID)
		if err != nil {
			b.Fatal(err)
		}
		lease := &ledger.TakeLease{TargetID: int64(i + 1), Node: "a", Now: now, Until: now.Add(time.Hour)}
		commit(b, d, &ledger.AddTargets{CampaignID: c.ID, CardIDs: []int64{e.Card.ID}, At: now}, lease)
		lives[i] = &life{lease: ledger.Lease{TargetID: int64(i + 1), Token: lease.NewToken}, entry: e}
	}
	return lives
}

func (l *life) part(b *testing.B, d *DB) {
	bind := &ledger.Bind{Lease: l.lease, Old: l.counter, New: l.counter + 1, IfRunning: true, MaxUnproven: 50,
		Attempt: ledger.Attempt{Step: 1, Try: int(l.counter), Kind: ledger.Write, KeysetID: l.entry.Keysets[0].ID, TAR: []byte{0xB0, 0, 0x11}, SPI: []byte{0x16, 0x39},
			Script: make([]byte, 100), Fence: make([]byte, 20), Deadline: now, CreatedAt: now},
		Parts:       [][]byte{make([]byte, 140)},
		Submissions: []ledger.Submission{{PartSeq: 1, Operator: "l", SubscriptionID: l.entry.Subscriptions[0].ID, Source: "+4900", Destination: "+49151", ValidUntil: now}}}
	commit(b, d, bind)
	// What Outbox reads out in the engine; here only writes are measured.
	var id int64
	if err := d.look(context.Background(), func(r reader) error {
		return r.row(`SELECT s.id FROM part p JOIN submission s ON s.part_id = p.id WHERE p.attempt_id = ?1`, []any{bind.AttemptID}, &id)
	}); err != nil {
		b.Error(err)
	}
	commit(b, d, &ledger.Sending{IDs: []int64{id}, At: now})
	message := fmt.Sprint(id)
	commit(b, d, &ledger.Respond{SubmissionID: id, State: ledger.Accepted, MessageID: message, IDNormal: message, IDScope: "s", At: now})
	in := receive()
	commit(b, d, in)
	commit(b, d, &ledger.Settle{InboxIDs: []int64{in.ID}, State: ledger.InboxSettled, Kind: "receipt",
		Finals:      []ledger.Final{{SubmissionID: id, State: ledger.Arrived, At: now}},
		Evidence:    []ledger.Evidence{{TargetID: l.lease.TargetID, CardID: l.entry.Card.ID, AttemptID: bind.AttemptID, Kind: ledger.EvProof, Counter: l.counter + 1, SeenAt: now}},
		Conclusions: []ledger.Conclusion{{AttemptID: bind.AttemptID, Outcome: ledger.Executed, At: now}}})
	l.counter++
}
