// Package show writes the records of the API as people read them: tables, a
// card's timeline, a campaign's progress. Nothing it writes can steer a
// terminal, whatever a network or a device has put into a record.
package show

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// JSON writes a record for programs: indented, nothing escaped that need not
// be, one newline at the end.
func JSON(w io.Writer, record any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(record)
}

// JSONLine writes a record for programs on one line.
func JSONLine(w io.Writer, record any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(record)
}

// Table writes rows in columns; the first row is the head.
func Table(w io.Writer, rows [][]string) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = plain(c)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t")) // a Builder takes everything
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// plain replaces what would move a cursor or end a line or a cell.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '.'
	}, strings.Join(strings.Fields(s), " "))
}

// count writes a number with thousands apart, "2,412".
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// of writes a number of things, "1 card", "200 cards".
func of(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return count(n) + " " + thing + "s"
}

// stamp writes a time to the second, or a dash.
func stamp(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(zone).Format(time.DateTime)
}

// dash stands for an empty cell in the middle of a row.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
