package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/detect"
)

func eventCommand(a *app) *cobra.Command {
	return group("event", "tell what was seen of cards and devices: a file of it, or one by hand", eventImportCommand(a), eventSendCommand(a))
}

// eventImport stores the events of a table.
type eventImport struct {
	*app
	skipBad bool
}

func eventImportCommand(a *app) *cobra.Command {
	r := &eventImport{app: a}
	cmd := command(r, "import FILE", "store the events of a CSV file",
		`simota event import seen.csv
simota event import seen.csv --skip-bad --json
zcat hlr-export.csv.gz | simota event import -`)
	cmd.Long = `Stores what a network, a platform or a person saw of cards and devices: CSV with
a header, parted by semicolons or commas. Columns, in any order:
` + strings.Join(detect.Columns, ", ") + `.
One of IMSI, ICCID and MSISDN is needed. KIND is attach (default), session, imei
change or detach; TIME is RFC 3339 or seconds since 1970. Either every row is good
or nothing is stored, unless --skip-bad leaves the bad ones out. Rows of cards
that are not in the inventory are named and left out. Importing a file again is
harmless. FILE "-" is standard input.`
	cmd.Flags().BoolVar(&r.skipBad, "skip-bad", false, "leave bad rows out and store the others")
	return cmd
}

// eventsImported is what an import did.
type eventsImported struct {
	Taken   int      `json:"taken"`
	Ended   int      `json:"ended"`
	Bad     []string `json:"bad"`     // rows that are wrong, as "line 14, IMEI: ..."
	Unknown []string `json:"unknown"` // rows of cards that nobody knows
}

func (r *eventImport) Run(ctx context.Context, args []string) error {
	file := args[0]
	b, err := r.readFile(file)
	if err != nil {
		return err
	}
	t, err := detect.ParseTable(bytes.NewReader(b), "event import")
	if err != nil {
		return fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "detect: "))
	}
	if len(t.Unknown) > 0 {
		r.warn("%s: columns not used: %s", file, strings.Join(t.Unknown, ", "))
	}
	if t.BadRows > 0 && !r.skipBad {
		return errors.New(strings.Join(append(located(file, t.Bad), fmt.Sprintf(
			"nothing imported: %d of %d rows are bad; fix them, or import the good ones with --skip-bad", t.BadRows, t.BadRows+len(t.Rows))), "\n"))
	}
	out := eventsImported{Bad: []string{}, Unknown: []string{}}
	out.Bad = append(out.Bad, t.Bad...)
	if err := r.store(ctx, file, t.Rows, &out); err != nil {
		return err
	}
	for _, line := range located(file, t.Bad) {
		r.warn("left out: %s", line)
	}
	for _, line := range located(file, out.Unknown) {
		r.warn("left out: %s", line)
	}
	return r.print(out, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "stored %d, ended sessions %d, unknown cards %d, bad rows %d\n", out.Taken, out.Ended, len(out.Unknown), t.BadRows)
		return err
	})
}

// store sends rows in chunks, and shows on a terminal how far it is.
func (r *eventImport) store(ctx context.Context, file string, rows []detect.Row, out *eventsImported) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	at, end := r.progress("importing "+filepath.Base(file), len(rows))
	defer end()
	for first := 0; first < len(rows); first += api.MostEvents {
		chunk := rows[first:min(first+api.MostEvents, len(rows))]
		events := make([]detect.Event, len(chunk))
		for i, row := range chunk {
			events[i] = row.Event
		}
		got, err := c.Events(ctx, events)
		if err != nil {
			return fmt.Errorf("%s from line %d on not imported (import it again, what is stored stays one): %w", file, chunk[0].Number, err)
		}
		out.Taken, out.Ended = out.Taken+got.Taken, out.Ended+got.Ended
		for _, n := range got.NotTaken {
			out.Unknown = append(out.Unknown, fmt.Sprintf("line %d: %s", chunk[n.Event-1].Number, n.Why))
		}
		at(first + len(chunk))
	}
	return nil
}

// located puts the name of a file before each remark, of which it keeps the first.
func located(file string, remarks []string) (out []string) {
	for i, m := range remarks {
		if i == maxRemarks {
			return append(out, fmt.Sprintf("%s: and %d more", file, len(remarks)-maxRemarks))
		}
		out = append(out, file+" "+m)
	}
	return out
}

// progress shows on a terminal how many of all are done.
func (a *app) progress(what string, all int) (at func(int), end func()) {
	if !a.terminal(a.Stderr) {
		return func(int) {}, func() {}
	}
	bar := progressbar.NewOptions(all, progressbar.OptionSetWriter(a.Stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	return func(n int) { _ = bar.Set(n) }, func() { _ = bar.Finish() } // a terminal that does not take it shows nothing
}

// eventSend stores one event.
type eventSend struct {
	*app
	event detect.Event
	kind  string
	at    string
}

func eventSendCommand(a *app) *cobra.Command {
	r := &eventSend{app: a}
	cmd := command(r, "send", "store one event by hand",
		`simota event send --imsi 999710000000001 --imei 356938035643801
simota event send --iccid 8999970000000000019 --imei 356938035643801 --kind "imei change"`)
	f := cmd.Flags()
	f.StringVar(&r.event.IMSI, "imsi", "", "identity that was seen")
	f.StringVar(&r.event.ICCID, "iccid", "", "card that was seen")
	f.StringVar(&r.event.MSISDN, "msisdn", "", "number that was seen")
	f.StringVar(&r.event.IMEI, "imei", "", "device it was seen in")
	f.StringVar(&r.event.APN, "apn", "", "access point of its data connection")
	f.StringVar(&r.event.MCC, "mcc", "", "country of the network, as 999; with --mnc")
	f.StringVar(&r.event.MNC, "mnc", "", "code of the network, as 71; with --mcc")
	f.StringVar(&r.kind, "kind", string(detect.Attach), "attach, session, imei change or detach")
	f.StringVar(&r.at, "time", "", "when it happened, as 2026-11-23T02:00:00Z; default now")
	f.StringVar(&r.event.Source, "source", "by hand", "who says so, for the timeline")
	return cmd
}

func (r *eventSend) check() (err error) {
	r.event.Kind = detect.Kind(r.kind)
	if r.at != "" {
		if r.event.Time, err = detect.ParseTime(r.at); err != nil {
			return fmt.Errorf("--time: %w", err)
		}
		if r.event.Time.After(time.Now().Add(time.Minute)) {
			return fmt.Errorf("--time: %s is in the future, and an event has happened", r.at)
		}
	}
	if (r.event.MCC == "") != (r.event.MNC == "") {
		return errors.New("--mcc and --mnc go together: one alone names no network")
	}
	if r.event, err = r.event.Normal(); errors.Is(err, detect.ErrNobody) {
		return errors.New("one of --imsi, --iccid and --msisdn is needed")
	} else if err != nil {
		return errors.New("--" + strings.ReplaceAll(err.Error(), "\n", "\n--"))
	}
	return nil
}

func (r *eventSend) Run(ctx context.Context, _ []string) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	got, err := c.Events(ctx, []detect.Event{r.event})
	if err != nil {
		return err
	}
	if len(got.NotTaken) > 0 {
		return errors.New(got.NotTaken[0].Why)
	}
	return r.print(got, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, map[bool]string{true: "stored", false: "taken: a device that left is no sight of it, nothing is stored"}[r.event.Present()])
		return err
	})
}
