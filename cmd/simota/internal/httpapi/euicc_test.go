package httpapi

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/config"
)

const euiccTypeFile = `card_type: euicc-m2m
technique: euicc
keys: {kic: aes-128, kid: aes-128}
spi: "1639"
isdr: {keys: {kic: aes-128, kid: aes-128}}
`

const appletTypeFile = `card_type: multi-imsi
technique: applet
keys: {kic: aes-128, kid: aes-128}
spi: "1639"
applet:
  tar: b00fe1
  format: expanded
  apdu: ["80E2 9000 01 ${slot}"]
  refresh: card
  read_back: ["80CA 0001 00"]
  read_back_expect: "02 ${slot}"
`

const (
	euiccICCID = "8999970000000010018"
	euiccEID   = "89049032000000000000000000000163"
)

func TestEUICCsAreShownWithTheirIdentities(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	if _, err := w.client.PutCardType(t.Context(), "euicc-m2m", "euicc.yaml", []byte(euiccTypeFile)); err != nil {
		t.Fatal(err)
	}
	request := api.ImportRequest{File: cards(t, "euicc.csv")}
	if r, err := w.client.Import(t.Context(), request); err != nil || r.Created != 2 || len(r.Warnings) > 0 {
		t.Fatalf("import %+v, %v", r, err)
	}
	if r, err := w.client.Import(t.Context(), request); err != nil || r.Same != 2 {
		t.Errorf("the same import again: %+v, %v", r, err)
	}
	shown, err := w.client.Card(t.Context(), euiccICCID)
	if err != nil {
		t.Fatal(err)
	}
	var profiles, domains []string
	for _, s := range shown.Card.Subscriptions {
		profiles = append(profiles, s.ISDP)
	}
	for _, k := range shown.Card.Keysets {
		domains = append(domains, k.Domain)
	}
	if diff := cmp.Diff([]string{"A0000005591010FFFFFFFF8900001000", "A0000005591010FFFFFFFF8900001100"}, profiles); diff != "" || shown.Card.EID != euiccEID {
		t.Errorf("EID %s, profiles (-want +got):\n%s", shown.Card.EID, diff)
	}
	if diff := cmp.Diff([]string{"ISD-R", "profile 0010", "profile 0011"}, domains); diff != "" {
		t.Errorf("domains (-want +got):\n%s", diff)
	}
	page, err := w.client.Cards(t.Context(), api.CardQuery{Type: "euicc-m2m"})
	if err != nil || len(page.Cards) != 2 || page.Cards[0].EID != euiccEID || page.Cards[0].Subscriptions[1].ISDP == "" {
		t.Errorf("list %+v, %v", page, err)
	}
	other, err := w.client.Card(t.Context(), iccid)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(other.Card)
	if err != nil || strings.Contains(string(text), "eid") || strings.Contains(string(text), "isdp") || other.Card.Keysets[0].Domain != "issuer" {
		t.Errorf("a card that is no eUICC: %s, %v", text, err)
	}
}

func TestCardTypesOfEveryTechniqueAreListedAsTheyWereRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []catalog.CardType
	for name, text := range map[string]string{"euicc-m2m": euiccTypeFile, "multi-imsi": appletTypeFile, "sja5-aes": cardTypeFile} {
		c, err := config.DecodeCardType(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, c)
		if _, err := w.client.PutCardType(t.Context(), name, name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(want, func(a, b catalog.CardType) int { return strings.Compare(a.Name, b.Name) })
	got, err := w.client.CardTypes(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, card types (-read +listed):\n%s", err, diff)
	}
}

func TestAnotherEIDIsAConflict(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	if _, err := w.client.PutCardType(t.Context(), "euicc-m2m", "euicc.yaml", []byte(euiccTypeFile)); err != nil {
		t.Fatal(err)
	}
	good := cards(t, "euicc.csv")
	if _, err := w.client.Import(t.Context(), api.ImportRequest{File: good}); err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(good), euiccEID, "89049032000000000000000000000357", 1)
	_, err := w.client.Import(t.Context(), api.ImportRequest{File: []byte(other)})
	refusedWith(t, err, 409, "nothing imported", euiccICCID, euiccEID)
}

func TestDomainsAreNamedInWords(t *testing.T) {
	t.Parallel()
	for aid, want := range map[string]string{
		"":                                 "issuer",
		"A0000005591010FFFFFFFF8900000100": "ISD-R",
		"A0000005591010FFFFFFFF8900100000": "profile 1000",
		"A0000005591010FFFFFFFF8900FFFF00": "profile FFFF",
		"A0000005591010FFFFFFFF8900000200": "A0000005591010FFFFFFFF8900000200", // ECASD
		"A000000151000000":                 "A000000151000000",
	} {
		octets, err := hex.DecodeString(aid)
		if err != nil {
			t.Fatal(err)
		}
		if got := domainOf(octets); got != want {
			t.Errorf("%s is %q, want %q", aid, got, want)
		}
	}
}
