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
	"github.com/simota/simota/smpp/route"
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
	Window          int           `yaml:"window"`   // unanswered submit_sm per session; default 20
	Rate            string        `yaml:"rate"`     // "100/s"; empty is no limit
	Burst           int           `yaml:"burst"`    // submit_sm at once; default a tenth of a second's
	Weight          *int          `yaml:"weight"`   // share among the links of an operator, default 1; 0 stands by
	IDScope         string        `yaml:"id_scope"` // links that share one space of message ids; default the name
	MessageID       MessageID     `yaml:"message_id"`
	Version         string        `yaml:"interface_version"` // 3.3, 3.4 or 5.0; default 3.4
	AddressRange    AddressRange  `yaml:"address_range"`
	Submit          Submit        `yaml:"submit"`
	ProofTLV        string        `yaml:"proof_tlv"` // tag in which receipts carry what the card answered, four hex digits
	Receipts        Receipts      `yaml:"receipts"`
	TLS             *TLS          `yaml:"tls"`              // nil is plain TCP
	Outbind         *Outbind      `yaml:"outbind"`          // nil takes none
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
	l.Version = cmp.Or(l.Version, "3.4")
	l.Submit.fillIn()
	l.Receipts.fillIn()
	paths := []*string{&l.PasswordFile}
	if l.Outbind != nil {
		paths = append(paths, &l.Outbind.PasswordFile)
	}
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
	if l.Burst < 0 || l.Burst > 0 && l.Rate == "" {
		add("burst", "%d: it says how many messages of the rate may go at once, so it needs a rate and is not negative", l.Burst)
	}
	if l.Weight != nil && (*l.Weight < 0 || *l.Weight > 1000) {
		add("weight", "%d is out of range: 0, which stands by, to 1000", *l.Weight)
	}
	bases := []receipt.Base{receipt.Hex, receipt.Decimal, receipt.Opaque, receipt.Auto}
	for name, v := range map[string]string{"response": l.MessageID.Response, "receipt": l.MessageID.Receipt} {
		if !slices.Contains(bases, receipt.Base(v)) {
			add("message_id."+name, "%q is not known: hex, decimal, opaque or auto", v)
		}
	}
	out = append(out, l.checkForm(field)...)
	out = append(out, l.Receipts.check(field+".receipts")...)
	if l.TLS != nil && (l.TLS.Cert == "") != (l.TLS.Key == "") {
		add("tls", "cert and key go together: give both or none")
	}
	return out
}

// checkForm finds what is wrong with how the link writes its PDUs.
func (l Link) checkForm(field string) (out []error) {
	add := func(name, format string, args ...any) { out = append(out, bad(field+"."+name, format, args...)) }
	if _, ok := versions[l.Version]; !ok {
		add("interface_version", "%q is not known: 3.3, 3.4 or 5.0", l.Version)
	}
	out = append(out, l.Submit.check(field+".submit")...)
	if l.Version == "3.3" && l.Submit.optional() {
		add("interface_version", "3.3 has no optional parameters: leave out message_payload, sar, user_message_reference and tlvs")
	}
	if l.ProofTLV != "" {
		if tag, err := tagOf(l.ProofTLV); err != nil {
			add("proof_tlv", "%v", err)
		} else if slices.Contains(receiptTags, tag) {
			add("proof_tlv", "%q is a parameter in which receipts carry something else (SMPP 3.4, 5.3.2)", l.ProofTLV)
		}
	}
	out = append(out, checkTypes(field+".address_range", &l.AddressRange.TON, &l.AddressRange.NPI)...)
	if n := len(l.AddressRange.Range); n > 40 {
		add("address_range.range", "%q has %d characters, at most 40 fit", l.AddressRange.Range, n)
	}
	if o := l.Outbind; o != nil {
		if err := checkAddress(o.Listen); err != nil {
			add("outbind.listen", "%v", err)
		}
		if o.SystemID == "" || o.PasswordFile == "" {
			add("outbind", "system_id and password_file are missing: whoever connects has to say who it is")
		}
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

// Lane is how the link is used among others.
func (l Link) Lane() (route.LaneConfig, error) {
	rate, err := perSecond(l.Rate)
	if err != nil {
		return route.LaneConfig{}, fmt.Errorf("link %s: %w", l.Name, err)
	}
	return route.LaneConfig{Name: l.Name, Weight: l.Share(), Rate: rate, Burst: l.Burst}, nil
}

// Share is the weight among the links of an operator; 0 stands by.
func (l Link) Share() int {
	if l.Weight == nil {
		return 1
	}
	return *l.Weight
}

// SMPP is the link for package smpp; it reads the password file.
func (l Link) SMPP() (smpp.Config, error) {
	wrong := func(err error) (smpp.Config, error) { return smpp.Config{}, fmt.Errorf("link %s: %w", l.Name, err) }
	password, err := password(l.PasswordFile)
	if err != nil {
		return wrong(fmt.Errorf("password_file: %w", err))
	}
	profile, err := l.Submit.profile()
	if err != nil {
		return wrong(fmt.Errorf("submit.tlvs: %w", err))
	}
	outbind, err := l.outbind()
	if err != nil {
		return wrong(fmt.Errorf("outbind: %w", err))
	}
	secured, err := l.tls()
	if err != nil {
		return wrong(fmt.Errorf("tls: %w", err))
	}
	return smpp.Config{
		Name: l.Name, Address: l.Address, SystemID: l.SystemID, Password: password,
		SystemType: l.SystemType, Bind: binds[l.Bind], Binds: l.Binds, Window: l.Window, TLS: secured,
		Version: versions[l.Version], Submit: profile, Outbind: outbind,
		AddressTON: l.AddressRange.TON, AddressNPI: l.AddressRange.NPI, AddressRange: l.AddressRange.Range,
		ResponseTimeout: l.ResponseTimeout, EnquireInterval: l.EnquireInterval,
	}, nil
}

// password reads a password from its file.
func password(path string) (smpp.Secret, error) {
	if err := secretFile(path, "", nil); err != nil {
		return "", err
	}
	b, err := os.ReadFile(path)
	return smpp.Secret(passwordIn(b)), err
}

func passwordIn(file []byte) string { return strings.TrimRight(string(file), "\r\n") }

// longestPassword is what package smpp takes; SMPP 3.4 promises 8 octets (5.2.2).
const longestPassword = 64

func checkPassword(file []byte) error {
	if n := len(passwordIn(file)); n > longestPassword {
		return fmt.Errorf("the password has %d octets, at most %d fit", n, longestPassword)
	}
	return nil
}

func (l Link) outbind() (*smpp.OutbindListener, error) {
	if l.Outbind == nil {
		return nil, nil
	}
	secret, err := password(l.Outbind.PasswordFile)
	return &smpp.OutbindListener{Listen: l.Outbind.Listen, SystemID: l.Outbind.SystemID, Password: secret}, err
}

// Proof is the tag in which receipts carry what a card answered, 0 for none.
func (l Link) Proof() uint16 {
	tag, _ := tagOf(l.ProofTLV)
	return tag
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
