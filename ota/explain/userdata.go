package explain

import (
	"encoding/binary"
	"fmt"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/sms"
)

// elementNames names information elements (3GPP TS 23.040, 9.2.3.24).
var elementNames = map[byte]string{
	sms.Concat8: "concatenation", 0x01: "special message indication", sms.Ports8: "application ports", sms.Ports16: "application ports",
	0x06: "SMSC control parameters", 0x07: "source indicator", sms.Concat16: "concatenation, 16-bit reference", 0x09: "wireless control message",
	0x24: "national language, single shift", 0x25: "national language, locking shift", sms.CommandPacket: "command packet", sms.ResponsePacket: "response packet",
}

// carried is what a message turned out to carry; who draws the message around it
// compares that with PID, DCS and the like.
type carried struct {
	command, response, push bool
	part                    *sms.Concat
	header                  ota.Header // of the command, if its first octets are there
}

func (c carried) secured() bool { return c.command || c.response }

// drawUserData draws user data with a header, or several parts of one message.
func drawUserData(l *layer) {
	l.node.Name = "SMS user data"
	if parts := splitParts(l.b); len(parts) > 1 {
		l.drawParts(parts)
		return
	}
	if len(l.b) > sms.MaxUserData {
		l.node.say(Wrong, "%s: one SMS holds 140", octets(len(l.b)))
	}
	c := l.drawMessage()
	l.node.set("%s: %s", octets(len(l.b)), c.words())
}

func (c carried) words() string {
	what := "a message with a header"
	switch {
	case c.command:
		what = "a command packet (3GPP TS 31.115)"
	case c.response:
		what = "a response packet (3GPP TS 31.115)"
	case c.push:
		what = "a WAP push (OMA client provisioning)"
	}
	if c.part == nil {
		return what
	}
	return fmt.Sprintf("part %d of %d of %s", c.part.Seq, c.part.Total, what)
}

// splitParts finds the parts of one concatenated message in a row. All but the
// last are full.
func splitParts(b []byte) []sms.UserData {
	var parts []sms.UserData
	for len(b) > 0 {
		n := min(len(b), sms.MaxUserData)
		u, err := sms.ParseUserData(b[:n])
		if err != nil {
			return nil
		}
		c, ok := u.Concat()
		if !ok || int(c.Seq) != len(parts)+1 {
			return nil
		}
		parts = append(parts, u)
		if b = b[n:]; len(b) == 0 && int(c.Total) != len(parts) {
			return nil
		}
	}
	return parts
}

// drawParts draws each part's header, and the whole that they make.
func (l *layer) drawParts(parts []sms.UserData) {
	whole, element, err := sms.Join(parts)
	for range parts {
		p := l.sub("part", sms.MaxUserData)
		p.node.Findings = nil // the last one is shorter
		u, c := p.drawUDH()
		if c.part != nil {
			p.node.Name = fmt.Sprintf("part %d of %d", c.part.Seq, c.part.Total)
		}
		p.field("payload", len(u.Payload))
	}
	if err != nil {
		l.node.say(Wrong, "%s", trim(err))
		return
	}
	in := l.over("joined", whole)
	var c carried
	switch dst, _, _ := parts[0].Ports(); {
	case element == sms.CommandPacket:
		c.command = true
		drawCommand(in)
	case element == sms.ResponsePacket:
		c.response = true
		drawResponse(in)
	case dst == cp.Port:
		c.push = true
		drawPush(in)
	default:
		in.asField()
	}
	l.node.set("%s in %d parts: %s", octets(len(l.b)), len(parts), c.words())
}

// drawMessage draws header and payload of one SMS.
func (l *layer) drawMessage() carried {
	u, c := l.drawUDH()
	alone := c.part == nil || c.part.Total == 1
	switch {
	case len(u.Payload) == 0 || l.deep():
		if l.left() > 0 {
			l.field("payload", l.left())
		} else if c.secured() {
			l.node.say(Wrong, "no packet behind the header")
		}
	case !alone && c.part.Seq == 1 && c.command:
		in := l.sub("first octets of the packet", l.left())
		c.header = in.drawCommandHead(true)
		in.field("rest", in.left())
	case !alone && c.part.Seq == 1 && c.response:
		in := l.sub("first octets of the packet", l.left())
		in.drawResponseHead(true)
		in.field("rest", in.left())
	case !alone:
		l.field("payload", l.left()).Value = fmt.Sprintf("part %d of %d", c.part.Seq, c.part.Total)
	case c.command:
		c.header = headerOf(u.Payload)
		drawCommand(l.sub("command packet", l.left()))
	case c.response:
		drawResponse(l.sub("response packet", l.left()))
	case c.push:
		drawPush(l.sub("push", l.left()))
	default:
		l.field("payload", l.left())
	}
	if !alone {
		l.node.say(Suspicious, "part %d of %d alone: what it carries can be read when all parts are given, one after the other", c.part.Seq, c.part.Total)
	}
	return c
}

func headerOf(packet []byte) ota.Header {
	if len(packet) < commandHead {
		return ota.Header{}
	}
	return ota.Header{SPI: ota.SPI(packet[3:5]), KIc: packet[5], KID: packet[6], TAR: ota.TAR(packet[7:10])}
}

// drawUDH draws the header as far as it goes.
func (l *layer) drawUDH() (sms.UserData, carried) {
	b := l.rest()
	u, err := sms.ParseUserData(b[:min(len(b), sms.MaxUserData)])
	if err == nil {
		u.Payload = b[1+int(b[0]):]
	}
	udhl, f := l.number("UDHL", 1)
	f.set("%s of header", octets(udhl))
	if err != nil {
		f.say(Wrong, "%s", trim(err))
	}
	head := l.sub("UDH", min(udhl, l.left()))
	var c carried
	for head.left() > 0 {
		head.drawElement(&c)
	}
	if part, ok := u.Concat(); ok {
		c.part = &part
	}
	dst, _, ports := u.Ports()
	c.push = ports && dst == cp.Port
	if c.command && c.part != nil && c.part.Seq > 1 {
		head.node.say(Suspicious, "element 70 belongs into the first part only")
	}
	return u, c
}

// drawElement draws one information element as one line.
func (l *layer) drawElement(c *carried) {
	b := l.rest()
	size := len(b)
	if len(b) >= 2 && 2+int(b[1]) <= len(b) {
		size = 2 + int(b[1])
	}
	f := l.field(fmt.Sprintf("element %02X", b[0]), size)
	if len(b) < 2 || size != 2+int(b[1]) {
		f.say(Wrong, "element %02X is cut short", b[0])
		return
	}
	v := f.Raw[2:]
	f.Value = elementNames[b[0]]
	if f.Value == "" {
		f.Value = "not known here"
	}
	switch id := b[0]; {
	case id == sms.Concat8 && len(v) == 3:
		f.Value = partWords(int(v[0]), v[1], v[2], f)
	case id == sms.Concat16 && len(v) == 4:
		f.Value = partWords(int(binary.BigEndian.Uint16(v)), v[2], v[3], f) + " (16 bits)"
	case id == sms.Ports16 && len(v) == 4:
		f.set("to port %d from port %d", binary.BigEndian.Uint16(v), binary.BigEndian.Uint16(v[2:]))
		if binary.BigEndian.Uint16(v) == cp.Port {
			f.Value += ": WAP push"
		}
	case id == sms.Ports8 && len(v) == 2:
		f.set("to port %d from port %d", v[0], v[1])
	case id == sms.CommandPacket:
		c.command = true
	case id == sms.ResponsePacket:
		c.response = true
	case id == sms.Concat8 || id == sms.Concat16 || id == sms.Ports16 || id == sms.Ports8:
		f.say(Wrong, "element %02X has a wrong length: %d", id, len(v))
	}
	if (b[0] == sms.CommandPacket || b[0] == sms.ResponsePacket) && len(v) > 0 {
		f.say(Suspicious, "element %02X has data; 31.115 wants none", b[0])
	}
}

func partWords(ref int, total, seq byte, f *Node) string {
	if seq == 0 || seq > total {
		f.say(Wrong, "part %d of %d is impossible: the element counts as absent", seq, total)
	}
	return fmt.Sprintf("part %d of %d, reference %d", seq, total, ref)
}
