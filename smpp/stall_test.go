package smpp_test

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simota/simota/smpp"
)

// stalls are the ways in which a peer stops being one without closing the connection. play gets a peer
// that has just been bound, unless unbound, and the link; it must not outlive the connection.
var stalls = []struct {
	name    string
	unbound bool
	submits int
	play    func(t *testing.T, p *peer)
}{
	{name: "zero window", submits: 20, play: func(*testing.T, *peer) {}},
	{name: "zero window without messages", play: func(*testing.T, *peer) {}},
	{name: "silent responses", submits: 20, play: func(t *testing.T, p *peer) {
		for {
			h, _, err := p.frames.Next()
			if err != nil {
				return
			}
			if h.Command == smpp.EnquireLink {
				if _, err := p.conn.Write(smpp.AppendFrame(nil, smpp.EnquireLinkResp, 0, h.Sequence, nil)); err != nil {
					return
				}
			}
		}
	}},
	{name: "half-open", submits: 3, play: func(_ *testing.T, p *peer) { swallow(p.conn) }},
	{name: "half-open without messages", play: func(_ *testing.T, p *peer) { swallow(p.conn) }},
	{name: "one octet a second", submits: 1, play: func(_ *testing.T, p *peer) {
		go swallow(p.conn)
		for frame := smpp.AppendFrame(nil, smpp.EnquireLink, 0, 1, nil); ; {
			for i := range frame {
				time.Sleep(time.Second)
				if _, err := p.conn.Write(frame[i : i+1]); err != nil {
					return
				}
			}
		}
	}},
	{name: "bind never answered", unbound: true, play: func(_ *testing.T, p *peer) { swallow(p.conn) }},
	{name: "bind never read", unbound: true, play: func(*testing.T, *peer) {}},
}

func swallow(conn net.Conn) {
	b := make([]byte, 1024)
	for {
		if _, err := conn.Read(b); err != nil {
			return
		}
	}
}

// In both tests synctest itself proves that no goroutine is left.

func TestAStallIsNoticedWithinThirtySecondsByDefault(t *testing.T) {
	t.Parallel()
	for _, c := range stalls {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x, begin := stall(t, c.unbound, c.submits, c.play)
				if s := <-x.states; s.Up || time.Since(begin) > 30*time.Second {
					t.Errorf("noticed after %v: %+v", time.Since(begin), s)
				}
				for range c.submits {
					if r := <-x.results; r.Outcome != smpp.Ambiguous && r.Outcome != smpp.Unsent {
						t.Errorf("result %+v", r)
					}
				}
				x.stop()
				<-x.done
			})
		})
	}
}

func TestAStalledLinkStopsWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	for _, c := range stalls {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x, _ := stall(t, c.unbound, c.submits, c.play)
				time.Sleep(time.Second)
				begin := time.Now()
				x.stop()
				if err := <-x.done; err != nil || time.Since(begin) > 5*time.Second {
					t.Errorf("stopped after %v: %v", time.Since(begin), err)
				}
			})
		})
	}
}

// stall brings a link with default times to a peer that plays.
func stall(t *testing.T, unbound bool, submits int, play func(*testing.T, *peer)) (*running, time.Time) {
	t.Helper()
	net := newPipes()
	x := start(t, smpp.Config{Address: "h:1", Dial: net.dial}, newRecorder())
	begin := time.Now()
	var p *peer
	if unbound {
		p = net.accept(t)
	} else {
		p = net.bound(t)
		x.up(t)
	}
	played := make(chan struct{})
	go func() { defer close(played); play(t, p) }()
	t.Cleanup(func() { <-played })
	for id := range int64(submits) {
		x.submit(t, id)
	}
	return x, begin
}

func TestTheDelayGrowsWhenTheStreamBreaksAgainAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, ReconnectMin: 2 * time.Second, ReconnectMax: 16 * time.Second}, newRecorder())
		p := net.bound(t)
		x.up(t)
		for i, most := range []time.Duration{2, 4, 8, 16, 16} {
			for range 3 { // longer up than the longest delay, which otherwise makes the next one short again
				p.next(smpp.EnquireLink)
				p.send(smpp.EnquireLinkResp, 0, 0, "")
			}
			begin := time.Now()
			if _, err := p.conn.Write(make([]byte, 16)); err != nil {
				t.Fatal(err)
			}
			<-x.states
			p = net.bound(t)
			x.up(t)
			if d := time.Since(begin); d < most*time.Second/2 || d > most*time.Second {
				t.Errorf("rebound after %v, want %v to %v s", d, most/2, most)
			}
			if n := len(x.Malformed()); n != i+1 {
				t.Errorf("%d kept, want %d", n, i+1)
			}
		}
		p.retire(x)
	})
}
