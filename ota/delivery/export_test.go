package delivery

import (
	"context"

	"github.com/simota/simota/catalog/ledger"
)

// The pieces of Run, for tests that decide themselves what happens when.

// Recover does what Run does before all else.
func (d *Desk) Recover(ctx context.Context) error { return d.recover(ctx) }

// SendReady hands one batch to an operator's links.
func (d *Desk) SendReady(ctx context.Context, operator string) error {
	_, _, err := d.outboxes.of(operator).round(ctx)
	return err
}

// SettleQueued settles what is queued, as the workers do.
func (d *Desk) SettleQueued(ctx context.Context) {
	for {
		select {
		case rows := <-d.settle:
			d.queued.Add(-octets(rows))
			d.settleBatch(ctx, rows)
		default:
			return
		}
	}
}

// Forget loses the queue, as a crash does.
func (d *Desk) Forget() {
	for len(d.settle) > 0 {
		d.queued.Add(-octets(<-d.settle))
	}
}

// Sweep looks once for what the workers passed over.
func (d *Desk) Sweep(ctx context.Context) error { return d.sweepOnce(ctx) }

// Judge says what a row would be settled as.
func (d *Desk) Judge(ctx context.Context, r ledger.InboxRow) (*ledger.Settle, error) {
	v, err := d.judge(ctx, r)
	return v.op, err
}
