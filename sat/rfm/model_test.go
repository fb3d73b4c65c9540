package rfm_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
)

const (
	usimApp = "A0000000871002"
	isimApp = "A0000000871004"
)

// model is a small card: files by application and path, each a list of records
// or, of a transparent file, one.
type model struct {
	files map[string][][]byte
	app   string
	dir   string // path, "" is the MF
	ef    string
}

func newModel() *model { return &model{files: map[string][][]byte{}, app: usimApp, dir: "7FFF"} }

// restart puts the card to where a packet finds it.
func (m *model) restart() { m.app, m.dir, m.ef = usimApp, "7FFF", "" }

func (m *model) clone() *model {
	c := newModel()
	same := map[*byte][][]byte{} // files that are one file stay one
	for k, f := range m.files {
		if c.files[k] = same[&f[0][0]]; c.files[k] == nil {
			for _, r := range f {
				c.files[k] = append(c.files[k], bytes.Clone(r))
			}
			same[&f[0][0]] = c.files[k]
		}
	}
	return c
}

func where(f rfm.File) string {
	app := ""
	if f.Path[0] == sat.ADFUSIM {
		if app = usimApp; f.App != nil {
			app = f.App.String()
		}
	}
	return app + ":" + rfm.FormatPath(f.Path)
}

func (m *model) at(path string) string {
	if strings.HasPrefix(path, "7FFF") {
		return m.app + ":" + path
	}
	return ":" + path
}

func joined(dir string, data []byte) string {
	for ; len(data) > 0; data = data[2:] {
		dir += "/" + rfm.FormatPath([]sat.FID{sat.FID(data[0])<<8 | sat.FID(data[1])})
	}
	return strings.TrimPrefix(dir, "/")
}

// selects follows ETSI TS 102 221, 8.4 and 11.1.1, as far as it is used.
func (m *model) selects(c sat.Command) bool {
	path := ""
	switch c.P1 {
	case 0x04:
		for _, app := range []string{usimApp, isimApp} {
			if app == sat.AID(c.Data).String() {
				m.app, m.dir, m.ef = app, "7FFF", ""
				return true
			}
		}
		return false
	case 0x00:
		if path = joined(m.dir, c.Data); bytes.Equal(c.Data, []byte{0x7F, 0xFF}) {
			path = "7FFF"
		}
	case 0x08:
		path = joined("", c.Data)
	case 0x09:
		path = joined(m.dir, c.Data)
	}
	if path == "7FFF" {
		m.dir, m.ef = path, ""
		return true
	}
	if m.files[m.at(path)] == nil {
		return false
	}
	m.ef = m.at(path)
	m.dir = path[:max(0, strings.LastIndex(path, "/"))]
	return true
}

// run executes one command.
func (m *model) run(t *rapid.T, c sat.Command) []byte {
	if _, err := c.AppendBinary(nil); err != nil {
		t.Fatal(err)
	}
	if c.INS == 0xA4 {
		if !m.selects(c) {
			t.Fatalf("%v in %s of %s: no such file", c.Describe(), m.dir, m.app)
		}
		return nil
	}
	rec, at := 0, int(c.P1)<<8|int(c.P2)
	if c.INS == 0xB2 || c.INS == 0xDC {
		rec, at = int(c.P1)-1, 0
	}
	b := m.files[m.ef][rec]
	switch c.INS {
	case 0xB0, 0xB2:
		return bytes.Clone(b[at:min(len(b), at+c.Le)])
	case 0xD6, 0xDC:
		if at+len(c.Data) > len(b) || c.INS == 0xDC && len(c.Data) != len(b) {
			t.Fatalf("%s does not fit %d octets", c.Describe(), len(b))
		}
		copy(b[at:], c.Data)
	default:
		t.Fatalf("%s", c.Describe())
	}
	return nil
}

// world is a card of the old operator, what is asked of it, and what it shall be.
type world struct {
	card  *model
	names []string
	sizes map[string]int
	id    rfm.Identity
}

func (w *world) snapshot(t *rapid.T) rfm.Snapshot {
	reading, err := rfm.Read(w.names, w.id.Items, w.sizes)
	if err != nil {
		t.Fatal(err)
	}
	snap := rfm.Snapshot{}
	w.card.restart()
	for i, c := range reading.Commands {
		reading.Learn(i, w.card.run(t, c), snap)
	}
	return snap
}

func draw(t *rapid.T) *world {
	w := &world{card: newModel(), sizes: map[string]int{}}
	plmn := rapid.StringMatching(`[0-9]{5,6}`).Draw(t, "home")
	w.id = rfm.Identity{
		IMSI: plmn + rapid.StringMatching(`[0-9]{4,9}`).Draw(t, "imsi"), MSISDN: "+5511900000017", SMSC: "+5511900000001",
		PLMNs: []rfm.PLMN{rfm.PLMN(plmn), "99971"}, Values: map[string][]byte{}, Content: map[string]json.RawMessage{},
	}
	for _, f := range rfm.Files() {
		if f.Swap == rfm.Untouched || f.Structure == rfm.BERTLV || f.Name != "imsi" && rapid.IntRange(0, 3).Draw(t, f.Name) == 0 {
			continue
		}
		w.add(t, f)
	}
	w.names = rapid.Permutation(w.names).Draw(t, "order")
	if rapid.Bool().Draw(t, "items") {
		w.addItems(t)
	}
	return w
}

// add puts a file on the card, its records, and asks for some of them.
func (w *world) add(t *rapid.T, f rfm.File) {
	size := f.Size
	switch {
	case f.Unit > 0:
		size = f.Unit * rapid.IntRange(2, 120).Draw(t, "entries")
	case f.Name == "gsm/ad":
		size = rapid.IntRange(3, 4).Draw(t, "size")
	case f.Structure.Records():
		size = rapid.IntRange(max(70, f.Least), 255).Draw(t, "size")
	case size == 0:
		size = max(f.Least, rapid.SampledFrom([]int{64, 70, 255, 256, 257, 600}).Draw(t, "size"))
	}
	records := 1
	if f.Structure.Records() {
		records = rapid.IntRange(1, 3).Draw(t, "records")
	}
	shared := false
	if twin, ok := rfm.Lookup(f.Twin); ok && rapid.Bool().Draw(t, "shared") {
		if c := w.card.files[where(twin)]; c != nil && w.id.Values[twin.Name] == nil && w.id.Content[twin.Name] == nil {
			w.card.files[where(f)], size, records, shared = c, len(c[0]), len(c), true
		}
	}
	if !shared {
		w.card.files[where(f)] = contents(t, f, size, records)
	}
	for i := range w.card.files[where(f)] {
		name := f.Name
		if i > 0 {
			name += "#" + string(rune('1'+i))
		}
		old := w.card.files[where(f)][i]
		if _, err := rfm.Want(name, old, w.id); err != nil {
			if shared || !strings.Contains(err.Error(), "nothing says") {
				continue // no more is asked of this record
			}
			w.id.Values[name] = changed(t, old)
		}
		w.names, w.sizes[name] = append(w.names, name), len(old)
	}
}

func contents(t *rapid.T, f rfm.File, size, records int) (list [][]byte) {
	for range records {
		b := rapid.SliceOfN(rapid.SampledFrom([]byte{0xFF, 0x00, 0x21}), size, size).Draw(t, "content")
		switch f.Name {
		case "imsi", "gsm/imsi":
			b, _ = rfm.EncodeIMSI("262010000000001")
		case "ad":
			copy(b, []byte{0, 0, 0, 3})
		}
		list = append(list, b)
	}
	return list
}

// changed is b with some of its octets changed, or none.
func changed(t *rapid.T, b []byte) []byte {
	b = bytes.Clone(b)
	for range rapid.IntRange(0, 6).Draw(t, "changes") {
		b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] ^= 0x42
	}
	return b
}

func (w *world) addItems(t *rapid.T) {
	for _, path := range [][]sat.FID{{sat.ADFUSIM, 0x6FFE}, {0x7F50, 0x4F01}, {0x2FFE}} {
		i := rfm.Item{Path: path, Offset: rapid.IntRange(0, 300).Draw(t, "offset")}
		b := rapid.SliceOfN(rapid.Byte(), 700, 700).Draw(t, "octets")
		i.Data = changed(t, b[i.Offset:i.Offset+rapid.IntRange(1, 400).Draw(t, "length")])
		if rapid.Bool().Draw(t, "record") {
			i.Offset, i.Record, b = 0, 2, b[:200]
			i.Data = changed(t, b)
		}
		w.card.files[where(i.File())] = [][]byte{b, bytes.Clone(b)}
		w.id.Items = append(w.id.Items, i)
	}
}

func TestDiffMakesTheCardWhatIsWanted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := draw(t)
		for round := range 3 {
			snap := w.snapshot(t)
			updates, err := rfm.Diff(w.names, snap, w.id)
			if err != nil {
				t.Fatal(err)
			}
			later, err := rfm.Later(w.names, snap, w.id)
			if err != nil {
				t.Fatal(err)
			}
			if len(updates) == 0 && len(later) == 0 {
				checkWanted(t, w, snap)
				return
			}
			if round == 2 {
				t.Fatalf("still to do: %v, later %v", updates, later)
			}
			checkOrder(t, updates)
			checkFences(t, w.card.clone(), updates)
			checkCommands(t, w.card, updates)
		}
	})
}

// checkWanted compares the card with what each file shall hold.
func checkWanted(t *rapid.T, w *world, snap rfm.Snapshot) {
	for _, name := range w.names {
		want, err := rfm.Want(name, snap[name], w.id)
		if err != nil || !bytes.Equal(want, snap[name]) {
			t.Fatalf("%s is %X, want %X, %v", name, snap[name], want, err)
		}
	}
	for _, i := range w.id.Items {
		if !bytes.Equal(snap[i.Name()], i.Data) {
			t.Fatalf("%v differs", i)
		}
	}
}

func checkOrder(t *rapid.T, updates []rfm.Update) {
	last := len(updates) - 1
	for i, u := range updates {
		switch u.File.Name {
		case "imsi":
			if i != last || len(u.New) != 9 || u.Offset != 0 {
				t.Fatalf("IMSI is update %d of %d, %d octets", i+1, last+1, len(u.New))
			}
		case "smsp":
			if u.Record == 1 && i != last && (i != last-1 || updates[last].File.Name != "imsi") {
				t.Fatalf("SMSP is update %d of %d", i+1, last+1)
			}
		}
	}
}

// checkFences runs update after update, as if each were the last of a packet,
// and asks the fence before and after it.
func checkFences(t *rapid.T, card *model, updates []rfm.Update) {
	ask := func(u rfm.Update) []byte {
		card.restart()
		var answer []byte
		for _, c := range rfm.Fence(u) {
			answer = card.run(t, c)
		}
		return answer
	}
	for _, u := range updates {
		if got := ask(u); bytes.Equal(u.Old, u.New) || !bytes.Equal(got, u.Old) {
			t.Fatalf("%v: before it the fence reads what is not old", u)
		}
		card.restart()
		for _, c := range u.Commands() {
			card.run(t, c)
		}
		if card.app != usimApp || card.dir != "7FFF" {
			t.Fatalf("%v leaves the card in %s of %s", u, card.dir, card.app)
		}
		if got := ask(u); !bytes.Equal(got, u.New) {
			t.Fatalf("%v: after it the fence reads what is not new", u)
		}
	}
}

// checkCommands runs the whole list, and looks at the IMSI after each command
// but the last.
func checkCommands(t *rapid.T, card *model, updates []rfm.Update) {
	imsi, _ := rfm.Lookup("imsi")
	old := bytes.Clone(card.files[where(imsi)][0])
	commands := rfm.Commands(updates)
	card.restart()
	for i, c := range commands {
		if i > 0 && !bytes.Equal(card.files[where(imsi)][0], old) {
			t.Fatalf("the IMSI is written %d commands before the end", len(commands)-i)
		}
		card.run(t, c)
	}
	var one []sat.Command
	for _, u := range updates {
		one = append(one, u.Commands()...)
	}
	if a, b := octetsOf(t, commands), octetsOf(t, one); a > b {
		t.Fatalf("together %d octets, one by one %d", a, b)
	}
	if i := slices.IndexFunc(commands, func(c sat.Command) bool { return c.INS == 0xA4 && bytes.Equal(c.Data, []byte{0x7F, 0xFF}) }); i >= 0 {
		t.Fatalf("command %d selects 7FFF alone", i)
	}
}

func octetsOf(t *rapid.T, commands []sat.Command) int {
	n := 0
	for _, c := range commands {
		b, err := c.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		n += len(b)
	}
	return n
}
