package smscsim

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	foreign "github.com/fiorix/go-smpp/smpp"
	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutext"
	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

type network chan Submitted

func (n network) Submit(_ context.Context, m Submitted) { n <- m }

func listen(t *testing.T, cfg Config) (*Server, network) {
	t.Helper()
	n := make(network, 64)
	cfg.Accounts, cfg.Network = map[string]smpp.Secret{"ota1": "pw"}, n
	s := New(cfg)
	if err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, n
}

// esme is a client that writes what it likes.
type esme struct {
	t      *testing.T
	conn   net.Conn
	frames *smpp.FrameReader
}

func dial(t *testing.T, s *Server) *esme {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &esme{t, c, smpp.NewFrameReader(c)}
}

func (e *esme) ask(c smpp.Command, body []byte) smpp.Header {
	e.t.Helper()
	if _, err := e.conn.Write(smpp.AppendFrame(nil, c, 0, 42, body)); err != nil {
		e.t.Fatal(err)
	}
	h, _, err := e.frames.Next()
	if err != nil || h.Sequence != 42 {
		e.t.Fatalf("answer to %v: %+v, %v", c, h, err)
	}
	return h
}

const bindBody = "ota1\x00pw\x00\x00\x34\x00\x00\x00"

func TestForeignTransceiverSubmitsAndReceives(t *testing.T) {
	t.Parallel()
	srv, sent := listen(t, Config{ResponseIDs: PaddedDecimalID, Receipts: TextOnly})
	received := make(chan pdu.Body, 8)
	tc := &foreign.Transceiver{Addr: srv.Addr(), User: "ota1", Passwd: "pw", Handler: func(p pdu.Body) { received <- p }, RespTimeout: time.Minute}
	status := <-tc.Bind()
	if status.Status() != foreign.Connected {
		t.Fatal(status.Error())
	}
	t.Cleanup(func() { _ = tc.Close() })
	sm, err := tc.Submit(&foreign.ShortMessage{
		Src: "7000", Dst: "5511900000017", Text: pdutext.Raw("hello"), Validity: time.Hour, Register: pdufield.FinalDeliveryReceipt,
	})
	if err != nil {
		t.Fatal(err)
	}
	m := <-sent
	if sm.RespID() != "0008337929" || m.MessageID != sm.RespID() || string(m.UserData) != "hello" || m.Destination.Number != "5511900000017" ||
		m.Validity < 59*time.Minute || m.Validity > time.Hour {
		t.Errorf("response id %q, submitted %+v", sm.RespID(), m)
	}
	at := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	code, err := srv.SendReceipt(t.Context(), "ota1", ReceiptOut{MessageID: m.MessageID, Source: m.Source, Destination: m.Destination,
		State: receipt.Undeliverable, Err: 34, SubmittedAt: at, DoneAt: at.Add(time.Minute)})
	if code != 0 || err != nil {
		t.Fatal(code, err)
	}
	for {
		p := <-received
		if p.Header().ID != pdu.DeliverSMID {
			continue
		}
		want := "id:7f3a09 sub:001 dlvrd:000 submit date:2611220200 done date:2611220201 stat:UNDELIV err:034 text:"
		if got := p.Fields()[pdufield.ShortMessage].String(); got != want {
			t.Errorf("go-smpp read %q, want %q", got, want)
		}
		break
	}
}

func TestBadPDUsAreAnsweredWithTheRightStatus(t *testing.T) {
	t.Parallel()
	srv, sent := listen(t, Config{})
	e := dial(t, srv)
	if h := e.ask(smpp.SubmitSM, nil); h.Status != smpp.StatusInvalidBindState {
		t.Errorf("submit_sm before the bind: %+v", h)
	}
	if h := e.ask(smpp.BindTransceiver, []byte(bindBody)); h.Status != 0 {
		t.Fatalf("bind: %+v", h)
	}
	for name, c := range map[string]struct {
		body   string // hex; "" takes the good one
		change func([]byte) []byte
		status uint32
	}{
		"good":              {"", nil, smpp.StatusOK},
		"long message":      {"", func(b []byte) []byte { b[len(b)-4] = 255; return append(b, make([]byte, 252)...) }, smpp.StatusInvalidMessageLength},
		"sm_length over":    {"", func(b []byte) []byte { b[len(b)-4] = 4; return b }, smpp.StatusInvalidLength},
		"one octet over":    {"", func(b []byte) []byte { return append(b, 0) }, smpp.StatusInvalidTLVStream},
		"text twice":        {"", func(b []byte) []byte { return append(b, 4, 0x24, 0, 1, 7) }, smpp.StatusTLVNotAllowed},
		"no body":           {"", func([]byte) []byte { return nil }, smpp.StatusInvalidLength},
		"long service type": {"", func(b []byte) []byte { return append([]byte("123456"), b...) }, smpp.StatusInvalidServiceType},
		"source TON":        {"", func(b []byte) []byte { b[1] = 7; return b }, smpp.StatusInvalidSourceTON},
		"source NPI":        {"", func(b []byte) []byte { b[2] = 2; return b }, smpp.StatusInvalidSourceNPI},
		"destination TON":   {"", func(b []byte) []byte { b[5] = 9; return b }, smpp.StatusInvalidDestTON},
		"destination NPI":   {"", func(b []byte) []byte { b[6] = 2; return b }, smpp.StatusInvalidDestNPI},
		"no destination":    {"00 0101 3500 0101 00 00 00 00 00 00 00 00 00 00 00", nil, smpp.StatusInvalidDestination},
		"long destination":  {"00 0101 3500 0101" + strings.Repeat("35", 21) + "00 00 00 00 00 00 00 00 00 00 00", nil, smpp.StatusInvalidDestination},
		"user data header":  {"", func(b []byte) []byte { b[9] = 0x40; b[len(b)-3] = 3; return b }, smpp.StatusInvalidESMClass},
		"priority":          {"", func(b []byte) []byte { b[11] = 4; return b }, smpp.StatusInvalidPriority},
		"schedule":          {"00 0101 3500 0101 3600 00 00 00 3100 00 00 00 00 00 00", nil, smpp.StatusInvalidSchedule},
		"validity":          {"00 0101 3500 0101 3600 00 00 00 00 3100 00 00 00 00 00", nil, smpp.StatusInvalidValidity},
		"registered":        {"", func(b []byte) []byte { b[14] = 0x80; return b }, smpp.StatusInvalidRegistered},
		"replace flag":      {"", func(b []byte) []byte { b[15] = 2; return b }, smpp.StatusInvalidReplaceFlag},
	} {
		body := c.body
		if body == "" {
			body = "00 0101 3500 0101 3600 00 00 00 00 00 00 00 00 00 03 010203"
		}
		b, err := hex.DecodeString(strings.ReplaceAll(body, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if c.change != nil {
			b = c.change(b)
		}
		if h := e.ask(smpp.SubmitSM, b); h.Status != c.status || h.Command != smpp.SubmitSMResp {
			t.Errorf("%s: %v with %s, want %s", name, h.Command, smpp.StatusName(h.Status), smpp.StatusName(c.status))
		}
	}
	if h := e.ask(smpp.BindReceiver, []byte(bindBody)); h.Status != smpp.StatusAlreadyBound {
		t.Errorf("second bind: %+v", h)
	}
	if h := e.ask(0x21, nil); h.Command != smpp.GenericNack || h.Status != smpp.StatusInvalidCommand {
		t.Errorf("submit_multi: %+v", h)
	}
	if h := e.ask(smpp.Unbind, nil); h.Command != smpp.UnbindResp {
		t.Errorf("unbind: %+v", h)
	}
	if m := <-sent; !bytes.Equal(m.UserData, []byte{1, 2, 3}) || len(sent) != 0 {
		t.Errorf("%d further messages went through after %+v", len(sent), m)
	}
}

func TestBindIsChecked(t *testing.T) {
	t.Parallel()
	srv, _ := listen(t, Config{})
	for body, status := range map[string]uint32{
		bindBody: 0, "ota1\x00no\x00\x00\x34\x00\x00\x00": smpp.StatusInvalidPassword,
		"ota2\x00pw\x00\x00\x34\x00\x00\x00": smpp.StatusInvalidSystemID, "ota1\x00pw\x00": smpp.StatusInvalidLength, bindBody + "x": smpp.StatusInvalidLength,
	} {
		if h := dial(t, srv).ask(smpp.BindTransmitter, []byte(body)); h.Status != status {
			t.Errorf("%q: %s, want %s", body, smpp.StatusName(h.Status), smpp.StatusName(status))
		}
	}
}

func TestDeliveryWaitsForAReceiver(t *testing.T) {
	t.Parallel()
	srv, _ := listen(t, Config{Queue: 1})
	mo := MO{Source: smpp.Address{Number: "1"}, Destination: smpp.Address{Number: "2"}, DataSM: true, UserData: []byte("x")}
	first, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := srv.Deliver(first, "ota1", mo); !errors.Is(err, context.Canceled) {
		t.Errorf("Deliver with nobody bound: %v", err)
	}
	status := make(chan uint32)
	go func() {
		s, err := srv.Deliver(t.Context(), "ota1", mo)
		if err != nil {
			t.Error(err)
		}
		status <- s
	}()
	dial(t, srv).ask(smpp.BindTransmitter, []byte(bindBody)) // cannot receive
	e := dial(t, srv)
	e.ask(smpp.BindReceiver, []byte(bindBody))
	h, frame, err := e.frames.Next()
	if err != nil || h.Command != smpp.DataSM {
		t.Fatalf("%+v, %v", h, err)
	}
	if d, err := smpp.ParseDelivery(frame); err != nil || string(d.UserData) != "x" {
		t.Errorf("delivery %+v, %v", d, err)
	}
	if _, err := srv.Deliver(t.Context(), "ota1", mo); !errors.Is(err, ErrQueueFull) {
		t.Errorf("second delivery: %v, want ErrQueueFull", err)
	}
	if _, err := e.conn.Write(smpp.AppendFrame(nil, smpp.DataSMResp, smpp.StatusReceiverPermanent, h.Sequence, []byte{0})); err != nil {
		t.Fatal(err)
	}
	if s := <-status; s != smpp.StatusReceiverPermanent {
		t.Errorf("status %#x", s)
	}
}

func receiptOf(s *Server, r ReceiptOut) (MO, error) {
	if err := s.numbered(&r); err != nil {
		return MO{}, err
	}
	return s.receipt(s.tempers.Load().of(""), r)
}

func TestReceiptFormsAndIDs(t *testing.T) {
	t.Parallel()
	r := ReceiptOut{MessageID: "7f3a09", Source: smpp.Address{Number: "1"}, Destination: smpp.Address{Number: "2"}, State: receipt.Delivered, Err: 0x22}
	for format, id := range map[IDFormat]string{HexID: "7f3a09", DecimalID: "8337929", PaddedHexID: "00007F3A09", PaddedDecimalID: "0008337929"} {
		for form, texts := range map[ReceiptForm]int{TextAndTLV: 1, TextOnly: 1, TLVOnly: 0} {
			mo, err := receiptOf(New(Config{ReceiptIDs: format, Receipts: form}), r)
			if err != nil {
				t.Fatal(err)
			}
			_, body, err := mo.encode(true)
			if err != nil {
				t.Fatal(err)
			}
			d, err := smpp.ParseDelivery(smpp.AppendFrame(nil, smpp.DeliverSM, 0, 1, body))
			if err != nil {
				t.Fatal(err)
			}
			got, is, err := receipt.Parse(receipt.Fields{
				ESMClass: d.ESMClass, DataCoding: d.DataCoding, Text: d.UserData, ReceiptedID: d.ReceiptedMessageID, MessageState: d.MessageState, NetworkError: d.NetworkErrorCode,
			}, receipt.Options{})
			if !is || err != nil || got.MessageID != id || got.State != receipt.Delivered || d.Source.Number != "2" || bytes.Count(d.UserData, []byte("id:"+id)) != texts {
				t.Errorf("format %d, form %d: %+v, %v, %q", format, form, got, err, d.UserData)
			}
		}
	}
	for _, bad := range []ReceiptOut{{MessageID: "x", State: receipt.Delivered}, {MessageID: "1"}} {
		if _, err := receiptOf(New(Config{}), bad); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

func TestDiceAreRepeatableAndFair(t *testing.T) {
	t.Parallel()
	throw := func() map[Fault]int {
		s := New(Config{Seed: 7, Faults: Faults{NoResponse: 0.1, Throttle: 0.3, Stall: 0.1}})
		n := map[Fault]int{}
		for range 10_000 {
			n[s.fault(s.cfg.Temper.Faults, Submitted{})]++
		}
		return n
	}
	n := throw()
	if diff := cmp.Diff(n, throw()); diff != "" {
		t.Error(diff)
	}
	for f, want := range map[Fault]int{NoFault: 5000, NoResponse: 1000, Throttle: 3000, Stall: 1000, Duplicate: 0, Disconnect: 0} {
		if n[f] < want*9/10 || n[f] > want*11/10 {
			t.Errorf("fault %d fell %d times of 10000, want about %d", f, n[f], want)
		}
	}
}

func TestTimesInBothForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Duration{
		"": 0, "000000001500000R": 15 * time.Minute, "000001020304000R": 26*time.Hour + 3*time.Minute + 4*time.Second,
		"261122021500000+": 15 * time.Minute, "261122031500004+": 15 * time.Minute, "261122011500004-": 15 * time.Minute,
	} {
		if d, ok := parseTime(s, now); !ok || d != want {
			t.Errorf("%q: %v, %v, want %v", s, d, ok, want)
		}
	}
	for _, s := range []string{"1", "000000001500001R", "261122015900000+", "26112202150000+x", "261322021500000+", "2611220215000 0+", "261122021500000Z"} {
		if d, ok := parseTime(s, now); ok {
			t.Errorf("%q: %v, want a refusal", s, d)
		}
	}
}

func FuzzRequests(f *testing.F) {
	f.Add(unhex(f, "00010135000101360000000000000000000003010203"))
	f.Add(unhex(f, "00 000137303030 00 01013336 00 00 01 04 0017 0004 0000003C 0424 0002 0102"))
	f.Add([]byte("7f3a09\x00\x00\x017000\x00\x00\x00\x01\x00\x02hi"))
	f.Add([]byte("\x007f3a09\x00\x00\x017000\x00\x00\x0136\x00"))
	f.Add([]byte(bindBody))
	s := New(Config{Accounts: map[string]smpp.Secret{"ota1": "pw"}})
	c := newSession(s, nil, 1)
	c.version = version34
	c.account.Store(s.accounts["ota1"])
	now := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, command := range []smpp.Command{smpp.SubmitSM, smpp.DataSM} {
			m, status := parseSubmit(smpp.AppendFrame(nil, command, 0, 1, body), command, true, now)
			if status == smpp.StatusOK && (m.Destination.Number == "" || m.Validity < 0) {
				t.Errorf("%v took %+v", command, m)
			}
			m.MessageID = "7f3a09"
			m.System = "ota1"
			s.store.add(m)
			m = (&Mangling{UDH: DropUDH, Prefix: "00", National: "55"}).mangleMT(m)
			if len(m.Source.Number) > maxField {
				t.Errorf("mangled to %+v", m)
			}
		}
		for _, command := range []smpp.Command{smpp.QuerySM, smpp.CancelSM, smpp.ReplaceSM} {
			if body, status := c.change(command, body); status != smpp.StatusOK && body != nil {
				t.Errorf("%v: %s with a body", command, smpp.StatusName(status))
			}
		}
		_, _ = parseBind(body)
		if frame := smpp.AppendFrame(nil, smpp.BindReceiver, 0, 1, body); len(maskPassword(frame)) != len(frame) {
			t.Error("masking changed the length")
		}
	})
}

func FuzzParseScenario(f *testing.F) {
	for _, name := range SampleNames() {
		text, err := Sample(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := ParseScenario(text); err == nil && s.Check() != nil {
			t.Errorf("took %+v", s)
		}
	})
}
