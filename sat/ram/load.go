package ram

import (
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// Tags of a load file on its way (GlobalPlatform Card Specification,
// 11.6.2.3).
const (
	tagDAP       = 0xE2
	tagSignature = 0xC3
	tagLoadFile  = 0xC4
	tagAID       = 0x4F
)

// lastBlock is P1 of the last LOAD.
const lastBlock = 0x80

// MaxLoadFile is the longest load file, in octets.
const MaxLoadFile = tlv.MaxLength

// Load carries one block of a load file (GlobalPlatform Card Specification,
// 11.6). A card takes block Number only right after the one before it.
type Load struct {
	Number byte // from 00, after FF comes 00 again
	Last   bool
	Block  []byte // 1 to 255 octets
}

// Command returns LOAD.
func (l Load) Command() (sat.Command, error) {
	if len(l.Block) == 0 {
		return sat.Command{}, fmt.Errorf("ram: LOAD %02X has no octets", l.Number)
	}
	var p1 byte
	if l.Last {
		p1 = lastBlock
	}
	return command("LOAD", insLoad, p1, l.Number, l.Block, sat.NoLe)
}

// ParseLoad reads LOAD.
func ParseLoad(c sat.Command) (Load, error) {
	if err := expect("LOAD", c, insLoad); err != nil {
		return Load{}, err
	}
	if c.P1 != 0 && c.P1 != lastBlock {
		return Load{}, fmt.Errorf("ram: LOAD has P1 %02X, want 00 or 80 for the last", c.P1)
	}
	if len(c.Data) == 0 {
		return Load{}, fmt.Errorf("ram: LOAD %02X has no octets", c.P2)
	}
	return Load{Number: c.P2, Last: c.P1 == lastBlock, Block: octets(c.Data)}, nil
}

// DAP is a signature over the hash of the load file, for a security domain
// that verifies it (GlobalPlatform Card Specification, C.3).
type DAP struct {
	Domain    sat.AID
	Signature []byte
}

// WrapLoadFile appends what the blocks of a load file give when joined: its
// signatures, if any, and the load file behind its tag.
func WrapLoadFile(b, loadFile []byte, signatures ...DAP) ([]byte, error) {
	if len(loadFile) == 0 || len(loadFile) > MaxLoadFile {
		return nil, fmt.Errorf("ram: load file has %d octets, want 1 to %d", len(loadFile), MaxLoadFile)
	}
	w := writer{b: b}
	for _, d := range signatures {
		if err := checkAID("security domain of a DAP block", d.Domain); err != nil {
			return nil, err
		}
		if len(d.Signature) == 0 {
			return nil, fmt.Errorf("ram: DAP block of %s has no signature", d.Domain)
		}
		var block writer
		block.object(tagAID, d.Domain)
		block.object(tagSignature, d.Signature)
		if block.err != nil {
			return nil, block.err
		}
		w.object(tagDAP, block.b)
	}
	w.object(tagLoadFile, loadFile)
	return w.b, w.err
}

// ParseLoadFile reads the joined blocks of a load file.
func ParseLoadFile(b []byte) (loadFile []byte, signatures []DAP, err error) {
	objects, err := tlv.ParseBER(b)
	if err != nil {
		return nil, nil, fmt.Errorf("ram: load file: %w", err)
	}
	for i, o := range objects {
		switch {
		case o.Tag == tagDAP && i < len(objects)-1:
			d, err := parseDAP(o.Value)
			if err != nil {
				return nil, nil, err
			}
			signatures = append(signatures, d)
		case o.Tag == tagLoadFile && i == len(objects)-1 && len(o.Value) > 0:
			return octets(o.Value), signatures, nil
		default:
			return nil, nil, fmt.Errorf("ram: load file has object %02X of %d octets: want DAP blocks (E2), then the load file (C4)", o.Tag, len(o.Value))
		}
	}
	return nil, nil, errors.New("ram: load file is empty")
}

func parseDAP(b []byte) (DAP, error) {
	objects, err := tlv.ParseBER(b)
	if err != nil {
		return DAP{}, fmt.Errorf("ram: DAP block: %w", err)
	}
	if len(objects) != 2 || objects[0].Tag != tagAID || objects[1].Tag != tagSignature || len(objects[1].Value) == 0 {
		return DAP{}, fmt.Errorf("ram: DAP block %X: want an AID (4F) and a signature (C3)", b)
	}
	d := DAP{Domain: octets(objects[0].Value), Signature: octets(objects[1].Value)}
	return d, checkAID("security domain of a DAP block", d.Domain)
}

// Blocks cuts a load file into LOAD commands of size octets each, 1 to 255,
// with its header in front and the last marked. A card takes them only in this
// order; after a lost one everything starts again with InstallForLoad.
func Blocks(loadFile []byte, size int, signatures ...DAP) ([]sat.Command, error) {
	if size < 1 || size > 255 {
		return nil, fmt.Errorf("ram: blocks of %d octets: want 1 to 255", size)
	}
	joined, err := WrapLoadFile(nil, loadFile, signatures...)
	if err != nil {
		return nil, err
	}
	var commands []sat.Command
	for block := range slices.Chunk(joined, size) {
		n := len(commands)
		c, err := Load{Number: byte(n), Last: (n+1)*size >= len(joined), Block: block}.Command()
		if err != nil {
			return nil, err
		}
		commands = append(commands, c)
	}
	return commands, nil
}

// BlockSize is the longest block whose LOAD command fits, alone, in a script
// of room octets: room less 5 for the header, less two objects if the script
// is expanded (ETSI TS 102 226, 5.2), and at most 255. It is 0 if none fits.
func BlockSize(room int, expanded bool) int {
	for n := min(255, room-5); n > 0; n-- {
		if scriptSize(n+5, expanded) <= room {
			return n
		}
	}
	return 0
}

// scriptSize is the length of a script of one command of n octets.
func scriptSize(n int, expanded bool) int {
	if expanded {
		return objectSize(objectSize(n))
	}
	return n
}

// objectSize is the length of an object with a tag of one octet and a value of
// n octets.
func objectSize(n int) int {
	switch {
	case n < 0x80:
		return n + 2
	case n <= 0xFF:
		return n + 3
	}
	return n + 4
}
