package config

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/simota/simota/ota/detect"
)

// Feed is where networks and platforms report what they see of cards and devices.
type Feed struct {
	Listen    string                    `yaml:"listen"`     // host:port
	TokenFile string                    `yaml:"token_file"` // holds the bearer token
	Shapes    map[string]detect.Mapping `yaml:"shapes"`     // by name; they go before the shipped ones
}

// RADIUS is where network gateways send accounting (RFC 2866).
type RADIUS struct {
	Listen     string   `yaml:"listen"`      // host:port, UDP
	SecretFile string   `yaml:"secret_file"` // holds the secret that all clients share with the server
	Clients    []string `yaml:"clients"`     // addresses and prefixes that may send
}

func (f *Feed) check() (out []error) {
	if f == nil {
		return nil
	}
	if err := checkAddress(f.Listen); err != nil {
		out = append(out, bad("feed.listen", "%v", err))
	}
	if f.TokenFile == "" {
		out = append(out, bad("feed.token_file", "is missing: a feed without a token would believe anybody"))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Shapes)) {
		field := "feed.shapes." + name
		if err := checkName(name); err != nil {
			out = append(out, bad(field, "%v", err))
		}
		_, err := f.Shapes[name].Compile(name)
		joined, _ := err.(interface{ Unwrap() []error })
		if joined == nil {
			continue
		}
		for _, e := range joined.Unwrap() {
			var wrong detect.FieldError
			if errors.As(e, &wrong) {
				out = append(out, bad(field+"."+wrong.Field, "%s", wrong.Message))
			}
		}
	}
	return out
}

// Compile makes the shapes of a feed: the shipped ones and its own.
func (f Feed) Compile() (map[string]*detect.Shape, error) {
	all := detect.Shipped()
	for name, m := range f.Shapes {
		s, err := m.Compile(name)
		if err != nil {
			return nil, fmt.Errorf("feed.shapes.%s: %w", name, err)
		}
		all[name] = s
	}
	return all, nil
}

func (r *RADIUS) check() (out []error) {
	if r == nil {
		return nil
	}
	if err := checkAddress(r.Listen); err != nil {
		out = append(out, bad("radius.listen", "%v", err))
	}
	if r.SecretFile == "" {
		out = append(out, bad("radius.secret_file", "is missing: accounting without a secret could come from anybody"))
	}
	if len(r.Clients) == 0 {
		out = append(out, bad("radius.clients", "is missing: the addresses that may send, as [10.20.0.0/16, 127.0.0.1]"))
	}
	for i, c := range r.Clients {
		if _, err := prefix(c); err != nil {
			out = append(out, bad(fmt.Sprintf("radius.clients[%d]", i), "%q is no address and no prefix, as 10.20.0.0/16", c))
		}
	}
	return out
}

// Prefixes are the clients as prefixes.
func (r RADIUS) Prefixes() (out []netip.Prefix, err error) {
	for i, c := range r.Clients {
		p, err := prefix(c)
		if err != nil {
			return nil, fmt.Errorf("radius.clients[%d]: %w", i, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func prefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

func checkSecret(b []byte) error {
	if len(strings.TrimSpace(string(b))) == 0 {
		return errors.New("the secret is empty (RFC 2865, 3)")
	}
	return nil
}
