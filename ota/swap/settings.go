package swap

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// documents is how far the documents of one sort are.
type documents struct {
	next    *Action   // the document to send now
	started bool      // some SMSC accepted part of one
	arrived time.Time // when the last of them was delivered
	all     bool      // every one delivered
	ended   bool      // every one delivered or given up
	failed  string    // why one was given up
	err     error
}

// documents goes through the gating or the other documents, in order: one is
// sent when those before it have ended.
func (s *saga) documents(gating bool, deadline time.Time) documents {
	out := documents{all: true, ended: true}
	for i, d := range s.f.Documents {
		if d.Gating != gating {
			continue
		}
		attempts := s.of(stepDoc + i)
		if len(attempts) == 0 {
			out.all = false
			if !out.ended {
				return out
			}
			out.ended = false
			out.next, out.err = s.document(d, stepDoc+i, deadline)
			return out
		}
		a := attempts[len(attempts)-1]
		out.started = out.started || !a.accepted.IsZero()
		switch {
		case a.allArrived():
			if t := a.arrivedAt(); t.After(out.arrived) {
				out.arrived = t
			}
		case a.ended == string(ledger.Undeliver):
			out.all = false
			out.failed = fmt.Sprintf("the %s document cannot be delivered: %s", d.Name, a.why)
		default:
			out.all, out.ended = false, false
		}
	}
	return out
}

// document is the action that sends one.
func (s *saga) document(d Document, step int, deadline time.Time) (*Action, error) {
	a := &Action{Step: s.step(step), Kind: ledger.CP, Label: labelDoc, Way: New, Deadline: deadline}
	if len(d.Push) > 0 {
		a.Push, a.Purpose = d.Push, "send "+d.Name
		return a, nil
	}
	if d.Text != "" {
		a.Text, a.Purpose = d.Text, "configure "+d.Name+", by a text message"
		return a, nil
	}
	how := map[string]string{
		"userpin": "signed with the device's PIN", "usernetwpin": "signed with IMSI and PIN", "none": "not signed",
	}[d.Security]
	if how == "" {
		how = "signed with the new IMSI"
		if s.f.Kind == KindProvision {
			how = "signed with the IMSI"
		}
	}
	a.Purpose = "configure " + d.Name + ", " + how
	var err error
	a.Push, err = s.push(d)
	return a, err
}

// provision configures the device of a card that stays what it is.
func (s *saga) provision() Result {
	r := s.settings(Move{At: s.f.Began, IMEI: s.f.IMEI, Source: "catalog"})
	if r.State == Moved {
		r.State = Configuring
	}
	return r
}

// documentsBegan reports whether a document of this round went out, and when
// the first was made.
func (s *saga) documentsBegan() (at time.Time, began bool) {
	for i := range s.f.Documents {
		for _, a := range s.of(stepDoc + i) {
			at, began = first(at, a.made), true
		}
	}
	return at, began
}

// elsewhere reports whether a device is another than the one that documents
// went to. The device that the card file names may be another of
// the same kind: what fits it is no reason to give up.
func (s *saga) elsewhere(imei string) bool {
	at, began := s.documentsBegan()
	if imei == "" || !began {
		return false
	}
	was := s.deviceAt(at)
	return s.f.Planned != "" && !s.f.plannedFor(imei) || was != "" && was != imei && !catalog.SameIMEI(was, imei)
}

// gone is about a card that went to another device after the first document:
// nothing more is sent to that one. What was done before stays done.
func (s *saga) gone(r Result, imei string, gate documents) Result {
	r.Closed = true
	switch {
	case s.verified != nil:
		r.State = Verified
	case gate.all && s.f.Goal != GoalVerified && !s.elsewhere(s.deviceAt(gate.arrived)):
		r.State = SettingsDelivered
	default:
		r.State = SettingsFailed
		r.Cause = s.sofar(fmt.Sprintf("settings went to another device: the card is in the one with IMEI %s now", imei))
	}
	return r
}

// sofar begins the cause of a device that is not configured.
func (s *saga) sofar(why string) string {
	if s.f.Kind == KindProvision {
		return why
	}
	return "moved; " + why
}

// settings is the second half: the identity has moved, the device is configured.
func (s *saga) settings(m Move) Result {
	d := s.f.Deadlines
	r := Result{State: Moved, Step: stepDoc}
	if s.f.Goal == GoalMoved {
		r.Closed = true
		if s.verified != nil {
			r.State = Verified
		}
		return r
	}
	if m.At.Before(s.f.Began) {
		m.At = s.f.Began // moved in an earlier round: this one has its own time
	}
	if n := len(s.sights); n > 0 {
		m.IMEI = s.sights[n-1].Body.IMEI // the device it is in now, which may be another by now
	}
	if _, began := s.documentsBegan(); !began && !s.f.plannedFor(m.IMEI) {
		r.Plan, r.IMEI = true, m.IMEI
		return r
	}
	if why := s.cannot(m); why != "" {
		if s.verified != nil {
			r.State, r.Closed = Verified, true
			return r
		}
		r.State, r.Closed, r.Cause = SettingsFailed, true, s.sofar(why)
		return r
	}
	deadline := m.At.Add(d.Configuring)
	gate := s.documents(true, deadline)
	if s.elsewhere(m.IMEI) {
		return s.gone(r, m.IMEI, gate)
	}
	rest := documents{}
	if gate.ended {
		from := gate.arrived
		if from.IsZero() {
			from = m.At
		}
		rest = s.documents(false, from.Add(d.SettingsDelivered))
	}
	if err := errors.Join(gate.err, rest.err); err != nil {
		return Result{State: SettingsFailed, Cause: cause(err), Closed: true}
	}
	if s.verified != nil {
		return s.proven(r, gate, rest, deadline)
	}
	if !gate.all {
		return s.configuring(r, gate, deadline)
	}
	return s.delivered(r, m, gate, rest)
}

// cannot says why the device cannot be told anything; "" when it can.
func (s *saga) cannot(m Move) string {
	switch {
	case s.f.Unplanned != "":
		return s.f.Unplanned
	case s.f.NoCP:
		return fmt.Sprintf("device takes no provisioning (TAC %s)", cmp.Or(catalog.TAC(m.IMEI), "unknown"))
	}
	return ""
}

// proven: the network saw the new identity use a new APN. That supersedes
// missing receipts; what was not sent yet still goes out, for a device needs
// its MMS settings and message centre too.
func (s *saga) proven(r Result, gate, rest documents, deadline time.Time) Result {
	r.State = Verified
	r.Action = gate.next
	if r.Action == nil {
		r.Action = rest.next
	}
	r.Closed = gate.ended && rest.ended || s.at(deadline)
	return r
}

func (s *saga) configuring(r Result, gate documents, deadline time.Time) Result {
	if gate.started {
		r.State = Configuring
	}
	switch {
	case gate.failed != "":
		r.State, r.Cause, r.Closed = SettingsFailed, s.sofar(gate.failed), true
	case s.at(deadline):
		r.State, r.Cause, r.Closed = SettingsFailed, s.sofar("settings not delivered in time"), true
	default:
		r.Action = gate.next
	}
	return r
}

func (s *saga) delivered(r Result, m Move, gate, rest documents) Result {
	r.State = SettingsDelivered
	since := gate.arrived
	if since.IsZero() {
		since = m.At
	}
	over := s.at(since.Add(s.f.Deadlines.SettingsDelivered))
	r.Action = rest.next
	switch {
	case s.f.Goal != GoalVerified:
		r.Closed = rest.ended || over
	case over:
		r.State, r.Cause, r.Closed = SettingsFailed, s.sofar("settings delivered, never used: no attach with a new APN was seen"), true
	}
	return r
}
