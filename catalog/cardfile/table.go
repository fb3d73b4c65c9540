package cardfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	maxLine   = 64 << 10 // octets
	titleRows = 10       // lines before the header
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

// table reads a file line by line. Card files have no line breaks in cells, so
// a quote that is never closed spoils one row and not the rest of the file.
type table struct {
	in        *bufio.Reader
	line      int // number of the last line read
	separator byte
	header    []string // canonical name by position, empty for columns not read
	columns   []string // the names in header
	unknown   []string
	cells     [][]byte
	row       row
}

// newTable reads up to the header: the line with a cell ICCID.
func newTable(r io.Reader) (*table, error) {
	t := &table{in: bufio.NewReaderSize(r, maxLine)}
	separators := []byte(";,\t|")
	for range titleRows {
		line, err := t.readLine()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if t.line == 1 {
			if line, err = textOf(line); err != nil {
				return nil, err
			}
		}
		if s, ok := declaredSeparator(line); ok {
			separators = []byte{s}
			continue
		}
		for _, t.separator = range separators {
			cells, err := split(bytes.Clone(line), t.separator, nil)
			if err == nil && slices.ContainsFunc(cells, func(c []byte) bool { return canonical(c) == "ICCID" }) {
				return t, t.setHeader(cells)
			}
		}
	}
	return nil, fmt.Errorf("cardfile: no header with a column ICCID in the first %d lines", titleRows)
}

// textOf strips the byte order mark and tells what is no text.
func textOf(line []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(line, []byte("PK\x03\x04")):
		return nil, errors.New("cardfile: this is a spreadsheet or an archive; export it as CSV")
	case bytes.HasPrefix(line, []byte("\xFF\xFE")), bytes.HasPrefix(line, []byte("\xFE\xFF")), bytes.IndexByte(line, 0) >= 0:
		return nil, errors.New("cardfile: this is UTF-16 or no text; save it as CSV in UTF-8")
	}
	return bytes.TrimPrefix(line, []byte("\xEF\xBB\xBF")), nil
}

// declaredSeparator reads the line "sep=;" that spreadsheets write.
func declaredSeparator(line []byte) (byte, bool) {
	line = bytes.TrimLeft(line, `"`)
	if len(line) < 5 || !bytes.EqualFold(line[:4], []byte("sep=")) || bytes.IndexByte([]byte(";,\t|"), line[4]) < 0 {
		return 0, false
	}
	return line[4], true
}

func (t *table) setHeader(cells [][]byte) error {
	for _, c := range cells {
		name := canonical(c)
		if name != "" && slices.Contains(t.columns, name) {
			return fmt.Errorf("cardfile: line %d: column %s is there twice", t.line, name)
		}
		if name != "" {
			t.columns = append(t.columns, name)
		} else if u := unknownName(c); u != "" {
			t.unknown = append(t.unknown, u)
		}
		t.header = append(t.header, name)
	}
	return nil
}

// next gives the next row with content, valid until it is called again.
func (t *table) next() (row, error) {
	for {
		line, err := t.readLine()
		if err != nil {
			return row{}, err
		}
		t.row.line, t.row.flaw = t.line, ""
		if t.row.cells == nil {
			t.row.cells = make(map[string]cell, len(t.columns))
		}
		clear(t.row.cells)
		if t.cells, err = split(line, t.separator, t.cells[:0]); err != nil {
			t.row.flaw = err.Error()
			return t.row, nil
		}
		if t.fill() {
			return t.row, nil
		}
	}
}

// fill names the cells of a line; it is false if all are empty.
func (t *table) fill() bool {
	content := false
	for i, c := range t.cells {
		if len(c) == 0 {
			continue
		}
		content = true
		if i >= len(t.header) {
			t.row.flaw = fmt.Sprintf("has a cell %d, but the header has %d columns: is there a separator inside of a value?", i+1, len(t.header))
			break
		}
		if name := t.header[i]; name != "" {
			t.row.cells[name] = cell{value: c, line: t.line}
		}
	}
	return content
}

// readLine gives the next line without its end, valid until the next call.
func (t *table) readLine() ([]byte, error) {
	line, err := t.in.ReadSlice('\n')
	switch {
	case err == io.EOF && len(line) > 0, err == nil:
		t.line++
		return bytes.TrimRight(line, "\r\n"), nil
	case err == io.EOF:
		return nil, io.EOF
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("cardfile: line %d has more than %d octets: this is no card file", t.line+1, maxLine)
	default:
		return nil, fmt.Errorf("cardfile: line %d: %w", t.line+1, err)
	}
}

// split appends the cells of a line, which it changes. Errors show no content.
func split(line []byte, separator byte, cells [][]byte) ([][]byte, error) {
	for {
		var cell []byte
		more := false
		if quoted := bytes.TrimLeft(line, " "); len(quoted) > 0 && quoted[0] == '"' {
			var ok bool
			if cell, line, ok = unquote(quoted); !ok {
				return cells, fmt.Errorf("has a quote in cell %d that is not closed", len(cells)+1)
			}
			if line = bytes.TrimLeft(line, " "); len(line) > 0 {
				if line[0] != separator {
					return cells, fmt.Errorf("has text behind the quotes of cell %d", len(cells)+1)
				}
				line, more = line[1:], true
			}
		} else {
			cell, line, more = bytes.Cut(line, []byte{separator})
		}
		cells = append(cells, clean(cell))
		if !more {
			return cells, nil
		}
	}
}

// unquote takes a quoted cell off the line, in place: two quotes are one.
func unquote(line []byte) (cell, rest []byte, ok bool) {
	n := 0
	for i := 1; i < len(line); i++ {
		if line[i] == '"' {
			if i+1 == len(line) || line[i+1] != '"' {
				return line[:n], line[i+1:], true
			}
			i++
		}
		line[n] = line[i]
		n++
	}
	return nil, nil, false
}

// clean strips white space and what people put around digits to save them
// from spreadsheets: ="8988" and '8988.
func clean(cell []byte) []byte {
	cell = bytes.TrimSpace(cell)
	if len(cell) >= 3 && bytes.HasPrefix(cell, []byte(`="`)) && cell[len(cell)-1] == '"' {
		return bytes.TrimSpace(cell[2 : len(cell)-1])
	}
	return bytes.TrimPrefix(cell, []byte("'"))
}
