package lab

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
	"github.com/simota/simota/smpp/smscsim"
)

// sender is a transmitter that writes its frames itself.
type sender struct {
	t      *testing.T
	conn   net.Conn
	frames *smpp.FrameReader
}

func (b *bench) sender(t *testing.T, operator string) *sender {
	t.Helper()
	conn, err := net.Dial("tcp", b.Addr(operator))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s := &sender{t, conn, smpp.NewFrameReader(conn)}
	s.ask(smpp.BindTransmitter, "ota1\x00"+operator+"\x00\x00\x34\x00\x00\x00")
	return s
}

// ask returns the message id of a good answer.
func (s *sender) ask(c smpp.Command, body string) string {
	s.t.Helper()
	if _, err := s.conn.Write(smpp.AppendFrame(nil, c, 0, 1, []byte(body))); err != nil {
		s.t.Fatal(err)
	}
	h, frame, err := s.frames.Next()
	if err != nil || h.Status != smpp.StatusOK {
		s.t.Fatalf("%v: %v, %s, %v", c, h.Command, smpp.StatusName(h.Status), err)
	}
	id, _, _ := strings.Cut(string(frame[smpp.HeaderLen:]), "\x00")
	return id
}

// submit sends two octets to a number, with further optional parameters.
func (s *sender) submit(number, tlvs string) string {
	s.t.Helper()
	return s.ask(smpp.SubmitSM, "\x00\x00\x017000\x00\x01\x01"+strings.TrimPrefix(number, "+")+"\x00\x00\x00\x00\x00\x00\x01\x00\x04\x00\x02hi"+tlvs)
}

func TestAlertComesWithTheSubscriberUnlessNobodyWantsIt(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) { c.Operators[0].Alerts = true })
	s := b.sender(t, "nordvik")
	const without = "\x04\x21\x00\x01\x00"
	for i, c := range b.cards[:2] {
		if err := b.Coverage(t.Context(), c.iccid, false); err != nil {
			t.Fatal(err)
		}
		s.submit(c.subscriptions[0].msisdn, []string{"", without}[i])
		b.event(EventStored, c)
		if err := b.Coverage(t.Context(), c.iccid, true); err != nil {
			t.Fatal(err)
		}
		b.event(EventDelivered, c)
	}
	b.event(EventAlert, b.cards[0])
	b.events.none(t, "alert against set_dpf", func(e Event) bool { return e.Kind == EventAlert })
}

func TestScheduleOfRetriesTakesThePlaceOfTheAttach(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) {
		c.Speed = 1
		c.Timing = Timing{Hop: 0, Offline: time.Millisecond, Copy: time.Second, Validity: time.Hour}
		c.Operators[0].Retry = []time.Duration{10 * time.Millisecond, 300 * time.Millisecond}
	})
	c := b.cards[0]
	if err := b.Coverage(t.Context(), c.iccid, false); err != nil {
		t.Fatal(err)
	}
	b.sender(t, "nordvik").submit(c.subscriptions[0].msisdn, "")
	stored := b.event(EventStored, c)
	if err := b.Coverage(t.Context(), c.iccid, true); err != nil {
		t.Fatal(err)
	}
	attached := b.event(EventAttach, c)
	delivered := b.event(EventDelivered, c)
	if waited := delivered.At.Sub(stored.At); waited < 10*time.Millisecond || delivered.At.Before(attached.At) {
		t.Errorf("delivered %v after it was stored", waited)
	}
}

func TestWaitingMessageIsReplacedAndCancelled(t *testing.T) {
	t.Parallel()
	b := run(t)
	c := b.cards[0]
	number := c.subscriptions[1].msisdn // not attached
	s := b.sender(t, "aurora")
	id := s.submit(number, "") + "\x00\x00\x017000\x00"
	b.event(EventStored, c)
	s.ask(smpp.ReplaceSM, id+"\x00\x00\x01\x00\x03new")
	b.event(EventReplaced, c)
	s.ask(smpp.CancelSM, "\x00"+id+"\x01\x01"+strings.TrimPrefix(number, "+")+"\x00")
	b.event(EventCancelled, c)
	b.receipts("aurora", receipt.Deleted, 1)
	if st := b.state(c); st.Waiting != 0 {
		t.Errorf("%d messages wait", st.Waiting)
	}
	s.ask(smpp.QuerySM, id)
}

func TestScenarioTakesSubscribersAwayAndBringsThemBack(t *testing.T) {
	t.Parallel()
	b := run(t)
	if err := b.Play(smscsim.Scenario{{Operator: "nordvik", Absent: 1}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range b.cards {
		b.event(EventDetach, c)
	}
	if err := b.Play(nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range b.cards {
		b.event(EventAttach, c)
	}
	if err := b.Play(smscsim.Scenario{{Operator: "borealis"}}); err == nil {
		t.Error("a scenario for an operator that is not there plays")
	}
	if b.SetTemper("borealis", nil) == nil || b.SetAbsent("borealis", 0) == nil {
		t.Error("an operator that is not there takes a temper")
	}
}

func TestControlCallsDirectTheSMSCs(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "lab") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "c")
	b := run(t, func(c *Config) { c.Control = socket })
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	call := func(method, path, body string, want int) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://lab"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s %s answers %s, want %d", method, path, resp.Status, want)
		}
	}
	const constant = "msg_id_not_implemented"
	s := b.sender(t, "nordvik")
	number := b.cards[0].subscriptions[0].msisdn
	call("POST", "/temper?operator=nordvik", "ids: constant", http.StatusNoContent)
	if id := s.submit(number, ""); id != constant {
		t.Errorf("id %q", id)
	}
	call("DELETE", "/temper?operator=nordvik", "", http.StatusNoContent)
	if id := s.submit(number, ""); id == constant {
		t.Error("the temper does not end")
	}
	call("POST", "/temper", "ids: octal", http.StatusBadRequest)
	call("POST", "/temper?operator=borealis", "{}", http.StatusBadRequest)
	call("POST", "/scenario", "- {absent: 1}", http.StatusNoContent)
	b.event(EventDetach, b.cards[0])
	call("DELETE", "/scenario", "", http.StatusNoContent)
	b.event(EventAttach, b.cards[0])
	call("POST", "/scenario", "[]", http.StatusBadRequest)
}

func TestWireLogCanBeLeftOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Run("world", func(t *testing.T) {
		b := run(t, func(c *Config) { c.Logs, c.NoWireLog = dir, true })
		b.command("nordvik", b.cards[0].subscriptions[0].msisdn, b.seal(b.cards[0], 1, false, readIMSI...))
		b.receipts("nordvik", receipt.Delivered, 1)
	})
	wire, err := os.ReadFile(filepath.Join(dir, "wire.jsonl"))
	if err != nil || len(wire) > 0 {
		t.Errorf("%d octets of wire, %v", len(wire), err)
	}
	if world, err := os.ReadFile(filepath.Join(dir, "world.jsonl")); err != nil || len(world) == 0 {
		t.Errorf("nothing of the world, %v", err)
	}
}

func TestZeroInAFileIsZeroAndWhatItLeavesOutIsTheDefault(t *testing.T) {
	t.Parallel()
	text := regexp.MustCompile(`timing: .*`).ReplaceAll(Sample(1, 1).YAML, []byte("timing: {hop: 0s}"))
	c, err := ParseConfig(text)
	if err != nil || c.Timing.Hop != 0 || c.Timing.Copy != 3*time.Second || c.Timing.Validity != 72*time.Hour {
		t.Errorf("timing %+v, %v", c.Timing, err)
	}
}

// The examples of the manual are read as strictly as what people write.
func TestExamplesOfTheManualAreGood(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile(filepath.Join("..", "..", "docs", "lab.md"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, m := range regexp.MustCompile("(?ms)^```yaml\n# ([a-z]+)[^\n]*\n(.*?)^```$").FindAllSubmatch(manual, -1) {
		kind, text := string(m[1]), m[2]
		kinds[kind]++
		switch kind {
		case "scenario":
			_, err = smscsim.ParseScenario(text)
		case "temper":
			_, err = smscsim.ParseTemper(text)
		case "lab":
			sample, rest, _ := bytes.Cut(Sample(1, 1).YAML, []byte("operators:"))
			_, rest, _ = bytes.Cut(rest, []byte("cards:"))
			_, err = ParseConfig(slices.Concat(sample, text, []byte("cards:"), rest))
		default:
			t.Errorf("an example of kind %q", kind)
		}
		if err != nil {
			t.Errorf("%s example: %v\n%s", kind, err, text)
		}
	}
	if all := bytes.Count(manual, []byte("```yaml")); kinds["scenario"] == 0 || kinds["temper"] == 0 || kinds["lab"] == 0 || kinds["scenario"]+kinds["temper"]+kinds["lab"] != all {
		t.Errorf("%v examples of %d were checked", kinds, all)
	}
}
