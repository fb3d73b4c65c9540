package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// tx is the transaction that the writer has open. It belongs to the writer's
// goroutine. Statements are prepared once.
type tx struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	wrote bool // the step under way has changed something
}

// A statement of the writer is never interrupted, so it gets no caller's
// context.
func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.stmts[query]; ok {
		return s, nil
	}
	s, err := t.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	t.stmts[query] = s
	return s, nil
}

func (t *tx) close() error {
	var errs []error
	for _, s := range t.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, t.conn.Close())...)
}

func (t *tx) run(query string, args []any) (sql.Result, error) {
	s, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	r, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return r, nil
}

// control begins and ends transactions and savepoints.
func (t *tx) control(query string) error {
	_, err := t.run(query, nil)
	return err
}

// exec changes rows and says how many.
func (t *tx) exec(query string, args ...any) (int64, error) {
	r, err := t.run(query, args)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	t.wrote = t.wrote || n > 0
	return n, err
}

// insert adds one row and says its id.
func (t *tx) insert(query string, args ...any) (int64, error) {
	r, err := t.run(query, args)
	if err != nil {
		return 0, err
	}
	t.wrote = true
	return r.LastInsertId()
}

// row reads one row; found is false when there is none.
func (t *tx) row(query string, args []any, dest ...any) (found bool, err error) {
	s, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	return scanRow(s.QueryRowContext(context.Background(), args...), dest)
}

// ids reads one column of integers.
func (t *tx) ids(query string, args ...any) ([]int64, error) {
	s, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(context.Background(), args...)
	return collect(rows, err, scanID)
}

// plain runs a step that is trusted to write only when it will succeed.
func (t *tx) plain(s step) error {
	t.wrote = false
	return s(t)
}

// guarded runs a step in a savepoint, and takes back what it wrote when it
// fails.
func (t *tx) guarded(s step) error {
	if err := t.control(`SAVEPOINT step`); err != nil {
		return err
	}
	err := t.plain(s)
	if err != nil {
		if back := t.control(`ROLLBACK TO step`); back != nil {
			return errors.Join(err, back) // wrote tells the writer
		}
		t.wrote = false
	}
	if release := t.control(`RELEASE step`); release != nil {
		t.wrote = true
		return errors.Join(err, release)
	}
	return err
}
