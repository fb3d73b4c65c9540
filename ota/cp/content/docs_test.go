package content

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestPageListsEveryRule(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/device-configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range allRules() {
		row := fmt.Sprintf("| `%s/%s` | %v | %s |\n", r.by, r.id, r.effect, r.what)
		if !strings.Contains(string(text), row) {
			t.Errorf("the page lacks\n%s", row)
		}
	}
}
