package explain

import (
	"fmt"
	"slices"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
)

// place is where a card is between two commands, as far as the octets tell.
type place struct {
	app  sat.AID   // whose ADF 7FFF is; nil is the USIM
	path []sat.FID // of the current directory from the MF; nil if not known
	file *rfm.File // current file, if it is known
}

func newPlace() *place { return &place{} }

// say moves the card to where a command leads and says what the command asks,
// with the names of files and what is written into them.
func (p *place) say(c sat.Command) string {
	switch {
	case c.INS == insSelect && (c.CLA&0xF0 == 0 || c.CLA == classGSM):
		return p.selects(c)
	case c.CLA&0xF0 != 0 && c.CLA != classGSM:
		return describe(c)
	}
	file, ok := p.target(c)
	if !ok {
		return describe(c)
	}
	switch c.INS {
	case insReadBinary, insReadRecord:
		return fmt.Sprintf("%s of %s", describe(c), file.Title)
	case insUpdateBinary, insUpdateRecord:
		return describe(c) + ": " + written(file, c)
	}
	return describe(c)
}

// target is the file that a READ or UPDATE is about.
func (p *place) target(c sat.Command) (rfm.File, bool) {
	sfi := byte(0)
	switch c.INS {
	case insReadBinary, insUpdateBinary:
		if c.CLA != classGSM && c.P1&0x80 != 0 {
			sfi = c.P1 & 0x1F
		}
	case insReadRecord, insUpdateRecord:
		if c.CLA != classGSM {
			sfi = c.P2 >> 3
		}
	default:
		return rfm.File{}, false
	}
	if sfi != 0 {
		p.file = nil
		if f, ok := p.short(sfi); ok {
			p.file = &f
		}
	}
	if p.file == nil {
		return rfm.File{}, false
	}
	return *p.file, true
}

// short finds a file of the current directory by its short identifier.
func (p *place) short(sfi byte) (rfm.File, bool) {
	dir := p.path
	if dir == nil {
		dir = []sat.FID{sat.ADFUSIM}
	}
	for _, f := range rfm.Files() {
		if n := len(f.Path); n > 0 && f.SFI == sfi && f.App == nil && p.app == nil && slices.Equal(f.Path[:n-1], dir) {
			return f, true
		}
	}
	return rfm.File{}, false
}

// written says what an UPDATE puts into a file.
func written(f rfm.File, c sat.Command) string {
	offset := 0
	if c.INS == insUpdateBinary {
		offset = int(c.P2)
		if c.CLA == classGSM || c.P1&0x80 == 0 {
			offset = int(c.P1)<<8 | int(c.P2)
		}
	}
	if _, err := f.Decode(c.Data); offset == 0 && (err == nil || f.Secret) {
		return f.Describe(c.Data)
	}
	if offset == 0 && f.Structure.Records() {
		return fmt.Sprintf("%s, not readable", f.Title)
	}
	return fmt.Sprintf("%s of %s from offset %d on", octets(len(c.Data)), f.Title, offset)
}

// directory says whether an identifier is that of a DF by its first octet (ETSI
// TS 102 221, 8.3).
func directory(fid sat.FID) bool { return fid>>8 == 0x7F || fid>>8 == 0x5F || fid == sat.MF }

// directoryNames are the directories that have names.
var directoryNames = map[sat.FID]string{sat.MF: "MF", sat.ADFUSIM: "the ADF in use", sat.Telecom: "DF.TELECOM", sat.GSM: "DF.GSM"}

// selects follows a SELECT.
func (p *place) selects(c sat.Command) string {
	fids := identifiers(c.Data)
	switch {
	case c.P1 == 0x04:
		p.app, p.path, p.file = sat.AID(c.Data), []sat.FID{sat.ADFUSIM}, nil
		if isUSIM(c.Data) {
			p.app = nil
			return describe(c) + " (USIM)"
		}
		return describe(c)
	case c.P1 == 0x03:
		if len(p.path) > 0 {
			p.path = p.path[:len(p.path)-1]
		}
		p.file = nil
		return describe(c)
	case fids == nil:
		p.path, p.file = nil, nil
		return describe(c)
	case c.P1 == 0x08:
		p.path = []sat.FID{}
	}
	for _, fid := range fids {
		p.step(fid)
	}
	last := fids[len(fids)-1]
	if name, ok := directoryNames[last]; ok {
		return "SELECT " + name
	}
	if p.file != nil {
		return fmt.Sprintf("%s, EF %s", describe(c), p.file.Title)
	}
	return describe(c)
}

func isUSIM(aid []byte) bool {
	return len(aid) >= 7 && string(aid[:7]) == "\xA0\x00\x00\x00\x87\x10\x02"
}

// identifiers are the files of a SELECT by identifier or path; nil for none.
func identifiers(b []byte) []sat.FID {
	if len(b) == 0 || len(b)%2 != 0 {
		return nil
	}
	fids := make([]sat.FID, 0, len(b)/2)
	for ; len(b) > 0; b = b[2:] {
		fids = append(fids, sat.FID(b[0])<<8|sat.FID(b[1]))
	}
	return fids
}

// step selects one file below where the card is.
func (p *place) step(fid sat.FID) {
	p.file = nil
	switch {
	case fid == sat.MF:
		p.path = []sat.FID{}
	case fid == sat.ADFUSIM || fid>>8 == 0x7F:
		p.path = []sat.FID{fid}
	case directory(fid):
		if p.path == nil {
			p.path = []sat.FID{sat.ADFUSIM}
		}
		p.path = append(slices.Clone(p.path), fid)
	default:
		if f, ok := p.find(fid); ok {
			p.file = &f
		}
	}
}

// find finds an EF of the current directory, or the likeliest one if that is
// not known.
func (p *place) find(fid sat.FID) (rfm.File, bool) {
	if p.path == nil {
		return rfm.LookupFID(fid)
	}
	return rfm.LookupPath(p.app, append(slices.Clone(p.path), fid)...)
}
