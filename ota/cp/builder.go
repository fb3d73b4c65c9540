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
	unknownPlace = "cp: <%.40s> at an unexpected place: %w"
)

// attr is an attribute as read. The name of an unknown one is not known: its
// token stands in the value.
type attr struct {
	name, value string
	unknown     bool
}

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
	key, value, err := attributes(element, attrs)
	if err != nil {
		return err
	}
	switch {
	case t.done || t.inParm:
	case element == rootElement && !t.inRoot:
		t.inRoot = true
		if key != nil {
			t.doc.Version = key.value
		}
		return checkText(attrVersion, t.doc.Version)
	case element == charElement && t.inRoot:
		if key == nil {
			return fmt.Errorf("cp: characteristic without a type: %w", ErrMalformed)
		}
		return t.characteristic(Characteristic{Type: key.value})
	case element == parmElement && len(t.open) > 0:
		return t.parm(key, value)
	}
	return fmt.Errorf(unknownPlace, element, ErrMalformed)
}

// startUnknown opens an element that the document type does not have, as a
// characteristic with its attributes as parms.
func (t *builder) startUnknown(tag string, attrs []attr) error {
	if t.done || t.inParm || !t.inRoot {
		return fmt.Errorf(unknownPlace, tag, ErrMalformed)
	}
	c := Characteristic{Type: tag}
	for _, a := range attrs {
		if a.unknown {
			a.name = unknownIn(a.value)
			a.value = a.value[len(a.name):]
		}
		p := Parm{Name: a.name, Value: &a.value}
		if err := p.checkRead(); err != nil {
			return err
		}
		c.Parms = append(c.Parms, p)
	}
	return t.characteristic(c)
}

func (t *builder) characteristic(c Characteristic) error {
	if len(t.open) == MaxDepth {
		return errDepth()
	}
	t.open = append(t.open, c)
	return checkName("characteristic type", c.Type)
}

func (t *builder) parm(name, value *attr) error {
	if name == nil {
		return fmt.Errorf("cp: parm without a name: %w", ErrMalformed)
	}
	p := Parm{Name: name.value}
	if value != nil {
		text := value.value // the list of attributes is used again
		p.Value = &text
	}
	in := &t.open[len(t.open)-1]
	in.Parms = append(in.Parms, p)
	t.inParm = true
	return p.checkRead()
}

// checkRead checks what can be checked before it is known to be sent.
func (p Parm) checkRead() error {
	if err := checkName("parm name", p.Name); err != nil || p.Value == nil {
		return err
	}
	return checkText(p.Name, *p.Value)
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

// attributes finds the attribute that makes an element what it is, version,
// type or name, and the value of a parm. It refuses what the element does not
// have, and doubles. An unknown attribute is taken for the first that lacks.
func attributes(element string, attrs []attr) (key, value *attr, err error) {
	want := keyOf(element)
	for i := range attrs {
		switch a := &attrs[i]; {
		case a.unknown:
		case a.name == want && key == nil:
			key = a
		case a.name == attrValue && element == parmElement && value == nil:
			value = a
		default:
			return nil, nil, errAttribute(element, a.name)
		}
	}
	for i := range attrs {
		switch a := &attrs[i]; {
		case !a.unknown:
		case key == nil && want != "":
			key = a
		case value == nil && element == parmElement:
			value = a
		default:
			return nil, nil, errAttribute(element, a.value)
		}
	}
	return key, value, nil
}

func errAttribute(element, name string) error {
	return fmt.Errorf("cp: <%.40s> with unknown or repeated attribute %.40q: %w", element, name, ErrMalformed)
}

func keyOf(element string) string {
	switch element {
	case rootElement:
		return attrVersion
	case charElement:
		return attrType
	case parmElement:
		return attrName
	}
	return ""
}
