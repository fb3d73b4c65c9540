package codec

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/ram"
)

// scriptBuild makes a remote command script.
type scriptBuild struct {
	format    format
	commands  list
	immediate octets
}

func (h Host) scriptBuild() *cobra.Command {
	cmd := h.command(&scriptBuild{}, "build", "make a remote command script of APDUs",
		`simota script build --format compact 00A40004026F07 00B0000009
simota script build --format expanded-definite --immediate-action 810301010482028182 00A40004026F07 00D6000009...
simota script build --jsonl < scripts.jsonl`)
	cmd.Long = `Makes of APDUs what a packet carries (ETSI TS 102 226, 5). Formats: compact,
expanded-definite (template AA), expanded-indefinite (template AE).`
	return cmd
}

func (r *scriptBuild) reset() { *r = scriptBuild{} }

func (r *scriptBuild) fields() []field {
	return []field{
		{"format", &r.format, true, "compact, expanded-definite or expanded-indefinite"},
		{"commands", &r.commands, true, "APDU"},
		{"immediate_action", &r.immediate, false, "value of the immediate action, tag 81, that ends an expanded script"},
	}
}

func (r *scriptBuild) run() (answer, error) {
	s := script.Script{Format: script.Format(r.format), Immediate: r.immediate}
	for i, o := range r.commands {
		c, err := parseCommand(s.Format, o)
		if err != nil {
			return nil, fmt.Errorf("commands: %d of %d: %w", i+1, len(r.commands), err)
		}
		s.Commands = append(s.Commands, c)
	}
	data, err := s.AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	return &scriptBuilt{Data: data, script: s}, nil
}

// parseCommand reads one APDU. The fifth of five octets is Le, but a card that reads a compact script takes it as Lc
// where the instruction sends data.
func parseCommand(f script.Format, o octets) (sat.Command, error) {
	if f == script.Compact && len(o) == 5 {
		if cs, err := sat.ParseCommands(o); err == nil && len(cs) == 1 {
			return cs[0], nil
		}
	}
	return sat.ParseCommand(o)
}

type scriptBuilt struct {
	tagged
	Data octets `json:"data"`

	script script.Script
}

func (a *scriptBuilt) text(w io.Writer) error {
	rows := make([][]string, len(a.script.Commands))
	for i, c := range a.script.Commands {
		rows[i] = []string{fmt.Sprint(i + 1), ram.Describe(c), strings.ToLower(c.String())}
	}
	if a.script.Immediate != nil {
		rows = append(rows, []string{"", "immediate action", octets(a.script.Immediate).String()})
	}
	if err := show.Table(w, rows); err != nil {
		return err
	}
	return writeLines(w, []octets{a.Data}, fmt.Sprintf("%s script, %s", formatName(a.script.Format), count(len(a.Data), "octet")), "")
}

// formatName is the name that the contract has for a format.
func formatName(f script.Format) string {
	for name, v := range formats {
		if v == f {
			return name
		}
	}
	return string(f)
}

// scriptParse reads the answer to a script.
type scriptParse struct {
	format format
	data   octets
}

func (h Host) scriptParse() *cobra.Command {
	cmd := h.command(&scriptParse{}, "parse", "read a card's answer to a script",
		`simota script parse --format compact --data 029000084906400000000021
simota script parse --format expanded-definite --data AB0A80010123029000900101
simota script parse --jsonl < answers.jsonl`)
	cmd.Long = `Reads the data of a proof of receipt as the answer to a script (ETSI TS 102 226,
5.1.2 and 5.2.2). In compact format a card tells the last command only; in the
expanded formats every command that ran, and both templates are taken.`
	return cmd
}

func (r *scriptParse) reset() { *r = scriptParse{} }

func (r *scriptParse) fields() []field {
	return []field{
		{"format", &r.format, true, "format of the script: compact, expanded-definite or expanded-indefinite"},
		{"data", &r.data, true, "data of the proof of receipt, or @FILE"},
	}
}

func (r *scriptParse) run() (answer, error) {
	p, err := script.ParseResponse(script.Format(r.format), r.data)
	if err != nil {
		return nil, err
	}
	a := &scriptParsed{Executed: p.Executed, Response: octets{}, response: p, format: script.Format(r.format)}
	if p.Executed > 0 && len(p.Results) > 0 {
		last := rapduOf(p.Results[len(p.Results)-1])
		a.SW, a.Response = last.SW, last.Data
	}
	if a.format == script.Compact {
		return a, nil
	}
	rapdus := make([]rapdu, len(p.Results))
	for i, res := range p.Results {
		rapdus[i] = rapduOf(res)
	}
	a.RAPDUs = &rapdus
	a.BadFormat, a.ActionError, a.ChainingError = code(p.BadFormat), code(p.ActionError), code(p.ChainingError)
	return a, nil
}

func rapduOf(r script.Result) rapdu {
	return rapdu{SW: fmt.Sprintf("%04x", uint16(r.Status)), Data: r.Data}
}

// code is an error code in hex, nothing for none.
func code(b byte) string {
	if b == 0 {
		return ""
	}
	return fmt.Sprintf("%02x", b)
}

type rapdu struct {
	SW   string `json:"sw"`
	Data octets `json:"data"`
}

type scriptParsed struct {
	tagged
	Executed int    `json:"executed"`
	SW       string `json:"sw"`
	Response octets `json:"response"`

	// Of the expanded formats only.
	RAPDUs        *[]rapdu `json:"rapdus,omitempty"`
	BadFormat     string   `json:"bad_format,omitempty"`
	ActionError   string   `json:"immediate_action_response,omitempty"`
	ChainingError string   `json:"chaining_response,omitempty"`

	response script.Response
	format   script.Format
}

func (a *scriptParsed) text(w io.Writer) error {
	p := a.response
	head := count(p.Executed, "command") + " ran"
	if p.Others > 0 {
		head += fmt.Sprintf(", the card counts %d objects more", p.Others)
	}
	if a.format == script.Compact && p.Executed > 1 {
		head += ", the card tells of the last"
	}
	if _, err := fmt.Fprintln(w, head); err != nil {
		return err
	}
	var rows [][]string
	for i, r := range p.Results {
		n := i + 1
		if a.format == script.Compact {
			n = p.Executed
		}
		rows = append(rows, []string{fmt.Sprint(n), r.Status.String(), octets(r.Data).String()})
	}
	rows = slices.Concat(rows, errorRow("bad format", p.BadFormat, "unknown tag", "wrong length", "length not found"),
		errorRow("immediate action", p.ActionError, "suspended, not done"),
		errorRow("chaining", p.ChainingError, "no previous script", "not supported", "unable to process"))
	return show.Table(w, rows)
}

// errorRow says what an error object means; words are those of the codes from 1.
func errorRow(name string, b byte, words ...string) [][]string {
	if b == 0 {
		return nil
	}
	word := "not a known code"
	if int(b) <= len(words) {
		word = words[b-1]
	}
	return [][]string{{"!", name, fmt.Sprintf("%02x %s", b, word)}}
}
