package ledger

import (
	"time"

	"github.com/simota/simota/catalog"
)

// CampaignState is where a campaign stands.
type CampaignState string

// States of a campaign.
const (
	CampaignCreated   CampaignState = "created"
	CampaignRunning   CampaignState = "running"
	CampaignPaused    CampaignState = "paused"
	CampaignCancelled CampaignState = "cancelled"
	CampaignDone      CampaignState = "done" // selection ended and every target closed
)

// Campaign is one order to change many cards. It is never edited in place.
type Campaign struct {
	ID           int64
	Name         string
	Kind         string // "swap" or "rfm"
	Spec         []byte // the YAML as it was given
	State        CampaignState
	CreatedAt    time.Time
	StartedAt    time.Time
	ResumedAt    time.Time // last start or resume by a person
	Selected     bool      // every target has been chosen
	CanaryPassed bool      // enough cards have moved, or a person said go on
	NextRun      time.Time // next cron slot; zero when there is none
	Quota        int64     // targets that may still be released; negative is no limit
}

// Target is one card in one campaign. State, Cause, Step and DueAt are caches
// of what the saga says of the evidence.
type Target struct {
	ID         int64
	CampaignID int64
	CardID     int64
	From, To   int64  // subscriptions; zero when the campaign moves no identity
	Facts      []byte // what preflight pinned (JSON of package ota/swap); empty before
	State      string // a state of ota/swap
	Cause      string
	Step       int
	Unproven   bool // counts against max_unproven
	DueAt      time.Time
	ReleasedAt time.Time // the pacer let it go
	ClaimedAt  time.Time
	ClosedAt   time.Time
	Token      int64 // current fencing token
	LeaseUntil time.Time
}

// AttemptKind is what a secured packet or CP document is for.
type AttemptKind string

// Kinds of attempt. Confirm answers an eUICC notice: it is idempotent, and exempt
// from the law of the open write.
const (
	Write   AttemptKind = "write"
	Read    AttemptKind = "read"
	Confirm AttemptKind = "confirm"
	CP      AttemptKind = "cp"
)

// Forms of the text message that a CP attempt is: how its user data are coded,
// and whether they begin with a header (3GPP TS 23.040, 9.2.3.24).
const (
	TextGSM        = "text"
	TextGSMHeader  = "text with header"
	TextUCS2       = "ucs2"
	TextUCS2Header = "ucs2 with header"
)

// Outcome is how an attempt ended; empty while it is open. It is a cache of
// the fold over its evidence.
type Outcome string

// Outcomes of an attempt.
const (
	Open       Outcome = ""
	Executed   Outcome = "executed"        // authenticated 00 came, its status words say the rest
	Refused    Outcome = "refused"         // authenticated status other than 00: the card did not run it
	Unsent     Outcome = "unsent"          // some part was never accepted by any SMSC
	FencedRan  Outcome = "fenced: ran"     // a later read shows that the write ran
	FencedNot  Outcome = "fenced: not run" // a later read shows that it did not and never can
	Overdue    Outcome = "overdue"         // a read that a newer read replaced
	Delivered  Outcome = "delivered"       // CP: a positive receipt for every part
	Undeliver  Outcome = "undeliverable"   // CP: a part was refused or its receipt says it never arrives
	Held       Outcome = "held"            // no read can tell: a person decides; until then a write counts as open
	Superseded Outcome = "superseded"      // a fence of another target settled it without telling
)

// Attempt is one secured packet (one keyset, one counter, one octet string) or
// one CP document.
type Attempt struct {
	ID        int64
	TargetID  int64
	CardID    int64
	Step, Try int
	Kind      AttemptKind
	KeysetID  int64 // zero for CP
	Counter   uint64
	TAR       []byte // 3 octets
	SPI       []byte // 2 octets
	Format    string // "compact" or "expanded"; of a CP attempt one of the forms of text, empty for a push
	Script    []byte // secured data in clear
	Fence     []byte // of a write: the script of the read that settles it
	FenceTAR  []byte // of a write: where that read goes; empty means TAR
	FenceForm string // of a write: the format of that read; empty means Format
	Expect    []byte // of a write: what that read returns when the write ran
	FenceOf   int64  // of a read: the open write that it settles
	Purpose   string // plain words for the timeline: "read SMSP, LOCI, IMSI"
	Label     string // machine word that the saga reads: "file:imsi", "doc:internet", "moved?"
	Reference byte   // of the concatenation
	Deadline  time.Time
	Outcome   Outcome
	CreatedAt time.Time
	Parts     []Part // filled in a Dossier
}

// Part is one short message's user data, UDH included, stored before it leaves.
type Part struct {
	ID          int64
	AttemptID   int64
	Seq         int // from 1
	UserData    []byte
	Submissions []Submission // filled in a Dossier, oldest first
}

// SubmissionState is where one submit_sm stands.
type SubmissionState string

// States of a submission.
const (
	Ready       SubmissionState = "ready"
	Submitting  SubmissionState = "submitting" // durable before its frame is written
	Accepted    SubmissionState = "accepted"
	Temporary   SubmissionState = "temporary" // refused for now; a successor is ready
	Rejected    SubmissionState = "refused"
	Ambiguous   SubmissionState = "ambiguous" // written, no answer
	Arrived     SubmissionState = "delivered" // positive receipt
	Undelivered SubmissionState = "undelivered"
	Expired     SubmissionState = "expired"
	Withdrawn   SubmissionState = "withdrawn" // was ready, never left: cancelled or superseded
)

// Class says how long a submission can wait; those of a higher one go first.
type Class int

// Classes of submissions.
const (
	ClassCampaign    Class = iota
	ClassInteractive       // a person waits for it
	ClassConfirm           // a confirmation of an eUICC's notice: unconfirmed, the card rolls back
)

// Submission is one submit_sm of one part.
type Submission struct {
	ID             int64
	PartID         int64
	PartSeq        int // in Bind: which part, from 1
	Try            int
	Operator       string // by whose links it goes
	Link           string // by which it went; empty before it was answered
	Class          Class
	SubscriptionID int64
	Source         string
	Destination    string
	State          SubmissionState
	NotBefore      time.Time
	ValidUntil     time.Time
	SentAt         time.Time
	Status         uint32 // command_status of the response
	MessageID      string // raw
	IDNormal       string
	Err            string // of the receipt, or why it is ambiguous
	FinalAt        time.Time
}

// Outgoing is a submission with all that its submit_sm needs.
type Outgoing struct {
	Submission
	Kind     AttemptKind
	Format   string // of the attempt
	UserData []byte
	TargetID int64
}

// InboxState is where a received PDU stands.
type InboxState string

// States of an inbox row.
const (
	InboxNew     InboxState = "new"
	InboxWaiting InboxState = "waiting" // for a submit_sm_resp, or for further parts
	InboxSettled InboxState = "settled"
	InboxOrphan  InboxState = "orphan" // fits nothing; kept, counted, shown
)

// InboxRow is one deliver_sm or data_sm as it came, stored before it was answered.
type InboxRow struct {
	ID         int64
	Link       string
	IDScope    string // links whose message ids are one space
	ReceivedAt time.Time
	Kind       string // "receipt", "proof", "tracking", ""
	Key        string // what it waits for
	PDU        []byte
	State      InboxState
}

// EvidenceKind is what was seen.
type EvidenceKind string

// Kinds of evidence. The first four are read from the submissions by
// [Dossier.Evidence]; the others are rows of their own.
const (
	EvSubmitted EvidenceKind = "submitted"
	EvAccepted  EvidenceKind = "accepted"
	EvRefused   EvidenceKind = "refused"
	EvReceipt   EvidenceKind = "receipt"
	EvAmbiguous EvidenceKind = "ambiguous"
	EvProof     EvidenceKind = "proof"
	EvSilence   EvidenceKind = "silence"
	EvPair      EvidenceKind = "pair"
	EvNotice    EvidenceKind = "notice" // of an eUICC: a profile changed
	EvAttach    EvidenceKind = "attach"
	EvPerson    EvidenceKind = "person"
	EvPlan      EvidenceKind = "plan"  // what the device is to be told was chosen; for the timeline only
	EvState     EvidenceKind = "state" // the saga went on; for the timeline only, never read by it
)

// Evidence is one thing that was seen of a card. It is append-only.
type Evidence struct {
	ID           int64
	TargetID     int64
	CardID       int64
	AttemptID    int64
	SubmissionID int64
	InboxID      int64
	Kind         EvidenceKind
	Counter      uint64
	Link         string
	SeenAt       time.Time
	HappenedAt   time.Time // when the source says so; else zero
	Body         Body
	Raw          []byte
}

// Body is what the evidence says; fields by kind. It is stored as JSON.
type Body struct {
	Attempt       AttemptKind `json:"attempt,omitempty"` // of the attempt it speaks of
	Step          int         `json:"step,omitempty"`
	Try           int         `json:"try,omitempty"`
	Label         string      `json:"label,omitempty"`
	Part          int         `json:"part,omitempty"`
	Parts         int         `json:"parts,omitempty"`
	Number        string      `json:"number,omitempty"` // MSISDN it went to or came from
	State         string      `json:"state,omitempty"`  // of a receipt; of a state change
	Err           string      `json:"err,omitempty"`
	Status        byte        `json:"status,omitempty"`        // response status of a proof (ETSI TS 102 225, 5.2)
	Authenticated bool        `json:"authenticated,omitempty"` // its checksum matched
	Executed      int         `json:"executed,omitempty"`      // commands run
	Complete      bool        `json:"complete,omitempty"`      // every command ran with a good status word
	SW            string      `json:"sw,omitempty"`            // last status word, hex
	Data          []byte      `json:"data,omitempty"`          // of the last command
	Files         []FileData  `json:"files,omitempty"`         // what a read returned, by command
	Settles       int64       `json:"settles,omitempty"`       // the write that this read settles
	Ran           bool        `json:"ran,omitempty"`           // and whether that write ran
	IMSI          string      `json:"imsi,omitempty"`
	IMEI          string      `json:"imei,omitempty"`
	APN           string      `json:"apn,omitempty"`
	PLMN          string      `json:"plmn,omitempty"`
	Source        string      `json:"source,omitempty"`
	Notice        byte        `json:"notice,omitempty"`   // type of an eUICC notice
	Sequence      int         `json:"sequence,omitempty"` // and its sequence number
	ISDP          string      `json:"isdp,omitempty"`     // and the profile it speaks of, hex
	Repeat        bool        `json:"repeat,omitempty"`   // and whether its number was seen before
	Actor         string      `json:"actor,omitempty"`
	Decision      string      `json:"decision,omitempty"`
	Text          string      `json:"text,omitempty"` // plain words
}

// FileData is the answer to one command of a script that returned data.
type FileData struct {
	Command int    `json:"command"` // index in the script, from 0
	Data    []byte `json:"data,omitempty"`
	SW      string `json:"sw"`
}

// Told is what the answer of a fence tells of the write that it was sent for.
type Told byte

// What a fence can tell. ToldNotYet: the card may still be about to do it, so the
// write stays open. ToldNothing: no answer will ever tell.
const (
	ToldNothing Told = iota
	ToldNotYet
	ToldRan
	ToldNotRun
)

// AuditRow is one change that a person or the API asked for. Hash covers the
// row and the hash before it, so a removed or altered row shows.
type AuditRow struct {
	ID     int64
	At     time.Time
	Actor  string
	Verb   string
	Object string
	Detail string
	Prev   []byte
	Hash   []byte
}

// Reference is a concatenation reference that was used for a card.
type Reference struct {
	Reference byte
	Deadline  time.Time // of the attempt that used it
}

// Dossier is all that is known of one target.
type Dossier struct {
	Target     Target
	Campaign   Campaign // without its Spec, which can be long and never changes
	Entry      catalog.Entry
	Attempts   []Attempt // by step and try, with parts and submissions
	Stored     []Evidence
	References []Reference // of the card's attempts that may still be under way, any campaign
}
