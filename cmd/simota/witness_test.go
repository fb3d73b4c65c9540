package main_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/cmd/simota/internal/laws"
	"github.com/simota/simota/smpp"
)

// logged reads the whole lines of a log of the world.
func logged[T any](w *world, name string) (out []T) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "logs", name))
	if err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var v T
		if !strings.HasSuffix(line, "\n") {
			break // being written
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			w.t.Fatalf("%s: %q: %v", name, line, err)
		}
		out = append(out, v)
	}
	return out
}

// frame is a line of wire.jsonl.
type frame struct {
	At        time.Time
	Operator  string
	Session   uint64
	Direction string // in: from the server
	Command   string
	Sequence  uint32
	Status    uint32
	MessageID string `json:"message_id"`
	PDU       string
}

// octets are the whole frame.
func (f frame) octets(t *testing.T) []byte {
	t.Helper()
	b, err := hex.DecodeString(f.PDU)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// message reads a frame that carries a short message. A submit_sm has the
// fields of a deliver_sm (SMPP 3.4, 4.4.1 and 4.6.1).
func message(t *testing.T, pdu []byte) smpp.Delivery {
	t.Helper()
	b := append([]byte(nil), pdu...)
	if len(b) >= smpp.HeaderLen && b[7] == byte(smpp.SubmitSM) {
		b[7] = byte(smpp.DeliverSM)
	}
	d, err := smpp.ParseDelivery(b)
	if err != nil {
		t.Fatalf("%X: %v", pdu, err)
	}
	return d
}

// lawful asks database, wire and cards of a world whose server is stopped.
func (w *world) lawful() {
	w.t.Helper()
	r, err := laws.Check(w.t.Context(), filepath.Join(w.dir, "simota.db"), filepath.Join(w.dir, "logs"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, l := range r.Laws {
		if l.Broken > 0 || l.Looked == 0 {
			w.t.Errorf("law broken %d times in %d observations: %s: %s", l.Broken, l.Looked, l.Name, l.First)
		}
	}
}
