package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
)

func campaignCommand(a *app) *cobra.Command {
	list := &listing[api.Campaign]{a, (*api.Client).Campaigns, func(w io.Writer, cs []api.Campaign) error {
		return show.Campaigns(w, cs, time.Local)
	}}
	return group("campaign", "plan campaigns, steer them, see what became of every card",
		command(&campaignCheck{a}, "check FILE", "say what a campaign would do, and send nothing", "simota campaign check br-2026-11.yaml"),
		createCommand(a),
		steerCommand(a, "start", "let a campaign run", (*api.Client).Start),
		steerCommand(a, "pause", "hold back everything that is not needed to settle what is under way", (*api.Client).Pause),
		steerCommand(a, "resume", "let a paused campaign go on", (*api.Client).Resume),
		cancelCommand(a), retryCommand(a), campaignShowCommand(a),
		a.databaseFlag(command(list, "list", "list campaigns", "simota campaign list")),
		reportCommand(a))
}

// campaignCheck says what a campaign would do.
type campaignCheck struct{ *app }

func (r *campaignCheck) Run(ctx context.Context, args []string) error {
	text, err := r.readCampaign(args[0])
	if err != nil {
		return err
	}
	c, err := r.client()
	if err != nil {
		return err
	}
	f, err := c.CheckCampaign(ctx, args[0], text)
	if err != nil {
		return err
	}
	return r.print(f, func(w io.Writer) error { return show.Forecast(w, f) })
}

// campaignCreate stores a campaign.
type campaignCreate struct {
	*app
	start bool
}

func createCommand(a *app) *cobra.Command {
	r := &campaignCreate{app: a}
	cmd := command(r, "create FILE", "store a campaign", "simota campaign create br-2026-11.yaml --start")
	cmd.Long = `Stores a campaign as it is written; it is never edited afterwards. The file of
select.file has one ICCID per line and is read here: its path is relative to the
campaign file.`
	cmd.Flags().BoolVar(&r.start, "start", false, "start it too")
	return cmd
}

func (r *campaignCreate) Run(ctx context.Context, args []string) error {
	text, err := r.readCampaign(args[0])
	if err != nil {
		return err
	}
	c, err := r.client()
	if err != nil {
		return err
	}
	result, err := c.CreateCampaign(ctx, args[0], text)
	if err != nil {
		return err
	}
	if r.start {
		name := result.Campaign.Name
		if result.Campaign, err = c.Start(ctx, name); err != nil {
			return fmt.Errorf("campaign %s is stored, but not started: %w", name, err)
		}
	}
	return r.print(result, func(w io.Writer) error {
		if err := show.Forecast(w, result.Forecast); err != nil {
			return err
		}
		return show.Steered(w, result.Campaign)
	})
}

// steer does one thing to a campaign.
type steer struct {
	*app
	do func(ctx context.Context, c *api.Client, name string) (api.Campaign, error)
}

func steerCommand(a *app, verb, short string, do func(*api.Client, context.Context, string) (api.Campaign, error)) *cobra.Command {
	r := &steer{a, func(ctx context.Context, c *api.Client, name string) (api.Campaign, error) { return do(c, ctx, name) }}
	return a.completeCampaigns(command(r, verb+" NAME", short, "simota campaign "+verb+" br-2026-11"))
}

func (r *steer) Run(ctx context.Context, args []string) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	campaign, err := r.do(ctx, c, args[0])
	if err != nil {
		return err
	}
	return r.print(campaign, func(w io.Writer) error { return show.Steered(w, campaign) })
}

func cancelCommand(a *app) *cobra.Command {
	hard := false
	r := &steer{a, func(ctx context.Context, c *api.Client, name string) (api.Campaign, error) {
		return c.Cancel(ctx, name, hard)
	}}
	cmd := command(r, "cancel NAME", "stop a campaign", "simota campaign cancel br-2026-11")
	cmd.Long = `Stops a campaign. Cards that nothing was written to stop now; the others run to
their end, for a card that was moved and has no settings is off the net. --hard
stops these too, as soon as it is known what became of their last packet.`
	cmd.Flags().BoolVar(&hard, "hard", false, "stop cards too that something was written to")
	return a.completeCampaigns(cmd)
}

// retry begins a new round for one card.
type retry struct {
	steer
	iccid string
}

func retryCommand(a *app) *cobra.Command {
	r := &retry{}
	r.steer = steer{a, func(ctx context.Context, c *api.Client, name string) (api.Campaign, error) {
		return c.Retry(ctx, name, r.iccid)
	}}
	cmd := command(r, "retry NAME", "try a card again whose target is closed", "simota campaign retry br-2026-11 --card 8947010000000000232")
	cmd.Flags().StringVar(&r.iccid, "card", "", "ICCID of the card")
	return a.completeCampaigns(cmd)
}

func (r *retry) check() error {
	if r.iccid == "" {
		return errors.New("--card is missing: the ICCID of the card to try again")
	}
	return nil
}

// campaignReport lists what became of every card.
type campaignReport struct {
	*app
	csv    bool
	states []string
}

func reportCommand(a *app) *cobra.Command {
	r := &campaignReport{app: a}
	cmd := a.databaseFlag(command(r, "report NAME", "list what became of every card, why, and what to do next",
		"simota campaign report br-2026-11 --state dark --state \"settings failed\"\nsimota campaign report br-2026-11 --csv > br-2026-11.csv"))
	cmd.Flags().BoolVar(&r.csv, "csv", false, "print comma-separated values")
	cmd.Flags().StringSliceVar(&r.states, "state", nil, "only cards in this state; may be repeated")
	return a.completeCampaigns(cmd)
}

func (r *campaignReport) check() error {
	if r.csv && r.json {
		return errors.New("--csv and --json exclude each other")
	}
	return nil
}

func (r *campaignReport) Run(ctx context.Context, args []string) error {
	targets := []api.Target{}
	err := r.read(ctx, func(c *api.Client) error {
		for q := (api.ReportQuery{States: r.states, Limit: pageSize}); ; {
			page, err := c.Report(ctx, args[0], q)
			if err != nil {
				return err
			}
			targets = append(targets, page.Targets...)
			if page.Next == 0 {
				return nil
			}
			q.After = page.Next
		}
	})
	if err != nil {
		return err
	}
	if r.csv {
		return show.ReportCSV(r.Stdout, targets)
	}
	return r.print(targets, func(w io.Writer) error { return show.Report(w, targets) })
}

// completeCampaigns lets a shell complete the names of campaigns.
func (a *app) completeCampaigns(cmd *cobra.Command) *cobra.Command {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		var names []string
		if len(args) == 0 {
			_ = a.read(cmd.Context(), func(c *api.Client) error { // without a server there is nothing to complete
				cs, err := c.Campaigns(cmd.Context())
				for _, c := range cs {
					names = append(names, c.Name)
				}
				return err
			})
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}
