package cp

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

const xmlHead = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE wap-provisioningdoc PUBLIC "-//WAPFORUM//DTD PROV 1.0//EN" "http://www.wapforum.org/DTD/prov.dtd">
`

// maxXML bounds XML text, in octets; the XML of any body that fits is smaller.
const maxXML = 1 << 20

// XML writes the document as indented XML text, passwords included: show
// d.Redacted().XML() to people.
func (d Document) XML() string {
	var b strings.Builder
	b.WriteString(xmlHead)
	b.WriteString("<" + rootElement)
	if d.Version != "" {
		writeAttr(&b, attrVersion, d.Version)
	}
	b.WriteString(">\n")
	for _, c := range d.Children {
		writeChar(&b, c, "  ")
	}
	b.WriteString("</" + rootElement + ">\n")
	return b.String()
}

func writeChar(b *strings.Builder, c Characteristic, indent string) {
	b.WriteString(indent + "<" + charElement)
	writeAttr(b, attrType, c.Type)
	b.WriteString(">\n")
	for _, p := range c.Parms {
		b.WriteString(indent + "  <" + parmElement)
		writeAttr(b, attrName, p.Name)
		if p.Value != nil {
			writeAttr(b, attrValue, *p.Value)
		}
		b.WriteString("/>\n")
	}
	for _, k := range c.Children {
		writeChar(b, k, indent+"  ")
	}
	b.WriteString(indent + "</" + charElement + ">\n")
}

func writeAttr(b *strings.Builder, name, value string) {
	b.WriteString(" " + name + `="`)
	_ = xml.EscapeText(b, []byte(value)) // a strings.Builder takes everything
	b.WriteByte('"')
}

// ParseXML reads a document from XML text in UTF-8, US-ASCII or ISO-8859-1, with
// the limits and checks of [ParseWBXML]. Escapes are resolved once.
func ParseXML(text []byte) (Document, error) {
	if len(text) > maxXML {
		return Document{}, fmt.Errorf("cp: XML has %d octets, at most %d: %w", len(text), maxXML, ErrMalformed)
	}
	var tree builder
	r := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\uFEFF"))))
	r.CharsetReader = charsetReader
	for {
		token, err := r.Token()
		if errors.Is(err, io.EOF) {
			return tree.finish()
		}
		if err != nil {
			return Document{}, fmt.Errorf("cp: XML: %w: %w", err, ErrMalformed)
		}
		if err := feed(&tree, token); err != nil {
			line, _ := r.InputPos()
			return Document{}, fmt.Errorf("%w (XML line %d)", err, line)
		}
	}
}

// charsetReader reads the character sets besides UTF-8 in which documents are
// written. Those of two octets are not: their first octets cannot be read.
func charsetReader(charset string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(charset) {
	case "us-ascii", "ascii":
		return in, nil
	case "iso-8859-1", "latin1":
		b, err := io.ReadAll(in)
		text := make([]rune, len(b))
		for i, c := range b {
			text[i] = rune(c)
		}
		return strings.NewReader(string(text)), err
	}
	return nil, fmt.Errorf("encoding %q: want UTF-8, US-ASCII or ISO-8859-1", charset)
}

func feed(tree *builder, token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		attrs := make([]attr, 0, len(t.Attr))
		for _, a := range t.Attr {
			attrs = append(attrs, attr{name: qualified(a.Name), value: a.Value})
		}
		return tree.start(qualified(t.Name), attrs)
	case xml.EndElement:
		tree.end()
	case xml.CharData:
		if len(bytes.TrimSpace(t)) > 0 {
			return fmt.Errorf("cp: text between elements: %w", ErrMalformed)
		}
	}
	return nil
}

// qualified keeps a namespace visible, so that it is refused as unknown.
func qualified(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}
