package receipt

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Cause is why a message was not delivered, whatever numbers an operator has for it.
type Cause byte

// The causes. The zero value says that nobody told.
const (
	CauseUnknown Cause = iota
	CauseAbsent
	CauseMemoryFull
	CauseUnknownSubscriber
	CauseIllegalSubscriber
	CauseCallBarred
	CauseNoTeleservice
	CauseNoFacility
	CauseEquipment
	CauseBusy
	CauseNetwork
	CauseCongestion
	CauseExpired
	CauseDeleted
	CauseRejected
	CauseBlocked
)

// Retry says when it makes sense to send again.
type Retry byte

// Times to send again.
const (
	RetryLater Retry = iota // after a while
	RetryNow
	RetryOnReturn // when the card is back in the network: the SMSC alerts, or a new answer shows it
	RetryNever    // not without a change
)

var retryWords = [...]string{"after a while", "now", "when it is back", "never without a change"}

// String says it in words.
func (r Retry) String() string {
	if int(r) < len(retryWords) {
		return retryWords[r]
	}
	return fmt.Sprintf("retry %d", byte(r))
}

// causes by number. Names are those of a configuration; no words end in those of another cause, for
// [CauseIn] reads them back.
var causes = [...]struct {
	name, words, advice string
	retry               Retry
}{
	CauseUnknown:           {"unknown", "cause not told", "ask the operator what this error code means, and enter it in causes of the link", RetryLater},
	CauseAbsent:            {"absent-subscriber", "absent subscriber", "see that the device is on and in coverage", RetryOnReturn},
	CauseMemoryFull:        {"memory-full", "memory of the phone is full", "free message memory in the device", RetryOnReturn},
	CauseUnknownSubscriber: {"unknown-subscriber", "unknown subscriber", "check the card's number: the network has nobody under it", RetryNever},
	CauseIllegalSubscriber: {"illegal-subscriber", "subscriber is illegal or barred", "ask the operator to unbar the subscription", RetryNever},
	CauseCallBarred:        {"call-barred", "short messages are barred", "ask the operator to lift the barring of short messages", RetryNever},
	CauseNoTeleservice:     {"no-teleservice", "short messages are not provisioned", "ask the operator to provision the short message teleservice", RetryNever},
	CauseNoFacility:        {"no-facility", "facility is not supported", "ask the operator whether its network delivers messages to the SIM (PID 7F, class 2)", RetryNever},
	CauseEquipment:         {"equipment-error", "SIM or phone did not take it", "see what the card answers; check that the phone passes messages on to the SIM", RetryLater},
	CauseBusy:              {"subscriber-busy", "subscriber is busy", "nothing to do, another message was under way", RetryNow},
	CauseNetwork:           {"network-failure", "network failure", "tell the operator if it lasts", RetryLater},
	CauseCongestion:        {"congestion", "congestion", "lower rate of the link if it lasts", RetryLater},
	CauseExpired:           {"expired", "validity ended first", "see that the device is on and in coverage; give it more time", RetryOnReturn},
	CauseDeleted:           {"deleted", "deleted at the SMSC", "ask the operator who deleted it", RetryLater},
	CauseRejected:          {"rejected", "refused by the SMSC", "check source_address and what the operator lets this account send", RetryNever},
	CauseBlocked:           {"blocked", "blocked by the operator's firewall", "ask the operator to let secured messages of this account pass", RetryNever},
}

// String gives the cause in plain words.
func (c Cause) String() string {
	if int(c) < len(causes) {
		return causes[c].words
	}
	return fmt.Sprintf("cause %d", byte(c))
}

// Advice says what a person can do.
func (c Cause) Advice() string {
	if int(c) < len(causes) {
		return causes[c].advice
	}
	return causes[CauseUnknown].advice
}

// Retry says when to send again. It says nothing of a write that may have run: that takes its fence.
func (c Cause) Retry() Retry {
	if int(c) < len(causes) {
		return causes[c].retry
	}
	return RetryLater
}

// ofState are the causes that a state alone tells.
var ofState = map[State]Cause{
	Expired: CauseExpired, Deleted: CauseDeleted, Rejected: CauseRejected, Skipped: CauseNetwork,
}

// Cause is why the message was not delivered: by the operator's table, else by the GSM error code, else
// by the state. The err field of a text means something only by the table, for every SMSC has its own numbers.
func (r Receipt) Cause(t Table) Cause {
	written, network := strings.ToLower(r.ErrText), strings.Contains(r.Err, ":")
	if c, ok := t[r.Err]; ok && network {
		return c
	}
	if c, ok := t[written]; ok {
		return c
	}
	if c, ok := gsmCause(r.Err); ok {
		return c
	}
	return ofState[r.State]
}

// Describe tells state, error code as written and cause in one line:
//
//	undeliverable, err 1 (GSM): unknown subscriber
func (r Receipt) Describe(t Table) string {
	text := r.State.String()
	if r.Err != "" {
		text += ", err " + r.code()
	}
	return text + ": " + r.Cause(t).String()
}

// networkTypes are the types of a network_error_code (SMPP 3.4, 5.3.2.31).
var networkTypes = map[string]string{"1": "ANSI-136", "2": "IS-95", "3": "GSM"}

func (r Receipt) code() string {
	kind, code, network := strings.Cut(r.Err, ":")
	switch name := networkTypes[kind]; {
	case network && name != "":
		return code + " (" + name + ")"
	case network || r.ErrText == "":
		return shown(r.Err)
	}
	return shown(r.ErrText)
}

// shown keeps what an SMSC wrote from being long, or anything but one line.
func shown(s string) string {
	if len(s) > maxErr || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return strconv.Quote(s[:min(len(s), maxErr)])
	}
	return s
}

// CauseIn finds the cause that ends a line of [Receipt.Describe]; ok is false for any other text.
func CauseIn(line string) (c Cause, ok bool) {
	_, words, found := cutLast(line, ": ")
	for i, cause := range causes {
		if found && cause.words == words {
			return Cause(i), true
		}
	}
	return 0, false
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
