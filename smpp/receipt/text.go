package receipt

import (
	"strings"
	"time"
)

// fields are the values of a receipt text that are used.
type fields struct{ id, stat, err, submitted, done string }

// keys are the labels of SMPP 3.4, appendix B, and how some SMSCs spell them.
var keys = []string{"id", "sub", "dlvrd", "submit date", "submit_date", "submitdate", "done date", "done_date", "donedate", "stat", "status", "err", "error", "text"}

// parseText takes labels in any order and case. The first of a kind counts, and text ends the search,
// since what follows is the message itself.
func parseText(s string) fields {
	var f fields
	for i := 0; i < len(s); {
		key := keyAt(s, i)
		if key == "" {
			i++
			continue
		}
		if key == "text" {
			break
		}
		value, next := valueAt(s, i+len(key)+1)
		i = next
		if dst := f.field(key); dst != nil && *dst == "" {
			*dst = value
		}
	}
	return f
}

func (f *fields) field(key string) *string {
	switch key {
	case "id":
		return &f.id
	case "stat", "status":
		return &f.stat
	case "err", "error":
		return &f.err
	case "submit date", "submit_date", "submitdate":
		return &f.submitted
	case "done date", "done_date", "donedate":
		return &f.done
	}
	return nil
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0 }

func separator(c byte) bool { return blank(c) || c == ',' || c == ';' }

// keyAt returns the label that starts a word at i and is followed by a colon, in lower case, or "".
func keyAt(s string, i int) string {
	if i > 0 && !separator(s[i-1]) {
		return ""
	}
	for _, k := range keys {
		if end := i + len(k); end < len(s) && s[end] == ':' && strings.EqualFold(s[i:end], k) {
			return k
		}
	}
	return ""
}

// valueAt returns the word at i, after blanks, and where it ends. A label there means that the value is empty.
func valueAt(s string, i int) (string, int) {
	for i < len(s) && blank(s[i]) {
		i++
	}
	if keyAt(s, i) != "" {
		return "", i
	}
	start := i
	for i < len(s) && !separator(s[i]) {
		i++
	}
	return s[start:i], i
}

// layouts by number of digits. Twelve digits are two-digit years with seconds first: that is what the field writes.
var layouts = map[int][]string{
	10: {"0601021504"},
	12: {"060102150405", "200601021504"},
	14: {"20060102150405"},
}

// parseDate reads the digits in front; a time zone behind them is not trusted. What is no date is the zero time.
func parseDate(s string) time.Time {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 15 && len(s) == 16 { // SMPP's own absolute form, YYMMDDhhmmsstnnp
		n = 12
	}
	for _, layout := range layouts[n] {
		if t, err := time.Parse(layout, s[:n]); err == nil {
			return t
		}
	}
	return time.Time{}
}
