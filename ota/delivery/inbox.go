package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/simota/simota/catalog/ledger"
)

const (
	inboxChunk = 500
	queueLimit = 16 << 20       // octets of rows that wait for the workers
	joinWindow = 24 * time.Hour // parts of one answer that stay apart longer belong to different ones
)

// Receive stores PDUs of a link. It returns one error per PDU, nil where it is
// durable: only then may it be answered as taken. Settlement follows by itself.
func (d *Desk) Receive(ctx context.Context, link string, pdus [][]byte) []error {
	now, scope := d.cfg.Now(), d.cfg.Links[link].IDScope
	ops := make([]ledger.Op, len(pdus))
	for i, pdu := range pdus {
		ops[i] = &ledger.Receive{Row: ledger.InboxRow{Link: link, IDScope: scope, ReceivedAt: now, PDU: pdu, State: ledger.InboxNew}}
	}
	errs := d.cfg.Store.Apply(ctx, ops...)
	rows := make([]ledger.InboxRow, 0, len(pdus))
	for i, err := range errs {
		if op := ops[i].(*ledger.Receive); err == nil {
			op.Row.ID = op.ID
			rows = append(rows, op.Row)
		}
	}
	d.queue(rows)
	return errs
}

// queue asks for settlement. When the queue is full the rows are found by the
// next sweep: they are stored.
func (d *Desk) queue(rows []ledger.InboxRow) {
	if len(rows) == 0 {
		return
	}
	n := octets(rows)
	if d.queued.Add(n) <= queueLimit {
		select {
		case d.settle <- rows:
			return
		default:
		}
	}
	d.queued.Add(-n)
	d.missed.Store(true)
}

// octets is about what rows cost while they wait.
func octets(rows []ledger.InboxRow) (n int64) {
	const row = 256 // without its PDU
	for _, r := range rows {
		n += row + int64(len(r.PDU))
	}
	return n
}

// Settle settles what is stored and not settled, at once: what a server does
// last, when nothing more can come in.
func (d *Desk) Settle(ctx context.Context) error {
	d.remember(ctx)
	return d.sweepState(ctx, ledger.InboxNew, d.cfg.Now())
}

// sweep finds rows that nobody settled: those of the last run, and what a full
// queue or an error passed over. Rows that waited too long become orphans.
func (d *Desk) sweep(ctx context.Context) {
	tick := time.NewTicker(max(d.cfg.Timing.Grace, time.Second))
	defer tick.Stop()
	for {
		if err := d.sweepOnce(ctx); err != nil && ctx.Err() == nil {
			d.cfg.Log.Error().Err(err).Msg("inbox not swept")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (d *Desk) sweepOnce(ctx context.Context) error {
	d.remember(ctx)
	// A row is left to the workers for a while before it counts as passed over.
	now := d.cfg.Now()
	err := d.sweepState(ctx, ledger.InboxNew, now.Add(-d.cfg.Timing.Grace/4))
	if d.missed.Swap(false) {
		if late := d.sweepState(ctx, ledger.InboxWaiting, now); late != nil {
			d.missed.Store(true)
			err = errors.Join(err, late)
		}
	}
	return errors.Join(err, d.orphans(ctx))
}

// sweepState settles the rows of a state that came before the cutoff. One that
// cannot be settled does not hold up the others; the first error is returned.
func (d *Desk) sweepState(ctx context.Context, state ledger.InboxState, cutoff time.Time) (first error) {
	for after := int64(0); ; {
		rows, err := d.cfg.Store.Inbox(ctx, state, after, inboxChunk)
		if err != nil || len(rows) == 0 {
			return errors.Join(first, err)
		}
		after = rows[len(rows)-1].ID
		rows = slices.DeleteFunc(rows, func(r ledger.InboxRow) bool { return r.ReceivedAt.After(cutoff) })
		if err := d.settleRows(ctx, rows); err != nil && first == nil {
			first = err
		}
	}
}

// orphans gives up rows that waited past any use.
func (d *Desk) orphans(ctx context.Context) error {
	cutoff := d.cfg.Now().Add(-joinWindow)
	for after := int64(0); ; {
		rows, err := d.cfg.Store.Inbox(ctx, ledger.InboxWaiting, after, inboxChunk)
		if err != nil {
			return err
		}
		var ops []ledger.Op
		for _, r := range rows {
			if after = r.ID; r.ReceivedAt.Before(cutoff) {
				ops = append(ops, &ledger.Settle{InboxIDs: []int64{r.ID}, State: ledger.InboxOrphan, Kind: r.Kind, Key: r.Key})
			}
		}
		if len(ops) == 0 { // rows come in the order of their arrival
			return nil
		}
		if err := stale(d.cfg.Store.Apply(ctx, ops...)...); err != nil {
			return err
		}
	}
}

func stale(errs ...error) error {
	for _, err := range errs {
		if err != nil && !errors.Is(err, ledger.ErrStale) {
			return err
		}
	}
	return nil
}

func (d *Desk) settleLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case rows := <-d.settle:
			d.queued.Add(-octets(rows))
			d.settleBatch(ctx, d.gather(rows))
		}
	}
}

// gather adds what else is queued: the busier the inbox, the larger the batch.
func (d *Desk) gather(rows []ledger.InboxRow) []ledger.InboxRow {
	for len(rows) < inboxChunk {
		select {
		case more := <-d.settle:
			d.queued.Add(-octets(more))
			rows = append(rows, more...)
		default:
			return rows
		}
	}
	return rows
}

func (d *Desk) settleBatch(ctx context.Context, rows []ledger.InboxRow) {
	if err := d.settleRows(ctx, rows); err != nil {
		d.missed.Store(true)
		d.cfg.Log.Error().Err(err).Msg("inbox rows not settled: the sweep tries again")
	}
}

// verdict is what one inbox row comes to: an operation, and whom to wake.
type verdict struct {
	op     *ledger.Settle
	wake   []int64
	waits  bool // the targets can wait a moment for more
	urgent bool // they cannot wait at all
}

// settleRows settles a batch with one commit. Parts of one answer do not see
// each other before it: recheck joins them. A row that cannot be judged (keys
// that do not open) stays as it is and harms no other; the first error is
// returned.
func (d *Desk) settleRows(ctx context.Context, rows []ledger.InboxRow) (first error) {
	var ops []ledger.Op
	var verdicts []verdict
	for _, r := range rows {
		if r.State == ledger.InboxSettled || r.State == ledger.InboxOrphan {
			continue
		}
		v, err := d.judge(ctx, r)
		switch {
		case err != nil && first == nil:
			first = fmt.Errorf("delivery: inbox row %d: %w", r.ID, err)
		case err != nil, r.State == ledger.InboxWaiting && v.op.State == ledger.InboxWaiting:
		default:
			ops, verdicts = append(ops, v.op), append(verdicts, v)
		}
	}
	if len(ops) == 0 {
		return first
	}
	errs := d.cfg.Store.Apply(ctx, ops...)
	var waiting []int64
	for i, err := range errs {
		if err != nil {
			continue
		}
		for _, id := range verdicts[i].wake {
			switch {
			case verdicts[i].waits:
				d.cfg.WakeWithin(id, d.cfg.Timing.Proof/16)
			case verdicts[i].urgent:
				d.cfg.Urgent(id)
			default:
				d.cfg.Wake(id)
			}
		}
		if verdicts[i].op.State == ledger.InboxWaiting {
			waiting = append(waiting, verdicts[i].op.InboxIDs...)
		}
	}
	if len(waiting) > 0 {
		d.recheck(ctx, waiting)
	}
	return errors.Join(first, stale(errs...))
}

// recheck closes the gap between looking and waiting: what the row waits for
// may have been stored in between.
func (d *Desk) recheck(ctx context.Context, ids []int64) {
	rows, err := d.cfg.Store.InboxByID(ctx, ids...)
	if err == nil {
		err = d.settleRows(ctx, rows)
	}
	if err != nil {
		d.missed.Store(true)
		d.cfg.Log.Error().Err(err).Msg("inbox rows that wait not looked at again: the sweep does")
	}
}
