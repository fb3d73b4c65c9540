package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/euicc"
)

type cardsInput struct {
	Operator string   `query:"operator" doc:"of the active subscription"`
	Country  string   `query:"country"`
	Type     string   `query:"type" doc:"name of a card type"`
	Tag      []string `query:"tag" doc:"all of them, parted by commas"`
	After    int64    `query:"after" minimum:"0" doc:"next of the page before"`
	Limit    int      `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *server) cards(ctx context.Context, in *cardsInput) (api.CardPage, error) {
	f := catalog.Filter{Operator: in.Operator, Country: in.Country, Type: in.Type, Tags: in.Tag}
	entries, err := s.Store.Cards(ctx, f, in.After, in.Limit)
	if err != nil {
		return api.CardPage{}, s.fail(err)
	}
	page := api.CardPage{Cards: make([]api.Card, 0, len(entries))}
	for _, e := range entries {
		page.Cards = append(page.Cards, cardOf(e, nil))
	}
	if len(entries) == in.Limit {
		page.Next = entries[len(entries)-1].Card.ID
	}
	return page, nil
}

type cardInput struct {
	ICCID string `path:"iccid"`
}

func (s *server) card(ctx context.Context, in *cardInput) (api.Timeline, error) {
	e, err := s.Store.Card(ctx, in.ICCID)
	if err != nil {
		return api.Timeline{}, s.missing(err, "card "+in.ICCID)
	}
	pairs, err := s.Store.Pairs(ctx, e.Card.ID)
	if err != nil {
		return api.Timeline{}, s.fail(err)
	}
	targets, err := s.Store.TargetsOfCard(ctx, e.Card.ID)
	if err != nil {
		return api.Timeline{}, s.fail(err)
	}
	t := api.Timeline{Card: cardOf(e, pairs), Targets: []api.Target{}, Entries: []api.Entry{}}
	names := s.modelNames(ctx)
	t.Card.Model = names.of(t.Card.IMEI)
	for i := range t.Card.Pairs {
		t.Card.Pairs[i].ICCID, t.Card.Pairs[i].Model = "", names.of(t.Card.Pairs[i].IMEI)
	}
	if names.err != nil {
		return api.Timeline{}, s.fail(names.err)
	}
	var told []ledger.Evidence
	for _, target := range targets {
		d, err := s.Store.Dossier(ctx, target.ID)
		if err != nil {
			return api.Timeline{}, s.fail(err)
		}
		t.Targets = append(t.Targets, targetOf(d.Target, d.Campaign.Name, e.Card.ICCID))
		t.Entries = append(t.Entries, entriesOf(d)...)
		told = append(told, d.Stored...)
	}
	t.Entries = inOrder(append(t.Entries, unseenPairs(told, pairs)...))
	return t, nil
}

func cardOf(e catalog.Entry, pairs []catalog.Pair) api.Card {
	c := api.Card{
		ICCID: e.Card.ICCID, EID: e.Card.EID, Type: e.Card.Type, Country: e.Card.Country, Tags: e.Card.Tags, IMEI: e.Card.IMEI, NoCP: e.Card.NoCP,
		Subscriptions: []api.Subscription{}, Keysets: []api.Keyset{},
	}
	for _, s := range e.Subscriptions {
		c.Subscriptions = append(c.Subscriptions, api.Subscription{
			IMSI: s.IMSI, MSISDN: s.MSISDN, Operator: s.Operator, ISDP: s.ISDP, Active: s.ID == e.Card.Active,
		})
	}
	for _, k := range e.Keysets {
		c.Keysets = append(c.Keysets, api.Keyset{
			Domain: domainOf(k.Domain), Version: k.Version, KIc: k.KIcAlg, KID: k.KIDAlg, CheckValue: k.CheckValue, Counter: k.Counter, Suspect: k.Suspect,
		})
	}
	for _, p := range pairs {
		c.Pairs = append(c.Pairs, pairOf(p))
	}
	return c
}

// domainOf says whose keys are those of a security domain. An ISD-P has the
// number that card files have for it.
func domainOf(aid sat.AID) string {
	switch tar := aid.TAR(); {
	case len(aid) == 0:
		return "issuer"
	case bytes.Equal(aid, euicc.ISDR()):
		return "ISD-R"
	case euicc.IsISDP(aid):
		return fmt.Sprintf("profile %X", tar[1:])
	}
	return aid.String()
}

const redacted = "[redacted]"

func (s *server) operators(ctx context.Context, _ *none) ([]catalog.Operator, error) {
	list, err := s.Store.Operators(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	out := make([]catalog.Operator, 0, len(list))
	for _, o := range list {
		out = append(out, withoutSecrets(o))
	}
	return out, nil
}

func (s *server) cardTypes(ctx context.Context, _ *none) ([]catalog.CardType, error) {
	list, err := s.Store.CardTypes(ctx)
	if err != nil {
		return nil, s.fail(err)
	}
	return append([]catalog.CardType{}, list...), nil
}

// fileName is the name that errors in a file are shown with.
func fileName(given, otherwise string) string {
	if strings.TrimSpace(given) == "" {
		return otherwise
	}
	return given
}
