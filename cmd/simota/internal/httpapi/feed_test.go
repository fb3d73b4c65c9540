package httpapi

import (
	"strings"
	"testing"
)

func TestEventsThatCannotBeReadAreExplainedInTheWordsOfTheFeed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"imsi": 999700000000001}`:                          "imsi: want text in quotes, found a number",
		`{"imsi": "999700000000001", "happened_at": "noon"}`: `happened_at: "noon" is no time: write it with its zone`,
		`{"imsi": "999700000000001", "tac": "1"}`:            `unknown field "tac"`,
		`{} 1`: "something follows it",
	} {
		if _, err := readEvent(strings.NewReader(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}
