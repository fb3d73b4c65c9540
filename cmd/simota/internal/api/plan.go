package api

import (
	"context"
	"encoding/json"
	"net/url"
)

// Plan is what a device would be told of an operator's network, and why. No
// password is in it.
type Plan struct {
	Operator string `json:"operator"`
	ICCID    string `json:"iccid,omitempty"`
	IMEI     string `json:"imei,omitempty"`
	Source   string `json:"imei_source,omitempty" doc:"who says that it is this device"`
	Model    string `json:"model,omitempty" doc:"of the device catalog; empty if nobody described it"`
	Client   string `json:"client" doc:"name of the provisioning client"`
	About    string `json:"about,omitempty" doc:"what is known of that client"`

	Messages []PlanMessage `json:"messages"`
	ByHand   []string      `json:"by_hand,omitempty" doc:"what somebody has to set, where nothing can be sent"`
	Left     []PlanLeft    `json:"left" doc:"what the device is not told"`
	Card     []PlanFile    `json:"card" doc:"settings that go by the card"`
}

// PlanMessage is one document, or a text message in its place.
type PlanMessage struct {
	Name     string        `json:"name"`
	Gating   bool          `json:"gating" doc:"the device counts as configured when this has arrived"`
	Security string        `json:"security,omitempty"`
	Octets   int           `json:"octets" doc:"of WBXML, or of text"`
	SMS      int           `json:"sms"`
	XML      string        `json:"xml,omitempty"`
	Text     string        `json:"text,omitempty"`
	Why      []string      `json:"why"`
	Findings []PlanFinding `json:"findings"`
}

// PlanFinding is what is wrong with a document by the standard, for sending, or
// for the device's client.
type PlanFinding struct {
	By     string `json:"by" doc:"standard, simota, or the name of a client"`
	Effect string `json:"effect" doc:"note, ignored, dropped or refused"`
	Path   string `json:"path,omitempty" doc:"where in the document"`
	Text   string `json:"text"`
}

// PlanLeft is something that is not sent.
type PlanLeft struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// PlanFile is a file of the card.
type PlanFile struct {
	File    string          `json:"file"`
	Content json.RawMessage `json:"content"`
	Why     string          `json:"why"`
	Swap    bool            `json:"swap" doc:"a swap of this card writes it; otherwise a campaign of kind rfm with from_operator does"`
}

// PlanQuery asks for a plan.
type PlanQuery struct{ Operator, ICCID, IMEI, Model string }

// Plan asks what a device would be told.
func (c *Client) Plan(ctx context.Context, q PlanQuery) (Plan, error) {
	v := url.Values{}
	for name, value := range map[string]string{"operator": q.Operator, "iccid": q.ICCID, "imei": q.IMEI, "model": q.Model} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return get[Plan](ctx, c, "/v1/settings/plan", v)
}
