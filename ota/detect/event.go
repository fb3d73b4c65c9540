package detect

import "time"

// Kind is what happened.
type Kind string

// Kinds of events.
const (
	Attach     Kind = "attach"      // an identity registered in a network
	Session    Kind = "session"     // a data connection was opened, with the APN named
	IMEIChange Kind = "imei change" // an identity is in another device; some feeds do not say which
	Detach     Kind = "detach"      // it left
)

// Event is one sight of a subscription. Of IMSI, ICCID and MSISDN at least one
// is there.
type Event struct {
	Time   time.Time `json:"time,omitzero"` // when it happened, by the source's clock; zero if it does not say
	IMSI   string    `json:"imsi,omitempty"`
	IMEI   string    `json:"imei,omitempty"` // 14 to 16 digits, as the source writes it
	ICCID  string    `json:"iccid,omitempty"`
	MSISDN string    `json:"msisdn,omitempty"` // with a leading plus
	APN    string    `json:"apn,omitempty"`
	MCC    string    `json:"mcc,omitempty"` // of the visited network
	MNC    string    `json:"mnc,omitempty"`
	Kind   Kind      `json:"kind"`
	Source string    `json:"source"` // "attach feed", "radius", "t8"
}

// PLMN is the visited network, MCC and MNC; empty if unknown.
func (e Event) PLMN() string {
	if e.MCC == "" || e.MNC == "" {
		return ""
	}
	return e.MCC + e.MNC
}

// Present reports whether the event says that the device is there. One that
// left may have left for another identity: the end of the old one follows
// every move, and is no sign of it.
func (e Event) Present() bool { return e.Kind != Detach }
