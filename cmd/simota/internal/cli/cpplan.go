package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/swap"
)

// cpPlan says what a device would be told.
type cpPlan struct {
	*app
	query api.PlanQuery
	xml   bool
}

func cpPlanCommand(a *app) *cobra.Command {
	r := &cpPlan{app: a}
	cmd := command(r, "plan", "say what a device would be told of an operator's network, and why",
		"simota cp plan --operator aurora --imei 35693803564380\nsimota cp plan --operator aurora --model \"Acme Meter\" --xml\nsimota cp plan --card 8947010000000000018")
	cmd.Long = `Says which documents a device would be sent for an operator's network, how many
short messages they are, how they are signed, what is left out, and which
settings go by the card instead. Nothing is sent. The device is one of the
device catalog (simota device import) by IMEI, TAC or model, or the one that a
card was seen in last. Passwords are not shown.`
	f := cmd.Flags()
	f.StringVar(&r.query.Operator, "operator", "", "operator; default: that of the card's active subscription")
	f.StringVar(&r.query.IMEI, "imei", "", "IMEI or IMEISV, or a TAC of 8 digits")
	f.StringVar(&r.query.Model, "model", "", "model of the device catalog")
	f.StringVar(&r.query.ICCID, "card", "", "ICCID of a card")
	f.BoolVar(&r.xml, "xml", false, "show the documents")
	cmd.MarkFlagsMutuallyExclusive("imei", "model")
	return cmd
}

func (r *cpPlan) check() error {
	if r.query.Operator == "" && r.query.ICCID == "" {
		return fmt.Errorf("--operator is missing, or --card, which has one")
	}
	return nil
}

func (r *cpPlan) Run(ctx context.Context, _ []string) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	p, err := c.Plan(ctx, r.query)
	if err != nil {
		return err
	}
	return r.print(p, func(w io.Writer) error { return show.Plan(w, p, r.xml) })
}

// cpSend configures the device of one card now.
type cpSend struct {
	*app
	file, text    string
	security, pin string
	only          []string
	name          string
	watch         bool
	given         func(flag string) bool
}

func cpSendCommand(a *app) *cobra.Command {
	r := &cpSend{app: a}
	cmd := command(r, "send ICCID", "configure the device of one card now",
		"simota cp send 8947010000000000018\nsimota cp send 8947010000000000018 --only internet --watch\nsimota cp send 8947010000000000018 --file own.xml --sec userpin --pin 0042")
	cmd.Long = `Sends settings to the device that a card is in, before all campaigns: what
simota cp plan --card shows, some of it, a document of your own, or a text
message. It is a campaign of kind provision with one card: simota campaign show
and simota card show tell what became of it.`
	f := cmd.Flags()
	f.StringVar(&r.file, "file", "", "a document of your own, XML, in place of the planned ones")
	f.StringVar(&r.text, "text", "", "a text message in place of documents")
	f.StringVar(&r.security, "sec", "", "of --file: netwpin (default), userpin, usernetwpin or none")
	f.StringVar(&r.pin, "pin", "", "of --file: PIN of the device")
	f.StringSliceVar(&r.only, "only", nil, "of the planned messages only these, by name")
	f.StringVar(&r.name, "name", "", "name of the campaign; default: cp, the card, and the time")
	f.BoolVarP(&r.watch, "watch", "w", false, "go on until it has ended")
	cmd.MarkFlagsMutuallyExclusive("file", "text", "only")
	r.given = f.Changed
	return cmd
}

// check refuses what is there and empty, as of a variable without a value: it
// would send all that is planned.
func (r *cpSend) check() error {
	switch {
	case r.given("file") && r.file == "":
		return errors.New("--file is empty: name a document, or leave it out for what is planned")
	case r.given("text") && r.text == "":
		return errors.New("--text is empty: there is nothing to send")
	case r.given("only") && (len(r.only) == 0 || slices.Contains(r.only, "")):
		return errors.New("--only is empty: name messages of simota cp plan, or leave it out for all")
	case r.file == "" && (r.given("sec") || r.given("pin")):
		return errors.New("--sec and --pin are for a document of your own: name it with --file")
	}
	return nil
}

func (r *cpSend) Run(ctx context.Context, args []string) error {
	spec, err := r.spec(args[0])
	if err != nil {
		return err
	}
	text, err := json.Marshal(spec) // is YAML as well, and keeps every text as it is
	if err != nil {
		return err
	}
	c, err := r.client()
	if err != nil {
		return err
	}
	if _, err := c.Card(ctx, args[0]); err != nil {
		return err
	}
	result, err := c.CreateCampaign(ctx, "cp send", text)
	if err != nil {
		return err
	}
	if result.Campaign, err = c.Start(ctx, result.Campaign.Name); err != nil {
		return err
	}
	if r.watch {
		return (&campaignShow{app: r.app, watch: true}).Run(ctx, []string{result.Campaign.Name})
	}
	return r.print(result.Campaign, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s is on its way: simota card show %s\n", result.Campaign.Name, args[0])
		return err
	})
}

// spec is the campaign that sends it.
func (r *cpSend) spec(iccid string) (campaign.Spec, error) {
	s := campaign.Spec{
		Name: r.name, Kind: swap.KindProvision, Select: campaign.Select{ICCIDs: []string{iccid}}, Priority: "interactive", Only: r.only,
	}
	if s.Name == "" {
		s.Name = fmt.Sprintf("cp-%s-%s", iccid, strings.ReplaceAll(time.Now().UTC().Format("20060102-150405.000"), ".", "-"))
	}
	switch {
	case r.text != "":
		s.Documents = []campaign.OwnDocument{{Name: "text", Text: r.text}}
	case r.file != "":
		b, err := os.ReadFile(r.file)
		if err != nil {
			return s, err
		}
		s.Documents = []campaign.OwnDocument{{Name: "own", XML: string(b), Security: r.security, PIN: r.pin}}
	}
	return s, r.asFlag(s.Check())
}

// asFlag names a field of the campaign as the user gave it.
func (r *cpSend) asFlag(err error) error {
	var bad campaign.FieldError
	if !errors.As(err, &bad) {
		return err
	}
	flag, ok := map[string]string{"campaign": "--name", "documents[0]": cmp.Or(r.file, "--text")}[bad.Field]
	if !ok {
		return err
	}
	return fmt.Errorf("%s: %s", flag, bad.Msg)
}
