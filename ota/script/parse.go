package script

import (
	"errors"
	"fmt"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// Parse reads a script. With Expanded or Indefinite it reads both templates
// and returns the Format it found. Actions at other places than those of the
// package comment give ErrUnsupported. A compact script may have Le before its
// last command: that is legal to receive, though AppendBinary refuses it.
func Parse(format Format, b []byte) (Script, error) {
	s := Script{Format: format}
	var err error
	switch format {
	case Compact:
		s.Commands, err = sat.ParseCommands(b)
	case Expanded, Indefinite:
		err = s.parseTemplate(b)
	}
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return Script{}, fmt.Errorf("script: %w", err)
	}
	return s, nil
}

func (s *Script) parseTemplate(b []byte) error {
	template, rest, err := tlv.First(b)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%d octets after the template", len(rest))
	}
	switch template.Tag {
	case tagScript:
		s.Format = Expanded
	case tagScriptIndefinite:
		if b[1] != 0x80 {
			return fmt.Errorf("template AE with length %02X: it has indefinite length, 80", b[1])
		}
		s.Format = Indefinite
	default:
		return fmt.Errorf("template tag %X: an expanded script begins with AA or AE", template.Tag)
	}
	objects, err := tlv.ParseBER(template.Value)
	if err != nil {
		return err
	}
	for i, o := range objects {
		if err := s.take(o, i == 0); err != nil {
			return fmt.Errorf("object %d: %w", i+1, err)
		}
	}
	return nil
}

// take adds one object of the template to the script.
func (s *Script) take(o tlv.Object, first bool) error {
	switch o.Tag {
	case tagChaining:
		return s.takeChaining(o.Value, first)
	case tagCommand:
		if s.Immediate != nil {
			return fmt.Errorf("a command after an immediate action is %w", ErrUnsupported)
		}
		c, err := sat.ParseCommand(o.Value)
		if err != nil {
			return err
		}
		s.Commands = append(s.Commands, c)
		return nil
	case tagErrorAction:
		if s.ErrorAction != nil || len(s.Commands) > 0 || s.Immediate != nil {
			return fmt.Errorf("an error action that is not the only one and before the commands is %w", ErrUnsupported)
		}
		s.ErrorAction = append([]byte{}, o.Value...)
		return nil
	case tagImmediate:
		return s.takeImmediate(o.Value)
	}
	return fmt.Errorf("tag %02X is not one of a script", o.Tag)
}

func (s *Script) takeChaining(value []byte, first bool) error {
	switch {
	case !first:
		return errors.New("chaining is not the first object")
	case len(value) != 1 || value[0] == 0:
		return fmt.Errorf("chaining has value %X: want one octet, 01, 11, 02 or 03", value)
	}
	s.Chaining = Chaining(value[0])
	return nil
}

// takeImmediate tells the three by their places: 81 ahead of everything but
// chaining, 82 with an action after it, and the action.
func (s *Script) takeImmediate(value []byte) error {
	switch {
	case len(value) == 0:
		return errors.New("immediate action is empty")
	case len(s.Immediate) == 1 && s.Immediate[0] == earlyResponse && !s.AnswerFirst:
		s.AnswerFirst = true
	case len(s.Commands) == 0 && len(value) == 1 && value[0] == proactiveSession && !s.WaitSession && s.ErrorAction == nil:
		s.WaitSession = true
		return nil
	case len(s.Commands) == 0 || s.Immediate != nil:
		return fmt.Errorf("immediate action %X at this place is %w", value, ErrUnsupported)
	}
	s.Immediate = append([]byte(nil), value...)
	return nil
}
