package cp

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// ParseWBXML reads a body of at most [MaxBody] octets, made by any encoder:
// WBXML 1.0 to 1.3; UTF-8, US-ASCII, ISO-8859-1, UCS-2 or UTF-16; with or
// without a string table; on either attribute page; values in one piece or in
// several; names written as literals; processing instructions, which are
// skipped. Tokens that no table has are kept as text, see [Document.Unknown].
//
// It is strict on everything else. Errors, with ErrMalformed in their chain,
// are: attributes or elements out of place, text between elements, control
// characters, octets after the document, and the tokens that a provisioning
// document gives no meaning to (EXT_*, OPAQUE). EXT_T_0 to EXT_T_2, 80 to 82,
// are among them also where the candidate of 2002 had words of AAUTHTYPE: it
// cannot be told whether a number follows.
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
	return d.tree.finish()
}

type decoder struct {
	b       []byte
	pos     int
	charset charset
	table   []byte // string table
	tagPage byte   // elements and attributes switch pages independently
	attPage byte
	text    int // octets of text so far
	attrs   []attr
	pieces  []string // of the value of the last attribute
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

// uint reads a multi-octet integer of 32 bits, seven to the octet
// (WAP-192-WBXML, 5.1).
func (d *decoder) uint() (uint32, error) {
	n := uint64(0)
	for range 5 {
		c, err := d.next()
		if err != nil {
			return 0, err
		}
		n = n<<7 | uint64(c&0x7F)
		if c < 0x80 {
			if n > 0xFFFFFFFF {
				break
			}
			return uint32(n), nil
		}
	}
	return 0, d.errorf("number has more than 32 bits")
}

// body reads the root element and all that is in it, and processing
// instructions around it.
func (d *decoder) body() error {
	for depth := 0; d.pos < len(d.b); {
		c, err := d.next()
		if err != nil {
			return err
		}
		switch {
		case c == tokPI:
			_, err = d.attributes()
		case d.tree.done:
			return d.errorf("octet %02X after the document", c)
		case c == tokSwitchPage:
			d.tagPage, err = d.next()
		case c == tokEnd && depth == 0:
			return d.errorf("END before the root element")
		case c == tokEnd:
			d.tree.end()
			depth--
		case c == tokEntity || c == tokStrI || c == tokStrT:
			err = d.space(c)
		case isExtension(c):
			return d.errorf("%s, which has no meaning here", extensionName(c))
		default:
			var open bool
			if open, err = d.element(c); open {
				depth++
			}
		}
		if err != nil {
			return err
		}
	}
	if !d.tree.done {
		return d.errorf("ends too early")
	}
	return nil
}

// isExtension is whether a token that is global on all pages has no meaning in
// a provisioning document.
func isExtension(c byte) bool {
	return c >= tokExtI && c < tokPI || c >= tokExtT && c < tokStrT || c >= tokExt && c <= tokOpaque
}

func extensionName(c byte) string {
	switch {
	case c == tokOpaque:
		return "OPAQUE"
	case c >= tokExt:
		return fmt.Sprintf("EXT_%d", c-tokExt)
	case c >= tokExtT:
		return fmt.Sprintf("EXT_T_%d", c-tokExtT)
	}
	return fmt.Sprintf("EXT_I_%d", c-tokExtI)
}

// space reads text between elements, where only blanks and ends of lines are
// allowed: some encoders keep those of the XML.
func (d *decoder) space(token byte) error {
	if !d.tree.inRoot {
		return d.errorf("text before the root element")
	}
	s, err := d.string(token)
	if err == nil && strings.Trim(s, " \t\r\n") != "" {
		err = d.errorf("text between elements")
	}
	return err
}

// element reads a tag and its attributes and says whether content follows.
func (d *decoder) element(tag byte) (open bool, err error) {
	name, known := "", true
	switch t := tag & tagMask; {
	case t == tokLiteral:
		name, err = d.reference()
	case t == tagRoot && d.tagPage == 0:
		name = rootElement
	case t == tagChar && d.tagPage <= 1:
		name = charElement
	case t == tagParm && d.tagPage <= 1:
		name = parmElement
	default:
		name, known = fmt.Sprintf(unknownTag, d.tagPage, t), false
		err = d.count(len(name))
	}
	if err != nil {
		return false, err
	}
	var attrs []attr
	if tag&tagHasAttributes != 0 {
		if attrs, err = d.attributes(); err != nil {
			return false, err
		}
	}
	if known {
		err = d.tree.start(name, attrs)
	} else {
		err = d.tree.startUnknown(name, attrs)
	}
	if err != nil {
		return false, fmt.Errorf("%w (WBXML octet %d)", err, d.pos)
	}
	if tag&tagHasContent == 0 {
		d.tree.end()
		return false, nil
	}
	return true, nil
}

// attributes reads starts and values up to END. Values follow their start and
// are joined, whatever page switches are in between. The list is good until
// the next call.
func (d *decoder) attributes() ([]attr, error) {
	d.attrs, d.pieces = d.attrs[:0], d.pieces[:0]
	for {
		c, err := d.next()
		if err != nil {
			return nil, err
		}
		switch {
		case c == tokEnd:
			d.joinPieces()
			return d.attrs, nil
		case c == tokSwitchPage:
			d.attPage, err = d.next()
		case isExtension(c), c == tokPI, c == tokLiteralC, c == tokLiteralA, c == tokLiteralAC:
			return nil, d.errorf("token %02X has no meaning in an attribute", c)
		case c == tokStrI || c == tokStrT || c == tokEntity || c&valueBit != 0:
			err = d.value(c)
		default:
			err = d.attrStart(c)
		}
		if err != nil {
			return nil, err
		}
	}
}

// attrStart reads the start of an attribute: its name and perhaps how its
// value begins.
func (d *decoder) attrStart(c byte) error {
	a := attr{unknown: true}
	if c == tokLiteral {
		name, err := d.reference()
		if err != nil {
			return err
		}
		a = attr{name: name}
	} else if d.attPage <= 1 {
		a = attrStarts[d.attPage][c]
	}
	if a.unknown {
		a.value = fmt.Sprintf(unknownToken, d.attPage, c)
		if err := d.count(len(a.value)); err != nil {
			return err
		}
	}
	d.joinPieces()
	d.attrs, d.pieces = append(d.attrs, a), append(d.pieces, a.value)
	return nil
}

func (d *decoder) joinPieces() {
	if n := len(d.attrs); n > 0 {
		d.attrs[n-1].value = strings.Join(d.pieces, "")
	}
	d.pieces = d.pieces[:0]
}

// value reads one piece of attribute text and adds it to the attribute.
func (d *decoder) value(c byte) error {
	if len(d.attrs) == 0 {
		return d.errorf("value without an attribute")
	}
	s, err := d.string(c)
	if err != nil {
		return err
	}
	d.pieces = append(d.pieces, s)
	return nil
}

// string reads one piece of text and counts it.
func (d *decoder) string(token byte) (s string, err error) {
	switch {
	case token == tokStrI:
		s, err = d.inline()
	case token == tokStrT:
		s, err = d.reference()
	case token == tokEntity:
		s, err = d.entity()
	case d.attPage <= 1 && valueTokens[d.attPage][token] != "":
		s = valueTokens[d.attPage][token]
	default:
		s = fmt.Sprintf(unknownToken, d.attPage, token)
	}
	if err != nil {
		return "", err
	}
	return s, d.count(len(s))
}

// count keeps the text of a document within bounds: references to a string
// table could otherwise make megabytes out of a small body.
func (d *decoder) count(octets int) error {
	if d.text += octets; d.text > maxText {
		return d.errorf("more than %d octets of text", maxText)
	}
	return nil
}

func (d *decoder) inline() (string, error) {
	octets, zeros := d.charset.end(d.b[d.pos:])
	if octets < 0 {
		return "", d.errorf("string without its end")
	}
	s, err := d.charset.text(d.b[d.pos : d.pos+octets])
	if err != nil {
		return "", d.errorf("%v", err)
	}
	d.pos += octets + zeros
	return s, nil
}

// reference reads an offset and the string of the table that is there.
func (d *decoder) reference() (string, error) {
	offset, err := d.uint()
	if err != nil {
		return "", err
	}
	return d.entry(offset)
}

func (d *decoder) entry(offset uint32) (string, error) {
	if int64(offset) >= int64(len(d.table)) {
		return "", d.errorf("string table has %d octets, no offset %d", len(d.table), offset)
	}
	octets, _ := d.charset.end(d.table[offset:])
	if octets < 0 {
		return "", d.errorf("string at offset %d of the table without its end", offset)
	}
	s, err := d.charset.text(d.table[offset : int(offset)+octets])
	if err != nil {
		return "", d.errorf("%v", err)
	}
	return s, nil
}

func (d *decoder) entity() (string, error) {
	n, err := d.uint()
	if err != nil {
		return "", err
	}
	if n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return "", d.errorf("character entity %X", n)
	}
	return string(rune(n)), nil
}
