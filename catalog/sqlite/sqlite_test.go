package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/simota/simota/catalog/catalogtest"
)

func open(t testing.TB, path string) *DB {
	t.Helper()
	d, err := Open(t.Context(), path, Options{Node: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "simota.db") }

func TestStore(t *testing.T) {
	t.Parallel()
	catalogtest.Run(t, func(t *testing.T) catalogtest.Store {
		d := open(t, file(t))
		t.Cleanup(func() { // what any law leaves behind is a good database
			r, err := d.Check(context.Background())
			if err != nil || len(r.Integrity) > 0 || len(r.ForeignKeys) > 0 || r.AuditBroken != "" {
				t.Errorf("check: %+v, %v", r, err)
			}
		})
		return d
	})
}
