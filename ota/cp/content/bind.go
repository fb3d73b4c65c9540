package content

import (
	"strconv"

	"github.com/simota/simota/ota/cp"
)

// Rest is what a characteristic holds beside what its type knows.
type Rest struct {
	// Other are parms of other names, and those whose field cannot hold them: a
	// second one where the standard has one, a flag with a value, a value that
	// is empty, missing or no number.
	Other []cp.Parm
	// Own are characteristics of other types.
	Own []cp.Characteristic
}

func (r *Rest) rest() *Rest     { return r }
func (*Rest) parms() []parm     { return nil }
func (*Rest) children() []child { return nil }

// typed is a characteristic that has a Go type. Its lists serve reading and
// writing alike, in the order of writing.
type typed interface {
	parms() []parm
	children() []child
	rest() *Rest
}

// parm binds the name of a parm to the field that holds it: *string,
// *cp.Secret, *[]string, *bool for a flag, *uint16, or *[]Route, which has two
// names.
type parm struct {
	name string
	to   any
	or   string
}

func (b parm) is(name string) bool { return name != "" && (name == b.name || name == b.or) }

// put stores a parm and says whether the field could hold it without loss.
func (b parm) put(p cp.Parm) bool {
	if flag, ok := b.to.(*bool); ok {
		ok = p.Value == nil && !*flag
		*flag = *flag || ok
		return ok
	}
	if p.Value == nil {
		return false
	}
	switch v := *p.Value; to := b.to.(type) {
	case *string:
		return first(to, v)
	case *cp.Secret:
		return first(to, cp.Secret(v))
	case *uint16:
		n, err := strconv.ParseUint(v, 10, 16)
		return err == nil && strconv.FormatUint(n, 10) == v && first(to, uint16(n))
	case *[]string:
		*to = append(*to, v)
	case *[]Route:
		*to = append(*to, Route{Proxy: p.Name == b.name, ID: v})
	}
	return true
}

// first sets what is not set yet.
func first[T comparable](to *T, v T) bool {
	var zero T
	if v == zero || *to != zero {
		return false
	}
	*to = v
	return true
}

// appendTo appends what the field holds.
func (b parm) appendTo(ps []cp.Parm) []cp.Parm {
	add := func(name, value string) { ps = append(ps, cp.Parm{Name: name, Value: &value}) }
	switch to := b.to.(type) {
	case *bool:
		if *to {
			ps = append(ps, cp.Parm{Name: b.name})
		}
	case *string:
		if *to != "" {
			add(b.name, *to)
		}
	case *cp.Secret:
		if *to != "" {
			add(b.name, string(*to))
		}
	case *uint16:
		if *to != 0 {
			add(b.name, strconv.Itoa(int(*to)))
		}
	case *[]string:
		for _, v := range *to {
			add(b.name, v)
		}
	case *[]Route:
		for _, r := range *to {
			name := b.or
			if r.Proxy {
				name = b.name
			}
			add(name, r.ID)
		}
	}
	return ps
}

// child binds a type of characteristic to the list that holds all of that type.
type child struct {
	kind  string
	read  func(cp.Characteristic)
	write func() []cp.Characteristic
}

func list[T any, P interface {
	*T
	typed
}](kind string, to *[]T) child {
	return child{
		kind: kind,
		read: func(c cp.Characteristic) {
			var t T
			read(c, P(&t))
			*to = append(*to, t)
		},
		write: func() []cp.Characteristic {
			var cs []cp.Characteristic
			for i := range *to {
				cs = append(cs, write(kind, P(&(*to)[i])))
			}
			return cs
		},
	}
}

// read fills a type from a characteristic. Once a parm went to the rest, all
// later ones of its name do, so that their order survives.
func read(c cp.Characteristic, t typed) {
	bound, r := t.parms(), t.rest()
	spilled := make([]bool, len(bound))
	for _, p := range c.Parms {
		kept := false
		for i, b := range bound {
			if b.is(p.Name) {
				kept = !spilled[i] && b.put(p)
				spilled[i] = !kept
				break
			}
		}
		if !kept {
			r.Other = append(r.Other, p)
		}
	}
	r.Own = readChildren(c.Children, t.children())
}

// readChildren returns what has no list.
func readChildren(cs []cp.Characteristic, lists []child) (own []cp.Characteristic) {
	for _, c := range cs {
		known := false
		for _, l := range lists {
			if known = l.kind == c.Type; known {
				l.read(c)
				break
			}
		}
		if !known {
			own = append(own, c)
		}
	}
	return own
}

// write is the opposite of read.
func write(kind string, t typed) cp.Characteristic {
	c := cp.Characteristic{Type: kind}
	for _, b := range t.parms() {
		c.Parms = b.appendTo(c.Parms)
	}
	c.Parms = append(c.Parms, t.rest().Other...)
	c.Children = writeChildren(t.children(), t.rest().Own)
	return c
}

func writeChildren(lists []child, own []cp.Characteristic) []cp.Characteristic {
	var cs []cp.Characteristic
	for _, l := range lists {
		cs = append(cs, l.write()...)
	}
	return append(cs, own...)
}
