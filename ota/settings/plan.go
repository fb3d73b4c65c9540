package settings

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/cp/content"
)

// Plan is what a device is told, in the order in which it is told.
type Plan struct {
	Messages []Message
	Left     []Left // what the operator has and the device is not told
}

// Message is one document, or one short message in its place.
type Message struct {
	Name string // "internet", "mms", "smsc", or the name of a template
	// Gating says that the device is configured once this has arrived. What
	// devices honour or not never gates.
	Gating   bool
	Document cp.Document // empty for a Text
	WBXML    []byte      // the document, encoded
	Text     string      // to be sent as a text message; empty for a document
	Security string      // of a document: "netwpin", "userpin", "usernetwpin" or "none"
	PIN      string      // for the methods with a user's PIN
	SMS      int         // short messages it takes
	Why      []string    // why it is sent, and why like this
}

// Findings is what is wrong with a message by the standard, for sending, and
// for a client of package content that is known to be like the device's. Of a
// device that nobody knows it is what holds for most phones.
func (m Message) Findings(client string) (out []content.Finding) {
	if m.Text != "" {
		return nil
	}
	if client == Unknown {
		client = "phones"
	}
	for _, f := range content.Check(m.Document) {
		if f.By == content.Standard || f.By == content.Sender || f.By == client {
			out = append(out, f)
		}
	}
	return out
}

// Left is something that is not sent.
type Left struct {
	Name string
	Why  string
}

// ErrNoPIN is in the chain of the error for a client that takes documents with
// a user's PIN only, where none is known.
var ErrNoPIN = errors.New("settings: no PIN")

// Make plans what a device with this capability is told of an operator's
// network: the smallest safe document first, what is doubtful in documents of
// its own, last. The error names the setting of the operator or the template of
// the client to correct.
func Make(op catalog.Operator, c catalog.Capability) (Plan, error) {
	if c.CP == "no" {
		return texts(op, c)
	}
	method, why, err := security(c)
	if err != nil {
		return Plan{}, err
	}
	p := planner{op: op, cap: c, method: method, why: why}
	for _, step := range []func() error{p.accessPoints, p.deviceManagement, p.messageCentre, p.shortCodes, p.vendor} {
		if err := step(); err != nil {
			return Plan{}, err
		}
	}
	return p.plan, nil
}

// security chooses the first method for which all is known.
func security(c catalog.Capability) (method, why string, err error) {
	for i, m := range c.Security {
		switch {
		case m == "netwpin":
			return m, "signed with the IMSI in the card: nobody has to type anything", nil
		case m == "none":
			return m, "not signed: this client takes nothing else that can be sent", nil
		case c.PIN != "" && m != "userpinmac":
			return m, "signed with the PIN that this kind of device has", nil
		case i == len(c.Security)-1:
			return "", "", fmt.Errorf("%w: the device takes %s only, and its client names no pin that can be used", ErrNoPIN, strings.Join(c.Security, ", "))
		}
	}
	return "netwpin", "signed with the IMSI in the card, as nothing else is known of the client", nil
}

// planner collects the messages of one plan.
type planner struct {
	op          catalog.Operator
	cap         catalog.Capability
	method, why string
	plan        Plan
}

func (p *planner) takes(setting string) bool { return slices.Contains(p.cap.Takes, setting) }

func (p *planner) leave(name, format string, args ...any) {
	p.plan.Left = append(p.plan.Left, Left{name, fmt.Sprintf(format, args...)})
}

// accessPoints plans internet, then MMS, then the rest, whatever their order.
func (p *planner) accessPoints() error {
	for _, purpose := range []string{Internet, MMS, ""} {
		for i, a := range p.op.APNs {
			other := a.Purpose != Internet && a.Purpose != MMS
			if a.Purpose != purpose && (purpose != "" || !other) {
				continue
			}
			if err := p.accessPoint(a); err != nil {
				return fmt.Errorf("settings: operator %s: apns[%d]: %w", p.op.Name, i, err)
			}
		}
	}
	return nil
}

func (p *planner) accessPoint(a catalog.APN) error {
	setting, gating := a.Purpose, true
	if a.Purpose != Internet && a.Purpose != MMS {
		setting, gating = catalog.TakesOther, false
	}
	// The document is made before anything is left out: a mistake in it is one
	// whoever reads it.
	with := options{dns: p.takes(catalog.TakesDNS), pdp: p.takes(catalog.TakesPDP), proxy: p.takes(catalog.TakesProxy), maxID: p.maxID(), bootstrap: true}
	doc, err := access(p.op.Name, a, with)
	if err != nil {
		return err
	}
	if !p.takes(setting) {
		p.leave(a.Purpose, "the client takes no %s settings", setting)
		return nil
	}
	if a.Proxy != "" && !with.proxy {
		p.leave(a.Purpose+" proxy", "the client takes no proxies: it goes to %s directly", cmp.Or(a.MMSC, "the network"))
	}
	if len(a.DNS) > 0 && !with.dns {
		p.leave(a.Purpose+" dns", "the client takes no DNS addresses: it uses those that the network gives")
	}
	why := []string{"the access point for " + a.Purpose}
	for _, drop := range []struct {
		what string
		of   func(*options)
	}{{"its DNS addresses", func(o *options) { o.dns = false }}, {"BOOTSTRAP", func(o *options) { o.bootstrap = false }}} {
		if n, _ := p.sms(doc); n <= p.parts() {
			break
		}
		drop.of(&with)
		why = append(why, "without "+drop.what+", to fit")
		if doc, err = access(p.op.Name, a, with); err != nil {
			return err
		}
	}
	return p.add(a.Purpose, gating, doc, why...)
}

func (p *planner) maxID() int {
	if p.cap.MaxID > 0 {
		return min(p.cap.MaxID, maxID)
	}
	return maxID
}

func (p *planner) parts() int {
	if p.cap.MaxParts > 0 {
		return p.cap.MaxParts
	}
	return mostParts
}

// deviceManagement plans the account of an OMA DM server.
func (p *planner) deviceManagement() error {
	if p.op.DM == nil {
		return nil
	}
	doc, err := deviceManagement(*p.op.DM)
	if err != nil {
		return fmt.Errorf("settings: operator %s: dm: %w", p.op.Name, err)
	}
	if !p.takes(catalog.TakesDM) {
		p.leave("dm", "the client takes no device management accounts")
		return nil
	}
	return p.add("dm", false, doc, "the account of the OMA DM server, in a document of its own")
}

func (p *planner) messageCentre() error {
	if p.op.SMSC == "" {
		return nil
	}
	doc, err := messageCentre(p.op.Name, p.op.SMSC, p.maxID())
	if err != nil {
		return fmt.Errorf("settings: operator %s: smsc: %w", p.op.Name, err)
	}
	if !p.takes(catalog.TakesSMSC) {
		p.leave("smsc", "the client takes no service centre: the card's EF_SMSP says it")
		return nil
	}
	return p.add("smsc", false, doc, "few clients use it, some refuse it: last and alone; what counts is the card's EF_SMSP")
}

func (p *planner) shortCodes() error {
	if len(p.op.ShortCodes.SMS)+len(p.op.ShortCodes.Voice) == 0 {
		return nil
	}
	doc, err := shortCodes(p.op.Name, p.op.ShortCodes)
	if err != nil {
		return fmt.Errorf("settings: operator %s: short_codes: %w", p.op.Name, err)
	}
	if !p.takes(catalog.TakesShortCodes) {
		p.leave("short codes", "the client takes no short codes: those that the card has files for are in EF_SDN, EF_MBDN, EF_ECC")
		return nil
	}
	return p.add("short codes", false, doc, "as bookmarks, for nothing is registered for short codes: apart from all that matters")
}

func (p *planner) vendor() error {
	for _, t := range p.cap.Vendor {
		text, err := fill(t.Text, p.op, xmlEscape)
		if errors.Is(err, errNothing) {
			p.leave(t.Name, "%v", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("settings: template %q: %w", t.Name, err)
		}
		doc, err := cp.ParseXML([]byte(text))
		if err != nil {
			return fmt.Errorf("settings: template %q: %w", t.Name, err)
		}
		if err := p.add(t.Name, false, doc, "in the terms of the device's maker"); err != nil {
			return err
		}
	}
	return nil
}

// add takes a document into the plan if the client can read it.
func (p *planner) add(name string, gating bool, doc cp.Document, why ...string) error {
	if word := chokes(p.cap.ChokesOn, doc.Children); word != "" {
		p.leave(name, "the client refuses a document with %s", word)
		return nil
	}
	n, b := p.sms(doc)
	if b == nil {
		_, err := doc.AppendWBXML(nil)
		return fmt.Errorf("settings: %s: %w", name, err)
	}
	if n > p.parts() {
		p.leave(name, "%d octets are %d short messages, the client takes %d", len(b), n, p.parts())
		return nil
	}
	m := Message{Name: name, Gating: gating, Document: doc, WBXML: b, Security: p.method, SMS: n, Why: append(why, p.why)}
	if p.method != "netwpin" && p.method != "none" {
		m.PIN = p.cap.PIN
	}
	if p.cap.Restart == "yes" && gating {
		m.Why = append(m.Why, "used after a restart of the device only")
	}
	p.plan.Messages = append(p.plan.Messages, m)
	return nil
}

// sms is how many short messages a document takes, and its octets; nil if it
// cannot be encoded.
func (p *planner) sms(doc cp.Document) (int, []byte) {
	b, err := doc.AppendWBXML(nil)
	if err != nil {
		return 0, nil
	}
	return cp.Parts(len(b), p.method != "none"), b
}

// chokes is the first word of a document that is on a list.
func chokes(list []string, cs []cp.Characteristic) string {
	for _, c := range cs {
		if slices.Contains(list, c.Type) {
			return c.Type
		}
		for _, m := range c.Parms {
			if slices.Contains(list, m.Name) {
				return m.Name
			}
		}
		if word := chokes(list, c.Children); word != "" {
			return word
		}
	}
	return ""
}

// texts plans for a device that takes no provisioning.
func texts(op catalog.Operator, c catalog.Capability) (Plan, error) {
	var p Plan
	for _, t := range c.Texts {
		text, err := fill(t.Text, op, plain)
		if errors.Is(err, errNothing) {
			p.Left = append(p.Left, Left{t.Name, err.Error()})
			continue
		}
		if err != nil {
			return Plan{}, fmt.Errorf("settings: text %q: %w", t.Name, err)
		}
		n, err := TextParts(text)
		if err != nil {
			return Plan{}, fmt.Errorf("settings: text %q: %w", t.Name, err)
		}
		p.Messages = append(p.Messages, Message{
			Name: t.Name, Gating: true, Text: text, SMS: n,
			Why: []string{"the device takes no OMA CP; its maker's text message says the same"},
		})
	}
	if len(p.Messages) == 0 {
		p.Left = append(p.Left, Left{"everything", "the device takes no OMA CP, and its client has no text that fits: set it by hand"})
	}
	return p, nil
}
