package smpp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simota/simota/smpp"
)

func TestTrySubmitTakesWhatFitsAndNeverWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, Window: 2}, newRecorder())
		all := []smpp.Message{message(1), message(2), message(3)}
		if left, err := x.TrySubmit(all); len(left) != len(all) || !errors.Is(err, smpp.ErrNotBound) {
			t.Errorf("before the bind: %v are left, %v", left, err)
		}
		p := net.bound(t)
		x.up(t)
		for _, want := range []int{2, 0} {
			if left, err := x.TrySubmit(all); len(all)-len(left) != want || err != nil {
				t.Errorf("TrySubmit leaves %v, %v, want %d taken", left, err, want)
			}
		}
		first := p.next(smpp.SubmitSM)
		<-x.Ready()
		p.send(smpp.SubmitSMResp, 0, first.Sequence, "a\x00")
		<-x.Ready()
		if left, err := x.TrySubmit(all[2:]); len(all[2:])-len(left) != 1 || err != nil {
			t.Errorf("with a free slot: %v are left, %v", left, err)
		}
		p.retire(x)
	})
}

func TestAlertsReachTheHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial}, newRecorder())
		p := net.bound(t)
		x.up(t)
		p.send(smpp.AlertNotification, 0, 1, "\x01\x015511900000017\x00\x00\x017000\x00\x04\x22\x00\x01\x02")
		p.send(smpp.AlertNotification, 0, 2, "\x01\x015511900000017\x00\x00\x017000\x00")
		want := smpp.Alert{Link: "test", Source: meter, ESME: ours, Available: 2, HasStatus: true, At: time.Now()}
		if a := <-x.alerts; a != want {
			t.Errorf("alert %+v, want %+v", a, want)
		}
		want.Available, want.HasStatus = 0, false
		if a := <-x.alerts; a != want {
			t.Errorf("alert %+v, want %+v", a, want)
		}
		p.retire(x)
	})
}

func TestTraceHearsBothDirectionsAndNoPassword(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var heard []string
		listen := func(f smpp.Frame) {
			mu.Lock()
			defer mu.Unlock()
			h, err := smpp.ParseHeader(f.Raw)
			if err != nil || f.Link != "test" || f.Session != 1 || f.At.IsZero() || int(h.Length) != len(f.Raw) || bytes.Contains(f.Raw, []byte("s3cret")) {
				t.Errorf("frame %+v, %v", f, err)
			}
			direction := "out "
			if f.Inbound {
				direction = "in "
			}
			heard = append(heard, direction+h.Command.String())
		}
		net := newPipes()
		l, err := smpp.NewLink(smpp.Config{Name: "test", Address: "h:1", Dial: net.dial, SystemID: "ota1", Password: "s3cret"}, newRecorder())
		if err != nil {
			t.Fatal(err)
		}
		stop := l.Trace(listen)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		p := net.bound(t)
		synctest.Wait()
		if left, err := l.TrySubmit([]smpp.Message{message(1), message(2)}); len(left) != 0 || err != nil {
			t.Fatal(left, err)
		}
		p.next(smpp.SubmitSM)
		p.send(smpp.SubmitSMResp, 0, p.next(smpp.SubmitSM).Sequence, "a\x00")
		synctest.Wait()
		stop()
		p.send(smpp.EnquireLink, 0, 1, "")
		p.next(smpp.EnquireLinkResp)
		mu.Lock()
		if got, want := strings.Join(heard, ", "), "out bind_transceiver, in bind_transceiver_resp, out submit_sm, out submit_sm, in submit_sm_resp"; got != want {
			t.Errorf("heard %s\nwant %s", got, want)
		}
		mu.Unlock()
		cancel()
		_ = p.conn.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestMessagesToOneDestinationKeepToOneSessionWhileInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, Binds: 2, Window: 4}, newRecorder())
		peers := []*peer{net.bound(t), net.bound(t)}
		x.up(t)
		x.up(t)
		to := func(id int64, number string) smpp.Message {
			m := message(id)
			m.Destination.Number = number
			return m
		}
		counts := map[string]map[int]int{"a": {}, "b": {}}
		var open [2][]uint32
		for round := range 2 {
			if left, err := x.TrySubmit([]smpp.Message{to(1, "a"), to(2, "b"), to(3, "a"), to(4, "b"), to(5, "a"), to(6, "b")}); len(left) != 0 || err != nil {
				t.Fatalf("round %d: TrySubmit leaves %v, %v", round, left, err)
			}
			for i, p := range peers {
				for range 3 {
					h, body := p.frame(smpp.SubmitSM)
					for name := range counts {
						if strings.Contains(body[:40], "\x01\x01"+name+"\x00") {
							counts[name][i]++
						}
					}
					open[i] = append(open[i], h.Sequence)
				}
			}
			if len(counts["a"]) != 1 || len(counts["b"]) != 1 {
				t.Errorf("round %d: sessions by destination %v", round, counts)
			}
			if left, err := x.TrySubmit([]smpp.Message{to(7, "a"), to(8, "a")}); len(left) != 1 || err != nil { // one slot is left in its window
				t.Errorf("round %d: TrySubmit over its window leaves %v, %v", round, left, err)
			}
			for i, p := range peers {
				if counts["a"][i] > 0 {
					open[i] = append(open[i], p.next(smpp.SubmitSM).Sequence)
				}
				for _, sequence := range open[i] {
					p.send(smpp.SubmitSMResp, 0, sequence, "x\x00")
				}
				open[i] = nil
			}
			synctest.Wait()
			if x.Free() != 8 {
				t.Errorf("round %d: Free = %d", round, x.Free())
			}
			clear(counts["a"])
			clear(counts["b"])
		}
		x.stop()
		for _, p := range peers {
			p.send(smpp.UnbindResp, 0, p.next(smpp.Unbind).Sequence, "")
		}
		<-x.done
	})
}

func TestAMessageThatWaitsForItsSessionHoldsBackNoOtherDestination(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, Binds: 2, Window: 2}, newRecorder())
		peers := []*peer{net.bound(t), net.bound(t)}
		x.up(t)
		x.up(t)
		var played sync.WaitGroup
		for _, p := range peers { // neither answers a submit_sm
			played.Go(func() { swallow(p.conn) })
		}
		to := func(id int64, number string) smpp.Message {
			m := message(id)
			m.Destination.Number = number
			return m
		}
		if left, err := x.TrySubmit([]smpp.Message{to(1, "a"), to(2, "a")}); len(left) != 0 || err != nil {
			t.Fatalf("TrySubmit leaves %v, %v", left, err)
		}
		left, err := x.TrySubmit([]smpp.Message{to(3, "a"), to(4, "b"), to(5, "a"), to(6, "b"), to(7, "b")})
		if len(left) != 3 || left[0].ID != 3 || left[1].ID != 5 || left[2].ID != 7 || err != nil {
			t.Errorf("left are %v, %v; want 3 and 5, whose session is full, and 7, for which no slot was left", left, err)
		}
		x.stop()
		<-x.done
		played.Wait()
	})
}

func TestInterfaceVersionsBindAndSubmitAsTheyShould(t *testing.T) {
	t.Parallel()
	for _, version := range []byte{0, 0x33, 0x34, 0x50} {
		t.Run(fmt.Sprintf("%#x", version), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				net := newPipes()
				x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, Version: version, AddressTON: 1, AddressNPI: 8, AddressRange: "^55"}, newRecorder())
				p := net.accept(t)
				h, body := p.frame(smpp.BindTransceiver)
				want := version
				if version == 0 {
					want = 0x34
				}
				if body != "ota1\x00pw\x00\x00"+string(rune(want))+"\x01\x08^55\x00" {
					t.Errorf("bind %q", body)
				}
				p.send(h.Command.Response(), 0, h.Sequence, "smsc\x00\x02\x10\x00\x01"+string(rune(want)))
				x.up(t)
				m := message(1)
				m.SAR = smpp.SAR{Reference: 7, Total: 2, Segment: 1}
				if left, err := x.TrySubmit([]smpp.Message{m}); len(left) != 0 || err != nil {
					t.Fatal(left, err)
				}
				if version == 0x33 {
					x.want(t, 1, smpp.Refused)
				} else if _, body := p.frame(smpp.SubmitSM); !strings.HasSuffix(body, "\x02\x0C\x00\x02\x00\x07\x02\x0E\x00\x01\x02\x02\x0F\x00\x01\x01") {
					t.Errorf("submit_sm ends %q", body[len(body)-20:])
				}
				p.retire(x)
			})
		})
	}
}

func TestALongResponseOfVersionFiveIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, Version: 0x50}, newRecorder())
		p := net.bound(t)
		x.up(t)
		x.submit(t, 1, 2)
		long := strings.Repeat("f", 64)
		p.send(smpp.SubmitSMResp, 0, p.next(smpp.SubmitSM).Sequence, long+"\x00\x04\x28\x00\x01\x50") // congestion_state
		if r := x.want(t, 1, smpp.Accepted); r.MessageID != long || r.Err != nil {
			t.Errorf("result %+v", r)
		}
		p.send(smpp.SubmitSMResp, 0, p.next(smpp.SubmitSM).Sequence, long+"f\x00")
		if r := x.want(t, 2, smpp.Accepted); r.MessageID != "" || r.Err == nil {
			t.Errorf("result %+v", r)
		}
		if kept := x.Malformed(); len(kept) != 1 || !strings.Contains(kept[0].Reason, "message_id of 65 octets") {
			t.Errorf("kept %+v", kept)
		}
		p.retire(x)
	})
}

func TestCountersOfTheStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, ResponseTimeout: time.Second}, newRecorder())
		p := net.bound(t)
		x.up(t)
		x.submit(t, 1, 2, 3)
		p.send(smpp.SubmitSMResp, smpp.StatusThrottled, p.next(smpp.SubmitSM).Sequence, "")
		p.send(smpp.SubmitSMResp, smpp.StatusQueueFull, p.next(smpp.SubmitSM).Sequence, "")
		p.next(smpp.SubmitSM)
		x.want(t, 1, smpp.Temporary)
		x.want(t, 2, smpp.Temporary)
		x.want(t, 3, smpp.Ambiguous)
		if st := x.Status(); st.Throttled != 2 || st.Ambiguous != 1 || st.Stuck != 1 || st.Answered != 2 || st.Sent != 3 || st.WindowUsed != 1 {
			t.Errorf("status %+v", st)
		}
		p.retire(x)
	})
}
