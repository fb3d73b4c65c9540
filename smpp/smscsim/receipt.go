package smscsim

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// ReceiptForm says where receipts carry what they say. Zero leaves the choice to the [Config].
type ReceiptForm byte

const (
	// TextAndTLV writes both.
	TextAndTLV ReceiptForm = iota + 1
	// TextOnly writes the text of SMPP 3.4, appendix B.
	TextOnly
	// TLVOnly writes receipted_message_id, message_state and network_error_code and no text.
	TLVOnly
)

var receiptForms = words[ReceiptForm]{"both": TextAndTLV, "text": TextOnly, "tlv": TLVOnly}

// UnmarshalText reads both, text or tlv.
func (f *ReceiptForm) UnmarshalText(b []byte) error { return receiptForms.read(f, "receipt form", b) }

// MarshalText writes the word.
func (f ReceiptForm) MarshalText() ([]byte, error) { return receiptForms.write(f), nil }

// ReceiptOut is a delivery receipt to be sent.
type ReceiptOut struct {
	Number              uint64        // of Submitted; 0 takes it from MessageID, which must be as Config.ResponseIDs writes it
	MessageID           string        // of Submitted, unless Number is given
	Source, Destination smpp.Address  // of the message; the receipt swaps them
	State               receipt.State // required
	Err                 uint16        // network error code, 0 is none
	SubmittedAt, DoneAt time.Time     // written in UTC
	TLVs                []TLV         // further ones, such as a vendor's with a card's response packet
}

var statWords = map[receipt.State]string{
	receipt.Enroute: "ENROUTE", receipt.Delivered: "DELIVRD", receipt.Expired: "EXPIRED", receipt.Deleted: "DELETED",
	receipt.Undeliverable: "UNDELIV", receipt.Accepted: "ACCEPTD", receipt.Unknown: "UNKNOWN", receipt.Rejected: "REJECTD",
}

// How long a response waits for its early receipt, and a receipt for the one that is to overtake it.
const (
	earlyLimit   = 5 * time.Second
	reorderLimit = time.Second
)

// PostReceipt builds a receipt as the temper wants it and sends it like [Server.Post]; one that the temper loses
// counts as acknowledged. Acknowledged or refused, it releases a response held back for an EarlyReceipt.
// The message it is about is settled with its state, see [Server.Settle].
func (s *Server) PostReceipt(systemID string, r ReceiptOut, done func(status uint32, err error)) error {
	return s.postReceipt(systemID, r, &parcel{done: done})
}

// SendReceipt is PostReceipt that waits for the end, or for that of ctx.
func (s *Server) SendReceipt(ctx context.Context, systemID string, r ReceiptOut) (uint32, error) {
	a := s.accounts[systemID]
	if a == nil {
		return 0, noAccount(systemID)
	}
	p := &parcel{}
	return a.await(ctx, p, func() error { return s.postReceipt(systemID, r, p) })
}

func (s *Server) postReceipt(systemID string, r ReceiptOut, p *parcel) error {
	a := s.accounts[systemID]
	if a == nil {
		return noAccount(systemID)
	}
	if err := s.numbered(&r); err != nil {
		return err
	}
	t := s.tempers.Load().of(systemID)
	mo, err := s.receipt(t, r)
	if err != nil {
		return err
	}
	s.Settle(r.Number, r.State, byte(r.Err))
	done := p.done
	p.mo, p.done = mo, func(status uint32, err error) {
		s.RespondTo(r.Number)
		done(status, err)
	}
	if s.other.hits(t.Receipts.Lost) {
		p.done(smpp.StatusOK, nil)
		return nil
	}
	return s.dispatch(a, t, p)
}

// dispatch sends a receipt when its time has come.
func (s *Server) dispatch(a *account, t *Temper, p *parcel) error {
	send := func() error { return s.queue(a, t, p) }
	if s.other.hits(t.Receipts.Duplicated) {
		send = func() error {
			for range cmp.Or(t.Receipts.Copies, 2) - 1 {
				if err := s.queue(a, t, &parcel{mo: p.mo, done: func(uint32, error) {}}); err != nil {
					return err
				}
			}
			return s.queue(a, t, p)
		}
	}
	later := func() {
		if err := send(); err != nil {
			p.done(0, err)
		}
	}
	switch {
	case s.other.hits(t.Receipts.Late):
		s.agenda.after(cmp.Or(t.Receipts.LateBy, 30*time.Second), later)
		return nil
	case s.other.hits(t.Receipts.Reordered) && s.lag(a.name, later):
		return nil
	}
	err := send()
	s.overtaken(a.name)
	return err
}

// lag keeps a receipt until the next one was sent, if none waits already.
func (s *Server) lag(account string, send func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.overtake[account] != nil {
		return false
	}
	s.overtake[account] = send
	s.agenda.after(reorderLimit, func() { s.overtaken(account) })
	return true
}

func (s *Server) overtaken(account string) {
	s.mu.Lock()
	send := s.overtake[account]
	delete(s.overtake, account)
	s.mu.Unlock()
	if send != nil {
		send()
	}
}

func (s *Server) numbered(r *ReceiptOut) (err error) {
	if r.Number == 0 {
		if r.Number, err = s.cfg.ResponseIDs.parse(r.MessageID); err != nil {
			return fmt.Errorf("smscsim: message id %q of a receipt: %w", r.MessageID, err)
		}
	}
	return nil
}

func (s *Server) receipt(t *Temper, r ReceiptOut) (MO, error) {
	word, ok := statWords[r.State]
	if !ok {
		return MO{}, fmt.Errorf("smscsim: a receipt needs a state of SMPP 3.4, not %v", r.State)
	}
	id := t.number(cmp.Or(t.Receipts.IDs, s.cfg.ReceiptIDs), r.Number)
	form := cmp.Or(t.Receipts.Form, s.cfg.Receipts)
	to, reference := s.store.sender(r.Number, r.Source)
	mo := MO{Source: t.MO.rewrite(r.Destination), Destination: to, ESMClass: 0x04, Payload: t.Receipts.Payload && form != TLVOnly}
	if form != TLVOnly {
		mo.UserData = t.Receipts.text(id, word, r)
		if t.Receipts.UCS2 {
			mo.DataCoding, mo.UserData = 8, ucs2(mo.UserData)
		}
	}
	if form != TextOnly {
		mo.TLVs = append(mo.TLVs, TLV{smpp.TagReceiptedMessageID, append([]byte(id), 0)}, TLV{smpp.TagMessageState, []byte{byte(r.State)}})
		if r.Err != 0 {
			mo.TLVs = append(mo.TLVs, TLV{smpp.TagNetworkErrorCode, binary.BigEndian.AppendUint16([]byte{3}, r.Err)})
		}
	}
	if reference != nil && !t.Receipts.NoReference {
		mo.TLVs = append(mo.TLVs, TLV{tagReference, reference})
	}
	mo.TLVs = append(mo.TLVs, r.TLVs...)
	return mo, nil
}

// text is that of SMPP 3.4, appendix B, or nearly.
func (t Receipts) text(id, word string, r ReceiptOut) []byte {
	layout := "0601021504"
	if t.LongDates {
		layout = "060102150405"
	}
	b := append(append(make([]byte, 0, 128), "id:"...), id...)
	if !t.Short {
		delivered := 0
		if r.State == receipt.Delivered {
			delivered = 1
		}
		b = fmt.Appendf(b, " sub:001 dlvrd:%03d", delivered)
	}
	b = r.SubmittedAt.UTC().AppendFormat(append(b, " submit date:"...), layout)
	b = r.DoneAt.UTC().AppendFormat(append(b, " done date:"...), layout)
	return fmt.Appendf(b, " stat:%s err:%03d text:", word, r.Err)
}

func ucs2(text []byte) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(string(text))) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}

// number writes the number of a message as an id.
func (t *Temper) number(f IDFormat, n uint64) string {
	if t.LongIDs {
		n |= 1 << 63
	}
	return f.format(n)
}
