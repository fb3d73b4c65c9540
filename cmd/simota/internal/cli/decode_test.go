package cli

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/catalog/vault"
	"github.com/simota/simota/ota"
)

var updateDocs = flag.Bool("update-decode", false, "write what the examples of docs/decode.md print")

var (
	quoted  = regexp.MustCompile(`'[^']*'|\S+`)
	hereDoc = regexp.MustCompile(` <<(\w+)$`)
)

// page is a page of documentation whose examples are run as it is read.
type page struct {
	t       *testing.T
	lines   []string
	written []string
}

func TestExamplesOfTheDocumentationPrintWhatItSays(t *testing.T) {
	t.Parallel()
	const name = "../../../../docs/decode.md"
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, lines: strings.Split(string(b), "\n")}
	ran := 0
	for len(p.lines) > 0 {
		line := p.take()
		if line == "```console" {
			for p.lines[0] != "```" {
				p.example()
				ran++
			}
		}
	}
	got := strings.Join(p.written, "\n")
	if *updateDocs {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(string(b), got); diff != "" {
		t.Errorf("(-page +run)\n%s", diff)
	}
	if ran < 5 {
		t.Errorf("%d examples ran", ran)
	}
}

// take copies a line from the page to what is written.
func (p *page) take() string {
	if len(p.lines) == 0 {
		p.t.Fatal("an example does not end")
	}
	line := p.lines[0]
	p.lines, p.written = p.lines[1:], append(p.written, line)
	return line
}

// example runs one command and writes what it prints in place of what the page says.
func (p *page) example() {
	p.t.Helper()
	command, ok := strings.CutPrefix(p.take(), "$ simota ")
	if !ok {
		p.t.Fatalf("an example runs simota, not %q", p.written[len(p.written)-1])
	}
	for strings.HasSuffix(command, `\`) {
		command = strings.TrimSuffix(command, `\`) + p.take()
	}
	stdin := ""
	if m := hereDoc.FindStringSubmatch(command); m != nil {
		command = strings.TrimSuffix(command, m[0])
		for line := p.take(); line != m[1]; line = p.take() {
			stdin += line + "\n"
		}
	}
	for len(p.lines) > 0 && p.lines[0] != "```" && !strings.HasPrefix(p.lines[0], "$ ") {
		p.lines = p.lines[1:]
	}
	var args []string
	for _, w := range quoted.FindAllString(command, -1) {
		args = append(args, strings.Trim(w, "'"))
	}
	process, stdout, stderr := process(stdin, args...)
	if err := Run(p.t.Context(), process); err != nil {
		stdout.WriteString(stderr.String())
	}
	p.written = append(p.written, strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")...)
}

// Keys and a packet that they open.
const (
	testKIc    = "9c766d6a84c97671afaad0a9ad37e0aa"
	testKID    = "aa858a05b67bcc15d06c972c7c1bf663"
	testPacket = "02700000301516391515b00011a1841f20ac37001cf1d75fcf18ecbea858091b16d5dac25b050064a0bae9b9b6fc8dd984a58ecc6a"
)

func TestDecodeTakesTheKeysOfACardFromADatabase(t *testing.T) {
	t.Parallel()
	const iccid = "8947010000000000174"
	dir := t.TempDir()
	kek, err := vault.CreateKEK(filepath.Join(dir, "simota.key"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "cards.db")
	db, err := sqlite.Open(t.Context(), name, sqlite.Options{Node: "test"})
	if err != nil {
		t.Fatal(err)
	}
	var sets []catalog.Keyset
	for version := byte(1); version < 3; version++ {
		ks := catalog.Keyset{Version: version, KIcAlg: "3des-2", KIDAlg: "3des-2", CCLength: 8, CheckValue: fmt.Sprint(version)}
		kid := testKIc // the second set is another
		if version == 1 {
			kid = testKID
		}
		ks.SealedKIc, ks.KEKID = seal(t, vault.New(kek), vault.AAD(iccid, nil, version, "kic"), testKIc)
		ks.SealedKID, _ = seal(t, vault.New(kek), vault.AAD(iccid, nil, version, "kid"), kid)
		sets = append(sets, ks)
	}
	_, err = db.Import(t.Context(), "test", []catalog.Entry{{Card: catalog.Card{ICCID: iccid, Type: "t"}, Keysets: sets}})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	p, stdout, stderr := process("", "decode", testPacket, "--card", iccid, "--db", name)
	if err := Run(t.Context(), p); err != nil {
		t.Fatal(err, stderr)
	}
	if out := stdout.String(); !strings.Contains(out, "matches the given KID") || strings.Contains(out, strings.ToUpper(testKIc)) {
		t.Error(out)
	}
	for args, want := range map[string]string{
		"--card 890000000000000000 --db " + name:                           "not found",
		"--card " + iccid + " --db " + name + " --key-file " + dir + "/no": "name it with --key-file",
	} {
		p, _, stderr := process("", append([]string{"decode", testPacket}, strings.Fields(args)...)...)
		if err := Run(t.Context(), p); err == nil || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: %v, %s", args, err, stderr)
		}
	}
}

func seal(t *testing.T, v *vault.Vault, aad, key string) (sealed []byte, kek string) {
	t.Helper()
	raw, err := hex.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	sealed, kek, err = v.Seal(aad, raw)
	if err != nil {
		t.Fatal(err)
	}
	return sealed, kek
}

func TestDecodeReadsKeysFromFilesAndNeverRepeatsThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"kic": testKIc + "\n", "kid": strings.ToUpper(testKID), "bad": "0123456789abcdef01"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, stdout, _ := process(testPacket, "decode", "--kic", "@"+dir+"/kic", "--kid", "@"+dir+"/kid")
	if err := Run(t.Context(), p); err != nil || !strings.Contains(stdout.String(), "matches the given KID") {
		t.Error(err, stdout)
	}
	for args, want := range map[string]string{
		"--kic @" + dir + "/bad":            "16, 32, 48 or 64 hex digits, got 18",
		"--kid 0123456789abcdef01":          "value not shown",
		"--kic @" + dir + "/none":           "none",
		"--as letter":                       "want one of pdu",
		"--spi 16":                          "--spi",
		"--card 89":                         "--card and --db",
		"--card 89 --db x --kic " + testKIc: "exclude each other",
		"--jsonl":                           "reads standard input",
		"zz":                                "no hex digit",
	} {
		p, stdout, stderr := process("", append([]string{"decode", testPacket}, strings.Fields(args)...)...)
		err := Run(t.Context(), p)
		if err == nil || !strings.Contains(stderr.String(), want) || strings.Contains(stderr.String()+stdout.String(), "0123456789abcdef01") {
			t.Errorf("%s: %v, %s", args, err, stderr)
		}
	}
}

func TestDecodeLinesFillInFlagsAndFailAlone(t *testing.T) {
	t.Parallel()
	in := `{"id":"a","octets":"` + testPacket + `"}
{"id":"b","octets":"9000","as":"apdu-response"}
{"octets":"xyz"}
{"id":4,"octet":"9000"}
{"id":5,"octets":"001C12B000111CB59370DEAA8F8C1EE8894E397DB761AE31DB3748DA7F96","spi":"1639","kic_key":"` + testKIc + `","kid_key":"` + testKID + `"}
`
	p, stdout, stderr := process(in, "decode", "--jsonl", "--kic", testKIc, "--kid", testKID)
	err := Run(t.Context(), p)
	if err == nil || !strings.Contains(stderr.String(), "2 of 5 lines failed") {
		t.Error(err, stderr)
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	for i, want := range []string{`"matches the given KID"`, `"kind":"apdu-response","confidence":"forced"`, `{"id":null,"error":`, `{"id":4,"error":"unknown field \"octet\": known are id, octets, as, spi, kic_key, kid_key"}`, `"id":5,"report"`} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Errorf("line %d has no %s: %s", i+1, want, lines[i])
		}
	}
	if strings.Contains(strings.ToLower(stdout.String()), testKIc) {
		t.Error("a key is shown")
	}
}

func TestDecodeLineNamesItsFirstMistake(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{"id":7,"octets":"9000"`:                   `{"id":null,"error":"the line is no JSON"}`,
		`{"octets":"9000"}{}`:                       `{"id":null,"error":"the line is no JSON"}`,
		`["9000"]`:                                  `{"id":null,"error":"the line is no JSON object"}`,
		`{"octets":9000,"spi":16,"id":7}`:           `{"id":7,"error":"octets: want a string"}`,
		`{"octets":"9000","octets":"9000","id":7}`:  `{"id":7,"error":"field \"octets\" is there twice"}`,
		`{"id":7,"octets":"9000","spi":"16"}`:       `{"id":7,"error":"spi: `,
		`{"id":7,"octets":"9000","kic_key":"hush"}`: `{"id":7,"error":"KIc: want`,
		`{"id":7,"octets":"9000","as":"letter"}`:    `{"id":7,"error":"as: `,
		`{"id":7,"octets":"90 0z"}`:                 `{"id":7,"error":"octets: `,
		`{"id":7}`:                                  `{"id":7,"error":"octets is missing"}`,
		`{"id":7,"octets":"9000","OCTETS":"9001"}`:  `{"id":7,"error":"unknown field \"OCTETS\"`,
		`{"id":7,"octets":"9000","spi":null}`:       `{"id":7,"report":`,
	} {
		p, stdout, _ := process(line+"\n", "decode", "--jsonl")
		_ = Run(t.Context(), p)
		if got := stdout.String(); !strings.HasPrefix(got, want) || strings.Contains(got, "hush") {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}

func TestEveryKeyLengthIsReadAsAllItCanBe(t *testing.T) {
	t.Parallel()
	for length, want := range map[int][]ota.Algorithm{
		8: {ota.DES, ota.DESECB}, 16: {ota.TripleDES2, ota.AES128}, 24: {ota.TripleDES3, ota.AES192}, 32: {ota.AES256},
	} {
		keys, err := keysOf("KIc", strings.Repeat("5A", length))
		if err != nil {
			t.Fatal(err)
		}
		var got []ota.Algorithm
		for _, k := range keys {
			got = append(got, k.Algorithm())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d octets (-want +got)\n%s", length, diff)
		}
	}
}
