package ram

import (
	"crypto"
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/sat"
)

// Options say how an applet is to be loaded and installed.
type Options struct {
	// Room is how many octets of script one packet carries; Expanded is the
	// format of the script (ETSI TS 102 226, 5).
	Room     int
	Expanded bool
	// MaxBlock is the longest block the card takes, 0 for 255; some take 239.
	MaxBlock int

	Domain         sat.AID // security domain that will own the load file; empty for the one addressed
	LoadParameters LoadParameters
	// WithoutDescriptor leaves the Descriptor component out.
	WithoutDescriptor bool
	Hash              crypto.Hash // of the load file: SHA1, SHA256, 0 for none; tokens and signatures need one
	LoadToken         []byte
	Signatures        []DAP

	Module       sat.AID // empty for the only applet of the file
	Instance     sat.AID // empty for the AID of the module
	Privileges   Privileges
	Parameters   InstallParameters
	InstallToken []byte
	// LoadOnly installs nothing: a library, or an applet for later.
	LoadOnly bool
}

// Step is one command of a plan, for a packet of its own: of a compact script
// the card answers for the last command only, and progress is kept by step.
type Step struct {
	Command sat.Command
	// MayMiss says that StatusNotFound is as good as success.
	MayMiss bool
}

// Done says whether the status word that a card answered lets the next step
// follow. Anything else means Cleanup and starting again.
func (s Step) Done(sw sat.Status) bool { return sw.OK() || s.MayMiss && sw == StatusNotFound }

// Plan is the way of an applet onto a card. The order of the steps matters: a
// card takes blocks only in their order. A step that fails or is lost means
// Cleanup and then all steps again from the first.
type Plan struct {
	// Cleanup deletes a load file that is there in part or whole, with its
	// instances. It goes before a repetition, and before a first attempt if
	// an older version may be there.
	Cleanup Step
	// Steps are INSTALL [for load], the LOADs and INSTALL [for install and
	// make selectable]; each is one packet.
	Steps    []Step
	LoadFile int // octets of the load file, without its header
	Block    int // octets of a whole block
	Instance sat.AID
	TARs     [][3]byte // that the instance will answer to
}

// Packets is the number of packets of Steps.
func (p Plan) Packets() int { return len(p.Steps) }

// NewPlan plans to load a package and to install one applet of it.
func NewPlan(c CAP, o Options) (Plan, error) {
	if !o.LoadOnly {
		if err := o.choose(c); err != nil {
			return Plan{}, err
		}
	}
	p := Plan{Block: BlockSize(o.Room, o.Expanded)}
	switch {
	case p.Block < 1:
		return Plan{}, fmt.Errorf("ram: a packet with room for %d octets of script carries no LOAD: let it take more", o.Room)
	case o.MaxBlock < 0 || o.MaxBlock > 255:
		return Plan{}, fmt.Errorf("ram: blocks of at most %d octets: want 1 to 255", o.MaxBlock)
	case o.MaxBlock > 0:
		p.Block = min(p.Block, o.MaxBlock)
	}
	for _, add := range []func(*Plan, CAP) error{o.planCleanup, o.planLoad, o.planInstall} {
		if err := add(&p, c); err != nil {
			return Plan{}, err
		}
	}
	return p, o.checkRoom(append([]Step{p.Cleanup}, p.Steps...))
}

// choose settles module and instance.
func (o *Options) choose(c CAP) error {
	switch {
	case len(o.Module) == 0 && len(c.Applets) == 1:
		o.Module = c.Applets[0].Module
	case len(o.Module) == 0:
		return fmt.Errorf("ram: package %s has %d applets: name the module to install, or load only", c.Package, len(c.Applets))
	case !slices.ContainsFunc(c.Applets, func(a Applet) bool { return slices.Equal(a.Module, o.Module) }):
		return fmt.Errorf("ram: package %s has no module %s", c.Package, o.Module)
	}
	if len(o.Instance) == 0 {
		o.Instance = o.Module
	}
	return nil
}

func (o *Options) loadOptions() []LoadOption {
	if o.WithoutDescriptor {
		return []LoadOption{WithoutDescriptor}
	}
	return nil
}

func (o *Options) planCleanup(p *Plan, c CAP) error {
	cmd, err := Delete{AID: c.Package, Related: true}.Command()
	p.Cleanup = Step{Command: cmd, MayMiss: true}
	return err
}

func (o *Options) planLoad(p *Plan, c CAP) error {
	i := InstallForLoad{LoadFile: c.Package, Domain: o.Domain, Token: o.LoadToken}
	var err error
	if o.Hash != 0 {
		if i.Hash, err = c.LoadFileHash(o.Hash, o.loadOptions()...); err != nil {
			return err
		}
	} else if len(o.Signatures) > 0 {
		return errors.New("ram: a DAP block needs the hash of the load file")
	}
	if i.Parameters, err = o.LoadParameters.AppendBinary(nil); err != nil {
		return err
	}
	first, err := i.Command()
	if err != nil {
		return err
	}
	file := c.LoadFile(o.loadOptions()...)
	blocks, err := Blocks(file, p.Block, o.Signatures...)
	if err != nil {
		return err
	}
	p.LoadFile = len(file)
	for _, cmd := range append([]sat.Command{first}, blocks...) {
		p.Steps = append(p.Steps, Step{Command: cmd})
	}
	return nil
}

func (o *Options) planInstall(p *Plan, c CAP) error {
	if o.LoadOnly {
		return nil
	}
	parameters, err := o.Parameters.AppendBinary(nil)
	if err != nil {
		return err
	}
	cmd, err := Install{
		LoadFile: c.Package, Module: o.Module, Instance: o.Instance, Privileges: o.Privileges,
		Parameters: parameters, Token: o.InstallToken, Selectable: true,
	}.Command()
	if err != nil {
		return err
	}
	p.Steps = append(p.Steps, Step{Command: cmd})
	p.Instance, p.TARs = o.Instance, o.Parameters.TARs(o.Instance)
	return nil
}

// checkRoom finds a command that fits no packet.
func (o *Options) checkRoom(steps []Step) error {
	for _, s := range steps {
		b, err := s.Command.AppendBinary(nil)
		if err != nil {
			return fmt.Errorf("ram: %w", err)
		}
		if n := scriptSize(len(b), o.Expanded); n > o.Room {
			return fmt.Errorf("ram: %s needs %d octets of script, a packet has room for %d: let it take more SMS", Describe(s.Command), n, o.Room)
		}
	}
	return nil
}

// Describe says in plain words, line by line, what will be sent.
func (p Plan) Describe() []string {
	lines := []string{
		fmt.Sprintf("%d packets, in this order; a lost block means cleaning up and starting again with the first", p.Packets()),
		"clean up (harmless if nothing is there): " + Describe(p.Cleanup.Command),
	}
	loads := 0
	for i, s := range p.Steps {
		if s.Command.INS == insLoad {
			if loads++; i+1 < len(p.Steps) && p.Steps[i+1].Command.INS == insLoad {
				continue
			}
			lines = append(lines, fmt.Sprintf("LOAD %d octets in %d blocks of at most %d", p.LoadFile, loads, p.Block))
			continue
		}
		lines = append(lines, Describe(s.Command))
	}
	for _, tar := range p.TARs {
		lines = append(lines, fmt.Sprintf("the instance will answer to TAR %X", tar))
	}
	return lines
}
