package lab

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/simota/simota/smpp/smscsim"
)

// SampleWorld is a world to begin with: meters in Brazil whose cards have a subscription of nordvik (999 40), in use, and
// one of aurora (999 70). The n-th card is of the n-th of [SampleCardTypes], and so on from the first again. All of them
// can be moved over the air, each in the way of its type.
type SampleWorld struct {
	Cards  []byte // the card file, for the world and for a server's import alike; test keys in clear
	Config Config // with CardData set and SMSCs on free ports
	YAML   []byte // the same as a file, with Cards as cards.csv and SMSCs on ports 2775 and 2776
}

// Numbers of the sample world that a server must be configured with: where cards answer to.
const (
	SampleSourceNordvik = "+4790009999"
	SampleSourceAurora  = "+5511900009999" // tracking applets and eUICCs report there
)

// SampleCardTypes are the card types of the sample world, by the names of their personalities, in the order of its cards.
func SampleCardTypes() []string {
	return []string{"sja2-3des", "sja5-aes", "usim-expanded", "euicc-sgp02", "multi-imsi", "difficult"}
}

// Profiles of the sample's eUICCs. The card falls back on the first.
const (
	sampleISDPNordvik = "0010"
	sampleISDPAurora  = "0011"
)

const sampleYAML = `# A world for simota lab: two networks and their cards.
operators:
  - {name: nordvik, plmn: "99940", smsc: "+4790000001", listen: "127.0.0.1:2775", system_id: ota1, password: nordvik, id_response: hex, id_receipt: hex, country: NO, apn: iot.nordvik.example}
  - {name: aurora, plmn: "99970", smsc: "+5511900000001", listen: "127.0.0.1:2776", system_id: ota1, password: aurora, id_response: hex, id_receipt: decimal, country: BR, apn: ""}
cards: cards.csv
card_types:
  sja2-3des: {personality: sja2-3des, refresh: card}
  sja5-aes:
    personality: sja5-aes
    refresh: immediate
    tracking: {tar: b00fe0, server: "+5511900009999", imei: 2, imsi: 10, length: 19}
  usim-expanded: {personality: usim-expanded, refresh: immediate}
  euicc-sgp02: {personality: euicc-sgp02, smsr: "+5511900009999"}
  multi-imsi: {personality: multi-imsi}
  difficult: {personality: difficult, refresh: card}
speed: 60
seed: %d
timing: {hop: 300ms, offline: 8s, copy: 3s, validity: 72h}
# feed: {url: "http://127.0.0.1:8470", token: ...}
# radius: {address: "127.0.0.1:1813", secret: ...}
# devices: [{imei: "35693803", client: cpclient}]
# faults: {absent: 0.1, absent_for: 3m, lost_receipts: 0.01, never_return: 2}
# logs: logs
# control: lab.sock
`

// sampleColumns are sysmocom's and ours, in the order of the file.
var sampleColumns = []string{
	"IMSI", "ICCID", "MSISDN", "OPERATOR", "COUNTRY", "CARD_TYPE", "IMEI", "CP", "TAGS", "KIC1", "KID1", "KIK1", "CNTR1",
	"IMSI2", "MSISDN2", "OPERATOR2", "EID", "ISDP", "ISDP2",
	"ISDR_KIC1", "ISDR_KID1", "ISDR_KIK1", "ISDR_CNTR1", "P2_KIC1", "P2_KID1", "P2_KIK1", "P2_CNTR1",
}

// Sample makes a world of so many cards (at most a million), of the given types only when any are named. The seed makes
// the keys and the faults.
func Sample(cards int, seed int64, types ...string) SampleWorld {
	if len(types) == 0 {
		types = SampleCardTypes()
	}
	var file bytes.Buffer
	w := csv.NewWriter(&file)
	_ = w.Write(sampleColumns) // a Buffer takes everything
	for n := 1; n <= min(cards, 1_000_000); n++ {
		_ = w.Write(sampleCard(n, seed, types[(n-1)%len(types)]))
	}
	w.Flush()
	s := SampleWorld{Cards: file.Bytes(), YAML: fmt.Appendf(nil, sampleYAML, seed)}
	s.Config = sampleConfig(seed)
	s.Config.CardData = s.Cards
	return s
}

func sampleCard(n int, seed int64, cardType string) []string {
	iccid := withLuhn(fmt.Sprintf("894701%012d", n))
	// keys are the cells of a security domain; counters tells their counters apart.
	keys := func(prefix string, counters int) []string {
		var cells []string
		for _, kind := range []string{"KIC1", "KID1", "KIK1"} {
			sum := sha256.Sum256(fmt.Appendf(nil, "simota sample %d %s %s", seed, iccid, prefix+kind))
			cells = append(cells, fmt.Sprintf("%X", sum[:16]))
		}
		return append(cells, strconv.Itoa(int(200*chance(seed, iccid, "counter", counters))))
	}
	embedded := make([]string, 11)
	if cardType == "euicc-sgp02" {
		embedded = slices.Concat([]string{sampleEID(n, seed), sampleISDPNordvik, sampleISDPAurora}, keys("ISDR_", 1), keys("P2_", 2))
	}
	return slices.Concat([]string{
		fmt.Sprintf("99940%010d", n), iccid, fmt.Sprintf("+4758%07d", n), "nordvik", "BR", cardType,
		withLuhn(fmt.Sprintf("35693803%06d", n%1_000_000)), "", "meter",
	}, keys("", 0), []string{fmt.Sprintf("99970%010d", n), fmt.Sprintf("+55119%08d", n), "aurora"}, embedded)
}

func sampleEID(n int, seed int64) string {
	return withEIDCheck(fmt.Sprintf("89999000%010d%012d", int64(1e10*chance(seed, "", "EID", 0)), n))
}

func sampleConfig(seed int64) Config {
	return Config{
		Operators: []Operator{
			{Name: "nordvik", PLMN: "99940", SMSC: "+4790000001", Listen: "127.0.0.1:0", SystemID: "ota1", Password: "nordvik",
				IDResponse: smscsim.HexID, IDReceipt: smscsim.HexID, Country: "NO", APN: "iot.nordvik.example"},
			{Name: "aurora", PLMN: "99970", SMSC: "+5511900000001", Listen: "127.0.0.1:0", SystemID: "ota1", Password: "aurora",
				IDResponse: smscsim.HexID, IDReceipt: smscsim.DecimalID, Country: "BR"},
		},
		CardTypes: map[string]Personality{
			"sja2-3des": {Personality: "sja2-3des", Refresh: "card"},
			"sja5-aes": {Personality: "sja5-aes", Refresh: "immediate",
				Tracking: &Tracking{TAR: "b00fe0", Server: SampleSourceAurora, IMEI: 2, IMSI: 10, Length: 19}},
			"usim-expanded": {Personality: "usim-expanded", Refresh: "immediate"},
			"euicc-sgp02":   {Personality: "euicc-sgp02", SMSR: SampleSourceAurora},
			"multi-imsi":    {Personality: "multi-imsi"},
			"difficult":     {Personality: "difficult", Refresh: "card"}, // of itself it would wait for a restart
		},
		Speed: 60, Seed: seed,
		Timing: Timing{Hop: 300 * time.Millisecond, Offline: 8 * time.Second, Copy: 3 * time.Second, Validity: 72 * time.Hour},
	}
}

// withLuhn appends the check digit of ITU-T E.118 and of IMEIs.
func withLuhn(s string) string {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return s + strconv.Itoa((10-sum%10)%10)
}

// withEIDCheck appends the two digits that make the remainder of an EID by 97 one (GSMA SGP.02, 2.2.2).
func withEIDCheck(s string) string {
	rest := 0
	for _, d := range s + "00" {
		rest = (10*rest + int(d-'0')) % 97
	}
	return fmt.Sprintf("%s%02d", s, 98-rest)
}
