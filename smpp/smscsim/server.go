// Package smscsim is an SMSC as a library: a strict SMPP 3.4 server over TCP whose network is played
// by the caller, with faults on demand.
//
// For every submit_sm it takes, the [Server] calls [Network]; what becomes of the message is the caller's
// decision, who later calls [Server.SendReceipt] and [Server.Deliver]. The server reads and writes
// its frames with code of its own, so that a mistake in package smpp meets a stranger here.
package smscsim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/simota/simota/smpp"
)

// Network decides what becomes of accepted messages.
type Network interface {
	// Submit is called for each accepted submit_sm, in order per session, on a goroutine that may block:
	// the session goes on answering. ctx ends when the server closes.
	Submit(ctx context.Context, m Submitted)
}

// Submitted is an accepted submit_sm.
type Submitted struct {
	System              string // system_id of the sender
	MessageID           string // as in the response
	Source, Destination smpp.Address
	ESMClass, PID, DCS  byte
	UserData            []byte        // short_message or message_payload, user data header included
	Validity            time.Duration // from ReceivedAt, 0 when none was asked for
	RegisteredDelivery  byte
	PDU                 []byte // the whole frame
	ReceivedAt          time.Time
}

// Config describes a Server. Zero values mean: no accounts, hexadecimal ids, text and TLV receipts, no faults.
type Config struct {
	SystemID     string                 // the SMSC's own, in bind_resp; default "smscsim"
	Accounts     map[string]smpp.Secret // system_id to password
	Network      Network                // nil: messages vanish after the response
	ResponseIDs  IDFormat               // ids in submit_sm_resp
	ReceiptIDs   IDFormat               // the same ids in receipts
	FirstID      uint64                 // number of the first message; default 0x7F3A09
	Receipts     ReceiptForm
	Faults       Faults
	Seed         uint64                // of the fault dice
	Fault        func(Submitted) Fault // decides before the dice; NoFault leaves it to them
	StallFor     time.Duration         // how long a Stall lasts; default 30 s
	Queue        int                   // messages a session may have waiting for Network before ESME_RMSGQFUL, and deliveries waiting per account; default 100000
	RespTimeout  time.Duration         // deliver_sm_resp; then it is sent again; default 10 s
	RetryMin     time.Duration         // first delay before a delivery is repeated, doubled each time; default 100 ms
	RetryMax     time.Duration         // longest such delay; default 5 s
	WriteTimeout time.Duration         // one write; default 10 s
	Log          func(Event)           // called for each frame, possibly from several goroutines at once
}

// Event is one frame seen by the server.
type Event struct {
	At        time.Time
	Session   uint64 // numbers connections from 1
	System    string // account, "" before the bind
	Inbound   bool   // from the ESME
	Command   smpp.Command
	Sequence  uint32
	Status    uint32
	MessageID string // in submit_sm_resp
	Raw       []byte // the frame, valid during the call; the password of a bind is overwritten with '*'
}

// ErrClosed: the server was closed.
var ErrClosed = errors.New("smscsim: server closed")

// Server is a simulated SMSC.
type Server struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu       sync.Mutex // guards what follows
	listener net.Listener
	sessions map[*session]bool
	lastNo   uint64
	nextID   uint64
	dice     *rand.Rand
	held     map[string]func() // responses held back, by message id
	waiting  map[string]int    // deliveries under way, by system_id
	turn     map[string]uint64 // last session used for a delivery, by system_id
	bound    chan struct{}     // closed when a receiver binds
}

// New makes a server; it does nothing before Listen.
func New(cfg Config) *Server {
	cfg.SystemID = cmp.Or(cfg.SystemID, "smscsim")
	cfg.FirstID = cmp.Or(cfg.FirstID, 0x7F3A09)
	cfg.StallFor = cmp.Or(cfg.StallFor, 30*time.Second)
	cfg.Queue = cmp.Or(cfg.Queue, 100_000)
	cfg.RespTimeout = cmp.Or(cfg.RespTimeout, 10*time.Second)
	cfg.RetryMin = cmp.Or(cfg.RetryMin, 100*time.Millisecond)
	cfg.RetryMax = cmp.Or(cfg.RetryMax, 5*time.Second)
	cfg.WriteTimeout = cmp.Or(cfg.WriteTimeout, 10*time.Second)
	s := &Server{
		cfg: cfg, nextID: cfg.FirstID, dice: rand.New(rand.NewPCG(cfg.Seed, 0)),
		sessions: map[*session]bool{}, held: map[string]func(){}, waiting: map[string]int{}, turn: map[string]uint64{},
		bound: make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Listen opens a TCP address such as "127.0.0.1:0" and serves it until Close.
func (s *Server) Listen(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("smscsim: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil || s.listener != nil {
		_ = l.Close()
		return fmt.Errorf("smscsim: listen on %s: the server listens already or is closed", addr)
	}
	s.listener = l
	s.work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.ServeConn(conn)
		}
	})
	return nil
}

// ServeConn serves one connection, such as an end of a net.Pipe, on goroutines of its own.
func (s *Server) ServeConn(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		_ = conn.Close()
		return
	}
	s.lastNo++
	c := newSession(s, conn, s.lastNo)
	s.sessions[c] = true
	s.work.Go(c.run)
	s.work.Go(c.forward)
}

// Addr is the address listened on, "" before Listen.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Close ends the listener and every session and waits for their goroutines, Network.Submit included.
func (s *Server) Close() error {
	s.mu.Lock()
	s.cancel()
	var err error
	if s.listener != nil {
		err = s.listener.Close()
		s.listener = nil
	}
	for c := range s.sessions {
		c.close()
	}
	s.mu.Unlock()
	s.work.Wait()
	return err
}

// Drop cuts every connection of an account without an unbind, and returns how many there were.
func (s *Server) Drop(systemID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for c := range s.sessions {
		if c.system == systemID {
			c.close()
			n++
		}
	}
	return n
}

// Bound is the number of sessions an account has bound now.
func (s *Server) Bound(systemID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for c := range s.sessions {
		if c.system == systemID {
			n++
		}
	}
	return n
}

// Respond sends the submit_sm_resp held back by an EarlyReceipt, and reports whether there was one. A
// receipt that was acknowledged does so by itself.
func (s *Server) Respond(messageID string) bool {
	s.mu.Lock()
	send := s.held[messageID]
	delete(s.held, messageID)
	s.mu.Unlock()
	if send == nil {
		return false
	}
	send()
	return true
}

func (s *Server) remove(c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c)
}
