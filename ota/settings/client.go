package settings

import (
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/catalog"
)

// Unknown is the client of a device that nobody described: it is told what
// every known client can read.
const Unknown = "unknown"

// None is the client of a device that takes no provisioning.
const None = "none"

const mostParts = 8 // of a document, for clients of which nothing else is known

// Clients are those that simota knows by itself. A stored client of the same
// name goes before one of these.
func Clients() []catalog.Client {
	basic := []string{catalog.TakesInternet, catalog.TakesMMS, catalog.TakesProxy}
	with := func(more ...string) []string { return append(slices.Clone(basic), more...) }
	yes := func(takes []string, security ...string) catalog.Capability {
		return catalog.Capability{CP: "yes", Security: security, MaxParts: mostParts, MaxID: maxID, Takes: takes}
	}
	return []catalog.Client{
		{
			Name: Unknown, About: "any device that nobody described",
			Capability: yes(with(catalog.TakesPDP, catalog.TakesSMSC, catalog.TakesShortCodes), "netwpin"),
		},
		{
			Name: "cpclient", About: "Intel's client for Linux devices, which checks every octet",
			Capability: choking(yes(with(catalog.TakesDNS, catalog.TakesPDP, catalog.TakesShortCodes, catalog.TakesDM),
				"netwpin", "userpin", "usernetwpin", "userpinmac", "none"), "PROVURL"),
		},
		{Name: "samsung", About: "Samsung phones with wsomacp", Capability: yes(basic, "netwpin", "userpin")},
		{Name: "sailfish", About: "Sailfish OS, Jolla", Capability: yes(basic, "netwpin", "userpin")},
		{Name: "gecko", About: "Firefox OS, KaiOS", Capability: choking(yes(basic, "netwpin", "userpin"), "VENDORCONFIG")},
		{Name: "windows-mobile", About: "Windows Mobile and Phone", Capability: yes(with(catalog.TakesDM), "netwpin", "userpin", "usernetwpin")},
		{Name: "mediatek", About: "MediaTek feature phones", Capability: yes(basic, "netwpin", "userpin", "usernetwpin")},
		{Name: "s40", About: "Nokia Series 40", Capability: choking(yes(basic, "netwpin", "userpin"), "PROVURL")},
		{Name: None, About: "takes no OMA Client Provisioning: iPhones, most Android phones, most modems", Capability: catalog.Capability{CP: "no"}},
	}
}

func choking(c catalog.Capability, on ...string) catalog.Capability {
	c.ChokesOn = on
	return c
}

// Known finds one of [Clients].
func Known(name string) (catalog.Client, bool) {
	all := Clients()
	i := slices.IndexFunc(all, func(c catalog.Client) bool { return c.Name == name })
	if i < 0 {
		return catalog.Client{}, false
	}
	return all[i], true
}

// ErrClient is in the chain of the error for a client that is not known, or
// based on itself.
var ErrClient = errors.New("settings: client")

// deepest is how many clients may be based on each other.
const deepest = 8

// Resolve is what a model's client can do: what the model's row says, over its
// client, over what that is based on. stored finds a client that a user
// described; its error is [catalog.ErrNotFound] where there is none. The error of
// Resolve is [ErrClient], or that of stored.
func Resolve(m catalog.Model, stored func(name string) (catalog.Client, error)) (catalog.Capability, error) {
	c, name := m.Capability, m.Client
	for range deepest {
		if name == "" {
			name = Unknown
		}
		client, err := stored(name)
		if errors.Is(err, catalog.ErrNotFound) {
			known, ok := Known(name)
			if !ok {
				return c, fmt.Errorf("%w %q is not known: simota client list shows those there are", ErrClient, name)
			}
			return c.Over(known.Capability), nil
		}
		if err != nil {
			return c, err
		}
		c = c.Over(client.Capability)
		if next := client.BasedOn; next != name {
			name = next
			continue
		}
		known, _ := Known(name) // a stored client may add to the shipped one of its name
		return c.Over(known.Capability), nil
	}
	return c, fmt.Errorf("%w %q: more than %d clients are based on each other", ErrClient, m.Client, deepest)
}
