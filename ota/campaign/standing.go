package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/swap"
)

// Triggers of a standing campaign.
const onNewPair = "new-pair"

// Reactions of a standing campaign to a card in another device, or a device
// with another card.
const (
	movedReprovision = "reprovision"
	movedAlert       = "alert"
	movedIgnore      = "ignore"
)

// watch is what the pacer knows of a standing campaign. It is all in the store:
// after a restart the pairs since the campaign's start are looked at again.
type watch struct {
	after int64               // pairs up to this one were looked at
	cards map[int64]time.Time // those that are to be looked at, and when
}

// lookAgain is after how long a card is looked at again that is being
// configured for another device, or that a swap has in hand.
const lookAgain = time.Minute

// stand takes cards into a standing campaign that were seen in a device.
func (e *Engine) stand(ctx context.Context, c ledger.Campaign, spec Spec, w *watch) error {
	pairs, err := e.cfg.Store.PairsAfter(ctx, w.after, c.StartedAt, selectChunk)
	if err != nil {
		return err
	}
	if w.cards == nil {
		w.cards = map[int64]time.Time{}
	}
	for _, p := range pairs {
		w.after, w.cards[p.CardID] = p.ID, time.Time{}
	}
	now := e.cfg.Now()
	for card, at := range w.cards {
		if at.After(now) {
			continue
		}
		w.cards[card] = now.Add(e.scale(lookAgain)) // an error holds up no other card
		done, err := e.meet(ctx, c, spec, card)
		if err != nil {
			return err
		}
		if done {
			delete(w.cards, card)
		}
	}
	return nil
}

// meet looks at a card that was seen in a device. done is false when it has to
// be looked at again: it is being configured for another device, or switched.
func (e *Engine) meet(ctx context.Context, c ledger.Campaign, spec Spec, cardID int64) (done bool, err error) {
	entry, err := e.cfg.Store.CardByID(ctx, cardID)
	if err != nil {
		return false, err
	}
	pairs, err := e.cfg.Store.Pairs(ctx, cardID)
	if err != nil || len(pairs) == 0 || !spec.Select.takes(entry) {
		return true, err
	}
	is := pairs[len(pairs)-1]
	if is.SeenAt.Before(c.StartedAt) {
		return true, nil // it was there before
	}
	targets, err := e.cfg.Store.TargetsOfCard(ctx, cardID)
	if err != nil {
		return false, err
	}
	mine := ledger.Target{}
	for _, t := range targets {
		switch swaps := t.From != 0 && t.To != 0 && !t.ClaimedAt.IsZero(); {
		case t.CampaignID == c.ID:
			mine = t
		case swaps && t.ClosedAt.IsZero():
			return false, nil // it may configure the device itself
		case swaps && !t.ClosedAt.Before(is.SeenAt) && configured(t, is):
			return true, nil
		}
	}
	switch {
	case mine.ID != 0 && configures(mine, is):
		return true, nil
	case mine.ID != 0 && mine.ClosedAt.IsZero():
		return mine.ReleasedAt.IsZero(), nil // once released it may have been pinned before this pair was known
	}
	return true, e.configure(ctx, c, spec, mine, pairs)
}

// configured reports whether a swap that ended did what there is to do for a
// pair: one that did not switch the card, or was done when it had, did not.
func configured(t ledger.Target, is catalog.Pair) bool {
	var f swap.Facts
	if json.Unmarshal(t.Facts, &f) != nil || f.Goal == swap.GoalMoved || !about(f, is) {
		return false
	}
	switch swap.State(t.State) {
	case swap.SettingsDelivered, swap.Verified, swap.SettingsFailed:
		return true
	}
	return false
}

// configures reports whether a target is about this pair.
func configures(t ledger.Target, is catalog.Pair) bool {
	var f swap.Facts
	if len(t.Facts) == 0 {
		return !t.ClosedAt.IsZero() && !t.ClosedAt.Before(is.SeenAt) // skipped since
	}
	if json.Unmarshal(t.Facts, &f) != nil {
		return false
	}
	return about(f, is)
}

// about reports whether facts are those of a pair.
func about(f swap.Facts, is catalog.Pair) bool {
	return (f.IMEI == is.IMEI || catalog.SameIMEI(f.IMEI, is.IMEI)) && f.To.IMSI == is.IMSI
}

// configure makes a card a target, or begins a new round.
func (e *Engine) configure(ctx context.Context, c ledger.Campaign, spec Spec, mine ledger.Target, pairs []catalog.Pair) error {
	is := pairs[len(pairs)-1]
	if spec.Moved != "" && spec.Moved != movedReprovision {
		device, err := e.cfg.Store.PairsOfDevice(ctx, is.IMEI)
		if err != nil {
			return err
		}
		elsewhere := slices.ContainsFunc(pairs, func(p catalog.Pair) bool { return !catalog.SameIMEI(p.IMEI, is.IMEI) }) ||
			slices.ContainsFunc(device, func(p catalog.Pair) bool { return p.CardID != is.CardID })
		if elsewhere {
			if spec.Moved == movedAlert {
				e.cfg.Log.Warn().Str("campaign", c.Name).Str("iccid", is.ICCID).Str("imei", is.IMEI).Str("imsi", is.IMSI).
					Msg("card and device were seen with others before: not configured, as the campaign says; simota device moves shows them")
			}
			return nil
		}
	}
	if mine.ID == 0 {
		return e.cfg.Store.Apply(ctx, &ledger.AddTargets{CampaignID: c.ID, CardIDs: []int64{is.CardID}, At: e.cfg.Now()})[0]
	}
	err := e.cfg.Store.Apply(ctx, &ledger.Retry{
		Actor: "campaign " + c.Name, TargetID: mine.ID, Decision: swap.DecisionRetry, At: e.cfg.Now(), State: string(swap.Selected),
	})[0]
	if err != nil {
		return ignoreStale(fmt.Errorf("card %s, seen in device %s: %w", is.ICCID, is.IMEI, err))
	}
	e.Wake(mine.ID)
	return nil
}

// takes reports whether a card is among those that are selected.
func (s Select) takes(e catalog.Entry) bool {
	active := slices.IndexFunc(e.Subscriptions, func(s catalog.Subscription) bool { return s.ID == e.Card.Active })
	switch {
	case len(s.ICCIDs) > 0 && !slices.Contains(s.ICCIDs, e.Card.ICCID),
		s.Country != "" && s.Country != e.Card.Country,
		s.CardType != "" && s.CardType != e.Card.Type,
		s.Operator != "" && (active < 0 || e.Subscriptions[active].Operator != s.Operator):
		return false
	}
	return !slices.ContainsFunc(s.Tags, func(t string) bool { return !slices.Contains(e.Card.Tags, t) })
}
