package sat

import (
	"errors"
	"fmt"
	"strings"
)

// Instruction codes of the commands this project sends or describes (ETSI TS
// 102 221, 10.1.2).
const (
	insDeactivate   = 0x04
	insFetch        = 0x12
	insIncrease     = 0x32
	insActivate     = 0x44
	insGetChallenge = 0x84
	insSearchRecord = 0xA2
	insSelect       = 0xA4
	insReadBinary   = 0xB0
	insReadRecord   = 0xB2
	insGetResponse  = 0xC0
	insGetData      = 0xCA
	insRetrieveData = 0xCB
	insResizeFile   = 0xD4
	insUpdateBinary = 0xD6
	insSetData      = 0xDB
	insUpdateRecord = 0xDC
	insCreateFile   = 0xE0
	insDeleteFile   = 0xE4
	insStatus       = 0xF2
)

// Classes of commands (ETSI TS 102 221, 10.1.1): 00 is the default here, 80
// has INCREASE, the commands of BER-TLV files and RESIZE FILE, A0 is 2G.
const (
	classProprietary = 0x80
	classGSM         = 0xA0
)

// NoLe is the Le of a command that expects no data.
const NoLe = -1

// misfit is the Le of a command made from arguments that fit no APDU.
// AppendBinary refuses it, so a bad offset can never become a good-looking
// command.
const misfit = -2

// ErrTruncated says that octets end inside a command.
var ErrTruncated = errors.New("command APDU is cut short")

// Command is a command APDU of short length (ETSI TS 102 221, 10.1.1).
type Command struct {
	CLA, INS, P1, P2 byte
	Data             []byte // 0 to 255 octets
	Le               int    // octets expected, 1 to 256, or NoLe; 0 is refused
}

// AppendBinary appends the APDU to b: header, Lc and data if there are data,
// Le if data are expected (256 is coded 00). It fails if Data or Le do not fit.
func (c Command) AppendBinary(b []byte) ([]byte, error) {
	if len(c.Data) > 255 {
		return nil, fmt.Errorf("sat: %s has %d octets of data: one APDU holds 255", c.name(), len(c.Data))
	}
	if c.Le == misfit {
		return nil, fmt.Errorf("sat: %s was made with an offset, length or record number out of range", c.name())
	}
	if c.Le != NoLe && (c.Le < 1 || c.Le > 256) {
		return nil, fmt.Errorf("sat: %s has Le %d: want NoLe (-1) or 1 to 256", c.name(), c.Le)
	}
	b = append(b, c.CLA, c.INS, c.P1, c.P2)
	if len(c.Data) > 0 {
		b = append(b, byte(len(c.Data)))
		b = append(b, c.Data...)
	}
	if c.Le != NoLe {
		b = append(b, byte(c.Le))
	}
	return b, nil
}

// ParseCommand reads exactly one APDU; its case follows from its length
// (ISO/IEC 7816-4, 5.1). Five octets are a header and Le.
func ParseCommand(b []byte) (Command, error) {
	if len(b) < 4 {
		return Command{}, fmt.Errorf("sat: %w: %d octets, the header alone has 4", ErrTruncated, len(b))
	}
	c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3], Le: NoLe}
	switch body := b[4:]; {
	case len(body) == 0:
	case len(body) == 1:
		c.Le = expected(body[0])
	case body[0] == 0:
		return Command{}, fmt.Errorf("sat: %s has Lc 00 before %d more octets: extended lengths are not used over SMS", c.name(), len(body)-1)
	default:
		lc := int(body[0])
		switch len(body) - 1 - lc {
		case 0:
		case 1:
			c.Le = expected(body[1+lc])
		default:
			return Command{}, fmt.Errorf("sat: %s has Lc %d but %d octets after it: %w", c.name(), lc, len(body)-1, lengthError(len(body)-1 < lc))
		}
		c.Data = append([]byte(nil), body[1:1+lc]...)
	}
	return c, nil
}

var errTrailing = errors.New("octets left over")

func lengthError(short bool) error {
	if short {
		return ErrTruncated
	}
	return errTrailing
}

// ParseCommands reads commands that lie back to back, as in a compact script
// (ETSI TS 102 226, 5.1). The fifth octet of each is Le for instructions that
// only return data and Lc for all others; Le after data is possible on the
// last command only.
func ParseCommands(b []byte) ([]Command, error) {
	var cs []Command
	for n := 1; len(b) > 0; n++ {
		if len(b) < 5 {
			return nil, fmt.Errorf("sat: command %d: %w: %d octets are left, header and P3 need 5", n, ErrTruncated, len(b))
		}
		c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3], Le: NoLe}
		p3 := b[4]
		b = b[5:]
		if c.outgoing() {
			c.Le = expected(p3)
			cs = append(cs, c)
			continue
		}
		if len(b) < int(p3) {
			return nil, fmt.Errorf("sat: command %d, %s: %w: Lc %d, %d octets are left", n, c.name(), ErrTruncated, p3, len(b))
		}
		if p3 > 0 {
			c.Data = append([]byte(nil), b[:p3]...)
			b = b[p3:]
			if len(b) == 1 {
				c.Le = expected(b[0])
				b = nil
			}
		}
		cs = append(cs, c)
	}
	return cs, nil
}

func expected(le byte) int {
	if le == 0 {
		return 256
	}
	return int(le)
}

// outgoing says whether P3 of the command is Le, that is whether it sends
// nothing and returns data.
func (c Command) outgoing() bool {
	switch c.INS {
	case insReadBinary, insReadRecord, insGetResponse, insFetch, insGetChallenge:
		return true
	case insGetData:
		// Two data objects are asked for with a tag list (GlobalPlatform,
		// 11.3): the list of applications and the certificate of a CASD.
		return !(c.P1 == 0x2F && c.P2 == 0x00) && !(c.P1 == 0xBF && c.P2 == 0x30)
	case insRetrieveData:
		return c.P2&0x80 == 0 // the first block sends its tag
	case insStatus:
		// GlobalPlatform's GET STATUS has the same code, but names the
		// registry part in the high nibble of P1 and always sends data.
		return c.P1 < 0x10
	}
	return false
}

// String returns the octets in groups: header, P3, data, Le.
func (c Command) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%02X%02X %02X%02X", c.CLA, c.INS, c.P1, c.P2)
	if len(c.Data) > 0 {
		fmt.Fprintf(&s, " %02X %X", len(c.Data), c.Data)
	}
	if c.Le != NoLe {
		fmt.Fprintf(&s, " %02X", byte(c.Le))
	}
	return s.String()
}
