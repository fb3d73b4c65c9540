// Package ota seals and opens secured packets, the envelopes in which a server talks to an application on a UICC
// over SMS: command packets and response packets (proof of receipt, PoR), for both ends of the line.
//
// It follows ETSI TS 102 225 with the SMS binding of 3GPP TS 31.115. A packet is what comes after the user data
// header; headers and splitting are package sms. The package keeps no state: counters, retries and the choice of a
// keyset are the caller's, as is the card's minimum security level ([SPI.Covers]).
//
//	command   CPL CHL SPI KIc KID TAR | CNTR PCNTR RC/CC data padding
//	response  RPL RHL TAR             | CNTR PCNTR status RC/CC data padding
//
// Everything right of the bar is ciphered when the SPI says so. The cryptographic checksum (CC) is made over clear
// text, padding included, everything but itself.
//
// Built here: no check and CC, with 3DES (outer CBC, full CBC-MAC) and AES (CBC, CMAC). Redundancy checks, digital
// signatures, single DES and ECB are refused with [ErrUnsupported].
package ota
