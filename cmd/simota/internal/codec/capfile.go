package codec

import (
	"crypto"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/simota/simota/sat/ram"
)

func (h Host) capInfo() *cobra.Command {
	cmd := &cobra.Command{
		Use: "info FILE", Short: "say what an applet file holds and what it needs",
		Long: `Reads a Java Card package: a CAP file, or its components joined (.ijc). FILE "-" is
standard input.`,
		Example: "  simota cap info applet.cap\n  simota cap info applet.cap --json",
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return h.Usage(cmd, "FILE is missing")
		case len(args) > 1:
			return h.Usage(cmd, "%q is one argument too many", args[1])
		}
		return nil
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		b, err := h.readFile(args[0])
		if err != nil {
			return err
		}
		c, err := ram.ParseCAP(b)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		info, err := infoOf(c)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		return h.print(info)
	}
	return cmd
}

// packageInfo is what a Java Card package tells of itself.
type packageInfo struct {
	tagged
	Package    string          `json:"package"`
	Name       string          `json:"name,omitempty"`
	Version    string          `json:"version"`
	Format     string          `json:"format"`
	Int        bool            `json:"needs_int"`
	Applets    []string        `json:"applets"`
	Imports    []importInfo    `json:"imports"`
	Components []componentInfo `json:"components"`
	LoadFile   loadFileInfo    `json:"load_file"`

	lines []string
}

type importInfo struct {
	Package string `json:"package"`
	Version string `json:"version"`
	Name    string `json:"name,omitempty"`
}

type componentInfo struct {
	Name   string `json:"name"`
	Octets int    `json:"octets"`
}

// loadFileInfo is what a card gets, all but Debug.
type loadFileInfo struct {
	Octets int    `json:"octets"`
	SHA256 octets `json:"sha256"`
}

func infoOf(c ram.CAP) (*packageInfo, error) {
	hash, err := c.LoadFileHash(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	info := &packageInfo{
		Package: octets(c.Package).String(), Name: c.Name, Version: c.Version.String(), Format: c.Format.String(),
		Int: c.Flags&ram.FlagInt != 0, Applets: []string{}, Imports: []importInfo{}, Components: []componentInfo{},
		LoadFile: loadFileInfo{Octets: len(c.LoadFile()), SHA256: hash}, lines: c.Describe(),
	}
	for _, a := range c.Applets {
		info.Applets = append(info.Applets, octets(a.Module).String())
	}
	for _, i := range c.Imports {
		info.Imports = append(info.Imports, importInfo{octets(i.AID).String(), i.Version.String(), ram.KnownPackage(i.AID)})
	}
	for _, p := range c.Components {
		info.Components = append(info.Components, componentInfo{p.Tag.String(), p.Size})
	}
	return info, nil
}

func (a *packageInfo) text(w io.Writer) error {
	for _, line := range append(a.lines, fmt.Sprintf("SHA-256 of the load file %s", a.LoadFile.SHA256)) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
