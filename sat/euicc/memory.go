package euicc

import (
	"encoding/binary"
	"fmt"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// GetMemory reads how much memory the card has left (ETSI TS 102 226,
// 8.2.1.7.2). The answer is a [Memory].
type GetMemory struct{}

const (
	memoryTag = 0xFF21

	tagApplications = 0x81
	tagFreeStorage  = 0x82
	tagFreeRAM      = 0x83
)

// Command is GET DATA FF21. It never fails.
func (f GetMemory) Command() (sat.Command, error) {
	return sat.Command{CLA: class, INS: insGetData, P1: memoryTag >> 8, P2: memoryTag & 0xFF, Le: 256}, nil
}

// Memory is the answer to [GetMemory].
type Memory struct {
	Applications uint32 // how many are installed
	FreeStorage  uint32 // octets of non-volatile memory
	FreeRAM      uint32 // octets of volatile memory
}

// AppendBinary appends the three numbers as the object FF21, each in as few
// octets as hold it.
func (m Memory) AppendBinary(b []byte) ([]byte, error) {
	return appendTemplate(b, memoryTag, []tlv.Object{
		{Tag: tagApplications, Value: shortest(m.Applications)},
		{Tag: tagFreeStorage, Value: shortest(m.FreeStorage)},
		{Tag: tagFreeRAM, Value: shortest(m.FreeRAM)},
	})
}

func shortest(n uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, n)
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

// ParseMemory reads the answer, without its status word. The three numbers may
// stand without FF21 around them, as some cards send them, and have 1 to 4
// octets each.
func ParseMemory(b []byte) (Memory, error) {
	o, _, err := tlv.First(b)
	if err == nil && o.Tag == memoryTag {
		b, err = only(b, memoryTag)
	}
	if err != nil {
		return Memory{}, fmt.Errorf("euicc: memory: %w", err)
	}
	objects, err := tlv.ParseBER(b)
	if err != nil {
		return Memory{}, fmt.Errorf("euicc: memory: %w", err)
	}
	var m Memory
	fields := []*uint32{&m.Applications, &m.FreeStorage, &m.FreeRAM}
	if len(objects) != len(fields) {
		return Memory{}, fmt.Errorf("euicc: memory: %d objects: want %d", len(objects), len(fields))
	}
	for i, o := range objects {
		if o.Tag != tagApplications+uint32(i) || len(o.Value) < 1 || len(o.Value) > 4 {
			return Memory{}, fmt.Errorf("euicc: memory: object %X of %d octets: want %X of 1 to 4", o.Tag, len(o.Value), tagApplications+i)
		}
		for _, octet := range o.Value {
			*fields[i] = *fields[i]<<8 | uint32(octet)
		}
	}
	return m, nil
}
