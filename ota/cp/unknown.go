package cp

import (
	"fmt"
	"regexp"
	"strings"
)

// Tokens that no table has are kept as text, so that a document from an
// extended encoder can still be read and shown: "[unknown token 1:3C]" in a
// name, type or value for the attribute token 3C of page 1, and a
// characteristic of the type "[unknown tag 0:08]" for the element 08 of page 0.
const (
	unknownStart = "[unknown t"
	unknownToken = "[unknown token %d:%02X]"
	unknownTag   = "[unknown tag %d:%02X]"
)

var unknownForm = regexp.MustCompile(`\[unknown (?:token|tag) [0-9]{1,3}:[0-9A-F]{2}\]`)

// unknownIn returns the first unknown token that stands in a text, or "".
func unknownIn(s string) string {
	if !strings.Contains(s, unknownStart) { // cheap, and nearly always so
		return ""
	}
	return unknownForm.FindString(s)
}

// Unknown lists the tokens that [ParseWBXML] did not know, in their order, each
// with its place: "[unknown token 0:BD] in NAPDEF/BEARER". It is empty for a
// document that can be written again.
func (d Document) Unknown() []string {
	var list []string
	note := func(place, text string) {
		for _, token := range unknownForm.FindAllString(text, -1) {
			list = append(list, token+" in "+place)
		}
	}
	note(rootElement, d.Version)
	var walk func(above string, cs []Characteristic)
	walk = func(above string, cs []Characteristic) {
		for _, c := range cs {
			place := above + c.Type
			note(place, c.Type)
			for _, p := range c.Parms {
				note(place+"/"+p.Name, p.Name)
				if p.Value != nil {
					note(place+"/"+p.Name, *p.Value)
				}
			}
			walk(place+"/", c.Children)
		}
	}
	walk("", d.Children)
	return list
}

func checkKnown(what, s string) error {
	if token := unknownIn(s); token != "" {
		return fmt.Errorf("cp: %s has %s, which stands for a token of an unknown meaning: write the word instead: %w", what, token, ErrMalformed)
	}
	return nil
}
