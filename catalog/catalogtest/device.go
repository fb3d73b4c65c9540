package catalogtest

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// Devices of these laws: d1 as its three kinds of source write it.
const (
	d1          = "35123450000001"
	d1Check     = "351234500000017"
	d1Version   = "3512345000000199"
	d2          = "35123450000002"
	d3          = "35123450000003"
	home, local = "999420000000001", "999700000000001"
)

var deviceLaws = []law{
	{"clients are replaced", func(w *world) {
		c := catalog.Client{Name: "meter", BasedOn: "unknown", About: "gateways of 2019", Capability: catalog.Capability{CP: "yes", Security: []string{"userpin"}, PIN: "1234",
			Takes: []string{catalog.TakesInternet}, Vendor: []catalog.Text{{Name: "apn", Text: "<x/>"}}}}
		for _, parts := range []int{5, 4} {
			c.MaxParts = parts
			w.putClient(c)
			w.equal("stored", ok[catalog.Client](w)(w.Client(w.ctx, "meter")), c)
		}
		other := catalog.Client{Name: "a phone"}
		w.putClient(other)
		w.equal("all", ok[[]catalog.Client](w)(w.Clients(w.ctx)), []catalog.Client{other, c})
		if _, err := w.Client(w.ctx, "nobody"); !errors.Is(err, catalog.ErrNotFound) {
			w.t.Errorf("another name: %v, want ErrNotFound", err)
		}
		if err := w.PutClient(w.ctx, "test", catalog.Client{}); err == nil {
			w.t.Error("a client without name is stored")
		}
	}},
	{"models are added once, and audited once", func(w *world) {
		all := []catalog.Model{model("35693803", "35693803", "One"), model("35693804", "35693899", "Two")}
		w.putModels(all, 2, 0)
		w.putModels(all, 0, 0)
		all[1].Capability = catalog.Capability{CP: "no", MaxParts: 3, Texts: []catalog.Text{{Name: "apn", Text: "APN=${apn}"}}}
		w.putModels(append(all, model("86000000", "86000000", "Three")), 1, 1)
		w.equal("stored", ok[catalog.Model](w)(w.ModelOf(w.ctx, "35693804000000")), all[1])
		var verbs []string
		for _, r := range ok[[]ledger.AuditRow](w)(w.Audit(w.ctx, 0, 0)) {
			verbs = append(verbs, r.Verb+" "+r.Detail)
		}
		w.equal("audit", verbs, []string{"device.import 2 new, 0 changed, 2 rows", "device.import 1 new, 1 changed, 3 rows"})
	}},
	{"an import of models with a bad range leaves no trace", func(w *world) {
		for _, bad := range []catalog.Model{{First: "3569380", Last: "3569380"}, {First: "35693804", Last: "35693803"}, {First: "3569380x", Last: "3569380x"}, {}} {
			if _, _, err := w.PutModels(w.ctx, "test", []catalog.Model{model("35693803", "35693803", "One"), bad}); err == nil {
				w.t.Errorf("range %q to %q is taken", bad.First, bad.Last)
			}
		}
		if _, _, err := w.PutModels(w.ctx, "", []catalog.Model{model("35693803", "35693803", "One")}); err == nil {
			w.t.Error("nobody imported models")
		}
		w.equal("models", ok[[]catalog.Model](w)(w.Models(w.ctx, "", "", 0)), []catalog.Model(nil))
	}},
	{"the narrowest range around a TAC is its model", func(w *world) {
		w.putModels([]catalog.Model{
			model("00000000", "99999999", "anything"), model("35000000", "35999999", "prefix 35"), model("35699999", "35700000", "across a thousand"),
			model("35699000", "35699999", "prefix 35699"), model("35699999", "35699999", "exact"), model("35700000", "35700009", "ten"),
		}, 6, 0)
		for imei, want := range map[string]string{
			"35699999000000": "exact", "356999990000001": "exact", "3569999900000099": "exact", "35699998000000": "prefix 35699",
			"35700000000000": "across a thousand", "35700001000000": "ten", "35700010000000": "prefix 35", "36000000000000": "anything", "99999999": "anything",
		} {
			w.equal(imei, ok[catalog.Model](w)(w.ModelOf(w.ctx, imei)).Name, want)
		}
		for _, short := range []string{"", "3569999"} {
			if m, err := w.ModelOf(w.ctx, short); !errors.Is(err, catalog.ErrNotFound) {
				w.t.Errorf("IMEI %q is a %q, %v", short, m.Name, err)
			}
		}
	}},
	{"a model is found as a search over all ranges finds it", func(w *world) {
		random := rand.New(rand.NewPCG(1, 2))
		byRange := map[string]catalog.Model{}
		for i := range 400 {
			first := 35690000 + random.IntN(2000)
			m := model(fmt.Sprint(first), fmt.Sprint(first+random.IntN(1<<random.IntN(11))), fmt.Sprint("model ", i))
			byRange[m.Range()] = m
		}
		all := slices.Collect(func(yield func(catalog.Model) bool) {
			for _, m := range byRange {
				if !yield(m) {
					return
				}
			}
		})
		w.putModels(all, len(all), 0)
		for range 400 {
			tac := fmt.Sprint(35689990 + random.IntN(4000))
			want := narrowest(all, tac)
			got, err := w.ModelOf(w.ctx, tac+"000000")
			if (want == "") != errors.Is(err, catalog.ErrNotFound) || want != got.Name {
				w.t.Errorf("TAC %s is %q (%v), want %q", tac, got.Name, err, want)
			}
		}
	}},
	{"models are found by name in any case, with and without manufacturer", func(w *world) {
		a, b, c := model("35693803", "35693803", "RUT240"), model("35693900", "35693999", "RUT240"), model("86000000", "86000000", "rut240 Pro")
		w.putModels([]catalog.Model{c, b, a}, 3, 0)
		for _, name := range []string{"RUT240", "rut240", "Maker RUT240", "MAKER rut240"} {
			w.equal(name, ok[[]catalog.Model](w)(w.ModelByName(w.ctx, name)), []catalog.Model{a, b})
		}
		for _, name := range []string{"", "RUT", "Maker", "Maker  RUT240", "RUT24_", "%"} {
			w.equal(name, ok[[]catalog.Model](w)(w.ModelByName(w.ctx, name)), []catalog.Model(nil))
		}
	}},
	{"models are listed by range, page by page, and by text", func(w *world) {
		all := []catalog.Model{model("35693803", "35693803", "One"), model("35693803", "35693899", "Two 100%"), model("35693804", "35693804", "Three"), model("86000000", "86000000", "Four")}
		all[3].Client = "gateway"
		w.putModels(all, 4, 0)
		for _, c := range []struct {
			text, after string
			limit       int
			want        []catalog.Model
		}{
			{"", "", 0, all}, {"", "", 2, all[:2]}, {"", all[1].Range(), 2, all[2:]}, {"", all[0].Range(), 1, all[1:2]}, {"", all[3].Range(), 9, nil},
			{"maker o", "", 0, all[:1]}, {"0%", "", 0, all[1:2]}, {"GATE", "", 0, all[3:]}, {"3569380", "", 0, all[:3]}, {"3569380", "35693803", 1, all[1:2]}, {"five", "", 0, nil},
		} {
			w.equal(fmt.Sprintf("%+v", c), ok[[]catalog.Model](w)(w.Models(w.ctx, c.text, c.after, c.limit)), c.want)
		}
	}},
	{"a pair seen again is the same pair, whatever digits follow the first 14", func(w *world) {
		card := w.cards(1)[0].Card
		first := catalog.Pair{CardID: card.ID, IMEI: d1Check, IMSI: home, Source: "tracking applet", SeenAt: now}
		w.equal("new", w.see(first), true)
		w.equal("new", w.see(catalog.Pair{CardID: card.ID, IMEI: d1Version, IMSI: home, Source: "attach feed", SeenAt: now.Add(time.Hour)}), false)
		w.equal("new", w.see(catalog.Pair{CardID: card.ID, IMEI: d1, IMSI: home, Source: "assumed", SeenAt: now.Add(2 * time.Hour)}), false)
		got := ok[[]catalog.Pair](w)(w.Pairs(w.ctx, card.ID))
		first.ICCID, first.LastSeen = card.ICCID, now.Add(2*time.Hour)
		w.samePairs("pairs", got, first)
	}},
	{"a pair is new when the device or the IMSI is another, and when it is back", func(w *world) {
		card := w.cards(1)[0].Card
		for i, p := range []catalog.Pair{{IMEI: d1, IMSI: home}, {IMEI: d1, IMSI: local}, {IMEI: d2, IMSI: local}, {IMEI: d1, IMSI: local}} {
			p.CardID, p.SeenAt = card.ID, now.Add(time.Duration(i)*time.Hour)
			w.equal(fmt.Sprint("new, sight ", i), w.see(p), true)
			w.equal(fmt.Sprint("new, again ", i), w.see(p), false)
		}
		w.equal("pairs", len(ok[[]catalog.Pair](w)(w.Pairs(w.ctx, card.ID))), 4)
	}},
	{"every operation that stores a pair says whether it is new", func(w *world) {
		e, l := w.one()
		at := now
		pair := func(imei string) *catalog.Pair {
			at = at.Add(time.Hour)
			return &catalog.Pair{CardID: e.Card.ID, IMEI: imei, IMSI: home, SeenAt: at}
		}
		settle := func(p *catalog.Pair) bool {
			op := &ledger.Settle{InboxIDs: []int64{w.received("")}, State: ledger.InboxSettled, Pair: p, NewPair: true}
			w.must(op)
			return op.NewPair
		}
		advance := func(p *catalog.Pair) bool {
			op := &ledger.Advance{Lease: l, State: "moved", At: now, Pair: p, NewPair: true}
			w.must(op)
			return op.NewPair
		}
		witness := func(p *catalog.Pair) bool {
			op := &ledger.Witness{Evidence: ledger.Evidence{CardID: e.Card.ID, Kind: ledger.EvAttach, SeenAt: now}, Pair: p, NewPair: true}
			w.must(op)
			return op.NewPair
		}
		for i, store := range []func(*catalog.Pair) bool{settle, advance, witness} {
			imei := []string{d1, d2, d3}[i]
			w.equal("first, again, none", []bool{store(pair(imei)), store(pair(imei)), store(nil)}, []bool{true, false, false})
		}
	}},
	{"a late sight never is the latest, nor new", func(w *world) {
		card := w.cards(1)[0].Card
		w.see(catalog.Pair{CardID: card.ID, IMEI: d1, IMSI: home, SeenAt: now})
		w.see(catalog.Pair{CardID: card.ID, IMEI: d1, IMSI: home, SeenAt: now.Add(time.Hour)})
		for _, at := range []time.Time{now.Add(-time.Hour), now.Add(time.Minute)} {
			w.equal("new", w.see(catalog.Pair{CardID: card.ID, IMEI: d2, IMSI: home, SeenAt: at}), false)
		}
		w.equal("new", w.see(catalog.Pair{CardID: card.ID, IMEI: d1, IMSI: home, SeenAt: now.Add(2 * time.Hour)}), false)
		var got []string
		for _, p := range ok[[]catalog.Pair](w)(w.Pairs(w.ctx, card.ID)) {
			got = append(got, p.IMEI+" "+p.SeenAt.Sub(now).String()+" "+p.LastSeen.Sub(now).String())
		}
		w.equal("pairs", got, []string{d2 + " -1h0m0s -1h0m0s", d1 + " 0s 0s", d2 + " 1m0s 1m0s", d1 + " 1h0m0s 2h0m0s"})
	}},
	{"the same sights give the same pairs in any order", func(w *world) {
		random := rand.New(rand.NewPCG(3, 4))
		cards := w.cards(60)
		var ops []ledger.Op
		want := map[int64][]catalog.Pair{}
		for i := 0; i < len(cards); i += 3 {
			sights := someSights(random)
			for _, e := range cards[i : i+3] {
				want[e.Card.ID] = spansOf(sights, e.Card)
				random.Shuffle(len(sights), func(a, b int) { sights[a], sights[b] = sights[b], sights[a] })
				for _, p := range sights {
					p.CardID = e.Card.ID
					ops = append(ops, &ledger.Witness{Evidence: ledger.Evidence{CardID: p.CardID, Kind: ledger.EvAttach, SeenAt: now}, Pair: &p})
				}
			}
		}
		w.must(ops...)
		for id, pairs := range want {
			w.samePairs(fmt.Sprint("card ", id), ok[[]catalog.Pair](w)(w.Pairs(w.ctx, id)), pairs...)
		}
	}},
	{"a sight that is more than a week late splits a pair at what is known of it", func(w *world) {
		card := w.cards(1)[0].Card
		const day = 24 * time.Hour
		for _, n := range []time.Duration{0, 1, 2, 20} {
			w.see(catalog.Pair{CardID: card.ID, IMEI: d1, IMSI: home, SeenAt: now.Add(n * day)})
		}
		w.see(catalog.Pair{CardID: card.ID, IMEI: d2, IMSI: home, SeenAt: now.Add(3 * day)})
		w.samePairs("pairs", ok[[]catalog.Pair](w)(w.Pairs(w.ctx, card.ID)),
			catalog.Pair{CardID: card.ID, ICCID: card.ICCID, IMEI: d1, IMSI: home, SeenAt: now, LastSeen: now},
			catalog.Pair{CardID: card.ID, ICCID: card.ICCID, IMEI: d2, IMSI: home, SeenAt: now.Add(3 * day), LastSeen: now.Add(3 * day)},
			catalog.Pair{CardID: card.ID, ICCID: card.ICCID, IMEI: d1, IMSI: home, SeenAt: now.Add(20 * day), LastSeen: now.Add(20 * day)})
	}},
	{"a device shows every card it was seen with", func(w *world) {
		e := w.cards(2)
		w.sights(e[0], d1Check, e[1], d1Version, e[1], d2, e[0], d1)
		var got []string
		for _, p := range ok[[]catalog.Pair](w)(w.PairsOfDevice(w.ctx, d1)) {
			got = append(got, p.ICCID+" "+p.IMEI)
		}
		w.equal("cards", got, []string{e[0].Card.ICCID + " " + d1Check, e[1].Card.ICCID + " " + d1Version})
		w.equal("by another spelling", len(ok[[]catalog.Pair](w)(w.PairsOfDevice(w.ctx, d1Version))), 2)
		for _, none := range []string{d3, "", d1[:13]} {
			w.equal("device "+none, len(ok[[]catalog.Pair](w)(w.PairsOfDevice(w.ctx, none))), 0)
		}
	}},
	{"moves tell of cards in other devices, and of devices with other cards", func(w *world) {
		e := w.cards(3)
		// Each sight is an hour after the one before.
		w.sights(e[0], d1, e[1], d2, e[0], d1Check, e[0], d2, e[1], d1Version, e[2], d3)
		other := catalog.Pair{CardID: e[2].Card.ID, IMEI: d3, IMSI: local, SeenAt: now.Add(9 * time.Hour)}
		w.see(other) // another identity in the same device is no move
		all := ok[[]catalog.Move](w)(w.Moves(w.ctx, time.Time{}, 0, 0))
		w.equal("moves", w.told(all, e), []string{
			"card moved: 0 from 1 to 2 at 3h0m0s", "device moved: 2 from card 1 to card 0 at 3h0m0s",
			"card moved: 1 from 2 to 1 at 4h0m0s", "device moved: 1 from card 0 to card 1 at 4h0m0s",
		})
		w.equal("of the last hours", ok[[]catalog.Move](w)(w.Moves(w.ctx, now.Add(4*time.Hour), 0, 0)), all[2:])
		w.equal("a page", ok[[]catalog.Move](w)(w.Moves(w.ctx, time.Time{}, 0, 1)), all[:2])
		w.equal("the next", ok[[]catalog.Move](w)(w.Moves(w.ctx, now, all[0].Is.ID, 1)), all[2:])
		w.equal("after the last", ok[[]catalog.Move](w)(w.Moves(w.ctx, now, all[2].Is.ID, 1)), []catalog.Move(nil))
		w.equal("since then", ok[[]catalog.Move](w)(w.Moves(w.ctx, now.Add(5*time.Hour), all[0].Is.ID, 0)), []catalog.Move(nil))
	}},
}

func (w *world) putClient(c catalog.Client) {
	w.t.Helper()
	if err := w.PutClient(w.ctx, "test", c); err != nil {
		w.t.Fatal(err)
	}
}

func model(first, last, name string) catalog.Model {
	return catalog.Model{First: first, Last: last, Manufacturer: "Maker", Name: name, Client: "phone"}
}

func (w *world) putModels(all []catalog.Model, added, changed int) {
	w.t.Helper()
	a, c, err := w.PutModels(w.ctx, "test", all)
	if err != nil {
		w.t.Fatal(err)
	}
	w.equal("added and changed", []int{a, c}, []int{added, changed})
}

// narrowest is the name of the narrowest model around a TAC, of two the first.
func narrowest(all []catalog.Model, tac string) (name string) {
	width := func(m catalog.Model) (n int) {
		var first, last int
		fmt.Sscan(m.First, &first)
		fmt.Sscan(m.Last, &last)
		return last - first
	}
	var best catalog.Model
	for _, m := range all {
		if m.First <= tac && tac <= m.Last && (best.First == "" || cmp.Or(cmp.Compare(width(m), width(best)), cmp.Compare(m.First, best.First)) < 0) {
			best = m
		}
	}
	return best.Name
}

// see stores a sight and says whether it is new.
func (w *world) see(p catalog.Pair) bool {
	w.t.Helper()
	op := &ledger.Witness{Evidence: ledger.Evidence{CardID: p.CardID, Kind: ledger.EvAttach, SeenAt: now}, Pair: &p}
	w.must(op)
	return op.NewPair
}

// sights stores cards in devices, each an hour after the one before.
func (w *world) sights(all ...any) {
	w.t.Helper()
	for i := 0; i < len(all); i += 2 {
		e := all[i].(catalog.Entry)
		w.see(catalog.Pair{CardID: e.Card.ID, IMEI: all[i+1].(string), IMSI: e.Subscriptions[0].IMSI, Source: "attach feed", SeenAt: now.Add(time.Duration(i/2) * time.Hour)})
	}
}

// told is moves in words, with the places of cards and the last digits of devices.
func (w *world) told(moves []catalog.Move, cards []catalog.Entry) (out []string) {
	place := func(p catalog.Pair) int {
		return slices.IndexFunc(cards, func(e catalog.Entry) bool { return e.Card.ICCID == p.ICCID && e.Card.ID == p.CardID })
	}
	for _, m := range moves {
		w.equal("time of a move", m.SeenAt, m.Is.SeenAt)
		at := m.SeenAt.Sub(now)
		if m.Kind == catalog.CardMoved {
			out = append(out, fmt.Sprintf("%s: %d from %s to %s at %s", m.Kind, place(m.Is), m.Was.IMEI[13:14], m.Is.IMEI[13:14], at))
		} else {
			out = append(out, fmt.Sprintf("%s: %s from card %d to card %d at %s", m.Kind, m.Is.IMEI[13:14], place(m.Was), place(m.Is), at))
		}
	}
	return out
}

func (w *world) samePairs(what string, got []catalog.Pair, want ...catalog.Pair) {
	w.t.Helper()
	if diff := gocmp.Diff(want, got, cmpopts.IgnoreFields(catalog.Pair{}, "ID")); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// someSights are sights of one card within a week, some at the same time.
func someSights(random *rand.Rand) (out []catalog.Pair) {
	for range 1 + random.IntN(14) {
		out = append(out, catalog.Pair{
			IMEI: []string{d1, d1Check, d1Version, d2}[random.IntN(4)], IMSI: []string{home, home, local}[random.IntN(3)],
			Source: []string{"attach feed", "notice"}[random.IntN(2)], SeenAt: now.Add(time.Duration(random.IntN(10)) * 16 * time.Hour),
		})
	}
	return out
}

// spansOf is the history of a card in another way than a store makes it: all
// sights in order, equal neighbours together.
func spansOf(sights []catalog.Pair, c catalog.Card) (out []catalog.Pair) {
	sorted := slices.SortedFunc(slices.Values(sights), func(a, b catalog.Pair) int {
		return cmp.Or(a.SeenAt.Compare(b.SeenAt), cmp.Compare(a.IMEI[:14], b.IMEI[:14]), cmp.Compare(a.IMSI, b.IMSI), cmp.Compare(a.IMEI, b.IMEI), cmp.Compare(a.Source, b.Source))
	})
	for _, p := range sorted {
		if n := len(out); n > 0 && catalog.SameIMEI(out[n-1].IMEI, p.IMEI) && out[n-1].IMSI == p.IMSI {
			out[n-1].LastSeen = p.SeenAt
			continue
		}
		p.CardID, p.ICCID, p.LastSeen = c.ID, c.ICCID, p.SeenAt
		out = append(out, p)
	}
	return out
}
