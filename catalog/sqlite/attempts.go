package sqlite

import (
	"context"
	"fmt"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

const attemptColumns = `a.id, COALESCE(a.target_id, 0), a.card_id, a.step, a.try, a.kind, COALESCE(a.keyset_id, 0), COALESCE(a.counter, 0), a.tar, a.spi,
	COALESCE(a.format, ''), a.script, a.fence, a.expect, COALESCE(a.fence_of, 0), COALESCE(a.purpose, ''), COALESCE(a.label, ''),
	a.reference, a.deadline, COALESCE(a.outcome, ''), a.created_at`

func scanAttempt(s scanner) (a ledger.Attempt, err error) {
	err = s.Scan(&a.ID, &a.TargetID, &a.CardID, &a.Step, &a.Try, &a.Kind, &a.KeysetID, &a.Counter, &a.TAR, &a.SPI,
		&a.Format, &a.Script, &a.Fence, &a.Expect, &a.FenceOf, &a.Purpose, &a.Label,
		&a.Reference, when{&a.Deadline}, &a.Outcome, when{&a.CreatedAt})
	return a, err
}

const submissionColumns = `s.id, s.part_id, p.seq, s.try, s.link, s.subscription_id, s.source, s.destination, s.state, s.not_before, s.valid_until, s.sent_at,
	COALESCE(s.status, 0), COALESCE(s.message_id, ''), COALESCE(s.id_normal, ''), COALESCE(s.err, ''), s.final_at`

func submissionFields(s *ledger.Submission) []any {
	return []any{&s.ID, &s.PartID, &s.PartSeq, &s.Try, &s.Link, &s.SubscriptionID, &s.Source, &s.Destination, &s.State, when{&s.NotBefore}, when{&s.ValidUntil}, when{&s.SentAt},
		&s.Status, &s.MessageID, &s.IDNormal, &s.Err, when{&s.FinalAt}}
}

// attempts reads attempts with their parts and submissions, in three queries
// however many there are.
func (r reader) attempts(query string, args ...any) ([]ledger.Attempt, error) {
	rows, err := r.query(query, args...)
	all, err := collect(rows, err, scanAttempt)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	at := make(map[int64]*ledger.Attempt, len(all))
	ids := make([]int64, len(all))
	for i := range all {
		at[all[i].ID], ids[i] = &all[i], all[i].ID
	}
	in, err := list(ids)
	if err != nil {
		return nil, err
	}
	rows, err = r.query(`SELECT id, attempt_id, seq, user_data FROM part
		WHERE attempt_id IN (SELECT value FROM json_each(?1)) ORDER BY attempt_id, seq`, in)
	if _, err := collect(rows, err, func(s scanner) (struct{}, error) {
		var p ledger.Part
		err := s.Scan(&p.ID, &p.AttemptID, &p.Seq, &p.UserData)
		if err == nil {
			at[p.AttemptID].Parts = append(at[p.AttemptID].Parts, p)
		}
		return struct{}{}, err
	}); err != nil {
		return nil, err
	}
	return all, r.submissions(at, in)
}

func (r reader) submissions(at map[int64]*ledger.Attempt, in string) error {
	parts := map[int64]*ledger.Part{}
	for _, a := range at {
		for i := range a.Parts {
			parts[a.Parts[i].ID] = &a.Parts[i]
		}
	}
	rows, err := r.query(`SELECT `+submissionColumns+` FROM part p JOIN submission s ON s.part_id = p.id
		WHERE p.attempt_id IN (SELECT value FROM json_each(?1)) ORDER BY s.part_id, s.try`, in)
	_, err = collect(rows, err, func(row scanner) (struct{}, error) {
		var s ledger.Submission
		err := row.Scan(submissionFields(&s)...)
		if err == nil {
			parts[s.PartID].Submissions = append(parts[s.PartID].Submissions, s)
		}
		return struct{}{}, err
	})
	return err
}

func (d *DB) oneAttempt(ctx context.Context, query string, args ...any) (a ledger.Attempt, found bool, err error) {
	err = d.snapshot(ctx, func(r reader) error {
		all, err := r.attempts(query, args...)
		if err == nil && len(all) > 0 {
			a, found = all[0], true
		}
		return err
	})
	return a, found, err
}

// Attempt finds one attempt; see ledger.Reader.
func (d *DB) Attempt(ctx context.Context, id int64) (ledger.Attempt, error) {
	a, found, err := d.oneAttempt(ctx, `SELECT `+attemptColumns+` FROM attempt a WHERE a.id = ?1`, id)
	if err == nil && !found {
		err = fmt.Errorf("%w: attempt %d", catalog.ErrNotFound, id)
	}
	return a, err
}

// AttemptByCounter finds what a counter was bound to; see ledger.Reader.
func (d *DB) AttemptByCounter(ctx context.Context, keysetID int64, counter uint64) (ledger.Attempt, error) {
	if counter > maxCounter {
		return ledger.Attempt{}, fmt.Errorf("%w: counter %d does not fit five octets", catalog.ErrNotFound, counter)
	}
	a, found, err := d.oneAttempt(ctx, `SELECT `+attemptColumns+` FROM attempt a WHERE a.keyset_id = ?1 AND a.counter = ?2`, keysetID, counter)
	if err == nil && !found {
		err = fmt.Errorf("%w: counter %d of keyset %d", catalog.ErrNotFound, counter, keysetID)
	}
	return a, err
}

// OpenWrite finds the open write of a keyset; see ledger.Reader.
func (d *DB) OpenWrite(ctx context.Context, keysetID int64) (ledger.Attempt, bool, error) {
	return d.oneAttempt(ctx, `SELECT `+attemptColumns+` FROM attempt a WHERE a.keyset_id = ?1 AND a.kind = 'write' AND (a.outcome IS NULL OR a.outcome = 'held')`, keysetID)
}

// SecuredBy lists keysets and SPIs in use on a TAR; see ledger.Reader.
func (d *DB) SecuredBy(ctx context.Context, cardID int64, tar []byte) ([]ledger.Secured, error) {
	rows, err := d.reader(ctx).query(`SELECT keyset_id, spi FROM attempt WHERE card_id = ?1 AND tar = ?2 AND keyset_id IS NOT NULL
		GROUP BY keyset_id, spi ORDER BY MAX(id) DESC`, cardID, blob(tar))
	return collect(rows, err, func(s scanner) (v ledger.Secured, err error) {
		err = s.Scan(&v.KeysetID, &v.SPI)
		return v, err
	})
}

// ByReceipt finds what a message id was given to; see ledger.Reader.
func (d *DB) ByReceipt(ctx context.Context, scope, idNormal string) ([]ledger.SubmissionRef, error) {
	rows, err := d.reader(ctx).query(`SELECT a.id, COALESCE(a.target_id, 0), a.card_id, a.kind, `+submissionColumns+` FROM receipt_key k
		JOIN submission s ON s.id = k.submission_id JOIN part p ON p.id = s.part_id JOIN attempt a ON a.id = p.attempt_id
		WHERE k.id_scope = ?1 AND k.id_normal = ?2 ORDER BY k.submission_id DESC`, scope, idNormal)
	return collect(rows, err, func(s scanner) (v ledger.SubmissionRef, err error) {
		err = s.Scan(append([]any{&v.AttemptID, &v.TargetID, &v.CardID, &v.Kind}, submissionFields(&v.Submission)...)...)
		v.PartSeq = v.Submission.PartSeq
		return v, err
	})
}
