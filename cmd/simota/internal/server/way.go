package server

import (
	"context"
	"sync"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/route"
)

// way is the desk's way to an operator.
type way struct {
	*route.Way
	operator string
	book     *operatorBook
}

// Submit turns short messages into submit_sm and hands them to the router.
func (w *way) Submit(batch []delivery.Message) (left []delivery.Message) {
	source := w.book.get(w.operator).SourceAddress
	out, at := make([]route.Message, len(batch)), make(map[int64]int, len(batch))
	for i, m := range batch {
		s := smpp.Message{
			ID: m.Submission, UserData: m.UserData, UDHI: true, Validity: m.Validity,
			Source: address(m.Source), Destination: address(m.Destination),
		}
		if m.Card {
			s.ProtocolID = forCard
		}
		if m.Source == source.Number {
			s.Source.TON, s.Source.NPI = source.TON, source.NPI
		}
		out[i], at[m.Submission] = route.Message{Message: s, Class: route.Class(m.Class)}, i
	}
	for _, m := range w.Way.Submit(out) {
		left = append(left, batch[at[m.ID]])
	}
	return left
}

// address reads a number; one that is none is refused by the SMSC, not by us.
func address(s string) smpp.Address {
	a, err := smpp.ParseAddress(s)
	if err != nil {
		return smpp.Address{Number: s}
	}
	return a
}

// operatorFresh is how soon a changed operator file counts.
const operatorFresh = time.Second

// operatorBook knows the operators' files, as of the last second.
type operatorBook struct {
	read func(ctx context.Context, name string) (catalog.Operator, error)

	mu    sync.Mutex
	known map[string]knownOperator
}

type knownOperator struct {
	catalog.Operator
	at time.Time
}

// get is an operator, the last known when it cannot be read, else one without links.
func (b *operatorBook) get(name string) catalog.Operator {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.known[name]
	if time.Since(k.at) < operatorFresh {
		return k.Operator
	}
	ctx, cancel := context.WithTimeout(context.Background(), operatorFresh)
	defer cancel()
	if o, err := b.read(ctx, name); err == nil {
		k.Operator = o
	}
	k.at = time.Now()
	if b.known == nil {
		b.known = map[string]knownOperator{}
	}
	b.known[name] = k
	return k.Operator
}

// links are the names of an operator's links.
func (b *operatorBook) links(name string) []string { return b.get(name).Links }
