package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
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

// bind makes the arguments values of the driver. One that is missing would be NULL
// to it.
func (s *statement) bind(args []any) (err error) {
	if n := s.NumInput(); len(args) != n {
		return fmt.Errorf("sqlite: %d arguments for a statement that takes %d", len(args), n)
	}
	s.args = s.args[:0]
	for i, a := range args {
		v := driver.NamedValue{Ordinal: i + 1}
		if named, ok := a.(sql.NamedArg); ok {
			v.Name, a = named.Name, named.Value
		}
		switch a := a.(type) {
		case nil, int64, string, []byte:
			v.Value = a
		case int:
			v.Value = int64(a)
		default:
			if v.Value, err = driver.DefaultParameterConverter.ConvertValue(a); err != nil {
				return fmt.Errorf("sqlite: argument %d: %w", i+1, err)
			}
		}
		s.args = append(s.args, v)
	}
	return nil
}

// What comes out.

// take copies a value of the driver into a variable. Only octets may be NULL:
// for others the query says what that means.
func take(dest any, v driver.Value) error {
	switch d := dest.(type) {
	case sql.Scanner:
		return d.Scan(v)
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	case *string:
		if s, ok := v.(string); ok {
			*d = s
			return nil
		}
	case *any:
		*d = v
		return nil
	case *[]byte:
		if b, ok := v.([]byte); ok || v == nil {
			*d = b // the driver has copied it
			return nil
		}
	}
	if !assign(reflect.ValueOf(dest).Elem(), v) {
		return fmt.Errorf("%T into %T", v, dest)
	}
	return nil
}

// assign is take for the types that the catalog and the ledger define.
func assign(dest reflect.Value, v driver.Value) bool {
	n, isInt := v.(int64)
	switch kind := dest.Kind(); {
	case isInt && kind == reflect.Bool:
		dest.SetBool(n != 0)
	case isInt && dest.CanInt() && !dest.OverflowInt(n):
		dest.SetInt(n)
	case isInt && dest.CanUint() && n >= 0 && !dest.OverflowUint(uint64(n)):
		dest.SetUint(uint64(n))
	case kind == reflect.String:
		s, ok := v.(string)
		if ok {
			dest.SetString(s)
		}
		return ok
	default:
		return false
	}
	return true
}

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

// scanner is a row of a result.
type scanner interface{ Scan(dest ...any) error }

func scanID(r scanner) (id int64, err error) {
	err = r.Scan(&id)
	return id, err
}

// collect reads all rows of a result.
func collect[T any](r *rows, err error, scan func(scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	var all []T
	for r.next() {
		v, err := scan(r)
		if err != nil {
			return nil, r.end(err)
		}
		all = append(all, v)
	}
	if err := r.end(nil); err != nil {
		return nil, err
	}
	return all, nil
}
