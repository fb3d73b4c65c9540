package campaign_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/campaign"
)

func TestAPlanIsMadeForTheDeviceThatIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.homeAPNs()
	w.describe("35000001", catalog.Client{Name: "acme", BasedOn: "gecko"})
	e, _ := w.card(0)
	iccid := e.Card.ICCID
	plan := func(q campaign.PlanQuery) campaign.DevicePlan {
		t.Helper()
		p, err := w.engine.Plan(t.Context(), q)
		w.ok(err)
		return p
	}
	messages := func(p campaign.DevicePlan) (out []string) {
		for _, m := range p.Plan.Messages {
			out = append(out, m.Name)
		}
		return out
	}
	if p := plan(campaign.PlanQuery{ICCID: iccid}); p.Operator.Name != "nordvik" || p.IMEI != e.Card.IMEI || p.Source != "card file" || p.Known || !slices.Equal(messages(p), []string{"internet", "mms", "smsc", "short codes"}) {
		t.Errorf("by the card file: %+v", p)
	}
	w.seen(e, "3500000112345678", time.Now())
	if p := plan(campaign.PlanQuery{ICCID: iccid}); p.IMEI != "3500000112345678" || p.Source != "attach feed" || p.Model.Client != "acme" || !slices.Equal(messages(p), []string{"internet", "mms"}) {
		t.Errorf("where it was seen: %+v", p)
	}
	if p := plan(campaign.PlanQuery{ICCID: iccid, Operator: "aurora", IMEI: "99999999"}); p.Operator.Name != "aurora" || p.Known || p.Model.Client != "unknown" {
		t.Errorf("another device at another operator: %+v", p)
	}
	if p := plan(campaign.PlanQuery{Operator: "aurora", Model: "acme meter"}); !p.Known || p.Model.Client != "acme" || len(p.Card) == 0 {
		t.Errorf("by model: %+v", p)
	}
	files := map[string]bool{}
	for _, f := range plan(campaign.PlanQuery{ICCID: iccid}).Card {
		files[f.Name] = f.Swap
	}
	if swap, known := files["smsp"]; !swap || !known || files["sdn"] {
		t.Errorf("by the card: %v", files)
	}
	for what, q := range map[string]campaign.PlanQuery{
		"operator": {Operator: "nobody"}, "card": {ICCID: "1"}, "model": {Operator: "aurora", Model: "nothing"},
	} {
		if _, err := w.engine.Plan(t.Context(), q); !errors.Is(err, catalog.ErrNotFound) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
