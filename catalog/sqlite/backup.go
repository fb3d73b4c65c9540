package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Backup writes a consistent copy to dst while the server runs, stamped so
// that it cannot be opened by mistake, and raises our own generation: from now
// on the copy is old. dst must not exist.
func (d *DB) Backup(ctx context.Context, actor, dst string) error {
	switch {
	case actor == "":
		return errNoActor
	case d.w == nil:
		return ErrReadOnly
	}
	dst, err := filepath.Abs(dst)
	if err != nil {
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	if _, err := os.Lstat(dst); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("sqlite: backup: %s exists already: choose another name", dst)
	}
	// Until it is stamped the copy does not bear its name.
	tmp := dst + ".unfinished"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	if err := d.stampedCopy(ctx, tmp); err != nil {
		_ = os.Remove(tmp) // the error that counts is the other
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	if err := errors.Join(os.Rename(tmp, dst), syncDir(filepath.Dir(dst))); err != nil {
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	if err := d.do(ctx, func(t *tx) error { return t.audit(d.now(), actor, "db.backup", dst, "") }); err != nil {
		return fmt.Errorf("sqlite: backup: %s is complete, but not audited: %w", dst, err)
	}
	return d.RaiseGeneration(ctx)
}

func (d *DB) stampedCopy(ctx context.Context, tmp string) error {
	if err := ownerOnly(tmp); err != nil {
		return err
	}
	// A connection of its own: the writer goes on meanwhile.
	if _, err := d.write.ExecContext(ctx, `VACUUM INTO ?1`, tmp); err != nil {
		return err
	}
	db, err := sql.Open(driverName, dsn(tmp, writeParams))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf(`PRAGMA journal_mode = DELETE; PRAGMA application_id = %d`, backupID))
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	f, err := os.OpenFile(tmp, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// AdoptReport says what [AdoptRestore] has done.
type AdoptReport struct {
	Paused     []string // names of the campaigns that ran
	Keysets    int      // whose counters were raised and that are suspect now
	Generation int64
}

// adoptStep is how far a restore lifts every counter: more packets than a
// backup can be old.
const adoptStep = 65536

// AdoptRestore makes a restored database safe to open: running campaigns are
// paused, every counter is lifted by 65,536, every keyset is suspect until a
// fence has cleared it. All of it happens in one transaction or not at all. It
// may be run on a database that does not look restored too (a snapshot of a
// whole machine puts the sidecar back as well). It refuses with [ErrLocked]
// while a server runs, and refuses a damaged file.
func AdoptRestore(ctx context.Context, path, actor string, now time.Time) (r AdoptReport, err error) {
	if actor == "" {
		return r, errNoActor
	}
	if path, err = resolve(path); err != nil {
		return r, err
	}
	if _, err := os.Stat(path); err != nil {
		return r, fmt.Errorf("sqlite: adopt: %w", err)
	}
	lock, err := lockFile(path)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := refuseStaleWAL(path); err != nil {
		return r, err
	}
	db, err := sql.Open(driverName, dsn(path, writeParams))
	if err != nil {
		return r, fmt.Errorf("sqlite: adopt: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if r, err = adoptDatabase(ctx, db, path, actor, now); err != nil {
		return AdoptReport{}, err
	}
	return r, writeSidecar(path, r.Generation)
}

func adoptDatabase(ctx context.Context, db *sql.DB, path, actor string, now time.Time) (r AdoptReport, err error) {
	if id, err := headerID(ctx, db, path); err != nil {
		return r, err
	} else if id == 0 {
		return r, fmt.Errorf("sqlite: adopt: %s is empty: put a backup there", path)
	}
	var check string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&check); err != nil {
		return r, fmt.Errorf("sqlite: adopt: %w", err)
	}
	if check != "ok" {
		return r, fmt.Errorf("sqlite: adopt: %s is damaged (%s): restore another backup", path, check)
	}
	if err := migrate(ctx, db); err != nil {
		return r, err
	}
	side, _, err := readSidecar(path)
	if err != nil && !errors.Is(err, ErrRestored) { // unreadable is what we are here for
		return r, err
	}
	session, err := openSession(db.Driver(), dsn(path, writeParams))
	if err != nil {
		return r, fmt.Errorf("adopt: %w", err)
	}
	w := startWriter(session)
	errs := w.submit(ctx, []step{func(t *tx) (err error) { r, err = t.adopt(actor, now, side); return err }})
	return r, errors.Join(errs[0], w.stop())
}

func (t *tx) adopt(actor string, now time.Time, side int64) (r AdoptReport, err error) {
	names, err := t.runningCampaigns()
	if err != nil {
		return r, err
	}
	r.Paused = names
	if _, err := t.exec(`UPDATE campaign SET state = 'paused' WHERE state = 'running'`); err != nil {
		return r, err
	}
	n, err := t.exec(`UPDATE keyset SET suspect = 1, cntr = MIN(cntr + ?1, ?2)`, adoptStep, maxCounter)
	if err != nil {
		return r, err
	}
	r.Keysets = int(n)
	if _, err := t.exec(`UPDATE meta SET generation = MAX(generation, ?1)`, side); err != nil {
		return r, err
	}
	if r.Generation, err = raiseGeneration(t); err != nil {
		return r, err
	}
	if err := t.control(fmt.Sprintf(`PRAGMA application_id = %d`, liveID)); err != nil {
		return r, err
	}
	return r, t.audit(now, actor, "db.adopt-restore", "database", fmt.Sprintf("%d campaigns paused, %d keysets suspect, generation %d", len(names), n, r.Generation))
}

func (t *tx) runningCampaigns() ([]string, error) {
	rows, err := t.query(`SELECT name FROM campaign WHERE state = 'running' ORDER BY name`, nil)
	return collect(rows, err, func(s scanner) (name string, err error) {
		err = s.Scan(&name)
		return name, err
	})
}
