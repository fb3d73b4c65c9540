// Package trace lets people watch what passes over SMPP links, without what
// must stay secret and without holding a link up.
//
// A [Tap] hears every frame of one link or all. It keeps those that match, in
// a queue with a limit: a reader who is too slow loses PDUs and is told how
// many.
//
// What devices are told may hold the password of an access point, and one part
// of a message does not show of which message it is. So user data are shown as
// a length only, unless they are secured packets, which the header of their
// first part names, or receipts; and of a receipt not the text that it quotes.
// What cannot be read is not shown either. The passwords of binds are masked by
// package smpp.
package trace
