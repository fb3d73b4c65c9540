package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/simota/simota/catalog/ledger"
)

var errNoActor = errors.New("sqlite: a change needs an actor: who asks for it")

// audit appends one row to the chain, in the transaction of the change itself.
func (t *tx) audit(at time.Time, actor, verb, object, detail string) error {
	if actor == "" {
		return errNoActor
	}
	row := ledger.AuditRow{ID: 1, At: time.UnixMicro(at.UnixMicro()).UTC(), Actor: actor, Verb: verb, Object: object, Detail: detail, Prev: make([]byte, sha256.Size)}
	var last int64
	found, err := t.row(`SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1`, nil, &last, &row.Prev)
	if err != nil {
		return err
	}
	if found {
		row.ID = last + 1
	}
	_, err = t.insert(`INSERT INTO audit (id, at, actor, verb, object, detail, prev, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
		row.ID, row.At.UnixMicro(), actor, verb, object, detail, row.Prev, auditHash(row))
	return err
}

// auditHash is SHA-256 over the hash before, then every field: numbers in
// eight octets, texts after their length in eight octets, big endian. So no
// two rows have one encoding.
func auditHash(r ledger.AuditRow) []byte {
	b := append([]byte(nil), r.Prev...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.ID))
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.UnixMicro()))
	for _, s := range []string{r.Actor, r.Verb, r.Object, r.Detail} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// Audit lists audit rows; see ledger.Reader.
func (d *DB) Audit(ctx context.Context, after int64, n int) (all []ledger.AuditRow, err error) {
	err = d.look(ctx, func(r reader) error { all, err = r.audit(after, n); return err })
	return all, err
}

func (r reader) audit(after int64, n int) ([]ledger.AuditRow, error) {
	rows, err := r.query(`SELECT id, at, actor, verb, object, detail, prev, hash FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2`, after, limit(n))
	return collect(rows, err, func(s scanner) (a ledger.AuditRow, err error) {
		err = s.Scan(&a.ID, when{&a.At}, &a.Actor, &a.Verb, &a.Object, &a.Detail, &a.Prev, &a.Hash)
		return a, err
	})
}

// auditChain follows the chain from its beginning. broken is empty when every
// row is where and what it was.
func (r reader) auditChain() (n int, broken string, err error) {
	prev, id := make([]byte, sha256.Size), int64(0)
	for {
		rows, err := r.audit(id, 1000)
		if err != nil || len(rows) == 0 {
			return n, "", err
		}
		for _, a := range rows {
			if a.ID != id+1 || !bytes.Equal(a.Prev, prev) || !bytes.Equal(a.Hash, auditHash(a)) {
				return n, fmt.Sprintf("audit row %d does not follow row %d", a.ID, id), nil
			}
			prev, id, n = a.Hash, a.ID, n+1
		}
	}
}
