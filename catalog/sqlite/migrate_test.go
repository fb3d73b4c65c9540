package sqlite

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// ofVersion makes a database as an older program left it: the schema of that
// version, with these rows.
func ofVersion(t *testing.T, version int64, rows ...string) (path string) {
	t.Helper()
	path = file(t)
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	p, err := provider(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	for _, row := range append(rows, `PRAGMA application_id = 1397312847`) { // liveID
		if _, err := db.ExecContext(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestDatabaseOfTheFirstSchemaOpensAndKeepsItsRows(t *testing.T) {
	t.Parallel()
	path := ofVersion(t, 1,
		`INSERT INTO card (id, iccid, type, country, tags, imei, no_cp) VALUES (7, '8949000000000000017', 'sja5-aes', 'BR', '["meter"]', '', 0)`,
		`INSERT INTO subscription (id, card_id, slot, imsi, msisdn, operator) VALUES (8, 7, 1, '999420000000001', '+49150', 'nordvik'), (9, 7, 2, '999700000000001', '+55119', 'aurora')`,
		`UPDATE card SET active = 8`,
		`INSERT INTO keyset (id, card_id, domain, kvn, kic_alg, kid_alg, cc_length, sealed_kic, kek_id, check_value, cntr)
			VALUES (5, 7, x'', 1, 'aes-128', 'aes-128', 8, x'01', 'kek-1', 'cv', 41)`)
	if _, err := Open(t.Context(), path, Options{Node: "test", ReadOnly: true}); err == nil || !strings.Contains(err.Error(), "open it for writing once") {
		t.Errorf("read-only: %v, want to be told to migrate", err)
	}
	db := open(t, path)
	e, err := db.Card(t.Context(), "8949000000000000017")
	if err != nil {
		t.Fatal(err)
	}
	if e.Card.ID != 7 || e.Card.Active != 8 || e.Card.EID != "" || e.Card.NextNotice != 0 || len(e.Subscriptions) != 2 || e.Subscriptions[1].IMSI != "999700000000001" ||
		e.Subscriptions[1].ISDP != "" || len(e.Keysets) != 1 || e.Keysets[0].Counter != 41 || len(e.Keysets[0].Domain) != 0 {
		t.Errorf("card after the migration: %+v", e)
	}
	e.Card.EID, e.Subscriptions[0].ISDP = "89049032000000000000000000000001", "A0000005591010FFFFFFFF8900001000"
	if _, err := db.Import(t.Context(), "test", []catalog.Entry{e}); err != nil {
		t.Fatal(err)
	}
	receive := &ledger.Receive{Row: ledger.InboxRow{Link: "l", IDScope: "l", ReceivedAt: db.now(), PDU: []byte{5}}}
	if err := db.Apply(t.Context(), receive)[0]; err != nil {
		t.Fatal(err)
	}
	if err := db.Apply(t.Context(), &ledger.Settle{InboxIDs: []int64{receive.ID}, State: ledger.InboxSettled, Notice: &ledger.NoticeSeen{CardID: 7, Sequence: 2}})[0]; err != nil {
		t.Fatal(err)
	}
	found, err := db.CardsByEID(t.Context(), e.Card.EID)
	if err != nil || len(found) != 1 || found[0].Card.NextNotice != 3 || found[0].Subscriptions[0].ISDP != e.Subscriptions[0].ISDP || found[0].Keysets[0].Counter != 41 {
		t.Errorf("by EID: %+v, %v", found, err)
	}
	if r, err := db.Check(t.Context()); err != nil || !r.OK() {
		t.Errorf("check: %+v, %v", r, err)
	}
}

func TestSubmissionsOfTheThirdSchemaGoToTheirOperator(t *testing.T) {
	t.Parallel()
	path := ofVersion(t, 3,
		`INSERT INTO card (id, iccid, type, country, tags, imei, no_cp) VALUES (7, '8949000000000000017', 't', 'BR', '[]', '', 0)`,
		`INSERT INTO subscription (id, card_id, slot, imsi, msisdn, operator) VALUES (8, 7, 1, '999420000000001', '+49150', 'nordvik')`,
		`INSERT INTO keyset (id, card_id, domain, kvn, kic_alg, kid_alg, cc_length, kek_id, check_value, cntr) VALUES (5, 7, x'', 1, 'aes-128', 'aes-128', 8, 'k', 'cv', 41)`,
		`INSERT INTO campaign (id, name, kind, spec, state, selected, canary_passed, quota) VALUES (3, 'c', 'swap', x'', 'running', 1, 0, -1)`,
		`INSERT INTO target (id, campaign_id, card_id, facts, state) VALUES (4, 3, 7, x'7B7D', 'snapshot')`,
		`INSERT INTO attempt (id, target_id, card_id, step, try, kind, keyset_id, counter, reference, deadline, created_at) VALUES (6, 4, 7, 1, 1, 'read', 5, 41, 1, 0, 0)`,
		`INSERT INTO part (id, attempt_id, seq, user_data) VALUES (1, 6, 1, x'00'), (2, 6, 2, x'01')`,
		`INSERT INTO submission (id, part_id, try, link, urgent, subscription_id, source, destination, state) VALUES
			(1, 1, 1, 'nordvik-1', 0, 8, '1', '2', 'accepted'), (2, 2, 1, 'nordvik-1', 1, 8, '1', '2', 'ready')`)
	db := open(t, path)
	a, err := db.Attempt(t.Context(), 6)
	if err != nil {
		t.Fatal(err)
	}
	sent, ready := a.Parts[0].Submissions[0], a.Parts[1].Submissions[0]
	if sent.Operator != "nordvik" || sent.Link != "nordvik-1" || ready.Operator != "nordvik" || ready.Link != "" || ready.Class != ledger.ClassConfirm {
		t.Errorf("sent to %q by %q, ready for %q by %q in class %d", sent.Operator, sent.Link, ready.Operator, ready.Link, ready.Class)
	}
	d, err := db.Dossier(t.Context(), 4)
	if err != nil || string(d.Target.Facts) != "{}" || d.Target.State != "snapshot" {
		t.Errorf("target %+v, %v", d.Target, err)
	}
	out, _, err := db.Outbox(t.Context(), "nordvik", db.now(), 10)
	if err != nil || len(out) != 1 || out[0].ID != 2 {
		t.Errorf("outbox %+v, %v", out, err)
	}
}

func TestSearchesByEIDUseTheirIndex(t *testing.T) {
	t.Parallel()
	db := open(t, file(t))
	var plan string
	err := db.look(t.Context(), func(r reader) error {
		var a, b, c int
		return r.row(`EXPLAIN QUERY PLAN `+cardsByEID, []any{"x"}, &a, &b, &c, &plan)
	})
	if err != nil || !strings.Contains(plan, "USING INDEX card_eid") {
		t.Errorf("plan %q, %v", plan, err)
	}
}
