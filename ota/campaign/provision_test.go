package campaign_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/detect"
	"github.com/simota/simota/ota/swap"
)

// homeAPNs gives the network in which the cards are something to tell devices.
func (w *world) homeAPNs() {
	w.t.Helper()
	o := operators[0]
	o.APNs = []catalog.APN{{Purpose: "internet", Name: "m2m.nordvik.example"}, {Purpose: "mms", Name: "mms", MMSC: "http://mms.nordvik.example/"}}
	o.ShortCodes.Voice = []catalog.ShortCode{{Name: "help", Number: "611"}}
	w.ok(w.db.PutOperator(w.t.Context(), "test", o))
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// describe files a kind of device under a TAC.
func (w *world) describe(tac string, c catalog.Client) {
	w.t.Helper()
	w.ok(w.db.PutClient(w.t.Context(), "test", c))
	_, _, err := w.db.PutModels(w.t.Context(), "test", []catalog.Model{{First: tac, Last: tac, Manufacturer: "Acme", Name: "Meter", Client: c.Name}})
	w.ok(err)
}

// card is one of the world, with its phone.
func (w *world) card(n int) (catalog.Entry, *phone) {
	w.t.Helper()
	all, err := w.db.Cards(w.t.Context(), catalog.Filter{}, 0, 100)
	w.ok(err)
	return all[n], w.phones[all[n].Subscriptions[0].MSISDN]
}

// seen tells the engine of a card in a device.
func (w *world) seen(e catalog.Entry, imei string, at time.Time) {
	w.t.Helper()
	w.ok(w.engine.Attach(w.t.Context(), detect.Event{Time: at, IMSI: e.Subscriptions[0].IMSI, IMEI: imei, Kind: detect.Attach, Source: "attach feed"}))
}

func (p *phone) applications() (apns, texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.applied {
		for _, n := range c.NAPDefs {
			if n.AddrType == "APN" {
				apns = append(apns, n.Address)
			}
		}
	}
	return apns, slices.Compact(slices.Clone(p.texts)) // under load one goes again before its receipt is here
}

func closed(state swap.State, n int) func(ledger.Counts) bool {
	return func(c ledger.Counts) bool { return c.Open == 0 && c.ByState[string(state)] == n }
}

func TestProvisioningConfiguresTheDeviceAndTouchesNoCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, 600)
	w.homeAPNs()
	name := w.start("campaign: p1\nkind: provision\nselect: {all: true}\n")
	w.until(name, closed(swap.SettingsDelivered, 3))
	for n := range 3 {
		e, p := w.card(n)
		if apns, _ := p.applications(); !slices.Equal(apns, []string{"m2m.nordvik.example", "mms"}) {
			t.Errorf("card %d: applied %v", n, apns)
		}
		if e.Keysets[0].Counter != 40 {
			t.Errorf("card %d: a packet went to the card: counter %d", n, e.Keysets[0].Counter)
		}
	}
	w.law()
}

func TestOnlySomeDocumentsOrTheCampaignsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.homeAPNs()
	_, p := w.card(0)
	w.until(w.start("campaign: p1\nkind: provision\nselect: {all: true}\nonly: [mms]\n"), closed(swap.SettingsDelivered, 1))
	w.until(w.start(`campaign: p2
kind: provision
select: {all: true}
documents:
  - name: own
    xml: |
      <wap-provisioningdoc version="1.1"><characteristic type="NAPDEF"><parm name="NAPID" value="x"/><parm name="BEARER" value="GSM-GPRS"/>
      <parm name="NAME" value="x"/><parm name="NAP-ADDRESS" value="own.example"/><parm name="NAP-ADDRTYPE" value="APN"/></characteristic></wap-provisioningdoc>
  - {name: word, text: "SET APN own.example"}
`), closed(swap.SettingsDelivered, 1))
	apns, texts := p.applications()
	if !slices.Equal(apns, []string{"mms", "own.example"}) || !slices.Equal(texts, []string{"SET APN own.example"}) {
		t.Errorf("applied %v, read %v", apns, texts)
	}
}

func TestAStandingCampaignConfiguresEveryDeviceThatShowsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, 600)
	w.homeAPNs()
	name := w.start("campaign: auto\nkind: provision\non: new-pair\nselect: {operator: nordvik}\n")
	e, p := w.card(1)
	at := time.Now()
	for range 3 { // duplicates
		w.seen(e, "35693803564380", at)
	}
	w.until(name, closed(swap.SettingsDelivered, 1))
	w.seen(e, "356938035643809", time.Now()) // with its check digit: the same device
	other, _ := w.card(2)
	w.seen(other, "35693803564381", time.Now())
	w.until(name, closed(swap.SettingsDelivered, 2))
	if apns, _ := p.applications(); len(apns) != 2 {
		t.Errorf("a device that is known was configured again: %v", apns)
	}
	w.seen(e, "35693803564999", time.Now())
	w.until(name, func(ledger.Counts) bool { apns, _ := p.applications(); return len(apns) == 4 })
	w.until(name, closed(swap.SettingsDelivered, 2))
	c, err := w.db.Campaign(t.Context(), name)
	if err != nil || c.State != ledger.CampaignRunning {
		t.Errorf("a standing campaign is %s, %v", c.State, err)
	}
	w.law()
}

func TestPairsThatCameWhileNobodyLookedAreConfiguredAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.homeAPNs()
	ctx := t.Context()
	c, err := w.engine.Create(ctx, "test", []byte("campaign: auto\nkind: provision\non: new-pair\nselect: {all: true}\n"))
	w.ok(err)
	w.ok(w.engine.Start(ctx, "test", c.Name))
	e, _ := w.card(0)
	// As if it was stored and the server died before it looked.
	w.ok(w.db.Apply(ctx, &ledger.Witness{
		Evidence: ledger.Evidence{CardID: e.Card.ID, Kind: ledger.EvAttach, SeenAt: time.Now()},
		Pair:     &catalog.Pair{CardID: e.Card.ID, IMEI: "35693803564380", IMSI: e.Subscriptions[0].IMSI, Source: "attach feed", SeenAt: time.Now()},
	})[0])
	w.until(c.Name, closed(swap.SettingsDelivered, 1))
}

func TestAMovedCardIsLeftAloneWhereTheCampaignSaysSo(t *testing.T) {
	t.Parallel()
	for _, reaction := range []string{"alert", "ignore"} {
		w := newWorld(t, 2, 600)
		w.homeAPNs()
		e, p := w.card(0)
		w.seen(e, "35693803564380", time.Now().Add(-time.Hour)) // before the campaign: no reason to act
		name := w.start("campaign: auto\nkind: provision\non: new-pair\nmoved: " + reaction + "\nselect: {all: true}\n")
		w.seen(e, "35693803564381", time.Now())
		other, _ := w.card(1)
		w.seen(other, "35693803564382", time.Now())
		w.until(name, closed(swap.SettingsDelivered, 1))
		if apns, _ := p.applications(); len(apns) != 0 {
			t.Errorf("%s: configured %v", reaction, apns)
		}
	}
}

func TestDocumentsFollowTheDeviceThatWasSeenAfterTheSwap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.describe("35000001", catalog.Client{Name: "acme", BasedOn: "none", Capability: catalog.Capability{
		Texts: []catalog.Text{{Name: "set", Text: "APN=${apn};USER=${user}"}},
	}})
	_, p := w.card(0)
	p.mu.Lock()
	p.mute = func(m delivery.Message) bool { return strings.HasPrefix(m.Destination, "+55") }
	p.mu.Unlock()
	name := w.start("campaign: s1\nkind: swap\nselect: {all: true}\nto: aurora\nattested: test\nmax_unproven: 1\ndone_when: settings-delivered\n")
	w.until(name, func(c ledger.Counts) bool {
		return c.ByState[string(swap.Switched)] == 1
	})
	e, _ := w.card(0)
	w.ok(w.engine.Attach(context.WithoutCancel(t.Context()), detect.Event{
		IMSI: e.Subscriptions[1].IMSI, IMEI: "3500000112345678", Kind: detect.Attach, Source: "attach feed",
	}))
	p.mu.Lock()
	p.mute = nil
	p.mu.Unlock()
	w.until(name, closed(swap.SettingsDelivered, 1))
	apns, texts := p.applications()
	if len(apns) != 0 || !slices.Equal(texts, []string{"APN=m2m.aurora.example;USER=meter"}) {
		t.Errorf("applied %v, read %v", apns, texts)
	}
}

func TestWhatADeviceCannotBeToldIsNamed(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]catalog.Client{
		"takes no provisioning (TAC 35000001)": {Name: "mute", BasedOn: "none"},
		`client "nobody" is not known`:         {Name: "lost", BasedOn: "nobody"},
		"no PIN":                               {Name: "typed", Capability: catalog.Capability{Security: []string{"userpin"}}},
	} {
		w := newWorld(t, 1, 600)
		w.homeAPNs()
		w.describe("35000001", c)
		e, _ := w.card(0)
		w.seen(e, "35000001123456", time.Now())
		name := w.start("campaign: p1\nkind: provision\nselect: {all: true}\n")
		w.until(name, closed(swap.SettingsFailed, 1))
		camp, err := w.db.Campaign(t.Context(), name)
		w.ok(err)
		rows, err := w.db.Targets(t.Context(), camp.ID, nil, 0, 1)
		w.ok(err)
		if !strings.Contains(rows[0].Cause, want) {
			t.Errorf("cause %q, want %q", rows[0].Cause, want)
		}
	}
}

func TestNothingOfThatNameIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.homeAPNs()
	name := w.start("campaign: p1\nkind: provision\nselect: {all: true}\nonly: [interet, dm]\n")
	w.until(name, closed(swap.Skipped, 1))
	camp, err := w.db.Campaign(t.Context(), name)
	w.ok(err)
	rows, err := w.db.Targets(t.Context(), camp.ID, nil, 0, 1)
	w.ok(err)
	if want := "of operator nordvik it would be told nothing that is called interet or dm"; !strings.Contains(rows[0].Cause, want) {
		t.Errorf("cause %q, want %q", rows[0].Cause, want)
	}
}

func TestADeviceWithAPINGetsItsDocumentsSignedWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.homeAPNs()
	w.describe("35000001", catalog.Client{Name: "typed", Capability: catalog.Capability{Security: []string{"userpin"}, PIN: "0042"}})
	e, p := w.card(0)
	p.mu.Lock()
	p.pin = "0042"
	p.mu.Unlock()
	w.seen(e, "35000001123456", time.Now())
	w.until(w.start("campaign: p1\nkind: provision\nselect: {all: true}\n"), closed(swap.SettingsDelivered, 1))
	if apns, _ := p.applications(); len(apns) != 2 {
		t.Errorf("applied %v", apns)
	}
}

func TestProvisioningRefusesWhatIsOfOtherKinds(t *testing.T) {
	t.Parallel()
	for more, want := range map[string]string{
		"to: aurora": "to:", "attested: me": "attested:", "max_unproven: 2": "max_unproven:", "from_operator: [smsp]": "from_operator:",
		"items: [{path: 7F50/4F01, data: \"00\"}]": "items:", "documents: [{name: x}]": "neither xml nor text",
		"documents: [{name: x, text: hello, pin: \"0042\"}]": "without xml, security and pin",
		"write: {ad: \"00\"}":                                "write:", "done_when: moved": "done_when:", "on: monday": "on:", "moved: alert": "moved:",
		"on: new-pair\nmoved: run": "moved:", "on: new-pair\nschedule: {at: \"2030-01-01T00:00:00Z\"}": "schedule:",
		"documents: [{name: x, xml: \"<a/>\"}]": "documents[0]", "documents: [{name: x, text: hello, security: none}]": "documents[0]",
		"documents: [{name: x, text: hello}]\nonly: [mms]": "only:", "documents: [{xml: \"<a/>\"}]": "documents[0]",
		"documents: [{name: x, xml: \"<wap-provisioningdoc><characteristic type='A'/></wap-provisioningdoc>\", security: userpin}]": "pin has 0",
	} {
		_, err := campaign.ParseSpec([]byte("campaign: p1\nkind: provision\nselect: {all: true}\n" + more + "\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", more, err)
		}
	}
	for _, other := range []string{"kind: swap\nto: aurora\nmax_unproven: 1\non: new-pair", "kind: rfm\nwrite: {ad: \"00\"}\nonly: [mms]", "kind: rfm\nfrom_operator: [imsi]"} {
		if _, err := campaign.ParseSpec([]byte("campaign: p1\nselect: {all: true}\n" + other + "\n")); err == nil {
			t.Errorf("%s passed", other)
		}
	}
}

func TestTheCampaignsOfTheManualAreTaken(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/device-configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, block := range strings.Split(string(page), "```yaml\n# campaign\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if _, err := campaign.ParseSpec([]byte(text)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
		n++
	}
	if n < 4 {
		t.Errorf("%d campaigns found, want 4", n)
	}
}

func TestADeviceIsAskedToCallItsDMServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 600)
	o := operators[0]
	o.APNs = []catalog.APN{{Purpose: "internet", Name: "m2m.nordvik.example"}}
	o.DM = &catalog.DMServer{ID: "simota", Address: "https://dm.nordvik.example/", ServerSecret: "secret", Nonce: "bm9uY2U="}
	w.ok(w.db.PutOperator(t.Context(), "test", o))
	w.describe("35000001", catalog.Client{Name: "managed", BasedOn: "cpclient"})
	managed, p := w.card(0)
	w.seen(managed, "35000001123456", time.Now())
	name := w.start("campaign: p1\nkind: provision\nselect: {all: true}\nnotify: true\nonly: [dm notification]\n")
	w.until(name, func(c ledger.Counts) bool {
		return c.Open == 0 && c.ByState[string(swap.SettingsDelivered)] == 1 && c.ByState[string(swap.Skipped)] == 1
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := cp.ParseNotificationPush(p.pushed)
	if err != nil || !n.Verify("secret", []byte("nonce")) || n.ServerID != "simota" || !n.Server {
		t.Errorf("the device got %x: %+v, %v", p.pushed, n, err)
	}
}

func TestWhatIsAskedForAloneIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	w.homeAPNs()
	_, p := w.card(0)
	p.mu.Lock()
	p.mute = func(delivery.Message) bool { return true }
	p.mu.Unlock()
	name := w.start("campaign: p1\nkind: provision\nselect: {all: true}\nonly: [smsc]\n")
	w.until(name, func(c ledger.Counts) bool { return c.ByState[string(swap.Configuring)] == 1 })
	p.mu.Lock()
	p.mute = nil
	p.mu.Unlock()
	w.until(name, closed(swap.SettingsDelivered, 1))
}

func TestADeviceThatACardWasInBeforeIsNotNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 600)
	w.homeAPNs()
	e, _ := w.card(0)
	w.seen(e, "35693803564380", time.Now().Add(-time.Hour))
	name := w.start("campaign: auto\nkind: provision\non: new-pair\nselect: {all: true}\n")
	w.seen(e, "356938035643809", time.Now())
	other, _ := w.card(1)
	w.seen(other, "35693803564381", time.Now())
	if c := w.until(name, closed(swap.SettingsDelivered, 1)); c.Total != 1 {
		t.Errorf("%d cards configured, want the one that is in a new device: %+v", c.Total, c)
	}
}

func TestADeviceThatASwapDidNotConfigureIsLeftToTheStandingCampaign(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 600)
	e, p := w.card(0)
	mute := func(f func(delivery.Message) bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.mute = f
	}
	mute(func(m delivery.Message) bool { return strings.HasPrefix(m.Destination, "+55") })
	name := w.start("campaign: auto\nkind: provision\non: new-pair\nselect: {all: true}\n")
	moves := w.start("campaign: s1\nkind: swap\nselect: {all: true}\nto: aurora\nattested: test\nmax_unproven: 1\ndone_when: moved\n")
	w.until(moves, func(c ledger.Counts) bool { return c.ByState[string(swap.Switched)] == 1 })
	w.ok(w.engine.Attach(t.Context(), detect.Event{IMSI: e.Subscriptions[1].IMSI, IMEI: "3500000112345678", Kind: detect.Attach, Source: "attach feed"}))
	w.until(moves, closed(swap.Moved, 1))
	mute(nil)
	w.until(name, closed(swap.SettingsDelivered, 1))
	if apns, _ := p.applications(); !slices.Equal(apns, []string{"m2m.aurora.example", "mms.aurora.example"}) {
		t.Errorf("applied %v", apns)
	}
}

func TestANumberOfTwoCardsSaysOfNeitherWhereItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 6000)
	e, _ := w.card(0)
	number := e.Subscriptions[0].MSISDN
	_, err := w.db.Import(t.Context(), "test", []catalog.Entry{{
		Card:          catalog.Card{ICCID: "8947010000000099999", Type: e.Card.Type},
		Subscriptions: []catalog.Subscription{{Slot: 1, IMSI: "999400099999999", MSISDN: number, Operator: "nordvik"}},
	}})
	w.ok(err)
	err = w.engine.Attach(t.Context(), detect.Event{MSISDN: number, IMEI: "35693803564380", Kind: detect.Attach, Source: "radius"})
	if !errors.Is(err, catalog.ErrNotFound) || !strings.Contains(err.Error(), "2 cards have MSISDN "+number) {
		t.Errorf("%v", err)
	}
	if pairs, err := w.db.Pairs(t.Context(), e.Card.ID); err != nil || len(pairs) != 0 {
		t.Errorf("pairs %+v, %v", pairs, err)
	}
}

func TestANewPlanIsVerifiedByItsOwnAccessPoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 6000)
	w.describe("35000001", catalog.Client{Name: "acme", BasedOn: "none", Capability: catalog.Capability{Texts: []catalog.Text{{Name: "set", Text: "APN=${apn}"}}}})
	e, p := w.card(0)
	p.mu.Lock()
	p.mute = func(m delivery.Message) bool { return strings.HasPrefix(m.Destination, "+55") }
	p.mu.Unlock()
	name := w.start("campaign: s1\nkind: swap\nselect: {all: true}\nto: aurora\nattested: test\nmax_unproven: 1\ndone_when: verified\n")
	w.until(name, func(c ledger.Counts) bool { return c.ByState[string(swap.Switched)] == 1 })
	o := operators[1]
	o.APNs = []catalog.APN{{Purpose: "internet", Name: "new.aurora.example"}}
	w.ok(w.db.PutOperator(t.Context(), "test", o))
	attach := func(apn string) {
		w.ok(w.engine.Attach(t.Context(), detect.Event{IMSI: e.Subscriptions[1].IMSI, IMEI: "3500000112345678", APN: apn, Kind: detect.Attach, Source: "attach feed"}))
	}
	attach("")
	p.mu.Lock()
	p.mute = nil
	p.mu.Unlock()
	w.until(name, func(ledger.Counts) bool {
		_, texts := p.applications()
		return slices.Equal(texts, []string{"APN=new.aurora.example"})
	})
	attach("new.aurora.example")
	w.until(name, closed(swap.Verified, 1))
}
