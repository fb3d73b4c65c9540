package uicc

import "time"

// A card has no clock of its own. The phone tells it what happens and when, asks it when to come back, and does what
// it answers: messages first, then the REFRESH.

// Attached tells the card that the phone has gained full service with the identity it read last. It is called after
// every start and every time coverage comes back. An eUICC notifies its SM-SR of a change of profiles here. imei has
// 14 to 16 digits; without one, notices leave it out.
func (c *Card) Attached(imei string, now time.Time) Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told(now)
	if s := c.active.slots; s != nil {
		s.arm(c.clock, c.cfg.MultiIMSI.WithService)
	}
	if c.euicc == nil {
		return Answer{}
	}
	return c.euicc.attached(c, imei)
}

// ServiceLost tells the card that the phone has no service any more. A phone that is off or restarts does not call it.
func (c *Card) ServiceLost(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told(now)
	if s := c.active.slots; s != nil {
		s.arm(c.clock, c.cfg.MultiIMSI.WithoutService)
	}
	if c.euicc != nil {
		c.euicc.serviceLost(c)
	}
}

// Sent is the terminal response to the messages of the last Answer: ok if the network took them. A phone that never
// calls it is taken to have sent them all. A notice that was not sent is due again after a short while.
func (c *Card) Sent(ok bool, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told(now)
	if c.euicc != nil {
		c.euicc.sent(c, ok)
	}
}

// Due is when the card wants to be called with Tick; zero if nothing is pending. It changes with every other call.
func (c *Card) Due() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	due := time.Time{}
	if s := c.active.slots; s != nil {
		due = s.undo
	}
	if c.euicc != nil {
		due = earlier(due, c.euicc.due())
	}
	return due
}

// Tick is the time passing. It does nothing before Due.
func (c *Card) Tick(now time.Time) Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told(now)
	if s := c.active.slots; s != nil && passed(s.undo, now) {
		return Answer{Refresh: s.undone(c)}
	}
	if c.euicc == nil {
		return Answer{}
	}
	return c.euicc.tick(c, now)
}

// passed says whether a time is set and not in the future.
func passed(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// earlier is the earlier one of two times, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
