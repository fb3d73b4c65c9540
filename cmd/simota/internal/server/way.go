package server

import (
	"context"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
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
		out[i], at[m.Submission] = route.Message{Message: message(m, source), Class: route.Class(m.Class)}, i
	}
	for _, m := range w.Way.Submit(out) {
		left = append(left, batch[at[m.ID]])
	}
	return left
}

// message is a short message before its link dresses it.
func message(m delivery.Message, source catalog.SourceAddress) smpp.Message {
	s := smpp.Message{
		ID: m.Submission, UserData: m.UserData, UDHI: true, Validity: m.Validity,
		Source: address(m.Source), Destination: address(m.Destination),
	}
	switch {
	case m.Card:
		s.ProtocolID = forCard
	case m.Text != "":
		s.ProtocolID = forReader
		s.UDHI = m.Text == ledger.TextGSMHeader || m.Text == ledger.TextUCS2Header
		if m.Text == ledger.TextUCS2 || m.Text == ledger.TextUCS2Header {
			s.DataCoding = ucs2
		}
	}
	if m.Source == source.Number {
		s.Source.TON, s.Source.NPI = source.TON, source.NPI
	}
	return s
}

// address reads a number; one that is none is refused by the SMSC, not by us.
func address(s string) smpp.Address {
	a, err := smpp.ParseAddress(s)
	if err != nil {
		return smpp.Address{Number: s}
	}
	return a
}

// operatorBook knows the operators' files. The store keeps them in memory.
type operatorBook struct {
	read func(ctx context.Context, name string) (catalog.Operator, error)
}

// get is an operator, one without links when it cannot be read: what is for it
// waits then.
func (b *operatorBook) get(name string) catalog.Operator {
	const patience = time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	o, err := b.read(ctx, name)
	if err != nil {
		return catalog.Operator{}
	}
	return o
}

// links are the names of an operator's links.
func (b *operatorBook) links(name string) []string { return b.get(name).Links }
