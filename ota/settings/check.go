package settings

import (
	"errors"
	"fmt"

	"github.com/simota/simota/catalog"
)

// Problem is a setting of an operator that no device could be told.
type Problem struct {
	Field string // as in the operator's file: "apns[1]"
	Err   error
}

// Check makes every document that some client might be told and every file of
// a card, and says which settings cannot be said.
func Check(op catalog.Operator) (out []Problem) {
	add := func(field string, err error) {
		if err != nil {
			out = append(out, Problem{field, err})
		}
	}
	seen := map[string]bool{}
	for i, a := range op.APNs {
		field := fmt.Sprintf("apns[%d]", i)
		_, err := access(op.Name, a, options{dns: true, pdp: true, proxy: true, bootstrap: true, maxID: maxID})
		add(field, err)
		if seen[a.Purpose] {
			add(field+".purpose", fmt.Errorf("%q stands here twice: a device would keep the last one only", a.Purpose))
		}
		seen[a.Purpose] = true
	}
	if op.DM != nil {
		_, err := deviceManagement(*op.DM)
		add("dm", err)
	}
	if op.SMSC != "" {
		_, err := messageCentre(op.Name, op.SMSC, maxID)
		add("smsc", err)
	}
	if len(op.ShortCodes.SMS)+len(op.ShortCodes.Voice) > 0 {
		_, err := shortCodes(op.Name, op.ShortCodes)
		add("short_codes", err)
		add("short_codes", onCard(op))
	}
	return out
}

// onCard refuses short codes that the card's files have no room for.
func onCard(op catalog.Operator) (err error) {
	for _, c := range op.ShortCodes.Voice {
		if c.Meaning == catalog.MeansEmergency && (len(c.Number) > 6 || !digits(c.Number)) {
			err = errors.Join(err, fmt.Errorf("emergency number %q: want 1 to 6 digits (EF_ECC)", c.Number))
		}
	}
	for _, c := range op.ShortCodes.SMS {
		if c.Meaning != "" {
			err = errors.Join(err, fmt.Errorf("short code %q: meaning %s is for voice short codes", c.Number, c.Meaning))
		}
	}
	return err
}
