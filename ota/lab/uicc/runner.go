package uicc

import (
	"bytes"
	"errors"

	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
)

// outcome is what came of a script.
type outcome struct {
	answer   []byte
	executed int
	sw       sat.Status // of the last command that ran, 0 if none did
	refresh  *Refresh   // asked for by the script
}

const (
	maxCommands = 255 // the count octet of both answers
	maxResults  = 62  // a template level holds 64 objects, two of which are the count and an error
	resultSize  = 6   // of a result without its data: tag, length of up to 3 octets, status word
)

// runCompact executes C-APDUs as they come, until one fails (ETSI TS 102 226, 5.1). A command that is cut short
// fails in its turn: those before it have run.
func runCompact(s *session, b []byte) (outcome, error) {
	var out outcome
	var data []byte
	for len(b) > 0 {
		if out.executed == maxCommands {
			out.sw, data = swLength, nil
			break
		}
		var c apdu
		out.executed++
		var ok bool
		if c, b, ok = cutCommand(b); !ok {
			out.sw, data = swLength, nil
			break
		}
		if data, out.sw = s.run(c); !done(out.sw) {
			break
		}
	}
	if out.executed == 0 {
		return out, nil
	}
	var err error
	r := script.Response{Executed: out.executed, Results: []script.Result{{Data: data, Status: out.sw}}}
	out.answer, err = r.AppendBinary(nil, script.Compact)
	return out, err
}

// cutCommand takes the first command off a compact script. One octet left after data is the Le of the last command.
func cutCommand(b []byte) (c apdu, rest []byte, ok bool) {
	if len(b) < 5 {
		return c, nil, false
	}
	c = apdu{cla: b[0], ins: b[1], p1: b[2], p2: b[3], le: -1}
	p3 := int(b[4])
	b = b[5:]
	if outgoing(c.ins) {
		c.le = expected(p3)
		return c, b, true
	}
	if len(b) < p3 {
		return c, nil, false
	}
	c.data, b = b[:p3], b[p3:]
	if len(b) == 1 {
		c.le, b = expected(int(b[0])), nil
	}
	return c, b, true
}

func expected(le int) int {
	if le == 0 {
		return 256
	}
	return le
}

// wholeCommand reads the one command of a command TLV, whose length tells its case (ISO/IEC 7816-4, 5.1).
func wholeCommand(b []byte) (c apdu, ok bool) {
	if len(b) < 4 {
		return c, false
	}
	c = apdu{cla: b[0], ins: b[1], p1: b[2], p2: b[3], le: -1}
	switch body := b[4:]; {
	case len(body) == 0:
	case len(body) == 1:
		c.le = expected(int(body[0]))
	case int(body[0]) == len(body)-1:
		c.data = body[1:]
	case body[0] > 0 && int(body[0]) == len(body)-2:
		c.data, c.le = body[1:len(body)-1], expected(int(body[len(body)-1]))
	default:
		return c, false
	}
	return c, true
}

// Bad format values (ETSI TS 102 226, 5.2.2).
const (
	badTag    = 0x01
	badLength = 0x02
	noLength  = 0x03
)

var errBadLength, errNoLength = errors.New("wrong length"), errors.New("length not found")

func badFormat(err error) byte {
	if errors.Is(err, errNoLength) {
		return noLength
	}
	return badLength
}

// cutObject takes one object with a tag of one octet and a definite length off b.
func cutObject(b []byte) (tag byte, value, rest []byte, err error) {
	if len(b) < 2 {
		return 0, nil, nil, errNoLength
	}
	tag, n, more := b[0], int(b[1]), 0
	switch {
	case n == 0x81 || n == 0x82:
		more = n - 0x80
	case n >= 0x80:
		return 0, nil, nil, errBadLength
	}
	if b = b[2:]; len(b) < more {
		return 0, nil, nil, errNoLength
	}
	for i := range more {
		if i == 0 {
			n = 0
		}
		n = n<<8 | int(b[i])
	}
	if b = b[more:]; len(b) < n {
		return 0, nil, nil, errBadLength
	}
	return tag, b[:n], b[n:], nil
}

// expanded is one run of an expanded script.
type expanded struct {
	outcome
	card     *Card
	session  *session
	response script.Response
	used     int // octets of the answer so far
}

// runExpanded executes a command scripting template until a command fails or the format does (ETSI TS 102 226, 5.2).
func (c *Card) runExpanded(s *session, b []byte) (outcome, error) {
	e := &expanded{card: c, session: s, used: 10} // template, count and an error object
	format := script.Expanded
	switch {
	case len(b) == 0:
		return e.outcome, nil
	case b[0] == 0xAE && len(b) > 1 && b[1] == 0x80:
		format = script.Indefinite
		e.objects(b[2:], true)
	case b[0] != 0xAA:
		e.response.BadFormat = badTag
	default:
		_, value, rest, err := cutObject(b)
		switch {
		case err != nil:
			e.response.BadFormat = badFormat(err)
		case len(rest) > 0:
			e.response.BadFormat = badLength
		default:
			e.objects(value, false)
		}
	}
	e.executed = e.response.Executed
	var err error
	e.answer, err = e.response.AppendBinary(nil, format)
	return e.outcome, err
}

// objects goes through the template. Of indefinite length, it must end with 00 00 and nothing after it.
func (e *expanded) objects(b []byte, indefinite bool) {
	for first := true; len(b) > 0; first = false {
		if indefinite && len(b) == 2 && b[0] == 0 && b[1] == 0 {
			return
		}
		tag, value, rest, err := cutObject(b)
		if err != nil {
			e.response.BadFormat = badFormat(err)
			return
		}
		b = rest
		end := len(b) == 0 || indefinite && len(b) == 2
		if !e.object(tag, value, first, end) {
			return
		}
	}
	if indefinite {
		e.response.BadFormat = badLength
	}
}

// object does what one object says and tells whether the script goes on.
func (e *expanded) object(tag byte, value []byte, first, last bool) bool {
	switch tag {
	case 0x22:
		return e.command(value, last)
	case 0x81:
		return e.immediate(value)
	case 0x82: // error action: for terminals with a screen
		return true
	case 0x83:
		if first {
			e.response.ChainingError = 0x02 // not supported
			return false
		}
	}
	e.response.BadFormat = badTag
	return false
}

func (e *expanded) command(value []byte, last bool) bool {
	var data []byte
	c, ok := wholeCommand(value)
	if ok {
		data, e.sw = e.session.run(c)
	} else {
		e.sw = swLength
	}
	left := e.card.cfg.ResponseLimit - e.used - resultSize - len(data)
	full := left < resultSize || len(e.response.Results) == maxResults-1
	if left < 0 || full && !last && done(e.sw) {
		data, e.sw = data[:max(0, len(data)+min(left, 0))], swTruncated
	}
	e.used += resultSize + len(data)
	e.response.Executed++
	data = bytes.Clone(data) // a later command may change the file
	e.response.Results = append(e.response.Results, script.Result{Data: data, Status: e.sw})
	return done(e.sw)
}

// immediate obeys an immediate action: an indicator of one octet, or a proactive command (ETSI TS 102 226, 5.2.1).
func (e *expanded) immediate(value []byte) bool {
	if len(value) == 1 && (value[0] == 0x81 || value[0] == 0x82) {
		return true
	}
	refresh, ok := parseRefresh(value)
	if !ok || e.card.cfg.Refresh == RefreshNone {
		e.response.ActionError = 0x01
		return false
	}
	e.refresh = refresh
	return true
}
