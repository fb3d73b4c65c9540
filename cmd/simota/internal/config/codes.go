package config

import (
	"errors"

	"github.com/goccy/go-yaml/ast"
)

// Codes are words by error code. A code is kept as written, with or without
// quotes: to YAML, 001 is the number 1 and 010 the number 8.
type Codes map[string]string

// UnmarshalYAML reads a mapping whose values are words.
func (c *Codes) UnmarshalYAML(n ast.Node) error {
	m, ok := n.(ast.MapNode)
	if !ok {
		return errors.New(`want error codes and what they mean, as {"001": unknown-subscriber}`)
	}
	*c = Codes{}
	for i := m.MapRange(); i.Next(); {
		word, ok := i.Value().(*ast.StringNode)
		if !ok {
			return at(i.Value().GetToken(), "want the name of a cause, found %s", i.Value())
		}
		(*c)[i.Key().GetToken().Value] = word.Value
	}
	return nil
}
