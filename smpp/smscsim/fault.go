package smscsim

import (
	"math/rand/v2"
	"sync"
)

// Fault is something that goes wrong with one submit_sm.
type Fault byte

const (
	// NoFault: everything is as it should be.
	NoFault Fault = iota
	// NoResponse: the message is accepted, the response never sent.
	NoResponse
	// Duplicate: the message is handed to the Network twice.
	Duplicate
	// Throttle: refused with ESME_RTHROTTLED.
	Throttle
	// QueueFull: refused with ESME_RMSGQFUL.
	QueueFull
	// EarlyReceipt: the response is held until the receipt was acknowledged, or Server.Respond, or for 5 s.
	EarlyReceipt
	// Disconnect: the message is accepted and the connection cut instead of a response.
	Disconnect
	// Stall: the message is accepted; then the session neither reads nor writes for Config.StallFor.
	Stall
)

// Faults are probabilities, 0 to 1, of one fault per submit_sm. Their sum must not exceed 1.
type Faults struct {
	NoResponse   float64 `yaml:"silent"`
	Duplicate    float64 `yaml:"duplicate"`
	Throttle     float64 `yaml:"throttle"`
	QueueFull    float64 `yaml:"queue_full"`
	EarlyReceipt float64 `yaml:"early_receipt"`
	Disconnect   float64 `yaml:"disconnect"`
	Stall        float64 `yaml:"stall"`
}

func (f Faults) sum() float64 {
	return f.NoResponse + f.Duplicate + f.Throttle + f.QueueFull + f.EarlyReceipt + f.Disconnect + f.Stall
}

// dice are repeatable by their seed.
type dice struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func newDice(seed, stream uint64) *dice { return &dice{rand: rand.New(rand.NewPCG(seed, stream))} }

func (d *dice) throw() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rand.Float64()
}

// hits throws only where there is something to win.
func (d *dice) hits(share float64) bool { return share > 0 && d.throw() < share }

// fault chooses what goes wrong with m by one throw of the dice, which hold no response for a receipt that
// nobody asked for. What they do not refuse is shown to the override.
func (s *Server) fault(f Faults, m Submitted) Fault {
	fallen := NoFault
	if f != (Faults{}) {
		fallen = f.pick(s.dice.throw())
	}
	if fallen == EarlyReceipt && m.RegisteredDelivery&3 == 0 {
		fallen = NoFault
	}
	if s.cfg.Fault == nil || fallen == Throttle || fallen == QueueFull {
		return fallen
	}
	if own := s.cfg.Fault(m); own != NoFault {
		return own
	}
	return fallen
}

// pick is the fault that a throw of 0 to 1 falls on.
func (f Faults) pick(throw float64) Fault {
	for _, c := range []struct {
		fault       Fault
		probability float64
	}{
		{NoResponse, f.NoResponse}, {Duplicate, f.Duplicate}, {Throttle, f.Throttle}, {QueueFull, f.QueueFull},
		{EarlyReceipt, f.EarlyReceipt}, {Disconnect, f.Disconnect}, {Stall, f.Stall},
	} {
		if throw < c.probability {
			return c.fault
		}
		throw -= c.probability
	}
	return NoFault
}
