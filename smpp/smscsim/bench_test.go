package smscsim

import (
	"context"
	"net"
	"testing"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// receipting answers each message with a receipt.
type receipting struct{ srv *Server }

func (n *receipting) Submit(_ context.Context, m Submitted) {
	r := ReceiptOut{Number: m.Number, Source: m.Source, Destination: m.Destination, State: receipt.Delivered, SubmittedAt: m.ReceivedAt, DoneAt: m.ReceivedAt}
	if err := n.srv.PostReceipt(m.System, r, func(uint32, error) {}); err != nil {
		panic(err)
	}
}

// BenchmarkSubmitReceipt is submit_sm, response, receipt and its response per operation, with 1000 outstanding.
func BenchmarkSubmitReceipt(b *testing.B) {
	n := &receipting{}
	n.srv = New(Config{Accounts: map[string]smpp.Secret{"ota1": "pw"}, Network: n})
	if err := n.srv.Listen("127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = n.srv.Close() }()
	conn, err := net.Dial("tcp", n.srv.Addr())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(smpp.AppendFrame(nil, smpp.BindTransceiver, 0, 1, []byte(bindBody))); err != nil {
		b.Fatal(err)
	}
	frames := smpp.NewFrameReader(&flushing{conn: conn})
	if _, _, err := frames.Next(); err != nil {
		b.Fatal(err)
	}
	head := unhex(b, "000101350001013600 0000000000 010000008c")
	flow := &flushing{conn: conn}
	frames = smpp.NewFrameReader(flow)
	body := append(head, make([]byte, 140)...)
	b.ReportAllocs()
	b.ResetTimer()
	submitted := 0
	submit := func() {
		if submitted < b.N {
			submitted++
			flow.out = smpp.AppendFrame(flow.out, smpp.SubmitSM, 0, uint32(submitted%0x7FFFFFFF+1), body)
		}
	}
	for range 1000 {
		submit()
	}
	for received := 0; received < b.N; {
		h, _, err := frames.Next()
		switch {
		case err != nil:
			b.Fatal(err)
		case h.Command == smpp.DeliverSM:
			flow.out = smpp.AppendFrame(flow.out, smpp.DeliverSMResp, 0, h.Sequence, []byte{0})
			received++
			submit()
		case h.Status != 0:
			b.Fatalf("%v: %s", h.Command, smpp.StatusName(h.Status))
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

// flushing writes what is to be written whenever there is nothing more to read.
type flushing struct {
	conn net.Conn
	out  []byte
}

func (f *flushing) Read(p []byte) (int, error) {
	if len(f.out) > 0 {
		if _, err := f.conn.Write(f.out); err != nil {
			return 0, err
		}
		f.out = f.out[:0]
	}
	return f.conn.Read(p)
}
