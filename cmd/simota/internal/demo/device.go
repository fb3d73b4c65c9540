package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/swap"
)

// kind is what became of the devices of one kind.
type kind struct {
	TAC      string `json:"tac"`
	Model    string `json:"model"`
	Client   string `json:"client"`
	How      string `json:"how"` // what the server tells such a device
	Devices  int    `json:"devices"`
	Verified int    `json:"verified"`
}

// byDevice counts targets by the kind of device that their cards are in, the
// most frequent first.
func (d *demo) byDevice(ctx context.Context, targets []api.Target) ([]kind, error) {
	imeis := map[string]string{}
	err := d.cards(ctx, func(c api.Card) { imeis[c.ICCID] = c.IMEI })
	if err != nil {
		return nil, err
	}
	kinds := map[string]*kind{}
	for _, t := range targets {
		tac := catalog.TAC(imeis[t.ICCID])
		k := kinds[tac]
		if k == nil {
			p, err := d.client.Plan(ctx, api.PlanQuery{Operator: newOperator, IMEI: tac})
			if err != nil {
				return nil, err
			}
			k = &kind{TAC: tac, Model: cmp.Or(p.Model, "nobody described it"), Client: p.Client, How: how(p)}
			kinds[tac] = k
		}
		k.Devices++
		if swap.State(t.State) == swap.Verified {
			k.Verified++
		}
	}
	out := make([]kind, 0, len(kinds))
	for _, k := range kinds {
		out = append(out, *k)
	}
	slices.SortFunc(out, func(a, b kind) int { return cmp.Or(cmp.Compare(b.Devices, a.Devices), cmp.Compare(a.TAC, b.TAC)) })
	return out, nil
}

// how says in a few words how a device is configured.
func how(p api.Plan) string {
	if len(p.Messages) == 0 {
		return "card moved, device needs hands"
	}
	sms := 0
	for _, m := range p.Messages {
		sms += m.SMS
	}
	first := p.Messages[0]
	if first.Text != "" {
		return fmt.Sprintf("a text message, %d SMS", sms)
	}
	return fmt.Sprintf("%d documents, %d SMS, %s", len(p.Messages), sms, first.Security)
}
