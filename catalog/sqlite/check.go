package sqlite

import (
	"context"
	"fmt"
)

// Report is what [DB.Check] has found.
type Report struct {
	Integrity   []string `json:"integrity,omitempty"`    // what PRAGMA integrity_check complains of
	ForeignKeys []string `json:"foreign_keys,omitempty"` // rows that point nowhere
	AuditRows   int      `json:"audit_rows"`             // rows of the audit chain that are good
	AuditBroken string   `json:"audit_broken,omitempty"` // the first one that is not; empty when all are
	Laws        []Count  `json:"laws"`                   // every law, broken or not
}

// Count is one law and how often it is broken: 0 in a good database.
type Count struct {
	Law    string `json:"law"`
	Broken int    `json:"broken"`
	ICCID  string `json:"iccid,omitempty"` // of a card that it is broken by, where there is one
}

// OK says that nothing is wrong.
func (r Report) OK() bool {
	for _, c := range r.Laws {
		if c.Broken > 0 {
			return false
		}
	}
	return r.Sound()
}

// Sound says that the file itself is good, whatever it tells of the cards.
func (r Report) Sound() bool {
	return len(r.Integrity) == 0 && len(r.ForeignKeys) == 0 && r.AuditBroken == ""
}

// laws are what the database alone can tell, some of them beside the
// constraints that hold them: a check must not trust what it checks. Each query
// counts what breaks one, and names the card of one of these.
var laws = []struct{ name, query string }{
	{"a counter is bound to one attempt", `SELECT COUNT(*), MIN(card_id) FROM (SELECT card_id FROM attempt WHERE counter IS NOT NULL GROUP BY keyset_id, counter HAVING COUNT(*) > 1)`},
	{"a keyset's counter is not below one it was used with", `SELECT COUNT(*), MIN(card_id) FROM keyset k WHERE k.cntr < (SELECT MAX(counter) FROM attempt a WHERE a.keyset_id = k.id)`},
	{"a keyset has at most one open write", `SELECT COUNT(*), MIN(card_id) FROM (SELECT card_id FROM attempt WHERE kind = 'write' AND (outcome IS NULL OR outcome = 'held') GROUP BY keyset_id HAVING COUNT(*) > 1)`},
	{"a step's write ran under one counter", `SELECT COUNT(*), MIN(card_id) FROM (SELECT card_id FROM attempt WHERE kind = 'write' AND outcome IN ('executed', 'fenced: ran') GROUP BY target_id, step HAVING COUNT(*) > 1)`},
	{"a card has at most one saga", `SELECT COUNT(*), MIN(card_id) FROM (SELECT card_id FROM target WHERE claimed_at IS NOT NULL AND closed_at IS NULL GROUP BY card_id HAVING COUNT(*) > 1)`},
	{"an open attempt has its octets", `SELECT COUNT(*), MIN(card_id) FROM attempt a WHERE a.outcome IS NULL AND NOT EXISTS (SELECT 1 FROM part p WHERE p.attempt_id = a.id)`},
	{"a submission of an open attempt is final, or somebody looks at it again", `SELECT COUNT(*), MIN(a.card_id) FROM attempt a JOIN part p ON p.attempt_id = a.id JOIN submission s ON s.part_id = p.id
		LEFT JOIN target t ON t.id = a.target_id WHERE a.outcome IS NULL AND (
		s.state = 'temporary' AND NOT EXISTS (SELECT 1 FROM submission n WHERE n.part_id = s.part_id AND n.try > s.try)
		OR s.state IN ('accepted', 'ambiguous') AND t.closed_at IS NULL AND t.due_at IS NULL)`},
	{"a message id leads to its submission", `SELECT COUNT(*), NULL FROM submission s WHERE s.id_normal IS NOT NULL AND NOT EXISTS (SELECT 1 FROM receipt_key k WHERE k.submission_id = s.id)`},
	{"an EID is that of one card", `SELECT COUNT(*), MIN(id) FROM (SELECT id FROM card WHERE eid <> '' GROUP BY eid HAVING COUNT(*) > 1)`},
	{"pairs of a card lie apart in time", `SELECT COUNT(*), MIN(card_id) FROM (
		SELECT card_id, last_seen, LEAD(seen_at) OVER (PARTITION BY card_id ORDER BY seen_at, imei14, imsi) AS next FROM pair) WHERE next < last_seen`},
	{"an inbox row that waits says for what", `SELECT COUNT(*), NULL FROM inbox WHERE state = 'waiting' AND key IS NULL`},
}

// staleInbox is not a constraint but a matter of time: a row is settled, waits
// or is an orphan a few minutes after it came.
const staleInbox = `SELECT COUNT(*), NULL FROM inbox WHERE state = 'new' AND received_at < ?1 - 300000000`

// Check looks for everything that the database alone can tell to be wrong. It
// reads all of it, on one state, while the server may run.
func (d *DB) Check(ctx context.Context) (r Report, err error) {
	err = d.snapshot(ctx, func(q reader) error {
		if r.Integrity, err = q.complaints(`PRAGMA integrity_check`, 1); err != nil {
			return err
		}
		if len(r.Integrity) == 1 && r.Integrity[0] == "ok" {
			r.Integrity = nil
		}
		if r.ForeignKeys, err = q.complaints(`PRAGMA foreign_key_check`, 4); err != nil {
			return err
		}
		if r.AuditRows, r.AuditBroken, err = q.auditChain(); err != nil {
			return err
		}
		for _, l := range laws {
			if err := q.law(&r, l.name, l.query); err != nil {
				return err
			}
		}
		return q.law(&r, "an inbox row is looked at within minutes", staleInbox, us(d.now()))
	})
	return r, err
}

func (r reader) law(to *Report, name, query string, args ...any) error {
	c := Count{Law: name}
	var card any
	err := r.row(query, args, &c.Broken, &card)
	if err == nil && card != nil {
		err = r.row(`SELECT iccid FROM card WHERE id = ?1`, []any{card}, &c.ICCID)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	to.Laws = append(to.Laws, c)
	return nil
}

// complaints reads the rows of a checking pragma as text.
func (r reader) complaints(pragma string, columns int) ([]string, error) {
	rows, err := r.query(pragma)
	return collect(rows, err, func(s scanner) (string, error) {
		values := make([]any, columns)
		dest := make([]any, columns)
		for i := range values {
			dest[i] = &values[i]
		}
		err := s.Scan(dest...)
		if columns == 1 {
			return fmt.Sprint(values[0]), err
		}
		return fmt.Sprintf("table %v, row %v: no such row in %v", values[0], values[1], values[2]), err
	})
}
