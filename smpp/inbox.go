package smpp

import (
	"context"
	"encoding/binary"
	"strings"
	"time"
)

const (
	maxInbox    = 4096 // deliveries waiting for the handler, per session; as many alerts
	inboxOctets = 8 << 20
	keptInbox   = 1 << 20 // an inbox over this is let go when it is empty
	textOctets  = 4 << 10 // texts of deliveries that share one allocation
)

// inbox holds deliveries as they came, one frame behind the other. Its memory is used again and again: deliveries
// come by the thousand, and to allocate and free each of them costs more than all the rest.
type inbox struct {
	frames []byte
	n      int // frames
	reads  []arrival
}

// arrival is when frames came: those up to end, from the end of the arrival before.
type arrival struct {
	end int
	at  time.Time
}

func (in *inbox) add(frame []byte, at time.Time) {
	in.frames = append(in.frames, frame...)
	in.n++
	if last := len(in.reads) - 1; last >= 0 && in.reads[last].at.Equal(at) {
		in.reads[last].end = len(in.frames)
		return
	}
	in.reads = append(in.reads, arrival{len(in.frames), at})
}

// empty makes room for other deliveries.
func (in *inbox) empty() {
	if cap(in.frames) > keptInbox {
		in.frames = nil
	}
	*in = inbox{frames: in.frames[:0], reads: in.reads[:0]}
}

// deliveries appends what is in the inbox. One that cannot be read goes to the handler too, as it came.
func (in *inbox) deliveries(ds []Delivery, link string, texts *strings.Builder) []Delivery {
	begin := 0
	for _, r := range in.reads {
		for begin < r.end {
			end := begin + int(binary.BigEndian.Uint32(in.frames[begin:]))
			ds = append(ds, Delivery{Link: link, PDU: in.frames[begin:end:end], ReceivedAt: r.at})
			ds[len(ds)-1].parse(texts)
			begin = end
		}
	}
	return ds
}

// receive queues a deliver_sm or data_sm for the handler, still unread. While draining none is taken:
// unanswered, it comes again on the next session.
func (s *session) receive(h Header, frame []byte) {
	if !s.drainBy.IsZero() {
		return
	}
	if s.inbox.n >= maxInbox || len(s.inbox.frames)+len(frame) > inboxOctets {
		s.respond(h.Command, StatusQueueFull, h.Sequence)
		return
	}
	s.inbox.add(frame, s.heard)
	s.link.status.Received++
	if s.inbox.n == 1 { // keep takes all that is there
		signal(s.arrivals)
	}
}

// keep hands deliveries to the handler, as many at a time as have queued up, and answers them.
// Two inboxes take turns.
func (s *session) keep(ctx context.Context) {
	var taken inbox
	var batch []Delivery
	var texts strings.Builder
	texts.Grow(textOctets)
	for {
		select {
		case <-s.ended:
			return
		case <-s.arrivals:
		}
		for alerts, some := s.takeInbox(&taken); some; alerts, some = s.takeInbox(&taken) {
			for _, a := range alerts {
				s.link.handler.Alert(a)
			}
			if taken.n > 0 {
				batch = taken.deliveries(batch[:0], s.link.cfg.Name, &texts)
				s.acknowledge(batch, s.link.handler.Deliver(ctx, batch))
				clear(batch)
			}
		}
	}
}

// takeInbox takes what arrived, nothing once the session ended: what it leaves is unanswered and comes again.
func (s *session) takeInbox(taken *inbox) (alerts []Alert, some bool) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	taken.empty()
	s.storing = s.inbox.n > 0 && s.endReason == nil
	if s.endReason != nil || s.inbox.n+len(s.alerts) == 0 {
		return nil, false
	}
	*taken, s.inbox = s.inbox, *taken
	alerts, s.alerts = s.alerts, nil
	return alerts, true
}

func (s *session) acknowledge(batch []Delivery, statuses []uint32) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	for i := range batch {
		status := StatusReceiverTemporary
		if i < len(statuses) {
			status = statuses[i]
		}
		if h, err := ParseHeader(batch[i].PDU); err == nil && s.endReason == nil {
			s.respond(h.Command, status, h.Sequence)
		}
	}
}
