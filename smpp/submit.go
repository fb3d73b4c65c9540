package smpp

import (
	"encoding/binary"
	"fmt"
	"time"
)

const (
	maxShortMessage = 254                 // sm_length (SMPP 3.4, 5.2.21)
	maxPayload      = 64<<10 - 1          // message_payload (SMPP 3.4, 5.3.2.32)
	maxValidity     = 30 * 24 * time.Hour // what the relative form says without months
	esmUDHI         = 0x40
)

// Message is one submit_sm (SMPP 3.4, 4.4.1).
type Message struct {
	ID                  int64 // the caller's own, returned in the Result
	Source, Destination Address
	UserData            []byte // user data header included; at most 254 octets, 65535 where the Profile says Payload
	UDHI                bool   // UserData starts with a user data header
	ProtocolID          byte
	DataCoding          byte
	Validity            time.Duration // what remains of it; 0 sends none; rounded up to seconds; over 30 days is sent as 30 days
	RegisteredDelivery  byte
	SAR                 SAR // parts numbered beside the user data; zero for none
}

// SAR numbers the parts of a message in optional parameters (SMPP 3.4, 5.3.2.22 to 5.3.2.24), which
// version 3.3 does not have: there such a message is refused.
type SAR struct {
	Reference uint16 // the same in all parts
	Total     byte   // parts; 0 sends none of the three
	Segment   byte   // 1 to Total
}

// template is the submit_sm of one link: what its Profile says, ready to be spliced with a message.
type template struct {
	head     []byte // service_type with its NUL
	tail     []byte // the configured optional parameters
	esmClass byte
	priority byte
	optional bool // the interface version knows optional parameters
	Profile
}

func newTemplate(p Profile, version byte) *template {
	t := &template{
		head: append([]byte(p.ServiceType), 0), esmClass: p.MessageMode, priority: p.Priority,
		optional: version != version33, Profile: p,
	}
	for _, v := range p.TLVs {
		t.tail = appendTLV(t.tail, v.Tag, v.Value)
	}
	return t
}

func (t *template) check(m *Message) error {
	if err := m.Source.check("source_addr"); err != nil {
		return err
	}
	if err := m.Destination.check("destination_addr"); err != nil {
		return err
	}
	n, most := len(m.UserData), maxShortMessage
	if t.Payload {
		most = maxPayload
	}
	switch {
	case m.Destination.Number == "":
		return fmt.Errorf("smpp: destination_addr is empty")
	case n > most:
		return fmt.Errorf("smpp: user data of %d octets, at most %d fit: split the message", n, most)
	case m.UDHI && (n == 0 || int(m.UserData[0]) >= n):
		return fmt.Errorf("smpp: user data of %d octets does not hold the user data header it announces", n)
	case m.Validity < 0:
		return fmt.Errorf("smpp: validity ran out %v ago", -m.Validity)
	case m.SAR.Total > 0 && (m.SAR.Segment == 0 || m.SAR.Segment > m.SAR.Total):
		return fmt.Errorf("smpp: SAR segment %d of %d does not exist", m.SAR.Segment, m.SAR.Total)
	case m.SAR.Total > 0 && !t.optional:
		return fmt.Errorf("smpp: SAR parameters do not exist in interface version 3.3: use a user data header")
	}
	return nil
}

// append appends the submit_sm frame of m; an absolute validity counts from now. On error b is returned as it was.
func (t *template) append(b []byte, sequence uint32, m *Message, now time.Time) ([]byte, error) {
	if err := t.check(m); err != nil {
		return b, err
	}
	start := len(b)
	b = AppendFrame(b, SubmitSM, 0, sequence, t.head)
	b = m.Source.appendTo(b)
	b = m.Destination.appendTo(b)
	esmClass := t.esmClass
	if m.UDHI {
		esmClass |= esmUDHI
	}
	b = append(b, esmClass, m.ProtocolID, t.priority, 0 /* schedule_delivery_time: now */)
	b = t.appendValidity(b, m.Validity, now)
	b = append(b, m.RegisteredDelivery, 0 /* replace_if_present_flag */, m.DataCoding, 0 /* sm_default_msg_id */)
	if t.Payload {
		b = append(b, 0)
	} else {
		b = append(b, byte(len(m.UserData)))
		b = append(b, m.UserData...)
	}
	b = t.appendTLVs(b, m)
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b, nil
}

func (t *template) appendTLVs(b []byte, m *Message) []byte {
	if t.UserMessageReference {
		b = append(b, byte(TagUserMessageReference>>8), byte(TagUserMessageReference&0xFF), 0, 2, byte(m.ID>>8), byte(m.ID))
	}
	if s := m.SAR; s.Total > 0 {
		b = appendTLV(b, tagSARReference, []byte{byte(s.Reference >> 8), byte(s.Reference)})
		b = appendTLV(b, tagSARTotal, []byte{s.Total})
		b = appendTLV(b, tagSARSegment, []byte{s.Segment})
	}
	if t.Payload {
		b = appendTLV(b, TagMessagePayload, m.UserData)
	}
	return append(b, t.tail...)
}

func (t *template) appendValidity(b []byte, d time.Duration, now time.Time) []byte {
	switch {
	case d == 0 || t.NoValidity:
		return append(b, 0)
	case t.AbsoluteValidity:
		return appendUntil(b, now, d)
	}
	return appendWithin(b, d)
}

// appendWithin writes the relative form YYMMDDhhmmss000R with its NUL (SMPP 3.4, 7.1.1.2). Days
// are the largest unit used, since a month has no fixed length.
func appendWithin(b []byte, d time.Duration) []byte {
	s := int((min(d, maxValidity) + time.Second - 1) / time.Second)
	b = append(b, "0000"...)
	for _, v := range [...]int{s / 86400, s / 3600 % 24, s / 60 % 60, s % 60} {
		b = append(b, byte('0'+v/10), byte('0'+v%10))
	}
	return append(b, "000R\x00"...)
}

// appendUntil writes the absolute form YYMMDDhhmmss000+, in UTC, with its NUL (SMPP 3.4, 7.1.1.1).
func appendUntil(b []byte, now time.Time, d time.Duration) []byte {
	end := now.Add(min(d, maxValidity) + time.Second - 1).UTC()
	return append(end.AppendFormat(b, "060102150405"), "000+\x00"...)
}
