package ram

import (
	"fmt"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// Tags of a registry entry (GlobalPlatform Card Specification, table 11-36).
const (
	TagAID        = tagAID
	TagState      = 0x9F70
	TagPrivileges = 0xC5
	TagLoadFile   = 0xC4
	TagDomain     = 0xCC
	TagModule     = 0x84
	TagVersion    = 0xCE
	tagEntry      = 0xE3
)

// State is a life cycle state; what it means depends on the scope
// (GlobalPlatform Card Specification, 11.1.1).
type State byte

// States: of load files, of applications and of the card.
const (
	Loaded       State = 0x01
	Installed    State = 0x03
	Selectable   State = 0x07
	Personalized State = 0x0F
	Locked       State = 0x83 // with bits of the state before
	Ready        State = 0x01
	Initialized  State = 0x07
	Secured      State = 0x0F
	CardLocked   State = 0x7F
	Terminated   State = 0xFF
)

// In says the state in words: "selectable", "locked".
func (s State) In(scope Scope) string {
	known := map[State]string{Installed: "installed", Selectable: "selectable", Personalized: "personalised"}
	switch scope {
	case IssuerDomain:
		known = map[State]string{
			Ready: "ready", Initialized: "initialised", Secured: "secured", CardLocked: "card locked", Terminated: "terminated",
		}
	case LoadFiles, Modules:
		known = map[State]string{Loaded: "loaded"}
	default:
		if s.Locked() {
			return "locked"
		}
		if known[s] == "" && s&0x87 == Selectable {
			return fmt.Sprintf("selectable, its own state %02X", byte(s))
		}
	}
	if word, ok := known[s]; ok {
		return word
	}
	return fmt.Sprintf("state %02X", byte(s))
}

// Locked says whether the state of an application is locked.
func (s State) Locked() bool { return s&Locked == Locked }

// Entry is one entry of the registry, as GET STATUS answers it.
type Entry struct {
	AID        sat.AID
	State      State       // 0 if not told
	Privileges *Privileges // nil if not told
	LoadFile   sat.AID     // of an application; empty if not told
	Version    []byte      // of a load file, usually major and minor
	Domain     sat.AID     // the security domain it belongs to; empty if not told
	Modules    []sat.AID   // of a load file
	// Other are further data objects, such as CF, implicit selection.
	Other []tlv.Object
}

// ParseEntries reads the data of one answer to GET STATUS.
func ParseEntries(b []byte) ([]Entry, error) {
	objects, err := tlv.ParseBER(b)
	if err != nil {
		return nil, fmt.Errorf("ram: GET STATUS answer: %w", err)
	}
	var entries []Entry
	for _, o := range objects {
		if o.Tag != tagEntry {
			return nil, fmt.Errorf("ram: GET STATUS answer has object %02X, want E3", o.Tag)
		}
		e, err := parseEntry(o.Value)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func parseEntry(b []byte) (Entry, error) {
	objects, err := tlv.ParseBER(b)
	if err != nil {
		return Entry{}, fmt.Errorf("ram: registry entry: %w", err)
	}
	var e Entry
	for _, o := range objects {
		if err := e.take(o); err != nil {
			return Entry{}, err
		}
	}
	return e, checkAID("registry entry", e.AID)
}

// take reads one object of an entry.
func (e *Entry) take(o tlv.Object) error {
	switch o.Tag {
	case TagAID:
		return takeAID(&e.AID, "registry entry", o)
	case TagLoadFile:
		return takeAID(&e.LoadFile, "load file", o)
	case TagDomain:
		return takeAID(&e.Domain, "security domain", o)
	case TagModule:
		var m sat.AID
		err := takeAID(&m, "module", o)
		e.Modules = append(e.Modules, m)
		return err
	case TagState:
		// Applications may use a second octet for themselves.
		if len(o.Value) == 0 || len(o.Value) > 2 {
			return fmt.Errorf("ram: life cycle state %X has %d octets, want 1", o.Value, len(o.Value))
		}
		e.State = State(o.Value[0])
	case TagPrivileges:
		if e.Privileges != nil {
			return fmt.Errorf("ram: registry entry has tag C5 twice")
		}
		p, err := ParsePrivileges(o.Value)
		e.Privileges = &p
		return err
	case TagVersion:
		e.Version = octets(o.Value)
	default:
		e.Other = append(e.Other, keep(o))
	}
	return nil
}

// takeAID reads an AID that comes once.
func takeAID(aid *sat.AID, name string, o tlv.Object) error {
	if len(*aid) > 0 {
		return fmt.Errorf("ram: registry entry has tag %02X twice", o.Tag)
	}
	*aid = octets(o.Value)
	return checkAID(name, *aid)
}

// AppendEntries appends the data of an answer to GET STATUS.
func AppendEntries(b []byte, entries ...Entry) ([]byte, error) {
	whole := writer{b: b}
	for _, e := range entries {
		value, err := e.value()
		if err != nil {
			return nil, err
		}
		whole.object(tagEntry, value)
	}
	return whole.b, whole.err
}

func (e Entry) value() ([]byte, error) {
	var w writer
	for _, a := range []struct {
		tag      uint32
		name     string
		aid      sat.AID
		optional bool
	}{{TagAID, "registry entry", e.AID, false}, {TagLoadFile, "load file", e.LoadFile, true}, {TagDomain, "security domain", e.Domain, true}} {
		if a.optional && len(a.aid) == 0 {
			continue
		}
		if err := checkAID(a.name, a.aid); err != nil {
			return nil, err
		}
		w.object(a.tag, a.aid)
		if a.tag == TagAID {
			e.appendState(&w)
		}
	}
	if len(e.Version) > 0 {
		w.object(TagVersion, e.Version)
	}
	for _, m := range e.Modules {
		if err := checkAID("module", m); err != nil {
			return nil, err
		}
		w.object(TagModule, m)
	}
	for _, o := range e.Other {
		w.object(o.Tag, o.Value)
	}
	return w.b, w.err
}

func (e Entry) appendState(w *writer) {
	if e.State != 0 {
		w.object(TagState, []byte{byte(e.State)})
	}
	if e.Privileges != nil {
		p, err := e.Privileges.AppendBinary(nil)
		if err != nil && w.err == nil {
			w.err = err
		}
		w.object(TagPrivileges, p)
	}
}

// Describe is one line for people: "A000..., selectable, default selected".
// The scope is the one asked for.
func (e Entry) Describe(scope Scope) string {
	s := fmt.Sprintf("%s, %s", e.AID, e.State.In(scope))
	if name := KnownPackage(e.AID); name != "" {
		s = fmt.Sprintf("%s (%s), %s", e.AID, name, e.State.In(scope))
	}
	if e.Privileges != nil && *e.Privileges != 0 {
		s += ", " + e.Privileges.String()
	}
	if len(e.Version) == 2 {
		s += fmt.Sprintf(", version %d.%d", e.Version[0], e.Version[1])
	}
	if len(e.LoadFile) > 0 {
		s += ", of load file " + e.LoadFile.String()
	}
	if len(e.Domain) > 0 {
		s += ", in domain " + e.Domain.String()
	}
	for _, m := range e.Modules {
		s += ", module " + m.String()
	}
	return s
}
