package smpp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simota/simota/smpp"
)

const emptyDeliver = "\x00\x01\x01475\x00\x01\x01551\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" // sm_length 0

func TestSilentPeerIsGivenUpAndTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, BindTimeout: 7 * time.Second}, newRecorder())
		begin := time.Now()
		p := net.accept(t)
		p.next(smpp.BindTransceiver)
		s := <-x.states
		if s.Up || s.Reason == nil || !strings.Contains(s.Reason.Error(), "no answer in 7s") || time.Since(begin) != 7*time.Second {
			t.Errorf("after %v: %+v", time.Since(begin), s)
		}
		if _, err := x.Submit(context.Background(), []smpp.Message{message(1)}); !errors.Is(err, smpp.ErrNotBound) {
			t.Errorf("Submit while not bound: %v", err)
		}
		p = net.bound(t)
		x.up(t)
		p.retire(x)
	})
}

func TestMissingResponseIsAmbiguousAndItsSlotHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, Window: 8, ResponseTimeout: 5 * time.Second, EnquireInterval: time.Hour, IdleTimeout: time.Hour}, newRecorder())
		p := net.bound(t)
		x.up(t)
		begin := time.Now()
		x.submit(t, 1)
		first := p.next(smpp.SubmitSM)
		r := x.want(t, 1, smpp.Ambiguous)
		if d := r.DoneAt.Sub(begin); d < 5*time.Second || d > 6*time.Second || r.Err == nil {
			t.Errorf("ambiguous after %v, %v", d, r.Err)
		}
		if free := x.Free(); free != 7 {
			t.Errorf("Free = %d with one slot stuck, want 7", free)
		}
		// The response still comes: the outcome is corrected and the slot free again.
		p.send(smpp.SubmitSMResp, 0, first.Sequence, "late\x00")
		if r := x.want(t, 1, smpp.Accepted); r.MessageID != "late" {
			t.Errorf("late result %+v", r)
		}
		// A second response to it belongs to nobody.
		p.send(smpp.SubmitSMResp, smpp.StatusSubmitFailed, first.Sequence, "")
		synctest.Wait()
		if free := x.Free(); free != 8 || len(x.results) != 0 {
			t.Errorf("Free = %d, %d further results", free, len(x.results))
		}
		// A quarter of the window without response: the session is given up and bound anew.
		x.submit(t, 2, 3, 4)
		for range 3 {
			p.next(smpp.SubmitSM)
		}
		for id := int64(2); id <= 4; id++ {
			x.want(t, id, smpp.Ambiguous)
		}
		if s := <-x.states; s.Up || !strings.Contains(s.Reason.Error(), "quarter of the window") {
			t.Errorf("state %+v", s)
		}
		p = net.bound(t)
		x.up(t)
		p.retire(x)
		if len(x.results) != 0 {
			t.Errorf("%d results too many", len(x.results))
		}
	})
}

func TestPeerThatStopsReadingHitsTheWriteDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, Window: 4, WriteTimeout: 3 * time.Second}, newRecorder())
		net.bound(t)
		x.up(t)
		begin := time.Now()
		x.submit(t, 1)
		synctest.Wait() // the first message is being written; the next ones wait behind it
		x.submit(t, 2, 3)
		x.want(t, 1, smpp.Ambiguous)
		x.want(t, 2, smpp.Unsent)
		x.want(t, 3, smpp.Unsent)
		if d := time.Since(begin); d != 3*time.Second {
			t.Errorf("noticed after %v, want the write timeout", d)
		}
		x.stop()
		if err := <-x.done; err != nil {
			t.Error(err)
		}
	})
}

func TestLinkCutAfterTheWriteIsAmbiguous(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial}, newRecorder())
		p := net.bound(t)
		x.up(t)
		x.submit(t, 1, 2)
		first := p.next(smpp.SubmitSM)
		p.next(smpp.SubmitSM)
		p.send(smpp.SubmitSMResp, 0, first.Sequence, "a\x00")
		_ = p.conn.Close()
		x.want(t, 1, smpp.Accepted)
		r := x.want(t, 2, smpp.Ambiguous)
		if !strings.Contains(r.Err.Error(), "session ended: read") || r.SentAt.IsZero() {
			t.Errorf("result %+v", r)
		}
		if s := <-x.states; s.Up || s.Sessions != 0 {
			t.Errorf("state %+v", s)
		}
		if x.Free() != 0 || x.Status().Bound {
			t.Error("still bound")
		}
		p = net.bound(t)
		x.up(t)
		p.retire(x)
	})
}

func TestDeliveryWithTheSequenceOfASubmitIsNoResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial}, newRecorder())
		p := net.bound(t)
		x.up(t)
		x.submit(t, 1)
		h := p.next(smpp.SubmitSM)
		p.send(smpp.DeliverSM, 0, h.Sequence, emptyDeliver)
		if r := p.next(smpp.DeliverSMResp); r.Sequence != h.Sequence || r.Status != 0 {
			t.Errorf("deliver_sm_resp %+v", r)
		}
		if d := <-x.deliveries; d.Err != nil || d.Source.Number != "475" || d.Link != "test" {
			t.Errorf("delivery %+v", d)
		}
		p.send(smpp.SubmitSMResp, 0, h.Sequence, "7f\x00")
		x.want(t, 1, smpp.Accepted)
		p.retire(x)
	})
}

func TestNothingUnreadableDropsTheLink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		r := newRecorder()
		r.store = func(_ context.Context, ds []smpp.Delivery) []uint32 {
			if ds[0].Err != nil {
				return []uint32{smpp.StatusReceiverPermanent}
			}
			return nil // too few: the rest is temporary
		}
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial}, r)
		p := net.bound(t)
		x.up(t)
		for _, c := range []struct {
			command smpp.Command
			body    string
			answer  smpp.Command
			status  uint32
		}{
			{smpp.DeliverSM, "garbage", smpp.DeliverSMResp, smpp.StatusReceiverPermanent},
			{smpp.DataSM, "", smpp.DataSMResp, smpp.StatusReceiverPermanent},
			{smpp.DeliverSM, emptyDeliver, smpp.DeliverSMResp, smpp.StatusReceiverTemporary},
			{0x00010200, "vendor", smpp.GenericNack, smpp.StatusInvalidCommand},
			{smpp.SubmitSM, "", smpp.GenericNack, smpp.StatusInvalidCommand},
			{smpp.DataSM, strings.Repeat("x", smpp.MaxFrame), smpp.GenericNack, smpp.StatusInvalidLength},
			{smpp.EnquireLink, "trailing", smpp.EnquireLinkResp, 0},
		} {
			p.send(c.command, 0, 4711, c.body)
			if h := p.next(c.answer); h.Status != c.status || h.Sequence != 4711 {
				t.Errorf("%v: answered with %+v, want status %#x", c.command, h, c.status)
			}
		}
		for _, c := range []smpp.Command{smpp.AlertNotification, smpp.Outbind, 0x80010200, smpp.UnbindResp, smpp.GenericNack, smpp.SubmitSMResp} {
			p.send(c, 0, 4711, "")
		}
		if d := <-x.deliveries; d.Err == nil || d.UserData != nil || string(d.PDU[smpp.HeaderLen:]) != "garbage" || d.ReceivedAt.IsZero() {
			t.Errorf("garbage is handed on as %+v", d)
		}
		x.submit(t, 1)
		p.send(smpp.SubmitSMResp, 0, p.next(smpp.SubmitSM).Sequence, "")
		x.want(t, 1, smpp.Accepted)
		p.retire(x)
		if s := <-x.states; s.Up || len(x.states) != 0 || !strings.Contains(s.Reason.Error(), "link stopped") {
			t.Errorf("the link was not up all the time: %+v", s)
		}
	})
}

func TestSlowHandlerDelaysNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		r := newRecorder()
		stored := make(chan struct{})
		r.store = func(_ context.Context, ds []smpp.Delivery) []uint32 { <-stored; return make([]uint32, len(ds)) }
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial}, r)
		p := net.bound(t)
		x.up(t)
		p.send(smpp.DeliverSM, 0, 5, emptyDeliver)
		<-x.deliveries
		p.send(smpp.DeliverSM, 0, 6, emptyDeliver)
		p.send(smpp.EnquireLink, 0, 7, "")
		if h := p.next(smpp.EnquireLinkResp); h.Sequence != 7 {
			t.Errorf("enquire_link_resp %+v", h)
		}
		x.submit(t, 1)
		p.send(smpp.SubmitSMResp, 0, p.next(smpp.SubmitSM).Sequence, "a\x00")
		x.want(t, 1, smpp.Accepted)
		close(stored)
		for _, n := range []uint32{5, 6} {
			if h := p.next(smpp.DeliverSMResp); h.Sequence != n || h.Status != 0 {
				t.Errorf("deliver_sm_resp %+v", h)
			}
		}
		p.retire(x)
	})
}

func TestSilenceIsProbedAndThenEndsTheSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, EnquireInterval: 10 * time.Second, ResponseTimeout: 5 * time.Second, IdleTimeout: time.Hour}, newRecorder())
		p := net.bound(t)
		x.up(t)
		begin := time.Now()
		for range 3 {
			p.send(smpp.EnquireLinkResp, 0, p.next(smpp.EnquireLink).Sequence, "")
		}
		if d := time.Since(begin); d < 30*time.Second || d > 33*time.Second {
			t.Errorf("three enquire_link in %v", d)
		}
		p.next(smpp.EnquireLink)
		if s := <-x.states; s.Up || !strings.Contains(s.Reason.Error(), "enquire_link not answered") {
			t.Errorf("state %+v", s)
		}
		p = net.bound(t)
		x.up(t)
		p.retire(x)
	})
}

func TestALongEnquireIntervalIsNoReasonToGiveAQuietSessionUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, EnquireInterval: time.Minute}, newRecorder())
		p := net.bound(t)
		x.up(t)
		begin := time.Now()
		for range 3 {
			p.send(smpp.EnquireLinkResp, 0, p.next(smpp.EnquireLink).Sequence, "")
		}
		if d := time.Since(begin); d < 3*time.Minute || len(x.states) != 0 {
			t.Errorf("three enquire_link in %v, %d changes of state", d, len(x.states))
		}
		p.retire(x)
	})
}

func TestUnbindOfTheSMSCIsAnsweredAndBoundAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial}, newRecorder())
		p := net.bound(t)
		x.up(t)
		p.send(smpp.Unbind, 0, 3, "")
		if h := p.next(smpp.UnbindResp); h.Sequence != 3 {
			t.Errorf("unbind_resp %+v", h)
		}
		if s := <-x.states; s.Up || !strings.Contains(s.Reason.Error(), "SMSC unbound") {
			t.Errorf("state %+v", s)
		}
		p = net.bound(t)
		x.up(t)
		p.retire(x)
	})
}

func TestStopWaitsForResponsesUpToABound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial}, newRecorder())
		p := net.bound(t)
		x.up(t)
		x.submit(t, 1, 2)
		first := p.next(smpp.SubmitSM)
		p.next(smpp.SubmitSM)
		begin := time.Now()
		x.stop()
		time.AfterFunc(time.Second, func() { p.send(smpp.SubmitSMResp, 0, first.Sequence, "a\x00") })
		x.want(t, 1, smpp.Accepted)
		p.next(smpp.Unbind) // not answered
		x.want(t, 2, smpp.Ambiguous)
		if err := <-x.done; err != nil || time.Since(begin) > 6*time.Second {
			t.Errorf("Run returned %v after %v", err, time.Since(begin))
		}
		if _, err := x.Submit(context.Background(), []smpp.Message{message(3)}); !errors.Is(err, smpp.ErrNotBound) {
			t.Errorf("Submit after the end: %v", err)
		}
	})
}

func TestTemporaryBindErrorIsRetriedWithGrowingDelays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, ReconnectMin: 2 * time.Second, ReconnectMax: 8 * time.Second}, newRecorder())
		for _, most := range []time.Duration{2, 4, 8, 8} {
			p := net.accept(t)
			p.send(smpp.BindTransceiver.Response(), smpp.StatusSystemError, p.next(smpp.BindTransceiver).Sequence, "")
			begin := time.Now()
			if s := <-x.states; s.Up || s.RefusedForGood {
				t.Errorf("state %+v", s)
			}
			next := <-net.ends
			if d := time.Since(begin); d < most*time.Second/2 || d > most*time.Second {
				t.Errorf("next try after %v, want %v to %v s", d, most/2, most)
			}
			net.ends <- next
		}
		p := net.bound(t)
		x.up(t)
		p.retire(x)
	})
}

func TestWindowBlocksSubmitUntilASlotIsFree(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, Window: 2}, newRecorder())
		p := net.bound(t)
		x.up(t)
		taken := make(chan int)
		go func() {
			n, err := x.Submit(context.Background(), []smpp.Message{message(1), {ID: 9}, message(2), message(3)})
			if err != nil {
				t.Error(err)
			}
			taken <- n
		}()
		first := p.next(smpp.SubmitSM)
		p.next(smpp.SubmitSM)
		if r := x.want(t, 9, smpp.Refused); r.Err == nil || r.Status != 0 {
			t.Errorf("message without destination: %+v", r)
		}
		synctest.Wait()
		if st := x.Status(); x.Free() != 0 || st.WindowUsed != 2 || st.WindowSize != 2 || len(taken) != 0 {
			t.Errorf("Free %d, status %+v", x.Free(), st)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if n, err := x.Submit(ctx, []smpp.Message{message(4)}); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Submit with a full window = %d, %v", n, err)
		}
		p.send(smpp.SubmitSMResp, smpp.StatusThrottled, first.Sequence, "")
		x.want(t, 1, smpp.Temporary)
		if h := p.next(smpp.SubmitSM); h.Sequence == first.Sequence {
			t.Error("a sequence number was used again at once")
		}
		if n := <-taken; n != 4 {
			t.Errorf("taken %d of 4", n)
		}
		p.retire(x)
	})
}

func TestSilentTLSPeerIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, DialTimeout: 4 * time.Second, TLS: &tls.Config{}}, newRecorder())
		begin := time.Now()
		net.accept(t)
		if s := <-x.states; s.Up || !errors.Is(s.Reason, context.DeadlineExceeded) || time.Since(begin) != 4*time.Second {
			t.Errorf("after %v: %+v", time.Since(begin), s)
		}
	})
}

func TestOtherFramesMayComeBeforeTheBindResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, Window: 3}, newRecorder())
		p := net.accept(t)
		h := p.next(smpp.BindTransceiver)
		p.send(smpp.Outbind, 0, 1, "smsc\x00\x00")
		p.send(smpp.EnquireLink, 0, 2, "")
		p.next(smpp.EnquireLinkResp)
		p.send(smpp.DeliverSM, 0, 3, emptyDeliver)
		if n := p.next(smpp.GenericNack); n.Status != smpp.StatusInvalidBindState || n.Sequence != 3 {
			t.Errorf("deliver_sm before the bind: %+v", n)
		}
		p.send(h.Command.Response(), 0, h.Sequence, "") // without the body it should have
		<-x.Ready()
		if x.Free() != 3 {
			t.Errorf("Free = %d", x.Free())
		}
		p.retire(x)
	})
}

func TestBindFailedIsFinalOnlyForAnAccountThatNeverBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		refuse := func() {
			p := net.accept(t)
			p.send(smpp.BindTransceiver.Response(), smpp.StatusBindFailed, p.next(smpp.BindTransceiver).Sequence, "")
		}
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, Binds: 2}, newRecorder())
		p := net.bound(t)
		x.up(t)
		refuse()
		if s := <-x.states; s.Up || s.RefusedForGood || s.Sessions != 1 {
			t.Errorf("second session refused beside the first: %+v", s)
		}
		_ = p.conn.Close()
		<-x.states
		for range 2 { // the SMSC still counts the session that was lost
			refuse()
			if s := <-x.states; s.Up || s.RefusedForGood {
				t.Errorf("refused after a session was lost: %+v", s)
			}
		}
		p = net.bound(t)
		x.up(t)
		x.stop()
		_ = p.conn.Close()
		<-x.done

		y := start(t, smpp.Config{Address: "h:1", Dial: net.dial}, newRecorder())
		refuse()
		var e *smpp.BindError
		if err := <-y.done; !errors.As(err, &e) || !e.Permanent || e.Status != smpp.StatusBindFailed {
			t.Errorf("Run returned %v", err)
		}
	})
}
