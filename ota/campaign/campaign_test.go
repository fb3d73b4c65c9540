package campaign_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/sat/rfm"
)

const swapFile = `
campaign: br
kind: swap
select: {operator: nordvik, country: BR, tags: [meter]}
to: aurora
attested: aurora knows these IMSIs with these cards' keys
max_unproven: 50
done_when: settings-delivered
deadlines: {snapshot: 10m, switched: 1m, probing: 10m}
`

func TestErrorsOfTheParserShowNoLinesOfTheFile(t *testing.T) {
	t.Parallel()
	_, err := campaign.ParseSpec([]byte("campaign: a\nitems: [{data: hunter2, recrd: 1}]\n"))
	if want := `campaign: [2:25] unknown field "recrd"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestASwapMovesAndConfiguresCardsOfBothFormats(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4, 60)
	name := w.start(swapFile)
	w.until(name, func(c ledger.Counts) bool { return c.Total == 4 && c.ByState["settings delivered"] == 4 })
	for number, p := range w.phones {
		p.mu.Lock()
		if number[:3] == "+55" && (p.card.SMSC() != "+5511900000001" || len(p.applied) < 2) {
			t.Errorf("%s: SMSC %s, %d documents applied", number, p.card.SMSC(), len(p.applied))
		}
		p.mu.Unlock()
	}
}

func TestTheMoveIsProvenAtTheNewNumberWhenTheSwitchProofIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 60)
	w.each(func(p *phone) { p.silentFrom = "+47" })
	name := w.start(strings.Replace(swapFile, "settings-delivered", "moved", 1))
	// The old network carries snapshots only: every later proof from it is lost.
	w.until(name, func(c ledger.Counts) bool { return c.ByState["moved"] == 2 })
}

func TestAModemThatIgnoresRefreshWaitsForARestartAndMovesAfterIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.each(func(p *phone) { p.deaf = true })
	name := w.start(strings.Replace(swapFile, "settings-delivered", "moved", 1))
	w.until(name, func(c ledger.Counts) bool { return c.ByState["waiting for restart"] == 1 && c.Unproven == 1 })
	w.each(func(p *phone) { p.attached = p.card.IMSI() })
	c := w.until(name, func(c ledger.Counts) bool { return c.ByState["moved"] == 1 })
	if c.Unproven != 0 {
		t.Errorf("still counted as unproven: %+v", c)
	}
}

func TestACardThatNeverAnswersIsHeldAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.each(func(p *phone) { p.mute = func(delivery.Message) bool { return true } })
	name := w.start(swapFile)
	w.until(name, func(c ledger.Counts) bool { return c.ByState["held"] == 1 && c.Open == 0 })
	w.law()
}

func TestACardThatIsGoneAfterTheSwitchIsDarkAndASignOfLifeReopensIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.each(func(p *phone) { p.mute = func(m delivery.Message) bool { return p.card.IMSI()[:5] == "99970" } })
	name := w.start(strings.Replace(swapFile, "settings-delivered", "moved", 1))
	c := w.until(name, func(c ledger.Counts) bool { return c.ByState["dark"] == 1 && c.Open == 0 })
	if c.Unproven != 1 {
		t.Errorf("a dark card counts as unproven until a person resumes: %+v", c)
	}
	w.each(func(p *phone) { p.mute = nil })
	w.until(name, func(c ledger.Counts) bool { return c.ByState["moved"] == 1 && c.Open == 0 })
	w.law()
}

func TestMaxUnprovenHoldsBackTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 6, 600)
	w.each(func(p *phone) { p.deaf = true })
	name := w.start(strings.Replace(swapFile, "max_unproven: 50", "max_unproven: 2", 1))
	most := 0
	w.until(name, func(c ledger.Counts) bool {
		most = max(most, c.Unproven)
		return c.ByState["waiting for restart"] == 2
	})
	w.each(func(p *phone) { p.deaf, p.attached = false, p.card.IMSI() })
	w.until(name, func(c ledger.Counts) bool {
		most = max(most, c.Unproven)
		return c.ByState["settings delivered"] == 6
	})
	if most > 2 {
		t.Errorf("%d cards were unproven at once, 2 are allowed", most)
	}
}

func TestTheCanaryMustMoveBeforeTheRestStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5, 600)
	w.each(func(p *phone) { p.deaf = true })
	name := w.start(swapFile + "canary: 2\n")
	c := w.until(name, func(c ledger.Counts) bool { return c.ByState["waiting for restart"] == 2 })
	if c.Released != 2 {
		t.Errorf("%d targets were let go, the canary is 2", c.Released)
	}
	w.each(func(p *phone) { p.deaf, p.attached = false, p.card.IMSI() })
	w.until(name, func(c ledger.Counts) bool { return c.ByState["settings delivered"] == 5 })
}

func TestCancelStopsWhatIsNotWrittenAndLetsTheRestEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, 600)
	ctx := t.Context()
	w.each(func(p *phone) { p.deaf = true })
	name := w.start(strings.Replace(swapFile, "max_unproven: 50", "max_unproven: 1", 1))
	w.until(name, func(c ledger.Counts) bool { return c.ByState["waiting for restart"] == 1 })
	if err := w.engine.Cancel(ctx, "test", name, false); err != nil {
		t.Fatal(err)
	}
	c := w.until(name, func(c ledger.Counts) bool { return c.ByState["cancelled"] == 2 })
	if c.ByState["waiting for restart"] != 1 {
		t.Errorf("the switched card must run to its end: %+v", c)
	}
	w.each(func(p *phone) { p.deaf, p.attached = false, p.card.IMSI() })
	w.until(name, func(c ledger.Counts) bool { return c.ByState["settings delivered"] == 1 && c.Open == 0 })
}

func TestCancelHardSettlesTheOpenWriteAndStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 60)
	w.each(func(p *phone) { p.silentFrom = "+47"; p.deaf = true })
	name := w.start(swapFile)
	w.until(name, func(c ledger.Counts) bool { return c.ByState["switching"] == 1 })
	if err := w.engine.Cancel(t.Context(), "test", name, true); err != nil {
		t.Fatal(err)
	}
	w.each(func(p *phone) { p.silentFrom = "" })
	w.until(name, func(c ledger.Counts) bool { return c.ByState["cancelled"] == 1 && c.Open == 0 })
	w.law()
}

func TestPauseHoldsNewCardsAndResumeGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4, 60)
	ctx := t.Context()
	c, err := w.engine.Create(ctx, "test", []byte(strings.Replace(swapFile, "max_unproven: 50", "max_unproven: 1", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Start(ctx, "test", c.Name); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Pause(ctx, "test", c.Name); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Pause(ctx, "test", c.Name); !errors.Is(err, campaign.ErrState) {
		t.Errorf("a second pause gives %v", err)
	}
	if err := w.engine.Resume(ctx, "test", c.Name); err != nil {
		t.Fatal(err)
	}
	w.until(c.Name, func(c ledger.Counts) bool { return c.ByState["settings delivered"] == 4 })
}

func TestRetryBeginsANewRoundForAClosedTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.each(func(p *phone) { p.mute = func(delivery.Message) bool { return true } })
	name := w.start(strings.Replace(swapFile, "settings-delivered", "moved", 1))
	w.until(name, func(c ledger.Counts) bool { return c.ByState["held"] == 1 })
	w.each(func(p *phone) { p.mute = nil })
	if err := w.engine.Retry(t.Context(), "test", name, "8947010000000000000"); err != nil {
		t.Fatal(err)
	}
	w.until(name, func(c ledger.Counts) bool { return c.ByState["moved"] == 1 })
	w.law()
}

func TestAnRFMCampaignTakesValuesAsTheFilesHaveThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 60)
	name := w.start(`
campaign: values
kind: rfm
select: {all: true}
write:
  spn: {name: simota, hide_abroad: true}
  fplmn: ["26201"]
  "sdn#2": {name: Depot, number: "+4758111"}
items:
  - {path: 7FFF/6FA1, offset: 2, data: c0ffee}
`)
	w.until(name, func(c ledger.Counts) bool { return c.ByState["written"] == 2 })
	w.each(func(p *phone) {
		b, err := p.card.ReadFile("SPN")
		spn, bad := rfm.DecodeSPN(b)
		if err != nil || bad != nil || spn.Name != "simota" || !spn.HideAbroad {
			t.Errorf("EF_SPN is %x: %+v, %v, %v", b, spn, err, bad)
		}
		b, err = p.card.ReadFile("7FFF/6FA1")
		if err != nil || string(b) != "\xff\xff\xc0\xff\xee\xff" {
			t.Errorf("the vendor's file is %x, %v", b, err)
		}
		b, err = p.card.ReadFile("FPLMN")
		if err != nil || !strings.HasPrefix(string(b), "\x62\xf2\x10\xff") {
			t.Errorf("EF_FPLMN is %x, %v", b, err)
		}
	})
}

func TestAValueThatIsNoneOfItsFileIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for value, words := range map[string]string{
		`spn: {name: "a name that is far too long for the file"}`: "write.spn",
		`spn: {nmae: Acme}`:       "write.spn",
		`keys: {ksi: 7}`:          "use kind swap",
		`imsi: "001010123456789"`: "use kind swap",
		`spn: {}`:                 "says nothing",
		`spn: Acme`:               "want {name: text, show_plmn: true or false, hide_abroad: true or false}, found text",
		`speed: "01"`:             "unknown file",
	} {
		_, err := campaign.ParseSpec([]byte("campaign: c\nkind: rfm\nselect: {all: true}\nwrite: {" + value + "}\n"))
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %q", value, err, words)
		}
	}
}

func TestAnRFMCampaignWritesFilesOnceAndOnlyWhereTheyDiffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4, 60)
	const file = `
campaign: %s
kind: rfm
select: {all: true}
write: {spn: "0173696D6F7461", lrplmnsi: "01"}
rate: 500/s
`
	name := w.start(fmt.Sprintf(file, "spn"))
	w.until(name, func(c ledger.Counts) bool { return c.ByState["written"] == 4 })
	w.each(func(p *phone) {
		if b, err := p.card.ReadFile("SPN"); err != nil || !strings.HasPrefix(string(b), "\x01simota\xff") {
			t.Errorf("EF_SPN is %x, %v", b, err)
		}
	})
	name = w.start(fmt.Sprintf(file, "spn-again"))
	w.until(name, func(c ledger.Counts) bool { return c.ByState["written"] == 4 })
	id, err := w.db.Campaign(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := w.db.Targets(t.Context(), id.ID, nil, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		d, err := w.db.Dossier(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range d.Attempts {
			if a.Kind == ledger.Write {
				t.Errorf("card %s was written again: %s", r.ICCID, a.Purpose)
			}
		}
	}
	w.law()
}

func TestTwoCampaignsDoNotWorkOnOneCardAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.each(func(p *phone) { p.deaf = true })
	first := w.start(swapFile)
	w.until(first, func(c ledger.Counts) bool { return c.ByState["waiting for restart"] == 1 })
	second := w.start(strings.Replace(swapFile, "campaign: br", "campaign: br-2", 1))
	w.until(second, func(c ledger.Counts) bool { return c.ByState["selected"] == 1 && c.Released == 1 })
	w.each(func(p *phone) { p.deaf, p.attached = false, p.card.IMSI() })
	w.until(first, func(c ledger.Counts) bool { return c.ByState["settings delivered"] == 1 && c.Open == 0 })
	w.until(second, func(c ledger.Counts) bool { return c.ByState["skipped"] == 1 })
}

func TestPreflightNamesTheReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 60)
	spec, err := campaign.ParseSpec([]byte(strings.Replace(swapFile, "to: aurora", "to: nowhere", 1)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := w.engine.Forecast(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if f.Cards != 1 || f.Ready != 0 || f.Skips["no such subscription in the catalog (to nowhere)"] != 1 {
		t.Errorf("forecast %+v", f)
	}
}

func TestICCIDsThatNoCardHasAreNamed(t *testing.T) {
	t.Parallel()
	p := newWorld(t, 2, 60)
	known, err := p.db.Cards(t.Context(), catalog.Filter{}, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	file := func(strangers int) []byte {
		ids := []string{known[0].Card.ICCID}
		for i := range strangers {
			ids = append(ids, fmt.Sprintf("89470199999999999%02d", i))
		}
		return fmt.Appendf(nil, "campaign: typed\nkind: rfm\nselect: {iccids: [%s]}\nwrite: {lrplmnsi: \"01\"}\n", strings.Join(ids, ", "))
	}
	for strangers, words := range map[int]string{
		1: "not in the catalog: 8947019999999999900: import",
		5: "8947019999999999900, 8947019999999999901, 8947019999999999902, and 2 more: import",
	} {
		spec, err := campaign.ParseSpec(file(strangers))
		if err != nil {
			t.Fatal(err)
		}
		_, checked := p.engine.Forecast(t.Context(), spec)
		_, created := p.engine.Create(t.Context(), "test", file(strangers))
		for what, err := range map[string]error{"check": checked, "create": created} {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %v, want %q", what, err, words)
			}
		}
	}
	if _, err := p.engine.Create(t.Context(), "test", file(0)); err != nil {
		t.Errorf("a card of the catalog: %v", err)
	}
}

func TestRetryOfFailedSettingsSendsThemAgainAndLeavesTheCardAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.each(func(p *phone) { p.mute = func(m delivery.Message) bool { return !m.Card } })
	name := w.start(strings.Replace(swapFile, "{snapshot", "{configuring: 2m, snapshot", 1))
	w.until(name, func(c ledger.Counts) bool { return c.ByState["settings failed"] == 1 && c.Open == 0 })
	w.each(func(p *phone) { p.mute = nil })
	if err := w.engine.Retry(t.Context(), "test", name, "8947010000000000000"); err != nil {
		t.Fatal(err)
	}
	w.until(name, func(c ledger.Counts) bool { return c.ByState["settings delivered"] == 1 && c.Open == 0 })
	rows, err := w.db.TargetsOfCard(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.db.Dossier(t.Context(), rows[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	writes := 0
	for _, a := range d.Attempts {
		if a.Kind == ledger.Write {
			writes++
		}
	}
	if writes != 1 {
		t.Errorf("the card was written %d times", writes)
	}
	w.law()
}
