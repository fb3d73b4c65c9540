package sat

import (
	"errors"
	"fmt"
)

// Short returns a READ or UPDATE command in its form with a short file
// identifier (1 to 30), which needs no SELECT before it and makes the file the
// current one (ETSI TS 102 221, 11.1.3). Offsets end at 255 in this form.
func (c Command) Short(sfi byte) Command {
	switch {
	case sfi < 1 || sfi > 30:
		c.Le = misfit
	case (c.INS == insReadBinary || c.INS == insUpdateBinary) && c.P1 == 0:
		c.P1 = 0x80 | sfi
	case (c.INS == insReadRecord || c.INS == insUpdateRecord || c.INS == insSearchRecord) && c.P2>>3 == 0:
		c.P2 |= sfi << 3
	default:
		c.Le = misfit
	}
	return c
}

// UpdateNext writes a new first record of the selected cyclic file, in mode
// "previous": the oldest record is lost (ETSI TS 102 221, 11.1.6).
func UpdateNext(data []byte) Command {
	c := Command{INS: insUpdateRecord, P2: 0x03, Data: data, Le: NoLe}
	if len(data) == 0 {
		c.Le = misfit
	}
	return c
}

// SearchRecord looks for octets (1 to 255) in the records of the selected
// file, from record rec (1 to 254) on; the response has one octet for each
// record that has them (ETSI TS 102 221, 11.1.7). Get it with GetResponse.
func SearchRecord(rec int, pattern []byte) Command {
	c := Command{INS: insSearchRecord, P1: byte(rec), P2: 0x04, Data: pattern, Le: NoLe}
	if rec < 1 || rec > 254 || len(pattern) == 0 {
		c.Le = misfit
	}
	return c
}

// Increase adds a value (0 to FFFFFF) to the newest record of the selected
// cyclic file (ETSI TS 102 221, 11.1.8). It cannot be repeated without harm
// and no read tells whether it ran.
func Increase(by int) Command {
	c := Command{CLA: classProprietary, INS: insIncrease, Data: []byte{byte(by >> 16), byte(by >> 8), byte(by)}, Le: NoLe}
	if by < 0 || by > 0xFFFFFF {
		c.Le = misfit
	}
	return c
}

// Activate makes the selected file usable again (ETSI TS 102 221, 11.1.15).
func Activate() Command { return Command{INS: insActivate, Le: NoLe} }

// Deactivate makes the selected file unusable: only SELECT and Activate work
// on it then (ETSI TS 102 221, 11.1.14).
func Deactivate() Command { return Command{INS: insDeactivate, Le: NoLe} }

// GetResponse fetches n octets (1 to 256) of the response that a command left
// waiting with status 61xx or 9Fxx (ETSI TS 102 221, 11.1.2 and 7.4.2).
func GetResponse(n int) Command {
	c := Command{INS: insGetResponse, Le: n}
	if n < 1 {
		c.Le = misfit
	}
	return c
}

// RetrieveData asks for a data object of the selected BER-TLV file, by its tag
// of 1 to 3 octets; get the octets with GetResponse (ETSI TS 102 221, 11.3.1;
// parameters from memory).
func RetrieveData(tag uint32) Command {
	return Command{CLA: classProprietary, INS: insRetrieveData, P2: 0x80, Data: tagOctets(tag), Le: NoLe}.checkTag(tag)
}

// RetrieveNext asks for the next n octets (1 to 256) of the object that
// RetrieveData named.
func RetrieveNext(n int) Command {
	c := Command{CLA: classProprietary, INS: insRetrieveData, Le: n}
	if n < 1 {
		c.Le = misfit
	}
	return c
}

// SetData writes a data object into the selected BER-TLV file: tag, length and
// value, in blocks of 255 octets (ETSI TS 102 221, 11.3.2; parameters from
// memory). A lone tag deletes the object.
func SetData(object []byte) []Command {
	c := Command{CLA: classProprietary, INS: insSetData, P2: 0x80, Le: NoLe}
	if len(object) == 0 {
		c.Le = misfit
	}
	n := min(len(object), 255)
	c.Data = object[:n]
	commands := []Command{c}
	for object = object[n:]; len(object) > 0; object = object[n:] {
		n = min(len(object), 255)
		commands = append(commands, Command{CLA: classProprietary, INS: insSetData, Data: object[:n], Le: NoLe})
	}
	return commands
}

func tagOctets(tag uint32) []byte {
	switch {
	case tag > 0xFFFF:
		return []byte{byte(tag >> 16), byte(tag >> 8), byte(tag)}
	case tag > 0xFF:
		return []byte{byte(tag >> 8), byte(tag)}
	}
	return []byte{byte(tag)}
}

func (c Command) checkTag(tag uint32) Command {
	if tag == 0 || tag > 0xFFFFFF {
		c.Le = misfit
	}
	return c
}

// CreateFile makes a file below the current directory from its file control
// parameters, tag 62 and all (ETSI TS 102 222, 6.3; class and code from
// memory). The new file is the current one.
func CreateFile(fcp []byte) Command {
	c := Command{INS: insCreateFile, Data: fcp, Le: NoLe}
	if len(fcp) == 0 {
		c.Le = misfit
	}
	return c
}

// DeleteFile removes a file below the current directory, and what is below it
// (ETSI TS 102 222, 6.4; class and code from memory).
func DeleteFile(fid FID) Command {
	return Command{INS: insDeleteFile, Data: octets([]FID{fid}), Le: NoLe}
}

// ResizeFile gives a file below the current directory another size: fcp has
// its identifier and the new size (ETSI TS 102 222, 6.10; class and code from
// memory).
func ResizeFile(fcp []byte) Command {
	c := Command{CLA: classProprietary, INS: insResizeFile, Data: fcp, Le: NoLe}
	if len(fcp) == 0 {
		c.Le = misfit
	}
	return c
}

// ErrNotGSM says that a command has no form in the 2G class.
var ErrNotGSM = errors.New("command does not exist in class A0")

// ToGSM turns commands of class 00 into those of the 2G class A0 (3GPP TS
// 51.011, 9.2): a SELECT by path becomes one SELECT for each step, for 2G
// knows neither paths nor applications nor short file identifiers. The paths
// stay as they are: use those of DF.GSM and DF.TELECOM.
func ToGSM(commands []Command) ([]Command, error) {
	var out []Command
	for i, c := range commands {
		g, err := c.gsm()
		if err != nil {
			return nil, fmt.Errorf("sat: command %d, %s: %w", i+1, c.Describe(), err)
		}
		out = append(out, g...)
	}
	return out, nil
}

func (c Command) gsm() ([]Command, error) {
	if c.INS == insSelect {
		return c.gsmSelect()
	}
	short := false
	switch c.INS {
	case insReadBinary, insUpdateBinary:
		short = c.P1&0x80 != 0
	case insReadRecord, insUpdateRecord:
		short = c.P2>>3 != 0
	case insIncrease, insActivate, insDeactivate, insGetResponse:
	default:
		return nil, ErrNotGSM
	}
	if short {
		return nil, fmt.Errorf("%w: it has a short file identifier", ErrNotGSM)
	}
	c.CLA = classGSM
	return []Command{c}, nil
}

func (c Command) gsmSelect() ([]Command, error) {
	byPath := c.P1 == 0x08 || c.P1 == 0x09
	if (!byPath && c.P1 != 0) || len(c.Data) == 0 || len(c.Data)%2 != 0 || (!byPath && len(c.Data) != 2) {
		return nil, ErrNotGSM
	}
	path := c.Data
	if c.P1 == 0x08 {
		path = append(octets([]FID{MF}), path...)
	}
	var out []Command
	for ; len(path) > 0; path = path[2:] {
		if FID(path[0])<<8|FID(path[1]) == ADFUSIM {
			return nil, fmt.Errorf("%w: a 2G card has no %s", ErrNotGSM, ADFUSIM)
		}
		out = append(out, Command{CLA: classGSM, INS: insSelect, Data: path[:2:2], Le: NoLe})
	}
	return out, nil
}
