package script

import "github.com/simota/simota/sat"

// level is a layer of what a card holds between two commands. Each stands on
// those before it.
type level int

const (
	session     level = iota // PINs and channels: no SELECT brings them back
	application              // selected by name
	directory                // current DF
	file                     // current EF
	record                   // record or tag pointer, and the search of it
	none
)

// effect is what a command means for the commands after it.
type effect struct {
	need  level // all up to here must be as before, or the command does something else
	sets  level // all from here on is as the command left it, whatever it was
	loses level // what it left here no SELECT brings back
}

// Instruction codes that select a file or move in one (ETSI TS 102 221, 11.1;
// TS 102 222, 6).
const (
	insVerify        = 0x20
	insChangePIN     = 0x24
	insDisablePIN    = 0x26
	insEnablePIN     = 0x28
	insUnblockPIN    = 0x2C
	insIncrease      = 0x32
	insManageChannel = 0x70
	insSearchRecord  = 0xA2
	insSelect        = 0xA4
	insReadBinary    = 0xB0
	insReadRecord    = 0xB2
	insGetResponse   = 0xC0
	insRetrieveData  = 0xCB
	insUpdateBinary  = 0xD6
	insSetData       = 0xDB
	insUpdateRecord  = 0xDC
	insCreateFile    = 0xE0
	insDeleteFile    = 0xE4
)

const classGSM = 0xA0

// effectOf tells the effect of c on a card where it succeeds, as it must for
// the next one to run.
func effectOf(c sat.Command) effect {
	switch c.INS {
	case insSelect:
		return effectOfSelect(c)
	case insReadBinary, insUpdateBinary:
		return effectInFile(c.CLA != classGSM && c.P1&0x80 != 0, false, false)
	case insIncrease:
		return effectInFile(c.CLA != classGSM && c.P1&0x80 != 0, false, true)
	case insReadRecord, insUpdateRecord:
		mode := c.P2 & 0x07
		moves := mode == 0x02 || mode == 0x03
		return effectInFile(c.CLA != classGSM && c.P2>>3 != 0, moves || c.P1 == 0, moves)
	case insSearchRecord:
		return effectInFile(c.CLA != classGSM && c.P2>>3 != 0, searchesFromPointer(c), true)
	case insRetrieveData, insSetData:
		first := c.P2&0x80 != 0
		return effectInFile(c.P1&0x1F != 0, !first, true)
	case insCreateFile, insDeleteFile:
		if c.CLA&0x80 == 0 { // not GlobalPlatform's DELETE
			return effect{need: file, sets: directory, loses: directory}
		}
	case insVerify, insChangePIN, insDisablePIN, insEnablePIN, insUnblockPIN, insManageChannel:
		return effect{need: file, sets: none, loses: session}
	}
	return effect{need: file, sets: none, loses: none}
}

// effectInFile is that of a command on the current EF, or on one that it makes
// current by its short identifier. A file so chosen has a fresh pointer, and
// no identifier to SELECT it again.
func effectInFile(short, usesPointer, moves bool) effect {
	switch {
	case short:
		return effect{need: directory, sets: file, loses: file}
	case usesPointer && moves:
		return effect{need: record, sets: record, loses: record}
	case usesPointer:
		return effect{need: record, sets: none, loses: none}
	case moves:
		return effect{need: file, sets: record, loses: record}
	}
	return effect{need: file, sets: none, loses: none}
}

// searchesFromPointer: SEEK from the next or previous record, SEARCH RECORD
// from the current one, or an enhanced or unknown search.
func searchesFromPointer(c sat.Command) bool {
	if c.CLA == classGSM {
		return c.P2&0x0F > 1
	}
	return c.P1 == 0 || c.P2&0x07 > 0x05
}

// effectOfSelect goes by the places that do not depend on where the card is:
// the MF, a path from it, the application in use and one selected by name.
// The identifiers of EFs begin with 2F, 4F or 6F; what begins otherwise may be
// a DF, and moves the card there.
func effectOfSelect(c sat.Command) effect {
	absolute := effect{need: application, sets: directory, loses: none}
	switch {
	case c.P1 == 0x04 && c.P2&0x43 == 0:
		return effect{need: session, sets: application, loses: none}
	case c.P1 == 0x04: // next occurrence, or the end of an application
		return effect{need: application, sets: application, loses: application}
	case c.P1 == 0x08, c.P1 == 0x00 && len(c.Data) == 0:
		return absolute
	case c.P1 == 0x00 && len(c.Data) == 2:
		switch fid := sat.FID(c.Data[0])<<8 | sat.FID(c.Data[1]); fid >> 8 {
		case sat.MF >> 8:
			return absolute
		case 0x2F, 0x4F, 0x6F:
			return effect{need: directory, sets: file, loses: none}
		default:
			if fid == sat.ADFUSIM {
				return absolute
			}
		}
	}
	return effect{need: directory, sets: directory, loses: none}
}

// place is where a card is before a command, as the SELECTs that led there.
type place struct {
	byName *sat.Command
	dirs   []sat.Command
	ef     *sat.Command
	lost   [none]int // by level: 1 + index of the command that left what no SELECT brings back
}

// after is the place once command i has run.
func (p place) after(c sat.Command, i int, e effect) place {
	for l := e.sets; l < none; l++ {
		p.lost[l] = 0
	}
	if e.loses < none {
		p.lost[e.loses] = i + 1
	}
	if e.sets <= file {
		p.ef = nil
	}
	if c.INS != insSelect {
		return p
	}
	c.Le = sat.NoLe // nobody asks for the answer a second time
	switch {
	case e.sets == application:
		p.byName, p.dirs = &c, nil
	case e.need == application:
		p.dirs = []sat.Command{c}
	case e.sets == directory:
		p.dirs = append(p.dirs, c)
	default:
		p.ef = &c
	}
	return p
}

// way gives the SELECTs that lead from the start of a packet to the place, as
// far as need goes; lost is the index of the command after which none do, or -1.
func (p place) way(need level) (selects []sat.Command, lost int) {
	for l := session; l <= need; l++ {
		if p.lost[l] > 0 {
			return nil, p.lost[l] - 1
		}
	}
	if need >= application && p.byName != nil {
		selects = append(selects, *p.byName)
	}
	if need >= directory {
		selects = append(selects, p.dirs...)
	}
	if need >= file && p.ef != nil {
		selects = append(selects, *p.ef)
	}
	return selects, -1
}
