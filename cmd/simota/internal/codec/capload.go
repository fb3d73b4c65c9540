package codec

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/ram"
)

// capLoad plans how an applet comes onto a card.
type capLoad struct {
	room, maxBlock               number
	format                       format
	module, instance, parameters octets
	privileges                   octets
	loadOnly, withoutDescriptor  bool
}

func (r *capLoad) fields() []field {
	return []field{
		{"room", &r.room, false, "octets of script that one packet carries [242, two short messages]"},
		{"format", &r.format, false, "of the scripts: compact or expanded-definite [compact]"},
		{"max_block", &r.maxBlock, false, "longest block that the card takes [255]"},
		{"module", &r.module, false, "AID of the applet in the file; needed if there are several"},
		{"instance", &r.instance, false, "AID of the instance [that of the module]"},
		{"privileges", &r.privileges, false, "privileges of the instance, one or three octets [00]"},
		{"parameters", &r.parameters, false, "install parameters, from C9 on [C900]"},
		{"load_only", &r.loadOnly, false, "install nothing"},
		{"without_descriptor", &r.withoutDescriptor, false, "leave the Descriptor component out"},
	}
}

func (h Host) capLoad() *cobra.Command {
	r := &capLoad{room: number{n: 242}, format: format(script.Compact)}
	cmd := &cobra.Command{
		Use: "load FILE", Short: "make the scripts that load and install an applet",
		Long: `Makes the commands for the issuer security domain that load a package and install an
applet of it, one packet for each line: INSTALL [for load], LOAD blocks sized to the
room, INSTALL [for install and make selectable]. A card takes the blocks in their
order only: after a lost one, send the clean-up and begin again.`,
		Example: indent("simota cap load applet.cap --room 242\nsimota cap load applet.cap --instance A0000000000102030405060708090A0B --parameters C900EA0780050000000000 --json"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return h.Usage(cmd, "want one FILE, not %d", len(args))
			}
			return nil
		},
	}
	texts, _ := addFlags(cmd, r.fields())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := h.fill(cmd, r.fields(), texts, nil); err != nil {
			return err
		}
		if n := r.maxBlock; n.given && (n.n < 1 || n.n > 255) {
			return h.Usage(cmd, "--max-block %d: 1 to 255 are possible", n.n)
		}
		b, err := h.readFile(args[0])
		if err != nil {
			return err
		}
		a, err := r.plan(b)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		return h.print(a)
	}
	return cmd
}

func (r *capLoad) plan(file []byte) (*loadPlan, error) {
	c, err := ram.ParseCAP(file)
	if err != nil {
		return nil, err
	}
	o := ram.Options{
		Room: r.room.n, Expanded: script.Format(r.format) == script.Expanded, MaxBlock: r.maxBlock.n, WithoutDescriptor: r.withoutDescriptor,
		Module: sat.AID(r.module), Instance: sat.AID(r.instance), LoadOnly: r.loadOnly,
	}
	if len(r.privileges) > 0 {
		if o.Privileges, err = ram.ParsePrivileges(r.privileges); err != nil {
			return nil, err
		}
	}
	if len(r.parameters) > 0 {
		if o.Parameters, err = ram.ParseInstallParameters(r.parameters); err != nil {
			return nil, err
		}
	}
	p, err := ram.NewPlan(c, o)
	if err != nil {
		return nil, err
	}
	out := &loadPlan{Instance: octets(p.Instance).String(), TARs: []string{}, lines: p.Describe()}
	for _, tar := range p.TARs {
		out.TARs = append(out.TARs, octets(tar[:]).String())
	}
	if out.Cleanup, err = r.step(p.Cleanup); err != nil {
		return nil, err
	}
	for _, s := range p.Steps {
		one, err := r.step(s)
		if err != nil {
			return nil, err
		}
		out.Steps = append(out.Steps, one)
	}
	return out, nil
}

func (r *capLoad) step(s ram.Step) (loadStep, error) {
	data, err := script.Script{Format: script.Format(r.format), Commands: []sat.Command{s.Command}}.AppendBinary(nil)
	return loadStep{Data: data, What: ram.Describe(s.Command)}, err
}

// loadPlan is the way of an applet onto a card.
type loadPlan struct {
	tagged
	Instance string     `json:"instance,omitempty"`
	TARs     []string   `json:"tars"`
	Cleanup  loadStep   `json:"cleanup"`
	Steps    []loadStep `json:"steps"`

	lines []string
}

// loadStep is the secured data of one packet.
type loadStep struct {
	Data octets `json:"data"`
	What string `json:"what"`
}

func (a *loadPlan) text(w io.Writer) error {
	for _, line := range a.lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(w, "\nbefore a repetition: %s\n%s\n", a.Cleanup.What, a.Cleanup.Data); err != nil {
		return err
	}
	for i, s := range a.Steps {
		if _, err := fmt.Fprintf(w, "\n%d  %s\n%s\n", i+1, s.What, s.Data); err != nil {
			return err
		}
	}
	return nil
}
