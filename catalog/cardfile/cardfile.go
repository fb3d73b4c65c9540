// Package cardfile reads the card files that vendors really deliver: sysmocom's
// CSV in its dialects, with further columns or a second file for what no vendor
// knows. It checks every row, seals the keys and keeps nothing else of a secret.
package cardfile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/simota/simota/catalog"
)

// Sealer seals a key and binds it to aad, as [vault.AAD] makes it.
// [vault.Vault] is one.
type Sealer interface {
	Seal(aad string, key []byte) (sealed []byte, kekID string, err error)
}

// Options is what a card file does not say by itself.
type Options struct {
	// CardType looks a card type up by name. It is asked once per name.
	CardType func(name string) (catalog.CardType, bool)
	// Sealer seals the keys.
	Sealer Sealer
	// DefaultType, DefaultCountry and DefaultOperator stand for empty cells of
	// CARD_TYPE, COUNTRY and OPERATOR; not for those of OPERATOR2 and on.
	DefaultType, DefaultCountry, DefaultOperator string
}

// File is what a card file holds.
type File struct {
	Entries  []catalog.Entry // the good rows, in their order
	Rows     int             // rows with content, good and bad
	Bad      []RowError      // why rows are not in Entries; all reasons of each
	Warnings []RowError      // what is odd about rows that are, or was repaired in them
	Unknown  []string        // columns that nobody reads; Ki, PIN and the like are not named
}

// RowError is a remark on one cell or row. It holds no secret values.
type RowError struct {
	Line    int    // of the file, from 1; 0 for the file as a whole
	Second  bool   // the line is one of the second file
	Field   string // name of the column; may be empty
	Message string
}

// Error gives line, field and message: "line 14, KIC1: ...".
func (e RowError) Error() string {
	where := fmt.Sprintf("line %d", e.Line)
	if e.Second {
		where += " of the second file"
	}
	if e.Field != "" {
		where += ", " + e.Field
	}
	return where + ": " + e.Message
}

// BadRows is the number of rows that Bad speaks of.
func (f File) BadRows() int {
	type row struct {
		second bool
		line   int
	}
	rows := map[row]bool{}
	for _, e := range f.Bad {
		rows[row{e.Second, e.Line}] = true
	}
	return len(rows)
}

// Parse reads a card file: comma, semicolon, tab or bar separated, with or
// without a byte order mark, a "sep=" line, title rows, blank columns. A bad
// row is reported in File.Bad and left out; whether the good ones may be used
// then is up to the caller. The error is about the file as a whole: no header,
// a line that is too long, a key that cannot be sealed.
func Parse(r io.Reader, opt Options) (File, error) {
	return parse(r, nil, opt)
}

// Merge is Parse of the first file, with cells added from a second one by
// ICCID. Where both fill a cell they must agree, except that of two counters
// the higher is taken, and tags add up. A row of the second file without a card
// in the first is a bad row.
func Merge(first, second io.Reader, opt Options) (File, error) {
	o, err := readOverlay(second)
	if err != nil {
		return File{}, fmt.Errorf("second file: %w", err)
	}
	return parse(first, o, opt)
}

func parse(r io.Reader, o *overlay, opt Options) (File, error) {
	if opt.CardType == nil || opt.Sealer == nil {
		return File{}, errors.New("cardfile: options need CardType and Sealer")
	}
	t, err := newTable(r)
	if err != nil {
		return File{}, err
	}
	b := newBuilder(opt, t.columns)
	b.file.Unknown = t.unknown
	if o != nil {
		b.addColumns(o.columns)
		b.file.Unknown = append(b.file.Unknown, o.unknown...)
		b.file.Bad = o.bad
	}
	for {
		row, err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return File{}, err
		}
		b.file.Rows++
		if err := b.add(row, o); err != nil {
			return File{}, err
		}
	}
	if o != nil {
		b.file.Bad = append(b.file.Bad, o.unmatched()...)
	}
	sortRemarks(b.file.Bad)
	return b.file, nil
}

// sortRemarks puts the remarks in the order of lines, the second file last.
func sortRemarks(e []RowError) {
	slices.SortStableFunc(e, func(a, b RowError) int {
		if a.Second != b.Second {
			if a.Second {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.Line, b.Line)
	})
}
