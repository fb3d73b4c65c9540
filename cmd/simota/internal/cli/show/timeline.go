package show

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
)

// Widest columns of a timeline, in characters: a longer cell shifts its own
// line only.
const (
	maxText   = 64
	maxDetail = 44
)

// Timeline writes a card and all that happened to it, one line per event; raw
// adds the octets below each line. Times are of the zone, which is named.
func Timeline(w io.Writer, t api.Timeline, raw bool, zone *time.Location) error {
	b := &strings.Builder{}
	head(b, t, zone)
	if len(t.Entries) == 0 {
		b.WriteString("\nnothing happened yet\n")
	}
	l := layoutOf(t.Entries, zone)
	day := ""
	for _, e := range t.Entries {
		at := e.At.In(zone)
		if d := at.Format("2006-01-02 MST"); d != day {
			fmt.Fprintf(b, "\n%s\n", d)
			day = d
		}
		l.line(b, at, e)
		if raw {
			for _, r := range e.Raw {
				fmt.Fprintf(b, "%14s%s\n", "", plain(r))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// head writes who the card is, with which keys, and how its campaigns stand.
func head(b *strings.Builder, t api.Timeline, zone *time.Location) {
	c := t.Card
	parts := []string{c.ICCID, dash(c.Type)}
	if c.EID != "" {
		parts = append(parts, "EID "+c.EID)
	}
	if c.IMEI != "" {
		where := "IMEI "
		if n := len(c.Pairs); n > 0 && !catalog.SameIMEI(c.Pairs[n-1].IMEI, c.IMEI) {
			where = "by the card file IMEI " // it was seen elsewhere
		}
		parts = append(parts, where+device(api.Pair{IMEI: c.IMEI, Model: c.Model}))
	}
	now := active(c)
	if now.IMSI != "" {
		parts = append(parts, "now "+identity(now))
	}
	for _, s := range c.Subscriptions {
		if s != now {
			parts = append(parts, "also "+identity(s))
		}
	}
	if c.Country != "" {
		parts = append(parts, c.Country)
	}
	if len(c.Tags) > 0 {
		parts = append(parts, strings.Join(c.Tags, " "))
	}
	if c.NoCP {
		parts = append(parts, "takes no provisioning")
	}
	fmt.Fprintln(b, plainJoin(parts))
	for _, k := range c.Keysets {
		of := ""
		if k.Domain != "" && k.Domain != "issuer" {
			of = " of the " + plain(k.Domain)
		}
		fmt.Fprintf(b, "key set %d%s: %s and %s, check value %s, counter %d", k.Version, of, plain(k.KIc), plain(k.KID), plain(dash(k.CheckValue)), k.Counter)
		if k.Suspect {
			b.WriteString(", suspect after a restore: no write before a fence has cleared it")
		}
		b.WriteByte('\n')
	}
	for _, p := range c.Pairs {
		at := stamp(p.SeenAt, zone)
		if last := stamp(p.LastSeen, zone); last != at {
			at += " to " + last
		}
		fmt.Fprintf(b, "seen in %s with IMSI %s: %s, %s\n", plain(device(p)), plain(p.IMSI), at, plain(p.Source))
	}
	for _, g := range t.Targets {
		fmt.Fprintln(b, plainJoin([]string{g.Campaign + ": " + g.State, g.Cause, g.NextStep}))
	}
}

func plainJoin(parts []string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, plain(p))
		}
	}
	return strings.Join(out, "   ")
}

func identity(s api.Subscription) string {
	number := s.MSISDN
	if number == "" {
		number = "without number"
	}
	return fmt.Sprintf("%s at %s (IMSI %s)", number, dash(s.Operator), s.IMSI)
}

// imei sets the type allocation code, which names the model, apart (3GPP TS
// 23.003, 6.2.1).
func imei(s string) string {
	const tac = 8
	if len(s) < 14 {
		return s
	}
	return s[:tac] + "-" + s[tac:]
}

// layout holds the widths of a timeline's columns.
type layout struct{ what, text, detail int }

func layoutOf(entries []api.Entry, zone *time.Location) layout {
	var l layout
	for _, e := range entries {
		l.what = max(l.what, utf8.RuneCountInString(plain(e.What)))
		if detail(e) == "" && e.Rung == "" {
			continue // the text may run on
		}
		l.text = max(l.text, min(utf8.RuneCountInString(text(e, zone)), maxText))
		if e.Rung != "" {
			l.detail = max(l.detail, min(utf8.RuneCountInString(plain(detail(e))), maxDetail))
		}
	}
	return l
}

func (l layout) line(b *strings.Builder, at time.Time, e api.Entry) {
	line := fmt.Sprintf("%s  %-1s %-*s  %-*s  %-*s  %s",
		at.Format("15:04:05.000"), plain(e.Way), l.what, plain(e.What), l.text, text(e, at.Location()), l.detail, plain(detail(e)), plain(e.Rung))
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// text is the plain words, with the time that they end with.
func text(e api.Entry, zone *time.Location) string {
	if e.Then.IsZero() {
		return plain(e.Text)
	}
	at, then := e.At.In(zone), e.Then.In(zone)
	form := time.TimeOnly
	if at.Format(time.DateOnly) != then.Format(time.DateOnly) {
		form = time.DateTime
	}
	return plain(e.Text) + " at " + then.Format(form)
}

// detail is what stands beside the plain words: the octets, else the number
// and the link.
func detail(e api.Entry) string {
	switch {
	case e.Hex != "":
		return e.Hex
	case e.Number != "" && e.Link != "":
		return e.Number + " by " + e.Link
	}
	return e.Number + e.Link
}
