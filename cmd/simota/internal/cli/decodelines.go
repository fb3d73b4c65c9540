package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/ota/explain"
)

// decodeRequest is one line of decode --jsonl. What it leaves out is that of the
// flags.
type decodeRequest struct {
	ID     json.RawMessage `json:"id"`
	Octets string          `json:"octets"`
	As     explain.Kind    `json:"as"`
	SPI    string          `json:"spi"`
	KIcKey string          `json:"kic_key"`
	KIDKey string          `json:"kid_key"`
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

func (q *decodeRequest) explain(line []byte, o explain.Options) (explain.Report, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(q); err != nil {
		return explain.Report{}, errors.New("the line is no JSON object with these fields: id, octets, as, spi, kic_key, kid_key")
	}
	if _, err := d.Token(); err != io.EOF {
		return explain.Report{}, errors.New("more than one JSON object on the line")
	}
	octets, err := explain.Octets(q.Octets)
	if err != nil {
		return explain.Report{}, err
	}
	if q.As != "" {
		o.As = q.As
	}
	if q.SPI != "" {
		if o.SPI, err = spiOf(q.SPI); err != nil {
			return explain.Report{}, err
		}
	}
	if q.KIcKey != "" || q.KIDKey != "" {
		if o.Keysets, err = keysetsOf(q.KIcKey, q.KIDKey); err != nil {
			return explain.Report{}, err
		}
	}
	return explain.Decode(octets, o)
}
