package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/cmd/simota/internal/probe"
	"github.com/simota/simota/smpp"
)

// usualText is what a test message says where nothing else is wanted.
const usualText = "simota link test"

// linkTest tries a link once, without the server.
type linkTest struct {
	*app
	config         string
	to, from, text string
	wait           time.Duration
}

func linkTestCommand(a *app) *cobra.Command {
	r := &linkTest{app: a}
	cmd := command(r, "test NAME", "bind once, without the server, and say what is wrong",
		"simota link test aurora-1\nsimota link test aurora-1 --to +5511900000017 --text \"test of the link\"")
	cmd.Long = `Connects to the SMSC of a link, binds, sends an enquire_link, and with --to a
text to a phone, waits for its receipt, and unbinds. It says at each step what
happened, how long it took, and what to do where it failed.

It reads the configuration and needs no server. While it is bound the SMSC may
give it what waits for the server; that is refused for now, so that the SMSC
sends it again. It tries once: many operators lock an account after three wrong
passwords.`
	configFlag(cmd, &r.config)
	f := cmd.Flags()
	f.StringVar(&r.to, "to", "", "send a text to this number and wait for its receipt")
	f.StringVar(&r.from, "from", "", "its sender; default: the SMSC chooses")
	f.StringVar(&r.text, "text", usualText, "what it says; one short message")
	f.DurationVar(&r.wait, "wait", 30*time.Second, "how long to wait for its receipt")
	return cmd
}

// check finds flags that do not fit.
func (r *linkTest) check() error {
	switch {
	case r.to == "" && r.from != "":
		return fmt.Errorf("--from %s: it is the sender of a message, so it needs --to", r.from)
	case r.to == "" && r.text != usualText:
		return fmt.Errorf("--text: it is what a message says, so it needs --to")
	case r.wait <= 0:
		return fmt.Errorf("--wait %v: want more than 0", r.wait)
	}
	_, err := r.message()
	return err
}

// message is what to send, nil for nothing.
func (r *linkTest) message() (*probe.Message, error) {
	if r.to == "" {
		return nil, nil
	}
	m := &probe.Message{Text: r.text}
	if !isNumber(r.to) {
		return nil, fmt.Errorf("--to: %q is no number: digits, with or without + before them", r.to)
	}
	var err error
	if m.Destination, err = smpp.ParseAddress(r.to); err != nil {
		return nil, fmt.Errorf("--to: %w", err)
	}
	if r.from != "" {
		if m.Source, err = smpp.ParseAddress(r.from); err != nil {
			return nil, fmt.Errorf("--from: %w", err)
		}
	}
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("--text: %w", err)
	}
	return m, nil
}

func (r *linkTest) Run(ctx context.Context, args []string) error {
	c, err := config.Read(r.config)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(c.Links, func(l config.Link) bool { return l.Name == args[0] })
	if i < 0 {
		return fmt.Errorf("link %s is not in %s, which has: %s", args[0], r.config, names(c.Links))
	}
	m, err := r.message()
	if err != nil {
		return err
	}
	l := c.Links[i]
	if serves(ctx, c.Socket, l.Name) {
		r.warn("a server runs and has %s bound: some SMSCs allow one session per account, and a receipt may go to the server", l.Name)
	}
	t := show.LinkTest{Link: l.Name, Address: l.Address, Steps: []probe.Step{}}
	lines := show.LinkTestLines{W: r.Stdout}
	if !r.json {
		if err := lines.Head(t); err != nil {
			return err
		}
	}
	failed := probe.Run(ctx, l, probe.Options{Message: m, Wait: r.wait}, func(s probe.Step) {
		t.Steps = append(t.Steps, s)
		if !r.json {
			_ = lines.Step(s) // a terminal that is gone is no reason to leave the SMSC without an unbind
		}
	})
	if t.OK = failed == nil; r.json && len(t.Steps) > 0 {
		if err := show.JSON(r.Stdout, t); err != nil {
			return err
		}
	}
	return failed
}

// isNumber reports whether s is a telephone number as people write it.
func isNumber(s string) bool {
	digits := strings.TrimPrefix(s, "+")
	return digits != "" && strings.Trim(digits, "0123456789*#") == ""
}

func names(links []config.Link) string {
	if len(links) == 0 {
		return "none"
	}
	s := links[0].Name
	for _, l := range links[1:] {
		s += ", " + l.Name
	}
	return s
}

// serves reports whether a server at the socket has the link bound.
func serves(ctx context.Context, socket, link string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := api.New(socket, "")
	if err != nil {
		return false
	}
	links, err := c.Links(ctx)
	return err == nil && slices.ContainsFunc(links, func(l api.Link) bool { return l.Name == link && l.Bound })
}
