package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/simota/simota/cmd/simota/internal/api"
)

// maxRemarks is how many rows of a bad file are named.
const maxRemarks = 50

// table is a file whose rows are imported, and perhaps a second one that adds
// to them.
type table struct {
	*app
	file, second string
}

// readContent is readFile of a file that must not be empty.
func (a *app) readContent(file string) ([]byte, error) {
	b, err := a.readFile(file)
	if err == nil && len(b) == 0 {
		if file == "-" {
			file = "standard input"
		}
		err = fmt.Errorf("%s is empty", file)
	}
	return b, err
}

// refused names the file, and that of every bad row, for the server does not
// know it.
func (t *table) refused(err error) error {
	var p *api.Problem
	switch {
	case !errors.As(err, &p):
		return err
	case len(p.Errors) == 0:
		return fmt.Errorf("%s: %w", t.file, err)
	}
	return errors.New(strings.Join(append(t.located(p.Errors), p.Detail), "\n"))
}

// remarks says what is odd about an import that succeeded.
func (t *table) remarks(r api.ImportResult) {
	for _, line := range t.located(r.Bad) {
		t.warn("left out: %s", line)
	}
	for _, line := range t.located(r.Warnings) {
		t.warn("note: %s", line)
	}
	if len(r.Unknown) > 0 {
		t.warn("%s: columns not used: %s", t.file, strings.Join(r.Unknown, ", "))
	}
}

const ofSecond = " of the second file"

// located puts the name of the right file before each remark.
func (t *table) located(remarks []string) (out []string) {
	for i, m := range remarks {
		if i == maxRemarks {
			return append(out, fmt.Sprintf("%s: and %d more", t.file, len(remarks)-maxRemarks))
		}
		if place, rest, ok := strings.Cut(m, ofSecond); ok && t.second != "" && !strings.Contains(place, ":") {
			out = append(out, t.second+" "+place+rest)
		} else {
			out = append(out, t.file+" "+m)
		}
	}
	return out
}
