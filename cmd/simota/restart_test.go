package main_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/laws"
	"github.com/simota/simota/ota/lab/uicc"
)

const simpleCampaign = `
campaign: simple
kind: rfm
select: {all: true}
write: {spn: "0173696d6f7461", lrplmnsi: "01"}
`

// TestAScheduledCampaignRunsOnceAcrossARestart kills the server between the
// start of a campaign and the instant for which it is scheduled.
func TestAScheduledCampaignRunsOnceAcrossARestart(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds of real processes")
	}
	t.Parallel()
	const cards = 6
	w := newWorld(t, cards, 1, "")
	w.startLab()
	server := w.startServer()
	w.ready()
	w.furnish()
	at := time.Now().Add(3 * time.Second).Truncate(time.Second)
	w.start(simpleCampaign + fmt.Sprintf("schedule: {at: %q}\n", at.Format(time.RFC3339)))
	c, err := w.client.Campaign(t.Context(), "simple")
	if err != nil {
		t.Fatal(err)
	}
	if !c.NextRun.Equal(at) {
		t.Errorf("next run %v, want %v", c.NextRun, at)
	}
	server.kill()
	server = w.startServer()
	w.ready()
	w.done("simple", cards, "written")
	server.kill()
	server = w.startServer() // the slot has been: it does not come again
	w.ready()
	w.done("simple", cards, "written")
	server.stop()
	first := true
	for _, f := range logged[frame](w, "wire.jsonl") {
		if f.Command == "submit_sm" && first {
			first = false
			if f.At.Before(at) {
				t.Errorf("submit_sm at %v: the campaign runs at %v", f.At, at)
			}
		}
	}
	w.writtenOnce(sampleCards(t, cards, 1, ""))
	w.lawful()
}

// writtenOnce asserts that each of the cards has run one packet that writes.
func (w *world) writtenOnce(cards []sampleCard) {
	w.t.Helper()
	wrote := map[string]int{}
	for _, p := range logged[uicc.LogEntry](w, "card.jsonl") {
		if p.Result == uicc.ResultExecuted && p.Writes > 0 {
			wrote[p.ICCID]++
		}
	}
	for _, c := range cards {
		if n := wrote[c.iccid]; n != 1 {
			w.t.Errorf("card %s was written %d times", c.iccid, n)
		}
	}
}

// done waits for the end of a campaign, all of whose cards end alike.
func (w *world) done(name string, cards int, state string) {
	w.t.Helper()
	var last api.Campaign
	w.eventually("campaign "+name+" is done", func(ctx context.Context) bool {
		c, err := w.client.Campaign(ctx, name)
		if err == nil {
			last = c
		}
		return err == nil && c.State == "done"
	})
	if last.ByState[state] != cards {
		w.t.Errorf("campaign %s: %v, want %d %s", name, last.ByState, cards, state)
	}
}

// sent waits until a campaign has sent so many messages.
func (w *world) sent(name string, n int) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("campaign %s has sent %d messages", name, n), func(ctx context.Context) bool {
		c, err := w.client.Campaign(ctx, name)
		return err == nil && c.Traffic.Sent >= n
	})
}

// TestAStoppedServerLeavesNothingHalfDone sends SIGTERM while a campaign runs.
func TestAStoppedServerLeavesNothingHalfDone(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds of real processes")
	}
	t.Parallel()
	const cards = 100
	w := newWorld(t, cards, 1, "")
	w.startLab()
	server := w.startServer()
	w.ready()
	w.furnish()
	w.start(simpleCampaign + "rate: 100/s\n")
	for stops := 1; stops <= 3; stops++ {
		w.sent("simple", 50*stops)
		server.stop()
		if code := server.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("stop %d: exit code %d", stops, code)
		}
		w.settled()
		w.lawful()
		server = w.startServer()
		w.ready()
	}
	w.done("simple", cards, "written")
	server.stop()
	w.settled()
	w.lawful()
}

// settled asserts that nothing of a stopped server is under way: no submission
// is being sent or ambiguous, every PDU was looked at.
func (w *world) settled() {
	w.t.Helper()
	ctx := w.t.Context()
	db := w.open("simota.db")
	defer db.Close()
	counts, err := db.InboxCounts(ctx)
	if err != nil || counts[ledger.InboxNew] > 0 {
		w.t.Errorf("inbox of a stopped server: %v, %v", counts, err)
	}
	campaigns, err := db.Campaigns(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	states := map[ledger.SubmissionState]int{}
	for _, c := range campaigns {
		targets, err := db.Targets(ctx, c.ID, nil, 0, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, target := range targets {
			d, err := db.Dossier(ctx, target.ID)
			if err != nil {
				w.t.Fatal(err)
			}
			for _, a := range d.Attempts {
				for _, p := range a.Parts {
					for _, s := range p.Submissions {
						states[s.State]++
					}
				}
			}
		}
	}
	w.t.Logf("stopped: submissions %v, inbox %v", states, counts)
	if states[ledger.Submitting] > 0 || states[ledger.Ambiguous] > 0 || len(states) == 0 {
		w.t.Errorf("submissions of a stopped server: %v", states)
	}
}

// open opens a database of the world to read it.
func (w *world) open(name string) *sqlite.DB {
	w.t.Helper()
	db, err := sqlite.Open(w.t.Context(), filepath.Join(w.dir, name), sqlite.Options{ReadOnly: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return db
}

// counters are those of every card.
func (w *world) counters(name string) map[string]uint64 {
	w.t.Helper()
	db := w.open(name)
	defer db.Close()
	cards, err := db.Cards(w.t.Context(), catalog.Filter{}, 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]uint64{}
	for _, c := range cards {
		out[c.Card.ICCID] = c.Keysets[0].Counter
	}
	return out
}

// TestARestoredBackupIsRefusedUntilAdopted puts a backup in place of a
// database that went on: cards have seen packets that it knows nothing of.
func TestARestoredBackupIsRefusedUntilAdopted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds of real processes")
	}
	t.Parallel()
	const cards, lift = 180, 65536 // a sixth of them of each type
	w := newWorld(t, cards, 1, "")
	w.change("lab.yaml", "hop: 300ms", "hop: 3s") // so that many cards are between two packets at any time
	w.startLab()
	server := w.startServer()
	w.ready()
	w.furnish()
	// Of the first campaign the backup has cards that were read and not written.
	halves := strings.NewReplacer("{all: true}", "{card_type: sja5-aes}", ": simple", ": first")
	w.start(halves.Replace(simpleCampaign) + "rate: 60/s\n")
	w.sent("first", 10)
	w.pause("first")
	w.start(strings.ReplaceAll(simpleCampaign, "{all: true}", "{card_type: sja2-3des}") + "rate: 60/s\n")
	w.sent("simple", 20)
	backup := filepath.Join(w.dir, "backup.db")
	if err := w.client.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	w.resume("first")
	w.sent("simple", 50)
	w.done("first", cards/6, "written")
	server.stop()
	before := w.counters("backup.db")
	w.restore(backup)

	server = w.startServer()
	<-server.done
	if said := server.said(); server.cmd.ProcessState.ExitCode() == 0 || !strings.Contains(said, "simota db adopt-restore") {
		t.Errorf("a server on a backup ended with %d: %s", server.cmd.ProcessState.ExitCode(), said)
	}
	adopt := w.run("db", "adopt-restore", "-c", "simota.yaml")
	<-adopt.done
	if said := adopt.said(); adopt.cmd.ProcessState.ExitCode() != 0 || !strings.Contains(said, "paused: simple") {
		t.Fatalf("adopt-restore ended with %d: %s", adopt.cmd.ProcessState.ExitCode(), said)
	}
	after := w.counters("simota.db")
	for iccid, n := range before {
		if after[iccid] != n+lift {
			t.Errorf("card %s: counter %d after %d", iccid, after[iccid], n)
		}
	}
	if len(before) != cards {
		t.Errorf("%d cards in the backup, want %d", len(before), cards)
	}

	server = w.startServer()
	w.ready()
	for _, name := range []string{"first", "simple"} {
		if c, err := w.client.Campaign(t.Context(), name); err != nil || c.State != "paused" {
			t.Fatalf("after adopt-restore campaign %s is %q, %v", name, c.State, err)
		}
		w.resume(name)
	}
	w.done("first", cards/6, "written")
	w.done("simple", cards/6, "written")
	server.stop()
	w.forgetful()
	// What cleared their key sets showed that they were written already.
	w.writtenOnce(sampleCards(t, cards, 1, "sja5-aes"))
}

// pause pauses a campaign and waits until every card has answered.
func (w *world) pause(name string) {
	w.t.Helper()
	if _, err := w.client.Pause(w.t.Context(), name); err != nil {
		w.t.Fatal(err)
	}
	w.eventually("campaign "+name+" is quiet", func(ctx context.Context) bool {
		c, err := w.client.Campaign(ctx, name)
		return err == nil && c.State == "paused" && c.Traffic.Receipts >= c.Traffic.Sent && c.Traffic.Proofs >= c.Traffic.Sent
	})
}

func (w *world) resume(name string) {
	w.t.Helper()
	if _, err := w.client.Resume(w.t.Context(), name); err != nil {
		w.t.Fatal(err)
	}
}

// restore does what a person does: the copy in place, the log of the lost
// database away. The sidecar stays.
func (w *world) restore(backup string) {
	w.t.Helper()
	database := filepath.Join(w.dir, "simota.db")
	text, err := os.ReadFile(backup)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, tail := range []string{"-wal", "-shm"} {
		if err := os.Remove(database + tail); err != nil && !errors.Is(err, os.ErrNotExist) {
			w.t.Fatal(err)
		}
	}
	if err := os.WriteFile(database, text, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// said is all that a process has written.
func (p *process) said() string {
	p.t.Helper()
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// forgetful holds the laws against a database that does not know all of what
// was sent: cards and its own rows must be in order.
func (w *world) forgetful() {
	w.t.Helper()
	r, err := laws.Check(w.t.Context(), filepath.Join(w.dir, "simota.db"), filepath.Join(w.dir, "logs"))
	if err != nil {
		w.t.Fatal(err)
	}
	mustHold := func(name string) bool {
		return strings.HasPrefix(name, "database: ") || slices.Contains([]string{laws.OneOctetString, laws.OneExecution}, name)
	}
	for _, l := range r.Laws {
		if l.Broken > 0 && mustHold(l.Name) || l.Looked == 0 {
			w.t.Errorf("law broken %d times in %d observations: %s: %s", l.Broken, l.Looked, l.Name, l.First)
		}
	}
	// The test proves nothing unless the cards saw what the backup does not know.
	const unknown = "a packet that a card saw and the database does not know"
	if r.Broken(unknown) == 0 {
		w.t.Error("the backup knows every packet that the cards saw")
	}
	w.t.Logf("%d packets of the cards are not in the restored database", r.Broken(unknown))
}
