package codec

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzSplit compares with encoding/json.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { "a" : 1 , "b":"x\"}" } `, `{"a":[{"b":[1,2]},"]"],"c":{"d":"{"}}`, `{"\u0061":tru`, `{"\u0061":true,"é":-1.5e3}`, `[]`, "",
		`{"a":"\\"}`, `{"":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		members, err := split(line)
		var want map[string]json.RawMessage
		unmarshalErr := json.Unmarshal(line, &want)
		if bytes.Equal(bytes.TrimSpace(line), []byte("null")) {
			want, unmarshalErr = nil, errNoObject
		}
		if (err == nil) != (unmarshalErr == nil) {
			t.Fatalf("%q: %v, encoding/json: %v", line, err, unmarshalErr)
		}
		if err != nil {
			return
		}
		got := map[string]json.RawMessage{}
		for _, m := range members {
			got[m.name] = m.value // of equal names the last, as there
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-encoding/json +split)\n%s", line, diff)
		}
	})
}
