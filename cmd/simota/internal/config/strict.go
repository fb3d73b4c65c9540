package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/campaign"
)

const (
	// MaxFile is the longest file read, in octets: a campaign that names a
	// few hundred thousand cards.
	MaxFile = 8 << 20
	// deepest is how far brackets may nest: the parser's time grows with the
	// square of it.
	deepest = 64
)

var durationType = reflect.TypeFor[time.Duration]()

// decode reads one document into a value, strictly: unknown fields, fields
// twice, and values that would silently become others are errors.
func decode[T any](text []byte) (v T, err error) {
	root, err := parse(text)
	if err != nil {
		return v, err
	}
	var found []error
	inspect(root, reflect.TypeFor[T](), func(p place) { found = append(found, p) })
	if len(found) > 0 {
		return v, errors.Join(found...)
	}
	err = yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&v)
	return v, err
}

// parse reads the one document of a file.
func parse(text []byte) (ast.Node, error) {
	if len(text) > MaxFile {
		return nil, FieldError{Msg: fmt.Sprintf("file has %d octets, at most %d are read", len(text), MaxFile)}
	}
	if tooDeep(text) {
		return nil, FieldError{Msg: fmt.Sprintf("brackets nest more than %d deep: one is not closed", deepest)}
	}
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	docs := slices.DeleteFunc(f.Docs, func(d *ast.DocumentNode) bool { return d == nil || d.Body == nil })
	switch len(docs) {
	case 0:
		return nil, FieldError{Msg: "file is empty"}
	case 1:
		return docs[0].Body, nil
	}
	return nil, at(docs[1].Body.GetToken(), "a second document begins here: one file holds one")
}

func tooDeep(text []byte) bool {
	depth := 0
	for _, c := range text {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		}
		if depth > deepest {
			return true
		}
	}
	return false
}

// inspect walks a document and the type it is for side by side.
func inspect(n ast.Node, t reflect.Type, report func(place)) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch n := n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		report(at(n.GetToken(), "anchors, aliases and tags are not read here: write the value itself"))
	case ast.MapNode:
		inspectMap(n, t, report)
	case *ast.SequenceNode:
		if t.Kind() == reflect.Slice {
			for _, v := range n.Values {
				inspect(v, t.Elem(), report)
			}
		}
	case *ast.IntegerNode:
		inspectNumber(n.Token, fmt.Sprint(n.Value), t, report)
	case *ast.FloatNode:
		inspectNumber(n.Token, fmt.Sprint(n.Value), t, report)
	case *ast.StringNode:
		if t == durationType {
			if d, err := time.ParseDuration(n.Value); err != nil || d < 0 {
				report(at(n.Token, "%q is no duration: write 90s, 30m or 24h", n.Value))
			}
		}
	}
}

func inspectMap(n ast.MapNode, t reflect.Type, report func(place)) {
	fields := map[string]reflect.Type{}
	if t.Kind() == reflect.Struct {
		fields = fieldsOf(t)
	}
	for it := n.MapRange(); it.Next(); {
		key := it.Key().GetToken()
		if _, merge := it.Key().(*ast.MergeKeyNode); merge {
			report(at(key, "anchors, aliases and tags are not read here: write the value itself"))
			continue
		}
		switch t.Kind() {
		case reflect.Map:
			inspect(it.Value(), t.Elem(), report)
		case reflect.Struct:
			switch ft, ok := fields[key.Value]; {
			case !ok:
				report(unknownField(key, slices.Sorted(maps.Keys(fields))))
			case slices.Contains(secretFields, key.Value):
				inspectSecret(it.Value(), report)
			case zero(it.Value()) && slices.Contains(fromOne, key.Value):
				report(at(key, "%s: 0 is out of range: leave it out for the default, or give more", key.Value))
			default:
				inspect(it.Value(), ft, report)
			}
		}
	}
}

// fromOne are fields whose default stands for a zero that nobody wrote.
var fromOne = []string{
	"batch", "binds", "burst", "cc_length", "enquire_interval", "key_version", "max_id", "max_parts", "record", "response_timeout", "window",
}

// zero is 0, or a duration of nothing.
func zero(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return fmt.Sprint(n.Value) == "0"
	case *ast.StringNode:
		d, err := time.ParseDuration(n.Value)
		return err == nil && d == 0
	}
	return false
}

// secretFields are the only fields that hold secrets; all others name files.
var secretFields = []string{"pin", "secret"}

// inspectSecret refuses what is no text, or would silently become another one,
// without the value that other messages have.
func inspectSecret(n ast.Node, report func(place)) {
	switch n := n.(type) {
	case *ast.StringNode, *ast.LiteralNode, *ast.NullNode:
		return
	case *ast.IntegerNode:
		if fmt.Sprint(n.Value) == strings.TrimSpace(n.Token.Value) {
			return
		}
	}
	report(at(n.GetToken(), "want text, in quotes (value not shown)"))
}

// inspectNumber looks for a number that is not what is written: 00101 is
// sixty-five to YAML, and +551190 loses its plus.
func inspectNumber(tok *token.Token, value string, t reflect.Type, report func(place)) {
	written := strings.TrimSpace(tok.Value)
	switch {
	case t.Kind() == reflect.String && value != written:
		report(at(tok, "%s without quotes is the number %s: write \"%s\"", written, value, written))
	case t == durationType:
		report(at(tok, "%s is no duration: write 90s, 30m or 24h", written))
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64 && strings.ContainsAny(value, ".eE"):
		report(at(tok, "want a whole number, found %s", written))
	}
}

// fieldsOf are the fields of a struct by the names they have in YAML.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range t.NumField() {
		name, option, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if option == "inline" {
			maps.Copy(out, fieldsOf(t.Field(i).Type))
		}
		if name != "" && name != "-" {
			out[name] = t.Field(i).Type
		}
	}
	return out
}

// allFields are the names of every field of every file.
func allFields() []string {
	names := map[string]bool{}
	var collect func(reflect.Type)
	collect = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			collect(t.Elem())
		case reflect.Struct:
			for name, ft := range fieldsOf(t) {
				names[name] = true
				collect(ft)
			}
		}
	}
	for _, t := range []reflect.Type{
		reflect.TypeFor[Config](), reflect.TypeFor[catalog.Operator](), reflect.TypeFor[catalog.CardType](), reflect.TypeFor[catalog.Client](), reflect.TypeFor[campaign.Spec](),
	} {
		collect(t)
	}
	return slices.Sorted(maps.Keys(names))
}

// unknownField names the field that was perhaps meant.
func unknownField(tok *token.Token, known []string) place {
	p := at(tok, "unknown field %q", tok.Value)
	name := nearest(tok.Value, known)
	switch {
	case name != "":
		p.msg += fmt.Sprintf(", did you mean %q?", name)
		if h := help[name]; h != "" {
			p.help = name + " is " + h + ":"
		}
	case len(known) > 0 && len(known) < 24:
		p.msg += ": known here are " + strings.Join(known, ", ")
	}
	return p
}

// nearest is the known name that a typing error is away from; "" when none is.
func nearest(name string, known []string) string {
	best, least := "", 3
	if len(name) <= 4 {
		least = 2
	}
	for _, k := range known {
		if d := distance(strings.ToLower(name), k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is how many letters have to be put in, taken out, changed or
// swapped with their neighbour.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// locate finds the place of a field: its name, or the nearest thing around it
// that the file has.
func locate(root ast.Node, e FieldError) place {
	var tok *token.Token
	rest := e.Field
	for n := root; n != nil && rest != ""; {
		var next ast.Node
		switch n := n.(type) {
		case ast.MapNode:
			for it := n.MapRange(); it.Next(); {
				if r, ok := below(rest, it.Key().GetToken().Value); ok {
					tok, next, rest = it.Key().GetToken(), it.Value(), r
					break
				}
			}
		case *ast.SequenceNode:
			var i int
			end := strings.IndexByte(rest, ']')
			if _, err := fmt.Sscanf(rest, "[%d]", &i); err == nil && end > 0 && i >= 0 && i < len(n.Values) {
				next, rest = n.Values[i], strings.TrimPrefix(rest[end+1:], ".")
				tok = cmp.Or(start(next), tok)
			}
		}
		n = next
	}
	return at(tok, "%s", e.Error())
}

// below says what remains of a path under a name.
func below(path, name string) (string, bool) {
	rest, ok := strings.CutPrefix(path, name)
	if !ok || rest != "" && rest[0] != '.' && rest[0] != '[' {
		return "", false
	}
	return strings.TrimPrefix(rest, "."), true
}

// start is the first token of an element of a list.
func start(n ast.Node) *token.Token {
	if m, ok := n.(ast.MapNode); ok {
		for it := m.MapRange(); it.Next(); {
			return it.Key().GetToken()
		}
	}
	if n == nil {
		return nil
	}
	return n.GetToken()
}
