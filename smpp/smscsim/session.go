package smscsim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/simota/simota/smpp"
)

// session is one connection of an ESME.
type session struct {
	srv  *Server
	conn net.Conn
	no   uint64
	gone chan struct{} // closed with the connection
	once sync.Once

	system            string // account once bound; guarded by srv.mu
	receives, submits bool   // likewise

	writing sync.Mutex // held while writing; srv.mu may be taken under it, not the other way round

	mu       sync.Mutex // guards what follows; no other lock is taken under it
	sequence uint32
	answers  map[uint32]chan uint32 // outstanding deliver_sm
	queue    []Submitted            // for Network
	queued   chan struct{}
}

func newSession(s *Server, conn net.Conn, no uint64) *session {
	return &session{srv: s, conn: conn, no: no, gone: make(chan struct{}), answers: map[uint32]chan uint32{}, queued: make(chan struct{}, 1)}
}

func (c *session) close() {
	c.once.Do(func() {
		close(c.gone)
		_ = c.conn.Close()
	})
}

// run reads until the connection ends.
func (c *session) run() {
	defer c.srv.remove(c)
	defer c.close()
	frames := smpp.NewFrameReader(c.conn)
	for {
		h, frame, err := frames.Next()
		if errors.Is(err, smpp.ErrFrameTooLong) || errors.Is(err, smpp.ErrFraming) {
			c.send(smpp.GenericNack, smpp.StatusInvalidLength, h.Sequence, nil, "")
		}
		switch {
		case errors.Is(err, smpp.ErrFrameTooLong):
			continue
		case err != nil:
			return
		}
		c.log(true, frame, "")
		if !c.handle(h, frame) {
			return
		}
	}
}

// handle acts on one frame and reports whether to go on.
func (c *session) handle(h smpp.Header, frame []byte) bool {
	switch h.Command {
	case smpp.BindReceiver, smpp.BindTransmitter, smpp.BindTransceiver:
		return c.bind(h, frame[smpp.HeaderLen:])
	case smpp.EnquireLink:
		c.send(smpp.EnquireLinkResp, smpp.StatusOK, h.Sequence, nil, "")
	case smpp.Unbind:
		c.send(smpp.UnbindResp, smpp.StatusOK, h.Sequence, nil, "")
		return false
	case smpp.SubmitSM:
		return c.submit(h, append([]byte(nil), frame...))
	case smpp.DeliverSMResp, smpp.DataSMResp, smpp.GenericNack:
		c.answered(h)
	case smpp.QuerySM:
		c.send(h.Command.Response(), smpp.StatusQueryFailed, h.Sequence, nil, "")
	case smpp.CancelSM:
		c.send(h.Command.Response(), smpp.StatusCancelFailed, h.Sequence, nil, "")
	case smpp.ReplaceSM:
		c.send(h.Command.Response(), smpp.StatusReplaceFailed, h.Sequence, nil, "")
	default:
		if !h.Command.IsResponse() {
			c.send(smpp.GenericNack, smpp.StatusInvalidCommand, h.Sequence, nil, "")
		}
	}
	return true
}

// bind checks the account. A refused bind is answered and the connection closed.
func (c *session) bind(h smpp.Header, body []byte) bool {
	system, password, err := parseBind(body)
	s := c.srv
	s.mu.Lock()
	status := smpp.StatusOK
	switch want, known := s.cfg.Accounts[system]; {
	case c.system != "":
		status = smpp.StatusAlreadyBound
	case err != nil:
		status = smpp.StatusInvalidLength
	case !known:
		status = smpp.StatusInvalidSystemID
	case want != smpp.Secret(password):
		status = smpp.StatusInvalidPassword
	}
	s.mu.Unlock()
	if status != smpp.StatusOK {
		c.send(h.Command.Response(), status, h.Sequence, nil, "")
		return status == smpp.StatusAlreadyBound
	}
	c.send(h.Command.Response(), smpp.StatusOK, h.Sequence, append([]byte(s.cfg.SystemID), 0, 0x02, 0x10, 0, 1, 0x34), "")
	s.mu.Lock()
	defer s.mu.Unlock()
	c.system = system
	c.receives, c.submits = h.Command != smpp.BindTransmitter, h.Command != smpp.BindReceiver
	if c.receives {
		close(s.bound)
		s.bound = make(chan struct{})
	}
	return true
}

// submit takes or refuses a submit_sm and reports whether the session goes on.
func (c *session) submit(h smpp.Header, frame []byte) bool {
	refuse := func(status uint32) bool {
		c.send(smpp.SubmitSMResp, status, h.Sequence, nil, "")
		return true
	}
	c.srv.mu.Lock()
	system, may := c.system, c.submits
	c.srv.mu.Unlock()
	if !may {
		return refuse(smpp.StatusInvalidBindState)
	}
	m, status := parseSubmit(frame, time.Now())
	if status != smpp.StatusOK {
		return refuse(status)
	}
	m.System = system
	m.MessageID = c.srv.newID()
	fault := c.srv.fault(m)
	switch {
	case fault == Throttle:
		return refuse(smpp.StatusThrottled)
	case fault == QueueFull || c.waiting() >= c.srv.cfg.Queue:
		return refuse(smpp.StatusQueueFull)
	}
	respond := func() {
		c.send(smpp.SubmitSMResp, smpp.StatusOK, h.Sequence, append([]byte(m.MessageID), 0), m.MessageID)
	}
	switch fault {
	case NoResponse, Disconnect, Stall:
	case EarlyReceipt:
		c.srv.mu.Lock()
		c.srv.held[m.MessageID] = respond
		c.srv.mu.Unlock()
	default:
		respond()
	}
	c.enqueue(m)
	if fault == Duplicate {
		c.enqueue(m)
	}
	if fault == Stall {
		return c.stall()
	}
	return fault != Disconnect
}

// stall neither reads nor writes for a while.
func (c *session) stall() bool {
	c.writing.Lock()
	defer c.writing.Unlock()
	over := time.NewTimer(c.srv.cfg.StallFor)
	defer over.Stop()
	select {
	case <-over.C:
		return true
	case <-c.gone:
		return false
	}
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
	select {
	case c.queued <- struct{}{}:
	default:
	}
}

// forward hands accepted messages to the Network, also those of a connection that has ended meanwhile.
func (c *session) forward() {
	for ended := false; !ended; {
		select {
		case <-c.queued:
		case <-c.gone:
			ended = true
		}
		c.mu.Lock()
		batch := c.queue
		c.queue = nil
		c.mu.Unlock()
		for _, m := range batch {
			if c.srv.cfg.Network != nil && c.srv.ctx.Err() == nil {
				c.srv.cfg.Network.Submit(c.srv.ctx, m)
			}
		}
	}
}

// request sends a deliver_sm or data_sm and waits for its response.
func (c *session) request(ctx context.Context, command smpp.Command, body []byte) (uint32, error) {
	answer := make(chan uint32, 1)
	c.mu.Lock()
	c.sequence = c.sequence%0x7FFFFFFF + 1
	sequence := c.sequence
	c.answers[sequence] = answer
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.answers, sequence)
	}()
	c.send(command, 0, sequence, body, "")
	timeout := time.NewTimer(c.srv.cfg.RespTimeout)
	defer timeout.Stop()
	select {
	case status := <-answer:
		return status, nil
	case <-timeout.C:
		return 0, fmt.Errorf("smscsim: no response to %v within %v", command, c.srv.cfg.RespTimeout)
	case <-c.gone:
		return 0, fmt.Errorf("smscsim: connection lost before the response to %v", command)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (c *session) answered(h smpp.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer := c.answers[h.Sequence]; answer != nil {
		delete(c.answers, h.Sequence)
		answer <- h.Status
	}
}

// send writes a frame; an ESME that does not read loses its connection.
func (c *session) send(command smpp.Command, status, sequence uint32, body []byte, messageID string) {
	frame := smpp.AppendFrame(nil, command, status, sequence, body)
	c.writing.Lock()
	defer c.writing.Unlock()
	c.log(false, frame, messageID)
	err := c.conn.SetWriteDeadline(time.Now().Add(c.srv.cfg.WriteTimeout))
	if err == nil {
		_, err = c.conn.Write(frame)
	}
	if err != nil {
		c.close()
	}
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
	case smpp.BindReceiver, smpp.BindTransmitter, smpp.BindTransceiver:
		frame = maskPassword(frame)
	}
	c.srv.mu.Lock()
	system := c.system
	c.srv.mu.Unlock()
	c.srv.cfg.Log(Event{At: time.Now(), Session: c.no, System: system, Inbound: inbound, Command: h.Command,
		Sequence: h.Sequence, Status: h.Status, MessageID: messageID, Raw: frame})
}
