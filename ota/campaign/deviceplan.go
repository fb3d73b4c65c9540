package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/settings"
	"github.com/simota/simota/ota/swap"
)

// PlanQuery asks what a device would be told. One of ICCID, IMEI and Model is
// enough; without any it is a device that nobody described.
type PlanQuery struct {
	Operator string // empty means that of the card's active subscription
	ICCID    string // of a card; its device is the one that it was seen in last
	IMEI     string
	Model    string // by name
}

// DevicePlan is what a device would be told, and why.
type DevicePlan struct {
	Operator   catalog.Operator
	IMEI       string // empty if none is known
	Source     string // who says so: "asked for", "attach feed", "card file"
	Model      catalog.Model
	Known      bool // the device catalog has the model
	Capability catalog.Capability
	Plan       settings.Plan
	Card       []CardPart
}

// CardPart is a setting that goes by the card.
type CardPart struct {
	settings.CardFile
	Swap bool // the card's type has a swap write it
}

// Plan says what a device would be told, and sends nothing. The error is
// [catalog.ErrNotFound] if there is no such card, operator or model, and
// [ErrUnplanned] or a [FieldError] if what there is makes no plan.
func (e *Engine) Plan(ctx context.Context, q PlanQuery) (p DevicePlan, err error) {
	var entry catalog.Entry
	if q.ICCID != "" {
		if entry, err = e.cfg.Store.Card(ctx, q.ICCID); err != nil {
			return p, orUnknown(err, "card", q.ICCID)
		}
	}
	if p.IMEI, p.Source, err = e.deviceOf(ctx, q, entry); err != nil {
		return p, err
	}
	if q.Operator == "" {
		active := slices.IndexFunc(entry.Subscriptions, func(s catalog.Subscription) bool { return s.ID == entry.Card.Active })
		if active < 0 {
			return p, FieldError{Field: "operator", Msg: "name the operator, or a card with an active subscription"}
		}
		q.Operator = entry.Subscriptions[active].Operator
	}
	if p.Operator, err = e.cfg.Store.Operator(ctx, q.Operator); err != nil {
		return p, orUnknown(err, "operator", q.Operator)
	}
	if p.Model, p.Capability, err = e.modelOf(ctx, q, p.IMEI); errors.Is(err, settings.ErrClient) {
		return p, unplanned(err)
	} else if err != nil {
		return p, err
	}
	p.Known = p.Model.First != ""
	if takesNone(entry.Card, p.IMEI) {
		p.Capability.CP = "no"
	}
	if p.Plan, err = settings.Make(p.Operator, p.Capability); err != nil {
		return p, unplanned(err)
	}
	p.Card, err = e.byCard(ctx, entry, p.Operator)
	return p, err
}

// ErrUnplanned is in the chain of the error when an operator's file or a client
// says what no device can be told.
var ErrUnplanned = errors.New("campaign: no plan")

func unplanned(err error) error {
	return fmt.Errorf("%w: %s", ErrUnplanned, strings.TrimPrefix(err.Error(), "settings: "))
}

// unknown says what is not in the catalog; it is [catalog.ErrNotFound].
type unknown string

func (u unknown) Error() string { return "campaign: " + string(u) }
func (u unknown) Unwrap() error { return catalog.ErrNotFound }

// orUnknown names what was not found; other errors pass.
func orUnknown(err error, what, name string) error {
	if errors.Is(err, catalog.ErrNotFound) {
		return unknown(fmt.Sprintf("%s %s is not known: simota %s list shows those there are", what, name, what))
	}
	return err
}

// deviceOf is the device that is asked about.
func (e *Engine) deviceOf(ctx context.Context, q PlanQuery, entry catalog.Entry) (imei, source string, err error) {
	if q.IMEI != "" || q.Model != "" || q.ICCID == "" {
		return q.IMEI, "asked for", nil
	}
	last, err := e.lastPair(ctx, entry.Card.ID)
	if err != nil || last.IMEI != "" {
		return last.IMEI, last.Source, err
	}
	return entry.Card.IMEI, "card file", nil
}

func (e *Engine) modelOf(ctx context.Context, q PlanQuery, imei string) (catalog.Model, catalog.Capability, error) {
	if q.Model == "" {
		return e.client(ctx, imei)
	}
	found, err := e.cfg.Store.ModelByName(ctx, q.Model)
	if err != nil {
		return catalog.Model{}, catalog.Capability{}, err
	}
	if len(found) == 0 {
		return catalog.Model{}, catalog.Capability{}, unknown(fmt.Sprintf("model %q is not known: simota device list --find TEXT looks for parts of names", q.Model))
	}
	return e.capable(ctx, found[0])
}

// byCard says which settings the card's files hold, and which of them a swap of
// this card writes.
func (e *Engine) byCard(ctx context.Context, entry catalog.Entry, op catalog.Operator) (out []CardPart, err error) {
	files, err := settings.CardFiles(op)
	if err != nil {
		return nil, err
	}
	var written []string
	typ, err := e.cfg.Store.CardType(ctx, entry.Card.Type)
	switch {
	case err == nil && swap.Technique(typ.Technique) == swap.ByRFM:
		written = settings.Expand(typ.SwapFiles(), files)
	case err != nil && !errors.Is(err, catalog.ErrNotFound):
		return nil, err
	}
	for _, f := range files {
		out = append(out, CardPart{f, slices.Contains(written, f.Name)})
	}
	return out, nil
}
