// Package delimited reads tables as text, one row in a line, in the dialects of
// spreadsheets and vendors: separated by commas, semicolons, tabs or bars, with or
// without a byte order mark, a "sep=" line, title rows, quotes.
package delimited

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	// MaxLine is the longest line that is read, in octets.
	MaxLine = 64 << 10
	// TitleRows is among how many first lines the header is looked for.
	TitleRows = 10
)

// Reader reads a table line by line. There are no line breaks in cells, so a
// quote that is never closed spoils one row and not the rest of the file.
type Reader struct {
	in        *bufio.Reader
	line      int // number of the last line read
	separator byte
	header    [][]byte
	cells     [][]byte
}

// Flaw says why a line is no row. It shows no content.
type Flaw string

// Error is the flaw, to follow the number of the line: "has a quote ...".
func (f Flaw) Error() string { return string(f) }

// New reads up to the header: the first line with a cell of which isKey is true.
// The name of the key is for errors.
func New(r io.Reader, name string, isKey func(cell []byte) bool) (*Reader, error) {
	t := &Reader{in: bufio.NewReaderSize(r, MaxLine)}
	separators := []byte(";,\t|")
	for range TitleRows {
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
			if err == nil && slices.ContainsFunc(cells, isKey) {
				t.header = cells
				return t, nil
			}
		}
	}
	return nil, fmt.Errorf("no header with a column %s in the first %d lines", name, TitleRows)
}

// Header is the cells of the header.
func (t *Reader) Header() [][]byte { return t.header }

// Line is the number of the line read last, from 1.
func (t *Reader) Line() int { return t.line }

// Next gives the cells of the next line that has content, valid until it is
// called again: at most as many as the header has. The error is a [Flaw] of this
// line, after which the next may be read, io.EOF, or about the file as a whole.
func (t *Reader) Next() ([][]byte, error) {
	for {
		line, err := t.readLine()
		if err != nil {
			return nil, err
		}
		if t.cells, err = split(line, t.separator, t.cells[:0]); err != nil {
			return nil, err
		}
		n := len(t.cells)
		for n > 0 && len(t.cells[n-1]) == 0 {
			n--
		}
		if n > len(t.header) {
			return nil, Flaw(fmt.Sprintf("has a cell %d, but the header has %d columns: is there a separator inside of a value?", n, len(t.header)))
		}
		if n > 0 {
			return t.cells[:n], nil
		}
	}
}

// Unknown is the name of a column nobody reads, as messages show it.
func Unknown(cell []byte) string {
	const longest = 40
	name := strings.ToValidUTF8(string(cell), "?")
	if r := []rune(name); len(r) > longest {
		name = string(r[:longest]) + "..."
	}
	return name
}

// textOf strips the byte order mark and tells what is no text.
func textOf(line []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(line, []byte("PK\x03\x04")):
		return nil, errors.New("this is a spreadsheet or an archive; export it as CSV")
	case bytes.HasPrefix(line, []byte("\xFF\xFE")), bytes.HasPrefix(line, []byte("\xFE\xFF")), bytes.IndexByte(line, 0) >= 0:
		return nil, errors.New("this is UTF-16 or no text; save it as CSV in UTF-8")
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

// readLine gives the next line without its end, valid until the next call.
func (t *Reader) readLine() ([]byte, error) {
	line, err := t.in.ReadSlice('\n')
	switch {
	case err == io.EOF && len(line) > 0, err == nil:
		t.line++
		return bytes.TrimRight(line, "\r\n"), nil
	case err == io.EOF:
		return nil, io.EOF
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("line %d has more than %d octets: this is no table", t.line+1, MaxLine)
	default:
		return nil, fmt.Errorf("line %d: %w", t.line+1, err)
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
				return cells, Flaw(fmt.Sprintf("has a quote in cell %d that is not closed", len(cells)+1))
			}
			if line = bytes.TrimLeft(line, " "); len(line) > 0 {
				if line[0] != separator {
					return cells, Flaw(fmt.Sprintf("has text behind the quotes of cell %d", len(cells)+1))
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
