// Package euicc is the remote management of profiles on an M2M eUICC over SMS:
// the functions a server calls at the card's ISD-R, and what the card says
// back (GSMA SGP.02, 4.1, interface ES5).
//
//	server                                   card (ISD-R, TAR 000001)
//	  | -- EnableProfile ---------------------> |
//	  | <-- 9000: accepted, not yet done ------ |  then REFRESH, new network
//	  | <-- Notice: profile changed ----------- |
//	  | -- HandleNotificationConfirmation ----> |  without it the card rolls back
//	  | <-- Confirmation: profiles it deleted - |
//
// A [Function] is one command, from either side: a server makes its
// [sat.Command], a card finds out with [Parse] which function was called. The
// commands travel in expanded scripts; a Notice is the data of a command packet
// that the card sends, and packets are not this package's business.
//
// Lengths, tags and values are strict in both directions. What a card may add
// by a later version of the specification is kept as unknown.
package euicc
