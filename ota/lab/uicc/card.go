package uicc

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/simota/simota/ota/sms"
)

// maxCounter is the last value of a counter; when it is reached the counter is blocked (ETSI TS 102 225, 5.1.4).
const maxCounter = 1<<40 - 1

// standardMemory is what a personality that names none has for applets and created files.
const standardMemory = 65_536

// Card is a virtual UICC. It is safe for concurrent use; commands run one after another.
type Card struct {
	mu       sync.Mutex
	cfg      Config
	active   *realm // the subscription in use
	euicc    *euicc // nil for a plain UICC
	memory   memory
	joiner   *sms.Joiner
	clock    time.Time // the latest time the phone has told
	ref      byte      // of the next concatenated message
	proofs   int       // proofs of receipt sent secured or in clear instead
	reported string    // IMEI and IMSI as the tracking applet sent them last
}

// New makes a card. Nothing in cfg may be changed afterwards.
func New(cfg Config) (*Card, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Profile.EUICC = cfg.Profile.EUICC.withDefaults()
	// A card has no clock: only a reset or a newer packet ends an unfinished one.
	c := &Card{cfg: cfg, joiner: sms.NewJoiner(cfg.BufferSets, math.MaxInt64)}
	c.memory.size = cmp.Or(cfg.Memory, standardMemory)
	var err error
	if cfg.EID != "" {
		err = c.makeEUICC()
	} else {
		c.active, err = cfg.subscription(ISDP{
			ICCID: cfg.ICCID, IMSI: cfg.IMSI, MNCLength: cfg.MNCLength, MSISDN: cfg.MSISDN, SMSC: cfg.SMSC,
			Files: cfg.Files, Keysets: cfg.Keysets, KIKs: cfg.KIKs, Counters: cfg.Counters,
		}, &c.memory)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Reset is a cold reset of the UICC: half-joined packets are gone; files and counters stay. On an eUICC a change of
// profiles that was ordered takes place.
func (c *Card) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joiner.Reset()
	c.active.reset()
	if c.euicc != nil {
		c.euicc.isdr.reset()
		c.active = c.euicc.restart(c.clock)
	}
}

// EID is the number of an eUICC, empty for a plain card.
func (c *Card) EID() string { return c.cfg.EID }

// ICCID is the number of the card, or of the profile in use, as EF_ICCID says.
func (c *Card) ICCID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.active.iccid()
}

// IMSI is what a phone reads from EF_IMSI when it starts: digits, or nothing if the file holds no IMSI.
func (c *Card) IMSI() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return decodeIMSI(c.active.imsi())
}

// SMSC is the service centre in record 1 of EF_SMSP, with + if international; empty if there is none.
func (c *Card) SMSC() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.active.smsc()
}

// MSISDN is the number in record 1 of EF_MSISDN, with + if international; empty if there is none.
func (c *Card) MSISDN() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ef := c.active.files.find("MSISDN"); ef != nil && ef.content != nil {
		return dialled(ef.content.record(1))
	}
	return ""
}

// Counter is the last counter seen with a key version, by the applications of the subscription in use that share it.
func (c *Card) Counter(kvn byte) uint64 { return c.Counters()[kvn] }

// Counters are the last counters seen by key version, for Config.Counters of a like card. Counters that applications
// have for themselves are not among them.
func (c *Card) Counters() map[byte]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.active.shared()
}

// ISDRCounters are the last counters the ISD-R has seen, by key version; nil for a plain card.
func (c *Card) ISDRCounters() map[byte]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.euicc == nil {
		return nil
	}
	return c.euicc.isdr.shared()
}

// ReadFile returns the content of an EF of the subscription in use, by its name in the standard tree ("IMSI",
// "GSM/LOCI") or its path ("7FFF/6F07"). Records follow each other.
func (c *Card) ReadFile(name string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ef, err := c.ef(name)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(ef.content.data), nil
}

// WriteFile is the phone writing an EF from its first octet on, such as the location files when it detaches.
func (c *Card) WriteFile(name string, data []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ef, err := c.ef(name)
	switch {
	case err != nil:
		return err
	case ef.readOnly:
		return fmt.Errorf("uicc: file %q is never updated", name)
	case len(data) > len(ef.content.data):
		return fmt.Errorf("uicc: file %q has %d octets, %d do not fit", name, len(ef.content.data), len(data))
	}
	copy(ef.content.data, data)
	return nil
}

func (c *Card) ef(name string) (*node, error) {
	n := c.active.files.find(name)
	if n == nil || n.directory() {
		return nil, fmt.Errorf("uicc: the card has no file %q", name)
	}
	return n, nil
}

// told keeps the time the phone gave. The card itself has none.
func (c *Card) told(now time.Time) {
	if now.After(c.clock) {
		c.clock = now
	}
}

// LogEntry is what became of one secured packet: the truth that a server under test is compared with.
type LogEntry struct {
	At    time.Time `json:"at"`
	ICCID string    `json:"iccid"`
	// EID is that of an eUICC, Domain the AID, in hexadecimal, of its ISD-R or ISD-P whose keys and counters are used.
	EID    string `json:"eid,omitempty"`
	Domain string `json:"domain,omitempty"`
	// KVN is the key version that KIc and KID named.
	KVN byte   `json:"kvn"`
	TAR string `json:"tar"`
	// Counter is there if the packet could be opened or was not ciphered, Hash only if it could be opened. Hash is
	// the SHA-256, in hexadecimal, of the header (CPL to TAR), the counter and the data without padding.
	Counter uint64 `json:"counter"`
	Hash    string `json:"hash,omitempty"`
	// Result is one of the Result constants.
	Result string `json:"result"`
	// Status is the response status code, also if no response was asked.
	Status byte `json:"status"`
	// SW is the status word of the last command that ran, in hexadecimal.
	SW string `json:"sw,omitempty"`
	// Executed counts the commands that ran, a failing one included; Writes those among them that changed the card.
	Executed int `json:"executed"`
	Writes   int `json:"writes"`
}

// Results in the log.
const (
	ResultExecuted   = "executed"
	ResultReplayed   = "replayed"
	ResultTooHigh    = "counter too high"
	ResultBlocked    = "counter blocked"
	ResultCheck      = "check failed"
	ResultCiphering  = "ciphering error"
	ResultKeyset     = "wrong keyset"
	ResultSecurity   = "unsupported security"
	ResultMSL        = "msl"
	ResultUnknownTAR = "unknown tar"
	ResultMalformed  = "malformed"
	ResultTooLong    = "too long"
)
