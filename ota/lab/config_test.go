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

func TestSampleCardsTakeTurnsAndAreNumberedAsPlanned(t *testing.T) {
	t.Parallel()
	cards, err := parseCards(Sample(20, 1).Cards)
	if err != nil {
		t.Fatal(err)
	}
	types := SampleCardTypes()
	for i, c := range cards {
		if c.cardType != types[i%len(types)] {
			t.Errorf("card %d is of type %s", i+1, c.cardType)
		}
		if (c.eid != "") != (c.cardType == "euicc-sgp02") {
			t.Errorf("card %d of type %s has EID %q", i+1, c.cardType, c.eid)
		}
	}
	e := cards[9]
	if e.eid == cards[3].eid || len(e.isdr.rows) != 1 || len(e.profiles) != 2 || string(e.profiles[0].keys.rows[0].kic) == string(e.profiles[1].keys.rows[0].kic) ||
		e.profiles[0].isdp.String() != "A0000005591010FFFFFFFF8900001000" || e.profiles[1].isdp.String() != "A0000005591010FFFFFFFF8900001100" {
		t.Errorf("card 10 has EID %s, ISD-Ps %s and %s", e.eid, e.profiles[0].isdp, e.profiles[1].isdp)
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
		"personality":      {"{personality: sja2-3des", "{personality: sja9", "sja9"},
		"two":              {"personality: difficult", "personality: difficult, personality_file: my.yaml", "one of them"},
		"no SM-SR":         {"smsr: \"+5511900009999\"", "smsr: \"\"", "notices"},
		"SM-SR":            {"personality: multi-imsi", "personality: multi-imsi, smsr: \"+55\"", "only an eUICC"},
		"refresh":          {"difficult, refresh: card", "difficult, refresh: often", "often"},
		"tracking offsets": {"imsi: 10", "imsi: 15", "tracking"},
		"tracking TAR":     {"tar: b00fe0", "tar: b00f", "tracking"},
		"hop":              {"hop: 300ms", "hop: -1s", "negative"},
		"feed":             {"# logs", "feed: {url: \"http://\"}\n# logs", "feed"},
		"probability":      {"# logs", "faults: {absent: 2}\n# logs", "absent 2"},
		"wire faults":      {"# logs", "faults: {throttle: 0.6, lost_responses: 0.6}\n# logs", "together"},
		"notices":          {"# logs", "faults: {lost_notices: 2}\n# logs", "lost_notices"},
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
	sample := Sample(sampleCards, 1)
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
	alter := func(cells []string, column, value string) string {
		c := append([]string(nil), cells...)
		c[at(column)] = value
		return header + "\n" + strings.Join(c, ",") + "\n"
	}
	with := func(column, value string) string { return alter(cells, column, value) }
	onEUICC := func(column, value string) string {
		return alter(strings.Split(strings.Split(rows, "\n")[euiccCard], ","), column, value)
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
		"KIK":          {with("KIK1", key[:30]), "KIK of key version 1"},
		"EID":          {onEUICC("EID", "8904"), "32 digits"},
		"no EID":       {onEUICC("EID", ""), "without an EID"},
		"no EUICC":     {onEUICC("CARD_TYPE", "sja5-aes"), "not that of an eUICC"},
		"no ISD-P":     {onEUICC("ISDP2", ""), "profile 2"},
		"ISD-P number": {onEUICC("ISDP", "000F"), "000F"},
		"ISD-P AID":    {onEUICC("ISDP", "A0000005591010FFFFFFFF8900000100"), "ISD-P"},
		"ISD-P twice":  {onEUICC("ISDP2", "A0000005591010FFFFFFFF8900001000"), "each once"},
		"ISD-R key":    {onEUICC("ISDR_KID1", key), "ISDR_KID1"},
		"no ISD-R key": {onEUICC("ISDR_KIC1", ""), "ISDR_KIC1"},
		"profile key":  {onEUICC("P2_KIC1", key[:30]), "P2_KIC1"},
		"ISD-R count":  {onEUICC("ISDR_CNTR1", "-1"), "ISDR_CNTR1"},
		"plain EUICC":  {with("CARD_TYPE", "euicc-sgp02"), "EID is missing"},
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

func TestProfilesOfAnEUICCMayHaveTheirOwnICCID(t *testing.T) {
	t.Parallel()
	cfg := Sample(sampleCards, 1).Config
	const iccid = "8955700000000000048"
	cards := strings.Split(string(cfg.CardData), "\n")
	for i := range cards {
		switch i {
		case 0:
			cards[i] += ",ICCID2"
		case 1 + euiccCard:
			cards[i] += "," + iccid
		case len(cards) - 1:
		default:
			cards[i] += ","
		}
	}
	cfg.CardData = []byte(strings.Join(cards, "\n"))
	w, err := New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := w.all[euiccCard]
	profiles := s.device.Card().ISDPs()
	if len(profiles) != 2 || profiles[0].ICCID != s.iccid || !profiles[0].Enabled || !profiles[0].FallBack || profiles[1].ICCID != iccid {
		t.Errorf("profiles %+v", profiles)
	}
}

func TestPathsAreRelativeToTheConfiguration(t *testing.T) {
	t.Parallel()
	c := Config{Cards: "cards.csv", Logs: "/var/logs", CardTypes: map[string]Personality{"mine": {File: "mine.yaml"}, "theirs": {Personality: "difficult"}}}
	given := c.CardTypes
	c.Resolve("world")
	want := Config{Cards: "world/cards.csv", Logs: "/var/logs", CardTypes: map[string]Personality{"mine": {File: "world/mine.yaml"}, "theirs": {Personality: "difficult"}}}
	if diff := cmp.Diff(want, c, cmpopts.IgnoreFields(Config{}, "Observe")); diff != "" || given["mine"].File != "mine.yaml" {
		t.Errorf("resolved:\n%s", diff)
	}
}

func TestAPersonalityFileIsReadWhenTheWorldIsMade(t *testing.T) {
	t.Parallel()
	text := strings.Replace(string(Sample(1, 1).YAML), "{personality: difficult, refresh: card}", "{personality_file: nowhere.yaml}", 1)
	cfg, err := ParseConfig([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	cfg.CardData = Sample(1, 1).Cards
	if _, err := New(cfg, nil); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("error %v, want one that names the file", err)
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

func TestCheckDigitsAreThoseOfAKnownEID(t *testing.T) {
	t.Parallel()
	if got := withEIDCheck("890490321234512345123456789012"); got != "89049032123451234512345678901235" {
		t.Errorf("got %s", got)
	}
}

func TestCheckDigitIsThatOfAKnownIMEI(t *testing.T) {
	t.Parallel()
	if got := withLuhn("49015420323751"); got != "490154203237518" {
		t.Errorf("got %s, want 490154203237518", got)
	}
}
