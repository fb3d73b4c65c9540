package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// fleet imports one card and starts one campaign.
func fleet(t testing.TB, d *DB) catalog.Entry {
	t.Helper()
	if _, err := d.Import(context.Background(), "test", []catalog.Entry{{
		Card:          catalog.Card{ICCID: "8949000000000000001", Type: "x"},
		Subscriptions: []catalog.Subscription{{Slot: 1, IMSI: "999420000000001", MSISDN: "+491", Operator: "nordvik"}},
		Keysets:       []catalog.Keyset{{Version: 1, KIcAlg: "aes-128", KIDAlg: "aes-128", CCLength: 8, Counter: 40}, {Version: 2, Counter: maxCounter - 1}},
	}}); err != nil {
		t.Fatal(err)
	}
	c := &ledger.CreateCampaign{Actor: "test", Campaign: ledger.Campaign{Name: "one", Kind: "swap", CreatedAt: now}}
	if err := d.Apply(context.Background(), c)[0]; err != nil {
		t.Fatal(err)
	}
	if err := d.Apply(context.Background(), &ledger.SetCampaign{Actor: "test", ID: c.ID, From: []ledger.CampaignState{ledger.CampaignCreated}, To: ledger.CampaignRunning, At: now})[0]; err != nil {
		t.Fatal(err)
	}
	e, err := d.Card(context.Background(), "8949000000000000001")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func closed(t testing.TB, d *DB) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func refused(t testing.TB, path string, want error, words ...string) {
	t.Helper()
	d, err := Open(context.Background(), path, Options{})
	if err == nil {
		closed(t, d)
	}
	if !errors.Is(err, want) {
		t.Fatalf("Open = %v, want %v", err, want)
	}
	for _, s := range words {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error %q does not say %q", err, s)
		}
	}
}

func TestGenerationRises(t *testing.T) {
	t.Parallel()
	path := file(t)
	for want := int64(1); want < 6; want += 2 {
		d := open(t, path)
		for i := range int64(2) {
			got, err := d.Generation(t.Context())
			if err != nil || got != want+i {
				t.Fatalf("generation %d (%v), want %d", got, err, want+i)
			}
			side, found, err := readSidecar(path)
			if err != nil || !found || side != got {
				t.Fatalf("sidecar %d, %v, %v, want %d", side, found, err, got)
			}
			if i == 0 {
				if err := d.RaiseGeneration(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		closed(t, d)
	}
}

func TestACrashBetweenDatabaseAndSidecarIsNoRestore(t *testing.T) {
	t.Parallel()
	path := file(t)
	closed(t, open(t, path))
	if err := os.Remove(sidecar(path)); err != nil { // the very first raise did not get so far
		t.Fatal(err)
	}
	closed(t, open(t, path))
	if err := writeSidecar(path, 1); err != nil { // nor did the second
		t.Fatal(err)
	}
	closed(t, open(t, path))
}

func TestAnOldCopyPutInPlaceIsRefusedUntilAdopted(t *testing.T) {
	t.Parallel()
	path := file(t)
	d := open(t, path)
	e := fleet(t, d)
	closed(t, d)
	old := path + ".old"
	copyFile(t, path, old)
	closed(t, open(t, path)) // goes on, and sends
	copyFile(t, old, path)
	refused(t, path, ErrRestored, "adopt-restore")

	r, err := AdoptRestore(t.Context(), path, "eve", now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(AdoptReport{Paused: []string{"one"}, Keysets: 2, Generation: 3}, r); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	adopted(t, open(t, path), e)
}

// adopted checks what AdoptRestore has to have done to a fleet.
func adopted(t *testing.T, d *DB, e catalog.Entry) {
	t.Helper()
	got, err := d.CardByID(t.Context(), e.Card.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := []uint64{40 + 65536, maxCounter}
	for i, k := range got.Keysets {
		if !k.Suspect || k.Counter != want[i] {
			t.Errorf("keyset %d: suspect %v, counter %d, want %d", k.Version, k.Suspect, k.Counter, want[i])
		}
	}
	if c, err := d.Campaign(t.Context(), "one"); err != nil || c.State != ledger.CampaignPaused {
		t.Errorf("campaign is %q (%v), want paused", c.State, err)
	}
	rows, err := d.Audit(t.Context(), 0, 0)
	if err != nil || rows[len(rows)-1].Verb != "db.adopt-restore" || rows[len(rows)-1].Actor != "eve" {
		t.Errorf("audit %+v (%v)", rows, err)
	}
	if r, err := d.Check(t.Context()); err != nil || !r.OK() {
		t.Errorf("check %+v, %v", r, err)
	}
}

func TestABackupIsRefusedUntilAdopted(t *testing.T) {
	t.Parallel()
	path := file(t)
	d := open(t, path)
	e := fleet(t, d)
	before, err := d.Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dst := filepath.Join(t.TempDir(), "copy.db")
	if err := d.Backup(t.Context(), "eve", dst); err != nil {
		t.Fatal(err)
	}
	if after, err := d.Generation(t.Context()); err != nil || after != before+1 {
		t.Errorf("own generation %d (%v), want %d", after, err, before+1)
	}
	rows, err := d.Audit(t.Context(), 0, 0)
	if err != nil || rows[len(rows)-1].Verb != "db.backup" {
		t.Errorf("audit %+v (%v)", rows, err)
	}
	if err := d.Backup(t.Context(), "eve", dst); err == nil {
		t.Error("a backup is written over another")
	}
	if left, err := filepath.Glob(dst + "?*"); err != nil || len(left) > 0 {
		t.Errorf("left beside the copy: %v (%v)", left, err)
	}
	closed(t, d)

	refused(t, dst, ErrRestored, "backup copy", "adopt-restore") // elsewhere, without any sidecar
	copyFile(t, dst, path)
	refused(t, path, ErrRestored, "backup copy", "adopt-restore")
	if _, err := AdoptRestore(t.Context(), path, "eve", now); err != nil {
		t.Fatal(err)
	}
	adopted(t, open(t, path), e)
}

func TestABackupCanBeLookedInto(t *testing.T) {
	t.Parallel()
	d := open(t, file(t))
	e := fleet(t, d)
	dst := filepath.Join(t.TempDir(), "copy #1?.db") // and a name that needs care
	if err := d.Backup(t.Context(), "eve", dst); err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), dst, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, c)
	if got, err := c.Card(t.Context(), e.Card.ICCID); err != nil || !cmp.Equal(got, e) {
		t.Errorf("card %+v, %v", got, err)
	}
	if r, err := c.Check(t.Context()); err != nil || !r.OK() {
		t.Errorf("check %+v, %v", r, err)
	}
	if err := c.Apply(t.Context(), receive())[0]; !errors.Is(err, ErrReadOnly) {
		t.Errorf("Apply = %v, want ErrReadOnly", err)
	}
	if err := c.Backup(t.Context(), "eve", dst+"2"); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Backup = %v, want ErrReadOnly", err)
	}
}

func TestALogOfAnotherDatabaseIsNotPlayedIntoABackup(t *testing.T) {
	t.Parallel()
	path := file(t)
	d := open(t, path)
	fleet(t, d)
	dst := filepath.Join(t.TempDir(), "copy.db")
	if err := d.Backup(t.Context(), "eve", dst); err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(t.TempDir(), "simota.db")
	copyFile(t, dst, crashed)
	copyFile(t, path+"-wal", crashed+"-wal")
	refused(t, crashed, ErrRestored, "-wal")
	if _, err := AdoptRestore(t.Context(), crashed, "eve", now); !errors.Is(err, ErrRestored) {
		t.Errorf("AdoptRestore = %v, want ErrRestored", err)
	}
	if err := os.Remove(crashed + "-wal"); err != nil {
		t.Fatal(err)
	}
	if _, err := AdoptRestore(t.Context(), crashed, "eve", now); err != nil {
		t.Error(err)
	}
}

func TestMissingAndBrokenFilesAreRefused(t *testing.T) {
	t.Parallel()
	path := file(t)
	closed(t, open(t, path))
	closed(t, open(t, path))
	kept := path + ".kept"

	t.Run("sidecar unreadable", func(t *testing.T) {
		if err := os.WriteFile(sidecar(path), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, path, ErrRestored, "adopt-restore")
	})
	t.Run("sidecar missing", func(t *testing.T) {
		if err := os.Remove(sidecar(path)); err != nil {
			t.Fatal(err)
		}
		refused(t, path, ErrRestored, "adopt-restore")
		if _, err := AdoptRestore(t.Context(), path, "eve", now); err != nil {
			t.Fatal(err)
		}
		closed(t, open(t, path))
	})
	t.Run("database missing", func(t *testing.T) {
		if err := os.Rename(path, kept); err != nil {
			t.Fatal(err)
		}
		refused(t, path, ErrRestored, "backup")
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a new database was begun: %v", err)
		}
		if err := os.Rename(kept, path); err != nil {
			t.Fatal(err)
		}
		closed(t, open(t, path))
	})
	t.Run("of another program", func(t *testing.T) {
		foreign := filepath.Join(t.TempDir(), "foreign.db")
		if err := os.WriteFile(foreign, []byte("this is not a database, and long enough to be none"), 0o600); err != nil {
			t.Fatal(err)
		}
		if d, err := Open(t.Context(), foreign, Options{}); err == nil {
			closed(t, d)
			t.Error("a text file is opened")
		}
	})
	t.Run("read-only without a file", func(t *testing.T) {
		if _, err := Open(t.Context(), path+".none", Options{ReadOnly: true}); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Open = %v, want ErrNotExist", err)
		}
	})
}

func TestANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := file(t)
	d := open(t, path)
	if _, err := d.write.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		t.Fatal(err)
	}
	closed(t, d)
	for _, o := range []Options{{}, {ReadOnly: true}} {
		if d, err := Open(t.Context(), path, o); err == nil || !strings.Contains(err.Error(), "99999") {
			t.Errorf("Open(%+v) = %v, %v, want it to name the version", o, d, err)
		}
	}
}

func TestTwoServersDoNotShareADatabase(t *testing.T) {
	t.Parallel()
	path := file(t)
	d := open(t, path)
	refused(t, path, ErrLocked)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	refused(t, link, ErrLocked)
	if _, err := AdoptRestore(t.Context(), path, "eve", now); !errors.Is(err, ErrLocked) {
		t.Errorf("AdoptRestore = %v, want ErrLocked", err)
	}
	r, err := Open(t.Context(), path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	closed(t, r)
	closed(t, d)
	closed(t, open(t, path))
}

func TestCheckFinds(t *testing.T) {
	t.Parallel()
	ofTheFile := map[string]bool{"a removed audit row": true, "an altered audit row": true, "a row that points nowhere": true}
	ofACard := map[string]bool{"a counter that fell": true, "an attempt without octets": true, "a step that ran twice": true, "a pair within another": true}
	for name, damage := range map[string]string{
		"a removed audit row":       `DROP TRIGGER audit_is_kept; DELETE FROM audit WHERE id = 1`,
		"an altered audit row":      `DROP TRIGGER audit_is_append_only; UPDATE audit SET actor = 'nobody' WHERE id = 2`,
		"a counter that fell":       `DROP TRIGGER counter_never_falls; UPDATE keyset SET cntr = 40 WHERE kvn = 1`,
		"a row that points nowhere": `PRAGMA foreign_keys = OFF; INSERT INTO part (attempt_id, seq, user_data) VALUES (999, 1, x'')`,
		"an attempt without octets": `DELETE FROM part`,
		"a step that ran twice": `UPDATE attempt SET kind = 'write', outcome = 'executed'; INSERT INTO attempt (target_id, card_id, step, try, kind, keyset_id, counter, script, fence, reference, deadline, outcome, created_at)
			SELECT target_id, card_id, step, 2, kind, keyset_id, 40, script, fence, reference, deadline, outcome, created_at FROM attempt`,
		"a pair within another":        `INSERT INTO pair (card_id, imei, imsi, source, seen_at, last_seen) SELECT id, '1', '1', '', 1, 9 FROM card UNION ALL SELECT id, '2', '1', '', 2, 2 FROM card`,
		"a row that waits for nothing": `INSERT INTO inbox (link, id_scope, received_at, pdu, state) VALUES ('l', 's', 0, x'', 'waiting')`,
		"a row nobody looked at":       `INSERT INTO inbox (link, id_scope, received_at, pdu) VALUES ('l', 's', 0, x'')`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, file(t))
			e := fleet(t, d)
			bound(t, d, e)
			if r, err := d.Check(t.Context()); err != nil || !r.OK() || r.AuditRows != 3 {
				t.Fatalf("before: %+v, %v", r, err)
			}
			conn, err := d.write.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.ExecContext(t.Context(), damage); err != nil {
				t.Fatal(err)
			}
			r, err := d.Check(t.Context())
			if err != nil || r.OK() {
				t.Errorf("after: %+v, %v", r, err)
			}
			if ofCard, sound := ofACard[name], !ofTheFile[name]; r.Sound() != sound || slices.ContainsFunc(r.Laws, func(c Count) bool { return c.ICCID == e.Card.ICCID }) != ofCard {
				t.Errorf("sound %v, want %v; it has to name the card: %v; %+v", r.Sound(), sound, ofCard, r)
			}
		})
	}
}

// bound binds one read of the card of a fleet.
func bound(t testing.TB, d *DB, e catalog.Entry) {
	t.Helper()
	c, err := d.Campaign(context.Background(), "one")
	if err != nil {
		t.Fatal(err)
	}
	lease := &ledger.TakeLease{TargetID: 1, Node: "a", Now: now, Until: now}
	bind := &ledger.Bind{Lease: ledger.Lease{TargetID: 1, Token: 1}, Old: 40, New: 41, Parts: [][]byte{{1}},
		Attempt: ledger.Attempt{Step: 1, Try: 1, Kind: ledger.Read, KeysetID: e.Keysets[0].ID, Deadline: now, CreatedAt: now}}
	for _, err := range d.Apply(context.Background(), &ledger.AddTargets{CampaignID: c.ID, CardIDs: []int64{e.Card.ID}, At: now}, lease, bind) {
		if err != nil {
			t.Fatal(err)
		}
	}
}
