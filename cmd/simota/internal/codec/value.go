package codec

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/script"
)

// Values of requests and answers. Errors never repeat a value: it may be a key.

// octets are hexadecimal in text, lower case when written.
type octets []byte

func (o *octets) Set(s string) error {
	if at := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) }); at >= 0 {
		return fmt.Errorf("character %d of %d is no hex digit", at+1, len(s))
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return fmt.Errorf("has %d hex digits: octets need an even number", len(s))
	}
	*o = b
	return nil
}

func (o octets) String() string { return hex.EncodeToString(o) }

// MarshalText returns lower-case hex digits.
func (o octets) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, o), nil }

// octet is one octet, as KIc and KID are.
type octet byte

func (o *octet) Set(s string) error {
	var b octets
	if err := b.Set(s); err != nil {
		return err
	}
	if len(b) != 1 {
		return fmt.Errorf("has %d octets: want one, two hex digits", len(b))
	}
	*o = octet(b[0])
	return nil
}

// spi is a security parameter indicator.
type spi struct{ ota.SPI }

func (v *spi) Set(s string) error { return v.UnmarshalText([]byte(s)) }

// tar is a toolkit application reference that may be left out.
type tar struct {
	ota.TAR
	given bool
}

func (t *tar) Set(s string) error {
	t.given = true
	return t.UnmarshalText([]byte(s))
}

// cntr is a counter: 1 to 10 hex digits when read, 10 when written.
type cntr uint64

func (c *cntr) Set(s string) error {
	n, err := strconv.ParseUint(s, 16, 64)
	if err != nil || len(s) > 10 || strings.Trim(s, "0123456789abcdefABCDEF") != "" {
		return errors.New("is no counter: want 1 to 10 hex digits")
	}
	*c = cntr(n)
	return nil
}

// MarshalText returns 10 lower-case hex digits.
func (c cntr) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%010x", uint64(c)), nil }

// number is a whole number that may be left out. In JSON it is a number, not a string.
type number struct {
	n     int
	given bool
}

func (n *number) Set(s string) error {
	v, err := strconv.Atoi(s)
	if err != nil {
		return errors.New("is no whole number")
	}
	*n = number{v, true}
	return nil
}

// or is the number, or another if it was left out.
func (n number) or(other int) int {
	if n.given {
		return n.n
	}
	return other
}

// reference is that of a concatenated message: hex digits, in JSON also a number.
type reference struct {
	n     uint16
	given bool
}

func (r *reference) Set(s string) error {
	n, err := strconv.ParseUint(s, 16, 16)
	if err != nil {
		return errors.New("is no reference: want two hex digits, or four if it is wide")
	}
	*r = reference{uint16(n), true}
	return nil
}

func (r *reference) setJSON(raw json.RawMessage) error {
	if s, err := unquote(raw); err == nil {
		return r.Set(s)
	}
	if json.Unmarshal(raw, &r.n) != nil {
		return errors.New("want hex digits, or a number of 0 to 65535")
	}
	r.given = true
	return nil
}

// octet is the reference if it fits one.
func (r reference) octet() (byte, error) {
	if r.n > 0xFF {
		return 0, fmt.Errorf("concat_reference: %04x: want one octet", r.n)
	}
	return byte(r.n), nil
}

// format is the coding of a script.
type format script.Format

// formats are the names that the contract has for them.
var formats = map[string]script.Format{
	"compact": script.Compact, "expanded-definite": script.Expanded, "expanded-indefinite": script.Indefinite,
}

func (f *format) Set(s string) error {
	v, ok := formats[s]
	if !ok {
		return fmt.Errorf("%q is no format: want compact, expanded-definite or expanded-indefinite", s)
	}
	*f = format(v)
	return nil
}

// word is any text.
type word string

func (w *word) Set(s string) error { *w = word(s); return nil }

// phrase is any text, with its blanks.
type phrase string

func (p *phrase) Set(s string) error { *p = phrase(s); return nil }

// file is the text of a file, which the command line names; in JSON it is the text itself.
type file string

func (f *file) Set(s string) error { *f = file(s); return nil }

// sec is the security method of a provisioning message, by number or name; in JSON also a number.
type sec struct {
	cp.Security
	given bool
}

func (s *sec) Set(text string) error {
	for m := cp.NETWPIN; m <= cp.USERPINMAC; m++ {
		if strings.EqualFold(text, m.String()) || text == strconv.Itoa(int(m)) {
			*s = sec{m, true}
			return nil
		}
	}
	return errors.New("want 0 to 3, or netwpin, userpin, usernetwpin or userpinmac")
}

func (s *sec) setJSON(raw json.RawMessage) error {
	if text, err := unquote(raw); err == nil {
		return s.Set(text)
	}
	return s.Set(string(raw))
}

// telephone is a number that an SMS comes from (3GPP TS 23.040, 9.1.2.5).
type telephone string

var telephoneForm = regexp.MustCompile(`^\+?[0-9]{1,20}$`)

func (t *telephone) Set(s string) error {
	if !telephoneForm.MatchString(s) {
		return errors.New("is no number: want 1 to 20 digits, with a plus if it is international")
	}
	*t = telephone(s)
	return nil
}

// list is several values; nil is none given.
type list []octets

func (l *list) Set(s string) error {
	var o octets
	if err := o.Set(s); err != nil {
		return err
	}
	*l = append(*l, o)
	return nil
}

// kindOf is how help names the kind of a value.
func kindOf(to any) string {
	switch to.(type) {
	case *number:
		return "number"
	case *format:
		return "format"
	case *word, *phrase, *telephone:
		return "text"
	case *sec:
		return "method"
	}
	return "hex"
}

// setJSON takes the field from JSON.
func (f field) setJSON(raw json.RawMessage) error {
	switch to := f.to.(type) {
	case *bool:
		if json.Unmarshal(raw, to) != nil {
			return errors.New("want true or false")
		}
		return nil
	case *number:
		if json.Unmarshal(raw, &to.n) != nil {
			return errors.New("want a whole number")
		}
		to.given = true
		return nil
	case interface{ setJSON(json.RawMessage) error }:
		return to.setJSON(raw)
	}
	s, err := unquote(raw)
	if err != nil {
		return err
	}
	return f.to.(setter).Set(s)
}

func (l *list) setJSON(raw json.RawMessage) error {
	var texts []json.RawMessage
	if json.Unmarshal(raw, &texts) != nil {
		return errors.New("want an array of strings")
	}
	*l = make(list, len(texts))
	for i, text := range texts {
		s, err := unquote(text)
		if err == nil {
			err = (*l)[i].Set(s)
		}
		if err != nil {
			return fmt.Errorf("%d of %d: %w", i+1, len(texts), err)
		}
	}
	return nil
}

// unquote reads a string of JSON; most stand there as they are.
func unquote(raw json.RawMessage) (s string, err error) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", errors.New("want a string")
	}
	inner := raw[1 : len(raw)-1]
	if !bytes.ContainsFunc(inner, func(r rune) bool { return r == '\\' || r >= utf8.RuneSelf }) {
		return string(inner), nil
	}
	if json.Unmarshal(raw, &s) != nil {
		return "", errors.New("want a string")
	}
	return s, nil
}
