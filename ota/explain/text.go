package explain

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Widths of the text form, in characters. The octets of a row are octetsInRow.
const (
	octetsInRow = 10
	rawWidth    = 3*octetsInRow - 1
	maxName     = 34
	maxRows     = 16 // of one field; the rest is counted
)

// Colours of a terminal (ECMA-48).
const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	faint  = "\x1b[2m"
	bold   = "\x1b[1m"
	plainC = "\x1b[0m"
)

// Text writes the tree for people: offset, octets, name and value of each field,
// findings below them. colour is for a terminal.
func (r Report) Text(w io.Writer, colour bool) error {
	t := &writer{w: w, colour: colour}
	t.width = min(maxName, nameWidth(r.Root, 0))
	head := r.Root.Name
	if r.Root.Value != "" {
		head += ", " + r.Root.Value
	}
	t.line("%s", t.paint(bold, head))
	t.line("    %s: %s%s", r.Confidence, r.Why, r.others())
	for _, f := range r.Root.Findings {
		t.finding(f, "    ")
	}
	if len(r.Root.Children) == 0 {
		t.node(&Node{Raw: r.Root.Raw, Length: r.Root.Length}, 0)
	}
	for _, c := range r.Root.Children {
		t.node(c, 0)
	}
	if r.Wrong+r.Suspicious > 0 {
		t.line("%s", r.sum())
	}
	return t.err
}

func (r Report) others() string {
	if len(r.Others) == 0 {
		return ""
	}
	return "; it could be " + join(r.Others, ", ") + " (--as)"
}

func (r Report) sum() string {
	words := []string{}
	if r.Wrong > 0 {
		words = append(words, fmt.Sprintf("%d wrong", r.Wrong))
	}
	if r.Suspicious > 0 {
		words = append(words, fmt.Sprintf("%d suspicious", r.Suspicious))
	}
	return strings.Join(words, ", ")
}

// nameWidth is the widest indented name.
func nameWidth(n *Node, depth int) (width int) {
	for _, c := range n.Children {
		if len(c.Children) == 0 {
			width = max(width, 2*depth+utf8.RuneCountInString(c.Name))
		}
		width = max(width, nameWidth(c, depth+1))
	}
	return width
}

// writer keeps the first error.
type writer struct {
	w      io.Writer
	err    error
	colour bool
	width  int
}

func (t *writer) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintln(t.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
}

func (t *writer) paint(c, s string) string {
	if !t.colour || s == "" {
		return s
	}
	return c + s + plainC
}

// node writes a node and what is below it.
func (t *writer) node(n *Node, depth int) {
	rows := rowsOf(n.Raw)
	offset := fmt.Sprintf("%4d", n.Offset)
	if n.Length == 0 {
		offset = "    "
	}
	name := strings.Repeat("  ", depth) + n.Name
	gap := strings.Repeat(" ", max(0, t.width-utf8.RuneCountInString(name)))
	value := n.Value
	if value != "" && len(n.Children) > 0 {
		gap, value = "", ": "+value
	} else if value != "" {
		gap += "  "
	}
	t.line("%s  %s  %s%s%s", t.paint(faint, offset), t.paint(faint, pad(rows[0], rawWidth)), name, gap, value)
	for _, row := range rows[1:] {
		t.line("      %s", t.paint(faint, row))
	}
	under := strings.Repeat(" ", 4+2+rawWidth+2+2*depth+2)
	for _, f := range n.Findings {
		t.finding(f, under)
	}
	for _, c := range n.Children {
		t.node(c, depth+1)
	}
}

func (t *writer) finding(f Finding, indent string) {
	switch f.Level {
	case Wrong:
		t.line("%s%s", indent, t.paint(red, "!! "+f.Text))
	case Suspicious:
		t.line("%s%s", indent, t.paint(yellow, "! "+f.Text))
	default:
		t.line("%s%s", indent, "- "+f.Text)
	}
}

// rowsOf writes octets in rows; there is always one.
func rowsOf(b []byte) []string {
	var rows []string
	for len(b) > 0 {
		if len(rows) == maxRows {
			return append(rows, fmt.Sprintf("and %s more", octets(len(b))))
		}
		n := min(octetsInRow, len(b))
		rows = append(rows, fmt.Sprintf("% X", b[:n]))
		b = b[n:]
	}
	if rows == nil {
		return []string{""}
	}
	return rows
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-len(s)))
}
