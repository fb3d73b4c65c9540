package smpp

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"
)

// Secret is a password that prints, formats and marshals as "[redacted]".
type Secret string

// Values of interface_version (SMPP 3.4, 5.2.4; SMPP 5.0, 4.7.13).
const (
	version33 = 0x33
	version34 = 0x34
	version50 = 0x50
)

const redacted = "[redacted]"

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// Format writes "[redacted]" whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns "[redacted]", also for JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Bind says how a link binds to its SMSC (SMPP 3.4, 2.2).
type Bind byte

const (
	// Transceiver uses one session for both directions.
	Transceiver Bind = iota
	// TransmitterReceiver uses a transmitter and a receiver session.
	TransmitterReceiver
)

// Config describes a link. Name, Address and SystemID are required; every other zero value means its default.
type Config struct {
	Name       string // used in results, deliveries and errors
	Address    string // host:port
	SystemID   string // at most 15 octets
	Password   Secret // at most 64 octets; SMPP 3.4 promises only 8
	SystemType string // at most 12 octets
	Bind       Bind
	Binds      int              // sessions, or pairs of them; default 1
	Window     int              // unanswered submit_sm per session; default 20
	TLS        *tls.Config      // nil is plain TCP; ServerName defaults to the host of Address
	Version    byte             // interface_version: 0x33, 0x34 or 0x50; default 0x34; 0x33 sends no optional parameters
	Submit     Profile          // how this SMSC wants its submit_sm
	Outbind    *OutbindListener // where the SMSC may ask for a receiver session; nil takes no outbind

	AddressTON, AddressNPI byte   // of AddressRange
	AddressRange           string // the addresses this ESME serves, as the SMSC wants them written; at most 40 octets

	DialTimeout     time.Duration // TCP and TLS handshake; default 10 s
	BindTimeout     time.Duration // bind_resp; default 10 s
	WriteTimeout    time.Duration // one write; default 10 s
	ResponseTimeout time.Duration // submit_sm_resp and enquire_link_resp; default 10 s
	EnquireInterval time.Duration // silence after which an enquire_link is sent; default 10 s
	IdleTimeout     time.Duration // silence after which the session is given up; default 30 s, or what an enquire_link and its answer take at most
	ReconnectMin    time.Duration // first delay before binding again, doubled each time, jittered; default 1 s
	ReconnectMax    time.Duration // longest such delay; default 60 s

	// Dial opens the connection, nil is net.Dialer. TLS is put on top of it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// OutbindListener lets the SMSC ask for a receiver session (SMPP 3.4, 2.2.1 and 4.1.7). With TLS configured the
// listener speaks TLS with its certificates.
type OutbindListener struct {
	Listen   string // host:port
	SystemID string // of the SMSC, at most 15 octets
	Password Secret // of the SMSC, 1 to 64 octets
}

func (o *OutbindListener) check(secured *tls.Config) error {
	if o == nil {
		return nil
	}
	if _, _, err := net.SplitHostPort(o.Listen); err != nil {
		return fmt.Errorf("outbind address %q is not host:port: %w", o.Listen, err)
	}
	if n := len(o.SystemID); n == 0 || n > 15 {
		return fmt.Errorf("outbind system_id %q has %d octets, want 1 to 15", o.SystemID, n)
	}
	if n := len(o.Password); n == 0 || n > 64 {
		return fmt.Errorf("outbind password has %d octets, want 1 to 64: an outbind is not taken on trust", n)
	}
	if secured != nil && len(secured.Certificates) == 0 && secured.GetCertificate == nil {
		return fmt.Errorf("outbind over TLS needs a certificate for the listener")
	}
	return nil
}

func (c Config) withDefaults() (Config, error) {
	if c.Name == "" {
		return c, fmt.Errorf("smpp: link without a name")
	}
	bad := func(format string, a ...any) (Config, error) {
		return c, fmt.Errorf("smpp: link "+c.Name+": "+format, a...)
	}
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		return bad("address %q is not host:port: %w", c.Address, err)
	}
	if n := len(c.SystemID); n == 0 || n > 15 {
		return bad("system_id %q has %d octets, want 1 to 15", c.SystemID, n)
	}
	if n := len(c.Password); n > 64 {
		return bad("password has %d octets, at most 64 fit", n)
	}
	if n := len(c.SystemType); n > 12 {
		return bad("system_type %q has %d octets, at most 12 fit", c.SystemType, n)
	}
	if n := len(c.AddressRange); n > 40 {
		return bad("address_range %q has %d octets, at most 40 fit", c.AddressRange, n)
	}
	if strings.ContainsRune(c.SystemID+string(c.Password)+c.SystemType+c.AddressRange, 0) {
		return bad("system_id, password, system_type or address_range contains a NUL")
	}
	c.Binds, c.Window, c.Version = cmp.Or(c.Binds, 1), cmp.Or(c.Window, 20), cmp.Or(c.Version, version34)
	if c.Bind > TransmitterReceiver || c.Binds < 1 || c.Binds > 100 || c.Window < 1 || c.Window > 100_000 {
		return bad("bind %d, binds %d or window %d is out of range", c.Bind, c.Binds, c.Window)
	}
	if c.Version != version33 && c.Version != version34 && c.Version != version50 {
		return bad("interface version %#x is not known: 0x33, 0x34 or 0x50", c.Version)
	}
	if err := c.Submit.check(c.Version); err != nil {
		return bad("%w", err)
	}
	if err := c.Outbind.check(c.TLS); err != nil {
		return bad("%w", err)
	}
	for _, d := range []struct {
		v     *time.Duration
		zero  time.Duration
		field string
	}{
		{&c.DialTimeout, 10 * time.Second, "dial timeout"}, {&c.BindTimeout, 10 * time.Second, "bind timeout"},
		{&c.WriteTimeout, 10 * time.Second, "write timeout"}, {&c.ResponseTimeout, 10 * time.Second, "response timeout"},
		{&c.EnquireInterval, 10 * time.Second, "enquire interval"}, {&c.IdleTimeout, 0, "idle timeout"},
		{&c.ReconnectMin, time.Second, "reconnect minimum"}, {&c.ReconnectMax, time.Minute, "reconnect maximum"},
	} {
		if *d.v = cmp.Or(*d.v, d.zero); *d.v < 0 {
			return bad("%s %v is negative", d.field, *d.v)
		}
	}
	c.ReconnectMax = max(c.ReconnectMax, c.ReconnectMin)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, max(30*time.Second, c.EnquireInterval+2*c.ResponseTimeout))
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	return c, nil
}
