package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/simota/simota/catalog/ledger"
)

// maxBatch bounds the operations of one transaction: a commit, and with it
// every answer, stays a matter of milliseconds.
const maxBatch = 4096

// step is one operation as the writer runs it.
type step func(*tx) error

// job is what one caller wants done, and what became of it.
type job struct {
	steps []step
	errs  []error // one per step
	state atomic.Int32
	done  chan struct{} // closed when errs is final
}

// States of a job. A caller may withdraw a queued one; a taken one is carried
// through.
const (
	queued int32 = iota
	taken
	withdrawn
)

// writer owns the connection that writes.
type writer struct {
	tx      *tx
	jobs    chan *job
	quit    chan struct{} // closed by stop
	stopped chan struct{} // closed when the goroutine has ended
	broken  error         // the device failed: nothing is written any more
}

func startWriter(s *session) *writer {
	w := &writer{
		tx:      &tx{session: s},
		jobs:    make(chan *job, maxBatch),
		quit:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	go w.run()
	return w
}

// stop ends the goroutine after the batch under way.
func (w *writer) stop() error {
	close(w.quit)
	<-w.stopped
	return w.tx.close()
}

func (w *writer) run() {
	defer close(w.stopped)
	var batch []*job
	for {
		select {
		case <-w.quit:
			return
		default:
		}
		select {
		case <-w.quit:
			return
		case j := <-w.jobs:
			batch = w.gather(batch[:0], j)
			w.commit(batch)
		}
	}
}

// gather takes what has queued meanwhile, without waiting.
func (w *writer) gather(batch []*job, j *job) []*job {
	n := 0
	for {
		if j.state.CompareAndSwap(queued, taken) {
			batch = append(batch, j)
			n += len(j.steps)
		}
		if n >= maxBatch {
			return batch
		}
		select {
		case j = <-w.jobs:
		default:
			return batch
		}
	}
}

// commit runs a batch in one transaction and answers it. If the transaction
// does not end well, every step gets its error.
func (w *writer) commit(batch []*job) {
	err := w.broken
	if err == nil && len(batch) > 0 {
		err = w.transact(batch)
	}
	if err != nil && isBroken(err) && w.broken == nil {
		w.broken = fmt.Errorf("sqlite: the database failed, restart after having it checked: %w", err)
	}
	for _, j := range batch {
		if err != nil {
			for i := range j.errs {
				j.errs[i] = err
			}
		}
		close(j.done)
	}
}

// transact runs the steps without savepoints, and once more with them when
// one failed after it had written.
func (w *writer) transact(batch []*job) error {
	for _, run := range []func(step) error{w.tx.plain, w.tx.guarded} {
		dirty, err := w.attempt(batch, run)
		if err != nil || !dirty {
			return err
		}
	}
	return errors.New("sqlite: a savepoint did not hold")
}

// attempt runs the batch in a transaction. It says dirty, and has rolled all
// of it back, when the trace of a failed step cannot be taken out otherwise.
func (w *writer) attempt(batch []*job, run func(step) error) (dirty bool, err error) {
	if err := w.tx.control(`BEGIN IMMEDIATE`); err != nil {
		return false, err
	}
	for _, j := range batch {
		for i, s := range j.steps {
			switch j.errs[i] = run(s); {
			case j.errs[i] == nil:
			case isAbort(j.errs[i]):
				// Rolling back may fail because SQLite has already done it.
				return false, errors.Join(j.errs[i], w.tx.control(`ROLLBACK`))
			case w.tx.wrote:
				return true, w.tx.control(`ROLLBACK`)
			}
		}
	}
	if err := w.tx.control(`COMMIT`); err != nil {
		if back := w.tx.control(`ROLLBACK`); back != nil {
			err = errors.Join(err, back)
		}
		return false, err
	}
	return false, nil
}

// submit queues steps and waits for their end. The context counts until the
// writer has taken them.
func (w *writer) submit(ctx context.Context, steps []step) []error {
	j := &job{steps: steps, errs: make([]error, len(steps)), done: make(chan struct{})}
	if err := ctx.Err(); err != nil {
		return j.all(err)
	}
	select {
	case <-w.quit:
		return j.all(ErrClosed)
	default:
	}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return j.all(ctx.Err())
	case <-w.quit:
		return j.all(ErrClosed)
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.state.CompareAndSwap(queued, withdrawn) {
			return j.all(ctx.Err())
		}
		<-j.done
	case <-w.stopped:
		if j.state.CompareAndSwap(queued, withdrawn) {
			return j.all(ErrClosed)
		}
		<-j.done
	}
	return j.errs
}

func (j *job) all(err error) []error {
	for i := range j.errs {
		j.errs[i] = err
	}
	return j.errs
}

// do runs one step of our own through the writer.
func (d *DB) do(ctx context.Context, s step) error {
	if d.w == nil {
		return ErrReadOnly
	}
	return d.w.submit(ctx, []step{s})[0]
}

// Apply commits the operations durably; see ledger.Store. The context counts
// until the writer has taken them: an operation is never left half way.
func (d *DB) Apply(ctx context.Context, ops ...ledger.Op) []error {
	if len(ops) == 0 {
		return nil
	}
	if d.w == nil {
		return (&job{errs: make([]error, len(ops))}).all(ErrReadOnly)
	}
	steps := make([]step, len(ops))
	for i, op := range ops {
		steps[i] = func(t *tx) error { return t.apply(op, d.node) }
	}
	return d.w.submit(ctx, steps)
}
