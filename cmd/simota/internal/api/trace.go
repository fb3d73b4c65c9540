package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Trace calls fn with every PDU that matches, as they pass, until fn returns an
// error, which it returns, or ctx ends, which is none, or the server stops.
func (c *Client) Trace(ctx context.Context, q TraceQuery, fn func(PDU) error) error {
	v := url.Values{}
	for name, value := range map[string]string{"link": q.Link, "to": q.To, "from": q.From} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Octets {
		v.Set("octets", "true")
	}
	resp, err := c.ask(ctx, http.MethodGet, "/v1/trace", v, "", nil)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for d := json.NewDecoder(resp.Body); ; {
		var p PDU
		err := d.Decode(&p)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("server at %s: it stopped, and the trace with it", c.address)
		case err != nil:
			return fmt.Errorf("server at %s: trace broke off: %w", c.address, err)
		}
		if err := fn(p); err != nil {
			return err
		}
	}
}
