package receipt

import (
	"fmt"
	"strings"
)

// State is a message_state (SMPP 3.4, 5.2.28; SMPP 5.0, 4.7.15). The numbers are those on the wire,
// but for [Scheduled]: 0 is none here. Octets of a PDU become states by [OnWire].
type State byte

// The states of SMPP 3.4, table 5-6, and the two that SMPP 5.0 adds.
const (
	Enroute       State = 1
	Delivered     State = 2
	Expired       State = 3
	Deleted       State = 4
	Undeliverable State = 5
	Accepted      State = 6
	Unknown       State = 7
	Rejected      State = 8
	Skipped       State = 9    // SMPP 5.0: taken, but never sent
	Scheduled     State = 0xFF // SMPP 5.0: 0 on the wire
)

var stateNames = [...]string{"none", "enroute", "delivered", "expired", "deleted", "undeliverable", "accepted", "unknown", "rejected", "skipped"}

// String gives the state as a lower-case word.
func (s State) String() string {
	switch {
	case s == Scheduled:
		return "scheduled"
	case int(s) < len(stateNames):
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", byte(s))
}

// OnWire is the state that an octet of a PDU means. Numbers of no standard, which vendors use, are [Unknown].
func OnWire(v byte) State {
	switch {
	case v == 0:
		return Scheduled
	case v <= byte(Skipped):
		return State(v)
	}
	return Unknown
}

// Final reports whether the SMSC has finished with the message: nothing after this state is a change.
// Accepted and unknown are not, though SMPP 5.0 calls them so: SMSCs send them first and the outcome later.
func (s State) Final() bool {
	switch s {
	case Delivered, Expired, Deleted, Undeliverable, Rejected, Skipped:
		return true
	}
	return false
}

// stateStems are what the stat words in the field start with.
var stateStems = []struct {
	stem  string
	state State
}{
	{"deliv", Delivered}, {"undel", Undeliverable}, {"expir", Expired}, {"delet", Deleted}, {"accep", Accepted},
	{"acked", Accepted}, {"reject", Rejected}, {"enrou", Enroute}, {"unkno", Unknown}, {"fail", Undeliverable},
	{"buffer", Enroute}, {"sched", Scheduled}, {"skip", Skipped},
}

func stateOf(word string) State {
	word = strings.ToLower(word)
	for _, s := range stateStems {
		if strings.HasPrefix(word, s.stem) {
			return s.state
		}
	}
	return 0
}
