package lab

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/smscsim"
)

// Config describes a world. Zero values other than Operators, Cards and CardTypes mean: real time, no faults, no
// feed, no logs, no control socket.
type Config struct {
	Operators []Operator             `yaml:"operators"`
	Cards     string                 `yaml:"cards"`      // path of the card file
	CardTypes map[string]Personality `yaml:"card_types"` // by the name in column CARD_TYPE
	Devices   []Model                `yaml:"devices"`    // what devices are, by their IMEI; the others are like a Model{}
	Feed      Feed                   `yaml:"feed"`
	RADIUS    RADIUS                 `yaml:"radius"` // another way to report data connections
	Speed     float64                `yaml:"speed"`  // seconds of the world in a real one; 0 is 1
	Seed      int64                  `yaml:"seed"`
	Timing    Timing                 `yaml:"timing"`
	Faults    Faults                 `yaml:"faults"`
	Scenario  smscsim.Scenario       `yaml:"scenario"`    // what happens to the SMSCs from the start on, in real time
	Logs      string                 `yaml:"logs"`        // directory for wire.jsonl, card.jsonl and world.jsonl
	NoWireLog bool                   `yaml:"no_wire_log"` // leaves wire.jsonl empty, which costs more than all else at thousands of messages a second
	Control   string                 `yaml:"control"`     // path of a unix socket with the control interface

	// CardData is the content of the card file, instead of Cards.
	CardData []byte `yaml:"-"`
	// Observe is called for every event of the world, from many goroutines, and must not block.
	Observe func(Event) `yaml:"-"`
}

// Operator is a network: its SMSC, one ESME account and its home PLMN.
type Operator struct {
	Name     string      `yaml:"name"`
	PLMN     string      `yaml:"plmn"`      // MCC and MNC, 5 or 6 digits
	SMSC     string      `yaml:"smsc"`      // service centre address, "+" and digits
	Listen   string      `yaml:"listen"`    // TCP address; empty is 127.0.0.1:0
	SystemID string      `yaml:"system_id"` // of the account
	Password smpp.Secret `yaml:"password"`
	// IDResponse and IDReceipt say how message ids are written in responses and receipts: hex, decimal, padded-hex,
	// padded-decimal, upper-hex, opaque, constant or none; without one it is hex.
	IDResponse smscsim.IDFormat `yaml:"id_response"`
	IDReceipt  smscsim.IDFormat `yaml:"id_receipt"`
	Country    string           `yaml:"country"` // ISO 3166 code, for people
	APN        string           `yaml:"apn"`     // what devices that start here use before they are configured; may be empty
	// APNs are the access points that the network knows beside APN; without any it opens every data connection.
	APNs []string `yaml:"apns"`
	// Logins are what some of them want to know, by APN; the others let everybody in.
	Logins map[string]Login `yaml:"logins"`

	Temper smscsim.Temper `yaml:"temper"` // how the SMSC behaves where no scenario says otherwise
	Window int            `yaml:"window"` // deliveries a session may have unanswered; default 1000
	Alerts bool           `yaml:"alerts"` // alert_notification when a subscriber with a waiting message is back, unless its set_dpf was 0
	// Retry is after how long the SMSC tries again to deliver a message, the last one over and over; without it
	// it does when the device attaches.
	Retry []time.Duration `yaml:"retry"`
	// ProofTLV is the tag, four hex digits, in which receipts carry the user data of the card's SMS-DELIVER-REPORT, which
	// SMPP has no parameter for; empty for none.
	ProofTLV string `yaml:"proof_tlv"`
}

// Login is the user and password of an access point (PAP or CHAP).
type Login struct {
	User     string      `yaml:"user"`
	Password smpp.Secret `yaml:"password"`
}

// proofTag is the tag of proof_tlv, 0 for none. SMSC vendors have 1400 to 3FFF (SMPP 3.4, 5.3.2).
func (o Operator) proofTag() (uint16, error) {
	if o.ProofTLV == "" {
		return 0, nil
	}
	tag, err := strconv.ParseUint(o.ProofTLV, 16, 16)
	if err != nil || tag < 0x1400 || tag > 0x3FFF {
		return 0, fmt.Errorf("lab: operator %q: proof_tlv %q: want four hex digits from 1400 to 3FFF", o.Name, o.ProofTLV)
	}
	return uint16(tag), nil
}

// Feed says where attach events are posted.
type Feed struct {
	URL   string      `yaml:"url"`   // http://host:port, or the path of a unix socket; empty for none
	Token smpp.Secret `yaml:"token"` // bearer token
}

// Timing holds the durations of the world, before they are divided by its speed. The zero Timing is that of defaults.
type Timing struct {
	Hop      time.Duration `yaml:"hop"`      // one way between SMSC and device or SMSC and ESME, give or take a third; default 300 ms, in a file 0 is none
	Offline  time.Duration `yaml:"offline"`  // how long a REFRESH or restart takes; default 8 s
	Copy     time.Duration `yaml:"copy"`     // after which a duplicate comes; default 3 s
	Validity time.Duration `yaml:"validity"` // of a message that names none; default 72 h
}

var defaultTiming = Timing{Hop: 300 * time.Millisecond, Offline: 8 * time.Second, Copy: 3 * time.Second, Validity: 72 * time.Hour}

const maxSpeed = 100_000

// ParseConfig reads a configuration in YAML. Unknown fields are errors; every error names its line.
func ParseConfig(b []byte) (Config, error) {
	c := Config{Timing: defaultTiming}
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&c); err != nil {
		return Config{}, fmt.Errorf("lab: configuration: %w", err)
	}
	if _, err := c.withDefaults(); err != nil {
		return c, err
	}
	// A file is read by New: its path may not be ready.
	_, err := c.cardTypes(func(p Personality) bool { return p.File == "" || p.Personality != "" })
	return c, err
}

// Resolve makes the relative paths in c relative to dir.
func (c *Config) Resolve(dir string) {
	resolve := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	c.Cards, c.Logs, c.Control = resolve(c.Cards), resolve(c.Logs), resolve(c.Control)
	c.CardTypes = maps.Clone(c.CardTypes)
	for name, p := range c.CardTypes {
		p.File = resolve(p.File)
		c.CardTypes[name] = p
	}
}

// cardTypes reads the card types that are wanted.
func (c Config) cardTypes(wanted func(Personality) bool) (map[string]cardType, error) {
	types := map[string]cardType{}
	for name, p := range c.CardTypes {
		if !wanted(p) {
			continue
		}
		t, err := p.cardType()
		if err != nil {
			return nil, fmt.Errorf("lab: card type %q: %w", name, err)
		}
		types[name] = t
	}
	return types, nil
}

func (c Config) withDefaults() (Config, error) {
	c.Speed = cmp.Or(c.Speed, 1)
	c.Timing = cmp.Or(c.Timing, defaultTiming)
	c.Timing.Validity = cmp.Or(c.Timing.Validity, defaultTiming.Validity)
	c.Faults.AbsentFor = cmp.Or(c.Faults.AbsentFor, 5*time.Minute)
	if !(c.Speed > 0 && c.Speed <= maxSpeed) {
		return c, fmt.Errorf("lab: speed %v: want more than 0 and at most %d", c.Speed, maxSpeed)
	}
	for name, d := range map[string]time.Duration{
		"hop": c.Timing.Hop, "offline": c.Timing.Offline, "copy": c.Timing.Copy, "validity": c.Timing.Validity,
	} {
		if d < 0 {
			return c, fmt.Errorf("lab: timing: %s %v is negative", name, d)
		}
	}
	if c.Cards == "" && c.CardData == nil {
		return c, errors.New("lab: cards is missing: name a card file")
	}
	if _, _, err := c.Feed.target(); err != nil {
		return c, err
	}
	if err := c.RADIUS.check(); err != nil {
		return c, err
	}
	if err := c.checkOperators(); err != nil {
		return c, err
	}
	if err := checkModels(c.Devices); err != nil {
		return c, err
	}
	if err := c.Scenario.Check(); err != nil {
		return c, err
	}
	if err := c.checkScenario(c.Scenario); err != nil {
		return c, err
	}
	return c, c.Faults.check()
}

func (c Config) checkOperators() error {
	if len(c.Operators) == 0 {
		return errors.New("lab: operators is missing: name at least one")
	}
	for i, o := range c.Operators {
		twin := func(p Operator) bool { return p.Name == o.Name || p.SMSC == o.SMSC }
		switch {
		case o.Name == "":
			return fmt.Errorf("lab: operator %d has no name", i+1)
		case slices.ContainsFunc(c.Operators[:i], twin):
			return fmt.Errorf("lab: operator %q: name and smsc must differ from those of the others", o.Name)
		case len(o.PLMN) < 5 || len(o.PLMN) > 6 || !digits(o.PLMN):
			return fmt.Errorf("lab: operator %q: plmn %q: want 5 or 6 digits", o.Name, o.PLMN)
		case !international(o.SMSC):
			return fmt.Errorf("lab: operator %q: smsc %q: want + and 3 to 15 digits", o.Name, o.SMSC)
		case o.SystemID == "" || len(o.SystemID) > 15:
			return fmt.Errorf("lab: operator %q: system_id %q: want 1 to 15 characters", o.Name, o.SystemID)
		}
		if err := o.Temper.Check(); err != nil {
			return fmt.Errorf("lab: operator %q: %w", o.Name, err)
		}
		if _, err := o.proofTag(); err != nil {
			return err
		}
		if err := o.checkAccess(); err != nil {
			return err
		}
		if o.Window < 0 || slices.ContainsFunc(o.Retry, func(d time.Duration) bool { return d <= 0 }) {
			return fmt.Errorf("lab: operator %q: window %d, retry %v: want no negative window and delays over 0", o.Name, o.Window, o.Retry)
		}
	}
	return nil
}

// target splits the feed's address into what to dial and what to post to; both are empty without a feed.
func (f Feed) target() (socket, base string, err error) {
	switch {
	case f.URL == "":
		return "", "", nil
	case strings.HasPrefix(f.URL, "http://"), strings.HasPrefix(f.URL, "https://"):
		if u, err := url.Parse(f.URL); err != nil || u.Host == "" {
			return "", "", fmt.Errorf("lab: feed: url %q: want http://host:port or the path of a unix socket", f.URL)
		}
		return "", strings.TrimSuffix(f.URL, "/"), nil
	}
	return f.URL, "http://feed", nil
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func international(s string) bool {
	rest, plus := strings.CutPrefix(s, "+")
	return plus && len(rest) >= 3 && len(rest) <= 15 && digits(rest)
}
