package explain

import "fmt"

// Bounds of a tree: deep enough for an ENVELOPE with a short message with a
// packet with a script, wide enough for any one message.
const (
	maxNodes = 5000
	maxDepth = 24
)

// decoder is what the layers of one tree share.
type decoder struct {
	o     Options
	nodes int
	full  bool
}

// attach puts a node into the tree, while there is room.
func (d *decoder) attach(parent, child *Node) {
	if d.nodes >= maxNodes {
		d.full = true
		return
	}
	d.nodes++
	parent.Children = append(parent.Children, child)
}

// say adds a finding.
func (n *Node) say(level Level, format string, args ...any) {
	n.Findings = append(n.Findings, Finding{level, fmt.Sprintf(format, args...)})
}

// set writes the words of a node.
func (n *Node) set(format string, args ...any) { n.Value = fmt.Sprintf(format, args...) }

// layer reads the octets of a node from the front and draws them as its
// children.
type layer struct {
	d     *decoder
	node  *Node
	b     []byte // octets of this node, of an object its value
	whole []byte // of an object, tag and length included; nil otherwise
	base  int    // offset of b[0]
	pos   int    // octets read
	depth int
}

func (l *layer) left() int { return len(l.b) - l.pos }

// rest are the octets not read yet.
func (l *layer) rest() []byte { return l.b[l.pos:] }

// field draws the next n octets as one field. Where fewer are left it takes
// those, and says so: a layer that ends early is marked once, at that field.
func (l *layer) field(name string, n int) *Node {
	short := n > l.left()
	take := max(0, min(n, l.left()))
	f := &Node{Name: name, Offset: l.base + l.pos, Length: take, Raw: Hex(l.b[l.pos : l.pos+take : l.pos+take])}
	l.pos += take
	l.d.attach(l.node, f)
	if short {
		f.say(Wrong, "cut short: %s wanted, %d left", octets(n), take)
	}
	return f
}

// number draws the next n octets, 1 to 4, as a number.
func (l *layer) number(name string, n int) (int, *Node) {
	f := l.field(name, n)
	v := 0
	for _, o := range f.Raw {
		v = v<<8 | int(o)
	}
	f.set("%d", v)
	return v, f
}

// hidden draws the next n octets without showing them.
func (l *layer) hidden(name string, n int) *Node {
	f := l.field(name, n)
	f.Raw = nil
	f.set("%s, not shown", octets(f.Length))
	return f
}

// sub draws the next n octets, or what is left of them, as a node with
// children; the layer that is returned reads them.
func (l *layer) sub(name string, n int) *layer {
	f := l.field(name, n)
	b := []byte(f.Raw)
	f.Raw = nil
	return &layer{d: l.d, node: f, b: b, base: f.Offset, depth: l.depth + 1}
}

// over draws octets that are not among those of this layer, such as
// deciphered ones: their offsets count from 0.
func (l *layer) over(name string, b []byte) *layer {
	f := &Node{Name: name, Length: len(b), Layer: true}
	l.d.attach(l.node, f)
	return &layer{d: l.d, node: f, b: b, depth: l.depth + 1}
}

// words draws a line without octets.
func (l *layer) words(name, value string) *Node {
	f := &Node{Name: name, Offset: l.base + l.pos, Value: value}
	l.d.attach(l.node, f)
	return f
}

// deep says whether the tree must not grow deeper here.
func (l *layer) deep() bool { return l.depth >= maxDepth }

// asField turns a layer that nothing was drawn in into a field with its octets.
func (l *layer) asField() *Node {
	if len(l.node.Children) == 0 {
		l.node.Raw = Hex(l.b)
		if l.whole != nil {
			l.node.Raw = Hex(l.whole)
		}
		l.pos = len(l.b)
	}
	return l.node
}

// trailing marks what a layer did not read.
func (l *layer) trailing(what string) {
	if n := l.left(); n > 0 {
		l.field("left over", n).say(Wrong, "%s behind the end of %s", octets(n), what)
	}
}

// octets counts them in words.
func octets(n int) string {
	if n == 1 {
		return "1 octet"
	}
	return fmt.Sprintf("%d octets", n)
}
