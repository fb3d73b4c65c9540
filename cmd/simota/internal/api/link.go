package api

import (
	"time"

	"github.com/simota/simota/ota/explain"
)

// Link is the health of one SMPP link.
type Link struct {
	Name       string    `json:"name"`
	Address    string    `json:"address"`
	Bound      bool      `json:"bound"`
	Since      time.Time `json:"since,omitzero"`
	WindowUsed int       `json:"window_used"`
	WindowSize int       `json:"window_size"`
	Rate       float64   `json:"rate"`                // messages per second let through now; 0 is no limit
	Throttled  bool      `json:"throttled,omitempty"` // the rate is below what is allowed, since the SMSC refuses more
	SickSince  time.Time `json:"sick_since,omitzero"` // passed over since, for it does not answer as it should
	Weight     int       `json:"weight"`              // share among the links of an operator; 0 stands by
	Sent       uint64    `json:"sent"`
	Received   uint64    `json:"received"`
	Error      string    `json:"error,omitempty"`
	Stopped    bool      `json:"stopped,omitempty"` // bind refused for good
}

// LinkDetail is all that is known of one SMPP link.
type LinkDetail struct {
	Link
	SMSC           string      `json:"smsc,omitempty"`  // system_id of the SMSC
	Sessions       int         `json:"sessions"`        // bound, of any kind
	Stuck          int         `json:"stuck"`           // of window_used, those whose response is overdue
	Answered       uint64      `json:"answered"`        // submit_sm that have their response
	ThrottledTotal uint64      `json:"throttled_total"` // of answered, those refused as too many
	Ambiguous      uint64      `json:"ambiguous"`       // submit_sm that were written and not answered in time
	MalformedTotal uint64      `json:"malformed_total"`
	LastError      string      `json:"last_error,omitempty"` // also of a link that is bound again
	Operators      []string    `json:"operators"`            // whose files name the link
	Settings       []Setting   `json:"settings"`             // its configuration in words, without secrets
	Malformed      []Malformed `json:"malformed"`            // the last frames of the SMSC that made no sense, oldest first
}

// Setting is one part of a configuration in words.
type Setting struct {
	Name  string `json:"name"` // as in the configuration
	Words string `json:"words"`
}

// Malformed is a frame of an SMSC that made no sense.
type Malformed struct {
	At      time.Time       `json:"at"`
	Session int             `json:"session"`
	Reason  string          `json:"reason"`
	Report  *explain.Report `json:"report,omitempty"` // of its first octets; user data are left out
}

// TraceQuery selects PDUs. Empty fields select everything.
type TraceQuery struct {
	Link   string
	To     string // destination; digits are compared
	From   string // source; with both, PDUs that have one of them
	Octets bool   // with Report
}

// PDU is one PDU that passed over a link, or, if Lost is set, those that a
// reader was too slow for.
type PDU struct {
	At          time.Time       `json:"at"`
	Link        string          `json:"link,omitempty"`
	Session     int             `json:"session,omitempty"`   // on this link, from 1
	Direction   string          `json:"direction,omitempty"` // "out" to the SMSC, "in" from it
	Command     string          `json:"command,omitempty"`
	Sequence    uint32          `json:"sequence,omitempty"`
	Status      uint32          `json:"status"` // command_status
	Source      string          `json:"source,omitempty"`
	Destination string          `json:"destination,omitempty"`
	MessageID   string          `json:"message_id,omitempty"` // as the SMSC wrote it
	Words       string          `json:"words,omitempty"`
	Report      *explain.Report `json:"report,omitempty"` // what its octets mean; user data of devices are left out
	Lost        int             `json:"lost,omitempty"`   // PDUs that are missing here
}
