package lab

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/lab/uicc"
)

// Personality says which virtual card a card type is. Either Personality or File is given.
type Personality struct {
	Personality string    `yaml:"personality"`      // one of [uicc.Personalities], compact-3des or expanded-aes
	File        string    `yaml:"personality_file"` // path of one's own, as [uicc.ParsePersonality] reads it
	Refresh     string    `yaml:"refresh"`          // card, immediate or none; empty is that of the personality
	SMSR        string    `yaml:"smsr"`             // number an eUICC sends its notices to; a must for eUICCs, for others an error
	Tracking    *Tracking `yaml:"tracking"`         // nil for a card without such an applet
}

// Tracking is the IMEI-tracking applet of a card type; offsets count octets of the message's secured data.
type Tracking struct {
	TAR    string `yaml:"tar"`    // six hex digits
	Server string `yaml:"server"` // number it reports to
	IMEI   int    `yaml:"imei"`   // where the IMEI goes, 8 octets
	IMSI   int    `yaml:"imsi"`   // where the IMSI goes, 9 octets
	Length int    `yaml:"length"` // of the whole data; 0 is as much as is needed
}

// cardType is what a Personality says, read once for all its cards.
type cardType struct {
	profile  uicc.Profile
	tracking *uicc.Tracking
	smsr     string
}

// has says whether the card has an application of a kind.
func (t cardType) has(k uicc.Kind) bool {
	return slices.ContainsFunc(t.profile.Applications, func(a uicc.Application) bool { return a.Kind == k })
}

func (p Personality) cardType() (cardType, error) {
	t := cardType{smsr: p.SMSR}
	var err error
	if t.profile, err = p.profile(); err != nil {
		return t, err
	}
	if err := p.refresh(&t.profile); err != nil {
		return t, err
	}
	switch euicc := t.has(uicc.KindISDR); {
	case euicc && !international(p.SMSR):
		return t, fmt.Errorf("smsr %q: want + and 3 to 15 digits: the notices of an eUICC go there", p.SMSR)
	case !euicc && p.SMSR != "":
		return t, fmt.Errorf("smsr %q: only an eUICC sends notices", p.SMSR)
	}
	t.tracking, err = p.Tracking.applet()
	return t, err
}

func (p Personality) profile() (uicc.Profile, error) {
	switch {
	case p.Personality != "" && p.File != "":
		return uicc.Profile{}, fmt.Errorf("personality %q and personality_file %q: want one of them", p.Personality, p.File)
	case p.File != "":
		b, err := os.ReadFile(p.File)
		if err != nil {
			return uicc.Profile{}, fmt.Errorf("personality_file: %w", err)
		}
		profile, err := uicc.ParsePersonality(b)
		if err != nil {
			return uicc.Profile{}, fmt.Errorf("personality_file %s: %w", p.File, err)
		}
		return profile, nil
	}
	switch p.Personality {
	case "compact-3des":
		return uicc.CompactTripleDES(), nil
	case "expanded-aes":
		return uicc.ExpandedAES(), nil
	}
	return uicc.Personality(p.Personality)
}

// How a card sends REFRESH that does so against its personality: UICC reset, some seconds after the packet.
const (
	ownRefresh      = 0x04
	ownRefreshDelay = 5 * time.Second
)

// refresh changes when the card sends REFRESH.
func (p Personality) refresh(card *uicc.Profile) error {
	switch mode := uicc.RefreshMode(p.Refresh); mode {
	case "", card.Refresh:
	case uicc.RefreshByCard:
		card.Refresh, card.RefreshQualifier, card.RefreshDelay = mode, ownRefresh, ownRefreshDelay
	case uicc.RefreshImmediate, uicc.RefreshNone:
		card.Refresh = mode
	default:
		return fmt.Errorf("refresh %q: want card, immediate or none", p.Refresh)
	}
	return nil
}

// Lengths of the two fields of a tracking message.
const (
	imeiLength = 8
	imsiLength = 9
)

func (t *Tracking) applet() (*uicc.Tracking, error) {
	if t == nil {
		return nil, nil
	}
	tar, err := ota.ParseTAR(t.TAR)
	if err != nil {
		return nil, fmt.Errorf("tracking: %w", err)
	}
	need := max(t.IMEI+imeiLength, t.IMSI+imsiLength)
	length := cmp.Or(t.Length, need)
	if t.IMEI < 0 || t.IMSI < 0 || need > length || length > 100 || !international(t.Server) {
		return nil, fmt.Errorf("tracking: IMEI at %d and IMSI at %d in %d octets, to %q: want both inside of at most 100 octets, and + and digits",
			t.IMEI, t.IMSI, length, t.Server)
	}
	return &uicc.Tracking{TAR: tar, Server: t.Server, Template: make([]byte, length), IMEIAt: t.IMEI, IMSIAt: t.IMSI}, nil
}

// card makes the card of a row. subs are its subscriptions, of which the first is in use; on an eUICC its profile is
// the one to fall back on, too.
func (t cardType) card(c issue, subs []*subscription, log func(uicc.LogEntry)) (*uicc.Card, error) {
	switch euicc := t.has(uicc.KindISDR); {
	case euicc && c.eid == "":
		return nil, errors.New("EID is missing: the card type is that of an eUICC")
	case !euicc && c.eid != "":
		return nil, fmt.Errorf("EID %s: the card type is not that of an eUICC", c.eid)
	}
	held, err := t.held(c, subs)
	if err != nil {
		return nil, err
	}
	cfg := uicc.Config{Profile: t.profile, Tracking: t.tracking, Log: log}
	if c.eid != "" {
		cfg.EID, cfg.SMSR, cfg.ISDPs = c.eid, t.smsr, held
		// An ISD-R changes no keys here: it has no use for a KIK.
		if cfg.ISDRKeysets, _, cfg.ISDRCounters, err = c.isdr.sets(0); err != nil {
			return nil, err
		}
		return uicc.New(cfg)
	}
	p := held[0]
	cfg.ICCID, cfg.IMSI, cfg.MNCLength, cfg.MSISDN, cfg.SMSC = p.ICCID, p.IMSI, p.MNCLength, p.MSISDN, p.SMSC
	cfg.Keysets, cfg.KIKs, cfg.Counters = p.Keysets, p.KIKs, p.Counters
	if t.has(uicc.KindMultiIMSI) {
		for _, p := range held[1:] {
			cfg.Slots = append(cfg.Slots, uicc.Slot{IMSI: p.IMSI, MNCLength: p.MNCLength, MSISDN: p.MSISDN, SMSC: p.SMSC})
		}
	}
	return uicc.New(cfg)
}

// held are the subscriptions as the profiles of an eUICC. Of a plain card only the first has keys.
func (t cardType) held(c issue, subs []*subscription) ([]uicc.ISDP, error) {
	var held []uicc.ISDP
	for i, sub := range subs {
		p := uicc.ISDP{
			AID: c.profiles[i].isdp, Enabled: i == 0, FallBack: i == 0, ICCID: c.profiles[i].iccid,
			IMSI: sub.imsi, MNCLength: len(sub.network.PLMN) - 3, MSISDN: sub.msisdn, SMSC: sub.network.SMSC,
		}
		if i == 0 || c.eid != "" {
			var err error
			if p.Keysets, p.KIKs, p.Counters, err = c.profiles[i].keys.sets(t.profile.Algorithm); err != nil {
				return nil, err
			}
		}
		held = append(held, p)
	}
	return held, nil
}
