package cp

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Programs of other people judge what is written here. .ci/run installs them.

func judge(t *testing.T, name, pkg string) func(args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: apt-get install %s", name, pkg)
	}
	return func(args ...string) string {
		t.Helper()
		out, err := exec.Command(path, args...).Output()
		if err != nil {
			t.Fatalf("%s %v: %v", name, args, err)
		}
		return string(out)
	}
}

// judged are documents that try every token, and what has gone wrong elsewhere.
func judged(t *testing.T) map[string]Document {
	t.Helper()
	names, types, values := everyWord()
	every := map[string]Document{
		"typical": typical(),
		"text that looks like tokens": napWith(
			set("NAP-ADDRESS", "apn"), set("NAME", "IPV4V6"), set("AUTHNAME", "a,b"), set("AUTHSECRET", "PAPCHAP"), set("AUTHTYPE", "pap"),
			set("LOCAL-ADDRTYPE", "GSM-GPRSX"), set("TOKEN", "<&>\"'"),
		),
		"empty and no value":    napWith(set("AUTHSECRET", ""), Parm{Name: "INTERNET"}, Parm{Name: "INIT"}, set("TRUST", "")),
		"beyond the basic page": napWith(set("NAME", "é 移動 🛰")),
		"version 1.0":           {Version: "1.0", Children: napWith(set("NAME", "A")).Children},
		"no version":            {Children: napWith(set("NAME", "A")).Children},
		"nested":                nested(MaxDepth),
	}
	for _, v := range vectors(t) {
		every[v.ID] = must[Document](t)(ParseXML([]byte(v.XML)))
	}
	var all Document
	var ps []Parm
	for _, n := range names {
		switch n {
		case "NAPID", "PROXY-ID", "PHYSICAL-PROXY-ID", "TO-NAPID", "TO-PROXY":
			ps = append(ps, set(n, "N1"))
		default:
			ps = append(ps, Parm{Name: n}, set(n, "x"))
		}
	}
	for _, typ := range types {
		all.Children = append(all.Children, Characteristic{Type: typ, Parms: []Parm{set("NAME", typ)}})
	}
	for _, v := range values {
		ps = append(ps, set("BEARER", v), set("AAUTHTYPE", v))
	}
	all.Children = append(all.Children, Characteristic{Type: "NAPDEF", Parms: ps})
	every["every word"] = all
	return every
}

func TestLibwbxmlReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	wbxml2xml := judge(t, "wbxml2xml", "libwbxml2-utils")
	file := filepath.Join(t.TempDir(), "body")
	for name, want := range judged(t) {
		body := must[[]byte](t)(want.AppendWBXML(nil))
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ParseXML([]byte(wbxml2xml("-o", "-", file)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-ours +libwbxml)\n%s", name, diff)
		}
	}
}

func TestWhatLibwbxmlWritesIsRead(t *testing.T) {
	t.Parallel()
	xml2wbxml := judge(t, "xml2wbxml", "libwbxml2-utils")
	dir := t.TempDir()
	in, out := filepath.Join(dir, "xml"), filepath.Join(dir, "wbxml")
	for name, want := range judged(t) {
		if err := os.WriteFile(in, []byte(want.XML()), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"-n"}, {}, {"-k"}, {"-k", "-n"}, {"-v", "1.0"}, {"-v", "1.1", "-n"}, {"-v", "1.2"}} {
			xml2wbxml(append(args, "-o", out, in)...)
			body, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseWBXML(body)
			if err != nil {
				t.Errorf("%s %v: %v in %X", name, args, err, body)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %v: (-XML +WBXML)\n%s", name, args, diff)
			}
		}
	}
}

// capture is a pcap file of raw IPv4 with one UDP datagram to a port for each
// payload.
func capture(t *testing.T, port uint16, payloads ...[]byte) string {
	t.Helper()
	le, be := binary.LittleEndian, binary.BigEndian
	file := le.AppendUint32(nil, 0xA1B2C3D4)
	file = le.AppendUint16(file, 2)
	file = le.AppendUint16(file, 4)
	file = append(file, make([]byte, 8)...)
	file = le.AppendUint32(file, 0xFFFF)
	file = le.AppendUint32(file, 101) // raw IP
	for _, p := range payloads {
		size := uint32(20 + 8 + len(p))
		file = append(file, make([]byte, 8)...) // time
		file = le.AppendUint32(le.AppendUint32(file, size), size)
		file = be.AppendUint16(append(file, 0x45, 0), uint16(size))
		file = append(file, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
		file = be.AppendUint16(be.AppendUint16(file, SourcePort), port)
		file = append(be.AppendUint16(file, uint16(8+len(p))), 0, 0)
		file = append(file, p...)
	}
	name := filepath.Join(t.TempDir(), "push.pcap")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTsharkReadsThePush(t *testing.T) {
	t.Parallel()
	tshark := judge(t, "tshark", "tshark")
	var pushes [][]byte
	var names []string
	var want [][]string
	add := func(name string, d Document, m Message, head string) {
		pushes = append(pushes, must[[]byte](t)(m.AppendBinary(nil)))
		names, want = append(names, name), append(want, append(texts(d.Children), "PDU Type: Push (0x06)", head))
	}
	for name, d := range judged(t) {
		body := must[[]byte](t)(d.AppendWBXML(nil))
		for sec := NETWPIN; sec <= USERPINMAC; sec++ {
			m := must[Message](t)(Sign(Provisioning, body, sec, []byte("12345")))
			add(name, d, m, "Content-Type: application/vnd.wap.connectivity-wbxml; SEC="+sec.String()+"; MAC="+m.MAC)
		}
		add(name, d, Message{Type: Provisioning, Body: body}, "Content-Type: application/vnd.wap.connectivity-wbxml\n")
	}
	frames := strings.Split(tshark("-r", capture(t, Port, pushes...), "-V"), "\nFrame ")
	if len(frames) != len(pushes) {
		t.Fatalf("%d frames of %d pushes", len(frames), len(pushes))
	}
	for i, frame := range frames {
		for _, w := range want[i] {
			if !strings.Contains(frame, w) {
				t.Errorf("%s: no %q", names[i], w)
			}
		}
		for _, bad := range []string{"Malformed", "not defined"} {
			if strings.Contains(frame, bad) {
				t.Errorf("%s: %s in %s", names[i], bad, frame)
			}
		}
	}
}

// texts are the words of a document as tshark shows them, those that it need
// not escape.
func texts(cs []Characteristic) []string {
	var list []string
	add := func(s string) {
		if isPlain(s) && !strings.ContainsAny(s, `<&>"'`) {
			list = append(list, "'"+s+"'")
		}
	}
	for _, c := range cs {
		add(c.Type)
		for _, p := range c.Parms {
			add(p.Name)
			if p.Value != nil {
				add(*p.Value)
			}
		}
		list = append(list, texts(c.Children)...)
	}
	return list
}

func TestTsharkReadsNotificationAndBootstrap(t *testing.T) {
	t.Parallel()
	tshark := judge(t, "tshark", "tshark")
	n := example()
	m := must[Message](t)(Sign(DMBootstrap, []byte("body"), NETWPIN, []byte("key")))
	text := tshark("-r", capture(t, Port, must[[]byte](t)(n.AppendPush(nil)), must[[]byte](t)(m.AppendBinary(nil))), "-V")
	for _, want := range []string{
		"Content-Type: application/vnd.syncml.notification\n", "X-Wap-Application-Id: x-wap-application:syncml.dm\n", "(30 bytes)",
		"Content-Type: application/vnd.syncml.dm+wbxml; SEC=NETWPIN; MAC=" + m.MAC,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}
