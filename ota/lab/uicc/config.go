package uicc

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/sat"
)

// Secret is raw key material. It never shows itself.
type Secret []byte

// String returns "[redacted]".
func (Secret) String() string { return "[redacted]" }

// GoString returns "[redacted]".
func (Secret) GoString() string { return "[redacted]" }

// Format writes "[redacted]" for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[redacted]")) }

// MarshalText returns "[redacted]".
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// File changes one file of the standard tree, or adds one.
type File struct {
	// Name is a name of the standard tree ("IMSI", "SMSP", "GSM/IMSI", "ISIM/IMPI") or a path ("7FFF/6F07", "2FE2",
	// "ISIM/6F02").
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
//
// A plain card has one subscription: ICCID to Files. An eUICC (EID is not empty) has several, in ISDPs, and those
// fields stay empty.
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
	// KIKs are the third keys of the key sets, by key version; PUT KEY needs that of the set which secures its packet.
	KIKs map[byte]Secret
	// Counters are the last counters the card has seen, by key version.
	Counters map[byte]uint64
	// Files are applied to the standard tree in their order, after those of the Profile.
	Files []File
	// Slots are the further identities of a multi-IMSI card: the first of them is slot 2, slot 1 is the identity above.
	Slots []Slot

	// EID, 32 digits, makes the card an eUICC.
	EID string
	// SMSR is the number of the SM-SR that notices go to, with + in front.
	SMSR string
	// ISDRKeysets are those of the ISD-R: AES.
	ISDRKeysets []ota.Keyset
	// ISDRCounters are the last counters the ISD-R has seen, by key version.
	ISDRCounters map[byte]uint64
	// ISDPs are the profiles; exactly one is enabled, at most one has the fall-back attribute.
	ISDPs []ISDP

	// Tracking is the IMEI-tracking applet; nil for none.
	Tracking *Tracking
	// Log takes an entry for every secured packet, in order, while the card is locked: it must not call the card.
	Log func(LogEntry)
}

// Slot is an identity of a multi-IMSI card.
type Slot struct {
	IMSI         string // 6 to 15 digits
	MNCLength    int    // 2 or 3; 0 means 2
	MSISDN, SMSC string // with + if international; empty leaves the file empty
}

// ISDP is a profile on an eUICC. Without an ICCID it is an ISD-P that has been created and holds no profile yet.
type ISDP struct {
	// AID has 16 octets: A0000005591010FFFFFFFF89, two octets from 0010 on, 00, 00 (GSMA SGP.02, annex H).
	AID sat.AID
	// Enabled says that this is the profile in use; FallBack that it has the fall-back attribute.
	Enabled, FallBack bool
	// POL1 are the rules the profile itself carries.
	POL1 POL1

	// The subscription, as in Config.
	ICCID, IMSI  string
	MNCLength    int
	MSISDN, SMSC string
	Files        []File
	// The keys of the profile's own security domain (MNO-SD), as in Config.
	Keysets  []ota.Keyset
	KIKs     map[byte]Secret
	Counters map[byte]uint64
}

// POL1 are the policy rules inside a profile (GSMA SGP.02, 2.4.9).
type POL1 struct {
	DisableNotAllowed, DeleteNotAllowed, DeleteOnDisable bool
}

// identity is what the files of a subscription are made from.
type identity struct {
	iccid, imsi  string
	mncLength    int
	msisdn, smsc string
}

func (c Config) identity() identity { return identity{c.ICCID, c.IMSI, c.MNCLength, c.MSISDN, c.SMSC} }

func (p ISDP) identity() identity { return identity{p.ICCID, p.IMSI, p.MNCLength, p.MSISDN, p.SMSC} }

// of is the identity of a slot on a card.
func (s Slot) of(iccid string) identity {
	return identity{iccid, s.IMSI, s.MNCLength, s.MSISDN, s.SMSC}
}

func (i identity) validate() error {
	switch {
	case !digits(i.iccid, 18, 20):
		return fmt.Errorf("uicc: ICCID %q: want 18 to 20 digits", i.iccid)
	case !digits(i.imsi, 6, 15):
		return fmt.Errorf("uicc: IMSI %q: want 6 to 15 digits", i.imsi)
	case i.mncLength != 0 && i.mncLength != 2 && i.mncLength != 3:
		return fmt.Errorf("uicc: MNC length %d: want 2 or 3", i.mncLength)
	case i.msisdn != "" && !phoneNumber(i.msisdn):
		return fmt.Errorf("uicc: MSISDN %q: want at most 20 digits, + in front if international", i.msisdn)
	case i.smsc != "" && !phoneNumber(i.smsc):
		return fmt.Errorf("uicc: SMSC %q: want at most 20 digits, + in front if international", i.smsc)
	}
	return nil
}

func (c Config) validate() error {
	if err := c.Profile.validate(); err != nil {
		return err
	}
	if c.Tracking != nil {
		if err := c.Tracking.validate(); err != nil {
			return err
		}
	}
	if c.EID != "" {
		return c.validateEUICC()
	}
	if slices.ContainsFunc(c.Applications, isISDR) {
		return fmt.Errorf("uicc: profile %q is that of an eUICC: the card needs an EID", c.Name)
	}
	if len(c.ISDPs) > 0 || len(c.ISDRKeysets) > 0 || c.SMSR != "" {
		return errors.New("uicc: profiles, ISD-R keys or SM-SR address without an EID: only an eUICC has them")
	}
	if err := c.identity().validate(); err != nil {
		return err
	}
	for i, s := range c.Slots {
		if err := s.of(c.ICCID).validate(); err != nil {
			return fmt.Errorf("%w (slot %d)", err, i+2)
		}
	}
	return validateKeys(c.Keysets, c.KIKs, c.Counters, c.Profile)
}

// isdpPrefix begins the AIDs of the ISD-R, the ECASD, every ISD-P, its load file and its module (GSMA SGP.02, annex H).
const isdpPrefix = "\xA0\x00\x00\x05\x59\x10\x10\xFF\xFF\xFF\xFF\x89"

func (c Config) validateEUICC() error {
	enabled, fallBack := 0, 0
	for i, p := range c.ISDPs {
		twin := func(q ISDP) bool { return string(q.AID) == string(p.AID) }
		switch {
		case !isdpAID(p.AID) || slices.ContainsFunc(c.ISDPs[:i], twin):
			return fmt.Errorf("uicc: ISD-P AID %s: want A0000005591010FFFFFFFF8900001000 to 8900FFFF00, each once", p.AID)
		case p.ICCID == "" && (p.Enabled || p.FallBack):
			return fmt.Errorf("uicc: ISD-P %s holds no profile and cannot be enabled or the fall-back", p.AID)
		case p.Enabled:
			enabled++
		}
		if p.FallBack {
			fallBack++
		}
		if p.ICCID == "" {
			continue
		}
		if err := p.identity().validate(); err != nil {
			return fmt.Errorf("%w (ISD-P %s)", err, p.AID)
		}
		if err := validateKeys(p.Keysets, p.KIKs, p.Counters, c.Profile); err != nil {
			return fmt.Errorf("%w (ISD-P %s)", err, p.AID)
		}
	}
	switch {
	case !digits(c.EID, 32, 32):
		return fmt.Errorf("uicc: EID %q: want 32 digits", c.EID)
	case !strings.HasPrefix(c.SMSR, "+") || !phoneNumber(c.SMSR):
		return fmt.Errorf("uicc: SM-SR address %q: want + and at most 20 digits", c.SMSR)
	case enabled != 1 || fallBack > 1:
		return fmt.Errorf("uicc: %d enabled profiles and %d fall-back profiles: want exactly one and at most one", enabled, fallBack)
	case c.ICCID+c.IMSI+c.MSISDN+c.SMSC != "" || len(c.Keysets)+len(c.KIKs)+len(c.Counters)+len(c.Files)+len(c.Slots) > 0:
		return errors.New("uicc: an eUICC has its subscriptions in ISDPs, not beside them")
	case len(c.ISDRKeysets) == 0:
		return errors.New("uicc: the ISD-R has no key set")
	case !slices.ContainsFunc(c.Applications, isISDR):
		return fmt.Errorf("uicc: profile %q has no application of kind %q, and the card has an EID", c.Name, KindISDR)
	}
	for _, ks := range c.ISDRKeysets {
		if ks.KID.Algorithm().BlockSize() != 16 || ks.KIc.Algorithm().BlockSize() != 16 {
			return fmt.Errorf("uicc: key set %d of the ISD-R: want AES keys", ks.Version)
		}
	}
	return validateKeys(c.ISDRKeysets, nil, c.ISDRCounters, Profile{})
}

func isISDR(a Application) bool { return a.Kind == KindISDR }

func isdpAID(aid sat.AID) bool {
	if len(aid) != 16 || string(aid[:12]) != isdpPrefix || aid[12] != 0 || aid[15] != 0 {
		return false
	}
	return int(aid[13])<<8|int(aid[14]) >= 0x0010
}

func validateKeys(sets []ota.Keyset, kiks map[byte]Secret, counters map[byte]uint64, p Profile) error {
	var seen []byte
	for _, ks := range sets {
		if ks.Version < 1 || ks.Version > 15 || slices.Contains(seen, ks.Version) {
			return fmt.Errorf("uicc: key version %d: want 1 to 15, each once", ks.Version)
		}
		seen = append(seen, ks.Version)
		for _, k := range []ota.Key{ks.KIc, ks.KID} {
			if a := k.Algorithm(); p.Algorithm != 0 && a != 0 && a != p.Algorithm {
				return fmt.Errorf("uicc: a key of version %d is for %s, profile %q has %s", ks.Version, a, p.Name, p.Algorithm)
			}
		}
	}
	for kvn, kik := range kiks {
		if n := len(kik); !slices.Contains(seen, kvn) || n != 16 && n != 24 && n != 32 {
			return fmt.Errorf("uicc: KIK of key version %d has %d octets: want 16, 24 or 32 and a key set on the card", kvn, n)
		}
	}
	for kvn, n := range counters {
		if !slices.Contains(seen, kvn) || n > maxCounter {
			return fmt.Errorf("uicc: counter %d of key version %d: want 40 bits and a key set on the card", n, kvn)
		}
	}
	return nil
}

func digits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

func phoneNumber(s string) bool { return digits(strings.TrimPrefix(s, "+"), 1, 20) }
