package ram

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Tag is the kind of a component (Java Card VM Specification, 6.2).
type Tag byte

// Components. The card gets them in another order; see LoadFile.
const (
	Header Tag = iota + 1
	Directory
	AppletComponent
	ImportComponent
	ConstantPool
	Class
	Method
	StaticField
	RefLocation
	Export
	Descriptor
	Debug
	StaticResources
	tags // one more than the last
)

var tagNames = [tags]string{
	Header: "Header", Directory: "Directory", AppletComponent: "Applet", ImportComponent: "Import",
	ConstantPool: "ConstantPool", Class: "Class", Method: "Method", StaticField: "StaticField",
	RefLocation: "RefLocation", Export: "Export", Descriptor: "Descriptor", Debug: "Debug",
	StaticResources: "StaticResources",
}

// loadOrder is the order in which a card gets the components (Java Card VM
// Specification, 6.3). It is not the order of the tags.
var loadOrder = [...]Tag{
	Header, Directory, ImportComponent, AppletComponent, Class, Method, StaticField, Export, ConstantPool, RefLocation, Descriptor,
}

// String is the name of the component in a CAP file.
func (t Tag) String() string {
	if t > 0 && t < tags {
		return tagNames[t]
	}
	return fmt.Sprintf("component %d", byte(t))
}

// parts are the components by tag, whole; nil for none.
type parts [tags][]byte

// Bounds of a CAP file: what real ones never reach, and a file made to fill
// the memory does.
const (
	maxFile    = 4 << 20 // octets of a ZIP
	maxEntries = 2048    // in a ZIP, class files and all
	maxTotal   = 4 * MaxLoadFile
	partHeader = 3 // tag and size
)

// ParseCAP reads a package from a CAP file (a ZIP, compact format), or from
// its components joined in any order (.ijc, or the load file that a card
// received). It checks that the parts are whole and fit each other.
func ParseCAP(b []byte) (CAP, error) {
	var p parts
	var name string
	var err error
	switch {
	case bytes.HasPrefix(b, []byte("PK")):
		p, name, err = unzip(b)
	case len(b) > 0 && Tag(b[0]) == Header:
		p, err = split(b)
	default:
		return CAP{}, errors.New("ram: neither a CAP file (ZIP) nor joined components (IJC, beginning with 01)")
	}
	if err != nil {
		return CAP{}, err
	}
	return p.parse(name)
}

// split takes joined components apart.
func split(b []byte) (parts, error) {
	var p parts
	if len(b) > maxTotal {
		return p, fmt.Errorf("ram: components have %d octets, at most %d are read", len(b), maxTotal)
	}
	for len(b) > 0 {
		if len(b) < partHeader {
			return p, fmt.Errorf("ram: %d octets after the last component", len(b))
		}
		n := partHeader + int(b[1])<<8 + int(b[2])
		if n > len(b) {
			return p, fmt.Errorf("ram: %s needs %d octets, %d are left", Tag(b[0]), n, len(b))
		}
		if err := p.put(Tag(b[0]), b[:n]); err != nil {
			return p, err
		}
		b = b[n:]
	}
	return p, nil
}

// put stores a copy of a component after checking its size.
func (p *parts) put(t Tag, b []byte) error {
	switch {
	case t == 0 || t >= tags:
		return fmt.Errorf("ram: component of unknown tag %d: custom components are %w", byte(t), ErrUnsupported)
	case p[t] != nil:
		return fmt.Errorf("ram: component %s is there twice", t)
	case len(b) < partHeader || Tag(b[0]) != t:
		return fmt.Errorf("ram: component %s begins with %X, want tag %02X and two octets of size", t, b[:min(len(b), partHeader)], byte(t))
	case partHeader+int(b[1])<<8+int(b[2]) != len(b):
		return fmt.Errorf("ram: component %s says it has %d octets, and has %d", t, int(b[1])<<8+int(b[2]), len(b)-partHeader)
	}
	p[t] = octets(b)
	return nil
}

// unzip reads the components of a ZIP; nothing else in it is touched. The
// name is the path of the package.
func unzip(b []byte) (p parts, name string, err error) {
	if len(b) > maxFile {
		return p, "", fmt.Errorf("ram: CAP file has %d octets, at most %d are read", len(b), maxFile)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return p, "", fmt.Errorf("ram: CAP file: %w", err)
	}
	if len(z.File) > maxEntries {
		return p, "", fmt.Errorf("ram: CAP file has %d entries, at most %d are read", len(z.File), maxEntries)
	}
	folder, total := "", 0
	for _, f := range z.File {
		dir, base := path.Split(f.Name)
		if strings.HasSuffix(base, ".capx") {
			return p, "", fmt.Errorf("ram: %q is of the extended CAP format: %w, convert the package to the compact one", f.Name, ErrUnsupported)
		}
		if dir != "javacard/" && !strings.HasSuffix(dir, "/javacard/") || path.Ext(base) != ".cap" {
			continue
		}
		if folder == "" {
			folder = dir
		}
		if dir != folder {
			return p, "", fmt.Errorf("ram: CAP file has packages %q and %q: several packages are %w", folder, dir, ErrUnsupported)
		}
		if total, err = p.unzipPart(f, strings.TrimSuffix(base, ".cap"), total); err != nil {
			return p, "", err
		}
	}
	if folder == "" {
		return p, "", errors.New("ram: CAP file has no components: no entry is named <package>/javacard/<component>.cap")
	}
	return p, strings.Trim(strings.TrimSuffix(folder, "javacard/"), "/"), nil
}

// unzipPart reads one component and returns the total with it. The sizes that
// a ZIP tells are not trusted.
func (p *parts) unzipPart(f *zip.File, name string, total int) (int, error) {
	t := tagOf(name)
	if t == 0 {
		return 0, fmt.Errorf("ram: component %q is not known: custom components are %w", f.Name, ErrUnsupported)
	}
	const most = partHeader + 0xFFFF
	if f.UncompressedSize64 > most {
		return 0, fmt.Errorf("ram: component %s has %d octets, at most %d fit", t, f.UncompressedSize64, most)
	}
	r, err := f.Open()
	if err != nil {
		return 0, fmt.Errorf("ram: component %s: %w", t, err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return 0, fmt.Errorf("ram: component %s: %w", t, err)
	}
	if total += len(b); total > maxTotal {
		return 0, fmt.Errorf("ram: components have more than %d octets", maxTotal)
	}
	return total, p.put(t, b)
}

func tagOf(name string) Tag {
	for t, n := range tagNames {
		if n == name {
			return Tag(t)
		}
	}
	return 0
}
