package probe

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// attempt is one try of a link: what its sessions said, for the steps to look at.
type attempt struct {
	cfg      config.Link
	o        Options
	link     *smpp.Link
	form     config.Form
	receipts receipt.Options
	secured  *tls.Config // nil is plain TCP
	sessions int         // that make the link whole
	tell     func(Step)
	changed  chan struct{} // has a value when what is guarded by mu changed
	answered chan struct{} // closed when result is there, or none will come
	giveUp   func()        // closes answered

	mu        sync.Mutex
	dialled   bool   // the steps of the first connection were told
	failed    string // the step of it that failed
	connected time.Time
	up        int // sessions
	bound     []bound
	enquiries map[request]time.Time
	echoes    map[int]time.Duration // by session
	down      error                 // why a session ended, or could not begin
	unbound   bool                  // the SMSC has sent an unbind
	partedAt  time.Time             // of unbind_resp
	result    *smpp.Result
	final     *match
	strange   []string // receipts from the number of the message that fit no id
	refused   int
}

// bound is what a bind_resp says.
type bound struct {
	smsc    string
	version byte // sc_interface_version; 0 when it is not told
}

type request struct {
	session  int
	sequence uint32
}

// silence before an enquire_link: short, for somebody waits for its answer.
const silence = time.Second

func newAttempt(l config.Link, o Options, tell func(Step)) (*attempt, error) {
	cfg, err := l.SMPP()
	if err != nil {
		return nil, err
	}
	a := &attempt{
		cfg: l, o: o, tell: tell, secured: cfg.TLS, sessions: 1, changed: make(chan struct{}, 1), answered: make(chan struct{}),
		enquiries: map[request]time.Time{}, echoes: map[int]time.Duration{},
	}
	if a.form, err = l.Submit.Form(); err != nil {
		return nil, fmt.Errorf("link %s: submit: %w", l.Name, err)
	}
	if a.receipts, err = l.Receipts.Options(); err != nil {
		return nil, fmt.Errorf("link %s: receipts: %w", l.Name, err)
	}
	if cfg.Bind == smpp.TransmitterReceiver {
		a.sessions = 2
	}
	if a.giveUp = sync.OnceFunc(func() { close(a.answered) }); o.Message == nil {
		a.giveUp()
	}
	cfg.Binds, cfg.Outbind, cfg.TLS, cfg.Dial = 1, nil, nil, a.dial
	cfg.EnquireInterval = min(cmp.Or(cfg.EnquireInterval, silence), silence)
	cfg.ReconnectMin = 24 * time.Hour // the link is dropped before it tries again
	a.link, err = smpp.NewLink(cfg, a)
	if err != nil {
		return nil, err
	}
	a.link.Trace(a.hear)
	return a, nil
}

func (a *attempt) wake() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// await waits until done, which is called with mu held. The error says that a
// session ended before, or that ctx did.
func (a *attempt) await(ctx context.Context, done func() bool) error {
	for {
		a.mu.Lock()
		is, down := done(), a.down
		a.mu.Unlock()
		switch {
		case is:
			return nil
		case down != nil:
			return down
		}
		select {
		case <-a.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hear looks at every frame as it passes.
func (a *attempt) hear(f smpp.Frame) {
	h, err := smpp.ParseHeader(f.Raw)
	if err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r := request{f.Session, h.Sequence}
	switch {
	case h.Command == smpp.EnquireLink && !f.Inbound:
		a.enquiries[r] = f.At
	case !f.Inbound:
	case h.Command == smpp.EnquireLinkResp:
		if asked, ours := a.enquiries[r]; ours {
			a.echoes[f.Session] = f.At.Sub(asked)
		}
	case h.Command == smpp.Unbind:
		a.unbound = true
	case h.Command == smpp.UnbindResp:
		a.partedAt = f.At
	case h.Status == smpp.StatusOK && bindResponse(h.Command):
		a.bound = append(a.bound, readBound(f.Raw[smpp.HeaderLen:]))
	}
	a.wake()
}

func bindResponse(c smpp.Command) bool {
	return c == smpp.BindTransceiverResp || c == smpp.BindTransmitter.Response() || c == smpp.BindReceiver.Response()
}

// readBound reads the body of a bind_resp as far as it makes sense (SMPP 3.4,
// 4.1.6): system_id and sc_interface_version.
func readBound(body []byte) (b bound) {
	const version, head = 0x0210, 4
	end := bytes.IndexByte(body, 0)
	if end < 0 {
		return b
	}
	b.smsc = string(body[:end])
	for rest := body[end+1:]; len(rest) >= head; {
		tag, n := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if n > len(rest)-head {
			return b
		}
		if tag == version && n == 1 {
			b.version = rest[head]
		}
		rest = rest[head+n:]
	}
	return b
}

// boundWords say what the SMSC tells of itself.
func boundWords(bs []bound, l config.Link) string {
	kind := "as " + strings.ReplaceAll(l.Bind, "+", " and ")
	if len(bs) == 0 || bs[0].smsc == "" {
		kind += ", to an SMSC that tells no system_id"
	} else {
		kind += fmt.Sprintf(", to SMSC %q", bs[0].smsc)
	}
	if len(bs) == 0 || bs[0].version == 0 {
		return kind + " and no version; ours is SMPP " + l.Version
	}
	return fmt.Sprintf("%s of SMPP %d.%d; ours is %s", kind, bs[0].version>>4, bs[0].version&0x0F, l.Version)
}

// State takes the beginning and the end of a session.
func (a *attempt) State(s smpp.LinkState) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case s.Up:
		a.up++
	case a.down == nil:
		a.down = s.Reason
	}
	a.wake()
}

// Results takes the response to the message; the first one counts.
func (a *attempt) Results(rs []smpp.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.result != nil {
		return
	}
	r := rs[0]
	a.result = &r
	a.giveUp()
}

// Alert is of no interest.
func (a *attempt) Alert(smpp.Alert) {}

// Deliver takes the receipt of the message and refuses everything else for now.
// A receipt can come before the response that tells its id.
func (a *attempt) Deliver(ctx context.Context, ds []smpp.Delivery) []uint32 {
	select {
	case <-a.answered:
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	status := make([]uint32, len(ds))
	for i, d := range ds {
		if status[i] = smpp.StatusReceiverTemporary; a.ours(d) {
			status[i] = smpp.StatusOK
			continue
		}
		a.refused++
	}
	a.wake()
	return status
}

// dial connects, and tells of every step of the first connection.
func (a *attempt) dial(ctx context.Context, network, address string) (net.Conn, error) {
	a.mu.Lock()
	first := !a.dialled
	a.dialled = true
	a.mu.Unlock()
	tell := func(name string, began time.Time, words string, err error) {
		if !first {
			return
		}
		s := Step{Name: name, OK: err == nil, Took: time.Since(began), Words: words}
		if err != nil {
			s.Words, s.Next = connectFault(a.cfg, err, name == "tls")
			a.mu.Lock()
			a.failed = name
			a.mu.Unlock()
		}
		a.tell(s)
	}
	began := time.Now()
	conn, err := a.connect(ctx, network, address)
	if dns := (*net.DNSError)(nil); errors.As(err, &dns) {
		tell("resolve", began, "", err)
		return nil, err
	}
	if err != nil {
		tell("connect", began, "", err)
		return nil, err
	}
	tell("connect", began, "to "+conn.RemoteAddr().String(), nil)
	if a.secured != nil {
		began = time.Now()
		secure, words, err := shake(ctx, conn, a.secured, address)
		tell("tls", began, words, err)
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		conn = secure
	}
	if first {
		a.mu.Lock()
		a.connected = time.Now()
		a.mu.Unlock()
	}
	return conn, nil
}

func (a *attempt) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if a.o.Dial != nil {
		return a.o.Dial(ctx, network, address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}
