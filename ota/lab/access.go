package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/lab/device"
)

func (o Operator) checkAccess() error {
	for _, a := range o.APNs {
		if a == "" || len(a) > 100 {
			return fmt.Errorf("lab: operator %q: apns: %q: want 1 to 100 characters", o.Name, a)
		}
	}
	for a, login := range o.Logins {
		if !o.knows(a) {
			return fmt.Errorf("lab: operator %q: logins: %q is not among apns", o.Name, a)
		}
		if login.User == "" {
			return fmt.Errorf("lab: operator %q: logins: %q has no user", o.Name, a)
		}
	}
	return nil
}

// knows says whether the network has an access point. Case does not count (3GPP TS 23.003, 9.1).
func (o Operator) knows(apn string) bool {
	same := func(a string) bool { return a != "" && strings.EqualFold(a, apn) }
	return same(o.APN) || slices.ContainsFunc(o.APNs, same)
}

// login is what an access point wants to know, nil for nothing.
func (o Operator) login(apn string) *Login {
	for a, l := range o.Logins {
		if strings.EqualFold(a, apn) {
			return &l
		}
	}
	return nil
}

// preset is the access point of a device that starts here.
func (o Operator) preset() device.APN {
	a := device.APN{Address: o.APN}
	if l := o.login(o.APN); l != nil {
		a.User, a.Secret = l.User, cp.Secret(l.Password)
	}
	return a
}

// refuses says why the network does not open a data connection, nothing if it does.
func (o Operator) refuses(a device.APN) string {
	l := o.login(a.Address)
	switch {
	case len(o.APNs) > 0 && a.Address == "":
		return "the device has no APN"
	case len(o.APNs) > 0 && !o.knows(a.Address):
		return "unknown APN"
	case l != nil && (l.User != a.User || string(l.Password) != string(a.Secret)):
		return "wrong user or password"
	}
	return ""
}

// session opens the data connection, which the feed sees. What the network rejects leaves service for short messages,
// and the feed sees nothing but the attach, if there is one.
func (s *subscriber) session(attach bool) {
	sub, w, a := s.serving, s.world, s.device.Data()
	if sub == nil {
		return
	}
	e := attachEvent{IMSI: sub.imsi, IMEI: s.device.IMEI(), APN: a.Address, PLMN: sub.network.PLMN, HappenedAt: time.Now()}
	s.refusal = sub.network.refuses(a)
	if s.refusal == "" {
		s.event(Event{Kind: EventSession, IMEI: e.IMEI, APN: e.APN}.about(sub))
	} else {
		s.event(Event{Kind: EventRejected, IMEI: e.IMEI, APN: e.APN, Detail: s.refusal}.about(sub))
		e.APN = ""
	}
	report := func(l *lane, kind string, told func() bool) {
		l.do(func() {
			if told() {
				s.event(Event{Kind: kind, IMEI: e.IMEI, APN: e.APN}.about(sub))
			}
		})
	}
	if w.feed != nil && (attach || s.refusal == "") {
		report(&s.sessions, EventFed, func() bool { return w.feed.deliver(w.ctx, e) })
	}
	if w.aaa != nil && s.refusal == "" {
		report(&s.accounts, EventAccounted, func() bool { return w.aaa.start(w.ctx, e, sub.network.Name, sub.msisdn) })
	}
}
