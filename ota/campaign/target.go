package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	for range mostRounds {
		if err != nil {
			return err
		}
		var then next
		switch then, err = e.once(ctx, lease, &dos); {
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

// once does one thing for a target. Notices come before all else, whatever
// became of the target.
func (e *Engine) once(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier) (next, error) {
	t, now := dos.Target, e.cfg.Now()
	closed := !t.ClosedAt.IsZero()
	switch {
	case t.ReleasedAt.IsZero(), closed && len(t.Facts) == 0:
		return rest, nil
	case len(t.Facts) == 0:
		return e.claim(ctx, lease, dos, time.Time{}, now)
	}
	facts, err := e.facts.of(t)
	if err != nil {
		return rest, err
	}
	var r swap.Result
	if closed || facts.ISDR != nil {
		if r = swap.Next(facts, dos.Evidence(), now); r.Confirm != nil {
			return e.confirm(ctx, lease, dos, facts, r)
		}
	}
	if closed || t.ClaimedAt.IsZero() {
		return e.idle(ctx, lease, dos, r, now)
	}
	changed, due, err := e.cfg.Desk.Drive(ctx, lease, dos, routes(facts, fenceWay(facts)))
	switch {
	case err != nil:
		return rest, e.held(ctx, lease, dos, facts, err)
	case changed:
		return reread, nil
	}
	r = swap.Next(facts, dos.Evidence(), now)
	r.Due = sooner(r.Due, due)
	return e.follow(ctx, lease, dos, facts, r, now)
}

// idle is for a target that does not work on its card: it is closed, or waits
// for its next round. Of what it has under way only confirmations are driven.
func (e *Engine) idle(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, r swap.Result, now time.Time) (next, error) {
	confirmations := *dos
	confirmations.Attempts = slices.DeleteFunc(slices.Clone(dos.Attempts), func(a ledger.Attempt) bool { return a.Kind != ledger.Confirm })
	changed, due, err := e.cfg.Desk.Drive(ctx, lease, &confirmations, nil)
	switch {
	case err != nil:
		return rest, err
	case changed:
		return reread, nil
	case dos.Target.ClosedAt.IsZero():
		return e.claim(ctx, lease, dos, due, now)
	}
	return e.late(ctx, lease, dos, r, due, now)
}

// sooner is the earlier of two times; zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// follow does what the saga asks for.
func (e *Engine) follow(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, f swap.Facts, r swap.Result, now time.Time) (next, error) {
	if r.Clear {
		due, err := e.cfg.Desk.Clear(ctx, lease, dos, f.KeysetID, r.Step, now.Add(f.Deadlines.Switching), routes(f, fenceWay(f)))
		if err != nil {
			return rest, err
		}
		r.Due = sooner(r.Due, due)
	}
	if r.Action == nil && !r.Plan {
		return rest, e.advance(ctx, lease, dos, r, now)
	}
	if r.Plan {
		if string(r.State) != dos.Target.State {
			if err := e.advance(ctx, lease, dos, r, now); err != nil {
				return rest, err
			}
		}
		return e.replan(ctx, lease, dos, f, r.IMEI, now)
	}
	return e.act(ctx, lease, dos, f, r, now)
}

// late lifts a closed target whose evidence now says more; it works on only
// when the card is free. due is when to look at a confirmation that is still
// under way.
func (e *Engine) late(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, r swap.Result, due, now time.Time) (next, error) {
	if asItWas, ok := ended(dos.Target, r); ok {
		r = asItWas
	} else if !r.Closed {
		err := e.cfg.Store.Apply(ctx, &ledger.Reopen{Lease: lease, At: now})[0]
		if !errors.Is(err, ledger.ErrCardBusy) {
			return reread, err
		}
		r.Closed = true
	}
	r.Due = due
	return rest, e.advance(ctx, lease, dos, r, now)
}

// ended is a closed target of which nothing new is known, as it was when it
// ended: some causes count the hours, and another campaign may have moved the
// card since. What a person or preflight ended stays ended.
func ended(t ledger.Target, r swap.Result) (swap.Result, bool) {
	s := swap.State(t.State)
	same := r.State == s && r.Closed && (!r.Back || r.Cause == t.Cause)
	return swap.Result{State: s, Cause: t.Cause, Step: t.Step, Closed: true}, same || s == swap.Cancelled || s == swap.Skipped
}

// act sends what the saga asks for.
func (e *Engine) act(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, f swap.Facts, r swap.Result, now time.Time) (next, error) {
	spec, err := e.spec(ctx, dos.Campaign)
	if err != nil {
		return rest, err
	}
	o := order(f, r.State, r.Action, spec)
	if string(r.State) != dos.Target.State { // the state does not come after what follows from it
		begins := r
		begins.Due = sooner(r.Due, e.cfg.Desk.Timing().FirstProbe(now)) // or the attempt would call for it at once
		o.State = e.news(lease, *dos, begins, now)
		o.State.Unproven = o.State.Unproven || o.Unproven
	}
	err = e.cfg.Desk.Send(ctx, lease, dos, o)
	if errors.Is(err, delivery.ErrTooLong) {
		r.State, r.Cause, r.Closed, r.Action = swap.Held, err.Error(), true, nil
		return rest, e.advance(ctx, lease, dos, r, now)
	}
	if err != nil {
		return rest, e.held(ctx, lease, dos, f, err)
	}
	e.stored(dos, o.State)
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
		r.Cause, r.Due = why, sooner(r.Due, now.Add(e.scale(d)))
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
		if _, err := e.cfg.Desk.Clear(ctx, lease, dos, f.KeysetID, r.Step, deadline, routes(f, fenceWay(f))); err != nil {
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
		FenceOf: a.FenceOf, MaxParts: a.Via.MaxParts, AllowWeak: f.AllowWeak, Interactive: f.Interactive, Push: a.Push, Text: a.Text, Deadline: a.Deadline, Replaces: a.Replaces,
		IfRunning: a.Begins || a.Kind == ledger.Read && state == swap.Snapshot, Unproven: a.Unproven,
	}
	if a.Unproven {
		o.MaxUnproven = spec.MaxUnproven
	}
	if a.Kind == ledger.Write && a.FenceVia != a.Via {
		o.FenceTAR, o.FenceForm = a.FenceVia.TAR, a.FenceVia.Format
	}
	return o
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
	op := e.news(lease, *dos, r, now)
	if op == nil {
		return nil
	}
	if err := e.cfg.Store.Apply(ctx, op)[0]; err != nil {
		return err
	}
	e.stored(dos, op)
	return nil
}

// news is what the saga says and the store does not; nil when it is the same.
func (e *Engine) news(lease ledger.Lease, dos ledger.Dossier, r swap.Result, now time.Time) *ledger.Advance {
	t := dos.Target
	changed := string(r.State) != t.State || r.Closed != !t.ClosedAt.IsZero()
	if !changed && r.Cause == t.Cause && e.wakesInTime(t, r, now) {
		return nil
	}
	op := &ledger.Advance{
		Lease: lease, State: string(r.State), Cause: r.Cause, Step: r.Step, Unproven: unproven(dos, r), DueAt: r.Due,
		Closed: r.Closed, At: now,
	}
	if changed {
		op.Evidence = []ledger.Evidence{{
			TargetID: t.ID, CardID: t.CardID, Kind: ledger.EvState, SeenAt: now,
			Body: ledger.Body{State: string(r.State), Text: r.Cause},
		}}
	}
	if changed && r.Closed {
		op.Conclusions = takenBack(dos, now)
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
	if back := backOn(dos, r); r.Back && dos.Entry.Card.Active != back {
		op.Active = back
	}
	return op
}

// takenBack ends the documents that are under way when a target ends, because
// somebody cancelled it or the card is in another device: what of them has not
// left stays.
func takenBack(dos ledger.Dossier, now time.Time) (out []ledger.Conclusion) {
	for _, a := range dos.Attempts {
		if a.Kind == ledger.CP && a.Outcome == ledger.Open {
			out = append(out, ledger.Conclusion{AttemptID: a.ID, Outcome: ledger.Undeliver, At: now})
		}
	}
	return out
}

// stored enters news into the dossier, and tells who waits for them.
func (e *Engine) stored(dos *ledger.Dossier, op *ledger.Advance) {
	if op == nil {
		return
	}
	d := &dos.Target
	d.State, d.Cause, d.Step, d.Unproven, d.DueAt = op.State, op.Cause, op.Step, op.Unproven, op.DueAt
	if op.Active != 0 {
		dos.Entry.Card.Active = op.Active
	}
	if op.Closed {
		d.ClosedAt = op.At
		e.leases.drop(d.ID)
		e.facts.drop(d.ID)
	}
	if len(op.Evidence) > 0 {
		poke(e.nudge)
	}
	e.alarm.sooner(op.DueAt)
}

// backOn is the subscription that a card went back to: the one whose profile it
// says is enabled, else the one that it came from. 0 where the catalog does not
// know the profile.
func backOn(dos ledger.Dossier, r swap.Result) int64 {
	if r.Enabled == "" {
		return dos.Target.From
	}
	for _, s := range dos.Entry.Subscriptions {
		if s.ISDP == r.Enabled {
			return s.ID
		}
	}
	return 0
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
