package uicc

import (
	"bytes"
	"errors"

	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
)

// executor runs the commands of one application.
type executor interface {
	// run executes one command and returns its data and status word.
	run(c apdu) ([]byte, sat.Status)
	// outgoing says that P3 of a command with this header is Le and no data follow.
	outgoing(header apdu) bool
}

// job is one script on its way through an application, and what it leaves behind for the card to do.
type job struct {
	card    *Card
	realm   *realm
	app     *Application
	kvn     byte // of the key set that secures the packet
	writes  int
	refresh *Refresh
	actions [][]byte // other proactive commands
}

func (j *job) executor() executor {
	switch j.app.Kind {
	case KindRAM:
		return domainSession{j, j.realm.domain}
	case KindISDR:
		return isdrSession{j, j.card.euicc}
	case KindMultiIMSI:
		return slotSession{j}
	}
	return newSession(j)
}

// outcome is what came of a script.
type outcome struct {
	answer   []byte
	executed int
	sw       sat.Status // of the last command that ran, 0 if none did
}

const (
	maxCommands = 255 // the count octet of both answers
	maxResults  = 62  // of this card: with the count and an error, 64 objects
	resultSize  = 6   // of a result without its data: tag, length of up to 3 octets, status word
)

func (j *job) script(b []byte) outcome {
	compact := j.app.Format == script.Compact ||
		j.app.Format == AutoFormat && (len(b) == 0 || b[0] != tagDefinite && b[0] != tagIndefinite)
	if compact {
		return runCompact(j.executor(), b)
	}
	e := &expanded{job: j, used: 10} // template, count and an error object
	e.template(b)
	return e.outcome
}

// done says whether the script goes on after this status word: warnings are no failures, cut answers are.
func done(sw sat.Status) bool {
	switch sw & 0xFF00 {
	case 0x6200, 0x6300:
		return sw != swTruncated && sw&0xFFF0 != 0x63C0
	case swWaiting, swWaitingGSM:
		return true
	}
	return sw == swOK
}

// runCompact executes C-APDUs as they come, until one fails (ETSI TS 102 226, 5.1). A command that is cut short
// fails in its turn: those before it have run.
func runCompact(ex executor, b []byte) outcome {
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
		if c, b, ok = cutCommand(ex, b); !ok {
			out.sw, data = swLength, nil
			break
		}
		if data, out.sw = ex.run(c); !done(out.sw) {
			break
		}
	}
	if out.executed > 0 {
		out.answer = append([]byte{byte(out.executed), byte(out.sw >> 8), byte(out.sw)}, data...)
	}
	return out
}

// cutCommand takes the first command off a compact script. One octet left after data is the Le of the last command.
func cutCommand(ex executor, b []byte) (c apdu, rest []byte, ok bool) {
	if len(b) < 5 {
		return c, nil, false
	}
	c = apdu{cla: b[0], ins: b[1], p1: b[2], p2: b[3], le: -1}
	p3 := int(b[4])
	b = b[5:]
	if ex.outgoing(c) {
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

// Tags of expanded scripts and their answers (ETSI TS 102 226, 5.2; ETSI TS 101 220, 7.1.5).
const (
	tagDefinite     = 0xAA // command scripting template
	tagIndefinite   = 0xAE
	tagCommand      = 0x22
	tagImmediate    = 0x81
	tagErrorAction  = 0x82
	tagChaining     = 0x83
	tagResults      = 0xAB // response scripting template
	tagResultsOpen  = 0xAF // of indefinite length
	tagExecuted     = 0x80
	tagResult       = 0x23
	tagBadFormat    = 0x90
	badTag          = 0x01
	badLength       = 0x02
	noLength        = 0x03
	actionSuspended = 0x01 // immediate action: suspension error
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

// object appends a tag of one octet, a length and the value, which is shorter than 65,536 octets.
func object(b []byte, tag byte, value ...byte) []byte {
	b = append(b, tag)
	switch n := len(value); {
	case n > 0xFF:
		b = append(b, 0x82, byte(n>>8), byte(n))
	case n > 0x7F:
		b = append(b, 0x81, byte(n))
	default:
		b = append(b, byte(n))
	}
	return append(b, value...)
}

// expanded is one run of an expanded script.
type expanded struct {
	*job
	outcome
	ex      executor
	results []byte // coded
	problem []byte // the error object that ends the answer
	onError []byte // value of the error action in force
	used    int    // octets of the answer so far
	failed  bool
}

// template executes a command scripting template until a command fails or the format does, and leaves the answer
// (ETSI TS 102 226, 5.2).
func (e *expanded) template(b []byte) {
	f := e.app.Format
	open := f == script.Indefinite
	switch {
	case len(b) == 0:
		return
	case b[0] == tagIndefinite && len(b) > 1 && b[1] == 0x80 && f != Definite:
		open = true
		e.objects(b[2:], true)
	case b[0] != tagDefinite || f == script.Indefinite:
		e.bad(badTag)
	default:
		_, value, rest, err := cutObject(b)
		switch {
		case err != nil:
			e.bad(badFormat(err))
		case len(rest) > 0:
			e.bad(badLength)
		default:
			e.objects(value, false)
		}
	}
	e.keepSelection()
	if open {
		e.answer = append(append(append([]byte{tagResultsOpen, 0x80}, e.results...), e.problem...), 0, 0)
		return
	}
	count := object(nil, tagExecuted, byte(e.executed))
	e.answer = object(nil, tagResults, append(append(count, e.results...), e.problem...)...)
}

func (e *expanded) bad(why byte) { e.fail(tagBadFormat, why) }

// fail ends the script with an error object.
func (e *expanded) fail(tag, why byte) bool {
	e.problem, e.failed = object(nil, tag, why), true
	return false
}

// objects goes through the template. Of indefinite length, it must end with 00 00 and nothing after it.
func (e *expanded) objects(b []byte, indefinite bool) {
	for first := true; len(b) > 0; first = false {
		if indefinite && len(b) == 2 && b[0] == 0 && b[1] == 0 {
			return
		}
		tag, value, rest, err := cutObject(b)
		if err != nil {
			e.bad(badFormat(err))
			return
		}
		b = rest
		if first && !e.begin(tag, value) {
			return
		}
		end := len(b) == 0 || indefinite && len(b) == 2
		if !(first && tag == tagChaining) && !e.object(tag, value, end) {
			return
		}
	}
	if indefinite {
		e.bad(badLength)
	}
}

// object does what one object says and tells whether the script goes on.
func (e *expanded) object(tag byte, value []byte, last bool) bool {
	switch tag {
	case tagCommand:
		return e.command(value, last)
	case tagImmediate:
		return e.immediate(value)
	case tagErrorAction:
		e.onError = value
		return true
	}
	e.bad(badTag)
	return false
}

func (e *expanded) command(value []byte, last bool) bool {
	var data []byte
	c, ok := wholeCommand(value)
	if ok {
		data, e.sw = e.ex.run(c)
	} else {
		e.sw = swLength
	}
	data = bytes.Clone(data) // a later command may change the file
	left := e.card.cfg.ResponseLimit - e.used - resultSize - len(data)
	full := left < resultSize || e.executed == maxResults-1
	if left < 0 || full && !last && done(e.sw) {
		data, e.sw = data[:max(0, len(data)+min(left, 0))], swTruncated
	}
	e.used += resultSize + len(data)
	e.executed++
	e.results = object(e.results, tagResult, append(data, byte(e.sw>>8), byte(e.sw))...)
	if done(e.sw) {
		return true
	}
	e.failed = true
	e.act(e.onError)
	return false
}
