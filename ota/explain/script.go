package explain

import (
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
	"github.com/simota/simota/sat/tlv"
)

// Tags of scripts and their responses (ETSI TS 102 226, 5.2).
const (
	tagCommands           = 0xAA
	tagCommandsIndefinite = 0xAE
	tagResults            = 0xAB
	tagResultsIndefinite  = 0xAF
	tagCommand            = 0x22
	tagResult             = 0x23
	tagExecuted           = 0x80
	tagImmediate          = 0x81
	tagErrorAction        = 0x82
	tagChaining           = 0x83
	tagBadFormat          = 0x90
)

// run follows the commands of one script.
type run struct {
	place    *place
	commands int
	imsi     int // number of the command that writes the IMSI, 0 for none
	late     bool
}

// drawScript draws a script, compact or expanded.
func drawScript(l *layer) {
	r := &run{place: newPlace()}
	if l.b[0] == tagCommands || l.b[0] == tagCommandsIndefinite {
		l.drawExpandedScript(r)
	} else {
		l.node.Name = "script, compact"
		l.drawCommands(r)
	}
	l.node.set("%s", commands(r.commands))
	if r.late {
		l.node.say(Suspicious, "IMSI is written before the location files: a card that stops between them keeps an old location under a new identity")
	}
}

func commands(n int) string {
	if n == 1 {
		return "1 command"
	}
	return fmt.Sprintf("%d commands", n)
}

// drawCommands draws C-APDUs back to back.
func (l *layer) drawCommands(r *run) {
	for l.left() > 0 {
		size := commandSize(l.rest())
		if size == 0 || size > l.left() {
			f := l.field(fmt.Sprint(r.commands+1), l.left())
			f.set("not a whole C-APDU")
			if size == 0 {
				f.say(Wrong, "%s left, header and P3 need 5", octets(f.Length))
			} else {
				f.say(Wrong, "Lc is %d, %s follow", f.Raw[4], octets(f.Length-5))
			}
			return
		}
		cs, err := sat.ParseCommands(l.rest()[:size])
		if err != nil || len(cs) != 1 {
			l.field(fmt.Sprint(r.commands+1), l.left()).say(Wrong, "not a C-APDU")
			return
		}
		more := size < l.left()
		n := l.drawCommandLine(r, cs[0], size)
		if more && cs[0].Le != sat.NoLe && len(cs[0].Data) > 0 {
			n.say(Wrong, "Le before the last command of a compact script")
		}
		if more && cs[0].Le != sat.NoLe {
			n.say(Info, "only the last command's data come back in compact format")
		}
	}
}

// drawCommandLine draws a whole C-APDU as one line.
func (l *layer) drawCommandLine(r *run, c sat.Command, size int) *Node {
	r.commands++
	n := l.field(fmt.Sprint(r.commands), size)
	n.Value = r.place.say(c)
	file, ok := r.place.target(c)
	update := c.INS == insUpdateBinary || c.INS == insUpdateRecord
	if secret(c) || update && ok && file.Secret {
		n.Raw = nil
	}
	if !knownCommand(c) {
		n.say(Suspicious, "class or instruction is not known")
	}
	if ok && update {
		r.note(file)
	}
	return n
}

// note remembers the order in which identity and location are written.
func (r *run) note(f rfm.File) {
	location := []string{"loci", "psloci", "epsloci", "5gs3gpploci", "5gsn3gpploci"}
	switch {
	case f.Name == "imsi":
		r.imsi = r.commands
	case r.imsi > 0 && slices.Contains(location, f.Name):
		r.late = true
	}
}

// drawExpandedScript draws the template AA or AE.
func (l *layer) drawExpandedScript(r *run) {
	_, err := script.Parse(script.Expanded, l.b)
	body := l.drawTemplate("script, expanded")
	for body.left() > 0 && !body.ended() {
		o := body.object()
		if o == nil {
			break
		}
		switch {
		case o.tag == tagCommand:
			o.drawOneCommand(r)
		default:
			o.drawScriptObject()
		}
	}
	l.after(body)
	if err != nil && !wrongBelow(l.node) {
		level := Wrong
		if errors.Is(err, script.ErrUnsupported) {
			level = Suspicious
		}
		l.node.say(level, "%s", trim(err))
	}
}

func (o *object) drawOneCommand(r *run) {
	o.node.Name = fmt.Sprintf("22 C-APDU %d", r.commands+1)
	c, err := sat.ParseCommand(o.b)
	if err != nil {
		o.asField().say(Wrong, "%s", trim(err))
		return
	}
	o.lift(o.drawCommandLine(r, c, len(o.b)))
}

func (o *object) drawScriptObject() {
	v := byte(0)
	if len(o.b) == 1 {
		v = o.b[0]
	}
	n := o.node
	switch o.tag {
	case tagChaining:
		n.Name = "83 chaining"
		n.Value = chainingWords(v)
	case tagErrorAction:
		n.Name = "82 error action"
		n.Value = actionWords(o.b)
	case tagImmediate:
		n.Name = "81 immediate action"
		n.Value = actionWords(o.b)
	default:
		o.asField().say(Wrong, "not an object of a script")
		return
	}
	if len(o.b) > 1 && o.content(ComprehensionTLV) {
		return
	}
	o.asField()
}

func chainingWords(v byte) string {
	switch script.Chaining(v) {
	case script.ChainFirst:
		return "first script of a chain; a reset breaks it"
	case script.ChainFirstLasting:
		return "first script of a chain that outlives a reset"
	case script.ChainNext:
		return "next script of a chain"
	case script.ChainLast:
		return "last script of a chain"
	}
	return "unknown value"
}

func actionWords(b []byte) string {
	switch {
	case len(b) == 0:
		return "nothing"
	case len(b) > 1:
		return "a toolkit command"
	case b[0] == 0x81:
		return "wait until no proactive session is open"
	case b[0] == 0x82:
		return "answer before the action"
	case b[0] >= 0x01 && b[0] <= 0x7F:
		return fmt.Sprintf("record %d of EF_RMA", b[0])
	}
	return "unknown value"
}

// drawScriptResponse draws the answer to a script, compact or expanded.
func drawScriptResponse(l *layer) {
	if l.b[0] == tagResults || l.b[0] == tagResultsIndefinite {
		l.drawExpandedResponse()
		return
	}
	l.node.Name = "script response, compact"
	n, f := l.number("executed", 1)
	f.Value = commands(n)
	if n == 0 {
		f.say(Suspicious, "no command ran")
	}
	s := l.statusWord()
	l.node.set("%s, the last one: %s", commands(n), s)
	if l.left() > 0 {
		l.drawAnswer(l.left())
	}
}

func (l *layer) drawExpandedResponse() {
	_, err := script.ParseResponse(script.Expanded, l.b)
	body := l.drawTemplate("script response, expanded")
	results := 0
	for body.left() > 0 && !body.ended() {
		o := body.object()
		if o == nil {
			break
		}
		if o.tag == tagResult {
			results++
			o.drawResult(results)
			continue
		}
		o.drawResponseObject()
	}
	l.node.Value = fmt.Sprintf("%d results", results)
	if results == 1 {
		l.node.Value = "1 result"
	}
	l.after(body)
	if err != nil && !wrongBelow(l.node) {
		l.node.say(Wrong, "%s", trim(err))
	}
}

// after draws what follows a template that body has read.
func (l *layer) after(body *layer) {
	if body == l {
		l.trailing("the template")
		return
	}
	if n := body.left(); n > 0 {
		body.field("left over", n).say(Wrong, "%s not read", octets(n))
	}
	l.trailing("the template")
}

func (o *object) drawResult(i int) {
	o.node.Name = fmt.Sprintf("23 result %d", i)
	if n := o.left() - 2; n > 0 {
		o.drawAnswer(n)
	}
	s := o.statusWord()
	o.node.Value = s.String()
	if len(o.b) == 2 {
		o.lift(o.node.Children[0])
	}
}

func (o *object) drawResponseObject() {
	n, v := o.asField(), byte(0)
	if len(o.b) == 1 {
		v = o.b[0]
	}
	pick := func(words ...string) string {
		if int(v) < len(words) {
			return words[v]
		}
		return "unknown value"
	}
	switch o.tag {
	case tagExecuted:
		n.Name = "80 executed"
		n.set("%d", v)
		return
	case tagBadFormat:
		n.Name = "90 bad format"
		n.Value = pick("unknown value", "unknown tag", "wrong length", "length not found")
	case tagImmediate:
		n.Name = "81 immediate action"
		n.Value = pick("unknown value", "suspension error")
	case tagChaining:
		n.Name = "83 chaining"
		n.Value = pick("unknown value", "no previous script", "not supported", "unable to process")
	default:
		n.say(Wrong, "not an object of a script response")
		return
	}
	n.say(Wrong, "the card did not run the script to its end")
}

// drawTemplate draws tag and length of the outer template; the layer that it
// returns reads the objects.
func (l *layer) drawTemplate(name string) *layer {
	l.node.Name = name
	t := l.field("tag", 1)
	t.Value = map[byte]string{tagCommands: "commands", tagCommandsIndefinite: "commands, indefinite length",
		tagResults: "results", tagResultsIndefinite: "results, indefinite length"}[l.b[0]]
	indefinite := l.b[0] == tagCommandsIndefinite || l.b[0] == tagResultsIndefinite
	if indefinite && l.left() > 0 && l.rest()[0] == 0x80 {
		l.field("length", 1).Value = "indefinite, ends with 00 00"
		return l
	}
	n, ok := l.berLength()
	if !ok {
		return l
	}
	if n > l.left() {
		l.node.say(Wrong, "the template has %s, its length says %d", octets(l.left()), n)
	}
	end := min(n, l.left())
	body := *l
	body.b = l.b[:l.pos+end]
	l.pos += end
	return &body
}

// ended draws the end mark of an indefinite template, if it is there.
func (l *layer) ended() bool {
	if r := l.rest(); len(r) >= 2 && r[0] == 0 && r[1] == 0 {
		l.field("end", 2).Value = "end of the template"
		return true
	}
	return false
}

// object is one BER-TLV object that is drawn.
type object struct {
	layer
	tag uint32
}

// object draws the next BER-TLV object; nil where none can be read.
func (l *layer) object() *object {
	b := l.rest()
	o, rest, err := tlv.First(b)
	if err != nil {
		l.field("object", len(b)).say(Wrong, "%s", trim(err))
		return nil
	}
	size := len(b) - len(rest)
	sub := l.sub(fmt.Sprintf("%02X", o.Tag), size)
	indefinite := (o.Tag == tagCommandsIndefinite || o.Tag == tagResultsIndefinite) && b[1] == 0x80
	head := size - len(o.Value)
	if indefinite {
		head -= 2
	}
	sub.b, sub.whole, sub.base = sub.b[head:head+len(o.Value)], sub.b, sub.base+head
	return &object{layer: *sub, tag: o.Tag}
}

// lift makes a node of one child that field itself.
func (o *object) lift(n *Node) {
	o.node.Value, o.node.Children = n.Value, nil
	if n.Raw != nil {
		o.node.Raw = Hex(o.whole)
	}
	o.node.Findings = append(o.node.Findings, n.Findings...)
}
