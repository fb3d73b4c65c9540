package explain

import (
	"fmt"
	"strings"
)

// tpduType is one of the short message TPDUs (3GPP TS 23.040, 9.2.2).
type tpduType struct {
	name  string
	mti   byte
	score int // of octets that fit without a mark
	draw  func(*tpdu)
}

// tpduTypes are all types, by how often people paste them; the direction is not in the octets.
func tpduTypes() []tpduType {
	return []tpduType{
		{"SMS-DELIVER", 0x00, 94, (*tpdu).deliver},
		{"SMS-SUBMIT", 0x01, 91, (*tpdu).submit},
		{"SMS-STATUS-REPORT", 0x02, 88, (*tpdu).statusReport},
		{"SMS-DELIVER-REPORT", 0x00, 34, (*tpdu).deliverReport},
		{"SMS-SUBMIT-REPORT", 0x01, 78, (*tpdu).submitReport},
	}
}

// tpdu draws one TPDU.
type tpdu struct {
	*layer
	first byte
	dry   bool // only lengths and digits matter
	dirty bool // something does not fit
	c     carried
}

// readings are the ways in which octets can be a TPDU, best first.
func readings(b []byte) (best tpduType, smsc bool, score int) {
	for _, withSMSC := range []bool{false, true} {
		for _, t := range tpduTypes() {
			s := tryTPDU(b, t, withSMSC)
			if s > score {
				best, smsc, score = t, withSMSC, s
			}
		}
	}
	return best, smsc, score
}

// tryTPDU draws into nothing and looks for marks.
func tryTPDU(b []byte, t tpduType, smsc bool) int {
	l := &layer{d: &decoder{}, node: &Node{}, b: b}
	if smsc && !l.drawSMSC() {
		return 0
	}
	if l.left() == 0 || l.rest()[0]&0x03 != t.mti {
		return 0
	}
	p := &tpdu{layer: l, dry: true}
	p.draw(t)
	score := t.score
	switch {
	case p.dirty || l.left() > 0 || wrongBelow(l.node):
		return 0
	case p.c.secured() || p.c.push:
		score = max(score, 93)
	}
	if smsc {
		score += 2
	}
	return score
}

func wrongBelow(n *Node) bool {
	for _, f := range n.Findings {
		if f.Level == Wrong {
			return true
		}
	}
	for _, c := range n.Children {
		if wrongBelow(c) {
			return true
		}
	}
	return false
}

func fitsTPDU(b []byte) (int, string) {
	if len(b) < 4 || len(b) > 200 {
		return 0, ""
	}
	t, smsc, score := readings(b)
	why := "addresses and lengths fit " + t.name
	if smsc {
		why += " behind an SMSC address"
	}
	return score, why
}

// drawTPDU draws the best reading.
func drawTPDU(l *layer) {
	t, smsc, score := readings(l.b)
	if score == 0 { // forced: take it for what its first octet says
		t = tpduTypes()[0]
		if l.b[0]&0x03 == 0x01 {
			t = tpduTypes()[1]
		}
		if l.b[0]&0x03 >= 0x02 {
			t = tpduTypes()[2]
		}
	}
	l.node.Name = t.name
	if smsc {
		l.drawSMSC()
	}
	p := &tpdu{layer: l}
	p.draw(t)
	l.trailing("the TPDU")
}

// drawSMSC draws the service centre address that modems put in front.
func (l *layer) drawSMSC() bool {
	n := int(l.b[0])
	if n == 0 {
		l.field("SMSC", 1).Value = "none given: that of the SIM"
		return true
	}
	if n < 2 || n > 11 || n+1 > len(l.b) || l.b[1]&0x80 == 0 || !digits(l.b[2:n+1]) {
		return false
	}
	l.field("SMSC", n+1).Value = dialled(l.b[1], l.b[2:n+1])
	return true
}

// digits says whether octets are swapped digits with at most one fill at the end.
func digits(b []byte) bool {
	for i, o := range b {
		if o&0x0F > 0x0C || o>>4 > 0x0C && (o>>4 != 0x0F || i+1 < len(b)) {
			return false
		}
	}
	return true
}

// dialled is a number with swapped digits.
func dialled(ton byte, b []byte) string {
	var s strings.Builder
	if ton&0x70 == 0x10 {
		s.WriteByte('+')
	}
	const keys = "0123456789*#abc"
	for _, o := range b {
		for _, d := range []byte{o & 0x0F, o >> 4} {
			if d < 0x0F {
				s.WriteByte(keys[d])
			}
		}
	}
	return s.String()
}

func (p *tpdu) draw(t tpduType) {
	p.node.Name = t.name
	f := p.field("first octet", 1)
	if f.Length == 0 {
		return
	}
	p.first = f.Raw[0]
	if p.first&0x03 != t.mti {
		p.dirty = true
	}
	t.draw(p)
}

// flags says which bits of the first octet are set.
func (p *tpdu) flags(bits string, more ...string) {
	words := strings.Split(bits, ",")
	for i, w := range words {
		if bit := byte(1) << (7 - i); w != "" && p.first&bit != 0 {
			more = append(more, w)
		}
	}
	p.node.Children[len(p.node.Children)-1].Value = strings.Join(append([]string{p.node.Name}, more...), ", ")
}

func (p *tpdu) deliver() {
	more := "no more messages wait"
	if p.first&0x04 == 0 {
		more = "more messages wait"
	}
	p.flags("reply path,user data header,status report asked", more)
	from := p.address("originating address")
	pid, dcs := p.field("PID", 1), p.field("DCS", 1)
	p.protocol(pid, dcs)
	p.timestamp("time stamp")
	p.userData(dcs)
	if !p.dry {
		transport{pid: pid, dcs: dcs, toCard: true}.check(p.c)
	}
	p.node.set("from %s: %s", from, p.carries())
}

func (p *tpdu) submit() {
	p.flags("reply path,user data header,status report asked,,,reject duplicates")
	p.number("message reference", 1)
	to := p.address("destination address")
	pid, dcs := p.field("PID", 1), p.field("DCS", 1)
	p.protocol(pid, dcs)
	p.validity()
	p.userData(dcs)
	p.node.set("to %s: %s", to, p.carries())
}

func (p *tpdu) statusReport() {
	p.flags(",user data header,answers a command")
	p.number("message reference", 1)
	to := p.address("recipient address")
	p.timestamp("time stamp")
	p.timestamp("discharge time")
	f := p.field("status", 1)
	if f.Length == 1 {
		f.Value = reportWords(f.Raw[0])
	}
	p.node.set("of a message to %s: %s", to, f.Value)
	if p.left() > 0 {
		p.optional()
	}
}

// reportWords is the status of a message (3GPP TS 23.040, 9.2.3.15).
func reportWords(v byte) string {
	switch {
	case v == 0x00:
		return "received by the phone"
	case v == 0x01:
		return "forwarded, delivery not known"
	case v == 0x02:
		return "replaced by the SMSC"
	case v < 0x20:
		return "completed"
	case v < 0x40:
		return "not yet delivered, still trying"
	case v == 0x46:
		return "given up: validity expired"
	case v < 0x60:
		return "given up for good"
	case v < 0x80:
		return "given up for now"
	}
	return "reserved status"
}

// deliverReport is what a phone answers to SMS-DELIVER: a card's proof of
// receipt may ride in it. A failure cause is told from the parameter indicator
// by its highest bit.
func (p *tpdu) deliverReport() {
	p.flags(",user data header")
	p.cause()
	p.optional()
	p.node.set("%s", p.carries())
}

func (p *tpdu) submitReport() {
	p.flags(",user data header")
	p.cause()
	p.indicatorThen(func() { p.timestamp("time stamp") })
	p.node.set("%s", p.carries())
}

// cause draws TP-FCS of a report that says no.
func (p *tpdu) cause() {
	if r := p.rest(); len(r) > 0 && r[0] >= 0x80 {
		f := p.field("failure cause", 1)
		f.Value = causeWords(r[0])
		f.say(Suspicious, "the message was refused")
	}
}

func causeWords(v byte) string {
	words := map[byte]string{
		0x80: "telematic interworking not supported", 0x81: "type 0 not supported", 0x90: "DCS not supported", 0x91: "class not supported", 0xA0: "command cannot be executed",
		0xA1: "command not supported", 0xB0: "TPDU not supported", 0xC0: "SMSC busy", 0xC1: "no subscription at the SMSC", 0xC2: "SMSC failure", 0xC3: "invalid destination",
		0xC4: "destination barred", 0xC5: "duplicate refused", 0xC6: "validity format not supported", 0xC7: "validity not supported", 0xD0: "storage of the SIM is full",
		0xD1: "no storage in the SIM", 0xD2: "error in the phone", 0xD3: "memory exceeded", 0xD4: "toolkit is busy", 0xD5: "data download error", 0xFF: "unspecified",
	}[v]
	if words == "" {
		return "reserved or the application's own"
	}
	return words
}

func (p *tpdu) optional() { p.indicatorThen(func() {}) }

// indicatorThen draws the parameter indicator, what lies between, and the
// fields that it names.
func (p *tpdu) indicatorThen(between func()) {
	pi, f := p.number("parameter indicator", 1)
	var names []string
	for i, name := range []string{"PID", "DCS", "user data"} {
		if pi>>i&1 != 0 {
			names = append(names, name)
		}
	}
	f.Value = "nothing follows"
	if len(names) > 0 {
		f.Value = strings.Join(names, ", ") + " follow"
	}
	if pi&0xF8 != 0 {
		f.say(Suspicious, "reserved bits are set")
		p.dirty = true
	}
	between()
	var pid, dcs *Node
	if pi&0x01 != 0 {
		pid = p.field("PID", 1)
	}
	if pi&0x02 != 0 {
		dcs = p.field("DCS", 1)
	}
	p.protocol(pid, dcs)
	if pi&0x04 != 0 {
		p.userData(dcs)
	}
}

// protocol says PID and DCS in words; either may be missing.
func (p *tpdu) protocol(pid, dcs *Node) {
	if pid != nil && pid.Length == 1 {
		pid.Value = pidWords(pid.Raw[0])
	}
	if dcs != nil && dcs.Length == 1 {
		dcs.Value = dcsWords(dcs.Raw[0])
		if a, _, _ := dcsOf(dcs); a == reservedAlphabet {
			p.dirty = true
		}
	}
}

func dcsOf(n *Node) (alphabet, int, bool) { return dcs(valueOf(n)) }

// address draws an address field (3GPP TS 23.040, 9.1.2.5).
func (p *tpdu) address(name string) string {
	n := 0
	if r := p.rest(); len(r) > 0 {
		n = int(r[0])
	}
	size := (n + 1) / 2
	if n > 20 {
		p.dirty = true
	}
	f := p.field(name, 2+size)
	if f.Length < 2+size {
		p.dirty = true
		return "an address that is cut short"
	}
	ton, b := f.Raw[1], f.Raw[2:]
	if ton&0x80 == 0 {
		p.dirty = true
		f.say(Wrong, "type of number %02X lacks its highest bit", ton)
	}
	if ton&0x70 == 0x50 {
		f.Value = printable(septets(b, 0, n*4/7)) + ", alphanumeric"
		return f.Value
	}
	if !digits(b) || n%2 != 0 && len(b) > 0 && b[len(b)-1]>>4 != 0x0F || n%2 == 0 && len(b) > 0 && b[len(b)-1]>>4 == 0x0F {
		p.dirty = true
	}
	f.Value = dialled(ton, b)
	if n == 0 {
		f.Value = "(none)"
	}
	return f.Value
}

// timestamp draws a time of the SMSC.
func (p *tpdu) timestamp(name string) {
	f := p.field(name, 7)
	words, ok := stampWords(f.Raw)
	f.Value = words
	if !ok {
		p.dirty = true
		f.say(Wrong, "not a time")
	}
}

// stampWords reads swapped digits and a zone in quarters of an hour.
func stampWords(b []byte) (string, bool) {
	if len(b) != 7 {
		return "", false
	}
	var v [6]int
	for i := range v {
		if b[i]&0x0F > 9 || b[i]>>4 > 9 {
			return "", false
		}
		v[i] = int(b[i]&0x0F)*10 + int(b[i]>>4)
	}
	z := b[6]
	sign, quarters := '+', int(z&0x07)*10+int(z>>4)
	if z&0x08 != 0 {
		sign = '-'
	}
	ok := v[1] >= 1 && v[1] <= 12 && v[2] >= 1 && v[2] <= 31 && v[3] < 24 && v[4] < 60 && v[5] < 60 && z>>4 <= 9
	return fmt.Sprintf("20%02d-%02d-%02d %02d:%02d:%02d UTC%c%d:%02d", v[0], v[1], v[2], v[3], v[4], v[5], sign, quarters/4, quarters%4*15), ok
}

// validity draws TP-VP in the format that the first octet names.
func (p *tpdu) validity() {
	switch p.first >> 3 & 0x03 {
	case 0x02:
		v, f := p.number("validity", 1)
		f.Value = relative(v)
	case 0x03:
		p.timestamp("valid until")
	case 0x01:
		p.field("validity", 7).Value = "enhanced format"
	}
}

// relative is TP-VP in relative format (3GPP TS 23.040, 9.2.3.12.1).
func relative(v int) string {
	switch {
	case v <= 143:
		return fmt.Sprintf("%d min", 5*(v+1))
	case v <= 167:
		return fmt.Sprintf("%d h %d min", 12+(v-143)/2, (v-143)%2*30)
	case v <= 196:
		return fmt.Sprintf("%d days", v-166)
	}
	return fmt.Sprintf("%d weeks", v-192)
}

// userData draws UDL and UD.
func (p *tpdu) userData(dcsNode *Node) {
	udl, f := p.number("UDL", 1)
	a, _, compressed := dcsOf(dcsNode)
	size := udl
	f.set("%s", octets(udl))
	if a == gsm7 && !compressed {
		size = (7*udl + 7) / 8
		f.set("%d characters, %s", udl, octets(size))
	}
	if size > 140 {
		p.dirty = true
		f.say(Wrong, "more than one SMS holds")
	}
	if size != p.left() {
		p.dirty = true
		f.say(Wrong, "UDL stands for %s, %d are there", octets(size), p.left())
	}
	if p.left() == 0 || size == 0 {
		return
	}
	ud := p.sub("user data", size)
	udhi := p.first&0x40 != 0
	score, _ := fitsUserData(ud.b)
	switch {
	case p.dry && (udhi || score >= certain):
		if score == 0 {
			p.dirty = true
		}
		_, p.c = ud.drawUDH()
		ud.pos = len(ud.b)
	case udhi && a == gsm7 && !compressed:
		ud.packedText(udl)
	case udhi || score >= certain:
		p.c = ud.drawMessage()
		ud.node.Name, ud.node.Value = "user data", octets(len(ud.b))+": "+p.c.words()
		ud.trailing("the message")
		if !udhi {
			p.node.Children[0].say(Wrong, "the message has a user data header, but its flag is not set: the header arrives as text")
		}
	case a == gsm7 && !compressed:
		ud.asField().Value = printable(septets(ud.b, 0, udl))
	case a == ucs2:
		ud.asField().Value = printable(fromUCS2(ud.b))
	default:
		ud.asField().Value = octets(len(ud.b))
	}
}

// packedText is 7-bit text behind a header: fill bits bring it to a septet.
func (l *layer) packedText(udl int) {
	_, _ = l.drawUDH()
	head := l.pos
	skip := (8*head + 6) / 7 * 7
	text := l.field("text", l.left())
	text.Value = printable(septets(l.b, skip, udl-skip/7))
}

func (p *tpdu) carries() string {
	if p.c.secured() || p.c.push || p.c.part != nil {
		return p.c.words()
	}
	return "a message"
}
