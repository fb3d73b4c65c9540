package smscsim

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// play runs a test on the clock of a synctest bubble: an ESME bound over a pipe to a server.
func play(t *testing.T, cfg Config, test func(t *testing.T, s *Server, e *esme, sent network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sent := make(network, 64)
		cfg.Accounts = map[string]smpp.Secret{"ota1": "pw"}
		if cfg.Network == nil {
			cfg.Network = sent
		}
		s := New(cfg)
		defer func() { _ = s.Close() }()
		e := connect(t, s)
		e.ask(smpp.BindTransceiver, []byte(bindBody))
		test(t, s, e, sent)
	})
}

// connect makes a pipe to the server.
func connect(t *testing.T, s *Server) *esme {
	ours, theirs := net.Pipe()
	s.ServeConn(theirs)
	t.Cleanup(func() { _ = ours.Close() })
	return &esme{t, ours, smpp.NewFrameReader(ours)}
}

func (e *esme) write(c smpp.Command, status, sequence uint32, body []byte) {
	e.t.Helper()
	if _, err := e.conn.Write(smpp.AppendFrame(nil, c, status, sequence, body)); err != nil {
		e.t.Fatal(err)
	}
}

func (e *esme) next() (smpp.Header, []byte) {
	e.t.Helper()
	h, frame, err := e.frames.Next()
	if err != nil {
		e.t.Fatal(err)
	}
	return h, append([]byte(nil), frame[smpp.HeaderLen:]...)
}

// delivery takes a deliver_sm or data_sm and acknowledges it.
func (e *esme) delivery() smpp.Delivery {
	e.t.Helper()
	h, body := e.next()
	d, err := smpp.ParseDelivery(smpp.AppendFrame(nil, h.Command, 0, h.Sequence, body))
	if err != nil {
		e.t.Fatal(err)
	}
	e.write(h.Command.Response(), 0, h.Sequence, []byte{0})
	return d
}

// silent says that nothing comes for so long.
func (e *esme) silent(d time.Duration) bool {
	e.t.Helper()
	_ = e.conn.SetReadDeadline(time.Now().Add(d))
	defer func() { _ = e.conn.SetReadDeadline(time.Time{}) }()
	_, err := e.conn.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// unhex reads hexadecimal with blanks.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// simple is a submit_sm from 7000 to 36 that wants a receipt.
const simple = "00 000137303030 00 010133360000 0000 00 00 01 00 04 00 03 010203"

func (e *esme) submit(sequence uint32) { e.write(smpp.SubmitSM, 0, sequence, unhex(e.t, simple)) }

func (s *Server) temper(t *testing.T, text string) {
	t.Helper()
	v, err := ParseTemper([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetTemper("ota1", &v); err != nil {
		t.Fatal(err)
	}
}

func receiptFor(m Submitted) ReceiptOut {
	return ReceiptOut{Number: m.Number, Source: m.Source, Destination: m.Destination, State: receipt.Delivered, SubmittedAt: m.ReceivedAt, DoneAt: m.ReceivedAt}
}

func TestLatencyDelaysResponses(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, _ network) {
		s.temper(t, "latency: {min: 2s, max: 4s}")
		began := time.Now()
		for n := range uint32(5) {
			e.submit(n + 1)
		}
		if !e.silent(1999 * time.Millisecond) {
			t.Error("an answer came before its time")
		}
		seen := map[time.Duration]bool{}
		for range 5 {
			e.next()
			seen[time.Since(began)] = true
		}
		if took := time.Since(began); took > 4*time.Second || len(seen) != 5 {
			t.Errorf("answers after %v at %d times, want five times up to 4s", took, len(seen))
		}
	})
}

func TestRateOverTheAllowedIsThrottled(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, _ network) {
		s.temper(t, "rate: 20")
		good := 0
		for n := range uint32(200) { // 100 a second for two seconds
			e.submit(n + 1)
			if h, _ := e.next(); h.Status == smpp.StatusOK {
				good++
			} else if h.Status != smpp.StatusThrottled {
				t.Fatalf("status %s", smpp.StatusName(h.Status))
			}
			time.Sleep(10 * time.Millisecond)
		}
		if good < 40 || good > 43 {
			t.Errorf("%d of 200 were taken, want 20 a second and a burst of 2", good)
		}
	})
}

func TestSharesRefuseAndSilence(t *testing.T) {
	t.Parallel()
	play(t, Config{Seed: 3}, func(t *testing.T, s *Server, e *esme, sent network) {
		for text, status := range map[string]uint32{"throttle: 1": smpp.StatusThrottled, "{queue_full: 1, error_body: true}": smpp.StatusQueueFull} {
			s.temper(t, text)
			e.submit(1)
			if h, body := e.next(); h.Status != status || len(body) != strings.Count(text, "error_body") {
				t.Errorf("%s: %s with %d octets", text, smpp.StatusName(h.Status), len(body))
			}
		}
		s.temper(t, "silent: 1")
		e.submit(2)
		if !e.silent(time.Minute - time.Second) {
			t.Error("an answer came")
		}
		if m := <-sent; m.Number == 0 {
			t.Error("the silent SMSC has not taken the message")
		}
	})
}

func TestOverrideSeesOnlyWhatIsNotRefused(t *testing.T) {
	t.Parallel()
	seen := 0
	own := NoFault
	cfg := Config{Queue: 1, Fault: func(Submitted) Fault { seen++; return own }}
	play(t, cfg, func(t *testing.T, s *Server, e *esme, sent network) {
		sequence := uint32(0)
		submit := func(want uint32, shown int) {
			t.Helper()
			seen = 0
			sequence++
			e.submit(sequence)
			if h, _ := e.next(); h.Status != want || seen != shown {
				t.Errorf("%s, shown %d times, want %s, %d times", smpp.StatusName(h.Status), seen, smpp.StatusName(want), shown)
			}
			synctest.Wait()
		}
		s.temper(t, "throttle: 1")
		submit(smpp.StatusThrottled, 0)
		s.temper(t, "queue_full: 1")
		submit(smpp.StatusQueueFull, 0)
		s.temper(t, "rate: 1")
		submit(smpp.StatusOK, 1)
		submit(smpp.StatusThrottled, 0)
		s.temper(t, "silent: 1")
		own = QueueFull
		submit(smpp.StatusQueueFull, 1)
		s.temper(t, "{}")
		own = NoFault
		for range cap(sent) + 1 { // one is there already; the last but one is in the hand of the forwarder, the last waits
			submit(smpp.StatusOK, 1)
		}
		submit(smpp.StatusQueueFull, 0)
		for range cap(sent) + 2 {
			<-sent
		}
	})
}

func TestHalfOpenAndZeroWindowHoldTheConnectionUntilTheyEnd(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"half_open: true", "zero_window: true"} {
		play(t, Config{}, func(t *testing.T, s *Server, e *esme, sent network) {
			s.temper(t, text)
			e.submit(7)
			if !e.silent(630*time.Second) || len(sent) != 0 {
				t.Errorf("%s: %d messages were read", text, len(sent))
			}
			if text == "zero_window: true" { // it goes on writing
				if err := s.Post("ota1", MO{UserData: []byte("x")}, func(uint32, error) {}); err != nil {
					t.Fatal(err)
				}
				if h, _ := e.next(); h.Command != smpp.DeliverSM {
					t.Errorf("%v, want the delivery", h.Command)
				}
			}
			if err := s.SetTemper("ota1", nil); err != nil {
				t.Fatal(err)
			}
			if h, _ := e.next(); h.Sequence != 7 || h.Command != smpp.SubmitSMResp {
				t.Errorf("%s: afterwards %+v, want the answer", text, h)
			}
		})
	}
}

func TestDripWritesOneOctetASecond(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, _ network) {
		s.temper(t, "drip: true")
		began := time.Now()
		e.write(smpp.EnquireLink, 0, 5, nil)
		if h, _ := e.next(); h.Command != smpp.EnquireLinkResp || time.Since(began) != 16*time.Second {
			t.Errorf("%v after %v, want 16 octets in 16s", h.Command, time.Since(began))
		}
	})
}

func TestBindThatIsNeverAnswered(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, _ *esme, _ network) {
		s.temper(t, "mute_bind: true")
		e := connect(t, s)
		e.write(smpp.BindTransceiver, 0, 1, []byte(bindBody))
		if !e.silent(time.Hour) {
			t.Error("an answer came, or the connection ended")
		}
	})
}

func TestConnectionsAreCutAsTheTemperSays(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, sent network) {
		s.temper(t, "cut_after: 2")
		e.submit(1)
		e.next()
		e.submit(2)
		if _, _, err := e.frames.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("second message: %v, want the end", err)
		}
		if <-sent; (<-sent).Number == 0 {
			t.Error("the second message was not taken")
		}
		if err := s.SetTemper("ota1", nil); err != nil {
			t.Fatal(err)
		}
		other := connect(t, s)
		other.ask(smpp.BindTransmitter, []byte(bindBody))
		if err := s.SetTemper("", &Temper{Down: true}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := other.frames.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("connection of an SMSC that is down: %v", err)
		}
		if _, _, err := connect(t, s).frames.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("connection to an SMSC that is down: %v", err)
		}
	})
}

func TestIDsInAllFormsMeetInTheirNumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"{}": {"7f3a09", "7f3a09"}, "{ids: upper-hex, receipts: {ids: decimal}}": {"7F3A09", "8337929"},
		"{ids: padded-hex, receipts: {ids: padded-decimal}}":         {"00007F3A09", "0008337929"},
		"{long_ids: true, receipts: {ids: decimal}}":                 {"80000000007f3a09", "9223372036863113737"},
		"{ids: constant, receipts: {ids: constant}}":                 {"msg_id_not_implemented", "msg_id_not_implemented"},
		"{ids: none, receipts: {ids: hex}}":                          {"", "7f3a09"},
		"{ids: opaque, receipts: {ids: opaque, form: tlv, lost: 0}}": {OpaqueID.format(0x7F3A09), OpaqueID.format(0x7F3A09)},
	} {
		play(t, Config{}, func(t *testing.T, s *Server, e *esme, sent network) {
			s.temper(t, text)
			e.submit(1)
			_, body := e.next()
			if err := s.PostReceipt("ota1", receiptFor(<-sent), func(uint32, error) {}); err != nil {
				t.Fatal(err)
			}
			d := e.delivery()
			if got := [2]string{strings.TrimSuffix(string(body), "\x00"), d.ReceiptedMessageID}; got != want {
				t.Errorf("%s: ids %q, want %q", text, got, want)
			}
		})
	}
	if a, b := OpaqueID.format(1), OpaqueID.format(2); len(a) != 36 || a == b {
		t.Errorf("opaque ids %q and %q", a, b)
	}
}

func TestReceiptsComeAsTheTemperSays(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 2, 3, 4, 0, time.UTC)
	for text, want := range map[string]string{
		"{receipts: {form: text}}":                                   "id:7f3a09 sub:001 dlvrd:001 submit date:2611220203 done date:2611220203 stat:DELIVRD err:000 text:",
		"{receipts: {form: text, short: true, long_dates: true}}":    "id:7f3a09 submit date:261122020304 done date:261122020304 stat:DELIVRD err:000 text:",
		"{receipts: {form: tlv, payload: true, ucs2: true}}":         "",
		"{receipts: {short: true, payload: true}, mo: {ton: 5}}":     "id:7f3a09 submit date:2611220203 done date:2611220203 stat:DELIVRD err:000 text:",
		"{receipts: {short: true, ucs2: true}, mo: {prefix: \"+\"}}": string(ucs2([]byte("id:7f3a09 submit date:2611220203 done date:2611220203 stat:DELIVRD err:000 text:"))),
	} {
		play(t, Config{}, func(t *testing.T, s *Server, e *esme, sent network) {
			s.temper(t, text)
			e.submit(1)
			e.next()
			r := receiptFor(<-sent)
			r.SubmittedAt, r.DoneAt = at, at
			if err := s.PostReceipt("ota1", r, func(uint32, error) {}); err != nil {
				t.Fatal(err)
			}
			d := e.delivery()
			_, payload := d.TLV(smpp.TagMessagePayload)
			if string(d.UserData) != want || payload != strings.Contains(text, "short: true, payload") || (d.ReceiptedMessageID == "") != strings.Contains(text, "form: text") {
				t.Errorf("%s: %+v", text, d)
			}
			if number := d.Source.Number; number != "36" && !strings.Contains(text, "prefix") || strings.Contains(text, "prefix") && number != "+36" {
				t.Errorf("%s: source %+v", text, d.Source)
			}
		})
	}
}

func TestReceiptsAreLostRepeatedLateAndOutOfOrder(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, sent network) {
		post := func(m Submitted) <-chan uint32 {
			done := make(chan uint32, 1)
			if err := s.PostReceipt("ota1", receiptFor(m), func(status uint32, _ error) { done <- status }); err != nil {
				t.Fatal(err)
			}
			return done
		}
		submitted := func(n uint32) Submitted {
			e.submit(n)
			e.next()
			return <-sent
		}
		s.temper(t, "receipts: {lost: 1}")
		if status := <-post(submitted(1)); status != 0 || !e.silent(10*time.Second) {
			t.Errorf("lost receipt: status %d, or it came", status)
		}
		s.temper(t, "receipts: {duplicated: 1, copies: 3}")
		m := submitted(2)
		post(m)
		for range 3 {
			if d := e.delivery(); d.ReceiptedMessageID != m.MessageID {
				t.Errorf("copy %+v", d)
			}
		}
		s.temper(t, "receipts: {late: 1, late_by: 20s}")
		began := time.Now()
		post(submitted(3))
		if e.delivery(); time.Since(began) != 20*time.Second {
			t.Errorf("late receipt after %v", time.Since(began))
		}
		s.temper(t, "receipts: {reordered: 1}")
		first, second := submitted(4), submitted(5)
		post(first)
		post(second)
		if a, b := e.delivery(), e.delivery(); a.ReceiptedMessageID != second.MessageID || b.ReceiptedMessageID != first.MessageID {
			t.Errorf("receipts of %s and %s in the order of their messages", a.ReceiptedMessageID, b.ReceiptedMessageID)
		}
		post(submitted(6))
		began = time.Now()
		if e.delivery(); time.Since(began) != reorderLimit {
			t.Errorf("a receipt that nothing overtakes came after %v", time.Since(began))
		}
	})
}

func TestEarlyReceiptComesBeforeItsResponseWhichWaitsNotForEver(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, sent network) {
		s.temper(t, "early_receipt: 1")
		e.submit(1)
		m := <-sent
		if err := s.PostReceipt("ota1", receiptFor(m), func(uint32, error) {}); err != nil {
			t.Fatal(err)
		}
		e.delivery()
		if h, _ := e.next(); h.Command != smpp.SubmitSMResp || h.Sequence != 1 {
			t.Errorf("after the receipt %+v, want the response", h)
		}
		e.submit(2)
		began := time.Now()
		if h, _ := e.next(); h.Sequence != 2 || time.Since(began) != earlyLimit {
			t.Errorf("%+v after %v, want the response of a message whose receipt does not come after %v", h, time.Since(began), earlyLimit)
		}
		e.write(smpp.SubmitSM, 0, 3, unhex(e.t, strings.Replace(simple, "01 00 04", "00 00 04", 1)))
		began = time.Now()
		if h, _ := e.next(); h.Sequence != 3 || time.Since(began) != 0 {
			t.Errorf("%+v after %v, want the response of a message that asks for no receipt at once", h, time.Since(began))
		}
	})
}

func TestMessagesAreMangledInBothDirections(t *testing.T) {
	t.Parallel()
	play(t, Config{}, func(t *testing.T, s *Server, e *esme, sent network) {
		s.temper(t, "{mt: {source: \"29000\", udh: drop, pid: 0, dcs: 0}, mo: {national: \"55\", udh: unmark, dcs: 4}}")
		e.write(smpp.SubmitSM, 0, 1, unhex(t, "00 000137303030 00 010133360040 7F 00 00 00 01 00 F6 00 05 02 7000 0102"))
		e.next()
		m := <-sent
		if m.Source.Number != "29000" || m.ESMClass != 0 || string(m.UserData) != "\x01\x02" || m.PID != 0 || m.DCS != 0 {
			t.Errorf("to the card %+v", m)
		}
		if err := s.PostReceipt("ota1", receiptFor(m), func(uint32, error) {}); err != nil {
			t.Fatal(err)
		}
		if d := e.delivery(); d.Destination.Number != "7000" {
			t.Errorf("the receipt goes to %+v, want the sender", d.Destination)
		}
		mo := MO{Source: smpp.Address{TON: 1, NPI: 1, Number: "5511900000017"}, ESMClass: 0x40, DataCoding: 0xF6, UserData: []byte{2, 0x71, 0, 9}}
		if err := s.Post("ota1", mo, func(uint32, error) {}); err != nil {
			t.Fatal(err)
		}
		if d := e.delivery(); d.Source != (smpp.Address{TON: 2, NPI: 1, Number: "11900000017"}) || d.ESMClass != 0 || len(d.UserData) != 4 || d.DataCoding != 4 {
			t.Errorf("to the ESME %+v", d)
		}
	})
}

func TestReferenceAndVendorTLVsAndCongestionByVersion(t *testing.T) {
	t.Parallel()
	for version, want := range map[byte]string{
		0x33: "7f3a09\x00", 0x34: "7f3a09\x00\x14\x01\x00\x02\xAA\xBB", 0x50: "7f3a09\x00\x14\x01\x00\x02\xAA\xBB\x04\x28\x00\x01\x50",
	} {
		play(t, Config{}, func(t *testing.T, s *Server, first *esme, sent network) {
			first.ask(smpp.Unbind, nil)
			s.temper(t, "{response_tlvs: [\"1401:aabb\"], congestion: 80}")
			e := connect(t, s)
			e.write(smpp.BindTransceiver, 0, 1, []byte("ota1\x00pw\x00\x00"+string(version)+"\x00\x00\x00"))
			if _, body := e.next(); strings.HasSuffix(string(body), "\x02\x10\x00\x01"+string(rune(version))) != (version > 0x33) {
				t.Errorf("version %02X: bind_resp %q", version, body)
			}
			e.submit(1)
			if _, body := e.next(); string(body) != want {
				t.Errorf("version %02X: response %q, want %q", version, body, want)
			}
			<-sent
			e.write(smpp.SubmitSM, 0, 2, append(unhex(t, simple), 0x02, 0x04, 0, 2, 0xCA, 0xFE))
			h, _ := e.next()
			if version == 0x33 {
				if h.Status != smpp.StatusInvalidLength {
					t.Errorf("TLV from an ESME of 3.3: %s", smpp.StatusName(h.Status))
				}
				return
			}
			if err := s.PostReceipt("ota1", receiptFor(<-sent), func(uint32, error) {}); err != nil {
				t.Fatal(err)
			}
			if v, ok := e.delivery().TLV(tagReference); !ok || binary.BigEndian.Uint16(v) != 0xCAFE {
				t.Errorf("user_message_reference %X", v)
			}
		})
	}
}
