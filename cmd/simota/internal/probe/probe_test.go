package probe

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
	"github.com/simota/simota/smpp/smscsim"
)

const password = "Xq7-secret"

// link is a link of simota.yaml; more are further keys of it.
func link(t *testing.T, more string) config.Link {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pw"), []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := `links: [{name: a-1, address: "smsc.example:2775", system_id: ota1, password_file: pw` + more + `}]`
	c, err := config.Decode(filepath.Join(dir, "simota.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c.Links[0]
}

// told runs a try and returns its steps; peer has the other end of every connection.
func told(t *testing.T, l config.Link, o Options, peer func(net.Conn)) (steps map[string]Step, err error) {
	t.Helper()
	if o.Dial == nil {
		o.Dial = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go peer(theirs)
			return ours, nil
		}
	}
	steps = map[string]Step{}
	err = Run(t.Context(), l, o, func(s Step) {
		steps[s.Name] = s
		if text, _ := json.Marshal(s); strings.Contains(string(text), password) {
			t.Errorf("the password is told: %s", text)
		}
	})
	return steps, err
}

// says fails unless a step went as wanted and its words and advice hold all texts.
func says(t *testing.T, steps map[string]Step, name string, ok bool, texts ...string) {
	t.Helper()
	s, there := steps[name]
	if !there || s.OK != ok {
		t.Errorf("%s: %+v, want ok %v; all: %+v", name, s, ok, steps)
	}
	for _, text := range texts {
		if !strings.Contains(s.Words+"\n"+s.Next, text) {
			t.Errorf("%s says %q and %q, want %q", name, s.Words, s.Next, text)
		}
	}
}

func failedAt(t *testing.T, err error, step string) {
	t.Helper()
	if f := (*FailedError)(nil); !errors.As(err, &f) || f.Step != step {
		t.Errorf("error %v, want a failed %s", err, step)
	}
}

// network gives receipts for messages.
type network func(m smscsim.Submitted)

func (n network) Submit(_ context.Context, m smscsim.Submitted) { n(m) }

// sim is an SMSC; deliver is called with each message it takes.
func sim(t *testing.T, c smscsim.Config, deliver func(*smscsim.Server, smscsim.Submitted)) *smscsim.Server {
	t.Helper()
	var s *smscsim.Server
	c.SystemID, c.Accounts = "aurora", map[string]smpp.Secret{"ota1": password}
	if deliver != nil {
		c.Network = network(func(m smscsim.Submitted) { go deliver(s, m) })
	}
	s = smscsim.New(c)
	return s
}

func delivered(t *testing.T) func(*smscsim.Server, smscsim.Submitted) {
	return func(s *smscsim.Server, m smscsim.Submitted) {
		time.Sleep(time.Second) // of the bubble
		_, _ = s.SendReceipt(t.Context(), "ota1", smscsim.ReceiptOut{
			MessageID: m.MessageID, Source: m.Source, Destination: m.Destination, State: receipt.Delivered, DoneAt: time.Now(), SubmittedAt: m.ReceivedAt,
		})
	}
}

var text = &Message{Destination: smpp.Address{TON: 1, NPI: 1, Number: "5511900000017"}, Text: "test of the link"}

func TestGoodLinkIsBoundEnquiredUsedAndLeft(t *testing.T) {
	t.Parallel()
	for _, bind := range []string{"transceiver", "transmitter+receiver"} {
		synctest.Test(t, func(t *testing.T) {
			s := sim(t, smscsim.Config{ReceiptIDs: smscsim.DecimalID}, delivered(t))
			defer s.Close()
			l := link(t, ", bind: "+bind+", message_id: {response: hex, receipt: decimal}")
			steps, err := told(t, l, Options{Message: text, Wait: 30 * time.Second}, s.ServeConn)
			if err != nil {
				t.Error(err)
			}
			says(t, steps, "bind", true, `"aurora"`, "SMPP 3.4", strings.ReplaceAll(bind, "+", " and "))
			says(t, steps, "enquire_link", true, "answered")
			says(t, steps, "submit_sm", true, `"7f3a09"`, "read as hex")
			says(t, steps, "receipt", true, "delivered", `"8337929"`, "read as decimal")
			says(t, steps, "unbind", true, "answered")
			if took := steps["receipt"].Took; took != time.Second {
				t.Errorf("the receipt took %v", took)
			}
			synctest.Wait()
			if n := s.Bound("ota1"); n != 0 {
				t.Errorf("%d sessions are left", n)
			}
		})
	}
}

func TestWhatWaitsForTheServerIsRefusedForNow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sim(t, smscsim.Config{RetryMin: time.Hour, RetryMax: time.Hour}, delivered(t))
		defer s.Close()
		ctx, cancel := context.WithCancel(t.Context())
		waits := make(chan error, 1)
		go func() {
			_, err := s.Deliver(ctx, "ota1", smscsim.MO{Source: smpp.Address{TON: 1, NPI: 1, Number: "47580000001"}, UserData: []byte("id:7f3a09 stat:DELIVRD"), ESMClass: 0x04})
			waits <- err
		}()
		steps, err := told(t, link(t, ""), Options{Message: text, Wait: 30 * time.Second}, s.ServeConn)
		if err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-waits; !errors.Is(err, context.Canceled) {
			t.Errorf("a receipt of another number was taken, %v", err)
		}
		says(t, steps, "receipt", true, "delivered")
		says(t, steps, "unbind", true, "1 message came", "sends it again")
	})
}

func TestReceiptThatTheServerWouldNotFindSaysHowToReadItsID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sim(t, smscsim.Config{ReceiptIDs: smscsim.DecimalID}, delivered(t))
		defer s.Close()
		steps, err := told(t, link(t, ", message_id: {response: hex, receipt: hex}"), Options{Message: text, Wait: 30 * time.Second}, s.ServeConn)
		failedAt(t, err, "receipt")
		says(t, steps, "receipt", false, "would not find", "message_id: {response: hex, receipt: decimal}")
	})
}

func TestIDThatIsNoDecimalNumberSaysWhichBaseToSet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sim(t, smscsim.Config{}, delivered(t))
		defer s.Close()
		steps, err := told(t, link(t, ", message_id: {response: decimal, receipt: decimal}"), Options{Message: text, Wait: 30 * time.Second}, s.ServeConn)
		if err != nil {
			t.Error(err)
		}
		says(t, steps, "submit_sm", true, "set message_id.response to hex")
		says(t, steps, "receipt", true, "set message_id.receipt to hex")
	})
}

func TestMessageThatDoesNotArriveSaysWhy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sim(t, smscsim.Config{}, func(s *smscsim.Server, m smscsim.Submitted) {
			_, _ = s.SendReceipt(t.Context(), "ota1", smscsim.ReceiptOut{MessageID: m.MessageID, Source: m.Source, Destination: m.Destination, State: receipt.Undeliverable, Err: 1})
		})
		defer s.Close()
		steps, err := told(t, link(t, ""), Options{Message: text, Wait: 30 * time.Second}, s.ServeConn)
		failedAt(t, err, "receipt")
		says(t, steps, "receipt", false, "unknown subscriber", "check the card's number")
	})
}

func TestMissingReceiptIsToldAfterTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sim(t, smscsim.Config{}, nil)
		defer s.Close()
		steps, err := told(t, link(t, ""), Options{Message: text, Wait: 90 * time.Second}, s.ServeConn)
		failedAt(t, err, "receipt")
		says(t, steps, "receipt", false, "none within 1m30s", "--wait")
		if steps["receipt"].Took != 90*time.Second {
			t.Errorf("waited %v", steps["receipt"].Took)
		}
	})
}

func TestNoReceiptIsAwaitedWhereNoneIsAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sim(t, smscsim.Config{}, nil)
		defer s.Close()
		steps, err := told(t, link(t, ", submit: {registered_delivery: none}"), Options{Message: text, Wait: time.Minute}, s.ServeConn)
		if err != nil {
			t.Error(err)
		}
		says(t, steps, "receipt", true, "not asked for")
	})
}

func TestRefusedMessageSaysTheStatusAndWhatToDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sim(t, smscsim.Config{Fault: func(smscsim.Submitted) smscsim.Fault { return smscsim.Throttle }}, nil)
		defer s.Close()
		steps, err := told(t, link(t, ""), Options{Message: text, Wait: time.Minute}, s.ServeConn)
		failedAt(t, err, "submit_sm")
		says(t, steps, "submit_sm", false, "ESME_RTHROTTLED (0x58)", "try again")
	})
}

func TestMessageWithoutAnswerIsNotCalledRefused(t *testing.T) {
	t.Parallel()
	for fault, advice := range map[smscsim.Fault]string{smscsim.NoResponse: "raise response_timeout", smscsim.Disconnect: "cut the connection"} {
		synctest.Test(t, func(t *testing.T) {
			s := sim(t, smscsim.Config{Fault: func(smscsim.Submitted) smscsim.Fault { return fault }}, nil)
			defer s.Close()
			steps, err := told(t, link(t, ""), Options{Message: text, Wait: time.Minute}, s.ServeConn)
			failedAt(t, err, "submit_sm")
			says(t, steps, "submit_sm", false, "no answer", "may have the message", advice)
		})
	}
}

func TestBindThatIsRefusedIsTriedOnceAndExplained(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more  string
		texts []string
	}{
		"password":  {`, system_id: ota1`, []string{"ESME_RINVPASWD (0x0E)", "check the password", "lock accounts"}},
		"system_id": {`, system_id: other`, []string{"ESME_RINVSYSID (0x0F)", `system_id "other"`}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := smscsim.New(smscsim.Config{Accounts: map[string]smpp.Secret{"ota1": "good"}})
			defer s.Close()
			l, dials := link(t, ""), 0
			l.SystemID = strings.TrimPrefix(c.more, ", system_id: ")
			steps, err := told(t, l, Options{}, func(conn net.Conn) { dials++; s.ServeConn(conn) })
			failedAt(t, err, "bind")
			says(t, steps, "bind", false, c.texts...)
			if dials != 1 {
				t.Errorf("%s: %d connections", name, dials)
			}
		})
	}
}

// answers is a peer that reads a bind and answers with octets.
func answers(octets []byte) func(net.Conn) {
	return func(conn net.Conn) {
		_, _, _ = smpp.NewFrameReader(conn).Next()
		_, _ = conn.Write(octets)
	}
}

func TestPeerThatDoesNotBindIsExplained(t *testing.T) {
	t.Parallel()
	bound := smpp.AppendFrame(nil, smpp.BindTransceiverResp, 0, 1, []byte("x\x00"))
	for name, c := range map[string]struct {
		peer  func(net.Conn)
		step  string
		texts []string
	}{
		"silent":         {answers(nil), "bind", []string{"no answer to the bind within 10s", "TLS"}},
		"closes":         {func(c net.Conn) { answers(nil)(c); c.Close() }, "bind", []string{"closed the connection", "address"}},
		"no SMPP":        {answers([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")), "bind", []string{"speaks no SMPP"}},
		"busy":           {answers(smpp.AppendFrame(nil, smpp.BindTransceiverResp, smpp.StatusAlreadyBound, 1, nil)), "bind", []string{"0x05", "how many sessions"}},
		"strange status": {answers(smpp.AppendFrame(nil, smpp.BindTransceiverResp, 0x1234, 1, nil)), "bind", []string{"0x1234", "ask the operator"}},
		"unbinds": {func(c net.Conn) {
			answers(smpp.AppendFrame(bound, smpp.Unbind, 0, 1, nil))(c)
			_, _, _ = smpp.NewFrameReader(c).Next()
		}, "enquire_link", []string{"unbound the session at once", "one session per account"}},
		"silent once bound": {func(c net.Conn) {
			answers(bound)(c)
			_, _, _ = smpp.NewFrameReader(c).Next()
		}, "enquire_link", []string{"enquire_link not answered"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				steps, err := told(t, link(t, ""), Options{}, c.peer)
				failedAt(t, err, c.step)
				says(t, steps, c.step, false, c.texts...)
			})
		})
	}
}

func TestConnectionThatFailsIsExplained(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err   error
		step  string
		texts []string
	}{
		{&net.DNSError{Err: "no such host", Name: "smsc.example", IsNotFound: true}, "resolve", []string{"no name server knows smsc.example"}},
		{&net.DNSError{Err: "server misbehaving", Name: "smsc.example", IsTemporary: true}, "resolve", []string{"gave no address"}},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "connect", []string{"connection refused", "smsc.example:2775"}},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}, "connect", []string{"no route", "tunnel"}},
		{&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, "connect", []string{"does not answer within 10s", "firewall"}},
	} {
		dial := func(context.Context, string, string) (net.Conn, error) { return nil, c.err }
		steps, err := told(t, link(t, ""), Options{Dial: dial}, nil)
		failedAt(t, err, c.step)
		says(t, steps, c.step, false, c.texts...)
		if len(steps) != 1 {
			t.Errorf("%+v", steps)
		}
	}
}

func TestTextIsCodedSoThatEveryPhoneReadsIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		dcs  byte
		ud   string
		good bool
	}{
		{"ok: 1+1=2", 0, "ok: 1+1=2", true}, {"a@b", 8, "\x00a\x00@\x00b", true}, {"é", 8, "\x00\xe9", true},
		{strings.Repeat("x", 160), 0, strings.Repeat("x", 160), true}, {strings.Repeat("x", 161), 0, strings.Repeat("x", 161), false},
		{strings.Repeat("@", 71), 8, strings.Repeat("\x00@", 71), false}, {"", 0, "", false},
	} {
		dcs, ud := coded(c.text)
		if dcs != c.dcs || string(ud) != c.ud || (Message{Text: c.text}.Check() == nil) != c.good {
			t.Errorf("%q: DCS %02X, % X, %v", c.text, dcs, ud, Message{Text: c.text}.Check())
		}
	}
}

func FuzzReadBound(f *testing.F) {
	f.Add([]byte("aurora\x00\x02\x10\x00\x01\x34"))
	f.Add([]byte("aurora\x00\x00\x05\x00\x00\x02\x10\x00\x02\x34\x00"))
	f.Add([]byte("aurora\x00\x02\x10\xff\xff\x34"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if b := readBound(body); len(b.smsc) > len(body) || strings.ContainsRune(b.smsc, 0) {
			t.Errorf("%+v", b)
		}
	})
}
