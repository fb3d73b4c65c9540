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
	Binds      int         // sessions, or pairs of them; default 1
	Window     int         // unanswered submit_sm per session; default 10
	Rate       float64     // submit_sm per second over all sessions; 0 is unlimited
	TLS        *tls.Config // nil is plain TCP; ServerName defaults to the host of Address

	DialTimeout     time.Duration // TCP and TLS handshake; default 10 s
	BindTimeout     time.Duration // bind_resp; default 10 s
	WriteTimeout    time.Duration // one write; default 10 s
	ResponseTimeout time.Duration // submit_sm_resp and enquire_link_resp; default 10 s
	EnquireInterval time.Duration // silence after which an enquire_link is sent; default 10 s
	IdleTimeout     time.Duration // silence after which the session is given up; default 30 s
	ReconnectMin    time.Duration // first delay before binding again, doubled each time, jittered; default 1 s
	ReconnectMax    time.Duration // longest such delay; default 60 s

	// Dial opens the connection, nil is net.Dialer. TLS is put on top of it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
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
	if strings.ContainsRune(c.SystemID+string(c.Password)+c.SystemType, 0) {
		return bad("system_id, password or system_type contains a NUL")
	}
	c.Binds, c.Window = cmp.Or(c.Binds, 1), cmp.Or(c.Window, 10)
	if c.Bind > TransmitterReceiver || c.Binds < 1 || c.Binds > 100 || c.Window < 1 || c.Window > 100_000 || !(c.Rate >= 0) {
		return bad("bind %d, binds %d, window %d or rate %v is out of range", c.Bind, c.Binds, c.Window, c.Rate)
	}
	for _, d := range []struct {
		v     *time.Duration
		zero  time.Duration
		field string
	}{
		{&c.DialTimeout, 10 * time.Second, "dial timeout"}, {&c.BindTimeout, 10 * time.Second, "bind timeout"},
		{&c.WriteTimeout, 10 * time.Second, "write timeout"}, {&c.ResponseTimeout, 10 * time.Second, "response timeout"},
		{&c.EnquireInterval, 10 * time.Second, "enquire interval"}, {&c.IdleTimeout, 30 * time.Second, "idle timeout"},
		{&c.ReconnectMin, time.Second, "reconnect minimum"}, {&c.ReconnectMax, time.Minute, "reconnect maximum"},
	} {
		if *d.v = cmp.Or(*d.v, d.zero); *d.v < 0 {
			return bad("%s %v is negative", d.field, *d.v)
		}
	}
	c.ReconnectMax = max(c.ReconnectMax, c.ReconnectMin)
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	return c, nil
}
