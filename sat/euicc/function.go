package euicc

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// ErrNotFunction says that a command is none of the functions of this package.
// A command that is one, but damaged, gives another error.
var ErrNotFunction = errors.New("not a function of the ISD-R")

// Function is one function of the ISD-R, with its arguments. The types below
// are all there are.
type Function interface {
	// Name is the function as GSMA SGP.02, 4.1 calls it.
	Name() string
	// Command is the APDU that calls the function. It fails if an argument is
	// out of range.
	Command() (sat.Command, error)
	// refusals says what status words mean here, where that is more than they
	// mean everywhere.
	refusals() map[sat.Status]string
}

// EnableProfile enables a disabled profile and disables the one that is enabled
// (GSMA SGP.02, 4.1.1.2). The answer 9000 says that the card will try; a
// [Notice] says how it ended.
type EnableProfile struct{ ISDP sat.AID }

// DisableProfile disables the enabled profile; the one with the fall-back
// attribute takes over (GSMA SGP.02, 4.1.1.3).
type DisableProfile struct{ ISDP sat.AID }

// SetFallBackAttribute makes this profile the one that the card falls back on,
// and no other (GSMA SGP.02, 4.1.1.7).
type SetFallBackAttribute struct{ ISDP sat.AID }

// DeleteProfile deletes a disabled profile and its ISD-P (GSMA SGP.02, 4.1.1.4).
type DeleteProfile struct{ ISDP sat.AID }

// HandleNotificationConfirmation tells the card that its notice has arrived
// (GSMA SGP.02, 4.1.1.12). The answer is a [Confirmation].
type HandleNotificationConfirmation struct{ Sequence uint16 }

// Data groupings of STORE DATA, one for each function (GSMA SGP.02, 4.1).
const (
	dgiEnable    = 0x3A03
	dgiDisable   = 0x3A04
	dgiFallBack  = 0x3A05
	dgiAddresses = 0x3A07
	dgiConfirm   = 0x3A08
)

// Codes of the commands (GlobalPlatform Card Specification, 11). P1 of STORE
// DATA says: the last block, in groupings; with its lowest bit, data return.
const (
	class        = 0x80
	insGetData   = 0xCA
	insStoreData = 0xE2
	insDelete    = 0xE4
	insInstall   = 0xE6
	insGetStatus = 0xF2

	lastBlock        = 0x88
	lastBlockReturns = 0x89

	deleteISDP = 0x40 // P2 of DELETE: an ISD-P with its profile
)

const (
	tagAID      = 0x4F
	tagSequence = 0x4E
)

// Command is STORE DATA 3A03.
func (f EnableProfile) Command() (sat.Command, error) { return onProfile(f.Name(), dgiEnable, f.ISDP) }

// Command is STORE DATA 3A04.
func (f DisableProfile) Command() (sat.Command, error) {
	return onProfile(f.Name(), dgiDisable, f.ISDP)
}

// Command is STORE DATA 3A05.
func (f SetFallBackAttribute) Command() (sat.Command, error) {
	return onProfile(f.Name(), dgiFallBack, f.ISDP)
}

// Command is DELETE of the ISD-P.
func (f DeleteProfile) Command() (sat.Command, error) {
	value, err := profileObject(f.Name(), f.ISDP)
	if err != nil {
		return sat.Command{}, err
	}
	return sat.Command{CLA: class, INS: insDelete, P2: deleteISDP, Data: value, Le: sat.NoLe}, nil
}

// Command is STORE DATA 3A08. It never fails.
func (f HandleNotificationConfirmation) Command() (sat.Command, error) {
	value := binary.BigEndian.AppendUint16([]byte{tagSequence, 2}, f.Sequence)
	return storeData(lastBlockReturns, dgiConfirm, value, 256), nil
}

func onProfile(name string, dgi uint16, isdp sat.AID) (sat.Command, error) {
	value, err := profileObject(name, isdp)
	if err != nil {
		return sat.Command{}, err
	}
	return storeData(lastBlock, dgi, value, sat.NoLe), nil
}

func profileObject(name string, isdp sat.AID) ([]byte, error) {
	if err := checkISDP(isdp); err != nil {
		return nil, fmt.Errorf("euicc: %s: %w", name, err)
	}
	return append([]byte{tagAID, aidSize}, isdp...), nil
}

// storeData makes STORE DATA of one grouping: two octets of name, one of length
// (GlobalPlatform Card Specification, 11.11). value has at most 252 octets.
func storeData(p1 byte, dgi uint16, value []byte, le int) sat.Command {
	data := append(binary.BigEndian.AppendUint16(nil, dgi), byte(len(value)))
	return sat.Command{CLA: class, INS: insStoreData, P1: p1, Data: append(data, value...), Le: le}
}

// Parse finds out which function a command calls. Le is not looked at: cards
// differ in whether a command without an answer has one.
func Parse(c sat.Command) (Function, error) {
	f, err := parse(c)
	if err != nil {
		return nil, fmt.Errorf("euicc: %s: %w", c.Describe(), err)
	}
	return f, nil
}

func parse(c sat.Command) (Function, error) {
	if c.CLA != class {
		return nil, fmt.Errorf("%w: class %02X, want %02X", ErrNotFunction, c.CLA, class)
	}
	switch [3]byte{c.INS, c.P1, c.P2} {
	case [3]byte{insStoreData, lastBlock, 0}, [3]byte{insStoreData, lastBlockReturns, 0}:
		return parseStoreData(c.P1, c.Data)
	case [3]byte{insDelete, 0, deleteISDP}:
		isdp, err := parseProfile(c.Data)
		return DeleteProfile{isdp}, err
	case [3]byte{insInstall, installP1, 0}:
		return parseCreate(c.Data)
	case [3]byte{insGetStatus, statusP1, statusFirst}, [3]byte{insGetStatus, statusP1, statusNext}:
		return parseGetStatus(c.P2 == statusNext, c.Data)
	case [3]byte{insGetData, memoryTag >> 8, memoryTag & 0xFF}:
		if len(c.Data) > 0 {
			return nil, fmt.Errorf("%d octets of data: want none", len(c.Data))
		}
		return GetMemory{}, nil
	}
	return nil, fmt.Errorf("%w: INS %02X, P1 %02X, P2 %02X", ErrNotFunction, c.INS, c.P1, c.P2)
}

func parseStoreData(p1 byte, b []byte) (Function, error) {
	if len(b) < 3 || int(b[2]) != len(b)-3 {
		return nil, fmt.Errorf("%X is not one grouping: want its name of two octets, a length and as many octets", b)
	}
	dgi, value := binary.BigEndian.Uint16(b), b[3:]
	if (p1 == lastBlockReturns) != (dgi == dgiConfirm) {
		return nil, fmt.Errorf("%w: grouping %04X with P1 %02X", ErrNotFunction, dgi, p1)
	}
	switch dgi {
	case dgiEnable:
		isdp, err := parseProfile(value)
		return EnableProfile{isdp}, err
	case dgiDisable:
		isdp, err := parseProfile(value)
		return DisableProfile{isdp}, err
	case dgiFallBack:
		isdp, err := parseProfile(value)
		return SetFallBackAttribute{isdp}, err
	case dgiAddresses:
		return parseAddresses(value)
	case dgiConfirm:
		return parseConfirm(value)
	}
	return nil, fmt.Errorf("%w: grouping %04X", ErrNotFunction, dgi)
}

func parseProfile(b []byte) (sat.AID, error) {
	value, err := only(b, tagAID)
	if err != nil {
		return nil, err
	}
	if err := checkISDP(value); err != nil {
		return nil, err
	}
	return clone(value), nil
}

func parseConfirm(b []byte) (Function, error) {
	value, err := only(b, tagSequence)
	if err != nil {
		return nil, err
	}
	if len(value) != 2 {
		return nil, fmt.Errorf("sequence number of %d octets: want 2", len(value))
	}
	return HandleNotificationConfirmation{binary.BigEndian.Uint16(value)}, nil
}

// only reads octets that are one object of this tag and nothing else.
func only(b []byte, tag uint32) ([]byte, error) {
	o, rest, err := tlv.First(b)
	switch {
	case err != nil:
		return nil, err
	case o.Tag != tag:
		return nil, fmt.Errorf("object %X: want %X", o.Tag, tag)
	case len(rest) > 0:
		return nil, fmt.Errorf("%d octets after object %X: want none", len(rest), tag)
	}
	return o.Value, nil
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }

// Confirmation is the answer to [HandleNotificationConfirmation] (GSMA SGP.02,
// 4.1.1.12).
type Confirmation struct {
	Deleted []sat.AID // the profiles that the card deleted by their POL1
}

const tagDeleted = 0x80

// AppendBinary appends the answer: nothing if no profile was deleted.
func (c Confirmation) AppendBinary(b []byte) ([]byte, error) {
	if len(c.Deleted) == 0 {
		return b, nil
	}
	var list []byte
	for _, isdp := range c.Deleted {
		o, err := profileObject("confirmation", isdp)
		if err != nil {
			return nil, err
		}
		list = append(list, o...)
	}
	b, err := tlv.AppendBER(b, tagDeleted, list)
	if err != nil {
		return nil, fmt.Errorf("euicc: confirmation of %d deleted profiles: %w", len(c.Deleted), err)
	}
	return b, nil
}

// ParseConfirmation reads the answer, without its status word. No octets, or an
// empty list, say that no profile was deleted.
func ParseConfirmation(b []byte) (Confirmation, error) {
	if len(b) == 0 {
		return Confirmation{}, nil
	}
	list, err := only(b, tagDeleted)
	if err != nil {
		return Confirmation{}, fmt.Errorf("euicc: confirmation: %w", err)
	}
	objects, err := tlv.ParseBER(list)
	if err != nil {
		return Confirmation{}, fmt.Errorf("euicc: confirmation: %w", err)
	}
	var c Confirmation
	for _, o := range objects {
		if o.Tag != tagAID {
			return Confirmation{}, fmt.Errorf("euicc: confirmation: object %X in the list of deleted profiles: want %X", o.Tag, tagAID)
		}
		if err := checkISDP(o.Value); err != nil {
			return Confirmation{}, fmt.Errorf("euicc: confirmation: %w", err)
		}
		c.Deleted = append(c.Deleted, clone(o.Value))
	}
	return c, nil
}
