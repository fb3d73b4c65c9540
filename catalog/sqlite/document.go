package sqlite

import (
	"context"
	"fmt"
	"sync"

	"github.com/simota/simota/catalog"
)

// documents are the operators and card types that were read: every target asks
// for some, and they hardly ever change. Only who may write keeps any, for nobody
// else can then change them unseen.
type documents struct {
	mu      sync.Mutex
	known   map[string]any
	changes int
}

func (k *documents) get(key string) (v any, found bool, changes int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, found = k.known[key]
	return v, found, k.changes
}

// put keeps what was read, unless something has changed since: it may be older.
func (k *documents) put(key string, v any, changes int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if changes != k.changes {
		return
	}
	if k.known == nil {
		k.known = map[string]any{}
	}
	k.known[key] = v
}

func (k *documents) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known = nil
	k.changes++
}

// change runs a step that changes documents.
func (d *DB) change(ctx context.Context, s step) error {
	defer d.documents.forget()
	return d.do(ctx, s)
}

func document[T any](ctx context.Context, d *DB, what, name, query string) (v T, err error) {
	key := what + " " + name
	known, found, changes := d.documents.get(key)
	if found {
		return known.(T), nil
	}
	all, err := read(ctx, d, scanDocument[T], query, name)
	if err != nil {
		return v, err
	}
	if len(all) == 0 {
		return v, fmt.Errorf("%w: %s %q", catalog.ErrNotFound, what, name)
	}
	if d.w != nil {
		d.documents.put(key, all[0], changes)
	}
	return all[0], nil
}

func scanDocument[T any](s scanner) (v T, err error) {
	err = s.Scan(asJSON{&v})
	return v, err
}
