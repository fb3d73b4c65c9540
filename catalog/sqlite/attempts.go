package sqlite

import (
	"context"
	"fmt"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

const attemptColumns = `a.id, COALESCE(a.target_id, 0), a.card_id, a.step, a.try, a.kind, COALESCE(a.keyset_id, 0), COALESCE(a.counter, 0), a.tar, a.spi,
	COALESCE(a.format, ''), a.script, a.fence, a.fence_tar, COALESCE(a.fence_format, ''), a.expect, COALESCE(a.fence_of, 0), COALESCE(a.purpose, ''), COALESCE(a.label, ''),
	a.reference, a.deadline, COALESCE(a.outcome, ''), a.created_at`

func scanAttempt(s scanner) (a ledger.Attempt, err error) {
	err = s.Scan(&a.ID, &a.TargetID, &a.CardID, &a.Step, &a.Try, &a.Kind, &a.KeysetID, &a.Counter, &a.TAR, &a.SPI,
		&a.Format, &a.Script, &a.Fence, &a.FenceTAR, &a.FenceForm, &a.Expect, &a.FenceOf, &a.Purpose, &a.Label,
		&a.Reference, when{&a.Deadline}, &a.Outcome, when{&a.CreatedAt})
	return a, err
}

const submissionColumns = `s.id, s.part_id, p.seq, s.try, s.operator, COALESCE(s.link, ''), s.class, s.subscription_id, s.source, s.destination, s.state, s.not_before, s.valid_until, s.sent_at,
	COALESCE(s.status, 0), COALESCE(s.message_id, ''), COALESCE(s.id_normal, ''), COALESCE(s.err, ''), s.final_at`

func submissionFields(s *ledger.Submission) []any {
	return []any{&s.ID, &s.PartID, &s.PartSeq, &s.Try, &s.Operator, &s.Link, &s.Class, &s.SubscriptionID, &s.Source, &s.Destination, &s.State, when{&s.NotBefore}, when{&s.ValidUntil}, when{&s.SentAt},
		&s.Status, &s.MessageID, &s.IDNormal, &s.Err, when{&s.FinalAt}}
}

// attempts reads attempts with their parts and submissions, in three queries
// however many there are.
func (r reader) attempts(where string, args ...any) ([]ledger.Attempt, error) {
	all, at, err := r.octets(where, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all, r.submissions(at, where, args)
}

// octets reads attempts with their parts: what never changes but for the outcome.
func (r reader) octets(where string, args ...any) (all []ledger.Attempt, at map[int64]*ledger.Attempt, err error) {
	rows, err := r.query(`SELECT `+attemptColumns+` FROM attempt a WHERE `+where+` ORDER BY a.step, a.try`, args...)
	if all, err = collect(rows, err, scanAttempt); err != nil || len(all) == 0 {
		return nil, nil, err
	}
	at = make(map[int64]*ledger.Attempt, len(all))
	for i := range all {
		at[all[i].ID] = &all[i]
	}
	rows, err = r.query(`SELECT p.id, p.attempt_id, p.seq, p.user_data FROM attempt a JOIN part p ON p.attempt_id = a.id
		WHERE `+where+` ORDER BY p.attempt_id, p.seq`, args...)
	_, err = collect(rows, err, func(s scanner) (struct{}, error) {
		var p ledger.Part
		err := s.Scan(&p.ID, &p.AttemptID, &p.Seq, &p.UserData)
		if err == nil {
			at[p.AttemptID].Parts = append(at[p.AttemptID].Parts, p)
		}
		return struct{}{}, err
	})
	return all, at, err
}

func (r reader) submissions(at map[int64]*ledger.Attempt, where string, args []any) error {
	parts := map[int64]*ledger.Part{}
	for _, a := range at {
		for i := range a.Parts {
			parts[a.Parts[i].ID] = &a.Parts[i]
		}
	}
	rows, err := r.query(`SELECT `+submissionColumns+` FROM attempt a JOIN part p ON p.attempt_id = a.id JOIN submission s ON s.part_id = p.id
		WHERE `+where+` ORDER BY s.part_id, s.try`, args...)
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

func (d *DB) oneAttempt(ctx context.Context, where string, args ...any) (a ledger.Attempt, found bool, err error) {
	err = d.snapshot(ctx, func(r reader) error {
		all, err := r.attempts(where, args...)
		if err == nil && len(all) > 0 {
			a, found = all[0], true
		}
		return err
	})
	return a, found, err
}

// Attempt finds one attempt; see ledger.Reader.
func (d *DB) Attempt(ctx context.Context, id int64) (ledger.Attempt, error) {
	a, found, err := d.oneAttempt(ctx, `a.id = ?1`, id)
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
	var all []ledger.Attempt
	err := d.look(ctx, func(r reader) (err error) {
		all, _, err = r.octets(`a.keyset_id = ?1 AND a.counter = ?2`, keysetID, counter)
		return err
	})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%w: counter %d of keyset %d", catalog.ErrNotFound, counter, keysetID)
	}
	if err != nil {
		return ledger.Attempt{}, err
	}
	return all[0], nil
}

// OpenWrite finds the open write of a keyset; see ledger.Reader.
func (d *DB) OpenWrite(ctx context.Context, keysetID int64) (ledger.Attempt, bool, error) {
	return d.oneAttempt(ctx, `a.keyset_id = ?1 AND a.kind = 'write' AND (a.outcome IS NULL OR a.outcome = 'held')`, keysetID)
}

// SecuredBy lists keysets and SPIs in use on a TAR; see ledger.Reader.
func (d *DB) SecuredBy(ctx context.Context, msisdn string, tar []byte) ([]ledger.Secured, error) {
	scan := func(s scanner) (v ledger.Secured, err error) {
		err = s.Scan(append(keysetFields(&v.Keyset), &v.ICCID, &v.SPI)...)
		return v, err
	}
	return read(ctx, d, scan, `SELECT `+keysetColumns+`, c.iccid, a.spi FROM subscription s JOIN card c ON c.id = s.card_id
		JOIN attempt a ON a.card_id = c.id AND a.tar = ?2 JOIN keyset k ON k.id = a.keyset_id
		WHERE s.msisdn = ?1 GROUP BY a.keyset_id, a.spi ORDER BY MAX(a.id) DESC`, msisdn, blob(tar))
}

// ByReceipt finds what a message id was given to; see ledger.Reader.
func (d *DB) ByReceipt(ctx context.Context, scope, idNormal string) ([]ledger.SubmissionRef, error) {
	scan := func(s scanner) (v ledger.SubmissionRef, err error) {
		err = s.Scan(append([]any{&v.AttemptID, &v.TargetID, &v.CardID, &v.Kind}, submissionFields(&v.Submission)...)...)
		v.PartSeq = v.Submission.PartSeq
		return v, err
	}
	return read(ctx, d, scan, `SELECT a.id, COALESCE(a.target_id, 0), a.card_id, a.kind, `+submissionColumns+` FROM receipt_key k
		JOIN submission s ON s.id = k.submission_id JOIN part p ON p.id = s.part_id JOIN attempt a ON a.id = p.attempt_id
		WHERE k.id_scope = ?1 AND k.id_normal = ?2 ORDER BY k.submission_id DESC`, scope, idNormal)
}
