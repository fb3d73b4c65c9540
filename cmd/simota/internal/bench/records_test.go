package bench

import (
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
)

var at = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// card is the dossier of a card that had all it should.
func card() ledger.Dossier {
	return ledger.Dossier{
		Target: ledger.Target{ClosedAt: at.Add(30 * time.Millisecond)},
		Stored: []ledger.Evidence{{Kind: ledger.EvState}, {Kind: ledger.EvProof, Body: ledger.Body{Authenticated: true, Complete: true}}, {Kind: ledger.EvState}},
		Attempts: []ledger.Attempt{{CreatedAt: at, Parts: []ledger.Part{{Submissions: []ledger.Submission{
			{State: ledger.Arrived, IDNormal: "1", FinalAt: at.Add(40 * time.Millisecond)},
		}}}}},
	}
}

func recordsOf(d ledger.Dossier) records {
	r := records{rows: Rows{Inbox: 2}}
	r.add(d)
	return r
}

func TestARunCountsFromTheMakingOfAPacketToTheLastReceipt(t *testing.T) {
	r := recordsOf(card())
	if err := r.checkRun(1); err != nil {
		t.Fatal(err)
	}
	if want := at.Add(40 * time.Millisecond); !r.last.Equal(want) {
		t.Errorf("the last thing was at %v, want the receipt's %v", r.last, want)
	}
	if r.latencies[0] != 30*time.Millisecond {
		t.Errorf("latency %v, want 30ms", r.latencies[0])
	}
}

func TestARunThatDidMoreOrLessThanOnePartPerCardIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*ledger.Dossier){
		"no receipt":       func(d *ledger.Dossier) { d.Attempts[0].Parts[0].Submissions[0].State = ledger.Accepted },
		"no message id":    func(d *ledger.Dossier) { d.Attempts[0].Parts[0].Submissions[0].IDNormal = "" },
		"proof in clear":   func(d *ledger.Dossier) { d.Stored[1].Body.Authenticated = false },
		"script cut short": func(d *ledger.Dossier) { d.Stored[1].Body.Complete = false },
		"two attempts":     func(d *ledger.Dossier) { d.Attempts = append(d.Attempts, d.Attempts[0]) },
		"two parts":        func(d *ledger.Dossier) { d.Attempts[0].Parts = append(d.Attempts[0].Parts, d.Attempts[0].Parts[0]) },
		"nothing was sent": func(d *ledger.Dossier) { d.Attempts = nil },
		"submitted again": func(d *ledger.Dossier) {
			p := &d.Attempts[0].Parts[0]
			p.Submissions = append(p.Submissions, p.Submissions[0])
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := card()
			spoil(&d)
			if err := recordsOf(d).checkRun(1); err == nil {
				t.Error("it counts as measured")
			}
		})
	}
	if err := recordsOf(card()).checkRun(2); err == nil {
		t.Error("a card that had nothing counts as measured")
	}
}

func TestPercentilesAreOfValuesThatWereSeen(t *testing.T) {
	var all []time.Duration
	for i := range 100 {
		all = append(all, time.Duration(i+1)*time.Millisecond)
	}
	for p, want := range map[int]float64{50: 50, 99: 99} {
		if got := percentile(all, p); got != want {
			t.Errorf("p%d is %v, want %v", p, got, want)
		}
	}
	if got := percentile(all[:1], 99); got != 1 {
		t.Errorf("p99 of one value is %v, want it", got)
	}
}
