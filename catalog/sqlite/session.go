package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// session is a connection and what is prepared on it, each statement once. One
// goroutine at a time has it. It speaks with the driver itself: database/sql
// locks, copies and converts for a sharing that is not there, which costs more
// than most of the statements.
type session struct {
	conn  driver.Conn
	stmts map[string]*statement
}

// openSession opens a connection of its own.
func openSession(d driver.Driver, name string) (*session, error) {
	conn, err := d.Open(name)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return &session{conn: conn, stmts: map[string]*statement{}}, nil
}

// statement is a prepared one, with room for its arguments and for a row.
type statement struct {
	prepared
	args []driver.NamedValue
	row  []driver.Value // as long as the statement has columns; nil before it was used
}

type prepared interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// never interrupts. A statement gets no caller's context: an interrupted COMMIT
// would leave its caller guessing, and a watcher for every short read would cost
// as much as the read.
var never = context.Background()

// stmt prepares a statement.
func (s *session) stmt(query string) (*statement, error) {
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	st, err := s.conn.Prepare(query)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	p, ok := st.(prepared)
	if !ok {
		return nil, errors.Join(fmt.Errorf("sqlite: the driver's %T takes no context", st), st.Close())
	}
	s.stmts[query] = &statement{prepared: p}
	return s.stmts[query], nil
}

func (s *session) run(query string, args []any) (driver.Result, error) {
	st, err := s.stmt(query)
	if err == nil {
		err = st.bind(args)
	}
	if err != nil {
		return nil, err
	}
	r, err := st.ExecContext(never, st.args)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return r, nil
}

// control begins and ends transactions and savepoints, and makes settings.
func (s *session) control(query string) error {
	_, err := s.run(query, nil)
	return err
}

func (s *session) query(query string, args []any) (*rows, error) {
	st, err := s.stmt(query)
	if err == nil {
		err = st.bind(args)
	}
	if err != nil {
		return nil, err
	}
	r, err := st.QueryContext(never, st.args)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if st.row == nil {
		st.row = make([]driver.Value, len(r.Columns()))
	}
	return &rows{Rows: r, row: st.row}, nil
}

// row reads one row; found is false when there is none.
func (s *session) row(query string, args []any, dest ...any) (found bool, err error) {
	r, err := s.query(query, args)
	if err != nil {
		return false, err
	}
	if found = r.next(); found {
		err = r.Scan(dest...)
	}
	return found && err == nil, r.end(err)
}

func (s *session) close() error {
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, s.conn.Close())...)
}

// rows is the result of a query. Its session runs nothing else before end.
type rows struct {
	driver.Rows
	row []driver.Value
	err error // of the last next, other than the end
}

// next reads a row; there is none left, or none to be had, when it is false.
func (r *rows) next() bool {
	err := r.Next(r.row)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return err == nil
}

// Scan copies the row into variables, one for each column.
func (r *rows) Scan(dest ...any) error {
	if len(dest) != len(r.row) {
		return fmt.Errorf("%d columns into %d variables", len(r.row), len(dest))
	}
	for i, v := range r.row {
		if err := take(dest[i], v); err != nil {
			return fmt.Errorf("column %d, %s: %w", i+1, r.Columns()[i], err)
		}
	}
	return nil
}

// end closes the result. It returns what went wrong: err, in reading, or now.
func (r *rows) end(err error) error {
	if err := errors.Join(err, r.err, r.Close()); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return nil
}
