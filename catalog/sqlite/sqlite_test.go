package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
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

// More readers than sessions: each waits for one, and none for another's.
func TestManyFirstReadersDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	db := open(t, file(t))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range 8 * readers {
		wg.Go(func() {
			<-start
			if _, err := db.Dossier(ctx, int64(i)); !errors.Is(err, catalog.ErrNotFound) {
				t.Errorf("reader %d: %v", i, err)
			}
		})
	}
	close(start)
	wg.Wait()
}

func TestOnlyTheOwnerReadsDatabaseAndBackups(t *testing.T) {
	t.Parallel()
	path := file(t)
	db := open(t, path)
	copied := path + ".copy"
	if err := db.Backup(t.Context(), "test", copied); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", copied} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", filepath.Base(name), mode)
		}
	}
}
