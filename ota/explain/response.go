package explain

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/simota/simota/ota"
)

// responseHead is RPL to TAR; RHL counts from behind itself to the check
// (ETSI TS 102 225, 5.2).
const (
	responseHead = 6
	responseRHL  = 10
)

// drawResponse draws a response packet from RPL on.
func drawResponse(l *layer) {
	l.node.Name = "response packet (proof of receipt)"
	if n := len(l.b); n < responseHead+headRest+1 {
		l.asField().say(Wrong, "%s: a response packet has at least %d", octets(n), responseHead+headRest+1)
		return
	}
	tar := l.drawResponseHead(false)
	packet := l.cut()
	if packet.left() > 0 {
		packet.drawProof(tar)
	}
	l.pos = packet.pos
	l.trailing("the packet, as its length field says")
}

func (l *layer) drawResponseHead(part bool) ota.TAR {
	packet := l.rest()
	rpl, f := l.number("RPL", 2)
	f.set("%s follow", octets(rpl))
	switch have := len(packet) - 2; {
	case part && rpl > have:
		f.say(Info, "%d of them are in this part", have)
	case rpl != have:
		f.say(Wrong, "RPL is %d, %s follow", rpl, octets(have))
	}
	rhl, f := l.number("RHL", 1)
	f.set("%s up to and including the check: 10 + %d", octets(rhl), rhl-responseRHL)
	switch n := rhl - responseRHL; {
	case n != 0 && n != 2 && n != 4 && n != 8:
		f.say(Wrong, "RHL is %d: 10, 12, 14 and 18 are possible", rhl)
	case !part && rhl > len(packet)-3:
		f.say(Wrong, "RHL is %d, %s follow", rhl, octets(max(0, len(packet)-3)))
	}
	var tar ota.TAR
	copy(tar[:], l.rest())
	l.field("TAR", 3).Value = tarWords(tar)
	return tar
}

// answer is a response that was opened, or not.
type answer struct {
	opened
	ciphered bool
	spi      ota.SPI
	status   bool // it makes sense without proof
}

// drawProof draws what follows the TAR.
func (l *layer) drawProof(tar ota.TAR) {
	packet, n := l.b, int(l.b[2])-responseRHL
	const rest = headRest + 1
	if n < 0 || n > l.left()-rest {
		l.field("rest", l.left()).say(Wrong, "RHL does not fit: what follows TAR is not read")
		return
	}
	a := l.d.openResponse(packet, n)
	switch {
	case a.b == nil:
		f := l.field("ciphered", l.left())
		switch {
		case len(l.d.o.Keysets) == 0:
			f.Value = "needs the keys of the command that it answers, and its SPI if that is unusual"
		case l.d.o.SPI != nil:
			f.say(Wrong, "the given keys do not open it with SPI %s", l.d.o.SPI)
		default:
			f.say(Wrong, "the given keys do not open it, with any way to secure an answer that RHL allows")
		}
		return
	case a.ciphered:
		l.field("ciphered", l.left()).Value = "opens with the given KIc"
		inner := l.over("deciphered", a.b)
		inner.node.Length = len(a.b) + a.padding
		inner.drawAnswerInside(a, tar, n)
	default:
		l.drawAnswerInside(a, tar, n)
	}
}

// drawAnswerInside draws CNTR to padding, n of them the check.
func (l *layer) drawAnswerInside(a answer, tar ota.TAR, n int) {
	_, f := l.number40("CNTR")
	f.Value += ", that of the command"
	l.node.Findings = append(l.node.Findings, a.way()...)
	pad := l.drawPadding(a.opened, a.ciphered, 0, n+1)
	v, f := l.number("status", 1)
	status := ota.Status(v)
	f.Value = status.String()
	switch proven := a.checked && a.matches && n >= 4 && a.keyset != nil; {
	case status == ota.StatusOK && (n < 4 || a.keyset != nil && a.spi.PoRCheck() == ota.RC):
		f.say(Suspicious, "success without a cryptographic checksum: that can be forged")
	case status == ota.StatusMoreTime, status == ota.StatusResponseBySubmit, status == ota.StatusResponseByUSSD:
		f.say(Info, "this is not the answer yet")
	case status == ota.StatusCounterLow:
		f.say(Info, "the card has seen this counter or a higher one: the packet may well have run before")
	case status == ota.StatusSecurityError:
		f.say(Suspicious, "wrong keys, key sets that differ, or on some cards a counter that is too low")
	case status.Reserved():
		f.say(Wrong, "no card says that: wrong key, or changed octets")
	case status != ota.StatusOK && !proven:
		f.say(Suspicious, "the card refused the packet, if it was the card who said so")
	case status != ota.StatusOK:
		f.say(Suspicious, "the card refused the packet")
	}
	name := "CC"
	if n == 2 || a.spi.PoRCheck() == ota.RC {
		name = "RC"
	}
	l.drawCheck(name, n, a.opened)
	data := l.left() - pad
	if a.padding > 0 {
		data = l.left()
	}
	l.drawAnswerData(data, tar)
	l.drawFill(a.opened)
}

// way says how an answer was secured, where it had to be found out.
func (a answer) way() []Finding {
	if a.keyset == nil || a.spi == (ota.SPI{}) {
		return nil
	}
	return []Finding{{Info, "secured with " + a.spi.PoRCheck().String() + ", " + cipheredWords(a.spi.PoRCiphered())}}
}

func (l *layer) drawAnswerData(n int, tar ota.TAR) {
	if n <= 0 {
		l.words("data", "none")
		return
	}
	data := l.sub("data", n)
	remote := isRemote(tar) && n >= 3
	score, _ := fitsScriptResponse(data.b)
	switch {
	case data.deep():
		data.asField()
	case remote, score >= certain:
		data.node.Name = ""
		drawScriptResponse(data)
		if score == 0 {
			data.node.say(Suspicious, "not an answer to a script: the card may have cut it, or answers in its own way")
		}
		data.trailing("the answer")
	default:
		data.asField().Value = octets(n) + " of the applet"
	}
}

// openResponse finds out how a response is secured and opens it. b is nil if it
// cannot be opened.
func (d *decoder) openResponse(packet []byte, n int) answer {
	whole := int(binary.BigEndian.Uint16(packet)) == len(packet)-2
	clear, isClear := ota.ClearResponse(packet)
	if n == 0 && isClear && (clear.Status != ota.StatusOK || len(d.o.Keysets) == 0 || d.o.SPI == nil || !d.o.SPI.PoRCiphered()) {
		return answer{opened: opened{b: packet[responseHead:]}}
	}
	best := answer{}
	for _, spi := range d.waysBack(n) {
		for _, ks := range d.keysetsFor(n) {
			a := attempt(packet, n, spi, ks)
			switch {
			case a.matches:
				return a
			case a.status && best.b == nil:
				best = a
			}
		}
	}
	if best.b != nil {
		return best
	}
	if looksClear(packet) {
		o := opened{b: packet[responseHead:], checked: len(d.o.Keysets) > 0 && whole && n > 0}
		return answer{opened: o}
	}
	return answer{}
}

// looksClear says whether counter, PCNTR and status make sense as they are.
func looksClear(packet []byte) bool {
	pcntr, status := packet[responseHead+5], ota.Status(packet[responseHead+6])
	return pcntr < 16 && !status.Reserved() && packet[responseHead] == 0
}

// waysBack are the ways to secure an answer with a check of n octets, as SPIs.
func (d *decoder) waysBack(n int) []ota.SPI {
	if d.o.SPI != nil {
		return []ota.SPI{*d.o.SPI}
	}
	var checks []byte
	switch n {
	case 0:
		checks = []byte{byte(ota.NoCheck)}
	case 2:
		checks = []byte{byte(ota.RC)}
	case 4:
		checks = []byte{byte(ota.CC), byte(ota.RC)}
	case 8:
		checks = []byte{byte(ota.CC)}
	}
	var spis []ota.SPI
	for _, ciphered := range []byte{0x10, 0} {
		for _, c := range checks {
			spis = append(spis, ota.SPI{0x16, 0x21 | ciphered | c<<2})
		}
	}
	return spis
}

// keysetsFor are the given keysets with what RHL tells, and one without keys
// for what needs none.
func (d *decoder) keysetsFor(n int) []ota.Keyset {
	sets := append(slices.Clone(d.o.Keysets), ota.Keyset{Version: 1})
	for i := range sets {
		if sets[i].Version == 0 {
			sets[i].Version = 1
		}
		if sets[i].CCLength = 8; n == 4 {
			sets[i].CCLength = 4
		}
		if n == 2 {
			sets[i].CRC = 2
		}
	}
	return sets
}

// attempt opens a response in one way.
func attempt(packet []byte, n int, spi ota.SPI, ks ota.Keyset) answer {
	a := answer{ciphered: spi.PoRCiphered(), spi: spi}
	a.keyset = &ks
	if spi.PoRCheck() == ota.RC && !a.ciphered {
		a.keyset = nil
	}
	bare := asBare(packet)
	if a.ciphered {
		r, err := ota.OpenResponse(bare, ota.SPI{spi[0], spi[1] &^ 0x0C}, ks, anyWeak)
		if err != nil {
			return answer{}
		}
		a.b, a.padding = plainAnswer(bare, r)
		a.deciphered = true
		a.status = a.padding < 16 && !r.Status.Reserved()
	} else {
		a.b = packet[responseHead:]
		a.status = looksClear(packet) && spi.PoRCheck() != ota.NoCheck
	}
	if spi.PoRCheck() == ota.NoCheck {
		a.matches = a.status
		return a
	}
	r, err := ota.OpenResponse(packet, spi, ks, anyWeak)
	switch {
	case err == nil:
		a.checked, a.matches = true, true
		a.fill(packet, r, spi, ks)
	case errors.Is(err, ota.ErrCheckFailed):
		a.checked = true
	default:
		a.status = a.status && !errors.Is(err, ota.ErrKeyset)
	}
	return a
}

// fill finds out whether padding that was stripped is zero: sealing the same
// response again would give the same octets.
func (a *answer) fill(packet []byte, r ota.Response, spi ota.SPI, ks ota.Keyset) {
	if a.padding == 0 {
		return
	}
	if again, err := r.Seal(spi, ks); err == nil && bytes.Equal(again, packet) {
		a.b = append(a.b, make([]byte, a.padding)...)
		a.padding = 0
		return
	}
	a.remark(Info, "padding is not zero, as with some cards")
}

// asBare rewrites RPL and RHL so that the check is data: what is left is
// deciphering alone.
func asBare(packet []byte) []byte {
	b := slices.Clone(packet)
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	b[2] = responseRHL
	return b
}

// plainAnswer is the clear text of a response whose check counted as data, and
// how many octets of padding it lacks.
func plainAnswer(packet []byte, r ota.Response) (b []byte, padding int) {
	padding = len(packet) - responseHead - headRest - 1 - len(r.Data)
	b = binary.BigEndian.AppendUint64(nil, r.Counter<<24)[:5]
	return append(append(b, byte(padding), byte(r.Status)), r.Data...), padding
}
