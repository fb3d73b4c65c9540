package lab

import (
	"context"
	"net"
	"testing"

	"github.com/simota/simota/smpp"
)

// BenchmarkPacket is a secured packet to one of 1000 cards per operation, with its response, receipt and proof.
func BenchmarkPacket(b *testing.B) {
	const cards = 1000
	cfg := Sample(cards, 7, "sja2-3des").Config
	cfg.Timing.Hop = 0
	all, err := parseCards(cfg.CardData)
	if err != nil {
		b.Fatal(err)
	}
	w, err := New(cfg, nil)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	<-w.Ready()
	conn, err := net.Dial("tcp", w.Addr("nordvik"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	sealer := &bench{t: b}
	frame := func(n int) []byte {
		c := all[n%cards]
		packet := sealer.seal(c, uint64(n/cards+1), false, readIMSI...)[0] // its only part
		body := "\x00\x01\x01" + SampleSourceNordvik[1:] + "\x00\x01\x01" + c.subscriptions[0].msisdn[1:] + "\x00\x40\x7F\x00\x00\x00\x01\x00\xF6\x00"
		return smpp.AppendFrame(nil, smpp.SubmitSM, 0, uint32(n+1), append(append([]byte(body), byte(len(packet))), packet...))
	}
	frames := make([][]byte, b.N)
	for n := range frames {
		frames[n] = frame(n)
	}
	pump(b, conn, frames)
}

// pump writes frames with at most 500 outstanding, and acknowledges two deliveries for each.
func pump(b *testing.B, conn net.Conn, frames [][]byte) {
	out := smpp.AppendFrame(nil, smpp.BindTransceiver, 0, 1, []byte("ota1\x00nordvik\x00\x00\x34\x00\x00\x00"))
	r := smpp.NewFrameReader(readerFunc(func(p []byte) (int, error) {
		if len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				return 0, err
			}
			out = out[:0]
		}
		return conn.Read(p)
	}))
	b.ReportAllocs()
	b.ResetTimer()
	sent, deliveries := 0, 0
	for deliveries < 2*len(frames) {
		h, _, err := r.Next()
		switch {
		case err != nil || h.Status != smpp.StatusOK:
			b.Fatalf("%v: %s, %v", h.Command, smpp.StatusName(h.Status), err)
		case h.Command == smpp.DeliverSM:
			deliveries++
			out = smpp.AppendFrame(out, smpp.DeliverSMResp, 0, h.Sequence, []byte{0})
		}
		for sent < len(frames) && sent < deliveries/2+500 {
			out = append(out, frames[sent]...)
			sent++
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(len(frames))/b.Elapsed().Seconds(), "packets/s")
}

// readerFunc is an io.Reader.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
