package ledger

import (
	"errors"
	"time"

	"github.com/simota/simota/catalog"
)

// Sentinels that an operation can end with. The operation that gets one has
// left no trace.
var (
	ErrLeaseLost    = errors.New("ledger: lease lost: another server works on this target")
	ErrCounterMoved = errors.New("ledger: counter moved: the packet has to be built again")
	ErrOpenWrite    = errors.New("ledger: a write of this keyset is open: only its fence may go")
	ErrSuspect      = errors.New("ledger: keyset is suspect after a restore: a fence has to clear it first")
	ErrNotRunning   = errors.New("ledger: campaign is not running")
	ErrUnproven     = errors.New("ledger: max_unproven reached")
	ErrCardBusy     = errors.New("ledger: another campaign works on this card")
	ErrStale        = errors.New("ledger: already done")
)

// Op is one atomic change. The fields under "Out" are filled by Apply when the
// operation succeeded.
type Op interface{ op() }

// Lease names a target and the token under which it is worked on.
type Lease struct {
	TargetID int64
	Token    int64
}

// TakeLease begins or renews a server's lease. It fails with [ErrLeaseLost]
// while another node's lease runs. A renewal by the node that holds Token
// keeps it; every other success raises it.
type TakeLease struct {
	TargetID int64
	Node     string
	Token    int64 // held now; 0 for none
	Now      time.Time
	Until    time.Time

	// Out
	NewToken int64
}

// Bind commits one attempt with its parts, submissions and evidence: the one
// moment in which a counter is bound to an octet string.
//
// It fails with ErrLeaseLost; with ErrCounterMoved when the keyset's counter is
// not Old; with ErrSuspect when the keyset is suspect and the attempt is a
// write; with ErrOpenWrite when a write of the keyset is open and this attempt
// is not its fence (a read with FenceOf); with ErrNotRunning when IfRunning
// and the campaign is paused or cancelled; with ErrUnproven when MaxUnproven is
// positive, the target is not unproven yet and so many targets of the campaign are.
type Bind struct {
	Lease       Lease
	Old, New    uint64 // counter of Attempt.KeysetID; New must be above Old. Unused for CP
	IfRunning   bool
	MaxUnproven int
	Unproven    bool // mark the target unproven
	Attempt     Attempt
	Parts       [][]byte
	Submissions []Submission // PartSeq says of which part; State is Ready
	Replaces    []int64      // older attempts that end as Overdue
	State       *Advance     // what the saga says of the target as it asks for the attempt, under the same lease; nil: nothing new

	// Out
	AttemptID int64
}

// Resubmit adds submissions of parts already stored: the same octets again.
// Retire lists ambiguous submissions whose grace is over; they stay ambiguous
// but are due no more.
type Resubmit struct {
	Lease       Lease
	Submissions []Submission // with PartID; Try is given by the store
	Retire      []int64
}

// Sending marks ready submissions as submitting, before their frames are
// written. Those that are not ready any more are left out of Taken.
type Sending struct {
	IDs []int64
	At  time.Time

	// Out
	Taken []int64
}

// Respond records what became of one submit_sm. An Ambiguous submission may
// later become Accepted or refused when its answer comes after all. A final
// one (delivered, undelivered, expired) keeps its state.
type Respond struct {
	SubmissionID int64
	Link         string          // by which it went; may be empty when it is certainly unsent
	State        SubmissionState // Ready (certainly unsent), Accepted, Temporary, Rejected, Ambiguous
	Status       uint32
	MessageID    string
	IDNormal     string
	IDScope      string
	Err          string
	At           time.Time
	NotBefore    time.Time // Ready: when to try; Temporary: when its successor may go; Ambiguous: end of grace

	// Out
	TargetID int64
	Waiting  []int64 // inbox rows that waited for this message id
}

// Interrupt turns every submitting submission to the given operators into an
// ambiguous one: what a server does at start, before it sends. No operators are
// all of them: for a server that is alone.
type Interrupt struct {
	Operators []string
	NotBefore time.Time

	// Out
	Count     int
	TargetIDs []int64
}

// Withdraw takes back the ready submissions of an attempt that have not left.
type Withdraw struct {
	Lease     Lease
	AttemptID int64
}

// Receive stores one PDU before it is answered.
type Receive struct {
	Row InboxRow

	// Out
	ID int64
}

// Final is what a receipt says of a submission. The first one stands: a later
// one changes neither state nor time, whatever it says.
type Final struct {
	SubmissionID int64
	State        SubmissionState // Arrived, Undelivered or Expired
	Err          string
	At           time.Time
}

// Conclusion gives an attempt its outcome. Rank decides over an outcome that
// is there already: Executed > FencedRan, FencedNot > every other.
type Conclusion struct {
	AttemptID int64
	Outcome   Outcome
	At        time.Time
}

// Settle ends the wait of inbox rows (or gives them a key to wait under) and
// stores what they prove. It fails with ErrStale when none of the rows is new
// or waiting any more.
type Settle struct {
	InboxIDs     []int64
	State        InboxState
	Kind, Key    string
	Evidence     []Evidence
	Finals       []Final
	Conclusions  []Conclusion
	ClearSuspect int64         // keyset that an answered fence has cleared
	Pair         *catalog.Pair // a new sight of a card in a device
	Notice       *NoticeSeen   // a notice of an eUICC is among the evidence

	// Out
	NewPair bool // Pair is the card's latest now, and not the one it was before
}

// NoticeSeen raises catalog.Card.NextNotice above the sequence number.
type NoticeSeen struct {
	CardID   int64
	Sequence int
}

// Advance caches what the saga says of a target, and stores evidence and
// inventory changes that go with it.
type Advance struct {
	Lease       Lease
	State       string
	Cause       string
	Step        int
	Unproven    bool
	DueAt       time.Time // zero: nothing is due
	Closed      bool
	At          time.Time
	Evidence    []Evidence
	Conclusions []Conclusion
	Active      int64 // the card's active subscription, when it is proven anew
	Pair        *catalog.Pair

	// Out
	NewPair bool // as in Settle
}

// Claim pins the facts of a target and claims its card. It fails with
// ErrCardBusy while another target holds the card, with ErrNotRunning when the
// campaign is not running.
type Claim struct {
	Lease    Lease
	Facts    []byte
	From, To int64
	At       time.Time

	// Out
	BusyIn string // with ErrCardBusy: name of the other campaign
}

// Pin replaces the facts of a claimed target that is open, as long as no
// document of it went out: what its device is to be told was not known before.
// ErrStale otherwise.
type Pin struct {
	Lease    Lease
	Facts    []byte
	At       time.Time
	Evidence []Evidence
}

// Witness stores evidence that no inbox row brought: an event of a feed. Its
// TargetID is the target that works on the card, else the last that has facts,
// else the last, else none.
type Witness struct {
	Evidence Evidence // CardID is set
	Pair     *catalog.Pair

	// Out
	TargetID int64
	NewPair  bool // as in Settle
}

// CreateCampaign stores a campaign.
type CreateCampaign struct {
	Actor    string
	Campaign Campaign // ErrStale when its name exists

	// Out
	ID int64
}

// AddTargets adds cards to a campaign, those that it has already excepted.
type AddTargets struct {
	CampaignID int64
	CardIDs    []int64
	Complete   bool // this was the last chunk
	At         time.Time

	// Out
	Added int
}

// SetCampaign changes a campaign's state for a person. From lists the states
// that it may have now; else ErrStale. Running from paused takes dark targets
// out of the unproven ones and passes the canary. Cancelled closes the targets
// in the states of Close.
type SetCampaign struct {
	Actor   string
	ID      int64
	From    []CampaignState
	To      CampaignState
	At      time.Time
	NextRun time.Time // Running: the first cron slot; zero for none
	Quota   int64     // Running from created: first quota; negative is no limit
	Close   []string  // Cancelled: states whose targets close as State
	State   string    // "cancelled"

	// Out
	Closed int
}

// Slot takes one cron slot: adds to the quota and stores the next slot. It
// fails with ErrStale when the campaign's next slot is not Slot any more.
type Slot struct {
	CampaignID int64
	Slot       time.Time
	Next       time.Time
	Quota      int64
}

// Release lets the next targets go, at most Limit and at most the quota, in
// the order in which they were added, and leases them to a node.
type Release struct {
	CampaignID int64
	Limit      int
	At         time.Time
	Node       string    // empty takes no leases
	Until      time.Time // of the leases

	// Out
	Leases []Lease // of what was let go; Token is 0 without a lease: none was wanted, or another node's runs
}

// PassCanary records that enough cards have moved.
type PassCanary struct{ CampaignID int64 }

// Finish marks a campaign done when its selection ended and every target is
// closed; else ErrStale.
type Finish struct {
	CampaignID int64
	At         time.Time
}

// Retry reopens a closed target for a person: claim, closing time and cause are
// cleared, its state is State and it is due at once. What it did before stays;
// a person evidence with Decision marks where the new round begins. It fails
// with ErrStale when the target is not closed.
type Retry struct {
	Actor    string
	TargetID int64
	Decision string
	At       time.Time
	State    string // "selected"
}

// Reopen lets a closed target work again by itself (late evidence that asks
// for an action). It fails with ErrCardBusy.
type Reopen struct {
	Lease Lease
	At    time.Time
}

func (*TakeLease) op()      {}
func (*Bind) op()           {}
func (*Resubmit) op()       {}
func (*Sending) op()        {}
func (*Respond) op()        {}
func (*Interrupt) op()      {}
func (*Withdraw) op()       {}
func (*Receive) op()        {}
func (*Settle) op()         {}
func (*Advance) op()        {}
func (*Claim) op()          {}
func (*Pin) op()            {}
func (*Witness) op()        {}
func (*CreateCampaign) op() {}
func (*AddTargets) op()     {}
func (*SetCampaign) op()    {}
func (*Slot) op()           {}
func (*Release) op()        {}
func (*PassCanary) op()     {}
func (*Finish) op()         {}
func (*Retry) op()          {}
func (*Reopen) op()         {}
