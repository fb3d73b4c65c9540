package smpp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Tags of the optional parameters read here (SMPP 3.4, 5.3.2).
const (
	TagReceiptedMessageID uint16 = 0x001E
	TagNetworkErrorCode   uint16 = 0x0423
	TagMessagePayload     uint16 = 0x0424
	TagMessageState       uint16 = 0x0427
)

// maxField is the longest C-octet string taken, NUL included: data_sm's addresses and 5.0's message ids have 65.
const maxField = 65

// Delivery is a deliver_sm or data_sm from the SMSC (SMPP 3.4, 4.6.1 and 4.7.1).
type Delivery struct {
	Link                string // name of the link it came by
	Source, Destination Address
	ESMClass            byte
	ProtocolID          byte // 0 in data_sm, which has none
	DataCoding          byte
	UserData            []byte // short_message or message_payload, user data header included; nil when Err is set
	ReceiptedMessageID  string // TLV 001E, as the SMSC wrote it
	MessageState        byte   // TLV 0427, 0 when absent
	NetworkErrorCode    []byte // TLV 0423, as it came
	PDU                 []byte // the whole frame, header included
	ReceivedAt          time.Time
	Err                 error // why the frame could not be read: only Link, PDU and ReceivedAt are set then
}

// TLV returns the first optional parameter with the tag, such as the one in which an SMSC hands a
// card's response packet on, and whether there is one.
func (d Delivery) TLV(tag uint16) ([]byte, bool) {
	h, err := ParseHeader(d.PDU)
	if err != nil {
		return nil, false
	}
	f := fields{b: d.PDU[HeaderLen:]}
	f.delivery(h.Command, &Delivery{})
	for len(f.b) > 0 && f.err == nil {
		if t, v := f.tlv(); f.err == nil && t == tag {
			return v, true
		}
	}
	return nil, false
}

// ParseDelivery reads a whole deliver_sm or data_sm frame. It is strict: every length must fit and
// nothing may be left over. The result keeps slices of pdu. Link and ReceivedAt stay zero.
func ParseDelivery(pdu []byte) (Delivery, error) {
	h, err := ParseHeader(pdu)
	if err != nil {
		return Delivery{}, err
	}
	if int64(h.Length) != int64(len(pdu)) {
		return Delivery{}, fmt.Errorf("smpp: command_length %d in a frame of %d octets", h.Length, len(pdu))
	}
	if h.Command != DeliverSM && h.Command != DataSM {
		return Delivery{}, fmt.Errorf("smpp: %v is neither deliver_sm nor data_sm", h.Command)
	}
	d := Delivery{PDU: pdu}
	f := fields{b: pdu[HeaderLen:]}
	f.delivery(h.Command, &d)
	f.tlvs(&d)
	if f.err != nil {
		return Delivery{}, fmt.Errorf("smpp: %v: %w", h.Command, f.err)
	}
	return d, nil
}

// fields takes one field after the other from b; after the first error it yields zero values.
type fields struct {
	b   []byte
	err error
}

func (f *fields) octet(name string) byte {
	if v := f.octets(name, 1); v != nil {
		return v[0]
	}
	return 0
}

func (f *fields) octets(name string, n int) []byte {
	if f.err == nil && len(f.b) < n {
		f.err = fmt.Errorf("%s needs %d octets, %d are left", name, n, len(f.b))
	}
	if f.err != nil {
		return nil
	}
	v := f.b[:n:n]
	f.b = f.b[n:]
	return v
}

func (f *fields) text(name string, limit int) string {
	if f.err != nil {
		return ""
	}
	end := bytes.IndexByte(f.b[:min(len(f.b), limit)], 0)
	if end < 0 {
		f.err = fmt.Errorf("%s has no NUL within %d octets", name, limit)
		return ""
	}
	v := string(f.b[:end])
	f.b = f.b[end+1:]
	return v
}

func (f *fields) address(name string) Address {
	return Address{TON: f.octet(name + " TON"), NPI: f.octet(name + " NPI"), Number: f.text(name, maxField)}
}

// delivery takes the mandatory fields.
func (f *fields) delivery(c Command, d *Delivery) {
	f.text("service_type", 6)
	d.Source = f.address("source_addr")
	d.Destination = f.address("destination_addr")
	d.ESMClass = f.octet("esm_class")
	if c == DataSM {
		f.octet("registered_delivery")
		d.DataCoding = f.octet("data_coding")
		return
	}
	d.ProtocolID = f.octet("protocol_id")
	f.octet("priority_flag")
	f.text("schedule_delivery_time", 17)
	f.text("validity_period", 17)
	f.octet("registered_delivery")
	f.octet("replace_if_present_flag")
	d.DataCoding = f.octet("data_coding")
	f.octet("sm_default_msg_id")
	d.UserData = f.octets("short_message", int(f.octet("sm_length")))
}

func (f *fields) tlv() (tag uint16, value []byte) {
	head := f.octets("TLV", 4)
	if f.err != nil {
		return 0, nil
	}
	tag = binary.BigEndian.Uint16(head)
	return tag, f.octets(fmt.Sprintf("TLV %04X", tag), int(binary.BigEndian.Uint16(head[2:])))
}

var errTwoTexts = errors.New("short_message and message_payload differ")

// tlvs takes the optional parameters to the end; unknown ones are legal and stay in PDU only.
func (f *fields) tlvs(d *Delivery) {
	for f.err == nil && len(f.b) > 0 {
		tag, v := f.tlv()
		if f.err != nil {
			return
		}
		switch tag {
		case TagReceiptedMessageID:
			id := bytes.TrimRight(v, "\x00")
			if len(id) >= maxField || bytes.IndexByte(id, 0) >= 0 {
				f.err = fmt.Errorf("receipted_message_id %q is not a text of at most 64 octets", v)
				return
			}
			d.ReceiptedMessageID = string(id)
		case TagMessageState:
			if len(v) != 1 {
				f.err = fmt.Errorf("message_state has %d octets, want 1", len(v))
				return
			}
			d.MessageState = v[0]
		case TagNetworkErrorCode:
			d.NetworkErrorCode = v
		case TagMessagePayload:
			if len(d.UserData) > 0 && !bytes.Equal(d.UserData, v) {
				f.err = errTwoTexts
				return
			}
			d.UserData = v
		}
	}
}
