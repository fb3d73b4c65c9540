package ram

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// magic begins every Header.
const magic = 0xDECAFFED

// required are the components that every package has. Applet and Export
// follow from the flags; Descriptor may be stripped.
var required = [...]Tag{Header, Directory, ImportComponent, ConstantPool, Class, Method, StaticField, RefLocation}

// parse reads what the components tell about the package.
func (p parts) parse(name string) (CAP, error) {
	for _, t := range required {
		if p[t] == nil {
			return CAP{}, fmt.Errorf("ram: CAP file has no %s component", t)
		}
	}
	if p[StaticResources] != nil {
		return CAP{}, fmt.Errorf("ram: %s component: %w", StaticResources, ErrUnsupported)
	}
	c := CAP{Name: name, parts: p}
	for _, read := range []func() error{c.readHeader, c.readApplets, c.readImports, c.checkDirectory} {
		if err := read(); err != nil {
			return CAP{}, err
		}
	}
	for _, t := range append(loadOrder[:], Debug) {
		if p[t] != nil {
			c.Components = append(c.Components, Component{Tag: t, Size: len(p[t])})
		}
	}
	if n := len(c.LoadFile()); n > MaxLoadFile {
		return CAP{}, fmt.Errorf("ram: load file has %d octets, at most %d can be loaded", n, MaxLoadFile)
	}
	return c, nil
}

func (c *CAP) reader(t Tag) *reader {
	return &reader{what: "component " + t.String(), b: c.parts[t][partHeader:]}
}

// readHeader reads the Header component (Java Card VM Specification, 6.4).
func (c *CAP) readHeader() error {
	r := c.reader(Header)
	if m := r.number("magic", 4); m != magic {
		r.fail("magic is %08X, want %08X", m, uint32(magic))
	}
	c.Format = r.version("format version")
	if r.err == nil && (c.Format.Major != 2 || c.Format.Minor < 1 || c.Format.Minor > 3) {
		r.fail("CAP format %s is %w, 2.1 to 2.3 are read", c.Format, ErrUnsupported)
	}
	c.Flags = Flags(r.octet("flags"))
	if c.Flags&flagExtended != 0 {
		r.fail("extended CAP format is %w, convert the package to the compact one", ErrUnsupported)
	}
	c.Version = r.version("package version")
	c.Package = r.aid("package")
	if c.Format.Minor >= 2 && len(r.b) > 0 {
		name := r.take("package name", int(r.octet("length of package name")))
		if !utf8.Valid(name) {
			r.fail("package name %X is not UTF-8", name)
		}
		if len(name) > 0 {
			c.Name = string(name)
		}
	}
	c.Name = strings.ToValidUTF8(c.Name, "?")
	for _, n := range []struct {
		flag Flags
		t    Tag
	}{{FlagApplet, AppletComponent}, {FlagExport, Export}} {
		told := c.Flags&n.flag != 0
		switch is := c.parts[n.t] != nil; {
		case told && !is:
			r.fail("flags %02X tell a component %s, and there is none", byte(c.Flags), n.t)
		case is && !told:
			r.fail("flags %02X tell no component %s, and there is one", byte(c.Flags), n.t)
		}
	}
	return r.end()
}

func (r *reader) version(name string) Version {
	minor := r.octet(name)
	return Version{Major: r.octet(name), Minor: minor}
}

// readApplets reads the Applet component (6.6).
func (c *CAP) readApplets() error {
	if c.parts[AppletComponent] == nil {
		return nil
	}
	r := c.reader(AppletComponent)
	n := int(r.octet("count"))
	for i := 0; i < n && r.err == nil; i++ {
		a := Applet{Module: r.shortAID("module"), InstallMethod: uint16(r.number("install method offset", 2))}
		c.Applets = append(c.Applets, a)
	}
	if n == 0 {
		r.fail("it has no applets")
	}
	return r.end()
}

// readImports reads the Import component (6.7).
func (c *CAP) readImports() error {
	r := c.reader(ImportComponent)
	n := int(r.octet("count"))
	for i := 0; i < n && r.err == nil; i++ {
		v := r.version("package version")
		c.Imports = append(c.Imports, Import{AID: r.shortAID("package"), Version: v})
	}
	return r.end()
}

// shortAID reads an AID behind a length of one octet.
func (r *reader) shortAID(name string) []byte {
	return r.checked(name, r.take(name+" AID", int(r.octet("length of "+name+" AID"))), checkAID)
}

// checkDirectory compares the Directory component with the others (6.5). A
// stripped Descriptor or Debug may still be told there.
func (c *CAP) checkDirectory() error {
	r := c.reader(Directory)
	last := Descriptor
	if c.Format.Minor >= 2 {
		last = Debug
	}
	for t := Header; t <= last; t++ {
		told, is := int(r.number("size of "+t.String(), 2)), 0
		if c.parts[t] != nil {
			is = len(c.parts[t]) - partHeader
		} else if t == Descriptor || t == Debug {
			continue
		}
		if told != is {
			r.fail("it says that %s has %d octets, and there are %d", t, told, is)
		}
	}
	if c.Format.Minor >= 3 && r.number("size of static resources", 4) != 0 {
		r.fail("%s component is told but not there", StaticResources)
	}
	r.take("static field sizes", 6)
	if n := int(r.octet("import count")); n != len(c.Imports) {
		r.fail("it says %d imports, and there are %d", n, len(c.Imports))
	}
	if n := int(r.octet("applet count")); n != len(c.Applets) {
		r.fail("it says %d applets, and there are %d", n, len(c.Applets))
	}
	if n := r.octet("custom count"); n != 0 {
		r.fail("%d custom components are %w", n, ErrUnsupported)
	}
	return r.end()
}
