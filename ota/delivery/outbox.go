package delivery

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/smpp/receipt"
)

const outboxBatch = 256

// outboxes are those of all operators; one is made when it is first needed.
type outboxes struct {
	desk *Desk

	mu  sync.Mutex
	all map[string]*outbox
	ctx context.Context // of the run; nil before it
	run sync.WaitGroup
}

// start sends what the last run left, and from now on what is poked.
func (b *outboxes) start(ctx context.Context) error {
	awaited, err := b.desk.cfg.Store.Awaited(ctx)
	if err != nil {
		return err
	}
	for _, operator := range awaited {
		b.of(operator)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ctx = ctx
	for _, o := range b.all {
		b.run.Go(func() { o.run(ctx) })
	}
	return nil
}

// wait waits for the end of every outbox, after that of the run.
func (b *outboxes) wait() {
	b.mu.Lock()
	b.ctx = nil
	b.mu.Unlock()
	b.run.Wait()
}

// of is the outbox of an operator.
func (b *outboxes) of(operator string) *outbox {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.all[operator]
	if o == nil {
		o = &outbox{desk: b.desk, operator: operator, way: b.desk.cfg.Ways(operator), wake: make(chan struct{}, 1)}
		b.all[operator] = o
		if ctx := b.ctx; ctx != nil && ctx.Err() == nil {
			b.run.Go(func() { o.run(ctx) })
		}
	}
	return o
}

// poke says that there may be something to send to every operator.
func (b *outboxes) poke() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.all {
		o.poke()
	}
}

// outbox sends what is ready for one operator: read, mark as submitting
// durably, hand over.
type outbox struct {
	desk     *Desk
	operator string
	way      Way
	wake     chan struct{}
	jammed   bool // nothing of the last batch could leave
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
			o.desk.cfg.Log.Error().Err(err).Str("operator", o.operator).Msg("nothing can be sent: the database does not take it")
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
		case <-o.way.Ready():
		case <-idle.C:
		}
	}
}

// pick is what to send next, and when to look again. When all that is first has
// to wait for a link of its own, as what follows messages on their way has to, it
// looks behind that: the way says what of it fits.
func (o *outbox) pick(ctx context.Context, now time.Time) (ready []ledger.Outgoing, next time.Time, err error) {
	confirm, other := o.way.Room()
	limit := min(max(confirm, other), outboxBatch)
	switch {
	case limit == 0:
		return nil, time.Time{}, nil
	case o.jammed:
		return o.desk.cfg.Store.Outbox(ctx, o.operator, now, outboxBatch)
	}
	ready, next, err = o.desk.cfg.Store.Outbox(ctx, o.operator, now, limit)
	if fit := fits(ready, confirm, other); len(fit) < len(ready) {
		ready, next = fit, time.Time{} // the way says when there is room
	}
	return ready, next, err
}

// round sends one batch. A submission is durably submitting before its frame
// can be written, so a crash can never forget that it may have left.
func (o *outbox) round(ctx context.Context) (sent int, next time.Time, err error) {
	store, now, again := o.desk.cfg.Store, o.desk.cfg.Now(), o.jammed
	ready, next, err := o.pick(ctx, now)
	if o.jammed = false; err != nil || len(ready) == 0 {
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
	left := o.way.Submit(batch)
	if o.jammed = len(left) > 0 && len(left) == len(batch); o.jammed && again {
		next = time.Time{} // the way says when there is room
	}
	for _, m := range left {
		late = append(late, Result{Submission: m.Submission, Outcome: Unsent, Err: "no link could take it", At: o.desk.cfg.Now()})
	}
	if len(late) > 0 {
		o.desk.Results(context.WithoutCancel(ctx), "", late)
	}
	return len(op.Taken) - len(left), next, nil
}

// fits is what there is room for; the submissions come by class.
func fits(ready []ledger.Outgoing, confirm, other int) []ledger.Outgoing {
	for i, r := range ready {
		room := other
		if r.Class == ledger.ClassConfirm {
			room = confirm
		}
		if i >= room {
			return ready[:i]
		}
	}
	return ready
}

// tooLate reports whether the deadline of a write is over: its window may be
// closed. Reads settle things and change none, so they go with a second left.
func tooLate(r ledger.Outgoing, now time.Time) bool {
	return r.Kind == ledger.Write && !r.ValidUntil.IsZero() && !now.Before(r.ValidUntil)
}

func message(r ledger.Outgoing, now time.Time) Message {
	m := Message{
		Submission: r.ID, Source: r.Source, Destination: r.Destination, UserData: r.UserData,
		Card: r.Kind != ledger.CP, Class: r.Class,
	}
	if r.Kind == ledger.CP {
		m.Text = r.Format
	}
	if !r.ValidUntil.IsZero() {
		m.Validity = max(r.ValidUntil.Sub(now), time.Second)
	}
	return m
}

// Results records what became of messages that went by a link.
func (d *Desk) Results(ctx context.Context, link string, results []Result) {
	conn := d.cfg.Links[link]
	ops := make([]ledger.Op, len(results))
	for i, r := range results {
		ops[i] = d.respond(link, conn, r)
	}
	errs := d.cfg.Store.Apply(ctx, ops...)
	unsent := false
	for i, err := range errs {
		op := ops[i].(*ledger.Respond)
		unsent = unsent || op.State == ledger.Ready
		if err != nil {
			// The submission stays submitting until the sweep, or the next start, which makes it ambiguous.
			d.cfg.Log.Error().Err(err).Int64("submission", op.SubmissionID).Msg("response not stored")
			if !errors.Is(err, catalog.ErrNotFound) {
				d.unstored.add(link, results[i])
			}
			continue
		}
		d.reconsider(ctx, op.Waiting)
		d.queue(d.spelled(ctx, conn, op))
		if op.State != ledger.Accepted && op.TargetID != 0 {
			d.cfg.Wake(op.TargetID)
		}
	}
	if unsent && link != "" { // a link was lost: others may serve
		d.outboxes.poke()
	}
}

// spelled finds receipts that came before the response and wait under another
// reading of its id: where the base of receipts is open, digits can mean two
// numbers, and a number in hex that has digits only waits as if it were decimal.
func (d *Desk) spelled(ctx context.Context, conn Connection, op *ledger.Respond) []ledger.InboxRow {
	id := receipt.Normalize(op.IDNormal, conn.ReceiptBase)
	if op.IDNormal == "" || conn.ReceiptBase != receipt.Auto || id == op.IDNormal {
		return nil
	}
	rows, err := d.cfg.Store.InboxByKey(ctx, conn.IDScope, receiptKey(id))
	if err != nil {
		d.missed.Store(true)
		return nil
	}
	return rows
}

// unstored are results that the database did not take. What it does not take it
// does not let go out either, so they are hardly more than the windows hold.
type unstored struct {
	mu  sync.Mutex
	all map[string][]Result // by link
}

func (u *unstored) add(link string, r Result) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all == nil {
		u.all = map[string][]Result{}
	}
	u.all[link] = append(u.all[link], r)
}

// take empties it.
func (u *unstored) take() map[string][]Result {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.all
	u.all = nil
	return all
}

// remember stores what could not be stored before, or keeps it once more.
func (d *Desk) remember(ctx context.Context) {
	for link, results := range d.unstored.take() {
		d.Results(ctx, link, results)
	}
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

func (d *Desk) respond(link string, conn Connection, r Result) *ledger.Respond {
	op := &ledger.Respond{
		SubmissionID: r.Submission, Link: link, Status: r.Status, MessageID: r.MessageID, IDScope: conn.IDScope, Err: r.Err, At: r.At,
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
