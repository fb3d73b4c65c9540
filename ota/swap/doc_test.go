package swap_test

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/simota/simota/ota/swap"
)

// row is what the users' table says of a state.
type row struct {
	state                     swap.State
	meaning, closed, unproven string
}

// stateTable reads the table of states of docs/saga.md.
var stateTable = sync.OnceValues(func() ([]row, error) {
	b, err := os.ReadFile("../../docs/saga.md")
	if err != nil {
		return nil, err
	}
	_, text, _ := strings.Cut(string(b), "\n## States\n")
	text, _, _ = strings.Cut(text, "\n## ")
	var rows []row
	for line := range strings.Lines(text) {
		c := strings.Split(strings.TrimSpace(line), " | ")
		if len(c) != 7 || !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| state ") {
			continue
		}
		rows = append(rows, row{swap.State(strings.TrimPrefix(c[0], "| ")), c[1], c[5], strings.TrimSuffix(c[6], " |")})
	}
	return rows, nil
})

// agrees says whether the users' table allows a result. Every test asks it.
func agrees(r swap.Result) bool {
	rows, err := stateTable()
	i := slices.IndexFunc(rows, func(w row) bool { return w.state == r.State })
	if err != nil || i < 0 {
		return false
	}
	switch rows[i].closed {
	case "yes":
		return r.Closed
	case "no":
		return !r.Closed
	}
	return true
}

func TestUsersTableHasEveryState(t *testing.T) {
	t.Parallel()
	rows, err := stateTable()
	if err != nil {
		t.Fatal(err)
	}
	var got []swap.State
	for _, r := range rows {
		got = append(got, r.state)
		if r.meaning != r.state.Describe() {
			t.Errorf("%s: the table says %q, the program %q", r.state, r.meaning, r.state.Describe())
		}
		if want := map[bool]string{true: "yes", false: "no"}[r.state.Unproven()]; r.unproven != want {
			t.Errorf("%s: unproven %q, want %q", r.state, r.unproven, want)
		}
		if !slices.Contains([]string{"yes", "no", "by goal", "in time"}, r.closed) {
			t.Errorf("%s: closed %q", r.state, r.closed)
		}
	}
	if !slices.Equal(got, swap.States()) {
		t.Errorf("states %q, want %q", got, swap.States())
	}
}
