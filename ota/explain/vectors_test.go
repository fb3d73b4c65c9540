package explain_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/explain"
)

// vectors are the packets and scripts of other implementations.
type vectors struct {
	Commands []struct {
		ID, SPI, KIc, KID, TAR, Data string
		KIcKey                       string `json:"kic_key"`
		KIDKey                       string `json:"kid_key"`
		CCLen                        int    `json:"cc_len"`
		Expect                       struct {
			Packet   string   `json:"secured_command_packet"`
			UserData []string `json:"sms_user_data"`
		}
	}
	Responses        []proof
	InvalidResponses []proof `json:"invalid_responses"`
	Scripts          []struct {
		ID, Format string
		Expect     struct{ Data string }
	}
	ScriptResponses []struct{ ID, Data string } `json:"script_responses"`
}

type proof struct {
	ID, SPI, KIc, KID string
	KIcKey            string   `json:"kic_key"`
	KIDKey            string   `json:"kid_key"`
	Packet            string   `json:"por_packet"`
	UserData          []string `json:"sms_user_data"`
	Expect            struct {
		Status *byte
		Data   string
		Error  string
	}
}

func load(t testing.TB) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("../../testdata/ota/secured-packet.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t testing.TB, b []byte, o explain.Options) explain.Report {
	t.Helper()
	r, err := explain.Decode(b, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// keyset makes the key set that KIc and KID octets name.
func keyset(t testing.TB, kic, kid, kicKey, kidKey string) ota.Keyset {
	t.Helper()
	ks := ota.Keyset{Version: unhex(t, kic)[0] >> 4}
	set := func(into *ota.Key, octet, key string) {
		if key == "" {
			return
		}
		raw := unhex(t, key)
		alg, err := ota.AlgorithmOf(unhex(t, octet)[0], len(raw))
		if err != nil {
			return // with RC the KID octet names no key
		}
		if *into, err = ota.NewKey(alg, raw); err != nil {
			t.Fatal(err)
		}
	}
	set(&ks.KIc, kic, kicKey)
	set(&ks.KID, kid, kidKey)
	return ks
}

func text(t testing.TB, r explain.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.Text(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEveryVectorIsRecognisedAsWhatItIs(t *testing.T) {
	t.Parallel()
	v := load(t)
	is := func(id, octets string, want explain.Kind) {
		t.Helper()
		if r := decode(t, unhex(t, octets), explain.Options{}); r.Kind != want {
			t.Errorf("%s: %s (%s), want %s", id, r.Kind, r.Why, want)
		}
	}
	for _, c := range v.Commands {
		is(c.ID, c.Expect.Packet, explain.Command)
		for _, ud := range c.Expect.UserData {
			is(c.ID, ud, explain.UserData)
		}
		is(c.ID+" joined", strings.Join(c.Expect.UserData, ""), explain.UserData)
	}
	for _, p := range slices.Concat(v.Responses, v.InvalidResponses) {
		is(p.ID, p.Packet, explain.Response)
		for _, ud := range p.UserData {
			is(p.ID, ud, explain.UserData)
		}
	}
	for _, s := range v.Scripts {
		is(s.ID, s.Expect.Data, explain.Script)
	}
	for _, s := range v.ScriptResponses {
		is(s.ID, s.Data, explain.ScriptResponse)
	}
}

func TestCommandsOpenWithTheirKeysAndTheirChecksMatch(t *testing.T) {
	t.Parallel()
	for _, c := range load(t).Commands {
		ks := keyset(t, c.KIc, c.KID, c.KIcKey, c.KIDKey)
		o := explain.Options{Keysets: []ota.Keyset{ks}}
		r := decode(t, unhex(t, strings.Join(c.Expect.UserData, "")), o)
		out := text(t, r)
		if strings.Contains(out, "needs the") || strings.Contains(out, "does not match") || strings.Contains(out, "not open") {
			t.Errorf("%s:\n%s", c.ID, out)
		}
		if spi := unhex(t, c.SPI); spi[0]&3 != 0 && !strings.Contains(out, "matches") {
			t.Errorf("%s: no check matches:\n%s", c.ID, out)
		}
		leaks(t, c.ID, out, c.KIcKey, c.KIDKey)
	}
}

func leaks(t *testing.T, id, out string, keys ...string) {
	t.Helper()
	flat := strings.ToLower(strings.Join(strings.Fields(out), ""))
	for _, k := range keys {
		if k != "" && strings.Contains(flat, k) {
			t.Errorf("%s: the key is shown", id)
		}
	}
}

func TestResponsesOpenWithTheirKeysWhateverTheirSPI(t *testing.T) {
	t.Parallel()
	for _, p := range load(t).Responses {
		ks := keyset(t, p.KIc, p.KID, p.KIcKey, p.KIDKey)
		out := text(t, decode(t, unhex(t, p.Packet), explain.Options{Keysets: []ota.Keyset{ks}}))
		if !strings.Contains(out, ota.Status(*p.Expect.Status).String()) {
			t.Errorf("%s: status %02X is not said:\n%s", p.ID, *p.Expect.Status, out)
		}
		if strings.Contains(out, "does not match") {
			t.Errorf("%s:\n%s", p.ID, out)
		}
		leaks(t, p.ID, out, p.KIcKey, p.KIDKey)
	}
}

func TestInvalidResponsesAreMarkedWrong(t *testing.T) {
	t.Parallel()
	for _, p := range load(t).InvalidResponses {
		ks := keyset(t, p.KIc, p.KID, p.KIcKey, p.KIDKey)
		spi, err := ota.ParseSPI(p.SPI)
		if err != nil {
			t.Fatal(err)
		}
		r := decode(t, unhex(t, p.Packet), explain.Options{Keysets: []ota.Keyset{ks}, SPI: &spi})
		if out := text(t, r); r.Wrong == 0 {
			t.Errorf("%s: nothing is marked:\n%s", p.ID, out)
		}
	}
}
