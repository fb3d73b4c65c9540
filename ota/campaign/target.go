package campaign

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/swap"
)

// process does all that a target needs now.
func (e *Engine) process(ctx context.Context, id int64) error {
	err := e.processLeased(ctx, id)
	if errors.Is(err, ledger.ErrLeaseLost) {
		// A person's cancel or retry takes the lease away, and so does another
		// server: only with that one does the second try fail too.
		e.leases.drop(id)
		err = e.processLeased(ctx, id)
	}
	if errors.Is(err, ledger.ErrLeaseLost) {
		e.leases.drop(id)
		return nil
	}
	return err
}

func (e *Engine) processLeased(ctx context.Context, id int64) error {
	lease, err := e.lease(ctx, id, e.cfg.Now())
	if err != nil {
		return err
	}
	dos, err := e.cfg.Store.Dossier(ctx, id)
	var facts pinned
	for range mostRounds {
		if err != nil {
			return err
		}
		var then next
		switch then, err = e.once(ctx, lease, &dos, &facts); {
		case err != nil || then == rest:
			return err
		case then == reread:
			dos, err = e.cfg.Store.Dossier(ctx, id)
		}
	}
	return fmt.Errorf("campaign: target %d does not come to rest", id)
}

// next is what a worker does after one thing.
type next byte

const (
	rest   next = iota // nothing more is to be done
	again              // look again: the dossier says what was done
	reread             // look again, at a new dossier
)

// pinned are the facts of a target, read once while a worker has it.
type pinned struct {
	from  []byte
	facts swap.Facts
}

func (p *pinned) of(t ledger.Target) (swap.Facts, error) {
	if p.from != nil && bytes.Equal(p.from, t.Facts) {
		return p.facts, nil
	}
	*p = pinned{from: t.Facts}
	if err := json.Unmarshal(t.Facts, &p.facts); err != nil {
		p.from = nil
		return swap.Facts{}, fmt.Errorf("campaign: target %d: stored facts: %w", t.ID, err)
	}
	return p.facts, nil
}

// once does one thing for a target.
func (e *Engine) once(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, pinned *pinned) (next, error) {
	t, now := dos.Target, e.cfg.Now()
	closed := !t.ClosedAt.IsZero()
	switch {
	case t.ReleasedAt.IsZero(), closed && len(t.Facts) == 0:
		return rest, nil
	case t.ClaimedAt.IsZero() && !closed:
		spec, err := e.spec(ctx, dos.Campaign)
		if err != nil {
			return rest, err
		}
		return e.claim(ctx, lease, dos, spec, now)
	}
	facts, err := pinned.of(t)
	if err != nil {
		return rest, err
	}
	if closed {
		r := swap.Next(facts, dos.Evidence(), now)
		if r.Confirm != nil {
			return e.confirm(ctx, lease, dos, facts, r)
		}
		return e.late(ctx, lease, dos, r, now)
	}
	if facts.ISDR != nil {
		if r := swap.Next(facts, dos.Evidence(), now); r.Confirm != nil {
			return e.confirm(ctx, lease, dos, facts, r)
		}
	}
	changed, due, err := e.cfg.Desk.Drive(ctx, lease, dos, routes(facts, fenceWay(facts)))
	switch {
	case err != nil:
		return rest, e.held(ctx, lease, dos, facts, err)
	case changed:
		return reread, nil
	}
	r := swap.Next(facts, dos.Evidence(), now)
	if r.Due.IsZero() || !due.IsZero() && due.Before(r.Due) {
		r.Due = due
	}
	return e.follow(ctx, lease, dos, facts, r, now)
}

// confirm answers a notice of an eUICC, before all else and whatever became of
// its target or campaign: unconfirmed, the card rolls back.
func (e *Engine) confirm(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, f swap.Facts, r swap.Result) (next, error) {
	if err := e.cfg.Desk.Send(ctx, lease, dos, order(f, r.State, r.Confirm, Spec{})); err != nil {
		return rest, err
	}
	return again, nil
}

// follow does what the saga asks for.
func (e *Engine) follow(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, f swap.Facts, r swap.Result, now time.Time) (next, error) {
	if r.Clear {
		err := e.cfg.Desk.Clear(ctx, lease, dos, f.KeysetID, r.Step, now.Add(f.Deadlines.Switching), routes(f, fenceWay(f)))
		if err != nil {
			return rest, err
		}
	}
	if r.Action == nil {
		return rest, e.advance(ctx, lease, dos, r, now)
	}
	if string(r.State) != dos.Target.State { // the state comes before what follows from it, also in the timeline
		if err := e.advance(ctx, lease, dos, r, now); err != nil {
			return rest, err
		}
	}
	return e.act(ctx, lease, dos, f, r, now)
}

// late lifts a closed target whose evidence now says more; it works on only
// when the card is free.
func (e *Engine) late(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, r swap.Result, now time.Time) (next, error) {
	if string(r.State) == dos.Target.State && r.Closed || swap.State(dos.Target.State) == swap.Cancelled {
		return rest, nil
	}
	if r.Closed {
		return rest, e.advance(ctx, lease, dos, r, now)
	}
	err := e.cfg.Store.Apply(ctx, &ledger.Reopen{Lease: lease, At: now})[0]
	if errors.Is(err, ledger.ErrCardBusy) {
		r.Closed, r.Due = true, time.Time{}
		return rest, e.advance(ctx, lease, dos, r, now)
	}
	return reread, err
}

// act sends what the saga asks for.
func (e *Engine) act(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, f swap.Facts, r swap.Result, now time.Time) (next, error) {
	spec, err := e.spec(ctx, dos.Campaign)
	if err != nil {
		return rest, err
	}
	err = e.cfg.Desk.Send(ctx, lease, dos, order(f, r.State, r.Action, spec))
	if errors.Is(err, delivery.ErrTooLong) {
		r.State, r.Cause, r.Closed, r.Action = swap.Held, err.Error(), true, nil
		return rest, e.advance(ctx, lease, dos, r, now)
	}
	if err != nil {
		return rest, e.held(ctx, lease, dos, f, err)
	}
	return again, nil
}

// held deals with what the store holds back: it is not a failure but a reason
// to wait, or to settle an open write of another target first. Any other cause
// it gives back.
func (e *Engine) held(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, f swap.Facts, cause error) error {
	now := e.cfg.Now()
	r := swap.Next(f, dos.Evidence(), now)
	r.Action = nil
	wait := func(why string, d time.Duration) error {
		r.Cause = why
		if again := now.Add(e.scale(d)); r.Due.IsZero() || again.Before(r.Due) {
			r.Due = again
		}
		return e.advance(ctx, lease, dos, r, now)
	}
	switch {
	case errors.Is(cause, ledger.ErrUnproven):
		return wait("waiting: max_unproven reached", 30*time.Second)
	case errors.Is(cause, ledger.ErrNotRunning):
		return wait("waiting: the campaign is not running", time.Minute)
	case errors.Is(cause, ledger.ErrOpenWrite), errors.Is(cause, ledger.ErrSuspect):
		// A write that another target left open, or a keyset under suspicion:
		// its fence goes first, to every number.
		deadline := now.Add(f.Deadlines.Switching)
		if err := e.cfg.Desk.Clear(ctx, lease, dos, f.KeysetID, r.Step, deadline, routes(f, fenceWay(f))); err != nil {
			return err
		}
		return wait("waiting: an earlier write of this card has to be settled first", time.Minute)
	}
	return cause
}

// order turns an action of the saga into an order of delivery.
func order(f swap.Facts, state swap.State, a *swap.Action, spec Spec) delivery.Order {
	o := delivery.Order{
		Step: a.Step, Kind: a.Kind, Label: a.Label, Purpose: a.Purpose, Routes: routes(f, a.Way),
		KeysetID: a.Via.KeysetID, TAR: a.Via.TAR, SPI: a.Via.SPI, Format: a.Via.Format, Script: a.Script,
		Fence: a.Fence, Expect: a.Expect,
		FenceOf: a.FenceOf, MaxParts: a.Via.MaxParts, AllowWeak: f.AllowWeak, Interactive: f.Interactive, Push: a.Push, Deadline: a.Deadline, Replaces: a.Replaces,
		IfRunning: a.Begins || a.Kind == ledger.Read && state == swap.Snapshot, Unproven: a.Kind == ledger.Write,
		MaxUnproven: maxUnproven(a, spec),
	}
	if a.Kind == ledger.Write && a.FenceVia != a.Via {
		o.FenceTAR, o.FenceForm = a.FenceVia.TAR, a.FenceVia.Format
	}
	return o
}

func maxUnproven(a *swap.Action, spec Spec) int {
	if a.Kind != ledger.Write {
		return 0
	}
	return spec.MaxUnproven
}

func fenceWay(f swap.Facts) swap.Way {
	if f.To.Subscription != 0 {
		return swap.Both
	}
	return swap.Old
}

// routes are the ways to the sides of a card.
func routes(f swap.Facts, w swap.Way) (out []delivery.Route) {
	add := func(s swap.Side) {
		if len(s.Links) > 0 {
			out = append(out, delivery.Route{Operator: s.Operator, SubscriptionID: s.Subscription, Source: s.Source, Destination: s.MSISDN})
		}
	}
	if w != swap.New {
		add(f.From)
	}
	if w != swap.Old {
		add(f.To)
	}
	return out
}

// advance caches what the saga says, when it says something new.
func (e *Engine) advance(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, r swap.Result, now time.Time) error {
	t := dos.Target
	changed := string(r.State) != t.State || r.Closed != !t.ClosedAt.IsZero()
	if !changed && r.Cause == t.Cause && e.wakesInTime(t, r, now) {
		return nil
	}
	op := &ledger.Advance{
		Lease: lease, State: string(r.State), Cause: r.Cause, Step: r.Step, Unproven: unproven(*dos, r), DueAt: r.Due,
		Closed: r.Closed, At: now,
	}
	if changed {
		op.Evidence = []ledger.Evidence{{
			TargetID: t.ID, CardID: t.CardID, Kind: ledger.EvState, SeenAt: now,
			Body: ledger.Body{State: string(r.State), Text: r.Cause},
		}}
	}
	if r.Moved != nil && dos.Entry.Card.Active != t.To && t.To != 0 {
		op.Active = t.To
		if r.Moved.IMEI != "" {
			op.Pair = &catalog.Pair{CardID: t.CardID, IMEI: r.Moved.IMEI, Source: r.Moved.Source, SeenAt: r.Moved.At}
			for _, s := range dos.Entry.Subscriptions {
				if s.ID == t.To {
					op.Pair.IMSI = s.IMSI
				}
			}
		}
	}
	if r.Back && t.From != 0 && dos.Entry.Card.Active != t.From {
		op.Active = t.From
	}
	if err := e.cfg.Store.Apply(ctx, op)[0]; err != nil {
		return err
	}
	d := &dos.Target
	d.State, d.Cause, d.Step, d.Unproven, d.DueAt = op.State, op.Cause, op.Step, op.Unproven, op.DueAt
	if op.Active != 0 {
		dos.Entry.Card.Active = op.Active
	}
	if r.Closed {
		d.ClosedAt = now
		e.leases.drop(t.ID)
	}
	if changed {
		poke(e.nudge)
	}
	e.alarm.sooner(r.Due)
	return nil
}

// wakesInTime reports whether what is stored wakes the target in time: at the
// due time, or before it, when it is looked at again and the rest is stored.
func (e *Engine) wakesInTime(t ledger.Target, r swap.Result, now time.Time) bool {
	if r.Due.IsZero() || t.DueAt.IsZero() {
		return r.Due.IsZero() && t.DueAt.IsZero() && r.Step == t.Step
	}
	return t.DueAt.After(now) && !t.DueAt.After(r.Due)
}

// unproven reports whether the target counts against max_unproven: it does
// from its first write until it is proven, failed for good, or forgiven.
func unproven(dos ledger.Dossier, r swap.Result) bool {
	if r.State == swap.Dark && !dos.Target.ClosedAt.IsZero() && !dos.Target.Unproven {
		return false // a person resumed the campaign after it went dark
	}
	return r.State.Unproven() || r.State == swap.NotSwitched && dos.Target.Unproven
}
