package lab

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// plainCardTypes are those of the sample whose identity is in files.
func plainCardTypes(t *testing.T, test func(t *testing.T, nth int)) {
	t.Helper()
	for nth, name := range SampleCardTypes() {
		if name != "euicc-sgp02" && name != "multi-imsi" {
			t.Run(name, func(t *testing.T) { t.Parallel(); test(t, nth) })
		}
	}
}

func TestPacketIsReceiptedAndAnswered(t *testing.T) {
	t.Parallel()
	plainCardTypes(t, func(t *testing.T, nth int) {
		b := run(t)
		c := b.cards[nth]
		old := c.subscriptions[0]
		b.command("nordvik", old.msisdn, b.seal(c, 1, false, readIMSI...))
		if got := b.answer(c, b.proof("nordvik", old.msisdn, c)); !bytes.Equal(got.Data, efIMSI(old.imsi)) {
			t.Errorf("EF_IMSI reads %X, want %X", got.Data, efIMSI(old.imsi))
		}
		b.receipts("nordvik", receipt.Delivered, 1)
	})
}

func TestMessageWaitsForCoverage(t *testing.T) {
	t.Parallel()
	b := run(t)
	c := b.cards[1]
	if err := b.Coverage(t.Context(), c.iccid, false); err != nil {
		t.Fatal(err)
	}
	b.command("nordvik", c.subscriptions[0].msisdn, b.seal(c, 1, false, readIMSI...))
	b.event(EventStored, c)
	if s := b.state(c); s.Waiting != 1 || s.NetworkIMSI != "" {
		t.Fatalf("state %+v, want one waiting message and nothing attached", s)
	}
	b.events.none(t, "delivered without coverage", func(e Event) bool { return e.Kind == EventDelivered })
	if err := b.Coverage(t.Context(), c.iccid, true); err != nil {
		t.Fatal(err)
	}
	b.answer(c, b.proof("nordvik", c.subscriptions[0].msisdn, c))
	b.receipts("nordvik", receipt.Delivered, 1)
}

// The loop: the proof of the switch leaves by the new network's SMSC and the old number, the device comes back
// with the new identity, and what waits for the new number is delivered.
func TestSwitchMovesDeviceToTheOtherNetwork(t *testing.T) {
	t.Parallel()
	plainCardTypes(t, func(t *testing.T, nth int) {
		b := run(t)
		c := b.cards[nth]
		from, to := c.subscriptions[0], c.subscriptions[1]
		b.command("aurora", to.msisdn, b.seal(c, 2, false, readIMSI...))
		b.event(EventStored, c)
		b.command("nordvik", from.msisdn, b.seal(c, 1, true, switching(c)...))
		if got := b.answer(c, b.proof("aurora", from.msisdn, c)); got.Status != 0x9000 {
			t.Fatalf("the switch ended with %v", got.Status)
		}
		b.event(EventRefresh, c)
		if e := b.event(EventAttach, c); e.Operator != "aurora" || e.IMSI != to.imsi {
			t.Fatalf("attached as %+v, want %s at aurora", e, to.imsi)
		}
		if got := b.answer(c, b.proof("aurora", to.msisdn, c)); !bytes.Equal(got.Data, efIMSI(to.imsi)) {
			t.Errorf("EF_IMSI reads %X, want %X", got.Data, efIMSI(to.imsi))
		}
		b.fed.wait(t, "attach event", func(e attachEvent) bool {
			return e.IMSI == to.imsi && e.IMEI == c.imei && e.PLMN == "99970" && e.APN == "iot.nordvik.example" && !e.HappenedAt.IsZero()
		})
		if nth == 1 { // the tracking applet of the AES card
			b.esmes["aurora"].packets.wait(t, "tracking report", func(p packet) bool {
				return p.from == to.msisdn && p.element == sms.CommandPacket && bytes.Contains(p.payload, efIMSI(to.imsi))
			})
		}
		if s := b.state(c); s.CardSMSC != "+5511900000001" || s.NetworkIMSI != to.imsi || s.CardIMSI != to.imsi || s.Operator != "aurora" {
			t.Errorf("state %+v", s)
		}
	})
}

// internet is a document with an access point, encoded.
func (b *bench) internet(apn string) []byte {
	b.t.Helper()
	d, err := cp.ParseXML(fmt.Appendf(nil, `<wap-provisioningdoc version="1.1"><characteristic type="NAPDEF">
		<parm name="NAPID" value="aurora-web"/><parm name="BEARER" value="GSM-GPRS"/><parm name="NAME" value="aurora"/>
		<parm name="NAP-ADDRESS" value="%s"/><parm name="NAP-ADDRTYPE" value="APN"/><parm name="INTERNET"/>
		<characteristic type="NAPAUTHINFO">
			<parm name="AUTHTYPE" value="CHAP"/><parm name="AUTHNAME" value="meter"/><parm name="AUTHSECRET" value="meter"/>
		</characteristic></characteristic></wap-provisioningdoc>`, apn))
	if err != nil {
		b.t.Fatal(err)
	}
	body, err := d.AppendWBXML(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return body
}

// document makes the parts of an internet document for a device with this IMSI.
func (b *bench) document(imsi string) [][]byte {
	b.t.Helper()
	key, err := cp.NetworkPIN(imsi)
	if err != nil {
		b.t.Fatal(err)
	}
	push, err := cp.Push(b.internet("m2m.aurora.example"), cp.NETWPIN, key)
	if err != nil {
		b.t.Fatal(err)
	}
	b.ref++
	parts, err := cp.Split(push, b.ref)
	if err != nil {
		b.t.Fatal(err)
	}
	return parts
}

func TestOnlySettingsSignedWithTheIMSIInTheSIMAreApplied(t *testing.T) {
	t.Parallel()
	b := run(t)
	c := b.cards[0]
	own, other := c.subscriptions[0], c.subscriptions[1]
	b.submit("nordvik", own.msisdn, 0, 0x04, b.document(other.imsi))
	b.receipts("nordvik", receipt.Delivered, 2)
	b.events.wait(t, "refusal", func(e Event) bool { return e.Kind == EventDelivered && e.Detail == "cp refused" })
	b.submit("nordvik", own.msisdn, 0, 0xF5, b.document(own.imsi))
	b.receipts("nordvik", receipt.Delivered, 2)
	b.event(EventProvisioned, c)
	b.fed.wait(t, "attach event with the new APN", func(e attachEvent) bool { return e.IMSI == own.imsi && e.APN == "m2m.aurora.example" })
	b.fed.none(t, "session after refused settings", func(attachEvent) bool { return true })
	if s := b.state(c); len(s.Settings.APNs) != 1 || s.Settings.APNs[0].User != "meter" || s.APN != "m2m.aurora.example" {
		t.Errorf("settings %+v", s)
	}
}

func TestDeviceWithoutProvisioningAcknowledgesAndIgnores(t *testing.T) {
	t.Parallel()
	first := Sample(1, 7)
	b := run(t, func(c *Config) {
		cards, err := parseCards(first.Cards)
		if err != nil {
			t.Fatal(err)
		}
		c.Faults.Script = []ScriptedFault{{ICCID: cards[0].iccid, Event: "device", What: "no-cp"}}
	})
	c := b.cards[0]
	b.submit("nordvik", c.subscriptions[0].msisdn, 0, 0x04, b.document(c.subscriptions[0].imsi))
	b.receipts("nordvik", receipt.Delivered, 2)
	b.events.wait(t, "cp ignored", func(e Event) bool { return e.Detail == "cp ignored" })
	if s := b.state(c); len(s.Settings.APNs) != 0 {
		t.Errorf("settings %+v, want none", s.Settings)
	}
}

// slowly is for tests in which the world's durations must stand in their order on a busy machine.
func slowly(speed float64) func(*Config) {
	return func(c *Config) { c.Speed, c.Timing.Copy = speed, 500*time.Millisecond }
}

// scriptedFor sets faults for the n-th card of the sample.
func scriptedFor(t *testing.T, nth int, faults ...ScriptedFault) func(*Config) {
	t.Helper()
	return func(c *Config) {
		cards, err := parseCards(c.CardData)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			f.ICCID = cards[nth].iccid
			c.Faults.Script = append(c.Faults.Script, f)
		}
	}
}

func TestLateProofComesAfterTheAnswerToTheCopy(t *testing.T) {
	t.Parallel()
	b := run(t, slowly(20), scriptedFor(t, 1, ScriptedFault{Event: "message", N: 1, What: "late-proof"}))
	c := b.cards[1]
	from := c.subscriptions[0].msisdn
	long := slices.Concat(readIMSI, readIMSI, readIMSI, readIMSI, readIMSI, readIMSI, readIMSI, readIMSI, readIMSI)
	parts := b.seal(c, 1, false, long...)
	if len(parts) != 2 {
		t.Fatalf("%d parts, want 2", len(parts))
	}
	b.command("nordvik", from, parts)
	if r := b.proof("nordvik", from, c); r.Status != ota.StatusCounterLow {
		t.Errorf("first answer has status %v, want the copy's %v", r.Status, ota.StatusCounterLow)
	}
	b.answer(c, b.proof("nordvik", from, c))
	b.receipts("nordvik", receipt.Delivered, 2)
	b.esmes["nordvik"].receipts.none(t, "receipt of a copy", func(receipt.Receipt) bool { return true })
}

// The second step of the card's life that the design tells: a part is lost on its way in, sent again and delivered
// twice with all its like, and the card executes once.
func TestLostPartIsSentAgainAndTheWholePacketRepeatedByTheNetwork(t *testing.T) {
	t.Parallel()
	b := run(t, slowly(8), scriptedFor(t, 1,
		ScriptedFault{Event: "message", N: 1, Part: 2, What: "lost-submit"},
		ScriptedFault{Event: "message", N: 1, What: "duplicate"}),
		func(c *Config) {
			p := c.CardTypes["sja5-aes"]
			p.Refresh = "card" // five seconds later, when the copies have come
			c.CardTypes["sja5-aes"] = p
		})
	c := b.cards[1]
	from := c.subscriptions[0].msisdn
	parts := b.seal(c, 1, false, slices.Concat(slices.Repeat(readIMSI, 9), switching(c))...)
	b.command("nordvik", from, parts)
	b.event(EventSubmissionLost, c)
	b.receipts("nordvik", receipt.Delivered, len(parts)-1)
	b.esmes["aurora"].packets.none(t, "proof of half a packet", func(packet) bool { return true })
	b.command("nordvik", from, parts[1:2])
	b.answer(c, b.proof("aurora", from, c))
	if r := b.proof("aurora", from, c); r.Status != ota.StatusCounterLow {
		t.Errorf("the copy is answered %v, want %v", r.Status, ota.StatusCounterLow)
	}
	if e := b.event(EventAttach, c); e.IMSI != c.subscriptions[1].imsi {
		t.Errorf("attached with %s, want %s", e.IMSI, c.subscriptions[1].imsi)
	}
}

func TestLostProofNeverComes(t *testing.T) {
	t.Parallel()
	b := run(t, scriptedFor(t, 0, ScriptedFault{Event: "message", N: 1, What: "lost-proof"}))
	c := b.cards[0]
	from := c.subscriptions[0].msisdn
	b.command("nordvik", from, b.seal(c, 1, false, readIMSI...))
	b.event(EventSubmitLost, c)
	b.command("nordvik", from, b.seal(c, 2, false, readIMSI...))
	b.answer(c, b.proof("nordvik", from, c))
	b.esmes["nordvik"].packets.none(t, "lost proof", func(packet) bool { return true })
}

func TestWireFaultsOfAScriptHitTheirSubmission(t *testing.T) {
	t.Parallel()
	b := run(t, scriptedFor(t, 0,
		ScriptedFault{Event: "mt", N: 1, What: "throttle"},
		ScriptedFault{Event: "mt", N: 2, What: "lost-response"},
		ScriptedFault{Event: "message", N: 2, What: "early-receipt"}))
	c, e := b.cards[0], b.esmes["nordvik"]
	from := c.subscriptions[0].msisdn
	first := b.seal(c, 1, false, readIMSI...)
	b.command("nordvik", from, first)
	e.results.wait(t, "throttling", func(r smpp.Result) bool { return r.ID == 1 && r.Status == smpp.StatusThrottled })
	b.command("nordvik", from, first)
	b.answer(c, b.proof("nordvik", from, c))
	b.command("nordvik", from, b.seal(c, 2, false, readIMSI...))
	b.answer(c, b.proof("nordvik", from, c))
	id := e.results.wait(t, "response after its receipt", func(r smpp.Result) bool { return r.ID == 3 }).MessageID
	e.results.wait(t, "ambiguity", func(r smpp.Result) bool { return r.ID == 2 && r.Outcome == smpp.Ambiguous })
	e.order.mu.Lock()
	defer e.order.mu.Unlock()
	if r, s := slices.Index(e.order.all, "receipt "+id), slices.Index(e.order.all, "response "+id); r < 0 || r > s {
		t.Errorf("receipt at %d, response at %d of %v, want the receipt first", r, s, e.order.all)
	}
}

func TestMessageExpiresInTheStore(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) { c.Timing.Validity = time.Minute })
	c := b.cards[0]
	b.command("aurora", c.subscriptions[1].msisdn, b.seal(c, 1, false, readIMSI...))
	b.receipts("aurora", receipt.Expired, 1)
	b.event(EventExpired, c)
	if s := b.state(c); s.Waiting != 0 {
		t.Errorf("%d messages wait, want none", s.Waiting)
	}
}

func TestValidityOnTheWireIsRealTime(t *testing.T) {
	t.Parallel()
	b := run(t)
	c := b.cards[0]
	b.command("aurora", c.subscriptions[1].msisdn, b.seal(c, 1, false, readIMSI...), func(m *smpp.Message) { m.Validity = time.Second })
	b.receipts("aurora", receipt.Expired, 1)
}

func TestNumberTheNetworkDoesNotHaveIsUndeliverable(t *testing.T) {
	t.Parallel()
	b := run(t)
	c := b.cards[0]
	b.command("aurora", c.subscriptions[0].msisdn, b.seal(c, 1, false, readIMSI...))
	b.receipts("aurora", receipt.Undeliverable, 1)
}

func TestModemThatIgnoresRefreshKeepsTheOldNumberUntilRestart(t *testing.T) {
	t.Parallel()
	b := run(t, scriptedFor(t, 0, ScriptedFault{Event: "device", What: "ignored-refresh"}))
	c := b.cards[0]
	b.command("nordvik", c.subscriptions[0].msisdn, b.seal(c, 1, true, switching(c)...))
	b.event(EventRefreshIgnored, c)
	if s := b.state(c); s.NetworkIMSI != c.subscriptions[0].imsi || s.CardIMSI != c.subscriptions[1].imsi {
		t.Errorf("state %+v, want the old identity on the air and the new one in the card", s)
	}
	if err := b.Restart(t.Context(), c.iccid); err != nil {
		t.Fatal(err)
	}
	if e := b.event(EventAttach, c); e.IMSI != c.subscriptions[1].imsi {
		t.Errorf("attached with %s after the restart", e.IMSI)
	}
}

func TestDevicesThatDoNotComeBack(t *testing.T) {
	t.Parallel()
	for what, kind := range map[string]string{"never-return": EventVanished, "unknown-imsi": EventRefused} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := run(t, scriptedFor(t, 1, ScriptedFault{Event: "device", What: what}))
			c := b.cards[1]
			b.command("nordvik", c.subscriptions[0].msisdn, b.seal(c, 1, true, switching(c)...))
			b.event(kind, c)
			if s := b.state(c); s.NetworkIMSI != "" || s.Fault != what {
				t.Errorf("state %+v, want %s and nothing on the air", s, what)
			}
			b.events.none(t, "attach", func(e Event) bool { return e.Kind == EventAttach })
		})
	}
}

func TestCardResetBetweenPartsLosesThePacketUntilAllIsSentAgain(t *testing.T) {
	t.Parallel()
	b := run(t, scriptedFor(t, 1, ScriptedFault{Event: "message", N: 1, Part: 2, What: "reset"}))
	c := b.cards[1]
	from := c.subscriptions[0].msisdn
	parts := b.seal(c, 1, false, slices.Repeat(readIMSI, 9)...)
	b.command("nordvik", from, parts)
	b.event(EventCardReset, c)
	b.receipts("nordvik", receipt.Delivered, 2)
	b.esmes["nordvik"].packets.none(t, "proof of half a packet", func(packet) bool { return true })
	b.command("nordvik", from, parts)
	b.answer(c, b.proof("nordvik", from, c))
}

func TestRandomAbsenceEndsByItself(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) { c.Faults.Absent, c.Faults.AbsentFor = 1, time.Minute })
	c := b.cards[0]
	from := c.subscriptions[0].msisdn
	for n := range uint64(8) {
		b.command("nordvik", from, b.seal(c, n+1, false, readIMSI...))
	}
	b.event(EventDetach, c)
	b.event(EventAttach, c)
	b.receipts("nordvik", receipt.Delivered, 8)
}

func TestMessageOvertakesTheOneBeforeIt(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) { c.Faults.Reorder = 1 })
	c := b.cards[1]
	from := c.subscriptions[0].msisdn
	if err := b.Coverage(t.Context(), c.iccid, false); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(2) {
		b.command("nordvik", from, b.seal(c, n+1, false, readIMSI...))
		b.event(EventStored, c)
	}
	if err := b.Coverage(t.Context(), c.iccid, true); err != nil {
		t.Fatal(err)
	}
	b.answer(c, b.proof("nordvik", from, c))
	if r := b.proof("nordvik", from, c); r.Status != ota.StatusCounterLow {
		t.Errorf("the overtaken packet is answered %v, want %v", r.Status, ota.StatusCounterLow)
	}
	b.receipts("nordvik", receipt.Undeliverable, 1) // the phone reports what the card said
}

// A second card's life: the proof of the switch is lost between two networks, the read at the new number still tells.
func TestProofThroughTheOtherNetworkIsLostAndTheReadTellsOfTheMove(t *testing.T) {
	t.Parallel()
	b := run(t, func(c *Config) { c.Faults.LostProofShare = 1 })
	c := b.cards[1]
	from, to := c.subscriptions[0], c.subscriptions[1]
	b.command("aurora", to.msisdn, b.seal(c, 2, false, readIMSI...))
	b.event(EventStored, c)
	b.command("nordvik", from.msisdn, b.seal(c, 1, true, switching(c)...))
	b.event(EventSubmitLost, c)
	if got := b.answer(c, b.proof("aurora", to.msisdn, c)); !bytes.Equal(got.Data, efIMSI(to.imsi)) {
		t.Errorf("EF_IMSI reads %X, want %X", got.Data, efIMSI(to.imsi))
	}
	b.esmes["aurora"].packets.none(t, "proof from the old number", func(p packet) bool { return p.from == from.msisdn })
}
