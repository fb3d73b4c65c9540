// Package codec is the offline half of the command line: it builds and reads secured packets, scripts, short messages,
// APDUs and applet files, and runs a virtual card, without a server. Each command takes one request from its flags,
// for people, or one JSON object per line, for programs.
//
// What the lines hold is a contract, version 1, in docs/cli.md.
package codec

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
)

// Host is what the commands use of the program that they belong to.
type Host struct {
	Stdin  io.Reader
	Stdout io.Writer
	// JSON is the global flag that asks for the record instead of text.
	JSON *bool
	// Usage makes an error of the command line, as opposed to one of the request.
	Usage func(cmd *cobra.Command, format string, args ...any) error
}

// Packet returns the commands about secured packets.
func (h Host) Packet() []*cobra.Command {
	return []*cobra.Command{h.packetBuild(), h.packetParse()}
}

// Script returns the commands about remote command scripts.
func (h Host) Script() []*cobra.Command {
	return []*cobra.Command{h.scriptBuild(), h.scriptParse()}
}

// SMS returns the commands about user data of short messages.
func (h Host) SMS() []*cobra.Command { return []*cobra.Command{h.smsSplit(), h.smsJoin()} }

// APDU returns the commands about single commands of a card.
func (h Host) APDU() []*cobra.Command { return []*cobra.Command{h.apduExplain()} }

// CAP returns the commands about applet files.
func (h Host) CAP() []*cobra.Command { return []*cobra.Command{h.capInfo(), h.capLoad()} }

// Card returns the commands about virtual cards.
func (h Host) Card() []*cobra.Command { return []*cobra.Command{h.cardRun()} }

// task is one kind of request. Its fields are filled from flags or from a line of JSON, then it runs.
type task interface {
	// reset forgets what the fields hold.
	reset()
	// fields say where the values of a request go. They point into the task, so that they stay valid.
	fields() []field
	run() (answer, error)
}

// arranger is a task whose arguments on the command line can be one thing or another.
type arranger interface{ arrange() }

// answer is what came of a request: it marshals as the record of the contract and says the same in words.
type answer interface {
	tag(id json.RawMessage)
	text(w io.Writer) error
}

// tagged is the part that all answers share.
type tagged struct {
	ID json.RawMessage `json:"id,omitempty"`
}

func (t *tagged) tag(id json.RawMessage) { t.ID = id }

// field is a value of a request. In JSON it has its name; on the command line it is the flag of that name with - for
// _, or all arguments if it is a list, or the one argument if it is a file.
type field struct {
	name     string
	to       any // *bool, *number, *list, or a setter, which is a string in JSON
	required bool
	usage    string // for a list, one of its members in capitals; for a file, how the argument is shown
}

type setter interface{ Set(string) error }

func (f field) flag() string { return strings.ReplaceAll(f.name, "_", "-") }

// flagText keeps what a flag says until the command runs: an error of package pflag would repeat the value, and it may
// be a key.
type flagText struct{ text, kind string }

func (f *flagText) Set(s string) error { f.text = s; return nil }
func (f *flagText) String() string     { return f.text }
func (f *flagText) Type() string       { return f.kind }

// addFlags gives a command the flags of its fields; what they say is kept in the result. most is how many arguments it
// takes.
func addFlags(cmd *cobra.Command, fields []field) (texts []flagText, most int) {
	texts = make([]flagText, len(fields))
	for i, f := range fields {
		switch to := f.to.(type) {
		case *bool:
			cmd.Flags().BoolVar(to, f.flag(), false, f.usage)
		case *list:
			most = math.MaxInt
			cmd.Use += " [" + f.usage + "...]"
		case *file:
			most = 1
			cmd.Use += " [" + f.usage + "]"
		default:
			texts[i].kind = kindOf(f.to)
			cmd.Flags().Var(&texts[i], f.flag(), f.usage)
		}
	}
	return texts, most
}

const linesUsage = "read one JSON object per line from standard input, write one per line"

// command makes the command of a task.
func (h Host) command(t task, use, short, example string) *cobra.Command {
	t.reset()
	fields := t.fields()
	cmd := &cobra.Command{Use: use, Short: short, Example: indent(example)}
	texts, most := addFlags(cmd, fields)
	lines := cmd.Flags().Bool("jsonl", false, linesUsage)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if *lines {
			most = 0
		}
		if len(args) > most {
			return h.Usage(cmd, "%q is one argument too many", args[most])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *lines {
			if err := h.refuseFlags(cmd, fields); err != nil {
				return err
			}
			return h.stream(cmd.Context(), t)
		}
		if err := h.fill(cmd, fields, texts, args); err != nil {
			return err
		}
		if a, ok := t.(arranger); ok {
			a.arrange()
		}
		a, err := t.run()
		if err != nil {
			return err
		}
		return h.print(a)
	}
	return cmd
}

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

// refuseFlags refuses flags whose values lines have.
func (h Host) refuseFlags(cmd *cobra.Command, fields []field) error {
	for _, f := range fields {
		if cmd.Flags().Changed(f.flag()) {
			return h.Usage(cmd, "--%s and --jsonl exclude each other: a line has all its values", f.flag())
		}
	}
	return nil
}

// fill takes fields from the command line.
func (h Host) fill(cmd *cobra.Command, fields []field, texts []flagText, args []string) error {
	for i, f := range fields {
		var err error
		switch to := f.to.(type) {
		case *bool:
		case *list:
			err = h.fillList(cmd, f, to, args)
		case *file:
			err = h.fillFile(to, args)
		default:
			err = h.fillFlag(cmd, f, texts[i].text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (h Host) fillList(cmd *cobra.Command, f field, to *list, args []string) error {
	if f.required && len(args) == 0 {
		return h.Usage(cmd, "%s is missing", f.usage)
	}
	for i, arg := range args {
		text, err := h.resolve(arg)
		if err != nil {
			return err
		}
		if err := to.Set(text); err != nil {
			return h.Usage(cmd, "argument %d: %w", i+1, err)
		}
	}
	return nil
}

// fillFile reads the file that the argument names, standard input without one.
func (h Host) fillFile(to *file, args []string) error {
	name := "-"
	if len(args) > 0 {
		name = args[0]
	}
	b, err := h.readFile(name)
	*to = file(b)
	return err
}

func (h Host) fillFlag(cmd *cobra.Command, f field, text string) error {
	if !cmd.Flags().Changed(f.flag()) {
		if f.required {
			return h.Usage(cmd, "--%s is missing", f.flag())
		}
		return nil
	}
	resolve := h.resolve
	if _, ok := f.to.(*phrase); ok {
		resolve = h.resolveText
	}
	text, err := resolve(text)
	if err != nil {
		return fmt.Errorf("--%s: %w", f.flag(), err)
	}
	if err := f.to.(setter).Set(text); err != nil {
		return h.Usage(cmd, "--%s: %w", f.flag(), err)
	}
	return nil
}

// resolve is resolveText without any white space, which people put between octets.
func (h Host) resolve(value string) (string, error) {
	text, err := h.resolveText(value)
	return strings.Join(strings.Fields(text), ""), err
}

// resolveText reads the file of a value @FILE, standard input for @-, without the end of its last line.
func (h Host) resolveText(value string) (string, error) {
	name, ok := strings.CutPrefix(value, "@")
	if !ok {
		return value, nil
	}
	b, err := h.readFile(name)
	return strings.TrimRight(string(b), "\r\n"), err
}

func (h Host) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(h.Stdin)
	}
	return os.ReadFile(name)
}

func (h Host) print(a answer) error {
	if *h.JSON {
		return show.JSON(h.Stdout, a)
	}
	return a.text(h.Stdout)
}
