package lab

import (
	"fmt"
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/lab/device"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat/euicc"
)

// now is the time on the phones' clocks, and all that the cards know of time: that of the world, which began when it
// was made and runs with its speed.
func (w *World) now() time.Time {
	return w.began.Add(time.Duration(float64(time.Since(w.began)) * w.cfg.Speed))
}

// obey does what the card wants of the phone: its messages, how they went, and REFRESH.
func (s *subscriber) obey(r device.Reaction) {
	if len(r.Submit) > 0 {
		taken := true
		for _, out := range r.Submit {
			taken = s.submit(out) && taken
		}
		s.device.Sent(taken, s.world.now())
	}
	if r.Ignored {
		s.event(Event{Kind: EventRefreshIgnored}.about(s.byIMSI(s.device.IMSI())))
	}
	if r.Refresh != nil {
		refresh := *r.Refresh
		s.after(s.world.real(refresh.After)+s.hop(), func() { s.refresh(refresh) })
	}
	s.watch()
	s.arm()
}

// arm sets the alarm for the time when the card wants to be called. A device that is off has none.
func (s *subscriber) arm() {
	s.cancel(s.alarm)
	s.alarm = nil
	due := s.device.Due()
	if due.IsZero() || s.down || s.gone {
		return
	}
	s.alarm = s.after(max(0, s.world.real(due.Sub(s.world.now()))), func() { s.obey(s.device.Tick(s.world.now())) })
}

// Types of notices that say how a profile came into use.
var changes = map[byte]string{
	byte(euicc.ProfileChanged): EventProfileChanged, byte(euicc.RolledBack): EventRolledBack, byte(euicc.FellBack): EventFellBack,
}

// watch reports what the card has made of its identities since it was watched last.
func (s *subscriber) watch() {
	card := s.device.Card()
	was, is := s.life, card.Life()
	s.life = is
	e := Event{IMSI: card.IMSI()}.about(s.byIMSI(card.IMSI()))
	switch {
	case is.ISDP != was.ISDP:
		e.Kind, e.Detail = changes[is.Change], "ISD-P "+is.ISDP
	case is.Undone != was.Undone:
		e.Kind, e.Detail = EventAppletUndo, fmt.Sprintf("slot %d", is.Slot)
	case is.Slot != was.Slot:
		e.Kind, e.Detail = EventProfileChanged, fmt.Sprintf("slot %d", is.Slot)
	}
	if e.Kind != "" {
		s.event(e)
	}
	if is.Confirmed != was.Confirmed {
		s.event(Event{Kind: EventNoticeConfirmed}.about(s.serving))
	}
}

// notice reads a message that tells an SM-SR of a change of profiles: it is signed and not ciphered, see
// [uicc.Card.Attached].
func notice(out uicc.OutgoingSMS) (euicc.Notice, bool) {
	ud, err := sms.ParseUserData(out.UserData)
	if err != nil || !ud.Has(sms.CommandPacket) {
		return euicc.Notice{}, false
	}
	h, err := ota.ParseHeader(ud.Payload)
	if err != nil || h.SPI != (ota.SPI{0x02, 0x00}) {
		return euicc.Notice{}, false
	}
	header := 3 + int(ud.Payload[2]) // CPL, CHL and what CHL counts
	n, err := euicc.ParseNotice(ud.Payload[header:])
	return n, err == nil
}
