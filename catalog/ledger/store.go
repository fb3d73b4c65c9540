package ledger

import (
	"context"
	"time"

	"github.com/simota/simota/catalog"
)

// Store keeps the ledger. Both it and catalog.Store must pass
// catalog/catalogtest.
type Store interface {
	// Apply commits the operations durably and returns one error per
	// operation, nil where it succeeded. When the commit itself fails every
	// operation gets that error and none has happened.
	Apply(ctx context.Context, ops ...Op) []error

	Reader
}

// Reader is the reading half of a Store. What was applied before a read began
// is seen by it.
type Reader interface {
	// Dossier is all that is known of one target.
	Dossier(ctx context.Context, targetID int64) (Dossier, error)
	// Due lists open or watched targets whose time has come, earliest first,
	// and the time of the next one after them (zero: none).
	Due(ctx context.Context, now time.Time, limit int) (ids []int64, next time.Time, err error)
	// Outbox lists submissions to an operator that are ready to go: the highest
	// class first; in a class every campaign gets its turn, its oldest first. It
	// says when there will be more (zero: never).
	Outbox(ctx context.Context, operator string, now time.Time, limit int) (out []Outgoing, next time.Time, err error)
	// Awaited lists the operators with submissions that are ready to go, now or later.
	Awaited(ctx context.Context) ([]string, error)
	// ByReceipt finds what a message id was given to. An id need not be
	// unique: newest first.
	ByReceipt(ctx context.Context, scope, idNormal string) ([]SubmissionRef, error)
	// Inbox lists rows in a state by ascending ID, beginning after the given one.
	Inbox(ctx context.Context, state InboxState, after int64, limit int) ([]InboxRow, error)
	// InboxRows lists the rows that a filter takes by ascending ID, beginning
	// after the given one.
	InboxRows(ctx context.Context, f InboxFilter, after int64, limit int) ([]InboxRow, error)
	// InboxByID reads some rows.
	InboxByID(ctx context.Context, ids ...int64) ([]InboxRow, error)
	// InboxByKey lists the new and waiting rows of a key.
	InboxByKey(ctx context.Context, scope, key string) ([]InboxRow, error)
	// InboxCounts counts rows by state.
	InboxCounts(ctx context.Context) (map[InboxState]int, error)

	// AttemptByCounter finds the attempt that a counter was bound to, with its
	// parts but without their submissions; catalog.ErrNotFound when there is none.
	AttemptByCounter(ctx context.Context, keysetID int64, counter uint64) (Attempt, error)
	// Attempt finds one attempt, with its parts.
	Attempt(ctx context.Context, id int64) (Attempt, error)
	// OpenWrite finds the open write of a keyset; ok is false when there is none.
	OpenWrite(ctx context.Context, keysetID int64) (a Attempt, ok bool, err error)
	// SecuredBy lists the distinct (keyset, SPI) pairs of attempts on a TAR, of
	// all cards with that number, newest first: with what an answer from there
	// may be secured.
	SecuredBy(ctx context.Context, msisdn string, tar []byte) ([]Secured, error)

	// Campaign finds a campaign by name.
	Campaign(ctx context.Context, name string) (Campaign, error)
	// Campaigns lists all, newest first.
	Campaigns(ctx context.Context) ([]Campaign, error)
	// Counts counts a campaign's targets by state.
	Counts(ctx context.Context, campaignID int64) (Counts, error)
	// Targets lists a campaign's targets by ascending ID, beginning after the
	// given one; states empty lists all.
	Targets(ctx context.Context, campaignID int64, states []string, after int64, limit int) ([]TargetRow, error)
	// TargetsOfCard lists a card's targets, newest first.
	TargetsOfCard(ctx context.Context, cardID int64) ([]Target, error)
	// Traffic counts what was sent and received for a campaign.
	Traffic(ctx context.Context, campaignID int64) (Traffic, error)
	// Audit lists audit rows by ascending ID, beginning after the given one.
	Audit(ctx context.Context, after int64, limit int) ([]AuditRow, error)
}

// InboxFilter selects inbox rows. Empty fields select everything.
type InboxFilter struct {
	State InboxState
	Link  string
	Since time.Time // received then or later
}

// SubmissionRef is a submission and what it belongs to.
type SubmissionRef struct {
	Submission Submission
	PartSeq    int
	AttemptID  int64
	TargetID   int64
	CardID     int64
	Kind       AttemptKind
}

// Secured says with which keys and which SPI an attempt was made.
type Secured struct {
	ICCID  string
	Keyset catalog.Keyset
	SPI    []byte
}

// TargetRow is a target with the card's ICCID, for lists.
type TargetRow struct {
	Target
	ICCID string
}

// Counts is a campaign's progress.
type Counts struct {
	ByState  map[string]int
	Total    int
	Released int
	Open     int // not closed
	Unproven int
	Waiting  int // looked at, selected still, with a cause: another campaign has the card
}

// Traffic is what a campaign has sent and received.
type Traffic struct {
	Submissions int // submit_sm that were or may have been sent
	Resent      int // of these, not the first of their part
	Receipts    int
	Proofs      int
}
