package smscsim

import (
	"slices"
	"sync"
	"time"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// Editor is a [Network] whose waiting messages can be changed. Without it cancel_sm and replace_sm are refused.
// Its methods are called on the goroutine that reads the session and report whether the message was still there.
type Editor interface {
	// Cancel takes a message back; the server answers for it as deleted.
	Cancel(number uint64, destination smpp.Address) bool
	// Replace puts another content in the place of a message's.
	Replace(number uint64, destination smpp.Address, r Replacement) bool
}

// Replacement is what a replace_sm changes (SMPP 3.4, 4.10.1).
type Replacement struct {
	UserData           []byte
	Validity           time.Duration // from now; 0 leaves it as it was
	RegisteredDelivery byte
}

// record is what the server remembers of a message.
type record struct {
	number              uint64
	id, system, service string
	source, destination smpp.Address
	reference           []byte // user_message_reference
	state               receipt.State
	code                byte // error_code
	done                time.Time
}

// store remembers the latest messages.
type store struct {
	mu   sync.Mutex
	ring []*record          // by number modulo its length
	byID map[string]*record // the latest with this id
}

func newStore(size int) *store {
	return &store{ring: make([]*record, size), byID: map[string]*record{}}
}

func (s *store) add(m Submitted) {
	reference, _ := m.TLV(tagReference)
	r := &record{number: m.Number, id: m.MessageID, system: m.System, service: m.ServiceType, source: m.Source, destination: m.Destination,
		reference: reference, state: receipt.Enroute}
	s.mu.Lock()
	defer s.mu.Unlock()
	place := &s.ring[m.Number%uint64(len(s.ring))]
	if old := *place; old != nil && s.byID[old.id] == old {
		delete(s.byID, old.id)
	}
	*place = r
	s.byID[r.id] = r
}

// get finds a message by its number. The caller holds mu.
func (s *store) get(number uint64) *record {
	if r := s.ring[number%uint64(len(s.ring))]; r != nil && r.number == number {
		return r
	}
	return nil
}

func (s *store) number(id string) (uint64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.byID[id]; r != nil {
		return r.number, true
	}
	return 0, false
}

// sender is who a receipt goes to, and the reference it knows its message by; other is for one forgotten.
func (s *store) sender(number uint64, other smpp.Address) (source smpp.Address, reference []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.get(number); r != nil {
		return r.source, r.reference
	}
	return other, nil
}

// find is a copy of the account's message of this id.
func (s *store) find(system, id string) (record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.byID[id]; r != nil && r.system == system {
		return *r, true
	}
	return record{}, false
}

// waiting lists the numbers of the account's messages that a cancel_sm without id means, by age.
func (s *store) waiting(like record) []record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []record
	for _, r := range s.ring {
		if r != nil && !r.state.Final() && r.system == like.system && r.source == like.source && r.destination == like.destination &&
			(like.service == "" || r.service == like.service) {
			all = append(all, *r)
		}
	}
	slices.SortFunc(all, func(a, b record) int { return int(int64(a.number - b.number)) })
	return all
}

// Settle says what has become of the message of this number, for query_sm and its like. A message has one final
// state; what is said after that, or of a message that is forgotten, changes nothing.
func (s *Server) Settle(number uint64, state receipt.State, code byte) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if r := s.store.get(number); r != nil && !r.state.Final() {
		r.state, r.code = state, code
		if state.Final() {
			r.done = time.Now()
		}
	}
}

// change answers query_sm, cancel_sm and replace_sm (SMPP 3.4, 4.8 to 4.10).
func (c *session) change(command smpp.Command, b []byte) (body []byte, status uint32) {
	p := &parser{b: b}
	switch command {
	case smpp.QuerySM:
		return c.query(p)
	case smpp.CancelSM:
		return nil, c.cancel(p)
	}
	return nil, c.replace(p)
}

func (c *session) query(p *parser) ([]byte, uint32) {
	id, source := p.text(maxField, smpp.StatusInvalidMessageID), p.source(maxNumber+1)
	r, status := c.found(p, id, source, smpp.StatusQueryFailed)
	if status != smpp.StatusOK {
		return nil, status
	}
	body := append([]byte(r.id), 0)
	if r.state.Final() {
		body = append(body, r.done.UTC().Format("060102150405")+"000+"...)
	}
	return append(body, 0, byte(r.state), r.code), smpp.StatusOK
}

// found is the message that a request names, which must have been taken whole.
func (c *session) found(p *parser, id string, source smpp.Address, mismatch uint32) (record, uint32) {
	p.check(len(p.b) == 0 || c.version >= version34, smpp.StatusInvalidLength)
	if p.status != smpp.StatusOK {
		return record{}, p.status
	}
	r, ok := c.srv.store.find(c.name(), id)
	switch {
	case !ok:
		return r, smpp.StatusInvalidMessageID
	case r.source.Number != source.Number:
		return r, mismatch
	}
	return r, smpp.StatusOK
}

func (c *session) cancel(p *parser) uint32 {
	like := record{system: c.name(), service: p.text(6, smpp.StatusInvalidServiceType)}
	id := p.text(maxField, smpp.StatusInvalidMessageID)
	like.source, like.destination = p.source(maxNumber+1), p.destination(maxNumber+1)
	var all []record
	if id == "" && p.status == smpp.StatusOK {
		all = c.srv.store.waiting(like)
	} else {
		r, status := c.found(p, id, like.source, smpp.StatusCancelFailed)
		if status != smpp.StatusOK {
			return status
		}
		if like.destination.Number != "" && like.destination.Number != r.destination.Number || r.state.Final() {
			return smpp.StatusCancelFailed
		}
		all = append(all, r)
	}
	editor, ok := c.srv.cfg.Network.(Editor)
	cancelled := 0
	for _, r := range all {
		if ok && editor.Cancel(r.number, r.destination) {
			c.srv.Settle(r.number, receipt.Deleted, 0)
			cancelled++
		}
	}
	if cancelled == 0 {
		return smpp.StatusCancelFailed
	}
	return smpp.StatusOK
}

func (c *session) replace(p *parser) uint32 {
	now := time.Now()
	id, source := p.text(maxField, smpp.StatusInvalidMessageID), p.source(maxNumber+1)
	p.time(smpp.StatusInvalidSchedule, now)
	r := Replacement{Validity: p.time(smpp.StatusInvalidValidity, now), RegisteredDelivery: p.registered()}
	p.octet() // sm_default_msg_id
	r.UserData = append([]byte(nil), p.short()...)
	found, status := c.found(p, id, source, smpp.StatusReplaceFailed)
	if status != smpp.StatusOK {
		return status
	}
	if editor, ok := c.srv.cfg.Network.(Editor); !ok || found.state.Final() || !editor.Replace(found.number, found.destination, r) {
		return smpp.StatusReplaceFailed
	}
	return smpp.StatusOK
}
