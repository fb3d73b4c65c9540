package smscsim

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// ErrQueueFull: too many deliveries wait for the account.
var ErrQueueFull = errors.New("smscsim: delivery queue of the account is full")

// TLV is an optional parameter.
type TLV struct {
	Tag   uint16
	Value []byte
}

// MO is a message for an ESME.
type MO struct {
	Source, Destination smpp.Address
	ESMClass            byte // 0x40 when UserData starts with a user data header
	ProtocolID          byte
	DataCoding          byte
	UserData            []byte // over 254 octets it goes in message_payload
	Payload             bool   // message_payload in any case
	DataSM              bool   // as data_sm, which always uses message_payload
	TLVs                []TLV
}

// IDFormat is how message ids are written. The number behind it is the same everywhere.
type IDFormat byte

const (
	// HexID is lower-case hexadecimal: 7f3a09.
	HexID IDFormat = iota
	// DecimalID is decimal: 8337929.
	DecimalID
	// PaddedHexID has ten upper-case digits: 00007F3A09.
	PaddedHexID
	// PaddedDecimalID has ten digits: 0008337929.
	PaddedDecimalID
)

func (f IDFormat) format(n uint64) string {
	switch f {
	case DecimalID:
		return strconv.FormatUint(n, 10)
	case PaddedHexID:
		return fmt.Sprintf("%010X", n)
	case PaddedDecimalID:
		return fmt.Sprintf("%010d", n)
	}
	return strconv.FormatUint(n, 16)
}

func (f IDFormat) parse(id string) (uint64, error) {
	base := 16
	if f == DecimalID || f == PaddedDecimalID {
		base = 10
	}
	return strconv.ParseUint(id, base, 64)
}

func (s *Server) newID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	return s.cfg.ResponseIDs.format(s.nextID - 1)
}

// ReceiptForm says where receipts carry what they say.
type ReceiptForm byte

const (
	// TextAndTLV writes both.
	TextAndTLV ReceiptForm = iota
	// TextOnly writes the text of SMPP 3.4, appendix B.
	TextOnly
	// TLVOnly writes receipted_message_id, message_state and network_error_code and no text.
	TLVOnly
)

// ReceiptOut is a delivery receipt to be sent.
type ReceiptOut struct {
	MessageID           string        // as in Submitted
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

// SendReceipt builds a receipt as configured and sends it like [Server.Deliver]. Acknowledged or
// refused, it releases a response held back for an EarlyReceipt.
func (s *Server) SendReceipt(ctx context.Context, systemID string, r ReceiptOut) (uint32, error) {
	mo, err := s.receipt(r)
	if err != nil {
		return 0, err
	}
	status, err := s.Deliver(ctx, systemID, mo)
	s.Respond(r.MessageID)
	return status, err
}

func (s *Server) receipt(r ReceiptOut) (MO, error) {
	n, err := s.cfg.ResponseIDs.parse(r.MessageID)
	if err != nil {
		return MO{}, fmt.Errorf("smscsim: message id %q of a receipt: %w", r.MessageID, err)
	}
	word, ok := statWords[r.State]
	if !ok {
		return MO{}, fmt.Errorf("smscsim: a receipt needs a state of SMPP 3.4, not %v", r.State)
	}
	id := s.cfg.ReceiptIDs.format(n)
	mo := MO{Source: r.Destination, Destination: r.Source, ESMClass: 0x04}
	if s.cfg.Receipts != TLVOnly {
		delivered := 0
		if r.State == receipt.Delivered {
			delivered = 1
		}
		const layout = "0601021504"
		mo.UserData = fmt.Appendf(nil, "id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%03d text:",
			id, delivered, r.SubmittedAt.UTC().Format(layout), r.DoneAt.UTC().Format(layout), word, r.Err)
	}
	if s.cfg.Receipts != TextOnly {
		mo.TLVs = append(mo.TLVs, TLV{smpp.TagReceiptedMessageID, append([]byte(id), 0)}, TLV{smpp.TagMessageState, []byte{byte(r.State)}})
		if r.Err != 0 {
			mo.TLVs = append(mo.TLVs, TLV{smpp.TagNetworkErrorCode, binary.BigEndian.AppendUint16([]byte{3}, r.Err)})
		}
	}
	mo.TLVs = append(mo.TLVs, r.TLVs...)
	return mo, nil
}

// Deliver sends a deliver_sm to a bound receiver of the account, in turn, and waits for its response.
// It waits while none is bound, and repeats after a temporary status, a timeout or a lost connection, until
// ctx ends. The status is that of the last response; it is no error that it is a permanent refusal.
func (s *Server) Deliver(ctx context.Context, systemID string, m MO) (status uint32, err error) {
	command, body, err := m.encode()
	if err != nil {
		return 0, err
	}
	if !s.join(systemID) {
		return 0, ErrQueueFull
	}
	defer s.leave(systemID)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(ErrClosed) })()
	for delay := s.cfg.RetryMin; ; delay = min(2*delay, s.cfg.RetryMax) {
		c, err := s.receiver(ctx, systemID)
		if err != nil {
			return status, err
		}
		answer, err := c.request(ctx, command, body)
		if err == nil {
			if status = answer; smpp.OutcomeOf(status) != smpp.Temporary {
				return status, nil
			}
		}
		wait := time.NewTimer(delay)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return status, fmt.Errorf("smscsim: delivery to %s given up: %w", systemID, context.Cause(ctx))
		}
	}
}

func (s *Server) join(systemID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[systemID] >= s.cfg.Queue {
		return false
	}
	s.waiting[systemID]++
	return true
}

func (s *Server) leave(systemID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[systemID]--
}

// receiver waits for a bound receiver of the account: the next one after the last used.
func (s *Server) receiver(ctx context.Context, systemID string) (*session, error) {
	for {
		s.mu.Lock()
		var first, next *session
		for c := range s.sessions {
			if c.system != systemID || !c.receives {
				continue
			}
			if first == nil || c.no < first.no {
				first = c
			}
			if c.no > s.turn[systemID] && (next == nil || c.no < next.no) {
				next = c
			}
		}
		if next == nil {
			next = first
		}
		if next != nil {
			s.turn[systemID] = next.no
		}
		bound := s.bound
		s.mu.Unlock()
		if next != nil {
			return next, nil
		}
		select {
		case <-bound:
		case <-ctx.Done():
			return nil, fmt.Errorf("smscsim: no receiver of %s bound: %w", systemID, context.Cause(ctx))
		}
	}
}

// encode writes the body of a deliver_sm (SMPP 3.4, 4.6.1) or data_sm (4.7.1).
func (m MO) encode() (smpp.Command, []byte, error) {
	b := []byte{0}
	for _, a := range []smpp.Address{m.Source, m.Destination} {
		if len(a.Number) > 20 || strings.IndexByte(a.Number, 0) >= 0 {
			return 0, nil, fmt.Errorf("smscsim: address %q has no place in a deliver_sm", a.Number)
		}
		b = append(append(append(b, a.TON, a.NPI), a.Number...), 0)
	}
	tlvs := m.TLVs
	if m.DataSM || m.Payload || len(m.UserData) > 254 {
		tlvs = append([]TLV{{smpp.TagMessagePayload, m.UserData}}, tlvs...)
		m.UserData = nil
	}
	command := smpp.DeliverSM
	if m.DataSM {
		command = smpp.DataSM
		b = append(b, m.ESMClass, 0, m.DataCoding)
	} else {
		b = append(b, m.ESMClass, m.ProtocolID, 0, 0, 0, 0, 0, m.DataCoding, 0, byte(len(m.UserData)))
		b = append(b, m.UserData...)
	}
	for _, t := range tlvs {
		if len(t.Value) > 0xFFFF {
			return 0, nil, fmt.Errorf("smscsim: TLV %04X of %d octets", t.Tag, len(t.Value))
		}
		b = binary.BigEndian.AppendUint16(b, t.Tag)
		b = binary.BigEndian.AppendUint16(b, uint16(len(t.Value)))
		b = append(b, t.Value...)
	}
	return command, b, nil
}
