package httpapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/cmd/simota/internal/api"
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
			ev(18, ledger.EvSilence, ledger.Body{Attempt: ledger.Write, State: "overdue", Text: "no answer in time"}),
			ev(19, ledger.EvSilence, ledger.Body{State: "delivered"}),
			ev(40, ledger.EvPerson, ledger.Body{Decision: "retry", Actor: "alice"}),
		},
	}
}

// told are the lines of a timeline, short.
func told(entries []api.Entry) (out []string) {
	for _, e := range entries {
		line := fmt.Sprintf("%02d %s %s | %s", e.At.Second(), e.Way, e.What, e.Text)
		if !e.Then.IsZero() {
			line += fmt.Sprintf(" at %02d", e.Then.Second())
		}
		if e.Rung != "" {
			line += " | " + e.Rung
		}
		out = append(out, line)
	}
	return out
}

func TestTimelineTellsTheLifeOfACard(t *testing.T) {
	t.Parallel()
	got := told(inOrder(entriesOf(life(t))))
	want := []string{
		"00 = selected | campaign br",
		"03 = switching | the new identity is on its way to the card",
		"04 > write | write SMSP, IMSI; B00141 counter 42, 2 parts | submitted",
		"04 ? part 2 | no response: ambiguous; same octets sent again at 09",
		"10 < receipt | 2 of 2 delivered; ids 7f01, 7f02 | delivered",
		"11 < proof | 9 commands, 9000 (from the old number) | executed",
		"12 < proof | status 02: a copy of a packet the card has seen, ignored",
		"13 < proof | status 09 in clear: unknown TAR; anybody could have sent that",
		"14 < pair | IMEI 35693803564380 and new IMSI 999700000000017 (tracking applet) | re-attached",
		"15 < proof | IMSI reads 999700000000017; the write of counter 42 ran (from the new number) | moved",
		"16 < proof | stopped after 3 commands: 6982 security status not satisfied: this file may not be accessed (from the old number)",
		"17 < attach | new IMSI 999700000000017 attached to 99970, APN m2m.aurora.example (attach feed) | verified",
		"18 ? write | overdue: no answer in time",
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

func TestTimelineOfAConfiguredDeviceTellsOfNoNewIdentity(t *testing.T) {
	t.Parallel()
	facts, err := json.Marshal(swap.Facts{Kind: swap.KindProvision, To: swap.Side{IMSI: "999400000000017"}, APNs: []string{"m2m.nordvik.example"}})
	if err != nil {
		t.Fatal(err)
	}
	at := func(s int) time.Time { return time.Date(2026, 11, 3, 2, 0, s, 0, time.UTC) }
	got := told(entriesOf(ledger.Dossier{Target: ledger.Target{Facts: facts}, Stored: []ledger.Evidence{
		{Kind: ledger.EvAttach, SeenAt: at(1), Body: ledger.Body{IMSI: "999400000000017", APN: "m2m.nordvik.example", Source: "radius"}},
		{Kind: ledger.EvState, SeenAt: at(2), Body: ledger.Body{State: "verified"}},
		{Kind: ledger.EvPerson, SeenAt: at(3), Body: ledger.Body{Decision: "retry", Actor: "campaign auto"}},
	}}))
	if diff := cmp.Diff([]string{
		"01 < attach | IMSI 999400000000017 attached, APN m2m.nordvik.example (radius) | verified",
		"02 = verified | the network saw the device use an APN of its settings | verified",
		"03 = again | it was seen in another device, or with another IMSI: that is configured too",
	}, got); diff != "" {
		t.Errorf("timeline (-want +got)\n%s", diff)
	}
}

func TestPairsThatNoLineTellsOfAreAdded(t *testing.T) {
	t.Parallel()
	told := catalog.Pair{IMEI: "356938035643803", IMSI: "999700000000017", Source: "tracking applet", SeenAt: time.Date(2026, 11, 3, 2, 0, 14, 0, time.UTC)}
	sooner, later, device, source, imsi := told, told, told, told, told
	sooner.SeenAt = told.SeenAt.Add(-time.Second)
	later.SeenAt = told.SeenAt.Add(time.Hour)
	device.IMEI = "35693803564999"
	source.Source = "attach feed"
	imsi.IMSI = "999400000000017"
	for name, c := range map[string]struct {
		pairs []catalog.Pair
		want  int
	}{
		"the same":              {[]catalog.Pair{told}, 0},
		"a moment before":       {[]catalog.Pair{sooner}, 0},
		"an hour later":         {[]catalog.Pair{later}, 1},
		"another device":        {[]catalog.Pair{device}, 1},
		"by another source":     {[]catalog.Pair{source}, 1},
		"with another identity": {[]catalog.Pair{imsi}, 1},
		"stored twice":          {[]catalog.Pair{later, later, told}, 1},
	} {
		if got := unseenPairs(life(t).Stored, c.pairs); len(got) != c.want {
			t.Errorf("%s: got %+v, want %d", name, got, c.want)
		}
	}
}

// tries are submissions of a part, one a second: "throttled taken>" go to
// number "" and then to number ">".
func tries(states string) (out []ledger.Submission) {
	for i, word := range strings.Fields(states) {
		name, number, _ := strings.Cut(word, ">")
		s := ledger.Submission{SentAt: time.Date(2026, 11, 3, 2, 0, i, 0, time.UTC), Destination: number}
		switch name {
		case "throttled":
			s.State, s.Status = ledger.Temporary, 0x58
		case "full":
			s.State, s.Status = ledger.Temporary, 0x14
		case "taken":
			s.State = ledger.Accepted
		case "ready", "withdrawn":
			s.State, s.SentAt = ledger.SubmissionState(name), time.Time{}
		default:
			s.State = ledger.SubmissionState(name)
		}
		out = append(out, s)
	}
	return out
}

func TestAReceiptTellsItsCauseAndWhatToDo(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]string{
		"undeliverable, err 27 (GSM): absent subscriber": "receipt: undeliverable, err 27 (GSM): absent subscriber; retry when it is back: see that the device is on and in coverage",
		"undeliverable err 12":                           "receipt: undeliverable err 12", // as servers before this one stored it
		"":                                               "receipt: undelivered",
	} {
		s := ledger.Submission{State: ledger.Undelivered, Err: stored, FinalAt: time.Date(2026, 11, 3, 2, 0, 9, 0, time.UTC)}
		d := ledger.Dossier{Attempts: []ledger.Attempt{{Kind: ledger.Write, Parts: []ledger.Part{{Seq: 1, Submissions: []ledger.Submission{s}}}}}}
		entries := entriesOf(d)
		if got := entries[len(entries)-1].Text; got != want {
			t.Errorf("%q: %q, want %q", stored, got, want)
		}
	}
}

func TestPartsOnTheirWayAreToldOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		parts []string
		want  []string
	}{
		{[]string{"taken"}, nil},
		{[]string{"throttled taken"}, []string{"00 < part 1 | not taken now: ESME_RTHROTTLED (0x58); taken at 01"}},
		{[]string{"throttled throttled throttled taken"}, []string{"00 < part 1 | not taken now: ESME_RTHROTTLED (0x58), 3 times; taken at 03"}},
		{[]string{"throttled full throttled"}, []string{"00 < part 1 | not taken now: ESME_RTHROTTLED (0x58), 2 times, ESME_RMSGQFUL (0x14)"}},
		{[]string{"full ready"}, []string{"00 < part 1 | not taken now: ESME_RMSGQFUL (0x14); it goes again later"}},
		{[]string{"full withdrawn"}, []string{"00 < part 1 | not taken now: ESME_RMSGQFUL (0x14); taken back before it went again"}},
		{[]string{"full ambiguous taken"}, []string{
			"00 < part 1 | not taken now: ESME_RMSGQFUL (0x14); sent again at 01", "01 ? part 1 | no response: ambiguous; same octets sent again at 02",
		}},
		{[]string{"full>a taken>b taken>a"}, []string{"00 < part 1 | not taken now: ESME_RMSGQFUL (0x14); taken at 02"}},
		{[]string{"taken taken", "taken taken"}, []string{"01 > write | same octets again: parts 1, 2 | submitted"}},
		{[]string{"taken taken taken"}, []string{"01 > write | same octets again: part 1 | submitted", "02 > write | same octets again: part 1 | submitted"}},
		{[]string{"taken throttled throttled taken"}, []string{
			"01 > write | same octets again: part 1 | submitted", "01 < part 1 | not taken now: ESME_RTHROTTLED (0x58), 2 times; taken at 03",
		}},
		{[]string{"taken withdrawn"}, []string{"20 = part 1 | taken back before it was sent"}},
	} {
		a := ledger.Attempt{Kind: ledger.Write, Label: "write", CreatedAt: time.Date(2026, 11, 3, 2, 0, 20, 0, time.UTC)}
		for i, states := range c.parts {
			a.Parts = append(a.Parts, ledger.Part{Seq: i + 1, Submissions: tries(states)})
		}
		d := ledger.Dossier{Attempts: []ledger.Attempt{a}}
		var got []string
		for _, line := range told(entriesOf(d)) {
			if !strings.Contains(line, "> write | , ") { // the attempt itself
				got = append(got, line)
			}
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q:\n%s", c.parts, diff)
		}
	}
}

func TestStateIsToldOncePerRound(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Date(2026, 11, 3, 2, 0, s, 0, time.UTC) }
	state := func(s int, state, text string) ledger.Evidence {
		return ledger.Evidence{Kind: ledger.EvState, SeenAt: at(s), Body: ledger.Body{State: state, Text: text}}
	}
	d := ledger.Dossier{Stored: []ledger.Evidence{
		state(1, "verified", ""), {Kind: ledger.EvSilence, SeenAt: at(2), Body: ledger.Body{State: "delivered"}}, state(3, "verified", ""),
		state(4, "dark", "no sign for 1 h"), state(5, "dark", "no sign for 2 h"),
		{Kind: ledger.EvPerson, SeenAt: at(6), Body: ledger.Body{Decision: "retry", Actor: "alice"}}, state(7, "dark", "no sign for 2 h"),
	}}
	want := []string{
		"01 = verified | the network saw the new identity use a new APN | verified", "04 = dark | no sign for 1 h", "05 = dark | no sign for 2 h",
		"06 = person | retry by alice", "07 = dark | no sign for 2 h",
	}
	if diff := cmp.Diff(want, told(entriesOf(d))); diff != "" {
		t.Error(diff)
	}
}

func TestAttemptsAndTheirEndsAreNamedInPlainWords(t *testing.T) {
	t.Parallel()
	var d ledger.Dossier
	for _, a := range []ledger.Attempt{
		{Kind: ledger.Read, Label: "read", Purpose: "read IMSI"},
		{Kind: ledger.Read, Label: "fence", Purpose: "did the write of counter 41 run?"},
		{Kind: ledger.Read, Label: "moved?", Purpose: "read IMSI, to the new number"},
		{Kind: ledger.Read, Label: "probe", Purpose: "read IMSI, to both numbers"},
		{Kind: ledger.Read, Label: "life", Purpose: "read IMSI: a sign of life"},
	} {
		a.TAR, a.Counter, a.Parts = []byte{0xB0, 0x00, 0x11}, 42, []ledger.Part{{Seq: 1}}
		d.Attempts = append(d.Attempts, a)
	}
	silent := func(kind ledger.AttemptKind, label string, counter uint64, state ledger.Outcome, why string) {
		d.Stored = append(d.Stored, ledger.Evidence{
			Kind: ledger.EvSilence, Counter: counter, Body: ledger.Body{Attempt: kind, Label: label, State: string(state), Text: why},
		})
	}
	silent(ledger.CP, "document", 0, ledger.Delivered, "every part has a positive receipt")
	silent(ledger.CP, "document", 0, ledger.Undeliver, "not every part was delivered in time")
	silent(ledger.Read, "fence", 43, ledger.Superseded, "what it was sent to settle is settled")
	silent(ledger.Write, "write", 44, ledger.Unsent, "no SMSC accepted part of it")
	silent(ledger.Write, "write", 45, ledger.Held, "no read can tell whether it ran")
	want := []string{
		"00 > snapshot | read IMSI; B00011 counter 42, 1 part",
		"00 > read | did the write of counter 41 run? B00011 counter 42, 1 part",
		"00 > read | IMSI, to the new number: has it moved? B00011 counter 42, 1 part",
		"00 > read | IMSI, to both numbers: which identity answers? B00011 counter 42, 1 part",
		"00 > read | IMSI: a sign of life; B00011 counter 42, 1 part",
		"00 = configure | given up: not every part was delivered in time",
		"00 = read | counter 43: not needed any more: what it was sent to settle is settled",
		"00 = write | counter 44: the card cannot have it: no SMSC accepted part of it",
		"00 ? write | counter 45: held for a person: no read can tell whether it ran",
	}
	if diff := cmp.Diff(want, told(entriesOf(d))); diff != "" {
		t.Error(diff)
	}
}
