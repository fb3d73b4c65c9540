// Package rfm knows the files of a USIM as values: where each file of a
// subscription lies, how its content is coded, and what a swap must write into
// it (3GPP TS 31.102, ETSI TS 102 221).
//
// Reading a card gives a Snapshot; Diff compares it with the Identity the card
// shall have and gives the updates, in the order in which a card that stops
// half way is harmless: names and lists first, the identity last.
//
// Keys, KeysPS and EPSNSC hold live session keys. A Snapshot and an Update
// print names and lengths of such files, never their octets.
package rfm
