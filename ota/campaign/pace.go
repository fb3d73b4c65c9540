package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/swap"
)

const (
	selectChunk = 1000
	workAhead   = 2048 // targets that may wait for a worker before more are let go
)

// pace lets targets go: at the campaign's rate, no more than max_unproven can
// use, the canary first, and a batch per cron slot.
func (e *Engine) pace(ctx context.Context) {
	const tick, nudged = 200 * time.Millisecond, 40 * time.Millisecond
	timer := time.NewTimer(0)
	defer timer.Stop()
	budgets := map[int64]*budget{}
	for {
		if err := e.paceOnce(ctx, budgets); err != nil && ctx.Err() == nil {
			e.cfg.Log.Error().Err(err).Msg("campaigns not paced")
		}
		// Progress makes room for more targets, but counting them may take a
		// look at all: a nudge shortens the wait, it does not end it.
		timer.Reset(tick)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-e.nudge:
			timer.Reset(nudged)
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
		}
	}
}

// budget is a token bucket: what a campaign may start now, and, of a standing
// one, which cards it is to look at.
type budget struct {
	at     time.Time
	tokens float64
	watch  watch
}

// take fills the bucket and says how many whole tokens are there.
func (b *budget) take(now time.Time, rate float64) int {
	if rate == 0 {
		return selectChunk
	}
	if b.at.IsZero() {
		b.tokens = 1
	} else {
		b.tokens = min(b.tokens+now.Sub(b.at).Seconds()*rate, max(rate/4, 1))
	}
	b.at = now
	return int(b.tokens)
}

// paceOnce paces every campaign; one that fails holds up no other.
func (e *Engine) paceOnce(ctx context.Context, budgets map[int64]*budget) (failed error) {
	all, err := e.cfg.Store.Campaigns(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.State != ledger.CampaignRunning {
			delete(budgets, c.ID)
			continue
		}
		if budgets[c.ID] == nil {
			budgets[c.ID] = &budget{}
		}
		err := e.paceCampaign(ctx, c, budgets[c.ID])
		if err != nil && !errors.Is(err, ledger.ErrNotRunning) { // paused since it was read
			failed = errors.Join(failed, fmt.Errorf("campaign %s: %w", c.Name, err))
		}
	}
	return failed
}

func (e *Engine) paceCampaign(ctx context.Context, c ledger.Campaign, b *budget) error {
	spec, err := e.specs.get(c)
	if err != nil {
		return err
	}
	now := e.cfg.Now()
	switch {
	case spec.On == onNewPair:
		if err := e.stand(ctx, c, spec, &b.watch); err != nil {
			return err
		}
	case !c.Selected:
		if err := e.selectTargets(ctx, c, spec); err != nil {
			return err
		}
	}
	if err := e.slot(ctx, c, spec, now); err != nil {
		return err
	}
	rate, _ := spec.rate()
	// Targets let go sooner than they can be worked on would only stand in the
	// way of those that have begun.
	n, err := e.restrain(ctx, c, spec, min(b.take(now, rate), selectChunk, workAhead-e.queue.depth()))
	if err != nil {
		return err
	}
	leases, err := e.release(ctx, c, n, now)
	if err == nil && len(leases) == 0 && c.Selected {
		return ignoreStale(e.cfg.Store.Apply(ctx, &ledger.Finish{CampaignID: c.ID, At: now})[0])
	}
	if rate > 0 {
		b.tokens -= float64(len(leases))
	}
	return err
}

// restrain holds to max_unproven and to the canary. It counts the targets only
// where a campaign has one of these: that takes a look at all of them.
func (e *Engine) restrain(ctx context.Context, c ledger.Campaign, spec Spec, n int) (int, error) {
	if n <= 0 || spec.MaxUnproven == 0 && (spec.Canary == 0 || c.CanaryPassed) {
		return n, nil
	}
	counts, err := e.cfg.Store.Counts(ctx, c.ID)
	if err != nil {
		return 0, err
	}
	if spec.MaxUnproven > 0 {
		n = min(n, spec.MaxUnproven-underWay(counts))
	}
	return e.canary(ctx, c, spec, counts, n)
}

// release lets up to n targets go and wakes them.
func (e *Engine) release(ctx context.Context, c ledger.Campaign, n int, now time.Time) ([]ledger.Lease, error) {
	if n <= 0 {
		return nil, nil
	}
	op := &ledger.Release{CampaignID: c.ID, Limit: n, At: now, Node: e.cfg.Node, Until: now.Add(leaseFor)}
	err := ignoreStale(e.cfg.Store.Apply(ctx, op)[0])
	for _, l := range op.Leases {
		if l.Token != 0 {
			e.leases.put(l, now.Add(leaseFor/2))
		}
		e.Wake(l.TargetID)
	}
	return op.Leases, err
}

// underWay counts the targets that are or will soon be unproven. One whose card
// another campaign has is not: that campaign may be paused for weeks. The store
// holds to max_unproven when a switch goes out.
func underWay(c ledger.Counts) int {
	begins := c.ByState[string(swap.Selected)] - (c.Total - c.Released) - c.Waiting
	return c.Unproven + c.ByState[string(swap.Snapshot)] + max(begins, 0)
}

// canary holds the rest back until enough cards are proven.
func (e *Engine) canary(ctx context.Context, c ledger.Campaign, spec Spec, counts ledger.Counts, n int) (int, error) {
	if spec.Canary == 0 || c.CanaryPassed {
		return n, nil
	}
	if proven(spec.Kind, counts) >= spec.Canary {
		return n, e.cfg.Store.Apply(ctx, &ledger.PassCanary{CampaignID: c.ID})[0]
	}
	untouched := counts.ByState[string(swap.Skipped)] + counts.ByState[string(swap.Cancelled)]
	return min(n, spec.Canary-(counts.Released-untouched)), nil
}

// proven counts the cards that have reached what a canary has to reach.
func proven(kind swap.Kind, c ledger.Counts) (n int) {
	for _, s := range Proving(kind) {
		n += c.ByState[string(s)]
	}
	return n
}

// Proving lists the states that a card of a canary has to reach.
func Proving(kind swap.Kind) []swap.State {
	if kind == swap.KindProvision {
		return []swap.State{swap.SettingsDelivered, swap.Verified}
	}
	return []swap.State{swap.Moved, swap.Configuring, swap.SettingsDelivered, swap.Verified, swap.SettingsFailed, swap.Written}
}

// slot takes the cron slots that have come.
func (e *Engine) slot(ctx context.Context, c ledger.Campaign, spec Spec, now time.Time) error {
	if c.NextRun.IsZero() || c.NextRun.After(now) {
		return nil
	}
	s, err := ParseSchedule(spec.Schedule)
	if err != nil {
		return err
	}
	op := &ledger.Slot{CampaignID: c.ID, Slot: c.NextRun, Next: s.Next(c.NextRun)}
	if !op.Next.IsZero() && !op.Next.After(now) { // several were missed: they count as one
		op.Next = s.Next(now)
	}
	if s.Missed(c.NextRun, now) {
		op.Quota = int64(s.Batch())
		if op.Quota == 0 {
			op.Quota = -1
		}
	} else {
		e.cfg.Log.Warn().Str("campaign", c.Name).Time("slot", c.NextRun).Time("next", op.Next).
			Msg("slot missed while the server was not running: skipped, as the campaign says")
	}
	return ignoreStale(e.cfg.Store.Apply(ctx, op)[0])
}

func ignoreStale(err error) error {
	if errors.Is(err, ledger.ErrStale) {
		return nil
	}
	return err
}

// selectTargets adds the cards that the campaign selects, in chunks.
func (e *Engine) selectTargets(ctx context.Context, c ledger.Campaign, spec Spec) error {
	for after := int64(0); ; {
		entries, err := e.cfg.Store.Cards(ctx, spec.Select.filter(), after, selectChunk)
		if err != nil {
			return err
		}
		op := &ledger.AddTargets{CampaignID: c.ID, At: e.cfg.Now(), Complete: len(entries) < selectChunk}
		for _, en := range entries {
			op.CardIDs = append(op.CardIDs, en.Card.ID)
			after = en.Card.ID
		}
		if err := e.cfg.Store.Apply(ctx, op)[0]; err != nil {
			return err
		}
		if op.Complete {
			return nil
		}
	}
}
