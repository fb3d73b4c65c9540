package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/catalog"
)

// maxCounter is the highest value of five octets (ETSI TS 102 225, 5.1.1).
const maxCounter = 1<<40 - 1

// Import stores entries, all or nothing; see catalog.Store. What an entry
// leaves empty is not said, and stays as it was: an import adds and changes,
// it never clears.
func (d *DB) Import(ctx context.Context, actor string, entries []catalog.Entry) ([]catalog.ImportResult, error) {
	if actor == "" {
		return nil, errNoActor
	}
	var results []catalog.ImportResult
	err := d.do(ctx, func(t *tx) error {
		results = make([]catalog.ImportResult, 0, len(entries))
		var conflicts []error
		for _, e := range entries {
			r, err := t.importEntry(e)
			switch {
			case errors.Is(err, catalog.ErrConflict):
				conflicts = append(conflicts, err)
			case err != nil:
				return err
			}
			results = append(results, r)
		}
		if len(conflicts) > 0 {
			return errors.Join(conflicts...)
		}
		return d.auditImport(t, actor, results)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

func (d *DB) auditImport(t *tx, actor string, results []catalog.ImportResult) error {
	created, changed := 0, 0
	for _, r := range results {
		switch {
		case r.Created:
			created++
		case len(r.Changed) > 0:
			changed++
		}
	}
	if created+changed == 0 {
		return nil
	}
	return t.audit(d.now(), actor, "card.import", "cards", fmt.Sprintf("%d new, %d changed, %d known", created, changed, len(results)-created-changed))
}

// importer stores one entry.
type importer struct {
	*tx
	line   int
	result *catalog.ImportResult
}

func (t *tx) importEntry(e catalog.Entry) (r catalog.ImportResult, err error) {
	r.ICCID = e.Card.ICCID
	if r.ICCID == "" {
		return r, fmt.Errorf("sqlite: line %d: a card needs an ICCID", e.Line)
	}
	i := importer{t, e.Line, &r}
	id, err := i.card(e.Card)
	for n := 0; err == nil && n < len(e.Subscriptions); n++ {
		err = i.subscription(id, e.Subscriptions[n])
	}
	for n := 0; err == nil && n < len(e.Keysets); n++ {
		err = i.keyset(id, e.Keysets[n])
	}
	if err == nil {
		// Nothing is proven of a new card: it lives with its first identity.
		_, err = t.exec(`UPDATE card SET active = (SELECT id FROM subscription WHERE card_id = ?1 ORDER BY slot LIMIT 1)
			WHERE id = ?1 AND active IS NULL`, id)
	}
	if err != nil && !errors.Is(err, catalog.ErrConflict) {
		err = fmt.Errorf("line %d: ICCID %s: %w", e.Line, r.ICCID, err)
	}
	if r.Created {
		r.Changed = nil
	}
	return r, err
}

func (i importer) conflict(field, format string, args ...any) error {
	return &catalog.Conflict{Line: i.line, ICCID: i.result.ICCID, Field: field, Message: fmt.Sprintf(format, args...)}
}

// fix is change for a field that is said once: given another value, it is a
// conflict, and remedy says what to do instead.
func (i importer) fix(field, name string, stored *string, given, remedy string) error {
	if given != "" && *stored != "" && given != *stored {
		return i.conflict(field, "has %s, not %s: %s", *stored, given, remedy)
	}
	change(i.result, name, stored, given)
	return nil
}

// change compares a given field with the stored one, and takes it when it says
// something new.
func change[T comparable](r *catalog.ImportResult, name string, stored *T, given T) {
	var unsaid T
	if given != unsaid && given != *stored {
		*stored = given
		r.Changed = append(r.Changed, name)
	}
}

func (i importer) card(c catalog.Card) (int64, error) {
	r := i.result
	tags := slices.Compact(slices.Sorted(slices.Values(c.Tags)))
	given, err := list(tags)
	if err != nil {
		return 0, err
	}
	var old catalog.Card
	var oldTags string
	found, err := i.row(`SELECT id, type, country, tags, imei, no_cp, eid FROM card WHERE iccid = ?1`, []any{c.ICCID},
		&old.ID, &old.Type, &old.Country, &oldTags, &old.IMEI, &old.NoCP, &old.EID)
	if err != nil {
		return 0, err
	}
	if c.EID != old.EID {
		if err := i.freeEID(c); err != nil {
			return 0, err
		}
	}
	if !found {
		r.Created = true
		return i.insert(`INSERT INTO card (iccid, type, country, tags, imei, no_cp, eid) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
			c.ICCID, c.Type, c.Country, given, c.IMEI, c.NoCP, c.EID)
	}
	before := len(r.Changed)
	if err := i.fix("EID", "eid", &old.EID, c.EID, "another eUICC is another card"); err != nil {
		return 0, err
	}
	change(r, "card_type", &old.Type, c.Type)
	change(r, "country", &old.Country, c.Country)
	change(r, "imei", &old.IMEI, c.IMEI)
	change(r, "cp", &old.NoCP, c.NoCP)
	if len(tags) > 0 {
		change(r, "tags", &oldTags, given)
	}
	if len(r.Changed) > before {
		_, err = i.exec(`UPDATE card SET type = ?2, country = ?3, tags = ?4, imei = ?5, no_cp = ?6, eid = ?7 WHERE id = ?1`,
			old.ID, old.Type, old.Country, oldTags, old.IMEI, old.NoCP, old.EID)
	}
	return old.ID, err
}

// freeEID refuses the EID of another card.
func (i importer) freeEID(c catalog.Card) error {
	var other string
	taken, err := i.row(`SELECT iccid FROM card WHERE eid = ?1 AND eid <> '' AND iccid <> ?2`, []any{c.EID, c.ICCID}, &other)
	if err == nil && taken {
		err = i.conflict("EID", "has the EID of card %s: one eUICC is one card", other)
	}
	return err
}

// subscription knows a subscription by its IMSI. A slot never changes
// its IMSI: a saga may be moving the card to it.
func (i importer) subscription(card int64, s catalog.Subscription) error {
	var old catalog.Subscription
	found, err := i.row(`SELECT id, msisdn, operator, isdp FROM subscription WHERE card_id = ?1 AND imsi = ?2`, []any{card, s.IMSI},
		&old.ID, &old.MSISDN, &old.Operator, &old.ISDP)
	if err != nil {
		return err
	}
	if err := i.freeISDP(card, s); err != nil {
		return err
	}
	if !found {
		if err := i.freeSlot(card, s); err != nil {
			return err
		}
		if err := i.sharedNumber(card, s); err != nil {
			return err
		}
		i.result.Changed = append(i.result.Changed, fmt.Sprintf("subscription %d", s.Slot))
		_, err := i.insert(`INSERT INTO subscription (card_id, slot, imsi, msisdn, operator, isdp) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,
			card, s.Slot, s.IMSI, s.MSISDN, s.Operator, s.ISDP)
		return err
	}
	if s.MSISDN != old.MSISDN {
		if err := i.sharedNumber(card, s); err != nil {
			return err
		}
	}
	r := i.result
	before := len(r.Changed)
	change(r, fmt.Sprintf("msisdn of %s", s.IMSI), &old.MSISDN, s.MSISDN)
	change(r, fmt.Sprintf("operator of %s", s.IMSI), &old.Operator, s.Operator)
	if err := i.fix(catalog.Column("ISDP", s.Slot), fmt.Sprintf("isdp of %s", s.IMSI), &old.ISDP, s.ISDP, "a profile never changes its security domain"); err != nil {
		return err
	}
	if len(r.Changed) > before {
		_, err = i.exec(`UPDATE subscription SET msisdn = ?2, operator = ?3, isdp = ?4 WHERE id = ?1`, old.ID, old.MSISDN, old.Operator, old.ISDP)
	}
	return err
}

// freeSlot refuses a new subscription whose slot has another IMSI, or whose
// IMSI is another card's.
func (i importer) freeSlot(card int64, s catalog.Subscription) error {
	var other string
	taken, err := i.row(`SELECT imsi FROM subscription WHERE card_id = ?1 AND slot = ?2`, []any{card, s.Slot}, &other)
	if err != nil {
		return err
	}
	if taken {
		return i.conflict(catalog.Column("IMSI", s.Slot), "has %s, not %s: give a further identity a further slot", other, s.IMSI)
	}
	taken, err = i.row(`SELECT c.iccid FROM subscription s JOIN card c ON c.id = s.card_id WHERE s.imsi = ?1 AND s.card_id <> ?2`, []any{s.IMSI, card}, &other)
	if err == nil && taken {
		err = i.conflict(catalog.Column("IMSI", s.Slot), "has the IMSI of card %s: an IMSI is one card's", other)
	}
	return err
}

// sharedNumber notes an MSISDN that another card has too: numbers move between
// cards, so it is no conflict, but packets may go astray until it has moved.
func (i importer) sharedNumber(card int64, s catalog.Subscription) error {
	if s.MSISDN == "" {
		return nil
	}
	var other string
	shared, err := i.row(`SELECT c.iccid FROM subscription s JOIN card c ON c.id = s.card_id WHERE s.msisdn = ?1 AND s.card_id <> ?2`, []any{s.MSISDN, card}, &other)
	if err == nil && shared {
		i.result.Notes = append(i.result.Notes, fmt.Sprintf("line %d, %s: card %s has the number of card %s",
			i.line, catalog.Column("MSISDN", s.Slot), i.result.ICCID, other))
	}
	return err
}

// freeISDP refuses an ISD-P that is another subscription of the card.
func (i importer) freeISDP(card int64, s catalog.Subscription) error {
	if s.ISDP == "" {
		return nil
	}
	var other string
	taken, err := i.row(`SELECT imsi FROM subscription WHERE card_id = ?1 AND isdp = ?2 AND isdp <> '' AND imsi <> ?3`, []any{card, s.ISDP, s.IMSI}, &other)
	if err == nil && taken {
		err = i.conflict(catalog.Column("ISDP", s.Slot), "has ISD-P %s for IMSI %s, not for %s: one profile is one subscription", s.ISDP, other, s.IMSI)
	}
	return err
}

// keyset never touches a stored key and never lowers a counter.
func (i importer) keyset(card int64, k catalog.Keyset) error {
	r := i.result
	if k.Counter > maxCounter {
		return fmt.Errorf("sqlite: %s: counter %d does not fit five octets", keysetName(k), k.Counter)
	}
	var old catalog.Keyset
	found, err := i.row(`SELECT id, kic_alg, kid_alg, cc_length, check_value, cntr FROM keyset WHERE card_id = ?1 AND domain = ?2 AND kvn = ?3`,
		[]any{card, blob(k.Domain), k.Version}, &old.ID, &old.KIcAlg, &old.KIDAlg, &old.CCLength, &old.CheckValue, &old.Counter)
	if err != nil {
		return err
	}
	if !found {
		r.Changed = append(r.Changed, keysetName(k))
		_, err := i.insert(`INSERT INTO keyset (card_id, domain, kvn, kic_alg, kid_alg, cc_length, sealed_kic, sealed_kid, sealed_kik, kek_id, check_value, cntr, suspect)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)`,
			card, blob(k.Domain), k.Version, k.KIcAlg, k.KIDAlg, k.CCLength, opt(k.SealedKIc), opt(k.SealedKID), opt(k.SealedKIK),
			k.KEKID, k.CheckValue, k.Counter, k.Suspect)
		return err
	}
	if err := i.sameKey(old, k); err != nil {
		return err
	}
	before := len(r.Changed)
	change(r, "cc_length of "+keysetName(k), &old.CCLength, k.CCLength)
	change(r, "counter of "+keysetName(k), &old.Counter, max(old.Counter, k.Counter))
	if len(r.Changed) > before {
		_, err = i.exec(`UPDATE keyset SET cc_length = ?2, cntr = ?3 WHERE id = ?1`, old.ID, old.CCLength, old.Counter)
	}
	return err
}

// keysetName is a keyset in words: its version, and its security domain unless
// that is the issuer's.
func keysetName(k catalog.Keyset) string {
	if len(k.Domain) == 0 {
		return fmt.Sprintf("keyset %d", k.Version)
	}
	return fmt.Sprintf("keyset %d of %X", k.Version, k.Domain)
}

// sameKey compares what is known of two keys without opening them. An
// algorithm is part of its key.
func (i importer) sameKey(stored, given catalog.Keyset) error {
	for _, f := range []struct{ name, stored, given string }{
		{"check values", stored.CheckValue, given.CheckValue},
		{"KIc algorithm", stored.KIcAlg, given.KIcAlg},
		{"KID algorithm", stored.KIDAlg, given.KIDAlg},
	} {
		if f.given != "" && f.given != f.stored {
			return i.conflict(keysetName(given), "has %s %q, the file says %q: keys are never replaced by an import", f.name, f.stored, f.given)
		}
	}
	return nil
}
