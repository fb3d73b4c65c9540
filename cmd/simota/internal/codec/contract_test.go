package codec_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/cmd/simota/internal/cli"
)

const (
	kicKey = "9c766d6a84c97671afaad0a9ad37e0aa"
	kidKey = "aa858a05b67bcc15d06c972c7c1bf663"
)

// command is a request of packet build that is answered.
func command() record {
	return record{
		"id": 1.0, "spi": "1639", "kic": "15", "kid": "15", "tar": "b00011", "kic_key": kicKey, "kid_key": kidKey,
		"cntr": "0000000010", "data": "00a40004026f07",
	}
}

func build(t *testing.T, r record) (packet, failure string) {
	t.Helper()
	got, _, _ := lines(t, "packet build", []record{r})
	packet, _ = got[0]["packet"].(string)
	failure, _ = got[0]["error"].(string)
	return packet, failure
}

func TestIDComesBackAsItIs(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		`1`, `1.0`, `-0`, `12345678901234567890123`, `"é<&>"`, `null`, `true`, `[1,{"a":[]}]`, `{"id":{"id":2}}`,
	} {
		for _, request := range []string{`{"id":%s,"apdus":["9000"]}`, `{"apdus":["9000"],"id": %s}`, `{"id":%s,"apdus":["90"]}`} {
			out, _, _ := simota(fmt.Sprintf(request, id)+"\n", "apdu", "explain", "--jsonl")
			if !strings.HasPrefix(out, `{"id":`+id+`,`) {
				t.Errorf("id %s: %s", id, out)
			}
		}
	}
	if out, _, _ := simota(`{"apdus":["9000"]}`, "apdu", "explain", "--jsonl"); !strings.HasPrefix(out, `{"id":null,"apdus"`) {
		t.Errorf("no id: %s", out)
	}
}

func TestLineThatIsNoObjectFailsAloneWithoutID(t *testing.T) {
	t.Parallel()
	bad := []string{
		`x`, ``, ` `, `[1]`, `"id"`, `null`, `{"id":1`, `{"id":1,}`, `{"id":1 "a":2}`, `{1:2}`, `{"id":}`, `{"id":1}{}`, `{"id":1}]`, `{{`,
	}
	for _, line := range bad {
		out, stderr, exit := simota(line+"\n"+`{"id":7,"apdus":["9000"]}`+"\n", "apdu", "explain", "--jsonl")
		first, second, _ := strings.Cut(out, "\n")
		if !strings.HasPrefix(first, `{"id":null,"error":"the line is no JSON`) || !strings.HasPrefix(second, `{"id":7,"apdus"`) {
			t.Errorf("%q: %s", line, out)
		}
		if exit != 1 || !strings.Contains(stderr, "1 of 2 lines failed") {
			t.Errorf("%q: exit status %d, %q", line, exit, stderr)
		}
	}
}

func TestRequestIsStrict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field string
		value any
		want  string
	}{
		{"spi", nil, "spi is missing"}, {"kic", nil, "kic is missing"}, {"data", nil, "data is missing"}, {"cntr", nil, "cntr is missing"},
		{"SPI", "1639", `unknown field "SPI"`}, {"cc-len", 8, `unknown field "cc-len"`},
		{"spi", "16", "spi: "}, {"spi", 1639, "spi: want a string"}, {"kic", "115", "kic: "}, {"kid", "1", "kid: "}, {"kid", "", "kid: "},
		{"tar", "b000", "tar: "}, {"cntr", "", "cntr: "}, {"cntr", "00000000001", "cntr: "}, {"cntr", "0x1", "cntr: "}, {"cntr", "+1", "cntr: "},
		{"cntr", "1_0", "cntr: "}, {"cntr", 1, "cntr: want a string"}, {"data", "0", "data: "}, {"data", "0 0a", "data: "},
		{"data", []string{"00"}, "data: want a string"}, {"cc_len", "8", "cc_len: want a whole number"}, {"cc_len", 8.5, "cc_len: want"},
		{"cc_len", 0, "cc_len: 0"}, {"cc_len", 4, "want 8, or 4 with AES"}, {"concat_reference", "100", "concat_reference: "},
		{"concat_reference", 256, "concat_reference: "}, {"concat_reference", -1, "concat_reference: "}, {"allow_weak", "true", "allow_weak: want true or false"},
		{"kic_key", "", "kic_key (--kic-key) is missing"}, {"kid_key", "", "kid_key (--kid-key) is missing"}, {"kic_key", kicKey[2:], "kic_key: "}, {"kid_key", "@key.hex", "kid_key: "},
		{"kic", "19", "wrong keyset"}, {"kic", "16", "kic_key: "}, {"kid", "1d", "kid_key: "}, {"spi", "1739", "digital signature"},
		{"spi", "0639", "allow_weak"}, {"kid", "25", "different key sets"}, {"kid_key", strings.Repeat("aa", 16), "single DES in fact"},
		{"data", strings.Repeat("00", 40000), "sms: length"},
	} {
		if packet, failure := build(t, command().with(c.field, c.value)); packet != "" || !strings.Contains(failure, c.want) {
			t.Errorf("%s = %.40v: %q, want %q", c.field, c.value, failure, c.want)
		}
	}
	out, _, _ := simota(`{"id":1,"cntr":"1","cntr":"2"}`+"\n", "packet", "build", "--jsonl")
	if !strings.Contains(out, `field \"cntr\" is there twice`) {
		t.Errorf("a field twice: %s", out)
	}
}

func TestShortAndUpperCaseValuesMeanTheSame(t *testing.T) {
	t.Parallel()
	want, failure := build(t, command())
	if failure != "" {
		t.Fatal(failure)
	}
	for field, value := range map[string]any{
		"cntr": "10", "tar": "B00011", "kic_key": strings.ToUpper(kicKey), "data": "00A40004026F07", "cc_len": 8, "allow_weak": nil, "id": nil,
	} {
		if got, failure := build(t, command().with(field, value)); got != want {
			t.Errorf("%s = %v: %s %s", field, value, got, failure)
		}
	}
	text, _, _ := simota("", "packet", "build", "--spi", "1639", "--kic", "15", "--kid", "15", "--tar", "B00011", "--cntr", "10",
		"--kic-key", kicKey, "--kid-key", kidKey, "--data", "00 A4 0004 02 6F07", "--json")
	if !strings.Contains(text, `"packet": "`+want+`"`) {
		t.Errorf("by flags: %s", text)
	}
}

func TestReferenceOfPartsIsThatOfTheCounterUnlessGiven(t *testing.T) {
	t.Parallel()
	for given, want := range map[any]string{nil: "10", "5a": "5a", 90: "5a", "0": "00"} {
		r := command().with("data", strings.Repeat("00", 200)).with("cntr", "123410").with("concat_reference", given)
		got, _, _ := lines(t, "packet build", []record{r})
		parts, _ := got[0]["parts"].([]any)
		if len(parts) != 2 || parts[0].(string)[:16] != "070003"+want+"02017000" || parts[1].(string)[:12] != "050003"+want+"0202" {
			t.Errorf("concat_reference %v: %v", given, got[0])
		}
	}
}

func TestRedundancyCheckIsTheOneThatKIDNames(t *testing.T) {
	t.Parallel()
	for kid, chl := range map[string]string{"11": "0f", "15": "11"} {
		r := command().with("spi", "1101").with("kid", kid).with("kid_key", "").with("cc_len", 8).with("allow_weak", true)
		if packet, failure := build(t, r); len(packet) < 6 || packet[4:6] != chl {
			t.Errorf("KID %s: packet %q, %s", kid, packet, failure)
		}
	}
	if _, failure := build(t, command().with("spi", "1101").with("kid", "19").with("allow_weak", true)); !strings.Contains(failure, "no redundancy check") {
		t.Errorf("KID 19: %s", failure)
	}
}

func TestKeysThatAreNotNeededAreNotLookedAt(t *testing.T) {
	t.Parallel()
	r := command().with("spi", "1201").with("kic_key", "00")
	if packet, failure := build(t, r); packet == "" {
		t.Error(failure)
	}
}

func TestAnswerNeedsExactlyOneOfPacketAndParts(t *testing.T) {
	t.Parallel()
	base := func() record { return record{"id": 1, "spi": "1001", "kic": "00", "kid": "00"} }
	packet := "000b0ab0001100000000010007"
	for _, c := range []struct {
		r    record
		want string
	}{
		{base(), "both missing"},
		{base().with("packet", packet).with("parts", []string{"027100" + packet}), "both there"},
		{base().with("parts", []string{}), "parts are missing"},
		{base().with("parts", []string{"027000" + packet}), "command packet"},
		{base().with("parts", []string{"00" + packet}), "no element 71"},
		{base().with("parts", []string{"070003010201710000"}), "parts are missing: 1 of 2"},
		{base().with("parts", packet), "parts: want an array"},
		{base().with("parts", []any{"027100" + packet, 1}), "parts: 2 of 2: want a string"},
		{base().with("packet", packet+"00"), "wrong length"},
		{base().with("packet", packet).with("tar", "b00010"), "from TAR B00011, not from B00010"},
		{base().with("packet", "000b0ab0001100000000010107"), "PCNTR"},
		{base().with("packet", packet).with("cntr", "1"), `unknown field "cntr"`},
	} {
		got, _, _ := lines(t, "packet parse", []record{c.r})
		if failure, _ := got[0]["error"].(string); !strings.Contains(failure, c.want) {
			t.Errorf("%v: %v, want %q", c.r, got[0], c.want)
		}
	}
}

func TestErrorInClearIsAnAnswerAndSuccessInClearIsNot(t *testing.T) {
	t.Parallel()
	r := func(packet string) record {
		return record{"spi": "1639", "kic": "15", "kid": "15", "kic_key": kicKey, "kid_key": kidKey, "packet": packet}
	}
	got, _, exit := lines(t, "packet parse", []record{r("000b0ab0001100000000000006"), r("000b0ab0001100000000000000")})
	want := record{"id": nil, "status": 6.0, "cntr": "0000000000", "data": "", "authenticated": false}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if failure, _ := got[1]["error"].(string); !strings.Contains(failure, "without the security") || exit != 1 {
		t.Errorf("exit status %d, %v", exit, got[1])
	}
}

func TestScriptAnswersOfEveryFormat(t *testing.T) {
	t.Parallel()
	var requests, want []record
	for _, c := range []struct{ format, data, want string }{
		{"compact", "006d00", `0||`},
		{"compact", "036982aabb", `3|6982|aabb`},
		{"expanded-definite", "ab038001 00", `0||`},
		{"expanded-indefinite", "af80 2304aabb9000 23026a82 0000", `2|6a82|`},
		{"expanded-definite", "af80 2304aabb9000 0000", `1|9000|aabb`},
	} {
		requests = append(requests, record{"id": c.data, "format": c.format, "data": strings.ReplaceAll(c.data, " ", "")})
		f := strings.Split(c.want, "|")
		r := record{"id": c.data, "executed": float64(f[0][0] - '0'), "sw": f[1], "response": f[2]}
		if c.format != "compact" {
			r["rapdus"] = []any{}
		}
		want = append(want, r)
	}
	want[3]["rapdus"] = []any{map[string]any{"sw": "9000", "data": "aabb"}, map[string]any{"sw": "6a82", "data": ""}}
	want[4]["rapdus"] = []any{map[string]any{"sw": "9000", "data": "aabb"}}
	for data, member := range map[string]string{
		"ab068001 00 900103": "bad_format 03", "ab068001 00 810101": "immediate_action_response 01", "ab068001 00 830102": "chaining_response 02",
	} {
		name, value, _ := strings.Cut(member, " ")
		requests = append(requests, record{"id": name, "format": "expanded-definite", "data": strings.ReplaceAll(data, " ", "")})
		want = append(want, record{"id": name, "executed": 0.0, "sw": "", "response": "", "rapdus": []any{}, name: value})
	}
	answered(t, "script parse", requests, want)
}

func TestScriptsThatNoCardWouldTakeAreErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ command, request, want string }{
		{"script build", `{"format":"expanded","commands":["00a40004026f07"]}`, "format: "},
		{"script build", `{"format":"compact","commands":[]}`, "no commands"},
		{"script build", `{"format":"compact"}`, "commands is missing"},
		{"script build", `{"format":"compact","commands":["00a4000402"]}`, "P3"},
		{"script build", `{"format":"compact","commands":["00a40004036f07"]}`, "commands: 1 of 1: "},
		{"script build", `{"format":"compact","commands":["00b0000009","00a40004026f07"]}`, "has Le"},
		{"script build", `{"format":"compact","commands":["00b0000009"],"immediate_action":"81"}`, "compact format has no immediate action"},
		{"script build", `{"format":"expanded-definite","commands":["00b0000009"],"immediate_action":""}`, "immediate action"},
		{"script parse", `{"format":"compact","data":"0190"}`, "compact response"},
		{"script parse", `{"format":"expanded-definite","data":"ab038001"}`, "script: response"},
		{"script parse", `{"format":"expanded-definite","data":"ab0380010000"}`, "after the response template"},
	} {
		out, _, exit := simota(c.request+"\n", append(strings.Fields(c.command), "--jsonl")...)
		if exit != 1 || !strings.Contains(out, `"error":`) || !strings.Contains(out, c.want) {
			t.Errorf("%s %s: exit status %d, %s", c.command, c.request, exit, out)
		}
	}
}

func TestCommandOfFiveOctetsIsReadAsTheCardReadsIt(t *testing.T) {
	t.Parallel()
	for apdu, want := range map[string]string{"00a4030400": "00a4030400", "00a40304": "00a4030400", "00b0000000": "00b0000000"} {
		out, _, _ := simota(`{"id":1,"format":"compact","commands":["`+apdu+`"]}`, "script", "build", "--jsonl")
		if out != `{"id":1,"data":"`+want+`"}`+"\n" {
			t.Errorf("%s: %s", apdu, out)
		}
	}
}

func TestEachLineIsAnsweredBeforeTheNextIsThere(t *testing.T) {
	t.Parallel()
	requests, in := io.Pipe()
	out, answers := io.Pipe()
	done := make(chan error, 1)
	go func() {
		p := cli.Process{
			Args: []string{"apdu", "explain", "--jsonl"}, Stdin: requests, Stdout: answers, Stderr: io.Discard,
			Getenv: func(string) string { return "" },
		}
		done <- cli.Run(t.Context(), p)
	}()
	r := bufio.NewReader(out)
	for i := range 3 {
		if _, err := fmt.Fprintf(in, `{"id":%d,"apdus":["9000"]}`+"\n", i); err != nil {
			t.Fatal(err)
		}
		if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, fmt.Sprintf(`{"id":%d,`, i)) {
			t.Fatalf("answer %d: %q, %v", i, line, err)
		}
	}
	in.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestStreamEndsWhenItIsCalledOff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent, in := io.Pipe()
	defer in.Close()
	var out, stderr bytes.Buffer
	p := cli.Process{Args: []string{"apdu", "explain", "--jsonl"}, Stdin: silent, Stdout: &out, Stderr: &stderr, Getenv: func(string) string { return "" }}
	if err := cli.Run(ctx, p); err == nil {
		t.Error("no error")
	}
}

func TestLinesMayBeLongButNotTooLong(t *testing.T) {
	t.Parallel()
	packet := strings.Repeat("ab", 30000)
	long := `{"id":"long","packet":"` + packet + `"}`
	tooLong := `{"id":"too long","packet":"` + strings.Repeat("ab", 3<<20) + `"}`
	got, _, exit := simota(strings.Join([]string{long, tooLong, long}, "\n"), "sms", "split", "--jsonl")
	all := strings.Split(got, "\n")
	if exit != 1 || len(all) != 4 || all[0] != all[2] || !strings.HasPrefix(all[0], `{"id":"long","parts":["070003`) {
		t.Fatalf("exit status %d, %d lines: %.100s", exit, len(all), got)
	}
	if all[1] != `{"id":null,"error":"the line is longer than 4194304 octets"}` {
		t.Errorf("%s", all[1])
	}
	var parts struct{ Parts []string }
	decode(t, all[0], &parts)
	joined, _, _ := simota(encode(t, record{"parts": parts.Parts}), "sms", "join", "--jsonl")
	if joined != `{"id":null,"element":"70","packet":"`+packet+`"}`+"\n" {
		t.Errorf("joined: %.100s", joined)
	}
}

func TestNoOutputHasAKey(t *testing.T) {
	t.Parallel()
	flags := func(kic, kid string, more ...string) []string {
		return append([]string{
			"packet", "build", "--spi", "1639", "--kic", "15", "--kid", "15", "--tar", "B00011", "--cntr", "1", "--data", "00",
			"--kic-key", kic, "--kid-key", kid,
		}, more...)
	}
	request := encode(t, command().with("kic_key", kicKey+"0g"))
	for _, c := range []struct {
		stdin string
		args  []string
	}{
		{"", flags(kicKey, kidKey)}, {"", flags(kicKey, kidKey, "--json")}, {"", flags(kicKey+"0", kidKey)}, {"", flags(kicKey, kidKey+"00")},
		{"", flags(kicKey+"xx", kidKey)}, {"", flags("@"+"none.hex", kidKey)}, {"", flags(kicKey, kidKey, "--cntr", "x")},
		{request, []string{"packet", "build", "--jsonl"}}, {encode(t, command().with("kid_key", []string{kidKey})), []string{"packet", "build", "--jsonl"}},
		{"", []string{"card", "run", "--kic-key", kicKey + "0", "--kid-key", kidKey, "00"}},
		{"", []string{"card", "run", "--kic-key", kicKey, "--kid-key", kidKey + "00", "00"}},
		{kicKey + "\n", flags("@-", kidKey)},
	} {
		stdout, stderr, _ := simota(c.stdin, c.args...)
		for _, key := range []string{kicKey, kidKey} {
			if all := strings.ToLower(stdout + stderr); strings.Contains(all, key[:12]) || strings.Contains(all, key[20:]) {
				t.Errorf("%v shows a key", c.args[:2])
			}
		}
	}
}

func TestValueMayComeFromFileOrStandardInput(t *testing.T) {
	t.Parallel()
	want := "command packet, 2 octets\n0102\n"
	if out, stderr, _ := simota("02 70 00\n01 02\n", "sms", "join", "@-"); out != want {
		t.Errorf("%s %s", out, stderr)
	}
	if _, stderr, exit := simota("", "script", "parse", "--format", "compact", "--data", "@none.hex"); exit != 1 || !strings.Contains(stderr, "none.hex") {
		t.Errorf("exit status %d, %s", exit, stderr)
	}
}

func TestCommandLineIsStrict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{"packet", ""},
		{"packet bild", "did you mean build?"},
		{"packet build", "--spi is missing"},
		{"packet build --jsonl --spi 1639", "--spi and --jsonl exclude each other"},
		{"packet build 00", `"00" is one argument too many`},
		{"sms join", "USER-DATA is missing"},
		{"sms join 0", "argument 1: "},
		{"sms join --jsonl 00", "is one argument too many"},
		{"sms split --packet 00 --element 72", "element: 72: want 70 or 71"},
		{"sms split --packet 00 --concat-reference 100", "concat_reference: "},
		{"script parse --format long --data 00", `--format: "long" is no format`},
		{"apdu explain 00", "cut short"},
		{"cap info", "FILE is missing"},
		{"cap info a b", "one argument too many"},
		{"cap info none.cap", "none.cap"},
		{"cap info go.mod", "go.mod: "},
	} {
		_, stderr, exit := simota("", strings.Fields(c.line)...)
		if c.want == "" {
			continue
		}
		if exit == 0 || !strings.Contains(stderr, c.want) {
			t.Errorf("simota %s: exit status %d, %s", c.line, exit, stderr)
		}
	}
}

func TestPeopleReadWhatWasBuiltAndWhatHappened(t *testing.T) {
	t.Parallel()
	build := []string{"packet", "build", "--kic", "15", "--kid", "15", "--tar", "B00011", "--cntr", "1", "--data", "00", "--allow-weak"}
	keys := []string{"--kic-key", kicKey, "--kid-key", kidKey}
	write := func(apdus string) []string {
		return append(append([]string{"card", "run"}, keys...), messages(t, record{"data": apdus})...)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{append(build, "--spi", "0001"), "KIc 15 not used\nKID 15 not used\n"},
		{append(build, "--spi", "0101"), "KID 15 CRC-32\n"},
		{append(append(build, "--spi", "0109"), keys...), "KID 15 CRC-32; for the answer 3des-2, check value CF01DF\n"},
		{append(append(build, "--spi", "1201"), keys...), "data 1 octet\n"},
		{[]string{"script", "parse", "--format", "expanded-definite", "--data", "ab0a80010323029000810101"}, "1 command ran, the card counts 2 objects more\n1 9000 done\n! immediate action 01 suspended, not done\n"},
		{[]string{"script", "parse", "--format", "expanded-definite", "--data", "ab06800100900109"}, "! bad format 09 not a known code\n"},
		{[]string{"sms", "join", "00aa"}, "payload without an element of secured packets, 1 octet\naa\n"},
		{[]string{"sms", "join", "027100aa"}, "response packet, 1 octet\naa\n"},
		{[]string{"apdu", "explain", "00a4080404" + "7fff6f07", "00d6000002" + "0849"}, "SELECT 3F00/7FFF/6F07: IMSI\n00D6 0000 02 0849 UPDATE BINARY offset 0, 2 octets\n"},
		{[]string{"apdu", "explain", "a0a40000023f00", "00a4040007a0000000871002"}, "SELECT application A0000000871002\n"},
		{write("00e400000" + "26f46"), "file SPN (7FFF/6F46) deleted\n"},
	} {
		out, stderr, exit := simota("", c.args...)
		spaced := regexp.MustCompile(` +`).ReplaceAllString(out, " ")
		if exit != 0 || !strings.Contains(spaced, c.want) {
			t.Errorf("%v: exit status %d, %s no %q in\n%s", c.args, exit, stderr, c.want, spaced)
		}
	}
}

func FuzzEveryLineHasOneAnswer(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "{}\n{}", "x\r\n", `{"id":1,"apdus":["9000","00a40004026f07"]}`, `{"id":[2],"parts":["0270000102"],"packet":"00"}`,
		`{"spi":"1639","kic":"15","kid":"15","tar":"b00011","kic_key":"` + kicKey + `","kid_key":"` + kidKey + `","cntr":"1","data":"00"}`,
		`{"format":"expanded-definite","data":"ab0a80010123029000900101"}`, `{"format":"compact","commands":["00b0000009"]}`,
		`{"spi":"1639","kic":"15","kid":"15","packet":"000b0ab0001100000000000006"}`,
		`{"xml":"` + quoted(tinyXML) + `","sec":3,"pin":"12345","reference":256}`, `{"pdu":"010601b6` + tinyWBXML + `"}`,
		`{"server_id":"simota","password":"secret","nonce":"6e6f6e6365","session":1}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		want := strings.Count(in, "\n")
		if in != "" && !strings.HasSuffix(in, "\n") {
			want++
		}
		for _, name := range slices.Concat(pages[0].commands, pages[1].commands) {
			if name == "cap info" || name == "card run" {
				continue
			}
			out, stderr, exit := simota(in, append(strings.Fields(name), "--jsonl")...)
			failed := 0
			for line := range strings.Lines(out) {
				var r map[string]json.RawMessage
				decode(t, line, &r)
				if r["id"] == nil {
					t.Errorf("%s: no id in %s", name, line)
				}
				if r["error"] != nil {
					failed++
				}
			}
			if n := strings.Count(out, "\n"); n != want || (failed > 0) != (exit == 1) || (stderr == "") != (exit == 0) {
				t.Errorf("%s: %d answers to %d lines, %d failed, exit status %d", name, n, want, failed, exit)
			}
		}
	})
}

func BenchmarkPacketBuildLines(b *testing.B) {
	line, err := json.Marshal(command())
	if err != nil {
		b.Fatal(err)
	}
	in := strings.Repeat(string(line)+"\n", b.N)
	b.ResetTimer()
	if _, _, exit := simota(in, "packet", "build", "--jsonl"); exit != 0 {
		b.Fatal(exit)
	}
}
