package smscsim

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Temper is how an SMSC behaves towards an account. The zero Temper is a good SMSC. Shares are 0 to 1.
type Temper struct {
	Latency  Latency          `yaml:"latency"` // of responses to submit_sm and data_sm
	Rate     float64          `yaml:"rate"`    // submit_sm a second; over it ESME_RTHROTTLED; 0 is no limit
	Faults   `yaml:",inline"` // of single messages
	After    int              `yaml:"cut_after"`   // a connection is cut instead of the response to its n-th accepted message; 0 never
	Down     bool             `yaml:"down"`        // connections are cut, new ones at once, as while the SMSC restarts
	MuteBind bool             `yaml:"mute_bind"`   // binds are never answered
	Deaf     bool             `yaml:"zero_window"` // connections are not read, so that their window closes
	HalfOpen bool             `yaml:"half_open"`   // connections are neither read nor written nor closed
	Drip     bool             `yaml:"drip"`        // connections are written one octet a second
	Version  *byte            `yaml:"version"`     // in the sc_interface_version of bind_resp; 0 leaves the TLV out; default 0x34, or 0x50 to a 5.0 ESME
	IDs      IDFormat         `yaml:"ids"`         // in responses
	LongIDs  bool             `yaml:"long_ids"`    // numbers of messages have bit 63 set, also in receipts
	// ErrorBody puts an empty message_id into responses with an error, which by SMPP 3.4, 4.4.2 have no body.
	ErrorBody  bool     `yaml:"error_body"`
	TLVs       []TLV    `yaml:"response_tlvs"` // in good responses to submit_sm and data_sm, to ESMEs of 3.4 and later
	Congestion byte     `yaml:"congestion"`    // congestion_state, 1 to 99, in responses to ESMEs of 5.0; 0 leaves it out
	Receipts   Receipts `yaml:"receipts"`
	MT         Mangling `yaml:"mt"`     // of messages from the ESME
	MO         Mangling `yaml:"mo"`     // of messages to the ESME; of receipts the address
	Poison     float64  `yaml:"poison"` // share of deliveries with a damaged deliver_sm before them, repeated like any other
}

// Latency is a delay: Min, or spread evenly from Min to Max when Max is more.
type Latency struct {
	Min time.Duration `yaml:"min"`
	Max time.Duration `yaml:"max"`
}

// Receipts is how delivery receipts come. Shares are 0 to 1.
type Receipts struct {
	IDs         IDFormat      `yaml:"ids"`
	Form        ReceiptForm   `yaml:"form"`
	Lost        float64       `yaml:"lost"`         // share that never comes
	Duplicated  float64       `yaml:"duplicated"`   // share that comes more than once
	Copies      int           `yaml:"copies"`       // how often in all; default 2
	Reordered   float64       `yaml:"reordered"`    // share that waits for the next receipt to overtake it, 1 s at most
	Late        float64       `yaml:"late"`         // share that comes LateBy later
	LateBy      time.Duration `yaml:"late_by"`      // default 30 s
	UCS2        bool          `yaml:"ucs2"`         // text in UCS-2
	Payload     bool          `yaml:"payload"`      // text in message_payload
	Short       bool          `yaml:"short"`        // text without sub and dlvrd
	LongDates   bool          `yaml:"long_dates"`   // dates of 12 digits, with seconds
	NoReference bool          `yaml:"no_reference"` // without the user_message_reference of the message
}

// Mangling is what an SMSC does to a message that passes through it.
type Mangling struct {
	Source   string `yaml:"source"`   // the sender becomes this number, such as a short code
	National string `yaml:"national"` // a country code: senders of that country become national ones
	Prefix   string `yaml:"prefix"`   // "+" or "00" before international senders, which become of unknown type
	TON      *byte  `yaml:"ton"`      // of the sender
	NPI      *byte  `yaml:"npi"`      // of the sender
	UDH      UDH    `yaml:"udh"`
	PID      *byte  `yaml:"pid"`
	DCS      *byte  `yaml:"dcs"`
}

// UDH is what becomes of a user data header.
type UDH byte

const (
	// KeepUDH leaves it alone.
	KeepUDH UDH = iota
	// DropUDH takes it away.
	DropUDH
	// UnmarkUDH leaves its octets and clears the indicator, so that it is read as text.
	UnmarkUDH
)

var udhWords = words[UDH]{"keep": KeepUDH, "drop": DropUDH, "unmark": UnmarkUDH}

// UnmarshalText reads keep, drop or unmark.
func (u *UDH) UnmarshalText(b []byte) error { return udhWords.read(u, "udh", b) }

// MarshalText writes the word.
func (u UDH) MarshalText() ([]byte, error) { return udhWords.write(u), nil }

// UnmarshalText reads "1401:c0ffee", tag and value in hexadecimal.
func (t *TLV) UnmarshalText(b []byte) error {
	tag, value, ok := strings.Cut(string(b), ":")
	n, err := strconv.ParseUint(tag, 16, 16)
	octets, bad := hex.DecodeString(value)
	if !ok || err != nil || bad != nil || len(octets) > math.MaxUint16 {
		return fmt.Errorf("smscsim: TLV %q: want tag and value in hexadecimal, such as 1401:c0ffee", b)
	}
	*t = TLV{uint16(n), octets}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (t TLV) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%04x:%x", t.Tag, t.Value), nil }

// Check says what is wrong with a temper.
func (t Temper) Check() error {
	f, r := t.Faults, t.Receipts
	for _, p := range []struct {
		name  string
		share float64
	}{
		{"silent", f.NoResponse}, {"duplicate", f.Duplicate}, {"throttle", f.Throttle}, {"queue_full", f.QueueFull},
		{"early_receipt", f.EarlyReceipt}, {"disconnect", f.Disconnect}, {"stall", f.Stall},
		{"silent, duplicate, throttle, queue_full, early_receipt, disconnect and stall together", f.sum()},
		{"receipts: lost", r.Lost}, {"receipts: duplicated", r.Duplicated},
		{"receipts: reordered", r.Reordered}, {"receipts: late", r.Late}, {"poison", t.Poison},
	} {
		if !(p.share >= 0 && p.share <= 1) {
			return fmt.Errorf("smscsim: temper: %s %v: want 0 to 1", p.name, p.share)
		}
	}
	switch {
	case !(t.Rate >= 0 && t.Rate <= math.MaxInt32):
		return fmt.Errorf("smscsim: temper: rate %v: want 0 or more submit_sm a second", t.Rate)
	case t.Latency.Min < 0 || t.Latency.Max < 0 || t.Latency.Max > 0 && t.Latency.Max < t.Latency.Min:
		return fmt.Errorf("smscsim: temper: latency from %v to %v: want min from 0, and max over it or none", t.Latency.Min, t.Latency.Max)
	case t.After < 0 || r.Copies < 0 || r.Copies > 100 || r.LateBy < 0:
		return fmt.Errorf("smscsim: temper: cut_after %d, copies %d, late_by %v: want none below 0 and at most 100 copies", t.After, r.Copies, r.LateBy)
	case t.Congestion > 99:
		return fmt.Errorf("smscsim: temper: congestion %d: want 0 to 99", t.Congestion)
	}
	for name, m := range map[string]Mangling{"mt": t.MT, "mo": t.MO} {
		if len(m.Source) > maxNumber || len(m.Prefix) > 2 || strings.ContainsRune(m.Source, 0) {
			return fmt.Errorf("smscsim: temper: %s: source %q, prefix %q: want at most %d characters and \"+\" or \"00\"", name, m.Source, m.Prefix, maxNumber)
		}
	}
	return nil
}

// tempers are those in force; one is never changed, but replaced.
type tempers struct {
	base    *Temper
	by      map[string]*Temper // by account; "" is for those that have none
	changed chan struct{}      // closed when this is not in force any more
}

func (t *tempers) of(account string) *Temper {
	if own := t.by[account]; own != nil {
		return own
	}
	if all := t.by[""]; all != nil {
		return all
	}
	return t.base
}

// SetTemper changes how the server behaves towards an account, at once and on open connections too; "" is
// for all accounts that have no temper of their own. Nil goes back to that, or to [Config].Temper.
func (s *Server) SetTemper(account string, t *Temper) error {
	if account != "" && s.accounts[account] == nil {
		return fmt.Errorf("smscsim: temper: no account %q", account)
	}
	if t != nil {
		if err := t.Check(); err != nil {
			return err
		}
		own := *t
		t = &own
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.tempers.Load()
	next := &tempers{base: old.base, by: map[string]*Temper{}, changed: make(chan struct{})}
	for name, other := range old.by {
		next.by[name] = other
	}
	if next.by[account] = t; t == nil {
		delete(next.by, account)
	}
	s.tempers.Store(next)
	close(old.changed)
	for c := range s.sessions {
		if c.temper().Down {
			c.close()
		}
	}
	return nil
}

// delay throws the dice for one response.
func (l Latency) delay(d *dice) time.Duration {
	if l.Max <= l.Min {
		return l.Min
	}
	return l.Min + time.Duration(d.throw()*float64(l.Max-l.Min))
}
