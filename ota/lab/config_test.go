package lab

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSampleFileSaysWhatTheSampleWorldIs(t *testing.T) {
	t.Parallel()
	s := Sample(2, 5)
	got, err := ParseConfig(s.YAML)
	if err != nil {
		t.Fatal(err)
	}
	if got.Operators[0].Listen != "127.0.0.1:2775" || got.Operators[1].Listen != "127.0.0.1:2776" || got.Cards != "cards.csv" {
		t.Errorf("SMSCs at %s and %s, cards in %s", got.Operators[0].Listen, got.Operators[1].Listen, got.Cards)
	}
	diff := cmp.Diff(s.Config, got, cmpopts.IgnoreFields(Config{}, "Cards", "CardData", "Observe"), cmpopts.IgnoreFields(Operator{}, "Listen"))
	if diff != "" {
		t.Errorf("configuration and file differ (-struct +file):\n%s", diff)
	}
	if got.Operators[0].Password != "nordvik" { // cmp compares the text forms, which hide it
		t.Error("the password is not that of the sample")
	}
}

func TestSampleIsTheSameForASeed(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(Sample(20, 1).Cards, Sample(20, 1).Cards) {
		t.Error("two samples of one seed differ")
	}
	if bytes.Equal(Sample(20, 1).Cards, Sample(20, 2).Cards) {
		t.Error("samples of two seeds are equal")
	}
}

func TestSampleCardsAreHalfAndHalfAndNumberedAsPlanned(t *testing.T) {
	t.Parallel()
	cards, err := parseCards(Sample(20, 1).Cards)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]int{}
	for _, c := range cards {
		types[c.cardType]++
	}
	if types["sja2-3des"] != 10 || types["sja5-aes"] != 10 {
		t.Errorf("card types %v, want ten of each", types)
	}
	c := cards[16]
	want := []contract{{"999400000000017", "+47580000017", "nordvik"}, {"999700000000017", "+5511900000017", "aurora"}}
	if diff := cmp.Diff(want, c.subscriptions, cmp.AllowUnexported(contract{})); diff != "" || c.iccid != "8947010000000000176" {
		t.Errorf("card 17 is %s:\n%s", c.iccid, diff)
	}
}

func TestWrongConfigurationsAreRefused(t *testing.T) {
	t.Parallel()
	good := string(Sample(1, 1).YAML)
	for name, tc := range map[string]struct{ old, new, want string }{
		"unknown field":    {"speed: 60", "sped: 60", "sped"},
		"speed":            {"speed: 60", "speed: -1", "speed -1"},
		"no cards":         {"cards: cards.csv", "cards: \"\"", "cards is missing"},
		"PLMN":             {`plmn: "99940"`, `plmn: "9994"`, "want 5 or 6 digits"},
		"SMSC":             {`smsc: "+4790000001"`, `smsc: "4790000001"`, "want + and"},
		"twin":             {"name: aurora", "name: nordvik", "must differ"},
		"system_id":        {"system_id: ota1", "system_id: \"\"", "system_id"},
		"id format":        {"id_receipt: decimal", "id_receipt: octal", "octal"},
		"personality":      {"compact-3des", "compact-des", "compact-des"},
		"refresh":          {"refresh: card", "refresh: often", "often"},
		"tracking offsets": {"imsi: 10", "imsi: 15", "tracking"},
		"tracking TAR":     {"tar: b00fe0", "tar: b00f", "tracking"},
		"hop":              {"hop: 300ms", "hop: -1s", "negative"},
		"feed":             {"# logs", "feed: {url: \"http://\"}\n# logs", "feed"},
		"probability":      {"# logs", "faults: {absent: 2}\n# logs", "absent 2"},
		"wire faults":      {"# logs", "faults: {throttle: 0.6, lost_responses: 0.6}\n# logs", "together"},
		"count":            {"# logs", "faults: {no_cp: -1}\n# logs", "negative"},
		"script event":     {"# logs", "faults: {script: [{event: never, what: lost, n: 1}]}\n# logs", "never"},
		"script word":      {"# logs", "faults: {script: [{event: mo, what: throttle, n: 1}]}\n# logs", "throttle"},
		"script number":    {"# logs", "faults: {script: [{event: mt, what: throttle}]}\n# logs", "n 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(good, tc.old, tc.new, 1)
			if text == good {
				t.Fatalf("the sample has no %q", tc.old)
			}
			if _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestWrongCardFilesAreRefusedWithoutShowingKeys(t *testing.T) {
	t.Parallel()
	sample := Sample(2, 1)
	header, rows, _ := strings.Cut(string(sample.Cards), "\n")
	cells := strings.Split(strings.Split(rows, "\n")[0], ",")
	at := func(column string) int {
		for i, name := range sampleColumns {
			if name == column {
				return i
			}
		}
		t.Fatalf("no column %s", column)
		return 0
	}
	with := func(column, value string) string {
		c := append([]string(nil), cells...)
		c[at(column)] = value
		return header + "\n" + strings.Join(c, ",") + "\n"
	}
	const key = "5EC12E7A5EC12E7A5EC12E7A5EC12E7" // a digit short
	for name, tc := range map[string]struct{ file, want string }{
		"empty":        {"", "no header"},
		"no column":    {strings.Replace(string(sample.Cards), "KID1", "KID9", 1), "column KID1"},
		"short row":    {header + "\n1,2,3\n", "fields"},
		"ICCID":        {with("ICCID", "89x"), "line 2"},
		"IMEI":         {with("IMEI", "12"), "IMEI"},
		"CP":           {with("CP", "perhaps"), "CP"},
		"IMSI2":        {with("IMSI2", ""), "subscription 2"},
		"MSISDN":       {with("MSISDN", "+"), "subscription 1"},
		"key":          {with("KIC1", key), "not shown"},
		"key length":   {with("KIC1", key[:30]), "KIC1"},
		"no key":       {strings.Replace(with("KIC1", ""), cells[at("KID1")], "", 1), "are missing"},
		"counter":      {with("CNTR1", "1099511627776"), "CNTR1"},
		"operator":     {with("OPERATOR2", "borealis"), "borealis"},
		"card type":    {with("CARD_TYPE", "sja9"), "sja9"},
		"twice":        {string(sample.Cards) + strings.Join(cells, ",") + "\n", "line 2 too"},
		"IMSI twice":   {with("IMSI2", cells[at("IMSI")]), "twice"},
		"number twice": {strings.NewReplacer("aurora", "nordvik", "+5511900000001", cells[at("MSISDN")]).Replace(with("CP", "")), "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := sample.Config
			cfg.CardData = []byte(tc.file)
			_, err := New(cfg, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want one with %q", err, tc.want)
			}
			if strings.Contains(err.Error(), key[:8]) {
				t.Error("the error shows a key")
			}
		})
	}
}

func TestConfigurationDoesNotPrintPasswords(t *testing.T) {
	t.Parallel()
	cfg := Sample(1, 1).Config
	cfg.Operators[0].Password, cfg.Feed.Token, cfg.CardData = "hush-hush", "hush-token", nil
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if s := fmt.Sprintf(verb, cfg); strings.Contains(s, "hush") {
			t.Errorf("%s shows a password", verb)
		}
	}
}

func TestCheckDigitIsThatOfAKnownIMEI(t *testing.T) {
	t.Parallel()
	if got := withLuhn("49015420323751"); got != "490154203237518" {
		t.Errorf("got %s, want 490154203237518", got)
	}
}
