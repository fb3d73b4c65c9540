package uicc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/simota/simota/sat"
)

// node is a place in the file tree: a directory, or an EF with its content.
type node struct {
	fid      sat.FID
	name     string
	sfi      byte    // short file identifier, 0 for none
	aid      sat.AID // of an ADF
	readOnly bool    // update: never
	parent   *node
	children []*node
	content  *content // nil for a directory
}

// content is what an EF holds. 2G and 3G places of one file share it.
type content struct {
	data        []byte
	recLen      int  // 0 for a transparent file
	cyclic      bool // record 1 is the one written last
	deactivated bool
	paid        int // octets of card memory a created file takes
}

func (c *content) records() int { return len(c.data) / c.recLen }

// record returns record n from 1, or nil if there is none.
func (c *content) record(n int) []byte {
	if c.recLen == 0 || n < 1 || n > c.records() {
		return nil
	}
	return c.data[(n-1)*c.recLen : n*c.recLen]
}

func (n *node) directory() bool { return n.content == nil }

func (n *node) child(fid sat.FID) *node {
	for _, c := range n.children {
		if c.fid == fid {
			return c
		}
	}
	return nil
}

func (n *node) bySFI(sfi byte) *node {
	for _, c := range n.children {
		if sfi != 0 && c.sfi == sfi {
			return c
		}
	}
	return nil
}

// tree is a subscription's files. The ADFs hang beside the MF: they have no identifier of their own but 7FFF.
type tree struct{ mf, usim, isim *node }

// AIDs of the applications (ETSI TS 101 220, annex E; the rest is this card's own).
var (
	aidUSIM = sat.AID{0xA0, 0, 0, 0, 0x87, 0x10, 0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, 0x01, 0}
	aidISIM = sat.AID{0xA0, 0, 0, 0, 0x87, 0x10, 0x04, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, 0x01, 0}
)

// isimPath begins paths in the ADF of the ISIM; 7FFF is the USIM's.
const isimPath = "ISIM/"

func newTree() *tree {
	return &tree{
		mf:   &node{fid: sat.MF, name: "MF"},
		usim: &node{fid: sat.ADFUSIM, name: "ADF.USIM", aid: aidUSIM},
		isim: &node{fid: sat.ADFUSIM, name: "ADF.ISIM", aid: aidISIM},
	}
}

func (t *tree) adfs() []*node { return []*node{t.usim, t.isim} }

// find looks a file up by its name in the standard tree or by its path.
func (t *tree) find(name string) *node {
	for _, root := range append(t.adfs(), t.mf) {
		if n := root.named(name); n != nil {
			return n
		}
	}
	n, fids, err := t.path(name)
	if err != nil {
		return nil
	}
	for _, fid := range fids {
		if n = n.child(fid); n == nil {
			return nil
		}
	}
	return n
}

func (n *node) named(name string) *node {
	if n.name == name {
		return n
	}
	for _, c := range n.children {
		if found := c.named(name); found != nil {
			return found
		}
	}
	return nil
}

// path splits a path into the root it begins at and the identifiers from there on.
func (t *tree) path(path string) (*node, []sat.FID, error) {
	if rest, ok := strings.CutPrefix(path, isimPath); ok {
		fids, err := parsePath(rest)
		return t.isim, fids, err
	}
	fids, err := parsePath(path)
	switch {
	case err != nil:
		return nil, nil, err
	case fids[0] == sat.ADFUSIM:
		return t.usim, fids[1:], nil
	case fids[0] == sat.MF:
		return t.mf, fids[1:], nil
	}
	return t.mf, fids, nil
}

// place puts an EF at a path and makes the directories on the way.
func (t *tree) place(path string, ef *node) error {
	dir, fids, err := t.path(path)
	if err != nil {
		return err
	}
	if len(fids) == 0 {
		return fmt.Errorf("uicc: path %q names a directory, want a file", path)
	}
	for _, fid := range fids[:len(fids)-1] {
		next := dir.child(fid)
		if next == nil {
			next = &node{fid: fid, name: dir.name + "/" + fid.String(), parent: dir}
			dir.children = append(dir.children, next)
		}
		if !next.directory() {
			return fmt.Errorf("uicc: path %q leads through the file %s", path, fid)
		}
		dir = next
	}
	ef.fid, ef.parent = fids[len(fids)-1], dir
	if dir.child(ef.fid) != nil {
		return fmt.Errorf("uicc: path %q is taken", path)
	}
	dir.children = append(dir.children, ef)
	return nil
}

func (n *node) remove() {
	n.parent.children = slices.DeleteFunc(n.parent.children, func(c *node) bool { return c == n })
}

func parsePath(path string) ([]sat.FID, error) {
	var fids []sat.FID
	for s := range strings.SplitSeq(path, "/") {
		v, err := strconv.ParseUint(s, 16, 16)
		if err != nil || len(s) != 4 {
			return nil, fmt.Errorf("uicc: file %q is neither a name of the standard tree nor a path like 7FFF/6F07", path)
		}
		fids = append(fids, sat.FID(v))
	}
	return fids, nil
}

// apply changes the tree as one card differs from the standard.
func (t *tree) apply(f File) error {
	n := t.find(f.Name)
	switch {
	case n != nil && n.directory():
		return fmt.Errorf("uicc: file %q is a directory", f.Name)
	case f.Absent && n == nil:
		return fmt.Errorf("uicc: file %q is not there and cannot be removed", f.Name)
	case f.Absent:
		n.remove()
		return nil
	case f.Size < 0 || f.Records < 0 || f.Records > 254 || f.Size > 0x7FFF:
		return fmt.Errorf("uicc: file %q with %d records of %d octets: not possible", f.Name, f.Records, f.Size)
	}
	if n == nil {
		n = &node{name: f.Name, content: &content{}}
		if err := t.place(f.Name, n); err != nil {
			return err
		}
	}
	c, err := n.content.resized(f)
	switch {
	case err != nil:
		return err
	case linked(n.name):
		n.content = c // from now on a file of its own
	default:
		*n.content = *c // also at its other places
	}
	return nil
}

func linked(name string) bool {
	for _, l := range links {
		if l.name == name {
			return true
		}
	}
	return false
}

// resized is a copy of the content with the size and data of f.
func (c *content) resized(f File) (*content, error) {
	size, records := f.Size, f.Records
	if records == 0 && c.recLen > 0 {
		records = c.records()
	}
	if size == 0 {
		size = c.recLen
		if records == 0 {
			size = len(c.data)
		}
	}
	if size == 0 && records == 0 {
		size = len(f.Data)
	}
	if size == 0 || records > 0 && size > 255 {
		return nil, fmt.Errorf("uicc: file %q with %d records of %d octets: not possible", f.Name, records, size)
	}
	data := f.Data
	if data == nil {
		data = c.relaid(size, records)
	}
	r := &content{data: filled(size * max(1, records)), cyclic: c.cyclic}
	if records > 0 {
		r.recLen = size
	}
	if len(data) > len(r.data) {
		return nil, fmt.Errorf("uicc: file %q has %d octets, %d do not fit", f.Name, len(r.data), len(data))
	}
	copy(r.data, data)
	return r, nil
}

// relaid is the old content for another size. Records with an alpha identifier in front keep their tail.
func (c *content) relaid(size, records int) []byte {
	if records == 0 || c.recLen == 0 {
		return c.data[:min(len(c.data), size)]
	}
	b := filled(size * records)
	for i := range min(records, c.records()) {
		from, to := c.record(i+1), b[i*size:(i+1)*size]
		n := min(len(from), len(to))
		copy(to[size-n:], from[len(from)-n:])
	}
	return b
}
