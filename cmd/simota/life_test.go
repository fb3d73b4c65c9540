package main_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/lab"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat/rfm"
)

const (
	lifeCampaign = `
campaign: life
kind: swap
select: {card_type: sja5-aes}
to: aurora
attested: aurora knows these IMSIs with these cards' keys
max_unproven: 50
done_when: verified
deadlines: {snapshot: 20m, switching: 12m, switched: 4m, probing: 8m, waiting: 20m, configuring: 20m, settings_delivered: 15m}
`
	// The simulated card answers within milliseconds of the last part. So that
	// part 2 is sent again at all, part 3 is lost too: else the proof would be
	// here before the grace is over. The whole message comes twice besides.
	lifeFaults = `
faults:
  script:
    - {iccid: %[1]q, event: message, n: 1, part: 1, what: early-receipt}
    - {iccid: %[1]q, event: message, n: 2, part: 2, what: lost-response}
    - {iccid: %[1]q, event: message, n: 2, part: 3, what: lost-submit}
    - {iccid: %[1]q, event: message, n: 2, what: duplicate}
    - {iccid: %[2]q, event: message, n: 2, what: lost-proof}
`
	newAPN   = "m2m.aurora.example"
	newPLMN  = "99970"
	oldLink  = "nordvik-1"
	newLink  = "aurora-1"
	executed = "executed" // a rung
)

// TestTheLifeOfOneCard asserts the 27 steps of one card's swap, each by what
// database, wire and world say of it, and the order of those that cause each
// other. A second card loses the proof of its switch: it goes on all the same.
func TestTheLifeOfOneCard(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds of real processes")
	}
	t.Parallel()
	const cards, seed = 8, 1 // two of them of the type
	aes := sampleCards(t, cards, seed, "sja5-aes")
	one, other := aes[0], aes[1]
	w := newWorld(t, cards, seed, fmt.Sprintf(lifeFaults, one.iccid, other.iccid))
	// The card refreshes by itself some seconds after the packet: the copy comes first.
	w.change("lab.yaml", "refresh: immediate", "refresh: card")
	w.change("lab.yaml", "copy: 3s", "copy: 1s")
	// The read has to be at the SMSC before the device is back, on a busy machine too.
	w.change("lab.yaml", "offline: 8s", "offline: 90s")
	w.change("card-types/sja5-aes.yaml", "refresh: immediate", "refresh: card\nfiles: [ehplmn, oplmnwact, hplmnwact, msisdn, ad, acc, loci, psloci, epsloci, fplmn, smsp, imsi]")
	w.change("simota.yaml", "window: 50", "response_timeout: 300ms, window: 50")
	w.lateFeed(aes)
	w.startLab()
	server := w.startServer()
	w.ready()
	w.furnish()
	w.needsAttestation()
	w.start(lifeCampaign)
	w.eventually("the campaign is done", func(ctx context.Context) bool {
		c, err := w.client.Campaign(ctx, "life")
		return err == nil && c.State == "done"
	})
	tales := []*tale{w.tell(one), w.tell(other)}
	if check, err := w.client.CheckDB(t.Context()); err != nil || !check.OK {
		t.Errorf("db check: %+v, %v", check, err)
	}
	server.stop()
	w.lawful()
	for i, s := range tales {
		s.ledger(w)
		s.selected()
		s.snapshot()
		s.switching()
		if i == 0 {
			s.resent()
			s.proven()
		} else {
			s.unproven()
		}
		s.reattached()
		s.moved()
		s.configured()
		s.order(i == 0)
		if t.Failed() {
			s.show()
			break
		}
	}
}

// sampleCard is a row of the sample world's card file.
type sampleCard struct {
	iccid, imei        string
	imsi, msisdn       string
	newIMSI, newNumber string
	counter            uint64
}

// sampleCards are the sample world's cards of a type; "" is every type.
func sampleCards(t *testing.T, cards int, seed int64, cardType string) (out []sampleCard) {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(lab.Sample(cards, seed).Cards)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		cell := func(column string) string { return row[slices.Index(rows[0], column)] }
		n, err := strconv.ParseUint(cell("CNTR1"), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if cardType == "" || cell("CARD_TYPE") == cardType {
			out = append(out, sampleCard{
				cell("ICCID"), cell("IMEI"), cell("IMSI"), cell("MSISDN"), cell("IMSI2"), cell("MSISDN2"), n,
			})
		}
	}
	return out
}

// lateFeed puts aurora's AAA between world and server: it tells of sessions
// with its own APNs only, and of none before the last documents are under way.
// The lab's own feed tells of the first attach at once, which would prove the
// move before the read does.
func (w *world) lateFeed(cards []sampleCard) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "lab.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	address := regexp.MustCompile(`http://[0-9.:]+`).FindString(string(text))
	target, err := url.Parse(address)
	if err != nil || address == "" {
		w.t.Fatalf("no feed in lab.yaml: %q, %v", address, err)
	}
	iccid := map[string]string{}
	for _, c := range cards {
		iccid[c.newIMSI] = c.iccid
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	aaa := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		e, bad := parse[api.AttachEvent](body)
		switch {
		case err != nil || bad != nil:
			http.Error(rw, "no event", http.StatusBadRequest)
		case e.APN != newAPN:
			rw.WriteHeader(http.StatusNoContent)
		case !w.told(r.Context(), iccid[e.IMSI], "configure", "configure short codes"):
			http.Error(rw, "later", http.StatusServiceUnavailable)
		default:
			r.Body = io.NopCloser(bytes.NewReader(body))
			proxy.ServeHTTP(rw, r)
		}
	}))
	w.t.Cleanup(aaa.Close)
	w.change("lab.yaml", address, aaa.URL)
}

// told reports whether a card's timeline has an entry that begins so.
func (w *world) told(ctx context.Context, iccid, what, text string) bool {
	tl, err := w.client.Card(ctx, iccid)
	return err == nil && slices.ContainsFunc(tl.Entries, func(e api.Entry) bool { return e.What == what && strings.HasPrefix(e.Text, text) })
}

// needsAttestation: without somebody's word for the new operator nothing is switched.
func (w *world) needsAttestation() {
	w.t.Helper()
	text := regexp.MustCompile(`(?m)^attested:.*\n`).ReplaceAllString(lifeCampaign, "")
	f, err := w.client.CheckCampaign(w.t.Context(), "life.yaml", []byte(text))
	if err != nil || f.Ready != 0 || len(f.Skips) != 1 || !strings.Contains(fmt.Sprint(f.Skips), "attested") {
		w.t.Errorf("a campaign without attestation: %+v, %v", f, err)
	}
}

// tale is what the witnesses say of one card, and when its steps happened.
type tale struct {
	t *testing.T
	sampleCard
	timeline api.Timeline
	world    []lab.Event
	packets  []uicc.LogEntry
	wire     []sent
	frames   []frame
	when     map[string]time.Time
}

// sent is a submit_sm for the card, with its response.
type sent struct {
	frame
	number   string
	userData []byte
	id       string    // message id; empty without a response
	answered time.Time // zero without a response
}

func (w *world) tell(c sampleCard) *tale {
	w.t.Helper()
	s := &tale{t: w.t, sampleCard: c, when: map[string]time.Time{}, frames: logged[frame](w, "wire.jsonl")}
	var err error
	if s.timeline, err = w.client.Card(w.t.Context(), c.iccid); err != nil {
		w.t.Fatal(err)
	}
	foreign := func(iccid string) bool { return iccid != c.iccid }
	s.world = slices.DeleteFunc(logged[lab.Event](w, "world.jsonl"), func(e lab.Event) bool { return foreign(e.ICCID) })
	s.packets = slices.DeleteFunc(logged[uicc.LogEntry](w, "card.jsonl"), func(e uicc.LogEntry) bool { return foreign(e.ICCID) })
	for i, f := range s.frames {
		if f.Command != "submit_sm" {
			continue
		}
		m := message(w.t, f.octets(w.t))
		if number := m.Destination.String(); number == c.msisdn || number == c.newNumber {
			x := sent{frame: f, number: number, userData: m.UserData}
			for _, r := range s.frames[i:] {
				if r.Command == "submit_sm_resp" && r.Operator == f.Operator && r.Session == f.Session && r.Sequence == f.Sequence {
					x.id, x.answered = r.MessageID, r.At
				}
			}
			s.wire = append(s.wire, x)
		}
	}
	return s
}

// show is for a test that failed.
func (s *tale) show() {
	for _, e := range s.timeline.Entries {
		s.t.Logf("%s %s %-10s counter %d %s %s: %s [%s]", e.At.Format("05.000000"), e.Way, e.What, e.Counter, e.Link, e.Number, e.Text, e.Rung)
	}
}

// entry asserts a line of the timeline: every one of the words is in it. An
// empty what is any.
func (s *tale) entry(step, what string, counter uint64, words ...string) api.Entry {
	s.t.Helper()
	for _, e := range s.timeline.Entries {
		text := strings.Join([]string{e.Way, e.Text, e.Link, e.Number, e.Rung}, " | ")
		if (what == "" || e.What == what) && e.Counter == counter && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			s.when[step] = e.At
			return e
		}
	}
	s.t.Errorf("step %q: the timeline of %s has no %s of counter %d with %q", step, s.iccid, what, counter, words)
	return api.Entry{}
}

// untold asserts that the timeline has no such line.
func (s *tale) untold(what string, counter uint64, rung string) {
	s.t.Helper()
	for _, e := range s.timeline.Entries {
		if e.What == what && e.Counter == counter && e.Rung == rung {
			s.t.Errorf("%s: %s %s at %v", s.iccid, e.What, e.Text, e.At)
		}
	}
}

// event asserts an event of the world.
func (s *tale) event(step string, is func(lab.Event) bool) lab.Event {
	s.t.Helper()
	i := slices.IndexFunc(s.world, is)
	if i < 0 {
		s.t.Errorf("step %q: nothing like it happened to %s", step, s.iccid)
		return lab.Event{}
	}
	s.when[step] = s.world[i].At
	return s.world[i]
}

// ran asserts how often the card gave a packet this result.
func (s *tale) ran(step string, counter uint64, result string, times, writes int) {
	s.t.Helper()
	n := 0
	for _, p := range s.packets {
		if p.Counter == counter && p.Result == result && (p.Writes > 0) == (writes > 0) {
			n++
			s.when[step] = p.At
		}
	}
	if n != times {
		s.t.Errorf("step %q: card %s %s counter %d %d times, want %d", step, s.iccid, result, counter, n, times)
	}
}

// submissions of an attempt, in the order of the wire: all by one operator, to one number.
func (s *tale) submissions(step string, e api.Entry, parts int, operator, number string) (out []sent) {
	s.t.Helper()
	for _, x := range s.wire {
		if !slices.Contains(e.Raw, fmt.Sprintf("%x", x.userData)) {
			continue
		}
		if x.Operator != operator || x.number != number {
			s.t.Errorf("step %q: sent by %s to %s, want %s to %s", step, x.Operator, x.number, operator, number)
		}
		if out = append(out, x); len(out) == 1 {
			s.when[step] = x.At
		}
	}
	if len(e.Raw) != parts || len(out) < parts {
		s.show()
		s.t.Fatalf("step %q: %d parts and %d submissions, want %d parts", step, len(e.Raw), len(out), parts)
	}
	return out
}

// delivered are the deliveries to the device of a submission.
func (s *tale) delivered(number, id string) (out []lab.Event) {
	for _, e := range s.world {
		if e.Kind == lab.EventDelivered && e.MSISDN == number && e.MessageID == id {
			out = append(out, e)
		}
	}
	return out
}

// steps 1 and 2.
func (s *tale) selected() {
	s.entry("1 selected", "selected", 0, "campaign life")
	keys := s.timeline.Card.Keysets
	if len(keys) != 1 || keys[0].Version != 1 || keys[0].Suspect {
		s.t.Errorf("2 preflight: key sets %+v, want number 1", keys)
	}
	s.untold("skipped", 0, "")
}

// steps 3 to 6.
func (s *tale) snapshot() {
	c := s.counter + 1
	e := s.entry("3 snapshot", "snapshot", c, "> |", "2 parts", oldLink, s.msisdn)
	all := s.submissions("3 submitted", e, 2, "nordvik", s.msisdn)
	if len(all) != 2 {
		s.t.Fatalf("3 snapshot: %d submissions, want 2", len(all))
	}
	s.secured(e)
	for i, x := range all {
		receipt := s.receiptOf(x)
		if x.id == "" || receipt.IsZero() {
			s.t.Errorf("4 and 5: part %d has id %q, receipt at %v", i+1, x.id, receipt)
		}
		s.when[fmt.Sprintf("4 accepted %d", i+1)] = x.answered
		s.when[fmt.Sprintf("5 delivered %d", i+1)] = receipt
	}
	s.entry("5 delivered", "receipt", c, "2 of 2 delivered")
	s.ran("6 run", c, uicc.ResultExecuted, 1, 0)
	s.entry("6 proof", "proof", c, "9000", "from the old number", executed)
}

// secured asserts what preflight promised: key version 1, and an SPI of the
// level that the card asks for (CC, ciphered, counter higher: 16).
func (s *tale) secured(e api.Entry) {
	s.t.Helper()
	var parts []sms.UserData
	for _, x := range s.wire {
		if slices.Contains(e.Raw, fmt.Sprintf("%x", x.userData)) {
			parts = append(parts, s.header(x.userData))
		}
	}
	packet, _, err := sms.Join(parts)
	if err != nil {
		s.t.Fatal(err)
	}
	h, err := ota.ParseHeader(packet)
	if err != nil || h.SPI != (ota.SPI{0x16, 0x39}) || h.KIc>>4 != 1 || h.KID>>4 != 1 {
		s.t.Errorf("2 preflight: packet with %+v, %v: want SPI 1639 and key version 1", h, err)
	}
}

func (s *tale) header(userData []byte) sms.UserData {
	s.t.Helper()
	u, err := sms.ParseUserData(userData)
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

// receiptOf is when the SMSC sent the receipt of a submission; zero for never.
// nordvik writes its ids alike in responses and receipts.
func (s *tale) receiptOf(x sent) time.Time {
	for _, f := range s.frames {
		if f.Operator == x.Operator && f.Command == "deliver_sm" && strings.Contains(f.PDU, fmt.Sprintf("%x", "id:"+x.id+" ")) {
			return f.At
		}
	}
	return time.Time{}
}

// step 7.
func (s *tale) switching() {
	e := s.entry("7 write", "write", s.counter+2, "IMSI", "3 parts", oldLink, s.msisdn)
	s.submissions("7 submitted", e, 3, "nordvik", s.msisdn)
	s.entry("7 switching", "switching", 0)
}

// ledger asserts that the write was stored with its fence: the read of EF_IMSI
// that tells whether it ran.
func (s *tale) ledger(w *world) {
	s.t.Helper()
	db, err := sqlite.Open(s.t.Context(), filepath.Join(w.dir, "simota.db"), sqlite.Options{ReadOnly: true})
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	entry, err := db.Card(s.t.Context(), s.iccid)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := db.AttemptByCounter(s.t.Context(), entry.Keysets[0].ID, s.counter+2)
	if err != nil {
		s.t.Fatal(err)
	}
	imsi, err := rfm.EncodeIMSI(s.newIMSI)
	if err != nil {
		s.t.Fatal(err)
	}
	if a.Kind != ledger.Write || len(a.Fence) == 0 || !bytes.Equal(a.Expect, imsi) {
		s.t.Errorf("7 switching: %s with fence %X that expects %X, want %X", a.Kind, a.Fence, a.Expect, imsi)
	}
}
