package sat

import (
	"fmt"
	"strings"
)

// instructions names the instruction codes of ETSI TS 102 221, 10.1.2 and TS
// 102 222, 6. Those that management names too mean this in class 00 only.
var instructions = map[byte]string{
	0x04: "DEACTIVATE FILE", 0x10: "TERMINAL PROFILE", 0x12: "FETCH", 0x14: "TERMINAL RESPONSE",
	0x20: "VERIFY PIN", 0x24: "CHANGE PIN", 0x26: "DISABLE PIN", 0x28: "ENABLE PIN", 0x2C: "UNBLOCK PIN",
	0x32: "INCREASE", 0x44: "ACTIVATE FILE", 0x70: "MANAGE CHANNEL", 0x84: "GET CHALLENGE",
	0x88: "AUTHENTICATE", 0xA2: "SEARCH RECORD", 0xA4: "SELECT", 0xB0: "READ BINARY", 0xB2: "READ RECORD",
	0xC0: "GET RESPONSE", 0xC2: "ENVELOPE", 0xCA: "GET DATA", 0xCB: "RETRIEVE DATA", 0xD4: "RESIZE FILE",
	0xD6: "UPDATE BINARY", 0xDB: "SET DATA", 0xDC: "UPDATE RECORD", 0xE0: "CREATE FILE", 0xE4: "DELETE FILE",
	0xE6: "TERMINATE DF", 0xE8: "TERMINATE EF", 0xF2: "STATUS",
}

// management names the codes that have another meaning, or only one, in the
// classes of GlobalPlatform commands (GlobalPlatform Card Specification, 11).
var management = map[byte]string{
	0xD8: "PUT KEY", 0xE2: "STORE DATA", 0xE4: "DELETE", 0xE6: "INSTALL", 0xE8: "LOAD",
	0xF0: "SET STATUS", 0xF2: "GET STATUS",
}

// name returns the name of the command, or its class and instruction in hex.
func (c Command) name() string {
	if name, ok := management[c.INS]; ok && c.CLA >= 0x80 && !(c.INS == insStatus && c.outgoing()) {
		return name
	}
	if name, ok := instructions[c.INS]; ok {
		return name
	}
	return fmt.Sprintf("command %02X%02X", c.CLA, c.INS)
}

// Describe says in plain words what the command asks. It does not repeat the
// data of an update: those may be anything.
func (c Command) Describe() string {
	switch c.INS {
	case insSelect:
		return c.describeSelect()
	case insReadBinary, insUpdateBinary:
		return c.name() + c.describePlace() + c.amount()
	case insReadRecord, insUpdateRecord:
		return c.name() + c.describeRecord() + c.amount()
	case insSearchRecord:
		return c.name() + c.describeSearch() + c.amount()
	case insIncrease:
		return c.name() + c.describeIncrease()
	case insActivate, insDeactivate, insDeleteFile:
		return c.name() + c.describeTarget()
	case insRetrieveData, insSetData:
		return c.name() + c.describeObject() + c.amount()
	}
	return c.name() + c.amount()
}

// describeTarget names the file of a command that carries its identifier.
func (c Command) describeTarget() string {
	if len(c.Data) == 2 && c.CLA < 0x80 {
		return fmt.Sprintf(" %X", c.Data)
	}
	return c.amount()
}

func (c Command) describeSearch() string {
	if c.CLA == classGSM {
		return ""
	}
	from := fmt.Sprintf(" from record %d", c.P1)
	if c.P1 == 0 {
		from = " from the current record"
	}
	switch c.P2 & 0x07 {
	case 0x04:
		return from + " on"
	case 0x05:
		return from + " back"
	}
	return from
}

func (c Command) describeIncrease() string {
	by := 0
	if len(c.Data) != 3 {
		return c.amount()
	}
	for _, o := range c.Data {
		by = by<<8 | int(o)
	}
	return fmt.Sprintf(" by %d", by)
}

// describeObject tells the blocks of a data object apart (ETSI TS 102 221,
// 11.3): the first has the tag in front, the others have none.
func (c Command) describeObject() string {
	switch {
	case c.P2&0x80 == 0:
		return ", next block"
	case c.INS == insRetrieveData:
		return fmt.Sprintf(" tag %X", c.Data)
	}
	return ", first block"
}

func (c Command) describeSelect() string {
	switch {
	case c.P1 == 0x03 && len(c.Data) == 0:
		return "SELECT parent directory"
	case c.P1 == 0x04:
		return fmt.Sprintf("SELECT application %X", c.Data)
	case (c.P1 == 0x08 || c.P1 == 0x09) && len(c.Data) >= 2 && len(c.Data)%2 == 0:
		from := "3F00"
		if c.P1 == 0x09 {
			from = "current DF"
		}
		for i := 0; i < len(c.Data); i += 2 {
			from += fmt.Sprintf("/%X", c.Data[i:i+2])
		}
		return "SELECT " + from
	}
	return fmt.Sprintf("SELECT %X", c.Data)
}

func (c Command) describePlace() string {
	if c.P1&0x80 != 0 {
		return fmt.Sprintf(" short file %02X offset %d", c.P1&0x1F, c.P2)
	}
	return fmt.Sprintf(" offset %d", int(c.P1)<<8|int(c.P2))
}

func (c Command) describeRecord() string {
	var s strings.Builder
	if sfi := c.P2 >> 3; sfi != 0 {
		fmt.Fprintf(&s, " short file %02X", sfi)
	}
	switch c.P2 & 0x07 {
	case 0x02:
		s.WriteString(" next record")
	case 0x03:
		s.WriteString(" previous record")
	default:
		fmt.Fprintf(&s, " record %d", c.P1)
	}
	return s.String()
}

// amount says how many octets are sent or expected.
func (c Command) amount() string {
	switch {
	case len(c.Data) == 1:
		return ", 1 octet"
	case len(c.Data) > 1:
		return fmt.Sprintf(", %d octets", len(c.Data))
	case c.Le == 1:
		return ", 1 octet"
	case c.Le == 256:
		return ", all octets up to 256"
	case c.Le > 1:
		return fmt.Sprintf(", %d octets", c.Le)
	}
	return ""
}
