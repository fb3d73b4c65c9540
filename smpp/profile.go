package smpp

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Tags of the optional parameters used here (SMPP 3.4, 5.3.2).
const (
	TagReceiptedMessageID   uint16 = 0x001E
	TagUserMessageReference uint16 = 0x0204
	TagNetworkErrorCode     uint16 = 0x0423
	TagMessagePayload       uint16 = 0x0424
	TagMessageState         uint16 = 0x0427

	tagSARReference       uint16 = 0x020C
	tagSARTotal           uint16 = 0x020E
	tagSARSegment         uint16 = 0x020F
	tagAvailabilityStatus uint16 = 0x0422
)

// TLV is an optional parameter as it stands in a frame (SMPP 3.4, 5.3.1).
type TLV struct {
	Tag   uint16
	Value []byte // at most 65535 octets
}

func appendTLV(b []byte, tag uint16, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, tag)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// Profile is how an SMSC wants its submit_sm (SMPP 3.4, 4.4.1); the zero Profile suits most.
type Profile struct {
	ServiceType          string // at most 5 octets; empty is the SMSC's default
	MessageMode          byte   // low two bits of esm_class: 0 default, 1 datagram, 2 transaction, 3 store and forward
	Priority             byte   // priority_flag, 0 to 3
	Payload              bool   // user data goes in message_payload instead of short_message
	AbsoluteValidity     bool   // validity_period as an instant in UTC instead of a duration
	NoValidity           bool   // validity_period is left out
	UserMessageReference bool   // user_message_reference carries the low 16 bits of Message.ID
	TLVs                 []TLV  // appended to every submit_sm as they are
}

func (p Profile) check(version byte) error {
	size := 0
	for _, v := range p.TLVs {
		if len(v.Value) > 0xFFFF {
			return fmt.Errorf("TLV %04X has %d octets, at most 65535 fit", v.Tag, len(v.Value))
		}
		size += 4 + len(v.Value)
	}
	switch {
	case len(p.ServiceType) > 5 || strings.ContainsRune(p.ServiceType, 0):
		return fmt.Errorf("service_type %q has %d octets, want at most 5 without NUL", p.ServiceType, len(p.ServiceType))
	case p.MessageMode > 3:
		return fmt.Errorf("message mode %d is out of range: 0 to 3", p.MessageMode)
	case p.Priority > 3:
		return fmt.Errorf("priority %d is out of range: 0 to 3", p.Priority)
	case size > 1024:
		return fmt.Errorf("TLVs of %d octets for every message, at most 1024 are sent", size)
	case version == version33 && (p.Payload || p.UserMessageReference || size > 0):
		return fmt.Errorf("interface version 3.3 has no optional parameters: leave payload, user message reference and TLVs out")
	}
	return nil
}
