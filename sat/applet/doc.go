// Package applet makes vendors' multi-IMSI applets talk: their commands are
// private, so each is described by a [Template] of hex with placeholders, and
// not by code.
//
//	tar: "b00fe1"
//	format: expanded
//	apdu: ["80E2 9000 0B 01 ${slot} 08 ${imsi:bcd}"]
//	expect: ["9000", "91xx"]
//	refresh: card
//	read_back: ["80CA 0001 00"]
//	read_back_expect: "02 ${slot} ${imsi} .*"
//
// A template is checked completely when it is loaded: every placeholder has one
// coding of fixed length, so lengths are known before any value is. [Template.Compile]
// gives an [Applet], which makes the commands of one switch, judges the answer,
// and tells from the read-back which identity is in use. Such applets decide by
// themselves too, on loss of service, by country or by timer: a later read-back
// that shows the old identity says that the card undid the switch.
//
// The placeholders:
//
//	${slot}        1 octet, a number 0 to 255
//	${imsi}        9 octets, as in EF_IMSI (3GPP TS 31.102, 4.2.2)
//	${imsi:bcd}    8 octets, digits swapped, F after them
//	${imsi:ascii}  15 octets, for an IMSI of 15 digits
//	${iccid}       10 octets, as in EF_ICCID (ETSI TS 102 221, 13.2)
//	${mcc}         2 octets, digits swapped, F after them
//	${mcc:ascii}   3 octets
//	${timer:n}     n octets, 1 to 4, a number; its unit is the applet's
package applet
