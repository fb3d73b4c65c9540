package smpp_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/smpp"
)

// poison is a file of testdata/malformed: a line "# why", a line "answer command_id command_status
// [sequence]", "answer none" or "answer end", and the octets in hexadecimal, where 00*9 is nine octets 00.
type poison struct {
	name   string
	answer []uint32 // empty for none
	ends   bool     // the frame boundary is lost with it
	octets []byte
}

func corpus(t testing.TB) (all []poison) {
	t.Helper()
	files, err := filepath.Glob("testdata/malformed/*.hex")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := parsePoison(strings.Split(string(b), "\n"))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		p.name = strings.TrimSuffix(filepath.Base(file), ".hex")
		all = append(all, p)
	}
	return all
}

func parsePoison(lines []string) (p poison, err error) {
	answer, ok := strings.CutPrefix(lines[1], "answer ")
	if !ok {
		return p, fmt.Errorf("line 2 is %q, want the answer", lines[1])
	}
	if p.ends = answer == "end"; !p.ends && answer != "none" {
		for _, f := range append(strings.Fields(answer), "4d")[:3] {
			v, err := strconv.ParseUint(f, 16, 32)
			if err != nil {
				return p, err
			}
			p.answer = append(p.answer, uint32(v))
		}
	}
	for _, line := range lines[2:] {
		octets, count, repeated := strings.Cut(line, "*")
		b, err := hex.DecodeString(octets)
		if err != nil {
			return p, err
		}
		if repeated {
			n, err := strconv.Atoi(count)
			if err != nil {
				return p, err
			}
			b = bytes.Repeat(b, n)
		}
		p.octets = append(p.octets, b...)
	}
	return p, nil
}

// tcp is a network of real connections whose server ends the test plays itself.
func tcp(t testing.TB) (*pipes, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, done := newPipes(), make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			p.ends <- c
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return p, listener.Addr().String()
}

// honest answers what could not be read with the status that says why.
func honest(_ context.Context, ds []smpp.Delivery) []uint32 {
	statuses := make([]uint32, len(ds))
	for i, d := range ds {
		statuses[i] = d.Status
	}
	return statuses
}

func TestTheCorpusIsLargeEnough(t *testing.T) {
	t.Parallel()
	if n := len(corpus(t)); n < 200 {
		t.Errorf("%d malformed frames, want 200 or more", n)
	}
}

func TestEveryMalformedFrameIsAnsweredAndTheLinkStays(t *testing.T) {
	t.Parallel()
	net, address := tcp(t)
	r := newRecorder()
	r.store = honest
	x := start(t, smpp.Config{Address: address}, r)
	p := net.bound(t)
	x.up(t)
	for id, c := range corpus(t) {
		if c.ends {
			continue
		}
		for range 2 { // as an SMSC does that sends again what was refused
			if _, err := p.conn.Write(c.octets); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if len(c.answer) > 0 {
				if h := p.next(smpp.Command(c.answer[0])); h.Status != c.answer[1] || h.Sequence != c.answer[2] {
					t.Errorf("%s: answered with status %#x for sequence %#x, want %#x", c.name, h.Status, h.Sequence, c.answer[1:])
				}
			}
			p.send(smpp.EnquireLink, 0, 4711, "")
			if h := p.next(smpp.EnquireLinkResp); h.Sequence != 4711 {
				t.Errorf("%s: enquire_link_resp %+v", c.name, h)
			}
		}
		for len(x.deliveries) > 0 {
			<-x.deliveries
		}
		x.submit(t, int64(id))
		p.send(smpp.SubmitSMResp, 0, p.next(smpp.SubmitSM).Sequence, "ok\x00")
		x.want(t, int64(id), smpp.Accepted)
	}
	if len(x.states) != 0 {
		t.Errorf("the link went down: %+v", <-x.states)
	}
	if n := x.Status().Malformed; n == 0 || len(x.Malformed()) != 32 {
		t.Errorf("%d malformed, %d kept", n, len(x.Malformed()))
	}
	p.retire(x)
}

func TestALostFrameBoundaryEndsTheSessionAndTheLinkRebinds(t *testing.T) {
	t.Parallel()
	for _, c := range corpus(t) {
		if !c.ends {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			net, address := tcp(t)
			x := start(t, smpp.Config{Address: address, ReconnectMin: time.Millisecond, ReconnectMax: 4 * time.Millisecond}, newRecorder())
			for session := range 2 {
				p := net.bound(t)
				x.up(t)
				if _, err := p.conn.Write(c.octets); err != nil {
					t.Fatal(err)
				}
				if s := <-x.states; s.Up {
					t.Errorf("state %+v", s)
				}
				kept := x.Malformed()
				if len(kept) != session+1 || !bytes.HasPrefix(kept[session].Raw, c.octets[:16]) || kept[session].Session != session+1 {
					t.Errorf("kept %+v", kept)
				}
			}
			p := net.bound(t)
			x.up(t)
			x.submit(t, 1)
			p.send(smpp.SubmitSMResp, 0, p.next(smpp.SubmitSM).Sequence, "ok\x00")
			x.want(t, 1, smpp.Accepted)
			p.retire(x)
		})
	}
}
