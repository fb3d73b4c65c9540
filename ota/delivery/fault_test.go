package delivery_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/smpp"
)

// TestEveryReceiptIsMatchedAndOneStateIsFinal is row 9 of the fault table: receipts in three copies, before their
// response or after a restart, in every form and base.
func TestEveryReceiptIsMatchedAndOneStateIsFinal(t *testing.T) {
	t.Parallel()
	text := func(c *card, id string) []byte {
		return deliverSM(c.number, server, 0x04, fmt.Appendf(nil, "id:%s sub:001 dlvrd:001 stat:DELIVRD err:000 text:", id))
	}
	parameters := func(c *card, id string) []byte {
		return withTLVs(deliverSM(c.number, server, 0x04, nil),
			smpp.TLV{Tag: smpp.TagReceiptedMessageID, Value: []byte(id + "\x00")}, smpp.TLV{Tag: smpp.TagMessageState, Value: []byte{2}})
	}
	forms := map[string]func(*card, string) []byte{"text": text, "parameters": parameters}
	for _, ids := range []struct{ link, response, receipt string }{
		{"north", "7F3A09", "8337929"}, {"north", "00001234", "4660"}, {"south", "1234", "0x1234"}, {"south", "1234", "4660"},
		{"west", "7f3a09", "8337929"}, {"west", "8337929", "7F3A09"}, {"west", "4660", "1234"}, {"west", "0004660", "4660"},
	} {
		for form, receipt := range forms {
			for _, when := range []string{"before the response", "after it", "after a restart"} {
				t.Run(strings.Join([]string{ids.link, ids.response, ids.receipt, form, when}, " "), func(t *testing.T) {
					t.Parallel()
					w, c, l := one(t)
					w.send(l, w.read(c, 1))
					m := w.outN(1)[0]
					m.link = ids.link
					if when != "before the response" {
						w.answer(m, ids.response)
					}
					if when == "after a restart" {
						w.restart()
					}
					for range 3 {
						w.receive(ids.link, receipt(c, ids.receipt))
					}
					if when == "before the response" {
						w.answer(m, ids.response)
					}
					w.wantFinals(l, ledger.Arrived)
					if n := w.counts()[ledger.InboxSettled]; n != 3 {
						t.Errorf("%d of 3 copies are settled: %v", n, w.counts())
					}
				})
			}
		}
	}
}

// TestNothingIsLostInAStormOfThrottling is row 8 of the fault table: three in ten are refused for now, and again and
// again. That the rate stays is for the tests of package route.
func TestNothingIsLostInAStormOfThrottling(t *testing.T) {
	t.Parallel()
	const cards = 10
	w := newWorld(t)
	dice := rand.New(rand.NewPCG(9, 10))
	var leases []ledger.Lease
	for n := range cards {
		c := w.insert(n+1, fmt.Sprintf("+4915000%02d", n))
		l := w.start(fmt.Sprintf("campaign %d", n), c)
		w.send(l, w.read(c, 1))
		leases = append(leases, l)
	}
	refused, accepted := map[string]time.Time{}, map[string]int{} // by destination
	for range 60 {
		for _, m := range w.out() {
			if at, again := refused[m.Destination]; again && w.now.Before(at.Add(delivery.Field().Temporary)) {
				t.Errorf("%s is tried again after %v", m.Destination, w.now.Sub(at))
			}
			if dice.Float64() < 0.3 {
				refused[m.Destination] = w.now
				w.result(delivery.Temporary, m)
				continue
			}
			accepted[m.Destination]++
			w.accept(m)
		}
		w.pass(time.Second)
	}
	if len(refused) == 0 {
		t.Fatal("nothing was refused")
	}
	if len(accepted) != cards {
		t.Errorf("%d of %d messages were accepted in the end", len(accepted), cards)
	}
	for number, n := range accepted {
		if n != 1 {
			t.Errorf("%s was sent %d times", number, n)
		}
	}
	for _, l := range leases {
		w.want(l, 1, ledger.Open)
	}
}
