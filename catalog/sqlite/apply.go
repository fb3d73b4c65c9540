package sqlite

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// apply runs one operation.
func (t *tx) apply(op ledger.Op, node string) error {
	switch op := op.(type) {
	case *ledger.TakeLease:
		return t.takeLease(op, node)
	case *ledger.Bind:
		return t.bind(op)
	case *ledger.Resubmit:
		return t.resubmit(op)
	case *ledger.Sending:
		return t.sending(op)
	case *ledger.Respond:
		return t.respond(op)
	case *ledger.Interrupt:
		return t.interrupt(op)
	case *ledger.Withdraw:
		return t.withdraw(op)
	case *ledger.Receive:
		return t.receive(op)
	case *ledger.Settle:
		return t.settle(op)
	case *ledger.Advance:
		return t.advance(op)
	case *ledger.Claim:
		return t.claim(op)
	case *ledger.Pin:
		return t.pin(op)
	case *ledger.Witness:
		return t.witness(op)
	case *ledger.CreateCampaign:
		return t.createCampaign(op)
	case *ledger.AddTargets:
		return t.addTargets(op)
	case *ledger.SetCampaign:
		return t.setCampaign(op)
	case *ledger.Slot:
		return t.slot(op)
	case *ledger.Release:
		return t.release(op)
	case *ledger.PassCanary:
		return t.passCanary(op)
	case *ledger.Finish:
		return t.finish(op)
	case *ledger.Retry:
		return t.retry(op)
	case *ledger.Reopen:
		return t.reopen(op)
	}
	return fmt.Errorf("sqlite: operation %T is unknown", op)
}

func noTarget(id int64) error { return fmt.Errorf("%w: target %d", catalog.ErrNotFound, id) }

// holder is a target as an operation under a lease needs it.
type holder struct {
	card     int64
	campaign int64
	name     string // of the campaign
	running  ledger.CampaignState
	unproven bool
	claimed  bool
	closed   bool
}

// held reads the target of a lease, and refuses a token that is not the
// current one.
func (t *tx) held(l ledger.Lease) (h holder, err error) {
	var token int64
	found, err := t.row(`SELECT t.lease_token, t.card_id, t.campaign_id, c.name, c.state, t.unproven, t.claimed_at IS NOT NULL, t.closed_at IS NOT NULL
		FROM target t JOIN campaign c ON c.id = t.campaign_id WHERE t.id = ?1`, []any{l.TargetID},
		&token, &h.card, &h.campaign, &h.name, &h.running, &h.unproven, &h.claimed, &h.closed)
	switch {
	case err != nil:
		return h, err
	case !found:
		return h, noTarget(l.TargetID)
	case token != l.Token || token == 0:
		return h, ledger.ErrLeaseLost
	}
	return h, nil
}

func (t *tx) takeLease(op *ledger.TakeLease, node string) error {
	if op.Node != "" {
		node = op.Node
	}
	var token int64
	var holder string
	var until time.Time
	found, err := t.row(`SELECT lease_token, COALESCE(lease_node, ''), lease_until FROM target WHERE id = ?1`, []any{op.TargetID}, &token, &holder, when{&until})
	switch {
	case err != nil:
		return err
	case !found:
		return noTarget(op.TargetID)
	case holder != node && until.After(op.Now):
		return ledger.ErrLeaseLost
	}
	if holder != node || op.Token != token || token == 0 {
		token++
	}
	if _, err := t.exec(`UPDATE target SET lease_node = ?2, lease_until = ?3, lease_token = ?4 WHERE id = ?1`, op.TargetID, node, us(op.Until), token); err != nil {
		return err
	}
	op.NewToken = token
	return nil
}

// storeEvidence appends what was seen.
func (t *tx) storeEvidence(all ...ledger.Evidence) error {
	for _, e := range all {
		if e.SeenAt.IsZero() {
			return fmt.Errorf("sqlite: evidence %q of card %d: SeenAt is not set", e.Kind, e.CardID)
		}
		body, err := json.Marshal(e.Body)
		if err != nil {
			return fmt.Errorf("sqlite: evidence %q: %w", e.Kind, err)
		}
		if _, err := t.insert(`INSERT INTO evidence (target_id, card_id, attempt_id, submission_id, inbox_id, kind, counter, link, seen_at, happened_at, body, raw)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)`,
			ref(e.TargetID), ref(e.CardID), ref(e.AttemptID), ref(e.SubmissionID), ref(e.InboxID), string(e.Kind),
			e.Counter, txt(e.Link), us(e.SeenAt), us(e.HappenedAt), body, opt(e.Raw)); err != nil {
			return err
		}
	}
	return nil
}

// rank orders outcomes; see ledger.Conclusion.
func rank(o ledger.Outcome) int {
	switch o {
	case ledger.Open:
		return 0
	case ledger.Executed:
		return 3
	case ledger.FencedRan, ledger.FencedNot:
		return 2
	}
	return 1
}

// conclude gives attempts their outcomes. What of a concluded attempt has not
// left stays: its counter is settled, and a new one may already be bound.
func (t *tx) conclude(all ...ledger.Conclusion) error {
	for _, c := range all {
		if c.Outcome == ledger.Open {
			return fmt.Errorf("sqlite: attempt %d: a conclusion needs an outcome", c.AttemptID)
		}
		var now ledger.Outcome
		found, err := t.row(`SELECT COALESCE(outcome, '') FROM attempt WHERE id = ?1`, []any{c.AttemptID}, &now)
		switch {
		case err != nil:
			return err
		case !found:
			return fmt.Errorf("%w: attempt %d", catalog.ErrNotFound, c.AttemptID)
		case rank(c.Outcome) <= rank(now):
			continue
		}
		if _, err := t.exec(`UPDATE attempt SET outcome = ?2, concluded_at = ?3 WHERE id = ?1`, c.AttemptID, string(c.Outcome), us(c.At)); err != nil {
			return err
		}
		if err := t.withdrawReady(c.AttemptID); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) withdrawReady(attempt int64) error {
	_, err := t.exec(`UPDATE submission SET state = 'withdrawn' WHERE part_id IN (SELECT id FROM part WHERE attempt_id = ?1) AND +state = 'ready'`, attempt)
	return err
}
