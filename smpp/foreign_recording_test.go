package smpp_test

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"

	"github.com/simota/simota/smpp"
)

// chunk is what one read or write of a link moved.
type chunk struct {
	inbound bool // from the SMSC
	octets  []byte
}

// recording keeps what goes over one connection of a link.
type recording struct {
	rewrite func([]byte) []byte // nil, or changes what the link writes

	mu      sync.Mutex // guards what follows
	chunks  []chunk
	changed chan struct{} // closed when chunks grow
}

func newRecording() *recording { return &recording{changed: make(chan struct{})} }

// dial connects a link so that its traffic is recorded.
func (r *recording) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return &recorded{conn, r}, err
}

func (r *recording) add(inbound bool, octets []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.chunks = append(r.chunks, chunk{inbound, bytes.Clone(octets)})
	close(r.changed)
	r.changed = make(chan struct{})
}

// frames gives the headers of the whole frames one side sent, or both sides, in the order in which they were complete.
func (r *recording) frames(wanted func(inbound bool) bool) []smpp.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []smpp.Header
	rest := map[bool][]byte{}
	for _, c := range r.chunks {
		b := append(rest[c.inbound], c.octets...)
		for {
			h, err := smpp.ParseHeader(b)
			if err != nil || int64(h.Length) > int64(len(b)) || h.Length < smpp.HeaderLen {
				break
			}
			b = b[h.Length:]
			if wanted(c.inbound) {
				all = append(all, h)
			}
		}
		rest[c.inbound] = b
	}
	return all
}

// sees waits until the SMSC has sent a command and returns the header of the first such frame.
func (r *recording) sees(ctx context.Context, t *testing.T, c smpp.Command) smpp.Header {
	t.Helper()
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		for _, h := range r.frames(func(inbound bool) bool { return inbound }) {
			if h.Command == c {
				return h
			}
		}
		next(ctx, t, c.String(), changed)
	}
}

// recorded is a connection under recording.
type recorded struct {
	net.Conn
	r *recording
}

func (c *recorded) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.r.add(true, b[:n])
	}
	return n, err
}

func (c *recorded) Write(b []byte) (int, error) {
	if c.r.rewrite != nil {
		b = c.r.rewrite(b)
	}
	c.r.add(false, b) // first, so that no answer is recorded before it
	return c.Conn.Write(b)
}
