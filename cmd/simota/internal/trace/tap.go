package trace

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

const (
	mostTaps       = 16      // each costs the links a look at every frame
	mostWaiting    = 1024    // PDUs that wait for a reader ...
	waitingOctets  = 4 << 20 // ... and octets of them
	mostRemembered = 4096    // requests whose response is to be shown
)

// Errors of [Tracer.Open] and [Tap.Next].
var (
	ErrNoLink  = errors.New("trace: no such link")
	ErrTooMany = errors.New("trace: too many traces run already")
	ErrClosed  = errors.New("trace: the server stops")
)

// Link is a link to listen to.
type Link struct {
	Trace    func(func(smpp.Frame)) (stop func()) // that of [smpp.Link]
	Receipts receipt.Options
}

// Query says which PDUs are wanted. The zero Query wants all.
type Query struct {
	Link     string // "" is every link
	To, From string // destination and source; PDUs that have one of them, and the responses to these
	Octets   bool   // with what their octets mean
}

// Tracer opens taps on links.
type Tracer struct {
	links map[string]Link

	mu     sync.Mutex
	taps   map[*Tap]bool
	closed bool
}

// New makes a tracer of links by their names.
func New(links map[string]Link) *Tracer {
	return &Tracer{links: links, taps: map[*Tap]bool{}}
}

// Open begins to listen; the tap has to be closed.
func (t *Tracer) Open(q Query) (*Tap, error) {
	var heard []Link
	for name, l := range t.links {
		if q.Link == "" || q.Link == name {
			heard = append(heard, l)
		}
	}
	if len(heard) == 0 && q.Link != "" {
		return nil, fmt.Errorf("%w: %s", ErrNoLink, q.Link)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return nil, ErrClosed
	case len(t.taps) >= mostTaps:
		return nil, fmt.Errorf("%w: %d", ErrTooMany, len(t.taps))
	}
	p := &Tap{
		tracer: t, to: digits(q.To), from: digits(q.From), octets: q.Octets,
		asked: memory{known: map[request]bool{}}, ready: make(chan struct{}, 1), over: make(chan struct{}),
	}
	for _, l := range heard {
		p.stops = append(p.stops, l.Trace(func(f smpp.Frame) { p.hear(f, l.Receipts) }))
	}
	t.taps[p] = true
	return p, nil
}

// Close ends all taps for good.
func (t *Tracer) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.closed = true
	for p := range t.taps {
		close(p.over)
	}
}

// Tap is one listener. Next has one caller.
type Tap struct {
	tracer   *Tracer
	to, from string
	octets   bool
	stops    []func()
	ready    chan struct{}
	over     chan struct{} // closed with the tracer

	mu      sync.Mutex
	asked   memory
	waiting []heard
	size    int // octets of waiting
	lost    int // since waiting was full
}

// heard is a PDU that waits for its reader.
type heard struct {
	pdu    api.PDU
	frame  []byte // covered; nil when octets are not wanted
	hidden []veil
}

// Over is closed when the server stops.
func (p *Tap) Over() <-chan struct{} { return p.over }

// Close ends listening.
func (p *Tap) Close() {
	for _, stop := range p.stops {
		stop()
	}
	p.tracer.mu.Lock()
	defer p.tracer.mu.Unlock()
	delete(p.tracer.taps, p)
}

// hear takes a frame from a session, which waits meanwhile.
func (p *Tap) hear(f smpp.Frame, o receipt.Options) {
	l := read(f.Raw)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.wants(f, l) {
		return
	}
	defer p.wake()
	if len(p.waiting) >= mostWaiting || p.size >= waitingOctets {
		p.lost++
		return
	}
	h := heard{pdu: record(f, l, o)}
	if p.octets {
		h.hidden = veils(f.Raw, f.Inbound, l)
		h.frame = covered(f.Raw, h.hidden)
	}
	p.waiting = append(p.waiting, h)
	p.size += len(h.frame)
}

func (p *Tap) wake() {
	select {
	case p.ready <- struct{}{}:
	default:
	}
}

// wants reports whether a frame matches. The caller holds mu.
func (p *Tap) wants(f smpp.Frame, l layout) bool {
	if p.to == "" && p.from == "" {
		return true
	}
	r := request{f.Link, f.Session, f.Inbound, l.header.Sequence}
	if l.header.Command.IsResponse() {
		r.inbound = !r.inbound
		return p.asked.forget(r)
	}
	if p.to != "" && digits(l.destination) == p.to || p.from != "" && digits(l.source) == p.from {
		p.asked.add(r)
		return true
	}
	return false
}

// Next waits for PDUs and returns them in their order. The last of them may stand for others that were lost.
func (p *Tap) Next(ctx context.Context) ([]api.PDU, error) {
	select {
	case <-p.ready:
	case <-p.over:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	batch, lost := p.waiting, p.lost
	p.waiting, p.size, p.lost = nil, 0, 0
	p.mu.Unlock()
	out := make([]api.PDU, 0, len(batch)+1)
	for _, h := range batch {
		if h.frame != nil {
			h.pdu.Report = draw(h.frame, h.hidden)
		}
		out = append(out, h.pdu)
	}
	if lost > 0 {
		out = append(out, api.PDU{At: time.Now(), Lost: lost})
	}
	return out, nil
}

// digits is what of a number is compared: networks differ in the plus and the
// zeros before it. A name is compared without regard to case.
func digits(number string) string {
	only := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	if only = strings.TrimLeft(only, "0"); only != "" {
		return only
	}
	return strings.ToLower(number)
}

// request is a request that awaits its response.
type request struct {
	link     string
	session  int
	inbound  bool
	sequence uint32
}

// memory keeps the last requests. Those that are forgotten by their response
// keep their turn until it comes round.
type memory struct {
	known map[request]bool
	turns []request
	next  int
}

func (m *memory) add(r request) {
	if len(m.turns) < mostRemembered {
		m.turns = append(m.turns, r)
	} else {
		delete(m.known, m.turns[m.next])
		m.turns[m.next] = r
		m.next = (m.next + 1) % mostRemembered
	}
	m.known[r] = true
}

func (m *memory) forget(r request) bool {
	was := m.known[r]
	delete(m.known, r)
	return was
}
