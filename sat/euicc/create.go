package euicc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// CreateISDP makes the security domain of a profile to be loaded (GSMA SGP.02,
// 4.1.1.1).
type CreateISDP struct {
	ISDP   sat.AID
	Memory uint32 // octets of non-volatile memory to set aside; 0 leaves it to the card
}

const (
	installP1 = 0x0C // install and make selectable

	tagParameters = 0xC9
	tagSystem     = 0xEF
	tagMemory     = 0x83
	shortMemory   = 0x7FFF // the most that is coded in two octets; more takes four
)

var (
	isdpPrivileges = []byte{0x80, 0xC0, 0x00}       // security domain; trusted path, authorised management
	isdpParameters = []byte{0x81, 0x02, 0x03, 0x70} // SCP03 with i = 70 (GSMA SGP.02, 2.5)
)

// Command is INSTALL, with the load file and the module of every ISD-P.
func (f CreateISDP) Command() (sat.Command, error) {
	if err := checkISDP(f.ISDP); err != nil {
		return sat.Command{}, fmt.Errorf("euicc: %s: %w", f.Name(), err)
	}
	parameters, err := tlv.AppendBER(nil, tagParameters, isdpParameters)
	if err == nil && f.Memory > 0 {
		var memory []byte
		if memory, err = tlv.AppendBER(nil, tagMemory, memorySize(f.Memory)); err == nil {
			parameters, err = tlv.AppendBER(parameters, tagSystem, memory)
		}
	}
	if err != nil {
		return sat.Command{}, fmt.Errorf("euicc: %s: %w", f.Name(), err)
	}
	var data []byte
	for _, field := range [][]byte{LoadFile(), Module(), f.ISDP, isdpPrivileges, parameters, nil} { // the last is the token
		data = append(append(data, byte(len(field))), field...)
	}
	return sat.Command{CLA: class, INS: insInstall, P1: installP1, Data: data, Le: 256}, nil
}

func memorySize(n uint32) []byte {
	if n <= shortMemory {
		return binary.BigEndian.AppendUint16(nil, uint16(n))
	}
	return binary.BigEndian.AppendUint32(nil, n)
}

func parseCreate(b []byte) (Function, error) {
	var fields [6][]byte // load file, module, ISD-P, privileges, parameters, token
	for i := range fields {
		if len(b) == 0 || len(b)-1 < int(b[0]) {
			return nil, fmt.Errorf("field %d of 6 is cut short", i+1)
		}
		fields[i], b = b[1:1+b[0]], b[1+b[0]:]
	}
	var f CreateISDP
	var err error
	switch {
	case len(b) > 0:
		return nil, fmt.Errorf("%d octets after the six fields: want none", len(b))
	case !bytes.Equal(fields[0], LoadFile()):
		return nil, fmt.Errorf("load file %X: want %s", fields[0], LoadFile())
	case !bytes.Equal(fields[1], Module()):
		return nil, fmt.Errorf("module %X: want %s", fields[1], Module())
	case !bytes.Equal(fields[3], isdpPrivileges):
		return nil, fmt.Errorf("privileges %X: want %X", fields[3], isdpPrivileges)
	case len(fields[5]) > 0:
		return nil, fmt.Errorf("token of %d octets: want none", len(fields[5]))
	}
	if err = checkISDP(fields[2]); err != nil {
		return nil, err
	}
	f.ISDP = clone(fields[2])
	f.Memory, err = parseParameters(fields[4])
	return f, err
}

func parseParameters(b []byte) (memory uint32, err error) {
	o, rest, err := tlv.First(b)
	if err != nil {
		return 0, err
	}
	if o.Tag != tagParameters || !bytes.Equal(o.Value, isdpParameters) {
		return 0, fmt.Errorf("install parameters %X: want %X of %X", b, tagParameters, isdpParameters)
	}
	if len(rest) == 0 {
		return 0, nil
	}
	system, err := only(rest, tagSystem)
	if err != nil {
		return 0, err
	}
	size, err := only(system, tagMemory)
	if err != nil {
		return 0, err
	}
	switch len(size) {
	case 2:
		memory = uint32(binary.BigEndian.Uint16(size))
	case 4:
		memory = binary.BigEndian.Uint32(size)
	default:
		return 0, fmt.Errorf("memory size of %d octets: want 2 or 4", len(size))
	}
	if memory == 0 {
		return 0, errors.New("memory size 0: leave the object out to let the card choose")
	}
	return memory, nil
}
