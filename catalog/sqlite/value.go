package sqlite

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// What goes in: zero values of columns that may be NULL are NULL.

// us is a time in microseconds, NULL for the zero time.
func us(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// ref is a key of another row, NULL for none.
func ref(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// txt is a text, NULL when it is empty.
func txt[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// opt is a string of octets, NULL when it is empty.
func opt(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// blob is a string of octets that may be empty but not NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// list is a JSON array, for json_each.
func list[T any](v []T) (string, error) {
	if v == nil {
		v = []T{}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	return string(b), nil
}

// among is a condition on ids, and its argument ?1. One id, the usual case, needs
// no list.
func among(ids []int64) (condition string, arg any, err error) {
	if len(ids) == 1 {
		return `= ?1`, ids[0], nil
	}
	arg, err = list(ids)
	return `IN (SELECT value FROM json_each(?1))`, arg, err
}

// What comes out.

// when scans a time.
type when struct{ t *time.Time }

// Scan implements sql.Scanner.
func (w when) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*w.t = time.Time{}
	case int64:
		*w.t = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("sqlite: time of type %T", v)
	}
	return nil
}

// asJSON scans a JSON document.
type asJSON struct{ v any }

// Scan implements sql.Scanner.
func (j asJSON) Scan(v any) error {
	switch v := v.(type) {
	case []byte:
		return json.Unmarshal(v, j.v)
	case string:
		return json.Unmarshal([]byte(v), j.v)
	}
	return fmt.Errorf("sqlite: JSON of type %T", v)
}

// tags scans a list of texts; an empty one is nil.
type tags struct{ to *[]string }

// Scan implements sql.Scanner.
func (t tags) Scan(v any) error {
	if s, ok := v.(string); ok && s == "[]" {
		*t.to = nil
		return nil
	}
	return asJSON{t.to}.Scan(v)
}

func scanRow(r *sql.Row, dest []any) (found bool, err error) {
	switch err := r.Scan(dest...); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("sqlite: %w", err)
	}
	return true, nil
}

// scanner is a row of a result.
type scanner interface{ Scan(dest ...any) error }

func scanID(r scanner) (id int64, err error) {
	err = r.Scan(&id)
	return id, err
}

// collect reads all rows of a result.
func collect[T any](rows *sql.Rows, err error, scan func(scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("sqlite: %w", err), rows.Close())
		}
		all = append(all, v)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return all, nil
}
