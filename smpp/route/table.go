package route

import (
	"context"
	"slices"
	"sync"

	"github.com/simota/simota/smpp"
)

// Class says how long a message can wait.
type Class byte

// Classes, the most patient first.
const (
	Campaign    Class = iota
	Interactive       // a person waits for it
	Confirm           // an eUICC rolls back without it: reserved slots and tokens are for this
)

// Message is a message with its class.
type Message struct {
	smpp.Message
	Class Class
}

// Table knows all lanes, and what is under way on them.
type Table struct {
	links func(operator string) []string
	lanes map[string]*Lane

	mu      sync.Mutex
	ways    map[string]*Way
	flights map[string]flight // by destination, on operators with several links
	numbers map[int64]string  // destination of a message under way
}

// flight is what is under way to a destination.
type flight struct {
	lane *Lane
	n    int
}

// New makes a table. links names the links of an operator, in any order; it is asked for every batch, so
// that an operator's links can change at any time. Names without a lane are passed over.
func New(lanes []*Lane, links func(operator string) []string) *Table {
	t := &Table{
		links: links, lanes: map[string]*Lane{}, ways: map[string]*Way{}, flights: map[string]flight{}, numbers: map[int64]string{},
	}
	for _, l := range lanes {
		t.lanes[l.cfg.Name] = l
	}
	return t
}

// Run wakes the ways whenever a link becomes ready, until ctx ends.
func (t *Table) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, l := range t.lanes {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					l.stop()
					return
				case <-l.link.Ready():
					l.wake()
				}
			}
		})
	}
	wg.Wait()
}

// Results weighs what became of messages of a link: for its rate, its health, and the order of what follows.
func (t *Table) Results(link string, rs []smpp.Result) {
	l := t.lanes[link]
	if l == nil {
		return
	}
	for _, r := range rs {
		l.result(r)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.numbers) == 0 {
		return
	}
	for _, r := range rs {
		t.landed(r.ID)
	}
}

// land ends the flights of messages that were not taken.
func (t *Table) land(ms []smpp.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range ms {
		t.landed(m.ID)
	}
}

// landed ends the flight of a message. The caller holds mu.
func (t *Table) landed(id int64) {
	number, ok := t.numbers[id]
	if !ok {
		return
	}
	delete(t.numbers, id)
	f := t.flights[number]
	if f.n--; f.n <= 0 {
		delete(t.flights, number)
		return
	}
	t.flights[number] = f
}

// Way is the way to an operator: the same one for every call.
func (t *Table) Way(operator string) *Way {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.ways[operator]
	if w == nil {
		w = &Way{table: t, operator: operator, ready: make(chan struct{}, 1), turns: map[*Lane]int{}}
		t.ways[operator] = w
	}
	return w
}

// flying is the lane on which messages to a destination are under way, nil when there are none.
func (t *Table) flying(number string) *Lane {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.flights[number].lane
}

// fly records messages under way.
func (t *Table) fly(l *Lane, ms []smpp.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range ms {
		f := t.flights[m.Destination.Number]
		t.flights[m.Destination.Number] = flight{lane: l, n: f.n + 1}
		t.numbers[m.ID] = m.Destination.Number
	}
}

// lanesOf are the operator's lanes that exist.
func (t *Table) lanesOf(operator string) (out []*Lane) {
	for _, name := range t.links(operator) {
		if l := t.lanes[name]; l != nil && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}
