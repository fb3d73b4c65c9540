// Package tactable reads TAC tables: which devices there are, by the type
// allocation codes of their IMEIs. It reads those that a user writes, and the
// lists of GSMA and Osmocom, whose columns it knows.
package tactable

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/delimited"
)

// Table is what a TAC table holds.
type Table struct {
	Models  []catalog.Model // the good rows, in their order; one that stands twice only once
	Rows    int             // rows with content, good and bad
	Bad     []RowError      // why rows are not in Models; all reasons of each
	Ignored []string        // columns that nobody reads, each once
}

// RowError is a remark on one cell or row. It shows no PIN.
type RowError struct {
	Line    int    // from 1
	Field   string // name of the column; may be empty
	Message string
}

// Error gives line, field and message: "line 14, TAC: ...".
func (e RowError) Error() string {
	where := fmt.Sprintf("line %d", e.Line)
	if e.Field != "" {
		where += ", " + e.Field
	}
	return where + ": " + e.Message
}

// BadRows is the number of rows that Bad speaks of.
func (t Table) BadRows() int {
	n, last := 0, 0
	for _, e := range t.Bad {
		if e.Line != last {
			n, last = n+1, e.Line
		}
	}
	return n
}

// Parse reads a TAC table: comma, semicolon, tab or bar separated, columns in any
// order. A TAC has 8 digits; 6 or 7 are all codes that begin so, as are
// "35693803-35693899" all between. A bad row is reported in Table.Bad and left
// out; whether the good ones may be used then is up to the caller. The error is
// about the file as a whole.
func Parse(r io.Reader) (Table, error) {
	in, err := delimited.New(r, colTAC, func(cell []byte) bool { return normal(cell) == colTAC })
	if err != nil {
		return Table{}, fmt.Errorf("tactable: %w", err)
	}
	p := &parser{lines: map[string]int{}}
	if err := p.setHeader(in.Header()); err != nil {
		return Table{}, fmt.Errorf("tactable: line %d: %w", in.Line(), err)
	}
	for {
		cells, err := in.Next()
		var flaw delimited.Flaw
		switch {
		case err == io.EOF:
			return p.table, nil
		case errors.As(err, &flaw):
			p.table.Rows++
			p.fail(in.Line(), "", "%s", flaw)
		case err != nil:
			return Table{}, fmt.Errorf("tactable: %w", err)
		default:
			p.table.Rows++
			p.row(in.Line(), cells)
		}
	}
}

// parser makes models of rows and knows what earlier rows said.
type parser struct {
	table   Table
	columns []column
	lines   map[string]int // by range: where in Models, plus 1
}

// column is one that is read, and where it stands.
type column struct {
	field
	at int
}

func (p *parser) setHeader(cells [][]byte) error {
	for at, c := range cells {
		name := normal(c)
		i := slices.IndexFunc(fields, func(f field) bool { return slices.Contains(f.names, name) })
		switch {
		case i >= 0:
			f := fields[i]
			f.rank = slices.Index(f.names, name)
			if slices.ContainsFunc(p.columns, func(c column) bool { return c.name() == f.name() && c.rank == f.rank }) {
				return fmt.Errorf("column %s is there twice", name)
			}
			p.columns = append(p.columns, column{f, at})
		case name != "" && !slices.Contains(p.table.Ignored, delimited.Unknown(c)):
			p.table.Ignored = append(p.table.Ignored, delimited.Unknown(c))
		}
	}
	// Of two columns for one field the better one comes first, and fills it.
	slices.SortStableFunc(p.columns, func(a, b column) int { return cmp.Compare(a.rank, b.rank) })
	return nil
}

func (p *parser) fail(line int, field, format string, args ...any) {
	p.table.Bad = append(p.table.Bad, RowError{line, field, fmt.Sprintf(format, args...)})
}

func (p *parser) row(line int, cells [][]byte) {
	m := catalog.Model{Line: line}
	bad := len(p.table.Bad)
	for _, c := range p.columns {
		if c.at >= len(cells) || len(cells[c.at]) == 0 {
			continue
		}
		if err := c.set(&m, string(cells[c.at])); err != nil {
			p.fail(line, c.name(), "%v", err)
		}
	}
	if m.First == "" && len(p.table.Bad) == bad {
		p.fail(line, colTAC, "is missing")
	}
	for _, f := range m.Capability.Flaws() {
		p.fail(line, columnOf(f.Field), "%s", f.Message)
	}
	if len(p.table.Bad) > bad {
		return
	}
	if m.Name == "" && m.Client == "" && reflect.ValueOf(m.Capability).IsZero() {
		p.fail(line, "", "says nothing of %s: neither MODEL nor CLIENT nor what it can do", m.Range())
		return
	}
	p.add(m)
}

// add keeps a model, unless the table has it already.
func (p *parser) add(m catalog.Model) {
	key := m.Range()
	if n, seen := p.lines[key]; seen {
		before := p.table.Models[n-1]
		m.Line, before.Line = before.Line, m.Line
		if !reflect.DeepEqual(m, p.table.Models[n-1]) {
			p.fail(before.Line, colTAC, "%s is in line %d already, and is another device there", key, m.Line)
		}
		return
	}
	p.table.Models = append(p.table.Models, m)
	p.lines[key] = len(p.table.Models)
}
