package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/simota/simota/catalog"
)

const goodEUICC = `
card_type: euicc-m2m
technique: euicc
keys: {kic: aes-128, kid: aes-128}
spi: "1639"
max_parts: 4
isdr:
  keys: {kic: AES-256, kid: aes-128}
`

const goodApplet = `
card_type: multi-imsi
technique: applet
keys: {kic: 3des-2, kid: 3des-2}
spi: "1639"
applet:
  first_slot: 1
  tar: "b00fe1"
  format: expanded
  apdu: ["80E2 9000 0B 01 ${slot} 08 ${imsi:bcd}"]
  expect: ["9000", "91xx"]
  refresh: card
  read_back: ["80CA 0001 00"]
  read_back_expect: "02 ${slot} ${imsi}"
`

func TestEUICCIsTakenWithItsDefaults(t *testing.T) {
	t.Parallel()
	c, err := DecodeCardType("euicc.yaml", []byte(goodEUICC))
	if err != nil || len(Weak(c)) != 0 {
		t.Fatalf("error %v, weak %v", err, Weak(c))
	}
	want := &catalog.ISDR{TAR: "000001", SPI: "1639", MaxParts: 4, Keys: catalog.KeyAlgorithms{KIc: "aes-256", KID: "aes-128", CCLength: 8}}
	if diff := cmp.Diff(want, c.ISDR); diff != "" || c.Refresh != "card" || c.ISDR.KVN() != 1 {
		t.Errorf("refresh %q, isdr (-want +got):\n%s", c.Refresh, diff)
	}
}

func TestEUICCSaysWhatIsItsOwn(t *testing.T) {
	t.Parallel()
	text := strings.Replace(goodEUICC, "isdr:\n", "isdr:\n  tar: \"000001\"\n  spi: \"1E39\"\n  key_version: 3\n  max_parts: 2\n", 1)
	_, err := DecodeCardType("euicc.yaml", []byte(text))
	contains(t, err, "euicc.yaml:9:3: isdr.spi: 1E39: counters exactly one higher")
	_, err = DecodeCardType("euicc.yaml", []byte(strings.Replace(text, "1E39", "1679", 1)))
	contains(t, err, "isdr.spi: 1679: reserved bits are set")
	c, err := DecodeCardType("euicc.yaml", []byte(strings.Replace(text, "1E39", "1619", 1)))
	if err != nil || c.ISDR.SPI != "1619" || c.ISDR.KVN() != 3 || c.ISDR.MaxParts != 2 {
		t.Errorf("%+v, %v", c.ISDR, err)
	}
}

func TestEUICCMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for _, m := range []mistake{
		{"isdr:\n  keys: {kic: AES-256, kid: aes-128}\n", "", `:3:1: technique: euicc needs a section on the ISD-R`},
		{"technique: euicc", "technique: rfm", `:7:1: isdr: is there, but the technique is "rfm": only an eUICC has an ISD-R`},
		{"  keys: {kic: AES-256, kid: aes-128}", "  spi: \"1639\"", `:7:1: isdr.keys: is missing: the algorithms of the keys, as {kic: aes-128, kid: aes-128}`},
		{"kic: AES-256", "kic: des", `:8:10: isdr.keys.kic: "des" is not known`},
		{"kic: AES-256", "kic: 3des-2", `isdr.keys.kic: 3des-2: an ISD-R takes AES only; refused unless the file says allow_weak: true`},
		{"kic: AES-256", "kic: AES-256, cc_length: 4", `isdr.keys.cc_length: 4 octets: an ISD-R takes 8; refused unless`},
		{"isdr:\n", "isdr:\n  tar: 000001\n", `:8:8: 000001 without quotes is the number 1: write "000001"`},
		{"isdr:\n", "isdr:\n  tar: \"0001\"\n", `:8:3: isdr.tar: "0001" is no TAR: six hex digits, as 000001`},
		{"isdr:\n", "isdr:\n  key_version: 16\n", `isdr.key_version: 16 is no key version: 1 to 15`},
		{"isdr:\n", "isdr:\n  max_parts: 0\n", `:8:3: max_parts: 0 is out of range`},
		{"isdr:\n", "isdr:\n  key_version: 0\n", `:8:3: key_version: 0 is out of range`},
		{"isdr:\n", "isdr:\n  max_parts: 256\n", `isdr.max_parts: 256 is out of range: 1 to 255`},
		{"isdr:\n", "isdr:\n  spi: \"16\"\n", `isdr.spi: "16" is no SPI`},
		{"isdr:\n", "isdr:\n  spi: \"0639\"\n", `isdr.spi: 0639: without replay detection a copy of a packet runs twice; refused unless`},
		{"isdr:\n", "isdr:\n  spi: \"1630\"\n", `isdr.spi: 1630: the card does not always send a proof`},
		{"isdr:\n", "isdr:\n  spi: \"1239\"\n", `isdr.spi: SPI 1239 is below the security level 16 that TAR 000001 asks for`},
		{`spi: "1639"`, `spi: "1239"`, `:7:1: isdr.spi: SPI 1239 is below the security level 16 that TAR 000001 asks for`},
		{"isdr:\n", "isdr:\n  keyversion: 3\n", `unknown field "keyversion", did you mean "key_version"?`},
		{"isdr:\n", "isdr:\n  key_set: 3\n", `unknown field "key_set": known here are key_version, keys, max_parts, spi, tar`},
	} {
		t.Run(m.new, func(t *testing.T) {
			t.Parallel()
			_, err := DecodeCardType("euicc.yaml", m.in(t, goodEUICC))
			contains(t, err, "euicc.yaml", m.want)
		})
	}
}

func TestMissingKeysOfAnISDRAreOneMistake(t *testing.T) {
	t.Parallel()
	_, err := DecodeCardType("euicc.yaml", []byte(strings.Replace(goodEUICC, "  keys: {kic: AES-256, kid: aes-128}", "  spi: \"1639\"", 1)))
	contains(t, err, "isdr.keys: is missing")
	if n := strings.Count(err.Error(), "euicc.yaml:"); n != 1 {
		t.Errorf("%d mistakes:\n%v", n, err)
	}
}

func TestASpoiledSPIIsReportedOnce(t *testing.T) {
	t.Parallel()
	_, err := DecodeCardType("euicc.yaml", []byte(strings.Replace(goodEUICC, `"1639"`, `"1E39"`, 1)))
	contains(t, err, "counters exactly one higher")
	if n := strings.Count(err.Error(), "counters exactly one higher"); n != 1 {
		t.Errorf("%d times:\n%v", n, err)
	}
}

func TestWeaknessOfAnISDRIsListedWhereAllowed(t *testing.T) {
	t.Parallel()
	c, err := DecodeCardType("t.yaml", []byte(strings.Replace(goodEUICC, "isdr:\n", "allow_weak: true\nisdr:\n  spi: \"0231\"\n", 1)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"isdr.spi: 0231: without replay", "isdr.spi: 0231: the proof carries no checksum", "isdr.spi: SPI 0231 is below"} {
		if got := strings.Join(Weak(c), "\n"); !strings.Contains(got, want) {
			t.Errorf("weak: %s, want %s", got, want)
		}
	}
}

func TestAppletIsTaken(t *testing.T) {
	t.Parallel()
	c, err := DecodeCardType("applet.yaml", []byte(goodApplet))
	if err != nil || len(Weak(c)) != 0 {
		t.Fatalf("error %v, weak %v", err, Weak(c))
	}
	want := &catalog.Applet{FirstSlot: 1, Template: catalog.Template{
		TAR: "b00fe1", Format: "expanded", APDU: []string{"80E2 9000 0B 01 ${slot} 08 ${imsi:bcd}"}, Expect: []string{"9000", "91xx"}, Refresh: "card",
		ReadBack: []string{"80CA 0001 00"}, ReadBackExpect: "02 ${slot} ${imsi}",
	}}
	if diff := cmp.Diff(want, c.Applet); diff != "" || c.Refresh != "card" {
		t.Errorf("refresh %q, applet (-want +got):\n%s", c.Refresh, diff)
	}
}

func TestAppletMistakesAreNamed(t *testing.T) {
	t.Parallel()
	section := goodApplet[strings.Index(goodApplet, "applet:\n"):]
	for _, m := range []mistake{
		{section, "", `:3:1: technique: applet needs a section applet`},
		{"technique: applet", "technique: rfm", `applet: is there, but the technique is "rfm"`},
		{"first_slot: 1", "first_slot: 2", `:7:3: applet.first_slot: 2: the vendor numbers the first subscription 0 or 1`},
		{"first_slot: 1", "first_slot: -1", `applet.first_slot: -1: `},
		{`tar: "b00fe1"`, `tar: "b00f"`, `:8:3: applet.tar: "b00f": want six hex digits`},
		{"format: expanded", "format: tlv", `:9:3: applet.format: "tlv": want compact or expanded`},
		{"${imsi:bcd}", "${imsi:hex}", `:10:3: applet.apdu: command 1, "80E2 9000 0B 01 ${slot} 08 ${imsi:hex}": ${imsi:hex} is no placeholder`},
		{`"91xx"`, `"6xxx"`, `:11:3: applet.expect: "6xxx" fits 6F00 too, which is a failure`},
		{"refresh: card", "refresh: now", `:12:3: applet.refresh: "now": want card, immediate or none`},
		{"format: expanded", "format: compact\n  read_back_format: cbor", `applet.read_back_format: "cbor": want compact or expanded`},
		{`read_back: ["80CA 0001 00"]`, `read_back: []`, `:13:3: applet.read_back: missing: want at least one command`},
		{`"02 ${slot} ${imsi}"`, `"02 ${mcc}"`, `:14:3: applet.read_back_expect: "02 ${mcc}" holds none of ${slot}, ${imsi} and ${iccid}`},
		{`"02 ${slot} ${imsi}"`, `"02 ${slot} ${imsi} .*"`, `:14:3: applet.read_back_expect: "02 ${slot} ${imsi} .*" leaves octets open, so no fence could settle a switch`},
		{`"02 ${slot} ${imsi}"`, `"(02|03) ${slot}"`, `leaves octets open`},
		{"first_slot: 1", "frist_slot: 1", `unknown field "frist_slot", did you mean "first_slot"?`},
		{"refresh: card", "refresh: card\n  read_back_tra: b00011", `unknown field "read_back_tra", did you mean "read_back_tar"?`},
		{"refresh: card", "refresh: card\n  template: {tar: b00fe1}", `unknown field "template": known here are apdu, expect, first_slot, format, read_back, read_back_expect, read_back_format, read_back_tar, refresh, tar`},
		{`tar: "b00fe1"`, `tar: 000011`, `000011 without quotes is the number 9`},
		{"technique: applet", "technique: applet\nisdr: {keys: {kic: aes-128, kid: aes-128}}", `isdr: is there, but the technique is "applet"`},
	} {
		t.Run(m.new, func(t *testing.T) {
			t.Parallel()
			_, err := DecodeCardType("applet.yaml", m.in(t, goodApplet))
			contains(t, err, "applet.yaml", m.want)
		})
	}
}

func TestEveryMistakeOfATemplateIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("first_slot: 1", "first_slot: 3", "b00fe1", "b0", "80CA 0001 00", "80CA").Replace(goodApplet)
	_, err := DecodeCardType("applet.yaml", []byte(text))
	contains(t, err, "applet.yaml:7:3: ", "applet.yaml:8:3: ", "applet.yaml:13:3: ")
}

func TestFilesOfEUICCsAndAppletsAreTheirOwnAffair(t *testing.T) {
	t.Parallel()
	const own = "files: [acc]\ntars:\n  uicc: {tar: b00000, format: compact, msl: \"16\", start: mf}\n"
	for name, good := range map[string]string{"euicc": goodEUICC, "applet": goodApplet} {
		c, err := DecodeCardType(name, []byte(good+own))
		if err != nil || c.TARs["uicc"].Start != "mf" {
			t.Errorf("%s: %v", name, err)
		}
		_, err = DecodeCardType(name, []byte(good+"files: [iccid]\n"))
		contains(t, err, "files[0]: iccid is never written")
		_, err = DecodeCardType(name, []byte(good+"refresh: immediate\n"))
		contains(t, err, "refresh: immediate needs a usim-rfm-expanded TAR")
	}
}
