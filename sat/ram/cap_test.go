package ram_test

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/ram"
)

func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustParseCAP(t testing.TB, b []byte) ram.CAP {
	t.Helper()
	c, err := ram.ParseCAP(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCAPTellsWhatIsInIt(t *testing.T) {
	t.Parallel()
	want := ram.CAP{
		Package: helloPackage, Name: "com/simota/hello", Version: ram.Version{Major: 1}, Format: ram.Version{Major: 2, Minor: 2},
		Flags:   ram.FlagApplet,
		Applets: []ram.Applet{{Module: helloModule, InstallMethod: 8}},
		Imports: []ram.Import{
			{AID: framework, Version: ram.Version{Major: 1, Minor: 3}},
			{AID: uiccToolkit, Version: ram.Version{Major: 1}},
		},
		Components: []ram.Component{
			{Tag: ram.Header, Size: 38}, {Tag: ram.Directory, Size: 36}, {Tag: ram.ImportComponent, Size: 33},
			{Tag: ram.AppletComponent, Size: 16}, {Tag: ram.Class, Size: 25}, {Tag: ram.Method, Size: 42},
			{Tag: ram.StaticField, Size: 13}, {Tag: ram.ConstantPool, Size: 33}, {Tag: ram.RefLocation, Size: 13},
			{Tag: ram.Descriptor, Size: 79}, {Tag: ram.Debug, Size: 16},
		},
	}
	for _, path := range []string{helloCAP, helloIJC} {
		c := mustParseCAP(t, read(t, path))
		if diff := cmp.Diff(want, c, cmpopts.IgnoreUnexported(ram.CAP{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestLoadFileIsInLoadingOrderWithoutDebug(t *testing.T) {
	t.Parallel()
	p := hello(2)
	join := func(tags ...int) (b []byte) {
		for _, tag := range tags {
			b = append(b, component(tag, p[tag])...)
		}
		return b
	}
	whole, bare := join(1, 2, 4, 3, 6, 7, 8, 5, 9, 11), join(1, 2, 4, 3, 6, 7, 8, 5, 9)
	for _, path := range []string{helloCAP, helloIJC} {
		c := mustParseCAP(t, read(t, path))
		if got := c.LoadFile(); !bytes.Equal(got, whole) {
			t.Errorf("%s: load file %X, want %X", path, got, whole)
		}
		if got := c.LoadFile(ram.WithoutDescriptor); !bytes.Equal(got, bare) {
			t.Errorf("%s: without Descriptor %X, want %X", path, got, bare)
		}
		one, two := sha1.Sum(whole), sha256.Sum256(bare)
		if got, err := c.LoadFileHash(crypto.SHA1); err != nil || !bytes.Equal(got, one[:]) {
			t.Errorf("%s: SHA-1 %X, %v", path, got, err)
		}
		if got, err := c.LoadFileHash(crypto.SHA256, ram.WithoutDescriptor); err != nil || !bytes.Equal(got, two[:]) {
			t.Errorf("%s: SHA-256 %X, %v", path, got, err)
		}
		if _, err := c.LoadFileHash(crypto.MD5); !errors.Is(err, ram.ErrUnsupported) {
			t.Errorf("MD5: %v", err)
		}
		// What a card received is a package again.
		again := mustParseCAP(t, c.LoadFile())
		if !bytes.Equal(again.LoadFile(), whole) {
			t.Errorf("%s: load file does not survive a parse", path)
		}
	}
}

func TestEveryFormatAndPackingIsRead(t *testing.T) {
	t.Parallel()
	for _, minor := range []byte{1, 2, 3} {
		p := hello(minor)
		for name, b := range map[string][]byte{
			"stored":   zipped(t, zip.Store, p.entries()...),
			"deflated": zipped(t, zip.Deflate, p.entries()...),
			"joined":   p.ijc(),
		} {
			c, err := ram.ParseCAP(b)
			if err != nil {
				t.Errorf("2.%d %s: %v", minor, name, err)
			} else if c.Format != (ram.Version{Major: 2, Minor: minor}) || len(c.Applets) != 1 {
				t.Errorf("2.%d %s: %+v", minor, name, c)
			}
		}
	}
	c := mustParseCAP(t, zipped(t, zip.Store, hello(1).entries()...))
	if c.Name != "com/simota/hello" {
		t.Errorf("format 2.1 takes its name from the path: %q", c.Name)
	}
	// A stripped Descriptor and Debug may still be in the Directory.
	p := hello(2)
	delete(p, 11)
	delete(p, 12)
	if c := mustParseCAP(t, p.ijc()); !bytes.Equal(c.LoadFile(), c.LoadFile(ram.WithoutDescriptor)) {
		t.Error("stripped package has a Descriptor")
	}
}

// The worked octets of a Header and an Applet component of a package 1.0 in
// CAP format 2.1.
func TestWorkedHeaderAndAppletAreRead(t *testing.T) {
	t.Parallel()
	p := hello(1)
	p[1] = octets(t, "DECAFFED 01 02 04 00 01 05 D07002CA44")
	p[3] = octets(t, "01 08 D07002CA44900101 0020")
	p[2] = p.directory(1)
	b := p.ijc()
	if !bytes.HasPrefix(b, octets(t, "01 000F DECAFFED 01 02 04 00 01 05 D07002CA44")) || !bytes.Contains(b, octets(t, "03 000C 01 08 D07002CA44900101 0020")) {
		t.Fatalf("components are not the worked ones: %X", b)
	}
	c := mustParseCAP(t, b)
	if c.Package.String() != "D07002CA44" || c.Version.String() != "1.0" || c.Format.String() != "2.1" || c.Flags != ram.FlagApplet {
		t.Errorf("header: %+v", c)
	}
	if want := []ram.Applet{{Module: octets(t, "D07002CA44900101"), InstallMethod: 0x20}}; !cmp.Equal(want, c.Applets) {
		t.Errorf("applets: %+v", c.Applets)
	}
}

func TestBrokenPackagesAreRefused(t *testing.T) {
	t.Parallel()
	change := func(f func(p pack)) []byte {
		p := hello(2)
		f(p)
		return p.ijc()
	}
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"nothing":             {nil, "neither"},
		"text":                {[]byte("hello"), "neither"},
		"broken ZIP":          {[]byte("PK\x03\x04"), "CAP file"},
		"cut component":       {hello(2).ijc()[:20], "are left"},
		"cut tag":             {append(hello(2).ijc(), 1), "after the last"},
		"component twice":     {append(hello(2).ijc(), component(8, hello(2)[8])...), "twice"},
		"custom component":    {append(hello(2).ijc(), component(0x80, []byte{1})...), "custom"},
		"static resources":    {append(hello(2).ijc(), component(13, []byte{1})...), "StaticResources"},
		"no Method":           {change(func(p pack) { delete(p, 7) }), "no Method"},
		"no Import":           {change(func(p pack) { delete(p, 4) }), "no Import"},
		"wrong magic":         {change(func(p pack) { p[1][0] = 0 }), "magic"},
		"format 2.4":          {change(func(p pack) { p[1][4] = 4 }), "format 2.4"},
		"format 3.1":          {change(func(p pack) { p[1][5] = 3 }), "format 3.2"},
		"extended":            {change(func(p pack) { p[1][6] |= 8 }), "extended"},
		"AID of 4":            {change(func(p pack) { p[1] = append(p[1][:9:9], 4, 1, 2, 3, 4, 0) }), "want 5 to 16"},
		"AID of 17":           {change(func(p pack) { p[1] = cat(p[1][:9:9], lv(make([]byte, 17))) }), "want 5 to 16"},
		"octets after header": {change(func(p pack) { p[1] = append(p[1], 0) }), "left over"},
		"no applet told":      {change(func(p pack) { p[1][6] = 0 }), "tell no component Applet"},
		"no Export there":     {change(func(p pack) { p[1][6] |= 2 }), "tell a component Export"},
		"no applets":          {change(func(p pack) { p[3] = []byte{0} }), "no applets"},
		"cut applets":         {change(func(p pack) { p[3][0] = 2 }), "are left"},
		"cut imports":         {change(func(p pack) { p[4][0] = 3 }), "are left"},
		"size in Directory":   {change(func(p pack) { p[2][13]++ }), "Method has"},
		"import count":        {change(func(p pack) { p[2][30] = 9 }), "says 9 imports"},
		"applet count":        {change(func(p pack) { p[2][31] = 9 }), "says 9 applets"},
		"custom count":        {change(func(p pack) { p[2][32] = 1 }), "custom"},
		"name not UTF-8":      {change(func(p pack) { p[1][len(p[1])-1] = 0xFF }), "UTF-8"},
		"too large": {change(func(p pack) {
			p[7], p[5] = make([]byte, 40000), make([]byte, 40000)
			p[2] = p.directory(2)
		}), "can be loaded"},
	} {
		if _, err := ram.ParseCAP(c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestBrokenZIPsAreRefused(t *testing.T) {
	t.Parallel()
	good := hello(2).entries()
	with := func(e ...entry) []entry { return slices.Concat(good, e) }
	many := make([]entry, 2048)
	for i := range many {
		many[i].name = strings.Repeat("x", i%8+1) + "/a.class"
	}
	for name, c := range map[string]struct {
		entries []entry
		want    string
	}{
		"no components":     {good[:1], "no components"},
		"extended format":   {with(entry{helloDir + "Header.capx", nil}), "extended"},
		"second package":    {with(entry{"com/other/javacard/Header.cap", component(1, nil)}), "several packages"},
		"same entry twice":  {with(good[3]), "twice"},
		"unknown component": {with(entry{helloDir + "Custom.cap", nil}), "custom"},
		"wrong tag":         {[]entry{{helloDir + "Header.cap", component(2, nil)}}, "want tag 01"},
		"wrong size":        {[]entry{{helloDir + "Header.cap", append(component(1, nil), 0)}}, "says it has 0"},
		"too many entries":  {with(many...), "at most 2048"},
		"bomb":              {with(entry{helloDir + "Export.cap", make([]byte, 1<<20)}), "65538"},
	} {
		if _, err := ram.ParseCAP(zipped(t, zip.Deflate, c.entries...)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
	if _, err := ram.ParseCAP(append([]byte("PK"), make([]byte, 5<<20)...)); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("large file: %v", err)
	}
}

// A size that lies in the directory of the ZIP does not let more in.
func TestZIPSizesAreNotTrusted(t *testing.T) {
	t.Parallel()
	big := component(10, make([]byte, 0xFFFF))
	b := zipped(t, zip.Store, entry{helloDir + "Export.cap", append(big, make([]byte, 1000)...)})
	size := []byte{0xEA, 0x03, 0x01, 0x00} // 66,538 little-endian
	if bytes.Count(b, size) < 2 {
		t.Fatal("size is not where it should be")
	}
	lying := bytes.ReplaceAll(b, size, []byte{0x02, 0, 0, 0})
	if _, err := ram.ParseCAP(lying); err == nil {
		t.Error("a lying ZIP is read")
	}
}

func TestCAPIsDescribed(t *testing.T) {
	t.Parallel()
	got := mustParseCAP(t, read(t, helloCAP)).Describe()
	want := []string{
		`package "com/simota/hello" (F053494D4F544101) version 1.0, CAP format 2.2`,
		"applet module F053494D4F54410101",
		"needs javacard.framework 1.3 (Java Card 2.2.2)",
		"needs uicc.toolkit 1.0",
		"components in octets: Header 38, Directory 36, Import 33, Applet 16, Class 25, Method 42, StaticField 13, ConstantPool 33, RefLocation 13, Descriptor 79, Debug 16",
		"load file of 328 octets, 249 without Descriptor",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := (ram.Import{AID: sat.AID("\xF0other"), Version: ram.Version{Major: 2, Minor: 1}}).String(); got != "package F06F74686572 2.1" {
		t.Errorf("unknown package: %q", got)
	}
}
