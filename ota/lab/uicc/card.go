package uicc

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/sms"
)

// maxCounter is the last value of a counter; when it is reached the counter is blocked (ETSI TS 102 225, 5.1.4).
const maxCounter = 1<<40 - 1

// Card is a virtual UICC. It is safe for concurrent use; commands run one after another.
type Card struct {
	mu       sync.Mutex
	cfg      Config
	files    *tree
	joiner   *sms.Joiner
	counters map[counterID]uint64
	ref      byte   // of the next concatenated message
	reported string // IMEI and IMSI as the tracking applet sent them last
}

// counterID names a counter: the one of a key version that applications share, or one's own for it.
type counterID struct {
	kvn byte
	own bool
	tar ota.TAR // only of an own counter
}

// New makes a card. Nothing in cfg may be changed afterwards.
func New(cfg Config) (*Card, error) {
	if cfg.MNCLength == 0 {
		cfg.MNCLength = 2
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	files, err := standardTree(cfg)
	if err != nil {
		return nil, err
	}
	for _, f := range cfg.Files {
		if err := files.apply(f); err != nil {
			return nil, err
		}
	}
	for _, a := range cfg.Applications {
		for _, name := range a.Updatable {
			if n := files.find(name); n == nil || n.directory() {
				return nil, fmt.Errorf("uicc: TAR %s may update %q, which the card does not have", a.TAR, name)
			}
		}
	}
	// A card has no clock: only a reset or a newer packet ends an unfinished one.
	c := &Card{cfg: cfg, files: files, joiner: sms.NewJoiner(cfg.BufferSets, math.MaxInt64)}
	c.counters = initialCounters(cfg)
	return c, nil
}

func initialCounters(cfg Config) map[counterID]uint64 {
	counters := make(map[counterID]uint64)
	for kvn, n := range cfg.Counters {
		counters[counterID{kvn: kvn}] = n
		for _, a := range cfg.Applications {
			if a.OwnCounter {
				counters[counterID{kvn, true, a.TAR}] = n
			}
		}
	}
	return counters
}

// Reset is a reset of the UICC: half-joined packets are gone; files and counters stay.
func (c *Card) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joiner.Reset()
}

// ICCID is the number of the card, as EF_ICCID says.
func (c *Card) ICCID() string {
	b, _ := c.ReadFile("ICCID")
	return unBCD(b)
}

// IMSI is what a phone reads from EF_IMSI when it starts: digits, or nothing if the file holds no IMSI.
func (c *Card) IMSI() string {
	b, _ := c.ReadFile("IMSI")
	return decodeIMSI(b)
}

// SMSC is the service centre in record 1 of EF_SMSP, with + if international; empty if there is none.
func (c *Card) SMSC() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.smsc()
}

func (c *Card) smsc() string {
	if ef := c.files.find("SMSP"); ef != nil {
		return serviceCentre(ef.content.record(1))
	}
	return ""
}

// Counter is the last counter seen with a key version, by the applications that share it.
func (c *Card) Counter(kvn byte) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counters[counterID{kvn: kvn}]
}

// Counters are the last counters seen by key version, for Config.Counters of a like card. Counters that applications
// have for themselves are not among them.
func (c *Card) Counters() map[byte]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	counters := make(map[byte]uint64)
	for id, n := range c.counters {
		if !id.own {
			counters[id.kvn] = n
		}
	}
	return counters
}

// ReadFile returns the content of an EF, by its name in the standard tree ("IMSI", "GSM/LOCI") or its path
// ("7FFF/6F07"). Records follow each other.
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
	n := c.files.find(name)
	if n == nil || n.directory() {
		return nil, fmt.Errorf("uicc: the card has no file %q", name)
	}
	return n, nil
}

func (c *Card) keyset(kvn byte) (ota.Keyset, bool) {
	i := slices.IndexFunc(c.cfg.Keysets, func(ks ota.Keyset) bool { return ks.Version == kvn })
	if i < 0 {
		return ota.Keyset{}, false
	}
	return c.cfg.Keysets[i], true
}

func (c *Card) application(tar ota.TAR) *Application {
	for i := range c.cfg.Applications {
		if c.cfg.Applications[i].TAR == tar {
			return &c.cfg.Applications[i]
		}
	}
	return nil
}

// LogEntry is what became of one secured packet: the truth that a server under test is compared with.
type LogEntry struct {
	At    time.Time `json:"at"`
	ICCID string    `json:"iccid"`
	// KVN is the key version that KIc and KID named.
	KVN byte   `json:"kvn"`
	TAR string `json:"tar"`
	// Counter and Hash are there if the packet could be opened. Hash is the SHA-256, in hexadecimal, of the header
	// (CPL to TAR), the counter and the data without padding.
	Counter uint64 `json:"counter"`
	Hash    string `json:"hash,omitempty"`
	// Result is one of the Result constants.
	Result string `json:"result"`
	// Status is the response status code, also if no response was asked.
	Status byte `json:"status"`
	// SW is the status word of the last command that ran, in hexadecimal.
	SW string `json:"sw,omitempty"`
	// Executed counts the commands that ran, a failing one included; Writes the updates among them that succeeded.
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
