package show

import (
	"fmt"
	"io"
	"strings"

	"github.com/simota/simota/cmd/simota/internal/api"
)

// Plan writes what a device would be told, why, and what it would not; xml adds
// the documents.
func Plan(w io.Writer, p api.Plan, xml bool) error {
	b := &strings.Builder{}
	device := "a device that nobody described"
	if p.Model != "" {
		device = p.Model
	}
	fmt.Fprintf(b, "%s for %s", plain(p.Operator), plain(device))
	if p.IMEI != "" {
		fmt.Fprintf(b, ", IMEI %s (%s)", imei(plain(p.IMEI)), plain(p.Source))
	}
	fmt.Fprintf(b, "\nclient %s", plain(p.Client))
	if p.About != "" {
		fmt.Fprintf(b, ": %s", plain(p.About))
	}
	b.WriteString("\n\n")
	sms := 0
	for i, m := range p.Messages {
		planned(b, i+1, m, xml)
		sms += m.SMS
	}
	if len(p.Messages) == 0 {
		b.WriteString("nothing is sent to the device\n")
	} else {
		fmt.Fprintf(b, "%s in %d SMS, in this order; each goes when the one before has arrived\n", of(len(p.Messages), "message"), sms)
	}
	if len(p.ByHand) > 0 {
		b.WriteString("\nto be set in the device by hand\n")
		for _, s := range p.ByHand {
			fmt.Fprintf(b, "  %s\n", plain(s))
		}
	}
	if len(p.Left) > 0 {
		b.WriteString("\nnot sent to the device\n")
		for _, l := range p.Left {
			fmt.Fprintf(b, "  %-14s %s\n", plain(l.Name), plain(l.Why))
		}
	}
	if len(p.Card) > 0 {
		b.WriteString("\nby the card, whatever the device\n")
		for _, c := range p.Card {
			how := "campaign of kind rfm, from_operator"
			switch {
			case c.Swap:
				how = "written by a swap"
			case p.ICCID == "":
				how = "a swap writes it if the card type lists it, else a " + how
			}
			fmt.Fprintf(b, "  %-16s %-50s %s; %s\n", plain(c.File), plain(string(c.Content)), plain(c.Why), how)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// planned writes one message.
func planned(b *strings.Builder, n int, m api.PlanMessage, xml bool) {
	gate := ""
	if m.Gating {
		gate = ", must arrive"
	}
	kind := m.Security
	if m.Text != "" {
		kind = "text message"
	}
	fmt.Fprintf(b, "%2d  %-14s %d SMS, %s, %s%s\n", n, plain(m.Name), m.SMS, of(m.Octets, "octet"), plain(kind), gate)
	for _, why := range m.Why {
		fmt.Fprintf(b, "    %s\n", plain(why))
	}
	for _, f := range m.Findings {
		fmt.Fprintf(b, "    ! %s, %s: %s: %s\n", plain(f.By), f.Effect, plain(f.Path), plain(f.Text))
	}
	if m.Text != "" {
		fmt.Fprintf(b, "    text: %s\n", plain(m.Text))
	}
	if xml && m.XML != "" {
		for line := range strings.Lines(m.XML) {
			fmt.Fprintf(b, "      %s\n", strings.TrimRightFunc(line, func(r rune) bool { return r == '\n' }))
		}
	}
	b.WriteString("\n")
}
