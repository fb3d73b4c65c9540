package smpp

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// read takes frames until the connection ends.
func (s *session) read() {
	for {
		h, frame, err := s.frames.Next()
		if err != nil && !errors.Is(err, ErrFrameTooLong) {
			s.end(fmt.Errorf("read: %w", err))
			return
		}
		s.link.mu.Lock()
		s.heard, s.enquired = time.Now(), time.Time{}
		if err == nil {
			s.dispatch(h, frame)
		} else if !h.Command.IsResponse() {
			s.command(GenericNack, StatusInvalidLength, h.Sequence, nil)
		}
		s.link.mu.Unlock()
	}
}

// dispatch acts on one frame. The caller holds mu.
func (s *session) dispatch(h Header, frame []byte) {
	switch h.Command {
	case SubmitSMResp, GenericNack:
		s.answer(h, frame)
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
	case AlertNotification, Outbind: // neither has a response (SMPP 3.4, 4.1.7.1 and 4.12.1)
	default:
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
	s.control = AppendFrame(s.control, c, status, sequence, body)
	signal(s.writes)
}

// respond answers a deliver_sm or data_sm; the body is an empty message_id.
func (s *session) respond(h Header, status uint32) {
	s.command(h.Command.Response(), status, h.Sequence, []byte{0})
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
			err := s.conn.SetWriteDeadline(time.Now().Add(s.link.cfg.WriteTimeout))
			if err == nil {
				_, err = s.conn.Write(b)
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
	for limit := len(b) + maxWrite; len(b) < limit; {
		select {
		case i := <-s.queue:
			sl := &s.slots[i]
			sl.phase, sl.sentAt = sent, now
			b = append(b, sl.frame...)
			s.link.status.Sent++
		default:
			return b, false
		}
	}
	return b, false
}

// receive queues a deliver_sm or data_sm for the handler. One that cannot be read goes there too, as
// it came. While draining none is taken: unanswered, it comes again on the next session.
func (s *session) receive(h Header, frame []byte) {
	if !s.drainBy.IsZero() {
		return
	}
	if len(s.inbox) >= maxInbox || s.octets+len(frame) > inboxOctets {
		s.respond(h, StatusQueueFull)
		return
	}
	raw := append([]byte(nil), frame...)
	d, err := ParseDelivery(raw)
	if err != nil {
		d = Delivery{PDU: raw, Err: err}
	}
	d.Link, d.ReceivedAt = s.link.cfg.Name, s.heard
	s.inbox = append(s.inbox, d)
	s.octets += len(raw)
	s.link.status.Received++
	signal(s.arrivals)
}

// keep hands deliveries to the handler, as many at a time as have queued up, and answers them.
func (s *session) keep(ctx context.Context) {
	for {
		select {
		case <-s.ended:
			return
		case <-s.arrivals:
		}
		for batch := s.takeInbox(); len(batch) > 0; batch = s.takeInbox() {
			s.acknowledge(batch, s.link.handler.Deliver(ctx, batch))
		}
	}
}

// takeInbox takes what arrived, nothing once the session ended: what it leaves is unanswered and comes again.
func (s *session) takeInbox() []Delivery {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	n := min(len(s.inbox), maxDeliver)
	if n == 0 || s.endReason != nil {
		s.storing = false
		return nil
	}
	batch := s.inbox[:n:n]
	if s.inbox = s.inbox[n:]; len(s.inbox) == 0 {
		s.inbox = nil
	}
	for i := range batch {
		s.octets -= len(batch[i].PDU)
	}
	s.storing = true
	return batch
}

func (s *session) acknowledge(batch []Delivery, statuses []uint32) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	if s.endReason != nil {
		return
	}
	for i := range batch {
		status := StatusReceiverTemporary
		if i < len(statuses) {
			status = statuses[i]
		}
		if h, err := ParseHeader(batch[i].PDU); err == nil {
			s.respond(h, status)
		}
	}
}
