package content

import (
	"fmt"

	"github.com/simota/simota/ota/cp"
)

// element is a characteristic, or the root, with where it is.
type element struct {
	kind  string // empty for the root
	path  string
	parms []cp.Parm
	kids  []*element
	// version is that of the root.
	version string
}

// tree numbers the characteristics of a document, down to cp.MaxDepth: a deeper
// one cannot be sent anyway.
func tree(d cp.Document) *element {
	return &element{version: d.Version, kids: elements("", d.Children, cp.MaxDepth)}
}

func elements(above string, cs []cp.Characteristic, depth int) []*element {
	if depth == 0 {
		return nil
	}
	total, seen := map[string]int{}, map[string]int{}
	for _, c := range cs {
		total[c.Type]++
	}
	var es []*element
	for _, c := range cs {
		path := above + c.Type
		if seen[c.Type]++; total[c.Type] > 1 {
			path += fmt.Sprintf("[%d]", seen[c.Type])
		}
		es = append(es, &element{kind: c.Type, path: path, parms: c.Parms, kids: elements(path+"/", c.Children, depth-1)})
	}
	return es
}

// walk visits the element and everything below it.
func (e *element) walk(visit func(*element)) {
	visit(e)
	for _, k := range e.kids {
		k.walk(visit)
	}
}

// all are the children of a type.
func (e *element) all(kind string) []*element {
	var es []*element
	for _, k := range e.kids {
		if k.kind == kind {
			es = append(es, k)
		}
	}
	return es
}

// below are the children of a type of the children of another.
func (e *element) below(kind, inner string) []*element {
	var es []*element
	for _, k := range e.all(kind) {
		es = append(es, k.all(inner)...)
	}
	return es
}

// values are those of all parms of a name that have one.
func (e *element) values(name string) []string {
	var vs []string
	for _, p := range e.parms {
		if p.Name == name && p.Value != nil {
			vs = append(vs, *p.Value)
		}
	}
	return vs
}

// value is the first of values, empty without one.
func (e *element) value(name string) string {
	for _, p := range e.parms {
		if p.Name == name && p.Value != nil {
			return *p.Value
		}
	}
	return ""
}

// has says whether the parm is there, with a value or without.
func (e *element) has(name string) bool {
	for _, p := range e.parms {
		if p.Name == name {
			return true
		}
	}
	return false
}

// at is the path of a parm of the element.
func (e *element) at(name string) string {
	if e.path == "" {
		return name
	}
	return e.path + "/" + name
}

// applications are those with one of the identifiers.
func (e *element) applications(ids ...string) []*element {
	var es []*element
	for _, a := range e.all("APPLICATION") {
		for _, id := range ids {
			if a.value("APPID") == id {
				es = append(es, a)
			}
		}
	}
	return es
}

// each makes hits of the elements for which find returns a detail that is not
// empty, at the parm if it is named.
func each(es []*element, at string, find func(*element) (detail string, ok bool)) []hit {
	var hits []hit
	for _, e := range es {
		if detail, ok := find(e); ok {
			path := e.path
			if at != "" {
				path = e.at(at)
			}
			hits = append(hits, hit{path, detail})
		}
	}
	return hits
}
