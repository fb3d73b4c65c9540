package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

const campaignColumns = `g.id, g.name, g.kind, g.state, g.created_at, g.started_at, g.resumed_at, g.selected, g.canary_passed, g.next_run, g.quota`

const specColumn = `, NULLIF(g.spec, x'')`

func campaignFields(c *ledger.Campaign) []any {
	return []any{&c.ID, &c.Name, &c.Kind, &c.State, when{&c.CreatedAt}, when{&c.StartedAt}, when{&c.ResumedAt}, &c.Selected, &c.CanaryPassed, when{&c.NextRun}, &c.Quota}
}

func scanCampaign(s scanner) (c ledger.Campaign, err error) {
	err = s.Scan(append(campaignFields(&c), &c.Spec)...)
	return c, err
}

const targetColumns = `t.id, t.campaign_id, t.card_id, COALESCE(t.from_subscription, 0), COALESCE(t.to_subscription, 0), (SELECT body FROM facts WHERE target_id = t.id), t.state, COALESCE(t.cause, ''),
	t.step, t.unproven, t.due_at, t.released_at, t.claimed_at, t.closed_at, t.lease_token, t.lease_until`

func targetFields(t *ledger.Target) []any {
	return []any{&t.ID, &t.CampaignID, &t.CardID, &t.From, &t.To, &t.Facts, &t.State, &t.Cause,
		&t.Step, &t.Unproven, when{&t.DueAt}, when{&t.ReleasedAt}, when{&t.ClaimedAt}, when{&t.ClosedAt}, &t.Token, when{&t.LeaseUntil}}
}

func scanTarget(s scanner) (t ledger.Target, err error) {
	err = s.Scan(targetFields(&t)...)
	return t, err
}

// Dossier is all that is known of one target, as of one moment; see
// ledger.Reader.
func (d *DB) Dossier(ctx context.Context, targetID int64) (ledger.Dossier, error) {
	var v ledger.Dossier
	err := d.snapshot(ctx, func(r reader) error {
		found, err := r.session.row(`SELECT `+targetColumns+`, `+campaignColumns+`, `+cardColumns+` FROM target t
			JOIN campaign g ON g.id = t.campaign_id JOIN card c ON c.id = t.card_id WHERE t.id = ?1`, []any{targetID},
			slices.Concat(targetFields(&v.Target), campaignFields(&v.Campaign), cardFields(&v.Entry.Card))...)
		if err == nil && !found {
			err = noTarget(targetID)
		}
		if err != nil {
			return err
		}
		if err := r.belongings(&v.Entry); err != nil {
			return err
		}
		if v.Attempts, err = r.attempts(`a.target_id = ?1`, targetID); err != nil {
			return err
		}
		if v.Stored, err = r.evidence(targetID); err != nil {
			return err
		}
		v.References, err = r.references(v.Target.CardID)
		return err
	})
	return v, err
}

func (r reader) evidence(targetID int64) ([]ledger.Evidence, error) {
	rows, err := r.query(`SELECT id, COALESCE(target_id, 0), COALESCE(card_id, 0), COALESCE(attempt_id, 0), COALESCE(submission_id, 0), COALESCE(inbox_id, 0),
		kind, COALESCE(counter, 0), COALESCE(link, ''), seen_at, happened_at, body, raw FROM evidence WHERE target_id = ?1 ORDER BY id`, targetID)
	return collect(rows, err, func(s scanner) (e ledger.Evidence, err error) {
		err = s.Scan(&e.ID, &e.TargetID, &e.CardID, &e.AttemptID, &e.SubmissionID, &e.InboxID,
			&e.Kind, &e.Counter, &e.Link, when{&e.SeenAt}, when{&e.HappenedAt}, asJSON{&e.Body}, &e.Raw)
		return e, err
	})
}

// references lists those of the last attempts, more than a card can have under
// way with 256 of them.
func (r reader) references(cardID int64) ([]ledger.Reference, error) {
	rows, err := r.query(`SELECT reference, deadline FROM attempt WHERE card_id = ?1 ORDER BY id DESC LIMIT 300`, cardID)
	return collect(rows, err, func(s scanner) (v ledger.Reference, err error) {
		err = s.Scan(&v.Reference, when{&v.Deadline})
		return v, err
	})
}

func (r reader) campaign(where string, arg any) (ledger.Campaign, error) {
	rows, err := r.query(`SELECT `+campaignColumns+specColumn+` FROM campaign g WHERE `+where, arg)
	all, err := collect(rows, err, scanCampaign)
	if err != nil {
		return ledger.Campaign{}, err
	}
	if len(all) == 0 {
		return ledger.Campaign{}, fmt.Errorf("%w: campaign %v", catalog.ErrNotFound, arg)
	}
	return all[0], nil
}

// Campaign finds a campaign by name; see ledger.Reader.
func (d *DB) Campaign(ctx context.Context, name string) (c ledger.Campaign, err error) {
	err = d.look(ctx, func(r reader) error { c, err = r.campaign(`name = ?1`, name); return err })
	return c, err
}

// Campaigns lists all, newest first; see ledger.Reader.
func (d *DB) Campaigns(ctx context.Context) ([]ledger.Campaign, error) {
	return read(ctx, d, scanCampaign, `SELECT `+campaignColumns+specColumn+` FROM campaign g ORDER BY g.id DESC`)
}

// Counts counts a campaign's targets; see ledger.Reader.
func (d *DB) Counts(ctx context.Context, campaignID int64) (ledger.Counts, error) {
	c := ledger.Counts{ByState: map[string]int{}}
	scan := func(s scanner) (struct{}, error) {
		var state string
		var n, released, open, unproven, waiting int
		err := s.Scan(&state, &n, &released, &open, &unproven, &waiting)
		c.ByState[state] = n
		c.Total, c.Released, c.Open, c.Unproven, c.Waiting = c.Total+n, c.Released+released, c.Open+open, c.Unproven+unproven, c.Waiting+waiting
		return struct{}{}, err
	}
	_, err := read(ctx, d, scan, `SELECT state, COUNT(*), SUM(released_at IS NOT NULL), SUM(closed_at IS NULL), SUM(unproven),
			SUM(state = 'selected' AND COALESCE(cause, '') <> '')
		FROM target WHERE campaign_id = ?1 GROUP BY state`, campaignID)
	return c, err
}

// Targets lists a campaign's targets; see ledger.Reader.
func (d *DB) Targets(ctx context.Context, campaignID int64, states []string, after int64, n int) ([]ledger.TargetRow, error) {
	in, err := list(states)
	if err != nil {
		return nil, err
	}
	scan := func(s scanner) (v ledger.TargetRow, err error) {
		err = s.Scan(append([]any{&v.ICCID}, targetFields(&v.Target)...)...)
		return v, err
	}
	return read(ctx, d, scan, `SELECT c.iccid, `+targetColumns+` FROM target t JOIN card c ON c.id = t.card_id
		WHERE t.campaign_id = ?1 AND t.id > ?2 AND (?3 = '[]' OR t.state IN (SELECT value FROM json_each(?3))) ORDER BY t.id LIMIT ?4`, campaignID, after, in, limit(n))
}

// TargetsOfCard lists a card's targets, newest first; see ledger.Reader.
func (d *DB) TargetsOfCard(ctx context.Context, cardID int64) ([]ledger.Target, error) {
	return read(ctx, d, scanTarget, `SELECT `+targetColumns+` FROM target t WHERE t.card_id = ?1 ORDER BY t.id DESC`, cardID)
}

// Traffic counts what was sent and received for a campaign; see ledger.Reader.
func (d *DB) Traffic(ctx context.Context, campaignID int64) (ledger.Traffic, error) {
	var v ledger.Traffic
	err := d.snapshot(ctx, func(r reader) error {
		if err := r.row(`SELECT COUNT(*), COALESCE(SUM(s.try > 1), 0), COALESCE(SUM(s.final_at IS NOT NULL), 0)
			FROM target t JOIN attempt a ON a.target_id = t.id JOIN part p ON p.attempt_id = a.id JOIN submission s ON s.part_id = p.id
			WHERE t.campaign_id = ?1 AND s.state NOT IN ('ready', 'withdrawn')`, []any{campaignID}, &v.Submissions, &v.Resent, &v.Receipts); err != nil {
			return err
		}
		return r.row(`SELECT COUNT(*) FROM target t JOIN evidence e ON e.target_id = t.id WHERE t.campaign_id = ?1 AND e.kind = 'proof'`, []any{campaignID}, &v.Proofs)
	})
	return v, err
}
