package cardfile

import (
	"bytes"
	"fmt"
	"io"
	"maps"
)

// overlay is the second file of a merge.
type overlay struct {
	columns []string
	unknown []string
	rows    map[string]*overlayRow // by ICCID
	bad     []RowError
}

type overlayRow struct {
	line  int
	cells map[string]cell
	used  bool
}

// readOverlay keeps the cells of a second file.
func readOverlay(r io.Reader) (*overlay, error) {
	t, err := newTable(r)
	if err != nil {
		return nil, err
	}
	o := &overlay{columns: t.columns, unknown: t.unknown, rows: map[string]*overlayRow{}}
	for {
		r, err := t.next()
		if err == io.EOF {
			return o, nil
		}
		if err != nil {
			return nil, err
		}
		o.add(r)
	}
}

func (o *overlay) add(r row) {
	field, problem, iccid := "", r.flaw, ""
	if problem == "" {
		field = colICCID
		iccid, _, problem = parseICCID(string(r.cells[colICCID].value))
	}
	if earlier := o.rows[iccid]; problem == "" && earlier != nil {
		problem = fmt.Sprintf("is already in line %d", earlier.line)
	}
	if problem != "" {
		o.bad = append(o.bad, RowError{Line: r.line, Second: true, Field: field, Message: problem})
		return
	}
	cells := maps.Clone(r.cells)
	delete(cells, colICCID)
	for name, c := range cells {
		cells[name] = cell{value: bytes.Clone(c.value), line: r.line, second: true}
	}
	o.rows[iccid] = &overlayRow{line: r.line, cells: cells}
}

// fill adds the cells of the second file to the row at work.
func (o *overlay) fill(b *builder, iccid string) {
	extra := o.rows[iccid]
	if extra == nil {
		return
	}
	extra.used = true
	for _, name := range o.columns {
		theirs, ok := extra.cells[name]
		if !ok {
			continue
		}
		ours, both := b.row.cells[name]
		switch {
		case !both:
			b.row.cells[name] = theirs
		case name == colTags:
			b.row.cells[name] = cell{value: bytes.Join([][]byte{ours.value, theirs.value}, []byte(" ")), line: ours.line}
		case isCounter(name):
			if higher(theirs.value, ours.value) {
				b.row.cells[name] = theirs
			}
		case !sameValue(name, ours.value, theirs.value):
			b.row.cells[name] = theirs
			b.fail(name, "differs from line %d of the first file", b.row.line)
		}
	}
}

// higher tells whether counter a must be used instead of b; a bad one must, so
// that it is reported.
func higher(a, b []byte) bool {
	x, problemX := parseCounter(string(a))
	y, problemY := parseCounter(string(b))
	return problemY == "" && (problemX != "" || x > y)
}

// sameValue ignores what the forms of one value differ in: case, the plus of
// an MSISDN, and the short form of an ISD-P.
func sameValue(name string, a, b []byte) bool {
	if isISDP(name) {
		x, _ := parseISDP(string(a))
		y, _ := parseISDP(string(b))
		return x == y && x != "" || bytes.EqualFold(a, b)
	}
	return bytes.EqualFold(bytes.TrimPrefix(a, []byte("+")), bytes.TrimPrefix(b, []byte("+")))
}

// unmatched reports the rows that met no card.
func (o *overlay) unmatched() []RowError {
	var bad []RowError
	for _, r := range o.rows {
		if !r.used {
			bad = append(bad, RowError{Line: r.line, Second: true, Field: colICCID, Message: "no card of the first file has it"})
		}
	}
	return bad
}
