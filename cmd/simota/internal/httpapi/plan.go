package httpapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/settings"
)

type planInput struct {
	Operator string `query:"operator" doc:"empty: that of the card's active subscription"`
	ICCID    string `query:"iccid"`
	IMEI     string `query:"imei" doc:"14 to 16 digits, or a TAC of 8"`
	Model    string `query:"model"`
}

func (s *server) plan(ctx context.Context, in *planInput) (api.Plan, error) {
	if n := len(in.IMEI); n != 0 && !digits(in.IMEI, 14, 16) && !digits(in.IMEI, 8, 8) {
		return api.Plan{}, refuse(fmt.Sprintf("imei %q: 14 to 16 digits, or a TAC of 8", in.IMEI))
	}
	p, err := s.Campaigns.Plan(ctx, campaign.PlanQuery(*in))
	var field campaign.FieldError
	switch {
	case errors.As(err, &field):
		return api.Plan{}, refuse(field.Field + ": " + field.Msg)
	case errors.Is(err, campaign.ErrUnplanned):
		return api.Plan{}, refuse(strings.TrimPrefix(err.Error(), "campaign: "))
	case err != nil:
		return api.Plan{}, s.fail(err)
	}
	return planOf(in.ICCID, p)
}

// planOf is a plan as it is shown: made anew of an operator without passwords,
// so that none stands in a text or a document.
func planOf(iccid string, p campaign.DevicePlan) (api.Plan, error) {
	out := api.Plan{
		Operator: p.Operator.Name, ICCID: iccid, IMEI: p.IMEI, Source: p.Source, Client: p.Model.Client,
		Messages: []api.PlanMessage{}, Left: []api.PlanLeft{}, Card: []api.PlanFile{},
	}
	if p.Known {
		out.Model = strings.TrimSpace(p.Model.Manufacturer + " " + p.Model.Name)
	}
	if known, ok := settings.Known(p.Model.Client); ok {
		out.About = known.About
	}
	roomy := p.Capability
	roomy.MaxParts = 255 // the mark may be longer than the password
	shown, err := settings.Make(withoutSecrets(p.Operator), roomy)
	if err != nil {
		return out, err
	}
	for _, m := range p.Plan.Messages {
		pm := api.PlanMessage{
			Name: m.Name, Gating: m.Gating, Security: m.Security, Octets: len(m.WBXML) + len(m.Text), SMS: m.SMS, Why: m.Why,
			Findings: []api.PlanFinding{},
		}
		for _, f := range m.Findings(p.Model.Client) {
			pm.Findings = append(pm.Findings, api.PlanFinding{By: f.By, Effect: f.Effect.String(), Path: f.Path, Text: f.Text})
		}
		if i := slices.IndexFunc(shown.Messages, func(s settings.Message) bool { return s.Name == m.Name }); i >= 0 {
			if pm.Text = shown.Messages[i].Text; m.Text == "" {
				pm.XML = shown.Messages[i].Document.Redacted().XML()
			}
		}
		out.Messages = append(out.Messages, pm)
	}
	if len(out.Messages) == 0 {
		out.ByHand = byHand(p.Operator)
	}
	for _, l := range p.Plan.Left {
		out.Left = append(out.Left, api.PlanLeft(l))
	}
	for _, c := range p.Card {
		out.Card = append(out.Card, api.PlanFile{File: c.Name, Content: c.Content, Why: c.Why, Swap: c.Swap})
	}
	return out, nil
}

// byHand is what somebody sets in a device that cannot be told.
func byHand(o catalog.Operator) (out []string) {
	for _, a := range o.APNs {
		s := fmt.Sprintf("access point for %s: %s", a.Purpose, a.Name)
		if a.User != "" {
			s += fmt.Sprintf(", %s, user %s, password as in the file of operator %s", a.Auth, a.User, o.Name)
		}
		for _, more := range []struct{ name, value string }{{"MMSC", a.MMSC}, {"proxy", a.Proxy}, {"PDP type", a.PDP}, {"DNS", strings.Join(a.DNS, " and ")}} {
			if more.value != "" {
				s += ", " + more.name + " " + more.value
			}
		}
		out = append(out, s)
	}
	return out
}

// withoutSecrets is an operator as it is shown.
func withoutSecrets(o catalog.Operator) catalog.Operator {
	hide := func(s *string) {
		if *s != "" {
			*s = redacted
		}
	}
	o.APNs = slices.Clone(o.APNs)
	for i := range o.APNs {
		hide(&o.APNs[i].Secret)
	}
	if o.DM != nil {
		dm := *o.DM
		hide(&dm.Secret)
		hide(&dm.ServerSecret)
		o.DM = &dm
	}
	return o
}
