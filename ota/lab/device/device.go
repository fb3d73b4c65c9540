// Package device is a virtual device: one SIM slot, a modem that knows its SIM by what it read last, and a client
// for OMA Client Provisioning, of one of the kinds that are in the field (see [Clients]), or one that reads text messages.
//
// What a client refuses, drops and mixes up is written here from what is known of the real ones, and shared with no
// server: the device judges a message by its octets.
//
// A device has no clock and no radio. Its owner, one goroutine at a time, hands it messages, tells it of service gained
// and lost and to read its card again, and does what its [Reaction] says: Report, Submit, then [Device.Sent], then
// Refresh when Refresh.After has passed. The times it gives are for the card; they must not go back.
package device

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat"
)

// Config describes a device.
type Config struct {
	IMEI string // 14 to 16 digits
	APN  APN    // of its data connection before anything is configured; the zero value for none
	// IgnoresRefresh: the modem confirms a REFRESH and goes on with the identity it has.
	IgnoresRefresh bool
	Client         Client    // empty is Careful
	PIN            cp.Secret // digits that its user, or the device itself, enters when a message wants a PIN; may be empty
	// NeedsRestart: settings are stored, and the data connection uses them after a restart only.
	NeedsRestart bool
	// Text is the form of a text message with settings in the terms of the maker, such as "APN=${apn};USER=${user};
	// PASS=${secret}"; empty for a device that knows none. See [ParseText].
	Text string
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
	TextTaken  Outcome = "text applied" // settings taken from a text message
	CPIgnored  Outcome = "cp ignored"   // the device takes no provisioning
	CPRefused  Outcome = "cp refused"   // the MAC is not made of the IMSI in the SIM and the PIN that was typed, or there is none
	CPUnusable Outcome = "cp unusable"  // no document that the client can read, or nothing in it that it can use
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

// openDocuments is how many unfinished provisioning messages a device keeps.
const openDocuments = 4

// Device is a virtual device. It is not safe for concurrent use.
type Device struct {
	Body
	card   *uicc.Card
	imsi   string // as read when the SIM was started last
	joiner *sms.Joiner
}

// Body is a device without a card: what it is, and all that it has been told. Copies are independent of each other.
type Body struct {
	cfg      Config
	form     *Text    // nil for a device that reads no text messages
	data     APN      // in use
	next     APN      // to be used after a restart
	settings Settings // of the client
}

// NewBody makes a device as it leaves the factory.
func NewBody(cfg Config) (Body, error) {
	b := Body{cfg: cfg, data: cfg.APN, next: cfg.APN}
	if err := cfg.Client.check(); err != nil {
		return b, err
	}
	b.cfg.Client = cmp.Or(cfg.Client, Careful)
	if strings.Trim(string(cfg.PIN), "0123456789") != "" {
		return b, errors.New("device: the PIN is not all digits (value not shown)")
	}
	if cfg.Text != "" {
		form, err := ParseText(cfg.Text)
		if err != nil {
			return b, err
		}
		b.form = &form
	}
	return b, nil
}

// New puts a card into a new device and starts it.
func New(card *uicc.Card, cfg Config) (*Device, error) {
	if card == nil {
		return nil, errors.New("device: no card in the slot")
	}
	b, err := NewBody(cfg)
	if err != nil {
		return nil, err
	}
	return b.Insert(card), nil
}

// Insert puts a card, which must not be nil, into a device and starts it.
func (b Body) Insert(card *uicc.Card) *Device {
	d := &Device{Body: b.Copy(), card: card, joiner: sms.NewJoiner(openDocuments, math.MaxInt64)}
	d.Restart()
	return d
}

// Copy is the device without its card, as it is now.
func (b Body) Copy() Body {
	b.settings = b.settings.clone()
	return b
}

// IMEI is the device's own number.
func (b Body) IMEI() string { return b.cfg.IMEI }

// Client is the kind of its provisioning client.
func (b Body) Client() Client { return b.cfg.Client }

// TypePIN tells what the user will type from now on when a message wants a PIN: digits, or nothing for no user.
func (d *Device) TypePIN(pin cp.Secret) { d.cfg.PIN = pin }

// IMSI is the identity it attaches with: that of EF_IMSI when it was read last; empty if that was no IMSI.
func (d *Device) IMSI() string { return d.imsi }

// Data is the access point of its data connection, the zero value for none.
func (b Body) Data() APN { return b.data }

// Pending says whether there are settings that wait for a restart.
func (b Body) Pending() bool { return b.data != b.next }

// Card is the card in its slot.
func (d *Device) Card() *uicc.Card { return d.card }

// Settings is what has been provisioned so far.
func (b Body) Settings() Settings { return b.settings.clone() }

// Restart switches the device off and on: the card is reset and read anew, and settings are used that waited for it.
func (d *Device) Restart() {
	d.data = d.next
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
// goes to the provisioning client; texts may be settings in the maker's form; the rest is stored.
func (d *Device) Receive(m Message, now time.Time) Reaction {
	if m.UDHI {
		if a := d.card.Download(m.Sender, m.PID, m.DCS, m.UserData, now); a.SW != 0 {
			r := d.obey(a)
			r.Outcome = Downloaded
			return r
		}
	}
	whole, elements, outcome := d.join(m, now)
	if outcome != "" {
		return Reaction{Outcome: outcome}
	}
	port, _, ports := (sms.UserData{Elements: elements}).Ports()
	binary := m.DCS == dcs8Bit || m.DCS == dcs8BitClass1
	switch {
	case binary && ports && port == pushPort:
		return d.provision(whole)
	case !binary && !ports:
		return d.read(m.DCS, whole)
	}
	return Reaction{Outcome: Stored}
}

// join puts the parts of a message together. While there is an outcome there is no message.
func (d *Device) join(m Message, now time.Time) ([]byte, []sms.Element, Outcome) {
	if !m.UDHI {
		return m.UserData, nil, ""
	}
	ud, err := sms.ParseUserData(m.UserData)
	if err != nil {
		return nil, nil, NoMessage
	}
	whole, elements, complete, _ := d.joiner.Add(m.Sender, ud, now) // a reused reference begins a new message
	if !complete {
		return nil, nil, Stored
	}
	return whole, elements, ""
}

// pushPort is that of WAP push (WAP-259-WDP).
const pushPort = 2948

// Data codings of a provisioning message: 8-bit data without a class and of class 1 (3GPP TS 23.038, 4).
const (
	dcs8Bit       = 0x04
	dcs8BitClass1 = 0xF5
)

// provision checks and applies a document. What the client does not like is dropped without a word.
func (d *Device) provision(pdu []byte) Reaction {
	r, ok := clients[d.cfg.Client]
	if !ok {
		return Reaction{Outcome: CPIgnored}
	}
	p, ok := parsePush(pdu)
	if !ok || r.octetType && p.named || r.longLength && p.shortLength {
		return Reaction{Outcome: CPUnusable}
	}
	body := p.behind
	if r.skipsHeaders {
		body = p.body
	}
	if !r.passes(p, body, d.card.IMSI(), string(d.cfg.PIN)) {
		return Reaction{Outcome: CPRefused}
	}
	doc, err := cp.ParseWBXML(body)
	if err != nil || r.noVendorToken && hasVendorToken(body) {
		return Reaction{Outcome: CPUnusable}
	}
	s, ok := r.read(doc)
	if !ok {
		return Reaction{Outcome: CPUnusable}
	}
	return Reaction{Outcome: CPApplied, Session: d.apply(s, r.replaces)}
}

// apply stores settings and reports whether the data connection is to be opened anew.
func (d *Device) apply(s Settings, replaces func(old, new APN) bool) (session bool) {
	d.settings.merge(s, replaces)
	i := slices.IndexFunc(s.APNs, func(a APN) bool { return a.Internet })
	if i < 0 {
		return false
	}
	d.next = s.APNs[i]
	if d.cfg.NeedsRestart {
		return false
	}
	d.data = d.next
	return true
}
