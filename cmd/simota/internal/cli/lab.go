package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/ota/lab"
	"github.com/simota/simota/smpp/smscsim"
)

// labRun runs a simulated world for any OTA server until a signal ends it.
type labRun struct {
	*app
	config, scenario string
	latency          string
	throttle, rate   float64
}

func labCommand(a *app) *cobra.Command {
	r := &labRun{app: a}
	cmd := command(r, "lab", "run simulated networks, cards and devices that speak SMPP", "simota lab -c lab.yaml\nsimota lab --latency 10ms-50ms\nsimota lab --scenario throttling-storm")
	cmd.Flags().StringVarP(&r.config, "config", "c", "lab.yaml", "description of the world; paths in it are relative to it")
	f := cmd.Flags()
	f.StringVar(&r.scenario, "scenario", "", "file, or name of a sample, of what happens to the SMSCs; see simota lab scenario list")
	f.StringVar(&r.latency, "latency", "", "how long all SMSCs take to answer, such as 50ms or 10ms-50ms")
	f.Float64Var(&r.throttle, "throttle", 0, "share of messages that all SMSCs refuse with ESME_RTHROTTLED, 0 to 1")
	f.Float64Var(&r.rate, "rate", 0, "messages a second that an SMSC takes; over it ESME_RTHROTTLED, 0 is no limit")
	cmd.AddCommand(labInitCommand(a), scenarioCommand(a))
	return cmd
}

func (r *labRun) check() error {
	if _, err := parseLatency(r.latency); err != nil {
		return err
	}
	return smscsim.Temper{Rate: r.rate, Faults: smscsim.Faults{Throttle: r.throttle}}.Check()
}

func (r *labRun) Run(ctx context.Context, _ []string) error {
	text, err := os.ReadFile(r.config)
	if err != nil {
		return err
	}
	c, err := lab.ParseConfig(text)
	if err != nil {
		return config.Explain(r.config, text, err)
	}
	c.Resolve(filepath.Dir(r.config))
	if err := r.direct(&c); err != nil {
		return err
	}
	w, err := lab.New(c, slog.New(slog.NewTextHandler(r.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return fmt.Errorf("%s: %w", r.config, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-w.Ready():
	}
	for _, o := range c.Operators {
		if err := r.listening(o, w.Addr(o.Name)); err != nil {
			cancel()
			return errors.Join(err, <-ended)
		}
	}
	return <-ended
}

// direct sets what the flags say of the SMSCs.
func (r *labRun) direct(c *lab.Config) error {
	latency, err := parseLatency(r.latency)
	if err != nil {
		return err
	}
	for i := range c.Operators {
		t := &c.Operators[i].Temper
		t.Latency = cmp.Or(latency, t.Latency)
		t.Throttle = cmp.Or(r.throttle, t.Throttle)
		t.Rate = cmp.Or(r.rate, t.Rate)
	}
	if r.scenario == "" {
		return nil
	}
	text, err := os.ReadFile(r.scenario)
	if errors.Is(err, os.ErrNotExist) && filepath.Ext(r.scenario) == "" {
		text, err = smscsim.Sample(r.scenario)
	}
	if err != nil {
		return fmt.Errorf("--scenario: %w", err)
	}
	if c.Scenario, err = smscsim.ParseScenario(text); err != nil {
		return config.Explain(r.scenario, text, err)
	}
	return nil
}

// parseLatency reads a duration, or two with a dash between them.
func parseLatency(s string) (l smscsim.Latency, err error) {
	if s == "" {
		return l, nil
	}
	low, high, spread := strings.Cut(s, "-")
	if l.Min, err = time.ParseDuration(low); err == nil && spread {
		l.Max, err = time.ParseDuration(high)
	}
	if err != nil || l.Min < 0 || spread && l.Max < l.Min {
		return l, fmt.Errorf("--latency %q: want a duration such as 50ms, or two such as 10ms-50ms", s)
	}
	return l, nil
}

func scenarioCommand(a *app) *cobra.Command {
	return group("scenario", "look at the sample scenarios",
		command(&scenarioList{a}, "list", "list the scenarios that come with simota", "simota lab scenario list"),
		command(&scenarioShow{a}, "show NAME", "print one, to use or to change", "simota lab scenario show poison > mine.yaml"))
}

// scenarioList lists sample scenarios.
type scenarioList struct{ *app }

func (r *scenarioList) Run(context.Context, []string) error {
	type sample struct {
		Name string `json:"name"`
		What string `json:"what"`
	}
	var all []sample
	for _, name := range smscsim.SampleNames() {
		text, err := smscsim.Sample(name)
		if err != nil {
			return err
		}
		first, _, _ := strings.Cut(string(text), "\n")
		all = append(all, sample{name, strings.TrimPrefix(first, "# ")})
	}
	return r.print(all, func(w io.Writer) error {
		for _, s := range all {
			if _, err := fmt.Fprintf(w, "%-20s %s\n", s.Name, s.What); err != nil {
				return err
			}
		}
		return nil
	})
}

// scenarioShow prints a sample scenario.
type scenarioShow struct{ *app }

func (r *scenarioShow) Run(_ context.Context, args []string) error {
	text, err := smscsim.Sample(args[0])
	if err != nil {
		return err
	}
	_, err = r.Stdout.Write(text)
	return err
}

// listening says where an operator's SMSC waits for its ESME.
func (r *labRun) listening(o lab.Operator, address string) error {
	record := struct {
		Operator string `json:"operator"`
		PLMN     string `json:"plmn"`
		Address  string `json:"address"`
		SystemID string `json:"system_id"`
	}{o.Name, o.PLMN, address, o.SystemID}
	return r.print(record, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s (%s) listens for SMPP at %s, system_id %s\n", o.Name, o.PLMN, address, o.SystemID)
		return err
	})
}
