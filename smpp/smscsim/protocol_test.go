package smscsim

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// office is a Network that lets its messages be changed.
type office struct {
	network
	there    bool
	replaced chan Replacement
}

func (o *office) Cancel(uint64, smpp.Address) bool { return o.there }

func (o *office) Replace(_ uint64, _ smpp.Address, r Replacement) bool {
	o.replaced <- r
	return o.there
}

func TestWaitingMessagesCanBeQueriedCancelledAndReplaced(t *testing.T) {
	t.Parallel()
	o := &office{network: make(network, 8), there: true, replaced: make(chan Replacement, 1)}
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, _ network) {
		o.network = make(network, 8)
		s.cfg.Network = o
		id, from := "7f3a09\x00", "\x00\x017000\x00"
		query := func(state receipt.State, extra int) {
			t.Helper()
			e.write(smpp.QuerySM, 0, 1, []byte(id+from))
			h, body := e.next()
			if h.Status != 0 || len(body) != len(id)+3+extra || string(body[:len(id)]) != id || receipt.State(body[len(body)-2]) != state {
				t.Errorf("query: %s, %q, want state %v", smpp.StatusName(h.Status), body, state)
			}
		}
		ask := func(c smpp.Command, body string, want uint32) {
			t.Helper()
			e.write(c, 0, 1, []byte(body))
			if h, _ := e.next(); h.Status != want || h.Command != c.Response() {
				t.Errorf("%v %q: %v, %s, want %s", c, body, h.Command, smpp.StatusName(h.Status), smpp.StatusName(want))
			}
		}
		ask(smpp.QuerySM, id+from, smpp.StatusInvalidMessageID)
		e.submit(1)
		e.next()
		query(receipt.Enroute, 0)
		ask(smpp.QuerySM, id+"\x00\x017001\x00", smpp.StatusQueryFailed)
		ask(smpp.QuerySM, id, smpp.StatusInvalidLength)
		ask(smpp.ReplaceSM, id+from+"\x00\x00\x01\x00\x02hi", smpp.StatusOK)
		if r := <-o.replaced; string(r.UserData) != "hi" || r.RegisteredDelivery != 1 {
			t.Errorf("replacement %+v", r)
		}
		ask(smpp.CancelSM, "\x00"+id+from+"\x00\x0137\x00", smpp.StatusCancelFailed)
		ask(smpp.CancelSM, "\x00"+id+from+"\x01\x0136\x00", smpp.StatusOK)
		query(receipt.Deleted, 16)
		ask(smpp.CancelSM, "\x00"+id+from+"\x01\x0136\x00", smpp.StatusCancelFailed)
		ask(smpp.ReplaceSM, id+from+"\x00\x00\x01\x00\x02hi", smpp.StatusReplaceFailed)
		e.submit(2)
		e.next()
		ask(smpp.CancelSM, "\x00\x00"+from+"\x01\x0136\x00", smpp.StatusOK) // all that wait
		id = "7f3a0a\x00"
		query(receipt.Deleted, 16)
		ask(smpp.CancelSM, "\x00\x00"+from+"\x01\x0136\x00", smpp.StatusCancelFailed)
		e.submit(3)
		e.next()
		o.there = false
		id = "7f3a0b\x00"
		ask(smpp.CancelSM, "\x00"+id+from+"\x00\x00\x00", smpp.StatusCancelFailed)
		query(receipt.Enroute, 0)
		s.Settle(0x7F3A0B, receipt.Undeliverable, 27)
		query(receipt.Undeliverable, 16)
	})
}

func TestDataSMIsTaken(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, sent network) {
		e.write(smpp.DataSM, 0, 3, unhex(t, "00 000137303030 00 01013336 00 00 01 04 0017 0004 0000003C 0421 0001 01 0424 0002 0102"))
		if h, body := e.next(); h.Command != smpp.DataSMResp || h.Status != 0 || string(body) != "7f3a09\x00" {
			t.Errorf("%v, %s, %q", h.Command, smpp.StatusName(h.Status), body)
		}
		m := <-sent
		dpf, ok := m.TLV(tagSetDPF)
		if string(m.UserData) != "\x01\x02" || m.Validity != time.Minute || m.DCS != 4 || m.RegisteredDelivery != 1 || !ok || dpf[0] != 1 {
			t.Errorf("submitted %+v", m)
		}
		e.write(smpp.DataSM, 0, 4, unhex(t, "00 000137303030 00 01013336 00 00 01 04 0421 0002 0101"))
		if h, _ := e.next(); h.Status != smpp.StatusInvalidTLVLength {
			t.Errorf("set_dpf of two octets: %s", smpp.StatusName(h.Status))
		}
	})
}

func TestStatesAndSequenceNumbersAreChecked(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, _ network) {
		r := connect(t, s)
		if h := r.ask(smpp.Unbind, nil); h.Status != smpp.StatusInvalidBindState {
			t.Errorf("unbind before the bind: %s", smpp.StatusName(h.Status))
		}
		r.ask(smpp.BindReceiver, []byte(bindBody))
		for _, c := range []smpp.Command{smpp.SubmitSM, smpp.DataSM, smpp.QuerySM, smpp.CancelSM, smpp.ReplaceSM} {
			if h := r.ask(c, nil); h.Status != smpp.StatusInvalidBindState || h.Command != c.Response() {
				t.Errorf("%v from a receiver: %v, %s", c, h.Command, smpp.StatusName(h.Status))
			}
		}
		for _, n := range []uint32{0, 0x80000001} {
			e.write(smpp.EnquireLink, 0, n, nil)
			if h, _ := e.next(); h.Command != smpp.GenericNack || h.Sequence != n {
				t.Errorf("sequence number %#x: %+v", n, h)
			}
		}
		x := connect(t, s)
		if h := x.ask(smpp.BindTransceiver, []byte("ota1\x00pw\x00\x00\x35\x00\x00\x00")); h.Status != smpp.StatusBindFailed {
			t.Errorf("version 0x35: %s", smpp.StatusName(h.Status))
		}
	})
}

func TestIdleESMEIsAskedAndASilentOneLosesItsConnection(t *testing.T) {
	t.Parallel()
	play(t, Config{Idle: 30 * time.Second, RespTimeout: 5 * time.Second}, func(t *testing.T, s *Server, e *esme, _ network) {
		began := time.Now()
		h, _ := e.next()
		if h.Command != smpp.EnquireLink || time.Since(began) != 30*time.Second {
			t.Fatalf("%v after %v, want an enquire_link after 30s", h.Command, time.Since(began))
		}
		e.write(smpp.EnquireLinkResp, 0, h.Sequence, nil)
		e.next()
		answered := time.Now()
		if _, _, err := e.frames.Next(); !errors.Is(err, io.EOF) || time.Since(answered) != 5*time.Second {
			t.Errorf("%v after %v, want the end 5s after the unanswered enquire_link", err, time.Since(answered))
		}
	})
}

func TestDeliveriesKeepToTheWindowAndAreRepeated(t *testing.T) {
	t.Parallel()
	play(t, Config{Window: 2, RespTimeout: 10 * time.Second, RetryMin: time.Second}, func(t *testing.T, s *Server, e *esme, _ network) {
		statuses := make(chan uint32, 3)
		for _, text := range []string{"a", "b", "c"} {
			if err := s.Post("ota1", MO{UserData: []byte(text)}, func(status uint32, _ error) { statuses <- status }); err != nil {
				t.Fatal(err)
			}
		}
		first, _ := e.next()
		second, _ := e.next()
		if !e.silent(5 * time.Second) {
			t.Fatal("a third delivery came with two unanswered")
		}
		e.write(smpp.DeliverSMResp, smpp.StatusReceiverReject, first.Sequence, []byte{0})
		third, _ := e.next()
		if status := <-statuses; status != smpp.StatusReceiverReject {
			t.Errorf("status %d", status)
		}
		e.write(smpp.DeliverSMResp, smpp.StatusReceiverTemporary, third.Sequence, []byte{0})
		began := time.Now()
		d := e.delivery()
		if string(d.UserData) != "c" || time.Since(began) != time.Second {
			t.Errorf("%q after %v, want the one that was refused for now a second later", d.UserData, time.Since(began))
		}
		if <-statuses; string(e.delivery().UserData) != "b" { // not answered within ten seconds
			t.Error("what was not answered does not come again")
		}
		_ = second
		<-statuses
	})
}

func TestUnansweredDeliveryGoesToAnotherSession(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, _ network) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		ended := make(chan uint32)
		go func() {
			status, err := s.Deliver(ctx, "ota1", MO{UserData: []byte("x")})
			if err != nil {
				t.Error(err)
			}
			ended <- status
		}()
		e.next()
		_ = e.conn.Close()
		other := connect(t, s)
		other.ask(smpp.BindReceiver, []byte(bindBody))
		if d := other.delivery(); string(d.UserData) != "x" || <-ended != 0 {
			t.Errorf("delivery %+v", d)
		}
	})
}

func TestPoisonComesBeforeTheDeliveryUntilItIsRefused(t *testing.T) {
	t.Parallel()
	play(t, Config{RetryMin: time.Second}, func(t *testing.T, s *Server, e *esme, _ network) {
		s.temper(t, "poison: 1")
		kinds := map[string]bool{}
		for range 40 {
			if err := s.Post("ota1", MO{UserData: []byte("good")}, func(uint32, error) {}); err != nil {
				t.Fatal(err)
			}
			h, body := e.next()
			if _, err := smpp.ParseDelivery(smpp.AppendFrame(nil, h.Command, 0, h.Sequence, body)); err == nil {
				t.Fatalf("poison can be read: %X", body)
			} else {
				kinds[err.Error()[:20]] = true
			}
			if d := e.delivery(); string(d.UserData) != "good" {
				t.Errorf("delivery %+v", d)
			}
			e.write(h.Command.Response(), smpp.StatusReceiverReject, h.Sequence, []byte{0})
		}
		if len(kinds) < 2 {
			t.Errorf("%d kinds of damage in 40", len(kinds))
		}
	})
}

func TestAlertNamesSubscriberAndESME(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, _ network) {
		if !s.Alert("ota1", smpp.Address{TON: 1, NPI: 1, Number: "55"}, smpp.Address{NPI: 1, Number: "7000"}) {
			t.Fatal("nobody to tell")
		}
		if h, body := e.next(); h.Command != smpp.AlertNotification || string(body) != "\x01\x0155\x00\x00\x017000\x00\x04\x22\x00\x01\x00" {
			t.Errorf("%v %q", h.Command, body)
		}
		e.ask(smpp.Unbind, nil)
		synctest.Wait()
		if s.Alert("ota1", smpp.Address{Number: "55"}, smpp.Address{}) {
			t.Error("told nobody that is there")
		}
	})
}

func TestOutbindAsksAnESMEToBind(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	srv, _ := listen(t, Config{SystemID: "smsc1", Log: func(e Event) {
		if strings.Contains(string(e.Raw), "pw\x00") {
			t.Errorf("the log of %v shows the password", e.Command)
		}
	}})
	if err := srv.Outbind(t.Context(), l.Addr().String(), "ota1"); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	e := &esme{t, conn, smpp.NewFrameReader(conn)}
	if h, body := e.next(); h.Command != smpp.Outbind || string(body) != "smsc1\x00pw\x00" {
		t.Errorf("%v %q", h.Command, body)
	}
	if h := e.ask(smpp.BindReceiver, []byte(bindBody)); h.Status != 0 {
		t.Errorf("bind: %s", smpp.StatusName(h.Status))
	}
	if srv.Outbind(t.Context(), l.Addr().String(), "ota9") == nil {
		t.Error("outbind for an unknown account")
	}
}

func TestScenarioChangesTheTemperByTheClock(t *testing.T) {
	t.Parallel()
	play(t, Config{Temper: Temper{Faults: Faults{QueueFull: 1}}}, func(t *testing.T, s *Server, e *esme, _ network) {
		steps, err := ParseScenario([]byte("- {after: 10s, for: 20s, temper: {throttle: 1}}\n- {after: 15s, for: 5s, temper: {}}\n- {after: 20s, for: 30s, operator: ota1, temper: {error_body: true, throttle: 1}}"))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- steps.Play(t.Context(), s) }()
		began := time.Now()
		for _, c := range []struct {
			at     time.Duration
			status uint32
			body   int
		}{{5, smpp.StatusQueueFull, 0}, {12, smpp.StatusThrottled, 0}, {17, 0, 7}, {25, smpp.StatusThrottled, 1}, {40, smpp.StatusThrottled, 1}, {55, smpp.StatusQueueFull, 0}} {
			time.Sleep(time.Until(began.Add(c.at * time.Second)))
			e.submit(1)
			if h, body := e.next(); h.Status != c.status || len(body) != c.body {
				t.Errorf("after %d s: %s with %d octets, want %s with %d", c.at, smpp.StatusName(h.Status), len(body), smpp.StatusName(c.status), c.body)
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := (Scenario{{Absent: 0.5}}).Play(t.Context(), s); err == nil {
			t.Error("a server has subscribers")
		}
		if err := (Scenario{{Operator: "ota9"}}).Play(t.Context(), s); err == nil {
			t.Error("a scenario for an unknown account plays")
		}
	})
}
