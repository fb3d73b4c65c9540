package codec_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func encode(t *testing.T, r record) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

func decode(t *testing.T, line string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), to); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
}

// card runs messages on a virtual card and returns what it did with each.
func card(t *testing.T, flags string, messages ...string) []did {
	t.Helper()
	args := append([]string{"card", "run", "--kic-key", kicKey, "--kid-key", kidKey, "--json"}, strings.Fields(flags)...)
	out, stderr, exit := simota("", append(args, messages...)...)
	if exit != 0 {
		t.Fatalf("exit status %d, %s", exit, stderr)
	}
	var all struct{ Messages []did }
	decode(t, out, &all)
	if len(all.Messages) != len(messages) {
		t.Fatalf("%d messages, want %d", len(all.Messages), len(messages))
	}
	return all.Messages
}

type did struct {
	SW     string
	Packet struct{ Result, Cntr, SW string }
	Proofs []struct {
		Way, Data     string
		Status        int
		Authenticated bool
		Error         string
		UserData      []string `json:"user_data"`
	}
	Proactive []struct {
		Command, Qualifier, Objects string
		UserData                    string `json:"user_data"`
	}
	Files []struct {
		Name, Before, After string
		Secret              bool
	}
}

// messages makes the user data of a packet.
func messages(t *testing.T, changes record) []string {
	t.Helper()
	r := command()
	for k, v := range changes {
		r[k] = v
	}
	got, _, exit := lines(t, "packet build", []record{r})
	if exit != 0 {
		t.Fatal(got[0])
	}
	var out []string
	for _, p := range got[0]["parts"].([]any) {
		out = append(out, p.(string))
	}
	return out
}

// writeIMSI selects EF_IMSI and writes it.
const writeIMSI = "00a40004026f0700d6000009084906400000000021"

func TestCardAnswersAndTellsWhatChanged(t *testing.T) {
	t.Parallel()
	m := messages(t, record{"data": writeIMSI})
	got := card(t, "--imsi 460040000000012 --cntr f", m[0], m[0])
	first, second := got[0], got[1]
	if first.SW != "9000" || first.Packet.Result != "executed" || first.Packet.Cntr != "0000000010" || len(first.Files) != 0 {
		t.Errorf("written is what was there: %+v", first)
	}
	if p := first.Proofs; len(p) != 1 || p[0].Status != 0 || !p[0].Authenticated || p[0].Data != "029000" || p[0].Way != "submit" {
		t.Errorf("proofs %+v", p)
	}
	if second.Packet.Result != "replayed" || second.Proofs[0].Status != 6 || second.Proofs[0].Authenticated {
		t.Errorf("the same again: %+v", second)
	}
	third := card(t, "", m[0])[0]
	if f := third.Files; len(f) != 2 || f[1].Name != "imsi" || f[1].Before != "080910100000000010" || f[1].After != "084906400000000021" {
		t.Errorf("files %+v", f)
	}
	if p := third.Proactive; len(p) != 2 || p[0].Command != "SEND SHORT MESSAGE" || p[1].Command != "REFRESH" || p[1].Qualifier != "04" {
		t.Errorf("proactive %+v", p)
	}
}

func TestCardJoinsPartsAndRefusesWrongKeysAndOldCounters(t *testing.T) {
	t.Parallel()
	m := messages(t, record{"data": strings.Repeat("00a40004026f07", 20)})
	got := card(t, "", m[1], m[0])
	if len(m) != 2 || got[0].Packet.Result != "" || got[1].Packet.Result != "executed" || got[1].Proofs[0].Data != "146114" {
		t.Errorf("parts in reverse: %+v", got)
	}
	if got := card(t, "--cntr 10", m...); got[1].Packet.Result != "replayed" {
		t.Errorf("old counter: %+v", got[1])
	}
	wrong := messages(t, record{"kid_key": kicKey})
	if got := card(t, "", wrong...); got[0].Packet.Result != "check failed" || got[0].Proofs[0].Error != "" {
		t.Errorf("wrong key: %+v", got[0])
	}
	clear := card(t, "", messages(t, record{"spi": "1221"})...) // below the level of the application
	if clear[0].Packet.Result != "msl" || len(clear[0].Proofs) != 1 || clear[0].Proofs[0].Status != 0x0A {
		t.Errorf("no cipher: %+v", clear[0])
	}
}

func TestCardNeverShowsSessionKeys(t *testing.T) {
	t.Parallel()
	m := messages(t, record{"data": "00a40004026f0800d6000003051234"})
	if f := card(t, "", m...)[0].Files; len(f) != 1 || f[0].Name != "keys" || !f[0].Secret || f[0].After != "" || f[0].Before != "" {
		t.Errorf("files %+v", f)
	}
	out, _, _ := simota(m[0]+"\n\n", "card", "run", "--kic-key", kicKey, "--kid-key", kidKey)
	if !strings.Contains(out, "Keys (7FFF/6F08) changed; key material is not shown\n") {
		t.Error(out)
	}
}

func TestCardShowsRecordsAndActionsInWords(t *testing.T) {
	t.Parallel()
	smsp := strings.Repeat("ff", 10) + "fd" + strings.Repeat("ff", 12) + "07911234567890f0ffffffff" + "ffffff"
	compact := messages(t, record{"kic": "12", "kid": "12", "data": "00a40004026f4200dc010426" + smsp})
	text := "810301218082028102 8d0404414243"
	expanded, _, _ := simota("", "script", "build", "--json", "--format", "expanded-definite", "--immediate-action", text, "00a40004026f07")
	var script struct{ Data string }
	decode(t, expanded, &script)
	display := messages(t, record{"kic": "12", "kid": "12", "tar": "b00141", "cntr": "11", "data": script.Data})
	out, stderr, exit := simota("", append([]string{
		"card", "run", "--personality", "sja5-aes", "--smsc", "+4790000001", "--kic-key", kicKey, "--kid-key", kidKey, compact[0],
	}, display...)...)
	for _, want := range []string{
		"SMSP (7FFF/6F42): octets 24 to 31: 069174090000", "TELECOM/SMSP", "command  DISPLAY TEXT 810301218082028102", "SEND SHORT MESSAGE to +10000000000 by +214365870",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("exit status %d, %s no %q in\n%s", exit, stderr, want, out)
		}
	}
}

func TestCardReadsStandardInputAndKeepsItsStateBetweenLines(t *testing.T) {
	t.Parallel()
	m := messages(t, nil)
	line := encode(t, record{"id": 5, "user_data": m[0]})
	out, _, exit := simota(line+line+`{"id":6}`+"\n", "card", "run", "--jsonl", "--kic-key", kicKey, "--kid-key", kidKey)
	all := strings.Split(out, "\n")
	if exit != 1 || !strings.Contains(all[0], `"result":"executed"`) || !strings.Contains(all[1], `"result":"replayed"`) || all[2] != `{"id":6,"error":"user_data is missing"}` {
		t.Errorf("exit status %d\n%s", exit, out)
	}
	out, stderr, exit := simota(m[0]+"\n\nxx\n", "card", "run", "--kic-key", kicKey, "--kid-key", kidKey)
	if exit != 1 || !strings.Contains(stderr, "message 2: character 1 of 2 is no hex digit") || !strings.HasPrefix(out, "message 1: SW 9000, executed") {
		t.Errorf("exit status %d, %s%s", exit, out, stderr)
	}
}

func TestCardRefusesWhatIsNoMessageBeforeItRuns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args, want string
		exit       int
	}{
		{"00 zz", "argument 2: character 1 of 2 is no hex digit", 2},
		{"00 --sender abc", "--sender: is no number", 2},
		{"00 --sender +", "--sender: is no number", 2},
		{"", "no message: give user data as arguments", 1},
	} {
		out, stderr, exit := simota("\n \n", append([]string{"card", "run", "--kic-key", kicKey, "--kid-key", kidKey}, strings.Fields(c.args)...)...)
		if exit != c.exit || out != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit status %d, %q, %s", c.args, exit, out, stderr)
		}
	}
}

func TestCounterIsShownIfTheCardReadIt(t *testing.T) {
	t.Parallel()
	for want, changes := range map[string]record{
		"packet   TAR B0FFFF, key set 1, counter not read\n":   {"tar": "b0ffff"},
		"packet   TAR B00011, key set 1, counter 0000000000\n": {"cntr": "0"},
	} {
		out, stderr, _ := simota("", "card", "run", "--kic-key", kicKey, "--kid-key", kidKey, messages(t, changes)[0])
		if !strings.Contains(out, want) {
			t.Errorf("want %s%s%s", want, out, stderr)
		}
	}
}

func TestLoadPlanNeedsBlocksThatACardTakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flags, want string
		exit        int
	}{
		{"--max-block 300", "--max-block 300: 1 to 255 are possible", 2},
		{"--max-block 0", "--max-block 0: 1 to 255 are possible", 2},
		{"--room 5", "room for 5 octets of script carries no LOAD", 1},
	} {
		_, stderr, exit := simota("", append([]string{"cap", "load", "testdata/cap/hello.cap"}, strings.Fields(c.flags)...)...)
		if exit != c.exit || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit status %d, %s", c.flags, exit, stderr)
		}
	}
}

func TestPersonalities(t *testing.T) {
	t.Parallel()
	own := filepath.Join(t.TempDir(), "own.yaml")
	sheet := "name: own\napplications:\n  - {tar: B00011, format: compact}\n"
	if err := os.WriteFile(own, []byte(sheet), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ flags, want string }{
		{"--personality sja2-3des", ""}, {"--personality sja5-aes", ""}, {"--personality usim-expanded", ""},
		{"--personality none", "or a file"}, {"--personality go.mod", "go.mod: "},
		{"--personality " + own, "--algorithm"}, {"--personality " + own + " --algorithm aes-128", ""}, {"--personality " + own + " --algorithm rsa", "--algorithm: "},
		{"--algorithm aes-128", "personality sja2-3des has 3des-2"}, {"--key-version 16", "--key-version: 16"}, {"--imsi 12x", "IMSI"}, {"--cc-len 5", "--cc-len: 5"}, {"--cc-len 4", "--cc-len: 4"},
	} {
		args := append([]string{"card", "run", "--kic-key", kicKey, "--kid-key", kidKey}, strings.Fields(c.flags)...)
		_, stderr, exit := simota("", append(args, "00")...)
		if (exit != 0) != (c.want != "") || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit status %d, %s", c.flags, exit, stderr)
		}
	}
}

func TestAnEUICCDoesWhatItAcceptedAndSendsItsNotice(t *testing.T) {
	t.Parallel()
	enable := messages(t, record{
		"kic": "12", "kid": "12", "tar": "000001", "data": "aa1c221a80e28800153a03124f10a0000005591010ffffffff8900001100",
	})
	d := card(t, "--personality euicc-sgp02", enable...)[0]
	last := d.Proactive[len(d.Proactive)-1]
	if d.Packet.Result != "executed" || last.Command != "SEND SHORT MESSAGE" || !strings.Contains(last.UserData, "4c1089001012012341234012345678901224") {
		t.Errorf("packet %+v, last command %+v; want the notice with the EID", d.Packet, last)
	}
	if !slices.ContainsFunc(d.Files, func(f struct {
		Name, Before, After string
		Secret              bool
	}) bool {
		return f.Name == "imsi"
	}) {
		t.Errorf("files %+v: the identity did not change", d.Files)
	}
}

func TestAnAppletIsLoadedByItsPlan(t *testing.T) {
	t.Parallel()
	out, stderr, exit := simota("", "cap", "load", "testdata/cap/hello.cap", "--room", "106", "--json")
	if exit != 0 {
		t.Fatal(stderr)
	}
	var plan struct {
		Cleanup struct{ Data string }
		Steps   []struct{ Data, What string }
	}
	decode(t, out, &plan)
	var all []string
	for i, data := range append([]string{plan.Cleanup.Data}, datas(plan.Steps)...) {
		all = append(all, messages(t, record{"tar": "b00000", "cntr": fmt.Sprintf("%02x", i+1), "data": data})...)
	}
	if len(all) != 1+len(plan.Steps) {
		t.Fatalf("%d messages for %d steps: one step does not fit one message", len(all), len(plan.Steps))
	}
	for i, d := range card(t, "", all...) {
		if want := "9000"; i > 0 && (d.Packet.Result != "executed" || d.Packet.SW != want) {
			t.Errorf("step %d: %+v, want %s", i, d.Packet, want)
		}
	}
}

func datas(steps []struct{ Data, What string }) (out []string) {
	for _, s := range steps {
		out = append(out, s.Data)
	}
	return out
}
