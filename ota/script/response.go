package script

import (
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// Result is what one command returned.
type Result struct {
	Data   []byte
	Status sat.Status
}

// Response is a card's answer to a script (ETSI TS 102 226, 5.1.2 and 5.2.2).
type Response struct {
	// Executed counts the commands that ran, the failing one included.
	Executed int
	// Others is by how much the card's own count is higher, 0 but in the
	// template AB. The standard lets that count tell the executed objects of
	// the script, of which the commands are those with a result: a card may
	// count chaining and actions.
	Others int
	// Results has, in compact format, only the result of the last command
	// that ran; in expanded format those of all, in order.
	Results []Result
	// BadFormat, of an expanded script: 0 none, 1 unknown tag, 2 wrong
	// length, 3 length not found.
	BadFormat byte
	// ActionError of the immediate action: 0 none, 1 suspension error.
	ActionError byte
	// ChainingError of script chaining: 0 none, 1 no previous script, 2 not
	// supported, 3 unable to process.
	ChainingError byte
}

// OK says whether all n commands of the script ran and every status word known
// is OK, without a format, action or chaining error.
func (r Response) OK(n int) bool {
	if n < 1 || r.Executed != n || len(r.Results) == 0 {
		return false
	}
	if r.BadFormat != 0 || r.ActionError != 0 || r.ChainingError != 0 {
		return false
	}
	for _, res := range r.Results {
		if !res.Status.OK() {
			return false
		}
	}
	return true
}

// Truncated says whether the card cut the data of its last result short and
// ran no further command (62F1; ETSI TS 102 226, 5.2.1.1).
func (r Response) Truncated() bool {
	n := len(r.Results)
	return n > 0 && r.Results[n-1].Status == sat.StatusTruncated
}

// ParseResponse reads the answer to a script of this format. With Expanded or
// Indefinite it reads both templates: cards choose. An expanded answer counts
// as many commands as it has results. Lengths need not be in their shortest
// form, nor need the count, which is otherwise coded as strictly as the
// template: what a card has done shall not be lost for an octet too many.
func ParseResponse(format Format, b []byte) (Response, error) {
	switch format {
	case Compact:
		return parseCompactResponse(b)
	case Expanded, Indefinite:
		return parseExpandedResponse(b)
	}
	return Response{}, fmt.Errorf("script: %w", unknownFormat(format))
}

func parseCompactResponse(b []byte) (Response, error) {
	if len(b) < 3 {
		return Response{}, fmt.Errorf("script: compact response has %d octets: count and status word need 3", len(b))
	}
	return Response{
		Executed: int(b[0]),
		Results:  []Result{{Status: sat.Status(b[1])<<8 | sat.Status(b[2]), Data: clone(b[3:])}},
	}, nil
}

// clone copies octets; nothing gives nil.
func clone(b []byte) []byte { return append([]byte(nil), b...) }

func parseExpandedResponse(b []byte) (Response, error) {
	template, rest, err := tlv.First(b)
	if err != nil {
		return Response{}, fmt.Errorf("script: response: %w", err)
	}
	if len(rest) > 0 {
		return Response{}, fmt.Errorf("script: %d octets after the response template", len(rest))
	}
	if template.Tag != tagResponse && template.Tag != tagResponseIndefinite {
		return Response{}, fmt.Errorf("script: response tag %X: an expanded response begins with AB or AF", template.Tag)
	}
	objects, err := tlv.ParseBER(template.Value)
	if err != nil {
		return Response{}, fmt.Errorf("script: response: %w", err)
	}
	var r Response
	counted, count := template.Tag == tagResponse, 0
	if counted {
		if count, err = cutExecuted(objects); err != nil {
			return Response{}, err
		}
		objects = objects[1:]
	}
	for i, o := range objects {
		if err := r.take(o, i == len(objects)-1); err != nil {
			return Response{}, fmt.Errorf("script: response: %w", err)
		}
	}
	r.Executed = len(r.Results)
	if counted {
		r.Others = count - r.Executed
	}
	if r.Others < 0 {
		return Response{}, fmt.Errorf("script: response says %d commands ran and has %d results", count, r.Executed)
	}
	return r, nil
}

// cutExecuted reads the number of executed objects, an INTEGER that must come
// first. Cards send one octet, read without a sign: no script has more than
// 255 objects. A second octet before it, 00, is needed above 127 by the rules
// of INTEGER, and taken below as well.
func cutExecuted(objects []tlv.Object) (int, error) {
	if len(objects) == 0 || objects[0].Tag != tagExecuted {
		return 0, errors.New("script: response does not begin with the number of executed commands, tag 80")
	}
	switch v := objects[0].Value; {
	case len(v) == 1:
		return int(v[0]), nil
	case len(v) == 2 && v[0] == 0:
		return int(v[1]), nil
	default:
		return 0, fmt.Errorf("script: number of executed commands %X: want one octet", v)
	}
}

// take adds one object to the response. An error object may only be the last.
func (r *Response) take(o tlv.Object, last bool) error {
	if o.Tag == tagResult {
		n := len(o.Value) - 2
		if n < 0 {
			return fmt.Errorf("result %d has no status word", len(r.Results)+1)
		}
		r.Results = append(r.Results, Result{
			Data:   clone(o.Value[:n]),
			Status: sat.Status(o.Value[n])<<8 | sat.Status(o.Value[n+1]),
		})
		return nil
	}
	field := r.errorField(o.Tag)
	switch {
	case field == nil:
		return fmt.Errorf("unknown tag %02X", o.Tag)
	case !last:
		return fmt.Errorf("error object %02X is not the last", o.Tag)
	case len(o.Value) != 1 || o.Value[0] == 0:
		return fmt.Errorf("error object %02X has value %X: want one octet, not 00", o.Tag, o.Value)
	}
	*field = o.Value[0]
	return nil
}

func (r *Response) errorField(tag uint32) *byte {
	switch tag {
	case tagBadFormat:
		return &r.BadFormat
	case tagImmediate:
		return &r.ActionError
	case tagChaining:
		return &r.ChainingError
	}
	return nil
}

// AppendBinary appends the coded response to b, as a card does. Compact takes
// exactly one result, expanded one for every executed command. Others is told
// by the template of definite length only.
func (r Response) AppendBinary(b []byte, format Format) ([]byte, error) {
	if !format.known() {
		return nil, fmt.Errorf("script: %w", unknownFormat(format))
	}
	if err := r.check(format); err != nil {
		return nil, fmt.Errorf("script: response %w", err)
	}
	body := r.size()
	switch format {
	case Compact:
		res := r.Results[0]
		b = append(b, byte(r.Executed), byte(res.Status>>8), byte(res.Status))
		return append(b, res.Data...), nil
	case Expanded:
		var octets [4]byte
		count := appendCount(octets[:0], r.Executed+r.Others)
		b = slices.Grow(b, objectSize(len(count)+body))
		b = append(appendHeader(b, tagResponse, len(count)+body), count...)
		return r.appendObjects(b), nil
	}
	b = append(slices.Grow(b, 2+body+2), tagResponseIndefinite, 0x80)
	return append(r.appendObjects(b), 0, 0), nil
}

func (r Response) check(format Format) error {
	errs := 0
	for _, e := range r.errorObjects() {
		if e.value != 0 {
			errs++
		}
	}
	switch count := r.Executed + r.Others; {
	case r.Executed < 0 || r.Others < 0 || count > maxCommands:
		return fmt.Errorf("with %d executed commands and %d other objects: want 0 to %d", r.Executed, r.Others, maxCommands)
	case errs > 1:
		return errors.New("with two error objects: it has one, the last")
	case format != Expanded && r.Others != 0:
		return fmt.Errorf("in %s format does not count other objects, got %d", format, r.Others)
	case format == Compact && (len(r.Results) != 1 || errs > 0):
		return fmt.Errorf("in compact format has exactly one result and no error object, not %d results", len(r.Results))
	case format != Compact && r.Executed != len(r.Results):
		return fmt.Errorf("with %d executed commands has %d results: want one for each", r.Executed, len(r.Results))
	case len(r.Results) > maxExpanded:
		return fmt.Errorf("has %d results, at most %d fit a template", len(r.Results), maxExpanded)
	}
	for i, res := range r.Results {
		if len(res.Data) > maxData {
			return fmt.Errorf("has %d octets of data in result %d: an APDU returns at most %d", len(res.Data), i+1, maxData)
		}
	}
	return nil
}

// maxData is what a command of short length can return.
const maxData = 256

// size counts the octets of the results and the error object.
func (r Response) size() (n int) {
	for _, res := range r.Results {
		n += objectSize(len(res.Data) + 2)
	}
	for _, e := range r.errorObjects() {
		if e.value != 0 {
			n += 3
		}
	}
	return n
}

// appendCount appends the number of executed objects, an INTEGER.
func appendCount(b []byte, n int) []byte {
	if n > 0x7F {
		return append(b, tagExecuted, 2, 0, byte(n))
	}
	return append(b, tagExecuted, 1, byte(n))
}

// appendObjects appends the results and the error object.
func (r Response) appendObjects(b []byte) []byte {
	for _, res := range r.Results {
		b = append(appendHeader(b, tagResult, len(res.Data)+2), res.Data...)
		b = append(b, byte(res.Status>>8), byte(res.Status))
	}
	for _, e := range r.errorObjects() {
		if e.value != 0 {
			b = append(b, e.tag, 1, e.value)
		}
	}
	return b
}

type errorObject struct{ tag, value byte }

func (r Response) errorObjects() [3]errorObject {
	return [...]errorObject{{tagBadFormat, r.BadFormat}, {tagImmediate, r.ActionError}, {tagChaining, r.ChainingError}}
}
