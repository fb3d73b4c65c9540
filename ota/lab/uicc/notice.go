package uicc

import (
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/sms"
)

// Types of notices (GSMA SGP.02, 4.1.1.11). 04 is void.
const (
	noticeFirstAttach = 0x01
	noticeChanged     = 0x02
	noticeRolledBack  = 0x03
	noticeFellBack    = 0x05
)

// notice is a notice from its first sending to its confirmation.
type notice struct {
	kind     byte
	sequence uint16
	tries    int
	next     time.Time // the next try, or giving up
}

// dcs8Bit is 8-bit data without a class, as notices are seen to have.
const dcs8Bit = 0x04

func (e *euicc) attached(c *Card, imei string) Answer {
	first := !e.begun
	e.begun, e.imei = true, ""
	e.attach, e.lost = time.Time{}, time.Time{}
	if digits(imei, 14, 16) {
		e.imei = imei
	}
	switch {
	case e.ordered != nil || e.notice != nil:
		return Answer{}
	case e.running != nil:
		return e.begin(c, e.running.notice)
	case first && e.habit.FirstAttach:
		return e.begin(c, noticeFirstAttach)
	}
	return Answer{}
}

func (e *euicc) begin(c *Card, kind byte) Answer {
	e.notice = &notice{kind: kind, sequence: e.sequence}
	e.sequence++
	return e.send(c)
}

// send sends the notice, the same octets every time.
func (e *euicc) send(c *Card) Answer {
	e.notice.tries++
	e.notice.next = c.clock.Add(e.habit.Confirmation)
	packet, err := e.packet()
	if err != nil { // no key to sign with: it is never confirmed
		return Answer{}
	}
	out, err := c.submit(e.smsr, sms.CommandPacket, packet)
	if err != nil {
		return Answer{}
	}
	for i := range out {
		out[i].DCS = dcs8Bit
	}
	e.onAir = true
	return Answer{Submit: out}
}

// packet is the notice as a command packet: SPI 0200, which is a CC and no counter, with the KID of the first key set.
func (e *euicc) packet() ([]byte, error) {
	n := e.notice
	data := object(nil, 0x4C, e.eid...)
	data = object(data, 0x4D, n.kind)
	data = object(data, 0x4E, byte(n.sequence>>8), byte(n.sequence))
	data = object(data, e.habit.AIDTag, e.enabled.aid...)
	if e.imei != "" {
		data = object(data, 0x14, encodeIMEI(e.imei)...)
	}
	ks := e.isdr.keys[0]
	cmd := ota.Command{
		SPI: ota.SPI{0x02, 0x00}, KIc: ks.Version << 4, KID: ks.KIDByte(), TAR: e.isdr.apps[0].TAR,
		Data: object(nil, 0xE1, data...),
	}
	return cmd.Seal(ks, ota.Options{AllowWeak: true})
}

// serviceLost arms the fall-back. A change that is not settled has its own way back.
func (e *euicc) serviceLost(c *Card) {
	if to := e.fallBack(); to != nil && to != e.enabled && !e.unsettled() && e.lost.IsZero() {
		e.lost = c.clock.Add(e.habit.FallBack)
	}
}

func (e *euicc) sent(c *Card, ok bool) {
	if e.onAir && e.notice != nil && !ok {
		e.notice.next = c.clock.Add(e.habit.Resend)
	}
	e.onAir = false
}

func (e *euicc) due() time.Time {
	due := earlier(e.attach, e.lost)
	if e.notice != nil {
		due = earlier(due, e.notice.next)
	}
	return due
}

// tick repeats the notice, rolls back when it was in vain or service did not come, and falls back.
func (e *euicc) tick(c *Card, now time.Time) Answer {
	switch n := e.notice; {
	case n != nil && passed(n.next, now) && n.tries < e.habit.Tries:
		return e.send(c)
	case n != nil && passed(n.next, now):
		if n.kind == noticeChanged {
			return e.rollBack()
		}
		e.notice, e.running = nil, nil
	case passed(e.attach, now):
		return e.rollBack()
	case passed(e.lost, now):
		return Answer{Refresh: e.order(e.fallBack(), noticeFellBack)}
	}
	return Answer{}
}

// confirm is HandleNotificationConfirmation. It settles a change: the profile before goes if its POL1 says so. A
// confirmation that comes again is answered again.
func (e *euicc) confirm(sequence uint16) (*confirmed, bool) {
	if n := e.notice; n != nil && n.sequence == sequence {
		e.confirmed = &confirmed{sequence: sequence}
		e.settled++
		if r := e.running; r != nil && r.notice == noticeChanged && r.from.pol1.DeleteOnDisable && !r.from.fallBack {
			e.drop(r.from)
			e.confirmed.deleted = append(e.confirmed.deleted, r.from.aid)
		}
		e.notice, e.running = nil, nil
	}
	return e.confirmed, e.confirmed != nil && e.confirmed.sequence == sequence
}
