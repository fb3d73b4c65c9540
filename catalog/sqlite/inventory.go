package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/simota/simota/catalog"
)

const cardColumns = `c.id, c.iccid, c.type, c.country, c.tags, c.imei, c.no_cp, c.eid, COALESCE(c.active, 0), c.next_notice`

const cardsByEID = `SELECT ` + cardColumns + ` FROM card c WHERE c.eid = ?1 AND c.eid <> '' ORDER BY c.id`

func cardFields(c *catalog.Card) []any {
	return []any{&c.ID, &c.ICCID, &c.Type, &c.Country, tags{&c.Tags}, &c.IMEI, &c.NoCP, &c.EID, &c.Active, &c.NextNotice}
}

// Card finds one card by ICCID; see catalog.Store.
func (d *DB) Card(ctx context.Context, iccid string) (catalog.Entry, error) {
	return d.oneCard(ctx, "ICCID "+iccid, `SELECT `+cardColumns+` FROM card c WHERE c.iccid = ?1`, iccid)
}

// CardByID finds one card by its key; see catalog.Store.
func (d *DB) CardByID(ctx context.Context, id int64) (catalog.Entry, error) {
	return d.oneCard(ctx, fmt.Sprintf("card %d", id), `SELECT `+cardColumns+` FROM card c WHERE c.id = ?1`, id)
}

// CardsByMSISDN finds cards by number; see catalog.Store.
func (d *DB) CardsByMSISDN(ctx context.Context, msisdn string) ([]catalog.Entry, error) {
	return d.entries(ctx, `SELECT `+cardColumns+` FROM card c
		WHERE c.id IN (SELECT card_id FROM subscription WHERE msisdn = ?1) ORDER BY c.id`, msisdn)
}

// CardsByEID finds cards by the EID of their eUICC, none by an empty one; see
// catalog.Store.
func (d *DB) CardsByEID(ctx context.Context, eid string) ([]catalog.Entry, error) {
	return d.entries(ctx, cardsByEID, eid)
}

// CardsByIMSI finds cards by identity; see catalog.Store.
func (d *DB) CardsByIMSI(ctx context.Context, imsi string) ([]catalog.Entry, error) {
	return d.entries(ctx, `SELECT `+cardColumns+` FROM card c
		WHERE c.id IN (SELECT card_id FROM subscription WHERE imsi = ?1) ORDER BY c.id`, imsi)
}

// Cards lists cards; see catalog.Store.
func (d *DB) Cards(ctx context.Context, f catalog.Filter, after int64, n int) ([]catalog.Entry, error) {
	where, args, err := conditions(f)
	if err != nil {
		return nil, err
	}
	args = append(args, sql.Named("after", after), sql.Named("n", limit(n)))
	return d.entries(ctx, `SELECT `+cardColumns+` FROM card c LEFT JOIN subscription a ON a.id = c.active
		WHERE c.id > :after`+where+` ORDER BY c.id LIMIT :n`, args...)
}

// conditions is a filter as SQL: few texts, so that each is prepared once.
func conditions(f catalog.Filter) (string, []any, error) {
	var where strings.Builder
	var args []any
	add := func(condition, name string, value any) {
		where.WriteString(" AND " + condition)
		args = append(args, sql.Named(name, value))
	}
	if len(f.ICCIDs) > 0 {
		iccids, err := list(f.ICCIDs)
		if err != nil {
			return "", nil, err
		}
		add(`c.iccid IN (SELECT value FROM json_each(:iccids))`, "iccids", iccids)
	}
	if f.Operator != "" {
		add(`a.operator = :operator`, "operator", f.Operator)
	}
	if f.Country != "" {
		add(`c.country = :country`, "country", f.Country)
	}
	if f.Type != "" {
		add(`c.type = :type`, "type", f.Type)
	}
	if len(f.Tags) > 0 {
		tags, err := list(f.Tags)
		if err != nil {
			return "", nil, err
		}
		add(`NOT EXISTS (SELECT 1 FROM json_each(:tags) w WHERE w.value NOT IN (SELECT value FROM json_each(c.tags)))`, "tags", tags)
	}
	return where.String(), args, nil
}

func (d *DB) oneCard(ctx context.Context, what, query string, arg any) (catalog.Entry, error) {
	all, err := d.entries(ctx, query, arg)
	if err != nil {
		return catalog.Entry{}, err
	}
	if len(all) == 0 {
		return catalog.Entry{}, fmt.Errorf("%w: %s", catalog.ErrNotFound, what)
	}
	return all[0], nil
}

func (d *DB) entries(ctx context.Context, query string, args ...any) (all []catalog.Entry, err error) {
	err = d.snapshot(ctx, func(r reader) error {
		all, err = r.entries(query, args...)
		return err
	})
	return all, err
}

// entries reads cards with what belongs to them, in three queries however many
// cards there are.
func (r reader) entries(query string, args ...any) ([]catalog.Entry, error) {
	rows, err := r.query(query, args...)
	all, err := collect(rows, err, func(s scanner) (e catalog.Entry, err error) {
		return e, s.Scan(cardFields(&e.Card)...)
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if len(all) == 1 {
		return all, r.belongings(&all[0])
	}
	at := make(map[int64]*catalog.Entry, len(all))
	ids := make([]int64, len(all))
	for i := range all {
		at[all[i].Card.ID], ids[i] = &all[i], all[i].Card.ID
	}
	if err := r.subscriptions(at, ids); err != nil {
		return nil, err
	}
	return all, r.keysets(at, ids)
}

// belongings reads what belongs to one card.
func (r reader) belongings(e *catalog.Entry) error {
	at, ids := map[int64]*catalog.Entry{e.Card.ID: e}, []int64{e.Card.ID}
	if err := r.subscriptions(at, ids); err != nil {
		return err
	}
	return r.keysets(at, ids)
}

func (r reader) subscriptions(at map[int64]*catalog.Entry, cards []int64) error {
	in, arg, err := among(cards)
	if err != nil {
		return err
	}
	rows, err := r.query(`SELECT id, card_id, slot, imsi, msisdn, operator, isdp FROM subscription
		WHERE card_id `+in+` ORDER BY card_id, slot`, arg)
	_, err = collect(rows, err, func(s scanner) (struct{}, error) {
		var v catalog.Subscription
		err := s.Scan(&v.ID, &v.CardID, &v.Slot, &v.IMSI, &v.MSISDN, &v.Operator, &v.ISDP)
		if err == nil {
			at[v.CardID].Subscriptions = append(at[v.CardID].Subscriptions, v)
		}
		return struct{}{}, err
	})
	return err
}

const keysetColumns = `k.id, k.card_id, NULLIF(k.domain, x''), k.kvn, k.kic_alg, k.kid_alg, k.cc_length,
	k.sealed_kic, k.sealed_kid, k.sealed_kik, k.kek_id, k.check_value, k.cntr, k.suspect`

func keysetFields(k *catalog.Keyset) []any {
	return []any{&k.ID, &k.CardID, &k.Domain, &k.Version, &k.KIcAlg, &k.KIDAlg, &k.CCLength,
		&k.SealedKIc, &k.SealedKID, &k.SealedKIK, &k.KEKID, &k.CheckValue, &k.Counter, &k.Suspect}
}

func (r reader) keysets(at map[int64]*catalog.Entry, cards []int64) error {
	in, arg, err := among(cards)
	if err != nil {
		return err
	}
	rows, err := r.query(`SELECT `+keysetColumns+` FROM keyset k WHERE card_id `+in+` ORDER BY card_id, domain, kvn`, arg)
	_, err = collect(rows, err, func(s scanner) (struct{}, error) {
		var k catalog.Keyset
		err := s.Scan(keysetFields(&k)...)
		if err == nil {
			at[k.CardID].Keysets = append(at[k.CardID].Keysets, k)
		}
		return struct{}{}, err
	})
	return err
}

// Operator finds an operator by name; see catalog.Store.
func (d *DB) Operator(ctx context.Context, name string) (catalog.Operator, error) {
	return document[catalog.Operator](ctx, d, "operator", name, `SELECT body FROM operator WHERE name = ?1`)
}

// Operators lists all operators by name; see catalog.Store.
func (d *DB) Operators(ctx context.Context) ([]catalog.Operator, error) {
	return read(ctx, d, scanDocument[catalog.Operator], `SELECT body FROM operator ORDER BY name`)
}

// CardType finds a card type by name; see catalog.Store.
func (d *DB) CardType(ctx context.Context, name string) (catalog.CardType, error) {
	return document[catalog.CardType](ctx, d, "card type", name, `SELECT body FROM card_type WHERE name = ?1`)
}

// CardTypes lists all card types by name; see catalog.Store.
func (d *DB) CardTypes(ctx context.Context) ([]catalog.CardType, error) {
	return read(ctx, d, scanDocument[catalog.CardType], `SELECT body FROM card_type ORDER BY name`)
}

// PutOperator stores an operator. Another home PLMN under the same name would
// be another operator: it is refused; see catalog.Store.
func (d *DB) PutOperator(ctx context.Context, actor string, o catalog.Operator) error {
	if o.Name == "" {
		return fmt.Errorf("sqlite: an operator needs a name")
	}
	body, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("sqlite: operator %q: %w", o.Name, err)
	}
	return d.change(ctx, func(t *tx) error {
		var old catalog.Operator
		if _, err := t.row(`SELECT body FROM operator WHERE name = ?1`, []any{o.Name}, asJSON{&old}); err != nil {
			return err
		}
		if len(old.PLMNs) > 0 && (len(o.PLMNs) == 0 || old.PLMNs[0] != o.PLMNs[0]) {
			return fmt.Errorf("%w: operator %q has home PLMN %s, not %q: give another operator another name", catalog.ErrConflict, o.Name, old.PLMNs[0], o.PLMNs)
		}
		n, err := t.exec(`INSERT INTO operator (name, body) VALUES (?1, ?2)
			ON CONFLICT (name) DO UPDATE SET body = excluded.body WHERE body <> excluded.body`, o.Name, body)
		return d.auditChange(t, n, err, actor, "operator.put", "operator/"+o.Name)
	})
}

// PutCardType stores a card type; see catalog.Store.
func (d *DB) PutCardType(ctx context.Context, actor string, c catalog.CardType) error {
	if c.Name == "" {
		return fmt.Errorf("sqlite: a card type needs a name")
	}
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("sqlite: card type %q: %w", c.Name, err)
	}
	return d.change(ctx, func(t *tx) error {
		n, err := t.exec(`INSERT INTO card_type (name, body) VALUES (?1, ?2)
			ON CONFLICT (name) DO UPDATE SET body = excluded.body WHERE body <> excluded.body`, c.Name, body)
		return d.auditChange(t, n, err, actor, "card-type.put", "card-type/"+c.Name)
	})
}

// auditChange audits a change of n rows: what changes nothing leaves no trace.
func (d *DB) auditChange(t *tx, n int64, err error, actor, verb, object string) error {
	if err != nil || n == 0 {
		return err
	}
	return t.audit(d.now(), actor, verb, object, "")
}
