package smscsim

import (
	"time"

	"github.com/simota/simota/smpp"
)

// reply is a response to a submit_sm or data_sm.
type reply struct {
	header smpp.Header // of the request
	status uint32
	id     string
}

// submit takes or refuses a message and reports whether the session goes on.
func (c *session) submit(h smpp.Header, frame []byte) bool {
	a, now := c.account.Load(), time.Now()
	t := c.srv.tempers.Load().of(a.name)
	m, status := parseSubmit(frame, h.Command, c.version >= version34, now)
	switch {
	case status != smpp.StatusOK:
	case !a.allow(t.Rate, now):
		status = smpp.StatusThrottled
	case c.waiting() >= c.srv.cfg.Queue:
		status = smpp.StatusQueueFull
	}
	if status != smpp.StatusOK {
		c.reply(t, reply{h, status, ""})
		return true
	}
	m.System, m.Number = a.name, c.srv.lastID.Add(1)
	m.MessageID = c.srv.id(t, m.Number)
	fault := c.srv.fault(t.Faults, m)
	switch fault {
	case Throttle:
		c.reply(t, reply{h, smpp.StatusThrottled, ""})
		return true
	case QueueFull:
		c.reply(t, reply{h, smpp.StatusQueueFull, ""})
		return true
	}
	c.accepted++
	if t.After > 0 && c.accepted >= t.After {
		fault = Disconnect
	}
	return c.accept(t, m, fault, reply{h, smpp.StatusOK, m.MessageID})
}

// accept answers a message as its fault wants it and hands it on.
func (c *session) accept(t *Temper, m Submitted, fault Fault, good reply) bool {
	s := c.srv
	s.store.add(m)
	number := m.Number
	switch fault {
	case NoResponse, Disconnect, Stall:
	case EarlyReceipt:
		s.hold(number, func() {
			c.reply(t, good)
			c.flush()
		})
		s.agenda.after(earlyLimit, func() { s.RespondTo(number) })
	default:
		c.reply(t, good)
	}
	seen := t.MT.mangleMT(m)
	c.enqueue(seen)
	if fault == Duplicate {
		c.enqueue(seen)
	}
	if fault == Stall {
		c.mu.Lock()
		c.stalled = time.Now().Add(s.cfg.StallFor)
		c.mu.Unlock()
	}
	return fault != Disconnect
}

// id is the message id in responses.
func (s *Server) id(t *Temper, n uint64) string {
	f := t.IDs
	if f == 0 {
		f = s.cfg.ResponseIDs
	}
	return t.number(f, n)
}

// reply sends a response, after the latency of the temper.
func (c *session) reply(t *Temper, r reply) {
	if t.Latency == (Latency{}) {
		c.answer(t, r)
		return
	}
	c.srv.agenda.after(t.Latency.delay(c.srv.other), func() {
		c.answer(t, r)
		c.flush()
	})
}

func (c *session) answer(t *Temper, r reply) {
	var body []byte
	if r.status == smpp.StatusOK || t.ErrorBody {
		body = append(append(make([]byte, 0, 64), r.id...), 0)
	}
	if r.status == smpp.StatusOK && c.version >= version34 {
		for _, tlv := range t.TLVs {
			body = tlv.append(body)
		}
	}
	if t.Congestion > 0 && c.version >= version50 {
		body = TLV{tagCongestion, []byte{t.Congestion}}.append(body)
	}
	c.send(r.header.Command.Response(), r.status, r.header.Sequence, body, r.id)
}

func (c *session) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

func (c *session) enqueue(m Submitted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, m)
	signal(c.queued)
}

// forward hands accepted messages to the Network, also those of a connection that has ended meanwhile.
func (c *session) forward() {
	var batch []Submitted
	for ended := false; !ended; {
		select {
		case <-c.queued:
		case <-c.gone:
			ended = true
		}
		c.mu.Lock()
		batch, c.queue = c.queue, batch[:0]
		c.mu.Unlock()
		for i, m := range batch {
			if c.srv.cfg.Network != nil && c.srv.ctx.Err() == nil {
				c.srv.cfg.Network.Submit(c.srv.ctx, m)
			}
			batch[i] = Submitted{}
		}
	}
}
