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
// Everything right of the bar is ciphered when the SPI says so. The redundancy check (RC) or cryptographic checksum
// (CC) is made over clear text, padding included, everything but itself.
//
// # What is built
//
//	RC       CRC-16 and CRC-32; KID names the CRC, and its high half the key set of KIc
//	CC       CBC-MAC with DES, 3DES of two or three keys; CMAC with AES, 8 octets or 4
//	cipher   CBC with DES, 3DES of two or three keys, AES of 128, 192 or 256 bits; ECB with DES
//
// in any combination, with every counter mode and every proof of receipt. Digital signatures, implicit and proprietary
// algorithms and reserved bits are [ErrUnsupported].
//
// # What is weak
//
// The command itself, and the keys of the answer it asks for, are refused with [ErrWeak] for the first reason that
// holds, when sealing and when opening, unless [Options].AllowWeak is set:
//
//	KIc and KID name different key sets      a card answers that with status 06
//	AES with counter mode 00 or 01           not permitted by TS 102 225
//	no check, or RC, in the command          anybody could write one
//	counter mode 00 or 01                    a copy of the command runs again
//	DES, in CBC or ECB, as KIc or KID        breakable by search
//	3DES with K1 = K2 or K2 = K3             single DES in fact
//
// What protects the answer is no such reason: one without CC is not refused, it says that it is not
// [Response].Authenticated.
package ota
