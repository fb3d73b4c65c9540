package rfm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/simota/simota/sat"
)

// Snapshot is what was read from a card: file name to octets. A record has its
// number behind the name, "sdn#2"; record 1 has the name alone. An Item has its
// own name. What the card lacks is absent.
type Snapshot map[string][]byte

// Format writes names and lengths only, whatever the verb: a snapshot can hold
// session keys.
func (s Snapshot) Format(f fmt.State, _ rune) {
	names := slices.Sorted(maps.Keys(s))
	for i, n := range names {
		names[i] = fmt.Sprintf("%s (%d octets)", n, len(s[n]))
	}
	fmt.Fprint(f, strings.Join(names, ", "))
}

// Identity is what a card shall be after a swap.
type Identity struct {
	IMSI   string // 6 to 15 digits, beginning with PLMNs[0]
	MSISDN string // international, with +
	SMSC   string // international, with +
	PLMNs  []PLMN // the operator's networks, home first
	// MNCLength is 2 or 3; 0 means that of PLMNs[0], with which it must agree.
	MNCLength int
	// AcT is the access of the list entries; 0 means AllAccess.
	AcT AcT
	// Values are the contents of files that the rest does not determine, by
	// file name: SPN, GID1, HPPLMN, LRPLMNSI, ECC, SDN, MBDN, and PLMN lists
	// that differ from PLMNs. Without an IMSI nothing is determined, and every
	// file can be given: files are written, no identity. A value shorter than a transparent file is
	// filled with FF; for a record it must have the record's length.
	Values map[string][]byte
	// Content is the same in the JSON form that File.Encode takes, coded for
	// the size of each card's file: {"spn": {"name": "Acme"}}. A file is in
	// Values or in Content, not in both.
	Content map[string]json.RawMessage `json:",omitempty"`
	// Items are octets for places outside the table.
	Items []Item `json:",omitempty"`
}

// Update is one piece of a file whose octets must change: a record, or a run
// of octets of a transparent file. Those of Diff fit one command.
type Update struct {
	File     File
	Record   int // number from 1; 0 for a transparent file
	Offset   int // of New in a transparent file
	Old, New []byte
	// now and then are the whole file or record before and after, for words;
	// nil if Old and New are the whole.
	now, then []byte
}

// wish is what a file, record or item shall hold.
type wish struct {
	file        File
	record      int
	offset      int // of an item
	old, wanted []byte
}

func (w wish) differs() bool { return !bytes.Equal(w.old, w.wanted) }

// Diff returns what must be written so that the named files, and the items of
// the identity, hold what it wants. The order is that of Files: SMSP is
// directly before IMSI and IMSI is the last; items are directly before SMSP,
// and records of one file come with record 1 last. A name may end in a record:
// "sdn#2".
//
// Files that only the operator writes are written where they differ. A file
// that the phone may have changed since the snapshot, and IMSI, is written
// whole: its parts belong together.
//
// A file the snapshot lacks is left out; so is a file of the 2G view while the
// file of the USIM that it may be (File.Twin) changes: see Later. An unknown
// name, a value longer than the card's file, or an identity that does not
// determine a named file is an error.
func Diff(files []string, snap Snapshot, id Identity) ([]Update, error) {
	wishes, err := wanted(files, snap, id)
	if err != nil {
		return nil, err
	}
	var updates []Update
	for _, w := range wishes {
		if !w.waits(wishes) {
			updates = append(updates, w.updates()...)
		}
	}
	return updates, nil
}

// Later names the files that Diff leaves out because their twin in the USIM
// changes: cards often have one file in both places, and a fence over the
// second write would read what the first has written. When the updates of Diff
// are on the card, read these files again and call Diff again.
func Later(files []string, snap Snapshot, id Identity) ([]string, error) {
	wishes, err := wanted(files, snap, id)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, w := range wishes {
		if w.differs() && w.waits(wishes) {
			names = append(names, recordName(w.file.Name, w.record))
		}
	}
	return names, nil
}

// waits says whether the twin of the file is written too.
func (w wish) waits(all []wish) bool {
	return w.file.Twin != "" && slices.ContainsFunc(all, func(o wish) bool { return o.file.Name == w.file.Twin && o.differs() })
}

// wanted lists what is named and was read, in the order of writing.
func wanted(files []string, snap Snapshot, id Identity) ([]wish, error) {
	records := map[string][]int{}
	for _, name := range files {
		f, rec, err := LookupRecord(name)
		if err != nil {
			return nil, err
		}
		records[f.Name] = append(records[f.Name], rec)
	}
	if err := id.check(); err != nil {
		return nil, err
	}
	var wishes []wish
	for _, e := range table {
		if e.Name == "smsp" {
			items, err := id.items(snap)
			if err != nil {
				return nil, err
			}
			wishes = append(wishes, items...)
		}
		recs := records[e.Name]
		slices.Sort(recs)
		for _, rec := range slices.Backward(slices.Compact(recs)) {
			old, read := snap[recordName(e.Name, rec)]
			if !read {
				continue
			}
			content, err := e.content(rec, old, id)
			if err != nil {
				return nil, err
			}
			wishes = append(wishes, wish{file: e.file(), record: rec, old: old, wanted: content})
		}
	}
	return wishes, nil
}

// Want returns the full octets that a file or record shall have after a swap,
// given those it has now: their number is the size of the card's file.
func Want(name string, old []byte, id Identity) ([]byte, error) {
	f, rec, err := LookupRecord(name)
	if err != nil {
		return nil, err
	}
	if err := id.check(); err != nil {
		return nil, err
	}
	return table[position(f.Name)].content(rec, old, id)
}

// longest is the size of the largest transparent file that READ and UPDATE
// BINARY reach.
const longest = 0x8000

func (e entry) content(rec int, old []byte, id Identity) ([]byte, error) {
	room := longest
	if e.Structure.Records() {
		room = most
	}
	if len(old) == 0 || len(old) > room {
		return nil, fmt.Errorf("rfm: %s was read with %d octets: want 1 to %d", e.Title, len(old), room)
	}
	value, err := e.value(rec, old, id)
	if err != nil {
		return nil, err
	}
	if err := e.checkSize(len(value), len(old)); err != nil {
		return nil, err
	}
	return append(bytes.Clone(value), blank(len(old)-len(value))...), nil
}

// value is what the file shall hold, without its fill.
func (e entry) value(rec int, old []byte, id Identity) ([]byte, error) {
	name := recordName(e.Name, rec)
	value, octets := id.Values[name]
	text, symbolic := id.Content[name]
	switch {
	case octets && e.Structure.Records() && len(value) != len(old):
		return nil, fmt.Errorf("rfm: %s has records of %d octets, the value has %d: code it for this card", e.Title, len(old), len(value))
	case octets:
		return value, nil
	case symbolic:
		return e.File.Encode(text, old)
	case e.want != nil && (rec < 2 || e.Reset):
		return e.want(old, id)
	case e.free || rec > 1:
		return nil, fmt.Errorf("rfm: nothing says what %s shall be: give Values[%q] or Content, or leave the file out", e.Title, name)
	}
	return nil, fmt.Errorf("rfm: %s is never written: leave the file out", e.Title)
}

const (
	// most is what one UPDATE holds.
	most = 255
	// overhead is what one more UPDATE costs in a script: its header and P3,
	// tag and length in expanded format.
	overhead = 7
)

// updates are the pieces to write. The octets of each begin and end with one
// that changes, so that a read of a piece tells whether it was written.
func (w wish) updates() []Update {
	if !w.differs() {
		return nil
	}
	if w.record > 0 || (w.file.Whole && len(w.wanted) <= most) {
		return []Update{{File: w.file, Record: w.record, Offset: w.offset, Old: w.old, New: w.wanted}}
	}
	gap := overhead
	if w.file.Whole {
		gap = most
	}
	var updates []Update
	for _, p := range pieces(w.old, w.wanted, gap) {
		updates = append(updates, Update{
			File: w.file, Offset: w.offset + p.from, Old: w.old[p.from:p.to:p.to], New: w.wanted[p.from:p.to:p.to], now: w.old, then: w.wanted,
		})
	}
	return updates
}

type piece struct{ from, to int }

// pieces finds the runs in which b differs from a, both of one length. Runs
// with at most gap equal octets between them are one piece.
func pieces(a, b []byte, gap int) []piece {
	var list []piece
	for i := range b {
		if a[i] == b[i] {
			continue
		}
		if n := len(list); n > 0 && i-list[n-1].to <= gap && i < list[n-1].from+most {
			list[n-1].to = i + 1
			continue
		}
		list = append(list, piece{i, i + 1})
	}
	return list
}

// Commands are SELECT and UPDATE, for an application that is in ADF.USIM; a
// file elsewhere is followed by the SELECT that leads back there. More than 255
// octets take several updates. The package's Commands writes many updates with
// fewer SELECTs.
func (u Update) Commands() []sat.Command {
	p := atUSIM()
	commands := append(p.to(u.File), u.write()...)
	return append(commands, p.home()...)
}

// write are the UPDATE commands alone.
func (u Update) write() []sat.Command {
	if u.Record > 0 {
		return []sat.Command{sat.UpdateRecord(u.Record, u.New)}
	}
	var commands []sat.Command
	for at := 0; at < len(u.New); at += most {
		commands = append(commands, sat.UpdateBinary(u.Offset+at, u.New[at:min(at+most, len(u.New))]))
	}
	return commands
}

// Fence is the read that tells whether the update ran: SELECT and READ of what
// it writes, and no more. Its answer is New if the update ran and Old if not.
func Fence(u Update) []sat.Command {
	p := atUSIM()
	return append(p.to(u.File), u.File.read(u.Record, u.Offset, len(u.New))...)
}

// String says what changes, in plain words.
func (u Update) String() string {
	title := ""
	if u.Record > 1 {
		title = fmt.Sprintf("record %d: ", u.Record)
	}
	if u.now == nil {
		return title + Describe(u.File, u.Old) + " -> " + Describe(u.File, u.New)
	}
	words := Describe(u.File, u.now) + " -> " + Describe(u.File, u.then)
	if len(u.New) < len(u.then) {
		words += fmt.Sprintf(" (octets %d to %d)", u.Offset+1, u.Offset+len(u.New))
	}
	return words
}

// Format writes String for every verb, so that no verb prints session keys.
func (u Update) Format(f fmt.State, _ rune) { fmt.Fprint(f, u.String()) }
