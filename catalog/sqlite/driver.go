package sqlite

import (
	"errors"
	"net/url"

	"github.com/mattn/go-sqlite3"
)

// driverName is what the driver registers itself as. This file is the only
// one that knows the driver.
const driverName = "sqlite3"

// Data source names. Every connection waits for a lock instead of failing at
// once; those that may write have the durability and the checks of the writer,
// so that no connection can ever be the weak one. Every commit empties what readers
// have cached: a larger cache of theirs costs memory and saves nothing.
const (
	writeParams = "_busy_timeout=10000&_foreign_keys=1&_synchronous=FULL&_mutex=no&_cache_size=-32768"
	readParams  = "_busy_timeout=10000&_foreign_keys=1&_query_only=1&_mutex=no&_cache_size=-2048"
)

func dsn(path, params string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + params
}

// isUnique tells the violation of a UNIQUE constraint from other errors.
func isUnique(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.ExtendedCode == sqlite3.ErrConstraintUnique
}

// isBroken says that the file or its device failed: after this nothing that
// the connection says about durability can be trusted.
func isBroken(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrIoErr || e.Code == sqlite3.ErrCorrupt || e.Code == sqlite3.ErrNotADB)
}

// isAbort tells an error of the database from one of a step. After one, SQLite
// may have rolled the transaction back by itself, so no step of it can stand.
func isAbort(err error) bool {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case sqlite3.ErrConstraint, sqlite3.ErrError, sqlite3.ErrMismatch, sqlite3.ErrTooBig:
		return false
	}
	return true
}
