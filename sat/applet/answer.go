package applet

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/simota/simota/sat"
)

var (
	// ErrRefused says that the applet did not take the command.
	ErrRefused = errors.New("refused by the applet")
	// ErrUnreadable says that a read-back does not fit its pattern.
	ErrUnreadable = errors.New("read-back does not fit its pattern")
)

// expectation is an answer that means "done".
type expectation struct {
	text string
	fits *regexp.Regexp // over the hex, in upper case, of data and status word
}

var statusWord = regexp.MustCompile(`^[0-9A-Fa-fxX]{4}$`)

// failure is a status word that no applet means well.
const failure = "6F00"

func parseExpectations(texts []string) ([]expectation, error) {
	var list []expectation
	for _, text := range texts {
		expression := text
		if statusWord.MatchString(text) {
			expression = ".*" + strings.NewReplacer("x", ".", "X", ".").Replace(text)
		}
		if strings.Contains(text, "${") {
			return nil, fmt.Errorf("%q: placeholders have no place here", text)
		}
		r, err := whole(expression)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		if r.MatchString(failure) {
			return nil, fmt.Errorf("%q fits %s too, which is a failure", text, failure)
		}
		if !reachable(r) {
			return nil, fmt.Errorf("%q fits no answer: that is the hex of whole octets, the last two a status word, as 9000, 91xx or 02..9000", text)
		}
		list = append(list, expectation{text, r})
	}
	return list, nil
}

// whole compiles an expression that must fit all of a text of hex.
func whole(expression string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(expression); err != nil { // alone, so that it cannot close the group
		return nil, err
	}
	return regexp.Compile(`(?i)\A(?:` + expression + `)\z`)
}

// reachable tells whether an expression fits some answer: an even number of hex
// digits, four or more. It walks the program of the expression and takes every
// assertion for true, so what it refuses can never fit.
func reachable(r *regexp.Regexp) bool {
	tree, err := syntax.Parse(r.String(), syntax.Perl)
	if err != nil {
		return false
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return false
	}
	type state struct {
		at     uint32
		digits int // 4 is any even number from there on, 5 any odd one
	}
	seen := map[state]bool{}
	open := []state{{at: uint32(program.Start)}}
	for len(open) > 0 {
		s := open[len(open)-1]
		open = open[:len(open)-1]
		if seen[s] {
			continue
		}
		seen[s] = true
		inst := &program.Inst[s.at]
		switch inst.Op {
		case syntax.InstMatch:
			if s.digits == 4 {
				return true
			}
		case syntax.InstAlt, syntax.InstAltMatch:
			open = append(open, state{inst.Out, s.digits}, state{inst.Arg, s.digits})
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			open = append(open, state{inst.Out, s.digits})
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			if strings.ContainsFunc("0123456789ABCDEF", inst.MatchRune) {
				next := s.digits + 1
				if next == 6 {
					next = 4
				}
				open = append(open, state{inst.Out, next})
			}
		}
	}
	return false
}

// Accepted judges the answer to the last command of a switch: nil if it says
// "done", else an error that wraps [ErrRefused] and says what came and what
// would have been right. Done is not proof that another identity is in use; a
// read-back is.
func (a *Applet) Accepted(s sat.Status, data []byte) error {
	if len(a.expect) == 0 {
		if s.OK() {
			return nil
		}
		return fmt.Errorf("applet: %w: %s", ErrRefused, s)
	}
	answer := fmt.Sprintf("%X%04X", data, uint16(s))
	var wanted []string
	for _, e := range a.expect {
		if e.fits.MatchString(answer) {
			return nil
		}
		wanted = append(wanted, e.text)
	}
	return fmt.Errorf("applet: %w: %s (octets of data: %d); the template expects %s", ErrRefused, s, len(data), strings.Join(wanted, " or "))
}

// pattern reads the answer to a read-back.
type pattern struct {
	expression *regexp.Regexp
	values     []placeholder // named groups of the expression
	exact      *apdu         // the octets, if they follow from the values
}

func parsePattern(text string) (pattern, error) {
	var p pattern
	var expression strings.Builder
	exact := &apdu{}
	for rest := squeeze(text); rest != ""; {
		literal, key, after, err := cutPlaceholder(rest)
		if err != nil {
			return pattern{}, err
		}
		if rest = after; strings.Contains(literal, "(?P<") || strings.Contains(literal, "(?<") {
			return pattern{}, fmt.Errorf("%q: groups have no names here, those are for placeholders", literal)
		}
		expression.WriteString(literal)
		if b, err := hex.DecodeString(literal); err != nil {
			exact = nil
		} else if exact != nil {
			exact.octets = append(exact.octets, b...)
		}
		if key == "" {
			continue
		}
		v, err := lookUp(key)
		if err != nil {
			return pattern{}, err
		}
		if slices.ContainsFunc(p.values, func(o placeholder) bool { return o.name == v.name }) {
			return pattern{}, fmt.Errorf("%s: the %s is read twice", v, v.name)
		}
		p.values = append(p.values, v)
		fmt.Fprintf(&expression, "(?P<%s>[0-9A-F]{%d})", v.name, 2*v.size)
		if exact != nil {
			exact.gaps = append(exact.gaps, gap{len(exact.octets), v})
			exact.octets = append(exact.octets, make([]byte, v.size)...)
		}
	}
	if !slices.ContainsFunc(p.values, func(v placeholder) bool { return slices.Contains(identity, v.name) }) {
		return pattern{}, fmt.Errorf("%q holds none of ${slot}, ${imsi} and ${iccid}: without one, nothing proves a switch", text)
	}
	var err error
	if p.expression, err = whole(expression.String()); err != nil {
		return pattern{}, err
	}
	for _, v := range p.values {
		if p.expression.SubexpIndex(v.name) < 0 {
			return pattern{}, fmt.Errorf("%s is quoted or part of a class: it cannot be read there", v)
		}
	}
	p.exact = exact
	return p, nil
}

// Identify reads what the card says is in use. It fails with [ErrUnreadable] if
// the data do not fit the pattern, or not the codings in it.
func (a *Applet) Identify(data []byte) (Values, error) {
	text := fmt.Sprintf("%X", data)
	at := a.answer.expression.FindStringSubmatchIndex(text)
	if at == nil {
		return nil, fmt.Errorf("applet: %w: %d octets", ErrUnreadable, len(data))
	}
	found := Values{}
	for _, p := range a.answer.values {
		i := a.answer.expression.SubexpIndex(p.name)
		start, end := at[2*i], at[2*i+1]
		if start < 0 {
			continue // in a branch that did not fit
		}
		if start%2 != 0 {
			return nil, fmt.Errorf("applet: %w: %s begins in the middle of octet %d", ErrUnreadable, p, start/2+1)
		}
		value, err := p.decode(data[start/2 : end/2])
		if err != nil {
			return nil, fmt.Errorf("applet: %w: %s: %w", ErrUnreadable, p, err)
		}
		found[p.name] = value
	}
	return found, nil
}

// Outcome is what a read-back says of a switch.
type Outcome int

// Outcomes. Unclear is also the answer of a card that uses a third identity,
// and of values that do not differ in what is read.
const (
	Unclear  Outcome = iota
	Switched         // the new identity is in use
	Before           // the old one is: not switched, or undone by the card
)

// String returns the outcome in words.
func (o Outcome) String() string {
	switch o {
	case Switched:
		return "the new identity is in use"
	case Before:
		return "the old identity is in use: not switched, or undone by the card"
	}
	return "unclear which identity is in use"
}

// Decide compares what a read-back says with the values of the new identity
// and of the old one, on slot, IMSI and ICCID as far as all know them. After an
// earlier Switched, Before says that the card undid the switch.
func (a *Applet) Decide(data []byte, want, old Values) Outcome {
	found, err := a.Identify(data)
	if err != nil {
		return Unclear
	}
	isNew, isOld := same(found, want), same(found, old)
	switch {
	case isNew && !isOld:
		return Switched
	case isOld && !isNew:
		return Before
	}
	return Unclear
}

// same says whether two identities agree in all that both name, and both name
// something.
func same(a, b Values) bool {
	compared := false
	for _, name := range identity {
		x, ok1 := a[name]
		y, ok2 := b[name]
		if ok1 && ok2 {
			if x != y {
				return false
			}
			compared = true
		}
	}
	return compared
}

// Answer predicts the data of a read-back when these values are in use. It is
// false if the pattern leaves some octets open or needs a value that is missing
// or does not fit: then only [Applet.Decide] can judge an answer.
func (a *Applet) Answer(v Values) ([]byte, bool) {
	if a.answer.exact == nil {
		return nil, false
	}
	b, err := a.answer.exact.fill(v)
	return b, err == nil
}
