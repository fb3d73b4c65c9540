// Package catalog is the inventory: which cards exist, whose subscriptions
// they hold, what their card type can do, which operators there are and which
// device each card was seen in. It holds records and interfaces, no SQL; what
// happened to a card is in package ledger.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Sentinels for decisions of the callers of a [Store].
var (
	// ErrNotFound says that no record has the given key.
	ErrNotFound = errors.New("catalog: not found")
	// ErrConflict says that the given record contradicts the stored one in
	// something that may not change silently (a key, an operator's PLMN).
	ErrConflict = errors.New("catalog: conflict")
)

// Card is one UICC.
type Card struct {
	ID      int64
	ICCID   string   // 18 to 20 digits, as printed, check digit included
	Type    string   // name of a CardType
	Country string   // ISO 3166 alpha-2 code of where the device stands; may be empty
	Tags    []string // free labels, sorted
	IMEI    string   // of the device it is thought to be in, 14 to 16 digits; may be empty
	NoCP    bool     // the device is known to take no client provisioning (CP=none)
	EID     string   // of an eUICC, 32 digits; empty for other cards
	Active  int64    // the subscription that is alive in the card, as far as is proven
	// NextNotice is above the sequence number of every eUICC notice that was
	// seen: one below it is a repeat. 0 before the first.
	NextNotice int
}

// Subscription is one identity that a card holds or can be given.
type Subscription struct {
	ID       int64
	CardID   int64
	Slot     int    // 1 for the first of its card file row
	IMSI     string // 6 to 15 digits
	MSISDN   string // with a leading plus
	Operator string // name of an Operator
	ISDP     string // on an eUICC, the AID of the ISD-P that is this profile, 32 hex digits in upper case
}

// Keyset is one set of secured-packet keys of a card (ETSI TS 102 225, annex A):
// one security domain, one key version, one counter.
type Keyset struct {
	ID     int64
	CardID int64
	// Domain is the AID of the security domain; empty is the issuer's. On an
	// eUICC the ISD-R has its own, and each profile's keys bear the AID of its
	// ISD-P: they are gone from sight while another profile is enabled.
	Domain    []byte
	Version   byte   // KVN 1..15
	KIcAlg    string // "3des-2", "aes-128", ...
	KIDAlg    string
	CCLength  int    // octets of the cryptographic checksum: 8, or 4 with AES
	SealedKIc []byte // as package vault sealed it; never the key
	SealedKID []byte
	SealedKIK []byte
	KEKID     string // which key-encryption key sealed them
	// CheckValue is the check values of KIc and KID, to see whether a key
	// changed without opening it.
	CheckValue string
	Counter    uint64 // last counter handed out; the next packet carries one more
	Suspect    bool   // after a restore: no write until a fence cleared it
}

// Entry is one card with all that its card file said of it.
type Entry struct {
	Card          Card
	Subscriptions []Subscription
	Keysets       []Keyset
	Line          int // of the card file, for messages
}

// Column names the column of a card file that says something of the
// subscription in a slot: the one of slot 1 goes without number.
func Column(name string, slot int) string {
	if slot == 1 {
		return name
	}
	return name + strconv.Itoa(slot)
}

// Conflict is an [ErrConflict] of one field of an entry.
type Conflict struct {
	Line    int    // of the card file
	ICCID   string // of the card
	Field   string // the column, as "IMSI2", or what it is about
	Message string // goes on from the card: "has the EID of card ..."
}

// Error gives line, field, card and message.
func (c *Conflict) Error() string {
	return fmt.Sprintf("line %d, %s: card %s %s", c.Line, c.Field, c.ICCID, c.Message)
}

// Unwrap is ErrConflict.
func (c *Conflict) Unwrap() error { return ErrConflict }

// ImportResult says what an import did to one card.
type ImportResult struct {
	ICCID   string
	Created bool
	Changed []string // names of the fields that changed, keys and counters included; empty and not Created means: known already
	Notes   []string // what is odd and no error, as "line 3, MSISDN: ..."
}

// Filter selects cards. Empty fields select everything.
type Filter struct {
	ICCIDs   []string
	Operator string // of the active subscription
	Country  string
	Type     string
	Tags     []string // all of them
}

// Store keeps the inventory. Every change carries an actor, and its audit row
// is in the same transaction.
type Store interface {
	// Import stores entries, all or nothing. It is idempotent by ICCID, never
	// lowers a counter, and refuses to change a key silently, or to give a
	// card what is another's (EID, IMSI): its error joins a Conflict of each
	// entry that contradicts what is stored.
	Import(ctx context.Context, actor string, entries []Entry) ([]ImportResult, error)
	// Card finds one card by ICCID.
	Card(ctx context.Context, iccid string) (Entry, error)
	// CardByID finds one card by its key.
	CardByID(ctx context.Context, id int64) (Entry, error)
	// Cards lists cards by ascending ID, beginning after the given one.
	Cards(ctx context.Context, f Filter, after int64, limit int) ([]Entry, error)
	// CardsByMSISDN finds every card with a subscription of that number: two
	// cards share one while a number moves between them.
	CardsByMSISDN(ctx context.Context, msisdn string) ([]Entry, error)
	// CardsByEID finds every card of that EID: one, if the catalog is right.
	CardsByEID(ctx context.Context, eid string) ([]Entry, error)
	// CardsByIMSI finds every card with a subscription of that IMSI.
	CardsByIMSI(ctx context.Context, imsi string) ([]Entry, error)

	// PutOperator stores an operator under its name, replacing the one before.
	PutOperator(ctx context.Context, actor string, o Operator) error
	// Operator finds an operator by name. It may be shared: callers do not change it.
	Operator(ctx context.Context, name string) (Operator, error)
	// Operators lists all, by name.
	Operators(ctx context.Context) ([]Operator, error)

	// PutCardType stores a card type under its name, replacing the one before.
	PutCardType(ctx context.Context, actor string, t CardType) error
	// CardType finds a card type by name. It may be shared: callers do not change it.
	CardType(ctx context.Context, name string) (CardType, error)
	// CardTypes lists all, by name.
	CardTypes(ctx context.Context) ([]CardType, error)

	// PutClient stores a client under its name, replacing the one before.
	PutClient(ctx context.Context, actor string, c Client) error
	// Client finds a client by name. It may be shared: callers do not change it.
	Client(ctx context.Context, name string) (Client, error)
	// Clients lists all, by name.
	Clients(ctx context.Context) ([]Client, error)

	// PutModels stores rows of a TAC table, all or nothing, each in place of the
	// one with the same First and Last. Rows that are known already are neither
	// added nor changed. Of two equal ranges in one call the later one stands.
	PutModels(ctx context.Context, actor string, models []Model) (added, changed int, err error)
	// ModelOf finds the model of an IMEI or IMEISV: the narrowest range that its
	// TAC is in.
	ModelOf(ctx context.Context, imei string) (Model, error)
	// ModelByName finds models by name, with or without the manufacturer before
	// it: every range of them, ascending. Upper and lower case of ASCII are one.
	ModelByName(ctx context.Context, name string) ([]Model, error)
	// Models lists models by ascending range, beginning after the given one
	// ([Model.Range]; empty is the beginning). Text selects those that have it in
	// their range, manufacturer, name or client; empty selects all.
	Models(ctx context.Context, text, after string, limit int) ([]Model, error)

	// Pairs lists the pairs of a card, oldest first.
	Pairs(ctx context.Context, cardID int64) ([]Pair, error)
	// PairsOfDevice lists the pairs of a device, oldest first; none for an IMEI
	// of less than 14 digits.
	PairsOfDevice(ctx context.Context, imei string) ([]Pair, error)
	// PairsAfter lists pairs in the order in which they were stored, beginning
	// after the given one ([Pair.ID]); after 0, with the first that began at
	// since or later. What is stored late may have begun before.
	PairsAfter(ctx context.Context, id int64, since time.Time, limit int) ([]Pair, error)
	// Moves lists the moves whose pair was first seen at since or later, oldest
	// first, beginning after the pair of the given ID. The limit is that of
	// pairs: one may be two moves.
	Moves(ctx context.Context, since time.Time, after int64, limit int) ([]Move, error)
}
