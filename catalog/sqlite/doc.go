// Package sqlite keeps the catalog and the ledger in one SQLite file. It holds
// the SQL and the migrations, and no decision of its own.
//
// # One writer
//
// One goroutine owns the only connection that writes. It takes whatever
// operations queued while the last commit ran, applies them in one
// transaction, commits with one fsync and answers them all: under load
// thousands share an fsync, alone an operation waits for nobody. There is no
// timer.
//
// An operation checks first and writes then, so one that loses has written
// nothing and needs no savepoint. Should one fail after it has written, the
// transaction is rolled back and its batch is run again, each operation in a
// savepoint of its own.
//
// # Readers
//
// Readers have connections of their own that cannot write. In WAL mode they
// neither wait for the writer nor hold it up, and they see all that was
// committed before they began.
//
// # Durability and restore
//
// WAL with synchronous FULL: what Apply has answered survives a loss of power.
// [Open] reads the setting back and refuses to run with less. A restored
// database is old, and an old counter would be used twice; the generation, its
// sidecar file and the stamp of every backup copy keep such a database from
// being opened before [AdoptRestore] has made it safe.
package sqlite
