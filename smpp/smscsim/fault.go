package smscsim

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
	// EarlyReceipt: the response is held until the receipt was acknowledged, or Server.Respond.
	EarlyReceipt
	// Disconnect: the message is accepted and the connection cut instead of a response.
	Disconnect
	// Stall: the message is accepted; then the session neither reads nor writes for Config.StallFor.
	Stall
)

// Faults are probabilities, 0 to 1, of one fault per submit_sm. Their sum must not exceed 1.
type Faults struct {
	NoResponse, Duplicate, Throttle, QueueFull, EarlyReceipt, Disconnect, Stall float64
}

// fault chooses what goes wrong with m: the override first, then one throw of the dice.
func (s *Server) fault(m Submitted) Fault {
	if s.cfg.Fault != nil {
		if f := s.cfg.Fault(m); f != NoFault {
			return f
		}
	}
	s.mu.Lock()
	throw := s.dice.Float64()
	s.mu.Unlock()
	f := s.cfg.Faults
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
