package smpp_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/smpp"
)

// outbound starts a link that listens for outbinds while its own binds find nobody.
func outbound(t *testing.T, bindTimeout time.Duration) (*running, string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	x := start(t, smpp.Config{
		Address: "127.0.0.1:1", ReconnectMin: time.Hour, ReconnectMax: time.Hour, BindTimeout: bindTimeout,
		Outbind: &smpp.OutbindListener{Listen: address, SystemID: "smsc", Password: "opensesame"},
	}, newRecorder())
	if s := <-x.states; s.Up {
		t.Fatal("bound to nobody")
	}
	return x, address
}

// call opens a connection to a link that may not listen yet.
func call(t *testing.T, address string) *peer {
	t.Helper()
	for {
		c, err := net.Dial("tcp", address)
		if err == nil {
			t.Cleanup(func() { _ = c.Close() })
			return &peer{t, c, smpp.NewFrameReader(c)}
		}
		if !strings.Contains(err.Error(), "refused") {
			t.Fatal(err)
		}
	}
}

func TestAnOutbindIsAnsweredWithABindAsReceiver(t *testing.T) {
	t.Parallel()
	x, address := outbound(t, time.Minute)
	for range 2 {
		p := call(t, address)
		p.send(smpp.Outbind, 0, 1, "smsc\x00opensesame\x00")
		h, body := p.frame(smpp.BindReceiver)
		if !strings.HasPrefix(body, "ota1\x00pw\x00") {
			t.Errorf("bind_receiver %q", body)
		}
		p.send(smpp.BindReceiver.Response(), 0, h.Sequence, "smsc\x00")
		x.up(t)
		p.send(smpp.DeliverSM, 0, 9, emptyDeliver)
		if h := p.next(smpp.DeliverSMResp); h.Sequence != 9 || h.Status != 0 {
			t.Errorf("deliver_sm_resp %+v", h)
		}
		if _, err := x.TrySubmit([]smpp.Message{message(1)}); !errors.Is(err, smpp.ErrNotBound) {
			t.Errorf("a receiver took a message: %v", err)
		}
		p.send(smpp.Unbind, 0, 10, "")
		p.next(smpp.UnbindResp)
		if s := <-x.states; s.Up {
			t.Errorf("state %+v", s)
		}
	}
	x.stop()
	if err := <-x.done; err != nil {
		t.Error(err)
	}
}

func TestAnOutbindIsNotTakenOnTrust(t *testing.T) {
	t.Parallel()
	x, address := outbound(t, time.Minute)
	for name, frame := range map[string][]byte{
		"password":    smpp.AppendFrame(nil, smpp.Outbind, 0, 1, []byte("smsc\x00opensesamf\x00")),
		"system_id":   smpp.AppendFrame(nil, smpp.Outbind, 0, 1, []byte("smsd\x00opensesame\x00")),
		"empty":       smpp.AppendFrame(nil, smpp.Outbind, 0, 1, []byte("\x00\x00")),
		"cut off":     smpp.AppendFrame(nil, smpp.Outbind, 0, 1, []byte("smsc\x00opensesame")),
		"other frame": smpp.AppendFrame(nil, smpp.EnquireLink, 0, 1, nil),
		"no frame":    make([]byte, 16),
	} {
		p := call(t, address)
		if _, err := p.conn.Write(frame); err != nil {
			t.Fatal(err)
		}
		if n, err := p.conn.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("%s: the link answers", name)
		}
		s := <-x.states
		if s.Up || s.RefusedForGood || !strings.Contains(s.Reason.Error(), "outbind from 127.0.0.1") || strings.Contains(s.Reason.Error(), "opensesame") {
			t.Errorf("%s: %v", name, s.Reason)
		}
	}
}

func TestCallersWithoutAWordAreBoundedAndTimedOut(t *testing.T) {
	t.Parallel()
	x, address := outbound(t, 50*time.Millisecond)
	var callers []*peer
	for range 12 { // four more than have a place
		callers = append(callers, call(t, address))
	}
	for _, p := range callers {
		if _, err := p.conn.Read(make([]byte, 1)); err != io.EOF && !strings.Contains(err.Error(), "reset") {
			t.Errorf("caller: %v", err)
		}
		if s := <-x.states; !errors.Is(s.Reason, os.ErrDeadlineExceeded) {
			t.Errorf("state %v", s.Reason)
		}
	}
}

func TestARefusedAccountListensNoMore(t *testing.T) {
	t.Parallel()
	pipes := newPipes()
	x := start(t, smpp.Config{
		Address: "h:1", Dial: pipes.dial, Outbind: &smpp.OutbindListener{Listen: "127.0.0.1:0", SystemID: "smsc", Password: "opensesame"},
	}, newRecorder())
	p := pipes.accept(t)
	p.send(smpp.BindTransceiver.Response(), smpp.StatusInvalidPassword, p.next(smpp.BindTransceiver).Sequence, "")
	var refused *smpp.BindError
	if err := <-x.done; !errors.As(err, &refused) {
		t.Errorf("Run returned %v", err)
	}
}
