package uicc

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
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

// Refresh modes. An eUICC that changes profiles and a multi-IMSI applet send theirs in any mode.
const (
	RefreshByCard    RefreshMode = "card"      // by itself after EF_IMSI changed, and when a script asks
	RefreshImmediate RefreshMode = "immediate" // only when a script asks, by tag 81
	RefreshNone      RefreshMode = "none"      // never; tag 81 gives an action error
)

// PoRWay is how the proof of receipt leaves the card.
type PoRWay string

// Ways of the proof of receipt.
const (
	PoRAsAsked  PoRWay = ""       // as bit 6 of the second SPI octet says: the standard
	PoRBySubmit PoRWay = "submit" // always by SMS-SUBMIT
	PoRByReport PoRWay = "report" // always in the SMS-DELIVER-REPORT, which few ESMEs ever see
)

// PutKeyForm is how PUT KEY must write an AES key (GlobalPlatform 2.3, tables 11-68 and 11-70).
type PutKeyForm string

// Forms of AES keys.
const (
	PutKeyAny    PutKeyForm = ""       // both are taken
	PutKeyPlain  PutKeyForm = "plain"  // only the enciphered key
	PutKeyLength PutKeyForm = "length" // only with the key's real length in front
)

// Kind is what an application does with the scripts it gets.
type Kind string

// Kinds of applications.
const (
	KindRFM       Kind = ""           // remote file management
	KindRAM       Kind = "ram"        // remote application management by the issuer's security domain
	KindISDR      Kind = "isd-r"      // profile management on an eUICC; it has keys of its own
	KindMultiIMSI Kind = "multi-imsi" // the vendor's applet that changes identities, see MultiIMSI
)

// Formats an application can have besides script.Compact, script.Expanded (templates of definite and of indefinite
// length) and script.Indefinite (only AE).
const (
	Definite   script.Format = "expanded-definite" // only AA
	AutoFormat script.Format = "auto"              // expanded if the first octet is AA or AE, else compact (ETSI TS 102 226, 5.3)
)

// Application is an application on the card that takes secured packets.
type Application struct {
	TAR  ota.TAR
	Kind Kind
	// Format is script.Compact, script.Expanded, script.Indefinite, Definite or AutoFormat.
	Format script.Format
	// MSL is the minimum security level, written as a first SPI octet: 16 hex is CC, cipher, counter higher.
	MSL byte
	// OwnCounter says that the application counts for itself. Else one counter per key version serves all
	// applications.
	OwnCounter bool
	// Silent says that it does not answer a packet that fails its security, as an ISD-R.
	Silent bool

	// Start is what is selected when a script of KindRFM begins: sat.MF or sat.ADFUSIM, the application's ADF. An
	// application that starts in the MF has no current ADF, so 7FFF leads it nowhere (ETSI TS 102 226, 8).
	Start sat.FID
	// ISIM says that its ADF is that of the ISIM, not of the USIM.
	ISIM bool
	// SelectByAID admits SELECT by DF name.
	SelectByAID bool
	// Class is the class of its commands: 00, or A0 for a 2G application with the status words of TS 51.011. The
	// other kinds have class 80, whatever is written here.
	Class byte
	// Updatable names the files it may write; nil is full access, which includes creating, deleting and resizing
	// files. Reading is free.
	Updatable []string
}

// Package is a load file that the card comes with.
type Package struct {
	AID     sat.AID
	Modules []sat.AID
}

// MultiIMSI is how the multi-IMSI applet is spoken to. Its commands have class 80:
//
//	80 Select 00 00 01 slot   takes the identity of the slot: files written, REFRESH follows. 6A80 for no such slot
//	80 Read   00 00 00        current slot (1), content of EF_IMSI (9)
type MultiIMSI struct {
	// Select and Read are the instruction octets; 0 means 10 and 12 hex.
	Select, Read byte
	// Qualifier is that of its REFRESH, 04 UICC reset for instance.
	Qualifier byte
	// WithoutService and WithService are how long after a change the applet goes back to the slot before: the one
	// counts while there is no service, the other from the attach on. 0 never.
	WithoutService, WithService time.Duration
}

// EUICC is how an eUICC behaves when profiles change. A zero value stands for the value in brackets.
type EUICC struct {
	// Tries is how often a notice is sent before the card gives up, and rolls back (3).
	Tries int
	// Confirmation is how long after a notice its confirmation may take (10 min).
	Confirmation time.Duration
	// Resend is how long after a SEND SHORT MESSAGE that failed the next try comes (30 s).
	Resend time.Duration
	// Attach is how long after a change of profiles the card waits for service before it rolls back (15 min).
	Attach time.Duration
	// FallBack is how long service is lost before the fall-back profile takes over (1 h).
	FallBack time.Duration
	// FirstAttach says that the first attach in the card's life is notified.
	FirstAttach bool
	// AIDTag is the tag of the AID in notices: 4F or 2F (4F).
	AIDTag byte
}

func (e EUICC) withDefaults() EUICC {
	e.Tries = cmp.Or(e.Tries, 3)
	e.Confirmation = cmp.Or(e.Confirmation, 10*time.Minute)
	e.Resend = cmp.Or(e.Resend, 30*time.Second)
	e.Attach = cmp.Or(e.Attach, 15*time.Minute)
	e.FallBack = cmp.Or(e.FallBack, time.Hour)
	e.AIDTag = cmp.Or(e.AIDTag, 0x4F)
	return e
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
	// RC says that commands and answers may have a redundancy check (CRC) instead of a CC.
	RC bool
	// PoR is how proofs of receipt leave the card.
	PoR PoRWay
	// ClearPoREvery makes every so-manieth proof that should be secured go out in clear; 0 none.
	ClearPoREvery int
	// BufferParts is how many SMS of one packet the card can join, 1 to 255.
	BufferParts int
	// BufferSets is how many unfinished packets it keeps at once, at least 1; a further one displaces the oldest.
	BufferSets int
	// ResponseLimit is how many octets the answer to an expanded script may have, at least 16; beyond it the card
	// cuts the data and stops with 62F1.
	ResponseLimit int
	// Chaining says that expanded scripts may be chained (tag 83).
	Chaining bool
	// Memory is how many octets of non-volatile memory there are for applets and created files; 0 is 65,536.
	Memory int
	// PutKey is how AES keys must be written.
	PutKey PutKeyForm
	// Packages are on the card from the beginning.
	Packages []Package
	// FileChanges are applied to the standard tree of every subscription, before Config.Files.
	FileChanges []File
	MultiIMSI   MultiIMSI
	EUICC       EUICC
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

// at marks an error with the field of a personality it is about, in the words of the YAML form.
type at struct {
	field string
	error
}

func (a at) Unwrap() error { return a.error }

// wrong is an error about a field of a personality.
func wrong(field, format string, args ...any) error {
	return at{field, fmt.Errorf("uicc: "+format, args...)}
}

func (p Profile) validate() error {
	for i := range p.Applications {
		if err := p.validateApplication(i); err != nil {
			return err
		}
	}
	switch {
	case !slices.Contains([]RefreshMode{RefreshByCard, RefreshImmediate, RefreshNone}, p.Refresh):
		return wrong("refresh.mode", "refresh %q: want card, immediate or none", p.Refresh)
	case !slices.Contains([]Replay{ReplayCounterLow, ReplayUnsecured, ReplaySilent}, p.Replay):
		return wrong("replay", "replay %q: want counter-low, unsecured or silent", p.Replay)
	case !slices.Contains([]PoRWay{PoRAsAsked, PoRBySubmit, PoRByReport}, p.PoR):
		return wrong("por.way", "proof of receipt by %q: want nothing, submit or report", p.PoR)
	case p.ClearPoREvery < 0:
		return wrong("por.clear_every", "every %dth proof in clear: want 0 or more", p.ClearPoREvery)
	case p.BufferParts < 1 || p.BufferParts > 255:
		return wrong("buffer.parts", "buffer of %d parts: want 1 to 255", p.BufferParts)
	case p.BufferSets < 1:
		return at{"buffer.sets", errors.New("uicc: a card needs a buffer for at least one packet")}
	case p.ResponseLimit < 16:
		return wrong("response_limit", "response limit of %d octets: want at least 16", p.ResponseLimit)
	case p.Memory < 0:
		return wrong("memory", "memory of %d octets: want 0 or more", p.Memory)
	case !slices.Contains([]PutKeyForm{PutKeyAny, PutKeyPlain, PutKeyLength}, p.PutKey):
		return wrong("put_key", "PUT KEY %q: want nothing, plain or length", p.PutKey)
	case p.EUICC.Tries < 0:
		return wrong("euicc.tries", "%d tries of a notice: want 1 or more", p.EUICC.Tries)
	case !slices.Contains([]byte{0, 0x4F, 0x2F}, p.EUICC.AIDTag):
		return wrong("euicc.aid_tag", "tag %02X of the AID in notices: want 4F or 2F", p.EUICC.AIDTag)
	case p.MultiIMSI.Select != 0 && p.MultiIMSI.Select == p.MultiIMSI.Read:
		return wrong("multi_imsi.read", "the multi-IMSI applet selects and reads with one instruction, %02X", p.MultiIMSI.Read)
	}
	return p.validateDurations()
}

func (p Profile) validateDurations() error {
	for _, d := range []struct {
		field string
		value time.Duration
	}{
		{"refresh.after", p.RefreshDelay},
		{"multi_imsi.undo.without_service", p.MultiIMSI.WithoutService},
		{"multi_imsi.undo.with_service", p.MultiIMSI.WithService},
		{"euicc.confirmation", p.EUICC.Confirmation},
		{"euicc.resend", p.EUICC.Resend},
		{"euicc.attach", p.EUICC.Attach},
		{"euicc.fall_back", p.EUICC.FallBack},
	} {
		if d.value < 0 {
			return wrong(d.field, "%s of %v: want 0 or more", d.field, d.value)
		}
	}
	return nil
}

var formats = []script.Format{script.Compact, script.Expanded, script.Indefinite, Definite, AutoFormat}

func (p Profile) validateApplication(i int) error {
	a := p.Applications[i]
	field := func(name string) string { return fmt.Sprintf("applications[%d].%s", i, name) }
	rfm := a.Kind == KindRFM
	switch {
	case slices.ContainsFunc(p.Applications[:i], func(b Application) bool { return a.TAR == b.TAR }):
		return wrong(field("tar"), "TAR %s is there twice", a.TAR)
	case !slices.Contains([]Kind{KindRFM, KindRAM, KindISDR, KindMultiIMSI}, a.Kind):
		return wrong(field("kind"), "TAR %s is of kind %q: want rfm, ram, isd-r or multi-imsi", a.TAR, a.Kind)
	case !slices.Contains(formats, a.Format):
		return wrong(field("format"), "TAR %s has format %q: want one of %q", a.TAR, a.Format, formats)
	case rfm && a.Start != sat.MF && a.Start != sat.ADFUSIM:
		return wrong(field("start"), "TAR %s starts in %s: want %s or %s", a.TAR, a.Start, sat.MF, sat.ADFUSIM)
	case rfm && a.Class != 0x00 && a.Class != classGSM:
		return wrong(field("class"), "TAR %s has class %02X: want 00 or A0", a.TAR, a.Class)
	case !rfm && a.Class != 0 && a.Class != classGP:
		return wrong(field("class"), "TAR %s has class %02X: want 80", a.TAR, a.Class)
	}
	return nil
}
