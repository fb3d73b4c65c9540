package rfm

import (
	"slices"

	"github.com/simota/simota/sat"
)

// pointer is where a script has led the card: the application, the current
// directory and the current file (ETSI TS 102 221, 8.4).
type pointer struct {
	app  sat.AID // nil is the USIM
	dir  []sat.FID
	file []sat.FID
}

// atUSIM is the start of an application bound to ADF.USIM, or of one that a
// script has led there.
func atUSIM() *pointer { return at(nil) }

func at(app sat.AID) *pointer { return &pointer{app: app, dir: []sat.FID{sat.ADFUSIM}} }

// to gives the SELECTs that make f the current file. In the current directory
// that is by identifier, which works in a TAR bound to ADF.USIM where 7FFF may
// be refused; below it by the rest of the path; elsewhere by path from the MF.
func (p *pointer) to(f File) []sat.Command {
	var commands []sat.Command
	if f.Path[0] == sat.ADFUSIM && !p.in(f) {
		aid := f.App
		if aid == nil {
			aid = usimAID
		}
		commands = append(commands, sat.SelectApplication(aid))
		p.app, p.dir, p.file = f.App, []sat.FID{sat.ADFUSIM}, nil
	}
	if slices.Equal(p.file, f.Path) {
		return commands
	}
	last := len(f.Path) - 1
	switch dir := f.Path[:last]; {
	case slices.Equal(dir, p.dir):
		commands = append(commands, sat.Select(f.FID))
	case len(p.dir) > 0 && len(dir) > len(p.dir) && slices.Equal(dir[:len(p.dir)], p.dir):
		commands = append(commands, sat.SelectBelow(f.Path[len(p.dir):]...))
	default:
		commands = append(commands, sat.SelectPath(f.Path...))
	}
	p.dir, p.file = f.Path[:last], f.Path
	return commands
}

// in says whether 7FFF is now the application of f.
func (p *pointer) in(f File) bool { return within(p.app, f.App) }

// home leads back to ADF.USIM.
func (p *pointer) home() []sat.Command {
	switch {
	case !p.in(File{}):
		return []sat.Command{sat.SelectApplication(usimAID)}
	case !slices.Equal(p.dir, []sat.FID{sat.ADFUSIM}):
		return []sat.Command{sat.SelectPath(sat.ADFUSIM)}
	}
	return nil
}

// Select is the command that selects the file. Files of the USIM are selected
// by identifier, which works in a TAR bound to ADF.USIM where SELECT 7FFF may
// be refused; others by their path, and their directory is the current one
// after it. One command cannot lead into the ISIM: what it gives for such a
// file does not code. Read and Commands lead everywhere and back.
func (f File) Select() sat.Command {
	switch {
	case f.App != nil:
		return sat.SelectApplication(nil)
	case len(f.Path) == 2 && f.Path[0] == sat.ADFUSIM:
		return sat.Select(f.FID)
	}
	return sat.SelectPath(f.Path...)
}

// ReadCommands are SELECT and READ of a file: length octets of a transparent
// file, in steps of 256, or of record 1. Length 0 asks for everything up to 256
// octets (Le 00). A file outside ADF.USIM's own directory must be the last in
// a script of such commands: Read has no such limit.
func ReadCommands(f File, length int) []sat.Command {
	return append([]sat.Command{f.Select()}, f.read(1, 0, length)...)
}

// read is the READ of n octets of the selected file; 0 is everything up to 256.
func (f File) read(record, offset, n int) []sat.Command {
	if n == 0 {
		n = 256
	}
	switch {
	case f.Structure.Records():
		return []sat.Command{sat.ReadRecord(record, n)}
	case f.Structure == BERTLV:
		return []sat.Command{sat.RetrieveData(0x80), sat.GetResponse(256)}
	}
	var commands []sat.Command
	for end := offset + n; offset < end; offset += 256 {
		commands = append(commands, sat.ReadBinary(offset, min(256, end-offset)))
	}
	return commands
}

// Commands writes updates in their order, for an application that is in
// ADF.USIM: a file is selected once for updates that follow each other, and no
// directory is selected that is the current one.
func Commands(updates []Update) []sat.Command { return CommandsIn(nil, updates) }

// CommandsIn is Commands for an application that is in another ADF at its
// start: app are the first octets of its AID, nil is the USIM.
func CommandsIn(app sat.AID, updates []Update) []sat.Command {
	p := at(app)
	var commands []sat.Command
	for _, u := range updates {
		commands = append(append(commands, p.to(u.File)...), u.write()...)
	}
	return commands
}

// Reading is a list of commands that read files, and where the octets of each
// belong.
type Reading struct {
	Commands []sat.Command
	// Of has one name for each command: that of the snapshot to whose end its
	// response is to be added, "" for a SELECT.
	Of []string
}

// Read makes the commands that read the named files and records ("sdn#2") and
// the items, for an application that is in ADF.USIM. sizes are the octets of
// those files whose size is known; of others everything up to 256 is asked for.
func Read(names []string, items []Item, sizes map[string]int) (Reading, error) {
	var r Reading
	p := atUSIM()
	add := func(name string, f File, record, offset, n int) {
		selects, reads := p.to(f), f.read(record, offset, n)
		r.Commands = append(append(r.Commands, selects...), reads...)
		r.Of = append(r.Of, make([]string, len(selects))...)
		for _, c := range reads {
			of := name
			if c.Le == sat.NoLe {
				of = ""
			}
			r.Of = append(r.Of, of)
		}
	}
	for _, name := range names {
		f, record, err := LookupRecord(name)
		if err != nil {
			return Reading{}, err
		}
		add(name, f, record, 0, sizes[name])
	}
	for _, item := range items {
		if err := item.Check(); err != nil {
			return Reading{}, err
		}
		add(item.Name(), item.File(), item.Record, item.Offset, len(item.Data))
	}
	return r, nil
}

// Learn adds the response of a command to the snapshot.
func (r Reading) Learn(command int, response []byte, into Snapshot) {
	if command >= 0 && command < len(r.Of) && r.Of[command] != "" {
		name := r.Of[command]
		into[name] = append(into[name], response...)
	}
}
