package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// reader runs queries: on any reading connection, or inside one snapshot.
type reader struct {
	ctx context.Context
	db  *DB
	tx  *sql.Tx // nil: each query sees what is committed when it begins
}

func (d *DB) reader(ctx context.Context) reader { return reader{ctx: ctx, db: d} }

// snapshot runs f on one state of the database.
func (d *DB) snapshot(ctx context.Context, f func(reader) error) (err error) {
	// A snapshot keeps its connection while a statement that is new is prepared
	// on another: with one connection more than snapshots there always is one.
	select {
	case d.snapshots <- struct{}{}:
		defer func() { <-d.snapshots }()
	case <-ctx.Done():
		return fmt.Errorf("sqlite: %w", ctx.Err())
	}
	tx, err := d.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer func() {
		// Nothing was written; a cancelled context has already ended it.
		if back := tx.Rollback(); back != nil && !errors.Is(back, sql.ErrTxDone) {
			err = errors.Join(err, fmt.Errorf("sqlite: %w", back))
		}
	}()
	return f(reader{ctx: ctx, db: d, tx: tx})
}

// stmt prepares a query once for all readers.
func (d *DB) stmt(query string) (*sql.Stmt, error) {
	d.stmtMu.Lock()
	defer d.stmtMu.Unlock()
	if s, ok := d.stmts[query]; ok {
		return s, nil
	}
	if d.stmts == nil {
		return nil, ErrClosed
	}
	s, err := d.read.Prepare(query)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	d.stmts[query] = s
	return s, nil
}

func (r reader) stmt(query string) (*sql.Stmt, error) {
	s, err := r.db.stmt(query)
	if err == nil && r.tx != nil {
		s = r.tx.StmtContext(r.ctx, s)
	}
	return s, err
}

func (r reader) query(query string, args ...any) (*sql.Rows, error) {
	s, err := r.stmt(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(r.ctx, args...)
}

// row reads the one row of a query that always has one.
func (r reader) row(query string, args []any, dest ...any) error {
	s, err := r.stmt(query)
	if err != nil {
		return err
	}
	if err := s.QueryRowContext(r.ctx, args...).Scan(dest...); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return nil
}

// limit turns "no limit" into SQLite's form of it.
func limit(n int) int {
	if n <= 0 {
		return -1
	}
	return n
}
