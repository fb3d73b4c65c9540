package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/tactable"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/settings"
)

type modelsInput struct {
	Find  string `query:"find" doc:"text in TAC, manufacturer, name or client"`
	After string `query:"after" doc:"next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *server) models(ctx context.Context, in *modelsInput) (api.ModelPage, error) {
	page := api.ModelPage{Models: []api.Model{}}
	all, err := s.Store.Models(ctx, in.Find, in.After, in.Limit)
	if err != nil {
		return page, s.fail(err)
	}
	for _, m := range all {
		page.Models = append(page.Models, modelOf(m))
	}
	if len(all) == in.Limit {
		page.Next = all[len(all)-1].Range()
	}
	return page, nil
}

func modelOf(m catalog.Model) api.Model {
	out := api.Model{TAC: m.Range(), Manufacturer: m.Manufacturer, Name: m.Name, Client: m.Client}
	if out.Client == "" {
		out.Client = settings.Unknown
	}
	return out
}

// able is a model with what its client can do.
func (s *server) able(ctx context.Context, m catalog.Model) api.Model {
	out := modelOf(m)
	can, err := s.resolve(ctx, m)
	if err != nil {
		out.Note = err.Error()
		return out
	}
	out.Can = withoutPIN(can)
	return out
}

func (s *server) resolve(ctx context.Context, m catalog.Model) (catalog.Capability, error) {
	can, err := settings.Resolve(m, func(name string) (catalog.Client, error) { return s.Store.Client(ctx, name) })
	if err != nil {
		err = errors.New(strings.TrimPrefix(err.Error(), "settings: "))
	}
	return can, err
}

// withoutPIN says that there is a PIN, and not which.
func withoutPIN(c catalog.Capability) catalog.Capability {
	if c.PIN != "" {
		c.PIN = "set"
	}
	return c
}

type modelImportInput struct {
	Actor string `header:"X-Actor" doc:"who asks, for the audit: user@host"`
	Body  api.ModelImport
}

func (s *server) importModels(ctx context.Context, in *modelImportInput) (api.ImportResult, error) {
	table, err := tactable.Parse(bytes.NewReader(in.Body.File))
	if err != nil {
		return api.ImportResult{}, refuse("nothing imported: " + strings.TrimPrefix(err.Error(), "tactable: "))
	}
	out := api.ImportResult{Skipped: table.BadRows(), Unknown: table.Ignored}
	for _, e := range table.Bad {
		out.Bad = append(out.Bad, e.Error())
	}
	out.Bad = bounded(out.Bad)
	if len(table.Bad) > 0 && !in.Body.SkipBad {
		p := problem(http.StatusUnprocessableEntity, fmt.Sprintf(
			"nothing imported: %d of %d rows are bad; fix them, or import the good ones with --skip-bad", table.BadRows(), table.Rows))
		p.Errors = out.Bad
		return api.ImportResult{}, p
	}
	if out.Warnings, err = s.unknownClients(ctx, table.Models); err != nil {
		return api.ImportResult{}, s.fail(err)
	}
	if out.Created, out.Changed, err = s.Store.PutModels(ctx, actor(ctx, in.Actor), table.Models); err != nil {
		return api.ImportResult{}, s.fail(fmt.Errorf("nothing imported: %w", err))
	}
	out.Same = len(table.Models) - out.Created - out.Changed
	return out, nil
}

// unknownClients names those that nobody has described, once each.
func (s *server) unknownClients(ctx context.Context, all []catalog.Model) (out []string, err error) {
	seen := map[string]bool{}
	for _, m := range all {
		if m.Client == "" || seen[m.Client] {
			continue
		}
		seen[m.Client] = true
		if _, known := settings.Known(m.Client); known {
			continue
		}
		_, err := s.Store.Client(ctx, m.Client)
		if errors.Is(err, catalog.ErrNotFound) {
			out = append(out, fmt.Sprintf("line %d, CLIENT: %q is not known: apply its file (simota client apply) before these devices are configured", m.Line, m.Client))
		} else if err != nil {
			return nil, err
		}
	}
	return bounded(out), nil
}

type deviceInput struct {
	Device string `path:"device" doc:"an IMEI of 14 to 16 digits, a TAC of 8, or the name of a model"`
}

var (
	imeiForm = regexp.MustCompile(`^[0-9]{14,16}$`)
	tacForm  = regexp.MustCompile(`^[0-9]{8}$`)
)

func (s *server) device(ctx context.Context, in *deviceInput) (api.Device, error) {
	if imei := strings.ReplaceAll(in.Device, "-", ""); imeiForm.MatchString(imei) {
		return s.deviceByIMEI(ctx, imei)
	}
	out := api.Device{Models: []api.Model{}, Pairs: []api.Pair{}, Moves: []api.Move{}}
	found, err := s.Store.ModelByName(ctx, in.Device)
	if err == nil && len(found) == 0 && tacForm.MatchString(in.Device) {
		var m catalog.Model
		m, err = s.Store.ModelOf(ctx, in.Device)
		found = []catalog.Model{m}
	}
	if err == nil && len(found) == 0 {
		err = problem(http.StatusNotFound, fmt.Sprintf("%q is no IMEI (14 to 16 digits) and no TAC (8 digits), and no model has this name: simota device list --find TEXT looks for parts of names", in.Device))
	}
	if err != nil {
		return out, s.missing(err, "the model of TAC "+in.Device)
	}
	for _, m := range found {
		out.Models = append(out.Models, s.able(ctx, m))
	}
	return out, nil
}

func (s *server) deviceByIMEI(ctx context.Context, imei string) (api.Device, error) {
	out := api.Device{IMEI: imei, Models: []api.Model{}, Pairs: []api.Pair{}, Moves: []api.Move{}}
	m, err := s.Store.ModelOf(ctx, imei)
	switch {
	case err == nil:
		out.Models = append(out.Models, s.able(ctx, m))
	case !errors.Is(err, catalog.ErrNotFound):
		return out, s.fail(err)
	}
	pairs, err := s.Store.PairsOfDevice(ctx, imei)
	if err != nil {
		return out, s.fail(err)
	}
	cards := map[int64][]catalog.Pair{}
	for _, p := range pairs {
		out.Pairs = append(out.Pairs, pairOf(p))
		if cards[p.CardID] != nil {
			continue
		}
		if cards[p.CardID], err = s.Store.Pairs(ctx, p.CardID); err != nil {
			return out, s.fail(err)
		}
	}
	names := s.modelNames(ctx)
	for _, m := range movesOf(pairs, cards) {
		out.Moves = append(out.Moves, names.move(m))
	}
	if names.err != nil {
		return out, s.fail(names.err)
	}
	return out, nil
}

// movesOf are the moves of a device: of its cards into it and out of it, and its
// own from one card to another.
func movesOf(device []catalog.Pair, cards map[int64][]catalog.Pair) (out []catalog.Move) {
	for i, p := range device {
		if i > 0 && device[i-1].CardID != p.CardID {
			out = append(out, catalog.Move{Kind: catalog.DeviceMoved, Was: device[i-1], Is: p, SeenAt: p.SeenAt})
		}
	}
	for _, history := range cards {
		for i, p := range history[1:] {
			was := history[i]
			here := catalog.SameIMEI(was.IMEI, device[0].IMEI)
			if here != catalog.SameIMEI(p.IMEI, device[0].IMEI) {
				out = append(out, catalog.Move{Kind: catalog.CardMoved, Was: was, Is: p, SeenAt: p.SeenAt})
			}
		}
	}
	slices.SortFunc(out, func(a, b catalog.Move) int {
		if c := a.SeenAt.Compare(b.SeenAt); c != 0 {
			return c
		}
		return strings.Compare(string(a.Kind)+a.Is.ICCID, string(b.Kind)+b.Is.ICCID)
	})
	return out
}

type movesInput struct {
	Since time.Time `query:"since" doc:"seen then or later"`
	After int64     `query:"after" minimum:"0" doc:"next of the page before"`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"of sights; one may be two moves"`
}

func (s *server) moves(ctx context.Context, in *movesInput) (api.MovePage, error) {
	page := api.MovePage{Moves: []api.Move{}}
	all, err := s.Store.Moves(ctx, in.Since, in.After, in.Limit)
	if err != nil {
		return page, s.fail(err)
	}
	names := s.modelNames(ctx)
	sights := map[int64]bool{}
	for _, m := range all {
		page.Moves = append(page.Moves, names.move(m))
		sights[m.Is.ID] = true
	}
	if names.err != nil {
		return page, s.fail(names.err)
	}
	if len(sights) == in.Limit {
		page.Next = all[len(all)-1].Is.ID
	}
	return page, nil
}

// modelNames finds the names of devices' models, each TAC once.
type modelNames struct {
	find  func(imei string) (catalog.Model, error)
	known map[string]string
	err   error // the first one
}

func (s *server) modelNames(ctx context.Context) *modelNames {
	return &modelNames{find: func(imei string) (catalog.Model, error) { return s.Store.ModelOf(ctx, imei) }, known: map[string]string{}}
}

// of is empty when no table has the device.
func (n *modelNames) of(imei string) string {
	tac := catalog.TAC(imei)
	name, known := n.known[tac]
	if known || n.err != nil || tac == "" {
		return name
	}
	m, err := n.find(imei)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		n.err = err
	}
	n.known[tac] = modelOf(m).Title()
	return n.known[tac]
}

func (n *modelNames) move(m catalog.Move) api.Move {
	out := api.Move{What: string(m.Kind), At: m.SeenAt, Was: pairOf(m.Was), Is: pairOf(m.Is)}
	out.Was.Model, out.Is.Model = n.of(m.Was.IMEI), n.of(m.Is.IMEI)
	return out
}

func pairOf(p catalog.Pair) api.Pair {
	return api.Pair{ICCID: p.ICCID, IMEI: p.IMEI, IMSI: p.IMSI, Source: p.Source, SeenAt: p.SeenAt, LastSeen: p.LastSeen}
}
