// Package ledger is the record of what happened: campaigns and their targets,
// attempts, their parts and submissions, the inbox, evidence and the audit.
// It holds records, the operations on them and the interface of a store; it
// holds no SQL and no decisions.
//
// # Operations, not closures
//
// Every change is an [Op]: a plain struct that says what is to be true before
// and after. [Store.Apply] takes a batch of them, and commits what it can in
// one durable transaction. Each operation is atomic for itself: one that loses
// (a counter moved, a lease lost, a write open) leaves no rows and does not
// harm its neighbours. So a store can commit many callers' operations with one
// fsync, several servers can share one store, and no cryptography ever runs
// while a transaction is open.
//
// # Fencing
//
// A server works on a target under a lease. Its token rises whenever a lease
// changes hands; every operation on a target carries the token and is refused
// with [ErrLeaseLost] when it is not the current one, so a server that was
// thought dead cannot write after another has taken over.
package ledger
