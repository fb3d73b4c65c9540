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

const blanks = " \t\r\n\x00"

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

// valueAt returns the word at i, after blanks and out of its quotes, and where it ends. A label there
// means that the value is empty.
func valueAt(s string, i int) (string, int) {
	for i < len(s) && blank(s[i]) {
		i++
	}
	if keyAt(s, i) != "" {
		return "", i
	}
	if quoted, ok := quotedAt(s, i); ok {
		return strings.Trim(quoted, blanks), i + len(quoted) + 2
	}
	start := i
	for i < len(s) && !separator(s[i]) {
		i++
	}
	return s[start:i], i
}

// quotedAt returns what is between the quotes that begin at i. A colon inside says that no quote ends the
// value: it belongs to the next label.
func quotedAt(s string, i int) (string, bool) {
	if i >= len(s) || s[i] != '"' && s[i] != '\'' {
		return "", false
	}
	n := strings.IndexByte(s[i+1:], s[i])
	if n < 0 || strings.Contains(s[i+1:i+1+n], ":") {
		return "", false
	}
	return s[i+1 : i+1+n], true
}

// layouts by number of digits. Twelve can be a two-digit year with seconds or a four-digit year without:
// the first is tried first, and a year from 2013 on, read as 20 and a month, is no date. So both
// are told apart but for the years 2001 to 2012, of which no receipt speaks any more.
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
