package smscsim

import (
	"cmp"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simota/simota/smpp"
)

// Versions of the protocol, as interface_version has them (SMPP 3.4, 5.2.4; SMPP 5.0, 4.7.13).
const (
	version33 = 0x33
	version34 = 0x34
	version50 = 0x50
)

// session is one connection of an ESME: a goroutine reads it and answers, one writes it, one hands
// accepted messages to the Network.
type session struct {
	srv  *Server
	conn net.Conn
	no   uint64
	gone chan struct{} // closed with the connection
	once sync.Once

	account           atomic.Pointer[account] // once bound; what is next is written before
	receives, submits bool
	version           byte
	muted             atomic.Bool  // its bind is never answered
	heard             atomic.Int64 // when the last frame came, in nanoseconds since 1970
	accepted          int          // messages, of the reader's goroutine

	outstanding map[uint32]*parcel // deliveries not answered; guarded by account.mu
	sent        fifo               // likewise, in the order of their deadlines, answered ones included

	mu       sync.Mutex // guards what follows; no other lock is taken under it
	sequence uint32
	out      []byte        // to be written
	last     bool          // the connection ends when out is written
	stalled  time.Time     // until when it neither reads nor writes
	queue    []Submitted   // for Network
	queued   chan struct{} // there is something in queue
	wake     chan struct{} // there is something for the writer
	room     chan struct{} // out was taken
}

func newSession(s *Server, conn net.Conn, no uint64) *session {
	c := &session{srv: s, conn: conn, no: no, gone: make(chan struct{}), outstanding: map[uint32]*parcel{},
		queued: make(chan struct{}, 1), wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	c.heard.Store(time.Now().UnixNano())
	return c
}

func (c *session) close() {
	c.once.Do(func() {
		close(c.gone)
		_ = c.conn.Close()
	})
}

// name is that of the account, "" before the bind.
func (c *session) name() string {
	if a := c.account.Load(); a != nil {
		return a.name
	}
	return ""
}

// temper is that of its account; before the bind there is no doubt about it if there is only one.
func (c *session) temper() *Temper { return c.srv.tempers.Load().of(cmp.Or(c.name(), c.srv.sole)) }

// run reads until the connection ends.
func (c *session) run() {
	defer c.leave()
	frames := smpp.NewFrameReader(thrifty{c})
	for {
		h, frame, err := frames.Next()
		if !c.pause(true) {
			return
		}
		c.heard.Store(time.Now().UnixNano())
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
		if !c.handle(h, frame) || !c.wait() {
			return
		}
	}
}

// leave ends the session after what is to be written.
func (c *session) leave() {
	c.mu.Lock()
	c.last = true
	c.mu.Unlock()
	c.flush()
	if a := c.account.Load(); a != nil {
		a.leave(c)
	}
	c.srv.remove(c)
}

// handle acts on one frame and reports whether to go on.
func (c *session) handle(h smpp.Header, frame []byte) bool {
	if !h.Command.IsResponse() && (h.Sequence == 0 || h.Sequence > maxSequence) { // SMPP 3.4, 3.2
		c.send(smpp.GenericNack, smpp.StatusUnknownError, h.Sequence, nil, "")
		return true
	}
	switch h.Command {
	case smpp.BindReceiver, smpp.BindTransmitter, smpp.BindTransceiver:
		return c.bind(h, frame[smpp.HeaderLen:])
	case smpp.EnquireLink:
		c.send(smpp.EnquireLinkResp, smpp.StatusOK, h.Sequence, nil, "")
	case smpp.Unbind:
		if c.account.Load() == nil {
			c.send(smpp.UnbindResp, smpp.StatusInvalidBindState, h.Sequence, nil, "")
			return true
		}
		c.send(smpp.UnbindResp, smpp.StatusOK, h.Sequence, nil, "")
		return false
	case smpp.SubmitSM, smpp.DataSM, smpp.QuerySM, smpp.CancelSM, smpp.ReplaceSM:
		return c.request(h, frame)
	case smpp.DeliverSMResp, smpp.DataSMResp, smpp.GenericNack:
		if a := c.account.Load(); a != nil {
			a.answered(c, h)
		}
	default:
		if !h.Command.IsResponse() {
			c.send(smpp.GenericNack, smpp.StatusInvalidCommand, h.Sequence, nil, "")
		}
	}
	return true
}

// request acts on what only a bound transmitter may ask for.
func (c *session) request(h smpp.Header, frame []byte) bool {
	switch {
	case c.account.Load() == nil || !c.submits:
		c.send(h.Command.Response(), smpp.StatusInvalidBindState, h.Sequence, nil, "")
	case h.Command == smpp.DataSM && c.version < version34: // came with 3.4
		c.send(smpp.GenericNack, smpp.StatusInvalidCommand, h.Sequence, nil, "")
	case h.Command == smpp.SubmitSM || h.Command == smpp.DataSM:
		return c.submit(h, append([]byte(nil), frame...))
	default:
		body, status := c.change(h.Command, frame[smpp.HeaderLen:])
		c.send(h.Command.Response(), status, h.Sequence, body, "")
	}
	return true
}

// bind checks the account. A refused bind is answered and the connection closed.
func (c *session) bind(h smpp.Header, body []byte) bool {
	b, err := parseBind(body)
	status := smpp.StatusOK
	a := c.srv.accounts[b.system]
	switch {
	case c.account.Load() != nil:
		status = smpp.StatusAlreadyBound
	case err != nil:
		status = smpp.StatusInvalidLength
	case a == nil:
		status = smpp.StatusInvalidSystemID
	case c.srv.cfg.Accounts[b.system] != smpp.Secret(b.password):
		status = smpp.StatusInvalidPassword
	case b.version > version34 && b.version != version50:
		status = smpp.StatusBindFailed
	}
	if status != smpp.StatusOK {
		c.send(h.Command.Response(), status, h.Sequence, nil, "")
		return status == smpp.StatusAlreadyBound
	}
	t := c.srv.tempers.Load().of(a.name)
	if t.MuteBind || t.Down {
		c.muted.Store(true)
		return !t.Down
	}
	c.version = max(b.version, version33)
	c.receives, c.submits = h.Command != smpp.BindTransmitter, h.Command != smpp.BindReceiver
	c.send(h.Command.Response(), smpp.StatusOK, h.Sequence, c.bindResp(t), "")
	c.account.Store(a)
	if c.receives {
		a.join(c)
	}
	return true
}

// bindResp is the body of a good bind_resp (SMPP 3.4, 4.1.2).
func (c *session) bindResp(t *Temper) []byte {
	body := append([]byte(c.srv.cfg.SystemID), 0)
	version := cmp.Or(c.version, version34)
	if t.Version != nil {
		version = *t.Version
	}
	if c.version < version34 || version == 0 {
		return body
	}
	return TLV{tagInterfaceVersion, []byte{version}}.append(body)
}

// watch sends an enquire_link when the ESME has long been silent, and ends the session of one that stays so.
func (c *session) watch() {
	idle := c.srv.cfg.Idle
	if idle < 0 {
		return
	}
	select {
	case <-c.gone:
		return
	default:
	}
	rest := idle - time.Since(time.Unix(0, c.heard.Load()))
	t := c.temper()
	switch {
	case rest > 0:
		c.srv.agenda.after(rest, c.watch)
		return
	case t.HalfOpen || t.Deaf || c.muted.Load(): // what it does not read may be there
		c.srv.agenda.after(idle, c.watch)
		return
	case c.account.Load() != nil:
		c.send(smpp.EnquireLink, 0, c.number(), nil, "")
		c.flush()
	}
	since := c.heard.Load()
	c.srv.agenda.after(c.srv.cfg.RespTimeout, func() {
		if c.heard.Load() == since {
			c.close()
		}
		c.watch()
	})
}

// number is a sequence number for a request.
func (c *session) number() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence = c.sequence%maxSequence + 1
	return c.sequence
}

// pause waits while the session must not read, or not write, and reports whether it is still there.
func (c *session) pause(reading bool) bool {
	for {
		all := c.srv.tempers.Load()
		t := all.of(cmp.Or(c.name(), c.srv.sole))
		c.mu.Lock()
		stalled := time.Until(c.stalled)
		c.mu.Unlock()
		if !t.HalfOpen && !(t.Deaf && reading) && stalled <= 0 {
			return true
		}
		if reading {
			c.flush()
		}
		over := time.NewTimer(max(stalled, time.Millisecond))
		if stalled <= 0 {
			over.Stop()
		}
		select {
		case <-over.C:
		case <-all.changed:
		case <-c.gone:
			over.Stop()
			return false
		}
		over.Stop()
	}
}
