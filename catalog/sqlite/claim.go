package sqlite

import (
	"fmt"

	"github.com/simota/simota/catalog/ledger"
)

// busy names the campaign whose target holds a card; empty when it is free.
func (t *tx) busy(card, except int64) (name string, err error) {
	_, err = t.row(`SELECT c.name FROM target t JOIN campaign c ON c.id = t.campaign_id
		WHERE t.card_id = ?1 AND t.claimed_at IS NOT NULL AND t.closed_at IS NULL AND t.id <> ?2`, []any{card, except}, &name)
	return name, err
}

func (t *tx) claim(op *ledger.Claim) error {
	op.BusyIn = ""
	h, err := t.held(op.Lease)
	switch {
	case err != nil:
		return err
	case h.running != ledger.CampaignRunning:
		return ledger.ErrNotRunning
	case h.claimed, h.closed:
		return ledger.ErrStale
	}
	if op.BusyIn, err = t.busy(h.card, op.Lease.TargetID); err != nil {
		return err
	}
	if op.BusyIn != "" {
		return ledger.ErrCardBusy
	}
	if _, err := t.exec(`INSERT INTO facts (target_id, body) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET body = excluded.body`,
		op.Lease.TargetID, blob(op.Facts)); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE target SET claimed_at = ?2, from_subscription = ?3, to_subscription = ?4 WHERE id = ?1`,
		op.Lease.TargetID, us(op.At), ref(op.From), ref(op.To))
	return err
}

// pin replaces facts while no document of the claim went out.
func (t *tx) pin(op *ledger.Pin) error {
	h, err := t.held(op.Lease)
	switch {
	case err != nil:
		return err
	case !h.claimed, h.closed:
		return ledger.ErrStale
	}
	n, err := t.exec(`UPDATE facts SET body = ?2 WHERE target_id = ?1 AND NOT EXISTS (SELECT 1 FROM attempt a JOIN target t ON t.id = a.target_id
		WHERE a.target_id = ?1 AND a.kind = 'cp' AND a.created_at >= t.claimed_at)`, op.Lease.TargetID, blob(op.Facts))
	if err == nil && n != 1 {
		err = fmt.Errorf("%w: a document of target %d went out", ledger.ErrStale, op.Lease.TargetID)
	}
	if err != nil {
		return err
	}
	return t.storeEvidence(op.Evidence...)
}

// retry begins a new round. The token rises, so that nobody goes on with the
// old one; a campaign that was done has work again.
func (t *tx) retry(op *ledger.Retry) error {
	if op.Actor == "" {
		return errNoActor
	}
	var card, campaign int64
	var closed bool
	var name, iccid, state string
	found, err := t.row(`SELECT t.card_id, t.campaign_id, t.closed_at IS NOT NULL, t.state, c.name, d.iccid
		FROM target t JOIN campaign c ON c.id = t.campaign_id JOIN card d ON d.id = t.card_id WHERE t.id = ?1`, []any{op.TargetID},
		&card, &campaign, &closed, &state, &name, &iccid)
	switch {
	case err != nil:
		return err
	case !found:
		return noTarget(op.TargetID)
	case !closed:
		return fmt.Errorf("%w: target %d is %s and still open", ledger.ErrStale, op.TargetID, state)
	}
	if _, err := t.exec(`UPDATE target SET state = ?2, cause = NULL, claimed_at = NULL, closed_at = NULL, due_at = ?3, released_at = COALESCE(released_at, ?3),
		lease_token = lease_token + 1, lease_node = NULL, lease_until = NULL WHERE id = ?1`, op.TargetID, op.State, us(op.At)); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE campaign SET state = 'running', finished_at = NULL WHERE id = ?1 AND state = 'done'`, campaign); err != nil {
		return err
	}
	if err := t.storeEvidence(ledger.Evidence{TargetID: op.TargetID, CardID: card, Kind: ledger.EvPerson, SeenAt: op.At,
		Body: ledger.Body{Actor: op.Actor, Decision: op.Decision}}); err != nil {
		return err
	}
	return t.audit(op.At, op.Actor, "target.retry", "campaign/"+name+"/"+iccid, fmt.Sprintf("was %s: %s", state, op.Decision))
}

func (t *tx) reopen(op *ledger.Reopen) error {
	h, err := t.held(op.Lease)
	switch {
	case err != nil:
		return err
	case !h.closed:
		return ledger.ErrStale
	}
	other, err := t.busy(h.card, op.Lease.TargetID)
	if err != nil {
		return err
	}
	if other != "" {
		return fmt.Errorf("%w: campaign %q", ledger.ErrCardBusy, other)
	}
	_, err = t.exec(`UPDATE target SET closed_at = NULL, claimed_at = COALESCE(claimed_at, ?2), due_at = ?2 WHERE id = ?1`, op.Lease.TargetID, us(op.At))
	return err
}
