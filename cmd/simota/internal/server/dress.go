package server

import (
	"slices"

	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/smpp"
)

// Protocol identifiers that mark whom a message is for until its link is known
// (3GPP TS 23.040, 9.2.3.9): a card, or whoever reads a text message.
const (
	forCard   = 0x7F
	forReader = 0x3F // reserved there, and never sent
	ucs2      = 0x08 // data coding of a text (SMPP 3.4, 5.2.19); 0 is the SMSC's default alphabet
)

// dress writes messages as a link's SMSC wants them. The stored user data stay
// what they are: what changes is how the SMSC is told the same.
func dress(f config.Form, ms []smpp.Message) []smpp.Message {
	out := make([]smpp.Message, len(ms))
	for i, m := range ms {
		switch m.ProtocolID {
		case forCard:
			m.ProtocolID, m.DataCoding = f.CardPID, f.CardDCS
		case forReader:
			m.ProtocolID = 0
		default:
			m.ProtocolID, m.DataCoding = f.DevicePID, f.DeviceDCS
		}
		m.RegisteredDelivery = f.RegisteredDelivery
		m.Destination = f.Number(m.Destination)
		if f.SAR && m.UDHI {
			numbered(&m)
		}
		out[i] = m
	}
	return out
}

// numbered moves the number of a part from the user data header to optional
// parameters: the SMSC makes the header that the card sees.
func numbered(m *smpp.Message) {
	ud, err := sms.ParseUserData(m.UserData)
	if err != nil {
		return
	}
	c, several := ud.Concat()
	if !several {
		return
	}
	ud.Elements = slices.DeleteFunc(ud.Elements, func(e sms.Element) bool { return e.ID == sms.Concat8 || e.ID == sms.Concat16 })
	octets := ud.Payload // a part without a header of its own
	if len(ud.Elements) > 0 {
		if octets, err = ud.AppendBinary(nil); err != nil {
			return
		}
	}
	m.SAR = smpp.SAR{Reference: c.Ref, Total: c.Total, Segment: c.Seq}
	m.UserData, m.UDHI = octets, len(ud.Elements) > 0
}
