package smpp_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/simota/simota/smpp"
)

// The benchmarks measure a link on loopback beside a bare writer and reader that do no more than the
// sockets ask for; of_bare is the link's share of the bare throughput. Both talk to the same peer.

// counter is a Handler that only counts.
type counter struct {
	left     int // results to come
	done     chan struct{}
	states   chan smpp.LinkState
	statuses [1 << 13]uint32
}

func newCounter(results int) *counter {
	return &counter{left: results, done: make(chan struct{}), states: make(chan smpp.LinkState, 16)}
}

func (*counter) Alert(smpp.Alert) {}

func (c *counter) State(s smpp.LinkState) { c.states <- s }

func (c *counter) Results(rs []smpp.Result) {
	for _, r := range rs {
		if r.Outcome != smpp.Accepted || r.MessageID == "" {
			panic(fmt.Sprintf("result %+v", r))
		}
	}
	if c.left -= len(rs); c.left == 0 {
		close(c.done)
	}
}

func (c *counter) Deliver(_ context.Context, ds []smpp.Delivery) []uint32 {
	return c.statuses[:len(ds)]
}

// each calls fn with the frames that come in and then, before it waits for more, flushes w.
func each(conn net.Conn, fn func(w *bufio.Writer, frame []byte)) {
	r, w := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriterSize(conn, 64<<10)
	for {
		head, err := r.Peek(4)
		if err != nil {
			return
		}
		frame, err := r.Peek(int(binary.BigEndian.Uint32(head)))
		if err != nil {
			return
		}
		fn(w, frame)
		_, _ = r.Discard(len(frame))
		if r.Buffered() == 0 && w.Flush() != nil {
			return
		}
	}
}

// answer writes the response to a frame.
func answer(w *bufio.Writer, frame []byte, body string) {
	b := w.AvailableBuffer()
	b = binary.BigEndian.AppendUint32(b, uint32(16+len(body)))
	b = append(b, 0x80, 0, 0, frame[7], 0, 0, 0, 0)
	b = append(append(b, frame[12:16]...), body...)
	_, _ = w.Write(b)
}

// bench is a peer on loopback that runs each connection with play.
func bench(b *testing.B, play func(net.Conn)) (address string) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { defer func() { _ = conn.Close() }(); play(conn) }()
		}
	}()
	return listener.Addr().String()
}

// linked runs a link against address for the time of fn.
func linked(b *testing.B, address string, window int, c *counter, fn func(*smpp.Link)) {
	b.Helper()
	l, err := smpp.NewLink(smpp.Config{Name: "bench", Address: address, SystemID: "ota1", Password: "pw", Window: window}, c)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- l.Run(ctx) }()
	if s := <-c.states; !s.Up {
		b.Fatal(s.Reason)
	}
	fn(l)
	cancel()
	if err := <-stopped; err != nil {
		b.Fatal(err)
	}
}

// pipeline writes n frames with at most window of them unanswered and returns when all are.
func pipeline(conn net.Conn, frame []byte, n, window int) {
	var answered atomic.Int64
	more := make(chan struct{}, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		each(conn, func(*bufio.Writer, []byte) {
			if answered.Add(1) == int64(n) {
				_ = conn.SetReadDeadline(time.Unix(1, 0))
			}
			select {
			case more <- struct{}{}:
			default:
			}
		})
	}()
	w := bufio.NewWriterSize(conn, 64<<10)
	for sent := 0; sent < n; sent++ {
		for sent-int(answered.Load()) >= window {
			_ = w.Flush()
			<-more
		}
		_, _ = w.Write(frame)
	}
	_ = w.Flush()
	<-read
}

func dial(b *testing.B, address string) net.Conn {
	b.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	return conn
}

func BenchmarkSubmit(b *testing.B) {
	for _, window := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) {
			address := bench(b, func(conn net.Conn) {
				each(conn, func(w *bufio.Writer, frame []byte) { answer(w, frame, "7f3a01c9\x00") })
			})
			frames := make(chan []byte, 1)
			c := newCounter(b.N + 1)
			var bare time.Duration
			linked(b, address, window, c, func(l *smpp.Link) {
				stop := l.Trace(func(f smpp.Frame) {
					if !f.Inbound {
						frames <- append([]byte(nil), f.Raw...)
					}
				})
				if _, err := l.Submit(b.Context(), []smpp.Message{message(0)}); err != nil {
					b.Fatal(err)
				}
				frame := <-frames
				stop()
				conn := dial(b, address)
				begin := time.Now()
				pipeline(conn, frame, b.N, window)
				bare = time.Since(begin)
				_ = conn.Close()

				batch := make([]smpp.Message, 500)
				for i := range batch {
					batch[i] = message(int64(i))
				}
				b.ReportAllocs()
				b.ResetTimer()
				for left := b.N; left > 0; left -= len(batch) {
					batch = batch[:min(left, len(batch))]
					if _, err := l.Submit(b.Context(), batch); err != nil {
						b.Fatal(err)
					}
				}
				<-c.done
				b.StopTimer()
			})
			b.ReportMetric(bare.Seconds()/b.Elapsed().Seconds(), "of_bare")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submits/s")
		})
	}
}

func BenchmarkDeliver(b *testing.B) {
	const window = 1000
	text := "id:7f3a01c9 sub:001 dlvrd:001 submit date:2611222359 done date:2611222359 stat:DELIVRD err:000 text:"
	frame := smpp.AppendFrame(nil, smpp.DeliverSM, 0, 7, []byte("\x00\x01\x015511900000017\x00\x01\x015511900009999\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00"+
		string(rune(len(text)))+text+"\x00\x1E\x00\x097f3a01c9\x00\x04\x27\x00\x01\x02"))
	start, finished := make(chan struct{}), make(chan struct{})
	address := bench(b, func(conn net.Conn) {
		bind := make([]byte, 512)
		if n, err := conn.Read(bind); err != nil || n < 16 {
			return
		}
		_, _ = conn.Write(append([]byte{0, 0, 0, 17, 0x80, 0, 0, bind[7], 0, 0, 0, 0, 0, 0, 0, 1}, 0))
		<-start
		pipeline(conn, frame, b.N, window)
		finished <- struct{}{}
		_ = conn.SetReadDeadline(time.Time{})
		_, _ = io.Copy(io.Discard, conn)
	})
	conn := dial(b, address)
	_, _ = conn.Write(make([]byte, 16))
	_, _ = conn.Read(make([]byte, 512))
	begin := time.Now()
	go each(conn, func(w *bufio.Writer, frame []byte) { answer(w, frame, "\x00") })
	start <- struct{}{}
	<-finished
	bare := time.Since(begin)
	_ = conn.Close()

	linked(b, address, 20, newCounter(0), func(*smpp.Link) {
		b.ReportAllocs()
		b.ResetTimer()
		start <- struct{}{}
		<-finished
		b.StopTimer()
	})
	b.ReportMetric(bare.Seconds()/b.Elapsed().Seconds(), "of_bare")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "delivers/s")
}
