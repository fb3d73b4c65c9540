package cardfile

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/simota/simota/catalog/delimited"
)

// row is one line: its cells by the name of their column, empty ones left out.
type row struct {
	line  int
	cells map[string]cell
	flaw  string // why it is no row
}

// cell is one value and where it stands.
type cell struct {
	value  []byte // valid until the next row
	line   int
	second bool
}

// table names the cells of a card file.
type table struct {
	in      *delimited.Reader
	header  []string // canonical name by position, empty for columns not read
	columns []string // the names in header
	unknown []string
	row     row
}

// newTable reads up to the header: the line with a cell ICCID.
func newTable(r io.Reader) (*table, error) {
	in, err := delimited.New(r, colICCID, func(cell []byte) bool { return canonical(cell) == colICCID })
	if err != nil {
		return nil, fmt.Errorf("cardfile: %w", err)
	}
	t := &table{in: in}
	for _, c := range in.Header() {
		name := canonical(c)
		if name != "" && slices.Contains(t.columns, name) {
			return nil, fmt.Errorf("cardfile: line %d: column %s is there twice", in.Line(), name)
		}
		if name != "" {
			t.columns = append(t.columns, name)
		} else if u := unknownName(c); u != "" {
			t.unknown = append(t.unknown, u)
		}
		t.header = append(t.header, name)
	}
	return t, nil
}

// next gives the next row with content, valid until it is called again.
func (t *table) next() (row, error) {
	cells, err := t.in.Next()
	var flaw delimited.Flaw
	if err == io.EOF {
		return row{}, err
	}
	if err != nil && !errors.As(err, &flaw) {
		return row{}, fmt.Errorf("cardfile: %w", err)
	}
	t.row.line, t.row.flaw = t.in.Line(), string(flaw)
	if t.row.cells == nil {
		t.row.cells = make(map[string]cell, len(t.columns))
	}
	clear(t.row.cells)
	for i, c := range cells {
		if name := t.header[i]; name != "" && len(c) > 0 {
			t.row.cells[name] = cell{value: c, line: t.row.line}
		}
	}
	return t.row, nil
}
