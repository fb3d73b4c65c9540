package ram

import (
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// related is P2 of a DELETE that takes related objects along.
const related = 0x80

// Tags that name a key in DELETE (GlobalPlatform Card Specification, 11.2.2.3.2).
const (
	tagKeyID      = 0xD0
	tagKeyVersion = 0xD2
)

// Delete removes an application or a load file (GlobalPlatform Card
// Specification, 11.2). StatusNotFound says that it was not there.
type Delete struct {
	AID sat.AID
	// Related also removes the instances of a load file.
	Related bool
}

// Command returns DELETE [card content].
func (d Delete) Command() (sat.Command, error) {
	if err := checkAID("object to delete", d.AID); err != nil {
		return sat.Command{}, err
	}
	var w writer
	w.object(tagAID, d.AID)
	if w.err != nil {
		return sat.Command{}, w.err
	}
	var p2 byte
	if d.Related {
		p2 = related
	}
	return command("DELETE", insDelete, 0, p2, w.b, sat.NoLe)
}

// ParseDelete reads DELETE [card content].
func ParseDelete(c sat.Command) (Delete, error) {
	objects, err := deleteObjects(c)
	if err != nil {
		return Delete{}, err
	}
	if len(objects) != 1 || objects[0].Tag != tagAID {
		return Delete{}, fmt.Errorf("ram: DELETE %X: want one AID (4F); tokens are %w", c.Data, ErrUnsupported)
	}
	d := Delete{AID: octets(objects[0].Value), Related: c.P2 == related}
	return d, checkAID("object to delete", d.AID)
}

func deleteObjects(c sat.Command) ([]tlv.Object, error) {
	if err := expect("DELETE", c, insDelete); err != nil {
		return nil, err
	}
	if c.P1 != 0 || c.P2 != 0 && c.P2 != related {
		return nil, fmt.Errorf("ram: DELETE has P1 P2 %02X%02X, want 0000 or 0080", c.P1, c.P2)
	}
	return objectsOnce("DELETE", c.Data)
}

// DeleteKey removes keys: the one named by both fields, or all that one field
// names. Removing the only SCP80 key set loses the card.
type DeleteKey struct {
	ID      byte // key identifier, 1 to 127; 0 for all of the version
	Version byte // key version number, 1 to 127; 0 for all with the identifier
}

// Command returns DELETE [key].
func (d DeleteKey) Command() (sat.Command, error) {
	if err := d.check(); err != nil {
		return sat.Command{}, err
	}
	var w writer
	if d.ID != 0 {
		w.object(tagKeyID, []byte{d.ID})
	}
	if d.Version != 0 {
		w.object(tagKeyVersion, []byte{d.Version})
	}
	if w.err != nil {
		return sat.Command{}, w.err
	}
	return command("DELETE [key]", insDelete, 0, 0, w.b, sat.NoLe)
}

func (d DeleteKey) check() error {
	if d.ID == 0 && d.Version == 0 || d.ID > 0x7F || d.Version > 0x7F {
		return fmt.Errorf("ram: DELETE [key] of key %d version %d: want 1 to 127, one of them may be 0", d.ID, d.Version)
	}
	return nil
}

// ParseDeleteKey reads DELETE [key].
func ParseDeleteKey(c sat.Command) (DeleteKey, error) {
	objects, err := deleteObjects(c)
	if err != nil {
		return DeleteKey{}, err
	}
	var d DeleteKey
	for _, o := range objects {
		switch {
		case o.Tag == tagKeyID && len(o.Value) == 1:
			d.ID = o.Value[0]
		case o.Tag == tagKeyVersion && len(o.Value) == 1:
			d.Version = o.Value[0]
		default:
			return DeleteKey{}, fmt.Errorf("ram: DELETE [key] has object %02X of %d octets, want D0 and D2 of one", o.Tag, len(o.Value))
		}
	}
	return d, d.check()
}

// Scope is the part of the registry that a command is about: P1 of GET STATUS
// and SET STATUS (GlobalPlatform Card Specification, 11.4.2.1 and 11.10.2.1).
type Scope byte

// Scopes. The last two are for GET STATUS only.
const (
	IssuerDomain Scope = 0x80
	Applications Scope = 0x40 // and security domains
	LoadFiles    Scope = 0x20
	Modules      Scope = 0x10 // load files with their modules
)

func (s Scope) check() error {
	switch s {
	case IssuerDomain, Applications, LoadFiles, Modules:
		return nil
	}
	return fmt.Errorf("ram: GET STATUS scope %02X: want 80, 40, 20 or 10", byte(s))
}

// P2 of GET STATUS: answer in data objects, first or following part.
const (
	firstPart = 0x02
	nextPart  = 0x03
)

// tagTagList lists the tags wanted.
const tagTagList = 0x5C

// GetStatus asks for entries of the registry (GlobalPlatform Card
// Specification, 11.4). ParseEntries reads the answer. While the status word
// is StatusMore, ask again with Next; StatusNotFound says there is none.
type GetStatus struct {
	Scope Scope
	AID   sat.AID  // only those that begin so, 1 to 16 octets; empty for all
	Tags  []uint32 // only these data, of those in Entry; nil for the card's choice
	Next  bool     // the following part of an answer
}

// Command returns GET STATUS.
func (g GetStatus) Command() (sat.Command, error) {
	if err := g.Scope.check(); err != nil {
		return sat.Command{}, err
	}
	if len(g.AID) > 16 {
		return sat.Command{}, fmt.Errorf("ram: GET STATUS for AID %s of %d octets, want at most 16", g.AID, len(g.AID))
	}
	w := writer{}
	w.object(tagAID, g.AID)
	if len(g.Tags) > 0 {
		var list []byte
		for _, tag := range g.Tags {
			switch {
			case tag > 0 && tag <= 0xFF && tag&0x1F != 0x1F:
				list = append(list, byte(tag))
			case tag > 0xFF && tag <= 0xFFFF && tag>>8&0x1F == 0x1F && tag&0x80 == 0:
				list = append(list, byte(tag>>8), byte(tag))
			default:
				return sat.Command{}, fmt.Errorf("ram: GET STATUS for tag %X: want a tag of one or two octets", tag)
			}
		}
		w.object(tagTagList, list)
	}
	if w.err != nil {
		return sat.Command{}, w.err
	}
	p2 := byte(firstPart)
	if g.Next {
		p2 = nextPart
	}
	return command("GET STATUS", insGetStatus, byte(g.Scope), p2, w.b, allData)
}

// ParseGetStatus reads GET STATUS.
func ParseGetStatus(c sat.Command) (GetStatus, error) {
	if err := expect("GET STATUS", c, insGetStatus); err != nil {
		return GetStatus{}, err
	}
	g := GetStatus{Scope: Scope(c.P1), Next: c.P2 == nextPart}
	if err := g.Scope.check(); err != nil {
		return GetStatus{}, err
	}
	if c.P2 != firstPart && c.P2 != nextPart {
		return GetStatus{}, fmt.Errorf("ram: GET STATUS has P2 %02X: %w, want 02 or 03 for data objects", c.P2, ErrUnsupported)
	}
	objects, err := objectsOnce("GET STATUS", c.Data)
	if err != nil {
		return GetStatus{}, err
	}
	named := false
	for _, o := range objects {
		switch {
		case o.Tag == tagAID && len(o.Value) <= 16:
			named, g.AID = true, octets(o.Value)
		case o.Tag == tagTagList:
			if g.Tags, err = parseTags(o.Value); err != nil {
				return GetStatus{}, err
			}
		default:
			return GetStatus{}, fmt.Errorf("ram: GET STATUS has object %02X of %d octets, want 4F and 5C", o.Tag, len(o.Value))
		}
	}
	if !named {
		return GetStatus{}, errors.New("ram: GET STATUS has no AID: write 4F00 for all")
	}
	return g, nil
}

func parseTags(b []byte) (list []uint32, err error) {
	for len(b) > 0 {
		tag := uint32(b[0])
		b = b[1:]
		if tag&0x1F == 0x1F {
			if len(b) == 0 || b[0]&0x80 != 0 {
				return nil, fmt.Errorf("ram: tag list: tag %02X has no second and last octet", tag)
			}
			tag, b = tag<<8|uint32(b[0]), b[1:]
		}
		if tag == 0 {
			return nil, errors.New("ram: tag list has tag 00")
		}
		list = append(list, tag)
	}
	return list, nil
}

// Lock and Unlock are the states that lock an application and give it back
// the state it had.
const (
	Lock   State = 0x80
	Unlock State = 0x00
)

// SetStatus changes the life cycle of an application, or of the card through
// its issuer domain (GlobalPlatform Card Specification, 11.10).
type SetStatus struct {
	Scope Scope // Applications or IssuerDomain
	State State // Lock, Unlock or a state
	AID   sat.AID
}

var scopesOfSetStatus = []Scope{IssuerDomain, Applications}

func (s SetStatus) check() error {
	if !slices.Contains(scopesOfSetStatus, s.Scope) {
		return fmt.Errorf("ram: SET STATUS scope %02X: want 80 or 40", byte(s.Scope))
	}
	if s.Scope == IssuerDomain && s.State == Terminated {
		return fmt.Errorf("ram: SET STATUS %02X ends the card for ever: %w", byte(s.State), ErrUnsupported)
	}
	return checkAID("application", s.AID)
}

// Command returns SET STATUS. It never terminates a card.
func (s SetStatus) Command() (sat.Command, error) {
	if err := s.check(); err != nil {
		return sat.Command{}, err
	}
	return command("SET STATUS", insSetStatus, byte(s.Scope), byte(s.State), s.AID, sat.NoLe)
}

// ParseSetStatus reads SET STATUS.
func ParseSetStatus(c sat.Command) (SetStatus, error) {
	if err := expect("SET STATUS", c, insSetStatus); err != nil {
		return SetStatus{}, err
	}
	s := SetStatus{Scope: Scope(c.P1), State: State(c.P2), AID: octets(c.Data)}
	return s, s.check()
}

// Coding is how the data of STORE DATA are made up: P1 without the mark of the
// last block (GlobalPlatform Card Specification, 11.11.2.1).
type Coding byte

// Codings.
const (
	Plain  Coding = 0x00 // as the application says
	DGI    Coding = 0x08 // data grouping identifiers
	BERTLV Coding = 0x10
)

// StoreData hands a block to the application that Personalize named.
type StoreData struct {
	Number byte // from 00
	Last   bool
	Coding Coding
	Data   []byte // 1 to 255 octets
}

// Command returns STORE DATA.
func (s StoreData) Command() (sat.Command, error) {
	if s.Coding&lastBlock != 0 {
		return sat.Command{}, fmt.Errorf("ram: STORE DATA coding %02X has the mark of the last block: use Last", byte(s.Coding))
	}
	if len(s.Data) == 0 {
		return sat.Command{}, fmt.Errorf("ram: STORE DATA %02X has no octets", s.Number)
	}
	p1 := byte(s.Coding)
	if s.Last {
		p1 |= lastBlock
	}
	return command("STORE DATA", insStoreData, p1, s.Number, s.Data, sat.NoLe)
}

// ParseStoreData reads STORE DATA.
func ParseStoreData(c sat.Command) (StoreData, error) {
	if err := expect("STORE DATA", c, insStoreData); err != nil {
		return StoreData{}, err
	}
	if len(c.Data) == 0 {
		return StoreData{}, fmt.Errorf("ram: STORE DATA %02X has no octets", c.P2)
	}
	return StoreData{Number: c.P2, Last: c.P1&lastBlock != 0, Coding: Coding(c.P1 &^ lastBlock), Data: octets(c.Data)}, nil
}
