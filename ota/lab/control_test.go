package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simota/simota/smpp/receipt"
)

func TestControlInterfaceShowsAndMovesDevices(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "lab") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "c")
	b := run(t, func(c *Config) { c.Control = socket })
	c := b.cards[0]
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	post := func(path string, want int) {
		t.Helper()
		resp, err := client.Post("http://lab"+path, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("POST %s answers %s, want %d", path, resp.Status, want)
		}
	}
	post("/coverage?on=false&iccid="+c.iccid, http.StatusNoContent)
	post("/coverage?on=perhaps&iccid="+c.iccid, http.StatusBadRequest)
	post("/coverage?on=true&iccid=1", http.StatusNotFound)
	resp, err := client.Get("http://lab/cards")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var cards []CardState
	if err := json.NewDecoder(resp.Body).Decode(&cards); err != nil {
		t.Fatal(err)
	}
	if len(cards) != sampleCards || !cards[0].OutOfCoverage || cards[0].Counters[1] != c.profiles[0].keys.rows[0].counter || cards[1].NetworkIMSI != b.cards[1].subscriptions[0].imsi {
		t.Errorf("cards %+v", cards)
	}
	post("/coverage?on=true&iccid="+c.iccid, http.StatusNoContent)
	b.event(EventAttach, c)
	post("/restart?iccid="+c.iccid, http.StatusNoContent)
	b.event(EventRestart, c)
	b.event(EventAttach, c)
	post("/move?imei=990000000000018&iccid="+c.iccid, http.StatusNoContent)
	b.moved(c, "990000000000018", "")
	post("/move?imei=9900&iccid="+c.iccid, http.StatusBadRequest)
	post("/move?imei=990000000000026&iccid=1", http.StatusNotFound)
	post("/pin?pin=1234&iccid="+c.iccid, http.StatusNoContent)
	post("/pin?pin=12x4&iccid="+c.iccid, http.StatusBadRequest)
}

func TestLogsHaveOneObjectPerLineAndNoSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Run("world", func(t *testing.T) {
		b := run(t, func(c *Config) { c.Logs = dir })
		c := b.cards[0]
		b.command("nordvik", c.subscriptions[0].msisdn, b.seal(c, 1, false, readIMSI...))
		b.answer(c, b.proof("nordvik", c.subscriptions[0].msisdn, c))
		b.receipts("nordvik", receipt.Delivered, 1)
	})
	fields := map[string][]string{
		"wire.jsonl":  {"at", "operator", "session", "direction", "command", "sequence", "status", "pdu"},
		"card.jsonl":  {"at", "iccid", "kvn", "tar", "counter", "hash", "result", "executed"},
		"world.jsonl": {"at", "event", "iccid"},
	}
	for name, want := range fields {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for lines := bufio.NewScanner(f); lines.Scan(); n++ {
			var o map[string]any
			if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
				t.Fatalf("%s line %d: %v", name, n+1, err)
			}
			for _, k := range want {
				if _, ok := o[k]; !ok {
					t.Errorf("%s line %d has no %q: %s", name, n+1, k, lines.Text())
				}
			}
			if strings.Contains(lines.Text(), "6e6f726476696b00") && o["command"] == "bind_transceiver" {
				t.Errorf("%s shows a password", name)
			}
		}
		if n == 0 {
			t.Errorf("%s is empty", name)
		}
		_ = f.Close()
	}
}

func TestWorldRunsOnceAndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w, err := New(Sample(3, 1).Config, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	<-w.Ready()
	if err := w.Run(ctx); err == nil {
		t.Error("a second Run is accepted")
	}
	if _, err := w.Card(ctx, "1"); !errors.Is(err, ErrNoCard) {
		t.Errorf("error %v, want %v", err, ErrNoCard)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := w.Restart(context.WithoutCancel(ctx), w.all[0].iccid); err == nil {
		t.Error("a world that has ended restarts a device")
	}
}

func TestThousandsOfDevicesUnderHarshFaultsAreQuickToMakeAndEnd(t *testing.T) {
	t.Parallel()
	s := Sample(3000, 1)
	var err error
	if s.Config.Faults, err = Preset("harsh", 3000); err != nil {
		t.Fatal(err)
	}
	w, err := New(s.Config, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	<-w.Ready()
	cards, err := w.Cards(ctx)
	if err != nil || len(cards) != 3000 {
		t.Errorf("%d cards, error %v", len(cards), err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
