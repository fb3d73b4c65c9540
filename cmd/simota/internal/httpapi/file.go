package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/cardfile"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/config"
)

type putInput struct {
	Actor   string `header:"X-Actor" doc:"who asks, for the audit: user@host"`
	Name    string `path:"name"`
	File    string `query:"file" doc:"name of the file, for errors"`
	RawBody []byte `contentType:"application/yaml"`
}

func (s *server) putOperator(ctx context.Context, in *putInput) (api.Applied, error) {
	o, err := config.DecodeOperator(fileName(in.File, in.Name+".yaml"), in.RawBody)
	if err != nil {
		return api.Applied{}, refuse(err.Error())
	}
	if o.Name != in.Name {
		return api.Applied{}, refuse(fmt.Sprintf("the file is of operator %q, not %q", o.Name, in.Name))
	}
	if slices.ContainsFunc(o.APNs, func(a catalog.APN) bool { return a.Secret == redacted }) || o.DM != nil && (o.DM.Secret == redacted || o.DM.ServerSecret == redacted) {
		return api.Applied{}, refuse(`a secret is "` + redacted + `": that is what the API shows in its place; give the secret itself`)
	}
	if err := s.Store.PutOperator(ctx, actor(ctx, in.Actor), o); err != nil {
		return api.Applied{}, s.fail(err)
	}
	out := api.Applied{Name: o.Name}
	links := s.Links()
	for _, name := range o.Links {
		if !slices.ContainsFunc(links, func(l api.Link) bool { return l.Name == name }) {
			out.Warnings = append(out.Warnings, fmt.Sprintf("link %q is not in this server's configuration", name))
		}
	}
	return out, nil
}

func (s *server) putCardType(ctx context.Context, in *putInput) (api.Applied, error) {
	t, err := config.DecodeCardType(fileName(in.File, in.Name+".yaml"), in.RawBody)
	if err != nil {
		return api.Applied{}, refuse(err.Error())
	}
	if t.Name != in.Name {
		return api.Applied{}, refuse(fmt.Sprintf("the file is of card type %q, not %q", t.Name, in.Name))
	}
	if err := s.Store.PutCardType(ctx, actor(ctx, in.Actor), t); err != nil {
		return api.Applied{}, s.fail(err)
	}
	return api.Applied{Name: t.Name, Warnings: config.Weak(t)}, nil
}

type importInput struct {
	Actor string `header:"X-Actor" doc:"who asks, for the audit: user@host"`
	Body  api.ImportRequest
}

// mostRemarks is how many remarks on rows one answer carries.
const mostRemarks = 1000

func (s *server) importCards(ctx context.Context, in *importInput) (api.ImportResult, error) {
	f, err := s.readCards(ctx, in.Body)
	if err != nil {
		return api.ImportResult{}, err
	}
	out := api.ImportResult{Skipped: f.BadRows(), Bad: remarks(f.Bad), Warnings: remarks(f.Warnings), Unknown: f.Unknown}
	if len(f.Bad) > 0 && !in.Body.SkipBad {
		p := problem(http.StatusUnprocessableEntity, fmt.Sprintf(
			"nothing imported: %d of %d rows are bad; fix them, or import the good ones with --skip-bad", f.BadRows(), f.Rows))
		p.Errors = out.Bad
		return api.ImportResult{}, p
	}
	if len(f.Entries) == 0 {
		return out, nil
	}
	done, err := s.Store.Import(ctx, actor(ctx, in.Actor), f.Entries)
	if err != nil {
		return api.ImportResult{}, s.notImported(err)
	}
	var notes []string
	for _, r := range done {
		notes = append(notes, r.Notes...)
		switch {
		case r.Created:
			out.Created++
		case len(r.Changed) > 0:
			out.Changed++
		default:
			out.Same++
		}
	}
	out.Warnings = append(out.Warnings, bounded(notes)...)
	return out, nil
}

// notImported lists what the cards contradict in the database.
func (s *server) notImported(err error) error {
	var conflict *catalog.Conflict
	if !errors.As(err, &conflict) {
		return s.fail(fmt.Errorf("nothing imported: %w", err))
	}
	p := problem(http.StatusConflict, "nothing imported: the file contradicts what is stored; correct these rows, or take them out")
	p.Errors = bounded(strings.Split(err.Error(), "\n"))
	return p
}

// readCards reads the file or files of a request, and finds rows of operators
// that nobody knows.
func (s *server) readCards(ctx context.Context, r api.ImportRequest) (cardfile.File, error) {
	var lookup error
	opt := cardfile.Options{
		Sealer: s.Vault, DefaultType: r.CardType, DefaultCountry: r.Country, DefaultOperator: r.Operator,
		CardType: func(name string) (catalog.CardType, bool) {
			t, err := s.Store.CardType(ctx, name)
			if err != nil && !errors.Is(err, catalog.ErrNotFound) {
				lookup = err
			}
			return t, err == nil
		},
	}
	var f cardfile.File
	var err error
	if len(r.Details) > 0 {
		f, err = cardfile.Merge(bytes.NewReader(r.File), bytes.NewReader(r.Details), opt)
	} else {
		f, err = cardfile.Parse(bytes.NewReader(r.File), opt)
	}
	if lookup != nil {
		return f, s.fail(lookup)
	}
	if err != nil {
		return f, refuse("nothing imported: " + err.Error())
	}
	return f, s.checkOperators(ctx, &f)
}

func (s *server) checkOperators(ctx context.Context, f *cardfile.File) error {
	known := map[string]bool{}
	list, err := s.Store.Operators(ctx)
	if err != nil {
		return s.fail(err)
	}
	for _, o := range list {
		known[o.Name] = true
	}
	var good []catalog.Entry
	for _, e := range f.Entries {
		fine := true
		for _, sub := range e.Subscriptions {
			if known[sub.Operator] {
				continue
			}
			msg := fmt.Sprintf("operator %q is not known: apply it first", sub.Operator)
			if sub.Operator == "" {
				msg = "no operator is named: fill the column, or give one for all rows"
			}
			f.Bad, fine = append(f.Bad, cardfile.RowError{Line: e.Line, Field: catalog.Column("OPERATOR", sub.Slot), Message: msg}), false
		}
		if fine {
			good = append(good, e)
		}
	}
	f.Entries = good
	slices.SortStableFunc(f.Bad, func(a, b cardfile.RowError) int {
		if a.Second != b.Second {
			if a.Second {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.Line, b.Line)
	})
	return nil
}

func remarks(list []cardfile.RowError) []string {
	var out []string
	for _, e := range list {
		out = append(out, e.Error())
	}
	return bounded(out)
}

// bounded cuts a list of remarks.
func bounded(list []string) []string {
	if len(list) <= mostRemarks {
		return list
	}
	return append(list[:mostRemarks:mostRemarks], fmt.Sprintf("and %d more", len(list)-mostRemarks))
}

type backupInput struct {
	Actor string `header:"X-Actor" doc:"who asks, for the audit: user@host"`
	Body  api.BackupRequest
}

func (s *server) backup(ctx context.Context, in *backupInput) (none, error) {
	if !filepath.IsAbs(in.Body.Path) {
		return none{}, refuse(fmt.Sprintf("path %q: give an absolute one, the server runs in another folder", in.Body.Path))
	}
	if err := s.Backup(ctx, actor(ctx, in.Actor), in.Body.Path); err != nil {
		return none{}, s.fail(err)
	}
	return none{}, nil
}
