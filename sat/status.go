package sat

import "fmt"

// Status is a status word, SW1 in the high and SW2 in the low octet (ETSI TS
// 102 221, 10.2).
type Status uint16

// Status words that decide something.
const (
	StatusOK        Status = 0x9000
	StatusTruncated Status = 0x62F1 // in a script: response cut short and the rest not run (ETSI TS 102 226, 5.2)
	StatusNoFile    Status = 0x6A82
	StatusNoRecord  Status = 0x6A83
	StatusNoAccess  Status = 0x6982 // the access domain of the application does not reach the file
	StatusNoSpace   Status = 0x6A84 // of CREATE FILE, RESIZE FILE and SET DATA
)

// OK says whether the command did what it was asked: 9000, 91xx (a toolkit
// command waits), 61xx and 9Fxx (a response waits). Warnings are not OK.
func (s Status) OK() bool {
	switch s >> 8 {
	case 0x91, 0x61, 0x9F:
		return true
	}
	return s == StatusOK
}

// meanings of whole status words (ETSI TS 102 221, 10.2.1; those from 9240 to
// 9850 are 2G, 3GPP TS 51.011, 9.4; 6A89 and 6A8A TS 102 222, 69E1 GSMA SGP.02,
// 6310 GlobalPlatform).
var meanings = map[Status]string{
	0x9000: "done",
	0x6200: "warning: no information, nothing changed",
	0x6281: "warning: part of the returned data may be corrupt",
	0x6282: "warning: end of file reached early, or nothing was found",
	0x6283: "warning: selected file is deactivated",
	0x6285: "warning: selected file is terminated",
	0x62F1: "response was cut short and the rest of the script did not run",
	0x62F2: "warning: more data available and a toolkit command waits",
	0x62F3: "warning: response data available",
	0x6300: "warning: no information, something changed",
	0x6310: "more data available",
	0x63F1: "warning: more data expected",
	0x63F2: "warning: more data expected and a toolkit command waits",
	0x6400: "failed: nothing changed",
	0x6500: "failed: something changed",
	0x6581: "memory problem on the card",
	0x6700: "wrong length",
	0x6800: "function of this class is not supported",
	0x6881: "logical channel is not supported",
	0x6882: "secure messaging is not supported",
	0x6900: "command not allowed",
	0x6981: "command does not fit the structure of the file",
	0x6982: "security status not satisfied: this file may not be accessed",
	0x6983: "authentication or PIN is blocked",
	0x6984: "referenced data is invalidated",
	0x6985: "conditions of use not satisfied",
	0x6986: "command not allowed: no file is selected",
	0x6989: "command not allowed: secure channel security not satisfied",
	0x69E1: "policy rule (POL1) forbids it",
	0x6A80: "wrong parameters in the data field",
	0x6A81: "function is not supported",
	0x6A82: "file not found",
	0x6A83: "record not found",
	0x6A84: "not enough memory space",
	0x6A85: "Lc does not fit the TLV structure",
	0x6A86: "wrong P1 or P2",
	0x6A87: "Lc does not fit P1 and P2",
	0x6A88: "referenced data not found",
	0x6A89: "a file of this identifier exists already",
	0x6A8A: "an application of this name exists already",
	0x6B00: "wrong P1 or P2: offset is outside the file",
	0x6D00: "instruction is not supported or not valid",
	0x6E00: "class is not supported",
	0x6F00: "technical problem without diagnosis",
	0x9240: "memory problem on the card",
	0x9300: "toolkit is busy, command not executed",
	0x9400: "no file is selected",
	0x9402: "offset or record is outside the file",
	0x9404: "file not found",
	0x9408: "command does not fit the structure of the file",
	0x9802: "no PIN is initialised",
	0x9804: "access condition not fulfilled",
	0x9808: "in contradiction with the PIN status",
	0x9810: "in contradiction with the invalidation status",
	0x9840: "PIN is blocked",
	0x9850: "increase refused: maximum reached",
	0x9862: "authentication error, incorrect MAC",
	0x9863: "session key or security association error",
	0x9864: "authentication error, context is not supported",
	0x9865: "key freshness failure",
	0x9866: "authentication error, no memory space",
}

// String returns the status word in hex and in plain words.
func (s Status) String() string { return fmt.Sprintf("%04X %s", uint16(s), s.meaning()) }

func (s Status) meaning() string {
	if m, ok := meanings[s]; ok {
		return m
	}
	sw2 := int(s & 0xFF)
	switch s >> 8 {
	case 0x91:
		return fmt.Sprintf("done, a toolkit command of %d octets waits", expected(byte(sw2)))
	case 0x61, 0x9F:
		return fmt.Sprintf("done, %d octets of response wait", expected(byte(sw2)))
	case 0x6C:
		return fmt.Sprintf("wrong length: %d octets are available", expected(byte(sw2)))
	case 0x62:
		return "warning, nothing changed"
	case 0x63:
		if sw2&0xF0 == 0xC0 {
			return fmt.Sprintf("verification failed or update retried, counter %d", sw2&0x0F)
		}
		return "warning, something changed"
	case 0x64:
		return "failed: nothing changed"
	case 0x65:
		return "failed: something changed"
	case 0x67:
		return "wrong length"
	case 0x68:
		return "function of this class is not supported"
	case 0x69:
		return "command not allowed"
	case 0x6A:
		return "wrong parameters"
	case 0x6F:
		return "technical problem"
	case 0x92:
		if sw2 <= 0x0F {
			return fmt.Sprintf("done after %d internal retries (2G)", sw2)
		}
		return "done, with information on a data transfer session"
	case 0x9E:
		return fmt.Sprintf("failed, %d octets of response wait", expected(byte(sw2)))
	}
	return "unknown status word"
}
