package aaa

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"layeh.com/radius"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/detect"
)

// Config is what a listener works with.
type Config struct {
	Conn    net.PacketConn // closed when Serve returns
	Secret  []byte         // shared with all clients
	Clients []netip.Prefix // who may send
	// Attach stores an event, durably before it returns. catalog.ErrNotFound
	// says that no card has it.
	Attach func(context.Context, detect.Event) error
	Log    zerolog.Logger
}

const (
	workers    = 32 // requests at once: what comes together shares a commit
	tellEvery  = time.Minute
	longest    = radius.MaxPacketLength
	mostErrors = 100 // of reading, in a row
)

// Serve answers accounting requests until ctx ends. A request is answered when
// what it says is stored, or when it says nothing that could be: then a
// gateway that repeats it would repeat it for ever. Not answered is what has a
// wrong authenticator or sender, and what could not be stored now. While all
// workers are busy nothing is read, and gateways repeat what the socket drops.
func Serve(ctx context.Context, c Config) error {
	l := &listener{Config: c, work: make(chan request), seen: map[string]string{}, busy: map[string]bool{}}
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for r := range l.work {
				l.serve(ctx, r)
			}
		})
	}
	told, stop := context.WithCancel(ctx)
	var telling sync.WaitGroup
	telling.Go(func() { l.tally.run(told, l.Log) })
	defer context.AfterFunc(ctx, func() { _ = c.Conn.Close() })()
	err := l.read(ctx)
	close(l.work)
	running.Wait()
	stop()
	telling.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return errors.Join(err, c.Conn.Close())
}

type request struct {
	from   net.Addr
	octets []byte
}

type listener struct {
	Config
	work  chan request
	tally tally

	mu   sync.Mutex
	seen map[string]string // device and network by subscription and access point
	busy map[string]bool   // requests under way
}

func (l *listener) read(ctx context.Context) error {
	buffer := make([]byte, longest+1)
	for failed := 0; ; {
		n, from, err := l.Conn.ReadFrom(buffer)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed) || err != nil && failed == mostErrors:
			return err
		case err != nil:
			failed++
			continue
		}
		failed = 0
		select {
		case l.work <- request{from, slices.Clone(buffer[:n])}:
		case <-ctx.Done():
			return nil
		}
	}
}

// serve takes one request and answers it if that is due.
func (l *listener) serve(ctx context.Context, r request) {
	packet, fate := l.authentic(r)
	if packet == nil {
		l.tally.add(fate, nil)
		return
	}
	key := r.from.String() + string(packet.Identifier) + string(packet.Authenticator[:])
	if !l.begin(key) {
		l.tally.add(repeated, nil) // the one under way answers both
		return
	}
	defer l.end(key)
	fate, err := l.take(ctx, packet.Attributes)
	l.tally.add(fate, err)
	if fate == notStored {
		return
	}
	answer := packet.Response(radius.CodeAccountingResponse)
	for _, a := range packet.Attributes {
		if a.Type == proxyState {
			answer.Add(a.Type, a.Attribute) // RFC 2865, 5.33
		}
	}
	b, err := answer.Encode()
	if err == nil {
		_, err = l.Conn.WriteTo(b, r.from)
	}
	if err != nil && ctx.Err() == nil {
		l.tally.add(notAnswered, err)
	}
}

// authentic is a request that a client made with the secret; else nil and what
// became of it.
func (l *listener) authentic(r request) (*radius.Packet, fate) {
	from, err := netip.ParseAddrPort(r.from.String())
	if err != nil || !slices.ContainsFunc(l.Clients, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap()) }) {
		return nil, stranger
	}
	const header = 20 // RFC 2865, 3; octets behind the length are padding
	b := r.octets
	if len(b) < header || b[0] != byte(radius.CodeAccountingRequest) {
		return nil, unreadable
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < header || n > len(b) || n > longest {
		return nil, unreadable
	}
	if !radius.IsAuthenticRequest(b[:n], l.Secret) {
		return nil, wrongSecret
	}
	packet, err := radius.Parse(b[:n], l.Secret)
	if err != nil {
		return nil, unreadable
	}
	return packet, ""
}

// take stores what a request says.
func (l *listener) take(ctx context.Context, attributes radius.Attributes) (fate, error) {
	r, err := ParseRecord(attributes)
	if err != nil {
		return unreadable, err
	}
	e := r.Event
	key, now := e.IMSI+" "+e.MSISDN+" "+e.APN, e.IMEI+" "+e.PLMN()
	switch {
	case r.Status == Stop:
		l.forget(key)
		return nothingNew, nil
	case r.Status != Start && r.Status != Interim, r.Status == Interim && l.known(key, now):
		return nothingNew, nil
	}
	switch err := l.Attach(ctx, e); {
	case err == nil:
		l.remember(key, now)
		return stored, nil
	case errors.Is(err, catalog.ErrNotFound):
		return unknownCard, nil
	default:
		return notStored, fmt.Errorf("radius: %w", err)
	}
}

// mostSeen is how many sessions are remembered, so that interim updates that
// say nothing new cost nothing. Beyond it all are forgotten, which only costs
// one event more for each.
const mostSeen = 200_000

func (l *listener) known(key, now string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, ok := l.seen[key]
	return ok && last == now
}

func (l *listener) remember(key, now string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seen) >= mostSeen {
		clear(l.seen)
	}
	l.seen[key] = now
}

func (l *listener) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.seen, key)
}

func (l *listener) begin(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy[key] {
		return false
	}
	l.busy[key] = true
	return true
}

func (l *listener) end(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.busy, key)
}
