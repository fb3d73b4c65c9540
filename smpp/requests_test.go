package smpp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"

	"github.com/simota/simota/smpp"
)

var (
	meter = smpp.Address{TON: 1, NPI: 1, Number: "5511900000017"}
	ours  = smpp.Address{NPI: 1, Number: "7000"}
)

// frame reads a frame of the given command, body included.
func (p *peer) frame(want smpp.Command) (smpp.Header, string) {
	p.t.Helper()
	h, b, err := p.frames.Next()
	if err != nil || h.Command != want {
		p.t.Fatalf("peer got %v (status %#x), %v, want %v", h.Command, h.Status, err, want)
	}
	return h, string(b[smpp.HeaderLen:])
}

func TestRequestsGoOutAndTheirResponsesComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, Window: 1}, newRecorder())
		p := net.bound(t)
		x.up(t)
		x.submit(t, 1) // the window is full all the time
		open := p.next(smpp.SubmitSM)
		for _, c := range []struct {
			command  smpp.Command
			ask      func() error
			body     string
			response string
		}{
			{smpp.QuerySM, func() error {
				r, err := x.Query(context.Background(), "7f", ours)
				if want := (smpp.QueryResult{MessageID: "7f", FinalDate: "261122235900000+", State: 5, ErrorCode: 9}); err == nil && r != want {
					t.Errorf("query %+v, want %+v", r, want)
				}
				return err
			}, "7f\x00\x00\x017000\x00", "7f\x00261122235900000+\x00\x05\x09"},
			{smpp.CancelSM, func() error { return x.Cancel(context.Background(), "7f", ours, meter) },
				"\x007f\x00\x00\x017000\x00\x01\x015511900000017\x00", ""},
			{smpp.ReplaceSM, func() error {
				return x.Replace(context.Background(), smpp.Replacement{MessageID: "7f", Source: ours, UserData: []byte("new"), Validity: time.Minute, RegisteredDelivery: 1})
			}, "7f\x00\x00\x017000\x00\x00000000000100000R\x00\x01\x00\x03new", ""},
		} {
			for _, status := range []uint32{0, smpp.StatusInvalidMessageID} {
				done := make(chan error, 1)
				go func() { done <- c.ask() }()
				h, body := p.frame(c.command)
				if body != c.body {
					t.Errorf("%v has body %q, want %q", c.command, body, c.body)
				}
				p.send(smpp.SubmitSMResp, 0, h.Sequence, "no\x00") // of another command: nobody's
				p.send(c.command.Response(), status, h.Sequence, c.response)
				err := <-done
				var refused *smpp.ResponseError
				if status == 0 && err != nil || status != 0 && (!errors.As(err, &refused) || refused.Status != status || !strings.Contains(err.Error(), "ESME_RINVMSGID")) {
					t.Errorf("%v answered with %#x: %v", c.command, status, err)
				}
			}
		}
		p.send(smpp.SubmitSMResp, 0, open.Sequence, "7f\x00")
		x.want(t, 1, smpp.Accepted)
		p.retire(x)
	})
}

func TestQueryIsWhatGoSMPPEncodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial}, newRecorder())
		p := net.bound(t)
		x.up(t)
		done := make(chan error, 1)
		go func() { _, err := x.Query(context.Background(), "00af", meter); done <- err }()
		h, b, err := p.frames.Next()
		if err != nil {
			t.Fatal(err)
		}
		want := pdu.NewQuerySM()
		want.Header().Seq = h.Sequence
		for name, v := range map[pdufield.Name]any{
			pdufield.MessageID: "00af", pdufield.SourceAddrTON: meter.TON, pdufield.SourceAddrNPI: meter.NPI, pdufield.SourceAddr: meter.Number,
		} {
			if err := want.Fields().Set(name, v); err != nil {
				t.Fatal(err)
			}
		}
		var w strings.Builder
		if err := want.SerializeTo(&w); err != nil || w.String() != string(b) {
			t.Errorf("query_sm %x, go-smpp's %x, %v", b, w.String(), err)
		}
		p.send(smpp.GenericNack, smpp.StatusInvalidCommand, h.Sequence, "")
		var refused *smpp.ResponseError
		if err := <-done; !errors.As(err, &refused) || refused.Command != smpp.QuerySM || refused.Status != smpp.StatusInvalidCommand {
			t.Errorf("generic_nack: %v", err)
		}
		p.retire(x)
	})
}

func TestAQueryThatIsNeverAnsweredIsAnErrorAndNotADeadLink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := newPipes()
		x := start(t, smpp.Config{Address: "h:1", Dial: net.dial, ResponseTimeout: 3 * time.Second, EnquireInterval: time.Hour, IdleTimeout: time.Hour}, newRecorder())
		if _, err := x.Query(context.Background(), "1", ours); !errors.Is(err, smpp.ErrNotBound) {
			t.Errorf("before the bind: %v", err)
		}
		p := net.bound(t)
		x.up(t)
		begin, done := time.Now(), make(chan error, 1)
		go func() { _, err := x.Query(context.Background(), "1", ours); done <- err }()
		late := p.next(smpp.QuerySM)
		if err := <-done; err == nil || !strings.Contains(err.Error(), "no response within 3s") || time.Since(begin) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		p.send(smpp.QuerySMResp, 0, late.Sequence, "1\x00\x00\x02\x00")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		go func() { done <- x.Cancel(ctx, "1", ours, meter) }()
		p.next(smpp.CancelSM)
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled: %v", err)
		}
		if len(x.states) != 0 || x.Free() != 20 {
			t.Errorf("the link suffered: Free %d", x.Free())
		}
		go func() { done <- x.Cancel(context.Background(), "1", ours, meter) }()
		p.next(smpp.CancelSM)
		_ = p.conn.Close()
		if err := <-done; err == nil || !strings.Contains(err.Error(), "session ended") {
			t.Errorf("link lost: %v", err)
		}
		<-x.states
		p = net.bound(t)
		x.up(t)
		p.retire(x)
	})
}

func TestRequestsWithoutAMessageAreNotSent(t *testing.T) {
	t.Parallel()
	l, err := smpp.NewLink(smpp.Config{Name: "n", Address: "h:1", SystemID: "s"}, newRecorder())
	if err != nil {
		t.Fatal(err)
	}
	long := smpp.Address{Number: strings.Repeat("1", 21)}
	ctx := context.Background()
	_, query := l.Query(ctx, "", ours)
	_, source := l.Query(ctx, "1", long)
	for name, err := range map[string]error{
		"no id": query, "long source": source, "NUL": l.Cancel(ctx, "1\x002", ours, meter), "long id": l.Cancel(ctx, strings.Repeat("1", 65), ours, meter),
		"long destination": l.Cancel(ctx, "1", ours, long), "255 octets": l.Replace(ctx, smpp.Replacement{MessageID: "1", UserData: make([]byte, 255)}),
		"validity over": l.Replace(ctx, smpp.Replacement{MessageID: "1", Validity: -1}),
	} {
		if err == nil || errors.Is(err, smpp.ErrNotBound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
