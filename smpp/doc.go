// Package smpp keeps one SMSC link alive: it binds, submits within a window, and hands deliveries on, as
// SMPP 3.4 describes. Interface versions 3.3 and 5.0 are spoken as far as they differ.
//
// A [Link] owns one or more sessions with the same account. Each session has one goroutine that
// reads, one that writes, one that watches the clock and one that waits for the [Handler]; a slow
// handler therefore never delays an enquire_link_resp or the answer to a submit_sm.
//
// Frames come first, meaning second: the reader cuts the stream into frames by command_length and only
// then looks at the body, so a body that makes no sense costs one error response and never the link.
//
//	 0        4        8        12       16
//	+--------+--------+--------+--------+------------------
//	| length | id     | status | seq    | body, then TLVs     SMPP 3.4, 3.2
//	+--------+--------+--------+--------+------------------
//
// What arrives or leaves together is handled under one lock and with one system call. What no handler
// can be given is kept for inspection ([Link.Malformed]); all frames can be listened to ([Link.Trace]).
// Only an impossible command_length ends the session, since the next frame cannot be found any more;
// when that repeats itself, the delay before each new bind grows.
//
// Every message taken by [Link.Submit] or [Link.TrySubmit] gets a [Result] that says what is certain. A
// response timeout or a lost link is [Ambiguous]: the SMSC may have the message. Nothing is resent here, and nothing is
// paced: who submits decides how fast. With several sessions, messages to one destination keep to one
// of them while any is in flight, so that parts do not overtake each other.
//
// A slot of the window whose response is overdue stays taken, because the response may still come and
// is then matched by its whole sequence number; a session with a quarter of its window stuck is given up.
//
// The frames sent are those of github.com/fiorix/go-smpp: it builds the bind requests, and the tests
// hold the submit_sm encoder to its octets.
package smpp
