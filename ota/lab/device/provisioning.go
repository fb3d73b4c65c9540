package device

import (
	"slices"
	"time"

	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/sms"
)

// Data codings of a provisioning message: 8-bit data without a class and of class 1 (3GPP TS 23.038, 4).
const (
	dcs8Bit       = 0x04
	dcs8BitClass1 = 0xF5
)

// push joins the parts of a WAP push and hands the whole to the provisioning client.
func (d *Device) push(m Message, now time.Time) Reaction {
	ud, err := sms.ParseUserData(m.UserData)
	if err != nil {
		return Reaction{Outcome: NoMessage}
	}
	pdu, elements, complete, _ := d.joiner.Add(m.Sender, ud, now) // a reused reference begins a new message
	if !complete {
		return Reaction{Outcome: Stored}
	}
	if port, _, ok := (sms.UserData{Elements: elements}).Ports(); !ok || port != cp.Port {
		return Reaction{Outcome: Stored}
	}
	if d.cfg.IgnoresCP {
		return Reaction{Outcome: CPIgnored}
	}
	return d.provision(pdu)
}

// provision checks and applies a document. Nobody is there to type a PIN, and a document without a MAC could come
// from anybody, so only NETWPIN passes; everything else is dropped without a word.
func (d *Device) provision(pdu []byte) Reaction {
	m, err := cp.ParsePush(pdu)
	if err != nil {
		return Reaction{Outcome: CPUnusable}
	}
	key, err := cp.NetworkPIN(d.card.IMSI())
	if err != nil || m.Security != cp.NETWPIN || !m.Verify(key) {
		return Reaction{Outcome: CPRefused}
	}
	doc, err := cp.ParseWBXML(m.Body)
	if err != nil {
		return Reaction{Outcome: CPUnusable}
	}
	s, err := cp.Read(doc)
	if err != nil {
		return Reaction{Outcome: CPUnusable}
	}
	return Reaction{Outcome: CPApplied, Session: d.apply(s)}
}

// apply stores settings and reports whether there is an access point for the data connection among them.
func (d *Device) apply(s cp.Settings) (session bool) {
	for _, a := range s.APNs {
		d.settings.APNs = slices.DeleteFunc(d.settings.APNs, func(old cp.AppliedAPN) bool {
			return old.Address == a.Address && old.MMS == a.MMS
		})
		d.settings.APNs = append(d.settings.APNs, a)
		if a.Internet && !session {
			d.apn, session = a.Address, true
		}
	}
	if s.SMSC != "" {
		d.settings.SMSC = s.SMSC
	}
	if len(s.SMSCodes) > 0 {
		d.settings.SMSCodes = s.SMSCodes
	}
	if len(s.VoiceCodes) > 0 {
		d.settings.VoiceCodes = s.VoiceCodes
	}
	return session
}
