package route

import (
	"slices"

	"github.com/simota/simota/smpp"
)

// Way is the way to one operator, over one or several lanes. It has one user: the outbox of the operator.
type Way struct {
	table    *Table
	operator string
	ready    chan struct{}
	lanes    []*Lane       // as of the last look
	turns    map[*Lane]int // of the weighted round robin
}

// Ready has a value when messages that were not taken may be taken now.
func (w *Way) Ready() <-chan struct{} { return w.ready }

// Room is how many messages could be taken now: of class [Confirm], and of any other.
func (w *Way) Room() (confirm, other int) {
	w.look()
	for _, c := range w.choices(false) {
		confirm += max(c.confirm, 0)
		other += max(c.other, 0)
	}
	return confirm, other
}

// look learns the operator's lanes anew.
func (w *Way) look() {
	now := w.table.lanesOf(w.operator)
	for _, l := range w.lanes {
		if !slices.Contains(now, l) {
			l.leave(w.ready)
			delete(w.turns, l)
		}
	}
	for _, l := range now {
		l.join(w.ready)
	}
	w.lanes = now
}

// choice is a lane that can take messages now.
type choice struct {
	lane           *Lane
	confirm, other int // room
	weight         int
	trial          bool // for one message, which goes here whatever the weights
	batch          []smpp.Message
}

// has reports whether there is room for a message of the class.
func (c *choice) has(class Class) bool {
	return class == Confirm && c.confirm > 0 || c.other > 0
}

// choices are the lanes to use now: those that are well, and with them one trial message for each that is sick;
// those that stand by when none is well; the sick ones when there is nothing else.
func (w *Way) choices(take bool) []*choice {
	var active, standby, trials, sickened []*choice
	for _, l := range w.lanes {
		if !l.link.Status().Bound {
			continue
		}
		c := &choice{lane: l, weight: max(l.cfg.Weight, 1)}
		c.confirm, c.other = l.room()
		switch l.standing(take) {
		case trial:
			one := *c
			one.confirm, one.other, one.trial = min(c.confirm, 1), min(c.other, 1), true
			trials, sickened = append(trials, &one), append(sickened, c)
		case sick:
			sickened = append(sickened, c)
		case well:
			if l.cfg.Weight == 0 {
				standby = append(standby, c)
				continue
			}
			active = append(active, c)
		}
	}
	switch {
	case len(active) > 0:
		return append(active, trials...)
	case len(standby) > 0:
		return append(standby, trials...)
	}
	return sickened
}

// Submit hands messages over and returns those that no link could take now; they were not written. It never
// waits. Messages to one destination keep their order: one that is left holds back what follows it.
func (w *Way) Submit(ms []Message) (left []Message) {
	w.look()
	p := picker{way: w, choices: w.choices(true), picked: map[string]*choice{}}
	byID := make(map[int64]Message, len(ms))
	for _, m := range ms {
		c := p.pick(m)
		if c == nil {
			left = append(left, m)
			continue
		}
		c.confirm--
		c.other--
		c.batch = append(c.batch, m.Message)
		byID[m.ID] = m
	}
	for _, c := range p.choices {
		for _, m := range w.hand(c) {
			left = append(left, byID[m.ID])
		}
	}
	return left
}

// hand gives a lane its batch and returns what it did not take.
func (w *Way) hand(c *choice) []smpp.Message {
	if len(c.batch) == 0 {
		return nil
	}
	if len(w.lanes) == 1 {
		return c.lane.submit(c.batch)
	}
	w.table.fly(c.lane, c.batch) // before a result can come
	left := c.lane.submit(c.batch)
	w.table.land(left)
	return left
}

// picker chooses the lanes of one batch.
type picker struct {
	way     *Way
	choices []*choice
	picked  map[string]*choice // by destination; nil when a message to it is left
}

// pick is the lane of a message, nil when none has room: the one that has messages to its destination, else by weight.
func (p *picker) pick(m Message) *choice {
	number := m.Destination.Number
	c, fixed := p.picked[number]
	if !fixed {
		c = p.flying(number)
		fixed = c != nil
	}
	switch {
	case !fixed:
		c = p.way.next(p.choices, m.Class)
	case c != nil && !c.has(m.Class):
		c = nil
	}
	p.picked[number] = c
	return c
}

// flying is the choice on which messages to the number are under way. When that lane is down or sick, what
// is under way there is lost or late, and another one serves.
func (p *picker) flying(number string) *choice {
	if len(p.way.lanes) == 1 {
		return nil
	}
	l := p.way.table.flying(number)
	for _, c := range p.choices {
		if c.lane == l {
			return c
		}
	}
	return nil
}

// next is the smooth weighted round robin: of weights 2 and 1 it makes a b a, not a a b. A trial comes first, or a
// link of little weight would hardly ever be found well; a message that cannot wait is one by its turn only.
func (w *Way) next(choices []*choice, class Class) (best *choice) {
	if i := slices.IndexFunc(choices, func(c *choice) bool { return c.trial && class != Confirm && c.has(class) }); i >= 0 {
		return choices[i]
	}
	total := 0
	for _, c := range choices {
		if !c.has(class) {
			continue
		}
		total += c.weight
		w.turns[c.lane] += c.weight
		if best == nil || w.turns[c.lane] > w.turns[best.lane] {
			best = c
		}
	}
	if best != nil {
		w.turns[best.lane] -= total
	}
	return best
}
