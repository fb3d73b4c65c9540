// Package sat speaks the card's language: command APDUs, status words, file
// identifiers and application identifiers.
//
// The folder bears the name of the SIM application toolkit because everything
// below it is what a server says to a card, or a card to its terminal, once a
// secured packet is open: files (rfm), applets (ram), eUICC profiles (euicc),
// toolkit commands (proactive) and the TLV codings they share (tlv).
//
// A command APDU of short length, ISO/IEC 7816-4 and ETSI TS 102 221, 10.1:
//
//	+-----+-----+----+----+      +----+---------+      +----+
//	| CLA | INS | P1 | P2 |  +   | Lc | data    |  +   | Le |
//	+-----+-----+----+----+      +----+---------+      +----+
//	       header                 if data is sent       if data is expected
package sat
