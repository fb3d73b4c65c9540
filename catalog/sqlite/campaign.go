package sqlite

import (
	"fmt"
	"slices"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

func (t *tx) createCampaign(op *ledger.CreateCampaign) error {
	op.ID = 0
	c := op.Campaign
	if op.Actor == "" {
		return errNoActor
	}
	if c.State == "" {
		c.State = ledger.CampaignCreated
	}
	id, err := t.insert(`INSERT INTO campaign (name, kind, spec, state, created_at, started_at, resumed_at, selected, canary_passed, next_run, quota)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`,
		c.Name, c.Kind, blob(c.Spec), string(c.State), us(c.CreatedAt), us(c.StartedAt), us(c.ResumedAt), c.Selected, c.CanaryPassed, us(c.NextRun), c.Quota)
	if isUnique(err) {
		return fmt.Errorf("%w: a campaign %q exists", ledger.ErrStale, c.Name)
	}
	if err != nil {
		return err
	}
	if err := t.audit(c.CreatedAt, op.Actor, "campaign.create", "campaign/"+c.Name, "kind "+c.Kind); err != nil {
		return err
	}
	op.ID = id
	return nil
}

func (t *tx) addTargets(op *ledger.AddTargets) error {
	op.Added = 0
	added := int64(0)
	for _, card := range op.CardIDs {
		n, err := t.exec(`INSERT INTO target (campaign_id, card_id, state, added_at) VALUES (?1, ?2, 'selected', ?3)
			ON CONFLICT (campaign_id, card_id) DO NOTHING`, op.CampaignID, card, us(op.At))
		if err != nil {
			return err
		}
		added += n
	}
	if op.Complete {
		if _, err := t.exec(`UPDATE campaign SET selected = 1 WHERE id = ?1`, op.CampaignID); err != nil {
			return err
		}
	}
	op.Added = int(added)
	return nil
}

// standing is a campaign as the operations on it need it.
type standing struct {
	name  string
	state ledger.CampaignState
	next  time.Time
	quota int64
}

func (t *tx) standing(id int64) (c standing, err error) {
	found, err := t.row(`SELECT name, state, next_run, quota FROM campaign WHERE id = ?1`, []any{id}, &c.name, &c.state, when{&c.next}, &c.quota)
	if err == nil && !found {
		err = fmt.Errorf("%w: campaign %d", catalog.ErrNotFound, id)
	}
	return c, err
}

func (t *tx) setCampaign(op *ledger.SetCampaign) error {
	op.Closed = 0
	c, err := t.standing(op.ID)
	switch {
	case err != nil:
		return err
	case op.Actor == "":
		return errNoActor
	case !slices.Contains(op.From, c.state):
		return fmt.Errorf("%w: campaign %q is %s", ledger.ErrStale, c.name, c.state)
	}
	closed := int64(0)
	switch op.To {
	case ledger.CampaignRunning:
		err = t.runCampaign(op, c)
	case ledger.CampaignCancelled:
		closed, err = t.cancelTargets(op)
	}
	if err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE campaign SET state = ?2 WHERE id = ?1`, op.ID, string(op.To)); err != nil {
		return err
	}
	detail := fmt.Sprintf("was %s", c.state)
	if closed > 0 {
		detail += fmt.Sprintf(", %d targets closed", closed)
	}
	if err := t.audit(op.At, op.Actor, "campaign."+string(op.To), "campaign/"+c.name, detail); err != nil {
		return err
	}
	op.Closed = int(closed)
	return nil
}

// runCampaign starts or resumes. Resuming is a person's word that what went
// dark before is accepted.
func (t *tx) runCampaign(op *ledger.SetCampaign, c standing) error {
	if c.state == ledger.CampaignCreated {
		c.quota = op.Quota
	}
	resumed := c.state == ledger.CampaignPaused
	if resumed {
		if _, err := t.exec(`UPDATE target SET unproven = 0 WHERE campaign_id = ?1 AND unproven = 1 AND state = 'dark'`, op.ID); err != nil {
			return err
		}
	}
	_, err := t.exec(`UPDATE campaign SET started_at = COALESCE(started_at, ?2), resumed_at = ?2, next_run = ?3, quota = ?4, canary_passed = canary_passed OR ?5 WHERE id = ?1`,
		op.ID, us(op.At), us(op.NextRun), c.quota, resumed)
	return err
}

// cancelTargets closes the open targets in the given states, and raises their
// tokens: who works on one of them just now has to look again.
func (t *tx) cancelTargets(op *ledger.SetCampaign) (int64, error) {
	states, err := list(op.Close)
	if err != nil {
		return 0, err
	}
	const these = `campaign_id = ?1 AND closed_at IS NULL AND state IN (SELECT value FROM json_each(?2))`
	if _, err := t.exec(`UPDATE submission SET state = 'withdrawn' WHERE +state = 'ready' AND part_id IN (SELECT p.id FROM target t
		JOIN attempt a ON a.target_id = t.id JOIN part p ON p.attempt_id = a.id WHERE `+these+`)`, op.ID, states); err != nil {
		return 0, err
	}
	return t.exec(`UPDATE target SET state = ?3, closed_at = ?4, due_at = NULL, lease_token = lease_token + 1, lease_node = NULL, lease_until = NULL WHERE `+these,
		op.ID, states, op.State, us(op.At))
}

func (t *tx) slot(op *ledger.Slot) error {
	c, err := t.standing(op.CampaignID)
	switch {
	case err != nil:
		return err
	case c.next.IsZero(), !c.next.Equal(time.UnixMicro(op.Slot.UnixMicro())):
		return ledger.ErrStale
	}
	quota := c.quota + op.Quota
	if c.quota < 0 || op.Quota < 0 {
		quota = -1
	}
	_, err = t.exec(`UPDATE campaign SET next_run = ?2, quota = ?3 WHERE id = ?1`, op.CampaignID, us(op.Next), quota)
	return err
}

func (t *tx) release(op *ledger.Release) error {
	op.Leases = nil
	c, err := t.standing(op.CampaignID)
	switch {
	case err != nil:
		return err
	case c.state != ledger.CampaignRunning:
		return ledger.ErrNotRunning
	}
	n := int64(max(op.Limit, 0))
	if c.quota >= 0 {
		n = min(n, c.quota)
	}
	rows, err := t.query(`SELECT id, lease_token, COALESCE(lease_node, ''), lease_until FROM target INDEXED BY target_unreleased
		WHERE campaign_id = ?1 AND released_at IS NULL AND closed_at IS NULL ORDER BY id LIMIT ?2`, []any{op.CampaignID, n})
	leases, err := collect(rows, err, func(s scanner) (l ledger.Lease, err error) {
		var holder string
		var until time.Time
		err = s.Scan(&l.TargetID, &l.Token, &holder, when{&until})
		if l.Token++; op.Node == "" || holder != "" && holder != op.Node && until.After(op.At) {
			l.Token = 0
		}
		return l, err
	})
	if err != nil {
		return err
	}
	for _, l := range leases {
		if l.Token == 0 {
			_, err = t.exec(`UPDATE target SET released_at = ?2, due_at = ?2 WHERE id = ?1`, l.TargetID, us(op.At))
		} else {
			_, err = t.exec(`UPDATE target SET released_at = ?2, due_at = ?2, lease_node = ?3, lease_until = ?4, lease_token = ?5 WHERE id = ?1`,
				l.TargetID, us(op.At), op.Node, us(op.Until), l.Token)
		}
		if err != nil {
			return err
		}
	}
	if c.quota >= 0 && len(leases) > 0 {
		if _, err := t.exec(`UPDATE campaign SET quota = quota - ?2 WHERE id = ?1`, op.CampaignID, len(leases)); err != nil {
			return err
		}
	}
	op.Leases = leases
	return nil
}

func (t *tx) passCanary(op *ledger.PassCanary) error {
	n, err := t.exec(`UPDATE campaign SET canary_passed = 1 WHERE id = ?1`, op.CampaignID)
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: campaign %d", catalog.ErrNotFound, op.CampaignID)
	}
	return err
}

func (t *tx) finish(op *ledger.Finish) error {
	n, err := t.exec(`UPDATE campaign SET state = 'done', finished_at = ?2 WHERE id = ?1 AND selected = 1 AND state IN ('running', 'paused')
		AND NOT EXISTS (SELECT 1 FROM target WHERE campaign_id = ?1 AND closed_at IS NULL)`, op.CampaignID, us(op.At))
	if err == nil && n == 0 {
		err = ledger.ErrStale
	}
	return err
}
