package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/sqlite"
)

// group is how many targets are read, and how many operations written, at once.
const group = 500

// Rows are the rows that a campaign has in each table.
type Rows struct {
	Targets     int `json:"targets"`
	Attempts    int `json:"attempts"`
	Parts       int `json:"parts"`
	Submissions int `json:"submissions"`
	ReceiptKeys int `json:"receipt_keys"` // one per submission whose message id is known
	Inbox       int `json:"inbox"`
	Evidence    int `json:"evidence"`
}

// once is what one packet of one part, its receipt and its proof come to, if
// nothing was sent twice.
func (r Rows) once(cards int) bool {
	return r.Targets == cards && r.Attempts == cards && r.Parts == cards && r.Submissions == cards && r.ReceiptKeys == cards && r.Inbox == 2*cards
}

// records are what a database says of a campaign.
type records struct {
	rows      Rows
	receipts  int // positive ones
	proofs    int // authenticated, of a script that ran
	last      time.Time
	latencies []time.Duration
}

// checkRun holds that every card had its one packet, receipt and proof.
func (r records) checkRun(cards int) error {
	if !r.rows.once(cards) || r.receipts != cards || r.proofs != cards {
		return fmt.Errorf("bench: %d cards should have one part, receipt and proof each, but the database has %+v, %d receipts and %d proofs: "+
			"nothing was measured", cards, r.rows, r.receipts, r.proofs)
	}
	return nil
}

func (b *bench) read(ctx context.Context, db *sqlite.DB, campaign int64, what string) (r records, err error) {
	bar := b.progress(what)
	defer bar.end()
	inbox, err := db.InboxCounts(ctx)
	for _, n := range inbox {
		r.rows.Inbox += n
	}
	for after := int64(0); err == nil; {
		var targets []ledger.TargetRow
		if targets, err = db.Targets(ctx, campaign, nil, after, group); len(targets) == 0 {
			break
		}
		for _, t := range targets {
			d, err := db.Dossier(ctx, t.ID)
			if err != nil {
				return r, err
			}
			r.add(d)
			after = t.ID
		}
		bar.at(r.rows.Targets)
	}
	return r, err
}

func (r *records) add(d ledger.Dossier) {
	r.rows.Targets++
	r.rows.Evidence += len(d.Stored)
	r.seen(d.Target.ClosedAt)
	for _, e := range d.Stored {
		if e.Kind == ledger.EvProof && e.Body.Authenticated && e.Body.Complete {
			r.proofs++
		}
	}
	for _, a := range d.Attempts {
		r.rows.Attempts++
		r.latencies = append(r.latencies, d.Target.ClosedAt.Sub(a.CreatedAt))
		for _, p := range a.Parts {
			r.rows.Parts++
			for _, s := range p.Submissions {
				r.submission(s)
			}
		}
	}
}

func (r *records) submission(s ledger.Submission) {
	r.rows.Submissions++
	if s.IDNormal != "" {
		r.rows.ReceiptKeys++
	}
	if s.State == ledger.Arrived {
		r.receipts++
		r.seen(s.FinalAt)
	}
}

func (r *records) seen(t time.Time) {
	if t.After(r.last) {
		r.last = t
	}
}
