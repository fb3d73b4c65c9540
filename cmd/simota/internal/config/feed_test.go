package config

import (
	"net/netip"
	"strings"
	"testing"
)

const ownShapes = `feed:
  listen: 127.0.0.1:8470
  token_file: feed.token
  shapes:
    wavely:
      each: $.batch
      iccid: "$.icc | $.iccid"
      imei: $.imei
      kind: $.what
      kinds: {"new": imei change, "*": attach}
    hlr: {imsi: "$.imsi", imei: "$.imeisv", answer: 200}
`

func TestOwnShapesStandBesideTheShippedOnes(t *testing.T) {
	t.Parallel()
	c, err := Decode("simota.yaml", []byte(ownShapes))
	if err != nil {
		t.Fatal(err)
	}
	shapes, err := c.Feed.Compile()
	if err != nil || shapes["wavely"] == nil || shapes["hlr"] == nil || shapes["t8"] == nil || shapes["hlr"].Answer != 200 {
		t.Fatalf("%v %v", shapes, err)
	}
	events, err := shapes["wavely"].Events([]byte(`{"batch": [{"icc": "8999970000000000506", "imei": "35693803564380", "what": "new"}]}`))
	if err != nil || len(events) != 1 || events[0].Event.Kind != "imei change" || events[0].Event.Source != "wavely" {
		t.Errorf("%+v %v", events, err)
	}
}

func TestShapeThatIsWrongNamesItsLine(t *testing.T) {
	t.Parallel()
	_, err := Decode("simota.yaml", []byte(strings.ReplaceAll(ownShapes, "$.imei\n", "$.imei[\n")))
	if err == nil || !strings.Contains(err.Error(), `simota.yaml:8:7: feed.shapes.wavely.imei: "$.imei[" is no path`) {
		t.Errorf("%v", err)
	}
	_, err = Decode("simota.yaml", []byte(strings.ReplaceAll(ownShapes, "icc |", "icc | $..x |")))
	if err == nil || !strings.Contains(err.Error(), "feed.shapes.wavely.iccid: ") {
		t.Errorf("%v", err)
	}
	_, err = Decode("simota.yaml", []byte(strings.ReplaceAll(ownShapes, "iccid:", "icid:")))
	if err == nil || !strings.Contains(err.Error(), `did you mean "iccid"?`) {
		t.Errorf("%v", err)
	}
}

func TestRADIUSNamesWhoMaySend(t *testing.T) {
	t.Parallel()
	const good = "radius: {listen: \"127.0.0.1:1813\", secret_file: radius.secret, clients: [10.20.0.0/16, 127.0.0.1, \"::1\"]}\n"
	c, err := Decode("/etc/simota.yaml", []byte(good))
	if err != nil || c.RADIUS.SecretFile != "/etc/radius.secret" {
		t.Fatalf("%+v %v", c.RADIUS, err)
	}
	got, err := c.RADIUS.Prefixes()
	if err != nil || len(got) != 3 || !got[1].Contains(netip.MustParseAddr("127.0.0.1")) || got[1].Contains(netip.MustParseAddr("127.0.0.2")) {
		t.Errorf("%v %v", got, err)
	}
	for change, want := range map[string]string{
		"127.0.0.1:1813": "radius.listen: ", "radius.secret": "radius.secret_file: is missing", "10.20.0.0/16": `radius.clients[0]: "x" is no address`,
	} {
		to := "x"
		if change == "radius.secret" {
			to = `""`
		}
		if _, err := Decode("simota.yaml", []byte(strings.Replace(good, change, to, 1))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := Decode("simota.yaml", []byte("radius: {listen: \"127.0.0.1:1813\", secret_file: s}")); err == nil || !strings.Contains(err.Error(), "radius.clients: is missing") {
		t.Errorf("%v", err)
	}
}
