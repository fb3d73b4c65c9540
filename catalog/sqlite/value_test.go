package sqlite

import (
	"database/sql/driver"
	"reflect"
	"testing"
)

func TestValuesGoIntoVariablesThatCanHoldThem(t *testing.T) {
	t.Parallel()
	type (
		word  string
		octet byte
		small int8
		flag  bool
	)
	const fails = "fails"
	for _, tt := range []struct {
		dest  any
		value driver.Value
		want  any // fails, or what dest points to then
	}{
		{new(int64), int64(-7), int64(-7)},
		{new(int), int64(1 << 40), 1 << 40},
		{new(small), int64(-128), small(-128)},
		{new(small), int64(128), fails},
		{new(octet), int64(255), octet(255)},
		{new(octet), int64(256), fails},
		{new(octet), int64(-1), fails},
		{new(uint64), int64(-1), fails},
		{new(bool), int64(1), true},
		{new(flag), int64(0), flag(false)},
		{new(flag), "1", fails},
		{new(string), "x", "x"},
		{new(word), "x", word("x")},
		{new(word), int64(1), fails},
		{new(string), nil, fails},
		{new(int64), nil, fails},
		{new(int64), "7", fails},
		{new(float64), int64(7), fails},
		{new([]byte), nil, []byte(nil)},
		{new([]byte), []byte{}, []byte{}},
		{new([]byte), []byte{1}, []byte{1}},
		{new([]byte), "x", fails},
		{new(any), int64(7), any(int64(7))},
	} {
		err := take(tt.dest, tt.value)
		if (err != nil) != reflect.DeepEqual(tt.want, fails) {
			t.Errorf("%#v into %T: %v", tt.value, tt.dest, err)
		} else if got := reflect.ValueOf(tt.dest).Elem().Interface(); err == nil && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%#v into %T is %#v, want %#v", tt.value, tt.dest, got, tt.want)
		}
	}
}

func TestARowHasAsManyVariablesAsColumns(t *testing.T) {
	t.Parallel()
	d := open(t, file(t))
	for _, dest := range [][]any{{}, {new(int)}, {new(int), new(int), new(int)}} {
		err := d.look(t.Context(), func(r reader) error { return r.row(`SELECT 1, 2`, nil, dest...) })
		if err == nil {
			t.Errorf("two columns into %d variables", len(dest))
		}
	}
}

func TestAStatementHasAsManyArgumentsAsItTakes(t *testing.T) {
	t.Parallel()
	d := open(t, file(t))
	for _, args := range [][]any{nil, {1}, {1, 2, 3}} {
		var n int
		err := d.look(t.Context(), func(r reader) error { return r.row(`SELECT COUNT(*) FROM card WHERE id IN (?1, ?2)`, args, &n) })
		if err == nil {
			t.Errorf("%d arguments are enough for two", len(args))
		}
	}
}
