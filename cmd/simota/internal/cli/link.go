package cli

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
)

func linkCommand(a *app) *cobra.Command {
	list := &listing[api.Link]{a, (*api.Client).Links, func(w io.Writer, l []api.Link) error { return show.Links(w, l, time.Local) }}
	return group("link", "look at the SMPP links, watch them, test them",
		command(list, "list", "list SMPP links and how they are", "simota link list"),
		a.completeLinks(command(&linkShow{a}, "show NAME", "show all that is known of a link", "simota link show aurora-1")),
		traceCommand(a), linkTestCommand(a))
}

// linkShow shows one link.
type linkShow struct{ *app }

func (r *linkShow) Run(ctx context.Context, args []string) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	l, err := c.Link(ctx, args[0])
	if err != nil {
		return err
	}
	return r.print(l, func(w io.Writer) error { return show.LinkDetail(w, l, time.Local) })
}

// linkTrace watches what passes over links.
type linkTrace struct {
	*app
	query api.TraceQuery
	count int
}

func traceCommand(a *app) *cobra.Command {
	r := &linkTrace{app: a}
	cmd := a.completeLinks(command(r, "trace", "show PDUs of a link, or of all, as they pass",
		"simota link trace aurora-1 --octets\nsimota link trace --to +5511900000017 --from +5511900000017"))
	cmd.Use = "trace [NAME]"
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) > 1:
			return usage(cmd, "%q is one argument too many", args[1])
		case r.count < 0:
			return usage(cmd, "--count %d: want 1 or more, or 0 for no end", r.count)
		}
		return nil
	}
	cmd.Long = `Shows the PDUs of a link, or of all links, as they pass, until it is interrupted.
--to and --from select by number, whatever stands before its digits; with both,
PDUs that have one of them: give the number of a card twice to see both
directions. Responses to what was selected are shown with it.

Passwords are masked. User data are shown as a length only, unless they are secured
packets or receipts: what devices are told may hold the password of an access
point. A trace never holds up a link: whoever reads too slowly loses PDUs, and is
told how many.`
	f := cmd.Flags()
	f.StringVar(&r.query.To, "to", "", "only PDUs to this number")
	f.StringVar(&r.query.From, "from", "", "only PDUs from this number")
	f.IntVar(&r.count, "count", 0, "end after so many PDUs")
	f.BoolVar(&r.query.Octets, "octets", false, "explain the octets of every PDU")
	return cmd
}

// errEnough ends a trace that has shown what was asked for.
var errEnough = errors.New("enough")

func (r *linkTrace) Run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		r.query.Link = args[0]
	}
	c, err := r.client()
	if err != nil {
		return err
	}
	lines := &show.TraceLines{W: r.Stdout, Zone: time.Local}
	seen := 0
	err = c.Trace(ctx, r.query, func(p api.PDU) error {
		write := lines.Write
		if r.json {
			write = func(p api.PDU) error { return show.JSONLine(r.Stdout, p) }
		}
		if err := write(p); err != nil {
			return err
		}
		if p.Lost == 0 {
			seen++
		}
		if seen == r.count {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// completeLinks lets a shell complete the names of links.
func (a *app) completeLinks(cmd *cobra.Command) *cobra.Command {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var names []string
		if c, err := a.client(); err == nil && len(args) == 0 {
			links, _ := c.Links(cmd.Context()) // without a server there is nothing to complete
			for _, l := range links {
				names = append(names, l.Name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}
