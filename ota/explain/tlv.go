package explain

import (
	"fmt"
	"strings"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
	"github.com/simota/simota/sat/tlv"
)

// berNames are the objects that cards send and get, by tag (ETSI TS 102 221,
// 11.1.1.3; ETSI TS 102 223, 8; GlobalPlatform Card Specification; GSMA SGP.02).
var berNames = map[uint32]string{
	0x62: "file control parameters", 0x6F: "file control information", 0x61: "application template", 0x66: "card data",
	0xD0: "proactive command", 0xD1: "SMS-PP data download", 0xD3: "menu selection", 0xD4: "call control", 0xD5: "MO short message control",
	0xD6: "event download", 0xE1: "notice", 0xE2: "DAP block", 0xE3: "registry entry", 0xC4: "load file or privileges", 0xEF: "system parameters",
	0xEA: "UICC parameters", 0xC9: "application parameters", 0x4F: "AID", 0x5C: "tag list", 0x82: "file descriptor", 0x83: "file identifier", 0x84: "DF name (AID)",
	0x8A: "life cycle", 0x80: "file size", 0x81: "total file size", 0x88: "short file identifier", 0x9F70: "life cycle state",
	0x4C: "EID", 0x4D: "type", 0x4E: "sequence number", 0x7F21: "certificate", 0xFF21: "extended card resources",
}

// comprehensionNames are toolkit objects by tag (ETSI TS 102 223, 9.3).
var comprehensionNames = map[uint16]string{
	0x01: "command details", 0x02: "device identities", 0x03: "result", 0x04: "duration", 0x05: "alpha identifier", 0x06: "address",
	0x08: "subaddress", 0x0A: "USSD string", 0x0B: "SMS TPDU", 0x0D: "text string", 0x0F: "item", 0x10: "item identifier", 0x12: "file list",
	0x13: "location information", 0x14: "IMEI", 0x19: "event list", 0x1B: "location status", 0x2F: "AID", 0x36: "channel data", 0x37: "channel data length",
	0x35: "bearer description", 0x38: "channel status", 0x39: "buffer size", 0x3C: "transport level", 0x3E: "other address", 0x47: "network access name", 0x62: "IMEISV", 0x6D: "MEID",
}

// proactive names toolkit commands (ETSI TS 102 223, 9.4).
var proactive = map[byte]string{
	0x01: "REFRESH", 0x02: "MORE TIME", 0x03: "POLL INTERVAL", 0x04: "POLLING OFF", 0x05: "SET UP EVENT LIST", 0x10: "SET UP CALL", 0x11: "SEND SS",
	0x12: "SEND USSD", 0x13: "SEND SHORT MESSAGE", 0x15: "LAUNCH BROWSER", 0x20: "PLAY TONE", 0x21: "DISPLAY TEXT", 0x22: "GET INKEY", 0x23: "GET INPUT",
	0x24: "SELECT ITEM", 0x25: "SET UP MENU", 0x26: "PROVIDE LOCAL INFORMATION", 0x27: "TIMER MANAGEMENT", 0x40: "OPEN CHANNEL", 0x41: "CLOSE CHANNEL",
	0x42: "RECEIVE DATA", 0x43: "SEND DATA", 0x44: "GET CHANNEL STATUS",
}

var refreshes = []string{
	"initialisation and full file change", "file change", "initialisation and file change", "initialisation", "UICC reset", "application reset",
	"session reset", "steering of roaming",
}

// devices names device identities (ETSI TS 102 223, 8.7).
var devices = map[byte]string{0x01: "keypad", 0x02: "display", 0x03: "earpiece", 0x81: "UICC", 0x82: "terminal", 0x83: "network"}

func fitsBER(b []byte) (int, string) {
	objects, err := tlv.ParseBER(b)
	if err != nil {
		return 0, ""
	}
	switch _, named := berNames[objects[0].Tag]; {
	case named && len(objects) == 1 && toolkit(objects[0].Tag) && len(objects[0].Value) > 3:
		if _, err := tlv.ParseComprehension(objects[0].Value); err == nil {
			return 92, "it is one toolkit template, its objects are exact"
		}
		return 50, "it is one object of a known tag"
	case named && len(objects) == 1 && objects[0].Tag&0x20 != 0 && len(objects[0].Value) > 1:
		return 75, "it is one object of a known tag, its length is exact"
	case named && len(b) > 4:
		return 42, "it reads as BER-TLV objects"
	}
	return 15, "it reads as BER-TLV objects"
}

func fitsComprehension(b []byte) (int, string) {
	objects, err := tlv.ParseComprehension(b)
	if err != nil {
		return 0, ""
	}
	named := 0
	for _, o := range objects {
		if comprehensionNames[o.Tag] != "" {
			named++
		}
	}
	switch {
	case objects[0].Tag == 0x01 && len(objects[0].Value) == 3 && len(objects) > 1:
		return 92, "it begins with the details of a toolkit command"
	case named == len(objects) && len(objects) > 1:
		return 41, "it reads as toolkit objects"
	}
	return 14, "it reads as COMPREHENSION-TLV objects"
}

// drawBER draws BER-TLV objects, and what is in constructed ones.
func drawBER(l *layer) {
	if l.node.Name == "" {
		l.node.Name = "BER-TLV"
	}
	for l.left() > 0 {
		o := l.object()
		if o == nil {
			return
		}
		o.draw()
	}
}

// draw draws the value of an object.
func (o *object) draw() {
	if name := berNames[o.tag]; name != "" {
		o.node.Name += " " + name
	}
	switch {
	case len(o.b) == 0:
		o.node.Value = "empty"
	case o.tag == 0x62:
		if p, err := rfm.ParseFCP(append([]byte{0x62}, berValue(o.b)...)); err == nil {
			o.node.Value = p.String()
		}
		o.inside(drawBER)
	case toolkit(o.tag):
		o.inside(drawComprehension)
	case constructed(o.tag) && !o.deep():
		if _, err := tlv.ParseBER(o.b); err == nil {
			o.inside(drawBER)
		} else {
			o.asField()
		}
	default:
		o.asField()
		if o.tag == 0x4F || o.tag == 0x84 {
			o.node.Value = sat.AID(o.b).String()
		}
	}
}

// toolkit says whether a template holds toolkit objects.
func toolkit(tag uint32) bool { return tag >= 0xD0 && tag <= 0xD6 }

func (o *object) inside(draw func(*layer)) { draw(&o.layer) }

// berValue is length and value of an object.
func berValue(b []byte) []byte {
	whole, err := tlv.AppendBER(nil, 0x62, b)
	if err != nil {
		return nil
	}
	return whole[1:]
}

// constructed says whether a tag holds objects.
func constructed(tag uint32) bool {
	for tag > 0xFF {
		tag >>= 8
	}
	return tag&0x20 != 0
}

// berLength draws a length.
func (l *layer) berLength() (n int, ok bool) {
	b := l.rest()
	if len(b) == 0 {
		l.field("length", 1)
		return 0, false
	}
	size := 1
	if b[0] > 0x80 && b[0] <= 0x83 {
		size += int(b[0] & 0x0F)
	} else if b[0] >= 0x80 {
		l.field("length", 1).say(Wrong, "not a length")
		return 0, false
	}
	n, f := l.number("length", size)
	if size > 1 {
		n &= 1<<(8*(size-1)) - 1
	}
	f.set("%s", octets(n))
	return n, f.Length == size
}

// drawComprehension draws COMPREHENSION-TLV objects.
func drawComprehension(l *layer) {
	if l.node.Name == "" {
		l.node.Name = "COMPREHENSION-TLV"
	}
	objects, err := tlv.ParseComprehension(l.rest())
	for i, o := range objects {
		size := len(l.rest()) // the last one takes all
		if i+1 < len(objects) {
			size = sizeBefore(l.rest(), o)
		}
		head := size - len(o.Value)
		sub := l.sub(strings.TrimSpace(fmt.Sprintf("%02X %s", o.Tag, comprehensionNames[o.Tag])), size)
		sub.b, sub.whole, sub.base = sub.b[min(head, len(sub.b)):], sub.b, sub.base+head
		sub.drawToolkit(o)
	}
	if err != nil {
		l.field("object", l.left()).say(Wrong, "%s", trim(err))
	}
}

// sizeBefore is how long the first object of b is, tag and length included.
func sizeBefore(b []byte, o tlv.Comprehension) int {
	tag := 1
	if b[0]&0x7F == 0x7F {
		tag = 3
	}
	length := 1
	if tag < len(b) && b[tag] > 0x80 {
		length += int(b[tag] & 0x7F)
	}
	return tag + length + len(o.Value)
}

// drawToolkit draws the value of a toolkit object.
func (l *layer) drawToolkit(o tlv.Comprehension) {
	v := o.Value
	if o.Tag == 0x0B && !l.deep() && len(v) > 0 {
		if l.content(TPDU) {
			return
		}
	}
	n := l.asField()
	switch {
	case o.Tag == 0x01 && len(v) == 3:
		n.Value = proactive[v[1]]
		if v[1] == 0x01 && int(v[2]) < len(refreshes) {
			n.Value += ", " + refreshes[v[2]]
		} else if n.Value != "" {
			n.Value += fmt.Sprintf(", qualifier %02X", v[2])
		}
	case o.Tag == 0x02 && len(v) == 2:
		n.set("from %s to %s", deviceName(v[0]), deviceName(v[1]))
	case o.Tag == 0x06 && len(v) > 1:
		n.Value = dialled(v[0], v[1:])
	case o.Tag == 0x05 || o.Tag == 0x0D && len(v) > 1:
		n.set("%d octets of text", len(v))
	}
}

func deviceName(o byte) string {
	if name := devices[o]; name != "" {
		return name
	}
	return fmt.Sprintf("device %02X", o)
}

// content draws what the octets of a layer are, if it is one of these kinds
// and beyond doubt enough.
func (l *layer) content(kinds ...Kind) bool {
	if l.deep() || len(l.b) == 0 {
		return false
	}
	best := judge(l.rest(), kinds...)[0]
	if best.kind == Unknown || best.score < 40 {
		return false
	}
	name := l.node.Name
	formOf(best.kind).draw(l)
	if name != "" && l.node.Name != name {
		l.node.Name = name + ": " + l.node.Name
	}
	l.trailing(string(best.kind))
	return true
}
