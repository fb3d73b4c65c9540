// Package smpp keeps one SMSC link alive: it binds, submits within a window and a rate, and hands
// deliveries on, as SMPP 3.4 describes.
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
// Every message taken by [Link.Submit] gets a [Result] that says what is certain. A response
// timeout or a lost link is [Ambiguous]: the SMSC may have the message. Nothing is resent here.
//
// The frames sent are those of github.com/fiorix/go-smpp: it builds the bind requests, and the tests
// hold the submit_sm encoder to its octets.
package smpp
