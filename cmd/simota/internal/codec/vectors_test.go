package codec_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// record is any JSON object.
type record map[string]any

// vectors are the entries of testdata/ota/secured-packet.json under a name.
func vectors(t *testing.T, name string, want int) []record {
	t.Helper()
	raw, err := os.ReadFile("testdata/ota/secured-packet.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]json.RawMessage
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	var list []record
	if err := json.Unmarshal(file[name], &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != want {
		t.Fatalf("%d %s, want %d", len(list), name, want)
	}
	return list
}

// pick copies members that are there.
func (r record) pick(names ...string) record {
	out := record{}
	for _, n := range names {
		if v, ok := r[n]; ok {
			out[n] = v
		}
	}
	return out
}

func (r record) with(name string, value any) record { r[name] = value; return r }

func (r record) expect() record { return record(r["expect"].(map[string]any)) }

// lines runs a command with --jsonl.
func lines(t *testing.T, command string, requests []record) (answers []record, stderr string, exit int) {
	t.Helper()
	var in strings.Builder
	for _, r := range requests {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(b, '\n'))
	}
	stdout, stderr, exit := simota(in.String(), append(strings.Fields(command), "--jsonl")...)
	for line := range strings.Lines(stdout) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		answers = append(answers, r)
	}
	if len(answers) != len(requests) {
		t.Fatalf("%d answers to %d requests", len(answers), len(requests))
	}
	return answers, stderr, exit
}

// answered runs requests that must all have the answers wanted.
func answered(t *testing.T, command string, requests, want []record) {
	t.Helper()
	got, stderr, exit := lines(t, command, requests)
	if exit != 0 || stderr != "" {
		t.Errorf("exit status %d, %q", exit, stderr)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", command, diff)
	}
}

var packetFields = []string{"id", "spi", "kic", "kid", "tar", "kic_key", "kid_key", "cc_len"}

func TestEveryCommandVectorIsBuilt(t *testing.T) {
	t.Parallel()
	var requests, want []record
	for _, v := range vectors(t, "commands", 56) {
		r := v.pick(append(packetFields, "cntr", "data")...).with("allow_weak", true)
		if ref, ok := v.expect()["concat_reference"]; ok {
			r.with("concat_reference", ref)
		}
		requests = append(requests, r)
		want = append(want, record{
			"id": v["id"], "packet": v.expect()["secured_command_packet"], "parts": v.expect()["sms_user_data"],
		})
	}
	answered(t, "packet build", requests, want)
}

func TestEveryResponseVectorIsOpenedFromPacketAndPartsInAnyOrder(t *testing.T) {
	t.Parallel()
	var requests, want []record
	several := 0
	for _, v := range vectors(t, "responses", 32) {
		parts := v["sms_user_data"].([]any)
		reversed := slices.Clone(parts)
		slices.Reverse(reversed)
		if len(parts) > 1 {
			several++
		}
		answer := v.expect().pick("status", "cntr", "data").with("id", v["id"])
		spi2 := v["spi"].(string)[2:]
		unsecured := v["id"] == "por-unsecured-status09" || v["id"] == "por-unsecured-status0a"
		answer["authenticated"] = strings.Contains("09 19 29 39", spi2) && !unsecured
		for _, r := range []record{
			v.pick(packetFields...).with("packet", v["por_packet"]),
			v.pick(packetFields...).with("parts", parts),
			v.pick(packetFields...).with("parts", append(reversed, reversed[0])),
		} {
			requests, want = append(requests, r), append(want, answer)
		}
	}
	if several == 0 {
		t.Error("no answer has several parts")
	}
	answered(t, "packet parse", requests, want)
}

func TestEveryInvalidResponseVectorIsAnError(t *testing.T) {
	t.Parallel()
	var requests []record
	for _, v := range vectors(t, "invalid_responses", 8) {
		requests = append(requests,
			v.pick(packetFields...).with("packet", v["por_packet"]), v.pick(packetFields...).with("parts", v["sms_user_data"]))
	}
	got, stderr, exit := lines(t, "packet parse", requests)
	if exit != 1 || !strings.Contains(stderr, "16 of 16 lines failed") {
		t.Errorf("exit status %d, %q", exit, stderr)
	}
	for i, r := range got {
		if text, _ := r["error"].(string); text == "" || r["id"] != requests[i]["id"] || len(r) != 2 {
			t.Errorf("answer to %v: %v", requests[i]["id"], r)
		}
	}
}

func TestEveryScriptVectorIsBuilt(t *testing.T) {
	t.Parallel()
	var requests, want []record
	for _, v := range vectors(t, "scripts", 8) {
		requests = append(requests, v.pick("id", "format", "commands", "immediate_action"))
		want = append(want, v.expect().pick("data").with("id", v["id"]))
	}
	answered(t, "script build", requests, want)
}

func TestEveryScriptResponseVectorIsRead(t *testing.T) {
	t.Parallel()
	var requests, want []record
	for _, v := range vectors(t, "script_responses", 1) {
		requests = append(requests, v.pick("id", "format", "data"))
		answer := v.expect().with("id", v["id"])
		rapdus := answer["rapdus"].([]any)
		last := rapdus[len(rapdus)-1].(map[string]any)
		want = append(want, answer.with("sw", last["sw"]).with("response", last["data"]))
	}
	answered(t, "script parse", requests, want)
}
