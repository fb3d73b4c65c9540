package rfm

import (
	"bytes"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// codec is how the content of one file is written as octets, as a value with a
// JSON form, and in words.
type codec interface {
	decode(b []byte) (any, error)
	encode(v any, old []byte) ([]byte, error)
	words(b []byte) (string, error)
}

// coding is the codec of a value of type T.
type coding[T any] struct {
	from func(b []byte) (T, error)
	// to codes a value for a file that holds old now. Its result may be
	// shorter than old, and stands for itself followed by FF. Without old the
	// result is as long as the value needs.
	to   func(v T, old []byte) ([]byte, error)
	says func(v T) string
	// amends says that parts a JSON object does not name stay as the card has
	// them; on a card without a value, as in fresh.
	amends bool
	fresh  T
	// full says that octets that are all FF are a value like others.
	full bool
}

func (c coding[T]) decode(b []byte) (any, error) {
	v, err := c.from(b)
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (c coding[T]) encode(v any, old []byte) ([]byte, error) {
	value, ok := v.(T)
	if !ok {
		var err error
		if value, err = c.read(v, old); err != nil {
			return nil, err
		}
	}
	return c.to(value, old)
}

// read takes a value over its JSON form.
func (c coding[T]) read(v any, old []byte) (T, error) {
	value := c.fresh
	if c.amends && len(old) > 0 && !allFF(old) {
		if now, err := c.from(old); err == nil {
			value = now
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return value, fmt.Errorf("rfm: value of type %T: %w", v, err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var wrong *json.UnmarshalTypeError
	switch err := d.Decode(&value); {
	case errors.As(err, &wrong):
		return value, misfit(wrong)
	case err != nil:
		return value, fmt.Errorf("rfm: value: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return value, errors.New("rfm: more than one value")
	}
	return value, nil
}

// misfit says which form is wanted, without Go's names for types.
func misfit(e *json.UnmarshalTypeError) error {
	where := ""
	if e.Field != "" {
		where = e.Field + ": "
	}
	found, _, _ := strings.Cut(e.Value, " ") // of a number, its digits follow
	if name, ok := map[string]string{"string": "text", "object": "a map", "array": "a list", "number": "a number"}[found]; ok {
		found = name
	}
	if wanted := form(e.Type); wanted != "text" {
		return fmt.Errorf("rfm: %swant %s, found %s", where, wanted, found)
	}
	return fmt.Errorf("rfm: %swant text, found %s; numbers that are names, as an IMSI, need quotes", where, found)
}

// form is how a value of a type is written.
func form(t reflect.Type) string {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return "text"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return form(t.Elem())
	case reflect.Slice, reflect.Array:
		return "a list of " + form(t.Elem())
	case reflect.Struct:
		var names []string
		for i := range t.NumField() {
			if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
				names = append(names, name+": "+form(t.Field(i).Type))
			}
		}
		return "{" + strings.Join(names, ", ") + "}"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	}
	return "a number"
}

func (c coding[T]) words(b []byte) (string, error) {
	if !c.full && len(b) > 0 && allFF(b) {
		return "empty", nil
	}
	v, err := c.from(b)
	if err != nil {
		return "", err
	}
	return c.says(v), nil
}

// secretCoding is a coding of key material: octets that are all FF are no key.
type secretCoding struct{ codec }

func (c secretCoding) words(b []byte) (string, error) {
	if len(b) > 0 && allFF(b) {
		return "no key", nil
	}
	return c.codec.words(b)
}

// Decode reads the octets of the file, or of one of its records: a struct, a
// list, a number or a string, by file, that json.Marshal shows. Values of files
// of key material hold key set identifiers, never keys. A file outside the
// table gives Hex.
func (f File) Decode(b []byte) (any, error) {
	v, err := f.codec().decode(f.used(b))
	if err != nil {
		return nil, fmt.Errorf("rfm: %s: %w", f.Title, cut(err))
	}
	return v, nil
}

// Encode codes a value: of the type that Decode returns, or anything with its
// JSON form, as json.RawMessage or what a YAML document decodes to. old are the
// octets that the card's file or record holds now: their number is its size, FF
// fills it, and files like AD and SMSP keep what the value does not name. With
// nothing for old the result has the size of the standard, or else the size
// that the value needs.
func (f File) Encode(v any, old []byte) ([]byte, error) {
	if len(old) == 0 && f.Size > 0 {
		old = blank(f.Size)
	}
	b, err := f.codec().encode(v, old)
	if err != nil {
		return nil, fmt.Errorf("rfm: %s: %w", f.Title, cut(err))
	}
	if len(old) == 0 {
		return b, nil
	}
	if err := f.checkSize(len(b), len(old)); err != nil {
		return nil, err
	}
	return append(b, blank(len(old)-len(b))...), nil
}

// used are the octets without the FF by which a card's file is longer than the
// standard's.
func (f File) used(b []byte) []byte {
	if f.Size > 0 && len(b) > f.Size && allFF(b[f.Size:]) {
		return b[:f.Size]
	}
	return b
}

func (f File) codec() codec {
	if i := position(f.Name); i >= 0 {
		return table[i].codec
	}
	return octetsCoding
}

// cut takes the package's name off an error that is wrapped once more.
func cut(err error) error {
	if text, ok := strings.CutPrefix(err.Error(), "rfm: "); ok {
		return &detail{text, err}
	}
	return err
}

type detail struct {
	text string
	err  error
}

func (d *detail) Error() string { return d.text }
func (d *detail) Unwrap() error { return d.err }

// Hex are octets whose text form is hexadecimal.
type Hex []byte

// MarshalText returns upper-case hex digits.
func (h Hex) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads hex digits; spaces may stand between octets.
func (h *Hex) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(strings.ReplaceAll(string(text), " ", ""))
	if err != nil {
		return fmt.Errorf("rfm: %q is not hex octets", text)
	}
	*h = b
	return nil
}

// String returns upper-case hex digits.
func (h Hex) String() string { return fmt.Sprintf("%X", []byte(h)) }

// octetsCoding shows and takes octets as they are.
var octetsCoding = coding[Hex]{
	from: func(b []byte) (Hex, error) { return bytes.Clone(b), nil },
	to:   func(h Hex, _ []byte) ([]byte, error) { return bytes.Clone(h), nil },
	says: Hex.String,
}

// oneOf is a file of one octet whose values have names: the first is 00.
func oneOf(names ...string) codec {
	return coding[string]{
		from: func(b []byte) (string, error) {
			if len(b) == 0 || !allFF(b[1:]) || int(b[0]) >= len(names) {
				return "", fmt.Errorf("rfm: octets %X: want one octet, 00 to %02X", b, len(names)-1)
			}
			return names[b[0]], nil
		},
		to: func(v string, _ []byte) ([]byte, error) {
			for i, n := range names {
				if n == v {
					return []byte{byte(i)}, nil
				}
			}
			return nil, fmt.Errorf("rfm: %q is not known: want %s", v, strings.Join(names, ", "))
		},
		says: func(v string) string { return v },
	}
}

// text is how a value that is a string speaks for itself.
func text(s string) string { return s }
