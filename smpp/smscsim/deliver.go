package smscsim

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strings"

	"github.com/simota/simota/smpp"
)

// TLV is an optional parameter.
type TLV struct {
	Tag   uint16
	Value []byte
}

func (t TLV) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, t.Tag)
	b = binary.BigEndian.AppendUint16(b, uint16(len(t.Value)))
	return append(b, t.Value...)
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

// Post sends a deliver_sm or data_sm to the bound receivers of the account, in turn, and returns once it is
// queued. It waits while none is bound, and is repeated after a temporary status, a timeout or a lost
// connection. done is called with the status of the last response, which may be a permanent refusal, on a
// goroutine that it must not block; unless the server closes before. Errors are ErrQueueFull and
// those of a message that SMPP has no place for.
func (s *Server) Post(systemID string, m MO, done func(status uint32, err error)) error {
	return s.post(systemID, m, &parcel{done: done})
}

// Deliver is Post that waits for the end, or for that of ctx.
func (s *Server) Deliver(ctx context.Context, systemID string, m MO) (status uint32, err error) {
	a := s.accounts[systemID]
	if a == nil {
		return 0, noAccount(systemID)
	}
	p := &parcel{}
	return a.await(ctx, p, func() error { return s.post(systemID, m, p) })
}

func noAccount(systemID string) error { return fmt.Errorf("smscsim: no account %q", systemID) }

func (s *Server) post(systemID string, m MO, p *parcel) error {
	a := s.accounts[systemID]
	if a == nil {
		return noAccount(systemID)
	}
	t := s.tempers.Load().of(systemID)
	p.mo = t.MO.mangleMO(m)
	return s.queue(a, t, p)
}

// queue checks a parcel and queues it, after a poisoned one if the dice say so.
func (s *Server) queue(a *account, t *Temper, p *parcel) error {
	if _, _, err := p.mo.encode(true); err != nil {
		return err
	}
	if s.other.hits(t.Poison) {
		kind := 1 + int(s.other.throw()*damages)
		if err := a.post(&parcel{mo: p.mo, damage: kind, done: func(uint32, error) {}}); err != nil {
			return err
		}
	}
	return a.post(p)
}

// encode writes the body of a deliver_sm (SMPP 3.4, 4.6.1) or data_sm (4.7.1), without optional parameters
// for an ESME that knows none.
func (m MO) encode(optional bool) (smpp.Command, []byte, error) {
	b := make([]byte, 1, 64+len(m.UserData))
	for _, a := range [...]smpp.Address{m.Source, m.Destination} {
		if len(a.Number) > maxNumber || strings.IndexByte(a.Number, 0) >= 0 {
			return 0, nil, fmt.Errorf("smscsim: address %q has no place in a deliver_sm", a.Number)
		}
		b = append(append(append(b, a.TON, a.NPI), a.Number...), 0)
	}
	text, payload := m.UserData, m.DataSM || m.Payload || len(m.UserData) > maxShort
	if !optional {
		payload = len(m.UserData) > maxShort
	}
	if payload {
		text = nil
	}
	command := smpp.DeliverSM
	if m.DataSM && optional {
		command = smpp.DataSM
		b = append(b, m.ESMClass, 0, m.DataCoding)
	} else {
		b = append(b, m.ESMClass, m.ProtocolID, 0, 0, 0, 0, 0, m.DataCoding, 0, byte(len(text)))
		b = append(b, text...)
	}
	if !optional {
		if payload {
			return 0, nil, fmt.Errorf("smscsim: %d octets have no place in a deliver_sm of 3.3", len(m.UserData))
		}
		return command, b, nil
	}
	if payload {
		if len(m.UserData) > 0xFFFF {
			return 0, nil, fmt.Errorf("smscsim: message of %d octets", len(m.UserData))
		}
		b = TLV{smpp.TagMessagePayload, m.UserData}.append(b)
	}
	for _, t := range m.TLVs {
		if len(t.Value) > 0xFFFF {
			return 0, nil, fmt.Errorf("smscsim: TLV %04X of %d octets", t.Tag, len(t.Value))
		}
		b = t.append(b)
	}
	return command, b, nil
}

// damages is how many kinds of damage there are.
const damages = 5

// damaged spoils a delivery in a way that leaves the stream intact.
func damaged(kind int, command smpp.Command, body []byte) (smpp.Command, []byte) {
	switch kind {
	case 1: // the body ends in the source address
		return command, body[:2]
	case 2: // an optional parameter is longer than what is left
		return command, append(body, 0x04, 0x24, 0x7F, 0xFF, 1)
	case 3: // no field ends
		for i := range body {
			body[i] |= 0x80
		}
		return command, body
	case 4: // nothing
		return command, nil
	}
	return 0x00010203, body // a vendor's command
}

// Alert tells one receiver of the account, in turn, that a subscriber can be reached again
// (alert_notification, SMPP 3.4, 4.12.1), and reports whether one was bound to be told.
func (s *Server) Alert(systemID string, source, esme smpp.Address) bool {
	a := s.accounts[systemID]
	if a == nil || len(source.Number) >= maxField || len(esme.Number) >= maxField {
		return false
	}
	a.mu.Lock()
	c := a.next()
	a.mu.Unlock()
	if c == nil {
		return false
	}
	body := append(append([]byte{source.TON, source.NPI}, source.Number...), 0)
	body = append(append(append(body, esme.TON, esme.NPI), esme.Number...), 0)
	if c.version >= version34 {
		body = TLV{tagAvailability, []byte{0}}.append(body)
	}
	c.send(smpp.AlertNotification, 0, c.number(), body, "")
	c.flush()
	return true
}

// Outbind connects to an ESME that listens at addr, asks it with an outbind (SMPP 3.4, 4.1.7) to bind, naming the
// account's password, and serves the connection. It returns when the outbind is queued.
func (s *Server) Outbind(ctx context.Context, addr, systemID string) error {
	password, ok := s.cfg.Accounts[systemID]
	if !ok {
		return noAccount(systemID)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("smscsim: outbind: %w", err)
	}
	c := s.serve(conn)
	if c == nil {
		return fmt.Errorf("smscsim: outbind: %w", ErrClosed)
	}
	body := append([]byte(s.cfg.SystemID), 0)
	body = append(append(body, string(password)...), 0)
	c.send(smpp.Outbind, 0, c.number(), body, "")
	c.flush()
	return nil
}
