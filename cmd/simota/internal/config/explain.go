package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/simota/simota/ota/campaign"
)

// FieldError says what is wrong with one field of a file.
type FieldError struct {
	Field string // "links[0].rate"; empty for the file as a whole
	Msg   string
}

// Error gives field and message.
func (e FieldError) Error() string {
	if e.Field == "" {
		return e.Msg
	}
	return e.Field + ": " + e.Msg
}

// place is an error whose line and column are known.
type place struct {
	line, column int
	msg          string
	help         string // what the field that was perhaps meant is for
}

// Error gives line, column and message.
func (p place) Error() string { return fmt.Sprintf("%d:%d: %s", p.line, p.column, p.msg) }

func at(t *token.Token, format string, args ...any) place {
	p := place{msg: fmt.Sprintf(format, args...)}
	if t != nil && t.Position != nil {
		p.line, p.column = t.Position.Line, t.Position.Column
	}
	return p
}

// explained is an error that tells everything already.
type explained struct{ text string }

// Error is the whole explanation, several lines long.
func (e explained) Error() string { return e.text }

// Explain turns what is wrong with a YAML file into words: the place, the
// message, and the lines around with their values masked. It takes the errors of this package, of
// campaign.ParseSpec and of go-yaml, also joined; all others, and what was
// explained before, come back as they are.
func Explain(file string, text []byte, err error) error {
	if err == nil {
		return nil
	}
	var done explained
	if errors.As(err, &done) {
		return done
	}
	root, _ := parse(text)
	var places []place
	for _, e := range flatten(err) {
		places = append(places, placeOf(root, e))
	}
	slices.SortStableFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	var s source
	if places[len(places)-1].line > 0 {
		s = newSource(text)
	}
	var out []string
	for _, p := range places {
		out = append(out, p.show(file, s))
	}
	return explained{strings.Join(out, "\n")}
}

// placeOf finds out where an error is; the zero line is the whole file.
func placeOf(root ast.Node, err error) place {
	var field FieldError
	var spec campaign.FieldError
	var known place
	var raw yaml.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &field):
		return locate(root, field)
	case errors.As(err, &spec):
		return locate(root, finer(spec))
	case errors.As(err, &raw):
		return translate(raw)
	}
	return place{msg: err.Error()}
}

// finer takes the exact field from a message that begins with it.
func finer(e campaign.FieldError) FieldError {
	if field, msg, ok := strings.Cut(e.Msg, ": "); ok && strings.HasPrefix(field, e.Field+".") {
		return FieldError{field, msg}
	}
	return FieldError(e)
}

func flatten(err error) []error {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range j.Unwrap() {
			out = append(out, flatten(e)...)
		}
		return out
	}
	return []error{err}
}

// translate says what go-yaml says without Go's names for types.
func translate(e yaml.Error) place {
	msg := e.GetMessage()
	var wrong *yaml.TypeError
	var over *yaml.OverflowError
	var node *yaml.UnexpectedNodeTypeError
	var unknown *yaml.UnknownFieldError
	switch {
	case errors.As(e, &wrong):
		msg = "want " + words(wrong.DstType)
		if wrong.Token != nil && strings.IndexAny(wrong.Token.Value, "[{|>") != 0 {
			msg += fmt.Sprintf(", found %q", wrong.Token.Value)
		}
	case errors.As(e, &over):
		msg = fmt.Sprintf("%s is out of range", over.SrcNum)
	case errors.As(e, &node):
		msg = fmt.Sprintf("want %s, found %s", shape(node.Expected), shape(node.Actual))
	case errors.As(e, &unknown) && unknown.Token != nil:
		p := unknownField(unknown.Token, allFields())
		return p
	}
	return at(e.GetToken(), "%s", msg)
}

// shape says in words how a value is written.
func shape(t ast.NodeType) string {
	switch t {
	case ast.SequenceType:
		return "a list, as [a, b]"
	case ast.MappingType, ast.MappingValueType:
		return "fields, as {name: value}"
	case ast.StringType, ast.LiteralType:
		return "text"
	}
	return "a " + t.YAMLName()
}

func words(t reflect.Type) string {
	switch {
	case t == nil:
		return "something else"
	case t == durationType:
		return "a duration, as 90s, 30m or 24h"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return words(t.Elem())
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "a map of fields"
	}
	return "a whole number"
}
