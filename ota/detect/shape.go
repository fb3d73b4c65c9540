package detect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/theory/jsonpath"
)

// Limits of what is read at once. The largest known sender, the data streamer
// of emnify and 1NCE, posts at most 3,000 records of 1.4 KB.
const (
	MaxBody   = 8 << 20 // octets
	MaxEvents = 3000
)

// ErrBody says that a body as a whole cannot be read.
var ErrBody = errors.New("detect: body is not readable")

// Mapping says where the values of events stand in the JSON of a feed. Each
// field is a constant, or, beginning with "$", a path (RFC 9535) from the
// element that is an event; several, parted by " | ", are tried in turn. A
// field that is not there stays empty, what no path names is not looked at.
type Mapping struct {
	Source string `yaml:"source"` // a constant; empty means the name of the shape
	Each   string `yaml:"each"`   // path of the elements from the top of the body, whose arrays are taken apart; empty means "$"

	// Only lists by path the value that an element must have, else it is
	// passed over.
	Only map[string]string `yaml:"only"`

	Time   string `yaml:"time"` // see ParseTime
	IMSI   string `yaml:"imsi"`
	IMEI   string `yaml:"imei"`
	ICCID  string `yaml:"iccid"`
	MSISDN string `yaml:"msisdn"`
	APN    string `yaml:"apn"`
	PLMN   string `yaml:"plmn"` // MCC and MNC in one, or an object with mcc and mnc
	MCC    string `yaml:"mcc"`
	MNC    string `yaml:"mnc"`

	Kind string `yaml:"kind"` // empty means attach
	// Kinds turns values of Kind into kinds of events. A value that is not
	// there is that of "*"; without one the element is passed over.
	Kinds map[string]Kind `yaml:"kinds"`

	// Answer is the HTTP status that the sender takes for success, 200 or 204;
	// 0 means 204 when every event is stored, else 200.
	Answer int `yaml:"answer"`
}

// Shape is a mapping ready for use. It may be used from any goroutine.
type Shape struct {
	Name   string
	Answer int // see Mapping.Answer

	source string
	each   *jsonpath.Path
	only   []condition
	fields [numFields]alternatives
	kind   alternatives
	kinds  map[string]Kind
}

type condition struct {
	path  alternatives
	value string
}

// alternatives are where a value may stand; constant is for when there is none.
type alternatives struct {
	paths    []*jsonpath.Path
	constant string
}

const (
	fieldTime = iota
	fieldIMSI
	fieldIMEI
	fieldICCID
	fieldMSISDN
	fieldAPN
	fieldPLMN
	fieldMCC
	fieldMNC
	numFields
)

var fieldNames = [numFields]string{"time", "imsi", "imei", "iccid", "msisdn", "apn", "plmn", "mcc", "mnc"}

// Compile checks a mapping and makes the shape of that name. Its error lists
// every problem as a [FieldError].
func (m Mapping) Compile(name string) (*Shape, error) {
	c := compiler{}
	s := &Shape{Name: name, Answer: m.Answer, source: m.Source, kinds: m.Kinds}
	if s.source == "" {
		s.source = name
	}
	if _, err := text(s.source, 64); err != nil {
		c.add("source", "%v", err)
	}
	if m.Each == "" {
		m.Each = "$"
	}
	s.each = c.path("each", m.Each, false)
	for _, p := range slices.Sorted(maps.Keys(m.Only)) {
		s.only = append(s.only, condition{c.alternatives("only", p), m.Only[p]})
	}
	for i, v := range [numFields]string{m.Time, m.IMSI, m.IMEI, m.ICCID, m.MSISDN, m.APN, m.PLMN, m.MCC, m.MNC} {
		s.fields[i] = c.alternatives(fieldNames[i], v)
	}
	if m.IMSI == "" && m.ICCID == "" && m.MSISDN == "" {
		c.add("imsi", "is missing, and so are iccid and msisdn: one of them must say whose event it is")
	}
	c.kinds(m, s)
	if m.Answer != 0 && m.Answer != 200 && m.Answer != 204 {
		c.add("answer", "%d is not known: 200, 204, or leave it out", m.Answer)
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	return s, nil
}

type compiler struct{ errs []error }

func (c *compiler) add(field, format string, args ...any) {
	c.errs = append(c.errs, FieldError{field, fmt.Sprintf(format, args...)})
}

func (c *compiler) kinds(m Mapping, s *Shape) {
	if m.Kind == "" {
		m.Kind = string(Attach)
	}
	s.kind = c.alternatives("kind", m.Kind)
	for _, value := range slices.Sorted(maps.Keys(m.Kinds)) {
		if k := m.Kinds[value]; !k.known() {
			c.add("kinds", "%s: %q is not known: %s", value, string(k), kindNames)
		}
	}
	if k := Kind(s.kind.constant); len(s.kind.paths) == 0 && !k.known() {
		c.add("kind", "%q is not known: %s, or a path that begins with $", m.Kind, kindNames)
	}
}

func (c *compiler) alternatives(field, s string) (a alternatives) {
	if !strings.HasPrefix(s, "$") {
		return alternatives{constant: s}
	}
	for _, p := range strings.Split(s, " | ") {
		a.paths = append(a.paths, c.path(field, strings.TrimSpace(p), true))
	}
	return a
}

// path parses a path. A value's names one node only, and none searches: the
// time that a body takes stays in proportion to its length.
func (c *compiler) path(field, s string, one bool) *jsonpath.Path {
	p, err := jsonpath.Parse(s)
	switch {
	case err != nil:
		c.add(field, "%q is no path (RFC 9535): %v", shown(s), err)
	case strings.Contains(s, ".."):
		c.add(field, "%q searches with \"..\": write the whole way, as $.event.imsi", shown(s))
	case one && p.Query().Singular() == nil:
		c.add(field, "%q may name several values: leave out wildcards, slices and filters; each is for them", shown(s))
	}
	return p
}

// Events reads the events of a body. Elements that cannot be read do not hold
// up the others: the error, if any, joins one *[ElementError] for each, and wraps
// [ErrBody] when the body as a whole is no JSON or too long.
func (s *Shape) Events(body []byte) ([]Row, error) {
	if len(body) > MaxBody {
		return nil, fmt.Errorf("%w: it has %d octets, at most %d are read", ErrBody, len(body), MaxBody)
	}
	r := reading{Shape: s}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	err := r.top(d, bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")))
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows the JSON value")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBody, err)
	}
	return r.rows, errors.Join(r.errs...)
}

// ElementError says why one element of a body is no event.
type ElementError struct {
	Element int // counted from 1
	Err     error
}

// Error is the number of the element and what is wrong with it.
func (e *ElementError) Error() string { return fmt.Sprintf("event %d: %v", e.Element, e.Err) }

// Unwrap is what is wrong with it.
func (e *ElementError) Unwrap() error { return e.Err }

// reading is one body being read.
type reading struct {
	*Shape
	seen int
	rows []Row
	errs []error
}

// top reads the body. The elements of an array at its top are decoded one by
// one, for decoded JSON takes many times its room.
func (r *reading) top(d *json.Decoder, array bool) error {
	if !array {
		return r.value(d)
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		if err := r.value(d); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func (r *reading) value(d *json.Decoder) error {
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	for _, node := range r.each.Select(v) {
		elements, several := node.([]any)
		if !several {
			elements = []any{node}
		}
		for _, e := range elements {
			if r.seen++; r.seen > MaxEvents {
				return fmt.Errorf("it has more than %d events: send fewer at once", MaxEvents)
			}
			ev, ok, err := r.event(e)
			switch {
			case err != nil:
				r.errs = append(r.errs, &ElementError{r.seen, err})
			case ok:
				r.rows = append(r.rows, Row{r.seen, ev})
			}
		}
	}
	return nil
}

// event reads one element; ok is false where it is passed over.
func (s *Shape) event(element any) (e Event, ok bool, err error) {
	object, is := element.(map[string]any)
	if !is {
		return e, false, errors.New("is no JSON object")
	}
	for _, c := range s.only {
		if v, _ := c.path.find(element); v != c.value {
			return e, false, nil
		}
	}
	if e.Kind, ok = s.kindOf(element); !ok {
		return e, false, nil
	}
	e.Source = s.source
	var errs []error
	for i, to := range [numFields]*string{
		fieldIMSI: &e.IMSI, fieldIMEI: &e.IMEI, fieldICCID: &e.ICCID, fieldMSISDN: &e.MSISDN, fieldAPN: &e.APN, fieldMCC: &e.MCC, fieldMNC: &e.MNC,
	} {
		if to != nil {
			*to, _ = s.fields[i].find(element)
		}
	}
	errs = append(errs, s.plmn(element, &e), s.time(element, &e))
	e, err = e.Normal()
	if errors.Is(err, ErrNobody) {
		err = fmt.Errorf("%w; found are %s", err, names(object))
	}
	return e, true, errors.Join(append(errs, err)...)
}

func (s *Shape) time(element any, e *Event) (err error) {
	v, _ := s.fields[fieldTime].find(element)
	if v == "" {
		return nil
	}
	if e.Time, err = ParseTime(v); err != nil {
		return FieldError{"time", err.Error()}
	}
	return nil
}

func (s *Shape) kindOf(element any) (Kind, bool) {
	v, _ := s.kind.find(element)
	if s.kinds == nil {
		return Kind(v), true
	}
	if k, ok := s.kinds[v]; ok {
		return k, true
	}
	k, ok := s.kinds["*"]
	return k, ok
}

// plmn reads a network's code in one, or as the object of TS 29.571, 5.4.4.3.
func (s *Shape) plmn(element any, e *Event) (err error) {
	v, object := s.fields[fieldPLMN].find(element)
	if object != nil {
		e.MCC, e.MNC = scalar(object["mcc"]), scalar(object["mnc"])
	}
	if v == "" {
		return nil
	}
	if e.MCC, e.MNC, err = ParsePLMN(v); err != nil {
		return FieldError{"plmn", err.Error()}
	}
	return nil
}

// find is the first text or number that stands at a path, else the first object.
func (a alternatives) find(element any) (v string, object map[string]any) {
	for _, p := range a.paths {
		for _, node := range p.Select(element) {
			if v := scalar(node); v != "" {
				return v, nil
			}
			if o, ok := node.(map[string]any); ok && object == nil {
				object = o
			}
		}
	}
	return a.constant, object
}

// scalar is a text or a number as it is written; "" for anything else.
func scalar(node any) string {
	switch v := node.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	}
	return ""
}

// names lists what an object has, for messages.
func names(object map[string]any) string {
	const most = 12
	all := slices.Sorted(maps.Keys(object))
	if len(all) == 0 {
		return "no fields at all"
	}
	var b strings.Builder
	for i, name := range all[:min(len(all), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", shown(name))
	}
	if len(all) > most {
		fmt.Fprintf(&b, " and %d more", len(all)-most)
	}
	return b.String()
}
