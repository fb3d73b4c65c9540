package script

import (
	"errors"
	"fmt"

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

// Script is what a card is asked to run in one secured packet.
type Script struct {
	Format   Format
	Commands []sat.Command
	// Immediate is the value of the immediate action (tag 81), such as
	// Refresh; expanded format only, nil for none (ETSI TS 102 226, 5.2.1).
	Immediate []byte
}

// AppendBinary appends the coded script to b. Indefinite gives ErrUnsupported.
func (s Script) AppendBinary(b []byte) ([]byte, error) {
	switch s.Format {
	case Compact:
		return s.appendCompact(b)
	case Expanded:
		return s.appendExpanded(b)
	case Indefinite:
		return nil, fmt.Errorf("script: format %q is %w for sending: use %q", s.Format, ErrUnsupported, Expanded)
	}
	return nil, unknownFormat(s.Format)
}

func unknownFormat(f Format) error {
	return fmt.Errorf("script: unknown format %q: want %q or %q", f, Compact, Expanded)
}

func (s Script) appendCompact(b []byte) ([]byte, error) {
	if s.Immediate != nil {
		return nil, fmt.Errorf("script: compact format has no immediate action: use %q", Expanded)
	}
	if err := s.checkCount(maxCommands); err != nil {
		return nil, err
	}
	for i, c := range s.Commands {
		if c.Le != sat.NoLe && i != len(s.Commands)-1 {
			return nil, fmt.Errorf("script: command %d of %d, %s, has Le: compact format returns data of the last command only, so give it a script of its own", i+1, len(s.Commands), c.Describe())
		}
		start := len(b)
		var err error
		if b, err = c.AppendBinary(b); err != nil {
			return nil, fmt.Errorf("script: command %d of %d: %w", i+1, len(s.Commands), err)
		}
		if len(b)-start == 4 {
			b = append(b, 0) // P3 is always there, or the card could not find the next command
		}
	}
	return b, nil
}

func (s Script) appendExpanded(b []byte) ([]byte, error) {
	if err := s.checkCount(maxExpanded); err != nil {
		return nil, err
	}
	var body []byte
	for i, c := range s.Commands {
		apdu, err := c.AppendBinary(nil)
		if err == nil {
			body, err = tlv.AppendBER(body, tagCommand, apdu)
		}
		if err != nil {
			return nil, fmt.Errorf("script: command %d of %d: %w", i+1, len(s.Commands), err)
		}
	}
	if s.Immediate != nil {
		if len(s.Immediate) == 0 {
			return nil, errors.New("script: immediate action is empty: leave it nil for none")
		}
		var err error
		if body, err = tlv.AppendBER(body, tagImmediate, s.Immediate); err != nil {
			return nil, fmt.Errorf("script: immediate action: %w", err)
		}
	}
	b, err := tlv.AppendBER(b, tagScript, body)
	if err != nil {
		return nil, fmt.Errorf("script: %w", err)
	}
	return b, nil
}

func (s Script) checkCount(most int) error {
	if len(s.Commands) == 0 {
		return errors.New("script: no commands")
	}
	if len(s.Commands) > most {
		return fmt.Errorf("script: %d commands, %s format holds %d: split the script", len(s.Commands), s.Format, most)
	}
	return nil
}

// Parse reads a script. With Expanded or Indefinite it reads both templates
// and returns the Format it found. Error action and chaining give
// ErrUnsupported.
func Parse(format Format, b []byte) (Script, error) {
	switch format {
	case Compact:
		return parseCompact(b)
	case Expanded, Indefinite:
		return parseExpanded(b)
	}
	return Script{}, unknownFormat(format)
}

func parseCompact(b []byte) (Script, error) {
	commands, err := sat.ParseCommands(b)
	if err != nil {
		return Script{}, fmt.Errorf("script: %w", err)
	}
	s := Script{Format: Compact, Commands: commands}
	return s, s.checkCount(maxCommands)
}

func parseExpanded(b []byte) (Script, error) {
	template, rest, err := tlv.First(b)
	if err != nil {
		return Script{}, fmt.Errorf("script: %w", err)
	}
	if len(rest) > 0 {
		return Script{}, fmt.Errorf("script: %d octets after the template", len(rest))
	}
	s := Script{Format: Expanded}
	switch template.Tag {
	case tagScript:
	case tagScriptIndefinite:
		s.Format = Indefinite
	default:
		return Script{}, fmt.Errorf("script: template tag %X: an expanded script begins with AA or AE", template.Tag)
	}
	objects, err := tlv.ParseBER(template.Value)
	if err != nil {
		return Script{}, fmt.Errorf("script: %w", err)
	}
	for i, o := range objects {
		if err := s.take(o); err != nil {
			return Script{}, fmt.Errorf("script: object %d: %w", i+1, err)
		}
	}
	return s, s.checkCount(maxExpanded)
}

// take adds one object of the template to the script.
func (s *Script) take(o tlv.Object) error {
	switch o.Tag {
	case tagCommand:
		c, err := sat.ParseCommand(o.Value)
		if err != nil {
			return err
		}
		s.Commands = append(s.Commands, c)
		return nil
	case tagImmediate:
		if s.Immediate != nil {
			return errors.New("a second immediate action")
		}
		if len(o.Value) == 0 {
			return errors.New("immediate action is empty")
		}
		s.Immediate = append([]byte(nil), o.Value...)
		return nil
	}
	return fmt.Errorf("tag %02X is %w", o.Tag, ErrUnsupported)
}

// Refresh returns the objects of an immediate REFRESH for Script.Immediate:
// command details with the qualifier, device identities UICC to terminal (ETSI
// TS 102 223, 6.6.13). Qualifier 04 is UICC reset, 00 is initialisation and
// full file change.
func Refresh(qualifier byte) []byte {
	return []byte{0x81, 0x03, 0x01, 0x01, qualifier, 0x82, 0x02, 0x81, 0x82}
}
