package main_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/simota/simota/cmd/simota/internal/laws"
)

// What goes wrong while the server is being killed: duplicates, 02 before 00,
// lost and early receipts, a response never sent, a card reset between parts.
const killFaults = `
faults:
  duplicates: 0.05
  late_proof: 0.03
  lost_receipts: 0.03
  early_receipts: 0.05
  lost_responses: 0.03
  reset_between_parts: 0.03
  lost_mo: 0.02
  throttle: 0.02
`

// Several files, so that a packet has several parts.
const killCampaign = `
campaign: kill
kind: rfm
select: {all: true}
write:
  spn: "0173696d6f7461"
  lrplmnsi: "01"
  oplmnwact: "99f9074000" 
  gid1: "0102030405060708"
  plmnwact: "99f907400099f904c000ffffff0000ffffff0000ffffff0000ffffff0000ffffff0000ffffff0000"
rate: 25/s
deadlines: {snapshot: 60m, switching: 60m}
`

// TestAKilledServerBreaksNoLaw kills the real server at 20 random moments of a
// campaign over 500 cards, while the world goes on, and asks at the end what
// database, wire and cards say.
func TestAKilledServerBreaksNoLaw(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute of real processes")
	}
	t.Parallel()
	const cards, kills = 500, 20
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed of the moments: %d", seed)
	moments := rand.New(rand.NewPCG(seed, 0))

	w := newWorld(t, cards, 1, killFaults)
	w.startLab()
	server := w.startServer()
	w.ready()
	w.furnish()
	w.start(killCampaign)
	for range kills {
		select {
		case <-time.After(time.Duration(300+moments.IntN(1500)) * time.Millisecond):
		case <-server.done:
			t.Fatal("the server ended by itself")
		}
		server.kill()
		server = w.startServer()
	}
	w.ready()
	w.eventually("the campaign is done", func(ctx context.Context) bool {
		c, err := w.client.Campaign(ctx, "kill")
		return err == nil && c.State == "done"
	})
	c, err := w.client.Campaign(t.Context(), "kill")
	if err != nil {
		t.Fatal(err)
	}
	server.stop()

	r, err := laws.Check(t.Context(), filepath.Join(w.dir, "simota.db"), filepath.Join(w.dir, "logs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Laws {
		if l.Broken > 0 || l.Looked == 0 {
			t.Errorf("law broken %d times in %d observations: %s: %s", l.Broken, l.Looked, l.Name, l.First)
		}
	}
	t.Logf("%d cards: %v, %+v", c.Total, c.ByState, c.Traffic)
	if c.Total != cards || c.ByState["written"] < cards*95/100 {
		t.Errorf("too few cards were written: %v", c.ByState)
	}
	// The test proves nothing unless the faults happened.
	for what, n := range map[string]int{
		"replayed packets":   w.count("card.jsonl", `"result":"replayed"`),
		"lost receipts":      w.count("world.jsonl", `"event":"receipt lost"`),
		"card resets":        w.count("world.jsonl", `"event":"card reset"`),
		"copies":             w.count("world.jsonl", `"copy":true`),
		"throttled messages": w.count("wire.jsonl", `"command":"submit_sm_resp"`, `"status":88`),
		"binds":              w.count("wire.jsonl", `"command":"bind_transceiver"`) - kills,
	} {
		if n < 1 {
			t.Errorf("no %s: the world was too kind", what)
		} else {
			t.Logf("%d %s", n, what)
		}
	}
}
