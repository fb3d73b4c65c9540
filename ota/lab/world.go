package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/simota/simota/ota/lab/device"
	"github.com/simota/simota/ota/lab/uicc"
)

// World is a simulated world. All methods may be called from any goroutine.
type World struct {
	cfg      Config
	types    map[string]cardType
	began    time.Time // when it was made, see now
	log      *slog.Logger
	ctx      context.Context // of the run
	cancel   context.CancelFunc
	work     sync.WaitGroup
	logs     *logs
	feed     *feed               // nil for none
	aaa      *accounting         // nil for none
	networks map[string]*network // by name
	bySMSC   map[string]*network
	all      []*subscriber // in the order of the card file
	byICCID  map[string]*subscriber
	slots    slots
	ready    chan struct{}
	started  sync.Once

	playing sync.Mutex // guards stop
	stop    func()     // ends the scenario that plays
}

// New makes a world from its configuration and card file; nothing happens before Run. log may be nil.
func New(cfg Config, log *slog.Logger) (*World, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	w := &World{
		cfg: cfg, began: time.Now(), log: log, logs: &logs{}, ready: make(chan struct{}),
		networks: map[string]*network{}, bySMSC: map[string]*network{}, byICCID: map[string]*subscriber{},
		slots: slots{cards: map[string]*subscriber{}, empty: map[string]device.Body{}},
	}
	if w.types, err = cfg.cardTypes(func(Personality) bool { return true }); err != nil {
		return nil, err
	}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	if w.feed, err = newFeed(cfg.Feed, log); err != nil {
		return nil, err
	}
	w.aaa = newAccounting(cfg.RADIUS, log)
	for _, o := range cfg.Operators {
		n := newNetwork(w, o)
		w.networks[o.Name], w.bySMSC[o.SMSC] = n, n
	}
	return w, w.populate()
}

// populate makes the devices of the card file.
func (w *World) populate() error {
	data := w.cfg.CardData
	if data == nil {
		var err error
		if data, err = os.ReadFile(w.cfg.Cards); err != nil {
			return fmt.Errorf("lab: card file: %w", err)
		}
	}
	cards, err := parseCards(data)
	if err != nil {
		return err
	}
	var iccids []string
	multiIMSI := map[string]bool{}
	for _, c := range cards {
		iccids = append(iccids, c.iccid)
		multiIMSI[c.iccid] = w.types[c.cardType].has(uicc.KindMultiIMSI)
	}
	roles, err := w.cfg.Faults.cast(w.cfg.Seed, iccids, multiIMSI)
	if err != nil {
		return err
	}
	imsis := map[string]bool{}
	for _, c := range cards {
		s, err := w.subscriber(c, roles[c.iccid])
		if err != nil {
			return fmt.Errorf("lab: card file line %d: %w", c.line, err)
		}
		for _, sub := range s.subscriptions {
			if imsis[sub.imsi] {
				return fmt.Errorf("lab: card file line %d: IMSI %s is there twice", c.line, sub.imsi)
			}
			imsis[sub.imsi] = true
		}
		w.all = append(w.all, s)
		w.byICCID[c.iccid] = s
	}
	return nil
}

func (w *World) subscriber(c issue, r role) (*subscriber, error) {
	s := &subscriber{
		mailbox: newMailbox(), world: w, iccid: c.iccid, role: r, judge: newJudge(w.cfg.Seed, c.iccid, &w.cfg.Faults),
		timers: map[*timer]bool{}, repeats: map[int]*repeat{}, absence: -1,
		sessions: lane{group: &w.work}, accounts: lane{group: &w.work},
	}
	if at, times, ok := s.judge.absence(); ok {
		s.absence, s.absentFor = at, time.Duration(times*float64(w.cfg.Faults.AbsentFor))
	}
	for i, k := range c.subscriptions {
		n, ok := w.networks[k.operator]
		if !ok {
			return nil, fmt.Errorf("operator %q is not among those of the world", k.operator)
		}
		sub := &subscription{contract: k, network: n, owner: s, first: i == 0}
		number := strings.TrimPrefix(k.msisdn, "+")
		if n.numbers[number] != nil {
			return nil, fmt.Errorf("MSISDN %s is there twice at %s", k.msisdn, n.Name)
		}
		n.numbers[number] = sub
		s.subscriptions = append(s.subscriptions, sub)
	}
	card, err := w.card(c, s)
	if err != nil {
		return nil, err
	}
	cfg := w.cfg.deviceConfig(c.imei)
	cfg.APN, cfg.IgnoresRefresh = s.subscriptions[0].network.preset(), r == ignoresRefresh
	if c.noCP || r == ignoresCP {
		cfg.Client = device.None
	}
	body, err := device.NewBody(cfg)
	if err != nil {
		return nil, err
	}
	s.device = body.Insert(card)
	w.slots.cards[deviceKey(c.imei)] = s
	return s, nil
}

func (w *World) card(c issue, s *subscriber) (*uicc.Card, error) {
	t, ok := w.types[c.cardType]
	if !ok {
		return nil, fmt.Errorf("card type %q is not among card_types", c.cardType)
	}
	if s.role == undoes {
		t.profile.MultiIMSI.WithService = undoAfter
	}
	return t.card(c, s.subscriptions, func(e uicc.LogEntry) {
		e.At, e.ICCID = time.Now(), c.iccid // not the world's time, and not the ICCID of a profile
		w.logs.card.write(e)
	})
}

// Run opens the networks and lives until ctx ends. It can be called once.
func (w *World) Run(ctx context.Context) (err error) {
	first := false
	w.started.Do(func() { first = true })
	if !first {
		return errors.New("lab: a world runs once")
	}
	if w.logs, err = openLogs(w.cfg.Logs); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, w.cancel)()
	defer func() { err = errors.Join(err, w.close()) }()
	for _, n := range w.networks {
		if err := n.listen(); err != nil {
			return err
		}
	}
	for _, s := range w.all {
		s.begin()
		w.work.Go(func() { s.run(w.ctx) })
	}
	if err := w.control(); err != nil {
		return err
	}
	if err := w.Play(w.cfg.Scenario); err != nil {
		return err
	}
	close(w.ready)
	<-w.ctx.Done()
	return nil
}

func (n *network) listen() error {
	addr := n.Listen
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	if err := n.server.Listen(addr); err != nil {
		return fmt.Errorf("lab: operator %s: %w", n.Name, err)
	}
	return nil
}

func (w *World) close() error {
	w.cancel()
	var errs []error
	for _, n := range w.networks {
		errs = append(errs, n.server.Close())
	}
	w.work.Wait()
	return errors.Join(append(errs, w.logs.close())...)
}

// Ready is closed when all networks listen and all devices are attached.
func (w *World) Ready() <-chan struct{} { return w.ready }

// Addr is the TCP address of an operator's SMSC; empty before Ready or for a name the world does not have.
func (w *World) Addr(operator string) string {
	if n := w.networks[operator]; n != nil {
		return n.server.Addr()
	}
	return ""
}

// real is a duration of the world in real time.
func (w *World) real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / w.cfg.Speed)
}

// later calls f on another goroutine after so much real time, at once if that is none.
func (w *World) later(d time.Duration, f func()) {
	if d <= 0 {
		f()
		return
	}
	time.AfterFunc(d, f)
}

func (w *World) event(e Event) {
	if w.logs.world.file == nil && w.cfg.Observe == nil {
		return
	}
	e.At = time.Now()
	w.logs.world.write(e)
	if w.cfg.Observe != nil {
		w.cfg.Observe(e)
	}
}
