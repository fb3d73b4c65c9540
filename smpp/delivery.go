package smpp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// maxField is the longest C-octet string taken, NUL included: data_sm's addresses and 5.0's message ids have 65.
const maxField = 65

// Delivery is a deliver_sm or data_sm from the SMSC (SMPP 3.4, 4.6.1 and 4.7.1).
type Delivery struct {
	Link                 string // name of the link it came by
	Source, Destination  Address
	ESMClass             byte
	ProtocolID           byte // 0 in data_sm, which has none
	DataCoding           byte
	MessageState         byte   // TLV 0427, 0 when absent
	HasReference         bool   // UserMessageReference is there
	UserMessageReference uint16 // TLV 0204
	Sequence             uint32
	UserData             []byte // short_message or message_payload, user data header included; nil when Err is set
	ReceiptedMessageID   string // TLV 001E, as the SMSC wrote it
	NetworkErrorCode     []byte // TLV 0423, as it came
	PDU                  []byte // the whole frame, header included
	ReceivedAt           time.Time
	Err                  error  // why the frame could not be read: only Link, Sequence, PDU, ReceivedAt and Status are set then
	Status               uint32 // the command_status that says so to the SMSC, 0 when Err is nil
}

// TLV returns the first optional parameter with the tag, such as the one in which an SMSC hands a
// card's response packet on, and whether there is one.
func (d Delivery) TLV(tag uint16) ([]byte, bool) {
	all, _ := d.TLVs()
	for _, v := range all {
		if v.Tag == tag {
			return v.Value, true
		}
	}
	return nil, false
}

// TLVs returns the optional parameters of PDU in their order, with values that are slices of it. With an error they are
// those before the spot that could not be read.
func (d Delivery) TLVs() ([]TLV, error) {
	h, err := ParseHeader(d.PDU)
	if err != nil {
		return nil, err
	}
	f := fields{b: d.PDU[HeaderLen:]}
	f.delivery(h.Command, &Delivery{})
	var all []TLV
	for f.err == nil && len(f.b) > 0 {
		if tag, v := f.tlv(); f.err == nil {
			all = append(all, TLV{tag, v})
		}
	}
	return all, f.err
}

// Clone returns a copy that shares no octets with d, for a [Handler] that keeps a delivery.
func (d Delivery) Clone() Delivery {
	d.PDU, d.UserData, d.NetworkErrorCode = bytes.Clone(d.PDU), bytes.Clone(d.UserData), bytes.Clone(d.NetworkErrorCode)
	return d
}

// ParseDelivery reads a whole deliver_sm or data_sm frame. It is strict: every length must fit and
// nothing may be left over. The result keeps slices of pdu; Link and ReceivedAt stay zero. With an
// error it holds PDU, Sequence, Err and Status.
func ParseDelivery(pdu []byte) (Delivery, error) {
	d := Delivery{PDU: pdu}
	var texts strings.Builder
	d.parse(&texts)
	return d, d.Err
}

// parse reads PDU into the other fields, which are zero but for Link and ReceivedAt. The strings are made in room.
func (d *Delivery) parse(room *strings.Builder) {
	h, err := ParseHeader(d.PDU)
	d.Sequence = h.Sequence
	switch {
	case err != nil:
		d.Err, d.Status = err, StatusInvalidLength
		return
	case int64(h.Length) != int64(len(d.PDU)):
		d.Err, d.Status = fmt.Errorf("smpp: command_length %d in a frame of %d octets", h.Length, len(d.PDU)), StatusInvalidLength
		return
	case h.Command != DeliverSM && h.Command != DataSM:
		d.Err, d.Status = fmt.Errorf("smpp: %v is neither deliver_sm nor data_sm", h.Command), StatusInvalidCommand
		return
	}
	f := fields{b: d.PDU[HeaderLen:]}
	t := f.delivery(h.Command, d)
	id := f.deliveryTLVs(d)
	if f.err != nil {
		*d = Delivery{Link: d.Link, PDU: d.PDU, Sequence: h.Sequence, ReceivedAt: d.ReceivedAt, Status: f.status, Err: fmt.Errorf("smpp: %v: %w", h.Command, f.err)}
		return
	}
	all := t.keep(id, room)
	source, destination := len(t.source), len(t.source)+len(t.destination)
	d.Source.Number, d.Destination.Number, d.ReceiptedMessageID = all[:source], all[source:destination], all[destination:]
}

// texts are the numbers of a delivery, still in the frame.
type texts struct{ source, destination []byte }

// keep makes one string of the texts, in room: strings share allocations as long as there is some.
func (t texts) keep(id []byte, room *strings.Builder) string {
	n := len(t.source) + len(t.destination) + len(id)
	if size := room.Cap(); size-room.Len() < n {
		room.Reset() // the strings in it stay as they are
		room.Grow(max(n, size))
	}
	begin := room.Len()
	room.Write(t.source)
	room.Write(t.destination)
	room.Write(id)
	return room.String()[begin:]
}

// delivery takes the mandatory fields.
func (f *fields) delivery(c Command, d *Delivery) (t texts) {
	f.text("service_type", 6, StatusInvalidServiceType)
	d.Source.TON, d.Source.NPI, t.source = f.address("source_addr", StatusInvalidSource)
	d.Destination.TON, d.Destination.NPI, t.destination = f.address("destination_addr", StatusInvalidDestination)
	if c == DataSM {
		if v := f.octets("esm_class, registered_delivery and data_coding", 3, StatusInvalidLength); v != nil {
			d.ESMClass, d.DataCoding = v[0], v[2]
		}
		return t
	}
	if v := f.octets("esm_class, protocol_id and priority_flag", 3, StatusInvalidLength); v != nil {
		d.ESMClass, d.ProtocolID = v[0], v[1]
	}
	f.text("schedule_delivery_time", 17, StatusInvalidSchedule)
	f.text("validity_period", 17, StatusInvalidValidity)
	if v := f.octets("registered_delivery to sm_length", 5, StatusInvalidLength); v != nil {
		d.DataCoding = v[2]
		d.UserData = f.octets("short_message", int(v[4]), StatusInvalidMessageLength)
	}
	return t
}

// deliveryTLVs takes the optional parameters to the end; unknown ones are legal and stay in PDU only.
func (f *fields) deliveryTLVs(d *Delivery) (id []byte) {
	for f.err == nil && len(f.b) > 0 {
		tag, v := f.tlv()
		if f.err != nil {
			break
		}
		switch tag {
		case TagReceiptedMessageID:
			id = bytes.TrimRight(v, "\x00")
			if len(id) >= maxField {
				f.fail(StatusInvalidTLVLength, "receipted_message_id of %d octets, at most 64 are possible", len(id))
			} else if bytes.IndexByte(id, 0) >= 0 {
				f.fail(StatusInvalidTLVValue, "receipted_message_id %q has a NUL inside", v)
			}
		case TagMessageState:
			if f.exactly("message_state", v, 1) {
				d.MessageState = v[0]
			}
		case TagUserMessageReference:
			if f.exactly("user_message_reference", v, 2) {
				d.UserMessageReference, d.HasReference = binary.BigEndian.Uint16(v), true
			}
		case TagNetworkErrorCode:
			d.NetworkErrorCode = v
		case TagMessagePayload:
			if len(d.UserData) > 0 && !bytes.Equal(d.UserData, v) {
				f.fail(StatusTLVNotAllowed, "short_message and message_payload differ")
			}
			d.UserData = v
		}
	}
	return id
}
