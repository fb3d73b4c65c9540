// Package simota_test holds the rule of who may import whom. The table is the
// architecture (docs/architecture.md): data flows one way, and the codecs are
// strangers to each other.
package simota_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/simota/simota"

// allowed lists, for each package, the packages of our own that it may import.
// A trailing /... means everything below. What is not listed may import nothing.
var allowed = map[string][]string{
	"smpp":                {},
	"smpp/receipt":        {},
	"smpp/route":          {"smpp"},
	"smpp/smscsim":        {"smpp", "smpp/receipt"},
	"sat":                 {},
	"sat/tlv":             {},
	"sat/rfm":             {"sat", "sat/tlv"},
	"sat/ram":             {"sat", "sat/tlv"},
	"sat/euicc":           {"sat", "sat/tlv"},
	"sat/applet":          {"sat"},
	"ota":                 {},
	"ota/sms":             {},
	"ota/script":          {"sat", "sat/tlv"},
	"ota/cp":              {"ota/sms"},
	"ota/cp/content":      {"ota/cp"},
	"ota/detect":          {},
	"ota/settings":        {"ota/cp", "ota/cp/content", "ota/sms", "sat/rfm", "catalog"},
	"ota/explain":         {"smpp", "smpp/receipt", "sat", "sat/...", "ota", "ota/sms", "ota/script", "ota/cp", "ota/cp/content"},
	"ota/delivery":        {"ota", "ota/script", "ota/sms", "sat", "catalog", "catalog/ledger", "smpp/receipt"},
	"ota/swap":            {"catalog", "catalog/ledger", "sat/...", "sat", "ota", "ota/script", "ota/cp"},
	"ota/campaign":        {"ota", "ota/detect", "ota/settings", "ota/swap", "ota/delivery", "ota/cp", "ota/script", "sat", "sat/...", "catalog", "catalog/ledger"},
	"ota/lab":             {"ota", "ota/sms", "ota/cp", "ota/script", "sat", "sat/...", "smpp", "smpp/receipt", "smpp/smscsim", "ota/lab/uicc", "ota/lab/device"},
	"ota/lab/uicc":        {"ota", "ota/sms", "ota/script", "sat", "sat/..."},
	"ota/lab/device":      {"ota", "ota/sms", "ota/cp", "ota/script", "sat", "sat/...", "ota/lab/uicc"},
	"catalog":             {},
	"catalog/ledger":      {"catalog"},
	"catalog/vault":       {},
	"catalog/delimited":   {},
	"catalog/cardfile":    {"catalog", "catalog/delimited", "catalog/vault"},
	"catalog/tactable":    {"catalog", "catalog/delimited"},
	"catalog/sqlite":      {"catalog", "catalog/ledger"},
	"catalog/catalogtest": {"catalog", "catalog/ledger"},
}

// modules are the third-party modules the product is built with.
var modules = []string{
	"github.com/fiorix/go-smpp", "github.com/mattn/go-sqlite3", "github.com/robfig/cron/v3", "github.com/rs/zerolog",
	"github.com/spf13/cobra", "github.com/goccy/go-yaml", "github.com/danielgtaylor/huma/v2", "github.com/pressly/goose/v3",
	"github.com/schollz/progressbar/v3", "golang.org/x/time", "golang.org/x/term",
	"github.com/theory/jsonpath", "layeh.com/radius",
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Module     *struct{ Path string }
	Standard   bool
}

func list(t *testing.T) map[string]goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Module,Standard", "./...")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	all := map[string]goPackage{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

func TestEveryPackageImportsOnlyWhatItMay(t *testing.T) {
	t.Parallel()
	all := list(t)
	seen := 0
	for name, p := range all {
		own, ok := strings.CutPrefix(name, module+"/")
		if !ok {
			continue
		}
		seen++
		if strings.HasPrefix(own, "cmd/") {
			continue // commands may know everything
		}
		rules, known := allowed[own]
		if !known {
			t.Errorf("%s is in no room: give it one in docs/architecture.md and in this table", own)
			continue
		}
		for _, imp := range p.Imports {
			checkImport(t, own, imp, rules, all)
		}
	}
	if seen < len(allowed) {
		t.Errorf("%d packages seen, the table has %d", seen, len(allowed))
	}
}

func checkImport(t *testing.T, own, imp string, rules []string, all map[string]goPackage) {
	t.Helper()
	if target, ok := strings.CutPrefix(imp, module+"/"); ok {
		if !slices.ContainsFunc(rules, func(r string) bool {
			below, tree := strings.CutSuffix(r, "/...")
			return r == target || tree && strings.HasPrefix(target, below+"/")
		}) {
			t.Errorf("%s imports %s: the architecture does not allow it", own, target)
		}
		return
	}
	if own == "catalog/catalogtest" && strings.HasPrefix(imp, "github.com/google/go-cmp/") {
		return // a package of tests
	}
	if m := all[imp].Module; m != nil && !slices.Contains(modules, m.Path) {
		t.Errorf("%s imports %s of module %s, which is not on the list", own, imp, m.Path)
	}
	if base := path.Base(imp); imp == "net/http" && !strings.HasPrefix(own, "ota/lab") || base == "go-sqlite3" && own != "catalog/sqlite" {
		t.Errorf("%s imports %s: only commands know HTTP, only catalog/sqlite knows SQL", own, imp)
	}
}
