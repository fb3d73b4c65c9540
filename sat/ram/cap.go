package ram

import (
	"crypto"
	_ "crypto/sha1"   // LoadFileHash offers it
	_ "crypto/sha256" // LoadFileHash offers it
	"fmt"
	"strings"

	"github.com/simota/simota/sat"
)

// Version of a package or format.
type Version struct{ Major, Minor byte }

// String returns "1.0".
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Flags of a package (Java Card VM Specification, table 6-3).
type Flags byte

// Flags: the package uses 32-bit integers, exports to others, has applets.
const (
	FlagInt      Flags = 0x01
	FlagExport   Flags = 0x02
	FlagApplet   Flags = 0x04
	flagExtended Flags = 0x08
)

// Applet is an applet class that a package holds.
type Applet struct {
	Module sat.AID // what Install wants as Module
	// InstallMethod is the offset of its install method in the Method
	// component.
	InstallMethod uint16
}

// Import is a package that the card must have: the same major version, and
// the same or a later minor one.
type Import struct {
	AID     sat.AID
	Version Version
}

// Component is a part of a CAP file.
type Component struct {
	Tag  Tag
	Size int // octets, with the three of tag and size
}

// CAP is a Java Card package ready to be loaded (Java Card VM Specification,
// 6). ParseCAP makes it.
type CAP struct {
	Package    sat.AID
	Name       string // com/example/hello; empty if the file does not tell
	Version    Version
	Format     Version // of the file: 2.1 to 2.3
	Flags      Flags
	Applets    []Applet
	Imports    []Import
	Components []Component // in loading order, then Debug

	parts parts
}

// LoadOption changes what is loaded.
type LoadOption byte

// WithoutDescriptor leaves the Descriptor component out. Cards load either
// way; some verify the package against it.
const WithoutDescriptor LoadOption = 1

// LoadFile joins the components that a card gets, in loading order. Debug is
// never among them.
func (c CAP) LoadFile(options ...LoadOption) []byte {
	var b []byte
	for _, tag := range loadOrder {
		if tag == Descriptor && hasOption(options, WithoutDescriptor) {
			continue
		}
		b = append(b, c.parts[tag]...)
	}
	return b
}

func hasOption(options []LoadOption, o LoadOption) bool {
	for _, given := range options {
		if given == o {
			return true
		}
	}
	return false
}

// LoadFileHash is the hash of LoadFile with the same options, for
// InstallForLoad. It knows crypto.SHA1 and crypto.SHA256.
func (c CAP) LoadFileHash(h crypto.Hash, options ...LoadOption) ([]byte, error) {
	if h != crypto.SHA1 && h != crypto.SHA256 {
		return nil, fmt.Errorf("ram: load file hash %d: %w, use SHA-1 or SHA-256", h, ErrUnsupported)
	}
	w := h.New()
	w.Write(c.LoadFile(options...))
	return w.Sum(nil), nil
}

// Describe says in plain words, line by line, what the file holds, what it
// needs and how large it is.
func (c CAP) Describe() []string {
	lines := []string{fmt.Sprintf("package %s version %s, CAP format %s", c.Package, c.Version, c.Format)}
	if c.Name != "" {
		lines[0] = fmt.Sprintf("package %q (%s) version %s, CAP format %s", c.Name, c.Package, c.Version, c.Format)
	}
	for _, a := range c.Applets {
		lines = append(lines, fmt.Sprintf("applet module %s", a.Module))
	}
	if len(c.Applets) == 0 {
		lines = append(lines, "no applets: a library")
	}
	if c.Flags&FlagInt != 0 {
		lines = append(lines, "needs a card with 32-bit integers")
	}
	for _, i := range c.Imports {
		lines = append(lines, "needs "+i.String())
	}
	sizes := make([]string, len(c.Components))
	for i, p := range c.Components {
		sizes[i] = fmt.Sprintf("%s %d", p.Tag, p.Size)
	}
	whole, bare := len(c.LoadFile()), len(c.LoadFile(WithoutDescriptor))
	size := fmt.Sprintf("load file of %d octets", whole)
	if whole != bare {
		size += fmt.Sprintf(", %d without Descriptor", bare)
	}
	return append(lines, "components in octets: "+strings.Join(sizes, ", "), size)
}

// String names the package and the oldest version that will do.
func (i Import) String() string {
	name := KnownPackage(i.AID)
	if name == "" {
		return fmt.Sprintf("package %s %s", i.AID, i.Version)
	}
	if release := javaCard[i.Version]; name == "javacard.framework" && release != "" {
		return fmt.Sprintf("%s %s (Java Card %s)", name, i.Version, release)
	}
	return fmt.Sprintf("%s %s", name, i.Version)
}

// javaCard tells the release of Java Card from the version of its package
// javacard.framework.
var javaCard = map[Version]string{
	{1, 0}: "2.1.1", {1, 1}: "2.1.2", {1, 2}: "2.2.1", {1, 3}: "2.2.2", {1, 4}: "3.0.1", {1, 5}: "3.0.4", {1, 6}: "3.0.5",
}

// KnownPackage names a package of Java Card, GlobalPlatform, SIM or UICC by
// its AID; it returns "" for others.
func KnownPackage(aid sat.AID) string { return packages[aid.String()] }

var packages = map[string]string{
	"A0000000620001":                     "java.lang",
	"A0000000620002":                     "java.io",
	"A0000000620003":                     "java.rmi",
	"A0000000620101":                     "javacard.framework",
	"A000000062010101":                   "javacard.framework.service",
	"A0000000620102":                     "javacard.security",
	"A0000000620201":                     "javacardx.crypto",
	"A0000000620202":                     "javacardx.biometry",
	"A0000000620203":                     "javacardx.external",
	"A0000000620204":                     "javacardx.biometry1toN",
	"A0000000620205":                     "javacardx.security",
	"A000000062020801":                   "javacardx.framework.util",
	"A00000006202080101":                 "javacardx.framework.util.intx",
	"A000000062020802":                   "javacardx.framework.math",
	"A000000062020803":                   "javacardx.framework.tlv",
	"A000000062020804":                   "javacardx.framework.string",
	"A0000000620209":                     "javacardx.apdu",
	"A000000062020901":                   "javacardx.apdu.util",
	"A00000015100":                       "org.globalplatform",
	"A0000000030000":                     "visa.openplatform",
	"A0000000090003" + etsi + "10710001": "sim.access",
	"A0000000090003" + etsi + "10710002": "sim.toolkit",
	"A0000000090005" + etsi + "11000000": "uicc.access",
	"A0000000090005" + etsi + "11010000": "uicc.access.fileadministration",
	"A0000000090005" + etsi + "11020000": "uicc.access.bertlvfile",
	"A0000000090005" + etsi + "12000000": "uicc.toolkit",
	"A0000000090005" + etsi + "13000000": "uicc.system",
	"A0000000871005" + etsi + "13100000": "uicc.usim.access",
	"A0000000871005" + etsi + "13200000": "uicc.usim.toolkit",
}

// etsi is the country and provider field of ETSI and 3GPP package AIDs.
const etsi = "FFFFFFFF89"
