package delivery

import (
	"context"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/smpp/receipt"
)

const outboxBatch = 256

// outbox sends what is ready for one link: read, mark as submitting durably,
// hand over.
type outbox struct {
	desk *Desk
	name string
	conn Connection
	wake chan struct{}
}

func newOutbox(d *Desk, name string, c Connection) *outbox {
	return &outbox{desk: d, name: name, conn: c, wake: make(chan struct{}, 1)}
}

// poke says that there may be something to send.
func (o *outbox) poke() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) run(ctx context.Context) {
	idle := time.NewTimer(0)
	defer idle.Stop()
	for ctx.Err() == nil {
		sent, next, err := o.round(ctx)
		if err != nil && ctx.Err() == nil {
			o.desk.cfg.Log.Error().Err(err).Str("link", o.name).Msg("nothing can be sent: the database does not take it")
		}
		if sent > 0 && err == nil {
			continue
		}
		wait := time.Second
		if !next.IsZero() {
			wait = min(wait, max(next.Sub(o.desk.cfg.Now()), time.Millisecond))
		}
		idle.Reset(wait)
		select {
		case <-ctx.Done():
		case <-o.wake:
		case <-o.conn.Link.Ready():
		case <-idle.C:
		}
	}
}

// round sends one batch. A submission is durably submitting before its frame
// can be written, so a crash can never forget that it may have left.
func (o *outbox) round(ctx context.Context) (sent int, next time.Time, err error) {
	free := min(o.conn.Link.Free(), outboxBatch)
	if free == 0 {
		return 0, time.Time{}, nil
	}
	store, now := o.desk.cfg.Store, o.desk.cfg.Now()
	ready, next, err := store.Outbox(ctx, o.name, now, free)
	if err != nil || len(ready) == 0 {
		return 0, next, err
	}
	op := &ledger.Sending{At: now}
	for _, r := range ready {
		op.IDs = append(op.IDs, r.ID)
	}
	if err := store.Apply(ctx, op)[0]; err != nil {
		return 0, next, err
	}
	taken := make(map[int64]bool, len(op.Taken))
	for _, id := range op.Taken {
		taken[id] = true
	}
	batch, late := make([]Message, 0, len(ready)), []Result(nil)
	for _, r := range ready {
		switch {
		case !taken[r.ID]:
		case tooLate(r, now):
			late = append(late, Result{Submission: r.ID, Outcome: Refused, Err: "its deadline passed before it could leave", At: now})
		default:
			batch = append(batch, message(r, now))
		}
	}
	if len(late) > 0 {
		o.desk.Results(ctx, o.name, late)
	}
	return len(op.Taken), next, o.hand(ctx, batch)
}

// tooLate reports whether the deadline of a write is over: its window may be
// closed. Reads settle things and change none, so they go with a second left.
func tooLate(r ledger.Outgoing, now time.Time) bool {
	return r.Kind == ledger.Write && !r.ValidUntil.IsZero() && !now.Before(r.ValidUntil)
}

func message(r ledger.Outgoing, now time.Time) Message {
	m := Message{
		Submission: r.ID, Source: r.Source, Destination: r.Destination, UserData: r.UserData,
		Card: r.Kind != ledger.CP,
	}
	if !r.ValidUntil.IsZero() {
		m.Validity = max(r.ValidUntil.Sub(now), time.Second)
	}
	return m
}

// hand gives the batch to the link. What it did not take was never written.
func (o *outbox) hand(ctx context.Context, batch []Message) error {
	n, err := o.conn.Link.Submit(ctx, batch)
	if n == len(batch) {
		return nil
	}
	left := make([]Result, 0, len(batch)-n)
	why := "link down"
	if err != nil {
		why = err.Error()
	}
	for _, m := range batch[n:] {
		left = append(left, Result{Submission: m.Submission, Outcome: Unsent, Err: why, At: o.desk.cfg.Now()})
	}
	o.desk.Results(context.WithoutCancel(ctx), o.name, left)
	return nil
}

// Results records what became of submitted messages.
func (d *Desk) Results(ctx context.Context, link string, results []Result) {
	conn := d.cfg.Links[link]
	ops := make([]ledger.Op, len(results))
	for i, r := range results {
		ops[i] = d.respond(conn, r)
	}
	errs := d.cfg.Store.Apply(ctx, ops...)
	for i, err := range errs {
		op := ops[i].(*ledger.Respond)
		if err != nil {
			// The submission stays submitting; the next start makes it ambiguous.
			d.cfg.Log.Error().Err(err).Int64("submission", op.SubmissionID).Msg("response not stored")
			continue
		}
		d.reconsider(ctx, op.Waiting)
		d.queue(d.spelled(ctx, conn, results[i]))
		if op.State != ledger.Accepted && op.TargetID != 0 {
			d.cfg.Wake(op.TargetID)
		}
	}
	if o := d.outbox[link]; o != nil {
		o.poke()
	}
}

// spelled finds receipts that came before the response and wait under another
// reading of its id: where the base of receipts is open, digits can mean two numbers.
func (d *Desk) spelled(ctx context.Context, conn Connection, r Result) []ledger.InboxRow {
	id := receipt.Normalize(r.MessageID, conn.ReceiptBase)
	if r.Outcome != Accepted || conn.ReceiptBase != receipt.Auto || id == receipt.Normalize(r.MessageID, conn.ResponseBase) {
		return nil
	}
	rows, err := d.cfg.Store.InboxByKey(ctx, conn.IDScope, receiptKey(id))
	if err != nil {
		d.missed.Store(true)
		return nil
	}
	return rows
}

// reconsider settles rows that waited for something that is here now.
func (d *Desk) reconsider(ctx context.Context, ids []int64) {
	if len(ids) == 0 {
		return
	}
	rows, err := d.cfg.Store.InboxByID(ctx, ids...)
	if err != nil {
		d.missed.Store(true)
		return
	}
	d.queue(rows)
}

func (d *Desk) respond(conn Connection, r Result) *ledger.Respond {
	op := &ledger.Respond{
		SubmissionID: r.Submission, Status: r.Status, MessageID: r.MessageID, IDScope: conn.IDScope, Err: r.Err, At: r.At,
	}
	t := d.cfg.Timing
	switch r.Outcome {
	case Accepted:
		op.State = ledger.Accepted
		if r.MessageID != "" {
			op.IDNormal = receipt.Normalize(r.MessageID, conn.ResponseBase)
		}
	case Temporary:
		op.State, op.NotBefore = ledger.Temporary, r.At.Add(t.Temporary)
	case Refused:
		op.State = ledger.Rejected
	case Ambiguous:
		op.State, op.NotBefore = ledger.Ambiguous, r.At.Add(t.Grace)
	case Unsent:
		op.State, op.NotBefore = ledger.Ready, r.At
	}
	return op
}
