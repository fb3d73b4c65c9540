package cp

import "fmt"

// AppendWBXML appends the document as WBXML 1.3 to b. Words become tokens only
// when the whole text equals the word, so an APN named "apn" keeps its name;
// everything else is an inline string. Names that are on page 1 alone switch
// the attribute page and value= switches back.
//
// It returns an error in whose chain is ErrMalformed, and b as it was, for a
// document that [Document.Check] refuses or that has more than [MaxBody]
// octets.
func (d Document) AppendWBXML(b []byte) ([]byte, error) {
	if err := d.Check(); err != nil {
		return b, err
	}
	e := encoder{b: append(b, wbxmlVersion, publicIDProv, charsetUTF8, 0)}
	e.root(d)
	if n := len(e.b) - len(b); n > MaxBody {
		return b, fmt.Errorf("cp: document has %d octets of WBXML, at most %d: split it into several documents: %w", n, MaxBody, ErrMalformed)
	}
	return e.b, nil
}

type encoder struct {
	b    []byte
	page byte // of attributes; the page of tags never leaves 0
}

func (e *encoder) put(octets ...byte) { e.b = append(e.b, octets...) }

func (e *encoder) root(d Document) {
	switch d.Version {
	case "":
		e.put(tagRoot | tagHasContent)
	case "1.0":
		e.put(tagRoot|tagHasContent|tagHasAttributes, startVersion1, tokEnd)
	default:
		e.put(tagRoot|tagHasContent|tagHasAttributes, startVersion)
		e.inline(d.Version)
		e.put(tokEnd)
	}
	for _, c := range d.Children {
		e.characteristic(c)
	}
	e.put(tokEnd)
}

func (e *encoder) characteristic(c Characteristic) {
	tag := byte(tagChar | tagHasAttributes)
	filled := len(c.Parms)+len(c.Children) > 0
	if filled {
		tag |= tagHasContent
	}
	e.put(tag)
	e.start(typeCodes, startType, c.Type)
	e.put(tokEnd)
	for _, p := range c.Parms {
		e.parm(p)
	}
	for _, k := range c.Children {
		e.characteristic(k)
	}
	if filled {
		e.put(tokEnd)
	}
}

func (e *encoder) parm(p Parm) {
	e.put(tagParm | tagHasAttributes)
	e.start(nameCodes, startName, p.Name)
	if p.Value != nil {
		e.toPage(0)
		e.put(startValue)
		// The words of AAUTHTYPE are the ones that editions number differently.
		if c, ok := valueCodes[*p.Value]; ok && p.Name != "AAUTHTYPE" {
			e.put(c.token)
		} else {
			e.inline(*p.Value)
		}
	}
	e.put(tokEnd)
}

// start writes an attribute with its word as one token, or the bare attribute
// and the word as a string.
func (e *encoder) start(tokens map[string]code, bare byte, word string) {
	if c, ok := tokens[word]; ok {
		e.toPage(c.page)
		e.put(c.token)
		return
	}
	e.toPage(0)
	e.put(bare)
	e.inline(word)
}

func (e *encoder) toPage(page byte) {
	if e.page != page {
		e.put(tokSwitchPage, page)
		e.page = page
	}
}

func (e *encoder) inline(s string) {
	e.put(tokStrI)
	e.b = append(e.b, s...)
	e.put(0)
}
