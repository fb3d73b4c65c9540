package detect

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Row is one event and where it stood: the line of a file on which it begins, or
// the number of the element in a body, counted from 1.
type Row struct {
	Number int
	Event  Event
}

// Table is a CSV file of events.
type Table struct {
	Rows    []Row
	Bad     []string // "line 14, IMEI: ...", one for each value that is wrong
	BadRows int
	Unknown []string // columns that are not read
}

// Columns are those that [ParseTable] reads, in any order and either case.
var Columns = []string{"TIME", "IMSI", "IMEI", "ICCID", "MSISDN", "APN", "MCC", "MNC", "KIND", "SOURCE"}

// ParseTable reads CSV with a header line, parted by semicolons or commas, with
// or without byte order mark (RFC 4180). An empty cell is a value that nobody
// knows; KIND is attach without one, SOURCE is the given one. Rows that are
// wrong are listed in the table; the error is for what is no such file.
func ParseTable(r io.Reader, source string) (Table, error) {
	all, err := io.ReadAll(r)
	if err != nil {
		return Table{}, fmt.Errorf("detect: %w", err)
	}
	all = bytes.TrimPrefix(all, []byte("\xEF\xBB\xBF"))
	if bytes.IndexByte(all, 0) >= 0 {
		return Table{}, errors.New("detect: this is UTF-16 or no text: save it as CSV in UTF-8")
	}
	in := csv.NewReader(bytes.NewReader(all))
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	if first, _, _ := bytes.Cut(all, []byte("\n")); bytes.IndexByte(first, ';') >= 0 {
		in.Comma = ';'
	}
	header, err := in.Read()
	if err != nil {
		return Table{}, fmt.Errorf("detect: no header line: %w", err)
	}
	t := Table{}
	columns, err := t.header(header)
	if err != nil {
		return Table{}, err
	}
	for {
		cells, err := in.Read()
		if err == io.EOF {
			return t, nil
		}
		var flaw *csv.ParseError
		if errors.As(err, &flaw) {
			t.bad(fmt.Sprintf("line %d: %v", flaw.StartLine, flaw.Err))
			continue
		}
		line, _ := in.FieldPos(0)
		t.row(line, columns, cells, source)
	}
}

// header says which column is which; "" is one that is not read.
// cardKey is a column that only card files have: their IMEIs were written down,
// not seen.
var cardKey = regexp.MustCompile(`^(P[0-9]+_|ISDR_)?KI[CDK][0-9]+$`)

func (t *Table) header(cells []string) (columns []string, err error) {
	for _, c := range cells {
		name := strings.ToUpper(strings.TrimSpace(c))
		switch {
		case cardKey.MatchString(name):
			return nil, fmt.Errorf("detect: line 1: column %s: this is a card file, which simota card import takes, and no table of events", name)
		case !slices.Contains(Columns, name):
			t.Unknown, name = append(t.Unknown, shown(c)), ""
		case slices.Contains(columns, name):
			return nil, fmt.Errorf("detect: line 1: column %s is there twice", name)
		}
		columns = append(columns, name)
	}
	for _, name := range []string{"IMSI", "ICCID", "MSISDN"} {
		if slices.Contains(columns, name) {
			return columns, nil
		}
	}
	return nil, fmt.Errorf("detect: line 1 is no header with a column IMSI, ICCID or MSISDN: known are %s", strings.Join(Columns, ", "))
}

func (t *Table) bad(remarks ...string) {
	t.Bad = append(t.Bad, remarks...)
	t.BadRows++
}

func (t *Table) row(line int, columns, cells []string, source string) {
	if len(cells) > len(columns) {
		t.bad(fmt.Sprintf("line %d: has %d cells, the header has %d columns: is there a separator inside of a value?", line, len(cells), len(columns)))
		return
	}
	if strings.TrimSpace(strings.Join(cells, "")) == "" {
		return // spreadsheets leave such lines at the end
	}
	e := Event{Kind: Attach, Source: source}
	var errs []error
	for i, c := range cells {
		if c = strings.TrimPrefix(strings.TrimSpace(c), "'"); c == "" {
			continue
		}
		errs = append(errs, e.set(columns[i], c))
	}
	e, err := e.Normal()
	if err = errors.Join(append(errs, err)...); err == nil {
		t.Rows = append(t.Rows, Row{line, e})
		return
	}
	var remarks []string
	for _, err := range leaves(err) {
		var field FieldError
		if errors.As(err, &field) {
			remarks = append(remarks, fmt.Sprintf("line %d, %s: %s", line, strings.ToUpper(field.Field), field.Message))
		} else {
			remarks = append(remarks, fmt.Sprintf("line %d: %v", line, err))
		}
	}
	t.bad(remarks...)
}

// set puts a cell where its column says.
func (e *Event) set(column, value string) (err error) {
	switch column {
	case "TIME":
		if e.Time, err = ParseTime(value); err != nil {
			return FieldError{"time", err.Error()}
		}
	case "KIND":
		e.Kind = Kind(strings.ToLower(value))
	case "":
	default:
		*map[string]*string{
			"IMSI": &e.IMSI, "IMEI": &e.IMEI, "ICCID": &e.ICCID, "MSISDN": &e.MSISDN,
			"APN": &e.APN, "MCC": &e.MCC, "MNC": &e.MNC, "SOURCE": &e.Source,
		}[column] = value
	}
	return nil
}

// leaves are the errors that were joined.
func leaves(err error) (out []error) {
	joined, several := err.(interface{ Unwrap() []error })
	if !several {
		return []error{err}
	}
	for _, e := range joined.Unwrap() {
		out = append(out, leaves(e)...)
	}
	return out
}
