package cp

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// ParseWBXML reads a body of at most [MaxBody] octets, made by any encoder:
// WBXML 1.1 to 1.3, UTF-8 or US-ASCII, with or without a string table, on
// either attribute page. It is strict on everything else: unknown tokens,
// attributes or elements out of place, text between elements, control
// characters and octets after the document are errors, with ErrMalformed in
// their chain.
func ParseWBXML(b []byte) (Document, error) {
	if len(b) > MaxBody {
		return Document{}, fmt.Errorf("cp: WBXML has %d octets, at most %d: %w", len(b), MaxBody, ErrMalformed)
	}
	d := decoder{b: b}
	if err := d.header(); err != nil {
		return Document{}, err
	}
	if err := d.body(); err != nil {
		return Document{}, err
	}
	if d.pos != len(b) {
		return Document{}, d.errorf("%d octets after the document", len(b)-d.pos)
	}
	return d.tree.finish()
}

type decoder struct {
	b       []byte
	pos     int
	table   []byte // string table
	tagPage byte   // elements and attributes switch pages independently
	attPage byte
	text    int // octets of attribute text so far
	tree    builder
}

func (d *decoder) errorf(format string, args ...any) error {
	return fmt.Errorf("cp: WBXML octet %d: %s: %w", d.pos, fmt.Sprintf(format, args...), ErrMalformed)
}

func (d *decoder) next() (byte, error) {
	if d.pos >= len(d.b) {
		return 0, d.errorf("ends too early")
	}
	d.pos++
	return d.b[d.pos-1], nil
}

// uint reads a multi-octet integer, seven bits to the octet. No number in a
// body can be above MaxBody or the highest code point, so 21 bits are enough.
func (d *decoder) uint() (int, error) {
	n := 0
	for range 3 {
		c, err := d.next()
		if err != nil {
			return 0, err
		}
		n = n<<7 | int(c&0x7F)
		if c < 0x80 {
			return n, nil
		}
	}
	return 0, d.errorf("number has more than three octets")
}

// header reads version, public identifier, character set and string table.
func (d *decoder) header() error {
	version, err := d.next()
	if err != nil {
		return err
	}
	if version < 0x01 || version > wbxmlVersion {
		return d.errorf("version %02X, want 01 to 03", version)
	}
	public, err := d.uint()
	if err != nil {
		return err
	}
	name := -1
	if public == 0 {
		if name, err = d.uint(); err != nil {
			return err
		}
	} else if public != publicIDProv {
		return d.errorf("public identifier %02X, want 0B: not a provisioning document", public)
	}
	charset, err := d.uint()
	if err != nil {
		return err
	}
	if charset != charsetUTF8 && charset != charsetASCII {
		return d.errorf("character set %d, want 106, UTF-8", charset)
	}
	size, err := d.uint()
	if err != nil {
		return err
	}
	if size > len(d.b)-d.pos {
		return d.errorf("string table of %d octets in %d", size, len(d.b)-d.pos)
	}
	d.table = d.b[d.pos : d.pos+size]
	d.pos += size
	if name >= 0 {
		if s, err := d.entry(name); err != nil || s != publicIDText {
			return d.errorf("public identifier in the string table is not %q", publicIDText)
		}
	}
	return nil
}

// body reads the root element and all that is in it.
func (d *decoder) body() error {
	for depth := 0; ; {
		c, err := d.next()
		if err != nil {
			return err
		}
		switch {
		case c == tokSwitchPage:
			if d.tagPage, err = d.page(); err != nil {
				return err
			}
		case c == tokEnd:
			if depth == 0 {
				return d.errorf("END before the root element")
			}
			d.tree.end()
			depth--
		default:
			open, err := d.element(c)
			if err != nil {
				return err
			}
			if open {
				depth++
			}
		}
		if d.tree.done {
			return nil
		}
	}
}

func (d *decoder) page() (byte, error) {
	p, err := d.next()
	if err == nil && p > 1 {
		err = d.errorf("code page %d, want 0 or 1", p)
	}
	return p, err
}

// element reads a tag and its attributes and says whether content follows.
func (d *decoder) element(tag byte) (open bool, err error) {
	var name string
	switch t := tag & tagMask; {
	case t == tagRoot && d.tagPage == 0:
		name = rootElement
	case t == tagChar:
		name = charElement
	case t == tagParm:
		name = parmElement
	default:
		return false, d.errorf("token %02X is no element on page %d", tag, d.tagPage)
	}
	var attrs []attr
	if tag&tagHasAttributes != 0 {
		if attrs, err = d.attributes(); err != nil {
			return false, err
		}
	}
	if err := d.tree.start(name, attrs); err != nil {
		return false, fmt.Errorf("%w (WBXML octet %d)", err, d.pos)
	}
	if tag&tagHasContent == 0 {
		d.tree.end()
		return false, nil
	}
	return true, nil
}

// attributes reads starts and values up to END. Values follow their start and
// are joined, whatever page switches are in between.
func (d *decoder) attributes() ([]attr, error) {
	var list []attr
	for {
		c, err := d.next()
		if err != nil {
			return nil, err
		}
		switch {
		case c == tokEnd:
			return list, nil
		case c == tokSwitchPage:
			if d.attPage, err = d.page(); err != nil {
				return nil, err
			}
		case c == tokStrI || c == tokStrT || c == tokEntity || c >= 0x80:
			s, err := d.value(c)
			if err != nil {
				return nil, err
			}
			if len(list) == 0 {
				return nil, d.errorf("value without an attribute")
			}
			list[len(list)-1].value += s
		default:
			a, ok := attrStart(d.attPage, c)
			if !ok {
				return nil, d.errorf("token %02X is no attribute on page %d", c, d.attPage)
			}
			if len(list) == 2 {
				return nil, d.errorf("more than two attributes")
			}
			list = append(list, a)
		}
	}
}

func attrStart(page, token byte) (attr, bool) {
	if s, ok := nameTokens[page][token]; ok {
		return attr{attrName, s}, true
	}
	if s, ok := typeTokens[page][token]; ok {
		return attr{attrType, s}, true
	}
	switch {
	case token == startName:
		return attr{name: attrName}, true
	case token == startValue:
		return attr{name: attrValue}, true
	case token == startType:
		return attr{name: attrType}, true
	case token == startVersion && page == 0:
		return attr{name: attrVersion}, true
	case token == startVersion1 && page == 0:
		return attr{attrVersion, "1.0"}, true
	}
	return attr{}, false
}

// value reads one piece of attribute text and counts it.
func (d *decoder) value(token byte) (s string, err error) {
	switch token {
	case tokStrI:
		end := bytes.IndexByte(d.b[d.pos:], 0)
		if end < 0 {
			return "", d.errorf("string without its end")
		}
		s = string(d.b[d.pos : d.pos+end])
		d.pos += end + 1
	case tokStrT:
		s, err = d.reference()
	case tokEntity:
		s, err = d.entity()
	default:
		var ok bool
		if s, ok = valueTokens[d.attPage][token]; !ok {
			err = d.errorf("token %02X is no value on page %d", token, d.attPage)
		}
	}
	if d.text += len(s); d.text > maxText && err == nil {
		err = d.errorf("more than %d octets of text", maxText)
	}
	return s, err
}

func (d *decoder) reference() (string, error) {
	offset, err := d.uint()
	if err != nil {
		return "", err
	}
	return d.entry(offset)
}

func (d *decoder) entry(offset int) (string, error) {
	if offset >= len(d.table) {
		return "", d.errorf("string table has %d octets, no offset %d", len(d.table), offset)
	}
	end := bytes.IndexByte(d.table[offset:], 0)
	if end < 0 {
		return "", d.errorf("string at offset %d of the table without its end", offset)
	}
	return string(d.table[offset : offset+end]), nil
}

func (d *decoder) entity() (string, error) {
	n, err := d.uint()
	if err != nil {
		return "", err
	}
	if !utf8.ValidRune(rune(n)) {
		return "", d.errorf("character entity %X", n)
	}
	return string(rune(n)), nil
}
