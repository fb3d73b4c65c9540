package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/simota/simota/catalog"
)

// Client finds a client by name; see catalog.Store.
func (d *DB) Client(ctx context.Context, name string) (catalog.Client, error) {
	return document[catalog.Client](ctx, d, "client", name, `SELECT body FROM client WHERE name = ?1`)
}

// Clients lists all clients by name; see catalog.Store.
func (d *DB) Clients(ctx context.Context) ([]catalog.Client, error) {
	return read(ctx, d, scanDocument[catalog.Client], `SELECT body FROM client ORDER BY name`)
}

// PutClient stores a client; see catalog.Store.
func (d *DB) PutClient(ctx context.Context, actor string, c catalog.Client) error {
	if c.Name == "" {
		return fmt.Errorf("sqlite: a client needs a name")
	}
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("sqlite: client %q: %w", c.Name, err)
	}
	return d.change(ctx, func(t *tx) error {
		n, err := t.exec(`INSERT INTO client (name, body) VALUES (?1, ?2)
			ON CONFLICT (name) DO UPDATE SET body = excluded.body WHERE body <> excluded.body`, c.Name, body)
		return d.auditChange(t, n, err, actor, "client.put", "client/"+c.Name)
	})
}

// PutModels stores rows of a TAC table; see catalog.Store.
func (d *DB) PutModels(ctx context.Context, actor string, models []catalog.Model) (added, changed int, err error) {
	if actor == "" {
		return 0, 0, errNoActor
	}
	for _, m := range models {
		if !tac.MatchString(m.First) || !tac.MatchString(m.Last) || m.First > m.Last {
			return 0, 0, fmt.Errorf("sqlite: line %d: TAC %q to %q is no range of 8 digits", m.Line, m.First, m.Last)
		}
	}
	err = d.do(ctx, func(t *tx) error {
		added, changed, err = t.putModels(models)
		if err != nil || added+changed == 0 {
			return err
		}
		return t.audit(d.now(), actor, "device.import", "models", fmt.Sprintf("%d new, %d changed, %d rows", added, changed, len(models)))
	})
	if err != nil {
		return 0, 0, err
	}
	return added, changed, nil
}

var tac = regexp.MustCompile(`^[0-9]{8}$`)

func (t *tx) putModels(models []catalog.Model) (added, changed int, err error) {
	was, err := t.countModels()
	if err != nil {
		return 0, 0, err
	}
	var touched int64
	for _, m := range models {
		capability, err := json.Marshal(m.Capability)
		if err != nil {
			return 0, 0, fmt.Errorf("sqlite: line %d: TAC %s: %w", m.Line, m.Range(), err)
		}
		n, err := t.exec(`INSERT INTO model (prefix, first, last, manufacturer, name, client, capability) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
			ON CONFLICT (first, last) DO UPDATE SET manufacturer = excluded.manufacturer, name = excluded.name, client = excluded.client, capability = excluded.capability
			WHERE (manufacturer, name, client, capability) <> (excluded.manufacturer, excluded.name, excluded.client, excluded.capability)`,
			shared(m.First, m.Last), m.First, m.Last, m.Manufacturer, m.Name, m.Client, capability)
		if err != nil {
			return 0, 0, err
		}
		touched += n
	}
	is, err := t.countModels()
	return is - was, int(touched) - (is - was), err
}

func (t *tx) countModels() (n int, err error) {
	_, err = t.row(`SELECT COUNT(*) FROM model`, nil, &n)
	return n, err
}

// shared is what two codes of one length begin with.
func shared(a, b string) string {
	n := 0
	for n < len(a) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

const modelColumns = `SELECT first, last, manufacturer, name, client, capability FROM model `

func scanModel(s scanner) (m catalog.Model, err error) {
	err = s.Scan(&m.First, &m.Last, &m.Manufacturer, &m.Name, &m.Client, asJSON{&m.Capability})
	return m, err
}

const modelOf = modelColumns + `WHERE prefix IN (?1, substr(?1, 1, 7), substr(?1, 1, 6), substr(?1, 1, 5), substr(?1, 1, 4), substr(?1, 1, 3), substr(?1, 1, 2), substr(?1, 1, 1), '')
	AND ?1 BETWEEN first AND last ORDER BY CAST(last AS INTEGER) - CAST(first AS INTEGER), first LIMIT 1`

// ModelOf finds the model of an IMEI; see catalog.Store.
func (d *DB) ModelOf(ctx context.Context, imei string) (m catalog.Model, err error) {
	all, err := read(ctx, d, scanModel, modelOf, catalog.TAC(imei))
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%w: model of IMEI %s: no table has TAC %q", catalog.ErrNotFound, imei, catalog.TAC(imei))
	}
	if err != nil {
		return m, err
	}
	return all[0], nil
}

const modelByName = modelColumns + `WHERE id IN (SELECT id FROM model WHERE name = ?1 COLLATE NOCASE
	UNION ALL SELECT id FROM model WHERE (manufacturer || ' ' || name) = ?1 COLLATE NOCASE) ORDER BY first, last`

// ModelByName finds models by name; see catalog.Store.
func (d *DB) ModelByName(ctx context.Context, name string) ([]catalog.Model, error) {
	return read(ctx, d, scanModel, modelByName, name)
}

const modelPage = modelColumns + `WHERE (first, last) > (?2, ?3)
	AND (?1 = '' OR instr(lower(first || '-' || last || ' ' || manufacturer || ' ' || name || ' ' || client), lower(?1)) > 0)
	ORDER BY first, last LIMIT ?4`

// Models lists models; see catalog.Store.
func (d *DB) Models(ctx context.Context, text, after string, n int) ([]catalog.Model, error) {
	first, last, isRange := strings.Cut(after, "-")
	if !isRange {
		last = first
	}
	return read(ctx, d, scanModel, modelPage, text, first, last, limit(n))
}
