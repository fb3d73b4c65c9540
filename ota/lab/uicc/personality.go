package uicc

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
)

//go:embed personality/*.yaml
var shipped embed.FS

// Personalities are the names of the personalities that come with the package.
func Personalities() []string {
	files, _ := shipped.ReadDir("personality") // embedded: it is there
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	return names
}

// Personality is one of those that come with the package.
func Personality(name string) (Profile, error) {
	if !slices.Contains(Personalities(), name) {
		return Profile{}, fmt.Errorf("uicc: no personality %q: want one of %s", name, strings.Join(Personalities(), ", "))
	}
	b, err := shipped.ReadFile(path.Join("personality", name+".yaml"))
	if err != nil {
		return Profile{}, fmt.Errorf("uicc: personality %q: %w", name, err)
	}
	return ParsePersonality(b)
}

// ParsePersonality reads a personality in YAML. Octets, TARs and AIDs are hexadecimal, durations like 10m. What is
// left out has the value in brackets. Unknown fields are errors; every error names line and field.
//
//	name: sja5-aes
//	description: what kind of card this is
//	algorithm: aes-128               # of all keys [not checked]
//	counter: keyset                  # keyset or tar: who counts [keyset]
//	replay: counter-low              # counter-low, unsecured or silent [counter-low]
//	security_failures: answered      # answered or silent [answered]
//	redundancy_check: false          # CRC instead of CC is taken [false]
//	por: {way: asked, clear_every: 0}           # asked, submit or report [asked]; every nth in clear [0 none]
//	refresh: {mode: card, qualifier: "04", after: 5s}  # card, immediate or none [none]
//	buffer: {parts: 5, sets: 1}      # SMS of one packet, packets at once [5, 1]
//	response_limit: 512              # octets of an expanded answer [512]
//	memory: 65536                    # octets for applets and created files [65536]
//	script: {chaining: true}         # expanded scripts may be chained [false]
//	put_key: any                     # AES keys: any, plain or length [any]
//	applications:
//	  - tar: B00011
//	    kind: rfm                    # rfm, ram, isd-r or multi-imsi [rfm]
//	    format: compact              # compact, expanded, expanded-definite, expanded-indefinite or auto
//	    msl: "16"                    # [16]
//	    start: adf                   # adf or mf [adf]
//	    adf: usim                    # usim or isim [usim]
//	    class: "00"                  # 00 or A0 [00]
//	    counter: tar                 # [as above]
//	    silent: false                # no answer to a security failure [false]
//	    select_by_aid: false         # [false]
//	    updatable: [SMSP, FPLMN]     # [full access]
//	packages:
//	  - {aid: A0000001515350, modules: [A000000151535041]}
//	files:
//	  - {name: ACL, absent: true}    # or size, records, data
//	multi_imsi: {select: "10", read: "12", refresh: "04", undo: {without_service: 10m, with_service: 24h}}
//	euicc: {tries: 3, confirmation: 10m, resend: 30s, attach: 15m, fall_back: 1h, first_attach: false, aid_tag: "4F"}
func ParsePersonality(b []byte) (Profile, error) {
	var s sheet
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&s); err != nil {
		return Profile{}, fmt.Errorf("uicc: personality: %s", yaml.FormatError(err, false, false)) // without the lines: a key may stand there
	}
	p, err := s.profile()
	if err == nil {
		err = p.validate()
	}
	if err != nil {
		return Profile{}, located(b, err)
	}
	return p, nil
}

// located puts line and field in front of an error about a field.
func located(b []byte, err error) error {
	var a at
	if !errors.As(err, &a) {
		return err
	}
	return fmt.Errorf("uicc: personality: line %d: %s: %w", line(b, a.field), a.field, err)
}

// line is where a field stands; that of what it belongs to if it is left out.
func line(b []byte, field string) int {
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return 0
	}
	for ; field != ""; field = field[:max(0, strings.LastIndexAny(field, ".["))] {
		p, err := yaml.PathString("$." + field)
		if err != nil {
			continue
		}
		if n, err := p.FilterFile(file); err == nil && n.GetToken() != nil {
			return n.GetToken().Position.Line
		}
	}
	return 1
}

// sheet is the YAML form of a Profile.
type sheet struct {
	Name        string             `yaml:"name"`
	Description string             `yaml:"description"`
	Algorithm   string             `yaml:"algorithm"`
	Counter     string             `yaml:"counter"`
	Replay      string             `yaml:"replay"`
	Failures    string             `yaml:"security_failures"`
	RC          bool               `yaml:"redundancy_check"`
	PoR         porSheet           `yaml:"por"`
	Refresh     refreshSheet       `yaml:"refresh"`
	Buffer      bufferSheet        `yaml:"buffer"`
	Response    int                `yaml:"response_limit"`
	Memory      int                `yaml:"memory"`
	Script      scriptSheet        `yaml:"script"`
	PutKey      string             `yaml:"put_key"`
	Apps        []applicationSheet `yaml:"applications"`
	Packages    []packageSheet     `yaml:"packages"`
	Files       []fileSheet        `yaml:"files"`
	MultiIMSI   multiIMSISheet     `yaml:"multi_imsi"`
	EUICC       euiccSheet         `yaml:"euicc"`
}

type porSheet struct {
	Way        string `yaml:"way"`
	ClearEvery int    `yaml:"clear_every"`
}

type refreshSheet struct {
	Mode      string        `yaml:"mode"`
	Qualifier string        `yaml:"qualifier"`
	After     time.Duration `yaml:"after"`
}

type bufferSheet struct {
	Parts int `yaml:"parts"`
	Sets  int `yaml:"sets"`
}

type scriptSheet struct {
	Chaining bool `yaml:"chaining"`
}

type applicationSheet struct {
	TAR         string   `yaml:"tar"`
	Kind        string   `yaml:"kind"`
	Format      string   `yaml:"format"`
	MSL         string   `yaml:"msl"`
	Start       string   `yaml:"start"`
	ADF         string   `yaml:"adf"`
	Class       string   `yaml:"class"`
	Counter     string   `yaml:"counter"`
	Silent      bool     `yaml:"silent"`
	SelectByAID bool     `yaml:"select_by_aid"`
	Updatable   []string `yaml:"updatable"`
}

type packageSheet struct {
	AID     string   `yaml:"aid"`
	Modules []string `yaml:"modules"`
}

type fileSheet struct {
	Name    string `yaml:"name"`
	Absent  bool   `yaml:"absent"`
	Size    int    `yaml:"size"`
	Records int    `yaml:"records"`
	Data    string `yaml:"data"`
}

type multiIMSISheet struct {
	Select  string    `yaml:"select"`
	Read    string    `yaml:"read"`
	Refresh string    `yaml:"refresh"`
	Undo    undoSheet `yaml:"undo"`
}

type undoSheet struct {
	WithoutService time.Duration `yaml:"without_service"`
	WithService    time.Duration `yaml:"with_service"`
}

type euiccSheet struct {
	Tries        int           `yaml:"tries"`
	Confirmation time.Duration `yaml:"confirmation"`
	Resend       time.Duration `yaml:"resend"`
	Attach       time.Duration `yaml:"attach"`
	FallBack     time.Duration `yaml:"fall_back"`
	FirstAttach  bool          `yaml:"first_attach"`
	AIDTag       string        `yaml:"aid_tag"`
}

// reader turns the texts of a sheet into values and keeps the first error.
type reader struct{ err error }

func (r *reader) fail(field, format string, args ...any) {
	if r.err == nil {
		r.err = wrong(field, format, args...)
	}
}

// octets reads hexadecimal digits; nothing gives nil.
func (r *reader) octets(field, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		r.fail(field, "%q: want hexadecimal digits", s)
	}
	return b
}

// octet reads two hexadecimal digits; nothing gives the default.
func (r *reader) octet(field, s string, standard byte) byte {
	if s == "" {
		return standard
	}
	b := r.octets(field, s)
	if len(b) != 1 {
		r.fail(field, "%q: want two hexadecimal digits, in quotes", s)
		return standard
	}
	return b[0]
}

func (r *reader) aid(field, s string) sat.AID {
	b := r.octets(field, s)
	if !validAID(b) {
		r.fail(field, "AID %q: want 5 to 16 octets", s)
	}
	return b
}

// choice reads one of the words; nothing is the first.
func (r *reader) choice(field, s string, words ...string) string {
	s = cmp.Or(s, words[0])
	if !slices.Contains(words, s) {
		r.fail(field, "%q: want %s", s, strings.Join(words, ", "))
	}
	return s
}

func (s sheet) profile() (Profile, error) {
	r := &reader{}
	if s.Name == "" {
		r.fail("name", "a personality has a name")
	}
	p := Profile{
		Name: s.Name, RC: s.RC, ClearPoREvery: s.PoR.ClearEvery,
		Refresh: RefreshMode(cmp.Or(s.Refresh.Mode, string(RefreshNone))), RefreshDelay: s.Refresh.After,
		RefreshQualifier: r.octet("refresh.qualifier", s.Refresh.Qualifier, uiccReset),
		Replay:           Replay(cmp.Or(s.Replay, string(ReplayCounterLow))),
		SilentOnFailure:  r.choice("security_failures", s.Failures, "answered", "silent") == "silent",
		BufferParts:      cmp.Or(s.Buffer.Parts, 5), BufferSets: cmp.Or(s.Buffer.Sets, 1), ResponseLimit: cmp.Or(s.Response, 512),
		Chaining: s.Script.Chaining, Memory: s.Memory,
		MultiIMSI: MultiIMSI{
			Select: r.octet("multi_imsi.select", s.MultiIMSI.Select, insSlotSelect), Read: r.octet("multi_imsi.read", s.MultiIMSI.Read, insSlotRead),
			Qualifier:      r.octet("multi_imsi.refresh", s.MultiIMSI.Refresh, uiccReset),
			WithoutService: s.MultiIMSI.Undo.WithoutService, WithService: s.MultiIMSI.Undo.WithService,
		},
		EUICC: EUICC{
			Tries: s.EUICC.Tries, Confirmation: s.EUICC.Confirmation, Resend: s.EUICC.Resend, Attach: s.EUICC.Attach,
			FallBack: s.EUICC.FallBack, FirstAttach: s.EUICC.FirstAttach, AIDTag: r.octet("euicc.aid_tag", s.EUICC.AIDTag, 0x4F),
		},
	}
	if w := r.choice("por.way", s.PoR.Way, "asked", string(PoRBySubmit), string(PoRByReport)); w != "asked" {
		p.PoR = PoRWay(w)
	}
	if w := r.choice("put_key", s.PutKey, "any", string(PutKeyPlain), string(PutKeyLength)); w != "any" {
		p.PutKey = PutKeyForm(w)
	}
	if s.Algorithm != "" {
		var err error
		if p.Algorithm, err = ota.ParseAlgorithm(s.Algorithm); err != nil {
			r.fail("algorithm", "%w", err)
		}
	}
	counter := r.choice("counter", s.Counter, "keyset", "tar")
	for i, a := range s.Apps {
		p.Applications = append(p.Applications, a.application(r, fmt.Sprintf("applications[%d].", i), counter))
	}
	s.lists(r, &p)
	return p, r.err
}

// lists reads packages and files.
func (s sheet) lists(r *reader, p *Profile) {
	for i, f := range s.Packages {
		pkg := Package{AID: r.aid(fmt.Sprintf("packages[%d].aid", i), f.AID)}
		for j, m := range f.Modules {
			pkg.Modules = append(pkg.Modules, r.aid(fmt.Sprintf("packages[%d].modules[%d]", i, j), m))
		}
		p.Packages = append(p.Packages, pkg)
	}
	for i, f := range s.Files {
		change := File{Name: f.Name, Absent: f.Absent, Size: f.Size, Records: f.Records}
		if f.Data != "" {
			change.Data = r.octets(fmt.Sprintf("files[%d].data", i), f.Data)
		}
		p.FileChanges = append(p.FileChanges, change)
	}
}

func (a applicationSheet) application(r *reader, at, counter string) Application {
	tar, err := ota.ParseTAR(a.TAR)
	if err != nil {
		r.fail(at+"tar", "%w", err)
	}
	app := Application{
		TAR: tar, Format: script.Format(a.Format), Silent: a.Silent, SelectByAID: a.SelectByAID, Updatable: a.Updatable,
		MSL: r.octet(at+"msl", a.MSL, 0x16), Class: r.octet(at+"class", a.Class, classUICC),
		OwnCounter: r.choice(at+"counter", cmp.Or(a.Counter, counter), "keyset", "tar") == "tar",
		ISIM:       r.choice(at+"adf", a.ADF, "usim", "isim") == "isim",
		Start:      sat.ADFUSIM,
	}
	if r.choice(at+"start", a.Start, "adf", "mf") == "mf" {
		app.Start = sat.MF
	}
	if k := r.choice(at+"kind", a.Kind, "rfm", string(KindRAM), string(KindISDR), string(KindMultiIMSI)); k != "rfm" {
		app.Kind = Kind(k)
	}
	return app
}
