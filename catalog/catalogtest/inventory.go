package catalogtest

import (
	"errors"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

var inventoryLaws = []law{
	{"import gives back what was given", func(w *world) {
		given := entry(1)
		got := w.cards(1)[0]
		ignored := cmp.Options{cmpopts.IgnoreFields(catalog.Entry{}, "Line"), cmpopts.IgnoreFields(catalog.Card{}, "ID", "Active"),
			cmpopts.IgnoreFields(catalog.Subscription{}, "ID", "CardID"), cmpopts.IgnoreFields(catalog.Keyset{}, "ID", "CardID")}
		if diff := cmp.Diff(given, got, ignored); diff != "" {
			w.t.Errorf("card (-given +stored):\n%s", diff)
		}
		w.equal("a new card lives with its first identity", got.Card.Active, got.Subscriptions[0].ID)
		w.equal("by id", ok[catalog.Entry](w)(w.CardByID(w.ctx, got.Card.ID)), got)
	}},
	{"import is idempotent", func(w *world) {
		given := []catalog.Entry{entry(1), entry(2)}
		first := ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", given))
		audit := len(ok[[]ledger.AuditRow](w)(w.Audit(w.ctx, 0, 0)))
		before := ok[catalog.Entry](w)(w.Card(w.ctx, given[0].Card.ICCID))
		second := ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", given))
		w.equal("first", first, []catalog.ImportResult{{ICCID: given[0].Card.ICCID, Created: true}, {ICCID: given[1].Card.ICCID, Created: true}})
		w.equal("second", second, []catalog.ImportResult{{ICCID: given[0].Card.ICCID}, {ICCID: given[1].Card.ICCID}})
		w.equal("card", ok[catalog.Entry](w)(w.Card(w.ctx, given[0].Card.ICCID)), before)
		w.equal("audit rows", len(ok[[]ledger.AuditRow](w)(w.Audit(w.ctx, 0, 0))), audit)
	}},
	{"import names what it changed and clears nothing", func(w *world) {
		w.cards(1)
		e := entry(1)
		e.Card.Country, e.Card.IMEI, e.Card.Tags = "AR", "", nil
		e.Subscriptions[1].MSISDN = "+5511777"
		e.Subscriptions = append(e.Subscriptions, catalog.Subscription{Slot: 3, IMSI: "999710000000001", Operator: "sur"})
		r := ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", []catalog.Entry{e}))
		w.equal("created", r[0].Created, false)
		w.equal("number of changes", len(r[0].Changed), 3)
		got := ok[catalog.Entry](w)(w.Card(w.ctx, e.Card.ICCID))
		w.equal("country", got.Card.Country, "AR")
		w.equal("IMEI stays", got.Card.IMEI, entry(1).Card.IMEI)
		w.equal("tags stay", got.Card.Tags, []string{"meter"})
		w.equal("number", got.Subscriptions[1].MSISDN, "+5511777")
		w.equal("subscriptions", len(got.Subscriptions), 3)
	}},
	{"import raises a counter and never lowers it", func(w *world) {
		card := w.cards(1)[0]
		for _, c := range []struct{ given, want uint64 }{{39, 40}, {40, 40}, {500, 500}, {41, 500}, {0, 500}} {
			e := entry(1)
			e.Keysets[0].Counter = c.given
			ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", []catalog.Entry{e}))
			w.equal("counter", w.counter(card), c.want)
		}
	}},
	{"import refuses another key and leaves the stored one", func(w *world) {
		before := w.cards(1)[0]
		e := entry(1)
		e.Keysets[0].CheckValue, e.Keysets[0].SealedKIc, e.Keysets[0].Counter = "another", []byte{9}, 900
		_, err := w.Import(w.ctx, "test", []catalog.Entry{e})
		if !errors.Is(err, catalog.ErrConflict) || !strings.Contains(err.Error(), e.Card.ICCID) {
			w.t.Fatalf("Import = %v, want ErrConflict naming the ICCID", err)
		}
		w.equal("card", ok[catalog.Entry](w)(w.Card(w.ctx, e.Card.ICCID)), before)
	}},
	{"import of the same key sealed anew keeps the stored octets", func(w *world) {
		w.cards(1)
		e := entry(1)
		e.Keysets[0].SealedKIc = []byte{9, 9}
		r := ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", []catalog.Entry{e}))
		w.equal("changes", len(r[0].Changed), 0)
		w.equal("sealed KIc", ok[catalog.Entry](w)(w.Card(w.ctx, e.Card.ICCID)).Keysets[0].SealedKIc, entry(1).Keysets[0].SealedKIc)
	}},
	{"import refuses another IMSI in a slot", func(w *world) {
		w.cards(1)
		e := entry(1)
		e.Subscriptions[0].IMSI = "999429999999999"
		if _, err := w.Import(w.ctx, "test", []catalog.Entry{e}); !errors.Is(err, catalog.ErrConflict) {
			w.t.Fatalf("Import = %v, want ErrConflict", err)
		}
	}},
	{"import refuses what is another card's, every entry by its line and field", func(w *world) {
		w.cards(1)
		w.imported(euicc(2))
		first := func(e *catalog.Entry) { e.Subscriptions[0].IMSI = entry(1).Subscriptions[0].IMSI }
		second := func(e *catalog.Entry) { e.Subscriptions[1].IMSI = entry(1).Subscriptions[0].IMSI }
		eid := func(e *catalog.Entry) { e.Card.EID = euicc(2).Card.EID }
		var given []catalog.Entry
		for n, change := range map[int]func(*catalog.Entry){1: eid, 3: first, 4: second, 5: eid} {
			e := entry(n)
			change(&e)
			given = append(given, e)
		}
		given = append(given, entry(6))
		slices.SortFunc(given, func(a, b catalog.Entry) int { return a.Line - b.Line })
		_, err := w.Import(w.ctx, "test", given)
		if !errors.Is(err, catalog.ErrConflict) {
			w.t.Fatalf("Import = %v, want ErrConflict", err)
		}
		w.equal("conflicts", strings.Split(err.Error(), "\n"), []string{
			"line 2, EID: card 8949000000000000001 has the EID of card 8949000000000000002: one eUICC is one card",
			"line 4, IMSI: card 8949000000000000003 has the IMSI of card 8949000000000000001: an IMSI is one card's",
			"line 5, IMSI2: card 8949000000000000004 has the IMSI of card 8949000000000000001: an IMSI is one card's",
			"line 6, EID: card 8949000000000000005 has the EID of card 8949000000000000002: one eUICC is one card",
		})
		w.equal("cards", len(ok[[]catalog.Entry](w)(w.Cards(w.ctx, catalog.Filter{}, 0, 0))), 2)
	}},
	{"import notes a number that another card has, once", func(w *world) {
		w.cards(2)
		added, changed := entry(3), entry(2)
		added.Subscriptions[1].MSISDN = entry(1).Subscriptions[0].MSISDN
		changed.Subscriptions[0].MSISDN = entry(1).Subscriptions[0].MSISDN
		given := []catalog.Entry{changed, added}
		first := ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", given))
		w.equal("changed", first[0].Notes, []string{"line 3, MSISDN: card 8949000000000000002 has the number of card 8949000000000000001"})
		w.equal("added", first[1].Notes, []string{"line 4, MSISDN2: card 8949000000000000003 has the number of card 8949000000000000001"})
		for _, r := range ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", given)) {
			w.equal("again", len(r.Notes), 0)
		}
	}},
	{"import is all or nothing", func(w *world) {
		w.cards(1)
		bad := entry(1)
		bad.Keysets[0].CheckValue = "another"
		if _, err := w.Import(w.ctx, "test", []catalog.Entry{entry(2), bad, entry(3)}); !errors.Is(err, catalog.ErrConflict) {
			w.t.Fatalf("Import = %v, want ErrConflict", err)
		}
		w.equal("cards", len(ok[[]catalog.Entry](w)(w.Cards(w.ctx, catalog.Filter{}, 0, 0))), 1)
		w.equal("audit rows", len(ok[[]ledger.AuditRow](w)(w.Audit(w.ctx, 0, 0))), 1)
	}},
	{"import needs an actor", func(w *world) {
		if _, err := w.Import(w.ctx, "", []catalog.Entry{entry(1)}); err == nil {
			w.t.Fatal("Import without an actor works")
		}
	}},
	{"filters select", func(w *world) {
		many := []catalog.Entry{entry(1), entry(2), entry(3), entry(4)}
		many[1].Card.Country = "AR"
		many[2].Card.Type = "other"
		many[2].Card.Tags = []string{"meter", "pilot"}
		many[3].Subscriptions[0].Operator = "sur"
		ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", many))
		for _, c := range []struct {
			name string
			f    catalog.Filter
			want []int
		}{
			{"everything", catalog.Filter{}, []int{1, 2, 3, 4}},
			{"ICCIDs", catalog.Filter{ICCIDs: []string{many[3].Card.ICCID, many[0].Card.ICCID, "89"}}, []int{1, 4}},
			{"country", catalog.Filter{Country: "AR"}, []int{2}},
			{"type", catalog.Filter{Type: "other"}, []int{3}},
			{"operator of the active subscription", catalog.Filter{Operator: "nordvik"}, []int{1, 2, 3}},
			{"operator of another subscription", catalog.Filter{Operator: "aurora"}, nil},
			{"all tags", catalog.Filter{Tags: []string{"pilot", "meter"}}, []int{3}},
			{"all conditions", catalog.Filter{Country: "BR", Operator: "nordvik", Tags: []string{"meter"}, Type: "sja5-aes"}, []int{1}},
		} {
			var got []int
			for _, e := range ok[[]catalog.Entry](w)(w.Cards(w.ctx, c.f, 0, 100)) {
				for i := range many {
					if many[i].Card.ICCID == e.Card.ICCID {
						got = append(got, i+1)
					}
				}
			}
			w.equal(c.name, got, c.want)
		}
	}},
	{"cards come in pages", func(w *world) {
		all := w.cards(5)
		var after int64
		var got []catalog.Entry
		for {
			page := ok[[]catalog.Entry](w)(w.Cards(w.ctx, catalog.Filter{Country: "BR"}, after, 2))
			if len(page) == 0 {
				break
			}
			got, after = append(got, page...), page[len(page)-1].Card.ID
		}
		w.equal("cards", got, all)
	}},
	{"two cards may share a number", func(w *world) {
		a, b := entry(1), entry(2)
		b.Subscriptions[1].MSISDN = a.Subscriptions[0].MSISDN
		ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", []catalog.Entry{a, b}))
		w.equal("cards of the number", len(ok[[]catalog.Entry](w)(w.CardsByMSISDN(w.ctx, a.Subscriptions[0].MSISDN))), 2)
		w.equal("cards of the IMSI", len(ok[[]catalog.Entry](w)(w.CardsByIMSI(w.ctx, a.Subscriptions[0].IMSI))), 1)
		w.equal("cards of nobody", len(ok[[]catalog.Entry](w)(w.CardsByIMSI(w.ctx, "000"))), 0)
	}},
	{"what is not there is not found", func(w *world) {
		_, card := w.Card(w.ctx, "89")
		_, byID := w.CardByID(w.ctx, 77)
		_, operator := w.Operator(w.ctx, "x")
		_, cardType := w.CardType(w.ctx, "x")
		_, campaign := w.Campaign(w.ctx, "x")
		_, dossier := w.Dossier(w.ctx, 77)
		_, attempt := w.Attempt(w.ctx, 77)
		_, counter := w.AttemptByCounter(w.ctx, 77, 1)
		for name, err := range map[string]error{"card": card, "card by id": byID, "operator": operator, "card type": cardType,
			"campaign": campaign, "dossier": dossier, "attempt": attempt, "counter": counter} {
			if !errors.Is(err, catalog.ErrNotFound) {
				w.t.Errorf("%s: %v, want ErrNotFound", name, err)
			}
		}
		w.refuse(&ledger.TakeLease{TargetID: 77, Node: "a", Now: now, Until: now}, catalog.ErrNotFound)
	}},
	{"operators are replaced, except their home network", func(w *world) {
		o := catalog.Operator{Name: "aurora", PLMNs: []string{"99970"}, Links: []string{"l"}, SMSC: "+5511", APNs: []catalog.APN{{Purpose: "internet", Name: "m2m"}}}
		b := catalog.Operator{Name: "boreal", PLMNs: []string{"99971"}, Links: []string{"l"}}
		for _, v := range []catalog.Operator{b, o} {
			if err := w.PutOperator(w.ctx, "test", v); err != nil {
				w.t.Fatal(err)
			}
		}
		w.equal("by name", ok[[]catalog.Operator](w)(w.Operators(w.ctx)), []catalog.Operator{o, b})
		w.equal("first", ok[catalog.Operator](w)(w.Operator(w.ctx, "aurora")), o)
		o.SMSC = "+5522"
		if err := w.PutOperator(w.ctx, "test", o); err != nil {
			w.t.Fatal(err)
		}
		w.equal("replaced", ok[catalog.Operator](w)(w.Operator(w.ctx, "aurora")), o)
		other := o
		other.PLMNs = []string{"99942"}
		if err := w.PutOperator(w.ctx, "test", other); !errors.Is(err, catalog.ErrConflict) {
			w.t.Errorf("another home network: %v, want ErrConflict", err)
		}
		w.equal("kept", ok[catalog.Operator](w)(w.Operator(w.ctx, "aurora")), o)
	}},
	{"card types are replaced", func(w *world) {
		c := catalog.CardType{Name: "sja5", Technique: "rfm", SPI: "1639", TARs: map[string]catalog.Target{"usim-rfm": {TAR: "b00011", Format: "compact", MSL: "16", Start: "adf-usim"}}, MaxParts: 5}
		for _, parts := range []int{5, 4} {
			c.MaxParts = parts
			if err := w.PutCardType(w.ctx, "test", c); err != nil {
				w.t.Fatal(err)
			}
			w.equal("stored", ok[catalog.CardType](w)(w.CardType(w.ctx, "sja5")), c)
		}
		w.equal("all", ok[[]catalog.CardType](w)(w.CardTypes(w.ctx)), []catalog.CardType{c})
	}},
	{"changes are audited in a chain", func(w *world) {
		w.cards(2)
		w.created("one")
		if err := w.PutCardType(w.ctx, "eve", catalog.CardType{Name: "x"}); err != nil {
			w.t.Fatal(err)
		}
		rows := ok[[]ledger.AuditRow](w)(w.Audit(w.ctx, 0, 0))
		if len(rows) != 3 {
			w.t.Fatalf("%d audit rows, want 3", len(rows))
		}
		w.equal("actor", rows[2].Actor, "eve")
		seen := map[string]bool{}
		for i, r := range rows {
			if i > 0 {
				w.equal("the hash before", r.Prev, rows[i-1].Hash)
			}
			if len(r.Hash) != 32 || seen[string(r.Hash)] {
				w.t.Errorf("row %d: hash %x", r.ID, r.Hash)
			}
			seen[string(r.Hash)] = true
		}
		w.equal("a page", ok[[]ledger.AuditRow](w)(w.Audit(w.ctx, rows[0].ID, 1)), rows[1:2])
	}},
}
