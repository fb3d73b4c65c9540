package script

import (
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

const (
	// maxCommands is what the count octet of a response can tell.
	maxCommands = 255
	// maxExpanded leaves room, in the response to an expanded script, for
	// the count and an error object beside one result for each command.
	maxExpanded = tlv.MaxObjects - 2
)

// Script is what a card is asked to run in one secured packet. All but Format
// and Commands is of the expanded formats only (ETSI TS 102 226, 5.2.1).
type Script struct {
	Format   Format
	Commands []sat.Command
	// Immediate is what the card does once all commands have run and none
	// failed: the objects of a REFRESH (see Refresh), DISPLAY TEXT or PLAY
	// TONE, one octet 01 to 7F for a record of EF_RMA, or one octet 81 or 82
	// with the meaning of WaitSession and AnswerFirst. nil for none.
	Immediate []byte
	// ErrorAction is what the card does when a command fails, in the same
	// forms but 81 and 82. Empty, not nil, says to do nothing; nil for none.
	ErrorAction []byte
	// Chaining says which part of a chain of scripts this is.
	Chaining Chaining
	// WaitSession lets the card suspend the script while a proactive session
	// is open, before the first command. Without it a card in a session
	// may silently leave out the actions.
	WaitSession bool
	// AnswerFirst lets the card answer before Immediate, which it needs: some
	// cards cannot answer any more after a REFRESH.
	AnswerFirst bool
}

// AppendBinary appends the coded script to b. What the format cannot carry, or
// would carry with another meaning, is refused.
func (s Script) AppendBinary(b []byte) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("script: %w", err)
	}
	n, body := s.size()
	b = slices.Grow(b, n)
	var err error
	switch s.Format {
	case Compact:
		b, err = s.appendCompact(b)
	case Expanded:
		b, err = s.appendObjects(appendHeader(b, tagScript, body))
	case Indefinite:
		if b, err = s.appendObjects(append(b, tagScriptIndefinite, 0x80)); err == nil {
			b = append(b, 0, 0)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("script: %w", err)
	}
	return b, nil
}

func (s Script) check() error {
	if !s.Format.known() {
		return unknownFormat(s.Format)
	}
	switch most := s.most(); {
	case len(s.Commands) == 0:
		return errors.New("no commands")
	case len(s.Commands) > most:
		return fmt.Errorf("%d commands, %s format holds %d: split the script", len(s.Commands), s.Format, most)
	case s.Format == Compact:
		return s.checkCompact()
	}
	return s.checkExpanded()
}

func (f Format) known() bool { return f == Compact || f == Expanded || f == Indefinite }

// most is how many commands the script may have beside its other objects.
func (s Script) most() int {
	if s.Format == Compact {
		return maxCommands
	}
	return min(maxExpanded, tlv.MaxObjects-s.extras())
}

func unknownFormat(f Format) error {
	return fmt.Errorf("unknown format %q: want %q, %q or %q", f, Compact, Expanded, Indefinite)
}

func (s Script) checkCompact() error {
	for _, x := range []struct {
		used bool
		name string
	}{
		{s.Immediate != nil, "immediate action"}, {s.ErrorAction != nil, "error action"}, {s.Chaining != Unchained, "chaining"},
		{s.WaitSession, "wait for a session"}, {s.AnswerFirst, "early response"},
	} {
		if x.used {
			return fmt.Errorf("compact format has no %s: use %q", x.name, Expanded)
		}
	}
	return nil
}

func (s Script) checkExpanded() error {
	if err := s.Chaining.check(); err != nil {
		return err
	}
	if s.Immediate != nil {
		if err := checkImmediate(s.Immediate); err != nil {
			return err
		}
	}
	if s.AnswerFirst && (s.Immediate == nil || len(s.Immediate) == 1 && s.Immediate[0] > lastReference) {
		return errors.New("an answer before the action needs an action: set Immediate")
	}
	return checkErrorAction(s.ErrorAction)
}

// extras counts the objects of the template beside the commands.
func (s Script) extras() (n int) {
	for _, used := range [...]bool{s.Chaining != Unchained, s.WaitSession, s.ErrorAction != nil, s.AnswerFirst, s.Immediate != nil} {
		if used {
			n++
		}
	}
	return n
}

// size is how long the coded script is and, in expanded format, what is inside
// the template.
func (s Script) size() (total, body int) {
	for _, c := range s.Commands {
		body += s.Format.commandSize(c)
	}
	body += s.extraSize()
	return s.Format.wrapped(body), body
}

// wrapped is the size of a script whose template holds so many octets.
func (f Format) wrapped(body int) int {
	switch f {
	case Expanded:
		return objectSize(body)
	case Indefinite:
		return 2 + body + 2
	}
	return body
}

// commandSize is the size of one command in a script.
func (f Format) commandSize(c sat.Command) int {
	if f == Compact {
		return max(apduSize(c), 5)
	}
	return objectSize(apduSize(c))
}

func apduSize(c sat.Command) int {
	n := 4
	if len(c.Data) > 0 {
		n += 1 + len(c.Data)
	}
	if c.Le != sat.NoLe {
		n++
	}
	return n
}

// extraSize is the size of the objects beside the commands.
func (s Script) extraSize() (n int) {
	for _, used := range [...]bool{s.Chaining != Unchained, s.WaitSession, s.AnswerFirst} {
		if used {
			n += objectSize(1)
		}
	}
	for _, action := range [...][]byte{s.ErrorAction, s.Immediate} {
		if action != nil {
			n += objectSize(len(action))
		}
	}
	return n
}

func (s Script) appendCompact(b []byte) ([]byte, error) {
	for i, c := range s.Commands {
		if c.Le != sat.NoLe && i != len(s.Commands)-1 {
			return nil, fmt.Errorf("%s has Le: compact format returns data of the last command only, so give it a script of its own", s.name(i))
		}
		var err error
		if b, err = appendCompactCommand(b, c); err != nil {
			return nil, fmt.Errorf("command %d of %d: %w", i+1, len(s.Commands), err)
		}
	}
	return b, nil
}

func appendCompactCommand(b []byte, c sat.Command) ([]byte, error) {
	start := len(b)
	b, err := c.AppendBinary(b)
	if err != nil {
		return nil, err
	}
	if len(b)-start == 4 {
		b = append(b, 0) // P3 is always there, or the card could not find the next command
	}
	if len(b)-start == 5 {
		err = readsBack(c, b[start:])
	}
	return b, err
}

// readsBack checks a command of five octets, whose last is Lc or Le by its
// instruction alone: where that is not what was meant, the card would take the
// next command for data, or an update of nothing for a read.
func readsBack(c sat.Command, b []byte) error {
	if cs, err := sat.ParseCommands(b); err != nil || len(cs) != 1 || cs[0].Le != c.Le {
		return fmt.Errorf("%s cannot be told with P3 %02X in compact format: use %q", c.Describe(), b[4], Expanded)
	}
	return nil
}

func (s Script) name(i int) string {
	return fmt.Sprintf("command %d of %d, %s,", i+1, len(s.Commands), s.Commands[i].Describe())
}

func (s Script) appendObjects(b []byte) ([]byte, error) {
	if s.Chaining != Unchained {
		b = append(b, tagChaining, 1, byte(s.Chaining))
	}
	if s.WaitSession {
		b = append(b, tagImmediate, 1, proactiveSession)
	}
	if s.ErrorAction != nil {
		b = append(appendHeader(b, tagErrorAction, len(s.ErrorAction)), s.ErrorAction...)
	}
	for i, c := range s.Commands {
		var err error
		if b, err = c.AppendBinary(appendHeader(b, tagCommand, apduSize(c))); err != nil {
			return nil, fmt.Errorf("command %d of %d: %w", i+1, len(s.Commands), err)
		}
	}
	if s.AnswerFirst {
		b = append(b, tagImmediate, 1, earlyResponse)
	}
	if s.Immediate != nil {
		b = append(appendHeader(b, tagImmediate, len(s.Immediate)), s.Immediate...)
	}
	return b, nil
}
