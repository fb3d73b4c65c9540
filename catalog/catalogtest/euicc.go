package catalogtest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// isdp is the AID of the nth profile of a card, number 0 that of the ISD-R
// (GSMA SGP.02, annex H).
func isdp(n int) string {
	number := 0x0001
	if n > 0 {
		number = 0x0010 + n
	}
	return fmt.Sprintf("A0000005591010FFFFFFFF8900%04X00", number)
}

// euicc is what a card file says of card n when it is an eUICC: three keysets
// of one version, each of another domain.
func euicc(n int) catalog.Entry {
	e := entry(n)
	e.Card.EID = fmt.Sprintf("89049032%024d", n)
	e.Keysets = nil
	for i := range 3 {
		domain, err := hex.DecodeString(isdp(i))
		if err != nil {
			panic(err) // a constant of this file
		}
		k := entry(n).Keysets[0]
		k.Domain, k.CheckValue, k.Counter, k.SealedKIc = domain, fmt.Sprintf("cv-%d-%d", n, i), uint64(40+i), []byte{1, byte(n), byte(i)}
		e.Keysets = append(e.Keysets, k)
		if i > 0 {
			e.Subscriptions[i-1].ISDP = isdp(i)
		}
	}
	return e
}

func (w *world) imported(e catalog.Entry) catalog.Entry {
	w.t.Helper()
	ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", []catalog.Entry{e}))
	return ok[catalog.Entry](w)(w.Card(w.ctx, e.Card.ICCID))
}

func (w *world) nextNotice(e catalog.Entry) int {
	w.t.Helper()
	return ok[catalog.Entry](w)(w.CardByID(w.ctx, e.Card.ID)).Card.NextNotice
}

var euiccLaws = []law{
	{"import of an eUICC gives back what was given, and again nothing", func(w *world) {
		given := euicc(1)
		got := w.imported(given)
		ignored := cmp.Options{cmpopts.IgnoreFields(catalog.Entry{}, "Line"), cmpopts.IgnoreFields(catalog.Card{}, "ID", "Active"),
			cmpopts.IgnoreFields(catalog.Subscription{}, "ID", "CardID"), cmpopts.IgnoreFields(catalog.Keyset{}, "ID", "CardID")}
		if diff := cmp.Diff(given, got, ignored); diff != "" {
			w.t.Errorf("card (-given +stored):\n%s", diff)
		}
		r := ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", []catalog.Entry{given}))
		w.equal("changes", len(r[0].Changed), 0)
	}},
	{"cards are found by EID, and none by an empty one", func(w *world) {
		a, _ := w.imported(euicc(1)), w.imported(euicc(2))
		w.cards(3)
		w.equal("of the EID", ok[[]catalog.Entry](w)(w.CardsByEID(w.ctx, a.Card.EID)), []catalog.Entry{ok[catalog.Entry](w)(w.CardByID(w.ctx, a.Card.ID))})
		for _, eid := range []string{"", "89049032000000000000000000000009"} {
			w.equal("of EID "+eid, len(ok[[]catalog.Entry](w)(w.CardsByEID(w.ctx, eid))), 0)
		}
	}},
	{"an EID and ISD-Ps may be said later, and stay", func(w *world) {
		w.cards(1)
		e := euicc(1)
		r := ok[[]catalog.ImportResult](w)(w.Import(w.ctx, "test", []catalog.Entry{e}))
		w.equal("changes: EID, two ISD-Ps, three keysets", len(r[0].Changed), 6)
		w.imported(entry(1)) // names neither
		got := ok[catalog.Entry](w)(w.Card(w.ctx, e.Card.ICCID))
		w.equal("EID", got.Card.EID, e.Card.EID)
		w.equal("ISD-Ps", []string{got.Subscriptions[0].ISDP, got.Subscriptions[1].ISDP}, []string{isdp(1), isdp(2)})
		w.equal("keysets", len(got.Keysets), 4)
	}},
	{"import refuses another EID, another ISD-P and one ISD-P for two", func(w *world) {
		before := w.imported(euicc(1))
		for name, change := range map[string]func(*catalog.Entry){
			"EID":     func(e *catalog.Entry) { e.Card.EID = euicc(2).Card.EID },
			"ISD-P":   func(e *catalog.Entry) { e.Subscriptions[0].ISDP = isdp(5) },
			"swapped": func(e *catalog.Entry) { e.Subscriptions[0].ISDP, e.Subscriptions[1].ISDP = isdp(2), isdp(1) },
			"a third of it": func(e *catalog.Entry) {
				e.Subscriptions = append(e.Subscriptions, catalog.Subscription{Slot: 3, IMSI: "999710000000001", Operator: "sur", ISDP: isdp(1)})
			},
		} {
			e := euicc(1)
			change(&e)
			e.Card.Country = "AR"
			if _, err := w.Import(w.ctx, "test", []catalog.Entry{e}); !errors.Is(err, catalog.ErrConflict) || !strings.Contains(err.Error(), e.Card.ICCID) {
				w.t.Errorf("%s: %v, want ErrConflict naming the ICCID", name, err)
			}
			w.equal(name, ok[catalog.Entry](w)(w.Card(w.ctx, e.Card.ICCID)), before)
		}
	}},
	{"an ISD-P of the same name on another card is another", func(w *world) {
		a, b := w.imported(euicc(1)), w.imported(euicc(2))
		w.equal("ISD-Ps", a.Subscriptions[0].ISDP, b.Subscriptions[0].ISDP)
	}},
	{"keysets of one version in several domains count on their own", func(w *world) {
		card := w.imported(euicc(1))
		e := euicc(1)
		e.Keysets[1].Counter, e.Keysets[2].Counter = 900, 7
		got := w.imported(e)
		w.equal("counters", []uint64{got.Keysets[0].Counter, got.Keysets[1].Counter, got.Keysets[2].Counter}, []uint64{40, 900, 42})

		e.Keysets[2].CheckValue, e.Keysets[2].Counter = e.Keysets[1].CheckValue, 5000
		_, err := w.Import(w.ctx, "test", []catalog.Entry{e})
		if !errors.Is(err, catalog.ErrConflict) || !strings.Contains(err.Error(), isdp(2)) {
			w.t.Errorf("the key of another domain: %v, want ErrConflict naming the domain", err)
		}
		w.equal("card", ok[catalog.Entry](w)(w.CardByID(w.ctx, card.Card.ID)), got)

		_, l := w.running("one", got)
		b := packet(l[0], got, ledger.Write, 900, 1)
		b.Attempt.KeysetID = got.Keysets[1].ID
		w.must(b, packet(l[0], got, ledger.Write, 40, 2))
		after := ok[catalog.Entry](w)(w.CardByID(w.ctx, card.Card.ID)).Keysets
		w.equal("counters after a write in each of two", []uint64{after[0].Counter, after[1].Counter, after[2].Counter}, []uint64{41, 901, 42})
	}},
	{"a keyset of the issuer and one of a domain stand side by side", func(w *world) {
		e := euicc(1)
		e.Keysets = append([]catalog.Keyset{entry(1).Keysets[0]}, e.Keysets...)
		got := w.imported(e)
		w.equal("keysets", len(got.Keysets), 4)
		w.equal("the issuer's has no AID", got.Keysets[0].Domain == nil, true)
		w.equal("the ISD-R's has", bytes.Equal(got.Keysets[1].Domain, e.Keysets[1].Domain), true)
	}},
	{"the next notice is above every one that was seen", func(w *world) {
		e := w.imported(euicc(1))
		other := w.imported(euicc(2))
		w.equal("before the first", w.nextNotice(e), 0)
		for _, c := range []struct{ seen, want int }{{0, 1}, {7, 8}, {7, 8}, {3, 8}, {65535, 65536}} {
			w.must(&ledger.Settle{InboxIDs: []int64{w.received("")}, State: ledger.InboxSettled, Notice: &ledger.NoticeSeen{CardID: e.Card.ID, Sequence: c.seen}})
			w.equal(fmt.Sprintf("after %d", c.seen), w.nextNotice(e), c.want)
		}
		w.equal("an import leaves it", w.imported(euicc(1)).Card.NextNotice, 65536)
		w.equal("another card", w.nextNotice(other), 0)
	}},
	{"a notice is seen only with its settlement", func(w *world) {
		e := w.imported(euicc(1))
		seen := &ledger.NoticeSeen{CardID: e.Card.ID, Sequence: 4}
		id := w.received("")
		w.refuse(&ledger.Settle{InboxIDs: []int64{id}, State: ledger.InboxSettled, Notice: &ledger.NoticeSeen{CardID: 9999, Sequence: 4}}, catalog.ErrNotFound)
		w.equal("row", ok[[]ledger.InboxRow](w)(w.InboxByID(w.ctx, id))[0].State, ledger.InboxNew)
		w.must(&ledger.Settle{InboxIDs: []int64{id}, State: ledger.InboxSettled})
		w.refuse(&ledger.Settle{InboxIDs: []int64{id}, State: ledger.InboxSettled, Notice: seen}, ledger.ErrStale)
		w.equal("next", w.nextNotice(e), 0)
	}},
	{"what a notice says is given back as it was stored", func(w *world) {
		_, l := w.one()
		ev := ledger.Evidence{TargetID: l.TargetID, Kind: ledger.EvNotice, SeenAt: now, Body: ledger.Body{Notice: 2, Sequence: 65535, ISDP: isdp(2), Repeat: true, IMEI: "35498907519583"}}
		w.must(&ledger.Settle{InboxIDs: []int64{w.received("")}, State: ledger.InboxSettled, Evidence: []ledger.Evidence{ev}})
		w.equal("body", w.dossier(l.TargetID).Stored[0].Body, ev.Body)
	}},
	{"card types and operators of eUICCs and applets are given back", func(w *world) {
		keys := catalog.KeyAlgorithms{KIc: "aes-128", KID: "aes-128", CCLength: 8}
		for _, c := range []catalog.CardType{
			{Name: "euicc", Technique: "euicc", Keys: keys, SPI: "1639", ISDR: &catalog.ISDR{TAR: "000001", Keys: keys, KeyVersion: 3, SPI: "1639", MaxParts: 4}},
			{Name: "applet", Technique: "applet", Keys: keys, SPI: "1639", Applet: &catalog.Applet{FirstSlot: 1, Template: catalog.Template{TAR: "b00fe1", Format: "expanded",
				APDU: []string{"80E2900001${slot}"}, Expect: []string{"91xx"}, Refresh: "card", ReadBack: []string{"80CA000100"}, ReadBackTAR: "b00fe2", ReadBackFormat: "compact", ReadBackExpect: "02${slot}"}}},
		} {
			if err := w.PutCardType(w.ctx, "test", c); err != nil {
				w.t.Fatal(err)
			}
			w.equal(c.Name, ok[catalog.CardType](w)(w.CardType(w.ctx, c.Name)), c)
		}
		o := catalog.Operator{Name: "aurora", PLMNs: []string{"99970"}, Links: []string{"l"}, POL2: catalog.POL2{DisableNotAllowed: true, DeleteNotAllowed: true, DeleteOnDisable: true}}
		if err := w.PutOperator(w.ctx, "test", o); err != nil {
			w.t.Fatal(err)
		}
		w.equal("operator", ok[catalog.Operator](w)(w.Operator(w.ctx, "aurora")), o)
	}},
}
