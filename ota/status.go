package ota

import "fmt"

// Status is the response status code of a proof of receipt (ETSI TS 102 225, 5.2; 0B and 0C: 3GPP TS 31.115).
type Status byte

// Response status codes.
const (
	StatusOK                   Status = 0x00
	StatusCheckFailed          Status = 0x01 // RC, CC or DS
	StatusCounterLow           Status = 0x02 // also the answer to a packet the card already ran
	StatusCounterHigh          Status = 0x03
	StatusCounterBlocked       Status = 0x04
	StatusCipheringError       Status = 0x05
	StatusSecurityError        Status = 0x06 // unidentified; always sent in clear
	StatusNoMemory             Status = 0x07
	StatusMoreTime             Status = 0x08 // another response follows
	StatusTARUnknown           Status = 0x09
	StatusInsufficientSecurity Status = 0x0A
	StatusResponseBySubmit     Status = 0x0B // the actual response follows
	StatusResponseByUSSD       Status = 0x0C // the actual response follows
)

// String returns plain words.
func (s Status) String() string {
	switch {
	case s.Reserved():
		return fmt.Sprintf("reserved status %02X", byte(s))
	case s >= 0xC0:
		return fmt.Sprintf("proprietary status %02X", byte(s))
	}
	return [...]string{
		"ok",
		"integrity check failed (RC, CC or DS)",
		"counter too low",
		"counter too high",
		"counter blocked",
		"ciphering error",
		"unidentified security error",
		"not enough memory for the message",
		"the card needs more time, another response follows",
		"unknown TAR",
		"insufficient security level",
		"the actual response follows by SMS-SUBMIT",
		"the actual response follows by USSD",
	}[s]
}

// Reserved reports whether the standard assigns no meaning to the code: 0D..BF and FF.
func (s Status) Reserved() bool { return s > StatusResponseByUSSD && s < 0xC0 || s == 0xFF }
