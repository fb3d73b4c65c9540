package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/cp/content"
	"github.com/simota/simota/ota/lab"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/ota/sms"
)

// steps 8 to 10: part 2 is sent again after its response never came.
func (s *tale) resent() {
	c := s.counter + 2
	s.entry("8 ambiguous", "part 2", c, "? |", "no response: ambiguous", "same octets")
	var second []sent
	for _, x := range s.wire {
		if u := s.header(x.userData); slices.Contains(s.entry("7 write", "write", c).Raw, fmt.Sprintf("%x", x.userData)) {
			if at, ok := u.Concat(); ok && at.Seq == 2 {
				second = append(second, x)
			}
		}
	}
	if len(second) != 2 || !bytes.Equal(second[0].userData, second[1].userData) || second[0].id != "" || second[1].id == "" {
		s.t.Fatalf("9 resent: part 2 went out %d times: want twice, the first without a response", len(second))
	}
	s.when["9 resent"], s.when["9 accepted"] = second[1].At, second[1].answered
	// Part 2 of the first submission reached the device, under an id that nobody was told.
	s.event("10 part 2 delivered", func(e lab.Event) bool {
		return e.Kind == lab.EventDelivered && e.MSISDN == s.msisdn && !e.Copy && e.MessageID != "" &&
			!slices.ContainsFunc(s.wire, func(x sent) bool { return x.Operator == e.Operator && x.id == e.MessageID })
	})
	if again := s.delivered(s.msisdn, second[1].id); len(again) > 0 {
		s.when["10 part 2 delivered again"] = again[0].At
	} else {
		s.t.Error("10: part 2 was not delivered again")
	}
}

// steps 12 to 14: one execution, whose proof is here, and a copy.
func (s *tale) proven() {
	c := s.counter + 2
	s.ran("12 executed", c, uicc.ResultExecuted, 1, 1)
	s.entry("12 proof", "proof", c, "9000", "from the old number", executed)
	s.ran("13 copy", c, uicc.ResultReplayed, 1, 0)
	s.entry("13 status 02", "proof", c, "status 02", "ignored")
	s.entry("14 switched", "switched", 0)
	s.untold("failed", 0, "")
}

// unproven is the second card's life: the proof of step 12 is lost, so nothing
// says that it is switched before step 19.
func (s *tale) unproven() {
	c := s.counter + 2
	s.ran("12 executed", c, uicc.ResultExecuted, 1, 1)
	s.event("12 proof lost", func(e lab.Event) bool {
		return e.Kind == lab.EventSubmitLost && strings.HasPrefix(e.Detail, "proof lost by script")
	})
	s.untold("proof", c, executed)
	s.untold("switched", 0, "")
	s.entry("11 all receipts", "receipt", c, "3 of 3 delivered")
	s.entry("19 proof", "proof", c+1, fmt.Sprintf("the write of counter %d ran", c))
}

// steps 11 and 15 to 18: the read waits for the device, which comes back.
func (s *tale) reattached() {
	e := s.entry("11 read", "", s.counter+3, "> |", "IMSI, to the new number", newLink, s.newNumber)
	all := s.submissions("11 submitted", e, 1, "aurora", s.newNumber)
	s.event("15 refresh", func(e lab.Event) bool { return e.Kind == lab.EventRefresh && e.IMSI == s.newIMSI })
	s.event("15 detach", func(e lab.Event) bool { return e.Kind == lab.EventDetach && e.IMSI == s.imsi })
	s.event("16 attach", func(e lab.Event) bool {
		return e.Kind == lab.EventAttach && e.Operator == "aurora" && e.IMSI == s.newIMSI && e.MSISDN == s.newNumber
	})
	for _, e := range s.world {
		if e.Kind == lab.EventDelivered && e.At.After(s.when["15 detach"]) && e.At.Before(s.when["16 attach"]) {
			s.t.Errorf("15 offline: message %s was delivered meanwhile", e.MessageID)
		}
	}
	s.event("17 stored", func(e lab.Event) bool {
		return e.Kind == lab.EventStored && e.MSISDN == s.newNumber && e.MessageID == all[0].id
	})
	if got := s.delivered(s.newNumber, all[0].id); len(got) > 0 {
		s.when["17 delivered"] = got[0].At
	} else {
		s.t.Error("17: the SMSC did not deliver the read")
	}
	s.entry("18 applet", "pair", 0, s.imei[:14], s.newIMSI, "tracking applet", s.newNumber)
}

// steps 19 and 20: the read alone moves the card.
func (s *tale) moved() {
	c := s.counter + 3
	s.ran("19 run", c, uicc.ResultExecuted, 1, 0)
	s.entry("19 proof", "proof", c, "IMSI reads "+s.newIMSI, "from the new number", "moved")
	s.entry("20 moved", "moved", 0, "= |")
	card := s.timeline.Card
	if !slices.ContainsFunc(card.Pairs, func(p api.Pair) bool {
		return p.IMEI[:14] == s.imei[:14] && p.IMSI == s.newIMSI && p.Source == "tracking applet"
	}) {
		s.t.Errorf("20 moved: pairs %+v", card.Pairs)
	}
	if !slices.ContainsFunc(card.Subscriptions, func(u api.Subscription) bool { return u.Active && u.IMSI == s.newIMSI }) {
		s.t.Errorf("20 moved: subscriptions %+v: the new one is not active", card.Subscriptions)
	}
}

// steps 21 to 27: the device is configured, and uses it.
func (s *tale) configured() {
	for _, d := range []struct {
		step, name string
		parts      int
		has        func(content.Content) bool
	}{
		{"21 internet", "internet", 2, func(c content.Content) bool { return says(c, newAPN, content.AppBrowser) }},
		{"23 mms", "mms", 3, func(c content.Content) bool { return says(c, "mms.aurora.example", content.AppMMS) }},
		{"25 smsc", "smsc", 2, func(c content.Content) bool { return says(c, "+5511900000001", "") }},
		{"25 short codes", "short codes", 2, func(c content.Content) bool { return len(c.Applications) == 1 && len(c.Applications[0].Resources) == 3 }},
	} {
		s.entry(d.step, "configure", 0, "configure "+d.name, fmt.Sprintf("%d parts", d.parts), newLink, s.newNumber)
		s.document(d.step, d.parts, d.has)
	}
	s.entry("24 settings delivered", "settings delivered", 0)
	s.entry("26 attach", "attach", 0, "new IMSI "+s.newIMSI, "APN "+newAPN, newPLMN)
	s.entry("27 verified", "verified", 0)
	if targets := s.timeline.Targets; len(targets) != 1 || targets[0].State != "verified" || !targets[0].Closed {
		s.t.Errorf("27 verified: %+v", targets)
	}
}

// says is whether a document has one access point, and an application if it is
// to have one.
func says(c content.Content, address, appID string) bool {
	return len(c.NAPDefs) == 1 && c.NAPDefs[0].Address == address &&
		(appID == "" || len(c.Applications) == 1 && c.Applications[0].AppID == appID)
}

// document asserts one document on the wire: its parts, to the new number by
// aurora, signed with the new IMSI and not the old, and delivered.
func (s *tale) document(step string, parts int, has func(content.Content) bool) {
	s.t.Helper()
	sets := map[byte][]sent{}
	for _, x := range s.wire {
		u := s.header(x.userData)
		if port, _, ok := u.Ports(); ok && port == cp.Port {
			at, _ := u.Concat()
			sets[byte(at.Ref)] = append(sets[byte(at.Ref)], x)
		}
	}
	for _, set := range sets {
		m, c := s.push(set)
		if !has(c) {
			continue
		}
		if !s.signed(m, s.newIMSI) || s.signed(m, s.imsi) || m.Security != cp.NETWPIN || len(set) != parts {
			s.t.Errorf("%s: %d parts, security %v: want %d and a MAC of the new IMSI", step, len(set), m.Security, parts)
		}
		for i, x := range set {
			got := s.delivered(s.newNumber, x.id)
			if x.Operator != "aurora" || x.number != s.newNumber || len(got) != 1 {
				s.t.Errorf("%s: part %d by %s to %s was delivered %d times", step, i+1, x.Operator, x.number, len(got))
				continue
			}
			s.when[fmt.Sprintf("%s delivered %d", step, i+1)] = got[0].At
		}
		return
	}
	s.t.Errorf("%s: no such document on the wire", step)
}

func (s *tale) push(set []sent) (cp.Message, content.Content) {
	s.t.Helper()
	var parts []sms.UserData
	for _, x := range set {
		parts = append(parts, s.header(x.userData))
	}
	pdu, _, err := sms.Join(parts)
	if err != nil {
		s.t.Fatal(err)
	}
	m, err := cp.ParsePush(pdu)
	if err != nil {
		s.t.Fatal(err)
	}
	d, err := cp.ParseWBXML(m.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := content.Parse(d)
	if err != nil {
		s.t.Fatal(err)
	}
	return m, c
}

func (s *tale) signed(m cp.Message, imsi string) bool {
	s.t.Helper()
	key, err := cp.NetworkPIN(imsi)
	if err != nil {
		s.t.Fatal(err)
	}
	return m.Verify(key)
}

// Steps of which the first causes the second.
var (
	everyLife = [][2]string{
		{"1 selected", "3 snapshot"}, {"3 snapshot", "3 submitted"}, {"3 submitted", "4 accepted 2"}, {"3 submitted", "6 run"}, {"6 run", "6 proof"},
		{"6 proof", "7 write"}, {"7 write", "7 submitted"}, {"7 submitted", "12 executed"},
		{"12 executed", "15 refresh"}, {"11 submitted", "17 stored"}, {"17 stored", "17 delivered"}, {"15 refresh", "15 detach"}, {"15 detach", "16 attach"},
		{"16 attach", "17 delivered"}, {"16 attach", "18 applet"}, {"19 run", "19 proof"}, {"19 run", "17 delivered"}, {"16 attach", "19 run"},
		{"19 proof", "20 moved"}, {"20 moved", "21 internet"}, {"21 internet", "21 internet delivered 1"}, {"21 internet", "21 internet delivered 2"},
		{"21 internet delivered 2", "23 mms"}, {"23 mms", "23 mms delivered 3"}, {"23 mms delivered 3", "24 settings delivered"},
		{"24 settings delivered", "25 smsc"}, {"25 smsc", "25 smsc delivered 2"}, {"25 smsc", "25 short codes"},
		{"24 settings delivered", "26 attach"}, {"26 attach", "27 verified"},
	}
	firstLife = [][2]string{
		{"5 delivered 1", "4 accepted 1"}, // the receipt came before its response
		{"7 submitted", "10 part 2 delivered"}, {"10 part 2 delivered", "9 resent"}, {"8 ambiguous", "9 resent"}, {"9 resent", "9 accepted"},
		{"9 resent", "10 part 2 delivered again"}, {"9 resent", "12 executed"}, {"9 resent", "11 read"}, {"10 part 2 delivered again", "13 copy"},
		{"12 executed", "12 proof"}, {"12 executed", "13 copy"}, {"13 copy", "13 status 02"}, {"12 proof", "14 switched"}, {"14 switched", "20 moved"},
		{"13 copy", "15 refresh"},
	}
	otherLife = [][2]string{
		{"12 executed", "12 proof lost"}, {"7 switching", "20 moved"}, {"12 executed", "11 read"}, {"11 read", "15 refresh"},
	}
)

// order asserts what must be before what.
func (s *tale) order(first bool) {
	s.t.Helper()
	pairs := slices.Concat(everyLife, otherLife)
	if first {
		pairs = slices.Concat(everyLife, firstLife)
	}
	for _, p := range pairs {
		a, b := s.when[p[0]], s.when[p[1]]
		if a.IsZero() || b.IsZero() || b.Before(a) {
			s.t.Errorf("card %s: %s at %s, %s at %s", s.iccid, p[0], a.Format(time.StampMicro), p[1], b.Format(time.StampMicro))
		}
	}
}

func parse[T any](text []byte) (v T, err error) {
	err = json.Unmarshal(text, &v)
	return v, err
}
