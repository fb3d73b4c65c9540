package applet

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/simota/simota/sat"
)

// Template describes the commands of one vendor's applet, as part of a card
// type. It holds plain text only, so that a record of the same fields converts
// to it.
type Template struct {
	TAR    string   `yaml:"tar" json:"tar"`       // six hex digits
	Format string   `yaml:"format" json:"format"` // of the script: "compact" or "expanded"
	APDU   []string `yaml:"apdu" json:"apdu"`     // the commands of a switch, hex with placeholders
	// Expect lists what a switch may answer: status words, in which x stands
	// for any digit, or regular expressions over the hex, in upper case, of the
	// data and the status word. One of them must fit, all of it. None means any
	// status word that says "done".
	Expect  []string `yaml:"expect" json:"expect,omitempty"`
	Refresh string   `yaml:"refresh" json:"refresh"` // "card", "immediate" (expanded format only) or "none"

	ReadBack       []string `yaml:"read_back" json:"read_back"`                         // commands; the last returns the identity in use
	ReadBackTAR    string   `yaml:"read_back_tar" json:"read_back_tar,omitempty"`       // where they go; empty means TAR
	ReadBackFormat string   `yaml:"read_back_format" json:"read_back_format,omitempty"` // empty means Format
	// ReadBackExpect is a regular expression over the hex of that data, in
	// which placeholders are read and spaces do not count. It must fit all of
	// the data and hold ${slot}, ${imsi} or ${iccid}.
	ReadBackExpect string `yaml:"read_back_expect" json:"read_back_expect"`
}

// FieldError is a problem of one field of a [Template].
type FieldError struct {
	Field string // as the file spells it
	Err   error
}

// Error names the package and the field.
func (e *FieldError) Error() string { return "applet: " + e.Field + ": " + e.Err.Error() }

// Unwrap returns the problem itself.
func (e *FieldError) Unwrap() error { return e.Err }

// Formats and ways of refresh, as in card types.
const (
	compact   = "compact"
	expanded  = "expanded"
	byCard    = "card"
	immediate = "immediate"
	none      = "none"
)

// Applet is a [Template] that was checked. It is safe for concurrent use.
type Applet struct {
	TAR            [3]byte // of a switch
	Format         string
	Refresh        string
	ReadBackTAR    [3]byte
	ReadBackFormat string

	apdus, reads []apdu
	expect       []expectation
	answer       pattern
}

// Compile checks everything that can be checked without values. The error
// joins a [FieldError] for each problem.
func (t Template) Compile() (*Applet, error) {
	var problems []error
	note := func(field string, err error) {
		if err != nil {
			problems = append(problems, &FieldError{field, err})
		}
	}
	if t.ReadBackTAR == "" {
		t.ReadBackTAR = t.TAR
	}
	if t.ReadBackFormat == "" {
		t.ReadBackFormat = t.Format
	}
	a := &Applet{Format: t.Format, Refresh: t.Refresh, ReadBackFormat: t.ReadBackFormat}
	var err error
	a.TAR, err = parseTAR(t.TAR)
	note("tar", err)
	note("format", checkFormat(t.Format))
	a.apdus, err = parseAPDUs(t.APDU, t.Format)
	note("apdu", err)
	a.expect, err = parseExpectations(t.Expect)
	note("expect", err)
	note("refresh", t.checkRefresh())
	if t.ReadBackTAR != t.TAR {
		a.ReadBackTAR, err = parseTAR(t.ReadBackTAR)
		note("read_back_tar", err)
	} else {
		a.ReadBackTAR = a.TAR
	}
	if t.ReadBackFormat != t.Format {
		note("read_back_format", checkFormat(t.ReadBackFormat))
	}
	a.reads, err = parseAPDUs(t.ReadBack, t.ReadBackFormat)
	note("read_back", err)
	a.answer, err = parsePattern(t.ReadBackExpect)
	note("read_back_expect", err)
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return a, nil
}

func parseTAR(s string) (tar [3]byte, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(tar) {
		return tar, fmt.Errorf("%q: want six hex digits", s)
	}
	return [3]byte(b), nil
}

func checkFormat(s string) error {
	if s != compact && s != expanded {
		return fmt.Errorf("%q: want %s or %s", s, compact, expanded)
	}
	return nil
}

func (t Template) checkRefresh() error {
	switch {
	case t.Refresh != byCard && t.Refresh != immediate && t.Refresh != none:
		return fmt.Errorf("%q: want %s, %s or %s", t.Refresh, byCard, immediate, none)
	case t.Refresh == immediate && t.Format == compact:
		return fmt.Errorf("%s needs format %s: a %s script cannot carry it", immediate, expanded, compact)
	}
	return nil
}

func parseAPDUs(texts []string, format string) ([]apdu, error) {
	if len(texts) == 0 {
		return nil, errors.New("missing: want at least one command")
	}
	var apdus []apdu
	for i, text := range texts {
		a, err := parseAPDU(text)
		if err != nil {
			return nil, fmt.Errorf("command %d, %q: %w", i+1, text, err)
		}
		if format == compact && i < len(texts)-1 && a.expectsData() {
			return nil, fmt.Errorf("command %d, %q: has Le, but in %s format only the last command returns data", i+1, text, compact)
		}
		apdus = append(apdus, a)
	}
	return apdus, nil
}

// Needs returns the names of the values that the commands want, in the order
// of their first use.
func (a *Applet) Needs() []string {
	var names []string
	seen := map[string]bool{}
	for _, list := range [][]apdu{a.apdus, a.reads} {
		for _, c := range list {
			for _, g := range c.gaps {
				if !seen[g.name] {
					seen[g.name] = true
					names = append(names, g.name)
				}
			}
		}
	}
	return names
}

// Reads returns the names of the values that a read-back tells. For a switch to
// be provable, the new and the old identity must differ in one of them.
func (a *Applet) Reads() []string {
	var names []string
	for _, p := range a.answer.values {
		names = append(names, p.name)
	}
	return names
}

// Switch makes the commands of a switch. It fails if a value is missing or does
// not fit its coding.
func (a *Applet) Switch(v Values) ([]sat.Command, error) { return commands("apdu", a.apdus, v) }

// ReadBack makes the commands that ask which identity is in use. The data of
// the last one's answer go to [Applet.Decide].
func (a *Applet) ReadBack(v Values) ([]sat.Command, error) { return commands("read_back", a.reads, v) }

func commands(field string, apdus []apdu, v Values) ([]sat.Command, error) {
	var cs []sat.Command
	for i, a := range apdus {
		c, err := a.command(v)
		if err != nil {
			return nil, &FieldError{field, fmt.Errorf("command %d: %w", i+1, err)}
		}
		cs = append(cs, c)
	}
	return cs, nil
}
