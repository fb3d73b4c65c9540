package main_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// An eUICC in a hurry: it waits two minutes of the world for its confirmation, so
// that one whose server was killed does not roll back on a busy machine.
const hastyEUICC = `
name: hasty
refresh: {mode: immediate}
buffer: {parts: 8, sets: 2}
response_limit: 1024
applications:
  - {tar: "000001", kind: isd-r, format: expanded, silent: true}
  - {tar: B00001, format: auto}
euicc: {tries: 3, confirmation: 2m, resend: 10s, attach: 15m, fall_back: 1h}
`

const techniqueFaults = `
faults:
  script:
    - {iccid: %[1]q, event: notice, n: 1, what: lost}
    - {iccid: %[2]q, event: notice, n: 1, what: lost}
    - {iccid: %[2]q, event: notice, n: 2, what: lost}
    - {iccid: %[2]q, event: notice, n: 3, what: lost}
    - {iccid: %[3]q, event: device, what: undo}
`

const techniqueCampaign = `
campaign: tech
kind: swap
select: {iccids: [%s]}
to: aurora
max_unproven: 50
done_when: verified
deadlines: {snapshot: 20m, switching: 12m, switched: 4m, probing: 8m, waiting: 20m, configuring: 20m, settings_delivered: 15m}
`

// TestEUICCsAndAppletsAreSwitchedAndNamedWhenTheyGoBack runs real processes over
// four eUICCs and four multi-IMSI cards. One eUICC's first notice is lost, so it
// repeats it; another's are all lost, so it rolls back; one applet undoes its
// switch after it was proven. The campaign is paused and the server killed while
// notices are on their way: confirmations wait for neither.
func TestEUICCsAndAppletsAreSwitchedAndNamedWhenTheyGoBack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds of real processes")
	}
	t.Parallel()
	const cards = 24
	euiccs, applets := sampleCards(t, cards, 1, "euicc-sgp02"), sampleCards(t, cards, 1, "multi-imsi")
	repeats, rollsBack, undoes := euiccs[0].iccid, euiccs[1].iccid, applets[0].iccid
	w := newWorld(t, cards, 1, fmt.Sprintf(techniqueFaults, repeats, rollsBack, undoes))
	if err := os.WriteFile(filepath.Join(w.dir, "hasty.yaml"), []byte(hastyEUICC), 0o600); err != nil {
		t.Fatal(err)
	}
	w.change("lab.yaml", "{personality: euicc-sgp02,", "{personality_file: hasty.yaml,")
	w.startLab()
	server := w.startServer()
	w.ready()
	w.furnish()
	var iccids []string
	for _, c := range append(euiccs, applets...) {
		iccids = append(iccids, fmt.Sprintf("%q", c.iccid))
	}
	w.start(fmt.Sprintf(techniqueCampaign, strings.Join(iccids, ", ")))
	w.eventually("every card was written to", func(ctx context.Context) bool {
		c, err := w.client.Campaign(ctx, "tech")
		return err == nil && c.Total == len(iccids) && c.Released == c.Total && c.ByState["selected"]+c.ByState["snapshot"] == 0
	})
	if _, err := w.client.Pause(t.Context(), "tech"); err != nil {
		t.Fatal(err)
	}
	server.kill()
	server = w.startServer()
	w.ready()
	want := map[string]int{"verified": len(iccids) - 2, "rolled back": 2}
	states := map[string]int{}
	defer func() { t.Logf("the cards are %v", states) }()
	w.eventually("six cards are verified and two have gone back", func(ctx context.Context) bool {
		c, err := w.client.Campaign(ctx, "tech")
		if err == nil {
			states = c.ByState
		}
		return err == nil && c.ByState["verified"] == want["verified"] && c.ByState["rolled back"] == want["rolled back"]
	})
	for iccid, cause := range map[string]string{rollsBack: "the card rolled back", undoes: "undid the switch"} {
		line, err := w.client.Card(t.Context(), iccid)
		if err != nil || len(line.Targets) != 1 || !strings.Contains(line.Targets[0].Cause, cause) {
			t.Errorf("card %s: %+v, %v, want the cause %q", iccid, line.Targets, err, cause)
		}
	}

	// Files are written with the keys of the profile that is enabled now.
	w.start(strings.ReplaceAll(strings.ReplaceAll(simpleCampaign, "{all: true}", "{card_type: euicc-sgp02}"), ": simple", ": files"))
	w.done("files", len(euiccs), "written")
	server.stop()
	w.lawful()
	for _, c := range euiccs {
		domain := "A0000005591010FFFFFFFF8900001100"
		if c.iccid == rollsBack {
			domain = "A0000005591010FFFFFFFF8900001000"
		}
		w.wroteWithKeysOf(c.iccid, domain)
		w.confirmedEveryNotice(c.iccid)
	}
}

// dossiers are those of a card, newest first.
func (w *world) dossiers(iccid string) (out []ledger.Dossier) {
	w.t.Helper()
	db := w.open("simota.db")
	defer db.Close()
	e, err := db.Card(w.t.Context(), iccid)
	if err != nil {
		w.t.Fatal(err)
	}
	targets, err := db.TargetsOfCard(w.t.Context(), e.Card.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, t := range targets {
		d, err := db.Dossier(w.t.Context(), t.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// wroteWithKeysOf looks by whose keys the newest campaign spoke with a card.
func (w *world) wroteWithKeysOf(iccid, domain string) {
	w.t.Helper()
	d := w.dossiers(iccid)[0]
	keysets := map[int64]catalog.Keyset{}
	for _, k := range d.Entry.Keysets {
		keysets[k.ID] = k
	}
	for _, a := range d.Attempts {
		if got := strings.ToUpper(hex.EncodeToString(keysets[a.KeysetID].Domain)); got != domain {
			w.t.Errorf("card %s, %s: keys of %s, want %s", iccid, a.Purpose, got, domain)
		}
	}
}

// confirmedEveryNotice looks whether each notice that came of a card has a
// confirmation of its own.
func (w *world) confirmedEveryNotice(iccid string) {
	w.t.Helper()
	notices, confirmed := 0, map[string]bool{}
	for _, d := range w.dossiers(iccid) {
		for _, a := range d.Attempts {
			if a.Kind == ledger.Confirm {
				confirmed[a.Label] = true
			}
		}
		for _, e := range d.Stored {
			if e.Kind == ledger.EvNotice {
				notices++
				if !confirmed[fmt.Sprintf("confirm:%d", e.InboxID)] {
					w.t.Errorf("card %s: notice %d, %d, has no confirmation", iccid, e.Body.Sequence, e.Body.Notice)
				}
			}
		}
	}
	if notices == 0 {
		w.t.Errorf("card %s: no notice came", iccid)
	}
}
