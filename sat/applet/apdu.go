package applet

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/simota/simota/sat"
)

// apdu is one command with gaps: octets in which every placeholder is zeros.
type apdu struct {
	octets []byte
	gaps   []gap
}

type gap struct {
	at int // offset in the octets
	placeholder
}

const (
	headerEnd = 4   // of CLA, INS, P1 and P2
	longest   = 261 // header, Lc, 255 octets, Le
)

// parseAPDU reads hex, in which spaces do not count, and placeholders. The
// result is a whole command whatever the values are: they may stand only where
// they cannot change its meaning or length, in P1, P2 and the data.
func parseAPDU(text string) (apdu, error) {
	var a apdu
	for rest := squeeze(text); rest != ""; {
		literal, key, after, err := cutPlaceholder(rest)
		if err != nil {
			return apdu{}, err
		}
		b, err := hex.DecodeString(literal)
		if err != nil {
			return apdu{}, fmt.Errorf("%q is no hex of whole octets", literal)
		}
		a.octets, rest = append(a.octets, b...), after
		if key != "" {
			p, err := lookUp(key)
			if err != nil {
				return apdu{}, err
			}
			a.gaps = append(a.gaps, gap{len(a.octets), p})
			a.octets = append(a.octets, make([]byte, p.size)...)
		}
		if len(a.octets) > longest {
			return apdu{}, fmt.Errorf("more than %d octets: one APDU holds no more", longest)
		}
	}
	for _, g := range a.gaps {
		if end := g.at + g.size; g.at < 2 || g.at < headerEnd+1 && end > headerEnd {
			return apdu{}, fmt.Errorf("%s stands at octet %d: only P1, P2 and the data can have values", g, g.at+1)
		}
	}
	c, err := sat.ParseCommand(a.octets)
	if err != nil {
		return apdu{}, err
	}
	for _, g := range a.gaps {
		if g.at > headerEnd && g.at+g.size > headerEnd+1+len(c.Data) {
			return apdu{}, fmt.Errorf("%s stands after the data, Lc is %d: only P1, P2 and the data can have values", g, len(c.Data))
		}
	}
	return a, nil
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

// cutPlaceholder splits text at its first placeholder. Without one, key is "".
func cutPlaceholder(s string) (before, key, after string, err error) {
	before, rest, found := strings.Cut(s, "${")
	if !found {
		return s, "", "", nil
	}
	key, after, found = strings.Cut(rest, "}")
	switch {
	case !found:
		return "", "", "", fmt.Errorf("${%s has no closing brace", rest)
	case key == "":
		return "", "", "", errors.New("${} has no name")
	}
	return before, key, after, nil
}

// fill returns the octets with the values in their gaps.
func (a apdu) fill(v Values) ([]byte, error) {
	b := append([]byte(nil), a.octets...)
	for _, g := range a.gaps {
		value, err := g.placeholder.octets(v)
		if err != nil {
			return nil, err
		}
		copy(b[g.at:], value)
	}
	return b, nil
}

// command is the command with these values.
func (a apdu) command(v Values) (sat.Command, error) {
	b, err := a.fill(v)
	if err != nil {
		return sat.Command{}, err
	}
	return sat.ParseCommand(b)
}

// expectsData says whether the command has Le.
func (a apdu) expectsData() bool {
	c, err := sat.ParseCommand(a.octets)
	return err == nil && c.Le != sat.NoLe
}
