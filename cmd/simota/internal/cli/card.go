package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
)

// pageSize is how many records are asked for at once.
const pageSize = 1000

func cardCommand(a *app) *cobra.Command {
	return group("card", "import cards, list them, look at what happened to one", importCommand(a), cardListCommand(a), cardShowCommand(a))
}

// cardImport stores the cards of a card file.
type cardImport struct {
	*app
	request api.ImportRequest
	details string
}

func importCommand(a *app) *cobra.Command {
	r := &cardImport{app: a}
	cmd := command(r, "import FILE", "store the cards of a card file",
		`simota card import cards.csv --details numbers.csv --operator nordvik --country BR
simota card import cards.csv --card-type sja5-aes --skip-bad
gpg -d cards.csv.gpg | simota card import -`)
	cmd.Long = `Stores the cards of a vendor's card file: CSV with a header, in any of the usual
dialects. A second file adds numbers, countries or devices by ICCID. Either every
row is good or nothing is stored, unless --skip-bad leaves the bad ones out.
FILE "-" is standard input.`
	f := cmd.Flags()
	f.StringVar(&r.details, "details", "", "second file, joined by ICCID")
	f.StringVar(&r.request.CardType, "card-type", "", "card type of rows that name none")
	f.StringVar(&r.request.Operator, "operator", "", "operator of rows that name none")
	f.StringVar(&r.request.Country, "country", "", "country of rows that name none, as BR")
	f.BoolVar(&r.request.SkipBad, "skip-bad", false, "leave bad rows out and import the others")
	return cmd
}

func (r *cardImport) Run(ctx context.Context, args []string) (err error) {
	file := args[0]
	if r.request.File, err = r.readContent(file); err != nil {
		return err
	}
	if r.details != "" {
		if r.request.Details, err = r.readContent(r.details); err != nil {
			return err
		}
	}
	c, err := r.client()
	if err != nil {
		return err
	}
	t := &table{r.app, file, r.details}
	stop := r.busy("importing " + filepath.Base(file))
	result, err := c.Import(ctx, r.request)
	stop()
	if err != nil {
		return t.refused(err)
	}
	t.remarks(result)
	return r.print(result, func(w io.Writer) error { return show.Imported(w, "card", result) })
}

// readFile reads a file of the caller, or standard input for "-".
func (a *app) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(a.Stdin)
	}
	return os.ReadFile(name)
}

// busy shows on a terminal that something is under way, until stop is called.
func (a *app) busy(what string) (stop func()) {
	if !a.terminal(a.Stderr) {
		return func() {}
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(a.Stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionSpinnerType(14), progressbar.OptionSetSpinnerChangeInterval(100*time.Millisecond), progressbar.OptionClearOnFinish())
	_ = bar.RenderBlank() // a terminal that does not take it shows nothing
	return func() { _ = bar.Finish() }
}

// terminal says whether a person looks at what is written there.
func (a *app) terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || a.Getenv("TERM") == "dumb" || a.Getenv("TERM") == "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// cardList lists cards.
type cardList struct {
	*app
	query api.CardQuery
}

func cardListCommand(a *app) *cobra.Command {
	r := &cardList{app: a, query: api.CardQuery{Limit: pageSize}}
	cmd := a.databaseFlag(command(r, "list", "list cards", "simota card list --operator nordvik --country BR --tag meter\nsimota card list --json | jq -r '.[].iccid'"))
	f := cmd.Flags()
	f.StringVar(&r.query.Operator, "operator", "", "only cards whose active subscription is of this operator")
	f.StringVar(&r.query.Country, "country", "", "only cards in this country")
	f.StringVar(&r.query.Type, "type", "", "only cards of this card type")
	f.StringSliceVar(&r.query.Tags, "tag", nil, "only cards with this tag; may be repeated, all must be there")
	return cmd
}

func (r *cardList) Run(ctx context.Context, _ []string) error {
	cards := []api.Card{}
	err := r.read(ctx, func(c *api.Client) error {
		for q := r.query; ; {
			page, err := c.Cards(ctx, q)
			if err != nil {
				return err
			}
			cards = append(cards, page.Cards...)
			if page.Next == 0 {
				return nil
			}
			q.After = page.Next
		}
	})
	if err != nil {
		return err
	}
	return r.print(cards, func(w io.Writer) error { return show.Cards(w, cards) })
}

// cardShow shows one card's life.
type cardShow struct {
	*app
	raw bool
}

func cardShowCommand(a *app) *cobra.Command {
	r := &cardShow{app: a}
	cmd := a.databaseFlag(command(r, "show ICCID", "show a card and all that happened to it",
		"simota card show 8947010000000000174\nsimota card show 8947010000000000174 --db demo.db --raw"))
	cmd.Flags().BoolVar(&r.raw, "raw", false, "show the octets of every line")
	return cmd
}

func (r *cardShow) Run(ctx context.Context, args []string) error {
	return r.read(ctx, func(c *api.Client) error {
		t, err := c.Card(ctx, args[0])
		if err != nil {
			return err
		}
		return r.print(t, func(w io.Writer) error { return show.Timeline(w, t, r.raw, time.Local) })
	})
}
