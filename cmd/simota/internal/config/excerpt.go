package config

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// show writes the place with the lines around it and a mark under the column.
func (p place) show(file string, s source) string {
	p.msg = hideKeys(p.msg)
	if p.line == 0 {
		return file + ": " + p.msg
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", file, p.line, p.column, p.msg)
	if p.help != "" {
		b.WriteString("\n    " + p.help)
	}
	from := 0 // characters of long lines that are left out, so that the place is in sight
	if p.column > longestShown {
		from = p.column - longestShown/2
	}
	for n := max(p.line-1, 1); n <= min(p.line, len(s.lines)); n++ {
		mark := " "
		if n == p.line {
			mark = ">"
		}
		fmt.Fprintf(&b, "\n    %s %4d | %s", mark, n, cut(s.masked(n, p.msg), from))
	}
	fmt.Fprintf(&b, "\n             %s^", strings.Repeat(" ", max(p.column-1-from, 0)))
	return b.String()
}

const longestShown = 160 // characters of a line

func cut(line string, from int) string {
	runes := []rune(line)
	runes = runes[min(from, len(runes)):]
	return string(runes[:min(longestShown, len(runes))])
}

// source is a file, ready for excerpts.
type source struct {
	lines  []string
	tokens map[int]token.Tokens // by line
	fields []string             // names of fields and of the card's files
}

func newSource(text []byte) source {
	whole := strings.ReplaceAll(string(bytes.ToValidUTF8(text, []byte("?"))), "\r\n", "\n")
	s := source{strings.Split(whole, "\n"), map[int]token.Tokens{}, append(allFields(), fileNames()...)}
	for _, t := range lexer.Tokenize(whole) {
		s.tokens[t.Position.Line] = append(s.tokens[t.Position.Line], t)
	}
	return s
}

// masked is a line with stars for its values: any of them may be a secret, in a
// field that is misspelt, or in the wrong file. What stays is the structure,
// the names of fields, and what the message says anyway.
func (s source) masked(n int, msg string) string {
	line := stars(s.lines[n-1])
	for _, t := range s.tokens[n] {
		at := t.Position.Column - 1
		if at < 0 || at >= len(line) {
			continue
		}
		switch {
		case slices.Contains(structure, t.Type):
			copy(line[at:], []rune(t.Value))
		case t.Type == token.CommentType:
			line = line[:at]
		case slices.Contains(s.fields, t.Value) || says(msg, t.Value):
			copy(line[at:], []rune(written(t)))
		}
	}
	return strings.TrimRight(string(line), " ")
}

// structure are the tokens that hold no value.
var structure = []token.Type{
	token.SequenceEntryType, token.MappingValueType, token.CollectEntryType,
	token.SequenceStartType, token.SequenceEndType, token.MappingStartType, token.MappingEndType,
}

// stars is a line with a star for each character that is no space.
func stars(line string) []rune {
	var out []rune
	for _, r := range line {
		if unicode.IsSpace(r) {
			out = append(out, ' ')
		} else {
			out = append(out, '*')
		}
	}
	return out
}

// says tells whether a message has a value, as a word or in quotes.
func says(msg, value string) bool {
	for word := range strings.FieldsSeq(msg) {
		if strings.Trim(word, ":;,.?") == value {
			return true
		}
	}
	return strings.Contains(msg, strconv.Quote(value))
}

// written is a value with its quotes.
func written(t *token.Token) string {
	switch t.Type {
	case token.SingleQuoteType:
		return "'" + t.Value + "'"
	case token.DoubleQuoteType:
		return `"` + t.Value + `"`
	}
	return t.Value
}

// keyLike is what might be a key in the wrong place: half a key or more in hex.
var (
	keyLike = regexp.MustCompile(`[0-9A-Fa-f]{16,}`)
	number  = regexp.MustCompile(`^[0-9]{16,20}$`) // an ICCID
)

// hideKeys takes out of a message what might be a key.
func hideKeys(msg string) string {
	return keyLike.ReplaceAllStringFunc(msg, func(s string) string {
		if number.MatchString(s) {
			return s
		}
		return fmt.Sprintf("(%d hex digits, not shown)", len(s))
	})
}
