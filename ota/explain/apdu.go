package explain

import (
	"errors"
	"fmt"
	"strings"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/euicc"
	"github.com/simota/simota/sat/ram"
)

// Instruction codes that are looked into (ETSI TS 102 221, 10.1.2; GlobalPlatform
// Card Specification, 11).
const (
	insSelect       = 0xA4
	insReadBinary   = 0xB0
	insReadRecord   = 0xB2
	insEnvelope     = 0xC2
	insUpdateBinary = 0xD6
	insPutKey       = 0xD8
	insUpdateRecord = 0xDC
	insStoreData    = 0xE2
)

const (
	classGSM           = 0xA0
	classGlobal        = 0x80 // and the classes with secure messaging and channels above it
	secretInstructions = "\x20\x24\x26\x28\x2c\x88\xd8"
)

// knownCommand says whether class and instruction mean something.
func knownCommand(c sat.Command) bool {
	class := c.CLA&0xF0 == 0x00 || c.CLA&0xF0 == 0x80 || c.CLA == classGSM
	return class && !strings.HasPrefix(c.Describe(), "command ")
}

// knownStatus says whether a status word means something.
func knownStatus(s sat.Status) bool {
	high := s >> 12
	return (high == 6 || high == 9) && !strings.HasSuffix(s.String(), "unknown status word")
}

// commandSize is how long the first of several C-APDUs is that lie back to
// back; it may be more than there is. 0 says that not even the header is there.
func commandSize(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	if cs, err := sat.ParseCommands(b[:5]); err == nil && len(cs) == 1 && cs[0].Le != sat.NoLe {
		return 5 // P3 is Le
	}
	size := 5 + int(b[4])
	if b[4] > 0 && len(b) == size+1 {
		return size + 1 // Le of the last command
	}
	return size
}

// describe says what a command asks, in the words of who knows most of it.
func describe(c sat.Command) string {
	if c.CLA >= classGlobal && c.CLA < classGSM {
		if f, err := euicc.Parse(c); err == nil {
			return describeFunction(f)
		} else if !errors.Is(err, euicc.ErrNotFunction) && c.INS == insStoreData {
			return c.Describe() + ": " + trim(err)
		}
		c.CLA = classGlobal
		return ram.Describe(c)
	}
	return c.Describe()
}

func describeFunction(f euicc.Function) string {
	switch f := f.(type) {
	case euicc.EnableProfile:
		return fmt.Sprintf("EnableProfile %s", f.ISDP)
	case euicc.DisableProfile:
		return fmt.Sprintf("DisableProfile %s", f.ISDP)
	case euicc.DeleteProfile:
		return fmt.Sprintf("DeleteProfile %s", f.ISDP)
	case euicc.SetFallBackAttribute:
		return fmt.Sprintf("SetFallBackAttribute %s", f.ISDP)
	case euicc.CreateISDP:
		return fmt.Sprintf("CreateISDP %s", f.ISDP)
	case euicc.HandleNotificationConfirmation:
		return fmt.Sprintf("HandleNotificationConfirmation of notice %d", f.Sequence)
	case euicc.UpdateSMSRAddressingParameters:
		return strings.TrimSpace("UpdateSMSRAddressingParameters " + f.Number)
	case euicc.GetStatus:
		if f.ISDP != nil {
			return fmt.Sprintf("GetStatus of profile %s", f.ISDP)
		}
		return "GetStatus of all profiles"
	}
	return f.Name()
}

// secret says whether the data of a command may be keys or PINs.
func secret(c sat.Command) bool {
	return strings.IndexByte(secretInstructions, c.INS) >= 0
}

// drawAPDU draws one C-APDU field by field.
func drawAPDU(l *layer) {
	l.node.Name = "C-APDU"
	c, err := sat.ParseCommand(l.b)
	if err != nil {
		l.node.say(Wrong, "%s", trim(err))
		c = sat.Command{Le: sat.NoLe}
		if len(l.b) >= 4 {
			c.CLA, c.INS, c.P1, c.P2 = l.b[0], l.b[1], l.b[2], l.b[3]
		}
	} else {
		l.node.Value = newPlace().say(c)
	}
	if f := l.field("CLA", 1); f.Length > 0 {
		f.Value = classWords(c.CLA)
	}
	if f := l.field("INS", 1); f.Length > 0 {
		f.Value = instruction(c)
	}
	l.field("P1", 1)
	l.field("P2", 1)
	l.drawBody(c)
}

// drawBody draws what is behind the header.
func (l *layer) drawBody(c sat.Command) {
	switch {
	case l.left() == 0:
		return
	case l.left() == 1:
		l.field("Le", 1).Value = expectedWords(l.b[len(l.b)-1])
		return
	}
	lc, n := l.number("Lc", 1)
	n.set("%s", octets(lc))
	if have := l.left(); lc > have || have > lc+1 {
		n.say(Wrong, "Lc is %d, %s follow", lc, octets(have))
	}
	if lc > 0 {
		l.drawData(c, min(lc, l.left()))
	}
	if l.left() == 1 {
		l.field("Le", 1).Value = expectedWords(l.b[len(l.b)-1])
	}
}

func (l *layer) drawData(c sat.Command, n int) {
	switch {
	case secret(c):
		l.hidden("data", n)
	case c.INS == insEnvelope:
		data := l.sub("data", n)
		if !data.content(BERTLV, ComprehensionTLV) {
			data.asField()
		}
	default:
		p := newPlace()
		if file, ok := p.target(c); ok && file.Secret {
			l.hidden("data", n)
			return
		}
		l.field("data", n)
	}
}

func classWords(cla byte) string {
	switch {
	case cla == classGSM:
		return "2G SIM"
	case cla&0xF0 == 0x00:
		return "UICC"
	case cla&0xF0 == 0x80:
		return "UICC or GlobalPlatform, own commands"
	}
	return "unknown class"
}

// instruction is the name of a command without its parameters.
func instruction(c sat.Command) string {
	c.Data, c.P1, c.P2, c.Le = nil, 0, 0, sat.NoLe
	words, _, _ := strings.Cut(c.Describe(), ",")
	for _, cut := range []string{" offset", " record", " next", " tag", " parent"} {
		words, _, _ = strings.Cut(words, cut)
	}
	return strings.TrimSpace(words)
}

func expectedWords(le byte) string {
	if le == 0 {
		return "all octets up to 256 expected"
	}
	return octets(int(le)) + " expected"
}

// drawAPDUResponse draws data and status word.
func drawAPDUResponse(l *layer) {
	l.node.Name = "R-APDU"
	if n := l.left() - 2; n > 0 {
		l.drawAnswer(n)
	}
	l.statusWord()
}

// drawAnswer draws the data of a response, which may be objects.
func (l *layer) drawAnswer(n int) {
	data := l.sub("data", n)
	if o := data.b[0]; o != 0x62 && o != 0x6F && o != 0xE3 || !data.content(BERTLV) {
		data.asField()
	}
}

// statusWord draws a status word in words, with a mark if it is no success.
func (l *layer) statusWord() sat.Status {
	v, n := l.number("SW", 2)
	if n.Length < 2 {
		return 0
	}
	s := sat.Status(v)
	_, n.Value, _ = strings.Cut(s.String(), " ")
	if !s.OK() {
		n.say(Suspicious, "the command did not do what it was asked")
	}
	if s == sat.StatusTruncated {
		n.say(Wrong, "the script stopped here")
	}
	return s
}

// trim cuts the package name off the front of an error.
func trim(err error) string {
	s := err.Error()
	for {
		head, rest, ok := strings.Cut(s, ": ")
		switch head {
		case "sat", "tlv", "script", "ota", "sms", "cp", "smpp", "ram", "rfm", "euicc", "receipt":
			if ok {
				s = rest
				continue
			}
		}
		return s
	}
}
