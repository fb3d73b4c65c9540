package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/ota/explain"
)

// decodeRequest is one line of decode --jsonl. What it leaves out is that of the
// flags.
type decodeRequest struct {
	ID             json.RawMessage
	Octets         string
	As             explain.Kind
	SPI            string
	KIcKey, KIDKey string
}

// decodeAnswer is the line that answers it: a report, or an error.
type decodeAnswer struct {
	ID     json.RawMessage `json:"id"`
	Report *explain.Report `json:"report,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// lines answers each line of standard input with one line.
func (r *decode) lines(o explain.Options) error {
	in := bufio.NewScanner(r.Stdin)
	in.Buffer(nil, maxPasted)
	n, bad := 0, 0
	for ; in.Scan(); n++ {
		a := decodeLine(in.Bytes(), o)
		if a.Error != "" {
			bad++
		}
		if err := show.JSONLine(r.Stdout, a); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("standard input, line %d: %w", n+1, err)
	}
	if bad > 0 {
		return fmt.Errorf(`%d of %d lines failed: see "error" in what was written for them`, bad, n)
	}
	return nil
}

func decodeLine(line []byte, o explain.Options) decodeAnswer {
	q := decodeRequest{ID: json.RawMessage("null")}
	report, err := q.explain(line, o)
	if err != nil {
		return decodeAnswer{ID: q.ID, Error: err.Error()}
	}
	return decodeAnswer{ID: q.ID, Report: &report}
}

// read fills the request from a line. It knows the id even of a line with other
// mistakes, of which it names the first. Errors never repeat a value: it may be
// a key.
func (q *decodeRequest) read(line []byte) (err error) {
	if !json.Valid(line) {
		return errors.New("the line is no JSON")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if t, _ := d.Token(); t != json.Delim('{') {
		return errors.New("the line is no JSON object")
	}
	fields := map[string]any{"id": &q.ID, "octets": &q.Octets, "as": &q.As, "spi": &q.SPI, "kic_key": &q.KIcKey, "kid_key": &q.KIDKey}
	seen := map[any]bool{}
	for d.More() {
		name, _ := d.Token() // of valid JSON, there is one
		var value json.RawMessage
		_ = d.Decode(&value)
		var wrong error
		switch to, known := fields[name.(string)]; {
		case !known:
			wrong = fmt.Errorf("unknown field %q: known are id, octets, as, spi, kic_key, kid_key", name)
		case seen[name]:
			wrong = fmt.Errorf("field %q is there twice", name)
		case json.Unmarshal(value, to) != nil:
			wrong = fmt.Errorf("%s: want a string", name)
		}
		seen[name] = true
		err = cmp.Or(err, wrong)
	}
	return err
}

func (q *decodeRequest) explain(line []byte, o explain.Options) (explain.Report, error) {
	if err := q.read(line); err != nil {
		return explain.Report{}, err
	}
	if q.Octets == "" {
		return explain.Report{}, errors.New("octets is missing")
	}
	octets, err := explain.Octets(q.Octets)
	if err != nil {
		return explain.Report{}, fmt.Errorf("octets: %w", err)
	}
	if q.As != "" {
		if !slices.Contains(explain.Kinds(), q.As) {
			return explain.Report{}, fmt.Errorf("as: want one of %s", kinds())
		}
		o.As = q.As
	}
	if q.SPI != "" {
		if o.SPI, err = spiOf(q.SPI); err != nil {
			return explain.Report{}, fmt.Errorf("spi: %w", err)
		}
	}
	if q.KIcKey != "" || q.KIDKey != "" {
		if o.Keysets, err = keysetsOf(q.KIcKey, q.KIDKey); err != nil {
			return explain.Report{}, err
		}
	}
	return explain.Decode(octets, o)
}
