package sqlite

import "errors"

// tx is the transaction that the writer has open. It belongs to the writer's
// goroutine.
type tx struct {
	*session
	wrote bool // the step under way has changed something
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

// ids reads one column of integers.
func (t *tx) ids(query string, args ...any) ([]int64, error) {
	rows, err := t.query(query, args)
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
