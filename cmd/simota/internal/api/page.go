package api

import "time"

// CardQuery selects cards. Empty fields select everything.
type CardQuery struct {
	Operator string // of the active subscription
	Country  string
	Type     string
	Tags     []string // all of them
	After    int64    // Next of the page before
	Limit    int      // 0 is the server's default
}

// CardPage is one page of cards.
type CardPage struct {
	Cards []Card `json:"cards"`
	Next  int64  `json:"next,omitempty"` // After of the next page; 0 on the last
}

// ReportQuery selects targets of a campaign.
type ReportQuery struct {
	States []string // empty selects all
	After  int64    // Next of the page before
	Limit  int      // 0 is the server's default
}

// ReportPage is one page of a campaign's targets.
type ReportPage struct {
	Targets []Target `json:"targets"`
	Next    int64    `json:"next,omitempty"` // After of the next page; 0 on the last
}

// Applied says that a file was stored.
type Applied struct {
	Name     string   `json:"name"`
	Warnings []string `json:"warnings,omitempty"` // what is odd about it, or weak and allowed
}

// CampaignResult is the answer to a campaign file. Campaign is empty when it
// was only checked.
type CampaignResult struct {
	Campaign Campaign `json:"campaign,omitzero"`
	Forecast Forecast `json:"forecast"`
}

// InboxQuery selects PDUs that came in. Empty fields select everything.
type InboxQuery struct {
	State string // "new", "waiting", "settled" or "orphan"
	Link  string
	Since time.Time // received then or later
	After int64     // Next of the page before
	Limit int       // 0 is the server's default
}

// InboxRow is one deliver_sm or data_sm that came in, and what became of it.
type InboxRow struct {
	ID    int64     `json:"id"`
	At    time.Time `json:"at"`
	Link  string    `json:"link"`
	State string    `json:"state"`
	Kind  string    `json:"kind,omitempty"` // what it was taken for
	Why   string    `json:"why"`            // it stands where it does, in plain words
	From  string    `json:"from,omitempty"`
	To    string    `json:"to,omitempty"`
	PDU   string    `json:"pdu,omitempty"` // hex; of a single row only, and not where it may hold what a card was read
}

// InboxPage is one page of PDUs that came in, oldest first.
type InboxPage struct {
	Rows []InboxRow `json:"rows"`
	Next int64      `json:"next,omitempty"` // After of the next page; 0 on the last
}

// BackupRequest says where a copy of the database goes.
type BackupRequest struct {
	Path string `json:"path"` // on the server; must not exist
}

// CheckResult is what is wrong with the database, if anything.
type CheckResult struct {
	OK     bool `json:"ok"`
	Report any  `json:"report"` // what was looked at, as the store tells it
}

// AuditRow is one change that a person or the API asked for.
type AuditRow struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Verb   string    `json:"verb"`
	Object string    `json:"object"`
	Detail string    `json:"detail,omitempty"`
	Hash   string    `json:"hash"` // hex; covers the row and the hash before it
}

// AuditPage is one page of the audit, oldest first.
type AuditPage struct {
	Rows []AuditRow `json:"rows"`
	Next int64      `json:"next,omitempty"` // After of the next page; 0 on the last
}

// AttachEvent is what a network's feed says: an identity attached.
type AttachEvent struct {
	IMSI       string    `json:"imsi"`
	IMEI       string    `json:"imei,omitempty"`
	APN        string    `json:"apn,omitempty"`
	PLMN       string    `json:"plmn,omitempty"`
	HappenedAt time.Time `json:"happened_at,omitzero"`
}
