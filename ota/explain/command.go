package explain

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/simota/simota/ota"
)

// commandHead is CPL to TAR, headRest CNTR and PCNTR, commandCHL what CHL counts
// without a check (ETSI TS 102 225, 5.1).
const (
	commandHead = 10
	commandCHL  = 13
	headRest    = 6
)

const blockedCounter = 1<<40 - 1

// drawCommand draws a command packet from CPL on.
func drawCommand(l *layer) {
	l.node.Name = "command packet"
	if n := len(l.b); n < commandHead+headRest {
		l.asField().say(Wrong, "%s: a command packet has at least %d", octets(n), commandHead+headRest)
		return
	}
	h := l.drawCommandHead(false)
	packet := l.cut()
	if packet.left() > 0 {
		packet.drawSecured(h)
	}
	l.pos = packet.pos
	l.trailing("the packet, as its length field says")
}

// cut is the layer up to where the length field in its first two octets says
// that it ends, if octets follow.
func (l *layer) cut() *layer {
	packet := *l
	if n := 2 + int(binary.BigEndian.Uint16(append(slices.Clone(l.b), 0, 0))); n > l.pos && n < len(l.b) {
		packet.b = l.b[:n]
	}
	return &packet
}

// drawCommandHead draws what is always in clear. In the first part of a
// concatenated message CPL is longer than the octets.
func (l *layer) drawCommandHead(part bool) ota.Header {
	packet := l.rest()
	cpl, f := l.number("CPL", 2)
	f.set("%s follow", octets(cpl))
	switch have := len(packet) - 2; {
	case part && cpl > have:
		f.say(Info, "%d of them are in this part", have)
	case cpl != have:
		f.say(Wrong, "CPL is %d, %s follow", cpl, octets(have))
	}
	var h ota.Header
	if len(packet) >= commandHead {
		h = ota.Header{SPI: ota.SPI(packet[3:5]), KIc: packet[5], KID: packet[6], TAR: ota.TAR(packet[7:10])}
	}
	chl, f := l.number("CHL", 1)
	want, known := checkLength(h)
	f.set("%s up to and including the check: 13 + %d", octets(chl), chl-commandCHL)
	switch {
	case chl < commandCHL:
		f.say(Wrong, "CHL is %d, at least 13 are needed", chl)
	case known && chl != commandCHL+want && !(h.SPI.Check() == ota.CC && h.KID&0x0F == ota.AES128.Nibble() && chl == commandCHL+4):
		f.say(Wrong, "CHL is %d, the SPI wants %d", chl, commandCHL+want)
	}
	l.spiNodes(h)
	names := signNames
	if h.SPI.Check() == ota.RC {
		names = crcNames
	}
	keyOctet(l.field("KIc", 1), cipherNames, h.SPI.Ciphered())
	kid := l.field("KID", 1)
	keyOctet(kid, names, h.SPI.Check() != ota.NoCheck)
	switch {
	case h.KIc>>4 == h.KID>>4:
	case h.SPI.Ciphered() && h.SPI.Check() != ota.NoCheck:
		kid.say(Wrong, "KIc names key set %d and KID key set %d: a card answers status 06", h.KIc>>4, h.KID>>4)
	default:
		kid.say(Suspicious, "KIc names key set %d and KID key set %d: some cards refuse that even if one is not used", h.KIc>>4, h.KID>>4)
	}
	l.field("TAR", 3).Value = tarWords(h.TAR)
	return h
}

// opened is the part of a packet that may be ciphered, in clear.
type opened struct {
	b       []byte // CNTR, PCNTR, [status,] check, data and padding; padding only if it is there to see
	keyset  *ota.Keyset
	padding int  // octets of padding that b lacks
	checked bool // the check was made
	matches bool
	// deciphered says that keyset was used to read it, whatever the check says.
	deciphered bool
	remarks    []Finding
}

func (o *opened) remark(level Level, text string) {
	o.remarks = append(o.remarks, Finding{level, text})
}

// drawSecured draws what follows the TAR.
func (l *layer) drawSecured(h ota.Header) {
	packet, n := l.b, int(l.b[2])-commandCHL
	if n < 0 || n > l.left()-headRest {
		l.field("rest", l.left()).say(Wrong, "CHL does not fit: what follows TAR is not read")
		return
	}
	if !h.SPI.Ciphered() {
		o := l.d.verifyCommand(packet, h, opened{b: l.rest()})
		l.drawInside(o, h, n)
		return
	}
	o, why := l.d.openCommand(packet, h)
	if o.b == nil {
		l.cipheredField(h.KIc, why)
		return
	}
	l.field("ciphered", l.left()).Value = why
	inner := l.over("deciphered", o.b)
	inner.node.Length = len(o.b) + o.padding
	inner.drawInside(o, h, n)
}

// cipheredField draws what no key opens.
func (l *layer) cipheredField(kic byte, why string) {
	f := l.field("ciphered", l.left())
	f.Value = why
	if why == doesNotOpen {
		f.Value = ""
		f.say(Wrong, "%s", why)
	}
	if block := blockOf(kic); block > 0 && f.Length%block != 0 {
		f.say(Wrong, "%s are not whole blocks of %d", octets(f.Length), block)
	}
}

func blockOf(octet byte) int {
	switch octet & 0x0F {
	case 0x1, 0x5, 0x9, 0xD:
		return 8
	case 0x2:
		return 16
	}
	return 0
}

// drawInside draws CNTR to padding, n of them the check.
func (l *layer) drawInside(o opened, h ota.Header, n int) {
	counter, f := l.number40("CNTR")
	switch {
	case h.SPI.CounterMode() == ota.CounterNone:
		f.Value += ", ignored"
	case counter == blockedCounter:
		f.say(Suspicious, "the last counter there is: the key set is blocked after it")
	case h.SPI.ReplayDetected() && counter == 0:
		f.say(Suspicious, "0 can never be higher than the counter of a card")
	}
	pad := l.drawPadding(o, h.SPI.Ciphered(), blockOf(h.KIc), n)
	l.drawCheck(checkName(h.SPI.Check()), n, o)
	data := l.left() - pad
	if o.padding > 0 {
		data = l.left()
	}
	l.drawSecuredData(data, h.TAR)
	l.drawFill(o)
}

func (l *layer) number40(name string) (uint64, *Node) {
	f := l.field(name, 5)
	var v uint64
	for _, o := range f.Raw {
		v = v<<8 | uint64(o)
	}
	f.set("%d", v)
	return v, f
}

// drawPadding draws PCNTR and says how many octets behind the data are padding.
func (l *layer) drawPadding(o opened, ciphered bool, block, check int) int {
	pad, f := l.number("PCNTR", 1)
	if check == 0 {
		f.Findings = append(f.Findings, o.remarks...)
	}
	f.set("%s of padding", octets(pad))
	room := l.left() - check + o.padding
	switch {
	case pad > room:
		f.say(Wrong, "PCNTR is %d, only %s are behind the check", pad, octets(max(room, 0)))
		return 0
	case pad > 0 && !ciphered:
		f.say(Suspicious, "padding in a packet that is not ciphered")
	case ciphered && block > 0 && pad >= block:
		f.say(Wrong, "PCNTR is %d, less than a block of %d is enough", pad, block)
	}
	return pad
}

// drawCheck draws RC or CC and says whether it matches.
func (l *layer) drawCheck(name string, n int, o opened) {
	if n > 0 && name != "" {
		f := l.field(name, n)
		f.Findings = append(f.Findings, o.remarks...)
		switch {
		case o.checked && o.matches && o.keyset == nil:
			f.Value = "matches"
		case o.checked && o.matches:
			f.Value = "matches the given KID"
		case o.checked && o.deciphered:
			f.Value = "does not match"
			f.say(Wrong, "%s does not match, though what was deciphered makes sense: wrong KID, or changed octets", name)
		case o.checked:
			f.Value = "does not match"
			f.say(Wrong, "%s does not match: wrong key, or changed octets", name)
		default:
			f.Value = "not checked"
		}
	} else if n > 0 {
		l.field("check", n).say(Wrong, "the SPI names no check")
	}
}

// drawFill draws padding.
func (l *layer) drawFill(o opened) {
	switch n := l.left(); {
	case o.padding > 0:
		l.words("padding", octets(o.padding))
	case n > 0:
		f := l.field("padding", n)
		if len(bytes.Trim(f.Raw, "\x00")) > 0 {
			f.say(Suspicious, "padding is not zero: some cards put other octets there, servers 00")
		}
	}
}

// drawSecuredData draws the secured data of a command.
func (l *layer) drawSecuredData(n int, tar ota.TAR) {
	if n <= 0 {
		l.words("data", "none")
		return
	}
	data := l.sub("data", n)
	switch {
	case data.content(Notice):
		l.node.Name = "command packet of a card"
	case isRemote(tar) && !data.deep():
		data.node.Name = ""
		drawScript(data)
		if chain := wholeScript(data); !chain {
			data.node.say(Info, "taken for a script, since the TAR is one of remote management")
		}
		data.trailing("the script")
	case !data.content(Script):
		data.asField().Value = octets(n) + " for the applet"
	}
}

func wholeScript(l *layer) bool {
	score, _ := fitsScript(l.b)
	return score >= likely
}

// asCheckless rewrites the header of a packet so that its check is data: what
// is left is deciphering alone.
func asCheckless(packet []byte, h ota.Header) []byte {
	b := slices.Clone(packet)
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	b[2], b[3] = commandCHL, b[3]&0x1C
	b[4] = 0
	return b
}

var anyWeak = ota.Options{AllowWeak: true}

const doesNotOpen = "the given KIc does not open it: wrong key, or changed octets"

// openCommand deciphers a packet with the first keyset that fits. It returns
// what came of it in words.
func (d *decoder) openCommand(packet []byte, h ota.Header) (opened, string) {
	need := strings.TrimSpace("needs the KIc of key set " + string("0123456789ABCDEF"[h.KIc>>4]) + ", " + cipherNames[h.KIc&0x0F])
	if len(d.o.Keysets) == 0 {
		return opened{}, need
	}
	why := "none of the given keys is for it: it " + need
	var best opened
	for _, ks := range d.o.Keysets {
		ks = adapt(ks, h, packet)
		c, err := ota.OpenCommand(asCheckless(packet, h), ks, anyWeak)
		if err != nil {
			if errors.Is(err, ota.ErrPadding) {
				why = doesNotOpen
			}
			continue
		}
		o := d.verifyCommand(packet, h, plain(packet, c, &ks))
		switch {
		case o.matches || !o.checked && h.SPI.Check() == ota.NoCheck && o.padding < 16:
			return o, "opens with the given KIc"
		case best.b == nil && o.padding < 16:
			best = o
		default:
			why = doesNotOpen
		}
	}
	if best.b != nil && plausible(best.b, packet, h) {
		return best, "deciphered with the given KIc, which is not proven"
	}
	return opened{}, why
}

// plausible says whether deciphered octets make sense without a check: data
// for remote management begin like a script.
func plausible(b, packet []byte, h ota.Header) bool {
	n := headRest + int(packet[2]) - commandCHL
	if n >= len(b) {
		return len(b) == n
	}
	return !isRemote(h.TAR) || firstCommands(b[n:]) > 0 || slices.Contains([]byte{tagCommands, tagCommandsIndefinite, 0xE1}, b[n])
}

// adapt makes a keyset fit the packet in what the packet tells: the version, if
// the keyset is for any, and the length of the check.
func adapt(ks ota.Keyset, h ota.Header, packet []byte) ota.Keyset {
	if ks.Version == 0 {
		if ks.Version = h.KIc >> 4; !h.SPI.Ciphered() {
			ks.Version = h.KID >> 4
		}
	}
	if ks.CCLength = 8; packet[2] == commandCHL+4 {
		ks.CCLength = 4
	}
	return ks
}

// plain is the clear text of a packet whose check counted as data.
func plain(packet []byte, c ota.Command, ks *ota.Keyset) opened {
	b := binary.BigEndian.AppendUint64(nil, c.Counter<<24)[:5]
	pad := len(packet) - commandHead - headRest - len(c.Data)
	b = append(append(b, byte(pad)), c.Data...)
	return opened{b: b, padding: pad, keyset: ks, deciphered: true}
}

// verifyCommand checks RC or CC of a packet, with any keyset that fits or with
// that of o.
func (d *decoder) verifyCommand(packet []byte, h ota.Header, o opened) opened {
	sets := d.o.Keysets
	if o.keyset != nil {
		sets = []ota.Keyset{*o.keyset}
	}
	switch h.SPI.Check() {
	case ota.NoCheck, ota.DS:
		o.checkPadding(packet, h)
		return o
	case ota.RC:
		if o.keyset == nil {
			sets = []ota.Keyset{{}}
		}
	}
	if binary.BigEndian.Uint16(packet) != uint16(len(packet)-2) && len(sets) > 0 {
		o.remark(Info, "not checked: CPL is wrong")
		return o
	}
	for _, ks := range sets {
		ks = adapt(ks, h, packet)
		_, err := ota.OpenCommand(packet, ks, anyWeak)
		switch {
		case err == nil:
			o.checked, o.matches, o.remarks = true, true, nil
			if h.SPI.Check() == ota.CC {
				o.keyset = &ks
				o.weakKey(packet, ks)
			}
			o.checkPadding(packet, h)
			return o
		case errors.Is(err, ota.ErrCheckFailed):
			o.checked = true
		case errors.Is(err, ota.ErrKeyset):
			o.remark(Info, "no given key is for it: "+trim(err))
		}
	}
	if o.checked {
		o.remarks = nil
	}
	return o
}

// weakKey remarks on a 3DES key that is single DES in fact.
func (o *opened) weakKey(packet []byte, ks ota.Keyset) {
	if _, err := ota.OpenCommand(packet, ks, ota.Options{}); errors.Is(err, ota.ErrWeak) && strings.Contains(err.Error(), "key of version") {
		_, why, _ := strings.Cut(trim(err), ": ")
		o.remark(Suspicious, why)
	}
}

// checkPadding finds out whether padding that was stripped is zero: sealing the
// same command again would give the same octets.
func (o *opened) checkPadding(packet []byte, h ota.Header) {
	if o.padding == 0 || o.keyset == nil {
		return
	}
	c, err := ota.OpenCommand(packet, *o.keyset, anyWeak)
	if err != nil {
		return
	}
	again, err := c.Seal(*o.keyset, anyWeak)
	switch {
	case err != nil:
	case bytes.Equal(again, packet):
		o.b = append(o.b, make([]byte, o.padding)...)
		o.padding = 0
	default:
		o.remark(Suspicious, "padding is not zero, or longer than it must be")
	}
}
