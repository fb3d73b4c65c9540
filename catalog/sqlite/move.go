package sqlite

import (
	"context"
	"time"

	"github.com/simota/simota/catalog"
)

const pairColumns = `SELECT p.id, p.card_id, c.iccid, p.imei, p.imsi, p.source, p.seen_at, p.last_seen FROM pair p JOIN card c ON c.id = p.card_id `

func scanPair(s scanner) (p catalog.Pair, err error) {
	err = s.Scan(&p.ID, &p.CardID, &p.ICCID, &p.IMEI, &p.IMSI, &p.Source, when{&p.SeenAt}, when{&p.LastSeen})
	return p, err
}

// Pairs lists the pairs of a card; see catalog.Store.
func (d *DB) Pairs(ctx context.Context, cardID int64) ([]catalog.Pair, error) {
	return read(ctx, d, scanPair, pairColumns+`WHERE p.card_id = ?1 ORDER BY p.seen_at, p.imei14, p.imsi`, cardID)
}

const pairsOfDevice = pairColumns + `WHERE p.imei14 = ?1 ORDER BY p.seen_at, p.card_id, p.imsi`

// PairsOfDevice lists the pairs of a device; see catalog.Store.
func (d *DB) PairsOfDevice(ctx context.Context, imei string) ([]catalog.Pair, error) {
	if len(imei) < 14 {
		return nil, nil
	}
	return read(ctx, d, scanPair, pairsOfDevice, imei[:14])
}

// PairsAfter lists pairs in the order in which they were heard of; see
// catalog.Store.
func (d *DB) PairsAfter(ctx context.Context, id int64, since time.Time, n int) ([]catalog.Pair, error) {
	return read(ctx, d, scanPair, pairsAfter, id, us(since), limit(n))
}

// Without a first pair since then there is nothing to list: what came before is
// not looked through again and again.
const pairsAfter = pairColumns + `WHERE p.id > CASE WHEN ?1 > 0 THEN ?1
	ELSE COALESCE((SELECT MIN(id) - 1 FROM pair INDEXED BY pair_seen WHERE seen_at >= ?2), (SELECT MAX(id) FROM pair)) END ORDER BY p.id LIMIT ?3`

// moved finds pairs with the one before of their card, if it was in another
// device, and of their device, if it had another card.
const moved = `WITH step AS (
	SELECT p.id, p.card_id, p.imei14, p.seen_at,
		(SELECT b.id FROM pair b WHERE b.card_id = p.card_id AND (b.seen_at, b.imei14, b.imsi) < (p.seen_at, p.imei14, p.imsi)
			ORDER BY b.seen_at DESC, b.imei14 DESC, b.imsi DESC LIMIT 1) AS of_card,
		(SELECT b.id FROM pair b WHERE b.imei14 = p.imei14 AND (b.seen_at, b.card_id, b.imsi) < (p.seen_at, p.card_id, p.imsi)
			ORDER BY b.seen_at DESC, b.card_id DESC, b.imsi DESC LIMIT 1) AS of_device
	FROM pair p WHERE (p.seen_at, p.id) > (?1, ?2) AND LENGTH(p.imei14) = 14)
SELECT s.id, COALESCE(c.id, 0), COALESCE(d.id, 0) FROM step s
	LEFT JOIN pair c ON c.id = s.of_card AND c.imei14 <> s.imei14
	LEFT JOIN pair d ON d.id = s.of_device AND d.card_id <> s.card_id
WHERE c.id IS NOT NULL OR d.id IS NOT NULL ORDER BY s.seen_at, s.id LIMIT ?3`

// Moves lists moves; see catalog.Store.
func (d *DB) Moves(ctx context.Context, since time.Time, after int64, n int) (all []catalog.Move, err error) {
	err = d.snapshot(ctx, func(r reader) error {
		from := since.UnixMicro()
		if since.IsZero() {
			from = 0
		}
		if after != 0 {
			if _, err := r.session.row(`SELECT MAX(seen_at, ?2) FROM pair WHERE id = ?1`, []any{after, from}, &from); err != nil {
				return err
			}
		}
		all, err = r.moves(from, after, n)
		return err
	})
	return all, err
}

func (r reader) moves(from, after int64, n int) (all []catalog.Move, err error) {
	type step struct{ is, ofCard, ofDevice int64 }
	rows, err := r.query(moved, from, after, limit(n))
	steps, err := collect(rows, err, func(s scanner) (v step, err error) {
		err = s.Scan(&v.is, &v.ofCard, &v.ofDevice)
		return v, err
	})
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, s := range steps {
		ids = append(ids, s.is, s.ofCard, s.ofDevice)
	}
	pairs, err := r.pairs(ids)
	if err != nil {
		return nil, err
	}
	for _, s := range steps {
		is := pairs[s.is]
		if s.ofCard != 0 {
			all = append(all, catalog.Move{Kind: catalog.CardMoved, Was: pairs[s.ofCard], Is: is, SeenAt: is.SeenAt})
		}
		if s.ofDevice != 0 {
			all = append(all, catalog.Move{Kind: catalog.DeviceMoved, Was: pairs[s.ofDevice], Is: is, SeenAt: is.SeenAt})
		}
	}
	return all, nil
}

// pairs reads pairs by their keys.
func (r reader) pairs(ids []int64) (map[int64]catalog.Pair, error) {
	arg, err := list(ids)
	if err != nil {
		return nil, err
	}
	rows, err := r.query(pairColumns+`WHERE p.id IN (SELECT value FROM json_each(?1))`, arg)
	all, err := collect(rows, err, scanPair)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]catalog.Pair, len(all))
	for _, p := range all {
		found[p.ID] = p
	}
	return found, nil
}
