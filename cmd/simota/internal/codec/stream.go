package codec

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine is the longest line of a stream, in octets. The longest packet, in parts, takes less than a tenth of it.
const maxLine = 4 << 20

var errLineTooLong = fmt.Errorf("the line is longer than %d octets", maxLine)

// failure is the answer to a line that has none.
type failure struct {
	ID    json.RawMessage `json:"id"`
	Error string          `json:"error"`
}

var null = json.RawMessage("null")

// stream answers each line of standard input with one line. It reads ahead and writes behind, but never waits for
// input while answers are unwritten, so that a program can talk to it line by line.
func (h Host) stream(ctx context.Context, t task) error {
	out := bufio.NewWriterSize(h.Stdout, 1<<16)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	fields := t.fields()
	lines, bad := 0, 0
	err := h.eachLine(ctx, out.Flush, func(line []byte, err error) error {
		lines++
		var a answer
		id := null
		if err == nil {
			t.reset()
			if id, err = decode(line, fields); err == nil {
				a, err = t.run()
			}
		}
		if err != nil {
			bad++
			return encoder.Encode(failure{id, err.Error()})
		}
		a.tag(id)
		return encoder.Encode(a)
	})
	if err == nil && bad > 0 {
		err = fmt.Errorf(`%d of %d lines failed: see "error" in what was written for them`, bad, lines)
	}
	return err
}

// eachLine calls do for every line of standard input, without its end, and idle before it waits for more. An empty
// line is a line.
func (h Host) eachLine(ctx context.Context, idle func() error, do func(line []byte, err error) error) error {
	done := make(chan error, 1)
	go func() { done <- eachLine(bufio.NewReaderSize(h.Stdin, 1<<16), idle, do) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done(): // a read from a terminal cannot be called off; it ends with the process
		return ctx.Err()
	}
}

func eachLine(in *bufio.Reader, idle func() error, do func(line []byte, err error) error) error {
	var kept []byte
	for {
		line, err := readLine(in, kept[:0])
		if err == io.EOF {
			return idle()
		}
		if err != nil && err != errLineTooLong {
			return errors.Join(fmt.Errorf("standard input: %w", err), idle())
		}
		kept = line
		if err := do(bytes.TrimRight(line, "\r\n"), err); err != nil {
			return err
		}
		if in.Buffered() == 0 {
			if err := idle(); err != nil {
				return err
			}
		}
	}
}

// readLine appends the next line to b. The rest of one that is too long is skipped.
func readLine(in *bufio.Reader, b []byte) ([]byte, error) {
	long, begun := false, false
	for {
		piece, err := in.ReadSlice('\n')
		begun = begun || len(piece) > 0
		if long = long || len(b)+len(piece) > maxLine; !long {
			b = append(b, piece...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && begun:
		case err != nil:
			return b, err
		}
		if long {
			return b[:0], errLineTooLong
		}
		return b, nil
	}
}

// decode fills fields from a JSON object. It returns the id of whatever is an object; null without one. Names are
// taken exactly, each once, null is as good as leaving out.
func decode(line []byte, fields []field) (id json.RawMessage, err error) {
	members, err := split(line)
	if err != nil {
		return null, err
	}
	id = null
	for _, m := range members {
		if m.name == "id" {
			id = m.value
		}
	}
	var seen uint64
	for _, m := range members {
		i := index(fields, m.name)
		switch {
		case i < 0:
			return id, fmt.Errorf("unknown field %q", m.name)
		case seen&(1<<i) != 0:
			return id, fmt.Errorf("field %q is there twice", m.name)
		}
		seen |= 1 << i
		if i == len(fields) || string(m.value) == "null" {
			continue
		}
		if err := fields[i].setJSON(m.value); err != nil {
			return id, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return id, missing(fields, members)
}

// index finds a field; len(fields) is the id.
func index(fields []field, name string) int {
	for i, f := range fields {
		if f.name == name {
			return i
		}
	}
	if name == "id" {
		return len(fields)
	}
	return -1
}

func missing(fields []field, members []member) error {
	for _, f := range fields {
		found := !f.required
		for _, m := range members {
			found = found || m.name == f.name && string(m.value) != "null"
		}
		if !found {
			return fmt.Errorf("%s is missing", f.name)
		}
	}
	return nil
}

type member struct {
	name  string
	value json.RawMessage
}

var (
	errNoJSON   = errors.New("the line is no JSON")
	errNoObject = errors.New("the line is no JSON object")
)

// split reads the members of a JSON object and checks that it is all there is. They refer to the line.
func split(line []byte) ([]member, error) {
	if !json.Valid(line) {
		return nil, errNoJSON
	}
	b := skipSpace(line)
	if b[0] != '{' {
		return nil, errNoObject
	}
	members := make([]member, 0, 16)
	for b = skipSpace(b[1:]); b[0] != '}'; {
		end := valueEnd(b)
		name, err := unquote(json.RawMessage(b[:end]))
		if err != nil {
			return nil, err
		}
		b = skipSpace(skipSpace(b[end:])[1:]) // behind the colon
		end = valueEnd(b)
		members = append(members, member{name, json.RawMessage(b[:end:end])})
		if b = skipSpace(b[end:]); b[0] == ',' {
			b = skipSpace(b[1:])
		}
	}
	return members, nil
}

func skipSpace(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }

// valueEnd is where the value that valid JSON begins with ends.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return i // the end of what a number or word is in
			}
		case ',', ' ', '\t', '\r', '\n', ':':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(b)
}
