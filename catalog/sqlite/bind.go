package sqlite

import (
	"errors"
	"fmt"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// bind checks everything, then writes: the attempt before all, since the
// unique indexes on it are the laws themselves.
func (t *tx) bind(op *ledger.Bind) error {
	op.AttemptID = 0
	if err := checkBind(op); err != nil {
		return err
	}
	h, err := t.held(op.Lease)
	if err != nil {
		return err
	}
	if op.IfRunning && (h.running == ledger.CampaignPaused || h.running == ledger.CampaignCancelled) {
		return ledger.ErrNotRunning
	}
	if op.Attempt.Kind != ledger.CP {
		if err := t.checkKeyset(op, h); err != nil {
			return err
		}
	}
	if err := t.checkUnproven(op, h); err != nil {
		return err
	}
	if err := t.replace(op, h); err != nil {
		return err
	}
	id, err := t.insertAttempt(op, h)
	if err != nil {
		return err
	}
	if err := t.insertParts(op, id, h.campaign); err != nil {
		return err
	}
	if op.State != nil {
		if err := t.stand(op.Lease.TargetID, h, op.State); err != nil {
			return err
		}
	}
	if op.Unproven && (!h.unproven || op.State != nil) {
		if _, err := t.exec(`UPDATE target SET unproven = 1 WHERE id = ?1`, op.Lease.TargetID); err != nil {
			return err
		}
	}
	op.AttemptID = id
	return nil
}

// checkBind finds what is wrong with an operation in itself.
func checkBind(op *ledger.Bind) error {
	a := op.Attempt
	switch {
	case a.TargetID != 0 && a.TargetID != op.Lease.TargetID:
		return fmt.Errorf("sqlite: bind: the attempt is of target %d, the lease of %d", a.TargetID, op.Lease.TargetID)
	case len(op.Parts) == 0:
		return errors.New("sqlite: bind: an attempt needs parts")
	case (a.Kind == ledger.CP) != (a.KeysetID == 0):
		return fmt.Errorf("sqlite: bind: kind %q with keyset %d", a.Kind, a.KeysetID)
	case a.Kind == ledger.CP:
	case op.New <= op.Old:
		return fmt.Errorf("sqlite: bind: new counter %d is not above %d", op.New, op.Old)
	case op.New > maxCounter:
		return fmt.Errorf("sqlite: bind: counter %d does not fit five octets: the keyset is used up", op.New)
	case a.Counter != 0 && a.Counter != op.New:
		return fmt.Errorf("sqlite: bind: the packet carries counter %d, not %d", a.Counter, op.New)
	}
	for _, s := range op.Submissions {
		if s.PartSeq < 1 || s.PartSeq > len(op.Parts) {
			return fmt.Errorf("sqlite: bind: a submission of part %d of %d", s.PartSeq, len(op.Parts))
		}
	}
	return nil
}

// checkKeyset holds the laws of one keyset. A confirmation of a notice is
// exempt from the law of the open write: unconfirmed, the card rolls back.
func (t *tx) checkKeyset(op *ledger.Bind, h holder) error {
	a := op.Attempt
	var card int64
	var counter uint64
	var suspect bool
	found, err := t.row(`SELECT card_id, cntr, suspect FROM keyset WHERE id = ?1`, []any{a.KeysetID}, &card, &counter, &suspect)
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("%w: keyset %d", catalog.ErrNotFound, a.KeysetID)
	case card != h.card:
		return fmt.Errorf("sqlite: bind: keyset %d is of card %d, target %d of card %d", a.KeysetID, card, op.Lease.TargetID, h.card)
	case suspect && a.Kind == ledger.Write:
		return ledger.ErrSuspect
	}
	var open int64
	found, err = t.row(`SELECT id FROM attempt WHERE keyset_id = ?1 AND kind = 'write' AND (outcome IS NULL OR outcome = 'held')`, []any{a.KeysetID}, &open)
	if err != nil {
		return err
	}
	fence := a.Kind == ledger.Read && a.FenceOf == open
	if found && !fence && a.Kind != ledger.Confirm {
		return ledger.ErrOpenWrite
	}
	if counter != op.Old {
		return ledger.ErrCounterMoved
	}
	return nil
}

func (t *tx) checkUnproven(op *ledger.Bind, h holder) error {
	if op.MaxUnproven <= 0 || h.unproven {
		return nil
	}
	var n int
	if _, err := t.row(`SELECT COUNT(*) FROM (SELECT 1 FROM target WHERE campaign_id = ?1 AND unproven = 1 LIMIT ?2)`,
		[]any{h.campaign, op.MaxUnproven}, &n); err != nil {
		return err
	}
	if n >= op.MaxUnproven {
		return ledger.ErrUnproven
	}
	return nil
}

// replace ends older attempts as overdue. A write cannot be replaced: only
// evidence ends it.
func (t *tx) replace(op *ledger.Bind, h holder) error {
	for _, id := range op.Replaces {
		n, err := t.exec(`UPDATE attempt SET outcome = ?2, concluded_at = ?3 WHERE id = ?1 AND card_id = ?4 AND kind <> 'write' AND outcome IS NULL`,
			id, string(ledger.Overdue), us(op.Attempt.CreatedAt), h.card)
		if err != nil {
			return err
		}
		if n > 0 {
			if err := t.withdrawReady(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// insertAttempt binds the counter. A step and try that exist already are
// ErrStale: somebody has built this attempt before.
func (t *tx) insertAttempt(op *ledger.Bind, h holder) (int64, error) {
	a := op.Attempt
	var counter any
	if a.Kind != ledger.CP {
		counter = op.New
	}
	id, err := t.insert(`INSERT INTO attempt (target_id, card_id, step, try, kind, keyset_id, counter, tar, spi, format, script,
		fence, expect, fence_of, purpose, label, reference, deadline, outcome, created_at, fence_tar, fence_format)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, NULL, ?19, ?20, ?21)`,
		op.Lease.TargetID, h.card, a.Step, a.Try, string(a.Kind), ref(a.KeysetID), counter, opt(a.TAR), opt(a.SPI), txt(a.Format), opt(a.Script),
		opt(a.Fence), opt(a.Expect), ref(a.FenceOf), txt(a.Purpose), txt(a.Label), a.Reference, us(a.Deadline), us(a.CreatedAt), opt(a.FenceTAR), txt(a.FenceForm))
	if isUnique(err) {
		return 0, fmt.Errorf("%w: step %d, try %d of target %d: %w", ledger.ErrStale, a.Step, a.Try, op.Lease.TargetID, err)
	}
	if err != nil || a.Kind == ledger.CP {
		return id, err
	}
	n, err := t.exec(`UPDATE keyset SET cntr = ?3 WHERE id = ?1 AND cntr = ?2`, a.KeysetID, op.Old, op.New)
	if err == nil && n != 1 {
		err = ledger.ErrCounterMoved
	}
	return id, err
}

func (t *tx) insertParts(op *ledger.Bind, attempt, campaign int64) error {
	parts := make([]int64, len(op.Parts))
	for i, userData := range op.Parts {
		id, err := t.insert(`INSERT INTO part (attempt_id, seq, user_data) VALUES (?1, ?2, ?3)`, attempt, i+1, blob(userData))
		if err != nil {
			return err
		}
		parts[i] = id
	}
	tries := make([]int, len(op.Parts))
	for _, s := range op.Submissions {
		i := s.PartSeq - 1
		tries[i]++
		s.PartID, s.Try = parts[i], tries[i]
		if err := t.insertSubmission(s, campaign); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) insertSubmission(s ledger.Submission, campaign int64) error {
	_, err := t.insert(`INSERT INTO submission (part_id, try, operator, class, subscription_id, source, destination, state, not_before, valid_until, campaign_id)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'ready', ?8, ?9, ?10)`,
		s.PartID, s.Try, s.Operator, int(s.Class), s.SubscriptionID, s.Source, s.Destination, us(s.NotBefore), us(s.ValidUntil), campaign)
	return err
}
