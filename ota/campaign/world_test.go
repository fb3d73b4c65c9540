package campaign_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/catalog/vault"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/cp/content"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// world is two networks, some cards in phones, and an engine on a real
// database. The networks are as small as can be: package lab has real ones.
type world struct {
	t      testing.TB
	db     *sqlite.DB
	vault  *vault.Vault
	engine *campaign.Engine
	desk   *delivery.Desk
	nets   map[string]*network
	phones map[string]*phone // by MSISDN, both
	speed  float64
	poll   time.Duration  // of until; 0 is 20 ms
	bg     sync.WaitGroup // PDUs on their way
	stop   func()
}

// phone is a card and the number that is alive in it.
type phone struct {
	mu       sync.Mutex
	card     *uicc.Card
	numbers  map[string]string // IMSI -> MSISDN
	attached string            // IMSI; the phone keeps it until it refreshes
	joiner   *sms.Joiner
	applied  []content.Content
	texts    []string
	pushed   []byte                        // the last push that came whole
	pin      string                        // typed by its user; without one it takes what the network signed
	deaf     bool                          // ignores REFRESH
	mute     func(m delivery.Message) bool // the message never arrives

	silentFrom string // once the card has the new IMSI, answers from numbers that begin so are lost
}

type network struct {
	w     *world
	name  string
	imsis string // prefix of its subscribers
	next  int
	queue chan delivery.Message
	full  atomic.Bool        // takes nothing
	held  []delivery.Message // for phones that are elsewhere
}

func (n *network) Room() (confirm, other int) {
	if n.full.Load() {
		return 0, 0
	}
	return 100, 100
}
func (n *network) Ready() <-chan struct{} { return nil }
func (n *network) Submit(ms []delivery.Message) (left []delivery.Message) {
	for _, m := range ms {
		n.queue <- m
	}
	return nil
}

func (n *network) run(ctx context.Context) {
	retry := time.NewTicker(5 * time.Millisecond)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-n.queue:
			n.next++
			id := fmt.Sprintf("%x", n.next)
			accepted := delivery.Result{Submission: m.Submission, Outcome: delivery.Accepted, MessageID: id, At: time.Now()}
			n.w.bg.Go(func() { n.w.desk.Results(context.WithoutCancel(ctx), n.name, []delivery.Result{accepted}) })
			m.Submission = int64(n.next) // from here on: the id for the receipt
			n.held = append(n.held, m)
		case <-retry.C:
		}
		n.deliver(ctx)
	}
}

// deliver brings what can be brought.
func (n *network) deliver(ctx context.Context) {
	var left []delivery.Message
	for _, m := range n.held {
		p := n.w.phones[m.Destination]
		if p == nil {
			left = append(left, m)
			continue
		}
		p.mu.Lock()
		here := p.numbers[p.attached] == m.Destination && (p.mute == nil || !p.mute(m))
		var out []uicc.OutgoingSMS
		var refresh, lost bool
		from := m.Destination
		if here {
			out, refresh = p.take(m)
			lost = p.silentFrom != "" && strings.HasPrefix(from, p.silentFrom) && p.card.IMSI()[:5] == "99970"
		}
		p.mu.Unlock()
		if !here {
			left = append(left, m)
			continue
		}
		text := fmt.Sprintf("id:%x sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:", m.Submission)
		if lost {
			out = nil
		}
		n.w.bg.Go(func() {
			n.w.incoming(ctx, n.name, m.Destination, m.Source, 0x04, []byte(text))
			for _, o := range out {
				n.w.incoming(ctx, n.name, from, o.Destination, 0x40, o.UserData)
			}
		})
		if refresh {
			p.mu.Lock()
			p.attached = p.card.IMSI()
			p.mu.Unlock()
		}
	}
	n.held = left
}

// take is the phone receiving a message.
func (p *phone) take(m delivery.Message) (out []uicc.OutgoingSMS, refresh bool) {
	if m.Card {
		a := p.card.Download(m.Source, 0x7F, 0xF6, m.UserData, time.Now())
		return a.Submit, a.Refresh != nil && !p.deaf
	}
	if m.Text != "" {
		p.texts = append(p.texts, string(m.UserData))
		return nil, false
	}
	ud, err := sms.ParseUserData(m.UserData)
	if err != nil {
		return nil, false
	}
	payload, _, complete, err := p.joiner.Add(m.Source, ud, time.Now())
	if err != nil || !complete {
		return nil, false
	}
	p.pushed = payload
	msg, err := cp.ParsePush(payload)
	if err != nil {
		return nil, false
	}
	key, err := cp.NetworkPIN(p.card.IMSI())
	if p.pin != "" {
		key, err = cp.UserPIN(p.pin)
	}
	if err != nil || !msg.Verify(key) {
		return nil, false
	}
	if doc, err := cp.ParseWBXML(msg.Body); err == nil {
		if c, err := content.Parse(doc); err == nil {
			p.applied = append(p.applied, c)
		}
	}
	return nil, false
}

func (w *world) incoming(ctx context.Context, link, from, to string, esm byte, ud []byte) {
	body := []byte{0}
	body = append(body, 1, 1)
	body = append(append(body, from[1:]...), 0)
	body = append(body, 1, 1)
	body = append(append(body, to[1:]...), 0)
	body = append(body, esm, 0, 0, 0, 0, 0, 0, 4, 0, byte(len(ud)))
	body = append(body, ud...)
	pdu := smpp.AppendFrame(nil, smpp.DeliverSM, 0, 1, body)
	if len(pdu) != int(binary.BigEndian.Uint32(pdu)) {
		w.t.Error("bad frame")
	}
	for _, err := range w.desk.Receive(ctx, link, [][]byte{pdu}) {
		if err != nil && ctx.Err() == nil {
			w.t.Error(err)
		}
	}
}

func parse(_ string, pdu []byte) (delivery.Incoming, error) {
	d, err := smpp.ParseDelivery(pdu)
	return delivery.Incoming{
		Source: d.Source.String(), Destination: d.Destination.String(), ESMClass: d.ESMClass, UserData: d.UserData,
		ReceiptedID: d.ReceiptedMessageID, MessageState: d.MessageState, NetworkError: d.NetworkErrorCode,
	}, err
}

var operators = []catalog.Operator{
	{
		Name: "nordvik", PLMNs: []string{"99940"}, Links: []string{"nordvik-1"}, SMSC: "+4790000001",
		SourceAddress: catalog.SourceAddress{Number: "+4759990000", TON: 1, NPI: 1},
	},
	{
		Name: "aurora", PLMNs: []string{"99970"}, Links: []string{"aurora-1"}, SMSC: "+5511900000001",
		SourceAddress: catalog.SourceAddress{Number: "+5511900009999", TON: 1, NPI: 1},
		APNs: []catalog.APN{
			{Purpose: "internet", Name: "m2m.aurora.example", Auth: "chap", User: "meter", Secret: "meter"},
			{Purpose: "mms", Name: "mms.aurora.example", MMSC: "http://mms.aurora.example/", Proxy: "10.0.0.10:8080"},
		},
	},
}

var cardTypes = []catalog.CardType{
	{
		Name: "sja2", Technique: "rfm", Keys: catalog.KeyAlgorithms{KIc: "3des-2", KID: "3des-2", CCLength: 8}, SPI: "1639",
		TARs:    map[string]catalog.Target{"usim-rfm": {TAR: "B00011", Format: "compact", MSL: "16", Start: "adf-usim"}},
		Refresh: "card", MaxParts: 5,
	},
	{
		Name: "sja5", Technique: "rfm", Keys: catalog.KeyAlgorithms{KIc: "aes-128", KID: "aes-128", CCLength: 8}, SPI: "1639",
		TARs: map[string]catalog.Target{
			"usim-rfm-expanded": {TAR: "B00141", Format: "expanded", MSL: "16", Start: "adf-usim"},
		},
		Refresh: "immediate", MaxParts: 5,
	},
}

func newWorld(t testing.TB, cards int, speed float64) *world {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &world{t: t, nets: map[string]*network{}, phones: map[string]*phone{}, speed: speed}
	db, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "simota.db"), sqlite.Options{Node: "test"})
	if err != nil {
		t.Fatal(err)
	}
	w.db = db
	kek, err := vault.CreateKEK(filepath.Join(t.TempDir(), "simota.key"))
	if err != nil {
		t.Fatal(err)
	}
	v := vault.New(kek)
	w.vault = v
	for _, o := range operators {
		if err := db.PutOperator(ctx, "test", o); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range cardTypes {
		if err := db.PutCardType(ctx, "test", c); err != nil {
			t.Fatal(err)
		}
	}
	w.insert(ctx, v, cards)
	links := map[string]delivery.Connection{}
	for name, prefix := range map[string]string{"nordvik-1": "99940", "aurora-1": "99970", "polar-1": "99943"} {
		n := &network{w: w, name: name, imsis: prefix, queue: make(chan delivery.Message, 1000)}
		w.nets[name] = n
		links[name] = delivery.Connection{IDScope: name, ResponseBase: receipt.Hex, ReceiptBase: receipt.Hex}
	}
	log := zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	w.engine = campaign.New(campaign.Config{Store: db, Links: []string{"nordvik-1", "aurora-1", "polar-1"}, Node: "test", Speed: speed, Log: log})
	w.desk = delivery.New(delivery.Config{
		Store: db, Keys: v, Links: links, Ways: func(operator string) delivery.Way { return w.nets[operator+"-1"] }, Timing: delivery.Field().Faster(speed), Parse: parse, KeyAAD: vault.AAD,
		Wake: w.engine.Wake, Urgent: w.engine.WakeFirst, Notices: campaign.Notices(), Ran: swap.Ran, Types: db.CardType, Log: log,
	})
	w.engine.SetDesk(w.desk)
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.desk.Run(ctx) })
	wg.Go(func() { _ = w.engine.Run(ctx) })
	for _, n := range w.nets {
		wg.Go(func() { n.run(ctx) })
	}
	w.stop = sync.OnceFunc(func() { cancel(); wg.Wait(); w.bg.Wait(); _ = db.Close() })
	t.Cleanup(w.stop)
	return w
}

// insert makes cards of both types, on paper and in phones.
func (w *world) insert(ctx context.Context, v *vault.Vault, n int) {
	w.t.Helper()
	var entries []catalog.Entry
	for i := range n {
		typ, alg, profile := cardTypes[i%2], ota.TripleDES2, uicc.CompactTripleDES()
		if i%2 == 1 {
			alg, profile = ota.AES128, uicc.ExpandedAES()
		}
		iccid := fmt.Sprintf("89470100000000%05d", i)
		old, neu := fmt.Sprintf("9994000000%05d", i), fmt.Sprintf("9997000000%05d", i)
		oldN, newN := fmt.Sprintf("+47580%06d", i), fmt.Sprintf("+55119%08d", i)
		var raw [2][16]byte
		ks := catalog.Keyset{Version: 1, KIcAlg: alg.String(), KIDAlg: alg.String(), CCLength: 8, CheckValue: "test", Counter: 40}
		cardKeys := ota.Keyset{Version: 1, CCLength: 8}
		for k, into := range []*ota.Key{&cardKeys.KIc, &cardKeys.KID} {
			for j := range raw[k] {
				raw[k][j] = byte(i*31 + k*17 + j*7 + 1)
			}
			key, err := ota.NewKey(alg, raw[k][:])
			if err != nil {
				w.t.Fatal(err)
			}
			*into = key
		}
		var err1, err2 error
		ks.SealedKIc, ks.KEKID, err1 = v.Seal(vault.AAD(iccid, nil, 1, "kic"), raw[0][:])
		ks.SealedKID, _, err2 = v.Seal(vault.AAD(iccid, nil, 1, "kid"), raw[1][:])
		if err1 != nil || err2 != nil {
			w.t.Fatal(err1, err2)
		}
		entries = append(entries, catalog.Entry{
			Card: catalog.Card{ICCID: iccid, Type: typ.Name, Country: "BR", Tags: []string{"meter"}, IMEI: fmt.Sprintf("35693803%07d", i)},
			Subscriptions: []catalog.Subscription{
				{Slot: 1, IMSI: old, MSISDN: oldN, Operator: "nordvik"}, {Slot: 2, IMSI: neu, MSISDN: newN, Operator: "aurora"},
			},
			Keysets: []catalog.Keyset{ks},
		})
		card, err := uicc.New(uicc.Config{
			Profile: profile, ICCID: iccid, IMSI: old, MSISDN: oldN, SMSC: "+4790000001",
			Keysets: []ota.Keyset{cardKeys}, Counters: map[byte]uint64{1: 40},
			Files: []uicc.File{{Name: "7FFF/6FA1", Size: 6, Data: []byte{0xFF}}}, // a vendor's own
		})
		if err != nil {
			w.t.Fatal(err)
		}
		p := &phone{card: card, numbers: map[string]string{old: oldN, neu: newN}, attached: old, joiner: sms.NewJoiner(4, time.Hour)}
		w.phones[oldN], w.phones[newN] = p, p
	}
	if _, err := w.db.Import(ctx, "test", entries); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) start(yaml string) string {
	w.t.Helper()
	c, err := w.engine.Create(w.t.Context(), "test", []byte(yaml))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.engine.Start(w.t.Context(), "test", c.Name); err != nil {
		w.t.Fatal(err)
	}
	return c.Name
}

// until polls the campaign until its counts are as wished. A world that does
// not get there is shown and fails.
func (w *world) until(name string, want func(ledger.Counts) bool) ledger.Counts {
	w.t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(cmp.Or(w.poll, 20*time.Millisecond))
	defer tick.Stop()
	for {
		c, err := w.db.Campaign(w.t.Context(), name)
		if err != nil {
			w.t.Fatal(err)
		}
		counts, err := w.db.Counts(w.t.Context(), c.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		if want(counts) {
			return counts
		}
		select {
		case <-deadline:
			w.show(c.ID)
			w.t.Fatalf("campaign stands at %+v", counts)
		case <-tick.C:
		}
	}
}

// each changes every phone.
func (w *world) each(fn func(*phone)) {
	for number, p := range w.phones {
		if strings.HasPrefix(number, "+47") {
			p.mu.Lock()
			fn(p)
			p.mu.Unlock()
		}
	}
}

// law asks the database whether a law was broken.
func (w *world) law() {
	w.t.Helper()
	r, err := w.db.Check(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if !r.OK() {
		w.t.Errorf("%+v", r)
	}
}

func (w *world) show(campaignID int64) {
	rows, _ := w.db.Targets(w.t.Context(), campaignID, nil, 0, 4)
	for _, r := range rows {
		d, _ := w.db.Dossier(w.t.Context(), r.ID)
		w.t.Logf("%s %s %q due %v", r.ICCID, r.State, r.Cause, r.DueAt)
		for _, e := range d.Evidence() {
			w.t.Logf("   %s %s step %d try %d %s c%d part %d/%d %s %s st %02x auth %v complete %v sw %s %s", e.SeenAt.Format("05.000"), e.Kind,
				e.Body.Step, e.Body.Try, e.Body.Label, e.Counter, e.Body.Part, e.Body.Parts, e.Body.Number, e.Body.State, e.Body.Status,
				e.Body.Authenticated, e.Body.Complete, e.Body.SW, e.Body.Text+hex.EncodeToString(e.Body.Data))
		}
		for _, a := range d.Attempts {
			w.t.Logf("   attempt %d %s step %d try %d outcome %q", a.ID, a.Kind, a.Step, a.Try, a.Outcome)
		}
	}
}
