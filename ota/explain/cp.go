package explain

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/cp/content"
	"github.com/simota/simota/sat/euicc"
)

// drawPush draws a WSP push (WAP-230-WSP, 8.2).
func drawPush(l *layer) {
	l.node.Name = "WSP push"
	m, err := cp.ParsePush(l.b)
	l.field("transaction", 1)
	t := l.field("PDU type", 1)
	t.Value = "push"
	if t.Length == 1 && t.Raw[0] != 0x06 {
		t.Value = ""
		t.say(Wrong, "not 06, push")
	}
	size, f := l.number("headers length", 1)
	f.set("%s", octets(size))
	head := l.sub("headers", min(size, l.left()))
	head.drawHeaders(m, err)
	if l.left() == 0 {
		return
	}
	if err != nil && !errors.Is(err, cp.ErrContentType) {
		l.node.say(Wrong, "%s", trim(err))
	}
	if errors.Is(err, cp.ErrContentType) || m.Type == cp.DMBootstrap {
		l.field("body", l.left())
		return
	}
	drawWBXML(l.sub("body", l.left()))
}

var contentTypes = map[byte]string{
	0xB6: "provisioning document (application/vnd.wap.connectivity-wbxml)", 0xB5: "provisioning document as text", 0xC4: "device management notification",
	0xC2: "device management bootstrap", 0xAE: "service indication", 0xB0: "service loading", 0xBE: "MMS notification",
}

func (l *layer) drawHeaders(m cp.Message, err error) {
	if r := l.rest(); len(r) > 0 && r[0] <= 0x1F {
		n := 1
		if r[0] == 0x1F {
			n = 2
		}
		l.field("value length", n).Value = "of content type and parameters"
	}
	if l.left() == 0 {
		l.asField()
		return
	}
	f := l.field("content type", 1)
	if f.Value = contentTypes[f.Raw[0]]; f.Value == "" {
		f.Value = "another content type"
	}
	switch {
	case err != nil:
		l.field("parameters", l.left())
		return
	case !m.HasSecurity:
		l.node.say(Suspicious, "neither SEC nor MAC: many devices refuse such settings, or ask the user")
	}
	if l.left() > 0 {
		l.field("SEC", 2).Value = m.Security.String() + ": " + securityWords(m.Security)
	}
	if l.left() > 0 {
		mac := l.field("MAC", l.left())
		mac.Value = m.MAC
		if strings.ToUpper(m.MAC) != m.MAC {
			mac.say(Wrong, "lower-case digits: clients compare with upper case and refuse")
		}
	}
}

func securityWords(s cp.Security) string {
	return map[cp.Security]string{
		cp.NETWPIN: "signed with the IMSI, the user types nothing", cp.USERPIN: "signed with a PIN that the user types",
		cp.USERNETWPIN: "signed with IMSI and PIN", cp.USERPINMAC: "a PIN with check digits; hardly a client knows it",
	}[s]
}

// drawWBXML draws a provisioning document, passwords masked.
func drawWBXML(l *layer) {
	l.node.Name = "provisioning document (WBXML)"
	d, err := cp.ParseWBXML(l.b)
	v := l.field("version", 1)
	if v.Length == 1 {
		v.set("WBXML %d.%d", v.Raw[0]>>4+1, v.Raw[0]&0x0F)
	}
	l.field("public id", 1).Value = "PROV 1.0"
	l.field("charset", 1).Value = "UTF-8 is 6A"
	if err != nil {
		l.field("document", l.left()).say(Wrong, "%s", trim(err))
		return
	}
	body := l.sub("wap-provisioningdoc", l.left())
	body.node.Value = d.Version
	for _, c := range d.Redacted().Children {
		body.drawCharacteristic(c)
	}
	body.pos = len(body.b)
	for _, unknown := range d.Unknown() {
		body.node.say(Suspicious, "%s: no table of OMA has it, some clients refuse the whole document", printable(unknown))
	}
	body.drawSettings(d)
}

func (l *layer) drawCharacteristic(c cp.Characteristic) {
	n := &Node{Name: c.Type, Offset: l.base}
	l.d.attach(l.node, n)
	in := &layer{d: l.d, node: n, base: l.base, depth: l.depth + 1}
	for _, p := range c.Parms {
		value := "set"
		if p.Value != nil {
			value = printable(*p.Value)
		}
		in.words(p.Name, value)
	}
	if in.deep() {
		return
	}
	for _, child := range c.Children {
		in.drawCharacteristic(child)
	}
}

// drawSettings says what a client would take from the document, and who would
// refuse all of it.
func (l *layer) drawSettings(d cp.Document) {
	c, err := content.Parse(d)
	if err != nil {
		l.node.say(Wrong, "%s", trim(err))
		return
	}
	for i, n := range c.NAPDefs {
		twice := slices.ContainsFunc(c.NAPDefs[:i], func(earlier content.NAPDef) bool { return earlier.NAPID == n.NAPID })
		switch {
		case twice || n.NAPID == "" || n.Name == "" || n.Address == "" || len(n.Bearers) == 0:
			// Clients drop it.
		case n.Bearers[0] == "GSM-GPRS" && n.AddrType == "APN":
			use := ""
			if n.Internet || leads(c, n, content.AppBrowser) {
				use += " for internet"
			}
			if leads(c, n, content.AppMMS) {
				use += " for MMS"
			}
			l.node.say(Info, "a client takes APN %s%s", printable(n.Address), use)
		case n.Bearers[0] == "GSM-SMS":
			l.node.say(Info, "message centre %s: most clients ignore it", printable(n.Address))
		}
	}
	for _, f := range content.Check(d) {
		if f.Effect == content.Refused && f.By != content.Sender {
			l.node.say(Suspicious, "a client would refuse it: %s", f.Text)
			return
		}
	}
}

// leads says whether an application uses an access point, by itself or over a
// proxy.
func leads(c content.Content, n content.NAPDef, appID string) bool {
	for _, a := range c.Applications {
		for _, to := range a.To {
			switch {
			case a.AppID != appID:
			case !to.Proxy && (to.ID == n.NAPID || to.ID == "INTERNET" && n.Internet):
				return true
			case to.Proxy && proxied(c, to.ID, n.NAPID):
				return true
			}
		}
	}
	return false
}

func proxied(c content.Content, proxyID, napID string) bool {
	return slices.ContainsFunc(c.Proxies, func(px content.PXLogical) bool {
		return px.ProxyID == proxyID && slices.ContainsFunc(px.Physical, func(m content.PXPhysical) bool { return slices.Contains(m.NAPIDs, napID) })
	})
}

// drawNotice draws the notice of an eUICC.
func drawNotice(l *layer) {
	n, err := euicc.ParseNotice(l.b)
	if err != nil {
		drawBER(l)
		l.node.Name = "notice of an eUICC"
		l.node.say(Wrong, "%s", trim(err))
		return
	}
	drawBER(l)
	l.node.Name = "notice of an eUICC (GSMA SGP.02)"
	l.node.Value = n.String()
	l.node.say(Info, "it has to be confirmed at once (HandleNotificationConfirmation %d): a card that gets no confirmation rolls back", n.Sequence)
	if len(l.node.Children) == 1 {
		nameNotice(l.node.Children[0], n)
	}
}

// nameNotice says the fields of a notice in words.
func nameNotice(e1 *Node, n euicc.Notice) {
	for _, c := range e1.Children {
		if len(c.Raw) < 2 {
			continue
		}
		switch c.Raw[0] {
		case 0x4C:
			c.Value = n.EID
		case 0x4D:
			c.Value = n.Type.String()
		case 0x4E:
			c.Value = fmt.Sprint(n.Sequence)
		case 0x4F, 0x2F, 0xAF:
			c.Name, c.Value = c.Name[:2]+" profile (ISD-P)", n.ISDP.String()
		case 0x14, 0x94:
			c.Name, c.Value = c.Name[:2]+" IMEI", n.IMEI
		case 0x6D, 0xED:
			c.Name, c.Value = c.Name[:2]+" MEID", n.MEID
		}
	}
}
