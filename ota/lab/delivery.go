package lab

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/simota/simota/ota/lab/device"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
	"github.com/simota/simota/smpp/smscsim"
)

// How long the world waits for what usually comes at once: a receipt that is to overtake its response, in real time
// as an ESME waits for it; the answer to a copy that is to overtake the true one, in time of the world.
const (
	earlyLimit = time.Second
	lateLimit  = 30 * time.Second
)

// store takes a message into the store of its number and sends it on if the device is there.
func (s *subscriber) store(st *stored) {
	sub, w := st.sub, s.world
	sub.stored = append(sub.stored, st)
	st.expiry = s.after(st.validity(w), func() { s.expire(st) })
	if s.serving != sub {
		s.event(Event{Kind: EventStored, MessageID: st.MessageID, Copy: st.copy}.about(sub))
		s.retry(st, 0)
	}
	if st.wire == smscsim.EarlyReceipt {
		if s.serving != sub { // no receipt for long: the response must not wait for it
			sub.network.server.RespondTo(st.Number)
		} else {
			s.after(earlyLimit, func() { sub.network.server.RespondTo(st.Number) })
		}
	}
	s.next()
}

// retry has a stored message tried again by the schedule of an SMSC that does not hear of it when a device comes back.
func (s *subscriber) retry(st *stored, n int) {
	schedule := st.sub.network.Retry
	if len(schedule) == 0 {
		return
	}
	s.after(s.world.real(schedule[min(n, len(schedule)-1)]), func() {
		switch {
		case st.done:
		case s.serving == st.sub:
			s.next()
		default:
			s.retry(st, n+1)
		}
	})
}

// back is what the SMSC of a device does when it has attached: it delivers what waits, unless it has a schedule,
// and tells the ESME if it is so configured.
func (s *subscriber) back() {
	sub := s.serving
	if sub == nil {
		return
	}
	if n := sub.network; n.Alerts {
		i := slices.IndexFunc(sub.stored, func(st *stored) bool {
			dpf, ok := st.TLV(tagSetDPF)
			return !st.copy && (!ok || dpf[0] != 0)
		})
		if i >= 0 && n.server.Alert(sub.stored[i].System, sub.stored[i].Destination, sub.stored[i].Source) {
			s.event(Event{Kind: EventAlert, MessageID: sub.stored[i].MessageID}.about(sub))
		}
	}
	if len(sub.network.Retry) == 0 {
		s.next()
	}
}

// remove takes a message out of the store, for whatever end.
func (s *subscriber) remove(st *stored) {
	st.done = true
	s.cancel(st.expiry)
	st.sub.stored = slices.DeleteFunc(st.sub.stored, func(o *stored) bool { return o == st })
	st.sub.waiting.Add(-1)
}

func (s *subscriber) expire(st *stored) {
	s.remove(st)
	s.event(Event{Kind: EventExpired, MessageID: st.MessageID, Copy: st.copy}.about(st.sub))
	s.receipt(st, receipt.Expired, errAbsentSubscriber, nil)
}

func (s *subscriber) receipt(st *stored, state receipt.State, code uint16, report []byte) {
	switch {
	case st.copy:
	case st.lostReceipt:
		st.sub.network.server.Settle(st.Number, state, byte(code))
		s.event(Event{Kind: EventReceiptLost, MessageID: st.MessageID, Detail: state.String()}.about(st.sub))
	default:
		st.sub.network.receipt(st.Submitted, state, code, report)
	}
}

// next sends the next message to the device, one at a time.
func (s *subscriber) next() {
	sub := s.serving
	if s.busy || sub == nil || len(sub.stored) == 0 {
		return
	}
	if s.deliveries == s.absence {
		s.absence = -1
		s.leaveCoverage()
		s.after(s.world.real(s.absentFor), s.enterCoverage)
		return
	}
	st := sub.stored[0]
	if len(sub.stored) > 1 && sub.stored[1].overtake {
		st = sub.stored[1]
	}
	s.busy = true
	s.after(s.hop(), func() {
		s.busy = false
		if s.serving == sub && !st.done {
			s.deliver(st)
		}
		s.next()
	})
}

// deliver hands a message to the device.
func (s *subscriber) deliver(st *stored) {
	s.remove(st)
	s.deliveries++
	if st.reset {
		s.device.Card().Reset()
		s.event(Event{Kind: EventCardReset, MessageID: st.MessageID}.about(st.sub))
	}
	r := s.device.Receive(device.Message{
		Sender: st.Source.String(), PID: st.PID, DCS: st.DCS, UDHI: st.ESMClass&esmUDHI != 0, UserData: st.UserData,
	}, s.world.now())
	detail := string(r.Outcome)
	if r.SW != 0 {
		detail += fmt.Sprintf(", %04X", uint16(r.SW))
	}
	if r.Report != nil && st.sub.network.proof == 0 {
		detail += ", report not handed on"
	}
	s.event(Event{Kind: EventDelivered, MessageID: st.MessageID, No: s.deliveries, Copy: st.copy, Detail: detail}.about(st.sub))
	if r.SW>>8 == 0x62 || r.SW>>8 == 0x63 { // the phone answers RP-ERROR (3GPP TS 31.111, 7.1.1.1)
		s.receipt(st, receipt.Undeliverable, errDownload, r.Report)
	} else {
		s.receipt(st, receipt.Delivered, 0, r.Report)
	}
	if !st.copy {
		s.again(st)
	}
	s.react(st, r)
}

// again lets the network deliver a message twice: one part at once, a whole message when it was delivered whole.
func (s *subscriber) again(st *stored) {
	var parts []*stored
	if st.duplicate {
		parts = append(parts, st)
	}
	if st.repeat {
		r := s.repeats[st.message]
		if r == nil {
			r = &repeat{parts: map[byte]*stored{}}
			s.repeats[st.message] = r
		}
		r.parts[st.part] = st
		if len(r.parts) == int(st.total) && !r.begun {
			r.begun = true
			for seq := range st.total {
				parts = append(parts, r.parts[seq+1])
			}
		}
	}
	if len(parts) == 0 {
		return
	}
	s.after(s.world.real(s.world.cfg.Timing.Copy), func() {
		for _, p := range parts {
			p.sub.waiting.Add(1)
			s.store(&stored{Submitted: p.Submitted, sub: p.sub, copy: true})
		}
	})
}

// react does what a message has set off.
func (s *subscriber) react(st *stored, r device.Reaction) {
	proofs := len(r.Submit) > 0
	switch {
	case st.lostProof && !st.copy:
		for _, out := range r.Submit {
			s.submits++
			s.event(Event{Kind: EventSubmitLost, Detail: "proof lost by script, to " + out.Destination}.about(st.sub))
		}
		r.Submit, proofs = nil, false
	case st.lateProof && !st.copy && proofs:
		for _, out := range r.Submit {
			if send, _ := s.route(out); send != nil {
				s.held = append(s.held, send)
			}
		}
		r.Submit, proofs = nil, false
		s.after(s.world.real(lateLimit), s.release)
	}
	s.obey(r)
	if proofs {
		s.release()
	}
	if r.Outcome == device.CPApplied || r.Outcome == device.TextTaken {
		s.event(Event{Kind: EventProvisioned, APN: s.device.Data().Address}.about(st.sub))
	}
	if r.Session {
		s.session(false)
	}
}

// release lets the proofs on a slow way arrive.
func (s *subscriber) release() {
	for _, send := range s.held {
		send()
	}
	s.held = nil
}

// submit sends a message of the card and says whether the network took it.
func (s *subscriber) submit(out uicc.OutgoingSMS) (taken bool) {
	send, taken := s.route(out)
	if send != nil {
		send()
	}
	return taken
}

// route decides the way of a message of the card: from the number the device is attached with, through the service
// centre that EF_SMSP named. It returns what brings it to the ESME, nil if it is lost, and whether the network took it,
// which it also does of what it loses.
func (s *subscriber) route(out uicc.OutgoingSMS) (send func(), taken bool) {
	s.submits++
	e := Event{Kind: EventSubmit, No: s.submits, Detail: fmt.Sprintf("to %s by %s", out.Destination, out.SMSC)}.about(s.serving)
	lost := func(why string) {
		e.Kind, e.Detail = EventSubmitLost, e.Detail+": "+why
		s.event(e)
	}
	via, mo, err := s.outgoing(out)
	if err != nil {
		lost(err.Error())
		return nil, false
	}
	notices := 0
	if n, is := notice(out); is {
		s.notices++
		notices = s.notices
		s.event(Event{Kind: EventNotice, No: notices, Detail: fmt.Sprintf("%02X %s, sequence %d", byte(n.Type), n.Type, n.Sequence)}.about(s.serving))
	}
	if why, is := s.judge.lost(s.submits, notices, via != s.serving.network); is {
		lost(why)
		return nil, true
	}
	e.Detail += " of " + via.Name
	s.event(e)
	delay := s.hop()
	failed := func(status uint32, err error) {
		if s.world.ctx.Err() == nil && (err != nil || status != smpp.StatusOK) {
			e.Kind, e.Detail = EventSubmitFailed, fmt.Sprintf("%s, error %v", smpp.StatusName(status), err)
			s.event(e)
		}
	}
	return func() {
		s.out(delay, func() {
			if err := via.server.Post(via.SystemID, mo, failed); err != nil {
				failed(0, err)
			}
		})
	}, true
}

// outgoing makes a message of the card fit for the network, unless there is none that takes it.
func (s *subscriber) outgoing(out uicc.OutgoingSMS) (via *network, mo smscsim.MO, err error) {
	if s.serving == nil {
		return nil, mo, errors.New("the device is not attached")
	}
	if via = s.world.bySMSC[out.SMSC]; via == nil {
		return nil, mo, errors.New("no such service centre")
	}
	source, err := smpp.ParseAddress(s.serving.msisdn)
	if err != nil {
		return nil, mo, err
	}
	destination, err := smpp.ParseAddress(out.Destination)
	if err != nil || destination.TON == 5 {
		return nil, mo, errors.New("no number to send to")
	}
	mo = smscsim.MO{Source: source, Destination: destination, ProtocolID: out.PID, DataCoding: out.DCS, UserData: out.UserData}
	if out.UDHI {
		mo.ESMClass = esmUDHI
	}
	return via, mo, nil
}
