// Package config reads the files that people write: simota.yaml, operators,
// card types and campaigns. It is strict, finds what is wrong before anything
// runs, and says where, with the line, and what to write instead.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/sat/rfm"
)

// Config is simota.yaml. The zero value works: a server without links.
type Config struct {
	Database string  `yaml:"database"`  // default simota.db
	KeyFile  string  `yaml:"key_file"`  // key-encryption key; default simota.key
	Socket   string  `yaml:"socket"`    // of the API; default simota.sock
	Feed     *Feed   `yaml:"feed"`      // nil: no feed
	RADIUS   *RADIUS `yaml:"radius"`    // nil: no accounting is taken
	Timing   string  `yaml:"timing"`    // "field", "lab" or "lab:FACTOR"; default field
	Node     string  `yaml:"node"`      // name of this server; default the host's
	LogLevel string  `yaml:"log_level"` // "debug", "info", "warn" or "error"; default info
	Links    []Link  `yaml:"links"`
}

const (
	labSpeed       = 60     // of timing: lab
	mostSpeed      = 100000 // a deadline of hours is then shorter than a network's answer
	longestSocket  = 107    // octets, sun_path of Linux without its NUL
	othersMayRead  = 0o077
	shortestToken  = 16 // octets
	defaultLogging = "info"
)

// Speed is the factor by which every deadline is divided: 1 in the field, 60
// or the given factor in a laboratory.
func (c Config) Speed() float64 {
	v, err := speed(c.Timing)
	if err != nil {
		return 1
	}
	return v
}

func speed(timing string) (float64, error) {
	switch timing {
	case "", "field":
		return 1, nil
	case "lab":
		return labSpeed, nil
	}
	factor, ok := strings.CutPrefix(timing, "lab:")
	v, err := strconv.ParseFloat(factor, 64)
	if !ok || err != nil || !(v >= 1 && v <= mostSpeed) {
		return 0, fmt.Errorf("%q is not known: field, lab, or lab:60 with a factor of 1 to %d", timing, mostSpeed)
	}
	return v, nil
}

// Load reads simota.yaml and checks all that can be checked without the
// network; its error lists every problem. Relative paths are relative to the
// file.
func Load(path string) (Config, error) {
	c, text, err := read(path)
	if err != nil {
		return c, err
	}
	return c, Explain(path, text, errors.Join(c.checkFiles()...))
}

// Read is Load for callers of a server, who may not open its key and password
// files: it reads the file and looks at nothing that it names.
func Read(path string) (Config, error) {
	c, _, err := read(path)
	return c, err
}

func read(path string) (Config, []byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, nil, fmt.Errorf("configuration: %w", err)
	}
	c, err := Decode(path, text)
	return c, text, err
}

// Decode is Read of a text; path says where the file stands, for messages and
// relative paths.
func Decode(path string, text []byte) (Config, error) {
	c, err := decode[Config](text)
	if err == nil {
		c.fillIn(filepath.Dir(path))
		err = errors.Join(c.check()...)
	}
	if err != nil {
		return Config{}, Explain(path, text, err)
	}
	return c, nil
}

// fillIn puts defaults in and makes paths whole.
func (c *Config) fillIn(dir string) {
	or := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	or(&c.Database, "simota.db")
	or(&c.KeyFile, "simota.key")
	or(&c.Socket, "simota.sock")
	or(&c.Timing, "field")
	or(&c.LogLevel, defaultLogging)
	if host, err := os.Hostname(); err == nil {
		or(&c.Node, host)
	}
	or(&c.Node, "simota")
	paths := []*string{&c.Database, &c.KeyFile, &c.Socket}
	if c.Feed != nil {
		paths = append(paths, &c.Feed.TokenFile)
	}
	if c.RADIUS != nil {
		paths = append(paths, &c.RADIUS.SecretFile)
	}
	for i := range c.Links {
		paths = append(paths, c.Links[i].fillIn()...)
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
}

func bad(field, format string, args ...any) error {
	return FieldError{Field: field, Msg: fmt.Sprintf(format, args...)}
}

// check finds what is wrong with the text alone.
func (c Config) check() (out []error) {
	if _, err := speed(c.Timing); err != nil {
		out = append(out, bad("timing", "%v", err))
	}
	if _, err := zerolog.ParseLevel(c.LogLevel); err != nil {
		out = append(out, bad("log_level", "%q is not known: debug, info, warn or error", c.LogLevel))
	}
	if len(c.Socket) > longestSocket {
		out = append(out, bad("socket", "%s has %d octets, a socket's path has at most %d: choose a shorter one", c.Socket, len(c.Socket), longestSocket))
	}
	out = append(out, c.Feed.check()...)
	out = append(out, c.RADIUS.check()...)
	names := map[string]bool{}
	for i, l := range c.Links {
		field := fmt.Sprintf("links[%d]", i)
		if names[l.Name] {
			out = append(out, bad(field+".name", "%q is the name of two links", l.Name))
		}
		names[l.Name] = true
		out = append(out, l.check(field)...)
	}
	return out
}

// checkFiles finds what is wrong with the files that the configuration names.
func (c Config) checkFiles() (out []error) {
	secret := func(field, path, hint string, check func([]byte) error) {
		if err := secretFile(path, hint, check); err != nil {
			out = append(out, bad(field, "%v", err))
		}
	}
	for field, path := range map[string]string{"database": c.Database, "socket": c.Socket} {
		if s, err := os.Stat(filepath.Dir(path)); err != nil || !s.IsDir() {
			out = append(out, bad(field, "folder %s does not exist: make it", filepath.Dir(path)))
		}
	}
	secret("key_file", c.KeyFile, "; make one with: simota key create "+c.KeyFile, nil)
	if c.Feed != nil {
		secret("feed.token_file", c.Feed.TokenFile, "", func(b []byte) error {
			if n := len(strings.TrimSpace(string(b))); n < shortestToken {
				return fmt.Errorf("the token has %d octets, want %d or more", n, shortestToken)
			}
			return nil
		})
	}
	if c.RADIUS != nil {
		secret("radius.secret_file", c.RADIUS.SecretFile, "", checkSecret)
	}
	for i, l := range c.Links {
		field := fmt.Sprintf("links[%d]", i)
		secret(field+".password_file", l.PasswordFile, "", checkPassword)
		if l.Outbind != nil {
			secret(field+".outbind.password_file", l.Outbind.PasswordFile, "", checkPassword)
		}
		if l.TLS != nil && l.TLS.Key != "" {
			secret(field+".tls.key", l.TLS.Key, "", nil)
		}
		if _, err := l.tls(); err != nil {
			out = append(out, bad(field+".tls", "%v", err))
		}
	}
	return out
}

// secretFile checks that a file is there and that nobody else can read it.
func secretFile(path, hint string, check func([]byte) error) error {
	s, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("file %s does not exist%s", path, hint)
	case err != nil:
		return err
	case !s.Mode().IsRegular():
		return fmt.Errorf("%s is no file", path)
	case s.Mode().Perm()&othersMayRead != 0:
		return fmt.Errorf("%s has mode %04o, group or others can reach it: chmod 600 %s", path, s.Mode().Perm(), path)
	}
	b, err := os.ReadFile(path)
	if err != nil || check == nil {
		return err
	}
	return check(b)
}

func checkAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || n == 0 || strings.ContainsAny(host, " /") {
		return fmt.Errorf("%q is no host:port", s)
	}
	return nil
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

func checkName(s string) error {
	if !nameForm.MatchString(s) {
		return fmt.Errorf("%q is no name: lower-case letters, digits, dot, dash, at most 63", s)
	}
	return nil
}

// DecodeCampaign reads a campaign file; name is the file's, for messages.
func DecodeCampaign(name string, text []byte) (campaign.Spec, error) {
	spec, err := decode[campaign.Spec](text)
	if err == nil {
		err = errors.Join(checkWritten(spec)...)
	}
	if err == nil {
		spec, err = campaign.ParseSpec(text)
	}
	if err != nil {
		return campaign.Spec{}, Explain(name, text, err)
	}
	return spec, nil
}

// checkWritten names the file that was perhaps meant.
func checkWritten(spec campaign.Spec) (out []error) {
	for _, name := range slices.Sorted(maps.Keys(spec.Write)) {
		if _, _, err := rfm.LookupRecord(name); err != nil {
			out = append(out, bad("write."+name, "%s", unknownFile(name, err)))
		}
	}
	return out
}
