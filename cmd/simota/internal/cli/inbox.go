package cli

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/ota/explain"
)

func inboxCommand(a *app) *cobra.Command {
	return group("inbox", "look at what came in and why it matched nothing", inboxListCommand(a), inboxShowCommand(a))
}

// inboxList lists PDUs that came in.
type inboxList struct {
	*app
	query  api.InboxQuery
	states []string
	since  time.Duration
}

var inboxStates = []string{"orphan", "waiting", "settled", "new"}

func inboxListCommand(a *app) *cobra.Command {
	r := &inboxList{app: a, query: api.InboxQuery{Limit: pageSize}}
	cmd := a.databaseFlag(command(r, "list", "list what came in and matched nothing, and why",
		"simota inbox list --since 24h\nsimota inbox list --state waiting --link aurora-1 --json"))
	f := cmd.Flags()
	f.StringArrayVar(&r.states, "state", []string{"orphan", "waiting"}, "only rows of this state: "+strings.Join(inboxStates, ", ")+"; repeatable")
	f.StringVar(&r.query.Link, "link", "", "only what came by this link")
	f.DurationVar(&r.since, "since", 0, "only what came in this time, as 24h; default all")
	return cmd
}

func (r *inboxList) check() error {
	for _, s := range r.states {
		if !slices.Contains(inboxStates, s) {
			return fmt.Errorf("--state: %q is not known: %s", s, strings.Join(inboxStates, ", "))
		}
	}
	if r.since < 0 {
		return fmt.Errorf("--since: %v is negative: write how long ago, as 24h", r.since)
	}
	return nil
}

func (r *inboxList) Run(ctx context.Context, _ []string) error {
	if r.since > 0 {
		r.query.Since = time.Now().Add(-r.since)
	}
	rows := []api.InboxRow{}
	err := r.read(ctx, func(c *api.Client) error {
		for _, state := range r.states {
			more, err := inboxRows(ctx, c, r.query, state)
			if err != nil {
				return err
			}
			rows = append(rows, more...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b api.InboxRow) int { return cmp.Compare(a.ID, b.ID) })
	rows = slices.CompactFunc(rows, func(a, b api.InboxRow) bool { return a.ID == b.ID }) // it changed its state meanwhile
	return r.print(rows, func(w io.Writer) error { return show.Inbox(w, rows, time.Local) })
}

// inboxRows are all rows of a state.
func inboxRows(ctx context.Context, c *api.Client, q api.InboxQuery, state string) (rows []api.InboxRow, err error) {
	q.State = state
	for {
		page, err := c.Inbox(ctx, q)
		if err != nil {
			return nil, err
		}
		rows = append(rows, page.Rows...)
		if page.Next == 0 {
			return rows, nil
		}
		q.After = page.Next
	}
}

// inboxShow explains one PDU that came in.
type inboxShow struct{ *app }

func inboxShowCommand(a *app) *cobra.Command {
	return a.databaseFlag(command(&inboxShow{app: a}, "show ID", "explain one of them, field by field", "simota inbox show 17"))
}

// inboxExplained is the record of inbox show.
type inboxExplained struct {
	api.InboxRow
	Report *explain.Report `json:"report,omitempty"`
}

func (r *inboxShow) Run(ctx context.Context, args []string) error {
	id, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil || id < 1 {
		return fmt.Errorf("%q is no number of an inbox row: see simota inbox list", args[0])
	}
	return r.read(ctx, func(c *api.Client) error {
		row, err := c.InboxRow(ctx, id)
		if err != nil {
			return err
		}
		out, err := explained(row)
		if err != nil {
			return err
		}
		return r.print(out, func(w io.Writer) error {
			if err := show.Inbox(w, []api.InboxRow{row}, time.Local); err != nil || out.Report == nil {
				return err
			}
			fmt.Fprintln(w)
			return out.Report.Text(w, r.terminal(w) && r.Getenv("NO_COLOR") == "")
		})
	})
}

func explained(row api.InboxRow) (inboxExplained, error) {
	out := inboxExplained{InboxRow: row}
	pdu, err := hex.DecodeString(row.PDU)
	if err != nil || len(pdu) == 0 {
		return out, err
	}
	report, err := explain.Decode(pdu, explain.Options{})
	out.Report = &report
	return out, err
}
