package uicc

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/sms"
)

// Tracking is an IMEI-tracking applet: after a start with another IMEI or IMSI it sends both to its server.
type Tracking struct {
	// TAR is the application at the server's side that the message names.
	TAR ota.TAR
	// Server is the number the message goes to.
	Server string
	// Template is the message's data before IMEI and IMSI are put in.
	Template []byte
	// IMEIAt is where the IMEI goes: 8 octets, coded as a mobile identity.
	IMEIAt int
	// IMSIAt is where the IMSI goes: the 9 octets of EF_IMSI.
	IMSIAt int
}

const (
	imeiSize = 8
	imsiSize = 9
)

func (t Tracking) validate() error {
	switch {
	case !phoneNumber(t.Server):
		return fmt.Errorf("uicc: tracking server %q: want at most 20 digits, + in front if international", t.Server)
	case t.IMEIAt < 0 || t.IMEIAt+imeiSize > len(t.Template):
		return fmt.Errorf("uicc: IMEI at %d does not fit a tracking message of %d octets", t.IMEIAt, len(t.Template))
	case t.IMSIAt < 0 || t.IMSIAt+imsiSize > len(t.Template):
		return fmt.Errorf("uicc: IMSI at %d does not fit a tracking message of %d octets", t.IMSIAt, len(t.Template))
	case t.IMEIAt < t.IMSIAt+imsiSize && t.IMSIAt < t.IMEIAt+imeiSize:
		return errors.New("uicc: IMEI and IMSI overlap in the tracking message")
	case len(t.Template) > sms.MaxUserData-19:
		return fmt.Errorf("uicc: a tracking message of %d octets does not fit one SMS", len(t.Template))
	}
	return nil
}

// packet is the message as a command packet without security (3GPP TS 31.115, for messages from the card).
func (t Tracking) packet(imei string, imsi []byte) []byte {
	data := append([]byte(nil), t.Template...)
	copy(data[t.IMEIAt:t.IMEIAt+imeiSize], encodeIMEI(imei))
	copy(data[t.IMSIAt:t.IMSIAt+imsiSize], imsi)
	b := binary.BigEndian.AppendUint16(nil, uint16(14+len(data))) // CPL
	b = append(b, 0x0D, 0, 0, 0, 0)                               // CHL, SPI, KIc, KID
	b = append(b, t.TAR[:]...)
	b = append(b, make([]byte, 6)...) // CNTR, PCNTR
	return append(b, data...)
}

// TrackingReport is what the applet sends when the phone has started: a message if IMEI or IMSI are not those it
// reported last, else false. It is false too without the applet, without EF_IMSI or for an IMEI of fewer than 14
// digits (a 15th is a check digit, a 16th a software version: they are not sent).
func (c *Card) TrackingReport(imei string) (OutgoingSMS, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.cfg.Tracking
	if t == nil || c.active.imsi() == nil || !digits(imei, 14, 16) {
		return OutgoingSMS{}, false
	}
	imsi := padded(imsiSize, c.active.imsi())
	pair := imei[:14] + string(imsi)
	if pair == c.reported {
		return OutgoingSMS{}, false
	}
	out, err := c.submit(t.Server, sms.CommandPacket, t.packet(imei, imsi))
	if err != nil || len(out) != 1 {
		return OutgoingSMS{}, false
	}
	c.reported = pair
	return out[0], true
}
