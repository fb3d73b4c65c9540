package uicc

import (
	"cmp"
	"time"

	"github.com/simota/simota/sat"
)

// slots are the identities of a multi-IMSI applet, and the change it may undo.
type slots struct {
	identities []identity
	current    int // from 0
	before     int // the slot to go back to
	changed    bool
	undoings   int
	undo       time.Time // zero for never
}

func newSlots(first identity, more []Slot) *slots {
	s := &slots{identities: []identity{first}}
	for _, m := range more {
		s.identities = append(s.identities, m.of(first.iccid))
	}
	return s
}

// slotFiles are the files an identity owns: who, where to send, and what the phone remembers of the last network.
var slotFiles = []string{
	"ACC", "AD", "MSISDN", "SMSP", "OPLMNwAcT", "HPLMNwAcT", "EHPLMN", "FPLMN", "SPDI", "Keys", "KeysPS", "Kc", "KcGPRS",
	"LOCI", "PSLOCI", "EPSLOCI", "EPSNSC", "START-HFN", "NETPAR", "5GS3GPPLOCI", "5GSN3GPPLOCI", "ISIM/IMPI", "ISIM/DOMAIN",
	"ISIM/IMPU", "IMSI",
}

// take writes the files of an identity, as far as the card has them.
func (r *realm) take(slot int) {
	fresh, err := standardTree(r.slots.identities[slot])
	if err != nil {
		return
	}
	for _, name := range slotFiles {
		ef, from := r.files.find(name), fresh.find(name)
		if ef == nil || ef.directory() {
			continue
		}
		size, records := len(ef.content.data), 0
		if l := ef.content.recLen; l > 0 {
			size, records = l, ef.content.records()
		}
		ef.content.data = padded(len(ef.content.data), from.content.relaid(size, records))
	}
	r.slots.current = slot
}

// slotSession is a script that speaks to the multi-IMSI applet, see MultiIMSI.
type slotSession struct{ *job }

// Instructions of the applet, if the personality names none.
const (
	insSlotSelect = 0x10
	insSlotRead   = 0x12
)

func (s slotSession) habit() MultiIMSI {
	h := s.card.cfg.MultiIMSI
	h.Select, h.Read = cmp.Or(h.Select, insSlotSelect), cmp.Or(h.Read, insSlotRead)
	return h
}

func (s slotSession) outgoing(header apdu) bool { return header.ins == s.habit().Read }

func (s slotSession) run(c apdu) ([]byte, sat.Status) {
	h := s.habit()
	switch {
	case c.cla != classGP:
		return nil, swClass
	case c.ins != h.Select && c.ins != h.Read:
		return nil, swInstruction
	case c.p1 != 0 || c.p2 != 0:
		return nil, swParameters
	case c.ins == h.Read:
		if len(c.data) > 0 || c.le < 1 {
			return nil, swLength
		}
		return upTo(append([]byte{byte(s.realm.slots.current + 1)}, s.realm.imsi()...), c.le)
	case len(c.data) != 1 || c.le >= 0:
		return nil, swLength
	}
	if n := int(c.data[0]); n < 1 || n > len(s.realm.slots.identities) {
		return nil, swWrongData
	}
	s.choose(int(c.data[0]) - 1)
	return nil, swOK
}

// choose changes the identity; the phone learns of it by REFRESH.
func (s slotSession) choose(slot int) {
	slots, h := s.realm.slots, s.habit()
	if slot != slots.current {
		slots.before, slots.changed = slots.current, true
	}
	s.realm.take(slot)
	s.refresh = identityRefresh(h.Qualifier, s.card.cfg.RefreshDelay)
	s.writes++
	slots.arm(s.card.clock, h.WithoutService)
}

// arm sets the time when the applet goes back, or none.
func (s *slots) arm(from time.Time, after time.Duration) {
	s.undo = time.Time{}
	if s.changed && after > 0 {
		s.undo = from.Add(after)
	}
}

// undone goes back to the slot before.
func (s *slots) undone(c *Card) *Refresh {
	s.changed, s.undo = false, time.Time{}
	s.undoings++
	c.active.take(s.before)
	return identityRefresh(c.cfg.MultiIMSI.Qualifier, 0)
}
