package codec

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/sat/rfm"
)

// text writes the rows, indented.
func (d *download) text(w io.Writer) error {
	var b strings.Builder
	if err := show.Table(&b, d.rows()); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, "    "+line); err != nil {
			return err
		}
	}
	return nil
}

// numbered is text under a head.
func (d *download) numbered(w io.Writer, n int) error {
	if _, err := fmt.Fprintf(w, "message %d: %s\n", n, d.head()); err != nil {
		return err
	}
	return d.text(w)
}

func (d *download) head() string {
	switch p := d.Packet; {
	case p == nil:
		return "SW " + d.SW + ", no packet is complete"
	case p.Executed > 0:
		return fmt.Sprintf("SW %s, %s, %s ran, %d wrote, last %s", d.SW, p.Result, count(p.Executed, "command"), p.Writes, p.SW)
	default:
		return fmt.Sprintf("SW %s, %s", d.SW, p.Result)
	}
}

func (d *download) rows() (rows [][]string) {
	if p := d.Packet; p != nil {
		rows = append(rows, []string{"packet", fmt.Sprintf("TAR %s, key set %d, %s", strings.ToUpper(p.TAR), p.Version, p.counter())})
	}
	for _, p := range d.Proofs {
		rows = append(rows, []string{"proof", p.words()})
		for _, ud := range p.UserData {
			rows = append(rows, []string{"", ud.String()})
		}
	}
	for _, p := range d.Proactive {
		rows = append(rows, []string{"command", p.words()})
		if len(p.UserData) > 0 && !d.proves(p.UserData) {
			rows = append(rows, []string{"", p.UserData.String()})
		}
	}
	for _, c := range d.Files {
		rows = append(rows, []string{"file", c.words()})
	}
	return rows
}

// counter is that of the packet, if the card has read it.
func (p *fate) counter() string {
	if !p.read {
		return "counter not read"
	}
	return fmt.Sprintf("counter %010x", uint64(p.Cntr))
}

// proves says whether a message is a proof, whose octets are shown there.
func (d *download) proves(ud octets) bool {
	return slices.ContainsFunc(d.Proofs, func(p proof) bool {
		return slices.ContainsFunc(p.UserData, func(part octets) bool { return bytes.Equal(part, ud) })
	})
}

func (p proof) words() string {
	way := "in the SMS-DELIVER-REPORT"
	if p.Way == "submit" {
		way = "by SMS-SUBMIT"
	}
	if p.Error != "" {
		return fmt.Sprintf("%s, cannot be opened: %s", way, p.Error)
	}
	s := fmt.Sprintf("%s, status %02X %s", way, p.Status, ota.Status(p.Status))
	if !p.Authenticated {
		s += ", not authenticated"
	}
	if len(p.Data) > 0 {
		s += ", data " + p.Data.String()
	}
	return s
}

// qualifiers are the kinds of REFRESH (ETSI TS 102 223, 8.6).
var qualifiers = []string{
	"initialisation and full file change", "file change", "initialisation and file change", "initialisation", "UICC reset",
	"application reset", "session reset", "steering of roaming",
}

func (p proactive) words() string {
	s := p.Command
	switch {
	case p.Destination != "":
		s += " to " + p.Destination
		if p.SMSC != "" {
			s += " by " + p.SMSC
		}
	case p.Qualifier != nil:
		if q := int((*p.Qualifier)[0]); q < len(qualifiers) {
			s += " " + qualifiers[q]
		}
		if len(p.Files) > 0 {
			s += " of " + strings.Join(p.Files, ", ")
		}
		if p.After != "" {
			s += " after " + p.After
		}
	default:
		s += " " + p.Objects.String()
	}
	return s
}

func (c change) words() string {
	name := fmt.Sprintf("%s (%s)", c.file.Title, c.Path)
	switch {
	case c.deleted:
		return name + " deleted"
	case c.created:
		return name + " created"
	case c.Secret:
		return name + " changed; key material is not shown"
	case len(c.Before) != len(c.After):
		return fmt.Sprintf("%s: %s, was %d", name, count(len(c.After), "octet"), len(c.Before))
	case c.file.Structure == rfm.Transparent:
		value := func(b []byte) string { return strings.TrimPrefix(c.file.Describe(b), c.file.Title+" ") }
		return fmt.Sprintf("%s: %s -> %s", name, value(c.Before), value(c.After))
	}
	from, to := changed(c.Before, c.After)
	return fmt.Sprintf("%s: octets %d to %d: %s -> %s", name, from+1, to, c.Before[from:to], c.After[from:to])
}

// changed is the range in which two contents of one length differ.
func changed(a, b []byte) (from, to int) {
	for from < len(a) && a[from] == b[from] {
		from++
	}
	for to = len(a); to > from && a[to-1] == b[to-1]; to-- {
	}
	return from, to
}
