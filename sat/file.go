package sat

import "fmt"

// FID is a file identifier (ETSI TS 102 221, 8.3).
type FID uint16

// Identifiers that every (U)SIM knows.
const (
	MF      FID = 0x3F00 // the root
	ADFUSIM FID = 0x7FFF // the application in use, on this logical channel
	Telecom FID = 0x7F10 // DF.TELECOM, under the MF
	GSM     FID = 0x7F20 // DF.GSM, under the MF: the 2G view of the card
)

// String returns the identifier in hex.
func (f FID) String() string { return fmt.Sprintf("%04X", uint16(f)) }

// AID is an application identifier, 5 to 16 octets (ETSI TS 101 220, 4).
type AID []byte

// String returns the identifier in hex.
func (a AID) String() string { return fmt.Sprintf("%X", []byte(a)) }

// TAR returns the toolkit application reference: octets 13 to 15 of an AID of
// 16 octets (ETSI TS 101 220, annex D). An AID of another length has none and
// gives 000000, which is also the issuer security domain: check the length.
func (a AID) TAR() [3]byte {
	if len(a) != 16 {
		return [3]byte{}
	}
	return [3]byte(a[12:15])
}

// The commands below have class 00 (ETSI TS 102 221, 11.1). Arguments out of
// range give a command that AppendBinary refuses.

// Select selects a file by its identifier, from the current directory.
func Select(fid FID) Command {
	return Command{INS: insSelect, P2: 0x04, Data: []byte{byte(fid >> 8), byte(fid)}, Le: NoLe}
}

// SelectPath selects a file by its path from the MF. The MF itself may lead
// the path or be left out; an empty path is the MF.
func SelectPath(path ...FID) Command {
	if len(path) > 0 && path[0] == MF {
		path = path[1:]
	}
	if len(path) == 0 {
		return Select(MF)
	}
	return Command{INS: insSelect, P1: 0x08, P2: 0x04, Data: octets(path), Le: NoLe}
}

// SelectBelow selects a file by its path from the current directory, which the
// path does not name.
func SelectBelow(path ...FID) Command {
	c := Command{INS: insSelect, P1: 0x09, P2: 0x04, Data: octets(path), Le: NoLe}
	if len(path) == 0 {
		c.Le = misfit
	}
	return c
}

// SelectParent selects the directory above the current one.
func SelectParent() Command { return Command{INS: insSelect, P1: 0x03, P2: 0x04, Le: NoLe} }

// SelectApplication selects and activates an application by its AID, 5 to 16
// octets; the first octets suffice where they tell it apart.
func SelectApplication(aid AID) Command {
	c := Command{INS: insSelect, P1: 0x04, P2: 0x04, Data: aid, Le: NoLe}
	if len(aid) < 5 || len(aid) > 16 {
		c.Le = misfit
	}
	return c
}

func octets(path []FID) []byte {
	b := make([]byte, 0, 2*len(path))
	for _, f := range path {
		b = append(b, byte(f>>8), byte(f))
	}
	return b
}

// ReadBinary reads n octets (1 to 256) of the selected transparent file, from
// offset (0 to 32,767) on. 256 is coded 00: everything up to 256 octets.
func ReadBinary(offset, n int) Command {
	c := Command{INS: insReadBinary, P1: byte(offset >> 8), P2: byte(offset), Le: n}
	if offset < 0 || offset > 0x7FFF || n < 1 || n > 256 {
		c.Le = misfit
	}
	return c
}

// UpdateBinary writes 1 to 255 octets at offset (0 to 32,767) of the selected
// transparent file.
func UpdateBinary(offset int, data []byte) Command {
	c := Command{INS: insUpdateBinary, P1: byte(offset >> 8), P2: byte(offset), Data: data, Le: NoLe}
	if offset < 0 || offset > 0x7FFF || len(data) == 0 {
		c.Le = misfit
	}
	return c
}

// ReadRecord reads n octets (1 to 256, 256 coded 00) of record rec (1 to 254)
// of the selected file, in absolute mode.
func ReadRecord(rec, n int) Command {
	c := Command{INS: insReadRecord, P1: byte(rec), P2: 0x04, Le: n}
	if rec < 1 || rec > 254 || n < 1 || n > 256 {
		c.Le = misfit
	}
	return c
}

// UpdateRecord writes the whole record rec (1 to 254) of the selected file, in
// absolute mode. Data must have the length of the record.
func UpdateRecord(rec int, data []byte) Command {
	c := Command{INS: insUpdateRecord, P1: byte(rec), P2: 0x04, Data: data, Le: NoLe}
	if rec < 1 || rec > 254 || len(data) == 0 {
		c.Le = misfit
	}
	return c
}
