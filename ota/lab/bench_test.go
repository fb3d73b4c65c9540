package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// patience is when a test that waits for something gives up.
const patience = 20 * time.Second

// stream is a sequence of happenings that a test picks from, in any order.
type stream[T any] struct {
	mu   sync.Mutex
	all  []T
	more chan struct{}
}

func newStream[T any]() *stream[T] { return &stream[T]{more: make(chan struct{})} }

func (s *stream[T]) add(v T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, v)
	close(s.more)
	s.more = make(chan struct{})
}

// wait takes the first that fits out of the stream.
func (s *stream[T]) wait(t testing.TB, what string, fits func(T) bool) T {
	t.Helper()
	over := time.After(patience)
	for {
		s.mu.Lock()
		i := slices.IndexFunc(s.all, fits)
		if i >= 0 {
			v := s.all[i]
			s.all = slices.Delete(s.all, i, i+1)
			s.mu.Unlock()
			return v
		}
		more := s.more
		s.mu.Unlock()
		select {
		case <-more:
		case <-over:
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Fatalf("%s never came; what came is %+v", what, s.all)
		}
	}
}

func (s *stream[T]) none(t testing.TB, what string, fits func(T) bool) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.all, fits); i >= 0 {
		t.Fatalf("%s: %+v", what, s.all[i])
	}
}

// esme is the other end of a link.
type esme struct {
	*smpp.Link
	results    *stream[smpp.Result]
	receipts   *stream[receipt.Receipt]
	deliveries *stream[smpp.Delivery]
	up         chan struct{}
	joiner     *sms.Joiner
	packets    *stream[packet]
	order      *stream[string] // results and receipts as they came
}

// packet is a joined message of a card.
type packet struct {
	from    string
	element byte
	payload []byte
}

func (e *esme) Results(rs []smpp.Result) {
	for _, r := range rs {
		e.order.add("response " + r.MessageID)
		e.results.add(r)
	}
}

func (*esme) Alert(smpp.Alert) {}

func (e *esme) State(s smpp.LinkState) {
	if s.Up {
		e.up <- struct{}{}
	}
}

func (e *esme) Deliver(_ context.Context, ds []smpp.Delivery) []uint32 {
	for _, d := range ds {
		if r, is, err := receipt.Parse(receipt.Fields{
			ESMClass: d.ESMClass, DataCoding: d.DataCoding, Text: d.UserData, ReceiptedID: d.ReceiptedMessageID, MessageState: d.MessageState, NetworkError: d.NetworkErrorCode,
		}, receipt.Options{}); is && err == nil {
			e.order.add("receipt " + r.MessageID)
			e.receipts.add(r)
			continue
		}
		e.deliveries.add(d.Clone())
		ud, err := sms.ParseUserData(d.UserData)
		if err != nil {
			continue
		}
		if p, elements, complete, _ := e.joiner.Add(d.Source.String(), ud, time.Now()); complete && len(elements) > 0 {
			e.packets.add(packet{d.Source.String(), elements[0].ID, p})
		}
	}
	return make([]uint32, len(ds))
}

// bench is a running sample world with an ESME at each network and a feed.
type bench struct {
	*World
	t      testing.TB
	events *stream[Event]
	fed    *stream[attachEvent]
	esmes  map[string]*esme
	cards  []issue
	ref    byte
	id     int64
}

const sampleCards = 6

// run starts a world; its operators' links are bound and its devices attached when run returns.
func run(t testing.TB, change ...func(*Config)) *bench {
	t.Helper()
	sample := Sample(sampleCards, 7)
	b := &bench{t: t, events: newStream[Event](), fed: newStream[attachEvent](), esmes: map[string]*esme{}}
	feed := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var e attachEvent
		if r.URL.Path != "/v1/events/attach" || r.Header.Get("Authorization") != "Bearer token" || json.NewDecoder(r.Body).Decode(&e) != nil {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		b.fed.add(e)
	}))
	t.Cleanup(feed.Close)
	cfg := sample.Config
	cfg.Speed, cfg.Feed, cfg.Observe = 2000, Feed{URL: feed.URL, Token: "token"}, b.events.add
	for _, f := range change {
		f(&cfg)
	}
	var err error
	if b.cards, err = parseCards(cfg.CardData); err != nil {
		t.Fatal(err)
	}
	if b.World, err = New(cfg, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the world ended with %v", err)
		}
	})
	<-b.Ready()
	for _, o := range cfg.Operators {
		b.esmes[o.Name] = b.bind(o)
	}
	return b
}

func (b *bench) bind(o Operator) *esme {
	e := &esme{
		results: newStream[smpp.Result](), receipts: newStream[receipt.Receipt](), deliveries: newStream[smpp.Delivery](),
		packets: newStream[packet](), order: newStream[string](), up: make(chan struct{}, 10), joiner: sms.NewJoiner(100, time.Hour),
	}
	var err error
	e.Link, err = smpp.NewLink(smpp.Config{
		Name: o.Name, Address: b.Addr(o.Name), SystemID: o.SystemID, Password: o.Password, ResponseTimeout: 2 * time.Second,
	}, e)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	b.t.Cleanup(func() { cancel(); <-ended })
	<-e.up
	return e
}

var sources = map[string]string{"nordvik": SampleSourceNordvik, "aurora": SampleSourceAurora}

func address(t testing.TB, s string) smpp.Address {
	t.Helper()
	a, err := smpp.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// submit sends the parts of a message.
func (b *bench) submit(operator, to string, pid, dcs byte, parts [][]byte, change ...func(*smpp.Message)) {
	b.t.Helper()
	var ms []smpp.Message
	for _, ud := range parts {
		b.id++
		m := smpp.Message{
			ID: b.id, Source: address(b.t, sources[operator]), Destination: address(b.t, to),
			UserData: ud, UDHI: true, ProtocolID: pid, DataCoding: dcs, RegisteredDelivery: 1,
		}
		for _, f := range change {
			f(&m)
		}
		ms = append(ms, m)
	}
	if n, err := b.esmes[operator].Submit(b.t.Context(), ms); n != len(ms) || err != nil {
		b.t.Fatalf("%d of %d messages were taken: %v", n, len(ms), err)
	}
}

// target is an application on a card, with the keys it is reached by.
type target struct {
	tar    ota.TAR
	format script.Format
	alg    ota.Algorithm
	keys   keyTable
}

// targets are the applications that change files, or identities, by card type.
var targets = map[string]target{
	"sja2-3des":     {tar: ota.TAR{0xB0, 0x00, 0x11}, format: script.Compact, alg: ota.TripleDES2},
	"sja5-aes":      {tar: ota.TAR{0xB0, 0x01, 0x41}, format: script.Expanded, alg: ota.AES128},
	"usim-expanded": {tar: ota.TAR{0xB0, 0x01, 0x40}, format: script.Expanded, alg: ota.AES128},
	"euicc-sgp02":   {tar: ota.TAR{0xB0, 0x00, 0x01}, format: script.Expanded, alg: ota.AES128},
	"multi-imsi":    {tar: ota.TAR{0xA1, 0xB2, 0xC3}, format: script.Compact, alg: ota.AES128},
	"difficult":     {tar: ota.TAR{0xB0, 0x00, 0x01}, format: script.Compact, alg: ota.TripleDES2},
}

func targetOf(c issue) target {
	to := targets[c.cardType]
	to.keys = c.profiles[0].keys
	return to
}

var spi = ota.SPI{0x16, 0x39}

func (b *bench) keyset(to target) ota.Keyset {
	b.t.Helper()
	sets, _, _, err := to.keys.sets(to.alg)
	if err != nil {
		b.t.Fatal(err)
	}
	return sets[0]
}

// seal makes the user data of a packet with these commands; counter counts from what the card has seen.
func (b *bench) seal(c issue, counter uint64, refresh bool, commands ...sat.Command) [][]byte {
	b.t.Helper()
	return b.sealFor(targetOf(c), counter, refresh, commands...)
}

func (b *bench) sealFor(to target, counter uint64, refresh bool, commands ...sat.Command) [][]byte {
	b.t.Helper()
	s := script.Script{Format: to.format, Commands: commands}
	if refresh && s.Format == script.Expanded {
		s.Immediate = script.Refresh(0x04)
	}
	data, err := s.AppendBinary(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	ks := b.keyset(to)
	p, err := ota.NewCommand(spi, to.tar, ks, to.keys.rows[0].counter+counter, data).Seal(ks, ota.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	b.ref++
	parts, err := sms.SplitPacket(sms.CommandPacket, p, b.ref)
	if err != nil {
		b.t.Fatal(err)
	}
	return parts
}

func (b *bench) command(operator, to string, parts [][]byte, change ...func(*smpp.Message)) {
	b.t.Helper()
	b.submit(operator, to, 0x7F, 0xF6, parts, change...)
}

// proof waits for the next response packet from a number and opens it.
func (b *bench) proof(operator, from string, c issue) ota.Response {
	b.t.Helper()
	return b.proofOf(operator, from, targetOf(c))
}

func (b *bench) proofOf(operator, from string, to target) ota.Response {
	b.t.Helper()
	p := b.esmes[operator].packets.wait(b.t, "proof from "+from+" by "+operator, func(p packet) bool {
		return p.from == from && p.element == sms.ResponsePacket
	})
	r, err := ota.OpenResponse(p.payload, spi, b.keyset(to), ota.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// answer is the last result of the script in a proof.
func (b *bench) answer(c issue, r ota.Response) script.Result {
	b.t.Helper()
	return b.answerOf(targetOf(c), r)
}

func (b *bench) answerOf(to target, r ota.Response) script.Result {
	b.t.Helper()
	if r.Status != ota.StatusOK || !r.Authenticated {
		b.t.Fatalf("proof has status %v, authenticated %v", r.Status, r.Authenticated)
	}
	s, err := script.ParseResponse(to.format, r.Data)
	if err != nil || len(s.Results) == 0 {
		b.t.Fatalf("script response %X: %v", r.Data, err)
	}
	return s.Results[len(s.Results)-1]
}

func (b *bench) event(kind string, c issue) Event {
	b.t.Helper()
	return b.events.wait(b.t, kind, func(e Event) bool { return e.Kind == kind && e.ICCID == c.iccid })
}

func (b *bench) receipts(operator string, state receipt.State, n int) {
	b.t.Helper()
	for range n {
		b.esmes[operator].receipts.wait(b.t, "receipt "+state.String(), func(r receipt.Receipt) bool { return r.State == state })
	}
}

func (b *bench) state(c issue) CardState {
	b.t.Helper()
	s, err := b.Card(b.t.Context(), c.iccid)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

var readIMSI = []sat.Command{sat.Select(0x6F07), sat.ReadBinary(0, 9)}

func efIMSI(imsi string) []byte {
	s := "9" + imsi
	b := []byte{8}
	for i := 0; i < len(s); i += 2 {
		b = append(b, s[i]-'0'|(s[i+1]-'0')<<4)
	}
	return b
}

// switching are the commands that give a card its second identity.
func switching(c issue) []sat.Command {
	size := 38
	if c.cardType == "difficult" {
		size = 28
	}
	smsp := bytes.Repeat([]byte{0xFF}, size)
	smsp[size-28] = 0xFD // TP-SC address is there: +5511900000001
	copy(smsp[size-15:], []byte{8, 0x91, 0x55, 0x11, 0x09, 0x00, 0x00, 0x00, 0xF1})
	return []sat.Command{
		sat.Select(0x6F42), sat.UpdateRecord(1, smsp),
		sat.Select(0x6F07), sat.UpdateBinary(0, efIMSI(c.subscriptions[1].imsi)),
	}
}
