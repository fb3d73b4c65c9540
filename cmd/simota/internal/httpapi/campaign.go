package httpapi

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/swap"
)

type createInput struct {
	Actor   string `header:"X-Actor" doc:"who asks, for the audit: user@host"`
	File    string `query:"file" doc:"name of the file, for errors"`
	Check   bool   `query:"check" doc:"only say what it would do; nothing is stored"`
	RawBody []byte `contentType:"application/yaml"`
}

func (s *server) createCampaign(ctx context.Context, in *createInput) (out api.CampaignResult, err error) {
	file := fileName(in.File, "campaign.yaml")
	spec, err := config.DecodeCampaign(file, in.RawBody)
	if err == nil && spec.Select.File != "" {
		err = config.Explain(file, in.RawBody, config.FieldError{
			Field: "select.file", Msg: "a server reads no files of its callers: give iccids (the command line does it for you)",
		})
	}
	if err != nil {
		return out, refuse(err.Error())
	}
	if !in.Check {
		c, err := s.Campaigns.Create(ctx, actor(ctx, in.Actor), in.RawBody)
		var field campaign.FieldError
		if errors.As(err, &field) {
			return out, refuse(config.Explain(file, in.RawBody, err).Error())
		}
		if err != nil {
			return out, s.fail(err)
		}
		if out.Campaign, err = s.progress(ctx, c, true); err != nil {
			return out, s.fail(err)
		}
	}
	f, err := s.Campaigns.Forecast(ctx, spec)
	if err != nil {
		return out, s.fail(err)
	}
	out.Forecast = api.Forecast(f)
	return out, nil
}

func (s *server) campaigns(ctx context.Context, _ *none) ([]api.Campaign, error) {
	list, err := s.Store.Campaigns(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	out := make([]api.Campaign, 0, len(list))
	for _, c := range list {
		p, err := s.progress(ctx, c, false)
		if err != nil {
			return nil, s.fail(err)
		}
		out = append(out, p)
	}
	return out, nil
}

type campaignInput struct {
	Name string `path:"name"`
}

func (s *server) campaign(ctx context.Context, in *campaignInput) (api.Campaign, error) {
	c, err := s.Store.Campaign(ctx, in.Name)
	if err != nil {
		return api.Campaign{}, s.missing(err, "campaign "+in.Name)
	}
	p, err := s.progress(ctx, c, true)
	if err != nil {
		return p, s.fail(err)
	}
	return p, nil
}

// progress is a campaign with its counts; those of traffic cost more to count.
func (s *server) progress(ctx context.Context, c ledger.Campaign, traffic bool) (api.Campaign, error) {
	out := api.Campaign{
		Name: c.Name, Kind: c.Kind, State: string(c.State), CreatedAt: c.CreatedAt, StartedAt: c.StartedAt, NextRun: c.NextRun, Selected: c.Selected,
	}
	n, err := s.Store.Counts(ctx, c.ID)
	if err != nil {
		return out, err
	}
	out.Total, out.Released, out.Open, out.Unproven, out.ByState = n.Total, n.Released, n.Open, n.Unproven, map[string]int{}
	for state, k := range n.ByState {
		out.ByState[state] = k
	}
	spec, err := campaign.ParseSpec(c.Spec)
	if err != nil {
		out.Note = "the stored file is not readable: " + err.Error()
	} else {
		out.Note = note(c, spec, n)
	}
	if traffic {
		t, err := s.Store.Traffic(ctx, c.ID)
		if err != nil {
			return out, err
		}
		out.Traffic = api.Traffic{Sent: t.Submissions, Resent: t.Resent, Receipts: t.Receipts, Proofs: t.Proofs}
	}
	return out, nil
}

type steerInput struct {
	Actor string `header:"X-Actor" doc:"who asks, for the audit: user@host"`
	Name  string `path:"name"`
}

func (s *server) start(ctx context.Context, in *steerInput) (api.Campaign, error) {
	return s.steered(ctx, in.Name, s.Campaigns.Start(ctx, actor(ctx, in.Actor), in.Name))
}

func (s *server) pause(ctx context.Context, in *steerInput) (api.Campaign, error) {
	return s.steered(ctx, in.Name, s.Campaigns.Pause(ctx, actor(ctx, in.Actor), in.Name))
}

func (s *server) resume(ctx context.Context, in *steerInput) (api.Campaign, error) {
	return s.steered(ctx, in.Name, s.Campaigns.Resume(ctx, actor(ctx, in.Actor), in.Name))
}

type cancelInput struct {
	Actor string `header:"X-Actor" doc:"who asks, for the audit: user@host"`
	Name  string `path:"name"`
	Hard  bool   `query:"hard" doc:"also stop cards that something was written to, once that is settled"`
}

func (s *server) cancel(ctx context.Context, in *cancelInput) (api.Campaign, error) {
	return s.steered(ctx, in.Name, s.Campaigns.Cancel(ctx, actor(ctx, in.Actor), in.Name, in.Hard))
}

type retryInput struct {
	Actor string `header:"X-Actor" doc:"who asks, for the audit: user@host"`
	Name  string `path:"name"`
	Card  string `query:"card" required:"true" doc:"ICCID"`
}

func (s *server) retry(ctx context.Context, in *retryInput) (api.Campaign, error) {
	if _, err := s.Store.Card(ctx, in.Card); err != nil {
		return api.Campaign{}, s.missing(err, "card "+in.Card)
	}
	if _, err := s.Store.Campaign(ctx, in.Name); err != nil {
		return api.Campaign{}, s.missing(err, "campaign "+in.Name)
	}
	return s.steered(ctx, in.Name, s.Campaigns.Retry(ctx, actor(ctx, in.Actor), in.Name, in.Card))
}

// steered is the campaign after a person's word, or why that was not done.
func (s *server) steered(ctx context.Context, name string, err error) (api.Campaign, error) {
	if err != nil {
		if _, gone := s.Store.Campaign(ctx, name); gone != nil {
			return api.Campaign{}, s.missing(gone, "campaign "+name)
		}
		return api.Campaign{}, s.fail(err)
	}
	return s.campaign(ctx, &campaignInput{name})
}

type reportInput struct {
	Name  string   `path:"name"`
	State []string `query:"state" doc:"only these, parted by commas"`
	After int64    `query:"after" minimum:"0" doc:"next of the page before"`
	Limit int      `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *server) report(ctx context.Context, in *reportInput) (api.ReportPage, error) {
	out := api.ReportPage{Targets: []api.Target{}}
	states, err := knownStates(in.State)
	if err != nil {
		return out, err
	}
	c, err := s.Store.Campaign(ctx, in.Name)
	if err != nil {
		return out, s.missing(err, "campaign "+in.Name)
	}
	rows, err := s.Store.Targets(ctx, c.ID, states, in.After, in.Limit)
	if err != nil {
		return out, s.fail(err)
	}
	for _, t := range rows {
		out.Targets = append(out.Targets, targetOf(t.Target, c.Name, t.ICCID))
	}
	if len(rows) == in.Limit {
		out.Next = rows[len(rows)-1].ID
	}
	return out, nil
}

// knownStates takes "settings-failed" for "settings failed".
func knownStates(given []string) (out []string, err error) {
	for _, g := range given {
		state := strings.ReplaceAll(strings.TrimSpace(g), "-", " ")
		if !slices.Contains(swap.States(), swap.State(state)) {
			return nil, refuse(fmt.Sprintf("state %q is not known: want one of %s", g, stateNames()))
		}
		out = append(out, state)
	}
	return out, nil
}

func stateNames() string {
	var names []string
	for _, s := range swap.States() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

func targetOf(t ledger.Target, campaign, iccid string) api.Target {
	f := factsOf(t)
	return api.Target{
		ICCID: iccid, Campaign: campaign, State: t.State, Cause: t.Cause, Closed: !t.ClosedAt.IsZero(), Due: t.DueAt, ClosedAt: t.ClosedAt,
		NextStep: advise(situation{
			campaign: campaign, iccid: iccid, cardType: f.CardType, state: swap.State(t.State), cause: t.Cause, closed: !t.ClosedAt.IsZero(),
		}),
	}
}

// factsOf are the facts that preflight pinned; zero before that.
func factsOf(t ledger.Target) (f swap.Facts) {
	if len(t.Facts) > 0 && json.Unmarshal(t.Facts, &f) != nil {
		return swap.Facts{}
	}
	return f
}

func (s *server) checkDB(ctx context.Context, _ *none) (api.CheckResult, error) {
	r, err := s.Check(ctx)
	if err != nil {
		return api.CheckResult{}, s.fail(err)
	}
	judge, ok := r.(interface{ OK() bool })
	return api.CheckResult{OK: !ok || judge.OK(), Report: r}, nil
}

type auditInput struct {
	After int64 `query:"after" minimum:"0" doc:"next of the page before"`
	Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *server) audit(ctx context.Context, in *auditInput) (api.AuditPage, error) {
	out := api.AuditPage{Rows: []api.AuditRow{}}
	rows, err := s.Store.Audit(ctx, in.After, in.Limit)
	if err != nil {
		return out, s.fail(err)
	}
	for _, r := range rows {
		out.Rows = append(out.Rows, api.AuditRow{
			ID: r.ID, At: r.At, Actor: r.Actor, Verb: r.Verb, Object: r.Object, Detail: r.Detail, Hash: hex.EncodeToString(r.Hash),
		})
	}
	if len(rows) == in.Limit {
		out.Next = rows[len(rows)-1].ID
	}
	return out, nil
}
