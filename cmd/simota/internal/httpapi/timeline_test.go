package httpapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/swap"
)

const oldNumber, newNumber = "+47580000017", "+5511900000017"

// life is the dossier of saga.md, section 4, cut short.
func life(t *testing.T) ledger.Dossier {
	t.Helper()
	facts, err := json.Marshal(swap.Facts{
		CardType: "sja5-aes", APNs: []string{"m2m.aurora.example"},
		From: swap.Side{IMSI: "999400000000017", MSISDN: oldNumber}, To: swap.Side{IMSI: "999700000000017", MSISDN: newNumber},
	})
	if err != nil {
		t.Fatal(err)
	}
	at := func(s int) time.Time { return time.Date(2026, 11, 3, 2, 0, s, 0, time.UTC) }
	sub := func(state ledger.SubmissionState, sent, final int, id, to string) ledger.Submission {
		s := ledger.Submission{State: state, SentAt: at(sent), MessageID: id, Destination: to, Link: "l-1"}
		if final > 0 {
			s.FinalAt = at(final)
		}
		return s
	}
	ev := func(s int, kind ledger.EvidenceKind, b ledger.Body) ledger.Evidence {
		return ledger.Evidence{AttemptID: 2, Kind: kind, SeenAt: at(s), Body: b, Raw: []byte{2, 0x71, 0}}
	}
	imsi := []byte{0x08, 0x99, 0x99, 0x07, 0x00, 0x00, 0x00, 0x00, 0x71}
	return ledger.Dossier{
		Target:   ledger.Target{Facts: facts, ReleasedAt: at(0)},
		Campaign: ledger.Campaign{Name: "br"},
		Attempts: []ledger.Attempt{
			{ID: 2, Kind: ledger.Write, Label: "write", Purpose: "write SMSP, IMSI", TAR: []byte{0xB0, 0x01, 0x41}, SPI: []byte{0x16, 0x39}, Counter: 42, CreatedAt: at(4), Parts: []ledger.Part{
				{Seq: 1, UserData: []byte{0xAA}, Submissions: []ledger.Submission{sub(ledger.Arrived, 4, 6, "7f01", oldNumber)}},
				{Seq: 2, UserData: []byte{0xBB}, Submissions: []ledger.Submission{
					sub(ledger.Ambiguous, 4, 0, "", oldNumber), sub(ledger.Arrived, 9, 10, "7f02", oldNumber), sub(ledger.Accepted, 30, 0, "7f03", oldNumber),
				}},
			}},
			{ID: 3, Kind: ledger.CP, Label: "document", Purpose: "configure internet", CreatedAt: at(20), Parts: []ledger.Part{{Seq: 1, UserData: []byte("hunter2")}}},
		},
		Stored: []ledger.Evidence{
			ev(3, ledger.EvState, ledger.Body{State: "switching"}),
			ev(11, ledger.EvProof, ledger.Body{Authenticated: true, Attempt: ledger.Write, Executed: 9, Complete: true, SW: "9000", Number: oldNumber}),
			ev(12, ledger.EvProof, ledger.Body{Authenticated: true, Status: 2, Number: oldNumber}),
			ev(13, ledger.EvProof, ledger.Body{Status: 9}),
			ev(14, ledger.EvPair, ledger.Body{IMEI: "35693803564380", IMSI: "999700000000017", Source: "tracking applet"}),
			ev(15, ledger.EvProof, ledger.Body{Authenticated: true, Attempt: ledger.Read, Label: "moved?", Executed: 2, Complete: true, SW: "9000", Data: imsi, Number: newNumber, Settles: 2, Ran: true}),
			ev(16, ledger.EvProof, ledger.Body{Authenticated: true, Attempt: ledger.Write, Executed: 3, SW: "6982", Number: oldNumber}),
			ev(17, ledger.EvAttach, ledger.Body{IMSI: "999700000000017", APN: "m2m.aurora.example", PLMN: "99970", Source: "attach feed"}),
			ev(18, ledger.EvSilence, ledger.Body{State: "overdue", Text: "no answer in time"}),
			ev(19, ledger.EvSilence, ledger.Body{State: "delivered"}),
			ev(40, ledger.EvPerson, ledger.Body{Decision: "retry", Actor: "alice"}),
		},
	}
}

func TestTimelineTellsTheLifeOfACard(t *testing.T) {
	t.Parallel()
	var got []string
	for _, e := range inOrder(entriesOf(life(t))) {
		line := fmt.Sprintf("%02d %s %s | %s", e.At.Second(), e.Way, e.What, e.Text)
		if e.Rung != "" {
			line += " | " + e.Rung
		}
		got = append(got, line)
	}
	want := []string{
		"00 = selected | campaign br",
		"03 = switching | the new identity is on its way to the card",
		"04 > write | write SMSP, IMSI; B00141 counter 42, 2 parts | submitted",
		"04 ? part 2 | no response: ambiguous; sent again at 02:00:09, same octets",
		"10 < receipt | 2 of 2 delivered; ids 7f01, 7f02 | delivered",
		"11 < proof | 9 commands, 9000 (from the old number) | executed",
		"12 < proof | status 02: a copy of a packet the card has seen, ignored",
		"13 < proof | status 09 in clear: unknown TAR; anybody could have sent that",
		"14 < pair | IMEI 35693803564380 and new IMSI 999700000000017, from the tracking applet | re-attached",
		"15 < proof | IMSI reads 999700000000017; the write of counter 42 ran (from the new number) | moved",
		"16 < proof | stopped after 3 commands: 6982 security status not satisfied: this file may not be accessed (from the old number)",
		"17 < attach | new IMSI 999700000000017 attached to 99970, APN m2m.aurora.example, from the attach feed | verified",
		"18 ? silence | overdue: no answer in time",
		"20 > configure | configure internet, 1 part",
		"30 > write | same octets again: part 2 | submitted",
		"40 = person | retry by alice",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTimelineShowsOctetsButNoDocument(t *testing.T) {
	t.Parallel()
	for _, e := range entriesOf(life(t)) {
		switch {
		case e.What == "configure" && len(e.Raw) > 0:
			t.Error("a document is shown: it holds the APN's password")
		case e.What == "write" && strings.HasPrefix(e.Text, "write") && strings.Join(e.Raw, " ") != "aa bb":
			t.Errorf("raw of the write: %v", e.Raw)
		}
	}
}

func TestPairsThatNoLineTellsOfAreAdded(t *testing.T) {
	t.Parallel()
	lines := entriesOf(life(t))
	told := catalog.Pair{IMEI: "35693803564380", IMSI: "999700000000017", Source: "tracking applet", SeenAt: time.Date(2026, 11, 3, 2, 0, 14, 0, time.UTC)}
	other := told
	other.SeenAt = told.SeenAt.Add(time.Hour)
	if got := unseenPairs(lines, []catalog.Pair{told, other}); len(got) != 1 || !got[0].At.Equal(other.SeenAt) {
		t.Errorf("got %+v", got)
	}
}
