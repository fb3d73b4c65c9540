// Package sample writes a folder with everything a first walk needs: a
// simulated world, a server for it, cards, operators, card types and
// campaigns. `simota lab init`, `simota demo` and `simota bench` use it.
package sample

import (
	"crypto/rand"
	"embed"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/simota/simota/catalog/vault"
	"github.com/simota/simota/ota/lab"
)

//go:embed files
var files embed.FS

// Options say what world to write.
type Options struct {
	Cards    int
	Seed     int64
	Faults   string // lines to add to lab.yaml, as YAML; empty for none
	LinkRate string // of each link, "100/s"
	Devices  bool   // of several kinds, with a TAC table for the server; without it all are of one that nobody described
	AnyPort  bool   // free ports instead of 2775, 2776 and 8470
}

// Write makes the folder, which must be empty or not exist. Passwords, token
// and key-encryption key are made anew for it.
func Write(dir string, o Options) error {
	if err := makeFolder(dir); err != nil {
		return err
	}
	feed, nordvik, aurora, err := ports(o.AnyPort)
	if err != nil {
		return err
	}
	// SMPP 3.4 gives a password 8 characters.
	nordvikPW, auroraPW, token := random(4), random(4), random(16)
	w := &writer{dir: dir}
	w.copy("operators/nordvik.yaml", "operators/aurora.yaml", "card-types/sja2-3des.yaml", "card-types/sja5-aes.yaml",
		"card-types/usim-expanded.yaml", "card-types/euicc-sgp02.yaml", "card-types/multi-imsi.yaml", "card-types/difficult.yaml",
		"campaigns/to-aurora.yaml", "campaigns/write-spn.yaml")
	cards := lab.Sample(o.Cards, o.Seed).Cards
	if o.Devices {
		if cards, err = intoDevices(cards); err != nil {
			return err
		}
		w.copy("clients/dovre.yaml", "devices.csv", "campaigns/new-devices.yaml")
	}
	w.put("cards.csv", cards, 0o600)
	w.secret("nordvik.pw", nordvikPW)
	w.secret("aurora.pw", auroraPW)
	w.secret("feed.token", token)
	w.template("simota.yaml", "simota.yaml", feed, nordvik, aurora, o.LinkRate)
	w.template("lab.yaml", "lab.yaml", feed, nordvik, aurora, nordvikPW, auroraPW, o.Seed, token)
	if w.err == nil && o.Devices {
		w.append("lab.yaml", labDevices())
	}
	if w.err == nil && o.Faults != "" {
		w.append("lab.yaml", o.Faults)
	}
	return w.finish()
}

func makeFolder(dir string) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("sample: %s is not empty: name a new folder", dir)
	}
	for _, d := range []string{"operators", "card-types", "campaigns", "clients", "logs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return fmt.Errorf("sample: %w", err)
		}
	}
	return nil
}

// ports are where feed and SMSCs listen.
func ports(anyPort bool) (feed, nordvik, aurora string, err error) {
	if !anyPort {
		return "127.0.0.1:8470", "127.0.0.1:2775", "127.0.0.1:2776", nil
	}
	free, err := freePorts(3)
	if err != nil {
		return "", "", "", err
	}
	return free[0], free[1], free[2], nil
}

func freePorts(n int) (addresses []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("sample: %w", err)
		}
		defer func() { _ = l.Close() }() // all at the end: no port comes twice
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}

func random(octets int) string {
	b := make([]byte, octets)
	_, _ = rand.Read(b) // never fails (Go 1.24)
	return hex.EncodeToString(b)
}

// writer writes files until one fails.
type writer struct {
	dir string
	err error
}

// finish makes the key-encryption key, when all else is there.
func (w *writer) finish() error {
	if w.err != nil {
		return fmt.Errorf("sample: %w", w.err)
	}
	_, err := vault.CreateKEK(filepath.Join(w.dir, "simota.key"))
	return err
}

func (w *writer) put(name string, text []byte, mode os.FileMode) {
	if w.err == nil {
		w.err = os.WriteFile(filepath.Join(w.dir, name), text, mode)
	}
}

func (w *writer) secret(name, text string) { w.put(name, []byte(text+"\n"), 0o600) }

func (w *writer) read(name string) []byte {
	b, err := files.ReadFile("files/" + name)
	if w.err == nil {
		w.err = err
	}
	return b
}

func (w *writer) copy(names ...string) {
	for _, n := range names {
		w.put(n, w.read(filepath.Base(n)), 0o644)
	}
}

// template fills a file's verbs. Files that hold a password are the owner's only.
func (w *writer) template(name, from string, args ...any) {
	w.put(name, fmt.Appendf(nil, string(w.read(from)), args...), 0o600)
}

func (w *writer) append(name, text string) {
	b, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.err = err
		return
	}
	w.put(name, append(b, text...), 0o600)
}
