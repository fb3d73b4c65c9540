package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/simota/simota/catalog/ledger"
)

// Due lists targets whose time has come; see ledger.Reader.
func (d *DB) Due(ctx context.Context, now time.Time, n int) (ids []int64, next time.Time, err error) {
	type due struct {
		id int64
		at time.Time
	}
	// One more than asked for: it says when to ask again.
	scan := func(s scanner) (v due, err error) {
		err = s.Scan(&v.id, when{&v.at})
		return v, err
	}
	all, err := read(ctx, d, scan, `SELECT id, due_at FROM target WHERE due_at IS NOT NULL ORDER BY due_at, id LIMIT ?1`, n+1)
	for _, v := range all {
		if len(ids) >= n || v.at.After(now) {
			return ids, v.at, nil
		}
		ids = append(ids, v.id)
	}
	return ids, time.Time{}, err
}

// Outbox lists what is ready to go on a link; see ledger.Reader.
func (d *DB) Outbox(ctx context.Context, link string, now time.Time, n int) (out []ledger.Outgoing, next time.Time, err error) {
	err = d.snapshot(ctx, func(r reader) error {
		rows, err := r.query(`SELECT a.kind, COALESCE(a.target_id, 0), p.user_data, `+submissionColumns+` FROM submission s
			JOIN part p ON p.id = s.part_id JOIN attempt a ON a.id = p.attempt_id
			WHERE s.link = ?1 AND s.state = 'ready' AND (s.not_before IS NULL OR s.not_before <= ?2) ORDER BY s.urgent DESC, s.id LIMIT ?3`, link, us(now), n+1)
		out, err = collect(rows, err, func(s scanner) (v ledger.Outgoing, err error) {
			err = s.Scan(append([]any{&v.Kind, &v.TargetID, &v.UserData}, submissionFields(&v.Submission)...)...)
			return v, err
		})
		if err != nil {
			return err
		}
		if len(out) > n {
			out, next = out[:n], now
			return nil
		}
		return r.row(`SELECT MIN(not_before) FROM submission WHERE link = ?1 AND state = 'ready' AND not_before IS NOT NULL AND not_before > ?2`,
			[]any{link, us(now)}, when{&next})
	})
	return out, next, err
}

const inboxColumns = `id, link, id_scope, received_at, COALESCE(kind, ''), COALESCE(key, ''), pdu, state`

func scanInbox(s scanner) (r ledger.InboxRow, err error) {
	err = s.Scan(&r.ID, &r.Link, &r.IDScope, when{&r.ReceivedAt}, &r.Kind, &r.Key, &r.PDU, &r.State)
	return r, err
}

// Inbox lists rows in a state; see ledger.Reader.
func (d *DB) Inbox(ctx context.Context, state ledger.InboxState, after int64, n int) ([]ledger.InboxRow, error) {
	return read(ctx, d, scanInbox, `SELECT `+inboxColumns+` FROM inbox WHERE state = ?1 AND id > ?2 ORDER BY id LIMIT ?3`, string(state), after, limit(n))
}

// InboxRows lists the rows that a filter takes; see ledger.Reader.
func (d *DB) InboxRows(ctx context.Context, f ledger.InboxFilter, after int64, n int) ([]ledger.InboxRow, error) {
	where, args := `id > :after`, []any{sql.Named("after", after), sql.Named("n", limit(n))}
	add := func(condition, name string, value any) {
		where, args = where+" AND "+condition, append(args, sql.Named(name, value))
	}
	if f.State != "" {
		add(`state = :state`, "state", string(f.State))
	}
	if f.Link != "" {
		add(`link = :link`, "link", f.Link)
	}
	if !f.Since.IsZero() {
		add(`received_at >= :since`, "since", us(f.Since))
	}
	return read(ctx, d, scanInbox, `SELECT `+inboxColumns+` FROM inbox WHERE `+where+` ORDER BY id LIMIT :n`, args...)
}

// InboxByID reads some rows; see ledger.Reader.
func (d *DB) InboxByID(ctx context.Context, ids ...int64) ([]ledger.InboxRow, error) {
	in, err := list(ids)
	if err != nil {
		return nil, err
	}
	return read(ctx, d, scanInbox, `SELECT `+inboxColumns+` FROM inbox WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id`, in)
}

// InboxByKey lists the rows that wait under a key; see ledger.Reader.
func (d *DB) InboxByKey(ctx context.Context, scope, key string) ([]ledger.InboxRow, error) {
	return read(ctx, d, scanInbox, `SELECT `+inboxColumns+` FROM inbox WHERE id_scope = ?1 AND key = ?2 AND state IN ('new', 'waiting') ORDER BY id`, scope, key)
}

// InboxCounts counts rows by state; see ledger.Reader.
func (d *DB) InboxCounts(ctx context.Context) (map[ledger.InboxState]int, error) {
	counts := map[ledger.InboxState]int{}
	scan := func(s scanner) (struct{}, error) {
		var state ledger.InboxState
		var n int
		err := s.Scan(&state, &n)
		counts[state] = n
		return struct{}{}, err
	}
	_, err := read(ctx, d, scan, `SELECT state, COUNT(*) FROM inbox GROUP BY state`)
	return counts, err
}
