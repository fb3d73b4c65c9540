// Package cli is the command line of simota: it reads flags and files, asks a
// server or a database, and lets package show write the answers.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/cmd/simota/internal/codec"
)

// Process is what a command sees of the process it runs in.
type Process struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
}

// Run runs one command. It prints the error, if any, before it returns it.
func Run(ctx context.Context, p Process) error {
	root := newRoot(&app{Process: p})
	root.SetArgs(p.Args)
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	err := root.ExecuteContext(ctx)
	if err != nil {
		report(p.Stderr, err)
	}
	return err
}

// Exit codes of the program.
const (
	exitFailed = 1
	exitUsage  = 2
)

// ExitCode is 0 for nil, 2 for a command line that cannot be understood, and 1
// for everything else.
func ExitCode(err error) int {
	switch usage := (*usageError)(nil); {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return exitUsage
	}
	return exitFailed
}

// usageError says that the command line cannot be understood.
type usageError struct {
	err     error
	command string // "simota card show"
}

func (e *usageError) Error() string {
	return fmt.Sprintf("%v\n    see %s --help", e.err, e.command)
}

func (e *usageError) Unwrap() error { return e.err }

func usage(cmd *cobra.Command, format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...), cmd.CommandPath()}
}

// report writes an error once: every line of it begins with the program's
// name, except those that are indented because they belong to the one before.
func report(w io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimRight(line, "\n")
		if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			line = "simota: " + line
		}
		fmt.Fprintln(w, line)
	}
}

// app is what all commands share: the process and the global flags.
type app struct {
	Process

	server string
	token  string
	json   bool
	db     string // read commands only
}

func newRoot(a *app) *cobra.Command {
	root := group("simota", "move SIM cards to another operator over the air",
		serveCommand(a), configCommand(a), labCommand(a), keyCommand(a), databaseCommand(a),
		operatorCommand(a), cardTypeCommand(a), cardCommand(a), clientCommand(a), deviceCommand(a), eventCommand(a), campaignCommand(a), inboxCommand(a), linkCommand(a), versionCommand(a),
		demoCommand(a), benchCommand(a), decodeCommand(a), cpCommand(a),
	)
	addOffline(root, a.codec())
	root.Long = `simota moves M2M subscriptions over the air: it switches SIM cards to a local
operator with secured short messages, waits for proof that the new identity is
alive in the device, configures the device, and proves that too.

Commands that need a server speak to the one of --server: a socket, or a URL
with --token. Without it that is SIMOTA_SERVER, else the socket that
./simota.yaml names, else ./simota.sock.`
	root.Example = `  simota demo
  simota serve -c simota.yaml
  simota card import cards.csv --operator nordvik
  simota campaign create br-2026-11.yaml --start
  simota campaign show br-2026-11 --watch`
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, "%w", err) })
	flags := root.PersistentFlags()
	flags.StringVar(&a.server, "server", "", "socket or URL of the server (environment SIMOTA_SERVER)")
	flags.StringVar(&a.token, "token", "", "bearer token for a URL (environment SIMOTA_TOKEN, which no process list shows)")
	flags.BoolVar(&a.json, "json", false, "print the records as JSON")
	return root
}

// codec is what the offline commands use of this program.
func (a *app) codec() codec.Host {
	return codec.Host{Stdin: a.Stdin, Stdout: a.Stdout, JSON: &a.json, Usage: usage}
}

// addOffline adds the commands that need neither server nor database.
func addOffline(root *cobra.Command, h codec.Host) {
	root.AddCommand(
		group("packet", "build and open secured packets, offline", h.Packet()...),
		group("script", "build remote command scripts and read the answers to them, offline", h.Script()...),
		group("sms", "split and join the user data of short messages, offline", h.SMS()...),
		group("apdu", "explain card commands, offline", h.APDU()...),
		group("cap", "look into applet files, offline", h.CAP()...),
	)
	for _, c := range root.Commands() {
		if c.Name() == "card" {
			c.AddCommand(h.Card()...)
		}
	}
}

// group is a command that only holds others.
func group(name, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, Args: cobra.ArbitraryArgs}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		hint := ""
		cmd.SuggestionsMinimumDistance = 2
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = ", did you mean " + strings.Join(near, " or ") + "?"
		}
		return usage(cmd, "unknown command %q%s", args[0], hint)
	}
	cmd.AddCommand(commands...)
	return cmd
}

// runner is a command: a struct whose fields its flags fill.
type runner interface {
	Run(ctx context.Context, args []string) error
}

// checker is a runner whose flags do not fit every value or each other.
type checker interface{ check() error }

// command makes a leaf of the tree. use names the arguments; one in capitals
// is needed, "..." after it allows more.
func command(r runner, use, short, example string) *cobra.Command {
	least := strings.Count(" "+use, " ") - 1
	most := least
	if strings.HasSuffix(use, "...") {
		most = -1
	}
	return &cobra.Command{
		Use: use, Short: short, Example: indent(example),
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) < least:
				return usage(cmd, "%s is missing", strings.TrimSuffix(strings.Fields(use)[len(args)+1], "..."))
			case most >= 0 && len(args) > most:
				return usage(cmd, "%q is one argument too many", args[most])
			}
			if c, ok := r.(checker); ok {
				if err := c.check(); err != nil {
					return usage(cmd, "%w", err)
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return r.Run(cmd.Context(), args) },
	}
}

func indent(s string) string {
	return "  " + strings.ReplaceAll(s, "\n", "\n  ")
}

// print writes a record as JSON where --json asks for it, else as people read it.
func (a *app) print(record any, text func(io.Writer) error) error {
	if a.json {
		return show.JSON(a.Stdout, record)
	}
	return text(a.Stdout)
}

// say writes one line to standard output; with --json it is silent.
func (a *app) say(format string, args ...any) error {
	if a.json {
		return nil
	}
	_, err := fmt.Fprintf(a.Stdout, format+"\n", args...)
	return err
}

// warn writes a remark that is no result.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintf(a.Stderr, "simota: "+format+"\n", args...)
}
