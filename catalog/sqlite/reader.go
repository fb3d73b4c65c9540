package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// reader runs queries on one of the reading sessions. Outside a snapshot each
// query sees what is committed when it begins.
type reader struct{ *session }

// look lends a reading session to f. The context counts until one is free: a
// query that has begun is carried through.
func (d *DB) look(ctx context.Context, f func(reader) error) (err error) {
	var s *session
	select {
	case s = <-d.sessions:
	case <-ctx.Done():
		return fmt.Errorf("sqlite: %w", ctx.Err())
	}
	defer func() { d.sessions <- s }()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if d.closed.Load() {
		return ErrClosed
	}
	if s == nil {
		if s, err = openSession(d.read.Driver(), dsn(d.path, readParams)); err != nil {
			return err
		}
	}
	return f(reader{s})
}

// snapshot runs f on one state of the database.
func (d *DB) snapshot(ctx context.Context, f func(reader) error) error {
	return d.look(ctx, func(r reader) (err error) {
		if err := r.control(`BEGIN`); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, r.control(`ROLLBACK`)) }() // nothing was written
		return f(r)
	})
}

// closeSessions waits for readers under way and closes their connections.
func (d *DB) closeSessions() error {
	var errs []error
	for range cap(d.sessions) {
		if s := <-d.sessions; s != nil {
			errs = append(errs, s.close())
		}
	}
	for range cap(d.sessions) {
		d.sessions <- nil // for those who come late, and are told
	}
	return errors.Join(errs...)
}

func (r reader) query(query string, args ...any) (*rows, error) {
	return r.session.query(query, args)
}

// row reads the one row of a query that always has one.
func (r reader) row(query string, args []any, dest ...any) error {
	found, err := r.session.row(query, args, dest...)
	if err == nil && !found {
		err = fmt.Errorf("sqlite: %w", sql.ErrNoRows)
	}
	return err
}

// read lists the rows of one query.
func read[T any](ctx context.Context, d *DB, scan func(scanner) (T, error), query string, args ...any) (all []T, err error) {
	err = d.look(ctx, func(r reader) error {
		rows, err := r.query(query, args...)
		all, err = collect(rows, err, scan)
		return err
	})
	return all, err
}

// limit turns "no limit" into SQLite's form of it.
func limit(n int) int {
	if n <= 0 {
		return -1
	}
	return n
}
