package catalogtest

import (
	"errors"
	"time"

	"github.com/simota/simota/catalog/ledger"
)

var campaignLaws = []law{
	{"a name is given once", func(w *world) {
		id := w.created("one")
		w.refuse(&ledger.CreateCampaign{Actor: "test", Campaign: ledger.Campaign{Name: "one", Kind: "rfm", CreatedAt: now}}, ledger.ErrStale)
		got := w.campaign("one")
		w.equal("campaign", got, ledger.Campaign{ID: id, Name: "one", Kind: "swap", Spec: []byte("campaign: one"), State: ledger.CampaignCreated, CreatedAt: now, Selected: true})
		second := w.created("two")
		all := ok[[]ledger.Campaign](w)(w.Campaigns(w.ctx))
		w.equal("newest first", []int64{all[0].ID, all[1].ID}, []int64{second, id})
	}},
	{"targets are added once", func(w *world) {
		e := w.cards(3)
		c := w.created("one", e[0], e[1])
		again := &ledger.AddTargets{CampaignID: c, CardIDs: []int64{e[1].Card.ID, e[2].Card.ID}, At: now}
		w.must(again)
		w.equal("added", again.Added, 1)
		rows := ok[[]ledger.TargetRow](w)(w.Targets(w.ctx, c, nil, 0, 0))
		w.equal("targets", len(rows), 3)
		w.equal("ICCID", rows[2].ICCID, e[2].Card.ICCID)
		w.equal("a page", ok[[]ledger.TargetRow](w)(w.Targets(w.ctx, c, []string{"selected"}, rows[0].ID, 1)), rows[1:2])
		w.equal("another state", len(ok[[]ledger.TargetRow](w)(w.Targets(w.ctx, c, []string{"dark", "moved"}, 0, 0))), 0)
	}},
	{"a change of state says from where", func(w *world) {
		c := w.created("one")
		w.refuse(pause(c), ledger.ErrStale)
		op := start(c)
		op.Quota, op.NextRun = 5, now.Add(time.Hour)
		w.must(op)
		got := w.campaign("one")
		w.equal("started", []any{got.State, got.StartedAt, got.ResumedAt, got.Quota, got.NextRun, got.CanaryPassed},
			[]any{ledger.CampaignRunning, now, now, int64(5), now.Add(time.Hour), false})
		w.refuse(start(c), ledger.ErrStale)
		rows := ok[[]ledger.AuditRow](w)(w.Audit(w.ctx, 0, 0))
		w.equal("audit rows: create and start", len(rows), 2)
	}},
	{"a change of state needs an actor", func(w *world) {
		op := start(w.created("one"))
		op.Actor = ""
		if w.apply(op) == nil {
			w.t.Error("a campaign starts without an actor")
		}
		w.equal("state", w.campaign("one").State, ledger.CampaignCreated)
	}},
	{"a target that waits for its card is counted", func(w *world) {
		c, l := w.running("one", w.cards(3)...)
		w.equal("waiting", ok[ledger.Counts](w)(w.Counts(w.ctx, c)).Waiting, 0)
		w.must(&ledger.Advance{Lease: l[0], State: "selected", Cause: "busy in two", At: now}, &ledger.Advance{Lease: l[1], State: "held", Cause: "no answer", Closed: true, At: now})
		w.equal("waiting", ok[ledger.Counts](w)(w.Counts(w.ctx, c)).Waiting, 1)
	}},
	{"resuming accepts what went dark and passes the canary", func(w *world) {
		c, l := w.running("one", w.cards(2)...)
		w.must(&ledger.Advance{Lease: l[0], State: "dark", Unproven: true, Closed: true, At: now}, &ledger.Advance{Lease: l[1], State: "switching", Unproven: true, At: now}, pause(c))
		w.equal("unproven", ok[ledger.Counts](w)(w.Counts(w.ctx, c)).Unproven, 2)
		op := start(c)
		op.At, op.Quota = now.Add(time.Hour), 3
		w.must(op)
		got := w.campaign("one")
		w.equal("resumed", []any{got.StartedAt, got.ResumedAt, got.CanaryPassed, got.Quota}, []any{now, now.Add(time.Hour), true, int64(-1)})
		w.equal("still unproven", ok[ledger.Counts](w)(w.Counts(w.ctx, c)).Unproven, 1)
	}},
	{"cancel closes the given states, fences their workers off and lets the others run", func(w *world) {
		e := w.cards(2)
		c, l := w.running("one", e...)
		w.must(&ledger.Advance{Lease: l[0], State: "snapshot", DueAt: now, At: now}, &ledger.Advance{Lease: l[1], State: "switching", DueAt: now, At: now})
		b := packet(l[0], e[0], ledger.Read, 40, 1)
		w.must(b)
		op := cancel(c, "selected", "snapshot")
		w.must(op)
		w.equal("closed", op.Closed, 1)
		first, second := w.dossier(l[0].TargetID).Target, w.dossier(l[1].TargetID).Target
		w.equal("cancelled", []any{first.State, first.ClosedAt, first.DueAt}, []any{"cancelled", now, time.Time{}})
		w.equal("runs on", []any{second.State, second.ClosedAt, second.DueAt}, []any{"switching", time.Time{}, now})
		w.equal("what had not left", w.submission(b.AttemptID).State, ledger.Withdrawn)
		w.refuse(&ledger.Advance{Lease: l[0], State: "snapshot", At: now}, ledger.ErrLeaseLost)
		w.must(&ledger.Advance{Lease: l[1], State: "moved", At: now})
	}},
	{"a cron slot is taken once", func(w *world) {
		c := w.created("one")
		op := start(c)
		op.Quota, op.NextRun = 0, now
		w.must(op)
		slot := &ledger.Slot{CampaignID: c, Slot: now, Next: now.Add(24 * time.Hour), Quota: 2000}
		errs := w.Apply(w.ctx, slot, slot)
		if errs[0] != nil || !errors.Is(errs[1], ledger.ErrStale) {
			w.t.Fatalf("Apply = %v", errs)
		}
		got := w.campaign("one")
		w.equal("campaign", []any{got.Quota, got.NextRun}, []any{int64(2000), now.Add(24 * time.Hour)})
		w.must(&ledger.Slot{CampaignID: c, Slot: now.Add(24 * time.Hour), Quota: 5})
		w.refuse(&ledger.Slot{CampaignID: c, Quota: 5}, ledger.ErrStale)
		w.equal("quota", w.campaign("one").Quota, int64(2005))
	}},
	{"release goes in order and respects limit, quota and pause", func(w *world) {
		c := w.created("one", w.cards(5)...)
		rows := ok[[]ledger.TargetRow](w)(w.Targets(w.ctx, c, nil, 0, 0))
		w.refuse(&ledger.Release{CampaignID: c, Limit: 1, At: now}, ledger.ErrNotRunning)
		op := start(c)
		op.Quota = 3
		w.must(op)
		var got [][]int64
		for range 3 {
			r := &ledger.Release{CampaignID: c, Limit: 2, At: now}
			w.must(r)
			got = append(got, targetsOf(r.Leases))
		}
		w.equal("released", got, [][]int64{{rows[0].ID, rows[1].ID}, {rows[2].ID}, nil})
		w.equal("quota", w.campaign("one").Quota, int64(0))
		w.equal("released at", w.dossier(rows[0].ID).Target.ReleasedAt, now)
		ids, _, err := w.Due(w.ctx, now, 10)
		if err != nil {
			w.t.Fatal(err)
		}
		w.equal("due", ids, []int64{rows[0].ID, rows[1].ID, rows[2].ID})
		w.equal("counts", ok[ledger.Counts](w)(w.Counts(w.ctx, c)), ledger.Counts{ByState: map[string]int{"selected": 5}, Total: 5, Released: 3, Open: 5})
		w.must(pause(c))
		w.refuse(&ledger.Release{CampaignID: c, Limit: 1, At: now}, ledger.ErrNotRunning)
	}},
	{"release leases what it lets go, except what another node holds", func(w *world) {
		c := w.created("one", w.cards(3)...)
		rows := ok[[]ledger.TargetRow](w)(w.Targets(w.ctx, c, nil, 0, 0))
		w.must(start(c))
		held := w.lease(rows[0].ID) // until a minute from now
		mine := &ledger.TakeLease{TargetID: rows[1].ID, Node: "b", Now: now, Until: now.Add(time.Minute)}
		w.must(mine)
		r := &ledger.Release{CampaignID: c, Limit: 3, At: now, Node: "b", Until: now.Add(time.Hour)}
		w.must(r)
		w.equal("leases", r.Leases, []ledger.Lease{{TargetID: rows[0].ID}, {TargetID: rows[1].ID, Token: mine.NewToken + 1}, {TargetID: rows[2].ID, Token: 1}})
		w.must(&ledger.Advance{Lease: held, State: "snapshot", At: now}, &ledger.Advance{Lease: r.Leases[2], State: "snapshot", At: now})
		w.refuse(&ledger.Advance{Lease: ledger.Lease{TargetID: rows[1].ID, Token: mine.NewToken}, State: "snapshot", At: now}, ledger.ErrLeaseLost)
		w.refuse(&ledger.TakeLease{TargetID: rows[2].ID, Node: "a", Now: now.Add(59 * time.Minute), Until: now.Add(2 * time.Hour)}, ledger.ErrLeaseLost)
		w.must(&ledger.TakeLease{TargetID: rows[2].ID, Node: "a", Now: now.Add(61 * time.Minute), Until: now.Add(2 * time.Hour)})
	}},
	{"a negative quota is no limit", func(w *world) {
		c := w.created("one", w.cards(3)...)
		r := &ledger.Release{CampaignID: c, Limit: 10, At: now}
		w.must(start(c), r, &ledger.PassCanary{CampaignID: c})
		w.equal("released", r.Leases, []ledger.Lease{{TargetID: 1}, {TargetID: 2}, {TargetID: 3}})
		got := w.campaign("one")
		w.equal("campaign", []any{got.Quota, got.CanaryPassed}, []any{int64(-1), true})
	}},
	{"a campaign is done when all were selected and all are closed", func(w *world) {
		c, l := w.running("one", w.cards(1)...)
		w.refuse(&ledger.Finish{CampaignID: c, At: now}, ledger.ErrStale)
		w.must(&ledger.Advance{Lease: l[0], State: "verified", Closed: true, At: now}, &ledger.Finish{CampaignID: c, At: now})
		w.equal("state", w.campaign("one").State, ledger.CampaignDone)
		w.refuse(&ledger.Finish{CampaignID: c, At: now}, ledger.ErrStale)
		w.must(&ledger.Retry{Actor: "test", TargetID: l[0].TargetID, At: now, State: "selected"})
		w.equal("it has work again", w.campaign("one").State, ledger.CampaignRunning)
		create := &ledger.CreateCampaign{Actor: "test", Campaign: ledger.Campaign{Name: "selecting", Kind: "swap", CreatedAt: now}}
		w.must(create)
		w.must(start(create.ID))
		w.refuse(&ledger.Finish{CampaignID: create.ID, At: now}, ledger.ErrStale)
	}},
}
