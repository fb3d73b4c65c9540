package show

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/explain"
)

// Links writes a table of SMPP links, and why each of those that are down is.
func Links(w io.Writer, links []api.Link, zone *time.Location) error {
	rows := [][]string{{"LINK", "ADDRESS", "STATE", "SINCE", "WINDOW", "RATE", "HEALTH", "WEIGHT", "SENT", "RECEIVED", "LAST ERROR"}}
	for _, l := range links {
		rows = append(rows, []string{
			l.Name, l.Address, linkState(l), stamp(l.Since, zone), fmt.Sprintf("%d/%d", l.WindowUsed, l.WindowSize),
			linkRate(l), linkHealth(l, zone), linkWeight(l), count(int(l.Sent)), count(int(l.Received)), l.Error,
		})
	}
	return Table(w, rows)
}

func linkState(l api.Link) string {
	switch {
	case l.Stopped:
		return "given up"
	case l.Bound:
		return "bound"
	}
	return "connecting"
}

// linkRate is what the link lets through now.
func linkRate(l api.Link) string {
	rate := "no limit"
	if l.Rate > 0 {
		rate = strconv.FormatFloat(l.Rate, 'g', 2, 64)
		if l.Rate >= 10 {
			rate = count(int(l.Rate))
		}
		rate += "/s"
	}
	if l.Throttled {
		rate += " throttled"
	}
	return rate
}

func linkHealth(l api.Link, zone *time.Location) string {
	switch {
	case !l.Bound:
		return "-"
	case !l.SickSince.IsZero():
		return "passed over since " + l.SickSince.In(zone).Format(time.TimeOnly)
	}
	return "well"
}

func linkWeight(l api.Link) string {
	if l.Weight == 0 {
		return "standby"
	}
	return strconv.Itoa(l.Weight)
}

// LinkDetail writes all that is known of a link.
func LinkDetail(w io.Writer, l api.LinkDetail, zone *time.Location) error {
	b := &strings.Builder{}
	fmt.Fprintln(b, plainJoin([]string{l.Name, l.Address, linkState(l.Link) + " since " + stamp(l.Since, zone), smsc(l.SMSC)}))
	facts := [][2]string{
		{"sessions", count(l.Sessions)},
		{"window", fmt.Sprintf("%s of %s in use, %s stuck without response", count(l.WindowUsed), count(l.WindowSize), count(l.Stuck))},
		{"rate", linkRate(l.Link)}, {"health", linkHealth(l.Link, zone)}, {"weight", linkWeight(l.Link)},
		{"sent", fmt.Sprintf("%s submit_sm, %s answered, %s of these throttled, %s ambiguous",
			count(int(l.Sent)), count(int(l.Answered)), count(int(l.ThrottledTotal)), count(int(l.Ambiguous)))},
		{"received", count(int(l.Received)) + " deliver_sm and data_sm"},
		{"last error", dash(l.LastError)},
		{"operators", dash(strings.Join(l.Operators, " "))},
	}
	for _, f := range facts {
		fmt.Fprintf(b, "%-10s  %s\n", f[0], plain(f[1]))
	}
	fmt.Fprint(b, "\nconfiguration\n")
	width := 0
	for _, s := range l.Settings {
		width = max(width, len(s.Name))
	}
	for _, s := range l.Settings {
		fmt.Fprintf(b, "  %-*s  %s\n", width, plain(s.Name), plain(s.Words))
	}
	if err := malformed(b, l, zone); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func smsc(name string) string {
	if name == "" {
		return ""
	}
	return "SMSC " + name
}

// malformed writes the frames that made no sense.
func malformed(b *strings.Builder, l api.LinkDetail, zone *time.Location) error {
	if l.MalformedTotal == 0 {
		_, err := b.WriteString("\nno malformed frames\n")
		return err
	}
	fmt.Fprintf(b, "\n%s, the last %d of them:\n", of(int(l.MalformedTotal), "malformed frame"), len(l.Malformed))
	for _, m := range l.Malformed {
		fmt.Fprintf(b, "\n%s  session %d  %s\n", stamp(m.At, zone), m.Session, plain(m.Reason))
		if m.Report == nil {
			continue
		}
		if err := indented(b, m.Report); err != nil {
			return err
		}
	}
	return nil
}

// indented writes what octets mean, so that the lines they belong to stand out.
func indented(b *strings.Builder, r *explain.Report) error {
	var tree strings.Builder
	if err := r.Text(&tree, false); err != nil {
		return err
	}
	for line := range strings.Lines(tree.String()) {
		b.WriteString("    " + line)
	}
	return nil
}

// TraceLines writes PDUs as they pass, one line each.
type TraceLines struct {
	W    io.Writer
	Zone *time.Location

	day string
}

// Write writes one PDU, and its octets if it has them.
func (t *TraceLines) Write(p api.PDU) error {
	b := &strings.Builder{}
	at := p.At.In(t.Zone)
	if d := at.Format("2006-01-02 MST"); d != t.day {
		fmt.Fprintln(b, d)
		t.day = d
	}
	if p.Lost > 0 {
		fmt.Fprintf(b, "%s  ! %s lost here: they came faster than they were read\n", at.Format("15:04:05.000"), of(p.Lost, "PDU"))
	} else {
		tracedLine(b, at, p)
	}
	if p.Report != nil {
		if err := indented(b, p.Report); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(t.W, b.String())
	return err
}

func tracedLine(b *strings.Builder, at time.Time, p api.PDU) {
	way := ">"
	if p.Direction == "in" {
		way = "<"
	}
	who := p.Source + " to " + p.Destination
	switch {
	case p.Source == "" && p.Destination == "":
		who = ""
	case p.Source == "":
		who = "to " + p.Destination
	case p.Destination == "":
		who = "from " + p.Source
	}
	id := ""
	if p.MessageID != "" {
		id = "id " + p.MessageID
	}
	line := fmt.Sprintf("%s  %s %-12s %-16s %6d  %s", at.Format("15:04:05.000"), way, plain(fmt.Sprintf("%s.%d", p.Link, p.Session)), plain(p.Command), p.Sequence,
		plainJoin([]string{who, p.Words, id}))
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}
