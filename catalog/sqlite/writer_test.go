package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

var now = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)

func receive() *ledger.Receive {
	return &ledger.Receive{Row: ledger.InboxRow{Link: "l", IDScope: "s", ReceivedAt: now, PDU: []byte{5}}}
}

func inbox(t *testing.T, d *DB) int {
	t.Helper()
	rows, err := d.Inbox(t.Context(), ledger.InboxNew, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return len(rows)
}

func TestWriterIsDurable(t *testing.T) {
	t.Parallel()
	d := open(t, file(t))
	n, err := d.Synchronous(t.Context())
	if err != nil || n != 2 {
		t.Fatalf("synchronous of the writer's connection is %d (%v), want 2 (FULL)", n, err)
	}
	// Backups and migrations write through other connections of that pool.
	if err := d.write.QueryRow(`PRAGMA synchronous`).Scan(&n); err != nil || n != 2 {
		t.Fatalf("synchronous of another writing connection is %d (%v), want 2 (FULL)", n, err)
	}
	var mode string
	if err := d.write.QueryRow(`PRAGMA journal_mode`).Scan(&mode); err != nil || mode != "wal" {
		t.Fatalf("journal_mode is %q (%v), want wal", mode, err)
	}
}

func TestOpenRefusesWeakDurability(t *testing.T) {
	t.Parallel()
	db, err := sql.Open(driverName, "file::memory:") // cannot do WAL in memory
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := openSession(db.Driver(), "file::memory:?_busy_timeout=100")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := setDurable(s); err == nil {
		t.Fatal("a database without a write-ahead log is accepted")
	}
}

func TestReadersCannotWrite(t *testing.T) {
	t.Parallel()
	d := open(t, file(t))
	if _, err := d.read.Exec(`DELETE FROM meta`); err == nil {
		t.Fatal("a reading connection writes")
	}
}

func TestGroupCommitOfManyGoroutines(t *testing.T) {
	t.Parallel()
	d := open(t, file(t))
	const callers, each = 64, 20
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				ops := []ledger.Op{receive(), &ledger.Finish{CampaignID: 99, At: now}, receive()}
				errs := d.Apply(t.Context(), ops...)
				if errs[0] != nil || !errors.Is(errs[1], ledger.ErrStale) || errs[2] != nil {
					t.Errorf("Apply = %v", errs)
				}
				rows, err := d.InboxByID(t.Context(), ops[0].(*ledger.Receive).ID, ops[2].(*ledger.Receive).ID)
				if err != nil || len(rows) != 2 {
					t.Errorf("own rows: %d, %v", len(rows), err)
				}
			}
		})
	}
	wg.Wait()
	if got, want := inbox(t, d), callers*each*2; got != want {
		t.Errorf("%d rows, want %d", got, want)
	}
}

// hold stops the writer inside a transaction until release is called.
func hold(t *testing.T, d *DB) (release func()) {
	t.Helper()
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- d.do(context.Background(), func(*tx) error { close(inside); <-leave; return nil })
	}()
	<-inside
	return func() {
		t.Helper()
		close(leave)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestContextCountsWhileQueued(t *testing.T) {
	t.Parallel()
	d := open(t, file(t))
	release := hold(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() { answer <- d.Apply(ctx, receive())[0] }()
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("Apply = %v, want context.Canceled", err)
	}
	release()
	if err := d.Apply(t.Context(), receive())[0]; err != nil {
		t.Fatal(err)
	}
	if got := inbox(t, d); got != 1 {
		t.Errorf("%d rows, want only that of the second caller", got)
	}
}

func TestContextDoesNotCountOnceTaken(t *testing.T) {
	t.Parallel()
	d := open(t, file(t))
	ctx, cancel := context.WithCancel(t.Context())
	err := d.do(ctx, func(x *tx) error {
		cancel()
		return x.receive(receive())
	})
	if err != nil {
		t.Errorf("do = %v, want it carried through", err)
	}
	if got := inbox(t, d); got != 1 {
		t.Errorf("%d rows, want 1", got)
	}
}

func TestFailedCommitFailsEveryOperation(t *testing.T) {
	t.Parallel()
	d := open(t, file(t))
	release := hold(t, d)
	good, bad := make(chan error, 1), make(chan error, 1)
	go func() { good <- d.Apply(context.Background(), receive())[0] }()
	go func() {
		bad <- d.do(context.Background(), func(x *tx) error {
			if err := x.control(`PRAGMA defer_foreign_keys = ON`); err != nil {
				return err
			}
			_, err := x.insert(`INSERT INTO pair (card_id, imei, imsi, source, seen_at, last_seen) VALUES (77, '', '', '', 0, 0)`)
			return err
		})
	}()
	for len(d.w.jobs) < 2 { // both in the batch that follows
		select {
		case <-t.Context().Done():
			t.Fatal("not queued")
		default:
			runtime.Gosched()
		}
	}
	release()
	if err := <-bad; err == nil {
		t.Error("the violation is committed")
	}
	if err := <-good; err == nil {
		t.Error("its neighbour has success although the commit failed")
	}
	if got := inbox(t, d); got != 0 {
		t.Errorf("%d rows, want 0", got)
	}
	if err := d.Apply(t.Context(), receive())[0]; err != nil {
		t.Errorf("the writer does not go on: %v", err)
	}
}

func TestOnlyAStepThatHasWrittenCostsASavepoint(t *testing.T) {
	t.Parallel()
	d := open(t, file(t))
	count := map[string]int{}
	insert := func(name string, fail bool) step {
		return func(x *tx) error {
			count[name]++
			if _, err := x.insert(`INSERT INTO operator (name, body) VALUES (?1, x'')`, name); err != nil {
				return err
			}
			if fail {
				return ledger.ErrStale
			}
			return nil
		}
	}
	errs := d.w.submit(t.Context(), []step{insert("a", false), insert("b", true), insert("c", false)})
	if errs[0] != nil || !errors.Is(errs[1], ledger.ErrStale) || errs[2] != nil {
		t.Fatalf("errors %v", errs)
	}
	if want := map[string]int{"a": 2, "b": 2, "c": 1}; fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("runs %v, want %v", count, want)
	}
	var names string
	if err := d.read.QueryRow(`SELECT group_concat(name) FROM operator`).Scan(&names); err != nil || names != "a,c" {
		t.Errorf("rows %q (%v), want those of a and c", names, err)
	}
}

func TestClosedDatabaseRefuses(t *testing.T) {
	t.Parallel()
	d := open(t, file(t))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if errs := d.Apply(t.Context(), receive(), receive()); !errors.Is(errs[0], ErrClosed) || !errors.Is(errs[1], ErrClosed) {
		t.Errorf("Apply = %v, want ErrClosed", errs)
	}
	if err := d.PutOperator(t.Context(), "test", catalog.Operator{Name: "x"}); !errors.Is(err, ErrClosed) {
		t.Errorf("PutOperator = %v, want ErrClosed", err)
	}
	if _, err := d.Campaigns(t.Context()); err == nil {
		t.Error("a closed database is read")
	}
	if err := d.Close(); err != nil {
		t.Errorf("second Close = %v", err)
	}
}

func TestCloseWhileMany(t *testing.T) {
	t.Parallel()
	path := file(t)
	d := open(t, path)
	const callers = 32
	var wg sync.WaitGroup
	committed := make(chan int, callers)
	began := make(chan struct{}, callers)
	for range callers {
		wg.Go(func() {
			n := 0
			for {
				err := d.Apply(context.Background(), receive())[0]
				if err != nil {
					if !errors.Is(err, ErrClosed) {
						t.Errorf("Apply = %v, want ErrClosed", err)
					}
					break
				}
				if n++; n == 1 {
					began <- struct{}{}
				}
			}
			committed <- n
		})
	}
	<-began
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	want := 0
	for range callers {
		want += <-committed
	}
	if got := inbox(t, open(t, path)); got != want {
		t.Errorf("%d rows, want the %d that were answered", got, want)
	}
}
