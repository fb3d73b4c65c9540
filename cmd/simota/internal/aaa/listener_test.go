package aaa

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"layeh.com/radius"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/detect"
)

const secret = "shared with gateways"

// gateway is a listener on a real socket, what it stored, and a socket to it.
type gateway struct {
	t    *testing.T
	conn net.Conn
	stop func() (log string)

	mu     sync.Mutex
	events []detect.Event
}

// listen starts a listener; attach may refuse events, nil takes all.
func listen(t *testing.T, attach func() error) *gateway {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{t: t}
	if g.conn, err = net.Dial("udp", conn.LocalAddr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.conn.Close() })
	var log bytes.Buffer
	c := Config{Conn: conn, Secret: []byte(secret), Clients: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Log: zerolog.New(&log), Attach: func(_ context.Context, e detect.Event) error {
		if attach != nil {
			if err := attach(); err != nil {
				return err
			}
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.events = append(g.events, e)
		return nil
	}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, c) }()
	g.stop = sync.OnceValue(func() string {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		return log.String()
	})
	t.Cleanup(func() { g.stop() })
	return g
}

func (g *gateway) stored() []detect.Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.events)
}

// exchange sends a request with the library's own client and awaits its answer.
func (g *gateway) exchange(a radius.Attributes) *radius.Packet {
	g.t.Helper()
	p := radius.New(radius.CodeAccountingRequest, []byte(secret))
	p.Attributes = a
	answer, err := radius.Exchange(g.t.Context(), p, g.conn.RemoteAddr().String())
	if err != nil {
		g.t.Fatal(err)
	}
	if answer.Code != radius.CodeAccountingResponse {
		g.t.Errorf("answer is %v", answer.Code)
	}
	return answer
}

// send sends a request and awaits nothing.
func (g *gateway) send(id byte, with string, a radius.Attributes) {
	g.t.Helper()
	p := radius.Packet{Code: radius.CodeAccountingRequest, Identifier: id, Secret: []byte(with), Attributes: a}
	b, err := p.Encode()
	if err == nil {
		_, err = g.conn.Write(b)
	}
	if err != nil {
		g.t.Fatal(err)
	}
}

// answered is the identifier of the next answer.
func (g *gateway) answered() byte {
	g.t.Helper()
	b := make([]byte, 4096)
	n, err := g.conn.Read(b)
	if err != nil || n < 20 {
		g.t.Fatalf("%d octets, %v", n, err)
	}
	return b[1]
}

// silent fails if another answer has come. The listener must be stopped.
func (g *gateway) silent() {
	g.t.Helper()
	if err := g.conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
		g.t.Fatal(err)
	}
	if n, err := g.conn.Read(make([]byte, 4096)); err == nil {
		g.t.Errorf("an answer of %d octets has come", n)
	}
}

func TestWhatIsStoredIsAnswered(t *testing.T) {
	t.Parallel()
	g := listen(t, nil)
	a := attributes(Start)
	a.Add(proxyState, radius.Attribute("first"))
	a.Add(proxyState, radius.Attribute("second"))
	answer := g.exchange(a)
	if got := g.stored(); len(got) != 1 || got[0] != opened {
		t.Errorf("stored %+v", got)
	}
	if len(answer.Attributes) != 2 || string(answer.Attributes[0].Attribute) != "first" || string(answer.Attributes[1].Attribute) != "second" {
		t.Errorf("Proxy-State does not come back in order: %v", answer.Attributes)
	}
}

func TestWrongSecretIsNotAnswered(t *testing.T) {
	t.Parallel()
	g := listen(t, nil)
	g.send(1, "another secret", attributes(Start))
	g.send(2, secret, attributes(Start))
	if id := g.answered(); id != 2 {
		t.Errorf("request %d is answered", id)
	}
	if log := g.stop(); !strings.Contains(log, `"wrong_secret":1`) || strings.Contains(log, secret) {
		t.Errorf("log %s", log)
	}
	g.silent()
	if got := g.stored(); len(got) != 1 {
		t.Errorf("stored %+v", got)
	}
}

func TestSenderThatIsNoClientIsNotAnswered(t *testing.T) {
	t.Parallel()
	l := listener{Config: Config{Secret: []byte(secret), Clients: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}}
	p := radius.Packet{Code: radius.CodeAccountingRequest, Secret: []byte(secret), Attributes: attributes(Start)}
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]fate{"10.1.2.3:999": "", "[::ffff:10.1.2.3]:999": "", "[::1]:999": "", "192.0.2.1:999": stranger, "[::2]:999": stranger} {
		got, fate := l.authentic(request{net.UDPAddrFromAddrPort(netip.MustParseAddrPort(from)), b})
		if fate != want || (got == nil) == (want == "") {
			t.Errorf("%s: %v %q, want %q", from, got, fate, want)
		}
	}
}

func TestWhatCannotBeStoredIsNotAnsweredAndTakenWhenRepeated(t *testing.T) {
	t.Parallel()
	var tried atomic.Int32
	g := listen(t, func() error {
		if tried.Add(1) == 1 {
			return errors.New("disk is full")
		}
		return nil
	})
	g.send(1, secret, attributes(Start))
	other := attributes(7) // Accounting-On, to know that the first is done: nothing else is answered
	g.send(2, secret, other)
	if id := g.answered(); id != 2 {
		t.Fatalf("request %d is answered", id)
	}
	g.exchange(attributes(Start)) // the client repeats until it is answered
	if log := g.stop(); !strings.Contains(log, `"not_stored":1`) || !strings.Contains(log, "disk is full") {
		t.Errorf("log %s", log)
	}
	if got := g.stored(); len(got) != 1 {
		t.Errorf("stored %+v", got)
	}
}

func TestUnknownCardIsAnsweredAndCounted(t *testing.T) {
	t.Parallel()
	g := listen(t, func() error { return fmt.Errorf("no card: %w", catalog.ErrNotFound) })
	g.exchange(attributes(Start))
	g.exchange(without(acctStatusType, attributes(Start)))
	if log := g.stop(); !strings.Contains(log, `"unknown_card":1`) || !strings.Contains(log, `"unreadable":1`) {
		t.Errorf("log %s", log)
	}
}

func TestInterimUpdateThatSaysNothingNewIsNotStored(t *testing.T) {
	t.Parallel()
	g := listen(t, nil)
	moved := attributes(Interim)
	moved.Set(vendorSpecific, of3GPP(imsi, []byte("999710000000001"), imeisv, []byte("3569380356438099")))
	for _, a := range []radius.Attributes{
		attributes(Start), attributes(Interim), attributes(Interim), moved, moved, attributes(Stop), attributes(Interim),
	} {
		g.exchange(a)
	}
	g.stop()
	var got []string
	for _, e := range g.stored() {
		if e.Kind != detect.Session {
			t.Errorf("%+v is stored", e)
		}
		got = append(got, e.IMEI[14:])
	}
	if strings.Join(got, " ") != "12 99 12" {
		t.Errorf("stored %v: want the first, the change, and the first after the end", got)
	}
}

func TestARequestSentTwiceIsHarmless(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	entered := make(chan struct{}, 2)
	g := listen(t, func() error {
		entered <- struct{}{}
		<-release
		return nil
	})
	g.send(1, secret, attributes(Start))
	<-entered
	g.send(1, secret, attributes(Start))
	g.send(2, secret, attributes(7))
	if id := g.answered(); id != 2 {
		t.Fatalf("request %d is answered", id)
	}
	close(release)
	if id := g.answered(); id != 1 {
		t.Fatalf("request %d is answered", id)
	}
	g.stop()
	if got := g.stored(); len(got) == 0 || len(got) > 2 {
		t.Errorf("stored %+v", got)
	}
}

func TestOctetsThatAreNoRequestAreNotAnswered(t *testing.T) {
	t.Parallel()
	g := listen(t, nil)
	for _, b := range []string{"", "x", strings.Repeat("\x04", 20), "\x04\x01\x00\x13" + strings.Repeat("\x00", 16), strings.Repeat("\x04", 5000), "\x01\x01\x00\x14" + strings.Repeat("\x00", 16)} {
		if _, err := g.conn.Write([]byte(b)); err != nil {
			t.Fatal(err)
		}
	}
	g.send(2, secret, attributes(Start))
	if id := g.answered(); id != 2 {
		t.Errorf("request %d is answered", id)
	}
	if log := g.stop(); !strings.Contains(log, `"unreadable":5,"wrong_secret":1`) {
		t.Errorf("log %s", log)
	}
	g.silent()
}

func TestTheTallyIsToldNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var y tally
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); y.run(ctx, zerolog.New(&log)) }()
		for range 1000 {
			y.add(unknownCard, nil)
		}
		time.Sleep(2*tellEvery + 1)
		synctest.Wait()
		y.add(stored, nil)
		cancel()
		<-done
		want := `{"level":"warn","unknown_card":1000,"message":"RADIUS accounting"}` + "\n" + `{"level":"debug","stored":1,"message":"RADIUS accounting"}` + "\n"
		if log.String() != want {
			t.Errorf("log\n%s", log.String())
		}
	})
}
