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

// Outbox lists what is ready to go to an operator; see ledger.Reader.
func (d *DB) Outbox(ctx context.Context, operator string, now time.Time, n int) (out []ledger.Outgoing, next time.Time, err error) {
	turn := int(d.turn.Add(1))
	err = d.snapshot(ctx, func(r reader) error {
		for class := ledger.ClassConfirm; class >= ledger.ClassCampaign && len(out) < n; class-- {
			q := queue{reader: r, operator: operator, class: class, now: now}
			more, err := q.fair(n-len(out), turn)
			if err != nil {
				return err
			}
			out = append(out, more...)
		}
		if len(out) == n {
			next = now // there may be more
			return nil
		}
		return r.row(`SELECT MIN(not_before) FROM submission WHERE operator = ?1 AND state = 'ready' AND not_before IS NOT NULL AND not_before > ?2`,
			[]any{operator, us(now)}, when{&next})
	})
	return out, next, err
}

// queue is what is ready to go to an operator in one class.
type queue struct {
	reader
	operator string
	class    ledger.Class
	now      time.Time
}

// fair takes up to n submissions, of every campaign the same number, and what
// is left over of those that have more. turn says which campaign is first.
func (q queue) fair(n, turn int) (out []ledger.Outgoing, err error) {
	campaigns, err := q.campaigns()
	if err != nil || len(campaigns) == 0 {
		return nil, err
	}
	turn %= len(campaigns)
	campaigns = append(campaigns[turn:], campaigns[:turn]...)
	share := (n + len(campaigns) - 1) / len(campaigns)
	var busy []int // campaigns that may have more than their share
	last := make([]int64, len(campaigns))
	for i, c := range campaigns {
		part, err := q.of(c, 0, min(share, n-len(out)))
		if err != nil {
			return nil, err
		}
		if len(part) == share {
			busy, last[i] = append(busy, i), part[len(part)-1].ID
		}
		out = append(out, part...)
	}
	for _, i := range busy {
		part, err := q.of(campaigns[i], last[i], n-len(out))
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	return out, nil
}

// campaigns are those with something in the queue; each is a step in the index.
func (q queue) campaigns() (ids []int64, err error) {
	for after := int64(-1); ; {
		var id int64
		err := q.row(`SELECT COALESCE(MIN(campaign_id), -1) FROM submission WHERE operator = ?1 AND class = ?2 AND state = 'ready' AND campaign_id > ?3`,
			[]any{q.operator, int(q.class), after}, &id)
		if err != nil || id < 0 {
			return ids, err
		}
		ids, after = append(ids, id), id
	}
}

// of takes the oldest submissions of a campaign behind the given one.
func (q queue) of(campaign, after int64, n int) ([]ledger.Outgoing, error) {
	if n <= 0 {
		return nil, nil
	}
	rows, err := q.query(`SELECT a.kind, COALESCE(a.format, ''), COALESCE(a.target_id, 0), p.user_data, `+submissionColumns+` FROM submission s
		JOIN part p ON p.id = s.part_id JOIN attempt a ON a.id = p.attempt_id
		WHERE s.operator = ?1 AND s.class = ?2 AND s.campaign_id = ?3 AND s.id > ?4 AND s.state = 'ready' AND (s.not_before IS NULL OR s.not_before <= ?5)
		ORDER BY s.id LIMIT ?6`, q.operator, int(q.class), campaign, after, us(q.now), n)
	return collect(rows, err, func(s scanner) (v ledger.Outgoing, err error) {
		err = s.Scan(append([]any{&v.Kind, &v.Format, &v.TargetID, &v.UserData}, submissionFields(&v.Submission)...)...)
		return v, err
	})
}

// Awaited lists the operators that something is ready for; see ledger.Reader.
func (d *DB) Awaited(ctx context.Context) ([]string, error) {
	scan := func(s scanner) (name string, err error) {
		err = s.Scan(&name)
		return name, err
	}
	return read(ctx, d, scan, `SELECT DISTINCT operator FROM submission WHERE state = 'ready' ORDER BY operator`)
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
