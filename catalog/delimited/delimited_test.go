package delimited

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

func isKey(cell []byte) bool { return bytes.EqualFold(cell, []byte("key")) }

// read gives the rows of a table as text, flaws with their lines.
func read(text string) (rows []string, err error) {
	t, err := New(strings.NewReader(text), "KEY", isKey)
	if err != nil {
		return nil, err
	}
	for {
		cells, err := t.Next()
		var flaw Flaw
		switch {
		case err == io.EOF:
			return rows, nil
		case errors.As(err, &flaw):
			rows = append(rows, fmt.Sprintf("line %d %s", t.Line(), flaw))
		case err != nil:
			return rows, err
		default:
			rows = append(rows, fmt.Sprintf("%d%q", t.Line(), cells))
		}
	}
}

func TestDialects(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"key,a\n1,2\n":                  {`2["1" "2"]`},
		"\xEF\xBB\xBFa;KEY\r\n1;2\r\n":  {`2["1" "2"]`},
		"sep=|\nkey|a,b\n1|2,3":         {`3["1" "2,3"]`},
		"a title\n\nkey\ta\n1\t2\n":     {`4["1" "2"]`},
		"key,a,b\n\n,,\n1,,\n":          {`4["1"]`},
		"key,a\n\"1 \"\"x\"\"\", ' 2\n": {`2["1 \"x\"" " 2"]`},
		"key,a\n=\"01\",'02\n":          {`2["01" "02"]`},
		"key,a\n\"1,2\n3,4\n":           {"line 2 has a quote in cell 1 that is not closed", `3["3" "4"]`},
		"key,a\n\"1\"x,2\n":             {"line 2 has text behind the quotes of cell 1"},
		"key,a\n1,2,3\n4,5,\n":          {"line 2 has a cell 3, but the header has 2 columns: is there a separator inside of a value?", `3["4" "5"]`},
	} {
		if got, err := read(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestWhatIsNoTableIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                       "no header with a column KEY in the first 10 lines",
		strings.Repeat("a\n", TitleRows) + "key": "no header with a column KEY",
		"PK\x03\x04":                             "this is a spreadsheet",
		"k\x00e\x00y\x00\n":                      "UTF-16",
		"key\n" + strings.Repeat("1", MaxLine+1): "line 2 has more than 65536 octets",
	} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add("key,a\n1,\"2\"\"\"\n")
	f.Add("sep=;\nkey;a\n='1';\"2\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := New(strings.NewReader(text), "KEY", isKey)
		if err != nil {
			return
		}
		for last := r.Line(); ; {
			cells, err := r.Next()
			var flaw Flaw
			if err != nil && !errors.As(err, &flaw) {
				return
			}
			if r.Line() <= last || len(cells) > len(r.Header()) || err == nil && len(cells) == 0 {
				t.Fatalf("line %d after %d: %q", r.Line(), last, cells)
			}
			last = r.Line()
		}
	})
}
