package receipt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Table is what the error codes of one operator mean. Keys are the err field as written, in lower case, or
// a network_error_code as "type:code"; the table counts before the meanings of the standards.
type Table map[string]Cause

const maxErr = 64 // octets of an err field that is worth a row

// ParseTable reads a table from the words of a configuration, as {"001": "unknown-subscriber"}.
// Its error names the key and lists the causes that are known.
func ParseTable(words map[string]string) (Table, error) {
	t := make(Table, len(words))
	for key, name := range words {
		if err := checkKey(key); err != nil {
			return nil, err
		}
		c, ok := causeNamed(name)
		if !ok {
			return nil, fmt.Errorf("receipt: error code %q: %q is no cause: %s", key, name, strings.Join(CauseNames(), ", "))
		}
		low := strings.ToLower(key)
		if _, twice := t[low]; twice {
			return nil, fmt.Errorf("receipt: error code %q is there twice, in capitals and in small letters: keep one", key)
		}
		t[low] = c
	}
	return t, nil
}

// checkKey takes one word without separators; with a colon, two numbers as the wire has them.
func checkKey(key string) error {
	kind, code, network := strings.Cut(key, ":")
	switch {
	case key == "" || len(key) > maxErr || strings.ContainsAny(key, blanks+",;"):
		return fmt.Errorf("receipt: error code %q: want one word of 1 to %d octets, as 001 or 3:27", key, maxErr)
	case !network:
		return nil
	}
	a, wrong := strconv.ParseUint(kind, 10, 8)
	b, bad := strconv.ParseUint(code, 10, 16)
	if wrong != nil || bad != nil || b == 0 || key != fmt.Sprintf("%d:%d", a, b) {
		return fmt.Errorf("receipt: error code %q: want type and code in decimal without zeros in front, as 3:27", key)
	}
	return nil
}

func causeNamed(name string) (Cause, bool) {
	i := slices.Index(CauseNames(), name)
	return Cause(max(i, 0)), i >= 0
}

// CauseNames lists the names of all causes, as a configuration writes them.
func CauseNames() []string {
	names := make([]string, len(causes))
	for i, c := range causes {
		names[i] = c.name
	}
	return names
}
