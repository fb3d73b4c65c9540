package smpp

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
)

// BindError is a bind_resp with an error status.
type BindError struct {
	Link, SystemID string
	Status         uint32
	Permanent      bool // not tried again: wrong account, or ESME_RBINDFAIL while the link had no other session
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

// open dials, shakes hands and binds. The connection it returns has no deadline.
func (l *Link) open(ctx context.Context, r role) (net.Conn, *FrameReader, error) {
	conn, err := l.dial(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("smpp: link %s: connect to %s: %w", l.cfg.Name, l.cfg.Address, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	frames, err := l.bind(conn, r)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	return conn, frames, nil
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

func (l *Link) bind(conn net.Conn, r role) (*FrameReader, error) {
	fail := func(err error) (*FrameReader, error) {
		return nil, fmt.Errorf("smpp: link %s: bind to %s: %w", l.cfg.Name, l.cfg.Address, err)
	}
	request, err := l.bindRequest(r)
	if err != nil {
		return fail(err)
	}
	if err := conn.SetDeadline(time.Now().Add(l.cfg.BindTimeout)); err != nil {
		return fail(err)
	}
	if _, err := conn.Write(request); err != nil {
		return fail(err)
	}
	want := Command(r.request().Header().ID).Response()
	reader := &patientReader{conn: conn}
	frames := NewFrameReader(reader)
	for {
		h, frame, err := frames.Next()
		if err != nil {
			return fail(err)
		}
		switch {
		case h.Command == want || h.Command == GenericNack: // of any sequence number: nothing else is asked yet
			if err := l.bound(h, frame); err != nil {
				return nil, err
			}
			reader.patience = l.cfg.IdleTimeout
			return frames, conn.SetDeadline(time.Time{})
		case h.Command.IsResponse() || h.Command == Outbind || h.Command == AlertNotification:
		case h.Command == EnquireLink:
			_, err = conn.Write(AppendFrame(nil, EnquireLinkResp, StatusOK, h.Sequence, nil))
		default:
			_, err = conn.Write(AppendFrame(nil, GenericNack, StatusInvalidBindState, h.Sequence, nil))
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
	} {
		if err := body.Fields().Set(name, value); err != nil {
			return nil, err
		}
	}
	if err := body.Fields().Set(pdufield.InterfaceVersion, 0x34); err != nil {
		return nil, err
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
	case StatusBindFailed: // with a sister session bound, the account is good and only the number of binds is not
		return &BindError{Link: l.cfg.Name, SystemID: l.cfg.SystemID, Status: h.Status, Permanent: len(l.sessions) == 0}
	default:
		return &BindError{Link: l.cfg.Name, SystemID: l.cfg.SystemID, Status: h.Status}
	}
	if h.Command == GenericNack {
		return fmt.Errorf("smpp: link %s: the SMSC answered the bind with a generic_nack of status 0", l.cfg.Name)
	}
	l.smsc = smscName(frame)
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
	conn     net.Conn
	patience time.Duration // 0 keeps the deadline that is set
}

func (p *patientReader) Read(b []byte) (int, error) {
	if p.patience > 0 {
		if err := p.conn.SetReadDeadline(time.Now().Add(p.patience)); err != nil {
			return 0, err
		}
	}
	return p.conn.Read(b)
}
