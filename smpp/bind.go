package smpp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
)

// BindError is a bind_resp with an error status.
type BindError struct {
	Link, SystemID string
	Status         uint32
	Permanent      bool // not tried again: wrong account, or ESME_RBINDFAIL of one that never bound
}

// Error says what was refused and whether it is tried again.
func (e *BindError) Error() string {
	s := fmt.Sprintf("smpp: link %s: bind refused, %s", e.Link, StatusName(e.Status))
	switch e.Status {
	case StatusInvalidPassword:
		s += fmt.Sprintf(": the SMSC does not accept system_id %q with this password", e.SystemID)
	case StatusInvalidSystemID:
		s += fmt.Sprintf(": the SMSC does not know system_id %q", e.SystemID)
	case StatusBindFailed:
		s += fmt.Sprintf(": the SMSC does not let system_id %q bind this way, or not so often", e.SystemID)
	}
	if e.Permanent {
		return s + "; not trying again until the configuration changes: three failures lock accounts at many operators"
	}
	return s
}

// role is what one session is for.
type role byte

const (
	transceiver role = iota
	transmitter
	receiver
)

func (r role) submits() bool { return r != receiver }

func (r role) request() pdu.Body {
	switch r {
	case transmitter:
		return pdu.NewBindTransmitter()
	case receiver:
		return pdu.NewBindReceiver()
	}
	return pdu.NewBindTransceiver()
}

const bindSequence = 1

// wire is a connection on its way to be a session.
type wire struct {
	net.Conn
	frames *FrameReader
	reader *patientReader
	number int // of the session, from 1
}

func (l *Link) newWire(conn net.Conn) *wire {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wires++
	reader := &patientReader{conn: conn}
	return &wire{Conn: conn, frames: NewFrameReader(reader), reader: reader, number: l.wires}
}

func (w *wire) send(l *Link, frame []byte) error {
	l.trace(w.number, false, frame)
	_, err := w.Write(frame)
	return err
}

func (w *wire) next(l *Link) (Header, []byte, error) {
	h, frame, err := w.frames.Next()
	l.trace(w.number, true, frame)
	return h, frame, err
}

// open dials, shakes hands and binds. The connection it returns has no deadline.
func (l *Link) open(ctx context.Context, r role) (*wire, error) {
	conn, err := l.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("smpp: link %s: connect to %s: %w", l.cfg.Name, l.cfg.Address, err)
	}
	w := l.newWire(conn)
	return w, w.within(ctx, func() error { return l.bind(w, r) })
}

// within does the handshake and closes the connection when it fails or ctx ends meanwhile.
func (w *wire) within(ctx context.Context, handshake func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = w.Close() })
	err := handshake()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = w.Close()
	}
	return err
}

func (l *Link) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.DialTimeout)
	defer cancel()
	conn, err := l.cfg.Dial(ctx, "tcp", l.cfg.Address)
	if err != nil || l.cfg.TLS == nil {
		return conn, err
	}
	cfg := l.cfg.TLS.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName, _, _ = net.SplitHostPort(l.cfg.Address)
	}
	secure := tls.Client(conn, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

func (l *Link) bind(w *wire, r role) error {
	fail := func(err error) error {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("no answer in %v: %w", l.cfg.BindTimeout, os.ErrDeadlineExceeded)
		}
		return fmt.Errorf("smpp: link %s: bind to %s: %w", l.cfg.Name, w.RemoteAddr(), err)
	}
	request, err := l.bindRequest(r)
	if err != nil {
		return fail(err)
	}
	if err := w.SetDeadline(time.Now().Add(l.cfg.BindTimeout)); err != nil {
		return fail(err)
	}
	if err := w.send(l, request); err != nil {
		return fail(err)
	}
	want := Command(r.request().Header().ID).Response()
	for {
		h, frame, err := w.next(l)
		if err != nil {
			return fail(err)
		}
		switch {
		case h.Command == want || h.Command == GenericNack: // of any sequence number: nothing else is asked yet
			if err := l.bound(h, frame); err != nil {
				return err
			}
			w.reader.idle, w.reader.frame = l.cfg.IdleTimeout, l.cfg.ResponseTimeout
			return w.SetDeadline(time.Time{})
		case h.Command.IsResponse() || h.Command == Outbind || h.Command == AlertNotification:
		case h.Command == EnquireLink:
			err = w.send(l, AppendFrame(nil, EnquireLinkResp, StatusOK, h.Sequence, nil))
		default:
			err = w.send(l, AppendFrame(nil, GenericNack, StatusInvalidBindState, h.Sequence, nil))
		}
		if err != nil {
			return fail(err)
		}
	}
}

func (l *Link) bindRequest(r role) ([]byte, error) {
	body := r.request()
	body.Header().Seq = bindSequence
	for name, value := range map[pdufield.Name]string{
		pdufield.SystemID: l.cfg.SystemID, pdufield.Password: l.password(), pdufield.SystemType: l.cfg.SystemType,
		pdufield.AddressRange: l.cfg.AddressRange,
	} {
		if err := body.Fields().Set(name, value); err != nil {
			return nil, err
		}
	}
	for name, value := range map[pdufield.Name]byte{
		pdufield.InterfaceVersion: l.cfg.Version, pdufield.AddrTON: l.cfg.AddressTON, pdufield.AddrNPI: l.cfg.AddressNPI,
	} {
		if err := body.Fields().Set(name, value); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	err := body.SerializeTo(&b)
	return b.Bytes(), err
}

// bound judges the bind_resp.
func (l *Link) bound(h Header, frame []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch h.Status {
	case StatusOK:
	case StatusInvalidPassword, StatusInvalidSystemID:
		return &BindError{Link: l.cfg.Name, SystemID: l.cfg.SystemID, Status: h.Status, Permanent: true}
	case StatusBindFailed: // an account that has bound is good: there are too many sessions, or one lost that the SMSC still counts
		return &BindError{Link: l.cfg.Name, SystemID: l.cfg.SystemID, Status: h.Status, Permanent: !l.welcome}
	default:
		return &BindError{Link: l.cfg.Name, SystemID: l.cfg.SystemID, Status: h.Status}
	}
	if h.Command == GenericNack {
		return fmt.Errorf("smpp: link %s: the SMSC answered the bind with a generic_nack of status 0", l.cfg.Name)
	}
	l.smsc, l.welcome = smscName(frame), true
	return nil
}

// smscName is the system_id in a bind_resp, "" when go-smpp makes nothing of it: a name is no reason to stay unbound.
func smscName(frame []byte) (name string) {
	defer func() {
		if recover() != nil {
			name = ""
		}
	}()
	body, err := pdu.Decode(bytes.NewReader(frame))
	if err != nil {
		return ""
	}
	if f := body.Fields()[pdufield.SystemID]; f != nil {
		return f.String()
	}
	return ""
}

// patientReader gives every read that has to wait a deadline of its own.
type patientReader struct {
	conn  net.Conn
	idle  time.Duration // for the first octet of a frame; 0 keeps the deadline that is set
	frame time.Duration // for the rest of it
	began time.Time     // when the first octets of the frame came; zeroed by who asks for the next one
}

func (p *patientReader) Read(b []byte) (int, error) {
	if p.idle > 0 {
		deadline := time.Now().Add(p.idle)
		if !p.began.IsZero() {
			deadline = p.began.Add(p.frame)
		}
		if err := p.conn.SetReadDeadline(deadline); err != nil {
			return 0, err
		}
	}
	n, err := p.conn.Read(b)
	if n > 0 && p.began.IsZero() {
		p.began = time.Now()
	}
	return n, err
}
