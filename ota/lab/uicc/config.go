package uicc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
)

// Replay is what the card does with a counter it has seen.
type Replay string

// Answers to a replayed counter.
const (
	ReplayCounterLow Replay = "counter-low" // status 02, secured as the SPI asks: the standard
	ReplayUnsecured  Replay = "unsecured"   // status 06 in clear with counter 0, as the sysmoISIM does
	ReplaySilent     Replay = "silent"      // nothing
)

// RefreshMode is when the card sends the proactive command REFRESH.
type RefreshMode string

// Refresh modes.
const (
	RefreshByCard    RefreshMode = "card"      // by itself after EF_IMSI changed, and when a script asks
	RefreshImmediate RefreshMode = "immediate" // only when a script asks, by tag 81
	RefreshNone      RefreshMode = "none"      // never; tag 81 gives an action error
)

// Application is a remote file management application on the card.
type Application struct {
	TAR ota.TAR
	// Format is script.Compact or script.Expanded.
	Format script.Format
	// MSL is the minimum security level, written as a first SPI octet: 16 hex is CC, cipher, counter higher.
	MSL byte
	// Start is what is selected when a script begins: sat.MF or sat.ADFUSIM. An application that starts in the MF
	// has no current ADF, so 7FFF leads it nowhere (ETSI TS 102 226, 8).
	Start sat.FID
	// Class is the class of its commands: 00, or A0 for a 2G application with the status words of TS 51.011.
	Class byte
	// OwnCounter says that the application counts for itself. Else one counter per key version serves all
	// applications.
	OwnCounter bool
	// Updatable names the files it may write; nil is full access. Reading is free.
	Updatable []string
}

// Profile is what makes one kind of card differ from another: its personality.
type Profile struct {
	Name string
	// Algorithm of all keys; 0 does not check.
	Algorithm    ota.Algorithm
	Applications []Application
	Refresh      RefreshMode
	// RefreshQualifier is the qualifier of the card's own REFRESH: 04 UICC reset, 01 file change notification, ...
	RefreshQualifier byte
	// RefreshDelay is how long after the packet the card's own REFRESH comes.
	RefreshDelay time.Duration
	Replay       Replay
	// SilentOnFailure says that no packet with a security failure is answered, as an ISD-R does.
	SilentOnFailure bool
	// BufferParts is how many SMS of one packet the card can join, 1 to 255.
	BufferParts int
	// BufferSets is how many unfinished packets it keeps at once, at least 1; a further one displaces the oldest.
	BufferSets int
	// ResponseLimit is how many octets the answer to an expanded script may have, at least 16; beyond it the card
	// cuts the data and stops with 62F1.
	ResponseLimit int
}

// CompactTripleDES is an older card: 3DES with two keys, compact scripts on TAR B00011 in ADF.USIM, one buffer of
// five SMS. It answers a replayed counter with status 06 in clear and sends REFRESH by itself.
func CompactTripleDES() Profile {
	return Profile{
		Name:      "compact-3des",
		Algorithm: ota.TripleDES2,
		Applications: []Application{
			{TAR: ota.TAR{0xB0, 0x00, 0x11}, Format: script.Compact, MSL: 0x16, Start: sat.ADFUSIM},
		},
		Refresh: RefreshByCard, RefreshQualifier: 0x04, RefreshDelay: 5 * time.Second,
		Replay:      ReplayUnsecured,
		BufferParts: 5, BufferSets: 1, ResponseLimit: 512,
	}
}

// ExpandedAES is a newer card: AES-128, expanded scripts on TAR B00141 and compact ones on B00011, both in ADF.USIM
// with one counter. It answers a replayed counter with a secured status 02 and sends REFRESH when a script asks.
func ExpandedAES() Profile {
	return Profile{
		Name:      "expanded-aes",
		Algorithm: ota.AES128,
		Applications: []Application{
			{TAR: ota.TAR{0xB0, 0x01, 0x41}, Format: script.Expanded, MSL: 0x16, Start: sat.ADFUSIM},
			{TAR: ota.TAR{0xB0, 0x00, 0x11}, Format: script.Compact, MSL: 0x16, Start: sat.ADFUSIM},
		},
		Refresh:     RefreshImmediate,
		Replay:      ReplayCounterLow,
		BufferParts: 8, BufferSets: 3, ResponseLimit: 1024,
	}
}

// File changes one file of the standard tree, or adds one.
type File struct {
	// Name is a name of the standard tree ("IMSI", "SMSP", "GSM/IMSI") or a path ("7FFF/6F07", "2FE2").
	Name string
	// Absent removes the file.
	Absent bool
	// Size is the length of the file, or of one record if there are Records. 0 keeps the standard size.
	Size int
	// Records is how many records a linear fixed file has. 0 keeps the standard number; a new file is transparent.
	Records int
	// Data is the content from the first octet on; the rest is FF. nil keeps the standard content as far as it fits.
	Data []byte
}

// Config is one card: its kind, its identity and its secrets.
type Config struct {
	Profile
	// ICCID has 18 to 20 digits.
	ICCID string
	// IMSI has 6 to 15 digits.
	IMSI string
	// MNCLength is 2 or 3; 0 means 2.
	MNCLength int
	// MSISDN and SMSC are numbers, with + if international. Empty leaves the file empty.
	MSISDN, SMSC string
	// Keysets of versions 1 to 15.
	Keysets []ota.Keyset
	// Counters are the last counters the card has seen, by key version.
	Counters map[byte]uint64
	// Files are applied to the standard tree in their order.
	Files []File
	// Tracking is the IMEI-tracking applet; nil for none.
	Tracking *Tracking
	// Log takes an entry for every secured packet, in order, while the card is locked: it must not call the card.
	Log func(LogEntry)
}

func (c Config) validate() error {
	switch {
	case !digits(c.ICCID, 18, 20):
		return fmt.Errorf("uicc: ICCID %q: want 18 to 20 digits", c.ICCID)
	case !digits(c.IMSI, 6, 15):
		return fmt.Errorf("uicc: IMSI %q: want 6 to 15 digits", c.IMSI)
	case c.MNCLength != 0 && c.MNCLength != 2 && c.MNCLength != 3:
		return fmt.Errorf("uicc: MNC length %d: want 2 or 3", c.MNCLength)
	case c.MSISDN != "" && !phoneNumber(c.MSISDN):
		return fmt.Errorf("uicc: MSISDN %q: want at most 20 digits, + in front if international", c.MSISDN)
	case c.SMSC != "" && !phoneNumber(c.SMSC):
		return fmt.Errorf("uicc: SMSC %q: want at most 20 digits, + in front if international", c.SMSC)
	}
	if err := c.validateKeys(); err != nil {
		return err
	}
	if err := c.Profile.validate(); err != nil {
		return err
	}
	if c.Tracking != nil {
		return c.Tracking.validate()
	}
	return nil
}

func (c Config) validateKeys() error {
	var seen []byte
	for _, ks := range c.Keysets {
		if ks.Version < 1 || ks.Version > 15 || slices.Contains(seen, ks.Version) {
			return fmt.Errorf("uicc: key version %d: want 1 to 15, each once", ks.Version)
		}
		seen = append(seen, ks.Version)
		for _, k := range []ota.Key{ks.KIc, ks.KID} {
			if a := k.Algorithm(); c.Algorithm != 0 && a != 0 && a != c.Algorithm {
				return fmt.Errorf("uicc: a key of version %d is for %s, profile %q has %s", ks.Version, a, c.Name, c.Algorithm)
			}
		}
	}
	for kvn, n := range c.Counters {
		if !slices.Contains(seen, kvn) || n > maxCounter {
			return fmt.Errorf("uicc: counter %d of key version %d: want 40 bits and a key set on the card", n, kvn)
		}
	}
	return nil
}

func (p Profile) validate() error {
	for i, a := range p.Applications {
		switch {
		case slices.ContainsFunc(p.Applications[:i], func(b Application) bool { return a.TAR == b.TAR }):
			return fmt.Errorf("uicc: TAR %s is there twice", a.TAR)
		case a.Format != script.Compact && a.Format != script.Expanded:
			return fmt.Errorf("uicc: TAR %s has format %q: want %q or %q", a.TAR, a.Format, script.Compact, script.Expanded)
		case a.Start != sat.MF && a.Start != sat.ADFUSIM:
			return fmt.Errorf("uicc: TAR %s starts in %s: want %s or %s", a.TAR, a.Start, sat.MF, sat.ADFUSIM)
		case a.Class != 0x00 && a.Class != classGSM:
			return fmt.Errorf("uicc: TAR %s has class %02X: want 00 or A0", a.TAR, a.Class)
		}
	}
	switch {
	case !slices.Contains([]RefreshMode{RefreshByCard, RefreshImmediate, RefreshNone}, p.Refresh):
		return fmt.Errorf("uicc: refresh %q: want card, immediate or none", p.Refresh)
	case !slices.Contains([]Replay{ReplayCounterLow, ReplayUnsecured, ReplaySilent}, p.Replay):
		return fmt.Errorf("uicc: replay %q: want counter-low, unsecured or silent", p.Replay)
	case p.BufferParts < 1 || p.BufferParts > 255:
		return fmt.Errorf("uicc: buffer of %d parts: want 1 to 255", p.BufferParts)
	case p.BufferSets < 1:
		return errors.New("uicc: a card needs a buffer for at least one packet")
	case p.ResponseLimit < 16:
		return fmt.Errorf("uicc: response limit of %d octets: want at least 16", p.ResponseLimit)
	}
	return nil
}

func digits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

func phoneNumber(s string) bool { return digits(strings.TrimPrefix(s, "+"), 1, 20) }
