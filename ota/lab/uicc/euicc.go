package uicc

import (
	"bytes"
	"encoding/hex"
	"time"

	"github.com/simota/simota/sat"
)

// profile is an ISD-P and what it holds.
type profile struct {
	aid      sat.AID
	realm    *realm // nil if it has been created and holds nothing yet
	fallBack bool
	pol1     POL1
	quota    int // octets of memory, of a created one
}

// change is a change of profiles.
type change struct {
	from, to *profile
	notice   byte // type of the notice that tells of it
}

// euicc is what makes a card an eUICC: the ISD-R, its profiles, and the change that is going on.
type euicc struct {
	habit    EUICC
	eid      []byte
	smsr     string
	isdr     *realm
	memory   *memory
	profiles []*profile
	enabled  *profile

	ordered *change   // waits for the reset
	running *change   // has taken place and is not confirmed
	notice  *notice   // is sent until confirmed
	attach  time.Time // service must come until then, else the card rolls back; zero if it need not
	lost    time.Time // the fall-back profile takes over then; zero while there is service

	sequence  uint16 // of the next notice
	confirmed *confirmed
	last      byte // type of the notice that tells of the last change; 0 if there was none
	settled   int  // notices confirmed
	begun     bool // attached once in its life
	onAir     bool // the last messages given to the phone were a notice
	imei      string
	listing   [][]byte // of GET STATUS
}

// confirmed is the last confirmation and what was answered.
type confirmed struct {
	sequence uint16
	deleted  []sat.AID
}

func (c *Card) makeEUICC() error {
	eid, err := hex.DecodeString(c.cfg.EID)
	if err != nil {
		return err
	}
	e := &euicc{habit: c.cfg.Profile.EUICC, eid: eid, smsr: c.cfg.SMSR, isdr: c.cfg.isdr(), memory: &c.memory}
	for _, p := range c.cfg.ISDPs {
		held := &profile{aid: p.AID, fallBack: p.FallBack, pol1: p.POL1}
		if p.ICCID != "" {
			if held.realm, err = c.cfg.subscription(p, &c.memory); err != nil {
				return err
			}
		}
		if p.Enabled {
			e.enabled = held
		}
		e.profiles = append(e.profiles, held)
	}
	c.euicc, c.active = e, e.enabled.realm
	return nil
}

// ISDPStatus is one profile of an eUICC, for a test bench to look at.
type ISDPStatus struct {
	AID               string // hexadecimal
	Enabled, FallBack bool
	ICCID, IMSI       string // empty for a created one
}

// ISDPs are the profiles of an eUICC; nil for a plain card.
func (c *Card) ISDPs() []ISDPStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.euicc == nil {
		return nil
	}
	var all []ISDPStatus
	for _, p := range c.euicc.profiles {
		s := ISDPStatus{AID: p.aid.String(), Enabled: p == c.euicc.enabled, FallBack: p.fallBack}
		if p.realm != nil {
			s.ICCID, s.IMSI = p.realm.iccid(), decodeIMSI(p.realm.imsi())
		}
		all = append(all, s)
	}
	return all
}

// Life is what has become of a card's identities, for a test bench to look at.
type Life struct {
	// ISDP is the AID of the profile in use, in hexadecimal; empty for a plain card.
	ISDP string
	// Change is the type of the notice that tells how it came into use: 02 by order, 03 rolled back, 05 fell back. 0 is
	// as the card was made.
	Change byte
	// Confirmed counts the notices that were confirmed.
	Confirmed int
	// Slot is the identity in use of a multi-IMSI applet, from 1; 0 without one. Undone counts how often the applet went
	// back by itself.
	Slot, Undone int
}

// Life is what has become of the card's identities.
func (c *Card) Life() Life {
	c.mu.Lock()
	defer c.mu.Unlock()
	var l Life
	if e := c.euicc; e != nil {
		l.ISDP, l.Change, l.Confirmed = e.enabled.aid.String(), e.last, e.settled
	}
	if s := c.active.slots; s != nil {
		l.Slot, l.Undone = s.current+1, s.undoings
	}
	return l
}

// SMSR is the number of the SM-SR an eUICC notifies; empty for a plain card.
func (c *Card) SMSR() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.euicc == nil {
		return ""
	}
	return c.euicc.smsr
}

func (e *euicc) profile(aid []byte) *profile {
	for _, p := range e.profiles {
		if bytes.Equal(p.aid, aid) {
			return p
		}
	}
	return nil
}

// fallBack is the profile with the fall-back attribute, nil if none has it.
func (e *euicc) fallBack() *profile {
	for _, p := range e.profiles {
		if p.fallBack {
			return p
		}
	}
	return nil
}

// unsettled says that a change is on its way and may yet be taken back.
func (e *euicc) unsettled() bool {
	return e.ordered != nil || e.running != nil && e.running.notice == noticeChanged
}

// order asks for a change of profiles, which the next reset brings.
func (e *euicc) order(to *profile, notice byte) *Refresh {
	e.ordered = &change{from: e.enabled, to: to, notice: notice}
	e.running, e.notice = nil, nil
	e.attach, e.lost = time.Time{}, time.Time{}
	return &Refresh{Qualifier: uiccReset}
}

// restart is a reset of the card; it returns the subscription in use from now on.
func (e *euicc) restart(now time.Time) *realm {
	e.listing, e.lost = nil, time.Time{}
	if e.ordered != nil {
		e.running, e.ordered = e.ordered, nil
		e.enabled, e.last = e.running.to, e.running.notice
		if e.running.notice == noticeChanged {
			e.attach = now.Add(e.habit.Attach)
		}
	}
	return e.enabled.realm
}

// rollBack gives the subscription back to the profile before.
func (e *euicc) rollBack() Answer {
	return Answer{Refresh: e.order(e.running.from, noticeRolledBack)}
}
