package show

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
)

// Models writes a table of models.
func Models(w io.Writer, models []api.Model) error {
	rows := [][]string{{"TAC", "MANUFACTURER", "MODEL", "CLIENT"}}
	for _, m := range models {
		rows = append(rows, []string{m.TAC, dash(m.Manufacturer), dash(m.Name), m.Client})
	}
	return Table(w, rows)
}

// Clients writes a table of clients and what they can do.
func Clients(w io.Writer, clients []api.DeviceClient) error {
	rows := [][]string{{"CLIENT", "FROM", "BASED ON", "CP", "SECURITY", "PARTS", "TAKES", "ABOUT"}}
	for _, c := range clients {
		about := c.About
		if c.Note != "" {
			about = c.Note
		}
		rows = append(rows, []string{
			c.Name, c.Origin, dash(c.BasedOn), dash(c.Can.CP), dash(strings.Join(c.Can.Security, " ")), dash(number(c.Can.MaxParts)), dash(strings.Join(c.Can.Takes, " ")), about,
		})
	}
	return Table(w, rows)
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return count(n)
}

// Client writes one client: what it can do, and which of that its file says.
func Client(w io.Writer, c api.DeviceClient) error {
	b := &strings.Builder{}
	head := []string{c.Name, "from a file", c.About}
	if c.Origin != "file" {
		head[1] = "known to simota"
	}
	if c.BasedOn != "" {
		head[1] += ", based on " + c.BasedOn
	}
	fmt.Fprintln(b, plainJoin(head))
	able(b, c.Can, c.Note)
	if own := abilities(c.Says); c.Origin == "file" && len(own) > 0 {
		fmt.Fprintf(b, "of this its own file says: %s\n", plain(strings.Join(own, "; ")))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Device writes what a device is, every card it was seen with, and their moves.
// Times are of the zone.
func Device(w io.Writer, d api.Device, zone *time.Location) error {
	b := &strings.Builder{}
	if d.IMEI != "" {
		fmt.Fprintf(b, "IMEI %s\n", plain(imei(d.IMEI)))
	}
	if len(d.Models) == 0 {
		fmt.Fprintln(b, "the model is not known: no TAC table that was imported has this device, it is told what every client can read")
	}
	for i, m := range d.Models {
		fmt.Fprintln(b, plainJoin([]string{"TAC " + m.TAC, m.Title(), "client " + m.Client}))
		if i+1 == len(d.Models) || !sameAbility(m, d.Models[i+1]) {
			able(b, m.Can, m.Note)
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	if d.IMEI == "" {
		return nil
	}
	return seen(w, d, zone)
}

func sameAbility(a, b api.Model) bool {
	return a.Note == b.Note && slices.Equal(abilities(a.Can), abilities(b.Can))
}

func seen(w io.Writer, d api.Device, zone *time.Location) error {
	if len(d.Pairs) == 0 {
		_, err := fmt.Fprintln(w, "\nit was seen with no card of this catalog")
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	rows := [][]string{{"CARD", "IMSI", "FIRST SEEN", "LAST SEEN", "SOURCE"}}
	for _, p := range d.Pairs {
		rows = append(rows, []string{p.ICCID, p.IMSI, stamp(p.SeenAt, zone), stamp(p.LastSeen, zone), dash(p.Source)})
	}
	if err := Table(w, rows); err != nil || len(d.Moves) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return Moves(w, d.Moves, zone)
}

// Moves writes a table of moves. Times are of the zone.
func Moves(w io.Writer, moves []api.Move, zone *time.Location) error {
	rows := [][]string{{"SEEN", "WHAT", "WHICH", "FROM", "TO"}}
	for _, m := range moves {
		which, from, to := m.Is.ICCID, device(m.Was), device(m.Is)
		if m.What == string(catalog.DeviceMoved) {
			which, from, to = device(m.Is), m.Was.ICCID, m.Is.ICCID
		}
		rows = append(rows, []string{stamp(m.At, zone), m.What, which, from, to})
	}
	return Table(w, rows)
}

// device is the device of a pair, with its model where that is known.
func device(p api.Pair) string {
	if p.Model == "" {
		return imei(p.IMEI)
	}
	return imei(p.IMEI) + " (" + p.Model + ")"
}

// able writes what a client can do.
func able(b *strings.Builder, c catalog.Capability, note string) {
	if note != "" {
		fmt.Fprintf(b, "    what it can do is not known: %s\n", plain(note))
		return
	}
	for _, line := range abilities(c) {
		fmt.Fprintf(b, "    %s\n", plain(line))
	}
}

// abilities is a capability in plain words; what it does not say is left out.
func abilities(c catalog.Capability) (out []string) {
	add := func(has bool, format string, args ...any) {
		if has {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	texts := func(all []catalog.Text) string {
		var names []string
		for _, t := range all {
			names = append(names, t.Name)
		}
		return strings.Join(names, ", ")
	}
	add(c.CP == "no", "takes no OMA Client Provisioning")
	add(c.CP == "yes", "takes OMA Client Provisioning")
	add(len(c.Security) > 0, "signed with %s", strings.Join(c.Security, ", else "))
	add(c.PIN != "", "PIN set, not shown")
	add(c.MaxParts > 0, "a document of at most %s", of(c.MaxParts, "short message"))
	add(c.MaxID > 0, "identifiers of at most %d characters", c.MaxID)
	add(len(c.Takes) > 0, "applies %s", strings.Join(c.Takes, ", "))
	add(len(c.ChokesOn) > 0, "refuses documents with %s", strings.Join(c.ChokesOn, ", "))
	add(len(c.Vendor) > 0, "documents in its maker's terms: %s", texts(c.Vendor))
	add(len(c.Texts) > 0, "short messages in place of documents: %s", texts(c.Texts))
	add(c.Restart == "yes", "uses settings only after a restart")
	add(c.Restart == "no", "uses settings without a restart")
	return out
}
