package smscsim

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Step is a temper for a while. While it runs, its temper is the whole temper of its operator: what it does not
// name is good, except that ids and the form of receipts fall back on the configuration.
type Step struct {
	After    time.Duration `yaml:"after"`    // from the start of the scenario
	For      time.Duration `yaml:"for"`      // 0 is for good
	Operator string        `yaml:"operator"` // or the account of a library; empty is all that have no step of their own
	Temper   Temper        `yaml:"temper"`
	Absent   float64       `yaml:"absent"` // share of subscribers out of coverage, 0 to 1
}

// Scenario is what happens to an SMSC, by the clock. Of steps that overlap for one operator the later started one
// is in force.
type Scenario []Step

// ParseScenario reads a scenario, a YAML list of steps. Unknown fields are errors; errors of form name their line.
func ParseScenario(b []byte) (Scenario, error) {
	var s Scenario
	if err := decode(b, &s); err != nil && !errors.Is(err, io.EOF) { // of an empty text
		return nil, fmt.Errorf("smscsim: scenario: %w", err)
	}
	if len(s) == 0 {
		return nil, fmt.Errorf("smscsim: scenario: no steps: want a list of them, such as - {after: 10s, for: 30s, temper: {throttle: 0.3}}")
	}
	return s, s.Check()
}

// Check says what is wrong with a scenario.
func (s Scenario) Check() error {
	for i, step := range s {
		if step.After < 0 || step.For < 0 || !(step.Absent >= 0 && step.Absent <= 1) {
			return fmt.Errorf("smscsim: scenario: step %d: after %v, for %v, absent %v: want no negative time and a share of 0 to 1", i+1, step.After, step.For, step.Absent)
		}
		if err := step.Temper.Check(); err != nil {
			return fmt.Errorf("smscsim: scenario: step %d: %w", i+1, err)
		}
	}
	return nil
}

// ParseTemper reads a temper in YAML, as strictly.
func ParseTemper(b []byte) (t Temper, err error) {
	if err := decode(b, &t); err != nil {
		return Temper{}, fmt.Errorf("smscsim: temper: %w", err)
	}
	return t, t.Check()
}

// decode reads YAML strictly. The decoder panics at some tags, such as a lone "!" before a list or a mapping.
func decode(b []byte, to any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("not YAML that can be read: %v", r)
		}
	}()
	return yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(to)
}

// Stage is what a scenario is played on.
type Stage interface {
	// SetTemper is that of [Server]; nil is the stage's own.
	SetTemper(operator string, t *Temper) error
	// SetAbsent takes so many of the operator's subscribers out of coverage, 0 none.
	SetAbsent(operator string, share float64) error
}

// SetAbsent implements [Stage] for a server without subscribers: only 0 is possible.
func (s *Server) SetAbsent(_ string, share float64) error {
	if share != 0 {
		return fmt.Errorf("smscsim: absent %v: this server has no subscribers", share)
	}
	return nil
}

// Operators are the names in the scenario's steps, "" included.
func (s Scenario) Operators() []string {
	names := map[string]bool{}
	for _, step := range s {
		names[step.Operator] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Play plays the scenario until its last change, or for ever if a step lasts for good, or until the end of ctx; then
// the stage has its own temper back.
func (s Scenario) Play(ctx context.Context, on Stage) error {
	began := time.Now()
	now := map[string]*Step{}
	for _, at := range s.changes() {
		timer := time.NewTimer(time.Until(began.Add(at)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		if ctx.Err() != nil {
			break
		}
		if err := s.set(on, now, func(operator string) *Step { return s.at(operator, at) }); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(s, func(step Step) bool { return step.For == 0 }) {
		<-ctx.Done()
	}
	return s.set(on, now, func(string) *Step { return nil })
}

// set changes what is in force for the operators to what it should be.
func (s Scenario) set(on Stage, now map[string]*Step, want func(operator string) *Step) error {
	for _, operator := range s.Operators() {
		step := want(operator)
		if step == now[operator] {
			continue
		}
		now[operator] = step
		var t *Temper
		absent := 0.0
		if step != nil {
			t, absent = &step.Temper, step.Absent
		}
		if err := on.SetTemper(operator, t); err != nil {
			return err
		}
		if err := on.SetAbsent(operator, absent); err != nil {
			return err
		}
	}
	return nil
}

// changes are the times at which a step begins or ends.
func (s Scenario) changes() []time.Duration {
	var all []time.Duration
	for _, step := range s {
		all = append(all, step.After)
		if step.For > 0 {
			all = append(all, step.After+step.For)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// at is the step in force for an operator, nil if there is none.
func (s Scenario) at(operator string, at time.Duration) *Step {
	var in *Step
	for i := range s {
		step := &s[i]
		if step.Operator == operator && step.After <= at && (step.For == 0 || at < step.After+step.For) && (in == nil || step.After >= in.After) {
			in = step
		}
	}
	return in
}

//go:embed scenarios/*.yaml
var samples embed.FS

// SampleNames are the names of the scenarios that come with the package.
func SampleNames() []string {
	files, _ := samples.ReadDir("scenarios") // embedded
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	return names
}

// Sample is the text of such a scenario; its first line is a comment that says what it is.
func Sample(name string) ([]byte, error) {
	b, err := samples.ReadFile(path.Join("scenarios", name+".yaml"))
	if err != nil {
		return nil, fmt.Errorf("smscsim: no scenario %q: there are %s", name, strings.Join(SampleNames(), ", "))
	}
	return b, nil
}
