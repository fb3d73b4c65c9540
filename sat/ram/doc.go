// Package ram is remote application management: the applets and keys of a
// card, as commands (GlobalPlatform Card Specification 2.3, ETSI TS 102 226,
// 8). It reads applet files, says what to send and reads what comes back;
// every command also has the side of the card.
//
// An applet comes as a CAP file: a ZIP of components, or the same components
// joined. The card gets them in loading order, behind one tag, in blocks:
//
//	INSTALL [for load]   80 E6 02 00 Lc  LV load file, LV domain, LV hash, LV parameters, LV token
//	LOAD                 80 E8 00 nn Lc  block       nn = 00, 01 ..
//	LOAD                 80 E8 80 nn Lc  last block  blocks joined: [E2 L DAP]* C4 L load file
//	INSTALL [for install and make selectable]
//	                     80 E6 0C 00 Lc  LV load file, LV module, LV instance, LV privileges,
//	                                     LV parameters, LV token
//
// LV is a length and that many octets; 00 alone is an absent value. The order
// matters: a card takes blocks only in their order, and after a lost one
// everything starts again with INSTALL [for load].
package ram

import (
	"errors"
	"fmt"

	"github.com/simota/simota/sat"
)

// Status words that decide what comes next; sat has all words in plain words,
// and Explain those that mean something else here.
const (
	StatusMore     sat.Status = 0x6310 // GET STATUS: more entries, ask again with Next
	StatusNotFound sat.Status = 0x6A88 // no such application, load file or key
)

// Errors that tell kinds of trouble apart; they come wrapped.
var (
	// ErrUnsupported says that something is legal but not done by this package.
	ErrUnsupported = errors.New("not supported")
	// ErrCheckValue says that a key and its check value do not belong together.
	ErrCheckValue = errors.New("key check value does not match")
)

// class is CLA of all commands of this package, on the basic channel and
// without the secure messaging that a secured packet makes needless.
const class = 0x80

const (
	insGetData   = 0xCA
	insPutKey    = 0xD8
	insStoreData = 0xE2
	insDelete    = 0xE4
	insInstall   = 0xE6
	insLoad      = 0xE8
	insSetStatus = 0xF0
	insGetStatus = 0xF2
)

// allData is the Le of commands whose answer is wanted whole.
const allData = 256

// Request is a command as this package's structs say it.
type Request interface {
	// Command returns the APDU. It fails if a field is out of range or the
	// whole does not fit one command. INSTALL, LOAD, DELETE and SET STATUS
	// have no Le: their answer is the status word, or a receipt that a card
	// adds of itself.
	Command() (sat.Command, error)
}

// command makes an APDU, refusing data that one cannot hold.
func command(name string, ins, p1, p2 byte, data []byte, le int) (sat.Command, error) {
	if len(data) > 255 {
		return sat.Command{}, fmt.Errorf("ram: %s needs %d octets of data, one command holds 255", name, len(data))
	}
	return sat.Command{CLA: class, INS: ins, P1: p1, P2: p2, Data: data, Le: le}, nil
}

// expect checks class and instruction of a received command.
func expect(name string, c sat.Command, ins byte) error {
	if c.CLA != class || c.INS != ins {
		return fmt.Errorf("ram: %02X%02X is not %s, which is %02X%02X", c.CLA, c.INS, name, class, ins)
	}
	return nil
}

// checkAID checks the length of an application identifier (ETSI TS 101 220, 4).
func checkAID(name string, aid sat.AID) error {
	if len(aid) < 5 || len(aid) > 16 {
		return fmt.Errorf("ram: %s AID %q has %d octets, want 5 to 16", name, aid.String(), len(aid))
	}
	return nil
}

// checkOptionalAID is checkAID for an AID that may be left out.
func checkOptionalAID(name string, aid sat.AID) error {
	if len(aid) == 0 {
		return nil
	}
	return checkAID(name, aid)
}
