package settings

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/sat/rfm"
)

// CardFile is a file of the card that follows from an operator's settings.
type CardFile struct {
	Name    string          // as sat/rfm names it: "smsp", "sdn#2"
	Content json.RawMessage // in the form that rfm.File.Encode takes
	Why     string
}

// CardFiles are the files of the card that say what an operator's settings say:
// service centre, service numbers, voice mail, emergency numbers, access
// points. They work in every device, whatever it thinks of OMA CP.
func CardFiles(op catalog.Operator) ([]CardFile, error) {
	var out []CardFile
	add := func(name, why string, content any) error {
		b, err := json.Marshal(content)
		out = append(out, CardFile{Name: name, Content: b, Why: why})
		return err
	}
	record := map[string]int{}
	next := func(file string) string {
		record[file]++
		if record[file] == 1 {
			return file
		}
		return fmt.Sprintf("%s#%d", file, record[file])
	}
	if op.SMSC != "" {
		if err := add("smsp", "the service centre for all messages from the device, and for proofs", map[string]any{"smsc": op.SMSC}); err != nil {
			return nil, err
		}
	}
	if op.SMSCURI != "" {
		if err := add("telecom/psismsc", "the service centre for SMS over IP", op.SMSCURI); err != nil {
			return nil, err
		}
	}
	for _, c := range slices.Concat(op.ShortCodes.SMS, op.ShortCodes.Voice) {
		var err error
		switch c.Meaning {
		case catalog.MeansVoicemail:
			err = add(next("mbdn"), "voice mail", rfm.Entry{Name: c.Name, Number: c.Number})
		case catalog.MeansEmergency:
			err = add(next("ecc"), "emergency number", map[string]string{"number": c.Number, "alpha": c.Name})
		default:
			err = add(next("sdn"), "service number", rfm.Entry{Name: c.Name, Number: c.Number})
		}
		if err != nil {
			return nil, err
		}
	}
	var apns []string
	for _, a := range op.APNs {
		if !slices.Contains(apns, a.Name) {
			apns = append(apns, a.Name)
		}
	}
	if len(apns) > 0 {
		if err := add("acl", "the access points that a card with an APN control list lets pass", apns); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ByOperator are the files whose content an operator may say, by name. A swap
// writes them where the card type lists them and the operator says something.
var ByOperator = []string{"smsp", "telecom/psismsc", "sdn", "mbdn", "ecc", "acl"}

// Expand replaces the files of [ByOperator] in a list of a card type by the
// records that the operator says something for: "sdn" by "sdn" and "sdn#2". One
// that it says nothing for is left out. SMSP stays: the identity determines it.
func Expand(files []string, says []CardFile) []string {
	var out []string
	for _, f := range files {
		if f == "smsp" || !slices.Contains(ByOperator, f) {
			out = append(out, f)
			continue
		}
		for _, s := range says {
			if name, _, _ := strings.Cut(s.Name, "#"); name == f {
				out = append(out, s.Name)
			}
		}
	}
	return out
}
