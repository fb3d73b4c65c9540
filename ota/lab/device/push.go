package device

import "bytes"

// Octets of a push that carries a provisioning document (WAP-230-WSP, 8.2.4.1 and 8.4.2; OMA ProvBoot 1.1).
const (
	pduPush      = 0x06
	longLength   = 0x1F // the length follows as uintvar; below it are lengths
	contentType  = 0xB6
	contentName  = "application/vnd.wap.connectivity-wbxml"
	paramSEC     = 0x91
	paramMAC     = 0x92
	shortInteger = 0x80
)

// push is a WSP push taken apart as widely as the standard allows. What a client makes of it is for its [rules].
type push struct {
	named       bool   // the content type is a text, not the octet B6
	shortLength bool   // the length of its value is in the short form, below 1F
	macFirst    bool   // MAC comes before SEC
	sec         int    // SEC, -1 for none
	mac         string // as it is written; empty for none
	body        []byte // what follows the headers
	behind      []byte // what follows the content type, which is more if there are other headers
}

// parsePush is false for what is no push, or one of another content.
func parsePush(pdu []byte) (push, bool) {
	o := octets{b: pdu}
	o.next() // transaction identifier
	if o.next() != pduPush {
		return push{}, false
	}
	head := octets{b: o.take(o.uintvar())}
	p := push{sec: -1, body: o.b}
	if o.bad || len(head.b) == 0 {
		return push{}, false
	}
	value := p.contentValue(&head)
	p.behind = pdu[len(pdu)-len(p.body)-len(head.b):]
	switch first := value.peek(); {
	case first == contentType:
		value.next()
	case first < shortInteger && value.text() == contentName:
		p.named = true
	default:
		return push{}, false
	}
	for len(value.b) > 0 && !value.bad {
		p.parameter(&value)
	}
	return p, !head.bad && !value.bad && len(p.body) > 0
}

// contentValue takes the value of the content type, the first header, which has no name.
func (p *push) contentValue(head *octets) octets {
	switch first := head.peek(); {
	case first == longLength:
		head.next()
		return octets{b: head.take(head.uintvar())}
	case first < longLength:
		p.shortLength = true
		return octets{b: head.take(int(head.next()))}
	case first >= shortInteger:
		return octets{b: head.take(1)}
	}
	return octets{b: head.take(bytes.IndexByte(head.b, 0) + 1)}
}

func (p *push) parameter(value *octets) {
	switch token := value.next(); {
	case token == paramSEC && value.peek() >= shortInteger:
		p.sec = int(value.next() &^ shortInteger)
	case token == paramMAC && value.peek() < shortInteger:
		p.mac, p.macFirst = value.text(), p.sec < 0
	case token >= shortInteger:
		value.skip()
	default: // a parameter with a name
		value.text()
		value.skip()
	}
}

// octets are read from the front; bad is set once too few were there.
type octets struct {
	b   []byte
	bad bool
}

func (o *octets) take(n int) []byte {
	if n < 0 || n > len(o.b) {
		o.b, o.bad = nil, true
		return nil
	}
	taken := o.b[:n]
	o.b = o.b[n:]
	return taken
}

func (o *octets) next() byte {
	if b := o.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (o *octets) peek() byte {
	if len(o.b) == 0 {
		return 0
	}
	return o.b[0]
}

// uintvar reads a number of seven bits to the octet, at most three octets: no message is longer.
func (o *octets) uintvar() int {
	n := 0
	for range 3 {
		c := o.next()
		n = n<<7 | int(c&0x7F)
		if c < 0x80 {
			return n
		}
	}
	o.bad = true
	return 0
}

// text reads up to a zero octet and takes that too.
func (o *octets) text() string {
	end := bytes.IndexByte(o.b, 0)
	s := o.take(max(end, 0))
	if end < 0 {
		o.bad = true
	}
	o.next()
	return string(s)
}

// skip passes over the value of an unknown parameter (WAP-230-WSP, 8.4.1.2).
func (o *octets) skip() {
	switch first := o.next(); {
	case first >= shortInteger:
	case first == longLength:
		o.take(o.uintvar())
	case first < longLength:
		o.take(int(first))
	default:
		o.text()
	}
}

// Global tokens of WBXML 1.3, and the attribute type="VENDORCONFIG" of page 0 (OMA ProvCont 1.1).
const (
	tokSwitchPage   = 0x00
	tokEnd          = 0x01
	tokEntity       = 0x02
	tokStringInline = 0x03
	tokStringTable  = 0x83
	hasAttributes   = 0x80
	vendorConfig    = 0x57
)

// hasVendorToken says whether a body, which is good, has a characteristic VENDORCONFIG by its token. One that writes
// the word is another matter.
func hasVendorToken(body []byte) bool {
	o := octets{b: body}
	o.next() // version
	if o.uintvar() == 0 {
		o.uintvar() // the public identifier is in the string table
	}
	o.uintvar()         // character set
	o.take(o.uintvar()) // string table
	page, inside := byte(0), false
	for len(o.b) > 0 {
		switch c := o.next(); {
		case !inside && c == tokSwitchPage:
			o.next() // elements have pages of their own
		case !inside:
			inside = c&hasAttributes != 0
		case c == tokEnd:
			inside = false
		case c == tokSwitchPage:
			page = o.next()
		case c == tokStringInline:
			o.text()
		case c == tokEntity, c == tokStringTable:
			o.uintvar()
		case c == vendorConfig && page == 0:
			return true
		}
	}
	return false
}
