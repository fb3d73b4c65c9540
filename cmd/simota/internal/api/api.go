// Package api is what the server and its callers say to each other: the
// records of the HTTP API, and a client for them over a unix socket or a URL.
// Field names are a stable contract of every --json output.
package api

import "time"

// Problem is the body of every error (RFC 9457).
type Problem struct {
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Detail string   `json:"detail"`           // what failed, with what value, what to do
	Errors []string `json:"errors,omitempty"` // one per row or field
}

// Card is one card, for lists and as the head of a timeline.
type Card struct {
	ICCID         string         `json:"iccid"`
	EID           string         `json:"eid,omitempty"` // of an eUICC
	Type          string         `json:"card_type"`
	Country       string         `json:"country,omitempty"`
	Tags          []string       `json:"tags,omitempty"`
	IMEI          string         `json:"imei,omitempty"`
	Model         string         `json:"model,omitempty"` // of that device; with a card's timeline only
	NoCP          bool           `json:"no_cp,omitempty"`
	Subscriptions []Subscription `json:"subscriptions"`
	Keysets       []Keyset       `json:"keysets"`
	Pairs         []Pair         `json:"pairs,omitempty"`
}

// Subscription is one identity of a card.
type Subscription struct {
	IMSI     string `json:"imsi"`
	MSISDN   string `json:"msisdn,omitempty"`
	Operator string `json:"operator"`
	ISDP     string `json:"isdp,omitempty"` // on an eUICC, the AID of this profile's security domain
	Active   bool   `json:"active,omitempty"`
}

// Keyset shows what may be shown of keys.
type Keyset struct {
	Domain     string `json:"domain"` // whose keys they are: "issuer", "ISD-R", "profile 0010" by the number of its ISD-P
	Version    byte   `json:"kvn"`
	KIc        string `json:"kic"` // algorithm
	KID        string `json:"kid"`
	CheckValue string `json:"check_value"` // of KIc and KID
	Counter    uint64 `json:"counter"`
	Suspect    bool   `json:"suspect,omitempty"`
}

// Pair is an identity of a card in a device, from its first sight there to the
// last.
type Pair struct {
	ICCID    string    `json:"iccid,omitempty"` // of the card, where that is not said already
	IMEI     string    `json:"imei"`
	Model    string    `json:"model,omitempty"` // of the device, where it is known
	IMSI     string    `json:"imsi"`
	Source   string    `json:"source"` // of the first sight
	SeenAt   time.Time `json:"seen_at"`
	LastSeen time.Time `json:"last_seen"`
}

// Entry is one line of a card's timeline.
type Entry struct {
	At       time.Time `json:"at"`
	Way      string    `json:"way"`            // ">" sent, "<" received, "?" not known, "=" state
	What     string    `json:"what"`           // "snapshot", "proof", "receipt", ...
	Text     string    `json:"text"`           // plain words
	Then     time.Time `json:"then,omitzero"`  // when what the text ends with happened: "...; taken"
	Hex      string    `json:"hex,omitempty"`  // octets, short
	Rung     string    `json:"rung,omitempty"` // where on the ladder this puts the card
	Campaign string    `json:"campaign,omitempty"`
	Counter  uint64    `json:"counter,omitempty"`
	Link     string    `json:"link,omitempty"`
	Number   string    `json:"number,omitempty"`
	Raw      []string  `json:"raw,omitempty"` // user data or PDU, hex
}

// Timeline is a card and all that happened to it.
type Timeline struct {
	Card    Card     `json:"card"`
	Targets []Target `json:"targets"` // newest first
	Entries []Entry  `json:"entries"`
}

// Target is one card in one campaign.
type Target struct {
	ICCID    string    `json:"iccid"`
	Campaign string    `json:"campaign"`
	State    string    `json:"state"`
	Cause    string    `json:"cause,omitempty"`
	NextStep string    `json:"next_step,omitempty"` // what a person can do
	Closed   bool      `json:"closed"`
	Due      time.Time `json:"due,omitzero"`
	ClosedAt time.Time `json:"closed_at,omitzero"`
}

// Campaign is a campaign and its progress.
type Campaign struct {
	Name      string         `json:"name"`
	Kind      string         `json:"kind"`
	State     string         `json:"state"`
	CreatedAt time.Time      `json:"created_at"`
	StartedAt time.Time      `json:"started_at,omitzero"`
	NextRun   time.Time      `json:"next_run,omitzero"`
	Selected  bool           `json:"selected"` // every target was chosen
	Total     int            `json:"total"`
	Released  int            `json:"released"`
	Open      int            `json:"open"`
	Unproven  int            `json:"unproven"`
	ByState   map[string]int `json:"by_state"`
	Note      string         `json:"note,omitempty"` // why nothing goes on: canary, window, paused
	Traffic   Traffic        `json:"traffic,omitzero"`
}

// Traffic is what a campaign has sent and received.
type Traffic struct {
	Sent     int `json:"sent"`
	Resent   int `json:"resent"`
	Receipts int `json:"receipts"`
	Proofs   int `json:"proofs"`
}

// Forecast is what a campaign would do.
type Forecast struct {
	Cards int            `json:"cards"`
	Ready int            `json:"ready"`
	Skips map[string]int `json:"skips,omitempty"`
}

// ImportRequest carries card files as they are.
type ImportRequest struct {
	File     []byte `json:"file"`
	Details  []byte `json:"details,omitempty"` // a second file, joined by ICCID
	CardType string `json:"card_type,omitempty"`
	Operator string `json:"operator,omitempty"`
	Country  string `json:"country,omitempty"`
	SkipBad  bool   `json:"skip_bad,omitempty"`
}

// ImportResult says what an import did.
type ImportResult struct {
	Created  int      `json:"created"`
	Changed  int      `json:"changed"`
	Same     int      `json:"same"`
	Skipped  int      `json:"skipped"`            // bad rows left out
	Bad      []string `json:"bad,omitempty"`      // "line 14, KIC1: ..."
	Warnings []string `json:"warnings,omitempty"` // the same, but taken
	Unknown  []string `json:"unknown,omitempty"`  // columns not used
}

// Health is the answer of /healthz.
type Health struct {
	OK        bool           `json:"ok"`
	Node      string         `json:"node"`
	Version   string         `json:"version"`
	Timing    string         `json:"timing"`
	Links     []Link         `json:"links"`
	Inbox     map[string]int `json:"inbox"`
	StartedAt time.Time      `json:"started_at"`
}
