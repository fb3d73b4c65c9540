package script

import (
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/sat"
)

// ErrTooLarge says that commands which cannot be parted fit no packet.
var ErrTooLarge = errors.New("does not fit a packet")

// Limits says what one packet and its answer hold, and how to go on in the
// next packet.
type Limits struct {
	// Octets is the room for the coded script of one packet: the least of what
	// the SMS parts and the buffer of the card type hold.
	Octets int
	// Response is the room for the coded answer to one packet, 0 for no limit.
	// Answers are reckoned at their longest: every Le in full, 256 if it is
	// coded 00, and an error object in the expanded formats.
	Response int
	// Chain is how a chain begins, ChainFirst or ChainFirstLasting, on a card
	// that knows script chaining: it keeps what is selected from packet to
	// packet. Unchained repeats SELECTs instead, as compact format always does.
	Chain Chaining
	// EachAnswer ends a packet of compact format after each command with Le,
	// whose data would be lost otherwise. Without it such a command may only
	// be the last. The expanded formats return all data in any case.
	EachAnswer bool
}

// Part is one of the scripts that Split makes.
type Part struct {
	Script
	Repeated int // how many commands at its head are SELECTs of earlier parts again
	First    int // index, in the script that was split, of the command after those
}

// Split makes of s as few scripts as fit the limits, with the same commands in
// the same order. Each must have run to its end before the next is sent: the
// whole is not atomic. Immediate goes with the last part, error action and the
// wait for a session with each.
//
// Without chaining a packet begins where the first one did, at the start of
// its application, with nothing selected. A later part then begins with the
// fewest SELECTs of the earlier ones that lead back, as far as its own
// commands depend on it: those of directories since the last absolute one (the
// MF, a path from it, 7FFF, a name), then that of the EF. EFs are known by
// identifiers beginning with 2F, 4F or 6F.
//
// Split never parts a script where no SELECT leads back: between a command
// that moved the record or tag pointer (next or previous record, SEARCH
// RECORD, INCREASE, blocks of RETRIEVE and SET DATA) and one that goes by it,
// between the choice of an EF by short identifier and a command on the
// current EF, after CREATE or DELETE FILE while the directory matters, and,
// chained or not, before GET RESPONSE and after PIN and channel commands. If
// what may not be parted is too long the error is ErrTooLarge; it names the
// commands, their size and the room.
func Split(s Script, limits Limits) ([]Part, error) {
	parts, err := split(s, limits)
	if err != nil {
		return nil, fmt.Errorf("script: %w", err)
	}
	return parts, nil
}

func split(s Script, limits Limits) ([]Part, error) {
	if err := checkSplit(s, limits); err != nil {
		return nil, err
	}
	if s.Format == Compact {
		limits.Chain = Unchained
	}
	p := newSplitter(s, limits)
	n := len(s.Commands)
	if p.whole() {
		return []Part{{Script: s}}, nil
	}
	p.chain = limits.Chain
	var parts []Part
	for at := 0; at < n; {
		end, err := p.cut(at)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p.part(at, end))
		at = end
	}
	return parts, nil
}

func checkSplit(s Script, limits Limits) error {
	switch {
	case limits.Octets < 1 || limits.Response < 0:
		return fmt.Errorf("room for %d octets and %d of answer: want at least 1 and 0", limits.Octets, limits.Response)
	case limits.Chain != Unchained && limits.Chain != ChainFirst && limits.Chain != ChainFirstLasting:
		return fmt.Errorf("chaining %02X does not begin a chain: want 01 or 11", byte(limits.Chain))
	case s.Chaining != Unchained:
		return fmt.Errorf("part %02X of a chain cannot be split", byte(s.Chaining))
	case len(s.Commands) == 0:
		return errors.New("no commands")
	}
	head := s
	head.Commands = s.Commands[:1]
	if err := head.check(); err != nil {
		return err
	}
	for i, c := range s.Commands {
		code := sat.Command.AppendBinary
		if s.Format == Compact {
			code = func(c sat.Command, b []byte) ([]byte, error) { return appendCompactCommand(b, c) }
		}
		if _, err := code(c, nil); err != nil {
			return fmt.Errorf("command %d of %d: %w", i+1, len(s.Commands), err)
		}
		if s.Format == Compact && !limits.EachAnswer && c.Le != sat.NoLe && i < len(s.Commands)-1 {
			return fmt.Errorf("%s has Le: compact format returns data of the last command only, so ask for EachAnswer", s.name(i))
		}
	}
	return nil
}

// splitter knows, for every place between two commands, what it takes to go on
// from there in a new packet.
type splitter struct {
	s      Script
	limits Limits
	chain  Chaining
	before []place // the place before command i
	needs  []level // what the commands from i on depend on
	octets []int   // size of the first i commands
	answer []int   // size of the results of the first i commands, expanded
}

func newSplitter(s Script, limits Limits) *splitter {
	n := len(s.Commands)
	p := &splitter{
		s: s, limits: limits, before: make([]place, n+1), needs: make([]level, n+1),
		octets: make([]int, n+1), answer: make([]int, n+1),
	}
	for i, c := range s.Commands {
		p.before[i+1] = p.before[i].after(c, i, effectOf(c))
		p.octets[i+1] = p.octets[i] + s.Format.commandSize(c)
		p.answer[i+1] = p.answer[i] + objectSize(max(c.Le, 0)+2)
	}
	for i := n - 1; i >= 0; i-- {
		e := effectOf(s.Commands[i])
		p.needs[i] = max(e.need, min(p.needs[i+1], e.sets-1))
	}
	return p
}

// whole says whether one packet takes the script as it is.
func (p *splitter) whole() bool {
	n := len(p.s.Commands)
	for end := 1; end < n; end++ {
		if p.mustEnd(end) {
			return false
		}
	}
	return p.fits(0, n)
}

// mustEnd says whether command end-1 must be the last of its packet.
func (p *splitter) mustEnd(end int) bool {
	return p.s.Format == Compact && p.s.Commands[end-1].Le != sat.NoLe
}

// repeat gives the SELECTs with which a packet that goes on at command i
// begins, or says why none can.
func (p *splitter) repeat(i int) (selects []sat.Command, why string) {
	if i == len(p.s.Commands) {
		return nil, ""
	}
	if p.s.Commands[i].INS == insGetResponse {
		return nil, p.s.name(i) + " asks for what the one before it returned"
	}
	need := p.needs[i]
	if p.chain != Unchained {
		need = session // the card keeps the rest
	}
	selects, lost := p.before[i].way(need)
	if lost >= 0 {
		return nil, "no SELECT brings back what " + p.s.name(lost) + " left behind"
	}
	return selects, ""
}

// shape is the script of a part without its commands.
func (p *splitter) shape(at, end int) Script {
	s := p.s
	s.Commands = nil
	last := end == len(p.s.Commands)
	if !last {
		s.Immediate, s.AnswerFirst = nil, false
	}
	switch {
	case p.chain == Unchained:
	case at == 0:
		s.Chaining = p.chain
	case last:
		s.Chaining = ChainLast
	default:
		s.Chaining = ChainNext
	}
	return s
}

// size gives the number of commands, the octets and the octets of the answer
// of a part.
func (p *splitter) size(at, end int) (commands, octets, answer int) {
	selects, _ := p.repeat(at)
	shape, f := p.shape(at, end), p.s.Format
	commands, octets = len(selects)+end-at, p.octets[end]-p.octets[at]+shape.extraSize()
	for _, c := range selects {
		octets += f.commandSize(c)
	}
	const count, failure = 3, 3
	results := p.answer[end] - p.answer[at] + len(selects)*objectSize(2)
	switch f {
	case Compact:
		answer = 3 + max(p.s.Commands[end-1].Le, 0)
	case Expanded:
		answer = f.wrapped(count + results + failure)
	case Indefinite:
		answer = f.wrapped(results + failure)
	}
	return commands, f.wrapped(octets), answer
}

func (p *splitter) fits(at, end int) bool {
	commands, octets, answer := p.size(at, end)
	return commands <= p.shape(at, end).most() && octets <= p.limits.Octets && (p.limits.Response == 0 || answer <= p.limits.Response)
}

// cut finds where the part that begins with command at ends: as late as it
// can. A later cut never makes the parts after it longer, so this gives the
// fewest.
func (p *splitter) cut(at int) (int, error) {
	best, n := 0, len(p.s.Commands)
	for end := at + 1; end <= n && p.fits(at, end); end++ {
		_, reason := p.repeat(end)
		if reason == "" {
			best = end
		}
		if p.mustEnd(end) && reason != "" {
			return 0, fmt.Errorf("%s must end its packet, but %s", p.s.name(end-1), reason)
		}
		if p.mustEnd(end) {
			break
		}
	}
	if best == 0 {
		return 0, p.tooLarge(at)
	}
	return p.withoutTail(at, best), nil
}

// withoutTail leaves out the SELECTs at the end of a part that the next one
// would only repeat.
func (p *splitter) withoutTail(at, end int) int {
	for e := end; e > at; e-- {
		next, _ := p.repeat(e)
		before, why := p.repeat(e - 1)
		c := p.s.Commands[e-1]
		if p.chain != Unchained || c.INS != insSelect || c.Le != sat.NoLe || why != "" || !slices.EqualFunc(append(before, c), next, same) {
			return e
		}
	}
	return end
}

func same(a, b sat.Command) bool { return a.String() == b.String() }

func (p *splitter) part(at, end int) Part {
	selects, _ := p.repeat(at)
	s := p.shape(at, end)
	s.Commands = append(slices.Clip(selects), p.s.Commands[at:end]...)
	return Part{Script: s, Repeated: len(selects), First: at}
}

// tooLarge says what does not fit: the commands up to the first place where
// the part that begins with command at may end.
func (p *splitter) tooLarge(at int) error {
	end, why := at+1, ""
	for ; !p.mustEnd(end); end++ {
		_, reason := p.repeat(end)
		if reason == "" {
			break
		}
		why = reason
	}
	commands, octets, answer := p.size(at, end)
	what := p.s.name(at)
	if end-at > 1 {
		what = fmt.Sprintf("commands %d to %d of %d, together because %s,", at+1, end, len(p.s.Commands), why)
	}
	if repeated := commands - (end - at); repeated > 0 {
		what += fmt.Sprintf(" with %d SELECTs again,", repeated)
	}
	switch {
	case octets > p.limits.Octets:
		return fmt.Errorf("%s %w: %d octets, there is room for %d", what, ErrTooLarge, octets, p.limits.Octets)
	case p.limits.Response > 0 && answer > p.limits.Response:
		return fmt.Errorf("%s %w: up to %d octets of answer, there is room for %d", what, ErrTooLarge, answer, p.limits.Response)
	}
	return fmt.Errorf("%s %w: %d commands, %s format holds %d", what, ErrTooLarge, commands, p.s.Format, p.shape(at, end).most())
}
