package ram_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"flag"
	"os"
	"testing"
	"time"
)

// The package of testdata/cap is made here, octet by octet: a toolkit applet
// that shows a greeting. It has every component that a card gets, and Debug;
// its code is plausible, not proven.

var update = flag.Bool("update", false, "write testdata/cap")

const (
	helloCAP = "../../testdata/cap/hello.cap"
	helloIJC = "../../testdata/cap/hello.ijc"
	helloDir = "com/simota/hello/javacard/"
)

var (
	helloPackage = []byte("\xF0SIMOTA\x01")
	helloModule  = []byte("\xF0SIMOTA\x01\x01")
	framework    = []byte{0xA0, 0, 0, 0, 0x62, 1, 1}
	uiccToolkit  = []byte{0xA0, 0, 0, 0, 0x09, 0, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0x12, 0, 0, 0}
)

// names of the components by tag; index 0 is none.
var names = []string{"", "Header", "Directory", "Applet", "Import", "ConstantPool", "Class", "Method", "StaticField",
	"RefLocation", "Export", "Descriptor", "Debug", "StaticResources"}

// pack is a package by tag of component, without tag and size.
type pack map[int][]byte

func u16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func lv(b []byte) []byte { return cat([]byte{byte(len(b))}, b) }

// hello makes the package in CAP format 2.minor, with a Debug component from
// 2.2 on.
func hello(minor byte) pack {
	methods, offsets, refs := helloMethods()
	install := offsets[1]
	p := pack{
		1: cat([]byte{0xDE, 0xCA, 0xFF, 0xED, minor, 2, 0x04, 0, 1}, lv(helloPackage)),
		3: cat([]byte{1}, lv(helloModule), u16(install)),
		4: cat([]byte{2}, []byte{3, 1}, lv(framework), []byte{0, 1}, lv(uiccToolkit)),
		5: cat(u16(7),
			[]byte{1, 0x80, 3, 0},    // 0 javacard.framework.Applet
			[]byte{1, 0, 0, 0},       // 1 Hello
			[]byte{6, 0x80, 3, 0},    // 2 Applet.<init>
			[]byte{6, 0, 0, 1},       // 3 Hello.<init>
			[]byte{3, 0x80, 3, 1},    // 4 Applet.register
			[]byte{6, 0x81, 4, 0},    // 5 ProactiveHandlerSystem.getTheHandler
			[]byte{3, 0x81, 5, 0x0C}, // 6 ProactiveHandler.initDisplayText
		),
		6: cat([]byte{0x01, 0x80, 3, 0, 0xFF, 0, 1, 8, 0, 0}, u16(1), u16(14), u16(17), []byte{0x81, 0, 1, 7}),
		7: methods,
		8: cat(u16(0), u16(0), u16(0), u16(0), u16(0)),
		9: cat(u16(0), u16(len(refs)), refs),
		11: cat([]byte{1, 0, 0x01}, u16(0), []byte{0}, u16(0), u16(4), describeMethods(methods, offsets),
			u16(7), bytes.Repeat([]byte{0xFF, 0xFF}, 7), []byte{1, 0x10}),
	}
	if minor >= 2 {
		p[1] = cat(p[1], lv([]byte("com/simota/hello")))
		p[6] = cat(u16(0), p[6]) // signature pool
		p[12] = cat(u16(1), u16(5), []byte("Hello"), u16(0), u16(0))
	}
	p[2] = p.directory(minor)
	return p
}

// describeMethods are the methods in the Descriptor: token, access, offset,
// type, length of code, no handlers.
func describeMethods(methods []byte, offsets []int) (b []byte) {
	ends := append(offsets[1:len(offsets):len(offsets)], len(methods))
	for i, at := range offsets {
		b = cat(b, []byte{byte(i), 0x01}, u16(at), u16(0x1E), u16(ends[i]-at-2), u16(0), u16(0))
	}
	return b
}

// helloMethods are the methods, their offsets, and where in them the two-octet
// references to the constant pool are, each as distance to the last.
func helloMethods() (methods []byte, offsets []int, refs []byte) {
	last := 0
	emit := func(b ...byte) { methods = append(methods, b...) }
	method := func(header ...byte) {
		offsets = append(offsets, len(methods))
		emit(header...)
	}
	ref := func(op byte, index int) {
		emit(op)
		refs = append(refs, byte(len(methods)-last))
		last = len(methods)
		emit(u16(index)...)
	}
	emit(0)            // no exception handlers
	method(0x01, 0x10) // <init>
	emit(0x18)         // aload_0
	ref(0x8C, 2)       // invokespecial
	emit(0x7A)         // return
	method(0x02, 0x30) // install
	ref(0x8F, 1)       // new
	emit(0x3D)         // dup
	ref(0x8C, 3)       // invokespecial
	ref(0x8B, 4)       // invokevirtual
	emit(0x7A)
	method(0x00, 0x20) // process
	emit(0x7A)
	method(0x04, 0x21) // processToolkit
	ref(0x8D, 5)       // invokestatic
	emit(0x2D, 0x1A, 0x03, 0x03, 0x10, 0x05)
	ref(0x8B, 6)
	emit(0x7A)
	return methods, offsets, refs
}

// directory tells the sizes of the others and its own.
func (p pack) directory(minor byte) []byte {
	last, own := 11, 31
	if minor >= 2 {
		last, own = 12, 33
	}
	if minor >= 3 {
		own += 4
	}
	var b []byte
	for t := 1; t <= last; t++ {
		if t == 2 {
			b = append(b, u16(own)...)
			continue
		}
		b = append(b, u16(len(p[t]))...)
	}
	if minor >= 3 {
		b = append(b, 0, 0, 0, 0)
	}
	return append(b, 0, 0, 0, 0, 0, 0, 2, 1, 0) // static field sizes, imports, applets, custom
}

func component(tag int, content []byte) []byte {
	return cat([]byte{byte(tag)}, u16(len(content)), content)
}

// ijc joins the components by tag.
func (p pack) ijc() []byte {
	var b []byte
	for t := 1; t <= 13; t++ {
		if p[t] != nil {
			b = append(b, component(t, p[t])...)
		}
	}
	return b
}

type entry struct {
	name    string
	content []byte
}

// entries are the files of a CAP file.
func (p pack) entries() []entry {
	list := []entry{{"META-INF/MANIFEST.MF", []byte("Manifest-Version: 1.0\r\nCreated-By: simota\r\n\r\nName: com/simota/hello\r\n" +
		"Java-Card-CAP-Creation-Time: none\r\nJava-Card-Converter-Version: none\r\nJava-Card-Converter-Provider: simota\r\n\r\n")}}
	for t := 1; t <= 13; t++ {
		if p[t] != nil {
			list = append(list, entry{helloDir + names[t] + ".cap", component(t, p[t])})
		}
	}
	return list
}

// zipped is a ZIP of the entries, the same every time if stored.
func zipped(t testing.TB, method uint16, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: method, Modified: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHelloFilesAreWhatTheGeneratorMakes(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][]byte{
		helloCAP: zipped(t, zip.Store, hello(2).entries()...),
		helloIJC: hello(2).ijc(),
	} {
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := read(t, path); !bytes.Equal(got, want) {
			t.Errorf("%s differs from the generator: run go test -update", path)
		}
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
