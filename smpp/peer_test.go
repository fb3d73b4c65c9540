package smpp_test

import (
	"context"
	"net"
	"testing"

	"github.com/simota/simota/smpp"
)

// recorder is a Handler that passes everything on.
type recorder struct {
	results    chan smpp.Result
	deliveries chan smpp.Delivery
	states     chan smpp.LinkState
	alerts     chan smpp.Alert
	store      func(context.Context, []smpp.Delivery) []uint32 // nil accepts
}

func newRecorder() *recorder {
	return &recorder{make(chan smpp.Result, 1<<16), make(chan smpp.Delivery, 1<<12), make(chan smpp.LinkState, 1<<12), make(chan smpp.Alert, 16), nil}
}

func (r *recorder) Results(rs []smpp.Result) {
	for _, x := range rs {
		r.results <- x
	}
}

func (r *recorder) Deliver(ctx context.Context, ds []smpp.Delivery) []uint32 {
	for _, d := range ds {
		r.deliveries <- d.Clone()
	}
	if r.store != nil {
		return r.store(ctx, ds)
	}
	return make([]uint32, len(ds))
}

func (r *recorder) State(s smpp.LinkState) { r.states <- s }

func (r *recorder) Alert(a smpp.Alert) { r.alerts <- a }

// running is a link under test.
type running struct {
	*smpp.Link
	*recorder
	stop context.CancelFunc
	done chan error
}

// start runs a link; the test ends only when Run has returned.
func start(t testing.TB, cfg smpp.Config, r *recorder) *running {
	t.Helper()
	cfg.Name = "test"
	if cfg.SystemID == "" {
		cfg.SystemID, cfg.Password = "ota1", "pw"
	}
	l, err := smpp.NewLink(cfg, r)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	x := &running{l, r, cancel, make(chan error, 1)}
	finished := make(chan struct{})
	go func() { defer close(finished); x.done <- l.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-finished })
	return x
}

func (x *running) up(t testing.TB) {
	t.Helper()
	if s := <-x.states; !s.Up {
		t.Fatalf("not bound: %v", s.Reason)
	}
}

func (x *running) submit(t testing.TB, ids ...int64) {
	t.Helper()
	var ms []smpp.Message
	for _, id := range ids {
		ms = append(ms, message(id))
	}
	if n, err := x.Submit(context.Background(), ms); n != len(ms) || err != nil {
		t.Fatalf("Submit = %d, %v", n, err)
	}
}

func (x *running) want(t testing.TB, id int64, o smpp.Outcome) smpp.Result {
	t.Helper()
	r := <-x.results
	if r.ID != id || r.Outcome != o {
		t.Fatalf("result %+v, want %v of %d", r, o, id)
	}
	return r
}

func message(id int64) smpp.Message {
	return smpp.Message{
		ID: id, Source: smpp.Address{TON: 1, NPI: 1, Number: "5511900009999"}, Destination: smpp.Address{TON: 1, NPI: 1, Number: "5511900000017"},
		UserData: append([]byte{2, 0x70, 0}, make([]byte, 137)...), UDHI: true, ProtocolID: 0x7F, DataCoding: 0xF6, RegisteredDelivery: 1,
	}
}

// pipes is a network whose server ends the test plays itself.
type pipes struct{ ends chan net.Conn }

func newPipes() *pipes { return &pipes{ends: make(chan net.Conn, 16)} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.ends <- server
	return client, nil
}

// peer is an SMSC that does only what the test says.
type peer struct {
	t      testing.TB
	conn   net.Conn
	frames *smpp.FrameReader
}

// accept takes the next connection, without a word.
func (p *pipes) accept(t testing.TB) *peer {
	t.Helper()
	c := <-p.ends
	t.Cleanup(func() { _ = c.Close() })
	return &peer{t, c, smpp.NewFrameReader(c)}
}

// bound takes the next connection and answers its bind.
func (p *pipes) bound(t testing.TB) *peer {
	t.Helper()
	x := p.accept(t)
	h := x.next(smpp.BindTransceiver)
	x.send(h.Command.Response(), 0, h.Sequence, "smsc\x00")
	return x
}

func (p *peer) send(c smpp.Command, status, sequence uint32, body string) {
	p.t.Helper()
	if _, err := p.conn.Write(smpp.AppendFrame(nil, c, status, sequence, []byte(body))); err != nil {
		p.t.Fatal(err)
	}
}

// next reads a frame, which must be of the given command.
func (p *peer) next(want smpp.Command) smpp.Header {
	p.t.Helper()
	h, _, err := p.frames.Next()
	if err != nil || h.Command != want {
		p.t.Fatalf("peer got %v (status %#x), %v, want %v", h.Command, h.Status, err, want)
	}
	return h
}

// retire ends the session as an SMSC should when the link stops.
func (p *peer) retire(x *running) {
	p.t.Helper()
	x.stop()
	for {
		h, _, err := p.frames.Next()
		if err != nil {
			p.t.Fatal(err)
		}
		if h.Command == smpp.Unbind {
			p.send(smpp.UnbindResp, 0, h.Sequence, "")
			break
		}
	}
	if err := <-x.done; err != nil {
		p.t.Error(err)
	}
}
