package campaign

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/sqlite"
)

// pacer is an engine that only lets targets go, on a clock of the test's.
type pacer struct {
	t   *testing.T
	db  *sqlite.DB
	now time.Time
	*Engine
}

func newPacer(t *testing.T, cards int) *pacer {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "simota.db"), sqlite.Options{Node: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var entries []catalog.Entry
	for i := range cards {
		entries = append(entries, catalog.Entry{
			Card:          catalog.Card{ICCID: fmt.Sprintf("89470100000000%05d", i), Type: "sja5"},
			Subscriptions: []catalog.Subscription{{Slot: 1, IMSI: fmt.Sprintf("9994000000%05d", i), Operator: "nordvik"}},
		})
	}
	if _, err := db.Import(t.Context(), "test", entries); err != nil {
		t.Fatal(err)
	}
	p := &pacer{t: t, db: db}
	p.restart()
	return p
}

// restart forgets all that is not in the database.
func (p *pacer) restart() {
	p.Engine = New(Config{Store: p.db, Node: "test", Now: func() time.Time { return p.now }, Log: zerolog.Nop()})
}

func (p *pacer) start(schedule string) {
	p.t.Helper()
	text := fmt.Sprintf("campaign: slots\nkind: rfm\nselect: {all: true}\nwrite: {lrplmnsi: \"01\"}\nschedule: %s\n", schedule)
	if _, err := p.Create(p.t.Context(), "test", []byte(text)); err != nil {
		p.t.Fatal(err)
	}
	if err := p.Start(p.t.Context(), "test", "slots"); err != nil {
		p.t.Fatal(err)
	}
}

// released sets the clock, lets the pacer look a few times, and counts.
func (p *pacer) released(at string) int {
	p.t.Helper()
	var err error
	if p.now, err = time.Parse(time.RFC3339, at); err != nil {
		p.t.Fatal(err)
	}
	budgets := map[int64]*budget{}
	for range 3 {
		if err := p.paceOnce(p.t.Context(), budgets); err != nil {
			p.t.Fatal(err)
		}
	}
	c, err := p.db.Campaign(p.t.Context(), "slots")
	if err != nil {
		p.t.Fatal(err)
	}
	if !c.NextRun.IsZero() && !c.NextRun.After(p.now) {
		p.t.Errorf("at %s the next slot is still %v", at, c.NextRun)
	}
	counts, err := p.db.Counts(p.t.Context(), c.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return counts.Released
}

func TestEachCronSlotRunsTheNextBatchOnce(t *testing.T) {
	t.Parallel()
	p := newPacer(t, 7)
	p.now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	p.start(`{cron: "0 2 * * *", zone: America/Sao_Paulo, batch: 2}`)
	for _, step := range []struct {
		at   string
		want int
	}{
		{"2026-11-21T12:00:00Z", 0}, // nothing before the first slot
		{"2026-11-22T04:59:59Z", 0},
		{"2026-11-22T05:00:00Z", 2}, // 02:00 in São Paulo
		{"2026-11-22T05:00:30Z", 2},
		{"2026-11-22T23:00:00Z", 2},
		{"2026-11-23T05:00:10Z", 4},
		{"2026-11-27T09:00:00Z", 4}, // four slots missed by hours: skipped
		{"2026-11-28T05:00:00Z", 6},
		{"2026-11-29T05:00:00Z", 7}, // the rest
	} {
		p.restart() // what counts is in the database
		if got := p.released(step.at); got != step.want {
			t.Errorf("at %s %d targets were let go, want %d", step.at, got, step.want)
		}
	}
}

func TestAMissedSlotRunsOnceWhenTheCampaignSaysSo(t *testing.T) {
	t.Parallel()
	p := newPacer(t, 5)
	p.now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	p.start(`{cron: "0 2 * * *", batch: 2, missed: run}`)
	if got := p.released("2026-11-27T09:00:00Z"); got != 2 {
		t.Errorf("%d targets were let go for several missed slots, want one batch of 2", got)
	}
	if got := p.released("2026-11-28T02:00:00Z"); got != 4 {
		t.Errorf("%d after the next slot, want 4", got)
	}
}

func TestAnInstantLetsEveryTargetGoOnce(t *testing.T) {
	t.Parallel()
	p := newPacer(t, 3)
	p.now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	p.start(`{at: "2026-11-22T02:00:00-03:00"}`)
	if got := p.released("2026-11-22T04:00:00Z"); got != 0 {
		t.Errorf("%d before the instant, want none", got)
	}
	if got := p.released("2026-11-22T05:00:20Z"); got != 3 {
		t.Errorf("%d at the instant, want 3", got)
	}
}

func TestACampaignThatCannotBePacedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	p := newPacer(t, 3)
	p.now = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	p.start("{}")
	broken := &ledger.CreateCampaign{Actor: "test", Campaign: ledger.Campaign{Name: "broken", Kind: "rfm", Spec: []byte("campaign: ["), State: ledger.CampaignCreated, CreatedAt: p.now}}
	for _, err := range p.db.Apply(t.Context(), broken) {
		if err != nil {
			t.Fatal(err)
		}
	}
	run := &ledger.SetCampaign{Actor: "test", ID: broken.ID, From: []ledger.CampaignState{ledger.CampaignCreated}, To: ledger.CampaignRunning, Quota: -1, At: p.now}
	for _, err := range p.db.Apply(t.Context(), run) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	budgets := map[int64]*budget{}
	for range 3 {
		err = p.paceOnce(t.Context(), budgets)
	}
	if err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("%v, want an error that names the campaign", err)
	}
	c, _ := p.db.Campaign(t.Context(), "slots")
	if counts, err := p.db.Counts(t.Context(), c.ID); err != nil || counts.Released != 3 {
		t.Errorf("%d of 3 cards of the other let go, %v", counts.Released, err)
	}
}
