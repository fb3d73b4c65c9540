package cli

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/probe"
	"github.com/simota/simota/cmd/simota/internal/trace"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/smscsim"
)

// wire is a link that a test speaks for: it gives what listens to frames.
type wire chan func(smpp.Frame)

func (w wire) trace(fn func(smpp.Frame)) (stop func()) {
	w <- fn
	return func() {}
}

// link is what the server knows of aurora-1.
func (b *office) link(name string) (api.LinkDetail, bool) {
	at := time.Date(2026, 11, 3, 2, 0, 4, 0, time.UTC)
	frame := smpp.AppendFrame(nil, 0x00010200, 0, 5, []byte{1, 2})
	return api.LinkDetail{
		Link: api.Link{Name: name, Address: "smsc:2775", Bound: true, Since: at, WindowUsed: 3, WindowSize: 50, Rate: 30, Throttled: true, Weight: 2, Sent: 9, Received: 8},
		SMSC: "aurora", Sessions: 1, Stuck: 1, Answered: 8, ThrottledTotal: 2, Ambiguous: 1, MalformedTotal: 40, LastError: "read: EOF",
		Settings:  []api.Setting{{Name: "address", Words: "smsc:2775, plain TCP"}},
		Malformed: []api.Malformed{{At: at, Session: 4, Reason: "unexpected command", Report: trace.Explain(frame, true)}},
	}, name == "aurora-1"
}

func TestLinkIsShownWithAllThatIsKnownOfIt(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	out := b.simota("link", "show", "aurora-1")
	b.has(out, `aurora-1   smsc:2775   bound since .*   SMSC aurora`, `window +3 of 50 in use, 1 stuck without response`, `rate +30/s throttled`,
		`sent +9 submit_sm, 8 answered, 2 of these throttled, 1 ambiguous`, `last error +read: EOF`, `operators +aurora`,
		`  address  smsc:2775, plain TCP`, `40 malformed frames, the last 1 of them:`, `.*session 4  unexpected command`, ` +16 +rest +2 octets, not shown`)
	var l api.LinkDetail
	if err := json.Unmarshal([]byte(b.simota("link", "show", "aurora-1", "--json")), &l); err != nil || l.SMSC != "aurora" || l.Malformed[0].Report == nil {
		t.Errorf("%+v, %v", l, err)
	}
	b.has(b.refused("link", "show", "nordvik-9"), `simota: link nordvik-9 is not in this server's configuration, which has: aurora-1`)
}

func TestTraceShowsALineForEachPDU(t *testing.T) {
	t.Parallel()
	b := newOffice(t)
	message := append([]byte("\x00\x01\x014790000001\x00\x01\x015511900000017\x00"), 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 'h', 'u', 's', 'h', '!')
	pass := func() {
		hear := <-b.wire
		at := time.Date(2026, 11, 3, 2, 0, 4, 5e6, time.UTC)
		hear(smpp.Frame{At: at, Link: "aurora-1", Session: 1, Raw: smpp.AppendFrame(nil, smpp.SubmitSM, 0, 1, message)})
		hear(smpp.Frame{At: at, Link: "aurora-1", Session: 1, Raw: smpp.AppendFrame(nil, smpp.SubmitSM, 0, 7, message)})
		hear(smpp.Frame{At: at, Link: "aurora-1", Session: 1, Inbound: true, Raw: smpp.AppendFrame(nil, smpp.SubmitSMResp, 0, 7, []byte("7f3a09\x00"))})
	}
	go pass()
	out := b.simota("link", "trace", "aurora-1", "--to", "+5511900000017", "--count", "3")
	b.has(out, `2026-11-0[234] .*`, `..:..:04.005  > aurora-1.1   submit_sm +7  \+4790000001 to \+5511900000017   message, 5 octets not shown`,
		`..:..:04.005  < aurora-1.1   submit_sm_resp +7  accepted   id 7f3a09`)
	go pass()
	out = b.simota("link", "trace", "--octets", "--count", "2")
	b.has(out, ` +\d+ +short_message +5 octets, not shown`)
	go pass()
	var p api.PDU
	line, rest, _ := strings.Cut(b.simota("link", "trace", "--json", "--count", "3"), "\n")
	if err := json.Unmarshal([]byte(line), &p); err != nil || p.Sequence != 1 || p.Destination != "+5511900000017" || strings.Count(rest, "\n") != 2 {
		t.Errorf("%s\n%s%v", line, rest, err)
	}
	if strings.Contains(out+line+rest, "hush") {
		t.Error("what devices are told is shown")
	}
	b.has(b.refused("link", "trace", "nordvik-9"), `simota: link nordvik-9 is not in this server's configuration, which has: aurora-1`)
}

func TestLinkTestTellsItsStepsAndFails(t *testing.T) {
	t.Parallel()
	s := smscsim.New(smscsim.Config{Accounts: map[string]smpp.Secret{"ota1": "good"}})
	if err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dir := t.TempDir()
	const secret = "Xq7-wrong"
	for name, text := range map[string]string{"pw": secret, "simota.yaml": `links: [{name: a-1, address: "` + s.Addr() + `", system_id: ota1, password_file: pw}]`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, json := range []bool{false, true} {
		args := []string{"link", "test", "a-1", "-c", filepath.Join(dir, "simota.yaml")}
		want := []string{"a-1 at " + s.Addr(), "ok      connect", "FAILED  bind", "refused, ESME_RINVPASWD (0x0E)", "check the password in"}
		if json {
			args, want = append(args, "--json"), []string{`"ok": false`, `"step": "bind"`, `"next": "check the password in`}
		}
		p, out, stderr := process("", args...)
		err := Run(t.Context(), p)
		if failed := (*probe.FailedError)(nil); !errors.As(err, &failed) || ExitCode(err) != exitFailed {
			t.Errorf("error %v", err)
		}
		for _, text := range want {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%q is not in %s", text, out)
			}
		}
		if stderr.String() != "simota: link a-1: bind failed\n" {
			t.Errorf("standard error %q", stderr)
		}
		if strings.Contains(out.String()+stderr.String(), secret) {
			t.Error("the password is shown")
		}
	}
}

func TestLinkTestWarnsOfAServerThatHasTheLink(t *testing.T) {
	t.Parallel()
	b := newOffice(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil { // nothing listens there
		t.Fatal(err)
	}
	b.file("pw", "x")
	file := b.file("simota.yaml", `{socket: s, links: [{name: aurora-1, address: "`+address+`", system_id: ota1, password_file: pw}]}`)
	b.has(b.refused("link", "test", "aurora-1", "-c", file), `simota: a server runs and has aurora-1 bound: .*`, `simota: link aurora-1: connect failed`)
	b.stop()
	if text := b.refused("link", "test", "aurora-1", "-c", file); strings.Contains(text, "a server runs") {
		t.Error(text)
	}
}

func TestLinkTestSendsNothingWithoutANumber(t *testing.T) {
	t.Parallel()
	for wrong, args := range map[string][]string{
		`--to: "abc" is no number`:   {"--to", "abc"},
		`--to: "+" is no number`:     {"--to", "+"},
		"--text: it is what a":       {"--text", "hello"},
		"--from Acme: it is the":     {"--from", "Acme"},
		"is no number: digits, with": {"--to", "+47 900"},
	} {
		p, _, stderr := process("", append([]string{"link", "test", "a-1"}, args...)...)
		if err := Run(t.Context(), p); ExitCode(err) != exitUsage || !strings.Contains(stderr.String(), wrong) {
			t.Errorf("%v: %v, %s", args, err, stderr)
		}
	}
}
