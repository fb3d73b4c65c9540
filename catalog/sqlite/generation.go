package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const adoptHint = "run simota db adopt-restore: it pauses all campaigns, lifts every counter over any that was used, and has every keyset checked before the next write"

// Generation is how often the database has been opened, backed up or marked
// while sending. A copy put back is behind its sidecar file.
func (d *DB) Generation(ctx context.Context) (int64, error) {
	var n int64
	err := d.look(ctx, func(r reader) error { return r.row(`SELECT generation FROM meta`, nil, &n) })
	return n, err
}

// RaiseGeneration raises the generation: in the database first, durably, then
// in the sidecar file. So a crash in between never makes a good database look
// old.
func (d *DB) RaiseGeneration(ctx context.Context) error {
	d.sidecarMu.Lock()
	defer d.sidecarMu.Unlock()
	var n int64
	if err := d.do(ctx, func(t *tx) (err error) { n, err = raiseGeneration(t); return err }); err != nil {
		return err
	}
	return writeSidecar(d.path, n)
}

func raiseGeneration(t *tx) (int64, error) {
	var n int64
	if _, err := t.exec(`UPDATE meta SET generation = generation + 1`); err != nil {
		return 0, err
	}
	_, err := t.row(`SELECT generation FROM meta`, nil, &n)
	return n, err
}

func sidecar(path string) string { return path + ".generation" }

func writeSidecar(path string, n int64) error {
	tmp := sidecar(path) + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: generation: %w", err)
	}
	_, err = fmt.Fprintf(f, "%d\n", n)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, sidecar(path))
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("sqlite: generation: %w", err)
	}
	return nil
}

// readSidecar reads the sidecar file; found is false when there is none.
func readSidecar(path string) (n int64, found bool, err error) {
	b, err := os.ReadFile(sidecar(path))
	if errors.Is(err, os.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("sqlite: generation: %w", err)
	}
	n, err = strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil || n < 0 {
		return 0, true, fmt.Errorf("%w: %s does not hold a generation: %s", ErrRestored, sidecar(path), adoptHint)
	}
	return n, true, nil
}

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// refuseLostDatabase refuses to begin anew where a database has been.
func refuseLostDatabase(path string) error {
	if st, err := os.Stat(path); err == nil && st.Size() > 0 {
		return nil
	}
	n, found, err := readSidecar(path)
	if err != nil || !found || n == 0 {
		return err
	}
	return fmt.Errorf("%w: %s is gone, but %s says that it was used: put a backup there, or remove that file if the cards never met this server",
		ErrRestored, path, sidecar(path))
}

// refuseRestored refuses foreign files, backup copies, and a database that is
// behind its sidecar.
func refuseRestored(ctx context.Context, db *sql.DB, path string) error {
	id, err := headerID(ctx, db, path)
	if err != nil || id == 0 {
		return err
	}
	if id == backupID {
		return fmt.Errorf("%w: %s is a backup copy: %s", ErrRestored, path, adoptHint)
	}
	gen, err := storedGeneration(ctx, db)
	if err != nil {
		return err
	}
	side, found, err := readSidecar(path)
	switch {
	case err != nil:
		return err
	case found && gen < side:
		return fmt.Errorf("%w: its generation is %d, but %s says %d: %s", ErrRestored, gen, sidecar(path), side, adoptHint)
	case !found && gen > 1: // 1: a crash between the first of database and sidecar
		return fmt.Errorf("%w: %s is missing, so nobody knows how old the database is: put it back, or %s", ErrRestored, sidecar(path), adoptHint)
	}
	return nil
}

// storedGeneration reads the generation of a database that may not be migrated
// yet.
func storedGeneration(ctx context.Context, db *sql.DB) (int64, error) {
	var n int64
	err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta'`).Scan(&n)
	if err == nil && n > 0 {
		err = db.QueryRowContext(ctx, `SELECT generation FROM meta`).Scan(&n)
	}
	if err != nil {
		return 0, fmt.Errorf("sqlite: generation: %w", err)
	}
	return n, nil
}

// headerID reads whose file it is: liveID, backupID, or zero for an empty one.
func headerID(ctx context.Context, db *sql.DB, path string) (int64, error) {
	var id, tables int64
	err := db.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&id)
	if err == nil {
		err = db.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_schema`).Scan(&tables)
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("sqlite: %s: %w", path, err)
	case id == liveID, id == backupID, id == 0 && tables == 0:
		return id, nil
	}
	return 0, fmt.Errorf("sqlite: %s is the database of another program", path)
}

// refuseStaleWAL finds a backup copy that was put where a crashed server had
// left its write-ahead log: SQLite would play that log into the copy and
// destroy it. The file is read as such, before SQLite gets to see it.
func refuseStaleWAL(path string) error {
	if st, err := os.Stat(path + "-wal"); err != nil || st.Size() == 0 {
		return nil // no log, or none that could be played
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	var header [100]byte
	n, _ := f.ReadAt(header[:], 0) // shorter: no stamp
	if err := f.Close(); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if n == len(header) && binary.BigEndian.Uint32(header[68:]) == backupID {
		return fmt.Errorf("%w: %s is a backup copy, but %s-wal and %s-shm belong to the database that was there before: remove those two, then %s",
			ErrRestored, path, filepath.Base(path), filepath.Base(path), adoptHint)
	}
	return nil
}
