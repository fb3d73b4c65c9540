package smpp

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// maxCallers is the number of connections a listener for outbinds has open, bound ones included.
const maxCallers = 8

// matches is a closure, as with the link's own password, so that no printing shows the secret.
func (o *OutbindListener) matches() func(system, password string) bool {
	wantSystem, wantPassword := o.SystemID, string(o.Password)
	return func(system, password string) bool {
		return subtle.ConstantTimeCompare([]byte(system), []byte(wantSystem))&
			subtle.ConstantTimeCompare([]byte(password), []byte(wantPassword)) == 1
	}
}

// listen takes outbinds until ctx ends. A listener that fails is opened again after a while.
func (l *Link) listen(ctx, keep context.Context) {
	for {
		err := l.accept(ctx, keep)
		if ctx.Err() != nil {
			return
		}
		l.down(fmt.Errorf("smpp: link %s: listen for outbind: %w", l.cfg.Name, err))
		wait := time.NewTimer(l.cfg.ReconnectMax)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
		}
	}
}

// accept serves connections until ctx ends or the listener fails.
func (l *Link) accept(ctx, keep context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", l.cfg.Outbind.Listen)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	defer func() { _ = listener.Close() }()
	var callers sync.WaitGroup
	defer callers.Wait()
	places := make(chan struct{}, maxCallers)
	for {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		callers.Go(func() {
			defer func() { <-places }()
			l.called(ctx, keep, conn)
		})
	}
}

// called binds as receiver on a connection that begins with the right outbind, and closes any other.
func (l *Link) called(ctx, keep context.Context, conn net.Conn) {
	if l.cfg.TLS != nil {
		conn = tls.Server(conn, l.cfg.TLS)
	}
	w := l.newWire(conn)
	if err := w.within(ctx, func() error { return l.outbound(w) }); err != nil {
		if ctx.Err() == nil {
			l.down(err)
		}
		return
	}
	err := l.bindAndServe(ctx, keep, receiver, func() (*wire, error) {
		return w, w.within(ctx, func() error { return l.bind(w, receiver) })
	})
	if err != nil { // also when it never came to the bind
		_ = w.Close()
	}
}

// outbound reads the outbind, which has to be the first frame.
func (l *Link) outbound(w *wire) error {
	fail := func(err error) error {
		return fmt.Errorf("smpp: link %s: outbind from %s: %w", l.cfg.Name, w.RemoteAddr(), err)
	}
	if err := w.SetDeadline(time.Now().Add(l.cfg.BindTimeout)); err != nil {
		return fail(err)
	}
	h, frame, err := w.next(l)
	if err != nil {
		return fail(err)
	}
	if h.Command != Outbind {
		return fail(fmt.Errorf("the first frame is %v", h.Command))
	}
	f := fields{b: frame[HeaderLen:]}
	system := f.text("system_id", 16, StatusInvalidSystemID)
	password := f.text("password", 65, StatusInvalidPassword)
	if f.err != nil {
		return fail(f.err)
	}
	if !l.caller(string(system), string(password)) {
		return fail(errors.New("the system_id or password is not that of the configured SMSC"))
	}
	return nil
}
