package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/simota/simota/ota/lab/device"
)

// ErrNoCard: the world has no card with this ICCID.
var ErrNoCard = errors.New("lab: no such card")

// ErrInput is in the chain of errors about what a caller has sent.
var ErrInput = errors.New("lab")

// CardState is one card and its device now.
type CardState struct {
	ICCID         string          `json:"iccid"` // as the card file has it
	IMEI          string          `json:"imei"`
	CardIMSI      string          `json:"card_imsi"`              // in EF_IMSI
	CardSMSC      string          `json:"card_smsc"`              // in EF_SMSP
	NetworkIMSI   string          `json:"network_imsi,omitempty"` // attached with; empty while off the air
	MSISDN        string          `json:"msisdn,omitempty"`
	Operator      string          `json:"operator,omitempty"`
	Client        device.Client   `json:"client"`                  // kind of its provisioning client
	APN           string          `json:"apn,omitempty"`           // of its data connection
	Session       string          `json:"session,omitempty"`       // accepted, or why the network rejected it; empty while off the air
	NeedsRestart  bool            `json:"needs_restart,omitempty"` // settings wait for one
	OutOfCoverage bool            `json:"out_of_coverage,omitempty"`
	Gone          bool            `json:"gone,omitempty"`
	Fault         string          `json:"fault,omitempty"` // never-return, ignored-refresh, unknown-imsi, no-cp or undo
	Counters      map[byte]uint64 `json:"counters"`        // by key version; of an eUICC's profile in use
	Waiting       int             `json:"waiting"`         // messages stored for its numbers
	Settings      device.Settings `json:"settings"`

	EID          string          `json:"eid,omitempty"`           // of an eUICC
	ISDP         string          `json:"isdp,omitempty"`          // AID of its profile in use, in hexadecimal
	ISDRCounters map[byte]uint64 `json:"isdr_counters,omitempty"` // of its ISD-R, by key version
	Slot         int             `json:"slot,omitempty"`          // in use, of a multi-IMSI card
}

// Cards is the state of all cards, in the order of the card file. Before Ready it waits.
func (w *World) Cards(ctx context.Context) ([]CardState, error) {
	states := make([]CardState, 0, len(w.all))
	for _, s := range w.all {
		var c CardState
		if err := w.ask(ctx, s.iccid, func(s *subscriber) { c = s.state() }); err != nil {
			return nil, err
		}
		states = append(states, c)
	}
	return states, nil
}

// Card is the state of one card.
func (w *World) Card(ctx context.Context, iccid string) (c CardState, err error) {
	err = w.ask(ctx, iccid, func(s *subscriber) { c = s.state() })
	return c, err
}

// Restart switches a device off and on.
func (w *World) Restart(ctx context.Context, iccid string) error {
	return w.ask(ctx, iccid, (*subscriber).restart)
}

// Coverage takes a device out of coverage or brings it back.
func (w *World) Coverage(ctx context.Context, iccid string, on bool) error {
	if on {
		return w.ask(ctx, iccid, (*subscriber).enterCoverage)
	}
	return w.ask(ctx, iccid, (*subscriber).leaveCoverage)
}

// ask has the owner of a device do something and waits for it.
func (w *World) ask(ctx context.Context, iccid string, f func(*subscriber)) error {
	s, ok := w.byICCID[iccid]
	if !ok {
		return fmt.Errorf("%w: %q", ErrNoCard, iccid)
	}
	done := make(chan struct{})
	s.post(func() { f(s); close(done) })
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-w.ctx.Done():
		return errors.New("lab: the world has ended")
	}
}

func (s *subscriber) state() CardState {
	card := s.device.Card()
	c := CardState{
		ICCID: s.iccid, IMEI: s.device.IMEI(), CardIMSI: card.IMSI(), CardSMSC: card.SMSC(), Client: s.device.Client(),
		APN: s.device.Data().Address, NeedsRestart: s.device.Pending(), Settings: s.device.Settings(),
		OutOfCoverage: s.away, Gone: s.gone, Fault: string(s.role), Counters: card.Counters(),
		EID: card.EID(), ISDP: card.Life().ISDP, ISDRCounters: card.ISDRCounters(), Slot: card.Life().Slot,
	}
	for _, sub := range s.subscriptions {
		c.Waiting += len(sub.stored)
	}
	if s.serving != nil {
		c.NetworkIMSI, c.MSISDN, c.Operator = s.serving.imsi, s.serving.msisdn, s.serving.network.Name
		c.Session = "accepted"
		if s.refusal != "" {
			c.Session = "rejected: " + s.refusal
		}
	}
	return c
}

// control serves the control interface until the world ends.
func (w *World) control() error {
	if w.cfg.Control == "" {
		return nil
	}
	if info, err := os.Lstat(w.cfg.Control); err == nil && info.Mode()&fs.ModeSocket != 0 {
		if err := os.Remove(w.cfg.Control); err != nil { // of a world that was killed
			return fmt.Errorf("lab: control: %w", err)
		}
	}
	l, err := net.Listen("unix", w.cfg.Control)
	if err != nil {
		return fmt.Errorf("lab: control: %w", err)
	}
	srv := &http.Server{Handler: w.handler(), ReadHeaderTimeout: 10 * time.Second}
	w.work.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			w.log.Error("control interface ended", "error", err)
		}
	})
	context.AfterFunc(w.ctx, func() { _ = srv.Close() })
	return nil
}

// handler is POST /restart?iccid=, POST /coverage?iccid=&on=true|false, POST /move?iccid=&imei=, POST /pin?iccid=&pin=,
// GET /cards, and what direct adds.
func (w *World) handler() http.Handler {
	mux := http.NewServeMux()
	w.direct(mux)
	mux.HandleFunc("POST /restart", func(rw http.ResponseWriter, r *http.Request) {
		answer(rw, nil, w.Restart(r.Context(), r.FormValue("iccid")))
	})
	mux.HandleFunc("POST /coverage", func(rw http.ResponseWriter, r *http.Request) {
		on := r.FormValue("on")
		if on != "true" && on != "false" {
			http.Error(rw, "lab: on: want true or false", http.StatusBadRequest)
			return
		}
		answer(rw, nil, w.Coverage(r.Context(), r.FormValue("iccid"), on == "true"))
	})
	mux.HandleFunc("POST /move", func(rw http.ResponseWriter, r *http.Request) {
		answer(rw, nil, w.Move(r.Context(), r.FormValue("iccid"), r.FormValue("imei")))
	})
	mux.HandleFunc("POST /pin", func(rw http.ResponseWriter, r *http.Request) {
		answer(rw, nil, w.TypePIN(r.Context(), r.FormValue("iccid"), r.FormValue("pin")))
	})
	mux.HandleFunc("GET /cards", func(rw http.ResponseWriter, r *http.Request) {
		if iccid := r.FormValue("iccid"); iccid != "" {
			c, err := w.Card(r.Context(), iccid)
			answer(rw, c, err)
			return
		}
		cards, err := w.Cards(r.Context())
		answer(rw, cards, err)
	})
	return mux
}

func answer(rw http.ResponseWriter, body any, err error) {
	switch {
	case errors.Is(err, ErrNoCard):
		http.Error(rw, err.Error(), http.StatusNotFound)
	case errors.Is(err, ErrInput):
		http.Error(rw, err.Error(), http.StatusBadRequest)
	case err != nil:
		http.Error(rw, err.Error(), http.StatusServiceUnavailable)
	case body == nil:
		rw.WriteHeader(http.StatusNoContent)
	default:
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(body) // the client is gone if that fails
	}
}
