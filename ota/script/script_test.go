package script_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
)

func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type vectors struct {
	Scripts []struct {
		ID, Format string
		Commands   []string
		Expect     struct{ Data string }
	}
	ScriptResponses []struct {
		ID, Format, Data string
		Expect           struct {
			Executed  int
			RAPDUs    []struct{ Data, SW string }
			BadFormat string `json:"bad_format"`
		}
	} `json:"script_responses"`
	Responses []struct {
		ID     string
		Expect struct{ Data string }
	}
}

func load(t testing.TB) vectors {
	t.Helper()
	b, err := os.ReadFile("../../testdata/ota/secured-packet.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func format(t testing.TB, name string) script.Format {
	t.Helper()
	f, ok := map[string]script.Format{
		"compact": script.Compact, "expanded-definite": script.Expanded, "expanded-indefinite": script.Indefinite,
	}[name]
	if !ok {
		t.Fatalf("unknown format %q", name)
	}
	return f
}

func TestScriptVectors(t *testing.T) {
	t.Parallel()
	v := load(t)
	if len(v.Scripts) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range v.Scripts {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			s := script.Script{Format: format(t, v.Format)}
			for _, c := range v.Commands {
				command, err := sat.ParseCommand(octets(t, c))
				if err != nil {
					t.Fatal(err)
				}
				s.Commands = append(s.Commands, command)
			}
			got, err := s.AppendBinary(nil)
			if err != nil || !bytes.Equal(got, octets(t, v.Expect.Data)) {
				t.Errorf("got  %x, %v\nwant %s", got, err, v.Expect.Data)
			}
			ask := s.Format
			if ask == script.Indefinite {
				ask = script.Expanded
			}
			back, err := script.Parse(ask, octets(t, v.Expect.Data))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s, back); diff != "" {
				t.Errorf("parsed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScriptResponseVectors(t *testing.T) {
	t.Parallel()
	v := load(t)
	if len(v.ScriptResponses) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range v.ScriptResponses {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			want := script.Response{Executed: v.Expect.Executed}
			for _, r := range v.Expect.RAPDUs {
				sw := octets(t, r.SW)
				want.Results = append(want.Results, script.Result{Status: sat.Status(sw[0])<<8 | sat.Status(sw[1])})
			}
			if v.Expect.BadFormat != "" {
				want.BadFormat = octets(t, v.Expect.BadFormat)[0]
			}
			got, err := script.ParseResponse(format(t, v.Format), octets(t, v.Data))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			back, err := got.AppendBinary(nil, format(t, v.Format))
			if err != nil || !bytes.Equal(back, octets(t, v.Data)) {
				t.Errorf("came back as %x, %v", back, err)
			}
		})
	}
}

// Every proof of receipt of the vectors carries a compact response.
func TestResponsesInsideProofs(t *testing.T) {
	t.Parallel()
	reads := 0
	for _, v := range load(t).Responses {
		if v.Expect.Data == "" {
			continue
		}
		r, err := script.ParseResponse(script.Compact, octets(t, v.Expect.Data))
		if err != nil {
			t.Errorf("%s: %v", v.ID, err)
			continue
		}
		b, err := r.AppendBinary(nil, script.Compact)
		if err != nil || !bytes.Equal(b, octets(t, v.Expect.Data)) {
			t.Errorf("%s came back as %x, %v", v.ID, b, err)
		}
		if strings.Contains(v.ID, "script") || strings.HasSuffix(v.ID, "-read") {
			reads++
			want := !strings.HasPrefix(v.Expect.Data, "016")
			if got := r.OK(int(octets(t, v.Expect.Data)[0])); got != want {
				t.Errorf("%s: OK = %t for %s", v.ID, got, v.Expect.Data)
			}
		}
	}
	if reads == 0 {
		t.Error("no script or read among the vectors")
	}
}

func TestSwapWithImmediateRefresh(t *testing.T) {
	t.Parallel()
	s := script.Script{
		Format:    script.Expanded,
		Commands:  []sat.Command{sat.Select(0x6F07), sat.UpdateBinary(0, octets(t, "080910101032547698"))},
		Immediate: script.Refresh(0x04),
	}
	want := octets(t, "AA24 2207 00A40004026F07 220E 00D6000009080910101032547698 8109 8103010104 82028182")
	got, err := s.AppendBinary([]byte{0x01})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got[1:], want) || len(want) != 38 {
		t.Errorf("got  %X\nwant %X", got[1:], want)
	}
	back, err := script.Parse(script.Expanded, want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, back); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCommandWithoutDataKeepsItsP3InCompactFormat(t *testing.T) {
	t.Parallel()
	s := script.Script{Format: script.Compact, Commands: []sat.Command{{INS: 0x44, Le: sat.NoLe}, sat.Select(0x6F07)}}
	b, err := s.AppendBinary(nil)
	if err != nil || !bytes.Equal(b, octets(t, "0044000000 00A40004026F07")) {
		t.Fatalf("%X, %v", b, err)
	}
	back, err := script.Parse(script.Compact, b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, back); diff != "" {
		t.Error(diff)
	}
}

func TestScriptsThatCannotBeSent(t *testing.T) {
	t.Parallel()
	read, sel := sat.ReadBinary(0, 9), sat.Select(0x6F07)
	many := func(n int) []sat.Command {
		cs := make([]sat.Command, n)
		for i := range cs {
			cs[i] = sel
		}
		return cs
	}
	for name, c := range map[string]struct {
		s    script.Script
		want string
	}{
		"Le before the last":     {script.Script{Format: script.Compact, Commands: []sat.Command{sel, read, sel}}, "command 2 of 3, READ BINARY offset 0, 9 octets, has Le"},
		"immediate in compact":   {script.Script{Format: script.Compact, Commands: []sat.Command{sel}, Immediate: script.Refresh(4)}, "no immediate action"},
		"empty immediate":        {script.Script{Format: script.Expanded, Commands: []sat.Command{sel}, Immediate: []byte{}}, "immediate action is empty"},
		"nothing, compact":       {script.Script{Format: script.Compact}, "no commands"},
		"nothing, expanded":      {script.Script{Format: script.Expanded}, "no commands"},
		"too many, compact":      {script.Script{Format: script.Compact, Commands: many(256)}, "256 commands"},
		"too many, expanded":     {script.Script{Format: script.Expanded, Commands: many(63)}, "63 commands"},
		"bad command, compact":   {script.Script{Format: script.Compact, Commands: []sat.Command{sat.ReadRecord(0, 1)}}, "command 1 of 1"},
		"bad command, expanded":  {script.Script{Format: script.Expanded, Commands: []sat.Command{sat.ReadRecord(0, 1)}}, "command 1 of 1"},
		"unknown format":         {script.Script{Format: "EXPANDED", Commands: many(1)}, `unknown format "EXPANDED"`},
		"no format":              {script.Script{Commands: many(1)}, `unknown format ""`},
		"no Le in compact":       {script.Script{Format: script.Compact, Commands: []sat.Command{{INS: 0xB0, Le: sat.NoLe}, sel}}, "cannot be told with P3 00"},
		"Le of an unknown INS":   {script.Script{Format: script.Compact, Commands: []sat.Command{{INS: 0x70, Le: 1}}}, "cannot be told with P3 01"},
		"error in compact":       {script.Script{Format: script.Compact, Commands: many(1), ErrorAction: []byte{}}, "no error action"},
		"chaining in compact":    {script.Script{Format: script.Compact, Commands: many(1), Chaining: script.ChainLast}, "no chaining"},
		"wait in compact":        {script.Script{Format: script.Compact, Commands: many(1), WaitSession: true}, "no wait"},
		"early in compact":       {script.Script{Format: script.Compact, Commands: many(1), AnswerFirst: true}, "no early response"},
		"unknown chaining":       {script.Script{Format: script.Expanded, Commands: many(1), Chaining: 0x12}, "chaining 12"},
		"unknown indicator":      {script.Script{Format: script.Expanded, Commands: many(1), Immediate: []byte{0x83}}, "indicator 83"},
		"indicator on error":     {script.Script{Format: script.Expanded, Commands: many(1), ErrorAction: []byte{0x81}}, "error action has indicator 81"},
		"not a command":          {script.Script{Format: script.Expanded, Commands: many(1), Immediate: []byte{0x82, 0x02, 0x81, 0x82}}, "command details"},
		"cut objects":            {script.Script{Format: script.Expanded, Commands: many(1), Immediate: script.Refresh(4)[:8]}, "cut short"},
		"SEND SHORT MESSAGE":     {script.Script{Format: script.Expanded, Commands: many(1), Immediate: octets(t, "8103011300 82028183")}, "command type 13"},
		"early without action":   {script.Script{Format: script.Expanded, Commands: many(1), AnswerFirst: true}, "needs an action"},
		"early before indicator": {script.Script{Format: script.Expanded, Commands: many(1), AnswerFirst: true, Immediate: []byte{0x81}}, "needs an action"},
		"too many with actions":  {script.Script{Format: script.Expanded, Commands: many(61), WaitSession: true, AnswerFirst: true, Immediate: []byte{1}, ErrorAction: []byte{}}, "holds 60"},
	} {
		if b, err := c.s.AppendBinary(nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %X, %v; want %q", name, b, err, c.want)
		}
	}
}

func TestParseRefusesDamage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format script.Format
		hex    string
	}{
		"empty compact":     {script.Compact, ""},
		"cut compact":       {script.Compact, "00A40004026F"},
		"empty expanded":    {script.Expanded, ""},
		"no commands":       {script.Expanded, "AA00"},
		"response template": {script.Expanded, "AB0401020304"},
		"trailing":          {script.Expanded, "AA09220700A40004026F0700"},
		"cut inside":        {script.Expanded, "AA08220700A40004026F"},
		"cut command":       {script.Expanded, "AA08220600A40004026F"},
		"two immediates":    {script.Expanded, "AA0F220700A40004026F07810181810181"},
		"empty immediate":   {script.Expanded, "AA0B220700A40004026F078100"},
		"no end mark":       {script.Expanded, "AE80220700A40004026F07"},
		"octets after it":   {script.Expanded, "AE80220700A40004026F07000000"},
		"AE of known size":  {script.Expanded, "AE09220700A40004026F07"},
		"AA of unknown":     {script.Expanded, "AA80220700A40004026F070000"},
		"unknown format":    {"", "AA09220700A40004026F07"},
	} {
		if s, err := script.Parse(c.format, octets(t, c.hex)); err == nil {
			t.Errorf("%s: %v, want an error", name, s)
		}
	}
	for name, objects := range map[string]string{
		"chaining at the end":     "220700A40004026F07 830101",
		"chaining of two octets":  "83020101 220700A40004026F07",
		"chaining 00":             "830100 220700A40004026F07",
		"two chainings":           "830101 830101 220700A40004026F07",
		"unknown tag":             "220700A40004026F07 840101",
		"unknown action":          "220700A40004026F07 8109 8103012500 82028182",
		"error indicator":         "820181 220700A40004026F07",
		"tag of two octets":       "9F22 07 00A40004026F07",
		"early response, nothing": "220700A40004026F07 810182 810181",
	} {
		for _, format := range []string{"AA", "AE80"} {
			b := octets(t, objects)
			if format == "AA" {
				b = append([]byte{0xAA, byte(len(b))}, b...)
			} else {
				b = append(append([]byte{0xAE, 0x80}, b...), 0, 0)
			}
			if s, err := script.Parse(script.Expanded, b); err == nil || errors.Is(err, script.ErrUnsupported) {
				t.Errorf("%s %s: %+v, %v; want it refused as wrong", format, name, s, err)
			}
		}
	}
}

func TestLegalPlacesThatAreNotDone(t *testing.T) {
	t.Parallel()
	const sel = "220700A40004026F07"
	for name, objects := range map[string]string{
		"action between commands":        sel + "8109 8103010104 82028182" + sel,
		"wait between commands":          sel + "810181" + sel,
		"action before commands":         "8109 8103010104 82028182" + sel,
		"two waits":                      "810181 810181" + sel,
		"wait after error action":        "8200 810181" + sel,
		"two actions":                    sel + "810101 810102",
		"error action between commands":  sel + "820101" + sel,
		"error action after the last":    sel + "820101",
		"two error actions":              "820101 8200" + sel,
		"early response before commands": "810182" + sel,
	} {
		b := octets(t, objects)
		if s, err := script.Parse(script.Expanded, append([]byte{0xAA, byte(len(b))}, b...)); !errors.Is(err, script.ErrUnsupported) {
			t.Errorf("%s: %+v, %v; want ErrUnsupported", name, s, err)
		}
	}
}

func TestObjectsBesideTheCommands(t *testing.T) {
	t.Parallel()
	const sel = "2207 00A40004026F07"
	text := octets(t, "8103012180 82028102 8D0304 4F4B")
	tone := octets(t, "8103012000 82028103")
	for name, c := range map[string]struct {
		objects string
		want    script.Script
	}{
		"refresh":             {sel + "8109 8103010104 82028182", script.Script{Immediate: script.Refresh(4)}},
		"session indicator":   {sel + "810181", script.Script{Immediate: []byte{0x81}}},
		"early indicator":     {sel + "810182", script.Script{Immediate: []byte{0x82}}},
		"record of EF_RMA":    {sel + "81017F", script.Script{Immediate: []byte{0x7F}}},
		"text":                {sel + "810E 8103012180 82028102 8D0304 4F4B", script.Script{Immediate: text}},
		"tone on error":       {"8209 8103012000 82028103" + sel, script.Script{ErrorAction: tone}},
		"record on error":     {"820101" + sel, script.Script{ErrorAction: []byte{0x01}}},
		"nothing on error":    {"8200" + sel, script.Script{ErrorAction: []byte{}}},
		"first":               {"830101" + sel, script.Script{Chaining: script.ChainFirst}},
		"first, lasting":      {"830111" + sel, script.Script{Chaining: script.ChainFirstLasting}},
		"next":                {"830102" + sel, script.Script{Chaining: script.ChainNext}},
		"last":                {"830103" + sel, script.Script{Chaining: script.ChainLast}},
		"wait":                {"810181" + sel, script.Script{WaitSession: true}},
		"wait in a chain":     {"830103 810181" + sel, script.Script{WaitSession: true, Chaining: script.ChainLast}},
		"answer, then action": {sel + "810182 810105", script.Script{AnswerFirst: true, Immediate: []byte{0x05}}},
		"all": {"830103 810181 8209 8103012000 82028103" + sel + "810182 8109 8103010104 82028182",
			script.Script{Chaining: script.ChainLast, WaitSession: true, ErrorAction: tone, AnswerFirst: true, Immediate: script.Refresh(4)}},
	} {
		body := octets(t, c.objects)
		for format, coded := range map[script.Format][]byte{
			script.Expanded:   append([]byte{0xAA, byte(len(body))}, body...),
			script.Indefinite: append(append([]byte{0xAE, 0x80}, body...), 0, 0),
		} {
			want := c.want
			want.Format, want.Commands = format, []sat.Command{sat.Select(0x6F07)}
			got, err := want.AppendBinary(nil)
			if err != nil || !bytes.Equal(got, coded) {
				t.Errorf("%s, %s: %X, %v\nwant %X", name, format, got, err, coded)
			}
			back, err := script.Parse(script.Expanded, coded)
			if diff := cmp.Diff(want, back); err != nil || diff != "" {
				t.Errorf("%s, %s: %v (-want +got):\n%s", name, format, err, diff)
			}
		}
	}
}

var responses = []struct {
	name   string
	format script.Format
	hex    string
	want   script.Response
	ok     int // number of commands for which OK holds; 0 none
}{
	{"compact done", script.Compact, "029000", script.Response{Executed: 2, Results: []script.Result{{Status: 0x9000}}}, 2},
	{"compact read", script.Compact, "029000 084906400000000021",
		script.Response{Executed: 2, Results: []script.Result{{Status: 0x9000, Data: []byte{0x08, 0x49, 0x06, 0x40, 0, 0, 0, 0, 0x21}}}}, 2},
	{"compact waits", script.Compact, "016119", script.Response{Executed: 1, Results: []script.Result{{Status: 0x6119}}}, 1},
	{"compact failed", script.Compact, "016A82", script.Response{Executed: 1, Results: []script.Result{{Status: 0x6A82}}}, 0},
	{"definite", script.Expanded, "AB0E800102 23029000 2305 010203 9000",
		script.Response{Executed: 2, Results: []script.Result{{Status: 0x9000}, {Data: []byte{1, 2, 3}, Status: 0x9000}}}, 2},
	{"definite cut short", script.Expanded, "AB0C800102 23029000 2303 01 62F1",
		script.Response{Executed: 2, Results: []script.Result{{Status: 0x9000}, {Data: []byte{1}, Status: 0x62F1}}}, 0},
	{"immediate action failed", script.Expanded, "AB0A800101 23029000 810101",
		script.Response{Executed: 1, Results: []script.Result{{Status: 0x9000}}, ActionError: 1}, 0},
	{"actions counted", script.Expanded, "AB0F800104 23029000 2306 01020304 9000",
		script.Response{Executed: 2, Others: 2, Results: []script.Result{{Status: 0x9000}, {Data: []byte{1, 2, 3, 4}, Status: 0x9000}}}, 2},
	{"count above 127", script.Expanded, "AB08800200C8 23029000", script.Response{Executed: 1, Others: 199, Results: []script.Result{{Status: 0x9000}}}, 1},
	{"indefinite, chaining failed", script.Indefinite, "AF80 830101 0000", script.Response{ChainingError: 1}, 0},
	{"chaining failed", script.Expanded, "AB06800100 830103", script.Response{ChainingError: 3}, 0},
	{"indefinite", script.Indefinite, "AF80 23029000 23029000 0000",
		script.Response{Executed: 2, Results: []script.Result{{Status: 0x9000}, {Status: 0x9000}}}, 2},
	{"indefinite, bad format", script.Indefinite, "AF80 23029000 900102 0000",
		script.Response{Executed: 1, Results: []script.Result{{Status: 0x9000}}, BadFormat: 2}, 0},
}

func TestResponseBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range responses {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ask := c.format
			if ask == script.Indefinite {
				ask = script.Expanded // the card chooses the template
			}
			got, err := script.ParseResponse(ask, octets(t, c.hex))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for n := -1; n < 5; n++ {
				if got.OK(n) != (c.ok > 0 && n == c.ok) {
					t.Errorf("OK(%d) = %t", n, got.OK(n))
				}
			}
			b, err := c.want.AppendBinary(nil, c.format)
			if err != nil || !bytes.Equal(b, octets(t, c.hex)) {
				t.Errorf("encoded %X, %v", b, err)
			}
		})
	}
}

// A count of two with one result is one command and something else that ran.
func TestACountIsNoProofOfACommand(t *testing.T) {
	t.Parallel()
	r, err := script.ParseResponse(script.Expanded, octets(t, "AB07 800102 23029000"))
	if err != nil {
		t.Fatal(err)
	}
	if r.OK(2) || !r.OK(1) {
		t.Errorf("%+v: OK(2) = %t, OK(1) = %t", r, r.OK(2), r.OK(1))
	}
}

func TestALongFormIsNoReasonToLoseAnAnswer(t *testing.T) {
	t.Parallel()
	want := script.Response{Executed: 1, Results: []script.Result{{Status: 0x9000}}}
	for _, s := range []string{"AB08 80020001 23029000", "AB8107 800101 23029000", "AB09 800101 2382000290 00"} {
		got, err := script.ParseResponse(script.Expanded, octets(t, s))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", s, err, diff)
		}
	}
}

func TestTruncated(t *testing.T) {
	t.Parallel()
	for hex, want := range map[string]bool{
		"AB0C800102 23029000 2303 01 62F1": true,
		"AF80 2303 01 62F1 0000":           true,
		"AB07800101 23029000":              false,
		"AB03800100":                       false,
	} {
		r, err := script.ParseResponse(script.Expanded, octets(t, hex))
		if err != nil || r.Truncated() != want {
			t.Errorf("%s: %t, %v", hex, r.Truncated(), err)
		}
	}
}

func TestOKNeedsAStatusWord(t *testing.T) {
	t.Parallel()
	if (script.Response{Executed: 2}).OK(2) {
		t.Error("a count alone is no proof")
	}
	if (script.Response{}).OK(0) {
		t.Error("nothing asked is nothing proven")
	}
}

func TestParseResponseRefusesDamage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format script.Format
		hex    string
	}{
		"compact, nothing":       {script.Compact, ""},
		"compact, half a status": {script.Compact, "0190"},
		"nothing":                {script.Expanded, ""},
		"script template":        {script.Expanded, "AA03800101"},
		"no count":               {script.Expanded, "AB0423029000"},
		"empty":                  {script.Expanded, "AB00"},
		"count of 0 octets":      {script.Expanded, "AB028000"},
		"count of 300":           {script.Expanded, "AB0480020130"},
		"more results than ran":  {script.Expanded, "AB0780010023029000"},
		"result without status":  {script.Expanded, "AB06800101230190"},
		"error before a result":  {script.Expanded, "AB0A80010190010123029000"},
		"two errors":             {script.Expanded, "AB09800100900101810101"},
		"error 00":               {script.Expanded, "AB06800100900100"},
		"unknown tag":            {script.Expanded, "AB06800100840101"},
		"count in indefinite":    {script.Expanded, "AF80800101230290000000"},
		"trailing":               {script.Expanded, "AB0380010000"},
		"no end mark":            {script.Expanded, "AF8023029000"},
		"unknown format":         {"x", "AB03800101"},
		"object cut short":       {script.Expanded, "AB06800101239000"},
	} {
		if r, err := script.ParseResponse(c.format, octets(t, c.hex)); err == nil {
			t.Errorf("%s: %+v, want an error", name, r)
		}
	}
}

func TestResponsesThatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	done := []script.Result{{Status: 0x9000}}
	for name, c := range map[string]struct {
		r      script.Response
		format script.Format
	}{
		"compact without result": {script.Response{Executed: 1}, script.Compact},
		"compact with error":     {script.Response{Executed: 1, Results: done, BadFormat: 1}, script.Compact},
		"count of 256":           {script.Response{Executed: 256, Results: done}, script.Compact},
		"fewer ran than results": {script.Response{Results: done}, script.Expanded},
		"more ran than results":  {script.Response{Executed: 2, Results: done}, script.Expanded},
		"others in compact":      {script.Response{Executed: 1, Others: 1, Results: done}, script.Compact},
		"others, uncounted":      {script.Response{Executed: 1, Others: 1, Results: done}, script.Indefinite},
		"others above the count": {script.Response{Executed: 1, Others: 255, Results: done}, script.Expanded},
		"data of 257":            {script.Response{Executed: 1, Results: []script.Result{{Data: make([]byte, 257), Status: 0x9000}}}, script.Expanded},
		"63 results":             {script.Response{Executed: 63, Results: make([]script.Result, 63)}, script.Expanded},
		"two errors":             {script.Response{Executed: 1, Results: done, BadFormat: 1, ActionError: 1}, script.Expanded},
		"uncounted":              {script.Response{Executed: 2, Results: done}, script.Indefinite},
		"unknown format":         {script.Response{Executed: 1, Results: done}, "x"},
	} {
		if b, err := c.r.AppendBinary(nil, c.format); err == nil {
			t.Errorf("%s: %X, want an error", name, b)
		}
	}
}

func TestScriptRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := script.Script{Format: rapid.SampledFrom([]script.Format{script.Compact, script.Expanded, script.Indefinite}).Draw(t, "format")}
		for range rapid.IntRange(1, 62).Draw(t, "n") {
			s.Commands = append(s.Commands, sat.Select(sat.FID(rapid.Uint16().Draw(t, "fid"))),
				sat.UpdateRecord(1, rapid.SliceOfN(rapid.Byte(), 1, 255).Draw(t, "data")))
		}
		s.Commands = s.Commands[len(s.Commands)/2:]
		if rapid.Bool().Draw(t, "read") {
			s.Commands = append(s.Commands[1:], sat.ReadBinary(0, rapid.IntRange(1, 256).Draw(t, "le")))
		}
		b, err := s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		back, err := script.Parse(s.Format, b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, back); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, v := range load(f).Scripts {
		f.Add(octets(f, v.Expect.Data))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range []script.Format{script.Compact, script.Expanded} {
			s, err := script.Parse(format, b)
			if err != nil {
				continue
			}
			coded, err := s.AppendBinary(nil)
			if err != nil {
				if format == script.Compact {
					continue // a read before the end is legal to receive
				}
				t.Fatal(err)
			}
			again, err := script.Parse(format, coded)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s, again); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func FuzzParseResponse(f *testing.F) {
	for _, c := range responses {
		f.Add(octets(f, c.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range []script.Format{script.Compact, script.Expanded} {
			r, err := script.ParseResponse(format, b)
			if err != nil {
				continue
			}
			coded, err := r.AppendBinary(nil, format)
			if err != nil {
				continue // more results than this side would ever send
			}
			again, err := script.ParseResponse(format, coded)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r, again); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}
