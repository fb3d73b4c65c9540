package smscsim

import (
	"bytes"
	"time"

	"github.com/simota/simota/smpp"
)

// maxOut is how much may wait to be written before a session reads and delivers no more, in octets.
const maxOut = 1 << 20

// thrifty has what was answered written before it waits for more: as many answers at once as there
// were requests in one read.
type thrifty struct{ *session }

// Read implements io.Reader.
func (t thrifty) Read(p []byte) (int, error) {
	t.flush()
	return t.conn.Read(p)
}

// flush has the writer write.
func (c *session) flush() {
	c.mu.Lock()
	due := len(c.out) > 0 || c.last
	c.mu.Unlock()
	if due {
		signal(c.wake)
	}
}

// send appends a frame to what is to be written; flush writes it.
func (c *session) send(command smpp.Command, status, sequence uint32, body []byte, messageID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	start := len(c.out)
	c.out = smpp.AppendFrame(c.out, command, status, sequence, body)
	c.log(false, c.out[start:], messageID)
}

// full says that the ESME does not read as fast as it is written to.
func (c *session) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.out) > maxOut || c.last
}

// wait waits for the writer if there is too much for it, and reports whether the session is still there.
func (c *session) wait() bool {
	for {
		c.mu.Lock()
		fits := len(c.out) <= maxOut
		c.mu.Unlock()
		if fits {
			return true
		}
		c.flush()
		select {
		case <-c.room:
		case <-c.gone:
			return false
		}
	}
}

// write writes what there is, as much at once as has come together.
func (c *session) write() {
	defer c.close()
	var b []byte
	for {
		select {
		case <-c.wake:
		case <-c.gone:
			return
		}
		for {
			if !c.pause(false) {
				return
			}
			var last bool
			if b, last = c.take(b); len(b) == 0 {
				if last {
					return
				}
				break
			}
			if c.put(b) != nil {
				return
			}
			if a := c.account.Load(); a != nil {
				a.pump(c)
			}
		}
	}
}

// take exchanges the buffers.
func (c *session) take(empty []byte) (b []byte, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cap(empty) > maxOut {
		empty = nil
	}
	b, c.out = c.out, empty[:0]
	signal(c.room)
	return b, c.last
}

// put writes b; an ESME that does not read loses its connection.
func (c *session) put(b []byte) error {
	for len(b) > 0 {
		n := len(b)
		if c.temper().Drip {
			n = 1
			second := time.NewTimer(time.Second)
			select {
			case <-second.C:
			case <-c.gone:
				second.Stop()
			}
		}
		if err := c.conn.SetWriteDeadline(time.Now().Add(c.srv.cfg.WriteTimeout)); err != nil {
			return err
		}
		if _, err := c.conn.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func (c *session) log(inbound bool, frame []byte, messageID string) {
	if c.srv.cfg.Log == nil {
		return
	}
	h, err := smpp.ParseHeader(frame)
	if err != nil {
		return
	}
	switch h.Command {
	case smpp.BindReceiver, smpp.BindTransmitter, smpp.BindTransceiver, smpp.Outbind:
		frame = maskPassword(frame)
	}
	c.srv.cfg.Log(Event{At: time.Now(), Session: c.no, System: c.name(), Inbound: inbound, Command: h.Command,
		Sequence: h.Sequence, Status: h.Status, MessageID: messageID, Raw: frame})
}

// maskPassword returns a copy of a bind or outbind with stars for its password, whatever its shape.
func maskPassword(frame []byte) []byte {
	b := bytes.Clone(frame)
	body := b[smpp.HeaderLen:]
	i := bytes.IndexByte(body, 0) + 1 // without a NUL everything is masked
	for ; i < len(body) && body[i] != 0; i++ {
		body[i] = '*'
	}
	return b
}
