package config

import (
	"strings"
	"testing"
)

const goodOperator = `
operator: aurora
plmns: ["99970"]
country: BR
links: [aurora-1]
source_address: {number: "+5511900009999"}
smsc: "+5511900000001"
apns:
  - {purpose: internet, name: m2m.aurora.example, auth: chap, user: meter, secret: meter, pdp: ipv4v6}
  - {purpose: mms, name: mms.aurora.example, mmsc: "http://mms.aurora.example/", proxy: "10.0.0.10:8080"}
short_codes:
  sms:   [{name: top-up, number: "7000"}]
  voice: [{name: voicemail, number: "*100"}, {name: emergency, number: "112"}]
`

const goodCardType = `
card_type: sja5-aes
technique: rfm
keys: {kic: aes-128, kid: aes-128, cc_length: 8}
spi: "1639"
tars:
  usim-rfm: {tar: b00011, format: compact, msl: "16", start: adf-usim}
  usim-rfm-expanded: {tar: b00141, format: expanded, msl: "16", start: adf-usim}
counter_scope: keyset
initial_counter: 1
max_parts: 5
refresh: card
tracking: {tar: b00fe0, imei: {offset: 2, length: 8, coding: bcd}, imsi: {offset: 10, length: 9, coding: ef-imsi}}
`

// mistake is one change to a good file and what is said of it.
type mistake struct{ old, new, want string }

func (m mistake) in(t *testing.T, good string) []byte {
	t.Helper()
	if !strings.Contains(good, m.old) {
		t.Fatalf("the good file has no %q", m.old)
	}
	return []byte(strings.Replace(good, m.old, m.new, 1))
}

func TestOperatorSampleIsTaken(t *testing.T) {
	t.Parallel()
	o, err := DecodeOperator("aurora.yaml", []byte(goodOperator))
	if err != nil {
		t.Fatal(err)
	}
	if o.SourceAddress.TON != 1 || o.SourceAddress.NPI != 1 || o.APNs[1].MMSC == "" || o.ShortCodes.Voice[1].Number != "112" {
		t.Errorf("got %+v", o.SourceAddress)
	}
}

func TestPOL2IsTaken(t *testing.T) {
	t.Parallel()
	o, err := DecodeOperator("aurora.yaml", []byte(goodOperator+"pol2: {disable_not_allowed: true, delete_not_allowed: true}\n"))
	if err != nil || !o.POL2.DisableNotAllowed || !o.POL2.DeleteNotAllowed || o.POL2.DeleteOnDisable {
		t.Errorf("got %+v, %v", o.POL2, err)
	}
}

func TestOperatorMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for _, m := range []mistake{
		{`operator: aurora`, `operator: Aurora SA`, `operator: "Aurora SA" is no name`},
		{`["99970"]`, `["9997"]`, `:3:9: plmns[0]: "9997" is no network`},
		{`["99970"]`, `[00101]`, `00101 without quotes is the number 65`},
		{`["99970"]`, `["99970", "99970"]`, `plmns[1]: "99970" stands here twice`},
		{`["99970"]`, `[]`, `plmns: is missing`},
		{`country: BR`, `country: Brazil`, `country: "Brazil" is no country`},
		{`links: [aurora-1]`, `links: []`, `links: is missing`},
		{`"+5511900009999"`, `AURORA`, `source_address.number: "AURORA" is no number: cards answer to it`},
		{`"+5511900009999"`, `+5511900009999`, `+5511900009999 without quotes is the number 5511900009999`},
		{`"+5511900009999"}`, `"+5511900009999", ton: 2, npi: 1}`, `source_address.ton: 2 is not sent`},
		{`smsc: "+5511900000001"`, `smsc: "5511900000001"`, `smsc: "5511900000001" is no service centre number`},
		{`purpose: internet`, `purpose: web`, `apns[0]: purpose "web" is not known: internet, mms, or other-`},
		{`purpose: internet`, `purpose: mms, mmsc: "http://a.example/"`, `apns[1].purpose: "mms" stands here twice`},
		{`auth: chap`, `auth: either`, `apns[0]: APN "m2m.aurora.example": auth "either"`},
		{`mmsc: "http://mms.aurora.example/"`, `mmsc: mms`, `apns[1]: MMSC "mms": want an http`},
		{`number: "7000"`, `number: "seven"`, `short_codes: `},
		{`number: "7000"`, `number: "7000", meaning: voicemail`, `short_codes: short code "7000": meaning voicemail is for voice short codes`},
		{`auth: chap`, `dns: [ns1.aurora.example], auth: chap`, `apns[0]: dns "ns1.aurora.example": want an IP address`},
		{`country: BR`, "country: BR\ndm: {id: dm1, address: dm.example}", `:5:1: dm: address "dm.example": want an http`},
		{`country: BR`, "country: BR\npol2: {delete_not_allowed: true, delete_on_disable: true}", `:5:1: pol2: delete_not_allowed and delete_on_disable contradict`},
		{`country: BR`, "country: BR\npol2: {delete_not_alowed: true}", `unknown field "delete_not_alowed", did you mean "delete_not_allowed"?`},
		{`country: BR`, "country: BR\npol2: {enable_not_allowed: true}", `unknown field "enable_not_allowed"`},
		{`country: BR`, "country: BR\npol2: {delete_on_disable: 1}", `want true or false`},
	} {
		t.Run(m.new, func(t *testing.T) {
			t.Parallel()
			_, err := DecodeOperator("aurora.yaml", m.in(t, goodOperator))
			contains(t, err, "aurora.yaml", m.want)
		})
	}
}

func TestCardTypeSampleIsTaken(t *testing.T) {
	t.Parallel()
	c, err := DecodeCardType("sja5.yaml", []byte(goodCardType))
	if err != nil || len(Weak(c)) != 0 {
		t.Fatalf("error %v, weak %v", err, Weak(c))
	}
	app, ok := c.RFM()
	if !ok || app.TAR != "b00141" || c.Tracking.IMSI.Length != 9 {
		t.Errorf("got %+v", c)
	}
}

func TestCardTypeMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for _, m := range []mistake{
		{`technique: rfm`, `technique: magic`, `technique: "magic" is not known: rfm, euicc or applet`},
		{`kic: aes-128`, `kic: des`, `keys.kic: "des" is not known`},
		{`cc_length: 8`, `cc_length: 6`, `keys.cc_length: 6 octets`},
		{`spi: "1639"`, `spi: "163"`, `spi: "163" is no SPI`},
		{`spi: "1639"`, `spi: "1E39"`, `counters exactly one higher`},
		{`spi: "1639"`, `spi: "1539"`, `redundancy checks and signatures are not in this version`},
		{`spi: "1639"`, `spi: "F639"`, `reserved bits are set`},
		{`spi: "1639"`, `spi: "0639"`, `without replay detection a copy of a packet runs twice; refused unless`},
		{`spi: "1639"`, `spi: "1638"`, `does not always send a proof`},
		{`spi: "1639"`, `spi: "1631"`, `the proof carries no checksum`},
		{`spi: "1639"`, `spi: "1239"`, `tars.usim-rfm.msl: SPI 1239 is below the security level 16`},
		{`tar: b00011`, `tar: b0001`, `:7:14: tars.usim-rfm.tar: "b0001" is no TAR`},
		{`format: compact`, `format: tlv`, `tars.usim-rfm.format: "tlv" is not known`},
		{`msl: "16"`, `msl: "F6"`, `tars.usim-rfm.msl: "F6" is no security level`},
		{`start: adf-usim`, `start: adf`, `tars.usim-rfm.start: "adf" is not known`},
		{`counter_scope: keyset`, `counter_scope: tar`, `counter_scope: "tar" is not in this version`},
		{`initial_counter: 1`, `initial_counter: 1099511627776`, `does not fit five octets`},
		{`max_parts: 5`, `max_parts: -1`, `max_parts: -1 is out of range`},
		{`refresh: card`, `refresh: now`, `refresh: "now" is not known`},
		{`refresh: card`, "refresh: card\nfiles: [smsp, imsy, imsi]", `files[1]: "imsy" is not known, did you mean "imsi"?`},
		{`refresh: card`, "refresh: card\nfiles: [acc, imsi]", `files: smsp is missing`},
		{`refresh: card`, "refresh: card\nfiles: [iccid, smsp, imsi]", `iccid is never written`},
		{`coding: bcd`, `coding: utf8`, `tracking.imei.coding: "utf8" is not known`},
		{`usim-rfm-expanded: {tar: b00141, format: expanded`, `usim-rfm-expanded: {tar: b00141, formatt: expanded`, `unknown field "formatt", did you mean "format"?`},
	} {
		t.Run(m.new, func(t *testing.T) {
			t.Parallel()
			_, err := DecodeCardType("sja5.yaml", m.in(t, goodCardType))
			contains(t, err, "sja5.yaml", m.want)
		})
	}
}

func TestImmediateRefreshNeedsAnExpandedTAR(t *testing.T) {
	t.Parallel()
	text := strings.Replace(goodCardType, "refresh: card", "refresh: immediate", 1)
	if _, err := DecodeCardType("t.yaml", []byte(text)); err != nil {
		t.Errorf("with an expanded TAR: %v", err)
	}
	lines := strings.Split(text, "\n")
	var compact []string
	for _, l := range lines {
		if !strings.Contains(l, "usim-rfm-expanded") {
			compact = append(compact, l)
		}
	}
	_, err := DecodeCardType("t.yaml", []byte(strings.Join(compact, "\n")))
	contains(t, err, "refresh: immediate needs a usim-rfm-expanded TAR")
}

func TestAllowedWeaknessIsListed(t *testing.T) {
	t.Parallel()
	text := strings.Replace(goodCardType, `spi: "1639"`, "spi: \"0231\"\nallow_weak: true", 1)
	c, err := DecodeCardType("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(Weak(c), "\n"); !strings.Contains(got, "replay") || !strings.Contains(got, "forge") || !strings.Contains(got, "tars.usim-rfm.msl") {
		t.Errorf("weak: %s", got)
	}
}
