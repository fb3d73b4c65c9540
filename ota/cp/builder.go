package cp

import "fmt"

// Element and attribute names of a provisioning document.
const (
	rootElement  = "wap-provisioningdoc"
	charElement  = "characteristic"
	parmElement  = "parm"
	attrName     = "name"
	attrValue    = "value"
	attrType     = "type"
	attrVersion  = "version"
	unknownPlace = "cp: <%s> at an unexpected place: %w"
)

type attr struct{ name, value string }

// builder turns start and end of elements, from XML or WBXML, into a Document
// and holds both to the document type definition.
type builder struct {
	doc    Document
	open   []Characteristic // innermost last
	inRoot bool
	inParm bool
	done   bool
}

func (t *builder) start(element string, attrs []attr) error {
	got, err := attributes(element, attrs)
	if err != nil {
		return err
	}
	switch {
	case t.done || t.inParm:
	case element == rootElement && !t.inRoot:
		t.inRoot = true
		if v := got[attrVersion]; v != nil {
			t.doc.Version = *v
		}
		return checkText(attrVersion, t.doc.Version)
	case element == charElement && t.inRoot:
		if got[attrType] == nil {
			return fmt.Errorf("cp: characteristic without a type: %w", ErrMalformed)
		}
		if len(t.open) == MaxDepth {
			return errDepth()
		}
		t.open = append(t.open, Characteristic{Type: *got[attrType]})
		return checkName("characteristic type", *got[attrType])
	case element == parmElement && len(t.open) > 0:
		return t.parm(got)
	}
	return fmt.Errorf(unknownPlace, element, ErrMalformed)
}

func (t *builder) parm(got map[string]*string) error {
	if got[attrName] == nil {
		return fmt.Errorf("cp: parm without a name: %w", ErrMalformed)
	}
	p := Parm{Name: *got[attrName], Value: got[attrValue]}
	if err := checkName("parm name", p.Name); err != nil {
		return err
	}
	if p.Value != nil {
		if err := checkText(p.Name, *p.Value); err != nil {
			return err
		}
	}
	in := &t.open[len(t.open)-1]
	in.Parms = append(in.Parms, p)
	t.inParm = true
	return nil
}

// end closes the innermost open element; the caller pairs it with a start.
func (t *builder) end() {
	switch n := len(t.open); {
	case t.inParm:
		t.inParm = false
	case n > 1:
		in := &t.open[n-2]
		in.Children = append(in.Children, t.open[n-1])
		t.open = t.open[:n-1]
	case n == 1:
		t.doc.Children = append(t.doc.Children, t.open[0])
		t.open = t.open[:0]
	default:
		t.done = true
	}
}

func (t *builder) finish() (Document, error) {
	if !t.done {
		return Document{}, fmt.Errorf("cp: document is not complete: %w", ErrMalformed)
	}
	if len(t.doc.Children) == 0 {
		return Document{}, fmt.Errorf("cp: document has no characteristic: %w", ErrMalformed)
	}
	return t.doc, nil
}

// attributes refuses what the element does not have, and doubles.
func attributes(element string, attrs []attr) (map[string]*string, error) {
	got := make(map[string]*string, 2)
	for _, a := range attrs {
		known := false
		switch element {
		case rootElement:
			known = a.name == attrVersion
		case charElement:
			known = a.name == attrType
		case parmElement:
			known = a.name == attrName || a.name == attrValue
		}
		if !known || got[a.name] != nil {
			return nil, fmt.Errorf("cp: <%s> with unknown or repeated attribute %q: %w", element, a.name, ErrMalformed)
		}
		got[a.name] = &a.value
	}
	return got, nil
}
