// Package campaign runs one change over many cards: it selects them, lets them
// go at a pace, holds back what must not be risked, and carries each through
// its saga. What a target needs next is decided by package swap, how it gets
// there and what became of it by package delivery; this package joins them.
//
// A target is worked on by level, not by edge: whatever wakes it (an answer, a
// receipt, a due time, a start of the server), its worker reads all that is
// known, asks what is to be done, does one thing, and asks again. So nothing
// is lost by a crash, and nothing is done twice by being told twice.
package campaign
