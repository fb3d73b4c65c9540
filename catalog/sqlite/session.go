package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// session is a connection and what is prepared on it, each statement once. One
// goroutine at a time has it.
type session struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func newSession(conn *sql.Conn) *session {
	return &session{conn: conn, stmts: map[string]*sql.Stmt{}}
}

// stmt prepares a statement. It is never interrupted, so it gets no caller's
// context: an interrupted COMMIT would leave its caller guessing, and a watcher
// for every short read would cost as much as the read.
func (s *session) stmt(query string) (*sql.Stmt, error) {
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	s.stmts[query] = st
	return st, nil
}

func (s *session) run(query string, args []any) (sql.Result, error) {
	st, err := s.stmt(query)
	if err != nil {
		return nil, err
	}
	r, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return r, nil
}

// control begins and ends transactions and savepoints.
func (s *session) control(query string) error {
	_, err := s.run(query, nil)
	return err
}

func (s *session) query(query string, args []any) (*sql.Rows, error) {
	st, err := s.stmt(query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(context.Background(), args...)
}

// row reads one row; found is false when there is none.
func (s *session) row(query string, args []any, dest ...any) (found bool, err error) {
	st, err := s.stmt(query)
	if err != nil {
		return false, err
	}
	return scanRow(st.QueryRowContext(context.Background(), args...), dest)
}

func (s *session) close() error {
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, s.conn.Close())...)
}
