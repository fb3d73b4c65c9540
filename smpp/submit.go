package smpp

import (
	"encoding/binary"
	"fmt"
	"time"
)

const (
	maxShortMessage = 254 // sm_length (SMPP 3.4, 5.2.21)
	esmUDHI         = 0x40
	maxValidity     = 30 * 24 * time.Hour
)

// Message is one submit_sm (SMPP 3.4, 4.4.1).
type Message struct {
	ID                  int64 // the caller's own, returned in the Result
	Source, Destination Address
	UserData            []byte // user data header included, at most 254 octets
	UDHI                bool   // UserData starts with a user data header
	ProtocolID          byte
	DataCoding          byte
	Validity            time.Duration // what remains of it; 0 sends none; rounded up to seconds; over 30 days is sent as 30 days
	RegisteredDelivery  byte
}

func (m *Message) check() error {
	if err := m.Source.check("source_addr"); err != nil {
		return err
	}
	if err := m.Destination.check("destination_addr"); err != nil {
		return err
	}
	n := len(m.UserData)
	switch {
	case m.Destination.Number == "":
		return fmt.Errorf("smpp: destination_addr is empty")
	case n > maxShortMessage:
		return fmt.Errorf("smpp: user data of %d octets, at most %d fit: split the message", n, maxShortMessage)
	case m.UDHI && (n == 0 || int(m.UserData[0]) >= n):
		return fmt.Errorf("smpp: user data of %d octets does not hold the user data header it announces", n)
	case m.Validity < 0:
		return fmt.Errorf("smpp: validity ran out %v ago", -m.Validity)
	}
	return nil
}

// appendSubmit appends the submit_sm frame of m. On error b is returned as it was.
func appendSubmit(b []byte, sequence uint32, m *Message) ([]byte, error) {
	if err := m.check(); err != nil {
		return b, err
	}
	start := len(b)
	b = AppendFrame(b, SubmitSM, 0, sequence, nil)
	b = append(b, 0) // service_type: the default
	b = m.Source.appendTo(b)
	b = m.Destination.appendTo(b)
	var esmClass byte
	if m.UDHI {
		esmClass = esmUDHI
	}
	b = append(b, esmClass, m.ProtocolID, 0 /* priority_flag */, 0 /* schedule_delivery_time: now */)
	b = appendValidity(b, m.Validity)
	b = append(b, m.RegisteredDelivery, 0 /* replace_if_present_flag */, m.DataCoding, 0 /* sm_default_msg_id */, byte(len(m.UserData)))
	b = append(b, m.UserData...)
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b, nil
}

// appendValidity writes the relative form YYMMDDhhmmss000R with its NUL (SMPP 3.4, 7.1.1.2). Days
// are the largest unit used, since a month has no fixed length.
func appendValidity(b []byte, d time.Duration) []byte {
	if d == 0 {
		return append(b, 0)
	}
	s := int((min(d, maxValidity) + time.Second - 1) / time.Second)
	b = fmt.Appendf(b, "0000%02d%02d%02d%02d000R", s/86400, s/3600%24, s/60%60, s%60)
	return append(b, 0)
}
