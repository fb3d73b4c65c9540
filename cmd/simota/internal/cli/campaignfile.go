package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/ota/campaign"
)

// readCampaign reads and checks a campaign file, and puts the ICCIDs of
// select.file in its place: a server reads no files of its callers.
func (a *app) readCampaign(file string) ([]byte, error) {
	text, err := a.readFile(file)
	if err != nil {
		return nil, err
	}
	spec, err := config.DecodeCampaign(file, text)
	if err != nil {
		return nil, err
	}
	if spec.Select.File == "" {
		return text, nil
	}
	if len(spec.Select.ICCIDs) > 0 {
		return nil, config.Explain(file, text, config.FieldError{Field: "select.file", Msg: "file and iccids exclude each other: put all cards into one of them"})
	}
	list := spec.Select.File
	if !filepath.IsAbs(list) {
		list = filepath.Join(filepath.Dir(file), list)
	}
	cards, err := os.ReadFile(list)
	if err != nil {
		return nil, config.Explain(file, text, config.FieldError{Field: "select.file", Msg: err.Error()})
	}
	iccids, err := readICCIDs(list, cards)
	if err != nil {
		return nil, err
	}
	out, err := inline(text, spec, iccids)
	if err == nil && len(out) > maxCampaign {
		err = fmt.Errorf("with its %d cards the campaign has %d octets, a server takes %d: make several campaigns of it", len(iccids), len(out), maxCampaign)
	}
	if err != nil {
		return nil, config.Explain(file, text, config.FieldError{Field: "select.file", Msg: err.Error()})
	}
	return out, nil
}

// maxCampaign is how long a campaign file may be for a server, in octets:
// some 40,000 ICCIDs.
const maxCampaign = 1 << 20

var iccidForm = regexp.MustCompile(`^[0-9]{18,20}[Ff]?$`)

// readICCIDs reads one ICCID per line (ITU-T E.118: 18 to 20 digits); what
// follows a # is a comment. It names every line that is wrong.
func readICCIDs(name string, text []byte) (iccids []string, err error) {
	var errs []error
	seen := map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	for n := 1; lines.Scan(); n++ {
		id, _, _ := strings.Cut(lines.Text(), "#")
		id = strings.TrimSpace(id)
		switch first := seen[id]; {
		case id == "":
		case !iccidForm.MatchString(id):
			errs = append(errs, fmt.Errorf("%s line %d: %q is no ICCID: want 18 to 20 digits and nothing else", name, n, id))
		case first > 0:
			errs = append(errs, fmt.Errorf("%s line %d: ICCID %s stands in line %d already", name, n, id, first))
		default:
			seen[id] = n
			iccids = append(iccids, strings.TrimRight(id, "Ff"))
		}
		if len(errs) == maxRemarks {
			break
		}
	}
	if err := errors.Join(append(errs, lines.Err())...); err != nil {
		return nil, err
	}
	if len(iccids) == 0 {
		return nil, fmt.Errorf("%s: there is no ICCID in it", name)
	}
	return iccids, nil
}

var (
	fileKey   = regexp.MustCompile(`["']?\bfile["']?\s*:\s*$`)
	fileValue = regexp.MustCompile(`^("[^"]*"|'[^']*'|[^\s,}#]([^,}#]*[^\s,}#])?)`)
)

// inline replaces "file: NAME" by "iccids: [...]" in the text and touches no
// other octet of it: what is stored is what was written. It believes its own
// work only when the result means the same.
func inline(text []byte, spec campaign.Spec, iccids []string) ([]byte, error) {
	path, err := yaml.PathString("$.select.file")
	if err != nil {
		return nil, err
	}
	node, err := path.ReadNode(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	odd := errors.New("write it on one line, as file: cards.txt")
	lines := strings.SplitAfter(string(text), "\n")
	at := node.GetToken().Position
	if at.Line < 1 || at.Line > len(lines) {
		return nil, odd
	}
	line := []rune(lines[at.Line-1])
	if at.Column < 1 || at.Column > len(line) {
		return nil, odd
	}
	before, after := string(line[:at.Column-1]), string(line[at.Column-1:])
	key, value := fileKey.FindStringIndex(before), fileValue.FindStringIndex(after)
	if key == nil || value == nil {
		return nil, odd
	}
	lines[at.Line-1] = before[:key[0]] + `iccids: ["` + strings.Join(iccids, `", "`) + `"]` + after[value[1]:]
	out := []byte(strings.Join(lines, ""))
	spec.Select.File, spec.Select.ICCIDs = "", iccids
	if got, err := campaign.ParseSpec(out); err != nil || !reflect.DeepEqual(got, spec) {
		return nil, odd
	}
	return out, nil
}
