package httpapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/settings"
)

const (
	gatewayFile = "client: gateway\nabout: field gateways\nsecurity: [userpin, netwpin]\npin: \"0471\"\nmax_parts: 3\n"
	tacTable    = "TAC,MANUFACTURER,MODEL,CLIENT,SECURITY,PIN,COLOUR\n35693803,Teltonika,RUT240,gateway,,,blue\n86012304-86012399,Quectel,EC21,none,,,\n357890,Sony,A phone,samsung,userpin,0815,\n"

	deviceA = "35693803564001"
	deviceB = "86012310000001"
)

// equipped is a stocked world with clients and models.
func equipped(t *testing.T) *world {
	t.Helper()
	w := stocked(t)
	if _, err := w.client.PutDeviceClient(t.Context(), "gateway", "gateway.yaml", []byte(gatewayFile)); err != nil {
		t.Fatal(err)
	}
	got, err := w.client.ImportModels(t.Context(), api.ModelImport{File: []byte(tacTable)})
	if diff := cmp.Diff(api.ImportResult{Created: 3, Unknown: []string{"COLOUR"}}, got); err != nil || diff != "" {
		t.Fatalf("%v (-want +got)\n%s", err, diff)
	}
	return w
}

// sight tells of a card in a device, hours after noon.
func (w *world) sight(t *testing.T, iccid, imei string, hours int) {
	t.Helper()
	c, err := w.services.Store.Card(t.Context(), iccid)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 3, 12+hours, 0, 0, 0, time.UTC)
	op := &ledger.Witness{Evidence: ledger.Evidence{CardID: c.Card.ID, Kind: ledger.EvAttach, SeenAt: at},
		Pair: &catalog.Pair{CardID: c.Card.ID, IMEI: imei, IMSI: c.Subscriptions[0].IMSI, Source: "attach feed", SeenAt: at}}
	if err := w.services.Store.Apply(t.Context(), op)[0]; err != nil {
		t.Fatal(err)
	}
}

// twoCards are the first cards of the stock.
func (w *world) twoCards(t *testing.T) (a, b string) {
	t.Helper()
	page, err := w.client.Cards(t.Context(), api.CardQuery{Limit: 2})
	if err != nil || len(page.Cards) != 2 {
		t.Fatalf("%+v, %v", page, err)
	}
	return page.Cards[0].ICCID, page.Cards[1].ICCID
}

func TestDeviceIsShownWithWhatItCanDoItsCardsAndTheirMoves(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	a, b := w.twoCards(t)
	w.sight(t, a, deviceA, 0)
	w.sight(t, b, deviceB, 1)
	w.sight(t, a, deviceA+"6", 2)
	w.sight(t, b, deviceA+"77", 3)
	w.sight(t, a, deviceB, 4)
	got, err := w.client.Device(t.Context(), deviceA[:8]+"-"+deviceA[8:])
	if err != nil || got.IMEI != deviceA || len(got.Models) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	want := catalog.Capability{CP: "yes", Security: []string{"userpin", "netwpin"}, PIN: "set", MaxParts: 3}
	can := got.Models[0].Can
	if diff := cmp.Diff(want, catalog.Capability{CP: can.CP, Security: can.Security, PIN: can.PIN, MaxParts: can.MaxParts}); diff != "" || len(can.Takes) == 0 {
		t.Errorf("can (-want +got)\n%s", diff)
	}
	var lines []string
	for _, p := range got.Pairs {
		lines = append(lines, fmt.Sprintf("%s %s %s", p.ICCID, p.SeenAt.Format("15"), p.LastSeen.Format("15")))
	}
	for _, m := range got.Moves {
		lines = append(lines, fmt.Sprintf("%s %s: %s in %q, %s in %q", m.At.Format("15"), m.What, m.Was.ICCID, m.Was.Model, m.Is.ICCID, m.Is.Model))
	}
	if diff := cmp.Diff([]string{
		a + " 12 14", b + " 15 15",
		`15 card moved: ` + b + ` in "Quectel EC21", ` + b + ` in "Teltonika RUT240"`,
		`15 device moved: ` + a + ` in "Teltonika RUT240", ` + b + ` in "Teltonika RUT240"`,
		`16 card moved: ` + a + ` in "Teltonika RUT240", ` + a + ` in "Quectel EC21"`,
	}, lines); diff != "" {
		t.Errorf("cards and moves (-want +got)\n%s", diff)
	}
	card, err := w.client.Card(t.Context(), a)
	if err != nil || len(card.Card.Pairs) != 2 || card.Card.Pairs[0].Model != "Teltonika RUT240" || card.Card.Pairs[1].Model != "Quectel EC21" || card.Card.Pairs[0].ICCID != "" {
		t.Errorf("card: %+v, %v", card.Card.Pairs, err)
	}
	if strings.Contains(w.seen.body.String(), "0471") || strings.Contains(w.seen.body.String(), "0815") {
		t.Error("an answer shows a PIN")
	}
}

func TestMovesAreListedByPageSinceATime(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	a, b := w.twoCards(t)
	for i, s := range [][2]string{{a, deviceA}, {b, deviceB}, {a, deviceB}, {b, deviceA}, {b, deviceB}} {
		w.sight(t, s[0], s[1], i)
	}
	told := func(since time.Time, after int64, limit int) (out []string, next int64) {
		page, err := w.client.Moves(t.Context(), since, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Moves {
			out = append(out, m.At.Format("15 ")+m.What)
		}
		return out, page.Next
	}
	all, next := told(time.Time{}, 0, 100)
	if diff := cmp.Diff([]string{"14 card moved", "14 device moved", "15 card moved", "15 device moved", "16 card moved", "16 device moved"}, all); diff != "" || next != 0 {
		t.Errorf("all (-want +got)\n%s next %d", diff, next)
	}
	first, next := told(time.Time{}, 0, 2)
	rest, end := told(time.Time{}, next, 2)
	if diff := cmp.Diff(all, append(first, rest...)); diff != "" || len(first) != 4 || end != 0 {
		t.Errorf("pages (-want +got)\n%s end %d", diff, end)
	}
	if late, _ := told(time.Date(2026, 11, 3, 16, 0, 0, 0, time.UTC), 0, 100); len(late) != 2 {
		t.Errorf("since 16:00: %q", late)
	}
}

func TestModelsAreListedAndFoundByTACAndName(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	var seen []string
	for after := ""; ; {
		page, err := w.client.Models(t.Context(), "", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Models {
			seen = append(seen, m.TAC+" "+m.Title()+" "+m.Client)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"35693803 Teltonika RUT240 gateway", "35789000-35789099 Sony A phone samsung", "86012304-86012399 Quectel EC21 none"}, seen); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for name, want := range map[string]string{"sony a PHONE": "35789000-35789099", "A phone": "35789000-35789099", "86012350": "86012304-86012399"} {
		if got, err := w.client.Device(t.Context(), name); err != nil || len(got.Models) != 1 || got.Models[0].TAC != want || got.IMEI != "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := w.client.Device(t.Context(), "49000000000000"); err != nil || len(got.Models) != 0 || len(got.Pairs) != 0 {
		t.Errorf("a device that nobody knows: %+v, %v", got, err)
	}
	_, err := w.client.Device(t.Context(), "49000000")
	refusedWith(t, err, 404, "the model of TAC 49000000 is not known")
	_, err = w.client.Device(t.Context(), "A pho")
	refusedWith(t, err, 404, `"A pho" is no IMEI`, "simota device list --find TEXT")
}

func TestTACTableIsAllOrNothingUnlessBadRowsMayBeSkipped(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	in := api.ModelImport{File: []byte("TAC,MODEL,CLIENT,PIN\n35693803,RUT240,gatewy,\n3569,short,,\n35693804,EC21,,04a1\n")}
	_, err := w.client.ImportModels(t.Context(), in)
	refusedWith(t, err, 422, "nothing imported: 2 of 3 rows are bad", `line 3, TAC: "3569" is no TAC`, "line 4, PIN: has something else than digits")
	if page, err := w.client.Models(t.Context(), "", "", 0); err != nil || len(page.Models) != 0 {
		t.Errorf("after it: %+v, %v", page, err)
	}
	in.SkipBad = true
	got, err := w.client.ImportModels(t.Context(), in)
	if err != nil || got.Created != 1 || got.Skipped != 2 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], `line 2, CLIENT: "gatewy" is not known`) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = w.client.ImportModels(t.Context(), in); err != nil || got.Created != 0 || got.Same != 1 {
		t.Errorf("again: %+v, %v", got, err)
	}
	if d, err := w.client.Device(t.Context(), "35693803"); err != nil || d.Models[0].Note != `client "gatewy" is not known: simota client list shows those there are` {
		t.Errorf("a model whose client nobody described: %+v, %v", d, err)
	}
	_, err = w.client.ImportModels(t.Context(), api.ModelImport{File: []byte("ICCID\n1\n")})
	refusedWith(t, err, 422, "nothing imported: no header with a column TAC")
}

func TestClientsAreStoredListedAndShownWithoutTheirPINs(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	got, err := w.client.DeviceClient(t.Context(), "gateway")
	if err != nil || got.Origin != "file" || got.Says.PIN != "set" || got.Says.CP != "" || got.Can.CP != "yes" || got.Can.MaxParts != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	all, err := w.client.DeviceClients(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	origin := map[string]string{}
	for _, c := range all {
		origin[c.Name] += c.Origin
	}
	if origin["gateway"] != "file" || origin["samsung"] != "simota" || origin["unknown"] != "simota" {
		t.Errorf("origins %v", origin)
	}
	if _, err := w.client.PutDeviceClient(t.Context(), "samsung", "samsung.yaml", []byte("client: samsung\nmax_parts: 2\n")); err != nil {
		t.Fatal(err)
	}
	if got, err = w.client.DeviceClient(t.Context(), "samsung"); err != nil || got.Origin != "file" || got.Can.MaxParts != 2 {
		t.Errorf("one that takes the place of a known one: %+v, %v", got, err)
	}
	done, err := w.client.PutDeviceClient(t.Context(), "odd", "odd.yaml", []byte("client: odd\nbased_on: nobody\n"))
	if err != nil || len(done.Warnings) != 1 || !strings.Contains(done.Warnings[0], `client "nobody" is not known`) {
		t.Errorf("based on nobody: %+v, %v", done, err)
	}
	_, err = w.client.PutDeviceClient(t.Context(), "gateway", "g.yaml", []byte("client: gateway\npin: 0471\n"))
	refusedWith(t, err, 422, "g.yaml:2:6: want text, in quotes (value not shown)")
	_, err = w.client.PutDeviceClient(t.Context(), "other", "g.yaml", []byte(gatewayFile))
	refusedWith(t, err, 422, `the file is of client "gateway", not "other"`)
	_, err = w.client.DeviceClient(t.Context(), "nobody")
	refusedWith(t, err, 404, "client nobody is not known")
	if strings.Contains(w.seen.body.String(), "0471") || strings.Contains(w.seen.body.String(), "0815") {
		t.Error("an answer shows a PIN")
	}
}

func TestAPlanShowsNoSecretWhereverATemplatePutsIt(t *testing.T) {
	t.Parallel()
	p := campaign.DevicePlan{
		Operator: catalog.Operator{Name: "aurora", APNs: []catalog.APN{{Purpose: "internet", Name: "iot.example", Auth: "pap", User: "u", Secret: "hunter2"}}},
		Capability: catalog.Capability{CP: "yes", Security: []string{"netwpin"}, MaxParts: 8, Takes: []string{catalog.TakesInternet}, Vendor: []catalog.Text{{
			Name: "own", Text: `<wap-provisioningdoc version="1.1"><characteristic type="Acme"><parm name="word" value="${secret}"/></characteristic></wap-provisioningdoc>`,
		}}},
	}
	var err error
	if p.Plan, err = settings.Make(p.Operator, p.Capability); err != nil || len(p.Plan.Messages) != 2 {
		t.Fatalf("%+v, %v", p.Plan, err)
	}
	got, err := planOf("", p)
	if shown := fmt.Sprintf("%+v", got); err != nil || strings.Contains(shown, "hunter2") || !strings.Contains(shown, "Acme") {
		t.Errorf("%s, %v", shown, err)
	}
}
