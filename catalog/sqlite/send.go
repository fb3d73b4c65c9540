package sqlite

import (
	"fmt"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// resubmit adds submissions of parts of an open attempt of the target.
func (t *tx) resubmit(op *ledger.Resubmit) error {
	h, err := t.held(op.Lease)
	if err != nil {
		return err
	}
	for _, s := range op.Submissions {
		var target int64
		var outcome ledger.Outcome
		found, err := t.row(`SELECT COALESCE(a.target_id, 0), COALESCE(a.outcome, '') FROM part p JOIN attempt a ON a.id = p.attempt_id WHERE p.id = ?1`,
			[]any{s.PartID}, &target, &outcome)
		switch {
		case err != nil:
			return err
		case !found || target != op.Lease.TargetID:
			return fmt.Errorf("%w: part %d of target %d", catalog.ErrNotFound, s.PartID, op.Lease.TargetID)
		case outcome != ledger.Open:
			return fmt.Errorf("%w: the attempt of part %d is %s", ledger.ErrStale, s.PartID, outcome)
		}
	}
	for _, s := range op.Submissions {
		if _, err := t.row(`SELECT COALESCE(MAX(try), 0) + 1 FROM submission WHERE part_id = ?1`, []any{s.PartID}, &s.Try); err != nil {
			return err
		}
		if err := t.insertSubmission(s, h.campaign); err != nil {
			return err
		}
	}
	for _, id := range op.Retire {
		if _, err := t.exec(`UPDATE submission SET not_before = NULL WHERE id = ?1 AND state = 'ambiguous'
			AND part_id IN (SELECT p.id FROM attempt a JOIN part p ON p.attempt_id = a.id WHERE a.target_id = ?2)`, id, op.Lease.TargetID); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) sending(op *ledger.Sending) error {
	op.Taken = make([]int64, 0, len(op.IDs))
	for _, id := range op.IDs {
		n, err := t.exec(`UPDATE submission SET state = 'submitting', sent_at = ?2 WHERE id = ?1 AND state = 'ready'`, id, us(op.At))
		if err != nil {
			return err
		}
		if n > 0 {
			op.Taken = append(op.Taken, id)
		}
	}
	return nil
}

// answered is a submission when its response comes.
type answered struct {
	id     int64
	state  ledger.SubmissionState
	named  bool // its message id is known
	open   bool // its attempt is
	target int64
}

func (t *tx) answered(id int64) (a answered, err error) {
	found, err := t.row(`SELECT s.id, s.state, COALESCE(s.message_id, s.id_normal) IS NOT NULL, a.outcome IS NULL, COALESCE(a.target_id, 0)
		FROM submission s JOIN part p ON p.id = s.part_id JOIN attempt a ON a.id = p.attempt_id WHERE s.id = ?1`, []any{id},
		&a.id, &a.state, &a.named, &a.open, &a.target)
	if err == nil && !found {
		err = fmt.Errorf("%w: submission %d", catalog.ErrNotFound, id)
	}
	return a, err
}

// respond records a response. What a submission is already decides how much
// of it still counts.
func (t *tx) respond(op *ledger.Respond) error {
	op.TargetID, op.Waiting = 0, nil
	s, err := t.answered(op.SubmissionID)
	if err != nil {
		return err
	}
	if !known(op.State) {
		return fmt.Errorf("sqlite: respond: submission %d cannot become %q by a response", s.id, op.State)
	}
	if follows(s.state, op.State) {
		if err := t.become(op, s); err != nil {
			return err
		}
	} else if op.State == ledger.Accepted && !s.named { // its receipt was sooner
		if _, err := t.exec(`UPDATE submission SET message_id = ?2, id_normal = ?3 WHERE id = ?1`, s.id, txt(op.MessageID), txt(op.IDNormal)); err != nil {
			return err
		}
	}
	if op.State == ledger.Accepted {
		if err := t.remember(op, s); err != nil {
			return err
		}
	}
	op.TargetID = s.target
	return nil
}

func known(s ledger.SubmissionState) bool {
	switch s {
	case ledger.Ready, ledger.Accepted, ledger.Temporary, ledger.Rejected, ledger.Ambiguous:
		return true
	}
	return false
}

// follows says whether a response may change the state of a submission. One
// without an answer yet takes any that can still come; one that has its answer
// or its receipt keeps it.
func follows(now, next ledger.SubmissionState) bool {
	switch now {
	case ledger.Submitting:
		return true
	case ledger.Ambiguous:
		return next != ledger.Ready // it was written: it may have arrived
	case ledger.Ready:
		return next == ledger.Ready || next == ledger.Accepted
	}
	return false
}

func (t *tx) become(op *ledger.Respond, s answered) error {
	var err error
	switch op.State {
	case ledger.Ready:
		state := ledger.Ready
		if !s.open {
			state = ledger.Withdrawn
		}
		_, err = t.exec(`UPDATE submission SET state = ?2, not_before = ?3, err = ?4, sent_at = NULL WHERE id = ?1`,
			s.id, string(state), us(op.NotBefore), txt(op.Err))
	case ledger.Accepted:
		_, err = t.exec(`UPDATE submission SET state = 'accepted', status = ?2, err = ?3, link = ?4,
			message_id = COALESCE(message_id, ?5), id_normal = COALESCE(id_normal, ?6) WHERE id = ?1`,
			s.id, op.Status, txt(op.Err), txt(op.Link), txt(op.MessageID), txt(op.IDNormal))
	case ledger.Ambiguous:
		_, err = t.exec(`UPDATE submission SET state = 'ambiguous', not_before = ?2, err = ?3, link = ?4 WHERE id = ?1`, s.id, us(op.NotBefore), txt(op.Err), txt(op.Link))
	default:
		_, err = t.exec(`UPDATE submission SET state = ?2, status = ?3, err = ?4, link = ?5 WHERE id = ?1`, s.id, string(op.State), op.Status, txt(op.Err), txt(op.Link))
	}
	if err == nil && op.State == ledger.Temporary && s.open {
		err = t.succeed(op)
	}
	return err
}

// succeed makes the successor of a submission that was refused for now, unless
// the part has already gone that way again.
func (t *tx) succeed(op *ledger.Respond) error {
	_, err := t.exec(`INSERT INTO submission (part_id, try, operator, class, subscription_id, source, destination, state, not_before, valid_until, campaign_id)
		SELECT part_id, (SELECT MAX(try) + 1 FROM submission WHERE part_id = s.part_id), operator, class, subscription_id, source, destination, 'ready', ?2, valid_until, campaign_id
		FROM submission s WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM submission n
		WHERE n.part_id = s.part_id AND n.try > s.try AND n.operator = s.operator AND n.destination = s.destination)`, op.SubmissionID, us(op.NotBefore))
	return err
}

// remember makes a submission known by its message id when it had none, and
// finds the receipts that came before it.
func (t *tx) remember(op *ledger.Respond, s answered) error {
	if op.IDNormal == "" {
		return nil
	}
	if !s.named {
		if _, err := t.exec(`INSERT INTO receipt_key (id_scope, id_normal, submission_id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING`,
			op.IDScope, op.IDNormal, s.id); err != nil {
			return err
		}
	}
	var err error
	op.Waiting, err = t.ids(`SELECT id FROM inbox WHERE id_scope = ?1 AND key = 'receipt:' || ?2 AND state IN ('new', 'waiting') ORDER BY id`, op.IDScope, op.IDNormal)
	return err
}

func (t *tx) interrupt(op *ledger.Interrupt) error {
	operators, err := list(op.Operators)
	if err != nil {
		return err
	}
	op.Count, op.TargetIDs = 0, nil
	targets, err := t.ids(`SELECT DISTINCT a.target_id FROM submission s JOIN part p ON p.id = s.part_id JOIN attempt a ON a.id = p.attempt_id
		WHERE s.state = 'submitting' AND (?1 = '[]' OR s.operator IN (SELECT value FROM json_each(?1))) AND a.target_id IS NOT NULL ORDER BY a.target_id`, operators)
	if err != nil {
		return err
	}
	n, err := t.exec(`UPDATE submission SET state = 'ambiguous', not_before = ?2, err = 'interrupted'
		WHERE state = 'submitting' AND (?1 = '[]' OR operator IN (SELECT value FROM json_each(?1)))`, operators, us(op.NotBefore))
	op.Count, op.TargetIDs = int(n), targets
	return err
}

func (t *tx) withdraw(op *ledger.Withdraw) error {
	if _, err := t.held(op.Lease); err != nil {
		return err
	}
	var target int64
	found, err := t.row(`SELECT COALESCE(target_id, 0) FROM attempt WHERE id = ?1`, []any{op.AttemptID}, &target)
	if err != nil {
		return err
	}
	if !found || target != op.Lease.TargetID {
		return fmt.Errorf("%w: attempt %d of target %d", catalog.ErrNotFound, op.AttemptID, op.Lease.TargetID)
	}
	return t.withdrawReady(op.AttemptID)
}
