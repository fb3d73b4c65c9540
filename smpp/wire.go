package smpp

import (
	"errors"
	"fmt"
	"time"
)

// read takes frames until the connection ends.
func (s *session) read() {
	for {
		s.wire.reader.began = time.Time{}
		h, frame, err := s.wire.next(s.link)
		if err != nil && !errors.Is(err, ErrFrameTooLong) {
			s.lost(frame, err)
			return
		}
		rest := s.wire.frames.rest()
		s.link.trace(s.number, true, rest)
		s.take(h, frame, err, rest)
	}
}

// take acts on a frame and on those that arrived with it.
func (s *session) take(h Header, frame []byte, err error, rest []byte) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	s.heard, s.enquired = time.Now(), time.Time{}
	free := s.free.n
	if err == nil {
		s.dispatch(h, frame)
	} else {
		s.malform(frame, err.Error())
		if !h.Command.IsResponse() {
			s.command(GenericNack, StatusInvalidLength, h.Sequence, nil)
		}
	}
	for len(rest) > 0 {
		h, _ = ParseHeader(rest)
		s.dispatch(h, rest[:h.Length])
		rest = rest[h.Length:]
	}
	if s.free.n > free {
		s.link.wake()
	}
}

// lost ends the session; what made no sense is kept.
func (s *session) lost(frame []byte, err error) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	if errors.Is(err, ErrFraming) {
		s.heard = time.Now()
		s.malform(frame, err.Error())
	}
	s.endLocked(fmt.Errorf("read: %w", err))
}

// dispatch acts on one frame. The caller holds mu.
func (s *session) dispatch(h Header, frame []byte) {
	switch h.Command {
	case SubmitSMResp, GenericNack:
		s.answer(h, frame)
	case QuerySMResp, CancelSMResp, ReplaceSMResp:
		s.reply(h, frame)
	case DeliverSM, DataSM:
		s.receive(h, frame)
	case EnquireLink:
		s.command(EnquireLinkResp, StatusOK, h.Sequence, nil)
	case Unbind:
		s.command(UnbindResp, StatusOK, h.Sequence, nil)
		s.hangUp = true
	case UnbindResp:
		if !s.unbindBy.IsZero() {
			s.endLocked(errStopped)
		}
	case AlertNotification: // has no response (SMPP 3.4, 4.12.1)
		s.alert(frame)
	case EnquireLinkResp, Outbind: // an outbind has no response (SMPP 3.4, 4.1.7.1), and we are bound
	default:
		s.malform(frame, "unexpected "+h.Command.String())
		if !h.Command.IsResponse() {
			s.command(GenericNack, StatusInvalidCommand, h.Sequence, nil)
		}
	}
}

// command queues a frame before all submit_sm. The caller holds mu.
func (s *session) command(c Command, status, sequence uint32, body []byte) {
	if len(s.control) > maxControl {
		s.endLocked(errors.New("the SMSC does not read its responses"))
		return
	}
	if len(s.control) == 0 { // write takes all that is there
		signal(s.writes)
	}
	s.control = AppendFrame(s.control, c, status, sequence, body)
}

// respond answers a deliver_sm or data_sm; the body is an empty message_id.
func (s *session) respond(c Command, status, sequence uint32) {
	s.command(c.Response(), status, sequence, []byte{0})
}

// write sends what is queued, as much as possible with one system call.
func (s *session) write() {
	var b []byte
	for {
		select {
		case <-s.ended:
			return
		case <-s.writes:
		}
		for {
			var last bool
			if b, last = s.gather(b[:0]); len(b) == 0 {
				break
			}
			s.link.trace(s.number, false, b)
			err := s.wire.SetWriteDeadline(time.Now().Add(s.link.cfg.WriteTimeout))
			if err == nil {
				_, err = s.wire.Write(b)
			}
			if err == nil && last {
				err = errUnbound
			} else if err != nil {
				err = fmt.Errorf("write: %w", err)
			}
			if err != nil {
				s.end(err)
				return
			}
		}
	}
}

// gather appends what to write next: control frames, then submit_sm while there is room. From here
// on these messages count as sent. last says that the session ends with this write.
func (s *session) gather(b []byte) (_ []byte, last bool) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	if s.endReason != nil {
		return b, false
	}
	b = append(b, s.control...)
	s.control = s.control[:0]
	if s.hangUp || !s.unbindBy.IsZero() {
		return b, s.hangUp
	}
	now := time.Now()
	for limit := len(b) + maxWrite; len(b) < limit && s.queue.n > 0; {
		sl := &s.slots[s.queue.pop()]
		sl.phase, sl.sentAt = sent, now
		b = append(b, sl.frame...)
		s.link.status.Sent++
	}
	return b, false
}

// alert queues an alert_notification for the handler. One over the bound is lost: it cannot be refused.
func (s *session) alert(frame []byte) {
	a, err := parseAlert(frame)
	if err != nil {
		s.malform(frame, err.Error())
		return
	}
	if len(s.alerts) < maxInbox {
		a.Link, a.At = s.link.cfg.Name, s.heard
		s.alerts = append(s.alerts, a)
		signal(s.arrivals)
	}
}
