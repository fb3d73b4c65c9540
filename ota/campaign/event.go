package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/detect"
)

// Attach stores an event, durably before it returns, and wakes its target. The
// card is found by IMSI, else by ICCID, else by MSISDN; catalog.ErrNotFound
// says that no card has it, or several the number.
//
// What says that something left tells nothing of where it is, and is not
// stored. A time ahead of the server's by more than a clock can be wrong counts
// as none: events rank by it.
func (e *Engine) Attach(ctx context.Context, ev detect.Event) error {
	if !ev.Present() {
		return nil
	}
	cards, err := e.seen(ctx, ev)
	if err != nil {
		return err
	}
	now := e.cfg.Now()
	if ev.Time.After(now.Add(wrongClock)) {
		ev.Time = time.Time{}
	}
	raw, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	for _, c := range cards {
		ev := identified(ev, c)
		op := &ledger.Witness{Evidence: ledger.Evidence{
			CardID: c.Card.ID, Kind: ledger.EvAttach, SeenAt: now, HappenedAt: ev.Time, Raw: raw,
			Body: ledger.Body{IMSI: ev.IMSI, IMEI: ev.IMEI, APN: ev.APN, PLMN: ev.PLMN(), Source: ev.Source},
		}}
		if ev.IMEI != "" && ev.IMSI != "" {
			op.Pair = &catalog.Pair{CardID: c.Card.ID, IMEI: ev.IMEI, IMSI: ev.IMSI, Source: ev.Source, SeenAt: now}
			if !ev.Time.IsZero() && ev.Time.Before(now) { // a late event is of its time, a clock that is fast of none
				op.Pair.SeenAt = ev.Time
			}
		}
		if err := e.cfg.Store.Apply(ctx, op)[0]; err != nil {
			return err
		}
		if op.TargetID != 0 {
			e.Wake(op.TargetID)
		}
		if op.NewPair {
			poke(e.nudge) // of standing campaigns
		}
	}
	return nil
}

// wrongClock is how far a source's clock may be ahead.
const wrongClock = 5 * time.Minute

// identified fills in the IMSI of an event that names the card in another way:
// that of the subscription with its number, or else the one that is active.
func identified(ev detect.Event, c catalog.Entry) detect.Event {
	if ev.IMSI != "" {
		return ev
	}
	var with []catalog.Subscription
	for _, s := range c.Subscriptions {
		if ev.MSISDN != "" && s.MSISDN == ev.MSISDN || ev.MSISDN == "" && s.ID == c.Card.Active {
			with = append(with, s)
		}
	}
	if len(with) == 1 { // two subscriptions share a number while it moves between them
		ev.IMSI = with[0].IMSI
	}
	return ev
}

// seen lists the cards that an event speaks of.
func (e *Engine) seen(ctx context.Context, ev detect.Event) (cards []catalog.Entry, err error) {
	what := "IMSI " + ev.IMSI
	switch {
	case ev.IMSI != "":
		cards, err = e.cfg.Store.CardsByIMSI(ctx, ev.IMSI)
	case ev.ICCID != "":
		what = "ICCID " + ev.ICCID
		var c catalog.Entry
		if c, err = e.cfg.Store.Card(ctx, ev.ICCID); err == nil {
			cards = []catalog.Entry{c}
		}
	case ev.MSISDN != "":
		what = "MSISDN " + ev.MSISDN
		cards, err = e.cfg.Store.CardsByMSISDN(ctx, ev.MSISDN)
		if len(cards) > 1 { // a number that moves from one card to another tells neither
			return nil, fmt.Errorf("campaign: %d cards have %s: name the IMSI: %w", len(cards), what, catalog.ErrNotFound)
		}
	default:
		return nil, errors.New("campaign: event names neither IMSI nor ICCID nor MSISDN")
	}
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return nil, err
	}
	if len(cards) == 0 {
		return nil, fmt.Errorf("campaign: no card has %s: %w", what, catalog.ErrNotFound)
	}
	return cards, nil
}
