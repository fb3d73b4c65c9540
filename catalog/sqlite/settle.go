package sqlite

import (
	"encoding/json"
	"fmt"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

func (t *tx) receive(op *ledger.Receive) error {
	op.ID = 0
	r := op.Row
	if r.State == "" {
		r.State = ledger.InboxNew
	}
	id, err := t.insert(`INSERT INTO inbox (link, id_scope, received_at, kind, key, pdu, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
		r.Link, r.IDScope, us(r.ReceivedAt), txt(r.Kind), txt(r.Key), blob(r.PDU), string(r.State))
	if err == nil {
		op.ID = id
	}
	return err
}

func (t *tx) settle(op *ledger.Settle) (err error) {
	op.NewPair = false
	fresh := int64(0)
	for _, id := range op.InboxIDs {
		n, err := t.exec(`UPDATE inbox SET state = ?2, kind = COALESCE(?3, kind), key = COALESCE(?4, key) WHERE id = ?1 AND state IN ('new', 'waiting')`,
			id, string(op.State), txt(op.Kind), txt(op.Key))
		if err != nil {
			return err
		}
		fresh += n
	}
	if fresh == 0 {
		return ledger.ErrStale
	}
	if err := t.storeEvidence(op.Evidence...); err != nil {
		return err
	}
	if err := t.finals(op.Finals); err != nil {
		return err
	}
	if err := t.conclude(op.Conclusions...); err != nil {
		return err
	}
	if op.ClearSuspect != 0 {
		if _, err := t.exec(`UPDATE keyset SET suspect = 0 WHERE id = ?1 AND suspect <> 0`, op.ClearSuspect); err != nil {
			return err
		}
	}
	if err := t.noticeSeen(op.Notice); err != nil {
		return err
	}
	op.NewPair, err = t.storePair(op.Pair)
	return err
}

// noticeSeen raises what a card's next notice has to have; it never falls.
func (t *tx) noticeSeen(n *ledger.NoticeSeen) error {
	if n == nil {
		return nil
	}
	found, err := t.exec(`UPDATE card SET next_notice = MAX(next_notice, ?2 + 1) WHERE id = ?1`, n.CardID, n.Sequence)
	if err == nil && found == 0 {
		err = fmt.Errorf("%w: card %d, whose notice was seen", catalog.ErrNotFound, n.CardID)
	}
	return err
}

// finals stores what receipts say. The first final state stands, and a receipt
// for what certainly never left (its id was given twice) changes nothing.
func (t *tx) finals(all []ledger.Final) error {
	for _, f := range all {
		switch f.State {
		case ledger.Arrived, ledger.Undelivered, ledger.Expired:
		default:
			return fmt.Errorf("sqlite: settle: submission %d cannot become %q by a receipt", f.SubmissionID, f.State)
		}
		if _, err := t.exec(`UPDATE submission SET state = ?2, err = ?3, final_at = ?4 WHERE id = ?1 AND state NOT IN ('delivered', 'undelivered', 'expired', 'ready', 'withdrawn')`,
			f.SubmissionID, string(f.State), txt(f.Err), us(f.At)); err != nil {
			return err
		}
	}
	return nil
}

// advance never reopens a target: that is for Reopen, which looks whether the
// card is free.
func (t *tx) advance(op *ledger.Advance) error {
	op.NewPair = false
	h, err := t.held(op.Lease)
	if err != nil {
		return err
	}
	return t.stand(op.Lease.TargetID, h, op)
}

// stand stores where a target stands, and what goes with it.
func (t *tx) stand(target int64, h holder, op *ledger.Advance) error {
	if _, err := t.exec(`UPDATE target SET state = ?2, cause = ?3, step = ?4, unproven = ?5, due_at = ?6,
		closed_at = COALESCE(closed_at, CASE WHEN ?7 THEN ?8 END) WHERE id = ?1`,
		target, op.State, txt(op.Cause), op.Step, op.Unproven, us(op.DueAt), op.Closed, us(op.At)); err != nil {
		return err
	}
	for _, e := range op.Evidence {
		if e.TargetID == 0 {
			e.TargetID = target
		}
		if e.CardID == 0 {
			e.CardID = h.card
		}
		if err := t.storeEvidence(e); err != nil {
			return err
		}
	}
	if err := t.conclude(op.Conclusions...); err != nil {
		return err
	}
	if op.Active != 0 {
		n, err := t.exec(`UPDATE card SET active = ?2 WHERE id = ?1 AND EXISTS (SELECT 1 FROM subscription WHERE id = ?2 AND card_id = ?1)`, h.card, op.Active)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%w: subscription %d of card %d", catalog.ErrNotFound, op.Active, h.card)
		}
	}
	var err error
	op.NewPair, err = t.storePair(op.Pair)
	return err
}

// witness gives evidence to the target that works on the card now, else to the
// last that gave the card the identity it is about, took it away or configured
// for it, else to the last that did anything, else to the last.
func (t *tx) witness(op *ledger.Witness) error {
	op.TargetID, op.NewPair = 0, false
	e := op.Evidence
	if known, err := t.witnessed(e); known || err != nil {
		return err
	}
	_, err := t.row(`SELECT id FROM target WHERE card_id = ?1
		ORDER BY claimed_at IS NOT NULL AND closed_at IS NULL DESC,
			COALESCE(to_subscription = (SELECT s.id FROM subscription s WHERE s.card_id = ?1 AND s.imsi = ?2), 0) DESC,
			COALESCE(from_subscription = (SELECT s.id FROM subscription s WHERE s.card_id = ?1 AND s.imsi = ?2), 0) DESC,
			EXISTS (SELECT 1 FROM facts WHERE target_id = target.id) DESC, id DESC LIMIT 1`, []any{e.CardID, e.Body.IMSI}, &e.TargetID)
	if err != nil {
		return err
	}
	if err := t.storeEvidence(e); err != nil {
		return err
	}
	if op.NewPair, err = t.storePair(op.Pair); err != nil {
		return err
	}
	op.TargetID = e.TargetID
	return nil
}

const sameAttach = `SELECT id FROM evidence WHERE card_id = ?1 AND kind = 'attach' AND happened_at = ?2 AND body = ?3 LIMIT 1`

// witnessed reports whether an event is stored already: one that says when it
// happened may come any number of times.
func (t *tx) witnessed(e ledger.Evidence) (known bool, err error) {
	if e.Kind != ledger.EvAttach || e.HappenedAt.IsZero() {
		return false, nil
	}
	body, err := json.Marshal(e.Body)
	if err != nil {
		return false, fmt.Errorf("sqlite: evidence %q: %w", e.Kind, err)
	}
	var id int64
	return t.row(sameAttach, []any{e.CardID, us(e.HappenedAt), body}, &id)
}
