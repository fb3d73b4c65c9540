package script

import (
	"errors"
	"fmt"

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

// ParseResponse reads the answer to a script of this format. With Expanded or
// Indefinite it reads both templates: cards choose.
func ParseResponse(format Format, b []byte) (Response, error) {
	switch format {
	case Compact:
		return parseCompactResponse(b)
	case Expanded, Indefinite:
		return parseExpandedResponse(b)
	}
	return Response{}, unknownFormat(format)
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
	counted := template.Tag == tagResponse
	if counted {
		if r.Executed, err = cutExecuted(objects); err != nil {
			return Response{}, err
		}
		objects = objects[1:]
	}
	for i, o := range objects {
		if err := r.take(o, i == len(objects)-1); err != nil {
			return Response{}, fmt.Errorf("script: response: %w", err)
		}
	}
	if !counted {
		r.Executed = len(r.Results)
	}
	if len(r.Results) > r.Executed {
		return Response{}, fmt.Errorf("script: response says %d commands ran and has %d results", r.Executed, len(r.Results))
	}
	return r, nil
}

// cutExecuted reads the number of executed commands, an INTEGER that must come
// first. Cards send one octet; a second one is needed above 127 by the rules
// of INTEGER.
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
// exactly one result; the template of indefinite length has no count, so there
// Executed must be the number of results.
func (r Response) AppendBinary(b []byte, format Format) ([]byte, error) {
	if r.Executed < 0 || r.Executed > maxCommands {
		return nil, fmt.Errorf("script: response with %d executed commands: want 0 to %d", r.Executed, maxCommands)
	}
	switch format {
	case Compact:
		if len(r.Results) != 1 || r.BadFormat|r.ActionError|r.ChainingError != 0 {
			return nil, fmt.Errorf("script: compact response has exactly one result and no error objects, not %d results", len(r.Results))
		}
		res := r.Results[0]
		b = append(b, byte(r.Executed), byte(res.Status>>8), byte(res.Status))
		return append(b, res.Data...), nil
	case Expanded:
		body, err := r.appendObjects([]byte{tagExecuted, 1, byte(r.Executed)})
		if err != nil {
			return nil, err
		}
		return tlv.AppendBER(b, tagResponse, body)
	case Indefinite:
		if r.Executed != len(r.Results) {
			return nil, fmt.Errorf("script: %d commands ran but there are %d results: the response of indefinite length cannot say so", r.Executed, len(r.Results))
		}
		b, err := r.appendObjects(append(b, tagResponseIndefinite, 0x80))
		if err != nil {
			return nil, err
		}
		return append(b, 0, 0), nil
	}
	return nil, unknownFormat(format)
}

// appendObjects appends the results and the error object.
func (r Response) appendObjects(b []byte) ([]byte, error) {
	if len(r.Results) > r.Executed || len(r.Results) > maxExpanded {
		return nil, fmt.Errorf("script: response has %d results for %d executed commands, at most %d", len(r.Results), r.Executed, maxExpanded)
	}
	for i, res := range r.Results {
		value := append(clone(res.Data), byte(res.Status>>8), byte(res.Status))
		var err error
		if b, err = tlv.AppendBER(b, tagResult, value); err != nil {
			return nil, fmt.Errorf("script: result %d: %w", i+1, err)
		}
	}
	errorsSeen := 0
	for _, e := range []struct{ tag, value byte }{
		{tagBadFormat, r.BadFormat}, {tagImmediate, r.ActionError}, {tagChaining, r.ChainingError},
	} {
		if e.value != 0 {
			b = append(b, e.tag, 1, e.value)
			errorsSeen++
		}
	}
	if errorsSeen > 1 {
		return nil, errors.New("script: a response has one error object, the last")
	}
	return b, nil
}
