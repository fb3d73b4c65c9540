package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// Sentinels for decisions of the caller of [Open] and of an open [DB].
var (
	// ErrRestored says that the database is older than what has been sent
	// from it, or may be: a backup copy, or a file put back.
	ErrRestored = errors.New("sqlite: database was restored")
	// ErrLocked says that another process has the database open for writing.
	ErrLocked = errors.New("sqlite: database is in use")
	// ErrReadOnly refuses a change through a database opened read-only.
	ErrReadOnly = errors.New("sqlite: database is open read-only")
	// ErrClosed refuses work after [DB.Close].
	ErrClosed = errors.New("sqlite: database is closed")
)

// application_id of the file header (SQLite file format, 1.3.9): which program
// the file belongs to, and whether it is a backup copy.
const (
	liveID   = 0x53494D4F // "SIMO"
	backupID = 0x53494D42 // "SIMB"
)

// readers is how many reads run at once. More would take the cores from the
// writer, for which everybody waits.
var readers = runtime.NumCPU() + 1

// Options says how to open a database. The zero value is that of a server.
type Options struct {
	// Node is who takes a lease when the operation names nobody.
	Node string
	// ReadOnly opens without lock, migration or writer, next to a running
	// server too. It opens restored databases and backup copies.
	ReadOnly bool
	// Now is the clock of audit rows whose change carries no time; nil is
	// time.Now.
	Now func() time.Time
}

// DB is an open database. It implements catalog.Store and ledger.Store and is
// safe for concurrent use.
type DB struct {
	path  string
	node  string
	now   func() time.Time
	lock  *os.File // nil when read-only
	write *sql.DB  // nil when read-only
	w     *writer  // nil when read-only
	read  *sql.DB

	sessions chan *session // that read; nil ones are not open yet
	closed   atomic.Bool
	turn     atomic.Uint32 // of campaigns in the outbox

	documents documents

	sidecarMu sync.Mutex
	closeOnce sync.Once
	closeErr  error
}

var (
	_ catalog.Store = (*DB)(nil)
	_ ledger.Store  = (*DB)(nil)
)

// Open opens the database at path, creating it when there is none. It refuses
// with [ErrLocked] while another process writes to it, with [ErrRestored] when
// it is older than its sidecar file or a backup copy, and when its durability
// settings do not hold.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, err
	}
	d := &DB{path: path, node: o.Node, now: o.Now, sessions: make(chan *session, readers)}
	for range readers {
		d.sessions <- nil
	}
	if d.now == nil {
		d.now = time.Now
	}
	if o.ReadOnly {
		err = d.openReadOnly(ctx)
	} else {
		err = d.openWriting(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// resolve makes path absolute and follows links, so that the lock and the
// sidecar belong to the file and not to one of its names.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("sqlite: path %q: %w", path, err)
	}
	real, err := filepath.EvalSymlinks(abs)
	switch {
	case err == nil:
		return real, nil
	case errors.Is(err, os.ErrNotExist):
		return abs, nil
	}
	return "", fmt.Errorf("sqlite: path %q: %w", path, err)
}

func (d *DB) openReadOnly(ctx context.Context) error {
	if _, err := os.Stat(d.path); err != nil {
		return fmt.Errorf("sqlite: open read-only: %w", err)
	}
	if err := d.openReaders(); err != nil {
		return err
	}
	if _, err := headerID(ctx, d.read, d.path); err != nil {
		return err
	}
	return checkVersion(ctx, d.read)
}

// ownerOnly makes an empty file for SQLite to fill, when there is none: left to
// itself it would let everybody read numbers and identities.
func ownerOnly(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return f.Close()
}

func (d *DB) openWriting(ctx context.Context) error {
	var err error
	if d.lock, err = lockFile(d.path); err != nil {
		return err
	}
	if err := refuseStaleWAL(d.path); err != nil {
		return err
	}
	if err := refuseLostDatabase(d.path); err != nil {
		return err
	}
	if err := ownerOnly(d.path); err != nil {
		return err
	}
	if d.write, err = sql.Open(driverName, dsn(d.path, writeParams)); err != nil {
		return fmt.Errorf("sqlite: open %s: %w", d.path, err)
	}
	if err := refuseRestored(ctx, d.write, d.path); err != nil {
		return err
	}
	if err := migrate(ctx, d.write); err != nil {
		return err
	}
	d.write.SetMaxIdleConns(0) // those until here knew the file before it had a write-ahead log
	s, err := openSession(d.write.Driver(), dsn(d.path, writeParams))
	if err != nil {
		return err
	}
	if err := setDurable(s); err != nil {
		return errors.Join(err, s.close())
	}
	if err := d.openReaders(); err != nil {
		return errors.Join(err, s.close())
	}
	d.w = startWriter(s)
	return d.RaiseGeneration(ctx)
}

func (d *DB) openReaders() error {
	var err error
	if d.read, err = sql.Open(driverName, dsn(d.path, readParams)); err != nil {
		return fmt.Errorf("sqlite: open %s: %w", d.path, err)
	}
	return nil
}

// setDurable sets what the laws rest on, and believes only what it reads back.
func setDurable(s *session) error {
	var mode string
	if _, err := s.row(`PRAGMA journal_mode = WAL`, nil, &mode); err != nil {
		return fmt.Errorf("journal_mode: %w", err)
	}
	if mode != "wal" {
		return fmt.Errorf("sqlite: journal_mode is %q, not wal: put the database on a local file system", mode)
	}
	for _, setting := range []string{`synchronous = FULL`, `foreign_keys = ON`, `wal_autocheckpoint = 4000`} {
		if err := s.control(`PRAGMA ` + setting); err != nil {
			return fmt.Errorf("%s: %w", setting, err)
		}
	}
	for _, p := range []struct {
		name string
		want int
	}{{"synchronous", 2}, {"foreign_keys", 1}} {
		var got int
		if _, err := s.row(`PRAGMA `+p.name, nil, &got); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if got != p.want {
			return fmt.Errorf("sqlite: %s is %d, not %d: a committed counter could roll back; refusing to start", p.name, got, p.want)
		}
	}
	return nil
}

// Close answers what the writer has begun, refuses the rest with [ErrClosed],
// and closes the files. A second Close does nothing.
func (d *DB) Close() error {
	d.closeOnce.Do(func() { d.closeErr = d.close() })
	return d.closeErr
}

func (d *DB) close() error {
	var errs []error
	if d.w != nil {
		errs = append(errs, d.w.stop())
	}
	if d.read != nil {
		d.closed.Store(true)
		errs = append(errs, d.closeSessions())
		errs = append(errs, d.read.Close())
	}
	if d.write != nil {
		errs = append(errs, d.write.Close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close()) // and with it the lock
	}
	return errors.Join(errs...)
}

// Synchronous reads PRAGMA synchronous on the writer's own connection: 2 is
// FULL.
func (d *DB) Synchronous(ctx context.Context) (int, error) {
	var n int
	err := d.do(ctx, func(t *tx) error {
		_, err := t.row(`PRAGMA synchronous`, nil, &n)
		return err
	})
	return n, err
}
