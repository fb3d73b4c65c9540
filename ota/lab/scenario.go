package lab

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/simota/simota/smpp/smscsim"
)

// SetTemper changes how the SMSC of an operator behaves, or of all operators for "" that have no temper of their
// own; nil goes back to that, or to the one of the configuration.
func (w *World) SetTemper(operator string, t *smscsim.Temper) error {
	if operator != "" {
		n, ok := w.networks[operator]
		if !ok {
			return noOperator(operator)
		}
		return n.server.SetTemper(n.SystemID, t)
	}
	for _, n := range w.networks {
		if err := n.server.SetTemper("", t); err != nil {
			return err
		}
	}
	return nil
}

func noOperator(name string) error { return fmt.Errorf("lab: no such operator %q", name) }

// SetAbsent takes a share of the devices out of coverage that are attached to an operator, or of all for "", and
// brings back those it took before that are not among them. The seed chooses.
func (w *World) SetAbsent(operator string, share float64) error {
	if operator != "" && w.networks[operator] == nil {
		return noOperator(operator)
	}
	for _, s := range w.all {
		s.post(func() { s.scene(operator, chance(s.judge.seed, s.iccid, "scenario", 0) < share) })
	}
	return nil
}

// scene takes the device out of coverage for a scenario of an operator, or brings it back.
func (s *subscriber) scene(operator string, absent bool) {
	here := operator == "" || s.serving != nil && s.serving.network.Name == operator
	switch {
	case absent && here && !s.away:
		s.absentFrom = &operator
		s.leaveCoverage()
	case !absent && s.absentFrom != nil && *s.absentFrom == operator:
		s.absentFrom = nil
		s.enterCoverage()
	}
}

// Play plays a scenario, in real time, instead of the one that plays now, and returns when it plays. No steps end
// the one that plays.
func (w *World) Play(steps smscsim.Scenario) error {
	if err := w.cfg.checkScenario(steps); err != nil {
		return err
	}
	w.playing.Lock()
	defer w.playing.Unlock()
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
	if len(steps) == 0 || w.ctx.Err() != nil {
		return w.ctx.Err()
	}
	ctx, cancel := context.WithCancel(w.ctx)
	ended := make(chan struct{})
	w.stop = func() { cancel(); <-ended }
	w.work.Go(func() {
		defer close(ended)
		if err := steps.Play(ctx, w); err != nil {
			w.log.Error("scenario ended", "error", err)
		}
	})
	return nil
}

func (c Config) checkScenario(steps smscsim.Scenario) error {
	for _, name := range steps.Operators() {
		if name != "" && !slices.ContainsFunc(c.Operators, func(o Operator) bool { return o.Name == name }) {
			return fmt.Errorf("lab: scenario: no such operator %q", name)
		}
	}
	return nil
}

// maxBody is the longest body of a control call, in octets.
const maxBody = 1 << 20

// direct adds the calls that direct the SMSCs: POST /temper?operator= and POST /scenario take YAML, DELETE ends them.
func (w *World) direct(mux *http.ServeMux) {
	control := func(do func(operator string, body []byte) error) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
			if err == nil {
				err = do(r.URL.Query().Get("operator"), body)
			}
			if err != nil {
				http.Error(rw, err.Error(), http.StatusBadRequest)
				return
			}
			rw.WriteHeader(http.StatusNoContent)
		}
	}
	mux.HandleFunc("POST /temper", control(func(operator string, body []byte) error {
		t, err := smscsim.ParseTemper(body)
		if err != nil {
			return err
		}
		return w.SetTemper(operator, &t)
	}))
	mux.HandleFunc("DELETE /temper", control(func(operator string, _ []byte) error { return w.SetTemper(operator, nil) }))
	mux.HandleFunc("POST /scenario", control(func(_ string, body []byte) error {
		steps, err := smscsim.ParseScenario(body)
		if err != nil {
			return err
		}
		return w.Play(steps)
	}))
	mux.HandleFunc("DELETE /scenario", control(func(string, []byte) error { return w.Play(nil) }))
}
