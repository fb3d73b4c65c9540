// Package swap is the saga of one card: from the first read over the switch of
// its identity to the proof that its device uses the new network. It is one
// pure function, [Next], of what is known: facts pinned when the card was
// claimed, evidence, and the time. It sends nothing and stores nothing, so a
// restart, late evidence or a second server need no code of their own.
//
// A proof of receipt is not success: it leaves the card before the phone reads
// the new identity, from the old number. The ladder is submitted, delivered,
// executed, re-attached, moved, settings delivered, verified; only evidence of
// its rank lifts a target to a rung, and the order of arrival plays no part:
// reads rank by counter, events by the time they happened.
//
// The same function serves campaigns of kind rfm, which write files and leave
// the identity alone: they end with the writes.
package swap
