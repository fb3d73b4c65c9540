// Package smscsim is an SMSC as a library: a strict SMPP server (3.3, 3.4 and 5.0) over TCP whose network is
// played by the caller, with a temper on demand.
//
// For every accepted message the [Server] calls [Network]; what becomes of the message is the caller's
// decision, who later calls [Server.PostReceipt] and [Server.Post]. How the server behaves meanwhile is a
// [Temper], which a scenario can change by the clock. The server reads and writes its frames with code of
// its own, so that a mistake in package smpp meets a stranger here.
package smscsim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simota/simota/smpp"
)

// Network decides what becomes of accepted messages.
type Network interface {
	// Submit is called for each accepted message, in order per session, on a goroutine that may block:
	// the session goes on answering. ctx ends when the server closes.
	Submit(ctx context.Context, m Submitted)
}

// Submitted is an accepted submit_sm or data_sm.
type Submitted struct {
	System              string // system_id of the sender
	MessageID           string // as in the response
	Number              uint64 // tells messages apart even where their ids do not
	ServiceType         string
	Source, Destination smpp.Address
	ESMClass, PID, DCS  byte          // PID is 0 in data_sm, which has none
	UserData            []byte        // short_message or message_payload, user data header included
	Validity            time.Duration // from ReceivedAt, 0 when none was asked for
	RegisteredDelivery  byte
	TLVs                []TLV // all but message_payload
	PDU                 []byte
	ReceivedAt          time.Time
}

// TLV returns the value of the first optional parameter with the tag, and whether there is one.
func (m Submitted) TLV(tag uint16) ([]byte, bool) {
	for _, t := range m.TLVs {
		if t.Tag == tag {
			return t.Value, true
		}
	}
	return nil, false
}

// Config describes a Server. Zero values mean: no accounts, hexadecimal ids, text and TLV receipts, no faults.
type Config struct {
	SystemID     string                 // the SMSC's own, in bind_resp; default "smscsim"
	Accounts     map[string]smpp.Secret // system_id to password
	Network      Network                // nil: messages vanish after the response; one that is an Editor can change them
	ResponseIDs  IDFormat               // ids in responses, where the temper says nothing
	ReceiptIDs   IDFormat               // the same ids in receipts
	FirstID      uint64                 // number of the first message; default 0x7F3A09
	Receipts     ReceiptForm            // where the temper says nothing
	Temper       Temper                 // where SetTemper was not called
	Faults       Faults                 // of Temper, if that has none
	Seed         uint64                 // of the dice
	Fault        func(Submitted) Fault  // of what the dice do not refuse; NoFault leaves it to them
	StallFor     time.Duration          // how long a Stall lasts; default 30 s
	Queue        int                    // messages a session may have waiting for Network before ESME_RMSGQFUL, and deliveries waiting per account; default 100000
	Window       int                    // deliveries a session may have unanswered; default 1000
	Remember     int                    // latest messages known to query_sm, cancel_sm and replace_sm; default 100000
	RespTimeout  time.Duration          // of the ESME's responses; then a delivery is sent again, and an enquire_link ends the session; default 10 s
	Idle         time.Duration          // enquire_link after so long without a frame from the ESME; default 1 min, negative never
	RetryMin     time.Duration          // first delay before a delivery is repeated, doubled each time; default 100 ms
	RetryMax     time.Duration          // longest such delay; default 5 s
	WriteTimeout time.Duration          // one write; default 10 s
	Log          func(Event)            // called for each frame, possibly from several goroutines at once; must not call the server
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
	Raw       []byte // the frame, valid during the call; passwords are overwritten with '*'
}

// ErrClosed: the server was closed.
var ErrClosed = errors.New("smscsim: server closed")

// Server is a simulated SMSC.
type Server struct {
	cfg         Config
	ctx         context.Context
	cancel      context.CancelFunc
	work        sync.WaitGroup
	agenda      *agenda
	accounts    map[string]*account
	sole        string // the only account, if there is only one
	tempers     atomic.Pointer[tempers]
	lastID      atomic.Uint64
	store       *store
	dice, other *dice // one for submit_sm, the other for all else

	mu       sync.Mutex // guards what follows
	listener net.Listener
	sessions map[*session]bool
	lastNo   uint64
	held     map[uint64]func() // responses held back, by message number
	overtake map[string]func() // by account, the receipt that waits to be overtaken
}

// New makes a server; it does nothing before Listen. A wrong [Config].Temper panics: see [Temper.Check].
func New(cfg Config) *Server {
	cfg.SystemID = cmp.Or(cfg.SystemID, "smscsim")
	cfg.FirstID = cmp.Or(cfg.FirstID, 0x7F3A09)
	cfg.ResponseIDs = cmp.Or(cfg.ResponseIDs, HexID)
	cfg.ReceiptIDs = cmp.Or(cfg.ReceiptIDs, HexID)
	cfg.Receipts = cmp.Or(cfg.Receipts, TextAndTLV)
	cfg.StallFor = cmp.Or(cfg.StallFor, 30*time.Second)
	cfg.Queue = cmp.Or(cfg.Queue, 100_000)
	cfg.Window = cmp.Or(cfg.Window, 1000)
	cfg.Remember = cmp.Or(cfg.Remember, 100_000)
	cfg.RespTimeout = cmp.Or(cfg.RespTimeout, 10*time.Second)
	cfg.Idle = cmp.Or(cfg.Idle, time.Minute)
	cfg.RetryMin = cmp.Or(cfg.RetryMin, 100*time.Millisecond)
	cfg.RetryMax = cmp.Or(cfg.RetryMax, 5*time.Second)
	cfg.WriteTimeout = cmp.Or(cfg.WriteTimeout, 10*time.Second)
	if cfg.Temper.Faults == (Faults{}) {
		cfg.Temper.Faults = cfg.Faults
	}
	if err := cfg.Temper.Check(); err != nil {
		panic(err)
	}
	s := &Server{
		cfg: cfg, agenda: newAgenda(), store: newStore(cfg.Remember), accounts: map[string]*account{},
		dice: newDice(cfg.Seed, 0), other: newDice(cfg.Seed, 1),
		sessions: map[*session]bool{}, held: map[uint64]func(){}, overtake: map[string]func(){},
	}
	s.lastID.Store(cfg.FirstID - 1)
	s.tempers.Store(&tempers{base: &cfg.Temper, changed: make(chan struct{})})
	for name := range cfg.Accounts {
		s.accounts[name] = &account{srv: s, name: name}
		if len(cfg.Accounts) == 1 {
			s.sole = name
		}
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
func (s *Server) ServeConn(conn net.Conn) { s.serve(conn) }

// serve is nil when the connection was closed instead.
func (s *Server) serve(conn net.Conn) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil || s.tempers.Load().of(s.sole).Down {
		_ = conn.Close()
		return nil
	}
	if s.lastNo++; s.lastNo == 1 {
		s.work.Go(func() { s.agenda.run(s.ctx) })
	}
	c := newSession(s, conn, s.lastNo)
	s.sessions[c] = true
	s.work.Go(c.run)
	s.work.Go(c.write)
	s.work.Go(c.forward)
	c.watch()
	return c
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
	return s.each(systemID, (*session).close)
}

// Bound is the number of sessions an account has bound now.
func (s *Server) Bound(systemID string) int {
	return s.each(systemID, func(*session) {})
}

func (s *Server) each(systemID string, do func(*session)) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.sessions {
		if c.name() == systemID {
			do(c)
			n++
		}
	}
	return n
}

// Respond sends the response held back by an EarlyReceipt for the latest message of this id, and reports
// whether there was one. A receipt that was acknowledged does so by itself.
func (s *Server) Respond(messageID string) bool {
	number, ok := s.store.number(messageID)
	return ok && s.RespondTo(number)
}

// RespondTo is Respond for a message by its number.
func (s *Server) RespondTo(number uint64) bool {
	s.mu.Lock()
	send := s.held[number]
	delete(s.held, number)
	s.mu.Unlock()
	if send == nil {
		return false
	}
	send()
	return true
}

func (s *Server) hold(number uint64, send func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[number] = send
}

func (s *Server) remove(c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c)
}
