package delivery

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/smpp/receipt"
)

// Keys opens sealed keys. The vault implements it.
type Keys interface {
	// Use calls fn with the key in clear and clears it afterwards.
	Use(kekID string, sealed []byte, aad string, fn func(key []byte) error) error
}

// Message is one short message for a link.
type Message struct {
	Submission  int64
	Source      string
	Destination string
	UserData    []byte
	Card        bool   // for the card (PID 7F, class 2); else for the device
	Text        string // of a text message its form, as ledger.TextGSM; empty for data
	Class       ledger.Class
	Validity    time.Duration
}

// Way takes messages for one operator, by whichever of its links may have them
// now. What became of each is reported through [Desk.Results].
type Way interface {
	// Room is how many messages could be taken now: confirmations of an eUICC's
	// notice, and others; 0 while no link is bound.
	Room() (confirm, other int)
	// Submit hands messages over without waiting and returns those that no link
	// took: not one octet of them was written.
	Submit(m []Message) (left []Message)
	// Ready has a value when more may be taken.
	Ready() <-chan struct{}
}

// Outcome is what became of one submit_sm.
type Outcome byte

// Outcomes of a submit_sm.
const (
	Accepted Outcome = iota
	Temporary
	Refused
	Ambiguous // written, no answer
	Unsent    // certainly never written
)

// Result is the answer to one Message.
type Result struct {
	Submission int64
	Outcome    Outcome
	Status     uint32
	MessageID  string
	Err        string
	At         time.Time
}

// Incoming is what a deliver_sm or data_sm says.
type Incoming struct {
	Source       string // MSISDN with a leading plus where it is known to be international
	Destination  string
	ESMClass     byte
	DataCoding   byte
	UserData     []byte
	ReceiptedID  string
	MessageState byte
	HasState     bool // a message_state is there
	NetworkError []byte
	Reference    uint16 // user_message_reference
	HasReference bool   // one is there
	// Report is the user data of the card's SMS-DELIVER-REPORT, with its header,
	// that a receipt has in a parameter of the SMSC's own; nil where there is none.
	Report []byte
}

// receipt is what a receipt is read from.
func (in Incoming) receipt() receipt.Fields {
	return receipt.Fields{
		ESMClass: in.ESMClass, DataCoding: in.DataCoding, Text: in.UserData,
		ReceiptedID: in.ReceiptedID, MessageState: in.MessageState, HasState: in.HasState, NetworkError: in.NetworkError,
	}
}

// Connection is what settlement must know of a link.
type Connection struct {
	IDScope      string       // links whose message ids are one space
	ResponseBase receipt.Base // how the SMSC writes ids in responses
	ReceiptBase  receipt.Base // and in receipts
	Receipts     receipt.Options
	References   bool // submit_sm carry a user_message_reference, the low half of Message.Submission
}

// Config is what a Desk works with.
type Config struct {
	Store  Store
	Keys   Keys
	Ways   func(operator string) Way
	Links  map[string]Connection // by name
	Timing Timing
	Parse  func(link string, pdu []byte) (Incoming, error) // reads a stored PDU
	KeyAAD func(iccid string, domain []byte, kvn byte, kind string) string
	Wake   func(targetID int64) // a target has new evidence
	// WakeWithin is for evidence that can wait: what follows it is likely to
	// wake the target anyway. Nil is Wake.
	WakeWithin func(targetID int64, d time.Duration)
	Types      func(ctx context.Context, name string) (catalog.CardType, error)
	Now        func() time.Time
	// Urgent is Wake for what cannot wait its turn: a notice of an eUICC, which
	// rolls back when it is not confirmed. Nil is Wake.
	Urgent func(targetID int64)
	// Notices reads what eUICCs send by themselves; nil takes none.
	Notices *Notices
	// Ran says what the answer of its fence, seen at that time, tells of a write.
	// Nil compares it with what the write expects.
	Ran     func(w ledger.Attempt, answer []byte, at time.Time) ledger.Told
	Log     zerolog.Logger
	Workers int // that settle the inbox; 0 means 4
}

// Notices is how eUICCs send notices.
type Notices struct {
	Domain []byte // AID of the security domain whose keys sign them
	Parse  func(data []byte) (Notice, error)
}

// Notice is what an eUICC says by itself (GSMA SGP.02, 4.1.1.11).
type Notice struct {
	EID      string
	Type     byte
	Sequence int
	ISDP     string // AID of the profile it speaks of, hex in upper case; may be empty
	IMEI     string // may be empty
}

// Store is what the desk needs of the records.
type Store interface {
	ledger.Store
	CardsByMSISDN(ctx context.Context, msisdn string) ([]catalog.Entry, error)
	CardsByEID(ctx context.Context, eid string) ([]catalog.Entry, error)
	CardByID(ctx context.Context, id int64) (catalog.Entry, error)
}

// Desk sends and settles. Its methods may be called from any goroutine.
type Desk struct {
	cfg      Config
	outboxes outboxes
	settle   chan []ledger.InboxRow
	queued   atomic.Int64 // octets of rows in settle
	unstored unstored
	missed   atomic.Bool // what a waiting row waits for may be there already
	keys     keyCache
}

// New makes a desk.
func New(cfg Config) *Desk {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Workers == 0 {
		cfg.Workers = 4
	}
	if cfg.Urgent == nil {
		cfg.Urgent = cfg.Wake
	}
	if cfg.Ran == nil {
		cfg.Ran = func(w ledger.Attempt, answer []byte, _ time.Time) ledger.Told {
			if bytes.Equal(answer, w.Expect) {
				return ledger.ToldRan
			}
			return ledger.ToldNotRun
		}
	}
	if cfg.WakeWithin == nil {
		cfg.WakeWithin = func(id int64, _ time.Duration) { cfg.Wake(id) }
	}
	d := &Desk{cfg: cfg, settle: make(chan []ledger.InboxRow, 1024)}
	d.outboxes = outboxes{desk: d, all: map[string]*outbox{}}
	d.missed.Store(true) // by the last run
	return d
}

// Timing is the timing the desk works by.
func (d *Desk) Timing() Timing { return d.cfg.Timing }

// Run recovers what a stop left behind, then sends and settles until ctx ends.
// Submissions that were being written when the last server died are ambiguous:
// they wait their grace and go again, with the same octets.
func (d *Desk) Run(ctx context.Context) error {
	if err := d.recover(ctx); err != nil {
		return err
	}
	if err := d.outboxes.start(ctx); err != nil {
		return err
	}
	defer d.outboxes.wait()
	var wg sync.WaitGroup
	for range d.cfg.Workers {
		wg.Go(func() { d.settleLoop(ctx) })
	}
	wg.Go(func() { d.sweep(ctx) })
	wg.Wait()
	return ctx.Err()
}

func (d *Desk) recover(ctx context.Context) error {
	op := &ledger.Interrupt{NotBefore: d.cfg.Now().Add(d.cfg.Timing.Grace)}
	if err := d.cfg.Store.Apply(ctx, op)[0]; err != nil {
		return err
	}
	if op.Count > 0 {
		d.cfg.Log.Warn().Int("submissions", op.Count).Dur("grace", d.cfg.Timing.Grace).
			Msg("the last run was cut off while writing: these go again after the grace time, with the same octets")
	}
	for _, id := range op.TargetIDs {
		d.cfg.Wake(id)
	}
	return nil
}
