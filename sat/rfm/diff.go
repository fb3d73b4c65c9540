package rfm

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/simota/simota/sat"
)

// Snapshot is what was read from a card: file name to octets, record 1 of a
// linear fixed file. A file the card lacks is absent.
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
	// that differ from PLMNs. A value shorter than a transparent file is
	// filled with FF; for a record it must have the record's length.
	Values map[string][]byte
}

// Update is one file whose octets must change.
type Update struct {
	File     File
	Record   int // 1 for a linear fixed file, 0 for a transparent one
	Old, New []byte
}

// Diff returns the named files whose octets differ from what the identity
// wants, in the order of Files: SMSP is directly before IMSI and IMSI is the
// last. A file the snapshot lacks is left out. An unknown name, a value longer
// than the card's file, or an identity that does not determine a named file is
// an error.
func Diff(files []string, snap Snapshot, id Identity) ([]Update, error) {
	for _, name := range files {
		if _, ok := Lookup(name); !ok {
			return nil, fmt.Errorf("rfm: unknown file %q: want one of %s", name, strings.Join(names(), ", "))
		}
	}
	if err := id.check(); err != nil {
		return nil, err
	}
	var updates []Update
	for _, e := range table {
		old, read := snap[e.Name]
		if !read || !slices.Contains(files, e.Name) {
			continue
		}
		wanted, err := e.content(old, id)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(old, wanted) {
			continue
		}
		u := Update{File: e.file(), Old: old, New: wanted}
		if e.Structure == LinearFixed {
			u.Record = 1
		}
		updates = append(updates, u)
	}
	return updates, nil
}

func names() []string {
	n := make([]string, len(table))
	for i := range table {
		n[i] = table[i].Name
	}
	return n
}

// Want returns the full octets that a file shall have after a swap, given
// those it has now: their number is the size of the card's file.
func Want(name string, old []byte, id Identity) ([]byte, error) {
	i := position(name)
	if i < 0 {
		return nil, fmt.Errorf("rfm: unknown file %q", name)
	}
	if err := id.check(); err != nil {
		return nil, err
	}
	return table[i].content(old, id)
}

// longest is the size of the largest file that one READ shows whole. Longer
// files cannot be compared, so they are not written.
const longest = 256

func (e entry) content(old []byte, id Identity) ([]byte, error) {
	if len(old) == 0 || len(old) > longest {
		return nil, fmt.Errorf("rfm: %s was read with %d octets: want 1 to %d", e.Title, len(old), longest)
	}
	value, given := id.Values[e.Name]
	switch {
	case given:
		if e.Structure == LinearFixed && len(value) != len(old) {
			return nil, fmt.Errorf("rfm: %s has records of %d octets, the value has %d: code it for this card", e.Title, len(old), len(value))
		}
	case e.want == nil && e.free:
		return nil, fmt.Errorf("rfm: nothing says what %s shall be: give Values[%q] or leave the file out", e.Title, e.Name)
	case e.want == nil:
		return nil, fmt.Errorf("rfm: %s is never written: leave the file out", e.Title)
	default:
		var err error
		if value, err = e.want(old, id); err != nil {
			return nil, err
		}
	}
	if err := e.checkSize(len(value), len(old)); err != nil {
		return nil, err
	}
	return append(bytes.Clone(value), blank(len(old)-len(value))...), nil
}

// Commands are SELECT and UPDATE. A transparent file of 256 octets takes two
// updates.
func (u Update) Commands() []sat.Command {
	commands := []sat.Command{u.File.Select()}
	if u.Record > 0 {
		return append(commands, sat.UpdateRecord(u.Record, u.New))
	}
	for at := 0; at < len(u.New); at += 255 {
		commands = append(commands, sat.UpdateBinary(at, u.New[at:min(at+255, len(u.New))]))
	}
	return commands
}

// Fence is the read that tells whether the update ran: SELECT and READ of the
// value it writes. Its answer is New if the update ran and Old if not.
func Fence(u Update) []sat.Command { return ReadCommands(u.File, len(u.New)) }

// String says what changes, in plain words.
func (u Update) String() string {
	return Describe(u.File, u.Old) + " -> " + Describe(u.File, u.New)
}

// Format writes String for every verb, so that no verb prints session keys.
func (u Update) Format(f fmt.State, _ rune) { fmt.Fprint(f, u.String()) }
