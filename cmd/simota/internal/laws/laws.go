// Package laws holds the laws of delivery against what three witnesses wrote
// on their own: the server's database, the wire between server and SMSCs, and
// the cards. The demo and the tests of a killed server end with it.
package laws

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/smpp"
)

// Law is one law and how often it was broken.
type Law struct {
	Name   string `json:"law"`
	Broken int    `json:"broken"`
	First  string `json:"first,omitempty"` // the first breach, for people
	Looked int    `json:"looked_at"`       // a law over nothing proves nothing
}

func (l *Law) broken(format string, args ...any) {
	if l.Broken++; l.First == "" {
		l.First = fmt.Sprintf(format, args...)
	}
}

// Report is every law, broken or not.
type Report struct {
	Laws []Law `json:"laws"`
}

// OK reports whether no law was broken.
func (r Report) OK() bool {
	for _, l := range r.Laws {
		if l.Broken > 0 {
			return false
		}
	}
	return true
}

// Broken is how often the law of that name was broken.
func (r Report) Broken(name string) int {
	for _, l := range r.Laws {
		if l.Name == name {
			return l.Broken
		}
	}
	return 0
}

// Names of the laws that people are told of.
const (
	OneOctetString = "a counter that a card saw with two different packets"
	OneExecution   = "a step whose write a card ran under two counters"
)

// Check reads the database and the logs of a world (wire.jsonl, card.jsonl).
func Check(ctx context.Context, database, logs string) (r Report, err error) {
	db, err := sqlite.Open(ctx, database, sqlite.Options{ReadOnly: true})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	stored, err := read(ctx, db)
	if err != nil {
		return r, err
	}
	own, err := db.Check(ctx)
	if err != nil {
		return r, err
	}
	for _, l := range own.Laws {
		r.Laws = append(r.Laws, Law{Name: "database: " + l.Law, Broken: l.Broken, Looked: len(stored.attempts)})
	}
	r.Laws = append(r.Laws, Law{Name: "database: integrity and audit", Broken: len(own.Integrity) + len(own.ForeignKeys) + min(len(own.AuditBroken), 1), Looked: 1})
	cards, err := checkCards(filepath.Join(logs, "card.jsonl"), stored)
	if err != nil {
		return r, err
	}
	wire, err := checkWire(filepath.Join(logs, "wire.jsonl"), stored)
	if err != nil {
		return r, err
	}
	r.Laws = append(append(r.Laws, cards...), wire...)
	return r, nil
}

// cardCounter is a counter of a card's keyset. An eUICC has key sets of one
// version in several security domains.
type cardCounter struct {
	iccid   string
	domain  string // AID in hex; empty is the issuer's
	kvn     byte
	counter uint64
}

// records is what the database says.
type records struct {
	attempts map[cardCounter]ledger.Attempt
	parts    map[string]bool // user data
	inbox    map[string]int  // bodies of PDUs received
	fresh    int             // inbox rows that nobody settled
}

func read(ctx context.Context, db *sqlite.DB) (records, error) {
	out := records{attempts: map[cardCounter]ledger.Attempt{}, parts: map[string]bool{}, inbox: map[string]int{}}
	campaigns, err := db.Campaigns(ctx)
	if err != nil {
		return out, err
	}
	for _, c := range campaigns {
		rows, err := db.Targets(ctx, c.ID, nil, 0, 0)
		if err != nil {
			return out, err
		}
		for _, t := range rows {
			d, err := db.Dossier(ctx, t.ID)
			if err != nil {
				return out, err
			}
			out.add(d)
		}
	}
	for _, state := range []ledger.InboxState{ledger.InboxNew, ledger.InboxWaiting, ledger.InboxSettled, ledger.InboxOrphan} {
		rows, err := db.Inbox(ctx, state, 0, 0)
		if err != nil {
			return out, err
		}
		for _, r := range rows {
			out.inbox[body(r.PDU)]++
			if state == ledger.InboxNew {
				out.fresh++
			}
		}
	}
	return out, nil
}

func (r records) add(d ledger.Dossier) {
	keysets := map[int64]catalog.Keyset{}
	for _, k := range d.Entry.Keysets {
		keysets[k.ID] = k
	}
	for _, a := range d.Attempts {
		if k, secured := keysets[a.KeysetID]; secured {
			r.attempts[cardCounter{d.Entry.Card.ICCID, fmt.Sprintf("%X", k.Domain), k.Version, a.Counter}] = a
		}
		for _, p := range a.Parts {
			r.parts[string(p.UserData)] = true
		}
	}
}

// body is a PDU without its header: the sequence number is the session's.
func body(pdu []byte) string {
	if len(pdu) < smpp.HeaderLen {
		return string(pdu)
	}
	return string(pdu[smpp.HeaderLen:])
}

// cardLine is a line of card.jsonl: one packet that a card received.
type cardLine struct {
	ICCID   string `json:"iccid"`
	Domain  string `json:"domain"`
	KVN     byte   `json:"kvn"`
	Counter uint64 `json:"counter"`
	Hash    string `json:"hash"`
	Result  string `json:"result"`
	Writes  int    `json:"writes"`
}

func checkCards(path string, r records) ([]Law, error) {
	type step struct {
		target int64
		step   int
	}
	same, once := Law{Name: OneOctetString}, Law{Name: OneExecution}
	known := Law{Name: "a packet that a card saw and the database does not know"}
	hashes, ran := map[cardCounter]string{}, map[step]uint64{}
	err := lines(path, func(l cardLine) {
		if l.Hash == "" {
			return // not opened
		}
		k := cardCounter{l.ICCID, strings.ToUpper(l.Domain), l.KVN, l.Counter}
		same.Looked++
		if h, seen := hashes[k]; seen && h != l.Hash {
			same.broken("card %s counter %d", l.ICCID, l.Counter)
		}
		hashes[k] = l.Hash
		known.Looked++
		a, ok := r.attempts[k]
		if !ok {
			known.broken("card %s counter %d", l.ICCID, l.Counter)
			return
		}
		if l.Result != "executed" || l.Writes == 0 || idempotent(a) {
			return
		}
		once.Looked++
		s := step{a.TargetID, a.Step}
		if c, seen := ran[s]; seen && c != l.Counter {
			once.broken("card %s step %d: counters %d and %d", l.ICCID, a.Step, c, l.Counter)
		}
		ran[s] = l.Counter
	})
	return []Law{same, once, known}, err
}

// idempotent orders name the identity that shall be in use: a card that went back
// by itself may be given one again.
func idempotent(a ledger.Attempt) bool {
	return a.Kind == ledger.Confirm || a.Label == "enable" || a.Label == "select"
}

// wireLine is a line of wire.jsonl: one frame.
type wireLine struct {
	Operator  string `json:"operator"`
	Session   uint64 `json:"session"`
	Direction string `json:"direction"` // in: from the server
	Command   string `json:"command"`
	Sequence  uint32 `json:"sequence"`
	Status    uint32 `json:"status"`
	PDU       string `json:"pdu"`
}

func checkWire(path string, r records) ([]Law, error) {
	type frame struct {
		operator string
		session  uint64
		sequence uint32
	}
	octets := Law{Name: "a short message that left and is not stored"}
	lost := Law{Name: "a PDU that was answered as taken and is not in the inbox"}
	fresh := Law{Name: "an inbox row neither settled, waiting nor an orphan", Broken: r.fresh, Looked: len(r.inbox)}
	open := map[frame]string{}
	err := lines(path, func(l wireLine) {
		pdu, err := hex.DecodeString(l.PDU)
		if err != nil {
			return
		}
		f := frame{l.Operator, l.Session, l.Sequence}
		switch {
		case l.Direction == "in" && l.Command == "submit_sm":
			octets.Looked++
			if ud := userData(pdu); !r.parts[ud] {
				octets.broken("%s: %X", l.Operator, ud)
			}
		case l.Direction == "out" && l.Command == "deliver_sm":
			open[f] = body(pdu)
		case l.Direction == "in" && l.Command == "deliver_sm_resp":
			sent, ok := open[f]
			delete(open, f)
			if !ok || l.Status != 0 {
				return
			}
			lost.Looked++
			if r.inbox[sent]--; r.inbox[sent] < 0 {
				lost.broken("%s: %X", l.Operator, sent)
			}
		}
	})
	return []Law{octets, lost, fresh}, err
}

// userData is the short_message of a submit_sm: in our frames the last field.
func userData(pdu []byte) string {
	b := pdu[min(len(pdu), smpp.HeaderLen):]
	skipString := func() {
		for i, c := range b {
			if c == 0 {
				b = b[i+1:]
				return
			}
		}
		b = nil
	}
	skip := func(n int) { b = b[min(n, len(b)):] }
	skipString() // service_type
	skip(2)
	skipString() // source_addr
	skip(2)
	skipString() // destination_addr
	skip(3)
	skipString() // schedule_delivery_time
	skipString() // validity_period
	skip(4)
	if len(b) < 1 || len(b) < 1+int(b[0]) {
		return ""
	}
	return string(b[1 : 1+int(b[0])])
}

// lines reads a file of JSON objects. A last line that a kill cut off is left out.
func lines[T any](path string, each func(T)) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("laws: %w", err)
	}
	defer f.Close()
	const longest = 1 << 20
	in := bufio.NewScanner(f)
	in.Buffer(nil, longest)
	for in.Scan() {
		var v T
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			continue
		}
		each(v)
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("laws: %s: %w", path, err)
	}
	return nil
}
