// Package device is a virtual device: one SIM slot, a modem that knows its SIM by what it read last, and a client
// for OMA Client Provisioning.
//
// A device has no clock and no radio. Its owner, one goroutine at a time, hands it messages, tells it of service gained
// and lost and to read its card again, and does what its [Reaction] says: Report, Submit, then [Device.Sent], then
// Refresh when Refresh.After has passed. The times it gives are for the card; they must not go back.
package device

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat"
)

// Config describes a device.
type Config struct {
	IMEI string // 14 to 16 digits
	APN  string // of its data connection before anything is configured; empty for none
	// IgnoresRefresh: the modem confirms a REFRESH and goes on with the identity it has.
	IgnoresRefresh bool
	// IgnoresCP: provisioning messages are received, acknowledged and thrown away.
	IgnoresCP bool
}

// Message is a short message from the network (SMS-DELIVER).
type Message struct {
	Sender   string // TP-OA, with + if international
	PID, DCS byte
	UDHI     bool // UserData starts with a header
	UserData []byte
}

// Outcome is what a device did with a message.
type Outcome string

// Outcomes.
const (
	Stored     Outcome = "stored"       // a text, or a part of something unfinished
	Downloaded Outcome = "downloaded"   // handed to the card
	CPApplied  Outcome = "cp applied"   // settings taken
	CPIgnored  Outcome = "cp ignored"   // the device takes no provisioning
	CPRefused  Outcome = "cp refused"   // the MAC is not made of the IMSI in the SIM, or of a PIN nobody typed
	CPUnusable Outcome = "cp unusable"  // no document, or nothing in it a client can use
	NoMessage  Outcome = "not readable" // the user data header is broken
)

// Reaction is what a message has set off, or what happened to the device.
type Reaction struct {
	Outcome Outcome            // of a message; empty if there was none
	SW      sat.Status         // of the card, 0 if the message was not for it
	Report  []byte             // user data of the SMS-DELIVER-REPORT, nil for none
	Submit  []uicc.OutgoingSMS // messages of the card, to be sent now, in this order
	Refresh *uicc.Refresh      // to be obeyed after Refresh.After; nil for none, or for a modem that ignores it
	Ignored bool               // there was a REFRESH and the modem ignores it
	Session bool               // the data connection is to be opened again, with APN
}

// Settings is what the client has stored.
type Settings struct {
	APNs       []cp.AppliedAPN `json:"apns,omitempty"`
	SMSC       string          `json:"smsc,omitempty"`
	SMSCodes   []cp.Code       `json:"sms_codes,omitempty"`
	VoiceCodes []cp.Code       `json:"voice_codes,omitempty"`
}

// openDocuments is how many unfinished provisioning messages a device keeps.
const openDocuments = 4

// Device is a virtual device. It is not safe for concurrent use.
type Device struct {
	cfg      Config
	card     *uicc.Card
	imsi     string // as read when the SIM was started last
	apn      string
	settings Settings
	joiner   *sms.Joiner
}

// New puts a card into a device and starts it.
func New(card *uicc.Card, cfg Config) (*Device, error) {
	if card == nil {
		return nil, errors.New("device: no card in the slot")
	}
	d := &Device{cfg: cfg, card: card, apn: cfg.APN, joiner: sms.NewJoiner(openDocuments, math.MaxInt64)}
	d.Restart()
	return d, nil
}

// IMEI is the device's own number.
func (d *Device) IMEI() string { return d.cfg.IMEI }

// IMSI is the identity it attaches with: that of EF_IMSI when it was read last; empty if that was no IMSI.
func (d *Device) IMSI() string { return d.imsi }

// APN is the access point of its data connection, empty for none.
func (d *Device) APN() string { return d.apn }

// Card is the card in its slot.
func (d *Device) Card() *uicc.Card { return d.card }

// Settings is what has been provisioned so far.
func (d *Device) Settings() Settings {
	s := d.settings
	s.APNs, s.SMSCodes, s.VoiceCodes = slices.Clone(s.APNs), slices.Clone(s.SMSCodes), slices.Clone(s.VoiceCodes)
	return s
}

// Restart switches the device off and on: the card is reset and read anew.
func (d *Device) Restart() {
	d.card.Reset()
	d.imsi = d.card.IMSI()
}

// Refresh obeys a REFRESH (ETSI TS 102 223, 6.4.7) and reports whether the identity was read again, which
// takes the device off the air for some seconds.
func (d *Device) Refresh(r uicc.Refresh) bool {
	switch r.Qualifier {
	case 0x04: // UICC reset
		d.card.Reset()
	case 0x00, 0x02, 0x03, 0x05, 0x06: // initialisation, application and session reset
	case 0x01: // file change notification
		if !slices.Contains(r.Files, imsiFile) {
			return false
		}
	default:
		return false
	}
	d.imsi = d.card.IMSI()
	return true
}

const imsiFile = "3F00/7FFF/6F07"

// Attached tells the card that the device has service with [Device.IMSI]: after every start and every time coverage
// comes back.
func (d *Device) Attached(now time.Time) Reaction { return d.obey(d.card.Attached(d.cfg.IMEI, now)) }

// ServiceLost tells the card that the device, which is on, has no service. One that is off or restarts has nobody to
// tell.
func (d *Device) ServiceLost(now time.Time) { d.card.ServiceLost(now) }

// Sent is the terminal response to the messages of the last Reaction: ok if the network took all of them.
func (d *Device) Sent(ok bool, now time.Time) { d.card.Sent(ok, now) }

// Due is when the card wants [Device.Tick] to be called; zero for never. Every other call changes it.
func (d *Device) Due() time.Time { return d.card.Due() }

// Tick tells the card the time. Before Due nothing comes of it.
func (d *Device) Tick(now time.Time) Reaction { return d.obey(d.card.Tick(now)) }

// obey is what a card's answer makes the device do.
func (d *Device) obey(a uicc.Answer) Reaction {
	r := Reaction{SW: a.SW, Report: a.Report, Submit: a.Submit, Refresh: a.Refresh}
	if d.cfg.IgnoresRefresh && r.Refresh != nil {
		r.Refresh, r.Ignored = nil, true
	}
	return r
}

// TrackingReport is what the card's tracking applet sends after a start; false if it has nothing to say.
func (d *Device) TrackingReport() (uicc.OutgoingSMS, bool) { return d.card.TrackingReport(d.cfg.IMEI) }

// Receive takes a message. USIM data download goes to the card; 8-bit data of class 1 or none for the WAP push port
// goes to the provisioning client; the rest is stored.
func (d *Device) Receive(m Message, now time.Time) Reaction {
	if !m.UDHI {
		return Reaction{Outcome: Stored}
	}
	if a := d.card.Download(m.Sender, m.PID, m.DCS, m.UserData, now); a.SW != 0 {
		r := d.obey(a)
		r.Outcome = Downloaded
		return r
	}
	if m.DCS != dcs8Bit && m.DCS != dcs8BitClass1 {
		return Reaction{Outcome: Stored}
	}
	return d.push(m, now)
}
