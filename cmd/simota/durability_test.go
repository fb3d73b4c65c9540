package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/simota/simota/smpp"
)

// Every packet is one short message, so that a card has one submission at a
// time and a row of the ledger can be told by its number.
const durableCampaign = `
campaign: durable
kind: rfm
select: {all: true}
write: {spn: "0173696d6f7461"}
`

// TestTheCommitIsDurableBeforeTheSocketWrite looks at the server's system
// calls: what a submit_sm carries, and that it is being sent, and a deliver_sm
// that is answered as taken, are in the write-ahead log and synced before the
// socket is written.
func TestTheCommitIsDurableBeforeTheSocketWrite(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds of real processes")
	}
	t.Parallel()
	const cards = 12
	w := newWorld(t, cards, 1, "")
	// -D: the server stays our child, so that our signals reach it.
	tracer := []string{"strace", "-D", "-f", "-yy", "-xx", "-s", "10000", "-e", "signal=none"}
	trace := filepath.Join(w.dir, "trace")
	w.traceable(tracer)
	w.startLab()
	server := w.runUnder(append(tracer, "-e", "trace=pwrite64,pwritev,write,writev,sendto,sendmsg,fsync,fdatasync", "-o", trace), "serve", "-c", "simota.yaml")
	w.ready()
	w.furnish()
	w.start(durableCampaign)
	w.eventually("the campaign is done", func(ctx context.Context) bool {
		c, err := w.client.Campaign(ctx, "durable")
		return err == nil && c.State == "done" && c.ByState["written"] == cards
	})
	server.stop()
	w.traced(trace)
	s := readTrace(t, trace)
	delivered := w.deliveries()
	var submits, answers int
	for _, x := range s.sockets(t) {
		switch x.header.Command {
		case smpp.SubmitSM:
			submits++
			m := message(t, x.octets)
			s.durable(t, x, "user data of a submit_sm", m.UserData, []byte(m.Source.String()+m.Destination.String()+"submitting"))
		case smpp.DeliverSM.Response():
			if pdu, ok := delivered[x.header.Sequence]; !ok {
				t.Errorf("an answer to deliver_sm %d, which nobody sent", x.header.Sequence)
			} else if x.header.Status == 0 {
				answers++
				s.durable(t, x, "a deliver_sm", pdu)
			}
		}
	}
	// A read and a write for each card; a receipt and a proof for each of those.
	if submits < 2*cards || answers < 4*cards {
		t.Errorf("%d submit_sm and %d deliver_sm_resp were seen: want at least %d and %d", submits, answers, 2*cards, 4*cards)
	}
	t.Logf("%d submit_sm, %d deliver_sm_resp, %d writes to the log, %d syncs", submits, answers, len(s.logged), len(s.synced))
	w.lawful()
}

// traceable skips the test where nothing can be traced.
func (w *world) traceable(tracer []string) {
	w.t.Helper()
	if _, err := exec.LookPath(tracer[0]); err != nil {
		w.t.Skip("no strace here")
	}
	file := filepath.Join(w.dir, "probe")
	if out, err := exec.Command(tracer[0], append(tracer[1:], "-o", file, binary, "version")...).CombinedOutput(); err != nil {
		w.t.Skipf("strace may not trace: %v: %s", err, out)
	}
	w.traced(file)
}

// traced waits until the tracer has written down the end of the process.
func (w *world) traced(file string) {
	w.t.Helper()
	w.eventually("the trace is complete", func(context.Context) bool {
		text, err := os.ReadFile(file)
		if err != nil {
			return false
		}
		first := regexp.MustCompile(`^\d+`).Find(text) // the process itself
		return first != nil && regexp.MustCompile(`(?m)^`+string(first)+` +\+\+\+ `).Match(text)
	})
}

// deliveries are the PDUs that nordvik's SMSC sent, by sequence number: one
// session, and aurora has nothing to say.
func (w *world) deliveries() map[uint32][]byte {
	w.t.Helper()
	out := map[uint32][]byte{}
	for _, f := range logged[frame](w, "wire.jsonl") {
		if f.Command == "deliver_sm" {
			if f.Operator != "nordvik" || f.Session != 1 {
				w.t.Fatalf("a deliver_sm by %s in session %d", f.Operator, f.Session)
			}
			out[f.Sequence] = f.octets(w.t)
		}
	}
	return out
}

// call is a system call on a file or socket: the lines of the trace on which
// it began and ended, -1 for never.
type call struct {
	began, ended int
	on           string // path or socket
	octets       []byte
}

// strace is what happened to the write-ahead log and to the sockets.
type strace struct {
	logged, synced, written []*call
}

var (
	callForm    = regexp.MustCompile(`^(\d+) +(\w+)\(\d+<(.*?)>(?:, (.*?))?(\) += .*| <unfinished \.\.\.>)$`)
	resumedForm = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>.*\) += (-?\d+)`)
)

// readTrace pairs the lines of calls that others interrupted. strace lets no
// process go on before it has written down a call's end, so the order of the
// lines is one that the program kept.
func readTrace(t *testing.T, file string) *strace {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, open := &strace{}, map[string]*call{} // by thread
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for n := 0; in.Scan(); n++ {
		if m := resumedForm.FindStringSubmatch(in.Text()); m != nil {
			if c := open[m[1]]; c != nil && !strings.HasPrefix(m[2], "-") {
				c.ended = n
			}
			delete(open, m[1])
		} else if m := callForm.FindStringSubmatch(in.Text()); m != nil {
			c := s.add(t, m[2], &call{began: n, ended: -1, on: unescaped(t, m[3]), octets: octetsOf(t, m[2], m[4])})
			switch {
			case strings.HasSuffix(m[5], "...>"):
				open[m[1]] = c
			case c != nil && !strings.HasPrefix(strings.TrimLeft(m[5], ") ="), "-"):
				c.ended = n
			}
		}
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// add files a call; nil for one of no interest.
func (s *strace) add(t *testing.T, name string, c *call) *call {
	t.Helper()
	list := &s.written
	switch isLog := strings.HasSuffix(c.on, "simota.db-wal"); {
	case isLog && (name == "fsync" || name == "fdatasync"):
		list = &s.synced
	case isLog && name == "pwrite64":
		list = &s.logged
	case isLog:
		t.Fatalf("%s to the write-ahead log is not known to this test", name)
	case !strings.HasPrefix(c.on, "TCP:"):
		return nil
	case name != "write":
		t.Fatalf("%s to a socket is not known to this test", name)
	}
	*list = append(*list, c)
	return c
}

func octetsOf(t *testing.T, name, args string) []byte {
	t.Helper()
	_, text, _ := strings.Cut(args, `"`)
	text, rest, ok := strings.Cut(text, `"`)
	if !ok {
		return nil
	}
	if strings.HasPrefix(rest, "...") && name != "writev" {
		t.Fatalf("%s was cut short in the trace", name)
	}
	return []byte(unescaped(t, text))
}

// unescaped turns \x41 into A; a socket has no escapes.
func unescaped(t *testing.T, text string) string {
	t.Helper()
	if !strings.HasPrefix(text, `\x`) {
		return text
	}
	b, err := hex.DecodeString(strings.ReplaceAll(text, `\x`, ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// leaving is a frame and the call that wrote it.
type leaving struct {
	header smpp.Header
	octets []byte
	call   *call
}

// sockets are the SMPP frames that the server wrote. It writes them whole.
func (s *strace) sockets(t *testing.T) (out []leaving) {
	t.Helper()
	for _, c := range s.written {
		for b := c.octets; len(b) > 0; {
			h, err := smpp.ParseHeader(b)
			if err != nil || int(h.Length) > len(b) {
				t.Fatalf("no whole frame: %X: %v", b, err)
			}
			out = append(out, leaving{header: h, octets: b[:h.Length], call: c})
			b = b[h.Length:]
		}
	}
	return out
}

// durable asserts that the octets, one after the other, were written to the
// log and synced before the frame was.
func (s *strace) durable(t *testing.T, x leaving, what string, rows ...[]byte) {
	t.Helper()
	from := 0
	for i, row := range rows {
		found := -1
		for _, c := range s.logged {
			if c.ended >= from && c.ended >= 0 && c.ended < x.call.began && bytes.Contains(c.octets, row) {
				found = c.ended
				break
			}
		}
		if found < 0 {
			t.Errorf("line %d of the trace: %s %d leaves, row %d of %s is not in the log: %X", x.call.began+1, x.header.Command, x.header.Sequence, i+1, what, row)
			return
		}
		synced := false
		for _, c := range s.synced {
			synced = synced || c.began > found && c.ended >= 0 && c.ended < x.call.began
		}
		if !synced {
			t.Errorf("line %d of the trace: %s %d leaves, row %d of %s of line %d is not synced", x.call.began+1, x.header.Command, x.header.Sequence, i+1, what, found+1)
		}
		from = found
	}
}
