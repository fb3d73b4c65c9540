package config

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// Link is one SMPP link.
type Link struct {
	Name            string        `yaml:"name"`
	Address         string        `yaml:"address"` // host:port
	SystemID        string        `yaml:"system_id"`
	PasswordFile    string        `yaml:"password_file"`
	SystemType      string        `yaml:"system_type"`
	Bind            string        `yaml:"bind"`     // "transceiver" or "transmitter+receiver"
	Binds           int           `yaml:"binds"`    // sessions, or pairs of them; default 1
	Window          int           `yaml:"window"`   // unanswered submit_sm per session; default 10
	Rate            string        `yaml:"rate"`     // "100/s"; empty is no limit
	IDScope         string        `yaml:"id_scope"` // links that share one space of message ids; default the name
	MessageID       MessageID     `yaml:"message_id"`
	Receipts        Receipts      `yaml:"receipts"`
	TLS             *TLS          `yaml:"tls"`              // nil is plain TCP
	ResponseTimeout time.Duration `yaml:"response_timeout"` // default 10 s
	EnquireInterval time.Duration `yaml:"enquire_interval"` // default 10 s
}

// MessageID says how an SMSC writes its message ids: "hex", "decimal",
// "opaque" or "auto", which is the default.
type MessageID struct {
	Response string `yaml:"response"`
	Receipt  string `yaml:"receipt"`
}

// TLS says how a link is secured. Empty means the system's authorities and no
// certificate of our own.
type TLS struct {
	CA         string `yaml:"ca"`          // file of certificates, PEM
	Cert       string `yaml:"cert"`        // file of our certificate, PEM
	Key        string `yaml:"key"`         // file of its key, PEM
	ServerName string `yaml:"server_name"` // default the host of the address
}

// fillIn puts defaults in and returns the paths to make whole.
func (l *Link) fillIn() []*string {
	l.Bind = cmp.Or(l.Bind, "transceiver")
	l.Binds = cmp.Or(l.Binds, 1)
	l.IDScope = cmp.Or(l.IDScope, l.Name)
	l.MessageID.Response = cmp.Or(l.MessageID.Response, string(receipt.Auto))
	l.MessageID.Receipt = cmp.Or(l.MessageID.Receipt, string(receipt.Auto))
	l.Receipts.fillIn()
	paths := []*string{&l.PasswordFile}
	if l.TLS != nil {
		paths = append(paths, &l.TLS.CA, &l.TLS.Cert, &l.TLS.Key)
	}
	return paths
}

func (l Link) check(field string) (out []error) {
	add := func(name, format string, args ...any) { out = append(out, bad(field+"."+name, format, args...)) }
	if err := checkName(l.Name); err != nil {
		add("name", "%v", err)
	}
	if err := checkAddress(l.Address); err != nil {
		add("address", "%v", err)
	}
	if n := len(l.SystemID); n == 0 || n > 15 {
		add("system_id", "%q has %d octets, want 1 to 15", l.SystemID, n)
	}
	if n := len(l.SystemType); n > 12 {
		add("system_type", "%q has %d octets, at most 12 fit", l.SystemType, n)
	}
	if l.PasswordFile == "" {
		add("password_file", "is missing: the file that holds the password; it may be empty")
	}
	if _, ok := binds[l.Bind]; !ok {
		add("bind", "%q is not known: transceiver or transmitter+receiver", l.Bind)
	}
	if l.Binds < 1 || l.Binds > 100 {
		add("binds", "%d is out of range: 1 to 100", l.Binds)
	}
	if l.Window < 0 || l.Window > 100_000 {
		add("window", "%d is out of range: 1 to 100000", l.Window)
	}
	if _, err := perSecond(l.Rate); err != nil {
		add("rate", "%v", err)
	}
	bases := []receipt.Base{receipt.Hex, receipt.Decimal, receipt.Opaque, receipt.Auto}
	for name, v := range map[string]string{"response": l.MessageID.Response, "receipt": l.MessageID.Receipt} {
		if !slices.Contains(bases, receipt.Base(v)) {
			add("message_id."+name, "%q is not known: hex, decimal, opaque or auto", v)
		}
	}
	out = append(out, l.Receipts.check(field+".receipts")...)
	if l.TLS != nil && (l.TLS.Cert == "") != (l.TLS.Key == "") {
		add("tls", "cert and key go together: give both or none")
	}
	return out
}

var binds = map[string]smpp.Bind{"transceiver": smpp.Transceiver, "transmitter+receiver": smpp.TransmitterReceiver}

// perSecond reads "100/s"; empty is 0, no limit.
func perSecond(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	n, ok := strings.CutSuffix(s, "/s")
	v, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
	if !ok || err != nil || !(v > 0 && v <= 1e6) {
		return 0, fmt.Errorf("%q: write messages per second, as 100/s", s)
	}
	return v, nil
}

// SMPP is the link for package smpp; it reads the password file.
func (l Link) SMPP() (smpp.Config, error) {
	wrong := func(err error) (smpp.Config, error) { return smpp.Config{}, fmt.Errorf("link %s: %w", l.Name, err) }
	rate, err := perSecond(l.Rate)
	if err != nil {
		return wrong(err)
	}
	if err := secretFile(l.PasswordFile, "", nil); err != nil {
		return wrong(fmt.Errorf("password_file: %w", err))
	}
	password, err := os.ReadFile(l.PasswordFile)
	if err != nil {
		return wrong(fmt.Errorf("password_file: %w", err))
	}
	secured, err := l.tls()
	if err != nil {
		return wrong(fmt.Errorf("tls: %w", err))
	}
	return smpp.Config{
		Name: l.Name, Address: l.Address, SystemID: l.SystemID, Password: smpp.Secret(strings.TrimRight(string(password), "\r\n")),
		SystemType: l.SystemType, Bind: binds[l.Bind], Binds: l.Binds, Window: l.Window, Rate: rate, TLS: secured,
		ResponseTimeout: l.ResponseTimeout, EnquireInterval: l.EnquireInterval,
	}, nil
}

func (l Link) tls() (*tls.Config, error) {
	if l.TLS == nil {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: l.TLS.ServerName}
	if l.TLS.CA != "" {
		pem, err := os.ReadFile(l.TLS.CA)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("ca: " + l.TLS.CA + " holds no certificate in PEM")
		}
	}
	if l.TLS.Cert != "" {
		pair, err := tls.LoadX509KeyPair(l.TLS.Cert, l.TLS.Key)
		if err != nil {
			return nil, fmt.Errorf("cert and key: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
